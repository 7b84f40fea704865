// SPDX-License-Identifier: GPL-2.0
/*
 * Orders that a race would have to hit within a few instructions: each is looked
 * at where it matters, by somebody who stands right there (C3 of
 * Documentation/contract.rst).
 */
#include "fixture.h"

#define UD	1

struct order {
	struct live *live;
	struct script *script;
	struct cring_req *req;
	u64 accepted;
	u32 tail;
	atomic_t stage;
	bool holds;		/* what the order promises */
	unsigned int times;
};

static struct order *order_open(struct kunit *test, enum script_kind kind)
{
	struct order *o = kunit_kzalloc(test, sizeof(*o), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, o);
	o->live = live_open(test, 4, 0);
	o->script = script_open(o->live, kind);
	o->live->priv = o;
	return o;
}

/* long enough for another thread to do what it should not be able to do */
static void linger(void)
{
	ktime_t end = ktime_add_ms(ktime_get(), 30);

	while (ktime_before(ktime_get(), end))
		cpu_relax();
}

/* who reads that it was accepted must find it: so it is in the batch before */
static void look_at_the_batch(struct live *live, struct cring_req *req)
{
	struct order *o = live->priv;
	struct cring_ring *ring = live->ring;

	o->times++;
	o->holds = READ_ONCE(ring->accepted) == o->accepted &&
		   READ_ONCE(ring->batch_nr) == 2 &&
		   READ_ONCE(ring->batch_seq) & 1;
}

static void a_batch_can_be_found_before_it_counts_as_accepted(struct kunit *test)
{
	struct order *o = order_open(test, SCRIPT_POLL);

	o->accepted = o->live->ring->accepted;
	live_at(o->live, CRING_AT_BATCH, look_at_the_batch);
	live_sqe(o->live, CRING_OP_NOP, 1);
	live_sqe(o->live, CRING_OP_NOP, 2);
	KUNIT_EXPECT_EQ(test, live_submit(o->live), 2);
	KUNIT_EXPECT_EQ(test, o->times, 1);
	KUNIT_EXPECT_TRUE(test, o->holds);
	KUNIT_EXPECT_EQ(test, o->live->ring->accepted, o->accepted + 2);
}

/* who finds it empty must see that it has ended, and looks at the index again */
static void look_at_the_end(struct live *live, struct cring_req *req)
{
	struct order *o = live->priv;
	struct cring_ring *ring = live->ring;

	o->times++;
	o->holds = READ_ONCE(ring->batch_nr) == 1 &&
		   !(READ_ONCE(ring->batch_seq) & 1) &&
		   live_req(live, UD);
}

static void a_batch_has_ended_before_it_is_empty(struct kunit *test)
{
	struct order *o = order_open(test, SCRIPT_POLL);

	live_at(o->live, CRING_AT_BATCH_OVER, look_at_the_end);
	KUNIT_EXPECT_EQ(test, live_read(o->live, o->script, UD), CRING_ARMED);
	KUNIT_EXPECT_EQ(test, o->times, 1);
	KUNIT_EXPECT_TRUE(test, o->holds);
	KUNIT_EXPECT_EQ(test, READ_ONCE(o->live->ring->batch_nr), 0);
}

/* the signal is on its way, and its request is over: it must wait */
static void let_it_end(struct live *live, struct cring_req *req)
{
	struct order *o = live->priv;
	struct cring_worker *worker = &live->ring->workers[req->worker];

	o->times++;
	script_let_go(o->script);
	linger();
	o->holds = READ_ONCE(worker->req) == req;
}

