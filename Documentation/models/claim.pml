/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The claim: who ends a request, when a submitter, a worker, a wake-up, a
 * device, a cancel and the owner's exit all want to (kmod/state.h, issue.c,
 * park.c, arm.c, ready.c, worker.c, complete.c and cancel.c).
 *
 * A request of any kind: ended at once, armed on a file, run by a worker, or in a
 * device; or two of them.  The file may become ready, or never; a cancel of the
 * first one may come at any time; and then the owner goes away.  That a cancel
 * finds a request at all is shown by batch.pml, and that somebody runs the ready
 * list by wait.pml.
 *
 * C1_one_cqe          each request has one CQE, and not two; in the end it has one
 * C3_stopped_is_final after the answer 0 nobody touches its memory
 * C3_cqe_is_there     with the answer 0 its CQE is there, -ECANCELED
 * C3_told             with the answer -EALREADY it is not left alone: it ends
 * C4_interrupted      what sleeps in a worker and was told to stop comes back
 * C9_not_started      NOT_STARTED: it has touched nothing
 * R5_disarmed         no wake-up is under way when it has been disarmed
 * table               no move that is not in the table of state.c
 * hang                (an end state that is none) nobody waits for ever: C1, C4
 *
 * also: -DNR=2 -DKIND0=3 -DKIND1=2
 * also: -DNR=2 -DKIND0=2 -DKIND1=2
 *
 * mutant: TWO_WINNERS hits C3_stopped_is_final: a claim that does not compare
 * mutant: WAKE_KEEPS hits C3_stopped_is_final: a wake-up that takes what a cancel has
 * mutant: CANCEL_LOST hits hang: a park that does not look for CANCEL
 * mutant: WOKEN_LOST hits hang: a park that does not look for WOKEN
 * mutant: ANSWER_FIRST hits C3_cqe_is_there: 0 before the CQE is posted
 * mutant: NO_INTERRUPT hits hang: a worker that is told but not woken
 * mutant: ENTER_BLIND hits hang: a worker that does not look again
 * mutant: LATE_FLUSH -DNR=2 -DKIND0=2 -DKIND1=2 hits C4_interrupted: a signal that hits the next request
 * mutant: NO_DISARM hits R5_disarmed: a claim that leaves the wait queue alone
 * mutant: PLAIN_DISPATCH hits table: a dispatch that does not look for the device
 * mutant: LISTED hits table: a cancel that leaves the request on its list
 */
#include "common.pml"

#ifndef NR
#define NR		1
#endif

bool C1_one_cqe = true, C3_stopped_is_final = true,
     C3_cqe_is_there = true, C3_told = true, C4_interrupted = true,
     C9_not_started = true, R5_disarmed = true, table = true;

#include "request.pml"

/* --- the submitter, and afterwards the owner's thread that waits --- */

proctype submitter()
{
	byte r = 0, verdict;
	bool moved;

	do
	:: r < NR ->
		/* cring_issue_batch() */
		word_move(r, ACCEPTED, INLINE, moved);
		if
		:: !moved -> goto next		/* cancelled */
		:: else
		fi;
	again:
		if
		:: kind[r] == AT_ONCE ->
			atomic { started[r] = true; touch(r); res[r] = OK }
			verdict = OK
		:: kind[r] == POLLED && file_ready[r] ->
			atomic { started[r] = true; touch(r); res[r] = OK }
			verdict = OK
		:: kind[r] == POLLED && !file_ready[r] ->
			arm(r, INLINE, verdict)
		:: kind[r] == DEVICE ->
			dispatch(r, INLINE);
			verdict = NONE
		:: kind[r] == BLOCKS ->
			/* cring_to_worker(): cring_work_add() */
			spin_lock(ring_lock);
			spin_lock(queue_lock);
			word_move(r, INLINE, QUEUED, moved);
			work_list[r] = moved;
			spin_unlock(queue_lock);
			spin_unlock(ring_lock);
			if
			:: moved -> verdict = NONE
			:: else -> res[r] = ECANCELED; verdict = OK
			fi
		fi;
		if
		:: verdict == OK -> finish(r)
		:: verdict == EALREADY -> goto again
		:: else
		fi;
	next:
		r++
	/* cring_run_ready_list(): cring_ready_pop() */
	:: r >= NR && some(ready_list) ->
		spin_lock(queue_lock);
		atomic {
			r = 0;
			do
			:: r < NR && !ready_list[r] -> r++
			:: else -> break
			od;
			if
			:: r < NR ->
				ready_list[r] = false;
				CLAIM(table, state[r] == READY);
				state[r] = INLINE
			:: else
			fi
		}
		spin_unlock(queue_lock);
		if
		:: r >= NR -> skip
		:: else ->
			disarm(r);
			do
			:: file_ready[r] ->
				atomic { started[r] = true; touch(r); res[r] = OK }
				finish(r);
				break
			:: else ->
				arm(r, INLINE, verdict);
				if
				:: verdict == OK -> finish(r); break
				:: verdict == NONE -> break
				:: else
				fi
			od;
			r = NR
		fi
	:: r >= NR && over -> break
	od
}

