// SPDX-License-Identifier: GPL-2.0
/*
 * The pool of requests: each record is given out once, and comes back once.
 */
#include <linux/file.h>

#include "pool.h"

static u64 generation(const struct cring_req *req)
{
	return atomic64_read(&req->word) & CRING_WORD_GEN_MASK;
}

/* ---------------------------------------------------------------------------
 * Taking and giving back
 */

static void a_record_is_at_most_320_bytes(struct kunit *test)
{
	KUNIT_EXPECT_LE(test, sizeof(struct cring_req), 320);
}

static void there_is_a_record_for_every_slot_and_some_more(struct kunit *test)
{
	static const u32 sizes[] = { 1, 2, 64, 1024 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct live *live = live_open(test, 1, sizes[i]);

		KUNIT_EXPECT_GT(test, live->ring->nr_reqs, sizes[i]);
		KUNIT_EXPECT_EQ(test, pool_free(live), live->ring->nr_reqs);
		live_close(live);
	}
}

static void a_record_is_given_out_once(struct kunit *test)
{
	struct live *live = live_open(test, 32, 32);
	struct cring_ring *ring = live->ring;
	unsigned int round, i;

	for (round = 0; round < 20; round++) {
		for (i = 0; i < 32; i++)
			forever(live, i);
		KUNIT_EXPECT_EQ(test, live_submit(live), 32);
		/* each user_data has one, and all the others are free */
		for (i = 0; i < 32; i++)
			KUNIT_EXPECT_NOT_NULL(test, live_req(live, i));
		KUNIT_EXPECT_EQ(test, pool_free(live), ring->nr_reqs - 32);
		KUNIT_EXPECT_EQ(test, live_cancel(live, CANCEL_ALL, 0), 32);
		KUNIT_EXPECT_EQ(test, pool_free(live), ring->nr_reqs);
		reap_all(live);
	}
}

static void an_empty_pool_is_as_a_full_cq(struct kunit *test)
{
	struct live *live = live_open(test, 8, 8);
	unsigned int i;

	pool_leave(live, 3);
	for (i = 0; i < 5; i++)
		forever(live, i);
	KUNIT_EXPECT_EQ(test, live_submit(live), 3);
	KUNIT_EXPECT_EQ(test, live_submit(live), -EBUSY);
	/* one comes back, one is taken */
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, live_submit(live), 1);
	KUNIT_EXPECT_EQ(test, live_submit(live), -EBUSY);
	KUNIT_EXPECT_EQ(test, live_cancel(live, CANCEL_ALL, 0), 3);
	KUNIT_EXPECT_EQ(test, live_submit(live), 1);
	LIVE_EXPECT_STATE(live, 4, CRING_ARMED);
	KUNIT_EXPECT_EQ(test, pool_free(live), 2);
}

static void a_chain_leaves_the_pool_alone_when_it_does_not_fit(struct kunit *test)
{
	struct live *live = live_open(test, 8, 8);
	struct script *script = script_open(live, SCRIPT_POLL);
	long refs = file_count(script->file);
	unsigned int i;

	pool_leave(live, 3);
	live_sqe(live, CRING_OP_NOP, 0);
	for (i = 0; i < 3; i++) {
		struct cring_sqe *sqe = live_sqe(live, CRING_OP_READ, 1 + i);

		live_prep_read(sqe, script, live->args, 1);
		sqe->flags = i < 2 ? CRING_SQE_IO_LINK : 0;
	}
	KUNIT_EXPECT_EQ(test, live_submit(live), 1);
	LIVE_EXPECT_CQE(live, 0, 0);
	KUNIT_EXPECT_EQ(test, live_in_flight(live), 0);
	KUNIT_EXPECT_EQ(test, file_count(script->file), refs);
	KUNIT_EXPECT_EQ(test, pool_free(live), 3);

	/* alone it does */
	KUNIT_EXPECT_EQ(test, live_submit(live), 3);
	KUNIT_EXPECT_EQ(test, file_count(script->file), refs + 3);
	KUNIT_EXPECT_EQ(test, pool_free(live), 0);
	KUNIT_EXPECT_EQ(test, live_cancel(live, CANCEL_ALL, 0), 3);
	KUNIT_EXPECT_EQ(test, pool_free(live), 3);
}

