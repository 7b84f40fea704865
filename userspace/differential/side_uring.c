// SPDX-License-Identifier: MIT
/*
 * io_uring, by liburing.
 */
#include <errno.h>
#include <liburing.h>

#include "play.h"

#define L(x)	io_uring_##x
#define C(x)	IORING_##x
#define SQE	io_uring_sqe
#define TS	__kernel_timespec
#include "prep.h"

/* ms until a second look */
#define PATIENCE	200

static struct io_uring ring;

static int side_open(bool defer, const struct world *w, void *arena,
		     size_t size)
{
	/* as cring: an invalid SQE does not stop those behind it */
	struct io_uring_params p = {
		.flags = IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL,
		.cq_entries = CQ_ENTRIES,
	};
	struct iovec iov = { arena, size };
	int ret;

	if (defer)
		p.flags |= IORING_SETUP_SINGLE_ISSUER |
			   IORING_SETUP_DEFER_TASKRUN;
	ret = io_uring_queue_init_params(SQ_ENTRIES, &ring, &p);
	if (ret)
		return ret;
	ret = io_uring_register_files(&ring, w->fds, R_CLOSED);
	return ret ? ret : io_uring_register_buffers(&ring, &iov, 1);
}

static void side_close(void)
{
	io_uring_queue_exit(&ring);
}

static void side_queue(const struct op *op, const struct world *w,
		       uint64_t user_data, void *mem)
{
	prep_op(io_uring_get_sqe(&ring), op, w, user_data, mem);
}

static int side_submit(void)
{
	return io_uring_submit(&ring);
}

static bool wait_for(unsigned int ms)
{
	struct __kernel_timespec ts = { .tv_sec = ms / 1000,
					.tv_nsec = ms % 1000 * 1000000L };
	struct io_uring_cqe *cqe;
	int ret;

	/* task work of the other ring's interrupts */
	do
		ret = io_uring_wait_cqe_timeout(&ring, &cqe, &ts);
	while (ret == -EINTR);
	return !ret;
}

/* with DEFER_TASKRUN it sometimes sleeps although a CQE is ready to be posted */
static bool side_wait(unsigned int ms)
{
	struct io_uring_cqe *cqe;
	unsigned int part;

	for (; ms; ms -= part) {
		part = ms < PATIENCE ? ms : PATIENCE;
		if (wait_for(part))
			return true;
		io_uring_get_events(&ring);
		if (!io_uring_peek_cqe(&ring, &cqe)) {
			total(&totals->overslept, 1);
			return true;
		}
	}
	return false;
}

static bool side_next(struct answer *a)
{
	struct io_uring_cqe *cqe;

	if (io_uring_peek_cqe(&ring, &cqe))
		return false;
	*a = (struct answer){ cqe->user_data, cqe->res, cqe->flags };
	io_uring_cqe_seen(&ring, cqe);
	return true;
}

static void side_flush(void)
{
	io_uring_get_events(&ring);
}

static int side_sync_cancel(const struct op *op, const struct world *w)
{
	struct io_uring_sync_cancel_reg reg = {
		.addr = op->code == C_SYNC_CANCEL_FD || op->arg & 4 ?
			0 : op->target,
		.flags = op->arg,
		.timeout = { 0, PATIENCE * 1000000L },
	};
	int ret = -ETIME;
	unsigned int ms;

	if (op->code == C_SYNC_CANCEL_FD) {
		reg.flags |= IORING_ASYNC_CANCEL_FD;
		reg.fd = op->arg & 8 ? op->res : w->fds[op->res];
	}
	/* it may sleep although what it waits for has ended while it looked */
	for (ms = 0; ret == -ETIME && ms < lost_ms; ms += PATIENCE) {
		total(&totals->overslept, ms != 0);
		ret = io_uring_register_sync_cancel(&ring, &reg);
	}
	return ret;
}

const struct ring_ops uring_ops = {
	.name = "io_uring",
	.open = side_open,
	.close = side_close,
	.queue = side_queue,
	.submit = side_submit,
	.wait = side_wait,
	.next = side_next,
	.flush = side_flush,
	.sync_cancel = side_sync_cancel,
};
