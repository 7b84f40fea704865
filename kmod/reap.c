// SPDX-License-Identifier: GPL-2.0
/*
 * Reaping: a cancel's caller gets the CQEs of what it names into memory of its
 * own, past the CQ.
 *
 * That memory is pinned before anything is claimed, so that writing to it
 * cannot fail, in whatever context a CQE is posted.  A request that is named
 * is marked with the number that the reap has in its ring; whoever posts its
 * CQE finds the reap by that, under the ring's lock.  The first reap that names
 * a request has it.  When the call returns nothing is marked with its number any
 * more: what has not finished goes to the CQ after all.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "cring.h"
#include "point.h"

/* records looked at before the lock is let go for a moment */
#define CRING_REAP_BREAK	1024

/* give back whatever there is */
static void cring_reap_free(struct cring_reap *reap)
{
	unpin_user_pages_dirty_lock(reap->pages, reap->nr_pages, reap->nr);
	if (reap->locked)
		account_locked_vm(current->mm, reap->locked, false);
	if (reap->pages != reap->few)
		kvfree(reap->pages);
	reap->pages = NULL;
	reap->nr_pages = 0;
	reap->locked = 0;
	reap->nr = 0;
}

static int cring_reap_pin(struct cring_reap *reap, u64 addr, u32 nr_pages,
			  bool wait)
{
	unsigned int gup = FOLL_WRITE | (wait ? FOLL_LONGTERM : 0);
	int n;

	while (reap->nr_pages < nr_pages) {
		n = pin_user_pages_fast((addr & PAGE_MASK) +
					((u64)reap->nr_pages << PAGE_SHIFT),
					nr_pages - reap->nr_pages, gup,
					reap->pages + reap->nr_pages);
		if (n <= 0)
			return n == -ENOMEM ? n : -EFAULT;
		reap->nr_pages += n;
	}
	return 0;
}

/**
 * cring_reap_init - have the memory that CQEs are to be written to
 * @reap: filled
 * @addr: of an array of struct cring_cqe
 * @nr: its entries; 0 for no reap
 * @wait: for as long as a device may need: it counts as locked memory, as fixed
 *	buffers do, and is where it is in no one's way
 *
 * Context: a thread of the owner, may sleep.
 * Return: 0; -EFAULT when not all of it can be written to; -ENOMEM, also when
 * it is more than the caller may lock.
 */
int cring_reap_init(struct cring_reap *reap, u64 addr, u32 nr, bool wait)
{
	size_t size = nr * sizeof(struct cring_cqe);
	u32 nr_pages;
	int ret = 0;

	*reap = (struct cring_reap) {};
	if (!nr)
		return 0;
	if (!access_ok(u64_to_user_ptr(addr), size))
		return -EFAULT;
	reap->offset = offset_in_page(addr);
	nr_pages = DIV_ROUND_UP(reap->offset + size, PAGE_SIZE);
	reap->pages = reap->few;
	if (nr_pages > ARRAY_SIZE(reap->few))
		reap->pages = kvmalloc_array(nr_pages, sizeof(*reap->pages),
					     GFP_KERNEL_ACCOUNT);
	if (!reap->pages)
		return -ENOMEM;
	if (wait)
		ret = account_locked_vm(current->mm, nr_pages, true);
	if (!ret) {
		reap->locked = wait ? nr_pages : 0;
		ret = cring_reap_pin(reap, addr, nr_pages, wait);
	}
	if (ret)
		cring_reap_free(reap);
	else
		reap->nr = nr;
	return ret;
}

/**
 * cring_reap_exit - the call is over
 * @reap: filled by cring_reap_init(), in no ring any more
 *
 * Context: process, may sleep.
 * Return: how many CQEs were written.
 */
u32 cring_reap_exit(struct cring_reap *reap)
{
	if (!reap->nr)
		return 0;
	cring_reap_free(reap);
	return atomic_read(&reap->used);
}

/**
 * cring_reap_enter - give a reap a number in one ring
 * @place: of the reap in that ring
 * @reap: with room for CQEs
 * @ring: which
 *
 * Context: process, may sleep.
 * Return: 0, -ENOMEM, or -EBUSY when too many reap there.
 */
