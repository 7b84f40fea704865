// SPDX-License-Identifier: GPL-2.0
/*
 * The short way of plain reads (kmod/quick.c): what takes it ends as it would
 * have on the long one, and what turns out to be more leaves it.
 */
#include <linux/file.h>
#include <linux/uaccess.h>

#include "buf.h"
#include "quick.h"

static void plain_reads_take_it(struct kunit *test)
{
	struct quick *q = quick_open(test);
	unsigned int i;

	quick_put_all(q);
	quick_submit(q);
	KUNIT_EXPECT_EQ(test, q->way, QUICK_NR);
	for (i = 0; i < QUICK_NR; i++)
		KUNIT_EXPECT_EQ(test, q->pos[i], i * QUICK_LEN);
	quick_expect(q, QUICK_NR);
	quick_expect_over(q, 2);
}

static void so_do_those_of_what_is_fixed(struct kunit *test)
{
	struct quick *q = quick_open(test);

	quick_put_fixed(q);
	quick_submit(q);
	KUNIT_EXPECT_EQ(test, q->way, QUICK_NR);
	quick_expect(q, QUICK_NR);
	/* the slot's, too */
	quick_expect_over(q, 3);
}

static void several_fixed_buffers_may_take_turns(struct kunit *test)
{
	static const u16 order[QUICK_NR] = { 1, 0, 0, 1 };
	struct quick *q = quick_open(test);
	struct cring_buf **bufs;
	const size_t half = PAGE_SIZE / 2;
	struct iovec iov[2] = {
		{ (void __user *)q->mem, half },
		{ (void __user *)q->mem + half, half },
	};
	unsigned int i;

	KUNIT_ASSERT_EQ(test, live_register(q->live, CRING_REGISTER_BUFFERS, 0,
					    iov, 2, sizeof(*iov)), 0);
	bufs = q->live->ring->bufs;
	for (i = 0; i < QUICK_NR; i++) {
		struct cring_sqe *sqe = quick_put(q, i);

		sqe->opcode = CRING_OP_READ_FIXED;
		sqe->buf_index = order[i];
		sqe->addr += order[i] * half;
	}
	quick_submit(q);
	KUNIT_EXPECT_EQ(test, q->way, QUICK_NR);
	quick_expect(q, QUICK_NR);
	/* the table's alone */
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, refcount_read(&bufs[i]->refs), 1);
	quick_expect_over(q, 2);
}

static void files_and_other_operations_may_take_turns(struct kunit *test)
{
	struct quick *q = quick_open(test);
	struct script *second = script_open(q->live, SCRIPT_FILE);
	unsigned int i;

	second->priv = q;
	second->run = quick_run;
	for (i = 0; i < 12; i += 3) {
		quick_put(q, i);
		quick_put(q, i + 1)->fd = second->fd;
		live_sqe(q->live, CRING_OP_NOP, i + 2);
	}
	/* a descriptor that is none between two that are one */
	quick_put(q, 12)->fd = -1;
	quick_put(q, 13);
	KUNIT_EXPECT_EQ(test, live_submit(q->live), 14);
	KUNIT_EXPECT_EQ(test, q->way, 9);
	for (i = 0; i < 12; i++)
		LIVE_EXPECT_CQE_FLAGS(q->live, i, i % 3 == 2 ? 0 : QUICK_LEN, 0);
	LIVE_EXPECT_CQE(q->live, 12, -EBADF);
	LIVE_EXPECT_CQE(q->live, 13, QUICK_LEN);
	KUNIT_EXPECT_EQ(test, file_count(second->file), 2);
	quick_expect_over(q, 2);
}

/* one read whose SQE has one byte more in it; on a ring that knows no short way? */
static struct cring_cqe read_with(struct quick *q, u8 opcode, unsigned int at,
				  u8 byte, bool the_long)
{
	struct cring_sqe *sqe = quick_put(q, 1);
	struct cring_cqe cqe = {};

	sqe->opcode = opcode;
	/* it would be read into whatever else is there */
	if (at >= offsetof(struct cring_sqe, addr) &&
	    at < offsetofend(struct cring_sqe, len))
		sqe->addr = q->nowhere;
	((u8 *)sqe)[at] |= byte;
	/* to everything that there is */
	q->live->ring->restricted = the_long;
	KUNIT_EXPECT_EQ(q->live->test, live_submit(q->live), 1);
	KUNIT_EXPECT_TRUE(q->live->test, live_wait(q->live, &cqe));
	return cqe;
}

