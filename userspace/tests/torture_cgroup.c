// SPDX-License-Identifier: MIT
/*
 * An owner whose control group freezes it, has no room for another task, or no
 * memory: its operations end, or are ended, and nothing of it stays.
 */
#include "util.h"
#include "life_util.h"

#include <sys/ioctl.h>

#define ROOT	"/sys/fs/cgroup"

FIXTURE(group) { char dir[64]; pid_t pid; int p[2], q[2], up[2]; };

static int set(const char *dir, const char *name, const char *val)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return write_str(path, val);
}

static long get(const char *dir, const char *name)
{
	char path[128], buf[64];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	read_str(path, buf, sizeof(buf));
	return buf[0] ? atol(buf) : -1;
}

FIXTURE_SETUP(group)
{
	snprintf(self->dir, sizeof(self->dir), ROOT "/cring-%d", getpid());
	set(ROOT, "cgroup.subtree_control", "+pids");
	set(ROOT, "cgroup.subtree_control", "+memory");
	if (mkdir(self->dir, 0755))
		SKIP(return, "no control groups of version 2 here");
	expect_refs(0);
	new_pipe(self->p, 0);
	new_pipe(self->q, 0);
	new_pipe(self->up, 0);
}

FIXTURE_TEARDOWN(group)
{
	expect_refs(0);
	EXPECT_TRUE(wait_until(!rmdir(self->dir) || errno == ENOENT));
}

static bool join_group(const char *dir)
{
	return !set(dir, "cgroup.procs", "0");
}

/* An armed read, a timer, and a read in a worker; all of them to be reaped. */
static int owner(FIXTURE_DATA(group) *self)
{
	struct cring_timespec soon = ms_ts(20);
	struct cring ring;
	char a, b;
	int i;

	if (!join_group(self->dir) || cring_queue_init(8, &ring, 0))
		return 1;
	cring_prep_read(cring_get_sqe(&ring), self->p[0], &a, 1, 0);
	cring_prep_timeout(cring_get_sqe(&ring), &soon, 0, 0);
	cring_prep_read(cring_get_sqe(&ring), self->q[0], &b, 1, 0);
	ring.sqes[2].flags = CRING_SQE_ASYNC;
	if (cring_submit(&ring) != 3 || write(self->up[1], "u", 1) != 1)
		return 2;
	for (i = 0; i < 3; i++) {
		struct cring_cqe cqe;

		if (!take_cqe(&ring, &cqe, LIMIT_MS))
			return 3;
		if (cqe.res != 1 && cqe.res != -ETIME)
			return 4;
	}
	return 0;
}

struct frozen;
static int owner_of_all(struct frozen *f);

/* An owner, of one of each kind if there is @f, is frozen. */
static void t_freeze(struct __test_metadata *_metadata, FIXTURE_DATA(group) *self,
		     struct frozen *f)
{
	char c, events[128], path[128];

	self->pid = fork();
	if (!self->pid)
		_exit(f ? owner_of_all(f) : owner(self));
	ASSERT_EQ(1, read(self->up[0], &c, 1));
	ASSERT_EQ(0, set(self->dir, "cgroup.freeze", "1"));
	snprintf(path, sizeof(path), "%s/cgroup.events", self->dir);
	ASSERT_TRUE(wait_until((read_str(path, events, sizeof(events)),
				strstr(events, "frozen 1"))));
}

