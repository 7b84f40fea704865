// SPDX-License-Identifier: MIT
/*
 * userspace/compat/liburing.h: a ring under liburing's names.  liburing's own
 * tests are run on it by scripts/peers; here is what they cannot see.
 */
#include "compat/liburing.h"
#include "util.h"

/* The queues are cring's own. */
_Static_assert(sizeof(struct io_uring_sqe) == sizeof(struct cring_sqe), "SQE");
_Static_assert(offsetof(struct io_uring_sqe, addr3) ==
	       offsetof(struct cring_sqe, deadline), "addr3");
_Static_assert(offsetof(struct io_uring_sqe, splice_fd_in) ==
	       offsetof(struct cring_sqe, fd_in), "fd_in");
_Static_assert(offsetof(struct io_uring_sqe, rw_flags) ==
	       offsetof(struct cring_sqe, rw_flags), "flags");
_Static_assert(sizeof(struct io_uring_cqe) == sizeof(struct cring_cqe), "CQE");
_Static_assert(sizeof(struct __kernel_timespec) ==
	       sizeof(struct cring_timespec), "timespec");
_Static_assert(sizeof(struct io_uring_params) == 120, "params");
_Static_assert(sizeof(struct io_uring_sync_cancel_reg) == 64, "sync cancel");
_Static_assert(IORING_OP_LINK_TIMEOUT == CRING_OP_LINK_TIMEOUT, "op");
_Static_assert(IORING_OP_WRITE == CRING_OP_WRITE, "op");
_Static_assert(IORING_OP_LINKAT == 39 && IORING_OP_SENDMSG_ZC == 48 &&
	       IORING_OP_URING_CMD128 == 64, "the numbers are io_uring's");
_Static_assert(IORING_SQ_TASKRUN == CRING_SHARED_READY, "flags of the SQ");
_Static_assert(IORING_REGISTER_SYNC_CANCEL == 24 &&
	       IORING_REGISTER_BPF_FILTER == 37, "likewise");

FIXTURE(uring)
{
	struct io_uring ring;
	int pipe[2];
};

FIXTURE_SETUP(uring)
{
	ASSERT_EQ(0, io_uring_queue_init(8, &self->ring, 0));
	ASSERT_EQ(0, pipe(self->pipe));
}

FIXTURE_TEARDOWN(uring)
{
	io_uring_queue_exit(&self->ring);
	close(self->pipe[0]);
	close(self->pipe[1]);
}

/* Waits for a CQE, and gives its res. */
static int res_of(struct __test_metadata *_metadata, struct io_uring *ring,
		  __u64 user_data)
{
	struct io_uring_cqe *cqe;
	int res;

	ASSERT_EQ(0, io_uring_wait_cqe(ring, &cqe));
	ASSERT_EQ(user_data, io_uring_cqe_get_data64(cqe));
	res = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	return res;
}

TEST_F(uring, what_programs_look_at_is_there)
{
	struct io_uring *ring = &self->ring;
	struct io_uring_sqe *sqe;

	EXPECT_EQ(8, ring->sq.ring_entries);
	EXPECT_EQ(8, *ring->sq.kring_entries);
	EXPECT_EQ(7, *ring->sq.kring_mask);
	EXPECT_EQ(16, ring->cq.ring_entries);
	EXPECT_EQ(16, *ring->cq.kring_entries);
	EXPECT_EQ(15, *ring->cq.kring_mask);
	EXPECT_EQ(0, *ring->cq.koverflow);
	EXPECT_EQ(0, *ring->sq.kdropped);
	EXPECT_EQ(8, io_uring_sq_space_left(ring));
	sqe = io_uring_get_sqe(ring);
	ASSERT_NE(NULL, sqe);
	io_uring_prep_nop(sqe);
	io_uring_sqe_set_data64(sqe, 7);
	EXPECT_EQ(1, io_uring_sq_ready(ring));
	EXPECT_EQ(1, io_uring_submit(ring));
	EXPECT_EQ(1, *ring->sq.khead);
	EXPECT_EQ(1, io_uring_cq_ready(ring));
	EXPECT_EQ(1, *ring->cq.ktail);
	EXPECT_EQ(0, res_of(_metadata, ring, 7));
	EXPECT_EQ(1, *ring->cq.khead);
}

TEST_F(uring, a_full_queue_gives_no_sqe)
{
	int i;

	for (i = 0; i < 8; i++)
		io_uring_prep_nop(io_uring_get_sqe(&self->ring));
	EXPECT_EQ(NULL, io_uring_get_sqe(&self->ring));
	EXPECT_EQ(8, io_uring_submit_and_wait(&self->ring, 8));
	EXPECT_EQ(8, io_uring_cq_ready(&self->ring));
	io_uring_cq_advance(&self->ring, 8);
	EXPECT_NE(NULL, io_uring_get_sqe(&self->ring));
}

