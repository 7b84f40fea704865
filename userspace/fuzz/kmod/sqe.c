// SPDX-License-Identifier: MIT
/*
 * A fuzzer, for libFuzzer, of what a batch of SQEs is answered when it is accepted:
 * the module's own files, held against what the ABI's page says (abi.c).
 */
#include <stdio.h>

#include "world.h"

#define SQ		16
#define CQ		32
#define BATCH		8

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static const struct cring_timespec times[] = {
	{ 0, 0 }, { 1, 999999999 }, { -1, 0 }, { 0, -1 }, { 0, 1000000000 },
	{ 0x7fffffffffffffff, 999999999 },
};

static u64 any_address(struct input *in)
{
	static const u64 some[] = {
		0, 0x10000, 0x12000, 0x12064, USER_END, USER_END - 0x1800, 0xffff888000000000,
		BIG_BUFFER,
	};
	unsigned int n = pick(in, ARRAY_SIZE(some) + 3);

	if (n < ARRAY_SIZE(some))
		return some[n] + (s64)(s8)take(in, 1);
	return n == ARRAY_SIZE(some) ? any_number(in) :
	       (uintptr_t)user_memory + pick(in, 16) * 256 + (pick(in, 8) == 7 ? 4096 : 0);
}

/* what the operation uses, so that most are nearly right */
static void fill(struct input *in, struct cring_sqe *sqe, unsigned int what)
{
	if (what & 1)
		sqe->fd = any_fd(in);
	if (what & 2)
		sqe->off = any_number(in);
	if (what & 4)
		sqe->addr = any_address(in);
	if (what & 8)
		sqe->len = any_number(in);
	if (what & 16)
		sqe->op_flags = any_number(in);
	if (what & 32)
		sqe->buf_index = pick(in, 4);
	switch (sqe->opcode) {
	case CRING_OP_COPY_FILE_RANGE:
		sqe->fd_in = any_fd(in);
		sqe->off_in = any_number(in);
		break;
	case CRING_OP_TIMEOUT:
	case CRING_OP_LINK_TIMEOUT:
		sqe->len ^= 1;
		sqe->addr = (uintptr_t)user_memory + 2048 + 16 * pick(in, 8);
		break;
	case CRING_OP_ASYNC_CANCEL:
		sqe->cancel_flags = any_cancel_flags(in);
		break;
	case CRING_OP_FALLOCATE:
		sqe->addr = any_number(in);
	}
	if (what & 64)
		sqe->ioprio = take(in, 2);
}

static void any_sqe(struct input *in, struct cring_sqe *sqe)
{
	unsigned int what, more;

	*sqe = (struct cring_sqe) { .opcode = any_opcode(in), .user_data = take(in, 1) };
	what = take(in, 1);
	fill(in, sqe, what);
	if (!(what & 128))
		return;
	more = take(in, 1);
	if (more & 1)
		sqe->flags = take(in, 1);
	if (more & 2)
		sqe->xflags = take(in, 1) & 7;
	if (more & 4)
		sqe->group = any_number(in);
	if (more & 8)
		sqe->deadline = any_number(in);
	if (more & 16)
		sqe->xflags |= take(in, 4);
	/* any bit of any field */
	for (more >>= 6; more; more--)
		((u8 *)sqe)[pick(in, sizeof(*sqe))] ^= 1 << pick(in, 8);
}

static void memory_begin(struct input *in)
{
	unsigned int i;

	/* vectors, and times */
	for (i = 0; i < 2048 / sizeof(struct iovec); i++)
		((struct iovec *)user_memory)[i] = (struct iovec) {
			(void *)0x10000, i == 37 ? -1UL : i == 41 ? 16 << 20 : i,
		};
	((struct iovec *)user_memory)[53].iov_base = (void *)USER_END;
	for (i = 0; i < 2048 / sizeof(times[0]); i++)
		((struct cring_timespec *)user_memory)[128 + i] = times[i % ARRAY_SIZE(times)];
	if (take(in, 1) & 1)
		for (i = 0; i < 64; i++)
			((u64 *)user_memory)[i] = any_number(in);
}

/* so much of the CQ is free, and of the pool some is elsewhere */
static unsigned int slots_begin(struct input *in)
{
	struct cring_ring *ring = &world.ring;
	unsigned int used = pick(in, CQ + 1), gone = pick(in, 4), i;

	ring->finished = (u64)take(in, 1) << 28;
	ring->accepted = ring->finished + used / 2;
	ring->cq_tail = used - used / 2;
	for (i = 0; i < CQ; i++) {
		if (i < gone)
			llist_add(&ring->pool[i].free_node, &ring->freed);
		else
			ring->pool[i].free_node.next = ring->free;
		if (i >= gone)
			ring->free = &ring->pool[i].free_node;
	}
	return CQ - used;
}

