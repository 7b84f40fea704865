// SPDX-License-Identifier: GPL-2.0
/*
 * Polls that follow each other in a batch are accepted and armed in a row, and yet each
 * on its own: it is found, stopped, refused, held back and ready as any (C3, C4).
 */
#include "fixture.h"

#define NR	6

struct polls {
	struct live *live;
	struct script *scripts[NR];
	struct cring_sqe *sqes[NR];
	s32 answer;
};

static struct polls *polls_open(struct kunit *test)
{
	struct polls *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, p);
	p->live = live_open(test, 16, 0);
	p->live->priv = p;
	for (i = 0; i < NR; i++) {
		p->scripts[i] = script_open(p->live, SCRIPT_POLL);
		p->sqes[i] = live_sqe(p->live, CRING_OP_POLL_ADD, i);
		p->sqes[i]->fd = p->scripts[i]->fd;
		p->sqes[i]->poll32_events = (__force u32)EPOLLIN;
	}
	return p;
}

/* all but @but are armed, and nothing is in the CQ any more */
static void expect_armed(struct polls *p, unsigned int but)
{
	unsigned int i;

	LIVE_EXPECT_NO_CQE(p->live);
	for (i = 0; i < NR; i++)
		LIVE_EXPECT_STATE(p->live, i, i == but ? CRING_FREE :
							 CRING_ARMED);
}

static void stop_the_fourth(struct live *live, struct cring_req *req)
{
	struct polls *p = live->priv;

	p->answer = live_cancel(live, 0, 3);
}

static void one_is_stopped_before_its_turn(struct kunit *test)
{
	struct polls *p = polls_open(test);

	live_at(p->live, CRING_AT_ANNOUNCE, stop_the_fourth);
	KUNIT_EXPECT_EQ(test, live_submit(p->live), NR);
	KUNIT_EXPECT_EQ(test, p->answer, 0);
	LIVE_EXPECT_CQE_FLAGS(p->live, 3, -ECANCELED, CRING_CQE_F_NOT_STARTED);
	expect_armed(p, 3);
	KUNIT_EXPECT_TRUE(test, list_empty(&p->scripts[3]->wq.head));
}

static void one_is_ready(struct kunit *test)
{
	struct polls *p = polls_open(test);

	script_ready(p->scripts[2], EPOLLIN);
	KUNIT_EXPECT_EQ(test, live_submit(p->live), NR);
	LIVE_EXPECT_CQE(p->live, 2, (__force s32)EPOLLIN);
	expect_armed(p, 2);
}

static void one_is_refused(struct kunit *test)
{
	struct polls *p = polls_open(test);

	p->sqes[4]->fd = -1;
	KUNIT_EXPECT_EQ(test, live_submit(p->live), NR);
	LIVE_EXPECT_CQE(p->live, 4, -EBADF);
	expect_armed(p, 4);
}

static void one_has_a_deadline(struct kunit *test)
{
	struct polls *p = polls_open(test);

	p->sqes[1]->xflags = CRING_SQE_X_DEADLINE;
	/* past: it is over when it is accepted */
	p->sqes[1]->deadline = 0;
	KUNIT_EXPECT_EQ(test, live_submit(p->live), NR);
	LIVE_EXPECT_CQE_FLAGS(p->live, 1, -ETIME, CRING_CQE_F_NOT_STARTED);
	expect_armed(p, 1);
}

static void one_ends_at_its_deadline(struct kunit *test)
{
	struct polls *p = polls_open(test);

	p->sqes[3]->xflags = CRING_SQE_X_DEADLINE;
	p->sqes[3]->deadline = 50 * NSEC_PER_MSEC;
	KUNIT_EXPECT_EQ(test, live_submit(p->live), NR);
	LIVE_EXPECT_WAIT(p->live, 3, -ETIME);
	expect_armed(p, 3);
}

/* each holds who has submitted it: as many references as there are polls, and no more */
static void they_hold_their_submitter(struct kunit *test)
{
	struct polls *p = polls_open(test);
	struct cred *cred = prepare_creds();
	const struct cred *old;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, cred);
	script_ready(p->scripts[4], EPOLLIN);
	old = override_creds(cred);
	KUNIT_EXPECT_EQ(test, live_submit(p->live), NR);
	revert_creds(old);
	LIVE_EXPECT_CQE(p->live, 4, (__force s32)EPOLLIN);
	expect_armed(p, 4);
	/* by somebody else: the ring's own hold on the first one goes */
	KUNIT_EXPECT_EQ(test, live_read(p->live, p->scripts[0], NR),
			CRING_ARMED);
	for (i = 0; i < NR; i++)
		KUNIT_EXPECT_EQ(test, live_cancel(p->live, 0, i),
				i == 4 ? -ENOENT : 0);
	/* none is left but ours; a release may be put off */
	KUNIT_EXPECT_TRUE(test, live_until(atomic_long_read(&cred->usage) == 1));
	put_cred(cred);
}