int cring_reap_enter(struct cring_reap_place *place, struct cring_reap *reap,
		     struct cring_ring *ring)
{
	int ret;

	place->marked = 0;
	ret = xa_alloc(&ring->reaps, &place->id, place, XA_LIMIT(1, U16_MAX),
		       GFP_KERNEL_ACCOUNT);
	if (!ret)
		place->reap = reap;
	return ret;
}

/* unmark what is left; its CQE goes to the CQ */
static void cring_reap_unmark_all(struct cring_reap_place *place,
				  struct cring_ring *ring)
{
	u32 i;

	cring_at(CRING_AT_REAPED, ring, NULL);
	spin_lock_irq(&ring->lock);
	for (i = 0; place->marked && i < ring->nr_reqs; i++) {
		struct cring_req *req = &ring->pool[i];

		/* one that is not in flight is being used anew, or unmarked */
		if (READ_ONCE(req->lflags) & CRING_REQL_REAP &&
		    req->reap == place->id) {
			cring_lflags_clear(req, CRING_REQL_REAP);
			place->marked--;
		}
		if (i % CRING_REAP_BREAK != CRING_REAP_BREAK - 1)
			continue;
		spin_unlock_irq(&ring->lock);
		cond_resched();
		spin_lock_irq(&ring->lock);
	}
	/* its number is about to be another's */
	WARN_ON_ONCE(place->marked);
	spin_unlock_irq(&ring->lock);
}

/**
 * cring_reap_leave - give the number back
 * @place: of a reap; nothing is written there any more when this returns
 * @ring: where
 *
 * Context: process, may sleep, never for I/O.
 */
void cring_reap_leave(struct cring_reap_place *place, struct cring_ring *ring)
{
	if (!place->reap)
		return;
	cring_reap_unmark_all(place, ring);
	/* who posts looks it up for a marked request only, and there is none */
	xa_erase(&ring->reaps, place->id);
	place->reap = NULL;
}

/**
 * cring_reap_mark - a cancel that reaps has named a request
 * @place: of its reap in the request's ring
 * @req: in flight, or just claimed by that cancel
 *
 * Context: cring_ring.lock.
 */
void cring_reap_mark(struct cring_reap_place *place, struct cring_req *req)
{
	lockdep_assert_held(&req->ring->lock);
	if (req->lflags & CRING_REQL_REAP)
		return;
	cring_lflags_set(req, CRING_REQL_REAP);
	req->reap = place->id;
	place->marked++;
}

/* the pages are mapped somewhere, and an entry may straddle two of them */
static void cring_reap_write(const struct cring_reap *reap, u32 i,
			     const struct cring_cqe *cqe)
{
	size_t at = reap->offset + i * sizeof(*cqe);
	size_t offset = offset_in_page(at);
	struct page **page = &reap->pages[at >> PAGE_SHIFT];
	size_t first = min(sizeof(*cqe), PAGE_SIZE - offset);

	memcpy_to_page(page[0], offset, (const char *)cqe, first);
	if (first < sizeof(*cqe))
		memcpy_to_page(page[1], 0, (const char *)cqe + first,
			       sizeof(*cqe) - first);
}

/**
 * cring_reap_post - the CQE of a marked request is being posted
 * @req: marked
 * @cqe: what to write, or NULL when it has none
 *
 * Context: cring_ring.lock; any context.
 * Return: false when @cqe must go to the CQ, because the memory is full.
 */
bool cring_reap_post(struct cring_req *req, const struct cring_cqe *cqe)
{
	struct cring_reap_place *place = xa_load(&req->ring->reaps, req->reap);
	struct cring_reap *reap = place->reap;
	u32 i;

	lockdep_assert_held(&req->ring->lock);
	cring_lflags_clear(req, CRING_REQL_REAP);
	place->marked--;
	if (!cqe)
		return true;
	/* other rings may write to it at the same time */
	i = atomic_fetch_add_unless(&reap->used, 1, reap->nr);
	if (i == reap->nr)
		return false;
	cring_reap_write(reap, i, cqe);
	return true;
}
