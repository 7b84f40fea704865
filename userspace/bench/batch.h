/* SPDX-License-Identifier: MIT */
/*
 * Submit a batch, wait for its completions, reap them: the same on both rings.
 * What differs from case to case is how an SQE is prepared.
 */
#ifndef BENCH_BATCH_H
#define BENCH_BATCH_H

#include "bench.h"

/* prep is a constant wherever it is called, and is inlined */
#define bench_inline static inline __attribute__((always_inline))

/* One operation of a batch: its part of the buffer, and of the file. */
bench_inline char *buffer_of(const struct bench_case *c, size_t i)
{
	return bench_buffer + i * c->bytes;
}

bench_inline off_t offset_of(const struct bench_case *c, off_t i)
{
	return i * c->bytes;
}

bench_inline void
cring_reap_batch(struct cring *ring, const struct bench_case *c)
{
	unsigned int head, nr = 0;
	struct cring_cqe *cqe;

	cring_for_each_cqe(ring, head, cqe) {
		bench_check(cqe->res == c->res);
		nr++;
	}
	cring_cq_advance(ring, nr);
	bench_check(nr == c->batch);
}

bench_inline void
uring_reap_batch(struct io_uring *ring, const struct bench_case *c)
{
	unsigned int head, nr = 0;
	struct io_uring_cqe *cqe;

	io_uring_for_each_cqe(ring, head, cqe) {
		bench_check(cqe->res == c->res);
		nr++;
	}
	io_uring_cq_advance(ring, nr);
	bench_check(nr == c->batch);
}

bench_inline void
cring_batch(struct bench_ring *r, const struct bench_case *c,
	    unsigned int passes,
	    void (*prep)(struct bench_ring *r, const struct bench_case *c,
			 struct cring_sqe *sqe, unsigned int i))
{
	struct cring *ring = &r->cring;
	struct cring_sqe *sqe;
	unsigned int i;
	int ret;

	while (passes--) {
		for (i = 0; i < c->batch; i++) {
			sqe = cring_get_sqe(ring);
			bench_check(sqe);
			prep(r, c, sqe, i);
			cring_sqe_set_data64(sqe, i);
		}
		ret = cring_submit_and_wait(ring, c->wait);
		bench_check(ret == (int)c->batch);
		cring_reap_batch(ring, c);
	}
}

bench_inline void
uring_batch(struct bench_ring *r, const struct bench_case *c,
	    unsigned int passes,
	    void (*prep)(struct bench_ring *r, const struct bench_case *c,
			 struct io_uring_sqe *sqe, unsigned int i))
{
	struct io_uring *ring = &r->uring;
	struct io_uring_sqe *sqe;
	unsigned int i;
	int ret;

	while (passes--) {
		for (i = 0; i < c->batch; i++) {
			sqe = io_uring_get_sqe(ring);
			bench_check(sqe);
			prep(r, c, sqe, i);
			io_uring_sqe_set_data64(sqe, i);
		}
		ret = io_uring_submit_and_wait(ring, c->wait);
		bench_check(ret == (int)c->batch);
		uring_reap_batch(ring, c);
	}
}

/* Whatever they answer: so many completions, which are there or will be. */
static inline void cring_reap(struct cring *ring, unsigned int nr)
{
	struct cring_cqe *cqe;

	bench_check(cring_wait_cqe_nr(ring, &cqe, nr) == 0);
	bench_check(cring_cq_ready(ring) == nr);
	cring_cq_advance(ring, nr);
}

static inline void uring_reap(struct io_uring *ring, unsigned int nr)
{
	struct io_uring_cqe *cqe;

	bench_check(io_uring_wait_cqe_nr(ring, &cqe, nr) == 0);
	bench_check(io_uring_cq_ready(ring) == nr);
	io_uring_cq_advance(ring, nr);
}

/* The completions of a cancel that answers 0, and of its target, in any order. */
static inline void cring_reap_cancel(struct cring *ring)
{
	__u32 head = CRING_LOAD_RELAXED(&ring->shared->cq_head);

	bench_check(cring_cqe_at(ring, head)->res +
		    cring_cqe_at(ring, head + 1)->res == -ECANCELED);
	cring_reap(ring, 2);
}

static inline void uring_reap_cancel(struct io_uring *ring)
{
	struct io_uring_cqe *cqe[2];

	bench_check(io_uring_peek_batch_cqe(ring, cqe, 2) == 2);
	bench_check(cqe[0]->res + cqe[1]->res == -ECANCELED);
	uring_reap(ring, 2);
}

static inline struct cring_sqe *cring_sqe(struct bench_ring *r)
{
	struct cring_sqe *sqe = cring_get_sqe(&r->cring);

	bench_check(sqe);
	return sqe;
}

static inline struct io_uring_sqe *uring_sqe(struct bench_ring *r)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&r->uring);

	bench_check(sqe);
	return sqe;
}

#endif /* BENCH_BATCH_H */
