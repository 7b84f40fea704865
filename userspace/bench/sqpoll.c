// SPDX-License-Identifier: MIT
/*
 * Rings with a thread that takes what is in the SQ: NOPs and reads without any
 * system call.
 *
 * This is wall clock, on a machine with two CPUs: the program on one, its ring's
 * thread on the other, which spins as much as it works, so that instructions would
 * say nothing.  Each is the best of several turns, and the two sides take turns.
 */
#include <poll.h>

#include "batch.h"

#define TURNS		9
#define PASSES		2000
#define IDLE_MS		1000

static int file = -1;

bench_inline void cring_op(const struct bench_case *c, struct cring_sqe *sqe,
			   unsigned int i)
{
	if (!c->bytes) {
		cring_prep_nop(sqe);
		return;
	}
	cring_prep_read_fixed(sqe, 0, buffer_of(c, i), c->bytes,
			      (__u64)offset_of(c, i), 0);
	cring_sqe_set_flags(sqe, CRING_SQE_FIXED_FILE);
}

bench_inline void uring_op(const struct bench_case *c, struct io_uring_sqe *sqe,
			   unsigned int i)
{
	if (!c->bytes) {
		io_uring_prep_nop(sqe);
		return;
	}
	io_uring_prep_read_fixed(sqe, 0, buffer_of(c, i), c->bytes,
				 (__u64)offset_of(c, i), 0);
	io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE);
}

static void cring(struct bench_ring *r, const struct bench_case *c,
		  unsigned int passes)
{
	while (passes--) {
		for (unsigned int i = 0; i < c->batch; i++)
			cring_op(c, cring_sqe(r), i);
		bench_check(cring_submit(&r->cring) == (int)c->batch);
		while (cring_cq_ready(&r->cring) < c->batch)
			;
		cring_reap_batch(&r->cring, c);
	}
}

static void uring(struct bench_ring *r, const struct bench_case *c,
		  unsigned int passes)
{
	while (passes--) {
		for (unsigned int i = 0; i < c->batch; i++)
			uring_op(c, uring_sqe(r), i);
		bench_check(io_uring_submit(&r->uring) >= 0);
		while (io_uring_cq_ready(&r->uring) < c->batch)
			;
		uring_reap_batch(&r->uring, c);
	}
}

static void open_rings(struct bench_ring *ours, struct bench_ring *theirs)
{
	struct cring_params p = { .flags = CRING_SETUP_SQPOLL,
				  .sq_thread_idle = IDLE_MS };
	struct io_uring_params up = { .flags = IORING_SETUP_SQPOLL,
				      .sq_thread_idle = IDLE_MS };
	struct iovec iov = { bench_buffer, BENCH_BUFFER };

	bench_check(cring_queue_init_params(256, &ours->cring, &p) == 0);
	bench_check(cring_register_files(&ours->cring, &file, 1) == 0);
	bench_check(cring_register_buffers(&ours->cring, &iov, 1) == 0);
	bench_check(io_uring_queue_init_params(256, &theirs->uring, &up) == 0);
	bench_check(io_uring_register_files(&theirs->uring, &file, 1) == 0);
	bench_check(io_uring_register_buffers(&theirs->uring, &iov, 1) == 0);
}

/* ns an operation; the other side's thread has gone to sleep meanwhile */
static double turn(struct bench_ring *r, const struct bench_case *c,
		   bench_body body)
{
	unsigned long start;

	poll(NULL, 0, IDLE_MS + 200);
	/* wakes it */
	body(r, c, 10);
	start = bench_now();
	body(r, c, PASSES);
	return (double)(bench_now() - start) / ((double)PASSES * c->batch);
}

static void measure(const struct bench_case *c)
{
	static struct bench_ring ours, theirs;
	double cost, best = 1e18, peer = 1e18;

	if (!bench_wanted(c->name))
		return;
	open_rings(&ours, &theirs);
	for (int i = 0; i < (bench_quick ? 3 : TURNS); i++) {
		cost = turn(&ours, c, cring);
		best = cost < best ? cost : best;
		cost = turn(&theirs, c, uring);
		peer = cost < peer ? cost : peer;
	}
	bench_result(c->name, "io_uring, SQPOLL", best, peer, 0, 0, 0);
	cring_queue_exit(&ours.cring);
	io_uring_queue_exit(&theirs.uring);
}

void bench_sqpoll(void)
{
	static const struct bench_case cases[] = {
		{ .name = "nop by a polling thread, batch 1, ns", .batch = 1 },
		{ .name = "nop by a polling thread, batch 32, ns", .batch = 32 },
		{ .name = "read 512 by a polling thread, batch 32, ns",
		  .batch = 32, .bytes = 512, .res = 512 },
	};

	if (bench_profile >= 0)
		return;
	file = bench_cached_file();
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++)
		measure(&cases[i]);
	close(file);
}
