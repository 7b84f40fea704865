/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A request as claim.pml sees it: its word, what it waits on, its end, and a
 * cancel of it.
 */
#if NR > 1
#define some(list)	(list[0] || list[1])
#define all_posted	(posted[0] && posted[1])
#else
#define some(list)	(list[0])
#define all_posted	(posted[0])
#endif

#define AT_ONCE		0
#define POLLED		1
#define BLOCKS		2
#define DEVICE		3

/* struct cring_req: the word ... */
byte state[NR];
bool CANCEL[NR], WOKEN[NR];
/* ... and the rest */
byte kind[NR], res[NR];
bool started[NR];		/* CRING_REQ_STARTED */
bool entry[NR];			/* wait[0].entry is on the wait queue */
bool head[NR];			/* wait[0].private: cring_entry_head() */

/* struct cring_ring */
bool ring_lock, queue_lock, wait_lock, worker_lock;
bool ready_list[NR], work_list[NR];
bool kicked;			/* the kick work was queued */
bool shut, over;

/* the worker; NR: none */
byte worker_req = NR;
bool sigpending;

/* what happens outside */
bool file_ready[NR], in_device[NR], wakes[NR];

/* what was seen */
byte posted[NR], last[NR];
bool stopped[NR];		/* a cancel has answered 0 */
bool told[NR];			/* ... -EALREADY, before it was posted */
bool touched[NR];		/* its memory, or its file */
bool waking[NR];		/* a wake-up of it is under way */

inline touch(r)
{
	CLAIM(C3_stopped_is_final, !stopped[r]);
	touched[r] = true
}

/* cring_word_move(): needs that neither bit is set */
inline word_move(r, from, to, moved)
{
	atomic {
		moved = (state[r] == from
#ifndef CANCEL_LOST
			 && !CANCEL[r]
#endif
#ifndef WOKEN_LOST
			 && !WOKEN[r]
#endif
			);
		if
		:: moved -> state[r] = to
		:: else
		fi
	}
}

/* cring_post(), cring_comp_end() */
inline finish(r)
{
	spin_lock(ring_lock);
	atomic {
		CLAIM(C1_one_cqe, !posted[r]);
		CLAIM(C9_not_started, !(res[r] == ECANCELED && !started[r] && touched[r]));
		CLAIM(table, state[r] == INLINE || state[r] == RUNNING || state[r] == CLAIMED);
		posted[r]++;
		last[r] = res[r];
		state[r] = DONE
	}
	spin_unlock(ring_lock)
}

/* cring_disarm(): whoever then has the request to himself */
inline disarm(r)
{
#ifndef NO_DISARM
	if
	:: head[r] ->
		spin_lock(wait_lock);
		entry[r] = false;
		spin_unlock(wait_lock)
	:: else
	fi;
#endif
	atomic {
		WOKEN[r] = false;
		CLAIM(R5_disarmed, !entry[r] && !(waking[r] && head[r]));
		head[r] = false
	}
}

/* --- cring_issue(), by the submitter (INLINE) or a worker (RUNNING) --- */

inline arm(r, self, verdict)
{
	/* cring_queue_proc() */
	spin_lock(wait_lock);
	atomic { entry[r] = true; head[r] = true }
	spin_unlock(wait_lock);
	if
	:: file_ready[r] -> moved = false
	:: else ->
		/* cring_park() */
		spin_lock(ring_lock);
		word_move(r, self, ARMED, moved);
		spin_unlock(ring_lock)
	fi;
	if
	:: moved -> verdict = NONE	/* CRING_V_PENDING */
	:: else ->
		/* cring_arm_undo() */
		disarm(r);
		if
		:: CANCEL[r] -> res[r] = ECANCELED; verdict = OK
		:: else -> verdict = EALREADY	/* CRING_V_ARM: again */
		fi
	fi
}

/* cring_rw_queued(): the device may have ended it already */
inline dispatch(r, self)
{
	started[r] = true;
	in_device[r] = true;
	spin_lock(ring_lock);
#ifdef PLAIN_DISPATCH
	state[r] = DISPATCHED;
#else
	/* cring_word_dispatch(): keeps CANCEL */
	atomic {
		if
		:: state[r] == self -> state[r] = DISPATCHED
		:: else
		fi
	}
#endif
	spin_unlock(ring_lock)
}

/* --- cring_pass_visit(), under cring_ring.lock, and cring_complete_todo() --- */

inline cancel(r, answer)
{
	spin_lock(ring_lock);
	answer = NONE;
	do
	:: answer == NONE ->
		/* cring_cancel_claim() */
		atomic { word = state[r]; seen_cancel = CANCEL[r]; seen_woken = WOKEN[r] }
		if
		:: word == ACCEPTED || word == ARMED ->
			atomic {
				if
#ifdef TWO_WINNERS
				:: true ->
#else
				:: state[r] == word && CANCEL[r] == seen_cancel && WOKEN[r] == seen_woken ->
#endif
					state[r] = CLAIMED;
					answer = OK
				:: else
				fi
			}
		:: word == QUEUED || word == READY ->
			/* cring_claim_queued() */
			spin_lock(queue_lock);
			atomic {
				if
				:: state[r] == word && CANCEL[r] == seen_cancel && WOKEN[r] == seen_woken ->
					state[r] = CLAIMED;
					answer = OK;
#ifndef LISTED
					ready_list[r] = false;
					work_list[r] = false
#endif
				:: else
				fi
			}
			spin_unlock(queue_lock)
		:: word == INLINE || word == RUNNING || word == DISPATCHED || word == CLAIMED ->
			/* cring_word_set() */
			atomic {
				if
				:: seen_cancel -> answer = EALREADY
				:: !seen_cancel && state[r] == word && WOKEN[r] == seen_woken && !CANCEL[r] ->
					CANCEL[r] = true;
					answer = EALREADY
				:: else
				fi
			}
#ifndef NO_INTERRUPT
			if
			:: answer == EALREADY && word == RUNNING ->
				/* cring_worker_interrupt() */
				spin_lock(worker_lock);
				if
				:: worker_req == r -> sigpending = true
				:: else
				fi;
				spin_unlock(worker_lock)
			:: else
			fi
#endif
		:: else -> answer = ENOENT
		fi
	:: else -> break
	od;
	spin_unlock(ring_lock);
#ifdef ANSWER_FIRST
	if
	:: answer == OK -> CLAIM(C3_cqe_is_there, posted[r] && last[r] == ECANCELED)
	:: else
	fi;
#endif
	if
	:: answer == OK ->
		/* cring_complete_todo() */
		disarm(r);
		res[r] = ECANCELED;
		finish(r);
		atomic {
			stopped[r] = true;
			CLAIM(C3_cqe_is_there, posted[r] && last[r] == ECANCELED)
		}
	:: answer == EALREADY ->
		atomic {
			told[r] = true;
			CLAIM(C3_told, posted[r] || CANCEL[r] || state[r] == CLAIMED)
		}
	:: else ->
		CLAIM(C3_cqe_is_there, posted[r])
	fi
}
