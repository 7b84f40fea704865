// SPDX-License-Identifier: MIT
/*
 * What stands around the cancel of Windows' I/O rings: asking, making, building,
 * submitting, popping.  The promises are numbered in ioring.c.
 */
#include "ioring.h"

TEST_F(ioring, p12_what_there_is_can_be_asked_first)
{
	IORING_CAPABILITIES caps;

	memset(&caps, 0, sizeof(caps));
	ASSERT_EQ(S_OK, QueryIoRingCapabilities(&caps));
	EXPECT_EQ(IORING_VERSION_3, caps.MaxVersion);
	EXPECT_EQ(CRING_MAX_SQ_ENTRIES, caps.MaxSubmissionQueueSize);
	EXPECT_EQ(CRING_MAX_CQ_ENTRIES, caps.MaxCompletionQueueSize);
	EXPECT_TRUE(caps.FeatureFlags & IORING_FEATURE_SET_COMPLETION_EVENT);
}

TEST_F(ioring, p13_versions_and_operations)
{
	HIORING old = NULL, none = (HIORING)1;

	EXPECT_TRUE(IsIoRingOpSupported(self->ring, IORING_OP_NOP));
	EXPECT_TRUE(IsIoRingOpSupported(self->ring, IORING_OP_READ));
	EXPECT_TRUE(IsIoRingOpSupported(self->ring, IORING_OP_WRITE));
	EXPECT_TRUE(IsIoRingOpSupported(self->ring, IORING_OP_FLUSH));
	EXPECT_TRUE(IsIoRingOpSupported(self->ring, IORING_OP_CANCEL));
	EXPECT_FALSE(IsIoRingOpSupported(self->ring, (IORING_OP_CODE)99));

	EXPECT_EQ(IORING_E_VERSION_NOT_SUPPORTED,
		  CreateIoRing((IORING_VERSION)301, no_flags, 8, 0, &none));
	EXPECT_EQ(NULL, none);
	EXPECT_EQ(IORING_E_VERSION_NOT_SUPPORTED,
		  CreateIoRing(IORING_VERSION_INVALID, no_flags, 8, 0, &none));

	ASSERT_EQ(S_OK, CreateIoRing(IORING_VERSION_1, no_flags, 8, 0, &old));
	EXPECT_TRUE(IsIoRingOpSupported(old, IORING_OP_CANCEL));
	EXPECT_FALSE(IsIoRingOpSupported(old, IORING_OP_FLUSH));
	EXPECT_EQ(IORING_E_VERSION_NOT_SUPPORTED,
		  BuildIoRingFlushFile(old, file_of(0), FILE_FLUSH_DEFAULT, 1,
				       IOSQE_FLAGS_NONE));
	EXPECT_EQ(S_OK, CloseIoRing(old));
}

TEST_F(ioring, p14_an_unknown_required_flag)
{
	IORING_CREATE_FLAGS flags = {
		.Required = (IORING_CREATE_REQUIRED_FLAGS)0x100,
	};
	struct cring ring;
	HIORING none = (HIORING)1;

	EXPECT_EQ(IORING_E_UNKNOWN_REQUIRED_FLAG,
		  CreateIoRing(IORING_VERSION_3, flags, 8, 0, &none));
	EXPECT_EQ(NULL, none);
	/* cring's own */
	EXPECT_EQ(-EINVAL, cring_queue_init(8, &ring, 1U << 15));
}

TEST_F(ioring, p15_an_unknown_advisory_flag)
{
	IORING_CREATE_FLAGS flags = {
		.Advisory = (IORING_CREATE_ADVISORY_FLAGS)0x100,
	};
	struct cring ring;
	HIORING made = NULL;
	IORING_INFO info;

	ASSERT_EQ(S_OK, CreateIoRing(IORING_VERSION_3, flags, 8, 0, &made));
	EXPECT_EQ(S_OK, GetIoRingInfo(made, &info));
	EXPECT_EQ(8, info.SubmissionQueueSize);
	EXPECT_EQ(S_OK, CloseIoRing(made));
	/* cring's own */
	ASSERT_EQ(0, cring_queue_init(8, &ring, 1U << 31));
	cring_queue_exit(&ring);
}

TEST_F(ioring, p16_unknown_flags_of_an_entry)
{
	struct cring *ring = CringOfIoRing(self->ring);
	struct cring_sqe *sqe;

	EXPECT_EQ(IORING_E_REQUIRED_FLAG_NOT_SUPPORTED,
		  BuildIoRingReadFile(self->ring, file_of(self->pipe[0]),
				      IoRingBufferRefFromPointer(self->buf), 1,
				      0, 1, (IORING_SQE_FLAGS)2));
	submit(0);

	sqe = new_sqe(ring, 2);
	cring_prep_nop(sqe);
	sqe->xflags = 1U << 15;
	sqe = new_sqe(ring, 3);
	cring_prep_nop(sqe);
	sqe->xflags = 1U << 31;
	submit(2);
	EXPECT_EQ(E_INVALIDARG, result_of(2).ResultCode);
	EXPECT_EQ(S_OK, result_of(3).ResultCode);
}

