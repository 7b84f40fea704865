// SPDX-License-Identifier: MIT
/*
 * C7: a cancel that waits, against completions.  When it returns 0, every
 * operation that it matched has its completion in the queue; and no wake-up is
 * lost, which would show as a time-out.
 */
#include "util.h"
#include "race_util.h"

FIXTURE(race) {
	struct race r;
	struct nullb nb;
	int p[2], fd;
	char *buf;
	unsigned long timeouts, unfinished, matches;
};

#define SELF(r)	((FIXTURE_DATA(race) *)(r)->test)

FIXTURE_SETUP(race)
{
	new_pipe(self->p, 0);
	self->buf = new_pages(BATCH * 512);
	race_start(&self->r, self);
}

FIXTURE_TEARDOWN(race)
{
	race_stop(&self->r);
	nullb_del(&self->nb);
}

static void cancel_and_wait(struct race *r)
{
	struct cring_cancel_key keys[BATCH] = { 0 };
	uint64_t accepted = race_accepted(r);
	unsigned int i;

	for (i = 0; i < BATCH; i++)
		keys[i].user_data = r->batch & 2 ? BATCH - 1 - i : i;
	if (cancel_call(r->ring.ring_fd, keys, BATCH, CRING_CANCEL_WAIT,
			LIMIT_MS / 2 * NSEC_PER_MSEC))
		SELF(r)->timeouts++;
	for (i = 0; i < BATCH; i++) {
		unsigned int ud = keys[i].user_data;

		r->accepted[ud] = accepted;
		race_note(r, ud, keys[i].res);
	}
}

static void cancel_all_and_wait(struct race *r)
{
	struct cring_cancel_key key = { .flags = C_ANY | C_ALL };
	unsigned int i;

	if (cancel_call(r->ring.ring_fd, &key, 1, CRING_CANCEL_WAIT,
			LIMIT_MS / 2 * NSEC_PER_MSEC))
		SELF(r)->timeouts++;
	for (i = 0; i < BATCH; i++)	/* which ones is not said */
		race_note(r, i, -EALREADY);
	SELF(r)->matches += key.res;
	/* All that was matched is there: perhaps more, never less. */
	if (load_acquire(&shared_of(&r->ring)->cq_tail) -
	    shared_of(&r->ring)->cq_head < (unsigned int)key.res)
		SELF(r)->unfinished++;
}

/* 0 was checked already; -EALREADY too must be there by now. */
static void check_finished(struct __test_metadata *_metadata, struct race *r)
{
	uint32_t head = shared_of(&r->ring)->cq_head;
	unsigned int i;

	if (r->against == cancel_and_wait)
		for (i = 0; i < BATCH; i++) {
			int at = cqe_at(&r->ring, i);
			bool shown = head + at - r->tail[i] > UINT32_MAX / 2;

			SELF(r)->unfinished += r->answer[i] == -EALREADY &&
					       !shown;
		}
	ASSERT_EQ(0, SELF(r)->unfinished);
	ASSERT_EQ(0, SELF(r)->timeouts);
}

static void put_direct(struct __test_metadata *_metadata, struct race *r)
{
	unsigned int i;

	for (i = 0; i < BATCH; i++)
		put(&r->ring, .opcode = CRING_OP_READ, .fd = SELF(r)->fd,
		    .addr = PTR64(SELF(r)->buf + i * 512), .len = 512,
		    .off = i * 512, .user_data = i);
}

TEST_F_TIMEOUT(race, c7_wait_against_a_device, 600)
{
	if (!have_nullb())
		SKIP(return, NULLB_SKIP);
	new_nullb(&self->nb, .no_memory = true, .delay_ns = 30000,
		  .hw_queue_depth = 64);
	self->fd = nullb_open(&self->nb, O_RDONLY | O_DIRECT);
	self->r.against = cancel_and_wait;
	race_run_until(self->r.already && self->r.late, &self->r, race_rounds(),
		       put_direct, submit_batch, check_finished);
}

TEST_F_TIMEOUT(race, c7_wait_for_all_against_a_device, 600)
{
	if (!have_nullb())
		SKIP(return, NULLB_SKIP);
	new_nullb(&self->nb, .no_memory = true, .delay_ns = 30000,
		  .hw_queue_depth = 64);
	self->fd = nullb_open(&self->nb, O_RDONLY | O_DIRECT);
	self->r.against = cancel_all_and_wait;
	race_run_until(self->matches, &self->r, race_rounds(), put_direct,
		       submit_batch, check_finished);
}

static void put_blocking(struct __test_metadata *_metadata, struct race *r)
{
	unsigned int i;

	for (i = 0; i < BATCH; i++)
		put_async_read(_metadata, &r->ring, i, SELF(r)->p[0]);
}

/* What was accepted after the waiting cancel is ended by the main thread. */
static void submit_and_cancel(struct race *r)
{
	cring_submit(&r->ring);
	spin_ns(r->batch % 8 * 10000);
	cancel_key(r->ring.ring_fd, .flags = C_ANY | C_ALL);
}

TEST_F_TIMEOUT(race, c7_wait_against_interrupted_workers, 600)
{
	self->r.others = true;
	self->r.against = cancel_and_wait;
	race_run_until(self->r.already, &self->r, race_rounds(), put_blocking,
		       submit_and_cancel, check_finished);
	EXPECT_EQ(self->r.stopped + self->r.already + self->r.late +
		  self->r.early, self->r.canceled);
}

TEST_HARNESS_MAIN
