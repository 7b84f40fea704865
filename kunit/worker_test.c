// SPDX-License-Identifier: GPL-2.0
/*
 * Workers: an interrupt hits the request that it is meant for and no other,
 * and a worker is itself again between two requests (C4 of
 * Documentation/contract.rst; the table in Documentation/security.rst).
 *
 * The rings here have one worker, so that what comes second is run by the
 * thread that ran the first.
 */
#include <linux/cred.h>
#include <linux/iocontext.h>
#include <linux/ioprio.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/workqueue.h>

#include "fixture.h"

enum { A = 1, B = 2 };

/* what one run of a method saw of the thread it was in */
struct seen {
	struct task_struct *task;
	struct mm_struct *mm;
	const struct cred *cred;
	unsigned long fsize;
	int ioprio;
	bool signal;
};

struct workers {
	struct live *live;
	struct script *a, *b;
	atomic_t stage;
	s32 answer;
	struct seen seen[2], before, after;
};

static struct workers *workers_open(struct kunit *test)
{
	struct workers *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, w);
	live_max_workers(test, 1);
	w->live = live_open(test, 8, 0);
	w->live->priv = w;
	w->a = script_open(w->live, SCRIPT_WORKER);
	w->b = script_open(w->live, SCRIPT_WORKER);
	w->a->priv = w;
	w->b->priv = w;
	return w;
}

static void see(struct seen *seen)
{
	seen->task = current;
	seen->mm = current->mm;
	seen->cred = current_cred();
	seen->fsize = rlimit(RLIMIT_FSIZE);
	seen->ioprio = get_current_ioprio();
	seen->signal = signal_pending(current);
}

static ssize_t see_a(struct script *script, struct kiocb *iocb,
		     struct iov_iter *iter)
{
	struct workers *w = script->priv;

	see(&w->seen[0]);
	return script_sleep(script, iocb, iter);
}

static ssize_t see_b(struct script *script, struct kiocb *iocb,
		     struct iov_iter *iter)
{
	struct workers *w = script->priv;

	see(&w->seen[1]);
	return script_sleep(script, iocb, iter);
}

/* B runs in the worker that ran A, undisturbed, until it is let go */
static void expect_b_undisturbed(struct workers *w)
{
	struct kunit *test = w->live->test;

	KUNIT_EXPECT_TRUE(test, script_await(w->b, 1));
	LIVE_EXPECT_STATE(w->live, B, CRING_RUNNING);
	KUNIT_EXPECT_FALSE(test, w->seen[1].signal);
	/* asleep, as nothing has interrupted it */
	KUNIT_EXPECT_TRUE(test, live_until(waitqueue_active(&w->b->wq)));
	KUNIT_EXPECT_FALSE(test, task_sigpending(w->seen[1].task));
	script_let_go(w->b);
	LIVE_EXPECT_WAIT(w->live, B, 1);
	LIVE_EXPECT_NO_CQE(w->live);
}

static void begin_both(struct workers *w)
{
	w->b->run = see_b;
	live_read(w->live, w->a, A);
	live_read(w->live, w->b, B);
}

static void a_worker_that_sleeps_is_interrupted(struct kunit *test)
{
	struct workers *w = workers_open(test);

	live_read(w->live, w->a, A);
	KUNIT_ASSERT_TRUE(test, script_await(w->a, 1));
	KUNIT_EXPECT_EQ(test, live_cancel(w->live, 0, A), -EALREADY);
	/* it had begun: no promise that nothing has happened */
	LIVE_EXPECT_REAPED(w->live, live_wait, A, -ECANCELED, 0);
}

static void what_follows_an_interrupted_request_sees_no_signal(struct kunit *test)
{
	struct workers *w = workers_open(test);

	w->a->run = see_a;
	begin_both(w);
	KUNIT_ASSERT_TRUE(test, script_await(w->a, 1));
	LIVE_EXPECT_STATE(w->live, B, CRING_QUEUED);
	KUNIT_EXPECT_EQ(test, live_cancel(w->live, 0, A), -EALREADY);
	LIVE_EXPECT_WAIT(w->live, A, -ECANCELED);
	expect_b_undisturbed(w);
	KUNIT_EXPECT_PTR_EQ(test, w->seen[0].task, w->seen[1].task);
}

