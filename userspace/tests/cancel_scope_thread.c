// SPDX-License-Identifier: MIT
/*
 * C11: a cancel that reaches what the calling thread has submitted, through
 * whichever ring, and nothing of any other thread's.
 */
#include "util.h"
#include "cancel_util.h"

#define NR		3	/* rings */
#define PROCESS		CRING_CANCEL_PROCESS
#define THREAD		CRING_CANCEL_THREAD

FIXTURE(scope) {
	struct cring ring[NR];
	int dev;		/* the device, without a ring */
	int p[2], q[2];
};

FIXTURE_SETUP(scope)
{
	int i;

	for (i = 0; i < NR; i++)
		ring_init(&self->ring[i], 64);
	self->dev = open(CRING_DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->dev, 0);
	new_pipe(self->p, 0);
	new_pipe(self->q, 0);
}

FIXTURE_TEARDOWN(scope)
{
	int i;

	for (i = 0; i < NR; i++)
		cring_queue_exit(&self->ring[i]);
	close(self->dev);
}

/* One key, a wider scope: its answer, or the call's error. */
#define scope_key(fd, flags, ...) __extension__ ({			\
	struct cring_cancel_key __key = { __VA_ARGS__ };		\
	int __ret = cancel_call(fd, &__key, 1, flags, 0);		\
	__ret ? __ret : __key.res; })

#define KINDS	7

/* Operations of every kind that waits, user_data from @base on. */
static void some_of_each(struct __test_metadata *_metadata,
			 FIXTURE_DATA(scope) *self, struct cring *ring,
			 uint64_t base)
{
	arm_read(ring, base, self->p[0]);
	arm_poll(ring, base + 1, self->q[0]);
	arm_timer(ring, base + 2);
	/* A chain: its second member waits for the first. */
	put(ring, .opcode = CRING_OP_READ, .flags = CRING_SQE_IO_HARDLINK,
	    .fd = self->p[0], .addr = PTR64(sink), .len = 1,
	    .user_data = base + 3);
	put(ring, .opcode = CRING_OP_TIMEOUT, .fd = -1, .addr = PTR64(&an_hour),
	    .len = 1, .user_data = base + 4);
	submit_all(ring, 2);
	/* On a worker. */
	put_async_read(_metadata, ring, base + 5, self->p[0]);
	submit_all(ring, 1);
	/* Behind a drain. */
	put(ring, .opcode = CRING_OP_TIMEOUT, .flags = CRING_SQE_IO_DRAIN,
	    .fd = -1, .addr = PTR64(&an_hour), .len = 1, .user_data = base + 6);
	submit_all(ring, 1);
}

struct thread_arg {
	struct __test_metadata *_metadata;
	struct cring *ring;
	void *self;		/* the fixture's data */
	uint32_t go;
	int answer;
};

static void *submit_and_cancel(void *arg)
{
	FIXTURE_DATA(scope) *self = ((struct thread_arg *)arg)->self;
	struct thread_arg *a = arg;
	struct cring_cancel_key key = { .flags = C_ANY | C_ALL };

	some_of_each(a->_metadata, self, a->ring, 100);
	__atomic_store_n(&a->go, 1, __ATOMIC_RELEASE);
	while (load_acquire(&a->go) != 2)
		msleep(1);
	a->answer = cancel_call(self->dev, &key, 1, THREAD, 0) ?: key.res;
	__atomic_store_n(&a->go, 3, __ATOMIC_RELEASE);
	while (load_acquire(&a->go) != 4)
		msleep(1);
	return NULL;
}

static void expect_all_ended(struct __test_metadata *_metadata,
			     struct cring *ring, uint64_t base)
{
	unsigned int i;

	for (i = 0; i < KINDS; i++) {
		await(ring, base + i);
		expect_res(ring, base + i, -ECANCELED);
	}
}

static void expect_all_pending(struct __test_metadata *_metadata,
			       struct cring *ring, uint64_t base)
{
	unsigned int i;

	for (i = 0; i < KINDS; i++)
		expect_pending(ring, base + i);
}

