// SPDX-License-Identifier: GPL-2.0
/*
 * Which file is meant: a descriptor or a fixed slot is looked up when an
 * operation or a cancel is accepted, and from then on it is the open file that
 * counts, whatever becomes of the number (C6 of Documentation/contract.rst).
 */
#include <linux/fdtable.h>
#include <linux/file.h>

#include "fixture.h"

enum { A = 1, B = 2 };

#define BY_FD		CRING_ASYNC_CANCEL_FD
#define BY_SLOT		(CRING_ASYNC_CANCEL_FD | CRING_ASYNC_CANCEL_FD_FIXED)

/* a cancel by descriptor or slot: as a call, and as an SQE */
static s32 cancel_call(struct live *live, s32 fd, u32 flags)
{
	struct cring_cancel_key key = { .fd = fd, .flags = flags };

	KUNIT_EXPECT_EQ(live->test, live_cancel_sync(live, &key, 0, 0), 0);
	return key.res;
}

static s32 cancel_sqe(struct live *live, s32 fd, u32 flags)
{
	struct cring_sqe *sqe = live_sqe(live, CRING_OP_ASYNC_CANCEL, 99);
	struct cring_cqe cqe = { .res = -ENOMSG };
	u32 cq_head = live->ring->shared->cq_head, i;

	sqe->fd = fd;
	sqe->cancel_flags = flags;
	KUNIT_EXPECT_EQ(live->test, live_submit(live), 1);
	/* its CQE is there, behind that of what it has stopped; neither is reaped */
	for (i = 0; i < live_nr_cqes(live); i++) {
		cqe = live->ring->cqes[(cq_head + i) & live->ring->cq_mask];
		if (cqe.user_data == 99)
			break;
	}
	KUNIT_EXPECT_EQ(live->test, i, live_nr_cqes(live) - 1);
	KUNIT_EXPECT_EQ(live->test, cqe.user_data, 99);
	live->ring->cqes[(cq_head + i) & live->ring->cq_mask].user_data = 0;
	return cqe.res;
}

static const struct way {
	const char *name;
	s32 (*cancel)(struct live *live, s32 fd, u32 flags);
} ways[] = {
	{ "a call", cancel_call },
	{ "an SQE", cancel_sqe },
};

KUNIT_ARRAY_PARAM_DESC(way, ways, name);

/* the one CQE that is not a cancel's */
static void expect_only(struct live *live, u64 user_data, s32 res)
{
	struct cring_cqe cqe;
	unsigned int seen = 0;

	while (live_reap(live, &cqe)) {
		if (!cqe.user_data)
			continue;
		KUNIT_EXPECT_EQ(live->test, cqe.user_data, user_data);
		KUNIT_EXPECT_EQ(live->test, cqe.res, res);
		seen++;
	}
	KUNIT_EXPECT_EQ(live->test, seen, 1);
}

static void expect_nothing(struct live *live)
{
	struct cring_cqe cqe;

	while (live_reap(live, &cqe))
		KUNIT_EXPECT_EQ(live->test, cqe.user_data, 0);
}

/* another number for the same open file */
static int dup_of(struct kunit *test, struct script *script)
{
	int fd = get_unused_fd_flags(O_CLOEXEC);

	KUNIT_ASSERT_GE(test, fd, 0);
	fd_install(fd, get_file(script->file));
	return fd;
}

/* the number of one file becomes that of another */
static void move_fd(struct kunit *test, struct script *from, struct script *to)
{
	int fd = from->fd;

	close_fd(to->fd);
	to->fd = -1;
	close_fd(fd);
	from->fd = -1;
	flush_delayed_fput();
	/* the lowest that is free */
	to->fd = get_unused_fd_flags(O_CLOEXEC);
	KUNIT_ASSERT_EQ(test, to->fd, fd);
	fd_install(fd, get_file(to->file));
}

