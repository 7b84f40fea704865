// SPDX-License-Identifier: MIT
/*
 * C5: the cost of finding one operation does not grow with how many there are.
 * C1: 65,536 in flight, one call, one completion each.
 *
 * Wall-clock time in a virtual machine is a poor measure: the minimum of many
 * segments is taken, and only a growth that a list walk explains is a failure.
 */
#include "util.h"
#include "cancel_util.h"

#define FEW	16
#define MANY	65536
#define MAX_GROWTH	4
#define SEGMENTS	25
#define PER_SEGMENT	40

FIXTURE(scale) {
	struct cring ring;
	uint32_t group;		/* of what is in flight; 0: each its own */
	int idle[2], target[2];
};

#define RING	(&self->ring)

FIXTURE_SETUP(scale)
{
	ring_init_cq(RING, CRING_MAX_SQ_ENTRIES, CRING_MAX_CQ_ENTRIES);
	new_pipe(self->idle, 0);
	new_pipe(self->target, 0);
}

FIXTURE_TEARDOWN(scale)
{
	cring_queue_exit(RING);
}

enum kind { POLLS, TIMEOUTS };

/* How many are many here: a kernel that is slow has time for a quarter. */
static unsigned int many_here(void)
{
	return test_scale() < 20 ? MANY / 4 : MANY;
}

/*
 * Brings the number in flight to @nr; user_data is @stride times a count, and the
 * group that count when @group is 0.
 */
static void bring_to(struct __test_metadata *_metadata, struct cring *ring,
		     unsigned int nr, enum kind kind, int fd, uint64_t stride,
		     uint32_t group)
{
	unsigned int have = load_acquire(&shared_of(ring)->in_flight), i;

	while (have < nr) {
		unsigned int batch = nr - have;

		if (batch > CRING_MAX_SQ_ENTRIES)
			batch = CRING_MAX_SQ_ENTRIES;
		for (i = 0; i < batch; i++) {
			uint64_t ud = (1 + have + i) * stride;
			uint32_t g = group ? group : 1 + have + i;

			if (kind == POLLS)
				put(ring, .opcode = CRING_OP_POLL_ADD,
				    .fd = fd, .poll32_events = POLLIN,
				    .user_data = ud, .group = g);
			else
				put(ring, .opcode = CRING_OP_TIMEOUT, .fd = -1,
				    .addr = PTR64(&an_hour), .len = 1,
				    .user_data = ud, .group = g);
		}
		submit_all(ring, batch);
		have += batch;
	}
	ASSERT_EQ(nr, load_acquire(&shared_of(ring)->in_flight));
}

/*
 * Nanoseconds for one cancel by @key; its target, whose user_data is 0 and whose
 * group is the key's, is armed again each time, outside of what is measured.
 */
static uint64_t cost(struct __test_metadata *_metadata, struct cring *ring,
		     enum kind kind, int fd, struct cring_cancel_key key,
		     int want)
{
	uint64_t best = UINT64_MAX, sum, start;
	int s, i, ret;

	for (s = 0; s < SEGMENTS; s++) {
		for (sum = 0, i = 0; i < PER_SEGMENT; i++) {
			if (key.flags & C_TICKET)
				key.ticket = shared_of(ring)->accepted;
			if (want == -ENOENT) {
				;
			} else if (kind == POLLS) {
				put(ring, .opcode = CRING_OP_POLL_ADD, .fd = fd,
				    .poll32_events = POLLIN, .group = key.group);
				submit_all(ring, 1);
			} else {
				arm_timer(ring, 0);
			}
			start = now_ns();
			ret = cancel_one(ring->ring_fd, key);
			sum += now_ns() - start;
			ASSERT_EQ(want, ret);
			reap_all(ring);
		}
		if (sum < best)
			best = sum;
	}
	return best / PER_SEGMENT;
}

