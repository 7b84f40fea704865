// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for completions: in the ring's own calls, and through poll.
 */
#include <linux/compat.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "cring.h"

/**
 * cring_time_left - a deadline, as the relative time that waits take
 * @expires: CLOCK_MONOTONIC
 *
 * Return: ns, never negative (which the kernel's waits take for "for ever").
 */
static ktime_t cring_time_left(ktime_t expires)
{
	return max_t(ktime_t, ktime_sub(expires, ktime_get()), 0);
}

/*
 * __no_kcsan: the kernel's own macro looks, unmarked, whether its timer's callback
 * has cleared the pointer to the task; which it sees when it is woken by that, or
 * before.  What is ours here marks its accesses: @over is a function of its own.
 */
static __no_kcsan int cring_wait_once(struct cring_ring *ring,
				      cring_over_fn *over, void *data, u64 arg,
				      const ktime_t *expires)
{
#define CRING_COND (over(ring, data, arg) || !list_empty(&ring->ready))
	ktime_t left;

	if (!expires)
		return wait_event_interruptible(ring->waitq, CRING_COND);
	left = cring_time_left(*expires);
	return wait_event_interruptible_hrtimeout(ring->waitq, CRING_COND,
						  left);
#undef CRING_COND
}

/**
 * cring_wait_for - wait for something that completions bring about
 * @ring: the caller's
 * @over: has it come about?
 * @data: passed to @over
 * @arg: passed to @over
 * @expires: when to give up, CLOCK_MONOTONIC, or NULL
 *
 * Runs what becomes ready meanwhile.
 *
 * Context: a thread of the owner, no cring lock held.
 * Return: 0, -ETIME or -EINTR.
 */
int cring_wait_for(struct cring_ring *ring, cring_over_fn *over, void *data,
		   u64 arg, const ktime_t *expires)
{
	const struct cring_reach self = { .ring = ring };
	int ret = 0;

	cring_run_ready(ring);
	while (!over(ring, data, arg)) {
		if (ret && !(ret == -ERESTARTSYS &&
			     cring_kick_absorb(&self, 1)))
			return ret == -ERESTARTSYS ? -EINTR : ret;
		atomic_inc(&ring->nr_waiting);
		ret = cring_wait_once(ring, over, data, arg, expires);
		atomic_dec(&ring->nr_waiting);
		/* the count before the list: cring_kick() does the reverse */
		smp_mb__after_atomic();
		cring_run_ready(ring);
	}
	return 0;
}

/* is it published, once so many are there? */
static bool cring_enough(struct cring_ring *ring, u64 min)
{
	if (cring_cq_has(ring, min))
		return true;
	if (cring_cq_ready(ring) < min)
		return false;
	/* whoever posted them has published them too when we return */
	if (min)
		cring_cq_settle(ring);
	return true;
}

static bool cring_waited(struct cring_ring *ring, void *rung, u64 min)
{
	if (cring_enough(ring, min))
		return true;
	if (READ_ONCE(ring->timeouts_rung) == *(u64 *)rung)
		return false;
	cring_cq_settle(ring);
	return true;
}

/**
 * cring_wait_cqes - wait until enough CQEs are in the CQ
 * @ring: the caller's
 * @min: how many; at most as many as the CQ has
 * @rung: cring_ring.timeouts_rung when the call began: a TIMEOUT that rings
 *	after that ends the wait, however few there are.  Who has armed one for
 *	that has no other way to be back in time.
 * @expires: when to give up, CLOCK_MONOTONIC, or NULL
 *
 * Context: a thread of the owner, no cring lock held.
 * Return: 0, -ETIME or -EINTR.
 */
int cring_wait_cqes(struct cring_ring *ring, u32 min, u64 rung,
		    const ktime_t *expires)
{
	return cring_wait_for(ring, cring_waited, &rung,
			      min(min, ring->cq_mask + 1), expires);
}

