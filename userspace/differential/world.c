// SPDX-License-Identifier: MIT
/*
 * Makes the files, brings them back to where a script begins, and compares
 * those of one side with those of the other.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "world.h"

const struct res_def res_defs[NR_RES] = {
	[R_TMPFS]	= { "tmpfs", K_FILE, S_NONE, S_NONE, false },
	[R_EXT4]	= { "ext4", K_FILE, S_NONE, S_NONE, false },
	[R_APPEND]	= { "append", K_FILE, S_NONE, S_NONE, false },
	[R_DIRECT]	= { "direct", K_FILE, S_NONE, S_NONE, false },
	[R_RDONLY]	= { "rdonly", K_FILE, S_NONE, S_NONE, false },
	[R_PIPE_OUT]	= { "pipe-out", K_STREAM, S_PIPE, S_NONE, false },
	[R_PIPE_IN]	= { "pipe-in", K_STREAM, S_NONE, S_PIPE, false },
	[R_NPIPE_OUT]	= { "npipe-out", K_STREAM, S_NPIPE, S_NONE, true },
	[R_NPIPE_IN]	= { "npipe-in", K_STREAM, S_NONE, S_NPIPE, true },
	[R_DRY]		= { "dry", K_STREAM, S_DRY, S_NONE, false },
	[R_NDRY]	= { "ndry", K_STREAM, S_NDRY, S_NONE, true },
	[R_FULL]	= { "full", K_STREAM, S_NONE, S_FULL, false },
	[R_NFULL]	= { "nfull", K_STREAM, S_NONE, S_NFULL, true },
	[R_SOCK_A]	= { "sock-a", K_STREAM, S_BA, S_AB, false },
	[R_SOCK_B]	= { "sock-b", K_STREAM, S_AB, S_BA, false },
	[R_NSOCK_A]	= { "nsock-a", K_STREAM, S_NBA, S_NAB, true },
	[R_NSOCK_B]	= { "nsock-b", K_STREAM, S_NAB, S_NBA, true },
	[R_EVENT]	= { "event", K_EVENT, S_EVENT, S_EVENT, false },
	[R_NEVENT]	= { "nevent", K_EVENT, S_NEVENT, S_NEVENT, true },
	[R_NULL]	= { "null", K_CHAR, S_NONE, S_NONE, false },
	[R_ZERO]	= { "zero", K_CHAR, S_NONE, S_NONE, false },
	[R_CLOSED]	= { "closed", K_CLOSED, S_NONE, S_NONE, false },
};

/* ext4 is at /mnt in the tests' machines */
static const char *const dirs[] = { "/tmp", "/mnt", "/mnt", "/mnt", "/tmp" };

static void open_file(struct world *w, enum res r)
{
	static const int modes[] = { O_RDWR, O_RDWR, O_RDWR | O_APPEND,
				     O_RDWR | O_DIRECT, O_RDONLY };
	char path[64];

	snprintf(path, sizeof(path), "%s/differential-XXXXXX", dirs[r]);
	w->checks[r] = mkstemp(path);
	if (w->checks[r] < 0)
		err(2, "%s", path);
	w->fds[r] = open(path, modes[r] | O_CLOEXEC);
	if (w->fds[r] < 0)
		err(2, "%s", path);
	/* what is read past the cache is written past it, too */
	if (r == R_DIRECT) {
		close(w->checks[r]);
		w->checks[r] = dup(w->fds[r]);
	}
	unlink(path);
}

static void open_pipe(struct world *w, enum stream s, int out, int in,
		      int flags)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC))
		err(2, "pipe");
	w->drain[s] = p[0];
	w->feed[s] = p[1];
	if (out >= 0)
		w->fds[out] = p[0];
	if (in >= 0)
		w->fds[in] = p[1];
	fcntl(p[0], F_SETFL, flags);
	fcntl(p[1], F_SETFL, flags);
}

static void open_sockets(struct world *w, enum stream ab, int a, int flags)
{
	int p[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0, p))
		err(2, "socketpair");
	w->fds[a] = p[0];
	w->fds[a + 1] = p[1];
	w->feed[ab] = p[0];
	w->drain[ab] = p[1];
	w->feed[ab + 1] = p[1];
	w->drain[ab + 1] = p[0];
}

static void fill_pipe(int fd)
{
	static char page[4096];
	int flags = fcntl(fd, F_GETFL);

	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	while (write(fd, page, sizeof(page)) > 0)
		;
	fcntl(fd, F_SETFL, flags);
}

/**
 * world_open - make the files of one side
 * @w: filled in
 */
