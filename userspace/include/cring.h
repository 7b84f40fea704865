/* SPDX-License-Identifier: MIT */
/*
 * cring.h: all that a program needs to use /dev/cring.
 *
 * Header only, C11 and C++17, no library to link.  Who knows liburing knows
 * this: the names, the order of arguments and the habits are the same.
 *
 *  - A function that can fail returns -errno and leaves errno undefined.
 *  - Nothing here allocates or takes a lock.  One thread at a time may prepare
 *    and submit, one at a time may wait and reap; they may be two threads.
 *    cring_cancel_sync() and cring_cancel_sync_many() may be called by any
 *    thread of the process at any time.
 *  - A ring works in the process that made it; after fork() the child gets
 *    -EPERM for everything but cring_queue_exit().
 *  - An SQE that was submitted gives exactly one CQE (C1), and the CQ never
 *    overflows (C2).  C1, C2, ... are clauses of the cancellation contract,
 *    Documentation/contract.rst.
 *
 * Life of an operation:
 *
 *	sqe = cring_get_sqe(&ring);			  a slot of the SQ
 *	cring_prep_read(sqe, fd, buf, sizeof(buf), 0);	  what to do
 *	cring_sqe_set_data(sqe, request);		  how to know it again
 *	cring_submit(&ring);				  the kernel has it
 *	cring_wait_cqe(&ring, &cqe);			  it has ended
 *	use(cring_cqe_get_data(cqe), cqe->res);
 *	cring_cqe_seen(&ring, cqe);			  the slot is free again
 */
#ifndef CRING_H
#define CRING_H

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>		/* sigset_t, also with -std=c11 */
#include <sys/uio.h>
#include <unistd.h>

#include <linux/cring.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct cring - a ring, as its owner sees it
 * @ring_fd: the open /dev/cring; can be polled: readable when there are CQEs
 *	or something became ready to run
 * @features: CRING_FEAT_* of this ring
 * @sq_entries: size of the submission queue, a power of two
 * @cq_entries: size of the completion queue, a power of two
 * @sqe_tail: SQEs handed out by cring_get_sqe() since set-up; runs ahead of
 *	@shared->sq_tail, so that what was not submitted can be rolled back
 * @shared: the page that both sides share
 * @sqes: the submission queue
 * @cqes: the completion queue
 * @mmap_size: bytes mapped at @shared
 *
 * Read it as you like; write to it only through the functions below.
 */
struct cring {
	int ring_fd;
	unsigned int features;
	unsigned int sq_entries;
	unsigned int cq_entries;
	unsigned int sqe_tail;
	struct cring_shared *shared;
	struct cring_sqe *sqes;
	struct cring_cqe *cqes;
	size_t mmap_size;
};

/* ---------------------------------------------------------------------------
 * The shared counters, and the way into the kernel
 */

#define CRING_LOAD_ACQUIRE(p)		__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define CRING_LOAD_RELAXED(p)		__atomic_load_n(p, __ATOMIC_RELAXED)
#define CRING_STORE_RELEASE(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)

#ifdef O_CLOEXEC
#define CRING_O_CLOEXEC			O_CLOEXEC
#else
#define CRING_O_CLOEXEC			__O_CLOEXEC	/* glibc, -std=c11 */
#endif

static inline int cring_ioctl(int fd, unsigned long request, const void *arg)
{
	int ret = ioctl(fd, request, arg);

	return ret < 0 ? -errno : ret;
}

/* Operations became ready, and run only when the owner enters the kernel. */
static inline int cring_needs_enter(const struct cring *ring)
{
	return CRING_LOAD_RELAXED(&ring->shared->flags) & CRING_SHARED_READY;
}

/* CRING_IOC_SUBMIT when the numbers fit its argument, else CRING_IOC_WAIT. */
static inline int cring_enter(struct cring *ring, unsigned int to_submit,
			      unsigned int wait_nr)
{
	struct cring_wait wait;

	if (to_submit <= CRING_SUBMIT_MAX && wait_nr <= CRING_SUBMIT_MAX) {
		uintptr_t arg = CRING_SUBMIT_ARG(to_submit, wait_nr);

		return cring_ioctl(ring->ring_fd, CRING_IOC_SUBMIT,
				   (const void *)arg);
	}
	memset(&wait, 0, sizeof(wait));
	wait.to_submit = to_submit;
	wait.min_complete = wait_nr;
	return cring_ioctl(ring->ring_fd, CRING_IOC_WAIT, &wait);
}

