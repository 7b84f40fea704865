// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel callers: what is started on kernel memory can be waited for and
 * cancelled, in any context, by the rules that programs know (C3, C4 and C17 of
 * Documentation/contract.rst).
 */
#include <linux/bvec.h>
#include <linux/irq_work.h>
#include <linux/uio.h>

#include "told.h"

#define LEN	64

/**
 * struct caller - a kernel caller, the test
 * @test: the test
 * @told: a provider
 * @client: what it starts operations with, or NULL once destroyed
 * @io: its operations
 * @nr: how many
 * @buf: where reads go, and writes come from
 * @dones: how often it was called back
 * @last: the result that the last callback saw
 */
struct caller {
	struct kunit *test;
	struct told *told;
	struct cring_client *client;
	struct cring_io *io[4];
	unsigned int nr;
	char *buf;
	atomic_t dones;
	s32 last;
};

static void caller_end(void *data)
{
	struct caller *c = data;
	unsigned int i;

	for (i = 0; i < c->nr; i++)
		cring_io_put(c->io[i]);
	/* what no test has ended ends with the scripts, before this */
	if (c->client)
		cring_client_destroy(c->client);
}

static struct caller *caller_open(struct kunit *test, unsigned int entries)
{
	struct caller *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->test = test;
	c->buf = kunit_kmalloc(test, LEN, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, c->buf);
	memset(c->buf, 0xee, LEN);
	c->client = cring_client_create(entries);
	if (IS_ERR(c->client))
		c->client = NULL;
	KUNIT_ASSERT_NOT_NULL(test, c->client);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, caller_end, c), 0);
	c->told = told_open(test, 0);
	return c;
}

static void caller_done(struct cring_io *io, void *data)
{
	struct caller *c = data;

	c->last = cring_io_result(io);
	atomic_inc(&c->dones);
}

static struct cring_io *caller_alloc(struct caller *c)
{
	struct cring_io *io = cring_io_alloc(c->client, caller_done, c);

	KUNIT_ASSERT_NOT_NULL(c->test, io);
	KUNIT_ASSERT_LT(c->test, c->nr, ARRAY_SIZE(c->io));
	c->io[c->nr++] = io;
	return io;
}

/* start a read of all of the buffer */
static int caller_try_read(struct caller *c, struct cring_io *io,
			   struct file *file, loff_t pos)
{
	struct kvec vec = { .iov_base = c->buf, .iov_len = LEN };
	struct iov_iter iter;

	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, LEN);
	return cring_io_read(io, file, &iter, pos);
}

static struct cring_io *caller_read(struct caller *c, struct script *script)
{
	struct cring_io *io = caller_alloc(c);

	KUNIT_EXPECT_EQ(c->test, caller_try_read(c, io, script->file, 0), 0);
	return io;
}

static struct cring_io *caller_call(struct caller *c)
{
	const struct cring_io_args args = {
		.opcode = c->told->provider.opcode, .addr = 42,
	};
	struct cring_io *io = caller_alloc(c);

	KUNIT_EXPECT_EQ(c->test, cring_io_call(io, &args), 0);
	return io;
}

/* it has not finished */
#define EXPECT_UNDER_WAY(c, io) do {					\
	struct caller *c_ = (c);					\
									\
	KUNIT_EXPECT_EQ(c_->test, cring_io_result(io), -EINPROGRESS);	\
	KUNIT_EXPECT_EQ(c_->test, atomic_read(&c_->dones), 0);		\
} while (0)

/* it has finished, or will soon, that way, and was told so once */
#define EXPECT_FINISHED(c, io, result) do {				\
	struct caller *c_ = (c);					\
	struct cring_io *io_ = (io);					\
	s32 result_ = (result);						\
									\
	KUNIT_EXPECT_EQ(c_->test, cring_io_wait(io_, LIVE_PATIENCE), 0); \
	KUNIT_EXPECT_EQ(c_->test, cring_io_result(io_), result_);	\
	KUNIT_EXPECT_EQ(c_->test, c_->last, result_);			\
	KUNIT_EXPECT_EQ(c_->test, atomic_read(&c_->dones), 1);		\
	KUNIT_EXPECT_EQ(c_->test, cring_io_cancel(io_), -ENOENT);	\
} while (0)

