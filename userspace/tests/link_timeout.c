// SPDX-License-Identifier: MIT
/* LINK_TIMEOUT: a time limit for the operation before it. */
#include "util_sys.h"

FIXTURE(ltimeout) { struct cring ring; int p[2]; char buf[64]; };
FIXTURE_SETUP(ltimeout)
{
	ring_init(&self->ring, 16);
	new_pipe(self->p, 0);
}
FIXTURE_TEARDOWN(ltimeout) { cring_queue_exit(&self->ring); }

static void put_read(struct __test_metadata *_metadata, struct cring *ring,
		     uint64_t user_data, int fd, void *buf, unsigned int flags)
{
	struct cring_sqe *sqe = new_sqe(ring, user_data);

	cring_prep_read(sqe, fd, buf, 4, 0);
	sqe->flags = (uint8_t)flags;
}
#define READ(user_data, flags) \
	put_read(_metadata, &self->ring, user_data, self->p[0], self->buf, flags)

static void put_limit(struct __test_metadata *_metadata, struct cring *ring,
		      uint64_t user_data, struct cring_timespec *ts,
		      unsigned int timeout_flags, unsigned int flags)
{
	struct cring_sqe *sqe = new_sqe(ring, user_data);

	cring_prep_link_timeout(sqe, ts, timeout_flags);
	sqe->flags = (uint8_t)flags;
}
#define LIMIT(user_data, ts, tflags, flags) \
	put_limit(_metadata, &self->ring, user_data, ts, tflags, flags)

/* Takes @n CQEs into res[user_data]; each must come once. */
static void collect(struct __test_metadata *_metadata, struct cring *ring,
		    int n, int *res, int max)
{
	int i;

	for (i = 0; i < max; i++)
		res[i] = 12345;
	while (n--) {
		struct cring_cqe c = reap(ring);

		ASSERT_LT(c.user_data, (uint64_t)max);
		ASSERT_EQ(12345, res[c.user_data]);
		res[c.user_data] = c.res;
	}
	expect_quiet(ring);
	EXPECT_EQ(0, cring_in_flight(ring));
}
#define COLLECT(n, res) collect(_metadata, &self->ring, n, res, ARRAY_LEN(res))

TEST_F(ltimeout, link_timeout_in_time_is_cancelled)
{
	struct cring_timespec ts = ms_ts(600000);
	int res[4];

	READ(1, CRING_SQE_IO_LINK);
	LIMIT(2, &ts, 0, 0);
	submit_all(&self->ring, 2);
	expect_quiet(&self->ring);
	ASSERT_EQ(4, write(self->p[1], "data", 4));
	COLLECT(2, res);
	EXPECT_EQ(4, res[1]);
	EXPECT_EQ(-ECANCELED, res[2]);
	EXPECT_EQ(0, memcmp(self->buf, "data", 4));
}

TEST_F(ltimeout, link_timeout_of_what_completes_inline)
{
	struct cring_timespec ts = ms_ts(600000);
	int res[4], i;

	for (i = 0; i < 100; i++) {
		new_sqe(&self->ring, 1)->flags = CRING_SQE_IO_LINK;
		LIMIT(2, &ts, 0, 0);
		submit_all(&self->ring, 2);
		if (i % 50)
			(void)reap(&self->ring), (void)reap(&self->ring);
		else
			COLLECT(2, res);
		EXPECT_EQ(0, cring_in_flight(&self->ring));
	}
}

TEST_F(ltimeout, link_timeout_fires)
{
	struct cring_timespec ts = ms_ts(40);
	uint64_t t0 = now_ns();
	int res[4];

	READ(1, CRING_SQE_IO_LINK);
	LIMIT(2, &ts, 0, 0);
	submit_all(&self->ring, 2);
	COLLECT(2, res);
	EXPECT_EQ(-ECANCELED, res[1]);
	EXPECT_EQ(-ETIME, res[2]);
	EXPECT_GE(now_ns() - t0, 40 * NSEC_PER_MSEC);
	/* The read is gone: what comes now stays in the pipe. */
	ASSERT_EQ(4, write(self->p[1], "late", 4));
	expect_quiet(&self->ring);
	EXPECT_EQ(4, read(self->p[0], self->buf, 4));
}

