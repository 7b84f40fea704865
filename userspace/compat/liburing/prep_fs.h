/* SPDX-License-Identifier: MIT */
/*
 * liburing/prep_fs.h: operations on files and processes that cring does not have.
 * They are there to compile; each ends in -EINVAL, as on a kernel that is older
 * than they are.  Part of liburing.h.
 */
#ifndef CRING_COMPAT_LIBURING_PREP_FS_H
#define CRING_COMPAT_LIBURING_PREP_FS_H

struct epoll_event;
struct futex_waitv;
struct statx;

/* The slot that gets the file: one more than its number, 0 for a descriptor. */
static inline void __io_uring_set_target_fixed_file(struct io_uring_sqe *sqe,
						    unsigned int file_index)
{
	sqe->file_index = file_index == IORING_FILE_INDEX_ALLOC ?
			  file_index : file_index + 1;
}

static inline void io_uring_prep_splice(struct io_uring_sqe *sqe, int fd_in,
					int64_t off_in, int fd_out,
					int64_t off_out, unsigned int nbytes,
					unsigned int splice_flags)
{
	io_uring_prep_flags(IORING_OP_SPLICE, sqe, fd_out, NULL, nbytes,
			    (__u64)off_out, splice_flags);
	sqe->splice_off_in = (__u64)off_in;
	sqe->splice_fd_in = fd_in;
}

static inline void io_uring_prep_tee(struct io_uring_sqe *sqe, int fd_in,
				     int fd_out, unsigned int nbytes,
				     unsigned int splice_flags)
{
	io_uring_prep_flags(IORING_OP_TEE, sqe, fd_out, NULL, nbytes, 0,
			    splice_flags);
	sqe->splice_fd_in = fd_in;
}

static inline void io_uring_prep_readv_fixed(struct io_uring_sqe *sqe, int fd,
					     const struct iovec *iovecs,
					     unsigned int nr_vecs, __u64 offset,
					     int flags, int buf_index)
{
	io_uring_prep_flags(IORING_OP_READV_FIXED, sqe, fd, iovecs, nr_vecs,
			    offset, (unsigned int)flags);
	sqe->buf_index = (__u16)buf_index;
}

static inline void io_uring_prep_writev_fixed(struct io_uring_sqe *sqe, int fd,
					      const struct iovec *iovecs,
					      unsigned int nr_vecs,
					      __u64 offset, int flags,
					      int buf_index)
{
	io_uring_prep_flags(IORING_OP_WRITEV_FIXED, sqe, fd, iovecs, nr_vecs,
			    offset, (unsigned int)flags);
	sqe->buf_index = (__u16)buf_index;
}

static inline void io_uring_prep_read_multishot(struct io_uring_sqe *sqe,
						int fd, unsigned int nbytes,
						__u64 offset, int buf_group)
{
	io_uring_prep_rw(IORING_OP_READ_MULTISHOT, sqe, fd, NULL, nbytes,
			 offset);
	sqe->buf_group = (__u16)buf_group;
	sqe->flags = IOSQE_BUFFER_SELECT;
}

static inline void io_uring_prep_nop128(struct io_uring_sqe *sqe)
{
	io_uring_prep_rw(IORING_OP_NOP128, sqe, -1, NULL, 0, 0);
}

/* ---------------------------------------------------------------------------
 * Opening and closing
 */

static inline void io_uring_prep_openat(struct io_uring_sqe *sqe, int dfd,
					const char *path, int flags,
					mode_t mode)
{
	io_uring_prep_flags(IORING_OP_OPENAT, sqe, dfd, path, mode, 0,
			    (unsigned int)flags);
}

static inline void io_uring_prep_openat_direct(struct io_uring_sqe *sqe,
					       int dfd, const char *path,
					       int flags, mode_t mode,
					       unsigned int file_index)
{
	io_uring_prep_openat(sqe, dfd, path, flags, mode);
	__io_uring_set_target_fixed_file(sqe, file_index);
}

static inline void io_uring_prep_open(struct io_uring_sqe *sqe,
				      const char *path, int flags, mode_t mode)
{
	io_uring_prep_openat(sqe, AT_FDCWD, path, flags, mode);
}

