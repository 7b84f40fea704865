// SPDX-License-Identifier: GPL-2.0
/*
 * A read of an empty pipe, alone, that is on the pipe's wait queue before it is
 * accepted (kmod/pipe.c): whoever comes before or after that step gets the answer that
 * he would get from any (C1, C3, C4 and C18 of Documentation/contract.rst).
 */
#include "pipes.h"

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

/* somebody has written since it was looked at, and found nobody to wake */
static __poll_t write_and_poll(struct file *file, struct poll_table_struct *pt)
{
	struct script *script = file->private_data;
	struct pipes *p = script->priv;

	poll_wait(file, &script->wq, pt);
	p->pipe.head = 1;
	script->events = EPOLLIN;
	return EPOLLIN;
}

static void so_is_one_before_it_was_on_the_queue(struct kunit *test)
{
	struct pipes *p = pipes_open(test);
	const struct file_operations *own = p->script->file->f_op;
	const struct file_operations fops = {
		.read_iter = own->read_iter,
		.poll = write_and_poll,
	};

	p->script->priv = p;
	p->script->file->f_op = &fops;
	submit_read(p);
	p->script->file->f_op = own;
	KUNIT_EXPECT_EQ(test, p->hooked, 0);
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

static struct kunit_case cring_pipe_cases[] = {
	KUNIT_CASE(it_is_armed_when_it_is_accepted),
	KUNIT_CASE(it_ends_when_it_was_woken),
	KUNIT_CASE(with_what_its_file_answers),
	KUNIT_CASE(it_may_have_to_wait_again),
	KUNIT_CASE(a_cancel_before_that_finds_nothing),
	KUNIT_CASE(a_wake_up_before_that_is_not_lost),
	KUNIT_CASE(so_is_one_before_it_was_on_the_queue),
	KUNIT_CASE(what_is_sealed_before_that_ends),
	KUNIT_CASE(so_does_that_of_a_ring_that_is_shut),
	{}
};

static struct kunit_suite cring_pipe_suite = {
	.name = "cring_pipe",
	.test_cases = cring_pipe_cases,
};

kunit_test_suite(cring_pipe_suite);
