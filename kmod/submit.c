// SPDX-License-Identifier: GPL-2.0
/*
 * Submission: accept a batch of SQEs, then try each operation.
 *
 * The whole batch is accepted (accept.c); only then is it published, and its
 * first operation tried.  So a chain is taken whole or not at all, and a cancel from
 * another thread finds what has not been tried yet and stops it.
 */
#include <linux/blkdev.h>
#include <linux/sched/signal.h>

#include "cring.h"
#include "point.h"
#include "quick.h"
#include "submit.h"

static void cring_publish(struct cring_accept *a)
{
	struct cring_ring *ring = a->ring;
	bool drain = a->drain || ring->drain;
	bool past = a->deadlines && a->first <= a->now;

	if (unlikely(drain)) {
		cring_accept_idents(a);
		cring_drain_mark(ring->batch, a->nr);
		spin_lock_irq(&ring->lock);
		cring_drain_begin(ring);
		cring_announce(ring, a->nr);
		spin_unlock_irq(&ring->lock);
	} else {
		cring_announce(ring, a->nr);
	}
	/* what waits for others of its batch to be tried; one alone does not */
	if (unlikely(a->deadlines) && (a->nr > 1 || past))
		cring_deadline_batch(ring, a->first);
	if (unlikely(past))
		cring_deadline_expire(ring, a->now);
	cring_announced(ring, a->nr);
}

/* as many as make it worth while */
#define CRING_PLUG_MIN		3

/**
 * cring_plug - a batch's request to a device may wait for the next one
 * @ring: whose operation is about to be handed to a device
 *
 * The block layer then merges what is adjacent, and hands the rest over at once,
 * when the batch is through or its submitter goes to sleep.  Not with a window,
 * whose places are those of requests that a device has.
 *
 * Context: a thread of the owner that tries an operation.
 */
void cring_plug(struct cring_ring *ring)
{
	/* only in the batch: another thread of the owner, which waits, is not */
	if (READ_ONCE(ring->plugger) == current && !current->plug &&
	    !READ_ONCE(ring->window))
		blk_start_plug(ring->plug);
}

/**
 * cring_batch_ran - see to what an operation has made ready, or has cancelled
 * @ring: the submitter's
 * @batch: its batch
 *
 * Before the next one is tried, which may sleep.
 *
 * Context: the submitter, under submit_mutex; may sleep.
 */
void cring_batch_ran(struct cring_ring *ring, struct cring_batch *batch)
{
	if (likely(list_empty(&ring->ready)))
		return;
	cring_direct_settle(ring);
	if (batch->flush)
		cring_batch_flush(ring, batch);
	cring_run_ready_list(ring);
}

/* nothing has ended, so nothing follows from that; false when something may */
static bool cring_batch_publish(struct cring_ring *ring)
{
	bool over;

	spin_lock_irq(&ring->lock);
	over = !ring->drain && list_empty(&ring->windowed) &&
	       list_empty(&ring->counted);
	if (likely(over)) {
		ring->batch_expires = KTIME_MAX;
		cring_cq_publish(ring, ring->accepted - ring->finished);
	}
	spin_unlock_irq(&ring->lock);
	return over;
}

/**
 * cring_batch_post - post what is left when all of a batch was tried
 * @ring: the submitter's
 * @batch: its batch; emptied
 *
 * Also when nothing is: it publishes how many are in flight.
 *
 * Context: the submitter, under submit_mutex.
 */
void cring_batch_post(struct cring_ring *ring, struct cring_batch *batch)
{
	struct cring_comp comp = CRING_COMP_OWN(ring);

	if (cring_batch_empty(batch) && cring_batch_publish(ring))
		return;
	cring_comp_begin_own(&comp);
	cring_batch_finish(&comp, batch);
	if (unlikely(ring->drain))
		cring_drain_end(ring);
	/* what waits now is found, and by its deadline, too */
	ring->batch_expires = KTIME_MAX;
	cring_comp_end(&comp);
}

static void cring_issue_batch(struct cring_ring *ring, u32 nr, bool deadlines)
{
	struct cring_req *req = NULL;
	struct cring_batch batch;
	struct blk_plug plug;

	cring_batch_init(&batch, true);
	batch.nr = nr;
	batch.deadlines = deadlines;
	if (nr >= CRING_PLUG_MIN) {
		ring->plug = &plug;
		WRITE_ONCE(ring->plugger, current);
	}
	while (req || (req = cring_batch_next(ring, &batch))) {
		if (req->quick) {
			req = cring_quick_issue(ring, req, &batch);
			/* it has come to what is not, and left nothing to do */
			if (req)
				continue;
		} else {
			cring_issue(req, CRING_HOW_INLINE, &batch);
			req = NULL;
		}
		cring_batch_ran(ring, &batch);
	}

	WRITE_ONCE(ring->plugger, NULL);
	if (current->plug == &plug)
		cring_direct_unplug(ring, &batch);
	cring_direct_settle(ring);

	cring_batch_post(ring, &batch);
	cring_batch_over(ring);
}

static void cring_note_submitter(struct cring_ring *ring)
{
	struct task_struct *old = ring->task;

	/* a kernel caller's threads run no task work of ours, nor does ours */
	if (likely(old == current) || ring->in_kernel || ring->sq_thread)
		return;
	spin_lock_irq(&ring->queue_lock);
	ring->task = get_task_struct(current);
	spin_unlock_irq(&ring->queue_lock);
	if (old)
		put_task_struct(old);
}

