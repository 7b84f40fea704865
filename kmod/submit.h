/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The steps of every batch, also of one alone: inlined into submit.c and into
 * quick_one.c.
 */
#ifndef _CRING_SUBMIT_H
#define _CRING_SUBMIT_H

#include "cring.h"
#include "point.h"

/* from here on a cancel finds the batch, and what is in it is in flight */
static __always_inline void cring_announce(struct cring_ring *ring, u32 nr)
{
	ring->sq_head += nr;
	/* the records before their number */
	smp_store_release(&ring->batch_nr, nr);
	/* both before the sequence number */
	smp_store_release(&ring->batch_seq, ring->batch_seq + 1);
	cring_at(CRING_AT_BATCH, ring, NULL);
	/* who takes these for accepted finds them in the batch */
	smp_store_release(&ring->accepted, ring->accepted + nr);
}

static __always_inline void cring_announced(struct cring_ring *ring, u32 nr)
{
	WRITE_ONCE(ring->shared->accepted, ring->accepted);
	/* user space may fill the slots from here on */
	smp_store_release(&ring->shared->sq_head, ring->sq_head);
	cring_at(CRING_AT_ANNOUNCE, ring, NULL);
	if (unlikely(cring_seal_seen(ring)))
		cring_seal_batch(ring, nr);
}

/**
 * cring_batch_over - all of a batch was tried, and what has ended is posted
 * @ring: the submitter's
 *
 * Context: the submitter, under submit_mutex.
 */
static __always_inline void cring_batch_over(struct cring_ring *ring)
{
	/*
	 * What the batch left in the index is there before it ends; and who
	 * finds the batch empty sees that it has ended.
	 */
	smp_store_release(&ring->batch_seq, ring->batch_seq + 1);
	cring_at(CRING_AT_BATCH_OVER, ring, NULL);
	ring->ident_known = CRING_KNOWN_NOT;
	/* in this order */
	smp_store_release(&ring->batch_nr, 0);
	/* both before the records of the next one: see cring_pass_behind() */
	smp_wmb();
	/* the owner closed the ring meanwhile, and did not see all of this */
	if (unlikely(READ_ONCE(ring->shut)))
		cring_cancel_everything(ring);
}

#endif /* _CRING_SUBMIT_H */
