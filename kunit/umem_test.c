// SPDX-License-Identifier: GPL-2.0
/*
 * User memory that is not there: the error goes to that SQE's CQE, and what
 * comes after it is unharmed; a call's own argument is refused before anything
 * is done.
 */
#include <linux/mm.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "fixture.h"

enum { UD = 1, NEXT = 2 };

/* two pages of which the second is not mapped */
static unsigned long half_mapped(struct live *live)
{
	unsigned long addr = live_pages(live, 2, PROT_READ | PROT_WRITE);

	KUNIT_ASSERT_EQ(live->test, vm_munmap(addr + PAGE_SIZE, PAGE_SIZE), 0);
	return addr;
}

static unsigned long unmapped(struct live *live)
{
	unsigned long addr = live_pages(live, 2, PROT_READ | PROT_WRITE);

	KUNIT_ASSERT_EQ(live->test, vm_munmap(addr, 2 * PAGE_SIZE), 0);
	return addr;
}

static unsigned long read_only(struct live *live)
{
	return live_pages(live, 2, PROT_READ);
}

static unsigned long untouchable(struct live *live)
{
	return live_pages(live, 2, PROT_NONE);
}

static unsigned long in_the_kernel(struct live *live)
{
	return (unsigned long)live->ring;
}

/* ---------------------------------------------------------------------------
 * Buffers
 */

#define LEN	(2 * PAGE_SIZE)

static const struct buffer_case {
	const char *name;
	unsigned long (*where)(struct live *live);
	s32 read;	/* what a read into it gives */
	s32 write;	/* what a write from it gives */
} buffer_cases[] = {
	{ "not mapped", unmapped, -EFAULT, -EFAULT },
	{ "half mapped", half_mapped, PAGE_SIZE, PAGE_SIZE },
	{ "read-only", read_only, -EFAULT, LEN },
	{ "not to be touched", untouchable, -EFAULT, -EFAULT },
	{ "in the kernel", in_the_kernel, -EFAULT, -EFAULT },
};

KUNIT_ARRAY_PARAM_DESC(buffer, buffer_cases, name);

static void transfer(struct live *live, enum script_kind kind, u8 opcode,
		     unsigned long addr, s32 want)
{
	struct script *script = script_open(live, kind);
	struct cring_sqe *sqe = live_sqe(live, opcode, UD);
	struct cring_cqe cqe;

	script->run = script_transfer;
	live_prep_read(sqe, script, addr, LEN);
	sqe->opcode = opcode;
	live_sqe(live, CRING_OP_NOP, NEXT);
	KUNIT_EXPECT_EQ(live->test, live_submit(live), 2);
	KUNIT_EXPECT_TRUE(live->test, live_until(live_nr_cqes(live) == 2));
	/* a worker may be slower than the one behind */
	while (live_reap(live, &cqe))
		KUNIT_EXPECT_EQ(live->test, cqe.res,
				cqe.user_data == UD ? want : 0);
}

static void a_bad_buffer_is_that_operations_own_error(struct kunit *test)
{
	const struct buffer_case *row = test->param_value;
	struct live *live = live_open(test, 8, 0);
	unsigned long addr = row->where(live);

	transfer(live, SCRIPT_POLL, CRING_OP_READ, addr, row->read);
	transfer(live, SCRIPT_POLL, CRING_OP_WRITE, addr, row->write);
}

static void a_bad_buffer_is_found_by_a_worker(struct kunit *test)
{
	const struct buffer_case *row = test->param_value;
	struct live *live = live_open(test, 8, 0);
	unsigned long addr = row->where(live);

	transfer(live, SCRIPT_WORKER, CRING_OP_READ, addr, row->read);
	transfer(live, SCRIPT_WORKER, CRING_OP_WRITE, addr, row->write);
}

