/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the module's files share: the ring, the request, and each file's API.
 *
 * Data flows one way: submit -> issue -> complete; cancel comes in through the
 * index and the claim (state.h).
 *
 * Locks, outermost first:
 *
 *   cring_ring.submit_mutex   accepting, registering.  Held by a thread that
 *                             may sleep in a file's method: never taken to
 *                             cancel.
 *   cring_ring.cancel_mutex   one long walk at a time; never held across I/O.
 *   owner.c's mutex           who has which rings.  A leaf.
 *   cring_ring.lock           index, CQ, chains, drain, timers, fixed slots.
 *                             Any context, interrupts off, never sleeps.
 *   cring_worker.lock         which request a worker runs.  Nests in .lock;
 *                             sighand locks nest in it.
 *   cring_ring.queue_lock     the ready and the work list.  Nests in .lock and
 *                             in any wait queue's lock.
 *   cring_user.lock           how many workers all rings of a user run.  A leaf.
 *
 * No wait queue's lock but cring_ring.waitq's and .sq_wait's is ever taken under one
 * of these, and those two are leaves, taken under any wait queue's.
 */
#ifndef _CRING_H
#define _CRING_H

#include <linux/bits.h>
#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <uapi/linux/eventpoll.h>
#include <linux/refcount.h>
#include <linux/siphash.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/timerqueue.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <linux/cring.h>
#include <linux/cring_kernel.h>

#include "compat.h"
#include "state.h"

struct cring_ring;
struct cring_req;
struct cring_comp;
struct cring_user;
struct blk_plug;
struct cring_owner;
struct cring_reap_place;
struct cring_scope;
struct kernel_param;
struct cring_walk;
struct cring_reach;

/* records that are looked at before a lock is let go of for a moment */
#define CRING_BREAK		64

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

/* ---------------------------------------------------------------------------
 * Operations
 */

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

/* ---------------------------------------------------------------------------
 * Requests
 */

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

/* ---------------------------------------------------------------------------
 * The ring
 */

/* the index by one key: a link to the first leader of each bucket */
struct cring_table {
	u32 *heads;
	u32 mask;
};

/* one clock's pending timeouts; under cring_ring.lock */
struct cring_clock {
	struct cring_ring *ring;
	struct hrtimer hrtimer;
	struct timerqueue_head queue;
};

enum {
	CRING_CLOCK_MONOTONIC,
	CRING_CLOCK_BOOTTIME,
	CRING_CLOCK_REALTIME,
	CRING_NR_CLOCKS
};

/**
 * struct cring_worker - one item on the ring's workqueue
 * @work: queued while there is something to run
 * @ring: whose it is
 * @idle: on cring_ring.idle while it is not queued
 * @lock: orders interrupting @req against its end
 * @task: the kernel worker that runs @req
 * @req: the request that may be interrupted, or NULL
 */
struct cring_worker {
	struct work_struct work;
	struct cring_ring *ring;
	struct list_head idle;
	spinlock_t lock;	/* see the top of this file */
	struct task_struct *task;
	struct cring_req *req;
};

/**
 * struct cring_look - an SQE that might have taken the short way, and does not
 * @file: that it names, referenced; NULL when that was not looked up
 * @fd: so it says ...
 * @fixed: ... and whether that is a slot
 */
struct cring_look {
	struct file *file;
	s32 fd;
	bool fixed;
};

/* that an identity is somebody's */
enum cring_known {
	CRING_KNOWN_NOT,
	CRING_KNOWN_WAITS,	/* to what does no more than wait */
	CRING_KNOWN_ALL,
};

/**
 * struct cring_inside - a direct read in its file's method, on the short way
 * @req: it, until its device has completed it there
 * @task: the submitter
 * @ret: what the completion said
 */
struct cring_inside {
	struct cring_req *req;
	struct task_struct *task;
	long ret;
};

