// SPDX-License-Identifier: GPL-2.0
/*
 * Direct reads that their device answers where their batch's plug is pulled, on the
 * submitter's stack (kmod/direct.c): they are posted with their batch, and until then
 * a cancel finds them; unless something below may sleep there (C1, C3 of
 * Documentation/contract.rst).
 */
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/irq_work.h>

#include "direct.h"

static void expect_blank(struct direct *d)
{
	struct cring_ring *ring = d->live->ring;
	u32 i;

	KUNIT_EXPECT_EQ(d->live->test, ring->nr_held, 0);
	for (i = 0; i < ring->nr_reqs; i++) {
		KUNIT_EXPECT_EQ(d->live->test, ring->pool[i].lflags, 0);
		KUNIT_EXPECT_EQ(d->live->test, ring->pool[i].flags, 0);
		KUNIT_EXPECT_FALSE(d->live->test, ring->pool[i].held);
		KUNIT_EXPECT_EQ(d->live->test, atomic_read(&ring->pool[i].refs), 1);
	}
}

/* all reads of a batch wait in its plug; then @fn, where that is pulled */
static struct direct *direct_unplug(struct kunit *test, live_point_fn *fn)
{
	struct direct *d = direct_open(test, direct_queue);

	live_at(d->live, CRING_AT_UNPLUG, fn);
	direct_put_all(d);
	KUNIT_EXPECT_EQ(test, live_submit(d->live), DIRECT_NR);
	live_at(d->live, CRING_AT_UNPLUG, NULL);
	return d;
}

static void end_all(struct live *live, struct cring_req *req)
{
	struct cring_cancel_key key = { .user_data = 1 };
	struct direct *d = live->priv;
	unsigned int i;

	for (i = 0; i < DIRECT_NR; i++)
		script_complete(d->script, i, 1);
	d->cqes = live_nr_cqes(live);
	KUNIT_EXPECT_EQ(live->test, live_cancel_sync(live, &key, 0, 0), 0);
	KUNIT_EXPECT_EQ(live->test, key.already, 1);
	d->answer = key.res;
}

static void what_ends_with_its_plug_is_posted_with_its_batch(struct kunit *test)
{
	struct direct *d = direct_unplug(test, end_all);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, d->cqes, 0);
	KUNIT_EXPECT_EQ(test, d->answer, -EALREADY);
	for (i = 1; i <= DIRECT_NR; i++)
		LIVE_EXPECT_CQE_FLAGS(d->live, i, 1, 0);
	KUNIT_EXPECT_EQ(test, live_cancel(d->live, 0, 1), -ENOENT);
	direct_expect_over(d);
	expect_blank(d);
}

static void look_whether_the_second_is_held(struct live *live,
					    struct cring_req *req)
{
	struct direct *d = live->priv;

	d->claimed |= live->ring->batch_nr && live->ring->batch[1]->held;
}

static void end_every_other(struct live *live, struct cring_req *req)
{
	struct direct *d = live->priv;

	script_complete(d->script, 2, 1);
	script_complete(d->script, 0, 1);
	live_at(live, CRING_AT_PUBLISH, look_whether_the_second_is_held);
}

static void the_others_of_its_batch_wait_for_their_device(struct kunit *test)
{
	struct direct *d = direct_unplug(test, end_every_other);

	live_at(d->live, CRING_AT_PUBLISH, NULL);
	/* what has ended was posted before they were parked, which takes memory */
	KUNIT_EXPECT_TRUE(test, d->claimed);
	LIVE_EXPECT_CQE_FLAGS(d->live, 3, 1, 0);
	LIVE_EXPECT_CQE_FLAGS(d->live, 1, 1, 0);
	LIVE_EXPECT_STATE(d->live, 2, CRING_DISPATCHED);
	script_complete(d->script, 1, 1);
	LIVE_EXPECT_CQE_FLAGS(d->live, 2, 1, 0);
	direct_end_others(d, 4);
	expect_blank(d);
}

static void end_with_less(struct live *live, struct cring_req *req)
{
	struct direct *d = live->priv;

	script_complete(d->script, 0, 0);
	d->cqes = live_nr_cqes(live);
}

static void what_ends_there_with_less_has_its_cqe_at_once(struct kunit *test)
{
	struct direct *d = direct_unplug(test, end_with_less);

	KUNIT_EXPECT_EQ(test, d->cqes, 1);
	LIVE_EXPECT_CQE_FLAGS(d->live, 1, 0, 0);
	direct_end_others(d, 2);
}

static void would_block(struct live *live, struct cring_req *req)
{
	struct direct *d = live->priv;

	script_complete(d->script, 0, -EAGAIN);
}

