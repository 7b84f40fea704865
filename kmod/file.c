// SPDX-License-Identifier: GPL-2.0
/*
 * What may be done with a file, and where.
 *
 * A worker is a kernel thread: code that asks who called it gets a wrong
 * answer there, and what blocks for ever keeps it.  So it runs only kinds of
 * file that are known to be fit for it, and everything else is refused.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/nospec.h>
#include <linux/poll.h>

#include "cring.h"

/* file systems that store data without a block device of their own below */
static const u32 cring_storage_magics[] = {
	TMPFS_MAGIC,
	RAMFS_MAGIC,
	HUGETLBFS_MAGIC,
	OVERLAYFS_SUPER_MAGIC,
	FUSE_SUPER_MAGIC,
	NFS_SUPER_MAGIC,
	CIFS_SUPER_MAGIC,
	SMB2_SUPER_MAGIC,
	V9FS_MAGIC,
	CEPH_SUPER_MAGIC,
	AFS_FS_MAGIC,
	JFFS2_SUPER_MAGIC,
	0x24051905,			/* UBIFS */
	0x2fc12fc1,			/* ZFS */
};

static bool cring_sb_is_storage(const struct super_block *sb)
{
	size_t i;

	if (sb->s_type->fs_flags & FS_REQUIRES_DEV)
		return true;
	for (i = 0; i < ARRAY_SIZE(cring_storage_magics); i++)
		if (sb->s_magic == cring_storage_magics[i])
			return true;
	return false;
}

/**
 * cring_file_is_ring - is it a ring, of whomever?
 * @file: any open file
 *
 * A ring is neither a fixed file nor the target of an operation: it could keep
 * itself alive.
 *
 * Context: any.
 * Return: true when it is a ring.
 */
bool cring_file_is_ring(const struct file *file)
{
	return file->f_op == &cring_fops;
}

/**
 * cring_file_worker_allowed - may a worker run operations on it?
 * @file: any open file
 *
 * Regular files of file systems that store data, block devices, pipes and
 * FIFOs.  Not directories, sockets, character devices, anonymous inodes, and
 * nothing of /proc, sysfs and their like.
 *
 * Context: any.
 * Return: true when it may.
 */
bool cring_file_worker_allowed(struct file *file)
{
	const struct inode *inode = file_inode(file);

	switch (inode->i_mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:	/* to be synced; read and write say -EISDIR */
		return cring_sb_is_storage(inode->i_sb);
	case S_IFBLK:
	case S_IFIFO:
		return true;
	default:
		return false;
	}
}

/**
 * cring_file_can_arm - does its poll tell when a transfer would not block?
 * @file: any open file
 *
 * FUSE gives its regular files a poll method, but that is the server's idea of
 * the file's content: a read waits for the server whatever poll says.
 *
 * Context: any.
 * Return: true when an operation that would block can wait for poll.
 */
bool cring_file_can_arm(struct file *file)
{
	return file_can_poll(file) && !(S_ISREG(file_inode(file)->i_mode) &&
					cring_file_worker_allowed(file));
}

/**
 * cring_file_get - look up the file that an SQE or a cancel names
 * @ring: whose fixed files; or NULL when it is not @fixed
 * @fd: descriptor of the current task, or slot
 * @fixed: which of the two
 *
 * Context: a thread of the owner, without cring_ring.lock.
 * Return: a referenced file, or NULL when nothing (or an O_PATH file) is there.
 */
struct file *cring_file_get(struct cring_ring *ring, s32 fd, bool fixed)
{
	struct file *file = NULL;
	unsigned long flags;
	u32 slot = fd;

	/* the ring's own thread has no descriptors; a wider cancel has no ring */
	if (!fixed)
		return ring && ring->sq_thread == current ? NULL : fget(fd);

	/* the lock keeps the table and, until it is ours too, the file */
	spin_lock_irqsave(&ring->lock, flags);
	if (slot < ring->nr_files) {
		file = ring->files[array_index_nospec(slot, ring->nr_files)];
		if (file)
			get_file(file);
	}
	spin_unlock_irqrestore(&ring->lock, flags);
	return file;
}