TEST_F(ioring, p17_sizes)
{
	HIORING made = NULL;
	IORING_INFO info;

	ASSERT_EQ(S_OK, CreateIoRing(IORING_VERSION_2, no_flags, 5, 3, &made));
	ASSERT_EQ(S_OK, GetIoRingInfo(made, &info));
	EXPECT_EQ(IORING_VERSION_2, info.IoRingVersion);
	EXPECT_EQ(8, info.SubmissionQueueSize);
	EXPECT_EQ(16, info.CompletionQueueSize);
	EXPECT_EQ(S_OK, CloseIoRing(made));
	ASSERT_EQ(S_OK, CreateIoRing(IORING_VERSION_2, no_flags, 8, 65, &made));
	ASSERT_EQ(S_OK, GetIoRingInfo(made, &info));
	EXPECT_EQ(128, info.CompletionQueueSize);
	EXPECT_EQ(S_OK, CloseIoRing(made));

	EXPECT_EQ(IORING_E_SUBMISSION_QUEUE_TOO_BIG,
		  CreateIoRing(IORING_VERSION_3, no_flags,
			       CRING_MAX_SQ_ENTRIES + 1, 0, &made));
	EXPECT_EQ(IORING_E_COMPLETION_QUEUE_TOO_BIG,
		  CreateIoRing(IORING_VERSION_3, no_flags, 8,
			       CRING_MAX_CQ_ENTRIES + 1, &made));
}

TEST_F(ioring, p18_submitting_counts_and_waits)
{
	uint64_t start = now_ns();
	UINT32 submitted = 99;

	EXPECT_EQ(S_OK, SubmitIoRing(self->ring, 0, 0, &submitted));
	EXPECT_EQ(0, submitted);
	EXPECT_EQ(E_INVALIDARG, SubmitIoRing(self->ring, 1, 0, &submitted));
	wait_read(self->pipe[0], 1);
	wait_read(self->pipe[0], 2);
	EXPECT_EQ(IORING_E_WAIT_TIMEOUT,
		  SubmitIoRing(self->ring, 2, QUIET_MS, &submitted));
	EXPECT_EQ(2, submitted);
	EXPECT_GE(now_ns() - start, QUIET_MS * NSEC_PER_MSEC);
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	EXPECT_EQ(S_OK, SubmitIoRing(self->ring, 2, INFINITE, &submitted));
	EXPECT_EQ(0, submitted);
	next_completion();
	next_completion();
	expect_none();
}

TEST_F(ioring, p19_an_error_is_that_entrys)
{
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	ASSERT_EQ(S_OK, read_file(999, 1, 1));
	ASSERT_EQ(S_OK, read_file(self->pipe[0], 2, 1));
	ASSERT_EQ(S_OK, read_file(self->pipe[1], 3, 1));
	submit(3);
	EXPECT_EQ(E_HANDLE, result_of(1).ResultCode);
	EXPECT_EQ(S_OK, result_of(2).ResultCode);
	EXPECT_EQ(E_HANDLE, result_of(3).ResultCode);
}

TEST_F(ioring, p20_no_room_for_completions)
{
	UINT32 submitted = 99;
	unsigned int i;

	for (i = 0; i < 12; i++) {
		if (i == 8)
			submit(8);
		wait_read(self->pipe[0], i);
	}
	submit(4);
	for (; i < 17; i++)
		wait_read(self->pipe[0], i);
	EXPECT_EQ(IORING_E_COMPLETION_QUEUE_TOO_FULL,
		  SubmitIoRing(self->ring, 0, 0, &submitted));
	EXPECT_EQ(0, submitted);
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	EXPECT_EQ(1, next_completion().Information);
	submit(5);
	ASSERT_EQ(16, write(self->pipe[1], self->buf, 16));
	for (i = 0; i < 16; i++)
		EXPECT_EQ(1, next_completion().Information);
	expect_none();
}

TEST_F(ioring, p21_one_submits_at_a_time)
{
	UINT32 submitted = 99;

	wait_read(self->pipe[0], 1);
	/* As a thread that is inside leaves it. */
	self->ring->submitting = true;
	EXPECT_EQ(IORING_E_SUBMIT_IN_PROGRESS,
		  SubmitIoRing(self->ring, 0, 0, &submitted));
	EXPECT_EQ(0, submitted);
	self->ring->submitting = false;
	submit(1);
}

