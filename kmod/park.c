// SPDX-License-Identifier: GPL-2.0
/*
 * Parking: an operation that was tried and would block is entered in the
 * index, where a cancel finds it, and moved to the state in which it waits, in
 * one critical section.
 */
#include "cring.h"

/**
 * cring_park_index - make a request findable, with what waits behind it
 * @req: in flight, the first of what is left of its chain
 *
 * Context: cring_ring.lock.
 */
void cring_park_index(struct cring_req *req)
{
	struct cring_req *member = req;

	/* a chain enters as a whole: behind one that is in, all are */
	do {
		if (member->lflags & CRING_REQL_INDEXED)
			break;
		cring_index_add(member);
		cring_deadline_park(member);
		member = list_next_entry(member, chain);
	} while (member != req);
}

/* a LINK_TIMEOUT runs while what it watches is under way */
static void cring_park_watch(struct cring_req *req)
{
	struct cring_req *next = list_next_entry(req, chain);

	if (next == req || next->opcode != CRING_OP_LINK_TIMEOUT ||
	    next->timer.target)
		return;
	next->timer.target = req;
	if (cring_word_move(&next->word, CRING_LINKED, CRING_ARMED))
		cring_timer_add(next);
}

/**
 * cring_park_lend - make a request findable that is about to be lent
 * @req: INLINE, the caller's
 *
 * Who lends it may not come back to let it wait.
 *
 * Context: process; takes cring_ring.lock.
 */
void cring_park_lend(struct cring_req *req)
{
	spin_lock_irq(&req->ring->lock);
	cring_park_index(req);
	cring_park_watch(req);
	spin_unlock_irq(&req->ring->lock);
}

static bool cring_park_move(struct cring_req *req, enum cring_state from,
			    enum cring_state to)
{
	switch (to) {
	case CRING_QUEUED:
		return cring_work_add(req, from);
	case CRING_ARMED:
		if (!cring_word_move(&req->word, from, to))
			return false;
		if (req->opcode == CRING_OP_TIMEOUT)
			cring_timer_add(req);
		return true;
	case CRING_DEFERRED:
		return cring_window_hold(req, from);
	default:
		if (!cring_word_dispatch(&req->word, from))
			return false;
		cring_window_dispatched(req);
		return true;
	}
}

/**
 * cring_park - let an operation wait, where a cancel can find it
 * @req: INLINE or RUNNING, the caller's
 * @from: which of the two
 * @to: QUEUED, ARMED, DEFERRED (by the window) or DISPATCHED
 *
 * Context: any that may try operations; takes cring_ring.lock.
 * Return: true when it waits: the caller must not touch it any more.  False
 * when it was told to stop, or woken, meanwhile: it is still the caller's, in the
 * state it was; or, for DEFERRED, when it has got its place.  For DISPATCHED,
 * false when the device has completed it, or is about to: then it is in the
 * index all the same.
 */
bool cring_park(struct cring_req *req, enum cring_state from,
		enum cring_state to)
{
	struct cring_ring *ring = req->ring;
	enum cring_state state;
	unsigned long irqflags;
	bool parked;

	spin_lock_irqsave(&ring->lock, irqflags);
	state = cring_word_state(atomic64_read(&req->word));
	/*
	 * CLAIMED: its device has ended it, and has not posted it yet.  It is in
	 * flight until then, and our batch, where a cancel would look, may be
	 * over before.
	 */
	if (state == from || state == CRING_CLAIMED)
		cring_park_index(req);
	parked = cring_park_move(req, from, to);
	if (parked && unlikely(!list_empty(&req->chain)))
		cring_park_watch(req);
	spin_unlock_irqrestore(&ring->lock, irqflags);
	if (parked && to == CRING_QUEUED)
		cring_work_start(ring);
	return parked;
}

/**
 * cring_park_or_end - let an operation wait, or end it
 * @req: INLINE or RUNNING, the caller's
 * @from: which of the two
 * @to: as in cring_park(), not DISPATCHED
 *
 * Context: any that may try operations, the submitter's if it has no identity.
 * Return: CRING_V_PENDING when it waits; else CRING_V_DONE, as there is no memory
 * for its identity, or it was told to stop (or, for DEFERRED, has its place).
 */
enum cring_verdict cring_park_or_end(struct cring_req *req,
				     enum cring_state from, enum cring_state to)
{
	if (!cring_req_ident(req)) {
		req->res = -ENOMEM;
		return CRING_V_DONE;
	}
	if (cring_park(req, from, to))
		return CRING_V_PENDING;
	req->res = -ECANCELED;
	return CRING_V_DONE;
}

/**
 * cring_reissue - a device gave an operation back: it would have blocked there,
 *	or what it has read is to be copied to the caller
 * @req: CLAIMED by its completion; the method that dispatched it has returned
 *
 * It goes to a worker, or to a thread of the owner for the copy; or ends if it
 * was told to stop meanwhile.
 *
 * Context: any.
 */
void cring_reissue(struct cring_req *req)
{
	struct cring_ring *ring = req->ring;
	bool read = cring_stage_is_full(req);
	unsigned long irqflags;
	bool queued;

	req->flags &= ~CRING_REQ_REISSUE;
	atomic_set(&req->refs, 1);
	/* a worker may finish it, the last of a closed ring, before we are out */
	refcount_inc(&ring->refs);
	spin_lock_irqsave(&ring->lock, irqflags);
	cring_park_index(req);
	queued = read ? cring_ready_add(req, CRING_CLAIMED) :
			cring_work_add(req, CRING_CLAIMED);
	if (queued)
		cring_park_watch(req);
	spin_unlock_irqrestore(&ring->lock, irqflags);
	if (!queued)
		cring_complete(req, -ECANCELED);
	else if (read)
		cring_kick(ring);
	else
		cring_work_start(ring);
	cring_ring_put(ring);
}
