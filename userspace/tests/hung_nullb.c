// SPDX-License-Identifier: MIT
/*
 * C4, C10, C13, C14, C16, C18: a disk that takes 30 seconds for all that it is
 * given.
 */
#include "util.h"

#define STORAGE	HUNG_NULLB
#include "hung_matrix.h"

TEST_HARNESS_MAIN
