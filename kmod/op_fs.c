// SPDX-License-Identifier: GPL-2.0
/*
 * Operations on a file's storage: fsync, fallocate, sync_file_range and
 * copy_file_range.
 *
 * None of them has a non-blocking form, so all run in a worker; and none
 * touches user memory.  A file that no worker may run can be of a kind that has
 * none of this to do: then the answer is the system call's own.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/pagemap.h>
#include <linux/writeback.h>

#include "cring.h"

/* what none of these operations uses */
static bool cring_fs_clean(const struct cring_sqe *sqe)
{
	return !sqe->ioprio && !sqe->buf_index;
}

/* bytes [off, off + len), len 0 for all that follow */
static int cring_fs_prep_range(struct cring_req *req,
			       const struct cring_sqe *sqe)
{
	struct cring_fs *fs = &req->fs;
	loff_t end;

	if (!cring_fs_clean(sqe) || sqe->addr || sqe->fd_in)
		return -EINVAL;
	fs->off = sqe->off;
	fs->len = sqe->len;
	fs->flags = sqe->op_flags;
	if (fs->off < 0 || check_add_overflow(fs->off, (loff_t)sqe->len, &end))
		return -EINVAL;
	return 0;
}

/* the last byte of such a range */
static loff_t cring_fs_last(const struct cring_fs *fs)
{
	return fs->len ? fs->off + fs->len - 1 : LLONG_MAX;
}

/*
 * Is it a kind of file that @run only fails for, and no worker may run?  With a
 * worker it is left to that: a hook before the answer may sleep (fanotify).
 */
static bool cring_fs_in_vain(struct cring_req *req, bool has_none)
{
	return has_none && !cring_file_worker_allowed(req->file);
}

/*
 * In a worker, which may be lent the operation: nothing of it is the caller's.
 * Its result is nobody's if a cancel has let go of it.
 */
static enum cring_verdict cring_fs_issue(struct cring_req *req,
					 enum cring_how how, bool has_none,
					 ssize_t (*run)(struct cring_req *req))
{
	ssize_t ret;

	if (how != CRING_HOW_WORKER) {
		if (!cring_fs_in_vain(req, has_none))
			return CRING_V_WORK;
		req->res = run(req);
		return CRING_V_DONE;
	}
	if (!cring_detach_lend(req)) {
		req->res = -ECANCELED;
		return CRING_V_DONE;
	}
	ret = run(req);
	if (!cring_detach_return(req)) {
		cring_detach_drop(req, true);
		return CRING_V_PENDING;
	}
	req->res = ret;
	return CRING_V_DONE;
}

static int cring_fsync_prep(struct cring_req *req, const struct cring_sqe *sqe)
{
	if (sqe->fsync_flags & ~CRING_FSYNC_DATASYNC)
		return -EINVAL;
	return cring_fs_prep_range(req, sqe);
}

static ssize_t cring_fsync(struct cring_req *req)
{
	const struct cring_fs *fs = &req->fs;

	return vfs_fsync_range(req->file, fs->off, cring_fs_last(fs),
			       fs->flags & CRING_FSYNC_DATASYNC);
}

static enum cring_verdict cring_fsync_issue(struct cring_req *req,
					    enum cring_how how)
{
	return cring_fs_issue(req, how, !req->file->f_op->fsync, cring_fsync);
}

static int cring_fallocate_prep(struct cring_req *req,
				const struct cring_sqe *sqe)
{
	struct cring_fs *fs = &req->fs;

	if (!cring_fs_clean(sqe) || sqe->op_flags || sqe->fd_in)
		return -EINVAL;
	fs->off = sqe->off;
	fs->len = sqe->addr;
	fs->flags = sqe->len;
	if (fs->off < 0 || (loff_t)fs->len <= 0)
		return -EINVAL;
	return 0;
}

static ssize_t cring_fallocate(struct cring_req *req)
{
	const struct cring_fs *fs = &req->fs;

	return vfs_fallocate(req->file, fs->flags, fs->off, fs->len);
}

