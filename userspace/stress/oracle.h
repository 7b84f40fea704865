/* SPDX-License-Identifier: MIT */
/*
 * What the stress program knows of each operation, and so what may become of it.
 *
 * An operation has a user_data of its own, and a buffer that is poisoned before
 * it is submitted, and again when it is over, be it by its CQE or by a cancel's
 * answer: from then on nothing may write to it, which is looked at when the slot
 * is used again, and at the end.
 */
#ifndef CRING_STRESS_ORACLE_H
#define CRING_STRESS_ORACLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <cring.h>

#define SLOTS		160	/* operations that a box knows */
#define ROOM		512	/* bytes of a buffer */
#define FRESH		0xa5	/* in it before; no data has these two */
#define OVER		0x5a	/* and afterwards */
#define GROUPS		4
#define ACTORS		6	/* threads that cancel at once */

enum kind {
	NOP, PIPE_READ, SILENT_READ, FILE_READ, FIXED_READ, FILE_WRITE, DIRECT_READ,
	DISK_READ, FSYNC, TIMER, LONG_TIMER, POLL, SILENT_POLL, CANCEL, KINDS
};

/*
 * QUEUED: in the SQ, perhaps taken; TAKEN: by a call that has not returned, as
 * the shared page says, which only a cancel looks at; IN_FLIGHT: that call has
 * returned.
 */
enum phase { IDLE, QUEUED, TAKEN, IN_FLIGHT, ENDED };

/**
 * struct op - one slot, and the operation in it
 * @id: its user_data; the slot is its lowest byte
 * @ticket: its ticket
 * @kind: what it is
 * @phase: how far it is
 * @opcode: of its SQE
 * @fd: of its file, or -1
 * @names: cancels that may have meant it
 * @reapers: how many of those reap
 * @timed: it has, or may have got, a deadline
 * @sealed: it was taken while it was sealed: it must not have started
 * @async: a worker has it from the start
 * @detach: it may be let go of
 * @unknown: a write that was let go of when it had been started: what it does to the
 *	file, and when, nobody knows; its slot is not used again
 * @skip: it has no CQE when it succeeds
 * @drain: it comes after all before it
 * @linked: it is behind another one in a chain
 * @hard: what it is linked to may have failed
 * @given: the buffer is ours again
 * @stopped: a cancel has answered 0
 * @bounded: its CQE must be ahead of @bound
 * @floored: it must not be ahead of @floor
 * @in_cq: it was in the CQ
 * @bound: a tail of the CQ
 * @floor: a tail of the CQ
 * @pos: where in the CQ its CQE was
 * @group: its group, or 0
 * @len: bytes
 * @fill: what a write writes
 * @pins: who still looks at the slot
 * @off: where in the file
 * @buf: its buffer
 * @prev: the one before it in its chain, pinned; or NULL
 * @target: CANCEL: whom it names, pinned; NULL when it means all of a group
 * @late: CANCEL: that was over already
 * @cqe: its CQE
 */
struct op {
	uint64_t id, ticket;
	enum kind kind;
	enum phase phase;
	int opcode, fd, names, reapers;
	bool timed, sealed, async, detach, unknown, skip, drain, linked, hard, given, stopped,
	     bounded, floored, in_cq, late;
	uint32_t bound, floor, pos, group, len;
	unsigned char fill;
	int pins;
	uint64_t off;
	unsigned char *buf;
	struct op *prev, *target;
	struct cring_cqe cqe;
};

/* what a cancel saw of an operation before it was called */
struct look {
	struct op *op;
	uint64_t id;
	enum phase phase;
};

/* what a cancel of all means; as long as it is under way, also what is queued */
struct meaning {
	enum { NOTHING, ANYTHING, BY_GROUP, BY_FD, BY_OP } by;
	int value;
	bool deadline;		/* it moves that */
};

