// SPDX-License-Identifier: GPL-2.0
/*
 * A read of an empty pipe, alone (kmod/pipe.c), that was woken, or whose time is over:
 * all that waits for its end learns of it, as of any (C1, C4, C9 and C13 of
 * Documentation/contract.rst).
 */
#include "pipes.h"

static struct cring_sqe *put_timed(struct pipes *p, s64 sec)
{
	struct cring_sqe *sqe = put_read(p);

	sqe->xflags = CRING_SQE_X_DEADLINE;
	sqe->deadline = sec * NSEC_PER_SEC;
	return sqe;
}

static void submit_timed(struct pipes *p)
{
	put_timed(p, 3600);
	KUNIT_EXPECT_EQ(p->live->test, live_submit(p->live), 1);
	KUNIT_EXPECT_EQ(p->live->test, p->batches, 0);
	LIVE_EXPECT_STATE(p->live, READ_UD, CRING_ARMED);
}

static void its_time_may_come(struct kunit *test)
{
	struct pipes *p = pipes_open(test);

	submit_timed(p);
	cring_deadline_expire(p->live->ring,
			      ktime_get() + 7200 * NSEC_PER_SEC);
	LIVE_EXPECT_CQE_FLAGS(p->live, READ_UD, -ETIME, CRING_CQE_F_NOT_STARTED);
	expect_over(p);
}

/* and then nothing is left of it: neither in the queue nor in the record */
static void it_may_be_woken_before(struct kunit *test)
{
	struct pipes *p = pipes_open(test);
	struct cring_ring *ring = p->live->ring;
	unsigned int i;

	submit_timed(p);
	go_on(p);
	LIVE_EXPECT_CQE_FLAGS(p->live, READ_UD, LEN, 0);
	KUNIT_EXPECT_PTR_EQ(test, timerqueue_getnext(&ring->deadlines.queue),
			    NULL);
	expect_over(p);
	for (i = 0; i < ring->nr_reqs; i++)
		KUNIT_EXPECT_EQ(test, ring->pool[i].dnode.expires, KTIME_MAX);
}

/* the timer is late */
static void but_it_is_not_tried_when_it_is_past(struct kunit *test)
{
	struct pipes *p = pipes_open(test);

	submit_timed(p);
	write_pipe(p);
	WRITE_ONCE(live_req(p->live, READ_UD)->dnode.expires, 1);
	cring_run_ready(p->live->ring);
	KUNIT_EXPECT_EQ(test, atomic_read(&p->script->calls), 0);
	LIVE_EXPECT_CQE_FLAGS(p->live, READ_UD, -ETIME, CRING_CQE_F_NOT_STARTED);
	expect_over(p);
}

static void one_that_is_too_far_away_does_not(struct kunit *test)
{
	struct pipes *p = pipes_open(test);
	struct timerqueue_head *queue = &p->live->ring->deadlines.queue;

	put_timed(p, 0)->deadline = S64_MAX;
	KUNIT_EXPECT_EQ(test, live_submit(p->live), 1);
	KUNIT_EXPECT_EQ(test, p->hooked, 1);
	KUNIT_EXPECT_PTR_EQ(test, timerqueue_getnext(queue), NULL);
	go_on(p);
	LIVE_EXPECT_CQE_FLAGS(p->live, READ_UD, LEN, 0);
	expect_over(p);
}

/* who was woken first is tried first, whatever way it has come */
static void it_overtakes_nobody(struct kunit *test)
{
	struct pipes *p = pipes_open(test);
	struct script *before = script_open(p->live, SCRIPT_POLL);
	unsigned int i;

	for (i = 0; i < 2; i++)
		live_prep_read(live_sqe(p->live, CRING_OP_READ, NEXT), before,
			       p->live->args, LEN);
	KUNIT_EXPECT_EQ(test, live_submit(p->live), 2);
	p->batches = 0;
	arm_read(p);
	script_ready(before, EPOLLIN);
	go_on(p);
	for (i = 0; i < 2; i++)
		LIVE_EXPECT_CQE(p->live, NEXT, LEN);
	LIVE_EXPECT_CQE(p->live, READ_UD, LEN);
	expect_over(p);
}

static __poll_t poll_twice(struct file *file, struct poll_table_struct *pt)
{
	struct script *script = file->private_data;

	poll_wait(file, &script->wq, pt);
	poll_wait(file, &script->wq, pt);
	return 0;
}

static ssize_t read_nothing(struct kiocb *iocb, struct iov_iter *iter)
{
	return -EAGAIN;
}

/* lent to a file, which has its own again before it is closed */
static const struct file_operations two_queues_fops = {
	.read_iter = read_nothing,
	.poll = poll_twice,
};

static void of_a_file_with_two_queues_it_is_one_of_a_batch(struct kunit *test)
{
	struct pipes *p = pipes_open(test);
	const struct file_operations *own = p->script->file->f_op;

	p->script->file->f_op = &two_queues_fops;
	submit_read(p);
	KUNIT_EXPECT_EQ(test, p->hooked, 0);
	KUNIT_EXPECT_EQ(test, p->batches, 1);
	LIVE_EXPECT_STATE(p->live, READ_UD, CRING_ARMED);
	KUNIT_EXPECT_EQ(test, live_cancel(p->live, 0, READ_UD), 0);
	LIVE_EXPECT_CQE(p->live, READ_UD, -ECANCELED);
	p->script->file->f_op = own;
	expect_over(p);
}

