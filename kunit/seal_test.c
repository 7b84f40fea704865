// SPDX-License-Identifier: GPL-2.0
/*
 * Seals: a cancel that stays in force, and that no submission slips past (C18
 * of Documentation/contract.rst).
 */
#include "sqes.h"

enum { G = 5, H = 6 };

#define NOT_STARTED	CRING_CQE_F_NOT_STARTED

/* one call with one key; its answer, or the call's error */
static s32 seal(struct live *live, u32 flags, struct cring_cancel_key key)
{
	long ret = live_cancel_sync(live, &key, flags, 0);

	return ret ?: key.res;
}

static struct cring_cancel_key of_group(u32 group)
{
	return (struct cring_cancel_key) {
		.flags = CRING_ASYNC_CANCEL_GROUP | CRING_ASYNC_CANCEL_ALL,
		.group = group,
	};
}

static struct cring_cancel_key of_ring(void)
{
	return (struct cring_cancel_key) { .flags = CANCEL_ALL };
}

#define SEAL(live, key)		seal(live, CRING_CANCEL_SEAL, key)
#define REOPEN(live, key)	seal(live, CRING_CANCEL_REOPEN, key)

/* a read that waits, not submitted */
static struct cring_sqe *put_read(struct live *live, struct script *script,
				  u32 group, u64 user_data)
{
	struct cring_sqe *sqe = live_sqe(live, 0, user_data);

	live_prep_read(sqe, script, live->args, 1);
	sqe->group = group;
	return sqe;
}

#define EXPECT_REFUSED(live, ud) \
	LIVE_EXPECT_CQE_FLAGS(live, ud, -ECANCELED, NOT_STARTED)

/* --- what a seal means --- */

static void a_sealed_group_ends_and_takes_nothing_more(struct kunit *test)
{
	struct live *live = live_open(test, 16, 0);
	struct script *script = script_open(live, SCRIPT_POLL);
	unsigned int i;

	for (i = 0; i < 3; i++)
		put_read(live, script, G, i);
	put_read(live, script, H, 3);
	put_read(live, script, 0, 4);
	KUNIT_ASSERT_EQ(test, live_submit(live), 5);
	KUNIT_EXPECT_EQ(test, SEAL(live, of_group(G)), 3);
	for (i = 0; i < 3; i++)
		EXPECT_REFUSED(live, i);
	LIVE_EXPECT_NO_CQE(live);

	/* none of it is ever tried */
	KUNIT_EXPECT_EQ(test, atomic_read(&script->calls), 5);
	put_read(live, script, G, 5);
	put_read(live, script, H, 6);
	put_read(live, script, G, 7)->flags = CRING_SQE_CQE_SKIP_SUCCESS;
	put_read(live, script, 0, 8);
	KUNIT_ASSERT_EQ(test, live_submit(live), 4);
	EXPECT_REFUSED(live, 5);
	EXPECT_REFUSED(live, 7);
	LIVE_EXPECT_NO_CQE(live);
	KUNIT_EXPECT_EQ(test, atomic_read(&script->calls), 7);
	KUNIT_EXPECT_EQ(test, live_in_flight(live), 4);
}

static void it_takes_what_comes_when_it_is_reopened(struct kunit *test)
{
	struct live *live = live_open(test, 16, 0);
	struct script *script = script_open(live, SCRIPT_POLL);

	KUNIT_EXPECT_EQ(test, SEAL(live, of_group(G)), 0);
	put_read(live, script, H, 1);
	KUNIT_ASSERT_EQ(test, live_submit(live), 1);
	/* what is not sealed is open already */
	KUNIT_EXPECT_EQ(test, REOPEN(live, of_group(H)), 0);
	KUNIT_EXPECT_EQ(test, REOPEN(live, of_ring()), 0);
	KUNIT_EXPECT_EQ(test, live->ring->seals, 1);
	put_read(live, script, G, 2);
	KUNIT_ASSERT_EQ(test, live_submit(live), 1);
	EXPECT_REFUSED(live, 2);

	KUNIT_EXPECT_EQ(test, REOPEN(live, of_group(G)), 0);
	KUNIT_EXPECT_EQ(test, REOPEN(live, of_group(G)), 0);
	put_read(live, script, G, 3);
	KUNIT_ASSERT_EQ(test, live_submit(live), 1);
	LIVE_EXPECT_STATE(live, 3, CRING_ARMED);
	/* nothing was cancelled by that */
	LIVE_EXPECT_STATE(live, 1, CRING_ARMED);
	LIVE_EXPECT_NO_CQE(live);
	KUNIT_EXPECT_EQ(test, live->ring->seals, 0);
}

