// SPDX-License-Identifier: GPL-2.0
/*
 * The short way to a device (kmod/direct.c): what ends in its own method, and what
 * is held in the submitter's plug, is found by a cancel, ends once, and is said to
 * be over only when it is (C1, C3, C7, C13 of Documentation/contract.rst).
 */
#include "direct.h"

/* --- in its own method --- */

/* the device answers on the submitter's stack; a worker is answered by the method */
static ssize_t answer_at_once(struct script *script, struct kiocb *iocb,
			      struct iov_iter *iter)
{
	struct direct *d = script->priv;
	ssize_t ret;

	if (d->calls++)
		return script_transfer(script, iocb, iter);
	ret = script_queue(script, iocb, iter);
	script_complete(script, 0, d->res);
	d->cqes = live_nr_cqes(d->live);
	d->answer = live_cancel(d->live, 0, 1);
	return ret;
}

static void what_ends_in_its_method_is_told_so_until_that_returns(struct kunit *test)
{
	struct direct *d = direct_open(test, answer_at_once);

	direct_put(d, 1);
	KUNIT_EXPECT_EQ(test, live_submit(d->live), 1);
	KUNIT_EXPECT_EQ(test, d->cqes, 0);
	KUNIT_EXPECT_EQ(test, d->answer, -EALREADY);
	LIVE_EXPECT_CQE_FLAGS(d->live, 1, 1, 0);
	KUNIT_EXPECT_EQ(test, live_cancel(d->live, 0, 1), -ENOENT);
	direct_expect_over(d);
}

static void what_fails_there_says_why(struct kunit *test)
{
	struct direct *d = direct_open(test, answer_at_once);

	d->res = -EIO;
	direct_put(d, 1);
	KUNIT_EXPECT_EQ(test, live_submit(d->live), 1);
	LIVE_EXPECT_CQE_FLAGS(d->live, 1, -EIO, 0);
	direct_expect_over(d);
}

static ssize_t answer_that_it_would_block(struct script *script,
					  struct kiocb *iocb,
					  struct iov_iter *iter)
{
	struct direct *d = script->priv;
	ssize_t ret;

	if (d->calls++)
		return script_transfer(script, iocb, iter);
	ret = script_queue(script, iocb, iter);
	script_complete(script, 0, -EAGAIN);
	return ret;
}

static void what_would_block_there_goes_to_a_worker(struct kunit *test)
{
	struct direct *d = direct_open(test, answer_that_it_would_block);

	direct_put(d, 1);
	KUNIT_EXPECT_EQ(test, live_submit(d->live), 1);
	LIVE_EXPECT_WAIT(d->live, 1, 1);
	KUNIT_EXPECT_EQ(test, d->calls, 2);
	direct_expect_over(d);
}

/* the others' methods do not end theirs */
static void several_of_them_end_once_each(struct kunit *test)
{
	struct direct *d = direct_open(test, answer_at_once);
	unsigned int i;

	direct_put_all(d);
	KUNIT_EXPECT_EQ(test, live_submit(d->live), DIRECT_NR);
	for (i = 1; i <= DIRECT_NR; i++)
		LIVE_EXPECT_CQE(d->live, i, 1);
	direct_expect_over(d);
}

/* --- held --- */

static void expect_held_nr(struct direct *d, u32 nr)
{
	KUNIT_EXPECT_EQ(d->live->test, d->live->ring->nr_held, nr);
}

static void expect_held(struct direct *d, u64 user_data)
{
	struct cring_ring *ring = d->live->ring;

	expect_held_nr(d, DIRECT_NR - 1);
	KUNIT_EXPECT_TRUE(d->live->test, ring->batch[user_data - 1]->held);
	KUNIT_EXPECT_FALSE(d->live->test, ring->batch[user_data - 1]->lflags &
					  CRING_REQL_INDEXED);
}

static void cancel_the_second(struct direct *d)
{
	expect_held(d, 2);
	d->answer = live_cancel(d->live, 0, 2);
}

