// SPDX-License-Identifier: GPL-2.0
/*
 * CRING_IOC_DEADLINE: the deadline of what is in flight is moved, by any key,
 * also while it is in the batch of another thread (C13 of
 * Documentation/contract.rst).
 */
#include "deadline.h"

#define NO_FLAGS	0

static long move(struct live *live, struct cring_cancel_key *keys, u32 nr,
		 u32 flags, u64 deadline)
{
	unsigned long at = live->args + PAGE_SIZE / 2;
	const struct cring_deadline d = {
		.keys = at, .nr = nr, .flags = flags, .deadline = deadline,
	};
	long ret;

	if (copy_to_user((void __user *)at, keys, nr * sizeof(*keys)))
		return -EFAULT;
	ret = live_ioctl(live, CRING_IOC_DEADLINE, &d, sizeof(d));
	if (copy_from_user(keys, (void __user *)at, nr * sizeof(*keys)))
		return -EFAULT;
	return ret;
}

static s32 move_one(struct live *live, u64 user_data, u32 flags, u64 deadline)
{
	struct cring_cancel_key key = { .user_data = user_data, .res = 1234 };

	KUNIT_EXPECT_EQ(live->test, move(live, &key, 1, flags, deadline), 0);
	return key.res;
}

static void a_deadline_can_be_moved_taken_off_and_given(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *slow = script_open(live, SCRIPT_POLL);
	const u32 abs = CRING_DEADLINE_ABS;
	s64 then = later();

	give(prep_read(live, slow, 1), then);
	prep_read(live, slow, 2);
	submit_all(live, 2);
	/* farther away */
	KUNIT_EXPECT_EQ(test, move_one(live, 1, abs, then + 2 * HOUR), 0);
	it_is(live, then + HOUR);
	LIVE_EXPECT_NO_CQE(live);
	/* never */
	KUNIT_EXPECT_EQ(test, move_one(live, 1, CRING_DEADLINE_NONE, 0), 0);
	it_is(live, then + 9 * HOUR);
	LIVE_EXPECT_NO_CQE(live);
	/* to one that has none */
	KUNIT_EXPECT_EQ(test, move_one(live, 2, abs, then), 0);
	KUNIT_EXPECT_EQ(test, timer_at(live), then);
	/* nearer */
	KUNIT_EXPECT_EQ(test, move_one(live, 2, abs, then - HOUR), 0);
	KUNIT_EXPECT_EQ(test, timer_at(live), then - HOUR);
	it_is(live, then - HOUR);
	LIVE_EXPECT_CQE_FLAGS(live, 2, -ETIME, NOT_STARTED);
	/* into the past: it is over when the call returns */
	KUNIT_EXPECT_EQ(test, move_one(live, 1, NO_FLAGS, 0), 0);
	LIVE_EXPECT_CQE_FLAGS(live, 1, -ETIME, NOT_STARTED);
	KUNIT_EXPECT_EQ(test, move_one(live, 1, NO_FLAGS, 0), -ENOENT);
}

static void a_relative_move_counts_from_the_call(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *slow = script_open(live, SCRIPT_POLL);
	s64 before, after;

	give(prep_read(live, slow, 1), later());
	submit_all(live, 1);
	before = ktime_get();
	KUNIT_EXPECT_EQ(test, move_one(live, 1, NO_FLAGS, 3 * HOUR), 0);
	after = ktime_get();
	it_is(live, before + 3 * HOUR - 1);
	LIVE_EXPECT_NO_CQE(live);
	it_is(live, after + 3 * HOUR);
	LIVE_EXPECT_CQE(live, 1, -ETIME);
}

static const struct key_case {
	const char *name;
	struct cring_cancel_key key;	/* fd: that of the file */
	s32 res;
	const char *moved;
} key_cases[] = {
	/* operations 0 to 3; 1 and 3 are of group 5, 2 and 3 have user_data 9 */
	{ "user_data, the oldest", { .user_data = 9 }, 0, "2" },
	{ "user_data, all",
	  { .user_data = 9, .flags = CRING_ASYNC_CANCEL_ALL }, 2, "23" },
	{ "group", { .flags = CRING_ASYNC_CANCEL_GROUP, .group = 5 }, 0, "1" },
	{ "group, all", { .flags = CRING_ASYNC_CANCEL_GROUP |
				   CRING_ASYNC_CANCEL_ALL, .group = 5 },
	  2, "13" },
	{ "ticket", { .flags = CRING_ASYNC_CANCEL_TICKET, .ticket = 3 }, 0,
	  "3" },
	{ "file, all", { .flags = CRING_ASYNC_CANCEL_FD |
				  CRING_ASYNC_CANCEL_ALL }, 4, "0123" },
	{ "any, all", { .flags = CANCEL_ALL }, 4, "0123" },
	{ "opcode, all", { .flags = CRING_ASYNC_CANCEL_OP |
				    CRING_ASYNC_CANCEL_ALL,
			   .opcode = CRING_OP_READ }, 4, "0123" },
	{ "nobody", { .user_data = 1000 }, -ENOENT, "" },
	{ "nobody, all",
	  { .user_data = 1000, .flags = CRING_ASYNC_CANCEL_ALL }, 0, "" },
	{ "no key", { .flags = CRING_ASYNC_CANCEL_ANY |
			       CRING_ASYNC_CANCEL_FD }, -EINVAL, "" },
};

