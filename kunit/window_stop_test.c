// SPDX-License-Identifier: GPL-2.0
/*
 * What is beyond the dispatch window (C15 of Documentation/contract.rst) can be
 * stopped; and what chains, drains and workers have to do with it.
 */
#include "window.h"

/* --- stopping what waits --- */

static void what_is_beyond_the_window_is_stopped_with_0(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *device = reads(live, 2, 5);

	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, 3), 0);
	LIVE_EXPECT_CQE_FLAGS(live, 3, -ECANCELED, NOT_STARTED);
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, 1), -EALREADY);
	expect_in_devices(live, 2);
	/* also when its turn has come */
	script_complete(device, 0, 8);
	LIVE_EXPECT_CQE(live, 0, 8);
	expect_states(live, ".DR.w");
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, 2), 0);
	LIVE_EXPECT_CQE_FLAGS(live, 2, -ECANCELED, NOT_STARTED);
	/* whose place goes to the next one */
	expect_states(live, ".D..R");
	cring_run_ready(live->ring);
	expect_states(live, ".D..D");
	expect_in_devices(live, 2);
	KUNIT_EXPECT_EQ(test, device->nr_queued, 3);
}

static void all_that_is_beyond_it_is_stopped(struct kunit *test)
{
	struct cring_cancel_key all = { .flags = CANCEL_ALL };
	struct live *live = live_open(test, 8, 0);
	struct script *device = reads(live, 2, 8);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, live_cancel_sync(live, &all, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, all.res, 8);
	KUNIT_EXPECT_EQ(test, all.already, 2);
	for (i = 2; i < 8; i++)
		LIVE_EXPECT_CQE_FLAGS(live, i, -ECANCELED, NOT_STARTED);
	script_complete(device, 0, 8);
	script_complete(device, 1, 8);
	expect_in_devices(live, 0);
	KUNIT_EXPECT_EQ(test, device->nr_queued, 2);
}

/* --- between finding no place and waiting for one --- */

static void tell_it(struct live *live, struct cring_req *req)
{
	KUNIT_EXPECT_EQ(live->test, live_cancel(live, 0, req->user_data),
			-EALREADY);
}

static void make_room(struct live *live, struct cring_req *req)
{
	KUNIT_EXPECT_TRUE(live->test, script_complete(live->priv, 0, 8));
}

static void tell_it_and_make_room(struct live *live, struct cring_req *req)
{
	tell_it(live, req);
	make_room(live, req);
}

static struct live *one_too_many(struct kunit *test, live_point_fn *fn)
{
	struct live *live = live_open(test, 8, 0);
	struct script *device = reads(live, 1, 1);

	live->priv = device;
	live_at(live, CRING_AT_HOLD, fn);
	put(live, device, 1);
	submit_nr(live, 1);
	return live;
}

static void what_is_told_before_it_waits_does_not_wait(struct kunit *test)
{
	struct live *live = one_too_many(test, tell_it);

	LIVE_EXPECT_CQE_FLAGS(live, 1, -ECANCELED, NOT_STARTED);
	expect_in_devices(live, 1);
}

static void what_is_told_has_no_use_for_a_place(struct kunit *test)
{
	struct live *live = one_too_many(test, tell_it_and_make_room);
	struct script *device = live->priv;

	LIVE_EXPECT_CQE(live, 0, 8);
	LIVE_EXPECT_CQE_FLAGS(live, 1, -ECANCELED, NOT_STARTED);
	KUNIT_EXPECT_EQ(test, device->nr_queued, 1);
	expect_in_devices(live, 0);
}

static void a_place_that_is_free_by_then_is_taken(struct kunit *test)
{
	struct live *live = one_too_many(test, make_room);
	struct script *device = live->priv;

	LIVE_EXPECT_CQE(live, 0, 8);
	expect_states(live, ".D");
	expect_in_devices(live, 1);
	KUNIT_EXPECT_EQ(test, device->nr_queued, 2);
}

