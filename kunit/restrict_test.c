// SPDX-License-Identifier: GPL-2.0
/*
 * Restrictions: what is not named is refused for good (S6 of
 * Documentation/security.rst); and that CRING_IOC_QUERY tells the truth.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/uaccess.h>

#include "sqes.h"

/* --- what a ring may do --- */

static void admit(u64 *set, unsigned int nr)
{
	set[nr / 64] |= BIT_ULL(nr % 64);
}

/* everything that there is */
static struct cring_restrict everything(void)
{
	struct cring_restrict r = {
		.sqe_flags = CRING_SQE_KNOWN,
		.sqe_xflags = CRING_SQE_X_KNOWN,
		.cancel_flags = CRING_CANCEL_KNOWN,
	};
	unsigned int i;

	for (i = 0; i < CRING_NR_OPS; i++) {
		if (cring_op_get(i))
			admit(r.ops, i);
		if (cring_register_known(i))
			admit(r.registers, i);
	}
	return r;
}

static long narrow(struct live *live, struct cring_restrict r)
{
	return live_register(live, CRING_REGISTER_RESTRICT, 0, &r, 1,
			     sizeof(r));
}

static s32 answer(struct live *live)
{
	struct cring_cqe cqe = { .res = -EBADMSG };

	KUNIT_EXPECT_EQ(live->test, live_submit(live), 1);
	live_reap(live, &cqe);
	return cqe.res;
}

static s32 answer_to(struct live *live, struct cring_sqe sqe)
{
	*live_sqe(live, 0, 0) = sqe;
	return answer(live);
}

#define ANSWER(live, ...) \
	answer_to(live, (struct cring_sqe) { __VA_ARGS__ })

static void an_operation_that_is_not_named_is_refused(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct cring_restrict r = everything();
	unsigned int i;

	memset(r.ops, 0, sizeof(r.ops));
	admit(r.ops, CRING_OP_NOP);
	admit(r.ops, CRING_OP_COPY_FILE_RANGE);
	KUNIT_EXPECT_EQ(test, narrow(live, r), 0);
	KUNIT_EXPECT_EQ(test, ANSWER(live, .opcode = CRING_OP_NOP), 0);
	KUNIT_EXPECT_EQ(test, ANSWER(live, .opcode = CRING_OP_COPY_FILE_RANGE,
				     .fd = -1), -EBADF);
	for (i = 0; i < CRING_NR_OPS; i++) {
		if (i == CRING_OP_NOP || i == CRING_OP_COPY_FILE_RANGE)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, ANSWER(live, .opcode = i),
				    cring_op_get(i) ? -EACCES : -EINVAL,
				    "opcode %u", i);
	}
	/* and those behind it go on, unless they are linked to it */
	live_sqe(live, CRING_OP_TIMEOUT, 1);
	live_sqe(live, CRING_OP_NOP, 2);
	live_sqe(live, CRING_OP_NOP, 3)->flags = CRING_SQE_IO_LINK;
	live_sqe(live, CRING_OP_TIMEOUT, 4);
	KUNIT_EXPECT_EQ(test, live_submit(live), 4);
	LIVE_EXPECT_CQE_FLAGS(live, 1, -EACCES, 0);
	LIVE_EXPECT_CQE(live, 2, 0);
	LIVE_EXPECT_CQE(live, 3, -ECANCELED);
	LIVE_EXPECT_CQE(live, 4, -EACCES);
}

static void a_flag_that_is_not_named_is_refused(struct kunit *test)
{
	static const u8 flags[] = {
		CRING_SQE_IO_DRAIN, CRING_SQE_IO_LINK, CRING_SQE_IO_HARDLINK,
		CRING_SQE_ASYNC, CRING_SQE_CQE_SKIP_SUCCESS,
	};
	struct live *live = live_open(test, 8, 0);
	struct cring_restrict r = everything();
	unsigned int i;

	KUNIT_EXPECT_EQ(test, narrow(live, r), 0);
	for (i = 0; i < ARRAY_SIZE(flags) - 1; i++)
		KUNIT_EXPECT_EQ(test, ANSWER(live, .flags = flags[i]), 0);
	r.sqe_flags = CRING_SQE_ASYNC;
	KUNIT_EXPECT_EQ(test, narrow(live, r), 0);
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		KUNIT_EXPECT_EQ(test, ANSWER(live, .flags = flags[i]),
				flags[i] == CRING_SQE_ASYNC ? 0 : -EACCES);
	/* what nobody knows is no question of what is admitted */
	KUNIT_EXPECT_EQ(test, ANSWER(live, .flags = BIT(7)), -EINVAL);
}

