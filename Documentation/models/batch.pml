/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finding: a cancel by user_data while another thread submits (kmod/submit.c,
 * park.c, complete.c; cring_batch_is_on(), as calls of their own ask it; pass.c; and
 * cring_cq_settle() of cancel.c).
 *
 * Operations one after the other, each in a batch of its own, all with the same
 * user_data and in the same record, which is used again as soon as it is free.
 * Each ends at once, or parks and is ended by somebody else, or goes to a device
 * that may end it before the method that queued it has returned, or may want it
 * again.  A cancel comes at any time; what it may hit is what was accepted
 * before it.
 *
 * C3_not_lost      -ENOENT: all that was accepted before has its CQE published
 * C3_cqe_is_there  0: so has what was stopped
 * C8_right_one     what is stopped or told was accepted before the cancel
 * C1_one_cqe       each has one CQE, and not two
 * table            a record is used again when nobody has it any more
 * hang             (an end state that is none)
 *
 * mutant: DEVICE_UNSEEN hits C3_not_lost: what a device has claimed is not parked
 * mutant: ONE_ROUND hits C3_not_lost: the index is not looked at again
 * mutant: NR_FIRST hits C3_not_lost: the batch is emptied before its number goes on
 * mutant: END_FIRST hits C3_not_lost: the batch ends before its CQEs are posted
 * mutant: NO_SETTLE hits C3_not_lost: DONE is taken for published
 * mutant: LOCK_GONE hits C3_not_lost: is there a batch? is asked without the lock
 * mutant: NO_GENERATION hits C8_right_one: a record is taken for its earlier use
 * mutant: INDEX_KEPT hits C8_right_one: a request is left in the index when posted
 */
#include "common.pml"

#ifndef OPS
#define OPS	2
#endif

bool C3_not_lost = true, C3_cqe_is_there = true, C8_right_one = true,
     C1_one_cqe = true, table = true;

/* the record */
byte state, gen, ticket, res, refs;
bool CANCEL, reissue;

/* struct cring_ring */
bool ring_lock;
bool indexed;
byte batch_nr, batch_seq, accepted, done_nr;
bool batch_set;			/* batch[0] is the record */

/* what was seen: CQEs written, and published */
byte written[OPS], published[OPS], last[OPS];

/* the end of the session that somebody is in */
inline publish()
{
	byte p;

	p = 0;
	do
	:: p < OPS -> published[p] = written[p]; p++
	:: else -> break
	od
}

/* cring_post(), cring_comp_end(): the CQE, then the tail */
inline finish(r)
{
	spin_lock(ring_lock);
	atomic {
		CLAIM(C1_one_cqe, !written[ticket]);
		written[ticket]++;
		last[ticket] = r;
#ifndef INDEX_KEPT
		indexed = false;
#endif
		state = DONE
	}
	atomic { publish(); ring_lock = false }
	put()
}

/* cring_req_put(): the last holder gives the record back, or tries it again */
inline put()
{
	atomic {
		refs--;
		if
		:: refs == 0 && !reissue ->
			CLAIM(table, state == DONE);
			state = FREE;
			gen = 1 - gen
		:: else
		fi;
		mine = (refs == 0 && reissue)
	}
}

/* cring_reissue(), by the last one; then a worker ends it */
inline again()
{
	if
	:: mine ->
		atomic { reissue = false; refs = 1 }
		spin_lock(ring_lock);
		indexed = true;
		/* cring_work_add() */
		atomic {
			if
			:: !CANCEL -> state = QUEUED; mine = false
			:: else -> mine = true
			fi
		}
		spin_unlock(ring_lock);
		if
		:: mine -> finish(ECANCELED)
		:: else
		fi
	:: else
	fi
}

active proctype submitter()
{
	byte t, from;
	bool mine;

	do
	:: t < OPS ->
		/* cring_req_alloc(), cring_accept_one() */
		state == FREE;
		atomic {
			ticket = t;
			CANCEL = false;
			refs = 1;
			state = ACCEPTED	/* the word's release */
		}
		batch_set = true;
		/* cring_announce() */
		batch_nr = 1;
		batch_seq++;
		accepted++;
		/* cring_issue_batch() */
		atomic {
			if
			:: state == ACCEPTED && !CANCEL -> state = INLINE; from = INLINE
			:: else -> from = NONE
			fi
		}
		if
		:: from == NONE -> skip		/* cancelled */
		/* it ends here */
		:: from == INLINE ->
#ifdef END_FIRST
			batch_seq++;
			batch_nr = 0;
#endif
			if
			:: CANCEL -> finish(ECANCELED)
			:: finish(OK)
			fi
		/* it is armed */
		:: from == INLINE ->
			spin_lock(ring_lock);
			indexed = true;
			atomic {
				if
				:: !CANCEL -> state = ARMED; mine = false
				:: else -> mine = true
				fi
			}
			spin_unlock(ring_lock);
			if
			:: mine -> finish(ECANCELED)
			:: else
			fi
		/* it goes to a device: cring_rw_queued() */
		:: from == INLINE ->
			atomic { refs = 2; run device() }
			spin_lock(ring_lock);
			atomic {
				if
#ifdef DEVICE_UNSEEN
				:: state == INLINE -> indexed = true
#else
				:: state == INLINE || state == CLAIMED -> indexed = true
#endif
				:: else
				fi
			}
			atomic {
				if
				:: state == INLINE -> state = DISPATCHED
				:: else
				fi
			}
			spin_unlock(ring_lock);
			put();
			again()
		fi;
#ifdef NR_FIRST
		batch_nr = 0;
		batch_seq++;
#else
		if
		:: batch_nr ->
			batch_seq++;
			batch_nr = 0
		:: else
		fi;
#endif
		from = NONE;
		t++
	:: else -> break
	od
}

