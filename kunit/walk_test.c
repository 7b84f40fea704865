// SPDX-License-Identifier: GPL-2.0
/*
 * A long walk through the index lets go of the lock: what happens meanwhile
 * makes it neither miss what it looks for, nor go on for ever (C5 of
 * Documentation/contract.rst).
 */
#include <linux/prandom.h>

#include "index.h"
#include "point.h"

#define FD		CRING_ASYNC_CANCEL_FD
#define USERDATA	CRING_ASYNC_CANCEL_USERDATA
#define GROUP		CRING_ASYNC_CANCEL_GROUP

#define OLD	250	/* there when a walk begins */
#define UD	7
#define G	7

/* one walk, and what is done to the index while it has let go of the lock */
static struct walk_test {
	struct index_test *t;
	void (*meanwhile)(struct walk_test *w);
	struct rnd_state rnd;
	const struct cring_req *spared;	/* what is looked for */
	unsigned int breaks;
	unsigned int new;		/* entered since it began */
	bool in[INDEX_REQS];
} *the_walk;

static void walk_point(enum cring_point point, struct cring_ring *ring,
		       struct cring_req *req)
{
	struct walk_test *w = the_walk;

	if (point != CRING_AT_BREAK || !w || ring != &w->t->ring)
		return;
	w->breaks++;
	if (w->meanwhile)
		w->meanwhile(w);
}

static void enter(struct walk_test *w, unsigned int i)
{
	w->in[i] = true;
	index_add(&w->t->reqs[i]);
}

static void leave(struct walk_test *w, const struct cring_req *req)
{
	unsigned int i = req - w->t->reqs;

	if (req == w->spared || !w->in[i])
		return;
	w->in[i] = false;
	index_del(&w->t->reqs[i]);
}

/* @OLD requests that have one of the three values in common with what is meant */
static struct walk_test *walk_new(struct kunit *test)
{
	struct walk_test *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	struct index_test *t = test->priv;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->t = t;
	index_rebuild(test, 16);
	for (i = 0; i < INDEX_REQS; i++) {
		t->reqs[i].user_data = i % 3 == 0 ? UD : 100 + i;
		t->reqs[i].file = &t->files[i % 3 == 1 ? 0 : 1];
		t->reqs[i].group = i % 3 == 2 ? G : 0;
		if (i < OLD)
			enter(w, i);
	}
	prandom_seed_state(&w->rnd, 20261122);
	return w;
}

static struct cring_req *mean(struct walk_test *w, unsigned int i)
{
	struct cring_req *req = &w->t->reqs[i];

	if (w->in[i])
		index_del(req);
	req->user_data = UD;
	req->file = &w->t->files[0];
	req->group = G;
	return req;
}

static struct cring_req *walk(struct walk_test *w, u32 flags)
{
	struct cring_ring *ring = &w->t->ring;
	struct cring_filter filter = {
		.flags = flags, .user_data = UD, .file = &w->t->files[0],
		.group = G, .before = OLD,
	};
	struct cring_req *req;

	the_walk = w;
	WRITE_ONCE(cring_point_hook, walk_point);
	mutex_lock(&ring->cancel_mutex);
	spin_lock_irq(&ring->lock);
	req = cring_find(ring, &filter);
	spin_unlock_irq(&ring->lock);
	mutex_unlock(&ring->cancel_mutex);
	WRITE_ONCE(cring_point_hook, NULL);
	the_walk = NULL;
	return req;
}

/* another one in each of the circles that are walked */
static void one_more(struct walk_test *w)
{
	unsigned int i = OLD + w->new;

	if (i == INDEX_REQS)
		return;
	mean(w, i);
	w->new++;
	enter(w, i);
}

/* as many as are looked at between two breaks */
static void many_more(struct walk_test *w)
{
	unsigned int i;

	for (i = 0; i < CRING_BREAK; i++)
		one_more(w);
}

static void the_lock_is_let_go_of_and_there_is_none(struct kunit *test)
{
	struct walk_test *w = walk_new(test);

	KUNIT_EXPECT_NULL(test, walk(w, USERDATA | FD));
	/* 84 and 83 requests, side by side */
	KUNIT_EXPECT_EQ(test, w->breaks, 2);
	w->breaks = 0;
	KUNIT_EXPECT_NULL(test, walk(w, USERDATA | FD | GROUP));
	KUNIT_EXPECT_EQ(test, w->breaks, 3);
	KUNIT_EXPECT_NULL(test, w->t->ring.walk);
}

