// SPDX-License-Identifier: GPL-2.0
/*
 * The short way of plain reads (kmod/quick.c): whoever comes between two of its
 * steps finds the operation in the state that it is in, and takes away nothing
 * that it needs (C1, C3, C9 of Documentation/contract.rst).
 */
#include <linux/file.h>
#include <linux/uaccess.h>

#include "quick.h"

static void cancel_the_third(struct live *live, struct cring_req *req)
{
	struct quick *q = live->priv;

	q->answer = live_cancel(live, 0, 2);
}

static void one_that_waits_for_its_turn_is_stopped(struct kunit *test)
{
	struct quick *q = quick_open(test);

	live_at(q->live, CRING_AT_ANNOUNCE, cancel_the_third);
	quick_put_all(q);
	quick_submit(q);
	KUNIT_EXPECT_EQ(test, q->answer, 0);
	KUNIT_EXPECT_EQ(test, q->way, QUICK_NR - 1);
	LIVE_EXPECT_CQE_FLAGS(q->live, 2, -ECANCELED, CRING_CQE_F_NOT_STARTED);
	quick_expect(q, 2);
	quick_expect_over(q, 2);
}

static void so_is_one_of_what_is_fixed(struct kunit *test)
{
	struct quick *q = quick_open(test);

	live_at(q->live, CRING_AT_ANNOUNCE, cancel_the_third);
	quick_put_fixed(q);
	quick_submit(q);
	KUNIT_EXPECT_EQ(test, q->answer, 0);
	KUNIT_EXPECT_EQ(test, q->way, QUICK_NR - 1);
	LIVE_EXPECT_CQE_FLAGS(q->live, 2, -ECANCELED, CRING_CQE_F_NOT_STARTED);
	quick_expect(q, 2);
	quick_expect_over(q, 3);
}

static void cancel_the_first(struct quick *q)
{
	q->answer = live_cancel(q->live, 0, 0);
}

static void one_that_is_tried_is_told_to_stop(struct kunit *test)
{
	struct quick *q = quick_open(test);

	q->at_first = cancel_the_first;
	quick_put_all(q);
	quick_submit(q);
	KUNIT_EXPECT_EQ(test, q->answer, -EALREADY);
	KUNIT_EXPECT_EQ(test, q->way, QUICK_NR);
	quick_expect(q, QUICK_NR);
	quick_expect_over(q, 2);
}

/* what it leaves the short way for does not happen any more */
static void and_does_not_go_on(struct kunit *test)
{
	struct quick *q = quick_open(test);

	q->at_first = cancel_the_first;
	q->ret = -EAGAIN;
	quick_put_all(q);
	quick_submit(q);
	KUNIT_EXPECT_EQ(test, q->answer, -EALREADY);
	KUNIT_EXPECT_EQ(test, q->others, 0);
	LIVE_EXPECT_CQE_FLAGS(q->live, 0, -ECANCELED, CRING_CQE_F_NOT_STARTED);
	quick_expect(q, 0);
	quick_expect_over(q, 2);
}

/* a synchronous cancel of all waits no longer than it must */
static void wait_for_all(struct quick *q)
{
	struct cring_cancel_key key = { .flags = CANCEL_ALL };

	KUNIT_EXPECT_EQ(q->live->test,
			live_cancel_sync(q->live, &key, CRING_CANCEL_WAIT, 0),
			-ETIME);
	q->answer = key.res;
}

static void one_that_is_waited_for_ends_on_the_long_way(struct kunit *test)
{
	struct quick *q = quick_open(test);
	unsigned int i;

	q->at_first = wait_for_all;
	quick_put_all(q);
	quick_submit(q);
	KUNIT_EXPECT_EQ(test, q->answer, QUICK_NR);
	KUNIT_EXPECT_EQ(test, q->way, 1);
	for (i = 1; i < QUICK_NR; i++)
		LIVE_EXPECT_CQE_FLAGS(q->live, i, -ECANCELED,
				      CRING_CQE_F_NOT_STARTED);
	LIVE_EXPECT_CQE(q->live, 0, QUICK_LEN);
	quick_expect_over(q, 2);
}