KUNIT_ARRAY_PARAM_DESC(key, key_cases, name);

static void a_deadline_is_moved_by_every_key(struct kunit *test)
{
	const struct key_case *row = test->param_value;
	struct live *live = live_open(test, 8, 0);
	struct script *slow = script_open(live, SCRIPT_POLL);
	struct cring_cancel_key key = row->key;
	s64 then = later();
	unsigned int i;

	for (i = 0; i < 4; i++) {
		struct cring_sqe *sqe = prep_read(live, slow, i < 2 ? i : 9);

		sqe->group = i & 1 ? 5 : 0;
		give(sqe, then + HOUR);
	}
	submit_all(live, 4);
	if (key.flags & CRING_ASYNC_CANCEL_FD &&
	    !(key.flags & CRING_ASYNC_CANCEL_ANY))
		key.fd = slow->fd;
	KUNIT_EXPECT_EQ(test, move(live, &key, 1, CRING_DEADLINE_ABS, then), 0);
	KUNIT_EXPECT_EQ(test, key.res, row->res);
	KUNIT_EXPECT_EQ(test, key.already, 0);
	it_is(live, then);
	KUNIT_EXPECT_EQ(test, live_nr_cqes(live), strlen(row->moved));
	for (i = 0; i < 4; i++) {
		struct cring_req *req = &live->ring->pool[i];
		bool ended = strchr(row->moved, '0' + i);

		KUNIT_EXPECT_EQ(test, req->ticket, i);
		KUNIT_EXPECT_EQ(test, cring_word_state(atomic64_read(&req->word)) !=
				CRING_ARMED, ended);
	}
}

static void what_was_told_to_stop_keeps_its_deadline(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct cring_cancel_key all = { .flags = CANCEL_ALL };
	struct script *device = script_open(live, SCRIPT_DEVICE);
	s64 then = later();

	give(prep_read(live, device, 1), then);
	give(prep_read(live, device, 2), then);
	submit_all(live, 2);
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, 1), -EALREADY);
	KUNIT_EXPECT_EQ(test, move_one(live, 1, NO_FLAGS, HOUR), -EALREADY);
	KUNIT_EXPECT_EQ(test, move(live, &all, 1, NO_FLAGS, HOUR), 0);
	KUNIT_EXPECT_EQ(test, all.res, 2);
	KUNIT_EXPECT_EQ(test, all.already, 1);
	/* told by the deadline itself, which is no reason to be told again */
	it_is(live, then);
	KUNIT_EXPECT_EQ(test, move_one(live, 2, NO_FLAGS, HOUR), -EALREADY);
	script_complete(device, 0, 8);
	script_complete(device, 1, 8);
	LIVE_EXPECT_CQE(live, 1, 8);
	LIVE_EXPECT_CQE(live, 2, 8);
}

static void hundreds_are_moved_each_once(struct kunit *test)
{
	struct live *live = live_open(test, 256, 256);
	struct script *slow = script_open(live, SCRIPT_POLL);
	struct cring_cancel_key all = { .flags = CANCEL_ALL };
	s64 then = later();
	unsigned int i;

	for (i = 0; i < 256; i++)
		prep_read(live, slow, i);
	submit_all(live, 256);
	KUNIT_EXPECT_EQ(test, move(live, &all, 1, CRING_DEADLINE_ABS, then), 0);
	KUNIT_EXPECT_EQ(test, all.res, 256);
	it_is(live, then - 1);
	LIVE_EXPECT_NO_CQE(live);
	it_is(live, then);
	KUNIT_EXPECT_EQ(test, live_nr_cqes(live), 256);
}

static void an_array_of_keys_has_an_answer_each(struct kunit *test)
{
	struct cring_cancel_key keys[] = {
		{ .user_data = 1 }, { .user_data = 5 }, { .fd = 1 },
		{ .user_data = 2 },
	};
	struct live *live = live_open(test, 8, 0);
	struct script *slow = script_open(live, SCRIPT_POLL);

	prep_read(live, slow, 1);
	prep_read(live, slow, 2);
	submit_all(live, 2);
	KUNIT_EXPECT_EQ(test, move(live, keys, 4, NO_FLAGS, 0), 0);
	KUNIT_EXPECT_EQ(test, keys[0].res, 0);
	KUNIT_EXPECT_EQ(test, keys[1].res, -ENOENT);
	KUNIT_EXPECT_EQ(test, keys[2].res, -EINVAL);
	KUNIT_EXPECT_EQ(test, keys[3].res, 0);
	LIVE_EXPECT_CQE(live, 1, -ETIME);
	LIVE_EXPECT_CQE(live, 2, -ETIME);
}

