// SPDX-License-Identifier: MIT
/* RWF_* flags, O_APPEND, open modes, and reads that are finished. */
#include "util_sys.h"

#define LEN	8192

/* Every flag case runs inline (or dispatched), and through a worker. */
FIXTURE(flags) { struct cring ring; int fd; char *buf; };
FIXTURE_VARIANT(flags) { bool tmpfs; unsigned int sqe_flags; };
FIXTURE_VARIANT_ADD(flags, ext4) { .tmpfs = false };
FIXTURE_VARIANT_ADD(flags, ext4_async) { .sqe_flags = CRING_SQE_ASYNC };
FIXTURE_VARIANT_ADD(flags, tmpfs) { .tmpfs = true };
FIXTURE_VARIANT_ADD(flags, tmpfs_async)
	{ .tmpfs = true, .sqe_flags = CRING_SQE_ASYNC };

FIXTURE_SETUP(flags)
{
	const char *dir = variant->tmpfs ? TMPFS_DIR : EXT4_DIR;

	if (!dir)
		SKIP(return, "no %s mounted", variant->tmpfs ? "tmpfs" : "ext4");
	self->fd = new_filled(dir, O_RDWR, LEN, 1);
	self->buf = new_pages(LEN);
	ring_init(&self->ring, 8);
}
FIXTURE_TEARDOWN(flags) { cring_queue_exit(&self->ring); }

static off_t size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? -1 : st.st_size;
}

static int reopen(int fd, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags | O_CLOEXEC);
}

#define RUN_RW(op, f, p, n, o, rwf) __extension__ ({			\
	struct cring_sqe *__s = new_sqe(&self->ring, 0);		\
	cring_prep_rw(op, __s, f, p, n, o);				\
	__s->rw_flags = (rwf);						\
	__s->flags = variant->sqe_flags;				\
	run_sqe(&self->ring, __s); })

TEST_F(flags, op_o_append_ignores_the_offset)
{
	int fd = reopen(self->fd, O_RDWR | O_APPEND);

	ASSERT_GE(fd, 0);
	fill(self->buf, 100, 2);
	EXPECT_EQ(100, RUN_RW(CRING_OP_WRITE, fd, self->buf, 100, 0, 0));
	EXPECT_EQ(LEN + 100, size_of(fd));
	EXPECT_EQ(100, RUN_RW(CRING_OP_WRITE, fd, self->buf, 100, -1, 0));
	EXPECT_EQ(LEN + 200, size_of(fd));
	EXPECT_EQ(LEN + 200, lseek(fd, 0, SEEK_CUR));
	ASSERT_EQ(100, pread(fd, self->buf + 1000, 100, LEN + 100));
	EXPECT_TRUE(is_filled(self->buf + 1000, 100, 2));
	ASSERT_EQ(LEN, pread(fd, self->buf, LEN, 0));
	EXPECT_TRUE(is_filled(self->buf, LEN, 1));
}

TEST_F(flags, op_rwf_append_appends)
{
	fill(self->buf, 64, 3);
	EXPECT_EQ(64, RUN_RW(CRING_OP_WRITE, self->fd, self->buf, 64, 0,
			     RWF_APPEND));
	EXPECT_EQ(LEN + 64, size_of(self->fd));
	ASSERT_EQ(64, pread(self->fd, self->buf + 64, 64, LEN));
	EXPECT_TRUE(is_filled(self->buf + 64, 64, 3));
	/* preadv2(): only with -1 does the position follow. */
	EXPECT_EQ(0, lseek(self->fd, 0, SEEK_CUR));
	EXPECT_EQ(64, RUN_RW(CRING_OP_WRITE, self->fd, self->buf, 64, -1,
			     RWF_APPEND));
	EXPECT_EQ(LEN + 128, lseek(self->fd, 0, SEEK_CUR));
}

TEST_F(flags, op_rwf_sync_flags_are_taken)
{
	static const int rwf[] = { RWF_DSYNC, RWF_SYNC, RWF_DSYNC | RWF_SYNC };
	size_t i;

	for (i = 0; i < ARRAY_LEN(rwf); i++) {
		fill(self->buf, 512, 10 + i);
		EXPECT_EQ(512, RUN_RW(CRING_OP_WRITE, self->fd, self->buf, 512,
				      512 * i, rwf[i]));
		ASSERT_EQ(512, pread(self->fd, self->buf + 4096, 512, 512 * i));
		EXPECT_TRUE(is_filled(self->buf + 4096, 512, 10 + i));
	}
}

TEST_F(flags, op_unknown_rwf_flag_is_eopnotsupp)
{
	EXPECT_EQ(-EOPNOTSUPP, RUN_RW(CRING_OP_READ, self->fd, self->buf, 16, 0,
				      1 << 30));
	EXPECT_EQ(-EOPNOTSUPP, RUN_RW(CRING_OP_WRITE, self->fd, self->buf, 16,
				      0, 1 << 31));
	EXPECT_TRUE(is_byte(self->buf, LEN, 0));
}

