/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The steps of NOPs that say nothing but their user_data: inlined into nop.c,
 * which takes many, and enter.c, which takes one.  All but the first one under
 * cring_ring.lock.
 */
#ifndef _CRING_NOP_H
#define _CRING_NOP_H

#include "cring.h"
#include "point.h"
#include "said.h"

/* where the ring's counts are */
struct cring_nops {
	u64 accepted, finished;
	u32 head, tail;
};

static __always_inline struct cring_nops
cring_nops_begin(const struct cring_ring *ring)
{
	return (struct cring_nops) {
		.accepted = ring->accepted, .finished = ring->finished,
		.head = ring->sq_head, .tail = ring->cq_tail,
	};
}

/* is there anything that their end would have to be told to, or that may end them? */
static __always_inline bool cring_nops_matter(const struct cring_ring *ring)
{
	return READ_ONCE(ring->unusual_all);
}

/* the @i-th of them is over */
static __always_inline void cring_nop_post(struct cring_ring *ring,
					   const struct cring_nops *at, u32 i,
					   const struct cring_sqe *sqe)
{
	struct cring_cqe *to = &ring->cqes[(at->tail + i) & ring->cq_mask];

	WRITE_ONCE(to->user_data, READ_ONCE(sqe->user_data));
	WRITE_ONCE(to->res, 0);
	WRITE_ONCE(to->flags, 0);
}

/* so many are */
static __always_inline void cring_nops_end(struct cring_ring *ring,
					   const struct cring_nops *at, u32 n)
{
	u64 accepted = at->accepted + n, finished = at->finished + n;
	struct cring_shared *shared = ring->shared;
	u32 head = at->head + n, tail = at->tail + n;

	ring->sq_head = head;
	WRITE_ONCE(ring->cq_tail, tail);
	/* accepted first: never are more finished than that */
	smp_store_release(&ring->accepted, accepted);
	/* the CQ's slots are taken first: see cring_free_slots() */
	smp_store_release(&ring->finished, finished);
	cring_at(CRING_AT_PUBLISH, ring, NULL);
	cring_cq_publish_at(shared, tail, accepted - finished);
	WRITE_ONCE(shared->accepted, accepted);
	/* user space may fill the SQ's slots from here on */
	smp_store_release(&shared->sq_head, head);
}

#endif /* _CRING_NOP_H */
