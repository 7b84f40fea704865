// SPDX-License-Identifier: GPL-2.0
/*
 * What a cancel claims in one step, and who posts it: in the cancel's own batch
 * when it was an SQE, in one session with others when it was one key of many (C3
 * and C7 of Documentation/contract.rst).
 */
#include <linux/mmu_context.h>

#include "sqes.h"

enum { A = 1, B = 2, C = 3, CANCEL = 10, MISS = 99 };

static void cancel_sqe(struct live *live, u64 user_data, u64 target)
{
	live_sqe(live, CRING_OP_ASYNC_CANCEL, user_data)->addr = target;
}

/* is somebody still on its wait queue?  Nobody comes or goes meanwhile */
static bool is_polled(struct script *script)
{
	/* so there is nothing to be ordered */
	return waitqueue_active(&script->wq);
}

static void its_cqe_is_ahead_of_the_cancels(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *script = script_open(live, SCRIPT_POLL);

	KUNIT_ASSERT_EQ(test, live_read(live, script, A), CRING_ARMED);
	live_sqe(live, CRING_OP_NOP, B);
	cancel_sqe(live, CANCEL, A);
	cancel_sqe(live, CANCEL + 1, A);
	live_sqe(live, CRING_OP_NOP, C);
	KUNIT_EXPECT_EQ(test, live_submit(live), 4);
	LIVE_EXPECT_CQE(live, B, 0);
	LIVE_EXPECT_CQE_FLAGS(live, A, -ECANCELED, CRING_CQE_F_NOT_STARTED);
	LIVE_EXPECT_CQE(live, CANCEL, 0);
	LIVE_EXPECT_CQE(live, CANCEL + 1, -ENOENT);
	LIVE_EXPECT_CQE(live, C, 0);
	LIVE_EXPECT_NO_CQE(live);
	KUNIT_EXPECT_EQ(test, live_in_flight(live), 0);
	KUNIT_EXPECT_FALSE(test, is_polled(script));
}

static int submit_all(void *arg)
{
	return live_submit(arg);
}

/* the next operation may be long in its method: it is not waited for */
static void it_is_posted_before_another_is_tried(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *armed = script_open(live, SCRIPT_POLL);
	struct script *file = script_open(live, SCRIPT_FILE);
	struct other *other;

	file->run = script_stick;
	KUNIT_ASSERT_EQ(test, live_read(live, armed, A), CRING_ARMED);
	cancel_sqe(live, CANCEL, A);
	live_prep_read(live_sqe(live, 0, B), file, live->args, 1);
	other = other_start(live, submit_all, live);
	KUNIT_EXPECT_TRUE(test, script_await(file, 1));
	LIVE_EXPECT_CQE(live, A, -ECANCELED);
	LIVE_EXPECT_CQE(live, CANCEL, 0);
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, A), -ENOENT);
	script_let_go(file);
	KUNIT_EXPECT_EQ(test, other_join(other), 2);
	LIVE_EXPECT_CQE(live, B, 1);
}

/* what its file wakes between its CQE and its end has nothing to do any more */
static void wake(struct live *live, struct cring_req *req)
{
	live_at(live, CRING_AT_PUBLISH, NULL);
	script_ready(live->priv, EPOLLIN);
}

static void a_wake_up_that_comes_then_does_nothing(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *script = script_open(live, SCRIPT_POLL);

	KUNIT_ASSERT_EQ(test, live_read(live, script, A), CRING_ARMED);
	live->priv = script;
	live_at(live, CRING_AT_PUBLISH, wake);
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, A), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&live->ring->ready));
	KUNIT_EXPECT_FALSE(test, is_polled(script));
	LIVE_EXPECT_CQE(live, A, -ECANCELED);
	LIVE_EXPECT_NO_CQE(live);
	KUNIT_EXPECT_EQ(test, live_in_flight(live), 0);
}

/* as in a thread of a program that has left it */
static void run_by_workers(struct live *live)
{
	kthread_unuse_mm(live->mm);
	live_return();
	kthread_use_mm(live->mm);
}

static void a_worker_that_cancels_posts_it_too(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *armed = script_open(live, SCRIPT_POLL);
	struct script *fifo = script_open(live, SCRIPT_FIFO);

	KUNIT_ASSERT_EQ(test, live_read(live, armed, A), CRING_ARMED);
	live_prep_read(live_sqe(live, 0, B), fifo, live->args, 1);
	live->ring->sqes[(live->sq_tail - 1) & live->ring->sq_mask].flags =
		CRING_SQE_IO_LINK;
	cancel_sqe(live, CANCEL, A);
	KUNIT_EXPECT_EQ(test, live_submit(live), 2);
	fifo->run = script_transfer;
	script_ready(fifo, EPOLLIN);
	run_by_workers(live);
	LIVE_EXPECT_WAIT(live, B, 1);
	run_by_workers(live);
	LIVE_EXPECT_WAIT(live, A, -ECANCELED);
	LIVE_EXPECT_WAIT(live, CANCEL, 0);
	KUNIT_EXPECT_FALSE(test, is_polled(armed));
}