/* what no read on the short way may say: what, then, do those on the long one? */
static void whatever_else_they_say_it_is_as_on_the_long_way(struct kunit *test)
{
	static const u8 bytes[] = { 0x01, 0x02, 0x40, 0x80 };
	struct quick *q = quick_open(test);
	unsigned int at, i, way = 0;

	q->nowhere = ULONG_MAX >> 1 & PAGE_MASK;
	for (at = 0; at < sizeof(struct cring_sqe); at++) {
		for (i = 0; i < 2 * ARRAY_SIZE(bytes); i++) {
			u8 opcode = i % 2 ? CRING_OP_READ : CRING_OP_READ_FIXED;
			struct cring_cqe one, two;

			/* links, which end with the batch, and drains */
			if (at == offsetof(struct cring_sqe, flags) &&
			    bytes[i / 2] != CRING_SQE_FIXED_FILE)
				continue;
			q->way = 0;
			one = read_with(q, opcode, at, bytes[i / 2], false);
			way += q->way;
			q->way = 0;
			two = read_with(q, opcode, at, bytes[i / 2], true);
			KUNIT_EXPECT_EQ(test, q->way, 0);
			KUNIT_EXPECT_EQ_MSG(test, one.res, two.res,
					    "opcode %u, byte %u: %#x", opcode,
					    at, bytes[i / 2]);
			KUNIT_EXPECT_EQ(test, one.flags, two.flags);
			KUNIT_EXPECT_EQ(test, one.user_data, two.user_data);
		}
	}
	/* else nothing was compared */
	KUNIT_EXPECT_GT(test, way, 0);
	quick_expect_over(q, 2);
}

/* no byte of it but the flag says so; the one before it has opened the way */
static void one_whose_time_is_over_is_not_tried(struct kunit *test)
{
	struct quick *q = quick_open(test);

	quick_put(q, 0);
	quick_put(q, 1)->xflags = CRING_SQE_X_DEADLINE;
	KUNIT_EXPECT_EQ(test, live_submit(q->live), 2);
	KUNIT_EXPECT_EQ(test, q->way, 1);
	LIVE_EXPECT_CQE_FLAGS(q->live, 1, -ETIME, CRING_CQE_F_NOT_STARTED);
	LIVE_EXPECT_CQE(q->live, 0, QUICK_LEN);
	quick_put(q, 0)->xflags = CRING_SQE_X_DEADLINE;
	KUNIT_EXPECT_EQ(test, live_submit(q->live), 1);
	KUNIT_EXPECT_EQ(test, q->way, 1);
	LIVE_EXPECT_CQE_FLAGS(q->live, 0, -ETIME, CRING_CQE_F_NOT_STARTED);
	quick_expect_over(q, 2);
}

static void give_an_hour(struct cring_sqe *sqe, bool absolute)
{
	sqe->xflags = CRING_SQE_X_DEADLINE;
	sqe->deadline = 3600 * NSEC_PER_SEC;
	if (absolute) {
		sqe->xflags |= CRING_SQE_X_DEADLINE_ABS;
		sqe->deadline += ktime_get();
	}
}

/* and is among the deadlines only when it waits; the record has none later */
static void one_with_a_deadline_does(struct kunit *test)
{
	struct quick *q = quick_open(test);
	unsigned int i, nr;

	for (nr = 1; nr <= QUICK_NR; nr += QUICK_NR - 1) {
		q->way = 0;
		for (i = 0; i < nr; i++)
			give_an_hour(quick_put(q, i), i % 2);
		KUNIT_EXPECT_EQ(test, live_submit(q->live), nr);
		KUNIT_EXPECT_EQ(test, q->way, nr);
		for (i = 0; i < nr; i++)
			LIVE_EXPECT_CQE_FLAGS(q->live, i, QUICK_LEN, 0);
	}
	quick_expect_over(q, 2);
	KUNIT_EXPECT_EQ(test, q->live->ring->batch_expires, KTIME_MAX);
	for (i = 0; i < q->live->ring->nr_reqs; i++)
		KUNIT_EXPECT_EQ(test, q->live->ring->pool[i].dnode.expires,
				KTIME_MAX);
}

