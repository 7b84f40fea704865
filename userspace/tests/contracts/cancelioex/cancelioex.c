// SPDX-License-Identifier: MIT
/*
 * Windows' CancelIoEx() and CancelIo(), as compat/cancelioex.h has them.
 *
 *  1. CancelIoEx() without an OVERLAPPED cancels all that the calling process
 *     does on the file, whichever thread started it.
 *  2. It does so in every ring of the process.
 *  3. With an OVERLAPPED it cancels that operation only.
 *  4. Nothing to cancel is an error: ERROR_NOT_FOUND.
 *  5. What works on other files goes on, also on another open of the same one.
 *  6. The file stays usable: what is started afterwards is not cancelled.
 *  7. It does not wait until the operations have ended.
 *  8. An operation that had ended before ended normally.
 *  9. An operation that was stopped ends in ERROR_OPERATION_ABORTED.
 * 10. An operation that it came too late for ends normally, or with an error of
 *     its own, after a call that said TRUE.
 * 11. Each operation has one completion, in the ring that it was started in.
 * 12. A duplicate of the handle is the same file.
 * 13. CancelIo() cancels what the calling thread has started, in all its rings.
 * 14. CancelIo() leaves alone what other threads have started.
 * 15. CancelIo() with nothing to cancel is no error.
 * 16. A handle that is not open is an error: ERROR_INVALID_HANDLE.
 * 17. What another process does on the same file goes on.
 */
#include "../contract.h"

#include "compat/cancelioex.h"

#define ABORTED		(-ECANCELED)
#define NR_RINGS	3

FIXTURE(file) {
	struct cring ring[NR_RINGS];
	struct nullb nb;
	int pipe[2], other[2];
	HANDLE handle;
};

#define RING(i)	(&self->ring[i])

FIXTURE_SETUP(file)
{
	int i;

	for (i = 0; i < NR_RINGS; i++)
		ring_init(RING(i), 32);
	new_pipe(self->pipe, 0);
	new_pipe(self->other, 0);
	self->handle = CringHandle(self->pipe[0]);
}

FIXTURE_TEARDOWN(file)
{
	int i;

	for (i = 0; i < NR_RINGS; i++)
		cring_queue_exit(RING(i));
	nullb_del(&self->nb);
}

/* What an OVERLAPPED is here: any address that is the operation's own. */
static char overlapped[16];
#define OVERLAPPED(i)	((LPOVERLAPPED)(void *)(overlapped + (i)))
#define OV(i)		PTR64(&overlapped[i])

/* Starts reads in threads of its own, and stays until it is told to end. */
struct starter {
	struct __test_metadata *metadata;
	struct cring *ring;
	int fd;
	uint64_t user_data;
	pthread_barrier_t started, end;
};

static void *start_and_stay(void *arg)
{
	struct starter *s = arg;

	t_arm_read(s->metadata, s->ring, s->user_data, s->fd);
	pthread_barrier_wait(&s->started);
	pthread_barrier_wait(&s->end);
	return NULL;
}

static pthread_t t_start_elsewhere(struct __test_metadata *_metadata,
				   struct starter *s, struct cring *ring,
				   int fd, uint64_t user_data)
{
	pthread_t t;

	s->metadata = _metadata;
	s->ring = ring;
	s->fd = fd;
	s->user_data = user_data;
	pthread_barrier_init(&s->started, NULL, 2);
	pthread_barrier_init(&s->end, NULL, 2);
	t = new_thread(start_and_stay, s);
	pthread_barrier_wait(&s->started);
	return t;
}
#define start_elsewhere(s, ring, fd, ud) \
	t_start_elsewhere(_metadata, s, ring, fd, ud)

#define end_elsewhere(s, t) do {					\
	pthread_barrier_wait(&(s)->end);				\
	join(t);							\
} while (0)

TEST_F(file, p01_whichever_thread_started_it)
{
	struct starter s[2];
	pthread_t t[2];
	int i;

	arm_read(RING(0), 1, self->pipe[0]);
	for (i = 0; i < 2; i++)
		t[i] = start_elsewhere(&s[i], RING(0), self->pipe[0], 2 + i);
	EXPECT_TRUE(CancelIoEx(self->handle, NULL));
	for (i = 1; i <= 3; i++)
		expect_res(RING(0), i, ABORTED);
	for (i = 0; i < 2; i++)
		end_elsewhere(&s[i], t[i]);
}

TEST_F(file, p01_also_when_that_thread_is_gone)
{
	struct starter s;
	pthread_t t = start_elsewhere(&s, RING(0), self->pipe[0], 1);

	end_elsewhere(&s, t);
	EXPECT_TRUE(CancelIoEx(self->handle, NULL));
	await(RING(0), 1);
	expect_res(RING(0), 1, ABORTED);
}

