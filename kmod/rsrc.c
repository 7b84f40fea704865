// SPDX-License-Identifier: GPL-2.0
/*
 * Registered resources: fixed files, fixed buffers, the eventfd.
 *
 * Registering is serialised by cring_ring.submit_mutex.  An operation takes
 * its own reference to a file or buffer when it is accepted, so unregistering
 * never waits for operations and never pulls anything from under them.
 *
 * The table of files also changes under cring_ring.lock, because a cancel looks
 * into it while somebody sleeps with the mutex, and because a ring that is
 * closed lets go of its files without waiting for the mutex.
 */
#include <linux/bits.h>
#include <linux/bvec.h>
#include <linux/compat.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/overflow.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "cring.h"

/* ---------------------------------------------------------------------------
 * Fixed buffers
 */

#define CRING_MAX_BUFFER	SZ_1G

/* pages pinned in one go */
#define CRING_PIN_PAGES		(PAGE_SIZE / sizeof(struct page *))

/**
 * struct cring_buf - one fixed buffer, pinned
 * @refs: the ring's table, and each operation that uses it
 * @nr_pages: entries of @bvec that are pinned
 * @addr: where it is in the owner's address space
 * @len: bytes
 * @mm: whose locked memory it counts as; only the struct is held
 * @work: frees it, for a last user that may not sleep
 * @bvec: one entry a page; all but the first start at the page's beginning
 */
struct cring_buf {
	refcount_t refs;
	u32 nr_pages;
	u64 addr;
	size_t len;
	struct mm_struct *mm;
	struct work_struct work;
	struct bio_vec bvec[];
};

/* may sleep */
static void cring_buf_unpin(struct cring_buf *buf)
{
	u32 i;

	/* nobody has kept track of which pages were read into */
	for (i = 0; i < buf->nr_pages; i++) {
		unpin_user_page_range_dirty_lock(buf->bvec[i].bv_page, 1, true);
		cond_resched();
	}
	buf->nr_pages = 0;
}

static void cring_buf_free(struct cring_buf *buf)
{
	u32 nr_pages = buf->nr_pages;

	cring_buf_unpin(buf);
	account_locked_vm(buf->mm, nr_pages, false);
	mmdrop(buf->mm);
	kvfree(buf);
}

static void cring_buf_free_work(struct work_struct *work)
{
	cring_buf_free(container_of(work, struct cring_buf, work));
}

/* cring_buf_put() for who may sleep: what it frees is free on return */
static void cring_buf_put_sync(struct cring_buf *buf)
{
	if (refcount_dec_and_test(&buf->refs))
		cring_buf_free(buf);
}

/**
 * cring_buf_put - give back what cring_buf_get() returned
 * @buf: the buffer
 *
 * The memory is unpinned, and no longer counts as locked, a little later.
 *
 * Context: any.
 */
void cring_buf_put(struct cring_buf *buf)
{
	if (refcount_dec_and_test(&buf->refs))
		queue_work(cring_wq, &buf->work);
}

/**
 * cring_buf_get - use a fixed buffer
 * @ring: whose
 * @index: slot
 * @addr: first byte to use, an address in the owner's address space
 * @len: bytes to use
 *
 * Context: a thread of the owner, under cring_ring.submit_mutex.
 * Return: a referenced buffer; -EFAULT when there is none in the slot or not
 *	all bytes are inside.
 */
struct cring_buf *cring_buf_get(struct cring_ring *ring, u32 index, u64 addr,
				u32 len)
{
	struct cring_buf *buf;
	u64 off;

	if (index >= ring->nr_bufs)
		return ERR_PTR(-EFAULT);
	buf = ring->bufs[array_index_nospec(index, ring->nr_bufs)];
	off = addr - buf->addr;
	if (off > buf->len || len > buf->len - off)
		return ERR_PTR(-EFAULT);
	refcount_inc(&buf->refs);
	return buf;
}

/**
 * cring_buf_iter - iterate over part of a fixed buffer
 * @buf: the buffer
 * @dir: ITER_DEST or ITER_SOURCE
 * @addr: first byte, in the range that was given to cring_buf_get()
 * @len: bytes, in that range
 * @iter: set up; uses @buf's own vectors, so valid as long as @buf is
 *
 * Context: any.
 */
void cring_buf_iter(const struct cring_buf *buf, int dir, u64 addr, size_t len,
		    struct iov_iter *iter)
{
	size_t skip = addr - buf->addr;
	size_t first = buf->bvec[0].bv_offset + skip;
	size_t page = first >> PAGE_SHIFT;

	/* into the middle of a vector: from where that one starts */
	if (page)
		skip = offset_in_page(first);
	iov_iter_bvec(iter, dir, buf->bvec + page,
		      DIV_ROUND_UP(offset_in_page(first) + len, PAGE_SIZE),
		      len);
	iter->iov_offset = skip;
}

