// SPDX-License-Identifier: GPL-2.0
/*
 * Cancels that reach further than a ring: which rings, whose operations, and
 * what was accepted in time (C11 of Documentation/contract.rst).
 */
#include <linux/kthread.h>
#include <linux/uaccess.h>

#include "fixture.h"

#define FOREVER		(3600 * NSEC_PER_SEC)
#define UD		1

/* CRING_IOC_CANCEL of one key on a file without a ring; its answer */
static long scope_cancel(struct live *live, struct cring_cancel_key *key,
			 u32 flags)
{
	unsigned long at = live->args + PAGE_SIZE / 2;
	const struct cring_cancel c = { .keys = at, .nr = 1, .flags = flags };
	long ret;

	if (copy_to_user((void __user *)at, key, sizeof(*key)) ||
	    copy_to_user((void __user *)live->args, &c, sizeof(c)))
		return -EFAULT;
	ret = cring_cancel_ioctl(NULL, (void __user *)live->args);
	if (copy_from_user(key, (void __user *)at, sizeof(*key)))
		return -EFAULT;
	return ret ?: key->res;
}

static long cancel_in(struct live *live, u32 scope, u64 user_data)
{
	struct cring_cancel_key key = { .user_data = user_data };

	return scope_cancel(live, &key, scope);
}

static int cancel_as_another_thread(void *arg)
{
	return cancel_in(arg, CRING_CANCEL_THREAD, UD);
}

static struct cring_sqe *put_timeout(struct live *live, u64 user_data)
{
	struct cring_sqe *sqe = live_sqe(live, CRING_OP_TIMEOUT, user_data);

	sqe->addr = live_timespec(live, 0, FOREVER);
	sqe->len = 1;
	return sqe;
}

/* ---------------------------------------------------------------------------
 * Whose is what waits?
 */

static void wait_armed(struct live *live)
{
	live_read(live, script_open(live, SCRIPT_POLL), UD);
}

static void wait_ready(struct live *live)
{
	struct script *script = script_open(live, SCRIPT_POLL);

	live_read(live, script, UD);
	script_ready(script, EPOLLIN);
	/* somebody else was faster to read: it waits again when it was tried */
	script_ready(script, 0);
}

static void wait_timer(struct live *live)
{
	put_timeout(live, UD);
	live_submit(live);
}

static void wait_linked(struct live *live)
{
	put_timeout(live, UD + 1)->flags = CRING_SQE_IO_LINK;
	put_timeout(live, UD);
	live_submit(live);
}

static void wait_deferred(struct live *live)
{
	put_timeout(live, UD + 1);
	put_timeout(live, UD)->flags = CRING_SQE_IO_DRAIN;
	live_submit(live);
}

static void wait_behind_a_drain(struct live *live)
{
	put_timeout(live, UD + 1);
	put_timeout(live, UD + 2)->flags = CRING_SQE_IO_DRAIN;
	live_submit(live);
	live_sqe(live, CRING_OP_NOP, UD);
	live_submit(live);
}

static void wait_queued(struct live *live)
{
	struct script *script = script_open(live, SCRIPT_WORKER);

	live_max_workers(live->test, 1);
	live_read(live, script, UD + 1);
	KUNIT_EXPECT_TRUE(live->test, script_await(script, 1));
	live_read(live, script, UD);
}

static void wait_running(struct live *live)
{
	struct script *script = script_open(live, SCRIPT_WORKER);

	live_read(live, script, UD);
	KUNIT_EXPECT_TRUE(live->test, script_await(script, 1));
}

static void wait_device(struct live *live)
{
	live_read(live, script_open(live, SCRIPT_DEVICE), UD);
}

