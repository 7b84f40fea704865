// SPDX-License-Identifier: MIT
/*
 * Attacks between check and use: a second thread changes what the kernel is about
 * to look at, in a loop.  What was checked is what is done, or nothing is.
 *
 * check: parallel
 */
#include "util_sys.h"
#include "cancel_util.h"

#define FOR_MS		150
#define LEN		64

FIXTURE(flip) {
	struct cring ring, other;
	char *buf;		/* two pages; the second is not to be touched */
	int mine, theirs;	/* files; the second is not to be written */
	struct iovec iov;
	pthread_t thread;
	atomic_bool stop;
	/* what is stored in turn, and where */
	void *where;
	uint64_t value[2];
	unsigned int size;
};

FIXTURE_SETUP(flip)
{
	ring_init(&self->ring, 8);
	ring_init(&self->other, 8);
	self->buf = new_pages(8192);
	memset(self->buf + 4096, 0x77, 4096);
	self->mine = new_filled("/tmp", O_RDWR, 4096, 1);
	self->theirs = new_filled("/tmp", O_RDWR, 4096, 2);
}

static void *flipper(void *arg)
{
	FIXTURE_DATA(flip) *self = arg;
	unsigned int i = 0;

	while (!atomic_load(&self->stop)) {
		void *p = self->where;
		uint64_t v = self->value[i++ & 1];

		if (self->size == 1)
			*(volatile uint8_t *)p = (uint8_t)v;
		else if (self->size == 4)
			*(volatile uint32_t *)p = (uint32_t)v;
		else
			*(volatile uint64_t *)p = v;
	}
	return NULL;
}

static void t_flip(struct __test_metadata *_metadata, FIXTURE_DATA(flip) *self,
		   void *where, unsigned int size, uint64_t a, uint64_t b)
{
	self->size = size;
	self->value[0] = a;
	self->value[1] = b;
	self->where = where;
	self->thread = new_thread(flipper, self);
}
#define flip(where, a, b) \
	t_flip(_metadata, self, where, sizeof(*(where)), a, b)
#define flip64(where, a, b)	t_flip(_metadata, self, where, 8, a, b)

FIXTURE_TEARDOWN(flip)
{
	char back[4096];

	atomic_store(&self->stop, true);
	if (self->thread)
		join(self->thread);
	EXPECT_TRUE(is_byte(self->buf + 4096, 4096, 0x77));
	EXPECT_EQ(4096, pread(self->theirs, back, 4096, 0));
	EXPECT_TRUE(is_filled(back, 4096, 2));
	cring_queue_exit(&self->ring);
	EXPECT_EQ(0, run_sqe(&self->other, new_sqe(&self->other, 1)));
	cring_queue_exit(&self->other);
}

/*
 * Submits the one SQE again and again; each result must be @good or @bad.  How
 * often each came is told, not demanded: that is up to chance.
 */
static void t_again(struct __test_metadata *_metadata, FIXTURE_DATA(flip) *self,
		    struct cring_sqe *sqe, int good, int bad, int bad2)
{
	uint64_t until = now_ns() + FOR_MS * NSEC_PER_MSEC;
	struct cring *ring = &self->ring;
	unsigned int nr[2] = { 0 };
	uint32_t tail = ring->shared->sq_tail, mask = ring->sq_entries - 1;

	/* The same SQE in every place; only the first one is changed. */
	do {
		struct cring_cqe c;

		/* What was read shall not be what is written. */
		memset(self->buf, 0x33, LEN);
		ring->shared->sq_tail = ++tail;
		if ((tail - 1) & mask)
			ring->sqes[(tail - 1) & mask] = *sqe;
		ASSERT_EQ(1, submit_raw(ring->ring_fd, 1, 1));
		ASSERT_TRUE(take_cqe(ring, &c, LIMIT_MS));
		ASSERT_TRUE(c.res == good || c.res == bad || c.res == bad2)
			TH_LOG("%d", c.res);
		nr[c.res != good]++;
	} while (now_ns() < until);
	TH_LOG("%u times as checked, %u times refused", nr[0], nr[1]);
	ring->sqe_tail = tail;
}
#define again(sqe, good, bad, bad2) \
	t_again(_metadata, self, sqe, good, bad, bad2)

