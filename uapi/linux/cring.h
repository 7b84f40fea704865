/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * cring: memory-mapped rings for block and file I/O that can be cancelled.
 *
 * This is the whole ABI, and the only file that both sides share.  Every type
 * is fixed-width and every structure has the same layout in 32-bit and 64-bit
 * programs.  Fields and flag values that mean the same as io_uring's have the
 * same names and values; what io_uring lacks is numbered far above its last.
 *
 * Unless a comment says otherwise a reserved field, a reserved bit, or a field
 * that an operation does not use must be zero, and is refused with -EINVAL
 * when it is not.
 */
#ifndef _UAPI_LINUX_CRING_H
#define _UAPI_LINUX_CRING_H

#include <linux/types.h>
#include <linux/ioctl.h>

#define CRING_DEVICE		"/dev/cring"
#define CRING_ABI_VERSION	1

/* The largest rings that CRING_IOC_SETUP makes. */
#define CRING_MAX_SQ_ENTRIES	32768
#define CRING_MAX_CQ_ENTRIES	65536
/* The largest cring_params.detached. */
#define CRING_MAX_DETACHED	4096

/* ---------------------------------------------------------------------------
 * Submission queue entry
 */

/**
 * struct cring_sqe - one operation, as user space describes it
 * @opcode: CRING_OP_*
 * @flags: CRING_SQE_*
 * @ioprio: I/O priority as in ioprio_set(2) for reads and writes, 0 for the
 *	submitting thread's own
 * @fd: file descriptor, or slot of a fixed file with %CRING_SQE_FIXED_FILE
 * @off: file offset in bytes, -1 for the file's own position; TIMEOUT:
 *	completions to wait for; ASYNC_CANCEL with %CRING_ASYNC_CANCEL_TICKET: the
 *	ticket of the target
 * @addr2: TIMEOUT_REMOVE with update: address of struct cring_timespec
 * @addr: buffer or iovec address; FALLOCATE: length in bytes; ASYNC_CANCEL,
 *	POLL_REMOVE and TIMEOUT_REMOVE: user_data of the target; TIMEOUT and
 *	LINK_TIMEOUT: address of a struct cring_timespec
 * @off_in: COPY_FILE_RANGE: offset in the source in bytes, -1 for its position
 * @len: bytes, or iovecs for READV and WRITEV; FALLOCATE: mode; ASYNC_CANCEL
 *	with %CRING_ASYNC_CANCEL_OP: opcode to match; TIMEOUT, LINK_TIMEOUT: 1
 * @rw_flags: reads and writes: RWF_* as preadv2(2) takes them
 * @fsync_flags: FSYNC: CRING_FSYNC_*
 * @poll32_events: POLL_ADD: EPOLL* events to wait for
 * @sync_range_flags: SYNC_FILE_RANGE: SYNC_FILE_RANGE_*
 * @timeout_flags: TIMEOUT, TIMEOUT_REMOVE, LINK_TIMEOUT: CRING_TIMEOUT_*
 * @cancel_flags: ASYNC_CANCEL: CRING_ASYNC_CANCEL_*
 * @copy_flags: COPY_FILE_RANGE: none yet
 * @op_flags: the same word, whatever the operation
 * @user_data: copied to the completion; the usual key of a cancel
 * @buf_index: READ_FIXED, WRITE_FIXED: slot of the fixed buffer
 * @__resv: reserved
 * @fd_in: COPY_FILE_RANGE: source descriptor (always a descriptor)
 * @deadline: ns, with %CRING_SQE_X_DEADLINE: from acceptance, or on
 *	CLOCK_MONOTONIC with %CRING_SQE_X_DEADLINE_ABS
 * @group: the group it belongs to, 0 for none; ASYNC_CANCEL with
 *	%CRING_ASYNC_CANCEL_GROUP: the group to cancel (a cancel is in none)
 * @xflags: CRING_SQE_X_*; the low 16 bits are required (an unknown one is
 *	refused), the high 16 are advisory (an unknown one is ignored)
 *
 * An SQE's ticket is the number of SQEs that the ring has accepted before it.
 * A program knows it without a call: it counts the SQEs that it queues.
 */
