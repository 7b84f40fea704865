/* SPDX-License-Identifier: MIT */
/*
 * What liburing's tests find as ../src/lib.h.
 */
#ifndef CRING_PEERS_LIB_H
#define CRING_PEERS_LIB_H

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline long get_page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

#endif /* CRING_PEERS_LIB_H */