/* A worker is not frozen with its ring's owner. */
TEST_F(group, c16_a_frozen_owners_operations_go_on)
{
	int left = 1, status;

	t_freeze(_metadata, self, NULL);
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	ASSERT_EQ(1, write(self->q[1], "x", 1));
	EXPECT_TRUE(wait_until(!ioctl(self->q[0], FIONREAD, &left) && !left));
	ASSERT_EQ(0, set(self->dir, "cgroup.freeze", "0"));
	status = child_status(self->pid);
	ASSERT_TRUE(status != -1 && WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
}

/* --- one operation of each kind -------------------------------------------- */

enum { STAYS = 1, EXPIRES, FED, WORKS, TOLD, LENT, RINGS, NR_OPS = RINGS };
/* the device's, and longer than it takes to freeze */
#define DEVICE_MS	500

struct frozen {
	FIXTURE_DATA(group) *group;
	char dev[64];
	int stays[2], works[2];
	/* the owner's, in memory that both have */
	struct cring ring;
	int ret;
	struct cring_cancel_key key;
};

/* is under way in a synchronous cancel when it is frozen */
static void *wait_for_device(void *arg)
{
	struct frozen *f = arg;

	f->key = cring_key64(TOLD, 0);
	f->ret = cancel_call(f->ring.ring_fd, &f->key, 1, CRING_CANCEL_WAIT, -1);
	return NULL;
}

static void put_one_of_each(struct frozen *f)
{
	static char buf[3 * 4096] __attribute__((aligned(4096)));
	static struct cring_timespec soon = { .tv_nsec = 20 * NSEC_PER_MSEC };
	int disk = open(f->dev, O_RDONLY | O_DIRECT | O_CLOEXEC);
	struct cring_sqe *sqe[NR_OPS + 1];
	unsigned int i;

	for (i = 1; i <= NR_OPS; i++) {
		sqe[i] = cring_get_sqe(&f->ring);
		cring_prep_read(sqe[i], f->stays[0], buf, 1, 0);
		sqe[i]->user_data = i;
	}
	cring_sqe_set_deadline(sqe[EXPIRES], DEVICE_MS / 2 * NSEC_PER_MSEC);
	sqe[FED]->fd = f->group->q[0];
	sqe[FED]->flags = CRING_SQE_ASYNC;
	sqe[WORKS]->fd = f->works[0];
	sqe[WORKS]->flags = CRING_SQE_ASYNC;
	cring_prep_read(sqe[TOLD], disk, buf + 4096, 4096, 0);
	sqe[TOLD]->user_data = TOLD;
	cring_prep_read(sqe[LENT], disk, buf + 8192, 4096, 4096);
	sqe[LENT]->user_data = LENT;
	cring_sqe_set_detach(sqe[LENT]);
	cring_prep_timeout(sqe[RINGS], &soon, 0, 0);
	sqe[RINGS]->user_data = RINGS;
}

/* Reaps @nr, each of which must be the first of its kind. */
static bool take_some(struct frozen *f, unsigned int nr, const int *want,
		      bool *seen)
{
	struct cring_cqe cqe;

	while (nr--) {
		if (!take_cqe(&f->ring, &cqe, LIMIT_MS) || !cqe.user_data ||
		    cqe.user_data > NR_OPS || seen[cqe.user_data] ||
		    cqe.res != want[cqe.user_data])
			return false;
		seen[cqe.user_data] = true;
	}
	return true;
}

static int owner_of_all(struct frozen *f)
{
	static const int want[NR_OPS + 1] = {
		[STAYS] = -ECANCELED, [EXPIRES] = -ETIME, [FED] = 1,
		[WORKS] = -ECANCELED, [TOLD] = 4096, [LENT] = 4096,
		[RINGS] = -ETIME,
	};
	struct cring_cancel_key keys[] = {
		cring_key64(STAYS, 0), cring_key64(WORKS, 0),
		cring_key64(FED, 0),
	};
	struct cring_params p = { .detached = 4 };
	bool seen[NR_OPS + 1] = { false };
	pthread_t t;

	if (!join_group(f->group->dir) ||
	    cring_queue_init_params(8, &f->ring, &p))
		return 1;
	put_one_of_each(f);
	if (cring_submit(&f->ring) != NR_OPS ||
	    pthread_create(&t, NULL, wait_for_device, f))
		return 2;
	msleep(DEVICE_MS / 10);
	if (write(f->group->up[1], "u", 1) != 1)
		return 3;
	/* one of them ends only when this is frozen */
	if (!take_some(f, NR_OPS - 2, want, seen))
		return 4;
	if (!join_in_time(t, NULL) || (f->ret && f->ret != -EINTR) ||
	    f->key.res != -EALREADY)
		return 5;
	if (cring_in_flight(&f->ring) != 2 || seen[STAYS] || seen[WORKS])
		return 6;
	if (cancel_call(f->ring.ring_fd, keys, 3, CRING_CANCEL_WAIT, -1))
		return 7;
	if (keys[0].res || keys[1].res != -EALREADY || keys[2].res != -ENOENT)
		return 8;
	return take_some(f, 2, want, seen) && !cring_in_flight(&f->ring) ? 0 : 9;
}

/* How many its shared page says are in flight. */
static uint32_t in_flight_of(pid_t pid, const struct cring *ring)
{
	uint32_t nr = UINT32_MAX;
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (pread(fd, &nr, sizeof(nr),
		  (off_t)(uintptr_t)&ring->shared->in_flight) != sizeof(nr))
		nr = UINT32_MAX;
	close(fd);
	return nr;
}

TEST_F(group, c16_a_frozen_owner_loses_none_of_any_kind)
{
	struct frozen *f = mmap(NULL, sizeof(*f), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct nullb nb;
	int status;

	ASSERT_NE(MAP_FAILED, f);
	if (!have_nullb())
		SKIP(return, NULLB_SKIP);
	new_nullb(&nb, .no_memory = true, .delay_ns = DEVICE_MS * NSEC_PER_MSEC);
	f->group = self;
	snprintf(f->dev, sizeof(f->dev), "%s", nb.dev);
	new_pipe(f->stays, 0);
	new_pipe(f->works, 0);
	t_freeze(_metadata, self, f);
	/*
	 * A worker, a deadline, a timer and a device need nobody; what was lent
	 * is copied by a worker, or by task work, which a frozen thread still runs.
	 */
	EXPECT_EQ(1, write(self->q[1], "x", 1));
	EXPECT_TRUE(wait_until(in_flight_of(self->pid, &f->ring) == 2));
	EXPECT_EQ(0, waitpid(self->pid, NULL, WNOHANG));
	EXPECT_EQ(0, set(self->dir, "cgroup.freeze", "0"));
	status = child_status(self->pid);
	EXPECT_TRUE(status != -1 && WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
	nullb_del(&nb);
}

TEST_F(group, c16_a_frozen_owner_that_is_killed_leaves_nothing)
{
	t_freeze(_metadata, self, NULL);
	ASSERT_EQ(0, kill(self->pid, SIGKILL));
	EXPECT_NE(-1, child_status(self->pid));
	/* The teardown waits for its ring to go. */
}

#define NR	8

/* No room for a task more: workers are the kernel's. */
static int lonely(void *arg)
{
	FIXTURE_DATA(group) *self = arg;
	struct cring ring;
	char b[NR];
	int i;

	if (!join_group(self->dir) || cring_queue_init(NR, &ring, 0))
		return 1;
	if (!fork())
		_exit(0);
	for (i = 0; i < NR; i++) {
		struct cring_sqe *sqe = cring_get_sqe(&ring);

		cring_prep_read(sqe, self->p[0], b + i, 1, 0);
		sqe->flags = CRING_SQE_ASYNC;
	}
	if (cring_submit(&ring) != NR || write(self->p[1], b, NR) != NR)
		return 3;
	for (i = 0; i < NR; i++) {
		struct cring_cqe cqe;

		if (!take_cqe(&ring, &cqe, LIMIT_MS) || cqe.res != 1)
			return 4;
	}
	return 0;
}

TEST_F(group, s7_workers_need_no_room_for_tasks)
{
	if (set(self->dir, "pids.max", "1"))
		SKIP(return, "no pids controller here");
	EXPECT_EQ(0, run_child(lonely, self));
}

/* More rings than the group has memory for. */
static int greedy(void *arg)
{
	FIXTURE_DATA(group) *self = arg;
	int i;

	if (!join_group(self->dir))
		return 1;
	for (i = 0; i < 32; i++) {
		struct cring_params p = { .sq_entries = 8192 };
		int fd = open(CRING_DEVICE, O_RDWR | O_CLOEXEC);

		if (ioc_ptr(fd, CRING_IOC_SETUP, &p))
			return 0;
	}
	return 2;
}

TEST_F(group, s7_rings_are_memory_of_their_group)
{
	pid_t pid;
	int status;

	if (set(self->dir, "memory.max", "33554432"))
		SKIP(return, "no memory controller here");
	set(self->dir, "memory.swap.max", "0");
	pid = new_child(greedy, self);
	status = child_status(pid);
	/* Refused, or killed: 32 rings of 6 MiB are too many. */
	ASSERT_NE(-1, status);
	EXPECT_TRUE((WIFEXITED(status) && !WEXITSTATUS(status)) ||
		    (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
		TH_LOG("%x", status);
	expect_refs(0);
	EXPECT_TRUE(wait_until(get(self->dir, "memory.current") < 4L << 20))
		TH_LOG("%ld bytes", get(self->dir, "memory.current"));
}

TEST_HARNESS_MAIN