static void a_deadline_ends_what_waits(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *device = reads(live, 1, 1);
	struct cring_sqe *sqe = put(live, device, 1);
	s64 then = ktime_get() + 1000 * NSEC_PER_SEC;

	sqe->xflags = CRING_SQE_X_DEADLINE | CRING_SQE_X_DEADLINE_ABS;
	sqe->deadline = then;
	submit_nr(live, 1);
	expect_states(live, "Dw");
	cring_deadline_expire(live->ring, then);
	LIVE_EXPECT_CQE_FLAGS(live, 1, -ETIME, NOT_STARTED);
}

static void a_ring_is_closed_while_some_wait(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *device = reads(live, 1, 4);

	live_close(live);
	KUNIT_EXPECT_EQ(test, device->nr_queued, 1);
	script_complete(device, 0, 8);
	KUNIT_EXPECT_TRUE(test, live_gone(live));
}

/* what was let go of is in its device all the same */
static void what_was_let_go_of_keeps_its_place(struct kunit *test)
{
	struct live *live = live_open_with(test, (struct cring_params) {
		.sq_entries = 8, .detached = 4,
	});
	struct script *device = script_open(live, SCRIPT_DEVICE);

	KUNIT_EXPECT_EQ(test, set_window(live, 1), 0);
	put(live, device, 0)->xflags = CRING_SQE_X_DETACH;
	put(live, device, 1)->xflags = CRING_SQE_X_DETACH;
	put(live, device, 2);
	submit_nr(live, 3);
	expect_states(live, "Dww");
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, 0), 0);
	LIVE_EXPECT_CQE_FLAGS(live, 0, -ECANCELED, 0);
	expect_states(live, ".ww");
	expect_in_devices(live, 1);
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, 1), 0);
	LIVE_EXPECT_CQE_FLAGS(live, 1, -ECANCELED, NOT_STARTED);
	/* the device answers at last */
	script_complete(device, 0, 8);
	expect_states(live, "..R");
	cring_run_ready(live->ring);
	expect_states(live, "..D");
	expect_in_devices(live, 1);
}

/* --- chains, drains --- */

static void a_chain_waits_with_its_head_and_goes_on(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *device = reads(live, 1, 1);

	put(live, device, 1)->flags = CRING_SQE_IO_HARDLINK;
	live_sqe(live, CRING_OP_NOP, 2)->flags = CRING_SQE_IO_LINK;
	live_sqe(live, CRING_OP_NOP, 3);
	submit_nr(live, 3);
	expect_states(live, "Dwll");
	/* under way, as what waits for a worker is: a hard link goes on */
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, 1), 0);
	LIVE_EXPECT_CQE_FLAGS(live, 1, -ECANCELED, NOT_STARTED);
	cring_run_ready(live->ring);
	LIVE_EXPECT_CQE(live, 2, 0);
	LIVE_EXPECT_CQE(live, 3, 0);
}

static void a_link_timeout_stops_what_waits(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *device = reads(live, 1, 1);
	struct cring_sqe *sqe;

	put(live, device, 1)->flags = CRING_SQE_IO_LINK;
	sqe = live_sqe(live, CRING_OP_LINK_TIMEOUT, 2);
	sqe->addr = live_timespec(live, 0, 5 * NSEC_PER_MSEC);
	sqe->len = 1;
	submit_nr(live, 2);
	LIVE_EXPECT_WAIT(live, 1, -ECANCELED);
	LIVE_EXPECT_WAIT(live, 2, -ETIME);
}

static void a_drain_waits_for_what_waits(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *device = reads(live, 1, 2);

	live_sqe(live, CRING_OP_NOP, 2)->flags = CRING_SQE_IO_DRAIN;
	submit_nr(live, 1);
	expect_states(live, "Dww");
	script_complete(device, 0, 8);
	cring_run_ready(live->ring);
	expect_states(live, ".Dw");
	script_complete(device, 1, 8);
	cring_run_ready(live->ring);
	LIVE_EXPECT_CQE(live, 0, 8);
	LIVE_EXPECT_CQE(live, 1, 8);
	LIVE_EXPECT_CQE(live, 2, 0);
}

/* --- workers --- */

/* as a device that may sleep when it is given something (nbd) */
static struct script *sleepy(struct live *live)
{
	struct script *device = script_open(live, SCRIPT_DEVICE);

	device->file->f_mode &= ~FMODE_NOWAIT;
	return device;
}

