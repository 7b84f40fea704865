/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads of a pipe that does as it is told, and what way they take.
 */
#ifndef _CRING_KUNIT_PIPES_H
#define _CRING_KUNIT_PIPES_H

#include <linux/cred.h>
#include <linux/file.h>
#include <linux/pipe_fs_i.h>

#include "pool.h"

#define READ_UD	1
#define NEXT	2
#define LEN	64

struct pipes {
	struct pipe_inode_info pipe;	/* all that is known of its state */
	struct live *live;
	struct script *script;
	unsigned int hooked;		/* before they were accepted */
	unsigned int batches;		/* that could be found */
	s32 answer;
	const struct cred *cred;	/* with which it was tried */
};

static inline void count_hooked(struct live *live, struct cring_req *req)
{
	struct pipes *p = live->priv;

	p->hooked++;
}

static inline void count_batch(struct live *live, struct cring_req *req)
{
	struct pipes *p = live->priv;

	p->batches++;
}

static inline struct pipes *pipes_open(struct kunit *test)
{
	struct pipes *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	p->live = live_open(test, 16, 0);
	p->live->priv = p;
	p->script = script_open(p->live, SCRIPT_FIFO);
	p->pipe.writers = 1;
	file_inode(p->script->file)->i_pipe = &p->pipe;
	live_at(p->live, CRING_AT_HOOKED, count_hooked);
	live_at(p->live, CRING_AT_BATCH, count_batch);
	return p;
}

static inline struct cring_sqe *put_read(struct pipes *p)
{
	struct cring_sqe *sqe = live_sqe(p->live, CRING_OP_READ, READ_UD);

	live_prep_read(sqe, p->script, p->live->args, LEN);
	return sqe;
}

static inline void submit_read(struct pipes *p)
{
	put_read(p);
	KUNIT_EXPECT_EQ(p->live->test, live_submit(p->live), 1);
}

/* the same, and it took this way */
static inline void arm_read(struct pipes *p)
{
	unsigned int hooked = p->hooked;

	submit_read(p);
	KUNIT_EXPECT_EQ(p->live->test, p->hooked, hooked + 1);
	KUNIT_EXPECT_EQ(p->live->test, p->batches, 0);
	LIVE_EXPECT_STATE(p->live, READ_UD, CRING_ARMED);
}

static inline void write_pipe(struct pipes *p)
{
	p->pipe.head++;
	script_ready(p->script, EPOLLIN);
}

static inline void empty_pipe(struct pipes *p)
{
	p->pipe.tail = p->pipe.head;
	p->script->events = 0;
}

/* somebody writes, and a thread of the owner comes by */
static inline void go_on(struct pipes *p)
{
	write_pipe(p);
	LIVE_EXPECT_STATE(p->live, READ_UD, CRING_READY);
	cring_run_ready(p->live->ring);
}

static inline void expect_over(struct pipes *p)
{
	struct kunit *test = p->live->test;

	LIVE_EXPECT_NO_CQE(p->live);
	KUNIT_EXPECT_EQ(test, live_in_flight(p->live), 0);
	KUNIT_EXPECT_EQ(test, p->live->ring->shared->in_flight, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&p->script->wq.head));
	KUNIT_EXPECT_EQ(test, p->live->ring->nr_young, 0);
	KUNIT_EXPECT_TRUE(test, live_until(({
		flush_delayed_fput();
		file_count(p->script->file) == 2;
	})));
	KUNIT_EXPECT_EQ(test, pool_free(p->live), p->live->ring->nr_reqs);
}

static inline ssize_t pipe_answer(struct script *script, struct kiocb *iocb,
				  struct iov_iter *iter)
{
	struct pipes *p = script->priv;

	p->cred = current_cred();
	return p->answer;
}

/* the next attempt ends like that */
static inline void let_it_answer(struct pipes *p, s32 res)
{
	p->answer = res;
	p->script->priv = p;
	p->script->run = pipe_answer;
}

#endif /* _CRING_KUNIT_PIPES_H */
