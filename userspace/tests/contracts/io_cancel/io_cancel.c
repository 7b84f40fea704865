// SPDX-License-Identifier: MIT
/*
 * io_cancel(2), as its manual page documents it, with libaio's calls around it:
 * compat/libaio.h.
 *
 *  1. A context is made where there was none; no events, or a context that is
 *     there already: -EINVAL; a wrong pointer: -EFAULT.
 *  2. A cancelled operation answers 0, and its event is copied to the caller's
 *     memory: whose it was, its data, that it was cancelled.
 *  3. That event is not in the completion queue, then or later.
 *  4. Of several the one of that iocb is cancelled, and no other one.
 *  5. What has completed is not cancelled: -EAGAIN, and its event is in the queue.
 *  6. What is in the device is not cancelled: -EAGAIN; its event comes, and its
 *     data whole.
 *  7. What was never submitted, or was taken out of the queue: -EAGAIN.
 *  8. A wrong pointer to the event, or to the iocb: -EFAULT, nothing cancelled.
 *  9. A context that is not there: -EINVAL, nothing cancelled.
 * 10. After 0 the buffer is the caller's: nobody writes there any more.
 * 11. After 0 the iocb is the caller's, and its room in the context is free.
 * 12. A thread that waits for events does not get that of a cancelled one.
 * 13. Where one has been used again for another operation, that one is cancelled.
 * 14. io_destroy() cancels what can be, waits for the rest, and ends the context.
 * 15. Errors are negative returns.
 * 16. The kernel's own answer to 2 and 3 is another one.
 */
#include "../contract.h"
#include "compat/libaio.h"

#define BLOCK	4096

FIXTURE(aio) {
	io_context_t ctx;
	struct nullb nb;
	int pipe[2];
	char *buf;
};

FIXTURE_SETUP(aio)
{
	ASSERT_EQ(0, io_setup(8, &self->ctx));
	new_pipe(self->pipe, 0);
	self->buf = new_pages(4 * BLOCK);
}

FIXTURE_TEARDOWN(aio)
{
	io_destroy(self->ctx);
	nullb_del(&self->nb);
}

/* A disk that keeps its data, and takes @ms for each request. */
#define slow_disk(ms) __extension__ ({					\
	if (!have_nullb())						\
		SKIP(return, NULLB_SKIP);				\
	new_nullb(&self->nb, .delay_ns = (ms) * NSEC_PER_MSEC);		\
	nullb_open(&self->nb, O_RDWR | O_DIRECT); })

/* Is the disk working on something? */
static bool disk_busy(struct nullb *nb)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "/sys/block/%s/inflight", nb->name);
	read_str(path, text, sizeof(text));
	return atoi(text) > 0;	/* reads; writes stand behind */
}

static struct timespec no_time;
static struct timespec some_time = { .tv_nsec = QUIET_MS * 1000000L };
static struct timespec long_time = { .tv_sec = LIMIT_MS / 1000 };

static void t_submit_one(struct __test_metadata *_metadata, io_context_t ctx,
			 struct iocb *iocb)
{
	ASSERT_EQ(1, io_submit(ctx, 1, &iocb));
}
#define submit_one(iocb)	t_submit_one(_metadata, self->ctx, iocb)

/* A read of the empty pipe into block @n, which waits. */
static void t_wait_read(struct __test_metadata *_metadata,
			FIXTURE_DATA(aio) * self, struct iocb *iocb, int n)
{
	io_prep_pread(iocb, self->pipe[0], self->buf + n * BLOCK, BLOCK, 0);
	iocb->data = iocb;
	submit_one(iocb);
}
#define wait_read(iocb, n)	t_wait_read(_metadata, self, iocb, n)

static void t_no_event(struct __test_metadata *_metadata, io_context_t ctx)
{
	struct io_event event;

	EXPECT_EQ(0, io_getevents(ctx, 1, 1, &event, &some_time));
}
#define expect_no_event()	t_no_event(_metadata, self->ctx)

static long t_event(struct __test_metadata *_metadata, io_context_t ctx,
		    struct iocb *iocb)
{
	struct io_event event = { 0 };

	EXPECT_EQ(1, io_getevents(ctx, 1, 1, &event, &long_time));
	EXPECT_EQ(iocb, event.obj);
	return (long)event.res;
}
/* The result of the next event, which must be that of @iocb. */
#define event_of(iocb)		t_event(_metadata, self->ctx, iocb)

