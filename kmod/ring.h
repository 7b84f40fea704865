/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ring.
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
#ifndef _CRING_RING_H
#define _CRING_RING_H

#include <linux/hrtimer.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "req.h"

struct blk_plug;
struct cring_batch;
struct cring_owner;
struct cring_user;
struct cring_walk;

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
 * @gather: the submitter's batch, while it pulls its plug: gets what is held and
 *	ends there
 */
struct cring_inside {
	struct cring_req *req;
	struct task_struct *task;
	long ret;
	struct cring_batch *gather;
};

/**
 * struct cring_ring - what one open file of /dev/cring has set up
 * @submit_mutex: see the top of this file
 * @free: records for the submitter; under @submit_mutex
 * @batch: the records of the batch in progress, stable while it lasts
 * @batch_data: the user_data of each, behind it: who cancels by that looks here, not at
 *	the records, which their submitter is writing
 * @batch_nr: how many of them are accepted
 * @batch_seq: odd while there is a batch
 * @look: at what comes next in the SQ; under @submit_mutex
 * @iocb: of reads on the short way (quick.c), one after the other; likewise
 * @iter: likewise
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
	u64 *batch_data;
	u32 batch_nr;
	u32 batch_seq;
	struct cring_look look;
	struct kiocb iocb;
	struct iov_iter iter;
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

/* a request takes its place in a batch: in @batch, and in @batch_data */
static __always_inline void cring_batch_put(struct cring_req **to, u64 *data,
					    struct cring_req *req)
{
	/* who still looks at the last batch sees that it is over, see submit.h */
	WRITE_ONCE(*to, req);
	WRITE_ONCE(*data, req->user_data);
}

/*
 * May a batch have what the index has not?  Under @lock since that was looked at:
 * what is in flight is parked, and posted, under it, before its batch is over.  The
 * caller has read @accepted with acquire: a batch that counts there is on, or over.
 */
static inline bool cring_batch_is_on(const struct cring_ring *ring)
{
	lockdep_assert_held(&ring->lock);
	return READ_ONCE(ring->batch_nr);
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

#endif /* _CRING_RING_H */
