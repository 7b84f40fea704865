/* SPDX-License-Identifier: MIT */
/*
 * aio.h: POSIX asynchronous I/O, on top of cring.h.
 *
 * struct aiocb and the constants are the C library's.  Its functions are replaced
 * by name; with CRING_AIO_NO_NAMES defined they are not, and cring_aio_read() and
 * so on stand beside them.  What differs from glibc's:
 *
 *  - What waits for data (a pipe, a socket) can be cancelled: AIO_CANCELED, where
 *    glibc says AIO_NOTCANCELED of the one that a thread of its sleeps in.
 *  - Requests of one descriptor run side by side.  What POSIX orders is ordered:
 *    aio_fsync() comes after what was asked for before it, and so does a write
 *    after an earlier write of the same descriptor, if it appends.
 *  - A descriptor may be closed while requests are in flight: they go on.
 *  - At most CRING_POSIX_ENTRIES requests are in flight; more are EAGAIN.
 *  - aio_reqprio is checked, and has no effect.
 */
#ifndef CRING_COMPAT_AIO_H
#define CRING_COMPAT_AIO_H

#include_next <aio.h>

#include "aio_request.h"

#ifdef __cplusplus
extern "C" {
#endif

static inline int cring_aio_fails(int err)
{
	errno = err;
	return -1;
}

static inline int cring_aio_error(const struct aiocb *cb)
{
	return __atomic_load_n(&cring_aiocb_error(cb), __ATOMIC_ACQUIRE);
}

static inline ssize_t cring_aio_return(struct aiocb *cb)
{
	return cring_aiocb_return(cb);
}

/* ---------------------------------------------------------------------------
 * Starting
 */

#define CRING_AIO_PRIO_MAX	20	/* glibc's AIO_PRIO_DELTA_MAX */

static inline int cring_aio_start(struct aiocb *cb, enum cring_posix_kind kind,
				  int sync, struct cring_posix_list *list)
{
	struct cring_posix_req *req;
	int ret;

	if (cb->aio_reqprio < 0 || cb->aio_reqprio > CRING_AIO_PRIO_MAX) {
		cring_aiocb_error(cb) = EINVAL;
		cring_aiocb_return(cb) = -1;
		return cring_aio_fails(EINVAL);
	}
	req = (struct cring_posix_req *)calloc(1, sizeof(*req));
	if (!req)
		return cring_aio_fails(EAGAIN);
	req->cb = cb;
	req->kind = kind;
	req->fd = cb->aio_fildes;
	req->sync = sync;
	req->sev = cb->aio_sigevent;
	req->list = list;
	ret = cring_posix_begin(req);
	if (!ret)
		return 0;
	cring_aiocb_error(cb) = -ret;
	cring_aiocb_return(cb) = -1;
	return cring_aio_fails(-ret);
}

static inline int cring_aio_read(struct aiocb *cb)
{
	return cring_aio_start(cb, CRING_POSIX_READ, 0, NULL);
}

static inline int cring_aio_write(struct aiocb *cb)
{
	return cring_aio_start(cb, CRING_POSIX_WRITE, 0, NULL);
}

static inline int cring_aio_fsync(int op, struct aiocb *cb)
{
	int flags;

	if (op != O_SYNC && op != O_DSYNC)
		return cring_aio_fails(EINVAL);
	flags = fcntl(cb->aio_fildes, F_GETFL);
	if (flags < 0 || !(flags & O_ACCMODE))
		return cring_aio_fails(EBADF);
	return cring_aio_start(cb, CRING_POSIX_FSYNC,
			       op == O_DSYNC ? CRING_FSYNC_DATASYNC : 0, NULL);
}

/* ---------------------------------------------------------------------------
 * Waiting
 */

/* Until another request has ended than when @seen was read; 0, EINTR, EAGAIN. */
static inline int cring_aio_sleep(uint32_t seen, const struct timespec *left)
{
	if (!syscall(SYS_futex, &cring_posix.ended,
		     FUTEX_WAIT | FUTEX_PRIVATE_FLAG, seen, left, NULL, 0) ||
	    errno == EAGAIN)
		return 0;
	return errno == ETIMEDOUT ? EAGAIN : EINTR;
}

static inline uint32_t cring_aio_seen(void)
{
	return __atomic_load_n(&cring_posix.ended, __ATOMIC_ACQUIRE);
}

static inline int64_t cring_aio_nsec(const struct timespec *ts)
{
	if (ts->tv_sec >= INT64_MAX / 2000000000)
		return INT64_MAX / 2;
	return (int64_t)ts->tv_sec * 1000000000 + ts->tv_nsec;
}

static inline int64_t cring_aio_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return cring_aio_nsec(&ts);
}

