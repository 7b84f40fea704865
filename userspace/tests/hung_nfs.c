// SPDX-License-Identifier: MIT
/*
 * C4, C10, C13, C14, C18: NFS over loopback, whose server is cut off.
 *
 * check: modules=nfsd?,nfsv4?
 */
#include "util.h"

#define STORAGE	HUNG_NFS
#include "hung_matrix.h"

TEST_HARNESS_MAIN
