// SPDX-License-Identifier: MIT
/* S3, S4: what of the submitter goes along; S9: nothing of the kernel does. */
#include "util_sys.h"

#include <sys/mount.h>

#define NOBODY	65534

/* A file of root's that nobody else may open. */
static int secret_file(struct __test_metadata *_metadata)
{
	int fd = new_filled("/tmp", O_RDWR, 8192, 1);

	EXPECT_EQ(0, fchmod(fd, 0600));
	return fd;
}

FIXTURE(creds) { struct cring ring; int fd; char *buf; };
FIXTURE_VARIANT(creds) { unsigned int flags; };
FIXTURE_VARIANT_ADD(creds, inline) { 0 };
FIXTURE_VARIANT_ADD(creds, worker) { CRING_SQE_ASYNC };
FIXTURE_SETUP(creds)
{
	if (getuid())
		SKIP(return, "must be root to become another user");
	self->fd = secret_file(_metadata);
	self->buf = new_pages(8192);
	ring_init(&self->ring, 8);
}
FIXTURE_TEARDOWN(creds) { cring_queue_exit(&self->ring); }

/* The right to an open file was given when it was opened. */
TEST_F(creds, s3_open_file_decides_after_dropping_credentials)
{
	struct cring_sqe *sqe;
	char path[64];

	ASSERT_EQ(0, setresgid(NOBODY, NOBODY, NOBODY));
	ASSERT_EQ(0, setresuid(NOBODY, NOBODY, NOBODY));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->fd);
	EXPECT_EQ(-1, open(path, O_RDONLY));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_read(sqe, self->fd, self->buf, 8192, 0);
	sqe->flags = (uint8_t)variant->flags;
	EXPECT_EQ(8192, run_sqe(&self->ring, sqe));
	EXPECT_TRUE(is_filled(self->buf, 8192, 1));
}

/*
 * A write by an unprivileged user clears set-user-ID, one by root does not:
 * the file system looks at the credentials of whoever writes.
 */
TEST_F(creds, s3_write_has_the_submitters_credentials)
{
	struct cring_sqe *sqe;
	struct stat st;
	int i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, fchmod(self->fd, 04755));
		if (i && syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY))
			ASSERT_EQ(0, errno);
		sqe = new_sqe(&self->ring, 0);
		cring_prep_write(sqe, self->fd, "x", 1, 0);
		sqe->flags = (uint8_t)variant->flags;
		EXPECT_EQ(1, run_sqe(&self->ring, sqe));
		ASSERT_EQ(0, fstat(self->fd, &st));
		EXPECT_EQ(i ? 0755 : 04755, st.st_mode & 07777);
	}
}

/* The file system's own limits hold wherever the write runs. */
TEST_F(creds, s3_full_file_system_is_enospc_or_short)
{
	char dir[64], path[96];
	struct cring_sqe *sqe;
	int fd, res;

	snprintf(dir, sizeof(dir), "/tmp/cring-mnt-%d", getpid());
	ASSERT_EQ(0, mkdir(dir, 0700));
	if (mount("none", dir, "tmpfs", 0, "size=64k")) {
		rmdir(dir);
		SKIP(return, "cannot mount a tmpfs");
	}
	snprintf(path, sizeof(path), "%s/f", dir);
	fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	umount2(dir, MNT_DETACH);
	rmdir(dir);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(65536, pwrite(fd, new_pages(65536), 65536, 0));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_write(sqe, fd, "over", 4, 65536);
	sqe->flags = (uint8_t)variant->flags;
	res = run_sqe(&self->ring, sqe);
	EXPECT_EQ(-ENOSPC, res);
	/* A write that straddles the end is short. */
	ASSERT_EQ(0, ftruncate(fd, 61440));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_write(sqe, fd, self->buf, 8192, 61440);
	sqe->flags = (uint8_t)variant->flags;
	EXPECT_EQ(4096, run_sqe(&self->ring, sqe));
	close(fd);
}

