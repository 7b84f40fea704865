// SPDX-License-Identifier: MIT
/*
 * What an input does to the memory of the rings.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "world.h"

void blank(void *at, size_t len)
{
	if (mmap(at, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
		 -1, 0) == MAP_FAILED)
		abort();
}

static uint8_t *place_of(const struct ring *r)
{
	return places + (r - rings) * (ptrdiff_t)PLACE;
}

/* all of its place, so that nobody else ever gets a part of it */
void unmap(struct ring *r)
{
	blank(place_of(r), PLACE);
	r->map = NULL;
	r->shared = NULL;
}

void map(struct ring *r, struct input *in)
{
	bool odd = pick(in, 16) == 15;
	int prot = odd ? pick(in, 8) : PROT_READ | PROT_WRITE;
	int how = odd ? pick(in, 4) : MAP_SHARED;
	off_t off = odd ? (off_t)pick(in, 3) << 12 : 0;
	void *at;

	unmap(r);
	r->size = odd ? (size_t)pick(in, 8) << 12 : r->params.mmap_size;
	if (r->size > PLACE / 2)
		return;
	at = mmap(place_of(r), r->size, prot, how | MAP_FIXED, r->fd, off);
	if (at == MAP_FAILED) {
		/* it may have made a hole first */
		unmap(r);
		return;
	}
	r->map = at;
	if (!odd)
		r->shared = at;
	else
		r->tame = false;
}

void poke(struct ring *r, struct input *in)
{
	unsigned int what = pick(in, 4), value = pick(in, 4) ? take(in, 1) : take(in, 4);

	if (!r->shared)
		return;
	switch (what) {
	case 0:
		r->shared->sq_tail += (int8_t)value;
		break;
	case 1:
		r->shared->cq_head = value;
		break;
	case 2:
		((uint8_t *)r->map)[take(in, 2) % r->size] = value;
		r->tame = false;
		break;
	default:
		__atomic_store_n(&r->shared->cq_head, r->shared->cq_tail, __ATOMIC_RELEASE);
	}
}

void change_mapping(struct ring *r, struct input *in)
{
	unsigned int what = pick(in, 8);
	uint8_t *at = (uint8_t *)r->map + ((size_t)pick(in, 4) << 12);
	size_t len = (size_t)(1 + pick(in, 3)) << 12;

	if (!r->map || at + len > (uint8_t *)r->map + r->size)
		return;
	r->tame = false;
	r->shared = NULL;
	switch (what) {
	case 0:
		munmap(at, len);
		blank(at, len);
		break;
	case 1:
		if (mremap(at, len, len * 2, MREMAP_MAYMOVE | MREMAP_FIXED,
			   place_of(r) + PLACE / 2) != MAP_FAILED)
			blank(at, len);
		break;
	case 2:
		madvise(at, len, pick(in, 24));
		break;
	case 3:
		blank(at, len);
		mprotect(at, len, PROT_READ);
		break;
	default:
		mprotect(at, len, pick(in, 8));
	}
}

