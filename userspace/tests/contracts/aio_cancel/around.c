// SPDX-License-Identifier: MIT
/*
 * What stands around aio_cancel(): who is told of a cancelled operation, and the
 * other calls.  The promises are numbered in aio_cancel.c.
 */
#include "two_libraries.h"

TEST_F(aio, p11_a_signal_tells_of_a_cancelled_one)
{
	struct timespec limit = { .tv_sec = LIMIT_MS / 1000 };
	struct aiocb cb[2];
	sigset_t set;
	siginfo_t info;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 1);
	ASSERT_EQ(0, pthread_sigmask(SIG_BLOCK, &set, NULL));
	wait_read(&cb[0], self->pipe[0]);
	msleep(2 * QUIET_MS);
	cb[1] = cb_of(self->pipe[0], self->buf, 1);
	cb[1].aio_sigevent.sigev_notify = SIGEV_SIGNAL;
	cb[1].aio_sigevent.sigev_signo = SIGRTMIN + 1;
	cb[1].aio_sigevent.sigev_value.sival_int = 4711;
	ASSERT_EQ(0, self->l->read(&cb[1]));
	ASSERT_EQ(AIO_CANCELED, self->l->stop(self->pipe[0], &cb[1]));
	EXPECT_EQ(SIGRTMIN + 1, sigtimedwait(&set, &info, &limit));
	EXPECT_EQ(SI_ASYNCIO, info.si_code);
	EXPECT_EQ(4711, info.si_value.sival_int);
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	EXPECT_EQ(0, ended(&cb[0]));
}

static atomic_int told;

static void tell(union sigval value)
{
	told = value.sival_int;
}

TEST_F(aio, p12_a_thread_tells_of_a_cancelled_one)
{
	struct aiocb cb[2];

	told = 0;
	wait_read(&cb[0], self->pipe[0]);
	msleep(2 * QUIET_MS);
	cb[1] = cb_of(self->pipe[0], self->buf, 1);
	cb[1].aio_sigevent.sigev_notify = SIGEV_THREAD;
	cb[1].aio_sigevent.sigev_notify_function = tell;
	cb[1].aio_sigevent.sigev_value.sival_int = 4712;
	ASSERT_EQ(0, self->l->read(&cb[1]));
	ASSERT_EQ(AIO_CANCELED, self->l->stop(self->pipe[0], &cb[1]));
	EXPECT_TRUE(wait_until(told == 4712));
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	EXPECT_EQ(0, ended(&cb[0]));
}

static void *suspend(void *arg)
{
	struct other_thread *t = arg;
	const struct aiocb *list[1] = { t->cb };

	t->ret = t->l->suspend(list, 1, t->timeout);
	t->err = errno;
	return NULL;
}

TEST_F(aio, p13_who_waits_for_a_cancelled_one_wakes)
{
	struct aiocb cb[2];
	struct other_thread t = { .l = self->l, .cb = &cb[1], .ret = -2 };
	pthread_t thread;

	two_reads(cb);
	thread = new_thread(suspend, &t);
	msleep(QUIET_MS);
	EXPECT_EQ(-2, (int)t.ret);
	ASSERT_EQ(AIO_CANCELED, self->l->stop(self->pipe[0], &cb[1]));
	pthread_join(thread, NULL);
	EXPECT_EQ(0, (int)t.ret);
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	EXPECT_EQ(0, ended(&cb[0]));
}

static void on_alarm(int sig)
{
	(void)sig;
}

TEST_F(aio, p14_suspend_says_why_it_returns)
{
	struct itimerval soon = { .it_value.tv_usec = QUIET_MS * 1000 };
	struct timespec quiet = { .tv_nsec = QUIET_MS * 1000000L };
	struct sigaction sa = { .sa_handler = on_alarm };
	struct aiocb cb;
	const struct aiocb *list[3] = { NULL, &cb, NULL };

	wait_read(&cb, self->pipe[0]);
	errno = 0;
	EXPECT_EQ(-1, self->l->suspend(list, 3, &quiet));
	EXPECT_EQ(EAGAIN, errno);
	ASSERT_EQ(0, sigaction(SIGALRM, &sa, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &soon, NULL));
	errno = 0;
	EXPECT_EQ(-1, self->l->suspend(list, 3, NULL));
	EXPECT_EQ(EINTR, errno);
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	EXPECT_EQ(0, self->l->suspend(list, 3, NULL));
	EXPECT_EQ(0, self->l->error(&cb));
	EXPECT_EQ(0, self->l->suspend(list, 3, &quiet));
}

