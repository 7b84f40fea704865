// SPDX-License-Identifier: GPL-2.0
/*
 * Operations and what becomes of them, as strings; see play.h.
 */
#include <linux/delay.h>

#include "play.h"

/* long enough for what is before it to be in place */
#define SOON_NS		3000000

static const char digits[] = "0123456789abcdef";

/* one byte, whatever was asked for */
static ssize_t short_read(struct script *script, struct kiocb *iocb,
			  struct iov_iter *iter)
{
	return iov_iter_zero(1, iter) ? 1 : -EFAULT;
}

struct play *play_open(struct kunit *test)
{
	struct play *play = kunit_kzalloc(test, sizeof(*play), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, play);
	play->live = live_open(test, PLAY_MAX, 2 * PLAY_MAX);
	play->slow = script_open(play->live, SCRIPT_POLL);
	play->brief = script_open(play->live, SCRIPT_POLL);
	play->brief->run = short_read;
	script_ready(play->brief, EPOLLIN);
	play->worker = script_open(play->live, SCRIPT_WORKER);
	play->device = script_open(play->live, SCRIPT_DEVICE);
	play_again(play);
	return play;
}

void play_again(struct play *play)
{
	reap_all(play->live);
	play->nr = 0;
	play->nr_seen = 0;
	memset(play->seen, 0, sizeof(play->seen));
	memset(play->order, 0, sizeof(play->order));
	script_ready(play->slow, 0);
	WRITE_ONCE(play->worker->let_go, false);
	KUNIT_EXPECT_EQ(play->live->test, live_in_flight(play->live), 0);
}

static void sqe_read(struct play *play, struct cring_sqe *sqe,
		     struct script *script, u32 len)
{
	live_prep_read(sqe, script, play->live->args, len);
}

static void sqe_time(struct play *play, struct cring_sqe *sqe, u8 opcode,
		     s64 sec, s64 nsec)
{
	const struct cring_timespec ts = { .tv_sec = sec, .tv_nsec = nsec };

	sqe->opcode = opcode;
	sqe->len = 1;
	/* read when it is submitted, perhaps with others */
	sqe->addr = play->live->args + PAGE_SIZE / 4 + play->nr * sizeof(ts);
	KUNIT_ASSERT_EQ(play->live->test, copy_to_user((void __user *)sqe->addr,
						       &ts, sizeof(ts)), 0);
}

static void play_op(struct play *play, char op)
{
	struct cring_sqe *sqe = live_sqe(play->live, CRING_OP_NOP, play->nr);

	switch (op) {
	case 'n':
		break;
	case 'f':
		sqe->opcode = CRING_OP_POLL_REMOVE;
		sqe->addr = U64_MAX;
		break;
	case 'b':
		sqe->opcode = U8_MAX;
		break;
	case 's':
		sqe_read(play, sqe, play->brief, 8);
		break;
	case 'r':
		sqe_read(play, sqe, play->slow, 1);
		break;
	case 'w':
		sqe_read(play, sqe, play->worker, 1);
		break;
	case 'd':
		sqe_read(play, sqe, play->device, 8);
		break;
	case 't':
		sqe_time(play, sqe, CRING_OP_TIMEOUT, 100000, 0);
		break;
	case 'e':
		sqe_time(play, sqe, CRING_OP_TIMEOUT, 0, SOON_NS);
		break;
	case 'E':
		sqe_time(play, sqe, CRING_OP_TIMEOUT, 0, SOON_NS);
		sqe->timeout_flags = CRING_TIMEOUT_ETIME_SUCCESS;
		break;
	case 'L':
		sqe_time(play, sqe, CRING_OP_LINK_TIMEOUT, 100000, 0);
		break;
	case 'l':
		sqe_time(play, sqe, CRING_OP_LINK_TIMEOUT, 0, SOON_NS);
		break;
	default:
		KUNIT_FAIL(play->live->test, "no operation: %c", op);
	}
}

void play_sqes(struct play *play, const char *ops)
{
	struct cring_ring *ring = play->live->ring;
	struct cring_sqe *sqe = NULL;

	for (; *ops; ops++) {
		switch (*ops) {
		case '-':
			sqe->flags |= CRING_SQE_IO_LINK;
			break;
		case '=':
			sqe->flags |= CRING_SQE_IO_HARDLINK;
			break;
		case '!':
			sqe->flags |= CRING_SQE_CQE_SKIP_SUCCESS;
			break;
		case '|':
			sqe->flags |= CRING_SQE_IO_DRAIN;
			break;
		case ' ':
			break;
		default:
			KUNIT_ASSERT_LT(play->live->test, play->nr, PLAY_MAX);
			play_op(play, *ops);
			sqe = &ring->sqes[(play->live->sq_tail - 1) &
					  ring->sq_mask];
			play->seen[play->nr++] = '.';
		}
	}
}

