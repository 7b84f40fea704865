/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What this version knows, what an operation is, and the record of one, from
 * accepted to posted.
 */
#ifndef _CRING_REQ_H
#define _CRING_REQ_H

#include <linux/bits.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/timerqueue.h>
#include <linux/wait.h>

#include <linux/cring.h>
#include <linux/cring_kernel.h>

#include "compat.h"
#include "state.h"

struct cring_buf;
struct cring_ident;
struct cring_req;
struct cring_ring;
struct cring_stage;

/* what this version knows; CRING_IOC_QUERY tells */
#define CRING_FEATURES		(CRING_FEAT_CANCEL_SYNC | CRING_FEAT_NODROP | \
				 CRING_FEAT_RW_CUR_POS | CRING_FEAT_CQE_SKIP | \
				 CRING_FEAT_TICKETS | CRING_FEAT_GROUPS | \
				 CRING_FEAT_SCOPES | CRING_FEAT_REAP | \
				 CRING_FEAT_DEADLINES | CRING_FEAT_DETACH | \
				 CRING_FEAT_WINDOW | CRING_FEAT_SEALS | \
				 CRING_FEAT_RESTRICT | CRING_FEAT_SQPOLL)
#define CRING_SETUP_KNOWN	(CRING_SETUP_SQPOLL | CRING_SETUP_CQSIZE | \
				 CRING_SETUP_CLAMP)
#define CRING_LINKS		(CRING_SQE_IO_LINK | CRING_SQE_IO_HARDLINK)
#define CRING_TIMEOUT_CLOCKS	(CRING_TIMEOUT_BOOTTIME | CRING_TIMEOUT_REALTIME)
#define CRING_SQE_KNOWN		(CRING_SQE_FIXED_FILE | CRING_SQE_IO_DRAIN | \
				 CRING_LINKS | CRING_SQE_ASYNC | \
				 CRING_SQE_CQE_SKIP_SUCCESS)
#define CRING_SQE_X_DEADLINES	(CRING_SQE_X_DEADLINE | CRING_SQE_X_DEADLINE_ABS)
#define CRING_SQE_X_KNOWN	(CRING_SQE_X_DEADLINES | CRING_SQE_X_DETACH)
#define CRING_CANCEL_KEYS	(CRING_ASYNC_CANCEL_FD | CRING_ASYNC_CANCEL_OP | \
				 CRING_ASYNC_CANCEL_USERDATA | \
				 CRING_ASYNC_CANCEL_GROUP | \
				 CRING_ASYNC_CANCEL_TICKET)
#define CRING_CANCEL_KNOWN	(CRING_CANCEL_KEYS | CRING_ASYNC_CANCEL_ALL | \
				 CRING_ASYNC_CANCEL_ANY | \
				 CRING_ASYNC_CANCEL_FD_FIXED)
#define CRING_CANCEL_SEALS	(CRING_CANCEL_SEAL | CRING_CANCEL_REOPEN)
#define CRING_CANCEL_SCOPES	(CRING_CANCEL_PROCESS | CRING_CANCEL_THREAD)
#define CRING_CANCEL_SYNC_KNOWN	(CRING_CANCEL_WAIT | CRING_CANCEL_ABS | \
				 CRING_CANCEL_REAP | CRING_CANCEL_SCOPES | \
				 CRING_CANCEL_SEALS)

/* what became of an operation that was tried */
enum cring_verdict {
	CRING_V_DONE,		/* finished: req->res has the result */
	CRING_V_ARM,		/* would block: wait for req->events */
	CRING_V_WORK,		/* would block: a worker must run it */
	CRING_V_WINDOW,		/* no place in the window: nothing was done */
	CRING_V_PENDING,	/* somebody else owns it now: do not touch */
	CRING_V_TAKEN,		/* finished, and first what it has cancelled */
};

/* in what context it is tried */
enum cring_how {
	CRING_HOW_INLINE,	/* a thread of the owner: must not block */
	CRING_HOW_WORKER,	/* a worker: may sleep */
};

/**
 * struct cring_op - one operation
 * @name: for people
 * @flags: CRING_OPF_*
 * @prep: copy and check what the SQE says; in the submitter, may sleep, must
 *	leave nothing behind when it fails
 * @issue: try it; see enum cring_verdict
 * @cancel: a cancel has claimed it, tried or not, and will post its CQE; any
 *	context
 * @cleanup: give back what @prep took; any context, after the CQE
 */
