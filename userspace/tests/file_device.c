// SPDX-License-Identifier: MIT
/* What devices do to direct I/O: full queues, errors, delays; frozen mounts. */
#include "util_sys.h"

#include <sys/mount.h>

FIXTURE(device) { struct cring ring; struct nullb nb; char *buf; };
FIXTURE_SETUP(device)
{
	if (!have_nullb())
		SKIP(return, NULLB_SKIP);
	self->buf = new_pages(1 << 20);
	ring_init(&self->ring, 256);
}
FIXTURE_TEARDOWN(device)
{
	cring_queue_exit(&self->ring);
	nullb_del(&self->nb);
}

/* Each of @n direct 4 KiB reads completes once, in full. */
static void read_all(struct __test_metadata *_metadata, struct cring *ring,
		     int fd, char *buf, unsigned int n, int want)
{
	unsigned int i, seen = 0;

	for (i = 0; i < n; i++)
		cring_prep_read(new_sqe(ring, i), fd, buf + i * 4096, 4096,
				i * 4096);
	submit_all(ring, (int)n);
	for (i = 0; i < n; i++) {
		struct cring_cqe c = reap(ring);

		ASSERT_LT(c.user_data, n);
		ASSERT_EQ(want, c.res);
		seen += c.user_data;
	}
	EXPECT_EQ(n * (n - 1) / 2, seen);
	EXPECT_EQ(0, cring_in_flight(ring));
}

/*
 * With memory of its own a null_blk may sleep, and only workers call it; the
 * tests of what is dispatched to the device do without.
 *
 * R2: more than the device takes at once, so that it says -EAGAIN.
 */
TEST_F(device, r2_full_device_queue_loses_nothing)
{
	int fd;

	new_nullb(&self->nb, .hw_queue_depth = 1, .delay_ns = 200000,
		  .no_memory = true);
	fd = nullb_open(&self->nb, O_RDONLY | O_DIRECT);
	read_all(_metadata, &self->ring, fd, self->buf, 256, 4096);
	read_all(_metadata, &self->ring, fd, self->buf, 256, 4096);
	close(fd);
}

TEST_F(device, r1_completion_in_the_submitter)
{
	int fd, round;

	new_nullb(&self->nb, .no_memory = true, .delay_ns = 0);
	fd = nullb_open(&self->nb, O_RDONLY | O_DIRECT);
	for (round = 0; round < 20; round++)
		read_all(_metadata, &self->ring, fd, self->buf, 256, 4096);
	close(fd);
}

TEST_F(device, r1_completion_in_interrupt_context)
{
	int fd, round;

	new_nullb(&self->nb, .no_memory = true, .delay_ns = 20000);
	fd = nullb_open(&self->nb, O_RDONLY | O_DIRECT);
	for (round = 0; round < 20; round++)
		read_all(_metadata, &self->ring, fd, self->buf, 256, 4096);
	close(fd);
}

TEST_F(device, op_direct_read_in_flight_does_not_block_submit)
{
	uint64_t t0;
	int fd;

	new_nullb(&self->nb, .no_memory = true,
		  .delay_ns = 500 * NSEC_PER_MSEC);
	fd = nullb_open(&self->nb, O_RDONLY | O_DIRECT);
	t0 = now_ns();
	cring_prep_read(new_sqe(&self->ring, 1), fd, self->buf, 4096, 0);
	new_sqe(&self->ring, 2);
	submit_all(&self->ring, 2);
	EXPECT_EQ(0, reap_res(&self->ring, 2));
	EXPECT_SOON(t0, 400 * NSEC_PER_MSEC);
	EXPECT_EQ(4096, reap_res(&self->ring, 1));
	EXPECT_GE(now_ns() - t0, 500 * NSEC_PER_MSEC);
	close(fd);
}

/* What a cancel makes ready and puts away is no signal to its own wait. */
TEST_F(device, c7_wait_is_ended_early_only_by_a_signal)
{
	int fd, p[2], round;

	new_nullb(&self->nb, .no_memory = true,
		  .delay_ns = 100 * NSEC_PER_MSEC);
	fd = nullb_open(&self->nb, O_RDONLY | O_DIRECT);
	for (round = 0; round < 5; round++) {
		struct cring_cancel_key keys[] = { cring_key64(1, 0),
						   cring_key64(3, 0) };
		struct cring_sqe *sqe = new_sqe(&self->ring, 1);

		new_pipe(p, 0);
		cring_prep_read(sqe, p[0], self->buf, 1, 0);
		sqe->flags = CRING_SQE_IO_HARDLINK;
		new_sqe(&self->ring, 2);
		cring_prep_read(new_sqe(&self->ring, 3), fd, self->buf, 4096, 0);
		submit_all(&self->ring, 3);
		close(p[0]);
		close(p[1]);
		EXPECT_EQ(0, cring_cancel_sync_many(&self->ring, keys, 2,
						    CRING_CANCEL_WAIT, -1));
		EXPECT_EQ(-EALREADY, keys[1].res);
		EXPECT_EQ(3, cring_cq_ready(&self->ring));
		cring_cq_advance(&self->ring, cring_cq_ready(&self->ring));
	}
	close(fd);
}