static void a_cancel_by_descriptor_means_its_file_only(struct kunit *test)
{
	const struct way *way = test->param_value;
	struct live *live = live_open(test, 8, 0);
	struct script *a = script_open(live, SCRIPT_POLL);
	struct script *b = script_open(live, SCRIPT_POLL);

	live_read(live, a, A);
	live_read(live, b, B);
	KUNIT_EXPECT_EQ(test, way->cancel(live, b->fd, BY_FD), 0);
	expect_only(live, B, -ECANCELED);
	LIVE_EXPECT_STATE(live, A, CRING_ARMED);
}

static void a_copy_of_the_descriptor_means_the_same_file(struct kunit *test)
{
	const struct way *way = test->param_value;
	struct live *live = live_open(test, 8, 0);
	struct script *a = script_open(live, SCRIPT_POLL);
	int copy = dup_of(test, a);

	live_read(live, a, A);
	KUNIT_EXPECT_EQ(test, way->cancel(live, copy, BY_FD), 0);
	close_fd(copy);
	expect_only(live, A, -ECANCELED);
}

static void a_number_that_was_reused_means_its_new_file(struct kunit *test)
{
	const struct way *way = test->param_value;
	struct live *live = live_open(test, 8, 0);
	struct script *a = script_open(live, SCRIPT_POLL);
	struct script *b = script_open(live, SCRIPT_POLL);
	int fd = a->fd;

	live_read(live, a, A);
	move_fd(test, a, b);
	/* the number is B's, on which there is nothing */
	KUNIT_EXPECT_EQ(test, way->cancel(live, fd, BY_FD), -ENOENT);
	LIVE_EXPECT_STATE(live, A, CRING_ARMED);
	live_read(live, b, B);
	KUNIT_EXPECT_EQ(test, way->cancel(live, fd, BY_FD), 0);
	expect_only(live, B, -ECANCELED);
	LIVE_EXPECT_STATE(live, A, CRING_ARMED);
}

static void a_closed_descriptor_is_no_file(struct kunit *test)
{
	const struct way *way = test->param_value;
	struct live *live = live_open(test, 8, 0);
	struct script *a = script_open(live, SCRIPT_POLL);
	int fd = a->fd;

	live_read(live, a, A);
	script_close(a);
	KUNIT_EXPECT_EQ(test, way->cancel(live, fd, BY_FD), -EBADF);
	KUNIT_EXPECT_EQ(test, way->cancel(live, -1, BY_FD), -EBADF);
	LIVE_EXPECT_STATE(live, A, CRING_ARMED);
	expect_nothing(live);
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, A), 0);
}

