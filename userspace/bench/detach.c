// SPDX-License-Identifier: MIT
/*
 * Cancelling a read with DETACH while the device has it: from call to return.
 */
#include <poll.h>

#include "batch.h"

static int device = -1;

static void cancel(struct bench_ring *r, const struct bench_case *c,
		   unsigned int passes)
{
	struct cring_cancel_key key;
	struct cring_sqe *sqe;

	while (passes--) {
		bench_pause();
		sqe = cring_sqe(r);
		cring_prep_read(sqe, device, bench_buffer, c->bytes, 0);
		cring_sqe_set_data64(sqe, 1);
		cring_sqe_set_detach(sqe);
		bench_check(cring_submit(&r->cring) == 1);
		key = cring_key64(1, 0);
		bench_resume();
		bench_check(cring_cancel_sync(&r->cring, &key, 0, 0) == 0);
		bench_pause();
		cring_reap(&r->cring, 1);
		/* The device answers after 10 ms. */
		poll(NULL, 0, 20);
		bench_resume();
	}
}

static const struct bench_case cases[] = {
	{ "DETACH cancel of a read in the device", 1, .bytes = 4096,
	  .body = { cancel }, .limit = 4000 },
};

void bench_detach(void)
{
	device = bench_device("/dev/nullb1", O_DIRECT);
	bench_cases(cases, ARRAY_SIZE(cases));
	close(device);
}
