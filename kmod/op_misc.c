// SPDX-License-Identifier: GPL-2.0
/*
 * NOP, ASYNC_CANCEL.
 */
#include <linux/file.h>

#include "cring.h"

static int cring_nop_prep(struct cring_req *req, const struct cring_sqe *sqe)
{
	if (unlikely(sqe->ioprio | sqe->off | sqe->addr | sqe->len |
		     sqe->op_flags | sqe->buf_index | sqe->fd_in))
		return -EINVAL;
	return 0;
}

static enum cring_verdict cring_nop_issue(struct cring_req *req,
					  enum cring_how how)
{
	req->res = 0;
	return CRING_V_DONE;
}

/**
 * cring_cancel_read - what an SQE that cancels says
 * @ring: the submitter's
 * @sqe: a copy
 * @match: filled
 * @file: set to the open file that it names, which is looked up now, as for every
 *	operation; referenced, or NULL
 *
 * Context: the submitter, under submit_mutex.
 * Return: 0, -EINVAL or -EBADF.
 */
int cring_cancel_read(struct cring_ring *ring, const struct cring_sqe *sqe,
		      struct cring_match *match, struct file **file)
{
	*file = NULL;
	if (sqe->ioprio || sqe->buf_index || sqe->fd_in || sqe->len > U8_MAX)
		return -EINVAL;
	*match = (struct cring_match) {
		.user_data = sqe->addr,
		.ticket = sqe->off,
		.flags = sqe->cancel_flags,
		.group = sqe->group,
		.opcode = sqe->len,
	};
	if (cring_cancel_check(match))
		return -EINVAL;
	if (!(match->flags & CRING_ASYNC_CANCEL_FD))
		return 0;
	*file = cring_file_get(ring, sqe->fd,
			       match->flags & CRING_ASYNC_CANCEL_FD_FIXED);
	if (!*file)
		return -EBADF;
	/* nothing is ever in flight on a ring; and it must not hold itself */
	if (cring_file_is_ring(*file)) {
		fput(*file);
		*file = NULL;
		match->nothing = true;
	}
	return 0;
}

static int cring_cancel_prep(struct cring_req *req, const struct cring_sqe *sqe)
{
	/* whom it cancels; it is in none itself */
	req->group = 0;
	return cring_cancel_read(req->ring, sqe, &req->match, &req->file);
}

static enum cring_verdict cring_cancel_issue(struct cring_req *req,
					     enum cring_how how)
{
	const struct cring_filter filter =
		cring_cancel_filter(&req->match, req->file, req->ticket);

	return cring_cancel_sqe(req, &filter);
}

const struct cring_op cring_op_nop = {
	.name = "NOP",
	.prep = cring_nop_prep,
	.issue = cring_nop_issue,
};

const struct cring_op cring_op_cancel = {
	.name = "ASYNC_CANCEL",
	.flags = CRING_OPF_FLUSH,
	.prep = cring_cancel_prep,
	.issue = cring_cancel_issue,
};