/* --- cring_worker_fn() --- */

proctype worker()
{
	byte r, verdict;
	bool moved;

	do
	/* cring_work_pop() */
	:: some(work_list) ->
		spin_lock(queue_lock);
		atomic {
			r = 0;
			do
			:: r < NR && !work_list[r] -> r++
			:: else -> break
			od;
			if
			:: r < NR ->
				work_list[r] = false;
				CLAIM(table, state[r] == QUEUED);
				state[r] = RUNNING
			:: else
			fi
		}
		spin_unlock(queue_lock);
		if
		:: r >= NR -> goto none
		:: else
		fi;
		disarm(r);
	again:
		/* cring_worker_enter() */
		spin_lock(worker_lock);
		worker_req = r;
		spin_unlock(worker_lock);
		if
#ifndef ENTER_BLIND
		:: CANCEL[r] -> res[r] = ECANCELED; verdict = OK
		:: !CANCEL[r] ->
#else
		:: true ->
#endif
			started[r] = true;
			if
			/* the method sleeps, until a signal */
			:: kind[r] == BLOCKS ->
				if
				:: file_ready[r] ->
					atomic { touch(r); res[r] = OK }
				:: sigpending ->
					/* cring_fix_result() */
					atomic {
						CLAIM(C4_interrupted, CANCEL[r]);
						res[r] = ECANCELED
					}
				fi;
				verdict = OK
			:: kind[r] == POLLED && file_ready[r] ->
				atomic { touch(r); res[r] = OK }
				verdict = OK
			:: kind[r] == POLLED && !file_ready[r] ->
				verdict = ENOENT	/* CRING_V_ARM */
			fi
		fi;
		/* cring_worker_leave() */
		spin_lock(worker_lock);
		worker_req = NR;
		spin_unlock(worker_lock);
#ifndef LATE_FLUSH
		sigpending = false;
#endif
		if
		:: verdict == ENOENT -> arm(r, RUNNING, verdict)
		:: else
		fi;
		if
		:: verdict == OK -> finish(r)
		:: verdict == EALREADY -> goto again
		:: else
		fi;
	none:
		skip
	:: over && !some(work_list) -> break
	od
}

/* --- cring_kick_fn(): what is ready goes to a worker --- */

proctype kick_work()
{
	byte r;

	do
	:: kicked ->
		kicked = false;
		spin_lock(queue_lock);
		atomic {
			r = 0;
			do
			:: r < NR ->
				if
				:: ready_list[r] ->
					ready_list[r] = false;
					work_list[r] = true;
					CLAIM(table, state[r] == READY);
					state[r] = QUEUED
				:: else
				fi;
				r++
			:: else -> break
			od
		}
		spin_unlock(queue_lock)
	:: over -> break
	od
}

/* --- the file: cring_wake() --- */