static void a_sealed_ring_takes_cancels_only(struct kunit *test)
{
	struct live *live = live_open(test, 16, 0);
	struct script *script = script_open(live, SCRIPT_POLL);
	struct cring_sqe *sqe;

	put_read(live, script, G, 1);
	put_read(live, script, 0, 2);
	KUNIT_ASSERT_EQ(test, live_submit(live), 2);
	KUNIT_EXPECT_EQ(test, SEAL(live, of_ring()), 2);
	EXPECT_REFUSED(live, 1);
	EXPECT_REFUSED(live, 2);

	put_read(live, script, G, 3);
	live_sqe(live, CRING_OP_NOP, 4);
	forever(live, 5);
	live_sqe(live, CRING_OP_POLL_REMOVE, 6);
	sqe = live_sqe(live, CRING_OP_ASYNC_CANCEL, 7);
	sqe->cancel_flags = CANCEL_ALL;
	KUNIT_ASSERT_EQ(test, live_submit(live), 5);
	EXPECT_REFUSED(live, 3);
	EXPECT_REFUSED(live, 4);
	EXPECT_REFUSED(live, 5);
	EXPECT_REFUSED(live, 6);
	LIVE_EXPECT_CQE(live, 7, 0);
	LIVE_EXPECT_NO_CQE(live);
}

static void a_ring_and_its_groups_are_sealed_apart(struct kunit *test)
{
	struct live *live = live_open(test, 16, 0);

	KUNIT_EXPECT_EQ(test, SEAL(live, of_group(G)), 0);
	KUNIT_EXPECT_EQ(test, SEAL(live, of_group(G)), 0);
	KUNIT_EXPECT_EQ(test, SEAL(live, of_ring()), 0);
	KUNIT_EXPECT_EQ(test, SEAL(live, of_ring()), 0);
	KUNIT_EXPECT_EQ(test, live->ring->seals, 2);
	KUNIT_EXPECT_EQ(test, REOPEN(live, of_ring()), 0);

	live_sqe(live, CRING_OP_NOP, 1)->group = G;
	live_sqe(live, CRING_OP_NOP, 2)->group = H;
	KUNIT_ASSERT_EQ(test, live_submit(live), 2);
	EXPECT_REFUSED(live, 1);
	LIVE_EXPECT_CQE(live, 2, 0);

	KUNIT_EXPECT_EQ(test, SEAL(live, of_ring()), 0);
	KUNIT_EXPECT_EQ(test, REOPEN(live, of_group(G)), 0);
	live_sqe(live, CRING_OP_NOP, 3)->group = G;
	KUNIT_ASSERT_EQ(test, live_submit(live), 1);
	EXPECT_REFUSED(live, 3);
}

static void a_seal_waits_for_what_it_could_not_stop(struct kunit *test)
{
	struct live *live = live_open(test, 16, 0);
	struct script *script = script_open(live, SCRIPT_DEVICE);
	struct cring_cancel_key key = of_group(G);

	put_read(live, script, G, 1);
	KUNIT_ASSERT_EQ(test, live_submit(live), 1);
	KUNIT_EXPECT_EQ(test, live_cancel_sync(live, &key, CRING_CANCEL_SEAL |
					       CRING_CANCEL_WAIT, 1000000),
			-ETIME);
	KUNIT_EXPECT_EQ(test, key.res, 1);
	KUNIT_EXPECT_EQ(test, key.already, 1);
	/* sealed all the same */
	put_read(live, script, G, 2);
	KUNIT_ASSERT_EQ(test, live_submit(live), 1);
	EXPECT_REFUSED(live, 2);
	script_complete(script, 0, 1);
	KUNIT_EXPECT_EQ(test, live_cancel_sync(live, &key, CRING_CANCEL_SEAL |
					       CRING_CANCEL_WAIT, -1), 0);
	KUNIT_EXPECT_EQ(test, key.res, 0);
}

/* --- what is no seal --- */

