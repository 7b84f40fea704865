// SPDX-License-Identifier: GPL-2.0
/*
 * What a cancel's key may be, and which requests it means: clause C6 of
 * Documentation/contract.rst.
 */
#include <kunit/test.h>

#include "cring.h"

#define ALL		CRING_ASYNC_CANCEL_ALL
#define FD		CRING_ASYNC_CANCEL_FD
#define ANY		CRING_ASYNC_CANCEL_ANY
#define FD_FIXED	CRING_ASYNC_CANCEL_FD_FIXED
#define USERDATA	CRING_ASYNC_CANCEL_USERDATA
#define OP		CRING_ASYNC_CANCEL_OP

#define NR_FLAGS	64	/* every combination of the six */

/* every key that there is, and what a match must have in common with it */
static const struct known_key {
	const char *name;
	u32 flags;
	bool user_data;
	bool file;
	bool opcode;
} keys[] = {
	{ "nothing",		0,				1, 0, 0 },
	{ "user_data",		USERDATA,			1, 0, 0 },
	{ "fd",			FD,				0, 1, 0 },
	{ "fixed slot",		FD | FD_FIXED,			0, 1, 0 },
	{ "op",			OP,				0, 0, 1 },
	{ "user_data, fd",	USERDATA | FD,			1, 1, 0 },
	{ "user_data, fixed",	USERDATA | FD | FD_FIXED,	1, 1, 0 },
	{ "user_data, op",	USERDATA | OP,			1, 0, 1 },
	{ "fd, op",		FD | OP,			0, 1, 1 },
	{ "fixed, op",		FD | FD_FIXED | OP,		0, 1, 1 },
	{ "user_data, fd, op",	USERDATA | FD | OP,		1, 1, 1 },
	{ "user_data, fixed, op", USERDATA | FD | FD_FIXED | OP, 1, 1, 1 },
	{ "any",		ANY,				0, 0, 0 },
};

KUNIT_ARRAY_PARAM_DESC(key, keys, name);

/* NULL when the flags are no key; one match or all of them is no matter */
static const struct known_key *key_of(u32 flags)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].flags == (flags & ~ALL))
			return &keys[i];
	return NULL;
}

static int check(u32 flags, u64 user_data, u8 opcode)
{
	struct cring_match match = {
		.flags = flags, .user_data = user_data, .opcode = opcode,
	};

	return cring_cancel_check(&match);
}

static void flags_are_fine_when_they_are_a_key(struct kunit *test)
{
	u32 flags;

	for (flags = 0; flags < NR_FLAGS; flags++)
		KUNIT_EXPECT_EQ_MSG(test, check(flags, 0, 0),
				    key_of(flags) ? 0 : -EINVAL,
				    "flags %#x", flags);
}

static void a_user_data_is_refused_when_it_is_no_part_of_the_key(struct kunit *test)
{
	static const u64 user_data[] = { 1, 1ULL << 32, U64_MAX };
	unsigned int i;
	u32 flags;

	for (flags = 0; flags < NR_FLAGS; flags++) {
		const struct known_key *key = key_of(flags);
		int want = key && key->user_data ? 0 : -EINVAL;

		for (i = 0; i < ARRAY_SIZE(user_data); i++)
			KUNIT_EXPECT_EQ_MSG(test, check(flags, user_data[i], 0),
					    want, "flags %#x", flags);
	}
}

static void an_opcode_is_refused_when_it_is_no_part_of_the_key(struct kunit *test)
{
	u32 flags;

	for (flags = 0; flags < NR_FLAGS; flags++) {
		const struct known_key *key = key_of(flags);

		KUNIT_EXPECT_EQ_MSG(test, check(flags, 0, CRING_OP_READ),
				    key && key->opcode ? 0 : -EINVAL,
				    "flags %#x", flags);
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
	unsigned int i, bit;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		for (bit = 6; bit < 32; bit++)
			if (!(CRING_CANCEL_KNOWN & BIT(bit)))
				KUNIT_EXPECT_EQ_MSG(test,
						    check(keys[i].flags | BIT(bit), 0, 0),
						    -EINVAL, "flags %#x, bit %u",
						    keys[i].flags, bit);
}

/* only their addresses are looked at */
static struct file one_file, another_file;

static const u64 some_user_data[] = { 0, 1, 1ULL << 63, U64_MAX };
static struct file *const some_files[] = { NULL, &one_file, &another_file };
static const u8 some_opcodes[] = {
	CRING_OP_NOP, CRING_OP_READ, CRING_OP_WRITE, CRING_OP_COPY_FILE_RANGE
};

/* @req against the filter of every key that fits @flags */
static void expect_meant(struct kunit *test, const struct cring_filter *filter,
			 const struct cring_req *req)
{
	const struct known_key *key = key_of(filter->flags);
	bool want = req->ticket < filter->before &&
		    req->opcode != CRING_OP_ASYNC_CANCEL;

	if (key->user_data)
		want = want && req->user_data == filter->user_data;
	if (key->file)
		want = want && req->file == filter->file;
	if (key->opcode)
		want = want && req->opcode == filter->opcode;
	KUNIT_EXPECT_EQ_MSG(test, cring_filter_matches(filter, req), want,
			    "flags %#x, user_data %#llx and %#llx, opcode %u and %u, same file: %d",
			    filter->flags, filter->user_data, req->user_data,
			    filter->opcode, req->opcode,
			    filter->file == req->file);
}

static struct cring_req *new_req(struct kunit *test)
{
	struct cring_req *req = kunit_kzalloc(test, sizeof(*req), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, req);
	return req;
}

/* the nth of all combinations of the values above */
static void nth_values(unsigned int n, u64 *user_data, struct file **file,
		       u8 *opcode)
{
	*user_data = some_user_data[n % ARRAY_SIZE(some_user_data)];
	n /= ARRAY_SIZE(some_user_data);
	*file = some_files[n % ARRAY_SIZE(some_files)];
	n /= ARRAY_SIZE(some_files);
	*opcode = some_opcodes[n % ARRAY_SIZE(some_opcodes)];
}

#define NR_VALUES	(ARRAY_SIZE(some_user_data) * ARRAY_SIZE(some_files) * \
			 ARRAY_SIZE(some_opcodes))

