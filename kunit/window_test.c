// SPDX-License-Identifier: GPL-2.0
/*
 * The dispatch window (C15 of Documentation/contract.rst): no more than it says
 * is in devices at once.
 */
#include "window.h"

/* --- how many --- */

static const struct size_case {
	const char *name;
	u32 window;
	const char *states;	/* of eight reads */
} size_cases[] = {
	{ "none", 0, "DDDDDDDD" },
	{ "one", 1, "Dwwwwwww" },
	{ "three", 3, "DDDwwwww" },
	{ "as many as there are", 8, "DDDDDDDD" },
	{ "more than there ever will be", U32_MAX, "DDDDDDDD" },
};

KUNIT_ARRAY_PARAM_DESC(size, size_cases, name);

static void no_more_than_the_window_is_in_the_device(struct kunit *test)
{
	const struct size_case *row = test->param_value;
	struct live *live = live_open(test, 8, 0);
	unsigned int nr = min(row->window ?: 8, 8u), i;
	struct script *device = reads(live, row->window, 8);
	struct cring_cqe cqe;

	KUNIT_EXPECT_EQ(test, device->nr_queued, nr);
	expect_states(live, row->states);
	expect_in_devices(live, nr);
	/* each that is through makes room for the oldest */
	for (i = 0; i < 8; i++) {
		script_complete(device, i, 8);
		cring_run_ready(live->ring);
		KUNIT_EXPECT_EQ(test, device->nr_queued, min(nr + i + 1, 8u));
		KUNIT_EXPECT_TRUE(test, live_reap(live, &cqe));
		KUNIT_EXPECT_EQ(test, cqe.user_data, i);
		KUNIT_EXPECT_EQ(test, cqe.res, 8);
	}
	expect_in_devices(live, 0);
}

static void what_ends_in_an_interrupt_is_refilled_by_the_owner(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *device = reads(live, 1, 3);
	unsigned long irqflags;

	local_irq_save(irqflags);
	script_complete(device, 0, 8);
	local_irq_restore(irqflags);
	/* ready with its place, and not issued */
	expect_states(live, ".Rw");
	KUNIT_EXPECT_EQ(test, device->nr_queued, 1);
	expect_in_devices(live, 1);
	cring_run_ready(live->ring);
	expect_states(live, ".Dw");
	LIVE_EXPECT_CQE(live, 0, 8);
}

/* and what comes later does not overtake it */
static void who_has_waited_keeps_his_place(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *device = reads(live, 1, 2);

	script_complete(device, 0, 8);
	expect_states(live, ".R");
	put(live, device, 2);
	submit_nr(live, 1);
	expect_states(live, ".Dw");
	KUNIT_EXPECT_EQ(test, device->nr_queued, 2);
	script_complete(device, 1, 8);
	cring_run_ready(live->ring);
	expect_states(live, "..D");
}

/* --- what is not counted --- */

static void only_direct_transfers_are_counted(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *device = reads(live, 1, 2);
	struct script *slow = script_open(live, SCRIPT_POLL);
	struct script *worker = script_open(live, SCRIPT_WORKER);

	put(live, slow, 2);
	put(live, worker, 3);
	live_sqe(live, CRING_OP_NOP, 4);
	submit_nr(live, 3);
	LIVE_EXPECT_STATE(live, 2, CRING_ARMED);
	KUNIT_EXPECT_TRUE(test, script_await(worker, 1));
	LIVE_EXPECT_CQE(live, 4, 0);
	device->run = script_transfer;
	live_sqe(live, CRING_OP_FSYNC, 5)->fd = device->fd;
	submit_nr(live, 1);
	LIVE_EXPECT_WAIT(live, 5, 0);
	expect_states(live, "Dw");
	expect_in_devices(live, 1);
	device->run = script_queue;
}

static void a_transfer_that_is_not_to_wait_does_not(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *device = reads(live, 1, 1);

	put(live, device, 1)->rw_flags = (__force u32)RWF_NOWAIT;
	submit_nr(live, 1);
	LIVE_EXPECT_CQE(live, 1, -EAGAIN);
	KUNIT_EXPECT_EQ(test, device->nr_queued, 1);
}

