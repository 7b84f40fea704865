// SPDX-License-Identifier: GPL-2.0
/*
 * The short way to a device: direct reads that say no more than where from, where
 * to and how much (see quick.c).
 *
 * A device that answers at once does so on the stack of the submitter, within the
 * file's method or where the batch's plug is pulled, and nearly nothing of what a
 * request needs to be found by others was of any use then.  So it gets that when it
 * turns out that it must wait:
 *
 *   - what has ended in its own method is over like a read of the page cache: it
 *     was INLINE all the time, and takes the short way to its CQE;
 *   - what waits in the plug stays INLINE, and in the batch, where a cancel finds it
 *     (held), until the plug was pulled.  What has ended then has its CQE, from its
 *     completion, as ever; all else is parked;
 *   - but what its device answers where the plug is pulled, on that stack, is over
 *     like a read of the page cache, too: it is gathered, and posted with the rest of
 *     the batch.
 */
#include <linux/blkdev.h>

#include "bdev.h"
#include "quick.h"

/* may it go to its device like this?  Not what the window counts */
static bool cring_direct_may(struct cring_ring *ring, struct file *file)
{
	return !READ_ONCE(ring->window) && !cring_file_sleeps(file);
}

/*
 * Has a device answered on the stack of who has handed it the read, and is still in
 * its method, or pulls the plug that it waited in?  Then who did that sees to the
 * rest.
 */
static __always_inline bool cring_direct_is_inside(struct cring_req *req, long ret)
{
	struct cring_inside *inside = &req->ring->inside;
	/* the thread after it; another one may be inside with another request */
	const struct cring_req *in = smp_load_acquire(&inside->req);
	struct cring_batch *gather;

	if (READ_ONCE(inside->task) != current || !in_task())
		return false;
	if (in == req) {
		inside->ret = ret;
		WRITE_ONCE(inside->req, NULL);
		return true;
	}
	/*
	 * What was held was handed over by the task that is there, or by one whose
	 * batch was over before this one was that.  The plug may have others', too.
	 */
	gather = READ_ONCE(inside->gather);
	if (!gather || !req->held || ret != req->rw.len ||
	    unlikely(cring_file_watched(req->file)))
		return false;
	req->held = false;
	req->ring->nr_held--;
	/* its method has returned, and this is the completion */
	atomic_set(&req->refs, 1);
	cring_batch_add(gather, req);
	return true;
}

static void cring_direct_complete(struct kiocb *iocb, long ret)
{
	struct cring_req *req = container_of(iocb, struct cring_req, iocb);

	if (likely(cring_direct_is_inside(req, ret)))
		return;
	if (likely(ret >= 0 && !cring_file_watched(iocb->ki_filp))) {
		/* as cring_rw_complete(), which sees to all else */
		cring_word_own(&req->word, CRING_CLAIMED);
		cring_at(CRING_AT_ENDED, req->ring, req);
		cring_complete(req, ret);
	} else {
		cring_rw_complete(iocb, ret);
	}
}

/* so it has */
static ssize_t cring_direct_over(struct cring_req *req)
{
	ssize_t ret = req->ring->inside.ret;

	if (ret > 0 && unlikely(cring_file_watched(req->file)))
		fsnotify_access(req->file);
	return ret;
}

/**
 * cring_direct_read - hand a direct read to its device
 * @req: INLINE, on the short way
 * @iter: its memory
 * @flags: of its file, as they are now
 *
 * Context: the submitter, under submit_mutex; may sleep.
 * Return: as the file's method does, -EIOCBQUEUED only when the device still has it
 * or another context has completed it: for cring_direct_hold() or
 * cring_direct_wait().  %CRING_QUICK_UNTRIED when it has to go another way.
 */
ssize_t cring_direct_read(struct cring_req *req, struct iov_iter *iter, int flags)
{
	struct cring_ring *ring = req->ring;
	struct file *file = req->file;
	ssize_t ret;

	if (unlikely(!cring_direct_may(ring, file)))
		return CRING_QUICK_UNTRIED;
	if (!ring->nr_held && READ_ONCE(ring->plugger))
		cring_plug(ring);
	/* each of its fields: else it would be cleared first */
	req->iocb = (struct kiocb) {
		.ki_filp = file,
		.ki_pos = req->rw.pos,
		.ki_complete = cring_direct_complete,
		.private = NULL,
		.ki_flags = flags | IOCB_NOWAIT | CRING_IOCB_CACHE,
		.ki_ioprio = get_current_ioprio(),
		.ki_waitq = NULL,
	};
	/* one hold for the completion, one until the method returns */
	atomic_set(&req->refs, 2);
	req->flags |= CRING_REQ_STARTED;
	WRITE_ONCE(ring->inside.task, current);
	/* the thread before it */
	smp_store_release(&ring->inside.req, req);
	ret = vfs_iocb_iter_read(file, &req->iocb, iter);
	if (ret == -EIOCBQUEUED) {
		if (READ_ONCE(ring->inside.req)) {
			WRITE_ONCE(ring->inside.req, NULL);
			return ret;
		}
		ret = cring_direct_over(req);
	}
	WRITE_ONCE(ring->inside.req, NULL);
	atomic_set(&req->refs, 1);
	return ret;
}

