// SPDX-License-Identifier: GPL-2.0
/*
 * The pool of requests: each record is given out once, comes back once, and
 * brings nothing of its last use along.
 */
#include <linux/bitmap.h>
#include <linux/file.h>

#include "sqes.h"

/* pages of user memory that operations of a test may use */
struct pool_test {
	struct live *live;
	struct script *script;	/* of the kind the test asks for */
	unsigned long mem;
};

static struct pool_test *begin(struct kunit *test, u32 entries)
{
	struct pool_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->live = live_open(test, entries, entries);
	t->mem = live_pages(t->live, 1, PROT_READ | PROT_WRITE);
	return t;
}

/* what came back is the submitter's again */
static void collect(struct cring_ring *ring)
{
	struct llist_node **end = &ring->free;

	flush_workqueue(cring_wq);
	while (*end)
		end = &(*end)->next;
	*end = llist_del_all(&ring->freed);
}

/* leave the submitter so many records, and forget the rest */
static void leave(struct live *live, unsigned int nr)
{
	struct llist_node **end = &live->ring->free;

	collect(live->ring);
	while (nr--) {
		KUNIT_ASSERT_NOT_NULL(live->test, *end);
		end = &(*end)->next;
	}
	*end = NULL;
}

/* how many there are; each must be one of the pool's, free, and there once */
static unsigned int count_free(struct live *live)
{
	struct cring_ring *ring = live->ring;
	struct kunit *test = live->test;
	unsigned long *seen = bitmap_zalloc(ring->nr_reqs, GFP_KERNEL);
	struct llist_node *node;
	unsigned int nr = 0, wrong = 0;

	KUNIT_ASSERT_NOT_NULL(test, seen);
	collect(ring);
	for (node = ring->free; node && nr < ring->nr_reqs; node = node->next) {
		struct cring_req *req = llist_entry(node, struct cring_req,
						    free_node);
		unsigned long i = req - ring->pool;

		wrong += i >= ring->nr_reqs || &ring->pool[i] != req ||
			 test_and_set_bit(i, seen) || req->ring != ring ||
			 cring_word_state(atomic64_read(&req->word)) !=
				CRING_FREE;
		nr++;
	}
	bitmap_free(seen);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_NULL(test, node);
	return nr;
}

static u64 generation(const struct cring_req *req)
{
	return atomic64_read(&req->word) & CRING_WORD_GEN_MASK;
}

/* ---------------------------------------------------------------------------
 * Taking and giving back
 */

static void a_record_is_at_most_320_bytes(struct kunit *test)
{
	KUNIT_EXPECT_LE(test, sizeof(struct cring_req), 320);
}

static void there_is_a_record_for_every_slot_and_some_more(struct kunit *test)
{
	static const u32 sizes[] = { 1, 2, 64, 1024 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct live *live = live_open(test, 1, sizes[i]);

		KUNIT_EXPECT_GT(test, live->ring->nr_reqs, sizes[i]);
		KUNIT_EXPECT_EQ(test, count_free(live), live->ring->nr_reqs);
		live_close(live);
	}
}

static void a_record_is_given_out_once(struct kunit *test)
{
	struct live *live = begin(test, 32)->live;
	struct cring_ring *ring = live->ring;
	unsigned int round, i;

	for (round = 0; round < 20; round++) {
		for (i = 0; i < 32; i++)
			forever(live, i);
		KUNIT_EXPECT_EQ(test, live_submit(live), 32);
		/* each user_data has one, and all the others are free */
		for (i = 0; i < 32; i++)
			KUNIT_EXPECT_NOT_NULL(test, live_req(live, i));
		KUNIT_EXPECT_EQ(test, count_free(live), ring->nr_reqs - 32);
		KUNIT_EXPECT_EQ(test, live_cancel(live, CANCEL_ALL, 0), 32);
		KUNIT_EXPECT_EQ(test, count_free(live), ring->nr_reqs);
		reap_all(live);
	}
}