void play_submit(struct play *play, const char *ops)
{
	unsigned int before = play->nr;

	play_sqes(play, ops);
	KUNIT_EXPECT_EQ(play->live->test, live_submit(play->live),
			play->nr - before);
}

static char letter(const struct cring_cqe *cqe)
{
	switch (cqe->res) {
	case 0 ... 9:
		return digits[cqe->res];
	case -ECANCELED:
		return cqe->flags & CRING_CQE_F_NOT_STARTED ? 'N' : 'C';
	case -ENOENT:
		return 'E';
	case -EINVAL:
		return 'I';
	case -ETIME:
		return 'T';
	case -EALREADY:
		return 'A';
	default:
		return '?';
	}
}

static void note(struct play *play, const struct cring_cqe *cqe)
{
	if (cqe->user_data >= play->nr || play->seen[cqe->user_data] != '.') {
		KUNIT_FAIL(play->live->test, "a CQE too many: %llu",
			   cqe->user_data);
		return;
	}
	play->seen[cqe->user_data] = letter(cqe);
	play->order[play->nr_seen++] = digits[cqe->user_data];
}

const char *play_seen(struct play *play, const char *want)
{
	unsigned int nr = 0;
	struct cring_cqe cqe;

	for (; *want; want++)
		nr += *want != '.';
	cring_run_ready(play->live->ring);
	while (play->nr_seen < nr && live_wait(play->live, &cqe))
		note(play, &cqe);
	/* and those that nobody has waited for */
	while (live_reap(play->live, &cqe))
		note(play, &cqe);
	return play->seen;
}

static s32 update(struct play *play, int arg)
{
	struct cring_sqe *sqe = live_sqe(play->live, CRING_OP_TIMEOUT_REMOVE,
					 1000);
	struct cring_cqe cqe = { .res = 1 };

	sqe->addr = arg;
	sqe->addr2 = user_time(play->live, 0, SOON_NS);
	sqe->timeout_flags = CRING_LINK_TIMEOUT_UPDATE;
	KUNIT_EXPECT_EQ(play->live->test, live_submit(play->live), 1);
	/* a machine that is held up here sees the new time go by first */
	while (live_reap(play->live, &cqe) && cqe.user_data != 1000)
		note(play, &cqe);
	KUNIT_EXPECT_EQ(play->live->test, cqe.user_data, 1000);
	return cqe.res;
}

/* the next one that the device has */
static bool complete_next(struct play *play, long res)
{
	unsigned int i;

	for (i = 0; i < SCRIPT_MAX_QUEUED; i++)
		if (script_complete(play->device, i, res))
			return true;
	return false;
}

void play_step(struct play *play, const struct play_step *step)
{
	struct live *live = play->live;
	struct kunit *test = live->test;

	switch (step->act) {
	case PLAY_SUBMIT:
		play_submit(play, step->ops);
		break;
	case PLAY_CANCEL:
		KUNIT_EXPECT_EQ(test, live_cancel(live, 0, step->arg),
				step->answer);
		break;
	case PLAY_READY:
		script_ready(play->slow, EPOLLIN);
		break;
	case PLAY_LET_GO:
		script_let_go(play->worker);
		break;
	case PLAY_COMPLETE:
		KUNIT_EXPECT_TRUE(test, complete_next(play, step->arg));
		break;
	case PLAY_UPDATE:
		KUNIT_EXPECT_EQ(test, update(play, step->arg), step->answer);
		break;
	case PLAY_SLEEP:
		msleep(20);
		break;
	case PLAY_END:
		return;
	}
	PLAY_EXPECT_SEEN(play, step->seen);
}

void play_case(struct kunit *test, const struct play_case *what)
{
	struct play *play = play_open(test);
	unsigned int i;

	play_submit(play, what->ops);
	PLAY_EXPECT_SEEN(play, what->seen);
	/* a worker takes its time to begin */
	if (what->ops[0] == 'w')
		KUNIT_EXPECT_TRUE(test, script_await(play->worker, 1));
	for (i = 0; i < ARRAY_SIZE(what->steps); i++)
		play_step(play, &what->steps[i]);
	if (what->order)
		KUNIT_EXPECT_STREQ(test, play->order, what->order);
}
