// SPDX-License-Identifier: GPL-2.0
/*
 * Detach: a cancel that succeeds while a worker, a device or a thread that tries
 * it has the operation (C10 of Documentation/contract.rst).
 */
#include <linux/uaccess.h>

#include "detach.h"

enum { A = DETACH_A, B = DETACH_B };

/* --- who may ask for it --- */

static void a_ring_without_room_refuses_it(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct script *script = script_open(live, SCRIPT_WORKER);

	live_prep_read(live_sqe(live, 0, A), script, live->args, 1);
	live->ring->sqes[0].xflags = CRING_SQE_X_DETACH;
	live_submit(live);
	LIVE_EXPECT_CQE(live, A, -EINVAL);
	KUNIT_EXPECT_EQ(test, atomic_read(&script->calls), 0);
}

static void what_needs_no_detach_refuses_it(struct kunit *test)
{
	static const u8 ops[] = {
		CRING_OP_NOP, CRING_OP_POLL_ADD, CRING_OP_POLL_REMOVE,
		CRING_OP_TIMEOUT, CRING_OP_TIMEOUT_REMOVE,
		CRING_OP_ASYNC_CANCEL, CRING_OP_LINK_TIMEOUT,
	};
	struct detach *d = detach_open(test, SCRIPT_WORKER);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		live_sqe(d->live, ops[i], A)->xflags = CRING_SQE_X_DETACH;
		KUNIT_EXPECT_EQ(test, live_submit(d->live), 1);
		LIVE_EXPECT_CQE(d->live, A, -EINVAL);
	}
}

static void what_is_too_long_or_has_no_offset_is_refused(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_WORKER);

	detach_sqe(d, CRING_OP_READ, A)->len = CRING_MAX_STAGE + 1;
	live_submit(d->live);
	LIVE_EXPECT_CQE(d->live, A, -EINVAL);
	detach_sqe(d, CRING_OP_READ, A)->off = -1;
	live_submit(d->live);
	LIVE_EXPECT_CQE(d->live, A, -EINVAL);
	/* what was refused occupies nothing */
	KUNIT_EXPECT_EQ(test, atomic_read(&d->live->ring->nr_detached), 0);
}

static void the_rings_limit_counts_until_the_device_answers(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);
	unsigned int i;

	for (i = 0; i < DETACH_ROOM; i++)
		KUNIT_EXPECT_EQ(test, detach_start(d, CRING_OP_READ, i),
				CRING_DISPATCHED);
	detach_start(d, CRING_OP_READ, B);
	LIVE_EXPECT_CQE(d->live, B, -EAGAIN);
	KUNIT_EXPECT_EQ(test, live_cancel(d->live, CANCEL_ALL, 0),
			DETACH_ROOM);
	reap_all(d->live);
	detach_start(d, CRING_OP_READ, B);
	LIVE_EXPECT_CQE(d->live, B, -EAGAIN);
	script_complete(d->script, 2, DETACH_LEN);
	KUNIT_EXPECT_EQ(test, detach_start(d, CRING_OP_READ, B),
			CRING_DISPATCHED);
}

/* when a session is about to publish the first CQE */
static void count_at_cqe(struct live *live, struct cring_req *req)
{
	struct detach *d = live->priv;
	struct cring_ring *ring = live->ring;

	if (READ_ONCE(ring->shared->cq_tail) != ring->cq_tail && !d->cancels++)
		d->answer = atomic_read(&ring->nr_detached);
}

static void what_has_ended_makes_room_before_its_cqe_is_seen(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_WORKER);

	detach_start_and_hang(d, CRING_OP_READ, A);
	d->answer = -1;
	live_at(d->live, CRING_AT_PUBLISH, count_at_cqe);
	script_let_go(d->script);
	LIVE_EXPECT_WAIT(d->live, A, DETACH_LEN);
	KUNIT_EXPECT_EQ(test, d->answer, 0);
	detach_expect_given_back(d);
}

static void the_users_limit_is_its_own(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);
	unsigned int limit = cring_max_user_detached;

	WRITE_ONCE(cring_max_user_detached, 1);
	KUNIT_EXPECT_EQ(test, detach_start(d, CRING_OP_READ, A),
			CRING_DISPATCHED);
	detach_expect_let_go(d, A);
	detach_start(d, CRING_OP_READ, B);
	LIVE_EXPECT_CQE(d->live, B, -EAGAIN);
	script_complete(d->script, 0, DETACH_LEN);
	KUNIT_EXPECT_EQ(test, detach_start(d, CRING_OP_READ, B),
			CRING_DISPATCHED);
	WRITE_ONCE(cring_max_user_detached, limit);
}

/* --- whoever has it --- */

