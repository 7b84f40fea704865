/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The life of a request, in one word, and the only code that changes it.
 *
 * A request is in exactly one state.  Whoever moves it out of a waiting state
 * with one atomic step owns it and alone completes it; there is no second
 * flag, list or lock that decides who wins.
 *
 *   state       it is                            who moves it on, to what
 *   ----------  -------------------------------  ------------------------------
 *   FREE        in the pool                      the submitter: ACCEPTED,
 *                                                LINKED
 *   ACCEPTED    in the batch of a submit call,   the submitter: INLINE,
 *               not tried yet                    DEFERRED, FREE (taken back);
 *                                                cancel: CLAIMED
 *   LINKED      waiting for the one before it    completion of that one: READY
 *               in its chain                     (LINK_TIMEOUT: ARMED);
 *                                                submitter: FREE (taken back);
 *                                                cancel: CLAIMED
 *   DEFERRED    held back by a drain or by the   completions: READY;
 *               window                           cancel: CLAIMED
 *   INLINE      being tried, without blocking,   that thread: QUEUED, ARMED,
 *               by a thread of the owner, or     DISPATCHED, DEFERRED, DONE;
 *               finished and in that thread's    its device: CLAIMED; cancel,
 *               batch of completions             when lent: CLAIMED
 *   QUEUED      waiting for a worker             worker: RUNNING;
 *                                                cancel: CLAIMED
 *   RUNNING     executed by a worker             that worker: ARMED, DISPATCHED,
 *                                                DEFERRED, DONE; its device:
 *                                                CLAIMED; cancel, when lent:
 *                                                CLAIMED
 *   ARMED       on a wait queue or a timer, or   wake-up: READY; timer: CLAIMED;
 *               its provider can take it back    its provider: DISPATCHED,
 *                                                CLAIMED; cancel: CLAIMED
 *   READY       to be tried again                a thread of the owner: INLINE;
 *                                                kick: QUEUED; cancel: CLAIMED
 *   DISPATCHED  in the device, or with its       its completion: CLAIMED; its
 *               provider                         provider: ARMED; cancel, when
 *                                                lent: CLAIMED
 *   CLAIMED     owned by who completes it        the owner: DONE; a device that
 *                                                would have blocked: QUEUED, one
 *                                                whose data is to be copied:
 *                                                READY
 *   DONE        its CQE is posted                the last holder: FREE
 *
 * What serialises a move besides the word itself: ACCEPTED, LINKED, DEFERRED
 * and a timer's ARMED are left under cring_ring.lock; QUEUED and READY are
 * left, and entered, under cring_ring.queue_lock, together with their list.
 *
 * Beside the state the word holds two requests to the owner of INLINE and
 * RUNNING, which make its next move to a waiting state fail, and a generation
 * that changes with every use, so that a claim of a record which a canceller
 * found without a lock cannot hit the record's next operation.
 *
 * One more bit, DETACH, says that who executes the operation, a worker, a
 * device, or a thread that tries it, has only been lent it: it touches nothing
 * of the caller's, and a cancel may claim the request all the same.  Whoever
 * executes takes the bit back when it is through; if that fails a cancel was
 * first, which has left LET_GO there, and nothing but its hold on the record (see
 * detach.c) is left to it.
 */
#ifndef _CRING_STATE_H
#define _CRING_STATE_H

#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/types.h>

enum cring_state {
	CRING_FREE,
	CRING_ACCEPTED,
	CRING_LINKED,
	CRING_DEFERRED,
	CRING_INLINE,
	CRING_QUEUED,
	CRING_RUNNING,
	CRING_ARMED,
	CRING_READY,
	CRING_DISPATCHED,
	CRING_CLAIMED,
	CRING_DONE,
	CRING_NR_STATES
};

#define CRING_WORD_STATE	0x0fULL
#define CRING_WORD_CANCEL	0x10ULL	/* told to stop */
#define CRING_WORD_WOKEN	0x20ULL	/* woken while it was being armed */
#define CRING_WORD_DETACH	0x40ULL	/* lent: may be claimed */
#define CRING_WORD_LET_GO	0x80ULL	/* ... and has been, while it was */
#define CRING_WORD_BITS		(CRING_WORD_CANCEL | CRING_WORD_WOKEN)
#define CRING_WORD_GEN		0x100ULL
#define CRING_WORD_GEN_MASK	(~(CRING_WORD_GEN - 1))

static inline enum cring_state cring_word_state(u64 word)
{
	return word & CRING_WORD_STATE;
}

/* true if both words are of one use of the record */
static inline bool cring_word_same(u64 a, u64 b)
{
	return !((a ^ b) & CRING_WORD_GEN_MASK);
}

static inline bool cring_state_in_flight(enum cring_state state)
{
	return state != CRING_FREE && state != CRING_DONE;
}

bool cring_state_legal(enum cring_state from, enum cring_state to);
const char *cring_state_name(enum cring_state state);

/* what moves a word is inline, and checked on kernels that prove locking */
static inline void cring_state_check(enum cring_state from,
				     enum cring_state to)
{
	if (IS_ENABLED(CONFIG_PROVE_LOCKING))
		WARN_ON_ONCE(!cring_state_legal(from, to));
}