void world_open(struct world *w)
{
	int r;

	for (r = R_TMPFS; r <= R_RDONLY; r++)
		open_file(w, r);
	world_touch_all(w);
	open_pipe(w, S_PIPE, R_PIPE_OUT, R_PIPE_IN, 0);
	open_pipe(w, S_NPIPE, R_NPIPE_OUT, R_NPIPE_IN, O_NONBLOCK);
	open_pipe(w, S_DRY, R_DRY, -1, 0);
	open_pipe(w, S_NDRY, R_NDRY, -1, O_NONBLOCK);
	open_pipe(w, S_FULL, -1, R_FULL, 0);
	open_pipe(w, S_NFULL, -1, R_NFULL, O_NONBLOCK);
	fill_pipe(w->fds[R_FULL]);
	fill_pipe(w->fds[R_NFULL]);
	open_sockets(w, S_AB, R_SOCK_A, 0);
	open_sockets(w, S_NAB, R_NSOCK_A, SOCK_NONBLOCK);
	w->fds[R_EVENT] = eventfd(0, EFD_CLOEXEC);
	w->fds[R_NEVENT] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->feed[S_EVENT] = w->fds[R_EVENT];
	w->drain[S_EVENT] = w->fds[R_EVENT];
	w->feed[S_NEVENT] = w->fds[R_NEVENT];
	w->drain[S_NEVENT] = w->fds[R_NEVENT];
	w->fds[R_NULL] = open("/dev/null", O_RDWR | O_CLOEXEC);
	w->fds[R_ZERO] = open("/dev/zero", O_RDWR | O_CLOEXEC);
	w->fds[R_CLOSED] = 1000;
	for (r = 0; r < R_CLOSED; r++)
		if (w->fds[r] < 0)
			err(2, "%s", res_defs[r].name);
}

/**
 * world_close - close the files of one side
 * @w: from world_open()
 */
void world_close(struct world *w)
{
	int r;

	for (r = 0; r < R_CLOSED; r++)
		close(w->fds[r]);
	for (r = R_TMPFS; r <= R_RDONLY; r++)
		close(w->checks[r]);
	close(w->feed[S_DRY]);
	close(w->feed[S_NDRY]);
	close(w->drain[S_FULL]);
	close(w->drain[S_NFULL]);
}

static bool is_readable(int fd)
{
	struct timeval tv = { 0 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	return select(fd + 1, &set, NULL, NULL, &tv) == 1;
}

/**
 * world_reset - bring the files to where a script begins
 * @w: nothing may be in flight on them
 */
void world_reset(struct world *w)
{
	static char start[FILE_SIZE] __attribute__((aligned(4096)));
	char buf[4096];
	size_t i;
	int r;

	if (!start[1])
		for (i = 0; i < sizeof(start); i++)
			start[i] = (char)(1 + i % 251);
	for (r = R_TMPFS; r <= R_RDONLY; r++) {
		int fd = w->checks[r];

		if (!(w->touched & 1U << r))
			continue;
		if (ftruncate(fd, FILE_SIZE) ||
		    pwrite(fd, start, FILE_SIZE, 0) != FILE_SIZE)
			err(2, "%s", res_defs[r].name);
		lseek(w->fds[r], 0, SEEK_SET);
	}
	w->touched = 0;
	for (r = 0; r < NR_STREAMS; r++)
		while (!is_inert(r) && is_readable(w->drain[r]))
			if (read(w->drain[r], buf, sizeof(buf)) <= 0)
				break;
}

static const char *files_differ(int a, int b)
{
	static char buf_a[65536] __attribute__((aligned(4096)));
	static char buf_b[65536] __attribute__((aligned(4096)));
	struct stat st_a, st_b;
	ssize_t na, nb;

	if (fstat(a, &st_a) || fstat(b, &st_b))
		err(2, "fstat");
	if (st_a.st_size != st_b.st_size)
		return "size";
	na = pread(a, buf_a, sizeof(buf_a), 0);
	nb = pread(b, buf_b, sizeof(buf_b), 0);
	if (na < 0 || na != nb || memcmp(buf_a, buf_b, (size_t)na) != 0)
		return "content";
	return NULL;
}

static const char *counters_differ(int a, int b)
{
	unsigned long long va = 0, vb = 0;

	if (is_readable(a) && read(a, &va, sizeof(va)) < 0)
		err(2, "read of an eventfd");
	if (is_readable(b) && read(b, &vb, sizeof(vb)) < 0)
		err(2, "read of an eventfd");
	return va == vb ? NULL : "counter";
}

/**
 * worlds_differ - compare what the files are now
 * @a: of one side
 * @b: of the other
 * @all: also what takes longer, or changes them: at a script's end
 *
 * Return: NULL, or what is different.
 */
const char *worlds_differ(struct world *a, struct world *b, bool all)
{
	static char text[80];
	const char *what;
	int r;

	for (r = 0; r < S_EVENT; r++) {
		int na = 0, nb = 0;

		if (is_inert(r))
			continue;
		ioctl(a->drain[r], FIONREAD, &na);
		ioctl(b->drain[r], FIONREAD, &nb);
		if (na != nb) {
			snprintf(text, sizeof(text),
				 "bytes in stream %d: %d and %d", r, na, nb);
			return text;
		}
	}
	if (!all)
		return NULL;
	for (r = R_TMPFS; r <= R_RDONLY; r++) {
		if (!((a->touched | b->touched) & 1U << r))
			continue;
		what = files_differ(a->checks[r], b->checks[r]);
		if (!what && lseek(a->fds[r], 0, SEEK_CUR) !=
			     lseek(b->fds[r], 0, SEEK_CUR))
			what = "position";
		if (what)
			goto differs;
	}
	for (r = R_EVENT; r <= R_NEVENT; r++) {
		what = counters_differ(a->fds[r], b->fds[r]);
		if (what)
			goto differs;
	}
	return NULL;

differs:
	snprintf(text, sizeof(text), "%s of %s", what, res_defs[r].name);
	return text;
}
