// SPDX-License-Identifier: GPL-2.0
/*
 * Users' workers: what blocks for ever in one ring keeps no other from going on,
 * and nobody waits for a worker that he may have (S7 of
 * Documentation/security.rst).
 */
#include <linux/moduleparam.h>

#include "limit.h"

static struct script *block(struct live *live, unsigned int nr)
{
	struct script *script = script_open(live, SCRIPT_WORKER);
	unsigned int i;

	for (i = 0; i < nr; i++)
		live_prep_read(live_sqe(live, 0, i), script, live->args, 1);
	KUNIT_EXPECT_EQ(live->test, live_submit(live), nr);
	return script;
}

/* so many run, and stay so many */
#define EXPECT_RUNNING(on, nr) do {					\
	struct script *script_ = (on);					\
	int nr_ = (nr);							\
									\
	KUNIT_EXPECT_TRUE(test, script_await(script_, nr_));		\
	flush_workqueue(cring_wq);					\
	schedule_timeout_uninterruptible(HZ / 20);			\
	KUNIT_EXPECT_EQ(test, atomic_read(&script_->inside), nr_);	\
} while (0)

static void so_many_of_a_user_run_in_workers(struct kunit *test)
{
	struct script *script;
	struct live *live;
	unsigned int i;

	set_limit(test, &cring_max_user_workers, 3);
	live = live_open(test, 8, 0);
	script = block(live, 8);
	EXPECT_RUNNING(script, 3);
	/* what waits is stopped like anything that waits for a worker */
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, 7), 0);
	script_let_go(script);
	KUNIT_EXPECT_TRUE(test, live_until(!live_in_flight(live)));
	KUNIT_EXPECT_EQ(test, live_nr_cqes(live), 8);
	KUNIT_EXPECT_EQ(test, atomic_read(&script->calls), 7);
	for (i = 0; i < 8; i++) {
		struct cring_cqe cqe = {};

		live_reap(live, &cqe);
		KUNIT_EXPECT_EQ(test, cqe.res,
				cqe.user_data == 7 ? -ECANCELED : 1);
	}
}

static void every_ring_runs_one(struct kunit *test)
{
	struct live *one, *two, *three;
	struct script *first, *second, *third;

	set_limit(test, &cring_max_user_workers, 2);
	one = live_open(test, 8, 0);
	two = live_open(test, 8, 0);
	three = live_open(test, 8, 0);
	first = block(one, 8);
	EXPECT_RUNNING(first, 2);
	second = block(two, 2);
	EXPECT_RUNNING(second, 1);
	third = block(three, 1);
	EXPECT_RUNNING(third, 1);
	/* and goes on with it, one after the other */
	script_let_go(second);
	KUNIT_EXPECT_TRUE(test, live_until(live_nr_cqes(two) == 2));
	EXPECT_RUNNING(first, 2);
}

static void a_worker_that_ends_makes_room_in_another_ring(struct kunit *test)
{
	struct script *first, *second;
	struct live *one, *two;

	set_limit(test, &cring_max_user_workers, 3);
	one = live_open(test, 8, 0);
	two = live_open(test, 8, 0);
	first = block(one, 3);
	EXPECT_RUNNING(first, 3);
	second = block(two, 5);
	EXPECT_RUNNING(second, 1);
	script_let_go(first);
	KUNIT_EXPECT_TRUE(test, live_until(live_nr_cqes(one) == 3));
	/* its two, and the one that it had */
	EXPECT_RUNNING(second, 3);
	script_let_go(second);
	KUNIT_EXPECT_TRUE(test, live_until(live_nr_cqes(two) == 5));
}

/* the first has all four workers that there may be, the others starve with one */
struct three {
	struct live *one, *two;
	struct script *first, *second, *third;
};

static struct three three_open(struct kunit *test)
{
	struct three t;
	struct live *three;

	set_limit(test, &cring_max_user_workers, 4);
	t.one = live_open(test, 8, 0);
	t.two = live_open(test, 8, 0);
	three = live_open(test, 8, 0);
	t.first = block(t.one, 4);
	EXPECT_RUNNING(t.first, 4);
	t.second = block(t.two, 8);
	EXPECT_RUNNING(t.second, 1);
	t.third = block(three, 8);
	EXPECT_RUNNING(t.third, 1);
	return t;
}

static void expect_turns(struct kunit *test, struct three *t)
{
	script_let_go(t->first);
	KUNIT_EXPECT_TRUE(test, live_until(live_nr_cqes(t->one) == 4));
	EXPECT_RUNNING(t->second, 2);
	EXPECT_RUNNING(t->third, 2);
}

static void starved_rings_take_turns(struct kunit *test)
{
	struct three t = three_open(test);

	expect_turns(test, &t);
}

/* whoever feeds the other ring has the time to give it all that there is */
static void feed_slowly(struct live *live, struct cring_req *req)
{
	struct script *other = live->priv;

	live_at(live, CRING_AT_FEED, NULL);
	live_until(atomic_read(&other->inside) > 1);
	schedule_timeout_uninterruptible(HZ / 20);
}

static void a_turn_is_not_lost_to_who_is_quicker(struct kunit *test)
{
	struct three t = three_open(test);

	t.two->priv = t.third;
	live_at(t.two, CRING_AT_FEED, feed_slowly);
	expect_turns(test, &t);
}

