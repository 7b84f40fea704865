// SPDX-License-Identifier: MIT
/*
 * C12: the abort of a batch.  Of 500 reads in five groups one group is cancelled,
 * awaited and reaped in one call: exactly its 100 completions come back, and the
 * other 400 reads are what they would have been.
 */
#include "util.h"
#include "cancel_reap.h"

#define BATCH	500
#define GROUPS	5

/* Each exactly one completion, those of @group reaped, the others in the CQ. */
static void t_aborted(struct __test_metadata *_metadata,
		      FIXTURE_DATA(reap) *self, unsigned int group, int res)
{
	unsigned int i, wrong = 0;

	EXPECT_EQ(BATCH / GROUPS, self->reaped);
	for (i = 0; i < BATCH; i++) {
		struct cring_cqe *cqe = reaped_of(self->to, self->reaped, i);

		if (i % GROUPS + 1 == group)
			wrong += !cqe || cqe_at(RING, i) >= 0;
		else
			wrong += cqe || cqes_with(RING, i) != 1 ||
				 res_of(RING, i) != res;
	}
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(BATCH - BATCH / GROUPS, cq_count(RING));
}

TEST_F(reap, c12_of_500_armed_reads_one_group_is_aborted)
{
	struct cring_cancel_key key = { .flags = GROUP | C_ALL, .group = 3 };
	unsigned int i, wrong = 0;
	char bytes[BATCH];

	for (i = 0; i < BATCH; i++)
		put(RING, .opcode = CRING_OP_READ, .fd = self->p[0],
		    .addr = PTR64(self->buf + i), .len = 1, .user_data = i,
		    .group = i % GROUPS + 1);
	submit_all(RING, BATCH);
	EXPECT_EQ(0, reap_keys(&key, 1, WAIT, A_WHILE));
	EXPECT_EQ(100, key.res);
	EXPECT_EQ(0, key.already);
	EXPECT_EQ(0, cq_count(RING));
	EXPECT_EQ(400, shared_of(RING)->in_flight);
	for (i = 0; i < 100; i++)
		wrong += self->to[i].res != -ECANCELED ||
			 !(self->to[i].flags & CRING_CQE_F_NOT_STARTED);
	EXPECT_EQ(0, wrong);
	/* the others go on as if nothing had been */
	memset(bytes, 1, sizeof(bytes));
	ASSERT_EQ(400, write(self->p[1], bytes, 400));
	settle(RING);
	t_aborted(_metadata, self, 3, 1);
}

TEST_F(reap, c12_of_500_reads_in_workers_one_group_is_aborted)
{
	struct cring_cancel_key key = { .flags = GROUP | C_ALL, .group = 2 };
	unsigned int i, wrong = 0;
	char bytes[BATCH];

	for (i = 0; i < BATCH; i++)
		put(RING, .opcode = CRING_OP_READ, .flags = CRING_SQE_ASYNC,
		    .fd = self->p[0], .addr = PTR64(self->buf + i), .len = 1,
		    .user_data = i, .group = i % GROUPS + 1);
	submit_all(RING, BATCH);
	msleep(500);
	EXPECT_EQ(0, reap_keys(&key, 1, WAIT, A_WHILE));
	EXPECT_EQ(100, key.res);
	/* some were running, some waited for a worker */
	EXPECT_GT(key.already, 0);
	EXPECT_LT(key.already, 100);
	EXPECT_EQ(0, cq_count(RING));
	EXPECT_EQ(400, shared_of(RING)->in_flight);
	for (i = 0; i < 100; i++)
		wrong += self->to[i].res != -ECANCELED;
	EXPECT_EQ(0, wrong);
	memset(bytes, 1, sizeof(bytes));
	ASSERT_EQ(400, write(self->p[1], bytes, 400));
	settle(RING);
	t_aborted(_metadata, self, 2, 1);
}

TEST_F(reap, c12_of_500_reads_in_a_device_one_group_is_aborted)
{
	struct cring_cancel_key key = { .flags = GROUP | C_ALL, .group = 5 };
	unsigned int i, wrong = 0, stopped = 0;

	/* More than the device takes at once: the rest waits for workers. */
	start_slow_reads(RING, BATCH, 1500, .group = __i % GROUPS + 1);
	if (cq_count(RING))
		SKIP(return, "a machine slower than its device");
	/* Who waits for a tag of the device has it after all that came before. */
	EXPECT_EQ(0, reap_keys(&key, 1, WAIT, 3 * A_WHILE));
	EXPECT_EQ(100, key.res);
	EXPECT_GT(key.already, 0);
	EXPECT_EQ(100, self->reaped);
	for (i = 0; i < 100; i++) {
		wrong += self->to[i].user_data % GROUPS + 1 != 5;
		wrong += self->to[i].res != 4096 &&
			 self->to[i].res != -ECANCELED;
		stopped += self->to[i].res == -ECANCELED;
	}
	EXPECT_EQ(0, wrong);
	TH_LOG("%u stopped, %u finished by the device", stopped, 100 - stopped);
	settle(RING);
	t_aborted(_metadata, self, 5, 4096);
}

TEST_HARNESS_MAIN
