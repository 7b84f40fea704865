// SPDX-License-Identifier: MIT
/*
 * What may be played here and now.  An operation is left out when what comes of
 * it depends on time: two at once on one file, a cancel of what may just be
 * running.  And, unless the script is a loose one, when both sides are known to
 * differ.  Whole chains are left out.
 */
#include <string.h>

#include "play.h"

/* what the operations of a step, and those in flight, do with a file */
struct use {
	int chain;		/* of this step, or -1 */
	bool polled;		/* by this step, and only that */
	unsigned int nr;	/* operations of this step */
	bool reader;		/* one in flight waits for it */
	bool polls;		/* some in flight poll it */
	bool reserved;		/* for what is in flight, but not started */
	bool cancelled;		/* a cancel of this step takes one off it */
	bool positioned;	/* one of this step moves its position */
};

#define NR_OBJECTS	(NR_RES + NR_STREAMS)

static struct use uses[NR_OBJECTS];
static uint64_t hit;		/* by cancels of this step */
static uint64_t updated;	/* timeouts, by this step */
static uint64_t hit_later;	/* by a cancel that is linked behind something */
static bool drains;		/* something waits for a drain, or will */

/* what is in flight when the step begins; both sides have the same */
static void survey(struct play *p)
{
	int f, obj[3];
	unsigned int i, nr;

	memset(uses, 0, sizeof(uses));
	for (i = 0; i < NR_OBJECTS; i++)
		uses[i].chain = -1;
	hit = 0;
	updated = 0;
	hit_later = 0;
	drains = false;
	for (i = 0; i < NR_STREAMS; i++)
		if (!p->sides[CRING].fill[i])
			p->writes[i] = 0;
	for (f = 0; f < (int)p->nr; f++) {
		const struct op *op = &p->flights[f].op;

		if (flight_is_done(p, CRING, f))
			continue;
		if (op->flags & F_DRAIN)
			drains = true;
		nr = op_objects(op, obj);
		for (i = 0; i < nr; i++) {
			struct use *u = &uses[obj[i]];

			if (!flight_is_issued(p, CRING, f))
				u->reserved = true;
			else if (op->code == C_POLL)
				u->polls = true;
			else
				u->reader = true;
		}
	}
}

/* may this cancel hit this flight, and is what comes of it certain? */
static bool may_hit(struct play *p, const struct op *cancel, int f)
{
	bool all = cancel->code >= C_CANCEL && cancel->arg & 5;
	const struct flight *fl = &p->flights[f];
	bool new = f >= (int)p->first;
	bool soft = flight_may_block(fl);
	int obj[3];
	unsigned int i, nr = op_objects(&fl->op, obj);

	if (updated & BIT64(f) || (hit & BIT64(f) && !p->script->loose))
		return false;
	if (soft && (new || all || !p->script->loose))
		return false;
	if (is_linked(&fl->op) && fl->op.flags & F_SKIP)
		return false;
	if (new) {
		if (fl->op.code == C_NOP && !is_linked(&fl->op) &&
		    fl->pred < 0)
			return true;
		return op_stays(&fl->op) && fl->pred < 0 && fl->watch < 0;
	}
	if ((fl->target >= 0 || !flight_is_issued(p, CRING, f)) &&
	    !p->script->loose)
		return false;
	for (i = 0; i < nr; i++)
		if (uses[obj[i]].nr)
			return false;
	return true;
}

static void note_cancelled(const struct play *p, uint64_t fits)
{
	int f, obj[3];
	unsigned int i, nr;

	for (f = 0; f < (int)p->nr; f++) {
		if (!(fits & BIT64(f)))
			continue;
		nr = op_objects(&p->flights[f].op, obj);
		for (i = 0; i < nr; i++)
			uses[obj[i]].cancelled = true;
	}
}

/* what a cancel's key names; false when it must not be played */
static bool may_cancel(struct play *p, const struct op *op, bool later,
		       struct reach *reach)
{
	bool all = op->code >= C_CANCEL && op->arg & 1;
	uint64_t fits = 0;
	int f, first = -1;

