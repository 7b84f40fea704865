/* SPDX-License-Identifier: MIT */
/*
 * Each operation, in each way to end it, on STORAGE that hangs: by every key,
 * plain and with DETACH; by a deadline; by a group and its seal; by the end of
 * its process.  All of it hangs at once, so that storage which takes long to
 * answer has to answer once only.
 */
#ifndef CRING_TESTS_HUNG_MATRIX_H
#define CRING_TESTS_HUNG_MATRIX_H

#include "hung_owner.h"

/* What a test of one ring has, and is called with. */
#define UNUSED	__attribute__((unused))
#define CELL	struct __test_metadata *_metadata, \
		FIXTURE_DATA(hung) *self UNUSED, struct cring *ring, \
		enum hung_op op UNUSED

/* --- C4, C10: every key ------------------------------------------------- */

/* of those, one is on a fixed file */
#define FIXED	5

static void put_for_keys(CELL, enum hung_way way)
{
	unsigned int i;

	ASSERT_EQ(0, cring_register_files(ring, &self->fd[op], 1));
	for (i = 0; i < NR; i++) {
		struct cring_sqe *sqe = put_op(way, op, i, way == DETACHED);

		sqe->group = i + 1;
		if (i == FIXED) {
			sqe->fd = 0;
			sqe->flags |= CRING_SQE_FIXED_FILE;
		}
		EXPECT_EQ(i, cring_sqe_ticket(ring, sqe));
	}
	submit_and_sentinel(ring, NR);
}

static void put_plain(CELL)
{
	put_for_keys(_metadata, self, ring, op, PLAIN);
}

static void put_detached(CELL)
{
	put_for_keys(_metadata, self, ring, op, DETACHED);
}

/* The last one takes all that is left. */
static void keys_of(FIXTURE_DATA(hung) *self, enum hung_op op,
		    struct cring_cancel_key keys[NR])
{
	int fd = self->fd[op];
	const struct cring_cancel_key all[NR] = {
		{ .user_data = 0 },
		{ .flags = C_TICKET, .ticket = 1 },
		{ .flags = C_GROUP, .group = 2 + 1 },
		{ .flags = C_FD | C_UD, .fd = fd, .user_data = 3 },
		{ .flags = C_FD, .fd = fd },
		[FIXED] = { .flags = C_FIXED, .fd = 0 },
		{ .flags = C_OP, .opcode = op == FSYNC_ ? CRING_OP_FSYNC :
			op_reads(op) ? CRING_OP_READ : CRING_OP_WRITE },
		{ .flags = C_ANY },
		{ .flags = C_ANY | C_ALL },
	};

	memcpy(keys, all, sizeof(all));
}

static void cancel_plain(CELL)
{
	struct cring_cancel_key keys[NR];
	unsigned int i;

	EXPECT_EQ(1, cq_count(ring))
		OP_LOG(op);
	reap_all(ring);
	keys_of(self, op, keys);
	for (i = 0; i < NR; i++)
		ASSERT_EQ(0, cancel_call(ring->ring_fd, &keys[i], 1, 0, 0));
	for (i = 0; i < NR - 1; i++)
		EXPECT_EQ(-EALREADY, keys[i].res)
			TH_LOG("%s by key %u", op_names[op], i);
	EXPECT_GE(keys[NR - 1].res, 1)
		OP_LOG(op);
	EXPECT_EQ(keys[NR - 1].already, (uint32_t)keys[NR - 1].res)
		OP_LOG(op);
	if (op_yields(op))
		settle(ring);
	if (op_stays(op))
		EXPECT_EQ(NR, keys[NR - 1].res)
			OP_LOG(op);
}

static void still_plain(CELL)
{
	if (op_stays(op))
		EXPECT_EQ(NR, load_acquire(&shared_of(ring)->in_flight))
			OP_LOG(op);
}

/* What has not been told to stop in time has done all it was to do. */
static void over_plain(CELL)
{
	unsigned int i;

	expect_one_each(ring, 0, NR);
	for (i = 0; i < NR && !FUSE_STORAGE; i++) {
		int res = res_of(ring, i);
		uint64_t off = page_of(PLAIN, op, i);

		EXPECT_TRUE(res == -ECANCELED || res == op_len(op))
			TH_LOG("%s: %d", op_names[op], res);
		if (op_reads(op) && res == (int)PAGE && HAS_DATA)
			EXPECT_TRUE(is_filled_at(self->buf + off, PAGE,
						 HUNG_SEED, off));
	}
}

