// SPDX-License-Identifier: GPL-2.0
/*
 * Providers: a call ends once, by its provider or by a cancel, and a cancel
 * routine is called by the cancel that takes the call and by no other (C17 of
 * Documentation/contract.rst).
 */
#include <linux/delay.h>
#include <linux/irq_work.h>

#include "told.h"

enum { UD = 1, NEXT = 2, LAST = 3 };

/* it ended that way, once, and is gone */
#define EXPECT_END(told, ud, result) do {				\
	struct live *on_ = (told)->live;				\
	u64 ud_ = (ud);							\
									\
	LIVE_EXPECT_CQE_FLAGS(on_, ud_, result, 0);			\
	LIVE_EXPECT_NO_CQE(on_);					\
	KUNIT_EXPECT_EQ(on_->test, live_in_flight(on_), 0);		\
	KUNIT_EXPECT_EQ(on_->test, live_cancel(on_, 0, ud_), -ENOENT);	\
} while (0)

/* --- completing --- */

static void a_call_is_what_its_sqe_says(struct kunit *test)
{
	struct told *told = told_open(test, 0);
	struct cring_call *call;
	struct cring_sqe *sqe;

	sqe = live_sqe(told->live, told->provider.opcode, UD);
	sqe->off = 1ULL << 40;
	sqe->addr = 2ULL << 40;
	sqe->len = 3;
	sqe->op_flags = 4;
	sqe->fd_in = -5;
	sqe->buf_index = 6;
	sqe->ioprio = 7;
	KUNIT_EXPECT_EQ(test, live_submit(told->live), 1);
	KUNIT_ASSERT_EQ(test, told->nr, 1);
	call = told->calls[0];
	KUNIT_EXPECT_EQ(test, call->off, 1ULL << 40);
	KUNIT_EXPECT_EQ(test, call->addr, 2ULL << 40);
	KUNIT_EXPECT_EQ(test, call->len, 3);
	KUNIT_EXPECT_EQ(test, call->flags, 4);
	KUNIT_EXPECT_EQ(test, call->fd_in, -5);
	KUNIT_EXPECT_EQ(test, call->buf_index, 6);
	KUNIT_EXPECT_EQ(test, (unsigned int)call->ioprio, 7);
	KUNIT_EXPECT_FALSE(test, call->kernel);
	KUNIT_EXPECT_PTR_EQ(test, call->file, NULL);
}

static void a_call_may_end_while_it_is_started(struct kunit *test)
{
	struct told *told = told_open(test, 0);

	told->run = told_end_at_once;
	KUNIT_EXPECT_EQ(test, told_start(told, UD), CRING_FREE);
	EXPECT_END(told, UD, 1000);
}

static void a_call_ends_as_its_provider_says(struct kunit *test)
{
	static const s32 results[] = { 0, 1, S32_MAX, -EIO, -ECANCELED, S32_MIN };
	struct told *told = told_open(test, 0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(results); i++) {
		KUNIT_EXPECT_EQ(test, told_start(told, UD), CRING_DISPATCHED);
		LIVE_EXPECT_NO_CQE(told->live);
		KUNIT_EXPECT_TRUE(test, told_complete(told, i, results[i]));
		EXPECT_END(told, UD, results[i]);
	}
}

static void an_armed_call_ends_as_its_provider_says(struct kunit *test)
{
	struct told *told = told_open(test, 0);

	told->run = told_arm;
	KUNIT_EXPECT_EQ(test, told_start(told, UD), CRING_ARMED);
	KUNIT_EXPECT_TRUE(test, told_complete(told, 0, 7));
	EXPECT_END(told, UD, 7);
	KUNIT_EXPECT_EQ(test, atomic_read(&told->routines), 0);
}

struct hard {
	struct irq_work work;
	struct told *told;
	bool in_irq;
	bool ret;
};

