// SPDX-License-Identifier: MIT
/*
 * A read of an empty pipe that waits, and the write that wakes it: of a
 * descriptor with O_NONBLOCK and of one without.
 */
#include "batch.h"

static int ends[2];
static const char text[64];

static void cring(struct bench_ring *r, const struct bench_case *c,
		  unsigned int passes)
{
	while (passes--) {
		cring_prep_read(cring_sqe(r), ends[0], bench_buffer, c->bytes, 0);
		bench_check(cring_submit(&r->cring) == 1);
		bench_check(write(ends[1], text, c->bytes) == c->res);
		cring_reap(&r->cring, 1);
	}
}

static void uring(struct bench_ring *r, const struct bench_case *c,
		  unsigned int passes)
{
	while (passes--) {
		io_uring_prep_read(uring_sqe(r), ends[0], bench_buffer, c->bytes, 0);
		bench_check(io_uring_submit(&r->uring) == 1);
		bench_check(write(ends[1], text, c->bytes) == c->res);
		uring_reap(&r->uring, 1);
	}
}

#define BODIES	.body = { cring, uring, uring }

static const struct bench_case nonblocking = {
	"pipe read armed, O_NONBLOCK", 1, 1, sizeof(text), sizeof(text), BODIES,
	.target = { BENCH_URINGS(0.90) }
};

static const struct bench_case blocking = {
	"pipe read armed, blocking", 1, 1, sizeof(text), sizeof(text), BODIES,
	.target = { BENCH_URINGS(0.10) }
};

void bench_pipe(void)
{
	bench_check(pipe2(ends, O_NONBLOCK) == 0);
	bench_measure(&nonblocking);
	close(ends[0]);
	close(ends[1]);
	bench_check(pipe2(ends, 0) == 0);
	bench_measure(&blocking);
	close(ends[0]);
	close(ends[1]);
}
