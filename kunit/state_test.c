// SPDX-License-Identifier: GPL-2.0
/*
 * The word of a request: which moves there are, what stops one, who wins one.
 *
 * A move that is not in the table is a bug, and the word's functions warn of
 * it; so none is made here.
 */
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/smp.h>

#include "state.h"

/* state.h's table once more, with what is undone before it was published */
static const struct from_case {
	const char *name;
	enum cring_state from;
	unsigned long to;
} from_cases[] = {
	{ "free", CRING_FREE,
	  BIT(CRING_ACCEPTED) | BIT(CRING_LINKED) },
	{ "accepted", CRING_ACCEPTED,
	  BIT(CRING_INLINE) | BIT(CRING_DEFERRED) | BIT(CRING_CLAIMED) |
	  BIT(CRING_FREE) },
	{ "linked", CRING_LINKED,
	  BIT(CRING_READY) | BIT(CRING_ARMED) | BIT(CRING_CLAIMED) |
	  BIT(CRING_FREE) },
	{ "deferred", CRING_DEFERRED,
	  BIT(CRING_READY) | BIT(CRING_CLAIMED) },
	{ "inline", CRING_INLINE,
	  BIT(CRING_QUEUED) | BIT(CRING_ARMED) | BIT(CRING_DISPATCHED) |
	  BIT(CRING_DONE) | BIT(CRING_CLAIMED) },
	{ "queued", CRING_QUEUED,
	  BIT(CRING_RUNNING) | BIT(CRING_CLAIMED) },
	{ "running", CRING_RUNNING,
	  BIT(CRING_ARMED) | BIT(CRING_DISPATCHED) | BIT(CRING_DONE) |
	  BIT(CRING_CLAIMED) },
	{ "armed", CRING_ARMED,
	  BIT(CRING_READY) | BIT(CRING_CLAIMED) },
	{ "ready", CRING_READY,
	  BIT(CRING_INLINE) | BIT(CRING_QUEUED) | BIT(CRING_CLAIMED) },
	{ "dispatched", CRING_DISPATCHED,
	  BIT(CRING_CLAIMED) },
	{ "claimed", CRING_CLAIMED,
	  BIT(CRING_DONE) | BIT(CRING_QUEUED) },
	{ "done", CRING_DONE,
	  BIT(CRING_FREE) },
};

KUNIT_ARRAY_PARAM_DESC(from, from_cases, name);

/* the first use of a record, the second, one of many, and the last */
static const u64 generations[] = {
	0, CRING_WORD_GEN, 0x123456789aULL * CRING_WORD_GEN, CRING_WORD_GEN_MASK
};

/* from one set of the two bits to the next: neither, CANCEL, WOKEN, both */
#define BIT_STEP	CRING_WORD_CANCEL

static bool claimable(enum cring_state state)
{
	return from_cases[state].to & BIT(CRING_CLAIMED);
}

static void the_table_has_every_state_in_its_place(struct kunit *test)
{
	unsigned int i;

	KUNIT_ASSERT_EQ(test, ARRAY_SIZE(from_cases), CRING_NR_STATES);
	for (i = 0; i < CRING_NR_STATES; i++)
		KUNIT_EXPECT_EQ(test, from_cases[i].from, i);
}

static void a_state_is_left_only_as_the_table_says(struct kunit *test)
{
	const struct from_case *row = test->param_value;
	unsigned int to;

	for (to = 0; to < CRING_NR_STATES; to++)
		KUNIT_EXPECT_EQ_MSG(test, cring_state_legal(row->from, to),
				    !!(row->to & BIT(to)), "to %s",
				    cring_state_name(to));
}