static ssize_t while_somebody_waits(struct script *script, struct kiocb *iocb,
				    struct iov_iter *iter)
{
	struct cring_cancel_key key = { .flags = CANCEL_ALL };
	struct pipes *p = script->priv;

	KUNIT_EXPECT_EQ(p->live->test,
			live_cancel_sync(p->live, &key, CRING_CANCEL_WAIT, 0),
			-ETIME);
	p->answer = key.already;
	return script_transfer(script, iocb, iter);
}

static void one_that_is_waited_for_says_so(struct kunit *test)
{
	struct pipes *p = pipes_open(test);

	let_it_answer(p, 0);
	p->script->run = while_somebody_waits;
	arm_read(p);
	go_on(p);
	KUNIT_EXPECT_EQ(test, p->answer, 1);
	LIVE_EXPECT_CQE(p->live, READ_UD, LEN);
	expect_over(p);
}

static void a_drain_waits_for_it(struct kunit *test)
{
	struct pipes *p = pipes_open(test);

	arm_read(p);
	live_sqe(p->live, CRING_OP_NOP, NEXT)->flags = CRING_SQE_IO_DRAIN;
	KUNIT_EXPECT_EQ(test, live_submit(p->live), 1);
	LIVE_EXPECT_STATE(p->live, NEXT, CRING_DEFERRED);
	go_on(p);
	LIVE_EXPECT_CQE(p->live, READ_UD, LEN);
	cring_run_ready(p->live->ring);
	LIVE_EXPECT_CQE(p->live, NEXT, 0);
	expect_over(p);
}

static void a_completion_count_counts_it(struct kunit *test)
{
	struct pipes *p = pipes_open(test);
	struct cring_sqe *sqe;

	arm_read(p);
	sqe = forever(p->live, NEXT);
	sqe->off = 1;
	KUNIT_EXPECT_EQ(test, live_submit(p->live), 1);
	go_on(p);
	LIVE_EXPECT_CQE(p->live, READ_UD, LEN);
	LIVE_EXPECT_CQE(p->live, NEXT, 0);
	expect_over(p);
}

static void it_is_tried_with_its_own_credentials(struct kunit *test)
{
	struct pipes *p = pipes_open(test);
	struct cred *cred = prepare_creds();
	const struct cred *old;

	KUNIT_ASSERT_NOT_NULL(test, cred);
	let_it_answer(p, 1);
	old = override_creds(cred);
	arm_read(p);
	revert_creds(old);
	go_on(p);
	KUNIT_EXPECT_PTR_EQ(test, p->cred, (const struct cred *)cred);
	LIVE_EXPECT_CQE(p->live, READ_UD, 1);
	put_cred(cred);
	empty_pipe(p);
	expect_over(p);
}

/* what is not empty, or nobody may write to, is tried; so is what says more */
static void all_else_is_tried_first(struct kunit *test)
{
	struct pipes *p = pipes_open(test);

	p->pipe.head++;
	submit_read(p);
	LIVE_EXPECT_STATE(p->live, READ_UD, CRING_ARMED);
	KUNIT_EXPECT_EQ(test, live_cancel(p->live, 0, READ_UD), 0);
	empty_pipe(p);
	p->pipe.writers = 0;
	submit_read(p);
	KUNIT_EXPECT_EQ(test, live_cancel(p->live, 0, READ_UD), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&p->script->calls), 2);
	p->pipe.writers = 1;
	put_read(p)->len = 0;
	KUNIT_EXPECT_EQ(test, live_submit(p->live), 1);
	LIVE_EXPECT_CQE(p->live, READ_UD, -ECANCELED);
	LIVE_EXPECT_CQE(p->live, READ_UD, -ECANCELED);
	LIVE_EXPECT_CQE(p->live, READ_UD, 0);
	KUNIT_EXPECT_EQ(test, p->hooked, 0);
}

static struct kunit_case cring_pipe_end_cases[] = {
	KUNIT_CASE(its_time_may_come),
	KUNIT_CASE(it_may_be_woken_before),
	KUNIT_CASE(but_it_is_not_tried_when_it_is_past),
	KUNIT_CASE(one_that_is_too_far_away_does_not),
	KUNIT_CASE(it_overtakes_nobody),
	KUNIT_CASE(of_a_file_with_two_queues_it_is_one_of_a_batch),
	KUNIT_CASE(one_that_is_waited_for_says_so),
	KUNIT_CASE(a_drain_waits_for_it),
	KUNIT_CASE(a_completion_count_counts_it),
	KUNIT_CASE(it_is_tried_with_its_own_credentials),
	KUNIT_CASE(all_else_is_tried_first),
	{}
};

static struct kunit_suite cring_pipe_end_suite = {
	.name = "cring_pipe_end",
	.test_cases = cring_pipe_end_cases,
};

kunit_test_suite(cring_pipe_end_suite);
