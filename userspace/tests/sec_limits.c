// SPDX-License-Identifier: MIT
/*
 * S7: what a user may have at once, over all his rings; that a limit is a clear
 * error; and that no ring keeps another from going on.
 */
#include "util.h"
#include "cancel_util.h"
#include "life_util.h"
#include "module_util.h"

#define NOBODY	65534

static const char *const names[] = {
	"max_user_rings", "max_user_workers", "max_user_detached",
	"max_entries", "max_workers",
};

FIXTURE(limits) {
	unsigned int old[ARRAY_LEN(names)];
	int refs;
	int p[2], q[2];
};

FIXTURE_SETUP(limits)
{
	size_t i;

	if (access(PARAMETERS "max_user_rings", W_OK))
		SKIP(return, "must be root to set a limit");
	for (i = 0; i < ARRAY_LEN(names); i++)
		self->old[i] = parameter(names[i]);
	self->refs = refs_before();
	new_pipe(self->p, 0);
	new_pipe(self->q, 0);
}

FIXTURE_TEARDOWN(limits)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		set_parameter(names[i], self->old[i]);
	expect_refs(self->refs);
}

/* ---- rings ----------------------------------------------------------------- */

static int try_ring(void)
{
	struct cring_params p = { .sq_entries = 4 };
	int fd = open(CRING_DEVICE, O_RDWR | O_CLOEXEC);
	int ret = ioc_ptr(fd, CRING_IOC_SETUP, &p);

	if (ret) {
		close(fd);
		return ret;
	}
	return fd;
}

TEST_F(limits, s7_rings_of_a_user)
{
	int fds[3], i;

	ASSERT_EQ(0, set_parameter("max_user_rings", 3));
	for (i = 0; i < 3; i++) {
		fds[i] = try_ring();
		ASSERT_GE(fds[i], 0);
	}
	EXPECT_EQ(-EDQUOT, try_ring());
	close(fds[1]);
	fds[1] = try_ring();
	EXPECT_GE(fds[1], 0);
	EXPECT_EQ(-EDQUOT, try_ring());
	/* a higher one counts from now on */
	ASSERT_EQ(0, set_parameter("max_user_rings", 4));
	i = try_ring();
	EXPECT_GE(i, 0);
	close(i);
	for (i = 0; i < 3; i++)
		close(fds[i]);
}

static int as_nobody(void *arg)
{
	int fd = open(CRING_DEVICE, O_RDWR | O_CLOEXEC), first, second;
	struct cring_params p = { .sq_entries = 4 };

	(void)arg;
	if (syscall(SYS_setresuid, NOBODY, NOBODY, 0) || fd < 0)
		return 1;
	/* who is root for the kernel's purposes is nobody for this one */
	first = ioc_ptr(fd, CRING_IOC_SETUP, &p);
	if (first)
		return 2;
	if (seteuid(0))
		return 3;
	second = try_ring();
	return second == -EDQUOT ? 0 : 4;
}

TEST_F(limits, s7_another_user_has_his_own)
{
	int fd;

	ASSERT_EQ(0, set_parameter("max_user_rings", 1));
	fd = try_ring();
	ASSERT_GE(fd, 0);
	EXPECT_EQ(-EDQUOT, try_ring());
	EXPECT_EQ(0, run_child(as_nobody, NULL));
	close(fd);
}

/* One that hangs counts, whatever its owner has closed. */
TEST_F(limits, s7_a_closed_ring_counts_while_it_hangs)
{
	struct cring ring;
	struct nullb nb;
	int disk, fd;

	if (!have_nullb())
		SKIP(return, NULLB_SKIP);
	new_nullb(&nb, .no_memory = true, .delay_ns = NSEC_PER_SEC);
	disk = nullb_open(&nb, O_RDWR | O_DIRECT);
	ring_init(&ring, 8);
	put(&ring, .opcode = CRING_OP_READ, .fd = disk, .addr = PTR64(sink),
	    .len = 4096, .user_data = 1);
	submit_all(&ring, 1);
	ASSERT_EQ(0, set_parameter("max_user_rings", 1));
	cring_queue_exit(&ring);
	EXPECT_EQ(-EDQUOT, try_ring());
	fd = -1;
	EXPECT_TRUE(wait_until((fd = try_ring()) >= 0));
	close(fd);
	close(disk);
	nullb_del(&nb);
}

/* ---- operations that can be let go of ---------------------------------------- */

