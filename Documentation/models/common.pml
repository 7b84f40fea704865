/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the models share: locks, the states of kmod/state.h, and assertions that
 * say which clause of the contract they are for.
 */

/* spin names the expression that failed, and so the clause */
#define CLAIM(clause, what)	assert((what) || !clause)

#define spin_lock(l)		atomic { !(l) -> l = true }
#define spin_unlock(l)		l = false

#define FREE		0
#define ACCEPTED	1
#define LINKED		2
#define DEFERRED	3
#define INLINE		4
#define QUEUED		5
#define RUNNING		6
#define ARMED		7
#define READY		8
#define DISPATCHED	9
#define CLAIMED		10
#define DONE		11

/* answers and results */
#define NONE		0
#define OK		1
#define ECANCELED	2
#define EALREADY	3
#define ENOENT		4
