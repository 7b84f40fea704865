// SPDX-License-Identifier: MIT
/*
 * C6: what a key matches, each kind with and without ALL, either way.
 *
 * The targets are reads of empty pipes, armed and so always stoppable; what a
 * key must not match is still pending afterwards.
 */
#include "util.h"
#include "cancel_util.h"

TWO_WAYS(key)

#define RING	(&self->ring)
#define WAY	variant->way
#define STOPPED(ud)	expect_stopped(RING, WAY, ud)
#define PENDING(ud)	expect_pending(RING, ud)

TEST_F(key, c6_user_data_stops_that_operation_only)
{
	int p[2];

	new_pipe(p, 0);
	arm_read(RING, 1, p[0]);
	arm_read(RING, 2, p[0]);
	arm_read(RING, 3, p[0]);
	EXPECT_EQ(0, cancel(RING, WAY, .user_data = 2));
	STOPPED(2);
	PENDING(1);
	PENDING(3);
}

TEST_F(key, c6_user_data_is_compared_in_all_64_bits)
{
	int p[2];

	new_pipe(p, 0);
	arm_read(RING, 0x100000001ULL, p[0]);
	EXPECT_EQ(-ENOENT, cancel(RING, WAY, .user_data = 1));
	EXPECT_EQ(-ENOENT, cancel(RING, WAY, .user_data = 0x100000000ULL));
	PENDING(0x100000001ULL);
	EXPECT_EQ(0, cancel(RING, WAY, .user_data = 0x100000001ULL));
	STOPPED(0x100000001ULL);
}

TEST_F(key, c6_user_data_zero_and_all_ones_are_keys_like_any)
{
	int p[2];

	new_pipe(p, 0);
	arm_read(RING, 0, p[0]);
	arm_read(RING, UINT64_MAX, p[0]);
	EXPECT_EQ(0, cancel(RING, WAY, .user_data = 0));
	STOPPED(0);
	PENDING(UINT64_MAX);
	EXPECT_EQ(0, cancel(RING, WAY, .user_data = UINT64_MAX));
	STOPPED(UINT64_MAX);
}

TEST_F(key, c6_the_same_user_data_twice_without_all_stops_one)
{
	int p[2];

	new_pipe(p, 0);
	arm_read(RING, 9, p[0]);
	arm_read(RING, 9, p[0]);
	EXPECT_EQ(0, cancel(RING, WAY, .user_data = 9));
	EXPECT_EQ(1, cqes_with(RING, 9));
	EXPECT_EQ(0, cancel(RING, WAY, .user_data = 9));
	EXPECT_EQ(2, cqes_with(RING, 9));
	EXPECT_EQ(-ENOENT, cancel(RING, WAY, .user_data = 9));
}

TEST_F(key, c6_user_data_with_all_counts_every_match)
{
	int p[2], i;

	new_pipe(p, 0);
	for (i = 0; i < 5; i++)
		arm_read(RING, 9, p[0]);
	arm_read(RING, 8, p[0]);
	EXPECT_EQ(5, cancel(RING, WAY, .user_data = 9, .flags = C_ALL));
	EXPECT_EQ(5, cqes_with(RING, 9));
	PENDING(8);
	EXPECT_EQ(0, cancel(RING, WAY, .user_data = 9, .flags = C_ALL));
}

TEST_F(key, c6_the_userdata_flag_alone_means_the_default_key)
{
	int p[2];

	new_pipe(p, 0);
	arm_read(RING, 4, p[0]);
	EXPECT_EQ(0, cancel(RING, WAY, .user_data = 4, .flags = C_UD));
	STOPPED(4);
}

TEST_F(key, c6_fd_stops_one_operation_on_that_file)
{
	int a[2], b[2];

	new_pipe(a, 0);
	new_pipe(b, 0);
	arm_read(RING, 1, a[0]);
	arm_read(RING, 2, b[0]);
	EXPECT_EQ(0, cancel(RING, WAY, .fd = b[0], .flags = C_FD));
	STOPPED(2);
	PENDING(1);
	EXPECT_EQ(-ENOENT, cancel(RING, WAY, .fd = b[0], .flags = C_FD));
}

TEST_F(key, c6_fd_with_all_stops_every_operation_on_that_file)
{
	int a[2], b[2], i;

	new_pipe(a, 0);
	new_pipe(b, 0);
	for (i = 0; i < 4; i++)
		arm_read(RING, i, a[0]);
	arm_poll(RING, 4, a[0]);
	arm_read(RING, 5, b[0]);
	EXPECT_EQ(5, cancel(RING, WAY, .fd = a[0], .flags = C_FD | C_ALL));
	for (i = 0; i < 5; i++)
		STOPPED(i);
	PENDING(5);
	EXPECT_EQ(0, cancel(RING, WAY, .fd = a[0], .flags = C_FD | C_ALL));
}

