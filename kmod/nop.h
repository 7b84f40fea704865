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

/* does it say nothing but that it is a NOP, and its user_data? */
static __always_inline bool cring_nop_is_bare(const struct cring_sqe *sqe)
{
	const u64 *word = (const u64 *)sqe;

	BUILD_BUG_ON(offsetof(struct cring_sqe, fd) != 4);
	BUILD_BUG_ON(offsetof(struct cring_sqe, user_data) != 4 * sizeof(u64));
	/*
	 * Of the first word all but the descriptor, which a NOP does not look at.
	 * User space may write to them at any time: none of their values is used,
	 * and each was 0 whenever it was read, be it twice.
	 */
	return !data_race(*(const u32 *)sqe | word[1] | word[2] | word[3] |
			  word[5] | word[6] | word[7]);
}

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
