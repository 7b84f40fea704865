// SPDX-License-Identifier: GPL-2.0
/*
 * The ring's life: set-up, memory, mapping, the end.
 *
 * References: the open file holds one, the operations in flight hold one for
 * all of them, pending task work one, each cancel that has found the ring
 * through its owner one, and who was lent an operation one until he is through,
 * however long its CQE has been there.  When the last is gone the ring is
 * destroyed by a work item of the module, whose exit flushes it; the reference
 * to the module is dropped there.
 *
 * The mapping holds none: its pages are its own, and its file is a memory-only
 * one, so that a program that has closed the ring, or was killed, leaves no
 * ring behind.
 */
#include <linux/anon_inodes.h>
#include <linux/compat.h>
#include <linux/fdtable.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/vmalloc.h>

#include "cring.h"

/*
 * Requests beyond the CQ's entries: those whose CQE is posted while a method
 * or a completion session still holds their memory.  (What a device holds that
 * was let go of has its own limit.)
 */
#define CRING_POOL_MARGIN	256

/* --- memory --- */

static void cring_pages_free(struct cring_ring *ring)
{
	u32 i;

	if (ring->shared)
		vunmap(ring->shared);
	for (i = 0; i < ring->nr_pages; i++)
		__free_page(ring->pages[i]);
	kvfree(ring->pages);
}

/* pages that are charged to the owner's memory cgroup, and mapped here */
static int cring_pages_alloc(struct cring_ring *ring, u32 nr)
{
	struct page *page;

	ring->pages = kvcalloc(nr, sizeof(*ring->pages), GFP_KERNEL_ACCOUNT);
	if (!ring->pages)
		return -ENOMEM;
	while (ring->nr_pages < nr) {
		page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
		if (!page)
			return -ENOMEM;
		ring->pages[ring->nr_pages++] = page;
	}
	ring->shared = vmap(ring->pages, nr, VM_MAP, PAGE_KERNEL);
	return ring->shared ? 0 : -ENOMEM;
}

static int cring_pool_alloc(struct cring_ring *ring, u32 nr)
{
	u32 i;

	BUILD_BUG_ON(!IS_ENABLED(CONFIG_DEBUG_SPINLOCK) &&
		     sizeof(struct cring_req) > 320);
	ring->pool = __vmalloc(array_size(nr, sizeof(*ring->pool)),
			       GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!ring->pool)
		return -ENOMEM;
	ring->nr_reqs = nr;
	/* the lowest one first */
	for (i = nr; i-- > 0; ) {
		ring->pool[i].ring = ring;
		INIT_LIST_HEAD(&ring->pool[i].chain);
		cring_req_blank(&ring->pool[i]);
		ring->pool[i].free_node.next = ring->free;
		ring->free = &ring->pool[i].free_node;
	}
	return 0;
}

static int cring_memory_alloc(struct cring_ring *ring, struct cring_params *p)
{
	int ret;

	ret = cring_pages_alloc(ring, p->mmap_size >> PAGE_SHIFT);
	if (ret)
		return ret;
	ret = cring_pool_alloc(ring, p->cq_entries + CRING_POOL_MARGIN +
			       p->detached);
	if (ret)
		return ret;
	ring->batch = kvcalloc(p->sq_entries, sizeof(*ring->batch) +
			       sizeof(*ring->batch_data), GFP_KERNEL_ACCOUNT);
	if (!ring->batch)
		return -ENOMEM;
	ring->batch_data = (u64 *)(ring->batch + p->sq_entries);
	ret = cring_index_init(ring, p->cq_entries);
	if (ret)
		return ret;

	ring->cqes = (void *)ring->shared + p->cqes_off;
	ring->sqes = (void *)ring->shared + p->sqes_off;
	ring->sq_mask = p->sq_entries - 1;
	ring->cq_mask = p->cq_entries - 1;
	ring->max_detached = p->detached;
	ring->shared->sq_entries = p->sq_entries;
	ring->shared->cq_entries = p->cq_entries;
	ring->shared->sqes_off = p->sqes_off;
	ring->shared->cqes_off = p->cqes_off;
	return 0;
}

/* --- parameters --- */

static int cring_clamp_entries(u32 *entries, u32 max, u32 flags)
{
	if (!*entries)
		return -EINVAL;
	if (*entries > max) {
		if (!(flags & CRING_SETUP_CLAMP))
			return -EINVAL;
		*entries = max;
	}
	*entries = roundup_pow_of_two(*entries);
	return 0;
}