static const struct bad_key {
	const char *name;
	struct cring_cancel_key key;
} bad_keys[] = {
	{ "user_data", { .user_data = 1 } },
	{ "all of a user_data", { .user_data = 1,
				  .flags = CRING_ASYNC_CANCEL_ALL } },
	{ "one of a group", { .flags = CRING_ASYNC_CANCEL_GROUP, .group = G } },
	{ "one of any", { .flags = CRING_ASYNC_CANCEL_ANY } },
	{ "an opcode", { .flags = CRING_ASYNC_CANCEL_OP |
				  CRING_ASYNC_CANCEL_ALL,
			 .opcode = CRING_OP_READ } },
	{ "an opcode of a group", { .flags = CRING_ASYNC_CANCEL_OP |
					     CRING_ASYNC_CANCEL_GROUP |
					     CRING_ASYNC_CANCEL_ALL,
				    .opcode = CRING_OP_READ, .group = G } },
	{ "user_data of a group", { .flags = CRING_ASYNC_CANCEL_USERDATA |
					     CRING_ASYNC_CANCEL_GROUP |
					     CRING_ASYNC_CANCEL_ALL,
				    .user_data = 1, .group = G } },
	{ "no group", { .flags = CRING_ASYNC_CANCEL_GROUP |
				 CRING_ASYNC_CANCEL_ALL } },
	{ "a ticket", { .flags = CRING_ASYNC_CANCEL_TICKET } },
	{ "a file", { .flags = CRING_ASYNC_CANCEL_FD | CRING_ASYNC_CANCEL_ALL } },
};

KUNIT_ARRAY_PARAM_DESC(bad, bad_keys, name);

static void only_groups_and_the_ring_are_sealed(struct kunit *test)
{
	const struct bad_key *bad = test->param_value;
	struct live *live = live_open(test, 16, 0);
	struct script *script = script_open(live, SCRIPT_POLL);
	struct cring_cancel_key key = bad->key;

	if (key.flags & CRING_ASYNC_CANCEL_FD)
		key.fd = script->fd;
	put_read(live, script, G, 1);
	KUNIT_ASSERT_EQ(test, live_submit(live), 1);
	KUNIT_EXPECT_EQ(test, SEAL(live, key), -EINVAL);
	KUNIT_EXPECT_EQ(test, live->ring->seals, 0);
	LIVE_EXPECT_STATE(live, 1, CRING_ARMED);
	SEAL(live, of_group(G));
	KUNIT_EXPECT_EQ(test, REOPEN(live, key), -EINVAL);
	KUNIT_EXPECT_EQ(test, live->ring->seals, 1);
}

static void flags_that_make_no_sense_are_refused(struct kunit *test)
{
	static const u32 senseless[] = {
		CRING_CANCEL_SEAL | CRING_CANCEL_REOPEN,
		CRING_CANCEL_REOPEN | CRING_CANCEL_WAIT,
		CRING_CANCEL_SEAL | CRING_CANCEL_PROCESS,
		CRING_CANCEL_SEAL | CRING_CANCEL_THREAD,
		CRING_CANCEL_REOPEN | CRING_CANCEL_PROCESS,
	};
	struct live *live = live_open(test, 16, 0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(senseless); i++) {
		struct cring_cancel_key key = of_group(G);

		KUNIT_EXPECT_EQ(test, live_cancel_sync(live, &key,
						       senseless[i], 0),
				-EINVAL);
	}
	KUNIT_EXPECT_EQ(test, live->ring->seals, 0);
}

/* --- how many --- */

/* odd: so all numbers below a power of two, in some order */
#define STEP	1237

static void a_ring_has_so_many_seals(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct cring_ring *ring = live->ring;
	unsigned int i, wrong = 0;

	for (i = 0; i < CRING_MAX_SEALS; i++) {
		struct cring_cancel_key key =
			of_group(1 + i * STEP % CRING_MAX_SEALS);

		wrong += cring_seal(ring, &key, true) != 0;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, ring->seals, CRING_MAX_SEALS);
	KUNIT_EXPECT_EQ(test, SEAL(live, of_group(U32_MAX)), -ENOSPC);
	KUNIT_EXPECT_EQ(test, SEAL(live, of_group(7)), 0);
	/* the ring's own is not one of them */
	KUNIT_EXPECT_EQ(test, SEAL(live, of_ring()), 0);
	KUNIT_EXPECT_EQ(test, REOPEN(live, of_ring()), 0);

	/* every other one goes, in that order: the others stay */
	for (i = 0; i < CRING_MAX_SEALS; i++) {
		struct cring_cancel_key key =
			of_group(1 + i * STEP % CRING_MAX_SEALS);

		if (key.group % 2)
			wrong += cring_seal(ring, &key, false) != 0;
	}
	KUNIT_EXPECT_EQ(test, ring->seals, CRING_MAX_SEALS / 2);
	for (i = 1; i <= CRING_MAX_SEALS; i++) {
		struct cring_cancel_key key = of_group(i);
		u32 seals = ring->seals;

		wrong += cring_seal(ring, &key, false) != 0;
		wrong += seals - ring->seals != (i % 2 ? 0 : 1);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, ring->seals, 0);
	KUNIT_EXPECT_EQ(test, SEAL(live, of_group(U32_MAX)), 0);
	live_sqe(live, CRING_OP_NOP, 1)->group = U32_MAX;
	KUNIT_ASSERT_EQ(test, live_submit(live), 1);
	EXPECT_REFUSED(live, 1);
}

