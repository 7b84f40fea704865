// SPDX-License-Identifier: MIT
/*
 * C1: two threads submit from the same queue, and both wait.  Each SQE is taken
 * once, whoever takes it, and each has one completion.
 */
#include "util.h"
#include "race_util.h"

FIXTURE(race) {
	struct race r;
	int p[2], file, taken[2];
};

#define SELF(r)	((FIXTURE_DATA(race) *)(r)->test)

FIXTURE_SETUP(race)
{
	new_pipe(self->p, O_NONBLOCK);
	self->file = new_filled(TMPFS_DIR, O_RDWR, 4096, 1);
	race_start(&self->r, self);
}

FIXTURE_TEARDOWN(race)
{
	race_stop(&self->r);
}

/* Cached reads, armed reads, workers, chains; all in the queue, unsubmitted. */
static void put_mixed(struct __test_metadata *_metadata, struct race *r)
{
	static struct cring_timespec soon = { .tv_nsec = 20000 };
	unsigned int i;

	for (i = 0; i < BATCH; i++) {
		switch (i % 5) {
		case 0:
		case 1:
			put(&r->ring, .opcode = CRING_OP_READ,
			    .fd = SELF(r)->file, .addr = PTR64(sink),
			    .len = 64, .user_data = i,
			    .flags = i % 5 ? CRING_SQE_ASYNC : 0);
			break;
		case 2:
			put(&r->ring, .opcode = CRING_OP_WRITE,
			    .fd = SELF(r)->p[1], .addr = PTR64(sink),
			    .len = 1, .user_data = i);
			break;
		case 3:
			put(&r->ring, .opcode = CRING_OP_TIMEOUT, .fd = -1,
			    .addr = PTR64(&soon), .len = 1, .user_data = i);
			break;
		case 4:
			put(&r->ring, .opcode = CRING_OP_NOP, .user_data = i,
			    .flags = CRING_SQE_IO_LINK);
		}
	}
	SELF(r)->taken[0] = SELF(r)->taken[1] = 0;
	cring_flush_sq(&r->ring);
}

static void take(struct race *r, int who, unsigned int step)
{
	int ret;

	do {
		ret = submit_raw(r->ring.ring_fd, step, 0);
		SELF(r)->taken[who] += ret;
	} while (ret > 0);
	/* And both run what is ready, and wait for all of it. */
	submit_raw(r->ring.ring_fd, 0, BATCH);
}

static void take_here(struct race *r)
{
	take(r, 0, 1 + r->batch % 4);
}

static void take_there(struct race *r)
{
	unsigned int i;

	take(r, 1, 1 + r->batch % 3);
	for (i = 0; i < BATCH; i++)
		race_note(r, i, -EALREADY);
}

static void check_taken(struct __test_metadata *_metadata, struct race *r)
{
	unsigned int i, wrong = 0;

	ASSERT_EQ(BATCH, SELF(r)->taken[0] + SELF(r)->taken[1])
		TH_LOG("%d and %d", SELF(r)->taken[0], SELF(r)->taken[1]);
	ASSERT_EQ(BATCH, cq_count(&r->ring));
	for (i = 0; i < BATCH; i++) {
		static const int want[] = { 64, 64, 1, -ETIME, 0 };

		wrong += res_of(&r->ring, i) != want[i % 5];
	}
	ASSERT_EQ(0, wrong);
	while (read(SELF(r)->p[0], sink, sizeof(sink)) > 0)
		;
}

TEST_F_TIMEOUT(race, c1_two_threads_submit_from_one_queue, 600)
{
	self->r.against = take_there;
	race_run(&self->r, race_rounds(), put_mixed, take_here, check_taken);
	EXPECT_EQ(0, self->r.canceled);
}

TEST_HARNESS_MAIN
