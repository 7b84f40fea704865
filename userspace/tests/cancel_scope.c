// SPDX-License-Identifier: MIT
/*
 * C11: a cancel that reaches further than a ring: every operation of this
 * process, through whichever ring, or what the calling thread has submitted.
 * Each is cancelled exactly once, and the file stays usable.
 */
#include "util.h"
#include "cancel_util.h"
#include "cancel_dev.h"

#define NR		3	/* rings */
#define PROCESS		CRING_CANCEL_PROCESS
#define THREAD		CRING_CANCEL_THREAD

FIXTURE(scope) {
	struct cring ring[NR];
	struct nullb nb;
	char *buf;
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
	self->buf = new_pages(16 * 4096);
	new_pipe(self->p, 0);
	new_pipe(self->q, 0);
}

FIXTURE_TEARDOWN(scope)
{
	int i;

	for (i = 0; i < NR; i++)
		cring_queue_exit(&self->ring[i]);
	close(self->dev);
	nullb_del(&self->nb);
}

/* One key, a wider scope: its answer, or the call's error. */
#define scope_key(fd, flags, ...) __extension__ ({			\
	struct cring_cancel_key __key = { __VA_ARGS__ };		\
	int __ret = cancel_call(fd, &__key, 1, flags, 0);		\
	__ret ? __ret : __key.res; })

TEST_F(scope, c11_process_reaches_a_file_through_every_ring)
{
	char byte = 'x', got = 0;
	int i;

	for (i = 0; i < NR; i++) {
		arm_read(&self->ring[i], 1, self->p[0]);
		arm_poll(&self->ring[i], 2, self->p[0]);
		arm_read(&self->ring[i], 3, self->q[0]);
	}
	EXPECT_EQ(2 * NR, scope_key(self->dev, PROCESS, .flags = C_FD | C_ALL,
				    .fd = self->p[0]));
	for (i = 0; i < NR; i++) {
		expect_res(&self->ring[i], 1, -ECANCELED);
		expect_res(&self->ring[i], 2, -ECANCELED);
		expect_pending(&self->ring[i], 3);
	}
	EXPECT_EQ(0, scope_key(self->dev, PROCESS, .flags = C_FD | C_ALL,
			       .fd = self->p[0]));
	/* The file stays usable, with a ring and without. */
	ASSERT_EQ(1, write(self->p[1], &byte, 1));
	put(&self->ring[0], .opcode = CRING_OP_READ, .fd = self->p[0],
	    .addr = PTR64(&got), .len = 1, .user_data = 4);
	submit_all(&self->ring[0], 1);
	await(&self->ring[0], 4);
	expect_res(&self->ring[0], 4, 1);
	EXPECT_EQ('x', got);
}

TEST_F(scope, c11_any_ring_will_do_and_a_device_without_one_too)
{
	arm_read(&self->ring[1], 1, self->p[0]);
	EXPECT_EQ(0, scope_key(self->ring[0].ring_fd, PROCESS, .user_data = 1));
	expect_res(&self->ring[1], 1, -ECANCELED);
	arm_read(&self->ring[2], 2, self->p[0]);
	EXPECT_EQ(0, scope_key(self->dev, PROCESS, .user_data = 2));
	expect_res(&self->ring[2], 2, -ECANCELED);
	EXPECT_EQ(-EBADFD, scope_key(self->dev, 0, .user_data = 2));
}

TEST_F(scope, c11_without_a_scope_one_ring_is_reached)
{
	arm_read(&self->ring[1], 1, self->p[0]);
	EXPECT_EQ(-ENOENT, scope_key(self->ring[0].ring_fd, 0, .user_data = 1));
	EXPECT_EQ(0, scope_key(self->ring[0].ring_fd, 0,
			       .flags = C_FD | C_ALL, .fd = self->p[0]));
	expect_pending(&self->ring[1], 1);
}

