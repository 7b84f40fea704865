// SPDX-License-Identifier: MIT
/*
 * bench: what cring costs beside its peers.
 *
 *	bench [-q] GROUP [PART]		measure the cases whose names have PART
 *	bench -p SIDE GROUP CASE	that case on one ring, for the profiler;
 *					SIDE is a number: see bench.h
 *
 * Prints lines of fields with tabs between them: "result", case, peer, cring's
 * cost, the peer's, ratio, target, met, spread, the peer's; "point", picture,
 * line, x, y.  scripts/bench runs it and makes a table and pictures of them.
 */
#include <string.h>

#include "bench.h"

static const struct group {
	const char *name;
	void (*run)(void);
} groups[] = {
	{ "nop", bench_nop },
	{ "read", bench_read },
	{ "posix", bench_posix },
	{ "direct", bench_direct },
	{ "pipe", bench_pipe },
	{ "worker", bench_worker },
	{ "poll", bench_poll },
	{ "queued", bench_queued },
	{ "timer", bench_timer },
	{ "detach", bench_detach },
	{ "growth", bench_growth },
	{ "many", bench_many },
	{ "floor", bench_floor },
	{ "memory", bench_memory },
	{ "scale", bench_scale },
	{ "sqpoll", bench_sqpoll },
};

int main(int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "qp:")) != -1) {
		if (opt == 'q')
			bench_quick = true;
		else if (opt == 'p')
			bench_profile = atoi(optarg);
		else
			return 2;
	}
	if (optind == argc)
		return 2;
	bench_part = argv[optind + 1];
	bench_more_files();
	for (unsigned int i = 0; i < ARRAY_SIZE(groups); i++) {
		if (!strcmp(groups[i].name, argv[optind])) {
			groups[i].run();
			return 0;
		}
	}
	return 2;
}