/* the submitter takes from its list without a lock, so nobody else may use it */
static void only_the_submitter_gives_back_to_its_own_list(struct kunit *test)
{
	struct live *live = live_open(test, 8, 8);
	struct script *device = script_open(live, SCRIPT_DEVICE);
	struct script *slow = script_open(live, SCRIPT_POLL);
	struct cring_ring *ring = live->ring;
	struct llist_node *own, *others;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, live_read(live, device, 1), CRING_DISPATCHED);
	KUNIT_EXPECT_EQ(test, live_read(live, slow, 2), CRING_ARMED);
	own = ring->free;
	KUNIT_EXPECT_TRUE(test, llist_empty(&ring->freed));

	/* an interrupt */
	script_complete(device, 0, 1);
	others = ring->freed.first;
	KUNIT_EXPECT_NOT_NULL(test, others);
	KUNIT_EXPECT_PTR_EQ(test, ring->free, own);

	/* a thread of the owner that does not submit */
	script_ready(slow, EPOLLIN);
	cring_run_ready(ring);
	KUNIT_EXPECT_EQ(test, live_nr_cqes(live), 2);
	KUNIT_EXPECT_PTR_NE(test, ring->freed.first, others);
	KUNIT_EXPECT_PTR_EQ(test, ring->free, own);

	/* the submitter, what it has just taken */
	others = ring->freed.first;
	for (i = 0; i < 4; i++)
		live_sqe(live, CRING_OP_NOP, i)->group = 1;
	KUNIT_EXPECT_EQ(test, live_submit(live), 4);
	KUNIT_EXPECT_PTR_EQ(test, ring->freed.first, others);
	KUNIT_EXPECT_NOT_NULL(test, ring->free);
	KUNIT_EXPECT_EQ(test, pool_free(live), ring->nr_reqs);
}

/* ---------------------------------------------------------------------------
 * Generations
 */

static void a_use_is_one_generation_whatever_it_was(struct kunit *test)
{
	struct live *live = live_open(test, 4, 4);
	struct cring_req *req;
	unsigned int i;
	u64 gen;

	pool_leave(live, 1);
	req = llist_entry(live->ring->free, struct cring_req, free_node);
	for (i = 0; i < 40; i++) {
		gen = generation(req);
		switch (i % 4) {
		case 0:		/* ends at once */
			/* and takes a record: it says more than that it is a NOP */
			live_sqe(live, CRING_OP_NOP, 0)->group = 1;
			KUNIT_EXPECT_EQ(test, live_submit(live), 1);
			break;
		case 1:		/* is refused */
			live_sqe(live, 255, 0);
			KUNIT_EXPECT_EQ(test, live_submit(live), 1);
			break;
		case 2:		/* waits, and is cancelled */
			forever(live, 0);
			KUNIT_EXPECT_EQ(test, live_submit(live), 1);
			KUNIT_EXPECT_EQ(test, generation(req), gen);
			KUNIT_EXPECT_EQ(test, live_cancel(live, 0, 0), 0);
			break;
		case 3:		/* is taken, and taken back */
			live_sqe(live, CRING_OP_NOP, 0)->flags =
				CRING_SQE_IO_LINK;
			nops(live, 1);
			KUNIT_EXPECT_EQ(test, live_submit(live), -EBUSY);
			live->sq_tail -= 2;
			break;
		}
		KUNIT_EXPECT_EQ(test, generation(req), gen + CRING_WORD_GEN);
		reap_all(live);
	}
}

static void what_was_seen_of_an_earlier_use_claims_nothing(struct kunit *test)
{
	struct live *live = live_open(test, 4, 4);
	struct cring_req *req;
	unsigned int i;
	u64 seen, now;

	pool_leave(live, 1);
	forever(live, 0);
	live_submit(live);
	req = live_req(live, 0);
	KUNIT_ASSERT_NOT_NULL(test, req);
	seen = atomic64_read(&req->word);
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, 0), 0);
	for (i = 1; i < 20; i++) {
		reap_all(live);
		forever(live, i);
		live_submit(live);
		/* the same record, in the same state */
		KUNIT_ASSERT_PTR_EQ(test, live_req(live, i), req);
		now = atomic64_read(&req->word);
		KUNIT_EXPECT_EQ(test, cring_word_state(now),
				cring_word_state(seen));
		KUNIT_EXPECT_FALSE(test, cring_word_same(seen, now));
		KUNIT_EXPECT_FALSE(test, cring_word_claim(&req->word, seen));
		KUNIT_EXPECT_FALSE(test, cring_word_set(&req->word, seen,
							CRING_WORD_CANCEL));
		KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&req->word), now);
		/* and a cancel of the earlier one finds nothing */
		KUNIT_EXPECT_EQ(test, live_cancel(live, 0, i - 1), -ENOENT);
		KUNIT_EXPECT_EQ(test, live_cancel(live, 0, i), 0);
	}
}