TEST_F(flip, s6_opcode_of_a_restricted_ring)
{
	struct cring_sqe *sqe = &self->ring.sqes[0];
	struct cring_restrict r = { 0 };

	cring_restrict_op(&r, CRING_OP_READ);
	ASSERT_EQ(0, cring_register_restrict(&self->ring, &r));
	cring_prep_read(sqe, self->theirs, self->buf, LEN, 0);
	flip(&sqe->opcode, CRING_OP_READ, CRING_OP_WRITE);
	again(sqe, LEN, -EACCES, -EACCES);
}

TEST_F(flip, s6_flag_of_a_restricted_ring)
{
	struct cring_sqe *sqe = &self->ring.sqes[0];
	struct cring_restrict r = { 0 };
	int files[64], i;

	/* Each slot is a file that the ring may not write. */
	for (i = 0; i < (int)ARRAY_LEN(files); i++)
		files[i] = self->theirs;
	ASSERT_LT(self->mine, i);
	cring_restrict_op(&r, CRING_OP_WRITE);
	ASSERT_EQ(0, cring_register_files(&self->ring, files, i));
	ASSERT_EQ(0, cring_register_restrict(&self->ring, &r));
	cring_prep_write(sqe, self->mine, self->buf, LEN, 0);
	flip(&sqe->flags, 0, CRING_SQE_FIXED_FILE);
	again(sqe, LEN, -EACCES, -EACCES);
}

TEST_F(flip, s3_descriptor_of_a_file_that_is_read_only)
{
	struct cring_sqe *sqe = &self->ring.sqes[0];
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->theirs);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	cring_prep_write(sqe, self->mine, self->buf, LEN, 0);
	flip(&sqe->fd, (uint32_t)self->mine, (uint32_t)fd);
	again(sqe, LEN, -EBADF, -EBADF);
	close(fd);
}

TEST_F(flip, s8_descriptor_of_the_ring_itself)
{
	struct cring_sqe *sqe = &self->ring.sqes[0];

	cring_prep_write(sqe, self->mine, self->buf, LEN, 0);
	flip(&sqe->fd, (uint32_t)self->mine, (uint32_t)self->ring.ring_fd);
	again(sqe, LEN, -EOPNOTSUPP, -EOPNOTSUPP);
}

static void t_fixed(struct __test_metadata *_metadata, FIXTURE_DATA(flip) *self,
		    struct cring_sqe *sqe)
{
	struct iovec reg = { self->buf, 4096 };

	ASSERT_EQ(0, cring_register_buffers(&self->ring, &reg, 1));
	cring_prep_read_fixed(sqe, self->mine, self->buf, LEN, 0, 0);
}

TEST_F(flip, s9_address_within_a_fixed_buffer)
{
	struct cring_sqe *sqe = &self->ring.sqes[0];

	t_fixed(_metadata, self, sqe);
	flip(&sqe->addr, PTR64(self->buf), PTR64(self->buf) + 4096);
	again(sqe, LEN, -EFAULT, -EFAULT);
}

TEST_F(flip, s9_length_within_a_fixed_buffer)
{
	struct cring_sqe *sqe = &self->ring.sqes[0];

	t_fixed(_metadata, self, sqe);
	sqe->addr += 4096 - LEN;
	flip(&sqe->len, LEN, 4096);
	again(sqe, LEN, -EFAULT, -EFAULT);
}

TEST_F(flip, s9_slot_of_a_fixed_buffer)
{
	struct cring_sqe *sqe = &self->ring.sqes[0];

	t_fixed(_metadata, self, sqe);
	flip((uint8_t *)&sqe->buf_index + 1, 0, 0xff);
	again(sqe, LEN, -EFAULT, -EINVAL);
}

TEST_F(flip, s9_base_of_a_vector)
{
	struct cring_sqe *sqe = &self->ring.sqes[0];

	self->iov = (struct iovec){ self->buf, LEN };
	cring_prep_readv(sqe, self->mine, &self->iov, 1, 0);
	flip64(&self->iov.iov_base, PTR64(self->buf), 0xffff888000000000ULL);
	again(sqe, LEN, -EFAULT, -EFAULT);
}

TEST_F(flip, s9_length_of_a_vector)
{
	struct cring_sqe *sqe = &self->ring.sqes[0];

	self->iov = (struct iovec){ self->buf, LEN };
	cring_prep_readv(sqe, self->mine, &self->iov, 1, 0);
	flip64(&self->iov.iov_len, LEN, 1ULL << 63);
	again(sqe, LEN, -EINVAL, -EFAULT);
}