static void an_xflag_that_is_not_named_is_refused(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct cring_restrict r = everything();
	unsigned int i;

	r.sqe_xflags = 0;
	KUNIT_EXPECT_EQ(test, narrow(live, r), 0);
	KUNIT_EXPECT_EQ(test, ANSWER(live, .xflags = CRING_SQE_X_ADVISORY), 0);
	for (i = 0; i < 16; i++) {
		const struct cring_sqe sqe = { .xflags = BIT(i) };

		KUNIT_EXPECT_EQ(test, cring_restrict_sqe(live->ring, &sqe),
				-EACCES);
	}
}

static void a_key_that_is_not_named_is_refused(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct cring_restrict r = everything();
	struct cring_cancel_key one = { .user_data = 1 };
	struct cring_cancel_key any = { .flags = CANCEL_ALL };
	struct cring_cancel_key file = { .flags = CRING_ASYNC_CANCEL_FD };

	r.cancel_flags = CRING_ASYNC_CANCEL_ALL | CRING_ASYNC_CANCEL_FD;
	KUNIT_EXPECT_EQ(test, narrow(live, r), 0);
	forever(live, 1);
	KUNIT_EXPECT_EQ(test, live_submit(live), 1);

	KUNIT_EXPECT_EQ(test, ANSWER(live, .opcode = CRING_OP_ASYNC_CANCEL,
				     .cancel_flags = CANCEL_ALL), -EACCES);
	KUNIT_EXPECT_EQ(test, ANSWER(live, .opcode = CRING_OP_ASYNC_CANCEL,
				     .cancel_flags = CRING_ASYNC_CANCEL_GROUP,
				     .group = 1), -EACCES);
	KUNIT_EXPECT_EQ(test, live_cancel_sync(live, &any, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, any.res, -EACCES);
	any = (struct cring_cancel_key) { .flags = CANCEL_ALL };
	KUNIT_EXPECT_EQ(test, live_cancel_sync(live, &any, CRING_CANCEL_SEAL,
					       0), 0);
	KUNIT_EXPECT_EQ(test, any.res, -EACCES);
	KUNIT_EXPECT_EQ(test, live->ring->seals, 0);
	LIVE_EXPECT_STATE(live, 1, CRING_ARMED);
	LIVE_EXPECT_NO_CQE(live);

	/* what needs no flag is always admitted, and what is named */
	file.fd = live->fd;
	KUNIT_EXPECT_EQ(test, live_cancel_sync(live, &file, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, file.res, -ENOENT);
	KUNIT_EXPECT_EQ(test, live_cancel_sync(live, &one, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, one.res, 0);
	LIVE_EXPECT_CQE(live, 1, -ECANCELED);
}

static void what_is_not_named_cannot_be_registered(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct cring_restrict r = everything();
	const s32 none = -1;

	memset(r.registers, 0, sizeof(r.registers));
	admit(r.registers, CRING_REGISTER_FILES);
	KUNIT_EXPECT_EQ(test, narrow(live, r), 0);
	KUNIT_EXPECT_EQ(test, live_register(live, CRING_REGISTER_FILES, 0,
					    &none, 1, sizeof(none)), 0);
	KUNIT_EXPECT_EQ(test, live_register(live, CRING_UNREGISTER_FILES, 0,
					    NULL, 0, 0), -EACCES);
	KUNIT_EXPECT_EQ(test, live_register(live, CRING_REGISTER_EVENTFD, 0,
					    &none, 1, sizeof(none)), -EACCES);
	KUNIT_EXPECT_EQ(test, live_register(live, 7, 0, NULL, 0, 0), -EINVAL);
	/* not even to take more away */
	KUNIT_EXPECT_EQ(test, narrow(live, r), -EACCES);
}

static void a_second_restriction_takes_more_away_only(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct cring_restrict r = everything();
	struct cring_restrict little = {
		.sqe_flags = CRING_SQE_ASYNC | CRING_SQE_IO_LINK,
		.cancel_flags = CRING_ASYNC_CANCEL_ALL,
	};

	admit(little.ops, CRING_OP_NOP);
	admit(little.ops, CRING_OP_ASYNC_CANCEL);
	admit(little.registers, CRING_REGISTER_RESTRICT);
	KUNIT_EXPECT_EQ(test, narrow(live, little), 0);
	/* everything, of what there was */
	KUNIT_EXPECT_EQ(test, narrow(live, r), 0);
	KUNIT_EXPECT_EQ(test, ANSWER(live, .opcode = CRING_OP_READ), -EACCES);
	KUNIT_EXPECT_EQ(test, ANSWER(live, .flags = CRING_SQE_IO_DRAIN),
			-EACCES);
	KUNIT_EXPECT_EQ(test, ANSWER(live, .opcode = CRING_OP_ASYNC_CANCEL,
				     .cancel_flags = CANCEL_ALL), -EACCES);
	KUNIT_EXPECT_EQ(test, live_register(live, CRING_UNREGISTER_FILES, 0,
					    NULL, 0, 0), -EACCES);
	KUNIT_EXPECT_EQ(test, ANSWER(live, .flags = CRING_SQE_ASYNC), 0);

	/* what both have named */
	r.sqe_flags = CRING_SQE_IO_LINK;
	KUNIT_EXPECT_EQ(test, narrow(live, r), 0);
	KUNIT_EXPECT_EQ(test, ANSWER(live, .flags = CRING_SQE_IO_LINK), 0);
	KUNIT_EXPECT_EQ(test, ANSWER(live, .flags = CRING_SQE_ASYNC), -EACCES);
}

static void what_is_in_flight_goes_on(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *script = script_open(live, SCRIPT_POLL);
	struct cring_restrict nothing = {};

	live_read(live, script, 1);
	KUNIT_EXPECT_EQ(test, narrow(live, nothing), 0);
	script_ready(script, EPOLLIN);
	cring_run_ready(live->ring);
	LIVE_EXPECT_CQE(live, 1, 1);
	KUNIT_EXPECT_EQ(test, ANSWER(live, .opcode = CRING_OP_NOP), -EACCES);
}

static void what_there_is_not_cannot_be_named(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct cring_restrict r, two[2];
	unsigned int i;

#define EXPECT_REFUSED(change) do {					\
	r = everything();						\
	change;								\
	KUNIT_EXPECT_EQ(test, narrow(live, r), -EINVAL);		\
} while (0)
	for (i = 0; i < CRING_OP_PROVIDER_FIRST; i++)
		if (!cring_op_get(i))
			EXPECT_REFUSED(admit(r.ops, i));
	for (i = 0; i < 256; i++)
		if (!cring_register_known(i))
			EXPECT_REFUSED(admit(r.registers, i));
	for (i = 0; i < 32; i++) {
		if (!(BIT(i) & CRING_SQE_KNOWN))
			EXPECT_REFUSED(r.sqe_flags |= BIT(i));
		if (!(BIT(i) & CRING_SQE_X_KNOWN))
			EXPECT_REFUSED(r.sqe_xflags |= BIT(i));
		if (!(BIT(i) & CRING_CANCEL_KNOWN))
			EXPECT_REFUSED(r.cancel_flags |= BIT(i));
	}
	EXPECT_REFUSED(r.resv0 = 1);
	EXPECT_REFUSED(r.resv[0] = 1);
	EXPECT_REFUSED(r.resv[1] = 1);
#undef EXPECT_REFUSED
	KUNIT_EXPECT_FALSE(test, live->ring->restricted);

	/* a provider may come at any time */
	r = everything();
	for (i = CRING_OP_PROVIDER_FIRST; i < CRING_NR_OPS; i++)
		admit(r.ops, i);
	KUNIT_EXPECT_EQ(test, narrow(live, r), 0);
	two[0] = everything();
	two[1] = everything();
	KUNIT_EXPECT_EQ(test, live_register(live, CRING_REGISTER_RESTRICT, 0,
					    two, 2, sizeof(two[0])), -EINVAL);
}

/* --- what the administrator admits --- */

static const struct list_case {
	const char *val;
	int ret;
	u64 ops[4];
} list_cases[] = {
	{ "NOP", 0, { BIT_ULL(0) } },
	{ "READ,WRITE", 0, { BIT_ULL(22) | BIT_ULL(23) } },
	{ "READ,READ", 0, { BIT_ULL(22) } },
	{ "ASYNC_CANCEL,COPY_FILE_RANGE\n", 0, { BIT_ULL(14), 0, BIT_ULL(0) } },
	{ "192,NOP,255", 0, { 1, 0, 0, BIT_ULL(0) | BIT_ULL(63) } },
	{ "", -EINVAL },
	{ ",", -EINVAL },
	{ "NOP,", -EINVAL },
	{ "nop", -EINVAL },
	{ "READ WRITE", -EINVAL },
	{ "READ, WRITE", -EINVAL },
	{ "REA", -EINVAL },
	{ "READX", -EINVAL },
	{ "0", -EINVAL },
	{ "191", -EINVAL },
	{ "256", -EINVAL },
	{ "-1", -EINVAL },
};

static void list_desc(const struct list_case *row, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "\"%s\"",
		 row->val[0] == ',' ? "a comma" : row->val);
	strreplace(desc, '\n', ' ');
}

KUNIT_ARRAY_PARAM(list, list_cases, list_desc);

static void a_list_of_operations_is_read(struct kunit *test)
{
	const struct list_case *row = test->param_value;
	struct cring_allow allow = {};

	KUNIT_EXPECT_EQ(test, cring_allow_parse(row->val, &allow), row->ret);
	if (row->ret)
		return;
	KUNIT_EXPECT_TRUE(test, allow.given);
	KUNIT_EXPECT_EQ(test, memcmp(allow.ops, row->ops, sizeof(row->ops)), 0);
}

static void every_operation_has_a_name_for_it(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < CRING_OP_PROVIDER_FIRST; i++) {
		struct cring_allow want = { .given = true }, allow;

		if (!cring_op_get(i))
			continue;
		admit(want.ops, i);
		KUNIT_EXPECT_EQ(test, cring_allow_parse(cring_op_get(i)->name,
							&allow), 0);
		KUNIT_EXPECT_EQ(test, memcmp(allow.ops, want.ops,
					     sizeof(want.ops)), 0);
	}
}

