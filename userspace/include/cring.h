/* SPDX-License-Identifier: MIT */
/*
 * cring.h: all that a program needs to use /dev/cring.
 *
 * Headers only, C11 and C++17, no library to link: this one includes the parts
 * in cring/.  Who knows liburing knows this: the names, the order of arguments
 * and the habits are the same.
 *
 *  - A function that can fail returns -errno and leaves errno undefined.
 *  - Nothing here allocates or takes a lock.  One thread at a time may prepare
 *    and submit, one at a time may wait and reap; they may be two threads.
 *    What is in cring/cancel.h may be called by any thread of the process at
 *    any time.
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
#include <sys/syscall.h>
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
 * @setup_flags: CRING_SETUP_* that it was made with
 * @sq_entries: size of the submission queue, a power of two
 * @cq_entries: size of the completion queue, a power of two
 * @sq_mask: @sq_entries - 1
 * @cq_mask: @cq_entries - 1
 * @sqe_tail: SQEs handed out by cring_get_sqe() since set-up, the ticket of the
 *	next one; runs ahead of @shared->sq_tail, so that what was not submitted
 *	can be rolled back
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
	unsigned int setup_flags;
	unsigned int sq_entries;
	unsigned int cq_entries;
	unsigned int sq_mask;
	unsigned int cq_mask;
	__u64 sqe_tail;
	struct cring_shared *shared;
	struct cring_sqe *sqes;
	struct cring_cqe *cqes;
	size_t mmap_size;
	/* private: what cring.hpp adds; a namespace cannot have our name */
#ifdef __cplusplus
	class ring;
	class scope;
#endif
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

/* The kernel's own call: libc's adds a call, and errno for who wants none. */
static inline int cring_ioctl(int fd, unsigned long request, const void *arg)
{
#if defined(__x86_64__) && defined(__LP64__)
	long ret;

	__asm__ volatile ("syscall"
			  : "=a" (ret)
			  : "0" ((long)SYS_ioctl), "D" ((long)fd),
			    "S" (request), "d" (arg)
			  : "rcx", "r11", "cc", "memory");
	return (int)ret;
#else
	int ret = ioctl(fd, request, arg);

	return ret < 0 ? -errno : ret;
#endif
}

/* Operations became ready, and run only when the owner enters the kernel. */
static inline int cring_needs_enter(const struct cring *ring)
{
	return CRING_LOAD_RELAXED(&ring->shared->flags) & CRING_SHARED_READY;
}

/* The ring's thread takes nothing until the owner enters the kernel. */
static inline int cring_needs_wakeup(const struct cring *ring)
{
	return CRING_LOAD_RELAXED(&ring->shared->flags) &
	       CRING_SHARED_NEED_WAKEUP;
}

/* Does a thread take what is in the SQ? */
static inline int cring_is_polled(const struct cring *ring)
{
	return ring->setup_flags & CRING_SETUP_SQPOLL;
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

/*
 * The same with a timeout (NULL: none; a time of CLOCK_MONOTONIC if @flags is
 * %CRING_WAIT_ABS, else 0) and a signal mask (NULL: none).
 */
static inline int cring_enter_flags(struct cring *ring, unsigned int to_submit,
				    unsigned int wait_nr, unsigned int flags,
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
		wait.flags = CRING_WAIT_TIMEOUT | flags;
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

static inline int cring_enter_timeout(struct cring *ring,
				      unsigned int to_submit,
				      unsigned int wait_nr,
				      const struct cring_timespec *ts,
				      const sigset_t *sigmask)
{
	return cring_enter_flags(ring, to_submit, wait_nr, 0, ts, sigmask);
}

/* ---------------------------------------------------------------------------
 * Set-up
 */

/**
 * cring_queue_init_params - make a ring
 * @entries: wanted size of the submission queue, rounded up to a power of two
 * @ring: filled in
 * @p: in: flags (CRING_SETUP_*) and, with %CRING_SETUP_CQSIZE, cq_entries, with
 *	%CRING_SETUP_SQPOLL, if you like, sq_thread_idle; all else 0.  Out: what the
 *	kernel gave.
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
	ring->sq_mask = p->sq_entries - 1;
	ring->cq_mask = p->cq_entries - 1;
	ring->features = p->features;
	ring->setup_flags = p->flags;
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

#include "cring/sqe.h"
#include "cring/sq.h"
#include "cring/cq.h"
#include "cring/cancel.h"
#include "cring/register.h"

#ifdef __cplusplus
}
#endif

#endif /* CRING_H */
