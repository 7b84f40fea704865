// SPDX-License-Identifier: MIT
/*
 * C3, C4: what a device is working on.  A cancel answers -EALREADY, never
 * -ENOENT, until the completion is in the queue; the data then comes whole.
 */
#include "util.h"
#include "cancel_util.h"
#include "cancel_dev.h"

#define SLOW_MS	500

FIXTURE(device) {
	struct cring ring;
	struct nullb nb;
	struct dmdev dm;
	char *buf;
};
FIXTURE_VARIANT(device) { enum way way; };
FIXTURE_VARIANT_ADD(device, by_sqe) { .way = BY_SQE };
FIXTURE_VARIANT_ADD(device, by_call) { .way = BY_CALL };

#define RING	(&self->ring)
#define WAY	variant->way
#define BUFSZ	(64 * 4096)

FIXTURE_SETUP(device)
{
	ring_init(RING, 64);
	self->buf = new_pages(BUFSZ);
}

FIXTURE_TEARDOWN(device)
{
	dm_destroy(&self->dm);
	cring_queue_exit(RING);
	nullb_del(&self->nb);
}

#define put_read(ud, dev_fd)						\
	put(RING, .opcode = CRING_OP_READ, .fd = dev_fd,		\
	    .addr = PTR64(self->buf + (ud) * 4096), .len = 4096,	\
	    .off = (ud) * 4096, .user_data = ud)

#define slow_disk(...) __extension__ ({					\
	if (!have_nullb())						\
		SKIP(return, NULLB_SKIP);				\
	new_nullb(&self->nb, .no_memory = true, ##__VA_ARGS__);		\
	nullb_open(&self->nb, O_RDWR | O_DIRECT); })

/* A disk that keeps its data, under a device that can be made to hang. */
#define hung_disk(flags) __extension__ ({				\
	int __fd;							\
	if (!have_nullb())						\
		SKIP(return, NULLB_SKIP);				\
	if (access("/dev/mapper/control", F_OK))			\
		SKIP(return, "no device mapper in this kernel");	\
	new_nullb(&self->nb, .size_mb = 4);				\
	ASSERT_EQ(0, dm_create(&self->dm, "cring_hung", self->nb.dev, 4)); \
	__fd = open(self->dm.path, flags);				\
	ASSERT_GE(__fd, 0);						\
	__fd; })

TEST_F(device, c3_inflight_direct_read_is_ealready_never_enoent)
{
	int fd = slow_disk(.delay_ns = SLOW_MS * NSEC_PER_MSEC);
	uint64_t start = now_ns();
	unsigned int tries = 0;
	int ret;

	put_read(1, fd);
	submit_all(RING, 1);
	for (;;) {
		ret = cancel(RING, WAY, .user_data = 1);
		if (ret != -EALREADY)
			break;
		tries++;
		msleep(10 * hold_factor());
		ASSERT_LT(now_ns() - start, LIMIT_MS * NSEC_PER_MSEC);
	}
	EXPECT_EQ(-ENOENT, ret);
	EXPECT_GT(tries, 5);
	EXPECT_GE(now_ns() - start, (SLOW_MS - 50) * NSEC_PER_MSEC);
	expect_res(RING, 1, 4096);
}

TEST_F(device, c4_every_key_kind_finds_what_is_in_the_device)
{
	int fd = slow_disk(.delay_ns = SLOW_MS * NSEC_PER_MSEC);

	put_read(1, fd);
	submit_all(RING, 1);
	EXPECT_EQ(-EALREADY, cancel(RING, WAY, .user_data = 1));
	EXPECT_EQ(-EALREADY, cancel(RING, WAY, .fd = fd, .flags = C_FD));
	EXPECT_EQ(-EALREADY, cancel(RING, WAY, .flags = C_ANY));
	EXPECT_EQ(-EALREADY, cancel(RING, WAY, .flags = C_OP,
				    .opcode = CRING_OP_READ));
	EXPECT_EQ(-EALREADY, cancel(RING, WAY, .user_data = 1, .fd = fd,
				    .flags = C_FD | C_UD));
	EXPECT_EQ(1, cancel(RING, WAY, .flags = C_ANY | C_ALL));
	expect_pending(RING, 1);
	settle(RING);
	expect_res(RING, 1, 4096);
}

TEST_F(device, c4_a_direct_write_in_the_device_is_ealready)
{
	int fd = slow_disk(.delay_ns = SLOW_MS * NSEC_PER_MSEC);

	put(RING, .opcode = CRING_OP_WRITE, .fd = fd, .len = 4096,
	    .addr = PTR64(self->buf), .user_data = 1);
	submit_all(RING, 1);
	EXPECT_EQ(-EALREADY, cancel(RING, WAY, .user_data = 1));
	expect_pending(RING, 1);
	await(RING, 1);
	expect_res(RING, 1, 4096);
	EXPECT_EQ(-ENOENT, cancel(RING, WAY, .user_data = 1));
}