static void what_would_block_there_goes_to_a_worker_as_well(struct kunit *test)
{
	struct direct *d = direct_unplug(test, would_block);

	LIVE_EXPECT_WAIT(d->live, 1, 1);
	direct_end_others(d, 2);
}

static void wait_and_end_all(struct live *live, struct cring_req *req)
{
	struct cring_cancel_key key = { .user_data = 1 };

	KUNIT_EXPECT_EQ(live->test,
			live_cancel_sync(live, &key, CRING_CANCEL_WAIT, 0),
			-ETIME);
	end_all(live, req);
}

static void what_is_waited_for_ends_there_as_well(struct kunit *test)
{
	struct direct *d = direct_unplug(test, wait_and_end_all);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, d->cqes, 0);
	for (i = 1; i <= DIRECT_NR; i++)
		LIVE_EXPECT_CQE_FLAGS(d->live, i, 1, 0);
	direct_expect_over(d);
	expect_blank(d);
}

static void let_it_be_ended_there(struct live *live, struct cring_req *req)
{
	struct direct *d = live->priv;

	KUNIT_EXPECT_EQ(live->test, other_join(other_start(live, direct_end_first, d)), 0);
	d->cqes = live_nr_cqes(live);
}

static void what_another_thread_ends_meanwhile_has_its_cqe_at_once(struct kunit *test)
{
	struct direct *d = direct_unplug(test, let_it_be_ended_there);

	KUNIT_EXPECT_EQ(test, d->cqes, 1);
	LIVE_EXPECT_CQE_FLAGS(d->live, 1, 1, 0);
	direct_end_others(d, 2);
}

static struct direct *interrupted;

static void interrupt(struct irq_work *work)
{
	direct_end_first(interrupted);
}

static void be_interrupted(struct live *live, struct cring_req *req)
{
	struct irq_work work = IRQ_WORK_INIT_HARD(interrupt);

	interrupted = live->priv;
	irq_work_queue(&work);
	irq_work_sync(&work);
	interrupted->cqes = live_nr_cqes(live);
}

static void what_an_interrupt_ends_meanwhile_has_its_cqe_at_once(struct kunit *test)
{
	struct direct *d = direct_unplug(test, be_interrupted);

	KUNIT_EXPECT_EQ(test, d->cqes, 1);
	LIVE_EXPECT_CQE_FLAGS(d->live, 1, 1, 0);
	direct_end_others(d, 2);
}

static void end_the_first(struct live *live, struct cring_req *req)
{
	struct direct *d = live->priv;

	direct_end_first(d);
	d->cqes = live_nr_cqes(live);
}

static void what_is_of_an_earlier_batch_has_its_cqe_at_once(struct kunit *test)
{
	struct direct *d = direct_open(test, direct_queue);
	unsigned int i;

	direct_put(d, 1);
	KUNIT_EXPECT_EQ(test, live_submit(d->live), 1);
	LIVE_EXPECT_STATE(d->live, 1, CRING_DISPATCHED);
	live_at(d->live, CRING_AT_UNPLUG, end_the_first);
	for (i = 2; i <= DIRECT_NR; i++)
		direct_put(d, i);
	KUNIT_EXPECT_EQ(test, live_submit(d->live), DIRECT_NR - 1);
	live_at(d->live, CRING_AT_UNPLUG, NULL);
	KUNIT_EXPECT_EQ(test, d->cqes, 1);
	LIVE_EXPECT_CQE_FLAGS(d->live, 1, 1, 0);
	direct_end_others(d, 2);
}

static void end_the_fifth(struct direct *d)
{
	script_complete(d->script, DIRECT_NR, 1);
	d->cqes = live_nr_cqes(d->live);
}

/* a method may sleep: nothing is gathered there */
static void what_ends_in_the_next_batch_has_its_cqe_at_once(struct kunit *test)
{
	struct direct *d = direct_unplug(test, end_all);
	unsigned int i;

	for (i = 1; i <= DIRECT_NR; i++)
		LIVE_EXPECT_CQE_FLAGS(d->live, i, 1, 0);
	d->calls = 0;
	d->at_last = end_the_fifth;
	direct_put_all(d);
	KUNIT_EXPECT_EQ(test, live_submit(d->live), DIRECT_NR);
	KUNIT_EXPECT_EQ(test, d->cqes, 1);
	LIVE_EXPECT_CQE_FLAGS(d->live, 1, 1, 0);
	for (i = 2; i <= DIRECT_NR; i++) {
		script_complete(d->script, DIRECT_NR + i - 1, 1);
		LIVE_EXPECT_CQE_FLAGS(d->live, i, 1, 0);
	}
	direct_expect_over(d);
}

static void note(struct live *live, struct cring_req *req)
{
	struct direct *d = live->priv;

	d->claimed = true;
}

