// SPDX-License-Identifier: MIT
/*
 * C8: an SQE's ticket is the count of SQEs accepted before it, and names that
 * operation and no later one, whatever is reused.
 */
#include "util.h"
#include "cancel_util.h"

FIXTURE(ticket) {
	struct cring ring;
	int p[2];
};

FIXTURE_VARIANT(ticket) { enum way way; };
FIXTURE_VARIANT_ADD(ticket, by_sqe) { .way = BY_SQE };
FIXTURE_VARIANT_ADD(ticket, by_call) { .way = BY_CALL };

#define RING	(&self->ring)
#define WAY	variant->way
#define STOPPED(ud)	expect_stopped(RING, WAY, ud)
#define PENDING(ud)	expect_pending(RING, ud)

FIXTURE_SETUP(ticket)
{
	ring_init(RING, 64);
	new_pipe(self->p, 0);
}

FIXTURE_TEARDOWN(ticket)
{
	cring_queue_exit(RING);
}

/* The ticket of the SQE that is accepted next. */
static uint64_t next_ticket(struct cring *ring)
{
	return __atomic_load_n(&shared_of(ring)->accepted, __ATOMIC_ACQUIRE);
}

static uint64_t t_arm_and_know(struct __test_metadata *_metadata,
			       struct cring *ring, uint64_t ud, int fd)
{
	uint64_t ticket = next_ticket(ring);

	arm_read(ring, ud, fd);
	return ticket;
}
/* Arms a read, and gives its ticket. */
#define arm_and_know(ud)	t_arm_and_know(_metadata, RING, ud, self->p[0])