struct cring_sqe {
	__u8	opcode;
	__u8	flags;
	__u16	ioprio;
	__s32	fd;
	union {
		__u64	off;
		__u64	addr2;
	};
	union {
		__u64	addr;
		__u64	off_in;
	};
	__u32	len;
	union {
		__u32	rw_flags;
		__u32	fsync_flags;
		__u32	poll32_events;
		__u32	sync_range_flags;
		__u32	timeout_flags;
		__u32	cancel_flags;
		__u32	copy_flags;
		__u32	op_flags;
	};
	__u64	user_data;
	__u16	buf_index;
	__u16	__resv;
	__s32	fd_in;
	__u64	deadline;
	__u32	group;
	__u32	xflags;
};

/* cring_sqe.opcode; 0 to 127 are io_uring's numbers, cring's own start at 128 */
#define CRING_OP_NOP			0
#define CRING_OP_READV			1
#define CRING_OP_WRITEV			2
#define CRING_OP_FSYNC			3
#define CRING_OP_READ_FIXED		4
#define CRING_OP_WRITE_FIXED		5
#define CRING_OP_POLL_ADD		6
#define CRING_OP_POLL_REMOVE		7
#define CRING_OP_SYNC_FILE_RANGE	8
#define CRING_OP_TIMEOUT		11
#define CRING_OP_TIMEOUT_REMOVE		12
#define CRING_OP_ASYNC_CANCEL		14
#define CRING_OP_LINK_TIMEOUT		15
#define CRING_OP_FALLOCATE		17
#define CRING_OP_READ			22
#define CRING_OP_WRITE			23
#define CRING_OP_COPY_FILE_RANGE	128
/* of providers: other modules that have registered one */
#define CRING_OP_PROVIDER_FIRST		192
#define CRING_OP_PROVIDER_LAST		255

/* cring_sqe.flags */
#define CRING_SQE_FIXED_FILE		(1U << 0)	/* fd is a fixed slot */
#define CRING_SQE_IO_DRAIN		(1U << 1)	/* after all before it */
#define CRING_SQE_IO_LINK		(1U << 2)	/* next one after this */
#define CRING_SQE_IO_HARDLINK		(1U << 3)	/* ... even if it fails */
#define CRING_SQE_ASYNC			(1U << 4)	/* to a worker at once */
#define CRING_SQE_CQE_SKIP_SUCCESS	(1U << 6)	/* no CQE unless it fails */

/* cring_sqe.xflags */
#define CRING_SQE_X_DEADLINE		(1U << 0)	/* deadline is given */
#define CRING_SQE_X_DEADLINE_ABS	(1U << 1)	/* ... as a time */
#define CRING_SQE_X_DETACH		(1U << 2)	/* see struct cring_params */
#define CRING_SQE_X_REQUIRED		0x0000ffffU
#define CRING_SQE_X_ADVISORY		0xffff0000U

/* cring_sqe.fsync_flags */
#define CRING_FSYNC_DATASYNC		(1U << 0)

/* cring_sqe.timeout_flags; the clock is CLOCK_MONOTONIC unless one is named */
#define CRING_TIMEOUT_ABS		(1U << 0)
#define CRING_TIMEOUT_UPDATE		(1U << 1)
#define CRING_TIMEOUT_BOOTTIME		(1U << 2)
#define CRING_TIMEOUT_REALTIME		(1U << 3)
#define CRING_LINK_TIMEOUT_UPDATE	(1U << 4)
#define CRING_TIMEOUT_ETIME_SUCCESS	(1U << 5)

/*
 * cring_sqe.cancel_flags, cring_cancel_key.flags.  With none of FD, OP, GROUP,
 * TICKET, ANY and USERDATA the key is user_data; several of FD, OP, GROUP,
 * TICKET and USERDATA must all match.  ANY goes with none of them, TICKET not
 * with ALL.
 */