static bool untouched(const struct caller *c)
{
	return !memchr_inv(c->buf, 0xee, LEN);
}

static bool was_read(const struct caller *c)
{
	return !memchr_inv(c->buf, 0, LEN);
}

/* --- reading and writing --- */

static void a_read_that_need_not_block_is_over_when_it_is_started(struct kunit *test)
{
	struct caller *c = caller_open(test, 4);
	struct script *script = script_open(c->told->live, SCRIPT_FIFO);
	struct cring_io *io;

	script_ready(script, EPOLLIN);
	io = caller_read(c, script);
	KUNIT_EXPECT_EQ(test, cring_io_result(io), LEN);
	EXPECT_FINISHED(c, io, LEN);
	KUNIT_EXPECT_TRUE(test, was_read(c));
}

static void a_read_goes_on_in_a_worker_when_there_is_something(struct kunit *test)
{
	struct caller *c = caller_open(test, 4);
	struct script *script = script_open(c->told->live, SCRIPT_FIFO);
	struct cring_io *io = caller_read(c, script);

	EXPECT_UNDER_WAY(c, io);
	KUNIT_EXPECT_EQ(test, cring_io_wait(io, 1), -ETIME);
	KUNIT_EXPECT_TRUE(test, untouched(c));
	script_ready(script, EPOLLIN);
	EXPECT_FINISHED(c, io, LEN);
	KUNIT_EXPECT_TRUE(test, was_read(c));
}

static void what_was_written_from_many_pieces_is_read_into_others(struct kunit *test)
{
	struct caller *c = caller_open(test, 4);
	struct file *file = cring_shmem_file("cring_client", PAGE_SIZE);
	char *from = kunit_kmalloc(test, LEN, GFP_KERNEL);
	struct kvec vecs[3] = {
		{ from, 1 }, { from + 1, 40 }, { from + 41, LEN - 41 },
	};
	struct bio_vec bvecs[2];
	struct cring_io *write, *read;
	struct iov_iter iter;
	struct page *page;
	unsigned int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	KUNIT_ASSERT_NOT_NULL(test, from);
	page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	KUNIT_ASSERT_NOT_NULL(test, page);
	for (i = 0; i < LEN; i++)
		from[i] = i + 1;

	write = caller_alloc(c);
	iov_iter_kvec(&iter, ITER_SOURCE, vecs, ARRAY_SIZE(vecs), LEN);
	KUNIT_EXPECT_EQ(test, cring_io_write(write, file, &iter, 100), 0);
	/* the vectors, unlike the memory, are not needed any more */
	memset(vecs, 0, sizeof(vecs));
	EXPECT_FINISHED(c, write, LEN);

	atomic_set(&c->dones, 0);
	read = caller_alloc(c);
	bvecs[0] = (struct bio_vec) { page, 8, 512 };
	bvecs[1] = (struct bio_vec) { page, LEN - 8, 1024 };
	iov_iter_bvec(&iter, ITER_DEST, bvecs, ARRAY_SIZE(bvecs), LEN);
	KUNIT_EXPECT_EQ(test, cring_io_read(read, file, &iter, 100), 0);
	memset(bvecs, 0, sizeof(bvecs));
	EXPECT_FINISHED(c, read, LEN);
	KUNIT_EXPECT_MEMEQ(test, page_address(page) + 512, from, 8);
	KUNIT_EXPECT_MEMEQ(test, page_address(page) + 1024, from + 8, LEN - 8);
	__free_page(page);
	fput(file);
}

static void a_file_lives_as_long_as_what_was_started_on_it(struct kunit *test)
{
	struct caller *c = caller_open(test, 4);
	struct script *script = script_open(c->told->live, SCRIPT_DEVICE);
	struct cring_io *io = caller_read(c, script);

	script_close(script);
	KUNIT_EXPECT_FALSE(test, completion_done(&script->released));
	script_complete(script, 0, LEN);
	EXPECT_FINISHED(c, io, LEN);
	KUNIT_EXPECT_TRUE(test, script_is_released(script));
}

