// SPDX-License-Identifier: GPL-2.0
/*
 * That the fixture does what other suites rely on: a request can be brought to
 * every place where clause C4 of Documentation/contract.rst knows one.
 */
#include "fixture.h"

static void a_nop_ends_while_it_is_submitted(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);

	live_sqe(live, CRING_OP_NOP, 7);
	KUNIT_EXPECT_EQ(test, live_submit(live), 1);
	LIVE_EXPECT_CQE_FLAGS(live, 7, 0, 0);
	LIVE_EXPECT_NO_CQE(live);
	KUNIT_EXPECT_EQ(test, live_in_flight(live), 0);
}

static void a_ring_is_as_large_as_was_asked_for(struct kunit *test)
{
	struct live *live = live_open(test, 4, 16);

	KUNIT_EXPECT_EQ(test, live->params.sq_entries, 4);
	KUNIT_EXPECT_EQ(test, live->params.cq_entries, 16);
}

static void what_would_block_is_armed_and_goes_on_when_it_is_ready(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct script *script = script_open(live, SCRIPT_POLL);

	KUNIT_EXPECT_EQ(test, live_read(live, script, 1), CRING_ARMED);
	script_ready(script, EPOLLIN);
	LIVE_EXPECT_STATE(live, 1, CRING_READY);
	cring_run_ready(live->ring);
	LIVE_EXPECT_CQE(live, 1, 1);
}

static void a_worker_runs_what_cannot_be_polled(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct script *script = script_open(live, SCRIPT_WORKER);

	live_read(live, script, 1);
	KUNIT_EXPECT_TRUE(test, script_await(script, 1));
	LIVE_EXPECT_STATE(live, 1, CRING_RUNNING);
	script_let_go(script);
	LIVE_EXPECT_WAIT(live, 1, 1);
}

static void a_device_has_it_until_it_completes(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct script *script = script_open(live, SCRIPT_DEVICE);

	KUNIT_EXPECT_EQ(test, live_read(live, script, 1), CRING_DISPATCHED);
	KUNIT_EXPECT_TRUE(test, script_complete(script, 0, 1));
	LIVE_EXPECT_CQE(live, 1, 1);
}

static void a_file_is_released_after_its_last_operation(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct script *script = script_open(live, SCRIPT_DEVICE);

	live_read(live, script, 1);
	script_close(script);
	KUNIT_EXPECT_FALSE(test, completion_done(&script->released));
	script_complete(script, 0, 1);
	KUNIT_EXPECT_TRUE(test, script_is_released(script));
	LIVE_EXPECT_CQE(live, 1, 1);
}

static int submit_a_nop(void *arg)
{
	struct live *live = arg;

	live_sqe(live, CRING_OP_NOP, 9);
	return live_submit(live);
}

static void another_thread_of_the_owner_may_submit(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct other *other = other_start(live, submit_a_nop, live);

	KUNIT_EXPECT_EQ(test, other_join(other), 1);
	LIVE_EXPECT_CQE(live, 9, 0);
}

/* the credentials that the last read ran with */
static const struct cred *seen;

static ssize_t see(struct script *script, struct kiocb *iocb,
		   struct iov_iter *iter)
{
	seen = current_cred();
	return script_try(script, iocb, iter);
}

static void what_became_ready_runs_as_who_submitted_it(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct script *script = script_open(live, SCRIPT_POLL);
	struct cred *cred = prepare_creds();
	const struct cred *old;

	KUNIT_ASSERT_NOT_NULL(test, cred);
	script->run = see;
	old = override_creds(cred);
	live_read(live, script, 1);
	revert_creds(old);
	seen = NULL;
	script_ready(script, EPOLLIN);
	cring_run_ready(live->ring);
	LIVE_EXPECT_CQE(live, 1, 1);
	KUNIT_EXPECT_PTR_EQ(test, seen, (const struct cred *)cred);
	KUNIT_EXPECT_PTR_EQ(test, current_cred(), old);
	put_cred(cred);
}

struct chain {
	struct live *live;
	struct script *script;
	u8 opcode;
};

