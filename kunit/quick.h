/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Plain reads of a file that does as it is told, and what way they take.
 */
#ifndef _CRING_KUNIT_QUICK_H
#define _CRING_KUNIT_QUICK_H

#include "pool.h"

#define QUICK_LEN	64
#define QUICK_NR	4		/* reads of a batch; their user_data is 0 to 3 */

struct quick {
	struct live *live;
	struct script *script;
	unsigned long mem;
	unsigned long nowhere;	/* an address that nothing is at */
	unsigned int way;	/* attempts on the short way */
	unsigned int others;	/* and other calls of the file's methods */
	ssize_t ret;		/* what the first attempt returns */
	loff_t pos[2 * QUICK_NR];	/* where each call was to read from */
	s32 answer;		/* a cancel's */
	void (*at_first)(struct quick *q); /* within the first attempt */
};

/* the file's method: the first attempt ends as it is told to */
ssize_t quick_run(struct script *script, struct kiocb *iocb,
		  struct iov_iter *iter);
struct quick *quick_open(struct kunit *test);

/* the next SQE: a read of the file */
struct cring_sqe *quick_put(struct quick *q, u64 user_data);
/* a batch of them; of a fixed file, into a fixed buffer */
void quick_put_all(struct quick *q);
void quick_put_fixed(struct quick *q);
void quick_submit(struct quick *q);

/* all but one have read everything */
void quick_expect(struct quick *q, unsigned int but);
/* nothing is left of them, but references to the file */
void quick_expect_over(struct quick *q, long refs);

#endif /* _CRING_KUNIT_QUICK_H */
