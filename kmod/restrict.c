// SPDX-License-Identifier: GPL-2.0
/*
 * Restrictions: what a ring may do.
 *
 * A ring starts with what the administrator admits to all rings, and its owner
 * may narrow that; nothing widens it again.  What is admitted is named, so an
 * operation or flag that a later version adds is not among it.
 */
#include <linux/module.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "cring.h"

struct cring_allow cring_allow;

/* "READ,WRITE,200": the number of one of them, or -EINVAL */
static int cring_allow_op(const char *name)
{
	unsigned int i;
	u8 opcode;

	for (i = 0; i < CRING_NR_OPS; i++)
		if (cring_ops[i] && !strcmp(cring_ops[i]->name, name))
			return i;
	/* a provider's has no name of its own */
	if (!kstrtou8(name, 10, &opcode) && opcode >= CRING_OP_PROVIDER_FIRST)
		return opcode;
	return -EINVAL;
}

/**
 * cring_allow_parse - read a list of operations
 * @val: names, or numbers of providers' operations, with commas between them
 * @allow: filled
 *
 * Context: process, may sleep.
 * Return: 0, -ENOMEM, or -EINVAL when one is unknown, or there is none.
 */
int cring_allow_parse(const char *val, struct cring_allow *allow)
{
	char *list = kstrdup(val, GFP_KERNEL), *rest = list, *name;
	int op = 0;

	if (!list)
		return -ENOMEM;
	*allow = (struct cring_allow) { .given = true };
	rest = strim(list);
	while (op >= 0 && (name = strsep(&rest, ","))) {
		op = cring_allow_op(name);
		if (op >= 0)
			allow->ops[op / 64] |= BIT_ULL(op % 64);
		else
			pr_err("cring: allow_ops: there is no \"%s\"\n", name);
	}
	kfree(list);
	return min(op, 0);
}

static int cring_allow_set(const char *val, const struct kernel_param *kp)
{
	return cring_allow_parse(val, kp->arg);
}

static int cring_allow_get(char *buf, const struct kernel_param *kp)
{
	const struct cring_allow *allow = kp->arg;
	unsigned int i;
	int len = 0;

	for (i = 0; i < CRING_NR_OPS; i++) {
		if (!(allow->ops[i / 64] & BIT_ULL(i % 64)))
			continue;
		if (len)
			buf[len++] = ',';
		if (i < CRING_OP_PROVIDER_FIRST)
			len += sysfs_emit_at(buf, len, "%s",
					     cring_ops[i]->name);
		else
			len += sysfs_emit_at(buf, len, "%u", i);
	}
	return len + sysfs_emit_at(buf, len, "\n");
}

static const struct kernel_param_ops cring_allow_param_ops = {
	.set = cring_allow_set,
	.get = cring_allow_get,
};

module_param_cb(allow_ops, &cring_allow_param_ops, &cring_allow, 0444);
MODULE_PARM_DESC(allow_ops,
		 "operations that rings may perform, by name: allow_ops=READ,WRITE,ASYNC_CANCEL (default: all)");

/**
 * cring_restrict_init - what a new ring may do
 * @ring: being set up
 */
void cring_restrict_init(struct cring_ring *ring)
{
	memset(&ring->may, 0xff, sizeof(ring->may));
	ring->restricted = cring_allow.given;
	if (cring_allow.given)
		memcpy(ring->may.ops, cring_allow.ops, sizeof(ring->may.ops));
}

static bool cring_may(const u64 *set, unsigned int nr)
{
	return set[nr / 64] & BIT_ULL(nr % 64);
}

/**
 * cring_restrict_sqe - may the ring do this?
 * @ring: the caller's, restricted
 * @sqe: well-formed
 *
 * Context: under submit_mutex.
 * Return: 0 or -EACCES.
 */
int cring_restrict_sqe(const struct cring_ring *ring,
		       const struct cring_sqe *sqe)
{
	const struct cring_restrict *may = &ring->may;

	if (!cring_may(may->ops, sqe->opcode) ||
	    sqe->flags & ~may->sqe_flags ||
	    sqe->xflags & CRING_SQE_X_REQUIRED & ~may->sqe_xflags)
		return -EACCES;
	if (sqe->opcode == CRING_OP_ASYNC_CANCEL)
		return cring_restrict_cancel(ring, sqe->cancel_flags);
	return 0;
}

/**
 * cring_restrict_cancel - may the ring cancel by such a key?
 * @ring: the caller's
 * @flags: CRING_ASYNC_CANCEL_* of the key
 *
 * Context: any.
 * Return: 0 or -EACCES.
 */
int cring_restrict_cancel(const struct cring_ring *ring, u32 flags)
{
	/* a cancel does not wait for who restricts at the same time */
	return flags & ~READ_ONCE(ring->may.cancel_flags) &
	       CRING_CANCEL_KNOWN ? -EACCES : 0;
}

/**
 * cring_restrict_register - may the ring register this?
 * @ring: the caller's
 * @opcode: CRING_REGISTER_*, one that there is
 *
 * Context: under submit_mutex.
 * Return: 0 or -EACCES.
 */
int cring_restrict_register(const struct cring_ring *ring, u32 opcode)
{
	return cring_may(ring->may.registers, opcode) ? 0 : -EACCES;
}

/* who names what there is not means to admit what he does not know */
static int cring_restrict_check(const struct cring_restrict *r)
{
	unsigned int i;

	if (r->resv0 || r->resv[0] || r->resv[1] ||
	    r->sqe_flags & ~CRING_SQE_KNOWN ||
	    r->sqe_xflags & ~CRING_SQE_X_KNOWN ||
	    r->cancel_flags & ~CRING_CANCEL_KNOWN)
		return -EINVAL;
	for (i = 0; i < CRING_NR_OPS; i++) {
		if (cring_may(r->ops, i) && !cring_ops[i] &&
		    i < CRING_OP_PROVIDER_FIRST)
			return -EINVAL;
		if (cring_may(r->registers, i) && !cring_register_known(i))
			return -EINVAL;
	}
	return 0;
}

/**
 * cring_restrict_add - CRING_REGISTER_RESTRICT
 * @ring: the caller's
 * @reg: says where the struct cring_restrict is
 *
 * What is in flight goes on.
 *
 * Context: process, under submit_mutex.
 * Return: 0, -EFAULT, or -EINVAL.
 */
int cring_restrict_add(struct cring_ring *ring, const struct cring_register *reg)
{
	struct cring_restrict *may = &ring->may, r;
	unsigned int i;
	int ret;

	if (reg->nr != 1)
		return -EINVAL;
	if (copy_from_user(&r, u64_to_user_ptr(reg->addr), sizeof(r)))
		return -EFAULT;
	ret = cring_restrict_check(&r);
	if (ret)
		return ret;

	for (i = 0; i < ARRAY_SIZE(r.ops); i++) {
		may->ops[i] &= r.ops[i];
		may->registers[i] &= r.registers[i];
	}
	may->sqe_flags &= r.sqe_flags;
	may->sqe_xflags &= r.sqe_xflags;
	WRITE_ONCE(may->cancel_flags, may->cancel_flags & r.cancel_flags);
	WRITE_ONCE(ring->restricted, true);
	return 0;
}
