/* SPDX-License-Identifier: MIT */
/*
 * The inside of aio.h: one ring for the process, a thread that takes completions
 * off it, and a record of each request in flight.
 *
 * The state of a request as the program sees it is in its aiocb, in the fields
 * that the C library has for that.  A record lives from aio_read() until the
 * request has ended.  Who gets the completion, the thread or a cancel that reaped
 * it, ends the record.
 *
 * One lock, for records and submission queue.  It is held over the submit call,
 * but over none that waits, nor over a cancel.
 */
#ifndef CRING_COMPAT_AIO_REQUEST_H
#define CRING_COMPAT_AIO_REQUEST_H

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>

#include <cring.h>

#ifdef __GLIBC__
#define cring_aiocb_error(cb)	((cb)->__error_code)
#define cring_aiocb_return(cb)	((cb)->__return_value)
#else	/* musl */
#define cring_aiocb_error(cb)	((cb)->__err)
#define cring_aiocb_return(cb)	((cb)->__ret)
#endif

#define CRING_POSIX_ENTRIES	4096	/* requests in flight */
#define CRING_POSIX_BUCKETS	64

enum cring_posix_kind { CRING_POSIX_READ, CRING_POSIX_WRITE, CRING_POSIX_FSYNC };

/* What lio_listio() is to be told of. */
struct cring_posix_list {
	struct sigevent sev;
	unsigned int left;
	unsigned int failed;
};

struct cring_posix_req {
	struct cring_posix_req *next, **at;	/* of its bucket, newest first */
	struct aiocb *cb;
	struct cring_posix_list *list;
	struct sigevent sev;
	enum cring_posix_kind kind;
	int fd;
	int sync;		/* FSYNC: CRING_FSYNC_* */
	uint64_t serial;
	uint64_t ticket;	/* when waits is 0 and it was submitted */
	unsigned int waits;	/* for so many older ones of this descriptor */
	int taken;		/* while it waited, by a cancel, which ends it */
	int error;		/* could not be submitted after it had waited */
	struct cring_posix_req *failed;
};

struct cring_posix {
	pthread_mutex_t lock;
	struct cring ring;
	int ready;
	int forks_seen_to;
	unsigned int held;	/* records that wait for older ones */
	uint32_t ended;		/* futex: changes when a request ends */
	uint64_t serial;
	struct cring_posix_req *buckets[CRING_POSIX_BUCKETS];
};

/*
 * One for all files of a program that include this.  A mutex of zeroes is an
 * unlocked one, in glibc and in musl.
 */
__attribute__((weak)) struct cring_posix cring_posix;

static inline struct cring_posix_req **cring_posix_bucket(int fd)
{
	return &cring_posix.buckets[(unsigned int)fd % CRING_POSIX_BUCKETS];
}

/* ---------------------------------------------------------------------------
 * Ending
 */

static inline void *cring_posix_thread_main(void *arg)
{
	struct sigevent *copy = (struct sigevent *)arg, sev = *copy;

	free(copy);
	sev.sigev_notify_function(sev.sigev_value);
	return NULL;
}

static inline void cring_posix_notify(const struct sigevent *sev)
{
	pthread_attr_t detached;
	struct sigevent *copy;
	pthread_t thread;
	siginfo_t info;

	if (sev->sigev_notify == SIGEV_SIGNAL) {
		memset(&info, 0, sizeof(info));
		info.si_signo = sev->sigev_signo;
		info.si_code = SI_ASYNCIO;
		info.si_pid = getpid();
		info.si_uid = getuid();
		info.si_value = sev->sigev_value;
		syscall(SYS_rt_sigqueueinfo, getpid(), sev->sigev_signo, &info);
	} else if (sev->sigev_notify == SIGEV_THREAD) {
		copy = (struct sigevent *)malloc(sizeof(*copy));
		if (!copy)
			return;
		*copy = *sev;
		pthread_attr_init(&detached);
		pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
		if (pthread_create(&thread, sev->sigev_notify_attributes ?
				   (pthread_attr_t *)sev->sigev_notify_attributes :
				   &detached, cring_posix_thread_main, copy))
			free(copy);
		pthread_attr_destroy(&detached);
	}
}