static void a_transfer_that_ends_at_once_gives_its_place_back(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *device = script_open(live, SCRIPT_DEVICE);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, set_window(live, 1), 0);
	device->run = script_transfer;
	for (i = 0; i < 6; i++)
		put(live, device, i);
	submit_nr(live, 6);
	cring_run_ready(live->ring);
	for (i = 0; i < 6; i++)
		LIVE_EXPECT_CQE(live, i, 8);
	expect_in_devices(live, 0);
}

/* --- changing it --- */

static void a_window_is_changed_while_it_is_full(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *device = reads(live, 2, 8);

	expect_states(live, "DDwwwwww");
	/* wider: at once */
	KUNIT_EXPECT_EQ(test, set_window(live, 4), 0);
	cring_run_ready(live->ring);
	expect_states(live, "DDDDwwww");
	/* narrower: when enough are through */
	KUNIT_EXPECT_EQ(test, set_window(live, 3), 0);
	script_complete(device, 0, 8);
	cring_run_ready(live->ring);
	expect_states(live, ".DDDwwww");
	script_complete(device, 1, 8);
	cring_run_ready(live->ring);
	expect_states(live, "..DDDwww");
	/* none */
	KUNIT_EXPECT_EQ(test, set_window(live, 0), 0);
	cring_run_ready(live->ring);
	expect_states(live, "..DDDDDD");
	expect_in_devices(live, 6);
}

static void a_window_counts_what_is_there_when_it_is_set(struct kunit *test)
{
	struct live *live = live_open(test, 8, 0);
	struct script *device = reads(live, 0, 3);

	KUNIT_EXPECT_EQ(test, set_window(live, 2), 0);
	put(live, device, 3);
	submit_nr(live, 1);
	expect_states(live, "DDDw");
	script_complete(device, 0, 8);
	cring_run_ready(live->ring);
	expect_states(live, ".DDw");
	script_complete(device, 1, 8);
	cring_run_ready(live->ring);
	expect_states(live, "..DD");
}

static void a_register_call_with_a_wrong_field_is_refused(struct kunit *test)
{
	static const struct cring_register wrong[] = {
		{ .nr = 1, .offset = 1 }, { .nr = 1, .flags = 1 },
		{ .nr = 1, .addr = 1 }, { .nr = 1, .resv = 1 },
	};
	struct live *live = live_open(test, 8, 0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct cring_register reg = wrong[i];

		reg.opcode = CRING_REGISTER_WINDOW;
		KUNIT_EXPECT_EQ_MSG(test, live_ioctl(live, CRING_IOC_REGISTER,
						     &reg, sizeof(reg)),
				    -EINVAL, "row %u", i);
	}
	/* numbers between those that there are */
	for (i = CRING_REGISTER_FILES_UPDATE + 1; i < CRING_REGISTER_WINDOW;
	     i += 20) {
		const struct cring_register reg = { .opcode = i };

		KUNIT_EXPECT_EQ(test, live_ioctl(live, CRING_IOC_REGISTER, &reg,
						 sizeof(reg)), -EINVAL);
	}
	KUNIT_EXPECT_EQ(test, live->ring->window, 0);
}

static struct kunit_case cring_window_cases[] = {
	KUNIT_CASE_PARAM(no_more_than_the_window_is_in_the_device,
			 size_gen_params),
	KUNIT_CASE(what_ends_in_an_interrupt_is_refilled_by_the_owner),
	KUNIT_CASE(who_has_waited_keeps_his_place),
	KUNIT_CASE(only_direct_transfers_are_counted),
	KUNIT_CASE(a_transfer_that_is_not_to_wait_does_not),
	KUNIT_CASE(a_transfer_that_ends_at_once_gives_its_place_back),
	KUNIT_CASE(a_window_is_changed_while_it_is_full),
	KUNIT_CASE(a_window_counts_what_is_there_when_it_is_set),
	KUNIT_CASE(a_register_call_with_a_wrong_field_is_refused),
	{}
};

static struct kunit_suite cring_window_suite = {
	.name = "cring_window",
	.test_cases = cring_window_cases,
};

kunit_test_suite(cring_window_suite);
