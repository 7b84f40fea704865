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

/* the open file that it names is looked up now, as for every operation */
static int cring_cancel_prep(struct cring_req *req, const struct cring_sqe *sqe)
{
	struct cring_match *match = &req->match;

	if (sqe->ioprio || sqe->buf_index || sqe->fd_in || sqe->len > U8_MAX)
		return -EINVAL;
	*match = (struct cring_match) {
		.user_data = sqe->addr,
		.ticket = sqe->off,
		.flags = sqe->cancel_flags,
		.group = sqe->group,
		.opcode = sqe->len,
	};
	/* whom it cancels; it is in none itself */
	req->group = 0;
	if (cring_cancel_check(match))
		return -EINVAL;
	if (!(match->flags & CRING_ASYNC_CANCEL_FD))
		return 0;
	req->file = cring_file_get(req->ring, sqe->fd,
				   match->flags & CRING_ASYNC_CANCEL_FD_FIXED);
	if (!req->file)
		return -EBADF;
	/* nothing is ever in flight on a ring; and it must not hold itself */
	if (cring_file_is_ring(req->file)) {
		fput(req->file);
		req->file = NULL;
		match->nothing = true;
	}
	return 0;
}

static enum cring_verdict cring_cancel_issue(struct cring_req *req,
					     enum cring_how how)
{
	const struct cring_match *match = &req->match;
	struct cring_filter filter = {
		.file = req->file,
		.user_data = match->user_data,
		.ticket = match->ticket,
		.before = match->nothing ? 0 : req->ticket,
		.flags = match->flags,
		.group = match->group,
		.opcode = match->opcode,
	};

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
