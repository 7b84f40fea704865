// SPDX-License-Identifier: GPL-2.0
/*
 * Where a cancel looks for what it means, and what it finds first: clauses C5
 * and C6 of Documentation/contract.rst.
 */
#include <linux/prandom.h>

#include "index.h"

#define FD		CRING_ASYNC_CANCEL_FD
#define ANY		CRING_ASYNC_CANCEL_ANY
#define USERDATA	CRING_ASYNC_CANCEL_USERDATA
#define OP		CRING_ASYNC_CANCEL_OP
#define GROUP		CRING_ASYNC_CANCEL_GROUP
#define TICKET		CRING_ASYNC_CANCEL_TICKET

static struct cring_req *find(struct index_test *t,
			      const struct cring_filter *filter)
{
	struct cring_req *few, *req;
	bool over;

	mutex_lock(&t->ring.cancel_mutex);
	spin_lock_irq(&t->ring.lock);
	req = cring_find_few(&t->ring, filter, &over);
	if (!over) {
		few = req;
		req = cring_find(&t->ring, filter);
		/* that was no answer */
		WARN_ON_ONCE(few);
	}
	spin_unlock_irq(&t->ring.lock);
	mutex_unlock(&t->ring.cancel_mutex);
	return req;
}

static enum cring_by by_of(struct index_test *t,
			   const struct cring_filter *filter)
{
	enum cring_by by;

	mutex_lock(&t->ring.cancel_mutex);
	by = cring_find_by(&t->ring, filter);
	mutex_unlock(&t->ring.cancel_mutex);
	return by;
}

/* ---------------------------------------------------------------------------
 * Which circle: each case says how many requests have each value of the filter
 */

static const struct by_case {
	const char *name;
	u32 flags;
	unsigned int user_data, file, group;
	enum cring_by by;
} by_cases[] = {
	{ "no flag", 0, 9, 1, 1, CRING_BY_USER_DATA },
	{ "user_data", USERDATA, 9, 1, 1, CRING_BY_USER_DATA },
	{ "fd", FD, 1, 9, 1, CRING_BY_FILE },
	{ "group", GROUP, 1, 1, 9, CRING_BY_GROUP },
	{ "op", OP, 1, 1, 1, CRING_BY_OP },
	{ "any", ANY, 1, 1, 1, CRING_BY_OP },
	{ "an opcode is the last resort", OP | FD, 1, 50, 1, CRING_BY_FILE },
	{ "op and group", OP | GROUP, 1, 1, 50, CRING_BY_GROUP },
	{ "op and user_data", OP | USERDATA, 50, 1, 1, CRING_BY_USER_DATA },
	{ "one file of many", USERDATA | FD, 50, 2, 1, CRING_BY_FILE },
	{ "one user_data of many", USERDATA | FD, 2, 50, 1, CRING_BY_USER_DATA },
	{ "one more is longer", USERDATA | FD, 50, 49, 1, CRING_BY_FILE },
	{ "none with that file", USERDATA | FD, 50, 0, 1, CRING_BY_FILE },
	{ "none with that user_data", USERDATA | FD, 0, 50, 1,
	  CRING_BY_USER_DATA },
	{ "one group of many files", FD | GROUP, 9, 50, 3, CRING_BY_GROUP },
	{ "one file of a large group", FD | GROUP, 9, 3, 50, CRING_BY_FILE },
	{ "one group of many user_data", USERDATA | GROUP, 50, 9, 3,
	  CRING_BY_GROUP },
	{ "three: user_data", USERDATA | FD | GROUP, 2, 3, 4,
	  CRING_BY_USER_DATA },
	{ "three: file", USERDATA | FD | GROUP, 4, 2, 3, CRING_BY_FILE },
	{ "three: group", USERDATA | FD | GROUP, 3, 4, 2, CRING_BY_GROUP },
	{ "three: no such group", USERDATA | FD | GROUP, 1, 1, 0,
	  CRING_BY_GROUP },
	{ "three, and op", USERDATA | FD | GROUP | OP, 50, 50, 7,
	  CRING_BY_GROUP },
};