static void a_signal_that_came_too_late_is_not_left_to_the_next(struct kunit *test)
{
	struct workers *w = workers_open(test);

	w->a->run = script_stick;
	begin_both(w);
	KUNIT_ASSERT_TRUE(test, script_await(w->a, 1));
	KUNIT_EXPECT_EQ(test, live_cancel(w->live, 0, A), -EALREADY);
	/* A has not seen it, and never will */
	script_let_go(w->a);
	LIVE_EXPECT_WAIT(w->live, A, 1);
	expect_b_undisturbed(w);
}

static void a_worker_that_is_told_twice_has_one_signal(struct kunit *test)
{
	struct workers *w = workers_open(test);

	w->a->run = script_stick;
	begin_both(w);
	KUNIT_ASSERT_TRUE(test, script_await(w->a, 1));
	KUNIT_EXPECT_EQ(test, live_cancel(w->live, 0, A), -EALREADY);
	KUNIT_EXPECT_EQ(test, live_cancel(w->live, 0, A), -EALREADY);
	script_let_go(w->a);
	LIVE_EXPECT_WAIT(w->live, A, 1);
	expect_b_undisturbed(w);
}

static void worker_is_held(struct live *live, struct cring_req *req)
{
	struct workers *w = live->priv;

	if (atomic_cmpxchg(&w->stage, 0, 1))
		return;
	live_until(atomic_read(&w->stage) == 2);
}

static void let_the_worker_go_on(struct workers *w)
{
	atomic_set(&w->stage, 2);
}

/* A has returned from its method, and its CQE is not posted */
static void an_interrupt_for_what_has_ended_does_not_hit_the_next(struct kunit *test)
{
	struct workers *w = workers_open(test);

	live_at(w->live, CRING_AT_RAN, worker_is_held);
	w->a->run = script_transfer;
	begin_both(w);
	KUNIT_ASSERT_TRUE(test, live_until(atomic_read(&w->stage) == 1));
	LIVE_EXPECT_STATE(w->live, A, CRING_RUNNING);
	KUNIT_EXPECT_EQ(test, live_cancel(w->live, 0, A), -EALREADY);
	let_the_worker_go_on(w);
	LIVE_EXPECT_WAIT(w->live, A, 1);
	expect_b_undisturbed(w);
}

/* A was taken off the list, and may not be interrupted yet */
static void what_is_told_before_it_runs_never_runs(struct kunit *test)
{
	struct workers *w = workers_open(test);

	live_at(w->live, CRING_AT_RUN, worker_is_held);
	begin_both(w);
	KUNIT_ASSERT_TRUE(test, live_until(atomic_read(&w->stage) == 1));
	LIVE_EXPECT_STATE(w->live, A, CRING_RUNNING);
	KUNIT_EXPECT_EQ(test, live_cancel(w->live, 0, A), -EALREADY);
	let_the_worker_go_on(w);
	LIVE_EXPECT_REAPED(w->live, live_wait, A, -ECANCELED,
			   CRING_CQE_F_NOT_STARTED);
	KUNIT_EXPECT_EQ(test, atomic_read(&w->a->calls), 0);
	expect_b_undisturbed(w);
}

/* nothing else may kill what a worker runs: not even root's kill(1) */
static void a_signal_from_elsewhere_does_not_reach_a_request(struct kunit *test)
{
	struct workers *w = workers_open(test);

	w->a->run = see_a;
	live_read(w->live, w->a, A);
	KUNIT_ASSERT_TRUE(test, script_await(w->a, 1));
	/* asleep, and no memory of ours depends on it */
	KUNIT_ASSERT_TRUE(test, live_until(waitqueue_active(&w->a->wq)));
	send_sig(SIGKILL, w->seen[0].task, 0);
	send_sig(SIGTERM, w->seen[0].task, 0);
	KUNIT_EXPECT_FALSE(test, task_sigpending(w->seen[0].task));
	LIVE_EXPECT_STATE(w->live, A, CRING_RUNNING);
	script_let_go(w->a);
	LIVE_EXPECT_WAIT(w->live, A, 1);
}

