// SPDX-License-Identifier: GPL-2.0
/*
 * The two queues of a ring: counters that wrap, and counters that lie.  Clause
 * C2 of Documentation/contract.rst.
 */
#include "sqes.h"

#define SQ	8
#define CQ	16

/* an idle ring, as after so many SQEs and CQEs */
static void wind(struct live *live, u64 accepted, u32 cq_tail)
{
	struct cring_ring *ring = live->ring;

	ring->accepted = accepted;
	ring->finished = accepted;
	ring->sq_head = accepted;
	ring->shared->sq_head = accepted;
	ring->shared->sq_tail = accepted;
	live->sq_tail = accepted;
	ring->cq_tail = cq_tail;
	ring->shared->cq_head = cq_tail;
	ring->shared->cq_tail = cq_tail;
}

/* ---------------------------------------------------------------------------
 * Counters that wrap
 */

static const struct start {
	const char *name;
	u64 accepted;
	u32 cq_tail;
} starts[] = {
	{ "from the beginning", 0, 0 },
	{ "from the middle of both", 5, 11 },
	{ "over the sign bit", S32_MAX - 9ULL, S32_MAX - 20U },
	{ "over 2^32", U32_MAX - 10ULL, U32_MAX - 17U },
	{ "over 2^32 of the CQ alone", 3, U32_MAX - 4U },
	{ "over 2^32 of the SQ alone", U32_MAX - 1ULL, 7 },
	{ "over 2^32 for the third time", 3ULL * U32_MAX, U32_MAX },
	{ "over 2^63", S64_MAX - 12ULL, 0 },
};

KUNIT_ARRAY_PARAM_DESC(start, starts, name);

static void sqes_and_cqes_go_round_in_order(struct kunit *test)
{
	const struct start *start = test->param_value;
	struct live *live = live_open(test, SQ, CQ);
	struct cring_ring *ring = live->ring;
	u32 sq = start->accepted, cq = start->cq_tail;
	unsigned int done = 0, nr = 1;
	struct cring_cqe cqe;

	wind(live, start->accepted, start->cq_tail);
	/* batches of 1 to 8: they begin at all places of the queues */
	while (done < 5 * CQ) {
		unsigned int i;

		for (i = 0; i < nr; i++) {
			struct cring_sqe *slot =
				&ring->sqes[(sq + done + i) % SQ];

			KUNIT_EXPECT_PTR_EQ(test, slot,
					    live_sqe(live, CRING_OP_NOP,
						     done + i));
		}
		KUNIT_EXPECT_EQ(test, live_submit(live), nr);
		for (i = 0; i < nr; i++) {
			struct cring_cqe *slot =
				&ring->cqes[(cq + done + i) % CQ];

			KUNIT_EXPECT_EQ(test, slot->user_data, done + i);
			KUNIT_EXPECT_TRUE(test, live_reap(live, &cqe));
			KUNIT_EXPECT_EQ(test, cqe.user_data, done + i);
		}
		LIVE_EXPECT_NO_CQE(live);
		done += nr;
		nr = nr % SQ + 1;
		KUNIT_EXPECT_EQ(test, ring->shared->sq_head, sq + done);
		KUNIT_EXPECT_EQ(test, ring->shared->cq_tail, cq + done);
		KUNIT_EXPECT_EQ(test, ring->shared->accepted,
				start->accepted + done);
		KUNIT_EXPECT_EQ(test, ring->shared->in_flight, 0);
	}
}

static void an_operation_waits_while_the_counters_wrap(struct kunit *test)
{
	const struct start *start = test->param_value;
	struct live *live = live_open(test, SQ, CQ);
	unsigned int round;

	wind(live, start->accepted, start->cq_tail);
	forever(live, 1000);
	KUNIT_EXPECT_EQ(test, live_submit(live), 1);
	for (round = 0; round < 8; round++) {
		nops(live, SQ);
		KUNIT_EXPECT_EQ(test, live_submit(live), SQ);
		KUNIT_EXPECT_EQ(test, live_nr_cqes(live), SQ);
		KUNIT_EXPECT_EQ(test, live->ring->shared->in_flight, 1);
		reap_all(live);
	}
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, 1000), 0);
	LIVE_EXPECT_CQE(live, 1000, -ECANCELED);
}

