// SPDX-License-Identifier: GPL-2.0
/*
 * READ, WRITE, READV, WRITEV, READ_FIXED, WRITE_FIXED: what the SQE says.
 *
 * How one is tried is in rw_try.c, the call of the file's method in rw_call.c,
 * and what a device's completion does in rw_end.c.
 */
#include <linux/compat.h>
#include <linux/ioprio.h>
#include <linux/security.h>
#include <linux/sizes.h>
#include <linux/uio.h>

#include "rw.h"

/* --- prep --- */

/**
 * cring_rw_has_iter - does a file take memory of any kind?
 * @file: any file
 * @rw: READ or WRITE
 *
 * Only its methods for that are told that they must not wait.
 *
 * Return: true when it does; else only user memory.
 */
bool cring_rw_has_iter(const struct file *file, int rw)
{
	return rw == WRITE ? !!file->f_op->write_iter : !!file->f_op->read_iter;
}

static bool cring_rw_has_legacy(const struct file *file, int rw)
{
	return rw == WRITE ? !!file->f_op->write : !!file->f_op->read;
}

/* whose I/O priority is a real-time one must be allowed to ask for it */
static int cring_ioprio_check(u16 ioprio)
{
	switch (IOPRIO_PRIO_CLASS(ioprio)) {
	case IOPRIO_CLASS_RT:
		if (!capable(CAP_SYS_ADMIN) && !capable(CAP_SYS_NICE))
			return -EPERM;
		return 0;
	case IOPRIO_CLASS_BE:
	case IOPRIO_CLASS_IDLE:
		return 0;
	default:
		return -EINVAL;
	}
}

static int cring_rw_prep_common(struct cring_req *req,
				const struct cring_sqe *sqe)
{
	int rw = cring_rw_is_write(req) ? WRITE : READ;
	int ret;

	if (sqe->fd_in || (s64)sqe->off < -1)
		return -EINVAL;
	/* before it waits for what can never be */
	if (!(req->file->f_mode & (rw == WRITE ? FMODE_WRITE : FMODE_READ)))
		return -EBADF;
	if (!cring_rw_has_iter(req->file, rw) &&
	    !cring_rw_has_legacy(req->file, rw))
		return -EINVAL;
	if (!cring_rw_allowed(req->ring, req->file))
		return -EOPNOTSUPP;
	if (sqe->ioprio) {
		ret = cring_ioprio_check(sqe->ioprio);
		if (ret)
			return ret;
	}
	req->ioprio = sqe->ioprio;
	req->events = cring_rw_is_write(req) ? EPOLLOUT | EPOLLWRNORM :
					       EPOLLIN | EPOLLRDNORM;
	req->rw = (struct cring_rw) {
		.addr = sqe->addr,
		.pos = sqe->off,
		.len = min_t(u32, sqe->len, MAX_RW_COUNT),
		.rw_flags = (__force rwf_t)sqe->rw_flags,
	};
	/* what is let go of would keep it, and its lock, for ever */
	if (req->flags & CRING_REQ_DETACH && cring_uses_file_pos(req))
		return -EINVAL;
	return 0;
}

/* nobody but a worker is there to go on with it later */
static int cring_rw_kernel_prep(struct cring_req *req)
{
	if (!cring_rw_has_iter(req->file, cring_rw_is_write(req) ? WRITE : READ) ||
	    !cring_file_worker_allowed(req->file))
		return -EOPNOTSUPP;
	req->rw.mem.iter = cring_client_iter(req);
	return 0;
}

/* is it more than may be let go of? */
static bool cring_rw_too_long(const struct cring_req *req)
{
	return req->flags & CRING_REQ_DETACH && req->rw.len > CRING_MAX_STAGE;
}

static int cring_rw_prep(struct cring_req *req, const struct cring_sqe *sqe)
{
	int ret;

	if (sqe->buf_index)
		return -EINVAL;
	ret = cring_rw_prep_common(req, sqe);
	if (ret)
		return ret;
	if (unlikely(req->ring->in_kernel))
		return cring_rw_kernel_prep(req);
	if (!access_ok(u64_to_user_ptr(req->rw.addr), req->rw.len))
		return -EFAULT;
	return cring_rw_too_long(req) ? -EINVAL : 0;
}