static void allow_restore(void *data)
{
	cring_allow = *(struct cring_allow *)data;
}

static void allow_only(struct kunit *test, const char *val)
{
	struct cring_allow *old = kunit_kzalloc(test, sizeof(*old), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, old);
	*old = cring_allow;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, allow_restore,
							old), 0);
	KUNIT_ASSERT_EQ(test, cring_allow_parse(val, &cring_allow), 0);
}

static struct cring_query query(struct live *live)
{
	struct cring_query q;

	memset(&q, 0xff, sizeof(q));
	KUNIT_ASSERT_EQ(live->test, live_ioctl(live, CRING_IOC_QUERY, &q,
					       sizeof(q)), 0);
	KUNIT_ASSERT_EQ(live->test,
			copy_from_user(&q, (void __user *)live->args,
				       sizeof(q)), 0);
	return q;
}

static void what_is_not_on_the_list_no_ring_does(struct kunit *test)
{
	struct live *live;
	struct cring_query q;

	allow_only(test, "NOP,TIMEOUT,200");
	live = live_open(test, 8, 0);
	q = query(live);
	KUNIT_EXPECT_EQ(test, q.ops[0], BIT_ULL(CRING_OP_NOP) |
			BIT_ULL(CRING_OP_TIMEOUT));
	KUNIT_EXPECT_EQ(test, q.ops[1] | q.ops[2] | q.ops[3], 0);
	KUNIT_EXPECT_EQ(test, ANSWER(live, .opcode = CRING_OP_NOP,
				     .flags = CRING_SQE_ASYNC), 0);
	KUNIT_EXPECT_EQ(test, ANSWER(live, .opcode = CRING_OP_READ), -EACCES);
	KUNIT_EXPECT_EQ(test, ANSWER(live, .opcode = CRING_OP_ASYNC_CANCEL),
			-EACCES);
	/* nor does a restriction of its own bring it back */
	KUNIT_EXPECT_EQ(test, narrow(live, everything()), 0);
	KUNIT_EXPECT_EQ(test, ANSWER(live, .opcode = CRING_OP_READ), -EACCES);
	KUNIT_EXPECT_EQ(test, ANSWER(live, .opcode = CRING_OP_NOP), 0);
}

