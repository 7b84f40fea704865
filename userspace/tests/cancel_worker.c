// SPDX-License-Identifier: MIT
/*
 * C4: on the workqueue.  What waits for a worker is stopped; what runs is told
 * to stop, and whatever sleeps interruptibly or killably returns at once.
 */
#include "util.h"
#include "cancel_util.h"
#include "cancel_dev.h"

TWO_WAYS(worker)

#define RING	(&self->ring)
#define WAY	variant->way
#define STOPPED(ud)	expect_stopped(RING, WAY, ud)

/* More than any ring can have workers. */
#define MANY	2048
/* Long enough for a worker to start and to fall asleep. */
#define START_MS	500

/* user_data's completion is -ECANCELED, promptly, and owns up to a start. */
#define expect_interrupted(ud) do {					\
	uint64_t __t = now_ns();					\
	await(RING, ud);						\
	EXPECT_SOON(__t, 3 * NSEC_PER_SEC);				\
	expect_res(RING, ud, -ECANCELED);				\
	EXPECT_EQ(0, cq_peek(RING, cqe_at(RING, ud))->flags &		\
		  CRING_CQE_F_NOT_STARTED);				\
} while (0)

TEST_F(worker, c4_a_pipe_read_running_in_a_worker_is_interrupted)
{
	int p[2];

	new_pipe(p, 0);
	put_async_read(_metadata, RING, 1, p[0]);
	submit_all(RING, 1);
	msleep(START_MS);
	expect_pending(RING, 1);
	EXPECT_EQ(-EALREADY, cancel(RING, WAY, .user_data = 1));
	expect_interrupted(1);
	EXPECT_EQ(-ENOENT, cancel(RING, WAY, .user_data = 1));
	/* It took nothing with it. */
	ASSERT_EQ(1, write(p[1], "x", 1));
	ASSERT_EQ(0, fcntl(p[0], F_SETFL, O_NONBLOCK));
	EXPECT_EQ(1, read(p[0], sink, 1));
}

