// SPDX-License-Identifier: GPL-2.0
/*
 * Cancels that come last in what is submitted, and know at once what they mean:
 * accepted, done, and over in one step.
 *
 * The step is made under cring_ring.lock, behind all that was submitted before: that
 * was tried, and what is left of it is in the index.  No cancel means another one,
 * so nobody can tell that this one was accepted only now.  It needs no record, as it
 * waits for nothing: its CQE follows that of what it stops, in the same session.
 *
 * One that takes longer, or waits for its turn in a chain or behind a drain, goes the
 * long way through accept.c.
 */
#include <linux/file.h>

#include "armed.h"
#include "said.h"

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

/* accept it, and post its CQE */
static __always_inline void cring_cancel_ended(struct cring_comp *comp,
					       u64 user_data, s32 res)
{
	struct cring_ring *ring = comp->ring;

	comp->submitter = true;
	cring_over_begin(ring, 1);
	cring_post_alone(comp, user_data, res, 0);
	cring_over_end(ring);
}

/* --- by one key --- */

static __always_inline bool cring_cancel_by(struct cring_ring *ring,
					    enum cring_by by, u64 value,
					    u64 user_data)
{
	struct cring_comp comp = CRING_COMP_OWN(ring);
	s32 res = -EAGAIN;
	struct cring_req *told;

	cring_comp_begin_own(&comp);
	if (likely(cring_may_be_over(ring, 1)))
		res = cring_cancel_first(&comp, by, value, ring->accepted,
					 &told);
	if (res != -EAGAIN)
		cring_cancel_ended(&comp, user_data, res);
	cring_comp_end_own(&comp);
	return res != -EAGAIN;
}

/* one that names no more than one of the two; false when nothing was done */
static bool cring_cancel_short(struct cring_ring *ring)
{
	struct cring_cancel_said said;
	struct file *file;
	bool over = false;

	if (!cring_cancel_says(&said, cring_sq_first(ring)))
		return false;
	if (!said.flags)
		return cring_cancel_by(ring, CRING_BY_USER_DATA, said.whom,
				       said.user_data);
	file = cring_file_get(ring, said.fd, false);
	if (!file)
		return false;
	if (!cring_file_is_ring(file))
		over = cring_cancel_by(ring, CRING_BY_FILE, (unsigned long)file,
				       said.user_data);
	fput(file);
	return over;
}

/* --- by any --- */

/* in a session; false when nothing was done */
static bool cring_cancel_step(struct cring_comp *comp,
			      const struct cring_filter *filter, u64 user_data)
{
	struct cring_req *told;
	s32 res;

	if (unlikely(!cring_may_be_over(comp->ring, 1)))
		return false;
	/* there is no batch: who submits is the caller */
	res = cring_cancel_in(comp, filter, NULL, false, &told);
	if (res == -EAGAIN)
		return false;
	cring_cancel_ended(comp, user_data, res);
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

static noinline bool cring_cancel_any(struct cring_ring *ring)
{
	const struct cring_sqe sqe = *cring_sq_first(ring);
	struct cring_match match;
	struct file *file;
	bool over = false;

	/* user space may change it: one read, then only the copy */
	barrier();
	cring_at(CRING_AT_COPIED, ring, NULL);
	if (!cring_sqe_is_cancel(&sqe) || sqe.__resv || sqe.deadline ||
	    cring_cancel_read(ring, &sqe, &match, &file))
		return false;
	if (!(match.flags & CRING_ASYNC_CANCEL_ALL))
		over = cring_cancel_match(ring, &match, file, sqe.user_data);
	if (file)
		fput(file);
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
	return cring_cancel_short(ring) || cring_cancel_any(ring);
}
