// SPDX-License-Identifier: MIT
/*
 * C16: close of the ring with an operation in any state.  Close does not wait,
 * what can be cancelled is, the mapping stays readable, and the last reference
 * to the ring goes away with its last operation, whoever still maps it.
 */
#include "util.h"
#include "life_util.h"

FIXTURE(close_in) {
	struct stage st;
	struct cring ring;
	int refs;
};
FIXTURE_VARIANT(close_in) { enum state state; };
ALL_STATES(close_in);

#define RING	(&self->ring)

FIXTURE_SETUP(close_in)
{
	const char *why = t_stage(_metadata, &self->st, variant->state);

	self->refs = refs_before();
	if (why)
		SKIP(return, "%s", why);
	ring_init(RING, QUEUED_NR);
	ASSERT_TRUE(enter_state(RING, &self->st))
		TH_LOG("the operation is not in its state");
}

FIXTURE_TEARDOWN(close_in)
{
	stage_release(&self->st);
	/* Its mapping does not keep a ring (R9). */
	expect_refs(self->refs);
	munmap(RING->shared, RING->mmap_size);
	stage_exit(&self->st);
}

TEST_F(close_in, c16_close_does_not_wait_and_cancels)
{
	bool hangs = state_hangs(variant->state);
	uint64_t start = now_ns();
	unsigned int i, more = 0;

	ASSERT_EQ(0, close(RING->ring_fd));
	EXPECT_SOON(start, NSEC_PER_SEC);
	start = now_ns();
	if (hangs && variant->state != ST_DEVICE) {
		EXPECT_GT(module_refs(), self->refs);
	} else {
		expect_refs(self->refs);
		EXPECT_SOON(start, (hangs ? 5 : 3) * NSEC_PER_SEC);
	}
	/* What the queue shows is what the kernel left there. */
	EXPECT_LE(cq_count(RING), QUEUED_NR);
	for (i = 0; i < cq_count(RING); i++) {
		int res = cq_peek(RING, i)->res;

		EXPECT_TRUE(res == -ECANCELED || (hangs && res == 4096));
		more += cqes_with(RING, cq_peek(RING, i)->user_data) > 1;
		if (i == 20)
			break;
	}
	EXPECT_EQ(0, more);
}

FIXTURE(closing) {
	struct cring ring;
	int refs, p[2];
	pthread_t thread;
	atomic_int in, out;
	int ret;
};

FIXTURE_SETUP(closing)
{
	self->refs = refs_before();
	ring_init(RING, 16);
	new_pipe(self->p, 0);
}

FIXTURE_TEARDOWN(closing)
{
	munmap(RING->shared, RING->mmap_size);
	close(RING->ring_fd);	/* harmless where it is closed already */
	expect_refs(self->refs);
}

TEST_F(closing, c16_what_is_armed_is_cancelled_by_close)
{
	int i;

	for (i = 0; i < 5; i++)
		arm_read(RING, i, self->p[0]);
	close(self->p[0]);
	EXPECT_TRUE(has_reader(self->p[1]));
	ASSERT_EQ(0, close(RING->ring_fd));
	EXPECT_FALSE(has_reader(self->p[1]));
	/* And it says so, to whoever still looks. */
	for (i = 0; i < 5; i++)
		expect_res(RING, i, -ECANCELED);
	expect_refs(self->refs);
}

TEST_F(closing, c16_a_dup_of_the_ring_fd_keeps_it_going)
{
	int fd = fcntl(RING->ring_fd, F_DUPFD_CLOEXEC, 100);

	ASSERT_GE(fd, 100);
	arm_read(RING, 1, self->p[0]);
	ASSERT_EQ(0, close(RING->ring_fd));
	expect_pending(RING, 1);
	RING->ring_fd = fd;
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	EXPECT_EQ(1, reap_res(RING, 1));
	arm_read(RING, 2, self->p[0]);
	ASSERT_EQ(0, close(fd));
	expect_res(RING, 2, -ECANCELED);
}

TEST_F(closing, c16_dup2_over_the_ring_fd_is_a_close)
{
	arm_read(RING, 1, self->p[0]);
	ASSERT_EQ(RING->ring_fd, dup2(self->p[1], RING->ring_fd));
	expect_res(RING, 1, -ECANCELED);
	expect_refs(self->refs);
}