TEST_F(scope, c11_without_all_one_match_in_one_ring)
{
	int i, left = 0;

	for (i = 0; i < NR; i++)
		arm_read(&self->ring[i], 1, self->p[0]);
	EXPECT_EQ(0, scope_key(self->dev, PROCESS, .user_data = 1));
	for (i = 0; i < NR; i++)
		left += cqe_at(&self->ring[i], 1) < 0;
	EXPECT_EQ(NR - 1, left);
	EXPECT_EQ(0, scope_key(self->dev, PROCESS, .user_data = 1));
	EXPECT_EQ(0, scope_key(self->dev, PROCESS, .user_data = 1));
	EXPECT_EQ(-ENOENT, scope_key(self->dev, PROCESS, .user_data = 1));
	for (i = 0; i < NR; i++)
		expect_res(&self->ring[i], 1, -ECANCELED);
}

TEST_F(scope, c11_an_array_of_keys_each_with_its_answer)
{
	struct cring_cancel_key keys[] = {
		{ .user_data = 1 },
		{ .user_data = 9 },
		{ .flags = C_OP | C_ALL, .opcode = CRING_OP_TIMEOUT },
		{ .flags = C_FD, .fd = -1 },
		{ .flags = C_FIXED, .fd = 0 },
		{ .flags = CRING_ASYNC_CANCEL_TICKET, .ticket = 0 },
		{ .flags = C_ANY | C_FD },
		{ .flags = CRING_ASYNC_CANCEL_GROUP | C_ALL, .group = 7 },
		{ .flags = C_ANY | C_ALL },
	};
	static const int want[] = {
		0, -ENOENT, 2, -EBADF, -EINVAL, -EINVAL, -EINVAL, 3, 1,
	};
	unsigned int i;

	arm_read(&self->ring[2], 1, self->p[0]);
	arm_timer(&self->ring[0], 2);
	arm_timer(&self->ring[1], 3);
	arm_read(&self->ring[1], 4, self->p[0]);
	for (i = 0; i < NR; i++) {
		put(&self->ring[i], .opcode = CRING_OP_READ, .fd = self->p[0],
		    .addr = PTR64(sink), .len = 1, .user_data = 5, .group = 7);
		submit_all(&self->ring[i], 1);
	}
	EXPECT_EQ(0, cancel_call(self->dev, keys, ARRAY_LEN(keys), PROCESS, 0));
	for (i = 0; i < ARRAY_LEN(keys); i++)
		EXPECT_EQ(want[i], keys[i].res)
			TH_LOG("key %u", i);
	settle(&self->ring[0]);
	settle(&self->ring[1]);
	settle(&self->ring[2]);
}

TEST_F(scope, c11_one_scope_at_a_time_and_none_that_is_unknown)
{
	struct cring_cancel_key key = { .user_data = 1 };

	arm_read(&self->ring[0], 1, self->p[0]);
	EXPECT_EQ(-EINVAL, cancel_call(self->dev, &key, 1, PROCESS | THREAD, 0));
	EXPECT_EQ(-EINVAL, cancel_call(self->dev, &key, 1, PROCESS | 1U << 31,
				       0));
	EXPECT_EQ(-EINVAL, cancel_call(self->dev, &key, 0, PROCESS, 0));
	EXPECT_EQ(-EINVAL, cancel_call(self->dev, &key, 1, PROCESS, 1));
	expect_pending(&self->ring[0], 1);
}

static int nothing_to_find(void *arg)
{
	int dev = open(CRING_DEVICE, O_RDWR | O_CLOEXEC);
	int one = scope_key(dev, PROCESS, .user_data = 1);
	int all = scope_key(dev, PROCESS, .flags = C_ANY | C_ALL);
	int ours = scope_key(dev, THREAD, .flags = C_ANY | C_ALL);

	(void)arg;
	return one != -ENOENT || all || ours;
}

