// SPDX-License-Identifier: MIT
/*
 * io_uring: io_uring_prep_cancel(), _cancel64(), _cancel_fd(), and
 * io_uring_register_sync_cancel().
 *
 *  1. A cancel by user_data stops the operation that carries it, and no other;
 *     its answer is 0.
 *  2. user_data is compared in all its 64 bits.
 *  3. Of several matches the first that is found is stopped, and only that one.
 *  4. With ALL every match is stopped; the answer is how many there were.
 *  5. With ALL and no match the answer is 0.
 *  6. A cancel by fd stops what works on that file: one operation, or with ALL
 *     each of them.
 *  7. The file may be named by its registered slot.
 *  8. ANY with ALL matches whatever is in flight, whichever its user_data and
 *     file.
 *  9. What is not in flight is -ENOENT.
 * 10. What is being executed and cannot be taken back is -EALREADY; it is told
 *     to stop, and completes.
 * 11. Flags that nobody knows are -EINVAL, and nothing is stopped.
 * 12. A cancel by a descriptor that is not open is -EBADF.
 * 13. The cancel has a completion of its own, and it is there when submit
 *     returns.
 * 14. When the answer is 0 the completion of what was stopped is there too when
 *     submit returns: -ECANCELED.
 * 15. The synchronous form needs no SQE and leaves no completion of its own.
 * 16. The synchronous form waits until what it matched has ended.
 * 17. It waits no longer than it was told: -ETIME; what was told to stop ends all
 *     the same.
 * 18. It may be called by another thread than the one that submits.
 * 19. A cancel may be a member of a chain: what follows is started when it has
 *     its answer.
 * 20. A cancel asks for no CQE of its own when it succeeds, if it says so.
 * 21. Beyond io_uring: the stopped operation's completion comes before the
 *     cancel's own, in the queue.
 *
 * Each is asked of io_uring in the same test, where it can be, with the same key
 * in the same way; where its answer is comparable it must be the same.  Here are
 * the keys and the answers, 1 to 12; forms.c has the others.
 */
#include "../uring.h"

FIXTURE(both) {
	struct cring ring;
	struct io_uring uring;
	bool have;	/* is there an io_uring to compare with? */
	int a[2], b[2];	/* empty pipes */
};
FIXTURE_VARIANT(both) { enum way way; };
FIXTURE_VARIANT_ADD(both, by_sqe) { .way = BY_SQE };
FIXTURE_VARIANT_ADD(both, by_call) { .way = BY_CALL };

#define RING	(&self->ring)
#define URING	(&self->uring)
#define WAY	variant->way
#define START_MS 500	/* for a worker to start and fall asleep */

FIXTURE_SETUP(both)
{
	ring_init(RING, 64);
	self->have = uring_init(URING);
	new_pipe(self->a, 0);
	new_pipe(self->b, 0);
}

FIXTURE_TEARDOWN(both)
{
	cring_queue_exit(RING);
	if (self->have)
		io_uring_queue_exit(URING);
}

/* The same read in both. */
#define read_both(ud, fd) do {						\
	arm_read(RING, ud, fd);						\
	if (self->have)							\
		uring_read(URING, ud, fd);				\
} while (0)

/* The cancel of both: what cring answers, and io_uring must answer as well. */
#define cancel_both(nr, want, ...) do {					\
	int __c = cancel(RING, WAY, __VA_ARGS__), __u = NO_ANSWER;	\
									\
	EXPECT_EQ(want, __c);						\
	if (self->have) {						\
		__u = uring_cancel(URING, WAY, __VA_ARGS__);		\
		EXPECT_EQ(want, __u);					\
		contract_note(nr, "io_uring answers the same");		\
	}								\
} while (0)

/* -ECANCELED is there in both. */
#define stopped_both(ud) do {						\
	expect_stopped(RING, WAY, ud);					\
	if (self->have)							\
		EXPECT_EQ(-ECANCELED, uring_wait_res(URING, ud));	\
} while (0)

#define pending_both(ud) do {						\
	expect_pending(RING, ud);					\
	if (self->have)							\
		EXPECT_EQ(-1, uring_at(URING, ud));			\
} while (0)

TEST_F(both, p01_by_user_data)
{
	read_both(1, self->a[0]);
	read_both(2, self->a[0]);
	read_both(3, self->a[0]);
	cancel_both(1, 0, .user_data = 2);
	stopped_both(2);
	pending_both(1);
	pending_both(3);
}

TEST_F(both, p02_all_64_bits)
{
	read_both(0x100000001ULL, self->a[0]);
	cancel_both(2, -ENOENT, .user_data = 1);
	cancel_both(2, -ENOENT, .user_data = 0x100000000ULL);
	pending_both(0x100000001ULL);
	cancel_both(2, 0, .user_data = 0x100000001ULL);
	stopped_both(0x100000001ULL);
}

