// SPDX-License-Identifier: GPL-2.0
/*
 * A read of an empty pipe, alone, that is on the pipe's wait queue before it is
 * accepted (kmod/pipe.c): whoever comes before or after that step gets the answer that
 * he would get from any, and it ends as any (C1, C3, C4, C9, C13 and C18 of
 * Documentation/contract.rst).
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/pipe_fs_i.h>

#include "pool.h"

#define READ_UD	1
#define NEXT	2
#define LEN	64

struct pipes {
	struct pipe_inode_info pipe;	/* all that is known of its state */
	struct live *live;
	struct script *script;
	unsigned int hooked;		/* before they were accepted */
	unsigned int batches;		/* that could be found */
	s32 answer;
	const struct cred *cred;	/* with which it was tried */
};

static void count_hooked(struct live *live, struct cring_req *req)
{
	struct pipes *p = live->priv;

	p->hooked++;
}

static void count_batch(struct live *live, struct cring_req *req)
{
	struct pipes *p = live->priv;

	p->batches++;
}

static struct pipes *pipes_open(struct kunit *test)
{
	struct pipes *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	p->live = live_open(test, 16, 0);
	p->live->priv = p;
	p->script = script_open(p->live, SCRIPT_FIFO);
	p->pipe.writers = 1;
	file_inode(p->script->file)->i_pipe = &p->pipe;
	live_at(p->live, CRING_AT_HOOKED, count_hooked);
	live_at(p->live, CRING_AT_BATCH, count_batch);
	return p;
}

static struct cring_sqe *put_read(struct pipes *p)
{
	struct cring_sqe *sqe = live_sqe(p->live, CRING_OP_READ, READ_UD);

	live_prep_read(sqe, p->script, p->live->args, LEN);
	return sqe;
}

static void submit_read(struct pipes *p)
{
	put_read(p);
	KUNIT_EXPECT_EQ(p->live->test, live_submit(p->live), 1);
}

/* the same, and it took this way */
static void arm_read(struct pipes *p)
{
	unsigned int hooked = p->hooked;

	submit_read(p);
	KUNIT_EXPECT_EQ(p->live->test, p->hooked, hooked + 1);
	KUNIT_EXPECT_EQ(p->live->test, p->batches, 0);
	LIVE_EXPECT_STATE(p->live, READ_UD, CRING_ARMED);
}

static void write_pipe(struct pipes *p)
{
	p->pipe.head++;
	script_ready(p->script, EPOLLIN);
}

static void empty_pipe(struct pipes *p)
{
	p->pipe.tail = p->pipe.head;
	p->script->events = 0;
}

/* somebody writes, and a thread of the owner comes by */
static void go_on(struct pipes *p)
{
	write_pipe(p);
	LIVE_EXPECT_STATE(p->live, READ_UD, CRING_READY);
	cring_run_ready(p->live->ring);
}

static void expect_over(struct pipes *p)
{
	struct kunit *test = p->live->test;

	LIVE_EXPECT_NO_CQE(p->live);
	KUNIT_EXPECT_EQ(test, live_in_flight(p->live), 0);
	KUNIT_EXPECT_EQ(test, p->live->ring->shared->in_flight, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&p->script->wq.head));
	KUNIT_EXPECT_EQ(test, p->live->ring->nr_young, 0);
	KUNIT_EXPECT_TRUE(test, live_until(({
		flush_delayed_fput();
		file_count(p->script->file) == 2;
	})));
	KUNIT_EXPECT_EQ(test, pool_free(p->live), p->live->ring->nr_reqs);
}

static void it_is_armed_when_it_is_accepted(struct kunit *test)
{
	struct pipes *p = pipes_open(test);
	struct cring_ring *ring = p->live->ring;
	u64 accepted = ring->accepted;

	arm_read(p);
	KUNIT_EXPECT_EQ(test, ring->accepted, accepted + 1);
	KUNIT_EXPECT_EQ(test, ring->shared->accepted, accepted + 1);
	KUNIT_EXPECT_EQ(test, ring->shared->sq_head, (u32)accepted + 1);
	KUNIT_EXPECT_EQ(test, ring->shared->in_flight, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&p->script->calls), 0);
	KUNIT_EXPECT_EQ(test, live_cancel(p->live, 0, READ_UD), 0);
	LIVE_EXPECT_CQE_FLAGS(p->live, READ_UD, -ECANCELED,
			      CRING_CQE_F_NOT_STARTED);
	expect_over(p);
}

/* young, and when somebody has looked for something */
static void it_ends_when_it_was_woken(struct kunit *test)
{
	struct pipes *p = pipes_open(test);
	unsigned int i;

	for (i = 0; i < 2; i++) {
		arm_read(p);
		if (i)
			KUNIT_EXPECT_EQ(test, live_cancel(p->live, 0, NEXT),
					-ENOENT);
		go_on(p);
		KUNIT_EXPECT_EQ(test, atomic_read(&p->script->calls), i + 1);
		LIVE_EXPECT_CQE_FLAGS(p->live, READ_UD, LEN, 0);
		empty_pipe(p);
		expect_over(p);
	}
	KUNIT_EXPECT_EQ(test, p->live->ring->nr_settled, 0);
}

static ssize_t answer(struct script *script, struct kiocb *iocb,
		      struct iov_iter *iter)
{
	struct pipes *p = script->priv;

	p->cred = current_cred();
	return p->answer;
}

/* the next attempt ends like that */
static void let_it_answer(struct pipes *p, s32 res)
{
	p->answer = res;
	p->script->priv = p;
	p->script->run = answer;
}

