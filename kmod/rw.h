/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of reads and writes share.
 */
#ifndef _CRING_RW_H
#define _CRING_RW_H

#include "cring.h"

enum cring_rw_mode {
	CRING_RW_NOWAIT,	/* the file honours IOCB_NOWAIT */
	CRING_RW_NONBLOCK,	/* O_NONBLOCK: does not block by itself */
	CRING_RW_SIGNAL,	/* can be polled, but would block */
	CRING_RW_BLOCK,		/* a worker must run it */
};

/**
 * struct cring_rw_try - one attempt
 * @req: a read or write, INLINE or RUNNING, the caller's
 * @how: which of the two
 * @rw: READ or WRITE
 * @mode: what its file can do
 * @async: it is to end by the device's completion
 * @started: an earlier one may have moved a byte
 */
struct cring_rw_try {
	struct cring_req *req;
	enum cring_how how;
	int rw;
	enum cring_rw_mode mode;
	bool async;
	bool started;
};

/* what has a device behind it, sooner or later */
static inline bool cring_rw_is_storage(const struct cring_req *req)
{
	umode_t mode = file_inode(req->file)->i_mode;

	return S_ISREG(mode) || S_ISBLK(mode);
}

static inline bool cring_has_pos(const struct file *file)
{
	return !(file->f_mode & FMODE_STREAM) &&
	       file->f_mode & (FMODE_PREAD | FMODE_PWRITE);
}

/* may the ring's submitter run it?  A ring's own thread is no better than a worker */
static inline bool cring_rw_allowed(const struct cring_ring *ring,
				    struct file *file)
{
	return likely(!ring->sq_thread) || cring_file_worker_allowed(file);
}

/* does it move the file's own position? */
static inline bool cring_uses_file_pos(const struct cring_req *req)
{
	return req->rw.pos == -1 && cring_has_pos(req->file);
}

/* rw_try.c: one attempt */
enum cring_verdict cring_rw_try(struct cring_req *req, enum cring_how how);
enum cring_verdict cring_rw_tried(struct cring_req *req, ssize_t ret);

/* rw_call.c: the call of the file's method */
ssize_t cring_rw_run(const struct cring_rw_try *try, bool *queued);

/* rw_end.c: what a device has ended */
s32 cring_rw_result(const struct cring_req *req, ssize_t ret);
void cring_rw_complete(struct kiocb *iocb, long ret);

#endif /* _CRING_RW_H */
