// SPDX-License-Identifier: GPL-2.0
/*
 * A read of a pipe that is empty, submitted alone: programs that wait for each other
 * do little else.
 *
 * It is only asked when the pipe is ready, and is on its wait queue then, before it
 * is accepted: that is one step under cring_ring.lock, in which it is entered in the
 * index, ARMED.  So to a cancel that looks before, it is an SQE that was not accepted;
 * one that looks after stops it with 0 (C3, C4).  A pipe takes no lock that is held for
 * long when it is polled, so nobody waits for that step.
 *
 * When it was woken it is tried and ended without what other operations may need:
 * it has no chain, no memory of its own, and is on one wait queue.  What is more than
 * that goes on as any read.
 */
#include <linux/file.h>
#include <linux/uio.h>

#include "circle.h"
#include "point.h"
#include "rw.h"

/* accept it, if it was not woken meanwhile and nothing may hold it back, or end it */
static __always_inline bool cring_pipe_park(struct cring_ring *ring,
					    struct cring_req *req)
{
	bool parked;

	lockdep_assert_held(&ring->submit_mutex);
	cring_at(CRING_AT_HOOKED, ring, req);
	spin_lock_irq(&ring->lock);
	parked = !READ_ONCE(ring->unusual_all) &&
		 cring_word_move(&req->word, CRING_INLINE, CRING_ARMED);
	if (likely(parked)) {
		cring_young_add(req);
		cring_deadline_park(req);
		ring->sq_head++;
		/* who takes it for accepted waits for the lock, and finds it */
		smp_store_release(&ring->accepted, ring->accepted + 1);
		cring_cq_publish(ring, ring->accepted - ring->finished);
		WRITE_ONCE(ring->shared->accepted, ring->accepted);
		/* user space may fill the slot from here on */
		smp_store_release(&ring->shared->sq_head, ring->sq_head);
	}
	spin_unlock_irq(&ring->lock);
	return parked;
}

/**
 * cring_pipe_wait - let a read wait for a pipe
 * @ring: the submitter's
 * @req: ACCEPTED, of a pipe that was empty; what is next in the SQ, which nobody else
 *	knows yet, and there is a slot for it
 *
 * Context: the submitter, under submit_mutex; may sleep.
 * Return: true when it is accepted, and armed.  False when it is to go the long way:
 * then it was given back.
 */
bool cring_pipe_wait(struct cring_ring *ring, struct cring_req *req)
{
	req->quick = false;
	req->piped = true;
	/* from here on a wake-up tells us */
	cring_word_own(&req->word, CRING_INLINE);
	req->ident = cring_ident_get(ring, false);
	if (likely(req->ident && cring_hook(req) && cring_pipe_park(ring, req)))
		return true;
	cring_word_own(&req->word, CRING_DONE);
	cring_req_release(req, false);
	return false;
}

/* post its CQE in a session of its own, if nothing follows from that */
static __always_inline bool cring_pipe_post(struct cring_req *req, s32 res)
{
	struct cring_ring *ring = req->ring;
	struct cring_comp comp = { .ring = ring };

	spin_lock_irq(&ring->lock);
	if (unlikely(req->lflags & ~(CRING_REQL_INDEXED | CRING_REQL_DEADLINE) ||
		     READ_ONCE(ring->unusual_all) ||
		     !list_empty(&ring->windowed))) {
		spin_unlock_irq(&ring->lock);
		return false;
	}
	cring_deadline_drop(req);
	if (likely(cring_is_young(req)))
		cring_young_leave(ring, req);
	else
		cring_index_leave(req);
	req->lflags = 0;
	cring_post_alone(&comp, req->user_data, res, 0);
	cring_word_done(&req->word);
	cring_at(CRING_AT_PUBLISH, ring, NULL);
	cring_cq_publish(ring, READ_ONCE(ring->accepted) - ring->finished);
	spin_unlock_irq(&ring->lock);
	cring_cq_wake(ring, true);
	return true;
}

/* give back what it held, and its record */
static __always_inline void cring_pipe_free(struct cring_req *req)
{
	fput(req->file);
	cring_ident_put(req->ident);
	/* all else is as it was */
	req->file = NULL;
	req->flags = 0;
	req->mark = 0;
	req->piped = false;
	req->ident = NULL;
	req->dnode.expires = KTIME_MAX;
	cring_word_free(&req->word);
	llist_add(&req->free_node, &req->ring->freed);
}

/* how it is read without waiting; negative when that takes more */
static __always_inline int cring_pipe_flags(const struct file *file)
{
	int flags = READ_ONCE(file->f_iocb_flags);

	/* by packets */
	if (unlikely(flags & IOCB_DIRECT))
		return -1;
	if (file->f_mode & FMODE_NOWAIT)
		return flags | IOCB_NOWAIT;
	return READ_ONCE(file->f_flags) & O_NONBLOCK ? flags : -1;
}

/**
 * cring_pipe_run - try a read that was woken
 * @req: INLINE, the caller's; not to be touched afterwards
 * @batch: the caller's collection
 *
 * Context: a thread of the owner, no cring lock held.
 * Return: false when nothing was done: it is to be tried as any operation.
 */
bool cring_pipe_run(struct cring_req *req, struct cring_batch *batch)
{
	int flags = cring_pipe_flags(req->file);
	struct iov_iter iter __uninitialized;
	ssize_t ret;

	req->piped = false;
	if (unlikely(flags < 0 || cring_hooked(req) ||
		     cring_ident_cred(req->ident) != current_cred() ||
		     (cring_deadline_given(req) && cring_deadline_past(req))))
		return false;
	/* off its queue: that place is the iocb's */
	req->nr_wait = 0;
	req->iocb = (struct kiocb) {
		.ki_filp = req->file, .ki_flags = flags,
	};
	iov_iter_ubuf(&iter, ITER_DEST, u64_to_user_ptr(req->rw.addr),
		      req->rw.len);
	ret = vfs_iocb_iter_read(req->file, &req->iocb, &iter);
	if (likely(ret >= 0 && cring_batch_empty(batch) &&
		   cring_pipe_post(req, ret)))
		cring_pipe_free(req);
	else
		cring_issue_tried(req, cring_rw_tried(req, ret), batch);
	return true;
}
