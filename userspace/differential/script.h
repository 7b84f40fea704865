/* SPDX-License-Identifier: MIT */
/*
 * A script: steps of operations and cancels, made from a seed, and nothing in
 * it that depends on which ring plays it.
 */
#ifndef DIFFERENTIAL_SCRIPT_H
#define DIFFERENTIAL_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "world.h"

#define MAX_STEPS	10
#define MAX_BATCH	6
#define MAX_FLIGHTS	(MAX_STEPS * MAX_BATCH)
/* so many seeds after one another use the same rings */
#define SAME_RINGS	64

enum code {
	C_NOP,
	C_READ,
	C_WRITE,
	C_READV,
	C_WRITEV,
	C_READ_FIXED,
	C_WRITE_FIXED,
	C_FSYNC,
	C_FALLOCATE,
	C_SYNC_RANGE,
	C_POLL,
	C_TIMEOUT,
	C_LINK_TIMEOUT,
	C_BAD,			/* an opcode that nobody has */
	C_POLL_REMOVE,
	C_TIMEOUT_REMOVE,
	C_TIMEOUT_UPDATE,
	C_CANCEL,		/* by user_data, or ANY */
	C_CANCEL_FD,
	/* not operations: what the script does from outside, a step each */
	C_SYNC_CANCEL,
	C_SYNC_CANCEL_FD,
	C_FEED,			/* write(2) to the other end */
	C_EMPTY,		/* read(2) from the other end */
	C_TRUNCATE,
	NR_CODES,
};

#define FIRST_CANCEL	C_POLL_REMOVE
#define FIRST_ACT	C_SYNC_CANCEL

/* op.flags: their bits in an SQE, where both have the same */
#define F_FIXED_FILE	0x01
#define F_DRAIN		0x02
#define F_LINK		0x04
#define F_HARDLINK	0x08
#define F_ASYNC		0x10
#define F_SKIP		0x40

/* op.arg of a timeout */
enum { TIME_LONG, TIME_SHORT, TIME_PAST, TIME_BAD, NR_TIMES };

/* op.arg of a read or write */
enum { RW_PLAIN, RW_NOWAIT, RW_BAD_ADDRESS, RW_BAD_BUFFER, RW_BAD_FLAG };

/**
 * struct op - one operation
 * @code: enum code
 * @res: the file, enum res
 * @flags: F_*
 * @key: its user_data
 * @target: the user_data that it cancels
 * @arg: what is left to say: flags of the operation
 * @len: bytes
 * @off: file offset, -1 for the file's position
 */
struct op {
	uint8_t code;
	uint8_t res;
	uint8_t flags;
	uint8_t key;
	uint8_t target;
	uint8_t arg;
	uint16_t len;
	int32_t off;
};

struct step {
	unsigned int nr;
	struct op ops[MAX_BATCH];
};

/**
 * struct script - what is played
 * @seed: what it is made from
 * @loose: also does what the two are known to answer differently
 * @skip: uses CQE_SKIP_SUCCESS; otherwise it may drain (io_uring refuses both
 *	in one ring)
 * @defer: io_uring's ring has DEFER_TASKRUN
 * @nr: steps
 * @steps: the steps
 */
struct script {
	uint64_t seed;
	bool loose;
	bool skip;
	bool defer;
	unsigned int nr;
	struct step steps[MAX_STEPS];
};

static inline bool is_read(const struct op *op)
{
	return op->code == C_READ || op->code == C_READV ||
	       op->code == C_READ_FIXED;
}

static inline bool is_write(const struct op *op)
{
	return op->code == C_WRITE || op->code == C_WRITEV ||
	       op->code == C_WRITE_FIXED;
}

/* at the file's own position, and past the cache */
static inline bool is_positioned(const struct op *op)
{
	return (is_read(op) || is_write(op)) && op->res == R_DIRECT &&
	       op->off == -1;
}

static inline bool is_cancel(const struct op *op)
{
	return op->code >= FIRST_CANCEL && op->code <= C_SYNC_CANCEL_FD;
}

static inline bool is_linked(const struct op *op)
{
	return op->flags & (F_LINK | F_HARDLINK);
}

void script_make(struct script *s, uint64_t seed);
void script_print(const struct script *s);
void op_print(const struct op *op);

#endif /* DIFFERENTIAL_SCRIPT_H */
