// SPDX-License-Identifier: GPL-2.0
/*
 * The cancel index: what is found by the keys that requests share, and in what
 * order.
 */
#include <linux/mm.h>
#include <linux/prandom.h>

#include "index.h"

#define NR_REQS		INDEX_REQS
#define NR_FILES	INDEX_FILES

/* the keys that requests share, so that a test can be made for each */
static const char *const key_names[CRING_NR_BY] = {
	[CRING_BY_USER_DATA] = "user_data",
	[CRING_BY_FILE] = "file",
	[CRING_BY_OP] = "opcode",
	[CRING_BY_GROUP] = "group",
};

static u64 value_of(const struct cring_req *req, enum cring_by by)
{
	switch (by) {
	case CRING_BY_USER_DATA:
		return req->user_data;
	case CRING_BY_FILE:
		return (unsigned long)req->file;
	case CRING_BY_OP:
		return req->opcode;
	default:
		return req->group;
	}
}

/* the leader of those that share a request's value */
static struct cring_req *find(struct cring_req *like, enum cring_by by)
{
	return cring_index_first(like->ring, by, value_of(like, by));
}

static struct cring_req *with_user_data(struct index_test *t, u64 user_data)
{
	return cring_index_first(&t->ring, CRING_BY_USER_DATA, user_data);
}

static struct cring_req *with_file(struct index_test *t, struct file *file)
{
	return cring_index_first(&t->ring, CRING_BY_FILE, (unsigned long)file);
}

/* around and around the circle */
static struct cring_req *next(struct cring_req *req, enum cring_by by)
{
	return cring_index_next(req, by, NULL);
}

static struct cring_req *enter(struct index_test *t, unsigned int nr,
			       u64 user_data, struct file *file)
{
	struct cring_req *req = &t->reqs[nr];

	req->user_data = user_data;
	req->file = file;
	index_add(req);
	return req;
}

/* ---------------------------------------------------------------------------
 * The order of those with one key.  Requests are letters: +a enters a, -a takes
 * it out.
 */

static const struct order_case {
	const char *name;
	const char *history;
	const char *order;
} order_cases[] = {
	{ "nothing was entered", "", "" },
	{ "one is alone", "+a", "a" },
	{ "the oldest comes first", "+a+b+c", "abc" },
	{ "the last one leaves nothing behind", "+a-a", "" },
	{ "the next oldest follows a leader", "+a+b+c-a", "bc" },
	{ "leader after leader leaves", "+a+b+c+d-a-b-c", "d" },
	{ "one of the middle leaves the others in order", "+a+b+c-b", "ac" },
	{ "the youngest leaves the others in order", "+a+b+c-c", "ab" },
	{ "the youngest ones leave, then the leader", "+a+b+c-c-b-a", "" },
	{ "who comes back is the youngest", "+a+b+c-a+a", "bca" },
	{ "who comes back to nobody leads", "+a-a+a+b", "ab" },
	{ "a new one after the leader left is the youngest", "+a+b-a+c", "bc" },
};

KUNIT_ARRAY_PARAM_DESC(order, order_cases, name);

static struct cring_req *letter(struct index_test *t, char c)
{
	return &t->reqs[c - 'a'];
}

static void play(struct index_test *t, const char *history)
{
	const char *c;

	for (c = history; *c; c++) {
		switch (*c) {
		case '+':
			index_add(letter(t, *++c));
			break;
		case '-':
			index_del(letter(t, *++c));
			break;
		}
	}
}

/* spells the circle, twice around: it has no other end */
static void spell(struct index_test *t, enum cring_by by, char *out,
		  unsigned int len)
{
	struct cring_req *first = find(letter(t, 'a'), by), *req = first;
	unsigned int rounds = 0;

	while (req && rounds < 2 && len-- > 1) {
		*out++ = 'a' + (req - t->reqs);
		req = next(req, by);
		rounds += req == first;
	}
	*out = '\0';
}

