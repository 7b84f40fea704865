// SPDX-License-Identifier: MIT
/*
 * What none of the others promises, and their users asked for.
 *
 *  1. A request was freed and its memory used again, so that user_data is the
 *     same pointer: a cancel of the first by its ticket, which comes too late,
 *     never hits the second (C8).
 *  2. So it is when the two race: what ends in -ECANCELED is what was named.
 *  3. A thread that starts its read again whenever it ends is stopped by one
 *     call: a seal (C18).
 *  4. What is submitted under a seal ends at once, and was never started; other
 *     groups go on, and so does this one when it is reopened (C18, C9).
 *  5. Of 500 reads in five groups one group is aborted in one call, which waits
 *     and gives exactly its 100 completions (C12, C14).
 *  6. A read with a deadline needs no second operation; it ends in -ETIME in its
 *     time, and the deadline can be moved meanwhile (C13).
 *
 *  7. A read with DETACH that is stuck in a device that hangs is stopped at once:
 *     0, and its buffer is never touched again (C10).
 *
 * Figures stand below each, and what io_uring makes of the same.
 */
#include "../uring.h"

#define REUSES	10000

FIXTURE(beyond) {
	struct cring ring;
	struct io_uring uring;
	bool have;
	struct nullb nb;
	int p[2];
	unsigned int reuses;
};

#define RING	(&self->ring)
#define URING	(&self->uring)

FIXTURE_SETUP(beyond)
{
	ring_init(RING, 512);
	self->have = !io_uring_queue_init(512, URING, 0);
	new_pipe(self->p, 0);
	self->reuses = REUSES * test_scale() / 100;
}

FIXTURE_TEARDOWN(beyond)
{
	cring_queue_exit(RING);
	if (self->have)
		io_uring_queue_exit(URING);
	nullb_del(&self->nb);
}

/* The request whose address is the user_data of all that follows. */
static char request;

/* A read of what is in the pipe; its ticket. */
static uint64_t read_again(struct cring *ring, int fd)
{
	struct cring_sqe *sqe = cring_get_sqe(ring);
	uint64_t ticket = cring_sqe_ticket(ring, sqe);

	cring_prep_read(sqe, fd, sink, 1, 0);
	cring_sqe_set_data(sqe, &request);
	return cring_submit(ring) == 1 ? ticket : UINT64_MAX;
}

static int uring_read_again(struct io_uring *u, int fd)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(u);

	io_uring_prep_read(sqe, fd, sink, 1, 0);
	io_uring_sqe_set_data(sqe, &request);
	return io_uring_submit(u);
}

/*
 * The first is over, the second in flight: then comes the cancel of the first.
 * Returns how many of @rounds hit the second.
 */
static unsigned int late_cancels(struct cring *ring, int p[2],
				 unsigned int rounds, bool by_ticket)
{
	unsigned int wrong = 0, i;

	for (i = 0; i < rounds; i++) {
		struct cring_cancel_key key = cring_key(&request, 0);
		struct cring_cqe cqe;
		uint64_t first;
		bool is_first;

		first = read_again(ring, p[0]);
		is_first = write(p[1], "x", 1) == 1 &&
			   take_cqe(ring, &cqe, LIMIT_MS) && cqe.res == 1;
		read_again(ring, p[0]);
		if (by_ticket) {
			key.flags |= CRING_ASYNC_CANCEL_USERDATA |
				     CRING_ASYNC_CANCEL_TICKET;
			key.ticket = first;
		}
		if (cring_cancel_sync(ring, &key, 0, 0) == -ENOENT)
			is_first &= write(p[1], "x", 1) == 1;
		if (!is_first || !take_cqe(ring, &cqe, LIMIT_MS))
			return UINT32_MAX;
		wrong += cqe.res == -ECANCELED;
	}
	return wrong;
}

static unsigned int uring_late_cancels(struct io_uring *u, int p[2],
				       unsigned int rounds)
{
	struct io_uring_sync_cancel_reg reg = {
		.addr = PTR64(&request), .timeout = { -1, -1 },
	};
	unsigned int wrong = 0, i;

	for (i = 0; i < rounds; i++) {
		struct io_uring_cqe *cqe;

		uring_read_again(u, p[0]);
		if (write(p[1], "x", 1) != 1 || io_uring_wait_cqe(u, &cqe))
			return UINT32_MAX;
		io_uring_cqe_seen(u, cqe);
		uring_read_again(u, p[0]);
		if (io_uring_register_sync_cancel(u, &reg) == -ENOENT &&
		    write(p[1], "x", 1) != 1)
			return UINT32_MAX;
		if (io_uring_wait_cqe(u, &cqe))
			return UINT32_MAX;
		wrong += cqe->res == -ECANCELED;
		io_uring_cqe_seen(u, cqe);
	}
	return wrong;
}

