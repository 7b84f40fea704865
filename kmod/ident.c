// SPDX-License-Identifier: GPL-2.0
/*
 * Identity: what the kernel reads from the current task, and would get wrong
 * in a worker.
 *
 * It is recorded before an operation waits for anything, in the thread that
 * submitted it, and taken on around the operation.  A ring's submitters are
 * mostly one thread that does not change, so the last identity is kept and
 * shared.  It holds what it points to, so equal pointers mean the same thing.
 */
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/iocontext.h>
#include <linux/ioprio.h>
#include <linux/kcov.h>
#include <linux/kthread.h>
#include <linux/memcontrol.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "cring.h"

/**
 * struct cring_ident - on whose behalf a worker runs
 * @kcov: who is told what code is executed, in a kernel for fuzzing; else 0
 * @refs: the ring's cache, and each operation
 * @ioprio: I/O priority in effect, so never IOPRIO_CLASS_NONE
 * @fsize: RLIMIT_FSIZE, bytes
 * @thread: who submitted, referenced: no later thread has the same one; NULL when
 *	that was no thread of the owner
 * @cred: referenced
 * @memcg: memory cgroup that pays, referenced; or NULL
 * @blkcg: I/O cgroup that pays, referenced; or NULL
 */
struct cring_ident {
	typeof(kcov_common_handle()) kcov;	/* a type of its own in newer kernels */
	refcount_t refs;
	int ioprio;
	unsigned long fsize;
	struct pid *thread;
	const struct cred *cred;
	struct cgroup_subsys_state *memcg;
	struct cgroup_subsys_state *blkcg;
};

/* the current task's cgroups, under RCU */
static struct cgroup_subsys_state *cring_memcg(void)
{
#ifdef CONFIG_MEMCG
	return task_css(current, memory_cgrp_id);
#else
	return NULL;
#endif
}

static struct cgroup_subsys_state *cring_blkcg(void)
{
#ifdef CONFIG_BLK_CGROUP
	return task_css(current, io_cgrp_id);
#else
	return NULL;
#endif
}

static bool cring_css_tryget(struct cgroup_subsys_state *css)
{
	/* not even declared in a kernel without cgroups */
#ifdef CONFIG_CGROUPS
	return css_tryget(css);
#else
	return true;
#endif
}

static struct cgroup_subsys_state *
cring_css_get(struct cgroup_subsys_state *(*which)(void))
{
	struct cgroup_subsys_state *css;

	/* it can only be going away when the task was moved just now */
	rcu_read_lock();
	do {
		css = which();
	} while (css && !cring_css_tryget(css));
	rcu_read_unlock();
	return css;
}

/* whose it is, and what it may do: all that somebody is asked who only waits */
static bool cring_ident_is_caller(const struct cring_ident *ident)
{
	return ident->thread == task_pid(current) &&
	       ident->cred == current_cred();
}

static bool cring_ident_is_current(const struct cring_ident *ident)
{
	bool same;

	if (!cring_ident_is_caller(ident) ||
	    ident->fsize != rlimit(RLIMIT_FSIZE) ||
	    ident->ioprio != get_current_ioprio())
		return false;

	rcu_read_lock();
	same = ident->memcg == cring_memcg() && ident->blkcg == cring_blkcg();
	rcu_read_unlock();
	return same;
}

static struct cring_ident *cring_ident_new(gfp_t gfp)
{
	struct cring_ident *ident;

	ident = kmalloc(sizeof(*ident), gfp);
	if (!ident)
		return NULL;
	refcount_set(&ident->refs, 1);
	ident->ioprio = get_current_ioprio();
	ident->fsize = rlimit(RLIMIT_FSIZE);
	ident->kcov = kcov_common_handle();
	ident->thread = get_pid(task_pid(current));
	ident->cred = get_current_cred();
	ident->memcg = cring_css_get(cring_memcg);
	ident->blkcg = cring_css_get(cring_blkcg);
	return ident;
}

/**
 * cring_ident_get - record who the current task is
 * @ring: the task's ring; the identity is kept in its @ident
 * @waits: for what does no more than wait: no priority, limit or cgroup matters
 *	to that, and the one that is kept may have older ones
 *
 * Context: a thread of the owner, under cring_ring.submit_mutex.
 * Return: a referenced identity, or NULL when there is no memory for one.
 */
struct cring_ident *cring_ident_get(struct cring_ring *ring, bool waits)
{
	struct cring_ident *ident = ring->ident;
	enum cring_known enough = waits ? CRING_KNOWN_WAITS : CRING_KNOWN_ALL;

	lockdep_assert_held(&ring->submit_mutex);
	if (!ident || !(ring->sq_thread || ring->ident_known >= enough ||
			(waits ? cring_ident_is_caller(ident) :
				 cring_ident_is_current(ident)))) {
		ident = cring_ident_new(GFP_KERNEL_ACCOUNT);
		if (!ident)
			return NULL;
		cring_ident_put(ring->ident);
		ring->ident = ident;
	}
	/* the rest of a batch is its submitter's, too */
	if (ring->batch_nr && ring->ident_known < enough)
		ring->ident_known = enough;
	cring_ident_hold(ident);
	return ident;
}

