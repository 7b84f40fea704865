// SPDX-License-Identifier: GPL-2.0
/*
 * Reads and writes: the call of the file's method.
 */
#include <linux/fsnotify.h>
#include <linux/ioprio.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/uio.h>

#include "buf.h"
#include "rw.h"

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

static int cring_rw_init_iocb(const struct cring_rw_try *try)
{
	struct cring_req *req = try->req;
	struct kiocb *iocb = &req->iocb;
	int ret;

	/* any context may send it to a worker, or look whose it is */
	if ((try->async || req->flags & CRING_REQ_STAGED) &&
	    !cring_req_ident(req))
		return -ENOMEM;

	*iocb = (struct kiocb) {
		.ki_filp = req->file,
		.ki_flags = req->file->f_iocb_flags,
		.ki_ioprio = req->ioprio,
	};
	/* what is not direct goes to no device by itself */
	if (!req->ioprio && iocb->ki_flags & IOCB_DIRECT)
		iocb->ki_ioprio = get_current_ioprio();
	ret = cring_kiocb_set_rw_flags(iocb, req->rw.rw_flags, try->rw);
	if (ret)
		return ret;
	/* no polled I/O: a completion always comes by itself */
	iocb->ki_flags &= ~IOCB_HIPRI;
	if (try->mode == CRING_RW_NOWAIT && try->how == CRING_HOW_INLINE)
		iocb->ki_flags |= IOCB_NOWAIT;
	/* not even to read ahead: a hung device may have no room for that */
	if (iocb->ki_flags & IOCB_NOWAIT && !try->async && try->rw == READ &&
	    req->flags & CRING_REQ_DETACH)
		iocb->ki_flags |= IOCB_NOIO;
	if (try->async) {
		iocb->ki_complete = cring_rw_complete;
		iocb->ki_flags |= CRING_IOCB_CACHE;
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
	ssize_t ret = 0, done = 0;

	if (cring_rw_is_fixed(req) || req->rw.rw_flags)
		return -EOPNOTSUPP;
	ret = rw_verify_area(rw, file, &req->iocb.ki_pos, req->rw.len);
	if (ret)
		return ret;
	for (i = 0; i < nr; i++) {
		void __user *base = (void __user *)iov[i].iov_base;

		/* no bytes are 0, as they are where there is an iterator */
		if (!iov[i].iov_len)
			continue;
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

/*
 * The operation is lent to its method when that sees nothing of the caller's.
 * What is only tried by a thread of the owner may hang, too, whatever it was
 * told: a file system may read what says where a block is, or wait for its
 * journal.
 */
static bool cring_rw_lend(const struct cring_rw_try *try)
{
	struct cring_req *req = try->req;

	if (!(req->flags & CRING_REQ_STAGED))
		return true;
	req->flags |= CRING_REQ_STARTED;
	if (try->how == CRING_HOW_INLINE)
		cring_park_lend(req);
	return cring_detach_lend(req);
}

/**
 * cring_rw_run - call the file's method
 * @try: the attempt
 * @queued: set when a device has it, or had: it may be over
 *
 * From where the method has the operation to where it has not, it may only have
 * been lent it.
 *
 * Context: process; as the attempt says.
 * Return: what the method did; also -EIOCBQUEUED when a cancel has let go of the
 * operation, which is not to be touched any more unless @queued.
 */
ssize_t cring_rw_run(const struct cring_rw_try *try, bool *queued)
{
	bool signal = try->mode == CRING_RW_SIGNAL &&
		      try->how == CRING_HOW_INLINE;
	struct cring_req *req = try->req;
	bool lent = req->flags & CRING_REQ_STAGED;
	ssize_t ret;

	*queued = false;
	ret = cring_rw_init_iocb(try);
	if (!ret && !cring_rw_lend(try))
		ret = -ECANCELED;
	if (ret) {
		/* it is not executed */
		if (!try->started)
			req->flags &= ~CRING_REQ_STARTED;
		atomic_set(&req->refs, 1);
		return ret;
	}
	/* any sleep in the method sees a signal and gives up */
	if (signal) {
		cring_rw_fault_in(req, try->rw);
		set_thread_flag(TIF_SIGPENDING);
	}
	ret = cring_rw_call(req, try->rw);
	if (signal)
		cring_rw_recalc_signal();
	if (ret == -EIOCBQUEUED) {
		*queued = true;
		return ret;
	}
	if (lent && !cring_detach_return(req)) {
		/* this side's hold, and that of a completion that never comes */
		if (try->async)
			atomic_dec(&req->refs);
		cring_detach_drop(req, try->how == CRING_HOW_WORKER);
		return -EIOCBQUEUED;
	}
	atomic_set(&req->refs, 1);
	if (ret > 0 && lent && try->rw == READ)
		ret = cring_stage_out(req, try->how, ret);
	return ret;
}
