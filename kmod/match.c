// SPDX-License-Identifier: GPL-2.0
/*
 * What a cancel means: its keys and flags.
 */
#include "cring.h"

/* Did the thread that a filter names submit it?  Who waits has an identity. */
static noinline bool cring_by_thread(const struct cring_filter *filter,
				     const struct cring_req *req)
{
	/* what it points to is read after it */
	const struct cring_ident *ident = smp_load_acquire(&req->ident);

	return ident && cring_ident_thread(ident) == filter->thread;
}

/**
 * cring_by_user_data - does a cancel look at user_data?
 * @flags: its CRING_ASYNC_CANCEL_*
 *
 * Return: true when that is one of its keys.
 */
bool cring_by_user_data(u32 flags)
{
	return flags & CRING_ASYNC_CANCEL_USERDATA ||
	       !(flags & (CRING_CANCEL_KEYS | CRING_ASYNC_CANCEL_ANY));
}

/**
 * cring_cancel_check - are a cancel's keys and flags well-formed?
 * @match: as user space gave it
 *
 * Context: any.
 * Return: 0 or -EINVAL.
 */
int cring_cancel_check(const struct cring_match *match)
{
	u32 flags = match->flags;

	/* most say nothing but a user_data */
	if (!flags)
		return match->ticket | match->group | match->opcode ? -EINVAL : 0;
	if (flags & ~CRING_CANCEL_KNOWN)
		return -EINVAL;
	if (flags & CRING_ASYNC_CANCEL_ANY && flags & CRING_CANCEL_KEYS)
		return -EINVAL;
	if (flags & CRING_ASYNC_CANCEL_FD_FIXED &&
	    !(flags & CRING_ASYNC_CANCEL_FD))
		return -EINVAL;
	/* there is one at most */
	if (flags & CRING_ASYNC_CANCEL_TICKET &&
	    flags & CRING_ASYNC_CANCEL_ALL)
		return -EINVAL;
	if (match->user_data && !cring_by_user_data(flags))
		return -EINVAL;
	if (match->ticket && !(flags & CRING_ASYNC_CANCEL_TICKET))
		return -EINVAL;
	/* an operation without a group is in none, not in group 0 */
	if (!match->group != !(flags & CRING_ASYNC_CANCEL_GROUP))
		return -EINVAL;
	if (flags & CRING_ASYNC_CANCEL_OP) {
		if (!cring_op_get(match->opcode))
			return -EINVAL;
	} else if (match->opcode) {
		return -EINVAL;
	}
	return 0;
}

/**
 * cring_filter_matches - is this request meant?
 * @filter: what is meant
 * @req: a request
 *
 * A cancel is never meant by another, nor what was accepted later.
 *
 * Context: any; the caller makes sure that what it read was of one use.  With
 * @filter->thread cring_ring.lock, which keeps the request's identity.
 * Return: true when it is.
 */
bool cring_filter_matches(const struct cring_filter *filter,
			  const struct cring_req *req)
{
	u32 flags = filter->flags;

	if (req->ticket >= filter->before ||
	    (req->opcode == CRING_OP_ASYNC_CANCEL && !filter->cancels))
		return false;
	if (unlikely(filter->thread) && !cring_by_thread(filter, req))
		return false;
	/* no key: most are like that */
	if (!(flags & (CRING_CANCEL_KEYS | CRING_ASYNC_CANCEL_ANY)))
		return req->user_data == filter->user_data;
	if (flags & CRING_ASYNC_CANCEL_FD && req->file != filter->file)
		return false;
	if (flags & CRING_ASYNC_CANCEL_OP && req->opcode != filter->opcode)
		return false;
	if (flags & CRING_ASYNC_CANCEL_GROUP && req->group != filter->group)
		return false;
	if (flags & CRING_ASYNC_CANCEL_TICKET && req->ticket != filter->ticket)
		return false;
	return !(flags & CRING_ASYNC_CANCEL_USERDATA) ||
	       req->user_data == filter->user_data;
}

/**
 * cring_filter_value - the value of one key that a filter asks for
 * @filter: what is meant
 * @by: the key
 * @opcode: of an opcode, the caller's: ANY looks at one after the other
 *
 * Context: any.
 * Return: as cring_index_first() takes it.
 */