static void complete_hard(struct irq_work *work)
{
	struct hard *hard = container_of(work, struct hard, work);

	hard->in_irq = in_hardirq();
	hard->ret = told_complete(hard->told, 0, 9);
}

static void a_call_may_end_in_an_interrupt(struct kunit *test)
{
	struct told *told = told_open(test, 0);
	struct hard hard = { .told = told };

	told->run = told_arm;
	told_start(told, UD);
	hard.work = IRQ_WORK_INIT_HARD(complete_hard);
	irq_work_queue(&hard.work);
	irq_work_sync(&hard.work);
	KUNIT_EXPECT_TRUE(test, hard.in_irq);
	KUNIT_EXPECT_TRUE(test, hard.ret);
	EXPECT_END(told, UD, 9);
}

/* --- cancelling --- */

static void a_cancel_calls_the_routine_once_and_stops_the_call(struct kunit *test)
{
	struct told *told = told_open(test, 0);

	told->run = told_arm;
	told_start(told, UD);
	KUNIT_EXPECT_FALSE(test, cring_call_is_cancelled(told->calls[0]));
	KUNIT_EXPECT_EQ(test, live_cancel(told->live, 0, UD), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&told->routines), 1);
	EXPECT_END(told, UD, -ECANCELED);
	KUNIT_EXPECT_EQ(test, atomic_read(&told->routines), 1);
}

static void without_a_routine_it_is_told_and_goes_on(struct kunit *test)
{
	struct told *told = told_open(test, 0);

	told_start(told, UD);
	KUNIT_EXPECT_FALSE(test, cring_call_is_cancelled(told->calls[0]));
	KUNIT_EXPECT_EQ(test, live_cancel(told->live, 0, UD), -EALREADY);
	KUNIT_EXPECT_TRUE(test, cring_call_is_cancelled(told->calls[0]));
	KUNIT_EXPECT_EQ(test, live_cancel(told->live, 0, UD), -EALREADY);
	LIVE_EXPECT_NO_CQE(told->live);
	KUNIT_EXPECT_TRUE(test, told_complete(told, 0, 3));
	EXPECT_END(told, UD, 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&told->routines), 0);
}

static void a_routine_that_comes_late_is_called_at_once(struct kunit *test)
{
	struct told *told = told_open(test, 0);

	told_start(told, UD);
	KUNIT_EXPECT_EQ(test, live_cancel(told->live, 0, UD), -EALREADY);
	KUNIT_EXPECT_FALSE(test, told_set(told, 0));
	KUNIT_EXPECT_EQ(test, atomic_read(&told->routines), 1);
	EXPECT_END(told, UD, -ECANCELED);
}

static void a_routine_that_was_cleared_is_not_called(struct kunit *test)
{
	struct told *told = told_open(test, 0);

	told->run = told_arm;
	told_start(told, UD);
	KUNIT_EXPECT_TRUE(test, cring_call_clear_cancel(told->calls[0]));
	LIVE_EXPECT_STATE(told->live, UD, CRING_DISPATCHED);
	/* there is none to clear any more */
	KUNIT_EXPECT_FALSE(test, cring_call_clear_cancel(told->calls[0]));
	KUNIT_EXPECT_EQ(test, live_cancel(told->live, 0, UD), -EALREADY);
	KUNIT_EXPECT_EQ(test, atomic_read(&told->routines), 0);
	KUNIT_EXPECT_TRUE(test, told_complete(told, 0, 3));
	EXPECT_END(told, UD, 3);
}

static void a_routine_may_be_set_and_cleared_again_and_again(struct kunit *test)
{
	struct told *told = told_open(test, 0);
	unsigned int i;

	told_start(told, UD);
	for (i = 0; i < 100; i++) {
		KUNIT_EXPECT_TRUE(test, told_set(told, 0));
		KUNIT_EXPECT_TRUE(test, cring_call_clear_cancel(told->calls[0]));
	}
	KUNIT_EXPECT_TRUE(test, told_set(told, 0));
	KUNIT_EXPECT_EQ(test, live_cancel(told->live, 0, UD), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&told->routines), 1);
	EXPECT_END(told, UD, -ECANCELED);
}

