// SPDX-License-Identifier: GPL-2.0
/*
 * READ, WRITE, READV, WRITEV, READ_FIXED, WRITE_FIXED.
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
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/compat.h>
#include <linux/fsnotify.h>
#include <linux/ioprio.h>
#include <linux/sched/signal.h>
#include <linux/security.h>
#include <linux/sizes.h>
#include <linux/uio.h>

#include "cring.h"
#include "point.h"

enum cring_rw_mode {
	CRING_RW_NOWAIT,	/* the file honours IOCB_NOWAIT */
	CRING_RW_NONBLOCK,	/* O_NONBLOCK: does not block by itself */
	CRING_RW_SIGNAL,	/* can be polled, but would block */
	CRING_RW_BLOCK,		/* a worker must run it */
};

/**
 * cring_rw_is_write - does a read or write go to the file?
 * @req: a read or write
 *
 * Return: true for a write.
 */
bool cring_rw_is_write(const struct cring_req *req)
{
	return req->opcode == CRING_OP_WRITE ||
	       req->opcode == CRING_OP_WRITEV ||
	       req->opcode == CRING_OP_WRITE_FIXED;
}

/* --- prep --- */

static bool cring_has_pos(const struct file *file)
{
	return !(file->f_mode & FMODE_STREAM) &&
	       file->f_mode & (FMODE_PREAD | FMODE_PWRITE);
}

static bool cring_uses_file_pos(const struct cring_req *req)
{
	return req->rw.pos == -1 && cring_has_pos(req->file);
}

/* only these methods are told that they must not wait */
/**
 * cring_rw_has_iter - does a file take memory of any kind?
 * @file: any file
 * @rw: READ or WRITE
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

/**
 * cring_rw_is_fixed - is its memory a fixed buffer?
 * @req: a read or write
 *
 * Return: true when it is.
 */
bool cring_rw_is_fixed(const struct cring_req *req)
{
	return req->opcode == CRING_OP_READ_FIXED ||
	       req->opcode == CRING_OP_WRITE_FIXED;
}

static void cring_rw_cleanup(struct cring_req *req)
{
	if (req->flags & CRING_REQ_STAGED)
		cring_stage_free(req);
	if (!cring_rw_is_fixed(req) && !req->ring->in_kernel)
		kfree(req->rw.mem.iov);
	else if (cring_rw_is_fixed(req) && req->rw.mem.buf)
		cring_buf_put(req->rw.mem.buf);
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
	umode_t mode = file_inode(req->file)->i_mode;

	return req->file->f_flags & O_DIRECT &&
	       (S_ISREG(mode) || S_ISBLK(mode));
}

/* --- what a file can do --- */

/* a queue that may sleep when it is given a request, whatever it was told */
static bool cring_bdev_sleeps(struct block_device *bdev)
{
	struct request_queue *q = bdev_get_queue(bdev);

	return q->tag_set && q->tag_set->flags & BLK_MQ_F_BLOCKING;
}

static bool cring_file_sleeps(struct file *file)
{
	struct inode *inode = file->f_mapping->host;

	if (S_ISBLK(inode->i_mode))
		return cring_bdev_sleeps(I_BDEV(inode));
	return inode->i_sb->s_bdev && cring_bdev_sleeps(inode->i_sb->s_bdev);
}

static enum cring_rw_mode cring_rw_mode(struct cring_req *req, int rw,
					bool async)
{
	struct file *file = req->file;
	umode_t mode = file_inode(file)->i_mode;

	if (S_ISREG(mode) || S_ISBLK(mode)) {
		if (!(file->f_mode & FMODE_NOWAIT))
			return CRING_RW_BLOCK;
		if (file->f_flags & O_DIRECT &&
		    (!async || cring_file_sleeps(file)))
			return CRING_RW_BLOCK;
		return CRING_RW_NOWAIT;
	}
	if ((file->f_mode & FMODE_NOWAIT || S_ISSOCK(mode)) &&
	    cring_rw_has_iter(file, rw))
		return CRING_RW_NOWAIT;
	if (!cring_file_can_arm(file))
		return CRING_RW_BLOCK;
	return file->f_flags & O_NONBLOCK ? CRING_RW_NONBLOCK :
					    CRING_RW_SIGNAL;
}

