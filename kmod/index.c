// SPDX-License-Identifier: GPL-2.0
/*
 * The cancel index: find what is in flight by user_data, by file, by opcode.
 *
 * Each key is a hash table whose buckets hold one request for each distinct
 * key value, its leader; the others with that value hang on the leader in a
 * circular list, oldest first.  So finding a value costs the same with any
 * number of requests on any number of other values, and the hash is keyed with
 * a secret of the ring, so that user space cannot choose who shares a bucket.
 *
 * Only what was not finished inline is ever entered.  An entry leaves when its
 * CQE is posted, in the same critical section.  All under cring_ring.lock.
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/random.h>

#include "cring.h"

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
	size_t size = roundup_pow_of_two(entries);
	unsigned int op;

	get_random_bytes(&ring->key, sizeof(ring->key));
	ring->table_bits = ilog2(size);
	ring->user_data_table = kvcalloc(size, sizeof(struct hlist_head),
					 GFP_KERNEL_ACCOUNT);
	ring->file_table = kvcalloc(size, sizeof(struct hlist_head),
				    GFP_KERNEL_ACCOUNT);
	ring->by_op = kvcalloc(CRING_NR_OPS, sizeof(struct list_head),
			       GFP_KERNEL_ACCOUNT);
	if (!ring->user_data_table || !ring->file_table || !ring->by_op) {
		cring_index_destroy(ring);
		return -ENOMEM;
	}
	for (op = 0; op < CRING_NR_OPS; op++)
		INIT_LIST_HEAD(&ring->by_op[op]);
	return 0;
}

/**
 * cring_index_destroy - free an index that is empty, or never came to be
 * @ring: whose
 *
 * Context: may sleep.
 */
void cring_index_destroy(struct cring_ring *ring)
{
	kvfree(ring->user_data_table);
	kvfree(ring->file_table);
	kvfree(ring->by_op);
	ring->user_data_table = NULL;
	ring->file_table = NULL;
	ring->by_op = NULL;
}

static struct hlist_head *cring_bucket(struct cring_ring *ring,
				       struct hlist_head *table, u64 key)
{
	return &table[siphash_1u64(key, &ring->key) &
		      ((1UL << ring->table_bits) - 1)];
}

static struct hlist_head *cring_user_data_bucket(struct cring_ring *ring,
						 u64 user_data)
{
	return cring_bucket(ring, ring->user_data_table, user_data);
}

static struct hlist_head *cring_file_bucket(struct cring_ring *ring,
					    const struct file *file)
{
	return cring_bucket(ring, ring->file_table, (unsigned long)file);
}

/* a leader is hashed, its peers are not */
static void cring_key_join(struct cring_key *key, struct cring_key *leader,
			   struct hlist_head *bucket)
{
	INIT_HLIST_NODE(&key->bucket);
	if (leader) {
		list_add_tail(&key->peers, &leader->peers);
	} else {
		INIT_LIST_HEAD(&key->peers);
		hlist_add_head(&key->bucket, bucket);
	}
}

/* make the next oldest the leader */
static void cring_key_abdicate(struct cring_key *key, struct hlist_head *bucket)
{
	struct cring_key *next = list_next_entry(key, peers);

	hlist_del_init(&key->bucket);
	hlist_add_head(&next->bucket, bucket);
}

static void cring_key_leave(struct cring_key *key, struct hlist_head *bucket)
{
	if (!hlist_unhashed(&key->bucket)) {
		if (list_empty(&key->peers))
			hlist_del_init(&key->bucket);
		else
			cring_key_abdicate(key, bucket);
	}
	list_del_init(&key->peers);
}

/**
 * cring_index_user_data - the oldest request in flight with a user_data
 * @ring: where
 * @user_data: what
 *
 * Context: cring_ring.lock.
 * Return: the leader of that value's circular list, or NULL.
 */
struct cring_req *cring_index_user_data(struct cring_ring *ring, u64 user_data)
{
	struct cring_req *req;

	hlist_for_each_entry(req, cring_user_data_bucket(ring, user_data),
			     by_user_data.bucket)
		if (req->user_data == user_data)
			return req;
	return NULL;
}

/**
 * cring_index_file - the oldest request in flight on an open file
 * @ring: where
 * @file: what
 *
 * Context: cring_ring.lock.
 * Return: the leader of that file's circular list, or NULL.
 */
struct cring_req *cring_index_file(struct cring_ring *ring, struct file *file)
{
	struct cring_req *req;

	hlist_for_each_entry(req, cring_file_bucket(ring, file), by_file.bucket)
		if (req->file == file)
			return req;
	return NULL;
}

/**
 * cring_index_next_user_data - the next younger one with the same user_data
 * @req: an indexed request
 *
 * Context: cring_ring.lock.
 * Return: the next in the circle: after the youngest comes the leader again.
 */
struct cring_req *cring_index_next_user_data(struct cring_req *req)
{
	return list_next_entry(req, by_user_data.peers);
}

/**
 * cring_index_next_file - the next younger one on the same file
 * @req: an indexed request that has a file
 *
 * Context: cring_ring.lock.
 * Return: the next in the circle: after the youngest comes the leader again.
 */
struct cring_req *cring_index_next_file(struct cring_req *req)
{
	return list_next_entry(req, by_file.peers);
}

/**
 * cring_index_rotate_user_data - make a leader the last of its circle
 * @req: the leader of its user_data
 *
 * A walk that must let go of the lock rotates what it has seen out of the way
 * and starts at the leader again.
 *
 * Context: cring_ring.lock.
 */
void cring_index_rotate_user_data(struct cring_req *req)
{
	cring_key_abdicate(&req->by_user_data,
			   cring_user_data_bucket(req->ring, req->user_data));
}

/**
 * cring_index_rotate_file - make a leader the last of its circle
 * @req: the leader of its file
 *
 * Context: cring_ring.lock.
 */
void cring_index_rotate_file(struct cring_req *req)
{
	cring_key_abdicate(&req->by_file,
			   cring_file_bucket(req->ring, req->file));
}

/**
 * cring_index_add - enter a request
 * @req: in flight, not indexed
 *
 * Context: cring_ring.lock.
 */
void cring_index_add(struct cring_req *req)
{
	struct cring_ring *ring = req->ring;
	struct cring_req *leader;

	lockdep_assert_held(&ring->lock);
	leader = cring_index_user_data(ring, req->user_data);
	cring_key_join(&req->by_user_data, leader ? &leader->by_user_data : NULL,
		       cring_user_data_bucket(ring, req->user_data));
	if (req->file) {
		leader = cring_index_file(ring, req->file);
		cring_key_join(&req->by_file, leader ? &leader->by_file : NULL,
			       cring_file_bucket(ring, req->file));
	}
	list_add_tail(&req->op_node, &ring->by_op[req->opcode]);
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
	struct cring_ring *ring = req->ring;

	lockdep_assert_held(&ring->lock);
	cring_key_leave(&req->by_user_data,
			cring_user_data_bucket(ring, req->user_data));
	if (req->file)
		cring_index_del_file(req);
	list_del_init(&req->op_node);
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
	cring_key_leave(&req->by_file, cring_file_bucket(req->ring, req->file));
}
