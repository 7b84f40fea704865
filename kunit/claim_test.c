// SPDX-License-Identifier: GPL-2.0
/*
 * The claim: a cancel meets a wake-up, a worker, a device, another thread, a
 * timer, another cancel.  Each order is forced at a point where one side has
 * looked and not yet acted; then both sides run into each other freely.  Every
 * time there is one owner, and one CQE (C1, C3 and C4 of
 * Documentation/contract.rst).
 */
#include <linux/sched.h>

#include "fixture.h"

#define UD	1	/* the operation's user_data */

struct claim {
	struct live *live;
	struct script *script;
	atomic_t stage;
	s32 answer;
	unsigned int test_cpu;
	unsigned int worker_cpu;
};

static struct claim *claim_open(struct kunit *test, enum script_kind kind)
{
	struct claim *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->live = live_open(test, 4, 0);
	c->script = script_open(c->live, kind);
	c->live->priv = c;
	return c;
}

static void stage_set(struct claim *c, int stage)
{
	atomic_set(&c->stage, stage);
}

static bool stage_is(const struct claim *c, int stage)
{
	return atomic_read(&c->stage) >= stage;
}

static enum cring_state state_of(struct cring_req *req)
{
	return cring_word_state(atomic64_read(&req->word));
}

/* the cancel, its other side, and what both have left */
static void expect_end(struct claim *c, s32 answer, s32 res, u32 flags)
{
	struct kunit *test = c->live->test;

	KUNIT_EXPECT_EQ(test, c->answer, answer);
	KUNIT_EXPECT_TRUE(test, live_until(live_nr_cqes(c->live)));
	LIVE_EXPECT_CQE_FLAGS(c->live, UD, res, flags);
	cring_run_ready(c->live->ring);
	LIVE_EXPECT_NO_CQE(c->live);
	KUNIT_EXPECT_EQ(test, live_in_flight(c->live), 0);
	KUNIT_EXPECT_EQ(test, live_cancel(c->live, 0, UD), -ENOENT);
}

/* ---------------------------------------------------------------------------
 * A wake-up
 */

/* the cancel has seen it ARMED: a wake-up makes it READY */
static void let_it_be_woken(struct live *live, struct cring_req *req)
{
	struct claim *c = live->priv;

	if (stage_is(c, 1))
		return;
	stage_set(c, 1);
	live_spin(state_of(req) == CRING_READY);
}

static int wake_when_told(void *arg)
{
	struct claim *c = arg;

	live_spin(stage_is(c, 1));
	script_ready(c->script, EPOLLIN);
	return 0;
}

static void a_cancel_that_a_wake_up_overtakes_stops_it_all_the_same(struct kunit *test)
{
	struct claim *c;
	struct other *other;

	live_needs_two(test);
	c = claim_open(test, SCRIPT_POLL);
	KUNIT_ASSERT_EQ(test, live_read(c->live, c->script, UD), CRING_ARMED);
	live_at(c->live, CRING_AT_CANCEL, let_it_be_woken);
	other = other_start(c->live, wake_when_told, c);
	c->answer = live_cancel(c->live, 0, UD);
	KUNIT_EXPECT_EQ(test, other_join(other), 0);
	expect_end(c, 0, -ECANCELED, CRING_CQE_F_NOT_STARTED);
	/* tried when it was submitted, and not again */
	KUNIT_EXPECT_EQ(test, atomic_read(&c->script->calls), 1);
}

/* the wake-up has seen it ARMED: a cancel takes it */
static void let_it_be_cancelled(struct live *live, struct cring_req *req)
{
	struct claim *c = live->priv;

	if (stage_is(c, 1))
		return;
	stage_set(c, 1);
	live_spin(state_of(req) != CRING_ARMED);
}

static int wake(void *arg)
{
	struct claim *c = arg;

	script_ready(c->script, EPOLLIN);
	return 0;
}

