// SPDX-License-Identifier: GPL-2.0
/*
 * When a deadline is over, also before it was submitted; the queue of deadlines
 * and its timer (C13 of Documentation/contract.rst).
 */
#include "deadline.h"

/* --- the time --- */

static void a_relative_deadline_counts_from_acceptance(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *slow = script_open(live, SCRIPT_POLL);
	s64 before, after;

	before = ktime_get();
	give_left(prep_read(live, slow, 1), 5 * HOUR);
	submit_all(live, 1);
	after = ktime_get();
	it_is(live, before + 5 * HOUR - 1);
	LIVE_EXPECT_NO_CQE(live);
	it_is(live, after + 5 * HOUR);
	LIVE_EXPECT_CQE(live, 1, -ETIME);
}

static void a_deadline_too_far_away_never_comes(struct kunit *test)
{
	static const struct { u32 xflags; u64 deadline; } far[] = {
		{ CRING_SQE_X_DEADLINE, U64_MAX },
		{ CRING_SQE_X_DEADLINE, S64_MAX },
		{ CRING_SQE_X_DEADLINE | CRING_SQE_X_DEADLINE_ABS, U64_MAX },
		{ CRING_SQE_X_DEADLINE | CRING_SQE_X_DEADLINE_ABS, S64_MAX },
	};
	struct live *live = live_open(test, 8, 0);
	struct script *slow = script_open(live, SCRIPT_POLL);
	struct cring_sqe *sqe;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(far); i++) {
		sqe = prep_read(live, slow, i);
		sqe->xflags = far[i].xflags;
		sqe->deadline = far[i].deadline;
	}
	submit_all(live, ARRAY_SIZE(far));
	it_is(live, S64_MAX);
	LIVE_EXPECT_NO_CQE(live);
}

/* digits: operations in the order of submission, and their deadlines */
static const struct order_case {
	const char *name;
	const char *times;
	const char *ends;	/* which ones, in what order */
	unsigned int now;
} order_cases[] = {
	{ "none is over", "579", "", 4 },
	{ "the first is over", "579", "0", 5 },
	{ "the soonest was submitted last", "975", "2", 6 },
	{ "all are over, submitted the other way round", "975", "210", 9 },
	{ "those of the middle are over", "19283746", "0246", 4 },
	{ "equal ones end in the order of submission", "7575", "1302", 7 },
};

KUNIT_ARRAY_PARAM_DESC(order, order_cases, name);

static void operations_end_in_the_order_of_their_deadlines(struct kunit *test)
{
	const struct order_case *row = test->param_value;
	struct live *live = live_open(test, 8, 32);
	struct script *slow = script_open(live, SCRIPT_POLL);
	s64 start = later();
	unsigned int i;

	for (i = 0; row->times[i]; i++) {
		give(prep_read(live, slow, i),
		     start + (row->times[i] - '0') * HOUR);
		/* some alone, some together: a batch is entered as one */
		if (i % 3)
			live_submit(live);
	}
	live_submit(live);
	it_is(live, start + row->now * HOUR);
	for (i = 0; row->ends[i]; i++)
		LIVE_EXPECT_CQE(live, row->ends[i] - '0', -ETIME);
	LIVE_EXPECT_NO_CQE(live);
}

/* --- past when it is submitted --- */

static void what_is_past_is_never_tried(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *slow = script_open(live, SCRIPT_POLL);

	script_ready(slow, EPOLLIN);
	give_left(prep_read(live, slow, 1), 0);
	submit_all(live, 1);
	LIVE_EXPECT_CQE_FLAGS(live, 1, -ETIME, NOT_STARTED);
	give(prep_read(live, slow, 2), 0);
	submit_all(live, 1);
	LIVE_EXPECT_CQE_FLAGS(live, 2, -ETIME, NOT_STARTED);
	give(prep_read(live, slow, 3), ktime_get());
	submit_all(live, 1);
	LIVE_EXPECT_CQE_FLAGS(live, 3, -ETIME, NOT_STARTED);
	KUNIT_EXPECT_EQ(test, atomic_read(&slow->calls), 0);
	/* and what is not past is */
	give_left(prep_read(live, slow, 4), HOUR);
	submit_all(live, 1);
	LIVE_EXPECT_CQE_FLAGS(live, 4, 8, 0);
}

static void what_is_past_in_a_batch_or_chain_leaves_what_is_before_it(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);

	live_sqe(live, CRING_OP_NOP, 0);
	give(live_sqe(live, CRING_OP_NOP, 1), 1);
	live_sqe(live, CRING_OP_NOP, 2)->flags = CRING_SQE_IO_LINK;
	live_sqe(live, CRING_OP_NOP, 3)->flags = CRING_SQE_IO_LINK;
	give(&live->ring->sqes[3], 1);
	live_sqe(live, CRING_OP_NOP, 4);
	submit_all(live, 5);
	LIVE_EXPECT_CQE_FLAGS(live, 1, -ETIME, NOT_STARTED);
	LIVE_EXPECT_CQE_FLAGS(live, 3, -ETIME, NOT_STARTED);
	LIVE_EXPECT_CQE_FLAGS(live, 4, -ECANCELED, NOT_STARTED);
	LIVE_EXPECT_CQE(live, 0, 0);
	LIVE_EXPECT_CQE(live, 2, 0);
	LIVE_EXPECT_NO_CQE(live);
}

