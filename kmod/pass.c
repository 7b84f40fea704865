// SPDX-License-Identifier: GPL-2.0
/*
 * One pass of one cancel over what it matches.
 *
 * Requests that were not finished inline are in the index.  Those of a batch
 * that another thread is submitting right now may not be: they are looked for
 * in the batch itself, without the submitter's lock (it may be asleep).  The
 * sequence number tells whether a request can have moved from the batch to
 * the index behind our back.
 *
 * However much there is to be looked at, the ring's lock is let go of now and
 * then: CRING_BREAK.
 */
#include <linux/sched.h>

#include "cring.h"
#include "point.h"

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
			cring_lflags_set(req, CRING_REQL_WAITED);
	} else if (!pass->expires) {
		list_add_tail(&req->node, &pass->todo);
		cring_pass_collateral(pass, &rest);
	}
}

/*
 * Visit every match of one circle.  What a walk before this one has visited, or
 * that of the batch, bears the mark.
 */
static void cring_pass_list(struct cring_pass *pass, u8 opcode)
{
	struct cring_ring *ring = pass->ring;
	struct cring_walk walk;
	struct cring_req *req;
	unsigned int n = 0;
	u64 value;

	value = cring_filter_value(pass->filter, pass->by, opcode);
	spin_lock_irq(&ring->lock);
	cring_walk_circle(&walk, ring, pass->by, value);
	while ((req = cring_walk_next(&walk))) {
		if (req->mark != pass->mark &&
		    cring_filter_matches(pass->filter, req))
			cring_pass_visit(pass, req);
		if (++n % CRING_BREAK)
			continue;
		ring->walk = &walk;
		spin_unlock_irq(&ring->lock);
		cring_complete_todo(ring, &pass->todo);
		cring_at(CRING_AT_BREAK, ring, NULL);
		cond_resched();
		spin_lock_irq(&ring->lock);
		ring->walk = NULL;
	}
	spin_unlock_irq(&ring->lock);
	cring_complete_todo(ring, &pass->todo);
}

/* may it be meant?  Without a look at its record, if its user_data is to be another */
static bool cring_pass_may(const struct cring_pass *pass, u32 i)
{
	return !cring_by_user_data(pass->filter->flags) ||
	       READ_ONCE(pass->ring->batch_data[i]) == pass->filter->user_data;
}

/*
 * Visit the matches in the batch that somebody is submitting.  A record is
 * looked at without a lock, and again with it before anything is done to it;
 * what was in flight under the lock cannot be posted while we hold it.
 *
 * One that is not meant may have been until just now: it has ended, or has let go of its
 * file on the way there (cring_drop_other()), and its CQE is about to be published.
 */
static void cring_pass_batch(struct cring_pass *pass)
{
	struct cring_ring *ring = pass->ring;
	/* the records before their number */
	u32 nr = smp_load_acquire(&ring->batch_nr);
	bool settle = false;
	u32 i;

	/* the caller is not inside submit: the batch is another thread's */
	if (pass->filter->thread)
		return;
	for (i = 0; i < nr; i++) {
		struct cring_req *req;
		u64 word, now;
		bool meant;

		if (!cring_pass_may(pass, i))
			continue;
		req = READ_ONCE(ring->batch[i]);
		word = atomic64_read_acquire(&req->word);
		/* data_race: if it is being used anew, its word has changed below */
		meant = data_race(cring_filter_matches(pass->filter, req));
		if (!meant || !cring_state_in_flight(cring_word_state(word))) {
			settle = true;
			continue;
		}
		spin_lock_irq(&ring->lock);
		/* what was read of it before its word is read again */
		smp_rmb();
		now = atomic64_read(&req->word);
		if (cring_word_same(word, now) &&
		    cring_state_in_flight(cring_word_state(now)) &&
		    (!pass->mark || req->mark != pass->mark))
			cring_pass_visit(pass, req);
		spin_unlock_irq(&ring->lock);
		cring_complete_todo(ring, &pass->todo);
		if (!pass->mark && pass->matched)
			break;
		if (i % CRING_BREAK == CRING_BREAK - 1)
			cond_resched();
	}
	if (settle)
		cring_cq_settle(ring);
}

/*
 * Visit the first match in the index.  A few are looked at on the spot; when it
 * takes more, one walk at a time has a place that it can come back to.
 */
static void cring_pass_first(struct cring_pass *pass)
{
	struct cring_ring *ring = pass->ring;
	struct cring_req *req;
	bool over;

	spin_lock_irq(&ring->lock);
	req = cring_find_few(ring, pass->filter, &over);
	if (req)
		cring_pass_visit(pass, req);
	spin_unlock_irq(&ring->lock);
	if (!over) {
		mutex_lock(&ring->cancel_mutex);
		spin_lock_irq(&ring->lock);
		req = cring_find(ring, pass->filter);
		if (req)
			cring_pass_visit(pass, req);
		spin_unlock_irq(&ring->lock);
		mutex_unlock(&ring->cancel_mutex);
	}
	cring_complete_todo(ring, &pass->todo);
}

/*
 * The index has none; what about the batch?  Only the one that was in progress at the
 * start matters: when it has ended meanwhile, what it left in flight is in the index.
 */
static void cring_pass_behind(struct cring_pass *pass, u32 seq)
{
	struct cring_ring *ring = pass->ring;
	bool again = false;

	while (!pass->matched) {
		cring_at(CRING_AT_BEHIND, ring, NULL);
		cring_pass_batch(pass);
		/* the index again after what was read of this batch, or the next */
		smp_rmb();
		if (pass->matched || again || seq == READ_ONCE(ring->batch_seq))
			break;
		again = true;
		cring_pass_first(pass);
	}
}

static void cring_pass_one(struct cring_pass *pass)
{
	/* before the index is looked at */
	u32 seq = smp_load_acquire(&pass->ring->batch_seq);

	cring_pass_first(pass);
	cring_pass_behind(pass, seq);
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
	/* 0 is no mark */
	if (!++ring->cancel_mark)
		ring->cancel_mark++;
	pass->mark = ring->cancel_mark;
	/*
	 * The batch first: what it holds can move to the index, not back; and into
	 * its tables only by cring_find_by(), which is to see all that was moved.
	 */
	cring_pass_batch(pass);
	pass->by = cring_find_by(ring, pass->filter);
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
	/* from here on a submitter's NOPs wait for their turn: see nop.c */
	atomic_inc(&pass->ring->cancels);
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
 * cring_pass_rest - the same, of one whose match is not in the index
 * @pass: the caller's; filled
 * @ring: where; its @cancels was counted up
 * @filter: what; without ALL
 * @seq: its @batch_seq, from before the index was looked at
 *
 * Context: process, may sleep; no cring lock held.
 */
void cring_pass_rest(struct cring_pass *pass, struct cring_ring *ring,
		     const struct cring_filter *filter, u32 seq)
{
	*pass = (struct cring_pass) { .ring = ring, .filter = filter };
	INIT_LIST_HEAD(&pass->todo);
	cring_pass_behind(pass, seq);
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