static void a_wake_up_that_a_cancel_overtakes_leaves_it_alone(struct kunit *test)
{
	struct claim *c;
	struct other *other;

	live_needs_two(test);
	c = claim_open(test, SCRIPT_POLL);
	KUNIT_ASSERT_EQ(test, live_read(c->live, c->script, UD), CRING_ARMED);
	live_at(c->live, CRING_AT_WAKE, let_it_be_cancelled);
	other = other_start(c->live, wake, c);
	KUNIT_EXPECT_TRUE(test, live_spin(stage_is(c, 1)));
	c->answer = live_cancel(c->live, 0, UD);
	KUNIT_EXPECT_EQ(test, other_join(other), 0);
	expect_end(c, 0, -ECANCELED, CRING_CQE_F_NOT_STARTED);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->script->calls), 1);
}

/* ---------------------------------------------------------------------------
 * A thread that tries again what has become ready
 */

static void let_it_be_tried(struct live *live, struct cring_req *req)
{
	struct claim *c = live->priv;

	if (stage_is(c, 1))
		return;
	stage_set(c, 1);
	live_spin(state_of(req) == CRING_INLINE);
}

static int try_when_told(void *arg)
{
	struct claim *c = arg;

	live_spin(stage_is(c, 1));
	cring_run_ready(c->live->ring);
	return 0;
}

static void a_cancel_that_a_try_overtakes_is_too_late_to_stop_it(struct kunit *test)
{
	struct claim *c;
	struct other *other;

	live_needs_two(test);
	c = claim_open(test, SCRIPT_POLL);
	KUNIT_ASSERT_EQ(test, live_read(c->live, c->script, UD), CRING_ARMED);
	script_ready(c->script, EPOLLIN);
	LIVE_EXPECT_STATE(c->live, UD, CRING_READY);
	/* somebody else was faster to read: it would wait again */
	script_ready(c->script, 0);
	live_at(c->live, CRING_AT_CANCEL, let_it_be_tried);
	other = other_start(c->live, try_when_told, c);
	c->answer = live_cancel(c->live, 0, UD);
	KUNIT_EXPECT_EQ(test, other_join(other), 0);
	/* it was told to stop, so it does not wait */
	expect_end(c, -EALREADY, -ECANCELED, CRING_CQE_F_NOT_STARTED);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->script->calls), 2);
}

static void what_is_cancelled_when_ready_is_not_tried_again(struct kunit *test)
{
	struct claim *c = claim_open(test, SCRIPT_POLL);

	KUNIT_ASSERT_EQ(test, live_read(c->live, c->script, UD), CRING_ARMED);
	script_ready(c->script, EPOLLIN);
	LIVE_EXPECT_STATE(c->live, UD, CRING_READY);
	c->answer = live_cancel(c->live, 0, UD);
	expect_end(c, 0, -ECANCELED, CRING_CQE_F_NOT_STARTED);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->script->calls), 1);
}

/* and the shared page says of all else what it has said */
static void what_is_cancelled_when_ready_leaves_the_thread_asleep(struct kunit *test)
{
	struct claim *c = claim_open(test, SCRIPT_POLL);
	struct cring_ring *ring = c->live->ring;

	cring_shared_flag(ring, CRING_SHARED_NEED_WAKEUP, true);
	cring_shared_flag(ring, CRING_SHARED_READY, true);
	KUNIT_ASSERT_EQ(test, live_read(c->live, c->script, UD), CRING_ARMED);
	script_ready(c->script, EPOLLIN);
	LIVE_EXPECT_STATE(c->live, UD, CRING_READY);
	c->answer = live_cancel(c->live, 0, UD);
	expect_end(c, 0, -ECANCELED, CRING_CQE_F_NOT_STARTED);
	KUNIT_EXPECT_EQ(test, ring->flags, CRING_SHARED_NEED_WAKEUP);
	KUNIT_EXPECT_EQ(test, ring->shared->flags, CRING_SHARED_NEED_WAKEUP);
	/* that one sees what becomes ready */
	cring_shared_flag(ring, CRING_SHARED_READY, true);
	KUNIT_EXPECT_EQ(test, ring->shared->flags,
			CRING_SHARED_NEED_WAKEUP | CRING_SHARED_READY);
}

/* ---------------------------------------------------------------------------
 * A worker
 */