static void what_waits_for_a_worker_is_stopped_before_it_runs(struct kunit *test)
{
	struct workers *w = workers_open(test);

	begin_both(w);
	KUNIT_ASSERT_TRUE(test, script_await(w->a, 1));
	LIVE_EXPECT_STATE(w->live, B, CRING_QUEUED);
	KUNIT_EXPECT_EQ(test, live_cancel(w->live, 0, B), 0);
	LIVE_EXPECT_CQE_FLAGS(w->live, B, -ECANCELED, CRING_CQE_F_NOT_STARTED);
	script_let_go(w->a);
	LIVE_EXPECT_WAIT(w->live, A, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&w->b->calls), 0);
}

/* ALL: an interrupted worker must not take what the same cancel can stop */
static void all_stops_what_waits_before_it_interrupts_what_runs(struct kunit *test)
{
	struct workers *w = workers_open(test);

	live_read(w->live, w->a, A);
	KUNIT_ASSERT_TRUE(test, script_await(w->a, 1));
	live_read(w->live, w->b, A);
	live_read(w->live, w->b, A);
	KUNIT_EXPECT_EQ(test, live_cancel(w->live, CRING_ASYNC_CANCEL_ALL, A),
			3);
	LIVE_EXPECT_CQE_FLAGS(w->live, A, -ECANCELED, CRING_CQE_F_NOT_STARTED);
	LIVE_EXPECT_CQE_FLAGS(w->live, A, -ECANCELED, CRING_CQE_F_NOT_STARTED);
	LIVE_EXPECT_REAPED(w->live, live_wait, A, -ECANCELED, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&w->b->calls), 0);
}

/* ---------------------------------------------------------------------------
 * Identity
 */

/* the worker's own, whoever it may be: before its first request */
static void see_before(struct live *live, struct cring_req *req)
{
	struct workers *w = live->priv;

	if (!atomic_cmpxchg(&w->stage, 0, 1))
		see(&w->before);
	else
		see(&w->after);
}

static void a_worker_takes_the_submitters_identity_and_gives_it_back(struct kunit *test)
{
	struct workers *w = workers_open(test);
	unsigned long *fsize = &current->signal->rlim[RLIMIT_FSIZE].rlim_cur;
	unsigned long old_fsize = *fsize;
	const struct cred *old;
	struct cred *cred;

	cred = prepare_creds();
	KUNIT_ASSERT_NOT_NULL(test, cred);
	cred->fsuid = KUIDT_INIT(1234);
	old = override_creds(cred);
	WRITE_ONCE(*fsize, 4096);
	set_task_ioprio(current, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 6));
	live_at(w->live, CRING_AT_POP, see_before);
	w->a->run = see_a;
	script_let_go(w->a);
	live_read(w->live, w->a, A);
	LIVE_EXPECT_WAIT(w->live, A, 1);
	/* it looks for more, and finds nothing */
	KUNIT_EXPECT_TRUE(test, live_until(!list_empty(&w->live->ring->idle)));
	WRITE_ONCE(*fsize, old_fsize);
	revert_creds(old);

	KUNIT_EXPECT_PTR_EQ(test, w->before.task, w->seen[0].task);
	KUNIT_EXPECT_PTR_EQ(test, w->before.task, w->after.task);
	KUNIT_EXPECT_PTR_EQ(test, w->seen[0].cred, (const struct cred *)cred);
	KUNIT_EXPECT_EQ(test, w->seen[0].fsize, 4096);
	KUNIT_EXPECT_EQ(test, w->seen[0].ioprio,
			IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 6));
	KUNIT_EXPECT_PTR_EQ(test, w->seen[0].mm, w->live->mm);

	KUNIT_EXPECT_PTR_NE(test, w->before.cred, (const struct cred *)cred);
	KUNIT_EXPECT_PTR_EQ(test, w->after.cred, w->before.cred);
	KUNIT_EXPECT_EQ(test, w->after.fsize, w->before.fsize);
	KUNIT_EXPECT_EQ(test, w->after.ioprio, w->before.ioprio);
	KUNIT_EXPECT_NULL(test, w->after.mm);
	put_cred(cred);
}

