// SPDX-License-Identifier: GPL-2.0
/*
 * Release: what a request held is given back, and its record to the pool.
 *
 * A record in the pool is blank: see cring_req_blank().  So accepting an
 * operation writes no more than what the SQE says.
 */
#include <linux/file.h>
#include <linux/fsnotify.h>

#include "cring.h"
#include "point.h"

/**
 * cring_req_blank - what every record is like that is in the pool
 * @req: the record; its @chain and @ring are never anything else
 *
 * Context: nobody else holds it.
 */
void cring_req_blank(struct cring_req *req)
{
	req->file = NULL;
	req->opcode = 0;
	req->sqe_flags = 0;
	req->flags = 0;
	/* a reap that ends looks at all records */
	WRITE_ONCE(req->lflags, 0);
	req->res = 0;
	req->mark = 0;
	atomic_set(&req->refs, 1);
	req->group = 0;
	req->retries = 0;
	req->nr_wait = 0;
	req->quick = false;
	req->piped = false;
	req->ident = NULL;
	req->dnode.expires = KTIME_MAX;
}

/* give back all that a request holds: its record is blank then */
static __always_inline void cring_req_empty(struct cring_req *req, bool sync)
{
	struct cring_ring *ring = req->ring;
	const struct cring_op *op = cring_op_get(req->opcode);

	/* before its file goes, and the wait queue with it */
	if (req->nr_wait)
		cring_unhook(req);
	if (req->flags & CRING_REQ_PREPPED && op->cleanup)
		op->cleanup(req);
	if (req->file) {
		if (sync)
			__fput_sync(req->file);
		else
			fput(req->file);
	}
	if (req->ident)
		cring_ident_put(req->ident);
	if (req->flags & CRING_REQ_DETACH) {
		cring_window_return(req);
		cring_detach_put(req);
	}
	if (unlikely(ring->in_kernel))
		cring_client_release(req);
	cring_req_blank(req);
	cring_word_free(&req->word);
}

/**
 * cring_req_release - give back all that a request holds, and its record
 * @req: DONE, or accepted and taken back; nobody else holds it
 * @sync: the caller is a worker between two requests: the last reference to a
 *	file may be dropped here and now (a worker's fput() would be delayed)
 *
 * Context: any when not @sync.
 */
void cring_req_release(struct cring_req *req, bool sync)
{
	cring_req_empty(req, sync);
	llist_add(&req->free_node, &req->ring->freed);
}

/* tell the watchers of files whose I/O ended in an interrupt */
static void cring_notify_fn(struct work_struct *work)
{
	struct cring_ring *ring = container_of(work, struct cring_ring,
					       notify_work);
	struct llist_node *list = llist_del_all(&ring->notify);
	struct cring_req *req, *next;

	llist_for_each_entry_safe(req, next, llist_reverse_order(list),
				  free_node) {
		if (cring_rw_is_write(req))
			fsnotify_modify(req->file);
		else
			fsnotify_access(req->file);
		cring_req_release(req, false);
	}
	cring_ring_put(ring);
}

static void cring_notify_later(struct cring_req *req)
{
	struct cring_ring *ring = req->ring;

	/* the first one starts the work item, which takes them all */
	if (!llist_add(&req->free_node, &ring->notify))
		return;
	refcount_inc(&ring->refs);
	if (!queue_work(cring_wq, &ring->notify_work))
		cring_ring_put(ring);
}

/**
 * cring_notify_init - nobody to be told yet
 * @ring: being set up
 */
void cring_notify_init(struct cring_ring *ring)
{
	init_llist_head(&ring->notify);
	INIT_WORK(&ring->notify_work, cring_notify_fn);
}

/**
 * cring_req_strip_last - give back what the last hold was of
 * @req: as for cring_req_put(); cring_req_drop() was true
 * @sync: likewise
 *
 * Context: any when not @sync.
 * Return: true when the record is blank, and the caller's to give to the pool.
 */
bool cring_req_strip_last(struct cring_req *req, bool sync)
{
	if (unlikely(req->flags & (CRING_REQ_REISSUE | CRING_REQ_NOTIFY))) {
		if (req->flags & CRING_REQ_REISSUE)
			cring_reissue(req);
		else
			cring_notify_later(req);
		return false;
	}
	cring_req_empty(req, sync);
	return true;
}

