// SPDX-License-Identifier: MIT
/*
 * C2, C3, C7, S6: cancels that come last in what is submitted, and what they mean is
 * there: they wait for slots, for a drain and for permission as any other.
 */
#include "util.h"
#include "cancel_util.h"

FIXTURE(last) {
	struct cring ring;
	int p[2];
};

#define RING	(&self->ring)

FIXTURE_SETUP(last)
{
	ring_init(RING, 2);
	new_pipe(self->p, 0);
}

FIXTURE_TEARDOWN(last)
{
	cring_queue_exit(RING);
}

#define put_read(ud, ...)						\
	put(RING, .opcode = CRING_OP_READ, .fd = self->p[0],		\
	    .addr = PTR64(sink), .len = 1, .user_data = ud, ##__VA_ARGS__)
#define put_cancel(ud, target, ...)					\
	put(RING, .opcode = CRING_OP_ASYNC_CANCEL, .addr = target,	\
	    .user_data = ud, ##__VA_ARGS__)

TEST_F(last, c2_a_cancel_without_a_slot_does_nothing)
{
	unsigned int i;

	ASSERT_EQ(4, RING->cq_entries);
	put_read(1);
	submit_all(RING, 1);
	for (i = 0; i < 3; i++) {
		put(RING, .opcode = CRING_OP_NOP, .user_data = 10 + i);
		submit_all(RING, 1);
	}
	put_cancel(2, 1);
	EXPECT_EQ(-EBUSY, cring_submit(RING));
	EXPECT_EQ(3, cq_count(RING));
	EXPECT_EQ(-1, cqe_at(RING, 1));
	cring_cq_advance(RING, 3);
	EXPECT_EQ(1, cring_submit(RING));
	ASSERT_EQ(2, cq_count(RING));
	EXPECT_EQ(1, cq_peek(RING, 0)->user_data);
	EXPECT_EQ(-ECANCELED, cq_peek(RING, 0)->res);
	EXPECT_EQ(0, cq_peek(RING, 1)->res);
}

TEST_F(last, c7_a_cancel_waits_behind_a_drain)
{
	put_read(1);
	put(RING, .opcode = CRING_OP_NOP, .user_data = 2,
	    .flags = CRING_SQE_IO_DRAIN);
	submit_all(RING, 2);
	put_cancel(3, 1);
	submit_all(RING, 1);
	EXPECT_EQ(0, cq_count(RING));
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	await(RING, 3);
	EXPECT_EQ(1, cq_peek(RING, 0)->user_data);
	EXPECT_EQ(1, cq_peek(RING, 0)->res);
	EXPECT_EQ(2, cq_peek(RING, 1)->user_data);
	EXPECT_EQ(-ENOENT, cq_peek(RING, 2)->res);
}

TEST_F(last, s6_a_cancel_that_is_not_admitted_does_nothing)
{
	struct cring_restrict r = { .cancel_flags = C_ALL };

	cring_restrict_op(&r, CRING_OP_READ);
	cring_restrict_op(&r, CRING_OP_ASYNC_CANCEL);
	put_read(1);
	submit_all(RING, 1);
	ASSERT_EQ(0, cring_register_restrict(RING, &r));
	put_cancel(2, 0, .cancel_flags = C_ANY);
	submit_all(RING, 1);
	ASSERT_EQ(1, cq_count(RING));
	EXPECT_EQ(-EACCES, cq_peek(RING, 0)->res);
	cring_cq_advance(RING, 1);
	put_cancel(3, 1);
	submit_all(RING, 1);
	ASSERT_EQ(2, cq_count(RING));
	EXPECT_EQ(0, cq_peek(RING, 1)->res);
}

/* one that is older has the same user_data, and is no poll */
TEST_F(last, c6_what_fits_is_found_behind_what_does_not)
{
	put_read(7);
	submit_all(RING, 1);
	/* looks at it */
	put_cancel(1, 6);
	submit_all(RING, 1);
	put(RING, .opcode = CRING_OP_POLL_ADD, .fd = self->p[0],
	    .poll32_events = POLLIN, .user_data = 7);
	submit_all(RING, 1);
	put_cancel(2, 7, .cancel_flags = C_UD | C_OP,
		   .len = CRING_OP_POLL_ADD);
	submit_all(RING, 1);
	ASSERT_EQ(3, cq_count(RING));
	EXPECT_EQ(-ENOENT, cq_peek(RING, 0)->res);
	EXPECT_EQ(7, cq_peek(RING, 1)->user_data);
	EXPECT_EQ(0, cq_peek(RING, 2)->res);
	cring_cq_advance(RING, 3);
	put_cancel(3, 7);
	submit_all(RING, 1);
	ASSERT_EQ(2, cq_count(RING));
	EXPECT_EQ(0, cq_peek(RING, 1)->res);
}

TEST_HARNESS_MAIN
