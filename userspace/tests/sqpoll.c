// SPDX-License-Identifier: MIT
/*
 * A ring with a thread that takes what is in the SQ: no system call, and the same
 * contract.
 *
 * check: parallel
 */
#include <dirent.h>

#include "util_sys.h"
#include "cancel_util.h"
#include "life_util.h"

/* ms; long enough that the thread is awake when a test wants that */
#define LONG_IDLE	60000

FIXTURE(polled) { struct cring ring; int p[2], file; char *buf; };
FIXTURE_VARIANT(polled) { unsigned int idle; };
FIXTURE_VARIANT_ADD(polled, awake) { LONG_IDLE };
FIXTURE_VARIANT_ADD(polled, sleepy) { 1 };

static int polled_init(struct cring *ring, unsigned int entries,
		       unsigned int idle)
{
	struct cring_params p = { .flags = CRING_SETUP_SQPOLL,
				  .sq_thread_idle = idle };

	return cring_queue_init_params(entries, ring, &p);
}

FIXTURE_SETUP(polled)
{
	int fds[3];

	ASSERT_EQ(0, polled_init(&self->ring, 64, variant->idle));
	new_pipe(self->p, O_CLOEXEC);
	self->file = new_filled("/tmp", O_RDWR, 65536, 1);
	fds[0] = self->p[0];
	fds[1] = self->p[1];
	fds[2] = self->file;
	ASSERT_EQ(0, cring_register_files(&self->ring, fds, 3));
	self->buf = new_pages(65536);
}

FIXTURE_TEARDOWN(polled)
{
	cring_queue_exit(&self->ring);
}

#define RING		(&self->ring)
/* slots */
#define PIPE_RD		0
#define PIPE_WR		1
#define FILE_RW		2

/* Is the thread of that process's ring awake? */
static bool sq_thread_runs(pid_t owner)
{
	char path[64], comm[32], want[32], state[400];
	struct dirent *d;
	bool runs = false;
	DIR *proc = opendir("/proc");

	snprintf(want, sizeof(want), "cring_sq-%d\n", owner);
	while (proc && (d = readdir(proc))) {
		snprintf(path, sizeof(path), "/proc/%.20s/comm", d->d_name);
		read_str(path, comm, sizeof(comm));
		if (strncmp(comm, want, strlen(want) - 1))
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/stat", d->d_name);
		read_str(path, state, sizeof(state));
		runs = !!strstr(state, ") R");
	}
	if (proc)
		closedir(proc);
	return runs;
}

static bool sleeps(const struct cring *ring)
{
	return CRING_LOAD_ACQUIRE(&ring->shared->flags) &
	       CRING_SHARED_NEED_WAKEUP;
}

/* has the thread taken everything? */
static bool taken(const struct cring *ring)
{
	return !cring_sq_ready(ring);
}

static struct cring_sqe *fixed_read(struct cring_sqe *sqe, int slot, void *buf,
				    unsigned int len, __u64 off)
{
	cring_prep_read(sqe, slot, buf, len, off);
	sqe->flags = CRING_SQE_FIXED_FILE;
	return sqe;
}

TEST_F(polled, sqpoll_runs_what_is_submitted)
{
	struct cring_sqe *sqe;
	unsigned int i;

	for (i = 0; i < 200; i++)
		EXPECT_EQ(0, run_sqe(RING, new_sqe(RING, 0)));
	for (i = 0; i < 16; i++) {
		fixed_read(new_sqe(RING, i), FILE_RW, self->buf + i * 4096,
			   4096, i * 4096);
		submit_all(RING, 1);
	}
	/* in any order: a worker may have had some */
	for (i = 0; i < 16; i++)
		EXPECT_EQ(4096, reap(RING).res);
	EXPECT_TRUE(is_filled(self->buf, 65536, 1));
	sqe = new_sqe(RING, 0);
	cring_prep_write(sqe, FILE_RW, "changed", 7, 100);
	sqe->flags = CRING_SQE_FIXED_FILE;
	EXPECT_EQ(7, run_sqe(RING, sqe));
	ASSERT_EQ(7, pread(self->file, self->buf, 7, 100));
	EXPECT_EQ(0, memcmp(self->buf, "changed", 7));
	EXPECT_EQ(CRING_LOAD_ACQUIRE(&RING->shared->accepted), RING->sqe_tail);
}

