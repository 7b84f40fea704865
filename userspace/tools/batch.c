// SPDX-License-Identifier: MIT
/*
 * Executes a command that the scheduler lets run for long when it is its turn.
 *
 * What is emulated has its code and data in the caches or is slow; when several
 * machines share a processor, each finds what the others have left there.  chrt
 * of Debian 12 knows SCHED_BATCH, but not how long a turn lasts; a kernel before
 * 6.12 does not, either, and takes no notice.
 */
#include <errno.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sched_attr attr = {
		.size = sizeof(attr),
		.sched_policy = SCHED_BATCH,
		.sched_nice = getpriority(PRIO_PROCESS, 0),
		/* longer ones gain nothing more */
		.sched_runtime = 20000000,	/* ns */
	};

	if (argc < 2) {
		fprintf(stderr, "usage: batch COMMAND [ARG...]\n");
		return 2;
	}
	/* where that is forbidden, it is slower */
	syscall(SYS_sched_setattr, 0, &attr, 0);
	execvp(argv[1], argv + 1);
	fprintf(stderr, "batch: %s: %s\n", argv[1], strerror(errno));
	return 127;
}