/* --- completion of asynchronous I/O --- */

static void cring_rw_end_write(struct cring_req *req)
{
	if (req->flags & CRING_REQ_FREEZE) {
		cring_req_forget(req, CRING_REQ_FREEZE);
		cring_end_write(&req->iocb);
	}
}

/* bytes of this attempt, after those of earlier ones */
static s32 cring_rw_result(const struct cring_req *req, ssize_t ret)
{
	if (req->rw.done && ret <= 0)
		return req->rw.done;
	return ret < 0 ? ret : ret + req->rw.done;
}

/*
 * From a device's interrupt, or from its method before that has returned.  The
 * method's caller holds the request as well, and takes its own hold off.
 */
static void cring_rw_complete(struct kiocb *iocb, long ret)
{
	struct cring_req *req = container_of(iocb, struct cring_req, iocb);

	cring_rw_end_write(req);
	if (!cring_detach_return(req)) {
		if (ret > 0 && cring_file_watched(req->file))
			cring_req_note(req, CRING_REQ_NOTIFY);
		cring_detach_drop(req, false);
		return;
	}
	/* nobody else moves a request that is in a device, or its method */
	cring_word_own(&req->word, CRING_CLAIMED);
	cring_at(CRING_AT_ENDED, req->ring, req);
	if (unlikely(ret == -EAGAIN && iocb->ki_flags & IOCB_NOWAIT &&
		     !(req->rw.rw_flags & RWF_NOWAIT))) {
		cring_req_note(req, CRING_REQ_REISSUE);
		cring_req_put(req, false);
		return;
	}
	if (ret > 0 && unlikely(req->flags & CRING_REQ_STAGED) &&
	    !cring_rw_is_write(req)) {
		/* to where it can be copied, when the method has returned */
		cring_stage_fill(req, ret);
		cring_req_note(req, CRING_REQ_REISSUE);
		cring_req_put(req, false);
		return;
	}
	if (ret > 0 && unlikely(cring_file_watched(req->file)))
		cring_req_note(req, CRING_REQ_NOTIFY);
	cring_complete(req, cring_rw_result(req, ret));
}

/* --- one attempt --- */

/**
 * cring_rw_user_iter - iterate over the caller's memory, from what is moved on
 * @req: a read or write, staged or not
 * @rw: READ or WRITE
 * @iter: set up; uses @req's vectors
 *
 * Context: process, where that memory is at hand.
 */
void cring_rw_user_iter(struct cring_req *req, int rw, struct iov_iter *iter)
{
	struct cring_rw *r = &req->rw;
	union cring_rw_mem *mem = req->flags & CRING_REQ_STAGED ?
				  cring_stage_mem(req) : &r->mem;

	if (cring_rw_is_fixed(req)) {
		cring_buf_iter(mem->buf, rw, r->addr + r->done,
			       r->len - r->done, iter);
	} else if (unlikely(req->ring->in_kernel)) {
		*iter = *mem->iter;
		iov_iter_truncate(iter, r->len);
		iov_iter_advance(iter, r->done);
	} else if (mem->iov) {
		iov_iter_init(iter, rw, mem->iov, r->nr_iov, r->len);
		iov_iter_advance(iter, r->done);
	} else {
		iov_iter_ubuf(iter, rw, u64_to_user_ptr(r->addr + r->done),
			      r->len - r->done);
	}
}

static void cring_rw_iter(struct cring_req *req, int rw, struct iov_iter *iter)
{
	if (req->flags & CRING_REQ_STAGED)
		cring_stage_iter(req, rw, iter);
	else
		cring_rw_user_iter(req, rw, iter);
}

static int cring_rw_init_iocb(struct cring_req *req, int rw,
			      enum cring_rw_mode mode, bool async,
			      enum cring_how how)
{
	struct kiocb *iocb = &req->iocb;
	int ret;

