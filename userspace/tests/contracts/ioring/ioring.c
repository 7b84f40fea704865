// SPDX-License-Identifier: MIT
/*
 * Windows' I/O rings: BuildIoRingCancelRequest(), and the calls around it, of
 * compat/ioringapi.h.
 *
 *  1. A cancel stops the operation on this file that has this userData; it
 *     completes as aborted.
 *  2. On another file an operation with that userData is not stopped: not found.
 *  3. On this file an operation with another userData is not stopped: not found.
 *  4. Of operations on two files with one userData only that on this file is.
 *  5. The cancel has a userData and a completion of its own.
 *  6. Its completion does not depend on when its target completes.
 *  7. What cannot be stopped completes as if nothing had been.
 *  8. What has completed is not found, and its result stays.
 *  9. The userData of the cancel may be anything, 0 too.
 * 10. A full submission queue is an error of its own, and changes nothing.
 * 11. A handle that is not open is an error, and nothing is stopped.
 * 12. Version, largest queues and features can be asked before there is a ring.
 * 13. Operations can be asked for, and a version that is not known is an error of
 *     its own; a ring of an older version has the operations of that version.
 * 14. An unknown required flag is an error, and there is no ring.
 * 15. An unknown advisory flag is ignored.
 * 16. An unknown flag of an entry is an error, and no entry is built.  Of cring's
 *     own flags a required one is refused and an advisory one ignored.
 * 17. Queues have sizes of a power of two, the completion queue at least twice the
 *     other, and say so; too large ones are an error each.
 * 18. Submitting says how many, and waits for completions, not longer than told.
 * 19. What is wrong with an entry is in its own completion; the others go on.
 * 20. Without room for the completions nothing is submitted, and all stays queued.
 * 21. A second thread that submits is told that one does.
 * 22. Popping takes one completion, or says that there is none and writes nothing.
 * 23. The event is signalled when a completion comes to the empty queue; it can be
 *     replaced, taken off, and closed; a wrong one is an error.
 * 24. Data is read, written and flushed; a draining entry comes after those before.
 * 25. Closing does not wait for what is in flight.
 *
 * Here is the cancel, 1 to 11; ring.c has the others.
 */
#include "ioring.h"

TEST_F(ioring, p01_the_operation_of_that_file_and_user_data)
{
	wait_read(self->pipe[0], 1);
	submit(1);
	ASSERT_EQ(S_OK, cancel_request(self->pipe[0], 1, 100));
	submit(1);
	EXPECT_EQ(ABORTED, result_of(1).ResultCode);
	EXPECT_EQ(S_OK, result_of(100).ResultCode);
	/* Nothing reads the pipe any more. */
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	expect_none();
}

TEST_F(ioring, p02_not_on_another_file)
{
	wait_read(self->pipe[0], 1);
	submit(1);
	ASSERT_EQ(S_OK, cancel_request(self->other[0], 1, 100));
	submit(1);
	EXPECT_EQ(NOT_FOUND, result_of(100).ResultCode);
	expect_none();
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	EXPECT_EQ(S_OK, result_of(1).ResultCode);
}

TEST_F(ioring, p03_not_another_operation_on_the_file)
{
	wait_read(self->pipe[0], 1);
	submit(1);
	ASSERT_EQ(S_OK, cancel_request(self->pipe[0], 2, 100));
	submit(1);
	EXPECT_EQ(NOT_FOUND, result_of(100).ResultCode);
	expect_none();
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	EXPECT_EQ(S_OK, result_of(1).ResultCode);
}

TEST_F(ioring, p04_of_two_files_that_one)
{
	IORING_CQE cqe;

	wait_read(self->pipe[0], 1);
	wait_read(self->other[0], 1);
	submit(2);
	ASSERT_EQ(S_OK, cancel_request(self->other[0], 1, 100));
	submit(1);
	cqe = result_of(1);
	EXPECT_EQ(ABORTED, cqe.ResultCode);
	EXPECT_EQ(S_OK, result_of(100).ResultCode);
	expect_none();
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	cqe = result_of(1);
	EXPECT_EQ(S_OK, cqe.ResultCode);
	EXPECT_EQ(1, cqe.Information);
}

TEST_F(ioring, p05_a_user_data_and_a_completion_of_its_own)
{
	IORING_CQE cqe;

	wait_read(self->pipe[0], 1);
	submit(1);
	ASSERT_EQ(S_OK, cancel_request(self->pipe[0], 1, 0xcafe));
	submit(1);
	result_of(1);
	cqe = result_of(0xcafe);
	EXPECT_EQ(S_OK, cqe.ResultCode);
	EXPECT_EQ(0, cqe.Information);	/* it has stopped */
	expect_none();
}

