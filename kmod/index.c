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
 * are few, and have a bucket each.  A ticket has one request at most, and no
 * circle.
 *
 * Links are numbers of records in the ring's pool: half the size of pointers,
 * and there are many of them.
 *
 * Only what was not finished inline is ever entered.  An entry leaves when its
 * CQE is posted, in the same critical section.  All under cring_ring.lock.
 */
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/random.h>

#include "cring.h"

/* the end of a bucket */
#define CRING_NO_REQ		U32_MAX
/* in place of a link in a bucket: not a leader, so in none */
#define CRING_NO_LEADER		(U32_MAX - 1)

static struct cring_req *cring_req_at(struct cring_ring *ring, u32 nr)
{
	return nr == CRING_NO_REQ ? NULL : &ring->pool[nr];
}

static u32 cring_req_nr(const struct cring_req *req)
{
	return req - req->ring->pool;
}

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

/* both halves of the product: each bit of the value has its part in each of it */
static u64 cring_fold(u64 value, u64 factor)
{
	factor |= 1;
	return value * factor ^ mul_u64_u64_shr(value, factor, 64);
}

/* twice, with a secret before each time: nothing of the first fold shows */
static u32 cring_hash(const struct cring_ring *ring, u64 value)
{
	const u64 *key = ring->key.key;

	return cring_fold(cring_fold(value ^ key[0], key[1]) ^ key[1], key[0]);
}

/*
 * What enters and leaves does so by each key in turn, which is a constant then:
 * so these are inline.
 */
static __always_inline u32 *
cring_bucket(struct cring_ring *ring, enum cring_by by, u64 value)
{
	struct cring_table *table = &ring->index[by];

	if (by == CRING_BY_OP)
		return &table->heads[value];
	return &table->heads[cring_hash(ring, value) & table->mask];
}

static u32 *cring_ticket_bucket(struct cring_ring *ring, u64 ticket)
{
	struct cring_table *table = &ring->tickets;

	return &table->heads[cring_hash(ring, ticket) & table->mask];
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
	struct cring_req *req;

	for (req = cring_req_at(ring, *bucket); req;
	     req = cring_req_at(ring, req->keys[by].next))
		if (cring_value(req, by) == value)
			return req;
	return NULL;
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
	return cring_leader(ring, cring_bucket(ring, by, value), by, value);
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
	struct cring_req *next = &req->ring->pool[req->keys[by].younger];

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

	for (req = cring_req_at(ring, *cring_ticket_bucket(ring, ticket)); req;
	     req = cring_req_at(ring, req->next_ticket))
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
 * Context: any; what was entered before the caller began to look is seen.
 * Return: true when there may be.
 */
bool cring_index_has_op(struct cring_ring *ring, u8 opcode)
{
	return READ_ONCE(ring->index[CRING_BY_OP].heads[opcode]) != CRING_NO_REQ;
}

/* the link that leads to a leader */
static __always_inline u32 *
cring_link_to(struct cring_req *leader, enum cring_by by)
{
	struct cring_ring *ring = leader->ring;
	u32 *link = cring_bucket(ring, by, cring_value(leader, by));
	u32 nr = cring_req_nr(leader);

	while (*link != nr)
		link = &ring->pool[*link].keys[by].next;
	return link;
}

/* the next oldest becomes the leader, in the same place of the bucket */
static void cring_key_abdicate(struct cring_req *req, enum cring_by by)
{
	struct cring_key *key = &req->keys[by];
	struct cring_req *heir = &req->ring->pool[key->younger];

	WRITE_ONCE(*cring_link_to(req, by), key->younger);
	heir->keys[by].next = key->next;
}

static __always_inline void
cring_key_join(struct cring_req *req, enum cring_by by)
{
	struct cring_ring *ring = req->ring;
	u64 value = cring_value(req, by);
	u32 *bucket = cring_bucket(ring, by, value);
	struct cring_req *leader = cring_leader(ring, bucket, by, value);
	struct cring_key *key = &req->keys[by];
	u32 nr = cring_req_nr(req);

	if (leader) {
		struct cring_key *first = &leader->keys[by];

		key->next = CRING_NO_LEADER;
		key->younger = cring_req_nr(leader);
		key->older = first->older;
		ring->pool[first->older].keys[by].younger = nr;
		first->older = nr;
	} else {
		key->younger = nr;
		key->older = nr;
		key->next = *bucket;
		WRITE_ONCE(*bucket, nr);
	}
}

static __always_inline void
cring_key_leave(struct cring_req *req, enum cring_by by)
{
	struct cring_ring *ring = req->ring;
	struct cring_key *key = &req->keys[by];

	if (unlikely(ring->walk))
		cring_walk_leave(ring->walk, req, by);
	if (key->younger == cring_req_nr(req))
		WRITE_ONCE(*cring_link_to(req, by), key->next);
	else if (key->next != CRING_NO_LEADER)
		cring_key_abdicate(req, by);
	ring->pool[key->older].keys[by].younger = key->younger;
	ring->pool[key->younger].keys[by].older = key->older;
}

static void cring_ticket_join(struct cring_req *req)
{
	u32 *bucket = cring_ticket_bucket(req->ring, req->ticket);

	req->next_ticket = *bucket;
	*bucket = cring_req_nr(req);
}

static void cring_ticket_leave(struct cring_req *req)
{
	u32 *link = cring_ticket_bucket(req->ring, req->ticket);
	u32 nr = cring_req_nr(req);

	while (*link != nr)
		link = &req->ring->pool[*link].next_ticket;
	*link = req->next_ticket;
}

/**
 * cring_index_add - enter a request
 * @req: in flight, not indexed
 *
 * Context: cring_ring.lock.
 */
void cring_index_add(struct cring_req *req)
{
	lockdep_assert_held(&req->ring->lock);
	cring_key_join(req, CRING_BY_USER_DATA);
	cring_key_join(req, CRING_BY_OP);
	/* none: not in that table */
	if (req->file)
		cring_key_join(req, CRING_BY_FILE);
	if (req->group)
		cring_key_join(req, CRING_BY_GROUP);
	cring_ticket_join(req);
	req->lflags |= CRING_REQL_INDEXED;
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
	cring_key_leave(req, CRING_BY_USER_DATA);
	cring_key_leave(req, CRING_BY_OP);
	if (req->file)
		cring_key_leave(req, CRING_BY_FILE);
	if (req->group)
		cring_key_leave(req, CRING_BY_GROUP);
	cring_ticket_leave(req);
	req->lflags &= ~CRING_REQL_INDEXED;
}

/**
 * cring_index_del_file - take a request out of the index by file
 * @req: an indexed request that has a file, and is about to lose it
 *
 * Context: cring_ring.lock.
 */
void cring_index_del_file(struct cring_req *req)
{
	cring_key_leave(req, CRING_BY_FILE);
}
