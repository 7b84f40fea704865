// SPDX-License-Identifier: MIT
/*
 * Operations with a time limit that does not come, and timeouts that are taken
 * back while many others run.
 */
#include "batch.h"

#define PENDING	8192

static int file = -1;
static struct cring_timespec cring_ts = { .tv_sec = 1000 };
static struct __kernel_timespec uring_ts = { .tv_sec = 1000 };

bench_inline void prep(struct bench_ring *r, const struct bench_case *c,
		       struct cring_sqe *sqe, unsigned int i)
{
	(void)r;
	cring_prep_read(sqe, file, buffer_of(c, i), c->bytes,
			(__u64)offset_of(c, i));
	cring_sqe_set_deadline(sqe, 1000000000000);
}

static void cring_deadline(struct bench_ring *r, const struct bench_case *c,
			   unsigned int passes)
{
	cring_batch(r, c, passes, prep);
}

static void uring_link(struct bench_ring *r, const struct bench_case *c,
		       unsigned int passes)
{
	struct io_uring_sqe *sqe;
	unsigned int i, n = 2 * c->batch;

	while (passes--) {
		for (i = 0; i < c->batch; i++) {
			sqe = uring_sqe(r);
			io_uring_prep_read(sqe, file, buffer_of(c, i),
					   c->bytes, (__u64)offset_of(c, i));
			io_uring_sqe_set_flags(sqe, IOSQE_IO_LINK);
			io_uring_prep_link_timeout(uring_sqe(r), &uring_ts, 0);
		}
		bench_check(io_uring_submit_and_wait(&r->uring, n) == (int)n);
		uring_reap(&r->uring, n);
	}
}

/* The same that waits: a pipe, and the write that wakes it. */
static int ends[2];

static void cring_pipe(struct bench_ring *r, const struct bench_case *c,
		       unsigned int passes)
{
	struct cring_sqe *sqe;

	while (passes--) {
		sqe = cring_sqe(r);
		cring_prep_read(sqe, ends[0], bench_buffer, c->bytes, 0);
		cring_sqe_set_deadline(sqe, 1000000000000);
		bench_check(cring_submit(&r->cring) == 1);
		bench_check(write(ends[1], bench_buffer, c->bytes) == c->res);
		cring_reap(&r->cring, 1);
	}
}

static void uring_pipe(struct bench_ring *r, const struct bench_case *c,
		       unsigned int passes)
{
	struct io_uring_sqe *sqe;

	while (passes--) {
		sqe = uring_sqe(r);
		io_uring_prep_read(sqe, ends[0], bench_buffer, c->bytes, 0);
		io_uring_sqe_set_flags(sqe, IOSQE_IO_LINK);
		io_uring_prep_link_timeout(uring_sqe(r), &uring_ts, 0);
		bench_check(io_uring_submit(&r->uring) == 2);
		bench_check(write(ends[1], bench_buffer, c->bytes) == c->res);
		uring_reap(&r->uring, 2);
	}
}

/* No two end at the same time. */
static void pending(struct bench_ring *r, const struct bench_case *c)
{
	unsigned int i;
	int ret;

	for (i = 0; i < c->in_flight; i++) {
		cring_ts.tv_nsec = (i * 7919) % 999983;
		uring_ts.tv_nsec = cring_ts.tv_nsec;
		if (r->side == BENCH_CRING) {
			struct cring_sqe *sqe = cring_sqe(r);

			cring_prep_timeout(sqe, &cring_ts, 0, 0);
			cring_sqe_set_data64(sqe, i + 1);
		} else {
			struct io_uring_sqe *sqe = uring_sqe(r);

			io_uring_prep_timeout(sqe, &uring_ts, 0, 0);
			io_uring_sqe_set_data64(sqe, i + 1);
		}
		ret = r->side == BENCH_CRING ? cring_submit(&r->cring) :
					       io_uring_submit(&r->uring);
		bench_check(ret == 1);
	}
}

static void cring_timeout(struct bench_ring *r, const struct bench_case *c,
			  unsigned int passes)
{
	struct cring_sqe *sqe;

	(void)c;
	while (passes--) {
		sqe = cring_sqe(r);
		cring_prep_timeout(sqe, &cring_ts, 0, 0);
		cring_sqe_set_data64(sqe, 1000000);
		cring_prep_timeout_remove(cring_sqe(r), 1000000, 0);
		bench_check(cring_submit_and_wait(&r->cring, 2) == 2);
		cring_reap(&r->cring, 2);
	}
}

static void uring_timeout(struct bench_ring *r, const struct bench_case *c,
			  unsigned int passes)
{
	struct io_uring_sqe *sqe;

	(void)c;
	while (passes--) {
		sqe = uring_sqe(r);
		io_uring_prep_timeout(sqe, &uring_ts, 0, 0);
		io_uring_sqe_set_data64(sqe, 1000000);
		io_uring_prep_timeout_remove(uring_sqe(r), 1000000, 0);
		bench_check(io_uring_submit_and_wait(&r->uring, 2) == 2);
		uring_reap(&r->uring, 2);
	}
}

#define LINK_BODIES	.body = { cring_deadline, uring_link, uring_link }

static const struct bench_case cases[] = {
	{ "read 512 with a deadline, batch 1", 1, 1, 512, 512, LINK_BODIES,
	  .target = { BENCH_URINGS(0.50) } },
	{ "read 512 with a deadline, batch 32", 32, 32, 512, 512, LINK_BODIES,
	  .target = { BENCH_URINGS(0.50) } },
	{ "pipe read with a deadline, armed", 1, 1, 64, 64,
	  .body = { cring_pipe, uring_pipe, uring_pipe },
	  .target = { BENCH_URINGS(0.50) } },
	{ "timeout + remove, 8192 pending", 1, .in_flight = PENDING,
	  .cq_entries = 2 * PENDING, .rings = 2, .setup = pending,
	  .body = { cring_timeout, uring_timeout, uring_timeout },
	  .target = { BENCH_URINGS(0.50) } },
};

static const struct bench_case grows = {
	"timeout + remove", 1, .rings = 2, .setup = pending,
	.body = { cring_timeout, uring_timeout }
};

void bench_timer(void)
{
	file = bench_cached_file();
	bench_check(pipe2(ends, O_NONBLOCK) == 0);
	bench_cases(cases, ARRAY_SIZE(cases));
	bench_grow(&grows, 16, 65534);
	close(ends[0]);
	close(ends[1]);
	close(file);
}
