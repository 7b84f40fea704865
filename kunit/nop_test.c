// SPDX-License-Identifier: GPL-2.0
/*
 * NOPs that are accepted and over in one step: nobody sees one of them in flight,
 * and where somebody cancels they wait for their turn (C1 and C3 of
 * Documentation/contract.rst).
 */
#include <linux/delay.h>

#include "fixture.h"

#define MANY	200
#define STOP_AT	100

struct nops {
	struct live *live;
	atomic_t stage;
	unsigned int passed;	/* NOPs that were next */
	unsigned int batches;	/* that could be found */
	u64 stop;		/* whom a cancel names */
	s32 answer;		/* its answer ... */
	u32 tail;		/* and the CQEs that there were then */
	s32 again;		/* that of a second one */
};

static void count_nop(struct live *live, struct cring_req *req)
{
	struct nops *n = live->priv;

	n->passed++;
}

static void count_batch(struct live *live, struct cring_req *req)
{
	struct nops *n = live->priv;

	n->batches++;
}

static void put_nops(struct nops *n, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		live_sqe(n->live, CRING_OP_NOP, i);
}

/* a ring whose owner has not cancelled of late */
static struct nops *nops_open(struct kunit *test)
{
	struct nops *n = kunit_kzalloc(test, sizeof(*n), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, n);
	n->live = live_open(test, 256, 0);
	n->live->priv = n;
	put_nops(n, 1);
	KUNIT_ASSERT_EQ(test, live_submit(n->live), 1);
	LIVE_EXPECT_CQE(n->live, 0, 0);
	live_at(n->live, CRING_AT_NOP, count_nop);
	live_at(n->live, CRING_AT_BATCH, count_batch);
	return n;
}

static void expect_cqes(struct nops *n, unsigned int nr, unsigned int canceled)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (i != canceled)
			LIVE_EXPECT_CQE_FLAGS(n->live, i, 0, 0);
	LIVE_EXPECT_NO_CQE(n->live);
	KUNIT_EXPECT_EQ(n->live->test, live_in_flight(n->live), 0);
}

static void they_are_over_at_once(struct kunit *test)
{
	struct nops *n = nops_open(test);
	u64 accepted = n->live->ring->accepted;

	put_nops(n, MANY);
	KUNIT_EXPECT_EQ(test, live_submit(n->live), MANY);
	KUNIT_EXPECT_EQ(test, n->passed, MANY);
	KUNIT_EXPECT_EQ(test, n->batches, 0);
	KUNIT_EXPECT_EQ(test, n->live->ring->accepted, accepted + MANY);
	KUNIT_EXPECT_EQ(test, n->live->ring->shared->accepted, accepted + MANY);
	KUNIT_EXPECT_EQ(test, n->live->ring->shared->sq_head, (u32)accepted + MANY);
	expect_cqes(n, MANY, MANY);
}

static void no_more_than_the_queue_has_slots_for(struct kunit *test)
{
	struct nops *n = nops_open(test);
	unsigned int i;

	for (i = 0; i < 2; i++) {
		put_nops(n, 256);
		KUNIT_EXPECT_EQ(test, live_submit(n->live), 256);
	}
	put_nops(n, 1);
	KUNIT_EXPECT_EQ(test, live_submit(n->live), -EBUSY);
	for (i = 0; i < 512; i++)
		LIVE_EXPECT_CQE(n->live, i % 256, 0);
	KUNIT_EXPECT_EQ(test, live_submit(n->live), 1);
	LIVE_EXPECT_CQE(n->live, 0, 0);
	LIVE_EXPECT_NO_CQE(n->live);
}

/* the first one that says more, and all behind it, wait for their turn */
static void what_says_more_waits_for_its_turn(struct kunit *test)
{
	struct nops *n = nops_open(test);
	struct cring_cqe cqe;
	unsigned int byte;

	for (byte = 1; byte < sizeof(struct cring_sqe); byte++) {
		u8 *sqe;

		if (byte >= offsetof(struct cring_sqe, fd) &&
		    byte < offsetofend(struct cring_sqe, fd))
			continue;
		if (byte >= offsetof(struct cring_sqe, user_data) &&
		    byte < offsetofend(struct cring_sqe, user_data))
			continue;
		n->passed = 0;
		n->batches = 0;
		put_nops(n, 2);
		sqe = (u8 *)live_sqe(n->live, CRING_OP_NOP, 2);
		/* a flag of linking would be that of a chain */
		sqe[byte] = byte == offsetof(struct cring_sqe, flags) ?
			    CRING_SQE_CQE_SKIP_SUCCESS : 0x40;
		live_sqe(n->live, CRING_OP_NOP, 3);
		KUNIT_EXPECT_EQ(test, live_submit(n->live), 4);
		KUNIT_EXPECT_EQ_MSG(test, n->passed, 3, "byte %u", byte);
		KUNIT_EXPECT_EQ_MSG(test, n->batches, 1, "byte %u", byte);
		/* one that is refused has a CQE all the same */
		KUNIT_EXPECT_GE(test, live_nr_cqes(n->live), 3);
		KUNIT_EXPECT_EQ(test, live_in_flight(n->live), 0);
		while (live_reap(n->live, &cqe))
			if (cqe.user_data != 2)
				KUNIT_EXPECT_EQ(test, cqe.res, 0);
	}
}

