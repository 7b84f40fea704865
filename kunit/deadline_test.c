// SPDX-License-Identifier: GPL-2.0
/*
 * What a deadline does to an operation, wherever it finds it (C13 of
 * Documentation/contract.rst).
 */
#include "deadline.h"

#define UD	7

/* --- where it finds an operation --- */

enum place {
	ARMED, QUEUED, LINKED, DEFERRED, READY, RUNNING, STUCK, IN_DEVICE,
	TIMED,
};

static const struct place_case {
	const char *name;
	enum place place;
	enum cring_state state;
	u32 flags;	/* of its CQE */
	bool told;	/* not ended at once */
	s32 res;	/* then */
} place_cases[] = {
	{ "armed", ARMED, CRING_ARMED, NOT_STARTED },
	{ "waiting for a worker", QUEUED, CRING_QUEUED, NOT_STARTED },
	{ "in a chain", LINKED, CRING_LINKED, NOT_STARTED },
	{ "behind a drain", DEFERRED, CRING_DEFERRED, NOT_STARTED },
	{ "ready to be tried again", READY, CRING_READY, NOT_STARTED },
	{ "a timeout", TIMED, CRING_ARMED, 0 },
	{ "asleep in a worker", RUNNING, CRING_RUNNING, 0, true, -ETIME },
	{ "stuck in a worker", STUCK, CRING_RUNNING, 0, true, 8 },
	{ "in a device", IN_DEVICE, CRING_DISPATCHED, 0, true, 8 },
};

KUNIT_ARRAY_PARAM_DESC(place, place_cases, name);

static struct script *bring(struct live *live, enum place place, s64 then)
{
	struct script *slow = script_open(live, SCRIPT_POLL);
	struct script *worker = script_open(live, SCRIPT_WORKER);
	struct script *device = script_open(live, SCRIPT_DEVICE);

	switch (place) {
	case ARMED:
	case READY:
		give(prep_read(live, slow, UD), then);
		submit_all(live, 1);
		if (place == READY)
			script_ready(slow, EPOLLIN);
		return slow;
	case LINKED:
		prep_read(live, slow, 1)->flags = CRING_SQE_IO_LINK;
		give(live_sqe(live, CRING_OP_NOP, UD), then);
		submit_all(live, 2);
		return slow;
	case DEFERRED:
		prep_read(live, slow, 1);
		give(live_sqe(live, CRING_OP_NOP, UD), then);
		live->ring->sqes[1].flags = CRING_SQE_IO_DRAIN;
		submit_all(live, 2);
		return slow;
	case QUEUED:
		prep_read(live, worker, 1);
		submit_all(live, 1);
		KUNIT_EXPECT_TRUE(live->test, script_await(worker, 1));
		give(prep_read(live, worker, UD), then);
		submit_all(live, 1);
		return worker;
	case STUCK:
		worker->run = script_stick;
		fallthrough;
	case RUNNING:
		give(prep_read(live, worker, UD), then);
		submit_all(live, 1);
		KUNIT_EXPECT_TRUE(live->test, script_await(worker, 1));
		return worker;
	case IN_DEVICE:
		give(prep_read(live, device, UD), then);
		submit_all(live, 1);
		return device;
	case TIMED:
		give(forever(live, UD), then);
		submit_all(live, 1);
		return slow;
	}
	return NULL;
}

static void what_waits_ends_at_its_deadline_and_what_runs_is_told(struct kunit *test)
{
	const struct place_case *row = test->param_value;
	struct live *live = live_open(test, 8, 0);
	s64 then = later();
	struct script *script;

	live_max_workers(test, 1);
	script = bring(live, row->place, then);
	LIVE_EXPECT_STATE(live, UD, row->state);
	it_is(live, then - 1);
	LIVE_EXPECT_STATE(live, UD, row->state);
	LIVE_EXPECT_NO_CQE(live);
	it_is(live, then);
	if (!row->told) {
		LIVE_EXPECT_CQE_FLAGS(live, UD, -ETIME, row->flags);
		return;
	}
	if (row->place == STUCK)
		script_let_go(script);
	if (row->place == IN_DEVICE) {
		LIVE_EXPECT_NO_CQE(live);
		LIVE_EXPECT_STATE(live, UD, CRING_DISPATCHED);
		script_complete(script, 0, 8);
	}
	LIVE_EXPECT_REAPED(live, live_wait, UD, row->res, 0);
	KUNIT_EXPECT_TRUE(test, nothing_queued(live));
}

static void bytes_that_were_moved_give_the_short_count(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	s64 then = later();

	live_max_workers(test, 1);
	bring(live, QUEUED, then);
	/* as an attempt that did not block would have left it */
	live_req(live, UD)->rw.done = 3;
	live_req(live, UD)->flags |= CRING_REQ_STARTED;
	it_is(live, then);
	LIVE_EXPECT_CQE_FLAGS(live, UD, 3, 0);
}

