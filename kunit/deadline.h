/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Deadlines, with the clock moved instead of waited for: every deadline is
 * hours away or long over, and the expiry is told what time it is.
 */
#ifndef _CRING_KUNIT_DEADLINE_H
#define _CRING_KUNIT_DEADLINE_H

#include <linux/uaccess.h>

#include "sqes.h"

#define HOUR		(3600LL * NSEC_PER_SEC)
#define NOT_STARTED	CRING_CQE_F_NOT_STARTED

static inline void give(struct cring_sqe *sqe, s64 at)
{
	sqe->xflags = CRING_SQE_X_DEADLINE | CRING_SQE_X_DEADLINE_ABS;
	sqe->deadline = at;
}

static inline void give_left(struct cring_sqe *sqe, u64 ns)
{
	sqe->xflags = CRING_SQE_X_DEADLINE;
	sqe->deadline = ns;
}

static inline void it_is(struct live *live, s64 now)
{
	cring_deadline_expire(live->ring, now);
}

/* far from the real time, which must not interfere */
static inline s64 later(void)
{
	return ktime_get() + 1000 * HOUR;
}

/* eight bytes */
static inline struct cring_sqe *prep_read(struct live *live,
					  struct script *script, u64 user_data)
{
	struct cring_sqe *sqe = live_sqe(live, CRING_OP_READ, user_data);

	live_prep_read(sqe, script, live->args, 8);
	return sqe;
}

static inline void submit_all(struct live *live, int nr)
{
	KUNIT_EXPECT_EQ(live->test, live_submit(live), nr);
}

static inline bool nothing_queued(struct live *live)
{
	return !timerqueue_getnext(&live->ring->deadlines.queue);
}

/* when the timer is to fire, 0 for never */
static inline s64 timer_at(struct live *live)
{
	struct hrtimer *timer = &live->ring->deadlines.hrtimer;

	return hrtimer_is_queued(timer) ? hrtimer_get_expires(timer) : 0;
}

#endif /* _CRING_KUNIT_DEADLINE_H */
