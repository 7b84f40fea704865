// SPDX-License-Identifier: GPL-2.0
/*
 * The word of a request when two threads want it: exactly one makes the move,
 * and nothing that one of them tells the other is lost.
 */
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/smp.h>

#include "state.h"

/* the end of a thread of ours: kthread_stop() is on its way */
static void await_stop(void)
{
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
}

/* runs at once, on another processor than the test */
static struct task_struct *other_thread(struct kunit *test,
					int (*fn)(void *), void *arg)
{
	unsigned int cpu = cpumask_any_but(cpu_online_mask,
					   raw_smp_processor_id());
	struct task_struct *task;

	if (cpu >= nr_cpu_ids)
		kunit_skip(test, "a race needs two processors");
	task = kthread_create(fn, arg, "cring_other");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	kthread_bind(task, cpu);
	wake_up_process(task);
	return task;
}

static bool try_claim(atomic64_t *word, u64 seen)
{
	return cring_word_claim(word, seen);
}

static bool try_cancel_bit(atomic64_t *word, u64 seen)
{
	return cring_word_set(word, seen, CRING_WORD_CANCEL);
}

static bool try_woken_bit(atomic64_t *word, u64 seen)
{
	return cring_word_set(word, seen, CRING_WORD_WOKEN);
}

#define TRY_MOVE(_name, _from, _to)				\
	static bool try_##_name(atomic64_t *word, u64 seen)	\
	{							\
		return cring_word_move(word, _from, _to);	\
	}

TRY_MOVE(submit, CRING_ACCEPTED, CRING_INLINE)
TRY_MOVE(defer, CRING_ACCEPTED, CRING_DEFERRED)
TRY_MOVE(start_next, CRING_LINKED, CRING_READY)
TRY_MOVE(start_watch, CRING_LINKED, CRING_ARMED)
TRY_MOVE(end_drain, CRING_DEFERRED, CRING_READY)
TRY_MOVE(ready, CRING_ARMED, CRING_READY)
TRY_MOVE(run, CRING_QUEUED, CRING_RUNNING)
TRY_MOVE(arm, CRING_INLINE, CRING_ARMED)
TRY_MOVE(queue, CRING_INLINE, CRING_QUEUED)
TRY_MOVE(arm_running, CRING_RUNNING, CRING_ARMED)
TRY_MOVE(reissue, CRING_CLAIMED, CRING_QUEUED)

static bool try_dispatch(atomic64_t *word, u64 seen)
{
	return cring_word_dispatch(word, CRING_INLINE);
}

static bool try_dispatch_running(atomic64_t *word, u64 seen)
{
	return cring_word_dispatch(word, CRING_RUNNING);
}

/* the word is as it was afterwards, but for the generation */
static bool try_a_whole_life(atomic64_t *word, u64 seen)
{
	if (!cring_word_claim(word, seen))
		return false;
	cring_word_own(word, CRING_DONE);
	cring_word_free(word);
	return cring_word_move(word, CRING_FREE, CRING_LINKED) &&
	       cring_word_move(word, CRING_LINKED, CRING_ARMED);
}

static const struct race_case {
	const char *name;
	enum cring_state state;
	bool (*one)(atomic64_t *word, u64 seen);
	bool (*other)(atomic64_t *word, u64 seen);
} race_cases[] = {
	{ "two cancels", CRING_ARMED, try_claim, try_claim },
	{ "a cancel and a wake-up", CRING_ARMED, try_claim, try_ready },
	{ "two wake-ups", CRING_ARMED, try_ready, try_ready },
	{ "a cancel and a worker", CRING_QUEUED, try_claim, try_run },
	{ "a cancel and the submitter", CRING_ACCEPTED, try_claim, try_submit },
	{ "a cancel and who holds it back", CRING_ACCEPTED,
	  try_claim, try_defer },
	{ "a cancel and the end of the one before", CRING_LINKED,
	  try_claim, try_start_next },
	{ "a cancel and who starts the watch", CRING_LINKED,
	  try_claim, try_start_watch },
	{ "a cancel and the end of a drain", CRING_DEFERRED,
	  try_claim, try_end_drain },
	{ "a cancel and who arms it", CRING_INLINE, try_cancel_bit, try_arm },
	{ "a cancel and who queues it", CRING_INLINE,
	  try_cancel_bit, try_queue },
	{ "a cancel and the worker that arms it", CRING_RUNNING,
	  try_cancel_bit, try_arm_running },
	{ "a cancel and a device that wants it again", CRING_CLAIMED,
	  try_cancel_bit, try_reissue },
	{ "a wake-up and who arms it", CRING_INLINE, try_woken_bit, try_arm },
	{ "a device and who gave it to it", CRING_INLINE,
	  try_claim, try_dispatch },
	{ "a device and the worker that gave it to it", CRING_RUNNING,
	  try_claim, try_dispatch_running },
	{ "a cancel and a whole other life", CRING_ARMED,
	  try_claim, try_a_whole_life },
};