TEST_F(uring, a_wait_ends_with_its_time)
{
	struct __kernel_timespec ts = { .tv_nsec = 1000000 };
	struct io_uring_cqe *cqe;
	char c;

	EXPECT_EQ(-EAGAIN, io_uring_peek_cqe(&self->ring, &cqe));
	EXPECT_EQ(-ETIME, io_uring_wait_cqe_timeout(&self->ring, &cqe, &ts));
	EXPECT_EQ(NULL, cqe);
	/* one of two is enough when the time is over */
	io_uring_prep_nop(io_uring_get_sqe(&self->ring));
	EXPECT_EQ(1, io_uring_submit(&self->ring));
	EXPECT_EQ(0, io_uring_wait_cqes(&self->ring, &cqe, 2, &ts, NULL));
	ASSERT_NE(NULL, cqe);
	io_uring_cqe_seen(&self->ring, cqe);
	/* what was submitted counts more than that the time is over */
	io_uring_prep_read(io_uring_get_sqe(&self->ring), self->pipe[0], &c, 1,
			   0);
	EXPECT_EQ(1, io_uring_submit_and_wait_timeout(&self->ring, &cqe, 1, &ts,
						      NULL));
	EXPECT_EQ(NULL, cqe);
	EXPECT_EQ(1, write(self->pipe[1], "x", 1));
	EXPECT_EQ(1, res_of(_metadata, &self->ring, 0));
}

TEST_F(uring, a_synchronous_cancel_is_over_when_it_returns)
{
	struct io_uring_sync_cancel_reg reg = {
		.addr = 5,
		.timeout = { -1, -1 },
	};
	struct io_uring_sqe *sqe = io_uring_get_sqe(&self->ring);
	char c;

	io_uring_prep_read(sqe, self->pipe[0], &c, 1, 0);
	sqe->user_data = 5;
	EXPECT_EQ(1, io_uring_submit(&self->ring));
	EXPECT_EQ(0, io_uring_register_sync_cancel(&self->ring, &reg));
	EXPECT_EQ(1, io_uring_cq_ready(&self->ring));
	EXPECT_EQ(-ECANCELED, res_of(_metadata, &self->ring, 5));
	EXPECT_EQ(-ENOENT, io_uring_register_sync_cancel(&self->ring, &reg));
	reg.pad[0] = 1;
	EXPECT_EQ(-EINVAL, io_uring_register_sync_cancel(&self->ring, &reg));
}

TEST_F(uring, what_cring_lacks_fails_as_on_an_older_kernel)
{
	struct io_uring_probe *probe = io_uring_get_probe_ring(&self->ring);
	struct io_uring_sqe *sqe = io_uring_get_sqe(&self->ring);
	struct io_uring other;

	ASSERT_NE(NULL, probe);
	EXPECT_NE(0, io_uring_opcode_supported(probe, IORING_OP_READ));
	EXPECT_EQ(0, io_uring_opcode_supported(probe, IORING_OP_SEND));
	EXPECT_EQ(0, io_uring_opcode_supported(probe, IORING_OP_LAST));
	io_uring_free_probe(probe);
	io_uring_prep_send(sqe, 0, "x", 1, 0);
	EXPECT_EQ(1, io_uring_submit(&self->ring));
	EXPECT_EQ(-EINVAL, res_of(_metadata, &self->ring, 0));
	EXPECT_EQ(-EINVAL,
		  io_uring_queue_init(8, &other, IORING_SETUP_CQE32));
	EXPECT_EQ(-EINVAL,
		  io_uring_queue_init(8, &other, IORING_SETUP_DEFER_TASKRUN));
	EXPECT_EQ(-EINVAL,
		  io_uring_register_buffers_sparse(&self->ring, 8));
	EXPECT_EQ(-EINVAL, io_uring_register_personality(&self->ring));
}

TEST_F(uring, flags_that_tune_are_taken)
{
	struct io_uring other;

	ASSERT_EQ(0, io_uring_queue_init(8, &other,
					 IORING_SETUP_SINGLE_ISSUER |
					 IORING_SETUP_DEFER_TASKRUN |
					 IORING_SETUP_SUBMIT_ALL));
	EXPECT_EQ(1, io_uring_register_ring_fd(&other));
	EXPECT_EQ(-EEXIST, io_uring_register_ring_fd(&other));
	io_uring_prep_nop(io_uring_get_sqe(&other));
	EXPECT_EQ(1, io_uring_submit_and_wait(&other, 1));
	EXPECT_EQ(0, res_of(_metadata, &other, 0));
	io_uring_queue_exit(&other);
}

/* What has no free CQE waits in the SQ, and goes when somebody waits. */
TEST_F(uring, a_wait_takes_what_a_thread_would)
{
	struct io_uring other;
	int i;

	ASSERT_EQ(0, io_uring_queue_init(4, &other, IORING_SETUP_SQPOLL));
	for (i = 0; i < 10; i++) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(&other);

		ASSERT_NE(NULL, sqe);
		io_uring_prep_nop(sqe);
		sqe->user_data = (__u64)i;
		io_uring_submit(&other);
	}
	EXPECT_EQ(8, io_uring_cq_ready(&other));
	for (i = 0; i < 10; i++)
		EXPECT_EQ(0, res_of(_metadata, &other, (__u64)i));
	io_uring_queue_exit(&other);
}

TEST_F(uring, empty_slots_are_filled_later)
{
	struct io_uring_sqe *sqe;
	char c;

	ASSERT_EQ(0, io_uring_register_files_sparse(&self->ring, 4));
	EXPECT_EQ(1, io_uring_register_files_update(&self->ring, 2,
						    &self->pipe[0], 1));
	EXPECT_EQ(1, write(self->pipe[1], "x", 1));
	sqe = io_uring_get_sqe(&self->ring);
	io_uring_prep_read(sqe, 2, &c, 1, 0);
	io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE);
	EXPECT_EQ(1, io_uring_submit(&self->ring));
	EXPECT_EQ(1, res_of(_metadata, &self->ring, 0));
	EXPECT_EQ(0, io_uring_unregister_files(&self->ring));
}

TEST_HARNESS_MAIN
