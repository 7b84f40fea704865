/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Direct reads behind a dispatch window, and where they are.
 */
#ifndef _CRING_KUNIT_WINDOW_H
#define _CRING_KUNIT_WINDOW_H

#include "sqes.h"

#define NOT_STARTED	CRING_CQE_F_NOT_STARTED

static inline long set_window(struct live *live, u32 nr)
{
	const struct cring_register reg = {
		.opcode = CRING_REGISTER_WINDOW, .nr = nr,
	};

	return live_ioctl(live, CRING_IOC_REGISTER, &reg, sizeof(reg));
}

static inline struct cring_sqe *put(struct live *live, struct script *script,
				    u64 user_data)
{
	struct cring_sqe *sqe = live_sqe(live, CRING_OP_READ, user_data);

	live_prep_read(sqe, script, live->args, 8);
	return sqe;
}

static inline void submit_nr(struct live *live, int nr)
{
	KUNIT_EXPECT_EQ(live->test, live_submit(live), nr);
}

/* reads 0 to @nr - 1 of a device, behind a window */
static inline struct script *reads(struct live *live, u32 window,
				   unsigned int nr)
{
	struct script *device = script_open(live, SCRIPT_DEVICE);
	unsigned int i;

	KUNIT_EXPECT_EQ(live->test, set_window(live, window), 0);
	for (i = 0; i < nr; i++)
		put(live, device, i);
	submit_nr(live, nr);
	return device;
}

static inline void expect_states(struct live *live, const char *states)
{
	static const enum cring_state of[] = {
		['D'] = CRING_DISPATCHED, ['w'] = CRING_DEFERRED,
		['R'] = CRING_READY, ['Q'] = CRING_QUEUED, ['.'] = CRING_FREE,
		['A'] = CRING_ARMED, ['l'] = CRING_LINKED, ['r'] = CRING_RUNNING,
	};
	u64 i;

	for (i = 0; states[i]; i++)
		LIVE_EXPECT_STATE(live, i, of[(u8)states[i]]);
}

static inline void expect_in_devices(struct live *live, u32 nr)
{
	KUNIT_EXPECT_EQ(live->test, live->ring->in_devices, nr);
}

#endif /* _CRING_KUNIT_WINDOW_H */
