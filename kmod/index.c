// SPDX-License-Identifier: GPL-2.0
/*
 * The cancel index: find what is in flight by user_data, file, opcode, group,
 * and ticket.
 *
 * Each key has a hash table whose buckets hold one request for each distinct
 * value, its leader; the others with that value hang on the leader in a
 * circle, oldest first.  So finding a value costs the same with any number of
 * requests on any number of other values, and the hash is keyed with a secret
 * of the ring, so that user space cannot choose who shares a bucket.  Opcodes
 * are few, and have a bucket each, which names its one leader.  A ticket has one
 * request at most, and no circle.
 *
 * Links are places of records in the ring's pool, in bytes: half the size of
 * pointers, of which there would be many, and as quick to follow.
 *
 * Only what was not finished inline is ever added.  It leaves when its CQE is
 * posted, in the same critical section.  What is young is added, but in none of
 * these tables yet: see young.c.  All under cring_ring.lock.
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/random.h>

#include "circle.h"

static int cring_table_init(struct cring_table *table, u32 buckets)
{
	size_t size = array_size(buckets, sizeof(*table->heads));

	table->mask = buckets - 1;
	table->heads = kvmalloc(size, GFP_KERNEL_ACCOUNT);
	if (!table->heads)
		return -ENOMEM;
	memset(table->heads, 0xff, size);
	return 0;
}

/**
 * cring_index_init - allocate an empty index
 * @ring: whose
 * @entries: requests it may have to hold
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int cring_index_init(struct cring_ring *ring, u32 entries)
{
	u32 buckets = roundup_pow_of_two(entries);
	unsigned int by;
	int ret;

	get_random_bytes(&ring->key, sizeof(ring->key));
	/* they are factors, too: an even one would lose a bit of the value */
	ring->key.key[0] |= 1;
	ring->key.key[1] |= 1;
	ring->young = CRING_NO_REQ;
	ring->nr_young = 0;
	ring->nr_settled = 0;
	ret = cring_table_init(&ring->tickets, buckets);
	for (by = 0; !ret && by < CRING_NR_BY; by++)
		ret = cring_table_init(&ring->index[by],
				       by == CRING_BY_OP ? CRING_NR_OPS :
							   buckets);
	if (ret)
		cring_index_destroy(ring);
	return ret;
}

/**
 * cring_index_destroy - free an index that is empty, or never came to be
 * @ring: whose
 *
 * Context: may sleep.
 */
void cring_index_destroy(struct cring_ring *ring)
{
	unsigned int by;

	kvfree(ring->tickets.heads);
	ring->tickets.heads = NULL;
	for (by = 0; by < CRING_NR_BY; by++) {
		kvfree(ring->index[by].heads);
		ring->index[by].heads = NULL;
	}
}

static u32 *cring_ticket_bucket(struct cring_ring *ring, u64 ticket)
{
	struct cring_table *table = &ring->tickets;

	return &table->heads[cring_hash(ring, ticket) & table->mask];
}

/**
 * cring_index_first - the oldest request in flight with a value
 * @ring: where
 * @by: which key
 * @value: its value: user_data, address of the file, opcode, group
 *
 * Context: cring_ring.lock.
 * Return: the leader of that value's circle, or NULL.
 */
struct cring_req *cring_index_first(struct cring_ring *ring, enum cring_by by,
				    u64 value)
{
	cring_index_settle(ring);
	return cring_index_settled(ring, by, value);
}

/**
 * cring_index_settled - the same, but for those that are young
 * @ring: where
 * @by: which key
 * @value: its value
 *
 * What is young is younger than all of these.
 *
 * Context: cring_ring.lock.
 * Return: the leader of that value's circle, or NULL.
 */
struct cring_req *cring_index_settled(struct cring_ring *ring, enum cring_by by,
				      u64 value)
{
	switch (by) {
	case CRING_BY_USER_DATA:
		return cring_lookup(ring, CRING_BY_USER_DATA, value);
	case CRING_BY_FILE:
		return cring_lookup(ring, CRING_BY_FILE, value);
	case CRING_BY_OP:
		return cring_lookup(ring, CRING_BY_OP, value);
	default:
		return cring_lookup(ring, CRING_BY_GROUP, value);
	}
}

/**
 * cring_index_next - the next younger one with the same value
 * @req: an indexed request that has a value
 * @by: which key
 * @first: where the walk has begun
 *
 * Context: cring_ring.lock.
 * Return: the next in the circle, NULL when that is @first.
 */
struct cring_req *cring_index_next(struct cring_req *req, enum cring_by by,
				   const struct cring_req *first)
{
	struct cring_req *next = cring_linked(req->ring, req->keys[by].younger);

	return next == first ? NULL : next;
}

/**
 * cring_index_ticket - the request in flight that has a ticket
 * @ring: where
 * @ticket: which
 *
 * Context: cring_ring.lock.
 * Return: the request, or NULL.
 */
struct cring_req *cring_index_ticket(struct cring_ring *ring, u64 ticket)
{
	struct cring_req *req;

	cring_index_settle(ring);
	for (req = cring_link_end(ring, *cring_ticket_bucket(ring, ticket)); req;
	     req = cring_link_end(ring, req->next_ticket))
		if (req->ticket == ticket)
			return req;
	return NULL;
}

