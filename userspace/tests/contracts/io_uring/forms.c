// SPDX-License-Identifier: MIT
/*
 * The promises 13 to 21 of io_uring.c: the completions of a cancel, and its two
 * forms.
 */
#include "../uring.h"

#define RING	(&self->ring)
#define URING	(&self->uring)

FIXTURE(one) {
	struct cring ring;
	struct io_uring uring;
	bool have;
	struct nullb nb;
	int a[2];
	char *buf;
};

FIXTURE_SETUP(one)
{
	ring_init(RING, 64);
	self->have = uring_init(URING);
	new_pipe(self->a, 0);
	self->buf = new_pages(2 * 4096);
}

FIXTURE_TEARDOWN(one)
{
	cring_queue_exit(RING);
	if (self->have)
		io_uring_queue_exit(URING);
	nullb_del(&self->nb);
}

/* A submit that does not wait: what is there is counted before anything else. */
TEST_F(one, p13_the_cancels_completion_is_there_when_submit_returns)
{
	cring_prep_cancel64(new_sqe(RING, 1), 77, 0);
	submit_all(RING, 1);
	ASSERT_EQ(1, cq_count(RING));
	expect_res(RING, 1, -ENOENT);
	if (!self->have)
		return;
	io_uring_prep_cancel64(uring_sqe(URING, 1), 77, 0);
	ASSERT_EQ(1, io_uring_submit(URING));
	EXPECT_EQ(1, io_uring_cq_ready(URING));
	contract_note(13, "io_uring: %u completions at once",
		      io_uring_cq_ready(URING));
}

TEST_F(one, p14_and_so_is_that_of_what_was_stopped)
{
	int i;

	for (i = 1; i <= 8; i++)
		arm_read(RING, i, self->a[0]);
	cring_prep_cancel_fd(new_sqe(RING, 99), self->a[0],
			     CRING_ASYNC_CANCEL_ALL);
	submit_all(RING, 1);
	ASSERT_EQ(9, cq_count(RING));
	expect_res(RING, 99, 8);
	for (i = 1; i <= 8; i++)
		expect_res(RING, i, -ECANCELED);
	if (!self->have)
		return;
	for (i = 1; i <= 8; i++)
		uring_read(URING, i, self->a[0]);
	io_uring_prep_cancel_fd(uring_sqe(URING, 99), self->a[0],
				IORING_ASYNC_CANCEL_ALL);
	ASSERT_EQ(1, io_uring_submit(URING));
	EXPECT_EQ(9, io_uring_cq_ready(URING));
	contract_note(14, "io_uring: %u completions of 9 at once",
		      io_uring_cq_ready(URING));
}

TEST_F(one, p15_the_synchronous_form_leaves_no_completion)
{
	struct io_uring_sync_cancel_reg reg = {
		.addr = 1, .timeout = { -1, -1 },
	};
	struct cring_cancel_key key = cring_key64(1, 0);

	arm_read(RING, 1, self->a[0]);
	EXPECT_EQ(0, cring_sq_ready(RING));
	EXPECT_EQ(0, cring_cancel_sync(RING, &key, 0, 0));
	EXPECT_EQ(1, cq_count(RING));
	expect_res(RING, 1, -ECANCELED);
	EXPECT_EQ(-ENOENT, cring_cancel_sync(RING, &key, 0, 0));
	EXPECT_EQ(1, cq_count(RING));
	if (!self->have)
		return;
	uring_read(URING, 1, self->a[0]);
	EXPECT_EQ(0, io_uring_register_sync_cancel(URING, &reg));
	EXPECT_EQ(-ECANCELED, uring_wait_res(URING, 1));
	EXPECT_EQ(1, io_uring_cq_ready(URING));
	EXPECT_EQ(-ENOENT, io_uring_register_sync_cancel(URING, &reg));
}

/* Direct reads that the device finishes @ms from now. */
#define slow_reads(ms) do {						\
	int __fd;							\
									\
	if (!have_nullb())						\
		SKIP(return, NULLB_SKIP);				\
	new_nullb(&self->nb, .no_memory = true,				\
		  .delay_ns = (ms) * NSEC_PER_MSEC);			\
	__fd = nullb_open(&self->nb, O_RDONLY | O_DIRECT);		\
	cring_prep_read(new_sqe(RING, 1), __fd, self->buf, 4096, 0);	\
	submit_all(RING, 1);						\
	if (self->have) {						\
		io_uring_prep_read(uring_sqe(URING, 0), __fd,		\
				   self->buf + 4096, 4096, 4096);	\
		ASSERT_EQ(1, io_uring_submit(URING));			\
	}								\
} while (0)

TEST_F(one, p16_waits_for_what_it_matched)
{
	struct cring_cancel_key key = cring_key64(1, 0);
	uint64_t start = now_ns();

	slow_reads(700);
	EXPECT_EQ(-EALREADY, cring_cancel_sync(RING, &key, CRING_CANCEL_WAIT,
					       -1));
	EXPECT_GE(now_ns() - start, 600 * NSEC_PER_MSEC);
	EXPECT_EQ(1, cq_count(RING));
	if (self->have)
		contract_note(16, "io_uring does not know what is in the device: %d",
			      uring_cancel(URING, BY_CALL, .user_data = 0));
}