/* awake, on another processor than the test, so that either may spin */
static void worker_waits(struct live *live, struct cring_req *req)
{
	struct claim *c = live->priv;

	if (stage_is(c, 1))
		return;
	for (;;) {
		unsigned int cpu = get_cpu();

		WRITE_ONCE(c->worker_cpu, cpu);
		if (READ_ONCE(c->test_cpu) != cpu)
			break;
		put_cpu();
		schedule_timeout_uninterruptible(1);
	}
	stage_set(c, 1);
	live_spin(stage_is(c, 2));
	put_cpu();
}

/* the test makes room for the worker, not the other way round */
static void avoid_worker(struct claim *c)
{
	unsigned int cpu;

	if (READ_ONCE(c->worker_cpu) != c->test_cpu)
		return;
	cpu = cpumask_any_but(cpu_online_mask, c->test_cpu);
	set_cpus_allowed_ptr(current, cpumask_of(cpu));
	WRITE_ONCE(c->test_cpu, cpu);
}

static void let_it_be_taken(struct live *live, struct cring_req *req)
{
	struct claim *c = live->priv;

	if (stage_is(c, 2))
		return;
	stage_set(c, 2);
	live_spin(state_of(req) == CRING_RUNNING);
}

static void worker_waits_for_the_answer(struct live *live,
					struct cring_req *req)
{
	struct claim *c = live->priv;

	live_until(stage_is(c, 3));
}

static struct claim *claim_worker(struct kunit *test)
{
	struct claim *c = claim_open(test, SCRIPT_WORKER);

	live_max_workers(test, 1);
	c->test_cpu = raw_smp_processor_id();
	c->worker_cpu = nr_cpu_ids;
	set_cpus_allowed_ptr(current, cpumask_of(c->test_cpu));
	live_at(c->live, CRING_AT_POP, worker_waits);
	KUNIT_ASSERT_EQ(test, live_read(c->live, c->script, UD), CRING_QUEUED);
	KUNIT_ASSERT_TRUE(test, live_spin(({
		/*
		 * No timer: while the worker spins, ksoftirqd of its processor
		 * cannot run, and may have those of this one, too.
		 */
		schedule();
		avoid_worker(c);
		stage_is(c, 1);
	})));
	return c;
}

static void a_cancel_that_a_worker_overtakes_finds_it_running(struct kunit *test)
{
	struct claim *c;

	live_needs_two(test);
	c = claim_worker(test);
	live_at(c->live, CRING_AT_CANCEL, let_it_be_taken);
	live_at(c->live, CRING_AT_RUN, worker_waits_for_the_answer);
	c->answer = live_cancel(c->live, 0, UD);
	LIVE_EXPECT_STATE(c->live, UD, CRING_RUNNING);
	stage_set(c, 3);
	/* it was told before it began */
	expect_end(c, -EALREADY, -ECANCELED, CRING_CQE_F_NOT_STARTED);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->script->calls), 0);
}

static void a_worker_that_a_cancel_overtakes_finds_nothing(struct kunit *test)
{
	struct claim *c;

	live_needs_two(test);
	c = claim_worker(test);
	c->answer = live_cancel(c->live, 0, UD);
	KUNIT_EXPECT_EQ(test, live_nr_cqes(c->live), 1);
	stage_set(c, 2);
	expect_end(c, 0, -ECANCELED, CRING_CQE_F_NOT_STARTED);
	/* the worker has looked, and gone to sleep */
	KUNIT_EXPECT_TRUE(test, live_until(!list_empty(&c->live->ring->idle)));
	KUNIT_EXPECT_EQ(test, atomic_read(&c->script->calls), 0);
}

/* ---------------------------------------------------------------------------
 * A device
 */

static void let_it_be_completed(struct live *live, struct cring_req *req)
{
	struct claim *c = live->priv;

	if (stage_is(c, 1))
		return;
	stage_set(c, 1);
	live_spin(state_of(req) == CRING_CLAIMED);
}

static int complete_when_told(void *arg)
{
	struct claim *c = arg;

	live_spin(stage_is(c, 1));
	return script_complete(c->script, 0, 1);
}

