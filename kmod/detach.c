// SPDX-License-Identifier: GPL-2.0
/*
 * Detach: a cancel that succeeds at once, whatever the device does.
 *
 * An operation that asks for it is lent to who executes it, a worker, a device,
 * or a thread of the owner that tries it and is not to block: that sees no memory
 * of the caller's, only pages of the kernel's (stage.c), or none at all.  So a
 * cancel may claim it while it is executed: its CQE is posted, and the executing
 * side is left alone with the record.
 *
 * Who holds what.  Lending takes a hold on the record (@refs) and a reference
 * to the ring for the executing side, before the bit is set that lets a cancel
 * in.  The bit is then cleared by one of two:
 *
 *   the executing side, when it is through: it owns the operation again, gives
 *   up its hold, which cannot be the last, and goes on as if nothing had been;
 *
 *   a cancel, which owns the operation from then on, posts its CQE and drops the
 *   owner's hold.  The executing side, whenever it is through, writes nothing to
 *   the record but @flags, drops its own hold and then its ring.  Whoever is
 *   last gives the record back, with the file, the pages and the identity.
 *
 * So a closed ring, and with it the module, lives until the last device has
 * answered, and nothing of the owner does: no address space, no descriptor.
 *
 * The record stays occupied meanwhile.  It counts against the ring's limit, by
 * which the pool is larger, and its user's.  One that was not let go of counts
 * until its CQE is posted, so that who sees the CQE has room for another.
 */
#include "cring.h"
#include "point.h"

/**
 * cring_detach_get - an operation that may be let go of is being accepted
 * @req: not published; in its ring
 *
 * Context: the submitter, under submit_mutex.
 * Return: 0; -EINVAL when the ring has no room for any; -EAGAIN when it, or
 * its user, has none left.
 */
int cring_detach_get(struct cring_req *req)
{
	struct cring_ring *ring = req->ring;
	int ret;

	if (!ring->max_detached)
		return -EINVAL;
	/* only who holds the mutex counts up */
	if (atomic_read(&ring->nr_detached) >= ring->max_detached)
		return -EAGAIN;
	ret = cring_user_detach_get(ring->user);
	if (ret)
		return ret;
	atomic_inc(&ring->nr_detached);
	req->flags |= CRING_REQ_DETACH;
	return 0;
}

/**
 * cring_detach_put - such an operation no longer counts
 * @req: that cring_detach_get() has counted; the caller's alone
 *
 * Context: any.
 */
void cring_detach_put(struct cring_req *req)
{
	WRITE_ONCE(req->flags, req->flags & ~CRING_REQ_DETACH);
	atomic_dec(&req->ring->nr_detached);
	cring_user_detach_put(req->ring->user);
}

/**
 * cring_detach_post - the CQE of an operation is about to be posted
 * @req: the caller's
 *
 * Context: cring_ring.lock.
 * Return: true when somebody has let go of it, and it may still be executed.
 */
bool cring_detach_post(struct cring_req *req)
{
	if (likely(!cring_req_has(req, CRING_REQ_DETACH)))
		return false;
	if (atomic64_read(&req->word) & CRING_WORD_LET_GO)
		return true;
	cring_detach_put(req);
	return false;
}

/**
 * cring_detach_lend - the operation is about to be executed
 * @req: INLINE or RUNNING, the caller's; may be one that did not ask for it
 *
 * Context: process.
 * Return: false when it was told to stop: it is not to be executed at all, as
 * nobody may come to tell it again.
 */
bool cring_detach_lend(struct cring_req *req)
{
	struct cring_ring *ring = req->ring;

	if (!(req->flags & CRING_REQ_DETACH))
		return true;
	refcount_inc(&ring->refs);
	atomic_inc(&req->refs);
	cring_at(CRING_AT_LEND, ring, req);
	/* a full barrier: the holds before the bit */
	if (cring_word_lend(&req->word))
		return true;
	atomic_dec(&req->refs);
	cring_ring_put(ring);
	return false;
}

/**
 * cring_detach_return - the operation has been executed
 * @req: that cring_detach_lend() returned true for; whoever executed it
 *
 * Context: any.
 * Return: true when it is the caller's again; false when a cancel has let go
 * of it: cring_detach_drop() is all that is left to do.
 */
bool cring_detach_return(struct cring_req *req)
{
	if (!(req->flags & CRING_REQ_DETACH))
		return true;
	cring_at(CRING_AT_RETURN, req->ring, req);
	if (!cring_word_take_back(&req->word))
		return false;
	/* the owner's hold is left, and what is in flight keeps the ring */
	atomic_dec(&req->refs);
	cring_ring_put(req->ring);
	return true;
}

/**
 * cring_detach_drop - the executing side is through with what was let go of
 * @req: not to be touched afterwards
 * @sync: as in cring_req_release()
 *
 * Context: any when not @sync.
 */
void cring_detach_drop(struct cring_req *req, bool sync)
{
	struct cring_ring *ring = req->ring;

	cring_req_put(req, sync);
	cring_ring_put(ring);
}

/**
 * cring_detach - let go of an operation that is being executed
 * @req: in the index
 * @word: what the caller has read: INLINE, RUNNING or DISPATCHED, with DETACH
 *
 * A worker is interrupted, so that it is given back if that is possible.
 *
 * Context: cring_ring.lock.
 * Return: true when the operation is claimed; false when something had changed.
 */
bool cring_detach(struct cring_req *req, u64 word)
{
	lockdep_assert_held(&req->ring->lock);
	if (!cring_word_let_go(&req->word, word))
		return false;
	if (cring_word_state(word) == CRING_RUNNING)
		cring_worker_interrupt(req);
	cring_stage_forget(req);
	return true;
}
