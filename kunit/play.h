/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Plays: operations and what becomes of them, as strings.
 *
 * A string of operations has a letter for each, then its flags, then what links
 * it to the next one:
 *
 *   n  NOP			  f  fails at once, -ENOENT
 *   b  refused, -EINVAL	  s  a read that is short, at once
 *   r  a read that waits	  w  a read that a worker runs, and sleeps in
 *   d  a read in a device	  t  TIMEOUT, for ever
 *   e  TIMEOUT, over soon	  E  the same, and that is a success
 *   L  LINK_TIMEOUT, long	  l  LINK_TIMEOUT, over soon
 *
 *   !  no CQE on success	  |  drain
 *   -  soft link		  =  hard link		(space)  no link
 *
 * Their user_data are 0, 1, 2 and so on.  What became of them is a string with a
 * letter for each:
 *
 *   .  no CQE			  0 to 9  res
 *   N  -ECANCELED, NOT_STARTED	  C  -ECANCELED
 *   E  -ENOENT			  I  -EINVAL
 *   T  -ETIME			  A  -EALREADY
 */
#ifndef _CRING_KUNIT_PLAY_H
#define _CRING_KUNIT_PLAY_H

#include "sqes.h"

#define PLAY_MAX	16

/**
 * struct play - operations on a ring of their own
 * @live: the ring
 * @slow: what r reads
 * @brief: what s reads
 * @worker: what w reads
 * @device: what d reads
 * @nr: operations so far
 * @nr_seen: CQEs so far
 * @seen: what became of the operations
 * @order: of their CQEs: a digit or letter for each
 */
struct play {
	struct live *live;
	struct script *slow;
	struct script *brief;
	struct script *worker;
	struct script *device;
	unsigned int nr;
	unsigned int nr_seen;
	char seen[PLAY_MAX + 1];
	char order[PLAY_MAX + 1];
};

struct play *play_open(struct kunit *test);
/* from the beginning again; nothing is in flight */
void play_again(struct play *play);
/* put these into the SQ */
void play_sqes(struct play *play, const char *ops);
/* and submit them, in one call */
void play_submit(struct play *play, const char *ops);
/* what became of them, when so many have their CQE as do in @want */
const char *play_seen(struct play *play, const char *want);

/* what happens to operations in flight */
enum play_act {
	PLAY_END,
	PLAY_SUBMIT,	/* more of them: @ops */
	PLAY_CANCEL,	/* the operation @arg; the answer is @answer */
	PLAY_READY,	/* all r */
	PLAY_LET_GO,	/* all w */
	PLAY_COMPLETE,	/* the oldest d, @arg bytes of 8 */
	PLAY_UPDATE,	/* the LINK_TIMEOUT @arg ends soon; the answer, ditto */
	PLAY_SLEEP,	/* longer than soon */
};

struct play_step {
	enum play_act act;
	int arg;
	s32 answer;
	const char *seen;	/* afterwards */
	const char *ops;
};

void play_step(struct play *play, const struct play_step *step);

/* one play of a table: submit, then step by step */
struct play_case {
	const char *name;
	const char *ops;
	const char *seen;	/* when they were submitted */
	struct play_step steps[6];
	const char *order;	/* of the CQEs in the end, unless NULL */
};

void play_case(struct kunit *test, const struct play_case *what);

#define PLAY_EXPECT_SEEN(on, want) do {					\
	struct play *play_ = (on);					\
	const char *want_ = (want);					\
	KUNIT_EXPECT_STREQ(play_->live->test, play_seen(play_, want_),	\
			   want_);					\
} while (0)

#endif /* _CRING_KUNIT_PLAY_H */
