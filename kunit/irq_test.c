// SPDX-License-Identifier: GPL-2.0
/*
 * Completion in interrupts: what a device's interrupt, soft or hard, does ends
 * an operation there and then, and nothing in it sleeps, takes a lock the wrong
 * way, or lacks a slot (C1, C2 and C3 of Documentation/contract.rst; a kernel
 * that proves locking is what these are for).
 */
#include <linux/irq_work.h>
#include <linux/poll.h>
#include <linux/timer.h>

#include "fixture.h"

enum { UD = 1, NEXT = 2 };

struct irq {
	struct live *live;
	struct script *script;
	const struct irq_case *how;
	struct irq_work work;
	struct timer_list timer;
	struct completion over;
	unsigned int nr;	/* requests it completes */
	long res;
	bool in_irq;		/* it was the context it should be */
	void (*then)(struct irq *irq);
};

static void fire(struct irq *irq)
{
	unsigned int i;

	for (i = 0; i < irq->nr; i++)
		script_complete(irq->script, i, irq->res);
	if (irq->then)
		irq->then(irq);
	complete(&irq->over);
}

static void fire_hard(struct irq_work *work)
{
	struct irq *irq = container_of(work, struct irq, work);

	irq->in_irq = in_hardirq();
	fire(irq);
}

static void fire_soft(struct timer_list *timer)
{
	struct irq *irq = container_of(timer, struct irq, timer);

	irq->in_irq = in_serving_softirq();
	fire(irq);
}

static void start_hard(struct irq *irq)
{
	irq->work = IRQ_WORK_INIT_HARD(fire_hard);
	irq_work_queue(&irq->work);
}

static void start_soft(struct irq *irq)
{
	mod_timer(&irq->timer, jiffies);
}

static const struct irq_case {
	const char *name;
	void (*start)(struct irq *irq);
} irq_cases[] = {
	{ "hard", start_hard },
	{ "soft", start_soft },
};

KUNIT_ARRAY_PARAM_DESC(irq, irq_cases, name);

static void irq_end(void *data)
{
	struct irq *irq = data;

	irq_work_sync(&irq->work);
	timer_delete_sync(&irq->timer);
}

static struct irq *irq_open(struct kunit *test, u32 entries)
{
	struct irq *irq = kunit_kzalloc(test, sizeof(*irq), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, irq);
	irq->how = test->param_value;
	irq->nr = 1;
	irq->res = 1;
	init_completion(&irq->over);
	timer_setup(&irq->timer, fire_soft, 0);
	irq->live = live_open(test, entries, entries);
	irq->script = script_open(irq->live, SCRIPT_DEVICE);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, irq_end, irq), 0);
	return irq;
}

/* an interrupt completes what the device has; it is over on return */
static void interrupt(struct irq *irq)
{
	struct kunit *test = irq->live->test;

	reinit_completion(&irq->over);
	irq->how->start(irq);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&irq->over,
							  LIVE_PATIENCE), 0);
	KUNIT_EXPECT_TRUE(test, irq->in_irq);
}

static void an_interrupt_posts_the_cqe(struct kunit *test)
{
	struct irq *irq = irq_open(test, 4);

	KUNIT_ASSERT_EQ(test, live_read(irq->live, irq->script, UD),
			CRING_DISPATCHED);
	LIVE_EXPECT_NO_CQE(irq->live);
	interrupt(irq);
	LIVE_EXPECT_CQE(irq->live, UD, 1);
	LIVE_EXPECT_NO_CQE(irq->live);
}

static void an_interrupt_posts_an_error(struct kunit *test)
{
	struct irq *irq = irq_open(test, 4);

	live_read(irq->live, irq->script, UD);
	irq->res = -EIO;
	interrupt(irq);
	LIVE_EXPECT_CQE_FLAGS(irq->live, UD, -EIO, 0);
}

