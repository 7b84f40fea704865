// SPDX-License-Identifier: MIT
/*
 * NOPs: what the rings themselves cost, in batches of 1, 32 and 128, with a
 * submit call that waits for the completions and with one that does not.
 */
#include <sys/syscall.h>

#include "bench.h"

static void cring_nop(struct cring *ring, const struct bench_case *c,
		      unsigned int passes)
{
	struct cring_sqe *sqe;
	struct cring_cqe *cqe;
	unsigned int i, head, nr;
	int ret;

	while (passes--) {
		for (i = 0; i < c->batch; i++) {
			sqe = cring_get_sqe(ring);
			bench_check(sqe);
			cring_prep_nop(sqe);
			cring_sqe_set_data64(sqe, i);
		}
		ret = cring_submit_and_wait(ring, c->wait);
		bench_check(ret == (int)c->batch);
		nr = 0;
		cring_for_each_cqe(ring, head, cqe) {
			bench_check(cqe->res == 0 && cqe->user_data == nr);
			nr++;
		}
		cring_cq_advance(ring, nr);
		bench_check(nr == c->batch);
	}
}

static void uring_nop(struct io_uring *ring, const struct bench_case *c,
		      unsigned int passes)
{
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	unsigned int i, head, nr;
	int ret;

	while (passes--) {
		for (i = 0; i < c->batch; i++) {
			sqe = io_uring_get_sqe(ring);
			bench_check(sqe);
			io_uring_prep_nop(sqe);
			io_uring_sqe_set_data64(sqe, i);
		}
		ret = io_uring_submit_and_wait(ring, c->wait);
		bench_check(ret == (int)c->batch);
		nr = 0;
		io_uring_for_each_cqe(ring, head, cqe) {
			bench_check(cqe->res == 0 && cqe->user_data == nr);
			nr++;
		}
		io_uring_cq_advance(ring, nr);
		bench_check(nr == c->batch);
	}
}

#define NOP(batch, target) \
	{ "nop, " #batch, batch, 0, target, cring_nop, uring_nop }, \
	{ "nop, " #batch ", waited for", batch, batch, target, cring_nop, uring_nop }

static const struct bench_case cases[] = {
	NOP(1, 0.95),
	NOP(32, 0.45),
	NOP(128, 0.40),
};

static void floor_syscall(struct cring *cring, struct io_uring *uring,
			  unsigned int passes)
{
	(void)cring;
	(void)uring;
	while (passes--)
		syscall(SYS_getppid);
}

/* a number that no driver knows */
static void floor_ioctl(struct cring *cring, struct io_uring *uring,
			unsigned int passes)
{
	(void)uring;
	while (passes--)
		bench_check(cring_ioctl(cring->ring_fd, _IO(0, 0), NULL) < 0);
}

static void floor_submit(struct cring *cring, struct io_uring *uring,
			 unsigned int passes)
{
	(void)uring;
	while (passes--)
		bench_check(cring_enter(cring, 0, 0) == 0);
}

static void floor_enter(struct cring *cring, struct io_uring *uring,
			unsigned int passes)
{
	(void)cring;
	while (passes--)
		bench_check(io_uring_enter(uring->enter_ring_fd, 0, 0,
					   IORING_ENTER_REGISTERED_RING,
					   NULL) == 0);
}

static const struct bench_floor floors[] = {
	{ "getppid", floor_syscall },
	{ "ioctl that /dev/cring does not know", floor_ioctl },
	{ "CRING_IOC_SUBMIT of nothing", floor_submit },
	{ "io_uring_enter of nothing", floor_enter },
};

int main(void)
{
	return bench_run(cases, sizeof(cases) / sizeof(cases[0]),
			 floors, sizeof(floors) / sizeof(floors[0]));
}