	memset(reach, 0, sizeof(*reach));
	for (f = 0; f < (int)p->nr; f++) {
		struct flight *fl = &p->flights[f];

		if (f < (int)p->first && flight_is_done(p, CRING, f))
			continue;
		if (!op_fits(op, fl))
			continue;
		/* it has ended before the cancel runs */
		if (f >= (int)p->first && fl->op.code == C_NOP && fl->pred < 0)
			continue;
		if (!may_hit(p, op, f))
			return false;
		/* which of several?  And io_uring's ANY takes all of them */
		if (first >= 0 && !all &&
		    (!flight_is_copy(&p->flights[first], fl) || op->arg & 4))
			return false;
		if (first < 0)
			first = f;
		fits |= BIT64(f);
		if (fl->target >= 0 || !flight_is_issued(p, CRING, f))
			reach->hidden |= BIT64(f);
		else if (fl->pred >= 0)
			reach->late |= BIT64(f);
	}
	if (fits & hit_later)
		return false;
	if (later)
		hit_later |= fits;
	reach->fits = fits;
	reach->again = fits & hit;
	note_cancelled(p, fits);
	if (op->code == C_TIMEOUT_UPDATE)
		updated |= fits;
	else
		hit |= fits;
	return true;
}

/* may the chain touch this object? */
static bool may_use(const struct op *op, struct use *u, int chain)
{
	bool poll = op->code == C_POLL;

	if (u->reserved || u->cancelled)
		return false;
	if (u->nr && u->chain != chain && !(u->polled && poll))
		return false;
	if (u->reader)
		return is_write(op) && !u->nr;
	if (u->polls)
		return poll || (is_write(op) && !u->nr);
	return true;
}

static bool may_op(struct play *p, struct flight *fl, int chain)
{
	struct op *op = &fl->op;
	const struct res_def *def = &res_defs[op->res];
	int f, obj[3];
	unsigned int i, nr = op_objects(op, obj);

	for (f = 0; f < (int)p->nr; f++) {
		if (f < (int)p->first && flight_is_done(p, CRING, f))
			continue;
		/* io_uring goes on with a chain when all is submitted */
		if (f >= (int)p->first && p->flights[f].pred >= 0 &&
		    is_cancel(&p->flights[f].op) &&
		    op_fits(&p->flights[f].op, fl))
			return false;
		if (!is_cancel(&p->flights[f].op) &&
		    p->flights[f].op.key == op->key &&
		    !(flight_is_copy(&p->flights[f], fl) && op_stays(op)))
			return false;
	}
	/* io_uring answers -EAGAIN instead of waiting, but not where it polls */
	if (op_waits_for_stream(op) && def->nonblock &&
	    (is_write(op) ? is_inert(def->out) :
	     !p->sides[CRING].fill[def->in] || uses[obj[0]].nr) &&
	    (fl->pred >= 0 || op->flags & F_ASYNC ||
	     (op->code != C_READ && !p->script->loose)))
		return false;
	if (op_waits_for_stream(op) && is_write(op) && !is_inert(def->out) &&
	    p->writes[def->out] >= 10)
		return false;
	/* io_uring's may leave the position to the next one as it was */
	if (is_positioned(op) && uses[R_DIRECT].positioned)
		return false;
	for (i = 0; i < nr; i++)
		if (!may_use(op, &uses[obj[i]], chain))
			return false;
	for (i = 0; i < nr; i++) {
		struct use *u = &uses[obj[i]];

		u->positioned |= is_positioned(op);
		u->polled = op->code == C_POLL && (!u->nr || u->polled);
		u->chain = chain;
		u->nr++;
	}
	if (op_waits_for_stream(op) && is_write(op))
		p->writes[def->out]++;
	return true;
}