/* ---------------------------------------------------------------------------
 * From several contexts at once
 */

#define BUSY_ENTRIES	8
#define BUSY_OPS	1500

struct busy {
	struct live *live;
	bool over;
	u32 cancelled;
};

/* gives records back from another thread, as fast as they are taken */
static int busy_cancel(void *arg)
{
	struct busy *busy = arg;
	unsigned long end = jiffies + LIVE_PATIENCE;

	while (!READ_ONCE(busy->over) && time_before(jiffies, end)) {
		busy->cancelled += live_cancel(busy->live, CANCEL_ALL, 0);
		cond_resched();
	}
	return 0;
}

/* and a timer does from an interrupt, and the submitter itself */
static void records_come_back_from_threads_and_interrupts_at_once(struct kunit *test)
{
	struct busy *busy = kunit_kzalloc(test, sizeof(*busy), GFP_KERNEL);
	unsigned int i, taken = 0, reaped = 0, early = 0;
	unsigned long end;
	struct cring_cqe cqe;
	struct other *other;
	struct live *live;

	KUNIT_ASSERT_NOT_NULL(test, busy);
	live = live_open(test, BUSY_ENTRIES, BUSY_ENTRIES);
	busy->live = live;
	pool_leave(live, BUSY_ENTRIES);
	other = other_start(live, busy_cancel, busy);
	end = jiffies + LIVE_PATIENCE;
	while (taken < BUSY_OPS && time_before(jiffies, end)) {
		int ret;

		for (i = live->sq_tail - live->ring->shared->sq_head;
		     i < BUSY_ENTRIES; i++) {
			struct cring_sqe *sqe;

			if (live->sq_tail % 3 == 2) {
				nops(live, 1);
				continue;
			}
			sqe = forever(live, live->sq_tail);
			if (live->sq_tail % 3 == 1)
				sqe->addr = user_time(live, 0, 1000 * i);
		}
		ret = live_submit(live);
		taken += max(ret, 0);
		early += ret < 0;
		while (live_reap(live, &cqe))
			reaped++;
		cond_resched();
	}
	WRITE_ONCE(busy->over, true);
	KUNIT_EXPECT_EQ(test, other_join(other), 0);
	live_cancel(live, CANCEL_ALL, 0);
	KUNIT_EXPECT_TRUE(test, live_until(!live_in_flight(live)));
	while (live_reap(live, &cqe))
		reaped++;
	kunit_info(test, "%u operations, %u cancelled; %u times no record\n",
		   taken, busy->cancelled, early);
	KUNIT_EXPECT_GT(test, taken, BUSY_ENTRIES);
	KUNIT_EXPECT_EQ(test, live->ring->accepted, taken);
	KUNIT_EXPECT_EQ(test, reaped, taken);
	KUNIT_EXPECT_GT(test, busy->cancelled, 0);
	KUNIT_EXPECT_EQ(test, pool_free(live), BUSY_ENTRIES);
}

static struct kunit_case cring_pool_cases[] = {
	KUNIT_CASE(a_record_is_at_most_320_bytes),
	KUNIT_CASE(there_is_a_record_for_every_slot_and_some_more),
	KUNIT_CASE(a_record_is_given_out_once),
	KUNIT_CASE(an_empty_pool_is_as_a_full_cq),
	KUNIT_CASE(a_chain_leaves_the_pool_alone_when_it_does_not_fit),
	KUNIT_CASE(only_the_submitter_gives_back_to_its_own_list),
	KUNIT_CASE(a_use_is_one_generation_whatever_it_was),
	KUNIT_CASE(what_was_seen_of_an_earlier_use_claims_nothing),
	KUNIT_CASE(records_come_back_from_threads_and_interrupts_at_once),
	{}
};

static struct kunit_suite cring_pool_suite = {
	.name = "cring_pool",
	.test_cases = cring_pool_cases,
};

kunit_test_suite(cring_pool_suite);
