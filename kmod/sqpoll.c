// SPDX-License-Identifier: GPL-2.0
/*
 * SQ polling: a kernel thread takes what is in the SQ, so that submitting is a
 * store, and no system call.
 *
 * The thread submits like a thread of the owner, under submit_mutex, and it runs
 * what becomes ready.  It does so on behalf of who has set up the ring, whose
 * identity (ident.c) it takes on for life, in his cgroups; he is no thread of it
 * to a cancel (C11).  It has no descriptors: files are fixed ones.  Nor does it
 * read or write what a worker may not (S5), since it is a kernel thread, too.
 *
 * While there is something to do, and for a time after that, it has the owner's
 * address space; when it goes to sleep it lets go of it, and says so in the shared
 * page.  When the owner is done with the ring it is told by a signal, as a worker
 * is: it may be asleep in a page fault of his.  Then it ends; until it has, it counts
 * as an operation in flight, since it may yet accept some.
 */
#include <linux/cgroup.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "cring.h"

/* jiffies; nobody tells when a record comes back, or what user space makes of slots */
#define CRING_SQ_RETRY	(HZ / 20 + 1)

/* SQEs that it may take, if there are slots for them and the tail is no nonsense */
static bool cring_sq_has_sqes(struct cring_ring *ring)
{
	/* before the SQEs it announces are read */
	u32 filled = smp_load_acquire(&ring->shared->sq_tail) -
		     READ_ONCE(ring->sq_head);

	return filled && filled <= ring->sq_mask + 1 &&
	       cring_free_slots(ring) > READ_ONCE(ring->sq_short);
}

/* is there anything that the thread could do now? */
static bool cring_sq_has_work(struct cring_ring *ring)
{
	return !list_empty(&ring->ready) || cring_sq_has_sqes(ring);
}

static bool cring_sq_over(const struct cring_ring *ring)
{
	return READ_ONCE(ring->shut) || kthread_should_stop();
}

/* do what there is to do; false when that was nothing */
static bool cring_sq_step(struct cring_ring *ring)
{
	bool ready = !list_empty(&ring->ready);
	struct cring_taken taken;
	u32 slots;

	/* not behind who registers something, and sleeps under submit_mutex */
	cring_run_ready(ring);
	if (!cring_sq_has_sqes(ring))
		return ready;
	slots = cring_free_slots(ring);
	taken = cring_submit(ring, ring->sq_mask + 1);
	/* a chain is taken whole: not again until there are more */
	WRITE_ONCE(ring->sq_short, taken.nr <= 0 ? slots : 0);
	if (taken.nr <= 0)
		return ready;
	/* there is room in the SQ */
	if (wq_has_sleeper(&ring->poll_wait))
		__wake_up(&ring->poll_wait, TASK_NORMAL, 0,
			  poll_to_key(EPOLLOUT | EPOLL_URING_WAKE));
	return true;
}

/* with the owner's address space, until there was nothing to do for long enough */
static void cring_sq_poll(struct cring_ring *ring)
{
	unsigned long now = jiffies, until = now + ring->sq_idle;

	while (!cring_sq_over(ring)) {
		if (cring_sq_step(ring))
			until = jiffies + ring->sq_idle;
		else if (time_after(jiffies, until))
			break;
		cpu_relax();
		cond_resched();
		/* now and then by itself: RCU-tasks waits for that */
		if (time_after(jiffies, now)) {
			now = jiffies;
			schedule();
		}
	}
}

static void cring_sq_sleep(struct cring_ring *ring)
{
	cring_shared_flag(ring, CRING_SHARED_NEED_WAKEUP, true);
	/* the flag before the tail; user space: the tail before the flag */
	smp_mb();
	/* what was short of slots, or of records, is tried again now and then */
	wait_event_idle_timeout(ring->sq_wait,
				cring_sq_over(ring) || cring_sq_has_work(ring),
				ring->sq_short ? CRING_SQ_RETRY :
						 MAX_SCHEDULE_TIMEOUT);
	WRITE_ONCE(ring->sq_short, 0);
	cring_shared_flag(ring, CRING_SHARED_NEED_WAKEUP, false);
}

/* how a thread begins: who starts it waits until it does not look there any more */
struct cring_sq_begin {
	struct cring_ring *ring;
	struct completion begun;
};