/* what may be let go of is copied there when it was read */
static void a_bad_buffer_is_found_by_the_copy(struct kunit *test)
{
	struct live *live = live_open_with(test, (struct cring_params) {
		.sq_entries = 4, .detached = 1,
	});
	struct script *script = script_open(live, SCRIPT_WORKER);
	struct cring_sqe *sqe = live_sqe(live, CRING_OP_READ, UD);

	script->run = script_transfer;
	live_prep_read(sqe, script, live_pages(live, 1, PROT_NONE), LEN);
	sqe->xflags = CRING_SQE_X_DETACH;
	KUNIT_EXPECT_EQ(test, live_submit(live), 1);
	LIVE_EXPECT_WAIT(live, UD, -EFAULT);
}

static void vectors_of_more_than_can_be_let_go_of_are_refused(struct kunit *test)
{
	struct live *live = live_open_with(test, (struct cring_params) {
		.sq_entries = 4, .detached = 1,
	});
	struct script *script = script_open(live, SCRIPT_WORKER);
	struct cring_sqe *sqe = live_sqe(live, CRING_OP_READV, UD);
	struct iovec iov[9];
	unsigned int i;

	/* so many that they are no longer kept in the record */
	for (i = 0; i < ARRAY_SIZE(iov); i++)
		iov[i] = (struct iovec) {
			(void __user *)live->args, CRING_MAX_STAGE / 8,
		};
	KUNIT_ASSERT_EQ(test, copy_to_user((void __user *)live->args, iov,
					   sizeof(iov)), 0);
	sqe->fd = script->fd;
	sqe->addr = live->args;
	sqe->len = ARRAY_SIZE(iov);
	sqe->xflags = CRING_SQE_X_DETACH;
	KUNIT_EXPECT_EQ(test, live_submit(live), 1);
	LIVE_EXPECT_CQE(live, UD, -EINVAL);
}

static void a_buffer_may_go_while_the_operation_waits(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *script = script_open(live, SCRIPT_POLL);
	unsigned long addr = live_pages(live, 1, PROT_READ | PROT_WRITE);

	live_prep_read(live_sqe(live, 0, UD), script, addr, 1);
	KUNIT_EXPECT_EQ(test, live_submit(live), 1);
	LIVE_EXPECT_STATE(live, UD, CRING_ARMED);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	script_ready(script, EPOLLIN);
	cring_run_ready(live->ring);
	LIVE_EXPECT_CQE(live, UD, -EFAULT);
}

/* ---------------------------------------------------------------------------
 * Vectors
 */

static void vectors(struct live *live, unsigned long addr, unsigned int nr,
		    s32 want)
{
	struct script *script = script_open(live, SCRIPT_POLL);
	struct cring_sqe *sqe = live_sqe(live, CRING_OP_READV, UD);

	script->run = script_transfer;
	live_prep_read(sqe, script, addr, nr);
	sqe->opcode = CRING_OP_READV;
	live_sqe(live, CRING_OP_NOP, NEXT);
	KUNIT_EXPECT_EQ(live->test, live_submit(live), 2);
	LIVE_EXPECT_CQE(live, UD, want);
	LIVE_EXPECT_CQE(live, NEXT, 0);
	KUNIT_EXPECT_EQ(live->test, atomic_read(&script->calls), want > 0);
}

static void put_vector(struct live *live, unsigned long at, unsigned long base,
		       size_t len)
{
	const struct iovec iov = { (void __user *)base, len };

	KUNIT_ASSERT_EQ(live->test, copy_to_user((void __user *)at, &iov,
						 sizeof(iov)), 0);
}

static void an_array_of_vectors_that_is_not_there_is_refused(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);

	vectors(live, unmapped(live), 1, -EFAULT);
	vectors(live, untouchable(live), 1, -EFAULT);
	vectors(live, unmapped(live), 9, -EFAULT);
}

static void an_array_that_is_half_there_is_refused_as_a_whole(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	unsigned long end = half_mapped(live) + PAGE_SIZE;
	unsigned int i;

	for (i = 1; i <= 9; i++)
		put_vector(live, end - i * sizeof(struct iovec), live->args, 4);
	/* those that are there would do */
	vectors(live, end - 9 * sizeof(struct iovec), 9, 36);
	vectors(live, end - 9 * sizeof(struct iovec), 10, -EFAULT);
	vectors(live, end - sizeof(struct iovec), 1, 4);
	vectors(live, end - sizeof(struct iovec), 2, -EFAULT);
	vectors(live, end - sizeof(struct iovec) / 2, 1, -EFAULT);
}

