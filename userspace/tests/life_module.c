// SPDX-License-Identifier: MIT
/*
 * R13: the module's own life.  It cannot go while a ring is open or an
 * operation hangs; it can afterwards, and comes back any number of times.
 */
#include "util.h"
#include "life_util.h"
#include "module_util.h"

#define TIMES	200

FIXTURE(module) {
	struct stage st;
};

FIXTURE_SETUP(module)
{
	self->st.disk = -1;
	if (!module_file())
		SKIP(return, NO_FILE);
	expect_refs(0);
}

/* Whatever happened, the next test finds it loaded. */
FIXTURE_TEARDOWN(module)
{
	int ret = load();

	EXPECT_TRUE(!ret || ret == -EEXIST);
	EXPECT_TRUE(wait_until(!access(CRING_DEVICE, F_OK)));
}

TEST_F(module, r13_rmmod_is_refused_while_the_device_is_open)
{
	int fd = open(CRING_DEVICE, O_RDWR | O_CLOEXEC);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	close(fd);
	expect_refs(0);
	EXPECT_EQ(0, unload());
	EXPECT_TRUE(wait_until(access(CRING_DEVICE, F_OK)));
	EXPECT_EQ(0, load());
}

TEST_F(module, r13_rmmod_is_refused_while_a_ring_lives)
{
	struct cring ring;

	ring_init(&ring, 8);
	arm_timer(&ring, 1);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	cring_queue_exit(&ring);
	expect_refs(0);
	EXPECT_EQ(0, unload());
}

TEST_F(module, r13_rmmod_works_while_only_a_mapping_is_left)
{
	struct cring ring;

	ring_init(&ring, 8);
	ASSERT_EQ(0, close(ring.ring_fd));
	expect_refs(0);
	EXPECT_EQ(0, unload());
	/* Its pages are ours until we unmap them, module or not. */
	EXPECT_EQ(8, shared_of(&ring)->sq_entries);
	shared_of(&ring)->sq_tail = 5;
	munmap(ring.shared, ring.mmap_size);
}

static int hang_in_device(void *arg)
{
	struct cring ring;

	if (cring_queue_init(8, &ring, 0) || !enter_state(&ring, arg))
		return 1;
	return 0;
}

static void t_hung(struct __test_metadata *_metadata, struct stage *st,
		   enum state state)
{
	const char *why = t_stage(_metadata, st, state);

	if (why)
		SKIP(return, "%s", why);
	EXPECT_EQ(0, run_child(hang_in_device, st));
	EXPECT_EQ(-EWOULDBLOCK, unload());
	msleep(200);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	stage_release(st);
	expect_refs(0);
	EXPECT_EQ(0, unload());
	stage_exit(st);
}

TEST_F(module, r13_rmmod_is_refused_while_a_dead_owners_read_hangs)
{
	t_hung(_metadata, &self->st, ST_HUNG_DIRECT);
}

TEST_F(module, r13_rmmod_is_refused_while_a_dead_owners_worker_hangs)
{
	t_hung(_metadata, &self->st, ST_HUNG_FSYNC);
}

/* Its CQE is there, and its ring closed; only the device has not answered. */
static int let_go_of(void *arg)
{
	struct cring_params p = { .detached = 1 };
	struct stage *st = arg;
	struct cring_sqe *sqe;
	struct cring ring;
	int ret;

	if (cring_queue_init_params(8, &ring, &p))
		return 1;
	sqe = cring_get_sqe(&ring);
	cring_prep_fsync(sqe, open(st->path, st->open_flags), 0);
	cring_sqe_set_detach(sqe);
	sqe->user_data = 1;
	if (cring_submit(&ring) != 1)
		return 2;
	msleep(300);
	ret = cancel_key(ring.ring_fd, .user_data = 1);
	if (ret || cring_in_flight(&ring))
		return 3;
	cring_queue_exit(&ring);
	return 0;
}

TEST_F(module, r13_rmmod_is_refused_until_what_was_let_go_of_has_ended)
{
	struct stage *st = &self->st;
	const char *why = t_stage(_metadata, st, ST_HUNG_FSYNC);

	if (why)
		SKIP(return, "%s", why);
	EXPECT_EQ(0, run_child(let_go_of, st));
	EXPECT_EQ(-EWOULDBLOCK, unload());
	msleep(200);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	stage_release(st);
	expect_refs(0);
	EXPECT_EQ(0, unload());
	stage_exit(st);
}

/* At once after the last use: workers, timers and RCU may still be busy. */
TEST_F_TIMEOUT(module, r13_load_use_unload_200_times, 600)
{
	unsigned int i, busy = 0, scale = test_scale();
	int p[2];

	TH_LOG("%u rounds (%u %%)", TIMES * scale / 100 + 1, scale);
	new_pipe(p, 0);
	for (i = 0; i < TIMES * scale / 100 + 1; i++) {
		struct cring ring;
		int ret;

		ret = load();
		ASSERT_TRUE(!ret || (!i && ret == -EEXIST));
		ASSERT_TRUE(wait_until(!access(CRING_DEVICE, F_OK)));
		ring_init(&ring, 64);
		arm_timer(&ring, 1);
		arm_read(&ring, 2, p[0]);
		put_async_read(_metadata, &ring, 3, p[0]);
		put(&ring, .opcode = CRING_OP_NOP, .user_data = 4);
		submit_all(&ring, 2);
		if (i & 1)
			cancel_key(ring.ring_fd, .flags = C_ANY | C_ALL);
		cring_queue_exit(&ring);
		while ((ret = unload()) == -EWOULDBLOCK && busy++ < 100000)
			usleep(100);
		ASSERT_EQ(0, ret)
			TH_LOG("round %u", i);
	}
}

TEST_HARNESS_MAIN
