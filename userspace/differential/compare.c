// SPDX-License-Identifier: MIT
/*
 * Compares the two sides when a step is over.
 */
#include <string.h>
#include <unistd.h>

#include "play.h"

static bool same_fate(const struct fate *u, const struct fate *c)
{
	return u->done == c->done && (!u->done || u->res == c->res);
}

static void compare_fates(struct play *p, bool cancels)
{
	int f;

	for (f = 0; f < (int)p->nr && !p->parted; f++) {
		const struct fate *u = &p->sides[URING].fates[f];
		const struct fate *c = &p->sides[CRING].fates[f];

		if (is_cancel(&p->flights[f].op) != cancels ||
		    same_fate(u, c) || reason_of_flight(p, f) || p->error[0])
			continue;
		snprintf(p->error, sizeof(p->error),
			 "flight %d (key %u): io_uring %s%d, cring %s%d", f,
			 p->flights[f].op.key, u->done ? "" : "in flight ",
			 u->res, c->done ? "" : "in flight ", c->res);
	}
	/* that may be what follows from what has a reason */
	if (p->parted)
		p->error[0] = 0;
}

static void compare_memory(struct play *p)
{
	int f;

	for (f = 0; f < (int)p->nr; f++) {
		const struct op *op = &p->flights[f].op;

		if ((is_read(op) || is_write(op)) &&
		    memcmp(side_slot(&p->sides[URING], f), side_slot(&p->sides[CRING], f),
			   op->len + 64U) != 0)
			snprintf(p->error, sizeof(p->error),
				 "flight %d (key %u): memory", f, op->key);
	}
}

static void compare_positions(struct play *p)
{
	int fds[2] = { p->sides[URING].world.fds[R_DIRECT],
		       p->sides[CRING].world.fds[R_DIRECT] };
	off_t u = lseek(fds[URING], 0, SEEK_CUR);
	off_t c = lseek(fds[CRING], 0, SEEK_CUR);

	if (u != c && !reason_of_position(p, u, c)) {
		snprintf(p->error, sizeof(p->error),
			 "position of %s: io_uring %lld, cring %lld",
			 res_defs[R_DIRECT].name, (long long)u, (long long)c);
		return;
	}
	lseek(fds[URING], c, SEEK_SET);
	p->position = c;
	p->moved = 0;
}

static void fate_print(const struct fate *fate)
{
	if (fate->done)
		printf(" %6d", fate->res);
	else
		printf(" %6s", fate->told ? "told" : "-");
}

/**
 * play_print - what was played, and what became of it on either side
 * @p: the play
 */
void play_print(const struct play *p)
{
	int f;

	for (f = 0; f < (int)p->nr; f++) {
		printf("  %2d", f);
		fate_print(&p->sides[URING].fates[f]);
		fate_print(&p->sides[CRING].fates[f]);
		op_print(&p->flights[f].op);
	}
}

/**
 * play_compare - what both have is the same, or there is a reason
 * @p: the play; its error says what is different
 * @all: at a script's end
 */
void play_compare(struct play *p, bool all)
{
	const char *what;

	compare_fates(p, true);
	compare_fates(p, false);
	if (p->error[0] || p->parted)
		return;
	compare_memory(p);
	compare_positions(p);
	what = worlds_differ(&p->sides[URING].world, &p->sides[CRING].world,
			     all);
	if (what && !p->error[0])
		snprintf(p->error, sizeof(p->error), "%s", what);
}