/* the provider's timer, say, was already running */
static void who_comes_too_late_is_told_so_and_the_record_waits(struct kunit *test)
{
	struct told *told = told_open(test, 0);
	struct cring_req *req;

	told->run = told_arm;
	told->keep = true;
	told_start(told, UD);
	req = live_req(told->live, UD);
	KUNIT_ASSERT_NOT_NULL(test, req);
	KUNIT_EXPECT_EQ(test, live_cancel(told->live, 0, UD), 0);
	EXPECT_END(told, UD, -ECANCELED);
	KUNIT_EXPECT_EQ(test, cring_word_state(atomic64_read(&req->word)),
			CRING_DONE);
	KUNIT_EXPECT_TRUE(test, cring_call_is_cancelled(told->calls[0]));
	KUNIT_EXPECT_FALSE(test, cring_call_clear_cancel(told->calls[0]));
	KUNIT_EXPECT_EQ(test, atomic_read(&told->released), 0);
	KUNIT_EXPECT_FALSE(test, told_complete(told, 0, 5));
	KUNIT_EXPECT_EQ(test, atomic_read(&told->released), 1);
	KUNIT_EXPECT_EQ(test, cring_word_state(atomic64_read(&req->word)),
			CRING_FREE);
	LIVE_EXPECT_NO_CQE(told->live);
}

static void a_cancel_of_all_tells_those_with_a_routine_from_the_others(struct kunit *test)
{
	struct cring_cancel_key key = {
		.flags = CRING_ASYNC_CANCEL_ALL | CRING_ASYNC_CANCEL_OP,
	};
	struct told *told = told_open(test, 0);
	unsigned int i;

	key.opcode = told->provider.opcode;
	for (i = 0; i < 6; i++) {
		told->run = i % 2 ? told_arm : NULL;
		told_start(told, i);
	}
	KUNIT_EXPECT_EQ(test, live_cancel_sync(told->live, &key, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, key.res, 6);
	KUNIT_EXPECT_EQ(test, key.already, 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&told->routines), 3);
	KUNIT_EXPECT_EQ(test, live_nr_cqes(told->live), 3);
	for (i = 0; i < 6; i += 2)
		KUNIT_EXPECT_FALSE(test, told_set(told, i));
	KUNIT_EXPECT_EQ(test, live_nr_cqes(told->live), 6);
	KUNIT_EXPECT_EQ(test, live_in_flight(told->live), 0);
}

static void what_was_never_issued_is_stopped_without_the_provider(struct kunit *test)
{
	struct told *told = told_open(test, 0);
	struct live *live = told->live;

	live_sqe(live, told->provider.opcode, UD)->flags = CRING_SQE_IO_LINK;
	live_sqe(live, told->provider.opcode, NEXT);
	KUNIT_ASSERT_EQ(test, live_submit(live), 2);
	LIVE_EXPECT_STATE(live, NEXT, CRING_LINKED);
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, NEXT), 0);
	LIVE_EXPECT_CQE_FLAGS(live, NEXT, -ECANCELED, CRING_CQE_F_NOT_STARTED);
	KUNIT_EXPECT_EQ(test, told->nr, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&told->released), 1);
	KUNIT_EXPECT_TRUE(test, told_complete(told, 0, 1));
	EXPECT_END(told, UD, 1);
	KUNIT_EXPECT_EQ(test, told->nr, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&told->released), 2);
}