static long cancel_many(struct live *live, struct cring_cancel_key *keys, u32 nr,
			u32 flags, s64 timeout)
{
	unsigned long at = live->args + PAGE_SIZE / 2;
	const struct cring_cancel c = {
		.keys = at, .nr = nr, .flags = flags, .timeout = timeout,
	};
	size_t size = nr * sizeof(*keys);
	long ret;

	if (copy_to_user((void __user *)at, keys, size))
		return -EFAULT;
	ret = live_ioctl(live, CRING_IOC_CANCEL, &c, sizeof(c));
	if (copy_from_user(keys, (void __user *)at, size))
		return -EFAULT;
	return ret;
}

/* in their order, each as if it were the only one */
static void each_key_takes_its_own(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *script = script_open(live, SCRIPT_POLL);
	struct cring_cancel_key keys[] = {
		{ .user_data = A }, { .user_data = MISS }, { .user_data = A },
		{ .user_data = A }, { .user_data = A, .ticket = 7 },
		{ .user_data = B },
		{ .user_data = C, .flags = CRING_ASYNC_CANCEL_ALL },
		{ .user_data = B, .fd = 3 },
	};
	static const s32 answers[] = {
		0, -ENOENT, 0, -ENOENT, -EINVAL, 0, 2, -EINVAL,
	};
	static const u64 order[] = { A, A, B, B, C, C };
	unsigned int i;

	live_read(live, script, A);
	live_read(live, script, A);
	/* a chain takes more than one step */
	live_prep_read(live_sqe(live, 0, B), script, live->args, 1);
	live->ring->sqes[(live->sq_tail - 1) & live->ring->sq_mask].flags =
		CRING_SQE_IO_LINK;
	live_sqe(live, CRING_OP_NOP, B);
	KUNIT_EXPECT_EQ(test, live_submit(live), 2);
	live_read(live, script, C);
	live_read(live, script, C);
	KUNIT_EXPECT_EQ(test, cancel_many(live, keys, ARRAY_SIZE(keys), 0, 0), 0);
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		KUNIT_EXPECT_EQ_MSG(test, keys[i].res, answers[i], "key %u", i);
	for (i = 0; i < ARRAY_SIZE(order); i++)
		LIVE_EXPECT_CQE(live, order[i], -ECANCELED);
	LIVE_EXPECT_NO_CQE(live);
	KUNIT_EXPECT_EQ(test, live_in_flight(live), 0);
	KUNIT_EXPECT_FALSE(test, is_polled(script));
}

static int abort_both(void *arg)
{
	struct live *live = arg;
	struct cring_cancel_key keys[] = {
		{ .user_data = A }, { .user_data = B },
	};
	long ret = cancel_many(live, keys, ARRAY_SIZE(keys), CRING_CANCEL_WAIT,
			       -1);

	return ret ?: keys[0].res == 0 && keys[1].res == -EALREADY &&
		      keys[0].already == 0 && keys[1].already == 1;
}

/* nothing else says to who waits that it has ended */
static void what_is_told_to_stop_is_waited_for(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *armed = script_open(live, SCRIPT_POLL);
	struct script *stuck = script_open(live, SCRIPT_WORKER);
	struct other *other;

	stuck->run = script_stick;
	live_read(live, stuck, B);
	KUNIT_ASSERT_TRUE(test, script_await(stuck, 1));
	KUNIT_ASSERT_EQ(test, live_read(live, armed, A), CRING_ARMED);
	other = other_start(live, abort_both, live);
	LIVE_EXPECT_WAIT(live, A, -ECANCELED);
	KUNIT_EXPECT_FALSE(test, other_is_done(other));
	script_let_go(stuck);
	KUNIT_EXPECT_EQ(test, other_join(other), 1);
	LIVE_EXPECT_WAIT(live, B, 1);
}

/* -EALREADY of a call is a promise, too: who sleeps in a worker is woken by it */
static void what_is_being_executed_is_told_to_stop(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *asleep = script_open(live, SCRIPT_WORKER);
	struct cring_cancel_key keys[] = {
		{ .user_data = A }, { .user_data = B },
	};

	live_read(live, asleep, A);
	live_read(live, asleep, B);
	KUNIT_ASSERT_TRUE(test, script_await(asleep, 2));
	KUNIT_EXPECT_EQ(test, cancel_many(live, keys, 1, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, keys[0].res, -EALREADY);
	LIVE_EXPECT_WAIT(live, A, -ECANCELED);
	/* and nobody else is */
	KUNIT_EXPECT_EQ(test, atomic_read(&asleep->inside), 1);
	KUNIT_EXPECT_EQ(test, cancel_many(live, keys, ARRAY_SIZE(keys), 0, 0), 0);
	KUNIT_EXPECT_EQ(test, keys[0].res, -ENOENT);
	KUNIT_EXPECT_EQ(test, keys[1].res, -EALREADY);
	LIVE_EXPECT_WAIT(live, B, -ECANCELED);
}

static struct kunit_case cring_taken_cases[] = {
	KUNIT_CASE(its_cqe_is_ahead_of_the_cancels),
	KUNIT_CASE(it_is_posted_before_another_is_tried),
	KUNIT_CASE(a_wake_up_that_comes_then_does_nothing),
	KUNIT_CASE(a_worker_that_cancels_posts_it_too),
	KUNIT_CASE(each_key_takes_its_own),
	KUNIT_CASE(what_is_told_to_stop_is_waited_for),
	KUNIT_CASE(what_is_being_executed_is_told_to_stop),
	{}
};

static struct kunit_suite cring_taken_suite = {
	.name = "cring_taken",
	.test_cases = cring_taken_cases,
};

kunit_test_suite(cring_taken_suite);