TEST_F(scope, c11_a_process_without_rings_has_nothing_in_flight)
{
	/* It has inherited the descriptors, and its parent has operations. */
	arm_read(&self->ring[0], 1, self->p[0]);
	EXPECT_EQ(0, run_child(nothing_to_find, NULL));
	expect_pending(&self->ring[0], 1);
}

static int through_the_parents_ring(void *arg)
{
	struct cring *ring = arg;

	return scope_key(ring->ring_fd, PROCESS, .user_data = 1) != -EPERM;
}

static int with_a_ring_of_its_own(void *arg)
{
	int *p = arg;
	struct cring ring;
	struct cring_sqe *sqe;

	if (cring_queue_init(8, &ring, 0))
		return 1;
	sqe = cring_get_sqe(&ring);
	cring_prep_read(sqe, p[0], sink, 1, 0);
	sqe->user_data = 1;
	if (cring_submit(&ring) != 1)
		return 2;
	return scope_key(ring.ring_fd, PROCESS, .flags = C_FD | C_ALL,
			 .fd = p[0]) != 1;
}

TEST_F(scope, s1_another_process_is_not_reached)
{
	arm_read(&self->ring[0], 1, self->p[0]);
	EXPECT_EQ(0, run_child(through_the_parents_ring, &self->ring[0]));
	EXPECT_EQ(0, run_child(with_a_ring_of_its_own, self->p));
	expect_pending(&self->ring[0], 1);
	EXPECT_EQ(0, scope_key(self->dev, PROCESS, .user_data = 1));
}

/* ---- with a wait --------------------------------------------------------- */

TEST_F(scope, c11_wait_until_all_rings_have_finished)
{
	struct cring_cancel_key keys[] = {
		{ .flags = C_FD | C_ALL, .fd = self->p[0] },
		{ .user_data = 0 },
		{ .flags = C_ANY | C_ALL },
	};
	int i;

	/* The last ring's are in a device, the others' on workers and armed. */
	for (i = 0; i < NR - 1; i++) {
		put_async_read(_metadata, &self->ring[i], 10, self->p[0]);
		put_async_read(_metadata, &self->ring[i], 11, self->p[0]);
		submit_all(&self->ring[i], 2);
		arm_read(&self->ring[i], 12, self->p[0]);
		arm_timer(&self->ring[i], 13);
	}
	msleep(300);
	start_slow_reads(&self->ring[NR - 1], 4, 500);
	EXPECT_EQ(0, cancel_call(self->dev, keys, 3, PROCESS | CRING_CANCEL_WAIT,
				 LIMIT_MS * NSEC_PER_MSEC));
	EXPECT_EQ(3 * (NR - 1), keys[0].res);
	EXPECT_EQ(2 * (NR - 1), keys[0].already);
	EXPECT_EQ(-EALREADY, keys[1].res);
	EXPECT_GE(keys[2].res, 4 + NR - 1);
	for (i = 0; i < NR; i++)
		EXPECT_EQ(0, shared_of(&self->ring[i])->in_flight);
	for (i = 0; i < NR - 1; i++)
		expect_one_each(&self->ring[i], 10, 4);
	for (i = 0; i < 4; i++)
		expect_res(&self->ring[NR - 1], i, 4096);
}

TEST_F(scope, c11_a_wait_for_several_rings_may_time_out)
{
	struct cring_cancel_key key = { .flags = C_ANY | C_ALL };
	uint64_t start;

	arm_read(&self->ring[0], 7, self->p[0]);
	start_slow_reads(&self->ring[1], 1, 1500);
	start = now_ns();
	EXPECT_EQ(-ETIME, cancel_call(self->dev, &key, 1,
				      PROCESS | CRING_CANCEL_WAIT,
				      50 * NSEC_PER_MSEC));
	EXPECT_SOON(start, 1400 * NSEC_PER_MSEC);
	EXPECT_EQ(2, key.res);
	EXPECT_EQ(1, key.already);
	expect_res(&self->ring[0], 7, -ECANCELED);
	await(&self->ring[1], 0);
	expect_res(&self->ring[1], 0, 4096);
}