static void vectors_end_where_the_memory_does(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	unsigned long half = half_mapped(live);

	put_vector(live, live->args, half, PAGE_SIZE);
	put_vector(live, live->args + sizeof(struct iovec), half + PAGE_SIZE,
		   PAGE_SIZE);
	vectors(live, live->args, 2, PAGE_SIZE);
}

static void an_array_may_go_once_it_was_submitted(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *script = script_open(live, SCRIPT_POLL);
	unsigned long addr = live_pages(live, 1, PROT_READ | PROT_WRITE);
	struct cring_sqe *sqe = live_sqe(live, CRING_OP_READV, UD);
	unsigned int i;

	for (i = 0; i < 9; i++)
		put_vector(live, addr + i * sizeof(struct iovec), live->args, 4);
	live_prep_read(sqe, script, addr, 9);
	sqe->opcode = CRING_OP_READV;
	KUNIT_EXPECT_EQ(test, live_submit(live), 1);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	script_ready(script, EPOLLIN);
	cring_run_ready(live->ring);
	LIVE_EXPECT_CQE(live, UD, 36);
}

/* ---------------------------------------------------------------------------
 * Times
 */

static void a_time_that_is_not_there_is_that_operations_own_error(struct kunit *test)
{
	static const u8 opcodes[] = {
		CRING_OP_TIMEOUT, CRING_OP_TIMEOUT_REMOVE,
	};
	struct live *live = live_open(test, 8, 0);
	unsigned long half = half_mapped(live) + PAGE_SIZE -
			     sizeof(struct cring_timespec) / 2;
	unsigned long where[] = { 0, unmapped(live), half };
	unsigned int i, op;

	for (op = 0; op < ARRAY_SIZE(opcodes); op++) {
		for (i = 0; i < ARRAY_SIZE(where); i++) {
			struct cring_sqe *sqe = live_sqe(live, opcodes[op], UD);

			if (opcodes[op] == CRING_OP_TIMEOUT) {
				sqe->addr = where[i];
				sqe->len = 1;
			} else {
				sqe->addr2 = where[i];
				sqe->timeout_flags = CRING_TIMEOUT_UPDATE;
			}
			live_sqe(live, CRING_OP_NOP, NEXT);
			KUNIT_EXPECT_EQ(test, live_submit(live), 2);
			LIVE_EXPECT_CQE(live, UD, -EFAULT);
			LIVE_EXPECT_CQE(live, NEXT, 0);
		}
	}
}

static void a_link_timeout_without_a_time_stops_its_chain(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *script = script_open(live, SCRIPT_POLL);
	struct cring_sqe *sqe = live_sqe(live, 0, UD);

	live_prep_read(sqe, script, live->args, 1);
	sqe->flags = CRING_SQE_IO_LINK;
	sqe = live_sqe(live, CRING_OP_LINK_TIMEOUT, NEXT);
	sqe->addr = unmapped(live);
	sqe->len = 1;
	live_sqe(live, CRING_OP_NOP, 3);
	KUNIT_EXPECT_EQ(test, live_submit(live), 3);
	LIVE_EXPECT_CQE(live, UD, -ECANCELED);
	LIVE_EXPECT_CQE(live, NEXT, -EFAULT);
	LIVE_EXPECT_CQE(live, 3, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&script->calls), 0);
}

/* ---------------------------------------------------------------------------
 * Arguments of calls
 */

static const struct call_case {
	const char *name;
	unsigned int cmd;
	size_t size;
} call_cases[] = {
	{ "QUERY", CRING_IOC_QUERY, sizeof(struct cring_query) },
	{ "WAIT", CRING_IOC_WAIT, sizeof(struct cring_wait) },
	{ "CANCEL", CRING_IOC_CANCEL, sizeof(struct cring_cancel) },
	{ "REGISTER", CRING_IOC_REGISTER, sizeof(struct cring_register) },
};

