// SPDX-License-Identifier: MIT
/* Being told of completions: poll and epoll on the ring, and an eventfd. */
#include "util_sys.h"

#include <sys/epoll.h>

FIXTURE(notify) { struct cring ring; int p[2]; };
FIXTURE_SETUP(notify)
{
	ring_init(&self->ring, 8);
	new_pipe(self->p, 0);
}
FIXTURE_TEARDOWN(notify) { cring_queue_exit(&self->ring); }

static int poll_ms(int fd, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, ms) == 1 ? pfd.revents : 0;
}

static void *write_later(void *arg)
{
	msleep(QUIET_MS);
	return (void *)(long)write(*(int *)arg, "x", 1);
}

TEST_F(notify, abi_ring_fd_is_readable_while_cqes_wait)
{
	struct cring *ring = &self->ring;

	EXPECT_EQ(0, poll_ms(ring->ring_fd, 0));
	new_sqe(ring, 1);
	new_sqe(ring, 2);
	submit_all(ring, 2);
	EXPECT_EQ(POLLIN, poll_ms(ring->ring_fd, 0) & POLLIN);
	EXPECT_EQ(0, reap_res(ring, 1));
	EXPECT_EQ(POLLIN, poll_ms(ring->ring_fd, 0) & POLLIN);
	EXPECT_EQ(0, reap_res(ring, 2));
	EXPECT_EQ(0, poll_ms(ring->ring_fd, 0) & POLLIN);
}

TEST_F(notify, abi_poll_sleeps_until_an_armed_read_is_done)
{
	struct cring *ring = &self->ring;
	pthread_t t;
	char b;

	cring_prep_read(new_sqe(ring, 1), self->p[0], &b, 1, 0);
	submit_all(ring, 1);
	EXPECT_EQ(0, poll_ms(ring->ring_fd, QUIET_MS));
	t = new_thread(write_later, &self->p[1]);
	EXPECT_EQ(POLLIN, poll_ms(ring->ring_fd, LIMIT_MS) & POLLIN);
	EXPECT_EQ(1, reap_res(ring, 1));
	EXPECT_EQ('x', b);
	join(t);
}

TEST_F(notify, abi_epoll_reports_each_new_completion)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET }, out;
	struct cring *ring = &self->ring;
	int ep = epoll_create1(EPOLL_CLOEXEC), round;
	char b;

	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, ring->ring_fd, &ev));
	EXPECT_EQ(0, epoll_wait(ep, &out, 1, 0));
	for (round = 0; round < 20; round++) {
		cring_prep_read(new_sqe(ring, 1), self->p[0], &b, 1, 0);
		submit_all(ring, 1);
		ASSERT_EQ(1, write(self->p[1], "y", 1));
		ASSERT_EQ(1, epoll_wait(ep, &out, 1, LIMIT_MS));
		EXPECT_TRUE(out.events & EPOLLIN);
		ASSERT_EQ(1, reap_res(ring, 1));
	}
	EXPECT_EQ(0, epoll_wait(ep, &out, 1, 0));
	close(ep);
}

TEST_F(notify, abi_eventfd_counts_each_batch)
{
	struct cring *ring = &self->ring;
	int efd = eventfd(0, EFD_NONBLOCK), i;
	uint64_t n = 0;

	ASSERT_EQ(0, cring_register_eventfd(ring, efd));
	for (i = 0; i < 4; i++)
		new_sqe(ring, i);
	submit_all(ring, 4);
	ASSERT_EQ(8, read(efd, &n, 8));
	EXPECT_GE(n, 1);
	EXPECT_LE(n, 4);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, reap_res(ring, i));

	/* Also for what completes later, without an entry by the owner. */
	cring_prep_poll_add(new_sqe(ring, 9), self->p[0], POLLIN);
	submit_all(ring, 1);
	EXPECT_EQ(0, poll_ms(efd, QUIET_MS));
	ASSERT_EQ(1, write(self->p[1], "z", 1));
	EXPECT_EQ(POLLIN, poll_ms(efd, LIMIT_MS));
	EXPECT_EQ(POLLIN, reap_res(ring, 9));
	close(efd);
}

TEST_F(notify, abi_eventfd_is_silent_once_unregistered)
{
	struct cring *ring = &self->ring;
	int efd = eventfd(0, EFD_NONBLOCK);
	uint64_t n;

	ASSERT_EQ(0, cring_register_eventfd(ring, efd));
	EXPECT_EQ(0, run_sqe(ring, new_sqe(ring, 1)));
	EXPECT_EQ(8, read(efd, &n, 8));
	ASSERT_EQ(0, cring_unregister_eventfd(ring));
	EXPECT_EQ(0, run_sqe(ring, new_sqe(ring, 1)));
	EXPECT_EQ(-1, read(efd, &n, 8));
	EXPECT_EQ(EAGAIN, errno);
	/* The ring holds it no longer, and takes another. */
	ASSERT_EQ(0, cring_register_eventfd(ring, efd));
	close(efd);
	EXPECT_EQ(0, run_sqe(ring, new_sqe(ring, 1)));
}

TEST_F(notify, abi_eventfd_registration_errors)
{
	struct cring *ring = &self->ring;
	int efd = eventfd(0, 0);
	struct cring_register r = { .opcode = CRING_REGISTER_EVENTFD, .nr = 1,
				    .addr = 8 };

	EXPECT_EQ(-ENXIO, cring_unregister_eventfd(ring));
	EXPECT_EQ(-EBADF, cring_register_eventfd(ring, 1000));
	EXPECT_EQ(-EINVAL, cring_register_eventfd(ring, self->p[0]));
	EXPECT_EQ(-EFAULT, ioc_ptr(ring->ring_fd, CRING_IOC_REGISTER, &r));
	ASSERT_EQ(0, cring_register_eventfd(ring, efd));
	EXPECT_EQ(-EBUSY, cring_register_eventfd(ring, efd));
	EXPECT_EQ(0, cring_unregister_eventfd(ring));
	EXPECT_EQ(-ENXIO, cring_unregister_eventfd(ring));
}

/* The ring's own eventfd may itself be read through the ring. */
TEST_F(notify, abi_eventfd_of_a_ring_read_by_that_ring)
{
	struct cring *ring = &self->ring;
	int efd = eventfd(0, 0);
	uint64_t n = 0;
	int i;

	ASSERT_EQ(0, cring_register_eventfd(ring, efd));
	cring_prep_read(new_sqe(ring, 1), efd, &n, 8, 0);
	submit_all(ring, 1);
	new_sqe(ring, 2);
	submit_all(ring, 1);
	for (i = 0; i < 2; i++) {
		struct cring_cqe c = reap(ring);

		EXPECT_EQ(c.user_data == 1 ? 8 : 0, c.res);
	}
	EXPECT_GE(n, 1);
}

TEST_HARNESS_MAIN