/* check what is asked for, and work out the sizes and the layout */
static int cring_params_fix(struct cring_params *p)
{
	u32 max_cq = cring_max_cq_entries();
	int ret;

	if (p->flags & CRING_SETUP_REQUIRED & ~CRING_SETUP_KNOWN ||
	    p->features || p->mmap_size || p->sqes_off || p->cqes_off ||
	    p->resv0 || p->resv[0] || p->resv[1])
		return -EINVAL;
	if (!(p->flags & CRING_SETUP_SQPOLL) && p->sq_thread_idle)
		return -EINVAL;
	/* its thread would take a 32-bit program's vectors for others */
	if (p->flags & CRING_SETUP_SQPOLL && in_compat_syscall())
		return -EINVAL;
	ret = cring_clamp_entries(&p->sq_entries, max_cq / 2, p->flags);
	if (ret)
		return ret;
	if (p->flags & CRING_SETUP_CQSIZE) {
		ret = cring_clamp_entries(&p->cq_entries, max_cq, p->flags);
		if (ret)
			return ret;
		/* so every chain that fits the SQ fits the CQ */
		if (p->cq_entries < p->sq_entries)
			return -EINVAL;
	} else {
		if (p->cq_entries)
			return -EINVAL;
		p->cq_entries = 2 * p->sq_entries;
	}
	if (p->detached > CRING_MAX_DETACHED) {
		if (!(p->flags & CRING_SETUP_CLAMP))
			return -EINVAL;
		p->detached = CRING_MAX_DETACHED;
	}
	p->features = CRING_FEATURES;
	p->cqes_off = PAGE_SIZE;
	p->sqes_off = PAGE_ALIGN(p->cqes_off +
				 p->cq_entries * sizeof(struct cring_cqe));
	p->mmap_size = PAGE_ALIGN((u64)p->sqes_off +
				  p->sq_entries * sizeof(struct cring_sqe));
	return 0;
}

/* --- the owner's address space goes away without a close --- */

static void cring_mm_release(struct mmu_notifier *notifier,
			     struct mm_struct *mm)
{
	struct cring_ring *ring = container_of(notifier, struct cring_ring,
					       notifier);

	/* else there was no memory for it: nobody has used it, nor ever will */
	if (ring->cqes)
		cring_ring_shut(ring);
}

/*
 * A worker that touches the owner's memory keeps that from going away, and so
 * from telling us.  So while there are such workers it is asked now and then
 * whether any of the owner's threads still has the address space: an exec that
 * keeps the descriptor leaves it without a close.
 */
#define CRING_WATCH_PERIOD	HZ

static bool cring_owner_gone(struct cring_ring *ring)
{
	struct task_struct *leader, *task;
	bool gone = true;

	rcu_read_lock();
	leader = pid_task(ring->tgid, PIDTYPE_TGID);
	if (leader)
		for_each_thread(leader, task)
			if (READ_ONCE(task->mm) == ring->mm)
				gone = false;
	rcu_read_unlock();
	return gone;
}

static void cring_watch_fn(struct work_struct *work)
{
	struct cring_ring *ring = container_of(to_delayed_work(work),
					       struct cring_ring, watch_work);

	if (cring_owner_gone(ring))
		cring_ring_shut(ring);
	else if (atomic_read(&ring->nr_pinned))
		cring_ring_watch(ring);
}

/**
 * cring_ring_watch - a worker has pinned the owner's address space
 * @ring: whose
 *
 * Context: any.
 */
void cring_ring_watch(struct cring_ring *ring)
{
	queue_delayed_work(cring_wq, &ring->watch_work, CRING_WATCH_PERIOD);
}

static const struct mmu_notifier_ops cring_notifier_ops = {
	.release = cring_mm_release,
};

/* --- set-up and the end --- */

static void cring_ring_free(struct cring_ring *ring)
{
	cring_sq_stop(ring);
	cring_worker_exit(ring);
	cancel_delayed_work_sync(&ring->watch_work);
	cancel_work_sync(&ring->kick_work);
	cancel_work_sync(&ring->notify_work);
	WARN_ON_ONCE(!llist_empty(&ring->notify));
	cring_timer_exit(ring);
	cring_deadline_exit(ring);
	if (ring->notifier.ops)
		mmu_notifier_unregister(&ring->notifier, ring->mm);
	cring_rsrc_destroy(ring);
	cring_ident_put(ring->ident);
	if (ring->task)
		put_task_struct(ring->task);
	/* the notifier was the last who might have told it anything */
	if (ring->sq_thread)
		put_task_struct(ring->sq_thread);
	if (ring->mapping_file)
		fput(ring->mapping_file);
	cring_owner_leave(ring);
	xa_destroy(&ring->reaps);
	cring_index_destroy(ring);
	kvfree(ring->batch);
	vfree(ring->pool);
	cring_pages_free(ring);
	put_pid(ring->tgid);
	if (ring->mm)
		mmdrop(ring->mm);
	cring_user_put(ring);
	cring_seal_exit(ring);
	kfree(ring);
}