TEST_F(scope, c11_what_a_closed_ring_left_in_a_device_is_found)
{
	struct cring_cancel_key key = { .flags = C_ANY | C_ALL };
	struct cring gone;

	memset(self->buf, 0x55, 4096);
	ring_init(&gone, 8);
	start_slow_reads(&gone, 1, 700);
	cring_queue_exit(&gone);
	EXPECT_EQ(0, cancel_call(self->dev, &key, 1, PROCESS | CRING_CANCEL_WAIT,
				 LIMIT_MS * NSEC_PER_MSEC));
	EXPECT_EQ(1, key.res);
	EXPECT_EQ(1, key.already);
	/* and then the buffer is the caller's */
	memset(self->buf, 0x77, 4096);
	msleep(2 * QUIET_MS);
	EXPECT_TRUE(is_byte(self->buf, 4096, 0x77));
}

/* ---- rings that come and go ---------------------------------------------- */

struct churn {
	int p, dev;
	uint32_t over;
	unsigned long rings, wrong, found;
};

/* Makes a ring with a read in it, and waits until the cancel has found it. */
static void *make_rings(void *arg)
{
	struct churn *c = arg;

	while (!load_acquire(&c->over)) {
		struct cring_sqe *sqe;
		struct cring_cqe cqe;
		struct cring ring;

		if (cring_queue_init(4, &ring, 0)) {
			c->wrong++;
			break;
		}
		sqe = cring_get_sqe(&ring);
		cring_prep_read(sqe, c->p, sink, 1, 0);
		sqe->user_data = 1;
		if (cring_submit(&ring) != 1)
			c->wrong++;
		/* Every other one is closed with the read in it. */
		if (c->rings++ & 1 && (!take_cqe(&ring, &cqe, LIMIT_MS) ||
				       cqe.res != -ECANCELED))
			c->wrong++;
		cring_queue_exit(&ring);
	}
	return NULL;
}

TEST_F_TIMEOUT(scope, c11_rings_may_come_and_go_meanwhile, 120)
{
	struct churn c[2] = {
		{ .p = self->p[0] }, { .p = self->p[0] },
	};
	struct cring_cancel_key key = { .flags = C_FD | C_ALL,
					.fd = self->p[0] };
	unsigned long rounds = 0, stopped = 0;
	uint64_t end = now_ns() + 3 * NSEC_PER_SEC;
	pthread_t t[2];
	int i;

	for (i = 0; i < 2; i++)
		t[i] = new_thread(make_rings, &c[i]);
	while (now_ns() < end) {
		ASSERT_EQ(0, cancel_call(self->dev, &key, 1, PROCESS, 0));
		ASSERT_LE((int)key.already, key.res);
		/* Closed with a read in it, and another one opened. */
		ASSERT_LE(key.res, 4);
		stopped += key.res - key.already;
		rounds++;
	}
	for (i = 0; i < 2; i++)
		__atomic_store_n(&c[i].over, 1, __ATOMIC_RELEASE);
	for (i = 0; i < 2; i++) {
		/* Whoever waits is let go. */
		while (pthread_tryjoin_np(t[i], NULL)) {
			scope_key(self->dev, PROCESS, .flags = C_ANY | C_ALL);
			ASSERT_LT(now_ns(), end + LIMIT_MS * NSEC_PER_MSEC);
			msleep(1);
		}
		EXPECT_EQ(0, c[i].wrong);
	}
	TH_LOG("%lu cancels, %lu rings, %lu stopped", rounds,
	       c[0].rings + c[1].rings, stopped);
	EXPECT_GT(stopped, 0);
	/* Each once at most. */
	EXPECT_LE(stopped, c[0].rings + c[1].rings);
}

TEST_HARNESS_MAIN
