// SPDX-License-Identifier: GPL-2.0
/*
 * The table of legal moves, and the only code that changes a request's word.
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
			     BIT(CRING_DISPATCHED) | BIT(CRING_CLAIMED) |
			     BIT(CRING_DONE),
	[CRING_QUEUED]	   = BIT(CRING_RUNNING) | BIT(CRING_CLAIMED),
	[CRING_RUNNING]	   = BIT(CRING_ARMED) | BIT(CRING_DISPATCHED) |
			     BIT(CRING_CLAIMED) | BIT(CRING_DONE),
	[CRING_ARMED]	   = BIT(CRING_READY) | BIT(CRING_CLAIMED),
	[CRING_READY]	   = BIT(CRING_INLINE) | BIT(CRING_QUEUED) |
			     BIT(CRING_CLAIMED),
	[CRING_DISPATCHED] = BIT(CRING_CLAIMED),
	[CRING_CLAIMED]	   = BIT(CRING_DONE) | BIT(CRING_QUEUED),
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
 */
bool cring_state_legal(enum cring_state from, enum cring_state to)
{
	return from < CRING_NR_STATES && to < CRING_NR_STATES &&
	       cring_moves[from] & BIT(to);
}

/**
 * cring_state_name - the state's name, for messages
 * @state: any value
 */
const char *cring_state_name(enum cring_state state)
{
	return state < CRING_NR_STATES ? cring_state_names[state] : "?";
}

/**
 * cring_word_move - move a request from one state to another, if it is there
 * @word: the request's word
 * @from: state it must be in, with neither CANCEL nor WOKEN set
 * @to: state to enter
 *
 * A full barrier when it succeeds.
 *
 * Context: any.
 * Return: true when the caller made the move.
 */
bool cring_word_move(atomic64_t *word, enum cring_state from,
		     enum cring_state to)
{
	s64 old = atomic64_read(word);

	WARN_ON_ONCE(!cring_state_legal(from, to));
	if ((old & (CRING_WORD_STATE | CRING_WORD_BITS)) != from)
		return false;
	return atomic64_try_cmpxchg(word, &old, (old & ~CRING_WORD_STATE) | to);
}

/**
 * cring_word_dispatch - a device has the request, unless it has completed it
 * @word: the request's word
 * @from: INLINE or RUNNING
 *
 * Unlike a move to a waiting state this one is not stopped by CANCEL, which is
 * kept: there is nothing that could be undone.
 *
 * Context: any.
 * Return: true when the request is now DISPATCHED.
 */
bool cring_word_dispatch(atomic64_t *word, enum cring_state from)
{
	s64 old = atomic64_read(word);

	WARN_ON_ONCE(!cring_state_legal(from, CRING_DISPATCHED));
	do {
		if (cring_word_state(old) != from)
			return false;
	} while (!atomic64_try_cmpxchg(word, &old,
				       (old & ~CRING_WORD_STATE) |
				       CRING_DISPATCHED));
	return true;
}

/**
 * cring_word_claim - take the completion of a request
 * @word: the request's word
 * @seen: what the caller read there and decided on
 *
 * Context: any.
 * Return: true when nothing had changed and the request is now the caller's.
 */
bool cring_word_claim(atomic64_t *word, u64 seen)
{
	s64 old = seen;

	WARN_ON_ONCE(!cring_state_legal(cring_word_state(seen), CRING_CLAIMED));
	return atomic64_try_cmpxchg(word, &old,
				    (seen & ~CRING_WORD_STATE) | CRING_CLAIMED);
}

/**
 * cring_word_set - leave a word to the owner of a request
 * @word: the request's word
 * @seen: what the caller read there
 * @bits: CRING_WORD_CANCEL or CRING_WORD_WOKEN
 *
 * Context: any.
 * Return: true when nothing had changed and the bits are set.
 */
bool cring_word_set(atomic64_t *word, u64 seen, u64 bits)
{
	s64 old = seen;

	return atomic64_try_cmpxchg(word, &old, seen | bits);
}

/**
 * cring_word_unwake - forget a wake-up that came while arming
 * @word: the word of a request that the caller owns and has disarmed
 *
 * Context: any.
 */
void cring_word_unwake(atomic64_t *word)
{
	atomic64_andnot(CRING_WORD_WOKEN, word);
}

/**
 * cring_word_own - a move that only the caller can make
 * @word: the word of a request that the caller owns
 * @to: state to enter; the bits are kept
 *
 * Others may set a bit at the same time, but not move the request.
 *
 * Context: any.
 */
void cring_word_own(atomic64_t *word, enum cring_state to)
{
	s64 old = atomic64_read(word);

	WARN_ON_ONCE(!cring_state_legal(cring_word_state(old), to));
	while (!atomic64_try_cmpxchg(word, &old,
				     (old & ~CRING_WORD_STATE) | to))
		;
}

/**
 * cring_word_free - end one use of a record
 * @word: the word of a request that is DONE, or was never published
 *
 * The next use has another generation.
 *
 * Context: any.
 */
void cring_word_free(atomic64_t *word)
{
	u64 old = atomic64_read(word);

	WARN_ON_ONCE(!cring_state_legal(cring_word_state(old), CRING_FREE));
	atomic64_set_release(word, ((old & CRING_WORD_GEN_MASK) + CRING_WORD_GEN) |
				   CRING_FREE);
}
