// SPDX-License-Identifier: GPL-2.0
/*
 * Seals: a cancel that stays in force.
 *
 * What is sealed is a group, or the whole ring; the one does not depend on the
 * other.  Seals change under cring_ring.lock, and cring_ring.seals says how
 * many there are, so that a ring without any pays one look a batch.
 *
 * No operation slips between a seal and the cancel that comes with it:
 *
 *   submitter				canceller
 *   announces its batch		seals
 *   full barrier			full barrier
 *   looks whether there are seals	reads how many are accepted
 *
 * At least one of them sees the other.  The canceller then finds the batch, as
 * any cancel does; the submitter ends the members that are sealed, as any
 * cancel would, before it tries the first.  Both may do so: one of them claims.
 */
#include <linux/minmax.h>
#include <linux/mm.h>

#include "cring.h"
#include "point.h"

/* members of a batch that are looked at in one go */
#define CRING_SEAL_BREAK	64

/* where a group is among the sealed ones, or belongs; under cring_ring.lock */
static u32 cring_seal_place(const struct cring_ring *ring, u32 group)
{
	u32 low = 0, high = ring->nr_sealed;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (ring->sealed_groups[mid] < group)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool cring_seal_at(const struct cring_ring *ring, u32 place, u32 group)
{
	return place < ring->nr_sealed && ring->sealed_groups[place] == group;
}

static int cring_seal_group(struct cring_ring *ring, u32 group)
{
	u32 place = cring_seal_place(ring, group);

	if (cring_seal_at(ring, place, group))
		return 0;
	if (ring->nr_sealed == CRING_MAX_SEALS)
		return -ENOSPC;
	memmove(&ring->sealed_groups[place + 1], &ring->sealed_groups[place],
		(ring->nr_sealed - place) * sizeof(group));
	ring->sealed_groups[place] = group;
	ring->nr_sealed++;
	return 0;
}

static void cring_reopen_group(struct cring_ring *ring, u32 group)
{
	u32 place = cring_seal_place(ring, group);

	if (!cring_seal_at(ring, place, group))
		return;
	ring->nr_sealed--;
	memmove(&ring->sealed_groups[place], &ring->sealed_groups[place + 1],
		(ring->nr_sealed - place) * sizeof(group));
}

/* the table is made when there is first a group to seal */
static int cring_seal_prepare(struct cring_ring *ring)
{
	u32 *groups = NULL;

	if (READ_ONCE(ring->sealed_groups))
		return 0;
	groups = kvmalloc_array(CRING_MAX_SEALS, sizeof(*groups),
				GFP_KERNEL_ACCOUNT);
	if (!groups)
		return -ENOMEM;
	spin_lock_irq(&ring->lock);
	if (!ring->sealed_groups)
		swap(ring->sealed_groups, groups);
	spin_unlock_irq(&ring->lock);
	kvfree(groups);
	return 0;
}

/**
 * cring_seal - seal what a key names, or reopen it
 * @ring: where
 * @key: whole group, or the whole ring
 * @seal: false to reopen
 *
 * Who seals reads after this what was accepted before.
 *
 * Context: process, may sleep; no cring lock held.
 * Return: 0, also when nothing changes; -EINVAL when the key names neither;
 * -ENOSPC, or -ENOMEM.
 */
int cring_seal(struct cring_ring *ring, const struct cring_cancel_key *key,
	       bool seal)
{
	bool group = key->flags == (CRING_ASYNC_CANCEL_GROUP |
				    CRING_ASYNC_CANCEL_ALL);
	int ret;

	if (!group && key->flags != (CRING_ASYNC_CANCEL_ANY |
				     CRING_ASYNC_CANCEL_ALL))
		return -EINVAL;
	ret = group && seal ? cring_seal_prepare(ring) : 0;
	if (ret)
		return ret;

	cring_at(CRING_AT_SEAL, ring, NULL);
	spin_lock_irq(&ring->lock);
	if (!group)
		ring->sealed = seal;
	else if (seal)
		ret = cring_seal_group(ring, key->group);
	else
		cring_reopen_group(ring, key->group);
	BUILD_BUG_ON(CRING_MAX_SEALS >= U16_MAX);
	WRITE_ONCE(ring->seals, ring->nr_sealed + ring->sealed);
	spin_unlock_irq(&ring->lock);
	/* pairs with cring_seal_seen(): see the top of this file */
	smp_mb();
	cring_at(CRING_AT_SEALED, ring, NULL);
	return ret;
}

/* does a seal cover this request?  A cancel is never meant */
static bool cring_seal_covers(const struct cring_ring *ring,
			      const struct cring_req *req)
{
	if (ring->sealed && req->opcode != CRING_OP_ASYNC_CANCEL)
		return true;
	return req->group &&
	       cring_seal_at(ring, cring_seal_place(ring, req->group),
			     req->group);
}

/**
 * cring_seal_batch - end what is sealed in a batch before any of it is tried
 * @ring: the caller's; there are seals, or were a moment ago
 * @nr: requests in its batch, which is announced
 *
 * Context: the submitter; takes cring_ring.lock.
 */
void cring_seal_batch(struct cring_ring *ring, u32 nr)
{
	LIST_HEAD(todo);
	u32 i = 0;

	lockdep_assert_held(&ring->submit_mutex);
	while (i < nr) {
		u32 end = min(nr, i + CRING_SEAL_BREAK);

		spin_lock_irq(&ring->lock);
		for (; i < end; i++) {
			struct cring_req *req = ring->batch[i];
			u64 word = atomic64_read(&req->word);

			/* a cancel may have ended it already */
			if ((cring_word_state(word) == CRING_ACCEPTED ||
			     cring_word_state(word) == CRING_LINKED) &&
			    cring_seal_covers(ring, req))
				cring_cancel_one(req, &todo);
		}
		spin_unlock_irq(&ring->lock);
		cring_complete_todo(ring, &todo);
	}
}

/**
 * cring_seal_exit - no seals any more
 * @ring: being freed
 */
void cring_seal_exit(struct cring_ring *ring)
{
	kvfree(ring->sealed_groups);
}