static void a_chain_goes_on_behind_a_call(struct kunit *test)
{
	struct told *told = told_open(test, 0);
	struct live *live = told->live;

	live_sqe(live, told->provider.opcode, UD)->flags = CRING_SQE_IO_LINK;
	live_sqe(live, told->provider.opcode, NEXT)->flags = CRING_SQE_IO_LINK;
	live_sqe(live, told->provider.opcode, LAST);
	KUNIT_ASSERT_EQ(test, live_submit(live), 3);
	told_complete(told, 0, 0);
	LIVE_EXPECT_CQE(live, UD, 0);
	/* in a thread of the owner */
	cring_run_ready(live->ring);
	KUNIT_ASSERT_EQ(test, told->nr, 2);
	LIVE_EXPECT_STATE(live, NEXT, CRING_DISPATCHED);
	KUNIT_EXPECT_TRUE(test, told_set(told, 1));
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, NEXT), 0);
	LIVE_EXPECT_CQE_FLAGS(live, NEXT, -ECANCELED, 0);
	LIVE_EXPECT_CQE_FLAGS(live, LAST, -ECANCELED, CRING_CQE_F_NOT_STARTED);
	KUNIT_EXPECT_EQ(test, live_in_flight(live), 0);
}

static void closing_the_ring_cancels_and_waits_for_no_provider(struct kunit *test)
{
	struct told *told = told_open(test, 0);

	told->run = told_arm;
	told->keep = true;
	told_start(told, UD);
	told->run = NULL;
	told_start(told, NEXT);
	live_close(told->live);
	KUNIT_EXPECT_EQ(test, atomic_read(&told->routines), 1);
	KUNIT_EXPECT_TRUE(test, cring_call_is_cancelled(told->calls[1]));
	/* both are still the provider's */
	KUNIT_EXPECT_TRUE(test, told_complete(told, 1, 0));
	KUNIT_EXPECT_FALSE(test, told_complete(told, 0, 0));
	KUNIT_EXPECT_TRUE(test, live_gone(told->live));
}

/* --- meetings --- */

/* a cancel has read the word, and then ... */
static void clear_in_between(struct live *live, struct cring_req *req)
{
	struct told *told = live->priv;

	if (cring_word_state(atomic64_read(&req->word)) == CRING_ARMED)
		cring_call_clear_cancel(told->calls[0]);
}

static void a_cancel_that_a_clear_overtakes_calls_no_routine(struct kunit *test)
{
	struct told *told = told_open(test, 0);

	told->run = told_arm;
	told_start(told, UD);
	live_at(told->live, CRING_AT_CANCEL, clear_in_between);
	KUNIT_EXPECT_EQ(test, live_cancel(told->live, 0, UD), -EALREADY);
	live_at(told->live, CRING_AT_CANCEL, NULL);
	KUNIT_EXPECT_EQ(test, atomic_read(&told->routines), 0);
	KUNIT_EXPECT_TRUE(test, cring_call_is_cancelled(told->calls[0]));
	KUNIT_EXPECT_TRUE(test, told_complete(told, 0, 2));
	EXPECT_END(told, UD, 2);
}

static void set_in_between(struct live *live, struct cring_req *req)
{
	struct told *told = live->priv;

	if (cring_word_state(atomic64_read(&req->word)) == CRING_DISPATCHED)
		told_set(told, 0);
}

static void a_cancel_that_a_set_overtakes_calls_it(struct kunit *test)
{
	struct told *told = told_open(test, 0);

	told_start(told, UD);
	live_at(told->live, CRING_AT_CANCEL, set_in_between);
	KUNIT_EXPECT_EQ(test, live_cancel(told->live, 0, UD), 0);
	live_at(told->live, CRING_AT_CANCEL, NULL);
	KUNIT_EXPECT_EQ(test, atomic_read(&told->routines), 1);
	EXPECT_END(told, UD, -ECANCELED);
}

/* the provider claims it, and then waits for the lock that the cancel holds */
static void let_it_complete(struct live *live, struct cring_req *req)
{
	struct told *told = live->priv;

	if (!xchg(&told->now, true))
		live_spin(cring_word_state(atomic64_read(&req->word)) ==
			  CRING_CLAIMED);
}

