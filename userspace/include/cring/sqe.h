/* SPDX-License-Identifier: MIT */
/*
 * cring/sqe.h: what an operation is to do.  Part of cring.h.
 */
#ifndef CRING_SQE_H
#define CRING_SQE_H

#ifndef CRING_H
#error "include cring.h"
#endif

/*
 * The operations.  A helper fills in what the operation uses and nothing else,
 * so start from cring_get_sqe()'s zeroes; flags and data can be set before or
 * after.  Lengths and offsets are bytes; offset (__u64)-1 is the file's own
 * position; res is what the system call of that name returns.  With
 * %CRING_SQE_FIXED_FILE fd is a slot of cring_register_files().  A buffer
 * belongs to the kernel until the CQE is there; iovecs and timespecs only until
 * the submit call that took the SQE has returned.
 */
static inline void cring_prep_rw(unsigned int op, struct cring_sqe *sqe, int fd,
				 const void *addr, unsigned int len,
				 __u64 offset)
{
	sqe->opcode = (__u8)op;
	sqe->fd = fd;
	sqe->off = offset;
	sqe->addr = (uintptr_t)addr;
	sqe->len = len;
}

static inline void cring_prep_nop(struct cring_sqe *sqe)
{
	sqe->opcode = CRING_OP_NOP;
}

static inline void cring_prep_read(struct cring_sqe *sqe, int fd, void *buf,
				   unsigned int nbytes, __u64 offset)
{
	cring_prep_rw(CRING_OP_READ, sqe, fd, buf, nbytes, offset);
}

static inline void cring_prep_write(struct cring_sqe *sqe, int fd,
				    const void *buf, unsigned int nbytes,
				    __u64 offset)
{
	cring_prep_rw(CRING_OP_WRITE, sqe, fd, buf, nbytes, offset);
}

static inline void cring_prep_readv(struct cring_sqe *sqe, int fd,
				    const struct iovec *iov, unsigned int nr,
				    __u64 offset)
{
	cring_prep_rw(CRING_OP_READV, sqe, fd, iov, nr, offset);
}

/* rw_flags: RWF_* as in preadv2(2) */
static inline void cring_prep_readv2(struct cring_sqe *sqe, int fd,
				     const struct iovec *iov, unsigned int nr,
				     __u64 offset, int rw_flags)
{
	cring_prep_readv(sqe, fd, iov, nr, offset);
	sqe->rw_flags = (__u32)rw_flags;
}

static inline void cring_prep_writev(struct cring_sqe *sqe, int fd,
				     const struct iovec *iov, unsigned int nr,
				     __u64 offset)
{
	cring_prep_rw(CRING_OP_WRITEV, sqe, fd, iov, nr, offset);
}

static inline void cring_prep_writev2(struct cring_sqe *sqe, int fd,
				      const struct iovec *iov, unsigned int nr,
				      __u64 offset, int rw_flags)
{
	cring_prep_writev(sqe, fd, iov, nr, offset);
	sqe->rw_flags = (__u32)rw_flags;
}

/* buf lies in buffer buf_index of cring_register_buffers() */
static inline void cring_prep_read_fixed(struct cring_sqe *sqe, int fd,
					 void *buf, unsigned int nbytes,
					 __u64 offset, int buf_index)
{
	cring_prep_rw(CRING_OP_READ_FIXED, sqe, fd, buf, nbytes, offset);
	sqe->buf_index = (__u16)buf_index;
}

static inline void cring_prep_write_fixed(struct cring_sqe *sqe, int fd,
					  const void *buf, unsigned int nbytes,
					  __u64 offset, int buf_index)
{
	cring_prep_rw(CRING_OP_WRITE_FIXED, sqe, fd, buf, nbytes, offset);
	sqe->buf_index = (__u16)buf_index;
}

/* fsync_flags: 0 or CRING_FSYNC_DATASYNC; set off and len for a range */
static inline void cring_prep_fsync(struct cring_sqe *sqe, int fd,
				    unsigned int fsync_flags)
{
	cring_prep_rw(CRING_OP_FSYNC, sqe, fd, NULL, 0, 0);
	sqe->fsync_flags = fsync_flags;
}

