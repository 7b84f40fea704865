// SPDX-License-Identifier: MIT
/*
 * C3, C8: a poll that is submitted with its cancel right behind it, on files of every
 * kind, and in company.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "cancel_util.h"

FIXTURE(pair) {
	struct cring ring;
	int p[2];
};

#define RING	(&self->ring)

FIXTURE_SETUP(pair)
{
	ring_init(RING, 16);
	new_pipe(self->p, 0);
}

FIXTURE_TEARDOWN(pair)
{
	cring_queue_exit(RING);
}

#define put_poll(_fd, ud, ...)						\
	put(RING, .opcode = CRING_OP_POLL_ADD, .fd = _fd,		\
	    .poll32_events = POLLIN, .user_data = ud, ##__VA_ARGS__)
#define put_cancel(ud, target, ...)					\
	put(RING, .opcode = CRING_OP_ASYNC_CANCEL, .addr = target,	\
	    .user_data = ud, ##__VA_ARGS__)
#define put_pair(_fd, ud) do {						\
	put_poll(_fd, ud);						\
	put_cancel((ud) + 100, ud);					\
} while (0)

/* the next two in the CQ, taken out */
#define expect_pair(ud, poll, cancel) do {				\
	ASSERT_LE(2, cq_count(RING));					\
	EXPECT_EQ(ud, cq_peek(RING, 0)->user_data);			\
	EXPECT_EQ(poll, cq_peek(RING, 0)->res);				\
	EXPECT_EQ((ud) + 100, cq_peek(RING, 1)->user_data);		\
	EXPECT_EQ(cancel, cq_peek(RING, 1)->res);			\
	cring_cq_advance(RING, 2);					\
} while (0)

TEST_F(pair, c3_on_files_of_every_kind)
{
	int s[2], tty[2], event = eventfd(0, 0), epoll = epoll_create1(0);

	new_socketpair(s, SOCK_DGRAM);
	ASSERT_TRUE(pty_pair(tty));
	ASSERT_LE(0, event);
	ASSERT_LE(0, epoll);
	put_pair(self->p[0], 1);
	put_pair(event, 2);
	put_pair(s[0], 3);
	put_pair(epoll, 4);
	/* goes the long way, and what is behind it */
	put_pair(tty[1], 5);
	put_pair(event, 6);
	submit_all(RING, 12);
	expect_pair(1, -ECANCELED, 0);
	expect_pair(2, -ECANCELED, 0);
	expect_pair(3, -ECANCELED, 0);
	expect_pair(4, -ECANCELED, 0);
	expect_pair(5, -ECANCELED, 0);
	expect_pair(6, -ECANCELED, 0);
	EXPECT_EQ(0, cring_in_flight(RING));
}

TEST_F(pair, c3_what_is_ready_or_refused)
{
	struct cring other;

	ASSERT_EQ(1, write(self->p[1], "x", 1));
	put_pair(self->p[0], 1);
	put_pair(-1, 2);
	put_pair(RING->ring_fd, 3);
	/* always is */
	put_pair(new_file(TMPFS_DIR, O_RDWR), 4);
	submit_all(RING, 8);
	expect_pair(1, POLLIN, -ENOENT);
	expect_pair(2, -EBADF, -ENOENT);
	expect_pair(3, -EOPNOTSUPP, -ENOENT);
	expect_pair(4, POLLIN, -ENOENT);
	ring_init(&other, 4);
	put_pair(other.ring_fd, 5);
	submit_all(RING, 2);
	expect_pair(5, -EOPNOTSUPP, -ENOENT);
	cring_queue_exit(&other);
}

TEST_F(pair, c3_the_file_is_given_back)
{
	unsigned int i;

	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < 100; i++) {
		put_pair(self->p[0], 1);
		submit_all(RING, 2);
		expect_pair(1, -ECANCELED, 0);
	}
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	expect_quiet(RING);
	close(self->p[0]);
	EXPECT_EQ(-1, write(self->p[1], "x", 1));
	EXPECT_EQ(EPIPE, errno);
}

TEST_F(pair, c3_in_company)
{
	put(RING, .opcode = CRING_OP_NOP, .user_data = 50);
	put_pair(self->p[0], 1);
	put_poll(self->p[0], 2);
	put_cancel(3, 99);
	submit_all(RING, 5);
	EXPECT_EQ(50, cq_peek(RING, 0)->user_data);
	cring_cq_advance(RING, 1);
	expect_pair(1, -ECANCELED, 0);
	EXPECT_EQ(-ENOENT, cq_peek(RING, 0)->res);
	cring_cq_advance(RING, 1);
	put_pair(self->p[0], 4);
	put_pair(self->p[0], 5);
	put_cancel(6, 2);
	submit_all(RING, 5);
	expect_pair(4, -ECANCELED, 0);
	expect_pair(5, -ECANCELED, 0);
	expect_res(RING, 2, -ECANCELED);
	expect_res(RING, 6, 0);
}