	/* a device that would block sends it to a worker, from any context */
	if (async && !cring_req_ident(req))
		return -ENOMEM;

	init_sync_kiocb(iocb, req->file);
	if (req->ioprio)
		iocb->ki_ioprio = req->ioprio;
	ret = cring_kiocb_set_rw_flags(iocb, req->rw.rw_flags, rw);
	if (ret)
		return ret;
	/* no polled I/O: a completion always comes by itself */
	iocb->ki_flags &= ~IOCB_HIPRI;
	if (mode == CRING_RW_NOWAIT && how == CRING_HOW_INLINE)
		iocb->ki_flags |= IOCB_NOWAIT;
	/* not even to read ahead: a hung device may have no room for that */
	if (iocb->ki_flags & IOCB_NOWAIT && !async && rw == READ &&
	    req->flags & CRING_REQ_DETACH)
		iocb->ki_flags |= IOCB_NOIO;
	if (async) {
		iocb->ki_complete = cring_rw_complete;
		/* one hold for the completion, one until the method returns */
		atomic_set(&req->refs, 2);
		req->flags |= CRING_REQ_STARTED;
	}
	if (!cring_has_pos(req->file))
		iocb->ki_pos = 0;
	else if (req->rw.pos == -1)
		iocb->ki_pos = req->file->f_pos;
	else
		iocb->ki_pos = req->rw.pos + req->rw.done;
	return 0;
}

/* a file without ->read_iter or ->write_iter: its own method, and the hooks */
static ssize_t cring_rw_legacy(struct cring_req *req, int rw)
{
	struct iovec one = { u64_to_user_ptr(req->rw.addr), req->rw.len };
	const struct iovec *iov = req->rw.mem.iov ?: &one;
	unsigned int i, nr = req->rw.mem.iov ? req->rw.nr_iov : 1;
	struct file *file = req->file;
	loff_t *pos = cring_has_pos(file) ? &req->iocb.ki_pos : NULL;
	ssize_t ret, done = 0;

	if (cring_rw_is_fixed(req) || req->rw.rw_flags)
		return -EOPNOTSUPP;
	ret = rw_verify_area(rw, file, &req->iocb.ki_pos, req->rw.len);
	if (ret)
		return ret;
	for (i = 0; i < nr; i++) {
		void __user *base = (void __user *)iov[i].iov_base;

		if (rw == WRITE)
			ret = file->f_op->write(file, base, iov[i].iov_len,
						pos);
		else
			ret = file->f_op->read(file, base, iov[i].iov_len, pos);
		if (ret > 0)
			done += ret;
		if (ret != iov[i].iov_len)
			break;
	}
	if (done && rw == WRITE)
		fsnotify_modify(file);
	else if (done)
		fsnotify_access(file);
	return done ?: ret;
}

static ssize_t cring_rw_write(struct cring_req *req, struct iov_iter *iter)
{
	bool freeze = S_ISREG(file_inode(req->file)->i_mode);
	ssize_t ret;

	if (freeze) {
		if (!cring_start_write(&req->iocb,
				       req->iocb.ki_flags & IOCB_NOWAIT))
			return -EAGAIN;
		/* before a completion can look */
		cring_req_note(req, CRING_REQ_FREEZE);
	}
	ret = vfs_iocb_iter_write(req->file, &req->iocb, iter);
	if (freeze && ret != -EIOCBQUEUED) {
		cring_req_forget(req, CRING_REQ_FREEZE);
		cring_unstart_write(&req->iocb);
	}
	return ret;
}

/*
 * A page fault that sleeps in user space's hands (userfaultfd) would spin
 * while a signal seems pending: have the pages before.  No attempt moves more
 * than a pipe holds.
 */
static void cring_rw_fault_in(struct cring_req *req, int rw)
{
	struct iov_iter iter;

	if (cring_rw_is_fixed(req) || req->ring->in_kernel)
		return;
	cring_rw_iter(req, rw, &iter);
	if (rw == WRITE)
		fault_in_iov_iter_readable(&iter, SZ_1M);
	else
		fault_in_iov_iter_writeable(&iter, SZ_1M);
}

