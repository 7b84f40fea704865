// SPDX-License-Identifier: GPL-2.0
/*
 * Cancel: claim one request, or tell it to stop.
 *
 * What waits is claimed with one atomic step, and ends in -ECANCELED before
 * the answer 0 is given.  So is what is being executed if it was only lent to
 * who does that (see detach.c); else it is told to stop, and the answer is
 * -EALREADY.  What cannot be found (pass.c looks) has its CQE in the CQ, or
 * never was: -ENOENT.
 */
#include "cring.h"
#include "point.h"

/* a claim that must take the request off its list in the same breath */
static bool cring_claim_queued(struct cring_req *req, u64 word)
{
	struct cring_ring *ring = req->ring;
	bool claimed;

	spin_lock(&ring->queue_lock);
	claimed = cring_word_claim(&req->word, word);
	if (claimed) {
		list_del_init(&req->node);
		ring->nr_work -= cring_word_state(word) == CRING_QUEUED;
		if (list_empty(&ring->ready))
			cring_flag(ring, CRING_SHARED_READY, false);
	}
	spin_unlock(&ring->queue_lock);
	return claimed;
}

/**
 * cring_cancel_claim - claim a request that waits, or tell it to stop
 * @req: in flight
 * @tell: if it is being executed, tell it
 * @rest: gets what ends with it, claimed, for cring_complete_todo(); NULL when
 *	it has no chain
 *
 * The one place that decides between 0 and -EALREADY.
 *
 * Context: cring_ring.lock; atomic.
 * Return: 0 when @req is claimed, -EALREADY, or -ENOENT when its CQE is posted.
 */
int cring_cancel_claim(struct cring_req *req, bool tell,
		       struct list_head *rest)
{
	for (;;) {
		/* what the state says of the record comes after it */
		u64 word = atomic64_read_acquire(&req->word);
		enum cring_state state = cring_word_state(word);
		bool waiting = false;

		cring_at(CRING_AT_CANCEL, req->ring, req);
		switch (state) {
		case CRING_ACCEPTED:
		case CRING_LINKED:
		case CRING_DEFERRED:
			/* by the window: then it is under way as in a queue */
			waiting = state != CRING_DEFERRED ||
				  req->lflags & CRING_REQL_HELD;
			/* its batch may be over before its CQE is posted */
			cring_park_index(req);
			fallthrough;
		case CRING_ARMED:
			if (!cring_word_claim(&req->word, word))
				continue;
			if (state == CRING_DEFERRED)
				list_del_init(&req->node);
			if (req->lflags & CRING_REQL_TIMER)
				cring_timer_del(req);
			break;
		case CRING_QUEUED:
		case CRING_READY:
			if (!cring_claim_queued(req, word))
				continue;
			break;
		case CRING_INLINE:
		case CRING_RUNNING:
		case CRING_DISPATCHED:
			if (tell && word & CRING_WORD_DETACH) {
				if (!cring_detach(req, word))
					continue;
				break;
			}
			fallthrough;
		case CRING_CLAIMED:	/* by a device, it may be tried again */
			if (!tell)
				return -EALREADY;
			if (!(word & CRING_WORD_CANCEL) &&
			    !cring_word_set(&req->word, word, CRING_WORD_CANCEL))
				continue;
			if (state == CRING_RUNNING)
				cring_worker_interrupt(req);
			return -EALREADY;
		default:
			return -ENOENT;
		}
		req->res = -ECANCELED;
		cring_deadline_drop(req);
		cring_drain_unhold(req);
		if (!list_empty(&req->chain))
			cring_chain_cut(req, waiting, rest);
		return 0;
	}
}

/**
 * cring_cancel_one - cancel one request
 * @req: in flight
 * @todo: gets what was claimed, for cring_complete_todo()
 *
 * Context: cring_ring.lock; atomic.
 * Return: 0, -EALREADY, or -ENOENT when its CQE is posted.
 */
int cring_cancel_one(struct cring_req *req, struct list_head *todo)
{
	LIST_HEAD(rest);
	int ret;

	lockdep_assert_held(&req->ring->lock);
	ret = cring_cancel_claim(req, true, &rest);
	if (!ret)
		list_add_tail(&req->node, todo);
	list_splice_tail(&rest, todo);
	return ret;
}

/**
 * cring_cq_settle - a request was seen DONE without the lock: publish its CQE
 * @ring: whose
 *
 * The CQE is written, but perhaps not yet published: whoever posts does both
 * before it lets go of the lock.
 *
 * Context: any, no cring lock held.
 */
void cring_cq_settle(struct cring_ring *ring)
{
	spin_lock_irq(&ring->lock);
	spin_unlock_irq(&ring->lock);
}

