// SPDX-License-Identifier: MIT
/*
 * A plugin of QEMU's emulation that counts how often each instruction of the
 * guest is executed between the marks of userspace/bench/bench.h, and writes at
 * the end "address count", in hexadecimal and decimal, a line each.
 *
 *	-plugin count_insns.so,out=FILE
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu_plugin.h"

#define MOST	2097152U	/* instructions: more than a kernel executes */

int qemu_plugin_version = 1;

/* counted: all the time; before: at the last start; sum: within the marks */
static struct insn {
	unsigned long addr, counted, before, sum;
} *insns;
static unsigned int nr_insns, *slots;	/* a hash table of addr: index + 1 */
static const char *out;

static struct insn *find(unsigned long addr)
{
	unsigned int slot = (unsigned int)(addr * 0x9e3779b97f4a7c15UL >> 42);

	for (; slots[slot]; slot = (slot + 1) % (2 * MOST)) {
		if (insns[slots[slot] - 1].addr == addr)
			return &insns[slots[slot] - 1];
	}
	if (nr_insns == MOST) {
		fprintf(stderr, "count_insns: more than %u instructions\n", MOST);
		exit(1);
	}
	insns[nr_insns].addr = addr;
	slots[slot] = ++nr_insns;
	return &insns[nr_insns - 1];
}

static void start(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	for (unsigned int i = 0; i < nr_insns; i++)
		insns[i].before = insns[i].counted;
}

/* What was translated since the start began at 0. */
static void stop(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	for (unsigned int i = 0; i < nr_insns; i++)
		insns[i].sum += insns[i].counted - insns[i].before;
}

static void reset(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	for (unsigned int i = 0; i < nr_insns; i++)
		insns[i].sum = 0;
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	static const exec_callback marks[] = { start, stop, reset };
	static const unsigned char mark[] = { 0x0f, 0x1f, 0x80, 'c', 'r', 'n' };
	struct qemu_plugin_insn *insn;
	const unsigned char *bytes;
	struct insn *where;
	size_t i, n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (i = 0; i < n; i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		bytes = qemu_plugin_insn_data(insn);
		if (qemu_plugin_insn_size(insn) == sizeof(mark) + 1 &&
		    !memcmp(bytes, mark, sizeof(mark)) &&
		    bytes[6] >= 'g' && bytes[6] <= 'i')
			qemu_plugin_register_vcpu_insn_exec_cb(insn, marks[bytes[6] - 'g'],
							       QEMU_PLUGIN_NO_REGISTERS, NULL);
		where = find(qemu_plugin_insn_vaddr(insn));
		qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD,
							   &where->counted, 1);
	}
}

static void ended(uint64_t id, void *data)
{
	FILE *f = fopen(out, "w");

	(void)id;
	(void)data;
	if (!f) {
		perror(out);
		return;
	}
	for (unsigned int i = 0; i < nr_insns; i++) {
		if (insns[i].sum)
			fprintf(f, "%lx %lu\n", insns[i].addr, insns[i].sum);
	}
	fclose(f);
}

int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			out = strdup(argv[i] + 4);
	}
	insns = calloc(MOST, sizeof(*insns));
	slots = calloc(2 * (size_t)MOST, sizeof(*slots));
	if (!out || !insns || !slots)
		return 1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, ended, NULL);
	return 0;
}
