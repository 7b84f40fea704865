// SPDX-License-Identifier: MIT
/*
 * Documentation/abi.rst, section by section: "The submission queue entry", "The
 * operations", "CRING_IOC_CANCEL"; and C6 of Documentation/contract.rst.
 */
#include <string.h>

#include "abi.h"

#define SQE_FLAGS	0x5fU
#define MAX_VECTORS	1024
#define MAX_STAGED	(16U << 20)

/* fields that a row of "The operations" names; flags and user_data are everybody's */
enum {
	F_FD = 1, F_OFF = 2, F_ADDR = 4, F_LEN = 8, F_OP_FLAGS = 16, F_IOPRIO = 32,
	F_BUF_INDEX = 64, F_FD_IN = 128,
	F_RANGE = F_FD | F_OFF | F_LEN | F_OP_FLAGS,
	F_RW = F_RANGE | F_ADDR | F_IOPRIO,
};

/* what an operation is like */
enum { T_FILE = 1, T_DETACH = 2, T_READ = 4, T_WRITE = 8, T_VECTORS = 16, T_FIXED = 32 };

static const struct operation {
	bool there;
	unsigned int fields, traits;
} operations[256] = {
	[CRING_OP_NOP] = { true, 0, 0 },
	[CRING_OP_READ] = { true, F_RW, T_FILE | T_DETACH | T_READ },
	[CRING_OP_WRITE] = { true, F_RW, T_FILE | T_DETACH | T_WRITE },
	[CRING_OP_READV] = { true, F_RW, T_FILE | T_DETACH | T_READ | T_VECTORS },
	[CRING_OP_WRITEV] = { true, F_RW, T_FILE | T_DETACH | T_WRITE | T_VECTORS },
	[CRING_OP_READ_FIXED] = { true, F_RW | F_BUF_INDEX,
				  T_FILE | T_DETACH | T_READ | T_FIXED },
	[CRING_OP_WRITE_FIXED] = { true, F_RW | F_BUF_INDEX,
				   T_FILE | T_DETACH | T_WRITE | T_FIXED },
	[CRING_OP_FSYNC] = { true, F_RANGE, T_FILE | T_DETACH },
	[CRING_OP_SYNC_FILE_RANGE] = { true, F_RANGE, T_FILE | T_DETACH },
	[CRING_OP_FALLOCATE] = { true, F_FD | F_OFF | F_ADDR | F_LEN, T_FILE | T_DETACH },
	[CRING_OP_COPY_FILE_RANGE] = { true, F_FD | F_OFF | F_FD_IN | F_ADDR | F_LEN,
				       T_FILE | T_DETACH },
	[CRING_OP_POLL_ADD] = { true, F_FD | F_OP_FLAGS, T_FILE },
	[CRING_OP_POLL_REMOVE] = { true, F_ADDR, 0 },
	[CRING_OP_TIMEOUT] = { true, F_ADDR | F_LEN | F_OFF | F_OP_FLAGS, 0 },
	[CRING_OP_LINK_TIMEOUT] = { true, F_ADDR | F_LEN | F_OP_FLAGS, 0 },
	[CRING_OP_TIMEOUT_REMOVE] = { true, F_ADDR | F_OFF | F_OP_FLAGS, 0 },
	[CRING_OP_ASYNC_CANCEL] = { true, F_ADDR | F_FD | F_LEN | F_OFF | F_OP_FLAGS, 0 },
};

bool abi_has_file(uint8_t opcode)
{
	return operations[opcode].traits & T_FILE;
}

/* --- "Errors of any operation" --- */

static bool head_is_wrong(const struct cring_sqe *sqe)
{
	const struct operation *op = &operations[sqe->opcode];

	return !op->there || sqe->flags & ~SQE_FLAGS || sqe->__resv ||
	       sqe->xflags & 0xffff & ~7U ||
	       (sqe->deadline && !(sqe->xflags & CRING_SQE_X_DEADLINE)) ||
	       (sqe->xflags & CRING_SQE_X_DEADLINE_ABS &&
		!(sqe->xflags & CRING_SQE_X_DEADLINE)) ||
	       (sqe->flags & CRING_SQE_FIXED_FILE && !(op->traits & T_FILE)) ||
	       (sqe->xflags & CRING_SQE_X_DETACH && !(op->traits & T_DETACH));
}