#define CRING_ASYNC_CANCEL_ALL		(1U << 0)	/* every match */
#define CRING_ASYNC_CANCEL_FD		(1U << 1)	/* by open file */
#define CRING_ASYNC_CANCEL_ANY		(1U << 2)	/* whatever it is */
#define CRING_ASYNC_CANCEL_FD_FIXED	(1U << 3)	/* fd is a fixed slot */
#define CRING_ASYNC_CANCEL_USERDATA	(1U << 4)	/* and by user_data */
#define CRING_ASYNC_CANCEL_OP		(1U << 5)	/* by opcode */
#define CRING_ASYNC_CANCEL_GROUP	(1U << 16)	/* by group */
#define CRING_ASYNC_CANCEL_TICKET	(1U << 17)	/* by ticket */

struct cring_timespec {
	__s64	tv_sec;
	__s64	tv_nsec;
};

/* ---------------------------------------------------------------------------
 * Completion queue entry
 */

/**
 * struct cring_cqe - one completion
 * @user_data: as in the SQE
 * @res: what the system call of that name would return, or -errno
 * @flags: CRING_CQE_F_*
 */
struct cring_cqe {
	__u64	user_data;
	__s32	res;
	__u32	flags;
};

/*
 * With -ECANCELED or -ETIME: the operation had never been started, no byte
 * moved, no side effect.  Its absence promises nothing.
 */
#define CRING_CQE_F_NOT_STARTED		(1U << 15)

/* ---------------------------------------------------------------------------
 * The mapping: one mmap of cring_params.mmap_size bytes at offset 0
 */

/**
 * struct cring_shared - the first page of the mapping
 * @sq_head: next SQE that the kernel takes; written by the kernel
 * @sq_tail: next SQE that user space fills; written by user space
 * @cq_head: next CQE that user space reads; written by user space
 * @cq_tail: next CQE that the kernel fills; written by the kernel
 * @in_flight: SQEs accepted whose completion is still to come
 * @flags: CRING_SHARED_*
 * @accepted: SQEs accepted since set-up; the low 32 bits equal @sq_head
 * @sq_entries: power of two
 * @cq_entries: power of two
 * @sqes_off: offset of the struct cring_sqe array in the mapping, bytes
 * @cqes_off: offset of the struct cring_cqe array in the mapping, bytes
 *
 * Heads and tails count entries modulo 2^32; an entry's index is the count
 * masked with entries - 1.  A side stores its own counter with release and
 * loads the other's with acquire semantics.  The kernel trusts nothing here:
 * it keeps its own copies, and a wrong head or tail hurts only its owner.
 *
 * The kernel stores @cq_tail and @in_flight together, as one aligned 64-bit
 * word.  Who loads one of them with acquire semantics and then the other finds
 * that one at least as new: an operation that no longer counts as in flight has
 * its CQE, and one whose CQE is there no longer counts.  What a submit call takes
 * counts from its end on, or from the next CQE that is posted meanwhile.
 */
struct cring_shared {
	__u32	sq_head;
	/* private: */
	__u32	__pad0[15];
	/* public: */
	__u32	sq_tail;
	/* private: */
	__u32	__pad1[15];
	/* public: */
	__u32	cq_head;
	/* private: */
	__u32	__pad2[15];
	/* public: */
	__u32	cq_tail;
	__u32	in_flight;
	__u32	flags;
	/* private: */
	__u32	__pad3;
	/* public: */
	__u64	accepted;
	/* private: */
	__u32	__pad4[10];
	/* public: */
	__u32	sq_entries;
	__u32	cq_entries;
	__u32	sqes_off;
	__u32	cqes_off;
	/* private: */
	__u32	__pad5[12];
	/* public: */
};

/*
 * cring_shared.flags: operations became ready; submit or wait to run them.  The
 * bit is that of IORING_SQ_TASKRUN.
 */
