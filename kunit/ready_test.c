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

static struct kunit_case cring_ready_cases[] = {
	KUNIT_CASE(credentials_in_force_are_there),
	KUNIT_CASE(a_kick_starts_a_worker_for_each),
	{}
};

static struct kunit_suite cring_ready_suite = {
	.name = "cring_ready",
	.test_cases = cring_ready_cases,
};

kunit_test_suite(cring_ready_suite);