static void check_answer(answers right, int res, unsigned int i, const struct cring_sqe *sqe)
{
	expect(res <= 0 && res > -128, "the answer %d", res);
	expect(right & ANSWER(res), "SQE %u, opcode %u: the answer is %d, and not in %#llx%016llx",
	       i, sqe->opcode, res, (u64)(right >> 64), (u64)right);
}

/* what was copied */
static void check_req(const struct cring_req *req, const struct cring_sqe *sqe, u64 ticket,
		      bool last)
{
	bool cancel = sqe->opcode == CRING_OP_ASYNC_CANCEL;
	bool by_fd = cancel && sqe->cancel_flags & CRING_ASYNC_CANCEL_FD;
	bool slot = cancel ? sqe->cancel_flags & CRING_ASYNC_CANCEL_FD_FIXED :
		    sqe->flags & CRING_SQE_FIXED_FILE;
	struct file *file = NULL;

	if (abi_has_file(sqe->opcode) || by_fd)
		file = world_file(sqe->fd, slot);
	if (cancel && file && file->f_op == &cring_fops)
		file = NULL;
	expect(req->file == file, "another file");
	expect(req->user_data == sqe->user_data && req->opcode == sqe->opcode &&
	       req->ticket == ticket && req->group == (cancel ? 0 : sqe->group), "another key");
	expect((req->sqe_flags & ~CRING_SQE_IO_DRAIN) ==
	       (sqe->flags & ~CRING_SQE_IO_DRAIN & ~(last ? CRING_LINKS : 0)), "other flags");
	expect(!cancel || (req->match.user_data == sqe->addr && req->match.ticket == sqe->off &&
			   req->match.flags == sqe->cancel_flags &&
			   req->match.group == sqe->group && req->match.opcode == sqe->len),
	       "another key to cancel");
}

/* as cring_submit() does it */
static void submit(struct input *in, struct cring_sqe *sqes, unsigned int nr)
{
	struct cring_ring *ring = &world.ring;
	struct cring_sqe ordered[BATCH];
	struct cring_accept a = { .ring = ring };
	unsigned int slots = slots_begin(in), nops, want, i;
	u64 ticket = ring->accepted;
	answers right[BATCH];
	bool short_of_slots;

	for (i = 0; i < nr; i++)
		ordered[i] = sqes[(ring->sq_head + i) & ring->sq_mask];
	nops = cring_nops(ring, nr);
	want = abi_accepted(ordered, nr, slots);
	abi_batch(&world.abi, ordered, want, right);
	expect(nops <= want, "%u NOPs of %u", nops, want);
	for (i = 0; i < nops; i++) {
		const struct cring_cqe *cqe = &ring->cqes[(ring->cq_tail - nops + i) & (CQ - 1)];

		check_answer(right[i], cqe->res, i, &ordered[i]);
		expect(cqe->user_data == ordered[i].user_data && !cqe->flags, "another's CQE");
	}
	short_of_slots = cring_accept(&a, nr - nops);
	expect(a.nr == want - nops, "%u are accepted, not %u", a.nr, want - nops);
	expect(short_of_slots == (want < nr), "whether there are slots enough");
	for (i = 0; i < a.nr; i++) {
		struct cring_req *req = ring->batch[i];
		const struct cring_sqe *sqe = &ordered[nops + i];
		int res = req->flags & CRING_REQ_FAILED ? req->res : 0;
		bool last = i + 1 == a.nr;

		check_answer(right[nops + i], res, nops + i, sqe);
		if (!res)
			check_req(req, sqe, ticket + nops + i, last);
	}
	for (i = 0; i < a.nr; i++) {
		list_del_init(&ring->batch[i]->chain);
		cring_req_release(ring->batch[i], false);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, data + size };
	struct cring_ring *ring = &world.ring;
	struct cring_req *batch[BATCH];
	u64 batch_data[BATCH];
	unsigned int nr, i;

	world_begin(&in, CQ);
	memory_begin(&in);
	ring->sq_mask = SQ - 1;
	ring->sq_head = (u8)take(&in, 1) - 128;
	ring->sqes = calloc(SQ, sizeof(*ring->sqes));
	ring->batch = batch;
	ring->batch_data = batch_data;
	nr = 1 + pick(&in, BATCH);
	for (i = 0; i < nr; i++)
		any_sqe(&in, &ring->sqes[(ring->sq_head + i) & ring->sq_mask]);
	submit(&in, ring->sqes, nr);
	free(ring->sqes);
	world_end();
	return 0;
}
