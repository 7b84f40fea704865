// SPDX-License-Identifier: MIT
/*
 * Makes a script that shows a difference shorter, as long as it still shows one.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "play.h"

/* in a process of its own, with rings of its own */
static bool still_fails(const struct script *s)
{
	char error[256];
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		lost_ms /= 5;
		verbose = false;
		_exit(!play_script(s, error, sizeof(error)));
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid &&
	       !(WIFEXITED(status) && WEXITSTATUS(status) != 1);
}

static bool drop_step(struct script *s, unsigned int i)
{
	struct script t = *s;

	memmove(&t.steps[i], &t.steps[i + 1],
		(MAX_STEPS - 1 - i) * sizeof(t.steps[0]));
	t.nr--;
	if (!still_fails(&t))
		return false;
	*s = t;
	return true;
}

static bool drop_op(struct script *s, unsigned int i, unsigned int j)
{
	struct script t = *s;
	struct step *st = &t.steps[i];

	memmove(&st->ops[j], &st->ops[j + 1],
		(MAX_BATCH - 1 - j) * sizeof(st->ops[0]));
	st->nr--;
	if (!still_fails(&t))
		return false;
	*s = t;
	return true;
}

static bool drop_flag(struct script *s, unsigned int i, unsigned int j,
		      unsigned int flag)
{
	struct script t = *s;

	if (!(t.steps[i].ops[j].flags & flag))
		return false;
	t.steps[i].ops[j].flags &= (uint8_t)~flag;
	if (!still_fails(&t))
		return false;
	*s = t;
	return true;
}

/**
 * shrink - leave out what can be left out
 * @s: fails with rings of its own, or is left as it is
 */
void shrink(struct script *s)
{
	unsigned int i, j, bit;
	bool again = still_fails(s);

	if (!again)
		printf("alone, seed %llu shows no difference\n",
		       (unsigned long long)s->seed);
	while (again) {
		again = false;
		for (i = s->nr; i-- > 0;)
			again |= drop_step(s, i);
		for (i = 0; i < s->nr; i++)
			for (j = s->steps[i].nr; j-- > 0;)
				again |= drop_op(s, i, j);
		for (i = 0; i < s->nr; i++)
			for (j = 0; j < s->steps[i].nr; j++)
				for (bit = 1; bit < 128; bit <<= 1)
					again |= drop_flag(s, i, j, bit);
	}
}
