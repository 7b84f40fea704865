// SPDX-License-Identifier: GPL-2.0
/*
 * What ends by itself where it was tried has its CQE posted in few steps, unless
 * more follows from its end than that (cring_finish() in kmod/complete.c).  Here
 * is what the few steps would leave out, and no other suite would miss.
 */
#include "detach.h"

static void a_success_that_wants_no_cqe_has_none(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);

	live_sqe(live, CRING_OP_NOP, 1)->flags = CRING_SQE_CQE_SKIP_SUCCESS;
	live_sqe(live, CRING_OP_NOP, 2);
	KUNIT_EXPECT_EQ(test, live_submit(live), 2);
	LIVE_EXPECT_CQE(live, 2, 0);
	LIVE_EXPECT_NO_CQE(live);
	KUNIT_EXPECT_EQ(test, live_in_flight(live), 0);
	KUNIT_EXPECT_EQ(test, live->ring->shared->in_flight, 0);
}

/* a session is about to publish a CQE */
static void count_at_cqe(struct live *live, struct cring_req *req)
{
	struct detach *d = live->priv;
	struct cring_ring *ring = live->ring;

	if (READ_ONCE(ring->shared->cq_tail) == ring->cq_tail)
		return;
	d->cancels++;
	d->answer = atomic_read(&ring->nr_detached);
}

static void what_could_have_been_let_go_of_has_made_room(struct kunit *test)
{
	/* which is tried without being lent */
	struct detach *d = detach_open(test, SCRIPT_POLL);

	d->script->run = detach_move;
	script_ready(d->script, EPOLLIN);
	live_at(d->live, CRING_AT_PUBLISH, count_at_cqe);
	d->answer = -1;
	detach_start(d, CRING_OP_READ, DETACH_A);
	live_at(d->live, CRING_AT_PUBLISH, NULL);
	LIVE_EXPECT_CQE(d->live, DETACH_A, DETACH_LEN);
	KUNIT_EXPECT_EQ(test, d->cancels, 1);
	KUNIT_EXPECT_EQ(test, d->answer, 0);
}

static struct kunit_case cring_short_cases[] = {
	KUNIT_CASE(a_success_that_wants_no_cqe_has_none),
	KUNIT_CASE(what_could_have_been_let_go_of_has_made_room),
	{}
};

static struct kunit_suite cring_short_suite = {
	.name = "cring_short",
	.test_cases = cring_short_cases,
};

kunit_test_suite(cring_short_suite);