static const struct wait_case {
	const char *name;
	void (*start)(struct live *live);
	enum cring_state state;
	long answer;
} wait_cases[] = {
	{ "armed on a file", wait_armed, CRING_ARMED, 0 },
	{ "ready", wait_ready, CRING_READY, 0 },
	{ "armed on a timer", wait_timer, CRING_ARMED, 0 },
	{ "linked", wait_linked, CRING_LINKED, 0 },
	{ "a drain", wait_deferred, CRING_DEFERRED, 0 },
	{ "behind a drain", wait_behind_a_drain, CRING_DEFERRED, 0 },
	{ "queued for a worker", wait_queued, CRING_QUEUED, 0 },
	{ "running", wait_running, CRING_RUNNING, -EALREADY },
	{ "in a device", wait_device, CRING_DISPATCHED, -EALREADY },
};

KUNIT_ARRAY_PARAM_DESC(wait, wait_cases, name);

static void what_waits_is_its_threads(struct kunit *test)
{
	const struct wait_case *c = test->param_value;
	struct live *live = live_open(test, 8, 0);
	struct cring_req *req;
	struct other *other;

	c->start(live);
	LIVE_EXPECT_STATE(live, UD, c->state);
	req = live_req(live, UD);
	KUNIT_ASSERT_NOT_NULL(test, req);
	KUNIT_ASSERT_NOT_NULL(test, req->ident);
	KUNIT_EXPECT_PTR_EQ(test, cring_ident_thread(req->ident),
			    (const struct pid *)task_pid(current));

	other = other_start(live, cancel_as_another_thread, live);
	KUNIT_EXPECT_EQ(test, other_join(other), -ENOENT);
	KUNIT_EXPECT_PTR_EQ(test, live_req(live, UD), req);
	KUNIT_EXPECT_EQ(test, cancel_in(live, CRING_CANCEL_THREAD, UD),
			c->answer);
}

static int submit_a_timeout(void *arg)
{
	struct live *live = arg;

	put_timeout(live, UD);
	return live_submit(live);
}

static void threads_that_take_turns_have_each_their_own(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct cring_cancel_key all = {
		.flags = CRING_ASYNC_CANCEL_ANY | CRING_ASYNC_CANCEL_ALL,
	};
	unsigned int i;

	for (i = 0; i < 3; i++) {
		put_timeout(live, 100 + i);
		KUNIT_EXPECT_EQ(test, live_submit(live), 1);
		KUNIT_EXPECT_EQ(test, other_join(other_start(live,
							     submit_a_timeout,
							     live)), 1);
	}
	KUNIT_EXPECT_EQ(test, scope_cancel(live, &all, CRING_CANCEL_THREAD), 3);
	KUNIT_EXPECT_EQ(test, all.already, 0);
	KUNIT_EXPECT_EQ(test, live_in_flight(live), 3);
	/* those who submitted the others are gone */
	KUNIT_EXPECT_EQ(test, scope_cancel(live, &all, CRING_CANCEL_THREAD), 0);
	KUNIT_EXPECT_EQ(test, scope_cancel(live, &all, CRING_CANCEL_PROCESS),
			3);
}

/* ---------------------------------------------------------------------------
 * A batch that somebody is submitting
 */

struct batch {
	struct live *live;
	struct script *first;
	struct script *second;
};

static int submit_two(void *arg)
{
	struct batch *b = arg;

	live_prep_read(live_sqe(b->live, 0, UD), b->first, b->live->args, 1);
	live_prep_read(live_sqe(b->live, 0, UD + 1), b->second, b->live->args,
		       1);
	return live_submit(b->live);
}

