// SPDX-License-Identifier: GPL-2.0
/*
 * Plain reads of a file that does as it is told; see quick.h.
 */
#include <linux/file.h>

#include "quick.h"

/* the records of the long way have their iocb in them */
static bool on_the_way(struct quick *q, const struct kiocb *iocb)
{
	const void *pool = q->live->ring->pool;

	return (const void *)iocb < pool ||
	       (const void *)iocb >= pool + q->live->ring->nr_reqs *
				     sizeof(struct cring_req);
}

ssize_t quick_run(struct script *script, struct kiocb *iocb,
		  struct iov_iter *iter)
{
	struct quick *q = script->priv;
	unsigned int call = q->way + q->others;

	q->pos[call % ARRAY_SIZE(q->pos)] = iocb->ki_pos;
	if (!on_the_way(q, iocb)) {
		q->others++;
		return script_transfer(script, iocb, iter);
	}
	KUNIT_EXPECT_TRUE(q->live->test, iocb->ki_flags & IOCB_NOWAIT);
	KUNIT_EXPECT_TRUE(q->live->test, is_sync_kiocb(iocb));
	q->way++;
	if (!call && q->at_first)
		q->at_first(q);
	if (call || q->ret == QUICK_LEN)
		return script_transfer(script, iocb, iter);
	if (q->ret > 0)
		iov_iter_zero(q->ret, iter);
	if (q->ret > 0)
		iocb->ki_pos += q->ret;
	return q->ret;
}

struct quick *quick_open(struct kunit *test)
{
	struct quick *q = kunit_kzalloc(test, sizeof(*q), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, q);
	q->live = live_open(test, 16, 0);
	q->live->priv = q;
	q->mem = live_pages(q->live, 1, PROT_READ | PROT_WRITE);
	q->script = script_open(q->live, SCRIPT_FILE);
	q->script->priv = q;
	q->script->run = quick_run;
	q->ret = QUICK_LEN;
	return q;
}

struct cring_sqe *quick_put(struct quick *q, u64 user_data)
{
	struct cring_sqe *sqe = live_sqe(q->live, CRING_OP_READ, user_data);

	live_prep_read(sqe, q->script, q->mem, QUICK_LEN);
	sqe->off = user_data * QUICK_LEN;
	return sqe;
}

void quick_put_all(struct quick *q)
{
	unsigned int i;

	for (i = 0; i < QUICK_NR; i++)
		quick_put(q, i);
}

void quick_put_fixed(struct quick *q)
{
	struct iovec iov = { (void __user *)q->mem, PAGE_SIZE };
	unsigned int i;

	KUNIT_ASSERT_EQ(q->live->test,
			live_register(q->live, CRING_REGISTER_BUFFERS, 0, &iov,
				      1, sizeof(iov)), 0);
	KUNIT_ASSERT_EQ(q->live->test,
			live_register(q->live, CRING_REGISTER_FILES, 0,
				      &q->script->fd, 1, sizeof(s32)), 0);
	for (i = 0; i < QUICK_NR; i++) {
		struct cring_sqe *sqe = quick_put(q, i);

		sqe->opcode = CRING_OP_READ_FIXED;
		sqe->flags = CRING_SQE_FIXED_FILE;
		sqe->fd = 0;
	}
}

void quick_submit(struct quick *q)
{
	KUNIT_EXPECT_EQ(q->live->test, live_submit(q->live), QUICK_NR);
}

void quick_expect(struct quick *q, unsigned int but)
{
	unsigned int i;

	for (i = 0; i < QUICK_NR; i++)
		if (i != but)
			LIVE_EXPECT_CQE_FLAGS(q->live, i, QUICK_LEN, 0);
}

void quick_expect_over(struct quick *q, long refs)
{
	struct kunit *test = q->live->test;

	LIVE_EXPECT_NO_CQE(q->live);
	KUNIT_EXPECT_EQ(test, live_in_flight(q->live), 0);
	KUNIT_EXPECT_TRUE(test, live_until(({
		flush_delayed_fput();
		file_count(q->script->file) == refs;
	})));
	/* a worker posts the CQE, and then gives the record back */
	KUNIT_EXPECT_TRUE(test, live_until(pool_free(q->live) ==
					   q->live->ring->nr_reqs));
}
