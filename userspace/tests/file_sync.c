// SPDX-License-Identifier: MIT
/* FSYNC, FALLOCATE, SYNC_FILE_RANGE on files and block devices. */
#include "file_target.h"

#include <linux/falloc.h>

/* These run on both, and are always executed by a worker. */
TEST_F(file, op_fsync_and_datasync)
{
	struct cring_sqe *sqe = new_sqe(&self->ring, 0);

	fill(self->buf, BLK, 9);
	ASSERT_EQ((ssize_t)BLK, pwrite(self->fd, self->buf, BLK, 0));
	cring_prep_fsync(sqe, self->fd, 0);
	EXPECT_EQ(0, run_sqe(&self->ring, sqe));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_fsync(sqe, self->fd, CRING_FSYNC_DATASYNC);
	EXPECT_EQ(0, run_sqe(&self->ring, sqe));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_fsync(sqe, self->fd, 0);
	sqe->off = BLK;
	sqe->len = 2 * BLK;
	EXPECT_EQ(0, run_sqe(&self->ring, sqe));
	EXPECT_TRUE(target_is(self->fd, 0, BLK, 9, 0));
}

TEST_F(file, op_fsync_unknown_flag_is_einval)
{
	struct cring_sqe *sqe = new_sqe(&self->ring, 0);

	cring_prep_fsync(sqe, self->fd, 2);
	EXPECT_EQ(-EINVAL, run_sqe(&self->ring, sqe));
}

