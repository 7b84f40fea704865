// SPDX-License-Identifier: GPL-2.0
/*
 * Reads and writes: most of what a worker reads, bytes of a regular file that its page
 * cache has when the read returns.
 *
 * It ends where it is tried, whatever comes of it.  So this is what issue.c and
 * rw_try.c do for it, in one piece.
 */
#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/uio.h>

#include "rw.h"

/* is that all that it says? */
static bool cring_rw_is_plain(const struct cring_req *req)
{
	const u8 usual = CRING_REQ_PREPPED | CRING_REQ_STARTED;
	const struct file *file = req->file;

	return req->opcode == CRING_OP_READ && !(req->flags & ~usual) &&
	       cring_rw_is_storage(req) && req->rw.pos >= 0 &&
	       !req->rw.rw_flags && cring_has_pos(file) &&
	       file->f_op->read_iter && !file->f_op->poll &&
	       !req->ring->in_kernel && !cring_deadline_given(req);
}

/**
 * cring_rw_worker - read what a worker is mostly asked for
 * @req: RUNNING, the calling worker's; its identity and memory are at hand
 *
 * Context: a worker; may sleep.
 * Return: true when it has ended, and is not to be touched afterwards; false when
 * nothing was done: it is for cring_issue().
 */
bool cring_rw_worker(struct cring_req *req)
{
	struct cring_worker *worker = &req->ring->workers[req->worker];
	struct iov_iter iter __uninitialized;
	struct cring_rw *r = &req->rw;
	struct file *file = req->file;
	ssize_t ret;
	int flags;

	if (!cring_rw_is_plain(req))
		return false;
	/* fcntl(2) may change it */
	flags = READ_ONCE(file->f_iocb_flags);
	if (flags & IOCB_DIRECT || !cring_worker_enter(worker, req))
		return false;
	req->flags |= CRING_REQ_STARTED;
	req->iocb = (struct kiocb) {
		.ki_filp = file,
		.ki_pos = r->pos + r->done,
		.ki_flags = flags,
		.ki_ioprio = req->ioprio,
	};
	iov_iter_ubuf(&iter, ITER_DEST, u64_to_user_ptr(r->addr + r->done),
		      r->len - r->done);
	ret = vfs_iocb_iter_read(file, &req->iocb, &iter);
	cring_worker_leave(worker);
	req->res = cring_rw_result(req, ret);
	if (unlikely(req->res < 0))
		req->res = cring_error(req, req->res, true);
	cring_complete_worker(req);
	return true;
}
