// SPDX-License-Identifier: MIT
/*
 * The basic scenario as a 32-bit program on a 64-bit kernel: the ABI is the
 * same, pointers and struct iovec are not.
 */
#define _FILE_OFFSET_BITS 64
#include "util.h"
#include "cancel_util.h"

_Static_assert(sizeof(void *) == 4, "this is to be a 32-bit program");
_Static_assert(sizeof(struct cring_sqe) == 64, "the same as in 64 bits");
_Static_assert(sizeof(struct cring_cqe) == 16, "the same as in 64 bits");
_Static_assert(sizeof(struct cring_cancel_key) == 64, "as in 64 bits");
_Static_assert(sizeof(struct cring_wait) == 48, "as in 64 bits");

FIXTURE(compat) {
	struct cring ring;
	int p[2], fd;
};

#define RING	(&self->ring)

FIXTURE_SETUP(compat)
{
	ring_init(RING, 16);
	new_pipe(self->p, 0);
	ASSERT_NE(NULL, TMPFS_DIR);
	self->fd = new_filled(TMPFS_DIR, O_RDWR, 8192, 1);
}

FIXTURE_TEARDOWN(compat)
{
	cring_queue_exit(RING);
}

TEST_F(compat, c1_set_up_and_nop)
{
	unsigned int i;

	EXPECT_EQ(16, RING->sq_entries);
	EXPECT_EQ(32, RING->cq_entries);
	for (i = 0; i < 100; i++) {
		put(RING, .opcode = CRING_OP_NOP,
		    .user_data = 0xfedcba9876543210ULL + i);
		submit_all(RING, 1);
		EXPECT_EQ(0, reap_res(RING, 0xfedcba9876543210ULL + i));
	}
}

TEST_F(compat, read_and_write)
{
	char buf[512], back[512];

	put(RING, .opcode = CRING_OP_READ, .fd = self->fd, .off = 512,
	    .addr = PTR64(buf), .len = 512, .user_data = 1);
	submit_all(RING, 1);
	EXPECT_EQ(512, reap_res(RING, 1));
	EXPECT_TRUE(is_filled_at(buf, 512, 1, 512));
	fill(buf, 512, 9);
	put(RING, .opcode = CRING_OP_WRITE, .fd = self->fd,
	    .off = 0x100000000ULL, .addr = PTR64(buf), .len = 512,
	    .user_data = 2);
	submit_all(RING, 1);
	EXPECT_EQ(512, reap_res(RING, 2));
	ASSERT_EQ(512, pread(self->fd, back, 512, 0x100000000ULL));
	EXPECT_EQ(0, memcmp(buf, back, 512));
}

/* struct iovec is 8 bytes here, 16 in the kernel. */
TEST_F(compat, readv_and_writev_with_32_bit_iovecs)
{
	char a[100], b[200], c[300];
	struct iovec v[3] = {
		{ a, sizeof(a) }, { b, sizeof(b) }, { c, sizeof(c) },
	};

	put(RING, .opcode = CRING_OP_READV, .fd = self->fd, .addr = PTR64(v),
	    .len = 3, .user_data = 1);
	submit_all(RING, 1);
	EXPECT_EQ(600, reap_res(RING, 1));
	EXPECT_TRUE(is_filled_at(a, 100, 1, 0));
	EXPECT_TRUE(is_filled_at(b, 200, 1, 100));
	EXPECT_TRUE(is_filled_at(c, 300, 1, 300));
	put(RING, .opcode = CRING_OP_WRITEV, .fd = self->fd, .addr = PTR64(v),
	    .len = 3, .off = 4096, .flags = CRING_SQE_ASYNC, .user_data = 2);
	submit_all(RING, 1);
	EXPECT_EQ(600, reap_res(RING, 2));
	ASSERT_EQ(300, pread(self->fd, a, 100, 4096) +
		       pread(self->fd, b, 200, 4196));
	EXPECT_TRUE(is_filled_at(a, 100, 1, 0));
	EXPECT_TRUE(is_filled_at(b, 200, 1, 100));
}

TEST_F(compat, readv_that_is_armed_keeps_its_iovecs)
{
	char a[1], b[2];
	struct iovec v[2] = { { a, 1 }, { b, 2 } };

	put(RING, .opcode = CRING_OP_READV, .fd = self->p[0], .addr = PTR64(v),
	    .len = 2, .user_data = 1);
	submit_all(RING, 1);
	memset(v, 0xff, sizeof(v));
	ASSERT_EQ(3, write(self->p[1], "xyz", 3));
	EXPECT_EQ(3, reap_res(RING, 1));
	EXPECT_EQ('x', a[0]);
	EXPECT_EQ('z', b[1]);
}

