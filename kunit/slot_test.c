// SPDX-License-Identifier: GPL-2.0
/*
 * Slots of the CQ, which are reserved when an SQE is accepted, and the order in
 * which CQEs appear in them.  Clauses C1 and C2 of Documentation/contract.rst.
 */
#include "sqes.h"

#define SQ	8
#define CQ	16

/* ---------------------------------------------------------------------------
 * Slots
 */

/* in flight, and not reaped: each takes a slot, and all are given out */
static void every_slot_is_given_out_and_none_twice(struct kunit *test)
{
	struct live *live = live_open(test, 4, 4);
	unsigned int flying, ready, want;

	for (flying = 0; flying <= 4; flying++) {
		for (ready = 0; flying + ready <= 4; ready++) {
			for (want = 1; want <= 4; want++) {
				int slots = 4 - flying - ready;
				unsigned int i;

				for (i = 0; i < flying; i++)
					forever(live, 100 + i);
				nops(live, ready);
				KUNIT_EXPECT_EQ(test, live_submit(live),
						flying + ready);
				nops(live, want);
				KUNIT_EXPECT_EQ_MSG(test, live_submit(live),
						    min_t(int, want, slots) ?:
						    -EBUSY,
						    "%u in flight, %u not reaped",
						    flying, ready);
				/* back to an empty ring */
				reap_all(live);
				live_cancel(live, CANCEL_ALL, 0);
				KUNIT_EXPECT_EQ(test, live_nr_cqes(live),
						flying);
				reap_all(live);
				live->sq_tail = live->ring->shared->sq_head;
			}
		}
	}
}

static void a_cqe_that_is_not_reaped_stays_as_it_is(struct kunit *test)
{
	struct live *live = live_open(test, SQ, CQ);
	struct cring_cqe before[CQ / 2];
	unsigned int i;

	for (i = 0; i < CQ / 2; i++)
		forever(live, 100 + i);
	KUNIT_EXPECT_EQ(test, live_submit(live), CQ / 2);
	nops(live, CQ / 2);
	KUNIT_EXPECT_EQ(test, live_submit(live), CQ / 2);
	memcpy(before, live->ring->cqes, sizeof(before));

	/* every other slot is reserved: all of them end at once */
	KUNIT_EXPECT_EQ(test, live_cancel(live, CANCEL_ALL, 0), CQ / 2);
	KUNIT_EXPECT_EQ(test, live_nr_cqes(live), CQ);
	KUNIT_EXPECT_MEMEQ(test, before, live->ring->cqes, sizeof(before));
	nops(live, 1);
	KUNIT_EXPECT_EQ(test, live_submit(live), -EBUSY);
	KUNIT_EXPECT_MEMEQ(test, before, live->ring->cqes, sizeof(before));
}

static void one_slot_is_one_operation_at_a_time(struct kunit *test)
{
	struct live *live = live_open(test, 1, 1);
	unsigned int i;

	for (i = 0; i < 8; i++) {
		forever(live, i);
		KUNIT_EXPECT_EQ(test, live_submit(live), 1);
		live_sqe(live, CRING_OP_NOP, 100 + i);
		KUNIT_EXPECT_EQ(test, live_submit(live), -EBUSY);
		KUNIT_EXPECT_EQ(test, live_cancel(live, 0, i), 0);
		/* now its CQE has the slot */
		KUNIT_EXPECT_EQ(test, live_submit(live), -EBUSY);
		LIVE_EXPECT_CQE(live, i, -ECANCELED);
		KUNIT_EXPECT_EQ(test, live_submit(live), 1);
		LIVE_EXPECT_CQE(live, 100 + i, 0);
	}
}

static void a_skipped_cqe_gives_its_slot_back(struct kunit *test)
{
	struct live *live = live_open(test, 4, 4);
	unsigned int i;

	nops(live, 3);
	KUNIT_EXPECT_EQ(test, live_submit(live), 3);
	for (i = 0; i < 20; i++) {
		live_sqe(live, CRING_OP_NOP, i)->flags =
			CRING_SQE_CQE_SKIP_SUCCESS;
		KUNIT_EXPECT_EQ(test, live_submit(live), 1);
		KUNIT_EXPECT_EQ(test, live_nr_cqes(live), 3);
	}
}

