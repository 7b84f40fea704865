/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a program tells /dev/cring_caller, the sample of a kernel caller: each
 * open file of it starts one operation, on a page of kernel memory that read(2)
 * of the file shows.
 */
#ifndef _CRING_CALLER_H
#define _CRING_CALLER_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct cring_caller_start - argument of CRING_CALLER_START
 * @opcode: CRING_OP_READ or CRING_OP_WRITE, or a provider's
 * @fd: READ, WRITE: on which file
 * @off: as in struct cring_sqe
 * @addr: as in struct cring_sqe, for a provider
 * @len: as in struct cring_sqe; READ, WRITE: a page at most
 * @flags: as cring_sqe.op_flags, for a provider
 * @resv: reserved
 */
struct cring_caller_start {
	__u32	opcode;
	__s32	fd;
	__u64	off;
	__u64	addr;
	__u32	len;
	__u32	flags;
	__u64	resv;
};

#define CRING_CALLER_START	_IOW('D', 0, struct cring_caller_start)
/* argument 1: with interrupts off; returns 1 for true, 0 for false */
#define CRING_CALLER_CANCEL	_IO('D', 1)
/* argument: ms; 0 or -ETIME */
#define CRING_CALLER_WAIT	_IO('D', 2)
/* -EINPROGRESS until it has finished */
#define CRING_CALLER_RESULT	_IOR('D', 3, __s32)
/* how often it was called back */
#define CRING_CALLER_DONES	_IO('D', 4)

#endif /* _CRING_CALLER_H */
