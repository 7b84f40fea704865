// SPDX-License-Identifier: MIT
/* POLL_ADD and POLL_REMOVE. */
#include "util_sys.h"

FIXTURE(poll) { struct cring ring; int p[2]; };
FIXTURE_SETUP(poll)
{
	ring_init(&self->ring, 64);
	new_pipe(self->p, 0);
}
FIXTURE_TEARDOWN(poll) { cring_queue_exit(&self->ring); }

#define ARM(fd, mask, user_data) do {					\
	cring_prep_poll_add(new_sqe(&self->ring, user_data), fd, mask);	\
	submit_all(&self->ring, 1);					\
} while (0)

#define RUN_POLL(fd, mask) __extension__ ({				\
	struct cring_sqe *__s = new_sqe(&self->ring, 0);		\
	cring_prep_poll_add(__s, fd, mask);				\
	run_sqe(&self->ring, __s); })

#define REMOVE(key) __extension__ ({					\
	cring_prep_poll_remove(new_sqe(&self->ring, 999), key);		\
	submit_all(&self->ring, 1); })

TEST_F(poll, op_ready_file_completes_at_once)
{
	EXPECT_EQ(POLLOUT, RUN_POLL(self->p[1], POLLIN | POLLOUT));
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	EXPECT_EQ(POLLIN, RUN_POLL(self->p[0], POLLIN));
	EXPECT_EQ(0, cring_in_flight(&self->ring));
}

TEST_F(poll, op_fires_once_when_it_becomes_ready)
{
	ARM(self->p[0], POLLIN, 1);
	expect_quiet(&self->ring);
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	EXPECT_EQ(POLLIN, reap_res(&self->ring, 1));
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	expect_quiet(&self->ring);
}

/* An event that was not asked for is no reason to complete. */
TEST_F(poll, op_other_events_do_not_fire)
{
	int s[2];

	new_socketpair(s, SOCK_STREAM);
	ARM(s[0], POLLPRI, 1);
	ASSERT_EQ(1, write(s[1], "x", 1));
	expect_quiet(&self->ring);
	EXPECT_EQ(1, cring_in_flight(&self->ring));
	close(s[1]);
	EXPECT_EQ(POLLHUP, reap_res(&self->ring, 1));
}

TEST_F(poll, op_hang_up_and_error_need_no_asking)
{
	int q[2];

	ARM(self->p[0], 0, 1);
	expect_quiet(&self->ring);
	close(self->p[1]);
	EXPECT_EQ(POLLHUP, reap_res(&self->ring, 1));
	new_pipe(q, 0);
	close(q[0]);
	EXPECT_EQ(POLLERR, RUN_POLL(q[1], 0));
}

TEST_F(poll, op_peer_half_close_is_rdhup)
{
	int s[2];

	new_socketpair(s, SOCK_STREAM);
	ARM(s[0], POLLRDHUP, 1);
	expect_quiet(&self->ring);
	ASSERT_EQ(0, shutdown(s[1], SHUT_WR));
	EXPECT_EQ(POLLRDHUP, reap_res(&self->ring, 1));
}

TEST_F(poll, op_file_without_poll_is_always_ready)
{
	int fd = new_file("/tmp", O_RDWR);

	EXPECT_EQ(POLLIN | POLLOUT, RUN_POLL(fd, POLLIN | POLLOUT));
	EXPECT_EQ(POLLIN | POLLRDNORM,
		  RUN_POLL(fd, POLLIN | POLLRDNORM | POLLPRI));
}

TEST_F(poll, op_terminal_with_two_wait_queues)
{
	int t[2];

	if (!pty_pair(t))
		SKIP(return, "no pseudo terminals (devpts)");
	ARM(t[1], POLLIN, 1);
	expect_quiet(&self->ring);
	ASSERT_EQ(1, write(t[0], "k", 1));
	EXPECT_EQ(POLLIN, reap_res(&self->ring, 1));
	ARM(t[0], POLLPRI, 2);
	expect_quiet(&self->ring);
	close(t[1]);
	EXPECT_EQ(POLLHUP, reap_res(&self->ring, 2) & POLLHUP);
}

