// SPDX-License-Identifier: GPL-2.0
/*
 * Values that an operation does not take, and the last ones that it does: limits
 * of offsets, lengths, flags, times and fixed buffers.
 */
#include <linux/fs.h>
#include <linux/ioprio.h>

#include "validate.h"

/* a value for a field of an SQE that is fine otherwise */
struct set {
	unsigned int off, size;
	u64 value;
};

#define SET(_field, _value) {						\
	offsetof(struct cring_sqe, _field),				\
	sizeof_field(struct cring_sqe, _field), _value }

static const struct value_case {
	const char *name;
	u8 opcode;
	s32 res;
	struct set sets[3];
} value_cases[] = {
	{ "a read at the file's position", CRING_OP_READ, 8,
	  { SET(off, -1) } },
	{ "a read at -2", CRING_OP_READ, -EINVAL, { SET(off, -2) } },
	{ "a read at the smallest offset", CRING_OP_READ, -EINVAL,
	  { SET(off, S64_MIN) } },
	{ "a write at -2", CRING_OP_WRITE, -EINVAL, { SET(off, -2) } },
	{ "a vectored read at -2", CRING_OP_READV, -EINVAL, { SET(off, -2) } },
	{ "a vectored write at -2", CRING_OP_WRITEV, -EINVAL,
	  { SET(off, -2) } },
	{ "a fixed read at -2", CRING_OP_READ_FIXED, -EINVAL,
	  { SET(off, -2) } },
	{ "a fixed write at -2", CRING_OP_WRITE_FIXED, -EINVAL,
	  { SET(off, -2) } },
	{ "a read of nothing", CRING_OP_READ, 0, { SET(len, 0) } },
	{ "a read of more than the file", CRING_OP_READ, 64,
	  { SET(len, 4096) } },
	{ "a read behind the file", CRING_OP_READ, 0, { SET(off, 64) } },
	{ "a read into nothing", CRING_OP_READ, -EFAULT, { SET(addr, 8) } },
	{ "a read into the kernel", CRING_OP_READ, -EFAULT,
	  { SET(addr, 1ULL << 63) } },
	{ "a write from the kernel", CRING_OP_WRITE, -EFAULT,
	  { SET(addr, U64_MAX - 7) } },
	{ "an idle priority", CRING_OP_READ, 8,
	  { SET(ioprio, IOPRIO_CLASS_IDLE << IOPRIO_CLASS_SHIFT) } },
	{ "a best-effort priority", CRING_OP_WRITE, 8,
	  { SET(ioprio, IOPRIO_CLASS_BE << IOPRIO_CLASS_SHIFT | 7) } },
	{ "a priority without a class", CRING_OP_READ, -EINVAL,
	  { SET(ioprio, 4) } },
	{ "a priority of no class", CRING_OP_READ, -EINVAL,
	  { SET(ioprio, 4 << IOPRIO_CLASS_SHIFT) } },
	{ "a priority of the last class", CRING_OP_WRITE_FIXED, -EINVAL,
	  { SET(ioprio, 7 << IOPRIO_CLASS_SHIFT) } },
	{ "polled I/O", CRING_OP_READ, 8,
	  { SET(op_flags, (__force u32)RWF_HIPRI) } },
	{ "no waiting, by a file that has to", CRING_OP_READ, -EOPNOTSUPP,
	  { SET(op_flags, (__force u32)RWF_NOWAIT) } },
	{ "an unknown flag of a read", CRING_OP_READ, -EOPNOTSUPP,
	  { SET(op_flags, 1U << 31) } },
	{ "an unknown flag of a write", CRING_OP_WRITEV, -EOPNOTSUPP,
	  { SET(op_flags, 1U << 30) } },

	{ "no vectors", CRING_OP_READV, 0, { SET(len, 0) } },
	{ "too many vectors", CRING_OP_READV, -EINVAL, { SET(len, 1025) } },
	{ "far too many vectors", CRING_OP_WRITEV, -EINVAL,
	  { SET(len, U32_MAX) } },
	{ "vectors that are not there", CRING_OP_READV, -EFAULT,
	  { SET(addr, 8) } },
	{ "vectors in the kernel", CRING_OP_WRITEV, -EFAULT,
	  { SET(addr, 1ULL << 63) } },

	{ "a fixed buffer that is not there", CRING_OP_READ_FIXED, -EFAULT,
	  { SET(buf_index, 1) } },
	{ "the last fixed buffer", CRING_OP_WRITE_FIXED, -EFAULT,
	  { SET(buf_index, U16_MAX) } },
	{ "far from the fixed buffer", CRING_OP_READ_FIXED, -EFAULT,
	  { SET(addr, 0) } },
	{ "more than the fixed buffer", CRING_OP_READ_FIXED, -EFAULT,
	  { SET(len, 4097) } },
	{ "all of the fixed buffer", CRING_OP_READ_FIXED, 64,
	  { SET(len, 4096) } },

	{ "the data alone", CRING_OP_FSYNC, 0,
	  { SET(op_flags, CRING_FSYNC_DATASYNC) } },
	{ "an unknown flag of fsync", CRING_OP_FSYNC, -EINVAL,
	  { SET(op_flags, 2) } },
	{ "the last flag of fsync", CRING_OP_FSYNC, -EINVAL,
	  { SET(op_flags, 1U << 31) } },
	{ "fsync from -1", CRING_OP_FSYNC, -EINVAL, { SET(off, -1) } },
	{ "fsync up to the last byte", CRING_OP_FSYNC, 0,
	  { SET(off, S64_MAX - 1), SET(len, 1) } },
	{ "fsync over the last byte", CRING_OP_FSYNC, -EINVAL,
	  { SET(off, S64_MAX), SET(len, 1) } },

	{ "all flags of sync_file_range", CRING_OP_SYNC_FILE_RANGE, 0,
	  { SET(op_flags, 7) } },
	{ "an unknown flag of sync_file_range", CRING_OP_SYNC_FILE_RANGE,
	  -EINVAL, { SET(op_flags, 8) } },
	{ "sync_file_range from -1", CRING_OP_SYNC_FILE_RANGE, -EINVAL,
	  { SET(off, -1) } },
	{ "sync_file_range over the last byte", CRING_OP_SYNC_FILE_RANGE,
	  -EINVAL, { SET(off, S64_MAX), SET(len, U32_MAX) } },

	{ "fallocate from -1", CRING_OP_FALLOCATE, -EINVAL, { SET(off, -1) } },
	{ "fallocate of nothing", CRING_OP_FALLOCATE, -EINVAL,
	  { SET(addr, 0) } },
	{ "fallocate of a negative length", CRING_OP_FALLOCATE, -EINVAL,
	  { SET(addr, 1ULL << 63) } },
	{ "fallocate in an unknown mode", CRING_OP_FALLOCATE, -EOPNOTSUPP,
	  { SET(len, 1U << 31) } },

	{ "a copy between the positions", CRING_OP_COPY_FILE_RANGE, 0,
	  { SET(off, -1), SET(off_in, -1) } },
	{ "a copy to -2", CRING_OP_COPY_FILE_RANGE, -EINVAL, { SET(off, -2) } },
	{ "a copy from -2", CRING_OP_COPY_FILE_RANGE, -EINVAL,
	  { SET(off_in, -2) } },
	{ "a copy from the smallest offset", CRING_OP_COPY_FILE_RANGE, -EINVAL,
	  { SET(off_in, S64_MIN) } },
	{ "a copy from what is not open", CRING_OP_COPY_FILE_RANGE, -EBADF,
	  { SET(fd_in, -1) } },

	{ "all events there are", CRING_OP_POLL_ADD, 0x145,
	  { SET(op_flags, U16_MAX) } },
	{ "one event too many", CRING_OP_POLL_ADD, -EINVAL,
	  { SET(op_flags, 1U << 16) } },
	{ "edges", CRING_OP_POLL_ADD, -EINVAL, { SET(op_flags, 1U << 31) } },

	{ "no time", CRING_OP_TIMEOUT, -EINVAL, { SET(len, 0) } },
	{ "two times", CRING_OP_TIMEOUT, -EINVAL, { SET(len, 2) } },
	{ "a time that is not there", CRING_OP_TIMEOUT, -EFAULT,
	  { SET(addr, 8) } },
	{ "a time in the kernel", CRING_OP_TIMEOUT, -EFAULT,
	  { SET(addr, 1ULL << 63) } },
	{ "as many completions as can be", CRING_OP_TIMEOUT, -ETIME,
	  { SET(off, S32_MAX) } },
	{ "one completion too many", CRING_OP_TIMEOUT, -EINVAL,
	  { SET(off, 1ULL << 31) } },
	{ "completions in the high half", CRING_OP_TIMEOUT, -EINVAL,
	  { SET(off, 1ULL << 32 | 1) } },
	{ "an absolute time", CRING_OP_TIMEOUT, -ETIME,
	  { SET(op_flags, CRING_TIMEOUT_ABS) } },
	{ "a time since boot", CRING_OP_TIMEOUT, -ETIME,
	  { SET(op_flags, CRING_TIMEOUT_BOOTTIME) } },
	{ "a real time", CRING_OP_TIMEOUT, -ETIME,
	  { SET(op_flags, CRING_TIMEOUT_REALTIME) } },
	{ "two clocks", CRING_OP_TIMEOUT, -EINVAL,
	  { SET(op_flags, CRING_TIMEOUT_BOOTTIME | CRING_TIMEOUT_REALTIME) } },
	{ "an update of itself", CRING_OP_TIMEOUT, -EINVAL,
	  { SET(op_flags, CRING_TIMEOUT_UPDATE) } },
	{ "an update of a watch by a timeout", CRING_OP_TIMEOUT, -EINVAL,
	  { SET(op_flags, CRING_LINK_TIMEOUT_UPDATE) } },
	{ "an unknown flag of a timeout", CRING_OP_TIMEOUT, -EINVAL,
	  { SET(op_flags, 1U << 6) } },

	{ "an absolute watch", CRING_OP_LINK_TIMEOUT, -ECANCELED,
	  { SET(op_flags, CRING_TIMEOUT_ABS | CRING_TIMEOUT_REALTIME) } },
	{ "a watch without a time", CRING_OP_LINK_TIMEOUT, -EINVAL,
	  { SET(len, 0) } },
	{ "a watch whose time is not there", CRING_OP_LINK_TIMEOUT, -EFAULT,
	  { SET(addr, 8) } },
	{ "a watch on two clocks", CRING_OP_LINK_TIMEOUT, -EINVAL,
	  { SET(op_flags, CRING_TIMEOUT_BOOTTIME | CRING_TIMEOUT_REALTIME) } },
	{ "an update by a watch", CRING_OP_LINK_TIMEOUT, -EINVAL,
	  { SET(op_flags, CRING_TIMEOUT_UPDATE) } },

	{ "a removal with a time", CRING_OP_TIMEOUT_REMOVE, -EINVAL,
	  { SET(addr2, 8) } },
	{ "a removal with a clock", CRING_OP_TIMEOUT_REMOVE, -EINVAL,
	  { SET(op_flags, CRING_TIMEOUT_REALTIME) } },
	{ "a removal at a time", CRING_OP_TIMEOUT_REMOVE, -EINVAL,
	  { SET(op_flags, CRING_TIMEOUT_ABS) } },
	{ "a removal that is a success", CRING_OP_TIMEOUT_REMOVE, -EINVAL,
	  { SET(op_flags, CRING_TIMEOUT_ETIME_SUCCESS) } },
	{ "an update without a time", CRING_OP_TIMEOUT_REMOVE, -EFAULT,
	  { SET(op_flags, CRING_TIMEOUT_UPDATE) } },
	{ "an update to two clocks", CRING_OP_TIMEOUT_REMOVE, -EINVAL,
	  { SET(op_flags, CRING_TIMEOUT_UPDATE | CRING_TIMEOUT_BOOTTIME |
		CRING_TIMEOUT_REALTIME) } },
	{ "an update with an unknown flag", CRING_OP_TIMEOUT_REMOVE, -EINVAL,
	  { SET(op_flags, CRING_TIMEOUT_UPDATE | 1U << 31) } },

	{ "a cancel of an opcode", CRING_OP_ASYNC_CANCEL, -ENOENT,
	  { SET(op_flags, CRING_ASYNC_CANCEL_OP), SET(addr, 0),
	    SET(len, CRING_OP_READ) } },
	{ "a cancel of an opcode that is not there", CRING_OP_ASYNC_CANCEL,
	  -EINVAL, { SET(op_flags, CRING_ASYNC_CANCEL_OP), SET(addr, 0),
		     SET(len, 9) } },
	{ "a cancel of an opcode above 255", CRING_OP_ASYNC_CANCEL, -EINVAL,
	  { SET(op_flags, CRING_ASYNC_CANCEL_OP), SET(addr, 0),
	    SET(len, 256 + CRING_OP_READ) } },
	{ "a cancel with an opcode that is no key", CRING_OP_ASYNC_CANCEL,
	  -EINVAL, { SET(len, CRING_OP_READ) } },
	{ "a cancel of anything with a user_data", CRING_OP_ASYNC_CANCEL,
	  -EINVAL, { SET(op_flags, CRING_ASYNC_CANCEL_ANY) } },
	{ "a cancel of anything", CRING_OP_ASYNC_CANCEL, -ENOENT,
	  { SET(op_flags, CRING_ASYNC_CANCEL_ANY), SET(addr, 0) } },
	{ "a cancel of all", CRING_OP_ASYNC_CANCEL, 0,
	  { SET(op_flags, CRING_ASYNC_CANCEL_ALL) } },
	{ "a cancel by a slot that is no key", CRING_OP_ASYNC_CANCEL, -EINVAL,
	  { SET(op_flags, CRING_ASYNC_CANCEL_FD_FIXED) } },
	{ "a cancel by what is not open", CRING_OP_ASYNC_CANCEL, -EBADF,
	  { SET(op_flags, CRING_ASYNC_CANCEL_FD), SET(addr, 0), SET(fd, -1) } },
	{ "a cancel by an empty slot", CRING_OP_ASYNC_CANCEL, -EBADF,
	  { SET(op_flags, CRING_ASYNC_CANCEL_FD | CRING_ASYNC_CANCEL_FD_FIXED),
	    SET(addr, 0), SET(fd, 1) } },
	{ "a cancel by a slot", CRING_OP_ASYNC_CANCEL, -ENOENT,
	  { SET(op_flags, CRING_ASYNC_CANCEL_FD | CRING_ASYNC_CANCEL_FD_FIXED),
	    SET(addr, 0), SET(fd, 0) } },
	{ "a cancel with an unknown flag", CRING_OP_ASYNC_CANCEL, -EINVAL,
	  { SET(op_flags, 1U << 6) } },
};