static void a_ticket_is_the_number_of_sqes_accepted_before(struct kunit *test)
{
	const struct start *start = test->param_value;
	struct live *live = live_open(test, SQ, CQ);
	unsigned int i;

	wind(live, start->accepted, start->cq_tail);
	for (i = 0; i < SQ; i++)
		forever(live, i);
	KUNIT_EXPECT_EQ(test, live_submit(live), SQ);
	for (i = 0; i < SQ; i++)
		KUNIT_EXPECT_EQ(test, live_req(live, i)->ticket,
				start->accepted + i);
}

/* ---------------------------------------------------------------------------
 * Counters that lie
 */

static const struct tail_case {
	const char *name;
	u32 ahead;	/* of the kernel's head */
	u32 to_submit;
	long res;
} tail_cases[] = {
	{ "nothing in the queue", 0, SQ, 0 },
	{ "nothing asked for", 1, 0, 0 },
	{ "one", 1, 1, 1 },
	{ "less than there is", SQ, 3, 3 },
	{ "more than there is", 3, SQ, 3 },
	{ "far more than there is", SQ, CRING_SUBMIT_MAX, SQ },
	{ "the whole queue", SQ, SQ, SQ },
	{ "one more than the queue", SQ + 1, SQ, -EINVAL },
	{ "two queues", 2 * SQ, SQ, -EINVAL },
	{ "half of all", 1U << 31, 1, -EINVAL },
	{ "all but one: behind the head", U32_MAX, 1, -EINVAL },
	{ "a queue behind the head", -SQ, SQ, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(tail, tail_cases, name);

static void a_tail_is_believed_within_the_queue(struct kunit *test)
{
	const struct tail_case *what = test->param_value;
	struct live *live = live_open(test, SQ, CQ);
	struct cring_ring *ring = live->ring;
	u32 taken = max(what->res, 0L);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		u32 head = starts[i].accepted;

		wind(live, starts[i].accepted, starts[i].cq_tail);
		memset(ring->sqes, 0, SQ * sizeof(*ring->sqes));
		ring->shared->sq_tail = head + what->ahead;
		KUNIT_EXPECT_EQ(test, submit(live, what->to_submit), what->res);
		KUNIT_EXPECT_EQ(test, ring->shared->sq_head, head + taken);
		KUNIT_EXPECT_EQ(test, live_nr_cqes(live), taken);
		KUNIT_EXPECT_EQ(test, live_in_flight(live), 0);
		/* a lie harms nothing that follows it */
		live->sq_tail = head + taken;
		reap_all(live);
		nops(live, 1);
		KUNIT_EXPECT_EQ(test, live_submit(live), 1);
	}
}

static void the_kernel_does_not_read_back_what_it_has_written(struct kunit *test)
{
	struct live *live = live_open(test, SQ, CQ);
	struct cring_shared *shared = live->ring->shared;
	unsigned int i;

	for (i = 0; i < 3 * CQ; i++) {
		u32 cq_tail = live->ring->cq_tail;

		nops(live, 1);
		/* all that only the kernel writes */
		shared->sq_head = 0x5a5a5a5a;
		shared->cq_tail = 0x5a5a5a5a;
		shared->accepted = U64_MAX;
		shared->in_flight = U32_MAX;
		shared->sq_entries = 1;
		shared->cq_entries = 1U << 31;
		shared->sqes_off = 0;
		shared->cqes_off = U32_MAX;
		shared->sq_tail = live->sq_tail;
		KUNIT_EXPECT_EQ(test, submit(live, 1), 1);
		KUNIT_EXPECT_EQ(test, shared->sq_head, i + 1);
		KUNIT_EXPECT_EQ(test, shared->cq_tail, cq_tail + 1);
		KUNIT_EXPECT_EQ(test, shared->accepted, i + 1);
		KUNIT_EXPECT_EQ(test, shared->in_flight, 0);
		LIVE_EXPECT_CQE(live, i, 0);
	}
}

/* how many CQEs user space's head says are there, and what that leaves */
static const struct head_case {
	const char *name;
	u32 ready;
	u32 slots;
} head_cases[] = {
	{ "none", 0, CQ },
	{ "one", 1, CQ - 1 },
	{ "all but one", CQ - 1, 1 },
	{ "as many as there are", CQ, 0 },
	{ "more than there are", CQ + 1, 0 },
	{ "many more than there are", 2 * CQ, 0 },
	{ "half of all", 1U << 31, 0 },
	{ "fewer than none: ahead of the tail", U32_MAX, 0 },
	{ "fewer than none, by as many as there are", -CQ, 0 },
};

KUNIT_ARRAY_PARAM_DESC(head, head_cases, name);

static void a_head_that_lies_gives_no_slot_too_many(struct kunit *test)
{
	const struct head_case *what = test->param_value;
	/* the SQ is as large as the CQ: it is never what limits */
	struct live *live = live_open(test, CQ, CQ);
	struct cring_ring *ring = live->ring;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		u32 tail = starts[i].cq_tail;

		wind(live, starts[i].accepted, tail);
		ring->shared->cq_head = tail - what->ready;
		nops(live, CQ);
		KUNIT_EXPECT_EQ(test, live_submit(live),
				what->slots ?: -EBUSY);
		KUNIT_EXPECT_EQ(test, ring->shared->cq_tail,
				tail + what->slots);
		KUNIT_EXPECT_EQ(test, ring->shared->sq_head,
				(u32)starts[i].accepted + what->slots);
		KUNIT_EXPECT_EQ(test, live_in_flight(live), 0);
		/* the truth again, and the rest goes on */
		ring->shared->cq_head = ring->shared->cq_tail;
		if (what->slots < CQ)
			KUNIT_EXPECT_EQ(test, live_submit(live),
					CQ - what->slots);
	}
}

