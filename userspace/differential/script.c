// SPDX-License-Identifier: MIT
/*
 * Makes a script from a seed, and prints one.  What makes no sense at the point
 * where it is played is left out there (legal.c), so that here, and when a
 * script is shortened, nothing need be known of what went before.
 */
#include <stdio.h>
#include <string.h>

#include "script.h"
#include "world.h"

#define NR_KEYS		20

static uint64_t rng;

/* splitmix64 */
static uint32_t rnd(uint32_t below)
{
	uint64_t z = rng += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ z >> 31) >> 32) % below;
}

static bool chance(uint32_t percent)
{
	return rnd(100) < percent;
}

/* one of what is listed more often the likelier it shall be */
#define PICK(...) ({							\
	static const uint8_t list[] = { __VA_ARGS__ };			\
	list[rnd(sizeof(list))];					\
})

static uint8_t pick_res(bool write)
{
	if (write)
		return PICK(R_TMPFS, R_EXT4, R_EXT4, R_APPEND, R_DIRECT,
			    R_RDONLY, R_PIPE_IN, R_PIPE_IN, R_NPIPE_IN,
			    R_NPIPE_IN, R_FULL, R_NFULL, R_SOCK_A, R_SOCK_B,
			    R_NSOCK_A, R_NSOCK_B, R_EVENT, R_NEVENT, R_NULL,
			    R_ZERO, R_CLOSED);
	return PICK(R_TMPFS, R_EXT4, R_EXT4, R_APPEND, R_DIRECT, R_RDONLY,
		    R_PIPE_OUT, R_PIPE_OUT, R_NPIPE_OUT, R_NPIPE_OUT, R_DRY,
		    R_DRY, R_NDRY, R_NDRY, R_SOCK_A, R_SOCK_B, R_NSOCK_A,
		    R_NSOCK_B, R_EVENT, R_NEVENT, R_NULL, R_ZERO, R_CLOSED);
}

static void make_rw(struct op *op)
{
	const struct res_def *def;

	op->res = pick_res(is_write(op));
	def = &res_defs[op->res];
	op->arg = chance(95) ? RW_PLAIN : PICK(RW_NOWAIT, RW_BAD_ADDRESS,
					       RW_BAD_BUFFER, RW_BAD_FLAG);
	switch (def->kind) {
	case K_EVENT:
		op->len = chance(92) ? 8 : (uint16_t)rnd(8);
		break;
	case K_STREAM:
		op->len = (uint16_t)(chance(3) ? 0 : 1 + rnd(200));
		break;
	default:
		op->len = (uint16_t)(chance(3) ? 0 : 1 + rnd(4096));
		op->off = chance(10) ? -1 : (int32_t)rnd(10000);
		if (op->res == R_DIRECT && chance(95)) {
			op->len = (uint16_t)(512 + rnd(7) * 512);
			op->off = op->off < 0 ? -1 : op->off & ~511;
		}
	}
}

static void make_fs(struct op *op)
{
	op->res = PICK(R_TMPFS, R_EXT4, R_EXT4, R_APPEND, R_DIRECT, R_RDONLY,
		       R_PIPE_IN, R_SOCK_A, R_NULL, R_CLOSED);
	op->off = (int32_t)rnd(10000);
	op->len = (uint16_t)(chance(5) ? 0 : 1 + rnd(8192));
	op->arg = (uint8_t)rnd(5);
}

/* flags of a cancel: 1 ALL, 2 by fd, 4 ANY, 8 by slot */
static uint8_t make_cancel_flags(uint8_t code, bool loose)
{
	if (code == C_CANCEL_FD || code == C_SYNC_CANCEL_FD)
		return (uint8_t)(chance(50) ? 1 : 0) | (chance(25) ? 8 : 0);
	if (chance(10))
		return loose && chance(50) ? 4 : 5;
	return chance(30) ? 1 : 0;
}

static void make_op(struct op *op, const struct script *s)
{
	memset(op, 0, sizeof(*op));
	op->code = PICK(C_NOP, C_NOP, C_READ, C_READ, C_READ, C_READ, C_READ,
			C_READ, C_WRITE, C_WRITE, C_WRITE, C_WRITE, C_WRITE,
			C_READV, C_READV, C_WRITEV, C_READ_FIXED,
			C_READ_FIXED, C_WRITE_FIXED, C_FSYNC, C_FALLOCATE,
			C_SYNC_RANGE, C_POLL, C_POLL, C_POLL, C_POLL,
			C_TIMEOUT, C_TIMEOUT, C_TIMEOUT, C_BAD,
			C_POLL_REMOVE, C_TIMEOUT_REMOVE, C_TIMEOUT_UPDATE,
			C_CANCEL, C_CANCEL, C_CANCEL, C_CANCEL, C_CANCEL_FD,
			C_CANCEL_FD, C_CANCEL_FD);
	if (op->code == C_BAD && chance(70))
		op->code = C_CANCEL;
	op->key = (uint8_t)(1 + rnd(NR_KEYS));
	op->target = (uint8_t)(1 + rnd(NR_KEYS));
	switch (op->code) {
	case C_FSYNC: case C_FALLOCATE: case C_SYNC_RANGE:
		make_fs(op);
		break;
	case C_POLL:
		op->res = pick_res(chance(40));
		op->arg = (uint8_t)rnd(5);
		break;
	case C_TIMEOUT: case C_TIMEOUT_UPDATE:
		op->arg = PICK(TIME_LONG, TIME_LONG, TIME_LONG, TIME_LONG,
			       TIME_SHORT, TIME_PAST, TIME_BAD);
		break;
	case C_CANCEL: case C_CANCEL_FD:
		op->res = pick_res(chance(30));
		op->arg = make_cancel_flags(op->code, s->loose);
		break;
	default:
		if (is_read(op) || is_write(op))
			make_rw(op);
	}
	if (chance(25))
		op->flags |= F_FIXED_FILE;
	if (chance(8))
		op->flags |= F_ASYNC;
	if (s->skip && chance(15))
		op->flags |= F_SKIP;
}