KUNIT_ARRAY_PARAM_DESC(value, value_cases, name);

static void apply(struct cring_sqe *sqe, const struct set *set)
{
	void *field = (void *)sqe + set->off;

	switch (set->size) {
	case sizeof(u16):
		*(u16 *)field = set->value;
		break;
	case sizeof(u32):
		*(u32 *)field = set->value;
		break;
	case sizeof(u64):
		*(u64 *)field = set->value;
		break;
	}
}

static void a_value_is_taken_or_refused(struct kunit *test)
{
	const struct value_case *what = test->param_value;
	struct validate_test *t = test->priv;
	struct cring_sqe sqe = fine_sqe(t, sqe_row_of(what->opcode));
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(what->sets); i++)
		apply(&sqe, &what->sets[i]);
	EXPECT_ANSWER(t, &sqe, what->res, "%s", what->name);
	LIVE_EXPECT_NO_CQE(t->live);
	KUNIT_EXPECT_EQ(test, live_in_flight(t->live), 0);
}

/* ---------------------------------------------------------------------------
 * Values that are known only when a test runs
 */

static const struct time_case {
	const char *name;
	s64 sec, nsec;
	s32 res;
} time_cases[] = {
	{ "nothing", 0, 0, -ETIME },
	{ "a nanosecond", 0, 1, -ETIME },
	{ "a nanosecond less than nothing", 0, -1, -EINVAL },
	{ "a second less than nothing", -1, 0, -EINVAL },
	{ "the smallest second", S64_MIN, 0, -EINVAL },
	{ "the smallest nanosecond", 0, S64_MIN, -EINVAL },
	{ "a second in nanoseconds", 0, 1000000000, -EINVAL },
	{ "2^32 nanoseconds", 0, 1LL << 32, -EINVAL },
	{ "the largest nanosecond", 0, S64_MAX, -EINVAL },
	{ "both are wrong", -1, -1, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(time, time_cases, name);

static void a_time_is_taken_or_refused(struct kunit *test)
{
	const struct time_case *what = test->param_value;
	struct validate_test *t = test->priv;
	struct cring_sqe sqe;

	sqe = fine_sqe(t, sqe_row_of(CRING_OP_TIMEOUT));
	sqe.addr = user_time(t->live, what->sec, what->nsec);
	EXPECT_ANSWER(t, &sqe, what->res, "TIMEOUT");
	/* a watch's time never comes here */
	sqe = fine_sqe(t, sqe_row_of(CRING_OP_LINK_TIMEOUT));
	sqe.addr = user_time(t->live, what->sec, what->nsec);
	EXPECT_ANSWER(t, &sqe, what->res == -ETIME ? -ECANCELED : what->res,
		      "LINK_TIMEOUT");
	sqe = fine_sqe(t, sqe_row_of(CRING_OP_TIMEOUT_REMOVE));
	sqe.timeout_flags = CRING_TIMEOUT_UPDATE;
	sqe.addr2 = user_time(t->live, what->sec, what->nsec);
	EXPECT_ANSWER(t, &sqe, what->res == -ETIME ? -ENOENT : what->res,
		      "TIMEOUT_REMOVE");
}

/* the furthest that there is: it waits, and does not wrap */
static void the_largest_time_is_for_ever(struct kunit *test)
{
	struct validate_test *t = test->priv;
	struct live *live = t->live;

	forever(live, 1)->addr = user_time(live, S64_MAX, 999999999);
	KUNIT_EXPECT_EQ(test, live_submit(live), 1);
	LIVE_EXPECT_STATE(live, 1, CRING_ARMED);
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, 1), 0);
	LIVE_EXPECT_CQE(live, 1, -ECANCELED);
}