static void an_empty_pool_is_as_a_full_cq(struct kunit *test)
{
	struct live *live = begin(test, 8)->live;
	unsigned int i;

	leave(live, 3);
	for (i = 0; i < 5; i++)
		forever(live, i);
	KUNIT_EXPECT_EQ(test, live_submit(live), 3);
	KUNIT_EXPECT_EQ(test, live_submit(live), -EBUSY);
	/* one comes back, one is taken */
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, live_submit(live), 1);
	KUNIT_EXPECT_EQ(test, live_submit(live), -EBUSY);
	KUNIT_EXPECT_EQ(test, live_cancel(live, CANCEL_ALL, 0), 3);
	KUNIT_EXPECT_EQ(test, live_submit(live), 1);
	LIVE_EXPECT_STATE(live, 4, CRING_ARMED);
	KUNIT_EXPECT_EQ(test, count_free(live), 2);
}

static void a_chain_leaves_the_pool_alone_when_it_does_not_fit(struct kunit *test)
{
	struct pool_test *t = begin(test, 8);
	struct live *live = t->live;
	struct script *script = script_open(live, SCRIPT_POLL);
	long refs = file_count(script->file);
	unsigned int i;

	leave(live, 3);
	live_sqe(live, CRING_OP_NOP, 0);
	for (i = 0; i < 3; i++) {
		struct cring_sqe *sqe = live_sqe(live, CRING_OP_READ, 1 + i);

		live_prep_read(sqe, script, t->mem, 1);
		sqe->flags = i < 2 ? CRING_SQE_IO_LINK : 0;
	}
	KUNIT_EXPECT_EQ(test, live_submit(live), 1);
	LIVE_EXPECT_CQE(live, 0, 0);
	KUNIT_EXPECT_EQ(test, live_in_flight(live), 0);
	KUNIT_EXPECT_EQ(test, file_count(script->file), refs);
	KUNIT_EXPECT_EQ(test, count_free(live), 3);

	/* alone it does */
	KUNIT_EXPECT_EQ(test, live_submit(live), 3);
	KUNIT_EXPECT_EQ(test, file_count(script->file), refs + 3);
	KUNIT_EXPECT_EQ(test, count_free(live), 0);
	KUNIT_EXPECT_EQ(test, live_cancel(live, CANCEL_ALL, 0), 3);
	KUNIT_EXPECT_EQ(test, count_free(live), 3);
}

/* ---------------------------------------------------------------------------
 * Generations
 */

static void a_use_is_one_generation_whatever_it_was(struct kunit *test)
{
	struct live *live = begin(test, 4)->live;
	struct cring_req *req;
	unsigned int i;
	u64 gen;

	leave(live, 1);
	req = llist_entry(live->ring->free, struct cring_req, free_node);
	for (i = 0; i < 40; i++) {
		gen = generation(req);
		switch (i % 4) {
		case 0:		/* ends at once */
			nops(live, 1);
			KUNIT_EXPECT_EQ(test, live_submit(live), 1);
			break;
		case 1:		/* is refused */
			live_sqe(live, 255, 0);
			KUNIT_EXPECT_EQ(test, live_submit(live), 1);
			break;
		case 2:		/* waits, and is cancelled */
			forever(live, 0);
			KUNIT_EXPECT_EQ(test, live_submit(live), 1);
			KUNIT_EXPECT_EQ(test, generation(req), gen);
			KUNIT_EXPECT_EQ(test, live_cancel(live, 0, 0), 0);
			break;
		case 3:		/* is taken, and taken back */
			live_sqe(live, CRING_OP_NOP, 0)->flags =
				CRING_SQE_IO_LINK;
			nops(live, 1);
			KUNIT_EXPECT_EQ(test, live_submit(live), -EBUSY);
			live->sq_tail -= 2;
			break;
		}
		KUNIT_EXPECT_EQ(test, generation(req), gen + CRING_WORD_GEN);
		reap_all(live);
	}
}

static void what_was_seen_of_an_earlier_use_claims_nothing(struct kunit *test)
{
	struct live *live = begin(test, 4)->live;
	struct cring_req *req;
	unsigned int i;
	u64 seen, now;

	leave(live, 1);
	forever(live, 0);
	live_submit(live);
	req = live_req(live, 0);
	KUNIT_ASSERT_NOT_NULL(test, req);
	seen = atomic64_read(&req->word);
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, 0), 0);
	for (i = 1; i < 20; i++) {
		reap_all(live);
		forever(live, i);
		live_submit(live);
		/* the same record, in the same state */
		KUNIT_ASSERT_PTR_EQ(test, live_req(live, i), req);
		now = atomic64_read(&req->word);
		KUNIT_EXPECT_EQ(test, cring_word_state(now),
				cring_word_state(seen));
		KUNIT_EXPECT_FALSE(test, cring_word_same(seen, now));
		KUNIT_EXPECT_FALSE(test, cring_word_claim(&req->word, seen));
		KUNIT_EXPECT_FALSE(test, cring_word_set(&req->word, seen,
							CRING_WORD_CANCEL));
		KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&req->word), now);
		/* and a cancel of the earlier one finds nothing */
		KUNIT_EXPECT_EQ(test, live_cancel(live, 0, i - 1), -ENOENT);
		KUNIT_EXPECT_EQ(test, live_cancel(live, 0, i), 0);
	}
}

