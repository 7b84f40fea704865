/* SPDX-License-Identifier: MIT */
/*
 * cring/cq.h: the completion queue.  Part of cring.h.
 */
#ifndef CRING_CQ_H
#define CRING_CQ_H

#ifndef CRING_H
#error "include cring.h"
#endif

/**
 * cring_cq_ready - CQEs that are there and not yet seen
 * @ring: the ring
 *
 * Return: how many.
 */
static inline unsigned int cring_cq_ready(const struct cring *ring)
{
	return CRING_LOAD_ACQUIRE(&ring->shared->cq_tail) -
	       CRING_LOAD_RELAXED(&ring->shared->cq_head);
}

/**
 * cring_in_flight - operations accepted whose CQE is still to come
 * @ring: the ring
 *
 * It and the CQ's tail change at once: after 0 here, cring_cq_ready() has all.
 *
 * Return: how many.
 */
static inline unsigned int cring_in_flight(const struct cring *ring)
{
	return CRING_LOAD_ACQUIRE(&ring->shared->in_flight);
}

/**
 * cring_cqe_at - the CQE of a head count
 * @ring: the ring
 * @head: a count between the CQ's head and its tail
 *
 * Return: the CQE, in the ring.
 */
static inline struct cring_cqe *cring_cqe_at(const struct cring *ring,
					     unsigned int head)
{
	return &ring->cqes[head & ring->cq_mask];
}

/**
 * cring_for_each_cqe - walk the CQEs that are there, without seeing them
 * @ring: the ring
 * @head: an unsigned int to count with
 * @cqe: the struct cring_cqe * to set
 *
 * Follow it with cring_cq_advance() by the number walked.
 */
#define cring_for_each_cqe(ring, head, cqe)				\
	for ((head) = CRING_LOAD_RELAXED(&(ring)->shared->cq_head);	\
	     (head) != CRING_LOAD_ACQUIRE(&(ring)->shared->cq_tail) &&	\
	     ((cqe) = cring_cqe_at(ring, head)) != NULL;		\
	     (head)++)

/**
 * cring_cq_advance - CQEs were seen, their slots are free
 * @ring: the ring
 * @nr: how many, oldest first
 */
static inline void cring_cq_advance(struct cring *ring, unsigned int nr)
{
	CRING_STORE_RELEASE(&ring->shared->cq_head,
			    CRING_LOAD_RELAXED(&ring->shared->cq_head) + nr);
}

/**
 * cring_cqe_seen - the oldest CQE was seen, its slot is free
 * @ring: the ring
 * @cqe: from cring_wait_cqe() or cring_peek_cqe(); NULL does nothing
 */
static inline void cring_cqe_seen(struct cring *ring,
				  const struct cring_cqe *cqe)
{
	if (cqe)
		cring_cq_advance(ring, 1);
}

/* The oldest CQE, or NULL and what there is to say about that. */
static inline int cring_first_cqe(const struct cring *ring,
				  struct cring_cqe **cqe_ptr, int if_none)
{
	if (!cring_cq_ready(ring)) {
		*cqe_ptr = NULL;
		return if_none;
	}
	*cqe_ptr = cring_cqe_at(ring,
				CRING_LOAD_RELAXED(&ring->shared->cq_head));
	return 0;
}

/**
 * cring_peek_cqe - the oldest CQE, without waiting
 * @ring: the ring
 * @cqe_ptr: set to the CQE, or NULL
 *
 * Enters the kernel only when the CQ is empty and something is ready to run.
 * Return: 0; -EAGAIN when there is none.
 */
static inline int cring_peek_cqe(struct cring *ring, struct cring_cqe **cqe_ptr)
{
	if (!cring_cq_ready(ring) && cring_needs_enter(ring)) {
		int ret = cring_enter(ring, 0, 0);

		if (ret < 0)
			return cring_first_cqe(ring, cqe_ptr, ret);
	}
	return cring_first_cqe(ring, cqe_ptr, -EAGAIN);
}

/**
 * cring_peek_batch_cqe - the oldest CQEs, without waiting
 * @ring: the ring
 * @cqes: array to fill
 * @count: its size
 *
 * Return: how many were filled in; see them with cring_cq_advance().
 */
