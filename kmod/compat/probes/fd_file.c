// SPDX-License-Identifier: GPL-2.0
/*
 * Is the file of a struct fd reached through fd_file()?  Since 6.12 that
 * structure is one opaque word.
 */
#include <linux/file.h>

struct file *probe(struct fd f);
struct file *probe(struct fd f)
{
	return fd_file(f);
}
