// SPDX-License-Identifier: MIT
/*
 * C1, C3: cancel against wake-up.  Reads and polls are armed; one thread makes
 * their files ready, another cancels them.  A byte that no read took is still
 * in its pipe.
 */
#include "util.h"
#include "race_util.h"

FIXTURE(race) {
	struct race r;
	int p[BATCH][2], ev[BATCH];
	char buf[BATCH];
	/* the third thread, that writes while the main one waits */
	pthread_t writer;
	bool over;
	int go, done;
};

#define SELF(r)	((FIXTURE_DATA(race) *)(r)->test)

/* Threads of one CPU do not spin for each other. */
static void signal_to(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, 8) != 8)
		abort();
}

static void wait_on(int fd)
{
	uint64_t v;

	if (read(fd, &v, 8) != 8)
		abort();
}

FIXTURE_SETUP(race)
{
	int i;

	for (i = 0; i < BATCH; i++) {
		new_pipe(self->p[i], i & 1 ? O_NONBLOCK : 0);
		self->ev[i] = eventfd(0, EFD_NONBLOCK);
		ASSERT_GE(self->ev[i], 0);
	}
	race_start(&self->r, self);
}

FIXTURE_TEARDOWN(race)
{
	if (self->writer) {
		self->over = true;
		signal_to(self->go);
		join(self->writer);
	}
	race_stop(&self->r);
}

static void arm_reads(struct __test_metadata *_metadata, struct race *r)
{
	unsigned int i;

	for (i = 0; i < BATCH; i++)
		put(&r->ring, .opcode = CRING_OP_READ, .fd = SELF(r)->p[i][0],
		    .addr = PTR64(&SELF(r)->buf[i]), .len = 1, .user_data = i);
	submit_all(&r->ring, BATCH);
}

static void write_pipes(struct race *r)
{
	unsigned int i;

	for (i = 0; i < BATCH; i++)
		if (write(SELF(r)->p[i][1], "x", 1) != 1)
			abort();
}

/* Each pipe is empty if its read succeeded, else it still has its byte. */
static void check_pipes(struct __test_metadata *_metadata, struct race *r)
{
	unsigned int i, wrong = 0;

	for (i = 0; i < BATCH; i++) {
		int res = res_of(&r->ring, i), left = 0;

		ioctl(SELF(r)->p[i][0], FIONREAD, &left);
		wrong += res == 1 ? left != 0 : left != 1;
		if (left)
			wrong += read(SELF(r)->p[i][0], sink, left) != left;
	}
	ASSERT_EQ(0, wrong)
		TH_LOG("batch %u: bytes lost or doubled", r->batch);
}

TEST_F_TIMEOUT(race, c3_cancel_against_wake_up_of_pipe_reads, 600)
{
	race_run_until(self->r.stopped && self->r.late + self->r.already,
		       &self->r, race_rounds(), arm_reads, write_pipes,
		       check_pipes);
}

static void *writer(void *arg)
{
	struct race *r = arg;

	pin_cpu(0);
	for (;;) {
		wait_on(SELF(r)->go);
		if (SELF(r)->over)
			return NULL;
		write_pipes(r);
		signal_to(SELF(r)->done);
	}
}

/* The main thread sleeps in the ring's wait, and runs what becomes ready. */
static void wait_for_batch(struct race *r)
{
	struct cring_wait w = {
		.min_complete = BATCH, .flags = CRING_WAIT_TIMEOUT,
		.timeout = LIMIT_MS * NSEC_PER_MSEC,
	};
	int ret;

	signal_to(SELF(r)->go);
	ret = ioc_ptr(r->ring.ring_fd, CRING_IOC_WAIT, &w);
	if (ret) {
		/* a wake-up was lost, or it was woken for nothing */
		printf("# the wait answered %d\n", ret);
		r->wrong++;
	}
	wait_on(SELF(r)->done);
}

TEST_F_TIMEOUT(race, c3_cancel_against_wake_up_of_a_waiter, 600)
{
	self->go = eventfd(0, 0);
	self->done = eventfd(0, 0);
	self->writer = new_thread(writer, &self->r);
	race_run_until(self->r.stopped && self->r.late + self->r.already,
		       &self->r, race_rounds(), arm_reads, wait_for_batch,
		       check_pipes);
}

static void arm_polls(struct __test_metadata *_metadata, struct race *r)
{
	unsigned int i;

	for (i = 0; i < BATCH; i++)
		put(&r->ring, .opcode = CRING_OP_POLL_ADD,
		    .fd = SELF(r)->ev[i], .poll32_events = POLLIN,
		    .user_data = i);
	submit_all(&r->ring, BATCH);
}

static void write_eventfds(struct race *r)
{
	uint64_t one = 1;
	unsigned int i;

	for (i = 0; i < BATCH; i++)
		if (write(SELF(r)->ev[i], &one, 8) != 8)
			abort();
}

static void check_eventfds(struct __test_metadata *_metadata, struct race *r)
{
	uint64_t v;
	unsigned int i;

	for (i = 0; i < BATCH; i++) {
		int res = res_of(&r->ring, i);

		EXPECT_TRUE(res == POLLIN || res == -ECANCELED);
		ASSERT_EQ(8, read(SELF(r)->ev[i], &v, 8));
		ASSERT_EQ(1, v);
	}
}

TEST_F_TIMEOUT(race, c3_cancel_against_wake_up_of_polls, 600)
{
	race_run_until(self->r.stopped && self->r.late + self->r.already,
		       &self->r, race_rounds(), arm_polls, write_eventfds,
		       check_eventfds);
}

TEST_HARNESS_MAIN
