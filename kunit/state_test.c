// SPDX-License-Identifier: GPL-2.0
/*
 * The word of a request: which moves there are, and what stops one.
 *
 * A move that is not in the table is a bug, and the word's functions warn of
 * it; so none is made here but by the test that wants to be warned.
 */
#include <kunit/test.h>
#include <linux/bug.h>
#include <linux/module.h>

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
	  BIT(CRING_DEFERRED) | BIT(CRING_DONE) | BIT(CRING_CLAIMED) },
	{ "queued", CRING_QUEUED,
	  BIT(CRING_RUNNING) | BIT(CRING_CLAIMED) },
	{ "running", CRING_RUNNING,
	  BIT(CRING_ARMED) | BIT(CRING_DISPATCHED) | BIT(CRING_DEFERRED) |
	  BIT(CRING_DONE) | BIT(CRING_CLAIMED) },
	{ "armed", CRING_ARMED,
	  BIT(CRING_READY) | BIT(CRING_DISPATCHED) | BIT(CRING_CLAIMED) },
	{ "ready", CRING_READY,
	  BIT(CRING_INLINE) | BIT(CRING_QUEUED) | BIT(CRING_CLAIMED) },
	{ "dispatched", CRING_DISPATCHED,
	  BIT(CRING_ARMED) | BIT(CRING_CLAIMED) },
	{ "claimed", CRING_CLAIMED,
	  BIT(CRING_DONE) | BIT(CRING_QUEUED) | BIT(CRING_READY) },
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

/* every state that some way from @from leads to, with it */
static unsigned long reached(enum cring_state from)
{
	unsigned long seen = BIT(from), before;
	unsigned int state, to;

	do {
		before = seen;
		for_each_set_bit(state, &before, CRING_NR_STATES)
			for (to = 0; to < CRING_NR_STATES; to++)
				if (cring_state_legal(state, to))
					seen |= BIT(to);
	} while (seen != before);
	return seen;
}

static void a_record_can_come_to_any_state_and_back(struct kunit *test)
{
	const struct from_case *row = test->param_value;

	KUNIT_EXPECT_TRUE(test, reached(CRING_FREE) & BIT(row->from));
	KUNIT_EXPECT_TRUE(test, reached(row->from) & BIT(CRING_FREE));
}

/* who posts a CQE ran it, or has claimed it */
static void only_who_executes_or_claims_ends_it(struct kunit *test)
{
	const unsigned long enders = BIT(CRING_INLINE) | BIT(CRING_RUNNING) |
				     BIT(CRING_CLAIMED);
	unsigned int state;

	for (state = 0; state < CRING_NR_STATES; state++)
		KUNIT_EXPECT_EQ_MSG(test, cring_state_legal(state, CRING_DONE),
				    !!(enders & BIT(state)), "from %s",
				    cring_state_name(state));
}

static void all_that_is_in_flight_can_be_claimed_once(struct kunit *test)
{
	unsigned int state;

	for (state = 0; state < CRING_NR_STATES; state++)
		KUNIT_EXPECT_EQ_MSG(test,
				    cring_state_legal(state, CRING_CLAIMED),
				    cring_state_in_flight(state) &&
				    state != CRING_CLAIMED, "from %s",
				    cring_state_name(state));
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

static const enum cring_state dispatchers[] = {
	CRING_INLINE, CRING_RUNNING, CRING_ARMED
};

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
 * A move that is not in the table
 */

static void warn_move(atomic64_t *word)
{
	cring_word_move(word, CRING_FREE, CRING_DONE);
}

static void warn_dispatch(atomic64_t *word)
{
	cring_word_dispatch(word, CRING_FREE);
}

static void warn_claim(atomic64_t *word)
{
	cring_word_claim(word, atomic64_read(word));
}

static void warn_own(atomic64_t *word)
{
	cring_word_own(word, CRING_ARMED);
}

static void warn_free(atomic64_t *word)
{
	cring_word_free(word);
}

static const struct warn_case {
	const char *name;
	void (*move)(atomic64_t *word);
} warn_cases[] = {
	{ "a move", warn_move },
	{ "a dispatch", warn_dispatch },
	{ "a claim", warn_claim },
	{ "an owner", warn_own },
	{ "freeing", warn_free },
};

KUNIT_ARRAY_PARAM_DESC(warn, warn_cases, name);

/* places in the module that have warned, or -1 when nobody counts them */
static int warnings(void)
{
#if defined(MODULE) && defined(CONFIG_GENERIC_BUG)
	const struct module *module = THIS_MODULE;
	unsigned int i;
	int n = 0;

	for (i = 0; i < module->num_bugs; i++)
		n += !!(module->bug_table[i].flags & BUGFLAG_DONE);
	return n;
#else
	return -1;
#endif
}

/* each function has its own place, which warns once as long as it is loaded */
static void a_move_that_is_not_in_the_table_is_complained_of(struct kunit *test)
{
	const struct warn_case *what = test->param_value;
	atomic64_t word = ATOMIC64_INIT(CRING_FREE);
	int before = warnings();

	if (!IS_ENABLED(CONFIG_PROVE_LOCKING) || before < 0)
		kunit_skip(test, "nothing complains, or nobody counts it");
	pr_info("cring-test: expect WARNING: .*state\\.h:.* warn_\n");
	what->move(&word);
	KUNIT_EXPECT_EQ(test, warnings(), before + 1);
}

static struct kunit_case cring_state_cases[] = {
	KUNIT_CASE(the_table_has_every_state_in_its_place),
	KUNIT_CASE_PARAM(a_state_is_left_only_as_the_table_says,
			 from_gen_params),
	KUNIT_CASE_PARAM(a_record_can_come_to_any_state_and_back,
			 from_gen_params),
	KUNIT_CASE(only_who_executes_or_claims_ends_it),
	KUNIT_CASE(all_that_is_in_flight_can_be_claimed_once),
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
	KUNIT_CASE_PARAM(a_move_that_is_not_in_the_table_is_complained_of,
			 warn_gen_params),
	{}
};

static struct kunit_suite cring_state_suite = {
	.name = "cring_state",
	.test_cases = cring_state_cases,
};

kunit_test_suite(cring_state_suite);
