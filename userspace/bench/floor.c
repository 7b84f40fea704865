// SPDX-License-Identifier: MIT
/*
 * What nothing that enters the kernel can go below.
 */
#include <sys/syscall.h>

#include "batch.h"

static void getppid_call(struct bench_ring *r, const struct bench_case *c,
			 unsigned int passes)
{
	(void)r;
	(void)c;
	while (passes--)
		syscall(SYS_getppid);
}

/* a number that no driver knows */
static void unknown_ioctl(struct bench_ring *r, const struct bench_case *c,
			  unsigned int passes)
{
	(void)c;
	while (passes--)
		bench_check(cring_ioctl(r->cring.ring_fd, _IO(0, 0), NULL) < 0);
}

static void submit_nothing(struct bench_ring *r, const struct bench_case *c,
			   unsigned int passes)
{
	(void)c;
	while (passes--)
		bench_check(cring_enter(&r->cring, 0, 0) == 0);
}

static void enter_nothing(struct bench_ring *r, const struct bench_case *c,
			  unsigned int passes)
{
	(void)c;
	while (passes--)
		bench_check(io_uring_enter((unsigned int)r->uring.enter_ring_fd,
					   0, 0, IORING_ENTER_REGISTERED_RING,
					   NULL) == 0);
}

static const struct bench_case cases[] = {
	{ "floor: an ioctl that cring does not know", 1,
	  .body = { unknown_ioctl, [BENCH_PLAIN] = getppid_call } },
	{ "floor: a submit call with nothing to do", 1,
	  .body = { submit_nothing, enter_nothing, enter_nothing } },
};

void bench_floor(void)
{
	bench_cases(cases, ARRAY_SIZE(cases));
}
