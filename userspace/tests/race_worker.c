// SPDX-License-Identifier: MIT
/*
 * C1, C3, C4: cancel against the start of a worker.  Each read would sleep for
 * ever in its worker: a cancel that came between two steps of the start, and
 * was lost, shows as an operation that does not end.
 */
#include "util.h"
#include "race_util.h"

FIXTURE(race) {
	struct race r;
	int p[2];
};

#define SELF(r)	((FIXTURE_DATA(race) *)(r)->test)

FIXTURE_SETUP(race)
{
	new_pipe(self->p, 0);
	race_start(&self->r, self);
}

FIXTURE_TEARDOWN(race)
{
	race_stop(&self->r);
}

static void put_blocking(struct __test_metadata *_metadata, struct race *r)
{
	unsigned int i;

	for (i = 0; i < BATCH; i++)
		put_async_read(_metadata, &r->ring, i, SELF(r)->p[0]);
}

/* Cancels until nothing is missed: -ENOENT before submission is tried again. */
static void cancel_until_hit(struct race *r)
{
	unsigned int i;

	for (i = 0; i < BATCH; i++) {
		do {
			r->accepted[i] = race_accepted(r);
			race_note(r, i, cancel_key(r->ring.ring_fd,
						   .user_data = i));
		} while (r->answer[i] == -ENOENT &&
			 r->accepted[i] <= r->base + i);
	}
}

/* ANY|ALL over and over, the last time with all of them accepted. */
static void cancel_all_until_hit(struct race *r)
{
	unsigned int i;
	bool last;

	do {
		last = race_accepted(r) == r->base + BATCH;
		cancel_key(r->ring.ring_fd, .flags = C_ANY | C_ALL);
	} while (!last);
	for (i = 0; i < BATCH; i++) {
		r->accepted[i] = r->base + BATCH;
		race_note(r, i, -EALREADY);
	}
}

TEST_F_TIMEOUT(race, c3_cancel_against_the_start_of_a_worker, 600)
{
	self->r.against = cancel_until_hit;
	race_run_until(self->r.stopped && self->r.already, &self->r,
		       race_rounds(), put_blocking, submit_batch, NULL);
	EXPECT_EQ(self->r.stopped + self->r.already, self->r.canceled);
}

TEST_F_TIMEOUT(race, c3_cancel_all_against_the_start_of_workers, 600)
{
	self->r.against = cancel_all_until_hit;
	race_run(&self->r, race_rounds(), put_blocking, submit_batch, NULL);
	EXPECT_EQ(self->r.already, self->r.canceled);
}

/* Two ends: the cancel interrupts the very read that a write just woke. */
static void submit_and_write(struct race *r)
{
	static const char bytes[BATCH];

	cring_submit(&r->ring);
	spin_ns(r->batch % 16 * 5000);
	if (write(SELF(r)->p[1], bytes, BATCH) != BATCH)
		abort();
}

static void check_bytes(struct __test_metadata *_metadata, struct race *r)
{
	unsigned int i, got = 0;
	int left = 0;

	for (i = 0; i < BATCH; i++)
		got += res_of(&r->ring, i) == 1;
	ioctl(SELF(r)->p[0], FIONREAD, &left);
	ASSERT_EQ(BATCH, got + left);
	if (left)
		ASSERT_EQ(left, read(SELF(r)->p[0], sink, left));
}

TEST_F_TIMEOUT(race, c3_cancel_against_a_write_that_wakes_the_worker, 600)
{
	race_run_until(self->r.canceled && self->r.late + self->r.early,
		       &self->r, race_rounds(), put_blocking, submit_and_write,
		       check_bytes);
}

TEST_HARNESS_MAIN