/* The same with a timeout (NULL: none) and a signal mask (NULL: none). */
static inline int cring_enter_timeout(struct cring *ring,
				      unsigned int to_submit,
				      unsigned int wait_nr,
				      const struct cring_timespec *ts,
				      const sigset_t *sigmask)
{
	struct cring_wait wait;

	memset(&wait, 0, sizeof(wait));
	wait.to_submit = to_submit;
	wait.min_complete = wait_nr;
	if (ts) {
		if (ts->tv_sec < 0 || ts->tv_nsec < 0 ||
		    ts->tv_nsec >= 1000000000)
			return -EINVAL;
		wait.flags = CRING_WAIT_TIMEOUT;
		wait.timeout = INT64_MAX;
		if (ts->tv_sec < INT64_MAX / 1000000000)
			wait.timeout = ts->tv_sec * 1000000000 + ts->tv_nsec;
	}
	if (sigmask) {
		wait.sigmask = (uintptr_t)sigmask;
		wait.sigmask_size = 8;	/* the kernel's sigset_t, not libc's */
	}
	return cring_ioctl(ring->ring_fd, CRING_IOC_WAIT, &wait);
}

/* ---------------------------------------------------------------------------
 * Set-up
 */

/**
 * cring_queue_init_params - make a ring
 * @entries: wanted size of the submission queue, rounded up to a power of two
 * @ring: filled in
 * @p: in: flags (CRING_SETUP_*) and, with %CRING_SETUP_CQSIZE, cq_entries; all
 *	else 0.  Out: what the kernel gave.
 *
 * Return: 0; -ENOENT without the module, -EACCES without the permission to
 * open /dev/cring, -EINVAL for a size or flag that cannot be had, -ENOMEM.
 */
static inline int cring_queue_init_params(unsigned int entries,
					  struct cring *ring,
					  struct cring_params *p)
{
	void *map;
	int ret;

	memset(ring, 0, sizeof(*ring));
	ring->ring_fd = open(CRING_DEVICE, O_RDWR | CRING_O_CLOEXEC);
	if (ring->ring_fd < 0)
		return -errno;

	p->sq_entries = entries;
	ret = cring_ioctl(ring->ring_fd, CRING_IOC_SETUP, p);
	if (ret < 0)
		goto err_close;

	ring->mmap_size = (size_t)p->mmap_size;
	map = mmap(NULL, ring->mmap_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		   ring->ring_fd, 0);
	if (map == MAP_FAILED) {
		ret = -errno;
		goto err_close;
	}
	ring->shared = (struct cring_shared *)map;
	ring->sqes = (struct cring_sqe *)((char *)map + p->sqes_off);
	ring->cqes = (struct cring_cqe *)((char *)map + p->cqes_off);
	ring->sq_entries = p->sq_entries;
	ring->cq_entries = p->cq_entries;
	ring->features = p->features;
	return 0;

err_close:
	close(ring->ring_fd);
	ring->ring_fd = -1;
	return ret;
}

/**
 * cring_queue_init - make a ring with a completion queue of twice its size
 * @entries: wanted size of the submission queue, rounded up to a power of two
 * @ring: filled in
 * @flags: CRING_SETUP_*
 *
 * Return: as cring_queue_init_params().
 */
static inline int cring_queue_init(unsigned int entries, struct cring *ring,
				   unsigned int flags)
{
	struct cring_params p;

	memset(&p, 0, sizeof(p));
	p.flags = flags;
	return cring_queue_init_params(entries, ring, &p);
}

/**
 * cring_queue_exit - give the ring back
 * @ring: made by cring_queue_init()
 *
 * Everything that can be cancelled is; does not wait for what cannot (C16).
 * To be sure of buffers, call cring_cancel_sync() with %CRING_CANCEL_WAIT
 * before.
 */
static inline void cring_queue_exit(struct cring *ring)
{
	if (ring->ring_fd < 0)
		return;
	munmap(ring->shared, ring->mmap_size);
	close(ring->ring_fd);
	ring->ring_fd = -1;
}

