/* SPDX-License-Identifier: MIT */
/*
 * The part of util.h about the machine: null_blk devices, threads, children.
 */
#ifndef CRING_TESTS_UTIL_SYS_H
#define CRING_TESTS_UTIL_SYS_H

#include "util.h"

#include <dirent.h>
#include <linux/fs.h>
#include <linux/futex.h>

/* ---- small files of /proc and /sys ------------------------------------ */

static inline int write_str(const char *path, const char *val)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, val, strlen(val)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* Reads a small text file; "" when it cannot be read. */
static inline void read_str(const char *path, char *buf, size_t len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, buf, len - 1);

	buf[n > 0 ? n : 0] = 0;
	if (n > 0 && buf[n - 1] == '\n')
		buf[n - 1] = 0;
	if (fd >= 0)
		close(fd);
}

/* ---- null_blk --------------------------------------------------------- */

#define NULLB_ROOT	"/sys/kernel/config/nullb"

struct nullb {
	char dir[64];	/* its configfs folder; "" when there is none */
	char dev[64];	/* its node in /dev */
	char name[32];	/* its name in /sys/block */
};

struct nullb_opts {
	unsigned int size_mb;		/* 0 is 16 */
	uint64_t delay_ns;		/* 0: completes in the submitter */
	bool softirq;			/* completes in one, where it was submitted */
	bool no_memory;			/* no data; the driver never sleeps */
	unsigned int hw_queue_depth;	/* 0 is the driver's */
};

/*
 * A kernel that checks everything may need a good part of a second from the
 * submission to the cancel.  What a disk holds for a test to find, it holds
 * longer there, and what has to be soon may take longer.
 */
static inline unsigned int hold_factor(void)
{
	return access("/proc/lockdep", F_OK) ? 1 : 3;
}

/* Shorter than HOLD_NS is no hold; after 5 s the driver gives up. */
#define HOLD_NS		(50 * NSEC_PER_MSEC)
#define HOLD_MAX_NS	(4500 * NSEC_PER_MSEC)

static inline uint64_t hold_ns(uint64_t ns)
{
	uint64_t longer = ns * hold_factor();

	if (ns < HOLD_NS || ns > HOLD_MAX_NS)
		return ns;
	return longer < HOLD_MAX_NS ? longer : HOLD_MAX_NS;
}

#define EXPECT_SOON(since, ns) \
	EXPECT_LT(now_ns() - (since), (ns) * hold_factor())

static inline int nullb_set(struct nullb *nb, const char *attr, uint64_t val)
{
	char path[128], s[24];

	snprintf(path, sizeof(path), "%s/%s", nb->dir, attr);
	snprintf(s, sizeof(s), "%llu", (unsigned long long)val);
	return write_str(path, s);
}

static inline bool have_nullb(void)
{
	return !access(NULLB_ROOT, W_OK);
}
#define NULLB_SKIP	"no null_blk in configfs (module not loaded?)"

static inline void nullb_del(struct nullb *nb)
{
	if (!nb->dir[0])
		return;
	nullb_set(nb, "power", 0);
	rmdir(nb->dir);
	nb->dir[0] = 0;
}

static inline void t_nullb(struct __test_metadata *_metadata, struct nullb *nb,
			   struct nullb_opts o)
{
	static unsigned int serial;
	char path[128], index[16];
	struct stat st;

	o.delay_ns = hold_ns(o.delay_ns);
	memset(nb, 0, sizeof(*nb));
	snprintf(nb->name, sizeof(nb->name), "ct%d.%u", getpid(),
		 serial++);
	snprintf(nb->dir, sizeof(nb->dir), NULLB_ROOT "/%s", nb->name);
	ASSERT_EQ(0, mkdir(nb->dir, 0755));
	ASSERT_EQ(0, nullb_set(nb, "size", o.size_mb ? o.size_mb : 16));
	ASSERT_EQ(0, nullb_set(nb, "blocksize", 512));
	ASSERT_EQ(0, nullb_set(nb, "submit_queues", 1));
	ASSERT_EQ(0, nullb_set(nb, "memory_backed", !o.no_memory));
	ASSERT_EQ(0, nullb_set(nb, "irqmode", o.delay_ns ? 2 : o.softirq));
	if (o.delay_ns)
		ASSERT_EQ(0, nullb_set(nb, "completion_nsec", o.delay_ns));
	if (o.hw_queue_depth)
		ASSERT_EQ(0, nullb_set(nb, "hw_queue_depth", o.hw_queue_depth));
	ASSERT_EQ(0, nullb_set(nb, "power", 1));

	/* Older kernels name the disk by index, newer ones by its folder. */
	snprintf(path, sizeof(path), "/sys/block/%s", nb->name);
	if (access(path, F_OK)) {
		snprintf(path, sizeof(path), "%s/index", nb->dir);
		read_str(path, index, sizeof(index));
		snprintf(nb->name, sizeof(nb->name), "nullb%s", index);
	}
	snprintf(nb->dev, sizeof(nb->dev), "/dev/%s", nb->name);
	ASSERT_TRUE(wait_until(!stat(nb->dev, &st) && S_ISBLK(st.st_mode)))
		TH_LOG("no node %s", nb->dev);
}
/*
 * A null_blk disk: new_nullb(&nb, .delay_ns = 1000000).  The test gives it
 * back with nullb_del(); in a fixture, so that it happens on failure too.
 */
#define new_nullb(nb, ...) \
	t_nullb(_metadata, nb, (struct nullb_opts){ __VA_ARGS__ })