static void a_cancel_that_a_device_overtakes_still_finds_it(struct kunit *test)
{
	struct claim *c;
	struct other *other;

	live_needs_two(test);
	c = claim_open(test, SCRIPT_DEVICE);
	KUNIT_ASSERT_EQ(test, live_read(c->live, c->script, UD),
			CRING_DISPATCHED);
	live_at(c->live, CRING_AT_CANCEL, let_it_be_completed);
	other = other_start(c->live, complete_when_told, c);
	c->answer = live_cancel(c->live, 0, UD);
	KUNIT_EXPECT_EQ(test, other_join(other), 1);
	/* claimed, and its CQE not posted: not -ENOENT */
	expect_end(c, -EALREADY, 1, 0);
}

static void what_a_device_has_ends_as_the_device_says(struct kunit *test)
{
	struct claim *c = claim_open(test, SCRIPT_DEVICE);

	KUNIT_ASSERT_EQ(test, live_read(c->live, c->script, UD),
			CRING_DISPATCHED);
	c->answer = live_cancel(c->live, 0, UD);
	LIVE_EXPECT_NO_CQE(c->live);
	KUNIT_EXPECT_EQ(test, live_cancel(c->live, 0, UD), -EALREADY);
	script_complete(c->script, 0, 1);
	expect_end(c, -EALREADY, 1, 0);
}

static void what_a_device_would_block_for_ends_when_it_was_told(struct kunit *test)
{
	struct claim *c = claim_open(test, SCRIPT_DEVICE);

	KUNIT_ASSERT_EQ(test, live_read(c->live, c->script, UD),
			CRING_DISPATCHED);
	c->answer = live_cancel(c->live, 0, UD);
	script_complete(c->script, 0, -EAGAIN);
	/* the device had it, so it is not "never started" */
	expect_end(c, -EALREADY, -ECANCELED, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->script->calls), 1);
}

static int complete_it(void *arg)
{
	struct claim *c = arg;

	return script_complete(c->script, 0, 1);
}

static ssize_t complete_and_cancel(struct script *script, struct kiocb *iocb,
				   struct iov_iter *iter)
{
	struct claim *c = script->priv;
	ssize_t ret = script_queue(script, iocb, iter);

	/* elsewhere: what ends on the submitter's own stack is in direct_test.c */
	KUNIT_EXPECT_EQ(c->live->test,
			other_join(other_start(c->live, complete_it, c)), 1);
	c->answer = live_cancel(c->live, 0, UD);
	return ret;
}

static void what_completes_in_the_method_is_gone_before_it_returns(struct kunit *test)
{
	struct claim *c = claim_open(test, SCRIPT_DEVICE);

	c->script->priv = c;
	c->script->run = complete_and_cancel;
	live_read(c->live, c->script, UD);
	expect_end(c, -ENOENT, 1, 0);
}

/* ---------------------------------------------------------------------------
 * The thread that submits
 */

static ssize_t cancel_and_go_on(struct script *script, struct kiocb *iocb,
				struct iov_iter *iter)
{
	struct claim *c = script->priv;

	c->answer = live_cancel(c->live, 0, UD);
	return -EAGAIN;
}

static void what_is_told_to_stop_while_it_is_tried_does_not_wait(struct kunit *test)
{
	struct claim *c = claim_open(test, SCRIPT_POLL);

	c->script->priv = c;
	c->script->run = cancel_and_go_on;
	live_read(c->live, c->script, UD);
	expect_end(c, -EALREADY, -ECANCELED, CRING_CQE_F_NOT_STARTED);
	/* nobody else uses it now */
	KUNIT_EXPECT_FALSE(test, waitqueue_active(&c->script->wq));
}

static ssize_t cancel_and_queue(struct script *script, struct kiocb *iocb,
				struct iov_iter *iter)
{
	struct claim *c = script->priv;

	c->answer = live_cancel(c->live, 0, UD);
	return script_queue(script, iocb, iter);
}

static void what_is_told_to_stop_on_its_way_into_a_device_goes_on(struct kunit *test)
{
	struct claim *c = claim_open(test, SCRIPT_DEVICE);

	c->script->priv = c;
	c->script->run = cancel_and_queue;
	KUNIT_EXPECT_EQ(test, live_read(c->live, c->script, UD),
			CRING_DISPATCHED);
	LIVE_EXPECT_NO_CQE(c->live);
	script_complete(c->script, 0, 1);
	expect_end(c, -EALREADY, 1, 0);
}

