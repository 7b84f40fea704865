// SPDX-License-Identifier: GPL-2.0
/*
 * Detach: a cancel that succeeds while a worker or a device has the operation;
 * whose memory is touched when; and who frees what afterwards (C10 of
 * Documentation/contract.rst).
 */
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "sqes.h"

enum { A = 1, B = 2, ROOM = 4 };

/* more than a page, and not a whole number of them */
#define LEN	(2 * PAGE_SIZE + 100)

/**
 * struct detach - reads and writes of LEN bytes that may be let go of
 * @live: a ring with room for ROOM of them
 * @script: their file
 * @user: their memory, LEN bytes that are all 0xee
 * @file_data: what a read of the file gives
 * @written: what the last write gave it
 * @iter: what the device was given last
 * @answer: of a cancel in a method or at a point
 * @cancels: how many there were
 */
struct detach {
	struct live *live;
	struct script *script;
	unsigned long user;
	u8 file_data[LEN];
	u8 written[LEN];
	struct iov_iter iter;
	s32 answer;
	int cancels;
};

/* --- the file --- */

static ssize_t move(struct script *script, struct kiocb *iocb,
		    struct iov_iter *iter)
{
	struct detach *d = script->priv;

	if (!iter)
		return 0;
	if (iov_iter_rw(iter) == READ)
		return copy_to_iter(d->file_data, iov_iter_count(iter), iter);
	return copy_from_iter(d->written, iov_iter_count(iter), iter);
}

/* nothing ends the sleep but script_let_go() */
static ssize_t hang(struct script *script, struct kiocb *iocb,
		    struct iov_iter *iter)
{
	wait_event(script->wq, READ_ONCE(script->let_go));
	return move(script, iocb, iter);
}

static ssize_t queue(struct script *script, struct kiocb *iocb,
		     struct iov_iter *iter)
{
	struct detach *d = script->priv;

	d->iter = *iter;
	return script_queue(script, iocb, iter);
}

/* the device moves its first request's data, and says so */
static void answer_device(struct detach *d)
{
	move(d->script, NULL, &d->iter);
	KUNIT_EXPECT_TRUE(d->live->test, script_complete(d->script, 0, LEN));
}

/* --- the ring --- */

static struct detach *detach_open(struct kunit *test, enum script_kind kind)
{
	struct detach *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, d);
	d->live = live_open_with(test, (struct cring_params) {
		.sq_entries = 8, .detached = ROOM,
	});
	d->live->priv = d;
	d->script = script_open(d->live, kind);
	d->script->priv = d;
	d->script->run = kind == SCRIPT_DEVICE ? queue : hang;
	for (i = 0; i < LEN; i++)
		d->file_data[i] = i % 251;
	d->user = live_pages(d->live, 3, PROT_READ | PROT_WRITE);
	memset(d->written, 0xee, LEN);
	KUNIT_ASSERT_EQ(test, copy_to_user((void __user *)d->user, d->written,
					   LEN), 0);
	return d;
}

static struct cring_sqe *detach_sqe(struct detach *d, u8 opcode, u64 user_data)
{
	struct cring_sqe *sqe = live_sqe(d->live, opcode, user_data);

	sqe->fd = d->script->fd;
	sqe->xflags = CRING_SQE_X_DETACH;
	if (opcode != CRING_OP_FSYNC) {
		sqe->addr = d->user;
		sqe->len = LEN;
	}
	return sqe;
}

static enum cring_state start(struct detach *d, u8 opcode, u64 user_data)
{
	detach_sqe(d, opcode, user_data);
	KUNIT_EXPECT_EQ(d->live->test, live_submit(d->live), 1);
	return live_state(d->live, user_data);
}

/* in a worker, asleep in the file's method */
static void start_and_hang(struct detach *d, u8 opcode, u64 user_data)
{
	start(d, opcode, user_data);
	KUNIT_ASSERT_TRUE(d->live->test, script_await(d->script, 1));
	LIVE_EXPECT_STATE(d->live, user_data, CRING_RUNNING);
}

