// SPDX-License-Identifier: MIT
/*
 * C3: a wrong field or flag is -EINVAL, a key that names no open file is
 * -EBADF, a bad pointer is -EFAULT, and in all three nothing was cancelled.
 */
#include "util.h"
#include "cancel_util.h"

struct armed {
	struct cring ring;
	int p[2];
};

/* One armed read with user_data 1, which no wrong key may touch. */
static void start(struct __test_metadata *_metadata, struct armed *a)
{
	ring_init(&a->ring, 64);
	new_pipe(a->p, 0);
	arm_read(&a->ring, 1, a->p[0]);
}

static void stop(struct __test_metadata *_metadata, struct armed *a)
{
	EXPECT_EQ(0, cancel_key(a->ring.ring_fd, .user_data = 1));
	cring_queue_exit(&a->ring);
}

/* For what is wrong either way, and for what is wrong in one of them only. */
FIXTURE(arg) { struct armed a; };
FIXTURE_VARIANT(arg) { enum way way; };
FIXTURE_VARIANT_ADD(arg, by_sqe) { .way = BY_SQE };
FIXTURE_VARIANT_ADD(arg, by_call) { .way = BY_CALL };
FIXTURE_SETUP(arg) { start(_metadata, &self->a); }
FIXTURE_TEARDOWN(arg) { stop(_metadata, &self->a); }

FIXTURE(one) { struct armed a; };
FIXTURE_SETUP(one) { start(_metadata, &self->a); }
FIXTURE_TEARDOWN(one) { stop(_metadata, &self->a); }

#define RING	(&self->a.ring)
#define WAY	variant->way

/* The answer to that key must be @want, and the armed read untouched. */
#define refused(want, ...) do {						\
	EXPECT_EQ(want, cancel(RING, WAY, __VA_ARGS__));		\
	expect_pending(RING, 1);					\
} while (0)

TEST_F(arg, c3_any_goes_with_no_other_key)
{
	refused(-EINVAL, .fd = self->a.p[0], .flags = C_ANY | C_FD);
	refused(-EINVAL, .flags = C_ANY | C_UD, .user_data = 1);
	refused(-EINVAL, .flags = C_ANY | C_OP, .opcode = CRING_OP_READ);
	refused(-EINVAL, .flags = C_ANY | C_ALL | C_FD, .fd = self->a.p[0]);
}

TEST_F(arg, c3_fd_fixed_without_fd_is_einval)
{
	refused(-EINVAL, .fd = 0, .flags = CRING_ASYNC_CANCEL_FD_FIXED);
	refused(-EINVAL, .flags = CRING_ASYNC_CANCEL_FD_FIXED | C_ALL);
}

TEST_F(arg, c3_unknown_flag_is_einval)
{
	int bit;

	for (bit = 6; bit < 32; bit++)
		refused(-EINVAL, .user_data = 1, .flags = 1U << bit);
	refused(-EINVAL, .flags = C_ANY | C_ALL | 1U << 31);
}

TEST_F(arg, c3_unknown_opcode_as_key_is_einval)
{
	refused(-EINVAL, .opcode = 9, .flags = C_OP);
	refused(-EINVAL, .opcode = 127, .flags = C_OP | C_ALL);
	refused(-EINVAL, .opcode = 255, .flags = C_OP);
}

TEST_F(arg, c3_a_field_that_the_key_does_not_use_is_einval)
{
	refused(-EINVAL, .user_data = 1, .opcode = CRING_OP_READ);
	refused(-EINVAL, .user_data = 1, .fd = self->a.p[0], .flags = C_FD);
	refused(-EINVAL, .user_data = 1, .flags = C_ANY);
	refused(-EINVAL, .user_data = 1, .opcode = CRING_OP_READ,
		.flags = C_OP);
	refused(-EINVAL, .opcode = CRING_OP_READ, .flags = C_ANY | C_ALL);
}

TEST_F(arg, c3_a_closed_fd_as_key_is_ebadf)
{
	int d = dup(self->a.p[0]);

	close(d);
	refused(-EBADF, .fd = d, .flags = C_FD);
	refused(-EBADF, .fd = d, .flags = C_FD | C_ALL);
	refused(-EBADF, .fd = -1, .flags = C_FD);
	refused(-EBADF, .fd = INT32_MAX, .flags = C_FD);
	refused(-EBADF, .fd = d, .user_data = 1, .flags = C_FD | C_UD);
}

TEST_F(arg, c3_a_fixed_slot_without_a_table_is_ebadf)
{
	refused(-EBADF, .fd = 0, .flags = C_FIXED);
	refused(-EBADF, .fd = 0, .flags = C_FIXED | C_ALL);
}

TEST_F(arg, c3_an_open_file_without_operations_is_enoent)
{
	int q[2];

	new_pipe(q, 0);
	refused(-ENOENT, .fd = q[0], .flags = C_FD);
	refused(0, .fd = q[0], .flags = C_FD | C_ALL);
	refused(-ENOENT, .fd = RING->ring_fd, .flags = C_FD);
}

