// SPDX-License-Identifier: MIT
/*
 * Every operation against every way to get its SQE wrong.  The table says
 * which fields an operation uses; all the others must be zero.  Each bad SQE
 * goes out between two good ones, which must not notice.
 */
#include "util_sys.h"

/* Fields an operation may use; `fd` is judged apart. */
#define F_OFF		(1U << 0)
#define F_ADDR		(1U << 1)
#define F_LEN		(1U << 2)
#define F_FLAGS		(1U << 3)
#define F_IOPRIO	(1U << 4)
#define F_BUF		(1U << 5)
#define F_FD_IN		(1U << 6)
#define RW		(F_OFF | F_ADDR | F_LEN | F_FLAGS | F_IOPRIO)
#define ALL_FIELDS	(RW | F_BUF | F_FD_IN)

FIXTURE(op) {
	struct cring ring;
	int fd, other;
	char *buf;
	struct iovec iov;
	struct cring_timespec ts;
};
FIXTURE_VARIANT(op) {
	unsigned char op;
	unsigned int uses;
	bool file;		/* fd names a file */
	bool memory;		/* addr is memory that is read or written */
	unsigned int bad_flags;	/* op_flags that are refused ... */
	int flags_err;		/* ... so */
	int good;		/* result of the base SQE */
};

#define OP(name, uses, file, memory, bad_flags, flags_err, good) \
	FIXTURE_VARIANT_ADD(op, name) \
	{ CRING_OP_##name, uses, file, memory, bad_flags, flags_err, good }

OP(NOP, 0, false, false, 1, -EINVAL, 0);
OP(READ, RW, true, true, 1U << 30, -EOPNOTSUPP, 64);
OP(WRITE, RW, true, true, 1U << 30, -EOPNOTSUPP, 64);
OP(READV, RW, true, true, 1U << 30, -EOPNOTSUPP, 64);
OP(WRITEV, RW, true, true, 1U << 30, -EOPNOTSUPP, 64);
OP(READ_FIXED, RW | F_BUF, true, true, 1U << 30, -EOPNOTSUPP, 64);
OP(WRITE_FIXED, RW | F_BUF, true, true, 1U << 30, -EOPNOTSUPP, 64);
OP(FSYNC, F_OFF | F_LEN | F_FLAGS, true, false, 1U << 1, -EINVAL, 0);
OP(FALLOCATE, F_OFF | F_ADDR | F_LEN, true, false, 1, -EINVAL, 0);
OP(SYNC_FILE_RANGE, F_OFF | F_LEN | F_FLAGS, true, false, 1U << 3, -EINVAL, 0);
OP(COPY_FILE_RANGE, F_OFF | F_ADDR | F_LEN | F_FD_IN, true, false, 1, -EINVAL,
   64);
OP(POLL_ADD, F_FLAGS, true, false, 1U << 16, -EINVAL, POLLIN);
OP(POLL_REMOVE, F_ADDR, false, false, 1, -EINVAL, -ENOENT);
OP(TIMEOUT, F_OFF | F_ADDR | F_LEN | F_FLAGS, false, true, 1U << 6, -EINVAL,
   -ETIME);
OP(TIMEOUT_REMOVE, F_ADDR | F_FLAGS, false, false, 1U << 6, -EINVAL, -ENOENT);
OP(ASYNC_CANCEL, F_ADDR | F_FLAGS, false, false, 1U << 6, -EINVAL, -ENOENT);
OP(LINK_TIMEOUT, F_ADDR | F_LEN | F_FLAGS, false, true, 1U << 6, -EINVAL,
   -ETIME);

FIXTURE_SETUP(op)
{
	struct iovec reg;

	self->fd = new_filled("/tmp", O_RDWR, 8192, 1);
	self->other = new_filled("/tmp", O_RDWR, 8192, 2);
	self->buf = new_pages(8192);
	self->iov = (struct iovec){ self->buf, 64 };
	self->ts = ms_ts(1);
	ring_init(&self->ring, 16);
	reg = (struct iovec){ self->buf, 8192 };
	ASSERT_EQ(0, cring_register_buffers(&self->ring, &reg, 1));
}
FIXTURE_TEARDOWN(op) { cring_queue_exit(&self->ring); }

/* A SQE of this operation that is right in every field. */
static void base(struct cring_sqe *sqe, const FIXTURE_VARIANT(op) *v,
		 FIXTURE_DATA(op) *self)
{
	sqe->opcode = v->op;
	if (v->file)
		sqe->fd = self->fd;
	switch (v->op) {
	case CRING_OP_READV:
	case CRING_OP_WRITEV:
		sqe->addr = PTR64(&self->iov);
		sqe->len = 1;
		break;
	case CRING_OP_READ:
	case CRING_OP_WRITE:
	case CRING_OP_READ_FIXED:
	case CRING_OP_WRITE_FIXED:
		sqe->addr = PTR64(self->buf);
		sqe->len = 64;
		break;
	case CRING_OP_FALLOCATE:
		sqe->addr = 4096;
		break;
	case CRING_OP_COPY_FILE_RANGE:
		sqe->fd_in = self->other;
		sqe->len = 64;
		break;
	case CRING_OP_POLL_ADD:
		sqe->poll32_events = POLLIN;
		break;
	case CRING_OP_TIMEOUT:
	case CRING_OP_LINK_TIMEOUT:
		sqe->addr = PTR64(&self->ts);
		sqe->len = 1;
		break;
	case CRING_OP_POLL_REMOVE:
	case CRING_OP_TIMEOUT_REMOVE:
	case CRING_OP_ASYNC_CANCEL:
		sqe->addr = 0xabcdef;
		break;
	}
}

/*
 * Runs one SQE, as @change leaves it, between two NOPs.  A LINK_TIMEOUT gets a
 * timeout to limit.  The result of the SQE.
 */
#define RUN(change) __extension__ ({					\
	struct cring_sqe *sqe = begin(_metadata, variant, self);	\
	base(sqe, variant, self);					\
	change;								\
	finish(_metadata, variant, self); })

