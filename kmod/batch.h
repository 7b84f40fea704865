/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is submitted: it is accepted and tried, a batch at a time.  What is over at
 * once, or alone, has shorter ways.
 */
#ifndef _CRING_BATCH_H
#define _CRING_BATCH_H

#include "ring.h"

struct cring_comp;

/* accept.c APIs: what a batch of SQEs says */
/*
 * CQ slots that a CQE or an operation in flight occupies.  What has finished is
 * read before the tail it may have moved, so that the sum errs to the safe side; a
 * head that user space made up makes it larger than the CQ, or deceives itself.
 */
static inline u64 cring_taken_slots(struct cring_ring *ring)
{
	/* before the tail */
	u64 in_flight = ring->accepted - smp_load_acquire(&ring->finished);
	u32 ready = READ_ONCE(ring->cq_tail) - READ_ONCE(ring->shared->cq_head);

	return in_flight + ready;
}

static inline u32 cring_free_slots(struct cring_ring *ring)
{
	u32 entries = ring->cq_mask + 1;
	u64 taken = cring_taken_slots(ring);

	return taken < entries ? entries - taken : 0;
}

/**
 * struct cring_accept - a batch while it is being accepted
 * @ring: where
 * @nr: requests accepted so far
 * @chain_start: the first one of the chain that is open
 * @head: the same, or NULL when none is
 * @fd: what the last one that names a file says ...
 * @fixed: ... and whether it is a slot
 * @held: nobody has taken the reference to @file yet that the look-up took
 * @file: that file, held by it if not @held, or NULL
 * @slow: that is none for the short way
 * @broken: a member of that chain was refused
 * @quick: SQEs may take the short way
 * @drain: one waits for all before it
 * @deadlines: some have a deadline ...
 * @first: ... and the soonest is that
 * @now: when it was accepted, if there are
 */
struct cring_accept {
	struct cring_ring *ring;
	u32 nr;
	u32 chain_start;
	struct cring_req *head;
	struct file *file;
	s32 fd;
	bool fixed;
	bool held;
	bool slow;
	bool broken;
	bool quick;
	bool drain;
	bool deadlines;
	ktime_t first;
	ktime_t now;
};

/* the next SQE of the batch; user space may change it at any time */
static inline const struct cring_sqe *
cring_accept_next(const struct cring_accept *a)
{
	const struct cring_ring *ring = a->ring;

	return &ring->sqes[(ring->sq_head + a->nr) & ring->sq_mask];
}

struct file *cring_accept_find(struct cring_accept *a, s32 fd, bool fixed);

/* often the same as that of the one before, which holds it until it is tried */
static inline struct file *cring_accept_file(struct cring_accept *a, s32 fd,
					     bool fixed)
{
	if (a->file && fd == a->fd && fixed == a->fixed)
		return a->file;
	return cring_accept_find(a, fd, fixed);
}

/* a reference to @file for one more request */
static inline struct file *cring_accept_hold(struct cring_accept *a)
{
	if (!a->held)
		return get_file(a->file);
	a->held = false;
	return a->file;
}

void cring_accept_deadline(struct cring_accept *a, struct cring_req *req,
			   u64 ns, bool absolute);
bool cring_accept(struct cring_accept *a, u32 want);
void cring_accept_idents(struct cring_accept *a);
bool cring_req_ident(struct cring_req *req);

/* the SQE that comes next; user space may change it at any time */
static inline const struct cring_sqe *
cring_sq_first(const struct cring_ring *ring)
{
	return &ring->sqes[ring->sq_head & ring->sq_mask];
}

/* the one behind it */
static inline const struct cring_sqe *
cring_sq_second(const struct cring_ring *ring)
{
	return &ring->sqes[(ring->sq_head + 1) & ring->sq_mask];
}

/* nop.c APIs: NOPs that are over at once */
u32 cring_nops_now(struct cring_ring *ring, u32 want);

/* the same if the first SQE may be one, and nobody cancels */
static inline u32 cring_nops(struct cring_ring *ring, u32 want)
{
	BUILD_BUG_ON(CRING_OP_NOP);
	if (!want || READ_ONCE(cring_sq_first(ring)->opcode) ||
	    unlikely(cring_cancel_seen(ring)))
		return 0;
	return cring_nops_now(ring, want);
}

/* pair.c APIs: a poll and its cancel, over at once */
u32 cring_pairs_now(struct cring_ring *ring, u32 nr);

/* the same if the first two may be such */
static inline u32 cring_pairs(struct cring_ring *ring, u32 nr)
{
	if (nr < 2 ||
	    READ_ONCE(cring_sq_first(ring)->opcode) != CRING_OP_POLL_ADD ||
	    READ_ONCE(cring_sq_second(ring)->opcode) != CRING_OP_ASYNC_CANCEL)
		return 0;
	return cring_pairs_now(ring, nr);
}

