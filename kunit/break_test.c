// SPDX-License-Identifier: GPL-2.0
/*
 * However many requests something concerns, the ring's lock is let go of now and
 * then (C5 of Documentation/contract.rst); and what happens meanwhile.
 */
#include <linux/kthread.h>

#include "deadline.h"
#include "window.h"

#define NR	250
#define FD	CRING_ASYNC_CANCEL_FD
#define UD	1000	/* of what is like it, and not meant */

struct breaks {
	unsigned int nr;
	unsigned int cancels;	/* since the last one */
	unsigned int longest;
	void (*first)(struct live *live);
	struct script *script;
};

static void count_break(struct live *live, struct cring_req *req)
{
	struct breaks *b = live->priv;

	b->cancels = 0;
	if (!b->nr++ && b->first)
		b->first(live);
}

static void count_cancel(struct live *live, struct cring_req *req)
{
	struct breaks *b = live->priv;

	b->longest = max(b->longest, ++b->cancels);
}

static struct breaks *count_breaks(struct live *live)
{
	live_at(live, CRING_AT_BREAK, count_break);
	live_at(live, CRING_AT_CANCEL, count_cancel);
	return live->priv;
}

/* What is counted is there for longer than the ring, which closing breaks too. */
static struct live *open_many(struct kunit *test)
{
	struct breaks *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);
	struct live *live;

	KUNIT_ASSERT_NOT_NULL(test, b);
	live = live_open(test, 512, 1024);
	live->priv = b;
	return live;
}

static void put_reads(struct live *live, struct script *script, u64 user_data)
{
	unsigned int i;

	for (i = 0; i < NR; i++)
		live_prep_read(live_sqe(live, 0, user_data), script, live->args,
			       1);
}

/* --- cancels of one --- */

static const struct one_case {
	const char *name;
	u32 all;
	s32 res;
} one_cases[] = {
	{ "one", 0, -ENOENT },
	{ "all", CRING_ASYNC_CANCEL_ALL, 0 },
};

KUNIT_ARRAY_PARAM_DESC(one, one_cases, name);

static void two_keys_with_much_each_and_nothing_in_common(struct kunit *test)
{
	const struct one_case *c = test->param_value;
	struct live *live = open_many(test);
	struct script *one = script_open(live, SCRIPT_POLL);
	struct script *two = script_open(live, SCRIPT_POLL);
	struct cring_filter filter = {
		.user_data = UD, .file = two->file, .before = U64_MAX,
		.flags = CRING_ASYNC_CANCEL_USERDATA | FD | c->all,
	};
	struct breaks *b = count_breaks(live);

	put_reads(live, one, UD);
	put_reads(live, two, UD + 1);
	KUNIT_ASSERT_EQ(test, live_submit(live), 2 * NR);
	KUNIT_EXPECT_EQ(test, cring_cancel(live->ring, &filter), c->res);
	KUNIT_EXPECT_GE(test, b->nr, 2 * NR / CRING_BREAK);
	KUNIT_EXPECT_EQ(test, live_in_flight(live), 2 * NR);
	/* the last of them is found, too */
	live_prep_read(live_sqe(live, 0, UD), two, live->args, 1);
	KUNIT_ASSERT_EQ(test, live_submit(live), 1);
	b->nr = 0;
	KUNIT_EXPECT_EQ(test, cring_cancel(live->ring, &filter), !!c->all);
	KUNIT_EXPECT_GE(test, b->nr, 2 * NR / CRING_BREAK);
	LIVE_EXPECT_CQE_FLAGS(live, UD, -ECANCELED, NOT_STARTED);
	LIVE_EXPECT_NO_CQE(live);
}

/* --- cancels of all --- */

/* a walk of all, which means none of them */
static s32 pass_by_all(struct live *live)
{
	const struct cring_filter filter = {
		.user_data = UD, .flags = CRING_ASYNC_CANCEL_ALL,
	};

	return cring_cancel(live->ring, &filter);
}

static struct cring_req *with_ticket(struct live *live, u64 ticket)
{
	struct cring_req *req;

	spin_lock_irq(&live->ring->lock);
	req = cring_index_ticket(live->ring, ticket);
	spin_unlock_irq(&live->ring->lock);
	return req;
}

static int submit_there(void *arg)
{
	return live_submit(arg);
}

/* by another thread: who walks must not take a submitter's mutex */
static void add_like_it(struct live *live, unsigned int nr)
{
	struct breaks *b = live->priv;
	unsigned int i;

	for (i = 0; i < nr; i++)
		live_prep_read(live_sqe(live, 0, UD), b->script, live->args, 1);
	KUNIT_EXPECT_EQ(live->test, other_join(other_start(live, submit_there,
							   live)), nr);
}

static void cancel_one_and_add_one(struct live *live)
{
	KUNIT_EXPECT_EQ(live->test, live_cancel(live, 0, UD), 0);
	KUNIT_EXPECT_NULL(live->test, with_ticket(live, 0));
	add_like_it(live, 1);
}