/* --- cancelling, by where it is --- */

static void what_waits_for_its_file_is_stopped(struct kunit *test)
{
	struct caller *c = caller_open(test, 4);
	struct script *script = script_open(c->told->live, SCRIPT_FIFO);
	struct cring_io *io = caller_read(c, script);

	KUNIT_EXPECT_EQ(test, cring_io_cancel(io), 0);
	/* no need to wait */
	KUNIT_EXPECT_EQ(test, cring_io_result(io), -ECANCELED);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->dones), 1);
	script_ready(script, EPOLLIN);
	EXPECT_FINISHED(c, io, -ECANCELED);
	KUNIT_EXPECT_TRUE(test, untouched(c));
}

static void what_waits_for_a_worker_is_stopped(struct kunit *test)
{
	struct caller *c;
	struct script *script;
	struct cring_io *first, *second;

	live_max_workers(test, 1);
	c = caller_open(test, 4);
	script = script_open(c->told->live, SCRIPT_WORKER);
	first = caller_read(c, script);
	KUNIT_EXPECT_TRUE(test, script_await(script, 1));
	second = caller_read(c, script);
	KUNIT_EXPECT_TRUE(test, cring_io_cancelled(second));
	EXPECT_FINISHED(c, second, -ECANCELED);
	KUNIT_EXPECT_EQ(test, cring_io_result(first), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, atomic_read(&script->calls), 1);
}

static void what_sleeps_in_a_worker_is_interrupted(struct kunit *test)
{
	struct caller *c = caller_open(test, 4);
	struct script *script = script_open(c->told->live, SCRIPT_WORKER);
	struct cring_io *io = caller_read(c, script);

	KUNIT_EXPECT_TRUE(test, script_await(script, 1));
	EXPECT_UNDER_WAY(c, io);
	KUNIT_EXPECT_EQ(test, cring_io_cancel(io), -EALREADY);
	EXPECT_FINISHED(c, io, -ECANCELED);
	KUNIT_EXPECT_TRUE(test, untouched(c));
}

static void what_is_stuck_in_a_worker_ends_by_itself(struct kunit *test)
{
	struct caller *c = caller_open(test, 4);
	struct script *script = script_open(c->told->live, SCRIPT_WORKER);
	struct cring_io *io;

	script->run = script_stick;
	io = caller_read(c, script);
	KUNIT_EXPECT_TRUE(test, script_await(script, 1));
	KUNIT_EXPECT_FALSE(test, cring_io_cancelled(io));
	KUNIT_EXPECT_EQ(test, cring_io_wait(io, 2), -ETIME);
	script_let_go(script);
	EXPECT_FINISHED(c, io, LEN);
}

static void what_a_device_has_ends_by_itself(struct kunit *test)
{
	struct caller *c = caller_open(test, 4);
	struct script *script = script_open(c->told->live, SCRIPT_DEVICE);
	struct cring_io *io = caller_read(c, script);

	KUNIT_EXPECT_EQ(test, cring_io_cancel(io), -EALREADY);
	KUNIT_EXPECT_EQ(test, cring_io_cancel(io), -EALREADY);
	EXPECT_UNDER_WAY(c, io);
	script_complete(script, 0, 7);
	EXPECT_FINISHED(c, io, 7);
}

/* --- cancelling from where one must not sleep --- */

struct hard {
	struct irq_work work;
	struct cring_io *io;
	bool in_irq;
	int ret;
};

static void cancel_hard(struct irq_work *work)
{
	struct hard *hard = container_of(work, struct hard, work);

	hard->in_irq = in_hardirq();
	hard->ret = cring_io_cancel(hard->io);
}

static int cancel_in_interrupt(struct kunit *test, struct cring_io *io)
{
	struct hard hard = { .io = io };

	hard.work = IRQ_WORK_INIT_HARD(cancel_hard);
	irq_work_queue(&hard.work);
	irq_work_sync(&hard.work);
	KUNIT_EXPECT_TRUE(test, hard.in_irq);
	return hard.ret;
}

