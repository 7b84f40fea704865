// SPDX-License-Identifier: GPL-2.0
/*
 * Order between operations: links and drain.
 *
 * A chain is a circular list of the members that have not finished, its head
 * first.  A member with neither link flag is the last.  The head is the only
 * one under way; the others are LINKED, but for a LINK_TIMEOUT right behind
 * the head, which is ARMED while its target is.  A successor is never issued
 * by whoever completes or cancels: it goes to the ready list.
 *
 * What a cancel does to a chain: a member that waits takes all behind it along
 * and leaves those before it alone; the head, under way, counts as failed: a
 * soft link behind it breaks, a hard one goes on.
 */
#include "cring.h"

static bool cring_chain_last(const struct cring_req *req)
{
	return !(req->sqe_flags & CRING_LINKS);
}

/* take a member out, claimed or posted; if it was the last, @prev becomes it */
static void cring_chain_unlink(struct cring_req *prev, struct cring_req *req)
{
	if (cring_chain_last(req))
		/* who tries it may be looking at another bit */
		WRITE_ONCE(prev->sqe_flags, prev->sqe_flags & ~CRING_LINKS);
	list_del_init(&req->chain);
}

/* claim the waiting member behind @prev and take it out */
static struct cring_req *cring_chain_take(struct cring_req *prev)
{
	struct cring_req *req = list_next_entry(prev, chain);

	if (req->lflags & CRING_REQL_TIMER)
		cring_timer_del(req);
	cring_deadline_drop(req);
	/* LINKED, and a timer's ARMED, are only left under the lock we hold */
	WARN_ON_ONCE(!cring_word_claim(&req->word, atomic64_read(&req->word)));
	cring_drain_unhold(req);
	cring_chain_unlink(prev, req);
	if (!(req->flags & CRING_REQ_FAILED))
		req->res = -ECANCELED;
	return req;
}

/**
 * cring_chain_cut - claim what a cancelled request takes along
 * @req: a chain's member, just claimed by a cancel or, a LINK_TIMEOUT, by its
 *	timer
 * @waiting: it had not been started
 * @todo: where the members behind it go, claimed
 *
 * Context: cring_ring.lock.
 */
void cring_chain_cut(struct cring_req *req, bool waiting, struct list_head *todo)
{
	struct cring_req *prev = list_prev_entry(req, chain);

	lockdep_assert_held(&req->ring->lock);
	if (req->opcode == CRING_OP_LINK_TIMEOUT &&
	    !(req->flags & CRING_REQ_FAILED)) {
		/* only the watch ends */
		cring_chain_unlink(prev, req);
		return;
	}
	while (!cring_chain_last(req)) {
		if (!waiting && req->sqe_flags & CRING_SQE_IO_HARDLINK &&
		    list_next_entry(req, chain)->opcode != CRING_OP_LINK_TIMEOUT)
			return;
		list_add_tail(&cring_chain_take(req)->node, todo);
	}
	if (waiting && prev != req)
		cring_chain_unlink(prev, req);
}

/**
 * cring_chain_advance - the head of a chain has finished
 * @comp: the session it finished in
 * @req: the head, posted; leaves the chain
 * @failed: it ended in a way that breaks a soft link
 *
 * Context: in a session.
 */
void cring_chain_advance(struct cring_comp *comp, struct cring_req *req,
			 bool failed)
{
	if (list_next_entry(req, chain)->opcode == CRING_OP_LINK_TIMEOUT)
		cring_finish(comp, cring_chain_take(req));

	if (failed && !(req->sqe_flags & CRING_SQE_IO_HARDLINK))
		while (!cring_chain_last(req))
			cring_finish(comp, cring_chain_take(req));

	if (!cring_chain_last(req)) {
		struct cring_req *next = list_next_entry(req, chain);

		list_del_init(&req->chain);
		/* its head may have ended inline, and the batch be over soon */
		cring_park_index(next);
		cring_ready_add(next, CRING_LINKED);
		comp->ready = true;
	}
	list_del_init(&req->chain);
}

