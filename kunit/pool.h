/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The records of a live ring: few of them, and where they are.
 */
#ifndef _CRING_KUNIT_POOL_H
#define _CRING_KUNIT_POOL_H

#include "sqes.h"

/* leave the submitter so many records, and forget the rest */
void pool_leave(struct live *live, unsigned int nr);

/*
 * How many are free?  Each must be one of the pool's, in the state FREE, and
 * there once.
 */
unsigned int pool_free(struct live *live);

#endif /* _CRING_KUNIT_POOL_H */
