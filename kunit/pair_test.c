// SPDX-License-Identifier: GPL-2.0
/*
 * A poll and its cancel that are accepted and over in one step: what they end with is
 * what each of them would, and all that is said more goes the long way (C1, C3 and C4
 * of Documentation/contract.rst).
 */
#include "fixture.h"

#define POLL	1
#define CANCEL	2
#define OTHER	3

struct pairs {
	struct live *live;
	struct script *script;
	unsigned int passed;	/* pairs whose poll waits */
	unsigned int batches;	/* that could be found */
};

static void count_pair(struct live *live, struct cring_req *req)
{
	struct pairs *p = live->priv;

	p->passed++;
}

static void count_batch(struct live *live, struct cring_req *req)
{
	struct pairs *p = live->priv;

	p->batches++;
}

static struct pairs *pairs_open(struct kunit *test)
{
	struct pairs *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	p->live = live_open(test, 64, 0);
	p->live->priv = p;
	p->script = script_open(p->live, SCRIPT_FIFO);
	live_at(p->live, CRING_AT_PAIR, count_pair);
	live_at(p->live, CRING_AT_BATCH, count_batch);
	return p;
}

/* the two SQEs */
static void put_pair(struct pairs *p, struct script *script,
		     struct cring_sqe *sqe[2])
{
	sqe[0] = live_sqe(p->live, CRING_OP_POLL_ADD, POLL);
	sqe[0]->fd = script->fd;
	sqe[0]->poll32_events = (__force u32)EPOLLIN;
	sqe[1] = live_sqe(p->live, CRING_OP_ASYNC_CANCEL, CANCEL);
	sqe[1]->addr = POLL;
}

static void submit_pair(struct pairs *p)
{
	struct cring_sqe *sqe[2];

	p->passed = 0;
	p->batches = 0;
	put_pair(p, p->script, sqe);
	KUNIT_EXPECT_EQ(p->live->test, live_submit(p->live), 2);
}

/* nobody comes or goes meanwhile */
static bool is_polled(struct script *script)
{
	return !list_empty(&script->wq.head);
}

static void expect_stopped(struct pairs *p)
{
	LIVE_EXPECT_CQE_FLAGS(p->live, POLL, -ECANCELED,
			      CRING_CQE_F_NOT_STARTED);
	LIVE_EXPECT_CQE_FLAGS(p->live, CANCEL, 0, 0);
	LIVE_EXPECT_NO_CQE(p->live);
	KUNIT_EXPECT_EQ(p->live->test, live_in_flight(p->live), 0);
}

static void both_are_over_at_once(struct kunit *test)
{
	struct pairs *p = pairs_open(test);
	u64 accepted = p->live->ring->accepted;

	submit_pair(p);
	KUNIT_EXPECT_EQ(test, p->passed, 1);
	KUNIT_EXPECT_EQ(test, p->batches, 0);
	KUNIT_EXPECT_EQ(test, p->live->ring->accepted, accepted + 2);
	KUNIT_EXPECT_EQ(test, p->live->ring->shared->accepted, accepted + 2);
	KUNIT_EXPECT_EQ(test, p->live->ring->shared->sq_head, (u32)accepted + 2);
	expect_stopped(p);
	KUNIT_EXPECT_FALSE(test, is_polled(p->script));
}

static void what_is_ready_tells_so(struct kunit *test)
{
	struct pairs *p = pairs_open(test);

	script_ready(p->script, EPOLLIN);
	submit_pair(p);
	KUNIT_EXPECT_EQ(test, p->passed, 0);
	LIVE_EXPECT_CQE(p->live, POLL, (__force s32)EPOLLIN);
	LIVE_EXPECT_CQE(p->live, CANCEL, -ENOENT);
	LIVE_EXPECT_NO_CQE(p->live);
}

static void become_ready(struct live *live, struct cring_req *req)
{
	struct pairs *p = live->priv;

	p->passed++;
	script_ready(p->script, EPOLLIN);
}

/* as it stops one that is ready, and has not been tried again */
static void a_wake_up_between_them_is_late(struct kunit *test)
{
	struct pairs *p = pairs_open(test);

	live_at(p->live, CRING_AT_PAIR, become_ready);
	submit_pair(p);
	KUNIT_EXPECT_EQ(test, p->passed, 1);
	expect_stopped(p);
}

/* bytes that may say anything */
static bool says_nothing(unsigned int which, unsigned int byte)
{
	if (byte >= offsetof(struct cring_sqe, user_data) &&
	    byte < offsetofend(struct cring_sqe, user_data))
		return which == 1;
	if (byte >= offsetof(struct cring_sqe, fd) &&
	    byte < offsetofend(struct cring_sqe, fd))
		return which == 1;
	/* events */
	return which == 0 && byte >= offsetof(struct cring_sqe, op_flags) &&
	       byte < offsetof(struct cring_sqe, op_flags) + sizeof(u16);
}

static void what_says_more_waits_for_its_turn(struct kunit *test)
{
	struct pairs *p = pairs_open(test);
	const u32 all = CRING_ASYNC_CANCEL_ALL | CRING_ASYNC_CANCEL_ANY;
	unsigned int which, byte;
	struct cring_cqe cqe;

	for (which = 0; which < 2; which++) {
		for (byte = 0; byte < sizeof(struct cring_sqe); byte++) {
			struct cring_sqe *sqe[2];

			p->passed = 0;
			p->batches = 0;
			put_pair(p, p->script, sqe);
			((u8 *)sqe[which])[byte] ^= 0x40;
			KUNIT_EXPECT_EQ(test, live_submit(p->live), 2);
			KUNIT_EXPECT_EQ_MSG(test, !p->batches,
					    says_nothing(which, byte),
					    "SQE %u, byte %u", which, byte);
			KUNIT_EXPECT_EQ_MSG(test, p->passed,
					    says_nothing(which, byte),
					    "SQE %u, byte %u", which, byte);
			live_cancel(p->live, all, 0);
			KUNIT_EXPECT_EQ(test, live_in_flight(p->live), 0);
			while (live_reap(p->live, &cqe))
				;
		}
	}
}