/*
 * Drain.  While one is under way, cring_ring.active counts the operations in
 * flight that have been started; those that have not carry REQL_HELD.  It is
 * not kept otherwise, so that a program without drains pays nothing.
 */

/**
 * cring_drain_mark - a batch with a drain, or behind one, is being accepted
 * @batch: its requests, not published: nobody else writes their flags
 * @nr: how many
 *
 * Context: the submitter.
 */
void cring_drain_mark(struct cring_req **batch, u32 nr)
{
	u32 i;

	for (i = 0; i < nr; i++)
		WRITE_ONCE(batch[i]->lflags, CRING_REQL_HELD);
}

/**
 * cring_drain_begin - such a batch is about to be published
 * @ring: whose
 *
 * Context: cring_ring.lock, under which it is announced, too.
 */
void cring_drain_begin(struct cring_ring *ring)
{
	lockdep_assert_held(&ring->lock);
	if (!ring->drain) {
		WRITE_ONCE(ring->drain, true);
		ring->active = ring->accepted - ring->finished;
	}
}

/* the request, and with it its chain, counts as started from here on */
static void cring_drain_start(struct cring_req *req)
{
	struct cring_ring *ring = req->ring;
	struct cring_req *member = req;

	if (req->sqe_flags & CRING_SQE_IO_DRAIN)
		ring->drain_gate = true;
	do {
		cring_lflags_clear(member, CRING_REQL_HELD);
		ring->active++;
		member = list_next_entry(member, chain);
	} while (member != req);
}

static bool cring_drain_blocks(const struct cring_req *req)
{
	const struct cring_ring *ring = req->ring;

	return ring->drain_gate ||
	       (req->sqe_flags & CRING_SQE_IO_DRAIN && ring->active);
}

/**
 * cring_drain_hold - hold a request back if a drain demands it
 * @req: ACCEPTED, in the caller's batch, the head of its chain if it has one
 *
 * Context: the submitter; takes cring_ring.lock.
 * Return: true when it was held back (or cancelled meanwhile), false when the
 * caller may try it.
 */
bool cring_drain_hold(struct cring_req *req)
{
	struct cring_ring *ring = req->ring;
	bool hold = true;

	spin_lock_irq(&ring->lock);
	if (list_empty(&ring->deferred) && !cring_drain_blocks(req)) {
		hold = !cring_word_move(&req->word, CRING_ACCEPTED,
					CRING_INLINE);
		if (!hold)
			cring_drain_start(req);
	} else if (cring_word_move(&req->word, CRING_ACCEPTED,
				   CRING_DEFERRED)) {
		list_add_tail(&req->node, &ring->deferred);
		cring_park_index(req);
	}
	spin_unlock_irq(&ring->lock);
	return hold;
}

/**
 * cring_drain_pump - start what no drain holds back any more
 * @comp: a session
 *
 * Context: in a session.
 * Return: true when it was enough for once, and there may be more.
 */
bool cring_drain_pump(struct cring_comp *comp)
{
	struct cring_ring *ring = comp->ring;
	unsigned int n = 0;
	struct cring_req *req;

	if (!ring->active)
		ring->drain_gate = false;
	while (!list_empty(&ring->deferred)) {
		req = list_first_entry(&ring->deferred, struct cring_req, node);
		if (cring_drain_blocks(req))
			break;
		if (n++ == CRING_BREAK)
			return true;
		cring_drain_start(req);
		list_del_init(&req->node);
		cring_ready_add(req, CRING_DEFERRED);
		comp->ready = true;
	}
	return false;
}

/**
 * cring_drain_end - a batch has been tried
 * @ring: whose; the caller is its submitter
 *
 * Context: cring_ring.lock.
 */
void cring_drain_end(struct cring_ring *ring)
{
	lockdep_assert_held(&ring->lock);
	if (list_empty(&ring->deferred) && !ring->drain_gate)
		WRITE_ONCE(ring->drain, false);
}