/* while all are walked over, and afterwards */
static void the_oldest_is_first_at_any_time(struct kunit *test)
{
	struct live *live = open_many(test);
	struct breaks *b = count_breaks(live);
	unsigned int i;

	b->script = script_open(live, SCRIPT_POLL);
	add_like_it(live, NR);
	b->first = cancel_one_and_add_one;
	KUNIT_EXPECT_EQ(test, pass_by_all(live), 0);
	KUNIT_EXPECT_GE(test, b->nr, 2 * ((NR - 1) / CRING_BREAK));
	for (i = 1; i < NR; i++) {
		KUNIT_ASSERT_NOT_NULL(test, with_ticket(live, i));
		KUNIT_ASSERT_EQ(test, live_cancel(live, 0, UD), 0);
		KUNIT_ASSERT_NULL(test, with_ticket(live, i));
	}
	KUNIT_EXPECT_EQ(test, live_in_flight(live), 1);
}

/* all there was leaves, and as many come, as long as there are slots */
static void renew(struct live *live, struct cring_req *req)
{
	struct breaks *b = live->priv;
	unsigned int i;

	if (++b->nr > 8)
		return;
	for (i = 0; i <= CRING_BREAK; i++)
		KUNIT_EXPECT_EQ(live->test, live_cancel(live, 0, UD), 0);
	add_like_it(live, CRING_BREAK + 1);
}

static void a_walk_ends_with_those_it_began_with(struct kunit *test)
{
	struct live *live = open_many(test);
	struct breaks *b = live->priv;

	b->script = script_open(live, SCRIPT_POLL);
	add_like_it(live, CRING_BREAK + 1);
	live_at(live, CRING_AT_BREAK, renew);
	KUNIT_EXPECT_EQ(test, pass_by_all(live), 0);
	/* once in each of its two walks */
	KUNIT_EXPECT_EQ(test, b->nr, 2);
	/* the test's end has a walk, too */
	live_at(live, CRING_AT_BREAK, NULL);
}

static int cancel_mine(void *arg)
{
	struct live *live = arg;
	const struct cring_filter filter = {
		.flags = CRING_ASYNC_CANCEL_ANY, .before = U64_MAX,
		.thread = task_pid(current),
	};

	return cring_cancel(live->ring, &filter);
}

static void a_thread_that_has_submitted_none_of_many(struct kunit *test)
{
	struct live *live = open_many(test);
	struct breaks *b = count_breaks(live);

	put_reads(live, script_open(live, SCRIPT_POLL), UD);
	KUNIT_ASSERT_EQ(test, live_submit(live), NR);
	KUNIT_EXPECT_EQ(test, other_join(other_start(live, cancel_mine, live)),
			-ENOENT);
	KUNIT_EXPECT_GE(test, b->nr, NR / CRING_BREAK);
	KUNIT_EXPECT_EQ(test, live_in_flight(live), NR);
}

static void short_ones_take_the_lock_once(struct kunit *test)
{
	struct live *live = open_many(test);
	struct script *script = script_open(live, SCRIPT_POLL);
	struct breaks *b = count_breaks(live);

	put_reads(live, script, UD);
	live_prep_read(live_sqe(live, 0, 7), script, live->args, 1);
	KUNIT_ASSERT_EQ(test, live_submit(live), NR + 1);
	/* and do without the mutex that keeps long ones apart */
	mutex_lock(&live->ring->cancel_mutex);
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, 8), -ENOENT);
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, 7), 0);
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, UD), 0);
	KUNIT_EXPECT_EQ(test, live_cancel(live, CRING_ASYNC_CANCEL_ANY, 0), 0);
	mutex_unlock(&live->ring->cancel_mutex);
	KUNIT_EXPECT_EQ(test, b->nr, 0);
}

/* --- the end of the ring --- */

static void a_ring_is_closed_with_many_cancels_that_wait(struct kunit *test)
{
	struct live *live = open_many(test);
	struct breaks *b = count_breaks(live);
	unsigned int i;

	forever(live, 1);
	live_sqe(live, CRING_OP_NOP, 2)->flags = CRING_SQE_IO_DRAIN;
	for (i = 0; i < NR; i++)
		live_sqe(live, CRING_OP_ASYNC_CANCEL, 3)->addr = 4;
	KUNIT_ASSERT_EQ(test, live_submit(live), NR + 2);
	LIVE_EXPECT_STATE(live, 3, CRING_DEFERRED);
	live_close(live);
	KUNIT_EXPECT_GE(test, b->nr, NR / CRING_BREAK);
	/* the two others were no reason for one */
	KUNIT_EXPECT_LE(test, b->longest, CRING_BREAK + 2);
	KUNIT_EXPECT_TRUE(test, live_gone(live));
}

/* --- what was held back --- */