TEST_F(poll, c1_many_polls_of_one_file_all_fire)
{
	bool seen[64] = { false };
	int i;

	for (i = 0; i < 64; i++)
		cring_prep_poll_add(new_sqe(&self->ring, i), self->p[0], POLLIN);
	submit_all(&self->ring, 64);
	EXPECT_EQ(64, cring_in_flight(&self->ring));
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	for (i = 0; i < 64; i++) {
		struct cring_cqe c = reap(&self->ring);

		ASSERT_LT(c.user_data, 64);
		ASSERT_FALSE(seen[c.user_data]);
		seen[c.user_data] = true;
		EXPECT_EQ(POLLIN, c.res);
	}
	expect_quiet(&self->ring);
}

TEST_F(poll, op_armed_poll_survives_the_descriptor)
{
	int fd = dup(self->p[0]);

	ARM(fd, POLLIN, 1);
	close(fd);
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	EXPECT_EQ(POLLIN, reap_res(&self->ring, 1));
}

static void *write_1(void *arg)
{
	msleep(QUIET_MS);
	return (void *)(long)write(*(int *)arg, "x", 1);
}

TEST_F(poll, op_wakes_a_sleeping_wait)
{
	pthread_t t;

	ARM(self->p[0], POLLIN, 1);
	t = new_thread(write_1, &self->p[1]);
	EXPECT_EQ(POLLIN, reap_res(&self->ring, 1));
	join(t);
}

TEST_F(poll, op_multishot_is_refused)
{
	struct cring_sqe *sqe = new_sqe(&self->ring, 0);

	cring_prep_poll_add(sqe, self->p[0], POLLIN);
	sqe->len = 1;
	EXPECT_EQ(-EINVAL, run_sqe(&self->ring, sqe));
}

TEST_F(poll, op_poll_remove_stops_one)
{
	ARM(self->p[0], POLLIN, 1);
	ARM(self->p[0], POLLIN, 2);
	REMOVE(1);
	/* C3: the target first, then the answer. */
	EXPECT_EQ(-ECANCELED, reap_res(&self->ring, 1));
	EXPECT_EQ(0, reap_res(&self->ring, 999));
	REMOVE(1);
	EXPECT_EQ(-ENOENT, reap_res(&self->ring, 999));
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	EXPECT_EQ(POLLIN, reap_res(&self->ring, 2));
	REMOVE(2);
	EXPECT_EQ(-ENOENT, reap_res(&self->ring, 999));
}

/* POLL_REMOVE names polls: a read or a timeout of that name is not one. */
TEST_F(poll, op_poll_remove_hits_only_polls)
{
	struct cring_timespec ts = ms_ts(100000);
	struct cring_sqe *sqe;
	char b;

	cring_prep_timeout(new_sqe(&self->ring, 5), &ts, 0, 0);
	cring_prep_read(new_sqe(&self->ring, 6), self->p[0], &b, 1, 0);
	submit_all(&self->ring, 2);
	REMOVE(5);
	EXPECT_EQ(-ENOENT, reap_res(&self->ring, 999));
	REMOVE(6);
	EXPECT_EQ(-ENOENT, reap_res(&self->ring, 999));
	EXPECT_EQ(2, cring_in_flight(&self->ring));
	/* TIMEOUT_REMOVE likewise. */
	ARM(self->p[0], POLLPRI, 7);
	sqe = new_sqe(&self->ring, 999);
	cring_prep_timeout_remove(sqe, 7, 0);
	submit_all(&self->ring, 1);
	EXPECT_EQ(-ENOENT, reap_res(&self->ring, 999));
	EXPECT_EQ(3, cring_in_flight(&self->ring));
}

TEST_F(poll, op_add_and_remove_in_one_submit)
{
	int i;

	for (i = 0; i < 200; i++) {
		cring_prep_poll_add(new_sqe(&self->ring, i), self->p[0], POLLIN);
		cring_prep_poll_remove(new_sqe(&self->ring, 999), i);
		submit_all(&self->ring, 2);
		ASSERT_EQ(-ECANCELED, reap_res(&self->ring, i));
		ASSERT_EQ(0, reap_res(&self->ring, 999));
	}
	EXPECT_EQ(0, cring_in_flight(&self->ring));
}

TEST_HARNESS_MAIN