/* ---------------------------------------------------------------------------
 * What is left of an earlier use: nothing
 */

#define NR_DIRTY	4	/* records that one of these uses at most */

static void dirty_nop(struct pool_test *t)
{
	nops(t->live, NR_DIRTY);
	live_submit(t->live);
}

static void dirty_refused(struct pool_test *t)
{
	live_prep_read(live_sqe(t->live, CRING_OP_READ, 1), t->script, t->mem,
		       8);
	/* its file has been looked up by then */
	t->live->ring->sqes[0].off = -2;
	live_sqe(t->live, 255, 2)->flags = CRING_SQE_IO_LINK;
	nops(t->live, 2);
	live_submit(t->live);
}

static void dirty_armed(struct pool_test *t)
{
	struct cring_sqe *sqe = live_sqe(t->live, CRING_OP_READ, 1);

	live_prep_read(sqe, t->script, t->mem, 8);
	sqe->ioprio = 3 << 13;	/* IOPRIO_CLASS_IDLE */
	live_submit(t->live);
	live_cancel(t->live, 0, 1);
}

/* poll says ready, and yet it blocks, again and again */
static ssize_t again(struct script *script, struct kiocb *iocb,
		     struct iov_iter *iter)
{
	return -EAGAIN;
}

static void dirty_retried(struct pool_test *t)
{
	t->script->run = again;
	t->script->events = EPOLLIN;
	live_read(t->live, t->script, 1);
}

static void dirty_vectors(struct pool_test *t)
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

static void dirty_fixed(struct pool_test *t)
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

static void dirty_worker(struct pool_test *t)
{
	live_sqe(t->live, CRING_OP_FSYNC, 1)->fd = t->script->fd;
	live_submit(t->live);
	live_read(t->live, t->script, 2);
	script_let_go(t->script);
	live_until(!live_in_flight(t->live));
}

/* told to stop, waited for, and marked by a cancel of all */
static void dirty_device(struct pool_test *t)
{
	const struct cring_filter filter = {
		.flags = CANCEL_ALL, .before = U64_MAX,
	};
	struct cring_pass pass;

	live_read(t->live, t->script, 1);
	cring_pass_run(&pass, t->live->ring, &filter, true);
	KUNIT_EXPECT_EQ(t->live->test, pass.already, 1);
	script_complete(t->script, 0, 1);
}

static void dirty_chain(struct pool_test *t)
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

static const struct dirty_case {
	const char *name;
	enum script_kind kind;
	void (*use)(struct pool_test *t);
} dirty_cases[] = {
	{ "NOPs", SCRIPT_POLL, dirty_nop },
	{ "one with a file was refused", SCRIPT_POLL, dirty_refused },
	{ "it was armed, and cancelled", SCRIPT_POLL, dirty_armed },
	{ "it was tried again and again", SCRIPT_POLL, dirty_retried },
	{ "it had vectors", SCRIPT_POLL, dirty_vectors },
	{ "it had a fixed buffer and a fixed file", SCRIPT_POLL, dirty_fixed },
	{ "a worker ran it", SCRIPT_WORKER, dirty_worker },
	{ "a device had it, and a cancel waited", SCRIPT_DEVICE, dirty_device },
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
static void expect_clean_timeouts(struct pool_test *t)
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
		KUNIT_EXPECT_NULL(test, req->ident);
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
static void expect_clean_reads(struct pool_test *t)
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
		KUNIT_EXPECT_NULL(test, req->rw.iov);
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
	struct pool_test *t = begin(test, 8);
	long refs;

	t->script = script_open(t->live, what->kind);
	leave(t->live, NR_DIRTY);
	what->use(t);
	KUNIT_EXPECT_EQ(test, live_in_flight(t->live), 0);
	KUNIT_EXPECT_EQ(test, count_free(t->live), NR_DIRTY);
	/* a fixed slot keeps its file */
	refs = what->use == dirty_fixed ? 3 : 2;
	KUNIT_EXPECT_TRUE(test, live_until(({
		flush_delayed_fput();
		file_count(t->script->file) == refs;
	})));
	reap_all(t->live);
	expect_clean_timeouts(t);
	expect_clean_reads(t);
	KUNIT_EXPECT_EQ(test, count_free(t->live), NR_DIRTY);
}