TEST_F(file, p02_in_every_ring)
{
	int i;

	for (i = 0; i < NR_RINGS; i++) {
		arm_read(RING(i), 1, self->pipe[0]);
		arm_poll(RING(i), 2, self->pipe[0]);
	}
	EXPECT_TRUE(CancelIoEx(self->handle, NULL));
	for (i = 0; i < NR_RINGS; i++) {
		expect_res(RING(i), 1, ABORTED);
		expect_res(RING(i), 2, ABORTED);
	}
}

TEST_F(file, p03_that_one_only)
{
	arm_read(RING(0), OV(1), self->pipe[0]);
	arm_read(RING(1), OV(2), self->pipe[0]);
	arm_read(RING(2), OV(3), self->pipe[0]);
	arm_read(RING(2), OV(2), self->other[0]);
	EXPECT_TRUE(CancelIoEx(self->handle, OVERLAPPED(2)));
	expect_res(RING(1), OV(2), ABORTED);
	expect_pending(RING(0), OV(1));
	expect_pending(RING(2), OV(3));
	expect_pending(RING(2), OV(2));
}

TEST_F(file, p04_not_found)
{
	SetLastError(0);
	EXPECT_FALSE(CancelIoEx(self->handle, NULL));
	EXPECT_EQ(ERROR_NOT_FOUND, GetLastError());
	arm_read(RING(0), OV(1), self->pipe[0]);
	SetLastError(0);
	EXPECT_FALSE(CancelIoEx(self->handle, OVERLAPPED(2)));
	EXPECT_EQ(ERROR_NOT_FOUND, GetLastError());
	expect_pending(RING(0), OV(1));
	EXPECT_TRUE(CancelIoEx(self->handle, OVERLAPPED(1)));
	SetLastError(0);
	EXPECT_FALSE(CancelIoEx(self->handle, OVERLAPPED(1)));
	EXPECT_EQ(ERROR_NOT_FOUND, GetLastError());
}

TEST_F(file, p05_other_files_go_on)
{
	char path[64];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->pipe[0]);
	again = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_GE(again, 0);
	arm_read(RING(0), 1, self->pipe[0]);
	arm_read(RING(0), 2, self->other[0]);
	arm_read(RING(1), 3, again);
	EXPECT_TRUE(CancelIoEx(self->handle, NULL));
	expect_res(RING(0), 1, ABORTED);
	expect_pending(RING(0), 2);
	expect_pending(RING(1), 3);
}

TEST_F(file, p06_the_file_stays_usable)
{
	char c = 0;

	arm_read(RING(0), 1, self->pipe[0]);
	EXPECT_TRUE(CancelIoEx(self->handle, NULL));
	reap_all(RING(0));
	cring_prep_read(new_sqe(RING(0), 2), self->pipe[0], &c, 1, 0);
	submit_all(RING(0), 1);
	expect_pending(RING(0), 2);
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	await(RING(0), 2);
	expect_res(RING(0), 2, 1);
	EXPECT_EQ('x', c);
}

/* A direct read that the device finishes @ms from now. */
#define slow_read(ud, ms) __extension__ ({				\
	int __fd;							\
									\
	if (!have_nullb())						\
		SKIP(return, NULLB_SKIP);				\
	new_nullb(&self->nb, .no_memory = true,				\
		  .delay_ns = (ms) * NSEC_PER_MSEC);			\
	__fd = nullb_open(&self->nb, O_RDONLY | O_DIRECT);		\
	cring_prep_read(new_sqe(RING(0), ud), __fd, sink, 4096, 0);	\
	submit_all(RING(0), 1);						\
	__fd; })

TEST_F(file, p07_does_not_wait)
{
	int fd = slow_read(1, 2000);
	uint64_t start = now_ns();

	EXPECT_TRUE(CancelIoEx(CringHandle(fd), NULL));
	contract_note(7, "TRUE after %u us, of an operation that takes 2 s",
		      (unsigned int)((now_ns() - start) / 1000));
	EXPECT_SOON(start, 1000 * NSEC_PER_MSEC);
	expect_pending(RING(0), 1);
	await(RING(0), 1);
}

TEST_F(file, p08_ended_before)
{
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	cring_prep_read(new_sqe(RING(0), 1), self->pipe[0], sink, 1, 0);
	submit_all(RING(0), 1);
	EXPECT_FALSE(CancelIoEx(self->handle, NULL));
	EXPECT_EQ(ERROR_NOT_FOUND, GetLastError());
	expect_res(RING(0), 1, 1);
}

