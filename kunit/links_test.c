// SPDX-License-Identifier: GPL-2.0
/*
 * Chains: who starts after whom, what breaks a link, and what a cancel takes
 * along.  Documentation/abi.rst, "Links", and clause C4 of contract.rst.
 */
#include <linux/ctype.h>

#include "play.h"

/* ---------------------------------------------------------------------------
 * Every short chain, against a model
 */

/* the nth string of @len operations out of @kinds, and links out of "-=" */
static void nth_chain(unsigned int n, unsigned int len, const char *kinds,
		      char *ops)
{
	unsigned int nr = strlen(kinds), i;

	for (i = 0; i < len; i++) {
		*ops++ = kinds[n % nr];
		n /= nr;
		if (i + 1 == len)
			break;
		*ops++ = "-="[n % 2];
		n /= 2;
	}
	*ops = '\0';
}

static unsigned int nr_chains(unsigned int len, const char *kinds)
{
	unsigned int nr = strlen(kinds), all = nr;

	while (--len)
		all *= 2 * nr;
	return all;
}

/* an operation in upper case has CQE_SKIP_SUCCESS */
static void with_flags(const char *ops, char *out)
{
	for (; *ops; ops++) {
		if (!isupper(*ops)) {
			*out++ = *ops;
			continue;
		}
		*out++ = tolower(*ops);
		*out++ = '!';
	}
	*out = '\0';
}

/* what becomes of a chain of n, f and s */
static void model(const char *ops, char *seen)
{
	bool broken = false;

	for (; *ops; ops += 2) {
		char op = tolower(*ops);

		*seen++ = broken ? 'N' : op == 'f' ? 'E' : op == 's' ? '1' :
			  isupper(*ops) ? '.' : '0';
		/* each of the other two fails */
		if (op != 'n' && ops[1] == '-')
			broken = true;
		if (!ops[1])
			break;
	}
	*seen = '\0';
}

static const struct model_case {
	const char *name;
	unsigned int len;
	const char *kinds;
} model_cases[] = {
	{ "of 1", 1, "nfs" },
	{ "of 2", 2, "nfs" },
	{ "of 3", 3, "nfs" },
	{ "of 5 that fail or not", 5, "nf" },
	{ "of 2, with or without a CQE", 2, "nfsNFS" },
	{ "of 3, with or without a CQE", 3, "nfNS" },
};

KUNIT_ARRAY_PARAM_DESC(model, model_cases, name);

static void every_chain_agrees_with_the_model(struct kunit *test)
{
	const struct model_case *what = test->param_value;
	struct play *play = play_open(test);
	unsigned int n, k, nr = nr_chains(what->len, what->kinds);
	char ops[16], flagged[32], want[16], order[16];

	for (n = 0; n < nr; n++) {
		unsigned int in_order = 0;

		nth_chain(n, what->len, what->kinds, ops);
		with_flags(ops, flagged);
		model(ops, want);
		play_again(play);
		play_submit(play, flagged);
		KUNIT_EXPECT_STREQ_MSG(test, play_seen(play, want), want,
				       "%s", flagged);
		/* one after the other */
		for (k = 0; want[k]; k++)
			if (want[k] != '.')
				order[in_order++] = '0' + k;
		order[in_order] = '\0';
		KUNIT_EXPECT_STREQ_MSG(test, play->order, order, "%s", flagged);
	}
}

/*
 * @at waits, @cancel is cancelled.  Those before @at have ended, well; and it
 * takes those behind it along as the links say.
 */
static void model_cancel(const char *ops, unsigned int at, unsigned int cancel,
			 char *seen, char *end)
{
	unsigned int i, nr = (strlen(ops) + 1) / 2;

	for (i = 0; i < nr; i++) {
		/* between the two */
		bool stays = i >= at && i < cancel;
		bool goes_on = i < at || stays ||
			       (at == cancel && i > at && ops[2 * at + 1] == '=');

		end[i] = !goes_on ? 'N' : i == at ? '1' : '0';
		seen[i] = stays ? '.' : end[i];
	}
	seen[nr] = '\0';
	end[nr] = '\0';
}

static void a_cancel_takes_along_what_the_links_say(struct kunit *test)
{
	struct play *play = play_open(test);
	unsigned int len, n, at, cancel;
	char ops[16], seen[16], end[16];

	for (len = 1; len <= 4; len++) {
		for (n = 0; n < nr_chains(len, "n"); n++) {
			for (at = 0; at < len; at++) {
				for (cancel = at; cancel < len; cancel++) {
					nth_chain(n, len, "n", ops);
					ops[2 * at] = 'r';
					model_cancel(ops, at, cancel, seen,
						     end);
					play_again(play);
					play_submit(play, ops);
					KUNIT_EXPECT_EQ_MSG(test,
							    live_cancel(play->live,
									0,
									cancel),
							    0, "%u of %s",
							    cancel, ops);
					KUNIT_EXPECT_STREQ_MSG(test,
							       play_seen(play,
									 seen),
							       seen,
							       "%u of %s",
							       cancel, ops);
					script_ready(play->slow, EPOLLIN);
					KUNIT_EXPECT_STREQ_MSG(test,
							       play_seen(play,
									 end),
							       end,
							       "%u of %s",
							       cancel, ops);
				}
			}
		}
	}
}

