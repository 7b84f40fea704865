// SPDX-License-Identifier: MIT
/*
 * C4: who can be stopped, by the state it is in.  Armed on a poll or a timer,
 * in a link chain, behind a drain: always 0, and the completion is there.
 * Completed, reaped, never submitted: -ENOENT.
 *
 * Workers and devices have files of their own.
 */
#include "util.h"
#include "cancel_util.h"

TWO_WAYS(state)

#define RING	(&self->ring)
#define WAY	variant->way
#define STOPPED(ud)	expect_stopped(RING, WAY, ud)

/* Cancels user_data 1, which must be stopped. */
#define stops_one() do {						\
	EXPECT_EQ(0, cancel(RING, WAY, .user_data = 1));		\
	STOPPED(1);							\
	EXPECT_EQ(-ENOENT, cancel(RING, WAY, .user_data = 1));		\
} while (0)

TEST_F(state, c4_a_read_armed_on_a_pipe_is_stopped)
{
	int p[2];

	new_pipe(p, 0);
	arm_read(RING, 1, p[0]);
	stops_one();
	/* What comes later is not eaten by it. */
	ASSERT_EQ(1, write(p[1], "x", 1));
	ASSERT_EQ(0, fcntl(p[0], F_SETFL, O_NONBLOCK));
	EXPECT_EQ(1, read(p[0], sink, 1));
}

TEST_F(state, c4_a_read_armed_on_a_nonblocking_pipe_is_stopped)
{
	int p[2];

	new_pipe(p, O_NONBLOCK);
	arm_read(RING, 1, p[0]);
	stops_one();
	ASSERT_EQ(1, write(p[1], "x", 1));
	EXPECT_EQ(1, read(p[0], sink, 1));
}

