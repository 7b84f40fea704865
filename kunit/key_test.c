// SPDX-License-Identifier: GPL-2.0
/*
 * What a cancel's key may be: clause C6 of Documentation/contract.rst.
 */
#include "keys.h"

/* with a group where one belongs */
static int check(u32 flags, u64 user_data, u8 opcode)
{
	struct cring_match match = {
		.flags = flags, .user_data = user_data, .opcode = opcode,
		.group = flags & GROUP ? 1 : 0,
	};

	return cring_cancel_check(&match);
}

static void flags_are_fine_when_they_are_a_key(struct kunit *test)
{
	unsigned int n;

	for (n = 0; n < NR_FLAGS; n++)
		KUNIT_EXPECT_EQ_MSG(test, check(nth_flags(n), 0, 0),
				    key_of(nth_flags(n)) ? 0 : -EINVAL,
				    "flags %#x", nth_flags(n));
}

static void a_user_data_is_refused_when_it_is_no_part_of_the_key(struct kunit *test)
{
	static const u64 user_data[] = { 1, 1ULL << 32, U64_MAX };
	unsigned int i, n;

	for (n = 0; n < NR_FLAGS; n++) {
		const struct known_key *key = key_of(nth_flags(n));
		int want = key && key->user_data ? 0 : -EINVAL;

		for (i = 0; i < ARRAY_SIZE(user_data); i++)
			KUNIT_EXPECT_EQ_MSG(test,
					    check(nth_flags(n), user_data[i], 0),
					    want, "flags %#x", nth_flags(n));
	}
}

static void a_group_is_named_exactly_when_it_is_part_of_the_key(struct kunit *test)
{
	static const u32 groups[] = { 0, 1, 1U << 31, U32_MAX };
	unsigned int i, n;

	for (n = 0; n < NR_FLAGS; n++) {
		struct cring_match match = { .flags = nth_flags(n) };

		for (i = 0; i < ARRAY_SIZE(groups); i++) {
			int want = -EINVAL;

			/* 0 is no group, and so no key */
			if (key_of(match.flags) &&
			    !(match.flags & GROUP) == !groups[i])
				want = 0;
			match.group = groups[i];
			KUNIT_EXPECT_EQ_MSG(test, cring_cancel_check(&match),
					    want, "flags %#x, group %u",
					    match.flags, groups[i]);
		}
	}
}

static void a_ticket_is_refused_when_it_is_no_part_of_the_key(struct kunit *test)
{
	static const u64 tickets[] = { 0, 1, 1ULL << 32, U64_MAX };
	unsigned int i, n;

	for (n = 0; n < NR_FLAGS; n++) {
		struct cring_match match = {
			.flags = nth_flags(n),
			.group = nth_flags(n) & GROUP ? 1 : 0,
		};

		for (i = 0; i < ARRAY_SIZE(tickets); i++) {
			int want = -EINVAL;

			/* 0 is the ticket of the first */
			if (key_of(match.flags) &&
			    (match.flags & TICKET || !tickets[i]))
				want = 0;
			match.ticket = tickets[i];
			KUNIT_EXPECT_EQ_MSG(test, cring_cancel_check(&match),
					    want, "flags %#x, ticket %llu",
					    match.flags, tickets[i]);
		}
	}
}

static void an_opcode_is_refused_when_it_is_no_part_of_the_key(struct kunit *test)
{
	unsigned int n;

	for (n = 0; n < NR_FLAGS; n++) {
		const struct known_key *key = key_of(nth_flags(n));

		KUNIT_EXPECT_EQ_MSG(test, check(nth_flags(n), 0, CRING_OP_READ),
				    key && key->opcode ? 0 : -EINVAL,
				    "flags %#x", nth_flags(n));
	}
}

static void the_opcode_of_a_key_is_one_that_there_is(struct kunit *test)
{
	static const u8 known[] = {
		CRING_OP_NOP, CRING_OP_READV, CRING_OP_WRITEV, CRING_OP_FSYNC,
		CRING_OP_READ_FIXED, CRING_OP_WRITE_FIXED, CRING_OP_POLL_ADD,
		CRING_OP_POLL_REMOVE, CRING_OP_SYNC_FILE_RANGE,
		CRING_OP_TIMEOUT, CRING_OP_TIMEOUT_REMOVE,
		CRING_OP_ASYNC_CANCEL, CRING_OP_LINK_TIMEOUT,
		CRING_OP_FALLOCATE, CRING_OP_READ, CRING_OP_WRITE,
		CRING_OP_COPY_FILE_RANGE,
	};
	unsigned int opcode, i;

	for (opcode = 0; opcode <= U8_MAX; opcode++) {
		int want = -EINVAL;

		for (i = 0; i < ARRAY_SIZE(known); i++)
			if (known[i] == opcode)
				want = 0;
		KUNIT_EXPECT_EQ_MSG(test, check(OP, 0, opcode), want,
				    "opcode %u", opcode);
	}
}

static void a_flag_that_is_not_known_is_refused(struct kunit *test)
{
	unsigned int n, bit;

	for (n = 0; n < NR_FLAGS; n++) {
		for (bit = 0; bit < 32; bit++) {
			u32 flags = nth_flags(n) | BIT(bit);

			if (!(nth_flags(NR_FLAGS - 1) & BIT(bit)))
				KUNIT_EXPECT_EQ_MSG(test, check(flags, 0, 0),
						    -EINVAL, "flags %#x", flags);
		}
	}
}

/* a key is wrong for one reason, and stays so whatever else is in it */
static void a_wrong_key_is_wrong_with_any_values(struct kunit *test)
{
	static const u64 user_data[] = { 0, 1, U64_MAX };
	static const u8 opcodes[] = { 0, CRING_OP_READ, 9, U8_MAX };
	unsigned int n, u, o;

	for (n = 0; n < 4 * NR_FLAGS; n++) {
		u32 flags = nth_flags(n);

		if (key_of(flags))
			continue;
		for (u = 0; u < ARRAY_SIZE(user_data); u++)
			for (o = 0; o < ARRAY_SIZE(opcodes); o++)
				KUNIT_EXPECT_EQ_MSG(test,
						    check(flags, user_data[u],
							  opcodes[o]),
						    -EINVAL, "flags %#x", flags);
	}
}

static struct kunit_case cring_key_cases[] = {
	KUNIT_CASE(flags_are_fine_when_they_are_a_key),
	KUNIT_CASE(a_user_data_is_refused_when_it_is_no_part_of_the_key),
	KUNIT_CASE(a_group_is_named_exactly_when_it_is_part_of_the_key),
	KUNIT_CASE(a_ticket_is_refused_when_it_is_no_part_of_the_key),
	KUNIT_CASE(an_opcode_is_refused_when_it_is_no_part_of_the_key),
	KUNIT_CASE(the_opcode_of_a_key_is_one_that_there_is),
	KUNIT_CASE(a_flag_that_is_not_known_is_refused),
	KUNIT_CASE(a_wrong_key_is_wrong_with_any_values),
	{}
};

static struct kunit_suite cring_key_suite = {
	.name = "cring_key",
	.test_cases = cring_key_cases,
};

kunit_test_suite(cring_key_suite);