static void a_key_means_what_fits_each_part_of_it(struct kunit *test)
{
	struct cring_req *req = new_req(test);
	unsigned int flags, u, f, o;

	for (flags = 0; flags < NR_FLAGS; flags++) {
		struct cring_filter filter = {
			.flags = flags,
			.user_data = 1,
			.file = &one_file,
			.opcode = CRING_OP_READ,
			.before = 1,
		};

		if (!key_of(flags))
			continue;
		for (u = 0; u < ARRAY_SIZE(some_user_data); u++) {
			for (f = 0; f < ARRAY_SIZE(some_files); f++) {
				for (o = 0; o < ARRAY_SIZE(some_opcodes); o++) {
					req->user_data = some_user_data[u];
					req->file = some_files[f];
					req->opcode = some_opcodes[o];
					expect_meant(test, &filter, req);
				}
			}
		}
	}
}

/* the key's own values too: nothing is special about any of them */
static void a_key_means_what_fits_whatever_its_values(struct kunit *test)
{
	const struct known_key *key = test->param_value;
	struct cring_req *req = new_req(test);
	struct cring_filter filter = { .flags = key->flags, .before = 1 };
	unsigned int i, k;

	for (i = 0; i < NR_VALUES; i++) {
		nth_values(i, &filter.user_data, &filter.file, &filter.opcode);
		for (k = 0; k < NR_VALUES; k++) {
			nth_values(k, &req->user_data, &req->file,
				   &req->opcode);
			expect_meant(test, &filter, req);
		}
	}
}

static void one_bit_makes_another_user_data(struct kunit *test)
{
	static const u64 bases[] = { 0, 0x5555555555555555ULL, U64_MAX };
	struct cring_req *req = new_req(test);
	unsigned int i, bit, flags;

	for (flags = 0; flags < NR_FLAGS; flags++) {
		struct cring_filter filter = { .flags = flags, .before = 1 };

		if (!key_of(flags) || !key_of(flags)->user_data)
			continue;
		for (i = 0; i < ARRAY_SIZE(bases); i++) {
			filter.user_data = bases[i];
			for (bit = 0; bit < 64; bit++) {
				req->user_data = bases[i] ^ BIT_ULL(bit);
				KUNIT_EXPECT_FALSE(test,
						   cring_filter_matches(&filter,
									req));
			}
			req->user_data = bases[i];
			KUNIT_EXPECT_TRUE(test,
					  cring_filter_matches(&filter, req));
		}
	}
}

static void an_opcode_means_itself_alone(struct kunit *test)
{
	struct cring_req *req = new_req(test);
	struct cring_filter filter = { .flags = OP, .before = 1 };
	unsigned int wanted, opcode;

	for (wanted = 0; wanted <= U8_MAX; wanted++) {
		filter.opcode = wanted;
		for (opcode = 0; opcode <= U8_MAX; opcode++) {
			req->opcode = opcode;
			KUNIT_EXPECT_EQ(test,
					cring_filter_matches(&filter, req),
					opcode == wanted &&
					opcode != CRING_OP_ASYNC_CANCEL);
		}
	}
}