/**
 * cring_ident_get_many - the same for several that only wait
 * @ring: the task's ring
 * @nr: how many
 *
 * Context: as for cring_ident_get().
 * Return: an identity with so many references, or NULL.
 */
struct cring_ident *cring_ident_get_many(struct cring_ring *ring,
					 unsigned int nr)
{
	struct cring_ident *ident = cring_ident_get(ring, true);

	if (likely(ident) && nr > 1)
		refcount_add(nr - 1, &ident->refs);
	return ident;
}

/**
 * cring_ident_keep - record who the current task is, whatever happens
 * @ring: the task's ring
 *
 * For what a device has been given already, and is therefore in flight.
 *
 * Context: as for cring_ident_get().
 * Return: a referenced identity.
 */
struct cring_ident *cring_ident_keep(struct cring_ring *ring)
{
	struct cring_ident *ident = cring_ident_get(ring, false);

	return likely(ident) ? ident :
			       cring_ident_new(GFP_KERNEL | __GFP_NOFAIL);
}

/**
 * cring_ident_fix - whoever submits does so on behalf of the current task
 * @ring: being set up: it will have a thread for that
 *
 * Of none of his threads, though: to a cancel what another one submits is not his
 * (C11).
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM.
 */
int cring_ident_fix(struct cring_ring *ring)
{
	struct cring_ident *ident = cring_ident_new(GFP_KERNEL_ACCOUNT);

	if (!ident)
		return -ENOMEM;
	put_pid(ident->thread);
	ident->thread = NULL;
	ring->ident = ident;
	return 0;
}

/**
 * cring_ident_hold - take another reference
 * @ident: an identity that the caller has a reference to
 *
 * Context: any.
 */
void cring_ident_hold(struct cring_ident *ident)
{
	refcount_inc(&ident->refs);
}

/**
 * cring_ident_put - give a reference back
 * @ident: an identity, or NULL
 *
 * Context: any.
 */
void cring_ident_put(struct cring_ident *ident)
{
	if (ident)
		cring_ident_put_many(ident, 1);
}

/**
 * cring_ident_put_many - give several back
 * @ident: an identity
 * @nr: how many
 *
 * Context: any.
 */
void cring_ident_put_many(struct cring_ident *ident, unsigned int nr)
{
	if (!refcount_sub_and_test(nr, &ident->refs))
		return;
	if (ident->blkcg)
		css_put(ident->blkcg);
	if (ident->memcg)
		css_put(ident->memcg);
	put_cred(ident->cred);
	put_pid(ident->thread);
	kfree(ident);
}

/**
 * cring_ident_cred - the credentials of an identity
 * @ident: an identity
 *
 * Context: any.
 * Return: valid as long as @ident is.
 */
const struct cred *cring_ident_cred(const struct cring_ident *ident)
{
	return ident->cred;
}

/**
 * cring_ident_thread - who submitted
 * @ident: an identity
 *
 * Context: any.
 * Return: valid as long as @ident is.
 */
const struct pid *cring_ident_thread(const struct cring_ident *ident)
{
	return ident->thread;
}

/* as set by somebody, unlike get_current_ioprio(): to be put back as it was */
static int cring_own_ioprio(void)
{
	struct io_context *ioc = current->io_context;

	return ioc ? ioc->ioprio : IOPRIO_DEFAULT;
}

static void cring_set_fsize(unsigned long fsize)
{
	WRITE_ONCE(current->signal->rlim[RLIMIT_FSIZE].rlim_cur, fsize);
}

/**
 * cring_ident_assume - become somebody, in a worker
 * @ident: whom; stays valid until cring_ident_drop()
 * @saved: filled with what cring_ident_drop() puts back
 *
 * A kernel thread's limits are its own, so setting one affects nobody else; it
 * ignores the SIGXFSZ, which therefore reaches no one.
 *
 * Context: a kernel thread that is not somebody already; may not nest.
 */
void cring_ident_assume(const struct cring_ident *ident,
			struct cring_ident_saved *saved)
{
	/*
	 * First, because somebody else may not change a worker's priority.  It
	 * fails for want of memory only, and is only a hint.
	 */
	saved->ioprio = cring_own_ioprio();
	if (ident->ioprio != get_current_ioprio())
		set_task_ioprio(current, ident->ioprio);

	/* whether it takes a reference depends on the kernel: @ident has one */
	saved->cred = override_creds(ident->cred);
	saved->memcg = set_active_memcg(mem_cgroup_from_css(ident->memcg));
	kthread_associate_blkcg(ident->blkcg);
	saved->fsize = rlimit(RLIMIT_FSIZE);
	cring_set_fsize(ident->fsize);
	kcov_remote_start_common(ident->kcov);
}

/**
 * cring_ident_drop - become oneself again
 * @ident: what was given to cring_ident_assume()
 * @saved: what it filled
 *
 * Context: the thread that called cring_ident_assume().
 */
void cring_ident_drop(const struct cring_ident *ident,
		      struct cring_ident_saved *saved)
{
	kcov_remote_stop();
	cring_set_fsize(saved->fsize);
	kthread_associate_blkcg(NULL);
	set_active_memcg(saved->memcg);
	revert_creds(saved->cred);
	if (saved->ioprio != cring_own_ioprio())
		set_task_ioprio(current, saved->ioprio);
}
