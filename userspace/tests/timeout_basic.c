// SPDX-License-Identifier: MIT
/* TIMEOUT, TIMEOUT_REMOVE and updates. */
#include "util_sys.h"

#define FAR	600000		/* ms: never, for a test */

FIXTURE(timeout) { struct cring ring; };
FIXTURE_SETUP(timeout) { ring_init(&self->ring, 16); }
FIXTURE_TEARDOWN(timeout) { cring_queue_exit(&self->ring); }

#define ARM(user_data, ts, count, flags) do {				\
	cring_prep_timeout(new_sqe(&self->ring, user_data), ts, count, flags); \
	submit_all(&self->ring, 1);					\
} while (0)

#define RUN_TIMEOUT(ts, count, flags) __extension__ ({			\
	struct cring_sqe *__s = new_sqe(&self->ring, 0);		\
	cring_prep_timeout(__s, ts, count, flags);			\
	run_sqe(&self->ring, __s); })

/* Its answer comes right behind what it removed. */
#define REMOVE(key, flags) do {						\
	cring_prep_timeout_remove(new_sqe(&self->ring, 999), key, flags); \
	submit_all(&self->ring, 1);					\
} while (0)

#define UPDATE(key, ts, flags) __extension__ ({				\
	struct cring_sqe *__s = new_sqe(&self->ring, 0);		\
	cring_prep_timeout_update(__s, ts, key, flags);			\
	run_sqe(&self->ring, __s); })

TEST_F(timeout, op_relative_expires_in_etime)
{
	struct cring_timespec ts = ms_ts(40);
	uint64_t t0 = now_ns();

	ARM(1, &ts, 0, 0);
	/* Its timespec was read at submission. */
	ts = ms_ts(FAR);
	EXPECT_EQ(-ETIME, reap_res(&self->ring, 1));
	EXPECT_GE(now_ns() - t0, 40 * NSEC_PER_MSEC);
	EXPECT_EQ(0, cring_in_flight(&self->ring));
}

/* C9 speaks of operations that were stopped, not of a timer that rang. */
TEST_F(timeout, op_expiry_claims_nothing_about_starting)
{
	struct cring_timespec ts = ms_ts(1);
	struct cring_cqe c;

	ARM(1, &ts, 0, 0);
	c = reap(&self->ring);
	EXPECT_EQ(-ETIME, c.res);
	EXPECT_EQ(0, c.flags);
}

TEST_F(timeout, op_absolute_on_each_clock)
{
	static const struct { clockid_t clock; unsigned int flag; } c[] = {
		{ CLOCK_MONOTONIC, 0 },
		{ CLOCK_BOOTTIME, CRING_TIMEOUT_BOOTTIME },
		{ CLOCK_REALTIME, CRING_TIMEOUT_REALTIME },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(c); i++) {
		uint64_t end = now_ns_on(c[i].clock) + 40 * NSEC_PER_MSEC;
		struct cring_timespec ts = ns_ts(end);

		EXPECT_EQ(-ETIME, RUN_TIMEOUT(&ts, 0, CRING_TIMEOUT_ABS |
						      c[i].flag));
		EXPECT_GE(now_ns_on(c[i].clock), end);
		/* Relative, on the same clock. */
		ts = ms_ts(5);
		EXPECT_EQ(-ETIME, RUN_TIMEOUT(&ts, 0, c[i].flag));
	}
}

TEST_F(timeout, op_past_and_zero_expire_at_once)
{
	struct cring_timespec ts = ns_ts(1);

	EXPECT_EQ(-ETIME, RUN_TIMEOUT(&ts, 0, CRING_TIMEOUT_ABS));
	ts = ns_ts(0);
	EXPECT_EQ(-ETIME, RUN_TIMEOUT(&ts, 0, 0));
}

TEST_F(timeout, op_count_of_completions_gives_0)
{
	struct cring_timespec ts = ms_ts(FAR);
	int i;

	ARM(1, &ts, 3, 0);
	for (i = 0; i < 2; i++) {
		new_sqe(&self->ring, 50);
		submit_all(&self->ring, 1);
		EXPECT_EQ(0, reap_res(&self->ring, 50));
	}
	expect_quiet(&self->ring);
	new_sqe(&self->ring, 50);
	submit_all(&self->ring, 1);
	EXPECT_EQ(0, reap_res(&self->ring, 50));
	EXPECT_EQ(0, reap_res(&self->ring, 1));
}