static bool user_is(struct detach *d, const u8 *want)
{
	u8 *got = kunit_kzalloc(d->live->test, LEN, GFP_KERNEL);

	return got && !copy_from_user(got, (void __user *)d->user, LEN) &&
	       !memcmp(got, want, LEN);
}

#define EXPECT_READ(on) do {						\
	struct detach *d_ = (on);					\
	KUNIT_EXPECT_TRUE(d_->live->test, user_is(d_, d_->file_data));	\
} while (0)
#define EXPECT_UNREAD(on) do {						\
	struct detach *d_ = (on);					\
	KUNIT_EXPECT_TRUE(d_->live->test, user_is(d_, d_->written));	\
} while (0)

/* at once, it had been started, and the record is still occupied */
static void expect_let_go(struct detach *d, u64 user_data)
{
	struct kunit *test = d->live->test;

	KUNIT_EXPECT_EQ(test, live_cancel(d->live, 0, user_data), 0);
	LIVE_EXPECT_CQE_FLAGS(d->live, user_data, -ECANCELED, 0);
	KUNIT_EXPECT_EQ(test, live_cancel(d->live, 0, user_data), -ENOENT);
	KUNIT_EXPECT_EQ(test, live_in_flight(d->live), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&d->live->ring->nr_detached), 1);
}

/* the record is free again, and so is the file */
static void expect_given_back(struct detach *d)
{
	struct kunit *test = d->live->test;

	KUNIT_EXPECT_TRUE(test, live_until(!atomic_read(&d->live->ring->nr_detached)));
	LIVE_EXPECT_NO_CQE(d->live);
	script_close(d->script);
	KUNIT_EXPECT_TRUE(test, script_is_released(d->script));
}

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

	for (i = 0; i < ROOM; i++)
		KUNIT_EXPECT_EQ(test, start(d, CRING_OP_READ, i),
				CRING_DISPATCHED);
	start(d, CRING_OP_READ, B);
	LIVE_EXPECT_CQE(d->live, B, -EAGAIN);
	KUNIT_EXPECT_EQ(test, live_cancel(d->live, CANCEL_ALL, 0), ROOM);
	reap_all(d->live);
	start(d, CRING_OP_READ, B);
	LIVE_EXPECT_CQE(d->live, B, -EAGAIN);
	script_complete(d->script, 2, LEN);
	KUNIT_EXPECT_EQ(test, start(d, CRING_OP_READ, B), CRING_DISPATCHED);
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

	start_and_hang(d, CRING_OP_READ, A);
	d->answer = -1;
	live_at(d->live, CRING_AT_PUBLISH, count_at_cqe);
	script_let_go(d->script);
	LIVE_EXPECT_WAIT(d->live, A, LEN);
	KUNIT_EXPECT_EQ(test, d->answer, 0);
	expect_given_back(d);
}

static void the_users_limit_is_its_own(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);
	unsigned int limit = cring_max_user_detached;

	WRITE_ONCE(cring_max_user_detached, 1);
	KUNIT_EXPECT_EQ(test, start(d, CRING_OP_READ, A), CRING_DISPATCHED);
	expect_let_go(d, A);
	start(d, CRING_OP_READ, B);
	LIVE_EXPECT_CQE(d->live, B, -EAGAIN);
	script_complete(d->script, 0, LEN);
	KUNIT_EXPECT_EQ(test, start(d, CRING_OP_READ, B), CRING_DISPATCHED);
	WRITE_ONCE(cring_max_user_detached, limit);
}

/* --- a worker --- */

static void a_read_is_copied_to_the_caller_when_nobody_cancels(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_WORKER);

	start_and_hang(d, CRING_OP_READ, A);
	EXPECT_UNREAD(d);
	script_let_go(d->script);
	LIVE_EXPECT_WAIT(d->live, A, LEN);
	EXPECT_READ(d);
	expect_given_back(d);
}

static void a_hung_read_is_let_go_of(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_WORKER);

	start_and_hang(d, CRING_OP_READ, A);
	expect_let_go(d, A);
	script_let_go(d->script);
	expect_given_back(d);
	EXPECT_UNREAD(d);
}

