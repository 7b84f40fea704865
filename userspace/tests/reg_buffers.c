// SPDX-License-Identifier: MIT
/* Fixed buffers: ranges, lifetime, and the memlock limit. */
#include "util_sys.h"

#define LEN	(64U * 1024)

FIXTURE(buffers) { struct cring ring; int fd; char *mem; };
FIXTURE_SETUP(buffers)
{
	ring_init(&self->ring, 16);
	self->fd = new_filled("/tmp", O_RDWR, LEN, 1);
	self->mem = new_pages(4 * LEN);
}
FIXTURE_TEARDOWN(buffers) { cring_queue_exit(&self->ring); }

#define RUN_FIXED(op, buf, len, off, index) __extension__ ({		\
	struct cring_sqe *__s = new_sqe(&self->ring, 0);		\
	cring_prep_##op##_fixed(__s, self->fd, buf, len, off, index);	\
	run_sqe(&self->ring, __s); })

TEST_F(buffers, reg_range_must_lie_inside_the_buffer)
{
	struct iovec iov[] = { { self->mem + 100, 1000 },
			       { self->mem + LEN, LEN } };
	struct { char *p; unsigned int len; int index, want; } t[] = {
		{ self->mem + 100, 1000, 0, 1000 },
		{ self->mem + 1099, 1, 0, 1 },
		{ self->mem + 500, 0, 0, 0 },
		{ self->mem + 99, 10, 0, -EFAULT },
		{ self->mem + 100, 1001, 0, -EFAULT },
		{ self->mem + 1100, 1, 0, -EFAULT },
		{ self->mem + LEN, 10, 0, -EFAULT },
		{ self->mem + LEN, LEN, 1, (int)LEN },
		{ self->mem + LEN + 1, LEN, 1, -EFAULT },
		{ self->mem + LEN, ~0U, 1, -EFAULT },
		{ (char *)-1UL, 2, 1, -EFAULT },
		{ NULL, 1, 1, -EFAULT },
		{ self->mem + LEN, 10, 2, -EFAULT },
		{ self->mem + LEN, 10, 65535, -EFAULT },
	};
	size_t i;

	EXPECT_EQ(-EFAULT, RUN_FIXED(read, self->mem, 10, 0, 0));
	ASSERT_EQ(0, cring_register_buffers(&self->ring, iov, 2));
	for (i = 0; i < ARRAY_LEN(t); i++) {
		EXPECT_EQ(t[i].want, RUN_FIXED(read, t[i].p, t[i].len, 0,
					       t[i].index))
			TH_LOG("row %zu", i);
		if (t[i].want > 0)
			EXPECT_TRUE(is_filled(t[i].p, t[i].want, 1));
		EXPECT_EQ(t[i].want, RUN_FIXED(write, t[i].p, t[i].len, 0,
					       t[i].index))
			TH_LOG("row %zu", i);
	}
	EXPECT_TRUE(is_byte(self->mem, 100, 0));
	EXPECT_TRUE(is_byte(self->mem + 1100, LEN - 1100, 0));
}

/*
 * What is pinned for good is written to behind a file system's back.  A private
 * mapping has pages of its own as soon as it is written to; tmpfs has no disk.
 */
TEST_F(buffers, reg_pages_of_a_disk_file_are_no_buffers)
{
	const struct {
		const char *dir;
		int map, want;
	} t[] = {
		{ EXT4_DIR, MAP_SHARED, -EFAULT },
		{ EXT4_DIR, MAP_PRIVATE, 0 },
		{ TMPFS_DIR, MAP_SHARED, 0 },
	};
	size_t i;

	if (!EXT4_DIR)
		SKIP(return, "no ext4");
	for (i = 0; i < ARRAY_LEN(t); i++) {
		int fd = new_filled(t[i].dir, O_RDWR, LEN, 1);
		struct iovec iov = { .iov_len = LEN };

		iov.iov_base = mmap(NULL, LEN, PROT_READ | PROT_WRITE, t[i].map,
				    fd, 0);
		ASSERT_NE(MAP_FAILED, iov.iov_base);
		EXPECT_EQ(t[i].want, cring_register_buffers(&self->ring, &iov,
							    1))
			TH_LOG("row %zu", i);
		if (!t[i].want)
			EXPECT_EQ(0, cring_unregister_buffers(&self->ring));
		munmap(iov.iov_base, LEN);
		close(fd);
	}
}

TEST_F(buffers, reg_errors)
{
	struct iovec good = { self->mem, LEN };
	struct iovec bad[] = {
		{ (void *)4096UL, 4096 },	/* not mapped */
		{ self->mem, 0 },
		{ NULL, 4096 },
		{ self->mem, 1UL << 40 },
		{ (void *)-4096UL, 8192 },
	};
	struct iovec both[2];
	size_t i;

	EXPECT_EQ(-ENXIO, cring_unregister_buffers(&self->ring));
	EXPECT_EQ(-EINVAL, cring_register_buffers(&self->ring, &good, 0));
	EXPECT_EQ(-EFAULT, cring_register_buffers(&self->ring, (void *)8UL, 1));
	EXPECT_LT(cring_register_buffers(&self->ring, &good,
					 CRING_MAX_FIXED_BUFFERS + 1), 0);
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		/* Behind a good one, so that there is something to undo. */
		both[0] = good;
		both[1] = bad[i];
		EXPECT_LT(cring_register_buffers(&self->ring, both, 2), 0)
			TH_LOG("row %zu", i);
		EXPECT_EQ(-ENXIO, cring_unregister_buffers(&self->ring));
	}
	ASSERT_EQ(0, cring_register_buffers(&self->ring, &good, 1));
	EXPECT_EQ(-EBUSY, cring_register_buffers(&self->ring, &good, 1));
	EXPECT_EQ(0, cring_unregister_buffers(&self->ring));
	EXPECT_EQ(-EFAULT, RUN_FIXED(read, self->mem, 10, 0, 0));
}