KUNIT_ARRAY_PARAM_DESC(call, call_cases, name);

static void a_call_without_its_argument_is_refused(struct kunit *test)
{
	const struct call_case *row = test->param_value;
	struct live *live = live_open(test, 8, 0);
	unsigned long half = half_mapped(live) + PAGE_SIZE - row->size / 2;
	unsigned long where[] = { 0, unmapped(live), untouchable(live), half };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(where); i++)
		KUNIT_EXPECT_EQ(test, live_ioctl(live, row->cmd,
						 (void *)where[i], 0),
				-EFAULT);
}

static long cancel_at(struct live *live, unsigned long keys, u32 nr)
{
	const struct cring_cancel c = { .keys = keys, .nr = nr };

	return live_ioctl(live, CRING_IOC_CANCEL, &c, sizeof(c));
}

/* keys that cannot be read: nothing was cancelled */
static void keys_that_are_not_all_there_cancel_nothing(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *script = script_open(live, SCRIPT_POLL);
	const struct cring_cancel_key key = { .user_data = UD };
	unsigned long last = half_mapped(live) + PAGE_SIZE - sizeof(key);

	live_read(live, script, UD);
	KUNIT_EXPECT_EQ(test, cancel_at(live, unmapped(live), 1), -EFAULT);
	KUNIT_ASSERT_EQ(test, copy_to_user((void __user *)last, &key,
					   sizeof(key)), 0);
	KUNIT_EXPECT_EQ(test, cancel_at(live, last, 2), -EFAULT);
	LIVE_EXPECT_STATE(live, UD, CRING_ARMED);
	KUNIT_EXPECT_EQ(test, cancel_at(live, last, 1), 0);
	LIVE_EXPECT_CQE(live, UD, -ECANCELED);
}

/* keys that cannot be written: the cancel is done, and nobody is told how */
static void an_answer_that_cannot_be_given_is_an_error(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *script = script_open(live, SCRIPT_POLL);

	/* a page of zeroes: a key of user_data 0 */
	live_read(live, script, 0);
	KUNIT_EXPECT_EQ(test, cancel_at(live, read_only(live), 1), -EFAULT);
	LIVE_EXPECT_CQE(live, 0, -ECANCELED);
}

static void a_signal_mask_that_is_not_there_submits_nothing(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	const struct cring_wait w = {
		.to_submit = 1, .sigmask = unmapped(live), .sigmask_size = 8,
	};

	live_sqe(live, CRING_OP_NOP, UD);
	/* announced, as live_submit() would */
	WRITE_ONCE(live->ring->shared->sq_tail, live->sq_tail);
	KUNIT_EXPECT_EQ(test, live_ioctl(live, CRING_IOC_WAIT, &w, sizeof(w)),
			-EFAULT);
	LIVE_EXPECT_NO_CQE(live);
	KUNIT_EXPECT_EQ(test, live_submit(live), 1);
	LIVE_EXPECT_CQE(live, UD, 0);
}

/* ---------------------------------------------------------------------------
 * Fixed buffers
 */

static long register_buffer(struct live *live, unsigned long addr, size_t len)
{
	const struct iovec iov = { (void __user *)addr, len };

	return live_register(live, CRING_REGISTER_BUFFERS, 0, &iov, 1,
			     sizeof(iov));
}

static void a_buffer_that_is_not_all_there_is_not_registered(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	unsigned long before = live->mm->locked_vm;

	KUNIT_EXPECT_EQ(test, register_buffer(live, unmapped(live), LEN),
			-EFAULT);
	KUNIT_EXPECT_EQ(test, register_buffer(live, half_mapped(live), LEN),
			-EFAULT);
	KUNIT_EXPECT_EQ(test, register_buffer(live, read_only(live), LEN),
			-EFAULT);
	KUNIT_EXPECT_EQ(test, live->mm->locked_vm, before);
	KUNIT_EXPECT_EQ(test, register_buffer(live, live->args, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, live->mm->locked_vm, before + 1);
}

static void a_registered_buffer_may_be_unmapped(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	unsigned long addr = live_pages(live, 2, PROT_READ | PROT_WRITE);
	struct script *script = script_open(live, SCRIPT_POLL);
	struct cring_sqe *sqe;

	KUNIT_ASSERT_EQ(test, register_buffer(live, addr, LEN), 0);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr, LEN), 0);
	script->run = script_transfer;
	sqe = live_sqe(live, CRING_OP_READ, UD);
	live_prep_read(sqe, script, addr, LEN);
	sqe->opcode = CRING_OP_READ_FIXED;
	KUNIT_EXPECT_EQ(test, live_submit(live), 1);
	LIVE_EXPECT_CQE(live, UD, LEN);
}

