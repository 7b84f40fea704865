// SPDX-License-Identifier: MIT
/*
 * C15: a ring may cap how many direct reads and writes it has in devices at
 * once.  What is beyond that waits, in order, and can be stopped with 0.
 */
#include <sys/sysinfo.h>

#include "util.h"
#include "cancel_util.h"
#include "cancel_dev.h"

#define SLOW		(500 * NSEC_PER_MSEC)
#define NOT_STARTED	CRING_CQE_F_NOT_STARTED
#define BUFSZ		(64 * 4096)

FIXTURE(window) {
	struct cring ring;
	struct nullb nb;
	struct dmdev dm;
	char *buf;
	int fd;
};

#define RING	(&self->ring)

static int open_ring(struct cring *ring, unsigned int window)
{
	struct cring_params p = { .sq_entries = 256, .window = window };

	return cring_queue_init_params(256, ring, &p);
}

FIXTURE_SETUP(window)
{
	if (!have_nullb())
		SKIP(return, NULLB_SKIP);
	ASSERT_EQ(0, open_ring(RING, 4));
	self->buf = new_pages(BUFSZ);
}

FIXTURE_TEARDOWN(window)
{
	if (!have_nullb())
		return;
	dm_destroy(&self->dm);
	cring_queue_exit(RING);
	nullb_del(&self->nb);
}

#define put_read(ring, ud, ...)						\
	put(ring, .opcode = CRING_OP_READ, .fd = self->fd,		\
	    .addr = PTR64(self->buf + (ud) % 64 * 4096), .len = 4096,	\
	    .off = (ud) % 64 * 4096, .user_data = ud, ##__VA_ARGS__)

#define slow_disk(ns)							\
	new_nullb(&self->nb, .no_memory = true, .delay_ns = ns);	\
	self->fd = nullb_open(&self->nb, O_RDWR | O_DIRECT)

/* Reads 0 to @nr - 1, in one call. */
#define reads(nr) do {							\
	unsigned int __i;						\
	for (__i = 0; __i < (nr); __i++)				\
		put_read(RING, __i);					\
	submit_all(RING, nr);						\
} while (0)

/* What the block layer itself counts there. */
static int in_device(const struct nullb *nb)
{
	char path[96], line[64] = "";
	unsigned int r, w;
	int fd;

	snprintf(path, sizeof(path), "/sys/block/%s/inflight", nb->name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, line, sizeof(line) - 1) <= 0)
		return -1;
	close(fd);
	return sscanf(line, "%u %u", &r, &w) == 2 ? (int)(r + w) : -1;
}

/*
 * No more than @nr, and at most one a CPU whose end we have been told of, and
 * which that CPU has not given back yet: the block layer tells us first.
 */
#define at_most(nr)		((nr) + get_nprocs())

static int set_window(struct cring *ring, unsigned int nr)
{
	struct cring_register reg = {
		.opcode = CRING_REGISTER_WINDOW, .nr = nr,
	};

	return ioc_ptr(ring->ring_fd, CRING_IOC_REGISTER, &reg);
}

TEST_F(window, c15_no_more_than_that_is_in_the_device)
{
	slow_disk(SLOW);
	reads(16);
	EXPECT_EQ(4, in_device(&self->nb));
	await(RING, 3);
	EXPECT_LE(in_device(&self->nb), at_most(4));
	expect_one_each(RING, 0, 16);
	EXPECT_TRUE(wait_until(in_device(&self->nb) == 0));
}

TEST_F(window, c15_without_one_all_of_them_are)
{
	struct cring other;
	int i;

	slow_disk(SLOW);
	ASSERT_EQ(0, open_ring(&other, 0));
	/* none beside another: those would be merged */
	for (i = 0; i < 16; i++)
		put(&other, .opcode = CRING_OP_READ, .fd = self->fd,
		    .addr = PTR64(self->buf + i * 4096), .len = 4096,
		    .off = i * 2 * 4096, .user_data = i);
	submit_all(&other, 16);
	EXPECT_EQ(16, in_device(&self->nb));
	expect_one_each(&other, 0, 16);
	cring_queue_exit(&other);
}

