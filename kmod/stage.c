// SPDX-License-Identifier: GPL-2.0
/*
 * Staging: a read or write that may be let go of moves its bytes through pages
 * of the kernel's, and through the caller's memory only in bounded copies.
 *
 * A write's bytes are copied in when its turn comes, before it is tried or waits
 * for anything: its memory is the caller's from then on.  A read has pages as long
 * as somebody has it who may not give it back, and what it has read is copied out
 * when it is through: by the thread of the owner that has tried it, by a worker
 * that has the owner's address space for that long, or, what a device has ended,
 * by a thread of the owner.  Nobody can let go of the operation during a copy.
 */
#include <linux/bvec.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "cring.h"
#include "point.h"

/**
 * struct cring_stage - a read's or write's pages
 * @mem: the caller's memory, as it was in struct cring_rw
 * @len: bytes that are staged
 * @res: what a device has read, once @full
 * @full: to be copied out
 * @rcu: to free it from any context
 * @nr_pages: entries of @bvec
 * @bvec: all start at the beginning of their page
 */
struct cring_stage {
	union cring_rw_mem mem;
	u32 len;
	s32 res;
	bool full;
	struct rcu_head rcu;
	u32 nr_pages;
	struct bio_vec bvec[];
};

static void cring_stage_destroy(struct cring_stage *stage)
{
	while (stage->nr_pages)
		__free_page(stage->bvec[--stage->nr_pages].bv_page);
	/* also from a device's completion, where vmalloc()ed memory may not be */
	kvfree_rcu(stage, rcu);
}

/* charged to the submitter's memory cgroup, in a worker too */
static struct cring_stage *cring_stage_alloc(size_t len, bool zero)
{
	gfp_t gfp = GFP_KERNEL_ACCOUNT | (zero ? __GFP_ZERO : 0);
	u32 nr = DIV_ROUND_UP(len, PAGE_SIZE);
	struct cring_stage *stage;
	struct bio_vec *bv;

	stage = kvmalloc(struct_size(stage, bvec, nr), GFP_KERNEL_ACCOUNT);
	if (!stage)
		return NULL;
	*stage = (struct cring_stage) { .len = len };
	while (stage->nr_pages < nr) {
		bv = &stage->bvec[stage->nr_pages];
		bv->bv_page = alloc_page(gfp);
		if (!bv->bv_page) {
			cring_stage_destroy(stage);
			return NULL;
		}
		bv->bv_offset = 0;
		bv->bv_len = min_t(size_t, len, PAGE_SIZE);
		len -= bv->bv_len;
		stage->nr_pages++;
	}
	return stage;
}

/* the caller's memory is at hand in its own threads, and when it is pinned */
static bool cring_stage_needs_mm(const struct cring_req *req,
				 enum cring_how how)
{
	return how == CRING_HOW_WORKER && !cring_rw_is_fixed(req);
}

/* copy a write's bytes in: all of them, or it is not begun */
static int cring_stage_in(struct cring_req *req, struct cring_stage *stage)
{
	struct iov_iter iter;
	u32 i;

	cring_rw_user_iter(req, WRITE, &iter);
	for (i = 0; i < stage->nr_pages; i++) {
		struct bio_vec *bv = &stage->bvec[i];

		if (copy_page_from_iter(bv->bv_page, 0, bv->bv_len, &iter) !=
		    bv->bv_len)
			return -EFAULT;
		cond_resched();
	}
	return 0;
}

/**
 * cring_stage - stage a read or write, if it is to be and is not yet
 * @req: INLINE or RUNNING, the caller's
 * @how: which of the two
 *
 * Context: process, may sleep; the submitter, or a worker.
 * Return: 0, -ENOMEM, -EFAULT, -EOPNOTSUPP when the file's methods take user
 * memory only, -ECANCELED when the owner is gone.
 */
int cring_stage(struct cring_req *req, enum cring_how how)
{
	bool write = cring_rw_is_write(req);
	struct cring_stage *stage;
	int ret = 0;

	if (!(req->flags & CRING_REQ_DETACH) || req->flags & CRING_REQ_STAGED)
		return 0;
	if (!cring_rw_has_iter(req->file, write ? WRITE : READ))
		return -EOPNOTSUPP;
	/* zeroed, lest a device that says it has read shows what was there */
	stage = cring_stage_alloc(req->rw.len, !write);
	if (!stage)
		return -ENOMEM;
	if (write && cring_stage_needs_mm(req, how)) {
		ret = -ECANCELED;
		if (cring_worker_use_mm(req->ring)) {
			ret = cring_stage_in(req, stage);
			cring_worker_unuse_mm(req->ring);
		}
	} else if (write) {
		ret = cring_stage_in(req, stage);
	}
	if (ret) {
		cring_stage_destroy(stage);
		return ret;
	}
	stage->mem = req->rw.mem;
	req->rw.stage = stage;
	req->flags |= CRING_REQ_STAGED;
	return 0;
}