/* one at a time: two workers may overtake each other on their way */
static void a_worker_takes(struct live *live, struct script *device,
			   u64 user_data, enum cring_state to)
{
	put(live, device, user_data);
	submit_nr(live, 1);
	KUNIT_EXPECT_TRUE(live->test, live_await(live, user_data, to));
}

static void what_a_worker_dispatches_is_counted(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *device = sleepy(live);

	KUNIT_EXPECT_EQ(test, set_window(live, 2), 0);
	a_worker_takes(live, device, 0, CRING_DISPATCHED);
	a_worker_takes(live, device, 1, CRING_DISPATCHED);
	a_worker_takes(live, device, 2, CRING_DEFERRED);
	a_worker_takes(live, device, 3, CRING_DEFERRED);
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, 2), 0);
	LIVE_EXPECT_CQE_FLAGS(live, 2, -ECANCELED, NOT_STARTED);
	script_complete(device, 0, 8);
	LIVE_EXPECT_CQE(live, 0, 8);
	cring_run_ready(live->ring);
	KUNIT_EXPECT_TRUE(test, live_await(live, 3, CRING_DISPATCHED));
	KUNIT_EXPECT_EQ(test, READ_ONCE(device->nr_queued), 3);
	expect_in_devices(live, 2);
}

/* a member of a chain comes to its worker without having been tried */
static void what_a_worker_tries_in_its_turn_has_its_place(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *slow = script_open(live, SCRIPT_POLL);
	struct script *device;
	struct cring_ring *ring = live->ring;

	put(live, slow, 0)->flags = CRING_SQE_IO_LINK;
	device = script_open(live, SCRIPT_DEVICE);
	put(live, device, 1);
	put(live, device, 2);
	KUNIT_EXPECT_EQ(test, set_window(live, 1), 0);
	submit_nr(live, 3);
	expect_states(live, "AlD");
	script_ready(slow, EPOLLIN);
	cring_run_ready(ring);
	/* LINKED, READY, INLINE, and there is no place */
	LIVE_EXPECT_CQE(live, 0, 8);
	LIVE_EXPECT_STATE(live, 1, CRING_DEFERRED);
	/* a place, but nobody of the owner is there: a worker tries it */
	script_complete(device, 0, 8);
	LIVE_EXPECT_CQE(live, 2, 8);
	LIVE_EXPECT_STATE(live, 1, CRING_READY);
	refcount_inc(&ring->refs);
	if (!queue_work(cring_wq, &ring->kick_work))
		cring_ring_put(ring);
	KUNIT_EXPECT_TRUE(test, live_await(live, 1, CRING_DISPATCHED));
	script_complete(device, 1, 8);
	LIVE_EXPECT_CQE(live, 1, 8);
}

/* the window is set, and full, when the request is on its way */
static void fill_the_window(struct live *live, struct cring_req *req)
{
	struct cring_ring *ring = live->ring;

	spin_lock_irq(&ring->lock);
	/* once, though two workers may have come here */
	if (!ring->window) {
		WRITE_ONCE(ring->window, 1);
		ring->in_devices++;
	}
	spin_unlock_irq(&ring->lock);
	/* not before: who does not come here any more meets a full window */
	live_at(live, CRING_AT_RUN, NULL);
}

static void what_comes_to_a_worker_without_a_place_is_held_back(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *device = sleepy(live);

	live_at(live, CRING_AT_RUN, fill_the_window);
	put(live, device, 0);
	put(live, device, 1);
	submit_nr(live, 2);
	KUNIT_EXPECT_TRUE(test, live_await(live, 0, CRING_DEFERRED));
	KUNIT_EXPECT_TRUE(test, live_await(live, 1, CRING_DEFERRED));
	KUNIT_EXPECT_EQ(test, atomic_read(&device->calls), 0);
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, 0), 0);
	LIVE_EXPECT_CQE_FLAGS(live, 0, -ECANCELED, NOT_STARTED);
	/* the other one gets the place */
	spin_lock_irq(&live->ring->lock);
	live->ring->in_devices--;
	spin_unlock_irq(&live->ring->lock);
	KUNIT_EXPECT_EQ(test, set_window(live, 1), 0);
	cring_run_ready(live->ring);
	KUNIT_EXPECT_TRUE(test, live_await(live, 1, CRING_DISPATCHED));
	expect_in_devices(live, 1);
}

