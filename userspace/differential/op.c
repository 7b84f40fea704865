// SPDX-License-Identifier: MIT
/*
 * What can be said of an operation without knowing what else is in flight.
 */
#include "play.h"

/**
 * op_waits_for_stream - does it wait if there is nothing to move?
 * @op: any
 *
 * Return: true for a read or write of a pipe, a socket or an eventfd.
 */
bool op_waits_for_stream(const struct op *op)
{
	const struct res_def *def = &res_defs[op->res];

	if (def->kind != K_STREAM && def->kind != K_EVENT)
		return false;
	if (!op->len || (def->kind == K_EVENT && op->len < 8))
		return false;
	return (is_read(op) && def->in != S_NONE) ||
	       (is_write(op) && def->out != S_NONE);
}

/**
 * op_moves_nothing - can it move no byte, wherever there are some?
 * @op: any
 *
 * Return: true for a read or write of nothing, and of half a counter.
 */
bool op_moves_nothing(const struct op *op)
{
	enum res_kind kind = res_defs[op->res].kind;

	if (!is_read(op) && !is_write(op))
		return false;
	return (kind == K_STREAM && !op->len) ||
	       (kind == K_EVENT && op->len < 8);
}

/**
 * op_is_wrong - will it fail for what it is?
 * @op: any
 *
 * Return: true when it may be refused before it is started.
 */
bool op_is_wrong(const struct op *op)
{
	const struct res_def *def = &res_defs[op->res];

	switch (op->code) {
	case C_BAD:
		return true;
	case C_TIMEOUT: case C_TIMEOUT_UPDATE:
		return op->arg == TIME_BAD;
	case C_FSYNC: case C_FALLOCATE: case C_SYNC_RANGE:
		return def->kind != K_FILE || op->res == R_RDONLY ||
		       op->arg >= 3 || !op->len;
	case C_POLL: case C_CANCEL_FD:
		return def->kind == K_CLOSED;
	default:
		if (!is_read(op) && !is_write(op))
			return false;
		return op->arg != RW_PLAIN || def->kind == K_CLOSED ||
		       (is_write(op) && op->res == R_RDONLY) ||
		       (def->kind == K_EVENT && op->len != 8);
	}
}

/**
 * op_has_file - is its fd looked at?
 * @op: any
 *
 * Return: true when it works on a file.
 */
bool op_has_file(const struct op *op)
{
	return is_read(op) || is_write(op) ||
	       (op->code >= C_FSYNC && op->code <= C_POLL);
}

/**
 * op_objects - the objects that an operation touches
 * @op: any
 * @obj: their numbers
 *
 * Return: how many; none where nothing ever happens.
 */
unsigned int op_objects(const struct op *op, int obj[3])
{
	const struct res_def *def = &res_defs[op->res];
	unsigned int nr = 0;

	if (!op_has_file(op))
		return 0;
	if (def->kind == K_FILE)
		obj[nr++] = op->res;
	if (def->in < S_NONE && !is_inert(def->in) && !is_write(op))
		obj[nr++] = NR_RES + (int)def->in;
	if (def->out < S_NONE && !is_inert(def->out) && !is_read(op) &&
	    def->out != def->in)
		obj[nr++] = NR_RES + (int)def->out;
	if (def->kind == K_EVENT && is_write(op))
		obj[nr++] = NR_RES + (int)def->out;
	return nr;
}

/**
 * op_stays - does it wait until it is cancelled?
 * @op: any
 *
 * Return: true when it does so on both sides, and in no worker.
 */
bool op_stays(const struct op *op)
{
	const struct res_def *def = &res_defs[op->res];
	bool inert = (def->in != S_NONE && is_inert(def->in)) ||
		     (def->out != S_NONE && is_inert(def->out));

	if (op->code == C_TIMEOUT)
		return op->arg == TIME_LONG;
	if (op->code == C_POLL)
		return inert;
	return inert && op_waits_for_stream(op) && !(op->flags & F_ASYNC) &&
	       (!def->nonblock || op->code == C_READ);
}

/**
 * op_ends - does it end by itself?
 * @op: any
 *
 * Return: true when it does, whatever else happens.
 */
bool op_ends(const struct op *op)
{
	switch (op->code) {
	case C_POLL: case C_LINK_TIMEOUT:
		return false;
	case C_TIMEOUT:
		return op->arg != TIME_LONG;
	default:
		/* what moves nothing may wait on io_uring */
		return !is_cancel(op) && !op_waits_for_stream(op) &&
		       !op_moves_nothing(op);
	}
}