/**
 * struct cring_ring - what one open file of /dev/cring has set up
 * @submit_mutex: see the top of this file
 * @free: records for the submitter; under @submit_mutex
 * @batch: the records of the batch in progress, stable while it lasts
 * @batch_nr: how many of them are accepted
 * @batch_seq: odd while there is a batch
 * @look: at what comes next in the SQ; under @submit_mutex
 * @iocb: of reads on the short way (quick.c), one after the other; likewise
 * @inside: a direct read that is handed to its device
 * @nr_held: requests of the batch in progress that are held; under @submit_mutex ...
 * @first_held: ... and the place of the first in the batch
 * @accepted: SQEs accepted so far: the next ticket; written under @submit_mutex
 * @cancels: cancels that have begun
 * @cancels_seen: how many of them had when the last submit call began
 * @sq_head: the kernel's own copy
 * @sq_mask: SQ entries - 1
 * @cq_mask: CQ entries - 1
 * @shared: the first page of the mapping
 * @sqes: the SQ, in the mapping
 * @cqes: the CQ, in the mapping
 * @files: fixed files; slots written under @submit_mutex and @lock
 * @nr_files: how many slots
 * @nr_bufs: how many fixed buffers
 * @max_detached: how many operations with DETACH may hold a record at once
 * @nr_detached: how many do; counted up under @submit_mutex
 * @bufs: fixed buffers; under @submit_mutex
 * @ident: the last submitter's identity; under @submit_mutex; with a thread that
 *	of who has set up the ring
 * @ident_known: of the batch in progress it is known that it is its submitter's
 * @task: the last submitter; under @queue_lock; referenced
 * @plug: of the batch in progress, if several may go to a device together ...
 * @plugger: ... and who submits it: only that thread may look at @plug
 * @sq_thread: takes what is in the SQ, or NULL; referenced
 * @sq_wait: where it sleeps
 * @sq_idle: jiffies without anything to do after which it does
 * @sq_short: as few free slots were not enough for what comes next
 * @sq_runs: it has not ended: counts as an operation in flight; under @lock
 * @sq_offset: of its owner's time namespace
 * @may: what it may do; only narrows; under @submit_mutex but for a cancel's look
 * @lock: see the top of this file
 * @cq_tail: the kernel's own copy
 * @finished: operations whose CQE was posted or skipped
 * @timeouts_finished: TIMEOUTs among them
 * @timeouts_rung: those of them whose time, or count, had come
 * @index: what is in flight, by each key
 * @tickets: and by ticket
 * @young: a link to the oldest of those that are in no table yet ...
 * @nr_young: ... and how many there are
 * @nr_settled: how many are in the tables
 * @walk: the walk through it that has let go of the lock for a moment, or NULL
 * @sealed: whether the ring itself is
 * @nr_sealed: groups that are
 * @sealed_groups: them, in order; NULL until there is first one
 * @drain: whether a drain is under way: @active is kept only then
 * @shut: the owner is done with the ring
 * @restricted: @may names less than everything
 * @in_kernel: a kernel caller's (client.c): it has no address space, and each
 *	@user_data is a struct cring_io, which gets what would be the CQE
 * @unusual: these four at one look: 0 when the ring is as it mostly is.
 *	@restricted is written under @submit_mutex, @in_kernel at set-up, the
 *	others under @lock
 * @counting: there are @counted; written under @lock
 * @unused: 0
 * @seals: how many seals there are; likewise
 * @unusual_all: all seven at one look
 * @drain_gate: a drained operation is running: nothing else starts
 * @closed: its file is gone
 * @ops_put: the operations' reference was dropped
 * @deferred: requests behind a drain, in order
 * @windowed: requests that wait for a place in the window, in order
 * @window: how many direct reads and writes may be in devices, 0: no limit
 * @in_devices: how many are, or are about to be
 * @active: operations in flight that have been started
 * @counted: TIMEOUTs that wait for a completion count, soonest first
 * @clocks: TIMEOUTs that wait for a clock
 * @deadlines: operations that have a deadline
 * @batch_expires: the soonest deadline of the batch in progress ...
 * @batch_entered: ... of which so many are among @deadlines when it has come
 * @eventfd: signalled when CQEs are posted; RCU
 * @queue_lock: see the top of this file
 * @flags: the kernel's own copy of what @shared says
 * @ready: requests to try again in a thread of the owner; whether there is one, and
 *	whether @work has one, is asked by list_empty() without the lock, too
 * @work: requests that wait for a worker
 * @nr_work: how many
 * @nr_coming: workers that were started and have not looked at @work yet
 * @idle: workers without work
 * @workers: all of them, once there is a @wq
 * @nr_workers: how many
 * @user: whose limits it counts against
 * @busy_workers: workers that are not @idle; under the user's lock
 * @starved: on the user's list of rings that may not start another worker
 * @wq: runs them; made when there is first something to run
 * @spawn_work: makes @wq
 * @kick_work: sees to @ready when no thread of the owner does
 * @task_work: runs @ready in the last submitter
 * @task_work_queued: bit 0: it is queued
 * @nr_waiting: threads that sleep on @waitq, or cancel: they run what becomes
 *	ready
 * @nr_trying: threads that try operations, and may be asleep in a method
 * @waitq: threads inside wait; only tasks, woken from wait queue callbacks too
 * @poll_wait: poll and epoll on the ring's file
 * @freed: records on their way back to @free
 * @notify: records whose file's watchers must be told first
 * @notify_work: tells them
 * @cancel_mutex: see the top of this file
 * @cancel_mark: the last ALL cancel; under @cancel_mutex
 * @refs: the file; the operations in flight (one for all); pending task work;
 *	cancels that have found it through @owner
 * @destroy_work: frees the ring when the last reference is gone
 * @watch_work: looks whether the owner still has its address space
 * @nr_pinned: workers that hold that address space
 * @mm: the owner: its address space, mmgrab()bed
 * @tgid: the owner: its process
 * @owner: the owner: all its rings
 * @owner_node: among them
 * @reaps: reaps under way, by number; looked up under @lock
 * @notifier: tells when @mm goes away
 * @key: of the index's hash
 * @pool: all records
 * @nr_reqs: how many
 * @pages: of the mapping
 * @nr_pages: how many
 * @mapping_file: stands for the ring's file in the mapping
 */
struct cring_ring {
	/* submission */
	struct mutex submit_mutex;
	struct llist_node *free;
	struct cring_req **batch;
	u32 batch_nr;
	u32 batch_seq;
	struct cring_look look;
	struct kiocb iocb;
	struct cring_inside inside;
	u32 nr_held;
	u32 first_held;
	u64 accepted;
	atomic_t cancels;
	u32 cancels_seen;
	u32 sq_head;
	u32 sq_mask;
	u32 cq_mask;
	struct cring_shared *shared;
	struct cring_sqe *sqes;
	struct cring_cqe *cqes;
	struct file **files;
	u32 nr_files;
	u32 nr_bufs;
	struct cring_buf **bufs;
	u32 max_detached;
	atomic_t nr_detached;
	struct cring_ident *ident;
	enum cring_known ident_known;
	struct task_struct *task;
	struct blk_plug *plug;
	struct task_struct *plugger;
	struct task_struct *sq_thread;
	wait_queue_head_t sq_wait;
	unsigned long sq_idle;
	u32 sq_short;
	ktime_t sq_offset[CRING_NR_CLOCKS];
	struct cring_restrict may;

	/* completion */
	spinlock_t lock ____cacheline_aligned_in_smp;
	u32 cq_tail;
	u64 finished;
	u64 timeouts_finished;
	u64 timeouts_rung;
	struct cring_table index[CRING_NR_BY];
	struct cring_table tickets;
	u32 young;
	u32 nr_young;
	u32 nr_settled;
	struct cring_walk *walk;
	bool sealed;
	u32 nr_sealed;
	u32 *sealed_groups;
	union {
		struct {
			bool drain;
			bool shut;
			bool restricted;
			bool in_kernel;
			bool counting;
			u8 unused;
			u16 seals;
		};
		u32 unusual;
		u64 unusual_all;
	};
	bool drain_gate;
	bool closed;
	bool ops_put;
	bool sq_runs;
	struct list_head deferred;
	struct list_head windowed;
	u32 window;
	u32 in_devices;
	u64 active;
	struct list_head counted;
	struct cring_clock clocks[CRING_NR_CLOCKS];
	struct cring_clock deadlines;
	ktime_t batch_expires;
	u32 batch_entered;
	struct eventfd_ctx __rcu *eventfd;

	/* waiting and working */
	spinlock_t queue_lock ____cacheline_aligned_in_smp;
	u32 flags;
	struct list_head ready;
	struct list_head work;
	u32 nr_work;
	u32 nr_coming;
	struct list_head idle;
	struct cring_worker *workers;
	unsigned int nr_workers;
	struct cring_user *user;
	unsigned int busy_workers;
	struct list_head starved;
	struct workqueue_struct *wq;
	struct work_struct spawn_work;
	struct work_struct kick_work;
	struct callback_head task_work;
	unsigned long task_work_queued;
	atomic_t nr_waiting;
	atomic_t nr_trying;
	wait_queue_head_t waitq;
	wait_queue_head_t poll_wait;
	struct llist_head freed;
	struct llist_head notify;
	struct work_struct notify_work;

