/* SPDX-License-Identifier: MIT */
/*
 * Playing a script on both sides.
 */
#ifndef DIFFERENTIAL_PLAY_H
#define DIFFERENTIAL_PLAY_H

#include <stdio.h>
#include <sys/types.h>

#include "script.h"
#include "side.h"
#include "world.h"

#define BIT64(n)	(UINT64_C(1) << (n))

/**
 * struct reach - what a cancel's key names
 * @fits: the flights that it fits
 * @hidden: of those, what io_uring does not look at
 * @late: of those, what io_uring's worker may not have come to
 * @again: of those, what an earlier cancel of the same step has hit
 */
struct reach {
	uint64_t fits;
	uint64_t hidden;
	uint64_t late;
	uint64_t again;
};

/**
 * struct flight - an operation that was submitted
 * @op: as submitted
 * @pred: the flight that it is linked behind, LINK_TIMEOUTs left out, or -1
 * @hard: by a hard link
 * @head: the first of its chain
 * @target: of a LINK_TIMEOUT: the flight that it watches, or -1
 * @watch: the LINK_TIMEOUT that watches it, or -1
 * @reach: of a cancel
 */
struct flight {
	struct op op;
	int pred;
	bool hard;
	int head;
	int target;
	int watch;
	struct reach reach;
};

/**
 * struct fate - what became of a flight on one side
 * @done: it has its CQE
 * @res: the result
 * @told: a cancel has hit it
 * @ahead: it ended as if by a cancel that has not told of it yet
 */
struct fate {
	bool done;
	int32_t res;
	bool told;
	bool ahead;
};

/**
 * struct side - one of the two
 * @ops: its ring
 * @world: its files
 * @arena: memory of its operations
 * @fill: bytes in each stream
 * @owed: an eventfd's reader was seen to end before what it has read
 * @fates: what became of each flight
 */
struct side {
	const struct ring_ops *ops;
	struct world world;
	char *arena;
	unsigned int fill[NR_STREAMS];
	bool owed[NR_STREAMS];
	struct fate fates[MAX_FLIGHTS];
};

/* the memory of a flight */
static inline char *side_slot(const struct side *s, int f)
{
	return s->arena + (size_t)f * SLOT_SIZE;
}

enum { URING, CRING };

/**
 * struct play - a script that is being played
 * @script: the script
 * @nr: flights so far
 * @first: the first flight of this step
 * @flights: the same on both sides
 * @sides: io_uring and cring
 * @error: what went wrong, or ""
 * @parted: a reason applied after which the sides have different things in
 *	flight: the rest is not played
 * @writes: bound for the slots of a stream that are in use
 * @position: of R_DIRECT, when the step began
 * @moved: bytes that cring has moved there since
 * @drained: something was drained; io_uring has yet to notice that it is over
 */
struct play {
	const struct script *script;
	unsigned int nr;
	unsigned int first;
	struct flight flights[MAX_FLIGHTS];
	struct side sides[2];
	char error[256];
	bool parted;
	unsigned int writes[NR_STREAMS];
	off_t position;
	off_t moved;
	bool drained;
};

/**
 * struct totals - what was done, by all processes
 * @scripts: played
 * @ops: operations
 * @cqes: completions
 * @bad: scripts with a difference that has no reason
 * @overslept: how often io_uring did not wake up by itself
 * @readv_arms: io_uring's READV waits for a file with O_NONBLOCK; old ones have
 *	only READ do so
 * @write_arms: and WRITE
 * @forgets: up to 6.8 a cancel relies on a number that its timeouts do not set
 * @reasons: how often each has applied
 */
struct totals {
	unsigned long scripts;
	unsigned long ops;
	unsigned long cqes;
	unsigned long bad;
	unsigned long overslept;
	bool readv_arms;
	bool write_arms;
	bool forgets;
	unsigned long reasons[];
};

extern struct totals *totals;

static inline void total(unsigned long *what, unsigned long nr)
{
	__atomic_fetch_add(what, nr, __ATOMIC_RELAXED);
}

/* what has not come within this time is lost */
extern unsigned int lost_ms;
/* print what was played when something differs */
extern bool verbose;

/* op.c: what can be said of it alone */
bool op_waits_for_stream(const struct op *op);
bool op_moves_nothing(const struct op *op);
bool op_is_wrong(const struct op *op);
bool op_has_file(const struct op *op);
unsigned int op_objects(const struct op *op, int obj[3]);
bool op_stays(const struct op *op);
bool op_ends(const struct op *op);
bool op_fits(const struct op *cancel, const struct flight *fl);
void op_trim(struct op *op, const struct script *s, const struct op *next);
bool flight_may_block(const struct flight *fl);
bool flight_is_copy(const struct flight *a, const struct flight *b);

/* model.c: what must happen */
bool chain_is_wrong(const struct play *p, int f);
bool flight_is_done(const struct play *p, int side, int f);
bool flight_is_issued(const struct play *p, int side, int f);
bool flight_is_held(const struct play *p, int side, int f);
bool flight_is_due(const struct play *p, int side, int f);
bool flight_failed(const struct play *p, int side, int f);
void model_tell(struct play *p, int side, const struct op *op,
		const struct reach *reach, int32_t res);
void model_answer(struct play *p, int side, const struct answer *a);

/* legal.c: what may be played here and now */
void play_admit(struct play *p, const struct step *st);
bool play_may_act(struct play *p, const struct op *op, struct reach *reach);

/* open.c */
void open_sides(struct play *p, const struct script *s);

/* compare.c */
void play_compare(struct play *p, bool all);
void play_print(const struct play *p);

/* play.c */
bool play_script(const struct script *s, char *error, size_t size);
void play_end(void);

/* reason.c: what is allowed to differ */
enum reason {
	WHY_HIDDEN,
	WHY_LATE,
	WHY_GONE,
	WHY_AGAIN,
	WHY_ANY,
	WHY_WORKER,
	WHY_NONBLOCK,
	WHY_INVALID,
	WHY_SILENT,
	WHY_STALE,
	WHY_POLL,
	WHY_POSITION,
	WHY_FIXED,
	WHY_NOTHING,
	NR_REASONS,
};

void reason_note(enum reason why);
bool reason_of_flight(struct play *p, int f);
bool reason_of_position(struct play *p, off_t uring, off_t cring);
bool reason_of_cancel(struct play *p, const struct op *op,
		      const struct reach *reach, int uring, int cring);
unsigned int reasons_print(void);

/* shrink.c */
void shrink(struct script *s);

#endif /* DIFFERENTIAL_PLAY_H */
