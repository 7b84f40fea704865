/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Points at which a test may hold a thread up, so that an order of events that
 * happens once in a million times happens each time.  Nothing in a module
 * without tests.
 */
#ifndef _CRING_POINT_H
#define _CRING_POINT_H

#include <linux/compiler.h>
#include <linux/kconfig.h>

struct cring_ring;
struct cring_req;

enum cring_point {
	CRING_AT_ACCEPT,	/* a submitter has seen the ring open */
	CRING_AT_COPIED,	/* an SQE was read, and is not to be read again */
	CRING_AT_NOP,		/* a NOP is next, not to be found; under .lock */
	CRING_AT_PAIR,		/* a poll and its cancel are next, and it waits */
	CRING_AT_HOOKED,	/* a read is on its pipe's queue, and not accepted */
	CRING_AT_ANNOUNCE,	/* its batch is announced, seals not looked at */
	CRING_AT_SEAL,		/* a cancel is about to seal */
	CRING_AT_SEALED,	/* it has; what is accepted was not read yet */
	CRING_AT_BATCH,		/* its batch can be found, and is not accepted yet */
	CRING_AT_BATCH_OVER,	/* its batch has ended, and can still be found */
	CRING_AT_HOLD,		/* it has no place in the window, and does not wait */
	CRING_AT_CANCEL,	/* a cancel has read a word; under .lock */
	CRING_AT_WAKE,		/* a wake-up has; under the wait queue's lock */
	CRING_AT_POP,		/* a worker is about to take a request */
	CRING_AT_SIGNAL,	/* a cancel interrupts it; under its worker's lock */
	CRING_AT_UNPLUG,	/* a submitter gathers what ends where it pulls its plug */
	CRING_AT_PUBLISH,	/* its CQE is written, not published; under .lock */
	CRING_AT_DROP,		/* it has looked who else holds its file */
	CRING_AT_RUN,		/* it has: RUNNING, but not to be interrupted */
	CRING_AT_RAN,		/* no longer to be interrupted; not finished */
	CRING_AT_LEND,		/* about to be lent to who executes it */
	CRING_AT_RETURN,	/* executed, and about to be taken back */
	CRING_AT_COPY,		/* taken back, and about to be copied out */
	CRING_AT_ENDED,		/* a device has claimed it; no CQE posted yet */
	CRING_AT_REAPED,	/* a reap is over, and its marks are still there */
	CRING_AT_ABSORB,	/* a wait was interrupted; by whom is not known yet */
	CRING_AT_NO_PLACE,	/* a request has no place in the window */
	CRING_AT_FEED,		/* it starved, and is about to get a worker */
	CRING_AT_CIRCLE,	/* a cancel of ALL knows where in the index to look */
	CRING_AT_BEHIND,	/* the index has not what a cancel means; the batch is next */
	CRING_AT_BREAK,		/* .lock was let go of, and there is more to do */
	CRING_NR_POINTS
};

#if IS_ENABLED(CONFIG_CRING_KUNIT_TEST)
typedef void cring_point_fn(enum cring_point point, struct cring_ring *ring,
			    struct cring_req *req);
extern cring_point_fn *cring_point_hook;

static inline void cring_at(enum cring_point point, struct cring_ring *ring,
			    struct cring_req *req)
{
	cring_point_fn *hook = READ_ONCE(cring_point_hook);

	if (hook)
		hook(point, ring, req);
}
#else
static inline void cring_at(enum cring_point point, struct cring_ring *ring,
			    struct cring_req *req)
{
}
#endif

#endif /* _CRING_POINT_H */
