// SPDX-License-Identifier: GPL-2.0
/*
 * Cancels that come last in what is submitted, and find what they mean at once:
 * accepted, done, and over in one step.
 *
 * The step is made under cring_ring.lock, behind all that was submitted before: that
 * was tried, and what is left of it is in the index.  No cancel means another one,
 * so nobody can tell that this one was accepted only now.  It needs no record, as it
 * waits for nothing: its CQE follows that of what it stops, in the same session.
 *
 * One that finds nothing, takes longer, or waits for its turn in a chain or behind
 * a drain, goes the long way through accept.c.
 */
#include <linux/file.h>

#include "cring.h"

/* a look at what user space may change meanwhile */
static bool cring_sqe_is_cancel(const struct cring_sqe *sqe)
{
	return READ_ONCE(sqe->opcode) == CRING_OP_ASYNC_CANCEL &&
	       !(READ_ONCE(sqe->flags) | READ_ONCE(sqe->xflags));
}

/**
 * cring_cancels_last - how many of the SQEs are cancels that may be over at once
 * @ring: the submitter's
 * @nr: SQEs, the last of which is a cancel
 *
 * Context: the submitter, under submit_mutex.
 * Return: how many at the end, which belong to no chain.
 */
u32 cring_cancels_last(const struct cring_ring *ring, u32 nr)
{
	const struct cring_sqe *sqe;
	u32 n;

	for (n = 0; n < nr; n++) {
		sqe = &ring->sqes[(ring->sq_head + nr - n - 1) & ring->sq_mask];
		if (cring_sqe_is_cancel(sqe))
			continue;
		/* the first one of them ends its chain */
		if (n && READ_ONCE(sqe->flags) & CRING_LINKS)
			n--;
		break;
	}
	return n;
}

/* is there anything that may end it, hold it back, or does not admit it? */
static bool cring_cancels_matter(const struct cring_ring *ring)
{
	return ring->drain || ring->seals || READ_ONCE(ring->shut) ||
	       ring->restricted || ring->in_kernel;
}

/* in a session; false when nothing was done */
static bool cring_cancel_step(struct cring_comp *comp,
			      const struct cring_filter *filter, u64 user_data)
{
	struct cring_ring *ring = comp->ring;
	struct cring_req *told;
	s32 res;

	if (unlikely(cring_cancels_matter(ring) || !cring_free_slots(ring)))
		return false;
	res = cring_cancel_in(comp, filter, NULL, false, &told);
	if (res == -EAGAIN)
		return false;
	comp->submitter = true;
	ring->sq_head++;
	/* accepted first: never are more finished than that */
	smp_store_release(&ring->accepted, ring->accepted + 1);
	cring_post_alone(comp, user_data, res, 0);
	WRITE_ONCE(ring->shared->accepted, ring->accepted);
	/* user space may fill the slot from here on */
	smp_store_release(&ring->shared->sq_head, ring->sq_head);
	return true;
}

static bool cring_cancel_match(struct cring_ring *ring,
			       const struct cring_match *match,
			       struct file *file, u64 user_data)
{
	const struct cring_filter filter =
		cring_cancel_filter(match, file, ring->accepted);
	struct cring_comp comp = CRING_COMP_OWN(ring);
	bool over;

	cring_comp_begin_own(&comp);
	over = cring_cancel_step(&comp, &filter, user_data);
	cring_comp_end(&comp);
	return over;
}

/**
 * cring_cancel_now - accept a cancel, and do what it says
 * @ring: the submitter's
 *
 * Context: the submitter, under submit_mutex and behind its batch; may sleep.
 * Return: false when nothing was done: it is for cring_accept().
 */
bool cring_cancel_now(struct cring_ring *ring)
{
	const struct cring_sqe sqe = ring->sqes[ring->sq_head & ring->sq_mask];
	struct cring_match match;
	struct file *file;
	bool over = false;

	/* user space may change it: one read, then only the copy */
	barrier();
	if (!cring_sqe_is_cancel(&sqe) || sqe.__resv || sqe.deadline ||
	    cring_cancel_read(ring, &sqe, &match, &file))
		return false;
	if (!(match.flags & CRING_ASYNC_CANCEL_ALL))
		over = cring_cancel_match(ring, &match, file, sqe.user_data);
	if (file)
		fput(file);
	return over;
}
