// SPDX-License-Identifier: MIT
/*
 * C5, C7: cancel while another thread sleeps in the ring's own wait, or runs
 * there what became ready.
 */
#include "util.h"
#include "cancel_util.h"
#include "cancel_dev.h"

FIXTURE(waiter) {
	struct cring ring;
	int p[2];
	unsigned int want;
	pthread_t thread;
	atomic_int done;
	int ret;
};

#define RING	(&self->ring)
#define FD	RING->ring_fd

static void *wait_in_ring(void *arg)
{
	FIXTURE_DATA(waiter) *self = arg;
	struct cring_wait w = {
		.min_complete = self->want, .flags = CRING_WAIT_TIMEOUT,
		.timeout = LIMIT_MS * NSEC_PER_MSEC,
	};

	self->ret = ioc_ptr(FD, CRING_IOC_WAIT, &w);
	self->done = 1;
	return NULL;
}

FIXTURE_SETUP(waiter)
{
	ring_init(RING, 16);
	new_pipe(self->p, 0);
}

FIXTURE_TEARDOWN(waiter)
{
	cring_queue_exit(RING);
}

#define start_waiter(nr) do {						\
	self->want = nr;						\
	self->thread = new_thread(wait_in_ring, self);			\
	msleep(100);							\
	ASSERT_EQ(0, atomic_load(&self->done));				\
} while (0)

TEST_F(waiter, c7_a_cancel_is_answered_while_another_thread_waits)
{
	uint64_t start;

	arm_read(RING, 1, self->p[0]);
	arm_read(RING, 2, self->p[0]);
	start_waiter(2);
	start = now_ns();
	EXPECT_EQ(0, cancel_key(FD, .user_data = 1));
	EXPECT_SOON(start, NSEC_PER_SEC);
	expect_res(RING, 1, -ECANCELED);
	EXPECT_EQ(0, atomic_load(&self->done));
	EXPECT_EQ(-ENOENT, cancel_key(FD, .user_data = 1));
	EXPECT_EQ(0, cancel_key(FD, .user_data = 2));
	join(self->thread);
	EXPECT_EQ(0, self->ret);
}

TEST_F(waiter, c7_the_completion_of_a_cancel_wakes_the_waiter)
{
	arm_timer(RING, 1);
	start_waiter(1);
	EXPECT_EQ(1, cancel_key(FD, .flags = C_ANY | C_ALL));
	join(self->thread);
	EXPECT_EQ(0, self->ret);
	expect_res(RING, 1, -ECANCELED);
}

/* The waiter runs a ready read, and sleeps in the copy. */
TEST_F(waiter, c3_what_a_waiter_is_trying_is_ealready)
{
	struct slowmem m;
	int ret = slowmem_init(&m, 4096);
	uint64_t start;

	if (ret == -ENODEV)
		SKIP(return, "no userfaultfd in this kernel");
	ASSERT_EQ(0, ret);
	put(RING, .opcode = CRING_OP_READ, .fd = self->p[0],
	    .addr = PTR64(m.mem), .len = 3, .user_data = 1);
	submit_all(RING, 1);
	arm_timer(RING, 2);
	start_waiter(2);
	ASSERT_EQ(3, write(self->p[1], "abc", 3));
	ASSERT_EQ(0, slowmem_wait_fault(&m));
	start = now_ns();
	EXPECT_EQ(-EALREADY, cancel_key(FD, .user_data = 1));
	EXPECT_EQ(-EALREADY, cancel_key(FD, .fd = self->p[0], .flags = C_FD));
	EXPECT_EQ(0, cancel_key(FD, .user_data = 2));
	EXPECT_SOON(start, NSEC_PER_SEC);
	EXPECT_EQ(0, atomic_load(&self->done));
	expect_res(RING, 2, -ECANCELED);
	ASSERT_EQ(0, slowmem_fill(&m, 0));
	join(self->thread);
	expect_one_each(RING, 1, 2);
	EXPECT_TRUE(res_of(RING, 1) == 3 || res_of(RING, 1) == -ECANCELED);
	slowmem_exit(&m);
}

static void *submit_sleeping(void *arg)
{
	FIXTURE_DATA(waiter) *self = arg;

	self->ret = submit_raw(FD, 1, 1);
	self->done = 1;
	return NULL;
}

TEST_F(waiter, c7_a_cancel_is_answered_while_submit_waits)
{
	put(RING, .opcode = CRING_OP_READ, .fd = self->p[0],
	    .addr = PTR64(sink), .len = 1, .user_data = 1);
	cring_flush_sq(RING);
	self->thread = new_thread(submit_sleeping, self);
	ASSERT_TRUE(wait_until(load_acquire(&shared_of(RING)->in_flight)));
	msleep(50);
	ASSERT_EQ(0, atomic_load(&self->done));
	EXPECT_EQ(0, cancel_key(FD, .user_data = 1));
	expect_res(RING, 1, -ECANCELED);
	join(self->thread);
	EXPECT_EQ(1, self->ret);
}

/* Many cancels from many threads, while one waits for all of them. */
struct canceller {
	int fd;
	unsigned int first, nr, zeros;
};

static void *cancel_range(void *arg)
{
	struct canceller *c = arg;
	unsigned int i;

	for (i = 0; i < c->nr; i++)
		c->zeros += !cancel_key(c->fd, .user_data = c->first + i);
	return NULL;
}

TEST_F(waiter, c7_any_number_of_threads_may_cancel_at_once)
{
	struct canceller c[4];
	pthread_t t[4];
	struct cring big;
	unsigned int i;

	ring_init(&big, 4096);
	for (i = 0; i < 4096; i++)
		put(&big, .opcode = CRING_OP_POLL_ADD, .fd = self->p[0],
		    .poll32_events = POLLIN, .user_data = i);
	submit_all(&big, 4096);
	for (i = 0; i < 4; i++) {
		c[i] = (struct canceller){ big.ring_fd, i * 1024, 1024, 0 };
		t[i] = new_thread(cancel_range, &c[i]);
	}
	for (i = 0; i < 4; i++) {
		join(t[i]);
		EXPECT_EQ(1024, c[i].zeros);
	}
	expect_one_each(&big, 0, 4096);
	cring_queue_exit(&big);
}

TEST_HARNESS_MAIN
