/* SPDX-License-Identifier: MIT */
/*
 * cring/cancel.h: the synchronous cancel, and what stays in force after it.  Part
 * of cring.h.
 *
 * No SQE, no CQE of its own: any thread of the process may call these at any
 * time, also while another is inside submit or wait.
 */
#ifndef CRING_CANCEL_H
#define CRING_CANCEL_H

#ifndef CRING_H
#error "include cring.h"
#endif

/**
 * cring_key64 - a cancel key: operations with this user_data
 * @user_data: theirs
 * @flags: CRING_ASYNC_CANCEL_*; with %CRING_ASYNC_CANCEL_FD or _OP set the
 *	key's fd or opcode too, both must match
 *
 * Return: the key.
 */
static inline struct cring_cancel_key cring_key64(__u64 user_data,
						  unsigned int flags)
{
	struct cring_cancel_key key;

	memset(&key, 0, sizeof(key));
	key.user_data = user_data;
	key.flags = flags;
	return key;
}

/**
 * cring_key - the same, user_data being a pointer
 * @user_data: theirs
 * @flags: CRING_ASYNC_CANCEL_*
 *
 * Return: the key.
 */
static inline struct cring_cancel_key cring_key(const void *user_data,
						unsigned int flags)
{
	return cring_key64((uintptr_t)user_data, flags);
}

/**
 * cring_key_fd - a cancel key: operations on this open file
 * @fd: any descriptor of it, or a slot with %CRING_ASYNC_CANCEL_FD_FIXED
 * @flags: CRING_ASYNC_CANCEL_*
 *
 * Return: the key.
 */
static inline struct cring_cancel_key cring_key_fd(int fd, unsigned int flags)
{
	struct cring_cancel_key key =
		cring_key64(0, flags | CRING_ASYNC_CANCEL_FD);

	key.fd = fd;
	return key;
}

/**
 * cring_key_op - a cancel key: operations of this kind
 * @op: CRING_OP_*
 * @flags: CRING_ASYNC_CANCEL_*
 *
 * Return: the key.
 */
static inline struct cring_cancel_key cring_key_op(unsigned int op,
						   unsigned int flags)
{
	struct cring_cancel_key key =
		cring_key64(0, flags | CRING_ASYNC_CANCEL_OP);

	key.opcode = (__u8)op;
	return key;
}

/**
 * cring_key_group - a cancel key: operations of this group
 * @group: theirs
 * @flags: CRING_ASYNC_CANCEL_*
 *
 * Return: the key.
 */
static inline struct cring_cancel_key cring_key_group(__u32 group,
						      unsigned int flags)
{
	struct cring_cancel_key key =
		cring_key64(0, flags | CRING_ASYNC_CANCEL_GROUP);

	key.group = group;
	return key;
}

/**
 * cring_key_ticket - a cancel key: that operation and no other, ever (C8)
 * @ticket: from cring_sqe_ticket()
 * @flags: CRING_ASYNC_CANCEL_*; with %CRING_ASYNC_CANCEL_USERDATA set the key's
 *	user_data too, both must match
 *
 * Return: the key.
 */
static inline struct cring_cancel_key cring_key_ticket(__u64 ticket,
						       unsigned int flags)
{
	struct cring_cancel_key key =
		cring_key64(0, flags | CRING_ASYNC_CANCEL_TICKET);

	key.ticket = ticket;
	return key;
}

/**
 * cring_key_any - a cancel key: whatever is in flight on this ring
 * @flags: %CRING_ASYNC_CANCEL_ALL, or 0 for any one
 *
 * Return: the key.
 */
static inline struct cring_cancel_key cring_key_any(unsigned int flags)
{
	return cring_key64(0, flags | CRING_ASYNC_CANCEL_ANY);
}

/* The call itself, for any descriptor of the device. */
static inline int cring_do_cancel(int fd, struct cring_cancel *cancel,
				  struct cring_cancel_key *keys,
				  unsigned int nr, unsigned int flags,
				  __s64 timeout)
{
	cancel->keys = (uintptr_t)keys;
	cancel->nr = nr;
	cancel->flags = flags;
	cancel->timeout = timeout;
	return cring_ioctl(fd, CRING_IOC_CANCEL, cancel);
}

/**
 * cring_cancel_sync_many - cancel now, by many keys
 * @ring: the ring
 * @keys: in: what to cancel; out: the answer to each in its res and already
 * @nr: how many, 1 to %CRING_CANCEL_MAX_KEYS
 * @flags: %CRING_CANCEL_WAIT: come back when every match has finished, so that
 *	its memory is the caller's again; %CRING_CANCEL_ABS
 * @timeout: with %CRING_CANCEL_WAIT: ns to wait at most, -1 for ever; else 0
 *
 * Needs no room in the rings and never waits for I/O, or for a thread inside
 * submit or wait, unless asked to (C5, C7).  The matches have their CQEs as
 * always: with answer 0 they are in the CQ when this returns (C3).
 *
 * Return: 0 when each key has its answer.  -ETIME, -EINTR: likewise, but not
 * all matches have finished; their cancels stay in force.  -EINVAL, -EFAULT:
 * nothing was cancelled.
 */