/* the time comes while the batch is being tried, and the timer is late */
static void pass_the_time(struct script *script)
{
	struct live *live = script->priv;

	WRITE_ONCE(live_req(live, 2)->dnode.expires, 1);
}

static ssize_t take_long(struct script *script, struct kiocb *iocb,
			 struct iov_iter *iter)
{
	pass_the_time(script);
	return script_transfer(script, iocb, iter);
}

static void what_is_past_when_its_turn_comes_is_not_tried(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *long_one = script_open(live, SCRIPT_POLL);
	struct script *second = script_open(live, SCRIPT_POLL);

	long_one->priv = live;
	long_one->run = take_long;
	script_ready(long_one, EPOLLIN);
	script_ready(second, EPOLLIN);
	prep_read(live, long_one, 1);
	give(prep_read(live, second, 2), later());
	submit_all(live, 2);
	LIVE_EXPECT_CQE(live, 1, 8);
	LIVE_EXPECT_CQE_FLAGS(live, 2, -ETIME, NOT_STARTED);
	KUNIT_EXPECT_EQ(test, atomic_read(&second->calls), 0);
	KUNIT_EXPECT_TRUE(test, nothing_queued(live));
}

/* --- the queue and its timer --- */

static void what_ends_inline_and_alone_never_enters_the_queue(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);

	give(live_sqe(live, CRING_OP_NOP, 1), later());
	submit_all(live, 1);
	LIVE_EXPECT_CQE(live, 1, 0);
	KUNIT_EXPECT_TRUE(test, nothing_queued(live));
	KUNIT_EXPECT_FALSE(test, hrtimer_active(&live->ring->deadlines.hrtimer));
}

static void the_timer_is_set_to_the_soonest_and_left_alone_otherwise(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *slow = script_open(live, SCRIPT_POLL);
	s64 then = later();

	give(prep_read(live, slow, 1), then);
	submit_all(live, 1);
	KUNIT_EXPECT_EQ(test, timer_at(live), then);
	give(prep_read(live, slow, 2), then + HOUR);
	submit_all(live, 1);
	KUNIT_EXPECT_EQ(test, timer_at(live), then);
	give(prep_read(live, slow, 3), then - HOUR);
	submit_all(live, 1);
	KUNIT_EXPECT_EQ(test, timer_at(live), then - HOUR);
	/* it fires for nothing, then for the next one */
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, 3), 0);
	LIVE_EXPECT_CQE(live, 3, -ECANCELED);
	KUNIT_EXPECT_EQ(test, timer_at(live), then - HOUR);
	hrtimer_cancel(&live->ring->deadlines.hrtimer);
	it_is(live, then - HOUR);
	LIVE_EXPECT_NO_CQE(live);
	KUNIT_EXPECT_EQ(test, timer_at(live), then);
	it_is(live, then);
	LIVE_EXPECT_CQE(live, 1, -ETIME);
	it_is(live, then + HOUR);
	LIVE_EXPECT_CQE(live, 2, -ETIME);
	KUNIT_EXPECT_TRUE(test, nothing_queued(live));
}

/* the lock is let go now and then, and the rest comes by itself */
static void hundreds_that_are_due_all_end(struct kunit *test)
{
	struct live *live = live_open(test, 256, 256);
	struct script *slow = script_open(live, SCRIPT_POLL);
	s64 soon = ktime_get() + 20 * NSEC_PER_MSEC;
	unsigned int i;

	for (i = 0; i < 256; i++)
		give(prep_read(live, slow, 0), soon);
	submit_all(live, 256);
	KUNIT_EXPECT_TRUE(test, live_until(live_nr_cqes(live) == 256));
	KUNIT_EXPECT_TRUE(test, nothing_queued(live));
	KUNIT_EXPECT_GE(test, ktime_get(), soon);
}

static struct kunit_case cring_deadline_time_cases[] = {
	KUNIT_CASE(a_relative_deadline_counts_from_acceptance),
	KUNIT_CASE(a_deadline_too_far_away_never_comes),
	KUNIT_CASE_PARAM(operations_end_in_the_order_of_their_deadlines,
			 order_gen_params),
	KUNIT_CASE(what_is_past_is_never_tried),
	KUNIT_CASE(what_is_past_in_a_batch_or_chain_leaves_what_is_before_it),
	KUNIT_CASE(what_is_past_when_its_turn_comes_is_not_tried),
	KUNIT_CASE(what_ends_inline_and_alone_never_enters_the_queue),
	KUNIT_CASE(the_timer_is_set_to_the_soonest_and_left_alone_otherwise),
	KUNIT_CASE(hundreds_that_are_due_all_end),
	{}
};

static struct kunit_suite cring_deadline_time_suite = {
	.name = "cring_deadline_time",
	.test_cases = cring_deadline_time_cases,
};

kunit_test_suite(cring_deadline_time_suite);
