// SPDX-License-Identifier: GPL-2.0
/*
 * Times, as user space gives them: the clocks of TIMEOUT, and what an absolute
 * time means in the caller's time namespace.
 */
#include <linux/nsproxy.h>
#include <linux/time64.h>
#include <linux/time_namespace.h>
#include <linux/uaccess.h>

#include "cring.h"

/**
 * cring_clock_of - the clock that a TIMEOUT's flags name
 * @flags: CRING_TIMEOUT_*
 * @clock: set to CRING_CLOCK_*
 *
 * Return: 0, or -EINVAL when they name two.
 */
int cring_clock_of(u32 flags, u32 *clock)
{
	switch (flags & CRING_TIMEOUT_CLOCKS) {
	case 0:
		*clock = CRING_CLOCK_MONOTONIC;
		return 0;
	case CRING_TIMEOUT_BOOTTIME:
		*clock = CRING_CLOCK_BOOTTIME;
		return 0;
	case CRING_TIMEOUT_REALTIME:
		*clock = CRING_CLOCK_REALTIME;
		return 0;
	default:
		return -EINVAL;
	}
}

/**
 * cring_timespec_get - copy a time
 * @addr: of a struct cring_timespec, in user space
 * @time: set to it
 *
 * Context: a thread of the owner, may sleep.
 * Return: 0, -EFAULT or -EINVAL.
 */
int cring_timespec_get(u64 addr, ktime_t *time)
{
	struct cring_timespec ts;

	if (copy_from_user(&ts, u64_to_user_ptr(addr), sizeof(ts)))
		return -EFAULT;
	if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= NSEC_PER_SEC)
		return -EINVAL;
	*time = ktime_set(ts.tv_sec, ts.tv_nsec);
	return 0;
}

static ktime_t cring_clock_offset(u32 clock)
{
	const struct timens_offsets *offsets;

	if (!IS_ENABLED(CONFIG_TIME_NS))
		return 0;
	/* a task's own, and what is in it never changes once a task is in it */
	offsets = &current->nsproxy->time_ns->offsets;
	switch (clock) {
	case CRING_CLOCK_MONOTONIC:
		return timespec64_to_ktime(offsets->monotonic);
	case CRING_CLOCK_BOOTTIME:
		return timespec64_to_ktime(offsets->boottime);
	default:
		return 0;
	}
}

/**
 * cring_clock_fix - the ring's thread reads clocks as the caller does
 * @ring: being set up by its owner
 *
 * Context: a task that is not exiting.
 */
void cring_clock_fix(struct cring_ring *ring)
{
	u32 clock;

	for (clock = 0; clock < CRING_NR_CLOCKS; clock++)
		ring->sq_offset[clock] = cring_clock_offset(clock);
}

/**
 * cring_clock_host - what an absolute time of the caller's is on the kernel's clock
 * @ring: the caller's, or NULL; its own thread stands for who has set it up
 * @clock: CRING_CLOCK_*
 * @time: not negative, as the caller reads that clock in its time namespace
 *
 * Context: a task that is not exiting.
 * Return: the same moment; 0 when it was before the clock began, KTIME_MAX when it
 * is too far away to come.
 */
ktime_t cring_clock_host(const struct cring_ring *ring, u32 clock, ktime_t time)
{
	ktime_t offset = ring && ring->sq_thread == current ?
			 ring->sq_offset[clock] : cring_clock_offset(clock);

	if (time < offset)
		return 0;
	if (offset < 0 && time > KTIME_MAX + offset)
		return KTIME_MAX;
	return time - offset;
}
