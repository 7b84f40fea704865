// SPDX-License-Identifier: GPL-2.0
/*
 * Reaping: where a CQE goes when its operation is named by a cancel that reaps,
 * and ends before, while, and after that call looks (C12 of
 * Documentation/contract.rst).
 */
#include <linux/cred.h>
#include <linux/pipe_fs_i.h>
#include <linux/uaccess.h>

#include "fixture.h"

#define UD	1
#define ROOM	8
#define LONG	(20LL * NSEC_PER_SEC)

struct reaper {
	struct live *live;
	struct script *script;
	unsigned long args;	/* a page of its own: another thread may call */
	struct cring_cancel_key key;
	struct cring_cqe to[ROOM];
	s64 timeout;
	u32 flags;
	u32 room;
	u32 reaped;
	atomic_t stage;
};

/* in the page: the call, the key, the CQEs */
#define KEY_AT	256
#define TO_AT	512

static struct reaper *reaper_new(struct live *live, enum script_kind kind)
{
	struct reaper *r = kunit_kzalloc(live->test, sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(live->test, r);
	r->live = live;
	r->script = script_open(live, kind);
	r->args = live_pages(live, 1, PROT_READ | PROT_WRITE);
	r->key.user_data = UD;
	r->room = ROOM;
	live->priv = r;
	return r;
}

/* also as another thread */
static int reap(void *arg)
{
	struct reaper *r = arg;
	void __user *user = (void __user *)r->args;
	struct cring_cancel c = {
		.keys = r->args + KEY_AT, .nr = 1,
		.flags = r->flags | CRING_CANCEL_REAP, .timeout = r->timeout,
		.reap = r->args + TO_AT, .reap_nr = r->room,
	};
	long ret;

	if (copy_to_user(user, &c, sizeof(c)) ||
	    copy_to_user(user + KEY_AT, &r->key, sizeof(r->key)))
		return -EFAULT;
	ret = cring_fops.unlocked_ioctl(r->live->file, CRING_IOC_CANCEL,
					r->args);
	if (copy_from_user(&c, user, sizeof(c)) ||
	    copy_from_user(&r->key, user + KEY_AT, sizeof(r->key)) ||
	    copy_from_user(r->to, user + TO_AT, sizeof(r->to)))
		return -EFAULT;
	r->reaped = c.reaped;
	return ret;
}

static int reap_and_wait(struct reaper *r, s64 timeout)
{
	r->flags |= CRING_CANCEL_WAIT;
	r->timeout = timeout;
	return reap(r);
}

#define EXPECT_REAPED(r, i, ud, result) do {				\
	struct reaper *r_ = (r);					\
	u32 i_ = (i);							\
									\
	KUNIT_EXPECT_GT(r_->live->test, r_->reaped, i_);		\
	KUNIT_EXPECT_EQ(r_->live->test, r_->to[i_].user_data, (u64)(ud)); \
	KUNIT_EXPECT_EQ(r_->live->test, r_->to[i_].res, (s32)(result));	\
} while (0)

static bool is_marked(struct live *live, u64 user_data)
{
	struct cring_req *req = live_req(live, user_data);

	return req && READ_ONCE(req->lflags) & CRING_REQL_REAP;
}

/* ---------------------------------------------------------------------------
 * When it ends
 */

static void it_is_stopped_at_once(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct reaper *r = reaper_new(live, SCRIPT_POLL);

	live_read(live, r->script, UD);
	KUNIT_EXPECT_EQ(test, reap(r), 0);
	KUNIT_EXPECT_EQ(test, r->key.res, 0);
	KUNIT_EXPECT_EQ(test, r->reaped, 1);
	EXPECT_REAPED(r, 0, UD, -ECANCELED);
	KUNIT_EXPECT_EQ(test, r->to[0].flags, CRING_CQE_F_NOT_STARTED);
	LIVE_EXPECT_NO_CQE(live);
	KUNIT_EXPECT_EQ(test, live_in_flight(live), 0);
	KUNIT_EXPECT_TRUE(test, xa_empty(&live->ring->reaps));
}

static void it_has_ended_before(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct reaper *r = reaper_new(live, SCRIPT_DEVICE);

	live_read(live, r->script, UD);
	script_complete(r->script, 0, 1);
	KUNIT_EXPECT_EQ(test, reap_and_wait(r, LONG), 0);
	KUNIT_EXPECT_EQ(test, r->key.res, -ENOENT);
	KUNIT_EXPECT_EQ(test, r->reaped, 0);
	LIVE_EXPECT_CQE(live, UD, 1);
}

