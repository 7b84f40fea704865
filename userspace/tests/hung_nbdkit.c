// SPDX-License-Identifier: MIT
/*
 * C4, C10, C13, C14, C16, C18: a network block device whose server, nbdkit, has
 * been stopped.
 *
 * check: nbdkit
 */
#include "util.h"

#define STORAGE	HUNG_NBDKIT
#include "hung_matrix.h"
#include "hung_crowd.h"

TEST_HARNESS_MAIN
