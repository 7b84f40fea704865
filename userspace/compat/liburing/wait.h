/* SPDX-License-Identifier: MIT */
/*
 * liburing/wait.h: submitting and waiting.  Part of liburing.h.
 */
#ifndef CRING_COMPAT_LIBURING_WAIT_H
#define CRING_COMPAT_LIBURING_WAIT_H

/* ---------------------------------------------------------------------------
 * io_uring_enter()
 */

/* As cring_enter_flags(), for a descriptor. */
static inline int cring_uring_enter(int fd, unsigned int to_submit,
				    unsigned int min_complete,
				    unsigned int flags,
				    const struct __kernel_timespec *ts,
				    const sigset_t *sigmask)
{
	struct cring c;

	memset(&c, 0, sizeof(c));
	c.ring_fd = fd;
	if (!ts && !sigmask)
		return cring_enter(&c, to_submit, min_complete);
	return cring_enter_flags(&c, to_submit, min_complete, flags,
				 (const struct cring_timespec *)ts, sigmask);
}

/* io_uring says so only when there is no CQE at all. */
static inline bool cring_uring_few(int ret)
{
	return ret == -ETIME || ret == -EINTR;
}

/* <poll.h> is not there: programs include that or <linux/poll.h>, not both. */
static inline bool cring_uring_readable(int fd)
{
	struct {
		int fd;
		short events, revents;
	} pfd;
	struct timespec none;

	memset(&none, 0, sizeof(none));
	pfd.fd = fd;
	pfd.events = 1;		/* POLLIN */
	pfd.revents = 0;
	return syscall(SYS_ppoll, &pfd, 1, &none, NULL, 0) > 0;
}

static inline int io_uring_enter2(unsigned int fd, unsigned int to_submit,
				  unsigned int min_complete, unsigned int flags,
				  void *arg, size_t sz)
{
	const struct io_uring_getevents_arg *ext;
	const struct __kernel_timespec *ts = NULL;
	const sigset_t *sigmask = (const sigset_t *)arg;
	int ret;

	if (flags & ~(IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG |
		      IORING_ENTER_SQ_WAKEUP | IORING_ENTER_SQ_WAIT |
		      IORING_ENTER_ABS_TIMER))
		return -EINVAL;
	if (flags & IORING_ENTER_EXT_ARG) {
		ext = (const struct io_uring_getevents_arg *)arg;
		if (sz != sizeof(*ext))
			return -EINVAL;
		ts = (const struct __kernel_timespec *)(uintptr_t)ext->ts;
		sigmask = (const sigset_t *)(uintptr_t)ext->sigmask;
	}
	if (!(flags & IORING_ENTER_GETEVENTS)) {
		min_complete = 0;
		sigmask = NULL;
		ts = NULL;
	}
	ret = cring_uring_enter((int)fd, to_submit, min_complete,
				flags & IORING_ENTER_ABS_TIMER ?
				CRING_WAIT_ABS : 0, ts, sigmask);
	if (cring_uring_few(ret) && cring_uring_readable((int)fd))
		return 0;
	return ret == -ENOTTY ? -EOPNOTSUPP : ret;
}

static inline int io_uring_enter(unsigned int fd, unsigned int to_submit,
				 unsigned int min_complete, unsigned int flags,
				 sigset_t *sig)
{
	return io_uring_enter2(fd, to_submit, min_complete, flags, sig, 8);
}

/* The same for a ring, which may have been made disabled. */
static inline int cring_uring_go(struct io_uring *ring, unsigned int to_submit,
				 unsigned int min_complete,
				 const struct __kernel_timespec *ts,
				 const sigset_t *sigmask)
{
	int ret;

	if (ring->flags & IORING_SETUP_R_DISABLED)
		return -EBADFD;
	ret = cring_uring_enter(ring->ring_fd, to_submit, min_complete, 0, ts,
				sigmask);
	return cring_uring_few(ret) && io_uring_cq_ready(ring) ? 0 : ret;
}

/* Operations became ready, and run only when the owner enters the kernel. */
static inline bool cring_uring_needs_enter(const struct io_uring *ring)
{
	return CRING_LOAD_RELAXED(ring->sq.kflags) & CRING_SHARED_READY;
}

static inline int io_uring_get_events(struct io_uring *ring)
{
	return cring_uring_go(ring, 0, 0, NULL, NULL);
}

/* ---------------------------------------------------------------------------
 * Submitting
 */

static inline int io_uring_submit_and_wait(struct io_uring *ring,
					   unsigned int wait_nr)
{
	unsigned int nr = cring_uring_flush(ring);

	if (!nr && !wait_nr && !cring_uring_needs_enter(ring))
		return 0;
	return cring_uring_go(ring, nr, wait_nr, NULL, NULL);
}

static inline int io_uring_submit(struct io_uring *ring)
{
	return io_uring_submit_and_wait(ring, 0);
}

static inline int io_uring_submit_and_get_events(struct io_uring *ring)
{
	return cring_uring_go(ring, cring_uring_flush(ring), 0,
				 NULL, NULL);
}

/* ---------------------------------------------------------------------------
 * Waiting.  What is there is not waited for, and then nothing is entered.
 */

