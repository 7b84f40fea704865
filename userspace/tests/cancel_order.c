// SPDX-License-Identifier: MIT
/*
 * C3, C6, C7: the cancel as an SQE among others.  When its completion comes,
 * what it may match, and what a link, a drain or ASYNC do to it.
 */
#include "util.h"
#include "cancel_util.h"

FIXTURE(order) {
	struct cring ring;
	int p[2];
};

#define RING	(&self->ring)

FIXTURE_SETUP(order)
{
	ring_init(RING, 64);
	new_pipe(self->p, 0);
}

FIXTURE_TEARDOWN(order)
{
	cring_queue_exit(RING);
}

#define put_read(ud, ...)						\
	put(RING, .opcode = CRING_OP_READ, .fd = self->p[0],		\
	    .addr = PTR64(sink), .len = 1, .user_data = ud, ##__VA_ARGS__)
#define put_cancel(ud, target, ...)					\
	put(RING, .opcode = CRING_OP_ASYNC_CANCEL, .addr = target,	\
	    .user_data = ud, ##__VA_ARGS__)

TEST_F(order, c3_the_targets_completion_is_ahead_of_the_cancels)
{
	unsigned int i;

	for (i = 0; i < 20; i++)
		put_read(i);
	submit_all(RING, 20);
	for (i = 0; i < 20; i++)
		put_cancel(100 + i, 19 - i);
	submit_all(RING, 20);
	ASSERT_EQ(40, cq_count(RING));
	for (i = 0; i < 20; i++) {
		struct cring_cqe *target = cq_peek(RING, 2 * i);
		struct cring_cqe *own = cq_peek(RING, 2 * i + 1);

		EXPECT_EQ(19 - i, target->user_data);
		EXPECT_EQ(-ECANCELED, target->res);
		EXPECT_EQ(100 + i, own->user_data);
		EXPECT_EQ(0, own->res);
	}
}

TEST_F(order, c3_all_has_every_target_ahead_of_the_cancel)
{
	unsigned int i;

	for (i = 0; i < 20; i++)
		put_read(i);
	put_cancel(100, 0, .cancel_flags = C_ANY | C_ALL);
	submit_all(RING, 21);
	ASSERT_EQ(21, cq_count(RING));
	EXPECT_EQ(100, cq_peek(RING, 20)->user_data);
	EXPECT_EQ(20, cq_peek(RING, 20)->res);
	expect_one_each(RING, 0, 20);
}

TEST_F(order, c3_an_operation_of_the_same_batch_is_stopped)
{
	put_read(1);
	put_cancel(2, 1);
	submit_all(RING, 2);
	ASSERT_EQ(2, cq_count(RING));
	EXPECT_EQ(1, cq_peek(RING, 0)->user_data);
	expect_res(RING, 1, -ECANCELED);
	expect_res(RING, 2, 0);
}

TEST_F(order, c3_an_operation_that_ended_in_the_same_batch_is_enoent_after_it)
{
	put(RING, .opcode = CRING_OP_NOP, .user_data = 1);
	put_cancel(2, 1);
	submit_all(RING, 2);
	ASSERT_EQ(2, cq_count(RING));
	EXPECT_EQ(1, cq_peek(RING, 0)->user_data);
	expect_res(RING, 1, 0);
	expect_res(RING, 2, -ENOENT);
}

TEST_F(order, c6_a_cancel_never_matches_what_is_behind_it)
{
	put_cancel(1, 2);
	put_read(2);
	put_cancel(3, 0, .cancel_flags = C_ANY | C_ALL);
	put_read(4);
	submit_all(RING, 4);
	expect_res(RING, 1, -ENOENT);
	expect_res(RING, 3, 1);
	expect_res(RING, 2, -ECANCELED);
	expect_pending(RING, 4);
}

TEST_F(order, c6_a_cancel_never_matches_itself)
{
	put_cancel(5, 5);
	submit_all(RING, 1);
	expect_res(RING, 5, -ENOENT);
	put_cancel(6, 0, .cancel_flags = C_ANY | C_ALL);
	put_cancel(7, 0, .cancel_flags = C_OP,
		   .len = CRING_OP_ASYNC_CANCEL);
	submit_all(RING, 2);
	expect_res(RING, 6, 0);
	expect_res(RING, 7, -ENOENT);
}

/* A cancel that a link holds back is in flight, and still nobody's target. */
TEST_F(order, c6_a_cancel_never_matches_another_cancel)
{
	put_read(1, .flags = CRING_SQE_IO_LINK);
	put_cancel(2, 77);
	submit_all(RING, 2);
	expect_pending(RING, 2);
	EXPECT_EQ(-ENOENT, cancel(RING, BY_CALL, .user_data = 2));
	EXPECT_EQ(-ENOENT, cancel(RING, BY_SQE, .user_data = 2));
	EXPECT_EQ(0, cancel(RING, BY_CALL, .flags = C_OP | C_ALL,
			    .opcode = CRING_OP_ASYNC_CANCEL));
	expect_pending(RING, 2);
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	settle(RING);
	expect_res(RING, 1, 1);
	expect_res(RING, 2, -ENOENT);
}

TEST_F(order, c7_a_cancels_completion_is_there_when_submit_returns)
{
	int i;

	for (i = 0; i < 200; i++) {
		put_read(1);
		put_cancel(2, 1);
		put_cancel(3, 1);
		submit_all(RING, 3);
		ASSERT_EQ(3, cq_count(RING));
		expect_res(RING, 2, 0);
		expect_res(RING, 3, -ENOENT);
		reap_all(RING);
	}
}

TEST_F(order, c7_async_on_a_cancel_is_ignored)
{
	put_read(1);
	put_cancel(2, 1, .flags = CRING_SQE_ASYNC);
	submit_all(RING, 2);
	ASSERT_EQ(2, cq_count(RING));
	expect_res(RING, 1, -ECANCELED);
	expect_res(RING, 2, 0);
}

TEST_F(order, c7_a_cancel_held_by_a_link_acts_when_the_link_lets_it)
{
	int q[2];

	new_pipe(q, 0);
	arm_read(RING, 1, self->p[0]);
	put(RING, .opcode = CRING_OP_READ, .fd = q[0], .addr = PTR64(sink),
	    .len = 1, .flags = CRING_SQE_IO_LINK, .user_data = 2);
	put_cancel(3, 1);
	submit_all(RING, 2);
	EXPECT_EQ(0, cq_count(RING));
	expect_quiet(RING);
	ASSERT_EQ(1, write(q[1], "x", 1));
	await(RING, 3);
	expect_res(RING, 2, 1);
	expect_res(RING, 1, -ECANCELED);
	expect_res(RING, 3, 0);
	EXPECT_LT(cqe_at(RING, 1), cqe_at(RING, 3));
}

TEST_F(order, c7_a_cancel_behind_a_failed_link_is_itself_cancelled)
{
	arm_read(RING, 1, self->p[0]);
	put(RING, .opcode = CRING_OP_READ, .fd = -1, .addr = PTR64(sink),
	    .len = 1, .flags = CRING_SQE_IO_LINK, .user_data = 2);
	put_cancel(3, 1);
	submit_all(RING, 2);
	await(RING, 3);
	expect_res(RING, 2, -EBADF);
	expect_res(RING, 3, -ECANCELED);
	expect_pending(RING, 1);
}

TEST_F(order, c7_a_cancel_with_drain_waits_for_all_before_it)
{
	int q[2];

	new_pipe(q, 0);
	put(RING, .opcode = CRING_OP_READ, .fd = q[0], .addr = PTR64(sink),
	    .len = 1, .user_data = 1);
	put_cancel(2, 1, .flags = CRING_SQE_IO_DRAIN);
	submit_all(RING, 2);
	expect_quiet(RING);
	ASSERT_EQ(1, write(q[1], "x", 1));
	settle(RING);
	/* By then its target has ended: a drain and a cancel do not mix. */
	expect_res(RING, 1, 1);
	expect_res(RING, 2, -ENOENT);
}

TEST_F(order, c7_a_cancel_links_what_is_behind_it)
{
	put_read(1);
	put_cancel(2, 1, .flags = CRING_SQE_IO_LINK);
	put(RING, .opcode = CRING_OP_NOP, .user_data = 3);
	submit_all(RING, 3);
	settle(RING);
	expect_res(RING, 2, 0);
	expect_res(RING, 3, 0);
	reap_all(RING);
	put_cancel(4, 1, .flags = CRING_SQE_IO_LINK);	/* fails: -ENOENT */
	put(RING, .opcode = CRING_OP_NOP, .user_data = 5);
	submit_all(RING, 2);
	settle(RING);
	expect_res(RING, 4, -ENOENT);
	expect_res(RING, 5, -ECANCELED);
}

TEST_F(order, c1_a_cancel_that_succeeds_may_skip_its_completion)
{
	put_read(1);
	put_cancel(2, 1, .flags = CRING_SQE_CQE_SKIP_SUCCESS);
	put_cancel(3, 1, .flags = CRING_SQE_CQE_SKIP_SUCCESS);
	submit_all(RING, 3);
	ASSERT_EQ(2, cq_count(RING));
	expect_res(RING, 1, -ECANCELED);
	expect_res(RING, 3, -ENOENT);
}

TEST_F(order, c1_a_stopped_operation_completes_even_with_cqe_skip)
{
	put_read(1, .flags = CRING_SQE_CQE_SKIP_SUCCESS);
	submit_all(RING, 1);
	EXPECT_EQ(0, cancel(RING, BY_CALL, .user_data = 1));
	expect_res(RING, 1, -ECANCELED);
}

/* POLL_REMOVE and TIMEOUT_REMOVE are cancels of one kind of operation. */
TEST_F(order, c6_poll_remove_and_timeout_remove_match_their_own_kind)
{
	arm_read(RING, 1, self->p[0]);
	arm_timer(RING, 2);
	arm_poll(RING, 3, self->p[0]);
	put(RING, .opcode = CRING_OP_POLL_REMOVE, .addr = 1, .user_data = 11);
	put(RING, .opcode = CRING_OP_POLL_REMOVE, .addr = 2, .user_data = 12);
	put(RING, .opcode = CRING_OP_POLL_REMOVE, .addr = 3, .user_data = 13);
	put(RING, .opcode = CRING_OP_TIMEOUT_REMOVE, .addr = 1,
	    .user_data = 14);
	put(RING, .opcode = CRING_OP_TIMEOUT_REMOVE, .addr = 2,
	    .user_data = 15);
	submit_all(RING, 5);
	expect_res(RING, 11, -ENOENT);
	expect_res(RING, 12, -ENOENT);
	expect_res(RING, 13, 0);
	expect_res(RING, 14, -ENOENT);
	expect_res(RING, 15, 0);
	expect_res(RING, 2, -ECANCELED);
	expect_res(RING, 3, -ECANCELED);
	expect_pending(RING, 1);
}

TEST_HARNESS_MAIN