TEST_F(ioring, p06_it_completes_before_a_target_that_goes_on)
{
	int fd = slow_disk(1000);
	IORING_CQE cqe;

	ASSERT_EQ(S_OK, read_file(fd, 1, BLOCK));
	submit(1);
	ASSERT_TRUE(wait_until(disk_busy(&self->nb)));
	ASSERT_EQ(S_OK, cancel_request(fd, 1, 100));
	submit(1);
	cqe = result_of(100);
	EXPECT_EQ(S_OK, cqe.ResultCode);
	EXPECT_EQ(CRING_STILL_RUNNING, cqe.Information);
	expect_none();
	EXPECT_EQ(S_OK, result_of(1).ResultCode);
	close(fd);
}

TEST_F(ioring, p07_what_cannot_be_stopped_completes)
{
	int fd = slow_disk(1000);
	IORING_CQE cqe;

	fill(self->buf, BLOCK, 6);
	ASSERT_EQ(BLOCK, pwrite(fd, self->buf, BLOCK, 0));
	memset(self->buf, 0, BLOCK);
	ASSERT_EQ(S_OK, read_file(fd, 1, BLOCK));
	submit(1);
	ASSERT_TRUE(wait_until(disk_busy(&self->nb)));
	ASSERT_EQ(S_OK, cancel_request(fd, 1, 100));
	submit(1);
	result_of(100);
	cqe = result_of(1);
	EXPECT_EQ(S_OK, cqe.ResultCode);
	EXPECT_EQ(BLOCK, cqe.Information);
	EXPECT_TRUE(is_filled(self->buf, BLOCK, 6));
	close(fd);
}

TEST_F(ioring, p08_what_has_completed_is_not_found)
{
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	wait_read(self->pipe[0], 1);
	submit(1);
	ASSERT_EQ(S_OK, cancel_request(self->pipe[0], 1, 100));
	submit(1);
	EXPECT_EQ(S_OK, result_of(1).ResultCode);
	EXPECT_EQ(NOT_FOUND, result_of(100).ResultCode);
}

TEST_F(ioring, p09_its_user_data_may_be_anything)
{
	IORING_CQE cqe;

	wait_read(self->pipe[0], 1);
	submit(1);
	ASSERT_EQ(S_OK, cancel_request(self->pipe[0], 1, 0));
	submit(1);
	result_of(1);
	EXPECT_EQ(S_OK, result_of(0).ResultCode);
	/* Even its target's. */
	wait_read(self->pipe[0], 7);
	submit(1);
	ASSERT_EQ(S_OK, cancel_request(self->pipe[0], 7, 7));
	submit(1);
	cqe = result_of(7);
	EXPECT_EQ(ABORTED, cqe.ResultCode);
	cqe = result_of(7);
	EXPECT_EQ(S_OK, cqe.ResultCode);
}

TEST_F(ioring, p10_a_full_queue_changes_nothing)
{
	unsigned int i;

	wait_read(self->pipe[0], 1);
	submit(1);
	for (i = 0; i < 8; i++)
		wait_read(self->other[0], 10 + i);
	EXPECT_EQ(IORING_E_SUBMISSION_QUEUE_FULL,
		  cancel_request(self->pipe[0], 1, 100));
	EXPECT_EQ(IORING_E_SUBMISSION_QUEUE_FULL,
		  read_file(self->other[0], 200, 1));
	submit(8);
	expect_none();		/* the first one waits as before */
	ASSERT_EQ(S_OK, cancel_request(self->pipe[0], 1, 100));
	submit(1);
	EXPECT_EQ(ABORTED, result_of(1).ResultCode);
	EXPECT_EQ(S_OK, result_of(100).ResultCode);
	for (i = 0; i < 8; i++)
		ASSERT_EQ(1, write(self->other[1], "x", 1));
	for (i = 0; i < 8; i++)
		EXPECT_EQ(1, next_completion().Information);
	expect_none();
}

TEST_F(ioring, p11_a_handle_that_is_not_open)
{
	IORING_HANDLE_REF invalid =
		IoRingHandleRefFromHandle(INVALID_HANDLE_VALUE);

	wait_read(self->pipe[0], 1);
	submit(1);
	EXPECT_EQ(E_INVALIDARG,
		  BuildIoRingCancelRequest(self->ring, invalid, 1, 100));
	ASSERT_EQ(S_OK, cancel_request(999, 1, 100));
	submit(1);
	EXPECT_EQ(E_HANDLE, result_of(100).ResultCode);
	expect_none();
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	EXPECT_EQ(S_OK, result_of(1).ResultCode);
}

TEST_HARNESS_MAIN
