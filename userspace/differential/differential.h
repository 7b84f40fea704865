/* SPDX-License-Identifier: MIT */
/*
 * A run of many scripts.
 */
#ifndef DIFFERENTIAL_H
#define DIFFERENTIAL_H

#include <stdint.h>

unsigned int differential(uint64_t first, uint64_t nr, unsigned int jobs);

#endif /* DIFFERENTIAL_H */