static void an_interrupt_may_cancel_what_waits(struct kunit *test)
{
	struct caller *c = caller_open(test, 4);
	struct script *script = script_open(c->told->live, SCRIPT_FIFO);
	struct cring_io *io = caller_read(c, script);

	KUNIT_EXPECT_EQ(test, cancel_in_interrupt(test, io), 0);
	EXPECT_FINISHED(c, io, -ECANCELED);
}

static void an_interrupt_may_cancel_what_runs(struct kunit *test)
{
	struct caller *c = caller_open(test, 4);
	struct script *script = script_open(c->told->live, SCRIPT_WORKER);
	struct cring_io *io = caller_read(c, script);

	KUNIT_EXPECT_TRUE(test, script_await(script, 1));
	KUNIT_EXPECT_EQ(test, cancel_in_interrupt(test, io), -EALREADY);
	EXPECT_FINISHED(c, io, -ECANCELED);
}

static void an_interrupt_may_call_a_cancel_routine(struct kunit *test)
{
	struct caller *c = caller_open(test, 4);
	struct cring_io *io;

	c->told->run = told_arm;
	io = caller_call(c);
	KUNIT_EXPECT_EQ(test, cancel_in_interrupt(test, io), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->told->routines), 1);
	EXPECT_FINISHED(c, io, -ECANCELED);
}

static void a_cancel_with_interrupts_off_leaves_them_off(struct kunit *test)
{
	struct caller *c = caller_open(test, 4);
	struct cring_io *armed, *busy;
	unsigned long flags;
	int stopped, told;
	bool off;

	busy = caller_call(c);
	c->told->run = told_arm;
	armed = caller_call(c);
	local_irq_save(flags);
	stopped = cring_io_cancel(armed);
	told = cring_io_cancel(busy);
	off = irqs_disabled();
	local_irq_restore(flags);
	KUNIT_EXPECT_TRUE(test, off);
	KUNIT_EXPECT_EQ(test, stopped, 0);
	KUNIT_EXPECT_EQ(test, told, -EALREADY);
	EXPECT_FINISHED(c, armed, -ECANCELED);
	KUNIT_EXPECT_FALSE(test, told_set(c->told, 0));
	KUNIT_EXPECT_EQ(test, cring_io_result(busy), -ECANCELED);
}

/* --- providers' operations --- */

static void a_provider_sees_who_calls(struct kunit *test)
{
	struct caller *c = caller_open(test, 4);
	struct cring_io *io = caller_call(c);

	KUNIT_ASSERT_EQ(test, c->told->nr, 1);
	KUNIT_EXPECT_TRUE(test, c->told->calls[0]->kernel);
	KUNIT_EXPECT_EQ(test, c->told->calls[0]->addr, 42);
	EXPECT_UNDER_WAY(c, io);
	KUNIT_EXPECT_TRUE(test, told_complete(c->told, 0, 5));
	EXPECT_FINISHED(c, io, 5);
}

static void true_only_for_the_cancel_that_called_the_routine(struct kunit *test)
{
	struct caller *c = caller_open(test, 4);
	struct cring_io *io;

	c->told->run = told_arm;
	/* it may come back late, and does */
	c->told->keep = true;
	io = caller_call(c);
	KUNIT_EXPECT_TRUE(test, cring_io_cancelled(io));
	KUNIT_EXPECT_FALSE(test, cring_io_cancelled(io));
	KUNIT_EXPECT_EQ(test, atomic_read(&c->told->routines), 1);
	EXPECT_FINISHED(c, io, -ECANCELED);
	KUNIT_EXPECT_FALSE(test, told_complete(c->told, 0, 1));
	KUNIT_EXPECT_EQ(test, cring_io_result(io), -ECANCELED);
}

static struct cring_io *the_io;
static int in_routine;

static void cancel_again(struct told *told)
{
	in_routine = cring_io_cancel(the_io);
}

static void in_its_routine_an_operation_is_taken(struct kunit *test)
{
	struct caller *c = caller_open(test, 4);

	c->told->run = told_arm;
	c->told->then = cancel_again;
	the_io = caller_call(c);
	in_routine = 0;
	KUNIT_EXPECT_EQ(test, cring_io_cancel(the_io), 0);
	KUNIT_EXPECT_EQ(test, in_routine, -EALREADY);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->told->routines), 1);
	EXPECT_FINISHED(c, the_io, -ECANCELED);
}

