// SPDX-License-Identifier: GPL-2.0
/*
 * The workqueue: runs what would block.
 *
 * A ring has its own, unbound, made by a work item of the module when there is
 * first something to run, so that queueing is possible in any context.  At
 * most cring_max_workers items of a ring run at once, and fewer when its user's
 * limit is reached (user.c); the rest waits on the ring's list, where a cancel
 * takes it off.
 *
 * A request that is running is interrupted by SIGKILL to the kernel worker,
 * which is why everything that sleeps interruptibly or killably returns at
 * once.  The signal hits its own request only: it is sent under the lock under
 * which the worker lets go of the request, and what is left of it is flushed
 * before the next one.
 */
#include <linux/kthread.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "cring.h"
#include "point.h"

/**
 * cring_work_add - put a request on the work list
 * @req: in state @from
 * @from: INLINE, or CLAIMED for a reissue
 *
 * The caller starts a worker afterwards, with cring_work_start().
 *
 * Context: any; nests in cring_ring.lock.
 * Return: true when it was added; false when it was told to stop meanwhile.
 */
bool cring_work_add(struct cring_req *req, enum cring_state from)
{
	struct cring_ring *ring = req->ring;
	bool added;

	spin_lock(&ring->queue_lock);
	added = cring_word_move(&req->word, from, CRING_QUEUED);
	if (added) {
		list_add_tail(&req->node, &ring->work);
		ring->nr_work++;
	}
	spin_unlock(&ring->queue_lock);
	return added;
}

/* @counted: as in cring_work_start_counted() */
static bool cring_work_start_one(struct cring_ring *ring, bool counted)
{
	struct cring_worker *worker = NULL;
	unsigned long irqflags;
	bool spawn = false;

	spin_lock_irqsave(&ring->queue_lock, irqflags);
	if (ring->nr_work && !ring->nr_coming) {
		spawn = !ring->wq;
		worker = list_first_entry_or_null(&ring->idle,
						  struct cring_worker, idle);
		if (worker && !counted && !cring_user_worker_get(ring))
			worker = NULL;
		if (worker) {
			list_del_init(&worker->idle);
			WRITE_ONCE(ring->nr_coming, ring->nr_coming + 1);
		}
	}
	/* whoever adds work after this sees that it does not count any more */
	if (counted && !worker)
		cring_user_worker_put(ring);
	spin_unlock_irqrestore(&ring->queue_lock, irqflags);
	if (worker)
		queue_work(ring->wq, &worker->work);
	else if (spawn)
		queue_work(cring_wq, &ring->spawn_work);
	return worker;
}

/**
 * cring_work_start - see to it that the work list is run
 * @ring: whose; the caller has added to its list
 *
 * Starts a worker if none is on its way.  That one starts another before it runs
 * anything, if there is more: what it runs may sleep for ever.
 *
 * Context: any.
 */
void cring_work_start(struct cring_ring *ring)
{
	/* who was on its way under the lock has not looked at the list before */
	if (!READ_ONCE(ring->nr_coming))
		cring_work_start_one(ring, false);
}

/**
 * cring_work_start_counted - the same, with a worker that counts already
 * @ring: whose
 *
 * It no longer counts when there is nothing for it to run.
 *
 * Context: any.
 * Return: true when one was started.
 */
bool cring_work_start_counted(struct cring_ring *ring)
{
	return cring_work_start_one(ring, true);
}

/* @coming: it is on its way since cring_work_start() */
static struct cring_req *cring_work_pop(struct cring_ring *ring,
					struct cring_worker *worker,
					bool coming)
{
	struct cring_req *req;
	bool more;

	cring_at(CRING_AT_POP, ring, NULL);
	spin_lock_irq(&ring->queue_lock);
	WRITE_ONCE(ring->nr_coming, ring->nr_coming - coming);
	req = list_first_entry_or_null(&ring->work, struct cring_req, node);
	if (req) {
		list_del_init(&req->node);
		ring->nr_work--;
		req->worker = worker - ring->workers;
		cring_word_own(&req->word, CRING_RUNNING);
	} else {
		list_add(&worker->idle, &ring->idle);
		cring_user_worker_put(ring);
	}
	more = ring->nr_work;
	spin_unlock_irq(&ring->queue_lock);
	if (more)
		cring_work_start(ring);
	return req;
}

/**
 * cring_worker_interrupt - wake up the worker that runs a request
 * @req: RUNNING, its CANCEL bit set, in the index
 *
 * Context: cring_ring.lock.
 */