static int cring_buf_pin(struct cring_buf *buf, u32 nr_pages,
			 struct page **pages)
{
	unsigned long start = buf->addr & PAGE_MASK;
	size_t offset = offset_in_page(buf->addr);
	size_t left = buf->len;
	int i, n;

	while (buf->nr_pages < nr_pages) {
		n = min_t(u32, nr_pages - buf->nr_pages, CRING_PIN_PAGES);
		n = pin_user_pages_fast(start, n, FOLL_WRITE | FOLL_LONGTERM,
					pages);
		if (n <= 0)
			return n ?: -EFAULT;
		for (i = 0; i < n; i++) {
			struct bio_vec *bv = &buf->bvec[buf->nr_pages++];

			bv->bv_page = pages[i];
			bv->bv_offset = offset;
			bv->bv_len = min_t(size_t, left, PAGE_SIZE - offset);
			left -= bv->bv_len;
			offset = 0;
		}
		start += (unsigned long)n << PAGE_SHIFT;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/* @pages: room for CRING_PIN_PAGES */
static struct cring_buf *cring_buf_new(struct cring_ring *ring,
				       const struct iovec *iov,
				       struct page **pages)
{
	unsigned long addr = (unsigned long)iov->iov_base;
	struct cring_buf *buf;
	u32 nr_pages;
	int ret;

	if (!addr || !iov->iov_len || iov->iov_len > CRING_MAX_BUFFER ||
	    !access_ok(iov->iov_base, iov->iov_len))
		return ERR_PTR(-EFAULT);

	nr_pages = DIV_ROUND_UP(offset_in_page(addr) + iov->iov_len, PAGE_SIZE);
	buf = kvmalloc(struct_size(buf, bvec, nr_pages), GFP_KERNEL_ACCOUNT);
	if (!buf)
		return ERR_PTR(-ENOMEM);
	refcount_set(&buf->refs, 1);
	buf->nr_pages = 0;
	buf->addr = addr;
	buf->len = iov->iov_len;
	buf->mm = ring->mm;
	INIT_WORK(&buf->work, cring_buf_free_work);

	ret = account_locked_vm(buf->mm, nr_pages, true);
	if (ret)
		goto err_free;
	ret = cring_buf_pin(buf, nr_pages, pages);
	if (ret)
		goto err_unpin;
	mmgrab(buf->mm);
	return buf;

err_unpin:
	cring_buf_unpin(buf);
	account_locked_vm(buf->mm, nr_pages, false);
err_free:
	kvfree(buf);
	return ERR_PTR(ret);
}

static int cring_copy_iovec(struct iovec *iov, const void __user *array, u32 i)
{
#ifdef CONFIG_COMPAT
	const struct compat_iovec __user *compat = array;
	struct compat_iovec ciov;

	if (in_compat_syscall()) {
		if (copy_from_user(&ciov, compat + i, sizeof(ciov)))
			return -EFAULT;
		iov->iov_base = compat_ptr(ciov.iov_base);
		iov->iov_len = ciov.iov_len;
		return 0;
	}
#endif
	if (copy_from_user(iov, (const struct iovec __user *)array + i,
			   sizeof(*iov)))
		return -EFAULT;
	return 0;
}

static void cring_bufs_free(struct cring_buf **bufs, u32 nr)
{
	while (nr)
		cring_buf_put_sync(bufs[--nr]);
	kvfree(bufs);
}

static int cring_register_buffers(struct cring_ring *ring,
				  const struct cring_register *reg)
{
	struct cring_buf **bufs;
	struct page **pages;
	struct iovec iov;
	int ret = 0;
	u32 i;

	if (ring->bufs)
		return -EBUSY;
	if (!reg->nr || reg->nr > CRING_MAX_FIXED_BUFFERS)
		return -EINVAL;

	bufs = kvcalloc(reg->nr, sizeof(*bufs), GFP_KERNEL_ACCOUNT);
	pages = kmalloc_array(CRING_PIN_PAGES, sizeof(*pages), GFP_KERNEL);
	if (!bufs || !pages) {
		kvfree(bufs);
		kfree(pages);
		return -ENOMEM;
	}
	for (i = 0; i < reg->nr; i++) {
		ret = cring_copy_iovec(&iov, u64_to_user_ptr(reg->addr), i);
		if (ret)
			break;
		bufs[i] = cring_buf_new(ring, &iov, pages);
		if (IS_ERR(bufs[i])) {
			ret = PTR_ERR(bufs[i]);
			break;
		}
	}
	kfree(pages);
	if (ret) {
		cring_bufs_free(bufs, i);
		return ret;
	}
	ring->bufs = bufs;
	ring->nr_bufs = reg->nr;
	return 0;
}

static int cring_unregister_buffers(struct cring_ring *ring,
				    const struct cring_register *reg)
{
	struct cring_buf **bufs = ring->bufs;
	u32 nr = ring->nr_bufs;

	if (!bufs)
		return -ENXIO;
	ring->bufs = NULL;
	ring->nr_bufs = 0;
	cring_bufs_free(bufs, nr);
	return 0;
}

/* ---------------------------------------------------------------------------
 * Fixed files
 */

/* the file for a slot; NULL for -1 */
static struct file *cring_slot_file(s32 fd)
{
	struct file *file;

	if (fd == -1)
		return NULL;
	file = fget(fd);
	if (file && cring_file_is_ring(file)) {
		fput(file);
		file = NULL;
	}
	return file ?: ERR_PTR(-EBADF);
}

static void cring_files_free(struct file **files, u32 nr)
{
	while (nr)
		if (files[--nr])
			fput(files[nr]);
	kvfree(files);
}

static int cring_register_files(struct cring_ring *ring,
				const struct cring_register *reg)
{
	s32 __user *fds = u64_to_user_ptr(reg->addr);
	struct file **files;
	int ret = 0;
	s32 fd;
	u32 i;

	/* who closes the ring may take it away now, but gives us none */
	if (READ_ONCE(ring->files))
		return -EBUSY;
	if (!reg->nr || reg->nr > CRING_MAX_FIXED_FILES)
		return -EINVAL;

	files = kvcalloc(reg->nr, sizeof(*files), GFP_KERNEL_ACCOUNT);
	if (!files)
		return -ENOMEM;
	for (i = 0; i < reg->nr; i++) {
		struct file *file;

		ret = get_user(fd, fds + i);
		if (ret)
			goto err;
		file = cring_slot_file(fd);
		if (IS_ERR(file)) {
			ret = PTR_ERR(file);
			goto err;
		}
		files[i] = file;
	}

	spin_lock_irq(&ring->lock);
	if (ring->shut) {
		ret = -EBADFD;
	} else {
		ring->files = files;
		ring->nr_files = reg->nr;
	}
	spin_unlock_irq(&ring->lock);
	if (!ret)
		return 0;
err:
	cring_files_free(files, i);
	return ret;
}

/**
 * cring_rsrc_put_files - let go of the fixed files
 * @ring: whose; from now on it has none
 *
 * Also for a ring that still exists: a file may hold what keeps the ring, as a
 * socket does in which the ring's own descriptor is under way.
 *
 * Context: may sleep; takes no mutex.
 * Return: whether there were any.
 */
bool cring_rsrc_put_files(struct cring_ring *ring)
{
	struct file **files;
	u32 nr;

	spin_lock_irq(&ring->lock);
	files = ring->files;
	nr = ring->nr_files;
	ring->files = NULL;
	ring->nr_files = 0;
	spin_unlock_irq(&ring->lock);

	if (!files)
		return false;
	cring_files_free(files, nr);
	return true;
}

static int cring_unregister_files(struct cring_ring *ring,
				  const struct cring_register *reg)
{
	return cring_rsrc_put_files(ring) ? 0 : -ENXIO;
}

/* is there a table, with these slots? */
static int cring_files_check(struct cring_ring *ring, u32 offset, u32 nr)
{
	int ret = 0;

	spin_lock_irq(&ring->lock);
	if (!ring->files)
		ret = -ENXIO;
	else if (offset > ring->nr_files || nr > ring->nr_files - offset)
		ret = -EINVAL;
	spin_unlock_irq(&ring->lock);
	return ret;
}

static int cring_update_slot(struct cring_ring *ring, u32 slot, s32 fd)
{
	struct file *file = cring_slot_file(fd);
	int ret = 0;

	if (IS_ERR(file))
		return PTR_ERR(file);

	/* the table may have gone, but cannot have become another one */
	spin_lock_irq(&ring->lock);
	if (ring->files)
		swap(ring->files[array_index_nospec(slot, ring->nr_files)],
		     file);
	else
		ret = -ENXIO;
	spin_unlock_irq(&ring->lock);

	if (file)
		fput(file);
	return ret;
}

static int cring_update_files(struct cring_ring *ring,
			      const struct cring_register *reg)
{
	s32 __user *fds = u64_to_user_ptr(reg->addr);
	int ret;
	s32 fd;
	u32 i;

	ret = cring_files_check(ring, reg->offset, reg->nr);
	if (ret)
		return ret;
	if (!reg->nr)
		return -EINVAL;

	for (i = 0; i < reg->nr; i++) {
		ret = get_user(fd, fds + i);
		if (!ret)
			ret = cring_update_slot(ring, reg->offset + i, fd);
		if (ret)
			break;
	}
	return i ? (int)i : ret;
}

/* ---------------------------------------------------------------------------
 * The eventfd
 */

static int cring_register_eventfd(struct cring_ring *ring,
				  const struct cring_register *reg)
{
	s32 __user *fdp = u64_to_user_ptr(reg->addr);
	struct eventfd_ctx *ctx;
	s32 fd;

	if (rcu_access_pointer(ring->eventfd))
		return -EBUSY;
	if (reg->nr != 1)
		return -EINVAL;
	if (get_user(fd, fdp))
		return -EFAULT;
	ctx = eventfd_ctx_fdget(fd);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	rcu_assign_pointer(ring->eventfd, ctx);
	return 0;
}

static int cring_unregister_eventfd(struct cring_ring *ring,
				    const struct cring_register *reg)
{
	struct eventfd_ctx *ctx;

	ctx = rcu_replace_pointer(ring->eventfd, NULL,
				  lockdep_is_held(&ring->submit_mutex));
	if (!ctx)
		return -ENXIO;
	/* completions signal it under RCU alone */
	synchronize_rcu();
	eventfd_ctx_put(ctx);
	return 0;
}

/* ---------------------------------------------------------------------------
 * CRING_IOC_REGISTER
 */

#define CRING_REGF_ARRAY	BIT(0)	/* takes @nr and @addr */
#define CRING_REGF_OFFSET	BIT(1)	/* takes @offset */

static const struct {
	int (*run)(struct cring_ring *ring, const struct cring_register *reg);
	unsigned int flags;
} cring_registers[] = {
	[CRING_REGISTER_BUFFERS] = {
		cring_register_buffers, CRING_REGF_ARRAY
	},
	[CRING_UNREGISTER_BUFFERS] = {
		cring_unregister_buffers
	},
	[CRING_REGISTER_FILES] = {
		cring_register_files, CRING_REGF_ARRAY
	},
	[CRING_UNREGISTER_FILES] = {
		cring_unregister_files
	},
	[CRING_REGISTER_EVENTFD] = {
		cring_register_eventfd, CRING_REGF_ARRAY
	},
	[CRING_UNREGISTER_EVENTFD] = {
		cring_unregister_eventfd
	},
	[CRING_REGISTER_FILES_UPDATE] = {
		cring_update_files, CRING_REGF_ARRAY | CRING_REGF_OFFSET
	},
};

/**
 * cring_register_ioctl - CRING_IOC_REGISTER
 * @ring: whose resources
 * @arg: struct cring_register in user space
 *
 * Context: a thread of the owner, without locks.
 * Return: 0 or, for FILES_UPDATE, how many slots were updated; else -EFAULT
 *	(bad memory), -EINVAL (bad argument), -EBUSY (there already), -ENXIO
 *	(not there), -EBADF (bad descriptor, or a ring's), -ENOMEM (also: too
 *	much locked memory), -EINTR (a signal), -EBADFD (the ring is closed).
 */
int cring_register_ioctl(struct cring_ring *ring, void __user *arg)
{
	struct cring_register reg;
	unsigned int flags;
	u32 op;
	int ret;

	if (copy_from_user(&reg, arg, sizeof(reg)))
		return -EFAULT;
	if (reg.opcode >= ARRAY_SIZE(cring_registers) || reg.flags || reg.resv)
		return -EINVAL;
	op = array_index_nospec(reg.opcode, ARRAY_SIZE(cring_registers));
	flags = cring_registers[op].flags;
	if (!(flags & CRING_REGF_ARRAY) && (reg.nr || reg.addr))
		return -EINVAL;
	if (!(flags & CRING_REGF_OFFSET) && reg.offset)
		return -EINVAL;

	if (mutex_lock_interruptible(&ring->submit_mutex))
		return -EINTR;
	ret = cring_registers[op].run(ring, &reg);
	mutex_unlock(&ring->submit_mutex);
	return ret;
}

/**
 * cring_rsrc_destroy - let go of everything that was registered
 * @ring: nobody registers, submits or completes any more
 *
 * Context: may sleep; also on cring_wq.
 */
void cring_rsrc_destroy(struct cring_ring *ring)
{
	struct eventfd_ctx *ctx = rcu_dereference_protected(ring->eventfd, 1);

	cring_rsrc_put_files(ring);
	if (ring->bufs)
		cring_bufs_free(ring->bufs, ring->nr_bufs);
	ring->bufs = NULL;
	ring->nr_bufs = 0;
	if (ctx)
		eventfd_ctx_put(ctx);
	RCU_INIT_POINTER(ring->eventfd, NULL);
}