/* An SQE has more fields than a key: each must be 0 in a cancel. */
TEST_F(one, c3_an_sqe_field_that_cancel_does_not_use_is_einval)
{
	static const struct cring_sqe bad[] = {
		{ .off = 1 }, { .ioprio = 1 }, { .buf_index = 1 },
		{ .__resv = 1 }, { .fd_in = 1 }, { .deadline = 1 },
		{ .group = 1 }, { .xflags = 1U << 15 }, { .flags = 1 << 5 },
		{ .flags = 1 << 7 }, { .len = 1 },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		struct cring_sqe sqe = bad[i];

		sqe.opcode = CRING_OP_ASYNC_CANCEL;
		sqe.addr = 1;
		sqe.user_data = 100 + i;
		*new_sqe(RING, 0) = sqe;
		submit_all(RING, 1);
		EXPECT_EQ(-EINVAL, res_of(RING, 100 + i))
			TH_LOG("wrong SQE number %zu", i);
		expect_pending(RING, 1);
	}
}

/* And a key has fields for what is to come. */
TEST_F(one, c3_a_reserved_key_field_is_einval)
{
	static const struct cring_cancel_key bad[] = {
		{ .ticket = 1 }, { .group = 1 }, { .resv0 = { 1, 0, 0 } },
		{ .resv0 = { 0, 0, 1 } }, { .resv = { 1, 0, 0 } },
		{ .resv = { 0, 0, 1 } },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		struct cring_cancel_key key = bad[i];

		key.user_data = 1;
		EXPECT_EQ(-EINVAL, cancel_one(RING->ring_fd, key))
			TH_LOG("wrong key number %zu", i);
		expect_pending(RING, 1);
	}
}

TEST_F(one, c3_a_wrong_call_cancels_nothing)
{
	struct cring_cancel_key key = { .user_data = 1 };
	struct cring_cancel c = { .keys = PTR64(&key), .nr = 1 };
	int fd = RING->ring_fd;

	EXPECT_EQ(-EINVAL, cancel_call(fd, &key, 0, 0, 0));
	EXPECT_EQ(-EINVAL, cancel_call(fd, &key, CRING_CANCEL_MAX_KEYS + 1, 0,
				       0));
	EXPECT_EQ(-EINVAL, cancel_call(fd, &key, UINT32_MAX, 0, 0));
	EXPECT_EQ(-EINVAL, cancel_call(fd, &key, 1, 1 << 2, 0));
	EXPECT_EQ(-EINVAL, cancel_call(fd, &key, 1, 1U << 31, 0));
	EXPECT_EQ(-EINVAL, cancel_call(fd, &key, 1, 0, 1));
	EXPECT_EQ(-EINVAL, cancel_call(fd, &key, 1, CRING_CANCEL_WAIT, -2));
	c.resv = 1;
	EXPECT_EQ(-EINVAL, ioc_ptr(fd, CRING_IOC_CANCEL, &c));
	c.resv = 0;
	c.reaped = 1;
	EXPECT_EQ(-EINVAL, ioc_ptr(fd, CRING_IOC_CANCEL, &c));
	c.reaped = 0;
	c.reap_nr = 1;
	EXPECT_EQ(-EINVAL, ioc_ptr(fd, CRING_IOC_CANCEL, &c));
	expect_pending(RING, 1);
}

TEST_F(one, c3_a_bad_pointer_is_efault_and_cancels_nothing)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct cring_cancel_key *k;
	int fd = RING->ring_fd;

	ASSERT_NE(MAP_FAILED, page);
	EXPECT_EQ(-EFAULT, ioc_ptr(fd, CRING_IOC_CANCEL, NULL));
	EXPECT_EQ(-EFAULT, cancel_call(fd, NULL, 1, 0, 0));
	EXPECT_EQ(-EFAULT, cancel_call(fd, (void *)-4096L, 1, 0, 0));
	/* The second key lies on a page that is not there. */
	ASSERT_EQ(0, munmap(page + 4096, 4096));
	k = (struct cring_cancel_key *)(page + 4096) - 1;
	k->user_data = 1;
	EXPECT_EQ(-EFAULT, cancel_call(fd, k, 2, 0, 0));
	expect_pending(RING, 1);
	munmap(page, 4096);
}

/* One wrong key among good ones: it has its error, the others their answer. */
TEST_F(one, c3_a_wrong_key_does_not_spoil_its_neighbours)
{
	struct cring_cancel_key keys[3] = {
		{ .user_data = 2 },
		{ .user_data = 1, .flags = 1U << 20 },
		{ .user_data = 3 },
	};

	arm_read(RING, 2, self->a.p[0]);
	arm_read(RING, 3, self->a.p[0]);
	EXPECT_EQ(0, cancel_call(RING->ring_fd, keys, 3, 0, 0));
	EXPECT_EQ(0, keys[0].res);
	EXPECT_EQ(-EINVAL, keys[1].res);
	EXPECT_EQ(0, keys[2].res);
	expect_pending(RING, 1);
	expect_res(RING, 2, -ECANCELED);
	expect_res(RING, 3, -ECANCELED);
}

TEST_F(one, c3_before_set_up_there_is_no_ring_to_cancel_in)
{
	struct cring_cancel_key key = { .user_data = 1 };
	int fd = open(CRING_DEVICE, O_RDWR | O_CLOEXEC);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(-EBADFD, cancel_call(fd, &key, 1, 0, 0));
	close(fd);
}

TEST_HARNESS_MAIN