/* ---- counters and calls ------------------------------------------------------ */

static void t_storm(struct __test_metadata *_metadata, FIXTURE_DATA(flip) *self)
{
	uint64_t until = now_ns() + FOR_MS * NSEC_PER_MSEC;
	unsigned int n = 0;

	do {
		int ret = submit_raw(self->ring.ring_fd, 8, 0);

		ASSERT_TRUE((ret >= 0 && ret <= 8) || ret == -EINVAL ||
			    ret == -EBUSY)
			TH_LOG("%d", ret);
		if (n++ % 16 == 0)
			ASSERT_EQ(0, run_sqe(&self->other,
					     new_sqe(&self->other, 1)));
	} while (now_ns() < until);
	TH_LOG("%u calls", n);
}

TEST_F(flip, c2_tail_of_the_submission_queue)
{
	flip(&self->ring.shared->sq_tail, 3, 0x80000000);
	t_storm(_metadata, self);
}

TEST_F(flip, c2_head_of_the_completion_queue)
{
	self->ring.shared->sq_tail = 8;
	flip(&self->ring.shared->cq_head, 0, ~0U);
	t_storm(_metadata, self);
}

/* The kernel's own counters are for user space to read, and nothing else. */
TEST_F(flip, c2_what_the_kernel_alone_may_change)
{
	self->ring.shared->sq_tail = 8;
	flip64(&self->ring.shared->cq_tail, 0, ~0ULL);
	t_storm(_metadata, self);
}

TEST_F(flip, c3_keys_of_a_cancel)
{
	uint64_t until = now_ns() + FOR_MS * NSEC_PER_MSEC;
	struct cring_cancel_key keys[4] = { 0 };
	struct cring_cancel c = { .keys = PTR64(keys), .nr = 4 };
	int p[2], ret;

	new_pipe(p, 0);
	arm_read(&self->ring, 1, p[0]);
	keys[0].user_data = 99;
	/* Of an operation that there is not, or everything, wrongly asked for. */
	flip(&keys[0].flags, 0, C_ANY | C_FD | C_ALL);
	do {
		ret = ioc_ptr(self->ring.ring_fd, CRING_IOC_CANCEL, &c);
		ASSERT_EQ(0, ret);
		ASSERT_TRUE(keys[0].res == -ENOENT || keys[0].res == -EINVAL);
	} while (now_ns() < until);
	EXPECT_EQ(1, cring_in_flight(&self->ring));
}

TEST_F(flip, c3_count_of_keys)
{
	uint64_t until = now_ns() + FOR_MS * NSEC_PER_MSEC;
	struct cring_cancel_key *keys = (void *)((char *)new_pages(8192) + 4096);
	struct cring_cancel c = { .nr = 1 };
	int ret;

	ASSERT_EQ(0, mprotect(keys, 4096, PROT_NONE));
	c.keys = PTR64(--keys);
	flip(&c.nr, 1, CRING_CANCEL_MAX_KEYS);
	do {
		memset(keys, 0, sizeof(*keys));
		ret = ioc_ptr(self->ring.ring_fd, CRING_IOC_CANCEL, &c);
		ASSERT_TRUE(ret == -EFAULT || (!ret && keys->res == -ENOENT));
	} while (now_ns() < until);
}

/* A descriptor table that changes while it is registered never holds a ring. */
TEST_F(flip, s8_table_of_fixed_files)
{
	uint64_t until = now_ns() + FOR_MS * NSEC_PER_MSEC;
	uint32_t fds[2] = { (uint32_t)self->mine, (uint32_t)self->mine };
	int ret;

	flip(&fds[1], (uint32_t)self->mine, (uint32_t)self->other.ring_fd);
	do {
		ret = cring_register_files(&self->ring, (int *)fds, 2);
		ASSERT_TRUE(!ret || ret == -EBADF);
		if (!ret) {
			struct cring_sqe *sqe = new_sqe(&self->ring, 1);

			cring_prep_read(sqe, 1, self->buf, LEN, 0);
			sqe->flags = CRING_SQE_FIXED_FILE;
			ASSERT_EQ(LEN, run_sqe(&self->ring, sqe));
			ASSERT_EQ(0, cring_unregister_files(&self->ring));
		}
	} while (now_ns() < until);
}

TEST_HARNESS_MAIN
