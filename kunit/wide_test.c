// SPDX-License-Identifier: GPL-2.0
/*
 * Waits that somebody else's kick may interrupt, and a cancel's wait for several
 * rings: nothing is lost, and nobody is told of a signal that there was not.
 */
#include <linux/task_work.h>
#include <linux/uaccess.h>

#include "fixture.h"

#define UD	1
#define OTHER	2

/* in the page: the call, the key */
#define KEY_AT	256

struct wide {
	struct live *a, *b, *c;		/* it waits in the first */
	struct script *device;		/* for what is in there */
	struct script *script;		/* of another read in there */
	struct script *in_b, *in_c;
	unsigned long args;
	struct callback_head foreign;
};

static struct wide *wide_new(struct kunit *test)
{
	struct wide *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->a = live_open(test, 4, 0);
	w->b = live_open(test, 4, 0);
	w->c = live_open(test, 4, 0);
	w->a->priv = w;
	w->device = script_open(w->a, SCRIPT_DEVICE);
	w->script = script_open(w->a, SCRIPT_POLL);
	w->in_b = script_open(w->b, SCRIPT_FIFO);
	w->in_c = script_open(w->c, SCRIPT_POLL);
	w->args = live_pages(w->a, 1, PROT_READ | PROT_WRITE);
	return w;
}

static int put_read(struct live *live, struct script *script, u64 user_data)
{
	live_prep_read(live_sqe(live, 0, user_data), script, live->args, 1);
	return live_submit(live);
}

/* cancel the first ring's in whatever ring it is, and wait for it */
static int wide_wait(struct wide *w)
{
	const struct cring_cancel c = {
		.keys = w->args + KEY_AT, .nr = 1, .timeout = -1,
		.flags = CRING_CANCEL_PROCESS | CRING_CANCEL_WAIT,
	};
	const struct cring_cancel_key key = { .user_data = UD };
	void __user *user = (void __user *)w->args;

	if (copy_to_user(user, &c, sizeof(c)) ||
	    copy_to_user(user + KEY_AT, &key, sizeof(key)))
		return -EFAULT;
	return cring_fops.unlocked_ioctl(w->a->file, CRING_IOC_CANCEL,
					 w->args);
}

/* not while it cancels, which is counted as waiting, too */
static bool waits(struct wide *w)
{
	/* asked again and again: needs no barrier */
	return waitqueue_active(&w->a->ring->waitq);
}

/* --- what becomes ready in a ring that is not waited in --- */

static int submit_and_wait(void *arg)
{
	struct wide *w = arg;

	if (put_read(w->a, w->device, UD) != 1 ||
	    put_read(w->a, w->script, OTHER) != 1 ||
	    put_read(w->b, w->in_b, OTHER) != 1)
		return -EIO;
	return wide_wait(w);
}

static void a_wait_that_is_long_in_one_ring_holds_up_no_other(struct kunit *test)
{
	struct wide *w = wide_new(test);
	struct other *other = other_start(w->a, submit_and_wait, w);

	KUNIT_ASSERT_TRUE(test, live_until(waits(w) &&
					   READ_ONCE(w->device->nr_queued)));
	/* it runs what becomes ready there, and is long in coming back */
	w->script->run = script_stick;
	script_ready(w->script, EPOLLIN);
	KUNIT_ASSERT_TRUE(test, script_await(w->script, 1));
	/* it is the last submitter of the other ring */
	script_ready(w->in_b, EPOLLIN);
	KUNIT_EXPECT_TRUE(test, live_until(live_nr_cqes(w->b)));
	LIVE_EXPECT_CQE(w->b, OTHER, 1);

	script_let_go(w->script);
	KUNIT_EXPECT_TRUE(test, live_until(live_nr_cqes(w->a)));
	LIVE_EXPECT_CQE(w->a, OTHER, 1);
	script_complete(w->device, 0, 1);
	KUNIT_EXPECT_EQ(test, other_join(other), 0);
	LIVE_EXPECT_CQE(w->a, UD, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&w->b->ring->nr_trying), 0);
}

/* --- kicks that come while one is looked at --- */

static void kick_a_third(struct live *live, struct cring_req *req)
{
	struct wide *w = live->priv;

	live_at(live, CRING_AT_ABSORB, NULL);
	script_ready(w->in_c, EPOLLIN);
}

static int kick_a_second(void *arg)
{
	struct wide *w = arg;
	bool run;

	live_until(waits(w));
	script_ready(w->in_b, EPOLLIN);
	run = live_until(live_nr_cqes(w->b) && live_nr_cqes(w->c));
	script_complete(w->device, 0, 1);
	return run;
}

