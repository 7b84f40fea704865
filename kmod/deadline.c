// SPDX-License-Identifier: GPL-2.0
/*
 * Deadlines: an operation whose time is over is cancelled, and ends in -ETIME
 * where a cancel's would end in -ECANCELED.
 *
 * A ring has one queue of deadlines and one hrtimer, set to the soonest.  A
 * request enters the queue when others can find it, so what is finished inline
 * never does; it leaves with its CQE, or when a cancel claims it.  What waits in
 * the submitter's batch for its turn enters when the soonest deadline of the
 * batch has come, which the ring remembers while the batch lasts.  A timer left
 * running for a request that is gone is not stopped: it fires once, and is set to
 * what is the soonest then.  So a program whose operations have deadlines, and
 * keep them, touches the timer about once a deadline's length.
 */
#include <linux/file.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "cring.h"
#include "point.h"

/* requests that one callback takes before it lets go of the lock */
#define CRING_DEADLINE_BURST	64

/**
 * cring_deadline_of - a deadline as user space gives it
 * @ring: the caller's
 * @ns: how long; or when, as the caller reads CLOCK_MONOTONIC
 * @absolute: when
 * @now: the time
 *
 * Context: a thread of the owner.
 * Return: CLOCK_MONOTONIC; KTIME_MAX when it is too far away to come.
 */
ktime_t cring_deadline_of(const struct cring_ring *ring, u64 ns, bool absolute,
			  ktime_t now)
{
	if (absolute)
		return ns < KTIME_MAX ?
		       cring_clock_host(ring, CRING_CLOCK_MONOTONIC, ns) :
		       KTIME_MAX;
	return ns < KTIME_MAX - now ? now + ns : KTIME_MAX;
}

/**
 * cring_deadline_past - is a request's time over?
 * @req: with a deadline
 *
 * Context: any.
 * Return: true when it is.
 */
bool cring_deadline_past(const struct cring_req *req)
{
	return READ_ONCE(req->dnode.expires) <= ktime_get();
}

/*
 * Set the timer to the first deadline.  If it is to fire before that, leave it:
 * its callback takes the lock that we hold, and looks again.
 */
static void cring_deadline_start(struct cring_ring *ring)
{
	struct timerqueue_node *node = timerqueue_getnext(&ring->deadlines.queue);
	struct hrtimer *timer = &ring->deadlines.hrtimer;
	ktime_t first = ring->batch_expires;

	if (node && node->expires < first)
		first = node->expires;
	if (first == KTIME_MAX || (hrtimer_is_queued(timer) &&
				   hrtimer_get_expires(timer) <= first))
		return;
	hrtimer_start(timer, first, HRTIMER_MODE_ABS_SOFT);
}

static bool cring_deadline_add(struct cring_req *req)
{
	if (req->lflags & CRING_REQL_DEADLINE)
		return false;
	cring_lflags_set(req, CRING_REQL_DEADLINE);
	timerqueue_init(&req->dnode);
	return timerqueue_add(&req->ring->deadlines.queue, &req->dnode);
}

/**
 * cring_deadline_arm - from now on a request's deadline can end it
 * @req: in flight, with a deadline; may be armed already
 *
 * Context: cring_ring.lock.
 */
void cring_deadline_arm(struct cring_req *req)
{
	lockdep_assert_held(&req->ring->lock);
	if (cring_deadline_add(req))
		cring_deadline_start(req->ring);
}

/* a member of a batch that was announced: a cancel may have ended it already */
static void cring_deadline_member(struct cring_req *req)
{
	/* whatever else waits is in the index, and so among the deadlines */
	enum cring_state state = cring_word_state(atomic64_read(&req->word));

	/* first: what has ended may be made blank meanwhile */
	if ((state == CRING_ACCEPTED || state == CRING_LINKED ||
	     state == CRING_INLINE) && cring_deadline_given(req))
		cring_deadline_add(req);
}

/**
 * cring_deadline_batch - from now on the deadlines of a batch can end it
 * @ring: whose batch was announced, and not tried yet
 * @first: the soonest of them
 *
 * Until cring_batch_post() forgets it.
 *
 * Context: the submitter, under submit_mutex; takes cring_ring.lock.
 */