static inline void cring_prep_fallocate(struct cring_sqe *sqe, int fd, int mode,
					__u64 offset, __u64 len)
{
	cring_prep_rw(CRING_OP_FALLOCATE, sqe, fd, NULL, (unsigned int)mode,
		      offset);
	sqe->addr = len;
}

static inline void cring_prep_sync_file_range(struct cring_sqe *sqe, int fd,
					      unsigned int len, __u64 offset,
					      int flags)
{
	cring_prep_rw(CRING_OP_SYNC_FILE_RANGE, sqe, fd, NULL, len, offset);
	sqe->sync_range_flags = (__u32)flags;
}

/* the order of copy_file_range(2); flags must be 0; fd_in is never a slot */
static inline void cring_prep_copy_file_range(struct cring_sqe *sqe,
					      int fd_in, __u64 off_in,
					      int fd_out, __u64 off_out,
					      unsigned int len,
					      unsigned int flags)
{
	cring_prep_rw(CRING_OP_COPY_FILE_RANGE, sqe, fd_out, NULL, len,
		      off_out);
	sqe->off_in = off_in;
	sqe->fd_in = fd_in;
	sqe->copy_flags = flags;
}

/* res: the events that are there; EPOLLERR and EPOLLHUP need no asking */
static inline void cring_prep_poll_add(struct cring_sqe *sqe, int fd,
				       unsigned int poll_mask)
{
	cring_prep_rw(CRING_OP_POLL_ADD, sqe, fd, NULL, 0, 0);
	sqe->poll32_events = poll_mask;
}

static inline void cring_prep_poll_remove(struct cring_sqe *sqe,
					  __u64 user_data)
{
	cring_prep_rw(CRING_OP_POLL_REMOVE, sqe, -1, NULL, 0, 0);
	sqe->addr = user_data;
}

/* res: -ETIME when ts is over, 0 when count completions came first */
static inline void cring_prep_timeout(struct cring_sqe *sqe,
				      const struct cring_timespec *ts,
				      unsigned int count, unsigned int flags)
{
	cring_prep_rw(CRING_OP_TIMEOUT, sqe, -1, ts, 1, count);
	sqe->timeout_flags = flags;
}

static inline void cring_prep_timeout_remove(struct cring_sqe *sqe,
					     __u64 user_data,
					     unsigned int flags)
{
	cring_prep_rw(CRING_OP_TIMEOUT_REMOVE, sqe, -1, NULL, 0, 0);
	sqe->addr = user_data;
	sqe->timeout_flags = flags;
}

static inline void cring_prep_timeout_update(struct cring_sqe *sqe,
					     const struct cring_timespec *ts,
					     __u64 user_data,
					     unsigned int flags)
{
	cring_prep_timeout_remove(sqe, user_data, flags | CRING_TIMEOUT_UPDATE);
	sqe->addr2 = (uintptr_t)ts;
}

/* limits the SQE before it, which must have CRING_SQE_IO_LINK set */
static inline void cring_prep_link_timeout(struct cring_sqe *sqe,
					   const struct cring_timespec *ts,
					   unsigned int flags)
{
	cring_prep_rw(CRING_OP_LINK_TIMEOUT, sqe, -1, ts, 1, 0);
	sqe->timeout_flags = flags;
}

/*
 * The cancels.  flags: CRING_ASYNC_CANCEL_*.  Their CQE is there when submit
 * returns (C7).  res: 0, stopped, and its CQE is in the CQ ahead of this one;
 * -EALREADY, it was told to stop and its CQE will come; -ENOENT, not in flight
 * (C3).  With CRING_ASYNC_CANCEL_ALL: how many matched, 0 when none (C6).
 */
static inline void cring_prep_cancel64(struct cring_sqe *sqe, __u64 user_data,
				       int flags)
{
	cring_prep_rw(CRING_OP_ASYNC_CANCEL, sqe, -1, NULL, 0, 0);
	sqe->addr = user_data;
	sqe->cancel_flags = (__u32)flags;
}

static inline void cring_prep_cancel(struct cring_sqe *sqe,
				     const void *user_data, int flags)
{
	cring_prep_cancel64(sqe, (uintptr_t)user_data, flags);
}