/* Nobody enters the kernel for it: the ring's file descriptor is not even open. */
TEST_F(polled, sqpoll_needs_no_system_call_while_it_is_awake)
{
	int fd = self->ring.ring_fd;

	if (variant->idle != LONG_IDLE)
		SKIP(return, "for the thread that stays awake");
	EXPECT_EQ(0, run_sqe(RING, new_sqe(RING, 0)));
	ASSERT_FALSE(sleeps(RING));
	self->ring.ring_fd = -1;
	new_sqe(RING, 7);
	submit_all(RING, 1);
	EXPECT_TRUE(wait_until(cring_cq_ready(RING) == 1));
	EXPECT_EQ(7, reap(RING).user_data);
	self->ring.ring_fd = fd;
}

/* It says that it sleeps, and a submit call wakes it, again and again. */
TEST_F(polled, sqpoll_goes_to_sleep_and_is_woken)
{
	unsigned int i;

	if (variant->idle == LONG_IDLE)
		SKIP(return, "for the thread that goes to sleep");
	for (i = 0; i < 50; i++) {
		ASSERT_TRUE(wait_until(sleeps(RING)));
		EXPECT_EQ(0, run_sqe(RING, new_sqe(RING, 0)));
	}
	/* What lies in the SQ when it sleeps stays there until it is woken. */
	ASSERT_TRUE(wait_until(sleeps(RING)));
	new_sqe(RING, 9);
	cring_flush_sq(RING);
	msleep(20);
	EXPECT_FALSE(taken(RING));
	EXPECT_EQ(0, submit_raw(self->ring.ring_fd, 0, 0));
	EXPECT_EQ(0, reap_res(RING, 9));
}

/* It has no descriptors, least of all those of who started the kernel. */
TEST_F(polled, sqpoll_descriptors_are_ebadf)
{
	struct cring_sqe *sqe = new_sqe(RING, 0);
	int fds[2];

	cring_prep_read(sqe, self->file, self->buf, 10, 0);
	EXPECT_EQ(-EBADF, run_sqe(RING, sqe));
	sqe = new_sqe(RING, 0);
	cring_prep_read(sqe, 0, self->buf, 10, 0);
	EXPECT_EQ(-EBADF, run_sqe(RING, sqe));
	sqe = new_sqe(RING, 0);
	cring_prep_cancel_fd(sqe, self->file, 0);
	EXPECT_EQ(-EBADF, run_sqe(RING, sqe));
	/* the source of a copy is always one */
	new_pipe(fds, O_CLOEXEC);
	sqe = new_sqe(RING, 0);
	cring_prep_copy_file_range(sqe, self->file, 0, FILE_RW, 0, 10, 0);
	sqe->flags = CRING_SQE_FIXED_FILE;
	EXPECT_EQ(-EBADF, run_sqe(RING, sqe));
}

/* S5: what a worker may not run, this kernel thread may not either. */
TEST_F(polled, s5_sqpoll_reads_no_socket)
{
	int s[2], slot;
	struct cring_sqe *sqe;

	new_socketpair(s, SOCK_STREAM);
	ASSERT_EQ(2, write(s[1], "hi", 2));
	slot = s[0];
	ASSERT_EQ(1, cring_register_files_update(RING, 0, &slot, 1));
	EXPECT_EQ(-EOPNOTSUPP, run_sqe(RING, fixed_read(new_sqe(RING, 0), 0,
							self->buf, 2, 0)));
	/* ... but waits for one */
	sqe = new_sqe(RING, 0);
	cring_prep_poll_add(sqe, 0, POLLIN);
	sqe->flags = CRING_SQE_FIXED_FILE;
	EXPECT_TRUE(run_sqe(RING, sqe) & POLLIN);
}

