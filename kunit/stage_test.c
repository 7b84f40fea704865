// SPDX-License-Identifier: GPL-2.0
/*
 * Staging: whose memory is touched when by what may be let go of (C10 of
 * Documentation/contract.rst).
 */
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "detach.h"

enum { A = DETACH_A, B = DETACH_B };

static void use_user_memory_again(struct detach *d)
{
	KUNIT_EXPECT_EQ(d->live->test, clear_user((void __user *)d->user,
						  DETACH_LEN), 0);
	memset(d->written, 0, DETACH_LEN);
}

/* --- when a write has its bytes --- */

static ssize_t refuse_once(struct script *script, struct kiocb *iocb,
			   struct iov_iter *iter)
{
	WRITE_ONCE(script->run, detach_hang);
	return -EAGAIN;
}

static void a_write_in_a_worker_has_its_bytes(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_WORKER);

	detach_start_and_hang(d, CRING_OP_WRITE, A);
	use_user_memory_again(d);
	script_let_go(d->script);
	LIVE_EXPECT_WAIT(d->live, A, DETACH_LEN);
	EXPECT_WRITTEN(d);
}

static void a_write_that_was_tried_in_vain_has_its_bytes(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_FILE);

	d->script->run = refuse_once;
	detach_start(d, CRING_OP_WRITE, A);
	use_user_memory_again(d);
	script_let_go(d->script);
	LIVE_EXPECT_WAIT(d->live, A, DETACH_LEN);
	EXPECT_WRITTEN(d);
}

static ssize_t move_when_ready(struct script *script, struct kiocb *iocb,
			       struct iov_iter *iter)
{
	return READ_ONCE(script->events) ? detach_move(script, iocb, iter) :
					   -EAGAIN;
}

static void a_write_that_is_armed_has_its_bytes(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_POLL);

	d->script->run = move_when_ready;
	KUNIT_EXPECT_EQ(test, detach_start(d, CRING_OP_WRITE, A), CRING_ARMED);
	use_user_memory_again(d);
	script_ready(d->script, EPOLLOUT);
	cring_run_ready(d->live->ring);
	LIVE_EXPECT_CQE(d->live, A, DETACH_LEN);
	EXPECT_WRITTEN(d);
}

static void a_write_behind_the_window_has_its_bytes(struct kunit *test)
{
	const struct cring_register one = {
		.opcode = CRING_REGISTER_WINDOW, .nr = 1,
	};
	struct detach *d = detach_open(test, SCRIPT_DEVICE);

	KUNIT_ASSERT_EQ(test, live_ioctl(d->live, CRING_IOC_REGISTER, &one,
					 sizeof(one)), 0);
	KUNIT_EXPECT_EQ(test, detach_start(d, CRING_OP_READ, B),
			CRING_DISPATCHED);
	KUNIT_EXPECT_EQ(test, detach_start(d, CRING_OP_WRITE, A),
			CRING_DEFERRED);
	use_user_memory_again(d);
	script_complete(d->script, 0, -EIO);
	cring_run_ready(d->live->ring);
	LIVE_EXPECT_CQE(d->live, B, -EIO);
	LIVE_EXPECT_STATE(d->live, A, CRING_DISPATCHED);
	detach_move(d->script, NULL, &d->iter);
	script_complete(d->script, 1, DETACH_LEN);
	LIVE_EXPECT_CQE(d->live, A, DETACH_LEN);
	EXPECT_WRITTEN(d);
}

static void a_linked_write_takes_them_in_its_turn(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_WORKER);

	d->script->run = detach_move;
	detach_sqe(d, CRING_OP_READ, B)->flags = CRING_SQE_IO_LINK;
	detach_sqe(d, CRING_OP_WRITE, A);
	live_submit(d->live);
	LIVE_EXPECT_WAIT(d->live, B, DETACH_LEN);
	LIVE_EXPECT_WAIT(d->live, A, DETACH_LEN);
	KUNIT_EXPECT_MEMEQ(test, d->written, d->file_data, DETACH_LEN);
}