/* To the kernel, with the lock held; 0 or -errno. */
static inline int cring_posix_submit(struct cring_posix_req *req)
{
	struct cring *ring = &cring_posix.ring;
	const struct aiocb *cb = req->cb;
	struct cring_sqe *sqe = cring_get_sqe(ring);
	/* To POSIX -1 is no place, to cring it is the file's own. */
	__u64 off = cb->aio_offset == -1 ? (__u64)INT64_MIN :
					   (__u64)cb->aio_offset;
	unsigned int len = cb->aio_nbytes > INT32_MAX ? INT32_MAX :
						(unsigned int)cb->aio_nbytes;
	int ret;

	if (!sqe)
		return -EAGAIN;
	if (req->kind == CRING_POSIX_FSYNC)
		cring_prep_fsync(sqe, req->fd, (unsigned int)req->sync);
	else
		cring_prep_rw(req->kind == CRING_POSIX_READ ? CRING_OP_READ :
			      CRING_OP_WRITE, sqe, req->fd,
			      (const void *)cb->aio_buf, len, off);
	cring_sqe_set_data(sqe, req);
	req->ticket = cring_sqe_ticket(ring, sqe);
	ret = cring_submit(ring);
	if (ret == 1)
		return 0;
	cring_sq_rollback(ring, (unsigned int)req->ticket);
	return ret == -EBUSY || !ret ? -EAGAIN : ret;
}

/* Must @req, which is newer, wait for @old? */
static inline int cring_posix_follows(const struct cring_posix_req *req,
				      const struct cring_posix_req *old)
{
	return req->fd == old->fd && req->serial > old->serial &&
	       (req->kind == CRING_POSIX_FSYNC ||
		(req->kind == CRING_POSIX_WRITE &&
		 old->kind == CRING_POSIX_WRITE));
}

/*
 * Off its bucket, with the lock held.  Those that waited for it are submitted;
 * those for which that fails are given back, to be ended without the lock.
 */
static inline struct cring_posix_req *
cring_posix_unlink(struct cring_posix_req *req)
{
	struct cring_posix_req *r, *failed = NULL;

	*req->at = req->next;
	if (req->next)
		req->next->at = req->at;
	if (req->waits)
		cring_posix.held--;
	if (!cring_posix.held)
		return NULL;
	for (r = *cring_posix_bucket(req->fd); r; r = r->next) {
		if (!r->waits || r->taken || !cring_posix_follows(r, req) ||
		    --r->waits)
			continue;
		cring_posix.held--;
		r->error = cring_posix_submit(r);
		if (r->error) {
			r->failed = failed;
			failed = r;
		}
	}
	return failed;
}

static inline void cring_posix_list_end(struct cring_posix_list *list, int res)
{
	if (res < 0)
		__atomic_store_n(&list->failed, 1, __ATOMIC_RELAXED);
	if (__atomic_sub_fetch(&list->left, 1, __ATOMIC_ACQ_REL))
		return;
	cring_posix_notify(&list->sev);
	free(list);
}

/* A request has ended, and nobody else knows. */
static inline void cring_posix_end(struct cring_posix_req *req, int res)
{
	struct cring_posix *p = &cring_posix;
	struct cring_posix_req *failed, *next;

	pthread_mutex_lock(&p->lock);
	failed = cring_posix_unlink(req);
	cring_aiocb_return(req->cb) = res < 0 ? -1 : res;
	__atomic_store_n(&cring_aiocb_error(req->cb), res < 0 ? -res : 0,
			 __ATOMIC_RELEASE);
	pthread_mutex_unlock(&p->lock);

	/* From here on the aiocb is the program's. */
	cring_posix_notify(&req->sev);
	if (req->list)
		cring_posix_list_end(req->list, res);
	__atomic_add_fetch(&p->ended, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &p->ended, FUTEX_WAKE | FUTEX_PRIVATE_FLAG,
		INT32_MAX, NULL, NULL, 0);
	free(req);
	for (; failed; failed = next) {
		next = failed->failed;
		cring_posix_end(failed, failed->error);
	}
}