static void a_hung_worker_has_nothing_of_the_owners_memory(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_WORKER);
	int users = atomic_read(&d->live->mm->mm_users);

	start_and_hang(d, CRING_OP_READ, A);
	KUNIT_EXPECT_EQ(test, atomic_read(&d->live->mm->mm_users), users);
	KUNIT_EXPECT_EQ(test, atomic_read(&d->live->ring->nr_pinned), 0);
	script_let_go(d->script);
	LIVE_EXPECT_WAIT(d->live, A, LEN);
}

static void a_write_has_its_bytes_when_it_was_submitted(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_WORKER);
	u8 want[] = { 0xee, 0xee };

	start_and_hang(d, CRING_OP_WRITE, A);
	KUNIT_EXPECT_EQ(test, clear_user((void __user *)d->user, LEN), 0);
	memset(d->written, 0, LEN);
	script_let_go(d->script);
	LIVE_EXPECT_WAIT(d->live, A, LEN);
	KUNIT_EXPECT_MEMEQ(test, d->written, want, 2);
	KUNIT_EXPECT_MEMEQ(test, d->written + LEN - 2, want, 2);
}

static void a_hung_write_is_let_go_of(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_WORKER);

	start_and_hang(d, CRING_OP_WRITE, A);
	expect_let_go(d, A);
	script_let_go(d->script);
	expect_given_back(d);
}

static void a_write_from_memory_that_is_not_there_is_not_begun(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_WORKER);

	detach_sqe(d, CRING_OP_WRITE, A)->addr = live_pages(d->live, 3, PROT_NONE);
	live_submit(d->live);
	LIVE_EXPECT_CQE(d->live, A, -EFAULT);
	KUNIT_EXPECT_EQ(test, atomic_read(&d->script->calls), 0);
	expect_given_back(d);
}

static void a_hung_fsync_is_let_go_of(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_WORKER);

	start_and_hang(d, CRING_OP_FSYNC, A);
	expect_let_go(d, A);
	script_let_go(d->script);
	expect_given_back(d);
}

static void a_worker_that_is_let_go_of_is_interrupted(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_WORKER);

	d->script->run = script_sleep;
	start_and_hang(d, CRING_OP_FSYNC, A);
	KUNIT_EXPECT_EQ(test, live_cancel(d->live, 0, A), 0);
	LIVE_EXPECT_CQE_FLAGS(d->live, A, -ECANCELED, 0);
	/* nobody else ends its sleep */
	expect_given_back(d);
}

static void without_the_flag_a_hung_read_is_not_let_go_of(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_WORKER);

	detach_sqe(d, CRING_OP_READ, A)->xflags = 0;
	live_submit(d->live);
	KUNIT_ASSERT_TRUE(test, script_await(d->script, 1));
	KUNIT_EXPECT_EQ(test, live_cancel(d->live, 0, A), -EALREADY);
	LIVE_EXPECT_NO_CQE(d->live);
	script_let_go(d->script);
	LIVE_EXPECT_WAIT(d->live, A, LEN);
}

static void what_waits_for_a_worker_is_claimed_as_ever(struct kunit *test)
{
	struct detach *d;

	live_max_workers(test, 1);
	d = detach_open(test, SCRIPT_WORKER);
	start_and_hang(d, CRING_OP_FSYNC, A);
	KUNIT_EXPECT_EQ(test, start(d, CRING_OP_WRITE, B), CRING_QUEUED);
	KUNIT_EXPECT_EQ(test, live_cancel(d->live, 0, B), 0);
	LIVE_EXPECT_CQE_FLAGS(d->live, B, -ECANCELED, CRING_CQE_F_NOT_STARTED);
	expect_let_go(d, A);
	script_let_go(d->script);
	expect_given_back(d);
}

static void a_cancel_of_all_stops_what_hangs_too(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_WORKER);
	struct cring_cancel_key key = { .flags = CANCEL_ALL };

	start_and_hang(d, CRING_OP_FSYNC, A);
	KUNIT_EXPECT_EQ(test, live_cancel_sync(d->live, &key, CRING_CANCEL_WAIT,
					       -1), 0);
	KUNIT_EXPECT_EQ(test, key.res, 1);
	KUNIT_EXPECT_EQ(test, key.already, 0);
	LIVE_EXPECT_CQE(d->live, A, -ECANCELED);
	script_let_go(d->script);
	expect_given_back(d);
}

