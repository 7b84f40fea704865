// SPDX-License-Identifier: GPL-2.0
/*
 * Issue: try an operation, in a thread of the owner or in a worker, and hand
 * on what would block: to the file's wait queues, or to a worker.
 */
#include <linux/sched/signal.h>

#include "cring.h"
#include "point.h"

/* attempts that poll had called ready before a file is given up on */
#define CRING_MAX_RETRIES	8

/* only threads of the owner run operations on its file */
static bool cring_no_worker(const struct cring_req *req)
{
	return req->file && !cring_file_worker_allowed(req->file);
}

/* hand over to a worker what would block */
static enum cring_verdict cring_to_worker(struct cring_req *req,
					  enum cring_state self)
{
	if (cring_no_worker(req)) {
		req->res = -EOPNOTSUPP;
		return CRING_V_DONE;
	}
	return cring_park_or_end(req, self, CRING_QUEUED);
}

/* hold back what has no place in the window */
static enum cring_verdict cring_to_window(struct cring_req *req,
					  enum cring_state self)
{
	enum cring_verdict verdict;

	cring_at(CRING_AT_HOLD, req->ring, req);
	verdict = cring_park_or_end(req, self, CRING_DEFERRED);
	/* only its owner gives it a place now: to be tried again with it */
	if (verdict == CRING_V_DONE &&
	    READ_ONCE(req->lflags) & CRING_REQL_WINDOW)
		return CRING_V_ARM;
	return verdict;
}

/* poll says ready, and yet it would block (a blocking tty's write does that) */
static enum cring_verdict cring_give_up(struct cring_req *req,
					enum cring_how how)
{
	if (how == CRING_HOW_INLINE) {
		/* what a tty sends to who is in its background, for one */
		if (task_sigpending(current) && cring_no_worker(req)) {
			req->res = -EINTR;
			return CRING_V_DONE;
		}
		return cring_to_worker(req, CRING_INLINE);
	}
	req->res = -EAGAIN;
	return CRING_V_DONE;
}

static void cring_issue_done(struct cring_req *req, struct cring_batch *batch)
{
	if (!batch) {
		cring_complete_worker(req);
		return;
	}
	cring_batch_add(batch, req);
	/* a chain's next member must not wait for the batch */
	if (!list_empty(&req->chain))
		cring_batch_flush(req->ring, batch);
}

/*
 * A cancel has claimed it: its CQE comes before the cancel's, and both before
 * another operation is tried, which may sleep in its method.
 */
static void cring_issue_taken(struct cring_req *req, struct cring_batch *batch)
{
	if (!batch) {
		cring_complete(req, req->res);
		return;
	}
	req->quick = false;
	cring_issue_done(req, batch);
	batch->flush = CRING_OPF_FLUSH;
}

static bool cring_op_is_sync(u8 opcode)
{
	return opcode == CRING_OP_FSYNC || opcode == CRING_OP_SYNC_FILE_RANGE;
}

/**
 * cring_error - what user space gets to see of a failure
 * @req: what failed
 * @error: how
 * @worker: in a worker, or handed to a device by one, perhaps
 *
 * Context: any; before the request is done.
 * Return: the result for its CQE.
 */
s32 cring_error(const struct cring_req *req, s32 error, bool worker)
{
	bool told = atomic64_read(&req->word) & CRING_WORD_CANCEL;

	switch (error) {
	case -EFAULT:
	case -EAGAIN:
	case -ENOMEM:
		/*
		 * So ends a copy, or a hold on pages, that the signal took out
		 * of a page fault or the wait for the address space's lock.
		 * What a sync says is of writes long over, and said once.
		 */
		return told && worker && !cring_op_is_sync(req->opcode) ?
		       -ECANCELED : error;
	case -EINTR:
	case -ERESTARTSYS:
	case -ERESTARTNOINTR:
	case -ERESTARTNOHAND:
	case -ERESTART_RESTARTBLOCK:
		return told ? -ECANCELED : -EINTR;
	default:
		return error;
	}
}

/* one attempt */
static __always_inline enum cring_verdict cring_try(struct cring_req *req,
						    enum cring_how how)
{
	const struct cring_op *op = cring_op_get(req->opcode);
	/* the request may be gone, or another one, when the method returns */
	struct cring_worker *worker = NULL;
	bool started = req->flags & CRING_REQ_STARTED;
	enum cring_verdict verdict;

	if (how == CRING_HOW_WORKER) {
		worker = &req->ring->workers[req->worker];
		if (!cring_worker_enter(worker, req)) {
			req->res = -ECANCELED;
			return CRING_V_DONE;
		}
		/* a timer or a poll only waits, wherever it is tried */
		if (op->flags & CRING_OPF_DETACH)
			req->flags |= CRING_REQ_STARTED;
	}
	verdict = op->issue(req, how);
	if (worker)
		cring_worker_leave(worker);
	/* a worker's try that was none */
	if (unlikely(verdict == CRING_V_WINDOW) && !started)
		req->flags &= ~CRING_REQ_STARTED;
	return verdict;
}