/* ---------------------------------------------------------------------------
 * One by one
 */

static const struct play_case chain_cases[] = {
	{ "a member that is refused: nothing is started", "n-n-b-n", "NNIN" },
	{ "behind a hard link as well", "n=b=n", "NIN" },
	{ "the first is refused", "b-n-n", "INN" },
	{ "the last is refused", "n-n-b", "NNI" },
	{ "two are refused", "b-n-b", "INI" },
	{ "an SQE that is refused alone", "b n n", "I00" },
	{ "a chain behind one that breaks", "f-n n-n", "EN00" },
	{ "a chain behind one that is refused", "b-n n-n", "IN00" },
	{ "a chain of which another one waits", "r-n n-n", "..00",
	  { { PLAY_READY, .seen = "1000" } } },
	{ "members run one after the other", "r-r-n", "...",
	  { { PLAY_CANCEL, 0, 0, "NNN" } } },
	{ "an open chain ends with the submit call", "r-n-", "..",
	  { { PLAY_SUBMIT, .ops = "n", .seen = "..0" },
	    { PLAY_READY, .seen = "100" } }, "201" },

	{ "a timeout that is over breaks a link", "e-n", "TN" },
	{ "a timeout that is over goes on over a hard link", "e=n", "T0" },
	{ "a timeout that may be over does not", "E-n", "T0" },
	{ "a timeout that may be over, cancelled", "t-n", "..",
	  { { PLAY_CANCEL, 0, 0, "NN" } } },

	{ "in a worker, and it ends well", "w-n", "..",
	  { { PLAY_LET_GO, .seen = "10" } }, "01" },
	{ "in a worker, cancelled", "w-n", "..",
	  { { PLAY_CANCEL, 0, -EALREADY, "CN" } }, "01" },
	{ "in a worker, cancelled, behind it a hard link", "w=n-n", "...",
	  { { PLAY_CANCEL, 0, -EALREADY, "C00" } }, "012" },
	{ "in a worker, the one behind it cancelled", "w-n-n", "...",
	  { { PLAY_CANCEL, 1, 0, ".NN" },
	    { PLAY_LET_GO, .seen = "1NN" } } },
	{ "one worker after the other", "w-w-n", "...",
	  { { PLAY_LET_GO, .seen = "110" } }, "012" },

	{ "in a device, and it ends well", "d-n", "..",
	  { { PLAY_COMPLETE, 8, 0, "80" } }, "01" },
	{ "in a device, and it is short", "d-n", "..",
	  { { PLAY_COMPLETE, 7, 0, "7N" } } },
	{ "in a device, short over a hard link", "d=n", "..",
	  { { PLAY_COMPLETE, 7, 0, "70" } } },
	{ "in a device, and at the end of the file", "d-n", "..",
	  { { PLAY_COMPLETE, 0, 0, "0N" } } },
	{ "in a device, and it fails", "d-n", "..",
	  { { PLAY_COMPLETE, -EINVAL, 0, "IN" } } },
	{ "in a device, cancelled, and it ends well even so", "d-n", "..",
	  { { PLAY_CANCEL, 0, -EALREADY, ".." },
	    { PLAY_COMPLETE, 8, 0, "80" } } },
	{ "in a device, cancelled, and it is short", "d-n", "..",
	  { { PLAY_CANCEL, 0, -EALREADY, ".." },
	    { PLAY_COMPLETE, 4, 0, "4N" } } },
	{ "in a device, cancelled, and it gives up", "d-n=n", "...",
	  { { PLAY_CANCEL, 0, -EALREADY, "..." },
	    { PLAY_COMPLETE, -ECANCELED, 0, "CNN" } } },
	{ "in a device, the last one cancelled", "d-n-n", "...",
	  { { PLAY_CANCEL, 2, 0, "..N" },
	    { PLAY_COMPLETE, 8, 0, "80N" } } },

	{ "from the last to the first", "r-n-n-n", "....",
	  { { PLAY_CANCEL, 3, 0, "...N" }, { PLAY_CANCEL, 2, 0, "..NN" },
	    { PLAY_CANCEL, 1, 0, ".NNN" }, { PLAY_CANCEL, 0, 0, "NNNN" } },
	  "3210" },
	{ "a second time", "r-n-n", "...",
	  { { PLAY_CANCEL, 1, 0, ".NN" }, { PLAY_CANCEL, 1, -ENOENT, ".NN" },
	    { PLAY_CANCEL, 2, -ENOENT, ".NN" }, { PLAY_READY, .seen = "1NN" } },
	  "120" },
	{ "one that has ended", "n-r-n", "0..",
	  { { PLAY_CANCEL, 0, -ENOENT, "0.." }, { PLAY_READY, .seen = "010" } } },
	{ "one that has ended, before a hard link", "f=r-n", "E..",
	  { { PLAY_CANCEL, 1, 0, "ENN" } } },
	{ "hard links that one before was left by", "r=n=r=n", "....",
	  { { PLAY_CANCEL, 0, 0, "N0.." }, { PLAY_CANCEL, 2, 0, "N0N0" } },
	  "0123" },
	{ "a hard link, then a soft one", "r=f-n", "...",
	  { { PLAY_CANCEL, 0, 0, "NEN" } } },

	{ "no CQE of what succeeds", "n!-n!-n", "..0" },
	{ "a CQE of what is not started", "f-n!-n!", "ENN" },
	{ "a CQE of what is short", "s!=n!=n", "1.0" },
	{ "a CQE of what is cancelled", "r!-n!", "..",
	  { { PLAY_CANCEL, 0, 0, "NN" } } },
	{ "no CQE of what is over, and that is a success", "E!-n", ".0" },
	{ "a CQE of what is over", "e!-n", "TN" },
};

