// SPDX-License-Identifier: MIT
/*
 * What is allowed to differ, and why.  Each reason says exactly what either side
 * must answer where it applies; a run that is long enough meets all of them.
 */
#include <errno.h>
#include <stdio.h>

#include "play.h"

static const char *const reasons[NR_REASONS] = {
	[WHY_HIDDEN] =
		"a cancel finds what waits in a chain or behind a drain, and a LINK_TIMEOUT (C3, C4); io_uring's does not",
	[WHY_LATE] =
		"what is linked behind something is there when that has its CQE; io_uring's worker may come to it later",
	[WHY_GONE] =
		"what has its CQE is -ENOENT (C3); io_uring's worker may not have let go of it",
	[WHY_AGAIN] =
		"what a cancel has stopped is -ENOENT for the next one of the same submit (C3); io_uring's poll is found again",
	[WHY_ANY] =
		"ANY without ALL is one operation, and its answer is as for one (C6); io_uring takes it for ALL",
	[WHY_WORKER] =
		"what is interrupted in a worker ends in -ECANCELED, and only what is there is -EALREADY (C4); io_uring has its followers there, too, and ends them in -EINTR",
	[WHY_NONBLOCK] =
		"O_NONBLOCK makes no difference: reads and writes wait; io_uring's end in -EAGAIN, READ excepted",
	[WHY_INVALID] =
		"a chain with an invalid member is not started; io_uring finds some mistakes only when the member's turn comes",
	[WHY_SILENT] =
		"each operation that is cancelled has its CQE (C1); io_uring drops those behind a failed member with CQE_SKIP_SUCCESS",
	[WHY_STALE] =
		"a cancel of several finds all; up to 6.8 io_uring's may take a timeout for one that it has seen already, by a number that nobody has set",
	[WHY_POLL] =
		"POLL_ADD of what cannot be polled is -EOPNOTSUPP; io_uring's is -EINVAL",
	[WHY_POSITION] =
		"direct I/O at offset -1 moves the file's position as read(2) does; io_uring's may leave it where it was",
	[WHY_FIXED] =
		"a fixed buffer of a file with the old write method alone is -EOPNOTSUPP; io_uring takes it for user memory",
	[WHY_NOTHING] =
		"a read or write that can move nothing does not wait, and one of no bytes is 0 without asking the file; io_uring's may wait until the file is ready, and has the file's answer",
};

/**
 * reason_note - a reason has applied
 * @why: which
 */
void reason_note(enum reason why)
{
	total(&totals->reasons[why], 1);
}

static bool part(struct play *p, enum reason why)
{
	p->parted = true;
	reason_note(why);
	return true;
}

static int answer_for(uint64_t fits, bool all)
{
	if (all)
		return __builtin_popcountll(fits);
	return fits ? 0 : -ENOENT;
}

/*
 * One that may be in a worker: for long, or at this moment, since what it followed
 * was ended by the submit call that the cancel is in.
 */
static bool hits_worker(const struct play *p, const struct reach *reach)
{
	const struct flight *fl;
	int f;

	for (f = 0; f < (int)p->nr; f++) {
		fl = &p->flights[f];
		if (reach->fits & BIT64(f) &&
		    (flight_may_block(fl) ||
		     (fl->pred >= 0 && op_has_file(&fl->op))))
			return true;
	}
	return false;
}

/* io_uring's number of the last cancel that has seen a timeout may be another's */
static bool reach_may_be_stale(const struct play *p, const struct reach *reach,
			       bool several)
{
	int f;

	for (f = 0; f < (int)p->nr; f++)
		if (reach->fits & BIT64(f) &&
		    p->flights[f].op.code == C_TIMEOUT)
			return several && totals->forgets;
	return false;
}

/*
 * It takes for running what has ended, be it in the script before this; a
 * synchronous cancel waits for that.
 */
static bool uring_may_have(const struct op *op, int uring, int cring)
{
	if (op->code >= C_CANCEL && op->arg & 5)
		return uring > cring;
	return cring == -ENOENT &&
	       (uring == -EALREADY || (op->code >= FIRST_ACT && !uring));
}

/**
 * reason_of_cancel - may the answers of a cancel differ like this?
 * @p: the play
 * @op: the cancel
 * @reach: what its key names
 * @uring: io_uring's answer
 * @cring: cring's
 *
 * Return: true when there is a reason, which is counted.
 */