/* whichever of the two lists is the shorter one to look through */
static void file_and_user_data_must_both_match(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *a = script_open(live, SCRIPT_POLL);
	struct script *b = script_open(live, SCRIPT_POLL);
	struct cring_cancel_key key = {
		.flags = BY_FD | CRING_ASYNC_CANCEL_USERDATA,
	};

	live_read(live, a, 1);
	live_read(live, b, 2);
	live_read(live, b, 3);
	live_read(live, a, 4);
	live_read(live, a, 4);
	live_read(live, a, 4);
	/* one of that user_data, two of that file; then the other way round */
	key.fd = b->fd;
	key.user_data = 1;
	KUNIT_EXPECT_EQ(test, live_cancel_sync(live, &key, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, key.res, -ENOENT);
	key.user_data = 4;
	KUNIT_EXPECT_EQ(test, live_cancel_sync(live, &key, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, key.res, -ENOENT);
	expect_nothing(live);
	key.user_data = 3;
	KUNIT_EXPECT_EQ(test, live_cancel_sync(live, &key, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, key.res, 0);
	expect_only(live, 3, -ECANCELED);
}

/* a slot and a descriptor are two name spaces */
static void a_slot_means_the_file_in_it(struct kunit *test)
{
	const struct way *way = test->param_value;
	struct live *live = live_open(test, 8, 0);
	struct script *a = script_open(live, SCRIPT_POLL);
	struct script *b = script_open(live, SCRIPT_POLL);
	s32 fds[] = { -1, b->fd };

	KUNIT_ASSERT_EQ(test, live_register(live, CRING_REGISTER_FILES, 0, fds,
					    2, sizeof(*fds)), 0);
	/* B was read by its descriptor, A is in no slot */
	live_read(live, a, A);
	live_read(live, b, B);
	KUNIT_EXPECT_EQ(test, way->cancel(live, 0, BY_SLOT), -EBADF);
	KUNIT_EXPECT_EQ(test, way->cancel(live, 2, BY_SLOT), -EBADF);
	KUNIT_EXPECT_EQ(test, way->cancel(live, -1, BY_SLOT), -EBADF);
	expect_nothing(live);
	KUNIT_EXPECT_EQ(test, way->cancel(live, 1, BY_SLOT), 0);
	expect_only(live, B, -ECANCELED);
	LIVE_EXPECT_STATE(live, A, CRING_ARMED);
}

static enum cring_state read_slot(struct live *live, s32 slot, u64 user_data)
{
	struct cring_sqe *sqe = live_sqe(live, CRING_OP_READ, user_data);

	sqe->fd = slot;
	sqe->flags = CRING_SQE_FIXED_FILE;
	sqe->addr = live->args;
	sqe->len = 1;
	KUNIT_EXPECT_EQ(live->test, live_submit(live), 1);
	return live_state(live, user_data);
}

static void a_slot_that_changes_leaves_operations_their_file(struct kunit *test)
{
	const struct way *way = test->param_value;
	struct live *live = live_open(test, 8, 0);
	struct script *a = script_open(live, SCRIPT_POLL);
	struct script *b = script_open(live, SCRIPT_POLL);

	KUNIT_ASSERT_EQ(test, live_register(live, CRING_REGISTER_FILES, 0,
					    &a->fd, 1, sizeof(a->fd)), 0);
	KUNIT_EXPECT_EQ(test, read_slot(live, 0, A), CRING_ARMED);
	KUNIT_ASSERT_EQ(test, live_register(live, CRING_REGISTER_FILES_UPDATE,
					    0, &b->fd, 1, sizeof(b->fd)), 1);
	/* the slot means B now, the operation A still */
	KUNIT_EXPECT_EQ(test, way->cancel(live, 0, BY_SLOT), -ENOENT);
	expect_nothing(live);
	KUNIT_EXPECT_EQ(test, read_slot(live, 0, B), CRING_ARMED);
	script_ready(a, EPOLLIN);
	cring_run_ready(live->ring);
	expect_only(live, A, 1);
	KUNIT_EXPECT_EQ(test, way->cancel(live, 0, BY_SLOT), 0);
	expect_only(live, B, -ECANCELED);
}

static void an_operation_holds_the_file_of_a_slot_that_was_emptied(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *a = script_open(live, SCRIPT_POLL);
	const s32 none = -1;

	KUNIT_ASSERT_EQ(test, live_register(live, CRING_REGISTER_FILES, 0,
					    &a->fd, 1, sizeof(a->fd)), 0);
	KUNIT_EXPECT_EQ(test, read_slot(live, 0, A), CRING_ARMED);
	script_close(a);
	KUNIT_ASSERT_EQ(test, live_register(live, CRING_REGISTER_FILES_UPDATE,
					    0, &none, 1, sizeof(none)), 1);
	flush_delayed_fput();
	KUNIT_EXPECT_FALSE(test, completion_done(&a->released));
	/* a new one finds nothing there */
	read_slot(live, 0, B);
	LIVE_EXPECT_CQE(live, B, -EBADF);
	script_ready(a, EPOLLIN);
	cring_run_ready(live->ring);
	LIVE_EXPECT_CQE(live, A, 1);
	KUNIT_EXPECT_TRUE(test, script_is_released(a));
}

static void unregistering_does_not_wait_for_operations(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *a = script_open(live, SCRIPT_DEVICE);

	KUNIT_ASSERT_EQ(test, live_register(live, CRING_REGISTER_FILES, 0,
					    &a->fd, 1, sizeof(a->fd)), 0);
	KUNIT_EXPECT_EQ(test, read_slot(live, 0, A), CRING_DISPATCHED);
	script_close(a);
	KUNIT_EXPECT_EQ(test, live_register(live, CRING_UNREGISTER_FILES, 0,
					    NULL, 0, 0), 0);
	flush_delayed_fput();
	KUNIT_EXPECT_FALSE(test, completion_done(&a->released));
	KUNIT_EXPECT_EQ(test, live_register(live, CRING_UNREGISTER_FILES, 0,
					    NULL, 0, 0), -ENXIO);
	script_complete(a, 0, 1);
	LIVE_EXPECT_CQE(live, A, 1);
	KUNIT_EXPECT_TRUE(test, script_is_released(a));
}

static void what_names_no_file_is_that_operations_own_error(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *a = script_open(live, SCRIPT_POLL);
	struct cring_sqe *sqe;
	int closed = a->fd;

	script_close(a);
	sqe = live_sqe(live, CRING_OP_READ, 1);
	sqe->fd = closed;
	sqe = live_sqe(live, CRING_OP_FSYNC, 2);
	sqe->fd = -1;
	/* no table at all */
	sqe = live_sqe(live, CRING_OP_POLL_ADD, 3);
	sqe->flags = CRING_SQE_FIXED_FILE;
	sqe = live_sqe(live, CRING_OP_READ, 4);
	sqe->fd = live->fd;
	live_sqe(live, CRING_OP_NOP, 5);
	KUNIT_EXPECT_EQ(test, live_submit(live), 5);
	LIVE_EXPECT_CQE(live, 1, -EBADF);
	LIVE_EXPECT_CQE(live, 2, -EBADF);
	LIVE_EXPECT_CQE(live, 3, -EBADF);
	LIVE_EXPECT_CQE(live, 4, -EOPNOTSUPP);
	LIVE_EXPECT_CQE(live, 5, 0);
}

static void a_ring_is_no_fixed_file(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *a = script_open(live, SCRIPT_POLL);
	s32 fds[] = { a->fd, live->fd };

	KUNIT_EXPECT_EQ(test, live_register(live, CRING_REGISTER_FILES, 0, fds,
					    2, sizeof(*fds)), -EBADF);
	/* and the other one was not kept */
	script_close(a);
	KUNIT_EXPECT_TRUE(test, script_is_released(a));
}

static struct kunit_case cring_file_cases[] = {
	KUNIT_CASE_PARAM(a_cancel_by_descriptor_means_its_file_only,
			 way_gen_params),
	KUNIT_CASE_PARAM(a_copy_of_the_descriptor_means_the_same_file,
			 way_gen_params),
	KUNIT_CASE_PARAM(a_number_that_was_reused_means_its_new_file,
			 way_gen_params),
	KUNIT_CASE_PARAM(a_closed_descriptor_is_no_file, way_gen_params),
	KUNIT_CASE(file_and_user_data_must_both_match),
	KUNIT_CASE_PARAM(a_slot_means_the_file_in_it, way_gen_params),
	KUNIT_CASE_PARAM(a_slot_that_changes_leaves_operations_their_file,
			 way_gen_params),
	KUNIT_CASE(an_operation_holds_the_file_of_a_slot_that_was_emptied),
	KUNIT_CASE(unregistering_does_not_wait_for_operations),
	KUNIT_CASE(what_names_no_file_is_that_operations_own_error),
	KUNIT_CASE(a_ring_is_no_fixed_file),
	{}
};

static struct kunit_suite cring_file_suite = {
	.name = "cring_file",
	.test_cases = cring_file_cases,
};

kunit_test_suite(cring_file_suite);