/* the first byte before the fixed buffer, and the first behind it */
static void a_fixed_buffer_has_its_bytes_and_no_more(struct kunit *test)
{
	static const u8 opcodes[] = {
		CRING_OP_READ_FIXED, CRING_OP_WRITE_FIXED
	};
	static const struct {
		s64 off;
		u32 len;
		bool inside;
	} parts[] = {
		{ 0, 1, true }, { PAGE_SIZE - 1, 1, true },
		{ PAGE_SIZE - 8, 8, true }, { PAGE_SIZE, 0, true },
		{ -1, 1, false }, { -1, 2, false }, { -8, 8, false },
		{ PAGE_SIZE, 1, false }, { PAGE_SIZE - 8, 9, false },
		{ 1, PAGE_SIZE, false }, { 8, U32_MAX - 4, false },
		{ -1, 0, false }, { PAGE_SIZE + 1, 0, false },
		{ S64_MIN, 8, false },
	};
	struct validate_test *t = test->priv;
	unsigned int i, k;

	for (k = 0; k < ARRAY_SIZE(opcodes); k++) {
		for (i = 0; i < ARRAY_SIZE(parts); i++) {
			struct cring_sqe sqe = {
				.opcode = opcodes[k], .fd = t->fd,
				.addr = t->mem + parts[i].off,
				.len = parts[i].len, .user_data = 1,
			};

			EXPECT_ANSWER(t, &sqe, parts[i].inside ?
				      (s32)parts[i].len : -EFAULT,
				      "%u bytes at %lld", parts[i].len,
				      parts[i].off);
		}
	}
}