/* What was armed is woken and finished without the owner. */
TEST_F(polled, sqpoll_finishes_what_was_armed)
{
	unsigned int i;

	for (i = 0; i < 20; i++) {
		fixed_read(new_sqe(RING, i), PIPE_RD, self->buf, 1, 0);
		submit_all(RING, 1);
		ASSERT_TRUE(wait_until(taken(RING)));
		if (i & 1)
			msleep(3);
		ASSERT_EQ(1, write(self->p[1], "x", 1));
		EXPECT_TRUE(wait_until(cring_cq_ready(RING) == 1));
		EXPECT_EQ(1, reap_res(RING, i));
	}
}

/* C3, C4, C6: the answers are what they are with any ring. */
TEST_F(polled, c3_sqpoll_cancel)
{
	struct cring_cancel_key key = { .user_data = 1 };
	struct cring_sqe *sqe;

	fixed_read(new_sqe(RING, 1), PIPE_RD, self->buf, 1, 0);
	submit_all(RING, 1);
	ASSERT_TRUE(wait_until(CRING_LOAD_ACQUIRE(&RING->shared->in_flight)));
	EXPECT_EQ(0, cancel_call(self->ring.ring_fd, &key, 1, 0, 0));
	EXPECT_EQ(0, key.res);
	EXPECT_EQ(-ECANCELED, reap_res(RING, 1));
	EXPECT_EQ(0, cancel_call(self->ring.ring_fd, &key, 1, 0, 0));
	EXPECT_EQ(-ENOENT, key.res);

	/* in the ring: its CQE follows that of its target */
	fixed_read(new_sqe(RING, 1), PIPE_RD, self->buf, 1, 0);
	sqe = new_sqe(RING, 2);
	cring_prep_cancel64(sqe, 1, 0);
	sqe->user_data = 2;
	submit_all(RING, 2);
	EXPECT_EQ(-ECANCELED, reap_res(RING, 1));
	EXPECT_EQ(0, reap_res(RING, 2));

	fixed_read(new_sqe(RING, 3), PIPE_RD, self->buf, 1, 0);
	sqe = new_sqe(RING, 4);
	cring_prep_cancel_fd(sqe, PIPE_RD, CRING_ASYNC_CANCEL_FD_FIXED);
	sqe->user_data = 4;
	submit_all(RING, 2);
	EXPECT_EQ(-ECANCELED, reap_res(RING, 3));
	EXPECT_EQ(0, reap_res(RING, 4));
}

/* C11: the process's, and no thread's. */
TEST_F(polled, c11_sqpoll_operations_belong_to_no_thread)
{
	struct cring_cancel_key key = { .flags = C_ANY | C_ALL };

	fixed_read(new_sqe(RING, 1), PIPE_RD, self->buf, 1, 0);
	submit_all(RING, 1);
	ASSERT_TRUE(wait_until(CRING_LOAD_ACQUIRE(&RING->shared->in_flight)));
	EXPECT_EQ(0, cancel_call(self->ring.ring_fd, &key, 1,
				 CRING_CANCEL_THREAD, 0));
	EXPECT_EQ(0, key.res);
	EXPECT_EQ(1, cring_in_flight(RING));
	EXPECT_EQ(0, cancel_call(self->ring.ring_fd, &key, 1,
				 CRING_CANCEL_PROCESS, 0));
	EXPECT_EQ(1, key.res);
	EXPECT_EQ(-ECANCELED, reap_res(RING, 1));
}

/* C13: a deadline needs nobody either. */
TEST_F(polled, c13_sqpoll_deadline)
{
	struct cring_sqe *sqe = new_sqe(RING, 1);

	fixed_read(sqe, PIPE_RD, self->buf, 1, 0);
	cring_sqe_set_deadline(sqe, 10 * NSEC_PER_MSEC);
	submit_all(RING, 1);
	EXPECT_TRUE(wait_until(cring_cq_ready(RING) == 1));
	EXPECT_EQ(-ETIME, reap_res(RING, 1));
}