struct cring_op {
	const char *name;
	unsigned int flags;
	int (*prep)(struct cring_req *req, const struct cring_sqe *sqe);
	enum cring_verdict (*issue)(struct cring_req *req, enum cring_how how);
	void (*cancel)(struct cring_req *req);
	void (*cleanup)(struct cring_req *req);
};

#define CRING_OPF_FILE		BIT(0)	/* sqe->fd names its file */
#define CRING_OPF_MEM		BIT(1)	/* touches user memory */
#define CRING_OPF_RW		BIT(2)	/* a read or a write: uses req->rw */
#define CRING_OPF_FLUSH		BIT(3)	/* wants earlier CQEs posted */
#define CRING_OPF_DETACH	BIT(4)	/* knows CRING_SQE_X_DETACH */
#define CRING_OPF_WAITS		BIT(5)	/* does no more than wait */

/* the keys of the index that more than one request may share */
enum cring_by {
	CRING_BY_USER_DATA,
	CRING_BY_FILE,
	CRING_BY_OP,
	CRING_BY_GROUP,
	CRING_NR_BY
};

/* a request's place in the index by one key, links; see index.c */
struct cring_key {
	u32 next;		/* the bucket's next leader */
	u32 younger;		/* the circle of one value */
	u32 older;
};

/* what goes with a read's or write's memory */
union cring_rw_mem {
	struct iovec *iov;	/* its vectors, ours to kfree() */
	struct cring_buf *buf;	/* fixed: what holds it */
	const struct iov_iter *iter; /* a kernel caller's */
};

struct cring_rw {
	u64 addr;		/* buffer in user space */
	union {
		union cring_rw_mem mem;
		struct cring_stage *stage; /* REQ_STAGED: has @mem too */
	};
	loff_t pos;		/* -1: the file's own */
	u32 len;		/* bytes, all of them */
	u32 done;		/* bytes already moved */
	u32 nr_iov;
	rwf_t rw_flags;
};

struct cring_timer {
	union {
		struct cring_req *target; /* LINK_TIMEOUT: whom it watches */
		u64 user_data;		/* TIMEOUT_REMOVE: whom */
	};
	ktime_t time;			/* as given: relative or absolute */
	u32 count;			/* completions to wait for, 0: none */
	u32 flags;			/* CRING_TIMEOUT_* */
	u32 clock;			/* index into cring_ring.clocks */
	u32 due;			/* the completion count that ends it */
};

struct cring_fs {
	loff_t off;
	u64 len;
	loff_t off_in;
	struct file *file_in;
	u32 flags;
};

struct cring_match {
	u64 user_data;
	u64 ticket;
	u32 flags;		/* CRING_ASYNC_CANCEL_* */
	u32 group;
	u8 opcode;
	bool nothing;		/* what it names can have no operations */
	struct cring_req *taken; /* with CRING_V_TAKEN: what it has claimed */
};

/**
 * struct cring_req - one operation, from accepted to posted
 * @word: state, bits and generation; see state.h
 * @ring: whose it is
 * @file: the file it works on, or NULL; referenced
 * @user_data: from the SQE
 * @ticket: number of SQEs accepted before it
 * @opcode: from the SQE
 * @sqe_flags: from the SQE; links that are cut are taken off under
 *	cring_ring.lock, while others may look at the rest
 * @flags: CRING_REQ_*: has one writer at a time, the owner of the claim, or from
 *	when it is lent, or in a device, until its end who executes it; what
 *	others look at meanwhile are bits that are settled: see cring_req_has()
 * @lflags: CRING_REQL_*: written under cring_ring.lock only
 * @res: result, once there is one
 * @events: poll events that it waits for when armed
 * @refs: holds on the record: its one owner's; that of a method that has queued
 *	it in a device and has not returned yet; that of who was lent it (detach.c)
 * @mark: last ALL cancel that has visited it
 * @group: from the SQE
 * @ioprio: of a read or write, 0 for the thread's own
 * @worker: number of the worker that runs it, while RUNNING
 * @retries: attempts that would have blocked although poll said ready
 * @nr_wait: entries of @wait that are in use
 * @reap: with %CRING_REQL_REAP, the number of the reap that gets its CQE
 * @keys: its places in the index
 * @next_ticket: the next one in its bucket of tickets
 * @quick: accepted by quick.c, and has not left the short way since
 * @held: in the submitter's plug, and only to be found in its batch; see direct.c
 * @piped: accepted by pipe.c, and has not been tried since
 * @chain: circular list of the chain's remaining members, in order
 * @node: the one list it is on: ready, work, deferred, or someone's own
 * @free_node: the list of records that go back to the pool
 * @ident: what a worker takes on to run it, or NULL; referenced
 * @rw: reads and writes
 * @fs: fsync, fallocate, sync_file_range, copy_file_range
 * @timer: timeouts
 * @match: cancels
 * @iocb: while it is in a file's method or a device
 * @wait: while it is armed on a file's wait queues
 * @call: of a provider, from its acceptance on
 * @tnode: while it is armed on a timer
 * @count_node: while it waits for a completion count
 * @dnode: its deadline, KTIME_MAX when it has none; see deadline.c
 */
