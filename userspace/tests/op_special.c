// SPDX-License-Identifier: MIT
/* eventfd, timerfd, and the character devices that everybody has. */
#include "util_sys.h"

#include <sys/signalfd.h>

FIXTURE(special) { struct cring ring; char *buf; };
FIXTURE_SETUP(special)
{
	self->buf = new_pages(65536);
	ring_init(&self->ring, 16);
}
FIXTURE_TEARDOWN(special) { cring_queue_exit(&self->ring); }

#define RUN_RW(op, fd, p, n) __extension__ ({				\
	struct cring_sqe *__s = new_sqe(&self->ring, 0);		\
	cring_prep_rw(op, __s, fd, p, n, 0);				\
	run_sqe(&self->ring, __s); })

TEST_F(special, op_eventfd_read_write)
{
	uint64_t one = 7, got = 0;
	int efd = eventfd(0, 0);

	EXPECT_EQ(8, RUN_RW(CRING_OP_WRITE, efd, &one, 8));
	EXPECT_EQ(8, RUN_RW(CRING_OP_READ, efd, &got, 8));
	EXPECT_EQ(7, got);
	EXPECT_EQ(-EINVAL, RUN_RW(CRING_OP_READ, efd, &got, 4));
	EXPECT_EQ(-EINVAL, RUN_RW(CRING_OP_WRITE, efd, &one, 7));
}

/* whether the file has a method that takes an iterator or the old one */
TEST_F(special, op_no_bytes_of_an_eventfd_are_0)
{
	uint64_t one = 1, got = 0;
	struct iovec iov[] = { { &one, 0 }, { &one, 8 } };
	int efd = eventfd(0, 0);

	EXPECT_EQ(0, RUN_RW(CRING_OP_READ, efd, &got, 0));
	EXPECT_EQ(0, RUN_RW(CRING_OP_WRITE, efd, &one, 0));
	EXPECT_EQ(0, RUN_RW(CRING_OP_WRITEV, efd, iov, 1));
	EXPECT_EQ(8, RUN_RW(CRING_OP_WRITEV, efd, iov, 2));
	EXPECT_EQ(8, RUN_RW(CRING_OP_READ, efd, &got, 8));
	EXPECT_EQ(1, got);
}

TEST_F(special, op_eventfd_read_is_armed)
{
	int flags[] = { 0, EFD_NONBLOCK, EFD_SEMAPHORE }, i;

	for (i = 0; i < 3; i++) {
		int efd = eventfd(0, flags[i]);
		uint64_t got = 0;

		cring_prep_read(new_sqe(&self->ring, 1), efd, &got, 8, 0);
		submit_all(&self->ring, 1);
		expect_quiet(&self->ring);
		ASSERT_EQ(0, eventfd_write(efd, 5));
		EXPECT_EQ(8, reap_res(&self->ring, 1));
		EXPECT_EQ(flags[i] == EFD_SEMAPHORE ? 1 : 5, got);
		close(efd);
	}
}

TEST_F(special, op_eventfd_write_is_armed_while_it_would_overflow)
{
	int efd = eventfd(0, 0);
	uint64_t max = ~0ULL - 1, three = 3;
	eventfd_t got;

	EXPECT_EQ(8, RUN_RW(CRING_OP_WRITE, efd, &max, 8));
	cring_prep_write(new_sqe(&self->ring, 1), efd, &three, 8, 0);
	submit_all(&self->ring, 1);
	expect_quiet(&self->ring);
	ASSERT_EQ(0, eventfd_read(efd, &got));
	EXPECT_EQ(max, got);
	EXPECT_EQ(8, reap_res(&self->ring, 1));
	ASSERT_EQ(0, eventfd_read(efd, &got));
	EXPECT_EQ(3, got);
}

TEST_F(special, op_timerfd_read_is_armed_until_it_expires)
{
	struct itimerspec its = { .it_value.tv_nsec = 60 * 1000000 };
	int flags[] = { 0, TFD_NONBLOCK }, i;

	for (i = 0; i < 2; i++) {
		int tfd = timerfd_create(CLOCK_MONOTONIC, flags[i]);
		uint64_t got = 0, t0 = now_ns();

		ASSERT_EQ(0, timerfd_settime(tfd, 0, &its, NULL));
		cring_prep_read(new_sqe(&self->ring, 1), tfd, &got, 8, 0);
		submit_all(&self->ring, 1);
		EXPECT_EQ(8, reap_res(&self->ring, 1));
		EXPECT_GE(got, 1);
		EXPECT_GE(now_ns() - t0, 60 * NSEC_PER_MSEC);
		close(tfd);
	}
}

TEST_F(special, op_timerfd_that_expired_reads_at_once)
{
	struct itimerspec its = { .it_value.tv_nsec = 1,
				  .it_interval.tv_nsec = 1000000 };
	int tfd = timerfd_create(CLOCK_MONOTONIC, 0);
	uint64_t got = 0;

	ASSERT_EQ(0, timerfd_settime(tfd, 0, &its, NULL));
	msleep(30);
	EXPECT_EQ(8, RUN_RW(CRING_OP_READ, tfd, &got, 8));
	EXPECT_GE(got, 2);
	EXPECT_EQ(-EINVAL, RUN_RW(CRING_OP_WRITE, tfd, &got, 8));
}

