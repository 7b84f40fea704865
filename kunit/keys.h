/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every key that a cancel may have: clause C6 of Documentation/contract.rst.
 */
#ifndef _CRING_KUNIT_KEYS_H
#define _CRING_KUNIT_KEYS_H

#include <kunit/test.h>

#include "cring.h"

#define ALL		CRING_ASYNC_CANCEL_ALL
#define FD		CRING_ASYNC_CANCEL_FD
#define ANY		CRING_ASYNC_CANCEL_ANY
#define FD_FIXED	CRING_ASYNC_CANCEL_FD_FIXED
#define USERDATA	CRING_ASYNC_CANCEL_USERDATA
#define OP		CRING_ASYNC_CANCEL_OP
#define GROUP		CRING_ASYNC_CANCEL_GROUP
#define TICKET		CRING_ASYNC_CANCEL_TICKET

#define NR_FLAGS	256	/* every combination of the eight */

/* the nth of them: six bits at the bottom, two from bit 16 on */
static inline u32 nth_flags(unsigned int n)
{
	return (n & 63) | n >> 6 << 16;
}

/* a key, and what a match must have in common with it */
struct known_key {
	const char *name;
	u32 flags;
	bool user_data;
	bool file;
	bool opcode;
};

/*
 * Every key that there is without a group or ticket.  Each but ANY may have a
 * group, a ticket, or both as well; with no other part, they are the key, and
 * nothing is said of user_data.
 */
static const struct known_key keys[] = {
	{ "nothing",		0,				1, 0, 0 },
	{ "user_data",		USERDATA,			1, 0, 0 },
	{ "fd",			FD,				0, 1, 0 },
	{ "fixed slot",		FD | FD_FIXED,			0, 1, 0 },
	{ "op",			OP,				0, 0, 1 },
	{ "user_data, fd",	USERDATA | FD,			1, 1, 0 },
	{ "user_data, fixed",	USERDATA | FD | FD_FIXED,	1, 1, 0 },
	{ "user_data, op",	USERDATA | OP,			1, 0, 1 },
	{ "fd, op",		FD | OP,			0, 1, 1 },
	{ "fixed, op",		FD | FD_FIXED | OP,		0, 1, 1 },
	{ "user_data, fd, op",	USERDATA | FD | OP,		1, 1, 1 },
	{ "user_data, fixed, op", USERDATA | FD | FD_FIXED | OP, 1, 1, 1 },
	{ "any",		ANY,				0, 0, 0 },
};

/* the part of it that has no group and no ticket; NULL when it is no key */
static inline const struct known_key *key_of(u32 flags)
{
	static const struct known_key bare = { "group or ticket" };
	unsigned int i;

	/* there is one with that ticket at most */
	if (flags & TICKET && flags & ALL)
		return NULL;
	if (flags & (GROUP | TICKET)) {
		if (flags & ANY)
			return NULL;
		if (!(flags & ~(GROUP | TICKET | ALL)))
			return &bare;
	}
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].flags == (flags & ~(ALL | GROUP | TICKET)))
			return &keys[i];
	return NULL;
}

#endif /* _CRING_KUNIT_KEYS_H */
