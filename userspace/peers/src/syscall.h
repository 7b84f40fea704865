/* SPDX-License-Identifier: MIT */
/*
 * What liburing's tests find as ../src/syscall.h: the system calls that they make
 * themselves are compat/liburing.h's.
 */
#ifndef CRING_PEERS_SYSCALL_H
#define CRING_PEERS_SYSCALL_H

#include <liburing.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define __sys_io_uring_setup	io_uring_setup
#define __sys_io_uring_enter	io_uring_enter
#define __sys_io_uring_enter2	io_uring_enter2
#define __sys_io_uring_register	io_uring_register
#define __sys_mmap		mmap

static inline bool IS_ERR(const void *p)
{
	return (uintptr_t)p >= (uintptr_t)-4095;
}

static inline int PTR_ERR(const void *p)
{
	return (int)(intptr_t)p;
}

/* one of the library's own, which liburing 2.3 exports for them */
#define __io_uring_flush_sq	cring_uring_flush

#endif /* CRING_PEERS_SYSCALL_H */
