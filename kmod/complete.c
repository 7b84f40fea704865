// SPDX-License-Identifier: GPL-2.0
/*
 * Completion: post CQEs, and do what follows from them.
 *
 * A completion session is begun, finishes any number of requests that the
 * caller owns, and is ended.  All CQEs of a session become visible together.
 * Sessions may run in any context, with no lock held; what may wake others or
 * give up references happens at the end, outside the lock.
 *
 * A CQ slot was reserved when the SQE was accepted, so posting cannot fail.
 */
#include "cring.h"
#include "point.h"

/**
 * cring_comp_begin - begin a completion session
 * @comp: on the caller's stack
 * @ring: a ring with at least one operation in flight, or open
 *
 * Context: any; takes cring_ring.lock.
 */
void cring_comp_begin(struct cring_comp *comp, struct cring_ring *ring)
	__acquires(&ring->lock)
{
	*comp = (struct cring_comp) { .ring = ring };
	/* the last CQE of a closed ring must not take the ring along */
	refcount_inc(&ring->refs);
	spin_lock_irqsave(&ring->lock, comp->irqflags);
}

static bool cring_req_is_rw(const struct cring_req *req)
{
	return cring_req_has(req, CRING_REQ_PREPPED) &&
	       cring_op_get(req->opcode)->flags & CRING_OPF_RW;
}

/**
 * cring_req_result - what an operation ends with
 * @req: the caller's
 * @res: why it ends now
 *
 * Bytes that an earlier attempt moved win over any error.
 *
 * Return: the result for its CQE.
 */
s32 cring_req_result(const struct cring_req *req, s32 res)
{
	if (res < 0 && cring_req_is_rw(req) && req->rw.done)
		return req->rw.done;
	return res;
}

/* Did it end in a way that breaks a soft link behind it? */
static bool cring_req_failed(const struct cring_req *req)
{
	if (req->res < 0)
		return !(req->res == -ETIME &&
			 req->opcode == CRING_OP_TIMEOUT &&
			 req->timer.flags & CRING_TIMEOUT_ETIME_SUCCESS);
	return cring_req_is_rw(req) && req->res != req->rw.len;
}

static u32 cring_cqe_flags(const struct cring_req *req)
{
	if (cring_req_has(req, CRING_REQ_STARTED))
		return 0;
	if (req->res == -ECANCELED ||
	    (req->res == -ETIME && req->opcode != CRING_OP_TIMEOUT &&
	     req->opcode != CRING_OP_LINK_TIMEOUT))
		return CRING_CQE_F_NOT_STARTED;
	return 0;
}

/* to the CQ, unless a cancel's caller gets it */
static void cring_post_cqe(struct cring_comp *comp, struct cring_req *req)
{
	const struct cring_cqe cqe = {
		.user_data = req->user_data,
		.res = req->res,
		.flags = cring_cqe_flags(req),
	};
	struct cring_ring *ring = comp->ring;
	struct cring_cqe *to = &ring->cqes[ring->cq_tail & ring->cq_mask];

	if (unlikely(req->lflags & CRING_REQL_REAP) &&
	    cring_reap_post(req, &cqe))
		return;
	WRITE_ONCE(to->user_data, cqe.user_data);
	WRITE_ONCE(to->res, cqe.res);
	WRITE_ONCE(to->flags, cqe.flags);
	WRITE_ONCE(ring->cq_tail, ring->cq_tail + 1);
	comp->posted++;
}

/* one that ends by itself ends every wait, see cring_wait() */
static void cring_post_timeout(struct cring_comp *comp,
			       const struct cring_req *req)
{
	struct cring_ring *ring = comp->ring;

	ring->timeouts_finished++;
	if (req->res && req->res != -ETIME)
		return;
	WRITE_ONCE(ring->timeouts_rung, ring->timeouts_rung + 1);
	/* with a CQE or without */
	comp->finish = true;
}

