/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What most cancels mean: a poll that is armed.  It is found, claimed and posted in
 * one step, inlined into who cancels at the end of a submit call (cancel_now.c) or in
 * the synchronous one (cancel_sync.c).  What is more than that is for cancel.c.
 */
#ifndef _CRING_ARMED_H
#define _CRING_ARMED_H

#include "circle.h"
#include "point.h"

/*
 * The first match of one key, if it is the first that is looked at; else NULL, and
 * cring_find_few() is to look.
 */
static __always_inline struct cring_req *
cring_find_first(struct cring_ring *ring, enum cring_by by, u64 value,
		 u64 before)
{
	struct cring_req *req = NULL;

	lockdep_assert_held(&ring->lock);
	if (ring->nr_settled)
		req = cring_lookup(ring, by, value);
	/* what is young is younger */
	if (!req)
		req = cring_young_first(ring);
	if (!req || cring_value(req, by) != value || req->ticket >= before ||
	    req->opcode == CRING_OP_ASYNC_CANCEL)
		return NULL;
	return req;
}

/*
 * Claim a poll that is armed, and post its CQE; false when it is something else, or
 * more follows from its end.  What its own flags say of success does not matter.
 */
static __always_inline bool cring_armed_stop(struct cring_comp *comp,
					     struct cring_req *req)
{
	struct cring_ring *ring = comp->ring;
	/* what the state says of the record comes after it */
	u64 word = atomic64_read_acquire(&req->word);

	cring_at(CRING_AT_CANCEL, ring, req);
	if (cring_word_state(word) != CRING_ARMED ||
	    req->opcode != CRING_OP_POLL_ADD || req->flags ||
	    req->lflags != CRING_REQL_INDEXED || !list_empty(&req->chain) ||
	    ring->drain || ring->in_kernel)
		return false;
	if (!cring_word_claim(&req->word, word))
		return false;
	if (likely(cring_is_young(req)))
		cring_young_leave(ring, req);
	else
		cring_index_leave(req);
	req->lflags = 0;
	cring_post_alone(comp, req->user_data, -ECANCELED,
			 CRING_CQE_F_NOT_STARTED);
	cring_word_done(&req->word);
	req->free_node.next = comp->armed;
	comp->armed = &req->free_node;
	return true;
}

/**
 * cring_cancel_first - cancel the first match of one key, if it is found at once
 * @comp: the session
 * @by: user_data or file
 * @value: its value
 * @before: tickets below this one
 * @told: set to the match when it was told to stop
 *
 * Context: in a session.
 * Return: 0 or -EALREADY; -EAGAIN when nothing was done.
 */
static __always_inline s32
cring_cancel_first(struct cring_comp *comp, enum cring_by by, u64 value,
		   u64 before, struct cring_req **told)
{
	struct cring_req *req = cring_find_first(comp->ring, by, value, before);

	if (unlikely(!req))
		return -EAGAIN;
	if (likely(cring_armed_stop(comp, req)))
		return 0;
	return cring_cancel_found(comp, req, NULL, false, told);
}

/* as cring_comp_end(), of a session that cring_comp_begin_own() has begun */
static __always_inline void cring_comp_end_own(struct cring_comp *comp)
	__releases(&comp->ring->lock)
{
	struct cring_ring *ring = comp->ring;

	if (unlikely(!list_empty(&ring->counted) ||
		     !list_empty(&ring->windowed) || ring->drain ||
		     ring->sq_thread || comp->release)) {
		cring_comp_end(comp);
		return;
	}
	cring_at(CRING_AT_PUBLISH, ring, NULL);
	cring_cq_publish(ring, READ_ONCE(ring->accepted) - ring->finished);
	spin_unlock_irq(&ring->lock);
	if (likely(comp->posted))
		cring_cq_wake(ring, true);
	if (likely(comp->armed))
		cring_armed_release(comp);
}

#endif /* _CRING_ARMED_H */