KUNIT_ARRAY_PARAM_DESC(by, by_cases, name);

static void the_shortest_circle_that_is_named_is_walked(struct kunit *test)
{
	const struct by_case *what = test->param_value;
	struct index_test *t = test->priv;
	struct cring_filter filter = {
		.flags = what->flags,
		.user_data = 7,
		.file = &t->files[0],
		.group = 7,
		.opcode = CRING_OP_READ,
		.before = U64_MAX,
	};
	unsigned int i;

	index_rebuild(test, 64);
	for (i = 0; i < 60; i++) {
		struct cring_req *req = &t->reqs[i];

		req->user_data = i < what->user_data ? 7 : 100 + i;
		/* not the same ones */
		req->file = 59 - i < what->file ? &t->files[0] : &t->files[1];
		req->group = i % 2 == 0 && i / 2 < what->group ? 7 : 0;
		if (i % 2 == 1 && 30 + i / 2 < what->group)
			req->group = 7;
		index_add(req);
	}
	KUNIT_EXPECT_EQ(test, by_of(t, &filter), what->by);
}

/* ---------------------------------------------------------------------------
 * What is found
 */

static const u32 all_keys[] = {
	0, USERDATA, FD, OP, GROUP, ANY,
	USERDATA | FD, USERDATA | OP, USERDATA | GROUP, FD | OP, FD | GROUP,
	OP | GROUP, USERDATA | FD | OP, USERDATA | FD | GROUP,
	USERDATA | OP | GROUP, FD | OP | GROUP, USERDATA | FD | OP | GROUP,
};

static bool meant(const struct cring_filter *filter, const struct cring_req *req)
{
	u32 flags = filter->flags ?: USERDATA;

	return req->opcode != CRING_OP_ASYNC_CANCEL &&
	       req->ticket < filter->before &&
	       (!(flags & USERDATA) || req->user_data == filter->user_data) &&
	       (!(flags & FD) || req->file == filter->file) &&
	       (!(flags & OP) || req->opcode == filter->opcode) &&
	       (!(flags & GROUP) || req->group == filter->group) &&
	       (!(flags & TICKET) || req->ticket == filter->ticket);
}

/* the oldest; ANY goes by opcode first */
static struct cring_req *first_meant(struct index_test *t, unsigned int nr,
				     const struct cring_filter *filter)
{
	struct cring_req *best = NULL;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		struct cring_req *req = &t->reqs[i];

		if (!meant(filter, req))
			continue;
		if (!best ||
		    (filter->flags & ANY && req->opcode < best->opcode))
			best = req;
	}
	return best;
}

static const u8 opcodes[] = {
	CRING_OP_NOP, CRING_OP_READ, CRING_OP_ASYNC_CANCEL, U8_MAX
};

/* few values each, and so requests that have any of them in common */
static void fill(struct index_test *t, unsigned int nr, struct rnd_state *rnd)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		struct cring_req *req = &t->reqs[i];
		u32 r = prandom_u32_state(rnd);

		req->user_data = r & 3;
		req->file = r & 4 ? &t->files[r >> 3 & 3] : NULL;
		req->opcode = opcodes[r >> 5 & 3];
		req->group = r >> 7 & 3;
		req->ticket = i;
		index_add(req);
	}
}

