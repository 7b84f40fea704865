// SPDX-License-Identifier: GPL-2.0
/*
 * Drain: what has to end before what may start, with chains and without.
 * Documentation/abi.rst, CRING_SQE_IO_DRAIN.
 */
#include "play.h"

static const struct play_case drain_cases[] = {
	{ "nothing before it", "n|", "0" },
	{ "all before it has ended", "n n n| n", "0000", {}, "0123" },
	{ "it waits for what is before it", "r n|", "..",
	  { { PLAY_READY, .seen = "10" } }, "01" },
	{ "those behind it wait with it", "r n| n n", "....",
	  { { PLAY_READY, .seen = "1000" } }, "0123" },
	{ "those before it do not wait", "r n n|", ".0.",
	  { { PLAY_READY, .seen = "100" } }, "102" },
	{ "those of a later call wait with it", "r n|", "..",
	  { { PLAY_SUBMIT, .ops = "n n", .seen = "...." },
	    { PLAY_READY, .seen = "1000" } }, "0123" },
	{ "it waits for those of an earlier call", "r n", ".0",
	  { { PLAY_SUBMIT, .ops = "n|", .seen = ".0." },
	    { PLAY_READY, .seen = "100" } }, "102" },
	{ "those behind it wait for it", "n r| n", "0..",
	  { { PLAY_READY, .seen = "010" } }, "012" },
	{ "one drain behind another", "r n| n|", "...",
	  { { PLAY_READY, .seen = "100" } }, "012" },
	{ "one drain waits for another", "r t| n| n", "....",
	  { { PLAY_READY, .seen = "1..." }, { PLAY_CANCEL, 1, 0, "1N00" } },
	  "0123" },
	{ "it waits for a timeout", "e n| n", "T00", {}, "012" },
	{ "it waits for a worker", "w n| n", "...",
	  { { PLAY_LET_GO, .seen = "100" } }, "012" },
	{ "it waits for a device", "d n| n", "...",
	  { { PLAY_COMPLETE, 8, 0, "800" } }, "012" },
	{ "it waits for what is told to stop", "d n|", "..",
	  { { PLAY_CANCEL, 0, -EALREADY, ".." },
	    { PLAY_COMPLETE, -ECANCELED, 0, "C0" } }, "01" },
	{ "it waits for what has no CQE", "r! n|", "..",
	  { { PLAY_READY, .seen = ".0" } } },
	{ "it has no CQE itself", "r n!| n", "...",
	  { { PLAY_READY, .seen = "1.0" } } },
	{ "it is refused, in its turn", "r b| n", "...",
	  { { PLAY_READY, .seen = "1I0" } }, "012" },
	{ "one before it is refused", "b n|", "I0", {}, "01" },

	{ "what it waits for is cancelled", "r n| n", "...",
	  { { PLAY_CANCEL, 0, 0, "N00" } }, "012" },
	{ "it is cancelled: those behind it need not wait", "r n| n", "...",
	  { { PLAY_CANCEL, 1, 0, ".N0" }, { PLAY_READY, .seen = "1N0" } },
	  "120" },
	{ "it is cancelled, and there is another", "r n| n n|", "....",
	  { { PLAY_CANCEL, 1, 0, ".N0." }, { PLAY_READY, .seen = "1N00" } },
	  "1203" },
	{ "one behind it is cancelled", "r n| n n", "....",
	  { { PLAY_CANCEL, 2, 0, "..N." }, { PLAY_READY, .seen = "10N0" } },
	  "2013" },
	{ "it is cancelled while it waits itself", "t| n n", "...",
	  { { PLAY_CANCEL, 0, 0, "N00" } }, "012" },

	{ "it waits for a whole chain", "r-n n|", "...",
	  { { PLAY_READY, .seen = "100" } }, "012" },
	{ "it waits for a whole chain of an earlier call", "r-n", "..",
	  { { PLAY_SUBMIT, .ops = "n|", .seen = "..." },
	    { PLAY_READY, .seen = "100" } }, "012" },
	{ "it waits for a chain that breaks", "r-n n|", "...",
	  { { PLAY_CANCEL, 0, 0, "NN0" } }, "012" },
	{ "it waits for the later members", "n-t n|", "0..",
	  { { PLAY_CANCEL, 1, 0, "0N0" } }, "012" },
	{ "a chain waits behind it", "t n| n-n", "....",
	  { { PLAY_CANCEL, 0, 0, "N000" } }, "0123" },
	{ "the first member is drained", "t n|-n n", "....",
	  { { PLAY_CANCEL, 0, 0, "N000" } }, "0123" },
	{ "the last member is drained: so is the chain", "t n-n| n", "....",
	  { { PLAY_CANCEL, 0, 0, "N000" } }, "0123" },
	{ "a member in the middle is drained", "t n-n|-n n", ".....",
	  { { PLAY_CANCEL, 0, 0, "N0000" } }, "01234" },
	{ "those behind wait for a drained chain", "n|-r-n n", "0...",
	  { { PLAY_READY, .seen = "0100" } }, "0123" },
	{ "a drained chain breaks", "t f|-n n", "....",
	  { { PLAY_CANCEL, 0, 0, "NEN0" } }, "0123" },
	{ "a drained chain of hard links does not", "t f|=n n", "....",
	  { { PLAY_CANCEL, 0, 0, "NE00" } }, "0123" },
	{ "a drained chain is refused", "t n|-b n", "....",
	  { { PLAY_CANCEL, 0, 0, "NNI0" } }, "0123" },
	{ "the first of a chain held back is cancelled", "t n|-n n", "....",
	  { { PLAY_CANCEL, 1, 0, ".NN0" }, { PLAY_CANCEL, 0, 0, "NNN0" } } },
	{ "a later one of a chain held back is cancelled", "t n|-n-n n",
	  ".....",
	  { { PLAY_CANCEL, 2, 0, "..NN." }, { PLAY_CANCEL, 0, 0, "N0NN0" } },
	  "23014" },
	{ "the last one of a chain held back, by hard links", "t n|=n=n",
	  "....",
	  { { PLAY_CANCEL, 3, 0, "...N" }, { PLAY_CANCEL, 0, 0, "N00N" } },
	  "3012" },
	{ "two chains behind each other", "t n|-n n|-n", ".....",
	  { { PLAY_CANCEL, 0, 0, "N0000" } }, "01234" },
};