/* all slots are taken, and each completion has its own */
static void interrupts_cannot_overflow_the_queue(struct kunit *test)
{
	struct irq *irq = irq_open(test, 16);
	struct live *live = irq->live;
	unsigned int i;

	irq->nr = 16;
	for (i = 0; i < 16; i++)
		live_prep_read(live_sqe(live, 0, i), irq->script, live->args, 1);
	KUNIT_ASSERT_EQ(test, live_submit(live), 16);
	live_sqe(live, CRING_OP_NOP, 99);
	KUNIT_EXPECT_EQ(test, live_submit(live), -EBUSY);
	interrupt(irq);
	KUNIT_EXPECT_EQ(test, live_nr_cqes(live), 16);
	/* not yet reaped, they still take all of it */
	KUNIT_EXPECT_EQ(test, live_submit(live), -EBUSY);
	for (i = 0; i < 16; i++)
		LIVE_EXPECT_CQE(live, i, 1);
	KUNIT_EXPECT_EQ(test, live_submit(live), 1);
	LIVE_EXPECT_CQE(live, 99, 0);
}

static void a_chain_goes_on_after_an_interrupt(struct kunit *test)
{
	struct irq *irq = irq_open(test, 4);
	struct live *live = irq->live;
	struct cring_sqe *sqe = live_sqe(live, CRING_OP_READ, UD);

	live_prep_read(sqe, irq->script, live->args, 1);
	sqe->flags = CRING_SQE_IO_LINK;
	live_sqe(live, CRING_OP_NOP, NEXT);
	KUNIT_ASSERT_EQ(test, live_submit(live), 2);
	/* a thread that waits, and is long in coming: nobody else is asked */
	atomic_inc(&live->ring->nr_waiting);
	interrupt(irq);
	LIVE_EXPECT_CQE(live, UD, 1);
	/* its next member is started by a thread, not by the interrupt */
	LIVE_EXPECT_NO_CQE(live);
	atomic_dec(&live->ring->nr_waiting);
	cring_run_ready(live->ring);
	LIVE_EXPECT_CQE(live, NEXT, 0);
}

static void a_chain_breaks_in_an_interrupt(struct kunit *test)
{
	struct irq *irq = irq_open(test, 4);
	struct live *live = irq->live;
	struct cring_sqe *sqe = live_sqe(live, CRING_OP_READ, UD);

	live_prep_read(sqe, irq->script, live->args, 1);
	sqe->flags = CRING_SQE_IO_LINK;
	live_sqe(live, CRING_OP_NOP, NEXT);
	KUNIT_ASSERT_EQ(test, live_submit(live), 2);
	irq->res = -EIO;
	interrupt(irq);
	LIVE_EXPECT_CQE(live, UD, -EIO);
	LIVE_EXPECT_CQE_FLAGS(live, NEXT, -ECANCELED, CRING_CQE_F_NOT_STARTED);
}

static void a_drain_ends_in_an_interrupt(struct kunit *test)
{
	struct irq *irq = irq_open(test, 4);
	struct live *live = irq->live;

	live_prep_read(live_sqe(live, 0, UD), irq->script, live->args, 1);
	live_sqe(live, CRING_OP_NOP, NEXT)->flags = CRING_SQE_IO_DRAIN;
	KUNIT_ASSERT_EQ(test, live_submit(live), 2);
	LIVE_EXPECT_STATE(live, NEXT, CRING_DEFERRED);
	interrupt(irq);
	LIVE_EXPECT_CQE(live, UD, 1);
	cring_run_ready(live->ring);
	LIVE_EXPECT_CQE(live, NEXT, 0);
}

static void a_timeout_counts_what_an_interrupt_completes(struct kunit *test)
{
	struct irq *irq = irq_open(test, 4);
	struct live *live = irq->live;
	struct cring_sqe *sqe;

	live_read(live, irq->script, UD);
	sqe = live_sqe(live, CRING_OP_TIMEOUT, NEXT);
	sqe->addr = live_timespec(live, 0, 3600 * NSEC_PER_SEC);
	sqe->len = 1;
	sqe->off = 1;
	KUNIT_ASSERT_EQ(test, live_submit(live), 1);
	interrupt(irq);
	LIVE_EXPECT_CQE(live, UD, 1);
	LIVE_EXPECT_CQE(live, NEXT, 0);
}

static void expect_again_in_a_worker(struct kunit *test, long res)
{
	struct irq *irq = irq_open(test, 4);

	live_read(irq->live, irq->script, UD);
	irq->script->run = script_transfer;
	irq->res = res;
	interrupt(irq);
	LIVE_EXPECT_WAIT(irq->live, UD, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&irq->script->calls), 2);
}

