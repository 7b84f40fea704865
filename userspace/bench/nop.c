// SPDX-License-Identifier: MIT
/*
 * NOPs: what the rings themselves cost, in batches of 1 to 128, with a submit
 * call that waits for the completions and with one that does not.
 */
#include "batch.h"

bench_inline void cring_nop(struct bench_ring *r, const struct bench_case *c,
			    struct cring_sqe *sqe, unsigned int i)
{
	(void)r;
	(void)c;
	(void)i;
	cring_prep_nop(sqe);
}

bench_inline void uring_nop(struct bench_ring *r, const struct bench_case *c,
			    struct io_uring_sqe *sqe, unsigned int i)
{
	(void)r;
	(void)c;
	(void)i;
	io_uring_prep_nop(sqe);
}

static void cring(struct bench_ring *r, const struct bench_case *c,
		  unsigned int passes)
{
	cring_batch(r, c, passes, cring_nop);
}

static void uring(struct bench_ring *r, const struct bench_case *c,
		  unsigned int passes)
{
	uring_batch(r, c, passes, uring_nop);
}

#define BODIES		.body = { cring, uring, uring }
#define TARGET(t)	.target = { BENCH_URINGS(t) }
#define POINT(n)	.picture = "batch", .series = "nop", .x = (n)

static const struct bench_case cases[] = {
	{ "nop, batch 1", 1, TARGET(0.95), POINT(1), BODIES },
	{ "nop, batch 1, waited for", 1, 1, TARGET(0.95), BODIES },
	{ "nop, batch 2", 2, POINT(2), BODIES },
	{ "nop, batch 4", 4, POINT(4), BODIES },
	{ "nop, batch 8", 8, POINT(8), BODIES },
	{ "nop, batch 16", 16, POINT(16), BODIES },
	{ "nop, batch 32", 32, TARGET(0.45), POINT(32), BODIES },
	{ "nop, batch 32, waited for", 32, 32, TARGET(0.45), BODIES },
	{ "nop, batch 64", 64, POINT(64), BODIES },
	{ "nop, batch 128", 128, TARGET(0.40), POINT(128), BODIES },
	{ "nop, batch 128, waited for", 128, 128, TARGET(0.40), BODIES },
};

void bench_nop(void)
{
	bench_cases(cases, ARRAY_SIZE(cases));
}
