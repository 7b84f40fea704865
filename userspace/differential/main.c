// SPDX-License-Identifier: MIT
/*
 * differential: the same random scripts on io_uring and on cring.
 *
 *	differential [--first SEED] [--scripts N] [--jobs N] [--all-reasons]
 *	differential --seed SEED
 *
 * --seed plays one script, and prints it.  With --all-reasons a reason that
 * never applied is a failure, too.  What takes longer than --patience (10,000 ms)
 * is lost.
 */
#include <err.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "differential.h"
#include "play.h"

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "first", required_argument, NULL, 'f' },
		{ "scripts", required_argument, NULL, 'n' },
		{ "jobs", required_argument, NULL, 'j' },
		{ "seed", required_argument, NULL, 's' },
		{ "patience", required_argument, NULL, 'p' },
		{ "all-reasons", no_argument, NULL, 'a' },
		{ NULL, 0, NULL, 0 },
	};
	unsigned long long first = 1, nr = 2000;
	unsigned int bad, never, jobs = 1;
	bool all = false;
	struct script s;
	int c;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'f':
			first = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			nr = strtoull(optarg, NULL, 0);
			break;
		case 'j':
			jobs = (unsigned int)strtoul(optarg, NULL, 0) ?: 1;
			break;
		case 's':
			first = strtoull(optarg, NULL, 0);
			nr = 1;
			script_make(&s, first);
			script_print(&s);
			break;
		case 'p':
			lost_ms = (unsigned int)strtoul(optarg, NULL, 0);
			break;
		case 'a':
			all = true;
			break;
		default:
			errx(2, "which option is that?");
		}
	}
	bad = differential(first, nr, jobs);
	never = nr > 1 ? reasons_print() : 0;
	if (all && never)
		printf("%u reasons never applied\n", never);
	return bad || (all && never);
}