/* S9: CQEs carry what they should; what lies around them stays zero. */
TEST(s9_nothing_but_cqes_is_written_to_the_ring)
{
	struct cring ring;
	struct cring_shared sh;
	unsigned int i, first;

	ring_init(&ring, 16);
	for (i = 0; i < 8; i++)
		new_sqe(&ring, 0x1111111111111111ULL * i)->opcode =
			i % 2 ? CRING_OP_NOP : 99;
	submit_all(&ring, 8);
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(0x1111111111111111ULL * i, ring.cqes[i].user_data);
		EXPECT_EQ(i % 2 ? 0 : -EINVAL, ring.cqes[i].res);
		EXPECT_EQ(0, ring.cqes[i].flags);
	}
	EXPECT_TRUE(is_byte(&ring.cqes[8], 24 * sizeof(ring.cqes[0]), 0));
	sh = *ring.shared;
	EXPECT_TRUE(is_byte(sh.__pad0, sizeof(sh.__pad0), 0));
	EXPECT_TRUE(is_byte(sh.__pad1, sizeof(sh.__pad1), 0));
	EXPECT_TRUE(is_byte(sh.__pad2, sizeof(sh.__pad2), 0));
	EXPECT_TRUE(is_byte(&sh.__pad3, sizeof(sh.__pad3), 0));
	EXPECT_TRUE(is_byte(sh.__pad4, sizeof(sh.__pad4), 0));
	EXPECT_TRUE(is_byte(sh.__pad5, sizeof(sh.__pad5), 0));
	/* And what lies between it and the queues. */
	first = sh.sqes_off < sh.cqes_off ? sh.sqes_off : sh.cqes_off;
	ASSERT_GE(first, sizeof(sh));
	EXPECT_TRUE(is_byte((char *)ring.shared + sizeof(sh),
			    first - sizeof(sh), 0));
	cring_queue_exit(&ring);
}

/* S9: a failed or short read leaves the rest of the buffer alone. */
TEST(s9_buffers_are_written_only_as_far_as_res_says)
{
	struct cring_sqe *sqe;
	struct cring ring;
	char *buf, *two;
	int fd, res, async;

	ring_init(&ring, 8);
	fd = new_filled("/tmp", O_RDWR, 8192, 1);
	buf = new_pages(8192);
	for (async = 0; async < 2; async++) {
		memset(buf, 0x5a, 8192);
		sqe = new_sqe(&ring, 0);
		cring_prep_read(sqe, fd, buf, 8192, 8192 - 100);
		sqe->flags = async ? CRING_SQE_ASYNC : 0;
		EXPECT_EQ(100, run_sqe(&ring, sqe));
		EXPECT_TRUE(is_filled_at(buf, 100, 1, 8192 - 100));
		EXPECT_TRUE(is_byte(buf + 100, 8092, 0x5a));

		/* The second page is missing: short, as read(2). */
		two = new_pages(8192);
		ASSERT_EQ(0, munmap(two + 4096, 4096));
		sqe = new_sqe(&ring, 0);
		cring_prep_read(sqe, fd, two, 8192, 0);
		sqe->flags = async ? CRING_SQE_ASYNC : 0;
		res = run_sqe(&ring, sqe);
		EXPECT_EQ(4096, res);
		EXPECT_TRUE(is_filled(two, 4096, 1));
		munmap(two, 4096);
	}
	cring_queue_exit(&ring);
}

/* A thread with a table of descriptors of its own, from which one is gone. */
struct apart {
	int file, ring, ret;
	atomic_int step;
};

static void *apart_thread(void *arg)
{
	struct apart *a = arg;

	a->ret = unshare(CLONE_FILES) ? -errno : 0;
	close(a->file);
	if (!a->ret)
		a->ret = submit_raw(a->ring, 1, 1);
	atomic_store(&a->step, 1);
	wait_until(atomic_load(&a->step) == 2);
	return NULL;
}

#define RUN_READ(fd) __extension__ ({					\
	struct cring_sqe *__s = new_sqe(&ring, 0);			\
	cring_prep_read(__s, fd, buf, 100, 0);				\
	run_sqe(&ring, __s); })

TEST(s3_descriptor_is_looked_up_in_the_submitting_thread)
{
	struct apart a = { .file = new_filled("/tmp", O_RDWR, 100, 1) };
	struct cring ring;
	char buf[100];
	pthread_t t;

	ring_init(&ring, 8);
	a.ring = ring.ring_fd;
	cring_prep_read(new_sqe(&ring, 1), a.file, buf, 100, 0);
	cring_flush_sq(&ring);
	t = new_thread(apart_thread, &a);
	ASSERT_TRUE(wait_until(atomic_load(&a.step) == 1));
	ASSERT_EQ(1, a.ret);
	EXPECT_EQ(-EBADF, reap_res(&ring, 1));
	EXPECT_EQ(100, RUN_READ(a.file));

	/* C16: it takes its copy of the ring's descriptor with it, no more. */
	atomic_store(&a.step, 2);
	join(t);
	EXPECT_EQ(100, RUN_READ(a.file));
	cring_queue_exit(&ring);
}

static void *close_apart_thread(void *arg)
{
	if (!unshare(CLONE_FILES))
		close(*(int *)arg);
	msleep(QUIET_MS);
	return NULL;
}

TEST(c16_close_in_a_thread_with_its_own_table_is_not_the_last)
{
	int fd = new_filled("/tmp", O_RDWR, 100, 1);
	struct cring ring;
	char buf[100];

	ring_init(&ring, 8);
	join(new_thread(close_apart_thread, &ring.ring_fd));
	EXPECT_EQ(100, RUN_READ(fd));
	cring_queue_exit(&ring);
}

TEST_HARNESS_MAIN