/* an SQE that is refused has its CQE, and so its slot, as any other */
static void a_refused_sqe_takes_a_slot(struct kunit *test)
{
	struct live *live = live_open(test, 4, 4);
	unsigned int i;

	for (i = 0; i < 4; i++)
		live_sqe(live, 255, i);
	KUNIT_EXPECT_EQ(test, live_submit(live), 4);
	live_sqe(live, 255, 4);
	KUNIT_EXPECT_EQ(test, live_submit(live), -EBUSY);
	for (i = 0; i < 4; i++)
		LIVE_EXPECT_CQE(live, i, -EINVAL);
	KUNIT_EXPECT_EQ(test, live_submit(live), 1);
	LIVE_EXPECT_CQE(live, 4, -EINVAL);
}

/* ---------------------------------------------------------------------------
 * Chains: all of it, or nothing
 */

static void chain(struct live *live, unsigned int nr)
{
	while (nr--) {
		nops(live, 1);
		if (nr)
			live->ring->sqes[(live->sq_tail - 1) &
					 live->ring->sq_mask].flags =
				CRING_SQE_IO_LINK;
	}
}

static void a_chain_is_taken_whole_or_not_at_all(struct kunit *test)
{
	struct live *live = live_open(test, 8, 8);
	int before, len, slots;

	/* so many single ones, then a chain of that length */
	for (before = 0; before < 8; before++) {
		for (len = 2; before + len <= 8; len++) {
			for (slots = 0; slots <= 8; slots++) {
				int fit = slots >= before + len ? before + len :
					  min(slots, before);
				int i;

				for (i = slots; i < 8; i++)
					forever(live, 100 + i);
				KUNIT_EXPECT_EQ(test, live_submit(live),
						8 - slots);
				nops(live, before);
				chain(live, len);
				KUNIT_EXPECT_EQ_MSG(test, live_submit(live),
						    fit ?: -EBUSY,
						    "%d single, a chain of %d, %d slots",
						    before, len, slots);
				cring_run_ready(live->ring);
				KUNIT_EXPECT_EQ(test, live_nr_cqes(live), fit);
				KUNIT_EXPECT_EQ(test, live_in_flight(live),
						8 - slots);
				/* what was left in the queue fits now */
				reap_all(live);
				live_cancel(live, CANCEL_ALL, 0);
				reap_all(live);
				if (fit < before + len)
					KUNIT_EXPECT_EQ(test, live_submit(live),
							before + len - fit);
				cring_run_ready(live->ring);
				reap_all(live);
				KUNIT_EXPECT_EQ(test, live_in_flight(live), 0);
			}
		}
	}
}

static void a_chain_as_long_as_the_cq_fits_into_it(struct kunit *test)
{
	static const u32 sizes[] = { 2, 4, 64, 512 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct live *live = live_open(test, sizes[i], sizes[i]);

		chain(live, sizes[i]);
		KUNIT_EXPECT_EQ(test, live_submit(live), sizes[i]);
		cring_run_ready(live->ring);
		KUNIT_EXPECT_EQ(test, live_nr_cqes(live), sizes[i]);
		live_close(live);
	}
}

static void a_chain_ends_with_the_submit_call(struct kunit *test)
{
	struct live *live = live_open(test, SQ, CQ);

	/* four linked ones, in two calls: the second two are another chain */
	chain(live, 4);
	live->ring->sqes[0].opcode = 255;
	live->ring->shared->sq_tail = live->sq_tail;
	KUNIT_EXPECT_EQ(test, submit(live, 2), 2);
	LIVE_EXPECT_CQE(live, 0, -EINVAL);
	LIVE_EXPECT_CQE(live, 1, -ECANCELED);
	KUNIT_EXPECT_EQ(test, submit(live, 2), 2);
	cring_run_ready(live->ring);
	LIVE_EXPECT_CQE(live, 2, 0);
	LIVE_EXPECT_CQE(live, 3, 0);
}

/* ---------------------------------------------------------------------------
 * Posting
 */