/* @more are further flags */
#define by_ticket(t, more, ...)						\
	cancel(RING, WAY, .ticket = (t), .flags = C_TICKET | (more), ##__VA_ARGS__)

TEST_F(ticket, c8_a_ticket_names_one_operation_of_many)
{
	uint64_t t[5];
	int i;

	/* the same user_data, file and kind: nothing else tells them apart */
	for (i = 0; i < 5; i++)
		t[i] = arm_and_know(9);
	EXPECT_EQ(0, by_ticket(t[2], 0));
	EXPECT_EQ(1, cqes_with(RING, 9));
	EXPECT_EQ(-ENOENT, by_ticket(t[2], 0));
	EXPECT_EQ(0, by_ticket(t[4], 0));
	EXPECT_EQ(0, by_ticket(t[0], 0));
	EXPECT_EQ(3, cqes_with(RING, 9));
	EXPECT_EQ(-ENOENT, by_ticket(t[0], 0));
	EXPECT_EQ(0, by_ticket(t[1], 0));
	EXPECT_EQ(0, by_ticket(t[3], 0));
	EXPECT_EQ(5, cqes_with(RING, 9));
}

TEST_F(ticket, c8_the_first_ticket_is_0)
{
	arm_read(RING, 1, self->p[0]);
	arm_read(RING, 2, self->p[0]);
	EXPECT_EQ(0, by_ticket(0, 0));
	STOPPED(1);
	PENDING(2);
}

TEST_F(ticket, c8_every_accepted_sqe_takes_one)
{
	uint64_t t = next_ticket(RING);

	EXPECT_EQ(0, t);
	put(RING, .opcode = CRING_OP_NOP, .user_data = 10);
	/* refused, and accepted all the same */
	put(RING, .opcode = CRING_OP_NOP, .ioprio = 1, .user_data = 11);
	put(RING, .opcode = 127, .user_data = 12);
	/* each member of a chain, also one without a CQE */
	put(RING, .opcode = CRING_OP_NOP, .user_data = 13,
	    .flags = CRING_SQE_IO_LINK | CRING_SQE_CQE_SKIP_SUCCESS);
	put(RING, .opcode = CRING_OP_NOP, .user_data = 14);
	put(RING, .opcode = CRING_OP_ASYNC_CANCEL, .addr = 99, .user_data = 15);
	put(RING, .opcode = CRING_OP_READ, .fd = self->p[0],
	    .addr = PTR64(sink), .len = 1, .user_data = 1);
	put(RING, .opcode = CRING_OP_READ, .fd = self->p[0],
	    .addr = PTR64(sink), .len = 1, .user_data = 2);
	submit_all(RING, 8);
	EXPECT_EQ(8, next_ticket(RING));
	EXPECT_EQ(0, by_ticket(6, 0));
	STOPPED(1);
	EXPECT_EQ(0, by_ticket(7, 0));
	STOPPED(2);
}

TEST_F(ticket, c8_what_is_not_accepted_takes_none)
{
	unsigned int i, entries = shared_of(RING)->cq_entries;
	uint64_t t;

	for (i = 0; i < entries - 1; i++) {
		put(RING, .opcode = CRING_OP_NOP, .user_data = 100 + i);
		submit_all(RING, 1);
	}
	t = arm_and_know(1);
	EXPECT_EQ(entries - 1, t);
	put(RING, .opcode = CRING_OP_READ, .fd = self->p[0],
	    .addr = PTR64(sink), .len = 1, .user_data = 2);
	EXPECT_EQ(-EBUSY, cring_submit(RING));
	EXPECT_EQ(t + 1, next_ticket(RING));
	reap_all(RING);
	submit_all(RING, 1);
	EXPECT_EQ(0, by_ticket(t + 1, 0));
	STOPPED(2);
	PENDING(1);
}

TEST_F(ticket, c8_a_reused_user_data_is_not_confused)
{
	uint64_t old, t = arm_and_know(0xf00d);
	int i;

	for (i = 0; i < 1000; i++) {
		old = t;
		EXPECT_EQ(0, cancel(RING, WAY, .user_data = 0xf00d));
		reap_all(RING);
		/* most likely in the same record, too */
		t = arm_and_know(0xf00d);
		ASSERT_EQ(-ENOENT, by_ticket(old, 0));
		ASSERT_EQ(-ENOENT, by_ticket(old, C_UD, .user_data = 0xf00d));
		PENDING(0xf00d);
	}
	EXPECT_EQ(0, by_ticket(t, C_UD, .user_data = 0xf00d));
	STOPPED(0xf00d);
}

TEST_F(ticket, c8_ticket_and_user_data_must_both_match)
{
	uint64_t one = arm_and_know(1), two = arm_and_know(2);

	EXPECT_EQ(-ENOENT, by_ticket(one, C_UD, .user_data = 2));
	EXPECT_EQ(-ENOENT, by_ticket(two, C_UD, .user_data = 1));
	PENDING(1);
	PENDING(2);
	EXPECT_EQ(0, by_ticket(two, C_UD, .user_data = 2));
	STOPPED(2);
	PENDING(1);
}

TEST_F(ticket, c8_ticket_and_other_keys_must_all_match)
{
	uint64_t t = next_ticket(RING);

	put(RING, .opcode = CRING_OP_READ, .fd = self->p[0],
	    .addr = PTR64(sink), .len = 1, .user_data = 1, .group = 7);
	submit_all(RING, 1);
	EXPECT_EQ(-ENOENT, by_ticket(t, C_FD, .fd = self->p[1]));
	EXPECT_EQ(-ENOENT, by_ticket(t, C_OP, .opcode = CRING_OP_WRITE));
	EXPECT_EQ(-ENOENT, by_ticket(t, C_GROUP, .group = 8));
	PENDING(1);
	EXPECT_EQ(0, by_ticket(t, C_UD | C_FD | C_OP | C_GROUP, .user_data = 1,
			       .fd = self->p[0], .opcode = CRING_OP_READ,
			       .group = 7));
	STOPPED(1);
}

TEST_F(ticket, c8_a_ticket_has_64_bits)
{
	uint64_t t = arm_and_know(1);

	EXPECT_EQ(-ENOENT, by_ticket(t + (1ULL << 32), 0));
	EXPECT_EQ(-ENOENT, by_ticket(t | 1ULL << 63, 0));
	PENDING(1);
	EXPECT_EQ(0, by_ticket(t, 0));
	STOPPED(1);
}

TEST_F(ticket, c8_a_ticket_that_nobody_has_yet_is_enoent)
{
	uint64_t later = next_ticket(RING) + 3;

	EXPECT_EQ(-ENOENT, by_ticket(later, 0));
	EXPECT_EQ(-ENOENT, by_ticket(UINT64_MAX, 0));
	/* and is not remembered */
	while (next_ticket(RING) < later) {
		put(RING, .opcode = CRING_OP_NOP, .user_data = 100);
		submit_all(RING, 1);
	}
	EXPECT_EQ(later, arm_and_know(1));
	EXPECT_EQ(0, by_ticket(later, 0));
	STOPPED(1);
}

TEST_F(ticket, c8_a_ticket_with_all_or_any_is_einval)
{
	uint64_t t = arm_and_know(1);

	EXPECT_EQ(-EINVAL, by_ticket(t, C_ALL));
	EXPECT_EQ(-EINVAL, by_ticket(t, C_ANY));
	EXPECT_EQ(-EINVAL, by_ticket(t, 0, .user_data = 1));
	PENDING(1);
}

TEST_F(ticket, c8_a_ticket_without_its_flag_is_einval)
{
	arm_and_know(1);
	EXPECT_EQ(-EINVAL, cancel(RING, WAY, .user_data = 1, .ticket = 1));
	EXPECT_EQ(-EINVAL, cancel(RING, WAY, .ticket = 1,
				  .flags = C_ANY | C_ALL));
	PENDING(1);
}

TEST_F(ticket, c8_in_one_batch_with_what_it_names)
{
	uint64_t t = next_ticket(RING);

	put(RING, .opcode = CRING_OP_READ, .fd = self->p[0],
	    .addr = PTR64(sink), .len = 1, .user_data = 1);
	/* the one before; itself; the one after; another cancel */
	put(RING, .opcode = CRING_OP_ASYNC_CANCEL, .cancel_flags = C_TICKET,
	    .off = t, .user_data = 10);
	put(RING, .opcode = CRING_OP_ASYNC_CANCEL, .cancel_flags = C_TICKET,
	    .off = t + 2, .user_data = 11);
	put(RING, .opcode = CRING_OP_ASYNC_CANCEL, .cancel_flags = C_TICKET,
	    .off = t + 4, .user_data = 12);
	put(RING, .opcode = CRING_OP_READ, .fd = self->p[0],
	    .addr = PTR64(sink), .len = 1, .user_data = 2);
	put(RING, .opcode = CRING_OP_ASYNC_CANCEL, .cancel_flags = C_TICKET,
	    .off = t + 1, .user_data = 13);
	submit_all(RING, 6);
	expect_res(RING, 10, 0);
	expect_res(RING, 1, -ECANCELED);
	EXPECT_LT(cqe_at(RING, 1), cqe_at(RING, 10));
	expect_res(RING, 11, -ENOENT);
	expect_res(RING, 12, -ENOENT);
	expect_res(RING, 13, -ENOENT);
	PENDING(2);
	EXPECT_EQ(0, by_ticket(t + 4, 0));
	STOPPED(2);
}

TEST_F(ticket, c8_in_a_chain_and_behind_a_drain)
{
	uint64_t t = next_ticket(RING);

	put(RING, .opcode = CRING_OP_READ, .fd = self->p[0],
	    .addr = PTR64(sink), .len = 1, .user_data = 1,
	    .flags = CRING_SQE_IO_LINK);
	put(RING, .opcode = CRING_OP_NOP, .user_data = 2);
	put(RING, .opcode = CRING_OP_NOP, .user_data = 3,
	    .flags = CRING_SQE_IO_DRAIN);
	submit_all(RING, 3);
	/* as an SQE it would wait behind the drain itself */
	EXPECT_EQ(0, cancel(RING, BY_CALL, .ticket = t + 2,
			    .flags = C_TICKET));
	expect_stopped(RING, BY_CALL, 3);
	EXPECT_EQ(0, cancel(RING, BY_CALL, .ticket = t + 1,
			    .flags = C_TICKET));
	expect_stopped(RING, BY_CALL, 2);
	PENDING(1);
}

TEST_F(ticket, c8_what_a_worker_runs_is_ealready)
{
	uint64_t t = next_ticket(RING);

	put_async_read(_metadata, RING, 1, self->p[0]);
	submit_all(RING, 1);
	msleep(500);
	EXPECT_EQ(-EALREADY, by_ticket(t, 0));
	await(RING, 1);
	expect_res(RING, 1, -ECANCELED);
	EXPECT_EQ(-ENOENT, by_ticket(t, 0));
}

TEST_F(ticket, c8_each_ring_counts_its_own)
{
	struct cring other;
	uint64_t t;

	ring_init(&other, 4);
	t = arm_and_know(1);
	EXPECT_EQ(0, next_ticket(&other));
	EXPECT_EQ(-ENOENT, cancel(&other, WAY, .ticket = t, .flags = C_TICKET));
	PENDING(1);
	cring_queue_exit(&other);
}

TEST_HARNESS_MAIN
