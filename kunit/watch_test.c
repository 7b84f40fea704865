// SPDX-License-Identifier: GPL-2.0
/*
 * LINK_TIMEOUT, the watch on the operation before it: when it runs, whom it
 * stops, and what that does to the chain.  Documentation/abi.rst.
 */
#include "play.h"

static const struct play_case watch_cases[] = {
	{ "the target ends at once", "n-L", "0N" },
	{ "the target ends at once, and the chain goes on", "n-L-n", "0N0" },
	{ "the target fails at once", "f-L-n", "ENN" },
	{ "the target fails at once, linked hard", "f=L-n", "EN0" },
	{ "the target fails at once, the watch is linked hard", "f-L=n", "ENN" },
	{ "the target is refused", "b-L-n", "INN" },
	{ "the target is not started", "f-t-L-n", "ENNN" },
	{ "what is refused is before the target", "b-r-L", "INN" },
	{ "two watches in a row", "r-L-L", "NNI" },

	{ "the target ends in time", "r-L", "..",
	  { { PLAY_READY, .seen = "1N" } }, "01" },
	{ "the target ends in time, and the chain goes on", "r-L-n", "...",
	  { { PLAY_READY, .seen = "1N0" } }, "012" },
	{ "the target of a worker ends in time", "w-L-n", "...",
	  { { PLAY_LET_GO, .seen = "1N0" } }, "012" },
	{ "the target of a device ends in time", "d-L-n", "...",
	  { { PLAY_COMPLETE, 8, 0, "8N0" } }, "012" },
	{ "the target of a device is short, in time", "d-L-n", "...",
	  { { PLAY_COMPLETE, 7, 0, "7NN" } }, "012" },

	{ "the time is over", "r-l", "NT", {}, "01" },
	{ "the time is over, and breaks the link", "r-l-n", "NTN" },
	{ "the time is over, and not a hard link", "r=l-n", "NT0" },
	{ "the time is over, and the watch is linked hard", "r-l=n", "NTN" },
	{ "the time of a timeout is over", "t-l", "NT", {}, "01" },
	{ "the time of a later member is over", "n-n-r-l-n", "00NTN" },
	{ "the time of a later member is over, linked hard", "n-r=l-n",
	  "0NT0" },
	{ "the time of the first of two is over", "r-l-t-L", "NTNN" },
	{ "the times of both are over", "r=l-t-l", "NTNT", {}, "0123" },
	{ "the time is over while a worker runs it", "w-L-n", "...",
	  { { PLAY_UPDATE, 1, 0, "CAN" } } },
	{ "the time is over while a worker runs it, linked hard", "w=L-n", "...",
	  { { PLAY_UPDATE, 1, 0, "CA0" } } },
	{ "the time is over in the device", "d-L-n", "...",
	  { { PLAY_UPDATE, 1, 0, ".A." }, { PLAY_COMPLETE, 8, 0, "8A0" } } },
	{ "the time is over in the device, and it is short", "d-L-n", "...",
	  { { PLAY_UPDATE, 1, 0, ".A." }, { PLAY_COMPLETE, 4, 0, "4AN" } } },
	{ "the time is over in the device, and it gives up", "d=L-n", "...",
	  { { PLAY_UPDATE, 1, 0, ".A." },
	    { PLAY_COMPLETE, -ECANCELED, 0, "CA0" } } },

	{ "the watch does not run before its target", "r-t-l", "...",
	  { { PLAY_SLEEP, .seen = "..." }, { PLAY_READY, .seen = "1NT" } } },
	{ "a new time", "r-L", "..", { { PLAY_UPDATE, 1, 0, "NT" } } },
	{ "a new time for what does not run yet", "r-t-L", "...",
	  { { PLAY_UPDATE, 2, -EALREADY, "..." } } },
	{ "a new time for what is no watch", "t r-L", "...",
	  { { PLAY_UPDATE, 0, -ENOENT, "..." },
	    { PLAY_UPDATE, 9, -ENOENT, "..." } } },

	{ "the watch is cancelled", "r-L", "..",
	  { { PLAY_CANCEL, 1, 0, ".N" }, { PLAY_CANCEL, 1, -ENOENT, ".N" },
	    { PLAY_READY, .seen = "1N" } } },
	{ "the watch is cancelled, and the chain goes on", "r-L-n", "...",
	  { { PLAY_CANCEL, 1, 0, ".N." }, { PLAY_READY, .seen = "1N0" } } },
	{ "the watch, then the target is cancelled", "r-L-n", "...",
	  { { PLAY_CANCEL, 1, 0, ".N." }, { PLAY_CANCEL, 0, 0, "NNN" } } },
	{ "the watch, then the target, linked hard", "r=L-n", "...",
	  { { PLAY_CANCEL, 1, 0, ".N." }, { PLAY_CANCEL, 0, 0, "NN0" } } },
	{ "the watch of what waits is cancelled", "r-t-L-n", "....",
	  { { PLAY_CANCEL, 2, 0, "..N." }, { PLAY_READY, .seen = "1.N." },
	    { PLAY_CANCEL, 1, 0, "1NNN" } } },
	{ "the target is cancelled", "r-L-n", "...",
	  { { PLAY_CANCEL, 0, 0, "NNN" } }, "012" },
	{ "the target is cancelled, linked hard", "r=L-n", "...",
	  { { PLAY_CANCEL, 0, 0, "NN0" } }, "012" },
	{ "a target that waits is cancelled", "r-t-L-n", "....",
	  { { PLAY_CANCEL, 1, 0, ".NNN" }, { PLAY_READY, .seen = "1NNN" } } },
	{ "what is behind the watch is cancelled", "r-L-n-n", "....",
	  { { PLAY_CANCEL, 2, 0, "..NN" }, { PLAY_READY, .seen = "1NNN" } } },
	{ "a watched target that a worker runs is cancelled", "w-L-n", "...",
	  { { PLAY_CANCEL, 0, -EALREADY, "CNN" } }, "012" },

	{ "no CQE of the target, one of the watch", "r!-L!-n", "...",
	  { { PLAY_READY, .seen = ".N0" } } },
	{ "a watch on what is held back", "t r|-l", "...",
	  { { PLAY_SLEEP, .seen = "..." }, { PLAY_CANCEL, 0, 0, "NNT" } } },
	{ "a drain on a watch holds the chain", "t r-l|", "...",
	  { { PLAY_SLEEP, .seen = "..." }, { PLAY_CANCEL, 0, 0, "NNT" } } },
	{ "a drain behind a watched one", "r-L n|", "...",
	  { { PLAY_READY, .seen = "1N0" } }, "012" },
	{ "a drain behind one whose time is over", "r-l n|", "NT0", {}, "012" },
};