TEST_F(both, p03_one_of_several)
{
	read_both(9, self->a[0]);
	read_both(9, self->b[0]);
	cancel_both(3, 0, .user_data = 9);
	EXPECT_EQ(1, cqes_with(RING, 9));
	cancel_both(3, 0, .user_data = 9);
	EXPECT_EQ(2, cqes_with(RING, 9));
	cancel_both(3, -ENOENT, .user_data = 9);
}

TEST_F(both, p04_all_of_several)
{
	int i;

	for (i = 0; i < 5; i++)
		read_both(9, i & 1 ? self->a[0] : self->b[0]);
	read_both(8, self->a[0]);
	cancel_both(4, 5, .user_data = 9, .flags = C_ALL);
	EXPECT_EQ(5, cqes_with(RING, 9));
	pending_both(8);
}

TEST_F(both, p05_all_of_none)
{
	read_both(8, self->a[0]);
	cancel_both(5, 0, .user_data = 9, .flags = C_ALL);
	pending_both(8);
}

TEST_F(both, p06_by_fd)
{
	read_both(1, self->a[0]);
	read_both(2, self->b[0]);
	cancel_both(6, 0, .fd = self->b[0], .flags = C_FD);
	stopped_both(2);
	pending_both(1);
	cancel_both(6, -ENOENT, .fd = self->b[0], .flags = C_FD);
}

TEST_F(both, p06_by_fd_all)
{
	int i;

	for (i = 1; i <= 4; i++)
		read_both(i, self->a[0]);
	read_both(5, self->b[0]);
	cancel_both(6, 4, .fd = self->a[0], .flags = C_FD | C_ALL);
	for (i = 1; i <= 4; i++)
		stopped_both(i);
	pending_both(5);
}

TEST_F(both, p07_by_slot)
{
	int files[] = { self->a[0], self->b[0] };

	ASSERT_EQ(0, cring_register_files(RING, files, 2));
	if (self->have)
		ASSERT_EQ(0, io_uring_register_files(URING, files, 2));
	read_both(1, self->a[0]);
	read_both(2, self->b[0]);
	cancel_both(7, 0, .fd = 1, .flags = C_FIXED);
	stopped_both(2);
	pending_both(1);
}

TEST_F(both, p08_whatever_it_is)
{
	read_both(1, self->a[0]);
	read_both(2, self->b[0]);
	arm_timer(RING, 3);
	arm_poll(RING, 4, self->a[0]);
	/* There is no timer in its keys before 6.6, so it has none here. */
	if (self->have)
		uring_read(URING, 3, self->a[0]);
	if (self->have)
		uring_read(URING, 4, self->a[0]);
	cancel_both(8, 4, .flags = C_ANY | C_ALL);
	stopped_both(1);
	stopped_both(2);
	stopped_both(3);
	stopped_both(4);
}

TEST_F(both, p09_not_there)
{
	cancel_both(9, -ENOENT, .user_data = 7);
	read_both(1, self->a[0]);
	cancel_both(9, -ENOENT, .user_data = 7);
	cancel_both(9, 0, .user_data = 1);
	cancel_both(9, -ENOENT, .user_data = 1);
}

TEST_F(both, p10_being_executed)
{
	int res;

	put_async_read(_metadata, RING, 1, self->a[0]);
	submit_all(RING, 1);
	if (self->have)
		uring_async_read(URING, 1, self->a[0]);
	msleep(START_MS);
	EXPECT_EQ(-EALREADY, cancel(RING, WAY, .user_data = 1));
	await(RING, 1);
	expect_res(RING, 1, -ECANCELED);
	if (!self->have)
		return;
	res = uring_cancel(URING, WAY, .user_data = 1);
	contract_note(10, "io_uring %s: %d, then %d",
		      variant->way == BY_SQE ? "as an SQE" : "synchronously",
		      res, uring_wait_res(URING, 1));
}

TEST_F(both, p11_unknown_flags)
{
	read_both(1, self->a[0]);
	cancel_both(11, -EINVAL, .user_data = 1, .flags = 1U << 15);
	cancel_both(11, -EINVAL, .user_data = 1, .flags = 1U << 31);
	pending_both(1);
}

TEST_F(both, p12_not_open)
{
	int closed = dup(self->b[0]);

	close(closed);
	read_both(1, self->a[0]);
	cancel_both(12, -EBADF, .fd = closed, .flags = C_FD);
	cancel_both(12, -EBADF, .fd = -1, .flags = C_FD);
	pending_both(1);
}

TEST_HARNESS_MAIN
