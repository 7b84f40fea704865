/* SPDX-License-Identifier: MIT */
/*
 * liburing/prep.h: the operations that cring has.  Part of liburing.h.
 *
 * io_uring_get_sqe() gives zeroes, and each of these fills in what its operation
 * uses.
 */
#ifndef CRING_COMPAT_LIBURING_PREP_H
#define CRING_COMPAT_LIBURING_PREP_H

static inline __u64 uring_ptr_to_u64(const void *ptr)
{
	return (__u64)(uintptr_t)ptr;
}

/* ---------------------------------------------------------------------------
 * Fields that every operation has
 */

#define LIBURING_HAVE_DATA64

static inline void io_uring_sqe_set_data(struct io_uring_sqe *sqe, void *data)
{
	sqe->user_data = uring_ptr_to_u64(data);
}

static inline void io_uring_sqe_set_data64(struct io_uring_sqe *sqe, __u64 data)
{
	sqe->user_data = data;
}

static inline void *io_uring_cqe_get_data(const struct io_uring_cqe *cqe)
{
	return (void *)(uintptr_t)cqe->user_data;
}

static inline __u64 io_uring_cqe_get_data64(const struct io_uring_cqe *cqe)
{
	return cqe->user_data;
}

static inline void io_uring_sqe_set_flags(struct io_uring_sqe *sqe,
					  unsigned int flags)
{
	sqe->flags = (__u8)flags;
}

static inline void io_uring_sqe_set_buf_group(struct io_uring_sqe *sqe,
					      int bgid)
{
	sqe->buf_group = (__u16)bgid;
}

static inline void io_uring_initialize_sqe(struct io_uring_sqe *sqe)
{
	memset(sqe, 0, sizeof(*sqe));
}

static inline void io_uring_prep_rw(int op, struct io_uring_sqe *sqe, int fd,
				    const void *addr, unsigned int len,
				    __u64 offset)
{
	sqe->opcode = (__u8)op;
	sqe->fd = fd;
	sqe->off = offset;
	sqe->addr = uring_ptr_to_u64(addr);
	sqe->len = len;
}

/* An operation whose last word is its flags. */
static inline void io_uring_prep_flags(int op, struct io_uring_sqe *sqe, int fd,
				       const void *addr, unsigned int len,
				       __u64 offset, unsigned int flags)
{
	io_uring_prep_rw(op, sqe, fd, addr, len, offset);
	sqe->rw_flags = (__kernel_rwf_t)flags;
}

static inline void io_uring_prep_nop(struct io_uring_sqe *sqe)
{
	io_uring_prep_rw(IORING_OP_NOP, sqe, -1, NULL, 0, 0);
}

/* ---------------------------------------------------------------------------
 * Reading and writing
 */

static inline void io_uring_prep_read(struct io_uring_sqe *sqe, int fd,
				      void *buf, unsigned int nbytes,
				      __u64 offset)
{
	io_uring_prep_rw(IORING_OP_READ, sqe, fd, buf, nbytes, offset);
}

static inline void io_uring_prep_write(struct io_uring_sqe *sqe, int fd,
				       const void *buf, unsigned int nbytes,
				       __u64 offset)
{
	io_uring_prep_rw(IORING_OP_WRITE, sqe, fd, buf, nbytes, offset);
}

static inline void io_uring_prep_readv(struct io_uring_sqe *sqe, int fd,
				       const struct iovec *iovecs,
				       unsigned int nr_vecs, __u64 offset)
{
	io_uring_prep_rw(IORING_OP_READV, sqe, fd, iovecs, nr_vecs, offset);
}

static inline void io_uring_prep_readv2(struct io_uring_sqe *sqe, int fd,
					const struct iovec *iovecs,
					unsigned int nr_vecs, __u64 offset,
					int flags)
{
	io_uring_prep_flags(IORING_OP_READV, sqe, fd, iovecs, nr_vecs, offset,
			    (unsigned int)flags);
}

static inline void io_uring_prep_writev(struct io_uring_sqe *sqe, int fd,
					const struct iovec *iovecs,
					unsigned int nr_vecs, __u64 offset)
{
	io_uring_prep_rw(IORING_OP_WRITEV, sqe, fd, iovecs, nr_vecs, offset);
}

static inline void io_uring_prep_writev2(struct io_uring_sqe *sqe, int fd,
					 const struct iovec *iovecs,
					 unsigned int nr_vecs, __u64 offset,
					 int flags)
{
	io_uring_prep_flags(IORING_OP_WRITEV, sqe, fd, iovecs, nr_vecs, offset,
			    (unsigned int)flags);
}

static inline void io_uring_prep_read_fixed(struct io_uring_sqe *sqe, int fd,
					    void *buf, unsigned int nbytes,
					    __u64 offset, int buf_index)
{
	io_uring_prep_rw(IORING_OP_READ_FIXED, sqe, fd, buf, nbytes, offset);
	sqe->buf_index = (__u16)buf_index;
}