TEST_F(state, c4_a_write_armed_on_a_full_pipe_is_stopped)
{
	int p[2];

	new_pipe(p, 0);
	ASSERT_EQ(4096, fcntl(p[1], F_SETPIPE_SZ, 4096));
	ASSERT_EQ(4096, write(p[1], sink, 4096));
	put(RING, .opcode = CRING_OP_WRITE, .fd = p[1], .addr = PTR64(sink),
	    .len = 10, .user_data = 1);
	submit_all(RING, 1);
	expect_pending(RING, 1);
	stops_one();
	ASSERT_EQ(4096, read(p[0], sink, 4096));
	ASSERT_EQ(0, fcntl(p[0], F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-1, read(p[0], sink, 1));	/* no byte of it got in */
}

TEST_F(state, c4_a_read_armed_on_a_socket_is_stopped)
{
	int s[2];

	new_socketpair(s, SOCK_STREAM);
	arm_read(RING, 1, s[0]);
	stops_one();
	ASSERT_EQ(1, write(s[1], "x", 1));
	ASSERT_EQ(1, read(s[0], sink, 1));
}

TEST_F(state, c4_a_read_armed_on_an_eventfd_is_stopped)
{
	uint64_t v = 0;
	int e = eventfd(0, 0);

	ASSERT_GE(e, 0);
	put(RING, .opcode = CRING_OP_READ, .fd = e, .addr = PTR64(&v),
	    .len = 8, .user_data = 1);
	submit_all(RING, 1);
	expect_pending(RING, 1);
	stops_one();
	EXPECT_EQ(0, v);
}

TEST_F(state, c4_a_read_armed_on_a_timerfd_is_stopped)
{
	int t = timerfd_create(CLOCK_MONOTONIC, 0);

	ASSERT_GE(t, 0);
	put(RING, .opcode = CRING_OP_READ, .fd = t, .addr = PTR64(sink),
	    .len = 8, .user_data = 1);
	submit_all(RING, 1);
	expect_pending(RING, 1);
	stops_one();
}

TEST_F(state, c4_a_poll_is_stopped)
{
	int e = eventfd(0, 0);

	ASSERT_GE(e, 0);
	arm_poll(RING, 1, e);
	stops_one();
}

TEST_F(state, c4_a_timeout_is_stopped)
{
	arm_timer(RING, 1);
	stops_one();
}

TEST_F(state, c4_a_timeout_by_completion_count_is_stopped)
{
	put(RING, .opcode = CRING_OP_TIMEOUT, .fd = -1,
	    .addr = PTR64(&an_hour), .len = 1, .off = 5, .user_data = 1);
	submit_all(RING, 1);
	expect_pending(RING, 1);
	stops_one();
}

TEST_F(state, c4_a_link_timeout_is_stopped_and_its_target_stays)
{
	int p[2];

	new_pipe(p, 0);
	put(RING, .opcode = CRING_OP_READ, .fd = p[0], .addr = PTR64(sink),
	    .len = 1, .flags = CRING_SQE_IO_LINK, .user_data = 2);
	put(RING, .opcode = CRING_OP_LINK_TIMEOUT, .fd = -1,
	    .addr = PTR64(&an_hour), .len = 1, .user_data = 1);
	submit_all(RING, 2);
	stops_one();
	expect_pending(RING, 2);
	ASSERT_EQ(1, write(p[1], "x", 1));
	await(RING, 2);
	expect_res(RING, 2, 1);
}

/* read(armed) -> nop 2 -> nop 3 -> nop 4, all linked */
static void put_chain(struct __test_metadata *_metadata, struct cring *ring,
		      int fd, unsigned int flag)
{
	int i;

	put(ring, .opcode = CRING_OP_READ, .fd = fd, .addr = PTR64(sink),
	    .len = 1, .flags = flag, .user_data = 1);
	for (i = 2; i <= 4; i++)
		put(ring, .opcode = CRING_OP_NOP, .user_data = i,
		    .flags = i < 4 ? flag : 0);
	submit_all(ring, 4);
	EXPECT_EQ(0, cq_count(ring));
}

TEST_F(state, c4_the_head_of_a_chain_takes_the_rest_with_it)
{
	int p[2], i;

	new_pipe(p, 0);
	put_chain(_metadata, RING, p[0], CRING_SQE_IO_LINK);
	EXPECT_EQ(0, cancel(RING, WAY, .user_data = 1));
	STOPPED(1);
	settle(RING);
	for (i = 2; i <= 4; i++)
		expect_res(RING, i, -ECANCELED);
}

TEST_F(state, c4_a_member_in_a_chain_takes_those_behind_it_only)
{
	int p[2];

	new_pipe(p, 0);
	put_chain(_metadata, RING, p[0], CRING_SQE_IO_LINK);
	EXPECT_EQ(0, cancel(RING, WAY, .user_data = 3));
	STOPPED(3);
	await(RING, 4);
	expect_res(RING, 4, -ECANCELED);
	expect_pending(RING, 1);
	expect_pending(RING, 2);
	ASSERT_EQ(1, write(p[1], "x", 1));
	settle(RING);
	expect_res(RING, 1, 1);
	expect_res(RING, 2, 0);
	EXPECT_EQ(1, cqes_with(RING, 3));
	EXPECT_EQ(1, cqes_with(RING, 4));
}

TEST_F(state, c4_the_last_of_a_chain_leaves_the_others_alone)
{
	int p[2];

	new_pipe(p, 0);
	put_chain(_metadata, RING, p[0], CRING_SQE_IO_HARDLINK);
	EXPECT_EQ(0, cancel(RING, WAY, .user_data = 4));
	STOPPED(4);
	ASSERT_EQ(1, write(p[1], "x", 1));
	settle(RING);
	expect_res(RING, 1, 1);
	expect_res(RING, 2, 0);
	expect_res(RING, 3, 0);
	expect_one_each(RING, 1, 4);
}

TEST_F(state, c4_every_member_of_a_chain_by_any_all)
{
	int p[2], i;

	new_pipe(p, 0);
	put_chain(_metadata, RING, p[0], CRING_SQE_IO_LINK);
	EXPECT_EQ(4, cancel(RING, WAY, .flags = C_ANY | C_ALL));
	for (i = 1; i <= 4; i++)
		STOPPED(i);
}

/* By the call only: a cancel SQE would wait behind the drain as well. */
TEST(c4_what_waits_behind_a_drain_is_stopped)
{
	struct cring ring;
	int p[2];

	ring_init(&ring, 8);
	new_pipe(p, 0);
	arm_read(&ring, 2, p[0]);
	put(&ring, .opcode = CRING_OP_NOP, .flags = CRING_SQE_IO_DRAIN,
	    .user_data = 1);
	put(&ring, .opcode = CRING_OP_NOP, .user_data = 3);
	put(&ring, .opcode = CRING_OP_NOP, .user_data = 4);
	submit_all(&ring, 3);
	EXPECT_EQ(0, cq_count(&ring));
	EXPECT_EQ(0, cancel(&ring, BY_CALL, .user_data = 3));
	expect_stopped(&ring, BY_CALL, 3);
	EXPECT_EQ(0, cancel(&ring, BY_CALL, .user_data = 1));
	expect_stopped(&ring, BY_CALL, 1);
	expect_pending(&ring, 2);
	/* With the drain gone, what waited for it goes on or waits for 2. */
	ASSERT_EQ(1, write(p[1], "x", 1));
	settle(&ring);
	expect_res(&ring, 2, 1);
	expect_res(&ring, 4, 0);
	expect_one_each(&ring, 1, 4);
	cring_queue_exit(&ring);
}

TEST_F(state, c3_a_completed_one_is_enoent)
{
	put(RING, .opcode = CRING_OP_NOP, .user_data = 1);
	submit_all(RING, 1);
	expect_res(RING, 1, 0);
	EXPECT_EQ(-ENOENT, cancel(RING, WAY, .user_data = 1));
	EXPECT_EQ(0, cancel(RING, WAY, .user_data = 1, .flags = C_ALL));
	expect_res(RING, 1, 0);
}

TEST_F(state, c3_a_completed_armed_read_is_enoent)
{
	int p[2];

	new_pipe(p, 0);
	arm_read(RING, 1, p[0]);
	ASSERT_EQ(1, write(p[1], "x", 1));
	await(RING, 1);
	EXPECT_EQ(-ENOENT, cancel(RING, WAY, .user_data = 1));
	EXPECT_EQ(-ENOENT, cancel(RING, WAY, .fd = p[0], .flags = C_FD));
	expect_res(RING, 1, 1);
}

TEST_F(state, c3_a_reaped_one_is_enoent)
{
	put(RING, .opcode = CRING_OP_NOP, .user_data = 1);
	submit_all(RING, 1);
	EXPECT_EQ(0, reap_res(RING, 1));
	EXPECT_EQ(-ENOENT, cancel(RING, WAY, .user_data = 1));
	EXPECT_EQ(-1, cqe_at(RING, 1));
}

TEST_F(state, c3_one_that_never_was_is_enoent)
{
	EXPECT_EQ(-ENOENT, cancel(RING, WAY, .user_data = 1));
	EXPECT_EQ(-ENOENT, cancel(RING, WAY, .flags = C_ANY));
	EXPECT_EQ(-ENOENT, cancel(RING, WAY, .flags = C_OP,
				  .opcode = CRING_OP_NOP));
}

TEST_F(state, c3_a_cancelled_one_is_enoent_the_second_time)
{
	int i;

	for (i = 0; i < 100; i++) {
		arm_timer(RING, 1);
		EXPECT_EQ(0, cancel(RING, WAY, .user_data = 1));
		EXPECT_EQ(-ENOENT, cancel(RING, WAY, .user_data = 1));
		STOPPED(1);
		reap_all(RING);
	}
}

TEST_F(state, c3_a_stopped_read_touches_its_buffer_no_more)
{
	char buf[64];
	int p[2];

	new_pipe(p, 0);
	memset(buf, 0x5a, sizeof(buf));
	put(RING, .opcode = CRING_OP_READ, .fd = p[0], .addr = PTR64(buf),
	    .len = sizeof(buf), .user_data = 1);
	submit_all(RING, 1);
	stops_one();
	ASSERT_EQ(64, write(p[1], sink, 64));
	put(RING, .opcode = CRING_OP_NOP, .user_data = 2);
	submit_all(RING, 1);
	msleep(QUIET_MS);
	EXPECT_TRUE(is_byte(buf, sizeof(buf), 0x5a));
	ASSERT_EQ(64, read(p[0], buf, 64));	/* it is all still there */
}

TEST_HARNESS_MAIN
