// SPDX-License-Identifier: GPL-2.0
/*
 * Does shmem_file_setup() take a vma_flags_t?  In 7.x the flags of a VMA become
 * a bitmap of their own type, one function after the other.
 */
#include <linux/mm.h>
#include <linux/shmem_fs.h>

struct file *probe(void);
struct file *probe(void)
{
	return shmem_file_setup("probe", 0, mk_vma_flags(VMA_NORESERVE_BIT));
}