static void cring_post(struct cring_comp *comp, struct cring_req *req,
		       bool failed)
{
	struct cring_ring *ring = comp->ring;

	if (req->lflags & CRING_REQL_INDEXED)
		cring_index_del(req);
	cring_deadline_drop(req);
	/* what was let go of keeps its places until its device has answered */
	if (!cring_detach_post(req) && req->lflags & CRING_REQL_WINDOW)
		cring_window_leave(req);
	if (unlikely(req->lflags & CRING_REQL_EXPIRED) &&
	    req->res == -ECANCELED)
		req->res = -ETIME;
	if (req->lflags & CRING_REQL_WAITED)
		comp->finish = true;
	if (ring->drain && !(req->lflags & CRING_REQL_HELD))
		ring->active--;
	if (req->opcode == CRING_OP_TIMEOUT)
		cring_post_timeout(comp, req);
	if (unlikely(ring->in_kernel))
		cring_client_post(req);
	else if (failed || !(req->sqe_flags & CRING_SQE_CQE_SKIP_SUCCESS))
		cring_post_cqe(comp, req);
	else if (unlikely(req->lflags & CRING_REQL_REAP))
		cring_reap_post(req, NULL);
	/* as in cring_post_alone() */
	smp_store_release(&ring->finished, ring->finished + 1);
	cring_word_own(&req->word, CRING_DONE);
}

/*
 * Does nothing follow from its end but its CQE, and that it leaves the index and the
 * window?  While a drain is under way they are counted, a TIMEOUT always is.
 */
static __always_inline bool cring_req_is_plain(const struct cring_ring *ring,
					       const struct cring_req *req)
{
	return !(req->lflags & ~(CRING_REQL_INDEXED | CRING_REQL_WINDOW)) &&
	       !(req->sqe_flags & CRING_SQE_CQE_SKIP_SUCCESS) &&
	       !(req->flags & CRING_REQ_DETACH) &&
	       req->opcode != CRING_OP_TIMEOUT && list_empty(&req->chain) &&
	       !ring->drain && !ring->in_kernel;
}

/* that, of what is plain, in a session or in cring_post_plain() */
static __always_inline void cring_finish_plain(struct cring_comp *comp,
					       struct cring_req *req)
{
	if (req->lflags) {
		if (req->lflags & CRING_REQL_WINDOW)
			cring_window_leave(req);
		if (req->lflags & CRING_REQL_INDEXED)
			cring_index_del(req);
	}
	cring_post_alone(comp, req->user_data, req->res,
			 req->res < 0 ? cring_cqe_flags(req) : 0);
	cring_word_done(&req->word);
}

static noinline void cring_finish_more(struct cring_comp *comp,
				       struct cring_req *req)
{
	bool failed = cring_req_failed(req);

	cring_post(comp, req, failed);
	if (!list_empty(&req->chain))
		cring_chain_advance(comp, req, failed);
}

/**
 * cring_finish - post the CQE of one request in a session
 * @comp: the session
 * @req: a request that the caller owns, its result in @req->res; not to be
 *	touched afterwards
 *
 * Advances or breaks the chain that the request heads.
 *
 * Context: in a session.
 */
void cring_finish(struct cring_comp *comp, struct cring_req *req)
{
	lockdep_assert_held(&comp->ring->lock);
	if (likely(cring_req_is_plain(comp->ring, req)))
		cring_finish_plain(comp, req);
	else
		cring_finish_more(comp, req);
	req->free_node.next = comp->release;
	comp->release = &req->free_node;
}

static void cring_signal(struct cring_ring *ring)
{
	struct eventfd_ctx *ctx;

	/* after cring_cq_wake()'s barrier */
	if (waitqueue_active(&ring->poll_wait))
		__wake_up(&ring->poll_wait, TASK_NORMAL, 0,
			  poll_to_key(EPOLLIN | EPOLL_URING_WAKE));
	if (rcu_access_pointer(ring->eventfd)) {
		rcu_read_lock();
		ctx = rcu_dereference(ring->eventfd);
		if (ctx)
			cring_eventfd_signal(ctx);
		rcu_read_unlock();
	}
}