/* what lies behind the CQ, up to the end of its page, belongs to nobody */
static void nothing_is_written_outside_the_cq(struct kunit *test)
{
	struct live *live = live_open(test, SQ, CQ);
	struct cring_ring *ring = live->ring;
	u8 *end = (u8 *)&ring->cqes[CQ];
	size_t len = (u8 *)ring->sqes - end;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, len, PAGE_SIZE - CQ * sizeof(struct cring_cqe));
	memset(end, 0xa5, len);
	for (i = 0; i < 4 * CQ; i++) {
		/* garbage heads, but such that there is a slot */
		ring->shared->cq_head = ring->cq_tail - i % CQ;
		nops(live, 1);
		KUNIT_EXPECT_EQ(test, live_submit(live), 1);
	}
	KUNIT_EXPECT_NULL(test, memchr_inv(end, 0xa5, len));
	/* nor in the page before it, but for the counters */
	KUNIT_EXPECT_NULL(test, memchr_inv(ring->shared + 1, 0,
					   PAGE_SIZE - sizeof(*ring->shared)));
}

static struct kunit_case cring_ring_cases[] = {
	KUNIT_CASE_PARAM(sqes_and_cqes_go_round_in_order, start_gen_params),
	KUNIT_CASE_PARAM(an_operation_waits_while_the_counters_wrap,
			 start_gen_params),
	KUNIT_CASE_PARAM(a_ticket_is_the_number_of_sqes_accepted_before,
			 start_gen_params),
	KUNIT_CASE_PARAM(a_tail_is_believed_within_the_queue, tail_gen_params),
	KUNIT_CASE(the_kernel_does_not_read_back_what_it_has_written),
	KUNIT_CASE_PARAM(a_head_that_lies_gives_no_slot_too_many,
			 head_gen_params),
	KUNIT_CASE(nothing_is_written_outside_the_cq),
	{}
};

static struct kunit_suite cring_ring_suite = {
	.name = "cring_ring",
	.test_cases = cring_ring_cases,
};

kunit_test_suite(cring_ring_suite);
