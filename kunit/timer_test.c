// SPDX-License-Identifier: GPL-2.0
/*
 * Timeouts, with the clock moved instead of waited for: every timeout here is
 * hours away, and the expiry is told what time it is.
 */
#include <linux/uaccess.h>

#include "fixture.h"

#define HOUR	(3600LL * NSEC_PER_SEC)

static struct cring_sqe *prep_timeout(struct live *live, u64 user_data, s64 ns,
				      u32 flags)
{
	struct cring_sqe *sqe = live_sqe(live, CRING_OP_TIMEOUT, user_data);

	sqe->addr = live_timespec(live, user_data, ns);
	sqe->len = 1;
	sqe->timeout_flags = flags;
	return sqe;
}

static void submit(struct live *live, int nr)
{
	KUNIT_EXPECT_EQ(live->test, live_submit(live), nr);
}

static void timeout_at(struct live *live, u64 user_data, s64 ns)
{
	prep_timeout(live, user_data, ns, CRING_TIMEOUT_ABS);
	submit(live, 1);
	LIVE_EXPECT_STATE(live, user_data, CRING_ARMED);
}

static void it_is(struct live *live, s64 now)
{
	cring_timer_expire(&live->ring->clocks[CRING_CLOCK_MONOTONIC], now);
}

/* far from the real time, which must not interfere */
static s64 later(void)
{
	return ktime_get() + 1000 * HOUR;
}

static void a_timeout_ends_at_its_time_and_not_before(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	s64 then = later();

	timeout_at(live, 1, then);
	it_is(live, then - 1);
	LIVE_EXPECT_NO_CQE(live);
	LIVE_EXPECT_STATE(live, 1, CRING_ARMED);
	it_is(live, then);
	/* no promise that it was never started comes with a timeout's own end */
	LIVE_EXPECT_CQE_FLAGS(live, 1, -ETIME, 0);
	it_is(live, then + HOUR);
	LIVE_EXPECT_NO_CQE(live);
}

static void a_relative_timeout_counts_from_when_it_was_submitted(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	s64 before, after;

	before = ktime_get();
	prep_timeout(live, 1, 5 * HOUR, 0);
	submit(live, 1);
	after = ktime_get();
	it_is(live, before + 5 * HOUR - 1);
	LIVE_EXPECT_NO_CQE(live);
	it_is(live, after + 5 * HOUR);
	LIVE_EXPECT_CQE(live, 1, -ETIME);
}

/* digits: timeouts in the order of submission, and how long each one takes */
static const struct order_case {
	const char *name;
	const char *times;
	const char *ends;	/* which ones, in what order */
	unsigned int now;
} order_cases[] = {
	{ "nothing is due", "579", "", 4 },
	{ "the first is due", "579", "0", 5 },
	{ "the soonest was submitted last", "975", "2", 6 },
	{ "all are due", "579", "012", 9 },
	{ "all are due, submitted the other way round", "975", "210", 9 },
	{ "those of the middle are due", "19283746", "0246", 4 },
	{ "equal ones end in the order of submission", "555", "012", 5 },
	{ "equal ones among others", "7575", "1302", 7 },
	{ "equal ones of which none is due", "7575", "", 4 },
	{ "eight at once", "88888888", "01234567", 8 },
};

KUNIT_ARRAY_PARAM_DESC(order, order_cases, name);

static void timeouts_end_in_the_order_of_their_times(struct kunit *test)
{
	const struct order_case *row = test->param_value;
	struct live *live = live_open(test, 8, 32);
	s64 start = later();
	unsigned int i;

	for (i = 0; row->times[i]; i++)
		timeout_at(live, i, start + (row->times[i] - '0') * HOUR);
	it_is(live, start + row->now * HOUR);
	for (i = 0; row->ends[i]; i++)
		LIVE_EXPECT_CQE(live, row->ends[i] - '0', -ETIME);
	LIVE_EXPECT_NO_CQE(live);
	KUNIT_EXPECT_EQ(test, live_in_flight(live),
			strlen(row->times) - strlen(row->ends));
}

/* the lock is let go now and then, and the rest comes by itself */
static void hundreds_that_are_due_all_end(struct kunit *test)
{
	struct live *live = live_open(test, 256, 256);
	unsigned int i;

	for (i = 0; i < 256; i++)
		prep_timeout(live, 0, 1, CRING_TIMEOUT_ABS);
	submit(live, 256);
	KUNIT_EXPECT_TRUE(test, live_until(live_nr_cqes(live) == 256));
}

static const struct clock_case {
	const char *name;
	u32 flags;
	unsigned int clock;
} clock_cases[] = {
	{ "monotonic", 0, CRING_CLOCK_MONOTONIC },
	{ "boottime", CRING_TIMEOUT_BOOTTIME, CRING_CLOCK_BOOTTIME },
	{ "realtime", CRING_TIMEOUT_REALTIME, CRING_CLOCK_REALTIME },
};

KUNIT_ARRAY_PARAM_DESC(clock, clock_cases, name);

