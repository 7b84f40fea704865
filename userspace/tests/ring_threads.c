// SPDX-License-Identifier: MIT
/*
 * One ring, several threads inside the kernel at once: C1 holds all the same.
 *
 * check: parallel
 */
#include "util_sys.h"

#define TOTAL	20000

struct shared_ring {
	struct cring ring;
	pthread_mutex_t prep;	/* the SQ has one producer at a time */
	atomic_uint next;
	atomic_bool stop;
	int p[2];
};

/* Prepares under the lock, enters the kernel outside it. */
static void *submitter(void *arg)
{
	struct shared_ring *s = arg;

	while (atomic_load(&s->next) < TOTAL) {
		int ret;

		pthread_mutex_lock(&s->prep);
		while (cring_sq_space_left(&s->ring) &&
		       atomic_load(&s->next) < TOTAL)
			cring_get_sqe(&s->ring)->user_data =
				atomic_fetch_add(&s->next, 1);
		cring_flush_sq(&s->ring);
		pthread_mutex_unlock(&s->prep);
		ret = submit_raw(s->ring.ring_fd, 64, 0);
		if (ret < 0 && ret != -EBUSY)
			return (void *)(long)ret;
		if (ret == -EBUSY)
			sched_yield();
	}
	return NULL;
}

TEST(c1_two_submitters_and_a_reaper)
{
	unsigned char *seen = calloc(1, TOTAL);
	struct shared_ring s = { .prep = PTHREAD_MUTEX_INITIALIZER };
	pthread_t t[2];
	unsigned int done;
	void *ret;
	int i;

	ring_init(&s.ring, 64);
	for (i = 0; i < 2; i++)
		t[i] = new_thread(submitter, &s);
	for (done = 0; done < TOTAL; done++) {
		struct cring_cqe c;

		/* The last ones may need a push, after both have gone. */
		if (!take_cqe(&s.ring, &c, 500)) {
			submit_raw(s.ring.ring_fd, 64, 0);
			c = reap(&s.ring);
		}
		ASSERT_LT(c.user_data, TOTAL);
		ASSERT_EQ(0, c.res);
		ASSERT_EQ(0, seen[c.user_data]++);
	}
	for (i = 0; i < 2; i++) {
		ASSERT_TRUE(join_in_time(t[i], &ret));
		EXPECT_EQ(NULL, ret);
	}
	expect_quiet(&s.ring);
	EXPECT_EQ(TOTAL, s.ring.shared->accepted);
	cring_queue_exit(&s.ring);
}

static void *feeder(void *arg)
{
	struct shared_ring *s = arg;
	int i;

	for (i = 0; i < 2000; i++)
		if (write(s->p[1], "f", 1) != 1)
			return (void *)1;
	return NULL;
}

/* A submitter arms reads, a feeder wakes them, the main thread only waits. */
static void *arming(void *arg)
{
	struct shared_ring *s = arg;
	static char sink[64];
	unsigned int i;

	for (i = 0; i < 2000; i++) {
		struct cring_sqe *sqe;
		int ret;

		while (!(sqe = cring_get_sqe(&s->ring)))
			sched_yield();
		cring_prep_read(sqe, s->p[0], &sink[i % 64], 1, 0);
		sqe->user_data = i;
		while ((ret = cring_submit(&s->ring)) == -EBUSY)
			sched_yield();
		if (ret < 0)
			return (void *)(long)ret;
	}
	return NULL;
}

TEST(c1_armed_by_one_thread_and_awaited_by_another)
{
	struct shared_ring s = { .prep = PTHREAD_MUTEX_INITIALIZER };
	unsigned char *seen = calloc(1, 2000);
	pthread_t a, f;
	unsigned int done;
	void *ret;

	ring_init(&s.ring, 32);
	new_pipe(s.p, 0);
	a = new_thread(arming, &s);
	f = new_thread(feeder, &s);
	for (done = 0; done < 2000; done++) {
		struct cring_cqe c = reap(&s.ring);

		ASSERT_LT(c.user_data, 2000);
		ASSERT_EQ(1, c.res);
		ASSERT_EQ(0, seen[c.user_data]++);
	}
	ASSERT_TRUE(join_in_time(a, &ret));
	EXPECT_EQ(NULL, ret);
	ASSERT_TRUE(join_in_time(f, &ret));
	EXPECT_EQ(NULL, ret);
	expect_quiet(&s.ring);
	EXPECT_EQ(0, cring_in_flight(&s.ring));
	cring_queue_exit(&s.ring);
}

/* The submitter is gone when its operation becomes ready: others finish it. */
static void *arm_and_leave(void *arg)
{
	struct shared_ring *s = arg;
	static char b;

	cring_prep_read(cring_get_sqe(&s->ring), s->p[0], &b, 1, 0);
	return (void *)(long)cring_submit(&s->ring);
}

TEST(c1_armed_by_a_thread_that_has_gone)
{
	struct shared_ring s = { .prep = PTHREAD_MUTEX_INITIALIZER };
	struct pollfd pfd = { .events = POLLIN };
	void *ret;
	int round;

	ring_init(&s.ring, 8);
	new_pipe(s.p, 0);
	pfd.fd = s.ring.ring_fd;
	for (round = 0; round < 20; round++) {
		ASSERT_TRUE(join_in_time(new_thread(arm_and_leave, &s), &ret));
		ASSERT_EQ(1, (long)ret);
		ASSERT_EQ(1, write(s.p[1], "g", 1));
		/* The ring fd tells that there is something to run or reap. */
		ASSERT_EQ(1, poll(&pfd, 1, LIMIT_MS));
		ASSERT_EQ(1, reap(&s.ring).res);
		ASSERT_EQ(0, poll(&pfd, 1, 0));
	}
	cring_queue_exit(&s.ring);
}

TEST_HARNESS_MAIN