/* the cancel has seen it DISPATCHED: the device completes it */
static void let_it_be_completed(struct live *live, struct cring_req *req)
{
	struct reaper *r = live->priv;

	if (atomic_read(&r->stage))
		return;
	atomic_set(&r->stage, 1);
	live_spin(cring_word_state(atomic64_read(&req->word)) == CRING_CLAIMED);
}

static int complete_when_told(void *arg)
{
	struct reaper *r = arg;

	live_spin(atomic_read(&r->stage));
	return script_complete(r->script, 0, 1);
}

static void it_ends_while_the_cancel_looks(struct kunit *test)
{
	struct reaper *r;
	struct other *other;
	struct live *live;

	live_needs_two(test);
	live = live_open(test, 4, 0);
	r = reaper_new(live, SCRIPT_DEVICE);
	KUNIT_ASSERT_EQ(test, live_read(live, r->script, UD), CRING_DISPATCHED);
	live_at(live, CRING_AT_CANCEL, let_it_be_completed);
	other = other_start(live, complete_when_told, r);
	KUNIT_EXPECT_EQ(test, reap_and_wait(r, LONG), 0);
	KUNIT_EXPECT_EQ(test, other_join(other), 1);
	KUNIT_EXPECT_EQ(test, r->key.res, -EALREADY);
	KUNIT_EXPECT_EQ(test, r->reaped, 1);
	EXPECT_REAPED(r, 0, UD, 1);
	LIVE_EXPECT_NO_CQE(live);
}

static void without_a_wait_it_is_not_marked(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct reaper *r = reaper_new(live, SCRIPT_DEVICE);

	live_read(live, r->script, UD);
	KUNIT_EXPECT_EQ(test, reap(r), 0);
	KUNIT_EXPECT_EQ(test, r->key.res, -EALREADY);
	KUNIT_EXPECT_EQ(test, r->reaped, 0);
	KUNIT_EXPECT_FALSE(test, is_marked(live, UD));
	script_complete(r->script, 0, 1);
	LIVE_EXPECT_CQE(live, UD, 1);
}

static void it_ends_after_the_call_has_given_up(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct reaper *r = reaper_new(live, SCRIPT_DEVICE);

	live_read(live, r->script, UD);
	KUNIT_EXPECT_EQ(test, reap_and_wait(r, 0), -ETIME);
	KUNIT_EXPECT_EQ(test, r->reaped, 0);
	KUNIT_EXPECT_FALSE(test, is_marked(live, UD));
	KUNIT_EXPECT_TRUE(test, xa_empty(&live->ring->reaps));
	script_complete(r->script, 0, 1);
	LIVE_EXPECT_CQE(live, UD, 1);
}

static int reap_long(void *arg)
{
	return reap_and_wait(arg, LONG);
}

/* it is named while it is being read, and its CQE is somebody else's then */
static ssize_t until_it_is_marked(struct script *script, struct kiocb *iocb,
				  struct iov_iter *iter)
{
	struct reaper *r = script->priv;
	struct other *other = other_start(r->live, reap_long, r);

	live_until(is_marked(r->live, UD));
	script->priv = other;
	return script_transfer(script, iocb, iter);
}

static void it_is_read_from_a_pipe_that_was_empty(struct kunit *test)
{
	struct pipe_inode_info *pipe = kunit_kzalloc(test, sizeof(*pipe),
						     GFP_KERNEL);
	struct live *live = live_open(test, 4, 0);
	struct reaper *r = reaper_new(live, SCRIPT_FIFO);

	KUNIT_ASSERT_NOT_NULL(test, pipe);
	pipe->writers = 1;
	file_inode(r->script->file)->i_pipe = pipe;
	r->script->priv = r;
	r->script->run = until_it_is_marked;
	KUNIT_ASSERT_EQ(test, live_read(live, r->script, UD), CRING_ARMED);
	script_ready(r->script, EPOLLIN);
	cring_run_ready(live->ring);
	KUNIT_EXPECT_EQ(test, other_join(r->script->priv), 0);
	KUNIT_EXPECT_EQ(test, r->key.res, -EALREADY);
	EXPECT_REAPED(r, 0, UD, 1);
	LIVE_EXPECT_NO_CQE(live);
}

