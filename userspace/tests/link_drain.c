// SPDX-License-Identifier: MIT
/* IO_DRAIN, and CQE_SKIP_SUCCESS. */
#include "util_sys.h"

#define DRAIN	CRING_SQE_IO_DRAIN
#define SKIP_OK	CRING_SQE_CQE_SKIP_SUCCESS
#define SOFT	CRING_SQE_IO_LINK

FIXTURE(drain) { struct cring ring; int p[2], q[2]; char buf[64]; };
FIXTURE_SETUP(drain)
{
	ring_init(&self->ring, 16);
	new_pipe(self->p, 0);
	new_pipe(self->q, 0);
}
FIXTURE_TEARDOWN(drain) { cring_queue_exit(&self->ring); }

#define NOP(user_data, sqe_flags) \
	(new_sqe(&self->ring, user_data)->flags = (uint8_t)(sqe_flags))

#define READ(user_data, fd, sqe_flags) do {				\
	struct cring_sqe *__s = new_sqe(&self->ring, user_data);	\
	cring_prep_read(__s, fd, self->buf, 1, 0);			\
	__s->flags = (uint8_t)(sqe_flags);				\
} while (0)

TEST_F(drain, drain_waits_for_all_before_and_holds_all_behind)
{
	READ(1, self->p[0], 0);
	READ(2, self->q[0], 0);
	NOP(3, DRAIN);
	NOP(4, 0);
	submit_all(&self->ring, 4);
	expect_quiet(&self->ring);
	/* Also what a later call submits. */
	NOP(5, 0);
	submit_all(&self->ring, 1);
	expect_quiet(&self->ring);
	ASSERT_EQ(1, write(self->q[1], "x", 1));
	EXPECT_EQ(1, reap_res(&self->ring, 2));
	expect_quiet(&self->ring);
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	EXPECT_EQ(1, reap_res(&self->ring, 1));
	EXPECT_EQ(0, reap_res(&self->ring, 3));
	EXPECT_EQ(0, reap_res(&self->ring, 4));
	EXPECT_EQ(0, reap_res(&self->ring, 5));
	expect_quiet(&self->ring);
}

TEST_F(drain, drain_of_an_idle_ring_starts_at_once)
{
	NOP(1, DRAIN);
	NOP(2, DRAIN);
	submit_all(&self->ring, 2);
	EXPECT_EQ(0, reap_res(&self->ring, 1));
	EXPECT_EQ(0, reap_res(&self->ring, 2));
}

/* What comes behind a drained operation waits until that has completed. */
TEST_F(drain, drain_holds_until_it_has_completed_itself)
{
	READ(1, self->p[0], DRAIN);
	NOP(2, 0);
	submit_all(&self->ring, 2);
	expect_quiet(&self->ring);
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	EXPECT_EQ(1, reap_res(&self->ring, 1));
	EXPECT_EQ(0, reap_res(&self->ring, 2));
}

TEST_F(drain, drain_of_a_chain_holds_its_head)
{
	READ(1, self->p[0], 0);
	NOP(2, DRAIN | SOFT);
	NOP(3, 0);
	submit_all(&self->ring, 3);
	expect_quiet(&self->ring);
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	EXPECT_EQ(1, reap_res(&self->ring, 1));
	EXPECT_EQ(0, reap_res(&self->ring, 2));
	EXPECT_EQ(0, reap_res(&self->ring, 3));
}

TEST_F(drain, drain_behind_a_chain_waits_for_its_last_member)
{
	READ(1, self->p[0], SOFT);
	READ(2, self->q[0], 0);
	NOP(3, DRAIN);
	submit_all(&self->ring, 3);
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	EXPECT_EQ(1, reap_res(&self->ring, 1));
	expect_quiet(&self->ring);
	ASSERT_EQ(1, write(self->q[1], "x", 1));
	EXPECT_EQ(1, reap_res(&self->ring, 2));
	EXPECT_EQ(0, reap_res(&self->ring, 3));
}

TEST_F(drain, drain_goes_on_when_what_it_waits_for_is_cancelled)
{
	struct cring_cancel_key k = cring_key64(1, 0);

	READ(1, self->p[0], 0);
	NOP(2, DRAIN);
	submit_all(&self->ring, 2);
	expect_quiet(&self->ring);
	EXPECT_EQ(0, cring_cancel_sync(&self->ring, &k, 0, 0));
	EXPECT_EQ(-ECANCELED, reap_res(&self->ring, 1));
	EXPECT_EQ(0, reap_res(&self->ring, 2));
}