/**
 * cring_wake_waiters - the part of cring_cq_wake() for when there may be any
 * @ring: where something has finished
 * @posted: CQEs were posted, too
 *
 * Context: any, no cring lock held.
 */
void cring_wake_waiters(struct cring_ring *ring, bool posted)
{
	/* after the same barrier */
	if (waitqueue_active(&ring->waitq))
		wake_up(&ring->waitq);
	if (posted)
		cring_signal(ring);
}

/* give back what the session has finished, and the records all at once */
static void cring_comp_release(struct cring_comp *comp)
{
	struct llist_node *node, *blank = NULL, *end = NULL;
	struct cring_ring *ring = comp->ring;

	while ((node = comp->release)) {
		struct cring_req *req = llist_entry(node, struct cring_req,
						    free_node);

		comp->release = node->next;
		if (unlikely(ring->in_kernel))
			cring_client_done(req);
		if (!cring_req_drop(req) ||
		    !cring_req_strip_last(req, comp->sync))
			continue;
		node->next = blank;
		if (!blank)
			end = node;
		blank = node;
	}
	if (comp->quick)
		cring_quick_release(ring, comp->quick);
	if (comp->armed)
		cring_armed_release(comp);
	if (!blank)
		return;
	if (comp->submitter) {
		end->next = ring->free;
		ring->free = blank;
	} else {
		llist_add_batch(blank, end, &ring->freed);
	}
}

/* start what was held back, so much at a time; true when there may be more */
static bool cring_comp_pump(struct cring_comp *comp)
{
	struct cring_ring *ring = comp->ring;
	bool more = false;

	if (unlikely(ring->drain))
		more = cring_drain_pump(comp);
	if (unlikely(!list_empty(&ring->windowed)))
		more |= cring_window_pump(comp);
	return more;
}

/**
 * cring_comp_end - end a completion session
 * @comp: the session
 *
 * Publishes the CQEs, starts what a drain, a completion count or the window
 * held back, wakes who waits, and gives back the requests.
 *
 * Context: any; releases cring_ring.lock.
 */
void cring_comp_end(struct cring_comp *comp)
	__releases(&comp->ring->lock)
{
	struct cring_ring *ring = comp->ring;
	u64 in_flight;
	bool more;

	if (unlikely(!list_empty(&ring->counted)))
		cring_timer_counted(comp);
	more = cring_comp_pump(comp);

	in_flight = READ_ONCE(ring->accepted) - ring->finished;
	cring_at(CRING_AT_PUBLISH, ring, NULL);
	cring_cq_publish(ring, in_flight);
	if (unlikely(ring->closed) && !in_flight && !ring->sq_runs &&
	    !ring->ops_put) {
		ring->ops_put = true;
		comp->put = true;
	}
	cring_comp_unlock(comp);

	while (unlikely(more)) {
		cring_at(CRING_AT_BREAK, ring, NULL);
		spin_lock_irqsave(&ring->lock, comp->irqflags);
		more = cring_comp_pump(comp);
		spin_unlock_irqrestore(&ring->lock, comp->irqflags);
	}
	if (comp->posted || comp->finish)
		cring_cq_wake(ring, comp->posted);
	/* slots may have come free without a CQE */
	if (unlikely(ring->sq_thread))
		cring_sq_wake(ring);
	if (comp->ready && !comp->own)
		cring_kick(ring);
	cring_comp_release(comp);
	if (comp->put)
		cring_ring_put(ring);
	if (!comp->own)
		cring_ring_put(ring);
}

/* does nothing follow from any end?  Under the ring's lock */
static __always_inline bool cring_comp_is_plain(const struct cring_ring *ring)
{
	return list_empty(&ring->counted) && list_empty(&ring->windowed) &&
	       !ring->closed && !ring->sq_thread;
}

/*
 * A session of one request of which nothing follows but its CQE, nor from that, but
 * for letting go of the ring's lock; false when something does, and nothing is done.
 */