/**
 * cring_cancel - cancel what a filter means
 * @ring: where
 * @filter: what
 *
 * Context: process, may sleep; no cring lock but submit_mutex held.  Never
 * waits for I/O, nor for a thread that is submitting.
 * Return: 0, -EALREADY or -ENOENT; with ALL the number of matches.
 */
s32 cring_cancel(struct cring_ring *ring, const struct cring_filter *filter)
{
	struct cring_pass pass;

	cring_pass_run(&pass, ring, filter, NULL, false);
	return cring_pass_answer(&pass);
}

/* does it end alone, and at once? */
static bool cring_cancel_ends(const struct cring_req *req)
{
	return list_empty(&req->chain) && !cring_req_wants_back(req);
}

/**
 * cring_cancel_found - cancel one match in a session, which posts its CQE
 * @comp: the session
 * @req: in the index
 * @reap: as for cring_pass_run()
 * @wait: likewise
 * @told: set to @req when it was told to stop
 *
 * Context: in a session; of a call, @cancels was counted up before it.
 * Return: 0 or -EALREADY; -EAGAIN when nothing was done, and it takes a pass of
 * its own.
 */
s32 cring_cancel_found(struct cring_comp *comp, struct cring_req *req,
		       struct cring_reap_place *reap, bool wait,
		       struct cring_req **told)
{
	s32 ret;

	if (!cring_cancel_ends(req))
		return -EAGAIN;
	ret = cring_cancel_claim(req, true, NULL);
	if (reap && (!ret || wait))
		cring_reap_mark(reap, req);
	if (!ret) {
		cring_finish(comp, req);
		return 0;
	}
	if (wait)
		cring_lflags_set(req, CRING_REQL_WAITED);
	*told = req;
	return ret;
}

/**
 * cring_cancel_in - the same of the first match in the index, if it is found soon
 * @comp: the session
 * @filter: what; without ALL
 * @reap: as for cring_cancel_found()
 * @wait: likewise
 * @told: likewise
 *
 * Context: likewise.
 * Return: likewise; -ENOENT when the index has none: but a batch that another thread
 * is submitting may, see cring_batch_is_on().
 */
s32 cring_cancel_in(struct cring_comp *comp, const struct cring_filter *filter,
		    struct cring_reap_place *reap, bool wait,
		    struct cring_req **told)
{
	struct cring_req *req;
	bool over;

	req = cring_find_few(comp->ring, filter, &over);
	if (req)
		return cring_cancel_found(comp, req, reap, wait, told);
	return over ? -ENOENT : -EAGAIN;
}

/* claims it; false when nothing was done */
static bool cring_cancel_take(struct cring_req *cancel,
			      const struct cring_filter *filter)
{
	struct cring_ring *ring = cancel->ring;
	struct cring_req *req;
	bool over;

	/* as in cring_pass_run() */
	atomic_inc(&ring->cancels);
	spin_lock_irq(&ring->lock);
	req = cring_find_few(ring, filter, &over);
	if (req && !cring_cancel_ends(req))
		req = NULL;
	if (req)
		cancel->res = cring_cancel_claim(req, true, NULL);
	spin_unlock_irq(&ring->lock);
	cancel->match.taken = req;
	return req;
}

/**
 * cring_cancel_sqe - cancel what a filter means, for an operation that does so
 * @cancel: that operation, being tried; gets its result
 * @filter: what
 *
 * What it stops alone is left to the caller, whose batch of completions it
 * enters ahead of @cancel: they are posted together.
 *
 * Context: as for cring_cancel().
 * Return: CRING_V_TAKEN, with @match.taken; or CRING_V_DONE.
 */
enum cring_verdict cring_cancel_sqe(struct cring_req *cancel,
				    const struct cring_filter *filter)
{
	if (!(filter->flags & CRING_ASYNC_CANCEL_ALL) &&
	    cring_cancel_take(cancel, filter))
		return cancel->res ? CRING_V_DONE : CRING_V_TAKEN;
	cancel->res = cring_cancel(cancel->ring, filter);
	return CRING_V_DONE;
}

/**
 * cring_cancel_everything - the owner goes away
 * @ring: whose operations all end
 *
 * Cancels too, which no other cancel touches.
 *
 * Context: process, may sleep, never for I/O.
 */
void cring_cancel_everything(struct cring_ring *ring)
{
	const struct cring_filter any = {
		.flags = CRING_ASYNC_CANCEL_ALL | CRING_ASYNC_CANCEL_ANY,
		/* not what is being accepted: its submitter looks for itself */
		.before = smp_load_acquire(&ring->accepted),
		.cancels = true,
	};

	cring_cancel(ring, &any);
}
