// SPDX-License-Identifier: MIT
/* Fixed files: registered, updated, and let go while in use. */
#include "util_sys.h"

FIXTURE(files) { struct cring ring; int p[2], q[2]; char buf[64]; };
FIXTURE_SETUP(files)
{
	ring_init(&self->ring, 16);
	new_pipe(self->p, O_CLOEXEC);
	new_pipe(self->q, O_CLOEXEC);
}
FIXTURE_TEARDOWN(files) { cring_queue_exit(&self->ring); }

/* A read of slot @slot, not submitted yet. */
static struct cring_sqe *slot_read(struct __test_metadata *_metadata,
				   struct cring *ring, uint64_t user_data,
				   int slot, char *buf)
{
	struct cring_sqe *sqe = new_sqe(ring, user_data);

	cring_prep_read(sqe, slot, buf, 1, 0);
	sqe->flags = CRING_SQE_FIXED_FILE;
	return sqe;
}
#define SLOT_READ(user_data, slot) \
	slot_read(_metadata, &self->ring, user_data, slot, self->buf)
#define RUN_READ(slot)	run_sqe(&self->ring, SLOT_READ(0, slot))

TEST_F(files, reg_fixed_file_outlives_its_descriptor)
{
	int fds[] = { self->p[0], -1, self->p[1] };
	struct cring_sqe *sqe;

	ASSERT_EQ(0, cring_register_files(&self->ring, fds, 3));
	close(self->p[0]);
	close(self->p[1]);
	sqe = new_sqe(&self->ring, 0);
	cring_prep_write(sqe, 2, "z", 1, 0);
	sqe->flags = CRING_SQE_FIXED_FILE;
	EXPECT_EQ(1, run_sqe(&self->ring, sqe));
	EXPECT_EQ(1, RUN_READ(0));
	EXPECT_EQ('z', self->buf[0]);
}

TEST_F(files, reg_empty_and_out_of_range_slots_are_ebadf)
{
	static const int slots[] = { 1, 2, 3, 4, 1000000, -1, INT32_MIN,
				     INT32_MAX };
	int fds[] = { self->p[0], -1, -1 };
	size_t i;

	EXPECT_EQ(-EBADF, RUN_READ(0));
	ASSERT_EQ(0, cring_register_files(&self->ring, fds, 3));
	for (i = 0; i < ARRAY_LEN(slots); i++)
		EXPECT_EQ(-EBADF, RUN_READ(slots[i]))
			TH_LOG("slot %d", slots[i]);
}

TEST_F(files, reg_errors)
{
	struct cring_register r = { .opcode = CRING_REGISTER_FILES, .nr = 1,
				    .addr = 8 };
	int fds[] = { self->p[0], 1000 };

	EXPECT_EQ(-ENXIO, cring_unregister_files(&self->ring));
	EXPECT_EQ(-ENXIO, cring_register_files_update(&self->ring, 0, fds, 1));
	EXPECT_EQ(-EINVAL, cring_register_files(&self->ring, fds, 0));
	EXPECT_LT(cring_register_files(&self->ring, fds,
				       CRING_MAX_FIXED_FILES + 1), 0);
	EXPECT_EQ(-EBADF, cring_register_files(&self->ring, fds, 2));
	EXPECT_EQ(-EFAULT, ioc_ptr(self->ring.ring_fd, CRING_IOC_REGISTER, &r));
	/* Nothing stayed behind. */
	EXPECT_EQ(-ENXIO, cring_unregister_files(&self->ring));
	ASSERT_EQ(0, cring_register_files(&self->ring, fds, 1));
	EXPECT_EQ(-EBUSY, cring_register_files(&self->ring, fds, 1));
	EXPECT_EQ(-EINVAL, cring_register_files_update(&self->ring, 1, fds, 1));
	EXPECT_EQ(-EINVAL, cring_register_files_update(&self->ring, 0, fds, 2));
	EXPECT_EQ(-EINVAL, cring_register_files_update(&self->ring, ~0U, fds, 1));
	EXPECT_EQ(0, cring_unregister_files(&self->ring));
	EXPECT_EQ(-ENXIO, cring_unregister_files(&self->ring));
}

TEST_F(files, reg_register_checks_its_fields)
{
	int fd = self->p[0];
	struct cring_register good = { .opcode = CRING_REGISTER_FILES,
				       .nr = 1, .addr = PTR64(&fd) };
	struct cring_register bad[] = { good, good, good, good, good };
	size_t i;

	bad[0].opcode = 99;
	bad[1].flags = 1;
	bad[2].resv = 1;
	bad[3].offset = 1;	/* is for UPDATE */
	bad[4] = (struct cring_register){ .opcode = CRING_UNREGISTER_FILES,
					  .nr = 1 };
	for (i = 0; i < 4; i++)
		EXPECT_EQ(-EINVAL, ioc_ptr(self->ring.ring_fd,
					   CRING_IOC_REGISTER, &bad[i]))
			TH_LOG("row %zu", i);
	EXPECT_EQ(-EFAULT, ioc_ptr(self->ring.ring_fd, CRING_IOC_REGISTER, 8));
	ASSERT_EQ(0, ioc_ptr(self->ring.ring_fd, CRING_IOC_REGISTER, &good));
	EXPECT_EQ(-EINVAL, ioc_ptr(self->ring.ring_fd, CRING_IOC_REGISTER,
				   &bad[4]));
	EXPECT_EQ(0, cring_unregister_files(&self->ring));
}