static void cqes_appear_in_the_order_in_which_operations_end(struct kunit *test)
{
	static const u8 order[] = { 3, 0, 7, 1, 6, 2, 5, 4 };
	struct live *live = live_open(test, SQ, CQ);
	unsigned int i;

	for (i = 0; i < SQ; i++)
		forever(live, i);
	KUNIT_EXPECT_EQ(test, live_submit(live), SQ);
	for (i = 0; i < SQ; i++)
		KUNIT_EXPECT_EQ(test, live_cancel(live, 0, order[i]), 0);
	for (i = 0; i < SQ; i++)
		LIVE_EXPECT_CQE(live, order[i], -ECANCELED);
}

static void the_cqes_of_a_session_appear_together(struct kunit *test)
{
	struct live *live = live_open(test, SQ, CQ);
	struct cring_ring *ring = live->ring;
	struct cring_req *reqs[3];
	struct cring_comp comp;
	LIST_HEAD(todo);
	unsigned int i;
	int claimed = 0;

	for (i = 0; i < ARRAY_SIZE(reqs); i++)
		forever(live, i);
	KUNIT_EXPECT_EQ(test, live_submit(live), 3);
	for (i = 0; i < ARRAY_SIZE(reqs); i++) {
		reqs[i] = live_req(live, i);
		KUNIT_ASSERT_NOT_NULL(test, reqs[i]);
	}

	spin_lock_irq(&ring->lock);
	for (i = 0; i < ARRAY_SIZE(reqs); i++)
		claimed += !cring_cancel_one(reqs[i], &todo);
	spin_unlock_irq(&ring->lock);
	KUNIT_EXPECT_EQ(test, claimed, 3);

	cring_comp_begin(&comp, ring);
	for (i = 0; i < ARRAY_SIZE(reqs); i++) {
		list_del(&reqs[i]->node);
		cring_finish(&comp, reqs[i]);
	}
	/* no expectation may fail with the lock held: it would sleep */
	claimed = live_nr_cqes(live);
	cring_comp_end(&comp);
	KUNIT_EXPECT_EQ(test, claimed, 0);
	KUNIT_EXPECT_EQ(test, live_nr_cqes(live), 3);
	for (i = 0; i < ARRAY_SIZE(reqs); i++)
		LIVE_EXPECT_CQE(live, i, -ECANCELED);
}

static void the_targets_cqe_is_ahead_of_the_cancels_own(struct kunit *test)
{
	struct live *live = live_open(test, SQ, CQ);
	unsigned int before, after;

	/* wherever in a batch the cancel stands */
	for (before = 0; before < 3; before++) {
		for (after = 0; after < 3; after++) {
			struct cring_cqe cqe = {};

			forever(live, 1000);
			KUNIT_EXPECT_EQ(test, live_submit(live), 1);
			nops(live, before);
			live_sqe(live, CRING_OP_ASYNC_CANCEL, 1001)->addr = 1000;
			nops(live, after);
			live_submit(live);
			KUNIT_EXPECT_EQ(test, live_nr_cqes(live),
					before + after + 2);
			while (live_reap(live, &cqe) && cqe.user_data < 1000)
				;
			KUNIT_EXPECT_EQ(test, cqe.user_data, 1000);
			LIVE_EXPECT_CQE(live, 1001, 0);
			reap_all(live);
		}
	}
}

static struct kunit_case cring_slot_cases[] = {
	KUNIT_CASE(every_slot_is_given_out_and_none_twice),
	KUNIT_CASE(a_cqe_that_is_not_reaped_stays_as_it_is),
	KUNIT_CASE(one_slot_is_one_operation_at_a_time),
	KUNIT_CASE(a_skipped_cqe_gives_its_slot_back),
	KUNIT_CASE(a_refused_sqe_takes_a_slot),
	KUNIT_CASE(a_chain_is_taken_whole_or_not_at_all),
	KUNIT_CASE(a_chain_as_long_as_the_cq_fits_into_it),
	KUNIT_CASE(a_chain_ends_with_the_submit_call),
	KUNIT_CASE(cqes_appear_in_the_order_in_which_operations_end),
	KUNIT_CASE(the_cqes_of_a_session_appear_together),
	KUNIT_CASE(the_targets_cqe_is_ahead_of_the_cancels_own),
	{}
};

static struct kunit_suite cring_slot_suite = {
	.name = "cring_slot",
	.test_cases = cring_slot_cases,
};

kunit_test_suite(cring_slot_suite);
