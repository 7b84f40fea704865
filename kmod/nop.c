// SPDX-License-Identifier: GPL-2.0
/*
 * NOPs that say nothing but their user_data: accepted, and over, in one step.
 *
 * The step is made under cring_ring.lock, which every cancel takes to look for
 * what is in flight.  So nobody ever sees one of them in flight: to a cancel that
 * looks before, it is an SQE that was not accepted; to one that looks after, its
 * CQE is in the CQ (C3).  No record is taken, nothing has to be found, and there
 * is nothing to give back.
 *
 * The owner of a ring who cancels wants to stop what has not had its turn.  When
 * a cancel has come since the last submit call, in a call of its own, or comes now, NOPs
 * go the long way through accept.c like any operation, and wait for their turn in their
 * batch.
 */
#include "nop.h"

/* that a cancel gets the lock soon, and interrupts are off for a short time */
#define CRING_NOPS_AT_ONCE	64

/* post those at the head of the SQ; how many */
static u32 cring_nops_post(struct cring_ring *ring, const struct cring_nops *at,
			   u32 want)
{
	u32 n, mask = ring->sq_mask;

	for (n = 0; n < want; n++) {
		const struct cring_sqe *sqe = &ring->sqes[(at->head + n) & mask];

		cring_at(CRING_AT_NOP, ring, NULL);
		if (!cring_nop_is_bare(sqe) || unlikely(cring_cancel_seen(ring)))
			break;
		cring_nop_post(ring, at, n, sqe);
	}
	return n;
}

/* one section of the lock; how many NOPs it was good for */
static u32 cring_nops_some(struct cring_ring *ring, u32 want)
{
	struct cring_nops at;
	u32 n = 0;

	spin_lock_irq(&ring->lock);
	at = cring_nops_begin(ring);
	if (likely(!cring_nops_matter(ring)))
		n = cring_nops_post(ring, &at, min(want, cring_free_slots(ring)));
	if (likely(n))
		cring_nops_end(ring, &at, n);
	spin_unlock_irq(&ring->lock);
	return n;
}

/**
 * cring_nops_now - accept bare NOPs at the head of the SQ, and post their CQEs
 * @ring: the caller's
 * @want: how many at most; user space has filled so many
 *
 * Whatever this leaves is for cring_accept().
 *
 * Context: the submitter, under submit_mutex; takes cring_ring.lock.
 * Return: how many.
 */
u32 cring_nops_now(struct cring_ring *ring, u32 want)
{
	u32 done = 0, n;

	lockdep_assert_held(&ring->submit_mutex);
	do {
		n = cring_nops_some(ring, min_t(u32, want - done,
						CRING_NOPS_AT_ONCE));
		done += n;
	} while (unlikely(n == CRING_NOPS_AT_ONCE && done < want));
	if (likely(done))
		cring_cq_wake(ring, true);
	return done;
}
