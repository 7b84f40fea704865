/* SPDX-License-Identifier: MIT */
/*
 * An SQE from an operation of a script.  Included by each side, with L(x) and
 * C(x) for the names of its library and its constants: there is no other
 * difference.
 */
#ifndef DIFFERENTIAL_PREP_H
#define DIFFERENTIAL_PREP_H

#include <fcntl.h>
#include <poll.h>
#include <sys/uio.h>

#include "script.h"
#include "world.h"

/* read at submission, by both */
static struct iovec prep_iov[MAX_BATCH][2];
static struct TS prep_ts[MAX_BATCH];
static unsigned int prep_nr;

static struct TS *prep_time(const struct op *op, unsigned int *flags)
{
	struct TS *ts = &prep_ts[prep_nr % MAX_BATCH];

	*flags = 0;
	ts->tv_sec = 0;
	ts->tv_nsec = 0;
	switch (op->arg) {
	case TIME_LONG:
		ts->tv_sec = 100000;
		break;
	case TIME_SHORT:
		ts->tv_nsec = 1;
		break;
	case TIME_PAST:
		ts->tv_nsec = 1;
		*flags = C(TIMEOUT_ABS);
		break;
	default:
		*flags = 1U << 20;
	}
	return ts;
}

static struct iovec *prep_vec(const struct op *op, char *mem)
{
	struct iovec *iov = prep_iov[prep_nr % MAX_BATCH];
	size_t half = op->res == R_DIRECT ? op->len / 2 & ~511U : op->len / 2;

	iov[0].iov_base = mem;
	iov[0].iov_len = half;
	iov[1].iov_base = mem + half;
	iov[1].iov_len = op->len - half;
	return iov;
}

static void prep_rw(struct SQE *sqe, const struct op *op, int fd, char *mem)
{
	uint64_t off = (uint64_t)(int64_t)op->off;
	int index = op->arg == RW_BAD_BUFFER ? 9 : 0;

	/* beyond what a process can have */
	if (op->arg == RW_BAD_ADDRESS)
		mem = (char *)(uintptr_t)0x7ffffffff0000000;
	switch (op->code) {
	case C_READ:
		L(prep_read)(sqe, fd, mem, op->len, off);
		break;
	case C_WRITE:
		L(prep_write)(sqe, fd, mem, op->len, off);
		break;
	case C_READV:
		L(prep_readv)(sqe, fd, prep_vec(op, mem), 2, off);
		break;
	case C_WRITEV:
		L(prep_writev)(sqe, fd, prep_vec(op, mem), 2, off);
		break;
	case C_READ_FIXED:
		L(prep_read_fixed)(sqe, fd, mem, op->len, off, index);
		break;
	default:
		L(prep_write_fixed)(sqe, fd, mem, op->len, off, index);
		break;
	}
	if (op->arg == RW_NOWAIT)
		sqe->rw_flags = 8;		/* RWF_NOWAIT */
	else if (op->arg == RW_BAD_FLAG)
		sqe->rw_flags = 1 << 28;
}

static void prep_fs(struct SQE *sqe, const struct op *op, int fd)
{
	static const int modes[] = { 0, FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE,
		FALLOC_FL_PUNCH_HOLE, FALLOC_FL_ZERO_RANGE };
	static const unsigned int sync[] = { 0, C(FSYNC_DATASYNC), 0,
		C(FSYNC_DATASYNC), 1U << 10 };

	switch (op->code) {
	case C_FSYNC:
		L(prep_fsync)(sqe, fd, sync[op->arg]);
		break;
	case C_FALLOCATE:
		L(prep_fallocate)(sqe, fd, modes[op->arg],
				  (unsigned int)op->off, op->len);
		break;
	default:
		L(prep_sync_file_range)(sqe, fd, op->len, (unsigned int)op->off,
					op->arg < 4 ? op->arg : 1 << 9);
	}
}

static void prep_op(struct SQE *sqe, const struct op *op,
		    const struct world *w, uint64_t user_data, void *mem)
{
	static const short events[] = { POLLIN, POLLOUT, POLLIN | POLLOUT,
					POLLPRI, POLLIN | POLLRDHUP };
	int fd = op->flags & F_FIXED_FILE ? op->res : w->fds[op->res];
	unsigned int flags;
	struct TS *ts;

	prep_nr++;
	switch (op->code) {
	case C_NOP:
		L(prep_nop)(sqe);
		break;
	case C_FSYNC: case C_FALLOCATE: case C_SYNC_RANGE:
		prep_fs(sqe, op, fd);
		break;
	case C_POLL:
		L(prep_poll_add)(sqe, fd, (unsigned int)events[op->arg]);
		break;
	case C_TIMEOUT:
		ts = prep_time(op, &flags);
		L(prep_timeout)(sqe, ts, 0, flags);
		break;
	case C_LINK_TIMEOUT:
		ts = prep_time(op, &flags);
		L(prep_link_timeout)(sqe, ts, flags);
		break;
	case C_BAD:
		L(prep_nop)(sqe);
		sqe->opcode = 120;
		break;
	case C_POLL_REMOVE:
		L(prep_poll_remove)(sqe, op->target);
		break;
	case C_TIMEOUT_REMOVE:
		L(prep_timeout_remove)(sqe, op->target, 0);
		break;
	case C_TIMEOUT_UPDATE:
		ts = prep_time(op, &flags);
		L(prep_timeout_update)(sqe, ts, op->target, flags);
		break;
	case C_CANCEL:
		L(prep_cancel64)(sqe, op->arg & 4 ? 0 : op->target, op->arg);
		break;
	case C_CANCEL_FD:
		L(prep_cancel_fd)(sqe, op->arg & 8 ? op->res :
				  w->fds[op->res], op->arg);
		break;
	default:
		prep_rw(sqe, op, fd, mem);
	}
	flags = op->flags;
	/* a slot is named by the cancel's own flag */
	if (op->code == C_NOP || op->code == C_BAD ||
	    (op->code >= C_TIMEOUT && op->code < FIRST_ACT))
		flags &= ~(unsigned int)F_FIXED_FILE;
	L(sqe_set_flags)(sqe, flags);
	L(sqe_set_data64)(sqe, user_data);
}

#endif /* DIFFERENTIAL_PREP_H */
