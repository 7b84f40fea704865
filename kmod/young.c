// SPDX-License-Identifier: GPL-2.0
/*
 * What is in the index, but in none of its tables yet.
 *
 * Most operations end before a cancel asks for them, or by the first one that does.
 * So what is added is young at first, in one circle with all others that are, oldest
 * first.  All in the tables is older.  Who looks for something looks there, then
 * goes through the young ones, and enters in the tables what he passes: each is
 * passed once, and there are a few at most.
 */
#include "circle.h"

/**
 * cring_young_settle - a request is young no more
 * @req: the oldest one that is
 *
 * Context: cring_ring.lock.
 */
void cring_young_settle(struct cring_req *req)
{
	cring_young_leave(req->ring, req);
	cring_index_enter(req);
}

/**
 * cring_index_settle - all that is in the index is in its tables from here on
 * @ring: where
 *
 * Context: cring_ring.lock.
 */
void cring_index_settle(struct cring_ring *ring)
{
	struct cring_req *req;

	while ((req = cring_young_first(ring)))
		cring_young_settle(req);
}

/**
 * cring_index_add - add a request
 * @req: in flight, not indexed
 *
 * Context: cring_ring.lock.
 */
void cring_index_add(struct cring_req *req)
{
	cring_young_add(req);
}

/**
 * cring_index_del - take a request out
 * @req: an indexed request
 *
 * Context: cring_ring.lock.
 */
void cring_index_del(struct cring_req *req)
{
	lockdep_assert_held(&req->ring->lock);
	if (cring_is_young(req))
		cring_young_leave(req->ring, req);
	else
		cring_index_leave(req);
	cring_lflags_clear(req, CRING_REQL_INDEXED);
}
