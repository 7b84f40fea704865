/* SPDX-License-Identifier: MIT */
/*
 * What liburing's configure would find out for its tests.
 */
#define CONFIG_HAVE_KERNEL_RWF_T
#define CONFIG_HAVE_KERNEL_TIMESPEC
#define CONFIG_HAVE_OPEN_HOW
#define CONFIG_HAVE_STATX
#define CONFIG_HAVE_GLIBC_STATX
#define CONFIG_HAVE_UCONTEXT
#define CONFIG_HAVE_MEMFD_CREATE
#define CONFIG_HAVE_FANOTIFY
#define CONFIG_HAVE_FUTEXV
#define CONFIG_HAVE_NVME_URING
