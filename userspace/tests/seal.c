// SPDX-License-Identifier: MIT
/*
 * C18: a group, or the whole ring, is cancelled and sealed in one call.  What is
 * accepted in it later is never started, until it is reopened; and no
 * submission slips between the seal and its cancel.
 *
 * check: parallel
 */
#include "util.h"
#include "cancel_util.h"
#include "cancel_dev.h"

enum { G = 7, H = 8 };

FIXTURE(seal) {
	struct cring ring;
	int empty[2], full[2];
	char buf[64];
};

#define RING	(&self->ring)
#define FD	RING->ring_fd

FIXTURE_SETUP(seal)
{
	ring_init(RING, 64);
	new_pipe(self->empty, 0);
	new_pipe(self->full, 0);
	ASSERT_EQ(8, write(self->full[1], "12345678", 8));
}

FIXTURE_TEARDOWN(seal)
{
	cring_queue_exit(RING);
}

static int seal(int fd, unsigned int what, uint32_t group)
{
	struct cring_cancel_key key = {
		.flags = C_ALL | (group ? CRING_ASYNC_CANCEL_GROUP : C_ANY),
		.group = group,
	};
	int ret = cancel_call(fd, &key, 1, what, 0);

	return ret ? ret : key.res;
}
#define SEAL(group)	seal(FD, CRING_CANCEL_SEAL, group)
#define REOPEN(group)	seal(FD, CRING_CANCEL_REOPEN, group)

/* Reads one byte; not submitted. */
#define put_read(fd_, group_, ud) \
	put(RING, .opcode = CRING_OP_READ, .fd = (fd_), .len = 1, \
	    .addr = PTR64(self->buf), .off = -1ULL, .group = (group_), \
	    .user_data = (ud))

/* Never started: that says its CQE, and the bytes are where they were. */
#define expect_refused(ud) do {						\
	expect_res(RING, ud, -ECANCELED);				\
	EXPECT_EQ(CRING_CQE_F_NOT_STARTED,				\
		  cq_peek(RING, cqe_at(RING, ud))->flags);		\
} while (0)

static int bytes_in(int fd)
{
	int n = -1;

	return ioctl(fd, FIONREAD, &n) ? -errno : n;
}

TEST_F(seal, c18_what_a_sealed_group_submits_ends_at_once)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		put_read(self->empty[0], i < 3 ? G : H, i);
	submit_all(RING, 4);
	EXPECT_EQ(3, SEAL(G));
	for (i = 0; i < 3; i++)
		expect_refused(i);
	expect_pending(RING, 3);

	put_read(self->full[0], G, 10);
	put_read(self->full[0], H, 11);
	put_read(self->full[0], 0, 12);
	put_read(self->full[0], G, 13);
	submit_all(RING, 4);
	expect_refused(10);
	expect_res(RING, 11, 1);
	expect_res(RING, 12, 1);
	expect_refused(13);
	EXPECT_EQ(6, bytes_in(self->full[0]));

	EXPECT_EQ(0, REOPEN(G));
	put_read(self->full[0], G, 14);
	submit_all(RING, 1);
	expect_res(RING, 14, 1);
	expect_pending(RING, 3);
}

TEST_F(seal, c18_a_sealed_ring_takes_nothing_but_cancels)
{
	arm_timer(RING, 1);
	EXPECT_EQ(1, SEAL(0));
	expect_refused(1);
	put_read(self->full[0], 0, 2);
	put_read(self->full[0], G, 3);
	put(RING, .opcode = CRING_OP_NOP, .user_data = 4);
	put(RING, .opcode = CRING_OP_ASYNC_CANCEL, .cancel_flags = C_ANY | C_ALL,
	    .user_data = 5);
	submit_all(RING, 4);
	expect_refused(2);
	expect_refused(3);
	expect_refused(4);
	expect_res(RING, 5, 0);
	EXPECT_EQ(8, bytes_in(self->full[0]));
	/* C7: the call cancels, too */
	EXPECT_EQ(-ENOENT, cancel_key(FD, .user_data = 1));
	EXPECT_EQ(0, REOPEN(0));
	put_read(self->full[0], G, 6);
	submit_all(RING, 1);
	expect_res(RING, 6, 1);
}

TEST_F(seal, c18_many_groups_in_one_call)
{
	static struct cring_cancel_key keys[CRING_MAX_SEALS];
	unsigned int i, wrong = 0;

	for (i = 0; i < CRING_MAX_SEALS; i++)
		keys[i] = (struct cring_cancel_key){
			.flags = C_ALL | CRING_ASYNC_CANCEL_GROUP,
			.group = 2 + 2 * i,
		};
	put_read(self->empty[0], 2, 1);
	submit_all(RING, 1);
	ASSERT_EQ(0, cancel_call(FD, keys, CRING_MAX_SEALS, CRING_CANCEL_SEAL,
				 0));
	for (i = 0; i < CRING_MAX_SEALS; i++)
		wrong += keys[i].res != !i;
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(-ENOSPC, SEAL(3));
	put_read(self->full[0], 2 * CRING_MAX_SEALS, 2);
	put_read(self->full[0], 2 * CRING_MAX_SEALS - 1, 3);
	submit_all(RING, 2);
	expect_refused(2);
	expect_res(RING, 3, 1);
	ASSERT_EQ(0, cancel_call(FD, keys, CRING_MAX_SEALS, CRING_CANCEL_REOPEN,
				 0));
	EXPECT_EQ(0, SEAL(3));
}