static void a_batch_of_hundreds_is_looked_through(struct kunit *test)
{
	struct live *live = live_open(test, 256, 0);
	unsigned int i, refused = 0, done = 0;
	struct cring_cqe cqe;

	SEAL(live, of_group(G));
	for (i = 0; i < 256; i++)
		live_sqe(live, CRING_OP_NOP, i)->group = i % 3 ? G : H;
	KUNIT_ASSERT_EQ(test, live_submit(live), 256);
	while (live_reap(live, &cqe)) {
		if (cqe.user_data % 3)
			refused += cqe.res == -ECANCELED &&
				   cqe.flags == NOT_STARTED;
		else
			done += !cqe.res;
	}
	KUNIT_EXPECT_EQ(test, refused, 170);
	KUNIT_EXPECT_EQ(test, done, 86);
}

/* --- chains and drains --- */

static const struct chain_case {
	const char *name;
	u8 sealed;		/* bit n: member n of four */
	u8 links;
	const char *want;	/* 0: done, N: refused */
} chain_cases[] = {
	{ "the first", BIT(0), CRING_SQE_IO_LINK, "NNNN" },
	{ "the first, by hard links", BIT(0), CRING_SQE_IO_HARDLINK, "NNNN" },
	{ "one in the middle", BIT(2), CRING_SQE_IO_LINK, "00NN" },
	{ "one in the middle, by hard links", BIT(2), CRING_SQE_IO_HARDLINK,
	  "00NN" },
	{ "the last", BIT(3), CRING_SQE_IO_LINK, "000N" },
	{ "two", BIT(1) | BIT(3), CRING_SQE_IO_LINK, "0NNN" },
	{ "all", 0xf, CRING_SQE_IO_LINK, "NNNN" },
};

KUNIT_ARRAY_PARAM_DESC(chain, chain_cases, name);

static void expect_members(struct live *live, const char *want)
{
	struct cring_cqe cqe;
	char seen[5] = "....";

	KUNIT_EXPECT_EQ(live->test, live_nr_cqes(live), 4);
	while (live_reap(live, &cqe))
		if (cqe.user_data < 4)
			seen[cqe.user_data] = !cqe.res ? '0' :
				cqe.res == -ECANCELED &&
				cqe.flags == NOT_STARTED ? 'N' : '?';
	KUNIT_EXPECT_STREQ(live->test, seen, want);
}

static void a_member_that_is_sealed_takes_the_rest_along(struct kunit *test)
{
	const struct chain_case *row = test->param_value;
	struct live *live = live_open(test, 8, 0);
	unsigned int drain, i;

	SEAL(live, of_group(G));
	for (drain = 0; drain < 2; drain++) {
		for (i = 0; i < 4; i++) {
			struct cring_sqe *sqe = live_sqe(live, CRING_OP_NOP, i);

			sqe->group = row->sealed & BIT(i) ? G : 0;
			sqe->flags = i < 3 ? row->links : 0;
			if (drain && !i)
				sqe->flags |= CRING_SQE_IO_DRAIN;
		}
		KUNIT_ASSERT_EQ(test, live_submit(live), 4);
		/* the test's thread is told of what is ready */
		cring_run_ready(live->ring);
		expect_members(live, row->want);
		KUNIT_EXPECT_EQ(test, live_in_flight(live), 0);
	}
}

