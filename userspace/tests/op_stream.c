// SPDX-License-Identifier: MIT
/*
 * Files that are a stream: a read of nothing is armed and goes on when there
 * is something, blocking descriptor or not.
 */
#include "util_sys.h"

enum kind { PIPE, FIFO, UNIX, TCP, PTY };

FIXTURE(stream) { struct cring ring; int rd, wr; char *buf; };
FIXTURE_VARIANT(stream) { enum kind kind; int flags; };
FIXTURE_VARIANT_ADD(stream, pipe) { PIPE, 0 };
FIXTURE_VARIANT_ADD(stream, pipe_nonblock) { PIPE, O_NONBLOCK };
FIXTURE_VARIANT_ADD(stream, pipe_of_packets) { PIPE, O_DIRECT };
FIXTURE_VARIANT_ADD(stream, fifo) { FIFO, 0 };
FIXTURE_VARIANT_ADD(stream, fifo_nonblock) { FIFO, O_NONBLOCK };
FIXTURE_VARIANT_ADD(stream, unix_socket) { UNIX, 0 };
FIXTURE_VARIANT_ADD(stream, unix_socket_nonblock) { UNIX, O_NONBLOCK };
FIXTURE_VARIANT_ADD(stream, tcp) { TCP, 0 };
FIXTURE_VARIANT_ADD(stream, tcp_nonblock) { TCP, O_NONBLOCK };
FIXTURE_VARIANT_ADD(stream, pty) { PTY, 0 };
FIXTURE_VARIANT_ADD(stream, pty_nonblock) { PTY, O_NONBLOCK };

static void make_fifo(struct __test_metadata *_metadata, int fds[2])
{
	char path[64];

	snprintf(path, sizeof(path), "/tmp/cring-fifo-%d", getpid());
	ASSERT_EQ(0, mkfifo(path, 0600));
	fds[0] = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	fds[1] = open(path, O_WRONLY | O_CLOEXEC);
	unlink(path);
	ASSERT_GE(fds[0], 0);
	ASSERT_GE(fds[1], 0);
}

FIXTURE_SETUP(stream)
{
	int fds[2] = { -1, -1 };

	switch (variant->kind) {
	case PIPE:
		new_pipe(fds, O_CLOEXEC);
		break;
	case FIFO:
		make_fifo(_metadata, fds);
		break;
	case UNIX:
		new_socketpair(fds, SOCK_STREAM);
		break;
	case TCP:
		if (!tcp_pair(fds))
			SKIP(return, "no TCP over loopback");
		break;
	case PTY:
		if (!pty_pair(fds))
			SKIP(return, "no pseudo terminals (devpts)");
		break;
	}
	self->rd = fds[0];
	self->wr = fds[1];
	ASSERT_EQ(0, fcntl(self->rd, F_SETFL, variant->flags));
	ASSERT_EQ(0, fcntl(self->wr, F_SETFL, variant->flags));
	self->buf = new_pages(1 << 20);
	ring_init(&self->ring, 64);
}

FIXTURE_TEARDOWN(stream)
{
	cring_queue_exit(&self->ring);
	close(self->rd);
	close(self->wr);
}

/* A terminal that blocks cannot be written without blocking the submitter. */
#define NO_WRITE(v) ((v)->kind == PTY && !((v)->flags & O_NONBLOCK))

TEST_F(stream, op_read_of_what_is_there)
{
	struct cring_sqe *sqe = new_sqe(&self->ring, 0);

	/* Offsets mean nothing here, and are ignored. */
	ASSERT_EQ(5, write(self->wr, "hello", 5));
	cring_prep_read(sqe, self->rd, self->buf, 100, 12345);
	EXPECT_EQ(5, run_sqe(&self->ring, sqe));
	EXPECT_EQ(0, memcmp(self->buf, "hello", 5));
	EXPECT_EQ(0, self->buf[5]);
}