static void complete_it(struct live *live, struct cring_req *req)
{
	struct reaper *r = live->priv;

	script_complete(r->script, 0, 1);
}

static void it_ends_between_the_end_of_the_wait_and_that_of_the_call(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct reaper *r = reaper_new(live, SCRIPT_DEVICE);

	live_read(live, r->script, UD);
	live_at(live, CRING_AT_REAPED, complete_it);
	KUNIT_EXPECT_EQ(test, reap_and_wait(r, 0), -ETIME);
	KUNIT_EXPECT_EQ(test, r->key.res, -EALREADY);
	KUNIT_EXPECT_EQ(test, r->reaped, 1);
	EXPECT_REAPED(r, 0, UD, 1);
	LIVE_EXPECT_NO_CQE(live);
	KUNIT_EXPECT_EQ(test, live_in_flight(live), 0);
}

static int complete_when_asleep(void *arg)
{
	struct reaper *r = arg;
	struct wait_queue_head *waitq = &r->live->ring->waitq;

	if (!live_until(is_marked(r->live, UD) && wq_has_sleeper(waitq)))
		return -ETIMEDOUT;
	/* it is on its way to sleep now */
	schedule_timeout_uninterruptible(HZ / 20);
	return script_complete(r->script, 0, 1) &&
	       live_until(!wq_has_sleeper(waitq));
}

/* there is nothing in the CQ that anybody is woken for */
static void who_sleeps_is_woken_by_what_he_reaps(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct reaper *r = reaper_new(live, SCRIPT_DEVICE);
	struct other *other;

	live_read(live, r->script, UD);
	other = other_start(live, complete_when_asleep, r);
	/* when the time is over, the other has lost patience */
	KUNIT_EXPECT_EQ(test, reap_and_wait(r, 2 * LONG), 0);
	KUNIT_EXPECT_EQ(test, other_join(other), 1);
	EXPECT_REAPED(r, 0, UD, 1);
	LIVE_EXPECT_NO_CQE(live);
}

static int complete_when_marked(void *arg)
{
	struct reaper *r = arg;

	if (!live_until(is_marked(r->live, UD)))
		return -ETIMEDOUT;
	/* a device that would block: it was told to stop, so it does */
	return script_complete(r->script, 0, -EAGAIN);
}

static void a_device_gives_it_back(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct reaper *r = reaper_new(live, SCRIPT_DEVICE);
	struct other *other;

	live_read(live, r->script, UD);
	other = other_start(live, complete_when_marked, r);
	KUNIT_EXPECT_EQ(test, reap_and_wait(r, LONG), 0);
	KUNIT_EXPECT_EQ(test, other_join(other), 1);
	KUNIT_EXPECT_EQ(test, r->reaped, 1);
	EXPECT_REAPED(r, 0, UD, -ECANCELED);
	/* a device has had it */
	KUNIT_EXPECT_EQ(test, r->to[0].flags, 0);
	LIVE_EXPECT_NO_CQE(live);
}

static void it_is_not_to_have_one(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct reaper *r = reaper_new(live, SCRIPT_DEVICE);
	struct cring_sqe *sqe = live_sqe(live, CRING_OP_READ, UD);

	live_prep_read(sqe, r->script, live->args, 1);
	sqe->flags = CRING_SQE_CQE_SKIP_SUCCESS;
	live_submit(live);
	live_at(live, CRING_AT_REAPED, complete_it);
	KUNIT_EXPECT_EQ(test, reap_and_wait(r, 0), -ETIME);
	KUNIT_EXPECT_EQ(test, r->reaped, 0);
	LIVE_EXPECT_NO_CQE(live);
	KUNIT_EXPECT_EQ(test, live_in_flight(live), 0);
}

/* ---------------------------------------------------------------------------
 * A batch that somebody is submitting
 */

struct batch {
	struct reaper *r;
	struct script *sticks;
};

static int submit_two(void *arg)
{
	struct batch *b = arg;
	struct live *live = b->r->live;

	live_prep_read(live_sqe(live, 0, UD), b->r->script, live->args, 1);
	live_prep_read(live_sqe(live, 0, UD + 1), b->sticks, live->args, 1);
	return live_submit(live);
}

static int let_go_when_marked(void *arg)
{
	struct batch *b = arg;
	bool marked = live_until(is_marked(b->r->live, UD));

	script_let_go(b->sticks);
	return marked;
}

