// SPDX-License-Identifier: GPL-2.0
/*
 * May an interrupt give a bio back to the block layer's cache (IOCB_ALLOC_CACHE)?
 * From 6.2 on, where that cache asks with this whether its reserve is full.
 */
#include <linux/mempool.h>

bool probe(mempool_t *pool);
bool probe(mempool_t *pool)
{
	return mempool_is_saturated(pool);
}
