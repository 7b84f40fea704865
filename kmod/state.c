// SPDX-License-Identifier: GPL-2.0
/*
 * The table of legal moves.
 */
#include <linux/bits.h>
#include <linux/bug.h>

#include "state.h"

/* the table in state.h, as a machine reads it */
static const u16 cring_moves[CRING_NR_STATES] = {
	[CRING_FREE]	   = BIT(CRING_ACCEPTED) | BIT(CRING_LINKED),
	[CRING_ACCEPTED]   = BIT(CRING_INLINE) | BIT(CRING_DEFERRED) |
			     BIT(CRING_CLAIMED) | BIT(CRING_FREE),
	[CRING_LINKED]	   = BIT(CRING_READY) | BIT(CRING_ARMED) |
			     BIT(CRING_CLAIMED) | BIT(CRING_FREE),
	[CRING_DEFERRED]   = BIT(CRING_READY) | BIT(CRING_CLAIMED),
	[CRING_INLINE]	   = BIT(CRING_QUEUED) | BIT(CRING_ARMED) |
			     BIT(CRING_DISPATCHED) | BIT(CRING_DEFERRED) |
			     BIT(CRING_CLAIMED) | BIT(CRING_DONE),
	[CRING_QUEUED]	   = BIT(CRING_RUNNING) | BIT(CRING_CLAIMED),
	[CRING_RUNNING]	   = BIT(CRING_ARMED) | BIT(CRING_DISPATCHED) |
			     BIT(CRING_DEFERRED) | BIT(CRING_CLAIMED) |
			     BIT(CRING_DONE),
	[CRING_ARMED]	   = BIT(CRING_READY) | BIT(CRING_DISPATCHED) |
			     BIT(CRING_CLAIMED),
	[CRING_READY]	   = BIT(CRING_INLINE) | BIT(CRING_QUEUED) |
			     BIT(CRING_CLAIMED),
	[CRING_DISPATCHED] = BIT(CRING_ARMED) | BIT(CRING_CLAIMED),
	[CRING_CLAIMED]	   = BIT(CRING_DONE) | BIT(CRING_QUEUED) |
			     BIT(CRING_READY),
	[CRING_DONE]	   = BIT(CRING_FREE),
};

static const char *const cring_state_names[CRING_NR_STATES] = {
	[CRING_FREE]	   = "free",
	[CRING_ACCEPTED]   = "accepted",
	[CRING_LINKED]	   = "linked",
	[CRING_DEFERRED]   = "deferred",
	[CRING_INLINE]	   = "inline",
	[CRING_QUEUED]	   = "queued",
	[CRING_RUNNING]	   = "running",
	[CRING_ARMED]	   = "armed",
	[CRING_READY]	   = "ready",
	[CRING_DISPATCHED] = "dispatched",
	[CRING_CLAIMED]	   = "claimed",
	[CRING_DONE]	   = "done",
};

/**
 * cring_state_legal - does the table allow a move?
 * @from: state to leave
 * @to: state to enter
 *
 * Context: any.
 * Return: true when it does.
 */
bool cring_state_legal(enum cring_state from, enum cring_state to)
{
	return from < CRING_NR_STATES && to < CRING_NR_STATES &&
	       cring_moves[from] & BIT(to);
}

/**
 * cring_state_name - the state's name, for messages
 * @state: any value
 *
 * Return: a string that stays; "?" for what is no state.
 */
const char *cring_state_name(enum cring_state state)
{
	return state < CRING_NR_STATES ? cring_state_names[state] : "?";
}
