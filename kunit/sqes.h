/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SQEs that many suites use, on the live ring of fixture.h.
 */
#ifndef _CRING_KUNIT_SQES_H
#define _CRING_KUNIT_SQES_H

#include <linux/uaccess.h>

#include "fixture.h"

/* so many NOPs; the number of each is its user_data */
static inline void nops(struct live *live, unsigned int nr)
{
	while (nr--)
		live_sqe(live, CRING_OP_NOP, live->sq_tail);
}

/* a struct cring_timespec in user memory, until the next one */
static inline unsigned long user_time(struct live *live, s64 sec, s64 nsec)
{
	const struct cring_timespec ts = { .tv_sec = sec, .tv_nsec = nsec };
	unsigned long at = live->args + PAGE_SIZE / 4;

	KUNIT_ASSERT_EQ(live->test, copy_to_user((void __user *)at, &ts,
						 sizeof(ts)), 0);
	return at;
}

/* a TIMEOUT that nothing but a cancel ends */
static inline struct cring_sqe *forever(struct live *live, u64 user_data)
{
	struct cring_sqe *sqe = live_sqe(live, CRING_OP_TIMEOUT, user_data);

	sqe->addr = user_time(live, 100000, 0);
	sqe->len = 1;
	return sqe;
}

/* submit so many SQEs, whatever user space's tail is */
static inline long submit(struct live *live, u32 nr)
{
	return live_ioctl(live, CRING_IOC_SUBMIT,
			  (void *)(unsigned long)CRING_SUBMIT_ARG(nr, 0), 0);
}

static inline void reap_all(struct live *live)
{
	struct cring_cqe cqe;

	while (live_reap(live, &cqe))
		;
}

#define CANCEL_ALL	(CRING_ASYNC_CANCEL_ANY | CRING_ASYNC_CANCEL_ALL)

#endif /* _CRING_KUNIT_SQES_H */
