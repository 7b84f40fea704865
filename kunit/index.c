// SPDX-License-Identifier: GPL-2.0
/*
 * An index and requests to enter; see index.h.
 */
#include <linux/mm.h>

#include "index.h"

void index_add(struct cring_req *req)
{
	spin_lock_irq(&req->ring->lock);
	cring_index_add(req);
	spin_unlock_irq(&req->ring->lock);
}

void index_del(struct cring_req *req)
{
	spin_lock_irq(&req->ring->lock);
	cring_index_del(req);
	spin_unlock_irq(&req->ring->lock);
}

void index_rebuild(struct kunit *test, u32 buckets)
{
	struct index_test *t = test->priv;

	cring_index_destroy(&t->ring);
	KUNIT_ASSERT_EQ(test, cring_index_init(&t->ring, buckets), 0);
}

int index_test_init(struct kunit *test)
{
	struct index_test *t = kvzalloc(sizeof(*t), GFP_KERNEL);
	unsigned int i;

	if (!t)
		return -ENOMEM;
	test->priv = t;
	spin_lock_init(&t->ring.lock);
	mutex_init(&t->ring.cancel_mutex);
	t->ring.pool = t->reqs;
	for (i = 0; i < INDEX_REQS; i++) {
		t->reqs[i].ring = &t->ring;
		t->reqs[i].opcode = CRING_OP_READ;
		t->reqs[i].ticket = i;
	}
	/* everything shares the one bucket, unless a test asks for more */
	return cring_index_init(&t->ring, 1);
}

void index_test_exit(struct kunit *test)
{
	struct index_test *t = test->priv;

	if (!t)
		return;
	cring_index_destroy(&t->ring);
	kvfree(t);
}
