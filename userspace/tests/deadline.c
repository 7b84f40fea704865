// SPDX-License-Identifier: MIT
/*
 * C13: an operation may have a deadline.  When it is over the operation ends in
 * -ETIME, wherever it is; and the deadline of what is in flight can be moved.
 */
#include "util.h"
#include "cancel_util.h"
#include "cancel_dev.h"

#define SOON_MS		100
#define SOON		(SOON_MS * NSEC_PER_MSEC)
#define HOUR		(3600 * NSEC_PER_SEC)
#define NOT_STARTED	CRING_CQE_F_NOT_STARTED
#define ABS		CRING_DEADLINE_ABS
#define NONE		CRING_DEADLINE_NONE

FIXTURE(deadline) {
	struct cring ring;
	struct dmdev dm;
	struct nullb nb;
	struct fusefs fuse;
	int p[2];
	char *buf;
};

#define RING	(&self->ring)
#define BUFSZ	(1 << 20)

FIXTURE_SETUP(deadline)
{
	ring_init(RING, 64);
	self->buf = new_pages(BUFSZ);
	new_pipe(self->p, 0);
}

FIXTURE_TEARDOWN(deadline)
{
	dm_destroy(&self->dm);
	cring_queue_exit(RING);
	nullb_del(&self->nb);
	close(self->p[0]);
	close(self->p[1]);
}

/* from the start of what has one */
#define put_read(ud, from, ns, ...)					\
	put(RING, .opcode = CRING_OP_READ, .fd = from,			\
	    .addr = PTR64(self->buf), .len = 4096, .user_data = ud,	\
	    .deadline = ns, .xflags = CRING_SQE_X_DEADLINE, ##__VA_ARGS__)

static int move(int fd, struct cring_cancel_key *keys, unsigned int nr,
		unsigned int flags, uint64_t ns)
{
	struct cring_deadline d = {
		.keys = PTR64(keys), .nr = nr, .flags = flags, .deadline = ns,
	};

	return ioc_ptr(fd, CRING_IOC_DEADLINE, &d);
}

#define move_key(flags_, ns, ...) __extension__ ({			\
	struct cring_cancel_key __key = { __VA_ARGS__ };		\
	int __ret = cring_deadline_move(RING, &__key, ns, flags_);	\
	__ret; })

TEST_F(deadline, c13_a_read_that_waits_ends_at_its_deadline)
{
	uint64_t start = now_ns();
	struct cring_cqe cqe;

	put_read(1, self->p[0], SOON);
	submit_all(RING, 1);
	cqe = reap(RING);
	EXPECT_GE(now_ns() - start, SOON);
	EXPECT_EQ(1, cqe.user_data);
	EXPECT_EQ(-ETIME, cqe.res);
	EXPECT_EQ(NOT_STARTED, cqe.flags);
	expect_quiet(RING);
	/* Nobody has taken what comes later. */
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	EXPECT_EQ(1, read(self->p[0], self->buf, 2));
}

TEST_F(deadline, c13_a_time_on_the_monotonic_clock)
{
	uint64_t then = now_ns() + SOON;
	struct cring_sqe *sqe = new_sqe(RING, 1);

	cring_prep_read(sqe, self->p[0], self->buf, 1, -1);
	cring_sqe_set_deadline_abs(sqe, then);
	submit_all(RING, 1);
	EXPECT_EQ(-ETIME, reap_res(RING, 1));
	EXPECT_GE(now_ns(), then);
}

TEST_F(deadline, c13_what_is_in_time_is_not_disturbed)
{
	put_read(1, self->p[0], SOON);
	ASSERT_EQ(3, write(self->p[1], "abc", 3));
	submit_all(RING, 1);
	EXPECT_EQ(3, reap_res(RING, 1));
	put_read(2, self->p[0], 2 * SOON);
	submit_all(RING, 1);
	ASSERT_EQ(3, write(self->p[1], "abc", 3));
	EXPECT_EQ(3, reap_res(RING, 2));
	expect_quiet_ms(RING, 3 * SOON_MS);
}

