// SPDX-License-Identifier: MIT
/*
 * C7: the synchronous cancel that waits.  When it returns 0 every match has
 * finished and its memory is the caller's; -ETIME and -EINTR lose nothing.
 */
#include "util.h"
#include "cancel_util.h"
#include "cancel_dev.h"

#include <sys/time.h>

FIXTURE(wait) {
	struct cring ring;
	struct nullb nb;
	struct dmdev dm;
	char *buf;
	int p[2];
};

#define RING	(&self->ring)
#define FD	RING->ring_fd
#define NR	8
#define FOREVER	(-1)

FIXTURE_SETUP(wait)
{
	ring_init(RING, 64);
	self->buf = new_pages(NR * 4096);
	new_pipe(self->p, 0);
}

FIXTURE_TEARDOWN(wait)
{
	dm_destroy(&self->dm);
	cring_queue_exit(RING);
	nullb_del(&self->nb);
}

static uint64_t ms_since(uint64_t start)
{
	return (now_ns() - start) / NSEC_PER_MSEC;
}

TEST_F(wait, c7_wait_on_a_miss_returns_at_once)
{
	struct cring_cancel_key keys[] = {
		{ .user_data = 1 },
		{ .user_data = 1, .flags = C_ALL },
		{ .fd = -1, .flags = C_FD },
		{ .flags = C_ANY | C_FD },
		{ .fd = self->p[1], .flags = C_FD },
	};
	static const int want[] = { -ENOENT, 0, -EBADF, -EINVAL, -ENOENT };
	uint64_t start;
	unsigned int i;

	arm_read(RING, 7, self->p[0]);	/* somebody else's: not waited for */
	start = now_ns();
	EXPECT_EQ(0, cancel_call(FD, keys, ARRAY_LEN(keys), CRING_CANCEL_WAIT,
				 FOREVER));
	EXPECT_LT(ms_since(start), 1000);
	for (i = 0; i < ARRAY_LEN(keys); i++)
		EXPECT_EQ(want[i], keys[i].res);
	expect_pending(RING, 7);
}

TEST_F(wait, c7_wait_for_what_was_stopped_returns_at_once)
{
	struct cring_cancel_key key = { .user_data = 1 };

	arm_read(RING, 1, self->p[0]);
	EXPECT_EQ(0, cancel_call(FD, &key, 1, CRING_CANCEL_WAIT, FOREVER));
	EXPECT_EQ(0, key.res);
	expect_res(RING, 1, -ECANCELED);
}

TEST_F(wait, c7_wait_for_a_running_worker_until_it_gave_up)
{
	struct cring_cancel_key key = { .user_data = 1 };

	put_async_read(_metadata, RING, 1, self->p[0]);
	submit_all(RING, 1);
	msleep(300);
	EXPECT_EQ(0, cancel_call(FD, &key, 1, CRING_CANCEL_WAIT,
				 LIMIT_MS * NSEC_PER_MSEC));
	EXPECT_EQ(-EALREADY, key.res);
	expect_res(RING, 1, -ECANCELED);
}

TEST_F(wait, c7_wait_for_reads_in_a_device_until_they_are_done)
{
	struct cring_cancel_key key = { .flags = C_ANY | C_ALL };
	uint64_t start = now_ns();
	int i;

	start_slow_reads(RING, NR, 400);
	EXPECT_EQ(0, cancel_call(FD, &key, 1, CRING_CANCEL_WAIT, FOREVER));
	EXPECT_GE(ms_since(start), 350);
	EXPECT_EQ(NR, key.res);
	EXPECT_EQ(NR, key.already);
	EXPECT_EQ(NR, cq_count(RING));
	for (i = 0; i < NR; i++)
		expect_res(RING, i, 4096);
}

static void *resume_later(void *dm)
{
	msleep(400);
	dm_resume(dm);
	return NULL;
}

