/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How requests hang together in the index: circles, oldest first, whose links are
 * places in the ring's pool.  All under cring_ring.lock.
 */
#ifndef _CRING_CIRCLE_H
#define _CRING_CIRCLE_H

#include "cring.h"

/* the end of a bucket */
#define CRING_NO_REQ		U32_MAX
/* in place of a link in a bucket: not a leader, so in none */
#define CRING_NO_LEADER		(U32_MAX - 1)
/* in place of an opcode's: young, so in no table */
#define CRING_NOT_SETTLED	(U32_MAX - 2)

static __always_inline u32 cring_link(const struct cring_ring *ring,
				      const struct cring_req *req)
{
	return (const char *)req - (const char *)ring->pool;
}

static __always_inline struct cring_req *
cring_link_end(const struct cring_ring *ring, u32 link)
{
	return link == CRING_NO_REQ ? NULL : cring_linked(ring, link);
}

/* behind all others of a circle */
static __always_inline void
cring_circle_join(struct cring_ring *ring, struct cring_req *req, u32 self,
		  struct cring_req *leader, enum cring_by by)
{
	struct cring_key *key = &req->keys[by], *first = &leader->keys[by];
	u32 last = first->older;

	key->younger = cring_link(ring, leader);
	key->older = last;
	cring_linked(ring, last)->keys[by].younger = self;
	first->older = self;
}

/* alone in a circle */
static __always_inline void cring_circle_begin(struct cring_req *req, u32 self,
					       enum cring_by by)
{
	req->keys[by].younger = self;
	req->keys[by].older = self;
}

/* out of a circle in which there are others */
static __always_inline void cring_circle_leave(struct cring_ring *ring,
					       const struct cring_key *key,
					       enum cring_by by)
{
	u32 younger = key->younger, older = key->older;

	cring_linked(ring, older)->keys[by].younger = younger;
	cring_linked(ring, younger)->keys[by].older = older;
}

/* a request that is young is in no table, and has no need of an opcode's place */
#define CRING_BY_AGE		CRING_BY_OP

static __always_inline bool cring_is_young(const struct cring_req *req)
{
	return req->keys[CRING_BY_AGE].next == CRING_NOT_SETTLED;
}

/* the oldest that is young, or NULL when all are in the tables */
static inline struct cring_req *cring_young_first(struct cring_ring *ring)
{
	return cring_link_end(ring, ring->young);
}

/* index.c APIs, for young.c alone */
void cring_index_enter(struct cring_req *req);
void cring_index_leave(struct cring_req *req);

#endif /* _CRING_CIRCLE_H */
