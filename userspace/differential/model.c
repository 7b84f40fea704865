// SPDX-License-Identifier: MIT
/*
 * What must happen next.  A step is over when nothing is due any more: then the
 * sides can be compared, without any time to wait.  The model knows what makes
 * an operation wait (an empty pipe, a link, a drain), and no results: those it
 * learns from the CQEs.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "play.h"

/* nothing will come of its being done: no CQE */
static bool is_silent(const struct op *op)
{
	return op->flags & F_SKIP;
}

bool flight_failed(const struct play *p, int side, int f)
{
	const struct fate *fate = &p->sides[side].fates[f];
	const struct op *op = &p->flights[f].op;

	if (!fate->done)
		return false;
	if (is_read(op) || is_write(op))
		return fate->res != op->len;
	return fate->res < 0;
}

bool flight_is_done(const struct play *p, int side, int f)
{
	const struct flight *fl = &p->flights[f];
	int next = f + 1;

	if (p->sides[side].fates[f].done)
		return true;
	if (!is_silent(&fl->op))
		return false;
	/* without a CQE it is done when what is linked behind it is */
	if (next < (int)p->nr && p->flights[next].pred == f)
		return flight_is_done(p, side, next);
	return flight_is_issued(p, side, f);
}

/* done, or silent, and nothing can keep it */
static bool flight_is_over(const struct play *p, int side, int f)
{
	return p->sides[side].fates[f].done ||
	       (is_silent(&p->flights[f].op) && flight_is_issued(p, side, f));
}

bool flight_is_held(const struct play *p, int side, int f)
{
	int head = p->flights[f].head, g;
	bool drain = p->flights[head].op.flags & F_DRAIN;

	for (g = 0; g < head; g++)
		if ((drain || p->flights[g].op.flags & F_DRAIN) &&
		    !flight_is_over(p, side, g))
			return true;
	return false;
}

bool flight_is_issued(const struct play *p, int side, int f)
{
	const struct flight *fl = &p->flights[f];

	if (fl->target >= 0)
		return flight_is_issued(p, side, fl->target);
	if (fl->pred < 0)
		return !flight_is_held(p, side, f);
	if (!flight_is_over(p, side, fl->pred))
		return false;
	/* what was cut off cuts off what is behind it, hard links too */
	return flight_is_issued(p, side, fl->pred) &&
	       (fl->hard || !flight_failed(p, side, fl->pred));
}

static bool stream_is_ready(const struct side *s, enum stream in,
			    enum stream out)
{
	if (in != S_NONE)
		return s->fill[in] > 0;
	return !is_inert(out);
}

static bool poll_is_ready(const struct side *s, const struct op *op)
{
	static const short events[] = { POLLIN, POLLOUT, POLLIN | POLLOUT,
					0, POLLIN };
	const struct res_def *def = &res_defs[op->res];
	short now = 0;

	if (def->in != S_NONE && s->fill[def->in])
		now |= POLLIN;
	if (def->out != S_NONE && !is_inert(def->out))
		now |= POLLOUT;
	/* what cannot be polled is refused at once */
	if (def->kind == K_FILE || def->kind == K_CHAR ||
	    def->kind == K_CLOSED)
		return true;
	return now & events[op->arg];
}

static bool is_ready(const struct play *p, int side, const struct op *op)
{
	const struct side *s = &p->sides[side];
	const struct res_def *def = &res_defs[op->res];

	if (op_waits_for_stream(op)) {
		if (side == URING && def->nonblock && op->code != C_READ &&
		    !(is_write(op) ? totals->write_arms : totals->readv_arms))
			return true;
		if (is_read(op))
			return stream_is_ready(s, def->in, S_NONE);
		return stream_is_ready(s, S_NONE, def->out);
	}
	/* io_uring may ask poll first, which depends on the file */
	if (side == URING && op_moves_nothing(op))
		return false;
	if (op->code == C_POLL)
		return poll_is_ready(s, op);
	if (op->code == C_TIMEOUT)
		return op->arg != TIME_LONG;
	return true;
}