/* cancel_now.c APIs: cancels that are over at once */
u32 cring_cancels_last(const struct cring_ring *ring, u32 nr);
bool cring_cancel_now(struct cring_ring *ring);

/* how many SQEs at the end may be such */
static inline u32 cring_cancels(const struct cring_ring *ring, u32 nr)
{
	u32 last = (ring->sq_head + nr - 1) & ring->sq_mask;

	if (READ_ONCE(ring->sqes[last].opcode) != CRING_OP_ASYNC_CANCEL)
		return 0;
	return nr == 1 ? 1 : cring_cancels_last(ring, nr);
}

/* submit.c APIs: accept a batch, then try each */
struct cring_batch {
	struct llist_node *done;	/* finished inline, CQEs not posted */
	struct llist_node **end;	/* of that list */
	bool submitter;			/* it is under submit_mutex */
	unsigned int flush;		/* CRING_OPF_FLUSH: before the next one */
	u32 next;			/* the submitter's: what is to be tried next */
	u32 nr;				/* ... and how many there are */
	bool deadlines;			/* ... some of which have one */
};

static inline void cring_batch_init(struct cring_batch *batch, bool submitter)
{
	batch->end = &batch->done;
	batch->submitter = submitter;
	batch->flush = 0;
	batch->next = 0;
	batch->nr = 0;
	batch->deadlines = false;
}

static inline bool cring_batch_empty(const struct cring_batch *batch)
{
	return batch->end == &batch->done;
}

/* it is over, and its CQE to be posted with the others' */
static inline void cring_batch_add(struct cring_batch *batch,
				   struct cring_req *req)
{
	*batch->end = &req->free_node;
	batch->end = &req->free_node.next;
}

/**
 * struct cring_taken - what became of a submission
 * @nr: SQEs accepted, or why none was
 * @short_of_slots: free CQ slots were too few for all of them
 */
struct cring_taken {
	s32 nr;
	bool short_of_slots;
};

struct cring_taken cring_submit(struct cring_ring *ring, u32 to_submit);
struct cring_taken cring_submit_locked(struct cring_ring *ring, u32 to_submit);
struct cring_taken cring_submit_batch(struct cring_ring *ring, u32 over,
				      u32 want);
void cring_batch_ran(struct cring_ring *ring, struct cring_batch *batch);
void cring_batch_post(struct cring_ring *ring, struct cring_batch *batch);
void cring_plug(struct cring_ring *ring);

/* sqpoll.c APIs: a thread that submits */
int cring_sq_start(struct cring_ring *ring, u32 idle);
bool cring_sq_wake(struct cring_ring *ring);
struct cring_taken cring_sq_submit(struct cring_ring *ring, u32 to_submit);
void cring_sq_shut(struct cring_ring *ring);
void cring_sq_stop(struct cring_ring *ring);

/* issue.c APIs: try an operation, hand on what would block */
s32 cring_error(const struct cring_req *req, s32 error, bool worker);
void cring_issue(struct cring_req *req, enum cring_how how,
		 struct cring_batch *batch);
void cring_issue_tried(struct cring_req *req, enum cring_verdict verdict,
		       struct cring_batch *batch);
void cring_batch_finish(struct cring_comp *comp, struct cring_batch *batch);
void cring_batch_flush_some(struct cring_ring *ring, struct cring_batch *batch);

/* the same if there is anything */
static inline void cring_batch_flush(struct cring_ring *ring,
				     struct cring_batch *batch)
{
	if (!cring_batch_empty(batch))
		cring_batch_flush_some(ring, batch);
}

/* quick.c APIs: reads of what is in the page cache, by the short way */
void cring_quick_accept(struct cring_accept *a, u32 end);
struct cring_req *cring_quick_issue(struct cring_ring *ring,
				    struct cring_req *req,
				    struct cring_batch *batch);
struct llist_node *cring_quick_finish(struct cring_comp *comp,
				      struct llist_node *node);
void cring_quick_release(struct cring_ring *ring, struct llist_node *list);

/* direct.c APIs: the same, of a device; see quick.h, too */
void cring_direct_settle_held(struct cring_ring *ring);
void cring_direct_unplug(struct cring_ring *ring, struct cring_batch *batch);

/* what is held in the submitter's batch is to be found, if it has not ended */
static inline void cring_direct_settle(struct cring_ring *ring)
{
	if (ring->nr_held)
		cring_direct_settle_held(ring);
}

static inline bool cring_quick_opcode(u8 opcode)
{
	return opcode == CRING_OP_READ || opcode == CRING_OP_READ_FIXED;
}

/* may it be one?  A look at what user space may change meanwhile */
static inline bool cring_quick_op(const struct cring_sqe *sqe)
{
	return cring_quick_opcode(READ_ONCE(sqe->opcode)) &&
	       !(READ_ONCE(sqe->flags) & ~CRING_SQE_FIXED_FILE) &&
	       !(READ_ONCE(sqe->xflags) & ~CRING_SQE_X_DEADLINES);
}

#endif /* _CRING_BATCH_H */
