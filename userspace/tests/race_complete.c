// SPDX-License-Identifier: MIT
/*
 * C1, C3: cancel against completion, in a submitter and on a worker.
 */
#include "util.h"
#include "race_util.h"

FIXTURE(race) {
	struct race r;
	int fd;
	char *buf;
};

FIXTURE_SETUP(race)
{
	ASSERT_NE(NULL, TMPFS_DIR);
	self->fd = new_filled(EXT4_DIR ? EXT4_DIR : TMPFS_DIR, O_RDWR,
			      BATCH * 512, 1);
	self->buf = new_pages(BATCH * 512);
	/* Into the page cache. */
	ASSERT_EQ(BATCH * 512, pread(self->fd, self->buf, BATCH * 512, 0));
	race_start(&self->r, self);
}

FIXTURE_TEARDOWN(race)
{
	race_stop(&self->r);
}

static void put_nops(struct __test_metadata *_metadata, struct race *r)
{
	unsigned int i;

	for (i = 0; i < BATCH; i++)
		put(&r->ring, .opcode = CRING_OP_NOP, .user_data = i);
}

static void put_async_nops(struct __test_metadata *_metadata, struct race *r)
{
	unsigned int i;

	for (i = 0; i < BATCH; i++)
		put(&r->ring, .opcode = CRING_OP_NOP, .user_data = i,
		    .flags = CRING_SQE_ASYNC);
}

static void put_reads(struct __test_metadata *_metadata, struct race *r,
		      unsigned int flags)
{
	FIXTURE_DATA(race) *self = r->test;
	unsigned int i;

	memset(self->buf, 0, BATCH * 512);
	for (i = 0; i < BATCH; i++)
		put(&r->ring, .opcode = CRING_OP_READ, .fd = self->fd,
		    .addr = PTR64(self->buf + i * 512), .len = 512,
		    .off = i * 512, .user_data = i, .flags = flags);
}

static void put_cached_reads(struct __test_metadata *_metadata, struct race *r)
{
	put_reads(_metadata, r, 0);
}

static void put_async_reads(struct __test_metadata *_metadata, struct race *r)
{
	put_reads(_metadata, r, CRING_SQE_ASYNC);
}

/* What succeeded has all its data; what was stopped has none. */
static void check_data(struct __test_metadata *_metadata, struct race *r)
{
	FIXTURE_DATA(race) *self = r->test;
	unsigned int i;

	if (r->batch % 16)
		return;
	for (i = 0; i < BATCH; i++) {
		char *b = self->buf + i * 512;

		EXPECT_TRUE(res_of(&r->ring, i) == 512 ?
			    is_filled_at(b, 512, 1, i * 512) :
			    r->answer[i] || is_byte(b, 512, 0));
	}
}

/*
 * A NOP is over so soon that on a kernel that checks everything 5,000 rounds met
 * from four times to not at all; but they cost little.
 */
TEST_F_TIMEOUT(race, c3_cancel_against_nops_in_the_submitter, 600)
{
	race_run_until(self->r.stopped + self->r.already && self->r.late &&
		       self->r.early, &self->r, ROUNDS, put_nops, submit_batch,
		       NULL);
}

TEST_F_TIMEOUT(race, c3_cancel_against_async_nops, 600)
{
	race_run_until(self->r.stopped + self->r.already && self->r.late,
		       &self->r, ROUNDS, put_async_nops, submit_batch, NULL);
}

TEST_F_TIMEOUT(race, c3_cancel_against_cached_reads_in_the_submitter, 600)
{
	race_run_until(self->r.stopped + self->r.already && self->r.late,
		       &self->r, race_rounds(), put_cached_reads, submit_batch,
		       check_data);
}

TEST_F_TIMEOUT(race, c3_cancel_against_cached_reads_on_workers, 600)
{
	race_run_until(self->r.stopped && self->r.late, &self->r,
		       race_rounds(), put_async_reads, submit_batch,
		       check_data);
}

TEST_HARNESS_MAIN