TEST_F(device, op_device_error_is_eio)
{
	char path[128];
	struct cring_sqe *sqe;
	int fd, bfd;

	new_nullb(&self->nb, .delay_ns = 20000);
	snprintf(path, sizeof(path), "%s/badblocks", self->nb.dir);
	if (write_str(path, "+8-15"))
		SKIP(return, "this null_blk has no bad blocks");
	fd = nullb_open(&self->nb, O_RDWR | O_DIRECT);
	sqe = new_sqe(&self->ring, 0);
	cring_prep_read(sqe, fd, self->buf, 4096, 4096);
	EXPECT_EQ(-EIO, run_sqe(&self->ring, sqe));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_write(sqe, fd, self->buf, 4096, 4096);
	EXPECT_EQ(-EIO, run_sqe(&self->ring, sqe));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_read(sqe, fd, self->buf, 4096, 0);
	EXPECT_EQ(4096, run_sqe(&self->ring, sqe));
	/* An error breaks a chain. */
	sqe = new_sqe(&self->ring, 1);
	cring_prep_read(sqe, fd, self->buf, 4096, 4096);
	sqe->flags = CRING_SQE_IO_LINK;
	new_sqe(&self->ring, 2);
	submit_all(&self->ring, 2);
	EXPECT_EQ(-EIO, reap_res(&self->ring, 1));
	EXPECT_EQ(-ECANCELED, reap_res(&self->ring, 2));
	/* Buffered, through a worker. */
	bfd = nullb_open(&self->nb, O_RDONLY);
	sqe = new_sqe(&self->ring, 0);
	cring_prep_read(sqe, bfd, self->buf, 4096, 4096);
	EXPECT_EQ(-EIO, run_sqe(&self->ring, sqe));
	close(bfd);
	close(fd);
}

TEST_F(device, op_direct_io_that_is_not_aligned_is_einval)
{
	struct cring_sqe *sqe;
	int fd;

	new_nullb(&self->nb, .delay_ns = 0);
	fd = nullb_open(&self->nb, O_RDONLY | O_DIRECT);
	sqe = new_sqe(&self->ring, 0);
	cring_prep_read(sqe, fd, self->buf, 4096, 100);
	EXPECT_EQ(-EINVAL, run_sqe(&self->ring, sqe));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_read(sqe, fd, self->buf, 100, 0);
	EXPECT_EQ(-EINVAL, run_sqe(&self->ring, sqe));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_read(sqe, fd, self->buf, 100, 0);
	sqe->flags = CRING_SQE_ASYNC;
	EXPECT_EQ(-EINVAL, run_sqe(&self->ring, sqe));
	close(fd);
}

TEST_F(device, op_read_only_device_refuses_writes)
{
	int ro = 1, fd, wr;
	struct cring_sqe *sqe;

	new_nullb(&self->nb, .delay_ns = 0);
	wr = nullb_open(&self->nb, O_RDWR);
	fd = nullb_open(&self->nb, O_RDONLY);
	sqe = new_sqe(&self->ring, 0);
	cring_prep_write(sqe, fd, self->buf, 4096, 0);
	EXPECT_EQ(-EBADF, run_sqe(&self->ring, sqe));
	ASSERT_EQ(0, ioctl(wr, BLKROSET, &ro));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_write(sqe, wr, self->buf, 4096, 0);
	EXPECT_EQ(-EPERM, run_sqe(&self->ring, sqe));
	close(fd);
	close(wr);
}