/* the others must find it, if its device has not ended it yet */
static void cring_direct_park(struct cring_req *req)
{
	enum cring_state state =
		cring_word_state(atomic64_read_acquire(&req->word));

	/* CLAIMED: as in cring_park() */
	if (state == CRING_DONE)
		return;
	req->quick = false;
	/* as in cring_req_ident() */
	smp_store_release(&req->ident, cring_ident_keep(req->ring));
	cring_park(req, CRING_INLINE, CRING_DISPATCHED);
}

/**
 * cring_direct_wait - a device has a direct read that is not held
 * @req: not to be touched afterwards
 *
 * Context: the submitter, under submit_mutex.
 */
void cring_direct_wait(struct cring_req *req)
{
	cring_direct_park(req);
	cring_req_put(req, false);
}

/* what the block layer takes at once, at most */
#define CRING_PLUG_TAGS		32U

/**
 * cring_direct_hold_first - is what is handed to a device held from here on?
 * @ring: the submitter's, where nothing is held
 * @req: as for cring_direct_hold()
 *
 * Context: the submitter, under submit_mutex.
 * Return: true when there is a plug that is still to be pulled.
 */
bool cring_direct_hold_first(struct cring_ring *ring, const struct cring_req *req)
{
	/* the submitter's, and not of a thread that has come to try what waits */
	if (!ring->plugger || current->plug != ring->plug)
		return false;
	ring->first_held = req->ticket - (ring->accepted - ring->batch_nr);
	/* what follows is mostly the same: the next one takes a tag for each */
	ring->plug->nr_ios = clamp(ring->batch_nr - ring->first_held - 1, 1U,
				   CRING_PLUG_TAGS);
	return true;
}

/* has it ended as all do, so that its record is nearly as it was accepted? */
static bool cring_direct_is_plain(const struct cring_req *req)
{
	/* the other side's last words before its hold went */
	return atomic_read_acquire(&req->refs) == 1 && !req->ident &&
	       !req->lflags &&
	       req->flags == (CRING_REQ_PREPPED | CRING_REQ_STARTED);
}

/**
 * cring_direct_settle_held - what is held has ended, or is parked
 * @ring: the submitter's, with some that are held
 *
 * Context: the submitter, under submit_mutex.
 */
void cring_direct_settle_held(struct cring_ring *ring)
{
	struct llist_node *first = NULL, **end = &first;
	u32 i = ring->first_held;

	for (; ring->nr_held; i++) {
		struct cring_req *req = ring->batch[i];

		if (!req->held)
			continue;
		req->held = false;
		ring->nr_held--;
		cring_direct_park(req);
		if (likely(cring_direct_is_plain(req))) {
			req->res = 0;
			*end = &req->free_node;
			end = &req->free_node.next;
		} else {
			cring_req_put(req, false);
		}
	}
	*end = NULL;
	if (first)
		cring_quick_release(ring, first);
}

/* can nothing below sleep that is given what waits in a plug? */
static bool cring_plug_is_quick(struct blk_plug *plug)
{
	const struct request *rq = rq_list_peek(&plug->mq_list);

	return !plug->multiple_queues && list_empty(&plug->cb_list) &&
	       !(rq && rq->q->tag_set->flags & BLK_MQ_F_BLOCKING);
}

/**
 * cring_direct_unplug - devices get what waits in the batch's plug
 * @ring: the submitter's
 * @batch: its batch, all of which was tried; gets what is over where its plug is
 *	pulled
 *
 * Context: the submitter, under submit_mutex; may sleep.
 */
void cring_direct_unplug(struct cring_ring *ring, struct cring_batch *batch)
{
	struct blk_plug *plug = ring->plug;

	if (ring->nr_held && cring_plug_is_quick(plug)) {
		WRITE_ONCE(ring->inside.gather, batch);
		cring_at(CRING_AT_UNPLUG, ring, NULL);
	} else {
		/* what has ended must not wait for that */
		cring_batch_flush(ring, batch);
	}
	blk_finish_plug(plug);
	WRITE_ONCE(ring->inside.gather, NULL);
	/* nor for what it takes to park the rest */
	if (unlikely(ring->nr_held))
		cring_batch_flush(ring, batch);
}