static void what_is_held_is_found(struct kunit *test)
{
	struct direct *d = direct_open(test, direct_queue);

	d->at_last = cancel_the_second;
	direct_put_all(d);
	KUNIT_EXPECT_EQ(test, live_submit(d->live), DIRECT_NR);
	KUNIT_EXPECT_EQ(test, d->answer, -EALREADY);
	LIVE_EXPECT_NO_CQE(d->live);
	direct_end_others(d, 1);
}

static void end_the_first(struct direct *d)
{
	expect_held(d, 1);
	script_complete(d->script, 0, d->res);
	d->cqes = live_nr_cqes(d->live);
	d->answer = live_cancel(d->live, 0, 1);
}

static void what_ends_while_it_is_held_has_its_cqe_at_once(struct kunit *test)
{
	struct direct *d = direct_open(test, direct_queue);

	d->at_last = end_the_first;
	direct_put_all(d);
	KUNIT_EXPECT_EQ(test, live_submit(d->live), DIRECT_NR);
	KUNIT_EXPECT_EQ(test, d->cqes, 1);
	KUNIT_EXPECT_EQ(test, d->answer, -ENOENT);
	LIVE_EXPECT_CQE_FLAGS(d->live, 1, 1, 0);
	direct_end_others(d, 2);
}

static void what_would_block_while_it_is_held_goes_to_a_worker(struct kunit *test)
{
	struct direct *d = direct_open(test, direct_queue);

	d->res = -EAGAIN;
	d->at_last = end_the_first;
	direct_put_all(d);
	KUNIT_EXPECT_EQ(test, live_submit(d->live), DIRECT_NR);
	KUNIT_EXPECT_EQ(test, d->cqes, 0);
	/* told to stop, it is not tried again */
	KUNIT_EXPECT_EQ(test, d->answer, -EALREADY);
	LIVE_EXPECT_WAIT(d->live, 1, -ECANCELED);
	direct_end_others(d, 2);
}

static void make_the_other_ready(struct direct *d)
{
	expect_held_nr(d, d->at - 1);
	script_ready(d->other, EPOLLIN);
}

static ssize_t note_calls(struct script *script, struct kiocb *iocb,
			  struct iov_iter *iter)
{
	struct direct *d = script->priv;

	if (!script->events)
		return -EAGAIN;
	d->answer = d->calls;
	expect_held_nr(d, 0);
	return script_transfer(script, iocb, iter);
}

/* not when the plug is pulled: its method may sleep, and others may come */
static void what_becomes_ready_has_its_turn_and_none_is_held_then(struct kunit *test)
{
	struct direct *d = direct_open(test, direct_queue);

	d->other = script_open(d->live, SCRIPT_POLL);
	d->other->priv = d;
	d->other->run = note_calls;
	live_read(d->live, d->other, DIRECT_NR + 1);
	LIVE_EXPECT_STATE(d->live, DIRECT_NR + 1, CRING_ARMED);
	d->at = 2;
	d->at_last = make_the_other_ready;
	direct_put_all(d);
	KUNIT_EXPECT_EQ(test, live_submit(d->live), DIRECT_NR);
	KUNIT_EXPECT_EQ(test, d->answer, d->at);
	LIVE_EXPECT_CQE(d->live, DIRECT_NR + 1, 1);
	direct_end_others(d, 1);
}

static void wait_for_the_first(struct direct *d)
{
	struct cring_cancel_key key = { .user_data = 1 };

	expect_held(d, 1);
	KUNIT_EXPECT_EQ(d->live->test,
			live_cancel_sync(d->live, &key, CRING_CANCEL_WAIT, 0),
			-ETIME);
	d->answer = key.res;
}

static void what_is_held_is_waited_for(struct kunit *test)
{
	struct direct *d = direct_open(test, direct_queue);

	d->at_last = wait_for_the_first;
	direct_put_all(d);
	KUNIT_EXPECT_EQ(test, live_submit(d->live), DIRECT_NR);
	KUNIT_EXPECT_EQ(test, d->answer, -EALREADY);
	direct_end_others(d, 1);
}