static void a_batch_in_progress_is_another_threads(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct batch b = {
		.live = live,
		.first = script_open(live, SCRIPT_POLL),
		.second = script_open(live, SCRIPT_POLL),
	};
	struct other *other;

	b.first->run = script_stick;
	other = other_start(live, submit_two, &b);
	KUNIT_ASSERT_TRUE(test, script_await(b.first, 1));
	/* the SQ's array is theirs meanwhile: no live_sqe() here */
	KUNIT_EXPECT_EQ(test, cancel_in(live, CRING_CANCEL_THREAD, UD),
			-ENOENT);
	KUNIT_EXPECT_EQ(test, cancel_in(live, CRING_CANCEL_THREAD, UD + 1),
			-ENOENT);
	KUNIT_EXPECT_EQ(test, cancel_in(live, CRING_CANCEL_PROCESS, UD),
			-EALREADY);
	KUNIT_EXPECT_EQ(test, cancel_in(live, CRING_CANCEL_PROCESS, UD + 1), 0);
	script_let_go(b.first);
	KUNIT_EXPECT_EQ(test, other_join(other), 2);
	LIVE_EXPECT_CQE(live, UD + 1, -ECANCELED);
	LIVE_EXPECT_CQE(live, UD, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&b.second->calls), 0);
}

/* ---------------------------------------------------------------------------
 * Which rings
 */

static void all_rings_of_the_owner_in_the_order_they_were_made(struct kunit *test)
{
	struct live *one = live_open(test, 4, 0);
	struct live *two = live_open(test, 4, 0);
	struct live *three = live_open(test, 4, 0);
	struct cring_scope scope;

	KUNIT_ASSERT_EQ(test, cring_scope_init(&scope, NULL,
					       CRING_CANCEL_PROCESS), 0);
	KUNIT_EXPECT_EQ(test, scope.nr, 3);
	KUNIT_EXPECT_PTR_EQ(test, scope.reach[0].ring, one->ring);
	KUNIT_EXPECT_PTR_EQ(test, scope.reach[1].ring, two->ring);
	KUNIT_EXPECT_PTR_EQ(test, scope.reach[2].ring, three->ring);
	KUNIT_EXPECT_NULL(test, scope.thread);
	cring_scope_exit(&scope);

	KUNIT_ASSERT_EQ(test, cring_scope_init(&scope, two->ring, 0), 0);
	KUNIT_EXPECT_EQ(test, scope.nr, 1);
	KUNIT_EXPECT_PTR_EQ(test, scope.reach[0].ring, two->ring);
	cring_scope_exit(&scope);
}

static int count_rings(void *unused)
{
	struct cring_scope scope;
	int nr;

	if (cring_scope_init(&scope, NULL, CRING_CANCEL_PROCESS))
		return -ENOMEM;
	nr = scope.nr;
	cring_scope_exit(&scope);
	return nr;
}

struct stranger {
	struct completion done;
	int nr;
};

static int stranger_main(void *data)
{
	struct stranger *s = data;

	s->nr = count_rings(NULL);
	complete(&s->done);
	return 0;
}

static void nobody_elses_rings(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct stranger s = { .nr = -1 };

	init_completion(&s.done);
	KUNIT_EXPECT_EQ(test, count_rings(NULL), 1);
	KUNIT_EXPECT_EQ(test, other_join(other_start(live, count_rings, NULL)),
			1);
	/* a kernel thread that has no address space */
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, kthread_run(stranger_main, &s,
						       "cring_stranger"));
	wait_for_completion(&s.done);
	KUNIT_EXPECT_EQ(test, s.nr, 0);
}

static void a_closed_ring_counts_until_its_last_operation_is_over(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct live *closed = live_open(test, 4, 0);
	struct script *script = script_open(closed, SCRIPT_DEVICE);

	live_read(closed, script, UD);
	live_close(closed);
	KUNIT_EXPECT_EQ(test, count_rings(NULL), 2);
	KUNIT_EXPECT_EQ(test, cancel_in(live, CRING_CANCEL_PROCESS, UD),
			-EALREADY);
	script_complete(script, 0, 1);
	KUNIT_EXPECT_TRUE(test, live_gone(closed));
	KUNIT_EXPECT_EQ(test, count_rings(NULL), 1);
	KUNIT_EXPECT_EQ(test, cancel_in(live, CRING_CANCEL_PROCESS, UD),
			-ENOENT);
}

