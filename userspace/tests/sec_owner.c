// SPDX-License-Identifier: MIT
/* S1: a ring belongs to one address space.  S2: who may open the device. */
#include "util_sys.h"

#include <sys/sysmacros.h>

FIXTURE(owner) { struct cring ring; int p[2]; };
FIXTURE_SETUP(owner)
{
	ring_init(&self->ring, 8);
	new_pipe(self->p, 0);
}
FIXTURE_TEARDOWN(owner) { cring_queue_exit(&self->ring); }

/* Tries everything on a ring fd; 0 when each answer was -EPERM. */
static int all_eperm(int fd)
{
	struct cring_wait w = { .min_complete = 0 };
	struct cring_register r = { .opcode = CRING_UNREGISTER_FILES };
	struct cring_cancel_key k = { .flags = CRING_ASYNC_CANCEL_ANY |
					       CRING_ASYNC_CANCEL_ALL };
	struct cring_cancel c = { .keys = PTR64(&k), .nr = 1 };
	struct cring_params p = { .sq_entries = 8 };

	if (submit_raw(fd, 1, 0) != -EPERM || submit_raw(fd, 0, 0) != -EPERM ||
	    submit_raw(fd, 0, 1) != -EPERM)
		return 1;
	if (ioc_ptr(fd, CRING_IOC_WAIT, &w) != -EPERM)
		return 2;
	if (ioc_ptr(fd, CRING_IOC_REGISTER, &r) != -EPERM)
		return 3;
	if (ioc_ptr(fd, CRING_IOC_CANCEL, &c) != -EPERM)
		return 4;
	if (ioc_ptr(fd, CRING_IOC_SETUP, &p) >= 0)
		return 5;
	return 0;
}

/* mmap of a ring fd, as errno; 0 when it worked. */
static int try_mmap(int fd, size_t len)
{
	void *m;

	errno = 0;
	m = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (m != MAP_FAILED)
		munmap(m, len);
	return errno;
}

static int child_tries(void *arg)
{
	struct cring *ring = arg;
	int ret = all_eperm(ring->ring_fd);

	if (ret)
		return ret;
	return try_mmap(ring->ring_fd, ring->mmap_size) == EPERM ? 0 : 20;
}

TEST_F(owner, s1_fork_child_gets_eperm)
{
	char b;

	cring_prep_read(new_sqe(&self->ring, 1), self->p[0], &b, 1, 0);
	submit_all(&self->ring, 1);
	new_sqe(&self->ring, 2);
	cring_flush_sq(&self->ring);
	EXPECT_EQ(0, run_child(child_tries, &self->ring));
	/* The child has changed nothing, not even by its exit. */
	EXPECT_EQ(1, cring_in_flight(&self->ring));
	EXPECT_EQ(1, cring_submit(&self->ring));
	EXPECT_EQ(0, reap_res(&self->ring, 2));
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	EXPECT_EQ(1, reap_res(&self->ring, 1));
}

static int touch_mapping(void *arg)
{
	struct cring *ring = arg;

	return (int)ring->shared->sq_entries;
}

TEST_F(owner, s1_mapping_is_not_copied_by_fork)
{
	pid_t pid = new_child(touch_mapping, &self->ring);
	int status = child_status(pid);

	ASSERT_NE(-1, status);
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGSEGV, WTERMSIG(status));
}

static int receive_and_try(void *arg)
{
	int *s = arg, fd;

	close(s[0]);
	fd = recv_fd(s[1]);
	if (fd < 0)
		return 30;
	return all_eperm(fd) ?: try_mmap(fd, s[2]) == EPERM ? 0 : 20;
}

TEST_F(owner, s1_passed_fd_gets_eperm)
{
	int s[3];
	pid_t pid;

	new_socketpair(s, SOCK_STREAM);
	s[2] = (int)self->ring.mmap_size;
	pid = new_child(receive_and_try, s);
	ASSERT_EQ(0, send_fd(s[0], self->ring.ring_fd));
	EXPECT_EQ(0, child_status(pid));
	EXPECT_EQ(0, run_sqe(&self->ring, new_sqe(&self->ring, 1)));
}

