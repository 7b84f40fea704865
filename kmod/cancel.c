// SPDX-License-Identifier: GPL-2.0
/*
 * Cancel: find by key, claim, complete.
 *
 * What waits is claimed with one atomic step, and ends in -ECANCELED before
 * the answer 0 is given.  So is what is being executed if it was only lent to
 * who does that (see detach.c); else it is told to stop, and the answer is
 * -EALREADY.  What cannot be found has its CQE in the CQ, or never
 * was: -ENOENT.
 *
 * Requests that were not finished inline are in the index.  Those of a batch
 * that another thread is submitting right now may not be: they are looked for
 * in the batch itself, without the submitter's lock (it may be asleep).  The
 * sequence number tells whether a request can have moved from the batch to
 * the index behind our back.
 */
#include <linux/sched.h>

#include "cring.h"
#include "point.h"

/* requests looked at before the lock is let go for a moment */
#define CRING_CANCEL_BREAK	64

/* what ends because the request before it in its chain was cancelled */
static void cring_pass_collateral(struct cring_pass *pass,
				  struct list_head *from)
{
	struct cring_req *req;

	list_for_each_entry(req, from, node) {
		if (!pass->mark)
			continue;
		req->mark = pass->mark;
		if (!cring_filter_matches(pass->filter, req))
			continue;
		pass->matched++;
		if (pass->reap)
			cring_reap_mark(pass->reap, req);
	}
	list_splice_tail(from, &pass->todo);
}

/* a claim that must take the request off its list in the same breath */
static bool cring_claim_queued(struct cring_req *req, u64 word)
{
	struct cring_ring *ring = req->ring;
	bool claimed;

	spin_lock(&ring->queue_lock);
	claimed = cring_word_claim(&req->word, word);
	if (claimed)
		list_del_init(&req->node);
	if (cring_word_state(word) == CRING_READY && list_empty(&ring->ready))
		WRITE_ONCE(ring->shared->flags, 0);
	spin_unlock(&ring->queue_lock);
	return claimed;
}

/*
 * Claim a request that waits, or, with @tell, tell one that is being executed
 * to stop.  The one place that decides between 0 and -EALREADY.
 */
