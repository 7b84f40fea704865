// SPDX-License-Identifier: MIT
/*
 * Memory: by how much the system has less of it, for a ring and for what is in
 * flight on it.
 */
#include <poll.h>

#include "../tests/meminfo.h"
#include "batch.h"

#define RINGS		16
#define ENTRIES		4096

/* a CQ has twice as many entries, and as many operations may be in flight */
enum { IDLE, HALF, FULL, TIMES };

static struct bench_ring rings[RINGS];

static void fill(struct bench_ring *r, int fd)
{
	for (unsigned int i = 0; i < ENTRIES; i++) {
		if (r->side == BENCH_CRING)
			cring_prep_poll_add(cring_sqe(r), fd, POLLIN);
		else
			io_uring_prep_poll_add(uring_sqe(r), fd, POLLIN);
	}
	if (r->side == BENCH_CRING)
		bench_check(cring_submit(&r->cring) == ENTRIES);
	else
		bench_check(io_uring_submit(&r->uring) == ENTRIES);
}

/* Bytes a ring, with nothing in flight, with half of what may be, and with all. */
static void measure(enum bench_side side, double bytes[TIMES])
{
	const struct bench_case c = { .entries = ENTRIES };
	struct bench_ring file = { .side = side };
	unsigned int i, t;
	long before;

	bench_event_files(&file, 1);
	/* once before: what is kept for the next one does not count */
	bench_ring_open(&rings[0], side, &c);
	fill(&rings[0], file.fds[0]);
	bench_ring_close(&rings[0]);
	poll(NULL, 0, 500);

	before = mem_free();
	for (i = 0; i < RINGS; i++)
		bench_ring_open(&rings[i], side, &c);
	for (t = IDLE; t < TIMES; t++) {
		for (i = 0; t > IDLE && i < RINGS; i++)
			fill(&rings[i], file.fds[0]);
		bytes[t] = (double)(before - mem_free()) / RINGS;
	}
	for (i = 0; i < RINGS; i++)
		bench_ring_close(&rings[i]);
	poll(NULL, 0, 500);
	bench_close_files(&file);
}

void bench_memory(void)
{
	static const char *const names[TIMES] = {
		"memory: bytes, a ring of 4096, idle",
		"memory: bytes, the same with 4096 polls",
		"memory: bytes, the same with 8192 polls",
	};
	double cring[TIMES], uring[TIMES];
	unsigned int t;

	if (bench_profile >= 0 || !bench_wanted("memory"))
		return;
	measure(BENCH_CRING, cring);
	measure(BENCH_URING, uring);
	for (t = IDLE; t < TIMES; t++)
		bench_result(names[t], "io_uring", cring[t], uring[t], 0, 0, 0);
}
