/* SPDX-License-Identifier: MIT */
/*
 * What the tests share.  Each helper fails the running test by itself, and
 * nothing here waits without a limit, so a test reads as what it proves.
 *
 * Functions named t_*() take the harness's _metadata first; the macros below
 * them pass it, and are what a test calls.  Include this file first.
 */
#ifndef CRING_TESTS_UTIL_H
#define CRING_TESTS_UTIL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/magic.h>
#include <netinet/in.h>

#include "kselftest_harness.h"
#include "cring.h"

/* How long anything that must happen may take: an emulated machine is slow. */
#define LIMIT_MS	30000
/* How long to watch that something does not happen. */
#define QUIET_MS	50
#define NSEC_PER_MSEC	1000000ULL
#define NSEC_PER_SEC	1000000000ULL

#define fallthrough	__attribute__((__fallthrough__))
#define ARRAY_LEN(a)	(sizeof(a) / sizeof((a)[0]))
#define PTR64(p)	((uint64_t)(uintptr_t)(p))

/* ---- time ------------------------------------------------------------- */

static inline uint64_t now_ns_on(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static inline uint64_t now_ns(void)
{
	return now_ns_on(CLOCK_MONOTONIC);
}

/*
 * With poll(), whose time is no timespec: a kernel may have no nanosleep() with
 * 32-bit times, and the C library of a 32-bit program calls no other.
 */
static inline void msleep(unsigned int ms)
{
	uint64_t now, end = now_ns() + ms * NSEC_PER_MSEC;

	while ((now = now_ns()) < end)
		poll(NULL, 0, (int)((end - now) / NSEC_PER_MSEC + 1));
}

static inline struct cring_timespec ms_ts(uint64_t ms)
{
	return (struct cring_timespec){ .tv_sec = ms / 1000,
					.tv_nsec = (ms % 1000) * 1000000LL };
}

static inline struct cring_timespec ns_ts(uint64_t ns)
{
	return (struct cring_timespec){ .tv_sec = ns / NSEC_PER_SEC,
					.tv_nsec = ns % NSEC_PER_SEC };
}

/*
 * Polls a condition; the value is whether it came true within LIMIT_MS.  What takes
 * long is asked for less often: asking costs the machine more than waiting.
 */
#define wait_until(cond) __extension__ ({				\
	uint64_t __end = now_ns() + LIMIT_MS * NSEC_PER_MSEC;		\
	unsigned int __ms = 1;						\
	bool __ok;							\
	while (!(__ok = (cond)) && now_ns() < __end) {			\
		msleep(__ms);						\
		__ms += __ms < 10;					\
	}								\
	__ok; })

/* ---- rings ------------------------------------------------------------ */

/* ioctl() with the kernel's convention: the result, or -errno. */
static inline int ioc(int fd, unsigned long cmd, unsigned long arg)
{
	int ret = ioctl(fd, cmd, arg);

	return ret < 0 ? -errno : ret;
}
#define ioc_ptr(fd, cmd, ptr)	ioc(fd, cmd, (unsigned long)(ptr))

static inline int submit_raw(int fd, unsigned int nr, unsigned int wait)
{
	return ioc(fd, CRING_IOC_SUBMIT, CRING_SUBMIT_ARG(nr, wait));
}

static inline void t_ring_init(struct __test_metadata *_metadata,
			       struct cring *ring, unsigned int sq,
			       unsigned int cq)
{
	struct cring_params p = { .sq_entries = sq, .cq_entries = cq };
	int ret;

	if (cq)
		p.flags |= CRING_SETUP_CQSIZE;
	ret = cring_queue_init_params(sq, ring, &p);
	ASSERT_EQ(0, ret)
		TH_LOG("ring set-up: %s", strerror(-ret));
}
/* A ring with @sq SQEs and twice as many CQEs, or @cq of them. */
#define ring_init(ring, sq)	   t_ring_init(_metadata, ring, sq, 0)
#define ring_init_cq(ring, sq, cq) t_ring_init(_metadata, ring, sq, cq)

static inline struct cring_sqe *t_sqe(struct __test_metadata *_metadata,
				      struct cring *ring, uint64_t user_data)
{
	struct cring_sqe *sqe = cring_get_sqe(ring);