#define CRING_SHARED_READY		(1U << 2)
/*
 * The ring's thread sleeps: after a store to sq_tail, and a full barrier, a submit
 * or wait call wakes it.  The bit is that of IORING_SQ_NEED_WAKEUP.
 */
#define CRING_SHARED_NEED_WAKEUP	(1U << 0)

/* ---------------------------------------------------------------------------
 * CRING_IOC_SETUP: make the ring of this open file, once
 */

/**
 * struct cring_params - what CRING_IOC_SETUP takes and answers
 * @sq_entries: in: wanted, 1 to CRING_MAX_SQ_ENTRIES, rounded up to a power of
 *	two; out: given
 * @cq_entries: in: with %CRING_SETUP_CQSIZE, at least @sq_entries, rounded up;
 *	else 0, for twice @sq_entries; out: given
 * @flags: in: CRING_SETUP_*
 * @features: out: CRING_FEAT_*
 * @mmap_size: out: bytes to map
 * @sqes_off: out: as in struct cring_shared
 * @cqes_off: out: as in struct cring_shared
 * @window: in: how many direct reads and writes may be in devices at once, 0
 *	for no limit; what is beyond it waits, and can be cancelled
 * @detached: in: how many operations with %CRING_SQE_X_DETACH may be in flight,
 *	or cancelled and not yet given back by their device, at once, up to
 *	CRING_MAX_DETACHED; 0 for none at all
 * @sq_thread_idle: in: with %CRING_SETUP_SQPOLL, ms without anything to do after
 *	which the ring's thread goes to sleep, 0 for a second
 * @resv0: reserved
 * @resv: reserved
 */
struct cring_params {
	__u32	sq_entries;
	__u32	cq_entries;
	__u32	flags;
	__u32	features;
	__u64	mmap_size;
	__u32	sqes_off;
	__u32	cqes_off;
	__u32	window;
	__u32	detached;
	__u32	sq_thread_idle;
	__u32	resv0;
	__u64	resv[2];
};

/*
 * cring_params.flags: the low 16 bits are required, the high 16 advisory.
 *
 * SQPOLL: a kernel thread takes what is in the SQ, with the credentials, limits
 * and cgroups of who has set up the ring; files must be fixed ones, and what a
 * worker may not read or write ends in -EOPNOTSUPP.  An SQE is accepted, and a
 * cancel finds it, when cring_shared.accepted is beyond its ticket.  64-bit
 * programs only.
 */
#define CRING_SETUP_SQPOLL		(1U << 1)
#define CRING_SETUP_CQSIZE		(1U << 3)	/* cq_entries is given */
#define CRING_SETUP_CLAMP		(1U << 4)	/* too large: the largest */
#define CRING_SETUP_REQUIRED		0x0000ffffU
#define CRING_SETUP_ADVISORY		0xffff0000U

/* cring_params.features */
#define CRING_FEAT_CANCEL_SYNC		(1U << 0)	/* CRING_IOC_CANCEL */
#define CRING_FEAT_NODROP		(1U << 1)	/* a CQ never overflows */
#define CRING_FEAT_RW_CUR_POS		(1U << 3)	/* off -1 */
#define CRING_FEAT_CQE_SKIP		(1U << 11)	/* CQE_SKIP_SUCCESS */
#define CRING_FEAT_TICKETS		(1U << 16)
#define CRING_FEAT_GROUPS		(1U << 17)
#define CRING_FEAT_SEALS		(1U << 18)
#define CRING_FEAT_SCOPES		(1U << 19)	/* PROCESS, THREAD */
#define CRING_FEAT_REAP			(1U << 20)
#define CRING_FEAT_DEADLINES		(1U << 21)
#define CRING_FEAT_DETACH		(1U << 22)
#define CRING_FEAT_WINDOW		(1U << 23)
#define CRING_FEAT_RESTRICT		(1U << 24)
#define CRING_FEAT_SQPOLL		(1U << 25)

