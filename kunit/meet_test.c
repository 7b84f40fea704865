// SPDX-License-Identifier: GPL-2.0
/*
 * Two threads run into each other, many times and at all distances: a cancel,
 * and whatever else may end or move the operation.  Each time there is exactly
 * one CQE, and the cancel's answer is true of it (C1 and C3 of
 * Documentation/contract.rst).  claim_test.c forces the orders one by one.
 */
#include "fixture.h"

#define UD	1
#define ROUNDS	150

struct meet {
	struct live *live;
	struct script *script;
	const struct meet_case *what;
	atomic_t meetings;
	s32 answer;		/* the other cancel's */
};

static void wake(struct meet *m)
{
	script_ready(m->script, EPOLLIN);
}

static void try_again(struct meet *m)
{
	cring_run_ready(m->live->ring);
}

static void complete_it(struct meet *m)
{
	script_complete(m->script, 0, 1);
}

static void complete_as_busy(struct meet *m)
{
	script_complete(m->script, 0, -EAGAIN);
}

static void let_it_time_out(struct meet *m)
{
	cring_timer_expire(&m->live->ring->clocks[CRING_CLOCK_MONOTONIC],
			   KTIME_MAX);
}

static void cancel_it_too(struct meet *m)
{
	m->answer = live_cancel(m->live, 0, UD);
}

static void let_it_go(struct meet *m)
{
	script_let_go(m->script);
}

static void do_nothing(struct meet *m)
{
}

static void read_it(struct meet *m)
{
	live_read(m->live, m->script, UD);
}

static void read_what_is_ready_at_once(struct meet *m)
{
	live_read(m->live, m->script, UD);
	script_ready(m->script, EPOLLIN);
}

static void time_it(struct meet *m)
{
	struct cring_sqe *sqe = live_sqe(m->live, CRING_OP_TIMEOUT, UD);

	sqe->addr = live_timespec(m->live, 0, 3600 * NSEC_PER_SEC);
	sqe->len = 1;
	KUNIT_EXPECT_EQ(m->live->test, live_submit(m->live), 1);
}

static const struct meet_case {
	const char *name;
	enum script_kind kind;
	script_fn *run;
	void (*begin)(struct meet *m);
	void (*other)(struct meet *m);
	s32 res;		/* when the cancel does not stop it */
} meet_cases[] = {
	{ "a wake-up", SCRIPT_POLL, script_try, read_it, wake, 1 },
	{ "a thread that tries it again", SCRIPT_POLL, script_try,
	  read_what_is_ready_at_once, try_again, 1 },
	{ "a device", SCRIPT_DEVICE, script_queue, read_it, complete_it, 1 },
	{ "a device that would block", SCRIPT_DEVICE, script_queue, read_it,
	  complete_as_busy, 1 },
	{ "a timer", SCRIPT_POLL, script_try, time_it, let_it_time_out, -ETIME },
	{ "another cancel", SCRIPT_POLL, script_try, read_it, cancel_it_too,
	  -ECANCELED },
	{ "a worker that begins", SCRIPT_WORKER, script_transfer, read_it,
	  do_nothing, 1 },
	{ "a worker that sleeps", SCRIPT_WORKER, script_sleep, read_it,
	  let_it_go, 1 },
};

KUNIT_ARRAY_PARAM_DESC(meet, meet_cases, name);

/* the sides start at all distances from each other */
static void delay(unsigned int n)
{
	while (n--)
		cpu_relax();
}

static int other_side(void *arg)
{
	struct meet *m = arg;
	unsigned int round;

	for (round = 0; round < ROUNDS; round++) {
		live_meet(&m->meetings, 2 * round + 1);
		delay(round * 7 % 97);
		m->what->other(m);
		live_meet(&m->meetings, 2 * round + 2);
	}
	return 0;
}

/* does the CQE fit the answers, and is it the only one? */
static const char *wrong(struct meet *m, s32 answer, const struct cring_cqe *cqe)
{
	bool stopped = !answer || !m->answer;

	if (cqe->user_data != UD)
		return "another one's CQE";
	if (live_nr_cqes(m->live) || live_in_flight(m->live))
		return "more than one CQE";
	if (answer && answer != -EALREADY && answer != -ENOENT)
		return "no answer of a cancel";
	if (!answer && !m->answer)
		return "stopped twice";
	if (stopped && cqe->res != -ECANCELED)
		return "stopped, and yet it ended otherwise";
	if (!stopped && cqe->res != m->what->res && cqe->res != -ECANCELED)
		return "a result from nowhere";
	if (answer == -ENOENT && m->answer == -ENOENT &&
	    cqe->res == -ECANCELED)
		return "stopped by nobody";
	return NULL;
}

static bool one_round(struct meet *m, unsigned int round, s32 *answer,
		      struct cring_cqe *cqe)
{
	struct live *live = m->live;

	WRITE_ONCE(m->script->let_go, false);
	WRITE_ONCE(m->script->events, 0);
	m->script->nr_queued = 0;
	WRITE_ONCE(m->script->run, m->what->run);
	m->answer = -ENOENT;
	m->what->begin(m);
	/* what a device gives back runs in a worker */
	if (m->what->run == script_queue)
		WRITE_ONCE(m->script->run, script_transfer);

	live_meet(&m->meetings, 2 * round + 1);
	delay(round * 5 % 89);
	*answer = live_cancel(live, 0, UD);
	live_meet(&m->meetings, 2 * round + 2);

	/* a wake-up may have been early: let it end */
	script_let_go(m->script);
	return live_spin(({
		cring_run_ready(live->ring);
		cond_resched();
		live_reap(live, cqe);
	}));
}

static void a_cancel_meets(struct kunit *test)
{
	struct meet *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	unsigned int round, none = 0, bad = 0, stopped = 0, late = 0, gone = 0;
	const char *why = NULL;
	struct other *other;

	live_needs_two(test);
	KUNIT_ASSERT_NOT_NULL(test, m);
	m->what = test->param_value;
	m->live = live_open(test, 4, 0);
	m->script = script_open(m->live, m->what->kind);
	other = other_start(m->live, other_side, m);

	/* no assertion from here on: the other side waits for us */
	for (round = 0; round < ROUNDS; round++) {
		struct cring_cqe cqe;
		const char *what;
		s32 answer;

		if (!one_round(m, round, &answer, &cqe)) {
			none++;
			continue;
		}
		what = wrong(m, answer, &cqe);
		if (what) {
			why = what;
			bad++;
		}
		if (!answer)
			stopped++;
		else if (answer == -EALREADY)
			late++;
		else
			gone++;
	}
	KUNIT_EXPECT_EQ(test, other_join(other), 0);
	kunit_info(test, "stopped %u, too late %u, gone %u\n", stopped, late,
		   gone);
	KUNIT_EXPECT_EQ_MSG(test, none, 0, "rounds without a CQE");
	KUNIT_EXPECT_EQ_MSG(test, bad, 0, "%s", why);
}

static struct kunit_case cring_meet_cases[] = {
	KUNIT_CASE_PARAM(a_cancel_meets, meet_gen_params),
	{}
};

static struct kunit_suite cring_meet_suite = {
	.name = "cring_meet",
	.test_cases = cring_meet_cases,
};

kunit_test_suite(cring_meet_suite);