/* Every operation, in a batch and alone; the byte in the pipe stays there. */
TEST_F(deadline, c13_what_is_past_at_submission_is_not_started)
{
	static const uint8_t ops[] = {
		CRING_OP_NOP, CRING_OP_POLL_ADD, CRING_OP_FSYNC,
		CRING_OP_TIMEOUT, CRING_OP_READ, CRING_OP_POLL_REMOVE,
		CRING_OP_ASYNC_CANCEL,
	};
	struct cring_sqe sqes[ARRAY_LEN(ops)] = {
		[1] = { .fd = self->p[0], .poll32_events = POLLIN },
		[2] = { .fd = self->p[0] },
		[3] = { .addr = PTR64(&an_hour), .len = 1 },
		[4] = { .fd = self->p[0], .off = -1ULL, .len = 1,
			.addr = PTR64(self->buf) },
		[5] = { .addr = 77 }, [6] = { .addr = 77 },
	};
	unsigned int i, round;

	ASSERT_EQ(1, write(self->p[1], "x", 1));
	arm_timer(RING, 77);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < ARRAY_LEN(ops); i++) {
			struct cring_sqe *sqe = new_sqe(RING, 0);

			*sqe = sqes[i];
			sqe->opcode = ops[i];
			sqe->user_data = i;
			cring_sqe_set_deadline(sqe, 0);
			if (round)
				submit_all(RING, 1);
		}
		if (!round)
			submit_all(RING, ARRAY_LEN(ops));
		for (i = 0; i < ARRAY_LEN(ops); i++) {
			struct cring_cqe cqe = reap(RING);

			EXPECT_EQ(-ETIME, cqe.res)
				TH_LOG("opcode %d", ops[cqe.user_data]);
			/* a timeout's own end looks the same */
			EXPECT_EQ(ops[cqe.user_data] == CRING_OP_TIMEOUT ? 0 :
				  NOT_STARTED, cqe.flags);
		}
	}
	EXPECT_EQ(1, read(self->p[0], self->buf, 1));
	/* and the cancel among them has cancelled nothing */
	EXPECT_EQ(0, cancel(RING, BY_CALL, .user_data = 77));
}

TEST_F(deadline, c13_in_a_worker_it_is_interrupted)
{
	struct cring_cqe cqe;

	put_read(1, self->p[0], 5 * SOON, .flags = CRING_SQE_ASYNC);
	submit_all(RING, 1);
	cqe = reap(RING);
	EXPECT_EQ(-ETIME, cqe.res);
}

TEST_F(deadline, c13_bytes_already_moved_are_a_short_count)
{
	put(RING, .opcode = CRING_OP_WRITE, .fd = self->p[1], .off = -1ULL,
	    .addr = PTR64(self->buf), .len = BUFSZ, .user_data = 1,
	    .flags = CRING_SQE_ASYNC, .xflags = CRING_SQE_X_DEADLINE,
	    .deadline = 5 * SOON);
	submit_all(RING, 1);
	/* as much as a pipe takes, and nobody reads */
	EXPECT_EQ(65536, reap_res(RING, 1));
}

TEST_F(deadline, c13_a_chain_breaks)
{
	int q[2];

	new_pipe(q, 0);
	put_read(1, self->p[0], SOON, .flags = CRING_SQE_IO_LINK);
	put(RING, .opcode = CRING_OP_NOP, .user_data = 2);
	/* of the other one the second waits, and takes the third along */
	put_read(3, q[0], HOUR, .flags = CRING_SQE_IO_LINK);
	put_read(4, q[0], SOON, .flags = CRING_SQE_IO_HARDLINK);
	put(RING, .opcode = CRING_OP_NOP, .user_data = 5);
	submit_all(RING, 5);
	await(RING, 5);
	await(RING, 2);
	expect_res(RING, 1, -ETIME);
	expect_res(RING, 2, -ECANCELED);
	expect_res(RING, 4, -ETIME);
	expect_res(RING, 5, -ECANCELED);
	expect_pending(RING, 3);
	close(q[0]);
	close(q[1]);
}

#define hung_disk(flags) __extension__ ({				\
	int __fd;							\
	if (!have_nullb())						\
		SKIP(return, NULLB_SKIP);				\
	if (access("/dev/mapper/control", F_OK))			\
		SKIP(return, "no device mapper in this kernel");	\
	new_nullb(&self->nb, .size_mb = 4);				\
	ASSERT_EQ(0, dm_create(&self->dm, "cring_late", self->nb.dev, 4)); \
	__fd = open(self->dm.path, flags);				\
	ASSERT_GE(__fd, 0);						\
	ASSERT_EQ(0, dm_suspend(&self->dm));				\
	__fd; })

