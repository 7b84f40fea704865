// SPDX-License-Identifier: GPL-2.0
/*
 * A cancel of ALL that matches hundreds: each once, and with the ring's lock
 * let go now and then (C5 and C6 of Documentation/contract.rst).
 */
#include "fixture.h"

#define NR	256	/* several times what is visited in one go */
#define UD	1

struct all {
	struct live *live;
	struct script *script;
	unsigned int visits;	/* since CQEs were last seen to come */
	unsigned int waiting;	/* when the worker was interrupted */
	unsigned int longest;
	u32 posted;
};

/* who could be next when the worker is interrupted? */
static ssize_t sleep_and_look(struct script *script, struct kiocb *iocb,
			      struct iov_iter *iter)
{
	struct all *all = script->priv;
	struct cring_ring *ring = all->live->ring;
	ssize_t ret = script_sleep(script, iocb, iter);
	u32 i;

	for (i = 0; i < ring->nr_reqs; i++)
		if (cring_word_state(atomic64_read(&ring->pool[i].word)) ==
		    CRING_QUEUED)
			all->waiting++;
	return ret;
}

static struct all *all_open(struct kunit *test, enum script_kind kind)
{
	struct all *all = kunit_kzalloc(test, sizeof(*all), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, all);
	all->live = live_open(test, NR, NR);
	all->live->priv = all;
	all->script = script_open(all->live, kind);
	all->script->priv = all;
	if (kind == SCRIPT_WORKER)
		all->script->run = sleep_and_look;
	for (i = 0; i < NR; i++)
		live_prep_read(live_sqe(all->live, 0, UD), all->script,
			       all->live->args, 1);
	KUNIT_ASSERT_EQ(test, live_submit(all->live), NR);
	return all;
}

/* CQEs of a cancel are posted with the lock taken anew: so it was let go */
static void count_visits(struct live *live, struct cring_req *req)
{
	struct all *all = live->priv;
	u32 posted = READ_ONCE(live->ring->shared->cq_tail);

	if (posted != all->posted)
		all->visits = 0;
	all->posted = posted;
	all->longest = max(all->longest, ++all->visits);
}

static const struct key_case {
	const char *name;
	u32 flags;
} key_cases[] = {
	{ "user_data", CRING_ASYNC_CANCEL_ALL },
	{ "file", CRING_ASYNC_CANCEL_ALL | CRING_ASYNC_CANCEL_FD },
	{ "opcode", CRING_ASYNC_CANCEL_ALL | CRING_ASYNC_CANCEL_OP },
	{ "any", CRING_ASYNC_CANCEL_ALL | CRING_ASYNC_CANCEL_ANY },
};

KUNIT_ARRAY_PARAM_DESC(key, key_cases, name);

static long cancel_all(struct all *all, const struct key_case *row,
		       struct cring_cancel_key *key)
{
	bool by_file = row->flags & CRING_ASYNC_CANCEL_FD;
	bool by_op = row->flags & CRING_ASYNC_CANCEL_OP;
	bool any = row->flags & CRING_ASYNC_CANCEL_ANY;

	*key = (struct cring_cancel_key) {
		.flags = row->flags,
		.fd = by_file ? all->script->fd : 0,
		.opcode = by_op ? CRING_OP_READ : 0,
		.user_data = by_file || by_op || any ? 0 : UD,
	};
	return live_cancel_sync(all->live, key, 0, 0);
}

static void hundreds_are_cancelled_with_the_lock_let_go(struct kunit *test)
{
	struct all *all = all_open(test, SCRIPT_POLL);
	struct cring_cancel_key key;
	unsigned int i;

	live_at(all->live, CRING_AT_CANCEL, count_visits);
	KUNIT_EXPECT_EQ(test, cancel_all(all, test->param_value, &key), 0);
	KUNIT_EXPECT_EQ(test, key.res, NR);
	KUNIT_EXPECT_EQ(test, key.already, 0);
	KUNIT_EXPECT_GE(test, all->longest, 2);
	KUNIT_EXPECT_LE(test, all->longest, 64);
	for (i = 0; i < NR; i++)
		LIVE_EXPECT_CQE_FLAGS(all->live, UD, -ECANCELED,
				      CRING_CQE_F_NOT_STARTED);
	LIVE_EXPECT_NO_CQE(all->live);
}

/* what a worker could take next is stopped before the worker is interrupted */
static void hundreds_behind_a_worker_are_stopped_and_it_is_told(struct kunit *test)
{
	struct cring_cancel_key key;
	struct all *all;
	unsigned int i;

	live_max_workers(test, 1);
	all = all_open(test, SCRIPT_WORKER);
	KUNIT_ASSERT_TRUE(test, script_await(all->script, 1));
	KUNIT_EXPECT_EQ(test, cancel_all(all, &key_cases[0], &key), 0);
	KUNIT_EXPECT_EQ(test, key.res, NR);
	KUNIT_EXPECT_EQ(test, key.already, 1);
	for (i = 0; i < NR - 1; i++)
		LIVE_EXPECT_REAPED(all->live, live_wait, UD, -ECANCELED,
				   LIVE_ANY_FLAGS);
	LIVE_EXPECT_WAIT(all->live, UD, -ECANCELED);
	KUNIT_EXPECT_EQ(test, atomic_read(&all->script->calls), 1);
	KUNIT_EXPECT_EQ_MSG(test, all->waiting, 0, "still waited");
}

