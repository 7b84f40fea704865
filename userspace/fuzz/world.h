/* SPDX-License-Identifier: MIT */
/*
 * What an input of the fuzzer works on, and how it is read.
 */
#ifndef CRING_FUZZ_WORLD_H
#define CRING_FUZZ_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/cring.h>

#define RINGS		2
#define BUFFER		0x10000

/* struct iovec, whoever reads it */
struct cring_iov {
	uint64_t base, len;
};

/* what is left of an input; zeros follow it */
struct input {
	const uint8_t *at, *end;
};

static inline uint64_t take(struct input *in, unsigned int bytes)
{
	uint64_t value = 0;
	unsigned int i;

	for (i = 0; i < bytes && in->at < in->end; i++)
		value |= (uint64_t)*in->at++ << 8 * i;
	return value;
}

static inline unsigned int pick(struct input *in, unsigned int n)
{
	return take(in, 1) % n;
}

/**
 * struct ring - an open device, perhaps a ring
 * @fd: its descriptor, or -1
 * @map: where it is mapped, in its place; or NULL
 * @size: of that
 * @shared: the first page, while all of it can be read and written
 * @params: as set up
 * @taken: what submitting has answered, in all
 * @tame: nothing was done to its memory that makes what is there untrue
 */
struct ring {
	int fd;
	void *map;
	size_t size;
	struct cring_shared *shared;
	struct cring_params params;
	uint64_t taken;
	bool tame;
};

/* where a ring is mapped, whatever it does there: nothing else is near it */
#define PLACE		0x1000000UL

extern uint8_t *places;
extern struct ring rings[RINGS];
extern uint8_t *buffer;

/* before the first input; NULL, or what is missing */
const char *world_begin(void);
/* before and after each */
void world_open(void);
void world_close(void);
/* a descriptor, of any kind or none */
int any_fd(struct input *in);
/* an address, good or bad; with @size 0 of a buffer of any length */
uint64_t any_address(struct input *in);
/* that of a copy of @size bytes at @from, or sometimes a bad one */
uint64_t address_of(struct input *in, const void *from, size_t size);
/* something for a pipe's or a socket's other end */
void feed(struct ring *r, struct input *in);

/* sqe.c: fill an SQE from the input; how many such there are to be */
unsigned int any_sqe(struct input *in, struct cring_sqe *sqe);
uint32_t any_cancel_flags(struct input *in);

/* memory.c: nothing is there any more */
void blank(void *at, size_t len);
void unmap(struct ring *r);
/* ... and what an input does */
void map(struct ring *r, struct input *in);
void poke(struct ring *r, struct input *in);
void change_mapping(struct ring *r, struct input *in);

/* call.c: do one thing that the input says */
void call(struct input *in);
/* all that is in flight is cancelled; is what the rings say of it right? */
const char *settle(void);

#endif /* CRING_FUZZ_WORLD_H */