TEST_F(stream, op_armed_read_goes_on_after_a_write)
{
	struct iovec iov[] = { { self->buf + 10, 2 }, { self->buf, 3 } };

	cring_prep_read(new_sqe(&self->ring, 1), self->rd, self->buf, 100, -1);
	submit_all(&self->ring, 1);
	expect_quiet(&self->ring);
	EXPECT_EQ(1, cring_in_flight(&self->ring));
	ASSERT_EQ(3, write(self->wr, "abc", 3));
	EXPECT_EQ(3, reap_res(&self->ring, 1));
	EXPECT_EQ(0, memcmp(self->buf, "abc", 3));

	cring_prep_readv(new_sqe(&self->ring, 2), self->rd, iov, 2, 0);
	submit_all(&self->ring, 1);
	expect_quiet(&self->ring);
	ASSERT_EQ(4, write(self->wr, "wxyz", 4));
	EXPECT_EQ(4, reap_res(&self->ring, 2));
	EXPECT_EQ(0, memcmp(self->buf + 10, "wx", 2));
	EXPECT_EQ(0, memcmp(self->buf, "yz", 2));
	EXPECT_EQ(0, cring_in_flight(&self->ring));
}

static void *write_4(void *arg)
{
	int i;

	for (i = 0; i < 4; i++) {
		msleep(20);
		if (write(*(int *)arg, &"0123"[i], 1) != 1)
			return (void *)1;
	}
	return NULL;
}

/* One writer wakes four reads, which share what comes. */
TEST_F(stream, c1_armed_reads_complete_once_each)
{
	bool seen[4] = { false };
	pthread_t t;
	void *ret;
	int i;

	for (i = 0; i < 4; i++)
		cring_prep_read(new_sqe(&self->ring, i), self->rd,
				self->buf + 64 * i, 1, 0);
	submit_all(&self->ring, 4);
	t = new_thread(write_4, &self->wr);
	for (i = 0; i < 4; i++) {
		struct cring_cqe c = reap(&self->ring);

		ASSERT_LT(c.user_data, 4);
		ASSERT_FALSE(seen[c.user_data]);
		seen[c.user_data] = true;
		EXPECT_EQ(1, c.res);
	}
	ASSERT_TRUE(join_in_time(t, &ret));
	EXPECT_EQ(NULL, ret);
	expect_quiet(&self->ring);
}

/*
 * What a socket or a terminal was given may be on its way still (a softirq, a
 * work item): reads @n bytes as they come.  How many came in time.
 */
static int read_as_it_comes(int fd, char *buf, int n)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int got, sum = 0;

	while (sum < n && poll(&p, 1, 10000) == 1) {
		got = read(fd, buf + sum, 100 - sum);
		if (got > 0)
			sum += got;
		else if (!got || errno != EAGAIN)
			break;
	}
	return sum;
}

TEST_F(stream, op_write_arrives)
{
	char foo[] = "foo", barbaz[] = "barbaz";
	struct iovec iov[] = { { foo, 3 }, { barbaz, 6 } };
	struct cring_sqe *sqe = new_sqe(&self->ring, 0);

	cring_prep_write(sqe, self->wr, "data", 4, 0);
	if (NO_WRITE(variant)) {
		EXPECT_EQ(-EOPNOTSUPP, run_sqe(&self->ring, sqe));
		return;
	}
	ASSERT_EQ(4, run_sqe(&self->ring, sqe));
	ASSERT_EQ(4, read_as_it_comes(self->rd, self->buf, 4));
	EXPECT_EQ(0, memcmp(self->buf, "data", 4));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_writev(sqe, self->wr, iov, 2, -1);
	ASSERT_EQ(9, run_sqe(&self->ring, sqe));
	ASSERT_EQ(9, read_as_it_comes(self->rd, self->buf, 9));
	EXPECT_EQ(0, memcmp(self->buf, "foobarbaz", 9));
}

/*
 * Writes without blocking until nothing moves any more: how many bytes.  A TCP
 * acknowledgment may come 200 ms late, and makes room.
 */
static int fill_up(int fd, char *buf)
{
	int sum = 0, n, idle = 0;

	while (idle < 15) {
		n = write(fd, buf, 4096);
		if (n <= 0)
			n = write(fd, buf, 1);
		if (n > 0) {
			sum += n;
			idle = 0;
		} else {
			idle++;
			msleep(20);
		}
	}
	return sum;
}