void cring_worker_interrupt(struct cring_req *req)
{
	struct cring_worker *worker;

	lockdep_assert_held(&req->ring->lock);
	/* perhaps that of a later state: it is asked what it runs */
	worker = &req->ring->workers[READ_ONCE(req->worker)];
	spin_lock(&worker->lock);
	if (READ_ONCE(worker->req) == req) {
		cring_at(CRING_AT_SIGNAL, req->ring, req);
		send_sig(SIGKILL, worker->task, 1);
	}
	spin_unlock(&worker->lock);
}

/**
 * cring_worker_enter - from here on a request may be interrupted
 * @worker: the calling worker
 * @req: RUNNING, about to be tried
 *
 * Context: that worker.
 * Return: false when it was told to stop before that.
 */
bool cring_worker_enter(struct cring_worker *worker, struct cring_req *req)
{
	cring_at(CRING_AT_RUN, req->ring, req);
	WRITE_ONCE(worker->req, req);
	/* a canceller sets the bit, then looks there: one of us sees it */
	smp_mb();
	if (!(atomic64_read(&req->word) & CRING_WORD_CANCEL))
		return true;
	cring_worker_leave(worker);
	return false;
}

/**
 * cring_worker_leave - the worker's request is no longer to be interrupted
 * @worker: the calling worker
 *
 * Context: that worker.
 */
void cring_worker_leave(struct cring_worker *worker)
{
	spin_lock_irq(&worker->lock);
	WRITE_ONCE(worker->req, NULL);
	spin_unlock_irq(&worker->lock);
	if (signal_pending(current))
		flush_signals(current);
	cring_at(CRING_AT_RAN, worker->ring, NULL);
}

/**
 * cring_worker_use_mm - have the owner's memory at hand
 * @ring: whose owner's
 *
 * Its address space is pinned while somebody's memory is touched, and only
 * then.
 *
 * Context: a worker, which has no address space.
 * Return: false when the owner has none any more.
 */
bool cring_worker_use_mm(struct cring_ring *ring)
{
	if (!mmget_not_zero(ring->mm))
		return false;
	atomic_inc(&ring->nr_pinned);
	cring_ring_watch(ring);
	kthread_use_mm(ring->mm);
	return true;
}

/**
 * cring_worker_unuse_mm - the end of cring_worker_use_mm()
 * @ring: that was given to it
 *
 * Context: that worker.
 */
void cring_worker_unuse_mm(struct cring_ring *ring)
{
	kthread_unuse_mm(ring->mm);
	mmput_async(ring->mm);
	atomic_dec(&ring->nr_pinned);
}

/* what may be let go of is staged: its memory is touched only to copy it */
static bool cring_worker_needs_mm(const struct cring_req *req)
{
	return cring_op_get(req->opcode)->flags & CRING_OPF_MEM &&
	       !(req->flags & CRING_REQ_DETACH) && !req->ring->in_kernel;
}

/**
 * struct cring_guise - who a worker is, between two requests, too
 * @ident: whose identity it has taken on, referenced; or NULL
 * @saved: its own
 * @mem: it has the owner's memory at hand
 */
struct cring_guise {
	struct cring_ident *ident;
	struct cring_ident_saved saved;
	bool mem;
};

static void cring_guise_ident(struct cring_guise *guise,
			      struct cring_ident *ident)
{
	if (likely(guise->ident == ident))
		return;
	if (guise->ident) {
		cring_ident_drop(guise->ident, &guise->saved);
		cring_ident_put(guise->ident);
	}
	guise->ident = ident;
	if (ident) {
		/* the request is gone before it is dropped */
		cring_ident_hold(ident);
		cring_ident_assume(ident, &guise->saved);
	}
}

/* false when there is none any more */
static bool cring_guise_mem(struct cring_guise *guise, struct cring_ring *ring,
			    bool mem)
{
	if (likely(guise->mem == mem))
		return true;
	if (guise->mem)
		cring_worker_unuse_mm(ring);
	guise->mem = mem && cring_worker_use_mm(ring);
	return guise->mem == mem;
}

/* nobody's any more, before it is among the idle */
static void cring_guise_off(struct cring_guise *guise, struct cring_ring *ring)
{
	cring_guise_ident(guise, NULL);
	cring_guise_mem(guise, ring, false);
}