static void those_with_one_key_stand_in_order(struct kunit *test)
{
	static const u32 buckets[] = { 1, 64 };
	const struct order_case *what = test->param_value;
	struct index_test *t = test->priv;
	unsigned int k, b, i;

	for (k = 0; k < CRING_NR_BY; k++) {
		for (b = 0; b < ARRAY_SIZE(buckets); b++) {
			struct cring_req *apart;
			char want[64], got[64];

			index_rebuild(test, buckets[b]);
			for (i = 0; i < NR_FILES; i++) {
				t->reqs[i].user_data = k == CRING_BY_USER_DATA ? 7 : i;
				t->reqs[i].file = &t->files[k == CRING_BY_FILE ? 7 : i];
				t->reqs[i].opcode = k == CRING_BY_OP ? 7 : i;
				t->reqs[i].group = k == CRING_BY_GROUP ? 7 : i;
			}
			/* these are in the same bucket, and have nothing to do with it */
			enter(t, 100, 100, NULL);
			play(t, what->history);
			enter(t, 101, 101, NULL);

			snprintf(want, sizeof(want), "%s%s", what->order,
				 what->order);
			spell(t, k, got, sizeof(got));
			KUNIT_EXPECT_STREQ_MSG(test, got, want,
					       "by %s, %u buckets",
					       key_names[k], buckets[b]);
			for (i = 100; i < 102; i++) {
				apart = &t->reqs[i];
				KUNIT_EXPECT_PTR_EQ(test,
						    find(apart,
							 CRING_BY_USER_DATA),
						    apart);
			}
		}
	}
}

/* ---------------------------------------------------------------------------
 * What is found
 */

static void an_empty_index_finds_nothing(struct kunit *test)
{
	struct index_test *t = test->priv;
	unsigned int op;

	KUNIT_EXPECT_NULL(test, with_user_data(t, 0));
	KUNIT_EXPECT_NULL(test, with_user_data(t, U64_MAX));
	KUNIT_EXPECT_NULL(test, with_file(t, NULL));
	KUNIT_EXPECT_NULL(test, with_file(t, &t->files[0]));
	for (op = 0; op < CRING_NR_OPS; op++)
		KUNIT_EXPECT_NULL(test, cring_index_first(&t->ring, CRING_BY_OP,
							  op));
	KUNIT_EXPECT_NULL(test, cring_index_first(&t->ring, CRING_BY_GROUP, 1));
	KUNIT_EXPECT_NULL(test, cring_index_ticket(&t->ring, 0));
}

static void a_request_is_found_by_each_of_its_keys(struct kunit *test)
{
	struct index_test *t = test->priv;
	struct cring_req *req = enter(t, 0, 7, &t->files[1]);

	KUNIT_EXPECT_PTR_EQ(test, with_user_data(t, 7), req);
	KUNIT_EXPECT_PTR_EQ(test, with_file(t, &t->files[1]), req);
	KUNIT_EXPECT_PTR_EQ(test, next(req, CRING_BY_USER_DATA), req);
	KUNIT_EXPECT_PTR_EQ(test, next(req, CRING_BY_FILE), req);

	KUNIT_EXPECT_NULL(test, with_user_data(t, 6));
	KUNIT_EXPECT_NULL(test, with_file(t, &t->files[0]));

	index_del(req);
	KUNIT_EXPECT_NULL(test, with_user_data(t, 7));
	KUNIT_EXPECT_NULL(test, with_file(t, &t->files[1]));
}

static void a_request_says_whether_it_is_in_the_index(struct kunit *test)
{
	struct index_test *t = test->priv;
	struct cring_req *req = &t->reqs[0];

	req->lflags = CRING_REQL_WAITED | CRING_REQL_HELD;
	enter(t, 0, 7, NULL);
	KUNIT_EXPECT_EQ(test, req->lflags, CRING_REQL_WAITED | CRING_REQL_HELD |
					   CRING_REQL_INDEXED);
	index_del(req);
	KUNIT_EXPECT_EQ(test, req->lflags, CRING_REQL_WAITED | CRING_REQL_HELD);
}

static void a_request_without_a_file_is_found_by_user_data(struct kunit *test)
{
	struct index_test *t = test->priv;
	struct cring_req *timeout = enter(t, 0, 7, NULL);
	struct cring_req *read = enter(t, 1, 7, &t->files[0]);

	KUNIT_EXPECT_PTR_EQ(test, with_user_data(t, 7), timeout);
	KUNIT_EXPECT_PTR_EQ(test, next(timeout, CRING_BY_USER_DATA), read);
	KUNIT_EXPECT_NULL(test, with_file(t, NULL));
	KUNIT_EXPECT_PTR_EQ(test, with_file(t, &t->files[0]), read);

	index_del(timeout);
	KUNIT_EXPECT_PTR_EQ(test, with_user_data(t, 7), read);
}

