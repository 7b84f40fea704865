// SPDX-License-Identifier: GPL-2.0
/*
 * What the suites of direct reads share.
 */
#include "direct.h"

struct direct *direct_open(struct kunit *test, script_fn *run)
{
	struct direct *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, d);
	d->live = live_open(test, 16, 0);
	d->live->priv = d;
	d->script = script_open(d->live, SCRIPT_DEVICE);
	d->script->priv = d;
	d->script->run = run;
	d->res = 1;
	return d;
}

struct cring_sqe *direct_put(struct direct *d, u64 user_data)
{
	struct cring_sqe *sqe = live_sqe(d->live, CRING_OP_READ, user_data);

	live_prep_read(sqe, d->script, d->live->args, 1);
	return sqe;
}

void direct_put_all(struct direct *d)
{
	unsigned int i;

	for (i = 1; i <= DIRECT_NR; i++)
		direct_put(d, i);
}

void direct_expect_over(struct direct *d)
{
	struct kunit *test = d->live->test;

	LIVE_EXPECT_NO_CQE(d->live);
	KUNIT_EXPECT_EQ(test, live_in_flight(d->live), 0);
	KUNIT_EXPECT_TRUE(test, live_until(pool_free(d->live) ==
					   d->live->ring->nr_reqs));
	KUNIT_EXPECT_TRUE(test, live_until(({
		flush_delayed_fput();
		file_count(d->script->file) == 2;
	})));
	KUNIT_EXPECT_EQ(test, d->live->ring->in_devices, 0);
}

ssize_t direct_queue(struct script *script, struct kiocb *iocb,
		     struct iov_iter *iter)
{
	struct direct *d = script->priv;
	ssize_t ret;

	/* a worker's */
	if (d->calls++ >= DIRECT_NR)
		return script_transfer(script, iocb, iter);
	ret = script_queue(script, iocb, iter);
	if (d->calls == (d->at ?: DIRECT_NR) && d->at_last)
		d->at_last(d);
	return ret;
}

void direct_end_others(struct direct *d, unsigned int from)
{
	unsigned int i;

	for (i = from; i <= DIRECT_NR; i++) {
		LIVE_EXPECT_STATE(d->live, i, CRING_DISPATCHED);
		script_complete(d->script, i - 1, 1);
		LIVE_EXPECT_CQE_FLAGS(d->live, i, 1, 0);
	}
	direct_expect_over(d);
}

int direct_end_first(void *arg)
{
	struct direct *d = arg;

	script_complete(d->script, 0, d->res);
	return 0;
}
