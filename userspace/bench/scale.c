// SPDX-License-Identifier: MIT
/*
 * Several CPUs: how much more two rings do than one; what a thread that cancels
 * takes from the one that submits; whether rings whose operations block slow down
 * another ring.
 *
 * This is wall clock, on a machine with two CPUs, and only a ratio within a run
 * says anything.  Each is the best of several turns.  A host that has no two CPUs
 * to spare makes the figures worse.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "batch.h"

#define TURNS		7
#define TURN_NS		200000000UL
#define BATCH		32
#define BLOCKED		64	/* rings */
#define READS		2000	/* of which the 99th percentile counts */

/* what one thread writes is on no cache line that another one uses */
#define OWN_LINES	__attribute__((aligned(128)))

struct worker {
	pthread_t thread;
	int cpu;
	bool reads;
	int file;
	struct cring *ring;
	unsigned long done;
} OWN_LINES;

static volatile bool go, stop;

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	bench_check(sched_setaffinity(0, sizeof(set), &set) == 0);
}

static void batch(struct worker *w)
{
	static char buffers[2][BATCH][512];
	struct cring_sqe *sqe;

	for (unsigned int i = 0; i < BATCH; i++) {
		sqe = cring_get_sqe(w->ring);
		if (w->reads)
			cring_prep_read(sqe, w->file, buffers[w->cpu][i],
					512, (__u64)i * 512);
		else
			cring_prep_nop(sqe);
	}
	bench_check(cring_submit_and_wait(w->ring, BATCH) == BATCH);
	cring_reap(w->ring, BATCH);
}

static void *submitter(void *data)
{
	struct worker *w = data;

	pin(w->cpu);
	while (!go)
		;
	while (!stop) {
		batch(w);
		w->done += BATCH;
	}
	return NULL;
}

/* Of another thread's ring; there is no such operation. */
static void *canceller(void *data)
{
	struct worker *w = data;
	struct cring_cancel_key key = cring_key64(1ULL << 40, 0);

	pin(w->cpu);
	while (!go)
		;
	while (!stop) {
		bench_check(cring_cancel_sync(w->ring, &key, 0, 0) == -ENOENT);
		w->done++;
	}
	return NULL;
}

/* Nothing that has to do with a ring, and no system call. */
static void *computer(void *data)
{
	struct worker *w = data;

	pin(w->cpu);
	while (!stop)
		w->done++;
	return NULL;
}

/* What they have done a second, together. */
static double turn(struct worker *workers, unsigned int nr,
		   void *(*second)(void *))
{
	unsigned long start, took, done = 0;

	go = false;
	stop = false;
	for (unsigned int i = 0; i < nr; i++) {
		workers[i].done = 0;
		bench_check(pthread_create(&workers[i].thread, NULL,
					   i ? second : submitter,
					   &workers[i]) == 0);
	}
	poll(NULL, 0, 10);
	start = bench_now();
	go = true;
	while (bench_now() - start < TURN_NS)
		poll(NULL, 0, 10);
	stop = true;
	took = bench_now() - start;
	for (unsigned int i = 0; i < nr; i++) {
		bench_check(pthread_join(workers[i].thread, NULL) == 0);
		if (second == submitter || i == 0)
			done += workers[i].done;
	}
	return (double)done * 1e9 / (double)took;
}

static void two_rings(bool reads, const char *name)
{
	struct { struct cring ring; } OWN_LINES own[2];
	struct worker workers[2] = {
		{ .cpu = 0, .reads = reads, .ring = &own[0].ring },
		{ .cpu = 1, .reads = reads, .ring = &own[1].ring },
	};
	double rate, one = 0, two = 0;

	for (int i = 0; i < 2; i++) {
		bench_check(cring_queue_init(BATCH, workers[i].ring, 0) == 0);
		workers[i].file = bench_cached_file();
	}
	for (int i = 0; i < TURNS; i++) {
		rate = turn(workers, 1, submitter);
		one = rate > one ? rate : one;
		rate = turn(workers, 2, submitter);
		two = rate > two ? rate : two;
	}
	bench_result(name, "at least 1.8 times", 1.8, two / one, 1, 0, 0);
	for (int i = 0; i < 2; i++) {
		close(workers[i].file);
		cring_queue_exit(workers[i].ring);
	}
}