TEST_F(flags, op_open_mode_decides)
{
	int ro = reopen(self->fd, O_RDONLY), wo = reopen(self->fd, O_WRONLY);
	struct iovec iov = { self->buf, 16 };

	ASSERT_GE(ro, 0);
	ASSERT_GE(wo, 0);
	EXPECT_EQ(-EBADF, RUN_RW(CRING_OP_WRITE, ro, self->buf, 16, 0, 0));
	EXPECT_EQ(-EBADF, RUN_RW(CRING_OP_WRITEV, ro, &iov, 1, 0, 0));
	EXPECT_EQ(-EBADF, RUN_RW(CRING_OP_READ, wo, self->buf, 16, 0, 0));
	EXPECT_EQ(-EBADF, RUN_RW(CRING_OP_READV, wo, &iov, 1, 0, 0));
	EXPECT_EQ(16, RUN_RW(CRING_OP_READ, ro, self->buf, 16, 0, 0));
	EXPECT_TRUE(is_filled(self->buf, 16, 1));
	EXPECT_EQ(16, RUN_RW(CRING_OP_WRITE, wo, self->buf, 16, LEN, 0));
	EXPECT_EQ(LEN + 16, size_of(self->fd));
}

TEST_F(flags, op_o_path_and_directory_are_refused)
{
	int path = reopen(self->fd, O_PATH);
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ASSERT_GE(path, 0);
	ASSERT_GE(dir, 0);
	EXPECT_EQ(-EBADF, RUN_RW(CRING_OP_READ, path, self->buf, 16, 0, 0));
	EXPECT_EQ(-EISDIR, RUN_RW(CRING_OP_READ, dir, self->buf, 16, 0, 0));
	EXPECT_EQ(-EBADF, RUN_RW(CRING_OP_WRITE, dir, self->buf, 16, 0, 0));
}

/* S4: the size limit of the submitter holds wherever the write runs. */
TEST_F(flags, s4_rlimit_fsize_is_honoured)
{
	struct rlimit lim = { LEN + 100, RLIM_INFINITY };

	signal(SIGXFSZ, SIG_IGN);
	ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &lim));
	EXPECT_EQ(-EFBIG, RUN_RW(CRING_OP_WRITE, self->fd, self->buf, 16,
				 LEN + 100, 0));
	EXPECT_EQ(LEN, size_of(self->fd));
	/* Up to the limit is written, as write(2) would. */
	EXPECT_EQ(100, RUN_RW(CRING_OP_WRITE, self->fd, self->buf, 200, LEN, 0));
	EXPECT_EQ(LEN + 100, size_of(self->fd));
	lim.rlim_cur = RLIM_INFINITY;
	ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &lim));
	EXPECT_EQ(16, RUN_RW(CRING_OP_WRITE, self->fd, self->buf, 16, LEN + 100,
			     0));
}

TEST_F(flags, op_bad_offsets_are_einval)
{
	EXPECT_EQ(-EINVAL, RUN_RW(CRING_OP_READ, self->fd, self->buf, 16, -2, 0));
	EXPECT_EQ(-EINVAL, RUN_RW(CRING_OP_WRITE, self->fd, self->buf, 16,
				  1ULL << 63, 0));
	EXPECT_EQ(16, RUN_RW(CRING_OP_READ, self->fd, self->buf, 16, 0, 0));
}

TEST_F(flags, op_1024_vectors_at_most)
{
	struct iovec *iov = calloc(1025, sizeof(*iov));
	int i;

	for (i = 0; i < 1025; i++)
		iov[i] = (struct iovec){ self->buf + i, 1 };
	EXPECT_EQ(-EINVAL, RUN_RW(CRING_OP_READV, self->fd, iov, 1025, 0, 0));
	EXPECT_EQ(-EINVAL, RUN_RW(CRING_OP_WRITEV, self->fd, iov, ~0U, 0, 0));
	EXPECT_EQ(1024, RUN_RW(CRING_OP_READV, self->fd, iov, 1024, 0, 0));
	EXPECT_TRUE(is_filled(self->buf, 1024, 1));
	iov[1].iov_len = -1;
	EXPECT_EQ(-EINVAL, RUN_RW(CRING_OP_READV, self->fd, iov, 2, 0, 0));
}

/* The data of an ext4 file, written back and dropped from the cache. */
static void drop_cache(struct __test_metadata *_metadata, int fd, off_t off,
		       off_t len)
{
	ASSERT_EQ(0, fsync(fd));
	ASSERT_EQ(0, posix_fadvise(fd, off, len, POSIX_FADV_DONTNEED));
}

TEST(op_read_that_is_half_cached_is_finished)
{
	const size_t len = 1 << 20, half = len / 2;
	struct cring_sqe *sqe;
	struct cring ring;
	char *buf;
	int fd;

	if (!EXT4_DIR)
		SKIP(return, "no ext4 mounted");
	fd = new_filled(EXT4_DIR, O_RDWR, len, 4);
	buf = new_pages(len);
	ring_init(&ring, 8);
	drop_cache(_metadata, fd, half, half);
	sqe = new_sqe(&ring, 0);
	cring_prep_read(sqe, fd, buf, len, 0);
	EXPECT_EQ((int)len, run_sqe(&ring, sqe));
	EXPECT_TRUE(is_filled(buf, len, 4));

	/* The other way round, and with the file's position. */
	drop_cache(_metadata, fd, 0, half);
	memset(buf, 0, len);
	sqe = new_sqe(&ring, 0);
	cring_prep_read(sqe, fd, buf, len, -1);
	EXPECT_EQ((int)len, run_sqe(&ring, sqe));
	EXPECT_TRUE(is_filled(buf, len, 4));
	EXPECT_EQ((off_t)len, lseek(fd, 0, SEEK_CUR));
	cring_queue_exit(&ring);
}

TEST_HARNESS_MAIN