KUNIT_ARRAY_PARAM_DESC(watch, watch_cases, name);

static void a_watch_stops_its_target_alone(struct kunit *test)
{
	play_case(test, test->param_value);
}

static bool a_clock_runs(struct play *play)
{
	return timerqueue_getnext(&play->live->ring->clocks[0].queue);
}

static void a_watch_runs_as_long_as_its_target(struct kunit *test)
{
	struct play *play = play_open(test);

	play_submit(play, "r-L-t-L");
	LIVE_EXPECT_STATE(play->live, 1, CRING_ARMED);
	LIVE_EXPECT_STATE(play->live, 3, CRING_LINKED);
	KUNIT_EXPECT_TRUE(test, a_clock_runs(play));
	KUNIT_EXPECT_PTR_EQ(test, live_req(play->live, 1)->timer.target,
			    live_req(play->live, 0));
	script_ready(play->slow, EPOLLIN);
	PLAY_EXPECT_SEEN(play, "1N..");
	LIVE_EXPECT_STATE(play->live, 3, CRING_ARMED);
	KUNIT_EXPECT_PTR_EQ(test, live_req(play->live, 3)->timer.target,
			    live_req(play->live, 2));
	KUNIT_EXPECT_EQ(test, live_cancel(play->live, 0, 2), 0);
	PLAY_EXPECT_SEEN(play, "1NNN");
	KUNIT_EXPECT_FALSE(test, a_clock_runs(play));
}

static void a_watch_is_an_operation_that_all_counts(struct kunit *test)
{
	struct play *play = play_open(test);

	play_submit(play, "r-L-n");
	KUNIT_EXPECT_EQ(test, live_cancel(play->live, CANCEL_ALL, 0), 3);
	PLAY_EXPECT_SEEN(play, "NNN");
	KUNIT_EXPECT_FALSE(test, a_clock_runs(play));
}

static struct kunit_case cring_watch_cases[] = {
	KUNIT_CASE_PARAM(a_watch_stops_its_target_alone, watch_gen_params),
	KUNIT_CASE(a_watch_runs_as_long_as_its_target),
	KUNIT_CASE(a_watch_is_an_operation_that_all_counts),
	{}
};

static struct kunit_suite cring_watch_suite = {
	.name = "cring_watch",
	.test_cases = cring_watch_cases,
};

kunit_test_suite(cring_watch_suite);