TEST_F(seal, c18_a_chain_is_cut_where_it_is_sealed)
{
	unsigned int i;

	EXPECT_EQ(0, SEAL(G));
	for (i = 0; i < 4; i++)
		put(RING, .opcode = CRING_OP_READ, .fd = self->full[0],
		    .off = -1ULL, .addr = PTR64(self->buf), .len = 1,
		    .flags = i < 3 ? CRING_SQE_IO_HARDLINK : 0,
		    .group = i == 2 ? G : 0, .user_data = i);
	submit_all(RING, 4);
	settle(RING);
	expect_res(RING, 0, 1);
	expect_res(RING, 1, 1);
	expect_refused(2);
	expect_refused(3);
	EXPECT_EQ(6, bytes_in(self->full[0]));
}

TEST_F(seal, c18_a_worker_that_runs_is_told_and_waited_for)
{
	struct cring_cancel_key key = {
		.flags = C_ALL | CRING_ASYNC_CANCEL_GROUP, .group = G,
	};

	put(RING, .opcode = CRING_OP_READ, .flags = CRING_SQE_ASYNC,
	    .fd = self->empty[0], .addr = PTR64(self->buf), .len = 1,
	    .group = G, .user_data = 1);
	submit_all(RING, 1);
	msleep(QUIET_MS);
	ASSERT_EQ(0, cancel_call(FD, &key, 1, CRING_CANCEL_SEAL |
				 CRING_CANCEL_WAIT, -1));
	EXPECT_EQ(1, key.res);
	expect_res(RING, 1, -ECANCELED);
}

/* ---- against a submitter, in an order that is forced ---------------------- */

struct submitter {
	struct cring *ring;
	unsigned int nr;
	int ret;
};

static void *submitter(void *arg)
{
	struct submitter *s = arg;

	s->ret = submit_raw(s->ring->ring_fd, s->nr, 0);
	return NULL;
}

/* It has read the first SQEs, and sleeps over one behind them. */
TEST_F(seal, c18_race_a_batch_that_is_being_accepted)
{
	struct submitter s = { .ring = RING, .nr = 4 };
	struct slowmem slow;
	pthread_t thread;
	int ret;

	ret = slowmem_init(&slow, 4096);
	if (ret == -ENODEV)
		SKIP(return, "no userfaultfd in this kernel");
	ASSERT_EQ(0, ret);
	put_read(self->full[0], G, 1);
	put_read(self->full[0], H, 2);
	put(RING, .opcode = CRING_OP_TIMEOUT, .addr = PTR64(slow.mem),
	    .len = 1, .user_data = 3);
	put_read(self->full[0], G, 4);
	cring_flush_sq(RING);
	thread = new_thread(submitter, &s);
	ASSERT_EQ(0, slowmem_wait_fault(&slow));
	/* nothing is accepted yet: nothing to be stopped, and nobody to wait for */
	EXPECT_EQ(0, SEAL(G));
	EXPECT_EQ(0, cq_count(RING));
	ASSERT_EQ(0, slowmem_fill(&slow, 'w'));
	join(thread);
	EXPECT_EQ(4, s.ret);
	expect_refused(1);
	expect_res(RING, 2, 1);
	expect_refused(4);
	EXPECT_EQ(7, bytes_in(self->full[0]));
	slowmem_exit(&slow);
}

/* It has accepted all, and sleeps over the first. */
TEST_F(seal, c18_race_a_batch_that_is_being_tried)
{
	struct submitter s = { .ring = RING, .nr = 4 };
	struct cring_cancel_key key = {
		.flags = C_ALL | CRING_ASYNC_CANCEL_GROUP, .group = G,
	};
	struct slowmem slow;
	pthread_t thread;
	int ret;

	ret = slowmem_init(&slow, 4096);
	if (ret == -ENODEV)
		SKIP(return, "no userfaultfd in this kernel");
	ASSERT_EQ(0, ret);
	put(RING, .opcode = CRING_OP_READ, .fd = self->full[0], .off = -1ULL,
	    .addr = PTR64(slow.mem), .len = 1, .group = G, .user_data = 1);
	put_read(self->full[0], G, 2);
	put_read(self->full[0], H, 3);
	put_read(self->full[0], G, 4);
	cring_flush_sq(RING);
	thread = new_thread(submitter, &s);
	ASSERT_EQ(0, slowmem_wait_fault(&slow));
	ASSERT_EQ(0, cancel_call(FD, &key, 1, CRING_CANCEL_SEAL, 0));
	EXPECT_EQ(3, key.res);
	EXPECT_EQ(1, key.already);
	expect_refused(2);
	expect_refused(4);
	expect_pending(RING, 1);
	expect_pending(RING, 3);
	ASSERT_EQ(0, slowmem_fill(&slow, 'w'));
	join(thread);
	EXPECT_EQ(4, s.ret);
	expect_res(RING, 1, 1);
	expect_res(RING, 3, 1);
	slowmem_exit(&slow);
}