static void a_ring_stays_while_a_cancel_looks_at_it(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct live *closed = live_open(test, 4, 0);
	struct cring_scope scope;

	KUNIT_ASSERT_EQ(test, cring_scope_init(&scope, live->ring,
					       CRING_CANCEL_PROCESS), 0);
	live_close(closed);
	flush_workqueue(cring_wq);
	/* ours, and the ring's own */
	KUNIT_EXPECT_EQ(test, file_count(closed->mapping), 2);
	cring_scope_exit(&scope);
	KUNIT_EXPECT_TRUE(test, live_gone(closed));
}

static void a_ring_whose_last_reference_is_gone_is_left_alone(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct live *dying = live_open(test, 4, 0);
	unsigned int refs = refcount_read(&dying->ring->refs);
	struct cring_scope scope;

	/* its work item has not come to it yet */
	refcount_set(&dying->ring->refs, 0);
	KUNIT_EXPECT_EQ(test, cring_scope_init(&scope, NULL,
					       CRING_CANCEL_PROCESS), 0);
	KUNIT_EXPECT_EQ(test, scope.nr, 1);
	KUNIT_EXPECT_PTR_EQ(test, scope.reach[0].ring, live->ring);
	cring_scope_exit(&scope);
	refcount_set(&dying->ring->refs, refs);
}

static void what_is_accepted_after_the_call_began_is_not_meant(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct cring_scope scope;
	struct cring_pass pass;
	struct cring_filter filter = { .user_data = UD };

	put_timeout(live, UD + 1);
	live_submit(live);
	KUNIT_ASSERT_EQ(test, cring_scope_init(&scope, NULL,
					       CRING_CANCEL_PROCESS), 0);
	put_timeout(live, UD);
	live_submit(live);
	filter.before = scope.reach[0].before;
	cring_pass_run(&pass, live->ring, &filter, NULL, false);
	KUNIT_EXPECT_EQ(test, cring_pass_answer(&pass), -ENOENT);
	filter.user_data = UD + 1;
	cring_pass_run(&pass, live->ring, &filter, NULL, false);
	KUNIT_EXPECT_EQ(test, cring_pass_answer(&pass), 0);
	cring_scope_exit(&scope);
}

static void slots_and_tickets_mean_nothing_there(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct cring_cancel_key ticket = { .flags = CRING_ASYNC_CANCEL_TICKET };
	struct cring_cancel_key slot = {
		.flags = CRING_ASYNC_CANCEL_FD | CRING_ASYNC_CANCEL_FD_FIXED,
	};

	put_timeout(live, UD);
	live_submit(live);
	KUNIT_EXPECT_EQ(test, scope_cancel(live, &ticket, CRING_CANCEL_PROCESS),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, scope_cancel(live, &slot, CRING_CANCEL_THREAD),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, cancel_in(live, CRING_CANCEL_SCOPES, UD),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, cancel_in(live, 0, UD), -EBADFD);
	LIVE_EXPECT_STATE(live, UD, CRING_ARMED);
}

static struct kunit_case cring_scope_cases[] = {
	KUNIT_CASE_PARAM(what_waits_is_its_threads, wait_gen_params),
	KUNIT_CASE(threads_that_take_turns_have_each_their_own),
	KUNIT_CASE(a_batch_in_progress_is_another_threads),
	KUNIT_CASE(all_rings_of_the_owner_in_the_order_they_were_made),
	KUNIT_CASE(nobody_elses_rings),
	KUNIT_CASE(a_closed_ring_counts_until_its_last_operation_is_over),
	KUNIT_CASE(a_ring_stays_while_a_cancel_looks_at_it),
	KUNIT_CASE(a_ring_whose_last_reference_is_gone_is_left_alone),
	KUNIT_CASE(what_is_accepted_after_the_call_began_is_not_meant),
	KUNIT_CASE(slots_and_tickets_mean_nothing_there),
	{}
};

static struct kunit_suite cring_scope_suite = {
	.name = "cring_scope",
	.test_cases = cring_scope_cases,
};

kunit_test_suite(cring_scope_suite);