u64 cring_filter_value(const struct cring_filter *filter, enum cring_by by,
		       u8 opcode)
{
	switch (by) {
	case CRING_BY_USER_DATA:
		return filter->user_data;
	case CRING_BY_FILE:
		return (unsigned long)filter->file;
	case CRING_BY_GROUP:
		return filter->group;
	default:
		return opcode;
	}
}

/* the same of one that says more than a user_data */
static noinline int cring_filter_keys(const struct cring_scope *scope,
				      const struct cring_cancel_key *key,
				      struct cring_filter *filter)
{
	struct cring_match match = {
		.user_data = key->user_data,
		.ticket = key->ticket,
		.flags = key->flags,
		.group = key->group,
		.opcode = key->opcode,
	};
	bool one_ring = scope->reach == &scope->own;

	if (key->fd && !(key->flags & CRING_ASYNC_CANCEL_FD))
		return -EINVAL;
	if (cring_cancel_check(&match))
		return -EINVAL;
	/* slots and tickets are numbers of one ring */
	if (!one_ring && key->flags & (CRING_ASYNC_CANCEL_FD_FIXED |
				       CRING_ASYNC_CANCEL_TICKET))
		return -EINVAL;
	if (scope->caller &&
	    cring_restrict_cancel(scope->caller, key->flags))
		return -EACCES;
	if (!(key->flags & CRING_ASYNC_CANCEL_FD))
		return 0;
	filter->file = cring_file_get(scope->own.ring, key->fd,
				      key->flags & CRING_ASYNC_CANCEL_FD_FIXED);
	return filter->file ? 0 : -EBADF;
}

/**
 * cring_filter_init - what one key of a synchronous call means
 * @scope: what the call reaches
 * @key: as user space gave it
 * @filter: filled but for @before; its file is to be fput() if there is one
 *
 * Context: process, in a thread of the owner.
 * Return: 0, -EINVAL or -EBADF.
 */
int cring_filter_init(const struct cring_scope *scope,
		      const struct cring_cancel_key *key,
		      struct cring_filter *filter)
{
	u64 more = key->resv[0] | key->resv[1] | key->resv[2] | key->resv0[0] |
		   key->resv0[1] | key->resv0[2];

	*filter = (struct cring_filter) {
		.file = NULL,
		.user_data = key->user_data,
		.ticket = key->ticket,
		.before = 0,
		.thread = scope->thread,
		.flags = key->flags,
		.group = key->group,
		.opcode = key->opcode,
		.cancels = false,
	};
	if (more)
		return -EINVAL;
	/* most say nothing but a user_data, which every ring may cancel by */
	if (!key->flags)
		return key->ticket | key->fd | key->group | key->opcode ?
		       -EINVAL : 0;
	return cring_filter_keys(scope, key, filter);
}

/**
 * cring_cancel_call_check - is a synchronous call well-formed, but for its keys?
 * @c: as user space gave it
 *
 * Context: any.
 * Return: 0 or -EINVAL.
 */
int cring_cancel_call_check(const struct cring_cancel *c)
{
	bool reap = c->flags & CRING_CANCEL_REAP;

	if (!c->nr || c->nr > CRING_CANCEL_MAX_KEYS ||
	    c->flags & ~CRING_CANCEL_SYNC_KNOWN || c->resv)
		return -EINVAL;
	if ((c->flags & CRING_CANCEL_SCOPES) == CRING_CANCEL_SCOPES)
		return -EINVAL;
	/* of one ring; and what is reopened stops nothing that could be waited for */
	if (c->flags & CRING_CANCEL_SEAL && c->flags & CRING_CANCEL_SCOPES)
		return -EINVAL;
	if (c->flags & CRING_CANCEL_REOPEN && c->flags != CRING_CANCEL_REOPEN)
		return -EINVAL;
	if (!(c->flags & CRING_CANCEL_WAIT) &&
	    (c->timeout || c->flags & CRING_CANCEL_ABS))
		return -EINVAL;
	if (c->timeout < -1 || (c->timeout < 0 && c->flags & CRING_CANCEL_ABS))
		return -EINVAL;
	if (!reap && (c->reap || c->reap_nr || c->reaped))
		return -EINVAL;
	if (reap && (!c->reap_nr || c->reap_nr > CRING_MAX_CQ_ENTRIES))
		return -EINVAL;
	return 0;
}