/* and how it is to be read: that is for the long way */
static void but_not_one_that_says_more_besides(struct kunit *test)
{
	struct quick *q = quick_open(test);
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct cring_sqe *sqe = quick_put(q, 0);

		give_an_hour(sqe, i);
		sqe->rw_flags = (__force u32)RWF_NOWAIT;
		KUNIT_EXPECT_EQ(test, live_submit(q->live), 1);
		KUNIT_EXPECT_EQ(test, q->way, 0);
		LIVE_EXPECT_CQE_FLAGS(q->live, 0, QUICK_LEN, 0);
	}
	KUNIT_EXPECT_EQ(test, q->others, 2);
	quick_expect_over(q, 2);
}

/* the time comes for what waits for its turn, not for what is over */
static void while_the_first_is_tried(struct quick *q)
{
	cring_deadline_expire(q->live->ring,
			      ktime_get() + 7200 * NSEC_PER_SEC);
}

static void those_whose_time_comes_before_their_turn_end(struct kunit *test)
{
	struct quick *q = quick_open(test);
	unsigned int i;

	q->at_first = while_the_first_is_tried;
	for (i = 0; i < QUICK_NR; i++)
		give_an_hour(quick_put(q, i), false);
	quick_submit(q);
	KUNIT_EXPECT_EQ(test, q->way, 1);
	KUNIT_EXPECT_EQ(test, q->others, 0);
	for (i = 1; i < QUICK_NR; i++)
		LIVE_EXPECT_CQE_FLAGS(q->live, i, -ETIME,
				      CRING_CQE_F_NOT_STARTED);
	LIVE_EXPECT_CQE_FLAGS(q->live, 0, QUICK_LEN, 0);
	quick_expect_over(q, 2);
}

/* the timer is late */
static void in_no_time(struct quick *q)
{
	WRITE_ONCE(live_req(q->live, 1)->dnode.expires, 1);
}

static void one_that_is_past_when_its_turn_comes_is_not_tried(struct kunit *test)
{
	struct quick *q = quick_open(test);
	unsigned int i;

	q->at_first = in_no_time;
	for (i = 0; i < QUICK_NR; i++)
		give_an_hour(quick_put(q, i), false);
	quick_submit(q);
	KUNIT_EXPECT_EQ(test, q->way, QUICK_NR - 1);
	LIVE_EXPECT_CQE_FLAGS(q->live, 0, QUICK_LEN, 0);
	LIVE_EXPECT_CQE_FLAGS(q->live, 1, -ETIME, CRING_CQE_F_NOT_STARTED);
	for (i = 2; i < QUICK_NR; i++)
		LIVE_EXPECT_CQE_FLAGS(q->live, i, QUICK_LEN, 0);
	quick_expect_over(q, 2);
}

/* no deadline, but flags that are wrong without one, or say more */
static void one_that_says_more_than_a_deadline_does_not(struct kunit *test)
{
	struct quick *q = quick_open(test);

	give_an_hour(quick_put(q, 0), false);
	quick_put(q, 1)->xflags = CRING_SQE_X_DEADLINE_ABS;
	quick_put(q, 2)->deadline = 1;
	give_an_hour(quick_put(q, 3), false);
	q->live->ring->sqes[3].rw_flags = (__force u32)RWF_HIPRI;
	KUNIT_EXPECT_EQ(test, live_submit(q->live), 4);
	KUNIT_EXPECT_EQ(test, q->way, 1);
	KUNIT_EXPECT_EQ(test, q->others, 1);
	LIVE_EXPECT_CQE(q->live, 0, QUICK_LEN);
	LIVE_EXPECT_CQE(q->live, 1, -EINVAL);
	LIVE_EXPECT_CQE(q->live, 2, -EINVAL);
	LIVE_EXPECT_CQE(q->live, 3, QUICK_LEN);
	quick_expect_over(q, 2);
}

/* one that was a read when it was looked at, and is all 0 when it is copied */
static void one_that_has_become_nothing_does_not(struct kunit *test)
{
	struct quick *q = quick_open(test);
	struct cring_ring *ring = q->live->ring;
	struct cring_accept a = { .ring = ring };
	struct llist_node *free = ring->free;
	long held;

	*quick_put(q, 0) = (struct cring_sqe) {};
	mutex_lock(&ring->submit_mutex);
	cring_quick_accept(&a, 1);
	KUNIT_EXPECT_EQ(test, a.nr, 0);
	KUNIT_EXPECT_NULL(test, a.file);
	/* nor is it a read of what the one before it has left */
	a.file = q->script->file;
	held = file_count(a.file);
	cring_quick_accept(&a, 1);
	KUNIT_EXPECT_EQ(test, a.nr, 0);
	KUNIT_EXPECT_EQ(test, file_count(q->script->file), held);
	KUNIT_EXPECT_PTR_EQ(test, ring->free, free);
	mutex_unlock(&ring->submit_mutex);
	KUNIT_EXPECT_EQ(test, live_submit(q->live), 1);
	LIVE_EXPECT_CQE(q->live, 0, 0);
	quick_expect_over(q, 2);
}

