// SPDX-License-Identifier: GPL-2.0
/*
 * What is left of an earlier use of a record when it is used again: nothing.
 */
#include <linux/file.h>
#include <linux/ioprio.h>

#include "pool.h"

/* pages of user memory that operations of a test may use */
struct clean_test {
	struct live *live;
	struct script *script;	/* of the kind the test asks for */
	unsigned long mem;
};

static struct clean_test *begin(struct kunit *test, u32 entries)
{
	struct clean_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->live = live_open(test, entries, entries);
	t->mem = live_pages(t->live, 1, PROT_READ | PROT_WRITE);
	return t;
}

#define NR_DIRTY	4	/* records that one of these uses at most */

static void dirty_nop(struct clean_test *t)
{
	nops(t->live, NR_DIRTY);
	live_submit(t->live);
}

static void dirty_refused(struct clean_test *t)
{
	live_prep_read(live_sqe(t->live, CRING_OP_READ, 1), t->script, t->mem,
		       8);
	/* its file has been looked up by then */
	t->live->ring->sqes[0].off = -2;
	live_sqe(t->live, 255, 2)->flags = CRING_SQE_IO_LINK;
	nops(t->live, 2);
	live_submit(t->live);
}

static void dirty_armed(struct clean_test *t)
{
	struct cring_sqe *sqe = live_sqe(t->live, CRING_OP_READ, 1);

	live_prep_read(sqe, t->script, t->mem, 8);
	sqe->ioprio = IOPRIO_CLASS_IDLE << IOPRIO_CLASS_SHIFT;
	live_submit(t->live);
	live_cancel(t->live, 0, 1);
}

/* poll says ready, and yet it blocks, again and again */
static ssize_t again(struct script *script, struct kiocb *iocb,
		     struct iov_iter *iter)
{
	return -EAGAIN;
}

static void dirty_retried(struct clean_test *t)
{
	t->script->run = again;
	t->script->events = EPOLLIN;
	live_read(t->live, t->script, 1);
}

static void dirty_vectors(struct clean_test *t)
{
	struct iovec iov[20];
	struct cring_sqe *sqe;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(iov); i++)
		iov[i] = (struct iovec) { (void __user *)t->mem, 8 };
	KUNIT_EXPECT_EQ(t->live->test,
			copy_to_user((void __user *)t->mem, iov, sizeof(iov)),
			0);
	sqe = live_sqe(t->live, CRING_OP_READV, 1);
	live_prep_read(sqe, t->script, t->mem, ARRAY_SIZE(iov));
	sqe->opcode = CRING_OP_READV;
	live_submit(t->live);
	live_cancel(t->live, 0, 1);
}

static void dirty_fixed(struct clean_test *t)
{
	struct iovec iov = { (void __user *)t->mem, PAGE_SIZE };
	struct cring_sqe *sqe;

	KUNIT_EXPECT_EQ(t->live->test,
			live_register(t->live, CRING_REGISTER_BUFFERS, 0, &iov,
				      1, sizeof(iov)), 0);
	KUNIT_EXPECT_EQ(t->live->test,
			live_register(t->live, CRING_REGISTER_FILES, 0,
				      &t->script->fd, 1, sizeof(s32)), 0);
	sqe = live_sqe(t->live, CRING_OP_READ_FIXED, 1);
	live_prep_read(sqe, t->script, t->mem + 64, 64);
	sqe->opcode = CRING_OP_READ_FIXED;
	sqe->flags = CRING_SQE_FIXED_FILE;
	sqe->fd = 0;
	live_submit(t->live);
	live_cancel(t->live, 0, 1);
}

static void dirty_worker(struct clean_test *t)
{
	live_sqe(t->live, CRING_OP_FSYNC, 1)->fd = t->script->fd;
	live_submit(t->live);
	live_read(t->live, t->script, 2);
	script_let_go(t->script);
	live_until(!live_in_flight(t->live));
}

/* told to stop, waited for, and marked by a cancel of all */
static void dirty_device(struct clean_test *t)
{
	const struct cring_filter filter = {
		.flags = CANCEL_ALL, .before = U64_MAX,
	};
	struct cring_pass pass;

	live_read(t->live, t->script, 1);
	cring_pass_run(&pass, t->live->ring, &filter, NULL, true);
	KUNIT_EXPECT_EQ(t->live->test, pass.already, 1);
	script_complete(t->script, 0, 1);
}