/* A full stream holds a write back until somebody reads. */
TEST_F(stream, op_armed_write_goes_on_after_a_read)
{
	struct cring_sqe *sqe;
	struct cring_cqe c;
	int res, n;

	if (NO_WRITE(variant))
		SKIP(return, "a terminal is written only with O_NONBLOCK");
	ASSERT_EQ(0, fcntl(self->wr, F_SETFL, O_NONBLOCK));
	res = fill_up(self->wr, self->buf);
	ASSERT_GT(res, 0);
	ASSERT_EQ(0, fcntl(self->wr, F_SETFL, variant->flags));
	sqe = new_sqe(&self->ring, 1);
	cring_prep_write(sqe, self->wr, "tail", 4, 0);
	submit_all(&self->ring, 1);
	expect_quiet(&self->ring);

	/* Read until the write is through, then find it at the end. */
	ASSERT_EQ(0, fcntl(self->rd, F_SETFL, O_NONBLOCK));
	while (!take_cqe(&self->ring, &c, 1)) {
		n = read(self->rd, self->buf, 4096);
		if (n > 0)
			res -= n;
		ASSERT_TRUE(n > 0 || errno == EAGAIN);
		ASSERT_GE(res, -4);
	}
	ASSERT_EQ(4, c.res);
	ASSERT_TRUE(wait_until((n = read(self->rd, self->buf, 4096)) > 0 ?
			       (res -= n) == -4 : res == -4));
}

/* RWF_NOWAIT never arms. */
TEST_F(stream, op_nowait_read_of_nothing_is_eagain)
{
	struct cring_sqe *sqe = new_sqe(&self->ring, 0);
	int res;

	cring_prep_read(sqe, self->rd, self->buf, 10, 0);
	sqe->rw_flags = RWF_NOWAIT;
	res = run_sqe(&self->ring, sqe);
	/* As preadv2(): a file that does not know NOWAIT refuses the flag. */
	EXPECT_TRUE(res == -EAGAIN || res == -EOPNOTSUPP)
		TH_LOG("res %d", res);
	EXPECT_EQ(0, cring_in_flight(&self->ring));
}

TEST_F(stream, op_async_is_only_a_hint)
{
	struct cring_sqe *sqe = new_sqe(&self->ring, 1);

	cring_prep_read(sqe, self->rd, self->buf, 10, 0);
	sqe->flags = CRING_SQE_ASYNC;
	submit_all(&self->ring, 1);
	expect_quiet(&self->ring);
	ASSERT_EQ(2, write(self->wr, "go", 2));
	EXPECT_EQ(2, reap_res(&self->ring, 1));
	EXPECT_EQ(0, memcmp(self->buf, "go", 2));
}

TEST_F(stream, op_hang_up_ends_an_armed_read)
{
	int res;

	cring_prep_read(new_sqe(&self->ring, 1), self->rd, self->buf, 10, 0);
	submit_all(&self->ring, 1);
	expect_quiet(&self->ring);
	close(self->wr);
	res = reap_res(&self->ring, 1);
	EXPECT_EQ(variant->kind == PTY ? -EIO : 0, res);
}

TEST_F(stream, op_read_armed_on_a_closed_descriptor_still_reads)
{
	int rd = dup(self->rd);

	cring_prep_read(new_sqe(&self->ring, 1), rd, self->buf, 10, 0);
	submit_all(&self->ring, 1);
	close(rd);
	ASSERT_EQ(1, write(self->wr, "q", 1));
	EXPECT_EQ(1, reap_res(&self->ring, 1));
	EXPECT_EQ('q', self->buf[0]);
}

TEST_F(stream, op_bad_buffer_of_an_armed_read_is_efault)
{
	char *gone = new_pages(4096);

	cring_prep_read(new_sqe(&self->ring, 1), self->rd, gone, 10, 0);
	submit_all(&self->ring, 1);
	expect_quiet(&self->ring);
	ASSERT_EQ(0, munmap(gone, 4096));
	ASSERT_EQ(1, write(self->wr, "q", 1));
	EXPECT_EQ(-EFAULT, reap_res(&self->ring, 1));
	EXPECT_EQ(0, run_sqe(&self->ring, new_sqe(&self->ring, 0)));
}

/* The same read again and again: armed, woken, finished, 500 times. */
TEST_F(stream, c1_ping_pong)
{
	unsigned int i;

	for (i = 0; i < 500; i++) {
		char out = (char)('a' + i % 26);

		cring_prep_read(new_sqe(&self->ring, i), self->rd, self->buf, 1,
				0);
		submit_all(&self->ring, 1);
		ASSERT_EQ(1, write(self->wr, &out, 1));
		ASSERT_EQ(1, reap_res(&self->ring, i));
		ASSERT_EQ(out, self->buf[0]);
	}
	EXPECT_EQ(0, cring_in_flight(&self->ring));
}

TEST_HARNESS_MAIN