TEST_F(file, op_sync_file_range)
{
	const unsigned int all = SYNC_FILE_RANGE_WAIT_BEFORE |
				 SYNC_FILE_RANGE_WRITE |
				 SYNC_FILE_RANGE_WAIT_AFTER;
	struct cring_sqe *sqe = new_sqe(&self->ring, 0);

	fill(self->buf, BLK, 9);
	ASSERT_EQ((ssize_t)BLK, pwrite(self->fd, self->buf, BLK, 0));
	cring_prep_sync_file_range(sqe, self->fd, BLK, 0, all);
	EXPECT_EQ(0, run_sqe(&self->ring, sqe));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_sync_file_range(sqe, self->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	EXPECT_EQ(0, run_sqe(&self->ring, sqe));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_sync_file_range(sqe, self->fd, 0, 0, 0);
	EXPECT_EQ(0, run_sqe(&self->ring, sqe));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_sync_file_range(sqe, self->fd, 0, 0, 8);
	EXPECT_EQ(-EINVAL, run_sqe(&self->ring, sqe));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_sync_file_range(sqe, self->fd, 1, -2, all);
	EXPECT_EQ(-EINVAL, run_sqe(&self->ring, sqe));
}

TEST_F(file, op_fallocate_zeroes_a_range)
{
	struct cring_sqe *sqe = new_sqe(&self->ring, 0);
	int mode = FALLOC_FL_ZERO_RANGE;

	/* tmpfs knows no ZERO_RANGE, but punches. */
	if (variant->kind == ON_TMPFS)
		mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	cring_prep_fallocate(sqe, self->fd, mode, 2 * BLK, 3 * BLK);
	EXPECT_EQ(0, run_sqe(&self->ring, sqe));
	memset(self->buf, 0xee, 3 * BLK);
	ASSERT_EQ((ssize_t)(3 * BLK), pread(self->fd, self->buf, 3 * BLK, 2 * BLK));
	EXPECT_TRUE(is_byte(self->buf, 3 * BLK, 0));
	EXPECT_TRUE(target_is(self->fd, 0, 2 * BLK, 1, 0));
	EXPECT_TRUE(target_is(self->fd, 5 * BLK, 2 * BLK, 1, 5 * BLK));
}

TEST_F(file, op_fallocate_extends_a_file)
{
	struct cring_sqe *sqe;
	struct stat st;

	sqe = new_sqe(&self->ring, 0);
	cring_prep_fallocate(sqe, self->fd, FALLOC_FL_KEEP_SIZE, FILE_SIZE, BLK);
	if (variant->kind == ON_BDEV) {
		/* A device cannot grow. */
		EXPECT_LT(run_sqe(&self->ring, sqe), 0);
		return;
	}
	EXPECT_EQ(0, run_sqe(&self->ring, sqe));
	ASSERT_EQ(0, fstat(self->fd, &st));
	EXPECT_EQ((off_t)FILE_SIZE, st.st_size);
	sqe = new_sqe(&self->ring, 0);
	cring_prep_fallocate(sqe, self->fd, 0, FILE_SIZE, 2 * BLK);
	EXPECT_EQ(0, run_sqe(&self->ring, sqe));
	ASSERT_EQ(0, fstat(self->fd, &st));
	EXPECT_EQ((off_t)(FILE_SIZE + 2 * BLK), st.st_size);
}

/* R14: PUNCH_HOLE zeroes, or a device that cannot says so and keeps its data. */
TEST_F(file, r14_punch_hole_reads_as_zero)
{
	struct cring_sqe *sqe = new_sqe(&self->ring, 0);
	int ret;

	cring_prep_fallocate(sqe, self->fd,
			     FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			     0, 2 * BLK);
	ret = run_sqe(&self->ring, sqe);
	if (variant->kind == ON_BDEV && ret == -EOPNOTSUPP) {
		EXPECT_TRUE(target_is(self->fd, 0, 2 * BLK, 1, 0));
		return;
	}
	EXPECT_EQ(0, ret);
	memset(self->buf, 0xee, 2 * BLK);
	ASSERT_EQ((ssize_t)(2 * BLK), pread(self->fd, self->buf, 2 * BLK, 0));
	EXPECT_TRUE(is_byte(self->buf, 2 * BLK, 0));
	EXPECT_TRUE(target_is(self->fd, 2 * BLK, BLK, 1, 2 * BLK));
}

TEST_F(file, op_fallocate_errors)
{
	struct cring_sqe *sqe = new_sqe(&self->ring, 0);
	char path[64];
	int ro;

	cring_prep_fallocate(sqe, self->fd, FALLOC_FL_KEEP_SIZE, 0, 0);
	EXPECT_EQ(-EINVAL, run_sqe(&self->ring, sqe));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_fallocate(sqe, self->fd, FALLOC_FL_KEEP_SIZE, -4096, BLK);
	EXPECT_EQ(-EINVAL, run_sqe(&self->ring, sqe));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_fallocate(sqe, self->fd, 1 << 30, 0, BLK);
	EXPECT_EQ(-EOPNOTSUPP, run_sqe(&self->ring, sqe));

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->fd);
	ro = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_GE(ro, 0);
	sqe = new_sqe(&self->ring, 0);
	cring_prep_fallocate(sqe, ro, FALLOC_FL_KEEP_SIZE, 0, BLK);
	EXPECT_EQ(-EBADF, run_sqe(&self->ring, sqe));
	EXPECT_TRUE(target_is(self->fd, 0, BLK, 1, 0));
	close(ro);
}

/* A write through the ring, then an fsync linked to it. */
TEST_F(file, link_write_then_fsync)
{
	struct cring_sqe *sqe = new_sqe(&self->ring, 1);

	fill(self->buf, BLK, 7);
	cring_prep_write(sqe, self->fd, self->buf, BLK, 0);
	sqe->flags = CRING_SQE_IO_LINK;
	cring_prep_fsync(new_sqe(&self->ring, 2), self->fd, 0);
	submit_all(&self->ring, 2);
	EXPECT_EQ((int)BLK, reap_res(&self->ring, 1));
	EXPECT_EQ(0, reap_res(&self->ring, 2));
	EXPECT_TRUE(target_is(self->fd, 0, BLK, 7, 0));
}

TEST_HARNESS_MAIN
