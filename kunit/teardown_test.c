// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a ring, with an operation in each place where it may be: each
 * gets exactly one end, nothing waits for what cannot be stopped, and files,
 * memory and the ring go back (C16 of Documentation/contract.rst).
 *
 * That the ring is gone in the end is expected of every test by the fixture.
 */
#include <linux/fdtable.h>
#include <linux/file.h>

#include "fixture.h"

enum { HEAD = 1, UD = 2, AFTER = 3 };

#define FIRM	BIT(0)	/* cannot be stopped, only let go */
#define BEGUN	BIT(1)	/* may have moved a byte */

static struct cring_sqe *prep_ud(struct live *live, struct script *script)
{
	struct cring_sqe *sqe = live_sqe(live, CRING_OP_READ, UD);

	live_prep_read(sqe, script, live->args, 1);
	return sqe;
}

static void submit(struct live *live, int nr)
{
	KUNIT_EXPECT_EQ(live->test, live_submit(live), nr);
}

static void make_plain(struct live *live, struct script *script)
{
	prep_ud(live, script);
	submit(live, 1);
}

static void make_ready(struct live *live, struct script *script)
{
	make_plain(live, script);
	script_ready(script, EPOLLIN);
}

static void make_inside(struct live *live, struct script *script)
{
	make_plain(live, script);
	KUNIT_EXPECT_TRUE(live->test, script_await(script, 1));
}

static struct cring_sqe *prep_timeout(struct live *live, u64 user_data)
{
	struct cring_sqe *sqe = live_sqe(live, CRING_OP_TIMEOUT, user_data);

	sqe->addr = live_timespec(live, 0, 3600 * NSEC_PER_SEC);
	sqe->len = 1;
	return sqe;
}

static void make_timeout(struct live *live, struct script *script)
{
	prep_timeout(live, UD);
	submit(live, 1);
}

static void make_counting(struct live *live, struct script *script)
{
	prep_timeout(live, UD)->off = 5;
	submit(live, 1);
}

static void make_linked(struct live *live, struct script *script)
{
	prep_timeout(live, HEAD)->flags = CRING_SQE_IO_LINK;
	prep_ud(live, script);
	submit(live, 2);
}

static void make_hard_linked(struct live *live, struct script *script)
{
	prep_timeout(live, HEAD)->flags = CRING_SQE_IO_HARDLINK;
	prep_ud(live, script);
	submit(live, 2);
}

static void make_deferred(struct live *live, struct script *script)
{
	prep_timeout(live, HEAD);
	prep_ud(live, script)->flags = CRING_SQE_IO_DRAIN;
	submit(live, 2);
}

static void make_behind_a_drain(struct live *live, struct script *script)
{
	prep_timeout(live, HEAD);
	live_sqe(live, CRING_OP_NOP, AFTER)->flags = CRING_SQE_IO_DRAIN;
	prep_ud(live, script);
	submit(live, 3);
}

/* a cancel waits itself; no other cancel touches it, but the end does */
static struct cring_sqe *prep_cancel(struct live *live)
{
	struct cring_sqe *sqe = live_sqe(live, CRING_OP_ASYNC_CANCEL, UD);

	sqe->addr = 4711;
	return sqe;
}

static void make_cancel_linked(struct live *live, struct script *script)
{
	prep_timeout(live, HEAD)->flags = CRING_SQE_IO_LINK;
	prep_cancel(live);
	submit(live, 2);
}

static void make_cancel_hard_linked(struct live *live, struct script *script)
{
	prep_timeout(live, HEAD)->flags = CRING_SQE_IO_HARDLINK;
	prep_cancel(live);
	submit(live, 2);
}

static void make_cancel_deferred(struct live *live, struct script *script)
{
	prep_timeout(live, HEAD);
	prep_cancel(live)->flags = CRING_SQE_IO_DRAIN;
	submit(live, 2);
}

