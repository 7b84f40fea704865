// SPDX-License-Identifier: MIT
/*
 * Direct reads of a block device that answers at once.
 */
#include "batch.h"

static int device = -1;

bench_inline void cring_read(struct bench_ring *r, const struct bench_case *c,
			     struct cring_sqe *sqe, unsigned int i)
{
	(void)r;
	cring_prep_read(sqe, device, buffer_of(c, i), c->bytes,
			(__u64)offset_of(c, i));
}

bench_inline void uring_read(struct bench_ring *r, const struct bench_case *c,
			     struct io_uring_sqe *sqe, unsigned int i)
{
	(void)r;
	io_uring_prep_read(sqe, device, buffer_of(c, i), c->bytes,
			   (__u64)offset_of(c, i));
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

static void libaio(struct bench_ring *r, const struct bench_case *c,
		   unsigned int passes)
{
	struct iocb iocb[BENCH_BATCH], *list[BENCH_BATCH];
	struct io_event events[BENCH_BATCH];
	unsigned int i;
	int n = (int)c->batch;

	while (passes--) {
		for (i = 0; i < c->batch; i++) {
			io_prep_pread(&iocb[i], device, buffer_of(c, i),
				      c->bytes, offset_of(c, i));
			list[i] = &iocb[i];
		}
		bench_check(io_submit(r->aio, n, list) == n);
		bench_check(io_getevents(r->aio, n, n, events, NULL) == n);
		for (i = 0; i < c->batch; i++)
			bench_check((int)events[i].res == c->res);
	}
}

static void plain(struct bench_ring *r, const struct bench_case *c,
		  unsigned int passes)
{
	(void)r;
	while (passes--) {
		for (unsigned int i = 0; i < c->batch; i++)
			bench_check(pread(device, buffer_of(c, i), c->bytes,
					  offset_of(c, i)) == c->res);
	}
}

#define BODIES	.body = { cring, uring, uring, libaio, [BENCH_PLAIN] = plain }

static const struct bench_case cases[] = {
	{ "direct read 4096, depth 1", 1, 1, 4096, 4096, BODIES,
	  .target = { BENCH_URINGS(0.95), [BENCH_LIBAIO] = 0.90 } },
	{ "direct read 4096, depth 32", 32, 32, 4096, 4096, BODIES,
	  .target = { BENCH_URINGS(0.90), [BENCH_LIBAIO] = 0.90 } },
};

void bench_direct(void)
{
	device = bench_device("/dev/nullb0", O_DIRECT);
	bench_cases(cases, ARRAY_SIZE(cases));
	close(device);
}
