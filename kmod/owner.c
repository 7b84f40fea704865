// SPDX-License-Identifier: GPL-2.0
/*
 * Owners: the rings of one address space, for cancels that reach all of them.
 *
 * A ring is its owner's from set-up until it is freed, so also after a close,
 * for as long as something of it is still in flight.  The list is used by
 * set-up, freeing and such cancels only.
 */
#include <linux/hashtable.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "cring.h"

#define CRING_OWNER_BITS	8

/**
 * struct cring_owner - an address space that has rings
 * @node: in the table of all
 * @mm: which; its rings keep the struct from being reused
 * @rings: in the order in which they were made
 * @nr: how many
 */
struct cring_owner {
	struct hlist_node node;
	struct mm_struct *mm;
	struct list_head rings;
	u32 nr;
};

/* of the table and all owners; a leaf, never held across anything that waits */
static DEFINE_MUTEX(cring_owners_mutex);
static DEFINE_HASHTABLE(cring_owners, CRING_OWNER_BITS);

static struct cring_owner *cring_owner_find(struct mm_struct *mm)
{
	struct cring_owner *owner;

	hash_for_each_possible(cring_owners, owner, node, (unsigned long)mm)
		if (owner->mm == mm)
			return owner;
	return NULL;
}

/**
 * cring_owner_join - enter a ring among those of its owner
 * @ring: being set up, its @mm known
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM.
 */
int cring_owner_join(struct cring_ring *ring)
{
	struct cring_owner *fresh, *owner;

	/* before the mutex: an allocation may wait for I/O */
	fresh = kmalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
	if (!fresh)
		return -ENOMEM;
	mutex_lock(&cring_owners_mutex);
	owner = cring_owner_find(ring->mm);
	if (!owner) {
		owner = fresh;
		fresh = NULL;
		owner->mm = ring->mm;
		INIT_LIST_HEAD(&owner->rings);
		owner->nr = 0;
		hash_add(cring_owners, &owner->node, (unsigned long)owner->mm);
	}
	list_add_tail(&ring->owner_node, &owner->rings);
	owner->nr++;
	ring->owner = owner;
	mutex_unlock(&cring_owners_mutex);
	kfree(fresh);
	return 0;
}

/**
 * cring_owner_leave - take a ring from its owner
 * @ring: being freed
 *
 * Context: process, may sleep.
 */
void cring_owner_leave(struct cring_ring *ring)
{
	struct cring_owner *owner = ring->owner;

	if (!owner)
		return;
	mutex_lock(&cring_owners_mutex);
	list_del(&ring->owner_node);
	if (--owner->nr)
		owner = NULL;
	else
		hash_del(&owner->node);
	mutex_unlock(&cring_owners_mutex);
	kfree(owner);
}

static u32 cring_owner_count(struct mm_struct *mm)
{
	struct cring_owner *owner;
	u32 nr = 0;

	mutex_lock(&cring_owners_mutex);
	owner = cring_owner_find(mm);
	if (owner)
		nr = owner->nr;
	mutex_unlock(&cring_owners_mutex);
	return nr;
}

/* take references to an owner's rings; how many there are, if that is @max */
static u32 cring_owner_take(struct mm_struct *mm, struct cring_scope *scope,
			    u32 max)
{
	struct cring_owner *owner;
	struct cring_ring *ring;
	u32 nr = 0;

	mutex_lock(&cring_owners_mutex);
	owner = cring_owner_find(mm);
	if (owner)
		nr = owner->nr;
	if (owner && nr <= max) {
		/* a ring that is being freed waits for the mutex to leave */
		list_for_each_entry(ring, &owner->rings, owner_node)
			if (refcount_inc_not_zero(&ring->refs))
				scope->reach[scope->nr++].ring = ring;
	}
	mutex_unlock(&cring_owners_mutex);
	return nr;
}

static int cring_scope_rings(struct cring_scope *scope)
{
	u32 nr = cring_owner_count(current->mm), max;

	do {
		kvfree(scope->reach);
		max = nr;
		scope->reach = kvcalloc(max, sizeof(*scope->reach),
					GFP_KERNEL_ACCOUNT);
		if (!scope->reach)
			return -ENOMEM;
		/* again, if there are more now */
		nr = cring_owner_take(current->mm, scope, max);
	} while (nr > max);
	return 0;
}

/**
 * cring_scope_init - the rings that a synchronous cancel reaches
 * @scope: filled
 * @ring: of the caller's file; may be NULL with a wider scope
 * @flags: CRING_CANCEL_*
 *
 * Also notes what each of them has accepted up to now: that is what the cancel
 * may match.
 *
 * Context: a thread of the owner, may sleep.
 * Return: 0 or -ENOMEM.
 */
int cring_scope_init(struct cring_scope *scope, struct cring_ring *ring,
		     u32 flags)
{
	u32 i;
	int ret;

	*scope = (struct cring_scope) { .caller = ring };
	if (flags & CRING_CANCEL_SCOPES) {
		ret = cring_scope_rings(scope);
		if (ret)
			return ret;
	} else {
		/* the caller's file keeps it */
		scope->own.ring = ring;
		scope->reach = &scope->own;
		scope->nr = 1;
	}
	if (flags & CRING_CANCEL_THREAD)
		scope->thread = task_pid(current);
	for (i = 0; i < scope->nr; i++) {
		ring = scope->reach[i].ring;
		/* their batch is visible then */
		scope->reach[i].before = smp_load_acquire(&ring->accepted);
	}
	return 0;
}

/**
 * cring_scope_exit - the cancel is over
 * @scope: filled by cring_scope_init()
 *
 * Context: process, may sleep.
 */
void cring_scope_exit(struct cring_scope *scope)
{
	u32 i;

	if (scope->reach == &scope->own)
		return;
	for (i = 0; i < scope->nr; i++)
		cring_ring_put(scope->reach[i].ring);
	kvfree(scope->reach);
}