void cring_deadline_batch(struct cring_ring *ring, ktime_t first)
{
	lockdep_assert_held(&ring->submit_mutex);
	spin_lock_irq(&ring->lock);
	ring->batch_expires = first;
	ring->batch_entered = 0;
	cring_deadline_start(ring);
	spin_unlock_irq(&ring->lock);
}

/* some of the batch whose soonest deadline has come; true when there are more */
static bool cring_deadline_enter(struct cring_ring *ring)
{
	u32 nr = ring->batch_nr;
	u32 end = min(nr, ring->batch_entered + CRING_BREAK);

	while (ring->batch_entered < end)
		cring_deadline_member(ring->batch[ring->batch_entered++]);
	if (end < nr)
		return true;
	ring->batch_expires = KTIME_MAX;
	return false;
}

/**
 * cring_deadline_del - a request has no deadline any more
 * @req: on the queue
 *
 * Context: cring_ring.lock.
 */
void cring_deadline_del(struct cring_req *req)
{
	lockdep_assert_held(&req->ring->lock);
	timerqueue_del(&req->ring->deadlines.queue, &req->dnode);
	cring_lflags_clear(req, CRING_REQL_DEADLINE);
	WRITE_ONCE(req->dnode.expires, KTIME_MAX);
}

/* its time is over: cancel it; what an earlier cancel has told says so */
static void cring_deadline_over(struct cring_req *req, struct list_head *todo)
{
	bool told = atomic64_read(&req->word) & CRING_WORD_CANCEL;
	int ret;

	cring_deadline_del(req);
	ret = cring_cancel_one(req, todo);
	if (!ret)
		req->res = cring_req_result(req, -ETIME);
	else if (ret == -EALREADY && !told)
		cring_lflags_set(req, CRING_REQL_EXPIRED);
}

/* end some of those whose time is over; true when there may be more */
static bool cring_deadline_burst(struct cring_ring *ring, ktime_t now)
{
	struct timerqueue_node *node;
	unsigned long irqflags;
	unsigned int n = 0;
	LIST_HEAD(todo);
	bool more;

	spin_lock_irqsave(&ring->lock, irqflags);
	/* all of it first: they end in the order of their deadlines */
	more = ring->batch_expires <= now && cring_deadline_enter(ring);
	while (!more && n < CRING_DEADLINE_BURST &&
	       (node = timerqueue_getnext(&ring->deadlines.queue)) &&
	       node->expires <= now) {
		cring_deadline_over(container_of(node, struct cring_req, dnode),
				    &todo);
		n++;
	}
	/* under the lock, so that no start is lost */
	cring_deadline_start(ring);
	spin_unlock_irqrestore(&ring->lock, irqflags);
	cring_complete_todo(ring, &todo);
	return more || n == CRING_DEADLINE_BURST;
}

/**
 * cring_deadline_expire - end all operations whose time is over
 * @ring: whose
 * @now: CLOCK_MONOTONIC
 *
 * Context: process, may sleep; no cring lock but submit_mutex held.
 */
void cring_deadline_expire(struct cring_ring *ring, ktime_t now)
{
	while (cring_deadline_burst(ring, now)) {
		cring_at(CRING_AT_BREAK, ring, NULL);
		cond_resched();
	}
}

static enum hrtimer_restart cring_deadline_fn(struct hrtimer *hrtimer)
{
	struct cring_ring *ring = container_of(hrtimer, struct cring_ring,
					       deadlines.hrtimer);

	/* if there are more, the timer is set to a time that is past */
	cring_deadline_burst(ring, ktime_get());
	return HRTIMER_NORESTART;
}

/**
 * cring_deadline_init - no deadlines yet
 * @ring: being set up
 */
void cring_deadline_init(struct cring_ring *ring)
{
	ring->deadlines.ring = ring;
	ring->batch_expires = KTIME_MAX;
	timerqueue_init_head(&ring->deadlines.queue);
	cring_hrtimer_init(&ring->deadlines.hrtimer, CLOCK_MONOTONIC,
			   cring_deadline_fn);
}

/**
 * cring_deadline_exit - the end of the timer
 * @ring: nothing in flight
 *
 * Context: process; waits for the callback.
 */
void cring_deadline_exit(struct cring_ring *ring)
{
	hrtimer_cancel(&ring->deadlines.hrtimer);
}

