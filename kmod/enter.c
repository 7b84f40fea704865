// SPDX-License-Identifier: GPL-2.0
/*
 * The way in: ioctl(2) on a ring, of which most are CRING_IOC_SUBMIT.
 *
 * A program that has one operation at a time pays for this way each time.  So for
 * one NOP, and for one read of what is in the page cache, it is written out here;
 * all others take cring_submit().
 */
#include "nop.h"
#include "quick.h"

/* one SQE, and perhaps a wait for one CQE */
#define CRING_ENTER_ONE		CRING_SUBMIT_ARG(1, 0)
#define CRING_ENTER_WAIT	CRING_SUBMIT_ARG(0, 1)

/* what is left when SQEs were taken, or were not */
static __always_inline long cring_enter_wait(struct cring_ring *ring,
					     unsigned long arg,
					     struct cring_taken taken, u64 rung)
{
	u32 min_complete = (arg >> 16) & CRING_SUBMIT_MAX;
	int ret;

	if (!min_complete || taken.nr < 0 || taken.short_of_slots)
		return taken.nr;
	ret = cring_wait(ring, min_complete, rung, NULL);
	return taken.nr ?: ret;
}

/* whatever it is */
static noinline long cring_enter(struct cring_ring *ring, unsigned long arg)
{
	u64 rung = READ_ONCE(ring->timeouts_rung);
	struct cring_taken taken = cring_submit(ring, arg & CRING_SUBMIT_MAX);

	return cring_enter_wait(ring, arg, taken, rung);
}

/*
 * Below, the caller has submit_mutex, which is let go of.  @rung is from before it
 * had it: what rings while it waits for it ends its wait.
 */

static __always_inline void cring_enter_over(struct cring_ring *ring)
{
	mutex_unlock(&ring->submit_mutex);
	cring_run_ready(ring);
}

/* one, whatever it is */
static noinline long cring_enter_locked(struct cring_ring *ring,
					unsigned long arg, u64 rung)
{
	struct cring_taken taken = cring_submit_locked(ring, 1);

	cring_enter_over(ring);
	return cring_enter_wait(ring, arg, taken, rung);
}

/* no such read: what was looked up for it is what accept.c begins with */
static noinline long cring_enter_looked(struct cring_ring *ring,
					unsigned long arg, u64 rung,
					u32 cancels)
{
	struct cring_taken taken = cring_submit_batch(ring, 0, 1);

	ring->cancels_seen = cancels;
	cring_enter_over(ring);
	return cring_enter_wait(ring, arg, taken, rung);
}

/* one that may be such a read */
static __always_inline long cring_enter_quick(struct cring_ring *ring,
					      const struct cring_sqe *sqe,
					      unsigned long arg, u64 rung)
{
	const union cring_quick_head head = { .word = cring_quick_word(sqe) };
	u32 cancels = atomic_read(&ring->cancels);
	enum cring_one one;

	/* another thread than the last time?  It is to run what becomes ready */
	if (!cring_quick_head(head) || READ_ONCE(ring->shut) ||
	    ring->task != current)
		return cring_enter_locked(ring, arg, rung);
	cring_at(CRING_AT_ACCEPT, ring, NULL);
	one = cring_quick_one(ring, sqe, head);
	if (unlikely(one == CRING_ONE_LOOKED))
		return cring_enter_looked(ring, arg, rung, cancels);
	ring->cancels_seen = cancels;
	cring_enter_over(ring);
	/* its CQE is what was to be waited for */
	if (likely(one == CRING_ONE_OVER) || !(arg & CRING_ENTER_WAIT))
		return 1;
	cring_wait(ring, 1, rung, NULL);
	return 1;
}

/* are there things that may become ready, and is another thread to run them? */
static __always_inline bool cring_enter_others(const struct cring_ring *ring,
					       u32 in_flight)
{
	return unlikely(in_flight) && ring->task != current;
}

/*
 * One bare NOP; nop.c says why this is right.  What user space has made of it since
 * it was looked at does not matter.  False when nothing was done.
 */
static __always_inline bool cring_enter_nop(struct cring_ring *ring,
					    const struct cring_sqe *sqe)
{
	struct cring_nops at;
	u32 in_flight;

	lockdep_assert_held(&ring->submit_mutex);
	spin_lock_irq(&ring->lock);
	cring_at(CRING_AT_NOP, ring, NULL);
	at = cring_nops_begin(ring);
	in_flight = at.accepted - at.finished;
	/* no slot is free when the last is not less: see cring_taken_slots() */
	if (unlikely(cring_nops_matter(ring) || cring_cancel_seen(ring) ||
		     cring_enter_others(ring, in_flight) ||
		     at.tail - READ_ONCE(ring->shared->cq_head) >=
		     ring->cq_mask + 1 - in_flight)) {
		spin_unlock_irq(&ring->lock);
		return false;
	}
	cring_nop_post(ring, &at, 0, sqe);
	cring_nops_end(ring, &at, 1);
	spin_unlock_irq(&ring->lock);
	cring_cq_wake(ring, true);
	return true;
}

static __always_inline long cring_enter_one(struct cring_ring *ring,
					    unsigned long arg)
{
	u64 rung = READ_ONCE(ring->timeouts_rung);
	const struct cring_sqe *sqe;
	u32 avail;

	if (unlikely(mutex_lock_killable(&ring->submit_mutex)))
		return -EINTR;
	/* before the SQE it announces is read */
	avail = smp_load_acquire(&ring->shared->sq_tail) - ring->sq_head;
	/* none, or more than there can be */
	if (unlikely(avail - 1 > ring->sq_mask))
		return cring_enter_locked(ring, arg, rung);
	sqe = cring_sq_first(ring);
	if (!cring_nop_is_bare(sqe))
		return cring_enter_quick(ring, sqe, arg, rung);
	if (unlikely(!cring_enter_nop(ring, sqe)))
		return cring_enter_locked(ring, arg, rung);
	cring_enter_over(ring);
	/* its CQE is what was to be waited for */
	return 1;
}

/**
 * cring_ioctl - ioctl on a file of /dev/cring, by native and 32-bit programs
 * @file: the file
 * @cmd: CRING_IOC_*
 * @arg: a pointer; with %CRING_IOC_SUBMIT two numbers: CRING_SUBMIT_ARG()
 *
 * Context: process; may sleep.
 * Return: what the command does: see the ABI; -EBADFD before there is a ring,
 * -EPERM when it is another's, -ENOTTY for an unknown command.
 */
long cring_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct cring_ring *ring = cring_file_ring(file);

	if (unlikely(!ring))
		return cring_ioctl_new(file, cmd, (void __user *)arg);
	/* a ring is its owner's alone, however somebody came by the file */
	if (unlikely(current->mm != ring->mm) && cmd != CRING_IOC_QUERY)
		return -EPERM;
	if (unlikely(cmd != CRING_IOC_SUBMIT))
		return cring_ioctl_other(ring, cmd, (void __user *)arg);
	if (likely((arg & ~CRING_ENTER_WAIT) == CRING_ENTER_ONE &&
		   !ring->sq_thread))
		return cring_enter_one(ring, arg);
	return cring_enter(ring, arg);
}