TEST_F(compat, registered_files_and_buffers)
{
	static char buf[4096] __attribute__((aligned(4096)));
	struct iovec v = { buf, sizeof(buf) };

	ASSERT_EQ(0, cring_register_buffers(RING, &v, 1));
	ASSERT_EQ(0, cring_register_files(RING, &self->fd, 1));
	put(RING, .opcode = CRING_OP_READ_FIXED, .fd = 0,
	    .flags = CRING_SQE_FIXED_FILE, .addr = PTR64(buf + 100),
	    .len = 1000, .user_data = 1);
	submit_all(RING, 1);
	EXPECT_EQ(1000, reap_res(RING, 1));
	EXPECT_TRUE(is_filled(buf + 100, 1000, 1));
}

TEST_F(compat, c4_armed_read_woken_and_cancelled)
{
	arm_read(RING, 1, self->p[0]);
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	EXPECT_EQ(1, reap_res(RING, 1));
	arm_read(RING, 2, self->p[0]);
	EXPECT_EQ(0, cancel(RING, BY_SQE, .user_data = 2));
	expect_stopped(RING, BY_SQE, 2);
	reap_all(RING);
	arm_read(RING, 0x300000003ULL, self->p[0]);
	EXPECT_EQ(-ENOENT, cancel(RING, BY_CALL, .user_data = 3));
	EXPECT_EQ(0, cancel(RING, BY_CALL, .user_data = 0x300000003ULL));
	expect_stopped(RING, BY_CALL, 0x300000003ULL);
}

TEST_F(compat, c7_cancel_of_many_keys_with_a_wait)
{
	struct cring_cancel_key keys[3] = {
		{ .user_data = 1 }, { .user_data = 9 },
		{ .fd = self->p[0], .flags = C_FD | C_ALL },
	};

	put_async_read(_metadata, RING, 1, self->p[0]);
	submit_all(RING, 1);
	arm_read(RING, 2, self->p[0]);
	msleep(300);
	EXPECT_EQ(0, cancel_call(RING->ring_fd, keys, 3, CRING_CANCEL_WAIT,
				 LIMIT_MS * NSEC_PER_MSEC));
	EXPECT_EQ(-EALREADY, keys[0].res);
	EXPECT_EQ(-ENOENT, keys[1].res);
	EXPECT_GE(keys[2].res, 1);
	expect_one_each(RING, 1, 2);
	expect_res(RING, 1, -ECANCELED);
	expect_res(RING, 2, -ECANCELED);
}

TEST_F(compat, timeout_and_wait_with_64_bit_times)
{
	struct cring_timespec ts = ms_ts(50);
	sigset_t mask;
	uint64_t start = now_ns();
	struct cring_wait w = {
		.min_complete = 1, .flags = CRING_WAIT_TIMEOUT,
		.timeout = LIMIT_MS * NSEC_PER_MSEC,
		.sigmask = PTR64(&mask), .sigmask_size = 8,
	};

	sigfillset(&mask);
	put(RING, .opcode = CRING_OP_TIMEOUT, .fd = -1, .addr = PTR64(&ts),
	    .len = 1, .user_data = 1);
	submit_all(RING, 1);
	EXPECT_EQ(0, ioc_ptr(RING->ring_fd, CRING_IOC_WAIT, &w));
	EXPECT_GE(now_ns() - start, 50 * NSEC_PER_MSEC);
	expect_res(RING, 1, -ETIME);
	w.min_complete = 2;
	w.timeout = 20 * NSEC_PER_MSEC;
	EXPECT_EQ(-ETIME, ioc_ptr(RING->ring_fd, CRING_IOC_WAIT, &w));
}

/* The upper half of an address is not thrown away. */
TEST_F(compat, an_address_beyond_4_gib_is_efault)
{
	char buf[8];

	put(RING, .opcode = CRING_OP_READ, .fd = self->fd, .len = 8,
	    .addr = PTR64(buf) | 1ULL << 40, .user_data = 1);
	submit_all(RING, 1);
	EXPECT_EQ(-EFAULT, reap_res(RING, 1));
}

TEST_HARNESS_MAIN