TEST_F(timeout, op_count_that_is_not_reached_is_etime)
{
	struct cring_timespec ts = ms_ts(40);

	ARM(1, &ts, 3, 0);
	EXPECT_EQ(0, run_sqe(&self->ring, new_sqe(&self->ring, 0)));
	EXPECT_EQ(-ETIME, reap_res(&self->ring, 1));
}

TEST_F(timeout, op_bad_arguments)
{
	static const struct cring_timespec bad[] = {
		{ 0, 1000000000 }, { 0, -1 }, { -1, 0 },
		{ 1, INT64_MIN }, { INT64_MIN, 0 },
	};
	struct cring_timespec ts = ms_ts(FAR);
	static const unsigned int flags[] = {
		CRING_TIMEOUT_UPDATE, CRING_LINK_TIMEOUT_UPDATE,
		CRING_TIMEOUT_BOOTTIME | CRING_TIMEOUT_REALTIME,
		1U << 6, 1U << 31,
	};
	struct cring_sqe *sqe;
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++)
		EXPECT_EQ(-EINVAL, RUN_TIMEOUT(&bad[i], 0, 0))
			TH_LOG("timespec %zu", i);
	for (i = 0; i < ARRAY_LEN(flags); i++)
		EXPECT_EQ(-EINVAL, RUN_TIMEOUT(&ts, 0, flags[i]))
			TH_LOG("flags %x", flags[i]);
	EXPECT_EQ(-EFAULT, RUN_TIMEOUT((void *)8UL, 0, 0));
	for (i = 0; i < 3; i += 2) {
		sqe = new_sqe(&self->ring, 0);
		cring_prep_timeout(sqe, &ts, 0, 0);
		sqe->len = (unsigned int)i;
		EXPECT_EQ(-EINVAL, run_sqe(&self->ring, sqe));
	}
	EXPECT_EQ(0, cring_in_flight(&self->ring));
}

TEST_F(timeout, op_several_expire_in_order_of_time)
{
	struct cring_timespec ts[] = { ms_ts(150), ms_ts(50), ms_ts(100) };
	int i;

	for (i = 0; i < 3; i++)
		cring_prep_timeout(new_sqe(&self->ring, i), &ts[i], 0, 0);
	submit_all(&self->ring, 3);
	EXPECT_EQ(-ETIME, reap_res(&self->ring, 1));
	EXPECT_EQ(-ETIME, reap_res(&self->ring, 2));
	EXPECT_EQ(-ETIME, reap_res(&self->ring, 0));
}

TEST_F(timeout, op_largest_time_does_not_wrap)
{
	struct cring_timespec ts = { INT64_MAX, 999999999 };

	ARM(1, &ts, 0, 0);
	expect_quiet(&self->ring);
	REMOVE(1, 0);
	EXPECT_EQ(-ECANCELED, reap_res(&self->ring, 1));
	EXPECT_EQ(0, reap_res(&self->ring, 999));
}

TEST_F(timeout, op_remove_by_user_data)
{
	struct cring_timespec ts = ms_ts(FAR);

	ARM(1, &ts, 0, 0);
	ARM(2, &ts, 0, 0);
	REMOVE(1, 0);
	EXPECT_EQ(-ECANCELED, reap_res(&self->ring, 1));
	EXPECT_EQ(0, reap_res(&self->ring, 999));
	EXPECT_EQ(1, cring_in_flight(&self->ring));
	REMOVE(1, 0);
	EXPECT_EQ(-ENOENT, reap_res(&self->ring, 999));
	expect_quiet(&self->ring);
}

TEST_F(timeout, op_remove_of_an_expired_one_is_enoent)
{
	struct cring_timespec ts = ms_ts(1);

	ARM(1, &ts, 0, 0);
	EXPECT_EQ(-ETIME, reap_res(&self->ring, 1));
	REMOVE(1, 0);
	EXPECT_EQ(-ENOENT, reap_res(&self->ring, 999));
}