KUNIT_ARRAY_PARAM_DESC(chain, chain_cases, name);

static void a_chain_goes_as_its_links_say(struct kunit *test)
{
	play_case(test, test->param_value);
}

/* ---------------------------------------------------------------------------
 * What a play cannot tell
 */

static void members_that_wait_are_found_in_their_state(struct kunit *test)
{
	struct play *play = play_open(test);
	unsigned int i;

	play_submit(play, "r-n-t-n");
	LIVE_EXPECT_STATE(play->live, 0, CRING_ARMED);
	for (i = 1; i < 4; i++)
		LIVE_EXPECT_STATE(play->live, i, CRING_LINKED);
	script_ready(play->slow, EPOLLIN);
	PLAY_EXPECT_SEEN(play, "10..");
	LIVE_EXPECT_STATE(play->live, 2, CRING_ARMED);
	LIVE_EXPECT_STATE(play->live, 3, CRING_LINKED);
}

/* who completes does not run what comes next: it may be an interrupt */
static void a_successor_is_not_run_by_who_completes(struct kunit *test)
{
	struct play *play = play_open(test);

	play_submit(play, "d-n-n");
	script_complete(play->device, 0, 8);
	LIVE_EXPECT_CQE(play->live, 0, 8);
	LIVE_EXPECT_STATE(play->live, 1, CRING_READY);
	LIVE_EXPECT_STATE(play->live, 2, CRING_LINKED);
	LIVE_EXPECT_NO_CQE(play->live);
	cring_run_ready(play->live->ring);
	LIVE_EXPECT_CQE(play->live, 1, 0);
	LIVE_EXPECT_CQE(play->live, 2, 0);
}

static void a_successor_that_is_ready_can_be_cancelled(struct kunit *test)
{
	struct play *play = play_open(test);

	play_submit(play, "d-n-n");
	script_complete(play->device, 0, 8);
	LIVE_EXPECT_CQE(play->live, 0, 8);
	KUNIT_EXPECT_EQ(test, live_cancel(play->live, 0, 1), 0);
	LIVE_EXPECT_CQE_FLAGS(play->live, 1, -ECANCELED,
			      CRING_CQE_F_NOT_STARTED);
	LIVE_EXPECT_CQE_FLAGS(play->live, 2, -ECANCELED,
			      CRING_CQE_F_NOT_STARTED);
	cring_run_ready(play->live->ring);
	LIVE_EXPECT_NO_CQE(play->live);
}

/* each is counted once, though the first takes the others along */
static void a_cancel_of_all_counts_each_member(struct kunit *test)
{
	struct play *play = play_open(test);
	char ops[16];
	unsigned int n;

	for (n = 0; n < nr_chains(4, "n"); n++) {
		unsigned int i;

		nth_chain(n, 4, "n", ops);
		ops[0] = 'r';
		/* on a ring on which others wait too */
		play_again(play);
		play_submit(play, "t");
		play_submit(play, ops);
		KUNIT_EXPECT_EQ_MSG(test, live_cancel(play->live, CANCEL_ALL,
						      0), 5, "%s", ops);
		cring_run_ready(play->live->ring);
		play_seen(play, "NNNNN");
		for (i = 0; i < 5; i++)
			KUNIT_EXPECT_EQ_MSG(test, play->seen[i], 'N', "%u of %s",
					    i, ops);
	}
}

static struct kunit_case cring_links_cases[] = {
	KUNIT_CASE_PARAM(every_chain_agrees_with_the_model, model_gen_params),
	KUNIT_CASE(a_cancel_takes_along_what_the_links_say),
	KUNIT_CASE_PARAM(a_chain_goes_as_its_links_say, chain_gen_params),
	KUNIT_CASE(members_that_wait_are_found_in_their_state),
	KUNIT_CASE(a_successor_is_not_run_by_who_completes),
	KUNIT_CASE(a_successor_that_is_ready_can_be_cancelled),
	KUNIT_CASE(a_cancel_of_all_counts_each_member),
	{}
};

static struct kunit_suite cring_links_suite = {
	.name = "cring_links",
	.test_cases = cring_links_cases,
};

kunit_test_suite(cring_links_suite);
