// SPDX-License-Identifier: MIT
/*
 * The files and buffers that are read: the same ones on every side.
 */
#include <sys/eventfd.h>
#include <sys/resource.h>

#include "bench.h"

char bench_buffer[BENCH_BUFFER] __attribute__((aligned(4096)));

/* Thousands of files are open in some cases. */
void bench_more_files(void)
{
	struct rlimit limit = { 1 << 18, 1 << 18 };

	bench_check(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit = (struct rlimit) { RLIM_INFINITY, RLIM_INFINITY };
	bench_check(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
}

/* On a file system that knows reads without blocking, and in the page cache. */
int bench_cached_file(void)
{
	int fd = open("/mnt/bench", O_RDWR | O_CREAT, 0600);

	bench_check(fd >= 0);
	bench_check(ftruncate(fd, 0) == 0);
	for (int done = 0; done < BENCH_FILE; done += 4096)
		bench_check(pwrite(fd, bench_buffer, 4096, done) == 4096);
	bench_check(fsync(fd) == 0);
	for (int done = 0; done < BENCH_FILE; done += 4096)
		bench_check(pread(fd, bench_buffer, 4096, done) == 4096);
	return fd;
}

/* scripts/bench-guest makes them. */
int bench_device(const char *which, int flags)
{
	int fd = open(which, O_RDONLY | flags);

	bench_check(fd >= 0);
	return fd;
}

/* Files that never become readable. */
void bench_event_files(struct bench_ring *r, unsigned int nr)
{
	r->fds = calloc(nr, sizeof(*r->fds));
	bench_check(r->fds);
	r->nr_fds = nr;
	for (unsigned int i = 0; i < nr; i++) {
		r->fds[i] = eventfd(0, EFD_CLOEXEC);
		bench_check(r->fds[i] >= 0);
	}
}

void bench_close_files(struct bench_ring *r)
{
	for (unsigned int i = 0; i < r->nr_fds; i++)
		close(r->fds[i]);
	free(r->fds);
	r->fds = NULL;
	r->nr_fds = 0;
}