/**
 * flight_may_block - may it wait in a worker?
 * @fl: any
 *
 * Return: true for what ASYNC sends there, and for what follows something there:
 * io_uring goes on with a chain where it is.
 */
bool flight_may_block(const struct flight *fl)
{
	return op_waits_for_stream(&fl->op) &&
	       (fl->op.flags & F_ASYNC || fl->pred >= 0);
}

/**
 * flight_is_copy - does it make no difference which of two it is?
 * @a: one
 * @b: the other
 *
 * Return: true when it makes none, and neither is linked.
 */
bool flight_is_copy(const struct flight *a, const struct flight *b)
{
	return a->op.code == b->op.code && a->op.res == b->op.res &&
	       a->op.key == b->op.key &&
	       a->op.flags == b->op.flags && a->op.arg == b->op.arg &&
	       a->op.len == b->op.len && a->pred < 0 && b->pred < 0 &&
	       !is_linked(&a->op) && !is_linked(&b->op);
}

/**
 * op_fits - does a cancel's key fit?
 * @cancel: the cancel
 * @fl: what it may fit
 *
 * Return: true when it does.
 */
bool op_fits(const struct op *cancel, const struct flight *fl)
{
	const struct op *op = &fl->op;

	if (is_cancel(op))
		return false;
	switch (cancel->code) {
	case C_POLL_REMOVE:
		return op->code == C_POLL && op->key == cancel->target;
	case C_TIMEOUT_REMOVE: case C_TIMEOUT_UPDATE:
		return op->code == C_TIMEOUT && op->key == cancel->target;
	case C_CANCEL_FD: case C_SYNC_CANCEL_FD:
		return op_has_file(op) && op->res == cancel->res &&
		       op->res != R_CLOSED;
	default:
		return cancel->arg & 4 || op->key == cancel->target;
	}
}

/**
 * op_trim - take off the flags that would make the outcome uncertain
 * @op: may be changed
 * @s: the script that it is from
 * @next: what is linked behind it, or NULL
 */
void op_trim(struct op *op, const struct script *s, const struct op *next)
{
	bool last = !next, watched = next && next->code == C_LINK_TIMEOUT;
	const struct res_def *def = &res_defs[op->res];
	bool rw = is_read(op) || is_write(op);
	bool fixed = op->code == C_READ_FIXED || op->code == C_WRITE_FIXED;

	if (last)
		op->flags &= (uint8_t)~(F_LINK | F_HARDLINK);
	if (rw && def->kind != K_FILE && def->kind != K_CLOSED)
		op->arg = RW_PLAIN;
	if (op->arg == (fixed ? RW_BAD_ADDRESS : RW_BAD_BUFFER) && rw)
		op->arg = RW_PLAIN;
	/* of two mistakes either may be told */
	if (def->kind == K_CLOSED && (rw || op->code < C_POLL)) {
		op->arg = RW_PLAIN;
		op->len |= 1;
	}
	if (is_write(op) && op->res == R_RDONLY)
		op->arg = RW_PLAIN;
	/* nor need io_uring end what moves nothing */
	if (op_moves_nothing(op) && !s->loose)
		op->len = 8;
	/* cring's fixed buffers need a method that knows of them */
	if (op->code == C_WRITE_FIXED && def->kind == K_EVENT &&
	    !s->loose)
		op->code = C_WRITE;
	/* whether it is in the cache is not the rings' doing */
	if (op->arg == RW_NOWAIT && rw && op->res != R_TMPFS)
		op->arg = RW_PLAIN;
	if (!(rw || op->code == C_FSYNC) || s->skip)
		op->flags &= (uint8_t)~F_ASYNC;
	if (op->flags & F_ASYNC && op_waits_for_stream(op) &&
	    !s->loose)
		op->flags &= (uint8_t)~F_ASYNC;
	/* io_uring's drains do not get over either */
	if (op_is_wrong(op) || op->code == C_TIMEOUT)
		op->flags &= (uint8_t)~F_DRAIN;
	/* what moves data ends silently only if what is behind it tells of it */
	if (op->flags & F_SKIP &&
	    (watched || op_is_wrong(op) || !op_ends(op) || is_positioned(op) ||
	     (op->code != C_NOP &&
	      (last || !op_ends(next) || next->flags & F_SKIP)) ||
	     !(op->code == C_NOP || def->kind == K_FILE)))
		op->flags &= (uint8_t)~F_SKIP;
}