/* --- a device --- */

static void what_a_device_has_read_is_copied_by_the_owner(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);

	KUNIT_EXPECT_EQ(test, start(d, CRING_OP_READ, A), CRING_DISPATCHED);
	answer_device(d);
	EXPECT_UNREAD(d);
	LIVE_EXPECT_STATE(d->live, A, CRING_READY);
	cring_run_ready(d->live->ring);
	LIVE_EXPECT_CQE(d->live, A, LEN);
	EXPECT_READ(d);
	KUNIT_EXPECT_EQ(test, atomic_read(&d->script->calls), 1);
	expect_given_back(d);
}

static void what_a_device_has_read_may_be_copied_by_a_worker(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);

	start(d, CRING_OP_READ, A);
	/* nobody waits, and the submitter's thread is gone */
	put_task_struct(d->live->ring->task);
	d->live->ring->task = NULL;
	answer_device(d);
	KUNIT_EXPECT_TRUE(test, live_until(live_nr_cqes(d->live)));
	LIVE_EXPECT_CQE(d->live, A, LEN);
	EXPECT_READ(d);
	expect_given_back(d);
}

static void what_waits_to_be_copied_can_be_cancelled(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);

	start(d, CRING_OP_READ, A);
	answer_device(d);
	KUNIT_EXPECT_EQ(test, live_cancel(d->live, 0, A), 0);
	LIVE_EXPECT_CQE_FLAGS(d->live, A, -ECANCELED, 0);
	EXPECT_UNREAD(d);
	expect_given_back(d);
}

static void a_read_in_a_device_is_let_go_of(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);

	start(d, CRING_OP_READ, A);
	expect_let_go(d, A);
	answer_device(d);
	expect_given_back(d);
	EXPECT_UNREAD(d);
}

static void what_a_worker_gives_to_a_device_is_let_go_of(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);

	detach_sqe(d, CRING_OP_READ, A)->flags = CRING_SQE_ASYNC;
	live_submit(d->live);
	KUNIT_EXPECT_TRUE(test, live_await(d->live, A, CRING_DISPATCHED));
	expect_let_go(d, A);
	answer_device(d);
	expect_given_back(d);
	EXPECT_UNREAD(d);
}

static void a_device_that_reads_nothing_shows_nothing(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);
	void *dirty[16];
	unsigned int i;

	/* what others leave in the pages that are taken next */
	for (i = 0; i < ARRAY_SIZE(dirty); i++) {
		dirty[i] = (void *)__get_free_page(GFP_KERNEL);
		if (dirty[i])
			memset(dirty[i], 0xaa, PAGE_SIZE);
	}
	for (i = 0; i < ARRAY_SIZE(dirty); i++)
		free_page((unsigned long)dirty[i]);
	start(d, CRING_OP_READ, A);
	script_complete(d->script, 0, LEN);
	cring_run_ready(d->live->ring);
	LIVE_EXPECT_CQE(d->live, A, LEN);
	memset(d->file_data, 0, LEN);
	EXPECT_READ(d);
}

static void a_write_in_a_device_is_let_go_of(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);

	start(d, CRING_OP_WRITE, A);
	expect_let_go(d, A);
	answer_device(d);
	expect_given_back(d);
}

static void a_write_ends_where_its_device_says_so(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);

	start(d, CRING_OP_WRITE, A);
	answer_device(d);
	LIVE_EXPECT_CQE(d->live, A, LEN);
	expect_given_back(d);
}

static void what_is_let_go_of_is_not_tried_again(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);

	start(d, CRING_OP_READ, A);
	expect_let_go(d, A);
	script_complete(d->script, 0, -EAGAIN);
	expect_given_back(d);
	KUNIT_EXPECT_EQ(test, atomic_read(&d->script->calls), 1);
}