static void a_completion_count_counts_them(struct kunit *test)
{
	struct nops *n = nops_open(test);
	struct cring_sqe *sqe = live_sqe(n->live, CRING_OP_TIMEOUT, MANY);

	sqe->addr = live_timespec(n->live, 0, 3600 * NSEC_PER_SEC);
	sqe->len = 1;
	sqe->off = 2;
	KUNIT_ASSERT_EQ(test, live_submit(n->live), 1);
	LIVE_EXPECT_NO_CQE(n->live);
	put_nops(n, 2);
	KUNIT_EXPECT_EQ(test, live_submit(n->live), 2);
	LIVE_EXPECT_CQE(n->live, 0, 0);
	LIVE_EXPECT_CQE(n->live, 1, 0);
	LIVE_EXPECT_CQE(n->live, MANY, 0);
}

/* --- with a cancel --- */

static void stop_one_of_the_batch(struct live *live, struct cring_req *req)
{
	struct nops *n = live->priv;

	n->again = live_cancel(live, 0, n->stop);
}

static void after_a_cancel_they_wait_for_their_turn(struct kunit *test)
{
	struct nops *n = nops_open(test);

	n->stop = 2;
	KUNIT_EXPECT_EQ(test, live_cancel(n->live, 0, MANY), -ENOENT);
	live_at(n->live, CRING_AT_ANNOUNCE, stop_one_of_the_batch);
	put_nops(n, 4);
	KUNIT_EXPECT_EQ(test, live_submit(n->live), 4);
	KUNIT_EXPECT_EQ(test, n->passed, 0);
	KUNIT_EXPECT_EQ(test, n->batches, 1);
	KUNIT_EXPECT_EQ(test, n->again, 0);
	LIVE_EXPECT_CQE_FLAGS(n->live, 2, -ECANCELED, CRING_CQE_F_NOT_STARTED);
	expect_cqes(n, 4, 2);
}

/* under the lock: the cancel has begun, and waits for it */
static void let_a_cancel_come(struct live *live, struct cring_req *req)
{
	struct nops *n = live->priv;

	if (n->passed++ != STOP_AT)
		return;
	atomic_set(&n->stage, 1);
	live_spin(cring_cancel_seen(live->ring));
}

static int cancel_meanwhile(void *arg)
{
	struct nops *n = arg;

	if (!live_spin(atomic_read(&n->stage)))
		return -ETIME;
	n->answer = live_cancel(n->live, 0, n->stop);
	n->tail = READ_ONCE(n->live->ring->shared->cq_tail);
	return 0;
}

/* the first ones are over, and one of all is cancelled: then, and after that */
static void meet_a_cancel(struct nops *n, u64 stop)
{
	struct kunit *test = n->live->test;
	struct other *other;

	n->stop = stop;
	live_at(n->live, CRING_AT_NOP, let_a_cancel_come);
	live_at(n->live, CRING_AT_ANNOUNCE, stop_one_of_the_batch);
	other = other_start(n->live, cancel_meanwhile, n);
	put_nops(n, MANY);
	KUNIT_EXPECT_EQ(test, live_submit(n->live), MANY);
	KUNIT_EXPECT_EQ(test, other_join(other), 0);
	KUNIT_EXPECT_EQ(test, n->passed, STOP_AT + 1);
	KUNIT_EXPECT_EQ(test, n->batches, 1);
}

static void a_cancel_of_one_that_is_over_finds_its_cqe(struct kunit *test)
{
	struct nops *n;

	live_needs_two(test);
	n = nops_open(test);
	meet_a_cancel(n, STOP_AT - 1);
	KUNIT_EXPECT_EQ(test, n->answer, -ENOENT);
	KUNIT_EXPECT_EQ(test, n->again, -ENOENT);
	/* the one of nops_open(), and those before the cancel */
	KUNIT_EXPECT_GE(test, n->tail, 1 + STOP_AT);
	expect_cqes(n, MANY, MANY);
}