static inline int cring_cancel_sync_many(struct cring *ring,
					 struct cring_cancel_key *keys,
					 unsigned int nr, unsigned int flags,
					 __s64 timeout)
{
	struct cring_cancel cancel;

	memset(&cancel, 0, sizeof(cancel));
	return cring_do_cancel(ring->ring_fd, &cancel, keys, nr, flags,
			       timeout);
}

/**
 * cring_cancel_sync - cancel now, by one key
 * @ring: the ring
 * @key: what to cancel; its res and already are set
 * @flags: as cring_cancel_sync_many()
 * @timeout: as cring_cancel_sync_many()
 *
 * Return: the answer to the key (C3): 0, -EALREADY, -ENOENT, -EBADF or
 * -EINVAL; with %CRING_ASYNC_CANCEL_ALL how many matched.  -ETIME, -EINTR as
 * cring_cancel_sync_many(); the answer is then in key->res.
 */
static inline int cring_cancel_sync(struct cring *ring,
				    struct cring_cancel_key *key,
				    unsigned int flags, __s64 timeout)
{
	int ret = cring_cancel_sync_many(ring, key, 1, flags, timeout);

	return ret < 0 ? ret : key->res;
}

/**
 * cring_cancel_reap - cancel, and have the completions out of their turn
 * @ring: the ring
 * @keys: as cring_cancel_sync_many()
 * @nr: as cring_cancel_sync_many()
 * @flags: as cring_cancel_sync_many()
 * @timeout: as cring_cancel_sync_many()
 * @cqes: where the completions of what the keys name go, instead of the CQ: of
 *	what was stopped at once, and with %CRING_CANCEL_WAIT of all that ends
 *	before this returns (C12)
 * @nr_cqes: entries of @cqes, 1 to %CRING_MAX_CQ_ENTRIES; what does not fit
 *	goes to the CQ
 * @reaped: set to how many were filled in
 *
 * Return: as cring_cancel_sync_many().  -EFAULT when @cqes cannot be written to:
 * each key has its answer all the same, and the completions are in the CQ.
 */
static inline int cring_cancel_reap(struct cring *ring,
				    struct cring_cancel_key *keys,
				    unsigned int nr, unsigned int flags,
				    __s64 timeout, struct cring_cqe *cqes,
				    unsigned int nr_cqes, unsigned int *reaped)
{
	struct cring_cancel cancel;
	int ret;

	memset(&cancel, 0, sizeof(cancel));
	cancel.reap = (uintptr_t)cqes;
	cancel.reap_nr = nr_cqes;
	ret = cring_do_cancel(ring->ring_fd, &cancel, keys, nr,
			      flags | CRING_CANCEL_REAP, timeout);
	*reaped = cancel.reaped;
	return ret;
}

/**
 * cring_cancel_scope - cancel in all rings of the process
 * @ring: any of them; NULL: the device is opened for the call
 * @key: what to cancel; not by ticket, nor by fixed slot; its res and already
 *	are set
 * @flags: %CRING_CANCEL_PROCESS: whichever thread submitted it;
 *	%CRING_CANCEL_THREAD: only what the calling thread has submitted (C11);
 *	and as cring_cancel_sync_many()
 * @timeout: as cring_cancel_sync_many()
 *
 * Return: as cring_cancel_sync(); also what opening the device says.
 */
