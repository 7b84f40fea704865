/* SPDX-License-Identifier: MIT */
/*
 * What the tests of Windows' I/O rings share: a ring of 8 entries, two empty
 * pipes, a slow disk.
 */
#ifndef CRING_TESTS_IORING_H
#define CRING_TESTS_IORING_H

#include "../contract.h"
#include "compat/ioringapi.h"

#define BLOCK		4096
#define ABORTED		HRESULT_FROM_WIN32(ERROR_OPERATION_ABORTED)
#define NOT_FOUND	HRESULT_FROM_WIN32(ERROR_NOT_FOUND)

static const IORING_CREATE_FLAGS no_flags;

FIXTURE(ioring) {
	HIORING ring;
	struct nullb nb;
	int pipe[2], other[2];
	char *buf;
};

FIXTURE_SETUP(ioring)
{
	ASSERT_EQ(S_OK, CreateIoRing(IORING_VERSION_3, no_flags, 8, 0,
				     &self->ring));
	new_pipe(self->pipe, 0);
	new_pipe(self->other, 0);
	self->buf = new_pages(8 * BLOCK);
}

FIXTURE_TEARDOWN(ioring)
{
	CloseIoRing(self->ring);
	nullb_del(&self->nb);
}

static inline IORING_HANDLE_REF file_of(int fd)
{
	return IoRingHandleRefFromHandle(CringHandle(fd));
}

#define read_file(fd, ud, len)						\
	BuildIoRingReadFile(self->ring, file_of(fd),			\
			    IoRingBufferRefFromPointer(self->buf), len,	\
			    0, ud, IOSQE_FLAGS_NONE)
/* One byte of a pipe that is empty: not submitted yet. */
#define wait_read(fd, ud)	ASSERT_EQ(S_OK, read_file(fd, ud, 1))
#define cancel_request(fd, op, ud) \
	BuildIoRingCancelRequest(self->ring, file_of(fd), op, ud)

static inline void t_submit_entries(struct __test_metadata *_metadata,
				    HIORING ring, UINT32 want)
{
	UINT32 submitted = 0;

	ASSERT_EQ(S_OK, SubmitIoRing(ring, 0, 0, &submitted));
	ASSERT_EQ(want, submitted);
}
#define submit(nr)		t_submit_entries(_metadata, self->ring, nr)

static inline IORING_CQE t_completion(struct __test_metadata *_metadata,
				      HIORING ring)
{
	IORING_CQE cqe = { 0, 0, 0 };

	if (PopIoRingCompletion(ring, &cqe) == S_OK)
		return cqe;
	EXPECT_EQ(S_OK, SubmitIoRing(ring, 1, LIMIT_MS, NULL));
	EXPECT_EQ(S_OK, PopIoRingCompletion(ring, &cqe));
	return cqe;
}
#define next_completion()	t_completion(_metadata, self->ring)

static inline IORING_CQE t_result_of(struct __test_metadata *_metadata,
				     HIORING ring, UINT_PTR ud)
{
	IORING_CQE cqe = t_completion(_metadata, ring);

	EXPECT_EQ(ud, cqe.UserData);
	return cqe;
}
/* The next completion, which must be that of @ud. */
#define result_of(ud)		t_result_of(_metadata, self->ring, ud)

static inline void t_expect_none(struct __test_metadata *_metadata,
				 HIORING ring)
{
	IORING_CQE cqe;

	msleep(QUIET_MS);
	EXPECT_EQ(S_FALSE, PopIoRingCompletion(ring, &cqe));
}
#define expect_none()		t_expect_none(_metadata, self->ring)

/* A disk that takes @ms for each request, and what is open of it. */
#define slow_disk(ms) __extension__ ({					\
	if (!have_nullb())						\
		SKIP(return, NULLB_SKIP);				\
	new_nullb(&self->nb, .delay_ns = (ms) * NSEC_PER_MSEC);		\
	nullb_open(&self->nb, O_RDWR | O_DIRECT); })

static inline bool disk_busy(struct nullb *nb)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "/sys/block/%s/inflight", nb->name);
	read_str(path, text, sizeof(text));
	return atoi(text) > 0;	/* reads; writes stand behind */
}

#endif /* CRING_TESTS_IORING_H */