static inline void io_uring_prep_write_fixed(struct io_uring_sqe *sqe, int fd,
					     const void *buf,
					     unsigned int nbytes, __u64 offset,
					     int buf_index)
{
	io_uring_prep_rw(IORING_OP_WRITE_FIXED, sqe, fd, buf, nbytes, offset);
	sqe->buf_index = (__u16)buf_index;
}

static inline void io_uring_prep_fsync(struct io_uring_sqe *sqe, int fd,
				       unsigned int fsync_flags)
{
	io_uring_prep_flags(IORING_OP_FSYNC, sqe, fd, NULL, 0, 0, fsync_flags);
}

static inline void io_uring_prep_sync_file_range(struct io_uring_sqe *sqe,
						 int fd, unsigned int len,
						 __u64 offset, int flags)
{
	io_uring_prep_flags(IORING_OP_SYNC_FILE_RANGE, sqe, fd, NULL, len,
			    offset, (unsigned int)flags);
}

static inline void io_uring_prep_fallocate(struct io_uring_sqe *sqe, int fd,
					   int mode, __u64 offset, __u64 len)
{
	io_uring_prep_rw(IORING_OP_FALLOCATE, sqe, fd, NULL,
			 (unsigned int)mode, offset);
	sqe->addr = len;
}

/* ---------------------------------------------------------------------------
 * Waiting, and what ends it
 */

static inline unsigned int __io_uring_prep_poll_mask(unsigned int poll_mask)
{
#if __BYTE_ORDER == __BIG_ENDIAN
	poll_mask = __swahw32(poll_mask);
#endif
	return poll_mask;
}

static inline void io_uring_prep_poll_add(struct io_uring_sqe *sqe, int fd,
					  unsigned int poll_mask)
{
	io_uring_prep_rw(IORING_OP_POLL_ADD, sqe, fd, NULL, 0, 0);
	sqe->poll32_events = __io_uring_prep_poll_mask(poll_mask);
}

static inline void io_uring_prep_poll_multishot(struct io_uring_sqe *sqe,
						int fd, unsigned int poll_mask)
{
	io_uring_prep_poll_add(sqe, fd, poll_mask);
	sqe->len = IORING_POLL_ADD_MULTI;
}

static inline void io_uring_prep_poll_remove(struct io_uring_sqe *sqe,
					     __u64 user_data)
{
	io_uring_prep_rw(IORING_OP_POLL_REMOVE, sqe, -1, NULL, 0, 0);
	sqe->addr = user_data;
}

static inline void io_uring_prep_poll_update(struct io_uring_sqe *sqe,
					     __u64 old_user_data,
					     __u64 new_user_data,
					     unsigned int poll_mask,
					     unsigned int flags)
{
	io_uring_prep_rw(IORING_OP_POLL_REMOVE, sqe, -1, NULL, flags,
			 new_user_data);
	sqe->addr = old_user_data;
	sqe->poll32_events = __io_uring_prep_poll_mask(poll_mask);
}

static inline void io_uring_prep_timeout(struct io_uring_sqe *sqe,
					 const struct __kernel_timespec *ts,
					 unsigned int count, unsigned int flags)
{
	io_uring_prep_flags(IORING_OP_TIMEOUT, sqe, -1, ts, 1, count, flags);
}

static inline void io_uring_prep_timeout_remove(struct io_uring_sqe *sqe,
						__u64 user_data,
						unsigned int flags)
{
	io_uring_prep_flags(IORING_OP_TIMEOUT_REMOVE, sqe, -1, NULL, 0, 0,
			    flags);
	sqe->addr = user_data;
}

static inline void
io_uring_prep_timeout_update(struct io_uring_sqe *sqe,
			     const struct __kernel_timespec *ts,
			     __u64 user_data, unsigned int flags)
{
	io_uring_prep_flags(IORING_OP_TIMEOUT_REMOVE, sqe, -1, NULL, 0,
			    uring_ptr_to_u64(ts),
			    flags | IORING_TIMEOUT_UPDATE);
	sqe->addr = user_data;
}

static inline void
io_uring_prep_link_timeout(struct io_uring_sqe *sqe,
			   const struct __kernel_timespec *ts,
			   unsigned int flags)
{
	io_uring_prep_flags(IORING_OP_LINK_TIMEOUT, sqe, -1, ts, 1, 0, flags);
}

static inline void io_uring_prep_cancel64(struct io_uring_sqe *sqe,
					  __u64 user_data, int flags)
{
	io_uring_prep_flags(IORING_OP_ASYNC_CANCEL, sqe, -1, NULL, 0, 0,
			    (unsigned int)flags);
	sqe->addr = user_data;
}

static inline void io_uring_prep_cancel(struct io_uring_sqe *sqe,
					const void *user_data, int flags)
{
	io_uring_prep_cancel64(sqe, uring_ptr_to_u64(user_data), flags);
}

static inline void io_uring_prep_cancel_fd(struct io_uring_sqe *sqe, int fd,
					   unsigned int flags)
{
	io_uring_prep_flags(IORING_OP_ASYNC_CANCEL, sqe, fd, NULL, 0, 0,
			    flags | IORING_ASYNC_CANCEL_FD);
}

#endif /* CRING_COMPAT_LIBURING_PREP_H */
