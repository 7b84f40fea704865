/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A live ring for suites that need one, files that do as they are told, and
 * other threads of the ring's owner.
 *
 * The thread that runs a test is made the owner of the ring: it gets an address
 * space, and opens, sets up and maps the ring in the module's own ways.  It is a
 * kernel thread that never returns to user space: what becomes ready runs when
 * the test submits, waits, or asks for it (cring_run_ready(), live_return()),
 * and at no other time.
 *
 * Whatever a test leaves behind, failed or not, is ended when it is over; that
 * the ring itself then goes away is expected of every test.
 *
 * KUNIT_EXPECT_* and KUNIT_ASSERT_* belong in the test's own thread only.
 */
#ifndef _CRING_KUNIT_FIXTURE_H
#define _CRING_KUNIT_FIXTURE_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/kref.h>
#include <linux/mman.h>

#include "cring.h"
#include "point.h"

/* far longer than anything takes that is to happen at all */
#define LIVE_PATIENCE	(20 * HZ)

/* ---------------------------------------------------------------------------
 * The ring
 */

struct live;
typedef void live_point_fn(struct live *live, struct cring_req *req);

/**
 * struct live - a ring and its owner, the test
 * @test: the test
 * @ring: the ring
 * @file: its open file, or NULL once it was closed
 * @fd: its descriptor
 * @params: as set up
 * @user: where it is mapped in the test's address space
 * @args: a page of user memory for the arguments of calls
 * @mm: that address space
 * @mapping: the file of the mapping: the ring's last but for ours
 * @sq_tail: SQEs made so far
 * @scripts: files of this test
 * @others: threads of this test
 * @at: see live_at()
 * @priv: the test's own
 */
struct live {
	struct kunit *test;
	struct cring_ring *ring;
	struct file *file;
	int fd;
	struct cring_params params;
	unsigned long user;
	unsigned long args;
	struct mm_struct *mm;
	struct file *mapping;
	u32 sq_tail;
	struct list_head scripts;
	struct list_head others;
	live_point_fn *at[CRING_NR_POINTS];
	void *priv;
};

/* @cq 0: as many as a program gets that does not ask */
struct live *live_open(struct kunit *test, u32 sq, u32 cq);
struct live *live_open_with(struct kunit *test, struct cring_params want);
long live_ioctl(struct live *live, unsigned int cmd, const void *arg,
		size_t size);
void live_close(struct live *live);
void live_return(void);
bool live_gone(struct live *live);
unsigned long live_pages(struct live *live, unsigned int nr, int prot);

/* the address of one of 64 struct cring_timespec, and what it says */
u64 live_timespec(struct live *live, unsigned int slot, s64 ns);

/* the next SQE, zeroed but for these; any thread, one at a time */
struct cring_sqe *live_sqe(struct live *live, u8 opcode, u64 user_data);
/* submit all of them, as CRING_IOC_SUBMIT does */
int live_submit(struct live *live);
/* one read of a byte from a script, submitted; its state afterwards */
struct script;
void live_prep_read(struct cring_sqe *sqe, struct script *script,
		    unsigned long addr, u32 len);
enum cring_state live_read(struct live *live, struct script *script,
			   u64 user_data);

/* CQEs that nobody has reaped yet */
u32 live_nr_cqes(struct live *live);
bool live_reap(struct live *live, struct cring_cqe *cqe);
/* the same, but wait for it */
bool live_wait(struct live *live, struct cring_cqe *cqe);

/* the request in flight of that user_data, or NULL */
struct cring_req *live_req(struct live *live, u64 user_data);
/* its state; FREE when there is none */
enum cring_state live_state(struct live *live, u64 user_data);
bool live_await(struct live *live, u64 user_data, enum cring_state state);
/* operations in flight */
u64 live_in_flight(struct live *live);

/* cancel all that was submitted; from any thread */
s32 live_cancel(struct live *live, u32 flags, u64 user_data);
/* CRING_IOC_CANCEL of one key; the key has the answer */
long live_cancel_sync(struct live *live, struct cring_cancel_key *key,
		      u32 flags, s64 timeout);
/* CRING_IOC_REGISTER of an array */
long live_register(struct live *live, u32 opcode, u32 offset,
		   const void *array, u32 nr, size_t size);

/* poll a condition until it holds, or patience ends: true or false */
#define live_until(cond) ({						\
	unsigned long end_ = jiffies + LIVE_PATIENCE;			\
	bool over_;							\
									\
	while (!(over_ = (cond)) && time_before(jiffies, end_))		\
		schedule_timeout_uninterruptible(1);			\
	over_;								\
})

#define LIVE_ANY_FLAGS	U32_MAX

/* expect that a CQE was reaped, and that it is this one */
#define LIVE_EXPECT_REAPED(on, reap, ud, result, fl) do {		\
	struct live *live_ = (on);					\
	struct cring_cqe cqe_ = {};					\
	u32 flags_ = (fl);						\
									\
	KUNIT_EXPECT_TRUE(live_->test, reap(live_, &cqe_));		\
	KUNIT_EXPECT_EQ(live_->test, cqe_.user_data, (u64)(ud));	\
	KUNIT_EXPECT_EQ(live_->test, cqe_.res, (s32)(result));		\
	if (flags_ != LIVE_ANY_FLAGS)					\
		KUNIT_EXPECT_EQ(live_->test, cqe_.flags, flags_);	\
} while (0)

/* the next one is in the CQ now */
#define LIVE_EXPECT_CQE(on, ud, result)				\
	LIVE_EXPECT_REAPED(on, live_reap, ud, result, LIVE_ANY_FLAGS)
#define LIVE_EXPECT_CQE_FLAGS(on, ud, result, flags)			\
	LIVE_EXPECT_REAPED(on, live_reap, ud, result, flags)