/* cring_rw_complete() */
proctype device()
{
	bool mine;

	atomic {
		CLAIM(table, state == INLINE || state == DISPATCHED);
		state = CLAIMED
	}
	if
	:: finish(OK)
	/* it wants it again */
	:: reissue = true;
	   put();
	   again()
	fi
}

/* whoever ends what waits: a wake-up's thread, a worker, the owner's exit */
active proctype ender()
{
	bool mine;

	do
	:: atomic { state == ARMED || state == QUEUED -> state = CLAIMED }
		finish(OK)
	:: state == FREE && accepted == OPS -> break
	od
}

/* cring_pass_visit() of the record; under the lock */
inline visit()
{
	do
	:: answer == NONE ->
		atomic { word = state; told = CANCEL }
		if
		:: word == ACCEPTED || word == ARMED || word == QUEUED ->
			/* cring_park_index(): its batch may be over first */
			indexed = true;
			atomic {
				if
				:: state == word && CANCEL == told ->
					state = CLAIMED;
					answer = OK;
					hit = ticket
				:: else
				fi
			}
		:: word == INLINE || word == DISPATCHED || word == CLAIMED ->
			atomic {
				if
				:: state == word ->
					CANCEL = true;
					answer = EALREADY;
					hit = ticket
				:: else
				fi
			}
		:: else -> answer = ENOENT
		fi
	:: else -> break
	od;
	if
	:: answer == ENOENT -> answer = NONE
	:: else
	fi
}

active proctype canceller()
{
	byte answer, word, before, seq, nr, round, hit, seen, i;
	bool told, in_flight, mine, final;

	/* cring_scope_init() */
	before = accepted;
	/* cring_pass_one() */
	do
	:: true ->
		seq = batch_seq;
		spin_lock(ring_lock);
		if
		:: indexed && ticket < before -> visit()
		:: else ->
			/* cring_batch_is_on(), if it is a call of its own */
			if
#ifdef LOCK_GONE
			:: spin_unlock(ring_lock); final = !batch_nr; spin_lock(ring_lock)
#else
			:: final = !batch_nr
#endif
			:: true
			fi
		fi;
		spin_unlock(ring_lock);
		if
		:: final -> break
		:: else
		fi;
		/* cring_complete_todo() */
		if
		:: answer == OK -> finish(ECANCELED)
		:: else
		fi;
		if
		:: answer != NONE -> break
		:: else
		fi;
		/* cring_pass_batch() */
		nr = batch_nr;
		if
		:: nr && batch_set ->
			atomic { word = state; seen = gen;
				 in_flight = (state != FREE && state != DONE && ticket < before) }
			if
			:: in_flight ->
				spin_lock(ring_lock);
				if
#ifdef NO_GENERATION
				:: state != FREE && state != DONE -> visit()
#else
				:: gen == seen && state != FREE && state != DONE -> visit()
#endif
				:: else
				fi;
				spin_unlock(ring_lock);
				if
				:: answer == OK -> finish(ECANCELED)
				:: else
				fi
			:: else ->
#ifndef NO_SETTLE
				/* cring_cq_settle() */
				spin_lock(ring_lock);
				spin_unlock(ring_lock)
#else
				skip
#endif
			fi
		:: else
		fi;
		if
#ifdef ONE_ROUND
		:: true -> break
#else
		:: answer == NONE && seq != batch_seq && !round -> round++
		:: else -> break
#endif
		fi
	od;
	atomic {
		if
		:: answer == NONE ->
			i = 0;
			do
			:: i < before -> CLAIM(C3_not_lost, published[i]); i++
			:: else -> break
			od
		:: answer == OK ->
			CLAIM(C8_right_one, hit < before);
			CLAIM(C3_cqe_is_there, published[hit] && last[hit] == ECANCELED)
		:: else -> CLAIM(C8_right_one, hit < before)
		fi
	}
}