/* ---------------------------------------------------------------------------
 * CRING_IOC_SUBMIT: submit, and perhaps wait, with the arguments by value
 *
 * The ioctl's argument is CRING_SUBMIT_ARG(to_submit, min_complete).  Returns
 * how many SQEs were accepted.  When it cannot accept the first one: -EBUSY
 * (no free CQ slot; reap some), -EINVAL (sq_tail is not within the queue), or,
 * if there was nothing to submit, what the wait returned.
 */
#define CRING_SUBMIT_ARG(to_submit, min_complete) \
	((__u32)(to_submit) | (__u32)(min_complete) << 16)
#define CRING_SUBMIT_MAX		0xffffU

/* ---------------------------------------------------------------------------
 * CRING_IOC_WAIT: submit, then wait with a timeout and a signal mask
 */

/**
 * struct cring_wait - argument of CRING_IOC_WAIT
 * @to_submit: SQEs to submit first
 * @min_complete: CQEs that must be in the CQ before the call returns, if no
 *	TIMEOUT's time or count comes before
 * @flags: CRING_WAIT_*
 * @sigmask_size: bytes at @sigmask, 8; 0 with no signal mask
 * @timeout: ns, with %CRING_WAIT_TIMEOUT: relative, or on CLOCK_MONOTONIC with
 *	%CRING_WAIT_ABS; on expiry the answer is -ETIME
 * @sigmask: address of the signal mask to wait with, or 0
 * @resv: reserved
 */
struct cring_wait {
	__u32	to_submit;
	__u32	min_complete;
	__u32	flags;
	__u32	sigmask_size;
	__s64	timeout;
	__u64	sigmask;
	__u64	resv[2];
};

#define CRING_WAIT_TIMEOUT		(1U << 0)
#define CRING_WAIT_ABS			(1U << 1)

/* ---------------------------------------------------------------------------
 * CRING_IOC_REGISTER
 */

/**
 * struct cring_register - argument of CRING_IOC_REGISTER
 * @opcode: CRING_REGISTER_*
 * @nr: entries at @addr
 * @offset: FILES_UPDATE: first slot
 * @flags: none yet
 * @addr: BUFFERS: array of struct iovec; FILES, FILES_UPDATE: array of __s32
 *	descriptors (-1 empties a slot); EVENTFD: pointer to one __s32; RESTRICT:
 *	a struct cring_restrict
 * @resv: reserved
 */
struct cring_register {
	__u32	opcode;
	__u32	nr;
	__u32	offset;
	__u32	flags;
	__u64	addr;
	__u64	resv;
};

#define CRING_REGISTER_BUFFERS		0
#define CRING_UNREGISTER_BUFFERS	1
#define CRING_REGISTER_FILES		2
#define CRING_UNREGISTER_FILES		3
#define CRING_REGISTER_EVENTFD		4
#define CRING_UNREGISTER_EVENTFD	5
#define CRING_REGISTER_FILES_UPDATE	6	/* returns slots updated */
/* io_uring has none of these */
#define CRING_REGISTER_WINDOW		128	/* nr: as cring_params.window */
#define CRING_REGISTER_RESTRICT		129	/* addr: struct cring_restrict */

/**
 * struct cring_restrict - what a ring may do from now on
 * @ops: bit n of the 256: opcode n
 * @registers: bit n of the 256: register opcode n
 * @sqe_flags: CRING_SQE_*
 * @sqe_xflags: CRING_SQE_X_*
 * @cancel_flags: CRING_ASYNC_CANCEL_*
 * @resv0: reserved
 * @resv: reserved
 *
 * What is not named is refused with -EACCES for good.  A second restriction
 * can only take more away.
 */
struct cring_restrict {
	__u64	ops[4];
	__u64	registers[4];
	__u32	sqe_flags;
	__u32	sqe_xflags;
	__u32	cancel_flags;
	__u32	resv0;
	__u64	resv[2];
};

#define CRING_MAX_FIXED_FILES		32768
#define CRING_MAX_FIXED_BUFFERS		16384