static bool named(const uint64_t *set, unsigned int n)
{
	return set[n / 64] >> n % 64 & 1;
}

#define CANCEL_FLAGS	0x3003fU

static bool is_restricted(const struct abi_ring *ring, const struct cring_sqe *sqe)
{
	const struct cring_restrict *may = ring->may;

	return may && (!named((const uint64_t *)may->ops, sqe->opcode) ||
		       sqe->flags & ~may->sqe_flags ||
		       (sqe->xflags & 0xffff & ~may->sqe_xflags) ||
		       (sqe->opcode == CRING_OP_ASYNC_CANCEL &&
			sqe->cancel_flags & CANCEL_FLAGS & ~may->cancel_flags));
}

static const struct abi_file *file_of(const struct abi_ring *ring, int32_t fd, bool slot)
{
	const struct abi_file *file = ring->thread && !slot ? NULL : ring->file(fd, slot);

	return file && !file->path ? file : NULL;
}

static bool unused_is_set(const struct cring_sqe *sqe)
{
	unsigned int fields = operations[sqe->opcode].fields;

	return (!(fields & F_OFF) && sqe->off) || (!(fields & F_ADDR) && sqe->addr) ||
	       (!(fields & F_LEN) && sqe->len) || (!(fields & F_OP_FLAGS) && sqe->op_flags) ||
	       (!(fields & F_IOPRIO) && sqe->ioprio) || (!(fields & F_FD_IN) && sqe->fd_in) ||
	       (!(fields & F_BUF_INDEX) && sqe->buf_index);
}

/* --- "The operations" --- */

static answers memory_of_rw(const struct abi_ring *ring, const struct cring_sqe *sqe,
			    uint64_t *bytes)
{
	unsigned int traits = operations[sqe->opcode].traits, i;
	answers out = 0;
	uint64_t iov[2];

	*bytes = sqe->len;
	if (traits & T_FIXED)
		return ring->buffer(sqe->buf_index, sqe->addr, sqe->len) ? 0 : ANSWER(-EFAULT);
	if (!(traits & T_VECTORS)) {
		/* no more than so many are moved */
		*bytes = sqe->len < 2147479552 ? sqe->len : 2147479552;
		return ring->memory(sqe->addr, *bytes) == ABI_NO_ADDRESS ? ANSWER(-EFAULT) : 0;
	}
	*bytes = 0;
	if (sqe->len > MAX_VECTORS)
		return ANSWER(-EINVAL);
	if (sqe->len && ring->memory(sqe->addr, 16ULL * sqe->len) != ABI_READABLE)
		return ANSWER(-EFAULT);
	for (i = 0; i < sqe->len; i++) {
		memcpy(iov, (const char *)(uintptr_t)sqe->addr + 16 * i, sizeof(iov));
		if ((int64_t)iov[1] < 0)
			out |= ANSWER(-EINVAL);
		else if (ring->memory(iov[0], iov[1]) == ABI_NO_ADDRESS)
			out |= ANSWER(-EFAULT);
		else
			*bytes += iov[1];
	}
	return out;
}

static answers rw(const struct abi_ring *ring, const struct cring_sqe *sqe,
		  const struct abi_file *file)
{
	bool writes = operations[sqe->opcode].traits & T_WRITE;
	bool detach = sqe->xflags & CRING_SQE_X_DETACH;
	unsigned int class = sqe->ioprio >> 13;
	answers out = 0;
	uint64_t bytes;

	if (!(writes ? file->writable : file->readable))
		out |= ANSWER(-EBADF);
	if (!(writes ? file->writes : file->reads) || (int64_t)sqe->off < -1)
		out |= ANSWER(-EINVAL);
	if (ring->thread && !file->worker)
		out |= ANSWER(-EOPNOTSUPP);
	if (sqe->ioprio && (class < 1 || class > 3))
		out |= ANSWER(-EINVAL);
	if (class == 1 && !ring->privileged)
		out |= ANSWER(-EPERM);
	out |= memory_of_rw(ring, sqe, &bytes);
	if (detach && ((sqe->off == -1ULL && file->position) || bytes > MAX_STAGED))
		out |= ANSWER(-EINVAL);
	return out;
}