static void a_write_from_memory_that_is_not_there_is_not_begun(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_WORKER);

	detach_sqe(d, CRING_OP_WRITE, A)->addr = live_pages(d->live, 3,
							    PROT_NONE);
	live_submit(d->live);
	LIVE_EXPECT_CQE(d->live, A, -EFAULT);
	KUNIT_EXPECT_EQ(test, atomic_read(&d->script->calls), 0);
	detach_expect_given_back(d);
}

/* --- when a read's are there --- */

static ssize_t read_some(struct script *script, struct kiocb *iocb,
			 struct iov_iter *iter)
{
	struct detach *d = script->priv;

	/* the rest is a worker's */
	WRITE_ONCE(script->run, detach_hang);
	i_size_write(file_inode(iocb->ki_filp), DETACH_LEN);
	iocb->ki_pos += PAGE_SIZE + 1;
	memcpy(d->written, d->file_data, PAGE_SIZE + 1);
	return copy_to_iter(d->file_data, PAGE_SIZE + 1, iter);
}

static ssize_t read_the_rest(struct script *script, struct kiocb *iocb,
			     struct iov_iter *iter)
{
	struct detach *d = script->priv;

	return copy_to_iter(d->file_data + iocb->ki_pos, iov_iter_count(iter),
			    iter);
}

static void a_short_read_is_copied_and_the_rest_let_go_of(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_FILE);

	d->script->run = read_some;
	detach_start(d, CRING_OP_READ, A);
	KUNIT_ASSERT_TRUE(test, script_await(d->script, 1));
	KUNIT_EXPECT_EQ(test, live_cancel(d->live, 0, A), 0);
	reap_all(d->live);
	detach_answer(d);
	detach_expect_given_back(d);
	EXPECT_UNREAD(d);
}

static ssize_t read_some_then_the_rest(struct script *script,
				       struct kiocb *iocb,
				       struct iov_iter *iter)
{
	ssize_t ret = read_some(script, iocb, iter);

	WRITE_ONCE(script->run, read_the_rest);
	return ret;
}

static void a_short_read_is_finished_by_a_worker(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_FILE);

	d->script->run = read_some_then_the_rest;
	detach_start(d, CRING_OP_READ, A);
	LIVE_EXPECT_WAIT(d->live, A, DETACH_LEN);
	EXPECT_READ(d);
	detach_expect_given_back(d);
}

static void what_a_device_has_read_may_be_copied_by_a_worker(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);

	detach_start(d, CRING_OP_READ, A);
	/* nobody waits, and the submitter's thread is gone */
	put_task_struct(d->live->ring->task);
	d->live->ring->task = NULL;
	detach_answer(d);
	KUNIT_EXPECT_TRUE(test, live_until(live_nr_cqes(d->live)));
	LIVE_EXPECT_CQE(d->live, A, DETACH_LEN);
	EXPECT_READ(d);
	detach_expect_given_back(d);
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
	detach_start(d, CRING_OP_READ, A);
	script_complete(d->script, 0, DETACH_LEN);
	cring_run_ready(d->live->ring);
	LIVE_EXPECT_CQE(d->live, A, DETACH_LEN);
	memset(d->file_data, 0, DETACH_LEN);
	EXPECT_READ(d);
}

/* --- fixed buffers --- */

static void register_user_memory(struct detach *d)
{
	struct iovec iov = { (void __user *)d->user, DETACH_LEN };

	KUNIT_ASSERT_EQ(d->live->test,
			live_register(d->live, CRING_REGISTER_BUFFERS, 0, &iov,
				      1, sizeof(iov)), 0);
}

static void a_fixed_buffer_is_given_back(struct kunit *test)
{
	const struct detach_case *what = test->param_value;
	struct detach *d = detach_open(test, what->kind);

	register_user_memory(d);
	KUNIT_EXPECT_EQ(test, d->live->mm->locked_vm, 3);
	detach_start_and_hang(d, what->opcode, A);
	detach_expect_let_go(d, A);
	/* registering waits for who submits, which hangs */
	if (what->kind == SCRIPT_FILE)
		detach_answer(d);
	KUNIT_EXPECT_EQ(test, live_ioctl(d->live, CRING_IOC_REGISTER,
					 &(struct cring_register) {
						.opcode = CRING_UNREGISTER_BUFFERS,
					 }, sizeof(struct cring_register)), 0);
	flush_workqueue(cring_wq);
	KUNIT_EXPECT_EQ(test, d->live->mm->locked_vm, 0);
	if (what->kind != SCRIPT_FILE)
		detach_answer(d);
	detach_expect_given_back(d);
	memset(d->written, 0xee, DETACH_LEN);
	EXPECT_UNREAD(d);
}