static void t_put_detached(struct __test_metadata *_metadata,
			   struct cring *ring, unsigned int ud, int fd)
{
	struct cring_sqe *sqe = new_sqe(ring, 0);

	cring_prep_read(sqe, fd, sink, 1, 0);
	cring_sqe_set_detach(sqe);
	sqe->user_data = ud;
	submit_all(ring, 1);
}
#define put_detached(ring, ud, fd)	t_put_detached(_metadata, ring, ud, fd)

/* Over all rings; when one has ended there is room for another. */
TEST_F(limits, s7_operations_to_let_go_of_of_a_user)
{
	struct cring rings[2];
	size_t i;

	ASSERT_EQ(0, set_parameter("max_user_detached", 2));
	for (i = 0; i < 2; i++) {
		struct cring_params p = { .detached = 4 };

		ASSERT_EQ(0, cring_queue_init_params(8, &rings[i], &p));
		put_detached(&rings[i], 1, self->p[0]);
		EXPECT_EQ(0, cq_count(&rings[i]));
	}
	put_detached(&rings[0], 2, self->p[0]);
	expect_res(&rings[0], 2, -EAGAIN);
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	EXPECT_TRUE(wait_until(cq_count(&rings[0]) > 1 || cq_count(&rings[1])));
	put_detached(&rings[0], 3, self->q[0]);
	EXPECT_EQ(-1, cqe_at(&rings[0], 3));
	put_detached(&rings[1], 4, self->q[0]);
	expect_res(&rings[1], 4, -EAGAIN);
	/* a higher one counts from now on */
	ASSERT_EQ(0, set_parameter("max_user_detached", 3));
	put_detached(&rings[1], 5, self->q[0]);
	EXPECT_EQ(-1, cqe_at(&rings[1], 5));
	for (i = 0; i < 2; i++)
		cring_queue_exit(&rings[i]);
}

TEST_F(limits, s7_a_ring_is_no_larger_than_the_administrator_says)
{
	struct cring_params p = { .sq_entries = 65 };
	struct cring_query q = { 0 };
	int fd = open(CRING_DEVICE, O_RDWR | O_CLOEXEC);

	ASSERT_EQ(0, set_parameter("max_entries", 200));
	ASSERT_EQ(0, ioc_ptr(fd, CRING_IOC_QUERY, &q));
	EXPECT_EQ(64, q.max_sq_entries);
	EXPECT_EQ(128, q.max_cq_entries);
	EXPECT_EQ(-EINVAL, ioc_ptr(fd, CRING_IOC_SETUP, &p));
	p.flags = CRING_SETUP_CLAMP;
	EXPECT_EQ(0, ioc_ptr(fd, CRING_IOC_SETUP, &p));
	EXPECT_EQ(64, p.sq_entries);
	EXPECT_EQ(128, p.cq_entries);
	close(fd);
}

/* ---- workers ----------------------------------------------------------------- */

/* A read that a worker runs: of what comes some day, or of what is there. */
#define put_worker(ring, ud, fd_)	put_async_read(_metadata, ring, ud, fd_)

TEST_F(limits, s7_workers_of_a_user)
{
	struct cring ring;

	ASSERT_EQ(2, write(self->q[1], "ab", 2));
	ASSERT_EQ(0, set_parameter("max_user_workers", 2));
	ring_init(&ring, 8);
	put_worker(&ring, 1, self->p[0]);
	put_worker(&ring, 2, self->p[0]);
	put_worker(&ring, 3, self->q[0]);
	submit_all(&ring, 3);
	expect_quiet(&ring);
	/* what waits is stopped like anything that waits for a worker */
	put_worker(&ring, 4, self->q[0]);
	submit_all(&ring, 1);
	EXPECT_EQ(0, cancel_key(ring.ring_fd, .user_data = 4));
	expect_res(&ring, 4, -ECANCELED);
	reap_all(&ring);
	/* and goes on when one ends */
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	await(&ring, 3);
	expect_res(&ring, 3, 1);
	cring_queue_exit(&ring);
}