/* A device so slow that what is not in the cache cannot come in time. */
TEST_F(device, op_rwf_nowait_gives_what_is_cached)
{
	const unsigned int half = 64 * 1024;
	struct { unsigned int len, off, flags; int want; } t[] = {
		{ half, 0, RWF_NOWAIT, (int)half },
		{ 2 * half, 0, RWF_NOWAIT, (int)half },	/* not finished */
		{ 4096, 8 * half, RWF_NOWAIT, -EAGAIN },
		{ 2 * half, 0, 0, (int)(2 * half) },	/* finished */
	};
	unsigned int i;
	int fd;

	new_nullb(&self->nb, .delay_ns = 200 * NSEC_PER_MSEC);
	fd = nullb_open(&self->nb, O_RDWR);
	fill(self->buf, 2 * half, 6);
	ASSERT_EQ((ssize_t)(2 * half), pwrite(fd, self->buf, 2 * half, 0));
	/* Its cache goes with its last descriptor. */
	close(fd);
	fd = nullb_open(&self->nb, O_RDONLY);
	ASSERT_EQ(0, posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM));
	ASSERT_EQ((ssize_t)half, pread(fd, self->buf, half, 0));
	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct cring_sqe *sqe = new_sqe(&self->ring, 0);

		memset(self->buf, 0, 2 * half);
		cring_prep_read(sqe, fd, self->buf, t[i].len, t[i].off);
		sqe->rw_flags = t[i].flags;
		EXPECT_EQ(t[i].want, run_sqe(&self->ring, sqe))
			TH_LOG("row %u", i);
		if (t[i].want > 0)
			EXPECT_TRUE(is_filled(self->buf, t[i].want, 6));
	}
	close(fd);
}

/* R3: a frozen file system holds writes back; the submitter must not wait. */
FIXTURE(frozen) { struct cring ring; int dir, fd; bool frozen; };
FIXTURE_SETUP(frozen)
{
	if (!EXT4_DIR)
		SKIP(return, "no ext4 mounted");
	ring_init(&self->ring, 8);
	self->fd = new_filled(EXT4_DIR, O_RDWR, 8192, 1);
	self->dir = open(EXT4_DIR, O_RDONLY | O_DIRECTORY);
	ASSERT_EQ(0, fsync(self->fd));
}
FIXTURE_TEARDOWN(frozen)
{
	if (self->frozen)
		ioctl(self->dir, FITHAW, 0);
	cring_queue_exit(&self->ring);
}

TEST_F(frozen, r3_write_does_not_block_submit)
{
	char got[4];
	int i;

	if (ioctl(self->dir, FIFREEZE, 0))
		SKIP(return, "cannot freeze: %s", strerror(errno));
	self->frozen = true;
	for (i = 1; i < 4; i++) {
		uint64_t t0 = now_ns();
		struct cring_sqe *sqe = new_sqe(&self->ring, i);

		if (i == 3)
			cring_prep_fallocate(sqe, self->fd, 0, 8192, 4096);
		else
			cring_prep_write(sqe, self->fd, "iced", 4, 4 * i);
		sqe->flags = i == 2 ? CRING_SQE_ASYNC : 0;
		submit_all(&self->ring, 1);
		EXPECT_SOON(t0, 2 * NSEC_PER_SEC);
	}
	/* Reads go on all the same. */
	cring_prep_read(new_sqe(&self->ring, 9), self->fd, got, 4, 0);
	submit_all(&self->ring, 1);
	EXPECT_EQ(4, reap_res(&self->ring, 9));
	expect_quiet(&self->ring);
	ASSERT_EQ(0, ioctl(self->dir, FITHAW, 0));
	self->frozen = false;
	for (i = 1; i < 4; i++) {
		struct cring_cqe c = reap(&self->ring);

		EXPECT_EQ(c.user_data == 3 ? 0 : 4, c.res);
	}
	EXPECT_EQ(4, pread(self->fd, got, 4, 4));
	EXPECT_EQ(0, memcmp(got, "iced", 4));
}

/* R11: when the CQE is there, the worker no longer holds the file. */
TEST(r11_umount_right_after_the_completion)
{
	char dir[64], path[96], byte;
	struct cring ring;
	int i;

	ring_init(&ring, 8);
	snprintf(dir, sizeof(dir), "/tmp/cring-umount-%d", getpid());
	ASSERT_EQ(0, mkdir(dir, 0700));
	snprintf(path, sizeof(path), "%s/f", dir);
	for (i = 0; i < 40; i++) {
		struct cring_sqe *sqe;
		int fd, ret;

		if (mount("none", dir, "tmpfs", 0, NULL)) {
			rmdir(dir);
			SKIP(return, "cannot mount a tmpfs");
		}
		fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
		ASSERT_EQ(1, write(fd, "u", 1));
		sqe = new_sqe(&ring, 1);
		if (i % 4 == 3)
			cring_prep_fsync(sqe, fd, 0);
		else
			cring_prep_read(sqe, fd, &byte, 1, 0);
		sqe->flags = i % 2 ? CRING_SQE_ASYNC : 0;
		submit_all(&ring, 1);
		close(fd);
		EXPECT_EQ(i % 4 != 3, reap_res(&ring, 1));
		ret = umount(dir);
		EXPECT_EQ(0, ret)
			TH_LOG("round %d: %s", i, strerror(errno));
		if (ret)
			umount2(dir, MNT_DETACH);
	}
	rmdir(dir);
	cring_queue_exit(&ring);
}

TEST_HARNESS_MAIN
