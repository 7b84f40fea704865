/* SPDX-License-Identifier: MIT */
/*
 * What Documentation/abi.rst says of SQEs and keys, written from that page alone:
 * nothing here, or in abi.c, knows the module.
 */
#ifndef CRING_FUZZ_ABI_H
#define CRING_FUZZ_ABI_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include <linux/cring.h>

/*
 * A set of answers: bit 0 for what is well-formed, bit n for -n.  Where the page does
 * not say which of two errors comes first, both are right.
 */
typedef unsigned __int128 answers;

#define ANSWER(res)	((answers)1 << -(res))
#define FINE		ANSWER(0)

/**
 * struct abi_file - what an SQE can name
 * @path: opened with O_PATH
 * @ring: a ring
 * @readable: open for reading
 * @writable: for writing
 * @reads: has a method for it
 * @writes: likewise
 * @position: has one
 * @worker: S5 lets workers run it
 */
struct abi_file {
	bool path, ring, readable, writable, reads, writes, position, worker;
};

/* what the submitter's memory is like */
enum abi_memory {
	ABI_NO_ADDRESS,		/* no user's: -EFAULT */
	ABI_UNREADABLE,		/* could be, but is not there */
	ABI_READABLE,
};

/**
 * struct abi_ring - a ring, as far as it matters
 * @thread: it has one, which submits
 * @detached: how many operations with DETACH it admits ...
 * @detaching: ... and has in flight
 * @user_detached: how many more its user may have
 * @privileged: the submitter may ask for a real-time I/O priority
 * @may: what it is restricted to, or NULL
 * @file: the file of a descriptor, or slot; NULL when there is none
 * @memory: what is there
 * @buffer: whether the bytes are inside the fixed buffer of that slot
 */
struct abi_ring {
	bool thread;
	unsigned int detached, detaching, user_detached;
	bool privileged;
	const struct cring_restrict *may;
	const struct abi_file *(*file)(int32_t fd, bool slot);
	enum abi_memory (*memory)(unsigned long long addr, unsigned long long len);
	bool (*buffer)(unsigned int slot, unsigned long long addr, unsigned long long len);
};

/* what each SQE of one submit call ends in, if it is refused at once */
void abi_batch(struct abi_ring *ring, const struct cring_sqe *sqes, unsigned int nr,
	       answers *out);
/* how many of them are accepted when there are @slots: a chain is whole or not at all */
unsigned int abi_accepted(const struct cring_sqe *sqes, unsigned int nr, unsigned int slots);
/* does the operation have a file? */
bool abi_has_file(uint8_t opcode);

/* struct cring_cancel, but for its keys: 0 or -EINVAL */
int abi_call(const struct cring_cancel *call);
/* one key; @wide: of a call with PROCESS or THREAD */
answers abi_key(const struct abi_ring *ring, const struct cring_cancel_key *key, bool wide);

/**
 * struct abi_op - an operation in flight
 * @user_data: from the SQE
 * @ticket: as counted
 * @group: from the SQE
 * @opcode: from the SQE
 * @file: which open file, or NULL
 */
struct abi_op {
	uint64_t user_data, ticket;
	uint32_t group;
	uint8_t opcode;
	const void *file;
};

/* does a good key mean it?  @file: what the key's fd names, if FD is there */
bool abi_meant(const struct cring_cancel_key *key, const void *file, const struct abi_op *op);

#endif /* CRING_FUZZ_ABI_H */
