// SPDX-License-Identifier: MIT
/*
 * C7: the synchronous call with an array of keys: one answer a key, in order,
 * and how many of the matches were -EALREADY.
 */
#include "util.h"
#include "cancel_util.h"

FIXTURE(sync) {
	struct cring ring;
	int p[2];
	struct cring_cancel_key *keys;
};

#define RING	(&self->ring)
#define MAX	CRING_CANCEL_MAX_KEYS

FIXTURE_SETUP(sync)
{
	ring_init(RING, MAX);
	new_pipe(self->p, 0);
	self->keys = calloc(MAX, sizeof(*self->keys));
	ASSERT_NE(NULL, self->keys);
}

FIXTURE_TEARDOWN(sync)
{
	cring_queue_exit(RING);
	free(self->keys);
}

/* @nr armed polls with user_data first, first + 1, ... */
static void arm_many(struct __test_metadata *_metadata, struct cring *ring,
		     uint64_t first, unsigned int nr, int fd)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		put(ring, .opcode = CRING_OP_POLL_ADD, .fd = fd,
		    .poll32_events = POLLIN, .user_data = first + i);
	submit_all(ring, nr);
	EXPECT_EQ(nr, shared_of(ring)->in_flight);
}

TEST_F(sync, c7_4096_keys_each_with_its_own_answer)
{
	unsigned int i, wrong = 0;

	/* Odd ones are in flight, even ones never were. */
	for (i = 1; i < MAX; i += 2)
		put(RING, .opcode = CRING_OP_POLL_ADD, .fd = self->p[0],
		    .poll32_events = POLLIN, .user_data = i);
	submit_all(RING, MAX / 2);
	for (i = 0; i < MAX; i++) {
		self->keys[i].user_data = i;
		self->keys[i].res = 12345;
		self->keys[i].already = 12345;
	}
	EXPECT_EQ(0, cancel_call(RING->ring_fd, self->keys, MAX, 0, 0));
	for (i = 0; i < MAX; i++)
		wrong += self->keys[i].res != (i & 1 ? 0 : -ENOENT) ||
			 self->keys[i].already || self->keys[i].user_data != i;
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(MAX / 2, cq_count(RING));
	EXPECT_EQ(0, shared_of(RING)->in_flight);
	for (i = 0; i < cq_count(RING); i++)
		wrong += cq_peek(RING, i)->res != -ECANCELED ||
			 !(cq_peek(RING, i)->user_data & 1);
	EXPECT_EQ(0, wrong);
}

TEST_F(sync, c7_keys_of_every_kind_in_one_array)
{
	struct cring_cancel_key keys[] = {
		{ .user_data = 1 },
		{ .user_data = 1 },
		{ .user_data = 2, .flags = C_UD },
		{ .flags = C_OP, .opcode = CRING_OP_TIMEOUT },
		{ .flags = C_FD, .fd = -1 },
		{ .flags = C_FD, .fd = self->p[0] },
		{ .flags = C_FD | C_ALL, .fd = self->p[0] },
		{ .flags = C_ANY | C_FD },
		{ .flags = C_ANY | C_ALL },
		{ .flags = C_ANY },
	};
	static const int want[] = {
		0, -ENOENT, 0, 0, -EBADF, 0, 2, -EINVAL, 1, -ENOENT,
	};
	unsigned int i;

	arm_many(_metadata, RING, 1, 5, self->p[0]);
	arm_timer(RING, 6);
	arm_timer(RING, 7);
	EXPECT_EQ(0, cancel_call(RING->ring_fd, keys, ARRAY_LEN(keys), 0, 0));
	for (i = 0; i < ARRAY_LEN(keys); i++)
		EXPECT_EQ(want[i], keys[i].res)
			TH_LOG("key %u", i);
	expect_one_each(RING, 1, 7);
}

TEST_F(sync, c7_the_same_key_many_times_hits_once)
{
	unsigned int i, hits = 0, misses = 0;

	arm_many(_metadata, RING, 77, 1, self->p[0]);
	for (i = 0; i < 1000; i++)
		self->keys[i].user_data = 77;
	EXPECT_EQ(0, cancel_call(RING->ring_fd, self->keys, 1000, 0, 0));
	for (i = 0; i < 1000; i++) {
		hits += !self->keys[i].res;
		misses += self->keys[i].res == -ENOENT;
	}
	EXPECT_EQ(0, self->keys[0].res);
	EXPECT_EQ(1, hits);
	EXPECT_EQ(999, misses);
	expect_res(RING, 77, -ECANCELED);
}

