// SPDX-License-Identifier: GPL-2.0
/*
 * Reads and writes: one attempt.
 *
 * How a file is tried depends on what it can do (see cring_rw_mode()):
 *
 *   inline, no-wait   regular files and block devices that honour IOCB_NOWAIT
 *   inline, poll      what can be polled: never blocks, because IOCB_NOWAIT or
 *                     O_NONBLOCK says so, or because a signal seems pending
 *   worker            the rest, and what would have blocked without poll
 *
 * Direct I/O is asynchronous: the device's completion ends it.
 */
#include <linux/fs.h>
#include <linux/uio.h>

#include "bdev.h"
#include "pipe.h"
#include "rw.h"

/*
 * Is it to end by the device's interrupt?  Not when it moves the file's own
 * position, which is not known before its end: a worker waits for that.
 */
static bool cring_rw_async(const struct cring_req *req)
{
	return req->file->f_flags & O_DIRECT && !cring_uses_file_pos(req);
}

/* is it a device's transfer, which the window counts? */
static bool cring_rw_direct(const struct cring_req *req)
{
	return req->file->f_flags & O_DIRECT && cring_rw_is_storage(req);
}

/* --- the file's position --- */

/* several threads of one program share it as read(2) and write(2) do */
static bool cring_pos_lock(struct cring_req *req, enum cring_how how)
{
	if (!cring_uses_file_pos(req))
		return true;
	if (how == CRING_HOW_INLINE)
		return mutex_trylock(&req->file->f_pos_lock);
	return !mutex_lock_interruptible(&req->file->f_pos_lock);
}

static void cring_pos_unlock(struct cring_req *req)
{
	if (cring_uses_file_pos(req))
		mutex_unlock(&req->file->f_pos_lock);
}

/* --- what a file can do --- */

static enum cring_rw_mode cring_rw_mode(struct cring_req *req, int rw,
					bool async)
{
	struct file *file = req->file;

	if (cring_rw_is_storage(req)) {
		if (!(file->f_mode & FMODE_NOWAIT))
			return CRING_RW_BLOCK;
		if (file->f_flags & O_DIRECT &&
		    (!async || cring_file_sleeps(file)))
			return CRING_RW_BLOCK;
		return CRING_RW_NOWAIT;
	}
	if ((file->f_mode & FMODE_NOWAIT ||
	     S_ISSOCK(file_inode(file)->i_mode)) &&
	    cring_rw_has_iter(file, rw))
		return CRING_RW_NOWAIT;
	if (!cring_file_can_arm(file))
		return CRING_RW_BLOCK;
	return file->f_flags & O_NONBLOCK ? CRING_RW_NONBLOCK :
					    CRING_RW_SIGNAL;
}

/* would a read only find that a pipe is empty? */
static bool cring_rw_pipe_empty(const struct cring_rw_try *try)
{
	const struct cring_req *req = try->req;

	return try->rw == READ && req->rw.len && !req->rw.rw_flags &&
	       cring_pipe_is_empty(req->file);
}

/* --- what has become of it --- */

/* would it have blocked? */
static bool cring_rw_again(const struct cring_rw_try *try, ssize_t ret)
{
	const struct cring_req *req = try->req;

	if (ret == -EAGAIN)
		return true;
	/* not every file system's method honours it */
	if (ret == -EOPNOTSUPP)
		return req->iocb.ki_flags & IOCB_NOWAIT &&
		       cring_rw_is_storage(req);
	return try->mode == CRING_RW_SIGNAL &&
	       (ret == -EINTR || ret == -ERESTARTSYS ||
		ret == -ERESTARTNOINTR || ret == -ERESTARTNOHAND ||
		ret == -ERESTART_RESTARTBLOCK);
}

/* is what a non-blocking attempt left undone more than the end of the file? */
static bool cring_rw_unfinished(const struct cring_rw_try *try)
{
	const struct cring_req *req = try->req;

	if (req->rw.done == req->rw.len ||
	    req->iocb.ki_flags & IOCB_DIRECT || !cring_rw_is_storage(req))
		return false;
	return try->rw == WRITE ||
	       req->iocb.ki_pos < i_size_read(req->file->f_mapping->host);
}

/*
 * Has a method that may not sleep only given up its turn (/dev/zero does), where
 * neither a worker nor a wake-up would go on with the rest?
 */
