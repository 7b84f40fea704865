// SPDX-License-Identifier: MIT
/*
 * Plays scripts from consecutive seeds.
 */
#include <signal.h>
#include <stdio.h>

#include "differential.h"
#include "play.h"

/* more of them are of no use */
#define MAX_DIFFERENCES	5

static void show(struct script *s, const char *error)
{
	char again[256];

	printf("seed %llu: %s\n", (unsigned long long)s->seed, error);
	shrink(s);
	script_print(s);
	if (!play_script(s, again, sizeof(again)))
		printf("  %s\n", again);
}

/**
 * differential - play many scripts
 * @first: the first seed
 * @nr: how many
 *
 * Prints what differs, as a short script.
 *
 * Return: how many scripts showed a difference that has no reason.
 */
unsigned int differential(uint64_t first, uint64_t nr)
{
	unsigned int bad = 0;
	char error[256];
	struct script s;
	uint64_t i;

	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < nr && bad < MAX_DIFFERENCES; i++) {
		script_make(&s, first + i);
		if (play_script(&s, error, sizeof(error)))
			continue;
		bad++;
		show(&s, error);
	}
	play_end();
	printf("seeds %llu to %llu: %lu operations, %lu completions, %u scripts differ\n",
	       (unsigned long long)first, (unsigned long long)(first + i - 1),
	       total_ops, total_cqes, bad);
	return bad;
}
