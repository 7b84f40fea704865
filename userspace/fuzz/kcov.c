// SPDX-License-Identifier: MIT
/*
 * KCOV's addresses as the engine's counters: one of two that follow each other
 * counts in the byte that both choose, so that another way to the same place is
 * something new.
 */
#include <fcntl.h>
#include <linux/kcov.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "kcov.h"

#define WORDS		(1U << 16)	/* of an area; the first one is how many */
#define COUNTERS	(1U << 16)
#define SEEN		(1U << 16)

/* whatever is not 0; children have it from their parent */
#define HANDLE		(KCOV_SUBSYSTEM_COMMON | 1)

/* libFuzzer looks for what is in this section */
__attribute__((section("__libfuzzer_extra_counters")))
static uint8_t counters[COUNTERS];

/* of the thread that works, and of those in the kernel that work for it */
static uint64_t *areas[2];
static uint64_t seen[SEEN];
static unsigned int nr_seen;

static uint64_t *area_open(int *fd)
{
	void *area;

	*fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	if (*fd < 0 || ioctl(*fd, KCOV_INIT_TRACE, (unsigned long)WORDS))
		return NULL;
	area = mmap(NULL, WORDS * sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	return area == MAP_FAILED ? NULL : area;
}

bool kcov_begin(void)
{
	struct kcov_remote_arg arg = {
		.trace_mode = KCOV_TRACE_PC, .area_size = WORDS, .common_handle = HANDLE,
	};
	int fd;

	areas[1] = area_open(&fd);
	return areas[1] && !ioctl(fd, KCOV_REMOTE_ENABLE, &arg);
}

bool kcov_begin_thread(void)
{
	int fd;

	areas[0] = area_open(&fd);
	return areas[0] && !ioctl(fd, KCOV_ENABLE, (unsigned long)KCOV_TRACE_PC);
}

void kcov_clear(void)
{
	__atomic_store_n(&areas[0][0], 0, __ATOMIC_RELAXED);
	__atomic_store_n(&areas[1][0], 0, __ATOMIC_RELAXED);
}

static uint64_t mix(uint64_t x)
{
	x *= 0x9e3779b97f4a7c15;
	return x ^ x >> 29;
}

static void note(uint64_t pc)
{
	unsigned int i = mix(pc) % SEEN;

	while (seen[i] && seen[i] != pc)
		i = (i + 1) % SEEN;
	if (seen[i] || nr_seen == SEEN / 2)
		return;
	seen[i] = pc;
	nr_seen++;
}

static void collect(const uint64_t *area)
{
	uint64_t n = __atomic_load_n(&area[0], __ATOMIC_RELAXED), i, before = 0;

	for (i = 1; i <= n && i < WORDS; i++) {
		uint64_t at = mix(area[i]);
		uint8_t *counter = &counters[(at ^ before) % COUNTERS];

		*counter += *counter < UINT8_MAX;
		before = at >> 1;
		note(area[i]);
	}
}

void kcov_collect(void)
{
	collect(areas[0]);
	collect(areas[1]);
}

unsigned int kcov_print(const char *path)
{
	FILE *to = fopen(path, "w");
	unsigned int i;

	for (i = 0; to && i < SEEN; i++)
		if (seen[i])
			fprintf(to, "%llx\n", (unsigned long long)seen[i]);
	if (to)
		fclose(to);
	return nr_seen;
}