/* --- between having no place and waiting for one --- */

/* it is told to stop, and there is a place again */
static void tell_and_make_room(struct live *live, struct cring_req *req)
{
	struct script *device = live->priv;

	if (req->user_data != 1)
		return;
	live_at(live, CRING_AT_NO_PLACE, NULL);
	KUNIT_EXPECT_EQ(live->test, live_cancel(live, 0, 1), -EALREADY);
	script_complete(device, 0, 8);
}

static void what_was_told_to_stop_gets_no_place(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *device = reads(live, 1, 1);

	live->priv = device;
	live_at(live, CRING_AT_NO_PLACE, tell_and_make_room);
	put(live, device, 1);
	submit_nr(live, 1);
	LIVE_EXPECT_CQE(live, 0, 8);
	/* and does not hang in the device, which nobody tells again */
	LIVE_EXPECT_CQE_FLAGS(live, 1, -ECANCELED, NOT_STARTED);
	KUNIT_EXPECT_EQ(test, device->nr_queued, 1);
	expect_in_devices(live, 0);
}

/* in a worker, so that it is claimed while its method has it */
static ssize_t let_go_in_the_method(struct script *script, struct kiocb *iocb,
				    struct iov_iter *iter)
{
	struct live *live = script->priv;

	script->run = script_queue;
	if (live_cancel(live, 0, 0))
		return -EIO;
	return script_queue(script, iocb, iter);
}

/* there is no window yet when it is given to the device, and let go of */
static void what_is_let_go_of_in_its_method_has_its_place(struct kunit *test)
{
	struct live *live = live_open_with(test, (struct cring_params) {
		.sq_entries = 8, .detached = 4,
	});
	struct script *device = sleepy(live);

	device->priv = live;
	device->run = let_go_in_the_method;
	put(live, device, 0)->xflags = CRING_SQE_X_DETACH;
	submit_nr(live, 1);
	LIVE_EXPECT_WAIT(live, 0, -ECANCELED);
	KUNIT_ASSERT_TRUE(test, live_until(READ_ONCE(device->nr_queued) == 1));
	expect_in_devices(live, 1);
	KUNIT_EXPECT_EQ(test, set_window(live, 1), 0);
	put(live, device, 1);
	submit_nr(live, 1);
	LIVE_EXPECT_STATE(live, 1, CRING_DEFERRED);
	script_complete(device, 0, 8);
	cring_run_ready(live->ring);
	KUNIT_EXPECT_TRUE(test, live_await(live, 1, CRING_DISPATCHED));
	expect_in_devices(live, 1);
}

static struct kunit_case cring_window_stop_cases[] = {
	KUNIT_CASE(what_is_beyond_the_window_is_stopped_with_0),
	KUNIT_CASE(all_that_is_beyond_it_is_stopped),
	KUNIT_CASE(what_was_let_go_of_keeps_its_place),
	KUNIT_CASE(what_is_told_before_it_waits_does_not_wait),
	KUNIT_CASE(what_is_told_has_no_use_for_a_place),
	KUNIT_CASE(a_place_that_is_free_by_then_is_taken),
	KUNIT_CASE(a_deadline_ends_what_waits),
	KUNIT_CASE(a_ring_is_closed_while_some_wait),
	KUNIT_CASE(a_chain_waits_with_its_head_and_goes_on),
	KUNIT_CASE(a_link_timeout_stops_what_waits),
	KUNIT_CASE(a_drain_waits_for_what_waits),
	KUNIT_CASE(what_a_worker_dispatches_is_counted),
	KUNIT_CASE(what_a_worker_tries_in_its_turn_has_its_place),
	KUNIT_CASE(what_comes_to_a_worker_without_a_place_is_held_back),
	KUNIT_CASE(what_was_told_to_stop_gets_no_place),
	KUNIT_CASE(what_is_let_go_of_in_its_method_has_its_place),
	{}
};

static struct kunit_suite cring_window_stop_suite = {
	.name = "cring_window_stop",
	.test_cases = cring_window_stop_cases,
};

kunit_test_suite(cring_window_stop_suite);
