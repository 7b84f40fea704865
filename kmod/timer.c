// SPDX-License-Identifier: GPL-2.0
/*
 * Timeouts: TIMEOUT, LINK_TIMEOUT, TIMEOUT_REMOVE.
 *
 * A ring has one hrtimer a clock, set to the soonest of the requests on that
 * clock's queue.  Adding and removing touch the queue under cring_ring.lock;
 * a timer left running for a request that is gone fires for nothing, so that
 * no completion ever waits for a timer's callback.
 */
#include "cring.h"

/* requests that one callback takes before it lets go of the lock */
#define CRING_TIMER_BURST	64

static ktime_t cring_clock_now(u32 clock)
{
	switch (clock) {
	case CRING_CLOCK_BOOTTIME:
		return ktime_get_boottime();
	case CRING_CLOCK_REALTIME:
		return ktime_get_real();
	default:
		return ktime_get();
	}
}

/* set the clock's timer to its first request; under cring_ring.lock */
static void cring_clock_start(struct cring_clock *clock)
{
	struct timerqueue_node *first = timerqueue_getnext(&clock->queue);

	if (first)
		hrtimer_start(&clock->hrtimer, first->expires,
			      HRTIMER_MODE_ABS_SOFT);
}

static struct cring_clock *cring_timer_clock(const struct cring_req *req)
{
	return &req->ring->clocks[req->timer.clock];
}

/* completions that a TIMEOUT counts: all but TIMEOUTs; wraps at 2^32 */
static u32 cring_completions(const struct cring_ring *ring)
{
	return ring->finished - ring->timeouts_finished;
}

static void cring_counted_add(struct cring_req *req)
{
	struct cring_ring *ring = req->ring;
	u32 now = cring_completions(ring);
	struct cring_req *other;

	req->timer.due = now + req->timer.count;
	list_for_each_entry_reverse(other, &ring->counted, count_node)
		if (other->timer.due - now <= req->timer.due - now)
			break;
	list_add(&req->count_node, &other->count_node);
	WRITE_ONCE(ring->counting, true);
}

static void cring_counted_del(struct cring_req *req)
{
	struct cring_ring *ring = req->ring;

	if (list_empty(&req->count_node))
		return;
	list_del_init(&req->count_node);
	WRITE_ONCE(ring->counting, !list_empty(&ring->counted));
}

/**
 * cring_timer_add - start the time of a TIMEOUT or LINK_TIMEOUT
 * @req: just ARMED
 *
 * Context: cring_ring.lock.
 */
void cring_timer_add(struct cring_req *req)
{
	struct cring_clock *clock = cring_timer_clock(req);

	lockdep_assert_held(&req->ring->lock);
	timerqueue_init(&req->tnode);
	req->tnode.expires = req->timer.time;
	if (!(req->timer.flags & CRING_TIMEOUT_ABS))
		req->tnode.expires =
			ktime_add_safe(cring_clock_now(req->timer.clock),
				       req->timer.time);
	cring_lflags_set(req, CRING_REQL_TIMER);
	if (timerqueue_add(&clock->queue, &req->tnode))
		cring_clock_start(clock);
	INIT_LIST_HEAD(&req->count_node);
	if (req->timer.count)
		cring_counted_add(req);
}

/**
 * cring_timer_del - stop the time of a TIMEOUT or LINK_TIMEOUT
 * @req: on a queue, claimed by the caller
 *
 * Context: cring_ring.lock.
 */
void cring_timer_del(struct cring_req *req)
{
	lockdep_assert_held(&req->ring->lock);
	timerqueue_del(&cring_timer_clock(req)->queue, &req->tnode);
	cring_counted_del(req);
	cring_lflags_clear(req, CRING_REQL_TIMER);
}

static void cring_timer_claim(struct cring_req *req)
{
	cring_timer_del(req);
	/* a timer's ARMED is only left under the lock we hold */
	cring_word_own(&req->word, CRING_CLAIMED);
}

/**
 * cring_timer_counted - end the TIMEOUTs whose completion count is reached
 * @comp: a session
 *
 * Context: in a session.
 */
void cring_timer_counted(struct cring_comp *comp)
{
	struct cring_ring *ring = comp->ring;
	struct cring_req *req;

	while (!list_empty(&ring->counted)) {
		req = list_first_entry(&ring->counted, struct cring_req,
				       count_node);
		if ((s32)(cring_completions(ring) - req->timer.due) < 0)
			break;
		cring_timer_claim(req);
		req->res = 0;
		cring_finish(comp, req);
	}
}

