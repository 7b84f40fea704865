/* SPDX-License-Identifier: MIT */
/*
 * Two libraries of POSIX asynchronous I/O, cring's and the C library's, and what
 * is asked of both.
 */
#ifndef CRING_TESTS_TWO_LIBRARIES_H
#define CRING_TESTS_TWO_LIBRARIES_H

#define CRING_AIO_NO_NAMES
#include "../contract.h"
#include "compat/aio.h"

#define BLOCK	4096

struct library {
	int (*read)(struct aiocb *cb);
	int (*write)(struct aiocb *cb);
	int (*fsync)(int op, struct aiocb *cb);
	int (*error)(const struct aiocb *cb);
	ssize_t (*ret)(struct aiocb *cb);
	int (*suspend)(const struct aiocb *const list[], int nent,
		       const struct timespec *timeout);
	int (*stop)(int fd, struct aiocb *cb);
	int (*listio)(int mode, struct aiocb *const list[], int nent,
		      struct sigevent *sev);
};

static const struct library libraries[2] = {
	{ cring_aio_read, cring_aio_write, cring_aio_fsync, cring_aio_error,
	  cring_aio_return, cring_aio_suspend, cring_aio_cancel,
	  cring_lio_listio },
	{ aio_read, aio_write, aio_fsync, aio_error, aio_return, aio_suspend,
	  aio_cancel, lio_listio },
};

/* Both libraries, one after the other: ours is 0. */
FIXTURE(aio) {
	const struct library *l;
	struct nullb nb;
	int pipe[2], other[2];
	char *buf;
};
FIXTURE_VARIANT(aio) { int library; };
FIXTURE_VARIANT_ADD(aio, cring) { .library = 0 };
FIXTURE_VARIANT_ADD(aio, libc) { .library = 1 };

#define ours	(!variant->library)

FIXTURE_SETUP(aio)
{
	self->l = &libraries[variant->library];
	new_pipe(self->pipe, 0);
	new_pipe(self->other, 0);
	self->buf = new_pages(8 * BLOCK);
}

FIXTURE_TEARDOWN(aio)
{
	close(self->pipe[1]);	/* who reads it still, has read it now */
	close(self->other[1]);
	nullb_del(&self->nb);
}

static inline struct aiocb cb_of(int fd, void *buf, size_t len)
{
	struct aiocb cb;

	memset(&cb, 0, sizeof(cb));
	cb.aio_fildes = fd;
	cb.aio_buf = buf;
	cb.aio_nbytes = len;
	cb.aio_sigevent.sigev_notify = SIGEV_NONE;
	return cb;
}

/* A read of one byte of an empty pipe. */
static inline void t_wait_read(struct __test_metadata *_metadata,
			       FIXTURE_DATA(aio) * self, struct aiocb *cb,
			       int fd)
{
	*cb = cb_of(fd, self->buf, 1);
	ASSERT_EQ(0, self->l->read(cb));
}
#define wait_read(cb, fd)	t_wait_read(_metadata, self, cb, fd)

/* Two of one pipe: the C library runs the first, and the second waits for it. */
static inline void t_two_reads(struct __test_metadata *_metadata,
			       FIXTURE_DATA(aio) * self, struct aiocb cb[2])
{
	t_wait_read(_metadata, self, &cb[0], self->pipe[0]);
	msleep(2 * QUIET_MS);
	t_wait_read(_metadata, self, &cb[1], self->pipe[0]);
}
#define two_reads(cb)		t_two_reads(_metadata, self, cb)

/* Waits until it has ended; its error. */
static inline int t_ended(struct __test_metadata *_metadata,
			  FIXTURE_DATA(aio) * self, struct aiocb *cb)
{
	ASSERT_TRUE(wait_until(self->l->error(cb) != EINPROGRESS));
	return self->l->error(cb);
}
#define ended(cb)		t_ended(_metadata, self, cb)

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

struct other_thread {
	const struct library *l;
	struct aiocb *cb;
	const struct timespec *timeout;
	int fd;
	atomic_int ret, err;
};

#endif /* CRING_TESTS_TWO_LIBRARIES_H */
