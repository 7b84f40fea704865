// SPDX-License-Identifier: GPL-2.0
/*
 * Does vfs_iocb_iter_write() take the freeze protection of the write itself?
 * Since 6.8 it does, and the caller only gives it back, in the completion.
 *
 * The declaration of kiocb_start_write() says nothing about it: that helper is
 * older, and was backported to 6.1.  No header shows what the function does
 * inside, but file_write_not_started() came with the same change, to assert it.
 */
#include <linux/fs.h>

bool probe(struct kiocb *iocb);
bool probe(struct kiocb *iocb)
{
	kiocb_end_write(iocb);
	return file_write_not_started(iocb->ki_filp);
}