static int cring_get_sigmask(const struct cring_wait *w, sigset_t *mask)
{
	void __user *from = u64_to_user_ptr(w->sigmask);

	if (!w->sigmask)
		return w->sigmask_size ? -EINVAL : 0;
	if (w->sigmask_size != sizeof(u64))
		return -EINVAL;
#ifdef CONFIG_COMPAT
	if (in_compat_syscall())
		return get_compat_sigset(mask, from);
#endif
	return copy_from_user(mask, from, sizeof(*mask)) ? -EFAULT : 0;
}

/* as the kernel's own calls do it: a handler runs, then the old mask is back */
static void cring_set_sigmask(sigset_t *mask)
{
	sigdelsetmask(mask, sigmask(SIGKILL) | sigmask(SIGSTOP));
	current->saved_sigmask = current->blocked;
	set_restore_sigmask();
	sigprocmask(SIG_SETMASK, mask, NULL);
}

/* no signal came: the caller's mask is back before it returns */
static void cring_restore_sigmask(void)
{
	clear_restore_sigmask();
	sigprocmask(SIG_SETMASK, &current->saved_sigmask, NULL);
}

/**
 * cring_wait_ioctl - CRING_IOC_WAIT
 * @ring: the caller's
 * @arg: user pointer to a struct cring_wait
 *
 * Context: a thread of the owner.
 * Return: how many SQEs were accepted; or, if none was, what the wait
 * returned; -EINVAL, -EFAULT, and what cring_submit() returns.
 */
int cring_wait_ioctl(struct cring_ring *ring, void __user *arg)
{
	ktime_t expires = 0, *until = NULL;
	struct cring_taken taken;
	struct cring_wait w;
	sigset_t mask;
	u64 rung;
	int ret;

	if (copy_from_user(&w, arg, sizeof(w)))
		return -EFAULT;
	if (w.flags & ~(CRING_WAIT_TIMEOUT | CRING_WAIT_ABS) ||
	    w.resv[0] || w.resv[1])
		return -EINVAL;
	if (w.flags & CRING_WAIT_TIMEOUT) {
		if (w.timeout < 0)
			return -EINVAL;
		if (w.flags & CRING_WAIT_ABS)
			expires = cring_clock_host(ring, CRING_CLOCK_MONOTONIC,
						   w.timeout);
		else
			expires = ktime_add_safe(ktime_get(), w.timeout);
		until = &expires;
	} else if (w.timeout || w.flags) {
		return -EINVAL;
	}
	ret = cring_get_sigmask(&w, &mask);
	if (ret)
		return ret;
	rung = READ_ONCE(ring->timeouts_rung);
	taken = cring_submit(ring, w.to_submit);
	if (taken.nr < 0 || taken.short_of_slots)
		return taken.nr;
	if (w.sigmask)
		cring_set_sigmask(&mask);
	ret = cring_wait(ring, w.min_complete, rung, until);
	if (w.sigmask && ret != -EINTR)
		cring_restore_sigmask();
	return taken.nr ?: ret;
}

/**
 * cring_poll - poll and epoll on the ring's file
 * @file: a file of /dev/cring
 * @pt: as for any ->poll
 *
 * Readable: a CQE is in the CQ, or an operation became ready and waits for a
 * thread of the owner.  Writable: the SQ has a free entry.
 *
 * Return: EPOLL* events, EPOLLERR when no ring is set up.
 */
__poll_t cring_poll(struct file *file, struct poll_table_struct *pt)
{
	struct cring_ring *ring = cring_file_ring(file);
	__poll_t mask = 0;

	if (!ring)
		return EPOLLERR;
	poll_wait(file, &ring->poll_wait, pt);
	/* queued before the CQ is looked at; pairs with cring_signal() */
	smp_mb();
	if (READ_ONCE(ring->shared->sq_tail) - READ_ONCE(ring->sq_head) <=
	    ring->sq_mask)
		mask |= EPOLLOUT | EPOLLWRNORM;
	if (cring_enough(ring, 1) || !list_empty(&ring->ready))
		mask |= EPOLLIN | EPOLLRDNORM;
	return mask;
}
