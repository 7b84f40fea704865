/* SPDX-License-Identifier: MIT */
/*
 * What the benchmarks share: the same work through cring and through io_uring,
 * in one process, taking turns.
 *
 * A benchmark is a table of cases, each with a body for either side, and a
 * main() that hands it to bench_run().  A body does its operations the way a
 * program would; bench_run() makes the rings, measures, and prints.
 *
 * What is measured is the guest's clock.  scripts/bench runs these programs on
 * a machine whose clock advances by one nanosecond an instruction, so that
 * nanoseconds are instructions, user space's and the kernel's together.  They
 * are not time: a cache miss and a register move count the same.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <liburing.h>

#include <cring.h>

#define BENCH_RINGS	4	/* of each kind: no two cost quite the same */
#define BENCH_SEGMENTS	15	/* on each ring, of which the best counts */
#define BENCH_OPS	1024	/* in a segment: most see no timer interrupt */
#define BENCH_SQ	256

/**
 * struct bench_case - a row of the table
 * @name: what is measured
 * @batch: operations that one submit call takes
 * @wait: completions that it waits for
 * @target: ratio of cring to io_uring that is wanted at most
 * @cring: does @batch operations, @passes times, and reaps them
 * @uring: the same through io_uring
 */
struct bench_case {
	const char *name;
	unsigned int batch;
	unsigned int wait;
	double target;
	void (*cring)(struct cring *ring, const struct bench_case *c,
		      unsigned int passes);
	void (*uring)(struct io_uring *ring, const struct bench_case *c,
		      unsigned int passes);
};