TEST_F(aio, p01_a_context_is_made_once_and_wrong_arguments_are_told)
{
	io_context_t ctx = NULL;

	EXPECT_EQ(-EINVAL, io_setup(0, &ctx));
	EXPECT_EQ(-EINVAL, io_setup(-1, &ctx));
	EXPECT_EQ(NULL, ctx);
	EXPECT_EQ(-EFAULT, io_setup(1, NULL));
	EXPECT_EQ(-EFAULT, io_setup(1, (io_context_t *)-4096));
	EXPECT_EQ(-EFAULT, io_setup(1, (io_context_t *)64));
	EXPECT_EQ(0, io_setup(1, &ctx));
	EXPECT_NE(NULL, ctx);
	EXPECT_EQ(-EINVAL, io_setup(1, &ctx));
	EXPECT_EQ(0, io_destroy(ctx));
}

TEST_F(aio, p02_the_event_of_a_cancelled_one_is_in_the_callers_memory)
{
	struct iocb iocb;
	struct io_event event;

	memset(&event, 0xee, sizeof(event));
	wait_read(&iocb, 0);
	ASSERT_EQ(0, io_cancel(self->ctx, &iocb, &event));
	EXPECT_EQ(&iocb, event.obj);
	EXPECT_EQ((void *)&iocb, event.data);
	EXPECT_EQ(-ECANCELED, (long)event.res);
	EXPECT_EQ(0, event.res2);
}

TEST_F(aio, p03_it_is_not_in_the_queue)
{
	struct iocb iocb, other;
	struct io_event event;

	wait_read(&iocb, 0);
	ASSERT_EQ(0, io_cancel(self->ctx, &iocb, &event));
	expect_no_event();
	/* Nor does it come with the next one. */
	wait_read(&other, 1);
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	EXPECT_EQ(1, event_of(&other));
	expect_no_event();
}

TEST_F(aio, p04_only_the_operation_of_that_iocb)
{
	struct iocb iocb[4];
	struct io_event event, events[4];
	unsigned int i, seen = 0;

	for (i = 0; i < 4; i++)
		wait_read(&iocb[i], i);
	ASSERT_EQ(0, io_cancel(self->ctx, &iocb[2], &event));
	EXPECT_EQ(&iocb[2], event.obj);
	expect_no_event();
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(1, write(self->pipe[1], "x", 1));
		ASSERT_EQ(1, io_getevents(self->ctx, 1, 4, &events[i],
					  &long_time));
		EXPECT_EQ(1, events[i].res);
		seen |= 1U << (events[i].obj - iocb);
	}
	EXPECT_EQ(0xb, seen);
}

TEST_F(aio, p05_what_has_completed_is_eagain_and_in_the_queue)
{
	struct iocb iocb;
	struct io_event event;

	ASSERT_EQ(3, write(self->pipe[1], "abc", 3));
	wait_read(&iocb, 0);
	memset(&event, 0xee, sizeof(event));
	EXPECT_EQ(-EAGAIN, io_cancel(self->ctx, &iocb, &event));
	EXPECT_TRUE(is_byte(&event, sizeof(event), 0xee));
	EXPECT_EQ(3, event_of(&iocb));
}

TEST_F(aio, p06_what_is_in_the_device_is_eagain_and_comes_whole)
{
	struct iocb iocb;
	struct io_event event;
	int fd;

	fd = slow_disk(1000);
	fill(self->buf, BLOCK, 5);
	ASSERT_EQ(BLOCK, pwrite(fd, self->buf, BLOCK, 0));
	memset(self->buf, 0, BLOCK);
	io_prep_pread(&iocb, fd, self->buf, BLOCK, 0);
	submit_one(&iocb);
	ASSERT_TRUE(wait_until(disk_busy(&self->nb)));
	EXPECT_EQ(-EAGAIN, io_cancel(self->ctx, &iocb, &event));
	EXPECT_EQ(BLOCK, event_of(&iocb));
	EXPECT_TRUE(is_filled(self->buf, BLOCK, 5));
	close(fd);
}

TEST_F(aio, p07_what_was_never_submitted_or_is_over_is_eagain)
{
	struct iocb never, iocb;
	struct io_event event;

	io_prep_pread(&never, self->pipe[0], self->buf, 1, 0);
	EXPECT_EQ(-EAGAIN, io_cancel(self->ctx, &never, &event));
	wait_read(&iocb, 0);
	ASSERT_EQ(0, io_cancel(self->ctx, &iocb, &event));
	EXPECT_EQ(-EAGAIN, io_cancel(self->ctx, &iocb, &event));
	wait_read(&iocb, 0);
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	EXPECT_EQ(1, event_of(&iocb));
	EXPECT_EQ(-EAGAIN, io_cancel(self->ctx, &iocb, &event));
}

