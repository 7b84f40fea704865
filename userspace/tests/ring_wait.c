// SPDX-License-Identifier: MIT
/* Waiting: counts, time limits, signals and signal masks. */
#include "util_sys.h"

static volatile sig_atomic_t got_signal;

static void on_signal(int sig)
{
	(void)sig;
	got_signal++;
}

static void catch_signal(int sig)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(sig, &sa, NULL);
	got_signal = 0;
}

/* A thread that signals the main thread until it is told to stop. */
struct pester {
	pthread_t who, thread;
	int sig;
	atomic_bool stop;
};

static void *pester_fn(void *arg)
{
	struct pester *p = arg;

	while (!atomic_load(&p->stop)) {
		msleep(30);
		pthread_kill(p->who, p->sig);
	}
	return NULL;
}

static void pester_start(struct pester *p, int sig)
{
	p->who = pthread_self();
	p->sig = sig;
	atomic_init(&p->stop, false);
	pthread_create(&p->thread, NULL, pester_fn, p);
}

static void pester_stop(struct pester *p)
{
	atomic_store(&p->stop, true);
	pthread_join(p->thread, NULL);
}

FIXTURE(wait) { struct cring ring; int p[2]; };
FIXTURE_SETUP(wait)
{
	ring_init(&self->ring, 8);
	new_pipe(self->p, 0);
}
FIXTURE_TEARDOWN(wait) { cring_queue_exit(&self->ring); }

static int wait_raw(struct cring *ring, unsigned int submit, unsigned int min,
		    unsigned int flags, int64_t timeout)
{
	struct cring_wait w = { .to_submit = submit, .min_complete = min,
				.flags = flags, .timeout = timeout };

	return ioc_ptr(ring->ring_fd, CRING_IOC_WAIT, &w);
}

/* An operation that stays in flight. */
static void arm(struct __test_metadata *_metadata, struct cring *ring, int fd)
{
	cring_prep_poll_add(new_sqe(ring, 77), fd, POLLIN);
	submit_all(ring, 1);
}

TEST_F(wait, abi_wait_returns_at_once_when_enough_are_there)
{
	new_sqe(&self->ring, 1);
	new_sqe(&self->ring, 2);
	submit_all(&self->ring, 2);
	EXPECT_EQ(0, wait_raw(&self->ring, 0, 2, 0, 0));
	EXPECT_EQ(0, submit_raw(self->ring.ring_fd, 0, 2));
	EXPECT_EQ(2, cring_cq_ready(&self->ring));
}

static void *write_thrice(void *arg)
{
	int i;

	for (i = 0; i < 3; i++) {
		msleep(30);
		if (write(*(int *)arg, "x", 1) != 1)
			break;
	}
	return NULL;
}

TEST_F(wait, abi_wait_counts_completions)
{
	char b[3];
	pthread_t t;
	int i;

	for (i = 0; i < 3; i++)
		cring_prep_read(new_sqe(&self->ring, i), self->p[0], &b[i], 1, 0);
	submit_all(&self->ring, 3);
	t = new_thread(write_thrice, &self->p[1]);
	EXPECT_EQ(0, wait_raw(&self->ring, 0, 3, CRING_WAIT_TIMEOUT,
			      LIMIT_MS * (int64_t)NSEC_PER_MSEC));
	EXPECT_EQ(3, cring_cq_ready(&self->ring));
	join(t);
}

/* Who has armed one to be back in time waits for more than may come. */
TEST_F(wait, abi_a_timeout_that_rings_ends_the_wait)
{
	struct cring_timespec soon = ms_ts(20), far = ms_ts(600000);
	const int64_t limit = 10 * NSEC_PER_SEC;
	uint64_t t0 = now_ns();

	cring_prep_timeout(new_sqe(&self->ring, 1), &soon, 0, 0);
	cring_flush_sq(&self->ring);
	EXPECT_EQ(1, wait_raw(&self->ring, 1, 3, CRING_WAIT_TIMEOUT, limit));
	EXPECT_EQ(-ETIME, reap_res(&self->ring, 1));
	/* its count */
	cring_prep_timeout(new_sqe(&self->ring, 2), &far, 1, 0);
	new_sqe(&self->ring, 3);
	cring_flush_sq(&self->ring);
	EXPECT_EQ(2, wait_raw(&self->ring, 2, 4, CRING_WAIT_TIMEOUT, limit));
	EXPECT_EQ(0, reap_res(&self->ring, 3));
	EXPECT_EQ(0, reap_res(&self->ring, 2));
	EXPECT_LT(now_ns() - t0, (uint64_t)limit);
}