/* behind what cannot be stopped: nothing takes it along */
static void make_cancel_behind_device(struct live *live, struct script *script)
{
	struct cring_sqe *sqe = live_sqe(live, CRING_OP_READ, HEAD);

	live_prep_read(sqe, script, live->args, 1);
	sqe->flags = CRING_SQE_IO_HARDLINK;
	prep_cancel(live);
	submit(live, 2);
	LIVE_EXPECT_STATE(live, HEAD, CRING_DISPATCHED);
}

static void make_watched(struct live *live, struct script *script)
{
	prep_ud(live, script)->flags = CRING_SQE_IO_LINK;
	prep_timeout(live, AFTER)->opcode = CRING_OP_LINK_TIMEOUT;
	submit(live, 2);
}

/* an operation, UD, brought to a place; HEAD is what keeps it there */
static const struct place {
	const char *name;
	void (*make)(struct live *live, struct script *script);
	enum script_kind kind;
	enum cring_state state;
	unsigned int flags;
	script_fn *run;
} places[] = {
	{ "armed on a file", make_plain, SCRIPT_POLL, CRING_ARMED },
	{ "armed on a clock", make_timeout, SCRIPT_POLL, CRING_ARMED },
	{ "armed on a count", make_counting, SCRIPT_POLL, CRING_ARMED },
	{ "armed and watched", make_watched, SCRIPT_POLL, CRING_ARMED },
	{ "ready", make_ready, SCRIPT_POLL, CRING_READY },
	{ "in a worker, asleep", make_inside, SCRIPT_WORKER, CRING_RUNNING,
	  BEGUN, script_sleep },
	{ "in a worker, stuck", make_inside, SCRIPT_WORKER, CRING_RUNNING,
	  FIRM | BEGUN, script_stick },
	{ "in a device", make_plain, SCRIPT_DEVICE, CRING_DISPATCHED,
	  FIRM | BEGUN },
	{ "linked", make_linked, SCRIPT_POLL, CRING_LINKED },
	{ "linked hard", make_hard_linked, SCRIPT_POLL, CRING_LINKED },
	{ "drained for", make_deferred, SCRIPT_POLL, CRING_DEFERRED },
	{ "behind a drain", make_behind_a_drain, SCRIPT_POLL, CRING_DEFERRED },
	{ "a cancel, linked", make_cancel_linked, SCRIPT_POLL, CRING_LINKED },
	{ "a cancel, linked hard", make_cancel_hard_linked, SCRIPT_POLL,
	  CRING_LINKED },
	{ "a cancel, drained for", make_cancel_deferred, SCRIPT_POLL,
	  CRING_DEFERRED },
	{ "a cancel behind what a device has", make_cancel_behind_device,
	  SCRIPT_DEVICE, CRING_LINKED },
};

KUNIT_ARRAY_PARAM_DESC(place, places, name);

static struct script *bring(struct live *live, const struct place *place)
{
	struct script *script = script_open(live, place->kind);

	if (place->run)
		script->run = place->run;
	place->make(live, script);
	LIVE_EXPECT_STATE(live, UD, place->state);
	return script;
}

static void let_go(struct script *script)
{
	script_let_go(script);
	script_complete(script, 0, 1);
}

/* the descriptor is closed, and somebody still looks at the ring */
static void when_the_owner_is_done_everything_ends_once(struct kunit *test)
{
	const struct place *place = test->param_value;
	struct live *live = live_open(test, 8, 0);
	struct script *script = bring(live, place);
	unsigned int nr = live_in_flight(live), seen = 0;
	struct cring_cqe cqe;
	struct file *file;

	file = get_file(live->file);
	live_close(live);
	/* that took no time: what is stuck still is, what waited is not */
	if (place->flags & FIRM)
		LIVE_EXPECT_STATE(live, UD, place->state);
	else if (!(place->flags & BEGUN))
		LIVE_EXPECT_STATE(live, UD, CRING_FREE);
	if (place->flags & FIRM)
		let_go(script);
	KUNIT_EXPECT_TRUE(test, live_until(({
		script_complete(script, 0, 1);
		!live_in_flight(live);
	})));
	KUNIT_EXPECT_EQ(test, live_nr_cqes(live), nr);
	while (live_reap(live, &cqe)) {
		if (cqe.user_data != UD)
			continue;
		seen++;
		if (place->flags & FIRM) {
			KUNIT_EXPECT_EQ(test, cqe.res, 1);
			continue;
		}
		KUNIT_EXPECT_EQ(test, cqe.res, -ECANCELED);
		KUNIT_EXPECT_EQ(test, cqe.flags,
				place->flags & BEGUN ? 0 :
						       CRING_CQE_F_NOT_STARTED);
	}
	KUNIT_EXPECT_EQ(test, seen, 1);
	fput(file);
	flush_delayed_fput();
	KUNIT_EXPECT_TRUE(test, live_gone(live));
}