/**
 * cring_word_accept - a record of the pool is an operation
 * @word: its word
 * @to: ACCEPTED or LINKED
 *
 * Context: the submitter.
 */
static inline void cring_word_accept(atomic64_t *word, enum cring_state to)
{
	u64 old = atomic64_read(word);

	cring_state_check(cring_word_state(old), to);
	/* a canceller may still look at this record for an older batch */
	atomic64_set_release(word, old | to);
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
static inline bool cring_word_move(atomic64_t *word, enum cring_state from,
				   enum cring_state to)
{
	s64 old = atomic64_read(word);

	cring_state_check(from, to);
	if ((old & (CRING_WORD_STATE | CRING_WORD_BITS)) != from)
		return false;
	return atomic64_try_cmpxchg(word, &old, (old & ~CRING_WORD_STATE) | to);
}

/**
 * cring_word_dispatch - a device has the request, unless it has completed it
 * @word: the request's word
 * @from: INLINE or RUNNING; ARMED when its provider clears its cancel routine
 *
 * Unlike a move to a waiting state this one is not stopped by CANCEL, which is
 * kept: there is nothing that could be undone.
 *
 * Context: any.
 * Return: true when the request is now DISPATCHED.
 */
static inline bool cring_word_dispatch(atomic64_t *word, enum cring_state from)
{
	s64 old = atomic64_read(word);

	cring_state_check(from, CRING_DISPATCHED);
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
static inline bool cring_word_claim(atomic64_t *word, u64 seen)
{
	s64 old = seen;

	cring_state_check(cring_word_state(seen), CRING_CLAIMED);
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
static inline bool cring_word_set(atomic64_t *word, u64 seen, u64 bits)
{
	s64 old = seen;

	return atomic64_try_cmpxchg(word, &old, seen | bits);
}

/**
 * cring_word_lend - from here on a cancel may claim what is being executed
 * @word: the word of a request that the caller owns, INLINE or RUNNING
 *
 * Context: any.
 * Return: false when it was told to stop: then nothing is lent.
 */
static inline bool cring_word_lend(atomic64_t *word)
{
	s64 old = atomic64_read(word);

	do {
		if (old & CRING_WORD_CANCEL)
			return false;
	} while (!atomic64_try_cmpxchg(word, &old, old | CRING_WORD_DETACH));
	return true;
}

/**
 * cring_word_take_back - what was lent is through
 * @word: that was given to cring_word_lend()
 *
 * A full barrier.
 *
 * Context: any.
 * Return: false when a cancel has claimed the request meanwhile.
 */
static inline bool cring_word_take_back(atomic64_t *word)
{
	return atomic64_fetch_andnot(CRING_WORD_DETACH, word) &
	       CRING_WORD_DETACH;
}

/**
 * cring_word_let_go - take the completion from who was only lent the request
 * @word: the request's word
 * @seen: what the caller read there: INLINE, RUNNING or DISPATCHED, with DETACH
 *
 * Context: any.
 * Return: true when nothing had changed and the request is now the caller's.
 */
static inline bool cring_word_let_go(atomic64_t *word, u64 seen)
{
	s64 old = seen;

	cring_state_check(cring_word_state(seen), CRING_CLAIMED);
	return atomic64_try_cmpxchg(word, &old,
				    (seen & ~(CRING_WORD_STATE |
					      CRING_WORD_DETACH)) |
				    CRING_CLAIMED | CRING_WORD_CANCEL |
				    CRING_WORD_LET_GO);
}

/**
 * cring_word_unwake - forget a wake-up that came while arming
 * @word: the word of a request that the caller owns and has disarmed
 *
 * Context: any.
 */
static inline void cring_word_unwake(atomic64_t *word)
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
static inline void cring_word_own(atomic64_t *word, enum cring_state to)
{
	s64 old = atomic64_read(word);

	cring_state_check(cring_word_state(old), to);
	while (!atomic64_try_cmpxchg(word, &old,
				     (old & ~CRING_WORD_STATE) | to))
		;
}

/**
 * cring_word_done - the same, of what nobody sets a bit of meanwhile
 * @word: the word of a request that the caller owns, neither being armed nor lent
 *
 * Context: cring_ring.lock, under which CANCEL is set.
 */
static inline void cring_word_done(atomic64_t *word)
{
	u64 old = atomic64_read(word);

	cring_state_check(cring_word_state(old), CRING_DONE);
	/* its CQE before it */
	atomic64_set_release(word, (old & ~CRING_WORD_STATE) | CRING_DONE);
}

/**
 * cring_word_free - end one use of a record
 * @word: the word of a request that is DONE, or was never published
 *
 * The next use has another generation.
 *
 * Context: any.
 */
static inline void cring_word_free(atomic64_t *word)
{
	u64 old = atomic64_read(word);

	cring_state_check(cring_word_state(old), CRING_FREE);
	atomic64_set_release(word, ((old & CRING_WORD_GEN_MASK) + CRING_WORD_GEN) |
				   CRING_FREE);
}

#endif /* _CRING_STATE_H */
