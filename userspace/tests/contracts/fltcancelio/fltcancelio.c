// SPDX-License-Identifier: MIT
/*
 * Windows' FltCancelIo(), by which a filter in the kernel cancels an operation
 * that it has started, and FltSetCancelCompletion() and
 * FltClearCancelCompletion(), by which whoever works on it makes it cancellable.
 *
 *  1. Kernel code that has started an operation can cancel it: true when its
 *     cancel routine was called by this cancel.
 *  2. The routine is called once, and what it was called for ends as cancelled:
 *     who started it is told so, once.
 *  3. While there is no routine the answer is false, and the operation goes on;
 *     it is marked as cancelled.
 *  4. A routine that is set for an operation so marked is called at once.
 *  5. A routine that was cleared is not called: false.
 *  6. What was cancelled already is not cancelled again: false.
 *  7. What has completed is not cancelled: false, and its result stays.
 *  8. What was never started is not cancelled: false.
 *  9. What a work queue executes is not cancelled: false; it is told to stop.
 * 10. What is in a device is not cancelled: false; it ends with its result.
 * 11. A read that waits for its data can be cancelled: true, and its memory is
 *     the caller's.
 * 12. The cancel does not wait for the operation.
 * 13. It may be called where one must not sleep.
 * 14. Routines are set and cleared without a race: of a cancel and an end that
 *     meet, one has happened, and both sides know which.
 * 15. Only who has started an operation can cancel it.
 * 16. An operation that a program has started on the same provider keeps 1 to 7,
 *     by the program's own cancel.
 * 17. Neither side's code is unloaded while it is needed.
 *
 * The provider is samples/cring_delay, the kernel caller samples/cring_caller,
 * which starts one operation an open file.
 *
 * check: samples
 */
#include "../contract.h"
#include "cancel_dev.h"
#include "../../../../samples/cring_caller/cring_caller.h"

#define DELAY		"cring_delay"
#define CALLER		"cring_caller"
#define CALLER_DEVICE	"/dev/cring_caller"

/* ms: far longer than the test takes, and as soon as can be */
#define LATE		60000
#define SOON		20
/* for a worker to start and fall asleep */
#define START_MS	500

/* ---- modules ------------------------------------------------------------ */