#define HANGS(_who, _kind, _opcode, _flags)				\
	{ _who, SCRIPT_##_kind, CRING_OP_##_opcode, _flags }

static const struct detach_case hang_cases[] = {
	HANGS("a worker reads", WORKER, READ, 0),
	HANGS("a worker writes", WORKER, WRITE, 0),
	HANGS("a worker syncs", WORKER, FSYNC, 0),
	HANGS("a device reads", DEVICE, READ, 0),
	HANGS("a device writes", DEVICE, WRITE, 0),
	HANGS("a device reads, from a worker", DEVICE, READ, CRING_SQE_ASYNC),
	HANGS("a submitter tries to read", FILE, READ, 0),
	HANGS("a submitter tries to write", FILE, WRITE, 0),
};

KUNIT_ARRAY_PARAM_DESC(hang, hang_cases, name);

static void what_hangs_is_let_go_of(struct kunit *test)
{
	struct detach *d = detach_open_and_hang(test, test->param_value);

	detach_expect_let_go(d, A);
	detach_answer(d);
	detach_expect_given_back(d);
	/* a read has touched nothing since */
	memset(d->written, 0xee, DETACH_LEN);
	EXPECT_UNREAD(d);
}

static void what_nobody_cancels_ends_as_ever(struct kunit *test)
{
	const struct detach_case *what = test->param_value;
	struct detach *d = detach_open_and_hang(test, what);

	if (what->opcode == CRING_OP_READ)
		EXPECT_UNREAD(d);
	detach_answer(d);
	/* what a device has read is copied by a thread of the owner */
	cring_run_ready(d->live->ring);
	LIVE_EXPECT_WAIT(d->live, A,
			 what->opcode == CRING_OP_FSYNC ? 0 : DETACH_LEN);
	if (what->opcode == CRING_OP_READ)
		EXPECT_READ(d);
	else
		EXPECT_WRITTEN(d);
	KUNIT_EXPECT_EQ(test, atomic_read(&d->script->calls), 1);
	detach_expect_given_back(d);
}

static void a_deadline_lets_go_of_it(struct kunit *test)
{
	const struct detach_case *what = test->param_value;
	struct detach *d = detach_open(test, what->kind);
	struct cring_sqe *sqe = detach_sqe(d, what->opcode, A);

	sqe->flags = what->sqe_flags;
	sqe->xflags |= CRING_SQE_X_DEADLINE;
	sqe->deadline = 300 * NSEC_PER_MSEC;
	detach_hang_up(d, A);
	LIVE_EXPECT_WAIT(d->live, A, -ETIME);
	KUNIT_EXPECT_EQ(test, atomic_read(&d->live->ring->nr_detached), 1);
	detach_answer(d);
	detach_expect_given_back(d);
}

static void a_link_timeout_lets_go_of_it(struct kunit *test)
{
	const struct detach_case *what = test->param_value;
	struct detach *d = detach_open(test, what->kind);
	struct cring_sqe *sqe = detach_sqe(d, what->opcode, A);

	sqe->flags = what->sqe_flags | CRING_SQE_IO_LINK;
	sqe = live_sqe(d->live, CRING_OP_LINK_TIMEOUT, B);
	sqe->addr = live_timespec(d->live, 0, 300 * NSEC_PER_MSEC);
	sqe->len = 1;
	detach_hang_up(d, A);
	LIVE_EXPECT_WAIT(d->live, A, -ECANCELED);
	LIVE_EXPECT_WAIT(d->live, B, -ETIME);
	detach_answer(d);
	detach_expect_given_back(d);
}

static void a_cancel_of_all_waits_for_nobody(struct kunit *test)
{
	struct detach *d = detach_open_and_hang(test, test->param_value);
	struct cring_cancel_key key = { .flags = CANCEL_ALL };

	KUNIT_EXPECT_EQ(test, live_cancel_sync(d->live, &key, CRING_CANCEL_WAIT,
					       -1), 0);
	KUNIT_EXPECT_EQ(test, key.res, 1);
	KUNIT_EXPECT_EQ(test, key.already, 0);
	LIVE_EXPECT_CQE(d->live, A, -ECANCELED);
	detach_answer(d);
	detach_expect_given_back(d);
}

static void an_owner_that_is_gone_lets_go_of_it(struct kunit *test)
{
	struct detach *d = detach_open_and_hang(test, test->param_value);

	cring_ring_shut(d->live->ring);
	LIVE_EXPECT_CQE_FLAGS(d->live, A, -ECANCELED, 0);
	detach_answer(d);
	detach_expect_given_back(d);
}

/* --- a worker --- */

static void a_hung_worker_has_nothing_of_the_owners_memory(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_WORKER);
	int users = atomic_read(&d->live->mm->mm_users);

	detach_start_and_hang(d, CRING_OP_READ, A);
	KUNIT_EXPECT_EQ(test, atomic_read(&d->live->mm->mm_users), users);
	KUNIT_EXPECT_EQ(test, atomic_read(&d->live->ring->nr_pinned), 0);
	detach_answer(d);
	LIVE_EXPECT_WAIT(d->live, A, DETACH_LEN);
}

static void a_worker_that_is_let_go_of_is_interrupted(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_WORKER);

	d->script->run = script_sleep;
	detach_start_and_hang(d, CRING_OP_FSYNC, A);
	KUNIT_EXPECT_EQ(test, live_cancel(d->live, 0, A), 0);
	LIVE_EXPECT_CQE_FLAGS(d->live, A, -ECANCELED, 0);
	/* nobody else ends its sleep */
	detach_expect_given_back(d);
}

