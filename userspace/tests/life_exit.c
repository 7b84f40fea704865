// SPDX-License-Identifier: MIT
/*
 * C16: the owner exits, or is killed, with an operation in any state.  It is
 * reaped at once, whatever the operation waits for; the module stays busy while
 * something hangs, and is free afterwards.
 */
#include "util.h"
#include "life_util.h"

FIXTURE(exit) {
	struct stage st;
	int refs, ready[2];
};
FIXTURE_VARIANT(exit) { enum state state; };
ALL_STATES(exit);

FIXTURE_SETUP(exit)
{
	const char *why = t_stage(_metadata, &self->st, variant->state);

	self->refs = refs_before();
	new_pipe(self->ready, 0);
	if (why)
		SKIP(return, "%s", why);
}

FIXTURE_TEARDOWN(exit)
{
	stage_exit(&self->st);
	expect_refs(self->refs);
}

/* In the child: a ring with an operation in that state, then @then. */
static void be_owner(FIXTURE_DATA(exit) *self, void (*then)(struct cring *))
{
	struct cring ring;
	char c = 'n';

	alarm(60);
	if (cring_queue_init(QUEUED_NR, &ring, 0))
		_exit(1);
	/* The server's thread is the parent's: its count is not seen here. */
	if (self->st.state == ST_FUSE_READ)
		self->st.fuse.reads = 1;
	if (enter_state(&ring, &self->st))
		c = 'y';
	if (write(self->ready[1], &c, 1) != 1)
		_exit(1);
	then(&ring);
	_exit(0);
}

static void sleep_on(struct cring *ring)
{
	(void)ring;
	for (;;)
		pause();
}

static void go_away(struct cring *ring)
{
	(void)ring;
}

static void sleep_in_wait(struct cring *ring)
{
	cring_enter(ring, 0, ring->cq_entries);
}

static void sleep_in_cancel(struct cring *ring)
{
	struct cring_cancel_key key = { .flags = C_ANY | C_ALL };

	for (;;)
		cancel_call(ring->ring_fd, &key, 1, CRING_CANCEL_WAIT, -1);
}

static void t_die(struct __test_metadata *_metadata, FIXTURE_DATA(exit) *self,
		  void (*then)(struct cring *), int sig)
{
	pid_t pid = fork();
	uint64_t start;
	int status;
	char c = 0;

	ASSERT_GE(pid, 0);
	if (!pid)
		be_owner(self, then);
	ASSERT_EQ(1, read(self->ready[0], &c, 1));
	EXPECT_EQ('y', c)
		TH_LOG("the operation is not in its state");
	close(self->st.p[0]);
	self->st.p[0] = -1;
	if (sig) {
		msleep(200);
		start = now_ns();
		ASSERT_EQ(0, kill(pid, sig));
	} else {
		start = now_ns();
	}
	status = child_status(pid);
	ASSERT_NE(-1, status)
		TH_LOG("not reaped within %d ms", LIMIT_MS);
	EXPECT_SOON(start, 2 * NSEC_PER_SEC)
		TH_LOG("reaped after %llu ms", (unsigned long long)
		       ((now_ns() - start) / NSEC_PER_MSEC));
	EXPECT_TRUE(sig ? WIFSIGNALED(status) : WIFEXITED(status));
	if (self->st.state >= ST_HUNG_DIRECT && state_hangs(self->st.state))
		EXPECT_GT(module_refs(), self->refs);
	if (!state_hangs(self->st.state) && !self->st.path[0])
		expect_no_reader(self->st.p[1]);
	stage_release(&self->st);
	expect_refs(self->refs);
}
#define die(then, sig)	t_die(_metadata, self, then, sig)

TEST_F(exit, c16_exit_of_the_owner)
{
	die(go_away, 0);
}

TEST_F(exit, c16_kill_9_of_the_owner)
{
	die(sleep_on, SIGKILL);
}

TEST_F(exit, c16_kill_9_of_the_owner_in_the_rings_wait)
{
	die(sleep_in_wait, SIGKILL);
}

TEST_F(exit, c16_kill_9_of_the_owner_in_a_waiting_cancel)
{
	die(sleep_in_cancel, SIGKILL);
}

TEST_HARNESS_MAIN