TEST_F(files, reg_update_changes_slots)
{
	int fds[] = { self->p[0], -1, -1, -1 };
	int up[] = { self->q[0], self->p[0] }, none = -1;

	ASSERT_EQ(0, cring_register_files(&self->ring, fds, 4));
	EXPECT_EQ(2, cring_register_files_update(&self->ring, 0, up, 2));
	ASSERT_EQ(1, write(self->q[1], "q", 1));
	ASSERT_EQ(1, write(self->p[1], "p", 1));
	EXPECT_EQ(1, RUN_READ(0));
	EXPECT_EQ('q', self->buf[0]);
	EXPECT_EQ(1, RUN_READ(1));
	EXPECT_EQ('p', self->buf[0]);
	EXPECT_EQ(1, cring_register_files_update(&self->ring, 0, &none, 1));
	EXPECT_EQ(-EBADF, RUN_READ(0));
}

/* What was changed before the error stays changed, and is counted. */
TEST_F(files, reg_update_stops_at_a_bad_descriptor)
{
	int fds[] = { -1, -1, -1 }, up[] = { self->p[0], 1000, self->q[0] };

	ASSERT_EQ(0, cring_register_files(&self->ring, fds, 3));
	EXPECT_EQ(1, cring_register_files_update(&self->ring, 0, up, 3));
	EXPECT_EQ(-EBADF, cring_register_files_update(&self->ring, 0, up + 1, 2));
	ASSERT_EQ(1, write(self->p[1], "p", 1));
	EXPECT_EQ(1, RUN_READ(0));
	EXPECT_EQ(-EBADF, RUN_READ(2));
}

TEST_F(files, reg_operations_keep_the_file_they_started_with)
{
	int fds[] = { self->p[0] };

	ASSERT_EQ(0, cring_register_files(&self->ring, fds, 1));
	SLOT_READ(1, 0);
	submit_all(&self->ring, 1);
	expect_quiet(&self->ring);
	EXPECT_EQ(1, cring_register_files_update(&self->ring, 0, &self->q[0], 1));
	SLOT_READ(2, 0);
	submit_all(&self->ring, 1);
	ASSERT_EQ(1, write(self->q[1], "q", 1));
	EXPECT_EQ(1, reap_res(&self->ring, 2));
	EXPECT_EQ('q', self->buf[0]);
	ASSERT_EQ(1, write(self->p[1], "p", 1));
	EXPECT_EQ(1, reap_res(&self->ring, 1));
	EXPECT_EQ('p', self->buf[0]);
}

TEST_F(files, reg_unregister_while_in_use)
{
	int fds[] = { self->p[0] };

	ASSERT_EQ(0, cring_register_files(&self->ring, fds, 1));
	SLOT_READ(1, 0);
	submit_all(&self->ring, 1);
	EXPECT_EQ(0, cring_unregister_files(&self->ring));
	EXPECT_EQ(-EBADF, RUN_READ(0));
	ASSERT_EQ(1, write(self->p[1], "p", 1));
	EXPECT_EQ(1, reap_res(&self->ring, 1));
}

/* The last reference to a pipe's end goes with the slot: the reader sees it. */
TEST_F(files, reg_unregister_closes_the_file)
{
	struct pollfd pfd = { .fd = self->p[0] };

	ASSERT_EQ(0, cring_register_files(&self->ring, &self->p[1], 1));
	close(self->p[1]);
	EXPECT_EQ(0, poll(&pfd, 1, QUIET_MS));
	EXPECT_EQ(0, cring_unregister_files(&self->ring));
	EXPECT_EQ(1, poll(&pfd, 1, LIMIT_MS));
	EXPECT_EQ(POLLHUP, pfd.revents);
}

TEST_F(files, reg_closing_the_ring_closes_its_files)
{
	struct pollfd pfd = { .fd = self->p[0] };

	ASSERT_EQ(0, cring_register_files(&self->ring, &self->p[1], 1));
	close(self->p[1]);
	cring_queue_exit(&self->ring);
	EXPECT_EQ(1, poll(&pfd, 1, LIMIT_MS));
	EXPECT_EQ(POLLHUP, pfd.revents);
}

TEST_F(files, reg_poll_and_fsync_take_a_slot)
{
	int fds[] = { self->p[1], new_file("/tmp", O_RDWR) };
	struct cring_sqe *sqe;

	ASSERT_EQ(0, cring_register_files(&self->ring, fds, 2));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_poll_add(sqe, 0, POLLOUT);
	sqe->flags = CRING_SQE_FIXED_FILE;
	EXPECT_EQ(POLLOUT, run_sqe(&self->ring, sqe));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_fsync(sqe, 1, 0);
	sqe->flags = CRING_SQE_FIXED_FILE;
	EXPECT_EQ(0, run_sqe(&self->ring, sqe));
}

TEST_F(files, reg_most_slots)
{
	int *fds = malloc(CRING_MAX_FIXED_FILES * sizeof(int));
	unsigned int i;

	for (i = 0; i < CRING_MAX_FIXED_FILES; i++)
		fds[i] = i % 2 ? self->p[0] : -1;
	ASSERT_EQ(0, cring_register_files(&self->ring, fds,
					  CRING_MAX_FIXED_FILES));
	ASSERT_EQ(1, write(self->p[1], "p", 1));
	EXPECT_EQ(1, RUN_READ(CRING_MAX_FIXED_FILES - 1));
	EXPECT_EQ(-EBADF, RUN_READ(CRING_MAX_FIXED_FILES - 2));
	EXPECT_EQ(-EBADF, RUN_READ(CRING_MAX_FIXED_FILES));
	EXPECT_EQ(0, cring_unregister_files(&self->ring));
}

TEST_HARNESS_MAIN