static inline int cring_cancel_scope(struct cring *ring,
				     struct cring_cancel_key *key,
				     unsigned int flags, __s64 timeout)
{
	struct cring_cancel cancel;
	int fd, ret;

	memset(&cancel, 0, sizeof(cancel));
	/* A descriptor that is not open must not become the device's. */
	if (!ring && (key->flags & CRING_ASYNC_CANCEL_FD) &&
	    fcntl(key->fd, F_GETFD) < 0)
		return -EBADF;
	fd = ring ? ring->ring_fd : open(CRING_DEVICE, O_RDWR | CRING_O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = cring_do_cancel(fd, &cancel, key, 1, flags, timeout);
	if (!ring)
		close(fd);
	return ret < 0 ? ret : key->res;
}

/**
 * cring_close_cancel - stop all that this process does with a file, close it
 * @ring: any ring of the process; NULL: the device is opened for the call
 * @fd: the descriptor; what other descriptors of the same open file started is
 *	cancelled too
 * @flags: %CRING_CANCEL_WAIT: close when all has ended, and its buffers are free
 * @timeout: as cring_cancel_sync_many()
 *
 * Return: how many operations were cancelled; -ETIME, -EINTR: it is closed, but
 * not all of them have ended yet.  Any other error: nothing was cancelled, and
 * it is still open.
 */
static inline int cring_close_cancel(struct cring *ring, int fd,
				     unsigned int flags, __s64 timeout)
{
	struct cring_cancel_key key = cring_key_fd(fd, CRING_ASYNC_CANCEL_ALL);
	int ret = cring_cancel_scope(ring, &key, flags | CRING_CANCEL_PROCESS,
				     timeout);

	if (ret >= 0 || ret == -ETIME || ret == -EINTR)
		close(fd);
	return ret;
}

/**
 * cring_group_cancel - cancel the operations of a group, in one call
 * @ring: the ring
 * @group: theirs
 * @flags: as cring_cancel_sync_many()
 * @timeout: as cring_cancel_sync_many()
 *
 * Costs what the group has (C14), however much else is in flight.
 * Return: how many there were; -ETIME, -EINTR as cring_cancel_sync_many().
 */
static inline int cring_group_cancel(struct cring *ring, __u32 group,
				     unsigned int flags, __s64 timeout)
{
	struct cring_cancel_key key =
		cring_key_group(group, CRING_ASYNC_CANCEL_ALL);

	return cring_cancel_sync(ring, &key, flags, timeout);
}

/**
 * cring_group_seal - cancel a group, and whatever joins it later
 * @ring: the ring
 * @group: the group
 * @flags: as cring_cancel_sync_many()
 * @timeout: as cring_cancel_sync_many()
 *
 * An SQE of the group that is accepted later ends at once in -ECANCELED, not
 * started (C18): a thread that submits again and again is stopped for good.
 * Return: as cring_group_cancel(); -ENOSPC when there are too many seals.
 */
static inline int cring_group_seal(struct cring *ring, __u32 group,
				   unsigned int flags, __s64 timeout)
{
	return cring_group_cancel(ring, group, flags | CRING_CANCEL_SEAL,
				  timeout);
}

/**
 * cring_group_reopen - take the seal off a group
 * @ring: the ring
 * @group: the group
 *
 * Return: 0, also when it was not sealed; -errno.
 */
static inline int cring_group_reopen(struct cring *ring, __u32 group)
{
	int ret = cring_group_cancel(ring, group, CRING_CANCEL_REOPEN, 0);

	return ret < 0 ? ret : 0;
}

/**
 * cring_ring_seal - cancel everything on a ring, and whatever is submitted later
 * @ring: the ring
 * @flags: as cring_cancel_sync_many()
 * @timeout: as cring_cancel_sync_many()
 *
 * Return: as cring_group_cancel().
 */
static inline int cring_ring_seal(struct cring *ring, unsigned int flags,
				  __s64 timeout)
{
	struct cring_cancel_key key = cring_key_any(CRING_ASYNC_CANCEL_ALL);

	return cring_cancel_sync(ring, &key, flags | CRING_CANCEL_SEAL,
				 timeout);
}

/**
 * cring_ring_reopen - take the seal off a ring; its groups keep theirs
 * @ring: the ring
 *
 * Return: 0, also when it was not sealed; -errno.
 */
static inline int cring_ring_reopen(struct cring *ring)
{
	struct cring_cancel_key key = cring_key_any(CRING_ASYNC_CANCEL_ALL);
	int ret = cring_cancel_sync(ring, &key, CRING_CANCEL_REOPEN, 0);

	return ret < 0 ? ret : 0;
}

/**
 * cring_deadline_move - give operations in flight another deadline
 * @ring: the ring
 * @key: which; as for a cancel, its res is set
 * @ns: from now, or a time on CLOCK_MONOTONIC with %CRING_DEADLINE_ABS
 * @flags: %CRING_DEADLINE_ABS; %CRING_DEADLINE_NONE takes it off, @ns is 0
 *
 * Return: 0, moved; -EALREADY, it has been told to stop before; -ENOENT, not in
 * flight; with %CRING_ASYNC_CANCEL_ALL how many were moved (C13).
 */
static inline int cring_deadline_move(struct cring *ring,
				      struct cring_cancel_key *key, __u64 ns,
				      unsigned int flags)
{
	struct cring_deadline move;
	int ret;

	memset(&move, 0, sizeof(move));
	move.keys = (uintptr_t)key;
	move.nr = 1;
	move.flags = flags;
	move.deadline = ns;
	ret = cring_ioctl(ring->ring_fd, CRING_IOC_DEADLINE, &move);
	return ret < 0 ? ret : key->res;
}

#endif /* CRING_CANCEL_H */
