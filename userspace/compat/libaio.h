/* SPDX-License-Identifier: MIT */
/*
 * libaio.h: libaio's calls, on top of cring.h.  Errors are negative returns.
 *
 * io_cancel() does what io_cancel(2)'s page says: the event of what it stops is
 * in the caller's memory, and not in the queue.  What differs from the kernel's:
 *
 *  - Buffered I/O does not hold up io_submit(): what cannot be done at once is
 *    done by a worker.  So io_getevents() with min_nr 0 and a timeout waits for
 *    one event, if anything is in flight.
 *  - What is wrong with a descriptor or a buffer is in the event, not in the
 *    answer of io_submit().
 *  - A wrong pointer is -EFAULT in io_setup() and io_cancel().  Elsewhere NULL
 *    and the kernel's addresses are; another one is the caller's fault.
 *  - io_set_eventfd(): one eventfd a context, which is signalled for all that
 *    ends there, once for several that end together.  Call io_getevents() until
 *    it gives none; do not count by the eventfd's value.
 *  - No other thread may use a context while io_destroy() ends it.
 */
#ifndef CRING_COMPAT_LIBAIO_H
#define CRING_COMPAT_LIBAIO_H

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/types.h>
#include <time.h>

#include <cring.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "libaio_iocb.h"
#include "libaio_context.h"
#include "libaio_op.h"

/* ---------------------------------------------------------------------------
 * The calls
 */

/* 0; -EINVAL, -EFAULT, -EAGAIN (too many), and what cring_queue_init() says */
static inline int io_setup(int maxevents, io_context_t *ctxp)
{
	struct cring_aio *ctx;
	int ret;

	if (!cring_aio_writable(ctxp, sizeof(*ctxp)))
		return -EFAULT;
	if (*ctxp || maxevents <= 0)
		return -EINVAL;
	if (maxevents > CRING_MAX_CQ_ENTRIES)
		return -EAGAIN;
	ret = cring_aio_new((unsigned int)maxevents, &ctx);
	if (ret)
		return ret;
	ret = cring_aio_publish(ctx);
	if (ret) {
		cring_aio_free(ctx);
		return ret;
	}
	*ctxp = ctx->id;
	return 0;
}

/* Stops what can be stopped, and waits for the rest. */
static inline int io_destroy(io_context_t ctx_id)
{
	struct cring_cancel_key key;
	struct cring_aio *ctx = cring_aio_unpublish(ctx_id);

	if (!ctx)
		return -EINVAL;
	do {
		key = cring_key_any(CRING_ASYNC_CANCEL_ALL);
	} while (cring_cancel_sync(&ctx->ring, &key, CRING_CANCEL_WAIT, -1) ==
		 -EINTR);
	cring_aio_free(ctx);
	return 0;
}

/* How many were taken; when that is none: -EINVAL, -EFAULT, -EAGAIN. */
static inline int io_submit(io_context_t ctx_id, long nr, struct iocb *ios[])
{
	struct cring_aio *ctx = cring_aio_find(ctx_id);
	long taken = 0, prepared = 0;
	int ret = 0;

	if (!ctx || nr < 0)
		return -EINVAL;
	if (!nr)
		return 0;
	if (cring_aio_nowhere(ios))
		return -EFAULT;
	pthread_mutex_lock(&ctx->submit_lock);
	while (!ret && taken < nr) {
		ret = cring_aio_queue(ctx, ios[taken]);
		if (!ret) {
			taken++;
			prepared++;
		}
		if (prepared && (ret || taken == nr ||
				 !cring_sq_space_left(&ctx->ring))) {
			int err = cring_aio_submit(ctx);

			if (err < 0) {
				ret = err;
				taken -= prepared;
			}
			prepared = 0;
		}
	}
	pthread_mutex_unlock(&ctx->submit_lock);
	return taken ? (int)taken : ret;
}

/* How many events; fewer than min_nr when the time was over.  -EINTR: none. */
static inline int io_pgetevents(io_context_t ctx_id, long min_nr, long nr,
				struct io_event *events,
				struct timespec *timeout, sigset_t *sigmask)
{
	struct cring_aio *ctx = cring_aio_find(ctx_id);
	struct cring_timespec left;
	__s64 end = 0;
	long got = 0;
	int ret = 0;