static void cancel_detached(CELL)
{
	char *buf = self->buf + page_of(DETACHED, op, 0);
	struct cring_cancel_key keys[NR];
	uint64_t start = now_ns();
	unsigned int i;

	EXPECT_EQ(1, cq_count(ring))
		OP_LOG(op);
	reap_all(ring);
	keys_of(self, op, keys);
	for (i = 0; i < NR; i++) {
		ASSERT_EQ(0, cancel_call(ring->ring_fd, &keys[i], 1, 0, 0));
		EXPECT_EQ(i < NR - 1 ? 0 : 1, keys[i].res)
			TH_LOG("%s by key %u", op_names[op], i);
		EXPECT_EQ(0, keys[i].already);
		EXPECT_EQ(i + 1, cq_count(ring))
			TH_LOG("%s by key %u", op_names[op], i);
	}
	EXPECT_SOON(start, AT_ONCE_NS);
	/* each had been started: what a write did is unknown */
	for (i = 0; i < NR; i++) {
		expect_res(ring, i, -ECANCELED);
		EXPECT_EQ(0, cq_peek(ring, i)->flags)
			OP_LOG(op);
	}
	EXPECT_EQ(0, load_acquire(&shared_of(ring)->in_flight));
	reap_all(ring);
	if (op_stays(op))
		EXPECT_EQ(-EAGAIN, room(ring, 1))
			OP_LOG(op);
	/* its worker has been told, too */
	if (op_yields(op))
		EXPECT_TRUE(wait_until(room(ring, NR) == 0))
			OP_LOG(op);
	memset(buf, 0xdd, NR * PAGE);
}

/* All of them have ended when there is room for as many as ever. */
static void over_detached(CELL)
{
	char *buf = self->buf + page_of(DETACHED, op, 0);

	EXPECT_TRUE(wait_until(room(ring, NR) == 0))
		OP_LOG(op);
	EXPECT_TRUE(is_byte(buf, NR * PAGE, 0xdd))
		OP_LOG(op);
}

/* --- C13: deadlines ----------------------------------------------------- */

enum { IN_TIME, TOLD, MOVED, NOBODYS };
#define DEADLINE_NS	(100 * NSEC_PER_MSEC)

static void put_deadlines(CELL)
{
	cring_sqe_set_deadline(put_op(DEADLINES, op, IN_TIME, true),
			       DEADLINE_NS);
	put_op(DEADLINES, op, TOLD, false);
	put_op(DEADLINES, op, MOVED, true);
	/* and one that nobody stops */
	put_op(DEADLINES, op, NOBODYS, true);
	submit_and_sentinel(ring, 4);
}

static void expire(CELL)
{
	struct cring_cancel_key told = { .user_data = TOLD };
	struct cring_cancel_key moved = { .user_data = MOVED };
	uint64_t start = now_ns();

	await(ring, IN_TIME);
	EXPECT_SOON(start, AT_ONCE_NS);
	expect_res(ring, IN_TIME, -ETIME);

	expect_pending(ring, TOLD);
	expect_pending(ring, MOVED);
	EXPECT_EQ(0, cring_deadline_move(ring, &told, DEADLINE_NS, 0));
	start = now_ns();
	EXPECT_EQ(0, cring_deadline_move(ring, &moved, DEADLINE_NS, 0));
	await(ring, MOVED);
	if (op_yields(op)) {
		await(ring, TOLD);
		expect_res(ring, TOLD, -ETIME);
	}
	EXPECT_GE(now_ns() - start, DEADLINE_NS);
	EXPECT_SOON(start, DEADLINE_NS + AT_ONCE_NS);
	expect_res(ring, MOVED, -ETIME);
	EXPECT_EQ(0, cq_peek(ring, cqe_at(ring, MOVED))->flags);
}

static void still_nobodys(CELL)
{
	if (op_stays(op))
		expect_pending(ring, TOLD);
	expect_pending(ring, NOBODYS);
}

static void over_deadlines(CELL)
{
	uint64_t off = op_off(DEADLINES, op, NOBODYS);
	char *page = new_pages(PAGE);
	int res;

	await(ring, TOLD);
	res = res_of(ring, TOLD);
	EXPECT_TRUE(res == -ETIME || res == op_len(op) || FUSE_STORAGE)
		TH_LOG("%s: %d", op_names[op], res);
	await(ring, NOBODYS);
	if (FUSE_STORAGE)
		return;
	expect_res(ring, NOBODYS, op_len(op));
	if (!HAS_DATA || op == FSYNC_)
		return;
	if (op_reads(op)) {
		EXPECT_TRUE(is_filled_at(self->buf + off, PAGE, HUNG_SEED, off))
			OP_LOG(op);
		return;
	}
	ASSERT_EQ(PAGE, pread(self->fd[op], page, PAGE, off & -(uint64_t)PAGE));
	EXPECT_TRUE(is_byte(page + off % PAGE, op_len(op), 0xee))
		OP_LOG(op);
	EXPECT_TRUE(is_filled_at(page, off % PAGE, HUNG_SEED, off - off % PAGE))
		OP_LOG(op);
}

/* --- C14, C18: groups and seals ----------------------------------------- */

enum { GROUP = 5, OTHER, LATER };
#define GROUP_NR	4

