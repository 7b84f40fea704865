// SPDX-License-Identifier: MIT
/*
 * C16, S1: fork, vfork, threads.  A ring is its owner's alone; what a child
 * does, and how it ends, is nothing to its parent's operations.
 */
#include "util.h"
#include "life_util.h"

#include <sched.h>
#include <spawn.h>

FIXTURE(fork) {
	struct cring ring;
	int p[2], q[2];
};

static char name[] = "self", only_exit[] = "--exit";

#define RING	(&self->ring)
#define FD	RING->ring_fd

/* 1 armed on a pipe, 2 a timer, 3 on a worker */
FIXTURE_SETUP(fork)
{
	ring_init(RING, 16);
	new_pipe(self->p, O_CLOEXEC);
	new_pipe(self->q, O_CLOEXEC);
	arm_read(RING, 1, self->p[0]);
	arm_timer(RING, 2);
	put_async_read(_metadata, RING, 3, self->q[0]);
	submit_all(RING, 1);
	msleep(200);
}

/* All three must be unharmed: still there, and still able to complete. */
FIXTURE_TEARDOWN(fork)
{
	EXPECT_EQ(0, cq_count(RING));
	EXPECT_EQ(3, cring_in_flight(RING));
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	ASSERT_EQ(1, write(self->q[1], "x", 1));
	EXPECT_EQ(0, cancel_key(FD, .user_data = 2));
	settle(RING);
	expect_res(RING, 1, 1);
	expect_res(RING, 2, -ECANCELED);
	expect_res(RING, 3, 1);
	cring_queue_exit(RING);
}

/* In the child, by number: what of the ring answered other than -EPERM? */
static int use_the_ring(void *arg)
{
	FIXTURE_DATA(fork) *self = arg;
	struct cring_cancel_key key = { .flags = C_ANY | C_ALL };
	struct cring_wait w = { .flags = CRING_WAIT_TIMEOUT };
	struct cring_register r = {
		.opcode = CRING_REGISTER_FILES, .nr = 1, .addr = PTR64(self->p),
	};
	struct cring_params p = { .sq_entries = 1 };

	if (submit_raw(FD, 1, 0) != -EPERM)
		return 1;
	if (ioc_ptr(FD, CRING_IOC_WAIT, &w) != -EPERM)
		return 2;
	if (ioc_ptr(FD, CRING_IOC_REGISTER, &r) != -EPERM)
		return 3;
	if (cancel_call(FD, &key, 1, 0, 0) != -EPERM)
		return 4;
	if (mmap(NULL, RING->mmap_size, PROT_READ, MAP_SHARED, FD, 0) !=
	    MAP_FAILED || errno != EPERM)
		return 5;
	if (ioc_ptr(FD, CRING_IOC_SETUP, &p) >= 0)
		return 6;
	return 0;
}

TEST_F(fork, s1_a_child_gets_eperm_for_everything)
{
	EXPECT_EQ(0, run_child(use_the_ring, self));
}

static int close_it(void *arg)
{
	return close(((struct cring *)arg)->ring_fd) ? 1 : 0;
}

TEST_F(fork, c16_a_childs_close_is_nothing_to_the_parent)
{
	EXPECT_EQ(0, run_child(close_it, RING));
}

static int do_nothing(void *arg)
{
	(void)arg;
	return 0;
}

TEST_F(fork, c16_a_childs_exit_is_nothing_to_the_parent)
{
	EXPECT_EQ(0, run_child(do_nothing, NULL));
}

static int look_at_the_mapping(void *arg)
{
	return *(volatile uint32_t *)arg ? 1 : 2;
}

TEST_F(fork, s1_a_child_does_not_inherit_the_mapping)
{
	pid_t pid = new_child(look_at_the_mapping, shared_of(RING));
	int status = child_status(pid);

	EXPECT_TRUE(status != -1 && WIFSIGNALED(status) &&
		    WTERMSIG(status) == SIGSEGV);
}

static int sleep_until_killed(void *arg)
{
	(void)arg;
	pause();
	return 0;
}

TEST_F(fork, c16_a_killed_child_is_nothing_to_the_parent)
{
	pid_t pid = new_child(sleep_until_killed, NULL);

	msleep(50);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_NE(-1, child_status(pid));
}

/* It shares our memory until it is another program (R9). */
TEST_F(fork, c16_vfork_and_exec_are_nothing_to_the_parent)
{
	char *argv[] = { name, only_exit, NULL }, *envp[] = { NULL };
	volatile int i;

	for (i = 0; i < 10; i++) {
		int status = -1;
		pid_t pid = vfork();

		if (!pid) {
			execve("/proc/self/exe", argv, envp);
			_exit(99);
		}
		ASSERT_GT(pid, 0);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_EQ(7, WEXITSTATUS(status));
	}
}

TEST_F(fork, c16_vfork_and_exit_are_nothing_to_the_parent)
{
	volatile int i;

	for (i = 0; i < 10; i++) {
		int status = -1;
		pid_t pid = vfork();

		if (!pid)
			_exit(7);
		ASSERT_GT(pid, 0);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_EQ(7, WEXITSTATUS(status));
	}
}

TEST_F(fork, c16_posix_spawn_is_nothing_to_the_parent)
{
	char *argv[] = { name, only_exit, NULL }, *envp[] = { NULL };
	int status = -1;
	pid_t pid;

	ASSERT_EQ(0, posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv,
				 envp));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(7, WEXITSTATUS(status));
}

/* The same memory and a copy of the descriptors: its close is not ours. */
static int clone_fn(void *arg)
{
	return close(*(int *)arg) ? 1 : 7;
}

TEST_F(fork, c16_a_close_by_a_process_that_shares_our_memory)
{
	static char stack[65536] __attribute__((aligned(16)));
	int fd = FD, status = -1;
	pid_t pid = clone(clone_fn, stack + sizeof(stack), CLONE_VM | SIGCHLD,
			  &fd);

	ASSERT_GT(pid, 0);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(7, WEXITSTATUS(status));
}

static void *arm_and_leave(void *arg)
{
	FIXTURE_DATA(fork) *self = arg;
	struct cring_sqe *sqe = cring_get_sqe(RING);

	cring_prep_read(sqe, self->p[0], sink, 1, 0);
	sqe->user_data = 4;
	return (void *)(long)cring_submit(RING);
}

/* Its submitter is gone: whoever of the owner waits next runs it. */
TEST_F(fork, c16_an_operation_outlives_the_thread_that_submitted_it)
{
	void *ret;

	ASSERT_TRUE(join_in_time(new_thread(arm_and_leave, self), &ret));
	EXPECT_EQ(1, (long)ret);
	msleep(20);
	ASSERT_EQ(2, write(self->p[1], "xy", 2));
	await(RING, 4);
	await(RING, 1);
	expect_res(RING, 4, 1);
	expect_res(RING, 1, 1);
	reap_all(RING);
	arm_read(RING, 1, self->p[0]);	/* as the teardown wants it */
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], only_exit))
		return 7;
	return test_harness_run(argc, argv);
}
