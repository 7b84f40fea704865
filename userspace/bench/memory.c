// SPDX-License-Identifier: MIT
/*
 * Memory: by how much the system has less of it, for a ring and for what is in
 * flight on it.
 */
#include <poll.h>
#include <sys/sysinfo.h>

#include "batch.h"

#define RINGS		16
#define ENTRIES		4096

static struct bench_ring rings[RINGS];

static double used(void)
{
	struct sysinfo info;

	bench_check(sysinfo(&info) == 0);
	return ((double)info.totalram - (double)info.freeram) * info.mem_unit;
}

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

/* Bytes a ring: without anything in flight, and with as much as its SQ holds. */
static void measure(enum bench_side side, double *idle, double *full)
{
	const struct bench_case c = { .entries = ENTRIES };
	struct bench_ring file = { .side = side };
	double before;
	unsigned int i;

	bench_event_files(&file, 1);
	/* once before: what is kept for the next one does not count */
	bench_ring_open(&rings[0], side, &c);
	fill(&rings[0], file.fds[0]);
	bench_ring_close(&rings[0]);
	poll(NULL, 0, 500);

	before = used();
	for (i = 0; i < RINGS; i++)
		bench_ring_open(&rings[i], side, &c);
	*idle = (used() - before) / RINGS;
	for (i = 0; i < RINGS; i++)
		fill(&rings[i], file.fds[0]);
	*full = (used() - before) / RINGS;
	for (i = 0; i < RINGS; i++)
		bench_ring_close(&rings[i]);
	poll(NULL, 0, 500);
	bench_close_files(&file);
}

void bench_memory(void)
{
	double cring[2], uring[2];

	if (bench_profile >= 0 || !bench_wanted("memory"))
		return;
	measure(BENCH_CRING, &cring[0], &cring[1]);
	measure(BENCH_URING, &uring[0], &uring[1]);
	bench_result("memory: bytes, a ring of 4096, idle", "io_uring", cring[0],
		     uring[0], 0, 0, 0);
	bench_result("memory: bytes, the same with 4096 polls", "io_uring",
		     cring[1], uring[1], 0, 0, 0);
}