static void each_request_runs_as_who_submitted_it(struct kunit *test)
{
	struct workers *w = workers_open(test);
	const struct cred *mine = current_cred(), *old;
	struct cred *cred = prepare_creds();

	KUNIT_ASSERT_NOT_NULL(test, cred);
	w->a->run = see_a;
	w->b->run = see_b;
	old = override_creds(cred);
	live_read(w->live, w->a, A);
	revert_creds(old);
	live_read(w->live, w->b, B);
	KUNIT_EXPECT_TRUE(test, script_await(w->a, 1));
	script_let_go(w->a);
	script_let_go(w->b);
	LIVE_EXPECT_WAIT(w->live, A, 1);
	LIVE_EXPECT_WAIT(w->live, B, 1);
	KUNIT_EXPECT_PTR_EQ(test, w->seen[0].task, w->seen[1].task);
	KUNIT_EXPECT_PTR_EQ(test, w->seen[0].cred, (const struct cred *)cred);
	KUNIT_EXPECT_PTR_EQ(test, w->seen[1].cred, mine);
	put_cred(cred);
}

/* a sync touches no memory, and so does not keep anybody's */
static void what_touches_no_memory_does_not_hold_the_address_space(struct kunit *test)
{
	struct workers *w = workers_open(test);
	struct cring_sqe *sqe = live_sqe(w->live, CRING_OP_FSYNC, A);
	int users = atomic_read(&w->live->mm->mm_users);

	w->a->run = see_a;
	sqe->fd = w->a->fd;
	KUNIT_EXPECT_EQ(test, live_submit(w->live), 1);
	KUNIT_EXPECT_TRUE(test, script_await(w->a, 1));
	KUNIT_EXPECT_NULL(test, w->seen[0].mm);
	KUNIT_EXPECT_EQ(test, atomic_read(&w->live->mm->mm_users), users);
	script_let_go(w->a);
	LIVE_EXPECT_WAIT(w->live, A, 0);
}

static void a_ring_has_no_more_workers_than_it_may(struct kunit *test)
{
	static const unsigned int nr[][2] = {
		{ 0, 1 }, { 1, 1 }, { 3, 3 }, { 512, 512 }, { 100000, 512 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(nr); i++) {
		struct workers *w = workers_open(test);

		live_max_workers(test, nr[i][0]);
		script_let_go(w->a);
		live_read(w->live, w->a, A);
		LIVE_EXPECT_WAIT(w->live, A, 1);
		KUNIT_EXPECT_EQ(test, w->live->ring->nr_workers, nr[i][1]);
	}
}

static void count_pops(struct live *live, struct cring_req *req)
{
	struct workers *w = live->priv;

	atomic_inc(&w->stage);
}

static void the_first_request_starts_one_worker(struct kunit *test)
{
	struct workers *w = workers_open(test);

	live_max_workers(test, 16);
	live_at(w->live, CRING_AT_POP, count_pops);
	live_read(w->live, w->a, A);
	KUNIT_EXPECT_TRUE(test, script_await(w->a, 1));
	/* others, if they were started, have had their time */
	flush_workqueue(cring_wq);
	schedule_timeout_uninterruptible(HZ / 10);
	KUNIT_EXPECT_EQ(test, atomic_read(&w->stage), 1);
	script_let_go(w->a);
	LIVE_EXPECT_WAIT(w->live, A, 1);
}

static struct kunit_case cring_worker_cases[] = {
	KUNIT_CASE(a_worker_that_sleeps_is_interrupted),
	KUNIT_CASE(what_follows_an_interrupted_request_sees_no_signal),
	KUNIT_CASE(a_signal_that_came_too_late_is_not_left_to_the_next),
	KUNIT_CASE(a_worker_that_is_told_twice_has_one_signal),
	KUNIT_CASE(an_interrupt_for_what_has_ended_does_not_hit_the_next),
	KUNIT_CASE(what_is_told_before_it_runs_never_runs),
	KUNIT_CASE(a_signal_from_elsewhere_does_not_reach_a_request),
	KUNIT_CASE(what_waits_for_a_worker_is_stopped_before_it_runs),
	KUNIT_CASE(all_stops_what_waits_before_it_interrupts_what_runs),
	KUNIT_CASE(a_worker_takes_the_submitters_identity_and_gives_it_back),
	KUNIT_CASE(each_request_runs_as_who_submitted_it),
	KUNIT_CASE(what_touches_no_memory_does_not_hold_the_address_space),
	KUNIT_CASE(a_ring_has_no_more_workers_than_it_may),
	KUNIT_CASE(the_first_request_starts_one_worker),
	{}
};

static struct kunit_suite cring_worker_suite = {
	.name = "cring_worker",
	.test_cases = cring_worker_cases,
};

kunit_test_suite(cring_worker_suite);