bool reason_of_cancel(struct play *p, const struct op *op,
		      const struct reach *reach, int uring, int cring)
{
	bool cancels = op->code >= C_CANCEL;
	bool all = cancels && op->arg & 1, any = cancels && op->arg & 4;
	uint64_t ours = reach->fits & ~reach->again;

	if (hits_worker(p, reach) && (!cring || cring == -EALREADY) &&
	    (!uring || uring == -EALREADY || uring == -ENOENT))
		return part(p, WHY_WORKER);
	/* a timer that does not run yet */
	if (op->code == C_TIMEOUT_UPDATE && reach->fits &&
	    reach->fits == reach->hidden && cring == -EALREADY &&
	    uring == -ENOENT)
		return part(p, WHY_HIDDEN);
	/* whatever io_uring says, ours is exact */
	if (cring != answer_for(ours, all))
		return false;
	if (reach->hidden &&
	    uring == answer_for(reach->fits & ~reach->hidden, all || any))
		return part(p, WHY_HIDDEN);
	if (reach->late && uring == answer_for(reach->fits & ~reach->hidden &
					       ~reach->late, all || any))
		return part(p, WHY_LATE);
	if (any && !all && uring == answer_for(reach->fits, true)) {
		reason_note(WHY_ANY);
		return true;
	}
	if (reach_may_be_stale(p, reach, cancels && op->arg & 5) &&
	    uring >= answer_for(0, all || any) &&
	    uring < answer_for(reach->fits, all || any))
		return part(p, WHY_STALE);
	if (reach->again &&
	    ((!all && uring == -EALREADY) ||
	     (uring >= answer_for(ours & ~reach->hidden, all || any) &&
	      uring <= answer_for(reach->fits, all || any)))) {
		/* what was hidden goes on there */
		p->parted |= !!(ours & reach->hidden);
		reason_note(WHY_AGAIN);
		return true;
	}
	if (uring_may_have(op, uring, cring)) {
		reason_note(WHY_GONE);
		return true;
	}
	return false;
}

/**
 * reason_of_position - may the positions of a file differ like this?
 * @p: the play
 * @uring: on io_uring's side
 * @cring: on cring's
 *
 * Return: true when there is a reason, which is counted.
 */
bool reason_of_position(struct play *p, off_t uring, off_t cring)
{
	if (uring != p->position || cring != p->position + p->moved)
		return false;
	reason_note(WHY_POSITION);
	return true;
}

/**
 * reason_of_flight - may what became of a flight differ like this?
 * @p: the play
 * @f: which
 *
 * Return: true when there is a reason, which is counted.
 */
bool reason_of_flight(struct play *p, int f)
{
	const struct flight *fl = &p->flights[f];
	const struct fate *u = &p->sides[URING].fates[f];
	const struct fate *c = &p->sides[CRING].fates[f];
	const struct op *op = &fl->op;

	if (op_moves_nothing(op) && c->done &&
	    c->res == (op->len ? -EINVAL : 0) &&
	    (!u->done || (!op->len && u->res == -EINVAL)))
		return part(p, WHY_NOTHING);
	if (op->code == C_WRITE_FIXED && res_defs[op->res].kind == K_EVENT &&
	    u->done && (u->res == op->len || (op->len < 8 && u->res == -EINVAL)) &&
	    c->done && c->res == -EOPNOTSUPP)
		return part(p, WHY_FIXED);
	if (op_is_wrong(op) || chain_is_wrong(p, f)) {
		bool chain = fl->pred >= 0 || is_linked(op);

		if (chain && (u->done || op->flags & F_SKIP) && c->done &&
		    c->res < 0 &&
		    (c->res == -ECANCELED || op_is_wrong(op)))
			return part(p, WHY_INVALID);
		if (!is_cancel(op))
			return false;
	}
	if (is_cancel(op)) {
		if (!u->done || !c->done ||
		    !reason_of_cancel(p, op, &fl->reach, u->res, c->res))
			return false;
		/* what is linked behind it goes on with one of them alone */
		p->parted |= is_linked(op) && (u->res < 0) != (c->res < 0);
		return true;
	}
	if (op->code == C_POLL && u->done && c->done && u->res == -EINVAL &&
	    c->res == -EOPNOTSUPP) {
		reason_note(WHY_POLL);
		return true;
	}
	if (!op_waits_for_stream(op))
		return false;
	if (flight_may_block(fl) && c->told && c->res == -ECANCELED &&
	    (!u->done || u->res == -ECANCELED || u->res == -EINTR))
		return part(p, WHY_WORKER);
	if (res_defs[op->res].nonblock && op->code != C_READ && u->done &&
	    u->res == -EAGAIN)
		return part(p, WHY_NONBLOCK);
	return false;
}

/* not where this kernel's io_uring is as cring, nor what is a matter of luck */
static bool can_apply(enum reason why)
{
	if (why == WHY_NONBLOCK)
		return !totals->readv_arms || !totals->write_arms;
	return why != WHY_STALE && why != WHY_LATE && why != WHY_GONE;
}

/**
 * reasons_print - the table, with how often each applied
 *
 * Return: how many never did, but could have.
 */
unsigned int reasons_print(void)
{
	unsigned int i, never = 0;

	for (i = 0; i < NR_REASONS; i++) {
		printf("%8lu  %s\n", totals->reasons[i], reasons[i]);
		never += !totals->reasons[i] && can_apply(i);
	}
	return never;
}