KUNIT_ARRAY_PARAM_DESC(race, race_cases, name);

#define RACE_ROUNDS	512	/* at many distances from each other */

struct race {
	const struct race_case *what;
	atomic64_t word;
	u64 seen;
	atomic_t meetings;	/* both sides count */
	bool other_won;
};

/* come back when both sides are here for the nth time */
static void race_meet(struct race *race, int nth)
{
	atomic_inc_return(&race->meetings);
	while (atomic_read_acquire(&race->meetings) < 2 * nth) {
		cpu_relax();
		cond_resched();
	}
}

/* the sides start at all distances from each other */
static void race_delay(unsigned int delay)
{
	while (delay--)
		cpu_relax();
}

static int race_other(void *arg)
{
	struct race *race = arg;
	unsigned int round;

	for (round = 0; round < RACE_ROUNDS; round++) {
		race_meet(race, 2 * round + 1);
		race_delay(round % 32);
		race->other_won = race->what->other(&race->word, race->seen);
		race_meet(race, 2 * round + 2);
	}
	await_stop();
	return 0;
}

static void of_two_threads_exactly_one_wins(struct kunit *test)
{
	struct race race = { .what = test->param_value };
	unsigned int round, one = 0, other = 0, both = 0, none = 0;
	struct task_struct *task;

	task = other_thread(test, race_other, &race);

	/* no assertion from here on: the other thread uses our stack */
	for (round = 0; round < RACE_ROUNDS; round++) {
		bool won;

		race.seen = round * CRING_WORD_GEN | race.what->state;
		atomic64_set(&race.word, race.seen);
		race_meet(&race, 2 * round + 1);
		race_delay(round / 32 % 32);
		won = race.what->one(&race.word, race.seen);
		race_meet(&race, 2 * round + 2);
		if (won && race.other_won)
			both++;
		else if (won)
			one++;
		else if (race.other_won)
			other++;
		else
			none++;
	}
	kthread_stop(task);
	kunit_info(test, "%u and %u times\n", one, other);
	KUNIT_EXPECT_EQ_MSG(test, both, 0, "times that both won");
	KUNIT_EXPECT_EQ_MSG(test, none, 0, "times that none won");
}

/* ---------------------------------------------------------------------------
 * Bits that come and go while the owner moves it
 */

struct teller {
	atomic64_t word;
	unsigned int told;
};

#define TELLS		2000

/* tells it to stop, again and again, as cancels do */
static int tell(void *arg)
{
	struct teller *t = arg;

	while (t->told < TELLS) {
		u64 word = atomic64_read(&t->word);

		if (word & CRING_WORD_CANCEL)
			cond_resched();
		else if (cring_word_set(&t->word, word, CRING_WORD_CANCEL))
			/* after the bit */
			smp_store_release(&t->told, t->told + 1);
	}
	await_stop();
	return 0;
}

static void an_owner_that_moves_it_loses_no_cancel(struct kunit *test)
{
	struct teller t = { .word = ATOMIC64_INIT(CRING_CLAIMED) };
	unsigned int heard = 0, lost = 0;
	struct task_struct *task;

	task = other_thread(test, tell, &t);

	/* no assertion from here on: the other thread uses our stack */
	while (heard < TELLS && !lost) {
		unsigned int told;

		/* one life after the other, all of them the owner's */
		cring_word_own(&t.word, CRING_QUEUED);
		cring_word_own(&t.word, CRING_RUNNING);
		cring_word_own(&t.word, CRING_CLAIMED);
		cring_word_unwake(&t.word);
		/* what was told before is there to be heard */
		told = smp_load_acquire(&t.told);
		if (atomic64_read(&t.word) & CRING_WORD_CANCEL) {
			heard++;
			atomic64_andnot(CRING_WORD_CANCEL, &t.word);
		} else if (told > heard) {
			lost++;
		}
		cond_resched();
	}
	/* whatever was lost, the other one has to come to its end */
	while (READ_ONCE(t.told) < TELLS) {
		atomic64_andnot(CRING_WORD_CANCEL, &t.word);
		cond_resched();
	}
	kthread_stop(task);
	KUNIT_EXPECT_EQ(test, lost, 0);
	KUNIT_EXPECT_EQ(test, heard, TELLS);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&t.word), CRING_CLAIMED);
}

static struct kunit_case cring_state_race_cases[] = {
	KUNIT_CASE_PARAM(of_two_threads_exactly_one_wins, race_gen_params),
	KUNIT_CASE(an_owner_that_moves_it_loses_no_cancel),
	{}
};

static struct kunit_suite cring_state_race_suite = {
	.name = "cring_state_race",
	.test_cases = cring_state_race_cases,
};

kunit_test_suite(cring_state_race_suite);
