// SPDX-License-Identifier: MIT
/*
 * C1, C3, R12: cancel against a chain and a drain that are about to go on.
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
	new_pipe(self->p, O_NONBLOCK);
	race_start(&self->r, self);
	self->r.others = true;		/* a member takes others with it */
}

FIXTURE_TEARDOWN(race)
{
	race_stop(&self->r);
}

/* Chains of four: read, nop, read on a worker, nop. */
static void arm_chains(struct __test_metadata *_metadata, struct race *r)
{
	unsigned int i, link;

	for (i = 0; i < BATCH; i++) {
		link = i % 4 == 3 ? 0 : i & 8 ? CRING_SQE_IO_HARDLINK :
						CRING_SQE_IO_LINK;
		if (i % 2)
			put(&r->ring, .opcode = CRING_OP_NOP, .flags = link,
			    .user_data = i);
		else
			put(&r->ring, .opcode = CRING_OP_READ, .len = 1,
			    .fd = SELF(r)->p[0], .addr = PTR64(sink),
			    .flags = link, .user_data = i);
	}
	submit_all(&r->ring, BATCH);
}

static void write_enough(struct race *r)
{
	static const char bytes[BATCH];
	unsigned int i;

	for (i = 0; i < 4; i++)
		if (write(SELF(r)->p[1], bytes, BATCH / 4) != BATCH / 4)
			abort();
}

static void empty_pipe(struct __test_metadata *_metadata, struct race *r)
{
	unsigned int i, got = 0, left;

	for (i = 0; i < BATCH; i += 2)
		got += res_of(&r->ring, i) == 1;
	left = read(SELF(r)->p[0], sink, sizeof(sink));
	ASSERT_EQ(BATCH, got + left);
}

TEST_F_TIMEOUT(race, c3_cancel_against_chains_that_go_on, 600)
{
	race_run_until(self->r.stopped && self->r.late + self->r.already,
		       &self->r, race_rounds(), arm_chains, write_enough,
		       empty_pipe);
}

/* An armed read; behind its drain nops, some with a drain of their own. */
static void arm_drain(struct __test_metadata *_metadata, struct race *r)
{
	unsigned int i;

	put(&r->ring, .opcode = CRING_OP_READ, .fd = SELF(r)->p[0],
	    .addr = PTR64(sink), .len = 1, .user_data = 0);
	for (i = 1; i < BATCH; i++)
		put(&r->ring, .opcode = CRING_OP_NOP, .user_data = i,
		    .flags = i % 5 == 1 ? CRING_SQE_IO_DRAIN : 0);
	submit_all(&r->ring, BATCH);
}

static void write_one(struct race *r)
{
	if (write(SELF(r)->p[1], "x", 1) != 1)
		abort();
}

static void empty_it(struct __test_metadata *_metadata, struct race *r)
{
	bool taken = res_of(&r->ring, 0) == 1;

	ASSERT_EQ(taken ? -1 : 1, read(SELF(r)->p[0], sink, sizeof(sink)));
}

TEST_F_TIMEOUT(race, c3_cancel_against_drains_that_end, 600)
{
	race_run_until(self->r.stopped && self->r.late, &self->r, race_rounds(),
		       arm_drain, write_one, empty_it);
}

TEST_HARNESS_MAIN