static int complete_when_told(void *arg)
{
	struct told *told = arg;

	live_spin(READ_ONCE(told->now));
	return told_complete(told, 0, 6);
}

static void a_cancel_that_a_completion_overtakes_calls_no_routine(struct kunit *test)
{
	struct told *told;
	struct other *other;

	live_needs_two(test);
	told = told_open(test, 0);
	told->run = told_arm;
	told_start(told, UD);
	live_at(told->live, CRING_AT_CANCEL, let_it_complete);
	other = other_start(told->live, complete_when_told, told);
	KUNIT_EXPECT_EQ(test, live_cancel(told->live, 0, UD), -EALREADY);
	KUNIT_EXPECT_EQ(test, other_join(other), true);
	live_at(told->live, CRING_AT_CANCEL, NULL);
	KUNIT_EXPECT_EQ(test, atomic_read(&told->routines), 0);
	EXPECT_END(told, UD, 6);
}

/* in the routine, it is nobody else's any more */
static int cancel_when_told(void *arg)
{
	struct told *told = arg;

	live_spin(atomic_read(&told->routines) == 1);
	return live_cancel(told->live, 0, UD);
}

static struct other *the_other;

static void let_the_other_cancel(struct told *told)
{
	live_spin(other_is_done(the_other));
}

static void while_the_routine_runs_another_cancel_is_too_late(struct kunit *test)
{
	struct told *told;

	live_needs_two(test);
	told = told_open(test, 0);
	told->run = told_arm;
	told->then = let_the_other_cancel;
	told_start(told, UD);
	the_other = other_start(told->live, cancel_when_told, told);
	KUNIT_EXPECT_EQ(test, live_cancel(told->live, 0, UD), 0);
	KUNIT_EXPECT_EQ(test, other_join(the_other), -EALREADY);
	KUNIT_EXPECT_EQ(test, atomic_read(&told->routines), 1);
	EXPECT_END(told, UD, -ECANCELED);
}

static int complete_in_the_routine(void *arg)
{
	struct told *told = arg;

	live_spin(atomic_read(&told->routines) == 1);
	return told_complete(told, 0, 1);
}

static void see_that_it_is_not_released(struct told *told)
{
	live_spin(other_is_done(the_other));
	told->now = atomic_read(&told->released);
}

/* what the routine looks at is there until it has returned */
static void a_call_is_released_after_its_routine(struct kunit *test)
{
	struct told *told;

	live_needs_two(test);
	told = told_open(test, 0);
	told->run = told_arm;
	told->keep = true;
	told->then = see_that_it_is_not_released;
	told_start(told, UD);
	the_other = other_start(told->live, complete_in_the_routine, told);
	KUNIT_EXPECT_EQ(test, live_cancel(told->live, 0, UD), 0);
	KUNIT_EXPECT_EQ(test, other_join(the_other), false);
	KUNIT_EXPECT_FALSE(test, told->now);
	KUNIT_EXPECT_EQ(test, atomic_read(&told->released), 1);
	EXPECT_END(told, UD, -ECANCELED);
}

/* --- files --- */