TEST_F(special, op_signalfd_read_is_armed)
{
	struct signalfd_siginfo si = { 0 };
	sigset_t set;
	int sfd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	ASSERT_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	sfd = signalfd(-1, &set, 0);
	cring_prep_read(new_sqe(&self->ring, 1), sfd, &si, sizeof(si), 0);
	submit_all(&self->ring, 1);
	expect_quiet(&self->ring);
	ASSERT_EQ(0, kill(getpid(), SIGUSR2));
	EXPECT_EQ(sizeof(si), reap_res(&self->ring, 1));
	EXPECT_EQ(SIGUSR2, si.ssi_signo);
}

TEST_F(special, op_dev_null)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct iovec iov[] = { { self->buf, 100 }, { self->buf, 200 } };

	ASSERT_GE(fd, 0);
	EXPECT_EQ(0, RUN_RW(CRING_OP_READ, fd, self->buf, 100));
	EXPECT_EQ(65536, RUN_RW(CRING_OP_WRITE, fd, self->buf, 65536));
	EXPECT_EQ(300, RUN_RW(CRING_OP_WRITEV, fd, iov, 2));
}

TEST_F(special, op_dev_zero)
{
	int fd = open("/dev/zero", O_RDWR | O_CLOEXEC);
	struct iovec iov[] = { { self->buf, 100 }, { self->buf + 100, 200 } };

	ASSERT_GE(fd, 0);
	memset(self->buf, 0xff, 65536);
	EXPECT_EQ(300, RUN_RW(CRING_OP_READV, fd, iov, 2));
	EXPECT_TRUE(is_byte(self->buf, 300, 0));
	EXPECT_TRUE(is_byte(self->buf + 300, 1000, 0xff));
	EXPECT_EQ(65536, RUN_RW(CRING_OP_READ, fd, self->buf, 65536));
	EXPECT_TRUE(is_byte(self->buf, 65536, 0));
	EXPECT_EQ(10, RUN_RW(CRING_OP_WRITE, fd, self->buf, 10));
}

static void *in_the_way(void *stop)
{
	pin_cpu(0);
	while (!atomic_load((atomic_bool *)stop))
		;
	return NULL;
}

/* its method gives up its turn when it may not sleep, and others want theirs */
TEST_F(special, op_dev_zero_is_read_to_the_end_on_a_busy_cpu)
{
	int fd = open("/dev/zero", O_RDWR | O_CLOEXEC);
	uint64_t end = now_ns() + 400 * NSEC_PER_MSEC;
	atomic_bool stop = false;
	unsigned int ended_short = 0;
	pthread_t other;

	ASSERT_GE(fd, 0);
	pin_cpu(0);
	other = new_thread(in_the_way, &stop);
	while (now_ns() < end)
		ended_short += RUN_RW(CRING_OP_READ, fd, self->buf, 65536) != 65536;
	atomic_store(&stop, true);
	join(other);
	EXPECT_EQ(0, ended_short);
}

TEST_F(special, op_datagrams_keep_their_boundaries)
{
	int s[2], i;

	new_socketpair(s, SOCK_DGRAM);
	for (i = 0; i < 3; i++)
		ASSERT_EQ(i + 1, write(s[1], "xxx", i + 1));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(i + 1, RUN_RW(CRING_OP_READ, s[0], self->buf, 100));
	/* A datagram that is longer than the buffer is cut, as by read(2). */
	ASSERT_EQ(3, write(s[1], "abc", 3));
	EXPECT_EQ(2, RUN_RW(CRING_OP_READ, s[0], self->buf, 2));
	EXPECT_EQ(5, RUN_RW(CRING_OP_WRITE, s[0], "12345", 5));
	EXPECT_EQ(5, read(s[1], self->buf, 100));
}

TEST_F(special, op_write_to_a_broken_pipe_is_epipe)
{
	int p[2];

	signal(SIGPIPE, SIG_IGN);
	new_pipe(p, 0);
	close(p[0]);
	EXPECT_EQ(-EPIPE, RUN_RW(CRING_OP_WRITE, p[1], "x", 1));
	EXPECT_EQ(-EBADF, RUN_RW(CRING_OP_READ, p[1], self->buf, 1));
}

/* 1 MiB through a pipe of 64 KiB: the write is as whole as write(2)'s. */
TEST_F(special, op_large_pipe_transfer_loses_nothing)
{
	const unsigned int len = 1 << 20;
	char *src = new_pages(len), *dst = new_pages(len);
	unsigned int sent = 0, got = 0;
	bool rd = false, wr = false;
	int p[2];

	new_pipe(p, 0);
	fill(src, len, 3);
	while (got < len) {
		struct cring_cqe c;

		if (!wr && sent < len) {
			cring_prep_write(new_sqe(&self->ring, 1), p[1],
					 src + sent, len - sent, 0);
			wr = true;
		}
		if (!rd) {
			cring_prep_read(new_sqe(&self->ring, 2), p[0],
					dst + got, len - got, 0);
			rd = true;
		}
		ASSERT_GE(cring_submit(&self->ring), 0);
		c = reap(&self->ring);
		ASSERT_GT(c.res, 0);
		if (c.user_data == 1) {
			sent += c.res;
			wr = false;
		} else {
			got += c.res;
			rd = false;
		}
	}
	EXPECT_TRUE(is_filled(dst, len, 3));
}

TEST_HARNESS_MAIN
