// SPDX-License-Identifier: MIT
/*
 * Operations that wait for a file, and cancelling them: one in the submit call
 * that added it, 64 in one synchronous call, one among thousands by its file.
 */
#include <poll.h>

#include "batch.h"

#define KEYS		64
#define ARMED		8192
#define TARGET		1000000	/* a user_data that no other has */

static void target_file(struct bench_ring *r, const struct bench_case *c)
{
	(void)c;
	bench_event_files(r, 1);
	r->fd = r->fds[0];
}

static void close_files(struct bench_ring *r, const struct bench_case *c)
{
	(void)c;
	bench_close_files(r);
}

static void cring_add(struct bench_ring *r, int fd, __u64 data)
{
	struct cring_sqe *sqe = cring_sqe(r);

	cring_prep_poll_add(sqe, fd, POLLIN);
	cring_sqe_set_data64(sqe, data);
}

static void uring_add(struct bench_ring *r, int fd, __u64 data)
{
	struct io_uring_sqe *sqe = uring_sqe(r);

	io_uring_prep_poll_add(sqe, fd, POLLIN);
	io_uring_sqe_set_data64(sqe, data);
}

/* An addition and its cancel, then the next. */
static void cring_pair(struct bench_ring *r, const struct bench_case *c,
		       unsigned int passes)
{
	unsigned int i, n = 2 * c->batch;

	while (passes--) {
		for (i = 0; i < c->batch; i++) {
			cring_add(r, r->fd, i);
			cring_prep_cancel64(cring_sqe(r), i, 0);
		}
		bench_check(cring_submit_and_wait(&r->cring, n) == (int)n);
		cring_reap(&r->cring, n);
	}
}

static void uring_pair(struct bench_ring *r, const struct bench_case *c,
		       unsigned int passes)
{
	unsigned int i, n = 2 * c->batch;

	while (passes--) {
		for (i = 0; i < c->batch; i++) {
			uring_add(r, r->fd, i);
			io_uring_prep_cancel64(uring_sqe(r), i, 0);
		}
		bench_check(io_uring_submit_and_wait(&r->uring, n) == (int)n);
		uring_reap(&r->uring, n);
	}
}

static void cring_keys(struct bench_ring *r, const struct bench_case *c,
		       unsigned int passes)
{
	struct cring_cancel_key keys[KEYS];
	unsigned int i;

	while (passes--) {
		for (i = 0; i < c->batch; i++)
			cring_add(r, r->fd, i);
		bench_check(cring_submit(&r->cring) == (int)c->batch);
		for (i = 0; i < c->batch; i++)
			keys[i] = cring_key64(i, 0);
		bench_check(cring_cancel_sync_many(&r->cring, keys, c->batch, 0,
						   0) == 0);
		for (i = 0; i < c->batch; i++)
			bench_check(keys[i].res == 0);
		cring_reap(&r->cring, c->batch);
	}
}

/* Its synchronous call takes one key. */
static void uring_keys(struct bench_ring *r, const struct bench_case *c,
		       unsigned int passes)
{
	struct io_uring_sync_cancel_reg reg = {
		.fd = -1, .timeout = { -1, -1 }
	};
	unsigned int i;

	while (passes--) {
		for (i = 0; i < c->batch; i++)
			uring_add(r, r->fd, i);
		bench_check(io_uring_submit(&r->uring) == (int)c->batch);
		for (i = 0; i < c->batch; i++) {
			reg.addr = i;
			bench_check(io_uring_register_sync_cancel(&r->uring,
								  &reg) == 0);
		}
		uring_reap(&r->uring, c->batch);
	}
}

static void armed(struct bench_ring *r, const struct bench_case *c)
{
	unsigned int i, n = 0;
	int ret;

	bench_event_files(r, c->in_flight + 1);
	r->fd = r->fds[c->in_flight];
	for (i = 0; i < c->in_flight; i++) {
		if (r->side == BENCH_CRING)
			cring_add(r, r->fds[i], i);
		else
			uring_add(r, r->fds[i], i);
		if (++n < 128 && i + 1 < c->in_flight)
			continue;
		ret = r->side == BENCH_CRING ? cring_submit(&r->cring) :
					       io_uring_submit(&r->uring);
		bench_check(ret == (int)n);
		n = 0;
	}
}

/*
 * io_uring looks for it in one chain of a hash table after the other, and finds it
 * early or late by its user_data: so many that take turns are its mean.
 */
#define TURNS	64

static void cring_by_fd(struct bench_ring *r, const struct bench_case *c,
			unsigned int passes)
{
	(void)c;
	while (passes--) {
		bench_pause();
		cring_add(r, r->fd, TARGET + passes % TURNS);
		bench_check(cring_submit(&r->cring) == 1);
		bench_resume();
		cring_prep_cancel_fd(cring_sqe(r), r->fd, 0);
		bench_check(cring_submit_and_wait(&r->cring, 2) == 1);
		cring_reap_cancel(&r->cring);
	}
}

static void uring_by_fd(struct bench_ring *r, const struct bench_case *c,
			unsigned int passes)
{
	(void)c;
	while (passes--) {
		bench_pause();
		uring_add(r, r->fd, TARGET + passes % TURNS);
		bench_check(io_uring_submit(&r->uring) == 1);
		bench_resume();
		io_uring_prep_cancel_fd(uring_sqe(r), r->fd, 0);
		bench_check(io_uring_submit_and_wait(&r->uring, 2) == 1);
		uring_reap_cancel(&r->uring);
	}
}

static const struct bench_case cases[] = {
	{ "poll + cancel, one submit", 1, .setup = target_file,
	  .cleanup = close_files, .body = { cring_pair, uring_pair, uring_pair },
	  .target = { BENCH_URINGS(0.70) } },
	{ "poll + cancel, 64 pairs in one submit", KEYS, .setup = target_file,
	  .cleanup = close_files, .body = { cring_pair, uring_pair, uring_pair } },
	{ "poll + synchronous cancel of 64 keys", KEYS, .setup = target_file,
	  .cleanup = close_files, .body = { cring_keys, uring_keys, uring_keys },
	  .target = { BENCH_URINGS(0.30) } },
	{ "poll + 64 keys, against pairs in one submit", KEYS,
	  .setup = target_file, .cleanup = close_files,
	  .body = { cring_keys, uring_pair, uring_pair } },
	{ "cancel by fd, one of 8192 armed", 1, .in_flight = ARMED,
	  .cq_entries = 2 * ARMED, .rings = 2, .passes = TURNS, .setup = armed,
	  .cleanup = close_files,
	  .body = { cring_by_fd, uring_by_fd, uring_by_fd },
	  .target = { BENCH_URINGS(0.03) } },
};

void bench_poll(void)
{
	bench_cases(cases, ARRAY_SIZE(cases));
}
