// SPDX-License-Identifier: GPL-2.0
/*
 * What this version can do, and what it allows: CRING_IOC_QUERY.
 */
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "cring.h"

unsigned int cring_max_entries = CRING_MAX_CQ_ENTRIES;
module_param_named(max_entries, cring_max_entries, uint, 0644);
MODULE_PARM_DESC(max_entries,
		 "completion queue entries of a ring, 2 to 65536, rounded down to a power of two; half as many submission queue entries (default 65536)");

/**
 * cring_max_cq_entries - how large a CQ may be
 *
 * An SQ may be half as large.
 *
 * Return: entries, a power of two.
 */
u32 cring_max_cq_entries(void)
{
	u32 max = READ_ONCE(cring_max_entries);

	return rounddown_pow_of_two(clamp_t(u32, max, 2, CRING_MAX_CQ_ENTRIES));
}

/**
 * cring_query_ioctl - CRING_IOC_QUERY
 * @arg: struct cring_query in user space
 *
 * Context: any process, with a ring or without.
 * Return: 0 or -EFAULT.
 */
int cring_query_ioctl(void __user *arg)
{
	struct cring_query q = {
		.version = CRING_ABI_VERSION,
		.features = CRING_FEATURES,
		.max_sq_entries = cring_max_cq_entries() / 2,
		.max_cq_entries = cring_max_cq_entries(),
		.sqe_flags = CRING_SQE_KNOWN,
		.sqe_xflags = CRING_SQE_X_KNOWN,
		.setup_flags = CRING_SETUP_KNOWN,
		.cancel_flags = CRING_CANCEL_KNOWN,
		.sync_flags = CRING_CANCEL_SYNC_KNOWN,
		.max_keys = CRING_CANCEL_MAX_KEYS,
		.max_detach_bytes = CRING_MAX_STAGE,
		.max_ring_workers = cring_ring_workers(),
		.max_seals = CRING_MAX_SEALS,
	};
	unsigned int i;

	cring_op_query(&q);
	cring_user_query(&q);
	/* what there is, but is admitted to no ring */
	for (i = 0; cring_allow.given && i < ARRAY_SIZE(q.ops); i++)
		q.ops[i] &= cring_allow.ops[i];
	return copy_to_user(arg, &q, sizeof(q)) ? -EFAULT : 0;
}