	/* life */
	struct mutex cancel_mutex;
	u32 cancel_mark;
	refcount_t refs;
	struct work_struct destroy_work;
	struct delayed_work watch_work;
	atomic_t nr_pinned;
	struct mm_struct *mm;
	struct pid *tgid;
	struct cring_owner *owner;
	struct list_head owner_node;
	struct xarray reaps;
	struct mmu_notifier notifier;
	siphash_key_t key;
	struct cring_req *pool;
	u32 nr_reqs;
	struct page **pages;
	u32 nr_pages;
	struct file *mapping_file;
};

/* what is looked at together is together */
static_assert(offsetof(struct cring_ring, counting) ==
	      offsetof(struct cring_ring, unusual) + sizeof(u32));
static_assert(offsetofend(struct cring_ring, seals) ==
	      offsetofend(struct cring_ring, unusual_all));

extern struct workqueue_struct *cring_wq;
extern const struct file_operations cring_fops;
extern unsigned int cring_max_workers;

/* the ring that an open file has set up, or NULL */
static inline struct cring_ring *cring_file_ring(struct file *file)
{
	/* pairs with its set-up: whole when it is seen */
	return smp_load_acquire(&file->private_data);
}

static inline u32 cring_cq_ready(struct cring_ring *ring)
{
	return READ_ONCE(ring->cq_tail) - READ_ONCE(ring->shared->cq_head);
}

/* has a cancel begun since the last submit call, or since this one has? */
static inline bool cring_cancel_seen(const struct cring_ring *ring)
{
	return (u32)atomic_read(&ring->cancels) != ring->cancels_seen;
}

/*
 * The tail and the count in one store: to a reader an operation is in flight, or
 * its CQE is there, and at no moment both or neither; see struct cring_shared.
 * Under @lock, after the CQEs.
 */
static __always_inline void cring_cq_publish_at(struct cring_shared *shared,
						u32 tail, u32 in_flight)
{
	const union {
		u32 each[2];
		u64 both;
	} now = { .each = { tail, in_flight } };

	BUILD_BUG_ON(offsetof(struct cring_shared, cq_tail) % sizeof(now));
	BUILD_BUG_ON(offsetof(struct cring_shared, in_flight) !=
		     offsetof(struct cring_shared, cq_tail) + sizeof(u32));
	/* the CQEs before it */
	smp_store_release((u64 *)&shared->cq_tail, now.both);
}

static inline void cring_cq_publish(struct cring_ring *ring, u32 in_flight)
{
	cring_cq_publish_at(ring->shared, ring->cq_tail, in_flight);
}