/* run one request as its submitter would have */
static void cring_worker_run(struct cring_guise *guise, struct cring_req *req)
{
	/* it may come from the ready list */
	cring_disarm(req);
	req->retries = 0;
	if (req->flags & CRING_REQ_FAILED) {
		cring_complete(req, req->res);
		return;
	}
	if (!cring_guise_mem(guise, req->ring, cring_worker_needs_mm(req))) {
		cring_complete(req, cring_req_result(req, -ECANCELED));
		return;
	}
	cring_guise_ident(guise, req->ident);
	if (!cring_rw_worker(req))
		cring_issue(req, CRING_HOW_WORKER, NULL);
}

static void cring_worker_fn(struct work_struct *work)
{
	struct cring_worker *worker = container_of(work, struct cring_worker,
						   work);
	struct cring_ring *ring = worker->ring;
	struct cring_guise guise = {};
	struct cring_req *req;

	/* before anything can be sent; from the kernel only */
	allow_kernel_signal(SIGKILL);
	spin_lock_irq(&worker->lock);
	worker->task = current;
	spin_unlock_irq(&worker->lock);

	req = cring_work_pop(ring, worker, true);
	if (req) {
		/* its end may be the ring's, while we are still in its method */
		refcount_inc(&ring->refs);
		do {
			cring_worker_run(&guise, req);
			cond_resched();
			if (list_empty(&ring->work))
				cring_guise_off(&guise, ring);
			req = cring_work_pop(ring, worker, false);
		} while (req);
		/* another one has taken what was there */
		cring_guise_off(&guise, ring);
		cring_ring_put(ring);
	}

	disallow_signal(SIGKILL);
	/* the workqueue keeps the ring until this returns */
	cring_user_feed(ring->user);
}

/**
 * cring_ring_workers - how many workers a ring may have
 *
 * Return: as many as one gets that starts its workers now.
 */
unsigned int cring_ring_workers(void)
{
	return clamp(READ_ONCE(cring_max_workers), 1U, 512U);
}

static int cring_worker_spawn(struct cring_ring *ring)
{
	struct workqueue_struct *wq;
	struct cring_worker *workers;
	unsigned int nr = cring_ring_workers();
	unsigned int i;

	workers = kvcalloc(nr, sizeof(*workers), GFP_KERNEL);
	if (!workers)
		return -ENOMEM;
	wq = alloc_workqueue("cring", WQ_UNBOUND, nr);
	if (!wq) {
		kvfree(workers);
		return -ENOMEM;
	}
	for (i = 0; i < nr; i++) {
		INIT_WORK(&workers[i].work, cring_worker_fn);
		workers[i].ring = ring;
		spin_lock_init(&workers[i].lock);
	}
	spin_lock_irq(&ring->queue_lock);
	ring->workers = workers;
	ring->nr_workers = nr;
	ring->wq = wq;
	for (i = 0; i < nr; i++)
		list_add_tail(&workers[i].idle, &ring->idle);
	spin_unlock_irq(&ring->queue_lock);
	return 0;
}

static void cring_work_fail(struct cring_ring *ring, int res)
{
	struct cring_req *req;
	LIST_HEAD(todo);

	spin_lock_irq(&ring->queue_lock);
	while ((req = list_first_entry_or_null(&ring->work, struct cring_req,
					       node))) {
		list_move_tail(&req->node, &todo);
		ring->nr_work--;
		cring_word_own(&req->word, CRING_CLAIMED);
		req->res = res;
	}
	spin_unlock_irq(&ring->queue_lock);
	cring_complete_todo(ring, &todo);
}

static void cring_spawn_fn(struct work_struct *work)
{
	struct cring_ring *ring = container_of(work, struct cring_ring,
					       spawn_work);

	if (!ring->wq && cring_worker_spawn(ring)) {
		cring_work_fail(ring, -ENOMEM);
		return;
	}
	/* what was queued meanwhile had nobody to start */
	cring_work_start(ring);
}

/**
 * cring_worker_init - no workers yet
 * @ring: being set up
 */
void cring_worker_init(struct cring_ring *ring)
{
	INIT_LIST_HEAD(&ring->work);
	INIT_LIST_HEAD(&ring->idle);
	INIT_WORK(&ring->spawn_work, cring_spawn_fn);
}

/**
 * cring_worker_exit - the end of the workqueue
 * @ring: nothing in flight
 *
 * Context: the module's workqueue; waits for workers between two requests.
 */
void cring_worker_exit(struct cring_ring *ring)
{
	cancel_work_sync(&ring->spawn_work);
	if (ring->wq)
		destroy_workqueue(ring->wq);
	kvfree(ring->workers);
}
