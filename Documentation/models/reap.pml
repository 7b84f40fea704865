/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The reap: a cancel's caller gets the CQEs of what it names (kmod/reap.c,
 * cring_post_cqe() of complete.c, cancel_sync.c).
 *
 * Three requests, two armed and one in a device that answers at any time, or
 * never until the call is over; two calls that each cancel all, reap into memory
 * with room for two and for one, may wait with a timeout, and may find that their
 * memory cannot be had.
 *
 * C12_one_place    each CQE goes to one place: to one call's memory, or the CQ
 * C12_room         no memory gets more than it has room for
 * C12_call_over    nothing is written to a call's memory after it has returned
 * C12_all          what a call claimed is marked as its own when it is posted
 * C1_one_cqe       each has one CQE, and not two
 * hang             (an end state that is none)
 *
 * mutant: NO_UNMARK hits C12_call_over: marks are left when the call returns
 * mutant: UNPIN_FIRST hits C12_call_over: the memory is given back before that
 * mutant: MARK_LATE hits C12_all: what is claimed is marked without the lock
 * mutant: NO_ROOM hits C12_room: entries are not counted
 * mutant: BOTH hits C12_one_place: the CQ gets it, too
 */
#include "common.pml"

#define REQS	3
#define CALLS	2
#define CQ	CALLS

bool C12_one_place = true, C12_room = true, C12_call_over = true, C12_all = true,
     C1_one_cqe = true;

byte state[REQS], posted[REQS];
byte reap[REQS];		/* CRING_REQL_REAP and its number; CQ: none */
bool CANCEL[REQS];

bool ring_lock;
byte room[CALLS], used[CALLS];
bool pinned[CALLS];
byte in_cq, in_memory;

/* cring_post_cqe(), cring_reap_post() */
inline finish(r)
{
	spin_lock(ring_lock);
	atomic {
		CLAIM(C1_one_cqe, !posted[r]);
		posted[r]++;
		state[r] = DONE;
		if
		:: reap[r] != CQ ->
			CLAIM(C12_call_over, pinned[reap[r]]);
#ifndef NO_ROOM
			if
			:: used[reap[r]] == room[reap[r]] -> in_cq++
			:: else ->
#endif
				used[reap[r]]++;
				in_memory++;
				CLAIM(C12_room, used[reap[r]] <= room[reap[r]]);
#ifdef BOTH
				in_cq++
#endif
#ifndef NO_ROOM
			fi
#endif
		:: else -> in_cq++
		fi;
		reap[r] = CQ;
		CLAIM(C12_one_place, in_cq + in_memory == posted[0] + posted[1] + posted[2])
	}
	spin_unlock(ring_lock)
}

proctype device()
{
	state[0] = CLAIMED;
	finish(0)
}

/* a wake-up, and the thread that runs it */
proctype waker()
{
	bool mine;

	atomic {
		mine = (state[1] == ARMED);
		if
		:: mine -> state[1] = INLINE
		:: else
		fi
	}
	if
	:: mine -> finish(1)
	:: else
	fi
}

/* cring_cancel_ioctl() with CRING_CANCEL_REAP */
proctype call(byte c)
{
	byte r, first;
	bool mine, wait, fault;

	/* cring_reap_init(), cring_reap_enter() */
	if
	:: pinned[c] = true
	:: fault = true
	fi;
	if
	:: wait = true
	:: skip
	fi;
	/* cring_pass_visit() of each */
	do
	:: r < REQS ->
		spin_lock(ring_lock);
		atomic {
			mine = (state[r] == ARMED);
			first = reap[r];
			if
			:: mine -> state[r] = CLAIMED
			:: state[r] == INLINE || state[r] == DISPATCHED || state[r] == CLAIMED ->
				CANCEL[r] = true
			:: else
			fi
		}
#ifdef MARK_LATE
		spin_unlock(ring_lock);
#endif
		/* cring_reap_mark() */
		if
		:: !fault && reap[r] == CQ && !posted[r] && (mine || (CANCEL[r] && wait)) ->
			reap[r] = c
		:: else
		fi;
#ifndef MARK_LATE
		spin_unlock(ring_lock);
#endif
		/* cring_complete_todo() */
		if
		:: mine ->
			CLAIM(C12_all, fault || first != CQ || reap[r] == c);
			finish(r)
		:: else
		fi;
		r++
	:: else -> break
	od;
	/* cring_wait_key(): until all have finished, or time is up */
	if
	:: !wait
	:: wait
	:: wait && posted[0] && posted[1] && posted[2]
	fi;
#ifdef UNPIN_FIRST
	pinned[c] = false;
#endif
	/* cring_reap_leave() */
	r = 0;
#ifndef NO_UNMARK
	spin_lock(ring_lock);
	do
	:: r < REQS ->
		if
		:: reap[r] == c -> reap[r] = CQ
		:: else
		fi;
		r++
	:: else -> break
	od;
	spin_unlock(ring_lock);
#endif
	/* cring_reap_exit() */
	pinned[c] = false
}

init {
	atomic {
		reap[0] = CQ; reap[1] = CQ; reap[2] = CQ;
		state[0] = DISPATCHED; state[1] = ARMED; state[2] = ARMED;
		room[0] = 2; room[1] = 1;
		run device();
		run waker();
		run call(0);
		run call(1)
	}
	(_nr_pr == 1) -> CLAIM(C1_one_cqe, posted[0] && posted[1] && posted[2])
}