TEST_F(aio, p08_a_wrong_pointer_is_efault_and_nothing_is_cancelled)
{
	struct io_event *read_only = mmap(NULL, BLOCK, PROT_READ, MAP_PRIVATE |
					  MAP_ANONYMOUS, -1, 0);
	struct iocb iocb;
	struct io_event event;

	ASSERT_NE(MAP_FAILED, (void *)read_only);
	wait_read(&iocb, 0);
	EXPECT_EQ(-EFAULT, io_cancel(self->ctx, &iocb, NULL));
	EXPECT_EQ(-EFAULT, io_cancel(self->ctx, &iocb, (void *)-4096));
	EXPECT_EQ(-EFAULT, io_cancel(self->ctx, &iocb, (void *)64));
	EXPECT_EQ(-EFAULT, io_cancel(self->ctx, &iocb, read_only));
	EXPECT_EQ(-EFAULT, io_cancel(self->ctx, NULL, &event));
	EXPECT_EQ(-EFAULT, io_cancel(self->ctx, (void *)64, &event));
	expect_no_event();
	EXPECT_EQ(0, io_cancel(self->ctx, &iocb, &event));
}

TEST_F(aio, p09_a_context_that_is_not_there_is_einval)
{
	io_context_t gone = NULL;
	struct iocb iocb;
	struct io_event event;

	ASSERT_EQ(0, io_setup(1, &gone));
	ASSERT_EQ(0, io_destroy(gone));
	wait_read(&iocb, 0);
	EXPECT_EQ(-EINVAL, io_cancel(NULL, &iocb, &event));
	EXPECT_EQ(-EINVAL, io_cancel((io_context_t)-1, &iocb, &event));
	EXPECT_EQ(-EINVAL, io_cancel(gone, &iocb, &event));
	EXPECT_EQ(0, io_cancel(self->ctx, &iocb, &event));
}

TEST_F(aio, p10_the_buffer_is_the_callers)
{
	struct iocb iocb;
	struct io_event event;

	wait_read(&iocb, 0);
	ASSERT_EQ(0, io_cancel(self->ctx, &iocb, &event));
	memset(self->buf, 0xdd, BLOCK);
	ASSERT_EQ(4, write(self->pipe[1], "late", 4));
	expect_no_event();
	EXPECT_TRUE(is_byte(self->buf, BLOCK, 0xdd));
	/* What came is still there for who reads it. */
	ASSERT_EQ(4, read(self->pipe[0], self->buf, BLOCK));
	EXPECT_EQ(0, memcmp(self->buf, "late", 4));
}

TEST_F(aio, p11_the_iocb_is_the_callers_and_its_room_is_free)
{
	struct iocb iocb[9];
	struct iocb *one = &iocb[8];
	struct io_event event;
	int i;

	for (i = 0; i < 8; i++)
		wait_read(&iocb[i], 0);
	io_prep_pread(one, self->pipe[0], self->buf, 1, 0);
	EXPECT_EQ(-EAGAIN, io_submit(self->ctx, 1, &one));
	ASSERT_EQ(0, io_cancel(self->ctx, &iocb[3], &event));
	EXPECT_EQ(&iocb[3], event.obj);
	memset(&iocb[3], 0xdd, sizeof(iocb[3]));
	EXPECT_EQ(1, io_submit(self->ctx, 1, &one));
	EXPECT_EQ(0, io_cancel(self->ctx, one, &event));
	EXPECT_EQ(one, event.obj);
	for (i = 0; i < 8; i++) {
		if (i == 3)
			continue;
		EXPECT_EQ(0, io_cancel(self->ctx, &iocb[i], &event));
		EXPECT_EQ(&iocb[i], event.obj);
	}
}

struct getter {
	io_context_t ctx;
	struct io_event event;
	atomic_int ret;
};

static void *get_one(void *arg)
{
	struct getter *g = arg;

	g->ret = io_getevents(g->ctx, 1, 1, &g->event, &long_time);
	return NULL;
}

TEST_F(aio, p12_who_waits_for_events_does_not_get_it)
{
	struct getter g = { .ctx = self->ctx, .ret = -1 };
	struct iocb iocb, other;
	struct io_event event;
	pthread_t thread;

	wait_read(&iocb, 0);
	thread = new_thread(get_one, &g);
	msleep(QUIET_MS);
	ASSERT_EQ(0, io_cancel(self->ctx, &iocb, &event));
	msleep(QUIET_MS);
	EXPECT_EQ(-1, (int)g.ret);
	wait_read(&other, 1);
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	pthread_join(thread, NULL);
	EXPECT_EQ(1, (int)g.ret);
	EXPECT_EQ(&other, g.event.obj);
}