TEST_F(timeout, op_remove_bad_flags)
{
	static const unsigned int flags[] = {
		CRING_TIMEOUT_ABS, CRING_TIMEOUT_BOOTTIME,
		CRING_TIMEOUT_REALTIME, CRING_TIMEOUT_ETIME_SUCCESS, 1U << 6,
	};
	struct cring_timespec ts = ms_ts(FAR);
	size_t i;

	ARM(1, &ts, 0, 0);
	for (i = 0; i < ARRAY_LEN(flags); i++) {
		REMOVE(1, flags[i]);
		EXPECT_EQ(-EINVAL, reap_res(&self->ring, 999))
			TH_LOG("flags %x", flags[i]);
	}
	EXPECT_EQ(1, cring_in_flight(&self->ring));
}

TEST_F(timeout, op_update_moves_it_nearer)
{
	struct cring_timespec ts = ms_ts(FAR), near = ms_ts(30);
	uint64_t t0;

	ARM(1, &ts, 0, 0);
	t0 = now_ns();
	EXPECT_EQ(0, UPDATE(1, &near, 0));
	EXPECT_EQ(-ETIME, reap_res(&self->ring, 1));
	EXPECT_GE(now_ns() - t0, 30 * NSEC_PER_MSEC);
}

TEST_F(timeout, op_update_moves_it_away)
{
	struct cring_timespec ts = ms_ts(200), far = ms_ts(FAR);

	ARM(1, &ts, 0, 0);
	EXPECT_EQ(0, UPDATE(1, &far, 0));
	expect_quiet_ms(&self->ring, 400);
	REMOVE(1, 0);
	EXPECT_EQ(-ECANCELED, reap_res(&self->ring, 1));
	EXPECT_EQ(0, reap_res(&self->ring, 999));
}

TEST_F(timeout, op_update_to_an_absolute_time)
{
	struct cring_timespec ts = ms_ts(FAR), at;
	uint64_t end;

	ARM(1, &ts, 0, 0);
	end = now_ns() + 30 * NSEC_PER_MSEC;
	at = ns_ts(end);
	EXPECT_EQ(0, UPDATE(1, &at, CRING_TIMEOUT_ABS));
	EXPECT_EQ(-ETIME, reap_res(&self->ring, 1));
	EXPECT_GE(now_ns(), end);
}

TEST_F(timeout, op_update_errors_change_nothing)
{
	struct cring_timespec ts = ms_ts(FAR), bad = { 0, -5 }, near = ms_ts(1);

	ARM(1, &ts, 0, 0);
	EXPECT_EQ(-ENOENT, UPDATE(2, &near, 0));
	EXPECT_EQ(-EINVAL, UPDATE(1, &bad, 0));
	EXPECT_EQ(-EFAULT, UPDATE(1, (void *)8UL, 0));
	/* A plain timeout is no link timeout. */
	EXPECT_EQ(-ENOENT, UPDATE(1, &near, CRING_LINK_TIMEOUT_UPDATE));
	expect_quiet(&self->ring);
	EXPECT_EQ(1, cring_in_flight(&self->ring));
}

/* ETIME_SUCCESS: the expiry does not break a chain. */
TEST_F(timeout, link_etime_breaks_a_chain_unless_it_is_success)
{
	struct cring_timespec ts = ms_ts(1);
	struct cring_sqe *sqe = new_sqe(&self->ring, 1);

	cring_prep_timeout(sqe, &ts, 0, 0);
	sqe->flags = CRING_SQE_IO_LINK;
	new_sqe(&self->ring, 2);
	submit_all(&self->ring, 2);
	EXPECT_EQ(-ETIME, reap_res(&self->ring, 1));
	EXPECT_EQ(-ECANCELED, reap_res(&self->ring, 2));

	sqe = new_sqe(&self->ring, 1);
	cring_prep_timeout(sqe, &ts, 0, CRING_TIMEOUT_ETIME_SUCCESS);
	sqe->flags = CRING_SQE_IO_LINK;
	new_sqe(&self->ring, 2);
	submit_all(&self->ring, 2);
	EXPECT_EQ(-ETIME, reap_res(&self->ring, 1));
	EXPECT_EQ(0, reap_res(&self->ring, 2));
}

TEST_HARNESS_MAIN
