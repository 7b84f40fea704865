/* SPDX-License-Identifier: MIT */
/* How much memory the machine has left. */
#ifndef CRING_TESTS_MEMINFO_H
#define CRING_TESTS_MEMINFO_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* a line of /proc/meminfo, in KiB; -1 when there is none */
static inline long meminfo(const char *name)
{
	char line[128];
	long kb = -1;
	FILE *f = fopen("/proc/meminfo", "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)) &&
		    line[strlen(name)] == ':')
			kb = atol(line + strlen(name) + 1);
	if (f)
		fclose(f);
	return kb;
}

/* Free pages that the allocator keeps in lists a CPU, and counts as used. */
static inline long pcp_kb(void)
{
	char line[128];
	long n, pages = 0;
	FILE *f = fopen("/proc/zoneinfo", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, " count: %ld", &n) == 1)
			pages += n;
	if (f)
		fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Bytes that are free, those lists too. */
static inline long mem_free(void)
{
	return (meminfo("MemFree") + pcp_kb()) * 1024;
}

#endif /* CRING_TESTS_MEMINFO_H */