static void a_closed_ring_lets_go_of_files_and_memory(struct kunit *test)
{
	const struct place *place = test->param_value;
	struct live *live = live_open(test, 8, 0);
	struct script *script = bring(live, place);

	script_close(script);
	live_close(live);
	if (place->flags & FIRM) {
		/* the operation keeps both, and nothing has waited for it */
		KUNIT_EXPECT_FALSE(test, completion_done(&script->released));
		KUNIT_EXPECT_GT(test, file_count(live->mapping), 1);
		let_go(script);
	}
	script_complete(script, 0, 1);
	KUNIT_EXPECT_TRUE(test, live_gone(live));
	KUNIT_EXPECT_TRUE(test, script_is_released(script));
}

/* as when its address space goes away while the file is open */
static void when_the_owner_is_gone_everything_ends_once(struct kunit *test)
{
	const struct place *place = test->param_value;
	struct live *live = live_open(test, 8, 0);
	struct script *script = bring(live, place);
	unsigned int nr = live_in_flight(live);

	cring_ring_shut(live->ring);
	if (place->flags & FIRM)
		let_go(script);
	KUNIT_EXPECT_TRUE(test, live_until(({
		script_complete(script, 0, 1);
		!live_in_flight(live);
	})));
	KUNIT_EXPECT_EQ(test, live_nr_cqes(live), nr);
	/* twice is the same as once */
	cring_ring_shut(live->ring);
	KUNIT_EXPECT_EQ(test, live_nr_cqes(live), nr);
	live_sqe(live, CRING_OP_NOP, AFTER);
	KUNIT_EXPECT_EQ(test, live_submit(live), -EBADFD);
}

/* ---------------------------------------------------------------------------
 * While somebody submits
 */

static ssize_t shut_and_wait(struct script *script, struct kiocb *iocb,
			     struct iov_iter *iter)
{
	struct live *live = script->priv;

	cring_ring_shut(live->ring);
	return -EAGAIN;
}

static void what_would_wait_after_the_end_ends_with_its_batch(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *script = script_open(live, SCRIPT_POLL);
	struct script *waits = script_open(live, SCRIPT_POLL);

	script->priv = live;
	script->run = shut_and_wait;
	live_prep_read(live_sqe(live, 0, 1), waits, live->args, 1);
	live_prep_read(live_sqe(live, 0, 2), script, live->args, 1);
	live_prep_read(live_sqe(live, 0, 3), waits, live->args, 1);
	live_sqe(live, CRING_OP_NOP, 4);
	KUNIT_EXPECT_EQ(test, live_submit(live), 4);
	/* the first was armed, the second told to stop, the others never tried */
	KUNIT_EXPECT_EQ(test, live_nr_cqes(live), 4);
	KUNIT_EXPECT_EQ(test, live_in_flight(live), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&waits->calls), 1);
}

static void shut_it(struct live *live, struct cring_req *req)
{
	cring_ring_shut(live->ring);
}