static void it_has_finished_in_somebodys_batch(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct reaper *r = reaper_new(live, SCRIPT_POLL);
	struct batch b = { r, script_open(live, SCRIPT_POLL) };
	struct other *submitter, *other;

	r->script->run = script_transfer;
	b.sticks->run = script_stick;
	submitter = other_start(live, submit_two, &b);
	KUNIT_ASSERT_TRUE(test, script_await(b.sticks, 1));
	other = other_start(live, let_go_when_marked, &b);
	KUNIT_EXPECT_EQ(test, reap_and_wait(r, LONG), 0);
	KUNIT_EXPECT_EQ(test, r->key.res, -EALREADY);
	KUNIT_EXPECT_EQ(test, other_join(other), 1);
	KUNIT_EXPECT_EQ(test, other_join(submitter), 2);
	KUNIT_EXPECT_EQ(test, r->reaped, 1);
	EXPECT_REAPED(r, 0, UD, 1);
	LIVE_EXPECT_CQE(live, UD + 1, 1);
	LIVE_EXPECT_NO_CQE(live);
}

/* ---------------------------------------------------------------------------
 * Several
 */

static void the_first_that_names_it_has_it(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct reaper *second = reaper_new(live, SCRIPT_POLL);
	struct reaper *first = reaper_new(live, SCRIPT_DEVICE);
	struct other *other;

	live_read(live, first->script, UD);
	first->flags = CRING_CANCEL_WAIT;
	first->timeout = LONG;
	other = other_start(live, reap, first);
	KUNIT_ASSERT_TRUE(test, live_until(is_marked(live, UD)));
	KUNIT_EXPECT_EQ(test, reap_and_wait(second, 0), -ETIME);
	KUNIT_EXPECT_EQ(test, second->key.res, -EALREADY);
	KUNIT_EXPECT_EQ(test, second->reaped, 0);
	/* the second is over, and has left it to the first */
	KUNIT_EXPECT_TRUE(test, is_marked(live, UD));
	script_complete(first->script, 0, 1);
	KUNIT_EXPECT_EQ(test, other_join(other), 0);
	KUNIT_EXPECT_EQ(test, first->reaped, 1);
	EXPECT_REAPED(first, 0, UD, 1);
	LIVE_EXPECT_NO_CQE(live);
}

static void what_an_earlier_reap_has_left_is_not_a_later_ones(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct reaper *r = reaper_new(live, SCRIPT_DEVICE);

	live_read(live, r->script, UD);
	KUNIT_EXPECT_EQ(test, reap_and_wait(r, 0), -ETIME);
	/* the same number again, for another operation */
	live_read(live, r->script, UD + 1);
	r->key.user_data = UD + 1;
	live_at(live, CRING_AT_REAPED, complete_it);
	KUNIT_EXPECT_EQ(test, reap_and_wait(r, 0), -ETIME);
	KUNIT_EXPECT_EQ(test, r->reaped, 0);
	LIVE_EXPECT_CQE(live, UD, 1);
	script_complete(r->script, 1, 1);
	LIVE_EXPECT_CQE(live, UD + 1, 1);
}

static void one_array_for_two_rings(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct live *two = live_open(test, 4, 0);
	struct reaper *r = reaper_new(live, SCRIPT_POLL);
	unsigned int i;

	for (i = 0; i < 3; i++) {
		live_read(live, r->script, 10 + i);
		live_read(two, r->script, 20 + i);
	}
	r->flags = CRING_CANCEL_PROCESS;
	r->key.user_data = 0;
	r->key.flags = CRING_ASYNC_CANCEL_ANY | CRING_ASYNC_CANCEL_ALL;
	r->room = 4;
	KUNIT_EXPECT_EQ(test, reap(r), 0);
	KUNIT_EXPECT_EQ(test, r->key.res, 6);
	KUNIT_EXPECT_EQ(test, r->reaped, 4);
	for (i = 0; i < 3; i++)
		EXPECT_REAPED(r, i, 10 + i, -ECANCELED);
	EXPECT_REAPED(r, 3, 20, -ECANCELED);
	/* beyond the end nothing was written */
	KUNIT_EXPECT_EQ(test, r->to[4].user_data, 0);
	LIVE_EXPECT_NO_CQE(live);
	LIVE_EXPECT_CQE(two, 21, -ECANCELED);
	LIVE_EXPECT_CQE(two, 22, -ECANCELED);
	LIVE_EXPECT_NO_CQE(two);
	KUNIT_EXPECT_TRUE(test, xa_empty(&live->ring->reaps));
	KUNIT_EXPECT_TRUE(test, xa_empty(&two->ring->reaps));
}

