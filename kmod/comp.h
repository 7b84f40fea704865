/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What ends: its CQE is posted, with all that follows from it, and what it held is
 * given back.
 */
#ifndef _CRING_COMP_H
#define _CRING_COMP_H

#include "ring.h"

/* complete.c APIs: post CQEs and everything that follows from them */
struct cring_comp {
	struct cring_ring *ring;
	unsigned long irqflags;
	struct llist_node *release;	/* records to give back, last first */
	struct llist_node *quick;	/* the same, of the short way */
	struct llist_node *armed;	/* the same, of polls that a cancel has stopped */
	unsigned int posted;
	bool finish;			/* one was among them that is waited for */
	bool own;			/* see cring_comp_begin_own() */
	bool submitter;			/* under submit_mutex: @free is its own */
	bool ready;			/* something went to the ready list */
	bool put;			/* the last one of a closed ring */
	bool sync;			/* by a worker: see cring_req_release() */
};

void cring_comp_begin(struct cring_comp *comp, struct cring_ring *ring)
	__acquires(&ring->lock);
void cring_finish(struct cring_comp *comp, struct cring_req *req);
void cring_comp_end(struct cring_comp *comp)
	__releases(&comp->ring->lock);
void cring_wake_waiters(struct cring_ring *ring, bool posted);

/*
 * A session in a thread of the owner, whose file keeps the ring.  It runs the ready
 * list afterwards, so nobody is kicked for that.
 */
#define CRING_COMP_OWN(_ring)	{ .ring = (_ring), .own = true }

/* begin it; interrupts are on */
static inline void cring_comp_begin_own(struct cring_comp *comp)
	__acquires(&comp->ring->lock)
{
	spin_lock_irq(&comp->ring->lock);
}

/* let go of its lock, whoever began it */
static inline void cring_comp_unlock(struct cring_comp *comp)
	__releases(&comp->ring->lock)
{
	if (comp->own)
		spin_unlock_irq(&comp->ring->lock);
	else
		spin_unlock_irqrestore(&comp->ring->lock, comp->irqflags);
}

/* tell who waits that something has finished, and if CQEs are published; no lock */
static inline void cring_cq_wake(struct cring_ring *ring, bool posted)
{
	/* the tail before the look who waits for it: they do the reverse */
	smp_mb();
	/* after that */
	if (unlikely(waitqueue_active(&ring->waitq) ||
		     /* likewise */
		     waitqueue_active(&ring->poll_wait) ||
		     rcu_access_pointer(ring->eventfd)))
		cring_wake_waiters(ring, posted);
}

/* must its operation be told that a cancel has claimed it? */
static inline bool cring_req_wants_back(const struct cring_req *req)
{
	const struct cring_op *op = cring_op_get(req->opcode);

	/* who executes one of the others may be writing to its @flags */
	return op && op->cancel && cring_req_has(req, CRING_REQ_PREPPED);
}

bool cring_complete_plain(struct cring_req *req);
void cring_complete_locked(struct cring_comp *comp, struct cring_req *req)
	__releases(&comp->ring->lock);
void cring_complete(struct cring_req *req, s32 res);
void cring_complete_todo(struct cring_ring *ring, struct list_head *todo);
s32 cring_req_result(const struct cring_req *req, s32 res);

/* post the CQE of what nothing else follows from; in a session */
static inline void cring_post_alone(struct cring_comp *comp, u64 user_data,
				    s32 res, u32 flags)
{
	struct cring_ring *ring = comp->ring;
	struct cring_cqe *to = &ring->cqes[ring->cq_tail & ring->cq_mask];

	WRITE_ONCE(to->user_data, user_data);
	WRITE_ONCE(to->res, res);
	WRITE_ONCE(to->flags, flags);
	WRITE_ONCE(ring->cq_tail, ring->cq_tail + 1);
	comp->posted++;
	/* the CQE's slot is taken first: cring_free_slots() reads the other way */
	smp_store_release(&ring->finished, ring->finished + 1);
}

/* release.c APIs: give back what a request held */
void cring_req_blank(struct cring_req *req);
bool cring_req_strip_last(struct cring_req *req, bool sync);
void cring_armed_release(struct cring_comp *comp);
void cring_req_put(struct cring_req *req, bool sync);
void cring_req_release(struct cring_req *req, bool sync);
void cring_complete_worker(struct cring_req *req);
void cring_notify_init(struct cring_ring *ring);

/* drop one hold on a request that is DONE, or about to be; true for the last */
static inline bool cring_req_drop(struct cring_req *req)
{
	/* the other side's last words before its hold went */
	return atomic_read_acquire(&req->refs) == 1 ||
	       atomic_dec_and_test(&req->refs);
}

#endif /* _CRING_COMP_H */