static int cring_sq_thread_fn(void *data)
{
	struct cring_sq_begin *begin = data;
	struct cring_ring *ring = begin->ring;
	struct cring_ident_saved saved;
	struct cring_comp comp = CRING_COMP_OWN(ring);

	/* from the kernel only: see cring_sq_shut() */
	allow_kernel_signal(SIGKILL);
	cring_ident_assume(ring->ident, &saved);
	complete(&begin->begun);
	while (!cring_sq_over(ring)) {
		cring_sq_sleep(ring);
		if (cring_worker_use_mm(ring)) {
			cring_sq_poll(ring);
			cring_worker_unuse_mm(ring);
		} else {
			/* the owner has none any more: soon the ring is shut */
			schedule_timeout_idle(1);
		}
	}
	cring_ident_drop(ring->ident, &saved);
	/*
	 * What it took is in flight or over, and it takes nothing any more: from
	 * here on the last CQE may end the ring, if its file is closed.
	 */
	cring_comp_begin_own(&comp);
	ring->sq_runs = false;
	cring_comp_end(&comp);
	return 0;
}

/**
 * cring_sq_start - give a ring its thread
 * @ring: being set up by its owner
 * @idle: ms without anything to do after which it goes to sleep, 0 for a second
 *
 * Context: process, may sleep.
 * Return: 0, -ENOMEM, -EINTR when killed, or why it cannot be in the owner's
 * cgroups.
 */
int cring_sq_start(struct cring_ring *ring, u32 idle)
{
	struct cring_sq_begin begin = { .ring = ring };
	struct task_struct *task;
	int ret;

	ret = cring_ident_fix(ring);
	if (ret)
		return ret;
	cring_clock_fix(ring);
	init_completion(&begin.begun);
	ring->sq_idle = msecs_to_jiffies(idle ?: MSEC_PER_SEC);
	task = kthread_create(cring_sq_thread_fn, &begin, "cring_sq-%d",
			      task_tgid_nr(current));
	if (IS_ERR(task))
		return PTR_ERR(task);
	ring->sq_thread = get_task_struct(task);
	ring->sq_runs = true;
	wake_up_process(task);
	/* a new kernel thread may choose its processors: those of the cpuset last */
	wait_for_completion(&begin.begun);
	/* it uses the owner's share of the processors, and is as nice as he is */
	ret = cgroup_attach_task_all(current, task);
	if (!ret)
		set_user_nice(task, task_nice(current));
	return ret;
}

/**
 * cring_sq_wake - there may be something to do
 * @ring: with a thread
 *
 * Context: any; also under any wait queue's lock.
 * Return: false when the thread does nothing any more.
 */
bool cring_sq_wake(struct cring_ring *ring)
{
	/* what there is before the look whether it sleeps */
	if (wq_has_sleeper(&ring->sq_wait) && cring_sq_has_work(ring))
		wake_up(&ring->sq_wait);
	return !READ_ONCE(ring->shut);
}

/**
 * cring_sq_submit - the owner submits to a ring with a thread
 * @ring: the caller's
 * @to_submit: how many SQEs he has filled
 *
 * Context: a thread of the owner.
 * Return: as cring_submit(): all of them are taken, sooner or later.
 */
struct cring_taken cring_sq_submit(struct cring_ring *ring, u32 to_submit)
{
	struct cring_taken taken = { .nr = min(to_submit, ring->sq_mask + 1) };
	/* the thread may have gone beyond this tail when its head is looked at */
	u32 tail = smp_load_acquire(&ring->shared->sq_tail);
	u32 filled = tail - READ_ONCE(ring->sq_head);

	if (READ_ONCE(ring->shut))
		taken.nr = -EBADFD;
	else if ((s32)filled > (s32)ring->sq_mask + 1)
		taken.nr = -EINVAL;
	else
		cring_sq_wake(ring);
	cring_run_ready(ring);
	return taken;
}

/**
 * cring_sq_shut - the owner is done with the ring
 * @ring: @shut is set
 *
 * The thread ends, and whatever it sleeps in for the owner's sake is over.
 *
 * Context: any.
 */
void cring_sq_shut(struct cring_ring *ring)
{
	if (!ring->sq_thread)
		return;
	send_sig(SIGKILL, ring->sq_thread, 1);
	wake_up(&ring->sq_wait);
}

/**
 * cring_sq_stop - wait for the end of the thread
 * @ring: nothing in flight
 *
 * It may still be told that the owner is done with the ring.
 *
 * Context: the module's workqueue.
 */
void cring_sq_stop(struct cring_ring *ring)
{
	if (ring->sq_thread)
		kthread_stop(ring->sq_thread);
}
