/* SPDX-License-Identifier: MIT */
/*
 * liburing/io_uring_version.h: the liburing that the names are of.  Part of
 * liburing.h.
 */
#ifndef LIBURING_VERSION_H
#define LIBURING_VERSION_H

#define IO_URING_VERSION_MAJOR	2
#define IO_URING_VERSION_MINOR	15

#endif /* LIBURING_VERSION_H */
