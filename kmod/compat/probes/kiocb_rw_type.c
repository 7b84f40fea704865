// SPDX-License-Identifier: GPL-2.0
/*
 * Does kiocb_set_rw_flags() take the direction?  Since 6.11 it does, to refuse
 * RWF_ATOMIC reads.
 */
#include <linux/fs.h>

int probe(struct kiocb *iocb, rwf_t flags);
int probe(struct kiocb *iocb, rwf_t flags)
{
	return kiocb_set_rw_flags(iocb, flags, WRITE);
}
