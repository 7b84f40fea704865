// SPDX-License-Identifier: MIT
/*
 * S1, S3, S4, S7: attacks with identities: who one was when one submitted, who one
 * is when it runs, and who one is not.
 */
#include "util_sys.h"
#include "cancel_util.h"
#include "life_util.h"
#include "module_util.h"

#include <linux/ioprio.h>
#include <sys/prctl.h>

#define NOBODY	65534

/* ---- credentials that change between submission and execution --------------- */

FIXTURE(creds) { struct cring ring; int fd, p[2]; };
FIXTURE_VARIANT(creds) { unsigned int flags; bool root_first; };
FIXTURE_VARIANT_ADD(creds, given_up_tried_inline) { 0, true };
FIXTURE_VARIANT_ADD(creds, given_up_in_a_worker) { CRING_SQE_ASYNC, true };
FIXTURE_VARIANT_ADD(creds, regained_tried_inline) { 0, false };
FIXTURE_VARIANT_ADD(creds, regained_in_a_worker) { CRING_SQE_ASYNC, false };

FIXTURE_SETUP(creds)
{
	if (getuid())
		SKIP(return, "must be root to become another user");
	self->fd = new_filled("/tmp", O_RDWR, 4096, 1);
	new_pipe(self->p, 0);
	ring_init(&self->ring, 8);
}
FIXTURE_TEARDOWN(creds) { cring_queue_exit(&self->ring); }

/*
 * A write of one byte that waits in a chain behind a poll, until its submitter has
 * become somebody else.
 */
static void write_as(struct __test_metadata *_metadata,
		     FIXTURE_DATA(creds) *self,
		     const FIXTURE_VARIANT(creds) *variant, int fd)
{
	uid_t first = variant->root_first ? 0 : NOBODY;

	ASSERT_EQ(0, syscall(SYS_setresuid, first, first, 0));
	put(&self->ring, .opcode = CRING_OP_POLL_ADD, .fd = self->p[0],
	    .poll32_events = POLLIN, .flags = CRING_SQE_IO_LINK, .user_data = 1);
	put(&self->ring, .opcode = CRING_OP_WRITE, .fd = fd,
	    .addr = PTR64("x"), .len = 1, .flags = (uint8_t)variant->flags,
	    .user_data = 2);
	submit_all(&self->ring, 2);
	ASSERT_EQ(0, syscall(SYS_setresuid, first ? 0 : NOBODY,
			     first ? 0 : NOBODY, 0));
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	await(&self->ring, 2);
	expect_res(&self->ring, 2, 1);
}

/* Root's keeps set-user-ID, anybody else's clears it: the file system tells. */
TEST_F(creds, s3_are_those_of_the_submission)
{
	uid_t first = variant->root_first ? 0 : NOBODY;
	struct stat st;

	ASSERT_EQ(0, fchmod(self->fd, 04755));
	write_as(_metadata, self, variant, self->fd);
	ASSERT_EQ(0, fstat(self->fd, &st));
	EXPECT_EQ(first ? 0755 : 04755, st.st_mode & 07777);
}

/* What a limit allows is found out when it is submitted, too. */
TEST_F(creds, s4_file_size_limit_is_that_of_the_submission)
{
	struct rlimit lim = { 4096, RLIM_INFINITY };

	signal(SIGXFSZ, SIG_IGN);
	/* Its own, where a thread of the owner runs it. */
	if (!variant->flags)
		return;
	ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &lim));
	put(&self->ring, .opcode = CRING_OP_POLL_ADD, .fd = self->p[0],
	    .poll32_events = POLLIN, .flags = CRING_SQE_IO_LINK, .user_data = 1);
	put(&self->ring, .opcode = CRING_OP_WRITE, .fd = self->fd, .off = 4096,
	    .addr = PTR64("x"), .len = 1, .flags = CRING_SQE_ASYNC,
	    .user_data = 2);
	submit_all(&self->ring, 2);
	lim.rlim_cur = RLIM_INFINITY;
	ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &lim));
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	await(&self->ring, 2);
	expect_res(&self->ring, 2, -EFBIG);
}