static int load(const char *name)
{
	char path[64];
	int fd, ret;

	snprintf(path, sizeof(path), "/cring/%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return ret;
}

static int unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

static uint8_t delay_opcode(void)
{
	FILE *f = fopen("/sys/module/" DELAY "/parameters/opcode", "re");
	unsigned int opcode = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%u", &opcode) != 1)
		opcode = 0;
	fclose(f);
	return (uint8_t)opcode;
}

/* ---- a kernel caller ----------------------------------------------------- */

/* An operation that completes after @end ms, cancellable from @from on for @len. */
static int call_number(int fd, uint8_t opcode, uint64_t end, uint64_t from,
		       uint32_t len)
{
	struct cring_caller_start s = {
		.opcode = opcode, .off = end, .addr = from, .len = len,
		.flags = 42,
	};

	return ioc_ptr(fd, CRING_CALLER_START, &s);
}

static int call_delay(int fd, uint64_t end, uint64_t from, uint32_t len)
{
	return call_number(fd, delay_opcode(), end, from, len);
}

static int call_rw(int fd, uint8_t opcode, int file, uint32_t len)
{
	struct cring_caller_start s = {
		.opcode = opcode, .fd = file, .len = len,
	};

	return ioc_ptr(fd, CRING_CALLER_START, &s);
}

static int caller_cancel(int fd)
{
	return ioc(fd, CRING_CALLER_CANCEL, 0);
}

static int caller_result(int fd)
{
	int32_t res = 0;
	int ret = ioc_ptr(fd, CRING_CALLER_RESULT, &res);

	return ret ? ret : res;
}

static int caller_wait(int fd)
{
	int ret = ioc(fd, CRING_CALLER_WAIT, LIMIT_MS);

	return ret ? ret : caller_result(fd);
}

#define caller_dones(fd)	ioc(fd, CRING_CALLER_DONES, 0)

FIXTURE(flt) {
	struct cring ring;
	int fd;			/* a kernel caller */
	struct nullb nb;
};

FIXTURE_SETUP(flt)
{
	int ret;

	self->fd = -1;
	self->nb.dir[0] = 0;
	ring_init(&self->ring, 64);
	ret = load(DELAY);
	if (ret == -ENOENT)
		SKIP(return, "the sample modules are not there");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, load(CALLER));
	ASSERT_TRUE(wait_until(!access(CALLER_DEVICE, R_OK)));
	self->fd = open(CALLER_DEVICE, O_RDONLY | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(flt)
{
	cring_queue_exit(&self->ring);
	if (self->fd < 0)
		return;
	close(self->fd);
	nullb_del(&self->nb);
	/* the last holds go a moment after the last CQE */
	EXPECT_TRUE(wait_until(unload(CALLER) != -EAGAIN));
	EXPECT_TRUE(wait_until(unload(DELAY) != -EAGAIN));
	EXPECT_NE(0, access("/sys/module/" DELAY, F_OK));
}

#define FD	(self->fd)
#define RING	(&self->ring)

/* ---- the kernel caller's side -------------------------------------------- */

TEST_F(flt, p01_true_when_this_cancel_called_the_routine)
{
	ASSERT_EQ(0, call_delay(FD, LATE, 0, 0));
	EXPECT_EQ(-EINPROGRESS, caller_result(FD));
	EXPECT_EQ(1, caller_cancel(FD));
}

TEST_F(flt, p02_it_ends_as_cancelled_and_who_started_it_is_told_once)
{
	ASSERT_EQ(0, call_delay(FD, SOON * 5, 0, 0));
	EXPECT_EQ(0, caller_dones(FD));
	EXPECT_EQ(1, caller_cancel(FD));
	/* when the cancel returns, not some time later */
	EXPECT_EQ(-ECANCELED, caller_result(FD));
	EXPECT_EQ(1, caller_dones(FD));
	/* and when its time has come, nothing happens */
	msleep(SOON * 10);
	EXPECT_EQ(1, caller_dones(FD));
	EXPECT_EQ(-ECANCELED, caller_wait(FD));
}

TEST_F(flt, p03_without_a_routine_false_and_it_goes_on)
{
	/* cancellable only when it is over */
	ASSERT_EQ(0, call_delay(FD, SOON * 5, LATE, 0));
	EXPECT_EQ(0, caller_cancel(FD));
	EXPECT_EQ(-EINPROGRESS, caller_result(FD));
	EXPECT_EQ(42, caller_wait(FD));
	EXPECT_EQ(1, caller_dones(FD));
}

TEST_F(flt, p04_a_routine_that_is_set_later_is_called_at_once)
{
	uint64_t start = now_ns();

	ASSERT_EQ(0, call_delay(FD, LATE, SOON * 5, 0));
	EXPECT_EQ(0, caller_cancel(FD));
	EXPECT_EQ(-EINPROGRESS, caller_result(FD));
	/* not by another cancel, and long before its own end */
	EXPECT_EQ(-ECANCELED, caller_wait(FD));
	EXPECT_SOON(start, LATE / 2 * NSEC_PER_MSEC);
	EXPECT_EQ(1, caller_dones(FD));
}

TEST_F(flt, p05_a_routine_that_was_cleared_is_not_called)
{
	ASSERT_EQ(0, call_delay(FD, SOON * 20, 0, SOON));
	msleep(SOON * 5);
	EXPECT_EQ(0, caller_cancel(FD));
	EXPECT_EQ(-EINPROGRESS, caller_result(FD));
	EXPECT_EQ(42, caller_wait(FD));
}

TEST_F(flt, p06_what_was_cancelled_is_not_cancelled_again)
{
	ASSERT_EQ(0, call_delay(FD, LATE, 0, 0));
	EXPECT_EQ(1, caller_cancel(FD));
	EXPECT_EQ(0, caller_cancel(FD));
	EXPECT_EQ(0, caller_cancel(FD));
	EXPECT_EQ(1, caller_dones(FD));
}

TEST_F(flt, p06_nor_while_its_routine_is_awaited)
{
	ASSERT_EQ(0, call_delay(FD, LATE, SOON * 10, 0));
	EXPECT_EQ(0, caller_cancel(FD));
	EXPECT_EQ(0, caller_cancel(FD));
	EXPECT_EQ(-ECANCELED, caller_wait(FD));
}

TEST_F(flt, p07_what_has_completed_is_not_cancelled)
{
	ASSERT_EQ(0, call_delay(FD, SOON, 0, 0));
	EXPECT_EQ(42, caller_wait(FD));
	EXPECT_EQ(0, caller_cancel(FD));
	EXPECT_EQ(42, caller_result(FD));
	EXPECT_EQ(1, caller_dones(FD));
}

TEST_F(flt, p08_what_was_never_started_is_not_cancelled)
{
	EXPECT_EQ(0, caller_cancel(FD));
	EXPECT_EQ(0, caller_dones(FD));
	/* nor is it, for that, when it is started */
	ASSERT_EQ(0, call_delay(FD, SOON, 0, 0));
	EXPECT_EQ(42, caller_wait(FD));
}

/* A FUSE server that does not read its requests: the worker sleeps. */
TEST_F(flt, p09_what_a_work_queue_executes_is_not_cancelled)
{
	struct fusefs fs;
	char path[64];
	int fd, ret;

	ret = fuse_start(&fs, 0);
	if (ret == -ENODEV)
		SKIP(return, "no FUSE");
	ASSERT_EQ(0, ret);
	snprintf(path, sizeof(path), "%s/f", fs.dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, call_rw(FD, CRING_OP_READ, fd, 4096));
	msleep(START_MS);
	EXPECT_EQ(-EINPROGRESS, caller_result(FD));
	EXPECT_EQ(0, caller_cancel(FD));
	/* told to stop, it does, though nobody answers */
	EXPECT_EQ(-ECANCELED, caller_wait(FD));
	EXPECT_EQ(1, caller_dones(FD));
	close(fd);
	fuse_stop(&fs);
}

TEST_F(flt, p10_what_is_in_a_device_is_not_cancelled)
{
	int fd;

	if (!have_nullb())
		SKIP(return, NULLB_SKIP);
	new_nullb(&self->nb, .delay_ns = 500 * NSEC_PER_MSEC,
		  .no_memory = 1);
	fd = nullb_open(&self->nb, O_RDONLY | O_DIRECT);
	ASSERT_EQ(0, call_rw(FD, CRING_OP_READ, fd, 4096));
	EXPECT_EQ(0, caller_cancel(FD));
	EXPECT_EQ(-EINPROGRESS, caller_result(FD));
	EXPECT_EQ(4096, caller_wait(FD));
	EXPECT_EQ(1, caller_dones(FD));
	close(fd);
}

TEST_F(flt, p11_a_read_that_waits_for_its_data_can_be_cancelled)
{
	char buf[8] = "";
	int p[2];

	new_pipe(p, 0);
	ASSERT_EQ(0, call_rw(FD, CRING_OP_READ, p[0], 8));
	EXPECT_EQ(-EINPROGRESS, caller_result(FD));
	EXPECT_EQ(1, caller_cancel(FD));
	EXPECT_EQ(-ECANCELED, caller_result(FD));
	/* what comes now is for the next one */
	ASSERT_EQ(7, write(p[1], "content", 7));
	ASSERT_EQ(8, pread(FD, buf, 8, 0));
	EXPECT_TRUE(is_byte(buf, 8, 0));
	ASSERT_EQ(7, read(p[0], buf, 8));
	EXPECT_EQ(0, memcmp(buf, "content", 7));
}

TEST_F(flt, p11_one_that_is_not_cancelled_gets_its_data)
{
	char buf[8] = "";
	int p[2];

	new_pipe(p, 0);
	ASSERT_EQ(0, call_rw(FD, CRING_OP_READ, p[0], 8));
	ASSERT_EQ(7, write(p[1], "content", 7));
	EXPECT_EQ(7, caller_wait(FD));
	ASSERT_EQ(8, pread(FD, buf, 8, 0));
	EXPECT_EQ(0, memcmp(buf, "content", 7));
}

TEST_F(flt, p12_the_cancel_does_not_wait)
{
	uint64_t start;

	ASSERT_EQ(0, call_delay(FD, 2000, LATE, 0));
	start = now_ns();
	EXPECT_EQ(0, caller_cancel(FD));
	EXPECT_LT(now_ns() - start, 1000 * NSEC_PER_MSEC);
	EXPECT_EQ(-EINPROGRESS, caller_result(FD));
	EXPECT_EQ(42, caller_wait(FD));
}

TEST_F(flt, p13_it_may_be_called_with_interrupts_off)
{
	int p[2], other;

	ASSERT_EQ(0, call_delay(FD, LATE, 0, 0));
	EXPECT_EQ(1, ioc(FD, CRING_CALLER_CANCEL, 1));
	EXPECT_EQ(-ECANCELED, caller_result(FD));

	other = open(CALLER_DEVICE, O_RDONLY | O_CLOEXEC);
	ASSERT_GE(other, 0);
	new_pipe(p, 0);
	ASSERT_EQ(0, call_rw(other, CRING_OP_READ, p[0], 8));
	EXPECT_EQ(1, ioc(other, CRING_CALLER_CANCEL, 1));
	EXPECT_EQ(-ECANCELED, caller_result(other));
	close(other);
}

/* Each ends within a few ticks of being cancelled: before, after, and at once. */
TEST_F(flt, p14_a_cancel_and_an_end_agree_which_was_first)
{
	unsigned int i, ours = 0, wrong = 0;

	for (i = 0; i < 200; i++) {
		int fd = open(CALLER_DEVICE, O_RDONLY | O_CLOEXEC), won, res;
		uint64_t end = now_ns() + (i % 64) * 250000;

		ASSERT_GE(fd, 0);
		ASSERT_EQ(0, call_delay(fd, 4, 0, 0));
		while (now_ns() < end)
			;
		won = caller_cancel(fd);
		res = caller_wait(fd);
		ours += won;
		wrong += res != (won ? -ECANCELED : 42) || caller_dones(fd) != 1;
		close(fd);
	}
	EXPECT_EQ(0, wrong);
	contract_note(14, "of 200 that met their end the cancel was first %u times",
		      ours);
}

TEST_F(flt, p14_nothing_is_lost_while_a_routine_comes_and_goes)
{
	unsigned int i, wrong = 0;

	for (i = 0; i < 100; i++) {
		int fd = open(CALLER_DEVICE, O_RDONLY | O_CLOEXEC), won, res;
		uint64_t end = now_ns() + (i % 48) * 250000;

		ASSERT_GE(fd, 0);
		/* it can be cancelled in the middle third */
		ASSERT_EQ(0, call_delay(fd, 12, 4, 4));
		while (now_ns() < end)
			;
		won = caller_cancel(fd);
		res = caller_wait(fd);
		/* false, and yet cancelled: its routine came later */
		wrong += won ? res != -ECANCELED : res != 42 && res != -ECANCELED;
		wrong += caller_dones(fd) != 1;
		close(fd);
	}
	EXPECT_EQ(0, wrong);
}

TEST_F(flt, p15_nobody_else_can_cancel_it)
{
	struct cring_cancel_key key = { .flags = C_ANY | C_ALL };
	int other = open(CALLER_DEVICE, O_RDONLY | O_CLOEXEC);

	ASSERT_GE(other, 0);
	ASSERT_EQ(0, call_delay(FD, SOON * 5, 0, 0));
	EXPECT_EQ(0, caller_cancel(other));
	EXPECT_EQ(0, cancel_call(RING->ring_fd, &key, 1, 0, 0));
	EXPECT_EQ(0, key.res);
	key = (struct cring_cancel_key){ .flags = C_ANY | C_ALL };
	EXPECT_EQ(0, cancel_call(RING->ring_fd, &key, 1, CRING_CANCEL_PROCESS,
				 0));
	EXPECT_EQ(0, key.res);
	EXPECT_EQ(42, caller_wait(FD));
	close(other);
}

/* ---- the program's side -------------------------------------------------- */

static void t_delay(struct __test_metadata *_metadata, struct cring *ring,
		    uint64_t user_data, uint64_t end, uint64_t from,
		    uint32_t len)
{
	put(ring, .opcode = delay_opcode(), .off = end, .addr = from,
	    .len = len, .op_flags = 42, .user_data = user_data);
	submit_all(ring, 1);
}
#define delay(ud, end, from, len) t_delay(_metadata, RING, ud, end, from, len)

TEST_F(flt, p16_by_a_programs_own_cancel)
{
	enum way way;

	for (way = BY_SQE; way <= BY_CALL; way++) {
		uint64_t ud = way == BY_SQE ? 10 : 20;

		delay(ud + 1, LATE, 0, 0);
		EXPECT_EQ(0, cancel(RING, way, .user_data = ud + 1));
		expect_stopped(RING, way, ud + 1);
		/* it had been started: the provider has seen it */
		EXPECT_EQ(0, cq_peek(RING, cqe_at(RING, ud + 1))->flags);
		EXPECT_EQ(-ENOENT, cancel(RING, way, .user_data = ud + 1));

		delay(ud + 2, SOON * 5, LATE, 0);
		EXPECT_EQ(-EALREADY, cancel(RING, way, .user_data = ud + 2));
		delay(ud + 3, LATE, SOON * 5, 0);
		EXPECT_EQ(-EALREADY, cancel(RING, way, .user_data = ud + 3));
		delay(ud + 4, SOON, 0, 0);
		await(RING, ud + 4);
		EXPECT_EQ(-ENOENT, cancel(RING, way, .user_data = ud + 4));
		await(RING, ud + 2);
		await(RING, ud + 3);
		expect_res(RING, ud + 2, 42);
		expect_res(RING, ud + 3, -ECANCELED);
		expect_res(RING, ud + 4, 42);
	}
}

TEST_F(flt, p16_a_routine_that_was_cleared_is_not_called)
{
	delay(1, SOON * 20, 0, SOON);
	msleep(SOON * 5);
	EXPECT_EQ(-EALREADY, cancel(RING, BY_CALL, .user_data = 1));
	expect_pending(RING, 1);
	await(RING, 1);
	expect_res(RING, 1, 42);
}

TEST_F(flt, p16_all_of_the_opcode_and_wait_for_those_that_go_on)
{
	struct cring_cancel_key key = {
		.flags = C_OP | C_ALL, .opcode = delay_opcode(),
	};

	delay(1, LATE, 0, 0);
	delay(2, SOON * 10, LATE, 0);
	delay(3, LATE, SOON * 5, 0);
	EXPECT_EQ(0, cancel_call(RING->ring_fd, &key, 1, CRING_CANCEL_WAIT,
				 LIMIT_MS * (int64_t)NSEC_PER_MSEC));
	EXPECT_EQ(3, key.res);
	EXPECT_EQ(2, key.already);
	expect_res(RING, 1, -ECANCELED);
	expect_res(RING, 2, 42);
	expect_res(RING, 3, -ECANCELED);
}

TEST_F(flt, p16_what_the_provider_does_not_take_is_its_answer)
{
	put(RING, .opcode = delay_opcode(), .off = 1, .buf_index = 1,
	    .user_data = 1);
	submit_all(RING, 1);
	expect_res(RING, 1, -EINVAL);
}

/* ---- coming and going ----------------------------------------------------- */

TEST_F(flt, p17_no_module_goes_while_it_is_needed)
{
	struct cring_query q = { 0 };
	uint8_t opcode = delay_opcode();

	ASSERT_EQ(0, ioc_ptr(RING->ring_fd, CRING_IOC_QUERY, &q));
	EXPECT_TRUE(q.ops[opcode / 64] >> opcode % 64 & 1);
	EXPECT_EQ(-EAGAIN, unload(CALLER));
	delay(1, LATE, 0, 0);
	EXPECT_EQ(-EAGAIN, unload(DELAY));
	EXPECT_EQ(0, cancel(RING, BY_CALL, .user_data = 1));
	reap_all(RING);
	/* its samples use it */
	EXPECT_EQ(-EAGAIN, unload("cring"));

	ASSERT_TRUE(wait_until(!unload(DELAY)));
	put(RING, .opcode = opcode, .off = 1, .user_data = 2);
	submit_all(RING, 1);
	expect_res(RING, 2, -EINVAL);
	memset(&q, 0, sizeof(q));
	ASSERT_EQ(0, ioc_ptr(RING->ring_fd, CRING_IOC_QUERY, &q));
	EXPECT_FALSE(q.ops[opcode / 64] >> opcode % 64 & 1);
	EXPECT_EQ(-EINVAL, cancel(RING, BY_CALL, .opcode = opcode,
				  .flags = C_OP));
	/* a kernel caller is told the same, as a result */
	ASSERT_EQ(0, call_number(FD, opcode, 1, 0, 0));
	EXPECT_EQ(-EINVAL, caller_wait(FD));
	ASSERT_EQ(0, load(DELAY));
}

/* A program that is killed leaves calls behind, and the ring goes with them. */
TEST_F(flt, p17_a_killed_program_keeps_the_provider_until_its_calls_are_over)
{
	pid_t pid = fork();

	ASSERT_GE(pid, 0);
	if (!pid) {
		struct cring_sqe *sqe;
		struct cring ring;

		if (cring_queue_init(4, &ring, 0))
			_exit(1);
		sqe = cring_get_sqe(&ring);
		sqe->opcode = delay_opcode();
		sqe->off = SOON * 25;
		sqe->addr = LATE;
		if (cring_submit(&ring) != 1)
			_exit(2);
		kill(getpid(), SIGKILL);
	}
	int status = 0;

	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(-EAGAIN, unload(DELAY));
	EXPECT_TRUE(wait_until(!unload(DELAY)));
	ASSERT_EQ(0, load(DELAY));
}

TEST_HARNESS_MAIN
