// SPDX-License-Identifier: GPL-2.0
/*
 * Find what a cancel means in the index.
 *
 * All matches are in each of the circles that the cancel's keys name, in the
 * same order.  So those are walked side by side: whichever comes to a match
 * first, it is the same one, and when the shortest is through there is none.
 *
 * A walk that is long lets go of the ring's lock now and then.  The ring knows
 * its places meanwhile: what leaves the index hands a place that it is in on to
 * its neighbour.  What enters does so behind the last place, so a walk comes to
 * nothing but what was there when it began, and to all of that.  There is one
 * such walk at a time, under cancel_mutex.
 */
#include <linux/sched.h>

#include "circle.h"
#include "point.h"

static struct cring_req *cring_younger(const struct cring_req *req,
				       enum cring_by by)
{
	return cring_linked(req->ring, req->keys[by].younger);
}

static struct cring_req *cring_older(const struct cring_req *req,
				     enum cring_by by)
{
	return cring_linked(req->ring, req->keys[by].older);
}

/* all of one circle */
static void cring_walk_place(struct cring_walk *walk, unsigned int i, u64 value)
{
	enum cring_by by = walk->by[i];
	struct cring_req *first = cring_index_first(walk->ring, by, value);

	walk->at[i] = first;
	walk->last[i] = first ? cring_older(first, by) : NULL;
}

static void cring_walk_step(struct cring_walk *walk, unsigned int i)
{
	struct cring_req *req = walk->at[i];

	walk->at[i] = req == walk->last[i] ? NULL :
		      cring_younger(req, walk->by[i]);
}

/* all of each circle; of ANY, those of one opcode */
static void cring_walk_enter(struct cring_walk *walk)
{
	unsigned int i;

	for (i = 0; i < walk->nr; i++)
		cring_walk_place(walk, i,
				 cring_filter_value(walk->filter, walk->by[i],
						    walk->opcode));
}

/* an opcode's only when no other is named */
static void cring_walk_begin(struct cring_walk *walk, struct cring_ring *ring,
			     const struct cring_filter *filter)
{
	walk->ring = ring;
	walk->filter = filter;
	walk->opcode = filter->flags & CRING_ASYNC_CANCEL_ANY ?
		       0 : filter->opcode;
	walk->nr = 0;
	walk->over = 0;
	if (cring_by_user_data(filter->flags))
		walk->by[walk->nr++] = CRING_BY_USER_DATA;
	if (filter->flags & CRING_ASYNC_CANCEL_FD)
		walk->by[walk->nr++] = CRING_BY_FILE;
	if (filter->flags & CRING_ASYNC_CANCEL_GROUP)
		walk->by[walk->nr++] = CRING_BY_GROUP;
	if (!walk->nr)
		walk->by[walk->nr++] = CRING_BY_OP;
}

/* one circle is through: is there another opcode? */
static bool cring_walk_more(struct cring_walk *walk)
{
	if (!(walk->filter->flags & CRING_ASYNC_CANCEL_ANY))
		return false;
	while (++walk->opcode < CRING_NR_OPS) {
		if (!cring_index_has_op(walk->ring, walk->opcode))
			continue;
		cring_walk_enter(walk);
		return true;
	}
	return false;
}

/*
 * Look at CRING_BREAK requests or a few more.  True when that was all: @found is
 * the first match, or @over says which of the circles was the shortest.
 */
static bool cring_walk_some(struct cring_walk *walk, struct cring_req **found)
{
	unsigned int n = 0, i;

	while (n < CRING_BREAK) {
		for (i = 0; i < walk->nr && walk->at[i]; i++) {
			struct cring_req *req = walk->at[i];

			if (found && cring_filter_matches(walk->filter, req)) {
				*found = req;
				return true;
			}
			cring_walk_step(walk, i);
			n++;
		}
		if (i < walk->nr && !cring_walk_more(walk)) {
			walk->over = i;
			return true;
		}
	}
	return false;
}

/* the same, all of it; lets go of the lock and takes it again */
static void cring_walk_all(struct cring_walk *walk, struct cring_req **found)
	__must_hold(&walk->ring->lock)
{
	struct cring_ring *ring = walk->ring;

	lockdep_assert_held(&ring->cancel_mutex);
	lockdep_assert_held(&ring->lock);
	cring_walk_enter(walk);
	while (!cring_walk_some(walk, found)) {
		ring->walk = walk;
		spin_unlock_irq(&ring->lock);
		cring_at(CRING_AT_BREAK, ring, NULL);
		cond_resched();
		spin_lock_irq(&ring->lock);
		ring->walk = NULL;
	}
}

/**
 * cring_walk_circle - begin a walk through all of one circle
 * @walk: the caller's; it is cring_ring.walk whenever the lock is let go of
 * @ring: where
 * @by: which key
 * @value: its value
 *
 * Context: cring_ring.lock, and cancel_mutex until the walk is over.
 */
void cring_walk_circle(struct cring_walk *walk, struct cring_ring *ring,
		       enum cring_by by, u64 value)
{
	lockdep_assert_held(&ring->cancel_mutex);
	lockdep_assert_held(&ring->lock);
	*walk = (struct cring_walk) { .ring = ring, .nr = 1, .by = { by } };
	cring_walk_place(walk, 0, value);
}

/**
 * cring_walk_next - the next one in a walk through one circle
 * @walk: begun by cring_walk_circle()
 *
 * Context: cring_ring.lock, cancel_mutex.
 * Return: a request in the index, or NULL when all were passed that were there
 * when the walk began.
 */
struct cring_req *cring_walk_next(struct cring_walk *walk)
{
	struct cring_req *req = walk->at[0];