static void what_a_device_would_block_for_hangs_in_a_worker(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);

	start(d, CRING_OP_READ, A);
	d->script->run = hang;
	script_complete(d->script, 0, -EAGAIN);
	KUNIT_ASSERT_TRUE(test, script_await(d->script, 1));
	LIVE_EXPECT_STATE(d->live, A, CRING_RUNNING);
	expect_let_go(d, A);
	script_let_go(d->script);
	expect_given_back(d);
	EXPECT_UNREAD(d);
}

static ssize_t cancel_and_queue(struct script *script, struct kiocb *iocb,
				struct iov_iter *iter)
{
	struct detach *d = script->priv;

	d->answer = live_cancel(d->live, 0, A);
	return queue(script, iocb, iter);
}

static void what_is_told_on_its_way_into_a_device_is_let_go_of(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);

	d->script->run = cancel_and_queue;
	start(d, CRING_OP_READ, A);
	KUNIT_EXPECT_EQ(test, d->answer, -EALREADY);
	/* nobody comes to tell it again */
	LIVE_EXPECT_CQE_FLAGS(d->live, A, -ECANCELED, 0);
	answer_device(d);
	expect_given_back(d);
	EXPECT_UNREAD(d);
}

static ssize_t complete_then_cancel(struct script *script, struct kiocb *iocb,
				    struct iov_iter *iter)
{
	struct detach *d = script->priv;
	ssize_t ret = queue(script, iocb, iter);

	answer_device(d);
	d->answer = live_cancel(d->live, 0, A);
	return ret;
}

static void what_a_device_ends_in_the_method_waits_for_its_return(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);

	d->script->run = complete_then_cancel;
	start(d, CRING_OP_READ, A);
	/* the device is through, and nothing has been copied */
	KUNIT_EXPECT_EQ(test, d->answer, -EALREADY);
	LIVE_EXPECT_CQE(d->live, A, -ECANCELED);
	EXPECT_UNREAD(d);
	expect_given_back(d);
}

/* --- races, forced --- */

static void cancel_here(struct live *live, struct cring_req *req)
{
	struct detach *d = live->priv;

	if (!d->cancels++)
		d->answer = live_cancel(live, 0, A);
}

static void what_is_told_just_before_it_is_lent_is_not_executed(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_WORKER);

	live_at(d->live, CRING_AT_LEND, cancel_here);
	start(d, CRING_OP_FSYNC, A);
	LIVE_EXPECT_WAIT(d->live, A, -ECANCELED);
	KUNIT_EXPECT_EQ(test, d->answer, -EALREADY);
	KUNIT_EXPECT_EQ(test, atomic_read(&d->script->calls), 0);
	expect_given_back(d);
}

static void what_has_ended_but_is_not_taken_back_is_let_go_of(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_WORKER);

	d->script->run = move;
	live_at(d->live, CRING_AT_RETURN, cancel_here);
	start(d, CRING_OP_READ, A);
	LIVE_EXPECT_WAIT(d->live, A, -ECANCELED);
	KUNIT_EXPECT_EQ(test, d->answer, 0);
	expect_given_back(d);
	EXPECT_UNREAD(d);
}

static void what_a_device_has_ended_but_not_taken_back_is_let_go_of(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);

	live_at(d->live, CRING_AT_RETURN, cancel_here);
	start(d, CRING_OP_READ, A);
	answer_device(d);
	KUNIT_EXPECT_EQ(test, d->answer, 0);
	LIVE_EXPECT_CQE(d->live, A, -ECANCELED);
	expect_given_back(d);
	EXPECT_UNREAD(d);
}

static void what_is_being_copied_is_not_let_go_of(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_WORKER);

	d->script->run = move;
	live_at(d->live, CRING_AT_COPY, cancel_here);
	start(d, CRING_OP_READ, A);
	LIVE_EXPECT_WAIT(d->live, A, LEN);
	KUNIT_EXPECT_EQ(test, d->answer, -EALREADY);
	EXPECT_READ(d);
	expect_given_back(d);
}

/* --- what comes after it --- */