static void cancelling(void)
{
	struct cring ring;
	struct worker workers[2] = {
		{ .cpu = 0, .reads = true, .ring = &ring },
		{ .cpu = 1, .ring = &ring },
	};
	double rate, alone = 0, with = 0, beside = 0;

	bench_check(cring_queue_init(BATCH, &ring, 0) == 0);
	workers[0].file = bench_cached_file();
	for (int i = 0; i < TURNS; i++) {
		rate = turn(workers, 1, submitter);
		alone = rate > alone ? rate : alone;
		rate = turn(workers, 2, canceller);
		with = rate > with ? rate : with;
		rate = turn(workers, 2, computer);
		beside = rate > beside ? rate : beside;
	}
	bench_result("reads beside a thread that cancels", "at least 0.90 of alone",
		     0.9, with / alone, 1, 0, 0);
	/* what two busy processors cost the one by themselves */
	bench_result("reads beside a thread that computes", "of alone", beside / alone, 1,
		     0, 0, 0);
	close(workers[0].file);
	cring_queue_exit(&ring);
}

static int earlier(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	return x < y ? -1 : x > y;
}

/* The 99th percentile of a read by a worker, ns. */
static double percentile(struct cring *ring, int file)
{
	static unsigned long took[READS];
	const int at = READS * 99 / 100;
	struct cring_sqe *sqe;

	for (int i = 0; i < READS; i++) {
		took[i] = bench_now();
		sqe = cring_get_sqe(ring);
		cring_prep_read(sqe, file, bench_buffer, 512, 0);
		cring_sqe_set_flags(sqe, CRING_SQE_ASYNC);
		bench_check(cring_submit_and_wait(ring, 1) == 1);
		took[i] = bench_now() - took[i];
		cring_reap(ring, 1);
	}
	qsort(took, READS, sizeof(took[0]), earlier);
	return (double)took[at];
}

static void blocked(void)
{
	static struct cring rings[BLOCKED];
	struct cring ring;
	struct cring_sqe *sqe;
	int file = bench_cached_file(), ends[2];
	double value, alone = 1e18, beside = 1e18;

	bench_check(pipe2(ends, 0) == 0);
	bench_check(cring_queue_init(8, &ring, 0) == 0);
	for (int n = 0; n < 5; n++) {
		value = percentile(&ring, file);
		alone = value < alone ? value : alone;
		for (int i = 0; i < BLOCKED; i++) {
			bench_check(cring_queue_init(64, &rings[i], 0) == 0);
			for (int j = 0; j < 8; j++) {
				sqe = cring_get_sqe(&rings[i]);
				cring_prep_read(sqe, ends[0], bench_buffer, 1, 0);
				cring_sqe_set_flags(sqe, CRING_SQE_ASYNC);
			}
			bench_check(cring_submit(&rings[i]) == 8);
		}
		poll(NULL, 0, 100);
		value = percentile(&ring, file);
		beside = value < beside ? value : beside;
		for (int i = 0; i < BLOCKED; i++)
			cring_queue_exit(&rings[i]);
		poll(NULL, 0, 100);
	}
	bench_result("99th percentile of a worker's read, ns", "itself, 64 rings not blocked",
		     beside, alone, 2, 0, 0);
	cring_queue_exit(&ring);
	close(ends[0]);
	close(ends[1]);
	close(file);
}

void bench_scale(void)
{
	if (bench_profile >= 0)
		return;
	if (bench_wanted("two rings on two CPUs, nop"))
		two_rings(false, "two rings on two CPUs, nop");
	if (bench_wanted("two rings on two CPUs, reads"))
		two_rings(true, "two rings on two CPUs, reads");
	if (bench_wanted("reads beside a thread that cancels"))
		cancelling();
	if (bench_wanted("99th percentile of a worker's read, ns"))
		blocked();
}