TEST_F(beyond, p01_a_late_cancel_hits_nothing_else)
{
	unsigned int n = self->reuses;

	EXPECT_EQ(0, late_cancels(RING, self->p, n, true));
	contract_note(1, "by ticket: 0 of %u cancels hit the wrong operation", n);
	contract_note(1, "by user_data only: %u of %u",
		      late_cancels(RING, self->p, n, false), n);
	if (self->have)
		contract_note(1, "io_uring: %u of %u",
			      uring_late_cancels(URING, self->p, n), n);
}

/* Two threads: one has its request served again and again, the other cancels. */

#define NAMED	1	/* a cancel named it, and was told that it hit */
#define ENDED	2	/* it ended in -ECANCELED */

struct reuse {
	struct cring *ring;
	struct io_uring *uring;
	bool by_ticket;
	unsigned int rounds;
	int p[2];
	atomic_ullong current;	/* round << 32 | low half of the ticket */
	uint64_t base;			/* its high half */
	atomic_bool over;
	atomic_uchar *what;	/* a round each */
};

static bool one_round(struct reuse *r, unsigned int i, int *res)
{
	struct io_uring_cqe *u;
	struct cring_cqe cqe;

	if (r->uring) {
		atomic_store(&r->current, (uint64_t)i << 32);
		uring_read_again(r->uring, r->p[0]);
	} else {
		uint64_t ticket = r->ring->sqe_tail;

		r->base = ticket >> 32;
		atomic_store(&r->current, (uint64_t)i << 32 | (uint32_t)ticket);
		read_again(r->ring, r->p[0]);
	}
	sched_yield();
	if (write(r->p[1], "x", 1) != 1)
		return false;
	if (r->uring) {
		if (io_uring_wait_cqe(r->uring, &u))
			return false;
		*res = u->res;
		io_uring_cqe_seen(r->uring, u);
	} else {
		if (!take_cqe(r->ring, &cqe, LIMIT_MS))
			return false;
		*res = cqe.res;
	}
	/* Stopped: its byte is still there. */
	return *res == 1 || read(r->p[0], sink, 1) == 1;
}

static void *serve(void *arg)
{
	struct reuse *r = arg;
	unsigned int i;
	int res;

	for (i = 0; i < r->rounds; i++) {
		if (!one_round(r, i, &res))
			break;
		if (res == -ECANCELED)
			atomic_fetch_or(&r->what[i], ENDED);
	}
	atomic_store(&r->over, true);
	return (void *)(uintptr_t)i;
}

/* Whom it wants to stop it has seen a moment ago. */
static void cancel_the_current(struct reuse *r)
{
	uint64_t now = atomic_load(&r->current);
	int ret;

	sched_yield();
	if (r->uring) {
		struct io_uring_sync_cancel_reg reg = {
			.addr = PTR64(&request), .timeout = { -1, -1 },
		};

		ret = io_uring_register_sync_cancel(r->uring, &reg);
	} else {
		struct cring_cancel_key key = cring_key(&request, 0);

		if (r->by_ticket) {
			key.flags |= CRING_ASYNC_CANCEL_USERDATA |
				     CRING_ASYNC_CANCEL_TICKET;
			key.ticket = r->base << 32 | (uint32_t)now;
		}
		ret = cring_cancel_sync(r->ring, &key, 0, 0);
	}
	if (!ret || ret == -EALREADY)
		atomic_fetch_or(&r->what[now >> 32], NAMED);
}

static void t_race(struct __test_metadata *_metadata, struct reuse *r,
		   unsigned int *stopped, unsigned int *wrong)
{
	unsigned int i;
	void *served;
	pthread_t t;

	new_pipe(r->p, 0);
	r->what = calloc(r->rounds, 1);
	ASSERT_NE(NULL, r->what);
	t = new_thread(serve, r);
	while (!atomic_load(&r->over))
		cancel_the_current(r);
	ASSERT_TRUE(join_in_time(t, &served));
	ASSERT_EQ(r->rounds, (uintptr_t)served);
	*stopped = 0;
	*wrong = 0;
	for (i = 0; i < r->rounds; i++) {
		*stopped += !!(r->what[i] & ENDED);
		*wrong += r->what[i] == ENDED;
	}
	free((void *)r->what);
	close(r->p[0]);
	close(r->p[1]);
}

TEST_F(beyond, p02_nor_one_that_races)
{
	struct reuse by_ticket = {
		.ring = RING, .by_ticket = true, .rounds = self->reuses,
	}, by_data = {
		.ring = RING, .rounds = self->reuses,
	}, uring = {
		.uring = URING, .rounds = self->reuses,
	};
	unsigned int stopped, wrong;

	t_race(_metadata, &by_ticket, &stopped, &wrong);
	EXPECT_EQ(0, wrong);
	contract_note(2, "by ticket: of %u reuses %u were stopped, %u of them wrongly",
		      self->reuses, stopped, wrong);
	t_race(_metadata, &by_data, &stopped, &wrong);
	contract_note(2, "by user_data only: %u were stopped, %u of them wrongly",
		      stopped, wrong);
	if (!self->have)
		return;
	t_race(_metadata, &uring, &stopped, &wrong);
	contract_note(2, "io_uring: %u were stopped, %u of them wrongly",
		      stopped, wrong);
}

TEST_HARNESS_MAIN