static inline int cring_aio_suspend(const struct aiocb *const list[], int nent,
				    const struct timespec *timeout)
{
	int64_t end = timeout ? cring_aio_clock() + cring_aio_nsec(timeout) : 0;
	int i, any, err = 0;

	if (nent < 0)
		return cring_aio_fails(EINVAL);
	for (;;) {
		uint32_t seen = cring_aio_seen();
		struct timespec left;
		int64_t ns;

		for (i = 0, any = 0; i < nent; i++) {
			if (!list[i])
				continue;
			any = 1;
			if (cring_aio_error(list[i]) != EINPROGRESS)
				return 0;
		}
		if (!any)
			return 0;
		if (err)
			return cring_aio_fails(err);
		left.tv_sec = 0;
		left.tv_nsec = 0;
		ns = timeout ? end - cring_aio_clock() : 0;
		if (ns > 0) {
			left.tv_sec = ns / 1000000000;
			left.tv_nsec = ns % 1000000000;
		}
		err = cring_aio_sleep(seen, timeout ? &left : NULL);
	}
}

/* ---------------------------------------------------------------------------
 * Cancelling
 */

#define CRING_AIO_KEYS	32	/* of one call */

struct cring_aio_cancel {
	struct cring_cancel_key keys[CRING_AIO_KEYS];
	uint64_t serials[CRING_AIO_KEYS];
	unsigned int nr;
	int canceled, not_canceled;
};

static inline int cring_aio_in_flight(int fd, uint64_t serial)
{
	struct cring_posix_req *req;

	pthread_mutex_lock(&cring_posix.lock);
	for (req = *cring_posix_bucket(fd); req; req = req->next)
		if (req->serial == serial)
			break;
	pthread_mutex_unlock(&cring_posix.lock);
	return !!req;
}

/* A request that has its completion: until the thread has seen to it. */
static inline void cring_aio_await(int fd, uint64_t serial)
{
	uint32_t seen = cring_aio_seen();

	while (cring_aio_in_flight(fd, serial)) {
		cring_aio_sleep(seen, NULL);
		seen = cring_aio_seen();
	}
}

/*
 * What was gathered, in one call.  Tickets name the requests, so that none hits
 * one that was started since; the completions come straight here, so that
 * aio_error() says ECANCELED when this is over.
 */
static inline void cring_aio_cancel_keys(struct cring_aio_cancel *c, int fd)
{
	struct cring_cqe cqes[CRING_AIO_KEYS];
	unsigned int i, reaped = 0;

	if (c->nr && cring_cancel_reap(&cring_posix.ring, c->keys, c->nr, 0, 0,
				       cqes, CRING_AIO_KEYS, &reaped) < 0) {
		c->not_canceled = 1;
		return;
	}
	for (i = 0; i < reaped; i++)
		cring_posix_end((struct cring_posix_req *)
				cring_cqe_get_data(&cqes[i]), cqes[i].res);
	for (i = 0; i < c->nr; i++) {
		if (c->keys[i].res == -EALREADY)
			c->not_canceled = 1;
		else if (!c->keys[i].res)
			c->canceled = 1;
		else
			cring_aio_await(fd, c->serials[i]);
	}
}

/*
 * With the lock held: the next ones before @from, of this aiocb or all.  One that
 * waits for older ones is not in the ring: it is given back, and the caller's.
 */
