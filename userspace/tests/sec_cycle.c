// SPDX-License-Identifier: MIT
/*
 * S8, S9, R7: attacks that keep what should go, or take away what is in use: rings
 * that hold each other, the module under its users' feet, signals to workers.
 *
 * check: parallel
 */
#include "util.h"
#include "life_util.h"
#include "module_util.h"

FIXTURE(cycle) { int unused; };
FIXTURE_SETUP(cycle)
{
	expect_refs(0);
	self->unused = 0;
}
FIXTURE_TEARDOWN(cycle)
{
	expect_refs(0);
}

/* Each ring waits for a socket in which the other one is under way. */
static int two_rings(void *arg)
{
	static const unsigned int ways[] = { 0, 1, 2 };
	unsigned int how = ways[*(int *)arg], i;
	struct cring ring[2];
	int s[2][2];

	for (i = 0; i < 2; i++)
		if (cring_queue_init(8, &ring[i], 0) ||
		    socketpair(AF_UNIX, SOCK_STREAM, 0, s[i]))
			return 1;
	for (i = 0; i < 2; i++) {
		struct cring_sqe *sqe = cring_get_sqe(&ring[i]);
		int *mine = s[i];

		/* Its messages are in the queue of mine[1]. */
		if (send_fd(mine[0], ring[!i].ring_fd))
			return 2;
		if (how == 0)
			cring_prep_poll_add(sqe, mine[0], POLLIN);
		else
			cring_prep_read(sqe, mine[0], sink, 1, 0);
		if (how == 2 && cring_register_files(&ring[i], mine, 2))
			return 3;
		if (cring_submit(&ring[i]) != 1)
			return 4;
		/* And the socket itself, in the other one. */
		if (send_fd(s[!i][0], mine[1]))
			return 5;
	}
	return 0;
}

TEST_F(cycle, s8_two_rings_that_poll_each_others_coffins)
{
	int how = 0;

	EXPECT_EQ(0, run_child(two_rings, &how));
}

TEST_F(cycle, s8_two_rings_that_read_each_others_coffins)
{
	int how = 1;

	EXPECT_EQ(0, run_child(two_rings, &how));
}

TEST_F(cycle, s8_two_rings_that_have_each_others_coffins_as_fixed_files)
{
	int how = 2;

	EXPECT_EQ(0, run_child(two_rings, &how));
}

/* A ring that holds the eventfd that it signals, and a pipe that holds its pages. */
static int holds_its_eventfd(void *arg)
{
	struct cring ring;
	int ev = eventfd(0, 0);
	struct cring_sqe *sqe;
	uint64_t value;

	(void)arg;
	if (cring_queue_init(8, &ring, 0) || cring_register_eventfd(&ring, ev) ||
	    cring_register_files(&ring, &ev, 1))
		return 1;
	sqe = cring_get_sqe(&ring);
	cring_prep_read(sqe, 0, &value, 8, 0);
	sqe->flags = CRING_SQE_FIXED_FILE;
	return cring_submit(&ring) != 1;
}

TEST_F(cycle, s8_a_ring_that_reads_its_own_eventfd)
{
	EXPECT_EQ(0, run_child(holds_its_eventfd, NULL));
}

/* ---- workers ------------------------------------------------------------------ */

/* root's kill(1) to all that could be a worker. */
static unsigned int kill_workers(int sig)
{
	DIR *d = opendir("/proc");
	unsigned int n = 0;
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char path[300], comm[32];
		int pid = atoi(e->d_name);

		snprintf(path, sizeof(path), "/proc/%s/comm", e->d_name);
		if (!pid)
			continue;
		read_str(path, comm, sizeof(comm));
		if (!strncmp(comm, "kworker/u", 9))
			n += !kill(pid, sig);
	}
	if (d)
		closedir(d);
	return n;
}

TEST_F(cycle, r7_signals_from_outside_do_not_reach_an_operation)
{
	static const int sigs[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGSTOP,
				    SIGKILL };
	struct cring ring;
	unsigned int n = 0;
	int p[2];
	size_t i;

	if (getuid())
		SKIP(return, "must be root to signal kernel threads");
	new_pipe(p, 0);
	ring_init(&ring, 8);
	put_async_read(_metadata, &ring, 1, p[0]);
	submit_all(&ring, 1);
	msleep(QUIET_MS);
	for (i = 0; i < ARRAY_LEN(sigs); i++)
		n += kill_workers(sigs[i]);
	EXPECT_GE(n, 1);
	EXPECT_FALSE(wait_for_more(&ring, 0) >= 0 && cq_count(&ring));
	expect_pending(&ring, 1);
	ASSERT_EQ(1, write(p[1], "x", 1));
	await(&ring, 1);
	expect_res(&ring, 1, 1);
	cring_queue_exit(&ring);
}

/* ---- the module ------------------------------------------------------------------ */

FIXTURE(unload) {
	atomic_bool stop;
	unsigned int unloaded, refused;
	int failed;		/* to load it */
	pthread_t t;
};
FIXTURE_SETUP(unload)
{
	if (!module_file())
		SKIP(return, NO_FILE);
	expect_refs(0);
}
FIXTURE_TEARDOWN(unload)
{
	int ret = load();

	EXPECT_TRUE(!ret || ret == -EEXIST);
	EXPECT_TRUE(wait_until(!access(CRING_DEVICE, F_OK)));
}

/* Takes it away whenever it can be had, and brings it back. */
static void *unloader(void *arg)
{
	FIXTURE_DATA(unload) *self = arg;

	while (!atomic_load(&self->stop) && !self->failed) {
		int ret = unload();

		if (!ret) {
			self->unloaded++;
			self->failed = load();
		} else {
			self->refused++;
		}
	}
	return NULL;
}

/*
 * At every moment of a ring's life.  Whoever holds a file holds the module: what
 * was opened goes on to its end.
 */
TEST_F_TIMEOUT(unload, s9_rmmod_at_every_moment, 120)
{
	uint64_t until = now_ns() + 1500 * NSEC_PER_MSEC * hold_factor();
	unsigned int lives = 0, absent = 0;
	int p[2];

	new_pipe(p, 0);
	self->t = new_thread(unloader, self);
	while (now_ns() < until) {
		struct cring_params params = { .sq_entries = 8 };
		struct cring ring;
		int ret = cring_queue_init_params(8, &ring, &params);

		if (ret) {
			/* Not there, or on its way out or in. */
			ASSERT_TRUE(ret == -ENOENT || ret == -ENODEV ||
				    ret == -ENXIO)
				TH_LOG("%d", ret);
			absent++;
			continue;
		}
		cring_prep_read(new_sqe(&ring, 1), p[0], sink, 1, 0);
		put_async_read(_metadata, &ring, 2, p[0]);
		cring_prep_timeout(new_sqe(&ring, 3), &an_hour, 0, 0);
		submit_all(&ring, 3);
		if (lives++ % 2)
			EXPECT_GE(cancel_key(ring.ring_fd, .flags = C_ANY | C_ALL),
				  0);
		cring_queue_exit(&ring);
	}
	atomic_store(&self->stop, true);
	join(self->t);
	TH_LOG("%u lives, %u times absent; %u times unloaded, %u refused", lives,
	       absent, self->unloaded, self->refused);
	EXPECT_EQ(0, self->failed);
	expect_refs(0);
}

TEST_HARNESS_MAIN
