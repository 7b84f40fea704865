// SPDX-License-Identifier: GPL-2.0
/*
 * Reads and writes: the end of what a device has, in any context.
 */
#include "point.h"
#include "rw.h"

static void cring_rw_end_write(struct cring_req *req)
{
	if (req->flags & CRING_REQ_FREEZE) {
		cring_req_forget(req, CRING_REQ_FREEZE);
		cring_end_write(&req->iocb);
	}
}

/**
 * cring_rw_result - what an attempt makes of an operation
 * @req: a read or write
 * @ret: bytes of this attempt, after those of earlier ones, or why it failed
 *
 * Return: the result for its CQE.
 */
s32 cring_rw_result(const struct cring_req *req, ssize_t ret)
{
	if (req->rw.done && ret <= 0)
		return req->rw.done;
	return ret < 0 ? ret : ret + req->rw.done;
}

/* was it told not to wait, and would have to, or does not know how not to? */
static bool cring_rw_refused(const struct cring_req *req, long ret)
{
	return (ret == -EAGAIN || ret == -EOPNOTSUPP) &&
	       req->iocb.ki_flags & IOCB_NOWAIT &&
	       !(req->rw.rw_flags & RWF_NOWAIT);
}

/**
 * cring_rw_complete - a device is through with a read or write
 * @iocb: the request's
 * @ret: bytes, or why it failed
 *
 * The method's caller holds the request as well, and takes its own hold off.
 *
 * Context: any; also within the method, before that has returned.
 */
void cring_rw_complete(struct kiocb *iocb, long ret)
{
	struct cring_req *req = container_of(iocb, struct cring_req, iocb);

	cring_rw_end_write(req);
	if (!cring_detach_return(req)) {
		if (ret > 0 && cring_file_watched(req->file))
			cring_req_note(req, CRING_REQ_NOTIFY);
		cring_detach_drop(req, false);
		return;
	}
	/* nobody else moves a request that is in a device, or its method */
	cring_word_own(&req->word, CRING_CLAIMED);
	cring_at(CRING_AT_ENDED, req->ring, req);
	if (unlikely(cring_rw_refused(req, ret))) {
		cring_req_note(req, CRING_REQ_REISSUE);
		cring_req_put(req, false);
		return;
	}
	if (ret > 0 && unlikely(req->flags & CRING_REQ_STAGED) &&
	    !cring_rw_is_write(req)) {
		/* to where it can be copied, when the method has returned */
		cring_stage_fill(req, ret);
		cring_req_note(req, CRING_REQ_REISSUE);
		cring_req_put(req, false);
		return;
	}
	if (ret > 0 && unlikely(cring_file_watched(req->file)))
		cring_req_note(req, CRING_REQ_NOTIFY);
	/* the first part was in the device when a signal ended the rest */
	if (unlikely(ret < 0))
		ret = cring_error(req, ret, true);
	cring_complete(req, cring_rw_result(req, ret));
}