static void a_file_is_read_and_written_only_as_it_was_opened(struct kunit *test)
{
	static const struct {
		u8 opcode;
		bool write;
	} ops[] = {
		{ CRING_OP_READ, false }, { CRING_OP_WRITE, true },
		{ CRING_OP_READV, false }, { CRING_OP_WRITEV, true },
		{ CRING_OP_READ_FIXED, false }, { CRING_OP_WRITE_FIXED, true },
	};
	struct validate_test *t = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		struct cring_sqe sqe = fine_sqe(t, sqe_row_of(ops[i].opcode));

		sqe.fd = t->read_fd;
		EXPECT_ANSWER(t, &sqe, ops[i].write ? -EBADF : 8,
			      "opcode %u", ops[i].opcode);
		sqe.fd = t->write_fd;
		EXPECT_ANSWER(t, &sqe, ops[i].write ? 8 : -EBADF,
			      "opcode %u", ops[i].opcode);
	}
}

static void a_ring_is_no_source_of_a_copy(struct kunit *test)
{
	struct validate_test *t = test->priv;
	struct cring_sqe sqe = fine_sqe(t, sqe_row_of(CRING_OP_COPY_FILE_RANGE));

	sqe.fd_in = t->live->fd;
	EXPECT_ANSWER(t, &sqe, -EOPNOTSUPP, "from the ring itself");
}

