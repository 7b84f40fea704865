// SPDX-License-Identifier: GPL-2.0
/*
 * The ready list: operations whose wait is over, to be tried again.
 *
 * A thread of the owner that is inside wait or submit runs them.  When there
 * is none, task work in the last submitter does, or the ring's own thread
 * (sqpoll.c) if it has one; if that thread is gone, what
 * may run on a worker goes there, and the rest makes the ring's file readable
 * until a thread of the owner comes by.
 */
#include <linux/cred.h>
#include <linux/rcupdate.h>
#include <linux/resume_user_mode.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/task_work.h>

#include "cring.h"
#include "point.h"

/**
 * cring_ready_add - a request's wait is over
 * @req: in state @from
 * @from: ARMED, LINKED or DEFERRED; CLAIMED by a device, whose data is there
 *
 * The caller kicks the ring afterwards, with cring_kick().
 *
 * Context: any; also under any wait queue's lock.
 * Return: true when it was added, false when it is no longer in @from.
 */
bool cring_ready_add(struct cring_req *req, enum cring_state from)
{
	struct cring_ring *ring = req->ring;
	unsigned long irqflags;
	bool added;

	spin_lock_irqsave(&ring->queue_lock, irqflags);
	added = cring_word_move(&req->word, from, CRING_READY);
	if (added)
		list_add_tail(&req->node, &ring->ready);
	spin_unlock_irqrestore(&ring->queue_lock, irqflags);
	return added;
}

/**
 * cring_flag - say something in the shared page, under a lock that is held
 * @ring: whose
 * @flag: one of CRING_SHARED_*
 * @on: whether it is so
 *
 * The one place that writes it: @ring has a copy, which must be the same.
 *
 * Context: cring_ring.queue_lock.
 */
void cring_flag(struct cring_ring *ring, u32 flag, bool on)
{
	u32 flags = on ? ring->flags | flag : ring->flags & ~flag;

	lockdep_assert_held(&ring->queue_lock);
	if (flags == ring->flags)
		return;
	ring->flags = flags;
	WRITE_ONCE(ring->shared->flags, flags);
}

/**
 * cring_shared_flag - say something in the shared page
 * @ring: whose
 * @flag: one of CRING_SHARED_*
 * @on: whether it is so
 *
 * Context: process, no cring lock held.
 */
void cring_shared_flag(struct cring_ring *ring, u32 flag, bool on)
{
	spin_lock_irq(&ring->queue_lock);
	cring_flag(ring, flag, on);
	spin_unlock_irq(&ring->queue_lock);
}

static struct cring_req *cring_ready_pop(struct cring_ring *ring)
{
	struct cring_req *req;

	if (list_empty(&ring->ready))
		return NULL;
	spin_lock_irq(&ring->queue_lock);
	req = list_first_entry_or_null(&ring->ready, struct cring_req, node);
	if (req) {
		list_del_init(&req->node);
		cring_word_own(&req->word, CRING_INLINE);
	}
	if (list_empty(&ring->ready))
		cring_flag(ring, CRING_SHARED_READY, false);
	spin_unlock_irq(&ring->queue_lock);
	return req;
}

/* a thread may have other credentials than the one that submitted */
static void cring_run_as(struct cring_req *req, struct cring_batch *batch)
{
	struct cring_ident *ident = req->ident;
	const struct cred *old;

	req->retries = 0;
	/* what was refused for want of memory may have no identity */
	if (!ident || cring_ident_cred(ident) == current_cred()) {
		cring_issue(req, CRING_HOW_INLINE, batch);
		return;
	}
	/* the request is gone after cring_issue(), its credentials must not be */
	cring_ident_hold(ident);
	old = override_creds(cring_ident_cred(ident));
	cring_issue(req, CRING_HOW_INLINE, batch);
	revert_creds(old);
	cring_ident_put(ident);
}

