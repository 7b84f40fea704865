// SPDX-License-Identifier: MIT
/*
 * Many rings: what one of them does shall cost the same.
 */
#include <poll.h>

#include "batch.h"

#define MANY	4096

static struct cring rings[MANY];

static void nop(struct bench_ring *r, const struct bench_case *c,
		unsigned int passes)
{
	(void)c;
	while (passes--) {
		cring_prep_nop(cring_sqe(r));
		bench_check(cring_submit(&r->cring) == 1);
		cring_reap(&r->cring, 1);
	}
}

static void pair(struct bench_ring *r, const struct bench_case *c,
		 unsigned int passes)
{
	struct cring_sqe *sqe;

	(void)c;
	while (passes--) {
		sqe = cring_sqe(r);
		cring_prep_poll_add(sqe, r->fd, POLLIN);
		cring_sqe_set_data64(sqe, 1);
		cring_prep_cancel64(cring_sqe(r), 1, 0);
		bench_check(cring_submit(&r->cring) == 2);
		cring_reap(&r->cring, 2);
	}
}

static void setup(struct bench_ring *r, const struct bench_case *c)
{
	(void)c;
	bench_event_files(r, 1);
	r->fd = r->fds[0];
}

static void cleanup(struct bench_ring *r, const struct bench_case *c)
{
	(void)c;
	bench_close_files(r);
}

static const struct bench_case cases[] = {
	{ "nop beside 4096 rings", 1, .body = { nop }, .point_only = true },
	{ "poll + cancel beside 4096 rings", 1, .body = { pair }, .setup = setup,
	  .cleanup = cleanup, .point_only = true },
};

void bench_many(void)
{
	unsigned int nr = bench_quick ? 256 : MANY, i;
	double before[ARRAY_SIZE(cases)], after;

	if (bench_profile >= 0)
		return;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		before[i] = bench_measure(&cases[i]);
	for (i = 0; i < nr; i++)
		bench_check(cring_queue_init(8, &rings[i], 0) == 0);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		after = bench_measure(&cases[i]);
		if (after > 0)
			bench_result(cases[i].name, "itself beside none", after,
				     before[i], 1.1, 0, 0);
	}
	for (i = 0; i < nr; i++)
		cring_queue_exit(&rings[i]);
}