/* where that is, and its lock, are the long way's */
static void what_reads_at_the_files_own_position_does_not(struct kunit *test)
{
	struct quick *q = quick_open(test);

	q->script->file->f_pos = 2 * QUICK_LEN;
	quick_put(q, 0)->off = -1;
	KUNIT_EXPECT_EQ(test, live_submit(q->live), 1);
	LIVE_EXPECT_WAIT(q->live, 0, QUICK_LEN);
	KUNIT_EXPECT_EQ(test, q->way, 0);
	KUNIT_EXPECT_EQ(test, q->pos[0], 2 * QUICK_LEN);
	quick_expect_over(q, 2);
}

/* --- what leaves it --- */

static const struct leave_case {
	const char *name;
	ssize_t ret;		/* of the first attempt */
	loff_t size;		/* the file's */
	s32 res;		/* of the operation */
	unsigned int others;	/* calls on the long way */
	loff_t from;		/* from where that goes on */
} leave_cases[] = {
	{ "it is not in the page cache", -EAGAIN, 4096, QUICK_LEN, 1, 0 },
	{ "a method that does not know how not to wait", -EOPNOTSUPP, 4096,
	  QUICK_LEN, 1, 0 },
	{ "half of it is in the page cache", QUICK_LEN / 2, 4096, QUICK_LEN, 1, QUICK_LEN / 2 },
	{ "the file ends there", QUICK_LEN / 2, QUICK_LEN / 2, QUICK_LEN / 2, 0 },
	{ "the file has ended", 0, 0, 0, 0 },
	{ "it cannot be read", -EIO, 4096, -EIO, 0 },
	{ "a signal", -ERESTARTSYS, 4096, -EINTR, 0 },
};

KUNIT_ARRAY_PARAM_DESC(leave, leave_cases, name);

static void what_is_not_over_goes_on(struct kunit *test)
{
	const struct leave_case *row = test->param_value;
	struct quick *q = quick_open(test);
	unsigned int i;

	i_size_write(file_inode(q->script->file), row->size);
	q->ret = row->ret;
	quick_put_all(q);
	quick_submit(q);
	KUNIT_EXPECT_TRUE(test, live_until(live_nr_cqes(q->live) == QUICK_NR));
	KUNIT_EXPECT_EQ(test, q->way, QUICK_NR);
	KUNIT_EXPECT_EQ(test, q->others, row->others);
	for (i = 0; i < QUICK_NR; i++) {
		struct cring_cqe cqe = {};

		KUNIT_EXPECT_TRUE(test, live_reap(q->live, &cqe));
		KUNIT_EXPECT_EQ(test, cqe.res, cqe.user_data ? QUICK_LEN : row->res);
	}
	/* a worker's may come before or after the others */
	for (i = 1; row->others && i <= QUICK_NR; i++)
		if (q->pos[i % (QUICK_NR + 1)] == row->from)
			break;
	KUNIT_EXPECT_LE(test, i, QUICK_NR);
	quick_expect_over(q, 2);
}

static void direct_from_now_on(struct live *live, struct cring_req *req)
{
	struct quick *q = live->priv;

	q->script->file->f_flags |= O_DIRECT;
	q->script->file->f_iocb_flags |= IOCB_DIRECT;
}

/* as fcntl(2) does it */
static void what_goes_to_a_device_meanwhile_leaves_it(struct kunit *test)
{
	struct quick *q = quick_open(test);

	live_at(q->live, CRING_AT_ANNOUNCE, direct_from_now_on);
	quick_put_all(q);
	quick_submit(q);
	KUNIT_EXPECT_EQ(test, q->way, 0);
	KUNIT_EXPECT_EQ(test, q->others, QUICK_NR);
	quick_expect(q, QUICK_NR);
	quick_expect_over(q, 2);
}