static void false_without_a_routine_and_it_fires_when_it_is_set(struct kunit *test)
{
	struct caller *c = caller_open(test, 4);
	struct cring_io *io = caller_call(c);

	KUNIT_EXPECT_FALSE(test, cring_io_cancelled(io));
	EXPECT_UNDER_WAY(c, io);
	KUNIT_EXPECT_FALSE(test, told_set(c->told, 0));
	KUNIT_EXPECT_EQ(test, atomic_read(&c->told->routines), 1);
	EXPECT_FINISHED(c, io, -ECANCELED);
}

static void that_there_is_no_provider_is_a_result(struct kunit *test)
{
	struct caller *c = caller_open(test, 4);
	struct cring_io *io = caller_alloc(c);
	const struct cring_io_args args = { .opcode = CRING_OP_PROVIDER_LAST };
	const struct cring_io_args none = { .opcode = CRING_OP_NOP };

	KUNIT_EXPECT_EQ(test, cring_io_call(io, &none), -EINVAL);
	KUNIT_EXPECT_EQ(test, cring_io_call(io, &args), 0);
	EXPECT_FINISHED(c, io, -EINVAL);
}

/* --- what is wrong --- */

static void what_was_not_started_is_not_in_flight(struct kunit *test)
{
	struct caller *c = caller_open(test, 4);
	struct cring_io *io = caller_alloc(c);

	KUNIT_EXPECT_EQ(test, cring_io_cancel(io), -ENOENT);
	KUNIT_EXPECT_FALSE(test, cring_io_cancelled(io));
	KUNIT_EXPECT_EQ(test, cring_io_wait(io, 1), -EINVAL);
	EXPECT_UNDER_WAY(c, io);
}

static void what_has_finished_is_not_what_has_its_record_now(struct kunit *test)
{
	struct caller *c = caller_open(test, 1);
	struct script *script = script_open(c->told->live, SCRIPT_FIFO);
	struct cring_io *old, *io;
	unsigned int i;

	script_ready(script, EPOLLIN);
	old = caller_read(c, script);
	EXPECT_FINISHED(c, old, LEN);
	script_ready(script, 0);
	/* so often that each record has been used twice */
	for (i = 0; i < 1024; i++) {
		io = cring_io_alloc(c->client, NULL, NULL);
		KUNIT_ASSERT_NOT_NULL(test, io);
		KUNIT_EXPECT_EQ(test, caller_try_read(c, io, script->file, 0), 0);
		KUNIT_EXPECT_EQ(test, cring_io_cancel(old), -ENOENT);
		KUNIT_EXPECT_EQ(test, cring_io_cancel(io), 0);
		cring_io_put(io);
	}
}

static void it_is_started_once(struct kunit *test)
{
	struct caller *c = caller_open(test, 4);
	struct script *script = script_open(c->told->live, SCRIPT_FIFO);
	struct cring_io *io;

	script_ready(script, EPOLLIN);
	io = caller_read(c, script);
	EXPECT_FINISHED(c, io, LEN);
	KUNIT_EXPECT_EQ(test, caller_try_read(c, io, script->file, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->dones), 1);
}

static void memory_that_is_not_the_kernels_is_refused(struct kunit *test)
{
	struct caller *c = caller_open(test, 4);
	struct script *script = script_open(c->told->live, SCRIPT_FIFO);
	struct kvec vec = { .iov_base = c->buf, .iov_len = LEN };
	struct cring_io *io = caller_alloc(c);
	struct iov_iter iter;

	iov_iter_ubuf(&iter, ITER_DEST, (void __user *)c->told->live->args, LEN);
	KUNIT_EXPECT_EQ(test, cring_io_read(io, script->file, &iter, 0), -EINVAL);
	/* nor may a read go to what is to be written from */
	iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, LEN);
	KUNIT_EXPECT_EQ(test, cring_io_read(io, script->file, &iter, 0), -EINVAL);
	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, LEN);
	KUNIT_EXPECT_EQ(test, cring_io_write(io, script->file, &iter, 0), -EINVAL);
	EXPECT_UNDER_WAY(c, io);
	/* none of this has used it up */
	KUNIT_EXPECT_EQ(test, caller_try_read(c, io, script->file, 0), 0);
	KUNIT_EXPECT_EQ(test, cring_io_cancel(io), 0);
}

