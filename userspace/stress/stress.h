/* SPDX-License-Identifier: MIT */
/* What the files of the stress program share. */
#ifndef CRING_STRESS_H
#define CRING_STRESS_H

#include <poll.h>
#include <time.h>

#include "oracle.h"

#define BOXES		2
#define THREADS		6
#define ENTRIES		32	/* of an SQ */
#define CQ_ENTRIES	64
#define MAX_STEPS	4096
#define FILE_SIZE	0x100000

/* what a thread may do */
enum verb {
	QUEUE, CHAIN, BURST, SUBMIT, REAP, FEED, CANCEL_KEYS, UNTIL_GONE,
	CANCEL_ALL, SCOPE, SEAL, REOPEN, MOVE, WINDOW, SIGNAL, STRANGER, REMAP, NAP, DIE, VERBS
};

/**
 * struct step - one thing that one thread does
 * @thread: which; the first ones submit to and reap from a box each
 * @verb: what
 * @arg: all that is random about it comes from this, so that it stays what it is
 *	when others are left out
 */
struct step {
	uint8_t thread, verb;
	uint32_t arg;
};

/* all that is done in one round, by a process of its own */
struct script {
	uint64_t seed;
	unsigned int boxes, threads, nr;
	struct step steps[MAX_STEPS];
};

/* a thread, and where it is in its steps */
struct actor {
	const struct script *script;
	unsigned int nr;
	uint64_t rng;
};

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static inline uint64_t next(uint64_t *rng)
{
	uint64_t x = *rng += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static inline unsigned int pick(uint64_t *rng, unsigned int n)
{
	return (next(rng) >> 32) % n;
}

static inline void sleep_us(unsigned int us)
{
	struct timespec ts = { .tv_nsec = us * 1000L };

	nanosleep(&ts, NULL);
}

/* script.c */
void script_make(struct script *s, uint64_t seed);
void script_print(FILE *to, const struct script *s);
bool script_read(FILE *from, struct script *s);
bool script_is_mortal(const struct script *s);

/* shrink.c: leave out what it fails without */
void shrink(struct script *s, bool (*fails)(const struct script *s), uint64_t until);

/* round.c: run a script in this process; ends it when something is wrong */
extern struct box boxes[BOXES];
extern struct things {
	int file, direct, disk;		/* -1: there is none */
} things;
void round_run(const struct script *s);

/* things.c: the files and disks that the operations work on */
const char *things_open(void);
void things_close(void);

/* submits.c */
void queue_some(struct box *b, uint64_t *rng);
void burst(struct box *b, uint64_t *rng);
void queue_chain(struct box *b, uint64_t *rng);
void submit(struct box *b, uint64_t *rng);
void reap(struct box *b, unsigned int max);
void feed(struct box *b, uint64_t *rng);

/* cancels.c */
void cancel_keys(struct box *b, struct actor *a);
void cancel_until_gone(struct box *b, struct actor *a);
void cancel_all(struct box *b, struct actor *a);
void cancel_scope(struct actor *a);
void cancel_silent(struct box *b, struct actor *a);
void run_all(struct box *b, struct actor *a, const struct meaning *m,
	     struct cring_cancel_key key, unsigned int flags);

/* seals.c */
void seal(struct box *b, struct actor *a);
void reopen(struct box *b, struct actor *a);
void move_deadline(struct box *b, struct actor *a);

/* odd.c: what else a program may do to its rings */
void register_window(struct box *b, uint64_t *rng);
void be_a_stranger(struct box *b);
void map_again(struct box *b);
void die_somehow(uint64_t *rng);

#endif /* CRING_STRESS_H */
