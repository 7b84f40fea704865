// SPDX-License-Identifier: MIT
/*
 * Attacks on the ring's mapping.  The kernel has one of its own: whatever becomes
 * of the program's hurts the program only, and nothing leads from the mapping back
 * to the ring.
 */
#include "util_sys.h"
#include "life_util.h"

#include <linux/userfaultfd.h>

FIXTURE(map) {
	struct cring ring, other;
	char *base;
	size_t len;
};

FIXTURE_SETUP(map)
{
	expect_refs(0);
	ring_init(&self->ring, 64);
	ring_init(&self->other, 4);
	self->base = (char *)self->ring.shared;
	self->len = self->ring.mmap_size;
}

FIXTURE_TEARDOWN(map)
{
	EXPECT_EQ(0, run_sqe(&self->other, new_sqe(&self->other, 1)));
	cring_queue_exit(&self->ring);
	cring_queue_exit(&self->other);
	expect_refs(0);
}

/* Can it be read (or written)?  Asked so that a no is no signal. */
static bool can(bool write, void *p)
{
	char byte = 0;
	struct iovec local = { &byte, 1 }, remote = { p, 1 };

	if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != 1)
		return false;
	return !write || process_vm_writev(getpid(), &local, 1, &remote, 1, 0) == 1;
}

static int submit_nop(struct __test_metadata *_metadata, struct cring *ring)
{
	new_sqe(ring, 7);
	return cring_submit(ring);
}