/* the cancel that came first may have looked before the rest became a batch */
static void a_cancel_stops_one_that_has_not_had_its_turn(struct kunit *test)
{
	unsigned int i, wrong = 0;
	struct cring_cqe cqe;
	struct nops *n;
	u8 *seen;

	live_needs_two(test);
	n = nops_open(test);
	seen = kunit_kzalloc(test, MANY, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, seen);
	meet_a_cancel(n, MANY - 1);
	KUNIT_EXPECT_EQ(test, !n->answer + !n->again, 1);
	for (i = 0; i < MANY && live_reap(n->live, &cqe); i++)
		if (cqe.user_data >= MANY || seen[cqe.user_data]++ ||
		    cqe.res != (cqe.user_data == n->stop ? -ECANCELED : 0))
			wrong++;
	KUNIT_EXPECT_EQ(test, i, MANY);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	LIVE_EXPECT_NO_CQE(n->live);
	KUNIT_EXPECT_EQ(test, live_in_flight(n->live), 0);
}

/* --- one alone (enter.c) --- */

/* is it over at once, as when it is one of several? */
static void one_alone(struct nops *n, bool at_once, s32 res)
{
	struct kunit *test = n->live->test;
	u64 accepted = n->live->ring->accepted;
	struct cring_cqe cqe = { .res = 1 };

	n->batches = 0;
	KUNIT_EXPECT_EQ(test, live_submit(n->live), 1);
	KUNIT_EXPECT_EQ(test, n->batches, at_once ? 0 : 1);
	KUNIT_EXPECT_EQ(test, n->live->ring->accepted, accepted + 1);
	KUNIT_EXPECT_EQ(test, n->live->ring->shared->accepted, accepted + 1);
	KUNIT_EXPECT_EQ(test, n->live->ring->shared->sq_head, (u32)accepted + 1);
	KUNIT_EXPECT_TRUE(test, live_reap(n->live, &cqe));
	KUNIT_EXPECT_EQ(test, cqe.res, res);
	LIVE_EXPECT_NO_CQE(n->live);
}

static void one_that_says_more_waits_for_its_turn(struct kunit *test)
{
	struct nops *n = nops_open(test);
	unsigned int byte;

	for (byte = 0; byte < sizeof(struct cring_sqe); byte++) {
		bool says = byte < offsetof(struct cring_sqe, user_data) ||
			    byte >= offsetofend(struct cring_sqe, user_data);
		struct cring_cqe cqe;
		u8 *sqe = (u8 *)live_sqe(n->live, CRING_OP_NOP, 0);

		if (byte >= offsetof(struct cring_sqe, fd) &&
		    byte < offsetofend(struct cring_sqe, fd))
			says = false;
		n->batches = 0;
		/* an operation that there is not; a chain would end with it */
		sqe[byte] = byte == offsetof(struct cring_sqe, flags) ?
			    CRING_SQE_ASYNC : 0x80;
		KUNIT_EXPECT_EQ(test, live_submit(n->live), 1);
		KUNIT_EXPECT_EQ_MSG(test, n->batches, says, "byte %u", byte);
		KUNIT_EXPECT_TRUE(test, live_reap(n->live, &cqe));
		KUNIT_EXPECT_EQ(test, live_in_flight(n->live), 0);
	}
	put_nops(n, 1);
	one_alone(n, true, 0);
}

static void one_waits_where_its_end_would_matter(struct kunit *test)
{
	struct nops *n = nops_open(test);
	struct cring_ring *ring = n->live->ring;
	bool *unusual[] = {
		&ring->restricted,	/* to everything that there is */
		&ring->counting,	/* and nothing is counted */
		&ring->drain,		/* likewise */
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(unusual); i++) {
		*unusual[i] = true;
		put_nops(n, 1);
		one_alone(n, false, 0);
		*unusual[i] = false;
		put_nops(n, 1);
		one_alone(n, true, 0);
	}
	/* of another group */
	ring->seals = 1;
	put_nops(n, 1);
	one_alone(n, false, 0);
	ring->seals = 0;
	ring->shut = true;
	put_nops(n, 1);
	KUNIT_EXPECT_EQ(test, live_submit(n->live), -EBADFD);
	ring->shut = false;
	one_alone(n, true, 0);
	/* a head that says that the queue is full, or fuller than that */
	for (i = 0; i < 2; i++) {
		ring->shared->cq_head = ring->cq_tail - ring->cq_mask - 1 - i;
		put_nops(n, 1);
		KUNIT_EXPECT_EQ(test, live_submit(n->live), -EBUSY);
		ring->shared->cq_head = ring->cq_tail;
		one_alone(n, true, 0);
	}
}

