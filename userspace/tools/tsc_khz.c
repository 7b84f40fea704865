// SPDX-License-Identifier: MIT
/*
 * Prints how fast this processor's time stamp counter runs, in kHz.  Emulated
 * machines have the same one.
 */
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

struct moment {
	long long ns;
	unsigned long long ticks;
};

static long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* Both clocks at once: of some tries the one in which nothing came between. */
static struct moment now(void)
{
	struct moment best = {};
	long long before, after, least = 0;
	unsigned long long ticks;

	for (int i = 0; i < 1000; i++) {
		before = now_ns();
		ticks = __rdtsc();
		after = now_ns();
		if (!i || after - before < least) {
			least = after - before;
			best = (struct moment){ before + least / 2, ticks };
		}
	}
	return best;
}

int main(void)
{
	struct moment from = now(), to;

	nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
	to = now();
	printf("%lld\n", (long long)(to.ticks - from.ticks) * 1000000 / (to.ns - from.ns));
	return 0;
}