static inline void io_uring_prep_open_direct(struct io_uring_sqe *sqe,
					     const char *path, int flags,
					     mode_t mode,
					     unsigned int file_index)
{
	io_uring_prep_openat_direct(sqe, AT_FDCWD, path, flags, mode,
				    file_index);
}

static inline void io_uring_prep_openat2(struct io_uring_sqe *sqe, int dfd,
					 const char *path,
					 const struct open_how *how)
{
	io_uring_prep_rw(IORING_OP_OPENAT2, sqe, dfd, path, sizeof(*how),
			 uring_ptr_to_u64(how));
}

static inline void io_uring_prep_openat2_direct(struct io_uring_sqe *sqe,
						int dfd, const char *path,
						const struct open_how *how,
						unsigned int file_index)
{
	io_uring_prep_openat2(sqe, dfd, path, how);
	__io_uring_set_target_fixed_file(sqe, file_index);
}

static inline void io_uring_prep_close(struct io_uring_sqe *sqe, int fd)
{
	io_uring_prep_rw(IORING_OP_CLOSE, sqe, fd, NULL, 0, 0);
}

static inline void io_uring_prep_close_direct(struct io_uring_sqe *sqe,
					      unsigned int file_index)
{
	io_uring_prep_close(sqe, 0);
	__io_uring_set_target_fixed_file(sqe, file_index);
}

static inline void io_uring_prep_files_update(struct io_uring_sqe *sqe,
					      int *fds, unsigned int nr_fds,
					      int offset)
{
	io_uring_prep_rw(IORING_OP_FILES_UPDATE, sqe, -1, fds, nr_fds,
			 (__u64)offset);
}

static inline void io_uring_prep_fixed_fd_install(struct io_uring_sqe *sqe,
						  int fd, unsigned int flags)
{
	io_uring_prep_flags(IORING_OP_FIXED_FD_INSTALL, sqe, fd, NULL, 0, 0,
			    flags);
	sqe->flags = IOSQE_FIXED_FILE;
}

static inline void io_uring_prep_pipe(struct io_uring_sqe *sqe, int *fds,
				      int pipe_flags)
{
	io_uring_prep_flags(IORING_OP_PIPE, sqe, 0, fds, 0, 0,
			    (unsigned int)pipe_flags);
}

static inline void io_uring_prep_pipe_direct(struct io_uring_sqe *sqe, int *fds,
					     int pipe_flags,
					     unsigned int file_index)
{
	io_uring_prep_pipe(sqe, fds, pipe_flags);
	__io_uring_set_target_fixed_file(sqe, file_index);
}

/* ---------------------------------------------------------------------------
 * What a file is called, and what is known of it
 */

static inline void io_uring_prep_statx(struct io_uring_sqe *sqe, int dfd,
				       const char *path, int flags,
				       unsigned int mask,
				       struct statx *statxbuf)
{
	io_uring_prep_flags(IORING_OP_STATX, sqe, dfd, path, mask,
			    uring_ptr_to_u64(statxbuf), (unsigned int)flags);
}

static inline void io_uring_prep_unlinkat(struct io_uring_sqe *sqe, int dfd,
					  const char *path, int flags)
{
	io_uring_prep_flags(IORING_OP_UNLINKAT, sqe, dfd, path, 0, 0,
			    (unsigned int)flags);
}

static inline void io_uring_prep_unlink(struct io_uring_sqe *sqe,
					const char *path, int flags)
{
	io_uring_prep_unlinkat(sqe, AT_FDCWD, path, flags);
}

static inline void io_uring_prep_renameat(struct io_uring_sqe *sqe, int olddfd,
					  const char *oldpath, int newdfd,
					  const char *newpath,
					  unsigned int flags)
{
	io_uring_prep_flags(IORING_OP_RENAMEAT, sqe, olddfd, oldpath,
			    (unsigned int)newdfd, uring_ptr_to_u64(newpath),
			    flags);
}

static inline void io_uring_prep_rename(struct io_uring_sqe *sqe,
					const char *oldpath,
					const char *newpath)
{
	io_uring_prep_renameat(sqe, AT_FDCWD, oldpath, AT_FDCWD, newpath, 0);
}

static inline void io_uring_prep_mkdirat(struct io_uring_sqe *sqe, int dfd,
					 const char *path, mode_t mode)
{
	io_uring_prep_rw(IORING_OP_MKDIRAT, sqe, dfd, path, mode, 0);
}