	ASSERT_NE(NULL, sqe)
		TH_LOG("the submission queue is full");
	sqe->user_data = user_data;
	return sqe;
}
/* A zeroed SQE with that user_data; a prep keeps it. */
#define new_sqe(ring, user_data)   t_sqe(_metadata, ring, user_data)

static inline void t_submit(struct __test_metadata *_metadata,
			    struct cring *ring, int want)
{
	int ret = cring_submit(ring);

	ASSERT_EQ(want, ret);
}
/* Submits everything that was prepared; @nr must be accepted. */
#define submit_all(ring, nr)	   t_submit(_metadata, ring, nr)

/* Takes one CQE off the queue within @ms; false when none came. */
static inline bool take_cqe(struct cring *ring, struct cring_cqe *out, int ms)
{
	uint64_t end = now_ns() + ms * NSEC_PER_MSEC;
	struct cring_cqe *cqe;

	for (;;) {
		uint64_t now = now_ns();
		struct cring_timespec ts = ns_ts(now < end ? end - now : 0);
		int ret = cring_wait_cqe_timeout(ring, &cqe, &ts);

		if (!ret) {
			*out = *cqe;
			cring_cqe_seen(ring, cqe);
			return true;
		}
		if (ret != -EINTR || now >= end)
			return false;
	}
}

static inline struct cring_cqe t_reap(struct __test_metadata *_metadata,
				      struct cring *ring)
{
	struct cring_cqe cqe = { 0 };

	ASSERT_TRUE(take_cqe(ring, &cqe, LIMIT_MS))
		TH_LOG("no completion within %d ms", LIMIT_MS);
	return cqe;
}
/* The next CQE, by value; the test fails when none comes. */
#define reap(ring)		   t_reap(_metadata, ring)

static inline int t_reap_res(struct __test_metadata *_metadata,
			     struct cring *ring, uint64_t user_data)
{
	struct cring_cqe cqe = t_reap(_metadata, ring);

	EXPECT_EQ(user_data, cqe.user_data);
	return cqe.res;
}
/* The result of the next CQE, which must be that of @user_data. */
#define reap_res(ring, user_data)  t_reap_res(_metadata, ring, user_data)

static inline void t_quiet(struct __test_metadata *_metadata,
			   struct cring *ring, int ms)
{
	struct cring_cqe cqe = { 0 };

	ASSERT_FALSE(take_cqe(ring, &cqe, ms))
		TH_LOG("unexpected completion: user_data %llu res %d",
		       (unsigned long long)cqe.user_data, cqe.res);
}
/* No CQE comes within QUIET_MS (or @ms). */
#define expect_quiet(ring)	   t_quiet(_metadata, ring, QUIET_MS)
#define expect_quiet_ms(ring, ms)  t_quiet(_metadata, ring, ms)

static inline int t_run(struct __test_metadata *_metadata, struct cring *ring,
			struct cring_sqe *sqe)
{
	sqe->user_data = 0x5eed;
	t_submit(_metadata, ring, 1);
	return t_reap_res(_metadata, ring, 0x5eed);
}
/* Submits @sqe alone, waits, and gives its result. */
#define run_sqe(ring, sqe)	   t_run(_metadata, ring, sqe)

/* ---- data and files --------------------------------------------------- */

/* Fills with bytes that depend on position and seed, so a shift shows. */
static inline void fill(void *buf, size_t len, uint32_t seed)
{
	uint8_t *p = buf;
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = (uint8_t)((i + seed * 977) * 2654435761u >> 13);
}

static inline bool is_filled_at(const void *buf, size_t len, uint32_t seed,
				size_t pos)
{
	const uint8_t *p = buf;
	size_t i;

	for (i = 0; i < len; i++)
		if (p[i] != (uint8_t)((i + pos + seed * 977) * 2654435761u >> 13))
			return false;
	return true;
}
#define is_filled(buf, len, seed) is_filled_at(buf, len, seed, 0)

static inline bool is_byte(const void *buf, size_t len, uint8_t byte)
{
	const uint8_t *p = buf;

	while (len--)
		if (*p++ != byte)
			return false;
	return true;
}

