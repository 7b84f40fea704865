// SPDX-License-Identifier: MIT
/*
 * Shrinking: leaving out of a script that fails what it fails without.
 */
#include "stress.h"

/**
 * shrink - leave out what can be left out
 * @s: a script that fails; made shorter
 * @fails: does this one?
 * @until: when to be content, as now_ns() counts
 *
 * Halves, quarters and so on are left out in turn, down to single steps.
 */
void shrink(struct script *s, bool (*fails)(const struct script *s), uint64_t until)
{
	static struct script try;
	unsigned int chunk = s->nr / 2, at;
	bool any;

	while (chunk && now_ns() < until) {
		any = false;
		for (at = 0; at < s->nr && now_ns() < until;) {
			unsigned int n = chunk < s->nr - at ? chunk : s->nr - at;

			try = *s;
			memmove(&try.steps[at], &try.steps[at + n],
				(s->nr - at - n) * sizeof(try.steps[0]));
			try.nr -= n;
			if (fails(&try)) {
				*s = try;
				any = true;
			} else {
				at += n;
			}
		}
		if (!any || chunk > 1)
			chunk /= 2;
	}
}
