// SPDX-License-Identifier: MIT
/*
 * Cancelling the last of many reads that wait for a worker: those that there are
 * wait for a device that does not answer.
 */
#include <poll.h>

#include "batch.h"

static int device = -1;
static __u64 offset;

/* Each is of a page that is not in the page cache. */
static __u64 elsewhere(void)
{
	offset += 65536;
	return offset;
}

static void cring_queue(struct bench_ring *r)
{
	struct cring_sqe *sqe = cring_sqe(r);

	cring_prep_read(sqe, device, bench_buffer, 512, elsewhere());
	cring_sqe_set_flags(sqe, CRING_SQE_ASYNC);
	cring_sqe_set_data64(sqe, ++r->next);
}

static void uring_queue(struct bench_ring *r)
{
	struct io_uring_sqe *sqe = uring_sqe(r);

	io_uring_prep_read(sqe, device, bench_buffer, 512, elsewhere());
	io_uring_sqe_set_flags(sqe, IOSQE_ASYNC);
	io_uring_sqe_set_data64(sqe, ++r->next);
}

/* The workers that there are block; all else waits for one. */
static void fill(struct bench_ring *r, const struct bench_case *c)
{
	unsigned int i, n = 0, one[2] = { 1, 1 };
	int ret;

	if (r->side != BENCH_CRING)
		bench_check(io_uring_register_iowq_max_workers(&r->uring, one) == 0);
	for (i = 0; i < c->in_flight; i++) {
		if (r->side == BENCH_CRING)
			cring_queue(r);
		else
			uring_queue(r);
		if (++n < 128 && i + 1 < c->in_flight)
			continue;
		ret = r->side == BENCH_CRING ? cring_submit(&r->cring) :
					       io_uring_submit(&r->uring);
		bench_check(ret == (int)n);
		n = 0;
	}
	/* until the workers have begun */
	poll(NULL, 0, 100);
}

static void cring(struct bench_ring *r, const struct bench_case *c,
		  unsigned int passes)
{
	(void)c;
	while (passes--) {
		cring_prep_cancel64(cring_sqe(r), r->next, 0);
		bench_check(cring_submit_and_wait(&r->cring, 2) == 1);
		cring_reap_cancel(&r->cring);
		bench_pause();
		cring_queue(r);
		bench_check(cring_submit(&r->cring) == 1);
		bench_resume();
	}
}

static void uring(struct bench_ring *r, const struct bench_case *c,
		  unsigned int passes)
{
	(void)c;
	while (passes--) {
		io_uring_prep_cancel64(uring_sqe(r), r->next, 0);
		bench_check(io_uring_submit_and_wait(&r->uring, 2) == 1);
		uring_reap_cancel(&r->uring);
		bench_pause();
		uring_queue(r);
		bench_check(io_uring_submit(&r->uring) == 1);
		bench_resume();
	}
}

static const struct bench_case last = {
	"cancel the last of 4096 queued", 1, .in_flight = 4096,
	.cq_entries = 8192, .rings = 2, .setup = fill,
	.body = { cring, uring, uring }, .target = { BENCH_URINGS(0.01) }
};

static const struct bench_case grows = {
	"cancel the last of the queued", 1, .rings = 2, .setup = fill,
	.body = { cring, uring }
};

void bench_queued(void)
{
	device = bench_device("/dev/nullb2", 0);
	bench_check(posix_fadvise(device, 0, 0, POSIX_FADV_RANDOM) == 0);
	bench_measure(&last);
	bench_grow(&grows, 256, 65535);
	close(device);
}
