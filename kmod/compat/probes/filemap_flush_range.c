// SPDX-License-Identifier: GPL-2.0
/*
 * Is there filemap_flush_range()?  Since 6.19 it stands in for
 * filemap_fdatawrite_wbc(), which is gone.
 */
#include <linux/fs.h>
#include <linux/pagemap.h>

int probe(struct address_space *mapping);
int probe(struct address_space *mapping)
{
	return filemap_flush_range(mapping, 0, 4095);
}