/**
 * cring_run_ready_list - try what has become ready
 * @ring: the caller's
 *
 * Context: a thread of the owner, no cring lock held.
 */
void cring_run_ready_list(struct cring_ring *ring)
{
	struct cring_batch batch;
	struct cring_req *req;

	cring_batch_init(&batch, false);
	atomic_inc(&ring->nr_trying);
	do {
		while ((req = cring_ready_pop(ring))) {
			if (!req->piped || !cring_pipe_run(req, &batch)) {
				cring_disarm(req);
				cring_run_as(req, &batch);
			}
			cond_resched();
		}
		/* posting these may make others ready */
		cring_batch_flush(ring, &batch);
	} while (!list_empty(&ring->ready));
	atomic_dec(&ring->nr_trying);
}

/* May this one run without a thread of the owner? */
static bool cring_ready_for_worker(const struct cring_req *req)
{
	return !req->file || cring_file_worker_allowed(req->file);
}

static void cring_kick_fn(struct work_struct *work)
{
	struct cring_ring *ring = container_of(work, struct cring_ring,
					       kick_work);
	struct cring_req *req, *next;
	struct eventfd_ctx *ctx;
	bool left;

	spin_lock_irq(&ring->queue_lock);
	list_for_each_entry_safe(req, next, &ring->ready, node) {
		if (!cring_ready_for_worker(req))
			continue;
		/* a worker tries it as any */
		req->piped = false;
		list_move_tail(&req->node, &ring->work);
		cring_word_own(&req->word, CRING_QUEUED);
		ring->nr_work++;
	}
	left = !list_empty(&ring->ready);
	cring_flag(ring, CRING_SHARED_READY, left);
	spin_unlock_irq(&ring->queue_lock);
	cring_work_start(ring);

	if (left) {
		wake_up(&ring->waitq);
		__wake_up(&ring->poll_wait, TASK_NORMAL, 0,
			  poll_to_key(EPOLLIN | EPOLL_URING_WAKE));
		rcu_read_lock();
		ctx = rcu_dereference(ring->eventfd);
		if (ctx)
			cring_eventfd_signal(ctx);
		rcu_read_unlock();
	}
	cring_ring_put(ring);
}

static void cring_kick_later(struct cring_ring *ring)
{
	refcount_inc(&ring->refs);
	if (!queue_work(cring_wq, &ring->kick_work))
		cring_ring_put(ring);
}

static void cring_task_work_fn(struct callback_head *work)
{
	struct cring_ring *ring = container_of(work, struct cring_ring,
					       task_work);

	clear_bit(0, &ring->task_work_queued);
	/* the list is looked at after a new kick can be queued */
	smp_mb__after_atomic();
	if (current->mm == ring->mm && !(current->flags & PF_EXITING))
		cring_run_ready(ring);
	else
		cring_kick_later(ring);
	cring_ring_put(ring);
}

/* the last submitter will come by; false when there is none, or it is exiting */
static bool cring_kick_task(struct cring_ring *ring)
{
	lockdep_assert_held(&ring->queue_lock);
	if (test_and_set_bit(0, &ring->task_work_queued))
		return true;
	/* the work's own; what is in flight has another one meanwhile */
	refcount_inc(&ring->refs);
	if (ring->task && !cring_task_work_add(ring->task, &ring->task_work))
		return true;
	refcount_dec(&ring->refs);
	clear_bit(0, &ring->task_work_queued);
	return false;
}

static bool cring_kick_submitter(struct cring_ring *ring)
{
	unsigned long irqflags;
	bool told;

	if (ring->sq_thread)
		return cring_sq_wake(ring);
	spin_lock_irqsave(&ring->queue_lock, irqflags);
	told = cring_kick_task(ring);
	spin_unlock_irqrestore(&ring->queue_lock, irqflags);
	return told;
}

/**
 * cring_kick - see to it that somebody runs the ready list
 * @ring: something was added to its list; it has operations in flight
 *
 * Context: any; also under any wait queue's lock, no cring lock held.
 */