TEST_F(aio, p13_an_iocb_that_is_used_again_names_the_new_operation)
{
	struct iocb iocb;
	struct io_event event;

	wait_read(&iocb, 0);
	ASSERT_EQ(0, io_cancel(self->ctx, &iocb, &event));
	wait_read(&iocb, 1);
	iocb.data = NULL;	/* of no account any more */
	ASSERT_EQ(0, io_cancel(self->ctx, &iocb, &event));
	EXPECT_EQ((void *)&iocb, event.data);
	expect_no_event();
}

TEST_F(aio, p14_destroy_cancels_waits_and_ends_the_context)
{
	io_context_t ctx = NULL;
	struct iocb iocb[2], *list[2] = { &iocb[0], &iocb[1] };
	struct io_event event;
	int fd;

	fd = slow_disk(1000);
	fill(self->buf, BLOCK, 7);
	ASSERT_EQ(BLOCK, pwrite(fd, self->buf, BLOCK, 0));
	memset(self->buf, 0, BLOCK);
	ASSERT_EQ(0, io_setup(2, &ctx));
	io_prep_pread(&iocb[0], self->pipe[0], self->buf + BLOCK, 1, 0);
	io_prep_pread(&iocb[1], fd, self->buf, BLOCK, 0);
	ASSERT_EQ(2, io_submit(ctx, 2, list));
	ASSERT_TRUE(wait_until(disk_busy(&self->nb)));
	ASSERT_EQ(0, io_destroy(ctx));
	/* The read of the device was waited for, that of the pipe was not. */
	EXPECT_TRUE(is_filled(self->buf, BLOCK, 7));
	memset(self->buf, 0xdd, 2 * BLOCK);
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	msleep(QUIET_MS);
	EXPECT_TRUE(is_byte(self->buf, 2 * BLOCK, 0xdd));
	EXPECT_EQ(-EINVAL, io_getevents(ctx, 0, 1, &event, &no_time));
	EXPECT_EQ(-EINVAL, io_submit(ctx, 2, list));
	EXPECT_EQ(-EINVAL, io_destroy(ctx));
	close(fd);
}

TEST_F(aio, p15_errors_are_negative_returns)
{
	struct iocb never;
	struct io_event event;

	io_prep_pread(&never, -1, self->buf, 1, 0);
	EXPECT_EQ(-EINVAL, io_cancel(NULL, &never, &event));
	EXPECT_EQ(-EFAULT, io_cancel(self->ctx, &never, NULL));
	EXPECT_EQ(-EAGAIN, io_cancel(self->ctx, &never, &event));
	/* And so is what is wrong with an operation. */
	submit_one(&never);
	EXPECT_EQ(-EBADF, event_of(&never));
}

/* The kernel's AIO as it is, whose structures have other names here. */
struct kernel_iocb {
	uint64_t data;
	uint32_t key, rw_flags;
	uint16_t opcode;
	int16_t prio;
	uint32_t fd;
	uint64_t buf, nbytes, offset, resv;
	uint32_t flags, resfd;
};

struct kernel_event {
	uint64_t data, obj;
	int64_t res, res2;
};

TEST_F(aio, p16_the_kernels_own_answer_is_another_one)
{
	struct kernel_iocb kiocb = { .opcode = IO_CMD_POLL, .buf = POLLIN,
				     .fd = self->pipe[0] };
	struct kernel_iocb *list = &kiocb;
	struct kernel_event kevent = { 0 };
	struct iocb iocb;
	struct io_event event;
	unsigned long kctx = 0;
	long ret, nr;

	io_prep_poll(&iocb, self->pipe[0], POLLIN);
	submit_one(&iocb);
	EXPECT_EQ(0, io_cancel(self->ctx, &iocb, &event));
	EXPECT_EQ(-ECANCELED, (long)event.res);
	expect_no_event();

	if (syscall(SYS_io_setup, 1, &kctx))
		SKIP(return, "no AIO in this kernel");
	ASSERT_EQ(1, syscall(SYS_io_submit, kctx, 1L, &list));
	ret = syscall(SYS_io_cancel, kctx, &kiocb, &kevent);
	EXPECT_EQ(-1, ret);
	EXPECT_EQ(EINPROGRESS, errno);
	nr = syscall(SYS_io_getevents, kctx, 1L, 1L, &kevent, &long_time);
	EXPECT_EQ(1, nr);
	EXPECT_EQ(PTR64(&kiocb), kevent.obj);
	EXPECT_EQ(0, syscall(SYS_io_destroy, kctx));
	contract_note(16, "the kernel's, of an armed poll: -EINPROGRESS, and an event");
}

TEST_HARNESS_MAIN