/* Fills the CQ, and @more of the SQ behind it; user_data from 0 on. */
static void fill_cq(struct __test_metadata *_metadata, struct cring *ring,
		    unsigned int more)
{
	unsigned int i;

	for (i = 0; i < 128 + more; i++) {
		while (!cring_sq_space_left(ring))
			ASSERT_TRUE(wait_until(cring_sq_space_left(ring)));
		new_sqe(ring, i);
		cring_submit(ring);
	}
	ASSERT_TRUE(wait_until(cring_cq_ready(ring) == 128));
}

/* C2: with no free slot it takes nothing, and goes on when there is one. */
TEST_F(polled, c2_sqpoll_waits_for_free_slots)
{
	unsigned int n;

	fill_cq(_metadata, RING, 40);
	msleep(20);
	EXPECT_EQ(128, cring_cq_ready(RING));
	EXPECT_EQ(40, cring_sq_ready(RING));
	for (n = 0; n < 128 + 40; n++) {
		cring_submit(RING);
		EXPECT_EQ(n, reap(RING).user_data);
	}
	EXPECT_TRUE(taken(RING));
	expect_quiet(RING);
}

static void *wait_for_room(void *arg)
{
	struct pollfd pfd = { .fd = ((struct cring *)arg)->ring_fd,
			      .events = POLLOUT };

	return (void *)(long)(poll(&pfd, 1, LIMIT_MS) == 1 ? pfd.revents : 0);
}

TEST_F(polled, sqpoll_wakes_who_waits_for_room_in_the_sq)
{
	pthread_t t;
	void *got = NULL;

	fill_cq(_metadata, RING, 64);
	ASSERT_EQ(0, cring_sq_space_left(RING));
	t = new_thread(wait_for_room, RING);
	/* it sleeps by then, if anything is to wake it */
	msleep(50);
	reap(RING);
	cring_submit(RING);
	ASSERT_TRUE(join_in_time(t, &got));
	EXPECT_EQ(POLLOUT, (long)got & POLLOUT);
	EXPECT_GT(cring_sq_space_left(RING), 0);
}

/* C2: a chain is taken whole; while it cannot be, the thread sleeps. */
TEST_F(polled, c2_sqpoll_sleeps_behind_a_chain_without_slots)
{
	unsigned int i, asleep = 0;

	if (variant->idle == LONG_IDLE)
		SKIP(return, "for the thread that goes to sleep");
	for (i = 0; i < 126; i++) {
		ASSERT_TRUE(wait_until(cring_sq_space_left(RING)));
		new_sqe(RING, i);
		cring_submit(RING);
	}
	ASSERT_TRUE(wait_until(cring_cq_ready(RING) == 126));
	for (; i < 129; i++)
		new_sqe(RING, i)->flags = i < 128 ? CRING_SQE_IO_LINK : 0;
	cring_submit(RING);
	EXPECT_TRUE(wait_until(sleeps(RING)));
	/* but for a look now and then */
	for (i = 0; i < 100; i++) {
		msleep(1);
		asleep += sleeps(RING);
	}
	EXPECT_GT(asleep, 50);
	EXPECT_EQ(3, cring_sq_ready(RING));
	EXPECT_EQ(126, cring_cq_ready(RING));
	for (i = 0; i < 129; i++) {
		EXPECT_EQ(i, reap(RING).user_data);
		cring_submit(RING);
	}
	EXPECT_TRUE(taken(RING));
}

/* C2: slots come free without a CQE, in a worker, and without the owner. */
TEST_F(polled, c2_sqpoll_takes_slots_that_skipped_cqes_leave)
{
	struct cring_sqe *sqe;
	unsigned int i;

	for (i = 0; i < 128; i++) {
		ASSERT_TRUE(wait_until(cring_sq_space_left(RING)));
		sqe = new_sqe(RING, i);
		cring_prep_write(sqe, PIPE_WR, self->buf, 4096, 0);
		sqe->flags = CRING_SQE_FIXED_FILE | CRING_SQE_CQE_SKIP_SUCCESS |
			     CRING_SQE_ASYNC;
		cring_submit(RING);
	}
	/* 16 fit the pipe, the others wait */
	ASSERT_TRUE(wait_until(cring_in_flight(RING) == 128 - 16));
	for (i = 0; i < 16; i++) {
		new_sqe(RING, 1000);
		cring_submit(RING);
	}
	ASSERT_TRUE(wait_until(cring_cq_ready(RING) == 16));
	new_sqe(RING, 1001);
	cring_submit(RING);
	msleep(20);
	EXPECT_EQ(1, cring_sq_ready(RING));
	for (i = 0; i < 128; i++)
		ASSERT_EQ(4096, read(self->p[0], self->buf, 4096));
	EXPECT_TRUE(wait_until(cring_cq_ready(RING) == 17));
}