static void a_call_with_a_wrong_field_changes_nothing(struct kunit *test)
{
	static const struct cring_deadline wrong[] = {
		{ .nr = 0 },
		{ .nr = CRING_CANCEL_MAX_KEYS + 1 },
		{ .nr = 1, .flags = BIT(2) },
		{ .nr = 1, .flags = BIT(31) },
		{ .nr = 1, .flags = CRING_DEADLINE_NONE, .deadline = 1 },
		{ .nr = 1, .flags = CRING_DEADLINE_NONE | CRING_DEADLINE_ABS },
		{ .nr = 1, .resv = { 1 } },
		{ .nr = 1, .resv = { 0, 1 } },
	};
	struct cring_cancel_key key = { .user_data = 1, .res = 1234 };
	struct live *live = live_open(test, 8, 0);
	struct script *slow = script_open(live, SCRIPT_POLL);
	unsigned long at = live->args + PAGE_SIZE / 2;
	unsigned int i;

	prep_read(live, slow, 1);
	submit_all(live, 1);
	KUNIT_ASSERT_EQ(test, copy_to_user((void __user *)at, &key,
					   sizeof(key)), 0);
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct cring_deadline d = wrong[i];

		d.keys = at;
		KUNIT_EXPECT_EQ_MSG(test, live_ioctl(live, CRING_IOC_DEADLINE,
						     &d, sizeof(d)), -EINVAL,
				    "row %u", i);
	}
	LIVE_EXPECT_STATE(live, 1, CRING_ARMED);
	KUNIT_EXPECT_TRUE(test, nothing_queued(live));
}

/* --- other threads --- */

struct batch {
	struct live *live;
	struct script *stuck, *slow;
};

static int submit_two(void *arg)
{
	struct batch *b = arg;

	prep_read(b->live, b->stuck, 1);
	give(prep_read(b->live, b->slow, 2), later());
	return live_submit(b->live);
}

/* a submitter sleeps in the method of the first of its batch */
static struct other *begin_batch(struct batch *b, struct kunit *test)
{
	struct other *other;

	b->live = live_open(test, 8, 0);
	b->stuck = script_open(b->live, SCRIPT_POLL);
	b->slow = script_open(b->live, SCRIPT_POLL);
	script_ready(b->stuck, EPOLLIN);
	b->stuck->run = script_stick;
	other = other_start(b->live, submit_two, b);
	KUNIT_ASSERT_TRUE(test, script_await(b->stuck, 1));
	LIVE_EXPECT_STATE(b->live, 2, CRING_ACCEPTED);
	return other;
}

static void what_a_sleeping_submitter_has_not_tried_ends_in_time(struct kunit *test)
{
	struct batch b;
	struct other *other = begin_batch(&b, test);

	it_is(b.live, later() + HOUR);
	LIVE_EXPECT_CQE_FLAGS(b.live, 2, -ETIME, NOT_STARTED);
	script_let_go(b.stuck);
	KUNIT_EXPECT_EQ(test, other_join(other), 2);
	LIVE_EXPECT_CQE(b.live, 1, 8);
	KUNIT_EXPECT_EQ(test, atomic_read(&b.slow->calls), 0);
	LIVE_EXPECT_NO_CQE(b.live);
}

static void a_deadline_in_the_batch_of_another_thread_is_moved(struct kunit *test)
{
	struct batch b;
	struct other *other = begin_batch(&b, test);

	/* the first, being tried, as well; and neither waits for the other */
	KUNIT_EXPECT_EQ(test, move_one(b.live, 1, NO_FLAGS, HOUR), 0);
	KUNIT_EXPECT_EQ(test, move_one(b.live, 2, NO_FLAGS, 0), 0);
	LIVE_EXPECT_CQE_FLAGS(b.live, 2, -ETIME, NOT_STARTED);
	script_let_go(b.stuck);
	KUNIT_EXPECT_EQ(test, other_join(other), 2);
	LIVE_EXPECT_CQE(b.live, 1, 8);
	KUNIT_EXPECT_TRUE(test, nothing_queued(b.live));
}

static struct kunit_case cring_deadline_move_cases[] = {
	KUNIT_CASE(a_deadline_can_be_moved_taken_off_and_given),
	KUNIT_CASE(a_relative_move_counts_from_the_call),
	KUNIT_CASE_PARAM(a_deadline_is_moved_by_every_key, key_gen_params),
	KUNIT_CASE(what_was_told_to_stop_keeps_its_deadline),
	KUNIT_CASE(hundreds_are_moved_each_once),
	KUNIT_CASE(an_array_of_keys_has_an_answer_each),
	KUNIT_CASE(a_call_with_a_wrong_field_changes_nothing),
	KUNIT_CASE(what_a_sleeping_submitter_has_not_tried_ends_in_time),
	KUNIT_CASE(a_deadline_in_the_batch_of_another_thread_is_moved),
	{}
};

static struct kunit_suite cring_deadline_move_suite = {
	.name = "cring_deadline_move",
	.test_cases = cring_deadline_move_cases,
};

kunit_test_suite(cring_deadline_move_suite);