static void who_was_told_first_says_how_it_ends(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	s64 then = later();
	struct script *script;

	script = bring(live, IN_DEVICE, then);
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, UD), -EALREADY);
	it_is(live, then);
	script_complete(script, 0, -ECANCELED);
	LIVE_EXPECT_CQE_FLAGS(live, UD, -ECANCELED, 0);

	script = bring(live, IN_DEVICE, then);
	it_is(live, then);
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, UD), -EALREADY);
	script_complete(script, 0, -ECANCELED);
	LIVE_EXPECT_CQE_FLAGS(live, UD, -ETIME, 0);
}

static void a_member_that_expires_takes_along_what_is_behind_it(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *slow = script_open(live, SCRIPT_POLL);
	s64 then = later();

	prep_read(live, slow, 0)->flags = CRING_SQE_IO_LINK;
	live_sqe(live, CRING_OP_NOP, 1)->flags = CRING_SQE_IO_LINK;
	live_sqe(live, CRING_OP_NOP, 2)->flags = CRING_SQE_IO_HARDLINK;
	give(&live->ring->sqes[2], then);
	give(live_sqe(live, CRING_OP_NOP, 3), then + HOUR);
	submit_all(live, 4);
	it_is(live, then);
	LIVE_EXPECT_CQE_FLAGS(live, 2, -ETIME, NOT_STARTED);
	LIVE_EXPECT_CQE_FLAGS(live, 3, -ECANCELED, NOT_STARTED);
	LIVE_EXPECT_NO_CQE(live);
	/* whose own deadline went with it */
	KUNIT_EXPECT_TRUE(test, nothing_queued(live));
	script_ready(slow, EPOLLIN);
	cring_run_ready(live->ring);
	LIVE_EXPECT_CQE(live, 0, 8);
	LIVE_EXPECT_CQE(live, 1, 0);
}

/* --- who else has a hand in it --- */

/* the time comes at that very point, once */
static void the_time_comes(struct live *live, struct cring_req *req)
{
	live_at(live, CRING_AT_RUN, NULL);
	live_at(live, CRING_AT_RAN, NULL);
	cring_deadline_expire(live->ring, later() + HOUR);
}

static void between_a_worker_and_its_request_a_deadline_is_not_lost(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *worker = script_open(live, SCRIPT_WORKER);

	live_at(live, CRING_AT_RUN, the_time_comes);
	give(prep_read(live, worker, 1), later());
	submit_all(live, 1);
	LIVE_EXPECT_WAIT(live, 1, -ETIME);
	KUNIT_EXPECT_EQ(test, atomic_read(&worker->calls), 0);
	KUNIT_EXPECT_TRUE(test, nothing_queued(live));
}

static void a_deadline_that_comes_after_the_bytes_leaves_them(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *worker = script_open(live, SCRIPT_WORKER);

	script_let_go(worker);
	live_at(live, CRING_AT_RAN, the_time_comes);
	give(prep_read(live, worker, 1), later());
	submit_all(live, 1);
	LIVE_EXPECT_REAPED(live, live_wait, 1, 8, 0);
	KUNIT_EXPECT_TRUE(test, nothing_queued(live));
}

static void a_cancel_takes_the_deadline_with_it(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	s64 then = later();

	bring(live, ARMED, then);
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, UD), 0);
	LIVE_EXPECT_CQE_FLAGS(live, UD, -ECANCELED, NOT_STARTED);
	KUNIT_EXPECT_TRUE(test, nothing_queued(live));
}

static void a_ring_with_deadlines_pending_can_be_closed(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);

	bring(live, ARMED, later());
	live_close(live);
	KUNIT_EXPECT_TRUE(test, live_gone(live));
}

static struct kunit_case cring_deadline_cases[] = {
	KUNIT_CASE_PARAM(what_waits_ends_at_its_deadline_and_what_runs_is_told,
			 place_gen_params),
	KUNIT_CASE(bytes_that_were_moved_give_the_short_count),
	KUNIT_CASE(who_was_told_first_says_how_it_ends),
	KUNIT_CASE(a_member_that_expires_takes_along_what_is_behind_it),
	KUNIT_CASE(between_a_worker_and_its_request_a_deadline_is_not_lost),
	KUNIT_CASE(a_deadline_that_comes_after_the_bytes_leaves_them),
	KUNIT_CASE(a_cancel_takes_the_deadline_with_it),
	KUNIT_CASE(a_ring_with_deadlines_pending_can_be_closed),
	{}
};

static struct kunit_suite cring_deadline_suite = {
	.name = "cring_deadline",
	.test_cases = cring_deadline_cases,
};

kunit_test_suite(cring_deadline_suite);