/* A tail that is not within the queue hurts nobody. */
TEST_F(polled, sqpoll_bad_tail)
{
	__u32 tail = RING->shared->sq_tail;

	EXPECT_EQ(0, run_sqe(RING, new_sqe(RING, 0)));
	tail = RING->shared->sq_tail;
	__atomic_store_n(&RING->shared->sq_tail, tail + 65, __ATOMIC_RELEASE);
	EXPECT_EQ(-EINVAL, submit_raw(self->ring.ring_fd, 1, 0));
	msleep(5);
	__atomic_store_n(&RING->shared->sq_tail, tail, __ATOMIC_RELEASE);
	EXPECT_EQ(0, run_sqe(RING, new_sqe(RING, 0)));
}

/* S3: it is who has set up the ring, whoever that is now. */
TEST_F(polled, s3_sqpoll_has_the_limits_of_who_made_it)
{
	struct rlimit old, small = { 8192, RLIM_INFINITY };
	struct cring ring;
	struct cring_sqe *sqe;

	signal(SIGXFSZ, SIG_IGN);
	ASSERT_EQ(0, getrlimit(RLIMIT_FSIZE, &old));
	small.rlim_max = old.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &small));
	ASSERT_EQ(0, polled_init(&ring, 8, variant->idle));
	ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &old));
	ASSERT_EQ(0, cring_register_files(&ring, &self->file, 1));
	sqe = new_sqe(&ring, 0);
	cring_prep_write(sqe, 0, "x", 1, 1 << 20);
	sqe->flags = CRING_SQE_FIXED_FILE;
	EXPECT_EQ(-EFBIG, run_sqe(&ring, sqe));
	cring_queue_exit(&ring);
}

/*
 * The thread sleeps in a page fault of the owner's: what it tries is -EALREADY, what
 * it has not come to 0, and when the ring is closed it leaves the fault by itself.
 */
TEST_F(polled, c16_sqpoll_in_a_fault_of_the_owner)
{
	struct cring_cancel_key keys[] = {
		{ .user_data = 1 }, { .user_data = 2 }, { .user_data = 3 },
	};
	struct slowmem m;
	int ret = slowmem_init(&m, 4096);

	if (ret == -ENODEV)
		SKIP(return, "no userfaultfd in this kernel");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	fixed_read(new_sqe(RING, 1), PIPE_RD, m.mem, 1, 0);
	fixed_read(new_sqe(RING, 2), FILE_RW, self->buf, 512, 0);
	submit_all(RING, 2);
	ASSERT_EQ(0, slowmem_wait_fault(&m));
	EXPECT_EQ(0, cancel_call(self->ring.ring_fd, keys, 3, 0, 0));
	EXPECT_EQ(-EALREADY, keys[0].res);
	EXPECT_EQ(0, keys[1].res);
	EXPECT_EQ(-ENOENT, keys[2].res);
	expect_res(RING, 2, -ECANCELED);
	cring_queue_exit(RING);
	expect_refs(0);
	EXPECT_TRUE(is_byte(self->buf, 512, 0));
	slowmem_exit(&m);
}

/*
 * C16: it is closed while the thread sleeps over what an SQE says.  What the thread
 * accepts all the same ends in its device before the ring is gone.
 */