static void a_timeout_waits_for_its_own_clock(struct kunit *test)
{
	const struct clock_case *row = test->param_value;
	struct live *live = live_open(test, 8, 0);
	s64 then = ktime_get_real() + 1000 * HOUR;
	unsigned int clock;

	prep_timeout(live, 1, then, CRING_TIMEOUT_ABS | row->flags);
	submit(live, 1);
	for (clock = 0; clock < CRING_NR_CLOCKS; clock++)
		if (clock != row->clock)
			cring_timer_expire(&live->ring->clocks[clock],
					   KTIME_MAX);
	LIVE_EXPECT_NO_CQE(live);
	cring_timer_expire(&live->ring->clocks[row->clock], then);
	LIVE_EXPECT_CQE(live, 1, -ETIME);
}

static void a_timeout_of_no_time_ends_by_itself(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);

	prep_timeout(live, 1, 0, 0);
	submit(live, 1);
	LIVE_EXPECT_WAIT(live, 1, -ETIME);
}

static void a_timeout_beyond_the_end_of_time_never_ends(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct cring_sqe *sqe = prep_timeout(live, 1, 0, 0);
	const struct cring_timespec ts = { .tv_sec = S64_MAX };

	KUNIT_ASSERT_EQ(test, copy_to_user((void __user *)sqe->addr, &ts,
					   sizeof(ts)), 0);
	submit(live, 1);
	it_is(live, KTIME_MAX - 1);
	LIVE_EXPECT_NO_CQE(live);
	LIVE_EXPECT_STATE(live, 1, CRING_ARMED);
}

/* ---------------------------------------------------------------------------
 * Remove and update
 */

static struct cring_sqe *prep_remove(struct live *live, u64 user_data,
				     u64 whom, u32 flags)
{
	struct cring_sqe *sqe = live_sqe(live, CRING_OP_TIMEOUT_REMOVE,
					 user_data);

	sqe->addr = whom;
	sqe->timeout_flags = flags;
	return sqe;
}

static void a_removed_timeout_ends_before_its_removal(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	s64 then = later();

	timeout_at(live, 1, then);
	timeout_at(live, 2, then);
	prep_remove(live, 3, 1, 0);
	submit(live, 1);
	LIVE_EXPECT_CQE_FLAGS(live, 1, -ECANCELED, CRING_CQE_F_NOT_STARTED);
	LIVE_EXPECT_CQE(live, 3, 0);
	it_is(live, then);
	LIVE_EXPECT_CQE(live, 2, -ETIME);
	LIVE_EXPECT_NO_CQE(live);
}

static void only_a_timeout_is_removed(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *script = script_open(live, SCRIPT_POLL);

	live_read(live, script, 1);
	prep_remove(live, 3, 1, 0);
	prep_remove(live, 4, 2, 0);
	submit(live, 2);
	LIVE_EXPECT_CQE(live, 3, -ENOENT);
	LIVE_EXPECT_CQE(live, 4, -ENOENT);
	LIVE_EXPECT_STATE(live, 1, CRING_ARMED);
}

static void of_equal_user_data_the_oldest_timeout_is_removed(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *script = script_open(live, SCRIPT_POLL);
	s64 then = later();

	live_read(live, script, 1);
	timeout_at(live, 1, then + 2 * HOUR);
	prep_timeout(live, 1, then, CRING_TIMEOUT_ABS);
	submit(live, 1);
	prep_remove(live, 3, 1, 0);
	submit(live, 1);
	LIVE_EXPECT_CQE(live, 1, -ECANCELED);
	LIVE_EXPECT_CQE(live, 3, 0);
	/* the one that is left is the one that is due */
	it_is(live, then);
	LIVE_EXPECT_CQE(live, 1, -ETIME);
	LIVE_EXPECT_NO_CQE(live);
}

static void an_updated_timeout_ends_at_its_new_time(struct kunit *test)
{
	static const s64 moves[] = { -2 * HOUR, 0, 2 * HOUR };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(moves); i++) {
		struct live *live = live_open(test, 8, 0);
		s64 then = later(), now = then + moves[i];

		timeout_at(live, 1, then);
		prep_remove(live, 3, 1, CRING_TIMEOUT_UPDATE |
			    CRING_TIMEOUT_ABS)->addr2 =
			live_timespec(live, 3, now);
		submit(live, 1);
		LIVE_EXPECT_CQE(live, 3, 0);
		it_is(live, now - 1);
		LIVE_EXPECT_NO_CQE(live);
		it_is(live, now);
		LIVE_EXPECT_CQE(live, 1, -ETIME);
	}
}

static void an_update_may_move_a_timeout_to_another_clock(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	s64 then = ktime_get_real() + 1000 * HOUR;

	timeout_at(live, 1, then);
	prep_remove(live, 3, 1, CRING_TIMEOUT_UPDATE | CRING_TIMEOUT_ABS |
		    CRING_TIMEOUT_REALTIME)->addr2 = live_timespec(live, 3, then);
	submit(live, 1);
	LIVE_EXPECT_CQE(live, 3, 0);
	it_is(live, KTIME_MAX);
	LIVE_EXPECT_NO_CQE(live);
	cring_timer_expire(&live->ring->clocks[CRING_CLOCK_REALTIME], then);
	LIVE_EXPECT_CQE(live, 1, -ETIME);
}