/* with CRING_ASYNC_CANCEL_FD_FIXED in flags fd is a slot */
static inline void cring_prep_cancel_fd(struct cring_sqe *sqe, int fd,
					unsigned int flags)
{
	cring_prep_rw(CRING_OP_ASYNC_CANCEL, sqe, fd, NULL, 0, 0);
	sqe->cancel_flags = flags | CRING_ASYNC_CANCEL_FD;
}

static inline void cring_prep_cancel_op(struct cring_sqe *sqe, unsigned int op,
					unsigned int flags)
{
	cring_prep_rw(CRING_OP_ASYNC_CANCEL, sqe, -1, NULL, op, 0);
	sqe->cancel_flags = flags | CRING_ASYNC_CANCEL_OP;
}

/* all of a group with CRING_ASYNC_CANCEL_ALL, else one member (C14) */
static inline void cring_prep_cancel_group(struct cring_sqe *sqe, __u32 group,
					   unsigned int flags)
{
	cring_prep_rw(CRING_OP_ASYNC_CANCEL, sqe, -1, NULL, 0, 0);
	sqe->group = group;
	sqe->cancel_flags = flags | CRING_ASYNC_CANCEL_GROUP;
}

/*
 * By cring_sqe_ticket(): never a later operation (C8).  With
 * CRING_ASYNC_CANCEL_USERDATA in flags set addr too: both must match.
 */
static inline void cring_prep_cancel_ticket(struct cring_sqe *sqe, __u64 ticket,
					    unsigned int flags)
{
	cring_prep_rw(CRING_OP_ASYNC_CANCEL, sqe, -1, NULL, 0, ticket);
	sqe->cancel_flags = flags | CRING_ASYNC_CANCEL_TICKET;
}

/*
 * What any operation may have besides.  A cancel has none of these.
 *
 * A deadline, in ns: from the moment the kernel accepts the SQE, or a time on
 * CLOCK_MONOTONIC.  The operation is then cancelled, and ends in -ETIME instead
 * of -ECANCELED; what had been moved is a short count (C13).  It can be moved:
 * cring_deadline_move().
 */
static inline void cring_sqe_set_deadline(struct cring_sqe *sqe, __u64 ns)
{
	sqe->deadline = ns;
	sqe->xflags = (sqe->xflags & ~CRING_SQE_X_DEADLINE_ABS) |
		      CRING_SQE_X_DEADLINE;
}

static inline void cring_sqe_set_deadline_abs(struct cring_sqe *sqe, __u64 ns)
{
	sqe->deadline = ns;
	sqe->xflags |= CRING_SQE_X_DEADLINE | CRING_SQE_X_DEADLINE_ABS;
}

/* one of its group, which is cancelled and sealed in one call; 0 is no group */
static inline void cring_sqe_set_group(struct cring_sqe *sqe, __u32 group)
{
	sqe->group = group;
}

/*
 * A cancel answers 0 at once, even while the operation is stuck in a hung
 * device (C10).  The ring needs cring_params.detached for it.
 */
static inline void cring_sqe_set_detach(struct cring_sqe *sqe)
{
	sqe->xflags |= CRING_SQE_X_DETACH;
}

/* user_data as a pointer or as a number; flags: CRING_SQE_* */
static inline void cring_sqe_set_data(struct cring_sqe *sqe, const void *data)
{
	sqe->user_data = (uintptr_t)data;
}

static inline void cring_sqe_set_data64(struct cring_sqe *sqe, __u64 data)
{
	sqe->user_data = data;
}

static inline void cring_sqe_set_flags(struct cring_sqe *sqe,
				       unsigned int flags)
{
	sqe->flags = (__u8)flags;
}

static inline void *cring_cqe_get_data(const struct cring_cqe *cqe)
{
	return (void *)(uintptr_t)cqe->user_data;
}

static inline __u64 cring_cqe_get_data64(const struct cring_cqe *cqe)
{
	return cqe->user_data;
}

/*
 * After -ECANCELED or -ETIME, "may I retry?": nonzero when the operation had
 * never been started, so that no byte moved and nothing else happened (C9).
 */
static inline int cring_cqe_not_started(const struct cring_cqe *cqe)
{
	return (cqe->flags & CRING_CQE_F_NOT_STARTED) != 0;
}

#endif /* CRING_SQE_H */