TEST_F(polled, c16_sqpoll_closed_during_acceptance)
{
	struct cring_sqe *sqe;
	struct slowmem m = { .fd = -1 };
	int ret = slowmem_init(&m, 4096), fd;
	struct nullb nb;

	if (ret == -ENODEV)
		SKIP(return, "no userfaultfd in this kernel");
	ASSERT_EQ(0, ret);
	if (!have_nullb())
		SKIP(return, NULLB_SKIP);
	new_nullb(&nb, .size_mb = 4, .delay_ns = NSEC_PER_SEC);
	fd = open(nb.dev, O_RDONLY | O_DIRECT | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(1, cring_register_files_update(RING, 1, &fd, 1));
	fixed_read(new_sqe(RING, 1), 1, self->buf, 4096, 0);
	/* its vectors are copied when it is accepted, both before they are tried */
	sqe = new_sqe(RING, 2);
	cring_prep_readv(sqe, FILE_RW, (void *)m.mem, 1, 0);
	sqe->flags = CRING_SQE_FIXED_FILE;
	submit_all(RING, 2);
	ASSERT_EQ(0, slowmem_wait_fault(&m));
	cring_queue_exit(RING);
	close(fd);
	expect_refs(0);
	slowmem_exit(&m);
	nullb_del(&nb);
}

/* C16: the owner execs, and keeps the descriptor. */
TEST_F(polled, c16_sqpoll_exec_of_the_owner)
{
	char *argv[] = { (char []){ "sleep" }, (char []){ "60" }, NULL };
	int ready[2];
	struct cring ring;
	pid_t pid;
	char c;

	expect_refs(2);
	new_pipe(ready, O_CLOEXEC);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		close(self->ring.ring_fd);
		if (polled_init(&ring, 8, variant->idle) ||
		    !cring_get_sqe(&ring) || cring_submit(&ring) != 1 ||
		    !wait_until(cring_cq_ready(&ring) == 1) ||
		    fcntl(ring.ring_fd, F_SETFD, 0))
			_exit(1);
		execvp(argv[0], argv);
		_exit(2);
	}
	close(ready[1]);
	/* closed by the exec */
	EXPECT_EQ(0, read(ready[0], &c, 1));
	/* its open file is still there, its ring's thread has left its memory */
	EXPECT_TRUE(wait_until(!sq_thread_runs(pid)));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_NE(-1, child_status(pid));
	expect_refs(2);
}

/* C16: the owner is killed while its thread is at work. */
TEST_F(polled, c16_sqpoll_kill_9_of_the_owner)
{
	int ready[2], i, status;
	struct cring ring;
	pid_t pid;
	char c;

	/* this test's: its open file, and its ring */
	expect_refs(2);
	for (i = 0; i < 3; i++) {
		new_pipe(ready, O_CLOEXEC);
		pid = fork();
		ASSERT_GE(pid, 0);
		if (!pid) {
			if (polled_init(&ring, 8, variant->idle) ||
			    write(ready[1], "y", 1) != 1)
				_exit(1);
			for (;;) {
				cring_get_sqe(&ring);
				cring_submit(&ring);
				cring_cq_advance(&ring, cring_cq_ready(&ring));
			}
		}
		ASSERT_EQ(1, read(ready[0], &c, 1));
		msleep(10 * i);
		ASSERT_EQ(0, kill(pid, SIGKILL));
		status = child_status(pid);
		ASSERT_NE(-1, status);
		EXPECT_TRUE(WIFSIGNALED(status));
		expect_refs(2);
		close(ready[0]);
		close(ready[1]);
	}
}

TEST(sqpoll_setup)
{
	struct cring_params p = { .sq_thread_idle = 5 };
	struct cring ring;

	EXPECT_EQ(-EINVAL, cring_queue_init_params(8, &ring, &p));
	ASSERT_EQ(0, polled_init(&ring, 8, 0));
	EXPECT_TRUE(ring.features & CRING_FEAT_SQPOLL);
	/* nothing was submitted yet: it sleeps, and costs nothing */
	EXPECT_TRUE(wait_until(sleeps(&ring)));
	cring_queue_exit(&ring);
}

TEST_HARNESS_MAIN
