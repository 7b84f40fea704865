// SPDX-License-Identifier: MIT
/*
 * POSIX aio_cancel(), with the calls around it: compat/aio.h, beside the C
 * library's own.
 *
 *  1. One operation that can be cancelled is: AIO_CANCELED, its error is ECANCELED
 *     and its return -1 when the call returns.
 *  2. So is one that waits for data, though it has begun.
 *  3. Without an aiocb all operations on the descriptor are cancelled.
 *  4. One that is in progress and cannot be: AIO_NOTCANCELED; it completes as if
 *     nothing had been.
 *  5. If one cannot be cancelled the answer is AIO_NOTCANCELED, whatever became of
 *     the others; aio_error() says what.
 *  6. What has completed: AIO_ALLDONE, and its result stays.
 *  7. Nothing on the descriptor: AIO_ALLDONE.
 *  8. A descriptor that is not open: -1, EBADF.
 *  9. An aiocb of another descriptor: -1, EINVAL; nothing is cancelled.
 * 10. Operations on other descriptors go on.
 * 11. Who asked to be notified by a signal is, of a cancelled operation too.
 * 12. And by a thread.
 * 13. Who waits in aio_suspend() for a cancelled operation wakes.
 * 14. aio_suspend(): 0 when one has ended, EAGAIN when the time is over, EINTR.
 * 15. After it was cancelled nobody writes to its buffer.
 * 16. Any thread may cancel what another one has started.
 * 17. A read and a write are EINPROGRESS, then 0 and their count; errors are in
 *     aio_error(), and arguments that are wrong at once are told at once.
 * 18. aio_fsync() comes after what was asked for before, and is cancelled while it
 *     waits for that.
 * 19. Appending writes come in the order they were asked for.
 * 20. A list of operations is waited for, or its end is notified; if one of them
 *     fails: EIO.
 *
 * The same is asked of both libraries, and the answers must be the same, unless
 * the C library's is shown below.  Here is the cancel itself, 1 to 10, 15 and 16;
 * around.c has the others.
 */
#include "two_libraries.h"

static const char *const answer_names[] = {
	[AIO_CANCELED] = "AIO_CANCELED",
	[AIO_NOTCANCELED] = "AIO_NOTCANCELED",
	[AIO_ALLDONE] = "AIO_ALLDONE",
};

TEST_F(aio, p01_one_is_cancelled)
{
	struct aiocb cb[2];

	two_reads(cb);
	EXPECT_EQ(EINPROGRESS, self->l->error(&cb[1]));
	EXPECT_EQ(AIO_CANCELED, self->l->stop(self->pipe[0], &cb[1]));
	EXPECT_EQ(ECANCELED, self->l->error(&cb[1]));
	EXPECT_EQ(-1, self->l->ret(&cb[1]));
	/* The other one goes on. */
	EXPECT_EQ(EINPROGRESS, self->l->error(&cb[0]));
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	EXPECT_EQ(0, ended(&cb[0]));
	EXPECT_EQ(1, self->l->ret(&cb[0]));
}

TEST_F(aio, p02_and_one_that_waits_for_data)
{
	struct aiocb cb;
	int answer;

	wait_read(&cb, self->pipe[0]);
	msleep(2 * QUIET_MS);
	answer = self->l->stop(self->pipe[0], &cb);
	if (ours) {
		EXPECT_EQ(AIO_CANCELED, answer);
		EXPECT_EQ(ECANCELED, self->l->error(&cb));
		EXPECT_EQ(-1, self->l->ret(&cb));
		return;
	}
	contract_note(2, "the C library: %s", answer_names[answer]);
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	ended(&cb);
}

TEST_F(aio, p03_all_on_the_descriptor)
{
	struct aiocb cb[100];
	int i, answer, cancelled = 0;

	for (i = 0; i < 100; i++)
		wait_read(&cb[i], self->pipe[0]);
	msleep(2 * QUIET_MS);
	answer = self->l->stop(self->pipe[0], NULL);
	for (i = 0; i < 100; i++)
		cancelled += self->l->error(&cb[i]) == ECANCELED;
	if (ours) {
		EXPECT_EQ(AIO_CANCELED, answer);
		EXPECT_EQ(100, cancelled);
		return;
	}
	contract_note(3, "the C library: %s, %d of 100 cancelled",
		      answer_names[answer], cancelled);
	ASSERT_EQ(100, write(self->pipe[1], self->buf, 100));
	for (i = 0; i < 100; i++)
		ended(&cb[i]);
}

TEST_F(aio, p04_what_cannot_be_completes_as_if_nothing_had_been)
{
	int fd = slow_disk(1000);
	struct aiocb cb = cb_of(fd, self->buf, BLOCK);

	fill(self->buf, BLOCK, 3);
	ASSERT_EQ(BLOCK, pwrite(fd, self->buf, BLOCK, 0));
	memset(self->buf, 0, BLOCK);
	ASSERT_EQ(0, self->l->read(&cb));
	ASSERT_TRUE(wait_until(disk_busy(&self->nb)));
	EXPECT_EQ(AIO_NOTCANCELED, self->l->stop(fd, &cb));
	EXPECT_EQ(EINPROGRESS, self->l->error(&cb));
	EXPECT_EQ(0, ended(&cb));
	EXPECT_EQ(BLOCK, self->l->ret(&cb));
	EXPECT_TRUE(is_filled(self->buf, BLOCK, 3));
	close(fd);
}

