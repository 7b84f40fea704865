// SPDX-License-Identifier: MIT
/*
 * glibc's POSIX AIO: the reads of read.c, by its threads.  It has a group of its
 * own, since from its first read on the process has more than one thread, which
 * makes each look-up of a descriptor dearer: for cring, too.
 */
#include <aio.h>
#include <string.h>

#include "batch.h"

static int file = -1;

bench_inline void prep(struct bench_ring *r, const struct bench_case *c,
		       struct cring_sqe *sqe, unsigned int i)
{
	(void)r;
	cring_prep_read(sqe, file, buffer_of(c, i), c->bytes,
			(__u64)offset_of(c, i));
}

static void cring(struct bench_ring *r, const struct bench_case *c,
		  unsigned int passes)
{
	cring_batch(r, c, passes, prep);
}

static void posix(struct bench_ring *r, const struct bench_case *c,
		  unsigned int passes)
{
	struct aiocb aiocb[BENCH_BATCH], *list[BENCH_BATCH];
	unsigned int i;

	(void)r;
	while (passes--) {
		for (i = 0; i < c->batch; i++) {
			memset(&aiocb[i], 0, sizeof(aiocb[i]));
			aiocb[i].aio_fildes = file;
			aiocb[i].aio_buf = buffer_of(c, i);
			aiocb[i].aio_nbytes = c->bytes;
			aiocb[i].aio_offset = offset_of(c, i);
			aiocb[i].aio_lio_opcode = LIO_READ;
			list[i] = &aiocb[i];
		}
		bench_check(lio_listio(LIO_WAIT, list, (int)c->batch, NULL) == 0);
		for (i = 0; i < c->batch; i++)
			bench_check(aio_return(&aiocb[i]) == c->res);
	}
}

static const struct bench_case cases[] = {
	{ "read 512 cached, batch 1, threads", 1, 1, 512, 512,
	  .body = { cring, [BENCH_POSIX] = posix },
	  .target = { [BENCH_POSIX] = 0.30 } },
	{ "read 512 cached, batch 32, threads", 32, 32, 512, 512,
	  .body = { cring, [BENCH_POSIX] = posix },
	  .target = { [BENCH_POSIX] = 0.30 } },
};

void bench_posix(void)
{
	file = bench_cached_file();
	bench_cases(cases, ARRAY_SIZE(cases));
	close(file);
}