static void who_is_about_to_be_interrupted_stays_until_then(struct kunit *test)
{
	struct order *o;

	live_needs_two(test);
	o = order_open(test, SCRIPT_WORKER);
	live_read(o->live, o->script, UD);
	KUNIT_ASSERT_TRUE(test, script_await(o->script, 1));
	live_at(o->live, CRING_AT_SIGNAL, let_it_end);
	KUNIT_EXPECT_EQ(test, live_cancel(o->live, 0, UD), -EALREADY);
	KUNIT_EXPECT_EQ(test, o->times, 1);
	KUNIT_EXPECT_TRUE(test, o->holds);
	KUNIT_EXPECT_TRUE(test, live_until(live_nr_cqes(o->live)));
}

/* its CQE is written, and not published: who sees it DONE has to wait for that */
static void hold_the_tail(struct live *live, struct cring_req *req)
{
	struct order *o = live->priv;

	if (!o->req ||
	    cring_word_state(atomic64_read(&o->req->word)) != CRING_DONE ||
	    atomic_cmpxchg(&o->stage, 0, 1))
		return;
	linger();
}

static int complete_it(void *arg)
{
	struct order *o = arg;

	script_complete(o->script, 0, 1);
	return 0;
}

static void a_cqe_is_published_before_anybody_is_told_of_it(struct kunit *test)
{
	struct order *o;
	struct other *other;

	live_needs_two(test);
	o = order_open(test, SCRIPT_DEVICE);
	live_read(o->live, o->script, UD);
	o->req = live_req(o->live, UD);
	KUNIT_ASSERT_NOT_NULL(test, o->req);
	live_at(o->live, CRING_AT_PUBLISH, hold_the_tail);
	other = other_start(o->live, complete_it, o);
	KUNIT_EXPECT_TRUE(test, live_spin(atomic_read(&o->stage)));
	cring_cq_settle(o->live->ring);
	KUNIT_EXPECT_EQ(test, live_nr_cqes(o->live), 1);
	KUNIT_EXPECT_EQ(test, other_join(other), 0);
	LIVE_EXPECT_CQE(o->live, UD, 1);
}

/* its CQE is written, and not published: it is in flight, and has no CQE */
static void look_at_both(struct live *live, struct cring_req *req)
{
	struct order *o = live->priv;
	struct cring_shared *shared = live->ring->shared;

	if (READ_ONCE(live->ring->cq_tail) == o->tail)
		return;
	o->times++;
	o->holds = READ_ONCE(shared->cq_tail) == o->tail &&
		   READ_ONCE(shared->in_flight) == 1;
}

static void a_cqe_is_there_when_nothing_is_in_flight(struct kunit *test)
{
	struct order *o = order_open(test, SCRIPT_DEVICE);
	struct cring_shared *shared = o->live->ring->shared;

	KUNIT_EXPECT_EQ(test, live_read(o->live, o->script, UD),
			CRING_DISPATCHED);
	KUNIT_EXPECT_EQ(test, shared->in_flight, 1);
	o->tail = shared->cq_tail;
	live_at(o->live, CRING_AT_PUBLISH, look_at_both);
	script_complete(o->script, 0, 1);
	live_at(o->live, CRING_AT_PUBLISH, NULL);
	KUNIT_EXPECT_EQ(test, o->times, 1);
	KUNIT_EXPECT_TRUE(test, o->holds);
	KUNIT_EXPECT_EQ(test, shared->in_flight, 0);
	KUNIT_EXPECT_EQ(test, shared->cq_tail, o->tail + 1);
}

static struct kunit_case cring_order_cases[] = {
	KUNIT_CASE(a_batch_can_be_found_before_it_counts_as_accepted),
	KUNIT_CASE(a_batch_has_ended_before_it_is_empty),
	KUNIT_CASE(who_is_about_to_be_interrupted_stays_until_then),
	KUNIT_CASE(a_cqe_is_published_before_anybody_is_told_of_it),
	KUNIT_CASE(a_cqe_is_there_when_nothing_is_in_flight),
	{}
};

static struct kunit_suite cring_order_suite = {
	.name = "cring_order",
	.test_cases = cring_order_cases,
};

kunit_test_suite(cring_order_suite);