TEST_F(file, p09_aborted)
{
	int i;

	for (i = 0; i < 8; i++)
		arm_read(RING(i % NR_RINGS), i, self->pipe[0]);
	EXPECT_TRUE(CancelIoEx(self->handle, NULL));
	for (i = 0; i < 8; i++) {
		expect_res(RING(i % NR_RINGS), i, ABORTED);
		EXPECT_EQ(ERROR_OPERATION_ABORTED,
			  CringWin32Error(ECANCELED));
	}
}

TEST_F(file, p10_too_late)
{
	int fd = slow_read(1, 500);

	EXPECT_TRUE(CancelIoEx(CringHandle(fd), NULL));
	await(RING(0), 1);
	expect_res(RING(0), 1, 4096);
}

TEST_F(file, p11_one_completion_each)
{
	int i, r;

	for (r = 0; r < NR_RINGS; r++)
		for (i = 0; i < 20; i++)
			arm_read(RING(r), 100 * r + i, self->pipe[0]);
	EXPECT_TRUE(CancelIoEx(self->handle, NULL));
	for (r = 0; r < NR_RINGS; r++) {
		expect_one_each(RING(r), 100 * r, 20);
		EXPECT_EQ(20, cq_count(RING(r)));
	}
}

TEST_F(file, p12_a_duplicate_is_the_same_file)
{
	int d = dup(self->pipe[0]);

	ASSERT_GE(d, 0);
	arm_read(RING(0), 1, self->pipe[0]);
	EXPECT_TRUE(CancelIoEx(CringHandle(d), NULL));
	expect_res(RING(0), 1, ABORTED);
}

TEST_F(file, p13_the_threads_own)
{
	int i;

	for (i = 0; i < NR_RINGS; i++)
		arm_read(RING(i), i, self->pipe[0]);
	arm_read(RING(0), 9, self->other[0]);
	EXPECT_TRUE(CancelIo(self->handle));
	for (i = 0; i < NR_RINGS; i++)
		expect_res(RING(i), i, ABORTED);
	expect_pending(RING(0), 9);
}

TEST_F(file, p14_not_another_threads)
{
	struct starter s;
	pthread_t t = start_elsewhere(&s, RING(0), self->pipe[0], 1);

	arm_read(RING(0), 2, self->pipe[0]);
	EXPECT_TRUE(CancelIo(self->handle));
	expect_res(RING(0), 2, ABORTED);
	expect_pending(RING(0), 1);
	end_elsewhere(&s, t);
	EXPECT_TRUE(CancelIo(self->handle));
	expect_pending(RING(0), 1);
}

TEST_F(file, p15_none_is_no_error)
{
	EXPECT_TRUE(CancelIo(self->handle));
}

TEST_F(file, p16_not_open)
{
	int closed = dup(self->pipe[0]);

	close(closed);
	arm_read(RING(0), 1, self->pipe[0]);
	EXPECT_FALSE(CancelIoEx(CringHandle(closed), NULL));
	EXPECT_EQ(ERROR_INVALID_HANDLE, GetLastError());
	EXPECT_FALSE(CancelIo(CringHandle(closed)));
	EXPECT_EQ(ERROR_INVALID_HANDLE, GetLastError());
	EXPECT_FALSE(CancelIoEx(INVALID_HANDLE_VALUE, NULL));
	EXPECT_EQ(ERROR_INVALID_HANDLE, GetLastError());
	expect_pending(RING(0), 1);
}

struct child {
	int fd, told[2], end[2];
};

/* Reads from the same open file, in a ring of its own; 0 when nobody stopped it. */
static int read_elsewhere(void *arg)
{
	struct child *c = arg;
	struct cring_cqe *cqe;
	struct cring ring;
	char byte;

	if (cring_queue_init(4, &ring, 0))
		return 1;
	cring_prep_read(cring_get_sqe(&ring), c->fd, &byte, 1, 0);
	if (cring_submit(&ring) != 1 || write(c->told[1], "", 1) != 1 ||
	    read(c->end[0], &byte, 1) != 1)
		return 2;
	return cring_peek_cqe(&ring, &cqe) == -EAGAIN ? 0 : 3;
}

TEST_F(file, p17_another_process_goes_on)
{
	struct child c = { .fd = self->pipe[0] };
	int status;
	pid_t pid;
	char byte;

	new_pipe(c.told, 0);
	new_pipe(c.end, 0);
	pid = new_child(read_elsewhere, &c);
	ASSERT_EQ(1, read(c.told[0], &byte, 1));
	arm_read(RING(0), 1, self->pipe[0]);
	EXPECT_TRUE(CancelIoEx(self->handle, NULL));
	expect_res(RING(0), 1, ABORTED);
	ASSERT_EQ(1, write(c.end[1], "", 1));
	status = child_status(pid);
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
}

TEST_HARNESS_MAIN