/* ---------------------------------------------------------------------------
 * From several contexts at once
 */

#define BUSY_ENTRIES	8
#define BUSY_OPS	1500

struct busy {
	struct live *live;
	bool over;
	u32 cancelled;
};

/* gives records back from another thread, as fast as they are taken */
static int busy_cancel(void *arg)
{
	struct busy *busy = arg;
	unsigned long end = jiffies + LIVE_PATIENCE;

	while (!READ_ONCE(busy->over) && time_before(jiffies, end)) {
		busy->cancelled += live_cancel(busy->live, CANCEL_ALL, 0);
		cond_resched();
	}
	return 0;
}

/* and a timer does from an interrupt, and the submitter itself */
static void records_come_back_from_threads_and_interrupts_at_once(struct kunit *test)
{
	struct busy *busy = kunit_kzalloc(test, sizeof(*busy), GFP_KERNEL);
	unsigned int i, taken = 0, reaped = 0, early = 0;
	unsigned long end;
	struct cring_cqe cqe;
	struct other *other;
	struct live *live;

	KUNIT_ASSERT_NOT_NULL(test, busy);
	live = begin(test, BUSY_ENTRIES)->live;
	busy->live = live;
	leave(live, BUSY_ENTRIES);
	other = other_start(live, busy_cancel, busy);
	end = jiffies + LIVE_PATIENCE;
	while (taken < BUSY_OPS && time_before(jiffies, end)) {
		int ret;

		for (i = live->sq_tail - live->ring->shared->sq_head;
		     i < BUSY_ENTRIES; i++) {
			struct cring_sqe *sqe;

			if (live->sq_tail % 3 == 2) {
				nops(live, 1);
				continue;
			}
			sqe = forever(live, live->sq_tail);
			if (live->sq_tail % 3 == 1)
				sqe->addr = user_time(live, 0, 1000 * i);
		}
		ret = live_submit(live);
		taken += max(ret, 0);
		early += ret < 0;
		while (live_reap(live, &cqe))
			reaped++;
		cond_resched();
	}
	WRITE_ONCE(busy->over, true);
	KUNIT_EXPECT_EQ(test, other_join(other), 0);
	live_cancel(live, CANCEL_ALL, 0);
	KUNIT_EXPECT_TRUE(test, live_until(!live_in_flight(live)));
	while (live_reap(live, &cqe))
		reaped++;
	kunit_info(test, "%u operations, %u cancelled; %u times no record\n",
		   taken, busy->cancelled, early);
	KUNIT_EXPECT_GE(test, taken, BUSY_OPS);
	KUNIT_EXPECT_EQ(test, live->ring->accepted, taken);
	KUNIT_EXPECT_EQ(test, reaped, taken);
	KUNIT_EXPECT_GT(test, busy->cancelled, 0);
	KUNIT_EXPECT_EQ(test, count_free(live), BUSY_ENTRIES);
}

static struct kunit_case cring_pool_cases[] = {
	KUNIT_CASE(a_record_is_at_most_320_bytes),
	KUNIT_CASE(there_is_a_record_for_every_slot_and_some_more),
	KUNIT_CASE(a_record_is_given_out_once),
	KUNIT_CASE(an_empty_pool_is_as_a_full_cq),
	KUNIT_CASE(a_chain_leaves_the_pool_alone_when_it_does_not_fit),
	KUNIT_CASE(a_use_is_one_generation_whatever_it_was),
	KUNIT_CASE(what_was_seen_of_an_earlier_use_claims_nothing),
	KUNIT_CASE_PARAM(a_record_is_clean_when_it_is_used_again,
			 dirty_gen_params),
	KUNIT_CASE(records_come_back_from_threads_and_interrupts_at_once),
	{}
};

static struct kunit_suite cring_pool_suite = {
	.name = "cring_pool",
	.test_cases = cring_pool_cases,
};

kunit_test_suite(cring_pool_suite);