static void cring_destroy_fn(struct work_struct *work)
{
	cring_ring_free(container_of(work, struct cring_ring, destroy_work));
	/* module exit flushes this work item */
	module_put(THIS_MODULE);
}

/**
 * cring_ring_put - drop a reference to a ring
 * @ring: referenced
 *
 * Context: any.
 */
void cring_ring_put(struct cring_ring *ring)
{
	if (!refcount_dec_and_test(&ring->refs))
		return;
	/* now, not when the work is done: its user may have a new one */
	cring_user_leave(ring);
	queue_work(cring_wq, &ring->destroy_work);
}

static void cring_ring_init(struct cring_ring *ring)
{
	mutex_init(&ring->submit_mutex);
	mutex_init(&ring->cancel_mutex);
	/* nobody knows yet whether this owner cancels: see nop.c */
	atomic_set(&ring->cancels, 1);
	spin_lock_init(&ring->lock);
	spin_lock_init(&ring->queue_lock);
	INIT_LIST_HEAD(&ring->deferred);
	INIT_LIST_HEAD(&ring->windowed);
	init_waitqueue_head(&ring->waitq);
	init_waitqueue_head(&ring->poll_wait);
	init_waitqueue_head(&ring->sq_wait);
	init_llist_head(&ring->freed);
	INIT_WORK(&ring->destroy_work, cring_destroy_fn);
	INIT_DELAYED_WORK(&ring->watch_work, cring_watch_fn);
	cring_notify_init(ring);
	cring_ready_init(ring);
	cring_worker_init(ring);
	cring_timer_init(ring);
	cring_deadline_init(ring);
	xa_init_flags(&ring->reaps, XA_FLAGS_ALLOC1);
	cring_restrict_init(ring);
	/* the file, and the operations in flight */
	refcount_set(&ring->refs, 2);
}

/* a ring that has no owner and no memory yet */
static struct cring_ring *cring_ring_new(const struct cring_params *p)
{
	struct cring_ring *ring;
	int ret;

	ring = kzalloc(sizeof(*ring), GFP_KERNEL_ACCOUNT);
	if (!ring)
		return ERR_PTR(-ENOMEM);
	cring_ring_init(ring);
	ring->window = p->window;
	ret = cring_user_join(ring);
	if (ret) {
		cring_ring_free(ring);
		return ERR_PTR(ret);
	}
	return ring;
}

/* it will not be one */
static void cring_ring_abandon(struct cring_ring *ring)
{
	cring_user_leave(ring);
	cring_ring_free(ring);
}

/* the calling process becomes its owner */
static int cring_ring_own(struct cring_ring *ring)
{
	int ret;

	ring->mm = current->mm;
	mmgrab(ring->mm);
	ring->tgid = get_pid(task_tgid(current));
	ring->notifier.ops = &cring_notifier_ops;
	ret = mmu_notifier_register(&ring->notifier, ring->mm);
	if (!ret)
		return 0;
	ring->notifier.ops = NULL;
	/*
	 * It takes locks of every mapping, and gives up when there is a signal, or
	 * task work of another ring's: start over after it.  What takes its time
	 * comes later: with signals that are closer to each other than that, it
	 * would start over for ever.
	 */
	return ret == -EINTR ? -ERESTARTNOINTR : ret;
}

/* what it needs, when it has an owner */
static int cring_ring_equip(struct cring_ring *ring, struct cring_params *p)
{
	struct file *file;
	int ret;

	file = cring_shmem_file("cring", 0);
	/* no memory for an inode is no space to tmpfs, which it is not to us */
	if (IS_ERR(file))
		return PTR_ERR(file) == -ENOSPC ? -ENOMEM : PTR_ERR(file);
	ring->mapping_file = file;
	ret = cring_memory_alloc(ring, p);
	if (ret)
		return ret;
	if (p->flags & CRING_SETUP_SQPOLL) {
		ret = cring_sq_start(ring, p->sq_thread_idle);
		if (ret)
			return ret;
	}
	/* last: from here on other threads may find it */
	return cring_owner_join(ring);
}