static void no_move_begins_or_ends_in_what_is_no_state(struct kunit *test)
{
	static const unsigned int wrong[] = {
		CRING_NR_STATES, CRING_WORD_STATE, 16, 32, 64, U32_MAX
	};
	unsigned int state, i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		unsigned int none = wrong[i];

		for (state = 0; state < CRING_NR_STATES; state++) {
			KUNIT_EXPECT_FALSE(test, cring_state_legal(state, none));
			KUNIT_EXPECT_FALSE(test, cring_state_legal(none, state));
		}
		KUNIT_EXPECT_STREQ(test, cring_state_name(none), "?");
	}
}

static void a_state_is_called_by_its_name(struct kunit *test)
{
	const struct from_case *row = test->param_value;

	KUNIT_EXPECT_STREQ(test, cring_state_name(row->from), row->name);
}

static void in_flight_is_all_but_free_and_done(struct kunit *test)
{
	unsigned int state;

	for (state = 0; state < CRING_NR_STATES; state++)
		KUNIT_EXPECT_EQ(test, cring_state_in_flight(state),
				state != CRING_FREE && state != CRING_DONE);
}

static void a_move_changes_the_state_and_nothing_else(struct kunit *test)
{
	const struct from_case *row = test->param_value;
	unsigned int to, g;

	for_each_set_bit(to, &row->to, CRING_NR_STATES) {
		for (g = 0; g < ARRAY_SIZE(generations); g++) {
			u64 gen = generations[g];
			atomic64_t word = ATOMIC64_INIT(gen | row->from);

			KUNIT_EXPECT_TRUE(test,
					  cring_word_move(&word, row->from, to));
			KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&word),
					gen | to);
		}
	}
}

static void a_move_needs_the_state_it_begins_in(struct kunit *test)
{
	const struct from_case *row = test->param_value;
	unsigned int to, at;

	for_each_set_bit(to, &row->to, CRING_NR_STATES) {
		for (at = 0; at < CRING_NR_STATES; at++) {
			u64 before = CRING_WORD_GEN | at;
			atomic64_t word = ATOMIC64_INIT(before);

			if (at == row->from)
				continue;
			KUNIT_EXPECT_FALSE(test,
					   cring_word_move(&word, row->from, to));
			KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&word), before);
		}
	}
}

static void cancel_and_woken_stop_a_move(struct kunit *test)
{
	const struct from_case *row = test->param_value;
	unsigned int to;
	u64 bits;

	for_each_set_bit(to, &row->to, CRING_NR_STATES) {
		for (bits = BIT_STEP; bits <= CRING_WORD_BITS; bits += BIT_STEP) {
			u64 before = CRING_WORD_GEN | bits | row->from;
			atomic64_t word = ATOMIC64_INIT(before);

			KUNIT_EXPECT_FALSE(test,
					   cring_word_move(&word, row->from, to));
			KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&word), before);
		}
	}
}

static void an_owner_moves_it_whatever_was_asked(struct kunit *test)
{
	const struct from_case *row = test->param_value;
	unsigned int to;
	u64 bits;

	for_each_set_bit(to, &row->to, CRING_NR_STATES) {
		for (bits = 0; bits <= CRING_WORD_BITS; bits += BIT_STEP) {
			u64 rest = CRING_WORD_GEN | bits;
			atomic64_t word = ATOMIC64_INIT(rest | row->from);

			cring_word_own(&word, to);
			KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&word),
					rest | to);
		}
	}
}

static void a_claim_keeps_bits_and_generation(struct kunit *test)
{
	unsigned int state, g;
	u64 bits;

	for (state = 0; state < CRING_NR_STATES; state++) {
		if (!claimable(state))
			continue;
		for (bits = 0; bits <= CRING_WORD_BITS; bits += BIT_STEP) {
			for (g = 0; g < ARRAY_SIZE(generations); g++) {
				u64 gen = generations[g];
				u64 seen = gen | bits | state;
				atomic64_t word = ATOMIC64_INIT(seen);

				KUNIT_EXPECT_TRUE(test,
						  cring_word_claim(&word, seen));
				KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&word),
						gen | bits | CRING_CLAIMED);
			}
		}
	}
}