TEST_F(device, c6_all_counts_what_is_in_the_device_as_already)
{
	struct cring_cancel_key key = { .flags = C_ANY | C_ALL };
	int fd = slow_disk(.delay_ns = SLOW_MS * NSEC_PER_MSEC);
	int p[2], i;

	new_pipe(p, 0);
	for (i = 0; i < 8; i++)
		put_read(i, fd);
	submit_all(RING, 8);
	arm_read(RING, 8, p[0]);
	if (WAY == BY_CALL) {
		EXPECT_EQ(0, cancel_call(RING->ring_fd, &key, 1, 0, 0));
		EXPECT_EQ(9, key.res);
		EXPECT_EQ(8, key.already);
	} else {
		EXPECT_EQ(9, cancel(RING, WAY, .flags = C_ANY | C_ALL));
	}
	expect_stopped(RING, WAY, 8);
	settle(RING);
	for (i = 0; i < 8; i++)
		expect_res(RING, i, 4096);
}

/*
 * Two tags for 32 reads: the device has two, the others queue up for a tag
 * wherever they do.  Each is 0 (and stopped) or -EALREADY (and completes).
 */
TEST_F(device, c3_behind_a_full_device_no_one_is_enoent)
{
	int fd = slow_disk(.delay_ns = 100 * NSEC_PER_MSEC,
			   .hw_queue_depth = 2);
	int ret[32], i, res;

	for (i = 0; i < 32; i++)
		put_read(i, fd);
	submit_all(RING, 32);
	for (i = 31; i >= 0; i--) {
		ret[i] = cancel(RING, BY_CALL, .user_data = i);
		if (ret[i] == -ENOENT || ret[i] == 0)
			EXPECT_EQ(1, cqes_with(RING, i));
	}
	settle(RING);
	for (i = 0; i < 32; i++) {
		res = res_of(RING, i);
		EXPECT_TRUE(ret[i] == 0 ? res == -ECANCELED :
			    ret[i] == -ENOENT ? res == 4096 :
			    ret[i] == -EALREADY &&
			    (res == 4096 || res == -ECANCELED))
			TH_LOG("read %d: answer %d, result %d", i, ret[i], res);
	}
	expect_one_each(RING, 0, 32);
}

TEST_F(device, c4_a_read_in_a_hung_device_is_ealready_until_it_answers)
{
	int fd = hung_disk(O_RDWR | O_DIRECT), i;

	fill(self->buf, BUFSZ, 3);
	ASSERT_EQ(BUFSZ, pwrite(fd, self->buf, BUFSZ, 0));
	memset(self->buf, 0xee, BUFSZ);
	ASSERT_EQ(0, dm_suspend(&self->dm));
	for (i = 0; i < 8; i++)
		put_read(i, fd);
	submit_all(RING, 8);
	msleep(300);
	for (i = 0; i < 8; i++)
		EXPECT_EQ(-EALREADY, cancel(RING, WAY, .user_data = i));
	expect_pending(RING, 0);
	EXPECT_EQ(-EALREADY, cancel(RING, WAY, .user_data = 7));
	EXPECT_TRUE(is_byte(self->buf, BUFSZ, 0xee));
	ASSERT_EQ(0, dm_resume(&self->dm));
	settle(RING);
	/* Each came whole or not at all; none comes after its completion. */
	for (i = 0; i < 8; i++) {
		char *b = self->buf + i * 4096;
		int res = res_of(RING, i);

		EXPECT_TRUE(res == 4096 || res == -ECANCELED);
		EXPECT_TRUE(res == 4096 ? is_filled_at(b, 4096, 3, i * 4096) :
			    is_byte(b, 4096, 0xee));
	}
	memset(self->buf, 0xdd, BUFSZ);
	msleep(QUIET_MS);
	EXPECT_TRUE(is_byte(self->buf, BUFSZ, 0xdd));
	close(fd);
}

/* Buffered: sleeps on a page that the hung device is to fill. */
TEST_F(device, c4_a_buffered_read_of_a_hung_device_is_never_enoent)
{
	int fd = hung_disk(O_RDWR), ret;

	ASSERT_EQ(0, dm_suspend(&self->dm));
	put_read(1, fd);
	submit_all(RING, 1);
	msleep(300);
	expect_pending(RING, 1);
	ret = cancel(RING, WAY, .user_data = 1);
	EXPECT_EQ(-EALREADY, ret);
	ASSERT_EQ(0, dm_resume(&self->dm));
	await(RING, 1);
	EXPECT_TRUE(res_of(RING, 1) == -ECANCELED || res_of(RING, 1) == 4096);
	expect_one_each(RING, 1, 1);
	close(fd);
}

TEST_F(device, c4_an_fsync_of_a_hung_device_keeps_its_worker_only)
{
	int fd = hung_disk(O_RDWR), p[2];

	ASSERT_EQ(4096, pwrite(fd, self->buf, 4096, 0));
	ASSERT_EQ(0, dm_suspend(&self->dm));
	put(RING, .opcode = CRING_OP_FSYNC, .fd = fd, .user_data = 1);
	submit_all(RING, 1);
	msleep(300);
	EXPECT_EQ(-EALREADY, cancel(RING, WAY, .user_data = 1));
	/* The ring goes on. */
	new_pipe(p, 0);
	ASSERT_EQ(1, write(p[1], "x", 1));
	put_async_read(_metadata, RING, 2, p[0]);
	submit_all(RING, 1);
	await(RING, 2);
	expect_res(RING, 2, 1);
	ASSERT_EQ(0, dm_resume(&self->dm));
	await(RING, 1);
	EXPECT_TRUE(res_of(RING, 1) == -ECANCELED || res_of(RING, 1) == 0);
	close(fd);
}

TEST_HARNESS_MAIN
