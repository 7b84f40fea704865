// SPDX-License-Identifier: GPL-2.0
/*
 * A cancel that has found nothing in the index, and is about to look at the batch that
 * another thread is submitting, when that goes on (pass.c; C3 of
 * Documentation/contract.rst).
 */
#include "fixture.h"

#define UD	1

struct behind {
	struct live *live;
	struct script *script;
	struct cring_req *req;
	atomic_t stage;
	unsigned int times;
};

static struct behind *behind_open(struct kunit *test)
{
	struct behind *b;

	live_needs_two(test);
	b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, b);
	b->live = live_open(test, 4, 0);
	b->script = script_open(b->live, SCRIPT_POLL);
	b->live->priv = b;
	return b;
}

static int submit_it(void *arg)
{
	struct behind *b = arg;

	live_prep_read(live_sqe(b->live, 0, UD), b->script, b->live->args, 1);
	return live_submit(b->live);
}

/* it is being tried: in the batch, and not in the index */
static struct other *behind_start(struct behind *b)
{
	struct other *other = other_start(b->live, submit_it, b);

	KUNIT_ASSERT_TRUE(b->live->test, script_await(b->script, 1));
	b->req = READ_ONCE(b->live->ring->batch[0]);
	return other;
}

/* the ways in that come to that */
static const struct behind_case {
	const char *name;
	bool call;
	u32 flags;
	u32 opcode;
} behind_cases[] = {
	{ "by user_data, in a call", true },
	{ "by user_data and opcode, in a call", true,
	  CRING_ASYNC_CANCEL_USERDATA | CRING_ASYNC_CANCEL_OP, CRING_OP_READ },
	{ "in a pass" },
};

KUNIT_ARRAY_PARAM_DESC(behind, behind_cases, name);

static s32 behind_cancel(struct behind *b, const struct behind_case *c)
{
	struct cring_cancel_key key = {
		.user_data = UD, .flags = c->flags, .opcode = c->opcode,
	};

	if (!c->call)
		return live_cancel(b->live, 0, UD);
	return live_cancel_sync(b->live, &key, 0, 0) ?: key.res;
}

/* it would block, and waits: its batch is over, and it is in the index */
static ssize_t stick_and_block(struct script *script, struct kiocb *iocb,
			       struct iov_iter *iter)
{
	wait_event(script->wq, READ_ONCE(script->let_go));
	return -EAGAIN;
}

static void let_it_wait(struct live *live, struct cring_req *req)
{
	struct behind *b = live->priv;

	b->times++;
	script_let_go(b->script);
	live_spin(!READ_ONCE(live->ring->batch_nr));
}

static void what_has_left_the_batch_is_in_the_index(struct kunit *test)
{
	struct behind *b = behind_open(test);
	struct other *other;

	b->script->run = stick_and_block;
	other = behind_start(b);
	live_at(b->live, CRING_AT_BEHIND, let_it_wait);
	KUNIT_EXPECT_EQ(test, behind_cancel(b, test->param_value), 0);
	KUNIT_EXPECT_EQ(test, other_join(other), 1);
	KUNIT_EXPECT_EQ(test, b->times, 1);
	LIVE_EXPECT_CQE(b->live, UD, -ECANCELED);
	LIVE_EXPECT_NO_CQE(b->live);
}

/* it ends: its CQE is written, and not published for a while */
static void hold_its_cqe(struct live *live, struct cring_req *req)
{
	struct behind *b = live->priv;
	ktime_t end;

	if (cring_word_state(atomic64_read(&b->req->word)) != CRING_DONE ||
	    atomic_cmpxchg(&b->stage, 0, 1))
		return;
	end = ktime_add_ms(ktime_get(), 30);
	while (ktime_before(ktime_get(), end))
		cpu_relax();
}

static void let_it_end(struct live *live, struct cring_req *req)
{
	struct behind *b = live->priv;

	b->times++;
	script_let_go(b->script);
	live_spin(atomic_read(&b->stage));
}

