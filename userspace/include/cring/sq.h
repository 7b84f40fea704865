/* SPDX-License-Identifier: MIT */
/*
 * cring/sq.h: the submission queue.  Part of cring.h.
 */
#ifndef CRING_SQ_H
#define CRING_SQ_H

#ifndef CRING_H
#error "include cring.h"
#endif

/**
 * cring_sq_ready - SQEs that were prepared and that the kernel has not taken
 * @ring: the ring
 *
 * Return: how many.
 */
static inline unsigned int cring_sq_ready(const struct cring *ring)
{
	return (unsigned int)ring->sqe_tail -
	       CRING_LOAD_ACQUIRE(&ring->shared->sq_head);
}

/**
 * cring_sq_space_left - SQEs that cring_get_sqe() can still give
 * @ring: the ring
 *
 * Return: how many.
 */
static inline unsigned int cring_sq_space_left(const struct cring *ring)
{
	return ring->sq_entries - cring_sq_ready(ring);
}

/**
 * cring_get_sqe - the next free SQE, all zero
 * @ring: the ring
 *
 * Return: NULL when the queue is full: cring_submit(), then try again.
 */
static inline struct cring_sqe *cring_get_sqe(struct cring *ring)
{
	struct cring_sqe *sqe;

	if (!cring_sq_space_left(ring))
		return NULL;
	sqe = &ring->sqes[ring->sqe_tail++ & ring->sq_mask];
	memset(sqe, 0, sizeof(*sqe));
	return sqe;
}

/**
 * cring_sqe_ticket - the number that no other operation of this ring ever has
 * @ring: the ring
 * @sqe: from cring_get_sqe(), and not handed out again since
 *
 * A cancel that names it cannot hit a later operation, whose user_data is the
 * same because a request was freed and its memory reused (C8).  An SQE that is
 * rolled back gives its ticket to the next one.
 *
 * Return: the ticket: how many SQEs were queued before it.
 */
static inline __u64 cring_sqe_ticket(const struct cring *ring,
				     const struct cring_sqe *sqe)
{
	__u64 last = ring->sqe_tail - 1;

	return last - ((last - (__u64)(sqe - ring->sqes)) & ring->sq_mask);
}

/**
 * cring_sq_mark - a point to which cring_sq_rollback() can return
 * @ring: the ring
 *
 * Return: the point.
 */
static inline unsigned int cring_sq_mark(const struct cring *ring)
{
	return (unsigned int)ring->sqe_tail;
}

/**
 * cring_sq_rollback - drop the SQEs got since a mark, as if never got
 * @ring: the ring
 * @mark: from cring_sq_mark()
 *
 * SQEs that the kernel has taken stay; what a submit left behind goes.
 * Return: how many were dropped.
 */
static inline unsigned int cring_sq_rollback(struct cring *ring,
					     unsigned int mark)
{
	unsigned int old = (unsigned int)ring->sqe_tail;
	unsigned int ready = cring_sq_ready(ring);

	if ((int)(old - mark) <= 0)	/* older marks were returned to since */
		return 0;
	if (old - mark > ready)
		mark = old - ready;
	/* what a thread may be taking at this moment stays, too */
	if (cring_is_polled(ring) &&
	    (int)(CRING_LOAD_RELAXED(&ring->shared->sq_tail) - mark) > 0)
		mark = CRING_LOAD_RELAXED(&ring->shared->sq_tail);
	ring->sqe_tail -= old - mark;
	if ((int)(CRING_LOAD_RELAXED(&ring->shared->sq_tail) - mark) > 0)
		CRING_STORE_RELEASE(&ring->shared->sq_tail, mark);
	return old - mark;
}

/* ---------------------------------------------------------------------------
 * Submitting
 */

/* Publish what was prepared; how many SQEs there are for the kernel to take. */
static inline unsigned int cring_flush_sq(struct cring *ring)
{
	CRING_STORE_RELEASE(&ring->shared->sq_tail, (__u32)ring->sqe_tail);
	return cring_sq_ready(ring);
}

/* The same on a ring with a thread: without a system call unless it sleeps. */
static inline int cring_submit_polled(struct cring *ring, unsigned int wait_nr)
{
	unsigned int nr = (__u32)ring->sqe_tail -
			  CRING_LOAD_RELAXED(&ring->shared->sq_tail);
	int ret;

	CRING_STORE_RELEASE(&ring->shared->sq_tail, (__u32)ring->sqe_tail);
	/* before the look whether the thread sleeps, which does the reverse */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!wait_nr && !cring_needs_enter(ring) &&
	    !(cring_needs_wakeup(ring) && cring_sq_ready(ring)))
		return (int)nr;
	ret = cring_enter(ring, 0, wait_nr);
	return nr && (ret >= 0 || ret == -EINTR) ? (int)nr : ret;
}

/**
 * cring_submit_and_wait - submit what was prepared, and wait for completions
 * @ring: the ring
 * @wait_nr: CQEs that must be in the CQ before the call returns, those already
 *	there included; 0 to not wait.  More than the CQ holds means all of it.
 *
 * Return: how many SQEs the kernel took; fewer than were prepared when the CQ
 * had no more free slots (it has not waited then; the rest stays prepared);
 * -EBUSY when it could not take the first.  With nothing to submit: 0, or
 * -EINTR when a signal ended the wait.  With %CRING_SETUP_SQPOLL how many the
 * ring's thread will take, when there are free slots for them.
 */
static inline int cring_submit_and_wait(struct cring *ring,
					unsigned int wait_nr)
{
	unsigned int nr;

	if (cring_is_polled(ring))
		return cring_submit_polled(ring, wait_nr);
	nr = cring_flush_sq(ring);
	if (!nr && !wait_nr && !cring_needs_enter(ring))
		return 0;
	return cring_enter(ring, nr, wait_nr);
}

/**
 * cring_submit - submit what was prepared
 * @ring: the ring
 *
 * Also runs operations that became ready.  Without either, no system call.
 * Return: as cring_submit_and_wait().
 */
static inline int cring_submit(struct cring *ring)
{
	return cring_submit_and_wait(ring, 0);
}

#endif /* CRING_SQ_H */