#define MANY	2100	/* records: more than are looked at in one go */

static void a_mark_is_found_however_many_records_there_are(struct kunit *test)
{
	struct live *live = live_open(test, 4096, 0);
	struct reaper *r = reaper_new(live, SCRIPT_DEVICE);
	struct cring_sqe *sqe;
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		sqe = live_sqe(live, CRING_OP_TIMEOUT, 1000 + i);
		sqe->addr = live_timespec(live, 0, 3600 * NSEC_PER_SEC);
		sqe->len = 1;
	}
	KUNIT_ASSERT_EQ(test, live_submit(live), MANY);
	live_read(live, r->script, UD);
	KUNIT_ASSERT_GE(test, live_req(live, UD) - live->ring->pool, MANY);
	KUNIT_EXPECT_EQ(test, reap_and_wait(r, 0), -ETIME);
	KUNIT_EXPECT_FALSE(test, is_marked(live, UD));
	script_complete(r->script, 0, 1);
	LIVE_EXPECT_CQE(live, UD, 1);
}

/* ---------------------------------------------------------------------------
 * The memory
 */

static void memory_that_cannot_be_written_to_is_found_out_first(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	unsigned long ro = live_pages(live, 1, PROT_READ);
	unsigned long rw = live_pages(live, 3, PROT_READ | PROT_WRITE);
	struct cring_reap reap;

	KUNIT_EXPECT_EQ(test, cring_reap_init(&reap, ro, 1, false), -EFAULT);
	KUNIT_EXPECT_EQ(test, cring_reap_exit(&reap), 0);
	KUNIT_EXPECT_EQ(test, cring_reap_init(&reap, 0, 1, false), -EFAULT);
	KUNIT_EXPECT_EQ(test, cring_reap_init(&reap, (u64)-16, 1, false), -EFAULT);

	/* as many pages as it touches, and no more */
	KUNIT_EXPECT_EQ(test, cring_reap_init(&reap, rw, 256, false), 0);
	KUNIT_EXPECT_EQ(test, reap.nr_pages, 1);
	KUNIT_EXPECT_EQ(test, cring_reap_exit(&reap), 0);
	KUNIT_EXPECT_EQ(test, cring_reap_init(&reap, rw + 8, 256, false), 0);
	KUNIT_EXPECT_EQ(test, reap.nr_pages, 2);
	KUNIT_EXPECT_PTR_EQ(test, reap.pages, &reap.few[0]);
	KUNIT_EXPECT_EQ(test, cring_reap_exit(&reap), 0);
	KUNIT_EXPECT_EQ(test, cring_reap_init(&reap, rw + 8, 512, false), 0);
	KUNIT_EXPECT_EQ(test, reap.nr_pages, 3);
	KUNIT_EXPECT_EQ(test, cring_reap_exit(&reap), 0);
	KUNIT_EXPECT_EQ(test, cring_reap_init(&reap, 0, 0, false), 0);
	KUNIT_EXPECT_EQ(test, cring_reap_exit(&reap), 0);
}