static void a_request_that_loses_its_file_stays_with_its_user_data(struct kunit *test)
{
	struct index_test *t = test->priv;
	struct cring_req *first = enter(t, 0, 7, &t->files[0]);
	struct cring_req *second = enter(t, 1, 7, &t->files[0]);

	cring_index_del_file(first);
	first->file = NULL;
	KUNIT_EXPECT_PTR_EQ(test, with_file(t, &t->files[0]),
			    second);
	KUNIT_EXPECT_PTR_EQ(test, next(second, CRING_BY_FILE), second);
	KUNIT_EXPECT_PTR_EQ(test, with_user_data(t, 7), first);
	KUNIT_EXPECT_PTR_EQ(test, next(first, CRING_BY_USER_DATA), second);

	index_del(first);
	KUNIT_EXPECT_PTR_EQ(test, with_user_data(t, 7), second);
}

static void user_data_that_differs_in_one_bit_is_another(struct kunit *test)
{
	struct index_test *t = test->priv;
	unsigned int bit;

	enter(t, 64, 0, NULL);
	for (bit = 0; bit < 64; bit++) {
		KUNIT_EXPECT_NULL(test,
				  with_user_data(t, 1ULL << bit));
		enter(t, bit, 1ULL << bit, NULL);
	}
	for (bit = 0; bit < 64; bit++)
		KUNIT_EXPECT_PTR_EQ(test,
				    with_user_data(t, 1ULL << bit),
				    &t->reqs[bit]);
	KUNIT_EXPECT_PTR_EQ(test, with_user_data(t, 0),
			    &t->reqs[64]);
}

static void a_record_comes_back_with_other_keys(struct kunit *test)
{
	struct index_test *t = test->priv;
	struct cring_req *req;
	unsigned int use;

	enter(t, 1, 0, &t->files[0]);
	for (use = 1; use < 100; use++) {
		struct file *file = &t->files[use % 2 + 1];

		req = enter(t, 0, use, file);
		KUNIT_EXPECT_PTR_EQ(test, with_user_data(t, use),
				    req);
		KUNIT_EXPECT_PTR_EQ(test, with_file(t, file), req);
		KUNIT_EXPECT_NULL(test,
				  with_user_data(t, use - 1 ?: 100));
		index_del(req);
		KUNIT_EXPECT_NULL(test, with_user_data(t, use));
		KUNIT_EXPECT_NULL(test, with_file(t, file));
	}
	KUNIT_EXPECT_PTR_EQ(test, with_user_data(t, 0),
			    &t->reqs[1]);
}

static void each_opcode_has_its_requests_in_order(struct kunit *test)
{
	static const u8 opcodes[] = {
		CRING_OP_NOP, CRING_OP_READ, CRING_OP_COPY_FILE_RANGE, U8_MAX
	};
	struct index_test *t = test->priv;
	struct cring_req *first, *req;
	unsigned int i, o;

	for (i = 0; i < 40; i++) {
		t->reqs[i].opcode = opcodes[i % ARRAY_SIZE(opcodes)];
		enter(t, i, 7, NULL);
	}
	for (i = 0; i < 20; i++)
		index_del(&t->reqs[i]);
	for (o = 0; o < ARRAY_SIZE(opcodes); o++) {
		first = cring_index_first(&t->ring, CRING_BY_OP, opcodes[o]);
		i = 20 + o;
		for (req = first; req;
		     req = cring_index_next(req, CRING_BY_OP, first)) {
			KUNIT_EXPECT_PTR_EQ(test, req, &t->reqs[i]);
			i += ARRAY_SIZE(opcodes);
		}
		KUNIT_EXPECT_EQ(test, i, 40 + o);
	}
}

static void each_ring_hashes_with_a_secret_of_its_own(struct kunit *test)
{
	struct index_test *t = test->priv;
	siphash_key_t first = t->ring.key;

	index_rebuild(test, 1);
	KUNIT_EXPECT_MEMNEQ(test, &t->ring.key, &first, sizeof(first));
}