KUNIT_ARRAY_PARAM_DESC(drain, drain_cases, name);

static void a_drain_waits_and_is_waited_for(struct kunit *test)
{
	play_case(test, test->param_value);
}

/* ---------------------------------------------------------------------------
 * Every short batch, against a model
 */

#define MODEL_LEN	4

static const char *const model_ops[] = { "n ", "r ", "n|", "r|" };

static void nth_batch(unsigned int n, char *ops)
{
	unsigned int i;

	for (i = 0; i < MODEL_LEN; i++) {
		memcpy(ops + 2 * i, model_ops[n % 4], 2);
		n /= 4;
	}
	ops[2 * MODEL_LEN] = '\0';
}

/* what has ended when the batch was submitted */
static void model(const char *ops, char *seen)
{
	bool waiting = false, held = false;
	unsigned int i;

	for (i = 0; i < MODEL_LEN; i++) {
		bool read = ops[2 * i] == 'r', drain = ops[2 * i + 1] == '|';

		held |= drain && waiting;
		seen[i] = held || read ? '.' : '0';
		if (held)
			continue;
		waiting |= read;
		/* it has begun, and all behind it wait for it */
		held |= read && drain;
	}
	seen[MODEL_LEN] = '\0';
}

static unsigned int place(const struct play *play, unsigned int nr)
{
	return strchr(play->order, '0' + nr) - play->order;
}

/* those before a drain come before it, those behind it behind it */
static void expect_order(struct kunit *test, const struct play *play,
			 const char *ops)
{
	unsigned int i, k;

	for (i = 0; i < MODEL_LEN; i++) {
		if (ops[2 * i + 1] != '|')
			continue;
		for (k = 0; k < MODEL_LEN; k++)
			if (k != i)
				KUNIT_EXPECT_EQ_MSG(test, k < i,
						    place(play, k) <
						    place(play, i),
						    "%u and %u of %s", k, i,
						    ops);
	}
}

static void every_batch_agrees_with_the_model(struct kunit *test)
{
	struct play *play = play_open(test);
	char ops[2 * MODEL_LEN + 1], want[MODEL_LEN + 1];
	unsigned int n, i;

	for (n = 0; n < 1U << (2 * MODEL_LEN); n++) {
		nth_batch(n, ops);
		model(ops, want);
		play_again(play);
		play_submit(play, ops);
		KUNIT_EXPECT_STREQ_MSG(test, play_seen(play, want), want, "%s",
				       ops);
		for (i = 0; i < MODEL_LEN; i++)
			want[i] = ops[2 * i] == 'r' ? '1' : '0';
		script_ready(play->slow, EPOLLIN);
		KUNIT_EXPECT_STREQ_MSG(test, play_seen(play, want), want, "%s",
				       ops);
		if (strlen(play->order) == MODEL_LEN)
			expect_order(test, play, ops);
	}
}

