// SPDX-License-Identifier: GPL-2.0
/*
 * What an SQE may say: of each operation, every field that its row does not name
 * must be zero.  Documentation/abi.rst, "The operations".
 */
#include "validate.h"

KUNIT_ARRAY_PARAM_DESC(row, sqe_rows, name);

/* ---------------------------------------------------------------------------
 * The table
 */

static void every_operation_has_its_row(struct kunit *test)
{
	unsigned int opcode, i, k;

	for (opcode = 0; opcode < CRING_NR_OPS; opcode++)
		KUNIT_EXPECT_EQ_MSG(test, !!sqe_row_of(opcode),
				    !!cring_op_get(opcode), "opcode %u", opcode);
	for (i = 0; i < ARRAY_SIZE(sqe_rows); i++)
		for (k = 0; k < i; k++)
			KUNIT_EXPECT_NE(test, sqe_rows[i].opcode, sqe_rows[k].opcode);
}

static void an_operation_has_its_functions_and_flags(struct kunit *test)
{
	const struct row *row = test->param_value;
	const struct cring_op *op = cring_op_get(row->opcode);

	KUNIT_ASSERT_NOT_NULL(test, op);
	KUNIT_EXPECT_NOT_NULL(test, op->name);
	KUNIT_EXPECT_NOT_NULL(test, op->prep);
	KUNIT_EXPECT_NOT_NULL(test, op->issue);
	KUNIT_EXPECT_EQ(test, !!(op->flags & CRING_OPF_FILE),
			!!(row->needs & FILE));
	KUNIT_EXPECT_EQ(test, !!(op->flags & CRING_OPF_RW),
			!!(row->needs & (MEM | IOV)));
	KUNIT_EXPECT_EQ(test, !!(op->flags & CRING_OPF_MEM),
			!!(row->needs & (MEM | IOV)));
}

static void an_opcode_that_is_not_there_is_refused(struct kunit *test)
{
	struct validate_test *t = test->priv;
	unsigned int opcode;

	for (opcode = 0; opcode < CRING_NR_OPS; opcode++) {
		struct cring_sqe sqe = { .opcode = opcode, .user_data = 1 };

		if (!sqe_row_of(opcode))
			EXPECT_ANSWER(t, &sqe, -EINVAL, "unknown opcode");
	}
}

static void query_tells_of_these_operations(struct kunit *test)
{
	struct cring_query query = {};
	unsigned int opcode;

	cring_op_query(&query);
	for (opcode = 0; opcode < CRING_NR_OPS; opcode++)
		KUNIT_EXPECT_EQ_MSG(test,
				    !!(query.ops[opcode / 64] &
				       BIT_ULL(opcode % 64)),
				    !!sqe_row_of(opcode), "opcode %u", opcode);
}

/* ---------------------------------------------------------------------------
 * Fields
 */

static void an_sqe_that_is_fine_is_executed(struct kunit *test)
{
	const struct row *row = test->param_value;
	struct validate_test *t = test->priv;
	struct cring_sqe sqe = fine_sqe(t, row);

	EXPECT_ANSWER(t, &sqe, row->res, "%s", row->name);
}

static const struct field {
	const char *name;
	u32 uses;
	unsigned int off, size;
} fields[] = {
#define FIELD(_uses, _field) { #_field, _uses,				\
	offsetof(struct cring_sqe, _field),				\
	sizeof_field(struct cring_sqe, _field) }
	FIELD(IOPRIO, ioprio),
	FIELD(OFF, off),
	FIELD(ADDR, addr),
	FIELD(LEN, len),
	FIELD(OP_FLAGS, op_flags),
	FIELD(BUF_INDEX, buf_index),
	FIELD(FD_IN, fd_in),
	/* reserved, and kept for what is not there yet */
	FIELD(0, __resv),
	FIELD(0, deadline),
};

/* a bit of each byte of each field that the row does not name, alone */
static void a_field_that_is_not_used_must_be_zero(struct kunit *test)
{
	const struct row *row = test->param_value;
	struct validate_test *t = test->priv;
	unsigned int i, bit;

	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct field *field = &fields[i];

		if (row->uses & field->uses)
			continue;
		for (bit = 0; bit < 8 * field->size; bit += 9) {
			struct cring_sqe sqe = fine_sqe(t, row);

			((u8 *)&sqe)[field->off + bit / 8] |= BIT(bit % 8);
			KUNIT_EXPECT_EQ_MSG(test, sqe_answer(t, &sqe), -EINVAL,
					    "bit %u of %s", bit, field->name);
		}
	}
}

static void an_unknown_required_xflag_is_refused_and_an_advisory_one_is_not(struct kunit *test)
{
	const struct row *row = test->param_value;
	struct validate_test *t = test->priv;
	unsigned int bit;

	for (bit = 0; bit < 16; bit++) {
		struct cring_sqe sqe = fine_sqe(t, row);

		if (BIT(bit) & CRING_SQE_X_KNOWN)
			continue;
		sqe.xflags = BIT(bit);
		KUNIT_EXPECT_EQ_MSG(test, sqe_answer(t, &sqe), -EINVAL,
				    "bit %u of xflags", bit);
	}
	for (bit = 16; bit < 32; bit += 5) {
		struct cring_sqe sqe = fine_sqe(t, row);

		sqe.xflags = BIT(bit);
		KUNIT_EXPECT_NE_MSG(test, sqe_answer(t, &sqe), -EINVAL,
				    "bit %u of xflags", bit);
	}
}