static void behind_a_drain_none_takes_it(struct kunit *test)
{
	struct quick *q = quick_open(test);
	unsigned int i;

	quick_put_all(q);
	live_sqe(q->live, CRING_OP_NOP, QUICK_NR)->flags = CRING_SQE_IO_DRAIN;
	quick_put(q, QUICK_NR + 1);
	KUNIT_EXPECT_EQ(test, live_submit(q->live), QUICK_NR + 2);
	cring_run_ready(q->live->ring);
	KUNIT_EXPECT_EQ(test, q->way, 0);
	for (i = 0; i < QUICK_NR + 2; i++)
		LIVE_EXPECT_CQE(q->live, i, i == QUICK_NR ? 0 : QUICK_LEN);
	quick_expect_over(q, 2);
}

/* --- one alone (enter.c) --- */

static void one_in_a_ring_that_is_shut_is_refused(struct kunit *test)
{
	struct quick *q = quick_open(test);

	quick_put(q, 0);
	KUNIT_EXPECT_EQ(test, live_submit(q->live), 1);
	quick_put(q, 1);
	q->live->ring->shut = true;
	KUNIT_EXPECT_EQ(test, live_submit(q->live), -EBADFD);
	q->live->ring->shut = false;
	KUNIT_EXPECT_EQ(test, live_submit(q->live), 1);
	LIVE_EXPECT_CQE(q->live, 0, QUICK_LEN);
	LIVE_EXPECT_CQE(q->live, 1, QUICK_LEN);
	KUNIT_EXPECT_EQ(test, q->way, 2);
	quick_expect_over(q, 2);
}

static int submit_one(void *arg)
{
	struct quick *q = arg;

	quick_put(q, 1);
	KUNIT_EXPECT_EQ(q->live->test, live_submit(q->live), 1);
	KUNIT_EXPECT_PTR_EQ(q->live->test, q->live->ring->task, current);
	return 0;
}

/* it runs what becomes ready */
static void the_thread_that_submits_one_is_the_submitter(struct kunit *test)
{
	struct quick *q = quick_open(test);

	quick_put(q, 0);
	KUNIT_EXPECT_EQ(test, live_submit(q->live), 1);
	KUNIT_EXPECT_PTR_EQ(test, q->live->ring->task, current);
	KUNIT_EXPECT_EQ(test, other_join(other_start(q->live, submit_one, q)), 0);
	quick_put(q, 2);
	KUNIT_EXPECT_EQ(test, live_submit(q->live), 1);
	KUNIT_EXPECT_PTR_EQ(test, q->live->ring->task, current);
	LIVE_EXPECT_CQE(q->live, 0, QUICK_LEN);
	LIVE_EXPECT_CQE(q->live, 1, QUICK_LEN);
	LIVE_EXPECT_CQE(q->live, 2, QUICK_LEN);
	KUNIT_EXPECT_EQ(test, q->way, 3);
	quick_expect_over(q, 2);
}

static struct kunit_case cring_quick_cases[] = {
	KUNIT_CASE(plain_reads_take_it),
	KUNIT_CASE(so_do_those_of_what_is_fixed),
	KUNIT_CASE(several_fixed_buffers_may_take_turns),
	KUNIT_CASE(files_and_other_operations_may_take_turns),
	KUNIT_CASE(whatever_else_they_say_it_is_as_on_the_long_way),
	KUNIT_CASE(one_whose_time_is_over_is_not_tried),
	KUNIT_CASE(one_with_a_deadline_does),
	KUNIT_CASE(but_not_one_that_says_more_besides),
	KUNIT_CASE(those_whose_time_comes_before_their_turn_end),
	KUNIT_CASE(one_that_is_past_when_its_turn_comes_is_not_tried),
	KUNIT_CASE(one_that_says_more_than_a_deadline_does_not),
	KUNIT_CASE(one_that_has_become_nothing_does_not),
	KUNIT_CASE(what_reads_at_the_files_own_position_does_not),
	KUNIT_CASE_PARAM(what_is_not_over_goes_on, leave_gen_params),
	KUNIT_CASE(what_goes_to_a_device_meanwhile_leaves_it),
	KUNIT_CASE(behind_a_drain_none_takes_it),
	KUNIT_CASE(one_in_a_ring_that_is_shut_is_refused),
	KUNIT_CASE(the_thread_that_submits_one_is_the_submitter),
	{}
};

static struct kunit_suite cring_quick_suite = {
	.name = "cring_quick",
	.test_cases = cring_quick_cases,
};

kunit_test_suite(cring_quick_suite);