static void what_is_entered_meanwhile_is_not_looked_at(struct kunit *test)
{
	struct walk_test *w = walk_new(test);

	w->meanwhile = many_more;
	KUNIT_EXPECT_NULL(test, walk(w, USERDATA | FD));
	KUNIT_EXPECT_GT(test, w->new, CRING_BREAK);
	KUNIT_EXPECT_EQ(test, w->breaks, 2);
}

/* the request that a place of the walk is in */
static void leave_at(struct walk_test *w)
{
	struct cring_walk *walk = w->t->ring.walk;
	unsigned int i;

	for (i = 0; i < walk->nr; i++)
		if (walk->at[i])
			leave(w, walk->at[i]);
}

static void leave_last(struct walk_test *w)
{
	struct cring_walk *walk = w->t->ring.walk;
	unsigned int i;

	one_more(w);
	for (i = 0; i < walk->nr; i++)
		if (walk->last[i])
			leave(w, walk->last[i]);
}

/* all that was passed, and with it the oldest, of whom there is one a circle */
static void leave_passed(struct walk_test *w)
{
	struct cring_walk *walk = w->t->ring.walk;
	unsigned int i;

	for (i = 0; i < OLD && &w->t->reqs[i] != walk->at[0] &&
	     &w->t->reqs[i] != walk->at[1]; i++)
		leave(w, &w->t->reqs[i]);
	many_more(w);
}

static void leave_all(struct walk_test *w)
{
	unsigned int i;

	for (i = 0; i < OLD; i++)
		leave(w, &w->t->reqs[i]);
	one_more(w);
}

static void leave_some(struct walk_test *w)
{
	unsigned int n = prandom_u32_state(&w->rnd) % 64;

	if (prandom_u32_state(&w->rnd) % 2)
		leave_at(w);
	if (prandom_u32_state(&w->rnd) % 2)
		leave_last(w);
	while (n--)
		leave(w, &w->t->reqs[prandom_u32_state(&w->rnd) % OLD]);
	one_more(w);
}

static const struct leave_case {
	const char *name;
	void (*meanwhile)(struct walk_test *w);
} leave_cases[] = {
	{ "the next one", leave_at },
	{ "the last one", leave_last },
	{ "what was passed", leave_passed },
	{ "all", leave_all },
	{ "some", leave_some },
};

KUNIT_ARRAY_PARAM_DESC(leave, leave_cases, name);

static const u32 some_keys[] = {
	USERDATA | FD, USERDATA | GROUP, FD | GROUP, USERDATA | FD | GROUP,
};

/* what is looked for is entered last, so a walk comes to it late, but does */
static void what_leaves_meanwhile_hides_nothing(struct kunit *test)
{
	const struct leave_case *what = test->param_value;
	unsigned int k, n;

	for (k = 0; k < ARRAY_SIZE(some_keys); k++) {
		for (n = 0; n < 20; n++) {
			struct walk_test *w = walk_new(test);
			struct cring_req *req = mean(w, n);

			prandom_seed_state(&w->rnd, 100 * k + n);
			enter(w, n);
			w->spared = req;
			w->meanwhile = what->meanwhile;
			KUNIT_EXPECT_PTR_EQ(test, walk(w, some_keys[k]), req);
			KUNIT_EXPECT_GT(test, w->breaks, 0);
			KUNIT_EXPECT_LE(test, w->breaks, 4);
			kunit_kfree(test, w);
		}
	}
}

static void what_leaves_meanwhile_is_not_found(struct kunit *test)
{
	const struct leave_case *what = test->param_value;
	struct walk_test *w = walk_new(test);
	unsigned int i;

	w->meanwhile = what->meanwhile;
	KUNIT_EXPECT_NULL(test, walk(w, USERDATA | FD));
	KUNIT_EXPECT_GT(test, w->breaks, 0);
	KUNIT_EXPECT_LE(test, w->breaks, 2);
	/* and the index is as it should be */
	for (i = 0; i < INDEX_REQS; i++)
		leave(w, &w->t->reqs[i]);
	KUNIT_EXPECT_FALSE(test, cring_index_has_op(&w->t->ring, CRING_OP_READ));
}

static struct kunit_case cring_walk_cases[] = {
	KUNIT_CASE(the_lock_is_let_go_of_and_there_is_none),
	KUNIT_CASE(what_is_entered_meanwhile_is_not_looked_at),
	KUNIT_CASE_PARAM(what_leaves_meanwhile_hides_nothing, leave_gen_params),
	KUNIT_CASE_PARAM(what_leaves_meanwhile_is_not_found, leave_gen_params),
	{}
};

static struct kunit_suite cring_walk_suite = {
	.name = "cring_walk",
	.init = index_test_init,
	.exit = index_test_exit,
	.test_cases = cring_walk_cases,
};

kunit_test_suite(cring_walk_suite);