/* and each has its own CQE, and is counted by itself */
TEST_F(window, c15_without_one_what_is_adjacent_may_go_as_one)
{
	struct cring other;
	int i;

	slow_disk(SLOW);
	ASSERT_EQ(0, open_ring(&other, 0));
	for (i = 0; i < 16; i++)
		put_read(&other, i);
	submit_all(&other, 16);
	EXPECT_LT(in_device(&self->nb), 16);
	EXPECT_EQ(-EALREADY, cancel(&other, BY_CALL, .user_data = 3));
	expect_one_each(&other, 0, 16);
	cring_queue_exit(&other);
}

TEST_F(window, c15_what_is_beyond_it_is_stopped_with_0)
{
	struct cring_cancel_key all = { .flags = C_ANY | C_ALL };
	int i;

	slow_disk(SLOW);
	reads(16);
	for (i = 15; i >= 10; i--)
		EXPECT_EQ(0, cancel(RING, BY_CALL, .user_data = i));
	EXPECT_EQ(0, cancel(RING, BY_SQE, .user_data = 9));
	EXPECT_EQ(-EALREADY, cancel(RING, BY_CALL, .user_data = 3));
	EXPECT_EQ(0, cancel_call(RING->ring_fd, &all, 1, 0, 0));
	EXPECT_EQ(9, all.res);
	EXPECT_EQ(4, all.already);
	for (i = 4; i < 16; i++) {
		expect_res(RING, i, -ECANCELED);
		EXPECT_EQ(NOT_STARTED, cq_peek(RING, cqe_at(RING, i))->flags);
	}
	settle(RING);
	for (i = 0; i < 4; i++)
		expect_res(RING, i, 4096);
}

TEST_F(window, c15_c13_what_waits_for_a_place_ends_at_its_deadline)
{
	slow_disk(SLOW);
	reads(4);
	put_read(RING, 4, .deadline = SLOW / 10,
		 .xflags = CRING_SQE_X_DEADLINE);
	submit_all(RING, 1);
	await(RING, 4);
	expect_res(RING, 4, -ETIME);
	EXPECT_EQ(NOT_STARTED, cq_peek(RING, cqe_at(RING, 4))->flags);
	expect_pending(RING, 0);
}

TEST_F(window, c15_behind_a_hung_device_the_rest_can_be_stopped)
{
	int i;

	if (access("/dev/mapper/control", F_OK))
		SKIP(return, "no device mapper in this kernel");
	new_nullb(&self->nb, .size_mb = 4);
	ASSERT_EQ(0, dm_create(&self->dm, "cring_window", self->nb.dev, 4));
	self->fd = open(self->dm.path, O_RDWR | O_DIRECT);
	ASSERT_GE(self->fd, 0);
	fill(self->buf, BUFSZ, 5);
	ASSERT_EQ(BUFSZ, pwrite(self->fd, self->buf, BUFSZ, 0));
	memset(self->buf, 0, BUFSZ);
	ASSERT_EQ(0, dm_suspend(&self->dm));
	reads(64);
	msleep(QUIET_MS);
	for (i = 4; i < 60; i++)
		EXPECT_EQ(0, cancel(RING, BY_CALL, .user_data = i));
	ASSERT_EQ(0, dm_resume(&self->dm));
	expect_one_each(RING, 0, 64);
	for (i = 0; i < 64; i++) {
		expect_res(RING, i, i < 4 || i >= 60 ? 4096 : -ECANCELED);
		if (i < 4 || i >= 60)
			EXPECT_TRUE(is_filled_at(self->buf + i * 4096, 4096, 5,
						 i * 4096));
	}
	close(self->fd);
}

TEST_F(window, c15_what_is_not_a_direct_transfer_does_not_wait)
{
	int p[2], fd;

	slow_disk(SLOW);
	fd = new_filled(TMPFS_DIR, O_RDWR, 4096, 1);
	new_pipe(p, 0);
	reads(6);
	arm_read(RING, 10, p[0]);
	put(RING, .opcode = CRING_OP_READ, .fd = fd, .len = 4096,
	    .addr = PTR64(self->buf), .user_data = 11);
	put(RING, .opcode = CRING_OP_NOP, .user_data = 12);
	/* and this one is told not to wait */
	put_read(RING, 13, .rw_flags = RWF_NOWAIT);
	submit_all(RING, 3);
	expect_res(RING, 12, 0);
	expect_res(RING, 13, -EAGAIN);
	await(RING, 11);
	expect_res(RING, 11, 4096);
	expect_pending(RING, 0);
	ASSERT_EQ(1, write(p[1], "x", 1));
	await(RING, 10);
	settle(RING);
}