static const struct detach_case fixed_cases[] = {
	{ "a worker reads", SCRIPT_WORKER, CRING_OP_READ_FIXED },
	{ "a device reads", SCRIPT_DEVICE, CRING_OP_READ_FIXED },
	{ "a device writes", SCRIPT_DEVICE, CRING_OP_WRITE_FIXED },
	{ "a submitter reads", SCRIPT_FILE, CRING_OP_READ_FIXED },
};

KUNIT_ARRAY_PARAM_DESC(fixed, fixed_cases, name);

static void a_fixed_buffer_is_read_into_and_written_from(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_WORKER);

	d->script->run = detach_move;
	register_user_memory(d);
	detach_start(d, CRING_OP_READ_FIXED, A);
	LIVE_EXPECT_WAIT(d->live, A, DETACH_LEN);
	EXPECT_READ(d);
	detach_start(d, CRING_OP_WRITE_FIXED, B);
	LIVE_EXPECT_WAIT(d->live, B, DETACH_LEN);
	KUNIT_EXPECT_MEMEQ(test, d->written, d->file_data, DETACH_LEN);
}

/* --- the end of a stage --- */

#define NR_NEW	64

/*
 * What was let go of ends in its device's completion, which may hold a spinlock,
 * or be in RCU's read side: the stage, which may be vmalloc()ed, is freed later.
 */
static void a_stage_is_freed_after_a_grace_period(struct kunit *test)
{
	struct detach *d = detach_open(test, SCRIPT_DEVICE);
	bool reused = false;
	void *stage, *new[NR_NEW];
	unsigned int i;
	size_t size;

	detach_start(d, CRING_OP_WRITE, A);
	stage = live_req(d->live, A)->rw.stage;
	size = ksize(stage);
	detach_expect_let_go(d, A);
	preempt_disable();
	rcu_read_lock();
	script_complete(d->script, 0, DETACH_LEN);
	/* what was freed here is the first to be given out again */
	for (i = 0; i < NR_NEW; i++) {
		new[i] = kmalloc(size, GFP_ATOMIC | __GFP_ACCOUNT);
		reused |= new[i] == stage;
	}
	/* where KASAN keeps it for long: that tells of this */
	(void)READ_ONCE(*(u8 *)stage);
	rcu_read_unlock();
	preempt_enable();
	for (i = 0; i < NR_NEW; i++)
		kfree(new[i]);
	KUNIT_EXPECT_FALSE(test, reused);
	detach_expect_given_back(d);
}

static struct kunit_case cring_stage_cases[] = {
	KUNIT_CASE(a_write_in_a_worker_has_its_bytes),
	KUNIT_CASE(a_write_that_was_tried_in_vain_has_its_bytes),
	KUNIT_CASE(a_write_that_is_armed_has_its_bytes),
	KUNIT_CASE(a_write_behind_the_window_has_its_bytes),
	KUNIT_CASE(a_linked_write_takes_them_in_its_turn),
	KUNIT_CASE(a_write_from_memory_that_is_not_there_is_not_begun),
	KUNIT_CASE(a_short_read_is_copied_and_the_rest_let_go_of),
	KUNIT_CASE(a_short_read_is_finished_by_a_worker),
	KUNIT_CASE(what_a_device_has_read_may_be_copied_by_a_worker),
	KUNIT_CASE(a_device_that_reads_nothing_shows_nothing),
	KUNIT_CASE_PARAM(a_fixed_buffer_is_given_back, fixed_gen_params),
	KUNIT_CASE(a_fixed_buffer_is_read_into_and_written_from),
	KUNIT_CASE(a_stage_is_freed_after_a_grace_period),
	{}
};

static struct kunit_suite cring_stage_suite = {
	.name = "cring_stage",
	.test_cases = cring_stage_cases,
};

kunit_test_suite(cring_stage_suite);