/* A message carries the credentials of who wrote it. */
static int t_sender(struct __test_metadata *_metadata, int sock)
{
	char byte, ctl[CMSG_SPACE(sizeof(struct ucred))] = { 0 };
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = ctl, .msg_controllen = sizeof(ctl) };
	struct cmsghdr *c;
	struct ucred uc;

	ASSERT_EQ(1, recvmsg(sock, &m, 0));
	c = CMSG_FIRSTHDR(&m);
	ASSERT_NE(NULL, c);
	ASSERT_EQ(SCM_CREDENTIALS, c->cmsg_type);
	memcpy(&uc, CMSG_DATA(c), sizeof(uc));
	EXPECT_EQ(getpid(), uc.pid);
	return (int)uc.uid;
}

TEST_F(creds, s3_a_message_is_its_submitters)
{
	uid_t first = variant->root_first ? 0 : NOBODY;
	int s[2], one = 1;

	new_socketpair(s, SOCK_DGRAM);
	ASSERT_EQ(0, setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)));
	write_as(_metadata, self, variant, s[0]);
	EXPECT_EQ((int)first, t_sender(_metadata, s[1]));
}

/* ---- who one is not ----------------------------------------------------------- */

FIXTURE(other) { struct cring ring; int p[2]; };
FIXTURE_SETUP(other)
{
	if (getuid())
		SKIP(return, "must be root to become another user");
	ring_init(&self->ring, 8);
	new_pipe(self->p, 0);
}
FIXTURE_TEARDOWN(other) { cring_queue_exit(&self->ring); }

/* A class that only root may have. */
TEST_F(other, s4_real_time_io_priority_is_not_for_all)
{
	int fd = new_filled("/tmp", O_RDWR, 100, 1);
	char buf[100];
	int i, nobody;

	for (nobody = 0; nobody < 2; nobody++) {
		for (i = 0; i < 2; i++) {
			struct cring_sqe *sqe = new_sqe(&self->ring, 0);

			cring_prep_read(sqe, fd, buf, 100, 0);
			sqe->ioprio = IOPRIO_PRIO_VALUE(IOPRIO_CLASS_RT, 0);
			sqe->flags = i ? CRING_SQE_ASYNC : 0;
			EXPECT_EQ(nobody ? -EPERM : 100,
				  run_sqe(&self->ring, sqe));
		}
		ASSERT_EQ(0, syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY));
	}
	close(fd);
}

static int all_eperm(int fd)
{
	struct cring_cancel_key k = { .flags = C_ANY | C_ALL };
	struct cring_cancel c = { .keys = PTR64(&k), .nr = 1 };

	return submit_raw(fd, 1, 0) == -EPERM &&
	       ioc_ptr(fd, CRING_IOC_CANCEL, &c) == -EPERM &&
	       mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ?
	       0 : 1;
}

/* Root takes a descriptor out of another process: the file, not the ring. */
static int takes_fd(void *arg)
{
	struct cring *ring = arg;
	int pidfd = (int)syscall(SYS_pidfd_open, getppid(), 0), fd;

	fd = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, ring->ring_fd,
					    0);
	return fd < 0 ? 50 : all_eperm(fd);
}

TEST_F(other, s1_a_descriptor_that_was_taken_is_eperm)
{
	int ret = run_child(takes_fd, &self->ring);

	if (ret == 50)
		SKIP(return, "no pidfd_getfd()");
	EXPECT_EQ(0, ret);
	EXPECT_EQ(0, run_sqe(&self->ring, new_sqe(&self->ring, 1)));
}