/* LINK_TIMEOUT: stop what it watches; under cring_ring.lock */
static void cring_timer_fire_link(struct cring_req *req, struct list_head *todo)
{
	struct cring_req *target = req->timer.target;
	int ret = -ENOENT;

	cring_chain_cut(req, false, NULL);
	if (target)
		ret = cring_cancel_one(target, todo);
	req->res = ret ?: -ETIME;
}

/**
 * cring_timer_expire - end the TIMEOUTs and LINK_TIMEOUTs whose time has come
 * @clock: a ring's clock
 * @now: the time on it
 *
 * Context: any, no cring lock held.
 */
void cring_timer_expire(struct cring_clock *clock, ktime_t now)
{
	struct cring_ring *ring = clock->ring;
	struct timerqueue_node *node;
	unsigned long irqflags;
	unsigned int n = 0;
	LIST_HEAD(todo);

	spin_lock_irqsave(&ring->lock, irqflags);
	while (n++ < CRING_TIMER_BURST &&
	       (node = timerqueue_getnext(&clock->queue))) {
		struct cring_req *req = container_of(node, struct cring_req,
						     tnode);

		if (node->expires > now)
			break;
		cring_timer_claim(req);
		req->res = -ETIME;
		if (req->opcode == CRING_OP_LINK_TIMEOUT)
			cring_timer_fire_link(req, &todo);
		list_add_tail(&req->node, &todo);
	}
	/* also from here, with the lock held, so that no start is lost */
	cring_clock_start(clock);
	spin_unlock_irqrestore(&ring->lock, irqflags);
	cring_complete_todo(ring, &todo);
}

static enum hrtimer_restart cring_timer_fn(struct hrtimer *hrtimer)
{
	struct cring_clock *clock = container_of(hrtimer, struct cring_clock,
						 hrtimer);

	cring_timer_expire(clock, cring_clock_now(clock - clock->ring->clocks));
	return HRTIMER_NORESTART;
}

/**
 * cring_timer_init - no timeouts yet
 * @ring: being set up
 */
void cring_timer_init(struct cring_ring *ring)
{
	static const clockid_t ids[CRING_NR_CLOCKS] = {
		[CRING_CLOCK_MONOTONIC] = CLOCK_MONOTONIC,
		[CRING_CLOCK_BOOTTIME] = CLOCK_BOOTTIME,
		[CRING_CLOCK_REALTIME] = CLOCK_REALTIME,
	};
	unsigned int i;

	INIT_LIST_HEAD(&ring->counted);
	for (i = 0; i < CRING_NR_CLOCKS; i++) {
		ring->clocks[i].ring = ring;
		timerqueue_init_head(&ring->clocks[i].queue);
		cring_hrtimer_init(&ring->clocks[i].hrtimer, ids[i],
				   cring_timer_fn);
	}
}

/**
 * cring_timer_exit - the end of the timers
 * @ring: nothing in flight
 *
 * Context: process; waits for callbacks.
 */
void cring_timer_exit(struct cring_ring *ring)
{
	unsigned int i;

	for (i = 0; i < CRING_NR_CLOCKS; i++)
		hrtimer_cancel(&ring->clocks[i].hrtimer);
}

/* the time at @addr, by the clock that the flags name */
static int cring_timer_time(struct cring_req *req, u64 addr)
{
	struct cring_timer *timer = &req->timer;
	int ret;

	ret = cring_clock_of(timer->flags, &timer->clock) ?:
	      cring_timespec_get(addr, &timer->time);
	if (!ret && timer->flags & CRING_TIMEOUT_ABS)
		timer->time = cring_clock_host(req->ring, timer->clock,
					       timer->time);
	return ret;
}

static int cring_timer_prep(struct cring_req *req, const struct cring_sqe *sqe,
			    u32 known)
{
	if (sqe->ioprio || sqe->buf_index || sqe->fd_in || sqe->len != 1 ||
	    sqe->timeout_flags & ~known)
		return -EINVAL;
	req->timer = (struct cring_timer) {
		.count = sqe->off,
		.flags = sqe->timeout_flags,
	};
	return cring_timer_time(req, sqe->addr);
}

static int cring_timeout_prep(struct cring_req *req,
			      const struct cring_sqe *sqe)
{
	/* counted modulo 2^32: farther than half of that is not ahead */
	if (sqe->off > S32_MAX)
		return -EINVAL;
	return cring_timer_prep(req, sqe, CRING_TIMEOUT_ABS |
				CRING_TIMEOUT_CLOCKS |
				CRING_TIMEOUT_ETIME_SUCCESS);
}