/**
 * cring_query - what the module can do, without making a ring
 * @query: answer: version, limits, known flags and operations
 *
 * Return: 0, or -errno of opening /dev/cring.
 */
static inline int cring_query(struct cring_query *query)
{
	int fd = open(CRING_DEVICE, O_RDWR | CRING_O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	memset(query, 0, sizeof(*query));
	ret = cring_ioctl(fd, CRING_IOC_QUERY, query);
	close(fd);
	return ret;
}

/**
 * cring_opcode_supported - does the module know an operation?
 * @query: from cring_query()
 * @op: CRING_OP_*
 *
 * Return: nonzero when it does.
 */
static inline int cring_opcode_supported(const struct cring_query *query,
					 unsigned int op)
{
	return op < 256 && (query->ops[op / 64] >> (op % 64) & 1);
}

/* ---------------------------------------------------------------------------
 * Preparing: get an SQE, say what to do, name it
 */

/**
 * cring_sq_ready - SQEs that were prepared and that the kernel has not taken
 * @ring: the ring
 *
 * Return: how many.
 */
static inline unsigned int cring_sq_ready(const struct cring *ring)
{
	return ring->sqe_tail - CRING_LOAD_ACQUIRE(&ring->shared->sq_head);
}

/**
 * cring_sq_space_left - SQEs that cring_get_sqe() can still give
 * @ring: the ring
 *
 * Return: how many.
 */
static inline unsigned int cring_sq_space_left(const struct cring *ring)
{
	return ring->sq_entries - cring_sq_ready(ring);
}

/**
 * cring_get_sqe - the next free SQE, all zero
 * @ring: the ring
 *
 * Return: NULL when the queue is full: cring_submit(), then try again.
 */
static inline struct cring_sqe *cring_get_sqe(struct cring *ring)
{
	struct cring_sqe *sqe;

	if (!cring_sq_space_left(ring))
		return NULL;
	sqe = &ring->sqes[ring->sqe_tail++ & (ring->sq_entries - 1)];
	memset(sqe, 0, sizeof(*sqe));
	return sqe;
}

/**
 * cring_sq_mark - a point to which cring_sq_rollback() can return
 * @ring: the ring
 *
 * Return: the point.
 */
static inline unsigned int cring_sq_mark(const struct cring *ring)
{
	return ring->sqe_tail;
}

/**
 * cring_sq_rollback - drop the SQEs got since a mark, as if never got
 * @ring: the ring
 * @mark: from cring_sq_mark()
 *
 * SQEs that the kernel has taken stay; what a submit left behind goes.
 * Return: how many were dropped.
 */
static inline unsigned int cring_sq_rollback(struct cring *ring,
					     unsigned int mark)
{
	unsigned int old = ring->sqe_tail, ready = cring_sq_ready(ring);

	if ((int)(old - mark) <= 0)	/* older marks were returned to since */
		return 0;
	if (old - mark > ready)
		mark = old - ready;
	ring->sqe_tail = mark;
	if ((int)(CRING_LOAD_RELAXED(&ring->shared->sq_tail) - mark) > 0)
		CRING_STORE_RELEASE(&ring->shared->sq_tail, mark);
	return old - mark;
}

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

/* ---------------------------------------------------------------------------
 * Submitting
 */

/* Publish what was prepared; how many SQEs there are for the kernel to take. */
static inline unsigned int cring_flush_sq(struct cring *ring)
{
	CRING_STORE_RELEASE(&ring->shared->sq_tail, ring->sqe_tail);
	return cring_sq_ready(ring);
}

/**
 * cring_submit_and_wait - submit what was prepared, and wait for completions
 * @ring: the ring
 * @wait_nr: CQEs that must be in the CQ before the call returns, those already
 *	there included; 0 to not wait.  More than the CQ holds means all of it.
 *
 * Return: how many SQEs the kernel took; fewer than were prepared when the CQ
 * had no more free slots (it has not waited then; the rest stays prepared);
 * -EBUSY when it could not take the first.  With nothing to submit: 0, or
 * -EINTR when a signal ended the wait.
 */
static inline int cring_submit_and_wait(struct cring *ring,
					unsigned int wait_nr)
{
	unsigned int nr = cring_flush_sq(ring);

	if (!nr && !wait_nr && !cring_needs_enter(ring))
		return 0;
	return cring_enter(ring, nr, wait_nr);
}

/**
 * cring_submit - submit what was prepared
 * @ring: the ring
 *
 * Also runs operations that became ready.  Without either, no system call.
 * Return: as cring_submit_and_wait().
 */
static inline int cring_submit(struct cring *ring)
{
	return cring_submit_and_wait(ring, 0);
}

/* ---------------------------------------------------------------------------
 * Reaping
 */

/**
 * cring_cq_ready - CQEs that are there and not yet seen
 * @ring: the ring
 *
 * Return: how many.
 */
static inline unsigned int cring_cq_ready(const struct cring *ring)
{
	return CRING_LOAD_ACQUIRE(&ring->shared->cq_tail) -
	       CRING_LOAD_RELAXED(&ring->shared->cq_head);
}

/**
 * cring_in_flight - operations accepted whose CQE is still to come
 * @ring: the ring
 *
 * Return: how many.
 */
static inline unsigned int cring_in_flight(const struct cring *ring)
{
	return CRING_LOAD_ACQUIRE(&ring->shared->in_flight);
}

/**
 * cring_cqe_at - the CQE of a head count
 * @ring: the ring
 * @head: a count between the CQ's head and its tail
 *
 * Return: the CQE, in the ring.
 */
static inline struct cring_cqe *cring_cqe_at(const struct cring *ring,
					     unsigned int head)
{
	return &ring->cqes[head & (ring->cq_entries - 1)];
}

/**
 * cring_for_each_cqe - walk the CQEs that are there, without seeing them
 * @ring: the ring
 * @head: an unsigned int to count with
 * @cqe: the struct cring_cqe * to set
 *
 * Follow it with cring_cq_advance() by the number walked.
 */
#define cring_for_each_cqe(ring, head, cqe)				\
	for ((head) = CRING_LOAD_RELAXED(&(ring)->shared->cq_head);	\
	     (head) != CRING_LOAD_ACQUIRE(&(ring)->shared->cq_tail) &&	\
	     ((cqe) = cring_cqe_at(ring, head)) != NULL;		\
	     (head)++)

/**
 * cring_cq_advance - CQEs were seen, their slots are free
 * @ring: the ring
 * @nr: how many, oldest first
 */
static inline void cring_cq_advance(struct cring *ring, unsigned int nr)
{
	CRING_STORE_RELEASE(&ring->shared->cq_head,
			    CRING_LOAD_RELAXED(&ring->shared->cq_head) + nr);
}

/**
 * cring_cqe_seen - the oldest CQE was seen, its slot is free
 * @ring: the ring
 * @cqe: from cring_wait_cqe() or cring_peek_cqe(); NULL does nothing
 */
static inline void cring_cqe_seen(struct cring *ring,
				  const struct cring_cqe *cqe)
{
	if (cqe)
		cring_cq_advance(ring, 1);
}

/* The oldest CQE, or NULL and what there is to say about that. */
static inline int cring_first_cqe(const struct cring *ring,
				  struct cring_cqe **cqe_ptr, int if_none)
{
	if (!cring_cq_ready(ring)) {
		*cqe_ptr = NULL;
		return if_none;
	}
	*cqe_ptr = cring_cqe_at(ring,
				CRING_LOAD_RELAXED(&ring->shared->cq_head));
	return 0;
}

/**
 * cring_peek_cqe - the oldest CQE, without waiting
 * @ring: the ring
 * @cqe_ptr: set to the CQE, or NULL
 *
 * Enters the kernel only when the CQ is empty and something is ready to run.
 * Return: 0; -EAGAIN when there is none.
 */
static inline int cring_peek_cqe(struct cring *ring, struct cring_cqe **cqe_ptr)
{
	if (!cring_cq_ready(ring) && cring_needs_enter(ring)) {
		int ret = cring_enter(ring, 0, 0);

		if (ret < 0)
			return cring_first_cqe(ring, cqe_ptr, ret);
	}
	return cring_first_cqe(ring, cqe_ptr, -EAGAIN);
}

/**
 * cring_peek_batch_cqe - the oldest CQEs, without waiting
 * @ring: the ring
 * @cqes: array to fill
 * @count: its size
 *
 * Return: how many were filled in; see them with cring_cq_advance().
 */
static inline unsigned int cring_peek_batch_cqe(struct cring *ring,
						struct cring_cqe **cqes,
						unsigned int count)
{
	unsigned int head, nr = 0;
	struct cring_cqe *cqe;

	if (cring_peek_cqe(ring, &cqe) < 0)
		return 0;
	cring_for_each_cqe(ring, head, cqe) {
		if (nr == count)
			break;
		cqes[nr++] = cqe;
	}
	return nr;
}

/**
 * cring_wait_cqes - wait until there are enough CQEs
 * @ring: the ring
 * @cqe_ptr: set to the oldest CQE, or NULL when there is none
 * @wait_nr: how many; more than the CQ holds means all of it
 * @ts: how long at most, relative; NULL: for ever
 * @sigmask: signal mask while waiting; NULL: the thread's own
 *
 * Submits nothing.
 *
 * Return: 0; -ETIME when the time is over, -EINTR on a signal (both may come
 * with a CQE, when fewer than @wait_nr are there); -EINVAL for a bad @ts.
 */
static inline int cring_wait_cqes(struct cring *ring,
				  struct cring_cqe **cqe_ptr,
				  unsigned int wait_nr,
				  const struct cring_timespec *ts,
				  const sigset_t *sigmask)
{
	int ret = 0;

	if (!wait_nr)
		return cring_peek_cqe(ring, cqe_ptr);
	if (wait_nr > ring->cq_entries)
		wait_nr = ring->cq_entries;
	while (ret >= 0 && cring_cq_ready(ring) < wait_nr) {
		if (ts || sigmask)
			ret = cring_enter_timeout(ring, 0, wait_nr, ts,
						  sigmask);
		else
			ret = cring_enter(ring, 0, wait_nr);
	}
	cring_first_cqe(ring, cqe_ptr, 0);
	return ret < 0 ? ret : 0;
}

/**
 * cring_wait_cqe_nr - wait until there are @wait_nr CQEs
 * @ring: the ring
 * @cqe_ptr: set to the oldest CQE
 * @wait_nr: how many
 *
 * Return: as cring_wait_cqes().
 */
static inline int cring_wait_cqe_nr(struct cring *ring,
				    struct cring_cqe **cqe_ptr,
				    unsigned int wait_nr)
{
	return cring_wait_cqes(ring, cqe_ptr, wait_nr, NULL, NULL);
}

/**
 * cring_wait_cqe_timeout - wait for one CQE, not for ever
 * @ring: the ring
 * @cqe_ptr: set to the oldest CQE, or NULL
 * @ts: how long at most, relative
 *
 * Return: as cring_wait_cqes().
 */
static inline int cring_wait_cqe_timeout(struct cring *ring,
					 struct cring_cqe **cqe_ptr,
					 const struct cring_timespec *ts)
{
	return cring_wait_cqes(ring, cqe_ptr, 1, ts, NULL);
}

/**
 * cring_wait_cqe - wait for one CQE
 * @ring: the ring
 * @cqe_ptr: set to the oldest CQE
 *
 * Return: 0, or -EINTR on a signal.
 */
static inline int cring_wait_cqe(struct cring *ring, struct cring_cqe **cqe_ptr)
{
	return cring_wait_cqes(ring, cqe_ptr, 1, NULL, NULL);
}

/**
 * cring_submit_and_wait_timeout - submit and wait, in one system call
 * @ring: the ring
 * @cqe_ptr: set to the oldest CQE, or NULL when there is none
 * @wait_nr: CQEs to wait for
 * @ts: how long at most, relative; NULL: for ever
 * @sigmask: signal mask while waiting; NULL: the thread's own
 *
 * Return: as cring_submit_and_wait(): when anything was submitted, how many,
 * whatever became of the wait.  With nothing to submit -ETIME when the time is
 * over.  -EINVAL for a bad @ts: nothing was submitted.
 */
static inline int cring_submit_and_wait_timeout(struct cring *ring,
						struct cring_cqe **cqe_ptr,
						unsigned int wait_nr,
						const struct cring_timespec *ts,
						const sigset_t *sigmask)
{
	int ret = cring_enter_timeout(ring, cring_flush_sq(ring), wait_nr, ts,
				      sigmask);

	cring_first_cqe(ring, cqe_ptr, 0);
	return ret;
}

/* ---------------------------------------------------------------------------
 * The synchronous cancel: no SQE, no CQE of its own, any thread
 */

/**
 * cring_key64 - a cancel key: operations with this user_data
 * @user_data: theirs
 * @flags: CRING_ASYNC_CANCEL_*; with %CRING_ASYNC_CANCEL_FD or _OP set the
 *	key's fd or opcode too, both must match
 *
 * Return: the key.
 */
static inline struct cring_cancel_key cring_key64(__u64 user_data,
						  unsigned int flags)
{
	struct cring_cancel_key key;

	memset(&key, 0, sizeof(key));
	key.user_data = user_data;
	key.flags = flags;
	return key;
}

/**
 * cring_key - the same, user_data being a pointer
 * @user_data: theirs
 * @flags: CRING_ASYNC_CANCEL_*
 *
 * Return: the key.
 */
static inline struct cring_cancel_key cring_key(const void *user_data,
						unsigned int flags)
{
	return cring_key64((uintptr_t)user_data, flags);
}

/**
 * cring_key_fd - a cancel key: operations on this open file
 * @fd: any descriptor of it, or a slot with %CRING_ASYNC_CANCEL_FD_FIXED
 * @flags: CRING_ASYNC_CANCEL_*
 *
 * Return: the key.
 */
static inline struct cring_cancel_key cring_key_fd(int fd, unsigned int flags)
{
	struct cring_cancel_key key =
		cring_key64(0, flags | CRING_ASYNC_CANCEL_FD);

	key.fd = fd;
	return key;
}

/**
 * cring_key_op - a cancel key: operations of this kind
 * @op: CRING_OP_*
 * @flags: CRING_ASYNC_CANCEL_*
 *
 * Return: the key.
 */
static inline struct cring_cancel_key cring_key_op(unsigned int op,
						   unsigned int flags)
{
	struct cring_cancel_key key =
		cring_key64(0, flags | CRING_ASYNC_CANCEL_OP);

	key.opcode = (__u8)op;
	return key;
}

/**
 * cring_key_any - a cancel key: whatever is in flight on this ring
 * @flags: %CRING_ASYNC_CANCEL_ALL, or 0 for any one
 *
 * Return: the key.
 */
static inline struct cring_cancel_key cring_key_any(unsigned int flags)
{
	return cring_key64(0, flags | CRING_ASYNC_CANCEL_ANY);
}

/**
 * cring_cancel_sync_many - cancel now, by many keys
 * @ring: the ring
 * @keys: in: what to cancel; out: the answer to each in its res and already
 * @nr: how many, 1 to %CRING_CANCEL_MAX_KEYS
 * @flags: %CRING_CANCEL_WAIT: come back when every match has finished, so that
 *	its memory is the caller's again; %CRING_CANCEL_ABS
 * @timeout: with %CRING_CANCEL_WAIT: ns to wait at most, -1 for ever; else 0
 *
 * Needs no room in the rings and never waits for I/O, or for a thread inside
 * submit or wait, unless asked to (C5, C7).  The matches have their CQEs as
 * always: with answer 0 they are in the CQ when this returns (C3).
 *
 * Return: 0 when each key has its answer.  -ETIME, -EINTR: likewise, but not
 * all matches have finished; their cancels stay in force.  -EINVAL, -EFAULT:
 * nothing was cancelled.
 */
static inline int cring_cancel_sync_many(struct cring *ring,
					 struct cring_cancel_key *keys,
					 unsigned int nr, unsigned int flags,
					 __s64 timeout)
{
	struct cring_cancel cancel;

	memset(&cancel, 0, sizeof(cancel));
	cancel.keys = (uintptr_t)keys;
	cancel.nr = nr;
	cancel.flags = flags;
	cancel.timeout = timeout;
	return cring_ioctl(ring->ring_fd, CRING_IOC_CANCEL, &cancel);
}

/**
 * cring_cancel_sync - cancel now, by one key
 * @ring: the ring
 * @key: what to cancel; its res and already are set
 * @flags: as cring_cancel_sync_many()
 * @timeout: as cring_cancel_sync_many()
 *
 * Return: the answer to the key (C3): 0, -EALREADY, -ENOENT, -EBADF or
 * -EINVAL; with %CRING_ASYNC_CANCEL_ALL how many matched.  -ETIME, -EINTR as
 * cring_cancel_sync_many(); the answer is then in key->res.
 */
static inline int cring_cancel_sync(struct cring *ring,
				    struct cring_cancel_key *key,
				    unsigned int flags, __s64 timeout)
{
	int ret = cring_cancel_sync_many(ring, key, 1, flags, timeout);

	return ret < 0 ? ret : key->res;
}

/* ---------------------------------------------------------------------------
 * Registering files, buffers, an eventfd
 */

static inline int cring_do_register(struct cring *ring, unsigned int opcode,
				    const void *addr, unsigned int nr,
				    unsigned int offset)
{
	struct cring_register reg;

	memset(&reg, 0, sizeof(reg));
	reg.opcode = opcode;
	reg.addr = (uintptr_t)addr;
	reg.nr = nr;
	reg.offset = offset;
	return cring_ioctl(ring->ring_fd, CRING_IOC_REGISTER, &reg);
}

/**
 * cring_register_buffers - pin memory for READ_FIXED and WRITE_FIXED
 * @ring: the ring
 * @iovecs: the buffers; slot i is iovecs[i]
 * @nr: how many, at most %CRING_MAX_FIXED_BUFFERS
 *
 * Return: 0; -EBUSY when there are some; -ENOMEM over RLIMIT_MEMLOCK; -EFAULT,
 * -EINVAL.
 */
static inline int cring_register_buffers(struct cring *ring,
					 const struct iovec *iovecs,
					 unsigned int nr)
{
	return cring_do_register(ring, CRING_REGISTER_BUFFERS, iovecs, nr, 0);
}

/**
 * cring_unregister_buffers - unpin them, as soon as nothing uses them
 * @ring: the ring
 *
 * Return: 0; -ENXIO when there are none.
 */
static inline int cring_unregister_buffers(struct cring *ring)
{
	return cring_do_register(ring, CRING_UNREGISTER_BUFFERS, NULL, 0, 0);
}

/**
 * cring_register_files - hold files for %CRING_SQE_FIXED_FILE
 * @ring: the ring
 * @files: descriptors; slot i is files[i], empty when -1
 * @nr: how many, at most %CRING_MAX_FIXED_FILES
 *
 * Return: 0; -EBUSY when there are some; -EBADF for a descriptor that is not
 * open, or is a ring; -ENOMEM, -EFAULT, -EINVAL.
 */
static inline int cring_register_files(struct cring *ring, const int *files,
				       unsigned int nr)
{
	return cring_do_register(ring, CRING_REGISTER_FILES, files, nr, 0);
}

/**
 * cring_register_files_update - change some slots
 * @ring: the ring
 * @off: first slot
 * @files: what to put there; -1 empties a slot
 * @nr: how many
 *
 * Operations in flight keep the file that they started with.
 * Return: slots changed; -errno when that is none.
 */
static inline int cring_register_files_update(struct cring *ring,
					      unsigned int off,
					      const int *files,
					      unsigned int nr)
{
	return cring_do_register(ring, CRING_REGISTER_FILES_UPDATE, files, nr,
				 off);
}

/**
 * cring_unregister_files - let go of them
 * @ring: the ring
 *
 * Return: 0; -ENXIO when there are none.
 */
static inline int cring_unregister_files(struct cring *ring)
{
	return cring_do_register(ring, CRING_UNREGISTER_FILES, NULL, 0, 0);
}

/**
 * cring_register_eventfd - be told of completions through an eventfd
 * @ring: the ring
 * @fd: the eventfd; it is signalled once for each batch of CQEs
 *
 * Return: 0; -EBUSY when there is one; -EBADF, -EINVAL.
 */
static inline int cring_register_eventfd(struct cring *ring, int fd)
{
	return cring_do_register(ring, CRING_REGISTER_EVENTFD, &fd, 1, 0);
}

/**
 * cring_unregister_eventfd - no more of that
 * @ring: the ring
 *
 * Return: 0; -ENXIO when there is none.
 */
static inline int cring_unregister_eventfd(struct cring *ring)
{
	return cring_do_register(ring, CRING_UNREGISTER_EVENTFD, NULL, 0, 0);
}

#ifdef __cplusplus
}
#endif

#endif /* CRING_H */
