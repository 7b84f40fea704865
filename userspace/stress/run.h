/* SPDX-License-Identifier: MIT */
/*
 * A run of many rounds.
 */
#ifndef CRING_STRESS_RUN_H
#define CRING_STRESS_RUN_H

#include <stdbool.h>
#include <stdint.h>

/* before all else; NULL, or what could not be made */
const char *stress_begin(void);
void stress_end(void);

/* also when one has failed, which is not made shorter then */
#define STRESS_GO_ON	1
/* one at a time, with rests: where something else is measured */
#define STRESS_LIGHT	2

bool stress_run(uint64_t seed, uint64_t ns, unsigned int how);
bool stress_replay(const char *path, int times);

/* what was counted, as text */
void stress_tell(uint64_t ns);

#endif /* CRING_STRESS_RUN_H */