TEST_F(one, p17_waits_no_longer_than_told)
{
	struct cring_cancel_key key = cring_key64(1, 0);
	uint64_t start;

	slow_reads(1500);
	start = now_ns();
	EXPECT_EQ(-ETIME, cring_cancel_sync(RING, &key, CRING_CANCEL_WAIT,
					    50 * NSEC_PER_MSEC));
	EXPECT_GE(now_ns() - start, 50 * NSEC_PER_MSEC);
	EXPECT_EQ(-EALREADY, key.res);
	expect_pending(RING, 1);
	await(RING, 1);
	EXPECT_EQ(1, cqes_with(RING, 1));
}

struct other_thread {
	struct cring *ring;
	struct io_uring *uring;
	int res, uring_res;
};

static void *cancel_from_here(void *arg)
{
	struct io_uring_sync_cancel_reg reg = {
		.addr = 1, .timeout = { -1, -1 },
	};
	struct cring_cancel_key key = cring_key64(1, 0);
	struct other_thread *o = arg;

	o->res = cring_cancel_sync(o->ring, &key, 0, 0);
	o->uring_res = o->uring ? io_uring_register_sync_cancel(o->uring, &reg) :
				  NO_ANSWER;
	return NULL;
}

TEST_F(one, p18_from_another_thread)
{
	struct other_thread o = { RING, self->have ? URING : NULL, 1, 1 };

	arm_read(RING, 1, self->a[0]);
	if (self->have)
		uring_read(URING, 1, self->a[0]);
	join(new_thread(cancel_from_here, &o));
	EXPECT_EQ(0, o.res);
	expect_res(RING, 1, -ECANCELED);
	if (self->have)
		EXPECT_EQ(0, o.uring_res);
}

TEST_F(one, p19_in_a_chain)
{
	struct cring_sqe *sqe;

	arm_read(RING, 1, self->a[0]);
	sqe = new_sqe(RING, 2);
	cring_prep_cancel64(sqe, 1, 0);
	cring_sqe_set_flags(sqe, CRING_SQE_IO_LINK);
	cring_prep_nop(new_sqe(RING, 3));
	/* This one fails, and so does what follows it. */
	sqe = new_sqe(RING, 4);
	cring_prep_cancel64(sqe, 77, 0);
	cring_sqe_set_flags(sqe, CRING_SQE_IO_LINK);
	cring_prep_nop(new_sqe(RING, 5));
	submit_all(RING, 4);
	settle(RING);
	expect_res(RING, 1, -ECANCELED);
	expect_res(RING, 2, 0);
	expect_res(RING, 3, 0);
	expect_res(RING, 4, -ENOENT);
	expect_res(RING, 5, -ECANCELED);
	EXPECT_LT(cqe_at(RING, 2), cqe_at(RING, 3));
}

TEST_F(one, p20_no_completion_on_success)
{
	struct cring_sqe *sqe;

	arm_read(RING, 1, self->a[0]);
	sqe = new_sqe(RING, 2);
	cring_prep_cancel64(sqe, 1, 0);
	cring_sqe_set_flags(sqe, CRING_SQE_CQE_SKIP_SUCCESS);
	sqe = new_sqe(RING, 3);
	cring_prep_cancel64(sqe, 77, 0);
	cring_sqe_set_flags(sqe, CRING_SQE_CQE_SKIP_SUCCESS);
	submit_all(RING, 2);
	EXPECT_EQ(2, cq_count(RING));
	expect_res(RING, 1, -ECANCELED);
	expect_pending(RING, 2);
	expect_res(RING, 3, -ENOENT);
}

TEST_F(one, p21_the_stopped_one_first)
{
	int i, ahead = 0;

	for (i = 1; i <= 8; i++)
		arm_read(RING, i, self->a[0]);
	for (i = 1; i <= 8; i++)
		cring_prep_cancel64(new_sqe(RING, 100 + i), i, 0);
	submit_all(RING, 8);
	for (i = 1; i <= 8; i++)
		EXPECT_LT(cqe_at(RING, i), cqe_at(RING, 100 + i));
	if (!self->have)
		return;
	for (i = 1; i <= 8; i++)
		uring_read(URING, i, self->a[0]);
	for (i = 1; i <= 8; i++)
		io_uring_prep_cancel64(uring_sqe(URING, 0), i, 0);
	ASSERT_EQ(8, io_uring_submit(URING));
	ASSERT_EQ(16, io_uring_cq_ready(URING));
	for (i = 1; i <= 8; i++) {
		struct io_uring_cqe *cqe;
		unsigned int head, k = 0, cancels = 0;

		/* The k'th answer of a cancel belongs to the k'th target. */
		io_uring_for_each_cqe(URING, head, cqe) {
			if (cqe->user_data == (uint64_t)i)
				break;
			cancels += cqe->user_data == 0;
			k++;
		}
		ahead += cancels < (unsigned int)i;
	}
	contract_note(21, "io_uring, which does not promise it: %d of 8", ahead);
}

TEST_HARNESS_MAIN