/* nor is anybody posting: a tail that user space made up deceives itself alone */
static inline bool cring_cq_has(struct cring_ring *ring, u32 min)
{
	u32 tail = READ_ONCE(ring->cq_tail);

	if (tail - READ_ONCE(ring->shared->cq_head) < min)
		return false;
	/* what was published with it before what the caller does next */
	return smp_load_acquire(&ring->shared->cq_tail) == tail;
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

/* ring.c APIs: set-up, memory, the end */
int cring_ring_setup(struct file *file, struct cring_params *p);
struct cring_ring *cring_ring_new_kernel(u32 entries);
int cring_ring_mmap(struct cring_ring *ring, struct vm_area_struct *vma);
void cring_ring_watch(struct cring_ring *ring);
void cring_ring_shut(struct cring_ring *ring);
void cring_ring_close(struct cring_ring *ring);
void cring_ring_put(struct cring_ring *ring);

/* accept.c APIs: what a batch of SQEs says */
/*
 * CQ slots that a CQE or an operation in flight occupies.  What has finished is
 * read before the tail it may have moved, so that the sum errs to the safe side; a
 * head that user space made up makes it larger than the CQ, or deceives itself.
 */
static inline u64 cring_taken_slots(struct cring_ring *ring)
{
	/* before the tail */
	u64 in_flight = ring->accepted - smp_load_acquire(&ring->finished);
	u32 ready = READ_ONCE(ring->cq_tail) - READ_ONCE(ring->shared->cq_head);

	return in_flight + ready;
}

static inline u32 cring_free_slots(struct cring_ring *ring)
{
	u32 entries = ring->cq_mask + 1;
	u64 taken = cring_taken_slots(ring);

	return taken < entries ? entries - taken : 0;
}

/**
 * struct cring_accept - a batch while it is being accepted
 * @ring: where
 * @nr: requests accepted so far
 * @chain_start: the first one of the chain that is open
 * @head: the same, or NULL when none is
 * @fd: what the last one that names a file says ...
 * @fixed: ... and whether it is a slot
 * @held: nobody has taken the reference to @file yet that the look-up took
 * @file: that file, held by it if not @held, or NULL
 * @slow: that is none for the short way
 * @broken: a member of that chain was refused
 * @quick: SQEs may take the short way
 * @drain: one waits for all before it
 * @deadlines: some have a deadline ...
 * @first: ... and the soonest is that
 * @now: when it was accepted, if there are
 */
struct cring_accept {
	struct cring_ring *ring;
	u32 nr;
	u32 chain_start;
	struct cring_req *head;
	struct file *file;
	s32 fd;
	bool fixed;
	bool held;
	bool slow;
	bool broken;
	bool quick;
	bool drain;
	bool deadlines;
	ktime_t first;
	ktime_t now;
};

/* the next SQE of the batch; user space may change it at any time */
static inline const struct cring_sqe *
cring_accept_next(const struct cring_accept *a)
{
	const struct cring_ring *ring = a->ring;

	return &ring->sqes[(ring->sq_head + a->nr) & ring->sq_mask];
}

struct file *cring_accept_find(struct cring_accept *a, s32 fd, bool fixed);

/* often the same as that of the one before, which holds it until it is tried */
static inline struct file *cring_accept_file(struct cring_accept *a, s32 fd,
					     bool fixed)
{
	if (a->file && fd == a->fd && fixed == a->fixed)
		return a->file;
	return cring_accept_find(a, fd, fixed);
}

/* a reference to @file for one more request */
static inline struct file *cring_accept_hold(struct cring_accept *a)
{
	if (!a->held)
		return get_file(a->file);
	a->held = false;
	return a->file;
}

void cring_accept_deadline(struct cring_accept *a, struct cring_req *req,
			   u64 ns, bool absolute);
bool cring_accept(struct cring_accept *a, u32 want);
void cring_accept_idents(struct cring_accept *a);
bool cring_req_ident(struct cring_req *req);

/* the SQE that comes next; user space may change it at any time */
static inline const struct cring_sqe *
cring_sq_first(const struct cring_ring *ring)
{
	return &ring->sqes[ring->sq_head & ring->sq_mask];
}

/* the one behind it */
static inline const struct cring_sqe *
cring_sq_second(const struct cring_ring *ring)
{
	return &ring->sqes[(ring->sq_head + 1) & ring->sq_mask];
}

/* main.c APIs */
long cring_ioctl_new(struct file *file, unsigned int cmd, void __user *arg);
long cring_ioctl_other(struct cring_ring *ring, unsigned int cmd,
		       void __user *arg);

/* enter.c APIs: the way in, for the most frequent of all calls */
long cring_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/* nop.c APIs: NOPs that are over at once */
u32 cring_nops_now(struct cring_ring *ring, u32 want);

/* the same if the first SQE may be one, and nobody cancels */
static inline u32 cring_nops(struct cring_ring *ring, u32 want)
{
	BUILD_BUG_ON(CRING_OP_NOP);
	if (!want || READ_ONCE(cring_sq_first(ring)->opcode) ||
	    unlikely(cring_cancel_seen(ring)))
		return 0;
	return cring_nops_now(ring, want);
}

/* pair.c APIs: a poll and its cancel, over at once */
u32 cring_pairs_now(struct cring_ring *ring, u32 nr);

/* the same if the first two may be such */
static inline u32 cring_pairs(struct cring_ring *ring, u32 nr)
{
	if (nr < 2 ||
	    READ_ONCE(cring_sq_first(ring)->opcode) != CRING_OP_POLL_ADD ||
	    READ_ONCE(cring_sq_second(ring)->opcode) != CRING_OP_ASYNC_CANCEL)
		return 0;
	return cring_pairs_now(ring, nr);
}

/* cancel_now.c APIs: cancels that are over at once */
u32 cring_cancels_last(const struct cring_ring *ring, u32 nr);
bool cring_cancel_now(struct cring_ring *ring);

/* how many SQEs at the end may be such */
static inline u32 cring_cancels(const struct cring_ring *ring, u32 nr)
{
	u32 last = (ring->sq_head + nr - 1) & ring->sq_mask;

	if (READ_ONCE(ring->sqes[last].opcode) != CRING_OP_ASYNC_CANCEL)
		return 0;
	return nr == 1 ? 1 : cring_cancels_last(ring, nr);
}

/* submit.c APIs: accept a batch, then try each */
struct cring_batch {
	struct llist_node *done;	/* finished inline, CQEs not posted */
	struct llist_node **end;	/* of that list */
	bool submitter;			/* it is under submit_mutex */
	unsigned int flush;		/* CRING_OPF_FLUSH: before the next one */
	u32 next;			/* the submitter's: what is to be tried next */
	u32 nr;				/* ... and how many there are */
	bool deadlines;			/* ... some of which have one */
};

static inline void cring_batch_init(struct cring_batch *batch, bool submitter)
{
	batch->end = &batch->done;
	batch->submitter = submitter;
	batch->flush = 0;
	batch->next = 0;
	batch->nr = 0;
	batch->deadlines = false;
}

static inline bool cring_batch_empty(const struct cring_batch *batch)
{
	return batch->end == &batch->done;
}

/* it is over, and its CQE to be posted with the others' */
static inline void cring_batch_add(struct cring_batch *batch,
				   struct cring_req *req)
{
	*batch->end = &req->free_node;
	batch->end = &req->free_node.next;
}

/**
 * struct cring_taken - what became of a submission
 * @nr: SQEs accepted, or why none was
 * @short_of_slots: free CQ slots were too few for all of them
 */
struct cring_taken {
	s32 nr;
	bool short_of_slots;
};

struct cring_taken cring_submit(struct cring_ring *ring, u32 to_submit);
struct cring_taken cring_submit_locked(struct cring_ring *ring, u32 to_submit);
struct cring_taken cring_submit_batch(struct cring_ring *ring, u32 over,
				      u32 want);
void cring_batch_ran(struct cring_ring *ring, struct cring_batch *batch);
void cring_batch_post(struct cring_ring *ring, struct cring_batch *batch);
void cring_plug(struct cring_ring *ring);

/* sqpoll.c APIs: a thread that submits */
int cring_sq_start(struct cring_ring *ring, u32 idle);
bool cring_sq_wake(struct cring_ring *ring);
struct cring_taken cring_sq_submit(struct cring_ring *ring, u32 to_submit);
void cring_sq_shut(struct cring_ring *ring);
void cring_sq_stop(struct cring_ring *ring);

/* issue.c APIs: try an operation, hand on what would block */
s32 cring_error(const struct cring_req *req, s32 error, bool worker);
void cring_issue(struct cring_req *req, enum cring_how how,
		 struct cring_batch *batch);
void cring_issue_tried(struct cring_req *req, enum cring_verdict verdict,
		       struct cring_batch *batch);
void cring_batch_finish(struct cring_comp *comp, struct cring_batch *batch);
void cring_batch_flush_some(struct cring_ring *ring, struct cring_batch *batch);

/* the same if there is anything */
static inline void cring_batch_flush(struct cring_ring *ring,
				     struct cring_batch *batch)
{
	if (!cring_batch_empty(batch))
		cring_batch_flush_some(ring, batch);
}

/* complete.c APIs: post CQEs and everything that follows from them */
struct cring_comp {
	struct cring_ring *ring;
	unsigned long irqflags;
	struct llist_node *release;	/* records to give back, last first */
	struct llist_node *quick;	/* the same, of the short way */
	struct llist_node *armed;	/* the same, of polls that a cancel has stopped */
	unsigned int posted;
	bool finish;			/* one was among them that is waited for */
	bool own;			/* see cring_comp_begin_own() */
	bool submitter;			/* under submit_mutex: @free is its own */
	bool ready;			/* something went to the ready list */
	bool put;			/* the last one of a closed ring */
	bool sync;			/* by a worker: see cring_req_release() */
};

void cring_comp_begin(struct cring_comp *comp, struct cring_ring *ring)
	__acquires(&ring->lock);
void cring_finish(struct cring_comp *comp, struct cring_req *req);
void cring_comp_end(struct cring_comp *comp)
	__releases(&comp->ring->lock);
void cring_wake_waiters(struct cring_ring *ring, bool posted);

/*
 * A session in a thread of the owner, whose file keeps the ring.  It runs the ready
 * list afterwards, so nobody is kicked for that.
 */
#define CRING_COMP_OWN(_ring)	{ .ring = (_ring), .own = true }

/* begin it; interrupts are on */
static inline void cring_comp_begin_own(struct cring_comp *comp)
	__acquires(&comp->ring->lock)
{
	spin_lock_irq(&comp->ring->lock);
}

/* let go of its lock, whoever began it */
static inline void cring_comp_unlock(struct cring_comp *comp)
	__releases(&comp->ring->lock)
{
	if (comp->own)
		spin_unlock_irq(&comp->ring->lock);
	else
		spin_unlock_irqrestore(&comp->ring->lock, comp->irqflags);
}

/* tell who waits that something has finished, and if CQEs are published; no lock */
static inline void cring_cq_wake(struct cring_ring *ring, bool posted)
{
	/* the tail before the look who waits for it: they do the reverse */
	smp_mb();
	/* after that */
	if (unlikely(waitqueue_active(&ring->waitq) ||
		     /* likewise */
		     waitqueue_active(&ring->poll_wait) ||
		     rcu_access_pointer(ring->eventfd)))
		cring_wake_waiters(ring, posted);
}

/* must its operation be told that a cancel has claimed it? */
static inline bool cring_req_wants_back(const struct cring_req *req)
{
	const struct cring_op *op = cring_op_get(req->opcode);

	/* who executes one of the others may be writing to its @flags */
	return op && op->cancel && cring_req_has(req, CRING_REQ_PREPPED);
}

bool cring_complete_plain(struct cring_req *req);
void cring_complete(struct cring_req *req, s32 res);
void cring_complete_todo(struct cring_ring *ring, struct list_head *todo);
s32 cring_req_result(const struct cring_req *req, s32 res);

/* post the CQE of what nothing else follows from; in a session */
static inline void cring_post_alone(struct cring_comp *comp, u64 user_data,
				    s32 res, u32 flags)
{
	struct cring_ring *ring = comp->ring;
	struct cring_cqe *to = &ring->cqes[ring->cq_tail & ring->cq_mask];

	WRITE_ONCE(to->user_data, user_data);
	WRITE_ONCE(to->res, res);
	WRITE_ONCE(to->flags, flags);
	WRITE_ONCE(ring->cq_tail, ring->cq_tail + 1);
	comp->posted++;
	/* the CQE's slot is taken first: cring_free_slots() reads the other way */
	smp_store_release(&ring->finished, ring->finished + 1);
}

/* quick.c APIs: reads of what is in the page cache, by the short way */
void cring_quick_accept(struct cring_accept *a, u32 end);
struct cring_req *cring_quick_issue(struct cring_ring *ring,
				    struct cring_req *req,
				    struct cring_batch *batch);
struct llist_node *cring_quick_finish(struct cring_comp *comp,
				      struct llist_node *node);
void cring_quick_release(struct cring_ring *ring, struct llist_node *list);

/* direct.c APIs: the same, of a device; see quick.h, too */
void cring_direct_settle_held(struct cring_ring *ring);

/* what is held in the submitter's batch is to be found, if it has not ended */
static inline void cring_direct_settle(struct cring_ring *ring)
{
	if (ring->nr_held)
		cring_direct_settle_held(ring);
}

/* quick_one.c APIs: one of them alone */
bool cring_quick_one(struct cring_ring *ring);

static inline bool cring_quick_opcode(u8 opcode)
{
	return opcode == CRING_OP_READ || opcode == CRING_OP_READ_FIXED;
}

/* may it be one?  A look at what user space may change meanwhile */
static inline bool cring_quick_op(const struct cring_sqe *sqe)
{
	return cring_quick_opcode(READ_ONCE(sqe->opcode)) &&
	       !(READ_ONCE(sqe->flags) & ~CRING_SQE_FIXED_FILE) &&
	       !(READ_ONCE(sqe->xflags) & ~CRING_SQE_X_DEADLINES);
}

/* release.c APIs: give back what a request held */
void cring_req_blank(struct cring_req *req);
bool cring_req_strip_last(struct cring_req *req, bool sync);
void cring_armed_release(struct cring_comp *comp);
void cring_req_put(struct cring_req *req, bool sync);
void cring_req_release(struct cring_req *req, bool sync);
void cring_complete_worker(struct cring_req *req);
void cring_notify_init(struct cring_ring *ring);

/* drop one hold on a request that is DONE, or about to be; true for the last */
static inline bool cring_req_drop(struct cring_req *req)
{
	/* the other side's last words before its hold went */
	return atomic_read_acquire(&req->refs) == 1 ||
	       atomic_dec_and_test(&req->refs);
}

/* park.c APIs: make a request visible to cancel and let go of it */
bool cring_park(struct cring_req *req, enum cring_state from,
		enum cring_state to);
void cring_park_index(struct cring_req *req);
void cring_park_lend(struct cring_req *req);
enum cring_verdict cring_park_or_end(struct cring_req *req,
				     enum cring_state from,
				     enum cring_state to);
void cring_reissue(struct cring_req *req);

/* index.c APIs: find requests by any key; under .lock */
/* the record that a link of the index leads to */
static inline struct cring_req *cring_linked(const struct cring_ring *ring,
					     u32 link)
{
	return (void *)ring->pool + link;
}

int cring_index_init(struct cring_ring *ring, u32 entries);
void cring_index_destroy(struct cring_ring *ring);
void cring_index_del_file(struct cring_req *req);
struct cring_req *cring_index_first(struct cring_ring *ring, enum cring_by by,
				    u64 value);
struct cring_req *cring_index_settled(struct cring_ring *ring, enum cring_by by,
				      u64 value);
struct cring_req *cring_index_next(struct cring_req *req, enum cring_by by,
				   const struct cring_req *first);
struct cring_req *cring_index_ticket(struct cring_ring *ring, u64 ticket);
bool cring_index_has_op(struct cring_ring *ring, u8 opcode);

/* young.c APIs: what is in none of its tables yet; under .lock */
void cring_index_add(struct cring_req *req);
void cring_index_del(struct cring_req *req);
void cring_index_settle(struct cring_ring *ring);
void cring_young_settle(struct cring_req *req);

/* match.c APIs: what a cancel means */
struct cring_filter {
	struct file *file;	/* referenced while in use, or NULL */
	u64 user_data;
	u64 ticket;
	u64 before;		/* tickets below this one */
	const struct pid *thread; /* what it has submitted, or NULL: any */
	u32 flags;		/* CRING_ASYNC_CANCEL_* */
	u32 group;
	u8 opcode;
	bool cancels;		/* cancels are meant, too */
};

int cring_cancel_check(const struct cring_match *match);
int cring_cancel_call_check(const struct cring_cancel *c);
bool cring_filter_matches(const struct cring_filter *filter,
			  const struct cring_req *req);
u64 cring_filter_value(const struct cring_filter *filter, enum cring_by by,
		       u8 opcode);
bool cring_by_user_data(u32 flags);
int cring_filter_init(const struct cring_scope *scope,
		      const struct cring_cancel_key *key,
		      struct cring_filter *filter);

/* find.c APIs: look for it in the index */
/**
 * struct cring_walk - a walk through some circles of the index, side by side
 * @ring: where
 * @filter: what is looked for
 * @opcode: of which a circle is being walked, if one of an opcode is
 * @nr: how many circles
 * @over: which of them was through first
 * @by: their keys
 * @at: what is to be looked at next in each, NULL when it is through
 * @last: and at last
 */
struct cring_walk {
	struct cring_ring *ring;
	const struct cring_filter *filter;
	unsigned int opcode;
	unsigned int nr;
	unsigned int over;
	enum cring_by by[CRING_NR_BY];
	struct cring_req *at[CRING_NR_BY];
	struct cring_req *last[CRING_NR_BY];
};

struct cring_req *cring_find_few(struct cring_ring *ring,
				 const struct cring_filter *filter, bool *over);
struct cring_req *cring_find(struct cring_ring *ring,
			     const struct cring_filter *filter);
enum cring_by cring_find_by(struct cring_ring *ring,
			    const struct cring_filter *filter);
void cring_walk_circle(struct cring_walk *walk, struct cring_ring *ring,
		       enum cring_by by, u64 value);
struct cring_req *cring_walk_next(struct cring_walk *walk);
void cring_walk_leave(struct cring_walk *walk, const struct cring_req *req,
		      enum cring_by by);

/* cancel.c APIs: claim, or tell to stop */
s32 cring_cancel(struct cring_ring *ring, const struct cring_filter *filter);
s32 cring_cancel_found(struct cring_comp *comp, struct cring_req *req,
		       struct cring_reap_place *reap, bool wait,
		       struct cring_req **told);
s32 cring_cancel_in(struct cring_comp *comp, const struct cring_filter *filter,
		    struct cring_reap_place *reap, bool wait,
		    struct cring_req **told);
enum cring_verdict cring_cancel_sqe(struct cring_req *cancel,
				    const struct cring_filter *filter);
int cring_cancel_claim(struct cring_req *req, bool tell,
		       struct list_head *rest);
int cring_cancel_one(struct cring_req *req, struct list_head *todo);
void cring_cancel_everything(struct cring_ring *ring);
void cring_cq_settle(struct cring_ring *ring);

/* pass.c APIs: one pass of one cancel */
/**
 * struct cring_pass - one pass of one cancel over what it matches
 * @ring: where
 * @filter: what
 * @todo: claimed, to be completed
 * @mark: ALL: its own mark, else 0
 * @by: ALL: the circles that it walks
 * @matched: how many
 * @already: how many of them were -EALREADY
 * @req: the last one of those ...
 * @word: ... and its word then
 * @reap: where the CQEs of what it names go, or NULL: to the CQ
 * @wait: mark what is -EALREADY as waited for
 * @waiting: look only at what waits, not at what is being executed
 * @expires: move the deadlines of what it matches there instead, or NULL
 */
struct cring_pass {
	struct cring_ring *ring;
	const struct cring_filter *filter;
	struct list_head todo;
	u32 mark;
	enum cring_by by;
	u32 matched;
	u32 already;
	struct cring_req *req;
	u64 word;
	struct cring_reap_place *reap;
	bool wait;
	bool waiting;
	const ktime_t *expires;
};

void cring_pass_run(struct cring_pass *pass, struct cring_ring *ring,
		    const struct cring_filter *filter,
		    struct cring_reap_place *reap, bool wait);
void cring_pass_move(struct cring_pass *pass, struct cring_ring *ring,
		     const struct cring_filter *filter,
		     const ktime_t *expires);
s32 cring_pass_answer(const struct cring_pass *pass);
struct cring_req *cring_pass_next(struct cring_ring *ring,
				  const struct cring_filter *filter,
				  struct cring_reap_place *reap, u64 *word);

/* reap.c APIs: CQEs that go to a canceller's memory */
/**
 * struct cring_reap - that memory
 * @nr: CQEs that it has room for
 * @used: CQEs written; by any ring, under its lock
 * @pages: pinned
 * @nr_pages: how many
 * @locked: how many of them count as the caller's locked memory
 * @offset: of the first CQE in the first of them
 * @few: @pages, if they are few
 */
struct cring_reap {
	u32 nr;
	atomic_t used;
	struct page **pages;
	u32 nr_pages;
	u32 locked;
	u32 offset;
	struct page *few[2];
};

/**
 * struct cring_reap_place - a reap in one ring
 * @reap: the reap, or NULL for none
 * @id: its number there
 * @marked: requests in flight that bear that number; under cring_ring.lock
 */
struct cring_reap_place {
	struct cring_reap *reap;
	u32 id;
	u32 marked;
};

int cring_reap_init(struct cring_reap *reap, u64 addr, u32 nr, bool wait);
u32 cring_reap_exit(struct cring_reap *reap);
int cring_reap_enter(struct cring_reap_place *place, struct cring_reap *reap,
		     struct cring_ring *ring);
void cring_reap_leave(struct cring_reap_place *place, struct cring_ring *ring);
void cring_reap_mark(struct cring_reap_place *place, struct cring_req *req);
bool cring_reap_post(struct cring_req *req, const struct cring_cqe *cqe);

/* owner.c APIs: the rings of one address space */
/**
 * struct cring_reach - one ring that a synchronous cancel reaches
 * @ring: which
 * @before: SQEs that it had accepted before the call
 * @place: where the call reaps there
 */
struct cring_reach {
	struct cring_ring *ring;
	u64 before;
	struct cring_reap_place place;
};

/**
 * struct cring_scope - what a synchronous cancel reaches
 * @reach: rings, referenced
 * @nr: how many
 * @thread: only what this one has submitted, or NULL
 * @caller: the ring of the caller's file, or NULL
 * @own: @reach, if that is that ring alone
 */
struct cring_scope {
	struct cring_reach *reach;
	u32 nr;
	const struct pid *thread;
	struct cring_ring *caller;
	struct cring_reach own;
};

int cring_owner_join(struct cring_ring *ring);
void cring_owner_leave(struct cring_ring *ring);
int cring_scope_init(struct cring_scope *scope, struct cring_ring *ring,
		     u32 flags);
void cring_scope_exit(struct cring_scope *scope);

/* cancel_sync.c APIs */
int cring_cancel_ioctl(struct cring_ring *ring, void __user *arg);

/* seal.c APIs: a cancel that stays in force */
int cring_seal(struct cring_ring *ring, const struct cring_cancel_key *key,
	       bool seal);
void cring_seal_batch(struct cring_ring *ring, u32 nr);
void cring_seal_exit(struct cring_ring *ring);

/* are there seals, now that the submitter's batch is announced? */
static inline bool cring_seal_seen(const struct cring_ring *ring)
{
	/* the batch before the look: pairs with cring_seal() */
	smp_mb();
	return READ_ONCE(ring->seals);
}

/* chain.c APIs: links and drain; under .lock unless stated */
void cring_chain_advance(struct cring_comp *comp, struct cring_req *req,
			 bool failed);
void cring_chain_cut(struct cring_req *req, bool waiting,
		     struct list_head *todo);
void cring_drain_mark(struct cring_req **batch, u32 nr);
void cring_drain_begin(struct cring_ring *ring);
bool cring_drain_hold(struct cring_req *req);
bool cring_drain_pump(struct cring_comp *comp);
void cring_drain_end(struct cring_ring *ring);

/* what was never started has been claimed: its CQE ends what it counts for */
static inline void cring_drain_unhold(struct cring_req *req)
{
	if (likely(!(req->lflags & CRING_REQL_HELD)))
		return;
	req->lflags &= ~CRING_REQL_HELD;
	req->ring->active++;
}

/* the next one of the submitter's batch, INLINE, or NULL behind the last */
static inline struct cring_req *cring_batch_next(struct cring_ring *ring,
						 struct cring_batch *batch)
{
	while (batch->next < batch->nr) {
		struct cring_req *req = ring->batch[batch->next++];

		if (unlikely(ring->drain)) {
			if (!cring_drain_hold(req))
				return req;
		} else if (cring_word_move(&req->word, CRING_ACCEPTED,
					   CRING_INLINE)) {
			return req;
		}
		/* waits, for its turn in a chain too, or was cancelled */
	}
	return NULL;
}

/* ready.c APIs: what became ready runs in a thread of the owner */
bool cring_ready_add(struct cring_req *req, enum cring_state from);
void cring_kick(struct cring_ring *ring);
bool cring_kick_absorb(const struct cring_reach *reach, u32 nr);
void cring_run_ready_list(struct cring_ring *ring);
void cring_flag(struct cring_ring *ring, u32 flag, bool on);
void cring_shared_flag(struct cring_ring *ring, u32 flag, bool on);
void cring_ready_init(struct cring_ring *ring);
void cring_ready_exit(void);

/* try what has become ready; a thread of the owner, no cring lock held */
static inline void cring_run_ready(struct cring_ring *ring)
{
	/* a look: what comes after it is kicked for */
	if (!list_empty(&ring->ready))
		cring_run_ready_list(ring);
}

/* arm.c APIs: wait on a file's wait queues */
enum cring_verdict cring_arm(struct cring_req *req, enum cring_state from);
void cring_unhook(struct cring_req *req);
void cring_unhook_many(struct llist_node *node);
void cring_disarm(struct cring_req *req);

/* worker.c APIs */
void cring_worker_init(struct cring_ring *ring);
void cring_worker_exit(struct cring_ring *ring);
bool cring_work_add(struct cring_req *req, enum cring_state from);
void cring_work_start(struct cring_ring *ring);
bool cring_work_start_counted(struct cring_ring *ring);
unsigned int cring_ring_workers(void);
void cring_worker_interrupt(struct cring_req *req);
bool cring_worker_enter(struct cring_worker *worker, struct cring_req *req);
void cring_worker_leave(struct cring_worker *worker);
bool cring_worker_use_mm(struct cring_ring *ring);
void cring_worker_unuse_mm(struct cring_ring *ring);

/* user.c APIs: what one user may have at once, over all rings */
extern unsigned int cring_max_user_rings, cring_max_user_workers,
		    cring_max_user_detached;
int cring_user_join(struct cring_ring *ring);
void cring_user_leave(struct cring_ring *ring);
void cring_user_put(struct cring_ring *ring);
bool cring_user_worker_get(struct cring_ring *ring);
void cring_user_worker_put(struct cring_ring *ring);
void cring_user_feed(struct cring_user *user);
int cring_user_workers_set(const char *val, const struct kernel_param *kp);
int cring_user_detach_get(struct cring_user *user);
void cring_user_detach_put(struct cring_user *user);
void cring_user_query(struct cring_query *query);

/* detach.c APIs: let go of what is being executed */
int cring_detach_get(struct cring_req *req);
void cring_detach_put(struct cring_req *req);
bool cring_detach_post(struct cring_req *req);
bool cring_detach_lend(struct cring_req *req);
bool cring_detach_return(struct cring_req *req);
void cring_detach_drop(struct cring_req *req, bool sync);
bool cring_detach(struct cring_req *req, u64 word);

/* stage.c APIs: move bytes through pages of ours */
#define CRING_MAX_STAGE		SZ_16M
int cring_stage(struct cring_req *req, enum cring_how how);
union cring_rw_mem *cring_stage_mem(struct cring_req *req);
void cring_stage_iter(struct cring_req *req, int rw, struct iov_iter *iter);
ssize_t cring_stage_out(struct cring_req *req, enum cring_how how, size_t len);
void cring_stage_fill(struct cring_req *req, s32 res);
bool cring_stage_is_full(const struct cring_req *req);
s32 cring_stage_filled(const struct cring_req *req);
void cring_stage_forget(struct cring_req *req);
void cring_stage_free(struct cring_req *req);

/* restrict.c APIs: what a ring may do */
struct cring_allow {
	bool given;
	u64 ops[4];
};

/* what the administrator admits to all rings; fixed once the module is loaded */
extern struct cring_allow cring_allow;
int cring_allow_parse(const char *val, struct cring_allow *allow);
void cring_restrict_init(struct cring_ring *ring);
int cring_restrict_sqe(const struct cring_ring *ring,
		       const struct cring_sqe *sqe);
int cring_restrict_cancel(const struct cring_ring *ring, u32 flags);
int cring_restrict_register(const struct cring_ring *ring, u32 opcode);
int cring_restrict_add(struct cring_ring *ring,
		       const struct cring_register *reg);

/* query.c APIs */
extern unsigned int cring_max_entries;
u32 cring_max_cq_entries(void);
int cring_query_ioctl(void __user *arg);

/* ident.c APIs: what a worker takes on */
struct cring_ident *cring_ident_get(struct cring_ring *ring, bool waits);
struct cring_ident *cring_ident_keep(struct cring_ring *ring);
struct cring_ident *cring_ident_get_known(struct cring_ring *ring);
int cring_ident_fix(struct cring_ring *ring);
void cring_ident_put(struct cring_ident *ident);
void cring_ident_put_many(struct cring_ident *ident, unsigned int nr);
struct cring_ident_saved {
	const struct cred *cred;
	struct mem_cgroup *memcg;
	unsigned long fsize;
	int ioprio;
};

void cring_ident_assume(const struct cring_ident *ident,
			struct cring_ident_saved *saved);
void cring_ident_drop(const struct cring_ident *ident,
		      struct cring_ident_saved *saved);
const struct cred *cring_ident_cred(const struct cring_ident *ident);
const struct pid *cring_ident_thread(const struct cring_ident *ident);
void cring_ident_hold(struct cring_ident *ident);

/* wait.c APIs */
int cring_wait_cqes(struct cring_ring *ring, u32 min, u64 rung,
		    const ktime_t *expires);
typedef bool cring_over_fn(struct cring_ring *ring, void *data, u64 arg);
int cring_wait_for(struct cring_ring *ring, cring_over_fn *over, void *data,
		   u64 arg, const ktime_t *expires);
int cring_wait_ioctl(struct cring_ring *ring, void __user *arg);
__poll_t cring_poll(struct file *file, struct poll_table_struct *pt);

/* wait until enough CQEs are in the CQ, see cring_wait_cqes() */
static inline int cring_wait(struct cring_ring *ring, u32 min, u64 rung,
			     const ktime_t *expires)
{
	if (cring_cq_has(ring, min) && list_empty(&ring->ready))
		return 0;
	return cring_wait_cqes(ring, min, rung, expires);
}

/* clock.c APIs: times, as user space gives them */
int cring_clock_of(u32 flags, u32 *clock);
int cring_timespec_get(u64 addr, ktime_t *time);
void cring_clock_fix(struct cring_ring *ring);
ktime_t cring_clock_host(const struct cring_ring *ring, u32 clock, ktime_t time);

/* timer.c APIs */
void cring_timer_init(struct cring_ring *ring);
void cring_timer_exit(struct cring_ring *ring);
void cring_timer_add(struct cring_req *req);
void cring_timer_del(struct cring_req *req);
void cring_timer_counted(struct cring_comp *comp);
void cring_timer_expire(struct cring_clock *clock, ktime_t now);
extern const struct cring_op cring_op_timeout, cring_op_timeout_remove,
			     cring_op_link_timeout;

/* deadline.c APIs: operations that end in -ETIME; under .lock unless stated */
void cring_deadline_init(struct cring_ring *ring);
void cring_deadline_exit(struct cring_ring *ring);
ktime_t cring_deadline_of(const struct cring_ring *ring, u64 ns, bool absolute,
			  ktime_t now);
bool cring_deadline_past(const struct cring_req *req);
void cring_deadline_batch(struct cring_ring *ring, ktime_t first);
void cring_deadline_arm(struct cring_req *req);
void cring_deadline_del(struct cring_req *req);
void cring_deadline_expire(struct cring_ring *ring, ktime_t now);
int cring_deadline_move(struct cring_req *req, ktime_t expires);
int cring_deadline_ioctl(struct cring_ring *ring, void __user *arg);

/* it can change in the hands of who runs the request */
static inline bool cring_deadline_given(const struct cring_req *req)
{
	return unlikely(READ_ONCE(req->dnode.expires) != KTIME_MAX);
}

/* a request that others find must be found by its deadline, too */
static inline void cring_deadline_park(struct cring_req *req)
{
	if (cring_deadline_given(req))
		cring_deadline_arm(req);
}

/* whose end is settled has none any more */
static inline void cring_deadline_drop(struct cring_req *req)
{
	if (unlikely(req->lflags & CRING_REQL_DEADLINE))
		cring_deadline_del(req);
}

/* window.c APIs: how much is in devices; under .lock unless stated */
bool cring_window_enter(struct cring_req *req, bool async);
void cring_window_dispatched(struct cring_req *req);
bool cring_window_hold(struct cring_req *req, enum cring_state from);
void cring_window_leave(struct cring_req *req);
void cring_window_return(struct cring_req *req);
bool cring_window_pump(struct cring_comp *comp);
int cring_register_window(struct cring_ring *ring,
			  const struct cring_register *reg);

/* file.c APIs: what may be done with a file, and how */
bool cring_file_is_ring(const struct file *file);
bool cring_file_worker_allowed(struct file *file);
bool cring_file_can_arm(struct file *file);
struct file *cring_file_get(struct cring_ring *ring, s32 fd, bool fixed);

/* rsrc.c APIs: fixed files, eventfd */
int cring_register_ioctl(struct cring_ring *ring, void __user *arg);
bool cring_register_known(u32 opcode);
void cring_rsrc_destroy(struct cring_ring *ring);
bool cring_rsrc_put_files(struct cring_ring *ring);

/* buf.c APIs: fixed buffers; see buf.h, too */
struct cring_buf;
int cring_register_buffers(struct cring_ring *ring,
			   const struct cring_register *reg);
bool cring_bufs_put(struct cring_ring *ring);
struct cring_buf *cring_buf_get(struct cring_ring *ring, u32 index, u64 addr,
				u32 len);
void cring_buf_put(struct cring_buf *buf);

/* client.c APIs: what became of a kernel caller's operations */
void cring_client_accept(struct cring_req *req);
struct file *cring_client_file(const struct cring_req *req);
const struct iov_iter *cring_client_iter(const struct cring_req *req);
void cring_client_post(struct cring_req *req);
void cring_client_done(struct cring_req *req);
void cring_client_release(struct cring_req *req);

/* op_*.c APIs */
int cring_cancel_read(struct cring_ring *ring, const struct cring_sqe *sqe,
		      struct cring_match *match, struct file **file);

/* what it means, of the SQE with that ticket */
static inline struct cring_filter
cring_cancel_filter(const struct cring_match *match, struct file *file, u64 ticket)
{
	return (struct cring_filter) {
		.file = file,
		.user_data = match->user_data,
		.ticket = match->ticket,
		.before = match->nothing ? 0 : ticket,
		.flags = match->flags,
		.group = match->group,
		.opcode = match->opcode,
	};
}

/* a read or write: does it go to the file? */
static inline bool cring_rw_is_write(const struct cring_req *req)
{
	return req->opcode == CRING_OP_WRITE ||
	       req->opcode == CRING_OP_WRITEV ||
	       req->opcode == CRING_OP_WRITE_FIXED;
}

/* is its memory a fixed buffer? */
static inline bool cring_rw_is_fixed(const struct cring_req *req)
{
	return req->opcode == CRING_OP_READ_FIXED ||
	       req->opcode == CRING_OP_WRITE_FIXED;
}

bool cring_rw_has_iter(const struct file *file, int rw);
void cring_rw_user_iter(struct cring_req *req, int rw, struct iov_iter *iter);
extern const struct cring_op cring_op_nop, cring_op_read, cring_op_write,
			     cring_op_readv, cring_op_writev,
			     cring_op_read_fixed, cring_op_write_fixed,
			     cring_op_fsync, cring_op_fallocate,
			     cring_op_sync_file_range,
			     cring_op_copy_file_range, cring_op_poll_add,
			     cring_op_poll_remove, cring_op_cancel;

#endif /* _CRING_H */
