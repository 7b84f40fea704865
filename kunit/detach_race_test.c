// SPDX-License-Identifier: GPL-2.0
/*
 * Detach: a cancel at each moment at which an operation is lent or taken back,
 * forced; and what comes after it (C10 of Documentation/contract.rst).
 */
#include <linux/uaccess.h>

#include "detach.h"

enum { A = DETACH_A, B = DETACH_B };

/* --- a cancel in the method --- */

static ssize_t cancel_and_queue(struct script *script, struct kiocb *iocb,
				struct iov_iter *iter)
{
	struct detach *d = script->priv;

	d->answer = live_cancel(d->live, 0, A);
	return detach_queue(script, iocb, iter);
}

static void what_is_on_its_way_into_a_device_is_let_go_of(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);

	d->script->run = cancel_and_queue;
	detach_start(d, CRING_OP_READ, A);
	KUNIT_EXPECT_EQ(test, d->answer, 0);
	LIVE_EXPECT_CQE_FLAGS(d->live, A, -ECANCELED, 0);
	detach_answer(d);
	detach_expect_given_back(d);
	EXPECT_UNREAD(d);
}

static ssize_t complete_then_cancel(struct script *script, struct kiocb *iocb,
				    struct iov_iter *iter)
{
	struct detach *d = script->priv;
	ssize_t ret = detach_queue(script, iocb, iter);

	detach_answer(d);
	d->answer = live_cancel(d->live, 0, A);
	return ret;
}

static void what_a_device_ends_in_the_method_waits_for_its_return(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);

	d->script->run = complete_then_cancel;
	detach_start(d, CRING_OP_READ, A);
	/* the device is through, and nothing has been copied */
	KUNIT_EXPECT_EQ(test, d->answer, -EALREADY);
	LIVE_EXPECT_CQE(d->live, A, -ECANCELED);
	EXPECT_UNREAD(d);
	detach_expect_given_back(d);
}

static ssize_t cancel_and_move(struct script *script, struct kiocb *iocb,
			       struct iov_iter *iter)
{
	struct detach *d = script->priv;

	d->answer = live_cancel(d->live, 0, A);
	return detach_move(script, iocb, iter);
}

static ssize_t cancel_and_refuse(struct script *script, struct kiocb *iocb,
				 struct iov_iter *iter)
{
	struct detach *d = script->priv;

	d->answer = live_cancel(d->live, 0, A);
	return -EAGAIN;
}

static void what_is_tried_by_its_submitter_is_let_go_of(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_FILE);

	/* whether it would have ended there or in a worker */
	d->script->run = cancel_and_move;
	detach_start(d, CRING_OP_READ, A);
	KUNIT_EXPECT_EQ(test, d->answer, 0);
	LIVE_EXPECT_CQE_FLAGS(d->live, A, -ECANCELED, 0);
	EXPECT_UNREAD(d);
	d->script->run = cancel_and_refuse;
	detach_start(d, CRING_OP_READ, A);
	KUNIT_EXPECT_EQ(test, d->answer, 0);
	LIVE_EXPECT_CQE_FLAGS(d->live, A, -ECANCELED, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&d->script->calls), 2);
	detach_expect_given_back(d);
}

/* the mutex that the submitter holds is none that a cancel wants */
static void a_cancel_passes_a_submitter_that_hangs(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_FILE);

	detach_sqe(d, CRING_OP_READ, A);
	nops(d->live, 2);
	detach_hang_up(d, A);
	KUNIT_EXPECT_TRUE(test, mutex_is_locked(&d->live->ring->submit_mutex));
	/* the others of its batch, too */
	KUNIT_EXPECT_EQ(test, live_cancel(d->live, CANCEL_ALL, 0), 3);
	KUNIT_EXPECT_EQ(test, live_nr_cqes(d->live), 3);
	KUNIT_EXPECT_FALSE(test, other_is_done(d->submitter));
	reap_all(d->live);
	detach_answer(d);
	detach_expect_given_back(d);
	EXPECT_UNREAD(d);
}

/* nor does what it had finished before wait for it */
static void what_was_finished_before_it_is_posted(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_FILE);

	live_sqe(d->live, CRING_OP_NOP, B);
	detach_sqe(d, CRING_OP_READ, A);
	detach_hang_up(d, A);
	LIVE_EXPECT_CQE(d->live, B, 0);
	detach_expect_let_go(d, A);
	detach_answer(d);
	detach_expect_given_back(d);
}

/* --- a cancel at a point --- */

static void cancel_here(struct live *live, struct cring_req *req)
{
	struct detach *d = live->priv;

	if (!d->cancels++)
		d->answer = live_cancel(live, 0, A);
}

