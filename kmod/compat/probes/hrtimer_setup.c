// SPDX-License-Identifier: GPL-2.0
/*
 * Is there hrtimer_setup()?  Since 6.13; hrtimer_init() with a function stored
 * by hand went away in 6.15.
 */
#include <linux/hrtimer.h>

void probe(struct hrtimer *timer, enum hrtimer_restart (*fn)(struct hrtimer *));
void probe(struct hrtimer *timer, enum hrtimer_restart (*fn)(struct hrtimer *))
{
	hrtimer_setup(timer, fn, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
}
