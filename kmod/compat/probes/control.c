// SPDX-License-Identifier: GPL-2.0
/*
 * Not a question but the check of the others: when this does not compile, the
 * compiler or the headers are broken, and no answer means anything.
 */
#include <linux/fs.h>
#include <linux/module.h>

int probe(struct kiocb *iocb);
int probe(struct kiocb *iocb)
{
	return iocb->ki_flags & IOCB_NOWAIT;
}