static enum cring_verdict cring_fallocate_issue(struct cring_req *req,
						enum cring_how how)
{
	return cring_fs_issue(req, how, !req->file->f_op->fallocate,
			      cring_fallocate);
}

#define CRING_SYNC_RANGE_FLAGS						\
	(SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |		\
	 SYNC_FILE_RANGE_WAIT_AFTER)

static int cring_sync_range_prep(struct cring_req *req,
				 const struct cring_sqe *sqe)
{
	if (sqe->sync_range_flags & ~CRING_SYNC_RANGE_FLAGS)
		return -EINVAL;
	return cring_fs_prep_range(req, sqe);
}

/* what can have pages of its own to write back */
static bool cring_sync_range_fits(const struct file *file)
{
	const umode_t mode = file_inode(file)->i_mode;

	return S_ISREG(mode) || S_ISBLK(mode) || S_ISDIR(mode);
}

/* the system call itself is out of a module's reach, its parts are not */
static ssize_t cring_sync_range(struct cring_req *req)
{
	const loff_t first = req->fs.off, last = cring_fs_last(&req->fs);
	struct file *file = req->file;
	const u32 flags = req->fs.flags;
	int ret = 0;

	if (!cring_sync_range_fits(file))
		return -ESPIPE;

	if (flags & SYNC_FILE_RANGE_WAIT_BEFORE)
		ret = file_fdatawait_range(file, first, last);
	if (ret < 0)
		return ret;

	/* all three mean integrity: also wait for pages just being written */
	if ((flags & SYNC_FILE_RANGE_WRITE_AND_WAIT) ==
	    SYNC_FILE_RANGE_WRITE_AND_WAIT)
		ret = filemap_fdatawrite_range(file->f_mapping, first, last);
	else if (flags & SYNC_FILE_RANGE_WRITE)
		ret = cring_start_writeback(file->f_mapping, first, last);
	if (ret < 0)
		return ret;

	if (flags & SYNC_FILE_RANGE_WAIT_AFTER)
		ret = file_fdatawait_range(file, first, last);
	return ret;
}

static enum cring_verdict cring_sync_range_issue(struct cring_req *req,
						 enum cring_how how)
{
	return cring_fs_issue(req, how, !cring_sync_range_fits(req->file),
			      cring_sync_range);
}

static int cring_copy_prep(struct cring_req *req, const struct cring_sqe *sqe)
{
	struct cring_fs *fs = &req->fs;
	struct file *file;

	if (!cring_fs_clean(sqe) || sqe->copy_flags)
		return -EINVAL;
	fs->off = sqe->off;
	fs->off_in = sqe->off_in;
	/* some file systems would copy more than the result can say */
	fs->len = min_t(u32, sqe->len, MAX_RW_COUNT);
	if (fs->off < -1 || fs->off_in < -1)
		return -EINVAL;
	/* what is let go of would keep it, and its lock, for ever */
	if (req->flags & CRING_REQ_DETACH && (fs->off == -1 || fs->off_in == -1))
		return -EINVAL;

	file = cring_file_get(req->ring, sqe->fd_in, false);
	if (!file)
		return -EBADF;
	if (cring_file_is_ring(file)) {
		fput(file);
		return -EOPNOTSUPP;
	}
	fs->file_in = file;
	return 0;
}

/* what keeps a file's own position still, if it is used and has a lock */
static struct mutex *cring_pos_lock(struct file *file, loff_t off)
{
	if (off != -1 || !(file->f_mode & FMODE_ATOMIC_POS))
		return NULL;
	return &file->f_pos_lock;
}

/* by address, so that two opposite copies do not wait for each other */
static int cring_lock_two(struct mutex *a, struct mutex *b)
{
	if (a == b)
		b = NULL;
	if (a > b)
		swap(a, b);
	if (a && mutex_lock_interruptible(a))
		return -EINTR;
	if (b && mutex_lock_interruptible_nested(b, SINGLE_DEPTH_NESTING)) {
		if (a)
			mutex_unlock(a);
		return -EINTR;
	}
	return 0;
}

