// SPDX-License-Identifier: MIT
/*
 * Stress with an oracle: rounds of threads that submit, reap and cancel in every
 * way, on the same rings, each round a process of its own, some of which are
 * killed in the middle of it.  What becomes of each operation is held against
 * oracle.c.
 *
 *   stress [--go-on] [--light] [SECONDS [SEED]]
 *   stress --replay FILE [TIMES]
 *
 * A round that fails is run again and again with less and less to do, and what is
 * left is printed; --replay runs that.  With --go-on all that fail are told of
 * instead.  With --light there is one round at a time, and a rest after it.  The
 * status is 0 when all was right.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "run.h"

int main(int argc, char **argv)
{
	uint64_t seconds, seed = time(NULL) ^ (uint64_t)getpid() << 32;
	unsigned int how = 0;
	const char *missing;
	bool well;

	setvbuf(stdout, NULL, _IOLBF, 0);
	missing = stress_begin();
	if (missing) {
		printf("stress: %s: %m\n", missing);
		return 2;
	}
	if (argc > 2 && !strcmp(argv[1], "--replay")) {
		well = stress_replay(argv[2], argc > 3 ? atoi(argv[3]) : 100);
		stress_end();
		return !well;
	}
	for (; argc > 1 && argv[1][0] == '-'; argv++, argc--) {
		if (!strcmp(argv[1], "--go-on"))
			how |= STRESS_GO_ON;
		else if (!strcmp(argv[1], "--light"))
			how |= STRESS_LIGHT;
	}
	seconds = argc > 1 ? strtoull(argv[1], NULL, 0) : 10;
	if (argc > 2)
		seed = strtoull(argv[2], NULL, 0);
	printf("seed %llu\n", (unsigned long long)seed);
	well = stress_run(seed, seconds * 1000000000ULL, how);
	stress_tell(seconds * 1000000000ULL);
	stress_end();
	if (well)
		printf("ok: seed %llu\n", (unsigned long long)seed);
	return !well;
}
