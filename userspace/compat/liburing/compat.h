/* SPDX-License-Identifier: MIT */
/*
 * liburing/compat.h: types that libc may lack.  Part of liburing.h.
 */
#ifndef LIBURING_COMPAT_H
#define LIBURING_COMPAT_H

#include <linux/ioctl.h>
#include <linux/openat2.h>
#include <linux/time_types.h>

#ifndef BLOCK_URING_CMD_DISCARD
#define BLOCK_URING_CMD_DISCARD		_IO(0x12, 0)
#endif

#endif /* LIBURING_COMPAT_H */