static void dirty_chain(struct clean_test *t)
{
	struct cring_sqe *sqe;

	live_prep_read(live_sqe(t->live, CRING_OP_READ, 1), t->script, t->mem,
		       8);
	t->live->ring->sqes[0].flags = CRING_SQE_IO_HARDLINK |
				       CRING_SQE_IO_DRAIN;
	sqe = forever(t->live, 2);
	sqe->opcode = CRING_OP_LINK_TIMEOUT;
	sqe->flags = CRING_SQE_IO_LINK;
	sqe = forever(t->live, 3);
	sqe->off = 5;
	sqe->flags = CRING_SQE_IO_LINK | CRING_SQE_CQE_SKIP_SUCCESS;
	forever(t->live, 4)->timeout_flags = CRING_TIMEOUT_BOOTTIME;
	live_submit(t->live);
	live_cancel(t->live, 0, 1);
	cring_run_ready(t->live->ring);
	live_cancel(t->live, 0, 3);
	/* a drain is over with the next batch */
	nops(t->live, 1);
	live_submit(t->live);
}

/* the short way, on which a cancel has met one of them */
static ssize_t meet_a_cancel(struct script *script, struct kiocb *iocb,
			     struct iov_iter *iter)
{
	struct clean_test *t = script->priv;

	KUNIT_EXPECT_GT(t->live->test, live_cancel(t->live, CANCEL_ALL, 0), 0);
	return script_transfer(script, iocb, iter);
}

static void dirty_quick(struct clean_test *t)
{
	unsigned int i;

	t->script->priv = t;
	t->script->run = meet_a_cancel;
	for (i = 0; i < NR_DIRTY; i++) {
		struct cring_sqe *sqe = live_sqe(t->live, CRING_OP_READ, i);

		live_prep_read(sqe, t->script, t->mem, 8);
		sqe->group = 7;
	}
	live_submit(t->live);
}

static const struct dirty_case {
	const char *name;
	enum script_kind kind;
	void (*use)(struct clean_test *t);
} dirty_cases[] = {
	{ "NOPs", SCRIPT_POLL, dirty_nop },
	{ "one with a file was refused", SCRIPT_POLL, dirty_refused },
	{ "it was armed, and cancelled", SCRIPT_POLL, dirty_armed },
	{ "it was tried again and again", SCRIPT_POLL, dirty_retried },
	{ "it had vectors", SCRIPT_POLL, dirty_vectors },
	{ "it had a fixed buffer and a fixed file", SCRIPT_POLL, dirty_fixed },
	{ "a worker ran it", SCRIPT_WORKER, dirty_worker },
	{ "a device had it, and a cancel waited", SCRIPT_DEVICE, dirty_device },
	{ "it was tried on the short way", SCRIPT_FILE, dirty_quick },
	{ "it was a chain with a watch and a drain", SCRIPT_POLL, dirty_chain },
};

KUNIT_ARRAY_PARAM_DESC(dirty, dirty_cases, name);

static void expect_common(struct kunit *test, const struct cring_req *req)
{
	u64 word = atomic64_read(&req->word);

	KUNIT_EXPECT_EQ(test, word & CRING_WORD_BITS, 0);
	KUNIT_EXPECT_EQ(test, req->sqe_flags, 0);
	KUNIT_EXPECT_EQ(test, req->res, 0);
	KUNIT_EXPECT_EQ(test, req->mark, 0);
	KUNIT_EXPECT_EQ(test, req->retries, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&req->refs), 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&req->chain));
}

