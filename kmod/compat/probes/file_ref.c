// SPDX-License-Identifier: GPL-2.0
/*
 * Is a file's reference count a file_ref_t?  Since 6.13 it is; before, it is a
 * plain counter.
 */
#include <linux/file_ref.h>
#include <linux/fs.h>

bool probe(struct file *file);
bool probe(struct file *file)
{
	return atomic_long_add_unless(&file->f_ref.refcnt, -1, FILE_REF_ONEREF);
}