static bool cring_rw_goes_on(const struct cring_rw_try *try, ssize_t ret)
{
	const struct cring_req *req = try->req;

	return ret > 0 && req->rw.done + ret < req->rw.len &&
	       req->iocb.ki_flags & IOCB_NOWAIT &&
	       !(req->rw.rw_flags & RWF_NOWAIT) && !cring_rw_is_storage(req) &&
	       !cring_file_can_arm(req->file) && !signal_pending(current);
}

static enum cring_verdict cring_rw_finish(const struct cring_rw_try *try,
					  ssize_t ret)
{
	struct cring_req *req = try->req;
	bool nowait = req->rw.rw_flags & RWF_NOWAIT;

	if (ret > 0 && req->iocb.ki_flags & IOCB_NOWAIT && !nowait) {
		req->rw.done += ret;
		req->flags |= CRING_REQ_STARTED;
		if (try->how == CRING_HOW_INLINE && cring_rw_unfinished(try))
			return CRING_V_WORK;
		ret = 0;
	}
	if (cring_rw_again(try, ret) && !nowait && !req->rw.done) {
		/* it was only tried; what a device had may have moved */
		if (!try->started && !try->async)
			req->flags &= ~CRING_REQ_STARTED;
		if (cring_file_can_arm(req->file))
			return CRING_V_ARM;
		if (try->how == CRING_HOW_INLINE)
			return CRING_V_WORK;
	}
	req->res = cring_rw_result(req, ret);
	return CRING_V_DONE;
}

static enum cring_verdict cring_rw_queued(struct cring_req *req,
					  enum cring_how how)
{
	/*
	 * In the device, or completed: then the state is no longer ours, the
	 * park fails, and only this hold is left.  It is taken off last, as
	 * the file's method may look at the request until it has returned.
	 * So, too, when a cancel has let go of it.
	 */
	cring_park(req, how == CRING_HOW_WORKER ? CRING_RUNNING : CRING_INLINE,
		   CRING_DISPATCHED);
	cring_req_put(req, how == CRING_HOW_WORKER);
	return CRING_V_PENDING;
}

/* no place in the window: to wait for one, unless it was told not to */
static enum cring_verdict cring_rw_no_place(struct cring_req *req)
{
	if (!(req->rw.rw_flags & RWF_NOWAIT))
		return CRING_V_WINDOW;
	req->res = -EAGAIN;
	return CRING_V_DONE;
}

/*
 * Is it to move through pages of ours?  Yes where its method may sleep, whatever
 * it was told; a socket's or a pipe's does not when it must not.
 */
static bool cring_rw_needs_stage(const struct cring_rw_try *try)
{
	return try->async || try->how == CRING_HOW_WORKER ||
	       cring_rw_is_storage(try->req);
}

/* what is not to be tried by a thread of the owner */
static enum cring_verdict cring_rw_to_worker(struct cring_req *req)
{
	if (!(req->rw.rw_flags & RWF_NOWAIT))
		return CRING_V_WORK;
	req->res = req->file->f_mode & FMODE_NOWAIT ? -EAGAIN : -EOPNOTSUPP;
	return CRING_V_DONE;
}

/* a read of a pipe or FIFO that says nothing of how? */
static bool cring_rw_is_pipe(const struct cring_req *req)
{
	return req->opcode == CRING_OP_READ &&
	       S_ISFIFO(file_inode(req->file)->i_mode) && !req->rw.rw_flags &&
	       !(READ_ONCE(req->sqe_flags) & CRING_SQE_ASYNC) &&
	       !(req->flags & CRING_REQ_DETACH) && !req->ring->in_kernel;
}

/*
 * The same as cring_rw_try() does it, without what does not concern it.  False when
 * that has to: it may block, or goes by packets.
 */
static bool cring_rw_try_pipe(struct cring_req *req, enum cring_verdict *verdict)
{
	struct cring_rw_try try = {
		.req = req, .how = CRING_HOW_INLINE, .rw = READ,
		.started = req->flags & CRING_REQ_STARTED,
	};
	struct file *file = req->file;
	int flags = READ_ONCE(file->f_iocb_flags);
	struct iov_iter iter;

	if (flags & IOCB_DIRECT || !cring_rw_has_iter(file, READ))
		return false;
	if (cring_rw_pipe_empty(&try)) {
		*verdict = CRING_V_ARM;
		return true;
	}
	if (file->f_mode & FMODE_NOWAIT)
		flags |= IOCB_NOWAIT;
	else if (!(file->f_flags & O_NONBLOCK))
		return false;
	try.mode = flags & IOCB_NOWAIT ? CRING_RW_NOWAIT : CRING_RW_NONBLOCK;
	req->iocb = (struct kiocb) {
		.ki_filp = file, .ki_flags = flags, .ki_ioprio = req->ioprio,
	};
	iov_iter_ubuf(&iter, ITER_DEST, u64_to_user_ptr(req->rw.addr),
		      req->rw.len);
	*verdict = cring_rw_finish(&try,
				   vfs_iocb_iter_read(file, &req->iocb, &iter));
	return true;
}