TEST_F(aio, p17_reads_writes_and_what_is_wrong_with_them)
{
	int fd = new_file(TMPFS_DIR, O_RDWR);
	struct aiocb cb = cb_of(fd, self->buf, 3 * BLOCK);

	fill(self->buf, 3 * BLOCK, 9);
	cb.aio_offset = BLOCK;
	ASSERT_EQ(0, self->l->write(&cb));
	EXPECT_EQ(0, ended(&cb));
	EXPECT_EQ(3 * BLOCK, self->l->ret(&cb));
	memset(self->buf, 0, 3 * BLOCK);
	ASSERT_EQ(0, self->l->read(&cb));
	EXPECT_EQ(0, ended(&cb));
	EXPECT_EQ(3 * BLOCK, self->l->ret(&cb));
	EXPECT_TRUE(is_filled(self->buf, 3 * BLOCK, 9));

	cb.aio_offset = -1;
	ASSERT_EQ(0, self->l->read(&cb));
	EXPECT_EQ(EINVAL, ended(&cb));
	EXPECT_EQ(-1, self->l->ret(&cb));
	cb = cb_of(999, self->buf, 1);
	ASSERT_EQ(0, self->l->read(&cb));
	EXPECT_EQ(EBADF, ended(&cb));
	EXPECT_EQ(-1, self->l->ret(&cb));
	cb = cb_of(fd, (void *)64, 1);
	cb.aio_offset = BLOCK;
	ASSERT_EQ(0, self->l->read(&cb));
	EXPECT_EQ(EFAULT, ended(&cb));
	ASSERT_EQ(0, self->l->write(&cb));
	EXPECT_EQ(EFAULT, ended(&cb));

	cb = cb_of(fd, self->buf, 1);
	cb.aio_reqprio = -1;
	errno = 0;
	EXPECT_EQ(-1, self->l->read(&cb));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(EINVAL, self->l->error(&cb));
	EXPECT_EQ(-1, self->l->ret(&cb));
	cb.aio_reqprio = 0;
	errno = 0;
	EXPECT_EQ(-1, self->l->fsync(O_RDWR, &cb));
	EXPECT_EQ(EINVAL, errno);
	cb = cb_of(999, NULL, 0);
	errno = 0;
	EXPECT_EQ(-1, self->l->fsync(O_SYNC, &cb));
	EXPECT_EQ(EBADF, errno);
	close(fd);
}

TEST_F(aio, p18_fsync_comes_after_what_was_asked_before)
{
	int fd = slow_disk(300);
	struct aiocb cb = cb_of(fd, self->buf, BLOCK), sync = cb_of(fd, NULL, 0);
	struct aiocb again = cb_of(fd, NULL, 0);

	ASSERT_EQ(0, self->l->write(&cb));
	ASSERT_EQ(0, self->l->fsync(O_DSYNC, &sync));
	ASSERT_EQ(0, self->l->fsync(O_SYNC, &again));
	EXPECT_EQ(AIO_CANCELED, self->l->stop(fd, &again));
	EXPECT_EQ(0, ended(&sync));
	EXPECT_EQ(0, self->l->error(&cb));
	EXPECT_EQ(BLOCK, self->l->ret(&cb));
	EXPECT_EQ(0, self->l->ret(&sync));
	close(fd);
}

TEST_F(aio, p19_appending_writes_keep_their_order)
{
	const char *dir = EXT4_DIR ? EXT4_DIR : TMPFS_DIR;
	int fd = new_file(dir, O_RDWR | O_APPEND), i;
	struct aiocb cb[64];
	unsigned char byte[64], back[64];

	for (i = 0; i < 64; i++) {
		byte[i] = (unsigned char)i;
		cb[i] = cb_of(fd, &byte[i], 1);
		ASSERT_EQ(0, self->l->write(&cb[i]));
	}
	for (i = 0; i < 64; i++) {
		EXPECT_EQ(0, ended(&cb[i]));
		EXPECT_EQ(1, self->l->ret(&cb[i]));
	}
	ASSERT_EQ(64, pread(fd, back, 64, 0));
	EXPECT_EQ(0, memcmp(byte, back, 64));
	close(fd);
}

TEST_F(aio, p20_a_list_is_waited_for_or_notified)
{
	int fd = new_file(TMPFS_DIR, O_RDWR);
	struct aiocb cb[3];
	struct aiocb *list[4] = { &cb[0], NULL, &cb[1], &cb[2] };
	struct sigevent sev;
	int i;

	memset(&sev, 0, sizeof(sev));
	fill(self->buf, 3 * BLOCK, 2);
	for (i = 0; i < 3; i++) {
		cb[i] = cb_of(fd, self->buf + i * BLOCK, BLOCK);
		cb[i].aio_offset = i * BLOCK;
		cb[i].aio_lio_opcode = LIO_WRITE;
	}
	ASSERT_EQ(0, self->l->listio(LIO_WAIT, list, 4, NULL));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(BLOCK, self->l->ret(&cb[i]));

	told = 0;
	memset(self->buf, 0, 3 * BLOCK);
	sev.sigev_notify = SIGEV_THREAD;
	sev.sigev_notify_function = tell;
	sev.sigev_value.sival_int = 4713;
	for (i = 0; i < 3; i++)
		cb[i].aio_lio_opcode = LIO_READ;
	ASSERT_EQ(0, self->l->listio(LIO_NOWAIT, list, 4, &sev));
	EXPECT_TRUE(wait_until(told == 4713));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, self->l->error(&cb[i]));
	EXPECT_TRUE(is_filled(self->buf, 3 * BLOCK, 2));

	cb[1].aio_fildes = 999;
	errno = 0;
	EXPECT_EQ(-1, self->l->listio(LIO_WAIT, list, 4, NULL));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(EBADF, self->l->error(&cb[1]));
	EXPECT_EQ(0, self->l->error(&cb[2]));
	close(fd);
}

TEST_HARNESS_MAIN