TEST_F(window, c15_it_is_changed_while_they_wait)
{
	slow_disk(SLOW);
	EXPECT_EQ(0, set_window(RING, 1));
	reads(16);
	EXPECT_EQ(1, in_device(&self->nb));
	EXPECT_EQ(0, set_window(RING, 6));
	EXPECT_TRUE(wait_until(in_device(&self->nb) == 6));
	EXPECT_EQ(0, set_window(RING, 0));
	EXPECT_TRUE(wait_until(in_device(&self->nb) > 6));
	expect_one_each(RING, 0, 16);
}

TEST_F(window, c15_a_set_up_or_register_call_that_is_wrong)
{
	struct cring_register reg = { .opcode = CRING_REGISTER_WINDOW };

	reg.addr = 1;
	EXPECT_EQ(-EINVAL, ioc_ptr(RING->ring_fd, CRING_IOC_REGISTER, &reg));
	reg.addr = 0;
	reg.offset = 1;
	EXPECT_EQ(-EINVAL, ioc_ptr(RING->ring_fd, CRING_IOC_REGISTER, &reg));
	reg.offset = 0;
	for (reg.opcode = 7; reg.opcode < 128; reg.opcode++)
		EXPECT_EQ(-EINVAL, ioc_ptr(RING->ring_fd, CRING_IOC_REGISTER,
					   &reg));
	EXPECT_TRUE(RING->features & CRING_FEAT_WINDOW);
}

/* Nobody is inside the ring's calls when there is room again. */
TEST_F(window, c15_a_place_is_given_on_while_nobody_waits)
{
	slow_disk(20 * NSEC_PER_MSEC);
	reads(32);
	EXPECT_TRUE(wait_until(cq_count(RING) == 32));
	expect_one_each(RING, 0, 32);
}

static void *submit_and_exit(void *arg)
{
	struct cring *ring = arg;

	cring_submit(ring);
	return NULL;
}

TEST_F(window, c15_a_place_is_given_on_when_the_submitter_is_gone)
{
	pthread_t thread;
	int i;

	slow_disk(50 * NSEC_PER_MSEC);
	for (i = 0; i < 16; i++)
		put_read(RING, i);
	ASSERT_EQ(0, pthread_create(&thread, NULL, submit_and_exit, RING));
	pthread_join(thread, NULL);
	EXPECT_TRUE(wait_until(cq_count(RING) == 16));
	for (i = 0; i < 16; i++)
		expect_res(RING, i, 4096);
}

struct watcher {
	const struct nullb *nb;
	atomic_int go;
	int most;
};

static void *watch(void *arg)
{
	struct watcher *w = arg;

	while (atomic_load(&w->go)) {
		int n = in_device(w->nb);

		if (n > w->most)
			w->most = n;
	}
	return NULL;
}

/* Reads and cancels at random, and somebody counts. */
TEST_F(window, c15_c1_never_more_whatever_is_cancelled)
{
	struct watcher w = { .nb = &self->nb, .go = 1 };
	unsigned int i, round, seed = 1, stopped = 0;
	pthread_t thread;

	slow_disk(NSEC_PER_MSEC / 5);
	ASSERT_EQ(0, pthread_create(&thread, NULL, watch, &w));
	for (round = 0; round < 40; round++) {
		for (i = 0; i < 64; i++)
			put_read(RING, i);
		submit_all(RING, 64);
		for (i = 0; i < 32; i++)
			stopped += !cancel(RING, BY_CALL,
					   .user_data = rand_r(&seed) % 64);
		expect_one_each(RING, 0, 64);
		reap_all(RING);
	}
	atomic_store(&w.go, 0);
	pthread_join(thread, NULL);
	EXPECT_LE(w.most, at_most(4));
	EXPECT_GT(w.most, 0);
	EXPECT_GT(stopped, 0);
	TH_LOG("at most %d in the device, %u stopped", w.most, stopped);
}

TEST_F(window, c16_a_ring_is_closed_while_they_wait)
{
	struct cring other;
	int i;

	slow_disk(SLOW);
	ASSERT_EQ(0, open_ring(&other, 2));
	for (i = 0; i < 64; i++)
		put_read(&other, i);
	submit_all(&other, 64);
	cring_queue_exit(&other);
	EXPECT_LE(in_device(&self->nb), at_most(2));
	EXPECT_TRUE(wait_until(in_device(&self->nb) == 0));
}

TEST_HARNESS_MAIN