static void t_growth(struct __test_metadata *_metadata, struct cring *ring,
		     enum kind kind, int idle, int target,
		     struct cring_cancel_key key, int want, uint64_t stride,
		     uint32_t group)
{
	unsigned int nr = many_here();
	uint64_t few, many;

	bring_to(_metadata, ring, FEW, kind, idle, stride, group);
	few = cost(_metadata, ring, kind, target, key, want);
	bring_to(_metadata, ring, nr - 1, kind, idle, stride, group);
	many = cost(_metadata, ring, kind, target, key, want);
	TH_LOG("%llu ns with %u in flight, %llu ns with %u",
	       (unsigned long long)few, FEW, (unsigned long long)many, nr);
	EXPECT_LT(many, MAX_GROWTH * few);
}
#define growth(kind, want, stride, ...)					\
	t_growth(_metadata, RING, kind, self->idle[0], self->target[0],	\
		 (struct cring_cancel_key){ __VA_ARGS__ }, want, stride, \
		 self->group)

TEST_F_TIMEOUT(scale, c5_cancel_by_user_data_costs_the_same, 600)
{
	growth(POLLS, 0, 1, .user_data = 0);
}

TEST_F_TIMEOUT(scale, c5_cancel_by_user_data_costs_the_same_for_odd_values, 600)
{
	growth(POLLS, 0, 1ULL << 44, .user_data = 0);
}

TEST_F_TIMEOUT(scale, c5_cancel_by_user_data_costs_the_same_if_all_are_equal, 600)
{
	/* stride 0: all the others have the same user_data */
	growth(POLLS, 0, 0, .user_data = 0, .fd = self->target[0],
	       .flags = C_FD | C_UD);
}

TEST_F_TIMEOUT(scale, c5_cancel_by_fd_costs_the_same, 600)
{
	growth(POLLS, 0, 1, .fd = self->target[0], .flags = C_FD);
}

TEST_F_TIMEOUT(scale, c5_a_miss_costs_the_same, 600)
{
	growth(POLLS, -ENOENT, 1, .user_data = 0);
}

TEST_F_TIMEOUT(scale, c5_a_miss_by_fd_costs_the_same, 600)
{
	growth(POLLS, -ENOENT, 1, .fd = self->target[0], .flags = C_FD);
}

TEST_F_TIMEOUT(scale, c5_cancel_of_a_timeout_costs_the_same, 600)
{
	growth(TIMEOUTS, 0, 1, .user_data = 0);
}

#define TARGETS	0x80000000	/* nobody else's group */

TEST_F_TIMEOUT(scale, c5_cancel_by_group_costs_the_same, 600)
{
	growth(POLLS, 0, 1, .group = TARGETS, .flags = C_GROUP);
}

TEST_F_TIMEOUT(scale, c5_cancel_by_group_costs_the_same_beside_a_large_one, 600)
{
	self->group = 7;
	growth(POLLS, 0, 1, .group = TARGETS, .flags = C_GROUP);
}

TEST_F_TIMEOUT(scale, c5_a_miss_by_group_costs_the_same, 600)
{
	growth(POLLS, -ENOENT, 1, .group = TARGETS, .flags = C_GROUP);
}

TEST_F_TIMEOUT(scale, c5_cancel_in_a_large_group_by_user_data_costs_the_same, 600)
{
	self->group = TARGETS;
	growth(POLLS, 0, 1, .group = TARGETS, .flags = C_GROUP | C_UD);
}

TEST_F_TIMEOUT(scale, c5_cancel_in_a_large_group_by_fd_costs_the_same, 600)
{
	self->group = TARGETS;
	growth(POLLS, 0, 1, .group = TARGETS, .fd = self->target[0],
	       .flags = C_GROUP | C_FD);
}

TEST_F_TIMEOUT(scale, c5_cancel_by_ticket_costs_the_same, 600)
{
	growth(POLLS, 0, 1, .flags = C_TICKET);
}

TEST_F_TIMEOUT(scale, c5_cancel_by_ticket_costs_the_same_if_all_else_is_equal, 600)
{
	self->group = TARGETS;
	growth(POLLS, 0, 0, .group = TARGETS,
	       .flags = C_TICKET | C_GROUP | C_UD);
}