static answers range(const struct cring_sqe *sqe, uint32_t flags)
{
	int64_t off = sqe->off;

	return sqe->op_flags & ~flags || off < 0 || off > INT64_MAX - sqe->len ?
	       ANSWER(-EINVAL) : 0;
}

static answers copy(const struct abi_ring *ring, const struct cring_sqe *sqe)
{
	bool detach = sqe->xflags & CRING_SQE_X_DETACH;
	const struct abi_file *in = file_of(ring, sqe->fd_in, false);
	answers out = 0;

	if ((int64_t)sqe->off < -1 || (int64_t)sqe->off_in < -1 ||
	    (detach && (sqe->off == -1ULL || sqe->off_in == -1ULL)))
		out |= ANSWER(-EINVAL);
	if (!in)
		out |= ANSWER(-EBADF);
	else if (in->ring)
		out |= ANSWER(-EOPNOTSUPP);
	return out;
}

static answers timespec(const struct abi_ring *ring, uint64_t addr)
{
	struct cring_timespec ts;

	if (ring->memory(addr, sizeof(ts)) != ABI_READABLE)
		return ANSWER(-EFAULT);
	memcpy(&ts, (const void *)(uintptr_t)addr, sizeof(ts));
	return ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec > 999999999 ? ANSWER(-EINVAL) : 0;
}

static answers timer(const struct abi_ring *ring, const struct cring_sqe *sqe)
{
	const uint32_t clocks = CRING_TIMEOUT_BOOTTIME | CRING_TIMEOUT_REALTIME;
	const uint32_t update = CRING_TIMEOUT_UPDATE | CRING_LINK_TIMEOUT_UPDATE;
	uint32_t known = CRING_TIMEOUT_ABS | clocks, flags = sqe->timeout_flags;
	bool remove = sqe->opcode == CRING_OP_TIMEOUT_REMOVE;
	answers out = 0;

	known |= remove ? update : CRING_TIMEOUT_ETIME_SUCCESS;
	if (flags & ~known || (flags & clocks) == clocks)
		out |= ANSWER(-EINVAL);
	if (!remove && sqe->len != 1)
		out |= ANSWER(-EINVAL);
	if (sqe->opcode == CRING_OP_TIMEOUT && sqe->off > INT32_MAX)
		out |= ANSWER(-EINVAL);
	if (!remove)
		return out | timespec(ring, sqe->addr);
	if (flags & update)
		return out | timespec(ring, sqe->addr2);
	return flags || sqe->addr2 ? out | ANSWER(-EINVAL) : out;
}

static answers key_flags(uint32_t flags, uint64_t user_data, uint64_t ticket, uint32_t group,
			 uint32_t opcode)
{
	const uint32_t keys = CRING_ASYNC_CANCEL_FD | CRING_ASYNC_CANCEL_OP |
			      CRING_ASYNC_CANCEL_USERDATA | CRING_ASYNC_CANCEL_GROUP |
			      CRING_ASYNC_CANCEL_TICKET;
	bool any = flags & CRING_ASYNC_CANCEL_ANY;
	bool by_user_data = flags & CRING_ASYNC_CANCEL_USERDATA || !(flags & keys || any);

	if (flags & ~CANCEL_FLAGS || (any && flags & keys) ||
	    (flags & CRING_ASYNC_CANCEL_FD_FIXED && !(flags & CRING_ASYNC_CANCEL_FD)) ||
	    (flags & CRING_ASYNC_CANCEL_TICKET && flags & CRING_ASYNC_CANCEL_ALL))
		return ANSWER(-EINVAL);
	if ((user_data && !by_user_data) ||
	    (ticket && !(flags & CRING_ASYNC_CANCEL_TICKET)))
		return ANSWER(-EINVAL);
	if (flags & CRING_ASYNC_CANCEL_GROUP ? !group : group)
		return ANSWER(-EINVAL);
	if (flags & CRING_ASYNC_CANCEL_OP ?
	    opcode > 255 || !operations[opcode].there : opcode)
		return ANSWER(-EINVAL);
	return 0;
}