/* ---------------------------------------------------------------------------
 * The ring and its thread
 */

static inline void *cring_posix_main(void *arg)
{
	struct cring_cqe *cqe, copy;

	for (;;) {
		int ret = cring_wait_cqe(&cring_posix.ring, &cqe);

		if (ret < 0 && ret != -EINTR)
			return arg;
		if (!cqe)
			continue;
		copy = *cqe;
		cring_cqe_seen(&cring_posix.ring, cqe);
		cring_posix_end((struct cring_posix_req *)
				cring_cqe_get_data(&copy), copy.res);
	}
}

/* What is in flight is the parent's. */
static inline void cring_posix_forked(void)
{
	if (cring_posix.ready)
		close(cring_posix.ring.ring_fd);
	memset(&cring_posix, 0, sizeof(cring_posix));
	pthread_mutex_init(&cring_posix.lock, NULL);
	cring_posix.forks_seen_to = 1;
}

/* With the lock held, before the first request; 0 or -errno. */
static inline int cring_posix_start(void)
{
	struct cring_params params;
	pthread_attr_t detached;
	sigset_t all, old;
	pthread_t thread;
	int ret;

	memset(&params, 0, sizeof(params));
	params.flags = CRING_SETUP_CQSIZE;
	params.cq_entries = CRING_POSIX_ENTRIES;
	ret = cring_queue_init_params(64, &cring_posix.ring, &params);
	if (ret)
		return ret;
	if (!cring_posix.forks_seen_to)
		cring_posix.forks_seen_to = !pthread_atfork(NULL, NULL,
							    cring_posix_forked);
	/* Signals are for the program's threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	ret = -pthread_create(&thread, &detached, cring_posix_main, NULL);
	pthread_attr_destroy(&detached);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret)
		cring_queue_exit(&cring_posix.ring);
	cring_posix.ready = !ret;
	return ret;
}

/* ---------------------------------------------------------------------------
 * Beginning
 */

/* For how many must it wait?  A write does in a file that is appended to. */
static inline unsigned int cring_posix_waits(const struct cring_posix_req *req)
{
	const struct cring_posix_req *r;
	unsigned int nr = 0;

	if (req->kind == CRING_POSIX_READ)
		return 0;
	for (r = *cring_posix_bucket(req->fd); r; r = r->next)
		nr += cring_posix_follows(req, r) != 0;
	if (nr && req->kind == CRING_POSIX_WRITE &&
	    !(fcntl(req->fd, F_GETFL) & O_APPEND))
		return 0;
	return nr;
}

/* 0, or -errno; @req is the bucket's, or gone. */
static inline int cring_posix_begin(struct cring_posix_req *req)
{
	struct cring_posix *p = &cring_posix;
	struct cring_posix_req **head = cring_posix_bucket(req->fd);
	int ret = 0;

	pthread_mutex_lock(&p->lock);
	if (!p->ready)
		ret = cring_posix_start();
	if (!ret) {
		req->serial = ++p->serial;
		req->waits = req->fd < 0 ? 0 : cring_posix_waits(req);
		__atomic_store_n(&cring_aiocb_error(req->cb), EINPROGRESS,
				 __ATOMIC_RELAXED);
		if (!req->waits)
			ret = cring_posix_submit(req);
	}
	if (!ret) {
		p->held += req->waits != 0;
		req->next = *head;
		req->at = head;
		if (*head)
			(*head)->at = &req->next;
		*head = req;
	}
	pthread_mutex_unlock(&p->lock);
	if (ret)
		free(req);
	return ret;
}

#endif /* CRING_COMPAT_AIO_REQUEST_H */
