// SPDX-License-Identifier: MIT
/*
 * An owner whose control group freezes it, has no room for another task, or no
 * memory: its operations end, or are ended, and nothing of it stays.
 */
#include "util.h"
#include "frozen_owner.h"
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

static int member_of_all(const char *dir, struct frozen *f)
{
	return join_group(dir) ? owner_of_all(f) : 1;
}

/* An owner, of one of each kind if there is @f, is frozen. */
static void t_freeze(struct __test_metadata *_metadata, FIXTURE_DATA(group) *self,
		     struct frozen *f)
{
	char c, events[128], path[128];

	self->pid = fork();
	if (!self->pid)
		_exit(f ? member_of_all(self->dir, f) : owner(self));
	ASSERT_EQ(1, read(f ? f->up[0] : self->up[0], &c, 1));
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

TEST_F(group, c16_a_frozen_owner_loses_none_of_any_kind)
{
	struct nullb nb;
	struct frozen *f;
	int status;

	if (!have_nullb())
		SKIP(return, NULLB_SKIP);
	f = new_frozen(&nb);
	t_freeze(_metadata, self, f);
	/*
	 * A worker, a deadline, a timer and a device need nobody; what was lent
	 * is copied by a worker, or by task work, which a frozen thread still runs.
	 */
	EXPECT_EQ(1, write(f->fed[1], "x", 1));
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