static int cring_cancel_claim(struct cring_req *req, bool tell,
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
		case CRING_RUNNING:
		case CRING_DISPATCHED:
			if (tell && word & CRING_WORD_DETACH) {
				if (!cring_detach(req, word))
					continue;
				break;
			}
			fallthrough;
		case CRING_INLINE:
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

/* cancel one match, or move its deadline; under cring_ring.lock */
static void cring_pass_visit(struct cring_pass *pass, struct cring_req *req)
{
	LIST_HEAD(rest);
	int ret;

	if (pass->expires)
		ret = cring_deadline_move(req, *pass->expires);
	else
		ret = cring_cancel_claim(req, !pass->waiting, &rest);
	if (ret == -ENOENT || (ret && pass->waiting))
		return;
	if (pass->mark)
		req->mark = pass->mark;
	pass->matched++;
	if (pass->reap && (!ret || pass->wait))
		cring_reap_mark(pass->reap, req);
	if (ret) {
		pass->already++;
		pass->req = req;
		pass->word = atomic64_read(&req->word);
		if (pass->wait)
			req->lflags |= CRING_REQL_WAITED;
	} else if (!pass->expires) {
		list_add_tail(&req->node, &pass->todo);
		cring_pass_collateral(pass, &rest);
	}
}

/*
 * What an ALL cancel writes on the requests that it meets, above its own mark.
 * It walks each list twice, and must neither visit nor count one twice.
 */
enum {
	CRING_MARK_COUNTED,	/* visited: in the batch, or in a walk */
	CRING_MARK_SEEN,	/* passed by the first walk */
	CRING_MARK_SEEN_COUNTED,
	CRING_MARK_PASSED,	/* passed by the second walk */
	CRING_NR_MARKS
};

static bool cring_pass_counted(const struct cring_pass *pass,
			       const struct cring_req *req)
{
	return req->mark == pass->mark + CRING_MARK_COUNTED ||
	       req->mark == pass->mark + CRING_MARK_SEEN_COUNTED;
}

static bool cring_pass_walked(const struct cring_pass *pass,
			      const struct cring_req *req)
{
	if (!pass->waiting)
		return req->mark == pass->mark + CRING_MARK_PASSED;
	return req->mark == pass->mark + CRING_MARK_SEEN ||
	       req->mark == pass->mark + CRING_MARK_SEEN_COUNTED;
}

static void cring_pass_mark(const struct cring_pass *pass,
			    struct cring_req *req)
{
	if (!pass->waiting)
		req->mark = pass->mark + CRING_MARK_PASSED;
	else if (cring_pass_counted(pass, req))
		req->mark = pass->mark + CRING_MARK_SEEN_COUNTED;
	else
		req->mark = pass->mark + CRING_MARK_SEEN;
}

/*
 * Visit every match of one list.  What was seen and is still there rotates to
 * the end, so that the lock can be let go and the walk goes on at the front,
 * until it meets its own mark.
 */
static void cring_pass_list(struct cring_pass *pass, u8 opcode)
{
	struct cring_ring *ring = pass->ring;
	struct cring_req *req;
	unsigned int n = 0;
	enum cring_by by;
	u64 value;

	spin_lock_irq(&ring->lock);
	by = cring_filter_by(ring, pass->filter);
	value = cring_filter_value(pass->filter, by, opcode);
	for (;;) {
		req = cring_index_first(ring, by, value);
		if (!req || cring_pass_walked(pass, req))
			break;
		if (!cring_pass_counted(pass, req) &&
		    cring_filter_matches(pass->filter, req))
			cring_pass_visit(pass, req);
		cring_pass_mark(pass, req);
		cring_index_rotate(req, by);
		if (++n % CRING_CANCEL_BREAK)
			continue;
		spin_unlock_irq(&ring->lock);
		cring_complete_todo(ring, &pass->todo);
		cond_resched();
		spin_lock_irq(&ring->lock);
	}
	spin_unlock_irq(&ring->lock);
	cring_complete_todo(ring, &pass->todo);
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

/*
 * Visit the matches in the batch that somebody is submitting.  A record is
 * looked at without a lock, and again with it before anything is done to it;
 * what was in flight under the lock cannot be posted while we hold it.
 */
static void cring_pass_batch(struct cring_pass *pass)
{
	struct cring_ring *ring = pass->ring;
	/* the records before their number */
	u32 nr = smp_load_acquire(&ring->batch_nr);
	u32 i;

	/* the caller is not inside submit: the batch is another thread's */
	if (pass->filter->thread)
		return;
	for (i = 0; i < nr; i++) {
		struct cring_req *req = READ_ONCE(ring->batch[i]);
		u64 word = atomic64_read_acquire(&req->word);
		u64 now;

		if (!cring_state_in_flight(cring_word_state(word)) ||
		    !cring_filter_matches(pass->filter, req))
			continue;
		spin_lock_irq(&ring->lock);
		now = atomic64_read(&req->word);
		if (cring_word_same(word, now) &&
		    cring_state_in_flight(cring_word_state(now)) &&
		    (!pass->mark || req->mark != pass->mark))
			cring_pass_visit(pass, req);
		spin_unlock_irq(&ring->lock);
		cring_complete_todo(ring, &pass->todo);
		if (!pass->mark && pass->matched)
			break;
		if (i % CRING_CANCEL_BREAK == CRING_CANCEL_BREAK - 1)
			cond_resched();
	}
	if (nr)
		cring_cq_settle(ring);
}

static void cring_pass_one(struct cring_pass *pass)
{
	struct cring_ring *ring = pass->ring;
	struct cring_req *req;
	unsigned int round = 0;
	u32 seq;

	/*
	 * Only the batch that was in progress at the start matters: when it has
	 * ended meanwhile, what it left in flight is in the index.
	 */
	do {
		/* before the index is looked at */
		seq = smp_load_acquire(&ring->batch_seq);
		spin_lock_irq(&ring->lock);
		req = cring_filter_find(ring, pass->filter);
		if (req)
			cring_pass_visit(pass, req);
		spin_unlock_irq(&ring->lock);
		cring_complete_todo(ring, &pass->todo);
		if (!pass->matched)
			cring_pass_batch(pass);
		/* the index again after what was read of the batch */
		smp_rmb();
	} while (!pass->matched && seq != READ_ONCE(ring->batch_seq) &&
		 !round++);
}

static void cring_pass_lists(struct cring_pass *pass)
{
	unsigned int opcode;

	if (!(pass->filter->flags & CRING_ASYNC_CANCEL_ANY)) {
		cring_pass_list(pass, pass->filter->opcode);
		return;
	}
	for (opcode = 0; opcode < CRING_NR_OPS; opcode++)
		if (cring_index_has_op(pass->ring, opcode))
			cring_pass_list(pass, opcode);
}

static void cring_pass_all(struct cring_pass *pass)
{
	struct cring_ring *ring = pass->ring;

	mutex_lock(&ring->cancel_mutex);
	ring->cancel_mark += CRING_NR_MARKS;
	if (!ring->cancel_mark)
		ring->cancel_mark = CRING_NR_MARKS;
	pass->mark = ring->cancel_mark;
	/* the batch first: what it holds can move to the index, not back */
	cring_pass_batch(pass);
	/*
	 * What waits before what runs: a worker that is interrupted would take
	 * the next one that waits for it, and so make an -EALREADY of a 0.
	 */
	pass->waiting = !pass->expires;
	if (pass->waiting)
		cring_pass_lists(pass);
	pass->waiting = false;
	cring_pass_lists(pass);
	mutex_unlock(&ring->cancel_mutex);
}

static void cring_pass_go(struct cring_pass *pass)
{
	INIT_LIST_HEAD(&pass->todo);
	if (pass->filter->flags & CRING_ASYNC_CANCEL_ALL)
		cring_pass_all(pass);
	else
		cring_pass_one(pass);
}

/**
 * cring_pass_run - one pass of one cancel over what it matches
 * @pass: the caller's; filled
 * @ring: where
 * @filter: what
 * @reap: where the CQEs of what it names go, or NULL: to the CQ.  Of what is
 *	-EALREADY only with @wait
 * @wait: mark what is -EALREADY, so that its end wakes the ring's waiters
 *
 * Context: process, may sleep; no cring lock but submit_mutex held.
 */
void cring_pass_run(struct cring_pass *pass, struct cring_ring *ring,
		    const struct cring_filter *filter,
		    struct cring_reap_place *reap, bool wait)
{
	*pass = (struct cring_pass) { .ring = ring, .filter = filter,
				      .reap = reap, .wait = wait };
	cring_pass_go(pass);
}

/**
 * cring_pass_move - one pass that moves the deadlines of what it matches
 * @pass: the caller's; filled
 * @ring: where
 * @filter: what
 * @expires: the new deadline, KTIME_MAX for none
 *
 * Context: process, may sleep; no cring lock held.
 */
void cring_pass_move(struct cring_pass *pass, struct cring_ring *ring,
		     const struct cring_filter *filter, const ktime_t *expires)
{
	*pass = (struct cring_pass) { .ring = ring, .filter = filter,
				      .expires = expires };
	cring_pass_go(pass);
}

/**
 * cring_pass_answer - what a cancel answers
 * @pass: that has run
 *
 * Return: 0, -EALREADY or -ENOENT; with ALL the number of matches.
 */
s32 cring_pass_answer(const struct cring_pass *pass)
{
	if (pass->filter->flags & CRING_ASYNC_CANCEL_ALL)
		return pass->matched;
	if (!pass->matched)
		return -ENOENT;
	return pass->already ? -EALREADY : 0;
}

/**
 * cring_pass_next - one match that has not finished
 * @ring: where
 * @filter: what; with ALL
 * @reap: as for cring_pass_run()
 * @word: its word, as in struct cring_pass
 *
 * Context: process, may sleep; no cring lock held.
 * Return: the request, marked as waited for, or NULL when all have finished.
 */
struct cring_req *cring_pass_next(struct cring_ring *ring,
				  const struct cring_filter *filter,
				  struct cring_reap_place *reap, u64 *word)
{
	struct cring_pass pass;

	do {
		pass = (struct cring_pass) { .ring = ring, .filter = filter,
					     .reap = reap, .wait = true };
		INIT_LIST_HEAD(&pass.todo);
		cring_pass_one(&pass);
	} while (pass.matched && !pass.already);
	*word = pass.word;
	return pass.req;
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
	};
	struct cring_req *first, *req;
	LIST_HEAD(todo);

	cring_cancel(ring, &any);
	spin_lock_irq(&ring->lock);
	first = cring_index_first(ring, CRING_BY_OP, CRING_OP_ASYNC_CANCEL);
	for (req = first; req;
	     req = cring_index_next(req, CRING_BY_OP, first))
		cring_cancel_one(req, &todo);
	spin_unlock_irq(&ring->lock);
	cring_complete_todo(ring, &todo);
}