static void what_is_sealed_holds_no_drain_up(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *script = script_open(live, SCRIPT_POLL);

	SEAL(live, of_group(G));
	put_read(live, script, 0, 1);
	live_sqe(live, CRING_OP_NOP, 2)->group = G;
	live_sqe(live, CRING_OP_NOP, 3)->flags = CRING_SQE_IO_DRAIN;
	live_sqe(live, CRING_OP_NOP, 4)->group = G;
	KUNIT_ASSERT_EQ(test, live_submit(live), 4);
	EXPECT_REFUSED(live, 2);
	EXPECT_REFUSED(live, 4);
	LIVE_EXPECT_STATE(live, 3, CRING_DEFERRED);
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, 1), 0);
	EXPECT_REFUSED(live, 1);
	cring_run_ready(live->ring);
	LIVE_EXPECT_CQE(live, 3, 0);
	/* and it is over: the next one waits for nobody */
	live_sqe(live, CRING_OP_NOP, 5)->flags = CRING_SQE_IO_DRAIN;
	KUNIT_ASSERT_EQ(test, live_submit(live), 1);
	LIVE_EXPECT_CQE(live, 5, 0);
}

/* --- between a submitter and a seal --- */

struct meeting {
	struct script *script;
	enum cring_point at;
	s32 answer;		/* of a submit or of a seal in between */
};

static struct live *meeting_open(struct kunit *test, struct meeting *m)
{
	struct live *live = live_open(test, 16, 0);

	live->priv = m;
	m->answer = -EBADMSG;
	m->script = script_open(live, SCRIPT_POLL);
	return live;
}

static void put_three(struct live *live)
{
	struct meeting *m = live->priv;

	put_read(live, m->script, G, 1);
	put_read(live, m->script, H, 2);
	put_read(live, m->script, G, 3);
}

/* the two of the group are stopped, once, and never tried; the other goes on */
static void expect_two_refused(struct live *live)
{
	struct meeting *m = live->priv;
	struct kunit *test = live->test;

	EXPECT_REFUSED(live, 1);
	EXPECT_REFUSED(live, 3);
	LIVE_EXPECT_NO_CQE(live);
	LIVE_EXPECT_STATE(live, 2, CRING_ARMED);
	KUNIT_EXPECT_EQ(test, live_in_flight(live), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&m->script->calls), 1);
}

static void seal_meanwhile(struct live *live, struct cring_req *req)
{
	struct meeting *m = live->priv;

	live_at(live, m->at, NULL);
	m->answer = SEAL(live, of_group(G));
}

static void submit_meanwhile(struct live *live, struct cring_req *req)
{
	struct meeting *m = live->priv;

	live_at(live, m->at, NULL);
	put_three(live);
	m->answer = live_submit(live);
}

/* the seal is there, and what it could match is not: the submitter refuses */
static void it_is_sealed_before_the_batch_is_announced(struct kunit *test)
{
	struct meeting m = { .at = CRING_AT_ACCEPT };
	struct live *live = meeting_open(test, &m);

	live_at(live, m.at, seal_meanwhile);
	put_three(live);
	KUNIT_EXPECT_EQ(test, live_submit(live), 3);
	KUNIT_EXPECT_EQ(test, m.answer, 0);
	expect_two_refused(live);
}

/* both see each other: each is ended once */
static void it_is_sealed_when_the_batch_is_announced(struct kunit *test)
{
	struct meeting m = { .at = CRING_AT_ANNOUNCE };
	struct live *live = meeting_open(test, &m);

	live_at(live, m.at, seal_meanwhile);
	put_three(live);
	KUNIT_EXPECT_EQ(test, live_submit(live), 3);
	KUNIT_EXPECT_EQ(test, m.answer, 2);
	expect_two_refused(live);
}

/* the canceller has sealed: it need not find what comes now */
static void a_batch_comes_when_it_is_sealed(struct kunit *test)
{
	struct meeting m = { .at = CRING_AT_SEALED };
	struct live *live = meeting_open(test, &m);

	live_at(live, m.at, submit_meanwhile);
	KUNIT_EXPECT_EQ(test, SEAL(live, of_group(G)), 0);
	KUNIT_EXPECT_EQ(test, m.answer, 3);
	expect_two_refused(live);
}

