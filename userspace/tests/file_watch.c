// SPDX-License-Identifier: MIT
/*
 * Who watches a file is told of what is read from it and written to it, also
 * when a device has done it and the completion came in an interrupt.
 */
#include "util.h"
#include "util_sys.h"

#include <sys/inotify.h>

#define BLK	4096
#define NR	20

FIXTURE(watch) {
	struct cring ring;
	char *buf;
	int fd, ino;
};

FIXTURE_VARIANT(watch) { int flags; unsigned int sqe_flags; };
FIXTURE_VARIANT_ADD(watch, buffered) { .flags = 0 };
FIXTURE_VARIANT_ADD(watch, direct) { .flags = O_DIRECT };
FIXTURE_VARIANT_ADD(watch, worker) { .sqe_flags = CRING_SQE_ASYNC };

FIXTURE_SETUP(watch)
{
	char path[64];

	if (!EXT4_DIR)
		SKIP(return, "no ext4 file system for tests");
	ring_init(&self->ring, 2 * NR);
	self->buf = new_pages(NR * BLK);
	self->fd = new_filled(EXT4_DIR, O_RDWR | variant->flags, NR * BLK, 1);
	self->ino = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	ASSERT_GE(self->ino, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->fd);
	ASSERT_GE(inotify_add_watch(self->ino, path, IN_ACCESS | IN_MODIFY), 0);
}

FIXTURE_TEARDOWN(watch)
{
	if (self->ring.ring_fd >= 0 && self->buf)
		cring_queue_exit(&self->ring);
}

/* All that it was told of so far; equal ones in a row may be one. */
static uint32_t events(int ino)
{
	char buf[4096] __attribute__((aligned(8)));
	const struct inotify_event *e;
	uint32_t mask = 0;
	ssize_t len;
	char *p;

	while ((len = read(ino, buf, sizeof(buf))) > 0) {
		for (p = buf; p < buf + len; p += sizeof(*e) + e->len) {
			e = (void *)p;
			mask |= e->mask;
		}
	}
	return mask;
}

#define told_of(what) wait_until((seen |= events(self->ino)) & (what))

TEST_F(watch, a_read_is_an_access)
{
	struct cring_sqe *sqe = new_sqe(&self->ring, 0);
	uint32_t seen = 0;

	cring_prep_read(sqe, self->fd, self->buf, BLK, 0);
	sqe->flags |= variant->sqe_flags;
	EXPECT_EQ(BLK, run_sqe(&self->ring, sqe));
	EXPECT_TRUE(told_of(IN_ACCESS));
	EXPECT_EQ(0, seen & IN_MODIFY);
}

TEST_F(watch, a_write_is_a_modification)
{
	struct cring_sqe *sqe = new_sqe(&self->ring, 0);
	uint32_t seen = 0;

	cring_prep_write(sqe, self->fd, self->buf, BLK, 0);
	sqe->flags |= variant->sqe_flags;
	EXPECT_EQ(BLK, run_sqe(&self->ring, sqe));
	EXPECT_TRUE(told_of(IN_MODIFY));
	EXPECT_EQ(0, seen & IN_ACCESS);
}

/* Their records come back after the watchers were told; all of them do. */
TEST_F(watch, many_at_once_many_times)
{
	uint32_t seen = 0;
	int round, i;

	for (round = 0; round < 50; round++) {
		for (i = 0; i < NR; i++) {
			struct cring_sqe *sqe = new_sqe(&self->ring, 0);

			if (i % 2)
				cring_prep_read(sqe, self->fd,
						self->buf + i * BLK, BLK,
						i * BLK);
			else
				cring_prep_write(sqe, self->fd,
						 self->buf + i * BLK, BLK,
						 i * BLK);
			sqe->flags |= variant->sqe_flags;
			sqe->user_data = i;
		}
		submit_all(&self->ring, NR);
		for (i = 0; i < NR; i++)
			EXPECT_EQ(BLK, reap(&self->ring).res);
	}
	EXPECT_TRUE(told_of(IN_ACCESS));
	EXPECT_TRUE(told_of(IN_MODIFY));
}

TEST_HARNESS_MAIN