static void all_and_fixed_change_nothing_in_what_is_meant(struct kunit *test)
{
	const struct known_key *key = test->param_value;
	struct cring_filter filter = { .before = 1, .user_data = 1,
				       .file = &one_file,
				       .opcode = CRING_OP_READ };
	struct cring_req *req = new_req(test);
	unsigned int i;
	bool want;

	for (i = 0; i < NR_VALUES; i++) {
		nth_values(i, &req->user_data, &req->file, &req->opcode);
		filter.flags = key->flags & ~FD_FIXED;
		want = cring_filter_matches(&filter, req);
		filter.flags = key->flags | ALL;
		KUNIT_EXPECT_EQ(test, cring_filter_matches(&filter, req), want);
		filter.flags = (key->flags & ~FD_FIXED) | ALL;
		KUNIT_EXPECT_EQ(test, cring_filter_matches(&filter, req), want);
	}
}

/* a key is wrong for one reason, and stays so whatever else is in it */
static void a_wrong_key_is_wrong_with_any_values(struct kunit *test)
{
	static const u64 user_data[] = { 0, 1, U64_MAX };
	static const u8 opcodes[] = { 0, CRING_OP_READ, 9, U8_MAX };
	u32 flags;
	unsigned int u, o;

	for (flags = 0; flags < 2 * NR_FLAGS; flags++) {
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

static void a_key_of_zeros_is_a_key_like_any_other(struct kunit *test)
{
	struct cring_filter filter = { .before = 1 };
	struct cring_req *req = new_req(test);

	req->opcode = CRING_OP_READ;
	KUNIT_EXPECT_TRUE(test, cring_filter_matches(&filter, req));
	req->user_data = 1;
	KUNIT_EXPECT_FALSE(test, cring_filter_matches(&filter, req));

	filter.flags = OP;	/* NOP is 0 */
	KUNIT_EXPECT_FALSE(test, cring_filter_matches(&filter, req));
	req->opcode = CRING_OP_NOP;
	KUNIT_EXPECT_TRUE(test, cring_filter_matches(&filter, req));
}

static void a_cancel_is_never_meant(struct kunit *test)
{
	struct cring_req *req = new_req(test);
	unsigned int flags;

	req->opcode = CRING_OP_ASYNC_CANCEL;
	for (flags = 0; flags < NR_FLAGS; flags++) {
		struct cring_filter filter = {
			.flags = flags,
			.opcode = CRING_OP_ASYNC_CANCEL,
			.before = U64_MAX,
		};

		if (key_of(flags))
			KUNIT_EXPECT_FALSE_MSG(test,
					       cring_filter_matches(&filter, req),
					       "flags %#x", flags);
	}
}

static void what_is_accepted_later_is_never_meant(struct kunit *test)
{
	static const u64 tickets[] = {
		0, 1, 2, U32_MAX, 1ULL << 32, U64_MAX - 1, U64_MAX
	};
	struct cring_req *req = new_req(test);
	unsigned int flags, t, b;

	req->opcode = CRING_OP_READ;
	for (flags = 0; flags < NR_FLAGS; flags++) {
		if (!key_of(flags))
			continue;
		for (b = 0; b < ARRAY_SIZE(tickets); b++) {
			struct cring_filter filter = {
				.flags = flags,
				.opcode = CRING_OP_READ,
				.before = tickets[b],
			};

			for (t = 0; t < ARRAY_SIZE(tickets); t++) {
				req->ticket = tickets[t];
				/* the array is in order */
				KUNIT_EXPECT_EQ_MSG(test,
						    cring_filter_matches(&filter, req),
						    t < b,
						    "flags %#x, %llu before %llu",
						    flags, tickets[t], tickets[b]);
			}
		}
	}
}

static struct kunit_case cring_match_cases[] = {
	KUNIT_CASE(flags_are_fine_when_they_are_a_key),
	KUNIT_CASE(a_user_data_is_refused_when_it_is_no_part_of_the_key),
	KUNIT_CASE(an_opcode_is_refused_when_it_is_no_part_of_the_key),
	KUNIT_CASE(the_opcode_of_a_key_is_one_that_there_is),
	KUNIT_CASE(a_flag_that_is_not_known_is_refused),
	KUNIT_CASE(a_key_means_what_fits_each_part_of_it),
	KUNIT_CASE_PARAM(a_key_means_what_fits_whatever_its_values,
			 key_gen_params),
	KUNIT_CASE_PARAM(all_and_fixed_change_nothing_in_what_is_meant,
			 key_gen_params),
	KUNIT_CASE(one_bit_makes_another_user_data),
	KUNIT_CASE(an_opcode_means_itself_alone),
	KUNIT_CASE(a_wrong_key_is_wrong_with_any_values),
	KUNIT_CASE(a_key_of_zeros_is_a_key_like_any_other),
	KUNIT_CASE(a_cancel_is_never_meant),
	KUNIT_CASE(what_is_accepted_later_is_never_meant),
	{}
};

static struct kunit_suite cring_match_suite = {
	.name = "cring_match",
	.test_cases = cring_match_cases,
};

kunit_test_suite(cring_match_suite);
