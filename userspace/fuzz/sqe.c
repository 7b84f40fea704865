// SPDX-License-Identifier: MIT
/*
 * SQEs from an input.  What an input says nothing of is zero, so that a short one
 * is a good SQE, and a bit each decides whether a field has anything.
 */
#include "world.h"

static const uint8_t opcodes[] = {
	CRING_OP_NOP, CRING_OP_READV, CRING_OP_WRITEV, CRING_OP_FSYNC, CRING_OP_READ_FIXED,
	CRING_OP_WRITE_FIXED, CRING_OP_POLL_ADD, CRING_OP_POLL_REMOVE, CRING_OP_SYNC_FILE_RANGE,
	CRING_OP_TIMEOUT, CRING_OP_TIMEOUT_REMOVE, CRING_OP_ASYNC_CANCEL, CRING_OP_LINK_TIMEOUT,
	CRING_OP_FALLOCATE, CRING_OP_READ, CRING_OP_WRITE, CRING_OP_COPY_FILE_RANGE,
	CRING_OP_PROVIDER_FIRST,
};

static const struct cring_timespec times[] = {
	{ 0, 0 }, { 0, 50000 }, { 0, 2000000 }, { 100000, 0 }, { -1, 0 }, { 0, -1 },
	{ 0, 1000000000 }, { 0x7fffffffffffffff, 999999999 }, { 0x200000000, 0 },
};

uint32_t any_cancel_flags(struct input *in)
{
	uint32_t flags = take(in, 1);

	return (flags & 0x3f) | (flags >> 6) << 16 | (pick(in, 32) == 31 ? take(in, 4) : 0);
}

static uint64_t any_number(struct input *in)
{
	unsigned int n = pick(in, 8);

	return n == 7 ? take(in, 8) : n == 6 ? -take(in, 1) : n == 5 ? take(in, 4) : take(in, 1);
}

static uint64_t any_time(struct input *in)
{
	unsigned int n = pick(in, sizeof(times) / sizeof(times[0]));

	return address_of(in, &times[n], sizeof(times[n]));
}

static void any_vectors(struct input *in, struct cring_sqe *sqe)
{
	struct cring_iov iov[10];
	unsigned int i, n = pick(in, 11);

	for (i = 0; i < n; i++) {
		iov[i].base = any_address(in);
		iov[i].len = pick(in, 8) ? take(in, 1) : any_number(in);
	}
	sqe->addr = address_of(in, iov, sizeof(iov));
	sqe->len = pick(in, 16) ? n : any_number(in);
}

static void any_memory(struct input *in, struct cring_sqe *sqe)
{
	switch (sqe->opcode) {
	case CRING_OP_READV:
	case CRING_OP_WRITEV:
		any_vectors(in, sqe);
		break;
	case CRING_OP_TIMEOUT:
	case CRING_OP_LINK_TIMEOUT:
		sqe->addr = any_time(in);
		sqe->len = pick(in, 16) != 15;
		break;
	case CRING_OP_TIMEOUT_REMOVE:
		sqe->addr = take(in, 1) & 7;
		sqe->addr2 = pick(in, 2) ? any_time(in) : 0;
		break;
	case CRING_OP_ASYNC_CANCEL:
	case CRING_OP_POLL_REMOVE:
		sqe->addr = take(in, 1) & 7;
		break;
	case CRING_OP_FALLOCATE:
		sqe->addr = any_number(in);
		sqe->len = pick(in, 4);
		break;
	case CRING_OP_PROVIDER_FIRST:
		/* ms until it can be cancelled, and for how long */
		sqe->addr = pick(in, 16);
		sqe->len = pick(in, 16);
		break;
	case CRING_OP_COPY_FILE_RANGE:
		sqe->off_in = any_number(in);
		sqe->len = any_number(in);
		break;
	default:
		sqe->addr = any_address(in);
		sqe->len = pick(in, 4) ? take(in, 1) : any_number(in);
	}
}

unsigned int any_sqe(struct input *in, struct cring_sqe *sqe)
{
	unsigned int what = take(in, 2), n = take(in, 1);

	*sqe = (struct cring_sqe) {};
	sqe->opcode = n < 8 * sizeof(opcodes) ? opcodes[n % sizeof(opcodes)] : take(in, 1);
	sqe->user_data = take(in, 1) & 7;
	if (what & 1)
		sqe->fd = any_fd(in);
	if (what & 2)
		any_memory(in, sqe);
	if (what & 4)
		sqe->flags = take(in, 1);
	if (what & 8)
		sqe->off = any_number(in);
	if (what & 0x10)
		sqe->op_flags = sqe->opcode == CRING_OP_ASYNC_CANCEL ? any_cancel_flags(in) :
				pick(in, 8) ? take(in, 1) : take(in, 4);
	if (what & 0x20)
		sqe->group = take(in, 1) & 3;
	if (what & 0x40) {
		sqe->xflags = pick(in, 8);
		sqe->deadline = pick(in, 4) ? take(in, 2) << 8 : any_number(in);
	}
	if (what & 0x80)
		sqe->xflags |= CRING_SQE_X_DETACH;
	if (what & 0x100)
		sqe->buf_index = take(in, 1);
	if (what & 0x200)
		sqe->fd_in = any_fd(in);
	if (what & 0x400)
		sqe->ioprio = take(in, 2);
	if (what & 0x800)
		sqe->fd = pick(in, 4);
	if (what & 0x1000)
		((uint8_t *)sqe)[take(in, 1) % sizeof(*sqe)] ^= take(in, 1);
	return what & 0x2000 ? 1 + pick(in, 32) : 1;
}