TEST_F(drain, c4_cancel_of_a_drained_operation)
{
	struct cring_cancel_key k = cring_key64(2, 0);
	struct cring_cqe c;

	READ(1, self->p[0], 0);
	NOP(2, DRAIN);
	NOP(3, 0);
	submit_all(&self->ring, 3);
	EXPECT_EQ(0, cring_cancel_sync(&self->ring, &k, 0, 0));
	c = reap(&self->ring);
	EXPECT_EQ(2, c.user_data);
	EXPECT_EQ(-ECANCELED, c.res);
	EXPECT_EQ(CRING_CQE_F_NOT_STARTED, c.flags);
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	c = reap(&self->ring);
	EXPECT_TRUE(c.user_data == 1 || c.user_data == 3);
	c = reap(&self->ring);
	EXPECT_TRUE(c.user_data == 1 || c.user_data == 3);
	expect_quiet(&self->ring);
}

TEST_F(drain, c1_many_drains_in_order)
{
	uint64_t i, round;

	for (round = 0; round < 100; round++) {
		for (i = 0; i < 16; i++) {
			struct cring_sqe *sqe = new_sqe(&self->ring, i);

			if (i % 4 == 1) {
				cring_prep_write(sqe, self->p[1], "x", 1, 0);
				sqe->flags = CRING_SQE_ASYNC;
			} else if (i % 4 == 2) {
				cring_prep_read(sqe, self->p[0], self->buf, 1, 0);
			}
			sqe->flags |= DRAIN;
		}
		submit_all(&self->ring, 16);
		for (i = 0; i < 16; i++)
			ASSERT_EQ(i % 4 == 1 || i % 4 == 2,
				  reap_res(&self->ring, i));
	}
}

TEST_F(drain, c1_skip_success_posts_only_failures)
{
	int i;

	for (i = 0; i < 10; i++)
		NOP(i, SKIP_OK);
	NOP(10, 0);
	submit_all(&self->ring, 11);
	EXPECT_EQ(0, reap_res(&self->ring, 10));
	expect_quiet(&self->ring);
	EXPECT_EQ(0, cring_in_flight(&self->ring));
	READ(1, 1000, SKIP_OK);
	submit_all(&self->ring, 1);
	EXPECT_EQ(-EBADF, reap_res(&self->ring, 1));
	/* Armed, and later done. */
	READ(2, self->p[0], SKIP_OK);
	submit_all(&self->ring, 1);
	ASSERT_EQ(1, write(self->p[1], "s", 1));
	expect_quiet(&self->ring);
	EXPECT_EQ('s', self->buf[0]);
	EXPECT_EQ(0, cring_in_flight(&self->ring));
}

/* What was skipped gives its slot back: more of them than the CQ holds. */
TEST_F(drain, c2_skipped_completions_hold_no_slots)
{
	int i, round;

	for (round = 0; round < 10; round++) {
		for (i = 0; i < 16; i++)
			NOP(i, SKIP_OK);
		submit_all(&self->ring, 16);
	}
	EXPECT_EQ(0, cring_cq_ready(&self->ring));
	EXPECT_EQ(0, run_sqe(&self->ring, new_sqe(&self->ring, 0)));
}

TEST_F(drain, link_skip_in_a_chain)
{
	NOP(1, SKIP_OK | SOFT);
	NOP(2, SKIP_OK | SOFT);
	NOP(3, 0);
	submit_all(&self->ring, 3);
	EXPECT_EQ(0, reap_res(&self->ring, 3));
	expect_quiet(&self->ring);
	/* A broken link shows all of what did not run. */
	READ(1, 1000, SKIP_OK | SOFT);
	NOP(2, SKIP_OK | SOFT);
	NOP(3, SKIP_OK);
	submit_all(&self->ring, 3);
	EXPECT_EQ(-EBADF, reap_res(&self->ring, 1));
	EXPECT_EQ(-ECANCELED, reap_res(&self->ring, 2));
	EXPECT_EQ(-ECANCELED, reap_res(&self->ring, 3));
}

/* An SQE that would be refused waits behind a drain as any does. */
TEST_F(drain, c6_any_means_what_is_no_operation_too)
{
	struct cring_cancel_key k = cring_key_any(CRING_ASYNC_CANCEL_ALL);
	int i;

	READ(1, self->p[0], 0);
	NOP(2, DRAIN);
	new_sqe(&self->ring, 3)->opcode = 100;
	submit_all(&self->ring, 3);
	EXPECT_EQ(3, cring_cancel_sync(&self->ring, &k, 0, 0));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(-ECANCELED, reap(&self->ring).res);
	expect_quiet(&self->ring);
}

/* A cancelled operation is no success. */
TEST_F(drain, c3_skip_success_shows_a_cancel)
{
	struct cring_cancel_key k = cring_key64(1, 0);

	READ(1, self->p[0], SKIP_OK);
	submit_all(&self->ring, 1);
	EXPECT_EQ(0, cring_cancel_sync(&self->ring, &k, 0, 0));
	EXPECT_EQ(-ECANCELED, reap_res(&self->ring, 1));
}

TEST_HARNESS_MAIN
