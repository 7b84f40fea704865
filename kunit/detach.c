// SPDX-License-Identifier: GPL-2.0
/*
 * Operations that may be let go of; see detach.h.
 */
#include <linux/slab.h>
#include <linux/uio.h>

#include "detach.h"

/* --- the file --- */

ssize_t detach_move(struct script *script, struct kiocb *iocb,
		    struct iov_iter *iter)
{
	struct detach *d = script->priv;

	if (!iter)
		return 0;
	if (iov_iter_rw(iter) == READ)
		return copy_to_iter(d->file_data, iov_iter_count(iter), iter);
	return copy_from_iter(d->written, iov_iter_count(iter), iter);
}

/* nothing ends the sleep but script_let_go() */
ssize_t detach_hang(struct script *script, struct kiocb *iocb,
		    struct iov_iter *iter)
{
	wait_event(script->wq, READ_ONCE(script->let_go));
	return detach_move(script, iocb, iter);
}

ssize_t detach_queue(struct script *script, struct kiocb *iocb,
		     struct iov_iter *iter)
{
	struct detach *d = script->priv;

	d->iter = *iter;
	return script_queue(script, iocb, iter);
}

/* --- the ring --- */

struct detach *detach_open(struct kunit *test, enum script_kind kind)
{
	struct detach *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, d);
	d->live = live_open_with(test, (struct cring_params) {
		.sq_entries = 8, .detached = DETACH_ROOM,
	});
	d->live->priv = d;
	d->kind = kind;
	d->script = script_open(d->live, kind);
	d->script->priv = d;
	d->script->run = kind == SCRIPT_DEVICE ? detach_queue : detach_hang;
	for (i = 0; i < DETACH_LEN; i++)
		d->file_data[i] = i % 251;
	d->user = live_pages(d->live, 3, PROT_READ | PROT_WRITE);
	memset(d->written, 0xee, DETACH_LEN);
	KUNIT_ASSERT_EQ(test, copy_to_user((void __user *)d->user, d->written,
					   DETACH_LEN), 0);
	return d;
}

struct cring_sqe *detach_sqe(struct detach *d, u8 opcode, u64 user_data)
{
	struct cring_sqe *sqe = live_sqe(d->live, opcode, user_data);

	sqe->fd = d->script->fd;
	sqe->xflags = CRING_SQE_X_DETACH;
	if (opcode != CRING_OP_FSYNC) {
		sqe->addr = d->user;
		sqe->len = DETACH_LEN;
	}
	return sqe;
}

enum cring_state detach_start(struct detach *d, u8 opcode, u64 user_data)
{
	detach_sqe(d, opcode, user_data);
	KUNIT_EXPECT_EQ(d->live->test, live_submit(d->live), 1);
	return live_state(d->live, user_data);
}

static int submit_there(void *arg)
{
	struct detach *d = arg;

	return live_submit(d->live);
}

void detach_hang_up(struct detach *d, u64 user_data)
{
	static const enum cring_state states[] = {
		[SCRIPT_WORKER] = CRING_RUNNING,
		[SCRIPT_FILE] = CRING_INLINE,
		[SCRIPT_DEVICE] = CRING_DISPATCHED,
	};
	struct kunit *test = d->live->test;

	if (d->kind == SCRIPT_FILE)
		d->submitter = other_start(d->live, submit_there, d);
	else
		KUNIT_EXPECT_GE(test, live_submit(d->live), 1);
	if (d->kind != SCRIPT_DEVICE)
		KUNIT_ASSERT_TRUE(test, script_await(d->script, 1));
	KUNIT_EXPECT_TRUE(test, live_await(d->live, user_data,
					   states[d->kind]));
}

void detach_start_and_hang(struct detach *d, u8 opcode, u64 user_data)
{
	detach_sqe(d, opcode, user_data);
	detach_hang_up(d, user_data);
}

struct detach *detach_open_and_hang(struct kunit *test,
				    const struct detach_case *what)
{
	struct detach *d = detach_open(test, what->kind);

	detach_sqe(d, what->opcode, DETACH_A)->flags = what->sqe_flags;
	detach_hang_up(d, DETACH_A);
	return d;
}

void detach_answer(struct detach *d)
{
	struct kunit *test = d->live->test;

	if (d->kind == SCRIPT_DEVICE) {
		detach_move(d->script, NULL, &d->iter);
		KUNIT_EXPECT_TRUE(test, script_complete(d->script, 0,
							DETACH_LEN));
		return;
	}
	script_let_go(d->script);
	if (d->submitter)
		KUNIT_EXPECT_GE(test, other_join(d->submitter), 1);
}

bool detach_user_is(struct detach *d, const u8 *want)
{
	u8 *got = kunit_kzalloc(d->live->test, DETACH_LEN, GFP_KERNEL);

	return got && !copy_from_user(got, (void __user *)d->user,
				      DETACH_LEN) &&
	       !memcmp(got, want, DETACH_LEN);
}

void detach_expect_let_go(struct detach *d, u64 user_data)
{
	struct kunit *test = d->live->test;

	KUNIT_EXPECT_EQ(test, live_cancel(d->live, 0, user_data), 0);
	LIVE_EXPECT_CQE_FLAGS(d->live, user_data, -ECANCELED, 0);
	KUNIT_EXPECT_EQ(test, live_cancel(d->live, 0, user_data), -ENOENT);
	KUNIT_EXPECT_EQ(test, live_in_flight(d->live), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&d->live->ring->nr_detached), 1);
}

void detach_expect_given_back(struct detach *d)
{
	struct kunit *test = d->live->test;

	KUNIT_EXPECT_TRUE(test, live_until(!atomic_read(&d->live->ring->nr_detached)));
	LIVE_EXPECT_NO_CQE(d->live);
	script_close(d->script);
	KUNIT_EXPECT_TRUE(test, script_is_released(d->script));
}