static int submit_a_chain(void *arg)
{
	struct chain *c = arg;
	struct cring_sqe *sqe = live_sqe(c->live, CRING_OP_READ, 1);

	live_prep_read(sqe, c->script, c->live->args, 1);
	sqe->flags = CRING_SQE_IO_LINK;
	sqe = live_sqe(c->live, c->opcode, 2);
	if (c->opcode == CRING_OP_TIMEOUT) {
		sqe->addr = live_timespec(c->live, 1, 3600 * NSEC_PER_SEC);
		sqe->len = 1;
	} else if (c->opcode == CRING_OP_ASYNC_CANCEL) {
		sqe->addr = 3;
	} else {
		sqe->fd = c->script->fd;
		sqe->poll32_events = POLLOUT;
	}
	return live_submit(c->live);
}

static const u8 waiting_ops[] = { CRING_OP_TIMEOUT, CRING_OP_POLL_ADD };

static void op_desc(const u8 *op, char *desc)
{
	strscpy(desc, cring_op_get(*op)->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(op, waiting_ops, op_desc);

static void what_only_waits_was_not_started_by_a_worker_either(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct chain c = { live, script_open(live, SCRIPT_FIFO),
			   *(const u8 *)test->param_value };

	/* the submitter is gone, and nobody waits: workers go on */
	KUNIT_ASSERT_EQ(test, other_join(other_start(live, submit_a_chain, &c)),
			2);
	script_ready(c.script, EPOLLIN);
	KUNIT_ASSERT_TRUE(test, live_until(live_nr_cqes(live)));
	LIVE_EXPECT_CQE(live, 1, 1);
	KUNIT_ASSERT_TRUE(test, live_await(live, 2, CRING_ARMED));
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, 2), 0);
	LIVE_EXPECT_CQE_FLAGS(live, 2, -ECANCELED, CRING_CQE_F_NOT_STARTED);
}

/* its match's CQE comes first, as ever */
static void a_cancel_may_be_run_by_a_worker(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct chain c = { live, script_open(live, SCRIPT_FIFO),
			   CRING_OP_ASYNC_CANCEL };

	live_read(live, script_open(live, SCRIPT_FIFO), 3);
	KUNIT_ASSERT_EQ(test, other_join(other_start(live, submit_a_chain, &c)),
			2);
	script_ready(c.script, EPOLLIN);
	/* who waits would run it */
	KUNIT_ASSERT_TRUE(test, live_until(live_nr_cqes(live) == 3));
	LIVE_EXPECT_CQE(live, 1, 1);
	LIVE_EXPECT_CQE_FLAGS(live, 3, -ECANCELED, CRING_CQE_F_NOT_STARTED);
	LIVE_EXPECT_CQE(live, 2, 0);
}

static int make_ready_when_asleep(void *arg)
{
	struct script *script = arg;
	struct live *live = script->priv;
	bool ran;

	if (!live_until(wq_has_sleeper(&live->ring->waitq)))
		return -ETIMEDOUT;
	/* it is on its way to sleep now */
	schedule_timeout_uninterruptible(HZ / 20);
	script_ready(script, EPOLLIN);
	ran = live_until(live_nr_cqes(live));
	/* or nobody would */
	cring_run_ready(live->ring);
	return ran;
}

static void who_waits_runs_what_became_ready(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct script *script = script_open(live, SCRIPT_POLL);
	struct other *other;

	script->priv = live;
	live_read(live, script, 1);
	other = other_start(live, make_ready_when_asleep, script);
	KUNIT_EXPECT_EQ(test, cring_wait(live->ring, 1, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, other_join(other), 1);
	LIVE_EXPECT_CQE(live, 1, 1);
}

static struct kunit_case cring_live_cases[] = {
	KUNIT_CASE(a_nop_ends_while_it_is_submitted),
	KUNIT_CASE(a_ring_is_as_large_as_was_asked_for),
	KUNIT_CASE(what_would_block_is_armed_and_goes_on_when_it_is_ready),
	KUNIT_CASE(a_worker_runs_what_cannot_be_polled),
	KUNIT_CASE(a_device_has_it_until_it_completes),
	KUNIT_CASE(a_file_is_released_after_its_last_operation),
	KUNIT_CASE(another_thread_of_the_owner_may_submit),
	KUNIT_CASE(what_became_ready_runs_as_who_submitted_it),
	KUNIT_CASE(who_waits_runs_what_became_ready),
	KUNIT_CASE(a_cancel_may_be_run_by_a_worker),
	KUNIT_CASE_PARAM(what_only_waits_was_not_started_by_a_worker_either,
			 op_gen_params),
	{}
};

static struct kunit_suite cring_live_suite = {
	.name = "cring_live",
	.test_cases = cring_live_cases,
};

kunit_test_suite(cring_live_suite);