TEST_F(worker, c4_a_pipe_write_running_in_a_worker_is_interrupted)
{
	int p[2];

	new_pipe(p, 0);
	ASSERT_EQ(4096, fcntl(p[1], F_SETPIPE_SZ, 4096));
	ASSERT_EQ(4096, write(p[1], sink, 4096));
	put(RING, .opcode = CRING_OP_WRITE, .flags = CRING_SQE_ASYNC,
	    .fd = p[1], .addr = PTR64(sink), .len = 1, .user_data = 1);
	submit_all(RING, 1);
	msleep(START_MS);
	EXPECT_EQ(-EALREADY, cancel(RING, WAY, .user_data = 1));
	expect_interrupted(1);
	ASSERT_EQ(4096, read(p[0], sink, 4096));
	ASSERT_EQ(0, fcntl(p[0], F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-1, read(p[0], sink, 1));
}

TEST_F(worker, c4_bytes_already_moved_are_a_short_count)
{
	static char big[8192];
	int p[2];

	new_pipe(p, 0);
	ASSERT_EQ(4096, fcntl(p[1], F_SETPIPE_SZ, 4096));
	put(RING, .opcode = CRING_OP_WRITE, .flags = CRING_SQE_ASYNC,
	    .fd = p[1], .addr = PTR64(big), .len = 8192, .user_data = 1);
	submit_all(RING, 1);
	msleep(START_MS);
	expect_pending(RING, 1);
	EXPECT_EQ(-EALREADY, cancel(RING, WAY, .user_data = 1));
	await(RING, 1);
	expect_res(RING, 1, 4096);
	ASSERT_EQ(0, fcntl(p[0], F_SETFL, O_NONBLOCK));
	EXPECT_EQ(4096, read(p[0], big, 8192));
}

TEST_F(worker, c4_only_the_one_named_is_interrupted)
{
	int p[2], i;

	new_pipe(p, 0);
	for (i = 1; i <= 3; i++)
		put_async_read(_metadata, RING, i, p[0]);
	submit_all(RING, 3);
	msleep(START_MS);
	EXPECT_EQ(-EALREADY, cancel(RING, WAY, .user_data = 2));
	expect_interrupted(2);
	expect_pending(RING, 1);
	expect_pending(RING, 3);
	ASSERT_EQ(2, write(p[1], "xy", 2));
	settle(RING);
	expect_res(RING, 1, 1);
	expect_res(RING, 3, 1);
}

/* The signal that stopped one operation must not reach the worker's next. */
TEST_F(worker, c4_an_interrupted_worker_serves_the_next_one_unharmed)
{
	int p[2], q[2], i;

	new_pipe(p, 0);
	new_pipe(q, 0);
	for (i = 0; i < 30; i++) {
		put_async_read(_metadata, RING, 1, p[0]);
		submit_all(RING, 1);
		msleep(20);
		if (cancel(RING, WAY, .user_data = 1) == -EALREADY)
			await(RING, 1);
		expect_res(RING, 1, -ECANCELED);
		put_async_read(_metadata, RING, 2, q[0]);
		submit_all(RING, 1);
		msleep(5);
		ASSERT_EQ(1, write(q[1], "x", 1));
		await(RING, 2);
		expect_res(RING, 2, 1);
		reap_all(RING);
	}
}

TEST_F(worker, c4_a_copy_stuck_in_a_page_fault_is_interrupted)
{
	struct slowmem m;
	int p[2], ret;

	ret = slowmem_init(&m, 4096);
	if (ret == -ENODEV)
		SKIP(return, "no userfaultfd in this kernel");
	ASSERT_EQ(0, ret);
	new_pipe(p, 0);
	ASSERT_EQ(3, write(p[1], "abc", 3));
	put(RING, .opcode = CRING_OP_READ, .flags = CRING_SQE_ASYNC,
	    .fd = p[0], .addr = PTR64(m.mem), .len = 3, .user_data = 1);
	submit_all(RING, 1);
	ASSERT_EQ(0, slowmem_wait_fault(&m));
	EXPECT_EQ(-EALREADY, cancel(RING, WAY, .user_data = 1));
	expect_interrupted(1);
	/* The fault goes unanswered; the data was not lost. */
	EXPECT_EQ(3, read(p[0], sink, 3));
	EXPECT_EQ(0, memcmp(sink, "abc", 3));
	slowmem_exit(&m);
}

TEST_F(worker, c4_a_fuse_read_that_its_server_has_not_seen_is_interrupted)
{
	struct fusefs fs;
	char path[64];
	int fd, ret;

	ret = fuse_start(&fs, 0);
	if (ret == -ENODEV)
		SKIP(return, "no FUSE in this kernel");
	ASSERT_EQ(0, ret);
	snprintf(path, sizeof(path), "%s/f", fs.dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	EXPECT_GE(fd, 0);
	put(RING, .opcode = CRING_OP_READ, .fd = fd, .addr = PTR64(sink),
	    .len = 512, .user_data = 1);
	submit_all(RING, 1);
	msleep(START_MS);
	expect_pending(RING, 1);
	EXPECT_EQ(-EALREADY, cancel(RING, WAY, .user_data = 1));
	expect_interrupted(1);
	fuse_stop(&fs);
	close(fd);
}

TEST_F(worker, c4_a_fuse_read_that_its_server_sits_on_ends_with_the_server)
{
	struct fusefs fs;
	char path[64];
	int fd, ret;

	ret = fuse_start(&fs, 1);
	if (ret == -ENODEV)
		SKIP(return, "no FUSE in this kernel");
	ASSERT_EQ(0, ret);
	snprintf(path, sizeof(path), "%s/f", fs.dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	EXPECT_GE(fd, 0);
	put(RING, .opcode = CRING_OP_READ, .fd = fd, .addr = PTR64(sink),
	    .len = 512, .user_data = 1);
	submit_all(RING, 1);
	EXPECT_TRUE(wait_until(fs.reads == 1));
	EXPECT_EQ(-EALREADY, cancel(RING, WAY, .user_data = 1));
	msleep(QUIET_MS);
	expect_pending(RING, 1);
	EXPECT_EQ(-EALREADY, cancel(RING, WAY, .user_data = 1));
	fuse_stop(&fs);
	await(RING, 1);
	EXPECT_GT(0, res_of(RING, 1));
	expect_one_each(RING, 1, 1);
	close(fd);
}

TEST_F(worker, c4_what_waits_for_a_worker_is_stopped)
{
	struct cring_cancel_key all = { .flags = C_ANY | C_ALL };
	struct cring big;
	unsigned int i, wrong = 0;
	int p[2];

	new_pipe(p, 0);
	ring_init(&big, MANY);
	for (i = 0; i < MANY; i++)
		put_async_read(_metadata, &big, i, p[0]);
	submit_all(&big, MANY);
	msleep(3 * START_MS);
	EXPECT_EQ(0, cq_count(&big));
	/* The last is behind all the others, the first has a worker. */
	EXPECT_EQ(0, cancel(&big, WAY, .user_data = MANY - 1));
	expect_stopped(&big, WAY, MANY - 1);
	EXPECT_EQ(-EALREADY, cancel(&big, WAY, .user_data = 0));
	EXPECT_TRUE(wait_for(&big, 0));
	expect_res(&big, 0, -ECANCELED);
	/* The rest: those with a worker are -EALREADY, the others 0. */
	EXPECT_EQ(0, cancel_call(big.ring_fd, &all, 1, 0, 0));
	EXPECT_EQ(MANY - 2, all.res);
	EXPECT_GT(all.already, 0);
	EXPECT_LT(all.already, MANY - 2);
	expect_one_each(&big, 0, MANY);
	for (i = 0; i < cq_count(&big); i++)
		wrong += cq_peek(&big, i)->user_data < MANY &&
			 cq_peek(&big, i)->res != -ECANCELED;
	EXPECT_EQ(0, wrong);
	cring_queue_exit(&big);
}

/* S5: on a file that may not run on a worker, ASYNC is only a hint. */
TEST_F(worker, c4_async_on_a_socket_is_armed_and_so_stopped)
{
	int s[2];

	new_socketpair(s, SOCK_STREAM);
	put_async_read(_metadata, RING, 1, s[0]);
	submit_all(RING, 1);
	msleep(START_MS);
	EXPECT_EQ(0, cancel(RING, WAY, .user_data = 1));
	STOPPED(1);
}

/* Only cring itself may interrupt its workers: not kill(1), not by root. */
TEST_F(worker, r7_a_signal_from_user_space_does_not_reach_an_operation)
{
	char path[300], comm[32];
	struct dirent *e;
	unsigned int nr = 0;
	int p[2];
	DIR *proc;

	new_pipe(p, 0);
	put_async_read(_metadata, RING, 1, p[0]);
	submit_all(RING, 1);
	msleep(START_MS);
	proc = opendir("/proc");
	ASSERT_NE(NULL, proc);
	while ((e = readdir(proc))) {
		snprintf(path, sizeof(path), "/proc/%s/comm", e->d_name);
		read_str(path, comm, sizeof(comm));
		if (strncmp(comm, "kworker/", 8))
			continue;
		nr++;
		kill(atoi(e->d_name), SIGKILL);
		kill(atoi(e->d_name), SIGTERM);
	}
	closedir(proc);
	EXPECT_GT(nr, 0);
	msleep(QUIET_MS);
	expect_pending(RING, 1);
	EXPECT_EQ(-EALREADY, cancel(RING, WAY, .user_data = 1));
	expect_interrupted(1);
}

TEST_HARNESS_MAIN
