// SPDX-License-Identifier: MIT
/*
 * Measuring: several rings on each side, taking turns, segment by segment; the
 * best segment counts, since all that can happen to one is that it costs more.
 */
#include <string.h>

#include "bench.h"

#define MAX_RINGS	4
#define SEGMENT		600000	/* instructions: most see no timer interrupt */
#define MOST_OPS	4096	/* in a segment */

unsigned long bench_total, bench_started, bench_clock;
bool bench_quick;		/* fewer rings and segments */
const char *bench_part;		/* only cases whose names have it */
int bench_profile = -1;		/* only the case of that name, on this side */

static const char *const side_name[BENCH_SIDES] = {
	"cring", "io_uring", "io_uring", "libaio", "POSIX AIO", "system call"
};

/* the best segment of each ring, and of those the best and the worst */
struct side {
	bool have;
	struct bench_ring ring[MAX_RINGS];
	unsigned int passes;
	double least[MAX_RINGS];
	double best, worst;
};

bool bench_wanted(const char *name)
{
	if (bench_profile >= 0)
		return !strcmp(name, bench_part);
	return !bench_part || strstr(name, bench_part);
}

static void uring_open(struct io_uring *ring, unsigned int flags,
		       unsigned int entries, unsigned int cq_entries)
{
	struct io_uring_params p = { .flags = flags };

	if (cq_entries) {
		p.flags |= IORING_SETUP_CQSIZE;
		p.cq_entries = cq_entries;
	}
	bench_check(io_uring_queue_init_params(entries, ring, &p) == 0);
	bench_check(io_uring_register_ring_fd(ring) == 1);
}

void bench_ring_open(struct bench_ring *r, enum bench_side side,
		     const struct bench_case *c)
{
	unsigned int entries = c->entries ?: 256;

	memset(r, 0, sizeof(*r));
	r->side = side;
	r->fd = -1;
	switch (side) {
	case BENCH_CRING: {
		struct cring_params p = { .detached = 16 };

		if (c->cq_entries) {
			p.flags = CRING_SETUP_CQSIZE;
			p.cq_entries = c->cq_entries;
		}
		bench_check(cring_queue_init_params(entries, &r->cring, &p) == 0);
		break;
	}
	case BENCH_URING:
		uring_open(&r->uring, 0, entries, c->cq_entries);
		break;
	case BENCH_URING_DEFER:
		uring_open(&r->uring, IORING_SETUP_SINGLE_ISSUER |
			   IORING_SETUP_DEFER_TASKRUN, entries, c->cq_entries);
		break;
	case BENCH_LIBAIO:
		bench_check(io_setup((int)entries, &r->aio) == 0);
		break;
	default:
		break;
	}
	if (c->setup)
		c->setup(r, c);
}

void bench_ring_close(struct bench_ring *r)
{
	switch (r->side) {
	case BENCH_CRING:
		cring_queue_exit(&r->cring);
		break;
	case BENCH_URING:
	case BENCH_URING_DEFER:
		io_uring_queue_exit(&r->uring);
		break;
	case BENCH_LIBAIO:
		io_destroy(r->aio);
		break;
	default:
		break;
	}
}

/* What resuming and pausing cost themselves. */
static void calibrate(void)
{
	unsigned long best = -1UL;

	bench_clock = 0;
	for (int i = 0; i < 200; i++) {
		bench_total = 0;
		bench_resume();
		bench_pause();
		bench_min(&best, bench_total);
	}
	bench_clock = best;
}

/* Instructions an operation. */
static double segment(const struct bench_case *c, struct bench_ring *r,
		      unsigned int passes)
{
	bench_total = 0;
	bench_resume();
	c->body[r->side](r, c, passes);
	bench_pause();
	return (double)bench_total / ((double)passes * c->batch);
}

/* So many that a segment is long enough, and short enough. */
static unsigned int passes(const struct bench_case *c, struct bench_ring *r)
{
	double cost;
	unsigned int n;

	if (c->passes)
		return c->passes;
	segment(c, r, 1);
	cost = segment(c, r, 1) * c->batch;
	n = cost < SEGMENT ? (unsigned int)(SEGMENT / cost) : 1;
	if (n * c->batch > MOST_OPS)
		n = MOST_OPS / c->batch;
	return n ?: 1;
}

static void side_end(struct side *side, unsigned int rings)
{
	side->best = side->least[0];
	side->worst = side->least[0];
	for (unsigned int i = 1; i < rings; i++) {
		if (side->least[i] < side->best)
			side->best = side->least[i];
		if (side->least[i] > side->worst)
			side->worst = side->least[i];
	}
}

static double spread(const struct side *side)
{
	return 100 * (side->worst / side->best - 1);
}

