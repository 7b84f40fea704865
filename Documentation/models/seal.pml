/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The seal: a cancel that stays in force (kmod/seal.c, cring_publish() and
 * cring_issue_batch() of submit.c, cring_call_seal() of cancel_sync.c).
 *
 * A program submits again and again, and another thread seals; operations do not
 * end by themselves.  When the sealing call has returned none is left, but for
 * those that it has told to stop, and no other one is ever tried.
 *
 * C18_none_slips   nothing is tried after the sealing call has returned
 * C18_none_left    nothing that it did not stop or tell is in flight on its return
 * C1_one_cqe       each has one CQE, and not two
 * hang             (an end state that is none)
 *
 * mutant: LOOK_FIRST hits C18_none_slips: seals are looked at before announcing
 * mutant: READ_FIRST hits C18_none_slips: accepted is read before sealing
 * mutant: NO_BATCH hits C18_none_slips: the cancel does not look at the batch
 * mutant: NO_LOOK hits C18_none_slips: the submitter does not look for seals
 * mutant: CLAIM_TWICE hits C1_one_cqe: both end what is sealed, without a claim
 */
#include "common.pml"

#define OPS	3

bool C18_none_slips = true, C18_none_left = true, C1_one_cqe = true;

/* each operation has a record of its own */
byte state[OPS], posted[OPS];
bool CANCEL[OPS], indexed[OPS];

/* struct cring_ring */
bool ring_lock;
byte batch_nr, batch_first, accepted;
bool sealed;

bool returned;		/* the sealing call has */

inline finish(r)
{
	spin_lock(ring_lock);
	atomic {
		CLAIM(C1_one_cqe, !posted[r]);
		posted[r]++;
		indexed[r] = false;
		state[r] = DONE
	}
	spin_unlock(ring_lock)
}

/* cring_cancel_claim() of what waits; under the lock */
inline claim(r)
{
	atomic {
#ifdef CLAIM_TWICE
		mine = (state[r] == ACCEPTED || state[r] == ARMED || state[r] == CLAIMED);
#else
		mine = (state[r] == ACCEPTED || state[r] == ARMED);
#endif
		if
		:: mine -> state[r] = CLAIMED; indexed[r] = true
		:: state[r] == INLINE -> CANCEL[r] = true
		:: else
		fi
	}
}

active proctype submitter()
{
	byte r, i, nr;
	bool mine, seen;

	do
	:: r < OPS ->
		/* a batch of one or two */
		if
		:: nr = 1
		:: r + 1 < OPS -> nr = 2
		fi;
		atomic {
			i = r;
			do
			:: i < r + nr -> state[i] = ACCEPTED; i++
			:: else -> break
			od
		}
#ifdef LOOK_FIRST
		seen = sealed;
#endif
		/* cring_announce() */
		batch_first = r;
		batch_nr = nr;
		accepted = accepted + nr;
#ifndef LOOK_FIRST
		/* cring_seal_seen() */
		seen = sealed;
#endif
#ifdef NO_LOOK
		seen = false;
#endif
		i = r;
		do
		:: seen && i < r + nr ->
			/* cring_seal_batch() */
			spin_lock(ring_lock);
			claim(i);
			spin_unlock(ring_lock);
			if
			:: mine -> finish(i)
			:: else
			fi;
			i++
		:: else -> break
		od;
		/* cring_issue_batch() */
		i = r;
		do
		:: i < r + nr ->
			atomic {
				mine = (state[i] == ACCEPTED);
				if
				:: mine ->
					state[i] = INLINE;
					CLAIM(C18_none_slips, !returned)
				:: else
				fi
			}
			if
			:: !mine
			:: else ->
				/* cring_park() */
				spin_lock(ring_lock);
				indexed[i] = true;
				atomic {
					mine = CANCEL[i];
					if
					:: !mine -> state[i] = ARMED
					:: else
					fi
				}
				spin_unlock(ring_lock);
				if
				:: mine -> finish(i)
				:: else
				fi
			fi;
			i++
		:: else -> break
		od;
		batch_nr = 0;
		r = r + nr
	:: else -> break
	od
}

active proctype canceller()
{
	byte before, nr, i;
	bool mine;

#ifdef READ_FIRST
	before = accepted;
#endif
	/* cring_seal() */
	spin_lock(ring_lock);
	sealed = true;
	spin_unlock(ring_lock);
#ifndef READ_FIRST
	/* cring_call_seal() */
	before = accepted;
#endif
	/* cring_pass_all(): the batch ... */
#ifndef NO_BATCH
	nr = batch_nr;
	i = batch_first;
	do
	:: nr && i < before ->
		spin_lock(ring_lock);
		claim(i);
		spin_unlock(ring_lock);
		if
		:: mine -> finish(i)
		:: else
		fi;
		i++
	:: else -> break
	od;
#endif
	/* ... then the index */
	i = 0;
	do
	:: i < before ->
		spin_lock(ring_lock);
		mine = false;
		if
		:: indexed[i] && !posted[i] -> claim(i)
		:: else
		fi;
		spin_unlock(ring_lock);
		if
		:: mine -> finish(i)
		:: else
		fi;
		i++
	:: else -> break
	od;
	atomic {
		returned = true;
		i = 0;
		do
		:: i < accepted ->
			CLAIM(C18_none_left, state[i] != ARMED && !(state[i] == INLINE && !CANCEL[i]));
			i++
		:: else -> break
		od
	}
	/* those told to stop end, too */
	posted[0] && posted[1] && posted[2]
}