/* What a device has ends when the device answers. */
TEST_F(deadline, c13_in_a_hung_device_it_is_told_and_ends_with_the_device)
{
	int fd = hung_disk(O_RDWR | O_DIRECT), slow = hold_factor();

	/* it is in the device by then */
	put_read(1, fd, 5 * SOON * slow);
	submit_all(RING, 1);
	expect_quiet_ms(RING, 7 * SOON_MS * slow);
	EXPECT_EQ(-EALREADY, cancel(RING, BY_CALL, .user_data = 1));
	ASSERT_EQ(0, dm_resume(&self->dm));
	EXPECT_EQ(4096, reap_res(RING, 1));
	close(fd);
}

/* A worker that sleeps for a page of it can be interrupted. */
TEST_F(deadline, c13_a_buffered_read_of_a_hung_device_ends_in_time)
{
	int fd = hung_disk(O_RDWR), res;

	put_read(1, fd, 3 * SOON);
	submit_all(RING, 1);
	res = reap_res(RING, 1);
	EXPECT_EQ(-ETIME, res);
	ASSERT_EQ(0, dm_resume(&self->dm));
	close(fd);
}

TEST_F(deadline, c13_a_fuse_read_that_nobody_answers_ends_in_time)
{
	char path[64];
	int fd, ret;

	ret = fuse_start(&self->fuse, 0);
	if (ret == -ENODEV)
		SKIP(return, "no FUSE in this kernel");
	ASSERT_EQ(0, ret);
	snprintf(path, sizeof(path), "%s/f", self->fuse.dir);
	fd = open(path, O_RDONLY);
	ASSERT_GE(fd, 0);
	put_read(1, fd, 3 * SOON);
	submit_all(RING, 1);
	EXPECT_EQ(-ETIME, reap_res(RING, 1));
	close(fd);
	fuse_stop(&self->fuse);
}

TEST_F(deadline, c13_it_is_moved_taken_off_and_given)
{
	put_read(1, self->p[0], SOON);
	put(RING, .opcode = CRING_OP_READ, .fd = self->p[0], .off = -1ULL,
	    .addr = PTR64(self->buf), .len = 1, .user_data = 2);
	submit_all(RING, 2);
	EXPECT_EQ(0, move_key(NONE, 0, .user_data = 1));
	expect_quiet_ms(RING, 2 * SOON_MS);
	EXPECT_EQ(0, move_key(ABS, now_ns() + SOON, .user_data = 2));
	EXPECT_EQ(-ETIME, reap_res(RING, 2));
	EXPECT_EQ(0, move_key(0, HOUR, .user_data = 1));
	EXPECT_EQ(0, move_key(0, 0, .user_data = 1));
	/* it is there when the call returns */
	expect_res(RING, 1, -ETIME);
	EXPECT_EQ(-ENOENT, move_key(0, HOUR, .user_data = 1));
	EXPECT_EQ(-ENOENT, move_key(0, HOUR, .user_data = 3));
}

TEST_F(deadline, c13_of_a_group)
{
	unsigned int i;

	for (i = 0; i < 30; i++) {
		put_read(i, self->p[0], HOUR, .group = 1 + i % 3);
		submit_all(RING, 1);
	}
	EXPECT_EQ(10, move_key(0, 0, .flags = C_ALL | CRING_ASYNC_CANCEL_GROUP,
			       .group = 2));
	EXPECT_EQ(10, cq_count(RING));
	for (i = 1; i < 30; i += 3)
		expect_res(RING, i, -ETIME);
	EXPECT_EQ(20, move_key(0, 0, .flags = C_ALL | C_ANY));
	expect_one_each(RING, 0, 30);
}