TEST_F(wait, c7_after_the_wait_the_buffers_are_the_callers)
{
	struct cring_cancel_key keys[NR] = { 0 };
	pthread_t t;
	int fd, i;

	if (!have_nullb())
		SKIP(return, NULLB_SKIP);
	if (access("/dev/mapper/control", F_OK))
		SKIP(return, "no device mapper in this kernel");
	new_nullb(&self->nb, .size_mb = 4);
	ASSERT_EQ(0, dm_create(&self->dm, "cring_wait", self->nb.dev, 4));
	fd = open(self->dm.path, O_RDONLY | O_DIRECT);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, dm_suspend(&self->dm));
	for (i = 0; i < NR; i++) {
		put(RING, .opcode = CRING_OP_READ, .fd = fd, .len = 4096,
		    .addr = PTR64(self->buf + i * 4096), .user_data = i);
		keys[i].user_data = i;
	}
	submit_all(RING, NR);
	msleep(200);
	t = new_thread(resume_later, &self->dm);
	EXPECT_EQ(0, cancel_call(FD, keys, NR, CRING_CANCEL_WAIT, FOREVER));
	memset(self->buf, 0x77, NR * 4096);
	EXPECT_EQ(NR, cq_count(RING));
	for (i = 0; i < NR; i++)
		EXPECT_EQ(-EALREADY, keys[i].res);
	msleep(2 * QUIET_MS);
	EXPECT_TRUE(is_byte(self->buf, NR * 4096, 0x77));
	expect_one_each(RING, 0, NR);
	join(t);
	close(fd);
}

TEST_F(wait, c7_wait_that_times_out_is_etime_and_loses_nothing)
{
	struct cring_cancel_key keys[] = {
		{ .user_data = 0 }, { .user_data = 99 }, { .user_data = 100 },
	};
	uint64_t start;

	start_slow_reads(RING, 1, 1000);
	arm_read(RING, 100, self->p[0]);
	start = now_ns();
	EXPECT_EQ(-ETIME, cancel_call(FD, keys, 3, CRING_CANCEL_WAIT,
				      50 * NSEC_PER_MSEC));
	EXPECT_GE(ms_since(start), 50);
	EXPECT_LT(ms_since(start), 900);
	EXPECT_EQ(-EALREADY, keys[0].res);
	EXPECT_EQ(-ENOENT, keys[1].res);
	EXPECT_EQ(0, keys[2].res);
	expect_res(RING, 100, -ECANCELED);
	expect_pending(RING, 0);
	await(RING, 0);
	expect_res(RING, 0, 4096);
}

TEST_F(wait, c7_a_timeout_of_zero_asks_and_does_not_wait)
{
	struct cring_cancel_key key = { .user_data = 0 };
	uint64_t start;

	start_slow_reads(RING, 1, 1000);
	start = now_ns();
	EXPECT_EQ(-ETIME, cancel_call(FD, &key, 1, CRING_CANCEL_WAIT, 0));
	EXPECT_LT(ms_since(start), 500);
	EXPECT_EQ(-EALREADY, key.res);
}

TEST_F(wait, c7_an_absolute_timeout_is_on_the_monotonic_clock)
{
	unsigned int flags = CRING_CANCEL_WAIT | CRING_CANCEL_ABS;
	struct cring_cancel_key key = { .user_data = 0 };
	uint64_t start = now_ns();

	start_slow_reads(RING, 1, 1000);
	EXPECT_EQ(-ETIME, cancel_call(FD, &key, 1, flags, start));
	EXPECT_EQ(-EALREADY, key.res);
	start = now_ns();
	EXPECT_EQ(-ETIME, cancel_call(FD, &key, 1, flags,
				      start + 100 * NSEC_PER_MSEC));
	EXPECT_GE(ms_since(start), 100);
	EXPECT_EQ(0, cancel_call(FD, &key, 1, flags,
				 start + LIMIT_MS * NSEC_PER_MSEC));
	expect_res(RING, 0, 4096);
}