/* ---------------------------------------------------------------------------
 * The ring's own memory
 */

static void a_ring_works_when_its_mapping_is_gone(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);

	KUNIT_ASSERT_EQ(test, vm_munmap(live->user, live->params.mmap_size), 0);
	live_sqe(live, CRING_OP_NOP, UD);
	KUNIT_EXPECT_EQ(test, live_submit(live), 1);
	LIVE_EXPECT_CQE(live, UD, 0);
}

static void what_the_test_writes_through_its_mapping_is_the_ring(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	const struct cring_sqe sqe = { .opcode = CRING_OP_NOP, .user_data = UD };
	struct cring_cqe cqe;
	u32 tail = 1;

	KUNIT_ASSERT_EQ(test, copy_to_user((void __user *)(live->user +
							   live->params.sqes_off),
					   &sqe, sizeof(sqe)), 0);
	KUNIT_ASSERT_EQ(test, copy_to_user((void __user *)(live->user +
					   offsetof(struct cring_shared, sq_tail)),
					   &tail, sizeof(tail)), 0);
	KUNIT_EXPECT_EQ(test, live_ioctl(live, CRING_IOC_SUBMIT,
					 (void *)CRING_SUBMIT_ARG(1UL, 0), 0),
			1);
	KUNIT_ASSERT_EQ(test, copy_from_user(&cqe,
					     (void __user *)(live->user +
							     live->params.cqes_off),
					     sizeof(cqe)), 0);
	KUNIT_EXPECT_EQ(test, cqe.user_data, UD);
}

static struct kunit_case cring_umem_cases[] = {
	KUNIT_CASE_PARAM(a_bad_buffer_is_that_operations_own_error,
			 buffer_gen_params),
	KUNIT_CASE_PARAM(a_bad_buffer_is_found_by_a_worker, buffer_gen_params),
	KUNIT_CASE(a_bad_buffer_is_found_by_the_copy),
	KUNIT_CASE(vectors_of_more_than_can_be_let_go_of_are_refused),
	KUNIT_CASE(a_buffer_may_go_while_the_operation_waits),
	KUNIT_CASE(an_array_of_vectors_that_is_not_there_is_refused),
	KUNIT_CASE(an_array_that_is_half_there_is_refused_as_a_whole),
	KUNIT_CASE(vectors_end_where_the_memory_does),
	KUNIT_CASE(an_array_may_go_once_it_was_submitted),
	KUNIT_CASE(a_time_that_is_not_there_is_that_operations_own_error),
	KUNIT_CASE(a_link_timeout_without_a_time_stops_its_chain),
	KUNIT_CASE_PARAM(a_call_without_its_argument_is_refused,
			 call_gen_params),
	KUNIT_CASE(keys_that_are_not_all_there_cancel_nothing),
	KUNIT_CASE(an_answer_that_cannot_be_given_is_an_error),
	KUNIT_CASE(a_signal_mask_that_is_not_there_submits_nothing),
	KUNIT_CASE(a_buffer_that_is_not_all_there_is_not_registered),
	KUNIT_CASE(a_registered_buffer_may_be_unmapped),
	KUNIT_CASE(a_ring_works_when_its_mapping_is_gone),
	KUNIT_CASE(what_the_test_writes_through_its_mapping_is_the_ring),
	{}
};

static struct kunit_suite cring_umem_suite = {
	.name = "cring_umem",
	.test_cases = cring_umem_cases,
};

kunit_test_suite(cring_umem_suite);