static void what_a_device_gives_back_in_an_interrupt_goes_to_a_worker(struct kunit *test)
{
	expect_again_in_a_worker(test, -EAGAIN);
}

static void a_device_that_cannot_but_wait_is_asked_by_a_worker(struct kunit *test)
{
	expect_again_in_a_worker(test, -EOPNOTSUPP);
}

static void an_interrupt_drops_the_last_reference_to_a_file(struct kunit *test)
{
	struct irq *irq = irq_open(test, 4);

	live_read(irq->live, irq->script, UD);
	script_close(irq->script);
	KUNIT_EXPECT_FALSE(test, completion_done(&irq->script->released));
	interrupt(irq);
	KUNIT_EXPECT_TRUE(test, script_is_released(irq->script));
	LIVE_EXPECT_CQE(irq->live, UD, 1);
}

static void an_interrupt_ends_a_ring_that_was_closed(struct kunit *test)
{
	struct irq *irq = irq_open(test, 4);

	live_read(irq->live, irq->script, UD);
	script_close(irq->script);
	live_close(irq->live);
	KUNIT_EXPECT_GT(test, file_count(irq->live->mapping), 1);
	interrupt(irq);
	KUNIT_EXPECT_TRUE(test, live_gone(irq->live));
}

struct poller {
	struct wait_queue_entry entry;
	__poll_t key;
	unsigned int nr;
};

static int poller_wake(struct wait_queue_entry *entry, unsigned int mode,
		       int sync, void *key)
{
	struct poller *poller = container_of(entry, struct poller, entry);

	poller->key = key_to_poll(key);
	poller->nr++;
	return 0;
}

static void an_interrupt_wakes_who_polls_the_ring(struct kunit *test)
{
	struct irq *irq = irq_open(test, 4);
	struct live *live = irq->live;
	struct poller poller = {};

	live_read(live, irq->script, UD);
	KUNIT_EXPECT_FALSE(test, vfs_poll(live->file, NULL) & EPOLLIN);
	init_waitqueue_func_entry(&poller.entry, poller_wake);
	add_wait_queue(&live->ring->poll_wait, &poller.entry);
	reinit_completion(&irq->over);
	irq->how->start(irq);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&irq->over,
							  LIVE_PATIENCE), 0);
	remove_wait_queue(&live->ring->poll_wait, &poller.entry);
	KUNIT_EXPECT_EQ(test, poller.nr, 1);
	KUNIT_EXPECT_TRUE(test, poller.key & EPOLLIN);
	KUNIT_EXPECT_TRUE(test, vfs_poll(live->file, NULL) & EPOLLIN);
}

static int wait_for_one(void *arg)
{
	struct live *live = arg;
	struct cring_cqe cqe;

	return live_wait(live, &cqe) ? cqe.res : -ETIME;
}

static void an_interrupt_wakes_who_waits(struct kunit *test)
{
	struct irq *irq = irq_open(test, 4);
	struct other *other;

	live_read(irq->live, irq->script, UD);
	other = other_start(irq->live, wait_for_one, irq->live);
	KUNIT_EXPECT_TRUE(test,
			  live_until(wq_has_sleeper(&irq->live->ring->waitq)));
	interrupt(irq);
	KUNIT_EXPECT_EQ(test, other_join(other), 1);
}

static void cancel_in_the_interrupt(struct irq *irq)
{
	struct live *live = irq->live;
	struct cring_req *req = live_req(live, NEXT);
	unsigned long irqflags;
	LIST_HEAD(todo);

	if (!req)
		return;
	spin_lock_irqsave(&live->ring->lock, irqflags);
	cring_cancel_one(req, &todo);
	spin_unlock_irqrestore(&live->ring->lock, irqflags);
	cring_complete_todo(live->ring, &todo);
}

/* the heart of a cancel is fit for any context: a timer uses it there */
static void an_interrupt_may_cancel_what_is_armed(struct kunit *test)
{
	struct irq *irq = irq_open(test, 4);
	struct script *script = script_open(irq->live, SCRIPT_POLL);

	KUNIT_ASSERT_EQ(test, live_read(irq->live, script, NEXT), CRING_ARMED);
	irq->nr = 0;
	irq->then = cancel_in_the_interrupt;
	interrupt(irq);
	LIVE_EXPECT_CQE_FLAGS(irq->live, NEXT, -ECANCELED,
			      CRING_CQE_F_NOT_STARTED);
}

