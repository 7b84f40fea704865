/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fixed buffers, where they are used: small, and inlined.
 */
#ifndef _CRING_BUF_H
#define _CRING_BUF_H

#include <linux/bvec.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/refcount.h>
#include <linux/uio.h>

#include "cring.h"

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

/* what is in a slot, or NULL; it stays there under cring_ring.submit_mutex */
static inline struct cring_buf *cring_buf_find(const struct cring_ring *ring,
					       u32 index)
{
	if (index >= ring->nr_bufs)
		return NULL;
	return ring->bufs[array_index_nospec(index, ring->nr_bufs)];
}

/* are all the bytes inside?  An address in the owner's address space */
static inline bool cring_buf_has(const struct cring_buf *buf, u64 addr, u32 len)
{
	u64 off = addr - buf->addr;

	return off <= buf->len && len <= buf->len - off;
}

/* as many operations more use what cring_buf_find() has found */
static inline void cring_buf_get_many(struct cring_buf *buf, unsigned int nr)
{
	refcount_add(nr, &buf->refs);
}

/* any context: who frees it may sleep, a little later */
static inline void cring_buf_put_many(struct cring_buf *buf, unsigned int nr)
{
	if (refcount_sub_and_test(nr, &buf->refs))
		queue_work(cring_wq, &buf->work);
}

/**
 * cring_buf_iter - iterate over part of a fixed buffer
 * @buf: the buffer
 * @dir: ITER_DEST or ITER_SOURCE
 * @addr: first byte, in a range that cring_buf_has()
 * @len: bytes, in that range
 * @iter: set up; uses @buf's own vectors, so valid as long as @buf is
 *
 * Context: any.
 */
static inline void cring_buf_iter(const struct cring_buf *buf, int dir,
				  u64 addr, size_t len, struct iov_iter *iter)
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

#endif /* _CRING_BUF_H */
