// SPDX-License-Identifier: MIT
/*
 * Plays a script: each step on io_uring, then on cring, until nothing is due
 * there; then the two are compared.
 */
#include <err.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "play.h"

/* of so many scripts one looks at all files */
#define CHECK_ALL	16

static struct play play;
unsigned int lost_ms = 10000;
bool verbose;

/* s: a script takes far less; a call that does not return is a difference */
#define SCRIPT_LIMIT	120

static volatile sig_atomic_t doing;	/* a side */
static char late[2][80];
static size_t late_len[2];

static int open_for = -1;	/* which rings are open, -1 for none */

/* what is read goes over other bytes than what is written */
static void fill_slot(const struct op *op, char *mem, int f)
{
	uint64_t value = 1 + (uint64_t)f;
	size_t i;

	if (!is_read(op) && !is_write(op))
		return;
	memset(mem, 0xee, op->len + 64U);
	for (i = 0; is_write(op) && i < op->len; i++)
		mem[i] = (char)(i * 7 + (size_t)f * 13 + 1);
	if (is_write(op) && res_defs[op->res].kind == K_EVENT)
		memcpy(mem, &value, sizeof(value));
}

static bool collect(struct play *p, int side)
{
	struct answer a;
	bool any = false;

	while (!p->error[0] && p->sides[side].ops->next(&a)) {
		model_answer(p, side, &a);
		any = true;
	}
	return any;
}

static int first_due(const struct play *p, int side)
{
	int f;

	for (f = 0; f < (int)p->nr; f++)
		if (flight_is_due(p, side, f))
			return f;
	return -1;
}

/* until nothing is due */
static void settle(struct play *p, int side)
{
	const struct ring_ops *ops = p->sides[side].ops;
	int f;

	while (!p->error[0]) {
		/* what follows what has ended is begun by the next call */
		do
			ops->flush();
		while (collect(p, side));
		f = first_due(p, side);
		if (f < 0)
			return;
		if (ops->wait(lost_ms))
			continue;
		snprintf(p->error, sizeof(p->error),
			 "%s: flight %d (key %u) does not end",
			 ops->name, f, p->flights[f].op.key);
	}
}

static void submit(struct play *p, int side)
{
	struct side *s = &p->sides[side];
	int nr = (int)(p->nr - p->first), ret, f;

	doing = side;
	if (!nr)
		return;
	for (f = (int)p->first; f < (int)p->nr; f++) {
		const struct op *op = &p->flights[f].op;

		memset(&s->fates[f], 0, sizeof(s->fates[f]));
		fill_slot(op, side_slot(s, f), f);
		if (op_has_file(op))
			world_touch(&s->world, op->res);
		s->ops->queue(op, &s->world,
			      is_cancel(op) ? OWN_KEY + (uint64_t)f : op->key,
			      side_slot(s, f));
	}
	ret = s->ops->submit();
	if (ret != nr)
		snprintf(p->error, sizeof(p->error), "%s: submit: %d of %d",
			 s->ops->name, ret, nr);
}

static void feed(struct side *s, const struct op *op)
{
	const struct res_def *def = &res_defs[op->res];
	char buf[256];
	uint64_t one = 3;
	ssize_t n;

	memset(buf, op->len, sizeof(buf));
	if (def->kind == K_EVENT)
		n = write(s->world.feed[def->out], &one, sizeof(one));
	else
		n = write(s->world.feed[def->out], buf, op->len);
	if (n > 0)
		s->fill[def->out] += (unsigned int)n;
}

static void empty(struct side *s, const struct op *op)
{
	const struct res_def *def = &res_defs[op->res];
	char buf[256];
	ssize_t n;

	n = read(s->world.drain[def->in], buf,
		 def->kind == K_EVENT ? 8 : op->len);
	if (n > 0)
		s->fill[def->in] -= def->kind == K_EVENT ?
				    s->fill[def->in] : (unsigned int)n;
}

/* what a script does from outside */
static void act(struct play *p, const struct op *op)
{
	int side, res[2] = { 0, 0 };
	struct reach reach;

	if (!play_may_act(p, op, &reach))
		return;
	for (side = URING; side <= CRING && !p->error[0]; side++) {
		struct side *s = &p->sides[side];

		doing = side;
		switch (op->code) {
		case C_FEED:
			feed(s, op);
			break;
		case C_EMPTY:
			empty(s, op);
			break;
		case C_TRUNCATE:
			world_touch(&s->world, op->res);
			if (ftruncate(s->world.checks[op->res], op->off))
				err(2, "ftruncate");
			break;
		default:
			res[side] = s->ops->sync_cancel(op, &s->world);
			model_tell(p, side, op, &reach, res[side]);
		}
		settle(p, side);
	}
	if (res[URING] != res[CRING] && !p->error[0] &&
	    !reason_of_cancel(p, op, &reach, res[URING], res[CRING]))
		snprintf(p->error, sizeof(p->error),
			 "synchronous cancel: io_uring %d, cring %d",
			 res[URING], res[CRING]);
	if (!p->error[0])
		play_compare(p, false);
}