static struct cring_timespec far = { .tv_sec = 1000 };

static struct cring_sqe *begin(struct __test_metadata *_metadata,
			       const FIXTURE_VARIANT(op) *v,
			       FIXTURE_DATA(op) *self)
{
	new_sqe(&self->ring, 1);
	if (v->op == CRING_OP_LINK_TIMEOUT) {
		struct cring_sqe *head = new_sqe(&self->ring, 4);

		cring_prep_timeout(head, &far, 0, 0);
		head->flags = CRING_SQE_IO_LINK;
	}
	return new_sqe(&self->ring, 2);
}

static int finish(struct __test_metadata *_metadata,
		  const FIXTURE_VARIANT(op) *v, FIXTURE_DATA(op) *self)
{
	int n = v->op == CRING_OP_LINK_TIMEOUT ? 4 : 3, i;
	int res[5] = { 12345, 12345, 12345, 12345, 12345 };

	new_sqe(&self->ring, 3);
	submit_all(&self->ring, n);
	for (i = 0; i < n; i++) {
		struct cring_cqe c = reap(&self->ring);

		ASSERT_LT(c.user_data, 5);
		ASSERT_EQ(12345, res[c.user_data]);
		res[c.user_data] = c.res;
	}
	EXPECT_EQ(0, res[1]);
	EXPECT_EQ(0, res[3]);
	EXPECT_EQ(0, cring_in_flight(&self->ring));
	return res[2];
}

TEST_F(op, abi_base_sqe_is_right)
{
	EXPECT_EQ(variant->good, RUN((void)sqe));
}

TEST_F(op, abi_reserved_fields_must_be_zero)
{
	EXPECT_EQ(-EINVAL, RUN(sqe->__resv = 1));
	EXPECT_EQ(-EINVAL, RUN(sqe->deadline = 1));
	EXPECT_EQ(-EINVAL, RUN(sqe->deadline = ~0ULL));
	/* a cancel is in no group */
	EXPECT_EQ(variant->op == CRING_OP_ASYNC_CANCEL ? -EINVAL :
		  variant->good, RUN(sqe->group = 1));
	EXPECT_EQ(-EINVAL, RUN(sqe->xflags = CRING_SQE_X_DEADLINE_ABS));
	EXPECT_EQ(-EINVAL, RUN(sqe->xflags = 1U << 15));
	EXPECT_EQ(-EINVAL, RUN(sqe->xflags = ~0U));
	EXPECT_EQ(variant->good, RUN(sqe->xflags = CRING_SQE_X_ADVISORY));
}

TEST_F(op, abi_unknown_sqe_flags_are_einval)
{
	EXPECT_EQ(-EINVAL, RUN(sqe->flags |= 1U << 5));
	EXPECT_EQ(-EINVAL, RUN(sqe->flags |= 1U << 7));
}

