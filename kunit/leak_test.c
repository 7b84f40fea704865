// SPDX-License-Identifier: GPL-2.0
/*
 * What an operation or a call takes is given back: pages, pins and references
 * that nothing else would miss.
 */
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/uio.h>

#include "fixture.h"

#define UD	1

/* --- the pages of what may be let go of --- */

/* the first page that the device was given, referenced */
static struct page *staged;

static ssize_t queue(struct script *script, struct kiocb *iocb,
		     struct iov_iter *iter)
{
	staged = iter->bvec->bv_page;
	get_page(staged);
	return script_queue(script, iocb, iter);
}

static const struct stage_case {
	const char *name;
	u8 opcode;
	bool cancel;
} stage_cases[] = {
	{ "a read", CRING_OP_READ, false },
	{ "a write", CRING_OP_WRITE, false },
	{ "a read that is let go of", CRING_OP_READ, true },
	{ "a write that is let go of", CRING_OP_WRITE, true },
};

KUNIT_ARRAY_PARAM_DESC(stage, stage_cases, name);

static void the_pages_of_a_transfer_are_freed(struct kunit *test)
{
	const struct stage_case *c = test->param_value;
	struct live *live = live_open_with(test, (struct cring_params) {
		.sq_entries = 4, .detached = 1,
	});
	struct script *script = script_open(live, SCRIPT_DEVICE);
	struct cring_sqe *sqe = live_sqe(live, c->opcode, UD);

	script->run = queue;
	live_prep_read(sqe, script, live->args, 1);
	sqe->opcode = c->opcode;
	sqe->xflags = CRING_SQE_X_DETACH;
	KUNIT_ASSERT_EQ(test, live_submit(live), 1);
	LIVE_EXPECT_STATE(live, UD, CRING_DISPATCHED);
	KUNIT_EXPECT_EQ(test, page_count(staged), 2);
	if (c->cancel)
		KUNIT_EXPECT_EQ(test, live_cancel(live, 0, UD), 0);
	script_complete(script, 0, 1);
	LIVE_EXPECT_WAIT(live, UD, c->cancel ? -ECANCELED : 1);
	KUNIT_EXPECT_TRUE(test, live_until(page_count(staged) == 1));
	put_page(staged);
}

/* --- the pages of who reaps --- */

static void the_memory_of_a_reap_is_pinned_as_long_as_the_call(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	unsigned long addr = live_pages(live, 3, PROT_READ | PROT_WRITE);
	struct page *pages[3];
	struct cring_reap reap;
	unsigned int i;

	/* from the middle of the first to that of the last */
	KUNIT_ASSERT_EQ(test, cring_reap_init(&reap, addr + PAGE_SIZE / 2,
					      2 * PAGE_SIZE /
					      sizeof(struct cring_cqe), false), 0);
	KUNIT_ASSERT_EQ(test, reap.nr_pages, 3);
	for (i = 0; i < 3; i++) {
		pages[i] = reap.pages[i];
		get_page(pages[i]);
		KUNIT_EXPECT_TRUE(test, folio_maybe_dma_pinned(page_folio(pages[i])));
	}
	cring_reap_exit(&reap);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_FALSE(test, folio_maybe_dma_pinned(page_folio(pages[i])));
		put_page(pages[i]);
	}
}

/* --- who submitted --- */

static void the_submitter_is_forgotten_with_the_ring(struct kunit *test)
{
	struct pid *pid = task_pid(current);
	unsigned int refs = refcount_read(&pid->count);
	struct live *live = live_open(test, 4, 0);
	struct script *worker = script_open(live, SCRIPT_WORKER);
	struct script *poll = script_open(live, SCRIPT_POLL);

	live_read(live, worker, UD);
	live_read(live, poll, UD + 1);
	script_let_go(worker);
	LIVE_EXPECT_WAIT(live, UD, 1);
	KUNIT_EXPECT_EQ(test, live_cancel(live, 0, UD + 1), 0);
	LIVE_EXPECT_CQE(live, UD + 1, -ECANCELED);
	live_close(live);
	KUNIT_EXPECT_TRUE(test, live_gone(live));
	KUNIT_EXPECT_TRUE(test, live_until(refcount_read(&pid->count) == refs));
}

static struct kunit_case cring_leak_cases[] = {
	KUNIT_CASE_PARAM(the_pages_of_a_transfer_are_freed, stage_gen_params),
	KUNIT_CASE(the_memory_of_a_reap_is_pinned_as_long_as_the_call),
	KUNIT_CASE(the_submitter_is_forgotten_with_the_ring),
	{}
};

static struct kunit_suite cring_leak_suite = {
	.name = "cring_leak",
	.test_cases = cring_leak_cases,
};

kunit_test_suite(cring_leak_suite);
