// SPDX-License-Identifier: MIT
/*
 * C4, C10, C13, C14, C16, C18: a FUSE server that takes requests and never
 * answers them.
 */
#include "util.h"

#define STORAGE	HUNG_FUSE
#include "hung_matrix.h"
#include "hung_memory.h"

TEST_HARNESS_MAIN