/* one of a chain is not a pair's poll, though a cancel is right behind it */
TEST_F(pair, c3_a_poll_in_a_chain)
{
	put_poll(self->p[0], 1, .flags = CRING_SQE_IO_LINK);
	put_cancel(101, 1);
	put_pair(self->p[0], 2);
	submit_all(RING, 4);
	/* the cancel waits behind the poll that it means */
	ASSERT_EQ(2, cring_in_flight(RING));
	expect_pair(2, -ECANCELED, 0);
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	await(RING, 101);
	expect_pair(1, POLLIN, -ENOENT);
}

TEST_F(pair, c2_one_slot_is_not_enough)
{
	unsigned int i;

	for (i = 0; i < RING->cq_entries - 1; i++) {
		put(RING, .opcode = CRING_OP_NOP, .user_data = i);
		submit_all(RING, 1);
	}
	put_pair(self->p[0], 1);
	EXPECT_EQ(1, cring_submit(RING));
	EXPECT_EQ(RING->cq_entries - 1, cq_count(RING));
	reap_all(RING);
	EXPECT_EQ(1, cring_submit(RING));
	expect_pair(1, -ECANCELED, 0);
}

TEST_F(pair, c8_each_has_its_ticket)
{
	uint64_t ticket;

	put_pair(self->p[0], 1);
	put_pair(self->p[0], 2);
	submit_all(RING, 4);
	expect_pair(1, -ECANCELED, 0);
	expect_pair(2, -ECANCELED, 0);
	ticket = shared_of(RING)->accepted;
	EXPECT_EQ(4, ticket);
	arm_poll(RING, 3, self->p[0]);
	EXPECT_EQ(-ENOENT, cancel_key(RING->ring_fd, .ticket = ticket - 1,
				      .flags = C_TICKET));
	EXPECT_EQ(0, cancel_key(RING->ring_fd, .ticket = ticket,
				.flags = C_TICKET));
}

TEST_F(pair, c18_a_ring_that_is_sealed)
{
	struct cring_cancel_key key = { .flags = C_ALL | C_ANY };

	ASSERT_EQ(0, cancel_call(RING->ring_fd, &key, 1, CRING_CANCEL_SEAL, 0));
	put_pair(self->p[0], 1);
	submit_all(RING, 2);
	expect_pair(1, -ECANCELED, -ENOENT);
}

TEST_F(pair, s6_what_is_not_admitted)
{
	struct cring_restrict r = { 0 };

	cring_restrict_op(&r, CRING_OP_ASYNC_CANCEL);
	ASSERT_EQ(0, cring_register_restrict(RING, &r));
	put_pair(self->p[0], 1);
	submit_all(RING, 2);
	expect_pair(1, -EACCES, -ENOENT);
}

/* ---- another thread cancels it, too --------------------------------------- */

struct canceller {
	int fd;
	bool over;
};

static void *cancel_on(void *arg)
{
	struct canceller *c = arg;
	unsigned long stopped = 0;

	while (!__atomic_load_n(&c->over, __ATOMIC_RELAXED))
		stopped += !cancel_key(c->fd, .user_data = 1);
	return (void *)stopped;
}

TEST_F(pair, c1_while_another_thread_cancels)
{
	struct canceller c = { .fd = RING->ring_fd };
	unsigned long found = 0;
	unsigned int i;
	pthread_t t;
	void *by_it;

	ASSERT_EQ(0, pthread_create(&t, NULL, cancel_on, &c));
	for (i = 0; i < 500; i++) {
		put_pair(self->p[0], 1);
		submit_all(RING, 2);
		ASSERT_EQ(2, cq_count(RING));
		EXPECT_EQ(-ECANCELED, res_of(RING, 1));
		found += !res_of(RING, 101);
		reap_all(RING);
	}
	__atomic_store_n(&c.over, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(t, &by_it));
	/* one of the two has */
	EXPECT_EQ(500, found + (unsigned long)by_it);
	EXPECT_EQ(0, cring_in_flight(RING));
}

TEST_HARNESS_MAIN