/* the end has seen nothing of the batch, and the batch nothing of the end */
static void what_is_accepted_after_the_end_ends_with_its_batch(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *poll = script_open(live, SCRIPT_POLL);
	struct script *worker = script_open(live, SCRIPT_WORKER);

	live_at(live, CRING_AT_ACCEPT, shut_it);
	live_prep_read(live_sqe(live, 0, 1), poll, live->args, 1);
	live_prep_read(live_sqe(live, 0, 2), worker, live->args, 1);
	prep_timeout(live, 3)->flags = CRING_SQE_IO_HARDLINK;
	live_sqe(live, CRING_OP_ASYNC_CANCEL, 4)->addr = 4711;
	KUNIT_EXPECT_EQ(test, live_submit(live), 4);
	KUNIT_EXPECT_TRUE(test, live_until(!live_in_flight(live)));
	KUNIT_EXPECT_EQ(test, live_nr_cqes(live), 4);
	/* tried, as any other, but not kept */
	KUNIT_EXPECT_EQ(test, atomic_read(&poll->calls), 1);
}

static ssize_t shut_and_queue(struct script *script, struct kiocb *iocb,
			      struct iov_iter *iter)
{
	struct live *live = script->priv;

	cring_ring_shut(live->ring);
	return script_queue(script, iocb, iter);
}

static void what_enters_a_device_after_the_end_is_waited_for_by_nobody(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *script = script_open(live, SCRIPT_DEVICE);

	script->priv = live;
	script->run = shut_and_queue;
	KUNIT_EXPECT_EQ(test, live_read(live, script, 1), CRING_DISPATCHED);
	live_close(live);
	KUNIT_EXPECT_GT(test, file_count(live->mapping), 1);
	script_complete(script, 0, 1);
	KUNIT_EXPECT_TRUE(test, live_gone(live));
}

struct late {
	struct live *live;
	struct script *script;
	struct script *waits;
	atomic_t stage;
};

static ssize_t sleep_in_the_method(struct script *script, struct kiocb *iocb,
				   struct iov_iter *iter)
{
	struct late *late = script->priv;

	atomic_set(&late->stage, 1);
	live_until(atomic_read(&late->stage) == 2);
	return script_transfer(script, iocb, iter);
}

static int submit_both(void *arg)
{
	struct late *late = arg;
	struct live *live = late->live;

	live_prep_read(live_sqe(live, 0, 1), late->script, live->args, 1);
	live_prep_read(live_sqe(live, 0, 2), late->waits, live->args, 1);
	return live_submit(live);
}

/* a thread is inside submit, in a method that takes its time */
static void the_end_does_not_wait_for_a_thread_that_submits(struct kunit *test)
{
	struct late *late = kunit_kzalloc(test, sizeof(*late), GFP_KERNEL);
	struct other *other;
	struct live *live;

	KUNIT_ASSERT_NOT_NULL(test, late);
	live = live_open(test, 8, 0);
	late->live = live;
	late->waits = script_open(live, SCRIPT_POLL);
	late->script = script_open(live, SCRIPT_POLL);
	late->script->priv = late;
	late->script->run = sleep_in_the_method;
	other = other_start(live, submit_both, late);
	KUNIT_ASSERT_TRUE(test, live_until(atomic_read(&late->stage) == 1));
	LIVE_EXPECT_STATE(live, 1, CRING_INLINE);
	LIVE_EXPECT_STATE(live, 2, CRING_ACCEPTED);
	cring_ring_shut(live->ring);
	/* it is back, and the other one still asleep */
	LIVE_EXPECT_STATE(live, 1, CRING_INLINE);
	LIVE_EXPECT_CQE_FLAGS(live, 2, -ECANCELED, CRING_CQE_F_NOT_STARTED);
	KUNIT_EXPECT_FALSE(test, other_is_done(other));
	atomic_set(&late->stage, 2);
	KUNIT_EXPECT_EQ(test, other_join(other), 2);
	LIVE_EXPECT_CQE(live, 1, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&late->waits->calls), 0);
}

/* ---------------------------------------------------------------------------
 * What else a ring holds
 */

static void fixed_files_go_with_the_descriptor(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *script = script_open(live, SCRIPT_POLL);
	struct file *file = get_file(live->file);

	KUNIT_ASSERT_EQ(test, live_register(live, CRING_REGISTER_FILES, 0,
					    &script->fd, 1, sizeof(script->fd)),
			0);
	script_close(script);
	KUNIT_EXPECT_FALSE(test, completion_done(&script->released));
	/* also while something keeps the ring's own file */
	live_close(live);
	KUNIT_EXPECT_TRUE(test, script_is_released(script));
	fput(file);
	flush_delayed_fput();
	KUNIT_EXPECT_TRUE(test, live_gone(live));
}

