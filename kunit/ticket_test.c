// SPDX-License-Identifier: GPL-2.0
/*
 * The cancel index by ticket: one request or none (clause C8 of
 * Documentation/contract.rst).
 */
#include <linux/prandom.h>

#include "index.h"

static struct cring_req *enter(struct index_test *t, unsigned int nr, u64 ticket)
{
	struct cring_req *req = &t->reqs[nr];

	req->ticket = ticket;
	index_add(req);
	return req;
}

static struct cring_req *with(struct index_test *t, u64 ticket)
{
	return cring_index_ticket(&t->ring, ticket);
}

static void a_request_is_found_by_its_ticket_until_it_leaves(struct kunit *test)
{
	static const u64 tickets[] = { 0, 1, U32_MAX, 1ULL << 32, U64_MAX };
	struct index_test *t = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tickets); i++) {
		struct cring_req *req = enter(t, i, tickets[i]);

		KUNIT_EXPECT_PTR_EQ(test, with(t, tickets[i]), req);
		KUNIT_EXPECT_NULL(test, with(t, tickets[i] + 7));
		KUNIT_EXPECT_NULL(test, with(t, tickets[i] - 7));
		index_del(req);
		KUNIT_EXPECT_NULL(test, with(t, tickets[i]));
	}
}

static void a_ticket_that_differs_in_one_bit_is_another(struct kunit *test)
{
	struct index_test *t = test->priv;
	unsigned int bit;

	enter(t, 64, 0);
	for (bit = 0; bit < 64; bit++) {
		KUNIT_EXPECT_NULL(test, with(t, 1ULL << bit));
		enter(t, bit, 1ULL << bit);
	}
	for (bit = 0; bit < 64; bit++)
		KUNIT_EXPECT_PTR_EQ(test, with(t, 1ULL << bit), &t->reqs[bit]);
	KUNIT_EXPECT_PTR_EQ(test, with(t, 0), &t->reqs[64]);
}

/* the same user_data, the same record: only the ticket tells them apart */
static void a_record_that_comes_back_has_another_ticket(struct kunit *test)
{
	struct index_test *t = test->priv;
	u64 ticket;

	enter(t, 1, 1000);
	for (ticket = 0; ticket < 100; ticket++) {
		struct cring_req *req = enter(t, 0, ticket);

		KUNIT_EXPECT_PTR_EQ(test, with(t, ticket), req);
		KUNIT_EXPECT_NULL(test, with(t, ticket - 1));
		index_del(req);
		KUNIT_EXPECT_NULL(test, with(t, ticket));
	}
	KUNIT_EXPECT_PTR_EQ(test, with(t, 1000), &t->reqs[1]);
}

#define NR	5

/* each of the bucket's places, in each order: all that are left are found */
static void who_leaves_a_bucket_leaves_the_others_in_it(struct kunit *test)
{
	struct index_test *t = test->priv;
	unsigned int first, second, i;

	for (first = 0; first < NR; first++) {
		for (second = 0; second < NR; second++) {
			if (second == first)
				continue;
			index_rebuild(test, 1);
			for (i = 0; i < NR; i++)
				enter(t, i, i);
			index_del(&t->reqs[first]);
			index_del(&t->reqs[second]);
			for (i = 0; i < NR; i++)
				KUNIT_EXPECT_PTR_EQ(test, with(t, i),
						    i == first || i == second ?
						    NULL : &t->reqs[i]);
			KUNIT_EXPECT_NULL(test, with(t, NR));
		}
	}
}

static void who_loses_its_file_keeps_its_ticket(struct kunit *test)
{
	struct index_test *t = test->priv;
	struct cring_req *req = &t->reqs[0];

	req->file = &t->files[0];
	enter(t, 0, 5);
	enter(t, 1, 6);
	cring_index_del_file(req);
	req->file = NULL;
	KUNIT_EXPECT_PTR_EQ(test, with(t, 5), req);
	index_del(req);
	KUNIT_EXPECT_NULL(test, with(t, 5));
	KUNIT_EXPECT_PTR_EQ(test, with(t, 6), &t->reqs[1]);
}

/* tickets count up: what is in flight at once must not share a few buckets */
static void tickets_in_a_row_spread(struct kunit *test)
{
	static const u32 buckets = 256;
	struct index_test *t = test->priv;
	unsigned int stride, i, b, used;

	for (stride = 1; stride <= 256; stride *= 16) {
		index_rebuild(test, buckets);
		for (i = 0; i < buckets; i++)
			enter(t, i, (u64)i * stride);
		cring_index_settle(&t->ring);
		for (b = 0, used = 0; b < buckets; b++)
			used += t->ring.tickets.heads[b] != U32_MAX;
		/* 162 when it is chance; 130 and 200 are out of its reach */
		KUNIT_EXPECT_GT_MSG(test, used, 130, "each %u.", stride);
		KUNIT_EXPECT_LT_MSG(test, used, 200, "each %u.", stride);
		for (i = 0; i < buckets; i++)
			index_del(&t->reqs[i]);
	}
}

/* who is out must not have the ticket of one that is in */
static void leave(struct index_test *t, bool *in, unsigned int i)
{
	in[i] = false;
	t->reqs[i].ticket = U64_MAX - i;
}

static void a_long_history_finds_who_is_in(struct kunit *test)
{
	static const u32 buckets[] = { 1, 4, 512 };
	struct index_test *t = test->priv;
	static bool in[INDEX_REQS];
	struct rnd_state rnd;
	unsigned int b, step, i;
	u64 next = 0;

	prandom_seed_state(&rnd, 20250607);
	for (b = 0; b < ARRAY_SIZE(buckets); b++) {
		index_rebuild(test, buckets[b]);
		for (i = 0; i < INDEX_REQS; i++)
			leave(t, in, i);
		for (step = 0; step < 4000; step++) {
			i = prandom_u32_state(&rnd) % INDEX_REQS;
			if (in[i]) {
				index_del(&t->reqs[i]);
				leave(t, in, i);
			} else {
				enter(t, i, next++);
				in[i] = true;
			}
			i = prandom_u32_state(&rnd) % INDEX_REQS;
			KUNIT_ASSERT_PTR_EQ_MSG(test, with(t, t->reqs[i].ticket),
						in[i] ? &t->reqs[i] : NULL,
						"step %u, %u buckets", step,
						buckets[b]);
		}
	}
}

static struct kunit_case cring_ticket_cases[] = {
	KUNIT_CASE(a_request_is_found_by_its_ticket_until_it_leaves),
	KUNIT_CASE(a_ticket_that_differs_in_one_bit_is_another),
	KUNIT_CASE(a_record_that_comes_back_has_another_ticket),
	KUNIT_CASE(who_leaves_a_bucket_leaves_the_others_in_it),
	KUNIT_CASE(who_loses_its_file_keeps_its_ticket),
	KUNIT_CASE(tickets_in_a_row_spread),
	KUNIT_CASE(a_long_history_finds_who_is_in),
	{}
};

static struct kunit_suite cring_ticket_suite = {
	.name = "cring_ticket",
	.init = index_test_init,
	.exit = index_test_exit,
	.test_cases = cring_ticket_cases,
};

kunit_test_suite(cring_ticket_suite);
