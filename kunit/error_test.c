// SPDX-License-Identifier: GPL-2.0
/*
 * Failures: what an interrupt made a method fail with is the interrupt's, and what
 * failed by itself says how (C3 of Documentation/contract.rst).
 */
#include "fixture.h"

enum { UD = 1 };

static const struct error_case {
	const char *name;
	int error;
	int told;	/* what it is when it was told to stop, */
	int untold;	/* and when it was not */
} error_cases[] = {
	{ "EINTR", -EINTR, -ECANCELED, -EINTR },
	{ "ERESTARTSYS", -ERESTARTSYS, -ECANCELED, -EINTR },
	{ "EFAULT", -EFAULT, -ECANCELED, -EFAULT },
	{ "EAGAIN", -EAGAIN, -ECANCELED, -EAGAIN },
	{ "ENOMEM", -ENOMEM, -ECANCELED, -ENOMEM },
	{ "EIO", -EIO, -EIO, -EIO },
};

KUNIT_ARRAY_PARAM_DESC(error, error_cases, name);

static ssize_t fail_later(struct script *script, struct kiocb *iocb,
			  struct iov_iter *iter)
{
	const struct error_case *c = script->priv;

	script_sleep(script, iocb, iter);
	return c->error;
}

static struct script *failing(struct live *live, enum script_kind kind)
{
	struct script *script = script_open(live, kind);

	script->priv = (void *)live->test->param_value;
	if (kind == SCRIPT_WORKER)
		script->run = fail_later;
	return script;
}

static void what_a_signal_made_fail_was_cancelled(struct kunit *test)
{
	const struct error_case *c = test->param_value;
	struct live *live = live_open(test, 4, 0);
	struct script *script = failing(live, SCRIPT_WORKER);

	live_read(live, script, UD);
	KUNIT_ASSERT_TRUE(test, script_await(script, 1));
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, UD), -EALREADY);
	LIVE_EXPECT_REAPED(live, live_wait, UD, c->told, 0);
}

static void what_failed_by_itself_says_how(struct kunit *test)
{
	const struct error_case *c = test->param_value;
	struct live *live = live_open(test, 4, 0);
	struct script *script = failing(live, SCRIPT_WORKER);

	live_read(live, script, UD);
	KUNIT_ASSERT_TRUE(test, script_await(script, 1));
	script_let_go(script);
	LIVE_EXPECT_WAIT(live, UD, c->untold);
}

/* a device has a part of it, and the rest was not handed over: an end like its own */
static void so_it_is_when_a_device_ends_it(struct kunit *test)
{
	const struct error_case *c = test->param_value;
	struct live *live = live_open(test, 4, 0);
	struct script *device = failing(live, SCRIPT_DEVICE);

	KUNIT_ASSERT_EQ(test, live_read(live, device, UD), CRING_DISPATCHED);
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, UD), -EALREADY);
	script_complete(device, 0, c->error);
	LIVE_EXPECT_CQE_FLAGS(live, UD, c->told, 0);
}

static void a_device_says_how_it_failed(struct kunit *test)
{
	const struct error_case *c = test->param_value;
	struct live *live = live_open(test, 4, 0);
	struct script *device = failing(live, SCRIPT_DEVICE);

	KUNIT_ASSERT_EQ(test, live_read(live, device, UD), CRING_DISPATCHED);
	/* who only tried without waiting tries again */
	device->queued[0]->ki_flags &= ~IOCB_NOWAIT;
	script_complete(device, 0, c->error);
	LIVE_EXPECT_CQE_FLAGS(live, UD, c->untold, 0);
}

static struct kunit_case error_cases_of[] = {
	KUNIT_CASE_PARAM(what_a_signal_made_fail_was_cancelled, error_gen_params),
	KUNIT_CASE_PARAM(what_failed_by_itself_says_how, error_gen_params),
	KUNIT_CASE_PARAM(so_it_is_when_a_device_ends_it, error_gen_params),
	KUNIT_CASE_PARAM(a_device_says_how_it_failed, error_gen_params),
	{}
};

static struct kunit_suite error_suite = {
	.name = "cring_error",
	.test_cases = error_cases_of,
};

kunit_test_suite(error_suite);