TEST_F(ltimeout, link_timeout_absolute_on_each_clock)
{
	static const struct { clockid_t clock; unsigned int flag; } c[] = {
		{ CLOCK_MONOTONIC, 0 },
		{ CLOCK_BOOTTIME, CRING_TIMEOUT_BOOTTIME },
		{ CLOCK_REALTIME, CRING_TIMEOUT_REALTIME },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(c); i++) {
		uint64_t end = now_ns_on(c[i].clock) + 30 * NSEC_PER_MSEC;
		struct cring_timespec ts = ns_ts(end);
		int res[4];

		READ(1, CRING_SQE_IO_LINK);
		LIMIT(2, &ts, CRING_TIMEOUT_ABS | c[i].flag, 0);
		submit_all(&self->ring, 2);
		COLLECT(2, res);
		EXPECT_EQ(-ECANCELED, res[1]);
		EXPECT_EQ(-ETIME, res[2]);
		EXPECT_GE(now_ns_on(c[i].clock), end);
	}
}

/* The chain goes on behind read + limit when the read was in time. */
TEST_F(ltimeout, link_timeout_in_the_middle_of_a_chain)
{
	struct cring_timespec ts = ms_ts(600000), near = ms_ts(30);
	int res[5];

	READ(1, CRING_SQE_IO_LINK);
	LIMIT(2, &ts, 0, CRING_SQE_IO_LINK);
	new_sqe(&self->ring, 3);
	submit_all(&self->ring, 3);
	ASSERT_EQ(4, write(self->p[1], "data", 4));
	COLLECT(3, res);
	EXPECT_EQ(4, res[1]);
	EXPECT_EQ(-ECANCELED, res[2]);
	EXPECT_EQ(0, res[3]);

	READ(1, CRING_SQE_IO_LINK);
	LIMIT(2, &near, 0, CRING_SQE_IO_LINK);
	new_sqe(&self->ring, 3);
	submit_all(&self->ring, 3);
	COLLECT(3, res);
	EXPECT_EQ(-ECANCELED, res[1]);
	EXPECT_EQ(-ETIME, res[2]);
	EXPECT_EQ(-ECANCELED, res[3]);
}

/* The clock of a limit starts with its target, not with the chain. */
TEST_F(ltimeout, link_timeout_starts_with_its_target)
{
	struct cring_timespec ts = ms_ts(150);
	int q[2], res[4];

	new_pipe(q, 0);
	READ(1, CRING_SQE_IO_LINK);
	put_read(_metadata, &self->ring, 2, q[0], self->buf + 8,
		 CRING_SQE_IO_LINK);
	LIMIT(3, &ts, 0, 0);
	submit_all(&self->ring, 3);
	expect_quiet_ms(&self->ring, 300);
	ASSERT_EQ(4, write(self->p[1], "data", 4));
	EXPECT_EQ(4, reap_res(&self->ring, 1));
	COLLECT(2, res);
	EXPECT_EQ(-ECANCELED, res[2]);
	EXPECT_EQ(-ETIME, res[3]);
}

TEST_F(ltimeout, link_timeout_without_a_link_is_einval)
{
	struct cring_timespec ts = ms_ts(5);
	int res[4];

	LIMIT(1, &ts, 0, 0);
	submit_all(&self->ring, 1);
	EXPECT_EQ(-EINVAL, reap_res(&self->ring, 1));
	/* Nor may it head a chain, nor follow another limit. */
	LIMIT(1, &ts, 0, CRING_SQE_IO_LINK);
	new_sqe(&self->ring, 2);
	submit_all(&self->ring, 2);
	COLLECT(2, res);
	EXPECT_EQ(-EINVAL, res[1]);
	EXPECT_EQ(-ECANCELED, res[2]);
	READ(1, CRING_SQE_IO_LINK);
	LIMIT(2, &ts, 0, CRING_SQE_IO_LINK);
	LIMIT(3, &ts, 0, 0);
	submit_all(&self->ring, 3);
	COLLECT(3, res);
	EXPECT_EQ(-ECANCELED, res[1]);
	EXPECT_EQ(-ECANCELED, res[2]);
	EXPECT_EQ(-EINVAL, res[3]);
}

TEST_F(ltimeout, link_timeout_with_bad_arguments_stops_the_chain)
{
	struct cring_timespec bad = { 0, -1 }, good = ms_ts(5);
	struct {
		struct cring_timespec *ts;
		unsigned int flags;
		int want;
	} t[] = {
		{ &bad, 0, -EINVAL },
		{ (void *)8UL, 0, -EFAULT },
		{ &good, CRING_TIMEOUT_UPDATE, -EINVAL },
		{ &good, CRING_LINK_TIMEOUT_UPDATE, -EINVAL },
		{ &good, 1U << 6, -EINVAL },
	};
	int res[4];
	size_t i;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		READ(1, CRING_SQE_IO_LINK);
		LIMIT(2, t[i].ts, t[i].flags, 0);
		submit_all(&self->ring, 2);
		COLLECT(2, res);
		EXPECT_EQ(-ECANCELED, res[1]);
		EXPECT_EQ(t[i].want, res[2])
			TH_LOG("row %zu", i);
	}
}

