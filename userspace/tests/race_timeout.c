// SPDX-License-Identifier: MIT
/*
 * C1, C3: cancel against the expiry of timers, alone, with an update, and of a
 * link timeout against its target.
 */
#include "util.h"
#include "race_util.h"

FIXTURE(race) {
	struct race r;
	struct cring_timespec ts[BATCH];
	int p[BATCH][2];
};

#define SELF(r)	((FIXTURE_DATA(race) *)(r)->test)

FIXTURE_SETUP(race)
{
	int i;

	for (i = 0; i < BATCH; i++)
		new_pipe(self->p[i], 0);
	race_start(&self->r, self);
}

FIXTURE_TEARDOWN(race)
{
	race_stop(&self->r);
}

/* They expire one after the other while the canceller goes over them. */
static void set_times(struct race *r)
{
	unsigned int i;

	for (i = 0; i < BATCH; i++)
		SELF(r)->ts[i].tv_nsec = (1 + i) * (1 + r->batch % 8) * 1000;
}

static void put_timeouts(struct __test_metadata *_metadata, struct race *r)
{
	unsigned int i;

	set_times(r);
	for (i = 0; i < BATCH; i++)
		put(&r->ring, .opcode = CRING_OP_TIMEOUT, .fd = -1,
		    .addr = PTR64(&SELF(r)->ts[i]), .len = 1, .user_data = i);
}

static void check_timeouts(struct __test_metadata *_metadata, struct race *r)
{
	unsigned int i, wrong = 0;

	for (i = 0; i < BATCH; i++) {
		int res = res_of(&r->ring, i);

		wrong += res != (r->answer[i] ? -ETIME : -ECANCELED) &&
			 r->answer[i] != -EALREADY;
	}
	ASSERT_EQ(0, wrong);
}

TEST_F_TIMEOUT(race, c3_cancel_against_expiry, 600)
{
	race_run_until(self->r.stopped && self->r.late, &self->r, race_rounds(),
		       put_timeouts, submit_batch, check_timeouts);
}

/* The main thread, once it has submitted, moves each to a tiny time. */
static void submit_and_update(struct race *r)
{
	unsigned int i;

	cring_submit(&r->ring);
	for (i = 0; i < BATCH; i++) {
		struct cring_sqe *sqe = cring_get_sqe(&r->ring);

		*sqe = (struct cring_sqe){
			.opcode = CRING_OP_TIMEOUT_REMOVE, .addr = i,
			.addr2 = PTR64(&SELF(r)->ts[i]),
			.timeout_flags = CRING_TIMEOUT_UPDATE,
			.user_data = 1000 + i,
		};
	}
	cring_submit(&r->ring);
}

static void put_long_timeouts(struct __test_metadata *_metadata,
			      struct race *r)
{
	unsigned int i;

	set_times(r);
	for (i = 0; i < BATCH; i++)
		put(&r->ring, .opcode = CRING_OP_TIMEOUT, .fd = -1,
		    .addr = PTR64(&an_hour), .len = 1, .user_data = i);
}

/* An update that succeeded on a timeout that was then stopped is fine. */
static void check_updates(struct __test_metadata *_metadata, struct race *r)
{
	unsigned int i, wrong = 0;

	check_timeouts(_metadata, r);
	for (i = 0; i < BATCH; i++) {
		int res = res_of(&r->ring, 1000 + i);

		wrong += res && res != -ENOENT && res != -EALREADY;
	}
	ASSERT_EQ(0, wrong);
}

TEST_F_TIMEOUT(race, c3_cancel_against_update_and_expiry, 600)
{
	race_run_until(self->r.stopped && self->r.late, &self->r, race_rounds(),
		       put_long_timeouts, submit_and_update, check_updates);
}

/* Pairs of a read, armed, and its tiny link timeout. */
static void put_linked(struct __test_metadata *_metadata, struct race *r)
{
	unsigned int i;

	set_times(r);
	for (i = 0; i < BATCH; i += 2) {
		bool swap = r->batch & 8;

		put(&r->ring, .opcode = CRING_OP_READ, .fd = SELF(r)->p[i][0],
		    .addr = PTR64(sink), .len = 1, .user_data = i + swap,
		    .flags = CRING_SQE_IO_LINK);
		put(&r->ring, .opcode = CRING_OP_LINK_TIMEOUT, .fd = -1,
		    .addr = PTR64(&SELF(r)->ts[i]), .len = 1,
		    .user_data = i + !swap);
	}
}

/*
 * Three may end a pair: the timer, the cancel of the read, that of the timer.
 * So an answer says less here; but each has one completion, and 0 is -ECANCELED
 * already there.
 */
static void submit_until_late(struct race *r)
{
	cring_submit(&r->ring);
	spin_ns(r->batch % 4 * 20000);
	if (r->batch & 16)	/* let some succeed */
		for (unsigned int i = 0; i < BATCH; i += 2)
			if (write(SELF(r)->p[i][1], "x", 1) != 1)
				abort();
}

static void end_linked(struct race *r)
{
	cancel_batch(r);
	/* A read that it came too early for may have lost its timer since. */
	while (race_accepted(r) < r->base + BATCH)
		;
	cancel_key(r->ring.ring_fd, .flags = C_ANY | C_ALL);
}

static void drain_pipes(struct __test_metadata *_metadata, struct race *r)
{
	unsigned int i;

	for (i = 0; i < BATCH; i += 2) {
		int left = 0;

		ioctl(SELF(r)->p[i][0], FIONREAD, &left);
		ASSERT_LE(left, 1);
		if (left)
			ASSERT_EQ(1, read(SELF(r)->p[i][0], sink, 1));
	}
}

TEST_F_TIMEOUT(race, c1_cancel_against_link_timeout, 600)
{
	self->r.against = end_linked;
	self->r.others = true;
	race_run_until(self->r.stopped && self->r.late, &self->r, race_rounds(),
		       put_linked, submit_until_late, drain_pipes);
}

TEST_HARNESS_MAIN