/**
 * bench_result - say what was measured
 * @name: of the case
 * @peer: with whom cring is compared
 * @cring: its instructions an operation
 * @peer_cost: the peer's
 * @target: the ratio that is wanted at most, 0 for none
 * @cring_spread: by how many percent cring's worst ring is worse than its best
 * @peer_spread: the same of the peer
 */
void bench_result(const char *name, const char *peer, double cring,
		  double peer_cost, double target, double cring_spread,
		  double peer_spread)
{
	char wanted[16] = "-";
	double ratio = cring / peer_cost;

	if (target > 0)
		snprintf(wanted, sizeof(wanted), "%.2f", target);
	printf("result\t%s\t%s\t%.1f\t%.1f\t%.3f\t%s\t%s\t%.1f\t%.1f\n", name,
	       peer, cring, peer_cost, ratio, wanted,
	       target <= 0 ? "-" : ratio <= target ? "yes" : "NO",
	       cring_spread, peer_spread);
	fflush(stdout);
}

static void results(const struct bench_case *c, struct side *sides)
{
	struct side *cring = &sides[BENCH_CRING];
	char peer[40];
	int s, better = BENCH_URING;

	if (sides[BENCH_URING_DEFER].have &&
	    sides[BENCH_URING_DEFER].best < sides[BENCH_URING].best)
		better = BENCH_URING_DEFER;
	for (s = BENCH_URING; s < BENCH_SIDES; s++) {
		if (!sides[s].have ||
		    ((s == BENCH_URING || s == BENCH_URING_DEFER) && s != better))
			continue;
		if (c->picture)
			printf("point\t%s\t%s, %s\t%u\t%.1f\n", c->picture,
			       side_name[s], c->series, c->x, sides[s].best);
		if (c->point_only)
			continue;
		snprintf(peer, sizeof(peer), "%s%s", side_name[s],
			 s == BENCH_URING_DEFER ? ", deferred" : "");
		bench_result(c->name, peer, cring->best, sides[s].best,
			     c->target[s], spread(cring), spread(&sides[s]));
	}
	if (c->limit > 0)
		bench_result(c->name, "a limit", cring->best, c->limit, 1,
			     spread(cring), 0);
	if (c->picture)
		printf("point\t%s\tcring, %s\t%u\t%.1f\n", c->picture, c->series,
		       c->x, cring->best);
}

/* One ring, and the profiler is told how many operations it has counted. */
static void count_only(const struct bench_case *c)
{
	static struct bench_ring ring;
	unsigned int n, segments = 20;

	if (!c->body[bench_profile])
		return;
	bench_ring_open(&ring, bench_profile, c);
	n = passes(c, &ring);
	segment(c, &ring, n);
	bench_mark_reset();
	for (unsigned int i = 0; i < segments; i++)
		segment(c, &ring, n);
	printf("profile\t%s\t%s\t%u\n", c->name, side_name[bench_profile],
	       segments * n * c->batch);
	exit(0);
}

/**
 * bench_measure - measure a case on each side, and say the results
 * @c: the case
 *
 * Return: cring's instructions an operation, 0 when it was not wanted.
 */
double bench_measure(const struct bench_case *c)
{
	static struct side sides[BENCH_SIDES];
	unsigned int rings = c->rings ?: bench_quick ? 2 : MAX_RINGS;
	unsigned int segments = bench_quick ? 9 : 15;
	unsigned int i, s, n;
	double cost;

	if (!bench_wanted(c->name))
		return 0;
	memset(sides, 0, sizeof(sides));
	calibrate();
	if (bench_profile >= 0) {
		count_only(c);
		return 0;
	}
	for (i = 0; i < rings; i++) {
		for (s = 0; s < BENCH_SIDES; s++) {
			if (!c->body[s])
				continue;
			sides[s].have = true;
			bench_ring_open(&sides[s].ring[i], s, c);
			sides[s].least[i] = 1e18;
			if (i == 0)
				sides[s].passes = passes(c, &sides[s].ring[0]);
		}
	}
	for (n = 0; n < segments * rings; n++) {
		for (s = 0; s < BENCH_SIDES; s++) {
			if (!sides[s].have)
				continue;
			i = n % rings;
			cost = segment(c, &sides[s].ring[i], sides[s].passes);
			if (cost < sides[s].least[i])
				sides[s].least[i] = cost;
		}
	}
	for (s = 0; s < BENCH_SIDES; s++) {
		if (!sides[s].have)
			continue;
		side_end(&sides[s], rings);
		for (i = 0; i < rings; i++) {
			if (c->cleanup)
				c->cleanup(&sides[s].ring[i], c);
			bench_ring_close(&sides[s].ring[i]);
		}
	}
	results(c, sides);
	return sides[BENCH_CRING].best;
}

/**
 * bench_cases - measure some cases
 * @cases: which
 * @nr: how many
 */
void bench_cases(const struct bench_case *cases, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		bench_measure(&cases[i]);
}
