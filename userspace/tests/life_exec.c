// SPDX-License-Identifier: MIT
/*
 * C16: exec of the owner ends its ring: everything is cancelled, also when the
 * descriptor survives the exec, and the new program may not use it.
 */
#include "util.h"
#include "life_util.h"

FIXTURE(exec) {
	struct stage st;
	int refs;
};
FIXTURE_VARIANT(exec) { enum state state; };
STATE_VARIANT(exec, idle, ST_IDLE);
STATE_VARIANT(exec, armed, ST_ARMED_PIPE);
STATE_VARIANT(exec, timer, ST_TIMER);
STATE_VARIANT(exec, chain, ST_CHAIN);
STATE_VARIANT(exec, drain, ST_DRAIN);
STATE_VARIANT(exec, on_a_worker, ST_WORKER);
STATE_VARIANT(exec, waiting_for_a_worker, ST_QUEUED);
STATE_VARIANT(exec, in_a_hung_device, ST_HUNG_DIRECT);

FIXTURE_SETUP(exec)
{
	const char *why = t_stage(_metadata, &self->st, variant->state);

	self->refs = refs_before();
	if (why)
		SKIP(return, "%s", why);
	/* The new program must not hold the pipe for the operation. */
	fcntl(self->st.p[0], F_SETFD, FD_CLOEXEC);
	fcntl(self->st.p[1], F_SETFD, FD_CLOEXEC);
}

FIXTURE_TEARDOWN(exec)
{
	stage_exit(&self->st);
}

/* The new program: says on stdout that it lives, and sleeps. */
static int sleeper(int ring_fd)
{
	int ret = 0;

	alarm(60);
	if (ring_fd >= 0) {
		struct cring_cancel_key key = { .user_data = 1 };

		ret = submit_raw(ring_fd, 0, 0) != -EPERM ||
		      cancel_call(ring_fd, &key, 1, 0, 0) != -EPERM ||
		      mmap(NULL, 4096, PROT_READ, MAP_SHARED, ring_fd, 0) !=
		      MAP_FAILED;
	}
	if (write(1, ret ? "bad" : "yes", 3) != 3)
		return 1;
	for (;;)
		pause();
}

static char name[] = "self", only_sleep[] = "--sleep";

/* Becomes that program, as the owner of a ring with an operation in flight. */
static void become(FIXTURE_DATA(exec) *self, int out, bool keep_fd)
{
	char number[16] = "-1";
	char *argv[] = { name, only_sleep, number, NULL };
	struct cring ring;

	if (cring_queue_init(QUEUED_NR, &ring, 0) ||
	    !enter_state(&ring, &self->st))
		_exit(1);
	if (keep_fd) {
		fcntl(ring.ring_fd, F_SETFD, 0);
		snprintf(number, sizeof(number), "%d", ring.ring_fd);
	}
	dup2(out, 1);
	execv("/proc/self/exe", argv);
	_exit(2);
}

static void t_exec(struct __test_metadata *_metadata, FIXTURE_DATA(exec) *self,
		   bool keep_fd)
{
	char said[4] = "";
	int out[2];
	pid_t pid;

	new_pipe(out, O_CLOEXEC);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid)
		become(self, out[1], keep_fd);
	close(out[1]);
	close(self->st.p[0]);
	/* It lives, so nothing here is the work of an exit. */
	EXPECT_EQ(3, read(out[0], said, 3));
	EXPECT_STREQ("yes", said);
	expect_no_reader(self->st.p[1]);
	if (self->st.state == ST_HUNG_DIRECT) {
		EXPECT_GT(module_refs(), self->refs);
	} else if (!keep_fd) {
		expect_refs(self->refs);
	}
	stage_release(&self->st);
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	kill(pid, SIGKILL);
	EXPECT_NE(-1, child_status(pid));
	expect_refs(self->refs);
}

TEST_F(exec, c16_exec_of_the_owner_cancels_everything)
{
	t_exec(_metadata, self, false);
}

TEST_F(exec, c16_exec_that_keeps_the_descriptor_cancels_all_the_same)
{
	t_exec(_metadata, self, true);
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], only_sleep))
		return sleeper(atoi(argv[2]));
	return test_harness_run(argc, argv);
}
