/* SPDX-License-Identifier: MIT */
/*
 * The storage that file tests run on, as a fixture named "file": each TEST_F
 * runs once on every kind.  The target is FILE_SIZE bytes of fill(.., 1).
 */
#ifndef CRING_TESTS_FILE_TARGET_H
#define CRING_TESTS_FILE_TARGET_H

#include "util_sys.h"

#define FILE_SIZE	(1U << 20)
#define BLK		4096U		/* fits every direct I/O alignment */

enum file_kind { ON_EXT4, ON_TMPFS, ON_BDEV };

FIXTURE(file) {
	struct cring ring;
	struct nullb nb;
	int fd;
	char *buf;	/* 64 pages */
};

FIXTURE_VARIANT(file) { enum file_kind kind; int flags; };

FIXTURE_VARIANT_ADD(file, ext4) { .kind = ON_EXT4 };
FIXTURE_VARIANT_ADD(file, ext4_direct) { .kind = ON_EXT4, .flags = O_DIRECT };
FIXTURE_VARIANT_ADD(file, tmpfs) { .kind = ON_TMPFS };
FIXTURE_VARIANT_ADD(file, bdev) { .kind = ON_BDEV };
FIXTURE_VARIANT_ADD(file, bdev_direct) { .kind = ON_BDEV, .flags = O_DIRECT };

FIXTURE_SETUP(file)
{
	const char *dir = variant->kind == ON_EXT4 ? EXT4_DIR : TMPFS_DIR;
	char *data;
	int fd;

	if (variant->kind == ON_BDEV) {
		if (!have_nullb())
			SKIP(return, NULLB_SKIP);
		new_nullb(&self->nb, .size_mb = FILE_SIZE >> 20);
		fd = nullb_open(&self->nb, O_RDWR);
		data = malloc(FILE_SIZE);
		ASSERT_NE(NULL, data);
		fill(data, FILE_SIZE, 1);
		ASSERT_EQ((ssize_t)FILE_SIZE, pwrite(fd, data, FILE_SIZE, 0));
		ASSERT_EQ(0, fsync(fd));
		free(data);
		close(fd);
		self->fd = nullb_open(&self->nb, O_RDWR | variant->flags);
	} else {
		if (!dir)
			SKIP(return, "no %s mounted",
			     variant->kind == ON_EXT4 ? "ext4" : "tmpfs");
		self->fd = new_filled(dir, O_RDWR | variant->flags, FILE_SIZE, 1);
	}
	self->buf = new_pages(64 * BLK);
	ring_init(&self->ring, 64);
}

FIXTURE_TEARDOWN(file)
{
	cring_queue_exit(&self->ring);
	close(self->fd);
	nullb_del(&self->nb);
}

/* What is in the target now, read without the ring. */
static inline bool target_is(int fd, size_t pos, size_t len, uint32_t seed,
			     size_t seed_pos)
{
	char *tmp = aligned_alloc(BLK, len);
	bool ok = tmp && pread(fd, tmp, len, pos) == (ssize_t)len &&
		  is_filled_at(tmp, len, seed, seed_pos);

	free(tmp);
	return ok;
}

#endif /* CRING_TESTS_FILE_TARGET_H */