static void a_cancel_by_a_ring_finds_nothing(struct kunit *test)
{
	struct validate_test *t = test->priv;
	struct cring_sqe sqe = {
		.opcode = CRING_OP_ASYNC_CANCEL, .user_data = 1,
		.fd = t->live->fd, .cancel_flags = CRING_ASYNC_CANCEL_FD,
	};

	forever(t->live, 3);
	KUNIT_EXPECT_EQ(test, live_submit(t->live), 1);
	EXPECT_ANSWER(t, &sqe, -ENOENT, "one");
	sqe.cancel_flags |= CRING_ASYNC_CANCEL_ALL;
	EXPECT_ANSWER(t, &sqe, 0, "all");
	LIVE_EXPECT_STATE(t->live, 3, CRING_ARMED);
}

static void a_watch_with_nothing_before_it_is_refused(struct kunit *test)
{
	struct validate_test *t = test->priv;
	struct live *live = t->live;

	forever(live, 1)->opcode = CRING_OP_LINK_TIMEOUT;
	nops(live, 1);
	KUNIT_EXPECT_EQ(test, live_submit(live), 2);
	LIVE_EXPECT_CQE(live, 1, -EINVAL);
	/* not by being behind something either: it has to be linked */
	reap_all(live);
	nops(live, 1);
	forever(live, 1)->opcode = CRING_OP_LINK_TIMEOUT;
	KUNIT_EXPECT_EQ(test, live_submit(live), 2);
	LIVE_EXPECT_CQE(live, live->sq_tail - 2, 0);
	LIVE_EXPECT_CQE(live, 1, -EINVAL);
}