static void with_what_its_file_answers(struct kunit *test)
{
	static const s32 answers[] = { 0, 1, -EIO };
	struct pipes *p = pipes_open(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(answers); i++) {
		let_it_answer(p, answers[i]);
		arm_read(p);
		go_on(p);
		LIVE_EXPECT_CQE_FLAGS(p->live, READ_UD, answers[i], 0);
		empty_pipe(p);
		expect_over(p);
	}
}

/* another one was faster: it waits again, and is stopped or woken as before */
static void it_may_have_to_wait_again(struct kunit *test)
{
	struct pipes *p = pipes_open(test);
	unsigned int i;

	for (i = 0; i < 2; i++) {
		let_it_answer(p, -EAGAIN);
		arm_read(p);
		write_pipe(p);
		empty_pipe(p);
		cring_run_ready(p->live->ring);
		LIVE_EXPECT_STATE(p->live, READ_UD, CRING_ARMED);
		p->script->run = script_try;
		if (i)
			KUNIT_EXPECT_EQ(test, live_cancel(p->live, 0, READ_UD), 0);
		else
			go_on(p);
		LIVE_EXPECT_CQE_FLAGS(p->live, READ_UD, i ? -ECANCELED : LEN,
				      i ? CRING_CQE_F_NOT_STARTED : 0);
		empty_pipe(p);
		expect_over(p);
	}
}

/* --- before it is accepted --- */

static void cancel_it(struct live *live, struct cring_req *req)
{
	struct pipes *p = live->priv;

	p->answer = live_cancel(live, 0, READ_UD);
}

static void a_cancel_before_that_finds_nothing(struct kunit *test)
{
	struct pipes *p = pipes_open(test);

	live_at(p->live, CRING_AT_HOOKED, cancel_it);
	submit_read(p);
	KUNIT_EXPECT_EQ(test, p->answer, -ENOENT);
	LIVE_EXPECT_STATE(p->live, READ_UD, CRING_ARMED);
	KUNIT_EXPECT_EQ(test, live_cancel(p->live, 0, READ_UD), 0);
	LIVE_EXPECT_CQE(p->live, READ_UD, -ECANCELED);
	expect_over(p);
}

static void write_then(struct live *live, struct cring_req *req)
{
	write_pipe(live->priv);
}

static void a_wake_up_before_that_is_not_lost(struct kunit *test)
{
	struct pipes *p = pipes_open(test);

	live_at(p->live, CRING_AT_HOOKED, write_then);
	submit_read(p);
	/* as one of a batch */
	KUNIT_EXPECT_EQ(test, p->batches, 1);
	LIVE_EXPECT_CQE_FLAGS(p->live, READ_UD, LEN, 0);
	expect_over(p);
}

static void seal_all(struct live *live, struct cring_req *req)
{
	struct cring_cancel_key key = { .flags = CANCEL_ALL };

	KUNIT_EXPECT_EQ(live->test,
			live_cancel_sync(live, &key, CRING_CANCEL_SEAL, 0), 0);
	KUNIT_EXPECT_EQ(live->test, key.res, 0);
}

static void what_is_sealed_before_that_ends(struct kunit *test)
{
	struct pipes *p = pipes_open(test);

	live_at(p->live, CRING_AT_HOOKED, seal_all);
	submit_read(p);
	KUNIT_EXPECT_EQ(test, atomic_read(&p->script->calls), 0);
	LIVE_EXPECT_CQE_FLAGS(p->live, READ_UD, -ECANCELED,
			      CRING_CQE_F_NOT_STARTED);
	expect_over(p);
}

static void shut(struct live *live, struct cring_req *req)
{
	cring_ring_shut(live->ring);
}

static void so_does_that_of_a_ring_that_is_shut(struct kunit *test)
{
	struct pipes *p = pipes_open(test);

	live_at(p->live, CRING_AT_HOOKED, shut);
	submit_read(p);
	KUNIT_EXPECT_EQ(test, atomic_read(&p->script->calls), 0);
	KUNIT_EXPECT_EQ(test, live_in_flight(p->live), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&p->script->wq.head));
}

/* --- what is known of it besides --- */

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

static struct kunit_case cring_pipe_cases[] = {
	KUNIT_CASE(it_is_armed_when_it_is_accepted),
	KUNIT_CASE(it_ends_when_it_was_woken),
	KUNIT_CASE(with_what_its_file_answers),
	KUNIT_CASE(it_may_have_to_wait_again),
	KUNIT_CASE(a_cancel_before_that_finds_nothing),
	KUNIT_CASE(a_wake_up_before_that_is_not_lost),
	KUNIT_CASE(what_is_sealed_before_that_ends),
	KUNIT_CASE(so_does_that_of_a_ring_that_is_shut),
	KUNIT_CASE(its_time_may_come),
	KUNIT_CASE(it_may_be_woken_before),
	KUNIT_CASE(but_it_is_not_tried_when_it_is_past),
	KUNIT_CASE(one_that_is_waited_for_says_so),
	KUNIT_CASE(a_drain_waits_for_it),
	KUNIT_CASE(a_completion_count_counts_it),
	KUNIT_CASE(it_is_tried_with_its_own_credentials),
	KUNIT_CASE(all_else_is_tried_first),
	{}
};

static struct kunit_suite cring_pipe_suite = {
	.name = "cring_pipe",
	.test_cases = cring_pipe_cases,
};

kunit_test_suite(cring_pipe_suite);