/**
 * chain_is_wrong - is some member of a flight's chain wrong?
 * @p: the play
 * @f: any member
 *
 * Return: true when the chain may not be started at all.
 */
bool chain_is_wrong(const struct play *p, int f)
{
	int head = p->flights[f].head, g;

	for (g = head; g < (int)p->nr && p->flights[g].head == head; g++)
		if (op_is_wrong(&p->flights[g].op))
			return true;
	return false;
}

/* is it behind a broken link?  Then it ends without having been started */
static bool is_cut_off(const struct play *p, int side, int f)
{
	const struct flight *fl = &p->flights[f];
	const struct fate *fates = p->sides[side].fates;

	if (fl->pred < 0)
		return false;
	if (flight_is_over(p, side, fl->pred))
		return !flight_is_issued(p, side, f);
	return !fates[fl->pred].done && p->flights[fl->pred].pred >= 0 &&
	       flight_is_due(p, side, fl->pred) &&
	       !flight_is_issued(p, side, fl->pred);
}

bool flight_is_due(const struct play *p, int side, int f)
{
	const struct flight *fl = &p->flights[f];
	const struct fate *fates = p->sides[side].fates;

	if (fates[f].done)
		return false;
	/* with a mistake in its chain, how far io_uring goes is not known */
	if (is_silent(&fl->op))
		return !chain_is_wrong(p, f) && is_cut_off(p, side, f);
	if (fates[f].told)
		return true;
	if (chain_is_wrong(p, f))
		return !flight_is_held(p, side, fl->head);
	if (fl->target >= 0)
		return fates[fl->target].done ||
		       (fl->op.arg == TIME_SHORT &&
			flight_is_issued(p, side, fl->target));
	if (is_cut_off(p, side, f))
		return true;
	if (!flight_is_issued(p, side, f))
		return false;
	if (fl->watch >= 0 && p->flights[fl->watch].op.arg == TIME_SHORT)
		return true;
	return is_ready(p, side, &fl->op);
}

/* whose CQE is it?  Of several with one key those that must come, come first */
static int find_flight(const struct play *p, int side, uint64_t user_data)
{
	int f, found = -1, rank = 0;

	if (user_data >= OWN_KEY)
		return user_data - OWN_KEY < p->nr ?
		       (int)(user_data - OWN_KEY) : -1;
	for (f = 0; f < (int)p->nr; f++) {
		const struct fate *fate = &p->sides[side].fates[f];
		int r;

		if (fate->done || is_cancel(&p->flights[f].op) ||
		    p->flights[f].op.key != user_data)
			continue;
		r = fate->told ? 4 : flight_is_due(p, side, f) ? 3 :
		    flight_is_done(p, side, f) ? 1 : 2;
		if (r > rank) {
			rank = r;
			found = f;
		}
	}
	return found;
}

static unsigned int tell(struct play *p, int side, uint64_t fits,
			 unsigned int nr)
{
	int f;

	for (f = 0; f < (int)p->nr && nr; f++) {
		struct fate *fate = &p->sides[side].fates[f];

		if (!(fits & BIT64(f)) || fate->done || fate->told)
			continue;
		fate->told = true;
		nr--;
	}
	return nr;
}

/**
 * model_tell - a cancel has said what it did: that many must end now
 * @p: the play
 * @side: whose
 * @op: the cancel
 * @reach: what its key names
 * @res: its answer
 */
void model_tell(struct play *p, int side, const struct op *op,
		const struct reach *reach, int32_t res)
{
	bool all = op->code >= C_CANCEL && op->arg & 5;
	unsigned int nr = all ? (unsigned int)res : 1;
	uint64_t left = reach->fits & (side == URING ? ~reach->hidden : -1ULL);
	int f;

	if (res < 0 && res != -EALREADY)
		return;
	if (op->code == C_TIMEOUT_UPDATE &&
	    (op->arg == TIME_LONG || res == -EALREADY))
		return;
	/* cring's ANY without ALL is one */
	if (side == CRING && all && !(op->arg & 1))
		nr = 1;
	for (f = 0; f < (int)p->nr && nr; f++) {
		struct fate *fate = &p->sides[side].fates[f];

		if (!(left & BIT64(f)) || !fate->ahead)
			continue;
		fate->ahead = false;
		nr--;
	}
	/* whose cancel is 0 has its CQE ahead of the cancel's (C3) */
	if (side == CRING && nr && !all && !res && op->code < FIRST_ACT &&
	    op->code != C_TIMEOUT_UPDATE)
		snprintf(p->error, sizeof(p->error),
			 "cring: a cancel is 0, and what it has stopped has no CQE");
	/* if it has missed some, then these */
	if (side == URING)
		nr = tell(p, side, left & ~reach->late, nr);
	tell(p, side, left, nr);
}