static __always_inline bool cring_post_locked(struct cring_comp *comp,
					      struct cring_req *req)
{
	struct cring_ring *ring = comp->ring;

	if (unlikely(!cring_req_is_plain(ring, req) ||
		     !cring_comp_is_plain(ring)))
		return false;
	cring_finish_plain(comp, req);
	cring_at(CRING_AT_PUBLISH, ring, NULL);
	cring_cq_publish(ring, READ_ONCE(ring->accepted) - ring->finished);
	return true;
}

/* the same, all of it */
static __always_inline bool cring_post_plain(struct cring_req *req)
{
	struct cring_comp comp = { .ring = req->ring };
	struct cring_ring *ring = req->ring;
	bool posted;

	spin_lock_irqsave(&ring->lock, comp.irqflags);
	posted = cring_post_locked(&comp, req);
	/* as in cring_comp_begin(): the last CQE must not take the ring along */
	if (likely(posted))
		refcount_inc(&ring->refs);
	spin_unlock_irqrestore(&ring->lock, comp.irqflags);
	return posted;
}

/**
 * cring_complete_plain - post the CQE of one request if nothing follows from it
 * @req: a request that the caller owns, its result in @req->res
 *
 * Context: any, no cring lock held.
 * Return: true when it is done; false when it takes a session.
 */
bool cring_complete_plain(struct cring_req *req)
{
	struct cring_ring *ring = req->ring;

	if (unlikely(!cring_post_plain(req)))
		return false;
	cring_cq_wake(ring, true);
	if (cring_req_drop(req) && cring_req_strip_last(req, false))
		llist_add(&req->free_node, &ring->freed);
	cring_ring_put(ring);
	return true;
}

/**
 * cring_complete_locked - post the CQE of one request in a worker, which keeps the ring
 * @comp: its @ring, its @irqflags, and @sync are set
 * @req: a request that the caller owns, its result in @req->res
 *
 * Context: a worker; releases cring_ring.lock.
 */
void cring_complete_locked(struct cring_comp *comp, struct cring_req *req)
	__releases(&comp->ring->lock)
{
	struct cring_ring *ring = comp->ring;

	if (unlikely(!cring_post_locked(comp, req))) {
		/* what cring_comp_end() gives back */
		refcount_inc(&ring->refs);
		cring_finish(comp, req);
		cring_comp_end(comp);
		return;
	}
	spin_unlock_irqrestore(&ring->lock, comp->irqflags);
	cring_cq_wake(ring, true);
	if (cring_req_drop(req) && cring_req_strip_last(req, comp->sync))
		llist_add(&req->free_node, &ring->freed);
}

/**
 * cring_complete - post the CQE of one request, in a session of its own
 * @req: a request that the caller owns
 * @res: its result
 *
 * Context: any, no cring lock held.
 */
void cring_complete(struct cring_req *req, s32 res)
{
	struct cring_comp comp;

	req->res = res;
	if (likely(cring_complete_plain(req)))
		return;
	cring_comp_begin(&comp, req->ring);
	cring_finish(&comp, req);
	cring_comp_end(&comp);
}

/**
 * cring_complete_todo - end requests that a cancel has claimed
 * @ring: whose they are
 * @todo: claimed requests by @node, results in @res; emptied
 *
 * What was armed leaves its wait queues when it is given back, after its CQE: a
 * wake-up meanwhile finds it claimed, and has nothing to do.
 *
 * Context: any, no cring lock held.
 */
void cring_complete_todo(struct cring_ring *ring, struct list_head *todo)
{
	struct cring_req *req, *next;
	struct cring_comp comp;

	if (list_empty(todo))
		return;
	/* providers' locks: not under the ring's */
	list_for_each_entry(req, todo, node)
		if (cring_req_wants_back(req))
			cring_op_get(req->opcode)->cancel(req);
	cring_comp_begin(&comp, ring);
	list_for_each_entry_safe(req, next, todo, node) {
		list_del(&req->node);
		cring_finish(&comp, req);
	}
	cring_comp_end(&comp);
}