/* a socket, say: no worker may go on with it */
static void a_file_that_no_worker_may_run_is_refused(struct kunit *test)
{
	struct caller *c = caller_open(test, 4);
	struct script *script = script_open(c->told->live, SCRIPT_POLL);
	struct cring_io *io;

	script_ready(script, EPOLLIN);
	io = caller_read(c, script);
	EXPECT_FINISHED(c, io, -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, atomic_read(&script->calls), 0);
}

static void an_offset_that_is_none_is_a_result(struct kunit *test)
{
	struct caller *c = caller_open(test, 4);
	struct script *script = script_open(c->told->live, SCRIPT_FIFO);
	struct cring_io *io = caller_alloc(c);

	KUNIT_EXPECT_EQ(test, caller_try_read(c, io, script->file, -2), 0);
	EXPECT_FINISHED(c, io, -EINVAL);
}

static void a_client_has_as_many_operations_as_it_asked_for(struct kunit *test)
{
	struct caller *c = caller_open(test, 1);
	struct script *script = script_open(c->told->live, SCRIPT_FIFO);
	struct cring_io *first = caller_read(c, script), *third;

	caller_read(c, script);
	third = caller_alloc(c);
	KUNIT_EXPECT_EQ(test, caller_try_read(c, third, script->file, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, cring_io_result(third), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, cring_io_cancel(first), 0);
	KUNIT_EXPECT_EQ(test, caller_try_read(c, third, script->file, 0), 0);
	KUNIT_EXPECT_EQ(test, cring_io_cancel(third), 0);
}

static void a_client_of_no_size_is_refused(struct kunit *test)
{
	KUNIT_EXPECT_PTR_EQ(test, cring_client_create(0), ERR_PTR(-EINVAL));
	KUNIT_EXPECT_PTR_EQ(test, cring_client_create(CRING_MAX_SQ_ENTRIES + 1),
			    ERR_PTR(-EINVAL));
}

/* --- the end --- */

static void what_nobody_refers_to_goes_on(struct kunit *test)
{
	struct caller *c = caller_open(test, 4);
	struct script *script = script_open(c->told->live, SCRIPT_DEVICE);

	caller_read(c, script);
	cring_io_put(c->io[--c->nr]);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->dones), 0);
	script_complete(script, 0, LEN);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->dones), 1);
	KUNIT_EXPECT_EQ(test, c->last, LEN);
}

static int destroy(void *arg)
{
	struct caller *c = arg;

	cring_client_destroy(c->client);
	return 0;
}

static void destroying_a_client_cancels_and_waits(struct kunit *test)
{
	struct caller *c = caller_open(test, 4);
	struct script *fifo = script_open(c->told->live, SCRIPT_FIFO);
	struct script *device = script_open(c->told->live, SCRIPT_DEVICE);
	struct cring_io *armed = caller_read(c, fifo);
	struct cring_io *stuck = caller_read(c, device);
	struct other *other = other_start(c->told->live, destroy, c);

	KUNIT_EXPECT_EQ(test, cring_io_wait(armed, LIVE_PATIENCE), 0);
	KUNIT_EXPECT_EQ(test, cring_io_result(armed), -ECANCELED);
	KUNIT_EXPECT_EQ(test, cring_io_wait(stuck, 3), -ETIME);
	KUNIT_EXPECT_FALSE(test, other_is_done(other));
	script_complete(device, 0, 3);
	KUNIT_EXPECT_EQ(test, other_join(other), 0);
	c->client = NULL;
	KUNIT_EXPECT_EQ(test, cring_io_result(stuck), 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->dones), 2);
	/* its operations stay until they are put */
	KUNIT_EXPECT_EQ(test, cring_io_cancel(stuck), -ENOENT);
}