TEST_F(key, c6_fd_is_the_open_file_so_a_dup_is_the_same_key)
{
	int p[2], d;

	new_pipe(p, 0);
	d = fcntl(p[0], F_DUPFD_CLOEXEC, 50);
	ASSERT_GE(d, 50);
	arm_read(RING, 1, p[0]);
	EXPECT_EQ(0, cancel(RING, WAY, .fd = d, .flags = C_FD));
	STOPPED(1);
}

TEST_F(key, c6_fd_is_the_open_file_so_a_second_open_is_another_key)
{
	char path[64];
	int p[2], again;

	new_pipe(p, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p[0]);
	again = open(path, O_RDONLY);	/* the same pipe, another open file */
	ASSERT_GE(again, 0);
	arm_read(RING, 1, p[0]);
	EXPECT_EQ(-ENOENT, cancel(RING, WAY, .fd = again, .flags = C_FD));
	PENDING(1);
}

TEST_F(key, c6_a_reused_fd_number_does_not_hit_the_old_file)
{
	int a[2], b[2], d;

	new_pipe(a, 0);
	new_pipe(b, 0);
	d = dup(a[0]);
	ASSERT_GE(d, 0);
	arm_read(RING, 1, d);
	ASSERT_EQ(d, dup2(b[0], d));	/* the number now names b */
	EXPECT_EQ(-ENOENT, cancel(RING, WAY, .fd = d, .flags = C_FD));
	PENDING(1);
	EXPECT_EQ(0, cancel(RING, WAY, .fd = a[0], .flags = C_FD));
	STOPPED(1);
}

TEST_F(key, c6_fixed_slot_stops_one_operation_on_its_file)
{
	int a[2], b[2], fds[3];

	new_pipe(a, 0);
	new_pipe(b, 0);
	fds[0] = -1;
	fds[1] = a[0];
	fds[2] = b[0];
	ASSERT_EQ(0, cring_register_files(RING, fds, 3));
	put(RING, .opcode = CRING_OP_READ, .flags = CRING_SQE_FIXED_FILE,
	    .fd = 1, .addr = PTR64(sink), .len = 1, .user_data = 1);
	put(RING, .opcode = CRING_OP_READ, .flags = CRING_SQE_FIXED_FILE,
	    .fd = 2, .addr = PTR64(sink), .len = 1, .user_data = 2);
	submit_all(RING, 2);
	EXPECT_EQ(0, cancel(RING, WAY, .fd = 2, .flags = C_FIXED));
	STOPPED(2);
	PENDING(1);
	EXPECT_EQ(-EBADF, cancel(RING, WAY, .fd = 0, .flags = C_FIXED));
	EXPECT_EQ(-EBADF, cancel(RING, WAY, .fd = 3, .flags = C_FIXED));
	EXPECT_EQ(-EBADF, cancel(RING, WAY, .fd = -1, .flags = C_FIXED));
}

TEST_F(key, c6_fixed_slot_with_all_counts_every_match)
{
	int a[2], i;

	new_pipe(a, 0);
	ASSERT_EQ(0, cring_register_files(RING, a, 1));
	for (i = 0; i < 3; i++)
		put(RING, .opcode = CRING_OP_READ,
		    .flags = CRING_SQE_FIXED_FILE, .fd = 0,
		    .addr = PTR64(sink), .len = 1, .user_data = i);
	submit_all(RING, 3);
	EXPECT_EQ(3, cancel(RING, WAY, .fd = 0, .flags = C_FIXED | C_ALL));
	for (i = 0; i < 3; i++)
		STOPPED(i);
}

TEST_F(key, c6_opcode_stops_one_of_that_kind)
{
	int p[2];

	new_pipe(p, 0);
	arm_read(RING, 1, p[0]);
	arm_poll(RING, 2, p[0]);
	EXPECT_EQ(0, cancel(RING, WAY, .opcode = CRING_OP_POLL_ADD,
			    .flags = C_OP));
	STOPPED(2);
	PENDING(1);
	EXPECT_EQ(-ENOENT, cancel(RING, WAY, .opcode = CRING_OP_FSYNC,
				  .flags = C_OP));
}

TEST_F(key, c6_opcode_with_all_counts_every_match)
{
	int p[2];

	new_pipe(p, 0);
	arm_timer(RING, 1);
	arm_poll(RING, 2, p[0]);
	arm_timer(RING, 3);
	EXPECT_EQ(2, cancel(RING, WAY, .opcode = CRING_OP_TIMEOUT,
			    .flags = C_OP | C_ALL));
	STOPPED(1);
	STOPPED(3);
	PENDING(2);
}