/**
 * cring_index_has_op - is anything in flight with this opcode?
 * @ring: where
 * @opcode: any, also one that is no operation: an SQE that is to be refused may
 *	wait behind a drain
 *
 * Context: any, after cring_find_by() if all is to be seen that was in the index
 * then: what is young is in no table.
 * Return: true when there may be.
 */
bool cring_index_has_op(struct cring_ring *ring, u8 opcode)
{
	return READ_ONCE(ring->index[CRING_BY_OP].heads[opcode]) != CRING_NO_REQ;
}

/* the link that leads to a leader */
static __always_inline u32 *
cring_link_to(struct cring_ring *ring, struct cring_req *leader, u32 self,
	      enum cring_by by)
{
	u32 *link = cring_bucket(ring, by, cring_value(leader, by));

	while (*link != self)
		link = &cring_linked(ring, *link)->keys[by].next;
	return link;
}

static __always_inline void
cring_key_join(struct cring_ring *ring, struct cring_req *req, u32 self,
	       enum cring_by by)
{
	u64 value = cring_value(req, by);
	u32 *bucket = cring_bucket(ring, by, value);
	struct cring_req *leader = cring_leader(ring, bucket, by, value);

	if (leader) {
		req->keys[by].next = CRING_NO_LEADER;
		cring_circle_join(ring, req, self, leader, by);
	} else {
		req->keys[by].next = *bucket;
		cring_circle_begin(req, self, by);
		WRITE_ONCE(*bucket, self);
	}
}

/* the only one of its value leaves: its bucket forgets the value */
static __always_inline void
cring_key_end(struct cring_ring *ring, struct cring_req *req, u32 self,
	      enum cring_by by)
{
	u32 *link = cring_link_to(ring, req, self, by);

	if (by == CRING_BY_OP)
		WRITE_ONCE(*link, CRING_NO_REQ);
	else
		*link = req->keys[by].next;
}

/* the next oldest becomes the leader, in the same place of the bucket */
static __always_inline void
cring_key_abdicate(struct cring_ring *ring, struct cring_req *req, u32 self,
		   enum cring_by by)
{
	struct cring_key *key = &req->keys[by];

	WRITE_ONCE(*cring_link_to(ring, req, self, by), key->younger);
	cring_linked(ring, key->younger)->keys[by].next = key->next;
}

static __always_inline void
cring_key_leave(struct cring_ring *ring, struct cring_req *req, u32 self,
		enum cring_by by)
{
	struct cring_key *key = &req->keys[by];

	if (key->younger == self) {
		cring_key_end(ring, req, self, by);
		return;
	}
	if (key->next != CRING_NO_LEADER)
		cring_key_abdicate(ring, req, self, by);
	cring_circle_leave(ring, key, by);
}

static __always_inline void
cring_ticket_join(struct cring_ring *ring, struct cring_req *req, u32 self)
{
	u32 *bucket = cring_ticket_bucket(ring, req->ticket);

	req->next_ticket = *bucket;
	*bucket = self;
}

static __always_inline void
cring_ticket_leave(struct cring_ring *ring, struct cring_req *req, u32 self)
{
	u32 *link = cring_ticket_bucket(ring, req->ticket);

	while (*link != self)
		link = &cring_linked(ring, *link)->next_ticket;
	*link = req->next_ticket;
}

/**
 * cring_index_enter - enter a request in the tables
 * @req: of those that are in none the oldest
 *
 * Context: cring_ring.lock.
 */
void cring_index_enter(struct cring_req *req)
{
	struct cring_ring *ring = req->ring;
	u32 self = cring_link(ring, req);

	cring_key_join(ring, req, self, CRING_BY_USER_DATA);
	cring_key_join(ring, req, self, CRING_BY_OP);
	/* none: not in that table */
	if (req->file)
		cring_key_join(ring, req, self, CRING_BY_FILE);
	if (req->group)
		cring_key_join(ring, req, self, CRING_BY_GROUP);
	cring_ticket_join(ring, req, self);
	ring->nr_settled++;
}

/**
 * cring_index_leave - take a request out of them
 * @req: entered
 *
 * Context: cring_ring.lock.
 */
void cring_index_leave(struct cring_req *req)
{
	struct cring_ring *ring = req->ring;
	u32 self = cring_link(ring, req);
	unsigned int by;

	if (unlikely(ring->walk))
		for (by = 0; by < CRING_NR_BY; by++)
			cring_walk_leave(ring->walk, req, by);
	cring_key_leave(ring, req, self, CRING_BY_USER_DATA);
	cring_key_leave(ring, req, self, CRING_BY_OP);
	if (req->file)
		cring_key_leave(ring, req, self, CRING_BY_FILE);
	if (req->group)
		cring_key_leave(ring, req, self, CRING_BY_GROUP);
	cring_ticket_leave(ring, req, self);
	ring->nr_settled--;
}

/**
 * cring_index_del_file - take a request out of the index by file
 * @req: an indexed request that has a file, and is about to lose it
 *
 * Context: cring_ring.lock.
 */
void cring_index_del_file(struct cring_req *req)
{
	struct cring_ring *ring = req->ring;

	if (cring_is_young(req))
		return;
	if (unlikely(ring->walk))
		cring_walk_leave(ring->walk, req, CRING_BY_FILE);
	cring_key_leave(ring, req, cring_link(ring, req), CRING_BY_FILE);
}