/* the vectors are copied at submission: they need not live any longer */
static int cring_rwv_prep(struct cring_req *req, const struct cring_sqe *sqe)
{
	struct iovec one = {}, *iov = &one;
	struct iov_iter iter;
	ssize_t len;
	int ret;

	if (sqe->buf_index)
		return -EINVAL;
	ret = cring_rw_prep_common(req, sqe);
	if (ret)
		return ret;
	len = import_iovec(cring_rw_is_write(req) ? WRITE : READ,
			   u64_to_user_ptr(sqe->addr), sqe->len, 1, &iov,
			   &iter);
	if (len < 0)
		return len;
	/* NULL when there is one at most: that needs no memory */
	req->rw.mem.iov = iov;
	req->rw.nr_iov = sqe->len;
	req->rw.addr = (unsigned long)one.iov_base;
	req->rw.len = len;
	if (cring_rw_too_long(req)) {
		kfree(iov);
		return -EINVAL;
	}
	return 0;
}

static int cring_rw_fixed_prep(struct cring_req *req,
			       const struct cring_sqe *sqe)
{
	struct cring_buf *buf;
	int ret;

	ret = cring_rw_prep_common(req, sqe);
	if (ret)
		return ret;
	if (cring_rw_too_long(req))
		return -EINVAL;
	buf = cring_buf_get(req->ring, sqe->buf_index, req->rw.addr,
			    req->rw.len);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	req->rw.mem.buf = buf;
	return 0;
}

static void cring_rw_cleanup(struct cring_req *req)
{
	if (req->flags & CRING_REQ_STAGED)
		cring_stage_free(req);
	/* of whatever kind */
	if (!req->rw.mem.iov)
		return;
	if (!cring_rw_is_fixed(req) && !req->ring->in_kernel)
		kfree(req->rw.mem.iov);
	else if (cring_rw_is_fixed(req))
		cring_buf_put(req->rw.mem.buf);
}

/* a device has read into pages of ours: the rest is a copy */
static enum cring_verdict cring_rw_copy(struct cring_req *req,
					enum cring_how how)
{
	ssize_t ret = cring_stage_out(req, how, cring_stage_filled(req));

	/* not where the device ended it */
	if (ret > 0)
		fsnotify_access(req->file);
	req->res = cring_rw_result(req, ret);
	return CRING_V_DONE;
}

static enum cring_verdict cring_rw_issue(struct cring_req *req,
					 enum cring_how how)
{
	if (unlikely(req->flags & CRING_REQ_STAGED) && cring_stage_is_full(req))
		return cring_rw_copy(req, how);
	/* before it waits for anything: its memory is the caller's from here on */
	if (unlikely(req->flags & CRING_REQ_DETACH) && cring_rw_is_write(req)) {
		req->res = cring_stage(req, how);
		if (req->res)
			return CRING_V_DONE;
	}
	return cring_rw_try(req, how);
}

#define CRING_OP_RW(_name, _NAME, _prep)				\
	const struct cring_op cring_op_##_name = {			\
		.name = _NAME,						\
		.flags = CRING_OPF_FILE | CRING_OPF_MEM | CRING_OPF_RW |	\
			 CRING_OPF_DETACH,				\
		.prep = _prep,						\
		.issue = cring_rw_issue,				\
		.cleanup = cring_rw_cleanup,				\
	}

CRING_OP_RW(read, "READ", cring_rw_prep);
CRING_OP_RW(write, "WRITE", cring_rw_prep);
CRING_OP_RW(readv, "READV", cring_rwv_prep);
CRING_OP_RW(writev, "WRITEV", cring_rwv_prep);
CRING_OP_RW(read_fixed, "READ_FIXED", cring_rw_fixed_prep);
CRING_OP_RW(write_fixed, "WRITE_FIXED", cring_rw_fixed_prep);