TEST_F(op, abi_unused_fields_must_be_zero)
{
	const unsigned int unused = ALL_FIELDS & ~variant->uses;

	if (unused & F_OFF)
		EXPECT_EQ(-EINVAL, RUN(sqe->off = 1));
	if (unused & F_ADDR)
		EXPECT_EQ(-EINVAL, RUN(sqe->addr = 1ULL << 40));
	if (unused & F_LEN)
		EXPECT_EQ(-EINVAL, RUN(sqe->len = 1));
	if (unused & F_FLAGS)
		EXPECT_EQ(-EINVAL, RUN(sqe->op_flags = 1));
	if (unused & F_IOPRIO)
		EXPECT_EQ(-EINVAL, RUN(sqe->ioprio = 1));
	if (unused & F_BUF)
		EXPECT_EQ(-EINVAL, RUN(sqe->buf_index = 1));
	if (unused & F_FD_IN)
		EXPECT_EQ(-EINVAL, RUN(sqe->fd_in = -1));
	/* What is used is judged by its value: no such I/O priority class. */
	EXPECT_EQ(-EINVAL, RUN(sqe->ioprio = 7 << 13));
}

TEST_F(op, abi_bad_op_flags)
{
	EXPECT_EQ(variant->flags_err, RUN(sqe->op_flags = variant->bad_flags));
	EXPECT_EQ(variant->flags_err, RUN(sqe->op_flags = 1U << 31));
}

TEST_F(op, abi_bad_fd_is_ebadf)
{
	static const int fds[] = { -1, 1000, INT32_MAX, INT32_MIN };
	size_t i;

	if (!variant->file) {
		/* It takes none, and looks at none. */
		EXPECT_EQ(variant->good, RUN(sqe->fd = -1));
		EXPECT_EQ(variant->good, RUN(sqe->fd = 1000));
		return;
	}
	for (i = 0; i < ARRAY_LEN(fds); i++) {
		int fd = fds[i];

		EXPECT_EQ(-EBADF, RUN(sqe->fd = fd))
			TH_LOG("fd %d", fd);
	}
	/* No files are registered: every slot is empty. */
	EXPECT_EQ(-EBADF, RUN((sqe->fd = 0,
			       sqe->flags |= CRING_SQE_FIXED_FILE)));
}

TEST_F(op, abi_bad_memory_is_efault)
{
	if (!variant->memory) {
		/* Its address is a number, which is never followed. */
		EXPECT_TRUE(is_byte(self->buf, 8192, 0));
		EXPECT_NE(-EFAULT, RUN((void)sqe));
		return;
	}
	EXPECT_EQ(-EFAULT, RUN(sqe->addr = 8));
	EXPECT_EQ(-EFAULT, RUN(sqe->addr = 1ULL << 63));
	EXPECT_EQ(-EFAULT, RUN(sqe->addr = ~0ULL - 15));
	EXPECT_EQ(-EFAULT, RUN(sqe->addr = 0));
}

/* A ring fd is no target (S8). */
TEST_F(op, s8_ring_is_no_target)
{
	EXPECT_EQ(variant->file ? -EOPNOTSUPP : variant->good,
		  RUN(sqe->fd = self->ring.ring_fd));
}

/* C1: user_data comes back as it was, whatever it is and however it ended. */
TEST_F(op, c1_user_data_comes_back_untouched)
{
	static const uint64_t data[] = { 0, 1, ~0ULL, 1ULL << 63, 0xdeadbeef };
	size_t i;

	if (variant->op == CRING_OP_LINK_TIMEOUT)
		SKIP(return, "never alone in its queue");
	for (i = 0; i < ARRAY_LEN(data); i++) {
		struct cring_sqe *sqe = new_sqe(&self->ring, data[i]);

		base(sqe, variant, self);
		submit_all(&self->ring, 1);
		EXPECT_EQ(variant->good, reap_res(&self->ring, data[i]));
		sqe = new_sqe(&self->ring, data[i]);
		base(sqe, variant, self);
		sqe->__resv = 7;
		submit_all(&self->ring, 1);
		EXPECT_EQ(-EINVAL, reap_res(&self->ring, data[i]));
	}
	expect_quiet(&self->ring);
}

TEST(abi_unknown_opcodes_are_einval)
{
	struct cring_query q = { 0 };
	struct cring ring;
	unsigned int op;

	ring_init(&ring, 8);
	ASSERT_EQ(0, cring_query(&q));
	for (op = 0; op < 256; op++) {
		struct cring_sqe *sqe;

		if (cring_opcode_supported(&q, op))
			continue;
		sqe = new_sqe(&ring, 0);
		sqe->opcode = (uint8_t)op;
		EXPECT_EQ(-EINVAL, run_sqe(&ring, sqe))
			TH_LOG("opcode %u", op);
	}
	cring_queue_exit(&ring);
}

TEST_HARNESS_MAIN