/* it is walked over twice, and counted once */
static void what_a_device_has_is_counted_once_each_time(struct kunit *test)
{
	struct live *live = live_open(test, 16, 0);
	struct script *script = script_open(live, SCRIPT_DEVICE);
	unsigned int i, times;

	for (i = 0; i < 16; i++)
		live_prep_read(live_sqe(live, 0, UD), script, live->args, 1);
	KUNIT_ASSERT_EQ(test, live_submit(live), 16);
	for (times = 0; times < 3; times++)
		KUNIT_EXPECT_EQ(test, live_cancel(live, CRING_ASYNC_CANCEL_ALL,
						  UD), 16);
	LIVE_EXPECT_NO_CQE(live);
	for (i = 0; i < 16; i++)
		script_complete(script, i, 1);
	KUNIT_EXPECT_EQ(test, live_nr_cqes(live), 16);
	KUNIT_EXPECT_EQ(test, live_cancel(live, CRING_ASYNC_CANCEL_ALL, UD), 0);
}

static void all_means_what_was_accepted_before_it(struct kunit *test)
{
	struct live *live = live_open(test, 16, 0);
	struct script *script = script_open(live, SCRIPT_POLL);
	struct cring_sqe *sqe;
	unsigned int i;

	for (i = 0; i < 4; i++)
		live_prep_read(live_sqe(live, 0, UD), script, live->args, 1);
	sqe = live_sqe(live, CRING_OP_ASYNC_CANCEL, 2);
	sqe->cancel_flags = CRING_ASYNC_CANCEL_ALL | CRING_ASYNC_CANCEL_ANY;
	for (i = 0; i < 4; i++)
		live_prep_read(live_sqe(live, 0, UD), script, live->args, 1);
	KUNIT_ASSERT_EQ(test, live_submit(live), 9);
	for (i = 0; i < 4; i++)
		LIVE_EXPECT_CQE(live, UD, -ECANCELED);
	LIVE_EXPECT_CQE(live, 2, 4);
	LIVE_EXPECT_NO_CQE(live);
	KUNIT_EXPECT_EQ(test, live_in_flight(live), 4);
}

static void all_of_nothing_is_none(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);

	KUNIT_EXPECT_EQ(test, live_cancel(live, CRING_ASYNC_CANCEL_ALL, UD), 0);
	KUNIT_EXPECT_EQ(test, live_cancel(live, CRING_ASYNC_CANCEL_ALL |
					  CRING_ASYNC_CANCEL_ANY, 0), 0);
}

/* --- what moves into the index meanwhile --- */

struct moving {
	struct completion looks, waits;
	struct other *other;
};

static int cancel_any(void *arg)
{
	return live_cancel(arg, CRING_ASYNC_CANCEL_ALL | CRING_ASYNC_CANCEL_ANY,
			   0);
}

static void until_it_waits(struct live *live, struct cring_req *req)
{
	struct moving *m = live->priv;

	live_at(live, CRING_AT_CIRCLE, NULL);
	complete(&m->looks);
	wait_for_completion_timeout(&m->waits, LIVE_PATIENCE);
}

static void until_somebody_looks(struct live *live, struct cring_req *req)
{
	struct moving *m = live->priv;

	live_at(live, CRING_AT_ANNOUNCE, NULL);
	live_at(live, CRING_AT_CIRCLE, until_it_waits);
	m->other = other_start(live, cancel_any, live);
	wait_for_completion_timeout(&m->looks, LIVE_PATIENCE);
}

/* in the batch when the canceller begins, and in no table of the index */
static void what_moves_out_of_the_batch_is_found(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct script *script = script_open(live, SCRIPT_POLL);
	struct moving m;

	live->priv = &m;
	init_completion(&m.looks);
	init_completion(&m.waits);
	live_prep_read(live_sqe(live, 0, UD), script, live->args, 1);
	live_at(live, CRING_AT_ANNOUNCE, until_somebody_looks);
	KUNIT_EXPECT_EQ(test, live_submit(live), 1);
	complete(&m.waits);
	KUNIT_EXPECT_EQ(test, other_join(m.other), 1);
	LIVE_EXPECT_CQE_FLAGS(live, UD, -ECANCELED, CRING_CQE_F_NOT_STARTED);
	KUNIT_EXPECT_EQ(test, live_in_flight(live), 0);
}

static struct kunit_case cring_all_cases[] = {
	KUNIT_CASE_PARAM(hundreds_are_cancelled_with_the_lock_let_go,
			 key_gen_params),
	KUNIT_CASE(hundreds_behind_a_worker_are_stopped_and_it_is_told),
	KUNIT_CASE(what_a_device_has_is_counted_once_each_time),
	KUNIT_CASE(all_means_what_was_accepted_before_it),
	KUNIT_CASE(all_of_nothing_is_none),
	KUNIT_CASE(what_moves_out_of_the_batch_is_found),
	{}
};

static struct kunit_suite cring_all_suite = {
	.name = "cring_all",
	.test_cases = cring_all_cases,
};

kunit_test_suite(cring_all_suite);
