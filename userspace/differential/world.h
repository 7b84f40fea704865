/* SPDX-License-Identifier: MIT */
/*
 * The files that a script works on; each side has its own.
 */
#ifndef DIFFERENTIAL_WORLD_H
#define DIFFERENTIAL_WORLD_H

#include <stdbool.h>
#include <stddef.h>

enum res {
	R_TMPFS,
	R_EXT4,
	R_APPEND,
	R_DIRECT,
	R_RDONLY,
	R_PIPE_OUT,	/* blocking; where it comes out */
	R_PIPE_IN,
	R_NPIPE_OUT,	/* O_NONBLOCK */
	R_NPIPE_IN,
	R_DRY,		/* pipes that nobody ever fills */
	R_NDRY,
	R_FULL,		/* pipes that nobody ever empties */
	R_NFULL,
	R_SOCK_A,
	R_SOCK_B,
	R_NSOCK_A,
	R_NSOCK_B,
	R_EVENT,
	R_NEVENT,
	R_NULL,
	R_ZERO,
	R_CLOSED,	/* not open */
	NR_RES,
};

enum stream {
	S_PIPE,
	S_NPIPE,
	S_DRY,
	S_NDRY,
	S_FULL,
	S_NFULL,
	S_AB,		/* from A to B */
	S_BA,
	S_NAB,
	S_NBA,
	S_EVENT,
	S_NEVENT,
	NR_STREAMS,
	S_NONE = NR_STREAMS,
};

enum res_kind { K_FILE, K_STREAM, K_EVENT, K_CHAR, K_CLOSED };

struct res_def {
	const char *name;
	enum res_kind kind;
	enum stream in;		/* what a read takes from */
	enum stream out;	/* what a write goes to */
	bool nonblock;
};

extern const struct res_def res_defs[NR_RES];

#define FILE_SIZE	8192	/* at the beginning of a script */
#define SLOT_SIZE	8192	/* of the memory of an operation */

/**
 * struct world - the files of one side
 * @fds: by enum res
 * @feed: the descriptor to write a stream from outside, or -1
 * @drain: the one to read it from outside, or -1
 * @checks: descriptors of the files, to look at their content
 * @touched: bits of the files that a script may have changed
 */
struct world {
	int fds[NR_RES];
	int feed[NR_STREAMS];
	int drain[NR_STREAMS];
	int checks[R_RDONLY + 1];
	unsigned int touched;
};

/* never fed, or never emptied: nothing happens there */
/* it is a file, and this script may have changed it */
static inline void world_touch(struct world *w, enum res r)
{
	if (r <= R_RDONLY)
		w->touched |= 1U << r;
}

/* all of them are looked at, whatever was meant to be changed */
static inline void world_touch_all(struct world *w)
{
	w->touched = (1U << (R_RDONLY + 1)) - 1;
}

static inline bool is_inert(enum stream s)
{
	return s >= S_DRY && s <= S_NFULL;
}

void world_open(struct world *w);
void world_close(struct world *w);
void world_reset(struct world *w);
const char *worlds_differ(struct world *a, struct world *b, bool all);

#endif /* DIFFERENTIAL_WORLD_H */