proctype waker(byte r)
{
	byte word;
	bool moved, kick, seen_woken;

	file_ready[r] = true;
	spin_lock(wait_lock);
	if
	:: !entry[r] -> goto out
	:: else
	fi;
	waking[r] = true;
again:
	atomic { word = state[r]; seen_woken = WOKEN[r] }
	if
#ifdef WAKE_KEEPS
	:: word == ARMED || word == CLAIMED ->
#else
	:: word == ARMED ->
#endif
		/* cring_ready_add() */
		spin_lock(queue_lock);
#ifdef WAKE_KEEPS
		atomic { state[r] = READY; moved = true }
#else
		word_move(r, ARMED, READY, moved);
#endif
		ready_list[r] = ready_list[r] || moved;
		spin_unlock(queue_lock);
		if
		:: moved -> kick = true
		:: else -> goto again
		fi
	:: word == INLINE || word == RUNNING ->
		/* cring_word_set() */
		atomic {
			if
			:: state[r] == word -> WOKEN[r] = true; moved = true
			:: else -> moved = seen_woken
			fi
		}
		if
		:: !moved -> goto again
		:: else
		fi
	:: else			/* taken */
	fi;
	entry[r] = false;
	if
	/* cring_kick(): a thread of the owner, or the kick's work */
	:: kick ->
		if
		:: kicked = true
		:: skip
		fi
	:: else
	fi;
	/* entry->private: the last access */
	atomic { head[r] = false; waking[r] = false }
out:
	spin_unlock(wait_lock)
}

/* --- the device: cring_rw_complete() --- */

proctype device(byte r)
{
	if
	:: in_device[r] ->
		atomic { touch(r); CLAIM(table, state[r] == INLINE || state[r] == DISPATCHED);
			 state[r] = CLAIMED }	/* cring_word_own() */
		res[r] = OK;
		finish(r)
	:: posted[r] && !in_device[r]
	fi
}

proctype canceller()
{
	byte answer, word;
	bool seen_cancel, seen_woken;

	if
	:: true -> cancel(0, answer)
	:: true
	fi
}

/* --- cring_ring_shut() --- */

proctype exiter()
{
	byte answer, word, r;
	bool seen_cancel, seen_woken;

	/*
	 * At any time; or, one alone (another may keep the only worker), when it
	 * has ended, if it can.
	 */
	if
	:: true
	:: true -> NR > 1 || !wakes[0] || posted[0]
	fi;
	shut = true;
	do
	:: r < NR -> cancel(r, answer); r++
	:: else -> break
	od;
	/* cring_comp_end(): the last one of a closed ring */
	all_posted;
	over = true
}

init {
	byte r;

	atomic {
		do
		:: r < NR ->
			state[r] = ACCEPTED;
			if
#ifdef KIND0
			:: r == 0 -> kind[r] = KIND0
#else
			:: r == 0 -> kind[r] = AT_ONCE
			:: r == 0 -> kind[r] = POLLED
			:: r == 0 -> kind[r] = BLOCKS
			:: r == 0 -> kind[r] = DEVICE
#endif
#ifdef KIND1
			:: r == 1 -> kind[r] = KIND1
#else
			:: r == 1 -> kind[r] = POLLED
			:: r == 1 -> kind[r] = BLOCKS
			:: r == 1 -> kind[r] = DEVICE
#endif
			fi;
			if
			:: kind[r] == DEVICE -> run device(r)
			:: kind[r] == POLLED || kind[r] == BLOCKS ->
				/* the file becomes ready, or never */
				if
				:: wakes[r] = true; run waker(r)
				:: skip
				fi
			:: else
			fi;
			r++
		:: else -> break
		od;
		run submitter();
		run worker();
		run kick_work();
		run canceller();
		run exiter()
	}
	/* all over: each has its one CQE */
	(_nr_pr == 1) -> atomic {
		r = 0;
		do
		:: r < NR -> CLAIM(C1_one_cqe, posted[r] == 1); r++
		:: else -> break
		od
	}
}