static void a_file_is_looked_up_for_who_wants_one(struct kunit *test)
{
	struct cring_cancel_key key = { .flags = CRING_ASYNC_CANCEL_FD };
	struct told *told = told_open(test, CRING_PROVIDER_FILE);
	struct live *live = told->live;
	struct script *script = script_open(live, SCRIPT_POLL);

	live_sqe(live, told->provider.opcode, NEXT)->fd = -1;
	KUNIT_EXPECT_EQ(test, live_submit(live), 1);
	EXPECT_END(told, NEXT, -EBADF);

	told->run = told_arm;
	live_sqe(live, told->provider.opcode, UD)->fd = script->fd;
	KUNIT_EXPECT_EQ(test, live_submit(live), 1);
	KUNIT_ASSERT_EQ(test, told->nr, 1);
	KUNIT_EXPECT_PTR_EQ(test, told->calls[0]->file, script->file);
	key.fd = script->fd;
	KUNIT_EXPECT_EQ(test, live_cancel_sync(live, &key, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, key.res, 0);
	EXPECT_END(told, UD, -ECANCELED);
	script_close(script);
	KUNIT_EXPECT_TRUE(test, script_is_released(script));
}

/* --- coming and going --- */

static void no_issue(struct cring_call *call)
{
	cring_call_complete(call, 0);
}

static void a_provider_gets_the_opcode_that_it_wants_or_a_free_one(struct kunit *test)
{
	struct cring_provider a = { .issue = no_issue, .opcode = CRING_OP_PROVIDER_LAST };
	struct cring_provider b = a, c = { .issue = no_issue };
	struct cring_query query = {};

	KUNIT_ASSERT_EQ(test, cring_provider_register(&a), 0);
	KUNIT_EXPECT_EQ(test, a.opcode, CRING_OP_PROVIDER_LAST);
	KUNIT_EXPECT_EQ(test, cring_provider_register(&b), -EBUSY);
	KUNIT_ASSERT_EQ(test, cring_provider_register(&c), 0);
	KUNIT_EXPECT_EQ(test, c.opcode, CRING_OP_PROVIDER_FIRST);
	cring_op_query(&query);
	KUNIT_EXPECT_EQ(test, query.ops[3], 1ULL | 1ULL << 63);
	cring_provider_unregister(&a);
	KUNIT_ASSERT_EQ(test, cring_provider_register(&b), 0);
	cring_provider_unregister(&b);
	cring_provider_unregister(&c);
	memset(&query, 0, sizeof(query));
	cring_op_query(&query);
	KUNIT_EXPECT_EQ(test, query.ops[3], 0);
}

static void what_is_no_provider_is_refused(struct kunit *test)
{
	struct cring_provider p = {};

	KUNIT_EXPECT_EQ(test, cring_provider_register(&p), -EINVAL);
	p.issue = no_issue;
	p.opcode = CRING_OP_PROVIDER_FIRST - 1;
	KUNIT_EXPECT_EQ(test, cring_provider_register(&p), -EINVAL);
	p.opcode = CRING_OP_READ;
	KUNIT_EXPECT_EQ(test, cring_provider_register(&p), -EINVAL);
	p.opcode = 0;
	p.flags = CRING_PROVIDER_FILE << 1;
	KUNIT_EXPECT_EQ(test, cring_provider_register(&p), -EINVAL);
	KUNIT_EXPECT_PTR_EQ(test, cring_op_get(CRING_OP_PROVIDER_FIRST), NULL);
}

static void there_are_sixty_four_providers(struct kunit *test)
{
	const unsigned int nr = CRING_OP_PROVIDER_LAST - CRING_OP_PROVIDER_FIRST + 1;
	struct cring_provider *p = kunit_kcalloc(test, nr + 1, sizeof(*p), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, p);
	for (i = 0; i < nr; i++) {
		p[i].issue = no_issue;
		KUNIT_EXPECT_EQ(test, cring_provider_register(&p[i]), 0);
	}
	p[nr].issue = no_issue;
	KUNIT_EXPECT_EQ(test, cring_provider_register(&p[nr]), -ENOSPC);
	for (i = 0; i < nr; i++)
		if (p[i].provided)
			cring_provider_unregister(&p[i]);
}

static int unregister(void *arg)
{
	struct told *told = arg;

	cring_provider_unregister(&told->provider);
	return 0;
}

static void unregistering_refuses_new_calls_and_waits_for_old_ones(struct kunit *test)
{
	struct told *told = told_open(test, 0);
	struct live *live = told->live;
	u8 opcode = told->provider.opcode;
	struct cring_cqe cqe = {};
	struct other *other;
	struct cring_provider next = { .issue = no_issue, .opcode = opcode };

	told->keep = true;
	told->run = told_arm;
	told_start(told, UD);
	told->run = NULL;
	told_start(told, NEXT);
	other = other_start(live, unregister, told);
	/* until then they are taken, and end at once */
	told->run = told_end_at_once;
	KUNIT_EXPECT_TRUE(test, live_until(({
		live_sqe(live, opcode, LAST);
		live_submit(live);
		live_reap(live, &cqe) && cqe.res == -EINVAL;
	})));
	KUNIT_EXPECT_EQ(test, cqe.user_data, LAST);
	/* a cancel still knows those that are there, and the number is taken */
	KUNIT_EXPECT_EQ(test, cring_provider_register(&next), -EBUSY);
	KUNIT_EXPECT_EQ(test, live_cancel(live, CRING_ASYNC_CANCEL_ALL |
					  CRING_ASYNC_CANCEL_ANY, 0), 2);
	LIVE_EXPECT_CQE(live, UD, -ECANCELED);
	/* posted, and yet the provider has it; not posted */
	KUNIT_EXPECT_FALSE(test, other_is_done(other));
	KUNIT_EXPECT_FALSE(test, told_complete(told, 0, 0));
	msleep(20);
	KUNIT_EXPECT_FALSE(test, other_is_done(other));
	KUNIT_EXPECT_TRUE(test, told_complete(told, 1, 0));
	KUNIT_EXPECT_EQ(test, other_join(other), 0);
	LIVE_EXPECT_CQE(live, NEXT, 0);
	KUNIT_EXPECT_PTR_EQ(test, cring_op_get(opcode), NULL);
}

static struct kunit_case cring_provider_cases[] = {
	KUNIT_CASE(a_call_is_what_its_sqe_says),
	KUNIT_CASE(a_call_may_end_while_it_is_started),
	KUNIT_CASE(a_call_ends_as_its_provider_says),
	KUNIT_CASE(an_armed_call_ends_as_its_provider_says),
	KUNIT_CASE(a_call_may_end_in_an_interrupt),
	KUNIT_CASE(a_cancel_calls_the_routine_once_and_stops_the_call),
	KUNIT_CASE(without_a_routine_it_is_told_and_goes_on),
	KUNIT_CASE(a_routine_that_comes_late_is_called_at_once),
	KUNIT_CASE(a_routine_that_was_cleared_is_not_called),
	KUNIT_CASE(a_routine_may_be_set_and_cleared_again_and_again),
	KUNIT_CASE(who_comes_too_late_is_told_so_and_the_record_waits),
	KUNIT_CASE(a_cancel_of_all_tells_those_with_a_routine_from_the_others),
	KUNIT_CASE(what_was_never_issued_is_stopped_without_the_provider),
	KUNIT_CASE(a_chain_goes_on_behind_a_call),
	KUNIT_CASE(closing_the_ring_cancels_and_waits_for_no_provider),
	KUNIT_CASE(a_cancel_that_a_clear_overtakes_calls_no_routine),
	KUNIT_CASE(a_cancel_that_a_set_overtakes_calls_it),
	KUNIT_CASE(a_cancel_that_a_completion_overtakes_calls_no_routine),
	KUNIT_CASE(while_the_routine_runs_another_cancel_is_too_late),
	KUNIT_CASE(a_call_is_released_after_its_routine),
	KUNIT_CASE(a_file_is_looked_up_for_who_wants_one),
	KUNIT_CASE(a_provider_gets_the_opcode_that_it_wants_or_a_free_one),
	KUNIT_CASE(what_is_no_provider_is_refused),
	KUNIT_CASE(there_are_sixty_four_providers),
	KUNIT_CASE(unregistering_refuses_new_calls_and_waits_for_old_ones),
	{}
};

static struct kunit_suite cring_provider_suite = {
	.name = "cring_provider",
	.test_cases = cring_provider_cases,
};

kunit_test_suite(cring_provider_suite);