/* until something else is submitted, io_uring goes on as if it had to drain */
static void end_drain(struct play *p)
{
	static const struct op nop = { .code = C_NOP };
	const struct side *s = &p->sides[URING];
	struct answer a;
	int f;

	for (f = 0; f < (int)p->nr; f++)
		if (p->flights[f].op.flags & F_DRAIN && !s->fates[f].done)
			return;
	s->ops->queue(&nop, &s->world, OWN_KEY, NULL);
	s->ops->submit();
	s->ops->flush();
	while (!s->ops->next(&a))
		if (!s->ops->wait(lost_ms))
			errx(2, "%s: no answer", s->ops->name);
	p->drained = false;
}

static void batch(struct play *p, const struct step *st)
{
	unsigned int f;
	int side;

	if (p->drained)
		end_drain(p);
	play_admit(p, st);
	for (f = p->first; f < p->nr; f++)
		p->drained |= p->flights[f].op.flags & F_DRAIN;
	total(&totals->ops, p->nr - p->first);
	for (side = URING; side <= CRING && !p->error[0]; side++) {
		submit(p, side);
		settle(p, side);
	}
	if (!p->error[0])
		play_compare(p, false);
}

static bool all_done(const struct play *p, int side)
{
	int f;

	for (f = 0; f < (int)p->nr; f++)
		if (!flight_is_done(p, side, f) &&
		    (!(p->flights[f].op.flags & F_SKIP) ||
		     flight_is_due(p, side, f)))
			return false;
	return true;
}

/* cancel what is left, and see that each has its one CQE */
static void finish(struct play *p, int side)
{
	static const struct op all = { .code = C_SYNC_CANCEL, .arg = 5 };
	const struct ring_ops *ops = p->sides[side].ops;
	unsigned int tries;
	int f;

	doing = side;
	/* in any order: it may reach followers first */
	for (f = 0; f < (int)p->nr; f++)
		if (!flight_is_done(p, side, f))
			p->sides[side].fates[f].told = true;

	for (tries = 0; tries < lost_ms / 10; tries++) {
		ops->flush();
		collect(p, side);
		if (p->error[0] || all_done(p, side))
			break;
		ops->sync_cancel(&all, &p->sides[side].world);
		ops->flush();
		collect(p, side);
		if (all_done(p, side))
			break;
		ops->wait(10);
	}
	if (tries == lost_ms / 10)
		snprintf(p->error, sizeof(p->error),
			 "%s: does not end when all is cancelled", ops->name);
}

/**
 * play_end - close the rings
 */
void play_end(void)
{
	int side;

	if (open_for < 0)
		return;
	for (side = URING; side <= CRING; side++) {
		play.sides[side].ops->close();
		world_close(&play.sides[side].world);
	}
	open_for = -1;
}

/* what to say when a side's call does not return */
static void prepare_too_long(const struct play *p, const struct script *s)
{
	int side;

	for (side = URING; side <= CRING; side++)
		late_len[side] = (size_t)
			snprintf(late[side], sizeof(late[side]),
				 "seed %llu: %s: a call does not return\n",
				 (unsigned long long)s->seed,
				 p->sides[side].ops->name);
}

static void too_long(int sig)
{
	(void)sig;
	if (write(STDOUT_FILENO, late[doing], late_len[doing]) < 0)
		_exit(4);
	_exit(3);
}

/**
 * play_script - play a script on both sides
 * @s: the script
 * @error: what is different, if something is
 * @size: bytes at @error
 *
 * Return: true when nothing is that has no reason.
 */
bool play_script(const struct script *s, char *error, size_t size)
{
	struct play *p = &play;
	unsigned int i;
	int side;

	p->error[0] = 0;
	p->script = s;
	if (open_for != (int)(s->seed / SAME_RINGS % 256)) {
		play_end();
		open_sides(p, s);
		open_for = (int)(s->seed / SAME_RINGS % 256);
	}
	prepare_too_long(p, s);
	signal(SIGALRM, too_long);
	alarm(SCRIPT_LIMIT);
	p->nr = 0;
	p->first = 0;
	p->parted = false;
	p->position = 0;
	p->moved = 0;
	memset(p->writes, 0, sizeof(p->writes));
	for (side = URING; side <= CRING; side++) {
		world_reset(&p->sides[side].world);
		if (s->seed % CHECK_ALL == 0)
			world_touch_all(&p->sides[side].world);
		memset(p->sides[side].fill, 0, sizeof(p->sides[side].fill));
		memset(p->sides[side].owed, 0, sizeof(p->sides[side].owed));
		memset(p->sides[side].fates, 0, sizeof(p->sides[side].fates));
	}
	for (i = 0; i < s->nr && !p->error[0] && !p->parted; i++) {
		const struct step *st = &s->steps[i];

		if (st->nr && st->ops[0].code >= FIRST_ACT)
			act(p, &st->ops[0]);
		else
			batch(p, st);
		if (p->error[0]) {
			size_t len = strlen(p->error);

			snprintf(p->error + len, sizeof(p->error) - len,
				 " (step %u)", i);
		}
	}
	if (!p->error[0])
		play_compare(p, true);
	for (side = URING; side <= CRING && !p->error[0]; side++)
		finish(p, side);
	if (p->drained && !p->error[0])
		end_drain(p);
	alarm(0);
	snprintf(error, size, "%s", p->error);
	if (p->error[0]) {
		if (verbose)
			play_print(p);
		play_end();
	}
	return !p->error[0];
}