TEST_F(wait, abi_a_timeout_that_is_removed_ends_no_wait)
{
	struct cring_timespec far = ms_ts(600000);
	uint64_t t0;

	cring_prep_timeout(new_sqe(&self->ring, 1), &far, 0, 0);
	submit_all(&self->ring, 1);
	cring_prep_timeout_remove(new_sqe(&self->ring, 2), 1, 0);
	cring_flush_sq(&self->ring);
	t0 = now_ns();
	EXPECT_EQ(1, wait_raw(&self->ring, 1, 3, CRING_WAIT_TIMEOUT,
			      40 * NSEC_PER_MSEC));
	EXPECT_GE(now_ns() - t0, 40 * NSEC_PER_MSEC);
	EXPECT_EQ(-ECANCELED, reap_res(&self->ring, 1));
	EXPECT_EQ(0, reap_res(&self->ring, 2));
}

TEST_F(wait, abi_wait_of_zero_does_not_sleep)
{
	arm(_metadata, &self->ring, self->p[0]);
	EXPECT_EQ(0, wait_raw(&self->ring, 0, 0, 0, 0));
	EXPECT_EQ(0, submit_raw(self->ring.ring_fd, 0, 0));
}

TEST_F(wait, abi_relative_timeout_is_etime)
{
	uint64_t t0 = now_ns(), dt;

	arm(_metadata, &self->ring, self->p[0]);
	EXPECT_EQ(-ETIME, wait_raw(&self->ring, 0, 1, CRING_WAIT_TIMEOUT,
				   40 * NSEC_PER_MSEC));
	dt = now_ns() - t0;
	EXPECT_GE(dt, 40 * NSEC_PER_MSEC);
	EXPECT_LT(dt, LIMIT_MS * NSEC_PER_MSEC);
	EXPECT_EQ(1, cring_in_flight(&self->ring));
}

TEST_F(wait, abi_absolute_timeout_is_etime)
{
	uint64_t end = now_ns() + 40 * NSEC_PER_MSEC;

	EXPECT_EQ(-ETIME, wait_raw(&self->ring, 0, 1,
				   CRING_WAIT_TIMEOUT | CRING_WAIT_ABS, end));
	EXPECT_GE(now_ns(), end);
	/* One that is past does not sleep. */
	EXPECT_EQ(-ETIME, wait_raw(&self->ring, 0, 1,
				   CRING_WAIT_TIMEOUT | CRING_WAIT_ABS, 1));
	EXPECT_EQ(-ETIME, wait_raw(&self->ring, 0, 1, CRING_WAIT_TIMEOUT, 0));
}

TEST_F(wait, abi_timeout_does_not_hide_completions)
{
	new_sqe(&self->ring, 1);
	submit_all(&self->ring, 1);
	EXPECT_EQ(-ETIME, wait_raw(&self->ring, 0, 2, CRING_WAIT_TIMEOUT,
				   NSEC_PER_MSEC));
	EXPECT_EQ(0, reap_res(&self->ring, 1));
}

TEST_F(wait, abi_count_wins_over_timeout_and_signal)
{
	new_sqe(&self->ring, 1);
	cring_flush_sq(&self->ring);
	EXPECT_EQ(1, wait_raw(&self->ring, 1, 2, CRING_WAIT_TIMEOUT,
			      NSEC_PER_MSEC));
	EXPECT_EQ(0, reap_res(&self->ring, 1));
}

TEST_F(wait, abi_signal_ends_wait_with_eintr)
{
	struct pester p;

	catch_signal(SIGUSR1);
	pester_start(&p, SIGUSR1);
	EXPECT_EQ(-EINTR, submit_raw(self->ring.ring_fd, 0, 1));
	EXPECT_EQ(-EINTR, wait_raw(&self->ring, 0, 1, 0, 0));
	EXPECT_EQ(-EINTR, wait_raw(&self->ring, 0, 1, CRING_WAIT_TIMEOUT,
				   LIMIT_MS * (int64_t)NSEC_PER_MSEC));
	pester_stop(&p);
	EXPECT_GE(got_signal, 3);
	/* Nothing is lost. */
	EXPECT_EQ(0, run_sqe(&self->ring, new_sqe(&self->ring, 1)));
}

TEST_F(wait, abi_signal_after_submission_gives_the_count)
{
	struct pester p;

	catch_signal(SIGUSR1);
	new_sqe(&self->ring, 1);
	pester_start(&p, SIGUSR1);
	EXPECT_EQ(1, cring_submit_and_wait(&self->ring, 2));
	pester_stop(&p);
	EXPECT_EQ(0, reap_res(&self->ring, 1));
}

