// SPDX-License-Identifier: MIT
/*
 * CRING_IOC_QUERY tells what is there and what the limits are; and what it does
 * not tell of is refused if it is required, and ignored if it is advisory.
 */
#include "util.h"
#include "cancel_util.h"
#include "module_util.h"

FIXTURE(query) {
	struct cring_query q;
	struct cring ring;
};

#define RING	(&self->ring)

FIXTURE_SETUP(query)
{
	ASSERT_EQ(0, cring_query(&self->q));
	ring_init(RING, 8);
}

FIXTURE_TEARDOWN(query)
{
	cring_queue_exit(RING);
}

TEST_F(query, abi_limits_are_those_in_force)
{
	const struct cring_query *q = &self->q;

	EXPECT_EQ(CRING_ABI_VERSION, q->version);
	EXPECT_EQ(CRING_MAX_SQ_ENTRIES, q->max_sq_entries);
	EXPECT_EQ(CRING_MAX_CQ_ENTRIES, q->max_cq_entries);
	EXPECT_EQ(CRING_CANCEL_MAX_KEYS, q->max_keys);
	EXPECT_EQ(CRING_MAX_SEALS, q->max_seals);
	EXPECT_EQ(parameter("max_user_rings"), q->max_rings);
	EXPECT_EQ(parameter("max_user_workers"), q->max_workers);
	EXPECT_EQ(parameter("max_user_detached"), q->max_detached);
	EXPECT_EQ(parameter("max_workers"), q->max_ring_workers);
	EXPECT_TRUE(is_byte(q->resv, sizeof(q->resv), 0));
}

TEST_F(query, abi_anybody_may_ask_at_any_time)
{
	struct cring_query q;
	int fd = open(CRING_DEVICE, O_RDWR | O_CLOEXEC);

	memset(&q, 0xff, sizeof(q));
	ASSERT_EQ(0, ioc_ptr(fd, CRING_IOC_QUERY, &q));
	EXPECT_EQ(0, memcmp(&q, &self->q, sizeof(q)));
	memset(&q, 0, sizeof(q));
	ASSERT_EQ(0, ioc_ptr(RING->ring_fd, CRING_IOC_QUERY, &q));
	EXPECT_EQ(0, memcmp(&q, &self->q, sizeof(q)));
	EXPECT_EQ(-EFAULT, ioc_ptr(fd, CRING_IOC_QUERY, NULL));
	close(fd);
}

/* ---- what it tells of is taken, and what it does not is not ---------------- */

TEST_F(query, abi_opcodes)
{
	unsigned int op;

	for (op = 0; op < 256; op++) {
		bool there = self->q.ops[op / 64] >> op % 64 & 1;
		struct cring_sqe *sqe;

		/* those that need nothing else; op_errors.c has the others */
		if (there && op != CRING_OP_NOP && op != CRING_OP_ASYNC_CANCEL)
			continue;
		sqe = new_sqe(RING, 0);
		*sqe = (struct cring_sqe){ .opcode = (uint8_t)op };
		EXPECT_EQ(!there ? -EINVAL : op ? -ENOENT : 0,
			  run_sqe(RING, sqe))
			TH_LOG("opcode %u", op);
	}
}

static int t_nop(struct __test_metadata *_metadata, struct cring *ring,
		 uint8_t flags, uint32_t xflags)
{
	struct cring_sqe *sqe = new_sqe(ring, 0);

	*sqe = (struct cring_sqe){ .flags = flags, .xflags = xflags };
	/* far in the future, for what wants a time */
	if (xflags & CRING_SQE_X_DEADLINE)
		sqe->deadline = INT64_MAX / 2;
	return t_run(_metadata, ring, sqe);
}
#define nop(flags, xflags)	t_nop(_metadata, RING, flags, xflags)

TEST_F(query, abi_sqe_flags_are_all_required)
{
	unsigned int bit;

	for (bit = 0; bit < 8; bit++) {
		uint8_t flag = (uint8_t)(1U << bit);

		/* one says that there is no CQE, another is for files */
		if (flag & (CRING_SQE_CQE_SKIP_SUCCESS | CRING_SQE_FIXED_FILE))
			continue;
		EXPECT_EQ(self->q.sqe_flags & flag ? 0 : -EINVAL, nop(flag, 0))
			TH_LOG("bit %u", bit);
	}
}

TEST_F(query, abi_xflags_are_required_below_and_advisory_above)
{
	unsigned int bit;

	EXPECT_EQ(UINT32_MAX, CRING_SQE_X_REQUIRED | CRING_SQE_X_ADVISORY);
	for (bit = 0; bit < 32; bit++) {
		uint32_t flag = 1U << bit;

		if (self->q.sqe_xflags & flag)
			continue;
		EXPECT_EQ(flag & CRING_SQE_X_ADVISORY ? 0 : -EINVAL,
			  nop(0, flag))
			TH_LOG("bit %u", bit);
	}
	EXPECT_EQ(0, nop(0, CRING_SQE_X_ADVISORY));
	EXPECT_EQ(-EINVAL, nop(0, UINT32_MAX & ~self->q.sqe_xflags));
	if (self->q.sqe_xflags & CRING_SQE_X_DEADLINE)
		EXPECT_EQ(0, nop(0, CRING_SQE_X_DEADLINE | CRING_SQE_X_ADVISORY));
}

TEST_F(query, abi_setup_flags_are_required_below_and_advisory_above)
{
	unsigned int bit;

	EXPECT_EQ(UINT32_MAX, CRING_SETUP_REQUIRED | CRING_SETUP_ADVISORY);
	for (bit = 0; bit < 32; bit++) {
		struct cring_params p = { .sq_entries = 4, .flags = 1U << bit };
		bool fine = p.flags & (self->q.setup_flags |
				       CRING_SETUP_ADVISORY);
		int fd = open(CRING_DEVICE, O_RDWR | O_CLOEXEC);

		if (p.flags == CRING_SETUP_CQSIZE)
			p.cq_entries = 8;
		EXPECT_EQ(fine ? 0 : -EINVAL, ioc_ptr(fd, CRING_IOC_SETUP, &p))
			TH_LOG("bit %u", bit);
		close(fd);
	}
}

TEST_F(query, abi_cancel_flags_are_all_required)
{
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		uint32_t flag = 1U << bit;
		int ret;

		if (self->q.cancel_flags & flag)
			continue;
		ret = cancel_key(RING->ring_fd, .flags = flag);
		EXPECT_EQ(-EINVAL, ret)
			TH_LOG("bit %u", bit);
	}
	for (bit = 0; bit < 32; bit++) {
		struct cring_cancel_key key = { .flags = C_ALL | C_ANY };
		uint32_t flag = 1U << bit;

		/* these go with something else */
		if (flag & (CRING_CANCEL_ABS | CRING_CANCEL_REAP))
			continue;
		EXPECT_EQ(self->q.sync_flags & flag ? 0 : -EINVAL,
			  cancel_call(RING->ring_fd, &key, 1, flag, 0))
			TH_LOG("bit %u", bit);
	}
}

TEST_HARNESS_MAIN