struct point_case {
	const char *name;
	enum cring_point point;
	enum script_kind kind;
	s32 answer;
	s32 res;
	u32 flags;	/* of the CQE */
	int calls;	/* of the method */
};

static const struct point_case point_cases[] = {
	{ "a worker is about to execute it", CRING_AT_LEND, SCRIPT_WORKER,
	  -EALREADY, -ECANCELED, 0, 0 },
	{ "a submitter is about to try it", CRING_AT_LEND, SCRIPT_FILE,
	  -EALREADY, -ECANCELED, CRING_CQE_F_NOT_STARTED, 0 },
	{ "a worker has executed it", CRING_AT_RETURN, SCRIPT_WORKER,
	  0, -ECANCELED, 0, 1 },
	{ "a submitter has tried it", CRING_AT_RETURN, SCRIPT_FILE,
	  0, -ECANCELED, 0, 1 },
	{ "a worker copies it", CRING_AT_COPY, SCRIPT_WORKER,
	  -EALREADY, DETACH_LEN, 0, 1 },
	{ "a submitter copies it", CRING_AT_COPY, SCRIPT_FILE,
	  -EALREADY, DETACH_LEN, 0, 1 },
};

KUNIT_ARRAY_PARAM_DESC(point, point_cases, name);

static void a_cancel_of_a_read_at_each_point(struct kunit *test)
{
	const struct point_case *what = test->param_value;
	struct detach *d = detach_open(test, what->kind);
	struct cring_cqe cqe = {};

	d->script->run = detach_move;
	live_at(d->live, what->point, cancel_here);
	detach_start(d, CRING_OP_READ, A);
	KUNIT_EXPECT_TRUE(test, live_wait(d->live, &cqe));
	KUNIT_EXPECT_EQ(test, d->answer, what->answer);
	KUNIT_EXPECT_EQ(test, cqe.res, what->res);
	KUNIT_EXPECT_EQ(test, cqe.flags, what->flags);
	KUNIT_EXPECT_EQ(test, atomic_read(&d->script->calls), what->calls);
	detach_expect_given_back(d);
	if (what->res < 0)
		EXPECT_UNREAD(d);
	else
		EXPECT_READ(d);
}

static void what_a_device_has_ended_but_not_taken_back_is_let_go_of(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);

	live_at(d->live, CRING_AT_RETURN, cancel_here);
	detach_start(d, CRING_OP_READ, A);
	detach_answer(d);
	KUNIT_EXPECT_EQ(test, d->answer, 0);
	LIVE_EXPECT_CQE(d->live, A, -ECANCELED);
	detach_expect_given_back(d);
	EXPECT_UNREAD(d);
}

/* --- a cancel later --- */

static void what_waits_to_be_copied_can_be_cancelled(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);

	detach_start(d, CRING_OP_READ, A);
	detach_answer(d);
	KUNIT_EXPECT_EQ(test, live_cancel(d->live, 0, A), 0);
	LIVE_EXPECT_CQE_FLAGS(d->live, A, -ECANCELED, 0);
	EXPECT_UNREAD(d);
	detach_expect_given_back(d);
}

static ssize_t refuse(struct script *script, struct kiocb *iocb,
		      struct iov_iter *iter)
{
	return -EAGAIN;
}

/* C9: it was only tried */
static void what_would_have_blocked_was_not_started(struct kunit *test)
{
	struct script *blocker;
	struct detach *d;

	live_max_workers(test, 1);
	d = detach_open(test, SCRIPT_FILE);
	blocker = script_open(d->live, SCRIPT_WORKER);
	live_read(d->live, blocker, B);
	KUNIT_ASSERT_TRUE(test, script_await(blocker, 1));
	d->script->run = refuse;
	KUNIT_EXPECT_EQ(test, detach_start(d, CRING_OP_WRITE, A), CRING_QUEUED);
	KUNIT_EXPECT_EQ(test, live_cancel(d->live, 0, A), 0);
	LIVE_EXPECT_CQE_FLAGS(d->live, A, -ECANCELED, CRING_CQE_F_NOT_STARTED);
	script_let_go(blocker);
	LIVE_EXPECT_WAIT(d->live, B, 1);
	detach_expect_given_back(d);
}

static ssize_t interrupted(struct script *script, struct kiocb *iocb,
			   struct iov_iter *iter)
{
	WRITE_ONCE(script->events, 0);
	return -ERESTARTSYS;
}