TEST_F(deadline, c13_what_is_wrong_is_refused)
{
	struct cring_cancel_key key = { .user_data = 1 };
	struct cring_deadline d = { .keys = PTR64(&key), .nr = 1 };
	int fd = open(CRING_DEVICE, O_RDWR | O_CLOEXEC), status;
	pid_t pid;

	arm_read(RING, 1, self->p[0]);
	EXPECT_EQ(-EINVAL, move(RING->ring_fd, &key, 0, 0, 0));
	EXPECT_EQ(-EINVAL, move(RING->ring_fd, &key, 4097, 0, 0));
	EXPECT_EQ(-EINVAL, move(RING->ring_fd, &key, 1, 4, 0));
	EXPECT_EQ(-EINVAL, move(RING->ring_fd, &key, 1, NONE, 1));
	EXPECT_EQ(-EINVAL, move(RING->ring_fd, &key, 1, NONE | ABS, 0));
	d.resv[1] = 1;
	EXPECT_EQ(-EINVAL, ioc_ptr(RING->ring_fd, CRING_IOC_DEADLINE, &d));
	EXPECT_EQ(-EFAULT, move(RING->ring_fd, NULL, 1, 0, 0));
	EXPECT_EQ(-EFAULT, ioc(RING->ring_fd, CRING_IOC_DEADLINE, 0));
	EXPECT_EQ(-EINVAL, move_key(0, 0, .user_data = 1, .group = 1));
	EXPECT_EQ(-EBADF, move_key(0, 0, .flags = C_FD, .fd = 1000));
	/* before there is a ring, and from another process */
	ASSERT_GE(fd, 0);
	EXPECT_EQ(-EBADFD, move(fd, &key, 1, 0, 0));
	close(fd);
	pid = fork();
	if (!pid)
		_exit(-move(RING->ring_fd, &key, 1, 0, 0));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(EPERM, WEXITSTATUS(status));
	expect_pending(RING, 1);
	/* and an SQE that gives none */
	put(RING, .opcode = CRING_OP_NOP, .deadline = 1, .user_data = 2);
	put(RING, .opcode = CRING_OP_NOP, .user_data = 3,
	    .xflags = CRING_SQE_X_DEADLINE_ABS);
	submit_all(RING, 2);
	expect_res(RING, 2, -EINVAL);
	expect_res(RING, 3, -EINVAL);
}

TEST_F(deadline, c1_thousands_that_end_at_once_end_once)
{
	struct cring many;
	uint64_t then;
	int i;

	ring_init(&many, 4096);
	then = now_ns() + SOON;
	for (i = 0; i < 4096; i++)
		put(&many, .opcode = CRING_OP_POLL_ADD, .fd = self->p[0],
		    .poll32_events = POLLIN, .user_data = i, .deadline = then,
		    .xflags = CRING_SQE_X_DEADLINE | CRING_SQE_X_DEADLINE_ABS);
	submit_all(&many, 4096);
	expect_one_each(&many, 0, 4096);
	for (i = 0; i < 4096; i++)
		if (cq_peek(&many, i)->res != -ETIME)
			break;
	EXPECT_EQ(4096, i);
	cring_queue_exit(&many);
}

struct feeder {
	int fd;
	atomic_int go;
	unsigned int fed;
};

static void *feed(void *arg)
{
	struct feeder *f = arg;

	while (!atomic_load(&f->go))
		;
	while (atomic_load(&f->go)) {
		if (write(f->fd, "x", 1) == 1)
			f->fed++;
		sched_yield();
	}
	return NULL;
}

/* A byte that comes at the very moment: read, or still there; never both. */
TEST_F(deadline, c13_no_byte_is_lost_to_a_deadline)
{
	struct feeder f = { .fd = self->p[1] };
	unsigned int i, got = 0, late = 0;
	pthread_t thread;

	fcntl(self->p[1], F_SETFL, O_NONBLOCK);
	ASSERT_EQ(0, pthread_create(&thread, NULL, feed, &f));
	atomic_store(&f.go, 1);
	for (i = 0; i < 3000; i++) {
		int res;

		put_read(i, self->p[0], 1 + i * 37 % 20000);
		submit_all(RING, 1);
		res = reap_res(RING, i);
		ASSERT_TRUE(res > 0 || res == -ETIME);
		got += res > 0 ? res : 0;
		late += res == -ETIME;
	}
	atomic_store(&f.go, 0);
	pthread_join(thread, NULL);
	fcntl(self->p[0], F_SETFL, O_NONBLOCK);
	while (read(self->p[0], self->buf, 1) == 1)
		got++;
	EXPECT_EQ(f.fed, got);
	TH_LOG("%u of 3000 were late", late);
}

/* What ends with deadlines pending leaves nothing behind. */
TEST_F(deadline, c16_a_ring_is_closed_before_its_deadlines)
{
	int i;

	for (i = 0; i < 20; i++) {
		struct cring ring;

		ring_init(&ring, 8);
		put(&ring, .opcode = CRING_OP_POLL_ADD, .fd = self->p[0],
		    .poll32_events = POLLIN, .deadline = 1 + i * 100000,
		    .xflags = CRING_SQE_X_DEADLINE);
		put(&ring, .opcode = CRING_OP_POLL_ADD, .fd = self->p[0],
		    .poll32_events = POLLIN, .deadline = HOUR,
		    .xflags = CRING_SQE_X_DEADLINE);
		submit_all(&ring, 2);
		cring_queue_exit(&ring);
	}
}

TEST_HARNESS_MAIN