static void expect_ready(struct live *live, u64 first)
{
	struct cring_req *req;
	u64 next = first;

	spin_lock_irq(&live->ring->queue_lock);
	list_for_each_entry(req, &live->ring->ready, node)
		if (req->user_data != next++)
			break;
	spin_unlock_irq(&live->ring->queue_lock);
	KUNIT_EXPECT_EQ(live->test, next, first + NR);
}

static void try_to_overtake(struct live *live)
{
	struct cring_req *last = live_req(live, NR);

	KUNIT_EXPECT_EQ(live->test, last->lflags & CRING_REQL_WINDOW, 0);
	KUNIT_EXPECT_FALSE(live->test, cring_window_enter(last, false));
}

static void a_window_is_opened_for_many(struct kunit *test)
{
	struct live *live = open_many(test);
	struct script *device = script_open(live, SCRIPT_DEVICE);
	struct breaks *b = count_breaks(live);
	unsigned int i;

	KUNIT_ASSERT_EQ(test, set_window(live, 1), 0);
	for (i = 0; i <= NR; i++)
		put(live, device, i);
	submit_nr(live, NR + 1);
	b->first = try_to_overtake;
	KUNIT_EXPECT_EQ(test, set_window(live, NR + 1), 0);
	KUNIT_EXPECT_EQ(test, b->nr, (NR - 1) / CRING_BREAK);
	expect_in_devices(live, NR + 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&live->ring->windowed));
	/* in order */
	expect_ready(live, 1);
}

static void a_drain_is_over_for_many(struct kunit *test)
{
	struct live *live = open_many(test);
	struct breaks *b = count_breaks(live);
	unsigned int i;

	forever(live, 0);
	live_sqe(live, CRING_OP_NOP, 1)->flags = CRING_SQE_IO_DRAIN;
	for (i = 0; i < NR; i++)
		live_sqe(live, CRING_OP_NOP, 2 + i);
	submit_nr(live, NR + 2);
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, 0), 0);
	LIVE_EXPECT_CQE(live, 0, -ECANCELED);
	b->nr = 0;
	cring_run_ready(live->ring);
	KUNIT_EXPECT_EQ(test, b->nr, (NR - 1) / CRING_BREAK);
	for (i = 0; i < NR + 1; i++)
		LIVE_EXPECT_CQE(live, 1 + i, 0);
	LIVE_EXPECT_NO_CQE(live);
}

/* --- deadlines --- */

/* its time has come, but it is not among the deadlines yet: the last one */
static void cancel_unarmed(struct live *live)
{
	KUNIT_EXPECT_EQ(live->test, live_cancel(live, 0, NR - 1), 0);
}

/* the first one is tried for so long */
static ssize_t until_then(struct script *script, struct kiocb *iocb,
			  struct iov_iter *iter)
{
	it_is(script->priv, later());
	return -EAGAIN;
}

static void many_deadlines_in_a_batch(struct kunit *test)
{
	struct live *live = open_many(test);
	struct script *script = script_open(live, SCRIPT_POLL);
	struct script *slow = script_open(live, SCRIPT_POLL);
	struct breaks *b = count_breaks(live);
	s64 then = later();
	unsigned int i;

	b->first = cancel_unarmed;
	slow->priv = live;
	slow->run = until_then;
	script_ready(slow, EPOLLIN);
	for (i = 0; i < NR; i++)
		give(prep_read(live, i ? script : slow, i), then - i);
	submit_all(live, NR);
	/* they enter, and they end */
	KUNIT_EXPECT_EQ(test, b->nr, 2 * ((NR - 1) / CRING_BREAK));
	KUNIT_EXPECT_EQ(test, atomic_read(&script->calls), 0);
	LIVE_EXPECT_CQE_FLAGS(live, NR - 1, -ECANCELED, NOT_STARTED);
	for (i = NR - 2; i; i--)
		LIVE_EXPECT_CQE_FLAGS(live, i, -ETIME, NOT_STARTED);
	/* it was told */
	LIVE_EXPECT_CQE(live, 0, -ETIME);
	LIVE_EXPECT_NO_CQE(live);
	KUNIT_EXPECT_TRUE(test, nothing_queued(live));
}

static struct kunit_case cring_break_cases[] = {
	KUNIT_CASE_PARAM(two_keys_with_much_each_and_nothing_in_common,
			 one_gen_params),
	KUNIT_CASE(the_oldest_is_first_at_any_time),
	KUNIT_CASE(a_walk_ends_with_those_it_began_with),
	KUNIT_CASE(a_thread_that_has_submitted_none_of_many),
	KUNIT_CASE(short_ones_take_the_lock_once),
	KUNIT_CASE(a_ring_is_closed_with_many_cancels_that_wait),
	KUNIT_CASE(a_window_is_opened_for_many),
	KUNIT_CASE(a_drain_is_over_for_many),
	KUNIT_CASE(many_deadlines_in_a_batch),
	{}
};

static struct kunit_suite cring_break_suite = {
	.name = "cring_break",
	.test_cases = cring_break_cases,
};

kunit_test_suite(cring_break_suite);