static inline unsigned int cring_peek_batch_cqe(struct cring *ring,
						struct cring_cqe **cqes,
						unsigned int count)
{
	unsigned int head, nr = 0;
	struct cring_cqe *cqe;

	if (cring_peek_cqe(ring, &cqe) < 0)
		return 0;
	cring_for_each_cqe(ring, head, cqe) {
		if (nr == count)
			break;
		cqes[nr++] = cqe;
	}
	return nr;
}

/**
 * cring_wait_cqes - wait until there are enough CQEs
 * @ring: the ring
 * @cqe_ptr: set to the oldest CQE, or NULL when there is none
 * @wait_nr: how many; more than the CQ holds means all of it
 * @ts: how long at most, relative; NULL: for ever
 * @sigmask: signal mask while waiting; NULL: the thread's own
 *
 * Submits nothing.
 *
 * Return: 0; -ETIME when the time is over, -EINTR on a signal (both may come
 * with a CQE, when fewer than @wait_nr are there); -EINVAL for a bad @ts.
 */
static inline int cring_wait_cqes(struct cring *ring,
				  struct cring_cqe **cqe_ptr,
				  unsigned int wait_nr,
				  const struct cring_timespec *ts,
				  const sigset_t *sigmask)
{
	int ret = 0;

	if (!wait_nr)
		return cring_peek_cqe(ring, cqe_ptr);
	if (wait_nr > ring->cq_entries)
		wait_nr = ring->cq_entries;
	while (ret >= 0 && cring_cq_ready(ring) < wait_nr) {
		if (ts || sigmask)
			ret = cring_enter_timeout(ring, 0, wait_nr, ts,
						  sigmask);
		else
			ret = cring_enter(ring, 0, wait_nr);
	}
	cring_first_cqe(ring, cqe_ptr, 0);
	return ret < 0 ? ret : 0;
}

/**
 * cring_wait_cqe_nr - wait until there are @wait_nr CQEs
 * @ring: the ring
 * @cqe_ptr: set to the oldest CQE
 * @wait_nr: how many
 *
 * Return: as cring_wait_cqes().
 */
static inline int cring_wait_cqe_nr(struct cring *ring,
				    struct cring_cqe **cqe_ptr,
				    unsigned int wait_nr)
{
	return cring_wait_cqes(ring, cqe_ptr, wait_nr, NULL, NULL);
}

/**
 * cring_wait_cqe_timeout - wait for one CQE, not for ever
 * @ring: the ring
 * @cqe_ptr: set to the oldest CQE, or NULL
 * @ts: how long at most, relative
 *
 * Return: as cring_wait_cqes().
 */
static inline int cring_wait_cqe_timeout(struct cring *ring,
					 struct cring_cqe **cqe_ptr,
					 const struct cring_timespec *ts)
{
	return cring_wait_cqes(ring, cqe_ptr, 1, ts, NULL);
}

/**
 * cring_wait_cqe - wait for one CQE
 * @ring: the ring
 * @cqe_ptr: set to the oldest CQE
 *
 * Return: 0, or -EINTR on a signal.
 */
static inline int cring_wait_cqe(struct cring *ring, struct cring_cqe **cqe_ptr)
{
	return cring_wait_cqes(ring, cqe_ptr, 1, NULL, NULL);
}

/**
 * cring_submit_and_wait_timeout - submit and wait, in one system call
 * @ring: the ring
 * @cqe_ptr: set to the oldest CQE, or NULL when there is none
 * @wait_nr: CQEs to wait for
 * @ts: how long at most, relative; NULL: for ever
 * @sigmask: signal mask while waiting; NULL: the thread's own
 *
 * Return: as cring_submit_and_wait(): when anything was submitted, how many,
 * whatever became of the wait.  With nothing to submit -ETIME when the time is
 * over.  -EINVAL for a bad @ts: nothing was submitted.
 */
static inline int cring_submit_and_wait_timeout(struct cring *ring,
						struct cring_cqe **cqe_ptr,
						unsigned int wait_nr,
						const struct cring_timespec *ts,
						const sigset_t *sigmask)
{
	int ret = cring_enter_timeout(ring, cring_flush_sq(ring), wait_nr, ts,
				      sigmask);

	cring_first_cqe(ring, cqe_ptr, 0);
	return ret;
}

#endif /* CRING_CQ_H */