static inline int t_nullb_open(struct __test_metadata *_metadata,
			       struct nullb *nb, int flags)
{
	int fd = open(nb->dev, flags | O_CLOEXEC);

	ASSERT_GE(fd, 0)
		TH_LOG("open %s: %s", nb->dev, strerror(errno));
	return fd;
}
#define nullb_open(nb, flags)	t_nullb_open(_metadata, nb, flags)

/* The driver gives up on a request after some seconds unless told not to. */
static inline int nullb_set_io_timeout(struct nullb *nb, unsigned int ms)
{
	char path[128], s[16];

	snprintf(path, sizeof(path), "/sys/block/%s/queue/io_timeout", nb->name);
	snprintf(s, sizeof(s), "%u", ms);
	return write_str(path, s);
}

/* ---- threads ---------------------------------------------------------- */

static inline pthread_t t_thread(struct __test_metadata *_metadata,
				 void *(*fn)(void *), void *arg)
{
	pthread_t t;

	ASSERT_EQ(0, pthread_create(&t, NULL, fn, arg));
	return t;
}
#define new_thread(fn, arg)	t_thread(_metadata, fn, arg)

/* Joins within LIMIT_MS; NULL in @ret is allowed. */
static inline bool join_in_time(pthread_t t, void **ret)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += LIMIT_MS / 1000;
	return !pthread_timedjoin_np(t, ret, &ts);
}
#define join(t)			ASSERT_TRUE(join_in_time(t, NULL))

/* One write and one read of a pipe on a stock kernel in an emulated machine. */
#define PIPE_NS		20000
/*
 * Percent of the full number of rounds that this kernel can do in time: what
 * CRING_TEST_SCALE says, or what its speed allows.
 */
static inline unsigned int test_scale(void)
{
	const char *env = getenv("CRING_TEST_SCALE");
	uint64_t t = 0, best = UINT64_MAX, percent;
	char c = 0;
	int p[2], i, s;

	if (env && atoi(env) > 0)
		return atoi(env);
	if (pipe(p))
		return 100;
	for (s = 0; s < 5; s++) {
		t = now_ns();
		for (i = 0; i < 100; i++)
			if (write(p[1], &c, 1) != 1 || read(p[0], &c, 1) != 1)
				break;
		t = (now_ns() - t) / 100;
		best = t < best ? t : best;
	}
	close(p[0]);
	close(p[1]);
	percent = 100 * PIPE_NS / best;
	/* Lockdep and its like make threads that meet far slower than one pipe. */
	if (!access("/proc/lockdep", F_OK) && percent > 5)
		percent = 5;
	return percent > 100 ? 100 : percent < 1 ? 1 : percent;
}

static inline long futex(uint32_t *word, int what, uint32_t value)
{
	return syscall(SYS_futex, word, what | FUTEX_PRIVATE_FLAG, value, NULL,
		       NULL, 0);
}

static inline int pin_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

static inline int nr_cpus(void)
{
	return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

static inline pid_t gettid_raw(void)
{
	return (pid_t)syscall(SYS_gettid);
}

/* The scheduler state of a task ('R', 'S', 'D', 'Z', ...), 0 if it is gone. */
static inline char task_state(pid_t tid)
{
	char path[64], buf[256], *p;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	read_str(path, buf, sizeof(buf));
	p = strrchr(buf, ')');
	return p && p[1] ? p[2] : 0;
}

/* ---- children --------------------------------------------------------- */

/* fork() and run @fn; the child exits with its result. */
static inline pid_t t_child(struct __test_metadata *_metadata,
			    int (*fn)(void *), void *arg)
{
	pid_t pid = fork();

	ASSERT_GE(pid, 0);
	if (!pid) {
		alarm(2 * LIMIT_MS / 1000);
		_exit(fn(arg));
	}
	return pid;
}
#define new_child(fn, arg)	t_child(_metadata, fn, arg)

/* The wait status of a child that ends within LIMIT_MS, else -1. */
static inline int child_status(pid_t pid)
{
	int status = -1;

	if (!wait_until(waitpid(pid, &status, WNOHANG) == pid))
		return -1;
	return status;
}

/* Runs @fn in a child: its exit code, or -1 when it died or hung. */
static inline int t_run_child(struct __test_metadata *_metadata,
			      int (*fn)(void *), void *arg)
{
	pid_t pid = t_child(_metadata, fn, arg);
	int status = child_status(pid);

	if (status == -1)
		kill(pid, SIGKILL);
	return status != -1 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
#define run_child(fn, arg)	t_run_child(_metadata, fn, arg)

/* Sends an fd over a Unix socket, with one byte; 0 or -errno. */
static inline int send_fd(int sock, int fd)
{
	char byte = 'f', ctl[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = ctl, .msg_controllen = sizeof(ctl) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	return sendmsg(sock, &m, 0) == 1 ? 0 : -errno;
}

/* Receives what send_fd() sent; the fd, or -errno. */
static inline int recv_fd(int sock)
{
	char byte, ctl[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = ctl, .msg_controllen = sizeof(ctl) };
	struct cmsghdr *c;
	int fd;

	if (recvmsg(sock, &m, MSG_CMSG_CLOEXEC) != 1)
		return -errno;
	c = CMSG_FIRSTHDR(&m);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return -ENOMSG;
	memcpy(&fd, CMSG_DATA(c), sizeof(int));
	return fd;
}

/* Open descriptors of this process, without the one that counts them. */
static inline int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	if (!d)
		return -1;
	while (readdir(d))
		n++;
	closedir(d);
	return n - 3;
}

#endif /* CRING_TESTS_UTIL_SYS_H */
