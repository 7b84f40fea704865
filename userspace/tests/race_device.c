// SPDX-License-Identifier: MIT
/*
 * C1, C3: cancel against a device's completion interrupt, R2: also when the
 * device has too few tags and says "try again".
 */
#include "util.h"
#include "race_util.h"

FIXTURE(race) {
	struct race r;
	struct nullb nb;
	int fd;
	char *buf;
};
FIXTURE_VARIANT(race) { uint64_t delay_ns; unsigned int tags; };
FIXTURE_VARIANT_ADD(race, at_once) { .delay_ns = 0, .tags = 64 };
FIXTURE_VARIANT_ADD(race, by_interrupt) { .delay_ns = 30000, .tags = 64 };
FIXTURE_VARIANT_ADD(race, few_tags) { .delay_ns = 30000, .tags = 4 };

#define SELF(r)	((FIXTURE_DATA(race) *)(r)->test)

FIXTURE_SETUP(race)
{
	if (!have_nullb())
		SKIP(return, NULLB_SKIP);
	new_nullb(&self->nb, .no_memory = true, .delay_ns = variant->delay_ns,
		  .hw_queue_depth = variant->tags);
	self->fd = nullb_open(&self->nb, O_RDWR | O_DIRECT);
	self->buf = new_pages(BATCH * 512);
	race_start(&self->r, self);
}

FIXTURE_TEARDOWN(race)
{
	race_stop(&self->r);
	close(self->fd);
	nullb_del(&self->nb);
}

static void put_direct(struct __test_metadata *_metadata, struct race *r)
{
	unsigned int i;

	for (i = 0; i < BATCH; i++)
		put(&r->ring, .opcode = i & 1 ? CRING_OP_WRITE : CRING_OP_READ,
		    .fd = SELF(r)->fd, .addr = PTR64(SELF(r)->buf + i * 512),
		    .len = 512, .off = i * 512, .user_data = i);
}

/* Submits, and looks on while the device answers. */
static void submit_and_watch(struct race *r)
{
	cring_submit_and_wait(&r->ring, BATCH);
}

static void check_results(struct __test_metadata *_metadata, struct race *r)
{
	unsigned int i, wrong = 0;

	for (i = 0; i < BATCH; i++) {
		int res = res_of(&r->ring, i);

		wrong += res != 512 && res != -ECANCELED;
	}
	ASSERT_EQ(0, wrong);
}

TEST_F_TIMEOUT(race, c3_cancel_against_the_device, 600)
{
	unsigned int rounds = race_rounds();

	/* Waiting for a tag takes workers, sleeps, and by far the longest. */
	if (variant->tags < BATCH)
		rounds /= 4;
	race_run_until(self->r.late && self->r.already + self->r.stopped,
		       &self->r, rounds, put_direct, submit_and_watch,
		       check_results);
}

TEST_HARNESS_MAIN
