/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is known of a pipe without asking it.
 */
#ifndef _CRING_PIPE_H
#define _CRING_PIPE_H

#include <linux/fs.h>
#include <linux/pipe_fs_i.h>

/*
 * Is it a pipe that is empty, and somebody may write to it?  No attempt to read tells
 * more: poll tells what comes, also that the last writer goes if there is one now.
 */
static __always_inline bool cring_pipe_is_empty(const struct file *file)
{
	const struct inode *inode = file_inode(file);
	const struct pipe_inode_info *pipe;

	if (!S_ISFIFO(inode->i_mode))
		return false;
	pipe = inode->i_pipe;
	return pipe && READ_ONCE(pipe->writers) && !pipe_has_watch_queue(pipe) &&
	       pipe_empty(READ_ONCE(pipe->head), READ_ONCE(pipe->tail));
}

#endif /* _CRING_PIPE_H */
