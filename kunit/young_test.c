// SPDX-License-Identifier: GPL-2.0
/*
 * What is in the index, and in no table of it yet: it is found all the same, in its
 * order, and few are passed by who looks for something else.
 */
#include "circle.h"
#include "index.h"

/* as many as are passed at most */
#define FEW		CRING_BREAK

static struct cring_req *enter(struct index_test *t, unsigned int nr,
			       u64 user_data)
{
	t->reqs[nr].user_data = user_data;
	t->reqs[nr].file = &t->files[nr % 2];
	index_add(&t->reqs[nr]);
	return &t->reqs[nr];
}

static struct cring_req *find(struct index_test *t,
			      const struct cring_filter *filter)
{
	struct cring_req *req;
	bool over;

	spin_lock_irq(&t->ring.lock);
	req = cring_find_few(&t->ring, filter, &over);
	spin_unlock_irq(&t->ring.lock);
	WARN_ON_ONCE(!over);
	return req;
}

static struct cring_req *with(struct index_test *t, u64 user_data, u64 before)
{
	const struct cring_filter filter = {
		.user_data = user_data,
		.before = before,
	};

	return find(t, &filter);
}

static void what_was_added_is_young(struct kunit *test)
{
	struct index_test *t = test->priv;
	struct cring_req *first = enter(t, 0, 7), *second = enter(t, 1, 8);

	KUNIT_EXPECT_EQ(test, t->ring.nr_young, 2);
	KUNIT_EXPECT_PTR_EQ(test, cring_young_first(&t->ring), first);
	/* the first that is looked at: nobody is passed */
	KUNIT_EXPECT_PTR_EQ(test, with(t, 7, U64_MAX), first);
	KUNIT_EXPECT_EQ(test, t->ring.nr_young, 2);
	index_del(first);
	KUNIT_EXPECT_PTR_EQ(test, cring_young_first(&t->ring), second);
	index_del(second);
	KUNIT_EXPECT_NULL(test, cring_young_first(&t->ring));
	KUNIT_EXPECT_EQ(test, t->ring.nr_young, 0);
}

static void who_is_passed_is_young_no_more(struct kunit *test)
{
	struct index_test *t = test->priv;
	unsigned int i;

	for (i = 0; i < 10; i++)
		enter(t, i, i);
	KUNIT_EXPECT_PTR_EQ(test, with(t, 4, U64_MAX), &t->reqs[4]);
	KUNIT_EXPECT_PTR_EQ(test, cring_young_first(&t->ring), &t->reqs[4]);
	KUNIT_EXPECT_EQ(test, t->ring.nr_young, 6);
	/* in a table now, and nobody is passed for it */
	KUNIT_EXPECT_PTR_EQ(test, with(t, 3, U64_MAX), &t->reqs[3]);
	KUNIT_EXPECT_EQ(test, t->ring.nr_young, 6);
	KUNIT_EXPECT_NULL(test, with(t, 77, U64_MAX));
	KUNIT_EXPECT_EQ(test, t->ring.nr_young, 0);
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_PTR_EQ(test, with(t, i, U64_MAX), &t->reqs[i]);
}

static void the_oldest_is_found_whether_it_is_young_or_not(struct kunit *test)
{
	struct index_test *t = test->priv;
	struct cring_req *old = enter(t, 0, 7), *first, *second;

	cring_index_settle(&t->ring);
	enter(t, 1, 8);
	first = enter(t, 2, 7);
	second = enter(t, 3, 7);
	KUNIT_EXPECT_PTR_EQ(test, with(t, 7, U64_MAX), old);
	index_del(old);
	KUNIT_EXPECT_PTR_EQ(test, with(t, 7, U64_MAX), first);
	/* that one leaves the middle, and another one the end */
	index_del(first);
	KUNIT_EXPECT_PTR_EQ(test, with(t, 7, U64_MAX), second);
	KUNIT_EXPECT_NULL(test, with(t, 7, second->ticket));
	index_del(second);
	KUNIT_EXPECT_NULL(test, with(t, 7, U64_MAX));
	KUNIT_EXPECT_PTR_EQ(test, with(t, 8, U64_MAX), &t->reqs[1]);
}

static void few_are_young(struct kunit *test)
{
	struct index_test *t = test->priv;
	unsigned int i;

	for (i = 0; i < INDEX_REQS; i++) {
		enter(t, i, i);
		KUNIT_EXPECT_EQ(test, t->ring.nr_young, min(i + 1, FEW));
	}
	KUNIT_EXPECT_PTR_EQ(test, cring_young_first(&t->ring),
			    &t->reqs[INDEX_REQS - FEW]);
	for (i = 0; i < INDEX_REQS; i += 3)
		index_del(&t->reqs[i]);
	for (i = 0; i < INDEX_REQS; i++)
		KUNIT_EXPECT_PTR_EQ(test, with(t, i, U64_MAX),
				    i % 3 ? &t->reqs[i] : NULL);
}

/* a young one that loses its file is in no table that it would have to leave */
static void a_young_one_loses_its_file(struct kunit *test)
{
	struct index_test *t = test->priv;
	struct cring_filter filter = {
		.file = &t->files[0],
		.flags = CRING_ASYNC_CANCEL_FD,
		.before = U64_MAX,
	};
	struct cring_req *req = enter(t, 0, 7), *other = enter(t, 2, 8);

	cring_index_del_file(req);
	req->file = NULL;
	KUNIT_EXPECT_PTR_EQ(test, find(t, &filter), other);
	KUNIT_EXPECT_PTR_EQ(test, with(t, 7, U64_MAX), req);
	index_del(req);
	index_del(other);
	KUNIT_EXPECT_NULL(test, find(t, &filter));
}

static struct kunit_case cring_young_cases[] = {
	KUNIT_CASE(what_was_added_is_young),
	KUNIT_CASE(who_is_passed_is_young_no_more),
	KUNIT_CASE(the_oldest_is_found_whether_it_is_young_or_not),
	KUNIT_CASE(few_are_young),
	KUNIT_CASE(a_young_one_loses_its_file),
	{}
};

static struct kunit_suite cring_young_suite = {
	.name = "cring_young",
	.init = index_test_init,
	.exit = index_test_exit,
	.test_cases = cring_young_cases,
};

kunit_test_suite(cring_young_suite);
