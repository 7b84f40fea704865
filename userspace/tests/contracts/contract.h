/* SPDX-License-Identifier: MIT */
/*
 * What the contracts share.  A contract is a folder: a reference, whose promises
 * are numbered in the comment at the head of its program, in our words.  The
 * tests of promise 3 are called p03_...; scripts/contracts prints the table.
 */
#ifndef CRING_TESTS_CONTRACT_H
#define CRING_TESTS_CONTRACT_H

#include "util.h"
#include "cancel_util.h"

/* Shown below promise @nr: what the reference itself answers, or a figure. */
#define contract_note(nr, ...) do {					\
	printf("# p%02d: ", nr);					\
	printf(__VA_ARGS__);						\
	printf("\n");							\
	fflush(stdout);							\
} while (0)

#endif /* CRING_TESTS_CONTRACT_H */
