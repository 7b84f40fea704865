// SPDX-License-Identifier: MIT
/*
 * Absolute times in a time namespace, as a container may have one: a time is what
 * the caller reads on that clock.  The namespace's clocks are ahead, so a time that
 * was taken for the kernel's own would come far too late.
 */
#include "util_sys.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME	0x00000080
#endif

#define SOON_NS		(50 * NSEC_PER_MSEC)
/* less than the clocks differ */
#define LATE_NS		(15 * NSEC_PER_SEC)

#define EXPECT_CAME(end, now) do {					\
	uint64_t __end = (uint64_t)(end), __now = (now);		\
	EXPECT_LE(__end, __now);					\
	EXPECT_LT(__now, __end + LATE_NS);				\
} while (0)

FIXTURE(timens)
{
	struct cring ring;
	struct nullb nb;
	int pipe[2];
};

FIXTURE_SETUP(timens)
{
	int fd;

	self->nb.dir[0] = 0;
	self->ring.ring_fd = -1;
	if (unshare(CLONE_NEWTIME))
		SKIP(return, "no time namespaces in this kernel");
	ASSERT_EQ(0, write_str("/proc/self/timens_offsets",
			       "monotonic 20 0\nboottime 25 0\n"));
	fd = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, setns(fd, CLONE_NEWTIME));
	close(fd);
	ring_init(&self->ring, 8);
	ASSERT_EQ(0, pipe(self->pipe));
}

FIXTURE_TEARDOWN(timens)
{
	if (self->ring.ring_fd < 0)
		return;
	cring_queue_exit(&self->ring);
	nullb_del(&self->nb);
}

TEST_F(timens, op_timeouts)
{
	static const struct { clockid_t clock; unsigned int flag; } c[] = {
		{ CLOCK_MONOTONIC, 0 },
		{ CLOCK_BOOTTIME, CRING_TIMEOUT_BOOTTIME },
		{ CLOCK_REALTIME, CRING_TIMEOUT_REALTIME },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(c); i++) {
		uint64_t end = now_ns_on(c[i].clock) + SOON_NS;
		struct cring_timespec ts = ns_ts(end), first = ns_ts(1);
		unsigned int flags = CRING_TIMEOUT_ABS | c[i].flag;
		struct cring_sqe *sqe = new_sqe(&self->ring, 0);

		cring_prep_timeout(sqe, &ts, 0, flags);
		EXPECT_EQ(-ETIME, run_sqe(&self->ring, sqe));
		EXPECT_CAME(end, now_ns_on(c[i].clock));
		/* before that clock began */
		sqe = new_sqe(&self->ring, 0);
		cring_prep_timeout(sqe, &first, 0, flags);
		EXPECT_EQ(-ETIME, run_sqe(&self->ring, sqe));
	}
}

TEST_F(timens, op_an_update_of_a_timeout)
{
	struct cring_timespec far = ms_ts(600000), ts;
	struct cring_sqe *sqe;
	uint64_t end;

	cring_prep_timeout(new_sqe(&self->ring, 1), &far, 0, 0);
	submit_all(&self->ring, 1);
	end = now_ns() + SOON_NS;
	ts = ns_ts(end);
	sqe = new_sqe(&self->ring, 2);
	cring_prep_timeout_update(sqe, &ts, 1, CRING_TIMEOUT_ABS);
	submit_all(&self->ring, 1);
	EXPECT_EQ(0, reap_res(&self->ring, 2));
	EXPECT_EQ(-ETIME, reap_res(&self->ring, 1));
	EXPECT_CAME(end, now_ns());
}

TEST_F(timens, op_a_wait)
{
	struct cring_wait w = {
		.min_complete = 1,
		.flags = CRING_WAIT_TIMEOUT | CRING_WAIT_ABS,
		.timeout = now_ns() + SOON_NS,
	};

	EXPECT_EQ(-ETIME, ioc_ptr(self->ring.ring_fd, CRING_IOC_WAIT, &w));
	EXPECT_CAME(w.timeout, now_ns());
}

TEST_F(timens, op_a_deadline_and_a_moved_one)
{
	struct cring_cancel_key key = cring_key64(1, 0);
	struct cring_sqe *sqe = new_sqe(&self->ring, 1);
	uint64_t end = now_ns() + SOON_NS;
	char c;

	cring_prep_read(sqe, self->pipe[0], &c, 1, 0);
	cring_sqe_set_deadline_abs(sqe, end);
	submit_all(&self->ring, 1);
	EXPECT_EQ(-ETIME, reap_res(&self->ring, 1));
	EXPECT_CAME(end, now_ns());

	cring_prep_read(new_sqe(&self->ring, 1), self->pipe[0], &c, 1, 0);
	submit_all(&self->ring, 1);
	end = now_ns() + SOON_NS;
	EXPECT_EQ(0, cring_deadline_move(&self->ring, &key, end,
					 CRING_DEADLINE_ABS));
	EXPECT_EQ(-ETIME, reap_res(&self->ring, 1));
	EXPECT_CAME(end, now_ns());
}

/* A device that answers after a second is not waited for. */
TEST_F(timens, op_the_wait_of_a_cancel)
{
	struct cring_cancel_key key = cring_key64(1, 0);
	struct cring_cancel call = {
		.keys = PTR64(&key),
		.nr = 1,
		.flags = CRING_CANCEL_WAIT | CRING_CANCEL_ABS,
	};
	char *buf = aligned_alloc(4096, 4096);
	int fd;

	if (!have_nullb())
		SKIP(return, NULLB_SKIP);
	ASSERT_NE(NULL, buf);
	new_nullb(&self->nb, .delay_ns = NSEC_PER_SEC, .no_memory = true);
	fd = nullb_open(&self->nb, O_RDONLY | O_DIRECT);
	cring_prep_read(new_sqe(&self->ring, 1), fd, buf, 4096, 0);
	submit_all(&self->ring, 1);
	call.timeout = now_ns() + SOON_NS;
	EXPECT_EQ(-ETIME, ioc_ptr(self->ring.ring_fd, CRING_IOC_CANCEL, &call));
	EXPECT_EQ(-EALREADY, key.res);
	EXPECT_CAME(call.timeout, now_ns());
	EXPECT_EQ(4096, reap_res(&self->ring, 1));
	close(fd);
	free(buf);
}

TEST_HARNESS_MAIN