static ssize_t cring_rw_call(struct cring_req *req, int rw)
{
	struct iov_iter iter;

	if (!cring_rw_has_iter(req->file, rw))
		return cring_rw_legacy(req, rw);
	cring_rw_iter(req, rw, &iter);
	if (rw == WRITE)
		return cring_rw_write(req, &iter);
	return vfs_iocb_iter_read(req->file, &req->iocb, &iter);
}

/* would it have blocked? */
static bool cring_rw_again(const struct cring_req *req, ssize_t ret,
			   enum cring_rw_mode mode)
{
	umode_t type = file_inode(req->file)->i_mode;

	if (ret == -EAGAIN)
		return true;
	/* not every file system's method honours it */
	if (ret == -EOPNOTSUPP)
		return req->iocb.ki_flags & IOCB_NOWAIT &&
		       (S_ISREG(type) || S_ISBLK(type));
	return mode == CRING_RW_SIGNAL &&
	       (ret == -EINTR || ret == -ERESTARTSYS ||
		ret == -ERESTARTNOINTR || ret == -ERESTARTNOHAND ||
		ret == -ERESTART_RESTARTBLOCK);
}

/* is what a non-blocking attempt left undone more than the end of the file? */
static bool cring_rw_unfinished(struct cring_req *req, int rw)
{
	umode_t mode = file_inode(req->file)->i_mode;

	if (req->rw.done == req->rw.len ||
	    req->iocb.ki_flags & IOCB_DIRECT || !(S_ISREG(mode) || S_ISBLK(mode)))
		return false;
	return rw == WRITE ||
	       req->iocb.ki_pos < i_size_read(req->file->f_mapping->host);
}

static enum cring_verdict cring_rw_finish(struct cring_req *req, int rw,
					  enum cring_rw_mode mode,
					  enum cring_how how, ssize_t ret)
{
	bool nowait = req->rw.rw_flags & RWF_NOWAIT;