/**
 * cring_req_put - drop one hold on a request that is DONE, or about to be
 * @req: the request
 * @sync: as in cring_req_release()
 *
 * Context: any when not @sync.
 */
void cring_req_put(struct cring_req *req, bool sync)
{
	struct cring_ring *ring = req->ring;

	if (cring_req_drop(req) && cring_req_strip_last(req, sync))
		llist_add(&req->free_node, &ring->freed);
}

/*
 * The record of a poll that was armed, and had no deadline then, is blank again: like
 * cring_req_blank(), but for what each acceptance writes.
 */
static __always_inline void cring_armed_blank(struct cring_req *req)
{
	req->file = NULL;
	req->mark = 0;
	req->retries = 0;
	req->nr_wait = 0;
	req->ident = NULL;
	req->dnode.expires = KTIME_MAX;
	cring_word_free(&req->word);
}

/**
 * cring_armed_release - give back polls that a session has stopped
 * @comp: the session, over, which has one at least
 *
 * The references of those that follow each other are dropped at once, as in
 * cring_quick_release().
 *
 * Context: a thread of the owner, no cring lock held.
 */
void cring_armed_release(struct cring_comp *comp)
{
	struct llist_node *node = comp->armed, *end;
	struct cring_req *req = llist_entry(node, struct cring_req, free_node);
	struct cring_ident *ident = req->ident;
	struct cring_ring *ring = comp->ring;
	struct file *file = req->file;
	unsigned int nr = 0, idents = 0;

	/* before their files go, and the wait queues with them */
	cring_unhook_many(node);
	do {
		req = llist_entry(node, struct cring_req, free_node);
		if (unlikely(req->file != file)) {
			cring_file_put_many(file, nr);
			file = req->file;
			nr = 0;
		}
		if (unlikely(req->ident != ident)) {
			cring_ident_put_many(ident, idents);
			ident = req->ident;
			idents = 0;
		}
		nr++;
		idents++;
		cring_armed_blank(req);
		end = node;
		node = node->next;
	} while (node);
	cring_file_put_many(file, nr);
	cring_ident_put_many(ident, idents);
	if (comp->submitter) {
		end->next = ring->free;
		ring->free = comp->armed;
	} else {
		llist_add_batch(comp->armed, end, &ring->freed);
	}
	comp->armed = NULL;
}

/* the last reference to a file: nobody can name it to a cancel any more */
static void cring_drop_last(struct cring_req *req)
{
	struct cring_ring *ring = req->ring;
	struct file *file = req->file;

	spin_lock_irq(&ring->lock);
	if (req->lflags & CRING_REQL_INDEXED)
		cring_index_del_file(req);
	req->file = NULL;
	spin_unlock_irq(&ring->lock);
	__fput_sync(file);
}

/*
 * Any other reference, in the session that posts the CQE; false for the last.  The
 * request leaves the index, as it does with its CQE.
 */
static bool cring_drop_other(struct cring_req *req)
{
	lockdep_assert_held(&req->ring->lock);
	if (req->file && !cring_file_put_not_last(req->file))
		return false;
	/* it may be gone: only its address is used */
	if (req->lflags & CRING_REQL_INDEXED)
		cring_index_del(req);
	req->file = NULL;
	return true;
}

/**
 * cring_complete_worker - post the CQE of what a worker has finished
 * @req: RUNNING, its worker's, its result in @req->res
 *
 * Lets go of the file first: who reaps the CQE of an operation on a file that
 * he has closed may unmount its file system right away.  Until the CQE is
 * there, a cancel that can name the file must find the operation.
 *
 * Context: a worker, no lock held.
 */
void cring_complete_worker(struct cring_req *req)
{
	struct cring_ring *ring = req->ring;
	struct cring_comp comp = { .ring = ring, .sync = true };

	for (;;) {
		if (req->file && file_count(req->file) == 1)
			cring_drop_last(req);
		cring_at(CRING_AT_DROP, ring, req);
		spin_lock_irqsave(&ring->lock, comp.irqflags);
		if (cring_drop_other(req))
			break;
		/* all others have let go of it meanwhile */
		spin_unlock_irqrestore(&ring->lock, comp.irqflags);
	}
	cring_complete_locked(&comp, req);
}
