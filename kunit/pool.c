// SPDX-License-Identifier: GPL-2.0
/*
 * The records of a live ring; see pool.h.
 */
#include <linux/bitmap.h>

#include "pool.h"

/* what came back is the submitter's again */
static void pool_collect(struct cring_ring *ring)
{
	struct llist_node **end = &ring->free;

	flush_workqueue(cring_wq);
	while (*end)
		end = &(*end)->next;
	*end = llist_del_all(&ring->freed);
}

void pool_leave(struct live *live, unsigned int nr)
{
	struct llist_node **end = &live->ring->free;

	pool_collect(live->ring);
	while (nr--) {
		KUNIT_ASSERT_NOT_NULL(live->test, *end);
		end = &(*end)->next;
	}
	*end = NULL;
}

unsigned int pool_free(struct live *live)
{
	struct cring_ring *ring = live->ring;
	struct kunit *test = live->test;
	unsigned long *seen = bitmap_zalloc(ring->nr_reqs, GFP_KERNEL);
	struct llist_node *node;
	unsigned int nr = 0, wrong = 0;

	KUNIT_ASSERT_NOT_NULL(test, seen);
	pool_collect(ring);
	for (node = ring->free; node && nr < ring->nr_reqs; node = node->next) {
		struct cring_req *req = llist_entry(node, struct cring_req,
						    free_node);
		unsigned long i = req - ring->pool;

		wrong += i >= ring->nr_reqs || &ring->pool[i] != req ||
			 test_and_set_bit(i, seen) || req->ring != ring ||
			 cring_word_state(atomic64_read(&req->word)) !=
				CRING_FREE;
		nr++;
	}
	bitmap_free(seen);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_NULL(test, node);
	return nr;
}