/* Data goes to the pages that were registered, whatever is mapped there now. */
TEST_F(buffers, reg_pages_stay_pinned_over_munmap)
{
	int mfd = (int)syscall(SYS_memfd_create, "pin", 0);
	struct iovec iov;
	char got[100];
	char *map;

	ASSERT_GE(mfd, 0);
	ASSERT_EQ(0, ftruncate(mfd, LEN));
	map = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, mfd, 0);
	ASSERT_NE(MAP_FAILED, map);
	iov = (struct iovec){ map, LEN };
	/* Long-term pins of page-cache files may be refused: use anonymous. */
	if (cring_register_buffers(&self->ring, &iov, 1)) {
		EXPECT_EQ(-ENXIO, cring_unregister_buffers(&self->ring));
		SKIP(return, "shared memory cannot be registered here");
	}
	ASSERT_EQ(0, munmap(map, LEN));
	EXPECT_EQ(100, RUN_FIXED(read, map + 10, 100, 0, 0));
	EXPECT_EQ(100, pread(mfd, got, 100, 10));
	EXPECT_TRUE(is_filled(got, 100, 1));
}

TEST_F(buffers, reg_unregister_while_in_use)
{
	struct iovec iov = { self->mem, LEN };
	struct cring_sqe *sqe;
	int p[2];

	new_pipe(p, 0);
	ASSERT_EQ(0, cring_register_buffers(&self->ring, &iov, 1));
	sqe = new_sqe(&self->ring, 1);
	cring_prep_read_fixed(sqe, p[0], self->mem + 5, 3, 0, 0);
	submit_all(&self->ring, 1);
	expect_quiet(&self->ring);
	EXPECT_EQ(0, cring_unregister_buffers(&self->ring));
	EXPECT_EQ(-EFAULT, RUN_FIXED(read, self->mem, 10, 0, 0));
	ASSERT_EQ(3, write(p[1], "abc", 3));
	EXPECT_EQ(3, reap_res(&self->ring, 1));
	EXPECT_EQ(0, memcmp(self->mem + 5, "abc", 3));
}

/* What counts against RLIMIT_MEMLOCK. */
static long locked_kb(void)
{
	char line[256];
	long kb = -1;
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmLck: %ld", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb;
}

TEST_F(buffers, reg_pinned_pages_are_accounted_and_given_back)
{
	struct iovec iov = { self->mem, LEN };
	long before = locked_kb();

	ASSERT_GE(before, 0);
	ASSERT_EQ(0, cring_register_buffers(&self->ring, &iov, 1));
	EXPECT_EQ(before + LEN / 1024, locked_kb());
	ASSERT_EQ(0, cring_unregister_buffers(&self->ring));
	EXPECT_EQ(before, locked_kb());
	ASSERT_EQ(0, cring_register_buffers(&self->ring, &iov, 1));
	cring_queue_exit(&self->ring);
	EXPECT_TRUE(wait_until(locked_kb() == before));
}

/* S7: as an ordinary user, with a ring that root opened for it. */
static int memlock_user(void *arg)
{
	struct rlimit lim = { LEN, LEN };
	int fd = *(int *)arg;
	struct cring_params p = { .sq_entries = 4 };
	char *mem = mmap(NULL, 2 * LEN, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec iov = { mem, 2 * LEN };
	struct cring_register r = { .opcode = CRING_REGISTER_BUFFERS, .nr = 1,
				    .addr = PTR64(&iov) };
	struct cring_register un = { .opcode = CRING_UNREGISTER_BUFFERS };
	int i;

	if (setrlimit(RLIMIT_MEMLOCK, &lim) || setresgid(65534, 65534, 65534) ||
	    setresuid(65534, 65534, 65534))
		return 10;
	if (ioc_ptr(fd, CRING_IOC_SETUP, &p))
		return 11;
	if (ioc_ptr(fd, CRING_IOC_REGISTER, &r) != -ENOMEM)
		return 12;
	/* Up to the limit, and again: what was given back counts no more. */
	for (i = 0; i < 3; i++) {
		iov.iov_len = LEN;
		if (ioc_ptr(fd, CRING_IOC_REGISTER, &r))
			return 13 + i;
		if (ioc_ptr(fd, CRING_IOC_REGISTER, &un))
			return 16 + i;
	}
	return 0;
}

TEST_F(buffers, s7_memlock_limit_of_an_ordinary_user)
{
	int fd = open(CRING_DEVICE, O_RDWR);

	if (getuid())
		SKIP(return, "must be root to become another user");
	ASSERT_GE(fd, 0);
	EXPECT_EQ(0, run_child(memlock_user, &fd));
}

TEST_F(buffers, reg_large_buffer)
{
	const size_t len = 32UL << 20;
	char *mem = new_pages(len);
	struct iovec iov = { mem, len };

	ASSERT_EQ(0, cring_register_buffers(&self->ring, &iov, 1));
	EXPECT_EQ((int)LEN, RUN_FIXED(read, mem + len - LEN, LEN, 0, 0));
	EXPECT_TRUE(is_filled(mem + len - LEN, LEN, 1));
	EXPECT_EQ((int)LEN - 7, RUN_FIXED(read, mem + 4095, LEN, 7, 0));
	EXPECT_TRUE(is_filled_at(mem + 4095, LEN - 7, 1, 7));
	EXPECT_EQ(0, cring_unregister_buffers(&self->ring));
}

TEST_HARNESS_MAIN