/**
 * cring_rw_try - try a read or write
 * @req: the caller's; a write that may be let go of is staged
 * @how: INLINE or a worker
 *
 * Context: process; as @how says.
 * Return: what became of it.
 */
enum cring_verdict cring_rw_try(struct cring_req *req, enum cring_how how)
{
	struct cring_rw_try try = {
		.req = req, .how = how,
		.rw = cring_rw_is_write(req) ? WRITE : READ,
		/* asked once: fcntl(2) may change it meanwhile */
		.async = cring_rw_async(req),
		.started = req->flags & CRING_REQ_STARTED,
	};
	enum cring_verdict verdict;
	bool queued;
	ssize_t ret;

	if (how == CRING_HOW_INLINE && cring_rw_is_pipe(req) &&
	    cring_rw_try_pipe(req, &verdict))
		return verdict;
	/* what is let go of in its method is never seen to be dispatched */
	if (cring_rw_direct(req) &&
	    !cring_window_enter(req, try.async &&
				     !(req->flags & CRING_REQ_DETACH)))
		return cring_rw_no_place(req);
	/* a link behind it may be being cut */
	if (how == CRING_HOW_INLINE &&
	    READ_ONCE(req->sqe_flags) & CRING_SQE_ASYNC &&
	    cring_file_worker_allowed(req->file))
		return cring_rw_to_worker(req);
	try.mode = cring_rw_mode(req, try.rw, try.async);
	if (how == CRING_HOW_INLINE) {
		if (try.mode == CRING_RW_BLOCK)
			return cring_rw_to_worker(req);
		if (try.async)
			cring_plug(req->ring);
		if (cring_rw_pipe_empty(&try))
			return CRING_V_ARM;
		/* not every method looks for a signal before it sleeps */
		if (try.mode == CRING_RW_SIGNAL && req->rw.len &&
		    !req->rw.rw_flags &&
		    !(vfs_poll(req->file, NULL) & (req->events | EPOLLERR |
						   EPOLLHUP)))
			return CRING_V_ARM;
	}
	if (unlikely(req->flags & CRING_REQ_DETACH) &&
	    cring_rw_needs_stage(&try)) {
		ret = cring_stage(req, how);
		if (ret) {
			req->res = ret;
			return CRING_V_DONE;
		}
	}
	if (!cring_pos_lock(req, how)) {
		if (how == CRING_HOW_INLINE)
			return cring_rw_to_worker(req);
		req->res = -EINTR;
		return CRING_V_DONE;
	}
	ret = cring_rw_run(&try, &queued);
	while (unlikely(cring_rw_goes_on(&try, ret))) {
		req->rw.done += ret;
		if (cring_uses_file_pos(req))
			req->file->f_pos = req->iocb.ki_pos;
		cond_resched();
		ret = cring_rw_run(&try, &queued);
	}
	if (queued)
		return cring_rw_queued(req, how);
	if (ret == -EIOCBQUEUED)
		return CRING_V_PENDING;
	if (ret > 0 && cring_uses_file_pos(req))
		req->file->f_pos = req->iocb.ki_pos;
	cring_pos_unlock(req);
	return cring_rw_finish(&try, ret);
}

/**
 * cring_rw_tried - what a read has come to that quick.c has tried
 * @req: the caller's, INLINE, for the first time; its iocb is as it was left
 * @ret: what the file's method returned
 *
 * Context: the submitter.
 * Return: what became of it.
 */
enum cring_verdict cring_rw_tried(struct cring_req *req, ssize_t ret)
{
	const struct cring_rw_try try = {
		.req = req, .how = CRING_HOW_INLINE, .rw = READ,
		.mode = CRING_RW_NOWAIT,
		.async = req->iocb.ki_flags & IOCB_DIRECT,
	};

	return cring_rw_finish(&try, ret);
}
