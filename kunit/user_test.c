// SPDX-License-Identifier: GPL-2.0
/*
 * Users: what one has at once is bounded, over all his rings, and what blocks
 * for ever in one ring keeps no other from going on (S7 of
 * Documentation/security.rst).
 */
#include <linux/anon_inodes.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/slab.h>

#include "fixture.h"

/* --- limits for the time of a test --- */

struct limit {
	unsigned int *param;
	unsigned int old;
};

static void limit_restore(void *data)
{
	struct limit *limit = data;

	WRITE_ONCE(*limit->param, limit->old);
}

static void set_limit(struct kunit *test, unsigned int *param, unsigned int nr)
{
	struct limit *limit = kunit_kzalloc(test, sizeof(*limit), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, limit);
	limit->param = param;
	limit->old = *param;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, limit_restore,
							limit), 0);
	WRITE_ONCE(*param, nr);
}

/* --- rings --- */

static struct file *new_file(struct kunit *test)
{
	struct file *file = anon_inode_getfile("[cring]", &cring_fops, NULL,
					       O_RDWR);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	return file;
}

static int setup(struct file *file)
{
	struct cring_params p = { .sq_entries = 4 };

	return cring_ring_setup(file, &p);
}

static void close_ring(struct file *file)
{
	fput(file);
	flush_delayed_fput();
}

static void a_user_has_so_many_rings(struct kunit *test)
{
	struct file *second = new_file(test), *third = new_file(test);

	set_limit(test, &cring_max_user_rings, 2);
	live_open(test, 4, 0);
	KUNIT_EXPECT_EQ(test, setup(second), 0);
	KUNIT_EXPECT_EQ(test, setup(third), -EDQUOT);
	KUNIT_EXPECT_NULL(test, cring_file_ring(third));
	/* one that is closed makes room for another, at once */
	close_ring(second);
	KUNIT_EXPECT_EQ(test, setup(third), 0);
	close_ring(third);
	flush_workqueue(cring_wq);
}

static void a_ring_that_fails_does_not_count(struct kunit *test)
{
	struct cring_params none = { .sq_entries = 0 };
	struct file *file = new_file(test);
	struct live *live;

	live = live_open(test, 4, 0);
	set_limit(test, &cring_max_user_rings, 2);
	KUNIT_EXPECT_EQ(test, cring_ring_setup(file, &none), -EINVAL);
	KUNIT_EXPECT_EQ(test, setup(live->file), -EBUSY);
	KUNIT_EXPECT_EQ(test, setup(file), 0);
	close_ring(file);
	flush_workqueue(cring_wq);
}

static void a_ring_that_hangs_counts_until_it_is_gone(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct script *script = script_open(live, SCRIPT_DEVICE);
	struct file *file = new_file(test);

	set_limit(test, &cring_max_user_rings, 1);
	live_read(live, script, 1);
	live_close(live);
	KUNIT_EXPECT_EQ(test, setup(file), -EDQUOT);
	script_complete(script, 0, 1);
	KUNIT_EXPECT_TRUE(test, live_gone(live));
	KUNIT_EXPECT_EQ(test, setup(file), 0);
	close_ring(file);
	flush_workqueue(cring_wq);
}

static void another_user_has_his_own(struct kunit *test)
{
	struct file *mine = new_file(test), *his = new_file(test);
	struct cred *cred = prepare_creds();
	const struct cred *old;

	KUNIT_ASSERT_NOT_NULL(test, cred);
	set_limit(test, &cring_max_user_rings, 1);
	live_open(test, 4, 0);
	/* whatever he may do besides */
	cred->uid = KUIDT_INIT(4711);
	old = override_creds(cred);
	KUNIT_EXPECT_EQ(test, setup(his), 0);
	KUNIT_EXPECT_EQ(test, setup(mine), -EDQUOT);
	revert_creds(old);
	KUNIT_EXPECT_EQ(test, setup(mine), -EDQUOT);
	close_ring(his);
	/* whose it was is asked of the ring, not of who closes it */
	old = override_creds(cred);
	KUNIT_EXPECT_EQ(test, setup(mine), 0);
	revert_creds(old);
	close_ring(mine);
	flush_workqueue(cring_wq);
	put_cred(cred);
}

static void no_rings_are_none(struct kunit *test)
{
	struct cred *cred = prepare_creds();
	struct file *file = new_file(test);
	const struct cred *old;

	KUNIT_ASSERT_NOT_NULL(test, cred);
	/* of a user who has none yet, too */
	live_open(test, 4, 0);
	set_limit(test, &cring_max_user_rings, 0);
	KUNIT_EXPECT_EQ(test, setup(file), -EDQUOT);
	cred->uid = KUIDT_INIT(4711);
	old = override_creds(cred);
	KUNIT_EXPECT_EQ(test, setup(file), -EDQUOT);
	revert_creds(old);
	close_ring(file);
	put_cred(cred);
}

/* --- workers --- */

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

static void starved_rings_take_turns(struct kunit *test)
{
	struct script *first, *second, *third;
	struct live *one, *two, *three;

	set_limit(test, &cring_max_user_workers, 4);
	one = live_open(test, 8, 0);
	two = live_open(test, 8, 0);
	three = live_open(test, 8, 0);
	first = block(one, 4);
	EXPECT_RUNNING(first, 4);
	second = block(two, 8);
	EXPECT_RUNNING(second, 1);
	third = block(three, 8);
	EXPECT_RUNNING(third, 1);
	script_let_go(first);
	KUNIT_EXPECT_TRUE(test, live_until(live_nr_cqes(one) == 4));
	EXPECT_RUNNING(second, 2);
	EXPECT_RUNNING(third, 2);
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

/* --- what can be let go of --- */

static void so_many_of_a_user_can_be_let_go_of(struct kunit *test)
{
	struct live *one = live_open(test, 4, 0);
	struct live *two = live_open(test, 4, 0);
	struct cring_user *user = one->ring->user;

	KUNIT_EXPECT_PTR_EQ(test, two->ring->user, user);
	set_limit(test, &cring_max_user_detached, 2);
	KUNIT_EXPECT_EQ(test, cring_user_detach_get(user), 0);
	KUNIT_EXPECT_EQ(test, cring_user_detach_get(user), 0);
	KUNIT_EXPECT_EQ(test, cring_user_detach_get(user), -EAGAIN);
	/* who was refused does not count */
	cring_user_detach_put(user);
	KUNIT_EXPECT_EQ(test, cring_user_detach_get(user), 0);
	cring_user_detach_put(user);
	cring_user_detach_put(user);
}

static struct kunit_case cring_user_cases[] = {
	KUNIT_CASE(a_user_has_so_many_rings),
	KUNIT_CASE(a_ring_that_fails_does_not_count),
	KUNIT_CASE(a_ring_that_hangs_counts_until_it_is_gone),
	KUNIT_CASE(another_user_has_his_own),
	KUNIT_CASE(no_rings_are_none),
	KUNIT_CASE(so_many_of_a_user_run_in_workers),
	KUNIT_CASE(every_ring_runs_one),
	KUNIT_CASE(a_worker_that_ends_makes_room_in_another_ring),
	KUNIT_CASE(starved_rings_take_turns),
	KUNIT_CASE(a_starved_ring_may_go_away),
	KUNIT_CASE(a_ring_that_starves_for_nothing_passes_it_on),
	KUNIT_CASE(so_many_of_a_user_can_be_let_go_of),
	{}
};

static struct kunit_suite cring_user_suite = {
	.name = "cring_user",
	.test_cases = cring_user_cases,
};

kunit_test_suite(cring_user_suite);