/* ---- a thread that re-arms for ever ---------------------------------------- */

struct rearm {
	struct cring ring;
	int fd;
	uint32_t group;
	char buf[8];
	atomic_uint armed;	/* how often it was armed again */
	atomic_uint refused;	/* how often that was refused at once */
	atomic_bool stop;
	bool wrong;
};

/* Whatever ends its read, the next one is submitted. */
static void *rearm_for_ever(void *arg)
{
	struct rearm *r = arg;
	struct cring_cqe *cqe;

	while (!r->stop) {
		struct cring_sqe *sqe = cring_get_sqe(&r->ring);

		cring_prep_read(sqe, r->fd, r->buf, 1, -1ULL);
		sqe->group = r->group;
		if (cring_submit(&r->ring) != 1)
			break;
		if (cring_peek_cqe(&r->ring, &cqe)) {
			r->armed++;
			if (cring_wait_cqe(&r->ring, &cqe))
				break;
		} else {
			r->refused++;
		}
		r->wrong |= cqe->res != -ECANCELED;
		cring_cqe_seen(&r->ring, cqe);
	}
	return NULL;
}

#define CANCELS	100

TEST_F(seal, c18_one_seal_stops_a_thread_that_rearms_for_ever)
{
	struct rearm r = { .fd = self->empty[0], .group = G };
	const struct cring_cancel_key key = {
		.flags = C_ALL | CRING_ASYNC_CANCEL_GROUP, .group = G,
	};
	unsigned int i, armed;
	pthread_t thread;

	ring_init(&r.ring, 4);
	thread = new_thread(rearm_for_ever, &r);
	/* cancels do not: each is answered, and it is there again */
	for (i = 0; i < CANCELS; i++) {
		ASSERT_TRUE(wait_until(atomic_load(&r.armed) > i));
		EXPECT_TRUE(wait_until(cancel_one(r.ring.ring_fd, key) == 1));
	}
	ASSERT_TRUE(wait_until(atomic_load(&r.armed) > CANCELS));
	EXPECT_GE(seal(r.ring.ring_fd, CRING_CANCEL_SEAL, G), 0);
	ASSERT_TRUE(wait_until(atomic_load(&r.refused) > 2));
	armed = r.armed;
	/* It tries for ever, and gets nothing: not what it would read, either. */
	ASSERT_EQ(1, write(self->empty[1], "x", 1));
	i = r.refused;
	ASSERT_TRUE(wait_until(atomic_load(&r.refused) > i + CANCELS));
	EXPECT_EQ(armed, atomic_load(&r.armed));
	EXPECT_EQ(1, bytes_in(self->empty[0]));
	r.stop = true;
	join(thread);
	EXPECT_FALSE(r.wrong);
	TH_LOG("%u cancels did not stop it, one seal did", CANCELS);
	cring_queue_exit(&r.ring);
}

/* ---- arguments --------------------------------------------------------------- */

TEST_F(seal, c18_only_groups_and_the_ring_can_be_sealed)
{
	struct cring_cancel_key keys[] = {
		{ .user_data = 1 },
		{ .flags = CRING_ASYNC_CANCEL_GROUP, .group = G },
		{ .flags = C_ANY },
		{ .flags = C_ALL | C_OP, .opcode = CRING_OP_READ },
		{ .flags = C_ALL | C_FD, .fd = self->empty[0] },
		{ .flags = C_ALL | CRING_ASYNC_CANCEL_GROUP, .group = H },
	};
	unsigned int i;

	arm_read(RING, 1, self->empty[0]);
	ASSERT_EQ(0, cancel_call(FD, keys, ARRAY_LEN(keys), CRING_CANCEL_SEAL,
				 0));
	for (i = 0; i < ARRAY_LEN(keys) - 1; i++)
		EXPECT_EQ(-EINVAL, keys[i].res);
	EXPECT_EQ(0, keys[i].res);
	expect_pending(RING, 1);
	EXPECT_EQ(-EINVAL, seal(FD, CRING_CANCEL_SEAL | CRING_CANCEL_REOPEN, G));
	EXPECT_EQ(-EINVAL, seal(FD, CRING_CANCEL_SEAL | CRING_CANCEL_PROCESS, G));
	EXPECT_EQ(-EINVAL, seal(FD, CRING_CANCEL_REOPEN | CRING_CANCEL_WAIT, G));
}

TEST_HARNESS_MAIN