/**
 * cring_ring_new_kernel - make a ring that a kernel caller uses
 * @entries: of its SQ
 *
 * It counts as the calling user's, and is ended as others are, by
 * cring_ring_close().
 *
 * Context: process, may sleep.
 * Return: the ring, or -EINVAL, -ENOMEM or -EDQUOT as an ERR_PTR().
 */
struct cring_ring *cring_ring_new_kernel(u32 entries)
{
	struct cring_params p = { .sq_entries = entries };
	struct cring_ring *ring;
	int ret;

	ret = cring_params_fix(&p);
	if (ret)
		return ERR_PTR(ret);
	ring = cring_ring_new(&p);
	if (IS_ERR(ring))
		return ring;
	ret = cring_memory_alloc(ring, &p);
	if (ret) {
		cring_ring_abandon(ring);
		return ERR_PTR(ret);
	}
	ring->in_kernel = true;
	/* it may outlive its user, too */
	__module_get(THIS_MODULE);
	return ring;
}

/**
 * cring_ring_setup - make the ring of an open file
 * @file: a file of /dev/cring
 * @p: what user space asked for; filled with what it got
 *
 * Context: process, may sleep.
 * Return: 0, -EINVAL, -ENOMEM, -EBUSY when the file has a ring, -EDQUOT when the
 * user has as many as he may have, or -ERESTARTNOINTR for the system call.
 */
int cring_ring_setup(struct file *file, struct cring_params *p)
{
	struct cring_ring *ring;
	int ret;

	if (file->private_data)
		return -EBUSY;
	ret = cring_params_fix(p);
	if (ret)
		return ret;
	ring = cring_ring_new(p);
	if (IS_ERR(ring))
		return PTR_ERR(ring);
	ret = cring_ring_own(ring) ?: cring_ring_equip(ring, p);
	if (ret) {
		cring_ring_abandon(ring);
		return ret;
	}
	/* for the ring; it may outlive the file */
	__module_get(THIS_MODULE);
	if (cmpxchg_release(&file->private_data, NULL, ring)) {
		/* a cancel of the whole process may have found it meanwhile */
		cring_ring_put(ring);
		cring_ring_put(ring);
		return -EBUSY;
	}
	return 0;
}

/**
 * cring_ring_mmap - map the ring
 * @ring: the caller's
 * @vma: all of it, shared, from offset 0
 *
 * Context: mmap, the caller's mmap_lock held for writing; takes no ring lock.
 * Return: 0, -EINVAL, or what inserting the pages returns.
 */
int cring_ring_mmap(struct cring_ring *ring, struct vm_area_struct *vma)
{
	unsigned long nr = ring->nr_pages;

	if (vma->vm_pgoff || vma_pages(vma) != nr ||
	    !(vma->vm_flags & VM_SHARED) || vma->vm_flags & VM_EXEC)
		return -EINVAL;
	/* nor may mprotect() make it executable later */
	cring_vm_flags_mod(vma, VM_DONTCOPY | VM_DONTEXPAND | VM_MIXEDMAP,
			   VM_MAYEXEC);
	vma_set_file(vma, ring->mapping_file);
	return vm_insert_pages(vma, vma->vm_start, ring->pages, &nr);
}

/**
 * cring_ring_shut - the owner is done with the ring: end all that can be ended
 * @ring: whose; may still have its file open
 *
 * Context: process, never waits for I/O.
 */
void cring_ring_shut(struct cring_ring *ring)
{
	spin_lock_irq(&ring->lock);
	WRITE_ONCE(ring->shut, true);
	spin_unlock_irq(&ring->lock);
	cring_sq_shut(ring);
	cring_cancel_everything(ring);
	/* a socket among them may hold the ring's own file */
	cring_rsrc_put_files(ring);
}

/**
 * cring_ring_close - the last reference to the ring's file is gone
 * @ring: whose file it was
 *
 * What cannot be cancelled goes on, and keeps the ring's memory until it ends.
 *
 * Context: process, never waits for I/O.
 */
void cring_ring_close(struct cring_ring *ring)
{
	struct cring_comp comp;

	spin_lock_irq(&ring->lock);
	ring->closed = true;
	spin_unlock_irq(&ring->lock);
	cring_ring_shut(ring);
	/* drops the operations' reference if none is left in flight */
	cring_comp_begin(&comp, ring);
	cring_comp_end(&comp);
	cring_ring_put(ring);
}
