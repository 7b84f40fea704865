/* SPDX-License-Identifier: MIT */
/*
 * The two rings, behind the same few functions.
 */
#ifndef DIFFERENTIAL_SIDE_H
#define DIFFERENTIAL_SIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "script.h"
#include "world.h"

#define SQ_ENTRIES	32
#define CQ_ENTRIES	128

/* user_data of what has no key of its own */
#define OWN_KEY		100

struct answer {
	uint64_t user_data;
	int32_t res;
	uint32_t flags;
};

/**
 * struct ring_ops - what a script needs of a ring
 * @name: for messages
 * @open: make the ring, with the world's files and the arena as fixed ones
 * @close: give it back
 * @queue: the next SQE: @op with this user_data and this memory
 * @submit: all that is queued; how many were taken, or -errno
 * @wait: wait for a CQE, at most @ms; false when none came
 * @next: take the next CQE; false when there is none
 * @flush: let what is ready, but not posted, be posted
 * @sync_cancel: the synchronous cancel: its answer
 */
struct ring_ops {
	const char *name;
	int (*open)(bool defer, const struct world *w, void *arena,
		    size_t size);
	void (*close)(void);
	void (*queue)(const struct op *op, const struct world *w,
		      uint64_t user_data, void *mem);
	int (*submit)(void);
	bool (*wait)(unsigned int ms);
	bool (*next)(struct answer *a);
	void (*flush)(void);
	int (*sync_cancel)(const struct op *op, const struct world *w);
};

extern const struct ring_ops uring_ops, cring_ops;

#endif /* DIFFERENTIAL_SIDE_H */