/**
 * cring_stage_mem - the caller's memory
 * @req: a read or write that is staged
 *
 * Return: what @req->rw.mem was before.
 */
union cring_rw_mem *cring_stage_mem(struct cring_req *req)
{
	return &req->rw.stage->mem;
}

/**
 * cring_stage_iter - iterate over the pages, from what is moved already
 * @req: staged
 * @rw: READ or WRITE
 * @iter: set up; valid as long as @req is staged
 *
 * Context: any.
 */
void cring_stage_iter(struct cring_req *req, int rw, struct iov_iter *iter)
{
	struct cring_stage *stage = req->rw.stage;

	iov_iter_bvec(iter, rw, stage->bvec, stage->nr_pages, stage->len);
	iov_iter_advance(iter, req->rw.done);
}

static ssize_t cring_stage_copy_out(struct cring_req *req, size_t len)
{
	struct cring_stage *stage = req->rw.stage;
	size_t from = req->rw.done, done = 0;
	struct iov_iter iter;

	cring_rw_user_iter(req, READ, &iter);
	while (done < len) {
		size_t off = offset_in_page(from + done);
		size_t n = min(len - done, PAGE_SIZE - off), copied;

		copied = copy_page_to_iter(stage->bvec[(from + done) >> PAGE_SHIFT].bv_page,
					   off, n, &iter);
		done += copied;
		if (copied != n)
			return done ?: -EFAULT;
		cond_resched();
	}
	return done;
}

/**
 * cring_stage_out - copy what was read to the caller's memory
 * @req: staged, the caller's, and lent to nobody
 * @how: INLINE or a worker
 * @len: bytes that were read, after @req->rw.done
 *
 * Context: process, may sleep; a thread of the owner, or a worker.
 * Return: bytes copied, -EFAULT, or -ECANCELED when the owner is gone.
 */
ssize_t cring_stage_out(struct cring_req *req, enum cring_how how, size_t len)
{
	ssize_t ret;

	cring_at(CRING_AT_COPY, req->ring, req);
	if (!cring_stage_needs_mm(req, how))
		return cring_stage_copy_out(req, len);
	if (!cring_worker_use_mm(req->ring))
		return -ECANCELED;
	ret = cring_stage_copy_out(req, len);
	cring_worker_unuse_mm(req->ring);
	return ret;
}

/**
 * cring_stage_fill - a device has read into the pages
 * @req: staged, the caller's
 * @res: bytes, more than 0
 *
 * Context: any.
 */
void cring_stage_fill(struct cring_req *req, s32 res)
{
	req->rw.stage->res = res;
	req->rw.stage->full = true;
}

/**
 * cring_stage_is_full - is there something to be copied out?
 * @req: the caller's; any operation
 *
 * Context: any.
 * Return: true when cring_stage_fill() was called.
 */
bool cring_stage_is_full(const struct cring_req *req)
{
	return req->flags & CRING_REQ_STAGED && req->rw.stage->full;
}

/**
 * cring_stage_filled - what a device has read
 * @req: cring_stage_is_full()
 *
 * Return: as given to cring_stage_fill().
 */
s32 cring_stage_filled(const struct cring_req *req)
{
	return req->rw.stage->res;
}

/**
 * cring_stage_forget - the operation is let go of
 * @req: just claimed; any operation
 *
 * Pinned memory of the caller's is not to stay pinned until a device answers.
 *
 * Context: cring_ring.lock.
 */
void cring_stage_forget(struct cring_req *req)
{
	union cring_rw_mem *mem;

	if (!cring_req_has(req, CRING_REQ_STAGED) || !cring_rw_is_fixed(req))
		return;
	mem = cring_stage_mem(req);
	cring_buf_put(mem->buf);
	mem->buf = NULL;
}

/**
 * cring_stage_free - give the pages back
 * @req: staged; its @rw.mem is the caller's memory again
 *
 * Context: any.
 */
void cring_stage_free(struct cring_req *req)
{
	struct cring_stage *stage = req->rw.stage;

	req->flags &= ~CRING_REQ_STAGED;
	req->rw.mem = stage->mem;
	cring_stage_destroy(stage);
}