static int submit_a_nop(void *arg)
{
	struct nops *n = arg;

	put_nops(n, 1);
	return live_submit(n->live) == 1 ? 0 : -EIO;
}

/* it runs what becomes ready, and nothing does when nothing is in flight */
static void who_submits_one_is_the_submitter(struct kunit *test)
{
	struct nops *n = nops_open(test);
	struct script *script = script_open(n->live, SCRIPT_POLL);

	KUNIT_EXPECT_EQ(test, other_join(other_start(n->live, submit_a_nop, n)), 0);
	LIVE_EXPECT_CQE(n->live, 0, 0);
	KUNIT_EXPECT_EQ(test, n->batches, 0);
	/* the thread that is to run this ends */
	KUNIT_EXPECT_EQ(test, live_read(n->live, script, MANY), CRING_ARMED);
	KUNIT_EXPECT_EQ(test, other_join(other_start(n->live, submit_a_nop, n)), 0);
	LIVE_EXPECT_CQE(n->live, 0, 0);
	KUNIT_EXPECT_PTR_NE(test, n->live->ring->task, current);
	put_nops(n, 1);
	one_alone(n, true, 0);
	KUNIT_EXPECT_PTR_EQ(test, n->live->ring->task, current);
}

static int submit_and_wait(void *arg)
{
	struct nops *n = arg;

	atomic_set(&n->stage, 1);
	return live_ioctl(n->live, CRING_IOC_SUBMIT,
			  (void *)(unsigned long)CRING_SUBMIT_ARG(1, 1), 0);
}

/* while another thread submits */
static void what_rings_before_its_turn_ends_its_wait(struct kunit *test)
{
	struct nops *n = nops_open(test);
	struct cring_ring *ring = n->live->ring;
	struct script *script = script_open(n->live, SCRIPT_POLL);
	struct other *other;

	live_prep_read(live_sqe(n->live, CRING_OP_READ, MANY), script,
		       live_pages(n->live, 1, PROT_READ | PROT_WRITE), 8);
	/* the SQE before its number */
	smp_store_release(&ring->shared->sq_tail, n->live->sq_tail);
	mutex_lock(&ring->submit_mutex);
	other = other_start(n->live, submit_and_wait, n);
	KUNIT_EXPECT_TRUE(test, live_spin(atomic_read(&n->stage)));
	msleep(100);
	/* a TIMEOUT without a CQE */
	WRITE_ONCE(ring->timeouts_rung, ring->timeouts_rung + 1);
	mutex_unlock(&ring->submit_mutex);
	KUNIT_EXPECT_TRUE(test, live_spin(other_is_done(other)));
	KUNIT_EXPECT_EQ(test, live_cancel(n->live, 0, MANY), 0);
	KUNIT_EXPECT_EQ(test, other_join(other), 1);
	LIVE_EXPECT_CQE(n->live, MANY, -ECANCELED);
}

static void one_counts(struct kunit *test)
{
	struct nops *n = nops_open(test);
	struct cring_sqe *sqe;

	sqe = live_sqe(n->live, CRING_OP_TIMEOUT, MANY);
	sqe->addr = live_timespec(n->live, 0, 3600 * NSEC_PER_SEC);
	sqe->len = 1;
	sqe->off = 1;
	KUNIT_ASSERT_EQ(test, live_submit(n->live), 1);
	KUNIT_EXPECT_TRUE(test, n->live->ring->counting);
	put_nops(n, 1);
	KUNIT_EXPECT_EQ(test, live_submit(n->live), 1);
	LIVE_EXPECT_CQE(n->live, 0, 0);
	LIVE_EXPECT_CQE(n->live, MANY, 0);
	KUNIT_EXPECT_FALSE(test, n->live->ring->counting);
	/* one whose count is taken back is not waited for */
	sqe = live_sqe(n->live, CRING_OP_TIMEOUT, MANY);
	sqe->addr = live_timespec(n->live, 0, 3600 * NSEC_PER_SEC);
	sqe->len = 1;
	sqe->off = 9;
	KUNIT_ASSERT_EQ(test, live_submit(n->live), 1);
	KUNIT_EXPECT_EQ(test, live_cancel(n->live, 0, MANY), 0);
	LIVE_EXPECT_CQE(n->live, MANY, -ECANCELED);
	KUNIT_EXPECT_FALSE(test, n->live->ring->counting);
}