static inline struct cring_posix_req *
cring_aio_gather(struct cring_aio_cancel *c, int fd, const struct aiocb *cb,
		 uint64_t *from)
{
	struct cring_posix_req *req;

	c->nr = 0;
	for (req = *cring_posix_bucket(fd); req; req = req->next) {
		if (req->fd != fd || (cb && req->cb != cb) || req->taken ||
		    req->serial >= *from)
			continue;
		*from = req->serial;
		if (req->waits) {
			req->taken = 1;
			return req;
		}
		c->keys[c->nr] = cring_key(req, CRING_ASYNC_CANCEL_USERDATA |
					   CRING_ASYNC_CANCEL_TICKET);
		c->keys[c->nr].ticket = req->ticket;
		c->serials[c->nr] = req->serial;
		if (++c->nr == CRING_AIO_KEYS)
			break;
	}
	return NULL;
}

static inline int cring_aio_cancel(int fd, struct aiocb *cb)
{
	struct cring_aio_cancel c;
	struct cring_posix_req *req;
	uint64_t from = UINT64_MAX;	/* from the newest to the oldest */

	if (fcntl(fd, F_GETFD) < 0)
		return cring_aio_fails(EBADF);
	if (cb && cb->aio_fildes != fd)
		return cring_aio_fails(EINVAL);
	memset(&c, 0, sizeof(c));
	do {
		pthread_mutex_lock(&cring_posix.lock);
		req = cring_aio_gather(&c, fd, cb, &from);
		pthread_mutex_unlock(&cring_posix.lock);
		cring_aio_cancel_keys(&c, fd);
		if (req) {
			c.canceled = 1;
			cring_posix_end(req, -ECANCELED);
		}
	} while (req || c.nr == CRING_AIO_KEYS);
	if (c.not_canceled)
		return AIO_NOTCANCELED;
	return c.canceled ? AIO_CANCELED : AIO_ALLDONE;
}

/* ---------------------------------------------------------------------------
 * Lists
 */

static inline int cring_lio_listio(int mode, struct aiocb *const cbs[],
				   int nent, struct sigevent *sev)
{
	struct cring_posix_list *list;
	int i, err = 0;

	if ((mode != LIO_WAIT && mode != LIO_NOWAIT) || nent < 0)
		return cring_aio_fails(EINVAL);
	list = (struct cring_posix_list *)calloc(1, sizeof(*list));
	if (!list)
		return cring_aio_fails(EAGAIN);
	list->sev.sigev_notify = SIGEV_NONE;
	if (mode == LIO_NOWAIT && sev)
		list->sev = *sev;
	list->left = 1;		/* this call's own; who takes the last, frees it */
	for (i = 0; i < nent; i++) {
		if (!cbs[i] || cbs[i]->aio_lio_opcode == LIO_NOP)
			continue;
		__atomic_add_fetch(&list->left, 1, __ATOMIC_RELAXED);
		if (!cring_aio_start(cbs[i], cbs[i]->aio_lio_opcode ==
				     LIO_WRITE ? CRING_POSIX_WRITE :
				     CRING_POSIX_READ, 0, list))
			continue;
		__atomic_sub_fetch(&list->left, 1, __ATOMIC_RELAXED);
		err = EIO;
	}
	while (mode == LIO_WAIT && err != EINTR) {
		uint32_t seen = cring_aio_seen();

		if (__atomic_load_n(&list->left, __ATOMIC_ACQUIRE) == 1) {
			if (list->failed)
				err = EIO;
			break;
		}
		if (cring_aio_sleep(seen, NULL) == EINTR)
			err = EINTR;
	}
	cring_posix_list_end(list, 0);
	return err ? cring_aio_fails(err) : 0;
}

#ifdef __cplusplus
}
#endif

#ifndef CRING_AIO_NO_NAMES
#define aio_read	cring_aio_read
#define aio_write	cring_aio_write
#define aio_fsync	cring_aio_fsync
#define aio_error	cring_aio_error
#define aio_return	cring_aio_return
#define aio_suspend	cring_aio_suspend
#define aio_cancel	cring_aio_cancel
#define lio_listio	cring_lio_listio
#endif

#endif /* CRING_COMPAT_AIO_H */
