// SPDX-License-Identifier: GPL-2.0
/*
 * Is there fsnotify_sb_has_watchers()?  Since 6.10 the count that it looks at
 * has moved out of the super block.
 */
#include <linux/fs.h>
#include <linux/fsnotify.h>

bool probe(struct super_block *sb);
bool probe(struct super_block *sb)
{
	return fsnotify_sb_has_watchers(sb);
}
