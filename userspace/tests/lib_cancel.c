// SPDX-License-Identifier: MIT
/*
 * The header library's part of cancelling: tickets that are known without a call,
 * and what it does besides the call.
 */
#include "util.h"
#include "cancel_util.h"

FIXTURE(lib) {
	struct cring ring;
	int p[2];
};

#define RING	(&self->ring)

FIXTURE_SETUP(lib)
{
	ring_init(RING, 8);
	new_pipe(self->p, 0);
}

FIXTURE_TEARDOWN(lib)
{
	cring_queue_exit(RING);
}

TEST_F(lib, c8_the_ticket_is_the_number_of_sqes_before)
{
	uint64_t want = 0;
	int i, k;

	/* Over the end of the queue, in batches of its whole size and of less. */
	for (i = 0; i < 20; i++) {
		for (k = 0; k <= i % 8; k++) {
			struct cring_sqe *sqe = new_sqe(RING, 1);

			EXPECT_EQ(want, cring_sqe_ticket(RING, sqe));
			want++;
		}
		/* Not the last one only. */
		EXPECT_EQ(want - 1 - i % 8,
			  cring_sqe_ticket(RING, &RING->sqes[(want - 1 - i % 8) % 8]));
		submit_all(RING, i % 8 + 1);
		reap_all(RING);
		EXPECT_EQ(want, RING->shared->accepted);
	}
}

TEST_F(lib, c8_what_is_rolled_back_gives_its_ticket_to_the_next)
{
	unsigned int mark = cring_sq_mark(RING);
	uint64_t first = cring_sqe_ticket(RING, new_sqe(RING, 1));

	new_sqe(RING, 2);
	EXPECT_EQ(2, cring_sq_rollback(RING, mark));
	EXPECT_EQ(first, cring_sqe_ticket(RING, new_sqe(RING, 3)));
}

TEST_F(lib, c8_a_ticket_of_an_armed_read_stops_it_either_way)
{
	uint64_t ticket[2];
	struct cring_cancel_key key;
	struct cring_sqe *sqe;
	int i;

	for (i = 0; i < 2; i++) {
		sqe = new_sqe(RING, 5);
		cring_prep_read(sqe, self->p[0], sink, 1, 0);
		ticket[i] = cring_sqe_ticket(RING, sqe);
	}
	submit_all(RING, 2);
	key = cring_key_ticket(ticket[1], 0);
	EXPECT_EQ(0, cring_cancel_sync(RING, &key, 0, 0));
	EXPECT_EQ(-ENOENT, cring_cancel_sync(RING, &key, 0, 0));
	sqe = new_sqe(RING, 6);
	cring_prep_cancel_ticket(sqe, ticket[0], CRING_ASYNC_CANCEL_USERDATA);
	sqe->addr = 5;
	submit_all(RING, 1);
	expect_res(RING, 6, 0);
	EXPECT_EQ(2, cqes_with(RING, 5));
}

TEST_F(lib, c14_a_group_as_an_sqe)
{
	struct cring_sqe *sqe;
	int i;

	for (i = 0; i < 4; i++) {
		sqe = new_sqe(RING, i);
		cring_prep_read(sqe, self->p[0], sink, 1, 0);
		cring_sqe_set_group(sqe, 1 + i % 2);
	}
	cring_prep_cancel_group(new_sqe(RING, 9), 2, CRING_ASYNC_CANCEL_ALL);
	submit_all(RING, 5);
	expect_res(RING, 9, 2);
	expect_res(RING, 1, -ECANCELED);
	expect_res(RING, 3, -ECANCELED);
	EXPECT_EQ(1, cring_group_cancel(RING, 1, 0, 0) - 1);
	settle(RING);
}

TEST_F(lib, c11_close_cancel_stops_and_closes)
{
	struct cring other;
	int d = dup(self->p[0]);

	ring_init(&other, 8);
	arm_read(RING, 1, d);
	arm_read(&other, 2, self->p[0]);
	EXPECT_EQ(2, cring_close_cancel(NULL, d, CRING_CANCEL_WAIT, -1));
	EXPECT_EQ(-1, fcntl(d, F_GETFD));
	expect_res(RING, 1, -ECANCELED);
	expect_res(&other, 2, -ECANCELED);
	EXPECT_EQ(0, cring_close_cancel(RING, self->p[0], 0, 0));
	EXPECT_EQ(-EBADF, cring_close_cancel(RING, self->p[0], 0, 0));
	EXPECT_EQ(-EBADF, cring_close_cancel(NULL, self->p[0], 0, 0));
	cring_queue_exit(&other);
}

TEST_F(lib, c11_close_cancel_that_is_refused_leaves_it_open)
{
	arm_read(RING, 1, self->p[0]);
	EXPECT_EQ(-EINVAL, cring_close_cancel(RING, self->p[0], 1U << 31, 0));
	EXPECT_EQ(-EINVAL, cring_close_cancel(NULL, self->p[0], 1U << 31, 0));
	EXPECT_LE(0, fcntl(self->p[0], F_GETFD));
	expect_pending(RING, 1);
}

TEST_HARNESS_MAIN