static void the_oldest_that_fits_all_parts_of_a_key_is_found(struct kunit *test)
{
	static const unsigned int sizes[] = { 0, 1, 5, 40, 200 };
	struct index_test *t = test->priv;
	struct cring_filter filter;
	struct rnd_state rnd;
	unsigned int s, k, n;

	prandom_seed_state(&rnd, 20250608);
	for (s = 0; s < ARRAY_SIZE(sizes); s++) {
		index_rebuild(test, 16);
		fill(t, sizes[s], &rnd);
		for (k = 0; k < ARRAY_SIZE(all_keys); k++) {
			for (n = 0; n < 200; n++) {
				u32 r = prandom_u32_state(&rnd);

				filter = (struct cring_filter) {
					.flags = all_keys[k],
					.user_data = r & 3,
					.file = &t->files[r >> 3 & 3],
					.opcode = opcodes[r >> 5 & 3],
					.group = 1 + (r >> 7) % 3,
					.before = r >> 16 & 1 ? U64_MAX :
						  r >> 17 & 255,
				};
				KUNIT_ASSERT_PTR_EQ_MSG(test,
							find(t, &filter),
							first_meant(t, sizes[s], &filter),
							"flags %#x, %u requests",
							filter.flags, sizes[s]);
			}
		}
	}
}

/* its ticket alone says which: whatever else is named must fit it */
static void a_ticket_is_found_when_all_else_fits(struct kunit *test)
{
	struct index_test *t = test->priv;
	struct cring_filter filter;
	struct rnd_state rnd;
	unsigned int k, n;

	prandom_seed_state(&rnd, 20250609);
	index_rebuild(test, 16);
	fill(t, 64, &rnd);
	for (k = 0; k < ARRAY_SIZE(all_keys); k++) {
		if (all_keys[k] & ANY)
			continue;
		for (n = 0; n < 500; n++) {
			u32 r = prandom_u32_state(&rnd);
			struct cring_req *like = &t->reqs[r >> 16 & 63];

			filter = (struct cring_filter) {
				.flags = all_keys[k] | TICKET,
				.ticket = r >> 22 & 127,
				.user_data = r & 1 ? like->user_data : r >> 3 & 3,
				.file = like->file ?: &t->files[0],
				.opcode = r & 2 ? like->opcode : CRING_OP_READ,
				.group = like->group ?: 1,
				.before = r & 4 ? U64_MAX : r >> 5 & 127,
			};
			/* no flag but TICKET: user_data is no part of it */
			KUNIT_ASSERT_PTR_EQ_MSG(test,
						find(t, &filter),
						first_meant(t, 64, &filter),
						"flags %#x, ticket %llu",
						filter.flags, filter.ticket);
		}
	}
}

static void a_group_has_no_other_groups_members(struct kunit *test)
{
	static const u32 groups[] = { 0, 1, 2, 1U << 31, U32_MAX };
	struct index_test *t = test->priv;
	struct cring_filter filter = { .flags = GROUP, .before = U64_MAX };
	unsigned int i;

	index_rebuild(test, 1);
	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		t->reqs[i].group = groups[i];
		index_add(&t->reqs[i]);
	}
	for (i = 1; i < ARRAY_SIZE(groups); i++) {
		filter.group = groups[i];
		KUNIT_EXPECT_PTR_EQ(test, find(t, &filter),
				    &t->reqs[i]);
		filter.group = groups[i] ^ 4;
		KUNIT_EXPECT_NULL(test, find(t, &filter));
	}
	/* no group is none: its member is not among those of any */
	KUNIT_EXPECT_NULL(test, cring_index_first(&t->ring, CRING_BY_GROUP, 0));
}

static struct kunit_case cring_find_cases[] = {
	KUNIT_CASE_PARAM(the_shortest_circle_that_is_named_is_walked,
			 by_gen_params),
	KUNIT_CASE(the_oldest_that_fits_all_parts_of_a_key_is_found),
	KUNIT_CASE(a_ticket_is_found_when_all_else_fits),
	KUNIT_CASE(a_group_has_no_other_groups_members),
	{}
};

static struct kunit_suite cring_find_suite = {
	.name = "cring_find",
	.init = index_test_init,
	.exit = index_test_exit,
	.test_cases = cring_find_cases,
};

kunit_test_suite(cring_find_suite);