/* a chain's form: what may stand where */
static bool may_chain(struct play *p, const struct op *ops, unsigned int nr)
{
	bool wrong = false, wait = false, other = false, drain;
	unsigned int i;

	drain = ops[0].flags & F_DRAIN;
	for (i = 0; i < nr; i++) {
		const struct op *op = &ops[i];

		if (op->code == C_LINK_TIMEOUT) {
			if (!i || ops[i - 1].code == C_LINK_TIMEOUT ||
			    is_cancel(&ops[i - 1]))
				return false;
			/* it must be certain who is first */
			if (op->arg != TIME_LONG && !op_stays(&ops[i - 1]))
				return false;
			if (op->arg != TIME_LONG && i != 1)
				return false;
			continue;
		}
		/* cancels happen at a certain time only with nothing before */
		if (is_cancel(op) && (other || drains || drain))
			return false;
		if (op->code != C_NOP && !is_cancel(op))
			other = true;
		if (op_is_wrong(op))
			wrong = true;
		if (!op_ends(op) && !is_cancel(op))
			wait = true;
	}
	/*
	 * io_uring may have what comes next wait for that, and what is refused
	 * at once counts as one of those that its drain waits for.
	 */
	if ((drain || drains) && (wait || wrong))
		return false;
	return nr == 1 || !wrong || (p->script->loose && !wait);
}

static void add_chain(struct play *p, const struct op *ops, unsigned int nr)
{
	unsigned int start = p->nr, i;
	int pred = -1;

	for (i = 0; i < nr; i++) {
		int f = (int)p->nr;
		struct flight *fl = &p->flights[f];
		bool watch = ops[i].code == C_LINK_TIMEOUT;

		memset(fl, 0, sizeof(*fl));
		fl->op = ops[i];
		fl->head = (int)start;
		fl->pred = watch ? -1 : pred;
		fl->target = watch ? pred : -1;
		fl->watch = -1;
		fl->hard = pred >= 0 && p->flights[pred].op.flags & F_HARDLINK;
		if (watch) {
			p->flights[pred].watch = f;
			fl->op.flags = (uint8_t)(fl->op.flags & ~0xc) |
				       (fl->op.flags & 0xc ?
					p->flights[pred].op.flags & 0xc : 0);
		} else {
			pred = f;
		}
		if (is_cancel(&fl->op)) {
			if (!may_cancel(p, &fl->op, fl->pred >= 0, &fl->reach))
				goto out;
			fl->op.key = (uint8_t)(OWN_KEY + f);
		} else if (!may_op(p, fl, (int)start)) {
			goto out;
		}
		p->nr++;
	}
	if (ops[0].flags & F_DRAIN)
		drains = true;
	return;

out:
	/* uses[] keeps what was noted: that only makes it stricter */
	p->nr = start;
}

/**
 * play_admit - take from a step what may be played
 * @p: p->first to p->nr are the flights that were taken
 * @st: a step of operations
 */
void play_admit(struct play *p, const struct step *st)
{
	unsigned int i, n;
	struct op ops[MAX_BATCH];

	survey(p);
	p->first = p->nr;
	memcpy(ops, st->ops, sizeof(ops));
	for (i = 0; i < st->nr; i += n) {
		for (n = 1; i + n < st->nr && is_linked(&ops[i + n - 1]); n++)
			;
		for (unsigned int j = i + n; j-- > i;)
			op_trim(&ops[j], p->script,
				j + 1 < i + n ? &ops[j + 1] : NULL);
		if (p->nr + n <= MAX_FLIGHTS && may_chain(p, &ops[i], n))
			add_chain(p, &ops[i], n);
	}
}

/**
 * play_may_act - may this be done from outside, now?
 * @p: the play
 * @op: C_SYNC_CANCEL and what follows
 * @reach: what a cancel's key names
 *
 * Return: true when what comes of it is certain.
 */
bool play_may_act(struct play *p, const struct op *op, struct reach *reach)
{
	const struct res_def *def = &res_defs[op->res];
	const struct use *u;

	survey(p);
	p->first = p->nr;
	memset(reach, 0, sizeof(*reach));
	switch (op->code) {
	case C_SYNC_CANCEL: case C_SYNC_CANCEL_FD:
		return may_cancel(p, op, false, reach);
	case C_TRUNCATE:
		return !uses[op->res].reserved;
	case C_FEED:
		if (def->out == S_NONE || is_inert(def->out) ||
		    p->writes[def->out] >= 10)
			return false;
		u = &uses[NR_RES + def->out];
		p->writes[def->out]++;
		return !u->reserved && !(u->reader && u->polls);
	default:
		if (def->in == S_NONE || is_inert(def->in) ||
		    !p->sides[CRING].fill[def->in])
			return false;
		u = &uses[NR_RES + def->in];
		return !u->reserved && !u->reader && !u->polls;
	}
}