void cring_kick(struct cring_ring *ring)
{
	/* the list before the count: who leaves does it the other way round */
	smp_mb();
	if (atomic_read(&ring->nr_waiting))
		wake_up(&ring->waitq);
	/* a thread that sleeps in a method may be long in coming */
	else if (!cring_kick_submitter(ring) || atomic_read(&ring->nr_trying))
		cring_kick_later(ring);
}

/**
 * cring_ready_wake - cring_ready_add() of what is ARMED, and cring_kick()
 * @req: that its file has woken
 *
 * Mostly nobody waits, or is inside a method: then the list is not let go of before
 * the last submitter is told.
 *
 * Context: under a wait queue's lock, so that nobody gives the request back.
 * Return: false when it is no longer ARMED.
 */
bool cring_ready_wake(struct cring_req *req)
{
	struct cring_ring *ring = req->ring;
	unsigned long irqflags;
	bool added, told = false;

	spin_lock_irqsave(&ring->queue_lock, irqflags);
	added = cring_word_move(&req->word, CRING_ARMED, CRING_READY);
	if (added) {
		list_add_tail(&req->node, &ring->ready);
		/* as in cring_kick() */
		smp_mb();
		told = !atomic_read(&ring->nr_waiting) && !ring->sq_thread &&
		       cring_kick_task(ring) && !atomic_read(&ring->nr_trying);
	}
	spin_unlock_irqrestore(&ring->queue_lock, irqflags);
	if (unlikely(added && !told))
		cring_kick(ring);
	return added;
}

static bool cring_kick_of(const struct callback_head *work,
			  const struct cring_reach *reach, u32 nr)
{
	while (nr--)
		if (work == &reach[nr].ring->task_work)
			return true;
	return false;
}

/**
 * cring_kick_absorb - was a wait interrupted by our own kicks alone?
 * @reach: the rings that the caller waits for
 * @nr: how many
 *
 * The kicks' task work cannot be run here, but what it would do can; the work
 * itself is left for the way back to user space.  Not when somebody else's work
 * is waiting too: that must not be kept from running.
 *
 * Context: a thread of the owner, no lock held.
 * Return: true when the caller may go on to wait.
 */
bool cring_kick_absorb(const struct cring_reach *reach, u32 nr)
{
	struct callback_head *works, *work;
	u32 i;

	if (test_thread_flag(TIF_SIGPENDING))
		return false;
	/* before the work is looked at: who adds some sets the flag after it */
	clear_notify_signal();
	cring_at(CRING_AT_ABSORB, reach->ring, NULL);
	works = READ_ONCE(current->task_works);
	/*
	 * Somebody else's may be gone any time: only ours is followed, and the
	 * scheduler's, which is a part of the task.
	 */
	for (work = works; work; work = READ_ONCE(work->next)) {
		if (!cring_task_work_can_wait(work) &&
		    !cring_kick_of(work, reach, nr)) {
			set_thread_flag(TIF_NOTIFY_SIGNAL);
			return false;
		}
	}
	/* none: it has run already, and the flag came late */
	if (works)
		set_notify_resume(current);
	for (i = 0; i < nr; i++)
		cring_run_ready(reach[i].ring);
	return true;
}

/**
 * cring_ready_init - an empty ready list
 * @ring: being set up
 */
void cring_ready_init(struct cring_ring *ring)
{
	INIT_LIST_HEAD(&ring->ready);
	INIT_WORK(&ring->kick_work, cring_kick_fn);
	init_task_work(&ring->task_work, cring_task_work_fn);
}

/**
 * cring_ready_exit - the module goes away
 *
 * Task work, or a completion, that has dropped its ring, and with it the
 * module, may not have returned yet: wait until no task can be inside.
 */
void cring_ready_exit(void)
{
	synchronize_rcu_tasks();
}