/* Where there is no process_vm_writev(), as a debugger does it. */
static ssize_t write_into(pid_t pid, void *to, void *from, size_t len)
{
	struct iovec local = { from, len }, remote = { to, len };
	ssize_t n = process_vm_writev(pid, &local, 1, &remote, 1, 0);
	char path[32];
	int fd;

	if (n >= 0 || errno != ENOSYS)
		return n;
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	n = pwrite(fd, from, len, (off_t)(uintptr_t)to);
	close(fd);
	return n;
}

/* A tracer writes into the owner's memory, as it may; it is not the owner. */
static int writes_memory(void *arg)
{
	struct cring *ring = arg;
	struct cring_cqe *cqes = ring->cqes;
	struct cring_cqe evil = { .user_data = 666 };

	return write_into(getppid(), cqes, &evil, sizeof(evil)) == sizeof(evil) ?
	       all_eperm(ring->ring_fd) : 50;
}

TEST_F(other, s1_a_tracer_that_writes_the_mapping_gets_no_further)
{
	EXPECT_EQ(0, run_child(writes_memory, &self->ring));
	EXPECT_EQ(666, self->ring.cqes[0].user_data);
	EXPECT_EQ(0, run_sqe(&self->ring, new_sqe(&self->ring, 1)));
}

static int root_of_nothing(void *arg)
{
	(void)arg;
	if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
		return 1;
	/* Its own files in /proc are its own again. */
	prctl(PR_SET_DUMPABLE, 1);
	if (unshare(CLONE_NEWUSER))
		return 50;
	if (write_str("/proc/self/setgroups", "deny") ||
	    write_str("/proc/self/uid_map", "0 65534 1") || getuid())
		return 51;
	return open(CRING_DEVICE, O_RDWR) < 0 && errno == EACCES ? 0 : 2;
}

TEST_F(other, s2_root_of_a_user_namespace_does_not_open_it)
{
	int ret = run_child(root_of_nothing, NULL);

	if (ret >= 50)
		SKIP(return, "no user namespaces here");
	EXPECT_EQ(0, ret);
}

/* Limits are those of the user outside, whoever he is inside. */
struct inside { int fd[3]; unsigned int locked; };

static int counts_inside(void *arg)
{
	struct inside *in = arg;
	struct cring_params p = { .sq_entries = 4 };
	struct rlimit lim = { 8192, 8192 };
	struct iovec iov = { malloc(1 << 20), 1 << 20 };
	struct cring_register r = {
		.opcode = CRING_REGISTER_BUFFERS, .nr = 1, .addr = PTR64(&iov),
	};
	int i;

	if (setresuid(NOBODY, NOBODY, NOBODY))
		return 1;
	if (ioc_ptr(in->fd[0], CRING_IOC_SETUP, &p))
		return 2;
	prctl(PR_SET_DUMPABLE, 1);
	if (unshare(CLONE_NEWUSER) ||
	    write_str("/proc/self/uid_map", "0 65534 1") || getuid())
		return 50;
	for (i = 1; i < 3; i++) {
		p = (struct cring_params){ .sq_entries = 4 };
		if (ioc_ptr(in->fd[i], CRING_IOC_SETUP, &p) !=
		    (i == 1 ? 0 : -EDQUOT))
			return 2 + i;
	}
	/* Every capability in there, and none that counts. */
	if (setrlimit(RLIMIT_MEMLOCK, &lim))
		return 6;
	return ioc_ptr(in->fd[1], CRING_IOC_REGISTER, &r) == -ENOMEM ? 0 : 7;
}

TEST_F(other, s7_a_user_namespace_gives_no_new_limits)
{
	unsigned int old = parameter("max_user_rings");
	struct inside in;
	int i, ret;

	for (i = 0; i < 3; i++)
		in.fd[i] = open(CRING_DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_EQ(0, set_parameter("max_user_rings", 2));
	ret = run_child(counts_inside, &in);
	set_parameter("max_user_rings", old);
	for (i = 0; i < 3; i++)
		close(in.fd[i]);
	if (ret == 50)
		SKIP(return, "no user namespaces here");
	EXPECT_EQ(0, ret);
}

TEST_HARNESS_MAIN
