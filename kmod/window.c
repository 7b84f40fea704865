// SPDX-License-Identifier: GPL-2.0
/*
 * The dispatch window: how many direct reads and writes a ring has handed to
 * devices at once.
 *
 * A device takes what it is given, and gives nothing back before it is through
 * with it.  So what is beyond the window is held back here, where a cancel can
 * stop it: DEFERRED, on a list, in order.
 *
 * A request takes its place before it is handed to a device or to a worker that
 * does so, and keeps it until its CQE is posted, also while it is given back to
 * be tried again; one that may be let go of (detach.c), until its record is given
 * back, when no device has it any more.  The session in which that happens gives
 * the place to the oldest that waits, which goes to the ready list with it: so
 * whoever comes later cannot overtake it, and nothing is issued in an interrupt.
 *
 * Without a window a place is taken when the device has the request already,
 * under a lock that is held then anyway: it costs an increment, and a window
 * that is set later counts what is there.
 */
#include "cring.h"
#include "point.h"

static bool cring_window_room(const struct cring_ring *ring)
{
	return !ring->window || ring->in_devices < ring->window;
}

/* those that wait go first, also while they are given their places */
static bool cring_window_open(const struct cring_ring *ring)
{
	return cring_window_room(ring) && list_empty(&ring->windowed);
}

static void cring_window_take(struct cring_req *req)
{
	cring_lflags_set(req, CRING_REQL_WINDOW);
	req->ring->in_devices++;
}

/**
 * cring_window_enter - may a request be handed to a device?
 * @req: a direct read or write, the caller's
 * @async: a device will complete it, and it is counted at the latest then
 *
 * Context: who tries the request; takes cring_ring.lock if there is a window.
 * Return: true when it has its place.
 */
bool cring_window_enter(struct cring_req *req, bool async)
{
	struct cring_ring *ring = req->ring;
	bool place;

	if (async && !READ_ONCE(ring->window))
		return true;
	spin_lock_irq(&ring->lock);
	place = req->lflags & CRING_REQL_WINDOW;
	if (!place && cring_window_open(ring)) {
		cring_window_take(req);
		place = true;
	}
	spin_unlock_irq(&ring->lock);
	if (!place)
		cring_at(CRING_AT_NO_PLACE, ring, req);
	return place;
}

/**
 * cring_window_dispatched - a device has a request
 * @req: just DISPATCHED
 *
 * Context: cring_ring.lock.
 */
void cring_window_dispatched(struct cring_req *req)
{
	lockdep_assert_held(&req->ring->lock);
	if (!(req->lflags & CRING_REQL_WINDOW) &&
	    cring_op_get(req->opcode)->flags & CRING_OPF_RW)
		cring_window_take(req);
}

/**
 * cring_window_hold - hold a request back until it has a place
 * @req: the caller's, in the index
 * @from: its state, INLINE or RUNNING
 *
 * Context: cring_ring.lock.
 * Return: true when it waits.  False when it was told to stop, or has got a
 * place after all: REQL_WINDOW tells.
 */
bool cring_window_hold(struct cring_req *req, enum cring_state from)
{
	struct cring_ring *ring = req->ring;

	lockdep_assert_held(&ring->lock);
	/* it is to end, and not to hang in the device */
	if (atomic64_read(&req->word) & CRING_WORD_CANCEL)
		return false;
	if (cring_window_open(ring)) {
		cring_window_take(req);
		return false;
	}
	if (!cring_word_move(&req->word, from, CRING_DEFERRED))
		return false;
	list_add_tail(&req->node, &ring->windowed);
	return true;
}

/**
 * cring_window_leave - a request gives its place back
 * @req: has one
 *
 * Whoever ends the session gives it to another: cring_window_pump().
 *
 * Context: in a session.
 */
void cring_window_leave(struct cring_req *req)
{
	lockdep_assert_held(&req->ring->lock);
	cring_lflags_clear(req, CRING_REQL_WINDOW);
	req->ring->in_devices--;
}

/**
 * cring_window_return - the record of what could be let go of is given back
 * @req: DONE, or never published; nobody else holds it; its ring is held
 *
 * Context: any, no cring lock held.
 */
void cring_window_return(struct cring_req *req)
{
	struct cring_comp comp;

	if (!(req->lflags & CRING_REQL_WINDOW))
		return;
	cring_comp_begin(&comp, req->ring);
	cring_window_leave(req);
	cring_comp_end(&comp);
}

/**
 * cring_window_pump - give the places that are free to those that wait
 * @comp: a session
 *
 * Context: in a session.
 * Return: true when it was enough for once, and there may be more.
 */
bool cring_window_pump(struct cring_comp *comp)
{
	struct cring_ring *ring = comp->ring;
	unsigned int n = 0;
	struct cring_req *req;

	while (cring_window_room(ring)) {
		req = list_first_entry_or_null(&ring->windowed,
					       struct cring_req, node);
		if (!req)
			break;
		if (n++ == CRING_BREAK)
			return true;
		list_del_init(&req->node);
		cring_window_take(req);
		cring_ready_add(req, CRING_DEFERRED);
		comp->ready = true;
	}
	return false;
}

/**
 * cring_register_window - CRING_REGISTER_WINDOW
 * @ring: whose
 * @reg: @nr is the window, 0 for none
 *
 * Context: a thread of the owner, under submit_mutex.
 * Return: 0.
 */
int cring_register_window(struct cring_ring *ring,
			  const struct cring_register *reg)
{
	struct cring_comp comp;

	cring_comp_begin(&comp, ring);
	WRITE_ONCE(ring->window, reg->nr);
	cring_comp_end(&comp);
	return 0;
}