static void what_has_ended_in_the_batch_has_its_cqe(struct kunit *test)
{
	struct behind *b = behind_open(test);
	struct other *other;

	b->script->run = script_stick;
	other = behind_start(b);
	live_at(b->live, CRING_AT_BEHIND, let_it_end);
	live_at(b->live, CRING_AT_PUBLISH, hold_its_cqe);
	KUNIT_EXPECT_EQ(test, behind_cancel(b, test->param_value), -ENOENT);
	KUNIT_EXPECT_EQ(test, live_nr_cqes(b->live), 1);
	KUNIT_EXPECT_EQ(test, other_join(other), 1);
	/* again, if the batch was over soon enough */
	KUNIT_EXPECT_GE(test, b->times, 1);
	LIVE_EXPECT_CQE(b->live, UD, 1);
}

/* --- what a worker ends: it gives back its file first --- */

struct behind_worker {
	struct behind b;
	struct script *first, *last;
};

static int submit_three(void *arg)
{
	struct behind_worker *w = arg;
	struct live *live = w->b.live;

	live_prep_read(live_sqe(live, 0, UD + 1), w->first, live->args, 1);
	live_prep_read(live_sqe(live, 0, UD), w->b.script, live->args, 1);
	live_prep_read(live_sqe(live, 0, UD + 2), w->last, live->args, 1);
	return live_submit(live);
}

/* a worker gets it, and ends it, while its batch goes on with the last one */
static void let_a_worker_end_it(struct live *live, struct cring_req *req)
{
	struct behind_worker *w = live->priv;

	w->b.times++;
	script_let_go(w->first);
	script_await(w->last, 1);
	script_let_go(w->b.script);
	live_spin(atomic_read(&w->b.stage));
}

static void what_has_given_its_file_back_has_its_cqe(struct kunit *test)
{
	struct cring_cancel_key key = { .flags = CRING_ASYNC_CANCEL_FD };
	struct behind_worker *w;
	struct other *other;
	struct live *live;

	live_needs_two(test);
	w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, w);
	live = live_open(test, 4, 0);
	live->priv = w;
	w->b.live = live;
	w->b.script = script_open(live, SCRIPT_WORKER);
	w->first = script_open(live, SCRIPT_POLL);
	w->first->run = stick_and_block;
	w->last = script_open(live, SCRIPT_POLL);
	w->last->run = script_stick;
	other = other_start(live, submit_three, w);
	KUNIT_ASSERT_TRUE(test, script_await(w->first, 1));
	w->b.req = READ_ONCE(live->ring->batch[1]);
	live_at(live, CRING_AT_BEHIND, let_a_worker_end_it);
	live_at(live, CRING_AT_PUBLISH, hold_its_cqe);
	key.fd = w->b.script->fd;
	KUNIT_EXPECT_EQ(test, live_cancel_sync(live, &key, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, key.res, -ENOENT);
	KUNIT_EXPECT_EQ(test, live_nr_cqes(live), 1);
	script_let_go(w->last);
	KUNIT_EXPECT_EQ(test, other_join(other), 3);
	KUNIT_EXPECT_EQ(test, w->b.times, 1);
	LIVE_EXPECT_CQE(live, UD, 1);
	LIVE_EXPECT_CQE(live, UD + 2, 1);
}

/* --- no batch --- */

static void count_it(struct live *live, struct cring_req *req)
{
	struct behind *b = live->priv;

	b->times++;
}

/* a call knows that there is no batch */
static void what_is_not_there_is_not_looked_for_behind_it(struct kunit *test)
{
	const struct behind_case *c = test->param_value;
	struct behind *b = behind_open(test);

	KUNIT_EXPECT_EQ(test, live_read(b->live, b->script, UD + 1), CRING_ARMED);
	live_at(b->live, CRING_AT_BEHIND, count_it);
	KUNIT_EXPECT_EQ(test, behind_cancel(b, c), -ENOENT);
	KUNIT_EXPECT_EQ(test, b->times, !c->call);
	LIVE_EXPECT_STATE(b->live, UD + 1, CRING_ARMED);
}

static struct kunit_case cring_behind_cases[] = {
	KUNIT_CASE_PARAM(what_has_left_the_batch_is_in_the_index,
			 behind_gen_params),
	KUNIT_CASE_PARAM(what_has_ended_in_the_batch_has_its_cqe,
			 behind_gen_params),
	KUNIT_CASE(what_has_given_its_file_back_has_its_cqe),
	KUNIT_CASE_PARAM(what_is_not_there_is_not_looked_for_behind_it,
			 behind_gen_params),
	{}
};

static struct kunit_suite cring_behind_suite = {
	.name = "cring_behind",
	.test_cases = cring_behind_cases,
};

kunit_test_suite(cring_behind_suite);