/* no way around an SQE without one */
static void nor_is_a_deadline_given_later(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct cring_cancel_key key = { .user_data = 1 };
	const unsigned long at = live->args + PAGE_SIZE / 2;
	const struct cring_deadline d = { .keys = at, .nr = 1, .deadline = 1 };
	struct cring_restrict r = everything();

	forever(live, 1);
	KUNIT_ASSERT_EQ(test, live_submit(live), 1);
	KUNIT_ASSERT_EQ(test, copy_to_user((void __user *)at, &key,
					   sizeof(key)), 0);
	r.sqe_xflags = 0;
	KUNIT_ASSERT_EQ(test, narrow(live, r), 0);
	KUNIT_EXPECT_EQ(test, live_ioctl(live, CRING_IOC_DEADLINE, &d,
					 sizeof(d)), -EACCES);
	LIVE_EXPECT_STATE(live, 1, CRING_ARMED);
}

/* --- query --- */

static void query_tells_what_there_is(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct cring_query q = query(live);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, q.version, CRING_ABI_VERSION);
	KUNIT_EXPECT_EQ(test, q.features, live->params.features);
	KUNIT_EXPECT_EQ(test, q.max_sq_entries, CRING_MAX_SQ_ENTRIES);
	KUNIT_EXPECT_EQ(test, q.max_cq_entries, CRING_MAX_CQ_ENTRIES);
	KUNIT_EXPECT_EQ(test, q.max_keys, CRING_CANCEL_MAX_KEYS);
	KUNIT_EXPECT_EQ(test, q.max_detach_bytes, CRING_MAX_STAGE);
	KUNIT_EXPECT_EQ(test, q.max_seals, CRING_MAX_SEALS);
	KUNIT_EXPECT_EQ(test, q.max_rings, cring_max_user_rings);
	KUNIT_EXPECT_EQ(test, q.max_workers, cring_max_user_workers);
	KUNIT_EXPECT_EQ(test, q.max_detached, cring_max_user_detached);
	KUNIT_EXPECT_EQ(test, q.max_ring_workers, cring_max_workers);
	for (i = 0; i < ARRAY_SIZE(q.resv); i++)
		KUNIT_EXPECT_EQ(test, q.resv[i], 0);
	for (i = 0; i < CRING_NR_OPS; i++)
		KUNIT_EXPECT_EQ(test, !!(q.ops[i / 64] & BIT_ULL(i % 64)),
				!!cring_op_get(i));
}

