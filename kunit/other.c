// SPDX-License-Identifier: GPL-2.0
/*
 * Other threads of a ring's owner, and points at which threads are held up; see
 * fixture.h.
 */
#include <linux/kthread.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "fixture.h"

/* --- threads --- */

struct other {
	struct list_head node;
	struct task_struct *task;
	struct mm_struct *mm;
	int (*fn)(void *arg);
	void *arg;
	int ret;
	struct completion done;
};

static int other_main(void *data)
{
	struct other *other = data;

	kthread_use_mm(other->mm);
	other->ret = other->fn(other->arg);
	kthread_unuse_mm(other->mm);
	mmput(other->mm);
	complete_all(&other->done);
	return 0;
}

struct other *other_start(struct live *live, int (*fn)(void *arg), void *arg)
{
	struct other *other = kzalloc(sizeof(*other), GFP_KERNEL);
	struct task_struct *task;
	unsigned int cpu;

	KUNIT_ASSERT_NOT_NULL(live->test, other);
	/* it stays where it is, so that either may wait for the other */
	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
	cpu = cpumask_any_but(cpu_online_mask, raw_smp_processor_id());
	other->fn = fn;
	other->arg = arg;
	other->mm = live->mm;
	init_completion(&other->done);
	task = kthread_create(other_main, other, "cring_other");
	if (IS_ERR(task))
		kfree(other);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(live->test, task);
	other->task = get_task_struct(task);
	mmget(other->mm);
	if (cpu < nr_cpu_ids)
		kthread_bind(task, cpu);
	list_add_tail(&other->node, &live->others);
	wake_up_process(task);
	return other;
}

bool other_is_done(struct other *other)
{
	return completion_done(&other->done);
}

int other_join(struct other *other)
{
	if (!wait_for_completion_timeout(&other->done, LIVE_PATIENCE))
		return -ETIMEDOUT;
	return other->ret;
}

void others_end(struct live *live)
{
	struct other *other, *next;

	list_for_each_entry_safe(other, next, &live->others, node) {
		/* until it is out of our code, however long that takes */
		kthread_stop(other->task);
		put_task_struct(other->task);
		kfree(other);
	}
}

void live_meet(atomic_t *meetings, int nth)
{
	atomic_inc_return(meetings);
	while (atomic_read_acquire(meetings) < 2 * nth)
		cpu_relax();
}

/* --- workers --- */

static unsigned int live_old_max_workers;

static void live_max_workers_restore(void *unused)
{
	WRITE_ONCE(cring_max_workers, live_old_max_workers);
	live_old_max_workers = 0;
}

void live_max_workers(struct kunit *test, unsigned int nr)
{
	if (!live_old_max_workers) {
		live_old_max_workers = cring_max_workers;
		KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test,
								live_max_workers_restore,
								NULL), 0);
	}
	WRITE_ONCE(cring_max_workers, nr);
}

/* --- points --- */

cring_point_fn *cring_point_hook;

static struct live *live_pointed;

static void live_point(enum cring_point point, struct cring_ring *ring,
		       struct cring_req *req)
{
	struct live *live = READ_ONCE(live_pointed);
	live_point_fn *fn;

	if (!live || live->ring != ring)
		return;
	fn = READ_ONCE(live->at[point]);
	if (fn)
		fn(live, req);
}

void live_at(struct live *live, enum cring_point point, live_point_fn *fn)
{
	/* one ring at a time */
	KUNIT_ASSERT_TRUE(live->test, !live_pointed || live_pointed == live);
	WRITE_ONCE(live->at[point], fn);
	WRITE_ONCE(live_pointed, live);
	WRITE_ONCE(cring_point_hook, live_point);
}

void live_points_end(struct live *live)
{
	if (live_pointed != live)
		return;
	WRITE_ONCE(cring_point_hook, NULL);
	WRITE_ONCE(live_pointed, NULL);
	/* wake-ups run under RCU, or with interrupts off */
	synchronize_rcu();
}