static void there_are_no_fewer_buckets_than_requests(struct kunit *test)
{
	static const u32 entries[] = { 1, 2, 3, 4, 5, 1000, 4096, 4097, 65536 };
	struct index_test *t = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(entries); i++) {
		u64 buckets;

		index_rebuild(test, entries[i]);
		buckets = t->ring.tickets.mask + 1ULL;
		KUNIT_EXPECT_GE(test, buckets, entries[i]);
		/* and no more than it takes */
		KUNIT_EXPECT_LT(test, buckets, 2 * entries[i]);
	}
}

/* ---------------------------------------------------------------------------
 * Many
 */

static void hundreds_with_one_key_stay_in_order(struct kunit *test)
{
	struct index_test *t = test->priv;
	struct cring_req *req, *file_req;
	unsigned int i;

	for (i = 0; i < NR_REQS; i++)
		enter(t, i, 7, &t->files[0]);
	/* every third, and with it the leader, leaves */
	for (i = 0; i < NR_REQS; i += 3)
		index_del(&t->reqs[i]);

	req = with_user_data(t, 7);
	file_req = with_file(t, &t->files[0]);
	for (i = 0; i < NR_REQS; i++) {
		if (i % 3 == 0)
			continue;
		KUNIT_ASSERT_PTR_EQ(test, req, &t->reqs[i]);
		KUNIT_ASSERT_PTR_EQ(test, file_req, &t->reqs[i]);
		req = next(req, CRING_BY_USER_DATA);
		file_req = next(file_req, CRING_BY_FILE);
	}
	KUNIT_EXPECT_PTR_EQ(test, req, with_user_data(t, 7));
	KUNIT_EXPECT_PTR_EQ(test, file_req,
			    with_file(t, &t->files[0]));

	/* always the leader, until nobody is left */
	for (i = 0; i < NR_REQS; i++) {
		if (i % 3 == 0)
			continue;
		KUNIT_ASSERT_PTR_EQ(test, with_user_data(t, 7),
				    &t->reqs[i]);
		index_del(&t->reqs[i]);
	}
	KUNIT_EXPECT_NULL(test, with_user_data(t, 7));
	KUNIT_EXPECT_NULL(test, with_file(t, &t->files[0]));
}

static void hundreds_of_keys_in_few_buckets_are_all_found(struct kunit *test)
{
	static const u32 buckets[] = { 1, 2, 16 };
	struct index_test *t = test->priv;
	unsigned int b, i, n, gone;

	for (b = 0; b < ARRAY_SIZE(buckets); b++) {
		index_rebuild(test, buckets[b]);
		for (i = 0; i < NR_REQS; i++)
			enter(t, i, i << 20, NULL);
		/* 7 and 400 have no common divisor: all of them, in no order */
		for (n = 0, gone = 0; n < NR_REQS; n++) {
			KUNIT_EXPECT_PTR_EQ(test,
					    with_user_data(t, gone << 20),
					    &t->reqs[gone]);
			index_del(&t->reqs[gone]);
			KUNIT_EXPECT_NULL(test,
					  with_user_data(t, gone << 20));
			gone = (gone + 7) % NR_REQS;
		}
	}
}

/* buckets that have somebody in them when none is young */
static unsigned int used_buckets(struct index_test *t, enum cring_by by)
{
	const struct cring_table *table = &t->ring.index[by];
	unsigned int b, used = 0;

	cring_index_settle(&t->ring);
	for (b = 0; b <= table->mask; b++)
		used += table->heads[b] != U32_MAX;
	return used;
}

/* pointers, counters, tags in the high bits: none of them share a few buckets */
static void keys_that_differ_in_any_bits_spread(struct kunit *test)
{
	static const u32 buckets = 256;
	struct index_test *t = test->priv;
	unsigned int shift, i;

	for (shift = 0; shift <= 56; shift += 8) {
		index_rebuild(test, buckets);
		for (i = 0; i < buckets; i++)
			enter(t, i, (u64)i << shift, NULL);
		/* 162 when it is chance; 130 is out of its reach */
		KUNIT_EXPECT_GT_MSG(test, used_buckets(t, CRING_BY_USER_DATA),
				    130, "bits from %u on", shift);
		for (i = 0; i < buckets; i++)
			index_del(&t->reqs[i]);
	}
}

/* struct files are far apart, and some power of two */
static void files_spread(struct kunit *test)
{
	static const u32 buckets = 256;
	struct index_test *t = test->priv;
	unsigned int shift, i;

	for (shift = 6; shift <= 32; shift += 13) {
		index_rebuild(test, buckets);
		for (i = 0; i < buckets; i++)
			enter(t, i, i, (struct file *)(((u64)i + 1) << shift));
		KUNIT_EXPECT_GT_MSG(test, used_buckets(t, CRING_BY_FILE),
				    130, "bits from %u on", shift);
		for (i = 0; i < buckets; i++)
			index_del(&t->reqs[i]);
	}
}