TEST_F(wait, abi_sigmask_holds_signals_off)
{
	struct cring_timespec ts = ms_ts(120);
	struct cring_cqe *cqe;
	struct pester p;
	sigset_t block;

	catch_signal(SIGUSR1);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	pester_start(&p, SIGUSR1);
	EXPECT_EQ(-ETIME, cring_wait_cqes(&self->ring, &cqe, 1, &ts, &block));
	/* The mask was for the wait only. */
	EXPECT_TRUE(wait_until(got_signal));
	pester_stop(&p);
	pthread_sigmask(SIG_SETMASK, NULL, &block);
	EXPECT_FALSE(sigismember(&block, SIGUSR1));
}

TEST_F(wait, abi_sigmask_lets_a_blocked_signal_in)
{
	struct cring_timespec ts = ms_ts(LIMIT_MS);
	sigset_t block, none, now;
	struct cring_cqe *cqe;

	catch_signal(SIGUSR1);
	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	pthread_sigmask(SIG_SETMASK, &block, NULL);
	raise(SIGUSR1);
	EXPECT_EQ(0, got_signal);
	EXPECT_EQ(-EINTR, cring_wait_cqes(&self->ring, &cqe, 1, &ts, &none));
	EXPECT_EQ(1, got_signal);
	pthread_sigmask(SIG_SETMASK, NULL, &now);
	EXPECT_TRUE(sigismember(&now, SIGUSR1));
}

TEST_F(wait, abi_min_complete_is_clamped_to_the_cq)
{
	unsigned int round, i;

	for (round = 0; round < 2; round++) {
		for (i = 0; i < 8; i++)
			new_sqe(&self->ring, i);
		submit_all(&self->ring, 8);
	}
	EXPECT_EQ(16, cring_cq_ready(&self->ring));
	EXPECT_EQ(0, wait_raw(&self->ring, 0, 17, 0, 0));
	EXPECT_EQ(0, wait_raw(&self->ring, 0, ~0U, 0, 0));
	EXPECT_EQ(0, submit_raw(self->ring.ring_fd, 0, CRING_SUBMIT_MAX));
}

TEST_F(wait, abi_bad_wait_arguments_submit_nothing)
{
	uint64_t mask = 0;
	struct cring_wait bad[] = {
		{ .flags = 1U << 2 },
		{ .flags = 1U << 31 },
		{ .flags = CRING_WAIT_ABS },
		{ .timeout = 5 },
		{ .resv = { 1, 0 } },
		{ .resv = { 0, 1 } },
		{ .sigmask = PTR64(&mask), .sigmask_size = 4 },
		{ .sigmask = PTR64(&mask), .sigmask_size = 128 },
		{ .sigmask_size = 8 },
	};
	size_t i;

	new_sqe(&self->ring, 1);
	cring_flush_sq(&self->ring);
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		bad[i].to_submit = 1;
		EXPECT_EQ(-EINVAL, ioc_ptr(self->ring.ring_fd, CRING_IOC_WAIT,
					   &bad[i]))
			TH_LOG("row %zu", i);
	}
	EXPECT_EQ(-EFAULT, ioc_ptr(self->ring.ring_fd, CRING_IOC_WAIT, 8));
	bad[0] = (struct cring_wait){ .to_submit = 1, .sigmask = 8,
				      .sigmask_size = 8 };
	EXPECT_EQ(-EFAULT, ioc_ptr(self->ring.ring_fd, CRING_IOC_WAIT, &bad[0]));
	EXPECT_EQ(0, cring_cq_ready(&self->ring));
	submit_all(&self->ring, 1);
	EXPECT_EQ(0, reap_res(&self->ring, 1));
}

/* Two threads wait on one ring; each completion wakes what it satisfies. */
static void *wait_two(void *arg)
{
	return (void *)(long)wait_raw(arg, 0, 2, CRING_WAIT_TIMEOUT,
				      LIMIT_MS * (int64_t)NSEC_PER_MSEC);
}

TEST_F(wait, abi_several_threads_wait_at_once)
{
	pthread_t a, b;
	void *ra, *rb;

	a = new_thread(wait_two, &self->ring);
	b = new_thread(wait_two, &self->ring);
	msleep(QUIET_MS);
	new_sqe(&self->ring, 1);
	new_sqe(&self->ring, 2);
	submit_all(&self->ring, 2);
	ASSERT_TRUE(join_in_time(a, &ra));
	ASSERT_TRUE(join_in_time(b, &rb));
	EXPECT_EQ(0, (long)ra);
	EXPECT_EQ(0, (long)rb);
}

TEST_HARNESS_MAIN
