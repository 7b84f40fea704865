// SPDX-License-Identifier: MIT
/* S5: which files may be used how; S8: a ring is no target of a ring. */
#include "util_sys.h"
#include "life_util.h"

#include <sys/epoll.h>
#include <sys/inotify.h>

enum what {
	PROC_FILE, SYS_FILE, SOCKET, EVENTFD, TIMERFD, TTY, PIPE_END, EPOLL,
	RING, UNSET_RING, DEV_NULL, DEV_FULL,
};

FIXTURE(s5) { struct cring ring; int fd; char *buf; };
FIXTURE_VARIANT(s5) {
	enum what what;
	unsigned char op;
	unsigned int len, op_flags;
	int want, or_want;	/* either; or_want 0 means want alone */
};

#define ROW(name, what, op, len, flags, want, or_want) \
	FIXTURE_VARIANT_ADD(s5, name) \
	{ what, CRING_OP_##op, len, flags, want, or_want }

ROW(proc_file_read, PROC_FILE, READ, 64, 0, -EOPNOTSUPP, 0);
ROW(sysfs_file_read, SYS_FILE, READ, 64, 0, -EOPNOTSUPP, 0);
ROW(proc_file_sync_range, PROC_FILE, SYNC_FILE_RANGE, 0, 0, -EOPNOTSUPP, 0);
/* What a file has no method for is answered as the system call does. */
ROW(proc_file_fsync, PROC_FILE, FSYNC, 0, 0, -EINVAL, 0);
ROW(proc_file_fallocate, PROC_FILE, FALLOCATE, 0, 0, -EBADF, 0);
ROW(socket_fsync, SOCKET, FSYNC, 0, 0, -EINVAL, 0);
ROW(socket_fallocate, SOCKET, FALLOCATE, 0, 0, -ENODEV, 0);
ROW(socket_sync_range, SOCKET, SYNC_FILE_RANGE, 0, 0, -ESPIPE, 0);
ROW(pipe_fsync, PIPE_END, FSYNC, 0, 0, -EINVAL, 0);
ROW(pipe_fallocate, PIPE_END, FALLOCATE, 0, 0, -ESPIPE, 0);
ROW(pipe_sync_range, PIPE_END, SYNC_FILE_RANGE, 0, 0, -ESPIPE, 0);
ROW(eventfd_fsync, EVENTFD, FSYNC, 0, 0, -EINVAL, 0);
ROW(timerfd_fsync, TIMERFD, FSYNC, 0, 0, -EINVAL, 0);
ROW(tty_fsync, TTY, FSYNC, 0, 0, -EINVAL, 0);
ROW(dev_null_fsync, DEV_NULL, FSYNC, 0, 0, -EINVAL, 0);
ROW(dev_null_fallocate, DEV_NULL, FALLOCATE, 0, 0, -ENODEV, 0);
ROW(dev_null_sync_range, DEV_NULL, SYNC_FILE_RANGE, 0, 0, -ESPIPE, 0);
/* Neither polled nor NOWAIT, unless a kernel makes it so. */
ROW(dev_full_write, DEV_FULL, WRITE, 8, 0, -EOPNOTSUPP, -ENOSPC);
ROW(epoll_read, EPOLL, READ, 8, 0, -EINVAL, 0);
ROW(ring_read, RING, READ, 64, 0, -EOPNOTSUPP, 0);
ROW(ring_write, RING, WRITE, 64, 0, -EOPNOTSUPP, 0);
ROW(ring_poll, RING, POLL_ADD, 0, POLLIN, -EOPNOTSUPP, 0);
ROW(ring_fsync, RING, FSYNC, 0, 0, -EOPNOTSUPP, 0);
ROW(ring_fallocate, RING, FALLOCATE, 0, 0, -EOPNOTSUPP, 0);
ROW(ring_sync_range, RING, SYNC_FILE_RANGE, 0, 0, -EOPNOTSUPP, 0);
ROW(ring_before_set_up_poll, UNSET_RING, POLL_ADD, 0, POLLIN, -EOPNOTSUPP, 0);

FIXTURE_SETUP(s5)
{
	int fds[2] = { -1, -1 };

	self->buf = new_pages(4096);
	ring_init(&self->ring, 8);
	switch (variant->what) {
	case PROC_FILE:
		self->fd = open("/proc/version", O_RDONLY);
		break;
	case SYS_FILE:
		self->fd = open("/sys/kernel/mm/transparent_hugepage/enabled",
				O_RDONLY);
		if (self->fd < 0)
			self->fd = open("/sys/module/cring/refcnt", O_RDONLY);
		break;
	case SOCKET:
		new_socketpair(fds, SOCK_STREAM);
		self->fd = fds[0];
		break;
	case EVENTFD:
		self->fd = eventfd(1, 0);
		break;
	case TIMERFD:
		self->fd = timerfd_create(CLOCK_MONOTONIC, 0);
		break;
	case TTY:
		if (!pty_pair(fds))
			SKIP(return, "no pseudo terminals (devpts)");
		self->fd = fds[1];
		break;
	case PIPE_END:
		new_pipe(fds, 0);
		self->fd = fds[1];
		break;
	case EPOLL:
		self->fd = epoll_create1(0);
		break;
	case RING:
		self->fd = dup(self->ring.ring_fd);
		break;
	case UNSET_RING:
		self->fd = open(CRING_DEVICE, O_RDWR | O_CLOEXEC);
		break;
	case DEV_NULL:
		self->fd = open("/dev/null", O_RDWR);
		break;
	case DEV_FULL:
		self->fd = open("/dev/full", O_RDWR);
		break;
	}
	ASSERT_GE(self->fd, 0);
}
FIXTURE_TEARDOWN(s5) { cring_queue_exit(&self->ring); }

static void prep(struct cring_sqe *sqe, const FIXTURE_VARIANT(s5) *v, int fd,
		 char *buf)
{
	bool rw = v->op == CRING_OP_READ || v->op == CRING_OP_WRITE;

	cring_prep_rw(v->op, sqe, fd, rw ? buf : NULL, v->len, 0);
	if (v->op == CRING_OP_FALLOCATE)
		sqe->addr = 4096;
	sqe->op_flags = v->op_flags;
}

/* What the system call of that name answers, if there is one. */
static int system_call(const FIXTURE_VARIANT(s5) *v, int fd)
{
	int ret;

	switch (v->op) {
	case CRING_OP_FSYNC:
		ret = fsync(fd);
		break;
	case CRING_OP_FALLOCATE:
		ret = fallocate(fd, 0, 0, 4096);
		break;
	case CRING_OP_SYNC_FILE_RANGE:
		ret = sync_file_range(fd, 0, 0, 0);
		break;
	default:
		return v->want;
	}
	return ret ? -errno : 0;
}

TEST_F(s5, s5_default_deny)
{
	static const unsigned char flags[] = { 0, CRING_SQE_ASYNC,
					       CRING_SQE_FIXED_FILE };
	struct cring_sqe *sqe;
	size_t i;
	int res;

	for (i = 0; i < ARRAY_LEN(flags); i++) {
		int fd = self->fd;

		if (flags[i] & CRING_SQE_FIXED_FILE) {
			res = cring_register_files(&self->ring, &fd, 1);
			if (variant->what == RING || variant->what == UNSET_RING) {
				EXPECT_EQ(-EBADF, res);
				continue;
			}
			ASSERT_EQ(0, res);
			fd = 0;
		}
		sqe = new_sqe(&self->ring, 0);
		prep(sqe, variant, fd, self->buf);
		sqe->flags = flags[i];
		res = run_sqe(&self->ring, sqe);
		EXPECT_TRUE(res == variant->want ||
			    (variant->or_want && res == variant->or_want))
			TH_LOG("sqe flags %x: %d", flags[i], res);
		EXPECT_TRUE(is_byte(self->buf, 4096, 0));
	}
	if (variant->want != -EOPNOTSUPP)
		EXPECT_EQ(variant->want, system_call(variant, self->fd));
	EXPECT_EQ(0, run_sqe(&self->ring, new_sqe(&self->ring, 0)));
}

/* A synthetic file that can be polled is read without a worker. */
TEST(s5_inotify_read_is_armed)
{
	int fd = inotify_init1(IN_CLOEXEC), tmp;
	struct cring ring;
	char buf[512], path[64];

	ASSERT_GE(inotify_add_watch(fd, "/tmp", IN_CREATE), 0);
	ring_init(&ring, 8);
	cring_prep_read(new_sqe(&ring, 1), fd, buf, sizeof(buf), 0);
	submit_all(&ring, 1);
	expect_quiet(&ring);
	snprintf(path, sizeof(path), "/tmp/cring-inotify-%d", getpid());
	tmp = open(path, O_CREAT | O_WRONLY, 0600);
	ASSERT_GE(tmp, 0);
	unlink(path);
	EXPECT_GE(reap_res(&ring, 1), (int)sizeof(struct inotify_event));
	cring_queue_exit(&ring);
}

/* S8: a second ring is refused just as the first. */
TEST(s8_another_ring_is_no_target_either)
{
	struct cring a, b;
	struct cring_sqe *sqe;
	int files[2];

	ring_init(&a, 8);
	ring_init(&b, 8);
	sqe = new_sqe(&a, 0);
	cring_prep_poll_add(sqe, b.ring_fd, POLLIN);
	EXPECT_EQ(-EOPNOTSUPP, run_sqe(&a, sqe));
	sqe = new_sqe(&a, 0);
	cring_prep_read(sqe, b.ring_fd, &files, 4, 0);
	EXPECT_EQ(-EOPNOTSUPP, run_sqe(&a, sqe));
	files[0] = 0;
	files[1] = b.ring_fd;
	EXPECT_EQ(-EBADF, cring_register_files(&a, files, 2));
	EXPECT_EQ(-ENXIO, cring_unregister_files(&a));
	files[1] = -1;
	ASSERT_EQ(0, cring_register_files(&a, files, 2));
	EXPECT_EQ(-EBADF, cring_register_files_update(&a, 1, &b.ring_fd, 1));
	EXPECT_EQ(-EINVAL, cring_register_eventfd(&a, b.ring_fd));
	cring_queue_exit(&a);
	cring_queue_exit(&b);
}

/* S8: the ring polls an epoll set that watches the ring. */
TEST(s8_epoll_set_that_watches_its_poller_is_no_cycle)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(EPOLL_CLOEXEC), refs = module_refs(), i;
	struct cring ring;

	ring_init(&ring, 8);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, ring.ring_fd, &ev));
	cring_prep_poll_add(new_sqe(&ring, 1), ep, POLLIN);
	submit_all(&ring, 1);
	expect_quiet(&ring);
	new_sqe(&ring, 2);
	submit_all(&ring, 1);
	for (i = 0; i < 2; i++) {
		struct cring_cqe c = reap(&ring);

		EXPECT_EQ(c.user_data == 1 ? POLLIN : 0, c.res);
	}
	/* Armed again, and left so: the ring must still go away. */
	cring_prep_poll_add(new_sqe(&ring, 3), ep, POLLIN);
	submit_all(&ring, 1);
	cring_queue_exit(&ring);
	/* rings of earlier tests may still be on their way out: it only falls */
	EXPECT_TRUE(wait_until(module_refs() <= refs))
		TH_LOG("references: %d, then %d", refs, module_refs());
	close(ep);
}

static int poll_own_coffin(void *arg)
{
	struct cring ring;
	int s[2];

	if (cring_queue_init(8, &ring, 0) ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, s) ||
	    send_fd(s[0], ring.ring_fd))
		return 1;
	cring_prep_poll_add(cring_get_sqe(&ring), s[0], POLLIN);
	cring_prep_read(cring_get_sqe(&ring), s[0], arg, 1, 0);
	return cring_submit(&ring) == 2 ? 0 : 2;
}

/* S8: the ring fd is in flight in a socket on which the ring waits. */
TEST(s8_ring_inside_a_socket_that_it_polls_is_freed_at_exit)
{
	int refs = module_refs();
	char b;

	ASSERT_EQ(0, run_child(poll_own_coffin, &b));
	/* rings of earlier tests may still be on their way out: it only falls */
	EXPECT_TRUE(wait_until(module_refs() <= refs))
		TH_LOG("references: %d, then %d", refs, module_refs());
}

TEST_HARNESS_MAIN
