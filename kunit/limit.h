/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Limits of users, changed by a test.
 */
#ifndef _CRING_KUNIT_LIMIT_H
#define _CRING_KUNIT_LIMIT_H

#include "fixture.h"

/* a limit for the time of a test */
struct limit {
	unsigned int *param;
	unsigned int old;
};

static inline void limit_restore(void *data)
{
	struct limit *limit = data;

	WRITE_ONCE(*limit->param, limit->old);
}

static inline void set_limit(struct kunit *test, unsigned int *param, unsigned int nr)
{
	struct limit *limit = kunit_kzalloc(test, sizeof(*limit), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, limit);
	limit->param = param;
	limit->old = *param;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, limit_restore,
							limit), 0);
	WRITE_ONCE(*param, nr);
}

#endif /* _CRING_KUNIT_LIMIT_H */