static void one_waits_for_its_turn_after_a_cancel(struct kunit *test)
{
	struct nops *n = nops_open(test);

	KUNIT_EXPECT_EQ(test, live_cancel(n->live, 0, MANY), -ENOENT);
	n->stop = 0;
	live_at(n->live, CRING_AT_ANNOUNCE, stop_one_of_the_batch);
	put_nops(n, 1);
	one_alone(n, false, -ECANCELED);
	KUNIT_EXPECT_EQ(test, n->again, 0);
}

/* the cancel has begun when it is about to be over: it is to have its chance */
static void one_waits_for_a_cancel_that_waits_for_it(struct kunit *test)
{
	struct other *other;
	struct nops *n;

	live_needs_two(test);
	n = nops_open(test);
	n->passed = STOP_AT;
	n->stop = 0;
	live_at(n->live, CRING_AT_NOP, let_a_cancel_come);
	live_at(n->live, CRING_AT_ANNOUNCE, stop_one_of_the_batch);
	other = other_start(n->live, cancel_meanwhile, n);
	put_nops(n, 1);
	one_alone(n, false, -ECANCELED);
	KUNIT_EXPECT_EQ(test, other_join(other), 0);
	KUNIT_EXPECT_EQ(test, !n->answer + !n->again, 1);
}

/* as many as are asked for, and as many CQEs; the queue may have fewer, or a lie */
static void one_of_so_many(struct kunit *test)
{
	struct nops *n = nops_open(test);
	struct cring_shared *shared = n->live->ring->shared;
	const void *wait = (void *)(unsigned long)CRING_SUBMIT_ARG(1, 1);
	const void *one = (void *)(unsigned long)CRING_SUBMIT_ARG(1, 0);

	KUNIT_EXPECT_EQ(test, live_ioctl(n->live, CRING_IOC_SUBMIT, one, 0), 0);
	put_nops(n, 2);
	/* the SQEs before their number */
	smp_store_release(&shared->sq_tail, n->live->sq_tail);
	n->batches = 0;
	KUNIT_EXPECT_EQ(test, live_ioctl(n->live, CRING_IOC_SUBMIT, wait, 0), 1);
	LIVE_EXPECT_CQE(n->live, 0, 0);
	LIVE_EXPECT_NO_CQE(n->live);
	KUNIT_EXPECT_EQ(test, live_ioctl(n->live, CRING_IOC_SUBMIT, wait, 0), 1);
	LIVE_EXPECT_CQE(n->live, 1, 0);
	KUNIT_EXPECT_EQ(test, n->batches, 0);
	/* one more than the queue has room for */
	WRITE_ONCE(shared->sq_tail,
		   n->live->sq_tail + n->live->ring->sq_mask + 2);
	KUNIT_EXPECT_EQ(test, live_ioctl(n->live, CRING_IOC_SUBMIT, one, 0),
			-EINVAL);
	put_nops(n, 1);
	one_alone(n, true, 0);
}

static struct kunit_case cring_nop_cases[] = {
	KUNIT_CASE(they_are_over_at_once),
	KUNIT_CASE(no_more_than_the_queue_has_slots_for),
	KUNIT_CASE(what_says_more_waits_for_its_turn),
	KUNIT_CASE(a_completion_count_counts_them),
	KUNIT_CASE(after_a_cancel_they_wait_for_their_turn),
	KUNIT_CASE(a_cancel_of_one_that_is_over_finds_its_cqe),
	KUNIT_CASE(a_cancel_stops_one_that_has_not_had_its_turn),
	KUNIT_CASE(one_that_says_more_waits_for_its_turn),
	KUNIT_CASE(one_waits_where_its_end_would_matter),
	KUNIT_CASE(who_submits_one_is_the_submitter),
	KUNIT_CASE(what_rings_before_its_turn_ends_its_wait),
	KUNIT_CASE(one_counts),
	KUNIT_CASE(one_waits_for_its_turn_after_a_cancel),
	KUNIT_CASE(one_waits_for_a_cancel_that_waits_for_it),
	KUNIT_CASE(one_of_so_many),
	{}
};

static struct kunit_suite cring_nop_suite = {
	.name = "cring_nop",
	.test_cases = cring_nop_cases,
};

kunit_test_suite(cring_nop_suite);