/* 0 and a CQE; -EAGAIN when none was asked for, and there is none */
static inline int cring_uring_wait(struct io_uring *ring,
				   struct io_uring_cqe **cqe_ptr,
				   unsigned int submit, unsigned int wait_nr,
				   const struct __kernel_timespec *ts,
				   const sigset_t *sigmask)
{
	bool entered = false;
	int taken = 0, ret = 0;

	if (wait_nr > ring->cq.ring_entries)
		wait_nr = ring->cq.ring_entries;
	/*
	 * What had no free CQE a thread of SQPOLL would take by itself later.  The
	 * caller, who only waits, is not told how much that is.
	 */
	if ((ring->flags & IORING_SETUP_SQPOLL) && !submit &&
	    io_uring_cq_ready(ring) < wait_nr && cring_uring_flush(ring))
		cring_uring_go(ring, io_uring_sq_ready(ring), 0, NULL, NULL);
	while (submit || io_uring_cq_ready(ring) < wait_nr ||
	       (!entered && !io_uring_cq_ready(ring) &&
		cring_uring_needs_enter(ring))) {
		ret = cring_uring_go(ring, submit, wait_nr, ts, sigmask);
		if (ret < 0)
			break;
		if (!entered)
			taken = ret;
		/*
		 * There is one; or not all was taken, and so nothing was waited
		 * for; or the time is over.
		 */
		if (io_uring_cq_ready(ring) ||
		    (submit && (ret < (int)submit || ts)))
			break;
		entered = true;
		submit = 0;
	}
	*cqe_ptr = cring_uring_first(ring);
	if (ret < 0)
		return ret;
	if (taken || *cqe_ptr)
		return taken;
	return wait_nr ? 0 : -EAGAIN;
}

static inline int __io_uring_get_cqe(struct io_uring *ring,
				     struct io_uring_cqe **cqe_ptr,
				     unsigned int submit, unsigned int wait_nr,
				     sigset_t *sigmask)
{
	return cring_uring_wait(ring, cqe_ptr, submit, wait_nr, NULL, sigmask);
}

static inline int __io_uring_peek_cqe(struct io_uring *ring,
				      struct io_uring_cqe **cqe_ptr,
				      unsigned int *nr_available)
{
	*cqe_ptr = cring_uring_first(ring);
	if (nr_available)
		*nr_available = io_uring_cq_ready(ring);
	return 0;
}

static inline int io_uring_wait_cqe_nr(struct io_uring *ring,
				       struct io_uring_cqe **cqe_ptr,
				       unsigned int wait_nr)
{
	return cring_uring_wait(ring, cqe_ptr, 0, wait_nr, NULL, NULL);
}

static inline int io_uring_peek_cqe(struct io_uring *ring,
				    struct io_uring_cqe **cqe_ptr)
{
	return io_uring_wait_cqe_nr(ring, cqe_ptr, 0);
}

static inline int io_uring_wait_cqe(struct io_uring *ring,
				    struct io_uring_cqe **cqe_ptr)
{
	return io_uring_wait_cqe_nr(ring, cqe_ptr, 1);
}

static inline int io_uring_wait_cqes(struct io_uring *ring,
				     struct io_uring_cqe **cqe_ptr,
				     unsigned int wait_nr,
				     struct __kernel_timespec *ts,
				     sigset_t *sigmask)
{
	return cring_uring_wait(ring, cqe_ptr, 0, wait_nr, ts, sigmask);
}

/* Without IORING_FEAT_MIN_TIMEOUT the least time is not looked at. */
static inline int io_uring_wait_cqes_min_timeout(struct io_uring *ring,
						 struct io_uring_cqe **cqe_ptr,
						 unsigned int wait_nr,
						 struct __kernel_timespec *ts,
						 unsigned int min_ts_usec,
						 sigset_t *sigmask)
{
	(void)min_ts_usec;
	return io_uring_wait_cqes(ring, cqe_ptr, wait_nr, ts, sigmask);
}

static inline int io_uring_wait_cqe_timeout(struct io_uring *ring,
					    struct io_uring_cqe **cqe_ptr,
					    struct __kernel_timespec *ts)
{
	return io_uring_wait_cqes(ring, cqe_ptr, 1, ts, NULL);
}

static inline int io_uring_submit_and_wait_timeout(struct io_uring *ring,
						   struct io_uring_cqe **cqe_ptr,
						   unsigned int wait_nr,
						   struct __kernel_timespec *ts,
						   sigset_t *sigmask)
{
	return cring_uring_wait(ring, cqe_ptr, cring_uring_flush(ring),
				wait_nr, ts, sigmask);
}

static inline int
io_uring_submit_and_wait_min_timeout(struct io_uring *ring,
				     struct io_uring_cqe **cqe_ptr,
				     unsigned int wait_nr,
				     struct __kernel_timespec *ts,
				     unsigned int min_wait, sigset_t *sigmask)
{
	(void)min_wait;
	return io_uring_submit_and_wait_timeout(ring, cqe_ptr, wait_nr, ts,
						sigmask);
}

/* There are no registered waits. */
static inline int io_uring_submit_and_wait_reg(struct io_uring *ring,
					       struct io_uring_cqe **cqe_ptr,
					       unsigned int wait_nr,
					       int reg_index)
{
	(void)ring;
	(void)cqe_ptr;
	(void)wait_nr;
	(void)reg_index;
	return -EINVAL;
}

static inline unsigned int
io_uring_peek_batch_cqe(struct io_uring *ring, struct io_uring_cqe **cqes,
			unsigned int count)
{
	unsigned int head, nr = 0;
	struct io_uring_cqe *cqe;

	if (!io_uring_cq_ready(ring) && cring_uring_needs_enter(ring))
		io_uring_get_events(ring);
	io_uring_for_each_cqe(ring, head, cqe) {
		if (nr == count)
			break;
		cqes[nr++] = cqe;
	}
	return nr;
}

#endif /* CRING_COMPAT_LIBURING_WAIT_H */
