/* SPDX-License-Identifier: MIT */
/*
 * What much that hangs does to everybody else: to another ring, to another user,
 * and to the module.
 */
#ifndef CRING_TESTS_HUNG_CROWD_H
#define CRING_TESTS_HUNG_CROWD_H

#include "hung_op.h"
#include "module_util.h"

#define CROWD	512
#define NOBODY	65534

static int sync_elsewhere(struct cring *ring, int fd)
{
	struct cring_sqe *sqe = cring_get_sqe(ring);
	struct cring_cqe cqe;

	cring_prep_fsync(sqe, fd, 0);
	sqe->flags = CRING_SQE_ASYNC;
	if (cring_submit(ring) != 1 || !take_cqe(ring, &cqe, LIMIT_MS))
		return -ETIMEDOUT;
	return cqe.res;
}

static int nobody_syncs(void *arg)
{
	struct cring ring;

	if (syscall(SYS_setresuid, NOBODY, 0, 0) ||
	    cring_queue_init(8, &ring, 0))
		return 1;
	return sync_elsewhere(&ring, *(int *)arg) ? 2 : 0;
}

/* Another ring, and another user's. */
static void t_others_go_on(struct __test_metadata *_metadata,
			   FIXTURE_DATA(hung) *self)
{
	struct cring other;

	ring_init(&other, 8);
	EXPECT_EQ(0, sync_elsewhere(&other, self->other));
	cring_queue_exit(&other);
	EXPECT_EQ(0, run_child(nobody_syncs, &self->other));
}
#define others_go_on()	t_others_go_on(_metadata, self)

/* All of @ring, with DETACH, is over in one call. */
static void t_let_go(struct __test_metadata *_metadata, struct cring *ring,
		     int nr)
{
	struct cring_cancel_key key = { .flags = C_ANY | C_ALL };
	uint64_t start = now_ns();

	EXPECT_EQ(0, cancel_call(ring->ring_fd, &key, 1, CRING_CANCEL_WAIT,
				 -1));
	EXPECT_SOON(start, AT_ONCE_NS);
	EXPECT_EQ(nr, key.res);
	/* a worker may be just about to execute one: it is told, and does not */
	EXPECT_LT((int)key.already, nr / 2);
	expect_one_each(ring, 0, nr);
	while (nr && cq_peek(ring, nr - 1)->res == -ECANCELED)
		nr--;
	EXPECT_EQ(0, nr);
}
#define let_go(ring, nr)	t_let_go(_metadata, ring, nr)

TEST_F(hung, c16_r13_512_fsyncs_hold_up_nobody_but_rmmod)
{
	struct cring crowd;
	unsigned int i;

	if (!module_file())
		SKIP(return, NO_FILE);
	expect_refs(0);
	ring_with_room(&crowd, 1024, CROWD);
	begin();
	for (i = 0; i < CROWD; i++) {
		struct cring_sqe *sqe = new_sqe(&crowd, 0);

		cring_prep_fsync(sqe, self->fd[FSYNC_], 0);
		cring_sqe_set_detach(sqe);
		sqe->user_data = i;
	}
	submit_all(&crowd, CROWD);
	others_go_on();
	msleep(SINK_IN_MS);
	EXPECT_EQ(0, cq_count(&crowd));
	others_go_on();

	let_go(&crowd, CROWD);
	/* and still, with what was let go of */
	others_go_on();

	cring_queue_exit(&crowd);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	msleep(QUIET_MS);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	hung_go(&self->h);
	expect_refs(0);
	EXPECT_EQ(0, unload());
	EXPECT_EQ(0, load());
	EXPECT_TRUE(wait_until(!access(CRING_DEVICE, F_OK)));
}

#endif /* CRING_TESTS_HUNG_CROWD_H */
