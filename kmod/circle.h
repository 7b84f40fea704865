/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How requests hang together in the index: buckets of circles, oldest first, whose
 * links are places in the ring's pool.  All under cring_ring.lock.
 */
#ifndef _CRING_CIRCLE_H
#define _CRING_CIRCLE_H

#include <linux/math64.h>

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

/*
 * Two products, with a secret before each and a secret, odd factor.  Both halves
 * of the first: each bit of the value has its part in each of it.  Of the second
 * the upper half is enough, of which each bit is made of all that the first has
 * mixed; and nothing of the first shows.
 */
static __always_inline u32 cring_hash(const struct cring_ring *ring, u64 value)
{
	const u64 *key = ring->key.key;

	value ^= key[0];
	value = value * key[1] ^ mul_u64_u64_shr(value, key[1], 64);
	return mul_u64_u64_shr(value ^ key[1], key[0], 64);
}

/*
 * What enters and leaves does so by each key in turn, and what is looked for by
 * one of them: they are constants then, so these are inline.
 */
static __always_inline u32 *
cring_bucket(struct cring_ring *ring, enum cring_by by, u64 value)
{
	struct cring_table *table = &ring->index[by];

	if (by == CRING_BY_OP)
		return &table->heads[value];
	return &table->heads[cring_hash(ring, value) & table->mask];
}

static __always_inline u64
cring_value(const struct cring_req *req, enum cring_by by)
{
	switch (by) {
	case CRING_BY_USER_DATA:
		return req->user_data;
	case CRING_BY_FILE:
		return (unsigned long)req->file;
	case CRING_BY_OP:
		return req->opcode;
	default:
		return req->group;
	}
}

/* the leader of that value's circle, or NULL */
static __always_inline struct cring_req *
cring_leader(struct cring_ring *ring, const u32 *bucket, enum cring_by by,
	     u64 value)
{
	struct cring_req *req = cring_link_end(ring, *bucket);

	if (by == CRING_BY_OP)
		return req;
	for (; req; req = cring_link_end(ring, req->keys[by].next))
		if (cring_value(req, by) == value)
			return req;
	return NULL;
}

static __always_inline struct cring_req *
cring_lookup(struct cring_ring *ring, enum cring_by by, u64 value)
{
	return cring_leader(ring, cring_bucket(ring, by, value), by, value);
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

/* as many as somebody who looks may have to pass */
#define CRING_MAX_YOUNG		CRING_BREAK

static __always_inline void
cring_young_join(struct cring_ring *ring, struct cring_req *req)
{
	struct cring_req *oldest = cring_link_end(ring, ring->young);
	u32 self = cring_link(ring, req);

	req->keys[CRING_BY_AGE].next = CRING_NOT_SETTLED;
	if (oldest) {
		cring_circle_join(ring, req, self, oldest, CRING_BY_AGE);
	} else {
		cring_circle_begin(req, self, CRING_BY_AGE);
		ring->young = self;
	}
	ring->nr_young++;
}

static __always_inline void
cring_young_leave(struct cring_ring *ring, struct cring_req *req)
{
	const struct cring_key *key = &req->keys[CRING_BY_AGE];
	u32 self = cring_link(ring, req);

	ring->nr_young--;
	if (key->younger == self) {
		ring->young = CRING_NO_REQ;
		return;
	}
	if (ring->young == self)
		ring->young = key->younger;
	cring_circle_leave(ring, key, CRING_BY_AGE);
}

/* index.c APIs, for what knows who is young */
void cring_index_enter(struct cring_req *req);
void cring_index_leave(struct cring_req *req);

/* as cring_index_add() */
static __always_inline void cring_young_add(struct cring_req *req)
{
	struct cring_ring *ring = req->ring;

	lockdep_assert_held(&ring->lock);
	cring_young_join(ring, req);
	cring_lflags_set(req, CRING_REQL_INDEXED);
	if (unlikely(ring->nr_young > CRING_MAX_YOUNG))
		cring_young_settle(cring_young_first(ring));
}

#endif /* _CRING_CIRCLE_H */