TEST_F(map, s1_never_becomes_executable)
{
	void *m;

	EXPECT_EQ(-1, mprotect(self->base, self->len, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	m = mmap(NULL, self->len, PROT_READ | PROT_EXEC, MAP_SHARED,
		 self->ring.ring_fd, 0);
	EXPECT_EQ(MAP_FAILED, m);
}

TEST_F(map, s1_neither_grows_nor_doubles)
{
	EXPECT_EQ(MAP_FAILED, mremap(self->base, self->len, 2 * self->len,
				     MREMAP_MAYMOVE));
	EXPECT_EQ(MAP_FAILED, mremap(self->base, 0, self->len, MREMAP_MAYMOVE));
	EXPECT_EQ(0, run_sqe(&self->ring, new_sqe(&self->ring, 1)));
}

/* The kernel has no idea of where it is. */
TEST_F(map, s9_moved_away_it_goes_on)
{
	char *to = new_pages(self->len);
	struct cring_shared *sh;

	ASSERT_EQ(to, mremap(self->base, self->len, self->len,
			     MREMAP_MAYMOVE | MREMAP_FIXED, to));
	sh = (void *)to;
	__atomic_store_n(&sh->sq_tail, 1, __ATOMIC_RELEASE);
	EXPECT_EQ(1, submit_raw(self->ring.ring_fd, 1, 0));
	EXPECT_EQ(1, sh->cq_tail);
	munmap(to, self->len);
	self->ring.shared = new_pages(self->len);
}

/* Nothing is put in the place of what was thrown away. */
TEST_F(map, s9_pages_that_are_thrown_away_are_only_gone)
{
	char *cqes = self->base + self->ring.shared->cqes_off;
	uint32_t tail = self->ring.shared->cq_tail;

	new_sqe(&self->ring, 3);
	cring_flush_sq(&self->ring);
	ASSERT_EQ(0, madvise(cqes, 4096, MADV_DONTNEED));
	EXPECT_FALSE(can(false, cqes));
	EXPECT_EQ(1, submit_raw(self->ring.ring_fd, 1, 0));
	EXPECT_EQ(tail + 1, self->ring.shared->cq_tail);
	EXPECT_FALSE(can(false, cqes));
}

TEST_F(map, s9_a_hole_in_its_file_frees_nothing)
{
	madvise(self->base, self->len, MADV_REMOVE);
	EXPECT_EQ(0, submit_raw(self->ring.ring_fd, 0, 0));
	EXPECT_EQ(0, cancel_key(self->ring.ring_fd, .flags = C_ANY | C_ALL));
}

static int child_writes(void *arg)
{
	struct cring *ring = arg;

	ring->shared->sq_tail += 5;
	return submit_raw(ring->ring_fd, 5, 0) == -EPERM ? 0 : 1;
}

/* An owner may share it, as any memory; the ring is not shared with it. */
TEST_F(map, s1_a_child_that_was_given_it_may_not_submit)
{
	if (madvise(self->base, self->len, MADV_DOFORK))
		SKIP(return, "the kernel does not let it be inherited");
	EXPECT_EQ(0, run_child(child_writes, &self->ring));
	EXPECT_EQ(0, cring_in_flight(&self->ring));
	EXPECT_EQ(5, submit_raw(self->ring.ring_fd, 5, 0));
	self->ring.sqe_tail = self->ring.shared->sq_tail;
}

/* What /proc gives is the memory-only file. */
TEST_F(map, s1_map_files_is_no_way_back_to_the_ring)
{
	char path[96];
	struct stat st;
	void *m;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
		 (unsigned long)self->base, (unsigned long)self->base + self->len);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		SKIP(return, "no /proc/self/map_files");
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_TRUE(S_ISREG(st.st_mode));
	EXPECT_EQ(0, st.st_size);
	EXPECT_EQ(-ENOTTY, submit_raw(fd, 0, 0));
	m = mmap(NULL, self->len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (m != MAP_FAILED)
		EXPECT_FALSE(can(false, m));
	close(fd);
}

TEST_F(map, s9_the_kernel_writes_what_the_program_may_only_read)
{
	char *cqes = self->base + self->ring.shared->cqes_off;

	new_sqe(&self->ring, 9);
	cring_flush_sq(&self->ring);
	ASSERT_EQ(0, mprotect(self->base, self->len, PROT_READ));
	EXPECT_FALSE(can(true, cqes));
	EXPECT_EQ(1, submit_raw(self->ring.ring_fd, 1, 1));
	EXPECT_EQ(9, cq_peek(&self->ring, 0)->user_data);
	ASSERT_EQ(0, mprotect(self->base, self->len, PROT_READ | PROT_WRITE));
}

TEST_F(map, s9_partly_unmapped)
{
	uint32_t tail = self->ring.shared->cq_tail;

	EXPECT_EQ(1, submit_nop(_metadata, &self->ring));
	/* All but the page that counts. */
	ASSERT_EQ(0, munmap(self->base + 4096, self->len - 4096));
	self->ring.shared->sq_tail += 3;
	EXPECT_EQ(3, submit_raw(self->ring.ring_fd, 3, 3));
	EXPECT_EQ(tail + 4, self->ring.shared->cq_tail);
}

/* Its pages live as long as somebody has them. */
TEST_F(map, s9_pages_in_a_pipe_outlive_the_ring)
{
	char back[4096];
	struct iovec iov = { self->base + self->ring.shared->sqes_off, 4096 };
	int p[2];

	new_pipe(p, 0);
	memset(iov.iov_base, 0x5a, 4096);
	if (vmsplice(p[1], &iov, 1, SPLICE_F_GIFT) != 4096)
		SKIP(return, "no vmsplice() of it");
	munmap(self->base, self->len);
	self->ring.shared = new_pages(self->len);
	close(self->ring.ring_fd);
	expect_refs(2);
	self->ring.ring_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	ASSERT_EQ(4096, read(p[0], back, 4096));
	EXPECT_TRUE(is_byte(back, 4096, 0x5a));
}

FIXTURE(into) { struct cring ring, other; };
FIXTURE_VARIANT(into) { unsigned int flags; };
FIXTURE_VARIANT_ADD(into, inline) { 0 };
FIXTURE_VARIANT_ADD(into, worker) { CRING_SQE_ASYNC };

FIXTURE_SETUP(into)
{
	expect_refs(0);
	ring_init(&self->ring, 64);
	ring_init(&self->other, 4);
}

FIXTURE_TEARDOWN(into)
{
	EXPECT_EQ(0, run_sqe(&self->other, new_sqe(&self->other, 1)));
	close(self->ring.ring_fd);
	cring_queue_exit(&self->other);
	expect_refs(0);
}

/* A file is read over the counters and the queues. */
TEST_F(into, s9_a_read_into_the_ring_itself_hurts_only_its_owner)
{
	int fd = new_filled("/tmp", O_RDWR, 65536, 1);
	unsigned int len = (unsigned int)self->ring.mmap_size;
	struct cring_sqe *sqe = new_sqe(&self->ring, 1);
	unsigned int i;

	cring_prep_read(sqe, fd, self->ring.shared, len, 0);
	sqe->flags = (uint8_t)variant->flags;
	cring_flush_sq(&self->ring);
	EXPECT_EQ(1, submit_raw(self->ring.ring_fd, 1, 1));
	/* Rubbish now, and what it asks for is tried: it ends, or is ended. */
	for (i = 0; i < 8; i++) {
		fill(self->ring.shared, len, i);
		self->ring.shared->sq_tail = i * 8 + 1;
		submit_raw(self->ring.ring_fd, 64, 0);
	}
	EXPECT_GE(cancel_key(self->ring.ring_fd, .flags = C_ANY | C_ALL), 0);
	close(fd);
}

TEST_F(map, s8_a_ring_whose_fixed_buffer_is_the_ring_is_freed)
{
	struct iovec iov = { self->base, self->len };

	ASSERT_EQ(0, cring_register_buffers(&self->ring, &iov, 1));
	/* The teardown counts the rings. */
}

TEST_F(map, s2_a_file_opened_to_read_is_not_mapped_to_write)
{
	int fd = open(CRING_DEVICE, O_RDONLY | O_CLOEXEC);
	struct cring_params p = { .sq_entries = 4 };

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, ioc_ptr(fd, CRING_IOC_SETUP, &p));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, p.mmap_size, PROT_READ | PROT_WRITE,
				   MAP_SHARED, fd, 0));
	EXPECT_EQ(EACCES, errno);
	close(fd);
}

/* Nobody holds up the kernel by a page of the ring that is not there. */
TEST_F(map, s9_userfaultfd_does_not_take_it)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { PTR64(self->base), self->len },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api))
		SKIP(return, "no userfaultfd");
	EXPECT_EQ(-1, ioctl(fd, UFFDIO_REGISTER, &reg));
	close(fd);
}

TEST_HARNESS_MAIN