static enum cring_verdict cring_timeout_issue(struct cring_req *req,
					      enum cring_how how)
{
	return cring_park_or_end(req, how == CRING_HOW_WORKER ? CRING_RUNNING :
								CRING_INLINE,
				 CRING_ARMED);
}

static int cring_link_timeout_prep(struct cring_req *req,
				   const struct cring_sqe *sqe)
{
	if (sqe->off)
		return -EINVAL;
	return cring_timer_prep(req, sqe, CRING_TIMEOUT_ABS |
				CRING_TIMEOUT_CLOCKS |
				CRING_TIMEOUT_ETIME_SUCCESS);
}

/* never tried: it is armed with its target, or ends with it */
static enum cring_verdict cring_link_timeout_issue(struct cring_req *req,
						   enum cring_how how)
{
	req->res = -EINVAL;
	return CRING_V_DONE;
}

static int cring_timeout_remove_prep(struct cring_req *req,
				     const struct cring_sqe *sqe)
{
	u32 update = CRING_TIMEOUT_UPDATE | CRING_LINK_TIMEOUT_UPDATE;
	u32 flags = sqe->timeout_flags;

	if (sqe->ioprio || sqe->buf_index || sqe->fd_in || sqe->len)
		return -EINVAL;
	if (flags & ~(update | CRING_TIMEOUT_ABS | CRING_TIMEOUT_CLOCKS))
		return -EINVAL;
	req->timer = (struct cring_timer) {
		.user_data = sqe->addr,
		.flags = flags,
	};
	if (!(flags & update))
		return flags || sqe->addr2 ? -EINVAL : 0;
	return cring_timer_time(req, sqe->addr2);
}

/* the oldest timeout of that user_data; under cring_ring.lock */
static struct cring_req *cring_timeout_find(struct cring_req *remove, u8 opcode)
{
	struct cring_ring *ring = remove->ring;
	struct cring_req *first, *req;

	first = cring_index_first(ring, CRING_BY_USER_DATA,
				  remove->timer.user_data);
	for (req = first; req;
	     req = cring_index_next(req, CRING_BY_USER_DATA, first))
		if (req->opcode == opcode && req->ticket < remove->ticket)
			return req;
	return NULL;
}

static int cring_timeout_update(struct cring_req *remove, struct cring_req *req)
{
	if (!(req->lflags & CRING_REQL_TIMER))
		return -EALREADY;
	timerqueue_del(&cring_timer_clock(req)->queue, &req->tnode);
	cring_counted_del(req);
	req->timer.time = remove->timer.time;
	req->timer.clock = remove->timer.clock;
	req->timer.flags &= ~(CRING_TIMEOUT_ABS | CRING_TIMEOUT_CLOCKS);
	req->timer.flags |= remove->timer.flags &
			    (CRING_TIMEOUT_ABS | CRING_TIMEOUT_CLOCKS);
	/* an updated timeout no longer counts completions */
	req->timer.count = 0;
	cring_timer_add(req);
	return 0;
}

static enum cring_verdict cring_timeout_remove_issue(struct cring_req *req,
						     enum cring_how how)
{
	u32 flags = req->timer.flags;
	struct cring_ring *ring = req->ring;
	struct cring_req *target;
	LIST_HEAD(todo);

	spin_lock_irq(&ring->lock);
	target = cring_timeout_find(req, flags & CRING_LINK_TIMEOUT_UPDATE ?
				    CRING_OP_LINK_TIMEOUT : CRING_OP_TIMEOUT);
	if (!target)
		req->res = -ENOENT;
	else if (flags & (CRING_TIMEOUT_UPDATE | CRING_LINK_TIMEOUT_UPDATE))
		req->res = cring_timeout_update(req, target);
	else
		req->res = cring_cancel_one(target, &todo);
	spin_unlock_irq(&ring->lock);
	cring_complete_todo(ring, &todo);
	return CRING_V_DONE;
}

const struct cring_op cring_op_timeout = {
	.name = "TIMEOUT",
	.flags = CRING_OPF_WAITS,
	.prep = cring_timeout_prep,
	.issue = cring_timeout_issue,
};

const struct cring_op cring_op_link_timeout = {
	.name = "LINK_TIMEOUT",
	.flags = CRING_OPF_WAITS,
	.prep = cring_link_timeout_prep,
	.issue = cring_link_timeout_issue,
};

const struct cring_op cring_op_timeout_remove = {
	.name = "TIMEOUT_REMOVE",
	.flags = CRING_OPF_FLUSH,
	.prep = cring_timeout_remove_prep,
	.issue = cring_timeout_remove_issue,
};