static void what_waits_for_a_worker_is_claimed_as_ever(struct kunit *test)
{
	struct detach *d;

	live_max_workers(test, 1);
	d = detach_open(test, SCRIPT_WORKER);
	detach_start_and_hang(d, CRING_OP_FSYNC, A);
	KUNIT_EXPECT_EQ(test, detach_start(d, CRING_OP_WRITE, B), CRING_QUEUED);
	KUNIT_EXPECT_EQ(test, live_cancel(d->live, 0, B), 0);
	LIVE_EXPECT_CQE_FLAGS(d->live, B, -ECANCELED, CRING_CQE_F_NOT_STARTED);
	detach_expect_let_go(d, A);
	detach_answer(d);
	detach_expect_given_back(d);
}

/* --- without it --- */

static void plain_reads_are_not_let_go_of(struct kunit *test)
{
	const struct detach_case *what = test->param_value;
	struct detach *d = detach_open(test, what->kind);

	detach_sqe(d, CRING_OP_READ, A)->xflags = 0;
	detach_hang_up(d, A);
	KUNIT_EXPECT_EQ(test, live_cancel(d->live, 0, A), -EALREADY);
	LIVE_EXPECT_NO_CQE(d->live);
	detach_answer(d);
	LIVE_EXPECT_WAIT(d->live, A, DETACH_LEN);
}

static const struct detach_case plain_cases[] = {
	HANGS("in a worker", WORKER, READ, 0),
	HANGS("in a device", DEVICE, READ, 0),
	HANGS("in a submitter", FILE, READ, 0),
};

KUNIT_ARRAY_PARAM_DESC(plain, plain_cases, name);

/* --- the end --- */

static bool ring_is_there(struct live *live)
{
	flush_workqueue(cring_wq);
	return file_count(live->mapping) > 1;
}

/* a thread that is inside submit has the ring's file: it is not closed */
static const struct detach_case close_cases[] = {
	HANGS("a worker reads", WORKER, READ, 0),
	HANGS("a worker writes", WORKER, WRITE, 0),
	HANGS("a device reads", DEVICE, READ, 0),
	HANGS("a device writes", DEVICE, WRITE, 0),
};

KUNIT_ARRAY_PARAM_DESC(close, close_cases, name);

static void a_closed_ring_waits_for_it(struct kunit *test)
{
	struct detach *d = detach_open_and_hang(test, test->param_value);

	live_close(d->live);
	KUNIT_EXPECT_TRUE(test, ring_is_there(d->live));
	detach_answer(d);
	KUNIT_EXPECT_TRUE(test, live_gone(d->live));
	memset(d->written, 0xee, DETACH_LEN);
	EXPECT_UNREAD(d);
}

static void what_was_let_go_of_before_the_close_holds_the_ring_too(struct kunit *test)
{
	struct detach *d = detach_open_and_hang(test, test->param_value);

	detach_expect_let_go(d, A);
	live_close(d->live);
	KUNIT_EXPECT_TRUE(test, ring_is_there(d->live));
	detach_answer(d);
	KUNIT_EXPECT_TRUE(test, live_gone(d->live));
}

static struct kunit_case cring_detach_cases[] = {
	KUNIT_CASE(a_ring_without_room_refuses_it),
	KUNIT_CASE(what_needs_no_detach_refuses_it),
	KUNIT_CASE(what_is_too_long_or_has_no_offset_is_refused),
	KUNIT_CASE(the_rings_limit_counts_until_the_device_answers),
	KUNIT_CASE(what_has_ended_makes_room_before_its_cqe_is_seen),
	KUNIT_CASE(the_users_limit_is_its_own),
	KUNIT_CASE_PARAM(what_hangs_is_let_go_of, hang_gen_params),
	KUNIT_CASE_PARAM(what_nobody_cancels_ends_as_ever, hang_gen_params),
	KUNIT_CASE_PARAM(a_deadline_lets_go_of_it, hang_gen_params),
	KUNIT_CASE_PARAM(a_link_timeout_lets_go_of_it, hang_gen_params),
	KUNIT_CASE_PARAM(a_cancel_of_all_waits_for_nobody, hang_gen_params),
	KUNIT_CASE_PARAM(an_owner_that_is_gone_lets_go_of_it, hang_gen_params),
	KUNIT_CASE(a_hung_worker_has_nothing_of_the_owners_memory),
	KUNIT_CASE(a_worker_that_is_let_go_of_is_interrupted),
	KUNIT_CASE(what_waits_for_a_worker_is_claimed_as_ever),
	KUNIT_CASE_PARAM(plain_reads_are_not_let_go_of, plain_gen_params),
	KUNIT_CASE_PARAM(a_closed_ring_waits_for_it, close_gen_params),
	KUNIT_CASE_PARAM(what_was_let_go_of_before_the_close_holds_the_ring_too,
			 close_gen_params),
	{}
};

static struct kunit_suite cring_detach_suite = {
	.name = "cring_detach",
	.test_cases = cring_detach_cases,
};

kunit_test_suite(cring_detach_suite);