/* QUERY and poll tell nothing about the ring's contents, and are allowed. */
static int child_queries(void *arg)
{
	struct cring *ring = arg;
	struct cring_query q = { 0 };

	return -ioc_ptr(ring->ring_fd, CRING_IOC_QUERY, &q);
}

TEST_F(owner, s1_query_works_for_anybody)
{
	EXPECT_EQ(0, run_child(child_queries, &self->ring));
}

/* Set up in the child: the child owns it, and the parent does not. */
static int child_sets_up(void *arg)
{
	int *fds = arg;
	struct cring_params p = { .sq_entries = 8 };
	char b;

	if (ioc_ptr(fds[0], CRING_IOC_SETUP, &p) || submit_raw(fds[0], 0, 0))
		return 1;
	if (write(fds[1], "r", 1) != 1 || read(fds[2], &b, 1) != 1)
		return 2;
	return submit_raw(fds[0], 0, 0) ? 3 : 0;
}

TEST(s1_who_sets_up_owns)
{
	int fd = open(CRING_DEVICE, O_RDWR), up[2], down[2], fds[3];
	pid_t pid;
	char b;

	ASSERT_GE(fd, 0);
	new_pipe(up, 0);
	new_pipe(down, 0);
	fds[0] = fd;
	fds[1] = up[1];
	fds[2] = down[0];
	pid = new_child(child_sets_up, fds);
	ASSERT_EQ(1, read(up[0], &b, 1));
	EXPECT_EQ(0, all_eperm(fd));
	ASSERT_EQ(1, write(down[1], "g", 1));
	EXPECT_EQ(0, child_status(pid));
	/* The owner is gone; nobody inherits. */
	EXPECT_EQ(0, all_eperm(fd));
	EXPECT_EQ(EPERM, try_mmap(fd, 4096));
}

static void *thread_uses(void *arg)
{
	struct cring *ring = arg;

	return (void *)(long)submit_raw(ring->ring_fd, 1, 1);
}

TEST_F(owner, s1_every_thread_of_the_owner_may_use_it)
{
	void *ret;

	new_sqe(&self->ring, 3);
	cring_flush_sq(&self->ring);
	ASSERT_TRUE(join_in_time(new_thread(thread_uses, &self->ring), &ret));
	EXPECT_EQ(1, (long)ret);
	EXPECT_EQ(0, reap_res(&self->ring, 3));
}

/* The same file opened through /proc is another ring, not this one. */
TEST_F(owner, s1_reopening_through_proc_gives_a_new_file)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->ring.ring_fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(-EBADFD, submit_raw(fd, 0, 0));
	close(fd);
	EXPECT_EQ(0, run_sqe(&self->ring, new_sqe(&self->ring, 1)));
}

TEST(s2_node_is_roots_and_0600)
{
	struct stat st;

	ASSERT_EQ(0, stat(CRING_DEVICE, &st));
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	EXPECT_EQ(0600, st.st_mode & 07777);
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(0, st.st_gid);
	/* A misc device with a number of its own. */
	EXPECT_EQ(10, major(st.st_rdev));
}

static int open_as_nobody(void *arg)
{
	(void)arg;
	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		return 1;
	if (open(CRING_DEVICE, O_RDWR) >= 0)
		return 2;
	return errno == EACCES ? 0 : 3;
}

TEST(s2_others_cannot_open_it)
{
	if (getuid())
		SKIP(return, "must be root to become another user");
	EXPECT_EQ(0, run_child(open_as_nobody, NULL));
}

TEST(s2_ring_file_has_no_read_write_or_seek)
{
	struct cring ring;
	char b[8];

	ring_init(&ring, 4);
	EXPECT_EQ(-1, read(ring.ring_fd, b, 8));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, write(ring.ring_fd, b, 8));
	EXPECT_EQ(EINVAL, errno);
	cring_queue_exit(&ring);
}

TEST_HARNESS_MAIN