/* a stacked device has handed its part to a queue, which may sleep */
static struct {
	struct blk_mq_tag_set set;
	struct request_queue *q;
	struct request rq;
	bool several;
} below;

static void sleep_below(struct blk_plug_cb *cb, bool from_schedule)
{
	struct direct *d = cb->data;

	script_complete(d->script, 0, 1);
	d->cqes = live_nr_cqes(d->live);
	kfree(cb);
}

static void plug_a_callback(struct direct *d)
{
	KUNIT_EXPECT_NOT_NULL(d->live->test,
			      blk_check_plugged(sleep_below, d,
						sizeof(struct blk_plug_cb)));
}

static void nothing_is_gathered_where_a_callback_may_sleep(struct kunit *test)
{
	struct direct *d = direct_open(test, direct_queue);

	d->at_last = plug_a_callback;
	live_at(d->live, CRING_AT_UNPLUG, note);
	direct_put_all(d);
	KUNIT_EXPECT_EQ(test, live_submit(d->live), DIRECT_NR);
	live_at(d->live, CRING_AT_UNPLUG, NULL);
	KUNIT_EXPECT_FALSE(test, d->claimed);
	KUNIT_EXPECT_EQ(test, d->cqes, 1);
	LIVE_EXPECT_CQE_FLAGS(d->live, 1, 1, 0);
	direct_end_others(d, 2);
}

static void plug_a_request(struct direct *d)
{
	below.q->tag_set = &below.set;
	below.rq.q = below.q;
	rq_list_add_head(&current->plug->mq_list, &below.rq);
	current->plug->multiple_queues = below.several;
}

/* before it is handed to that queue, which is none */
static void unplug_the_request(struct live *live, struct cring_req *req)
{
	if (current->plug)
		rq_list_init(&current->plug->mq_list);
}

static void unplug_and_note(struct live *live, struct cring_req *req)
{
	unplug_the_request(live, req);
	note(live, req);
}

static bool gathers(struct kunit *test, unsigned int queue_flags, bool several)
{
	struct direct *d = direct_open(test, direct_queue);

	below.q = kunit_kzalloc(test, sizeof(*below.q), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, below.q);
	below.set.flags = queue_flags;
	below.several = several;
	d->at_last = plug_a_request;
	live_at(d->live, CRING_AT_UNPLUG, unplug_and_note);
	/* what is over before that is posted first, if the queue may sleep */
	live_at(d->live, CRING_AT_PUBLISH, unplug_the_request);
	live_sqe(d->live, CRING_OP_NOP, DIRECT_NR + 1)->ioprio = 1;
	direct_put_all(d);
	KUNIT_EXPECT_EQ(test, live_submit(d->live), DIRECT_NR + 1);
	live_at(d->live, CRING_AT_UNPLUG, NULL);
	live_at(d->live, CRING_AT_PUBLISH, NULL);
	LIVE_EXPECT_CQE(d->live, DIRECT_NR + 1, -EINVAL);
	direct_end_others(d, 1);
	return d->claimed;
}

static void it_is_gathered_where_the_queue_may_not_sleep(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, gathers(test, 0, false));
}

static void nothing_is_gathered_where_the_queue_may_sleep(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, gathers(test, BLK_MQ_F_BLOCKING, false));
}

static void nor_where_there_is_another_one(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, gathers(test, 0, true));
}

static struct kunit_case cring_direct_plug_cases[] = {
	KUNIT_CASE(what_ends_with_its_plug_is_posted_with_its_batch),
	KUNIT_CASE(the_others_of_its_batch_wait_for_their_device),
	KUNIT_CASE(what_ends_there_with_less_has_its_cqe_at_once),
	KUNIT_CASE(what_would_block_there_goes_to_a_worker_as_well),
	KUNIT_CASE(what_is_waited_for_ends_there_as_well),
	KUNIT_CASE(what_another_thread_ends_meanwhile_has_its_cqe_at_once),
	KUNIT_CASE(what_an_interrupt_ends_meanwhile_has_its_cqe_at_once),
	KUNIT_CASE(what_is_of_an_earlier_batch_has_its_cqe_at_once),
	KUNIT_CASE(what_ends_in_the_next_batch_has_its_cqe_at_once),
	KUNIT_CASE(nothing_is_gathered_where_a_callback_may_sleep),
	KUNIT_CASE(it_is_gathered_where_the_queue_may_not_sleep),
	KUNIT_CASE(nothing_is_gathered_where_the_queue_may_sleep),
	KUNIT_CASE(nor_where_there_is_another_one),
	{}
};

static struct kunit_suite cring_direct_plug_suite = {
	.name = "cring_direct_plug",
	.test_cases = cring_direct_plug_cases,
};

kunit_test_suite(cring_direct_plug_suite);