static ssize_t cancel_the_next(struct script *script, struct kiocb *iocb,
			       struct iov_iter *iter)
{
	struct claim *c = script->priv;

	c->answer = live_cancel(c->live, 0, UD + 1);
	return script_transfer(script, iocb, iter);
}

static void what_the_batch_has_not_tried_yet_is_stopped(struct kunit *test)
{
	struct claim *c = claim_open(test, SCRIPT_POLL);
	struct script *never = script_open(c->live, SCRIPT_POLL);

	c->script->priv = c;
	c->script->run = cancel_the_next;
	live_prep_read(live_sqe(c->live, 0, UD), c->script, c->live->args, 1);
	live_prep_read(live_sqe(c->live, 0, UD + 1), never, c->live->args, 1);
	KUNIT_EXPECT_EQ(test, live_submit(c->live), 2);
	KUNIT_EXPECT_EQ(test, c->answer, 0);
	LIVE_EXPECT_CQE_FLAGS(c->live, UD + 1, -ECANCELED,
			      CRING_CQE_F_NOT_STARTED);
	LIVE_EXPECT_CQE(c->live, UD, 1);
	LIVE_EXPECT_NO_CQE(c->live);
	KUNIT_EXPECT_EQ(test, atomic_read(&never->calls), 0);
}

static void what_has_finished_in_the_batch_is_not_gone_before_its_cqe(struct kunit *test)
{
	struct claim *c = claim_open(test, SCRIPT_POLL);
	struct script *second = script_open(c->live, SCRIPT_POLL);

	c->script->run = script_transfer;
	second->priv = c;
	second->run = cancel_and_go_on;
	live_prep_read(live_sqe(c->live, 0, UD), c->script, c->live->args, 1);
	live_prep_read(live_sqe(c->live, 0, UD + 1), second, c->live->args, 1);
	KUNIT_EXPECT_EQ(test, live_submit(c->live), 2);
	KUNIT_EXPECT_EQ(test, c->answer, -EALREADY);
	LIVE_EXPECT_CQE(c->live, UD, 1);
	LIVE_EXPECT_NO_CQE(c->live);
	LIVE_EXPECT_STATE(c->live, UD + 1, CRING_ARMED);
}

static struct kunit_case cring_claim_cases[] = {
	KUNIT_CASE(a_cancel_that_a_wake_up_overtakes_stops_it_all_the_same),
	KUNIT_CASE(a_wake_up_that_a_cancel_overtakes_leaves_it_alone),
	KUNIT_CASE(a_cancel_that_a_try_overtakes_is_too_late_to_stop_it),
	KUNIT_CASE(what_is_cancelled_when_ready_is_not_tried_again),
	KUNIT_CASE(what_is_cancelled_when_ready_leaves_the_thread_asleep),
	KUNIT_CASE(a_cancel_that_a_worker_overtakes_finds_it_running),
	KUNIT_CASE(a_worker_that_a_cancel_overtakes_finds_nothing),
	KUNIT_CASE(a_cancel_that_a_device_overtakes_still_finds_it),
	KUNIT_CASE(what_a_device_has_ends_as_the_device_says),
	KUNIT_CASE(what_a_device_would_block_for_ends_when_it_was_told),
	KUNIT_CASE(what_completes_in_the_method_is_gone_before_it_returns),
	KUNIT_CASE(what_is_told_to_stop_while_it_is_tried_does_not_wait),
	KUNIT_CASE(what_is_told_to_stop_on_its_way_into_a_device_goes_on),
	KUNIT_CASE(what_the_batch_has_not_tried_yet_is_stopped),
	KUNIT_CASE(what_has_finished_in_the_batch_is_not_gone_before_its_cqe),
	{}
};

static struct kunit_suite cring_claim_suite = {
	.name = "cring_claim",
	.test_cases = cring_claim_cases,
};

kunit_test_suite(cring_claim_suite);
