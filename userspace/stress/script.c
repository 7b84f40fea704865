// SPDX-License-Identifier: MIT
/*
 * Scripts: what each thread of a round does, made from a seed, and as text.
 */
#include "stress.h"

static const char *const verb_names[VERBS] = {
	"queue", "chain", "burst", "submit", "reap", "feed", "cancel", "until-gone",
	"cancel-all", "scope", "seal", "reopen", "deadline", "window", "signal", "stranger",
	"remap", "nap", "die"
};

/* how often: a thread that submits, and one that does not */
static const unsigned char often[2][VERBS] = {
	{
		[QUEUE] = 120, [CHAIN] = 8, [BURST] = 60, [SUBMIT] = 40, [REAP] = 30, [FEED] = 16,
		[CANCEL_KEYS] = 12, [CANCEL_ALL] = 2, [SCOPE] = 1, [SEAL] = 1, [REOPEN] = 3,
		[MOVE] = 2, [WINDOW] = 1,
	}, {
		[CANCEL_KEYS] = 100, [UNTIL_GONE] = 20, [CANCEL_ALL] = 8, [SCOPE] = 2,
		[SEAL] = 2, [REOPEN] = 8, [MOVE] = 10, [WINDOW] = 1, [SIGNAL] = 6,
		[STRANGER] = 1, [REMAP] = 1, [NAP] = 40,
	}
};

static enum verb pick_verb(uint64_t *rng, bool submits)
{
	const unsigned char *of = often[!submits];
	unsigned int n = 0, verb;

	for (verb = 0; verb < VERBS; verb++)
		n += of[verb];
	n = pick(rng, n);
	for (verb = 0; n >= of[verb]; verb++)
		n -= of[verb];
	/* it takes a process: not often */
	return verb == STRANGER && pick(rng, 16) ? NAP : verb;
}

/**
 * script_make - think of something to do
 * @s: filled
 * @seed: the same one makes the same script
 */
void script_make(struct script *s, uint64_t seed)
{
	uint64_t rng = seed;
	unsigned int i;

	*s = (struct script) { .seed = seed, .boxes = 1 + pick(&rng, BOXES) };
	s->threads = s->boxes;
	/* one thread alone knows more of what must come */
	if (pick(&rng, 4))
		s->threads += pick(&rng, THREADS - BOXES + 1);
	s->nr = 200 + pick(&rng, MAX_STEPS - 200);
	for (i = 0; i < s->nr; i++) {
		unsigned int thread = pick(&rng, s->threads);

		/* who submits has most to do */
		if (thread >= s->boxes && pick(&rng, 4) == 0)
			thread = pick(&rng, s->boxes);
		s->steps[i] = (struct step) {
			thread, pick_verb(&rng, thread < s->boxes), next(&rng)
		};
	}
	/* one in eight does not live to see its end */
	if (pick(&rng, 8) == 0)
		s->steps[pick(&rng, s->nr)].verb = DIE;
}

/**
 * script_print - write a script for people and for script_read()
 * @to: where
 * @s: what
 */
void script_print(FILE *to, const struct script *s)
{
	unsigned int i;

	fprintf(to, "seed %llu boxes %u threads %u\n", (unsigned long long)s->seed, s->boxes,
		s->threads);
	for (i = 0; i < s->nr; i++)
		fprintf(to, "%u %s %x\n", s->steps[i].thread, verb_names[s->steps[i].verb],
			s->steps[i].arg);
}

/**
 * script_read - read what script_print() wrote
 * @from: where; lines before the first one of a script are ignored
 * @s: filled
 *
 * Return: false when there is none.
 */
bool script_read(FILE *from, struct script *s)
{
	unsigned long long seed;
	unsigned int thread, arg, verb;
	char line[128], name[16];

	*s = (struct script) {};
	while (fgets(line, sizeof(line), from)) {
		if (sscanf(line, "seed %llu boxes %u threads %u", &seed, &s->boxes,
			   &s->threads) == 3) {
			s->seed = seed;
			continue;
		}
		if (!s->threads || s->nr == MAX_STEPS ||
		    sscanf(line, "%u %15s %x", &thread, name, &arg) != 3)
			continue;
		for (verb = 0; verb < VERBS && strcmp(name, verb_names[verb]) != 0; verb++)
			;
		if (verb < VERBS && thread < s->threads)
			s->steps[s->nr++] = (struct step) { thread, verb, arg };
	}
	return s->threads && s->boxes && s->boxes <= BOXES && s->boxes <= s->threads &&
	       s->threads <= THREADS;
}

/**
 * script_is_mortal - does the process die of it?
 * @s: the script
 *
 * Return: true when it does.
 */
bool script_is_mortal(const struct script *s)
{
	unsigned int i;

	for (i = 0; i < s->nr; i++)
		if (s->steps[i].verb == DIE)
			return true;
	return false;
}
