/* SPDX-License-Identifier: MIT */
/*
 * What the module's files meet here: a ring, files of each kind, a user's memory; and
 * how an input is read.
 */
#ifndef CRING_FUZZ_KMOD_WORLD_H
#define CRING_FUZZ_KMOD_WORLD_H

#include <cring.h>

#include "abi.h"

#define FILES		12	/* descriptors 0 to 11 are open */
#define SLOTS		8	/* of which some are empty */
#define BIG_BUFFER	0x10000000	/* where one is that DETACH does not take whole */

/* what is left of an input; zeros follow it */
struct input {
	const u8 *at, *end;
};

static inline u64 take(struct input *in, unsigned int bytes)
{
	u64 value = 0;
	unsigned int i;

	for (i = 0; i < bytes && in->at < in->end; i++)
		value |= (u64)*in->at++ << 8 * i;
	return value;
}

static inline unsigned int pick(struct input *in, unsigned int n)
{
	return take(in, 1) % n;
}

/* says what is wrong, and is a crash */
#define expect(right, ...)						\
	do {								\
		if (!(right)) {						\
			fprintf(stderr, "wrong: " __VA_ARGS__);		\
			fprintf(stderr, "\n");				\
			abort();					\
		}							\
	} while (0)

/**
 * struct world - what an input works on
 * @ring: as the module sees it ...
 * @abi: ... and as the page does
 * @files: what the descriptors name
 * @user_detached: how many operations with DETACH the user may have
 */
struct world {
	struct cring_ring ring;
	struct abi_ring abi;
	struct file files[FILES];
	unsigned int user_detached;
};

extern struct world world;

/* a ring with @entries CQ entries, and its pool; buffers and all from the input */
void world_begin(struct input *in, u32 entries);
/* nothing is held by anybody any more, or it is said */
void world_end(void);
/* the one that a good name means */
struct file *world_file(s32 fd, bool slot);
/* the identity of the nth of some threads, or of none */
struct cring_ident *world_ident(unsigned int n);
const struct pid *world_thread(unsigned int n);

/* a number of which most are small, and some are the largest */
u64 any_number(struct input *in);
s32 any_fd(struct input *in);
u32 any_cancel_flags(struct input *in);
u8 any_opcode(struct input *in);

#endif /* CRING_FUZZ_KMOD_WORLD_H */