#define bench_check(cond) \
	do { if (__builtin_expect(!(cond), 0)) bench_fail(#cond, __LINE__); } while (0)

static inline __attribute__((noreturn, cold))
void bench_fail(const char *what, int line)
{
	fprintf(stderr, "bench: not so in line %d: %s\n", line, what);
	exit(2);
}

/* io_uring's set-ups; the better one is what cring is compared with */
enum { BENCH_PLAIN, BENCH_DEFER, BENCH_SETUPS };

static const char *const bench_setup_name[BENCH_SETUPS] = { "plain", "defer" };

static const unsigned int bench_setup_flags[BENCH_SETUPS] = {
	0, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN
};

struct bench {
	struct cring cring[BENCH_RINGS];
	struct io_uring uring[BENCH_SETUPS][BENCH_RINGS];
	bool have[BENCH_SETUPS];
	unsigned long clock;		/* what reading the clock costs */
};

static inline unsigned long bench_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000UL + ts.tv_nsec;
}

static inline void bench_min(unsigned long *least, unsigned long value)
{
	if (value < *least)
		*least = value;
}

static inline void bench_init(struct bench *b)
{
	unsigned long start;
	int i, s, ret;

	for (i = 0; i < BENCH_RINGS; i++) {
		ret = cring_queue_init(BENCH_SQ, &b->cring[i], 0);
		bench_check(ret == 0);
		for (s = 0; s < BENCH_SETUPS; s++) {
			ret = io_uring_queue_init(BENCH_SQ, &b->uring[s][i],
						  bench_setup_flags[s]);
			/* an older kernel */
			if (ret == -EINVAL && s != BENCH_PLAIN)
				continue;
			bench_check(ret == 0);
			ret = io_uring_register_ring_fd(&b->uring[s][i]);
			bench_check(ret == 1);
			b->have[s] = true;
		}
	}

	b->clock = -1UL;
	for (i = 0; i < 100; i++) {
		start = bench_now();
		bench_min(&b->clock, bench_now() - start);
	}
}

/* the best segment of each ring, and of those the best and the worst */
struct bench_side {
	unsigned long ring[BENCH_RINGS];
	unsigned long best, worst;
};

static inline void bench_side_init(struct bench_side *side)
{
	*side = (struct bench_side) { .best = -1UL };
	for (int i = 0; i < BENCH_RINGS; i++)
		side->ring[i] = -1UL;
}

static inline void bench_side_end(struct bench_side *side)
{
	for (int i = 0; i < BENCH_RINGS; i++) {
		bench_min(&side->best, side->ring[i]);
		if (side->ring[i] > side->worst)
			side->worst = side->ring[i];
	}
}

static inline double bench_spread(const struct bench_side *side)
{
	return 100.0 * (side->worst - side->best) / side->best;
}

static inline bool bench_one(struct bench *b, const struct bench_case *c)
{
	unsigned int passes = BENCH_OPS / c->batch, ops = passes * c->batch;
	struct bench_side cring, uring[BENCH_SETUPS], *peer = uring;
	int i, s, segment, setup = BENCH_PLAIN;
	unsigned long start;
	double ratio;

	bench_side_init(&cring);
	for (s = 0; s < BENCH_SETUPS; s++)
		bench_side_init(&uring[s]);

	for (segment = 0; segment < BENCH_SEGMENTS; segment++) {
		for (i = 0; i < BENCH_RINGS; i++) {
			start = bench_now();
			c->cring(&b->cring[i], c, passes);
			bench_min(&cring.ring[i],
				  bench_now() - start - b->clock);
			for (s = 0; s < BENCH_SETUPS; s++) {
				if (!b->have[s])
					continue;
				start = bench_now();
				c->uring(&b->uring[s][i], c, passes);
				bench_min(&uring[s].ring[i],
					  bench_now() - start - b->clock);
			}
		}
	}

	bench_side_end(&cring);
	for (s = 0; s < BENCH_SETUPS; s++) {
		bench_side_end(&uring[s]);
		if (b->have[s] && uring[s].best < peer->best) {
			peer = &uring[s];
			setup = s;
		}
	}

	ratio = (double)cring.best / peer->best;
	printf("%-26s %8.1f %8.1f %7.3f %7.2f  %-4s  %+5.1f%% %+5.1f%%  %s\n",
	       c->name, (double)cring.best / ops, (double)peer->best / ops,
	       ratio, c->target, ratio <= c->target ? "ok" : "OVER",
	       bench_spread(&cring), bench_spread(peer),
	       bench_setup_name[setup]);
	fflush(stdout);
	return ratio <= c->target;
}

/**
 * struct bench_floor - what nothing that enters the kernel can go below
 * @name: what is measured
 * @body: does it @passes times
 */
struct bench_floor {
	const char *name;
	void (*body)(struct cring *cring, struct io_uring *uring,
		     unsigned int passes);
};

static inline void bench_floor(struct bench *b, const struct bench_floor *f)
{
	unsigned long best = -1UL, start;

	for (int segment = 0; segment < BENCH_SEGMENTS; segment++) {
		start = bench_now();
		f->body(&b->cring[0], &b->uring[BENCH_PLAIN][0], BENCH_OPS);
		bench_min(&best, bench_now() - start - b->clock);
	}
	printf("%-40s %8.1f\n", f->name, (double)best / BENCH_OPS);
	fflush(stdout);
}

/**
 * bench_run - measure and print
 * @cases: the rows
 * @nr: how many
 * @floors: or NULL
 * @nr_floors: how many
 *
 * Return: the program's exit status, 1 when a ratio is over its target.
 */
static inline int bench_run(const struct bench_case *cases, unsigned int nr,
			    const struct bench_floor *floors,
			    unsigned int nr_floors)
{
	static struct bench b;
	unsigned int i, over = 0;

	bench_init(&b);
	printf("Instructions an operation (they are not time)\n\n");
	printf("%-26s %8s %8s %7s %7s  %-4s  %-13s  %s\n", "case", "cring",
	       "io_uring", "ratio", "target", "", " worst rings", "io_uring");
	for (i = 0; i < nr; i++)
		over += !bench_one(&b, &cases[i]);
	if (nr_floors)
		printf("\nInstructions a call\n\n");
	for (i = 0; i < nr_floors; i++)
		bench_floor(&b, &floors[i]);
	if (over)
		printf("\n%u of %u over the target\n", over, nr);
	return over != 0;
}

#endif /* BENCH_H */