/* a ring, its operations, and what was counted; @lock is never held in a call */
struct box {
	pthread_mutex_t lock;
	struct cring ring;
	struct op ops[SLOTS];
	unsigned char *bufs;
	unsigned int next_slot, skipping, unknown;
	bool may_drain;
	uint64_t next_id;
	unsigned long accepted, ended, drains;
	unsigned long pipe_in, pipe_out;
	uint64_t first_ticket;		/* of what is queued and not taken */
	struct op *draining;		/* the drain that all behind it wait for */
	int sealed[GROUPS + 1];		/* 0 open, 1 changing, 2 sealed; [0]: the ring */
	unsigned long seals[GROUPS + 1]; /* how often that has changed */
	struct meaning meanings[ACTORS + 1];	/* the last: of a cancel in the SQ */
	int pipe[2], silent[2], out;
	unsigned char before[SLOTS][ROOM]; /* what is in the file written to */
};

/* what was counted, of all processes */
struct tally {
	unsigned long ops, canceled, timed_out, not_started, reaped, skipped, full;
	unsigned long cancels, answers[3];	/* 0, -EALREADY, -ENOENT */
	unsigned long of_all, of_first, piped, rounds, dead;
	unsigned long kinds[KINDS];
};

extern struct tally *tally;
extern const char *const kind_names[KINDS];

static inline void count(unsigned long *what, unsigned long n)
{
	__atomic_add_fetch(what, n, __ATOMIC_RELAXED);
}

/* set when what goes wrong from now on is our own doing */
extern bool dying;

/* tell what is known, and end the process */
void wrong(struct box *b, struct op *op, const char *what) __attribute__((noreturn));
/* where to tell it, and how far this process has come: steps, and CQEs reaped */
#define TOLD	1024
extern char *told;
extern unsigned long *progress;

/* what a file has at some place; neither FRESH nor OVER */
static inline unsigned char pattern(uint64_t off)
{
	return 1 + (off * 31 + off / 97) % 0x4f;
}

static inline bool all_of(const unsigned char *p, unsigned int len, unsigned char c)
{
	return !len || (p[0] == c && !memcmp(p, p + 1, len - 1));
}

/* has the kernel said that it has it? */
static inline bool was_taken(const struct box *b, const struct op *op)
{
	return __atomic_load_n(&b->ring.shared->accepted, __ATOMIC_ACQUIRE) > op->ticket;
}

static inline uint32_t cq_tail(const struct box *b)
{
	return __atomic_load_n(&b->ring.shared->cq_tail, __ATOMIC_ACQUIRE);
}

/* Everything below is called with the box's lock held. */
bool means(const struct meaning *m, const struct op *op);

/* could nothing but a cancel end it? */
bool lasts(const struct op *op);
/* has it been cancelled, by whomever? */
bool given_up(const struct op *op);
/* the buffer is the caller's again */
void give_back(struct op *op);
/* C3: is its CQE where it must have been when an answer was given? */
void check_place(struct box *b, struct op *op);
/* C18: it had better not been started */
void check_seal(struct box *b, struct op *op);
/* the slot is about to be used again */
void oracle_look_back(struct box *b, struct op *op);
/* a CQE has come; @pos is where, or @in_cq is false */
void oracle_cqe(struct box *b, const struct cring_cqe *cqe, uint32_t pos, bool in_cq);
/* @nr more were taken, while these seals were in force; @tail: afterwards */
void oracle_taken(struct box *b, int nr, const unsigned long *seals, const int *sealed,
		  uint32_t tail);
/*
 * A cancel has answered.  What was seen before it, and the tails before and after
 * it; it @waits, and has @waited for all; this call reaps, and has @reaped its CQE.
 */
struct answer {
	int res;
	bool waits, waited, reaping, reaped;
	uint32_t before, after;
};

void oracle_answer(struct box *b, const struct look *look, const struct answer *answer);
/* a cancel of all that has waited meant it */
void oracle_over(struct box *b, const struct look *look, uint32_t tail);

#endif /* CRING_STRESS_ORACLE_H */