TEST_F(ioring, p22_popping)
{
	IORING_CQE cqe;

	memset(&cqe, 0xee, sizeof(cqe));
	EXPECT_EQ(S_FALSE, PopIoRingCompletion(self->ring, &cqe));
	EXPECT_TRUE(is_byte(&cqe, sizeof(cqe), 0xee));
	ASSERT_EQ(3, write(self->pipe[1], "abc", 3));
	ASSERT_EQ(S_OK, read_file(self->pipe[0], 5, 3));
	submit(1);
	EXPECT_EQ(S_OK, PopIoRingCompletion(self->ring, &cqe));
	EXPECT_EQ(5, cqe.UserData);
	EXPECT_EQ(S_OK, cqe.ResultCode);
	EXPECT_EQ(3, cqe.Information);
	EXPECT_EQ(S_FALSE, PopIoRingCompletion(self->ring, &cqe));
}

/* Is the event signalled?  Takes the signal. */
static bool signalled(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t value;

	return poll(&p, 1, ms) == 1 && read(fd, &value, 8) == 8;
}

TEST_F(ioring, p23_the_event)
{
	int event = eventfd(0, EFD_NONBLOCK), second = eventfd(0, EFD_NONBLOCK);
	int copy = dup(event);

	ASSERT_EQ(S_OK, SetIoRingCompletionEvent(self->ring,
						 CringHandle(event)));
	close(event);
	wait_read(self->pipe[0], 1);
	submit(1);
	EXPECT_FALSE(signalled(copy, QUIET_MS));
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	EXPECT_TRUE(signalled(copy, LIMIT_MS));
	EXPECT_EQ(S_OK, result_of(1).ResultCode);
	expect_none();

	EXPECT_EQ(E_INVALIDARG, SetIoRingCompletionEvent(self->ring,
							 INVALID_HANDLE_VALUE));
	EXPECT_EQ(E_INVALIDARG, SetIoRingCompletionEvent(self->ring,
							 CringHandle(999)));
	ASSERT_EQ(S_OK, SetIoRingCompletionEvent(self->ring,
						 CringHandle(second)));
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	wait_read(self->pipe[0], 2);
	submit(1);
	EXPECT_TRUE(signalled(second, LIMIT_MS));
	EXPECT_FALSE(signalled(copy, 0));
	result_of(2);

	ASSERT_EQ(S_OK, SetIoRingCompletionEvent(self->ring, NULL));
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	wait_read(self->pipe[0], 3);
	submit(1);
	EXPECT_FALSE(signalled(second, QUIET_MS));
	result_of(3);
	EXPECT_EQ(E_INVALID_HANDLE, SetIoRingCompletionEvent(NULL, NULL));
}

TEST_F(ioring, p24_data_and_draining)
{
	int fd = new_file(TMPFS_DIR, O_RDWR);
	IORING_BUFFER_REF from = IoRingBufferRefFromPointer(self->buf);
	IORING_BUFFER_REF to = IoRingBufferRefFromPointer(self->buf + BLOCK);

	fill(self->buf, BLOCK, 4);
	wait_read(self->pipe[0], 1);
	ASSERT_EQ(S_OK, BuildIoRingWriteFile(self->ring, file_of(fd), from,
					     BLOCK, 512,
					     FILE_WRITE_FLAGS_WRITE_THROUGH, 2,
					     IOSQE_FLAGS_NONE));
	ASSERT_EQ(S_OK, BuildIoRingFlushFile(self->ring, file_of(fd),
					     FILE_FLUSH_DEFAULT, 3,
					     IOSQE_FLAGS_DRAIN_PRECEDING_OPS));
	submit(3);
	EXPECT_EQ(BLOCK, result_of(2).Information);
	expect_none();
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	EXPECT_EQ(S_OK, result_of(1).ResultCode);
	EXPECT_EQ(S_OK, result_of(3).ResultCode);
	ASSERT_EQ(S_OK, BuildIoRingReadFile(self->ring, file_of(fd), to, BLOCK,
					    512, 4, IOSQE_FLAGS_NONE));
	submit(1);
	EXPECT_EQ(BLOCK, result_of(4).Information);
	EXPECT_TRUE(is_filled(self->buf + BLOCK, BLOCK, 4));
	close(fd);
}

TEST_F(ioring, p25_closing_does_not_wait)
{
	int fd = slow_disk(1000);
	HIORING ring = NULL;
	uint64_t start;

	ASSERT_EQ(S_OK, CreateIoRing(IORING_VERSION_3, no_flags, 8, 0, &ring));
	ASSERT_EQ(S_OK, BuildIoRingReadFile(ring, file_of(fd),
					    IoRingBufferRefFromPointer(self->buf),
					    BLOCK, 0, 1, IOSQE_FLAGS_NONE));
	ASSERT_EQ(S_OK, SubmitIoRing(ring, 0, 0, NULL));
	ASSERT_TRUE(wait_until(disk_busy(&self->nb)));
	start = now_ns();
	EXPECT_EQ(S_OK, CloseIoRing(ring));
	EXPECT_SOON(start, 500 * NSEC_PER_MSEC);
	ASSERT_TRUE(wait_until(!disk_busy(&self->nb)));
	close(fd);
}

TEST_HARNESS_MAIN