static void cring_unlock_two(struct mutex *a, struct mutex *b)
{
	if (a)
		mutex_unlock(a);
	if (b && b != a)
		mutex_unlock(b);
}

static ssize_t cring_copy_files(struct file *in, loff_t off_in,
				struct file *out, loff_t off_out, size_t len)
{
	struct mutex *lock_out = cring_pos_lock(out, off_out);
	struct mutex *lock_in = cring_pos_lock(in, off_in);
	ssize_t ret;

	/* held while it copies, as read(2) and write(2) do */
	ret = cring_lock_two(lock_out, lock_in);
	if (ret)
		return ret;
	ret = vfs_copy_file_range(in, off_in == -1 ? in->f_pos : off_in,
				  out, off_out == -1 ? out->f_pos : off_out,
				  len, 0);
	if (ret > 0) {
		if (off_in == -1)
			in->f_pos += ret;
		if (off_out == -1)
			out->f_pos += ret;
	}
	cring_unlock_two(lock_out, lock_in);
	return ret;
}

static ssize_t cring_copy(struct cring_req *req)
{
	struct cring_fs *fs = &req->fs;
	ssize_t ret;

	ret = cring_copy_files(fs->file_in, fs->off_in, req->file, fs->off,
			       fs->len);
	/*
	 * A worker's fput() happens a little later, when user space that has
	 * seen the CQE may already be unmounting the file system.
	 */
	__fput_sync(fs->file_in);
	fs->file_in = NULL;
	return ret;
}

/* may a worker copy between the two?  As the system call says it, if not */
static int cring_copy_check(struct file *in, struct file *out)
{
	const umode_t from = file_inode(in)->i_mode;
	const umode_t to = file_inode(out)->i_mode;

	if (S_ISDIR(from) || S_ISDIR(to))
		return -EISDIR;
	if (!S_ISREG(from) || !S_ISREG(to))
		return -EINVAL;
	return cring_file_worker_allowed(in) ? 0 : -EOPNOTSUPP;
}

static enum cring_verdict cring_copy_issue(struct cring_req *req,
					   enum cring_how how)
{
	if (how == CRING_HOW_INLINE) {
		req->res = cring_copy_check(req->fs.file_in, req->file);
		if (req->res)
			return CRING_V_DONE;
	}
	return cring_fs_issue(req, how, false, cring_copy);
}

static void cring_copy_cleanup(struct cring_req *req)
{
	if (req->fs.file_in)
		fput(req->fs.file_in);
}

const struct cring_op cring_op_fsync = {
	.name	= "FSYNC",
	.flags	= CRING_OPF_FILE | CRING_OPF_DETACH,
	.prep	= cring_fsync_prep,
	.issue	= cring_fsync_issue,
};

/* on a block device it writes zeroes, or unmaps with FALLOC_FL_PUNCH_HOLE */
const struct cring_op cring_op_fallocate = {
	.name	= "FALLOCATE",
	.flags	= CRING_OPF_FILE | CRING_OPF_DETACH,
	.prep	= cring_fallocate_prep,
	.issue	= cring_fallocate_issue,
};

const struct cring_op cring_op_sync_file_range = {
	.name	= "SYNC_FILE_RANGE",
	.flags	= CRING_OPF_FILE | CRING_OPF_DETACH,
	.prep	= cring_sync_range_prep,
	.issue	= cring_sync_range_issue,
};

const struct cring_op cring_op_copy_file_range = {
	.name	 = "COPY_FILE_RANGE",
	.flags	 = CRING_OPF_FILE | CRING_OPF_DETACH,
	.prep	 = cring_copy_prep,
	.issue	 = cring_copy_issue,
	.cleanup = cring_copy_cleanup,
};