static void a_claim_needs_exactly_what_was_seen(struct kunit *test)
{
	/* what somebody else may have changed: the state, a bit, the use */
	static const u64 changes[] = {
		1, 2, 3, CRING_WORD_CANCEL, CRING_WORD_WOKEN, CRING_WORD_BITS,
		CRING_WORD_GEN, 3 * CRING_WORD_GEN, CRING_WORD_GEN_MASK,
		1ULL << 32, 1ULL << 63,
	};
	unsigned int state, c;
	u64 bits;

	for (state = 0; state < CRING_NR_STATES; state++) {
		if (!claimable(state))
			continue;
		for (bits = 0; bits <= CRING_WORD_BITS; bits += BIT_STEP) {
			for (c = 0; c < ARRAY_SIZE(changes); c++) {
				u64 seen = CRING_WORD_GEN | bits | state;
				u64 now = seen ^ changes[c];
				atomic64_t word = ATOMIC64_INIT(now);

				KUNIT_EXPECT_FALSE(test,
						   cring_word_claim(&word, seen));
				KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&word),
						now);
			}
		}
	}
}

static void what_is_claimed_is_not_claimed_again(struct kunit *test)
{
	u64 seen = CRING_WORD_GEN | CRING_ARMED;
	atomic64_t word = ATOMIC64_INIT(seen);

	KUNIT_EXPECT_TRUE(test, cring_word_claim(&word, seen));
	KUNIT_EXPECT_FALSE(test, cring_word_claim(&word, seen));
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&word),
			CRING_WORD_GEN | CRING_CLAIMED);
}

static void freeing_begins_another_generation_without_bits(struct kunit *test)
{
	unsigned int state, g;
	u64 bits;

	for (state = 0; state < CRING_NR_STATES; state++) {
		if (!(from_cases[state].to & BIT(CRING_FREE)))
			continue;
		for (bits = 0; bits <= CRING_WORD_BITS; bits += BIT_STEP) {
			for (g = 0; g < ARRAY_SIZE(generations); g++) {
				u64 gen = generations[g];
				u64 last = gen | bits | state;
				atomic64_t word = ATOMIC64_INIT(last);
				u64 now;

				cring_word_free(&word);
				now = atomic64_read(&word);
				/* the first comes after the last */
				KUNIT_EXPECT_EQ(test, now,
						(gen + CRING_WORD_GEN) |
						CRING_FREE);
				KUNIT_EXPECT_FALSE(test,
						   cring_word_same(last, now));
			}
		}
	}
}

static void one_use_is_one_generation_in_any_state(struct kunit *test)
{
	u64 first = CRING_WORD_GEN | CRING_ACCEPTED;
	unsigned int state;
	u64 bits;

	for (state = 0; state < CRING_NR_STATES; state++)
		for (bits = 0; bits <= CRING_WORD_BITS; bits += BIT_STEP)
			KUNIT_EXPECT_TRUE(test, cring_word_same(first,
								CRING_WORD_GEN |
								bits | state));
}

/* accepted, armed, claimed, posted, given back */
static void live(struct kunit *test, atomic64_t *word)
{
	KUNIT_EXPECT_TRUE(test,
			  cring_word_move(word, CRING_FREE, CRING_ACCEPTED));
	KUNIT_EXPECT_TRUE(test,
			  cring_word_move(word, CRING_ACCEPTED, CRING_INLINE));
	KUNIT_EXPECT_TRUE(test,
			  cring_word_move(word, CRING_INLINE, CRING_ARMED));
	KUNIT_EXPECT_TRUE(test, cring_word_claim(word, atomic64_read(word)));
	cring_word_own(word, CRING_DONE);
	cring_word_free(word);
}

