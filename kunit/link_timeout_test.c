// SPDX-License-Identifier: GPL-2.0
/*
 * LINK_TIMEOUT: what it does to what it watches, and to the chain behind; with
 * the clock moved, as in timer_test.c.
 */
#include "fixture.h"

#define HOUR	(3600LL * NSEC_PER_SEC)

static void it_is(struct live *live, s64 now)
{
	cring_timer_expire(&live->ring->clocks[CRING_CLOCK_MONOTONIC], now);
}

/* far from the real time, which must not interfere */
static s64 later(void)
{
	return ktime_get() + 1000 * HOUR;
}

enum { TARGET = 1, WATCH = 2, NEXT = 3 };

/* a read that is watched, and a nop behind both */
static void watched_read(struct live *live, struct script *script, s64 ns,
			 u8 link)
{
	struct cring_sqe *sqe = live_sqe(live, CRING_OP_READ, TARGET);

	live_prep_read(sqe, script, live->args, 1);
	sqe->flags = link;
	sqe = live_sqe(live, CRING_OP_LINK_TIMEOUT, WATCH);
	sqe->addr = live_timespec(live, 0, ns);
	sqe->len = 1;
	sqe->timeout_flags = CRING_TIMEOUT_ABS;
	sqe->flags = link;
	live_sqe(live, CRING_OP_NOP, NEXT);
	KUNIT_EXPECT_EQ(live->test, live_submit(live), 3);
	LIVE_EXPECT_STATE(live, WATCH, CRING_ARMED);
}

static void a_link_timeout_stops_what_it_watches(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *script = script_open(live, SCRIPT_POLL);
	s64 then = later();

	watched_read(live, script, then, CRING_SQE_IO_LINK);
	it_is(live, then - 1);
	LIVE_EXPECT_NO_CQE(live);
	it_is(live, then);
	/* as with any cancel: what it stopped ends before it does */
	LIVE_EXPECT_CQE_FLAGS(live, TARGET, -ECANCELED,
			      CRING_CQE_F_NOT_STARTED);
	LIVE_EXPECT_CQE(live, NEXT, -ECANCELED);
	LIVE_EXPECT_CQE(live, WATCH, -ETIME);
	LIVE_EXPECT_NO_CQE(live);
}

static void a_hard_link_goes_on_behind_a_link_timeout(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *script = script_open(live, SCRIPT_POLL);
	s64 then = later();

	watched_read(live, script, then, CRING_SQE_IO_HARDLINK);
	it_is(live, then);
	LIVE_EXPECT_CQE(live, TARGET, -ECANCELED);
	LIVE_EXPECT_CQE(live, WATCH, -ETIME);
	cring_run_ready(live->ring);
	LIVE_EXPECT_CQE(live, NEXT, 0);
}

static void a_link_timeout_ends_with_what_it_watches(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *script = script_open(live, SCRIPT_POLL);
	s64 then = later();

	watched_read(live, script, then, CRING_SQE_IO_LINK);
	script_ready(script, EPOLLIN);
	cring_run_ready(live->ring);
	LIVE_EXPECT_CQE(live, TARGET, 1);
	LIVE_EXPECT_CQE(live, WATCH, -ECANCELED);
	LIVE_EXPECT_CQE(live, NEXT, 0);
	it_is(live, then);
	LIVE_EXPECT_NO_CQE(live);
}

static void a_link_timeout_tells_what_it_cannot_stop(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *script = script_open(live, SCRIPT_DEVICE);
	s64 then = later();

	watched_read(live, script, then, CRING_SQE_IO_LINK);
	it_is(live, then);
	LIVE_EXPECT_CQE(live, WATCH, -EALREADY);
	LIVE_EXPECT_NO_CQE(live);
	LIVE_EXPECT_STATE(live, TARGET, CRING_DISPATCHED);
	script_complete(script, 0, 1);
	LIVE_EXPECT_CQE(live, TARGET, 1);
	cring_run_ready(live->ring);
	LIVE_EXPECT_CQE(live, NEXT, 0);
}

static void a_link_timeout_interrupts_a_worker(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *script = script_open(live, SCRIPT_WORKER);
	struct cring_cqe cqe;
	s64 then = later();

	watched_read(live, script, then, CRING_SQE_IO_LINK);
	KUNIT_EXPECT_TRUE(test, script_await(script, 1));
	it_is(live, then);
	/* the worker may be faster than the one who interrupts it */
	KUNIT_EXPECT_TRUE(test, live_until(live_nr_cqes(live) == 3));
	while (live_reap(live, &cqe))
		KUNIT_EXPECT_EQ(test, cqe.res,
				cqe.user_data == WATCH ? -EALREADY : -ECANCELED);
}

static void a_link_timeout_alone_can_be_cancelled(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *script = script_open(live, SCRIPT_POLL);
	s64 then = later();

	watched_read(live, script, then, CRING_SQE_IO_LINK);
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, WATCH), 0);
	LIVE_EXPECT_CQE(live, WATCH, -ECANCELED);
	it_is(live, then);
	LIVE_EXPECT_NO_CQE(live);
	LIVE_EXPECT_STATE(live, TARGET, CRING_ARMED);
	LIVE_EXPECT_STATE(live, NEXT, CRING_LINKED);
}

static void a_link_timeout_can_be_moved(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *script = script_open(live, SCRIPT_POLL);
	struct cring_sqe *sqe;
	s64 then = later();

	watched_read(live, script, then, CRING_SQE_IO_LINK);
	sqe = live_sqe(live, CRING_OP_TIMEOUT_REMOVE, 9);
	sqe->addr = WATCH;
	sqe->addr2 = live_timespec(live, 1, then + HOUR);
	sqe->timeout_flags = CRING_LINK_TIMEOUT_UPDATE | CRING_TIMEOUT_ABS;
	KUNIT_EXPECT_EQ(test, live_submit(live), 1);
	LIVE_EXPECT_CQE(live, 9, 0);
	it_is(live, then);
	LIVE_EXPECT_NO_CQE(live);
	it_is(live, then + HOUR);
	LIVE_EXPECT_CQE(live, TARGET, -ECANCELED);
	LIVE_EXPECT_CQE(live, NEXT, -ECANCELED);
	LIVE_EXPECT_CQE(live, WATCH, -ETIME);
}

static struct kunit_case cring_link_timeout_cases[] = {
	KUNIT_CASE(a_link_timeout_stops_what_it_watches),
	KUNIT_CASE(a_hard_link_goes_on_behind_a_link_timeout),
	KUNIT_CASE(a_link_timeout_ends_with_what_it_watches),
	KUNIT_CASE(a_link_timeout_tells_what_it_cannot_stop),
	KUNIT_CASE(a_link_timeout_interrupts_a_worker),
	KUNIT_CASE(a_link_timeout_alone_can_be_cancelled),
	KUNIT_CASE(a_link_timeout_can_be_moved),
	{}
};

static struct kunit_suite cring_link_timeout_suite = {
	.name = "cring_link_timeout",
	.test_cases = cring_link_timeout_cases,
};

kunit_test_suite(cring_link_timeout_suite);