/* it may be what a cancel has stopped whose own CQE is yet to come */
static bool may_be_ahead(const struct play *p, int side, int f, int32_t res)
{
	int g;

	if (p->sides[side].fates[f].told || is_cancel(&p->flights[f].op) ||
	    (res != -ECANCELED && res != -ETIME))
		return false;
	for (g = (int)p->first; g < (int)p->nr; g++)
		if (is_cancel(&p->flights[g].op) &&
		    !p->sides[side].fates[g].done &&
		    p->flights[g].reach.fits & BIT64(f))
			return true;
	return false;
}

static void move(struct side *s, const struct op *op, int32_t res)
{
	const struct res_def *def = &res_defs[op->res];

	if (res <= 0 || !op_waits_for_stream(op))
		return;
	if (def->kind == K_EVENT && is_read(op)) {
		/* it takes all, and its CQE may be ahead of the writer's */
		s->owed[def->in] = !s->fill[def->in];
		s->fill[def->in] = 0;
	} else if (def->kind == K_EVENT && s->owed[def->out]) {
		s->owed[def->out] = false;
	} else if (is_read(op)) {
		s->fill[def->in] -= (unsigned int)res;
	} else {
		s->fill[def->out] += (unsigned int)res;
	}
}

/* when one without a CQE on success has failed, so have those behind it */
static void hush(struct play *p, int f)
{
	struct fate *fates = p->sides[URING].fates;
	int g;

	if (!flight_failed(p, URING, f) || !flight_is_issued(p, URING, f) ||
	    p->flights[f].op.flags & F_HARDLINK)
		return;
	for (g = f + 1; g < (int)p->nr; g++) {
		if (p->flights[g].head != p->flights[f].head)
			break;
		fates[g].done = true;
		fates[g].res = -ECANCELED;
		reason_note(WHY_SILENT);
	}
}

/**
 * model_answer - note a CQE
 * @p: the play
 * @side: whose
 * @a: the CQE
 */
void model_answer(struct play *p, int side, const struct answer *a)
{
	int f = find_flight(p, side, a->user_data);
	const char *name = p->sides[side].ops->name;
	struct fate *fate;
	int pred;

	total(&totals->cqes, 1);
	if (f < 0 || p->sides[side].fates[f].done) {
		snprintf(p->error, sizeof(p->error),
			 "%s: a completion of nothing: user_data %llu res %d",
			 name, (unsigned long long)a->user_data, a->res);
		return;
	}
	fate = &p->sides[side].fates[f];
	fate->ahead = may_be_ahead(p, side, f, a->res);
	pred = p->flights[f].pred;
	/* members of a chain complete in their order */
	if (pred >= 0 && !flight_is_over(p, side, pred) && !fate->told &&
	    !fate->ahead && !chain_is_wrong(p, f)) {
		snprintf(p->error, sizeof(p->error),
			 "%s: flight %d, res %d, ahead of what it is linked to",
			 name, f, a->res);
		return;
	}
	fate->done = true;
	fate->res = a->res;
	move(&p->sides[side], &p->flights[f].op, a->res);
	if (side == CRING && is_positioned(&p->flights[f].op) && a->res > 0)
		p->moved += a->res;
	if (is_cancel(&p->flights[f].op))
		model_tell(p, side, &p->flights[f].op, &p->flights[f].reach,
			   a->res);
	if (side == URING && p->flights[f].op.flags & F_SKIP)
		hush(p, f);
}