TEST_F(limits, s7_every_ring_can_run_one)
{
	struct cring stuck, ring;
	unsigned int i;

	ASSERT_EQ(0, set_parameter("max_user_workers", 2));
	ring_init(&stuck, 64);
	for (i = 0; i < 64; i++)
		put_worker(&stuck, i, self->p[0]);
	submit_all(&stuck, 64);
	msleep(QUIET_MS);

	ring_init(&ring, 8);
	ASSERT_EQ(3, write(self->q[1], "abc", 3));
	for (i = 0; i < 3; i++)
		put_worker(&ring, i, self->q[0]);
	submit_all(&ring, 3);
	for (i = 0; i < 3; i++) {
		await(&ring, i);
		expect_res(&ring, i, 1);
	}
	EXPECT_EQ(0, cq_count(&stuck));
	cring_queue_exit(&ring);
	cring_queue_exit(&stuck);
}

/* A ring that could not start another gets one that somebody else gave back. */
TEST_F(limits, s7_a_worker_that_ends_starts_anothers)
{
	struct cring one, two;

	ASSERT_EQ(0, set_parameter("max_user_workers", 2));
	ring_init(&one, 8);
	ring_init(&two, 8);
	put_worker(&one, 1, self->p[0]);
	put_worker(&one, 2, self->p[0]);
	submit_all(&one, 2);
	msleep(QUIET_MS);
	put_worker(&two, 3, self->p[0]);
	submit_all(&two, 1);
	msleep(QUIET_MS);
	ASSERT_EQ(1, write(self->q[1], "x", 1));
	put_worker(&two, 4, self->q[0]);
	submit_all(&two, 1);
	expect_quiet(&two);
	/* both of the other ring's: its two, and one of its own, is one too many */
	EXPECT_EQ(2, cancel_key(one.ring_fd, .flags = C_ANY | C_ALL));
	await(&two, 4);
	expect_res(&two, 4, 1);
	cring_queue_exit(&one);
	cring_queue_exit(&two);
}

/* No worker ends: the limit itself is raised. */
TEST_F(limits, s7_a_limit_of_workers_that_is_raised_counts_at_once)
{
	struct cring ring;

	ASSERT_EQ(0, set_parameter("max_user_workers", 1));
	ring_init(&ring, 8);
	put_worker(&ring, 1, self->p[0]);
	submit_all(&ring, 1);
	msleep(QUIET_MS);
	ASSERT_EQ(1, write(self->q[1], "x", 1));
	put_worker(&ring, 2, self->q[0]);
	submit_all(&ring, 1);
	expect_quiet(&ring);
	ASSERT_EQ(0, set_parameter("max_user_workers", 2));
	await(&ring, 2);
	expect_res(&ring, 2, 1);
	cring_queue_exit(&ring);
}

/* The same limit is not another user's. */
struct stuck_user {
	int p, ready[2], done[2];
};

static int stuck_nobody(void *arg)
{
	struct stuck_user *u = arg;
	struct cring ring;
	unsigned int i;
	char c;

	if (syscall(SYS_setresuid, NOBODY, 0, 0) ||
	    cring_queue_init(64, &ring, 0))
		return 1;
	for (i = 0; i < 64; i++) {
		struct cring_sqe *sqe = cring_get_sqe(&ring);

		cring_prep_read(sqe, u->p, sink, 1, 0);
		sqe->flags = CRING_SQE_ASYNC;
	}
	if (cring_submit(&ring) != 64 || write(u->ready[1], "r", 1) != 1 ||
	    read(u->done[0], &c, 1) != 1)
		return 2;
	return 0;
}

TEST_F(limits, s7_another_users_workers_are_his_own)
{
	struct stuck_user u = { .p = self->p[0] };
	struct cring ring;
	pid_t pid;
	char c;

	ASSERT_EQ(0, set_parameter("max_user_workers", 3));
	new_pipe(u.ready, 0);
	new_pipe(u.done, 0);
	pid = new_child(stuck_nobody, &u);
	ASSERT_EQ(1, read(u.ready[0], &c, 1));
	msleep(QUIET_MS);
	ring_init(&ring, 8);
	put_worker(&ring, 1, self->p[0]);
	put_worker(&ring, 2, self->p[0]);
	submit_all(&ring, 2);
	msleep(QUIET_MS);
	ASSERT_EQ(1, write(self->q[1], "x", 1));
	put_worker(&ring, 3, self->q[0]);
	submit_all(&ring, 1);
	await(&ring, 3);
	expect_res(&ring, 3, 1);
	ASSERT_EQ(1, write(u.done[1], "d", 1));
	EXPECT_EQ(0, child_status(pid));
	cring_queue_exit(&ring);
}

TEST_HARNESS_MAIN