TEST_F(closing, c16_the_mapping_alone_does_not_keep_a_ring)
{
	EXPECT_GT(module_refs(), self->refs);
	ASSERT_EQ(0, close(RING->ring_fd));
	expect_refs(self->refs);
	/* Still there to be read and written, and nobody listens. */
	EXPECT_EQ(16, shared_of(RING)->sq_entries);
	shared_of(RING)->sq_tail = 0xdeadbeef;
	EXPECT_EQ(0xdeadbeef, shared_of(RING)->sq_tail);
}

static void *wait_long(void *arg)
{
	FIXTURE_DATA(closing) *self = arg;
	struct cring_wait w = {
		.min_complete = 3, .flags = CRING_WAIT_TIMEOUT,
		.timeout = 2 * NSEC_PER_SEC,
	};

	self->in = 1;
	self->ret = ioc_ptr(RING->ring_fd, CRING_IOC_WAIT, &w);
	self->out = 1;
	return NULL;
}

TEST_F(closing, c16_close_while_another_thread_waits_in_the_ring)
{
	arm_read(RING, 1, self->p[0]);
	self->thread = new_thread(wait_long, self);
	msleep(100);
	ASSERT_EQ(0, atomic_load(&self->out));
	ASSERT_EQ(0, close(RING->ring_fd));
	expect_res(RING, 1, -ECANCELED);
	join(self->thread);
	EXPECT_LE(self->ret, 0);
	EXPECT_EQ(1, cqes_with(RING, 1));
	expect_refs(self->refs);
}

static void *submit_slowly(void *arg)
{
	FIXTURE_DATA(closing) *self = arg;

	self->ret = submit_raw(RING->ring_fd, 3, 0);
	self->out = 1;
	return NULL;
}

TEST_F(closing, c16_close_while_another_thread_sleeps_in_submit)
{
	struct slowmem m;
	int ret = slowmem_init(&m, 4096);
	uint64_t start;

	if (ret == -ENODEV)
		SKIP(return, "no userfaultfd in this kernel");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	put(RING, .opcode = CRING_OP_TIMEOUT, .fd = -1,
	    .addr = PTR64(&an_hour), .len = 1, .user_data = 1);
	put(RING, .opcode = CRING_OP_READ, .fd = self->p[0],
	    .addr = PTR64(m.mem), .len = 1, .user_data = 2);
	put(RING, .opcode = CRING_OP_TIMEOUT, .fd = -1,
	    .addr = PTR64(&an_hour), .len = 1, .user_data = 3);
	cring_flush_sq(RING);
	self->thread = new_thread(submit_slowly, self);
	ASSERT_EQ(0, slowmem_wait_fault(&m));
	start = now_ns();
	ASSERT_EQ(0, close(RING->ring_fd));
	EXPECT_SOON(start, NSEC_PER_SEC);
	EXPECT_EQ(0, atomic_load(&self->out));
	ASSERT_EQ(0, slowmem_fill(&m, 0));
	join(self->thread);
	/* No timer of an hour may keep it. */
	expect_refs(self->refs);
	EXPECT_LE(cqes_with(RING, 1), 1);
	EXPECT_LE(cqes_with(RING, 2), 1);
	EXPECT_LE(cqes_with(RING, 3), 1);
	slowmem_exit(&m);
}

static void *cancel_and_wait(void *arg)
{
	FIXTURE_DATA(closing) *self = arg;
	struct cring_cancel_key key = { .user_data = 1 };

	self->ret = cancel_call(RING->ring_fd, &key, 1, CRING_CANCEL_WAIT, -1);
	self->out = 1;
	return NULL;
}

TEST_F(closing, c16_close_while_another_thread_waits_in_a_cancel)
{
	struct slowmem m;
	int ret = slowmem_init(&m, 4096);
	pthread_t submitter;

	if (ret == -ENODEV)
		SKIP(return, "no userfaultfd in this kernel");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	put(RING, .opcode = CRING_OP_READ, .fd = self->p[0],
	    .addr = PTR64(m.mem), .len = 1, .user_data = 1);
	put(RING, .opcode = CRING_OP_NOP, .user_data = 2);
	put(RING, .opcode = CRING_OP_NOP, .user_data = 3);
	cring_flush_sq(RING);
	submitter = new_thread(submit_slowly, self);
	ASSERT_EQ(0, slowmem_wait_fault(&m));
	self->thread = new_thread(cancel_and_wait, self);
	msleep(100);
	ASSERT_EQ(0, atomic_load(&self->out));
	ASSERT_EQ(0, close(RING->ring_fd));
	ASSERT_EQ(0, slowmem_fill(&m, 0));
	join(self->thread);
	join(submitter);
	expect_refs(self->refs);
	slowmem_exit(&m);
}

TEST_HARNESS_MAIN
