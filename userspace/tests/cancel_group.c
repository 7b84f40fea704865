// SPDX-License-Identifier: MIT
/*
 * C14: a group is cancelled in one call, whatever its members are and wherever
 * they wait; what is in another group, or in none, stays.
 */
#include "util.h"
#include "cancel_util.h"

FIXTURE(group) {
	struct cring ring;
	int p[2];	/* nothing is ever written to it */
};

FIXTURE_VARIANT(group) { enum way way; };
FIXTURE_VARIANT_ADD(group, by_sqe) { .way = BY_SQE };
FIXTURE_VARIANT_ADD(group, by_call) { .way = BY_CALL };

#define RING	(&self->ring)
#define WAY	variant->way
#define STOPPED(ud)	expect_stopped(RING, WAY, ud)
#define PENDING(ud)	expect_pending(RING, ud)

FIXTURE_SETUP(group)
{
	ring_init(RING, 64);
	new_pipe(self->p, 0);
}

FIXTURE_TEARDOWN(group)
{
	cring_queue_exit(RING);
}

/* A read that waits, of a group; more of an SQE may follow. */
#define put_read(ud, g, ...)						\
	put(RING, .opcode = CRING_OP_READ, .fd = self->p[0],		\
	    .addr = PTR64(sink), .len = 1, .user_data = (ud), .group = (g), \
	    ##__VA_ARGS__)

#define arm_member(ud, g, ...) do {					\
	put_read(ud, g, ##__VA_ARGS__);					\
	submit_all(RING, 1);						\
	PENDING(ud);							\
} while (0)

/* Cancels by group, and perhaps more; @more are further flags. */
#define by_group(g, more, ...)						\
	cancel(RING, WAY, .group = (g), .flags = C_GROUP | (more), ##__VA_ARGS__)
#define all_of_group(g)	by_group(g, C_ALL)

TEST_F(group, c14_one_member_is_stopped_and_nothing_else)
{
	arm_member(1, 7);
	arm_member(2, 8);
	arm_member(3, 0);
	EXPECT_EQ(0, by_group(8, 0));
	STOPPED(2);
	PENDING(1);
	PENDING(3);
	EXPECT_EQ(-ENOENT, by_group(8, 0));
}

TEST_F(group, c14_without_all_the_oldest_is_stopped)
{
	arm_member(1, 7);
	arm_member(2, 7);
	EXPECT_EQ(0, by_group(7, 0));
	STOPPED(1);
	PENDING(2);
	EXPECT_EQ(0, by_group(7, 0));
	STOPPED(2);
}

TEST_F(group, c14_all_members_are_counted_and_stopped)
{
	int i;

	for (i = 0; i < 30; i++)
		arm_member(i, 1 + i % 3);
	EXPECT_EQ(10, all_of_group(2));
	for (i = 0; i < 30; i++) {
		if (i % 3 == 1)
			STOPPED(i);
		else
			PENDING(i);
	}
	EXPECT_EQ(0, all_of_group(2));
	EXPECT_EQ(10, all_of_group(1));
	EXPECT_EQ(10, all_of_group(3));
	expect_one_each(RING, 0, 30);
}

TEST_F(group, c14_members_are_of_any_kind_and_on_any_file)
{
	int q[2];

	new_pipe(q, 0);
	arm_member(1, 7);
	put(RING, .opcode = CRING_OP_POLL_ADD, .fd = q[0],
	    .poll32_events = POLLIN, .user_data = 2, .group = 7);
	put(RING, .opcode = CRING_OP_TIMEOUT, .fd = -1, .addr = PTR64(&an_hour),
	    .len = 1, .user_data = 3, .group = 7);
	put(RING, .opcode = CRING_OP_TIMEOUT, .fd = -1, .addr = PTR64(&an_hour),
	    .len = 1, .off = 9, .user_data = 4, .group = 7);
	submit_all(RING, 3);
	EXPECT_EQ(4, all_of_group(7));
	STOPPED(1);
	STOPPED(2);
	STOPPED(3);
	STOPPED(4);
}

TEST_F(group, c14_group_0_is_no_group)
{
	arm_member(1, 0);
	arm_member(2, 7);
	EXPECT_EQ(-EINVAL, by_group(0, 0));
	EXPECT_EQ(-EINVAL, all_of_group(0));
	EXPECT_EQ(-EINVAL, by_group(0, C_UD, .user_data = 1));
	PENDING(1);
	PENDING(2);
}

TEST_F(group, c14_a_group_without_its_flag_is_einval)
{
	arm_member(1, 7);
	EXPECT_EQ(-EINVAL, cancel(RING, WAY, .user_data = 1, .group = 7));
	EXPECT_EQ(-EINVAL, cancel(RING, WAY, .group = 7,
				  .flags = C_ANY | C_ALL));
	EXPECT_EQ(-EINVAL, cancel(RING, WAY, .group = 7,
				  .flags = C_GROUP | C_ANY));
	EXPECT_EQ(-EINVAL, cancel(RING, WAY, .group = 7, .user_data = 1,
				  .flags = C_GROUP));
	PENDING(1);
}

TEST_F(group, c14_a_group_has_32_bits)
{
	static const uint32_t groups[] = { 1, 0x10001, 0x80000001, UINT32_MAX };
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(groups); i++)
		arm_member(i, groups[i]);
	for (i = 0; i < ARRAY_LEN(groups); i++) {
		EXPECT_EQ(1, all_of_group(groups[i]));
		STOPPED(i);
		if (i + 1 < ARRAY_LEN(groups))
			PENDING(i + 1);
	}
}

TEST_F(group, c6_group_and_user_data_must_both_match)
{
	arm_member(1, 7);
	arm_member(1, 8);
	arm_member(2, 8);
	EXPECT_EQ(-ENOENT, by_group(7, C_UD, .user_data = 2));
	EXPECT_EQ(1, by_group(8, C_UD | C_ALL, .user_data = 1));
	EXPECT_EQ(1, cqes_with(RING, 1));
	PENDING(2);
	EXPECT_EQ(1, all_of_group(7));
	EXPECT_EQ(2, cqes_with(RING, 1));
}

TEST_F(group, c6_group_and_fd_must_both_match)
{
	int q[2];

	new_pipe(q, 0);
	arm_member(1, 7);
	put(RING, .opcode = CRING_OP_READ, .fd = q[0], .addr = PTR64(sink),
	    .len = 1, .user_data = 2, .group = 7);
	put(RING, .opcode = CRING_OP_READ, .fd = q[0], .addr = PTR64(sink),
	    .len = 1, .user_data = 3, .group = 8);
	submit_all(RING, 2);
	EXPECT_EQ(1, by_group(7, C_FD | C_ALL, .fd = q[0]));
	STOPPED(2);
	PENDING(1);
	PENDING(3);
}

TEST_F(group, c6_group_and_opcode_must_both_match)
{
	arm_member(1, 7);
	put(RING, .opcode = CRING_OP_TIMEOUT, .fd = -1, .addr = PTR64(&an_hour),
	    .len = 1, .user_data = 2, .group = 7);
	put(RING, .opcode = CRING_OP_TIMEOUT, .fd = -1, .addr = PTR64(&an_hour),
	    .len = 1, .user_data = 3, .group = 8);
	submit_all(RING, 2);
	EXPECT_EQ(1, by_group(7, C_OP | C_ALL, .opcode = CRING_OP_TIMEOUT));
	STOPPED(2);
	PENDING(1);
	PENDING(3);
}

/* What it takes down with it is not of the group, and is not counted. */
TEST_F(group, c14_a_member_of_a_chain_takes_the_rest_down)
{
	put_read(1, 7, .flags = CRING_SQE_IO_LINK);
	put(RING, .opcode = CRING_OP_NOP, .user_data = 2, .group = 8,
	    .flags = CRING_SQE_IO_LINK);
	put(RING, .opcode = CRING_OP_NOP, .user_data = 3, .group = 7);
	submit_all(RING, 3);
	EXPECT_EQ(2, all_of_group(7));
	STOPPED(1);
	STOPPED(2);
	STOPPED(3);
	expect_one_each(RING, 1, 3);
}

TEST_F(group, c14_a_member_that_waits_in_a_chain_is_stopped)
{
	put_read(1, 8, .flags = CRING_SQE_IO_LINK);
	put(RING, .opcode = CRING_OP_NOP, .user_data = 2, .group = 7);
	submit_all(RING, 2);
	EXPECT_EQ(1, all_of_group(7));
	STOPPED(2);
	PENDING(1);
}

TEST_F(group, c14_a_member_behind_a_drain_is_stopped)
{
	arm_member(1, 8);
	put(RING, .opcode = CRING_OP_NOP, .user_data = 2, .group = 8,
	    .flags = CRING_SQE_IO_DRAIN);
	put(RING, .opcode = CRING_OP_NOP, .user_data = 3, .group = 7);
	submit_all(RING, 2);
	PENDING(3);
	/* as an SQE it would wait behind the drain itself */
	EXPECT_EQ(1, cancel(RING, BY_CALL, .group = 7,
			    .flags = C_GROUP | C_ALL));
	expect_stopped(RING, BY_CALL, 3);
	PENDING(2);
	EXPECT_EQ(2, cancel(RING, BY_CALL, .group = 8,
			    .flags = C_GROUP | C_ALL));
	expect_one_each(RING, 1, 3);
}

/* A cancel names a group, and is in none: it may wait, and is not meant. */
TEST_F(group, c14_a_cancel_is_not_in_the_group_that_it_names)
{
	arm_member(1, 8);
	put(RING, .opcode = CRING_OP_ASYNC_CANCEL, .cancel_flags = C_GROUP,
	    .group = 7, .user_data = 2, .flags = CRING_SQE_IO_DRAIN);
	submit_all(RING, 1);
	PENDING(2);
	EXPECT_EQ(0, cancel(RING, BY_CALL, .group = 7,
			    .flags = C_GROUP | C_ALL));
	EXPECT_EQ(-ENOENT, cancel(RING, BY_CALL, .group = 7,
				  .flags = C_GROUP));
	PENDING(2);
	EXPECT_EQ(0, cancel(RING, BY_CALL, .user_data = 1));
	await(RING, 2);
	expect_res(RING, 2, -ENOENT);
}

TEST_F(group, c14_what_a_worker_runs_is_told_and_what_waits_is_stopped)
{
	struct cring_cancel_key key = { .group = 7, .flags = C_GROUP | C_ALL };

	put_read(1, 7, .flags = CRING_SQE_ASYNC);
	submit_all(RING, 1);
	msleep(500);
	arm_member(2, 7);
	arm_member(3, 8);
	EXPECT_EQ(0, cancel_call(RING->ring_fd, &key, 1, CRING_CANCEL_WAIT,
				 LIMIT_MS * NSEC_PER_MSEC));
	EXPECT_EQ(2, key.res);
	EXPECT_EQ(1, key.already);
	/* the wait was for both: nothing of the group is in flight */
	expect_res(RING, 1, -ECANCELED);
	expect_res(RING, 2, -ECANCELED);
	PENDING(3);
}

TEST_F(group, c14_what_is_accepted_later_is_not_stopped)
{
	put(RING, .opcode = CRING_OP_ASYNC_CANCEL,
	    .cancel_flags = C_GROUP | C_ALL, .group = 7, .user_data = 10);
	put_read(1, 7);
	put(RING, .opcode = CRING_OP_ASYNC_CANCEL,
	    .cancel_flags = C_GROUP | C_ALL, .group = 7, .user_data = 11);
	put_read(2, 7);
	submit_all(RING, 4);
	expect_res(RING, 10, 0);
	expect_res(RING, 11, 1);
	expect_res(RING, 1, -ECANCELED);
	PENDING(2);
}

TEST_F(group, c14_another_ring_has_groups_of_its_own)
{
	struct cring other;

	ring_init(&other, 4);
	arm_member(1, 7);
	EXPECT_EQ(0, cancel(&other, WAY, .group = 7,
			    .flags = C_GROUP | C_ALL));
	PENDING(1);
	EXPECT_EQ(1, all_of_group(7));
	STOPPED(1);
	cring_queue_exit(&other);
}

TEST_F(group, c1_500_in_five_groups_one_is_stopped)
{
	struct cring big;
	unsigned int i, wrong = 0;

	ring_init(&big, 512);
	for (i = 0; i < 500; i++)
		put(&big, .opcode = CRING_OP_READ, .fd = self->p[0],
		    .addr = PTR64(sink), .len = 1, .user_data = i,
		    .group = 1 + i % 5);
	submit_all(&big, 500);
	EXPECT_EQ(100, cancel(&big, BY_CALL, .group = 3,
			      .flags = C_GROUP | C_ALL));
	EXPECT_EQ(100, cq_count(&big));
	for (i = 0; i < cq_count(&big); i++)
		wrong += cq_peek(&big, i)->res != -ECANCELED ||
			 cq_peek(&big, i)->user_data % 5 != 2;
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(400, cancel(&big, BY_CALL, .flags = C_ANY | C_ALL));
	expect_one_each(&big, 0, 500);
	cring_queue_exit(&big);
}

TEST_HARNESS_MAIN
