/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a file's device is like.
 */
#ifndef _CRING_BDEV_H
#define _CRING_BDEV_H

#include <linux/blk-mq.h>
#include <linux/blkdev.h>

/* a queue that may sleep when it is given a request, whatever it was told */
static inline bool cring_bdev_sleeps(struct block_device *bdev)
{
	struct request_queue *q = bdev_get_queue(bdev);

	return q->tag_set && q->tag_set->flags & BLK_MQ_F_BLOCKING;
}

/* the same of what a regular file, or block device, is on */
static inline bool cring_file_sleeps(struct file *file)
{
	struct inode *inode = file->f_mapping->host;

	if (S_ISBLK(inode->i_mode))
		return cring_bdev_sleeps(I_BDEV(inode));
	return inode->i_sb->s_bdev && cring_bdev_sleeps(inode->i_sb->s_bdev);
}

#endif /* _CRING_BDEV_H */
