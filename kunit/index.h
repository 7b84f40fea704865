/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An index and requests to enter, for suites that need no live ring.
 *
 * The ring here has what the index uses, and nothing else.  The test is alone
 * with it, so that only those functions get the lock that insist on it.
 */
#ifndef _CRING_KUNIT_INDEX_H
#define _CRING_KUNIT_INDEX_H

#include <kunit/test.h>

#include "cring.h"

#define INDEX_REQS	400
#define INDEX_FILES	8

struct index_test {
	struct cring_ring ring;
	struct cring_req reqs[INDEX_REQS];
	struct file files[INDEX_FILES];	/* only their addresses are used */
};

/* a suite's init and exit; test->priv is a struct index_test */
int index_test_init(struct kunit *test);
void index_test_exit(struct kunit *test);

/* an empty index of so many buckets, instead of the one there is */
void index_rebuild(struct kunit *test, u32 buckets);

void index_add(struct cring_req *req);
void index_del(struct cring_req *req);

#endif /* _CRING_KUNIT_INDEX_H */
