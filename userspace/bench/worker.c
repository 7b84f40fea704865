// SPDX-License-Identifier: MIT
/*
 * Reads of what is in the page cache, but by a worker, as those that would block.
 */
#include "batch.h"

static int file = -1;

bench_inline void cring_read(struct bench_ring *r, const struct bench_case *c,
			     struct cring_sqe *sqe, unsigned int i)
{
	(void)r;
	cring_prep_read(sqe, file, buffer_of(c, i), c->bytes,
			(__u64)offset_of(c, i));
	cring_sqe_set_flags(sqe, CRING_SQE_ASYNC);
}

bench_inline void uring_read(struct bench_ring *r, const struct bench_case *c,
			     struct io_uring_sqe *sqe, unsigned int i)
{
	(void)r;
	io_uring_prep_read(sqe, file, buffer_of(c, i), c->bytes,
			   (__u64)offset_of(c, i));
	io_uring_sqe_set_flags(sqe, IOSQE_ASYNC);
}

static void cring(struct bench_ring *r, const struct bench_case *c,
		  unsigned int passes)
{
	cring_batch(r, c, passes, cring_read);
}

static void uring(struct bench_ring *r, const struct bench_case *c,
		  unsigned int passes)
{
	uring_batch(r, c, passes, uring_read);
}

static const struct bench_case cases[] = {
	{ "read 512 by a worker, depth 32", 32, 32, 512, 512,
	  .body = { cring, uring, uring }, .target = { BENCH_URINGS(1.00) } },
	{ "read 512 by a worker, depth 1", 1, 1, 512, 512,
	  .body = { cring, uring, uring } },
};

void bench_worker(void)
{
	file = bench_cached_file();
	bench_cases(cases, ARRAY_SIZE(cases));
	close(file);
}