/* ---------------------------------------------------------------------------
 * What a play cannot tell
 */

static void what_is_held_back_is_deferred(struct kunit *test)
{
	struct play *play = play_open(test);

	play_submit(play, "t n| n-n");
	LIVE_EXPECT_STATE(play->live, 0, CRING_ARMED);
	LIVE_EXPECT_STATE(play->live, 1, CRING_DEFERRED);
	LIVE_EXPECT_STATE(play->live, 2, CRING_DEFERRED);
	LIVE_EXPECT_STATE(play->live, 3, CRING_LINKED);
	KUNIT_EXPECT_EQ(test, live_cancel(play->live, CANCEL_ALL, 0), 4);
	PLAY_EXPECT_SEEN(play, "NNNN");
}

static void a_cancel_waits_behind_a_drain_too(struct kunit *test)
{
	struct play *play = play_open(test);
	struct live *live = play->live;

	play_submit(play, "d t");
	live_sqe(live, CRING_OP_NOP, 2)->flags = CRING_SQE_IO_DRAIN;
	live_sqe(live, CRING_OP_ASYNC_CANCEL, 3)->addr = 1;
	KUNIT_EXPECT_EQ(test, live_submit(live), 2);
	LIVE_EXPECT_STATE(live, 3, CRING_DEFERRED);
	LIVE_EXPECT_STATE(live, 1, CRING_ARMED);
	/* nothing else ends the timeout, for which the drain waits */
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, 2), 0);
	cring_run_ready(live->ring);
	LIVE_EXPECT_CQE(live, 2, -ECANCELED);
	LIVE_EXPECT_CQE(live, 1, -ECANCELED);
	LIVE_EXPECT_CQE(live, 3, 0);
}

/* a program without drains does not pay for one that is over */
static void a_drain_is_over_with_the_next_batch(struct kunit *test)
{
	struct play *play = play_open(test);
	struct cring_ring *ring = play->live->ring;

	KUNIT_EXPECT_FALSE(test, ring->drain);
	play_submit(play, "r n|");
	KUNIT_EXPECT_TRUE(test, ring->drain);
	play_submit(play, "n");
	KUNIT_EXPECT_TRUE(test, ring->drain);
	script_ready(play->slow, EPOLLIN);
	PLAY_EXPECT_SEEN(play, "100");
	KUNIT_EXPECT_TRUE(test, list_empty(&ring->deferred));
	KUNIT_EXPECT_FALSE(test, ring->drain_gate);
	play_submit(play, "n");
	KUNIT_EXPECT_FALSE(test, ring->drain);
	PLAY_EXPECT_SEEN(play, "1000");
}

/* what has been started is counted right, or the second drain would hang */
static void drain_after_drain_keeps_count(struct kunit *test)
{
	struct play *play = play_open(test);
	unsigned int i;

	for (i = 0; i < 50; i++) {
		play_again(play);
		play_submit(play, "t n|-n r");
		KUNIT_EXPECT_EQ(test, live_cancel(play->live, 0, i % 4), 0);
		play_submit(play, "n| n");
		live_cancel(play->live, 0, 0);
		script_ready(play->slow, EPOLLIN);
		cring_run_ready(play->live->ring);
		KUNIT_EXPECT_EQ_MSG(test, live_in_flight(play->live), 0,
				    "round %u", i);
		KUNIT_EXPECT_EQ(test, play->live->ring->active, 0);
	}
}

static struct kunit_case cring_drain_cases[] = {
	KUNIT_CASE_PARAM(a_drain_waits_and_is_waited_for, drain_gen_params),
	KUNIT_CASE(every_batch_agrees_with_the_model),
	KUNIT_CASE(what_is_held_back_is_deferred),
	KUNIT_CASE(a_cancel_waits_behind_a_drain_too),
	KUNIT_CASE(a_drain_is_over_with_the_next_batch),
	KUNIT_CASE(drain_after_drain_keeps_count),
	{}
};

static struct kunit_suite cring_drain_suite = {
	.name = "cring_drain",
	.test_cases = cring_drain_cases,
};

kunit_test_suite(cring_drain_suite);