static void a_soft_link_breaks_and_a_hard_one_goes_on(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_WORKER);

	detach_sqe(d, CRING_OP_FSYNC, A)->flags = CRING_SQE_IO_LINK;
	live_sqe(d->live, CRING_OP_NOP, B);
	live_submit(d->live);
	KUNIT_ASSERT_TRUE(test, script_await(d->script, 1));
	KUNIT_EXPECT_EQ(test, live_cancel(d->live, 0, A), 0);
	LIVE_EXPECT_CQE(d->live, A, -ECANCELED);
	LIVE_EXPECT_CQE_FLAGS(d->live, B, -ECANCELED, CRING_CQE_F_NOT_STARTED);

	detach_sqe(d, CRING_OP_FSYNC, A)->flags = CRING_SQE_IO_HARDLINK;
	live_sqe(d->live, CRING_OP_NOP, B);
	live_submit(d->live);
	KUNIT_ASSERT_TRUE(test, script_await(d->script, 2));
	KUNIT_EXPECT_EQ(test, live_cancel(d->live, 0, A), 0);
	LIVE_EXPECT_CQE(d->live, A, -ECANCELED);
	LIVE_EXPECT_WAIT(d->live, B, 0);
	script_let_go(d->script);
	expect_given_back(d);
}

static void a_fixed_buffer_is_given_back_when_its_read_is_let_go_of(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);
	struct iovec iov = { (void __user *)d->user, LEN };

	KUNIT_ASSERT_EQ(test, live_register(d->live, CRING_REGISTER_BUFFERS, 0,
					    &iov, 1, sizeof(iov)), 0);
	KUNIT_EXPECT_EQ(test, d->live->mm->locked_vm, 3);
	start(d, CRING_OP_READ_FIXED, A);
	expect_let_go(d, A);
	KUNIT_EXPECT_EQ(test, live_ioctl(d->live, CRING_IOC_REGISTER,
					 &(struct cring_register) {
						.opcode = CRING_UNREGISTER_BUFFERS,
					 }, sizeof(struct cring_register)), 0);
	flush_workqueue(cring_wq);
	KUNIT_EXPECT_EQ(test, d->live->mm->locked_vm, 0);
	answer_device(d);
	expect_given_back(d);
	EXPECT_UNREAD(d);
}

static void a_fixed_buffer_is_read_into_and_written_from(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_WORKER);
	struct iovec iov = { (void __user *)d->user, LEN };

	d->script->run = move;
	KUNIT_ASSERT_EQ(test, live_register(d->live, CRING_REGISTER_BUFFERS, 0,
					    &iov, 1, sizeof(iov)), 0);
	start(d, CRING_OP_READ_FIXED, A);
	LIVE_EXPECT_WAIT(d->live, A, LEN);
	EXPECT_READ(d);
	start(d, CRING_OP_WRITE_FIXED, B);
	LIVE_EXPECT_WAIT(d->live, B, LEN);
	KUNIT_EXPECT_MEMEQ(test, d->written, d->file_data, LEN);
}

static void a_record_that_a_device_has_is_used_for_nothing_else(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);
	struct cring_req *req;
	unsigned int i;

	start(d, CRING_OP_READ, A);
	req = live_req(d->live, A);
	expect_let_go(d, A);
	/* each of the others, more than once */
	for (i = 0; i < 2 * d->live->ring->nr_reqs; i++) {
		live_sqe(d->live, CRING_OP_NOP, B);
		live_submit(d->live);
		reap_all(d->live);
	}
	KUNIT_EXPECT_EQ(test, req->user_data, A);
	answer_device(d);
	expect_given_back(d);
}

/* --- the end --- */

static bool ring_is_there(struct live *live)
{
	flush_workqueue(cring_wq);
	return file_count(live->mapping) > 1;
}

static void a_closed_ring_waits_for_its_worker(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_WORKER);

	start_and_hang(d, CRING_OP_READ, A);
	live_close(d->live);
	KUNIT_EXPECT_TRUE(test, ring_is_there(d->live));
	script_let_go(d->script);
	KUNIT_EXPECT_TRUE(test, live_gone(d->live));
	EXPECT_UNREAD(d);
}

static void a_closed_ring_waits_for_its_device(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);

	start(d, CRING_OP_READ, A);
	live_close(d->live);
	KUNIT_EXPECT_TRUE(test, ring_is_there(d->live));
	answer_device(d);
	KUNIT_EXPECT_TRUE(test, live_gone(d->live));
	EXPECT_UNREAD(d);
}