static void a_claim_from_an_earlier_use_fails(struct kunit *test)
{
	atomic64_t word = ATOMIC64_INIT(CRING_FREE);
	unsigned int uses;
	u64 seen, now;

	KUNIT_EXPECT_TRUE(test,
			  cring_word_move(&word, CRING_FREE, CRING_ACCEPTED));
	seen = atomic64_read(&word);
	KUNIT_EXPECT_TRUE(test, cring_word_claim(&word, seen));
	cring_word_own(&word, CRING_DONE);
	cring_word_free(&word);

	for (uses = 0; uses < 1000; uses++) {
		live(test, &word);
		KUNIT_EXPECT_TRUE(test, cring_word_move(&word, CRING_FREE,
							CRING_ACCEPTED));
		now = atomic64_read(&word);
		/* it looks the same, but for the generation */
		KUNIT_EXPECT_EQ(test, now & ~CRING_WORD_GEN_MASK,
				seen & ~CRING_WORD_GEN_MASK);
		KUNIT_EXPECT_FALSE(test, cring_word_same(now, seen));
		KUNIT_EXPECT_FALSE(test, cring_word_claim(&word, seen));
		KUNIT_EXPECT_FALSE(test, cring_word_set(&word, seen,
							CRING_WORD_CANCEL));
		KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&word), now);
		/* never tried after all */
		cring_word_free(&word);
	}
}

static const enum cring_state dispatchers[] = { CRING_INLINE, CRING_RUNNING };

static void dispatch_is_not_stopped_and_keeps_the_bits(struct kunit *test)
{
	unsigned int i;
	u64 bits;

	for (i = 0; i < ARRAY_SIZE(dispatchers); i++) {
		enum cring_state from = dispatchers[i];

		for (bits = 0; bits <= CRING_WORD_BITS; bits += BIT_STEP) {
			u64 rest = CRING_WORD_GEN | bits;
			atomic64_t word = ATOMIC64_INIT(rest | from);

			KUNIT_EXPECT_TRUE(test,
					  cring_word_dispatch(&word, from));
			KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&word),
					rest | CRING_DISPATCHED);
		}
	}
}

static void dispatch_fails_when_the_device_was_faster(struct kunit *test)
{
	unsigned int i, at;

	for (i = 0; i < ARRAY_SIZE(dispatchers); i++) {
		enum cring_state from = dispatchers[i];

		for (at = 0; at < CRING_NR_STATES; at++) {
			u64 before = CRING_WORD_GEN | CRING_WORD_CANCEL | at;
			atomic64_t word = ATOMIC64_INIT(before);

			if (at == from)
				continue;
			KUNIT_EXPECT_FALSE(test,
					   cring_word_dispatch(&word, from));
			KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&word), before);
		}
	}
}

static void a_bit_is_set_only_on_what_was_seen(struct kunit *test)
{
	const struct from_case *row = test->param_value;
	u64 bits;

	for (bits = BIT_STEP; bits <= CRING_WORD_BITS; bits += BIT_STEP) {
		u64 seen = CRING_WORD_GEN | row->from;
		atomic64_t word = ATOMIC64_INIT(seen);

		KUNIT_EXPECT_FALSE(test, cring_word_set(&word, seen ^ 1, bits));
		KUNIT_EXPECT_FALSE(test, cring_word_set(&word, row->from, bits));
		KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&word), seen);
		KUNIT_EXPECT_TRUE(test, cring_word_set(&word, seen, bits));
		KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&word), seen | bits);
		/* it has changed by that */
		KUNIT_EXPECT_FALSE(test, cring_word_set(&word, seen, bits));
		KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&word), seen | bits);
	}
}

static void a_forgotten_wake_up_leaves_the_cancel(struct kunit *test)
{
	u64 bits;

	for (bits = 0; bits <= CRING_WORD_BITS; bits += BIT_STEP) {
		u64 rest = CRING_WORD_GEN | CRING_INLINE;
		atomic64_t word = ATOMIC64_INIT(rest | bits);

		cring_word_unwake(&word);
		KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&word),
				rest | (bits & CRING_WORD_CANCEL));
	}
}

