/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A provider that does as it is told, one a test.
 */
#ifndef _CRING_KUNIT_TOLD_H
#define _CRING_KUNIT_TOLD_H

#include <linux/cring_kernel.h>

#include "fixture.h"

#define TOLD_MAX_CALLS	16

/**
 * struct told - the provider
 * @provider: registered
 * @live: the test's ring
 * @run: what its issue method does besides noting the call, or NULL
 * @calls: that it has not ended; NULL when it has
 * @nr: how many it was ever given
 * @routines: how often its cancel routine was called
 * @keep: the routine keeps the call, to come back to it
 * @then: what the routine does besides, or NULL
 * @now: the test's own
 * @released: calls that nobody looks at any more
 */
struct told {
	struct cring_provider provider;
	struct live *live;
	void (*run)(struct told *told, unsigned int nr);
	struct cring_call *calls[TOLD_MAX_CALLS];
	unsigned int nr;
	atomic_t routines;
	bool keep;
	void (*then)(struct told *told);
	bool now;
	atomic_t released;
};

/* a ring, and the provider that is there before and after it */
struct told *told_open(struct kunit *test, unsigned int flags);
/* submit one of its operations; the state afterwards */
enum cring_state told_start(struct told *told, u64 user_data);
/* make the @nr-th call cancellable, by the provider's routine */
bool told_set(struct told *told, unsigned int nr);
/* complete the @nr-th call */
bool told_complete(struct told *told, unsigned int nr, s32 res);
/* it will not be touched again */
void told_put(struct told *told, unsigned int nr);
/* issue methods */
void told_arm(struct told *told, unsigned int nr);
void told_end_at_once(struct told *told, unsigned int nr);

#endif /* _CRING_KUNIT_TOLD_H */