struct cring_req {
	atomic64_t word;
	struct cring_ring *ring;
	struct file *file;
	u64 user_data;
	u64 ticket;
	u8 opcode;
	u8 sqe_flags;
	u8 flags;
	u8 lflags;
	s32 res;
	u32 mark;
	__poll_t events;
	atomic_t refs;
	u32 group;
	u16 ioprio;
	u16 worker;
	u8 retries;
	u8 nr_wait;
	u16 reap;

	struct cring_key keys[CRING_NR_BY];
	u32 next_ticket;
	bool quick;
	bool held;
	bool piped;
	struct list_head chain;
	union {
		struct list_head node;
		struct llist_node free_node;
	};
	struct cring_ident *ident;
	union {
		struct cring_rw rw;
		struct cring_fs fs;
		struct cring_timer timer;
		struct cring_match match;
	};
	union {
		struct kiocb iocb;
		struct wait_queue_entry wait[2];
		struct cring_call call;
		struct {
			struct timerqueue_node tnode;
			struct list_head count_node;
		};
	};
	struct timerqueue_node dnode;
};

#define CRING_REQ_FAILED	BIT(0)	/* refused by prep: res says why */
#define CRING_REQ_STARTED	BIT(1)	/* it may have moved a byte */
#define CRING_REQ_REISSUE	BIT(2)	/* the device wants it again */
#define CRING_REQ_FREEZE	BIT(3)	/* holds freeze protection */
#define CRING_REQ_NOTIFY	BIT(5)	/* fsnotify when it is released */
#define CRING_REQ_PREPPED	BIT(4)	/* has something to clean up */
#define CRING_REQ_STAGED	BIT(6)	/* moves through pages of ours */
#define CRING_REQ_DETACH	BIT(7)	/* may be let go of; counted */

/*
 * A device may note something in @flags while who gave it the request, or a
 * cancel that has let go of it, looks whether another bit is there.
 */
static inline bool cring_req_has(const struct cring_req *req, u8 flag)
{
	return READ_ONCE(req->flags) & flag;
}

static inline void cring_req_note(struct cring_req *req, u8 flag)
{
	WRITE_ONCE(req->flags, req->flags | flag);
}

static inline void cring_req_forget(struct cring_req *req, u8 flag)
{
	WRITE_ONCE(req->flags, req->flags & ~flag);
}

#define CRING_REQL_INDEXED	BIT(0)	/* in the index */
#define CRING_REQL_WAITED	BIT(1)	/* a cancel waits for its CQE */
#define CRING_REQL_HELD		BIT(2)	/* not among the active (drain) */
#define CRING_REQL_TIMER	BIT(3)	/* on a timer queue or count list */
#define CRING_REQL_DEADLINE	BIT(4)	/* on the queue of deadlines */
#define CRING_REQL_EXPIRED	BIT(5)	/* told to stop by its deadline */
#define CRING_REQL_WINDOW	BIT(7)	/* has a place in the window */
#define CRING_REQL_REAP		BIT(6)	/* its CQE is to be reaped: @reap */

/* under cring_ring.lock; who tries the request may look at them without it */
static __always_inline void cring_lflags_set(struct cring_req *req, u8 flags)
{
	WRITE_ONCE(req->lflags, req->lflags | flags);
}

static __always_inline void cring_lflags_clear(struct cring_req *req, u8 flags)
{
	WRITE_ONCE(req->lflags, req->lflags & ~flags);
}

/* ops.c APIs: the table of operations */
#define CRING_NR_OPS	256
extern const struct cring_op *cring_ops[CRING_NR_OPS];
void cring_op_query(struct cring_query *query);
void cring_op_set(u8 opcode, const struct cring_op *op);

/* NULL when there is none; any u8 is within the table, speculated or not */
static inline const struct cring_op *cring_op_get(u8 opcode)
{
	return READ_ONCE(cring_ops[opcode]);
}

#endif /* _CRING_REQ_H */