static void a_starved_ring_may_go_away(struct kunit *test)
{
	struct script *first, *second;
	struct live *one, *two;

	set_limit(test, &cring_max_user_workers, 2);
	one = live_open(test, 8, 0);
	two = live_open(test, 8, 0);
	first = block(one, 3);
	EXPECT_RUNNING(first, 2);
	second = block(two, 3);
	EXPECT_RUNNING(second, 1);
	/* ends all of it: what waits, and what can be interrupted */
	live_close(two);
	KUNIT_EXPECT_TRUE(test, live_gone(two));
	EXPECT_RUNNING(first, 2);
	script_let_go(first);
	KUNIT_EXPECT_TRUE(test, live_until(live_nr_cqes(one) == 3));
}

static void a_ring_that_starves_for_nothing_passes_it_on(struct kunit *test)
{
	struct live *one, *two, *three;
	struct script *first, *second, *third;

	set_limit(test, &cring_max_user_workers, 3);
	one = live_open(test, 8, 0);
	two = live_open(test, 8, 0);
	three = live_open(test, 8, 0);
	first = block(one, 3);
	EXPECT_RUNNING(first, 3);
	second = block(two, 2);
	EXPECT_RUNNING(second, 1);
	third = block(three, 4);
	EXPECT_RUNNING(third, 1);
	/* the second ring is first on the list, and has nothing any more */
	KUNIT_EXPECT_EQ(test, live_cancel(two, CRING_ASYNC_CANCEL_ALL |
					  CRING_ASYNC_CANCEL_ANY, 0), 2);
	KUNIT_EXPECT_TRUE(test, live_until(!live_in_flight(two)));
	script_let_go(first);
	KUNIT_EXPECT_TRUE(test, live_until(live_nr_cqes(one) == 3));
	EXPECT_RUNNING(second, 0);
	EXPECT_RUNNING(third, 3);
}

/* --- exactly as many --- */

struct popping {
	atomic_t came;
	bool go;
};

static void hold_up(struct live *live, struct cring_req *req)
{
	struct popping *p = live->priv;

	atomic_inc(&p->came);
	live_until(READ_ONCE(p->go));
}

static void a_starved_ring_gets_no_more_workers_than_it_has_work(struct kunit *test)
{
	struct script *first, *second;
	struct live *one, *two;
	struct popping p = {};

	set_limit(test, &cring_max_user_workers, 4);
	one = live_open(test, 8, 0);
	two = live_open(test, 8, 0);
	first = block(one, 4);
	EXPECT_RUNNING(first, 4);
	second = block(two, 3);
	EXPECT_RUNNING(second, 1);
	/* what was cancelled is no work any more */
	KUNIT_EXPECT_EQ(test, live_cancel(two, 0, 2), 0);
	/* one waits there; whoever comes for it does not take it yet */
	two->priv = &p;
	live_at(two, CRING_AT_POP, hold_up);
	script_let_go(first);
	KUNIT_EXPECT_TRUE(test, live_until(live_nr_cqes(one) == 4));
	KUNIT_EXPECT_TRUE(test, live_until(atomic_read(&p.came)));
	schedule_timeout_uninterruptible(HZ / 20);
	KUNIT_EXPECT_EQ(test, atomic_read(&p.came), 1);
	WRITE_ONCE(p.go, true);
	EXPECT_RUNNING(second, 2);
	script_let_go(second);
	KUNIT_EXPECT_TRUE(test, live_until(live_nr_cqes(two) == 3));
}

/* --- a limit that changes --- */

static int set_workers(const char *val)
{
	const struct kernel_param kp = { .arg = &cring_max_user_workers };

	return cring_user_workers_set(val, &kp);
}

static void a_limit_that_is_raised_feeds_at_once(struct kunit *test)
{
	struct script *first, *second;
	struct live *one, *two;

	set_limit(test, &cring_max_user_workers, 1);
	one = live_open(test, 8, 0);
	two = live_open(test, 8, 0);
	first = block(one, 3);
	EXPECT_RUNNING(first, 1);
	second = block(two, 5);
	EXPECT_RUNNING(second, 1);
	/* no worker ends */
	KUNIT_EXPECT_EQ(test, set_workers("5"), 0);
	KUNIT_EXPECT_TRUE(test, live_until(atomic_read(&first->inside) +
					   atomic_read(&second->inside) == 5));
	KUNIT_EXPECT_EQ(test, set_workers("8"), 0);
	EXPECT_RUNNING(first, 3);
	EXPECT_RUNNING(second, 5);
}

static void no_number_is_no_limit(struct kunit *test)
{
	set_limit(test, &cring_max_user_workers, 7);
	KUNIT_EXPECT_EQ(test, set_workers("many"), -EINVAL);
	KUNIT_EXPECT_EQ(test, cring_max_user_workers, 7);
}

static struct kunit_case cring_user_worker_cases[] = {
	KUNIT_CASE(so_many_of_a_user_run_in_workers),
	KUNIT_CASE(every_ring_runs_one),
	KUNIT_CASE(a_worker_that_ends_makes_room_in_another_ring),
	KUNIT_CASE(starved_rings_take_turns),
	KUNIT_CASE(a_turn_is_not_lost_to_who_is_quicker),
	KUNIT_CASE(a_starved_ring_may_go_away),
	KUNIT_CASE(a_ring_that_starves_for_nothing_passes_it_on),
	KUNIT_CASE(a_starved_ring_gets_no_more_workers_than_it_has_work),
	KUNIT_CASE(a_limit_that_is_raised_feeds_at_once),
	KUNIT_CASE(no_number_is_no_limit),
	{}
};

static struct kunit_suite cring_user_worker_suite = {
	.name = "cring_user_worker",
	.test_cases = cring_user_worker_cases,
};

kunit_test_suite(cring_user_worker_suite);
