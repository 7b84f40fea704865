// SPDX-License-Identifier: MIT
/*
 * Plays scripts from consecutive seeds, in several processes: a script waits for
 * disks more than it works.
 */
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "differential.h"
#include "play.h"

/* more of them are of no use */
#define MAX_DIFFERENCES	20

struct totals *totals;

static void show(struct script *s, const char *error)
{
	char again[256];

	printf("seed %llu: %s\n", (unsigned long long)s->seed, error);
	shrink(s);
	script_print(s);
	if (!play_script(s, again, sizeof(again)))
		printf("  %s\n", again);
	fflush(stdout);
}

/* those scripts that are this job's; what has the same rings has one job */
static void play_some(uint64_t first, uint64_t nr, unsigned int job,
		      unsigned int jobs)
{
	char error[256];
	struct script s;
	uint64_t seed;

	for (seed = first; seed < first + nr; seed++) {
		if (seed / SAME_RINGS % jobs != job)
			continue;
		if (__atomic_load_n(&totals->bad, __ATOMIC_RELAXED) >=
		    MAX_DIFFERENCES)
			break;
		script_make(&s, seed);
		total(&totals->scripts, 1);
		if (play_script(&s, error, sizeof(error)))
			continue;
		total(&totals->bad, 1);
		show(&s, error);
	}
	play_end();
}

static void start(uint64_t first, uint64_t nr, unsigned int job,
		  unsigned int jobs)
{
	pid_t pid = fork();

	if (pid < 0)
		err(2, "fork");
	if (pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* a difference is printed at once, and not in between another's */
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	play_some(first, nr, job, jobs);
	fflush(stdout);
	_exit(0);
}

/**
 * differential - play many scripts
 * @first: the first seed
 * @nr: how many
 * @jobs: how many at once
 *
 * Prints what differs, as a short script.
 *
 * Return: how many scripts showed a difference that has no reason.
 */
unsigned int differential(uint64_t first, uint64_t nr, unsigned int jobs)
{
	unsigned int job;
	int status;

	signal(SIGPIPE, SIG_IGN);
	totals = mmap(NULL, sizeof(*totals) +
		      NR_REASONS * sizeof(totals->reasons[0]),
		      PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (totals == MAP_FAILED)
		err(2, "mmap");
	verbose = true;
	fflush(stdout);
	for (job = 0; job < jobs; job++)
		start(first, nr, job, jobs);
	for (job = 0; job < jobs; job++) {
		if (wait(&status) > 0 && !status)
			continue;
		printf("a process did not end as it should: status %#x\n",
		       (unsigned int)status);
		total(&totals->bad, 1);
	}
	printf("seeds %llu to %llu: %lu scripts, %lu operations, %lu CQEs, %lu scripts differ\n",
	       (unsigned long long)first, (unsigned long long)(first + nr - 1),
	       totals->scripts, totals->ops, totals->cqes, totals->bad);
	if (totals->overslept)
		printf("io_uring did not wake up by itself: %lu times\n",
		       totals->overslept);
	return (unsigned int)totals->bad;
}
