// SPDX-License-Identifier: GPL-2.0
/*
 * What ends by itself where it was tried has its CQE posted in few steps, unless
 * more follows from its end than that (cring_finish() in kmod/complete.c).  Here
 * is what the few steps would leave out, and no other suite would miss.
 */
#include "detach.h"
#include "window.h"

static void a_success_that_wants_no_cqe_has_none(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);

	live_sqe(live, CRING_OP_NOP, 1)->flags = CRING_SQE_CQE_SKIP_SUCCESS;
	live_sqe(live, CRING_OP_NOP, 2);
	KUNIT_EXPECT_EQ(test, live_submit(live), 2);
	LIVE_EXPECT_CQE(live, 2, 0);
	LIVE_EXPECT_NO_CQE(live);
	KUNIT_EXPECT_EQ(test, live_in_flight(live), 0);
	KUNIT_EXPECT_EQ(test, live->ring->shared->in_flight, 0);
}

/* a session is about to publish a CQE */
static void count_at_cqe(struct live *live, struct cring_req *req)
{
	struct detach *d = live->priv;
	struct cring_ring *ring = live->ring;

	if (READ_ONCE(ring->shared->cq_tail) == ring->cq_tail)
		return;
	d->cancels++;
	d->answer = atomic_read(&ring->nr_detached);
}

static void what_could_have_been_let_go_of_has_made_room(struct kunit *test)
{
	/* which is tried without being lent */
	struct detach *d = detach_open(test, SCRIPT_POLL);

	d->script->run = detach_move;
	script_ready(d->script, EPOLLIN);
	live_at(d->live, CRING_AT_PUBLISH, count_at_cqe);
	d->answer = -1;
	detach_start(d, CRING_OP_READ, DETACH_A);
	live_at(d->live, CRING_AT_PUBLISH, NULL);
	LIVE_EXPECT_CQE(d->live, DETACH_A, DETACH_LEN);
	KUNIT_EXPECT_EQ(test, d->cancels, 1);
	KUNIT_EXPECT_EQ(test, d->answer, 0);
}

/* its own way to a CQE leaves the window alone (quick_one.c) */
static void one_read_alone_ends_while_others_wait_for_the_window(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *device = reads(live, 1, 2);
	struct script *file = script_open(live, SCRIPT_FILE);

	expect_states(live, "Dw");
	put(live, file, 2);
	submit_nr(live, 1);
	LIVE_EXPECT_CQE(live, 2, 8);
	expect_states(live, "Dw");
	expect_in_devices(live, 1);
	script_complete(device, 0, 8);
	cring_run_ready(live->ring);
	LIVE_EXPECT_CQE(live, 0, 8);
	expect_states(live, ".D");
	script_complete(device, 1, 8);
	LIVE_EXPECT_CQE(live, 1, 8);
}

static ssize_t a_byte(struct script *script, struct kiocb *iocb,
		      struct iov_iter *iter)
{
	size_t done = iov_iter_zero(1, iter);

	KUNIT_EXPECT_TRUE(((struct live *)script->priv)->test,
			  iocb->ki_flags & IOCB_NOWAIT);
	iocb->ki_pos += done;
	return done;
}

/* as /dev/zero, which stops when another task is to run */
static void a_device_that_cannot_be_waited_for_is_asked_on(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *device = script_open(live, SCRIPT_FILE);

	device->priv = live;
	device->run = a_byte;
	file_inode(device->file)->i_mode = S_IFCHR | 0600;
	put(live, device, 0);
	submit_nr(live, 1);
	LIVE_EXPECT_CQE(live, 0, 8);
	KUNIT_EXPECT_EQ(test, atomic_read(&device->calls), 8);
	put(live, device, 1)->off = -1;
	submit_nr(live, 1);
	LIVE_EXPECT_CQE(live, 1, 8);
	KUNIT_EXPECT_EQ(test, device->file->f_pos, 8);
}

static struct kunit_case cring_short_cases[] = {
	KUNIT_CASE(a_success_that_wants_no_cqe_has_none),
	KUNIT_CASE(what_could_have_been_let_go_of_has_made_room),
	KUNIT_CASE(one_read_alone_ends_while_others_wait_for_the_window),
	KUNIT_CASE(a_device_that_cannot_be_waited_for_is_asked_on),
	{}
};

static struct kunit_suite cring_short_suite = {
	.name = "cring_short",
	.test_cases = cring_short_cases,
};

kunit_test_suite(cring_short_suite);
