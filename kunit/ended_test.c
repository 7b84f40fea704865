// SPDX-License-Identifier: GPL-2.0
/*
 * A device that is faster than its submitter: it has ended an operation while
 * the method that queued it has not returned yet, and is held up before it has
 * posted the CQE.  The submitter then leaves; the operation is still in flight,
 * and a cancel finds it (C3 of Documentation/contract.rst).
 */
#include "fixture.h"

enum { UD = 1, NEXT = 2 };

struct ended {
	struct live *live;
	struct script *script;
	long res;
	bool claimed;		/* by the device, which is held up */
	bool go;
};

/* the method: comes back when the device has ended it */
static ssize_t queue_until_ended(struct script *script, struct kiocb *iocb,
				 struct iov_iter *iter)
{
	struct ended *e = script->priv;
	ssize_t ret = script_queue(script, iocb, iter);

	if (ret == -EIOCBQUEUED)
		live_until(READ_ONCE(e->claimed));
	return ret;
}

/* the device */
static int end_it(void *arg)
{
	struct ended *e = arg;

	live_until(script_complete(e->script, 0, e->res));
	return 0;
}

static void be_held_up(struct live *live, struct cring_req *req)
{
	struct ended *e = live->priv;

	WRITE_ONCE(e->claimed, true);
	live_until(READ_ONCE(e->go));
}

static struct ended *ended_open(struct kunit *test, long res)
{
	struct ended *e = kunit_kzalloc(test, sizeof(*e), GFP_KERNEL);

	live_needs_two(test);
	KUNIT_ASSERT_NOT_NULL(test, e);
	e->live = live_open(test, 4, 4);
	e->live->priv = e;
	e->script = script_open(e->live, SCRIPT_DEVICE);
	e->script->priv = e;
	e->script->run = queue_until_ended;
	e->res = res;
	live_at(e->live, CRING_AT_ENDED, be_held_up);
	return e;
}

static const struct ended_case {
	const char *name;
	long res;		/* the device's */
	u32 flags;		/* the cancel's */
	s32 answer;
	s32 cqe;		/* the operation's in the end */
} ended_cases[] = {
	{ "by its user_data", 1, 0, -EALREADY, 1 },
	{ "by its ticket", 1, CRING_ASYNC_CANCEL_TICKET, -EALREADY, 1 },
	{ "with all others", 1, CRING_ASYNC_CANCEL_ALL |
	  CRING_ASYNC_CANCEL_ANY, 1, 1 },
	/* nothing has been read yet, and nothing is after that answer */
	{ "before it is tried again", -EAGAIN, 0, -EALREADY, -ECANCELED },
};

KUNIT_ARRAY_PARAM_DESC(ended, ended_cases, name);

static void a_cancel_finds_what_is_about_to_be_posted(struct kunit *test)
{
	const struct ended_case *what = test->param_value;
	struct ended *e = ended_open(test, what->res);
	struct other *device = other_start(e->live, end_it, e);
	s32 answer;

	KUNIT_EXPECT_STREQ(test, cring_state_name(live_read(e->live, e->script,
							    UD)), "claimed");
	answer = live_cancel(e->live, what->flags, UD);
	LIVE_EXPECT_NO_CQE(e->live);
	WRITE_ONCE(e->go, true);
	KUNIT_EXPECT_EQ(test, other_join(device), 0);
	KUNIT_EXPECT_EQ(test, answer, what->answer);
	LIVE_EXPECT_CQE(e->live, UD, what->cqe);
	KUNIT_EXPECT_EQ(test, live_cancel(e->live, what->flags, UD),
			what->flags & CRING_ASYNC_CANCEL_ALL ? 0 : -ENOENT);
	LIVE_EXPECT_NO_CQE(e->live);
}

static void a_cancel_stops_what_waits_behind_it(struct kunit *test)
{
	struct ended *e = ended_open(test, 1);
	struct other *device = other_start(e->live, end_it, e);
	struct cring_sqe *sqe = live_sqe(e->live, CRING_OP_READ, UD);
	s32 answer;

	live_prep_read(sqe, e->script, e->live->args, 1);
	sqe->flags = CRING_SQE_IO_LINK;
	live_sqe(e->live, CRING_OP_NOP, NEXT);
	KUNIT_EXPECT_EQ(test, live_submit(e->live), 2);
	answer = live_cancel(e->live, 0, NEXT);
	WRITE_ONCE(e->go, true);
	KUNIT_EXPECT_EQ(test, other_join(device), 0);
	KUNIT_EXPECT_EQ(test, answer, 0);
	LIVE_EXPECT_CQE_FLAGS(e->live, NEXT, -ECANCELED,
			      CRING_CQE_F_NOT_STARTED);
	LIVE_EXPECT_CQE(e->live, UD, 1);
	LIVE_EXPECT_NO_CQE(e->live);
}

static struct kunit_case cring_ended_cases[] = {
	KUNIT_CASE_PARAM(a_cancel_finds_what_is_about_to_be_posted,
			 ended_gen_params),
	KUNIT_CASE(a_cancel_stops_what_waits_behind_it),
	{}
};

static struct kunit_suite cring_ended_suite = {
	.name = "cring_ended",
	.test_cases = cring_ended_cases,
};

kunit_test_suite(cring_ended_suite);