TEST_F(sync, c6_all_counts_and_says_how_many_were_already_running)
{
	struct cring_cancel_key key = {
		.flags = C_FD | C_ALL, .fd = self->p[0],
	};
	unsigned int i, canceled = 0;

	/* Three that sleep on workers, four that are armed. */
	for (i = 0; i < 3; i++)
		put_async_read(_metadata, RING, 10 + i, self->p[0]);
	submit_all(RING, 3);
	msleep(300);
	for (i = 0; i < 4; i++)
		arm_poll(RING, 1 + i, self->p[0]);
	EXPECT_EQ(0, cancel_call(RING->ring_fd, &key, 1, 0, 0));
	EXPECT_EQ(7, key.res);
	EXPECT_EQ(3, key.already);
	for (i = 0; i < 4; i++)
		expect_res(RING, 1 + i, -ECANCELED);
	settle(RING);
	for (i = 0; i < 3; i++)
		canceled += res_of(RING, 10 + i) == -ECANCELED;
	EXPECT_EQ(3, canceled);
}

TEST_F(sync, c7_needs_no_ring_space)
{
	struct cring small;
	unsigned int i;

	ring_init_cq(&small, 4, 4);
	for (i = 0; i < 4; i++)
		arm_poll(&small, i, self->p[0]);
	/* Every CQ slot is reserved: one more SQE is refused. */
	put(&small, .opcode = CRING_OP_ASYNC_CANCEL, .addr = 2,
	    .user_data = 99);
	EXPECT_EQ(-EBUSY, cring_submit(&small));
	EXPECT_EQ(0, cancel_key(small.ring_fd, .user_data = 2));
	expect_res(&small, 2, -ECANCELED);
	EXPECT_EQ(3, cancel_key(small.ring_fd, .flags = C_ANY | C_ALL));
	expect_one_each(&small, 0, 4);
	cring_queue_exit(&small);
}

struct helper {
	int fd, ret;
};

static void *cancel_seven(void *arg)
{
	struct helper *h = arg;

	h->ret = cancel_key(h->fd, .user_data = 7);
	return NULL;
}

TEST_F(sync, c7_works_from_any_thread_of_the_owner)
{
	struct helper h = { .fd = RING->ring_fd, .ret = 1 };

	arm_many(_metadata, RING, 7, 1, self->p[0]);
	join(new_thread(cancel_seven, &h));
	EXPECT_EQ(0, h.ret);
	expect_res(RING, 7, -ECANCELED);
}

TEST_F(sync, c7_matches_what_was_accepted_and_nothing_later)
{
	arm_many(_metadata, RING, 1, 3, self->p[0]);
	EXPECT_EQ(3, cancel_key(RING->ring_fd, .flags = C_ANY | C_ALL));
	arm_many(_metadata, RING, 4, 1, self->p[0]);
	expect_pending(RING, 4);
	EXPECT_EQ(-ENOENT, cancel_key(RING->ring_fd, .user_data = 1));
}

TEST_F(sync, c3_what_is_prepared_but_not_submitted_is_enoent)
{
	put(RING, .opcode = CRING_OP_POLL_ADD, .fd = self->p[0],
	    .poll32_events = POLLIN, .user_data = 5);
	EXPECT_EQ(-ENOENT, cancel_key(RING->ring_fd, .user_data = 5));
	EXPECT_EQ(0, cancel_key(RING->ring_fd, .flags = C_ANY | C_ALL));
	submit_all(RING, 1);
	expect_pending(RING, 5);
	EXPECT_EQ(0, cancel_key(RING->ring_fd, .user_data = 5));
	expect_res(RING, 5, -ECANCELED);
}

TEST_F(sync, c7_the_answer_is_in_the_key_and_nothing_else_in_it_changes)
{
	struct cring_cancel_key key, was;

	memset(&key, 0, sizeof(key));
	key.user_data = 0x1122334455667788ULL;
	key.flags = C_UD;
	was = key;
	EXPECT_EQ(0, cancel_call(RING->ring_fd, &key, 1, 0, 0));
	was.res = -ENOENT;
	EXPECT_EQ(0, memcmp(&key, &was, sizeof(key)));
}

TEST_F(sync, c7_an_answer_that_cannot_be_written_is_efault_and_loses_nothing)
{
	struct cring_cancel_key *key = new_pages(4096);

	arm_many(_metadata, RING, 1, 1, self->p[0]);
	key->user_data = 1;
	ASSERT_EQ(0, mprotect(key, 4096, PROT_READ));
	EXPECT_EQ(-EFAULT, cancel_call(RING->ring_fd, key, 1, 0, 0));
	cancel_key(RING->ring_fd, .flags = C_ANY | C_ALL);
	expect_one_each(RING, 1, 1);
	EXPECT_EQ(1, cq_count(RING));
}

TEST_HARNESS_MAIN
