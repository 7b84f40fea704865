// SPDX-License-Identifier: GPL-2.0
/*
 * Files that no worker may run (S5 of Documentation/security.rst): what a file's
 * kind has no method for is answered at once as the system call would, what it
 * has one for is refused, and none of it is executed.
 */
#include <linux/fs.h>

#include "fixture.h"

#define UD	1

static const struct deny_case {
	const char *name;
	umode_t type;
	u8 opcode;
	bool methods;		/* it has some */
	bool source;		/* of a copy, which is regular */
	s32 res;
} deny_cases[] = {
	{ "fsync of a socket", S_IFSOCK, CRING_OP_FSYNC, false, false,
	  -EINVAL },
	{ "fsync of a device that has none", S_IFCHR, CRING_OP_FSYNC, false,
	  false, -EINVAL },
	{ "fsync of a device that has one", S_IFCHR, CRING_OP_FSYNC, true,
	  false, -EOPNOTSUPP },
	{ "fallocate of a socket", S_IFSOCK, CRING_OP_FALLOCATE, false, false,
	  -ENODEV },
	{ "fallocate of a device", S_IFCHR, CRING_OP_FALLOCATE, true, false,
	  -ENODEV },
	{ "sync_file_range of a socket", S_IFSOCK, CRING_OP_SYNC_FILE_RANGE,
	  false, false, -ESPIPE },
	{ "sync_file_range of a device", S_IFCHR, CRING_OP_SYNC_FILE_RANGE,
	  true, false, -ESPIPE },
	{ "a copy to a socket", S_IFSOCK, CRING_OP_COPY_FILE_RANGE, false,
	  false, -EINVAL },
	{ "a copy from a device", S_IFCHR, CRING_OP_COPY_FILE_RANGE, true, true,
	  -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(deny, deny_cases, name);

/* a script, made to look like another kind of file */
static struct script *open_as(struct live *live, umode_t type, bool methods)
{
	struct script *script = script_open(live, methods ? SCRIPT_FIFO :
							    SCRIPT_BARE);

	file_inode(script->file)->i_mode = type | 0600;
	return script;
}

static void prep(struct cring_sqe *sqe, const struct deny_case *c,
		 const struct script *file, const struct script *regular)
{
	sqe->fd = file->fd;
	if (c->opcode == CRING_OP_FALLOCATE) {
		sqe->addr = 1;
	} else if (c->opcode == CRING_OP_COPY_FILE_RANGE) {
		sqe->fd = c->source ? regular->fd : file->fd;
		sqe->fd_in = c->source ? file->fd : regular->fd;
		sqe->len = 1;
	}
}

static void what_no_worker_may_run_is_answered_at_once(struct kunit *test)
{
	static const u32 xflags[] = { 0, CRING_SQE_X_DETACH };
	const struct deny_case *c = test->param_value;
	struct live *live = live_open_with(test, (struct cring_params) {
		.sq_entries = 4, .detached = 1,
	});
	struct script *regular = script_open(live, SCRIPT_WORKER);
	struct script *file = open_as(live, c->type, c->methods);
	struct cring_sqe *sqe;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(xflags); i++) {
		sqe = live_sqe(live, c->opcode, UD);
		prep(sqe, c, file, regular);
		sqe->xflags = xflags[i];
		KUNIT_EXPECT_EQ(test, live_submit(live), 1);
		LIVE_EXPECT_CQE(live, UD, c->res);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&file->calls), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&regular->calls), 0);
	KUNIT_EXPECT_NULL(test, live->ring->wq);
}

/* a hook before the answer may sleep: no thread of the owner asks */
static void what_a_worker_may_run_is_left_to_it(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct script *fifo = open_as(live, S_IFIFO, false);
	struct cring_sqe *sqe = live_sqe(live, CRING_OP_FSYNC, UD);

	sqe->fd = fifo->fd;
	KUNIT_EXPECT_EQ(test, live_submit(live), 1);
	LIVE_EXPECT_WAIT(live, UD, -EINVAL);
	KUNIT_EXPECT_NOT_NULL(test, live->ring->wq);
}

static struct kunit_case cring_deny_cases[] = {
	KUNIT_CASE_PARAM(what_no_worker_may_run_is_answered_at_once,
			 deny_gen_params),
	KUNIT_CASE(what_a_worker_may_run_is_left_to_it),
	{}
};

static struct kunit_suite cring_deny_suite = {
	.name = "cring_deny",
	.test_cases = cring_deny_cases,
};

kunit_test_suite(cring_deny_suite);