TEST_F(aio, p05_one_that_cannot_be_makes_the_answer)
{
	int fd = slow_disk(1000);
	struct aiocb cb = cb_of(fd, self->buf, BLOCK), sync = cb_of(fd, NULL, 0);

	ASSERT_EQ(0, self->l->read(&cb));
	ASSERT_TRUE(wait_until(disk_busy(&self->nb)));
	ASSERT_EQ(0, self->l->fsync(O_SYNC, &sync));
	EXPECT_EQ(AIO_NOTCANCELED, self->l->stop(fd, NULL));
	EXPECT_EQ(ECANCELED, self->l->error(&sync));
	EXPECT_EQ(-1, self->l->ret(&sync));
	EXPECT_EQ(EINPROGRESS, self->l->error(&cb));
	EXPECT_EQ(0, ended(&cb));
	EXPECT_EQ(BLOCK, self->l->ret(&cb));
	close(fd);
}

TEST_F(aio, p06_what_has_completed_is_all_done)
{
	struct aiocb cb;

	wait_read(&cb, self->pipe[0]);
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	EXPECT_EQ(0, ended(&cb));
	EXPECT_EQ(AIO_ALLDONE, self->l->stop(self->pipe[0], &cb));
	EXPECT_EQ(AIO_ALLDONE, self->l->stop(self->pipe[0], NULL));
	EXPECT_EQ(0, self->l->error(&cb));
	EXPECT_EQ(1, self->l->ret(&cb));
}

TEST_F(aio, p07_nothing_there_is_all_done)
{
	EXPECT_EQ(AIO_ALLDONE, self->l->stop(self->pipe[0], NULL));
}

TEST_F(aio, p08_no_descriptor_is_ebadf)
{
	struct aiocb cb = cb_of(999, NULL, 0);

	errno = 0;
	EXPECT_EQ(-1, self->l->stop(999, NULL));
	EXPECT_EQ(EBADF, errno);
	errno = 0;
	EXPECT_EQ(-1, self->l->stop(-1, &cb));
	EXPECT_EQ(EBADF, errno);
}

TEST_F(aio, p09_an_aiocb_of_another_descriptor_is_einval)
{
	struct aiocb cb;

	wait_read(&cb, self->pipe[0]);
	errno = 0;
	EXPECT_EQ(-1, self->l->stop(self->other[0], &cb));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(EINPROGRESS, self->l->error(&cb));
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	EXPECT_EQ(0, ended(&cb));
}

TEST_F(aio, p10_other_descriptors_are_let_alone)
{
	struct aiocb cb[2], other;

	two_reads(cb);
	wait_read(&other, self->other[0]);
	self->l->stop(self->pipe[0], NULL);
	EXPECT_EQ(ECANCELED, self->l->error(&cb[1]));
	EXPECT_EQ(EINPROGRESS, self->l->error(&other));
	ASSERT_EQ(1, write(self->other[1], "x", 1));
	EXPECT_EQ(0, ended(&other));
	EXPECT_EQ(1, self->l->ret(&other));
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	ended(&cb[0]);
}

TEST_F(aio, p15_nobody_writes_to_its_buffer)
{
	struct aiocb cb[2];

	wait_read(&cb[0], self->pipe[0]);
	msleep(2 * QUIET_MS);
	cb[1] = cb_of(self->pipe[0], self->buf + BLOCK, BLOCK);
	ASSERT_EQ(0, self->l->read(&cb[1]));
	ASSERT_EQ(AIO_CANCELED, self->l->stop(self->pipe[0], &cb[1]));
	memset(self->buf + BLOCK, 0xdd, BLOCK);
	ASSERT_EQ(5, write(self->pipe[1], "xlate", 5));
	EXPECT_EQ(0, ended(&cb[0]));
	msleep(QUIET_MS);
	EXPECT_TRUE(is_byte(self->buf + BLOCK, BLOCK, 0xdd));
	ASSERT_EQ(4, read(self->pipe[0], self->buf, BLOCK));
	EXPECT_EQ(0, memcmp(self->buf, "late", 4));
}

static void *cancel_it(void *arg)
{
	struct other_thread *t = arg;

	t->ret = t->l->stop(t->fd, t->cb);
	return NULL;
}

TEST_F(aio, p16_any_thread_may_cancel)
{
	struct aiocb cb[2];
	struct other_thread t = { .l = self->l, .cb = &cb[1],
				  .fd = self->pipe[0], .ret = -2 };

	two_reads(cb);
	pthread_join(new_thread(cancel_it, &t), NULL);
	EXPECT_EQ(AIO_CANCELED, (int)t.ret);
	EXPECT_EQ(ECANCELED, self->l->error(&cb[1]));
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	EXPECT_EQ(0, ended(&cb[0]));
}

TEST_HARNESS_MAIN