static void a_flag_that_is_not_known_is_refused(struct kunit *test)
{
	const struct row *row = test->param_value;
	struct validate_test *t = test->priv;
	static const u8 unknown[] = { BIT(5), BIT(7) };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(unknown); i++) {
		struct cring_sqe sqe = fine_sqe(t, row);

		KUNIT_EXPECT_EQ(test, unknown[i] & CRING_SQE_KNOWN, 0);
		sqe.flags = unknown[i];
		EXPECT_ANSWER(t, &sqe, -EINVAL, "unknown flag");
		/* with known ones as well */
		sqe.flags |= CRING_SQE_ASYNC;
		EXPECT_ANSWER(t, &sqe, -EINVAL, "unknown flag");
	}
}

static void a_flag_that_is_known_is_taken(struct kunit *test)
{
	static const u8 known[] = {
		CRING_SQE_IO_DRAIN, CRING_SQE_IO_LINK, CRING_SQE_IO_HARDLINK,
		CRING_SQE_IO_LINK | CRING_SQE_IO_HARDLINK, CRING_SQE_ASYNC,
		CRING_SQE_ASYNC | CRING_SQE_IO_DRAIN | CRING_SQE_IO_LINK,
	};
	struct validate_test *t = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		struct cring_sqe sqe = { .user_data = 1, .flags = known[i] };

		EXPECT_ANSWER(t, &sqe, 0, "known flag");
	}
}

static void a_fixed_slot_is_for_operations_with_a_file(struct kunit *test)
{
	const struct row *row = test->param_value;
	struct validate_test *t = test->priv;
	struct cring_sqe sqe = fine_sqe(t, row);

	sqe.flags = CRING_SQE_FIXED_FILE;
	sqe.fd = 0;
	if (row->needs & FILE)
		KUNIT_EXPECT_NE(test, sqe_answer(t, &sqe), -EINVAL);
	else
		EXPECT_ANSWER(t, &sqe, -EINVAL, "no file");
}

static void a_descriptor_has_to_be_an_open_file_that_is_no_ring(struct kunit *test)
{
	static const s32 not_open[] = { -1, -2, S32_MIN, S32_MAX, 1000 };
	const struct row *row = test->param_value;
	struct validate_test *t = test->priv;
	struct cring_sqe sqe = fine_sqe(t, row);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(not_open); i++) {
		sqe.fd = not_open[i];
		if (row->needs & FILE)
			EXPECT_ANSWER(t, &sqe, -EBADF, "not open");
		else	/* ignored */
			KUNIT_EXPECT_NE(test, sqe_answer(t, &sqe), -EBADF);
	}
	if (!(row->needs & FILE))
		return;
	sqe.fd = t->live->fd;
	EXPECT_ANSWER(t, &sqe, -EOPNOTSUPP, "the ring itself");
	/* slot 1 is empty, and 2 is none */
	sqe.flags = CRING_SQE_FIXED_FILE;
	for (i = 1; i < 4; i++) {
		sqe.fd = i;
		EXPECT_ANSWER(t, &sqe, -EBADF, "an empty slot");
	}
	for (i = 0; i < ARRAY_SIZE(not_open); i++) {
		sqe.fd = not_open[i];
		EXPECT_ANSWER(t, &sqe, -EBADF, "no slot");
	}
}

static void what_the_sqe_says_wrong_itself_comes_before_its_file(struct kunit *test)
{
	const struct row *row = test->param_value;
	struct validate_test *t = test->priv;
	struct cring_sqe sqe = fine_sqe(t, row);

	sqe.fd = -1;
	sqe.deadline = 1;
	EXPECT_ANSWER(t, &sqe, -EINVAL, "deadline, and not open");
}

static struct kunit_case cring_validate_cases[] = {
	KUNIT_CASE(every_operation_has_its_row),
	KUNIT_CASE_PARAM(an_operation_has_its_functions_and_flags,
			 row_gen_params),
	KUNIT_CASE(an_opcode_that_is_not_there_is_refused),
	KUNIT_CASE(query_tells_of_these_operations),
	KUNIT_CASE_PARAM(an_sqe_that_is_fine_is_executed, row_gen_params),
	KUNIT_CASE_PARAM(a_field_that_is_not_used_must_be_zero, row_gen_params),
	KUNIT_CASE_PARAM(an_unknown_required_xflag_is_refused_and_an_advisory_one_is_not,
			 row_gen_params),
	KUNIT_CASE_PARAM(a_flag_that_is_not_known_is_refused, row_gen_params),
	KUNIT_CASE(a_flag_that_is_known_is_taken),
	KUNIT_CASE_PARAM(a_fixed_slot_is_for_operations_with_a_file,
			 row_gen_params),
	KUNIT_CASE_PARAM(a_descriptor_has_to_be_an_open_file_that_is_no_ring,
			 row_gen_params),
	KUNIT_CASE_PARAM(what_the_sqe_says_wrong_itself_comes_before_its_file,
			 row_gen_params),
	{}
};

static struct kunit_suite cring_validate_suite = {
	.name = "cring_validate",
	.init = validate_test_init,
	.test_cases = cring_validate_cases,
};

kunit_test_suite(cring_validate_suite);