static void wait_for_and_end_the_first(struct direct *d)
{
	wait_for_the_first(d);
	script_complete(d->script, 0, 1);
}

static void and_its_record_is_as_blank_as_any(struct kunit *test)
{
	struct direct *d = direct_open(test, direct_queue);
	struct cring_ring *ring = d->live->ring;
	u32 i;

	d->at_last = wait_for_and_end_the_first;
	direct_put_all(d);
	KUNIT_EXPECT_EQ(test, live_submit(d->live), DIRECT_NR);
	LIVE_EXPECT_CQE_FLAGS(d->live, 1, 1, 0);
	direct_end_others(d, 2);
	for (i = 0; i < ring->nr_reqs; i++) {
		KUNIT_EXPECT_EQ(test, ring->pool[i].lflags, 0);
		KUNIT_EXPECT_EQ(test, ring->pool[i].flags, 0);
		KUNIT_EXPECT_EQ(test, ring->pool[i].res, 0);
		KUNIT_EXPECT_FALSE(test, ring->pool[i].held);
		KUNIT_EXPECT_EQ(test, atomic_read(&ring->pool[i].refs), 1);
		KUNIT_EXPECT_NULL(test, ring->pool[i].ident);
	}
}

static void the_deadline_of_what_was_held_is_armed(struct kunit *test)
{
	struct direct *d = direct_open(test, direct_queue);
	unsigned int i;

	for (i = 1; i <= DIRECT_NR; i++) {
		struct cring_sqe *sqe = direct_put(d, i);

		sqe->xflags = CRING_SQE_X_DEADLINE;
		sqe->deadline = 3600 * NSEC_PER_SEC;
	}
	KUNIT_EXPECT_EQ(test, live_submit(d->live), DIRECT_NR);
	for (i = 1; i <= DIRECT_NR; i++)
		KUNIT_EXPECT_TRUE(test, live_req(d->live, i)->lflags &
					CRING_REQL_DEADLINE);
	direct_end_others(d, 1);
}

static void look_where_it_is(struct live *live, struct cring_req *req)
{
	struct direct *d = live->priv;

	d->claimed = READ_ONCE(req->lflags) & CRING_REQL_INDEXED;
}

/* it goes through no more of the batch than any */
static void a_cancel_in_the_batch_finds_all_before_it_in_the_index(struct kunit *test)
{
	struct direct *d = direct_open(test, direct_queue);
	struct cring_sqe *sqe;

	direct_put_all(d);
	sqe = live_sqe(d->live, CRING_OP_ASYNC_CANCEL, DIRECT_NR + 1);
	sqe->addr = 2;
	live_sqe(d->live, CRING_OP_NOP, DIRECT_NR + 2);
	live_at(d->live, CRING_AT_CANCEL, look_where_it_is);
	KUNIT_EXPECT_EQ(test, live_submit(d->live), DIRECT_NR + 2);
	live_at(d->live, CRING_AT_CANCEL, NULL);
	KUNIT_EXPECT_TRUE(test, d->claimed);
	LIVE_EXPECT_CQE(d->live, DIRECT_NR + 1, -EALREADY);
	LIVE_EXPECT_CQE(d->live, DIRECT_NR + 2, 0);
	direct_end_others(d, 1);
}

/* --- a device that is held up before it posts the CQE of what was held --- */

static void be_held_up(struct live *live, struct cring_req *req)
{
	struct direct *d = live->priv;

	WRITE_ONCE(d->claimed, true);
	live_until(READ_ONCE(d->go));
}

static struct other *device;

static void let_it_be_ended(struct direct *d)
{
	device = other_start(d->live, direct_end_first, d);
	live_until(READ_ONCE(d->claimed));
}