static void wake_in_the_interrupt(struct irq *irq)
{
	script_ready(irq->script, EPOLLIN);
}

static void an_interrupt_may_wake_what_is_armed(struct kunit *test)
{
	struct irq *irq = irq_open(test, 4);

	irq->script = script_open(irq->live, SCRIPT_POLL);
	KUNIT_ASSERT_EQ(test, live_read(irq->live, irq->script, UD),
			CRING_ARMED);
	irq->nr = 0;
	irq->then = wake_in_the_interrupt;
	interrupt(irq);
	LIVE_EXPECT_STATE(irq->live, UD, CRING_READY);
	cring_run_ready(irq->live->ring);
	LIVE_EXPECT_CQE(irq->live, UD, 1);
}

/* wherever the cancel is when the interrupt comes */
static void an_interrupt_and_a_cancel_agree(struct kunit *test)
{
	struct irq *irq = irq_open(test, 4);
	struct live *live = irq->live;
	unsigned int round, bad = 0, late = 0, gone = 0;

	for (round = 0; round < 100; round++) {
		struct cring_cqe cqe;
		unsigned int n;
		s32 answer;

		irq->script->nr_queued = 0;
		live_read(live, irq->script, UD);
		reinit_completion(&irq->over);
		irq->how->start(irq);
		for (n = 0; n < round * 13 % 211; n++)
			cpu_relax();
		answer = live_cancel(live, 0, UD);
		wait_for_completion_timeout(&irq->over, LIVE_PATIENCE);
		if (answer == -EALREADY)
			late++;
		else if (answer == -ENOENT)
			gone++;
		else
			bad++;
		if (!live_reap(live, &cqe) || cqe.user_data != UD ||
		    cqe.res != 1 || live_nr_cqes(live))
			bad++;
	}
	kunit_info(test, "too late %u, gone %u\n", late, gone);
	KUNIT_EXPECT_EQ(test, bad, 0);
}

static struct kunit_case cring_irq_cases[] = {
	KUNIT_CASE_PARAM(an_interrupt_posts_the_cqe, irq_gen_params),
	KUNIT_CASE_PARAM(an_interrupt_posts_an_error, irq_gen_params),
	KUNIT_CASE_PARAM(interrupts_cannot_overflow_the_queue, irq_gen_params),
	KUNIT_CASE_PARAM(a_chain_goes_on_after_an_interrupt, irq_gen_params),
	KUNIT_CASE_PARAM(a_chain_breaks_in_an_interrupt, irq_gen_params),
	KUNIT_CASE_PARAM(a_drain_ends_in_an_interrupt, irq_gen_params),
	KUNIT_CASE_PARAM(a_timeout_counts_what_an_interrupt_completes,
			 irq_gen_params),
	KUNIT_CASE_PARAM(what_a_device_gives_back_in_an_interrupt_goes_to_a_worker,
			 irq_gen_params),
	KUNIT_CASE_PARAM(a_device_that_cannot_but_wait_is_asked_by_a_worker,
			 irq_gen_params),
	KUNIT_CASE_PARAM(an_interrupt_drops_the_last_reference_to_a_file,
			 irq_gen_params),
	KUNIT_CASE_PARAM(an_interrupt_ends_a_ring_that_was_closed,
			 irq_gen_params),
	KUNIT_CASE_PARAM(an_interrupt_wakes_who_polls_the_ring, irq_gen_params),
	KUNIT_CASE_PARAM(an_interrupt_wakes_who_waits, irq_gen_params),
	KUNIT_CASE_PARAM(an_interrupt_may_cancel_what_is_armed, irq_gen_params),
	KUNIT_CASE_PARAM(an_interrupt_may_wake_what_is_armed, irq_gen_params),
	KUNIT_CASE_PARAM(an_interrupt_and_a_cancel_agree, irq_gen_params),
	{}
};

static struct kunit_suite cring_irq_suite = {
	.name = "cring_irq",
	.test_cases = cring_irq_cases,
};

kunit_test_suite(cring_irq_suite);