static void one_waits_for_those_before_it(struct kunit *test)
{
	struct polls *p = polls_open(test);
	unsigned int i;

	p->sqes[2]->flags = CRING_SQE_IO_DRAIN;
	KUNIT_EXPECT_EQ(test, live_submit(p->live), NR);
	LIVE_EXPECT_NO_CQE(p->live);
	for (i = 0; i < NR; i++)
		LIVE_EXPECT_STATE(p->live, i, i < 2 ? CRING_ARMED :
						      CRING_DEFERRED);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, live_cancel(p->live, 0, i), 0);
		LIVE_EXPECT_CQE(p->live, i, -ECANCELED);
	}
	cring_run_ready(p->live->ring);
	LIVE_EXPECT_STATE(p->live, 2, CRING_ARMED);
	LIVE_EXPECT_STATE(p->live, 3, CRING_DEFERRED);
}

/* in a group, in a chain, of a slot that is not there: each goes the long way */
static void one_says_more(struct kunit *test)
{
	struct polls *p = polls_open(test);

	p->sqes[0]->group = 7;
	p->sqes[2]->flags = CRING_SQE_IO_LINK;
	p->sqes[5]->flags = CRING_SQE_FIXED_FILE;
	KUNIT_EXPECT_EQ(test, live_submit(p->live), NR);
	LIVE_EXPECT_CQE(p->live, 5, -EBADF);
	LIVE_EXPECT_STATE(p->live, 0, CRING_ARMED);
	KUNIT_EXPECT_EQ(test, live_req(p->live, 0)->group, 7);
	LIVE_EXPECT_STATE(p->live, 3, CRING_LINKED);
	LIVE_EXPECT_STATE(p->live, 4, CRING_ARMED);
	script_ready(p->scripts[2], EPOLLIN);
	cring_run_ready(p->live->ring);
	LIVE_EXPECT_CQE(p->live, 2, (__force s32)EPOLLIN);
	LIVE_EXPECT_STATE(p->live, 3, CRING_ARMED);
}

/* another one wakes it while it is being armed */
static __poll_t woken_by(struct file *file, struct poll_table_struct *pt)
{
	struct script *script = file->private_data;
	struct polls *p = script->priv;
	__poll_t events = READ_ONCE(script->events);

	poll_wait(file, &script->wq, pt);
	if (!events)
		script_ready(script, EPOLLIN);
	/* the first one, too, which is armed already */
	script_ready(p->scripts[0], EPOLLIN);
	return events;
}

static const struct file_operations woken_fops = {
	.poll = woken_by,
};

static void some_are_woken_meanwhile(struct kunit *test)
{
	struct polls *p = polls_open(test);
	const struct file_operations *own = p->scripts[3]->file->f_op;

	p->scripts[3]->priv = p;
	p->scripts[3]->file->f_op = &woken_fops;
	KUNIT_EXPECT_EQ(test, live_submit(p->live), NR);
	p->scripts[3]->file->f_op = own;
	/* what has become ready runs before the batch is posted */
	LIVE_EXPECT_CQE(p->live, 0, (__force s32)EPOLLIN);
	LIVE_EXPECT_CQE(p->live, 3, (__force s32)EPOLLIN);
	LIVE_EXPECT_NO_CQE(p->live);
	KUNIT_EXPECT_EQ(test, live_in_flight(p->live), NR - 2);
}

/* what had its record before, by the short way, was in a group */
static void one_is_in_no_group_of_another(struct kunit *test)
{
	struct polls *p = polls_open(test);
	struct script *file = script_open(p->live, SCRIPT_FILE);
	struct cring_cancel_key key;
	struct cring_sqe *sqe;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, live_submit(p->live), NR);
	for (i = 0; i < p->live->ring->nr_reqs; i++) {
		sqe = live_sqe(p->live, CRING_OP_READ, NR);
		live_prep_read(sqe, file, p->live->args, 1);
		sqe->group = 7;
		KUNIT_EXPECT_EQ(test, live_submit(p->live), 1);
		LIVE_EXPECT_CQE(p->live, NR, 1);
		sqe = live_sqe(p->live, CRING_OP_POLL_ADD, NR + 1);
		sqe->fd = p->scripts[0]->fd;
		sqe->poll32_events = (__force u32)EPOLLIN;
		KUNIT_EXPECT_EQ(test, live_submit(p->live), 1);
		key = (struct cring_cancel_key) {
			.flags = CRING_ASYNC_CANCEL_GROUP, .group = 7,
		};
		live_cancel_sync(p->live, &key, 0, 0);
		KUNIT_EXPECT_EQ(test, key.res, -ENOENT);
		KUNIT_EXPECT_EQ(test, live_cancel(p->live, 0, NR + 1), 0);
		LIVE_EXPECT_CQE(p->live, NR + 1, -ECANCELED);
	}
	expect_armed(p, NR);
}

static struct kunit_case cring_polls_cases[] = {
	KUNIT_CASE(one_is_stopped_before_its_turn),
	KUNIT_CASE(one_is_ready),
	KUNIT_CASE(one_is_refused),
	KUNIT_CASE(one_has_a_deadline),
	KUNIT_CASE(one_ends_at_its_deadline),
	KUNIT_CASE(they_hold_their_submitter),
	KUNIT_CASE(one_waits_for_those_before_it),
	KUNIT_CASE(one_says_more),
	KUNIT_CASE(some_are_woken_meanwhile),
	KUNIT_CASE(one_is_in_no_group_of_another),
	{}
};

static struct kunit_suite cring_polls_suite = {
	.name = "cring_polls",
	.test_cases = cring_polls_cases,
};

kunit_test_suite(cring_polls_suite);