/* each flag of the synchronous cancel that it tells of is taken, no other is */
static void query_tells_the_flags_that_are_taken(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct cring_query q = query(live);
	unsigned int i;

	for (i = 0; i < 32; i++) {
		struct cring_cancel_key key = { .flags = CANCEL_ALL };
		u32 flags = BIT(i);
		long ret;

		/* what means nothing by itself */
		if (flags == CRING_CANCEL_ABS)
			flags |= CRING_CANCEL_WAIT;
		if (flags == CRING_CANCEL_REAP)
			continue;
		ret = live_cancel_sync(live, &key, flags, 0);
		KUNIT_EXPECT_EQ_MSG(test, ret,
				    q.sync_flags & BIT(i) ? 0 : -EINVAL,
				    "bit %u", i);
	}
	KUNIT_EXPECT_EQ(test, q.setup_flags & CRING_SETUP_REQUIRED,
			CRING_SETUP_SQPOLL | CRING_SETUP_CQSIZE |
			CRING_SETUP_CLAMP);
}

static void limit_restore(void *data)
{
	cring_max_entries = (unsigned long)data;
}

static const struct entries_case {
	u32 limit, sq, cq;
} entries_cases[] = {
	{ 0, 1, 2 }, { 1, 1, 2 }, { 2, 1, 2 }, { 3, 1, 2 }, { 4, 2, 4 },
	{ 1000, 256, 512 }, { 65536, 32768, 65536 },
	{ U32_MAX, 32768, 65536 },
};