static void on_alarm(int sig)
{
	(void)sig;
}

TEST_F(wait, c7_a_signal_ends_the_wait_with_eintr_and_loses_nothing)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	struct itimerval it = { .it_value.tv_usec = 100000 };
	struct cring_cancel_key key = { .user_data = 0 };
	uint64_t start;

	ASSERT_EQ(0, sigaction(SIGALRM, &sa, NULL));
	start_slow_reads(RING, 1, 1500);
	start = now_ns();
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &it, NULL));
	EXPECT_EQ(-EINTR, cancel_call(FD, &key, 1, CRING_CANCEL_WAIT,
				      FOREVER));
	EXPECT_LT(ms_since(start), 1300);
	EXPECT_EQ(-EALREADY, key.res);
	expect_pending(RING, 0);
	await(RING, 0);
	expect_res(RING, 0, 4096);
}

TEST_F(wait, c7_every_state_in_one_wait)
{
	struct cring_cancel_key keys[] = {
		{ .user_data = 0 },		/* in the device */
		{ .user_data = 20 },		/* armed */
		{ .user_data = 21 },		/* on a worker */
		{ .user_data = 22 },		/* a timer */
		{ .user_data = 23 },		/* nothing */
	};
	static const int want[] = { -EALREADY, 0, -EALREADY, 0, -ENOENT };
	unsigned int i;

	start_slow_reads(RING, 2, 2000);
	arm_read(RING, 20, self->p[0]);
	put_async_read(_metadata, RING, 21, self->p[0]);
	submit_all(RING, 1);
	arm_timer(RING, 22);
	msleep(300);
	EXPECT_EQ(0, cancel_call(FD, keys, 5, CRING_CANCEL_WAIT, FOREVER));
	for (i = 0; i < 5; i++)
		EXPECT_EQ(want[i], keys[i].res);
	expect_res(RING, 0, 4096);
	expect_res(RING, 20, -ECANCELED);
	expect_res(RING, 21, -ECANCELED);
	expect_res(RING, 22, -ECANCELED);
}

struct waiter {
	int fd, ret;
	struct cring_cancel_key key;
};

static void *wait_for_zero(void *arg)
{
	struct waiter *w = arg;

	w->ret = cancel_call(w->fd, &w->key, 1, CRING_CANCEL_WAIT, FOREVER);
	return NULL;
}

TEST_F(wait, c7_two_threads_may_wait_for_the_same_operation)
{
	struct waiter w[2] = { { .fd = FD, .ret = 1 }, { .fd = FD, .ret = 1 } };
	pthread_t t[2];
	int i;

	start_slow_reads(RING, 1, 500);
	for (i = 0; i < 2; i++)
		t[i] = new_thread(wait_for_zero, &w[i]);
	for (i = 0; i < 2; i++) {
		join(t[i]);
		EXPECT_EQ(0, w[i].ret);
		EXPECT_EQ(-EALREADY, w[i].key.res);
	}
	expect_res(RING, 0, 4096);
}

/* The slot of a waited-for operation may be reused at once by another. */
TEST_F(wait, c7_a_wait_is_for_the_match_not_for_its_successor)
{
	struct waiter w = { .fd = FD, .ret = 1 };
	pthread_t t;
	int i;

	start_slow_reads(RING, 1, 500);
	t = new_thread(wait_for_zero, &w);
	await(RING, 0);
	reap_all(RING);
	for (i = 0; i < 60; i++)	/* armed for ever, same user_data */
		put(RING, .opcode = CRING_OP_READ, .fd = self->p[0],
		    .addr = PTR64(sink), .len = 1, .user_data = 0);
	submit_all(RING, 60);
	join(t);
	EXPECT_EQ(0, w.ret);
	EXPECT_EQ(60, shared_of(RING)->in_flight);
}

TEST_HARNESS_MAIN