TEST_F(key, c6_fd_and_user_data_must_both_match)
{
	int a[2], b[2];

	new_pipe(a, 0);
	new_pipe(b, 0);
	arm_read(RING, 1, a[0]);
	arm_read(RING, 2, b[0]);
	EXPECT_EQ(-ENOENT, cancel(RING, WAY, .user_data = 1, .fd = b[0],
				  .flags = C_FD | C_UD));
	PENDING(1);
	PENDING(2);
	EXPECT_EQ(0, cancel(RING, WAY, .user_data = 2, .fd = b[0],
			    .flags = C_FD | C_UD));
	STOPPED(2);
	PENDING(1);
}

TEST_F(key, c6_fd_and_user_data_with_all_counts_both_matches)
{
	int a[2], b[2];

	new_pipe(a, 0);
	new_pipe(b, 0);
	arm_read(RING, 1, a[0]);
	arm_read(RING, 1, b[0]);
	arm_poll(RING, 1, b[0]);
	arm_read(RING, 2, b[0]);
	EXPECT_EQ(2, cancel(RING, WAY, .user_data = 1, .fd = b[0],
			    .flags = C_FD | C_UD | C_ALL));
	EXPECT_EQ(2, cqes_with(RING, 1));
	PENDING(2);
	EXPECT_EQ(0, cancel(RING, WAY, .user_data = 1, .fd = a[0],
			    .flags = C_FD | C_UD));
	EXPECT_EQ(3, cqes_with(RING, 1));
}

TEST_F(key, c6_opcode_user_data_and_fd_together)
{
	int p[2];

	new_pipe(p, 0);
	arm_read(RING, 1, p[0]);
	arm_poll(RING, 1, p[0]);
	EXPECT_EQ(-ENOENT, cancel(RING, WAY, .user_data = 1,
				  .opcode = CRING_OP_WRITE,
				  .flags = C_OP | C_UD));
	EXPECT_EQ(0, cancel(RING, WAY, .user_data = 1, .fd = p[0],
			    .opcode = CRING_OP_POLL_ADD,
			    .flags = C_OP | C_UD | C_FD));
	EXPECT_EQ(1, cqes_with(RING, 1));
	EXPECT_EQ(-ENOENT, cancel(RING, WAY, .opcode = CRING_OP_POLL_ADD,
				  .flags = C_OP));
	EXPECT_EQ(1, cancel(RING, WAY, .opcode = CRING_OP_READ, .fd = p[0],
			    .flags = C_OP | C_FD | C_ALL));
	EXPECT_EQ(2, cqes_with(RING, 1));
}

TEST_F(key, c6_any_without_all_stops_one)
{
	int p[2];

	new_pipe(p, 0);
	arm_read(RING, 1, p[0]);
	arm_timer(RING, 2);
	EXPECT_EQ(0, cancel(RING, WAY, .flags = C_ANY));
	EXPECT_EQ(1, cqes_with(RING, 1) + cqes_with(RING, 2));
	EXPECT_EQ(0, cancel(RING, WAY, .flags = C_ANY));
	EXPECT_EQ(-ENOENT, cancel(RING, WAY, .flags = C_ANY));
	expect_one_each(RING, 1, 2);
}

TEST_F(key, c6_any_with_all_stops_everything)
{
	int p[2];

	new_pipe(p, 0);
	EXPECT_EQ(0, cancel(RING, WAY, .flags = C_ANY | C_ALL));
	arm_read(RING, 1, p[0]);
	arm_poll(RING, 2, p[0]);
	arm_timer(RING, 3);
	EXPECT_EQ(3, cancel(RING, WAY, .flags = C_ANY | C_ALL));
	STOPPED(1);
	STOPPED(2);
	STOPPED(3);
	EXPECT_EQ(0, cancel(RING, WAY, .flags = C_ANY | C_ALL));
}

TEST_F(key, c6_keys_reach_no_other_ring)
{
	struct cring other;
	int p[2];

	new_pipe(p, 0);
	ring_init(&other, 4);
	arm_read(&other, 1, p[0]);
	EXPECT_EQ(-ENOENT, cancel(RING, WAY, .user_data = 1));
	EXPECT_EQ(-ENOENT, cancel(RING, WAY, .fd = p[0], .flags = C_FD));
	EXPECT_EQ(0, cancel(RING, WAY, .flags = C_ANY | C_ALL));
	expect_pending(&other, 1);
	EXPECT_EQ(0, cancel(&other, WAY, .user_data = 1));
	expect_stopped(&other, WAY, 1);
	cring_queue_exit(&other);
}

TEST_HARNESS_MAIN