static void entries_desc(const struct entries_case *row, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u", row->limit);
}

KUNIT_ARRAY_PARAM(entries, entries_cases, entries_desc);

static int setup(struct kunit *test, struct cring_params *p)
{
	struct file *file = anon_inode_getfile("[cring]", &cring_fops, NULL,
					       O_RDWR);
	int ret;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	ret = cring_ring_setup(file, p);
	fput(file);
	flush_delayed_fput();
	flush_workqueue(cring_wq);
	return ret;
}

static void a_ring_is_no_larger_than_the_administrator_says(struct kunit *test)
{
	const struct entries_case *row = test->param_value;
	struct live *live = live_open(test, 1, 0);
	void *old = (void *)(unsigned long)cring_max_entries;
	struct cring_params p;
	struct cring_query q;

	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, limit_restore,
							old), 0);
	cring_max_entries = row->limit;
	q = query(live);
	KUNIT_EXPECT_EQ(test, q.max_sq_entries, row->sq);
	KUNIT_EXPECT_EQ(test, q.max_cq_entries, row->cq);

	p = (struct cring_params) { .sq_entries = row->sq };
	KUNIT_EXPECT_EQ(test, setup(test, &p), 0);
	p = (struct cring_params) { .sq_entries = row->sq + 1 };
	KUNIT_EXPECT_EQ(test, setup(test, &p), -EINVAL);
	p = (struct cring_params) { .sq_entries = 1, .cq_entries = row->cq + 1,
				    .flags = CRING_SETUP_CQSIZE };
	KUNIT_EXPECT_EQ(test, setup(test, &p), -EINVAL);
	p.flags |= CRING_SETUP_CLAMP;
	KUNIT_EXPECT_EQ(test, setup(test, &p), 0);
	KUNIT_EXPECT_EQ(test, p.cq_entries, row->cq);
}

static struct kunit_case cring_restrict_cases[] = {
	KUNIT_CASE(an_operation_that_is_not_named_is_refused),
	KUNIT_CASE(a_flag_that_is_not_named_is_refused),
	KUNIT_CASE(an_xflag_that_is_not_named_is_refused),
	KUNIT_CASE(a_key_that_is_not_named_is_refused),
	KUNIT_CASE(what_is_not_named_cannot_be_registered),
	KUNIT_CASE(a_second_restriction_takes_more_away_only),
	KUNIT_CASE(what_is_in_flight_goes_on),
	KUNIT_CASE(what_there_is_not_cannot_be_named),
	KUNIT_CASE_PARAM(a_list_of_operations_is_read, list_gen_params),
	KUNIT_CASE(every_operation_has_a_name_for_it),
	KUNIT_CASE(what_is_not_on_the_list_no_ring_does),
	KUNIT_CASE(nor_is_a_deadline_given_later),
	KUNIT_CASE(query_tells_what_there_is),
	KUNIT_CASE(query_tells_the_flags_that_are_taken),
	KUNIT_CASE_PARAM(a_ring_is_no_larger_than_the_administrator_says,
			 entries_gen_params),
	{}
};

static struct kunit_suite cring_restrict_suite = {
	.name = "cring_restrict",
	.test_cases = cring_restrict_cases,
};

kunit_test_suite(cring_restrict_suite);