	if (req)
		cring_walk_step(walk, 0);
	return req;
}

/**
 * cring_walk_leave - a request leaves a circle in which somebody may be walking
 * @walk: cring_ring.walk
 * @req: still in that circle
 * @by: which
 *
 * Context: cring_ring.lock.
 */
void cring_walk_leave(struct cring_walk *walk, const struct cring_req *req,
		      enum cring_by by)
{
	unsigned int i;

	for (i = 0; i < walk->nr; i++) {
		if (walk->by[i] != by || !walk->at[i])
			continue;
		if (walk->at[i] == req)
			cring_walk_step(walk, i);
		else if (walk->last[i] == req)
			walk->last[i] = cring_older(req, by);
	}
}

/* there is one at most, and no circle */
static struct cring_req *cring_find_ticket(struct cring_ring *ring,
					   const struct cring_filter *filter)
{
	struct cring_req *req = cring_index_ticket(ring, filter->ticket);

	return req && cring_filter_matches(filter, req) ? req : NULL;
}

/* behind all that is settled */
static noinline struct cring_req *
cring_find_young(struct cring_ring *ring, const struct cring_filter *filter)
{
	struct cring_req *req;

	while ((req = cring_young_first(ring))) {
		if (cring_filter_matches(filter, req))
			break;
		cring_young_settle(req);
	}
	return req;
}

/* the same walk in one circle, but for what is only there to walk several */
static noinline struct cring_req *
cring_find_circle(const struct cring_filter *filter, enum cring_by by,
		  struct cring_req *first, bool *over)
{
	struct cring_req *req = first;
	unsigned int n = 0;

	do {
		if (cring_filter_matches(filter, req))
			return req;
		if (++n == CRING_BREAK) {
			*over = false;
			return NULL;
		}
		req = cring_younger(req, by);
	} while (req != first);
	return cring_find_young(first->ring, filter);
}

/* most cancels name one key, and so one circle */
static __always_inline struct cring_req *
cring_find_in(struct cring_ring *ring, const struct cring_filter *filter,
	      enum cring_by by, u64 value, bool *over)
{
	struct cring_req *first = cring_index_settled(ring, by, value);

	if (first)
		return cring_find_circle(filter, by, first, over);
	return cring_find_young(ring, filter);
}

/* the same in several circles; its frame is large */
static noinline_for_stack struct cring_req *
cring_find_walk(struct cring_ring *ring, const struct cring_filter *filter,
		bool *over)
{
	struct cring_req *found = NULL;
	struct cring_walk walk;

	cring_walk_begin(&walk, ring, filter);
	cring_walk_enter(&walk);
	*over = cring_walk_some(&walk, &found);
	return found;
}

/**
 * cring_find_few - the first match in the index, if that takes not long
 * @ring: where
 * @filter: what is meant
 * @over: set when the answer is final; else cring_find() has it
 *
 * Context: cring_ring.lock.
 * Return: the request, or NULL.
 */
struct cring_req *cring_find_few(struct cring_ring *ring,
				 const struct cring_filter *filter, bool *over)
{
	lockdep_assert_held(&ring->lock);
	*over = true;
	switch (filter->flags & (CRING_CANCEL_KEYS | CRING_ASYNC_CANCEL_ANY)) {
	case 0:
	case CRING_ASYNC_CANCEL_USERDATA:
	case CRING_ASYNC_CANCEL_USERDATA | CRING_ASYNC_CANCEL_OP:
		return cring_find_in(ring, filter, CRING_BY_USER_DATA,
				     filter->user_data, over);
	case CRING_ASYNC_CANCEL_FD:
		return cring_find_in(ring, filter, CRING_BY_FILE,
				     (unsigned long)filter->file, over);
	case CRING_ASYNC_CANCEL_GROUP:
		return cring_find_in(ring, filter, CRING_BY_GROUP,
				     filter->group, over);
	}
	if (filter->flags & CRING_ASYNC_CANCEL_TICKET)
		return cring_find_ticket(ring, filter);
	return cring_find_walk(ring, filter, over);
}

/**
 * cring_find - the first match in the index
 * @ring: where
 * @filter: what is meant; no ticket
 *
 * Context: process, may sleep; cancel_mutex, and cring_ring.lock, which is let
 * go of now and then, but not after the request was looked at.
 * Return: the request, or NULL.
 */
struct cring_req *cring_find(struct cring_ring *ring,
			     const struct cring_filter *filter)
{
	struct cring_req *found = NULL;
	struct cring_walk walk;

	cring_walk_begin(&walk, ring, filter);
	cring_walk_all(&walk, &found);
	return found;
}

/**
 * cring_find_by - which circle of the index has all matches, and few others
 * @ring: where
 * @filter: what is meant
 *
 * Of those that the filter names the shortest, and an opcode's only when it
 * names no other; costs no more than walking that one.  What was young is in its
 * circles then, so cring_index_has_op() tells of it.
 *
 * Context: process, may sleep; cancel_mutex, no other cring lock but
 * submit_mutex.
 * Return: its key.
 */
enum cring_by cring_find_by(struct cring_ring *ring,
			    const struct cring_filter *filter)
{
	struct cring_walk walk;

	cring_walk_begin(&walk, ring, filter);
	spin_lock_irq(&ring->lock);
	/* all that is in the index now, and that left the batch before it was looked at */
	cring_index_settle(ring);
	if (walk.nr > 1)
		cring_walk_all(&walk, NULL);
	spin_unlock_irq(&ring->lock);
	cring_at(CRING_AT_CIRCLE, ring, NULL);
	return walk.by[walk.over];
}
