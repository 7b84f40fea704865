// SPDX-License-Identifier: GPL-2.0
/*
 * POLL_ADD, POLL_REMOVE.
 */

#include "cring.h"

static int cring_poll_add_prep(struct cring_req *req,
			       const struct cring_sqe *sqe)
{
	if (sqe->ioprio || sqe->off || sqe->addr || sqe->len ||
	    sqe->buf_index || sqe->fd_in || sqe->poll32_events > U16_MAX)
		return -EINVAL;
	req->events = demangle_poll(sqe->poll32_events) | EPOLLERR | EPOLLHUP;
	return 0;
}

static enum cring_verdict cring_poll_add_issue(struct cring_req *req,
					       enum cring_how how)
{
	__poll_t mask;

	/* the first look is the one that arms it: see cring_arm() */
	if (!(READ_ONCE(req->lflags) & CRING_REQL_INDEXED))
		return CRING_V_ARM;
	mask = vfs_poll(req->file, NULL) & req->events;
	if (!mask)
		return CRING_V_ARM;
	req->res = mangle_poll(mask);
	return CRING_V_DONE;
}

static int cring_poll_remove_prep(struct cring_req *req,
				  const struct cring_sqe *sqe)
{
	if (sqe->ioprio || sqe->off || sqe->len || sqe->op_flags ||
	    sqe->buf_index || sqe->fd_in)
		return -EINVAL;
	req->match = (struct cring_match) { .user_data = sqe->addr };
	return 0;
}

/* a cancel by user_data and opcode, under an older name */
static enum cring_verdict cring_poll_remove_issue(struct cring_req *req,
						  enum cring_how how)
{
	const struct cring_filter filter = {
		.user_data = req->match.user_data,
		.before = req->ticket,
		.flags = CRING_ASYNC_CANCEL_USERDATA | CRING_ASYNC_CANCEL_OP,
		.opcode = CRING_OP_POLL_ADD,
	};

	return cring_cancel_sqe(req, &filter);
}

const struct cring_op cring_op_poll_add = {
	.name = "POLL_ADD",
	.flags = CRING_OPF_FILE | CRING_OPF_WAITS,
	.prep = cring_poll_add_prep,
	.issue = cring_poll_add_issue,
};

const struct cring_op cring_op_poll_remove = {
	.name = "POLL_REMOVE",
	.flags = CRING_OPF_FLUSH,
	.prep = cring_poll_remove_prep,
	.issue = cring_poll_remove_issue,
};
