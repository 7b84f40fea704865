// SPDX-License-Identifier: MIT
/*
 * Reads of what is in the page cache, from one file of an ext4 file system: with
 * descriptor and buffer named in the SQE, and with both registered before.
 */
#include "batch.h"

static int file = -1;

bench_inline __u64 where(const struct bench_case *c, unsigned int i)
{
	return (__u64)offset_of(c, i) % BENCH_FILE;
}

bench_inline void cring_read(struct bench_ring *r, const struct bench_case *c,
			     struct cring_sqe *sqe, unsigned int i)
{
	(void)r;
	cring_prep_read(sqe, file, buffer_of(c, i), c->bytes, where(c, i));
}

bench_inline void uring_read(struct bench_ring *r, const struct bench_case *c,
			     struct io_uring_sqe *sqe, unsigned int i)
{
	(void)r;
	io_uring_prep_read(sqe, file, buffer_of(c, i), c->bytes, where(c, i));
}

bench_inline void cring_read_fixed(struct bench_ring *r,
				   const struct bench_case *c,
				   struct cring_sqe *sqe, unsigned int i)
{
	(void)r;
	cring_prep_read_fixed(sqe, 0, buffer_of(c, i), c->bytes, where(c, i), 0);
	cring_sqe_set_flags(sqe, CRING_SQE_FIXED_FILE);
}

bench_inline void uring_read_fixed(struct bench_ring *r,
				   const struct bench_case *c,
				   struct io_uring_sqe *sqe, unsigned int i)
{
	(void)r;
	io_uring_prep_read_fixed(sqe, 0, buffer_of(c, i), c->bytes, where(c, i), 0);
	io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE);
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

static void cring_fixed(struct bench_ring *r, const struct bench_case *c,
			unsigned int passes)
{
	cring_batch(r, c, passes, cring_read_fixed);
}

static void uring_fixed(struct bench_ring *r, const struct bench_case *c,
			unsigned int passes)
{
	uring_batch(r, c, passes, uring_read_fixed);
}

static void fix(struct bench_ring *r, const struct bench_case *c)
{
	struct iovec iov = { bench_buffer, BENCH_BUFFER };

	(void)c;
	if (r->side == BENCH_CRING) {
		bench_check(cring_register_files(&r->cring, &file, 1) == 0);
		bench_check(cring_register_buffers(&r->cring, &iov, 1) == 0);
	} else if (r->side != BENCH_PLAIN) {
		bench_check(io_uring_register_files(&r->uring, &file, 1) == 0);
		bench_check(io_uring_register_buffers(&r->uring, &iov, 1) == 0);
	}
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
			io_prep_pread(&iocb[i], file, buffer_of(c, i), c->bytes,
				      (long long)where(c, i));
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
			bench_check(pread(file, buffer_of(c, i), c->bytes,
					  (off_t)where(c, i)) == c->res);
	}
}

#define READ(n, size) .batch = (n), .wait = (n), .bytes = (size), .res = (size)
#define RINGS	.body = { cring, uring, uring }
#define ALL	.body = { cring, uring, uring, libaio, [BENCH_PLAIN] = plain }
#define POINT(n) .picture = "batch", .series = "512-byte read", .x = (n)

static const struct bench_case cases[] = {
	{ "read 512 cached, batch 1", READ(1, 512), ALL, POINT(1),
	  .target = { BENCH_URINGS(0.92) } },
	{ "read 512 cached, batch 2", READ(2, 512), RINGS, POINT(2) },
	{ "read 512 cached, batch 4", READ(4, 512), RINGS, POINT(4) },
	{ "read 512 cached, batch 8", READ(8, 512), RINGS, POINT(8) },
	{ "read 512 cached, batch 16", READ(16, 512), RINGS, POINT(16) },
	{ "read 512 cached, batch 32", READ(32, 512), ALL, POINT(32),
	  .target = { BENCH_URINGS(0.80), [BENCH_LIBAIO] = 0.90,
		      [BENCH_PLAIN] = 0.95 } },
	{ "read 512 cached, batch 64", READ(64, 512), RINGS, POINT(64) },
	{ "read 512 cached, batch 128", READ(128, 512), RINGS, POINT(128) },
	{ "read 512 cached, fixed, batch 32", READ(32, 512), .setup = fix,
	  .body = { cring_fixed, uring_fixed, uring_fixed,
		    [BENCH_PLAIN] = plain },
	  .target = { BENCH_URINGS(0.78) } },
	{ "read 4096 cached, batch 32", READ(32, 4096), ALL,
	  .target = { BENCH_URINGS(0.93) } },
};

void bench_read(void)
{
	file = bench_cached_file();
	bench_cases(cases, ARRAY_SIZE(cases));
	close(file);
}