/**
 * cring_submit_batch - accept SQEs as a batch, and try them
 * @ring: the caller's
 * @over: so many of the same call are over already
 * @want: how many at most, with these
 *
 * Context: as cring_submit(), under submit_mutex.
 * Return: as cring_submit(), with those that were over.
 */
struct cring_taken cring_submit_batch(struct cring_ring *ring, u32 over,
				      u32 want)
{
	struct cring_accept a = { .ring = ring };
	struct cring_taken taken;

	lockdep_assert_held(&ring->submit_mutex);
	atomic_inc(&ring->nr_trying);
	taken.short_of_slots = cring_accept(&a, want - over);
	if (a.nr) {
		cring_publish(&a);
		cring_issue_batch(ring, a.nr, a.deadlines);
	}
	atomic_dec(&ring->nr_trying);
	taken.nr = over + a.nr;
	if (!taken.nr && taken.short_of_slots)
		taken.nr = -EBUSY;
	return taken;
}

/* a read; what was looked up for it is what accept.c begins with */
static struct cring_taken cring_submit_one(struct cring_ring *ring)
{
	const struct cring_sqe *sqe = cring_sq_first(ring);
	const union cring_quick_head head = { .word = cring_quick_word(sqe) };

	/* a ring's own thread looks up no file for it */
	if (!ring->sq_thread && cring_quick_head(head) &&
	    cring_quick_one(ring, sqe, head) != CRING_ONE_LOOKED)
		return (struct cring_taken) { .nr = 1 };
	return cring_submit_batch(ring, 0, 1);
}

/* what is short goes the short way, at the head of what is submitted or its end */
static struct cring_taken cring_submit_some(struct cring_ring *ring, u32 nr)
{
	u32 cancels = cring_cancels(ring, nr), first = nr - cancels;
	struct cring_taken taken = { .nr = cring_nops(ring, first) };

	if (taken.nr < first)
		taken = cring_submit_batch(ring, taken.nr, first);
	if (!cancels || taken.nr != first)
		return taken;
	while (taken.nr < nr && cring_cancel_now(ring))
		if (!(++taken.nr % CRING_BREAK))
			cond_resched();
	if (taken.nr < nr) {
		/* what is left may sleep */
		cring_run_ready(ring);
		taken = cring_submit_batch(ring, taken.nr, nr);
	}
	return taken;
}

/* what comes in pairs is over first */
static struct cring_taken cring_submit_all(struct cring_ring *ring, u32 nr)
{
	u32 pairs = cring_pairs(ring, nr);
	struct cring_taken taken = {};

	/* what is left may sleep */
	if (unlikely(pairs))
		cring_run_ready(ring);
	if (pairs < nr)
		taken = cring_submit_some(ring, nr - pairs);
	if (unlikely(pairs))
		taken.nr = pairs + max(taken.nr, 0);
	return taken;
}

/**
 * cring_submit_locked - cring_submit() under submit_mutex
 * @ring: the caller's; no thread takes what is in its SQ, or this one does
 * @to_submit: how many at most, one at least
 *
 * The caller runs the ready list when it has let go of the mutex.
 *
 * Context: a thread of the owner, or the ring's; may sleep in a file's method.
 * Return: as cring_submit(), but not -EINTR.
 */
struct cring_taken cring_submit_locked(struct cring_ring *ring, u32 to_submit)
{
	struct cring_taken taken = {};
	u32 avail, cancels;

	lockdep_assert_held(&ring->submit_mutex);
	/* before the SQEs it announces are read */
	avail = smp_load_acquire(&ring->shared->sq_tail) - ring->sq_head;
	if (unlikely(avail > ring->sq_mask + 1)) {
		taken.nr = -EINVAL;
	} else if (unlikely(READ_ONCE(ring->shut))) {
		taken.nr = -EBADFD;
	} else {
		cring_at(CRING_AT_ACCEPT, ring, NULL);
		cring_note_submitter(ring);
		cancels = atomic_read(&ring->cancels);
		avail = min(to_submit, avail);
		if (avail == 1 &&
		    cring_quick_opcode(READ_ONCE(cring_sq_first(ring)->opcode)))
			taken = cring_submit_one(ring);
		else if (avail)
			taken = cring_submit_all(ring, avail);
		ring->cancels_seen = cancels;
	}
	return taken;
}

/**
 * cring_submit - accept SQEs and try them
 * @ring: the caller's
 * @to_submit: how many at most
 *
 * Context: a thread of the owner, or the ring's; may sleep in a file's method.
 * Return: in @nr how many were accepted; -EBUSY when slots were too few for the
 * first one or its chain, -EINVAL when user space's tail is not within the queue,
 * -EBADFD when the owner has closed the ring, -EINTR when killed.
 */
struct cring_taken cring_submit(struct cring_ring *ring, u32 to_submit)
{
	struct cring_taken taken = {};

	if (unlikely(ring->sq_thread) && ring->sq_thread != current)
		return cring_sq_submit(ring, to_submit);
	/* nothing to wait for behind another thread that submits */
	if (to_submit) {
		if (mutex_lock_killable(&ring->submit_mutex))
			return (struct cring_taken) { .nr = -EINTR };
		taken = cring_submit_locked(ring, to_submit);
		mutex_unlock(&ring->submit_mutex);
	}
	cring_run_ready(ring);
	return taken;
}
