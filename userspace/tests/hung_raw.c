// SPDX-License-Identifier: MIT
/*
 * C4, C10, C13, C14, C16, C18: a device-mapper device that is suspended.
 */
#include "util.h"

#define STORAGE	HUNG_RAW
#include "hung_matrix.h"
#include "hung_memory.h"

TEST_HARNESS_MAIN