	if (!ctx || min_nr < 0 || nr < min_nr)
		return -EINVAL;
	if (nr && cring_aio_nowhere(events))
		return -EFAULT;
	if (timeout) {
		if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 ||
		    timeout->tv_nsec >= 1000000000)
			return -EINVAL;
		end = cring_aio_now() + cring_aio_ns(timeout);
		if (!min_nr && nr && cring_aio_ns(timeout) &&
		    cring_in_flight(&ctx->ring))
			min_nr = 1;
	}
	for (;;) {
		got += cring_aio_take(ctx, events + got, nr - got);
		if (got >= min_nr || ret < 0)
			break;
		if (timeout) {
			__s64 ns = end - cring_aio_now();

			ns = ns > 0 ? ns : 0;
			left.tv_sec = ns / 1000000000;
			left.tv_nsec = ns % 1000000000;
		}
		ret = cring_enter_timeout(&ctx->ring, 0,
					  cring_aio_want(ctx, min_nr - got),
					  timeout ? &left : NULL, sigmask);
	}
	if (got || ret == -ETIME)
		return (int)got;
	return ret < 0 ? ret : 0;
}

static inline int io_getevents(io_context_t ctx_id, long min_nr, long nr,
			       struct io_event *events,
			       struct timespec *timeout)
{
	return io_pgetevents(ctx_id, min_nr, nr, events, timeout, NULL);
}

/*
 * 0: stopped, its event is in @evt and nowhere else, and its buffer is free.
 * -EAGAIN: not stopped; its event comes, or came, through io_getevents() (one
 * that is under way was told to stop all the same).  -EFAULT, -EINVAL: nothing
 * was done.
 */
static inline int io_cancel(io_context_t ctx_id, struct iocb *iocb,
			    struct io_event *evt)
{
	struct cring_aio *ctx = cring_aio_find(ctx_id);
	struct cring_cancel_key key;
	struct cring_cqe cqe;
	unsigned int reaped;
	int ret;

	if (!ctx)
		return -EINVAL;
	if (!cring_aio_readable(iocb, sizeof(*iocb)) ||
	    !cring_aio_writable(evt, sizeof(*evt)))
		return -EFAULT;
	if (!(ctx->ring.features & CRING_FEAT_REAP))
		return -ENOSYS;
	if (!cring_aio_key(ctx, iocb, &key))
		return -EAGAIN;
	ret = cring_cancel_reap(&ctx->ring, &key, 1, 0, 0, &cqe, 1, &reaped);
	if (ret < 0)
		return ret;
	if (key.res || !reaped)
		return -EAGAIN;
	cring_aio_event(ctx, &cqe, evt);
	return 0;
}

static inline int io_queue_init(int maxevents, io_context_t *ctxp)
{
	if (maxevents <= 0)
		return -EINVAL;
	*ctxp = NULL;
	return io_setup(maxevents, ctxp);
}

static inline int io_queue_release(io_context_t ctx_id)
{
	return io_destroy(ctx_id);
}

/* Calls back for each event that is there. */
static inline int io_queue_run(io_context_t ctx_id)
{
	struct timespec now = { 0, 0 };
	struct io_event event;
	int ret;

	while ((ret = io_getevents(ctx_id, 0, 1, &event, &now)) == 1) {
		io_callback_t cb = (io_callback_t)(uintptr_t)event.data;

		cb(ctx_id, event.obj, (long)event.res, (long)event.res2);
	}
	return ret;
}

static inline int io_poll(io_context_t ctx_id, struct iocb *iocb,
			  io_callback_t cb, int fd, int events)
{
	io_prep_poll(iocb, fd, events);
	io_set_callback(iocb, cb);
	return io_submit(ctx_id, 1, &iocb);
}

static inline int io_fsync(io_context_t ctx_id, struct iocb *iocb,
			   io_callback_t cb, int fd)
{
	io_prep_fsync(iocb, fd);
	io_set_callback(iocb, cb);
	return io_submit(ctx_id, 1, &iocb);
}

static inline int io_fdsync(io_context_t ctx_id, struct iocb *iocb,
			    io_callback_t cb, int fd)
{
	io_prep_fdsync(iocb, fd);
	io_set_callback(iocb, cb);
	return io_submit(ctx_id, 1, &iocb);
}

#ifdef __cplusplus
}
#endif

#endif /* CRING_COMPAT_LIBAIO_H */