static void what_is_about_to_be_posted_is_found_when_the_batch_is_over(struct kunit *test)
{
	struct direct *d;
	s32 answer;

	live_needs_two(test);
	d = direct_open(test, direct_queue);
	d->at_last = let_it_be_ended;
	live_at(d->live, CRING_AT_ENDED, be_held_up);
	direct_put_all(d);
	KUNIT_EXPECT_EQ(test, live_submit(d->live), DIRECT_NR);
	answer = live_cancel(d->live, 0, 1);
	LIVE_EXPECT_NO_CQE(d->live);
	WRITE_ONCE(d->go, true);
	KUNIT_EXPECT_EQ(test, other_join(device), 0);
	KUNIT_EXPECT_EQ(test, answer, -EALREADY);
	LIVE_EXPECT_CQE(d->live, 1, 1);
	KUNIT_EXPECT_EQ(test, live_cancel(d->live, 0, 1), -ENOENT);
	live_at(d->live, CRING_AT_ENDED, NULL);
	direct_end_others(d, 2);
}

/* the read of a file that is no device's sleeps for as long as it likes */
static ssize_t look_for_them(struct script *script, struct kiocb *iocb,
			     struct iov_iter *iter)
{
	struct direct *d = script->priv;

	KUNIT_EXPECT_EQ(d->live->test, d->live->ring->nr_held, 0);
	LIVE_EXPECT_STATE(d->live, 1, CRING_DISPATCHED);
	LIVE_EXPECT_STATE(d->live, 2, CRING_DISPATCHED);
	script_complete(d->script, 0, 1);
	LIVE_EXPECT_CQE_FLAGS(d->live, 1, 1, 0);
	d->answer = live_cancel(d->live, 0, 2);
	return script_transfer(script, iocb, iter);
}

static void nothing_is_held_while_another_file_is_read(struct kunit *test)
{
	struct direct *d = direct_open(test, direct_queue);
	struct script *other = script_open(d->live, SCRIPT_FILE);

	other->priv = d;
	other->run = look_for_them;
	direct_put(d, 1);
	direct_put(d, 2);
	live_prep_read(live_sqe(d->live, CRING_OP_READ, 3), other,
		       d->live->args, 1);
	KUNIT_EXPECT_EQ(test, live_submit(d->live), 3);
	KUNIT_EXPECT_EQ(test, d->answer, -EALREADY);
	LIVE_EXPECT_CQE_FLAGS(d->live, 3, 1, 0);
	script_complete(d->script, 1, 1);
	LIVE_EXPECT_CQE_FLAGS(d->live, 2, 1, 0);
	direct_expect_over(d);
}

static struct kunit_case cring_direct_cases[] = {
	KUNIT_CASE(what_ends_in_its_method_is_told_so_until_that_returns),
	KUNIT_CASE(what_fails_there_says_why),
	KUNIT_CASE(what_would_block_there_goes_to_a_worker),
	KUNIT_CASE(several_of_them_end_once_each),
	KUNIT_CASE(what_is_held_is_found),
	KUNIT_CASE(what_ends_while_it_is_held_has_its_cqe_at_once),
	KUNIT_CASE(what_would_block_while_it_is_held_goes_to_a_worker),
	KUNIT_CASE(what_becomes_ready_has_its_turn_and_none_is_held_then),
	KUNIT_CASE(what_is_held_is_waited_for),
	KUNIT_CASE(nothing_is_held_while_another_file_is_read),
	KUNIT_CASE(and_its_record_is_as_blank_as_any),
	KUNIT_CASE(the_deadline_of_what_was_held_is_armed),
	KUNIT_CASE(a_cancel_in_the_batch_finds_all_before_it_in_the_index),
	KUNIT_CASE(what_is_about_to_be_posted_is_found_when_the_batch_is_over),
	{}
};

static struct kunit_suite cring_direct_suite = {
	.name = "cring_direct",
	.test_cases = cring_direct_cases,
};

kunit_test_suite(cring_direct_suite);
