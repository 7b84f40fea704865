// SPDX-License-Identifier: GPL-2.0
/*
 * Fixed buffers: user memory that is pinned once and accounted to memlock.
 */
#include <linux/backing-dev.h>
#include <linux/compat.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "buf.h"

#define CRING_MAX_BUFFER	SZ_1G

/* pages pinned in one go */
#define CRING_PIN_PAGES		(PAGE_SIZE / sizeof(struct page *))

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
	cring_buf_put_many(buf, 1);
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
	struct cring_buf *buf = cring_buf_find(ring, index);

	if (!buf || !cring_buf_has(buf, addr, len))
		return ERR_PTR(-EFAULT);
	cring_buf_get_many(buf, 1);
	return buf;
}

/*
 * A file system is told before a page of a file of its is written to, and cleans
 * the page again behind it.  Who holds one for good writes without that, and what
 * it wrote may be lost, or the file system crash.  Newer kernels refuse to pin one
 * for that long, 6.1 does not.
 *
 * The lock keeps the page in its file, and with it the file's inode.
 */
static bool cring_buf_is_written_back(struct page *page)
{
	struct folio *folio = page_folio(page);
	struct address_space *mapping;
	bool ret;

	if (folio_test_anon(folio))
		return false;
	folio_lock(folio);
	mapping = folio_mapping(folio);
	ret = mapping && mapping_can_writeback(mapping);
	folio_unlock(folio);
	return ret;
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
		for (i = 0; i < n; i++)
			if (cring_buf_is_written_back(pages[i]))
				return -EFAULT;
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

/**
 * cring_register_buffers - CRING_REGISTER_BUFFERS
 * @ring: has none
 * @reg: @reg->nr iovecs at @reg->addr
 *
 * Context: a thread of the owner, under submit_mutex.
 * Return: 0, -EBUSY (there are some), -EINVAL, -EFAULT, -ENOMEM.
 */
int cring_register_buffers(struct cring_ring *ring,
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

/**
 * cring_bufs_put - let go of the fixed buffers
 * @ring: whose; from now on it has none
 *
 * Context: may sleep; under submit_mutex, or nobody else uses the ring.
 * Return: whether there were any.
 */
bool cring_bufs_put(struct cring_ring *ring)
{
	struct cring_buf **bufs = ring->bufs;
	u32 nr = ring->nr_bufs;

	if (!bufs)
		return false;
	ring->bufs = NULL;
	ring->nr_bufs = 0;
	cring_bufs_free(bufs, nr);
	return true;
}
