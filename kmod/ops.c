// SPDX-License-Identifier: GPL-2.0
/*
 * The table of operations.  Those of providers come and go.
 */
#include "cring.h"

const struct cring_op *cring_ops[CRING_NR_OPS] = {
	[CRING_OP_NOP]			= &cring_op_nop,
	[CRING_OP_READV]		= &cring_op_readv,
	[CRING_OP_WRITEV]		= &cring_op_writev,
	[CRING_OP_FSYNC]		= &cring_op_fsync,
	[CRING_OP_READ_FIXED]		= &cring_op_read_fixed,
	[CRING_OP_WRITE_FIXED]		= &cring_op_write_fixed,
	[CRING_OP_POLL_ADD]		= &cring_op_poll_add,
	[CRING_OP_POLL_REMOVE]		= &cring_op_poll_remove,
	[CRING_OP_SYNC_FILE_RANGE]	= &cring_op_sync_file_range,
	[CRING_OP_TIMEOUT]		= &cring_op_timeout,
	[CRING_OP_TIMEOUT_REMOVE]	= &cring_op_timeout_remove,
	[CRING_OP_ASYNC_CANCEL]		= &cring_op_cancel,
	[CRING_OP_LINK_TIMEOUT]		= &cring_op_link_timeout,
	[CRING_OP_FALLOCATE]		= &cring_op_fallocate,
	[CRING_OP_READ]			= &cring_op_read,
	[CRING_OP_WRITE]		= &cring_op_write,
	[CRING_OP_COPY_FILE_RANGE]	= &cring_op_copy_file_range,
};

/**
 * cring_op_query - which operations are there?
 * @query: its @ops is filled
 */
void cring_op_query(struct cring_query *query)
{
	unsigned int i;

	for (i = 0; i < CRING_NR_OPS; i++)
		if (cring_op_get(i))
			query->ops[i / 64] |= 1ULL << i % 64;
}

/**
 * cring_op_set - an operation of a provider comes or goes
 * @opcode: its number
 * @op: what it is, or NULL: no request of it is left that was prepared
 *
 * Context: one at a time for each opcode.
 */
void cring_op_set(u8 opcode, const struct cring_op *op)
{
	if (WARN_ON_ONCE(opcode < CRING_OP_PROVIDER_FIRST))
		return;
	/* its provider before it */
	smp_store_release(&cring_ops[opcode], op);
}
