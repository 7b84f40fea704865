/* SPDX-License-Identifier: MIT */
/*
 * What the kernel has executed of the module, as a fuzzing engine's counters.
 */
#ifndef CRING_FUZZ_KCOV_H
#define CRING_FUZZ_KCOV_H

#include <stdbool.h>

/*
 * By the thread whose children are watched: what works for them elsewhere in the
 * kernel counts from then on.  False when this kernel cannot.
 */
bool kcov_begin(void);
/* by each of those; what it does in the kernel counts from then on */
bool kcov_begin_thread(void);
/* forget what was executed so far */
void kcov_clear(void);
/* add what was executed to the engine's counters */
void kcov_collect(void);
/* the addresses that were ever executed, a line each; how many there are */
unsigned int kcov_print(const char *path);

#endif /* CRING_FUZZ_KCOV_H */