static void make_act(struct step *st, const struct script *s)
{
	struct op *op = &st->ops[0];

	memset(op, 0, sizeof(*op));
	st->nr = 1;
	op->code = PICK(C_SYNC_CANCEL, C_SYNC_CANCEL, C_SYNC_CANCEL_FD, C_FEED,
			C_FEED, C_FEED, C_EMPTY, C_TRUNCATE);
	op->target = (uint8_t)(1 + rnd(NR_KEYS));
	op->len = (uint16_t)(1 + rnd(200));
	op->off = (int32_t)rnd(9000);
	op->res = op->code == C_TRUNCATE ? PICK(R_TMPFS, R_EXT4, R_APPEND) :
					   pick_res(op->code == C_FEED);
	op->arg = make_cancel_flags(op->code, s->loose);
}

static void make_batch(struct step *st, const struct script *s)
{
	unsigned int i, link = 0;

	st->nr = 1 + rnd(MAX_BATCH);
	for (i = 0; i < st->nr; i++) {
		struct op *op = &st->ops[i];

		make_op(op, s);
		if (!link && !s->skip && chance(4))
			op->flags |= F_DRAIN;
		if (link && chance(20)) {
			memset(op, 0, sizeof(*op));
			op->code = C_LINK_TIMEOUT;
			op->key = (uint8_t)(1 + rnd(NR_KEYS));
			op->arg = PICK(TIME_LONG, TIME_LONG, TIME_SHORT);
		}
		link = i + 1 < st->nr && chance(link ? 50 : 25);
		if (link)
			op->flags |= chance(25) ? F_HARDLINK : F_LINK;
	}
}

/* what a cancel shall find is likelier to be there when it takes its key */
static void aim(struct script *s)
{
	uint8_t seen[MAX_FLIGHTS], res[MAX_FLIGHTS];
	unsigned int i, j, nr = 0;

	for (i = 0; i < s->nr; i++) {
		for (j = 0; j < s->steps[i].nr; j++) {
			struct op *op = &s->steps[i].ops[j];
			bool act = op->code >= FIRST_ACT;

			if (!is_cancel(op)) {
				if (act)
					continue;
				seen[nr] = op->key;
				res[nr++] = op->res;
				continue;
			}
			if (!nr || chance(15))
				continue;
			op->target = seen[rnd(nr)];
			op->res = res[rnd(nr)];
		}
	}
}

/**
 * script_make - a script from a seed
 * @s: filled in
 * @seed: any number
 */
void script_make(struct script *s, uint64_t seed)
{
	unsigned int i;

	memset(s, 0, sizeof(*s));
	rng = seed * 0xd1342543de82ef95 + 1;
	s->seed = seed;
	s->loose = chance(15);
	/* those after one another use the same rings */
	s->skip = seed / SAME_RINGS % 2;
	s->defer = seed / SAME_RINGS / 2 % 2;
	s->nr = 3 + rnd(MAX_STEPS - 2);
	for (i = 0; i < s->nr; i++) {
		if (chance(25))
			make_act(&s->steps[i], s);
		else
			make_batch(&s->steps[i], s);
	}
	aim(s);
}

/**
 * op_print - one operation, on a line
 * @op: any
 */
void op_print(const struct op *op)
{
	static const char *const names[NR_CODES] = {
		"nop", "read", "write", "readv", "writev", "read_fixed",
		"write_fixed", "fsync", "fallocate", "sync_range", "poll",
		"timeout", "link_timeout", "bad", "poll_remove",
		"timeout_remove", "timeout_update", "cancel", "cancel_fd",
		"sync_cancel", "sync_cancel_fd", "feed", "empty", "truncate",
	};

	printf("    %-14s key %-3u", names[op->code], op->key);
	if (op->code < FIRST_ACT)
		printf(" flags%s%s%s%s%s%s",
		       op->flags & F_FIXED_FILE ? " FIXED" : "",
		       op->flags & F_DRAIN ? " DRAIN" : "",
		       op->flags & F_LINK ? " LINK" : "",
		       op->flags & F_HARDLINK ? " HARDLINK" : "",
		       op->flags & F_ASYNC ? " ASYNC" : "",
		       op->flags & F_SKIP ? " SKIP" : "");
	if (is_cancel(op))
		printf(" target %u", op->target);
	printf(" file %s arg %u len %u off %d\n", res_defs[op->res].name,
	       op->arg, op->len, op->off);
}

/**
 * script_print - a whole script
 * @s: any
 */
void script_print(const struct script *s)
{
	unsigned int i, j;

	printf("seed %llu%s%s%s\n", (unsigned long long)s->seed,
	       s->loose ? ", loose" : "", s->skip ? ", skip" : "",
	       s->defer ? ", DEFER_TASKRUN" : "");
	for (i = 0; i < s->nr; i++) {
		printf("  step %u\n", i);
		for (j = 0; j < s->steps[i].nr; j++)
			op_print(&s->steps[i].ops[j]);
	}
}
