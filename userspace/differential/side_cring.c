// SPDX-License-Identifier: MIT
/*
 * cring, by our header library.
 */
#include <cring.h>
#include <errno.h>

#include "side.h"

#define L(x)	cring_##x
#define C(x)	CRING_##x
#define SQE	cring_sqe
#define TS	cring_timespec
#include "prep.h"

static struct cring ring;

static int side_open(bool defer, const struct world *w, void *arena,
		     size_t size)
{
	struct cring_params p = { .flags = CRING_SETUP_CQSIZE,
				  .cq_entries = CQ_ENTRIES };
	struct iovec iov = { arena, size };
	int ret;

	(void)defer;
	ret = cring_queue_init_params(SQ_ENTRIES, &ring, &p);
	if (ret)
		return ret;
	/* the last one is no file */
	ret = cring_register_files(&ring, w->fds, R_CLOSED);
	return ret ? ret : cring_register_buffers(&ring, &iov, 1);
}

static void side_close(void)
{
	cring_queue_exit(&ring);
}

static void side_queue(const struct op *op, const struct world *w,
		       uint64_t user_data, void *mem)
{
	prep_op(cring_get_sqe(&ring), op, w, user_data, mem);
}

static int side_submit(void)
{
	return cring_submit(&ring);
}

static bool side_wait(unsigned int ms)
{
	struct cring_timespec ts = { .tv_sec = ms / 1000,
				     .tv_nsec = ms % 1000 * 1000000L };
	struct cring_cqe *cqe;
	int ret;

	/* task work of the other ring's interrupts */
	do
		ret = cring_wait_cqe_timeout(&ring, &cqe, &ts);
	while (ret == -EINTR);
	return !ret;
}

static bool side_next(struct answer *a)
{
	struct cring_cqe *cqe;

	if (cring_peek_cqe(&ring, &cqe))
		return false;
	*a = (struct answer){ cqe->user_data, cqe->res, cqe->flags };
	cring_cqe_seen(&ring, cqe);
	return true;
}

static void side_flush(void)
{
	cring_enter(&ring, 0, 0);
}

static int side_sync_cancel(const struct op *op, const struct world *w)
{
	struct cring_cancel_key key;
	int ret;

	if (op->code == C_SYNC_CANCEL_FD)
		key = cring_key_fd(op->arg & 8 ? op->res : w->fds[op->res],
				   op->arg);
	else
		key = cring_key64(op->arg & 4 ? 0 : op->target, op->arg);
	ret = cring_cancel_sync(&ring, &key, CRING_CANCEL_WAIT, -1);
	return ret ? ret : key.res;
}

const struct ring_ops cring_ops = {
	.name = "cring",
	.open = side_open,
	.close = side_close,
	.queue = side_queue,
	.submit = side_submit,
	.wait = side_wait,
	.next = side_next,
	.flush = side_flush,
	.sync_cancel = side_sync_cancel,
};
