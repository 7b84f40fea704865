// SPDX-License-Identifier: GPL-2.0
/*
 * Which requests a cancel's key means: clause C6 of Documentation/contract.rst.
 */
#include "keys.h"

KUNIT_ARRAY_PARAM_DESC(key, keys, name);

/* only their addresses are looked at */
static struct file one_file, another_file;

static const u64 some_user_data[] = { 0, 1, 1ULL << 63, U64_MAX };
static struct file *const some_files[] = { NULL, &one_file, &another_file };
static const u8 some_opcodes[] = {
	CRING_OP_NOP, CRING_OP_READ, CRING_OP_WRITE, CRING_OP_COPY_FILE_RANGE
};

static const u32 some_groups[] = { 7, 0, U32_MAX };
static const u64 some_tickets[] = { 0, 3, 3 + (1ULL << 32) };

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
	if (filter->flags & GROUP)
		want = want && req->group == filter->group;
	if (filter->flags & TICKET)
		want = want && req->ticket == filter->ticket;
	KUNIT_EXPECT_EQ_MSG(test, cring_filter_matches(filter, req), want,
			    "flags %#x, user_data %#llx and %#llx, opcode %u and %u, same file: %d, group %u and %u, ticket %llu and %llu",
			    filter->flags, filter->user_data, req->user_data,
			    filter->opcode, req->opcode,
			    filter->file == req->file, filter->group,
			    req->group, filter->ticket, req->ticket);
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

/* the nth of all combinations of groups and tickets, too */
static void nth_request(struct cring_req *req, unsigned int n)
{
	nth_values(n, &req->user_data, &req->file, &req->opcode);
	n /= NR_VALUES;
	req->group = some_groups[n % ARRAY_SIZE(some_groups)];
	n /= ARRAY_SIZE(some_groups);
	req->ticket = some_tickets[n % ARRAY_SIZE(some_tickets)];
}

#define NR_REQUESTS	(NR_VALUES * ARRAY_SIZE(some_groups) * \
			 ARRAY_SIZE(some_tickets))

static void a_key_means_what_fits_each_part_of_it(struct kunit *test)
{
	struct cring_req *req = new_req(test);
	unsigned int n, i;

	for (n = 0; n < NR_FLAGS; n++) {
		struct cring_filter filter = {
			.flags = nth_flags(n),
			.user_data = 1,
			.file = &one_file,
			.opcode = CRING_OP_READ,
			.group = 7,
			.ticket = 3,
			.before = U64_MAX,
		};

		if (!key_of(filter.flags))
			continue;
		for (i = 0; i < NR_REQUESTS; i++) {
			nth_request(req, i);
			expect_meant(test, &filter, req);
		}
	}
}

/* the key's own values too: nothing is special about any of them */
static void a_key_means_what_fits_whatever_its_values(struct kunit *test)
{
	const struct known_key *key = test->param_value;
	struct cring_req *req = new_req(test);
	static const u32 more[] = { 0, GROUP, TICKET, GROUP | TICKET };
	struct cring_filter filter = { .before = U64_MAX };
	unsigned int i, k, m;

	for (i = 0; i < NR_VALUES; i++) {
		nth_values(i, &filter.user_data, &filter.file, &filter.opcode);
		for (m = 0; m < ARRAY_SIZE(more); m++) {
			filter.flags = key->flags | more[m];
			filter.group = some_groups[i % 2 * 2];
			filter.ticket = some_tickets[i % ARRAY_SIZE(some_tickets)];
			if (!key_of(filter.flags))
				continue;
			/* 7 and the number of requests have no common divisor */
			for (k = i % 7; k < NR_REQUESTS; k += 7) {
				nth_request(req, k);
				expect_meant(test, &filter, req);
			}
		}
	}
}

static void one_bit_makes_another_user_data(struct kunit *test)
{
	static const u64 bases[] = { 0, 0x5555555555555555ULL, U64_MAX };
	struct cring_req *req = new_req(test);
	unsigned int i, bit, n;

	for (n = 0; n < NR_FLAGS; n++) {
		struct cring_filter filter = {
			.flags = nth_flags(n), .before = 1,
		};

		if (!key_of(filter.flags) || !key_of(filter.flags)->user_data)
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

static void one_bit_makes_another_group_and_another_ticket(struct kunit *test)
{
	struct cring_req *req = new_req(test);
	struct cring_filter group = { .flags = GROUP, .group = 0x5555,
				      .before = U64_MAX };
	struct cring_filter ticket = { .flags = TICKET, .ticket = 0x5555,
				       .before = U64_MAX };
	unsigned int bit;

	for (bit = 0; bit < 64; bit++) {
		req->group = group.group ^ (u32)BIT_ULL(bit);
		req->ticket = ticket.ticket ^ BIT_ULL(bit);
		/* a group has 32 */
		KUNIT_EXPECT_EQ(test, cring_filter_matches(&group, req),
				bit >= 32);
		KUNIT_EXPECT_FALSE(test, cring_filter_matches(&ticket, req));
	}
	req->ticket = ticket.ticket;
	KUNIT_EXPECT_TRUE(test, cring_filter_matches(&ticket, req));
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
	unsigned int n;

	req->opcode = CRING_OP_ASYNC_CANCEL;
	for (n = 0; n < NR_FLAGS; n++) {
		struct cring_filter filter = {
			.flags = nth_flags(n),
			.opcode = CRING_OP_ASYNC_CANCEL,
			.before = U64_MAX,
		};

		if (key_of(filter.flags))
			KUNIT_EXPECT_FALSE_MSG(test,
					       cring_filter_matches(&filter, req),
					       "flags %#x", filter.flags);
	}
}

static void what_is_accepted_later_is_never_meant(struct kunit *test)
{
	static const u64 tickets[] = {
		0, 1, 2, U32_MAX, 1ULL << 32, U64_MAX - 1, U64_MAX
	};
	struct cring_req *req = new_req(test);
	unsigned int n, t, b;

	req->opcode = CRING_OP_READ;
	for (n = 0; n < NR_FLAGS; n++) {
		if (!key_of(nth_flags(n)))
			continue;
		for (b = 0; b < ARRAY_SIZE(tickets); b++) {
			struct cring_filter filter = {
				.flags = nth_flags(n),
				.opcode = CRING_OP_READ,
				.before = tickets[b],
			};

			for (t = 0; t < ARRAY_SIZE(tickets); t++) {
				req->ticket = tickets[t];
				filter.ticket = tickets[t];
				/* the array is in order */
				KUNIT_EXPECT_EQ_MSG(test,
						    cring_filter_matches(&filter, req),
						    t < b,
						    "flags %#x, %llu before %llu",
						    filter.flags, tickets[t],
						    tickets[b]);
			}
		}
	}
}

static struct kunit_case cring_match_cases[] = {
	KUNIT_CASE(a_key_means_what_fits_each_part_of_it),
	KUNIT_CASE_PARAM(a_key_means_what_fits_whatever_its_values,
			 key_gen_params),
	KUNIT_CASE_PARAM(all_and_fixed_change_nothing_in_what_is_meant,
			 key_gen_params),
	KUNIT_CASE(one_bit_makes_another_user_data),
	KUNIT_CASE(one_bit_makes_another_group_and_another_ticket),
	KUNIT_CASE(an_opcode_means_itself_alone),
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