static answers cancel(const struct abi_ring *ring, const struct cring_sqe *sqe)
{
	answers out = key_flags(sqe->cancel_flags, sqe->addr, sqe->off, sqe->group, sqe->len);

	if (sqe->cancel_flags & CRING_ASYNC_CANCEL_FD &&
	    !file_of(ring, sqe->fd, sqe->cancel_flags & CRING_ASYNC_CANCEL_FD_FIXED))
		out |= ANSWER(-EBADF);
	return out;
}

static answers operation(const struct abi_ring *ring, const struct cring_sqe *sqe,
			 const struct abi_file *file)
{
	switch (sqe->opcode) {
	case CRING_OP_READ ... CRING_OP_WRITE:
	case CRING_OP_READV ... CRING_OP_WRITEV:
	case CRING_OP_READ_FIXED ... CRING_OP_WRITE_FIXED:
		return rw(ring, sqe, file);
	case CRING_OP_FSYNC:
		return range(sqe, CRING_FSYNC_DATASYNC);
	case CRING_OP_SYNC_FILE_RANGE:
		return range(sqe, 7);
	case CRING_OP_FALLOCATE:
		return (int64_t)sqe->off < 0 || (int64_t)sqe->addr <= 0 ? ANSWER(-EINVAL) : 0;
	case CRING_OP_COPY_FILE_RANGE:
		return copy(ring, sqe);
	case CRING_OP_POLL_ADD:
		return sqe->poll32_events > 0xffff ? ANSWER(-EINVAL) : 0;
	case CRING_OP_TIMEOUT:
	case CRING_OP_LINK_TIMEOUT:
	case CRING_OP_TIMEOUT_REMOVE:
		return timer(ring, sqe);
	case CRING_OP_ASYNC_CANCEL:
		return cancel(ring, sqe);
	default:
		return 0;
	}
}

/* in the order of the table "Errors of any operation" */
static answers one(struct abi_ring *ring, const struct cring_sqe *sqe)
{
	const struct abi_file *file = NULL;
	answers out;

	if (head_is_wrong(sqe))
		return ANSWER(-EINVAL);
	if (is_restricted(ring, sqe))
		return ANSWER(-EACCES);
	if (operations[sqe->opcode].traits & T_FILE) {
		file = file_of(ring, sqe->fd, sqe->flags & CRING_SQE_FIXED_FILE);
		if (!file)
			return ANSWER(-EBADF);
		if (file->ring)
			return ANSWER(-EOPNOTSUPP);
	}
	if (sqe->xflags & CRING_SQE_X_DETACH) {
		if (!ring->detached)
			return ANSWER(-EINVAL);
		if (ring->detaching >= ring->detached || !ring->user_detached)
			return ANSWER(-EAGAIN);
		/* it counts, whatever else is wrong with it, until its CQE */
		ring->detaching++;
		ring->user_detached--;
	}
	out = operation(ring, sqe, file);
	if (unused_is_set(sqe))
		out |= ANSWER(-EINVAL);
	return out ? out : FINE;
}

/* --- "Links" --- */

static bool links(const struct cring_sqe *sqe)
{
	return sqe->flags & (CRING_SQE_IO_LINK | CRING_SQE_IO_HARDLINK);
}

/* one past the end of the chain that begins there */
static unsigned int chain_end(const struct cring_sqe *sqes, unsigned int nr, unsigned int i)
{
	while (i + 1 < nr && links(&sqes[i]))
		i++;
	return i + 1;
}

