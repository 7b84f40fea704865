// SPDX-License-Identifier: MIT
/* COPY_FILE_RANGE. */
#include "util_sys.h"

#define LEN	(256U * 1024)

FIXTURE(copy) { struct cring ring; int in, out; char *buf; };
FIXTURE_VARIANT(copy) { bool tmpfs; };
FIXTURE_VARIANT_ADD(copy, ext4) { .tmpfs = false };
FIXTURE_VARIANT_ADD(copy, tmpfs) { .tmpfs = true };

FIXTURE_SETUP(copy)
{
	const char *dir = variant->tmpfs ? TMPFS_DIR : EXT4_DIR;

	if (!dir)
		SKIP(return, "no %s mounted", variant->tmpfs ? "tmpfs" : "ext4");
	self->in = new_filled(dir, O_RDWR, LEN, 1);
	self->out = new_file(dir, O_RDWR);
	self->buf = new_pages(LEN);
	ring_init(&self->ring, 8);
}
FIXTURE_TEARDOWN(copy) { cring_queue_exit(&self->ring); }

#define RUN_COPY(in, off_in, out, off_out, len, flags) __extension__ ({	\
	struct cring_sqe *__s = new_sqe(&self->ring, 0);		\
	cring_prep_copy_file_range(__s, in, off_in, out, off_out, len, flags); \
	run_sqe(&self->ring, __s); })

TEST_F(copy, op_copies_the_range)
{
	EXPECT_EQ(100000, RUN_COPY(self->in, 1000, self->out, 0, 100000, 0));
	ASSERT_EQ(100000, pread(self->out, self->buf, LEN, 0));
	EXPECT_TRUE(is_filled_at(self->buf, 100000, 1, 1000));
	EXPECT_EQ(0, lseek(self->in, 0, SEEK_CUR));
	EXPECT_EQ(0, lseek(self->out, 0, SEEK_CUR));
}

TEST_F(copy, op_minus_1_uses_and_moves_the_positions)
{
	ASSERT_EQ(5000, lseek(self->in, 5000, SEEK_SET));
	ASSERT_EQ(300, lseek(self->out, 300, SEEK_SET));
	EXPECT_EQ(7000, RUN_COPY(self->in, -1, self->out, -1, 7000, 0));
	EXPECT_EQ(12000, lseek(self->in, 0, SEEK_CUR));
	EXPECT_EQ(7300, lseek(self->out, 0, SEEK_CUR));
	ASSERT_EQ(7300, pread(self->out, self->buf, LEN, 0));
	EXPECT_TRUE(is_byte(self->buf, 300, 0));
	EXPECT_TRUE(is_filled_at(self->buf + 300, 7000, 1, 5000));
	/* One by position, the other by offset. */
	EXPECT_EQ(10, RUN_COPY(self->in, 0, self->out, -1, 10, 0));
	EXPECT_EQ(12000, lseek(self->in, 0, SEEK_CUR));
	EXPECT_EQ(7310, lseek(self->out, 0, SEEK_CUR));
}

TEST_F(copy, op_stops_at_the_end_of_the_source)
{
	EXPECT_EQ(500, RUN_COPY(self->in, LEN - 500, self->out, 0, 10000, 0));
	EXPECT_EQ(0, RUN_COPY(self->in, LEN, self->out, 500, 10000, 0));
	EXPECT_EQ(0, RUN_COPY(self->in, 0, self->out, 0, 0, 0));
}