/* nor was what a pending signal has kept from blocking */
static void what_gave_way_to_a_signal_was_not_started(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_POLL);

	d->script->file->f_mode &= ~FMODE_NOWAIT;
	d->script->run = interrupted;
	script_ready(d->script, EPOLLOUT);
	KUNIT_EXPECT_EQ(test, detach_start(d, CRING_OP_WRITE, A), CRING_ARMED);
	KUNIT_EXPECT_EQ(test, atomic_read(&d->script->calls), 1);
	KUNIT_EXPECT_EQ(test, live_cancel(d->live, 0, A), 0);
	LIVE_EXPECT_CQE_FLAGS(d->live, A, -ECANCELED, CRING_CQE_F_NOT_STARTED);
	detach_expect_given_back(d);
}

static void what_is_let_go_of_is_not_tried_again(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);

	detach_start(d, CRING_OP_READ, A);
	detach_expect_let_go(d, A);
	script_complete(d->script, 0, -EAGAIN);
	detach_expect_given_back(d);
	KUNIT_EXPECT_EQ(test, atomic_read(&d->script->calls), 1);
}

static void what_a_device_would_block_for_hangs_in_a_worker(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);

	detach_start(d, CRING_OP_READ, A);
	d->script->run = detach_hang;
	script_complete(d->script, 0, -EAGAIN);
	KUNIT_ASSERT_TRUE(test, script_await(d->script, 1));
	LIVE_EXPECT_STATE(d->live, A, CRING_RUNNING);
	detach_expect_let_go(d, A);
	script_let_go(d->script);
	detach_expect_given_back(d);
	EXPECT_UNREAD(d);
}

static void a_soft_link_breaks_and_a_hard_one_goes_on(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_WORKER);

	detach_sqe(d, CRING_OP_FSYNC, A)->flags = CRING_SQE_IO_LINK;
	live_sqe(d->live, CRING_OP_NOP, B);
	live_submit(d->live);
	KUNIT_ASSERT_TRUE(test, script_await(d->script, 1));
	KUNIT_EXPECT_EQ(test, live_cancel(d->live, 0, A), 0);
	LIVE_EXPECT_CQE(d->live, A, -ECANCELED);
	LIVE_EXPECT_CQE_FLAGS(d->live, B, -ECANCELED, CRING_CQE_F_NOT_STARTED);

	detach_sqe(d, CRING_OP_FSYNC, A)->flags = CRING_SQE_IO_HARDLINK;
	live_sqe(d->live, CRING_OP_NOP, B);
	live_submit(d->live);
	KUNIT_ASSERT_TRUE(test, script_await(d->script, 2));
	KUNIT_EXPECT_EQ(test, live_cancel(d->live, 0, A), 0);
	LIVE_EXPECT_CQE(d->live, A, -ECANCELED);
	LIVE_EXPECT_WAIT(d->live, B, 0);
	script_let_go(d->script);
	detach_expect_given_back(d);
}

static void a_record_that_a_device_has_is_used_for_nothing_else(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);
	struct cring_req *req;
	unsigned int i;

	detach_start(d, CRING_OP_READ, A);
	req = live_req(d->live, A);
	detach_expect_let_go(d, A);
	/* each of the others, more than once */
	for (i = 0; i < 2 * d->live->ring->nr_reqs; i++) {
		live_sqe(d->live, CRING_OP_NOP, B);
		live_submit(d->live);
		reap_all(d->live);
	}
	KUNIT_EXPECT_EQ(test, req->user_data, A);
	detach_answer(d);
	detach_expect_given_back(d);
}

static struct kunit_case cring_detach_race_cases[] = {
	KUNIT_CASE(what_is_on_its_way_into_a_device_is_let_go_of),
	KUNIT_CASE(what_a_device_ends_in_the_method_waits_for_its_return),
	KUNIT_CASE(what_is_tried_by_its_submitter_is_let_go_of),
	KUNIT_CASE(a_cancel_passes_a_submitter_that_hangs),
	KUNIT_CASE(what_was_finished_before_it_is_posted),
	KUNIT_CASE_PARAM(a_cancel_of_a_read_at_each_point, point_gen_params),
	KUNIT_CASE(what_a_device_has_ended_but_not_taken_back_is_let_go_of),
	KUNIT_CASE(what_waits_to_be_copied_can_be_cancelled),
	KUNIT_CASE(what_would_have_blocked_was_not_started),
	KUNIT_CASE(what_gave_way_to_a_signal_was_not_started),
	KUNIT_CASE(what_is_let_go_of_is_not_tried_again),
	KUNIT_CASE(what_a_device_would_block_for_hangs_in_a_worker),
	KUNIT_CASE(a_soft_link_breaks_and_a_hard_one_goes_on),
	KUNIT_CASE(a_record_that_a_device_has_is_used_for_nothing_else),
	{}
};

static struct kunit_suite cring_detach_race_suite = {
	.name = "cring_detach_race",
	.test_cases = cring_detach_race_cases,
};

kunit_test_suite(cring_detach_race_suite);
