// SPDX-License-Identifier: MIT
/*
 * C1, C3: cancel against cancel.  Of two that name the same armed operation
 * exactly one answers 0.
 */
#include "util.h"
#include "race_util.h"

FIXTURE(race) {
	struct race r;
	int ev, answer[BATCH];
	uint32_t tail[BATCH];
	struct cring_cancel_key all[2];
};

#define SELF(r)	((FIXTURE_DATA(race) *)(r)->test)

FIXTURE_SETUP(race)
{
	self->ev = eventfd(0, 0);
	ASSERT_GE(self->ev, 0);
	race_start(&self->r, self);
}

FIXTURE_TEARDOWN(race)
{
	race_stop(&self->r);
}

/* Polls of a file that nobody makes ready, and timers that do not expire. */
static void arm(struct __test_metadata *_metadata, struct race *r)
{
	unsigned int i;

	for (i = 0; i < BATCH; i++) {
		if (i % 4 == 3)
			put(&r->ring, .opcode = CRING_OP_TIMEOUT, .fd = -1,
			    .addr = PTR64(&an_hour), .len = 1, .user_data = i);
		else
			put(&r->ring, .opcode = CRING_OP_POLL_ADD,
			    .fd = SELF(r)->ev, .poll32_events = POLLIN,
			    .user_data = i);
	}
	submit_all(&r->ring, BATCH);
}

/* The same as the other thread, in the other order. */
static void cancel_here(struct race *r)
{
	unsigned int n, i;

	for (n = 0; n < BATCH; n++) {
		i = BATCH - 1 - n;
		SELF(r)->answer[i] = cancel_key(r->ring.ring_fd,
						.user_data = i);
		SELF(r)->tail[i] = load_acquire(&shared_of(&r->ring)->cq_tail);
	}
}

/* r->answer[] was checked against the completions; now this side's. */
static void check_both(struct __test_metadata *_metadata, struct race *r)
{
	uint32_t head = shared_of(&r->ring)->cq_head;
	unsigned int i, wrong = 0;

	for (i = 0; i < BATCH; i++) {
		int a = r->answer[i], b = SELF(r)->answer[i];
		int at = cqe_at(&r->ring, i);
		bool shown = head + at - SELF(r)->tail[i] > UINT32_MAX / 2;

		wrong += (!a) + (!b) != 1;
		wrong += b && b != -ENOENT && b != -EALREADY;
		wrong += b != -EALREADY && !shown;
		wrong += cq_peek(&r->ring, at)->res != -ECANCELED;
	}
	ASSERT_EQ(0, wrong)
		TH_LOG("batch %u", r->batch);
}

TEST_F_TIMEOUT(race, c3_of_two_cancels_exactly_one_answers_0, 600)
{
	self->r.others = true;
	self->r.against = cancel_singly;
	race_run_until(self->r.stopped && self->r.already + self->r.late,
		       &self->r, race_rounds(), arm, cancel_here, check_both);
}

static void sqes_here(struct race *r)
{
	unsigned int n;

	for (n = 0; n < BATCH; n++) {
		struct cring_sqe *sqe = cring_get_sqe(&r->ring);

		*sqe = (struct cring_sqe){
			.opcode = CRING_OP_ASYNC_CANCEL,
			.addr = BATCH - 1 - n,
			.user_data = 1000 + BATCH - 1 - n,
		};
	}
	cring_submit(&r->ring);
}

static void check_sqes(struct __test_metadata *_metadata, struct race *r)
{
	unsigned int i, wrong = 0;

	for (i = 0; i < BATCH; i++) {
		int b = res_of(&r->ring, 1000 + i);

		wrong += (!r->answer[i]) + (!b) != 1;
		wrong += b && b != -ENOENT && b != -EALREADY;
		/* 0 and -ENOENT: the target's completion is ahead of it. */
		wrong += b != -EALREADY && cqe_at(&r->ring, i) >
					   cqe_at(&r->ring, 1000 + i);
	}
	ASSERT_EQ(0, wrong)
		TH_LOG("batch %u", r->batch);
}

TEST_F_TIMEOUT(race, c3_of_an_sqe_and_a_call_exactly_one_answers_0, 600)
{
	self->r.others = true;
	self->r.against = cancel_singly;
	race_run_until(self->r.stopped && self->r.already + self->r.late,
		       &self->r, race_rounds(), arm, sqes_here, check_sqes);
}

static void all_here(struct race *r)
{
	struct cring_cancel_key *key = &SELF(r)->all[0];

	*key = (struct cring_cancel_key){ .flags = C_ANY | C_ALL };
	cancel_call(r->ring.ring_fd, key, 1, 0, 0);
}

static void all_there(struct race *r)
{
	struct cring_cancel_key *key = &SELF(r)->all[1];
	unsigned int i;

	*key = (struct cring_cancel_key){
		.flags = C_FD | C_ALL, .fd = SELF(r)->ev,
	};
	cancel_call(r->ring.ring_fd, key, 1, 0, 0);
	for (i = 0; i < BATCH; i++)
		race_note(r, i, -EALREADY);
}

/* What either says it stopped itself adds up to what there was. */
static void check_all(struct __test_metadata *_metadata, struct race *r)
{
	struct cring_cancel_key *key = SELF(r)->all;

	ASSERT_EQ(BATCH, (key[0].res - key[0].already) +
			 (key[1].res - key[1].already))
		TH_LOG("batch %u: %d with %u already, %d with %u", r->batch,
		       key[0].res, key[0].already, key[1].res, key[1].already);
}

TEST_F_TIMEOUT(race, c6_two_all_cancels_count_each_operation_once, 600)
{
	self->r.against = all_there;
	race_run(&self->r, race_rounds(), arm, all_here, check_all);
	EXPECT_EQ(self->r.already, self->r.canceled);
}

TEST_HARNESS_MAIN