/* --- a race --- */

#define ROUNDS	1000

/* changes only between two meetings */
static struct cring_io *race_io;
static atomic_t race_meetings;

static int cancel_rounds(void *arg)
{
	int i, won = 0;

	for (i = 1; i <= ROUNDS; i++) {
		live_meet(&race_meetings, 2 * i - 1);
		won += cring_io_cancelled(race_io);
		live_meet(&race_meetings, 2 * i);
	}
	return won;
}

/* each has one end, and who is told that it was his is right */
static void an_end_and_a_cancel_agree_who_was_first(struct kunit *test)
{
	struct caller *c;
	struct other *other;
	int i, ours = 0, canceled = 0;

	live_needs_two(test);
	c = caller_open(test, 4);
	c->told->run = told_arm;
	c->told->keep = true;
	atomic_set(&race_meetings, 0);
	other = other_start(c->told->live, cancel_rounds, c);
	for (i = 1; i <= ROUNDS; i++) {
		race_io = caller_call(c);
		live_meet(&race_meetings, 2 * i - 1);
		ours += told_complete(c->told, 0, 1);
		live_meet(&race_meetings, 2 * i);
		canceled += cring_io_result(race_io) == -ECANCELED;
		cring_io_put(c->io[--c->nr]);
		c->told->nr = 0;
		cond_resched();
	}
	KUNIT_EXPECT_EQ(test, other_join(other), canceled);
	KUNIT_EXPECT_EQ(test, ours, ROUNDS - canceled);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->dones), ROUNDS);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->told->routines), canceled);
}

static struct kunit_case cring_client_cases[] = {
	KUNIT_CASE(a_read_that_need_not_block_is_over_when_it_is_started),
	KUNIT_CASE(a_read_goes_on_in_a_worker_when_there_is_something),
	KUNIT_CASE(what_was_written_from_many_pieces_is_read_into_others),
	KUNIT_CASE(a_file_lives_as_long_as_what_was_started_on_it),
	KUNIT_CASE(what_waits_for_its_file_is_stopped),
	KUNIT_CASE(what_waits_for_a_worker_is_stopped),
	KUNIT_CASE(what_sleeps_in_a_worker_is_interrupted),
	KUNIT_CASE(what_is_stuck_in_a_worker_ends_by_itself),
	KUNIT_CASE(what_a_device_has_ends_by_itself),
	KUNIT_CASE(an_interrupt_may_cancel_what_waits),
	KUNIT_CASE(an_interrupt_may_cancel_what_runs),
	KUNIT_CASE(an_interrupt_may_call_a_cancel_routine),
	KUNIT_CASE(a_cancel_with_interrupts_off_leaves_them_off),
	KUNIT_CASE(a_provider_sees_who_calls),
	KUNIT_CASE(true_only_for_the_cancel_that_called_the_routine),
	KUNIT_CASE(in_its_routine_an_operation_is_taken),
	KUNIT_CASE(false_without_a_routine_and_it_fires_when_it_is_set),
	KUNIT_CASE(that_there_is_no_provider_is_a_result),
	KUNIT_CASE(what_was_not_started_is_not_in_flight),
	KUNIT_CASE(what_has_finished_is_not_what_has_its_record_now),
	KUNIT_CASE(it_is_started_once),
	KUNIT_CASE(memory_that_is_not_the_kernels_is_refused),
	KUNIT_CASE(a_file_that_no_worker_may_run_is_refused),
	KUNIT_CASE(an_offset_that_is_none_is_a_result),
	KUNIT_CASE(a_client_has_as_many_operations_as_it_asked_for),
	KUNIT_CASE(a_client_of_no_size_is_refused),
	KUNIT_CASE(what_nobody_refers_to_goes_on),
	KUNIT_CASE(destroying_a_client_cancels_and_waits),
	KUNIT_CASE(an_end_and_a_cancel_agree_who_was_first),
	{}
};

static struct kunit_suite cring_client_suite = {
	.name = "cring_client",
	.test_cases = cring_client_cases,
};

kunit_test_suite(cring_client_suite);