static inline void *t_pages(struct __test_metadata *_metadata, size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, p);
	return p;
}
/* Page-aligned zeroed memory, as direct I/O wants it. */
#define new_pages(len)		   t_pages(_metadata, len)

/* A mount point of a storage file system for tests, or NULL. */
static inline const char *dir_of_type(long magic)
{
	static const char *const dirs[] = { "/mnt", "/tmp", "/dev/shm", "/run" };
	struct statfs fs;
	size_t i;

	for (i = 0; i < ARRAY_LEN(dirs); i++)
		if (!statfs(dirs[i], &fs) && (long)fs.f_type == magic &&
		    !access(dirs[i], W_OK))
			return dirs[i];
	return NULL;
}
#define EXT4_DIR		dir_of_type(0xef53)
#define TMPFS_DIR		dir_of_type(0x01021994)

static inline int t_tmpfile(struct __test_metadata *_metadata, const char *dir,
			    int flags)
{
	char path[128];
	int fd, tmp;

	snprintf(path, sizeof(path), "%s/cring-test-XXXXXX", dir);
	tmp = mkstemp(path);
	ASSERT_GE(tmp, 0);
	fd = open(path, flags | O_CLOEXEC);
	ASSERT_GE(fd, 0)
		TH_LOG("open %s: %s", path, strerror(errno));
	close(tmp);
	unlink(path);
	return fd;
}
/* An open file without a name; @flags are open(2)'s. */
#define new_file(dir, flags)	   t_tmpfile(_metadata, dir, flags)

static inline int t_filled(struct __test_metadata *_metadata, const char *dir,
			   int flags, size_t len, uint32_t seed)
{
	int fd = t_tmpfile(_metadata, dir, flags & ~O_DIRECT);
	char *buf = malloc(len);

	ASSERT_NE(NULL, buf);
	fill(buf, len, seed);
	ASSERT_EQ((ssize_t)len, pwrite(fd, buf, len, 0));
	free(buf);
	if (flags & O_DIRECT) {
		ASSERT_EQ(0, fsync(fd));
		ASSERT_EQ(0, fcntl(fd, F_SETFL, flags & (O_DIRECT | O_APPEND)));
	}
	return fd;
}
/* The same with fill()ed contents; @flags must allow writing. */
#define new_filled(dir, flags, len, seed) \
	t_filled(_metadata, dir, flags, len, seed)

/* ---- pipes, sockets, terminals ---------------------------------------- */

#define new_pipe(fds, flags)	   ASSERT_EQ(0, pipe2(fds, flags))
#define new_socketpair(fds, type)  ASSERT_EQ(0, socketpair(AF_UNIX, type, 0, fds))

/* A connected TCP pair over loopback; false when the kernel has no TCP. */
static inline bool tcp_pair(int fds[2])
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int l = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(a);

	fds[0] = -1;
	fds[1] = -1;
	if (l < 0)
		return false;
	if (!bind(l, (struct sockaddr *)&a, len) && !listen(l, 1) &&
	    !getsockname(l, (struct sockaddr *)&a, &len)) {
		fds[0] = socket(AF_INET, SOCK_STREAM, 0);
		if (!connect(fds[0], (struct sockaddr *)&a, len))
			fds[1] = accept(l, NULL, NULL);
	}
	close(l);
	return fds[1] >= 0;
}

/* A raw-mode pseudo terminal: fds[0] is the master; false without /dev/pts. */
static inline bool pty_pair(int fds[2])
{
	struct termios t;

	fds[1] = -1;
	fds[0] = posix_openpt(O_RDWR | O_NOCTTY);
	if (fds[0] < 0 || grantpt(fds[0]) || unlockpt(fds[0]))
		return false;
	fds[1] = open(ptsname(fds[0]), O_RDWR | O_NOCTTY);
	if (fds[1] < 0 || tcgetattr(fds[1], &t))
		return false;
	cfmakeraw(&t);
	return !tcsetattr(fds[1], TCSANOW, &t);
}

#endif /* CRING_TESTS_UTIL_H */