static void a_timeout_that_is_over_is_neither_removed_nor_updated(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	s64 then = later();

	timeout_at(live, 1, then);
	it_is(live, then);
	LIVE_EXPECT_CQE(live, 1, -ETIME);
	prep_remove(live, 3, 1, 0);
	prep_remove(live, 4, 1, CRING_TIMEOUT_UPDATE)->addr2 =
		live_timespec(live, 4, HOUR);
	submit(live, 2);
	LIVE_EXPECT_CQE(live, 3, -ENOENT);
	LIVE_EXPECT_CQE(live, 4, -ENOENT);
}

/* ---------------------------------------------------------------------------
 * Counting completions
 */

static void nops(struct live *live, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		live_sqe(live, CRING_OP_NOP, 100);
	submit(live, nr);
	for (i = 0; i < nr; i++)
		LIVE_EXPECT_CQE(live, 100, 0);
}

static void a_timeout_ends_when_enough_has_completed(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	s64 then = later();

	prep_timeout(live, 1, then, CRING_TIMEOUT_ABS)->off = 3;
	submit(live, 1);
	nops(live, 2);
	LIVE_EXPECT_STATE(live, 1, CRING_ARMED);
	nops(live, 1);
	LIVE_EXPECT_CQE(live, 1, 0);
	/* and its time is over too */
	it_is(live, then);
	LIVE_EXPECT_NO_CQE(live);
}

static void timeouts_are_no_completions_that_count(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	s64 then = later();

	prep_timeout(live, 1, then + HOUR, CRING_TIMEOUT_ABS)->off = 1;
	submit(live, 1);
	timeout_at(live, 2, then);
	it_is(live, then);
	LIVE_EXPECT_CQE(live, 2, -ETIME);
	LIVE_EXPECT_STATE(live, 1, CRING_ARMED);
	nops(live, 1);
	LIVE_EXPECT_CQE(live, 1, 0);
}

static void what_counts_less_ends_first(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);

	prep_timeout(live, 1, HOUR, 0)->off = 3;
	prep_timeout(live, 2, HOUR, 0)->off = 1;
	prep_timeout(live, 3, HOUR, 0)->off = 2;
	submit(live, 3);
	nops(live, 1);
	LIVE_EXPECT_CQE(live, 2, 0);
	nops(live, 1);
	LIVE_EXPECT_CQE(live, 3, 0);
	nops(live, 1);
	LIVE_EXPECT_CQE(live, 1, 0);
}

static void an_updated_timeout_no_longer_counts(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	s64 then = later();

	prep_timeout(live, 1, HOUR, 0)->off = 1;
	submit(live, 1);
	prep_remove(live, 3, 1, CRING_TIMEOUT_UPDATE |
		    CRING_TIMEOUT_ABS)->addr2 = live_timespec(live, 3, then);
	submit(live, 1);
	LIVE_EXPECT_CQE(live, 3, 0);
	nops(live, 2);
	LIVE_EXPECT_STATE(live, 1, CRING_ARMED);
	it_is(live, then);
	LIVE_EXPECT_CQE(live, 1, -ETIME);
}

static struct kunit_case cring_timer_cases[] = {
	KUNIT_CASE(a_timeout_ends_at_its_time_and_not_before),
	KUNIT_CASE(a_relative_timeout_counts_from_when_it_was_submitted),
	KUNIT_CASE_PARAM(timeouts_end_in_the_order_of_their_times,
			 order_gen_params),
	KUNIT_CASE(hundreds_that_are_due_all_end),
	KUNIT_CASE_PARAM(a_timeout_waits_for_its_own_clock, clock_gen_params),
	KUNIT_CASE(a_timeout_of_no_time_ends_by_itself),
	KUNIT_CASE(a_timeout_beyond_the_end_of_time_never_ends),
	KUNIT_CASE(a_removed_timeout_ends_before_its_removal),
	KUNIT_CASE(only_a_timeout_is_removed),
	KUNIT_CASE(of_equal_user_data_the_oldest_timeout_is_removed),
	KUNIT_CASE(an_updated_timeout_ends_at_its_new_time),
	KUNIT_CASE(an_update_may_move_a_timeout_to_another_clock),
	KUNIT_CASE(a_timeout_that_is_over_is_neither_removed_nor_updated),
	KUNIT_CASE(a_timeout_ends_when_enough_has_completed),
	KUNIT_CASE(timeouts_are_no_completions_that_count),
	KUNIT_CASE(what_counts_less_ends_first),
	KUNIT_CASE(an_updated_timeout_no_longer_counts),
	{}
};

static struct kunit_suite cring_timer_suite = {
	.name = "cring_timer",
	.test_cases = cring_timer_cases,
};

kunit_test_suite(cring_timer_suite);
