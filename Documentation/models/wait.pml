/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Waiting: slots, the wait for CQEs, and who runs what became ready
 * (kmod/wait.c, complete.c, ready.c, and cring_free_slots() of accept.c).
 *
 * (What is ready already when a thread goes into a method waits until that has
 * returned, as it would behind any other operation: such a method is not to
 * block.  What becomes ready later does not.)
 *
 * A CQ of two entries and three operations.  The first becomes ready, by a
 * wake-up, and somebody has to run it; the others are ended by a worker.  Two
 * threads of the owner: one submits as slots allow, may be asleep in a method for
 * as long as the first operation lasts, waits, and reaps; the other one waits,
 * too, and goes.
 *
 * C2_no_overflow   no CQE is written over one that was not reaped
 * C1_all           all operations have been reaped when it is over
 * hang             (an end state that is none) no wake-up is lost
 *
 * mutant: TAIL_FIRST hits C2_no_overflow: the tail is read before what has finished
 * mutant: FINISHED_FIRST hits C2_no_overflow: it is counted before its slot is taken
 * mutant: NO_RESERVE hits C2_no_overflow: what is in flight takes no slot
 * mutant: LIST_FIRST hits hang: who leaves a wait looks at the list, then goes
 * mutant: COUNT_FIRST hits hang: the kick looks who waits, then adds to the list
 * mutant: NO_TRYING hits hang: a thread that is in a method is relied on
 * mutant: NO_WAKE hits hang: who posts wakes nobody
 * mutant: SLEEP_BLIND hits hang: who goes to sleep does not look again
 */
#include "common.pml"

#define OPS	3
#define ENTRIES	2

bool C2_no_overflow = true, C1_all = true;

/* struct cring_ring */
bool ring_lock, queue_lock;
byte accepted, finished, cq_tail, cq_head;
bool ready;			/* the first operation is on the ready list */
byte nr_waiting, nr_trying;
bool task_work, kick_work;
bool asleep[2], woken[2];	/* the two threads, on waitq */

byte state[OPS];
bool first_over;		/* the first operation's CQE is there */
bool in_method;			/* the submitter is asleep in one, until that */
bool over;

/* cring_post_cqe(), cring_post(), cring_comp_end() */
inline finish(r)
{
	spin_lock(ring_lock);
	CLAIM(C2_no_overflow, cq_tail - cq_head < ENTRIES);
#ifdef FINISHED_FIRST
	finished++;
	cq_tail++;
#else
	cq_tail++;
	finished++;
#endif
	state[r] = DONE;
	if
	:: r == 0 -> first_over = true
	:: else
	fi;
	spin_unlock(ring_lock);
#ifndef NO_WAKE
	/* wq_has_sleeper(), wake_up() */
	atomic { woken[0] = asleep[0] || woken[0]; woken[1] = asleep[1] || woken[1] }
#endif
}

/* cring_run_ready() */
inline run_ready()
{
	if
	:: ready ->
		nr_trying++;
		spin_lock(queue_lock);
		atomic {
			mine = ready;
			ready = false;
			if
			:: mine -> state[0] = INLINE
			:: else
			fi
		}
		spin_unlock(queue_lock);
		if
		:: mine -> finish(0)
		:: else
		fi;
		nr_trying--
	:: else
	fi
}

/* wait_event(): on the queue first, then the condition; only the submitter has
 * task work, which interrupts it: cring_kick_absorb()
 */
inline wait_once(me, min)
{
#ifdef SLEEP_BLIND
	if
	:: cq_tail - cq_head >= min || ready -> goto awake
	:: else
	fi;
	asleep[me] = true;
#else
	asleep[me] = true;
	if
	:: cq_tail - cq_head >= min || ready -> goto awake
	:: else
	fi;
#endif
	(woken[me] || (me == 0 && task_work) || over);
awake:
	atomic { asleep[me] = false; woken[me] = false }
}

/* cring_wait_for() */
inline wait_for(me, min)
{
	run_ready();
	do
	:: cq_tail - cq_head >= min || over -> break
	:: else ->
		nr_waiting++;
		wait_once(me, min);
#ifdef LIST_FIRST
		run_ready();
		nr_waiting--
#else
		nr_waiting--;
		run_ready()
#endif
	od
}

active proctype submitter()
{
	byte r, nr, done, tail;
	bool mine;

	do
	/* on the way back to user space: cring_task_work_fn() */
	:: task_work ->
		task_work = false;
		run_ready()
	/* cring_submit(): one SQE, if there is a slot */
	:: r < OPS && !task_work ->
#ifdef TAIL_FIRST
		tail = cq_tail;
		done = finished;
#else
		done = finished;
		tail = cq_tail;
#endif
#ifdef NO_RESERVE
		done = accepted;
#endif
		if
		:: (tail - cq_head) + (accepted - done) < ENTRIES ->
			nr_trying++;
			accepted++;
			if
			:: r == 0 -> state[0] = ARMED
			:: else ->
				if
				:: true
				/* its method lasts until the first is over */
				:: state[0] == ARMED ->
					in_method = true;
					first_over;
					in_method = false
				fi;
				state[r] = QUEUED
			fi;
			nr_trying--;
			r++;
			run_ready()
		:: else
		fi
	/* cring_wait(), and reap */
	:: cq_head < OPS && cq_head < r && !task_work ->
		wait_for(0, 1);
		atomic {
			if
			:: cq_tail > cq_head -> cq_head++
			:: else
			fi
		}
	/* it does something else meanwhile */
	:: r && state[0] != DONE && !task_work -> (first_over || task_work)
	:: cq_head == OPS -> break
	od;
	over = true;
	CLAIM(C1_all, cq_tail == OPS)
}

active proctype other()
{
	bool mine;

	if
	:: true
	:: wait_for(1, 1)
	fi
}

active proctype worker()
{
	do
	:: atomic { state[1] == QUEUED -> state[1] = RUNNING }
		finish(1)
	:: atomic { state[2] == QUEUED -> state[2] = RUNNING }
		finish(2)
	:: atomic { state[0] == QUEUED -> state[0] = RUNNING }
		finish(0)
	:: over -> break
	od
}

/* cring_wake(), cring_ready_wake(), cring_kick() */
active proctype waker()
{
	byte waits;
	bool queued;

	state[0] == ARMED;
#ifdef COUNT_FIRST
	waits = nr_waiting;
#endif
	spin_lock(queue_lock);
	atomic { state[0] = READY; ready = true }
	spin_unlock(queue_lock);
#ifndef COUNT_FIRST
	waits = nr_waiting;
#endif
	if
	:: waits ->
		atomic { woken[0] = asleep[0] || woken[0]; woken[1] = asleep[1] || woken[1] }
	:: else ->
		/* cring_kick_task(): it may be gone */
		if
		:: task_work = true; queued = true
		:: skip
		fi;
		if
#ifdef NO_TRYING
		:: !queued -> kick_work = true
#else
		:: !queued || nr_trying -> kick_work = true
#endif
		:: else
		fi
	fi
}

/* cring_kick_fn(): to a worker */
active proctype kick()
{
	if
	:: kick_work ->
		spin_lock(queue_lock);
		atomic {
			if
			:: ready -> ready = false; state[0] = QUEUED
			:: else
			fi
		}
		spin_unlock(queue_lock)
	:: over
	fi
}