/* the next use of all those records: timeouts */
static void expect_clean_timeouts(struct clean_test *t)
{
	struct kunit *test = t->live->test;
	unsigned int i;

	for (i = 0; i < NR_DIRTY; i++)
		forever(t->live, 100 + i);
	KUNIT_EXPECT_EQ(test, live_submit(t->live), NR_DIRTY);
	for (i = 0; i < NR_DIRTY; i++) {
		const struct cring_req *req = live_req(t->live, 100 + i);

		KUNIT_ASSERT_NOT_NULL(test, req);
		expect_common(test, req);
		KUNIT_EXPECT_EQ(test, req->flags, 0);
		KUNIT_EXPECT_EQ(test, req->lflags,
				CRING_REQL_INDEXED | CRING_REQL_TIMER);
		KUNIT_EXPECT_NULL(test, req->file);
		KUNIT_EXPECT_PTR_EQ(test, req->ident, t->live->ring->ident);
		KUNIT_EXPECT_EQ(test, req->nr_wait, 0);
		KUNIT_EXPECT_NULL(test, req->timer.target);
		KUNIT_EXPECT_EQ(test, req->timer.count, 0);
		KUNIT_EXPECT_EQ(test, req->timer.flags, 0);
		KUNIT_EXPECT_EQ(test, req->timer.clock, CRING_CLOCK_MONOTONIC);
	}
	KUNIT_EXPECT_EQ(test, live_cancel(t->live, CANCEL_ALL, 0), NR_DIRTY);
	for (i = 0; i < NR_DIRTY; i++)
		LIVE_EXPECT_CQE_FLAGS(t->live, 100 + i, -ECANCELED,
				      CRING_CQE_F_NOT_STARTED);
}

/* and the one after that: reads that wait for poll */
static void expect_clean_reads(struct clean_test *t)
{
	struct script *script = script_open(t->live, SCRIPT_POLL);
	struct kunit *test = t->live->test;
	unsigned int i;

	for (i = 0; i < NR_DIRTY; i++)
		live_prep_read(live_sqe(t->live, CRING_OP_READ, 200 + i),
			       script, t->mem, 8);
	KUNIT_EXPECT_EQ(test, live_submit(t->live), NR_DIRTY);
	for (i = 0; i < NR_DIRTY; i++) {
		const struct cring_req *req = live_req(t->live, 200 + i);

		KUNIT_ASSERT_NOT_NULL(test, req);
		expect_common(test, req);
		KUNIT_EXPECT_EQ(test, req->flags, CRING_REQ_PREPPED);
		KUNIT_EXPECT_EQ(test, req->lflags, CRING_REQL_INDEXED);
		KUNIT_EXPECT_PTR_EQ(test, req->file, script->file);
		KUNIT_EXPECT_EQ(test, req->nr_wait, 1);
		KUNIT_EXPECT_EQ(test, req->ioprio, 0);
		KUNIT_EXPECT_NULL(test, req->rw.mem.iov);
		KUNIT_EXPECT_EQ(test, req->rw.addr, t->mem);
		KUNIT_EXPECT_EQ(test, req->rw.len, 8);
		KUNIT_EXPECT_EQ(test, req->rw.done, 0);
		KUNIT_EXPECT_EQ(test, req->rw.nr_iov, 0);
		KUNIT_EXPECT_EQ(test, (__force int)req->rw.rw_flags, 0);
	}
	KUNIT_EXPECT_EQ(test, live_cancel(t->live, CANCEL_ALL, 0), NR_DIRTY);
	for (i = 0; i < NR_DIRTY; i++)
		LIVE_EXPECT_CQE_FLAGS(t->live, 200 + i, -ECANCELED,
				      CRING_CQE_F_NOT_STARTED);
}

static void a_record_is_clean_when_it_is_used_again(struct kunit *test)
{
	const struct dirty_case *what = test->param_value;
	struct clean_test *t = begin(test, 8);
	long refs;

	t->script = script_open(t->live, what->kind);
	pool_leave(t->live, NR_DIRTY);
	what->use(t);
	KUNIT_EXPECT_EQ(test, live_in_flight(t->live), 0);
	KUNIT_EXPECT_EQ(test, pool_free(t->live), NR_DIRTY);
	/* a fixed slot keeps its file */
	refs = what->use == dirty_fixed ? 3 : 2;
	KUNIT_EXPECT_TRUE(test, live_until(({
		flush_delayed_fput();
		file_count(t->script->file) == refs;
	})));
	reap_all(t->live);
	expect_clean_timeouts(t);
	expect_clean_reads(t);
	KUNIT_EXPECT_EQ(test, pool_free(t->live), NR_DIRTY);
}

static struct kunit_case cring_clean_cases[] = {
	KUNIT_CASE_PARAM(a_record_is_clean_when_it_is_used_again,
			 dirty_gen_params),
	{}
};

static struct kunit_suite cring_clean_suite = {
	.name = "cring_clean",
	.test_cases = cring_clean_cases,
};

kunit_test_suite(cring_clean_suite);