TEST_F(scope, c11_thread_is_what_the_calling_thread_has_submitted)
{
	struct thread_arg a = {
		._metadata = _metadata, .self = self, .ring = &self->ring[0],
	};
	pthread_t t;

	/* Both submit to the first ring; this one also to another. */
	t = new_thread(submit_and_cancel, &a);
	ASSERT_TRUE(wait_until(load_acquire(&a.go) == 1));
	/* Behind its drain everything waits; so in two rings of ours. */
	some_of_each(_metadata, self, &self->ring[1], 200);
	arm_read(&self->ring[2], 300, self->p[0]);
	msleep(200);
	__atomic_store_n(&a.go, 2, __ATOMIC_RELEASE);
	ASSERT_TRUE(wait_until(load_acquire(&a.go) == 3));
	EXPECT_EQ(KINDS, a.answer);
	expect_all_ended(_metadata, &self->ring[0], 100);
	expect_all_pending(_metadata, &self->ring[1], 200);
	expect_pending(&self->ring[2], 300);

	EXPECT_EQ(KINDS + 1, scope_key(self->dev, THREAD,
				       .flags = C_ANY | C_ALL));
	expect_all_ended(_metadata, &self->ring[1], 200);
	expect_res(&self->ring[2], 300, -ECANCELED);
	__atomic_store_n(&a.go, 4, __ATOMIC_RELEASE);
	join(t);
}

static void *arm_and_exit(void *arg)
{
	FIXTURE_DATA(scope) *self = ((struct thread_arg *)arg)->self;
	struct thread_arg *a = arg;
	struct __test_metadata *_metadata = a->_metadata;

	arm_read(a->ring, 1, self->p[0]);
	return NULL;
}

static void *arm_second_and_cancel(void *arg)
{
	FIXTURE_DATA(scope) *self = ((struct thread_arg *)arg)->self;
	struct thread_arg *a = arg;
	struct __test_metadata *_metadata = a->_metadata;
	struct cring_cancel_key key = { .flags = C_FD | C_ALL,
					.fd = self->p[0] };

	arm_read(a->ring, 2, self->p[0]);
	a->answer = cancel_call(self->dev, &key, 1, THREAD, 0) ?: key.res;
	return NULL;
}

TEST_F(scope, c11_two_threads_share_a_ring_and_not_their_operations)
{
	struct thread_arg a = {
		._metadata = _metadata, .self = self, .ring = &self->ring[0],
	};

	/* The first has exited: its operations are nobody's any more. */
	join(new_thread(arm_and_exit, &a));
	arm_read(&self->ring[0], 3, self->p[0]);
	join(new_thread(arm_second_and_cancel, &a));
	EXPECT_EQ(1, a.answer);
	expect_res(&self->ring[0], 2, -ECANCELED);
	expect_pending(&self->ring[0], 1);
	expect_pending(&self->ring[0], 3);
	EXPECT_EQ(-ENOENT, scope_key(self->dev, THREAD, .user_data = 1));
	EXPECT_EQ(0, scope_key(self->dev, THREAD, .user_data = 3));
	EXPECT_EQ(0, scope_key(self->dev, PROCESS, .user_data = 1));
}

#define OTHERS	100	/* more than are looked at under one lock */

static void *arm_many(void *arg)
{
	FIXTURE_DATA(scope) *self = ((struct thread_arg *)arg)->self;
	struct thread_arg *a = arg;
	struct __test_metadata *_metadata = a->_metadata;
	unsigned int i;

	for (i = 0; i < OTHERS; i++) {
		put(a->ring, .opcode = CRING_OP_POLL_ADD, .fd = self->p[0],
		    .poll32_events = POLLIN, .user_data = 7);
		if (i % 50 == 49)
			cring_submit(a->ring);
	}
	return NULL;
}

/* one user_data, and the calling thread's is the last of them */
TEST_F(scope, c11_its_own_behind_many_of_another_thread)
{
	struct thread_arg a = {
		._metadata = _metadata, .self = self, .ring = &self->ring[0],
	};
	struct cring_cqe cqe;

	join(new_thread(arm_many, &a));
	ASSERT_EQ(OTHERS, cring_in_flight(&self->ring[0]));
	EXPECT_EQ(-ENOENT, scope_key(self->dev, THREAD, .user_data = 7));
	arm_read(&self->ring[0], 7, self->p[0]);
	EXPECT_EQ(0, scope_key(self->dev, THREAD, .user_data = 7));
	ASSERT_EQ(1, cq_count(&self->ring[0]));
	cqe = *cq_peek(&self->ring[0], 0);
	EXPECT_EQ(-ECANCELED, cqe.res);
	EXPECT_EQ(OTHERS, cring_in_flight(&self->ring[0]));
	reap_all(&self->ring[0]);
	EXPECT_EQ(-ENOENT, scope_key(self->dev, THREAD, .user_data = 7));
	EXPECT_EQ(OTHERS, scope_key(self->dev, PROCESS, .user_data = 7,
				    .flags = C_UD | C_ALL));
}

TEST_HARNESS_MAIN