/* ---------------------------------------------------------------------------
 * Two threads want the same word
 */

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

static bool try_ready(atomic64_t *word, u64 seen)
{
	return cring_word_move(word, CRING_ARMED, CRING_READY);
}

static bool try_run(atomic64_t *word, u64 seen)
{
	return cring_word_move(word, CRING_QUEUED, CRING_RUNNING);
}

static bool try_arm(atomic64_t *word, u64 seen)
{
	return cring_word_move(word, CRING_INLINE, CRING_ARMED);
}

static bool try_dispatch(atomic64_t *word, u64 seen)
{
	return cring_word_dispatch(word, CRING_INLINE);
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
	{ "a cancel and who arms it", CRING_INLINE, try_cancel_bit, try_arm },
	{ "a wake-up and who arms it", CRING_INLINE, try_woken_bit, try_arm },
	{ "a device and who gave it to it", CRING_INLINE,
	  try_claim, try_dispatch },
	{ "a cancel and a whole other life", CRING_ARMED,
	  try_claim, try_a_whole_life },
};

KUNIT_ARRAY_PARAM_DESC(race, race_cases, name);

#define RACE_ROUNDS	4000

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
	/* kthread_stop() is on its way */
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static void of_two_threads_exactly_one_wins(struct kunit *test)
{
	struct race race = { .what = test->param_value };
	unsigned int round, cpu, one = 0, other = 0, both = 0, none = 0;
	struct task_struct *task;

	cpu = cpumask_any_but(cpu_online_mask, raw_smp_processor_id());
	if (cpu >= nr_cpu_ids)
		kunit_skip(test, "a race needs two processors");
	task = kthread_create(race_other, &race, "cring_race");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	kthread_bind(task, cpu);
	wake_up_process(task);

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

static struct kunit_case cring_state_cases[] = {
	KUNIT_CASE(the_table_has_every_state_in_its_place),
	KUNIT_CASE_PARAM(a_state_is_left_only_as_the_table_says,
			 from_gen_params),
	KUNIT_CASE(no_move_begins_or_ends_in_what_is_no_state),
	KUNIT_CASE_PARAM(a_state_is_called_by_its_name, from_gen_params),
	KUNIT_CASE(in_flight_is_all_but_free_and_done),
	KUNIT_CASE_PARAM(a_move_changes_the_state_and_nothing_else,
			 from_gen_params),
	KUNIT_CASE_PARAM(a_move_needs_the_state_it_begins_in, from_gen_params),
	KUNIT_CASE_PARAM(cancel_and_woken_stop_a_move, from_gen_params),
	KUNIT_CASE_PARAM(an_owner_moves_it_whatever_was_asked, from_gen_params),
	KUNIT_CASE(a_claim_keeps_bits_and_generation),
	KUNIT_CASE(a_claim_needs_exactly_what_was_seen),
	KUNIT_CASE(what_is_claimed_is_not_claimed_again),
	KUNIT_CASE(freeing_begins_another_generation_without_bits),
	KUNIT_CASE(one_use_is_one_generation_in_any_state),
	KUNIT_CASE(a_claim_from_an_earlier_use_fails),
	KUNIT_CASE(dispatch_is_not_stopped_and_keeps_the_bits),
	KUNIT_CASE(dispatch_fails_when_the_device_was_faster),
	KUNIT_CASE_PARAM(a_bit_is_set_only_on_what_was_seen, from_gen_params),
	KUNIT_CASE(a_forgotten_wake_up_leaves_the_cancel),
	KUNIT_CASE_PARAM(of_two_threads_exactly_one_wins, race_gen_params),
	{}
};

static struct kunit_suite cring_state_suite = {
	.name = "cring_state",
	.test_cases = cring_state_cases,
};

kunit_test_suite(cring_state_suite);
