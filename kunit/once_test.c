// SPDX-License-Identifier: GPL-2.0
/*
 * Read once: an SQE that its owner rewrites when it has been read, and is about
 * to be checked and used, is what it was (section "Hostile user space" of
 * Documentation/security.rst).
 */
#include "fixture.h"

enum { UD = 7, GROUP = 3 };

struct once {
	struct live *live;
	struct script *file;
	unsigned int rewritten;
};

/* nothing of it is right any more, but what names it in the CQ */
static void rewrite(struct live *live, struct cring_req *req)
{
	struct once *o = live->priv;
	unsigned int i;

	for (i = 0; i <= live->ring->sq_mask; i++) {
		struct cring_sqe *sqe = (struct cring_sqe *)&live->ring->sqes[i];
		u64 user_data = sqe->user_data;

		memset(sqe, 0xff, sizeof(*sqe));
		sqe->user_data = user_data;
		sqe->group = GROUP;
	}
	o->rewritten++;
}

static struct once *once_open(struct kunit *test)
{
	struct once *o = kunit_kzalloc(test, sizeof(*o), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, o);
	o->live = live_open(test, 8, 0);
	o->live->priv = o;
	o->file = script_open(o->live, SCRIPT_FILE);
	live_at(o->live, CRING_AT_COPIED, rewrite);
	return o;
}

static void prep_read(struct once *o, struct cring_sqe *sqe)
{
	live_prep_read(sqe, o->file, o->live->args, 1);
}

static void prep_timed(struct once *o, struct cring_sqe *sqe)
{
	prep_read(o, sqe);
	sqe->xflags = CRING_SQE_X_DEADLINE;
	sqe->deadline = 1000 * NSEC_PER_SEC;
}

static void prep_write(struct once *o, struct cring_sqe *sqe)
{
	prep_read(o, sqe);
	sqe->opcode = CRING_OP_WRITE;
}

static void prep_sync(struct once *o, struct cring_sqe *sqe)
{
	sqe->opcode = CRING_OP_FSYNC;
	sqe->fd = o->file->fd;
}

static void prep_timer(struct once *o, struct cring_sqe *sqe)
{
	sqe->opcode = CRING_OP_TIMEOUT;
	sqe->addr = live_timespec(o->live, 0, 0);
	sqe->len = 1;
}

static void prep_cancel(struct once *o, struct cring_sqe *sqe)
{
	sqe->opcode = CRING_OP_ASYNC_CANCEL;
	sqe->addr = 99;
}

static const struct once_case {
	const char *name;
	void (*prep)(struct once *o, struct cring_sqe *sqe);
	s32 res;
} once_cases[] = {
	{ "read", prep_read, 1 },
	{ "read with a deadline", prep_timed, 1 },
	{ "write", prep_write, 1 },
	{ "fsync", prep_sync, 0 },
	{ "timeout", prep_timer, -ETIME },
	{ "cancel", prep_cancel, -ENOENT },
};

KUNIT_ARRAY_PARAM_DESC(once, once_cases, name);

static void what_was_read_is_what_is_done(struct kunit *test)
{
	const struct once_case *c = test->param_value;
	struct once *o = once_open(test);

	c->prep(o, live_sqe(o->live, 0, UD));
	KUNIT_ASSERT_EQ(test, live_submit(o->live), 1);
	LIVE_EXPECT_WAIT(o->live, UD, c->res);
	KUNIT_EXPECT_EQ(test, o->rewritten, 1);
	LIVE_EXPECT_NO_CQE(o->live);
}

/* its flags, too, which make the next one of its chain */
static void a_chain_is_what_it_was(struct kunit *test)
{
	struct once *o = once_open(test);
	struct cring_sqe *sqe = live_sqe(o->live, 0, UD);

	prep_read(o, sqe);
	sqe->flags = CRING_SQE_IO_LINK;
	prep_read(o, live_sqe(o->live, 0, UD + 1));
	KUNIT_ASSERT_EQ(test, live_submit(o->live), 2);
	/* the second one was rewritten before it was read, and breaks the chain */
	LIVE_EXPECT_WAIT(o->live, UD, -ECANCELED);
	LIVE_EXPECT_WAIT(o->live, UD + 1, -EINVAL);
}

static struct kunit_case once_cases_of[] = {
	KUNIT_CASE_PARAM(what_was_read_is_what_is_done, once_gen_params),
	KUNIT_CASE(a_chain_is_what_it_was),
	{}
};

static struct kunit_suite once_suite = {
	.name = "cring_once",
	.test_cases = once_cases_of,
};

kunit_test_suite(once_suite);