TEST_F(ltimeout, link_timeout_update)
{
	struct cring_timespec ts = ms_ts(600000), near = ms_ts(500);
	struct cring_sqe *sqe;
	int res[4];

	READ(1, CRING_SQE_IO_LINK);
	LIMIT(2, &ts, 0, 0);
	submit_all(&self->ring, 2);
	/* It is a limit, and no plain timeout. */
	sqe = new_sqe(&self->ring, 0);
	cring_prep_timeout_update(sqe, &near, 2, 0);
	EXPECT_EQ(-ENOENT, run_sqe(&self->ring, sqe));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_timeout_update(sqe, &near, 2, CRING_LINK_TIMEOUT_UPDATE);
	EXPECT_EQ(0, run_sqe(&self->ring, sqe));
	COLLECT(2, res);
	EXPECT_EQ(-ECANCELED, res[1]);
	EXPECT_EQ(-ETIME, res[2]);
}

/* Cancelling the target takes the limit with it: two CQEs, no more. */
TEST_F(ltimeout, link_timeout_of_a_cancelled_target)
{
	struct cring_cancel_key k = cring_key64(1, 0);
	struct cring_timespec ts = ms_ts(600000);
	int res[4];

	READ(1, CRING_SQE_IO_LINK);
	LIMIT(2, &ts, 0, 0);
	submit_all(&self->ring, 2);
	EXPECT_EQ(0, cring_cancel_sync(&self->ring, &k, 0, 0));
	COLLECT(2, res);
	EXPECT_EQ(-ECANCELED, res[1]);
	EXPECT_EQ(-ECANCELED, res[2]);
}

/*
 * A limit with nothing to limit heads a chain that is refused; while a drain
 * holds it back it is cancelled, and takes the chain along as any head does.
 */
TEST_F(ltimeout, r12_cancelled_limit_at_the_head_takes_its_chain_along)
{
	struct cring_cancel_key k = cring_key64(2, 0);
	struct cring_timespec ts = ms_ts(5);
	int res[5];

	READ(1, 0);
	LIMIT(2, &ts, 0, CRING_SQE_IO_LINK | CRING_SQE_IO_DRAIN);
	new_sqe(&self->ring, 3)->flags = CRING_SQE_IO_LINK;
	new_sqe(&self->ring, 4);
	submit_all(&self->ring, 4);
	EXPECT_EQ(0, cring_cancel_sync(&self->ring, &k, 0, 0));
	ASSERT_EQ(4, write(self->p[1], "data", 4));
	COLLECT(4, res);
	EXPECT_EQ(4, res[1]);
	EXPECT_EQ(-ECANCELED, res[2]);
	EXPECT_EQ(-ECANCELED, res[3]);
	EXPECT_EQ(-ECANCELED, res[4]);
}

/* C1 when both happen at once: one CQE each, in one of two combinations. */
TEST_F(ltimeout, c1_completion_against_link_timeout)
{
	unsigned int both[2] = { 0, 0 }, i;

	for (i = 0; i < 300; i++) {
		struct cring_timespec ts = ns_ts(i * 10000);
		int res[4], n;

		READ(1, CRING_SQE_IO_LINK);
		LIMIT(2, &ts, 0, 0);
		submit_all(&self->ring, 2);
		ASSERT_EQ(4, write(self->p[1], "race", 4));
		res[1] = 12345;
		res[2] = 12345;
		for (n = 0; n < 2; n++) {
			struct cring_cqe c = reap(&self->ring);

			ASSERT_TRUE(c.user_data == 1 || c.user_data == 2);
			ASSERT_EQ(12345, res[c.user_data]);
			res[c.user_data] = c.res;
		}
		if (res[1] == 4) {
			/* In time; or it fired when nothing could be stopped. */
			ASSERT_TRUE(res[2] == -ECANCELED ||
				    res[2] == -EALREADY || res[2] == -ENOENT)
				TH_LOG("limit: %d", res[2]);
			both[0]++;
		} else {
			ASSERT_EQ(-ECANCELED, res[1]);
			ASSERT_TRUE(res[2] == -ETIME || res[2] == -EALREADY)
				TH_LOG("limit: %d", res[2]);
			ASSERT_EQ(4, read(self->p[0], self->buf, 4));
			both[1]++;
		}
		ASSERT_EQ(0, cring_in_flight(&self->ring));
	}
	TH_LOG("%u in time, %u fired", both[0], both[1]);
	expect_quiet(&self->ring);
}

TEST_HARNESS_MAIN