/* ---------------------------------------------------------------------------
 * CRING_IOC_DEADLINE
 */

/**
 * cring_deadline_move - give a request another deadline
 * @req: any record
 * @expires: the deadline, KTIME_MAX for none
 *
 * Context: cring_ring.lock.
 * Return: 0; -EALREADY when its end has begun; -ENOENT when its CQE is posted.
 */
int cring_deadline_move(struct cring_req *req, ktime_t expires)
{
	u64 word = atomic64_read(&req->word);
	enum cring_state state = cring_word_state(word);

	lockdep_assert_held(&req->ring->lock);
	if (!cring_state_in_flight(state))
		return -ENOENT;
	if (word & CRING_WORD_CANCEL || state == CRING_CLAIMED)
		return -EALREADY;
	cring_deadline_drop(req);
	WRITE_ONCE(req->dnode.expires, expires);
	/* at once, findable or not: whoever posts it takes it off */
	cring_deadline_park(req);
	return 0;
}

static void cring_deadline_key(const struct cring_scope *scope,
			       struct cring_cancel_key *key, ktime_t expires)
{
	struct cring_ring *ring = scope->own.ring;
	struct cring_filter filter;
	struct cring_pass pass;

	key->already = 0;
	key->res = cring_filter_init(scope, key, &filter);
	if (key->res)
		return;
	filter.before = scope->own.before;
	cring_pass_move(&pass, ring, &filter, &expires);
	key->res = cring_pass_answer(&pass);
	key->already = pass.already;
	if (filter.file)
		fput(filter.file);
}

static int cring_deadline_check(const struct cring_deadline *d)
{
	if (!d->nr || d->nr > CRING_CANCEL_MAX_KEYS || d->resv[0] || d->resv[1] ||
	    d->flags & ~(CRING_DEADLINE_ABS | CRING_DEADLINE_NONE))
		return -EINVAL;
	if (d->flags & CRING_DEADLINE_NONE &&
	    (d->deadline || d->flags & CRING_DEADLINE_ABS))
		return -EINVAL;
	return 0;
}

/**
 * cring_deadline_ioctl - CRING_IOC_DEADLINE
 * @ring: where
 * @arg: user pointer to a struct cring_deadline
 *
 * What a deadline that is past already can end has ended on return.
 *
 * Context: process, may sleep; takes no lock that a submitter holds.
 * Return: 0, -EINVAL, -EFAULT, -ENOMEM, or -EACCES when the ring may have no
 * deadlines.
 */
int cring_deadline_ioctl(struct cring_ring *ring, void __user *arg)
{
	struct cring_cancel_key one, *keys = &one;
	struct cring_scope scope;
	ktime_t now = ktime_get(), expires;
	struct cring_deadline d;
	size_t size;
	int ret = 0;
	u32 i;

	if (copy_from_user(&d, arg, sizeof(d)))
		return -EFAULT;
	if (cring_deadline_check(&d))
		return -EINVAL;
	if (!(READ_ONCE(ring->may.sqe_xflags) & CRING_SQE_X_DEADLINE))
		return -EACCES;
	expires = KTIME_MAX;
	if (!(d.flags & CRING_DEADLINE_NONE))
		expires = cring_deadline_of(ring, d.deadline,
					    d.flags & CRING_DEADLINE_ABS, now);
	size = d.nr * sizeof(*keys);
	if (d.nr > 1)
		keys = kvmalloc(size, GFP_KERNEL_ACCOUNT);
	if (!keys)
		return -ENOMEM;
	if (copy_from_user(keys, u64_to_user_ptr(d.keys), size)) {
		ret = -EFAULT;
		goto out;
	}
	ret = cring_scope_init(&scope, ring, 0);
	if (ret)
		goto out;
	for (i = 0; i < d.nr; i++) {
		cring_deadline_key(&scope, &keys[i], expires);
		cond_resched();
	}
	cring_scope_exit(&scope);
	if (expires <= now)
		cring_deadline_expire(ring, now);
	cring_run_ready(ring);
	if (copy_to_user(u64_to_user_ptr(d.keys), keys, size))
		ret = -EFAULT;
out:
	if (keys != &one)
		kvfree(keys);
	return ret;
}