/* the next one may take its time */
#define LIVE_EXPECT_WAIT(on, ud, result)				\
	LIVE_EXPECT_REAPED(on, live_wait, ud, result, LIVE_ANY_FLAGS)

#define LIVE_EXPECT_NO_CQE(on) do {					\
	struct live *live_ = (on);					\
									\
	KUNIT_EXPECT_EQ(live_->test, live_nr_cqes(live_), 0);		\
} while (0)

#define LIVE_EXPECT_STATE(on, ud, state) do {				\
	struct live *live_ = (on);					\
									\
	KUNIT_EXPECT_STREQ(live_->test,					\
			   cring_state_name(live_state(live_, ud)),	\
			   cring_state_name(state));			\
} while (0)

/* ---------------------------------------------------------------------------
 * Files that do as they are told
 */

/* what cring takes a file for */
enum script_kind {
	SCRIPT_POLL,	/* like a socket: never in a worker, can be armed */
	SCRIPT_FIFO,	/* like a FIFO: can be armed, may run in a worker */
	SCRIPT_WORKER,	/* like a file of FUSE: runs in a worker */
	SCRIPT_FILE,	/* like a file of ext4: tried before a worker gets it */
	SCRIPT_DEVICE,	/* like direct I/O: ends by a completion */
	SCRIPT_BARE,	/* like a device that can do nothing */
};

/* a read, a write (@iocb and @iter as usual) or a sync (both NULL) */
typedef ssize_t script_fn(struct script *script, struct kiocb *iocb,
			  struct iov_iter *iter);

#define SCRIPT_MAX_QUEUED	16

/**
 * struct script - an open file that does as it is told
 * @kref: the test's, and the file's
 * @node: in live.scripts
 * @file: referenced by the test until script_close()
 * @fd: descriptor, -1 once closed
 * @run: what its methods do; may be changed at any time
 * @priv: the test's own
 * @wq: its pollers, and who sleeps in a method
 * @events: what its poll tells
 * @let_go: nobody sleeps in a method any more
 * @inside: threads inside a method
 * @calls: how often methods were called
 * @lock: of @queued
 * @queued: what its device has; NULL when it was completed
 * @nr_queued: how many it was ever given
 * @released: completed by the file's release
 */
struct script {
	struct kref kref;
	struct list_head node;
	struct file *file;
	int fd;
	script_fn *run;
	void *priv;
	wait_queue_head_t wq;
	__poll_t events;
	bool let_go;
	atomic_t inside;
	atomic_t calls;
	spinlock_t lock;	/* any context */
	struct kiocb *queued[SCRIPT_MAX_QUEUED];
	unsigned int nr_queued;
	struct completion released;
};

/* a file with a descriptor; its methods are those that fit its kind */
struct script *script_open(struct live *live, enum script_kind kind);
/* close its descriptor, and drop the test's reference */
void script_close(struct script *script);
bool script_is_released(struct script *script);

/* move all bytes, at once */
ssize_t script_transfer(struct script *script, struct kiocb *iocb,
			struct iov_iter *iter);
/* the same when it is ready, else -EAGAIN */
ssize_t script_try(struct script *script, struct kiocb *iocb,
		   struct iov_iter *iter);
/* sleep until let go, then move all bytes; a signal interrupts it */
ssize_t script_sleep(struct script *script, struct kiocb *iocb,
		     struct iov_iter *iter);
/* the same, and nothing interrupts it */
ssize_t script_stick(struct script *script, struct kiocb *iocb,
		     struct iov_iter *iter);
/* put it into the device's queue */
ssize_t script_queue(struct script *script, struct kiocb *iocb,
		     struct iov_iter *iter);

/* change what poll tells, and wake pollers; any context */
void script_ready(struct script *script, __poll_t events);
/* let who sleeps in a method go on; any context */
void script_let_go(struct script *script);
/* wait until so many are inside a method */
bool script_await(struct script *script, int inside);
/* the device completes its @nr-th request; any context */
bool script_complete(struct script *script, unsigned int nr, long res);

/* for the end of a test */
void script_end(struct script *script);

/* ---------------------------------------------------------------------------
 * Other threads of the owner
 */

struct other;

/* on another processor than the test, if there is one */
struct other *other_start(struct live *live, int (*fn)(void *arg), void *arg);
/* wait for its end; what @fn returned, or -ETIMEDOUT */
int other_join(struct other *other);
/* has @fn returned? */
bool other_is_done(struct other *other);

/* for the end of a test */
void others_end(struct live *live);

/* rings of this test that start their workers from now on have so many */
void live_max_workers(struct kunit *test, unsigned int nr);

/* a race needs another processor: skip the test if there is none */
#define live_needs_two(test) do {					\
	if (num_online_cpus() < 2)					\
		kunit_skip(test, "a race needs two processors");	\
} while (0)

/* both sides come here for the nth time, 1 being the first, and go on together */
void live_meet(atomic_t *meetings, int nth);

/* ---------------------------------------------------------------------------
 * Points at which threads are held up; see point.h
 */

/* whoever comes to @point calls @fn; NULL: nobody does */
void live_at(struct live *live, enum cring_point point, live_point_fn *fn);
/* for the end of a test */
void live_points_end(struct live *live);

/* the same as live_until(), for where one must not sleep */
#define live_spin(cond) ({						\
	ktime_t end_ = ktime_add_ns(ktime_get(),			\
				    jiffies_to_nsecs(LIVE_PATIENCE));	\
	bool over_;							\
									\
	while (!(over_ = (cond)) && ktime_before(ktime_get(), end_))	\
		cpu_relax();						\
	over_;								\
})

#endif /* _CRING_KUNIT_FIXTURE_H */