/* a wait may be long: so the memory counts, as fixed buffers do */
static void memory_of_a_wait_counts_as_locked(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	unsigned long rw = live_pages(live, 3, PROT_READ | PROT_WRITE);
	unsigned long ro = live_pages(live, 1, PROT_READ);
	unsigned long before = live->mm->locked_vm;
	struct cring_reap reap;

	KUNIT_ASSERT_EQ(test, cring_reap_init(&reap, rw + 8, 512, true), 0);
	KUNIT_EXPECT_EQ(test, live->mm->locked_vm, before + 3);
	KUNIT_EXPECT_EQ(test, cring_reap_exit(&reap), 0);
	KUNIT_EXPECT_EQ(test, live->mm->locked_vm, before);
	/* nothing is left behind by one that fails, all of it or in part */
	KUNIT_EXPECT_EQ(test, cring_reap_init(&reap, ro, 1, true), -EFAULT);
	KUNIT_EXPECT_EQ(test, live->mm->locked_vm, before);
	KUNIT_ASSERT_EQ(test, vm_munmap(rw + 2 * PAGE_SIZE, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, cring_reap_init(&reap, rw + PAGE_SIZE, 512, true),
			-EFAULT);
	KUNIT_EXPECT_EQ(test, live->mm->locked_vm, before);
	KUNIT_EXPECT_EQ(test, cring_reap_exit(&reap), 0);
	KUNIT_EXPECT_EQ(test, live->mm->locked_vm, before);
	/* and one without a wait is short */
	KUNIT_ASSERT_EQ(test, cring_reap_init(&reap, rw, 512, false), 0);
	KUNIT_EXPECT_EQ(test, live->mm->locked_vm, before);
	KUNIT_EXPECT_EQ(test, cring_reap_exit(&reap), 0);
	KUNIT_EXPECT_EQ(test, live->mm->locked_vm, before);
}

/* as one who may not lock more than that */
static void with_a_limit(struct kunit *test, unsigned long pages,
			 void (*fn)(struct reaper *r), struct reaper *r)
{
	struct rlimit *limit = &current->signal->rlim[RLIMIT_MEMLOCK];
	const struct rlimit was = *limit;
	struct cred *cred = prepare_creds();
	const struct cred *old;

	KUNIT_ASSERT_NOT_NULL(test, cred);
	cap_clear(cred->cap_effective);
	limit->rlim_cur = (r->live->mm->locked_vm + pages) << PAGE_SHIFT;
	old = override_creds(cred);
	fn(r);
	revert_creds(old);
	put_cred(cred);
	*limit = was;
}

static void wait_with_too_little(struct reaper *r)
{
	struct kunit *test = r->live->test;

	/* clearly, and nothing has happened */
	KUNIT_EXPECT_EQ(test, reap_and_wait(r, LONG), -ENOMEM);
	KUNIT_EXPECT_EQ(test, r->reaped, 0);
	LIVE_EXPECT_STATE(r->live, UD, CRING_ARMED);
	KUNIT_EXPECT_TRUE(test, xa_empty(&r->live->ring->reaps));
	LIVE_EXPECT_NO_CQE(r->live);
	/* without a wait it is nobody's matter */
	r->flags = 0;
	r->timeout = 0;
	KUNIT_EXPECT_EQ(test, reap(r), 0);
	EXPECT_REAPED(r, 0, UD, -ECANCELED);
}

static void wait_with_enough(struct reaper *r)
{
	KUNIT_EXPECT_EQ(r->live->test, reap_and_wait(r, LONG), 0);
	EXPECT_REAPED(r, 0, UD, -ECANCELED);
}

static void more_than_may_be_locked_is_enomem(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct reaper *r = reaper_new(live, SCRIPT_POLL);
	unsigned long before = live->mm->locked_vm;

	live_read(live, r->script, UD);
	with_a_limit(test, 0, wait_with_too_little, r);
	live_read(live, r->script, UD);
	with_a_limit(test, 1, wait_with_enough, r);
	KUNIT_EXPECT_EQ(test, live->mm->locked_vm, before);
}

static struct kunit_case cring_reap_cases[] = {
	KUNIT_CASE(it_is_stopped_at_once),
	KUNIT_CASE(it_has_ended_before),
	KUNIT_CASE(it_ends_while_the_cancel_looks),
	KUNIT_CASE(without_a_wait_it_is_not_marked),
	KUNIT_CASE(it_ends_after_the_call_has_given_up),
	KUNIT_CASE(it_is_read_from_a_pipe_that_was_empty),
	KUNIT_CASE(it_ends_between_the_end_of_the_wait_and_that_of_the_call),
	KUNIT_CASE(who_sleeps_is_woken_by_what_he_reaps),
	KUNIT_CASE(a_device_gives_it_back),
	KUNIT_CASE(it_is_not_to_have_one),
	KUNIT_CASE(it_has_finished_in_somebodys_batch),
	KUNIT_CASE(the_first_that_names_it_has_it),
	KUNIT_CASE(what_an_earlier_reap_has_left_is_not_a_later_ones),
	KUNIT_CASE(one_array_for_two_rings),
	KUNIT_CASE(a_mark_is_found_however_many_records_there_are),
	KUNIT_CASE(memory_that_cannot_be_written_to_is_found_out_first),
	KUNIT_CASE(memory_of_a_wait_counts_as_locked),
	KUNIT_CASE(more_than_may_be_locked_is_enomem),
	{}
};

static struct kunit_suite cring_reap_suite = {
	.name = "cring_reap",
	.test_cases = cring_reap_cases,
};

kunit_test_suite(cring_reap_suite);