TEST_F(copy, op_copy_errors)
{
	char path[64];
	int p[2], ro;

	new_pipe(p, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->out);
	ro = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_GE(ro, 0);
	EXPECT_EQ(-EBADF, RUN_COPY(self->in, 0, ro, 0, 10, 0));
	EXPECT_EQ(-EBADF, RUN_COPY(1000, 0, self->out, 0, 10, 0));
	EXPECT_EQ(-EBADF, RUN_COPY(-1, 0, self->out, 0, 10, 0));
	EXPECT_EQ(-EBADF, RUN_COPY(self->in, 0, 1000, 0, 10, 0));
	EXPECT_EQ(-EINVAL, RUN_COPY(self->in, 0, self->out, 0, 10, 1));
	EXPECT_EQ(-EINVAL, RUN_COPY(self->in, -2, self->out, 0, 10, 0));
	EXPECT_EQ(-EINVAL, RUN_COPY(self->in, 0, self->out, -2, 10, 0));
	/* The system call's own answers: pipes, overlap, append. */
	EXPECT_EQ(-EINVAL, RUN_COPY(p[0], 0, self->out, 0, 10, 0));
	EXPECT_EQ(-EINVAL, RUN_COPY(self->in, 0, self->in, 100, 1000, 0));
	ASSERT_EQ(0, fcntl(self->out, F_SETFL, O_APPEND));
	EXPECT_EQ(-EBADF, RUN_COPY(self->in, 0, self->out, 0, 10, 0));
	EXPECT_EQ(0, lseek(self->out, 0, SEEK_END));
}

/* What is no regular file is neither end, whatever it is. */
TEST_F(copy, op_copy_of_another_kind_is_the_system_calls_error)
{
	int fds[6], i;

	new_pipe(fds, 0);
	new_socketpair(fds + 2, SOCK_STREAM);
	fds[4] = open("/dev/null", O_RDWR | O_CLOEXEC);
	fds[5] = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (i = 0; i < 6; i++) {
		const int want = i == 5 ? -EISDIR : -EINVAL;

		ASSERT_GE(fds[i], 0);
		EXPECT_EQ(want, RUN_COPY(fds[i], 0, self->out, 0, 10, 0));
		EXPECT_EQ(want, RUN_COPY(self->in, 0, fds[i], 0, 10, 0));
		EXPECT_EQ(-1, copy_file_range(self->in, NULL, fds[i], NULL, 10,
					      0));
		EXPECT_EQ(-want, errno);
	}
}

/* What is regular, but has no storage, a worker may not read. */
TEST_F(copy, s5_synthetic_file_is_not_copied)
{
	int proc = open("/proc/version", O_RDONLY | O_CLOEXEC);

	ASSERT_GE(proc, 0);
	EXPECT_EQ(-EOPNOTSUPP, RUN_COPY(proc, 0, self->out, 0, 10, 0));
	EXPECT_EQ(0, lseek(self->out, 0, SEEK_END));
}

/* S8: a ring is neither end of a copy. */
TEST_F(copy, s8_ring_is_no_end_of_a_copy)
{
	EXPECT_EQ(-EOPNOTSUPP, RUN_COPY(self->ring.ring_fd, 0, self->out, 0, 10,
					0));
	EXPECT_EQ(-EOPNOTSUPP, RUN_COPY(self->in, 0, self->ring.ring_fd, 0, 10,
					0));
}

TEST_F(copy, op_copy_to_a_fixed_file)
{
	struct cring_sqe *sqe = new_sqe(&self->ring, 0);

	ASSERT_EQ(0, cring_register_files(&self->ring, &self->out, 1));
	cring_prep_copy_file_range(sqe, self->in, 0, 0, 0, 4096, 0);
	sqe->flags = CRING_SQE_FIXED_FILE;
	EXPECT_EQ(4096, run_sqe(&self->ring, sqe));
	ASSERT_EQ(4096, pread(self->out, self->buf, LEN, 0));
	EXPECT_TRUE(is_filled(self->buf, 4096, 1));
}

/* A copy takes part in a chain; a short one breaks it. */
TEST_F(copy, link_after_a_copy)
{
	struct cring_sqe *sqe = new_sqe(&self->ring, 1);

	cring_prep_copy_file_range(sqe, self->in, 0, self->out, 0, LEN, 0);
	sqe->flags = CRING_SQE_IO_LINK;
	cring_prep_read(new_sqe(&self->ring, 2), self->out, self->buf, LEN, 0);
	submit_all(&self->ring, 2);
	EXPECT_EQ((int)LEN, reap_res(&self->ring, 1));
	EXPECT_EQ((int)LEN, reap_res(&self->ring, 2));
	EXPECT_TRUE(is_filled(self->buf, LEN, 1));
}

TEST_HARNESS_MAIN
