// SPDX-License-Identifier: GPL-2.0
/*
 * The ready list: with whose credentials it is tried, and by how many workers
 * when no thread of the owner comes by (C4 of Documentation/contract.rst; the
 * table in Documentation/security.rst).
 */
#include <linux/cred.h>
#include <linux/mmu_context.h>

#include "sqes.h"

enum { A = 1, B = 2, C = 3 };

static ssize_t fail(struct script *script, struct kiocb *iocb,
		    struct iov_iter *iter)
{
	return -EIO;
}

/* so that the ring keeps no identity but this thread's own */
static void submit_a_chain(struct live *live)
{
	live_sqe(live, CRING_OP_NOP, C)->flags = CRING_SQE_IO_LINK;
	live_sqe(live, CRING_OP_NOP, C);
	KUNIT_EXPECT_EQ(live->test, live_submit(live), 2);
	cring_run_ready(live->ring);
	reap_all(live);
}

/*
 * The last that refers to credentials is the identity of an operation that ends
 * while they are in force: a broken chain is given back before its attempt is
 * over.  A kernel that takes no reference for override_creds() says so.
 */
static void credentials_in_force_are_there(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *script = script_open(live, SCRIPT_POLL);
	struct cred *cred = prepare_creds();
	const struct cred *old;

	KUNIT_ASSERT_NOT_NULL(test, cred);
	old = override_creds(cred);
	live_prep_read(live_sqe(live, 0, A), script, live->args, 1);
	live->ring->sqes[0].flags = CRING_SQE_IO_LINK;
	live_sqe(live, CRING_OP_NOP, B);
	KUNIT_EXPECT_EQ(test, live_submit(live), 2);
	revert_creds(old);
	submit_a_chain(live);
	put_cred(cred);

	script->run = fail;
	script_ready(script, EPOLLIN);
	cring_run_ready(live->ring);
	LIVE_EXPECT_CQE(live, A, -EIO);
	LIVE_EXPECT_CQE(live, B, -ECANCELED);
	KUNIT_EXPECT_PTR_EQ(test, current_cred(), old);
}

/* a synchronous call with one key runs what its cancel makes ready */
static void make_one_ready(struct live *live, struct script *script, u32 flags)
{
	struct cring_cancel_key key = { .user_data = A };
	struct cring_sqe *sqe = live_sqe(live, CRING_OP_READ, A);

	live_prep_read(sqe, script, live->args, 1);
	sqe->flags = CRING_SQE_IO_HARDLINK;
	live_sqe(live, CRING_OP_NOP, B);
	KUNIT_EXPECT_EQ(live->test, live_submit(live), 2);
	KUNIT_EXPECT_EQ(live->test, live_cancel_sync(live, &key, flags, 0), 0);
	KUNIT_EXPECT_EQ(live->test, key.res, 0);
	KUNIT_EXPECT_EQ(live->test, live_nr_cqes(live), 2);
	reap_all(live);
}

static void what_a_cancel_makes_ready_is_run_by_it(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *script = script_open(live, SCRIPT_POLL);

	make_one_ready(live, script, 0);
	make_one_ready(live, script, CRING_CANCEL_WAIT);
}

/* the task work of the last submitter, in a thread that has left its program */
static void return_without_memory(struct live *live)
{
	kthread_unuse_mm(live->mm);
	live_return();
	kthread_use_mm(live->mm);
}

/* one that sleeps for ever must not keep the others from going on */
static void a_kick_starts_a_worker_for_each(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *first = script_open(live, SCRIPT_WORKER);
	struct script *script = script_open(live, SCRIPT_FIFO);
	unsigned int i;

	/* who makes the workers starts them, too: they are to be there */
	live_read(live, first, A);
	KUNIT_ASSERT_TRUE(test, script_await(first, 1));
	script_let_go(first);
	LIVE_EXPECT_WAIT(live, A, 1);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, live_read(live, script, B), CRING_ARMED);
	script->run = script_stick;
	script_ready(script, EPOLLIN);
	return_without_memory(live);
	KUNIT_EXPECT_TRUE(test, script_await(script, 3));
	script_let_go(script);
	for (i = 0; i < 3; i++)
		LIVE_EXPECT_WAIT(live, B, 1);
}

static void limit_files(unsigned long most)
{
	WRITE_ONCE(current->signal->rlim[RLIMIT_FSIZE].rlim_cur, most);
}

/* to what only waits it does not matter how large a file may become */
static void what_only_waits_shares_an_older_identity(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *script = script_open(live, SCRIPT_POLL);
	unsigned long most = rlimit(RLIMIT_FSIZE);
	struct cring_sqe *sqe;

	live_read(live, script, A);
	limit_files(most / 2);
	sqe = live_sqe(live, CRING_OP_POLL_ADD, B);
	sqe->fd = script->fd;
	sqe->poll32_events = (__force u32)EPOLLIN;
	KUNIT_EXPECT_EQ(test, live_submit(live), 1);
	live_read(live, script, C);
	limit_files(most);
	KUNIT_ASSERT_NOT_NULL(test, live_req(live, A));
	KUNIT_ASSERT_NOT_NULL(test, live_req(live, B));
	KUNIT_ASSERT_NOT_NULL(test, live_req(live, C));
	KUNIT_EXPECT_PTR_EQ(test, live_req(live, B)->ident,
			    live_req(live, A)->ident);
	KUNIT_EXPECT_PTR_NE(test, live_req(live, C)->ident,
			    live_req(live, A)->ident);
}

/* but whose it is does, and with what credentials its file is asked */
static void but_not_one_with_other_credentials(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *script = script_open(live, SCRIPT_POLL);
	struct cred *cred = prepare_creds();
	struct cring_ident *before;
	const struct cred *old;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, cred);
	live_read(live, script, A);
	before = live_req(live, A) ? live_req(live, A)->ident : NULL;
	old = override_creds(cred);
	for (i = 0; i < 2; i++) {
		struct cring_sqe *sqe = live_sqe(live, CRING_OP_POLL_ADD, B + i);

		sqe->fd = script->fd;
		sqe->poll32_events = (__force u32)EPOLLIN;
	}
	KUNIT_EXPECT_EQ(test, live_submit(live), 2);
	revert_creds(old);
	KUNIT_ASSERT_NOT_NULL(test, live_req(live, B));
	KUNIT_ASSERT_NOT_NULL(test, live_req(live, C));
	KUNIT_EXPECT_PTR_NE(test, live_req(live, B)->ident, before);
	KUNIT_EXPECT_PTR_EQ(test, cring_ident_cred(live_req(live, B)->ident),
			    (const struct cred *)cred);
	KUNIT_EXPECT_PTR_EQ(test, live_req(live, C)->ident,
			    live_req(live, B)->ident);
	KUNIT_EXPECT_EQ(test, live_cancel(live, CANCEL_ALL, 0), 3);
	put_cred(cred);
}

static struct kunit_case cring_ready_cases[] = {
	KUNIT_CASE(credentials_in_force_are_there),
	KUNIT_CASE(what_a_cancel_makes_ready_is_run_by_it),
	KUNIT_CASE(a_kick_starts_a_worker_for_each),
	KUNIT_CASE(what_only_waits_shares_an_older_identity),
	KUNIT_CASE(but_not_one_with_other_credentials),
	{}
};

static struct kunit_suite cring_ready_suite = {
	.name = "cring_ready",
	.test_cases = cring_ready_cases,
};

kunit_test_suite(cring_ready_suite);
