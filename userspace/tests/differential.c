// SPDX-License-Identifier: MIT
/*
 * The same random scripts on io_uring and on cring: each CQE and each file is
 * the same, but for what differential/reason.c gives a reason for.  These are few
 * of them; make differential plays more, and replays one by its seed.
 */
#include "differential/differential.h"
#include "util_sys.h"

#include <liburing.h>
#include <sys/utsname.h>

/* at least, and how many when all rounds are run */
#define LEAST		50
#define SCRIPTS		250
/* at once: they wait for the disk more than they work */
#define JOBS		2

FIXTURE(scripts) { };
FIXTURE_SETUP(scripts) { }
FIXTURE_TEARDOWN(scripts) { }

/* the reasons are those of 6.1's and 6.12's; a slow kernel is slow in both */
static bool is_known_io_uring(void)
{
	struct utsname u;

	return !uname(&u) && access("/proc/lockdep", F_OK) &&
	       (!strncmp(u.release, "6.1.", 4) ||
		!strncmp(u.release, "6.12.", 5));
}

TEST_F_TIMEOUT(scripts, do_the_same_on_io_uring_and_on_cring, 200)
{
	unsigned int nr = SCRIPTS * test_scale() / 100;
	struct io_uring ring;

	if (!is_known_io_uring())
		SKIP(return, "compares with io_uring of stock 6.1 and 6.12");
	if (io_uring_queue_init(4, &ring, IORING_SETUP_SINGLE_ISSUER |
				IORING_SETUP_DEFER_TASKRUN))
		SKIP(return, "no io_uring");
	io_uring_queue_exit(&ring);
	if (strcmp(EXT4_DIR ?: "", "/mnt"))
		SKIP(return, "no ext4");
	EXPECT_EQ(0, differential(1, nr < LEAST ? LEAST : nr, JOBS));
}

TEST_HARNESS_MAIN