static void put_sealed(CELL)
{
	unsigned int i;

	for (i = 0; i < GROUP_NR; i++)
		put_op(SEALED, op, i, true)->group = GROUP;
	put_op(SEALED, op, GROUP_NR, false)->group = OTHER;
	put_op(SEALED, op, GROUP_NR + 1, true)->group = LATER;
	submit_and_sentinel(ring, GROUP_NR + 2);
}

static void expect_refused(CELL, unsigned int group)
{
	put_op(SEALED, op, NR - 1, true)->group = group;
	submit_all(ring, 1);
	expect_res(ring, NR - 1, -ECANCELED);
	EXPECT_EQ(CRING_CQE_F_NOT_STARTED,
		  cq_peek(ring, cqe_at(ring, NR - 1))->flags);
	reap_all(ring);
}

static void seal(CELL)
{
	uint64_t start = now_ns();
	unsigned int i;

	EXPECT_EQ(1, cq_count(ring))
		OP_LOG(op);
	reap_all(ring);
	/* exactly its own */
	EXPECT_EQ(GROUP_NR, cring_group_seal(ring, GROUP, CRING_CANCEL_WAIT,
					     -1));
	EXPECT_SOON(start, AT_ONCE_NS);
	EXPECT_EQ(GROUP_NR, cq_count(ring))
		OP_LOG(op);
	for (i = 0; i < GROUP_NR; i++)
		expect_res(ring, i, -ECANCELED);
	reap_all(ring);
	expect_refused(_metadata, self, ring, op, GROUP);
	EXPECT_EQ(0, cring_group_reopen(ring, GROUP));

	put_op(SEALED, op, GROUP_NR + 2, true)->group = GROUP;
	submit_all(ring, 1);
	expect_pending(ring, GROUP_NR + 2);
	EXPECT_EQ(3, cring_ring_seal(ring, 0, 0))
		OP_LOG(op);
	expect_res(ring, GROUP_NR + 1, -ECANCELED);
	/* a worker may have been about to begin with it */
	await(ring, GROUP_NR + 2);
	expect_res(ring, GROUP_NR + 2, -ECANCELED);
	if (op_yields(op))
		settle(ring);
	reap_all(ring);
	expect_refused(_metadata, self, ring, op, LATER);
	EXPECT_EQ(0, cring_ring_reopen(ring));
}

static void still_sealed(CELL)
{
	if (op_stays(op))
		EXPECT_EQ(1, load_acquire(&shared_of(ring)->in_flight))
			OP_LOG(op);
}

static void over_sealed(CELL)
{
	settle(ring);
	reap_all(ring);
	EXPECT_TRUE(wait_until(room(ring, NR) == 0))
		OP_LOG(op);
}

/* --- all of it ---------------------------------------------------------- */

static const struct {
	__typeof__(put_plain) *submit;	/* when it has begun to hang */
	__typeof__(put_plain) *end;	/* ... everything is where it hangs */
	__typeof__(put_plain) *still;	/* ... and some time afterwards */
	__typeof__(put_plain) *over;	/* when it has answered */
} ways[NR_WAYS] = {
	[PLAIN]	    = { put_plain, cancel_plain, still_plain, over_plain },
	[DETACHED]  = { put_detached, cancel_detached, NULL, over_detached },
	[DEADLINES] = { put_deadlines, expire, still_nobodys, over_deadlines },
	[SEALED]    = { put_sealed, seal, still_sealed, over_sealed },
};

#define for_each_cell(phase)						\
	for (enum hung_way way = 0; way < NR_WAYS; way++)		\
		for_each_op(op)						\
			if (ways[way].phase)				\
				ways[way].phase(_metadata, self,	\
						&self->ring[way][op], op)

TEST_F(hung, c4_c10_c13_c14_c16_c18_every_operation_in_every_way)
{
	struct owner owners[OWNERS_NR];
	int refs;

	for (enum hung_way way = 0; way < NR_WAYS; way++)
		for_each_op(op)
			ring_with_room(&self->ring[way][op], 16, NR);
	refs = module_refs();
	begin();
	if (ENDS_AT_ONCE)
		owners_start(owners);
	for_each_cell(submit);
	for (enum hung_way way = 0; way < NR_WAYS; way++) {
		for_each_op(op) {
			await(&self->ring[way][op], SENTINEL);
		}
	}
	msleep(SINK_IN_MS);
	if (hung_left(&self->h) < 3 * AT_ONCE_NS)
		SKIP(return, "a machine for which 30 s are not long enough");

	for_each_cell(end);
	if (ENDS_AT_ONCE)
		owners_end(owners);
	msleep(QUIET_MS);
	for_each_cell(still);
	/* and the rings of the dead */
	if (ENDS_AT_ONCE)
		EXPECT_GE(module_refs(), refs + OWNERS_NR);

	hung_go(&self->h);
	for_each_cell(over);
	msleep(QUIET_MS);
	for_each_op(op)
		EXPECT_EQ(0, cq_count(&self->ring[DETACHED][op]));
	expect_refs(refs);
}

#endif /* CRING_TESTS_HUNG_MATRIX_H */