/* it has ended */
static void cring_issue_over(struct cring_req *req, struct cring_batch *batch)
{
	if (unlikely(req->res < 0))
		req->res = cring_req_result(req, req->res);
	cring_issue_done(req, batch);
}

/* it was tried: hand it on, and try it again if poll says so */
static void cring_issue_on(struct cring_req *req, enum cring_how how,
			   enum cring_verdict verdict,
			   struct cring_batch *batch)
{
	enum cring_state self = how == CRING_HOW_WORKER ? CRING_RUNNING :
							  CRING_INLINE;

	for (;;) {
		if (verdict == CRING_V_DONE && unlikely(req->res < 0))
			req->res = cring_error(req, req->res,
					       how == CRING_HOW_WORKER);
		if (verdict == CRING_V_ARM) {
			verdict = cring_arm(req, self);
			if (verdict == CRING_V_ARM &&
			    ++req->retries > CRING_MAX_RETRIES)
				verdict = cring_give_up(req, how);
		} else if (verdict == CRING_V_WORK) {
			verdict = cring_to_worker(req, self);
		} else if (verdict == CRING_V_WINDOW) {
			verdict = cring_to_window(req, self);
		}
		if (verdict != CRING_V_ARM)
			break;
		verdict = cring_try(req, how);
	}
	if (verdict == CRING_V_TAKEN)
		cring_issue_taken(req->match.taken, batch);
	if (verdict == CRING_V_DONE || verdict == CRING_V_TAKEN)
		cring_issue_over(req, batch);
}

/**
 * cring_issue - try an operation, and hand it on if it would block
 * @req: INLINE or RUNNING, the caller's; not to be touched afterwards
 * @how: which of the two
 * @batch: collects what finishes inline; NULL in a worker
 *
 * Context: process; as @how says.
 */
void cring_issue(struct cring_req *req, enum cring_how how,
		 struct cring_batch *batch)
{
	if (cring_poll_is_plain(req) && batch && batch->submitter &&
	    !batch->flush) {
		enum cring_verdict verdict = cring_arm_polls(&req, batch);

		if (unlikely(verdict != CRING_V_PENDING))
			cring_issue_on(req, how, verdict, batch);
		return;
	}
	if (unlikely(req->flags & (CRING_REQ_FAILED | CRING_REQ_DETACH))) {
		if (req->flags & CRING_REQ_FAILED) {
			cring_issue_over(req, batch);
			return;
		}
		/* who tries what may be let go of may not come back to post it */
		if (batch)
			cring_batch_flush(req->ring, batch);
	}
	if (cring_deadline_given(req) && cring_deadline_past(req)) {
		req->res = -ETIME;
		cring_issue_over(req, batch);
		return;
	}
	if (batch &&
	    (cring_op_get(req->opcode)->flags | batch->flush) & CRING_OPF_FLUSH)
		cring_batch_flush(req->ring, batch);
	cring_issue_on(req, how, cring_try(req, how), batch);
}

/**
 * cring_issue_tried - hand on what was tried elsewhere
 * @req: INLINE, the caller's; not to be touched afterwards
 * @verdict: what became of it
 * @batch: as for cring_issue()
 *
 * Context: a thread of the owner.
 */
void cring_issue_tried(struct cring_req *req, enum cring_verdict verdict,
		       struct cring_batch *batch)
{
	cring_issue_on(req, CRING_HOW_INLINE, verdict, batch);
}

/**
 * cring_batch_finish - post what a thread has finished inline, in its session
 * @comp: the session
 * @batch: the thread's collection; emptied
 *
 * Context: in a session.
 */
void cring_batch_finish(struct cring_comp *comp, struct cring_batch *batch)
{
	struct llist_node *node, *next;

	*batch->end = NULL;
	comp->submitter = batch->submitter;
	for (node = batch->done; node; node = next) {
		struct cring_req *req = llist_entry(node, struct cring_req,
						    free_node);

		if (req->quick) {
			next = cring_quick_finish(comp, node);
			continue;
		}
		next = node->next;
		cring_finish(comp, req);
	}
	batch->end = &batch->done;
	batch->flush = 0;
}

/**
 * cring_batch_flush_some - post what a thread has finished inline
 * @ring: whose
 * @batch: the thread's collection, not empty; emptied
 *
 * Context: process.
 */
noinline_for_stack void cring_batch_flush_some(struct cring_ring *ring,
					       struct cring_batch *batch)
{
	struct cring_comp comp = CRING_COMP_OWN(ring);
	struct cring_req *req = llist_entry(batch->done, struct cring_req,
					    free_node);

	/* one alone, of those that were woken */
	if (!batch->submitter && batch->end == &req->free_node.next &&
	    cring_complete_plain(req)) {
		batch->end = &batch->done;
		batch->flush = 0;
		return;
	}
	cring_comp_begin_own(&comp);
	cring_batch_finish(&comp, batch);
	cring_comp_end(&comp);
}