void abi_batch(struct abi_ring *ring, const struct cring_sqe *sqes, unsigned int nr,
	       answers *out)
{
	unsigned int i, k, end;
	bool broken;

	for (i = 0; i < nr; i = end) {
		end = chain_end(sqes, nr, i);
		broken = false;
		for (k = i; k < end; k++) {
			out[k] = one(ring, &sqes[k]);
			if (sqes[k].opcode != CRING_OP_LINK_TIMEOUT || !(out[k] & FINE))
				;
			else if (k == i || sqes[k - 1].opcode == CRING_OP_LINK_TIMEOUT)
				out[k] = ANSWER(-EINVAL);
			broken |= !(out[k] & FINE);
		}
		for (k = i; broken && k < end; k++)
			if (out[k] & FINE)
				out[k] = ANSWER(-ECANCELED);
	}
}

unsigned int abi_accepted(const struct cring_sqe *sqes, unsigned int nr, unsigned int slots)
{
	unsigned int i = 0, end;

	while (i < nr) {
		end = chain_end(sqes, nr, i);
		if (end > slots)
			break;
		i = end;
	}
	return i;
}

/* --- "CRING_IOC_CANCEL" --- */

int abi_call(const struct cring_cancel *c)
{
	const uint32_t scopes = CRING_CANCEL_PROCESS | CRING_CANCEL_THREAD;
	bool wait = c->flags & CRING_CANCEL_WAIT, abs = c->flags & CRING_CANCEL_ABS;

	if (c->nr < 1 || c->nr > 4096 || c->flags > 127 || c->resv)
		return -EINVAL;
	if (wait ? c->timeout < (abs ? 0 : -1) : c->timeout || abs)
		return -EINVAL;
	if (c->flags & CRING_CANCEL_REAP ? c->reap_nr < 1 || c->reap_nr > 65536 :
	    c->reap || c->reap_nr || c->reaped)
		return -EINVAL;
	if ((c->flags & scopes) == scopes ||
	    (c->flags & CRING_CANCEL_SEAL && c->flags & scopes) ||
	    (c->flags & CRING_CANCEL_REOPEN && c->flags != CRING_CANCEL_REOPEN))
		return -EINVAL;
	return 0;
}

answers abi_key(const struct abi_ring *ring, const struct cring_cancel_key *key, bool wide)
{
	bool slot = key->flags & CRING_ASYNC_CANCEL_FD_FIXED;
	answers out = key_flags(key->flags, key->user_data, key->ticket, key->group, key->opcode);

	if (key->resv0[0] || key->resv0[1] || key->resv0[2] || key->resv[0] || key->resv[1] ||
	    key->resv[2] || (key->fd && !(key->flags & CRING_ASYNC_CANCEL_FD)))
		out |= ANSWER(-EINVAL);
	if (wide && key->flags & (CRING_ASYNC_CANCEL_FD_FIXED | CRING_ASYNC_CANCEL_TICKET))
		out |= ANSWER(-EINVAL);
	if (ring->may && key->flags & CANCEL_FLAGS & ~ring->may->cancel_flags)
		out |= ANSWER(-EACCES);
	if (key->flags & CRING_ASYNC_CANCEL_FD && !file_of(ring, key->fd, slot))
		out |= ANSWER(-EBADF);
	return out ? out : FINE;
}

/* --- C6 --- */

bool abi_meant(const struct cring_cancel_key *key, const void *file, const struct abi_op *op)
{
	uint32_t by = key->flags & ~(CRING_ASYNC_CANCEL_ALL | CRING_ASYNC_CANCEL_FD_FIXED);

	if (op->opcode == CRING_OP_ASYNC_CANCEL)
		return false;
	if (!by)
		by = CRING_ASYNC_CANCEL_USERDATA;
	return (!(by & CRING_ASYNC_CANCEL_USERDATA) || op->user_data == key->user_data) &&
	       (!(by & CRING_ASYNC_CANCEL_FD) || op->file == file) &&
	       (!(by & CRING_ASYNC_CANCEL_OP) || op->opcode == key->opcode) &&
	       (!(by & CRING_ASYNC_CANCEL_GROUP) || op->group == key->group) &&
	       (!(by & CRING_ASYNC_CANCEL_TICKET) || op->ticket == key->ticket);
}
