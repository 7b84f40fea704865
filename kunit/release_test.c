// SPDX-License-Identifier: GPL-2.0
/*
 * A worker lets go of its request's file before the CQE is there: who has closed
 * the file, and sees the CQE, may unmount what it is on.  Until the CQE is there
 * a cancel that can name the file finds the request (C3 and C6 of
 * Documentation/contract.rst).
 */
#include "fixture.h"

#define UD	1

struct release {
	struct live *live;
	struct script *script;
	atomic_t looks;		/* of the worker at who else holds the file */
	atomic_t go_on;		/* which of them are over */
	bool released[2];	/* when it had looked */
	u32 cqes[2];
};

static struct release *release_open(struct kunit *test)
{
	struct release *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->live = live_open(test, 4, 0);
	r->live->priv = r;
	r->script = script_open(r->live, SCRIPT_WORKER);
	live_read(r->live, r->script, UD);
	KUNIT_ASSERT_TRUE(test, script_await(r->script, 1));
	return r;
}

/* the worker has looked: it stays there until the test has done something */
static void look(struct live *live, struct cring_req *req)
{
	struct release *r = live->priv;
	int n = atomic_inc_return(&r->looks);

	if (n <= ARRAY_SIZE(r->released)) {
		r->released[n - 1] = completion_done(&r->script->released);
		r->cqes[n - 1] = live_nr_cqes(live);
	}
	live_until(atomic_read(&r->go_on) >= n);
}

static bool await_look(struct release *r, int n)
{
	return live_until(atomic_read(&r->looks) >= n);
}

static s32 cancel_by_file(struct release *r)
{
	struct cring_cancel_key key = {
		.fd = r->script->fd, .flags = CRING_ASYNC_CANCEL_FD,
	};

	live_cancel_sync(r->live, &key, 0, 0);
	return key.res;
}

/* nothing is in flight, and nothing is left in the index by file */
static bool no_file_is_known(struct cring_ring *ring)
{
	const struct cring_table *table = &ring->index[CRING_BY_FILE];

	return !memchr_inv(table->heads, 0xff,
			   (table->mask + 1) * sizeof(*table->heads));
}

static void a_file_that_was_closed_is_released_before_the_cqe(struct kunit *test)
{
	struct release *r = release_open(test);

	live_at(r->live, CRING_AT_DROP, look);
	script_close(r->script);
	KUNIT_EXPECT_FALSE(test, completion_done(&r->script->released));
	script_let_go(r->script);
	KUNIT_ASSERT_TRUE(test, await_look(r, 1));
	KUNIT_EXPECT_TRUE(test, r->released[0]);
	KUNIT_EXPECT_EQ(test, r->cqes[0], 0);
	/* it has no file any more, and is in flight all the same */
	KUNIT_EXPECT_EQ(test, live_cancel(r->live, 0, UD), -EALREADY);
	atomic_set(&r->go_on, 1);
	LIVE_EXPECT_WAIT(r->live, UD, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&r->looks), 1);
	KUNIT_EXPECT_TRUE(test, no_file_is_known(r->live->ring));
}

static void a_file_that_is_open_is_let_go_of_with_the_cqe(struct kunit *test)
{
	struct release *r = release_open(test);

	live_at(r->live, CRING_AT_DROP, look);
	script_let_go(r->script);
	KUNIT_ASSERT_TRUE(test, await_look(r, 1));
	KUNIT_EXPECT_EQ(test, cancel_by_file(r), -EALREADY);
	/* the test's, the descriptor's, and the request's */
	KUNIT_EXPECT_EQ(test, file_count(r->script->file), 3);
	atomic_set(&r->go_on, 1);
	LIVE_EXPECT_WAIT(r->live, UD, 1);
	KUNIT_EXPECT_EQ(test, file_count(r->script->file), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&r->looks), 1);
	KUNIT_EXPECT_EQ(test, cancel_by_file(r), -ENOENT);
	KUNIT_EXPECT_FALSE(test, completion_done(&r->script->released));
}

/* the worker has seen others: they let go of it before it does */
static void a_file_that_is_closed_in_between_is_released_before_the_cqe(struct kunit *test)
{
	struct release *r = release_open(test);

	live_at(r->live, CRING_AT_DROP, look);
	script_let_go(r->script);
	KUNIT_ASSERT_TRUE(test, await_look(r, 1));
	KUNIT_EXPECT_FALSE(test, r->released[0]);
	KUNIT_EXPECT_EQ(test, cancel_by_file(r), -EALREADY);
	script_close(r->script);
	KUNIT_EXPECT_FALSE(test, completion_done(&r->script->released));
	atomic_set(&r->go_on, 1);
	/* so it has to look again */
	KUNIT_ASSERT_TRUE(test, await_look(r, 2));
	KUNIT_EXPECT_TRUE(test, r->released[1]);
	KUNIT_EXPECT_EQ(test, r->cqes[1], 0);
	KUNIT_EXPECT_EQ(test, live_cancel(r->live, 0, UD), -EALREADY);
	atomic_set(&r->go_on, 2);
	LIVE_EXPECT_WAIT(r->live, UD, 1);
	LIVE_EXPECT_NO_CQE(r->live);
	KUNIT_EXPECT_EQ(test, atomic_read(&r->looks), 2);
	KUNIT_EXPECT_EQ(test, live_cancel(r->live, 0, UD), -ENOENT);
}

static struct kunit_case cring_release_cases[] = {
	KUNIT_CASE(a_file_that_was_closed_is_released_before_the_cqe),
	KUNIT_CASE(a_file_that_is_open_is_let_go_of_with_the_cqe),
	KUNIT_CASE(a_file_that_is_closed_in_between_is_released_before_the_cqe),
	{}
};

static struct kunit_suite cring_release_suite = {
	.name = "cring_release",
	.test_cases = cring_release_cases,
};

kunit_test_suite(cring_release_suite);