/* ---------------------------------------------------------------------------
 * CRING_IOC_CANCEL: the synchronous cancel
 */

/**
 * struct cring_cancel_key - what to cancel, and the answer
 * @user_data: in: the key, unless @flags says otherwise
 * @ticket: in: with %CRING_ASYNC_CANCEL_TICKET, else 0
 * @fd: in: descriptor or fixed slot with %CRING_ASYNC_CANCEL_FD, else 0
 * @flags: in: CRING_ASYNC_CANCEL_*
 * @group: in: with %CRING_ASYNC_CANCEL_GROUP, else 0
 * @opcode: in: with %CRING_ASYNC_CANCEL_OP, else 0
 * @resv0: reserved
 * @res: out: 0, -EALREADY, -ENOENT, -EBADF or -EINVAL; with
 *	%CRING_ASYNC_CANCEL_ALL how many operations matched
 * @already: out: how many of the matches were -EALREADY
 * @resv: reserved
 */
struct cring_cancel_key {
	__u64	user_data;
	__u64	ticket;
	__s32	fd;
	__u32	flags;
	__u32	group;
	__u8	opcode;
	__u8	resv0[3];
	__s32	res;
	__u32	already;
	__u64	resv[3];
};

/**
 * struct cring_cancel - argument of CRING_IOC_CANCEL
 * @keys: address of the keys
 * @nr: how many, 1 to CRING_CANCEL_MAX_KEYS
 * @flags: CRING_CANCEL_*
 * @timeout: ns to wait for the matches to finish, -1 for ever; relative, or on
 *	CLOCK_MONOTONIC with %CRING_CANCEL_ABS; 0 without %CRING_CANCEL_WAIT
 * @reap: in: with %CRING_CANCEL_REAP, address of an array of struct cring_cqe,
 *	else 0
 * @reap_nr: in: entries of that array, 1 to CRING_MAX_CQ_ENTRIES, else 0
 * @reaped: out: how many of them were filled
 * @resv: reserved
 *
 * Returns 0 when each key has its answer in @res.  With %CRING_CANCEL_WAIT
 * every match has then finished; -ETIME or -EINTR when some have not (the
 * answers are there all the same, and the cancels stay in force).
 *
 * With %CRING_CANCEL_REAP the completions of the operations that the keys name
 * are written to @reap instead of the CQ: of those that are stopped at once,
 * and with %CRING_CANCEL_WAIT of all that finish before the call returns.  What
 * does not fit goes to the CQ, and so does, after -ETIME and -EINTR, what ends
 * later.  When @reap cannot be written to, all of them do, and the answer is
 * -EFAULT; the operations are cancelled all the same.  With %CRING_CANCEL_WAIT
 * too it counts as locked memory until the call returns; -ENOMEM, and nothing is
 * cancelled, when it is more than the caller may lock.
 */
struct cring_cancel {
	__u64	keys;
	__u32	nr;
	__u32	flags;
	__s64	timeout;
	__u64	reap;
	__u32	reap_nr;
	__u32	reaped;
	__u64	resv;
};

#define CRING_CANCEL_WAIT		(1U << 0)
#define CRING_CANCEL_ABS		(1U << 1)
#define CRING_CANCEL_REAP		(1U << 2)
/*
 * In every ring of the caller's address space, whichever thread submitted; or
 * there, only what the calling thread has submitted: one of the two.  Not with
 * FD_FIXED or TICKET, which mean something in one ring only.  Needs no ring of
 * its own.
 */
#define CRING_CANCEL_PROCESS		(1U << 3)
#define CRING_CANCEL_THREAD		(1U << 4)
/*
 * The cancel stays in force: an SQE accepted later ends at once in -ECANCELED,
 * NOT_STARTED, until it is reopened.  Each key is GROUP and ALL (that group) or
 * ANY and ALL (the whole ring).  REOPEN cancels nothing.
 */
#define CRING_CANCEL_SEAL		(1U << 5)
#define CRING_CANCEL_REOPEN		(1U << 6)
#define CRING_CANCEL_MAX_KEYS		4096
#define CRING_MAX_SEALS			4096	/* sealed groups of a ring */