/* the cancel means that */
static void what_is_older_is_stopped_instead(struct kunit *test)
{
	struct pairs *p = pairs_open(test);
	struct script *older = script_open(p->live, SCRIPT_POLL);
	unsigned int settled;

	for (settled = 0; settled < 2; settled++) {
		struct cring_sqe *sqe = live_sqe(p->live, CRING_OP_POLL_ADD, POLL);

		sqe->fd = older->fd;
		sqe->poll32_events = (__force u32)EPOLLOUT;
		KUNIT_EXPECT_EQ(test, live_submit(p->live), 1);
		/* looks at it */
		if (settled)
			KUNIT_EXPECT_EQ(test, live_cancel(p->live, 0, OTHER),
					-ENOENT);
		submit_pair(p);
		KUNIT_EXPECT_EQ(test, p->batches, 1);
		LIVE_EXPECT_CQE(p->live, POLL, -ECANCELED);
		LIVE_EXPECT_CQE(p->live, CANCEL, 0);
		LIVE_EXPECT_NO_CQE(p->live);
		KUNIT_EXPECT_FALSE(test, is_polled(older));
		KUNIT_EXPECT_TRUE(test, is_polled(p->script));
		KUNIT_EXPECT_EQ(test, live_cancel(p->live, 0, POLL), 0);
		LIVE_EXPECT_CQE(p->live, POLL, -ECANCELED);
	}
	/* one with another user_data does not matter */
	KUNIT_EXPECT_EQ(test, live_cancel(p->live, 0, OTHER), -ENOENT);
	submit_pair(p);
	KUNIT_EXPECT_EQ(test, p->passed, 1);
	expect_stopped(p);
}

/* whose method might be long in coming back: nothing is accepted meanwhile */
static void of_another_kind_of_file_they_are_a_batch(struct kunit *test)
{
	struct pairs *p = pairs_open(test);

	p->script = script_open(p->live, SCRIPT_FIFO);
	submit_pair(p);
	KUNIT_EXPECT_EQ(test, p->batches, 0);
	expect_stopped(p);
	file_inode(p->script->file)->i_mode ^= S_IFIFO ^ S_IFCHR;
	submit_pair(p);
	KUNIT_EXPECT_EQ(test, p->passed, 0);
	KUNIT_EXPECT_EQ(test, p->batches, 1);
	expect_stopped(p);
}

static unsigned int nr_queues;

static __poll_t poll_on_queues(struct file *file, struct poll_table_struct *pt)
{
	struct script *script = file->private_data;
	unsigned int i;

	for (i = 0; i < nr_queues; i++)
		poll_wait(file, &script->wq, pt);
	return 0;
}

/* lent to a file, which has its own again before it is closed */
static const struct file_operations queues_fops = {
	.poll = poll_on_queues,
};

/* what cannot be armed is refused, and so not there to be stopped */
static void what_cannot_be_armed_is_refused(struct kunit *test)
{
	struct pairs *p = pairs_open(test);
	const struct file_operations *own = p->script->file->f_op;

	p->script->file->f_op = &queues_fops;
	for (nr_queues = 0; nr_queues < 4; nr_queues++) {
		bool can = nr_queues == 1 || nr_queues == 2;

		submit_pair(p);
		KUNIT_EXPECT_EQ(test, p->passed, can);
		LIVE_EXPECT_CQE(p->live, POLL, can ? -ECANCELED : -EOPNOTSUPP);
		LIVE_EXPECT_CQE(p->live, CANCEL, can ? 0 : -ENOENT);
		LIVE_EXPECT_NO_CQE(p->live);
	}
	p->script->file->f_op = own;
}

static void a_completion_count_counts_them(struct kunit *test)
{
	struct pairs *p = pairs_open(test);
	struct cring_sqe *sqe = live_sqe(p->live, CRING_OP_TIMEOUT, OTHER);

	sqe->addr = live_timespec(p->live, 0, 3600 * NSEC_PER_SEC);
	sqe->len = 1;
	sqe->off = 2;
	KUNIT_ASSERT_EQ(test, live_submit(p->live), 1);
	submit_pair(p);
	KUNIT_EXPECT_EQ(test, p->passed, 1);
	LIVE_EXPECT_CQE(p->live, POLL, -ECANCELED);
	LIVE_EXPECT_CQE(p->live, CANCEL, 0);
	LIVE_EXPECT_CQE(p->live, OTHER, 0);
}

static struct kunit_case cring_pair_cases[] = {
	KUNIT_CASE(both_are_over_at_once),
	KUNIT_CASE(what_is_ready_tells_so),
	KUNIT_CASE(a_wake_up_between_them_is_late),
	KUNIT_CASE(what_says_more_waits_for_its_turn),
	KUNIT_CASE(what_is_older_is_stopped_instead),
	KUNIT_CASE(of_another_kind_of_file_they_are_a_batch),
	KUNIT_CASE(what_cannot_be_armed_is_refused),
	KUNIT_CASE(a_completion_count_counts_them),
	{}
};

static struct kunit_suite cring_pair_suite = {
	.name = "cring_pair",
	.test_cases = cring_pair_cases,
};

kunit_test_suite(cring_pair_suite);