	if (ret > 0 && req->iocb.ki_flags & IOCB_NOWAIT && !nowait) {
		req->rw.done += ret;
		req->flags |= CRING_REQ_STARTED;
		if (how == CRING_HOW_INLINE && cring_rw_unfinished(req, rw))
			return CRING_V_WORK;
		ret = 0;
	}
	if (cring_rw_again(req, ret, mode) && !nowait && !req->rw.done) {
		if (cring_file_can_arm(req->file))
			return CRING_V_ARM;
		if (how == CRING_HOW_INLINE)
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
	 */
	cring_park(req, how == CRING_HOW_WORKER ? CRING_RUNNING : CRING_INLINE,
		   CRING_DISPATCHED);
	/* its completion may be noting something there at this moment */
	if (unlikely(cring_req_has(req, CRING_REQ_DETACH)))
		cring_detach_told(req);
	cring_req_put(req, how == CRING_HOW_WORKER);
	return CRING_V_PENDING;
}

/* was the signal only ours?  With the lock that a real one is sent under */
static void cring_rw_recalc_signal(void)
{
	/* one's own is stable */
	struct sighand_struct *sighand =
		rcu_dereference_protected(current->sighand, true);

	spin_lock_irq(&sighand->siglock);
	recalc_sigpending();
	spin_unlock_irq(&sighand->siglock);
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

/*
 * Call the file's method.  From where it has the operation to where it has not,
 * it may only have been lent it: then -EIOCBQUEUED also when a cancel has let go
 * of it, and @queued only when it went to a device.
 */
static ssize_t cring_rw_run(struct cring_req *req, int rw,
			    enum cring_rw_mode mode, bool async,
			    enum cring_how how, bool *queued)
{
	bool lend = async || how == CRING_HOW_WORKER;
	bool signal = mode == CRING_RW_SIGNAL && how == CRING_HOW_INLINE;
	ssize_t ret;

	*queued = false;
	ret = cring_rw_init_iocb(req, rw, mode, async, how);
	if (!ret && lend && !cring_detach_lend(req))
		ret = -ECANCELED;
	if (ret) {
		atomic_set(&req->refs, 1);
		return ret;
	}
	/* any sleep in the method sees a signal and gives up */
	if (signal) {
		cring_rw_fault_in(req, rw);
		set_thread_flag(TIF_SIGPENDING);
	}
	ret = cring_rw_call(req, rw);
	if (signal)
		cring_rw_recalc_signal();
	if (ret == -EIOCBQUEUED) {
		*queued = true;
		return ret;
	}
	if (lend && !cring_detach_return(req)) {
		/* this side's hold, and that of a completion that never comes */
		if (async)
			atomic_dec(&req->refs);
		cring_detach_drop(req, how == CRING_HOW_WORKER);
		return -EIOCBQUEUED;
	}
	atomic_set(&req->refs, 1);
	if (ret > 0 && req->flags & CRING_REQ_STAGED && rw == READ)
		ret = cring_stage_out(req, how, ret);
	return ret;
}

/* no place in the window: to wait for one, unless it was told not to */
static enum cring_verdict cring_rw_no_place(struct cring_req *req)
{
	if (!(req->rw.rw_flags & RWF_NOWAIT))
		return CRING_V_WINDOW;
	req->res = -EAGAIN;
	return CRING_V_DONE;
}

static enum cring_verdict cring_rw_try(struct cring_req *req,
				       enum cring_how how)
{
	int rw = cring_rw_is_write(req) ? WRITE : READ;
	/* asked once: fcntl(2) may change it meanwhile */
	bool async = cring_rw_async(req);
	enum cring_rw_mode mode = cring_rw_mode(req, rw, async);
	bool queued;
	ssize_t ret;

	/* what is let go of in its method is never seen to be dispatched */
	if (cring_rw_direct(req) &&
	    !cring_window_enter(req, async && !(req->flags & CRING_REQ_DETACH)))
		return cring_rw_no_place(req);
	if (how == CRING_HOW_INLINE) {
		if (mode == CRING_RW_BLOCK)
			goto worker;
		/* a link behind it may be being cut */
		if (READ_ONCE(req->sqe_flags) & CRING_SQE_ASYNC &&
		    cring_file_worker_allowed(req->file))
			goto worker;
		/* not every method looks for a signal before it sleeps */
		if (mode == CRING_RW_SIGNAL && req->rw.len &&
		    !req->rw.rw_flags &&
		    !(vfs_poll(req->file, NULL) & (req->events | EPOLLERR |
						   EPOLLHUP)))
			return CRING_V_ARM;
	}
	if (async || how == CRING_HOW_WORKER) {
		ret = cring_stage(req, how);
		if (ret) {
			req->res = ret;
			return CRING_V_DONE;
		}
	}
	if (!cring_pos_lock(req, how)) {
		if (how == CRING_HOW_INLINE)
			goto worker;
		req->res = -EINTR;
		return CRING_V_DONE;
	}
	ret = cring_rw_run(req, rw, mode, async, how, &queued);
	if (queued)
		return cring_rw_queued(req, how);
	if (ret == -EIOCBQUEUED)
		return CRING_V_PENDING;
	if (ret > 0 && cring_uses_file_pos(req))
		req->file->f_pos = req->iocb.ki_pos;
	cring_pos_unlock(req);
	return cring_rw_finish(req, rw, mode, how, ret);

worker:
	if (req->rw.rw_flags & RWF_NOWAIT) {
		req->res = req->file->f_mode & FMODE_NOWAIT ? -EAGAIN :
							      -EOPNOTSUPP;
		return CRING_V_DONE;
	}
	return CRING_V_WORK;
}

static enum cring_verdict cring_rw_issue(struct cring_req *req,
					 enum cring_how how)
{
	enum cring_verdict verdict;
	int ret;

	if (unlikely(cring_stage_is_full(req)))
		return cring_rw_copy(req, how);
	verdict = cring_rw_try(req, how);
	if (verdict != CRING_V_WORK)
		return verdict;
	/* while its memory is at hand */
	ret = cring_stage(req, how);
	if (!ret)
		return CRING_V_WORK;
	req->res = ret;
	return CRING_V_DONE;
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