/* ---------------------------------------------------------------------------
 * CRING_IOC_DEADLINE: give operations in flight another deadline
 */

/**
 * struct cring_deadline - argument of CRING_IOC_DEADLINE
 * @keys: address of the keys: as for a cancel, but @res is 0 when the deadline
 *	was moved (a count with %CRING_ASYNC_CANCEL_ALL, @already says of how many
 *	it was not), -EALREADY when the operation has been told to stop already, or
 *	is ending, and -ENOENT when it is not in flight
 * @nr: how many, 1 to CRING_CANCEL_MAX_KEYS
 * @flags: CRING_DEADLINE_*
 * @deadline: ns from now, or on CLOCK_MONOTONIC with %CRING_DEADLINE_ABS
 * @resv: reserved
 *
 * Returns 0 when each key has its answer.  What a time that is past already can
 * end has its completion then.
 */
struct cring_deadline {
	__u64	keys;
	__u32	nr;
	__u32	flags;
	__u64	deadline;
	__u64	resv[2];
};

#define CRING_DEADLINE_ABS		(1U << 0)
#define CRING_DEADLINE_NONE		(1U << 1)	/* take it off; 0 ns */

/* ---------------------------------------------------------------------------
 * CRING_IOC_QUERY: also before CRING_IOC_SETUP
 */

/**
 * struct cring_query - answer of CRING_IOC_QUERY
 * @version: out: CRING_ABI_VERSION of the module
 * @features: out: CRING_FEAT_*
 * @max_sq_entries: out
 * @max_cq_entries: out
 * @sqe_flags: out: CRING_SQE_* that are known
 * @sqe_xflags: out: CRING_SQE_X_* that are known
 * @setup_flags: out: CRING_SETUP_* that are known
 * @cancel_flags: out: CRING_ASYNC_CANCEL_* that are known
 * @ops: out: bit n of the 256 is set when opcode n is known
 * @sync_flags: out: CRING_CANCEL_* that are known
 * @max_keys: out: keys of one cancel
 * @max_detach_bytes: out: bytes of one read or write with DETACH
 * @max_detached: out: operations with DETACH of a user at once
 * @max_rings: out: rings of a user
 * @max_workers: out: operations of a user that run in workers at once
 * @max_ring_workers: out: the same of a ring
 * @max_seals: out: sealed groups of a ring
 * @resv: reserved
 */
struct cring_query {
	__u32	version;
	__u32	features;
	__u32	max_sq_entries;
	__u32	max_cq_entries;
	__u32	sqe_flags;
	__u32	sqe_xflags;
	__u32	setup_flags;
	__u32	cancel_flags;
	__u64	ops[4];
	__u32	sync_flags;
	__u32	max_keys;
	__u32	max_detach_bytes;
	__u32	max_detached;
	__u32	max_rings;
	__u32	max_workers;
	__u32	max_ring_workers;
	__u32	max_seals;
	__u64	resv[4];
};

#define CRING_IOC_MAGIC		0xcb
#define CRING_IOC_SETUP		_IOWR(CRING_IOC_MAGIC, 0, struct cring_params)
#define CRING_IOC_SUBMIT	_IO(CRING_IOC_MAGIC, 1)
#define CRING_IOC_WAIT		_IOW(CRING_IOC_MAGIC, 2, struct cring_wait)
#define CRING_IOC_REGISTER	_IOW(CRING_IOC_MAGIC, 3, struct cring_register)
#define CRING_IOC_CANCEL	_IOWR(CRING_IOC_MAGIC, 4, struct cring_cancel)
#define CRING_IOC_QUERY		_IOWR(CRING_IOC_MAGIC, 5, struct cring_query)
#define CRING_IOC_DEADLINE	_IOW(CRING_IOC_MAGIC, 6, struct cring_deadline)

#endif /* _UAPI_LINUX_CRING_H */