static void kicks_of_two_rings_of_a_scope_are_no_signal(struct kunit *test)
{
	struct wide *w = wide_new(test);
	struct other *other;

	live_needs_two(test);
	KUNIT_ASSERT_EQ(test, put_read(w->a, w->device, UD), 1);
	KUNIT_ASSERT_EQ(test, put_read(w->b, w->in_b, OTHER), 1);
	KUNIT_ASSERT_EQ(test, put_read(w->c, w->in_c, OTHER), 1);
	live_at(w->a, CRING_AT_ABSORB, kick_a_third);
	other = other_start(w->a, kick_a_second, w);
	KUNIT_EXPECT_EQ(test, wide_wait(w), 0);
	KUNIT_EXPECT_EQ(test, other_join(other), 1);
	LIVE_EXPECT_CQE(w->a, UD, 1);
	LIVE_EXPECT_CQE(w->b, OTHER, 1);
	LIVE_EXPECT_CQE(w->c, OTHER, 1);
	live_return();
}

/* --- whose work it is --- */

static void foreign_fn(struct callback_head *work)
{
}

static void add_foreign(struct wide *w)
{
	init_task_work(&w->foreign, foreign_fn);
	cring_task_work_add(current, &w->foreign);
}

static void add_foreign_now(struct live *live, struct cring_req *req)
{
	live_at(live, CRING_AT_ABSORB, NULL);
	add_foreign(live->priv);
}

static int wait_a_moment(struct wide *w)
{
	const ktime_t until = ktime_add_ms(ktime_get(), 20);

	return cring_wait(w->a->ring, 1, w->a->ring->timeouts_rung, &until);
}

static void a_flag_without_any_work_is_no_signal(struct kunit *test)
{
	struct wide *w = wide_new(test);

	KUNIT_ASSERT_EQ(test, put_read(w->a, w->script, UD), 1);
	set_thread_flag(TIF_NOTIFY_SIGNAL);
	KUNIT_EXPECT_EQ(test, wait_a_moment(w), -ETIME);
	KUNIT_EXPECT_FALSE(test, test_thread_flag(TIF_NOTIFY_SIGNAL));
}

static void somebody_elses_work_is_not_kept_from_running(struct kunit *test)
{
	struct wide *w = wide_new(test);

	KUNIT_ASSERT_EQ(test, put_read(w->a, w->script, UD), 1);
	add_foreign(w);
	KUNIT_EXPECT_EQ(test, wait_a_moment(w), -EINTR);
	KUNIT_EXPECT_TRUE(test, test_thread_flag(TIF_NOTIFY_SIGNAL));
	live_return();
}

/* the flag was ours, and it comes between taking that off and looking */
static void nor_is_what_comes_while_it_is_looked_for(struct kunit *test)
{
	struct wide *w = wide_new(test);

	KUNIT_ASSERT_EQ(test, put_read(w->a, w->script, UD), 1);
	live_at(w->a, CRING_AT_ABSORB, add_foreign_now);
	set_thread_flag(TIF_NOTIFY_SIGNAL);
	KUNIT_EXPECT_EQ(test, wait_a_moment(w), -EINTR);
	KUNIT_EXPECT_TRUE(test, test_thread_flag(TIF_NOTIFY_SIGNAL));
	live_return();
}

/* which interrupts nobody, and is done on the way to user space */
static void the_schedulers_work_is_no_signal(struct kunit *test)
{
#if defined(CRING_HAVE_CID_WORK) && defined(CRING_HAVE_TASK_WORK)
	struct wide *w = wide_new(test);

	KUNIT_ASSERT_EQ(test, put_read(w->a, w->script, UD), 1);
	/* as its tick does for a task of user space, which this is not */
	KUNIT_ASSERT_EQ(test, task_work_add(current, &current->cid_work,
					    TWA_RESUME), 0);
	set_thread_flag(TIF_NOTIFY_SIGNAL);
	KUNIT_EXPECT_EQ(test, wait_a_moment(w), -ETIME);
	KUNIT_EXPECT_FALSE(test, test_thread_flag(TIF_NOTIFY_SIGNAL));
	live_return();
#else
	kunit_skip(test, "the scheduler has none, or tasks cannot be given any");
#endif
}

static struct kunit_case cring_wide_cases[] = {
	KUNIT_CASE(a_wait_that_is_long_in_one_ring_holds_up_no_other),
	KUNIT_CASE(kicks_of_two_rings_of_a_scope_are_no_signal),
	KUNIT_CASE(a_flag_without_any_work_is_no_signal),
	KUNIT_CASE(somebody_elses_work_is_not_kept_from_running),
	KUNIT_CASE(nor_is_what_comes_while_it_is_looked_for),
	KUNIT_CASE(the_schedulers_work_is_no_signal),
	{}
};

static struct kunit_suite cring_wide_suite = {
	.name = "cring_wide",
	.test_cases = cring_wide_cases,
};

kunit_test_suite(cring_wide_suite);