/* what is wrong with a key, a cancel says; and then it has cancelled nothing */
static void a_cancel_that_is_refused_leaves_all_alone(struct kunit *test)
{
	struct validate_test *t = test->priv;
	struct live *live = t->live;
	u32 flags;

	for (flags = 0; flags < 128; flags++) {
		struct cring_match match = {
			.user_data = 99, .flags = flags,
			.opcode = CRING_OP_TIMEOUT,
		};
		bool wrong = cring_cancel_check(&match);
		struct cring_cqe cqe = {};
		struct cring_sqe *sqe;

		forever(live, 99);
		KUNIT_EXPECT_EQ(test, live_submit(live), 1);
		sqe = live_sqe(live, CRING_OP_ASYNC_CANCEL, 1);
		sqe->addr = 99;
		sqe->len = CRING_OP_TIMEOUT;
		/* slot 0 is the file too */
		sqe->fd = flags & CRING_ASYNC_CANCEL_FD_FIXED ? 0 : t->fd;
		sqe->cancel_flags = flags;
		KUNIT_EXPECT_EQ(test, live_submit(live), 1);
		while (live_reap(live, &cqe) && cqe.user_data != 1)
			;
		KUNIT_EXPECT_EQ_MSG(test, cqe.res == -EINVAL, wrong,
				    "flags %#x", flags);
		if (wrong)
			LIVE_EXPECT_STATE(live, 99, CRING_ARMED);
		live_cancel(live, CANCEL_ALL, 0);
		reap_all(live);
	}
}

static struct kunit_case cring_value_cases[] = {
	KUNIT_CASE_PARAM(a_value_is_taken_or_refused, value_gen_params),
	KUNIT_CASE_PARAM(a_time_is_taken_or_refused, time_gen_params),
	KUNIT_CASE(the_largest_time_is_for_ever),
	KUNIT_CASE(a_fixed_buffer_has_its_bytes_and_no_more),
	KUNIT_CASE(a_file_is_read_and_written_only_as_it_was_opened),
	KUNIT_CASE(a_ring_is_no_source_of_a_copy),
	KUNIT_CASE(a_cancel_by_a_ring_finds_nothing),
	KUNIT_CASE(a_watch_with_nothing_before_it_is_refused),
	KUNIT_CASE(a_cancel_that_is_refused_leaves_all_alone),
	{}
};

static struct kunit_suite cring_value_suite = {
	.name = "cring_value",
	.init = validate_test_init,
	.test_cases = cring_value_cases,
};

kunit_test_suite(cring_value_suite);