static void in_an_hour(struct quick *q)
{
	const struct cring_cancel_key key = { .flags = CANCEL_ALL };
	unsigned long at = q->live->args + PAGE_SIZE / 2;
	const struct cring_deadline d = {
		.keys = at, .nr = 1, .deadline = 3600 * NSEC_PER_SEC,
	};

	KUNIT_EXPECT_EQ(q->live->test,
			copy_to_user((void __user *)at, &key, sizeof(key)), 0);
	KUNIT_EXPECT_EQ(q->live->test,
			live_ioctl(q->live, CRING_IOC_DEADLINE, &d, sizeof(d)),
			0);
}

static void those_that_get_a_deadline_do_so_too(struct kunit *test)
{
	struct quick *q = quick_open(test);

	q->at_first = in_an_hour;
	quick_put_all(q);
	quick_submit(q);
	/* the one that was being tried, and the others */
	KUNIT_EXPECT_EQ(test, q->way, 1);
	KUNIT_EXPECT_EQ(test, q->others, QUICK_NR - 1);
	quick_expect(q, QUICK_NR);
	quick_expect_over(q, 2);
	/* nor do the records have it any more */
	quick_put_all(q);
	quick_submit(q);
	KUNIT_EXPECT_EQ(test, q->way, 1 + QUICK_NR);
	quick_expect(q, QUICK_NR);
}

static void close_the_file(struct quick *q)
{
	KUNIT_EXPECT_EQ(q->live->test, file_count(q->script->file), 2 + QUICK_NR);
	script_close(q->script);
	KUNIT_EXPECT_FALSE(q->live->test,
			   completion_done(&q->script->released));
}

static void a_file_that_is_closed_goes_with_the_last_of_them(struct kunit *test)
{
	struct quick *q = quick_open(test);

	q->at_first = close_the_file;
	quick_put_all(q);
	quick_submit(q);
	KUNIT_EXPECT_EQ(test, q->way, QUICK_NR);
	quick_expect(q, QUICK_NR);
	KUNIT_EXPECT_TRUE(test, script_is_released(q->script));
}

static void unregister_all(struct quick *q)
{
	/* what the calls do that wait for the submitter */
	KUNIT_EXPECT_TRUE(q->live->test, cring_rsrc_put_files(q->live->ring));
	KUNIT_EXPECT_TRUE(q->live->test, cring_bufs_put(q->live->ring));
	script_close(q->script);
}

static void what_is_unregistered_goes_with_the_last_of_them(struct kunit *test)
{
	struct quick *q = quick_open(test);
	unsigned long locked = q->live->mm->locked_vm;

	q->at_first = unregister_all;
	quick_put_fixed(q);
	quick_submit(q);
	KUNIT_EXPECT_EQ(test, q->way, QUICK_NR);
	quick_expect(q, QUICK_NR);
	KUNIT_EXPECT_TRUE(test, script_is_released(q->script));
	/* its buffer's pages, too: that counts as locked as long as it is held */
	KUNIT_EXPECT_TRUE(test, live_until(q->live->mm->locked_vm == locked));
}

static struct kunit_case cring_quick_meet_cases[] = {
	KUNIT_CASE(one_that_waits_for_its_turn_is_stopped),
	KUNIT_CASE(so_is_one_of_what_is_fixed),
	KUNIT_CASE(one_that_is_tried_is_told_to_stop),
	KUNIT_CASE(and_does_not_go_on),
	KUNIT_CASE(one_that_is_waited_for_ends_on_the_long_way),
	KUNIT_CASE(those_that_get_a_deadline_do_so_too),
	KUNIT_CASE(a_file_that_is_closed_goes_with_the_last_of_them),
	KUNIT_CASE(what_is_unregistered_goes_with_the_last_of_them),
	{}
};

static struct kunit_suite cring_quick_meet_suite = {
	.name = "cring_quick_meet",
	.test_cases = cring_quick_meet_cases,
};

kunit_test_suite(cring_quick_meet_suite);
