/* SPDX-License-Identifier: MIT */
/*
 * What the tests of reaping share: a ring, memory to reap into that ends where
 * nothing can be touched, and reads of a slow device.
 */
#ifndef CRING_TESTS_CANCEL_REAP_H
#define CRING_TESTS_CANCEL_REAP_H

#include "cancel_util.h"
#include "cancel_dev.h"

#define ROOM	600
#define WAIT	CRING_CANCEL_WAIT
#define GROUP	CRING_ASYNC_CANCEL_GROUP
#define A_WHILE	(LIMIT_MS * (int64_t)NSEC_PER_MSEC)

FIXTURE(reap) {
	struct cring ring;
	struct nullb nb;
	struct cring_cqe *to;	/* a page follows that cannot be touched */
	unsigned int reaped;
	char *buf;
	int p[2];
};

#define RING	(&self->ring)
#define FD	RING->ring_fd
#define TO_LEN	((ROOM * sizeof(struct cring_cqe) + 4095) & ~4095UL)

FIXTURE_SETUP(reap)
{
	ring_init_cq(RING, 512, 1024);
	self->to = new_pages(TO_LEN + 4096);
	ASSERT_EQ(0, mprotect((char *)self->to + TO_LEN, 4096, PROT_NONE));
	memset(self->to, 0xaa, TO_LEN);
	self->buf = new_pages(500 * 4096);
	new_pipe(self->p, 0);
	self->reaped = 12345;
}

FIXTURE_TEARDOWN(reap)
{
	cring_queue_exit(RING);
	nullb_del(&self->nb);
}

/* Cancels, and reaps what fits into self->to. */
#define reap_keys(keys, nr, flags, timeout) \
	reap_call(FD, keys, nr, flags, timeout, self->to, ROOM, &self->reaped)

/* The one reaped CQE of that user_data, or NULL. */
static inline struct cring_cqe *reaped_of(struct cring_cqe *to,
					  unsigned int nr, uint64_t user_data)
{
	struct cring_cqe *found = NULL;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (to[i].user_data != user_data)
			continue;
		if (found)
			return NULL;
		found = &to[i];
	}
	return found;
}

static inline void t_reaped(struct __test_metadata *_metadata,
			    FIXTURE_DATA(reap) *self, uint64_t user_data,
			    int res)
{
	struct cring_cqe *cqe = reaped_of(self->to, self->reaped, user_data);

	ASSERT_NE(NULL, cqe)
		TH_LOG("user_data %llu was not reaped once",
		       (unsigned long long)user_data);
	EXPECT_EQ(res, cqe->res);
	EXPECT_EQ(-1, cqe_at(RING, user_data));
}
#define expect_reaped(user_data, res) \
	t_reaped(_metadata, self, user_data, res)

#endif /* CRING_TESTS_CANCEL_REAP_H */
