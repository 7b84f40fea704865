/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A batch of direct reads, and the device that they are of.
 */
#ifndef _CRING_KUNIT_DIRECT_H
#define _CRING_KUNIT_DIRECT_H

#include "pool.h"

/* reads of a batch; their user_data is 1 to so many */
#define DIRECT_NR	4

/**
 * struct direct - them, of a byte each
 * @live: their ring
 * @script: their device
 * @other: what waits for something else
 * @res: what it says of the first
 * @answer: a cancel's
 * @calls: of the device's method
 * @at: the call that @at_last is made in, 0: the last
 * @cqes: in the CQ when the device had said so
 * @claimed: what a test waits for, or looks for at a point, was there
 * @go: what is held up may go on
 * @at_last: in that one's method
 */
struct direct {
	struct live *live;
	struct script *script;
	struct script *other;
	long res;
	s32 answer;
	unsigned int calls;
	unsigned int at;
	u32 cqes;
	bool claimed;
	bool go;
	void (*at_last)(struct direct *d);
};

struct direct *direct_open(struct kunit *test, script_fn *run);
struct cring_sqe *direct_put(struct direct *d, u64 user_data);
void direct_put_all(struct direct *d);
/* the device keeps what it is given, but does what a worker asks for */
ssize_t direct_queue(struct script *script, struct kiocb *iocb,
		     struct iov_iter *iter);
/* it ends the first */
int direct_end_first(void *arg);
/* it ends what is left, from that one on; all is over then */
void direct_end_others(struct direct *d, unsigned int from);
/* all is over */
void direct_expect_over(struct direct *d);

#endif /* _CRING_KUNIT_DIRECT_H */
