/* SPDX-License-Identifier: MIT */
/*
 * liburing.h: liburing's names on top of cring.h.  A program written for liburing
 * (up to 2.15) compiles with -I userspace/compat and runs on /dev/cring.
 *
 * Thin: the queues of cring are mapped where liburing has io_uring's, an SQE is
 * filled in there, and io_uring_submit() is one call.  What cring does not have
 * is declared all the same and fails at run time as on an older kernel: the
 * probe says unsupported, set-up flags and registrations are -EINVAL, and so is
 * an SQE of it, in its CQE.  What differs from io_uring:
 *
 *  - The flags of set-up that only tune are taken and do nothing: SQPOLL (there
 *    is no thread, io_uring_submit() is a system call), IOPOLL, ATTACH_WQ,
 *    SUBMIT_ALL (always so), COOP_TASKRUN, TASKRUN_FLAG, SINGLE_ISSUER (not
 *    checked), DEFER_TASKRUN, NO_SQARRAY.
 *  - The CQ never overflows: io_uring_submit() takes as many SQEs as there are
 *    free CQEs and says how many; with none free it is -EBUSY.
 *  - A ring is its process's: in a forked child all is -EPERM.
 *  - io_uring_register_sync_cancel() may be called while another thread waits.
 *  - A -ECANCELED or -ETIME may have CRING_CQE_F_NOT_STARTED in its flags.
 *  - System calls of io_uring that are made without this header go to io_uring.
 *    io_uring_setup(), io_uring_enter(), io_uring_register() are here; what
 *    io_uring_setup() says is mapped by io_uring_queue_mmap() and no other way.
 */
#ifndef LIB_URING_H
#define LIB_URING_H

#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>

#include <cring.h>
#include <linux/swab.h>

#include "liburing/barrier.h"
#include "liburing/compat.h"
#include "liburing/io_uring.h"
#include "liburing/io_uring/bpf_filter.h"
#include "liburing/io_uring/query.h"
#include "liburing/io_uring_version.h"

#define uring_likely(cond)	__builtin_expect(!!(cond), 1)
#define uring_unlikely(cond)	__builtin_expect(!!(cond), 0)

#define LIBURING_UDATA_TIMEOUT	((__u64)-1)

#ifndef __NR_io_uring_setup
#define __NR_io_uring_setup	425
#define __NR_io_uring_enter	426
#define __NR_io_uring_register	427
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------
 * A ring, as its owner sees it
 */

/* The counters are those of struct cring_shared. */
struct io_uring_sq {
	unsigned int *khead;
	unsigned int *ktail;
	unsigned int *kring_mask;
	unsigned int *kring_entries;
	unsigned int *kflags;
	unsigned int *kdropped;
	unsigned int *array;		/* there is none */
	struct io_uring_sqe *sqes;
	unsigned int sqe_head;
	unsigned int sqe_tail;
	size_t ring_sz;
	void *ring_ptr;
	unsigned int ring_mask;
	unsigned int ring_entries;
	unsigned int sqes_sz;
	unsigned int pad;
};

struct io_uring_cq {
	unsigned int *khead;
	unsigned int *ktail;
	unsigned int *kring_mask;
	unsigned int *kring_entries;
	unsigned int *kflags;
	unsigned int *koverflow;
	struct io_uring_cqe *cqes;
	size_t ring_sz;
	void *ring_ptr;
	unsigned int ring_mask;
	unsigned int ring_entries;
	unsigned int pad[2];
};

struct io_uring {
	struct io_uring_sq sq;
	struct io_uring_cq cq;
	unsigned int flags;
	int ring_fd;
	unsigned int features;
	int enter_ring_fd;
	__u8 int_flags;
	__u8 pad[3];
	unsigned int pad2;
};

struct io_uring_zcrx_rq {
	__u32 *khead;
	__u32 *ktail;
	__u32 rq_tail;
	unsigned int ring_entries;
	struct io_uring_zcrx_rqe *rqes;
	void *ring_ptr;
};

#include "liburing/setup.h"
#include "liburing/prep.h"
#include "liburing/prep_fs.h"
#include "liburing/prep_net.h"
#include "liburing/queue.h"
#include "liburing/wait.h"
#include "liburing/register.h"
#include "liburing/register_ring.h"
#include "liburing/buffers.h"

#ifdef __cplusplus
}
#endif

#endif /* LIB_URING_H */