static void what_was_let_go_of_before_the_close_holds_the_ring_too(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);

	start(d, CRING_OP_WRITE, A);
	expect_let_go(d, A);
	live_close(d->live);
	KUNIT_EXPECT_TRUE(test, ring_is_there(d->live));
	answer_device(d);
	KUNIT_EXPECT_TRUE(test, live_gone(d->live));
}

static struct kunit_case cring_detach_cases[] = {
	KUNIT_CASE(a_ring_without_room_refuses_it),
	KUNIT_CASE(what_needs_no_detach_refuses_it),
	KUNIT_CASE(what_is_too_long_or_has_no_offset_is_refused),
	KUNIT_CASE(the_rings_limit_counts_until_the_device_answers),
	KUNIT_CASE(what_has_ended_makes_room_before_its_cqe_is_seen),
	KUNIT_CASE(the_users_limit_is_its_own),
	KUNIT_CASE(a_read_is_copied_to_the_caller_when_nobody_cancels),
	KUNIT_CASE(a_hung_read_is_let_go_of),
	KUNIT_CASE(a_hung_worker_has_nothing_of_the_owners_memory),
	KUNIT_CASE(a_write_has_its_bytes_when_it_was_submitted),
	KUNIT_CASE(a_hung_write_is_let_go_of),
	KUNIT_CASE(a_write_from_memory_that_is_not_there_is_not_begun),
	KUNIT_CASE(a_hung_fsync_is_let_go_of),
	KUNIT_CASE(a_worker_that_is_let_go_of_is_interrupted),
	KUNIT_CASE(without_the_flag_a_hung_read_is_not_let_go_of),
	KUNIT_CASE(what_waits_for_a_worker_is_claimed_as_ever),
	KUNIT_CASE(a_cancel_of_all_stops_what_hangs_too),
	KUNIT_CASE(what_a_device_has_read_is_copied_by_the_owner),
	KUNIT_CASE(what_a_device_has_read_may_be_copied_by_a_worker),
	KUNIT_CASE(what_waits_to_be_copied_can_be_cancelled),
	KUNIT_CASE(a_read_in_a_device_is_let_go_of),
	KUNIT_CASE(what_a_worker_gives_to_a_device_is_let_go_of),
	KUNIT_CASE(a_device_that_reads_nothing_shows_nothing),
	KUNIT_CASE(a_write_in_a_device_is_let_go_of),
	KUNIT_CASE(a_write_ends_where_its_device_says_so),
	KUNIT_CASE(what_is_let_go_of_is_not_tried_again),
	KUNIT_CASE(what_a_device_would_block_for_hangs_in_a_worker),
	KUNIT_CASE(what_is_told_on_its_way_into_a_device_is_let_go_of),
	KUNIT_CASE(what_a_device_ends_in_the_method_waits_for_its_return),
	KUNIT_CASE(what_is_told_just_before_it_is_lent_is_not_executed),
	KUNIT_CASE(what_has_ended_but_is_not_taken_back_is_let_go_of),
	KUNIT_CASE(what_a_device_has_ended_but_not_taken_back_is_let_go_of),
	KUNIT_CASE(what_is_being_copied_is_not_let_go_of),
	KUNIT_CASE(a_soft_link_breaks_and_a_hard_one_goes_on),
	KUNIT_CASE(a_fixed_buffer_is_given_back_when_its_read_is_let_go_of),
	KUNIT_CASE(a_fixed_buffer_is_read_into_and_written_from),
	KUNIT_CASE(a_record_that_a_device_has_is_used_for_nothing_else),
	KUNIT_CASE(a_closed_ring_waits_for_its_worker),
	KUNIT_CASE(a_closed_ring_waits_for_its_device),
	KUNIT_CASE(what_was_let_go_of_before_the_close_holds_the_ring_too),
	{}
};

static struct kunit_suite cring_detach_suite = {
	.name = "cring_detach",
	.test_cases = cring_detach_cases,
};

kunit_test_suite(cring_detach_suite);