static inline void io_uring_prep_mkdir(struct io_uring_sqe *sqe,
				       const char *path, mode_t mode)
{
	io_uring_prep_mkdirat(sqe, AT_FDCWD, path, mode);
}

static inline void io_uring_prep_symlinkat(struct io_uring_sqe *sqe,
					   const char *target, int newdirfd,
					   const char *linkpath)
{
	io_uring_prep_rw(IORING_OP_SYMLINKAT, sqe, newdirfd, target, 0,
			 uring_ptr_to_u64(linkpath));
}

static inline void io_uring_prep_symlink(struct io_uring_sqe *sqe,
					 const char *target,
					 const char *linkpath)
{
	io_uring_prep_symlinkat(sqe, target, AT_FDCWD, linkpath);
}

static inline void io_uring_prep_linkat(struct io_uring_sqe *sqe, int olddfd,
					const char *oldpath, int newdfd,
					const char *newpath, int flags)
{
	io_uring_prep_flags(IORING_OP_LINKAT, sqe, olddfd, oldpath,
			    (unsigned int)newdfd, uring_ptr_to_u64(newpath),
			    (unsigned int)flags);
}

static inline void io_uring_prep_link(struct io_uring_sqe *sqe,
				      const char *oldpath, const char *newpath,
				      int flags)
{
	io_uring_prep_linkat(sqe, AT_FDCWD, oldpath, AT_FDCWD, newpath, flags);
}

static inline void io_uring_prep_ftruncate(struct io_uring_sqe *sqe, int fd,
					   off_t len)
{
	io_uring_prep_rw(IORING_OP_FTRUNCATE, sqe, fd, NULL, 0, (__u64)len);
}

static inline void io_uring_prep_getxattr(struct io_uring_sqe *sqe,
					  const char *name, char *value,
					  const char *path, unsigned int len)
{
	io_uring_prep_rw(IORING_OP_GETXATTR, sqe, 0, name, len,
			 uring_ptr_to_u64(value));
	sqe->addr3 = uring_ptr_to_u64(path);
}

static inline void io_uring_prep_setxattr(struct io_uring_sqe *sqe,
					  const char *name, const char *value,
					  const char *path, int flags,
					  unsigned int len)
{
	io_uring_prep_flags(IORING_OP_SETXATTR, sqe, 0, name, len,
			    uring_ptr_to_u64(value), (unsigned int)flags);
	sqe->addr3 = uring_ptr_to_u64(path);
}

static inline void io_uring_prep_fgetxattr(struct io_uring_sqe *sqe, int fd,
					   const char *name, char *value,
					   unsigned int len)
{
	io_uring_prep_rw(IORING_OP_FGETXATTR, sqe, fd, name, len,
			 uring_ptr_to_u64(value));
}

static inline void io_uring_prep_fsetxattr(struct io_uring_sqe *sqe, int fd,
					   const char *name, const char *value,
					   int flags, unsigned int len)
{
	io_uring_prep_flags(IORING_OP_FSETXATTR, sqe, fd, name, len,
			    uring_ptr_to_u64(value), (unsigned int)flags);
}

/* ---------------------------------------------------------------------------
 * Advice
 */

static inline void io_uring_prep_fadvise(struct io_uring_sqe *sqe, int fd,
					 __u64 offset, __u32 len, int advice)
{
	io_uring_prep_flags(IORING_OP_FADVISE, sqe, fd, NULL, len, offset,
			    (unsigned int)advice);
}

static inline void io_uring_prep_fadvise64(struct io_uring_sqe *sqe, int fd,
					   __u64 offset, off_t len, int advice)
{
	io_uring_prep_fadvise(sqe, fd, offset, 0, advice);
	sqe->addr = (__u64)len;
}

static inline void io_uring_prep_madvise(struct io_uring_sqe *sqe, void *addr,
					 __u32 length, int advice)
{
	io_uring_prep_flags(IORING_OP_MADVISE, sqe, -1, addr, length, 0,
			    (unsigned int)advice);
}

static inline void io_uring_prep_madvise64(struct io_uring_sqe *sqe, void *addr,
					   off_t length, int advice)
{
	io_uring_prep_madvise(sqe, addr, 0, advice);
	sqe->off = (__u64)length;
}

#endif /* CRING_COMPAT_LIBURING_PREP_FS_H */
