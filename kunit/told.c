// SPDX-License-Identifier: GPL-2.0
/*
 * A provider that does as it is told; see told.h.
 */
#include <linux/module.h>

#include "told.h"

/* a call does not say whose it is: one test runs at a time */
static struct told *told_now;

static void told_issue(struct cring_call *call)
{
	struct told *told = told_now;
	unsigned int nr = told->nr;

	if (nr == TOLD_MAX_CALLS) {
		cring_call_complete(call, -EBUSY);
		return;
	}
	call->private = (void *)(uintptr_t)nr;
	told->calls[nr] = call;
	/* the call before its number */
	smp_store_release(&told->nr, nr + 1);
	if (told->run)
		told->run(told, nr);
}

static void told_routine(struct cring_call *call)
{
	struct told *told = told_now;

	atomic_inc(&told->routines);
	if (told->then)
		told->then(told);
	if (!told->keep)
		told_put(told, (uintptr_t)call->private);
}

static void told_release(struct cring_call *call)
{
	atomic_inc(&told_now->released);
}

bool told_set(struct told *told, unsigned int nr)
{
	return cring_call_set_cancel(told->calls[nr], told_routine);
}

bool told_complete(struct told *told, unsigned int nr, s32 res)
{
	struct cring_call *call = told->calls[nr];

	told->calls[nr] = NULL;
	return cring_call_complete(call, res);
}

void told_put(struct told *told, unsigned int nr)
{
	struct cring_call *call = told->calls[nr];

	told->calls[nr] = NULL;
	cring_call_put(call);
}

void told_arm(struct told *told, unsigned int nr)
{
	told_set(told, nr);
}

void told_end_at_once(struct told *told, unsigned int nr)
{
	told_complete(told, nr, 1000 + nr);
}

/* before the ring ends */
static void told_end_calls(void *data)
{
	struct told *told = data;
	unsigned int i;

	for (i = 0; i < told->nr; i++)
		if (told->calls[i])
			told_complete(told, i, -EIO);
}

/* after it has */
static void told_end(void *data)
{
	struct told *told = data;

	if (told->provider.provided)
		cring_provider_unregister(&told->provider);
	told_now = NULL;
	kfree(told);
}

struct told *told_open(struct kunit *test, unsigned int flags)
{
	struct told *told = kzalloc(sizeof(*told), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, told);
	told->provider.name = "told";
	told->provider.owner = THIS_MODULE;
	told->provider.flags = flags;
	told->provider.issue = told_issue;
	told->provider.release = told_release;
	told_now = told;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, told_end, told), 0);
	KUNIT_ASSERT_EQ(test, cring_provider_register(&told->provider), 0);
	told->live = live_open(test, 16, 0);
	told->live->priv = told;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, told_end_calls, told), 0);
	return told;
}

enum cring_state told_start(struct told *told, u64 user_data)
{
	struct live *live = told->live;

	live_sqe(live, told->provider.opcode, user_data);
	KUNIT_EXPECT_EQ(live->test, live_submit(live), 1);
	return live_state(live, user_data);
}