static void an_operation_keeps_its_fixed_file_after_the_end(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *script = script_open(live, SCRIPT_DEVICE);
	struct cring_sqe *sqe;
	s32 slot = 0;

	KUNIT_ASSERT_EQ(test, live_register(live, CRING_REGISTER_FILES, 0,
					    &script->fd, 1, sizeof(script->fd)),
			0);
	sqe = live_sqe(live, CRING_OP_READ, UD);
	live_prep_read(sqe, script, live->args, 1);
	sqe->fd = slot;
	sqe->flags = CRING_SQE_FIXED_FILE;
	submit(live, 1);
	script_close(script);
	live_close(live);
	KUNIT_EXPECT_FALSE(test, completion_done(&script->released));
	script_complete(script, 0, 1);
	KUNIT_EXPECT_TRUE(test, script_is_released(script));
	KUNIT_EXPECT_TRUE(test, live_gone(live));
}

static void a_copy_of_the_descriptor_keeps_the_ring_going(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *script = script_open(live, SCRIPT_POLL);
	int copy = get_unused_fd_flags(O_CLOEXEC);

	KUNIT_ASSERT_GE(test, copy, 0);
	fd_install(copy, get_file(live->file));
	live_read(live, script, UD);
	KUNIT_EXPECT_EQ(test, close_fd(copy), 0);
	flush_delayed_fput();
	LIVE_EXPECT_STATE(live, UD, CRING_ARMED);
	LIVE_EXPECT_NO_CQE(live);
	live_close(live);
	KUNIT_EXPECT_TRUE(test, live_gone(live));
}

static void many_operations_end_with_one_close(struct kunit *test)
{
	struct live *live = live_open(test, 256, 256);
	struct script *poll = script_open(live, SCRIPT_POLL);
	struct script *worker = script_open(live, SCRIPT_WORKER);
	struct file *file = get_file(live->file);
	unsigned int i;

	live_max_workers(test, 4);
	for (i = 0; i < 256; i++)
		live_prep_read(live_sqe(live, 0, i), i % 4 ? poll : worker,
			       live->args, 1);
	submit(live, 256);
	KUNIT_EXPECT_TRUE(test, script_await(worker, 4));
	live_close(live);
	KUNIT_EXPECT_TRUE(test, live_until(!live_in_flight(live)));
	KUNIT_EXPECT_EQ(test, live_nr_cqes(live), 256);
	KUNIT_EXPECT_EQ(test, atomic_read(&worker->calls), 4);
	fput(file);
	flush_delayed_fput();
	KUNIT_EXPECT_TRUE(test, live_gone(live));
}

static struct kunit_case cring_teardown_cases[] = {
	KUNIT_CASE_PARAM(when_the_owner_is_done_everything_ends_once,
			 place_gen_params),
	KUNIT_CASE_PARAM(a_closed_ring_lets_go_of_files_and_memory,
			 place_gen_params),
	KUNIT_CASE_PARAM(when_the_owner_is_gone_everything_ends_once,
			 place_gen_params),
	KUNIT_CASE(what_would_wait_after_the_end_ends_with_its_batch),
	KUNIT_CASE(what_is_accepted_after_the_end_ends_with_its_batch),
	KUNIT_CASE(what_enters_a_device_after_the_end_is_waited_for_by_nobody),
	KUNIT_CASE(the_end_does_not_wait_for_a_thread_that_submits),
	KUNIT_CASE(fixed_files_go_with_the_descriptor),
	KUNIT_CASE(an_operation_keeps_its_fixed_file_after_the_end),
	KUNIT_CASE(a_copy_of_the_descriptor_keeps_the_ring_going),
	KUNIT_CASE(many_operations_end_with_one_close),
	{}
};

static struct kunit_suite cring_teardown_suite = {
	.name = "cring_teardown",
	.test_cases = cring_teardown_cases,
};

kunit_test_suite(cring_teardown_suite);