TEST_F_TIMEOUT(scale, c5_a_miss_by_ticket_costs_the_same, 600)
{
	growth(POLLS, -ENOENT, 1, .flags = C_TICKET);
}

TEST_F_TIMEOUT(scale, c14_all_of_a_group_costs_what_it_matches, 600)
{
	uint64_t start, few = UINT64_MAX, many = UINT64_MAX;
	unsigned int nr = many_here();
	int s, i;

	/* 16 of one group, alone and then among many of another. */
	for (s = 0; s < 2 * SEGMENTS; s++) {
		if (s == SEGMENTS)
			bring_to(_metadata, RING, nr - 16, POLLS,
				 self->idle[0], 1, 7);
		for (i = 0; i < 16; i++)
			put(RING, .opcode = CRING_OP_POLL_ADD,
			    .fd = self->idle[0], .poll32_events = POLLIN,
			    .group = TARGETS);
		submit_all(RING, 16);
		start = now_ns();
		ASSERT_EQ(16, cancel_key(RING->ring_fd, .group = TARGETS,
					 .flags = C_GROUP | C_ALL));
		start = now_ns() - start;
		reap_all(RING);
		if (s < SEGMENTS && start < few)
			few = start;
		if (s >= SEGMENTS && start < many)
			many = start;
	}
	TH_LOG("%llu ns alone, %llu ns among %u", (unsigned long long)few,
	       (unsigned long long)many, nr);
	EXPECT_LT(many, MAX_GROWTH * few);
}

TEST_F_TIMEOUT(scale, c1_65536_in_flight_any_all_one_completion_each, 600)
{
	struct cring_cancel_key key = { .flags = C_ANY | C_ALL };
	unsigned int i, wrong = 0;

	bring_to(_metadata, RING, MANY / 2, POLLS, self->idle[0], 1, 0);
	bring_to(_metadata, RING, MANY, TIMEOUTS, -1, 1, 0);
	/* Full: nothing more is accepted, and nothing is lost by trying. */
	put(RING, .opcode = CRING_OP_NOP, .user_data = 0);
	EXPECT_EQ(-EBUSY, cring_submit(RING));
	EXPECT_EQ(0, cancel_call(RING->ring_fd, &key, 1, 0, 0));
	EXPECT_EQ(MANY, key.res);
	EXPECT_EQ(0, key.already);
	EXPECT_EQ(MANY, cq_count(RING));
	EXPECT_EQ(0, load_acquire(&shared_of(RING)->in_flight));
	for (i = 0; i < cq_count(RING); i++)
		wrong += cq_peek(RING, i)->res != -ECANCELED;
	EXPECT_EQ(0, wrong);
	expect_one_each(RING, 1, MANY);
	reap_all(RING);
	submit_all(RING, 1);
	EXPECT_EQ(0, reap_res(RING, 0));
}

TEST_F_TIMEOUT(scale, c6_all_by_fd_costs_what_it_matches, 600)
{
	unsigned int nr = many_here();
	uint64_t start, few, many;
	int s;

	/* 16 on one file, alone and then among many on another. */
	few = UINT64_MAX;
	many = UINT64_MAX;
	for (s = 0; s < 2 * SEGMENTS; s++) {
		int i;

		if (s == SEGMENTS)
			bring_to(_metadata, RING, nr - 16, POLLS,
				 self->idle[0], 1, 0);
		for (i = 0; i < 16; i++)
			arm_poll(RING, 0, self->target[0]);
		start = now_ns();
		ASSERT_EQ(16, cancel_key(RING->ring_fd, .fd = self->target[0],
					 .flags = C_FD | C_ALL));
		start = now_ns() - start;
		reap_all(RING);
		if (s < SEGMENTS && start < few)
			few = start;
		if (s >= SEGMENTS && start < many)
			many = start;
	}
	TH_LOG("%llu ns alone, %llu ns among %u", (unsigned long long)few,
	       (unsigned long long)many, nr);
	EXPECT_LT(many, MAX_GROWTH * few);
}

TEST_HARNESS_MAIN
