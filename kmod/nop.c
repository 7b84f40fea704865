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
 * a cancel has come since the last submit call, or comes now, NOPs go the long way
 * through accept.c like any operation, and wait for their turn in their batch.
 */
#include "cring.h"
#include "point.h"

/* that a cancel gets the lock soon, and interrupts are off for a short time */
#define CRING_NOPS_AT_ONCE	64

/* does it say nothing but that it is a NOP, and its user_data? */
static bool cring_nop_is_bare(const struct cring_sqe *sqe)
{
	const u64 *word = (const u64 *)sqe;

	BUILD_BUG_ON(offsetof(struct cring_sqe, fd) != 4);
	BUILD_BUG_ON(offsetof(struct cring_sqe, user_data) != 4 * sizeof(u64));
	/* of the first word all but the descriptor, which a NOP does not look at */
	return !(READ_ONCE(*(const u32 *)sqe) | READ_ONCE(word[1]) |
		 READ_ONCE(word[2]) | READ_ONCE(word[3]) | READ_ONCE(word[5]) |
		 READ_ONCE(word[6]) | READ_ONCE(word[7]));
}

/* is there anything that their end would have to be told to, or that may end them? */
static bool cring_nops_matter(const struct cring_ring *ring)
{
	return ring->drain || ring->seals || READ_ONCE(ring->shut) ||
	       ring->restricted || ring->in_kernel || !list_empty(&ring->counted);
}

/* post those at the head of the SQ; how many */
static u32 cring_nops_post(struct cring_ring *ring, u32 want)
{
	u32 head = ring->sq_head, tail = ring->cq_tail;
	u32 n, sq_mask = ring->sq_mask, cq_mask = ring->cq_mask;

	for (n = 0; n < want; n++) {
		const struct cring_sqe *sqe = &ring->sqes[(head + n) & sq_mask];
		struct cring_cqe *cqe = &ring->cqes[(tail + n) & cq_mask];

		cring_at(CRING_AT_NOP, ring, NULL);
		if (!cring_nop_is_bare(sqe) || unlikely(cring_cancel_seen(ring)))
			break;
		WRITE_ONCE(cqe->user_data, READ_ONCE(sqe->user_data));
		WRITE_ONCE(cqe->res, 0);
		WRITE_ONCE(cqe->flags, 0);
	}
	return n;
}

/* one section of the lock; how many NOPs it was good for */
static u32 cring_nops_some(struct cring_ring *ring, u32 want)
{
	u32 n = 0;

	spin_lock_irq(&ring->lock);
	if (likely(!cring_nops_matter(ring)))
		n = cring_nops_post(ring, min(want, cring_free_slots(ring)));
	ring->sq_head += n;
	WRITE_ONCE(ring->cq_tail, ring->cq_tail + n);
	/* accepted first: never are more finished than that */
	smp_store_release(&ring->accepted, ring->accepted + n);
	/* the CQ's slots are taken first: see cring_free_slots() */
	smp_store_release(&ring->finished, ring->finished + n);
	cring_at(CRING_AT_PUBLISH, ring, NULL);
	cring_cq_publish(ring, ring->accepted - ring->finished);
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
	if (unlikely(!done))
		return 0;
	WRITE_ONCE(ring->shared->accepted, ring->accepted);
	/* user space may fill the slots from here on */
	smp_store_release(&ring->shared->sq_head, ring->sq_head);
	cring_cq_wake(ring, true);
	return done;
}