/* the model of a long history: who is in, and since when */
struct model {
	bool in[NR_REQS];
	u32 since[NR_REQS];
	u32 now;
};

static bool model_same_key(struct index_test *t, unsigned int k, unsigned int a,
			   unsigned int b)
{
	return value_of(&t->reqs[a], k) == value_of(&t->reqs[b], k);
}

/* the circle has everybody of the key of reqs[like], by age, and then ends */
static bool model_agrees(struct index_test *t, const struct model *model,
			 unsigned int k, unsigned int like)
{
	struct cring_req *first = find(&t->reqs[like], k), *req = first;
	unsigned int i, want = 0, seen = 0;
	u32 last = 0;

	for (i = 0; i < NR_REQS; i++)
		want += model->in[i] && model_same_key(t, k, i, like);
	if (!req)
		return !want;
	do {
		i = req - t->reqs;
		if (!model->in[i] || !model_same_key(t, k, i, like) ||
		    model->since[i] <= last || ++seen > want)
			return false;
		last = model->since[i];
		req = next(req, k);
	} while (req != first);
	return seen == want;
}

static void a_long_history_agrees_with_a_model(struct kunit *test)
{
	static const u32 buckets[] = { 1, 4, 512 };
	struct index_test *t = test->priv;
	struct rnd_state rnd;
	struct model *model;
	unsigned int b, step, k;

	model = kunit_kzalloc(test, sizeof(*model), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, model);
	prandom_seed_state(&rnd, 20240229);

	for (b = 0; b < ARRAY_SIZE(buckets); b++) {
		index_rebuild(test, buckets[b]);
		memset(model, 0, sizeof(*model));
		for (step = 0; step < 4000; step++) {
			u32 r = prandom_u32_state(&rnd);
			unsigned int i = r % NR_REQS;
			struct cring_req *req = &t->reqs[i];

			model->now++;
			if (!model->in[i]) {
				req->opcode = r >> 26 & 3;
				req->group = 1 + (r >> 28 & 7);
				enter(t, i, r >> 18 & 7,
				      &t->files[r >> 21 & 7]);
				model->in[i] = true;
				model->since[i] = model->now;
			} else {
				index_del(req);
				model->in[i] = false;
			}
			for (k = 0; k < CRING_NR_BY; k++)
				KUNIT_ASSERT_TRUE_MSG(test,
						      model_agrees(t, model, k, i),
						      "step %u, by %s, %u buckets",
						      step, key_names[k],
						      buckets[b]);
		}
	}
}

static struct kunit_case cring_index_cases[] = {
	KUNIT_CASE_PARAM(those_with_one_key_stand_in_order, order_gen_params),
	KUNIT_CASE(an_empty_index_finds_nothing),
	KUNIT_CASE(a_request_is_found_by_each_of_its_keys),
	KUNIT_CASE(a_request_says_whether_it_is_in_the_index),
	KUNIT_CASE(a_request_without_a_file_is_found_by_user_data),
	KUNIT_CASE(a_request_that_loses_its_file_stays_with_its_user_data),
	KUNIT_CASE(user_data_that_differs_in_one_bit_is_another),
	KUNIT_CASE(a_record_comes_back_with_other_keys),
	KUNIT_CASE(each_opcode_has_its_requests_in_order),
	KUNIT_CASE(each_ring_hashes_with_a_secret_of_its_own),
	KUNIT_CASE(there_are_no_fewer_buckets_than_requests),
	KUNIT_CASE(hundreds_with_one_key_stay_in_order),
	KUNIT_CASE(hundreds_of_keys_in_few_buckets_are_all_found),
	KUNIT_CASE(keys_that_differ_in_any_bits_spread),
	KUNIT_CASE(files_spread),
	KUNIT_CASE(a_long_history_agrees_with_a_model),
	{}
};

static struct kunit_suite cring_index_suite = {
	.name = "cring_index",
	.init = index_test_init,
	.exit = index_test_exit,
	.test_cases = cring_index_cases,
};

kunit_test_suite(cring_index_suite);