/* it has not: it must find what comes now */
static void a_batch_comes_just_before_it_is_sealed(struct kunit *test)
{
	struct meeting m = { .at = CRING_AT_SEAL };
	struct live *live = meeting_open(test, &m);

	live_at(live, m.at, submit_meanwhile);
	KUNIT_EXPECT_EQ(test, SEAL(live, of_group(G)), 2);
	KUNIT_EXPECT_EQ(test, m.answer, 3);
	EXPECT_REFUSED(live, 1);
	EXPECT_REFUSED(live, 3);
	LIVE_EXPECT_NO_CQE(live);
	LIVE_EXPECT_STATE(live, 2, CRING_ARMED);
}

#define ROUNDS	50

/* submits in the group, again and again */
struct again {
	struct live *live;
	atomic_t stop;
	atomic_t told;		/* of so many what became of them */
	atomic_t sealed;	/* the seal's call is over */
	unsigned int seen;	/* submitted after that ... */
	unsigned int late;	/* ... and taken */
};

static int submit_again(void *data)
{
	struct again *a = data;
	struct cring_cqe cqe;

	while (!atomic_read(&a->stop)) {
		bool sealed = atomic_read_acquire(&a->sealed);

		live_sqe(a->live, CRING_OP_NOP, 1)->group = G;
		if (live_submit(a->live) != 1)
			return -EBUSY;
		/* who seals may have stopped it, and be about to post that */
		if (!live_wait(a->live, &cqe))
			return -EIO;
		if (cqe.res != 0 && (cqe.res != -ECANCELED ||
				     cqe.flags != NOT_STARTED))
			return -EPROTO;
		a->seen += sealed;
		a->late += sealed && !cqe.res;
		atomic_inc(&a->told);
		cond_resched();
	}
	return 0;
}

/* until it was told of so many more */
static void await_told(struct again *a, struct other *other, int more)
{
	int told = atomic_read(&a->told);

	live_spin(atomic_read(&a->told) >= told + more || other_is_done(other));
}

static void nothing_is_taken_once_a_seal_has_returned(struct kunit *test)
{
	struct again a = { .live = live_open(test, 4, 0) };
	struct other *other;
	unsigned int times;

	live_needs_two(test);
	other = other_start(a.live, submit_again, &a);
	for (times = 0; times < ROUNDS; times++) {
		await_told(&a, other, 1 + times % 4);
		KUNIT_EXPECT_GE(test, SEAL(a.live, of_group(G)), 0);
		atomic_set_release(&a.sealed, 1);
		await_told(&a, other, 3);
		atomic_set(&a.sealed, 0);
		/* who has seen it set has submitted since */
		await_told(&a, other, 2);
		KUNIT_EXPECT_EQ(test, REOPEN(a.live, of_group(G)), 0);
	}
	atomic_set(&a.stop, 1);
	KUNIT_EXPECT_EQ(test, other_join(other), 0);
	KUNIT_EXPECT_GE(test, a.seen, ROUNDS);
	KUNIT_EXPECT_EQ(test, a.late, 0);
}

static struct kunit_case cring_seal_cases[] = {
	KUNIT_CASE(a_sealed_group_ends_and_takes_nothing_more),
	KUNIT_CASE(it_takes_what_comes_when_it_is_reopened),
	KUNIT_CASE(a_sealed_ring_takes_cancels_only),
	KUNIT_CASE(a_ring_and_its_groups_are_sealed_apart),
	KUNIT_CASE(a_seal_waits_for_what_it_could_not_stop),
	KUNIT_CASE_PARAM(only_groups_and_the_ring_are_sealed, bad_gen_params),
	KUNIT_CASE(flags_that_make_no_sense_are_refused),
	KUNIT_CASE(a_ring_has_so_many_seals),
	KUNIT_CASE(a_batch_of_hundreds_is_looked_through),
	KUNIT_CASE_PARAM(a_member_that_is_sealed_takes_the_rest_along,
			 chain_gen_params),
	KUNIT_CASE(what_is_sealed_holds_no_drain_up),
	KUNIT_CASE(it_is_sealed_before_the_batch_is_announced),
	KUNIT_CASE(it_is_sealed_when_the_batch_is_announced),
	KUNIT_CASE(a_batch_comes_when_it_is_sealed),
	KUNIT_CASE(a_batch_comes_just_before_it_is_sealed),
	KUNIT_CASE(nothing_is_taken_once_a_seal_has_returned),
	{}
};

static struct kunit_suite cring_seal_suite = {
	.name = "cring_seal",
	.test_cases = cring_seal_cases,
};

kunit_test_suite(cring_seal_suite);
