/* SPDX-License-Identifier: MIT */
/*
 * The inside of libaio.h: what a context knows of each operation.
 *
 * The kernel's AIO copies an iocb, so that a program may use it again as soon as
 * io_submit() has returned.  So may it here: a record of each operation keeps
 * what its event needs.  Records are found by number from a completion, which
 * carries number and serial as user_data, and by iocb from io_cancel().  The
 * serial makes that a cancel cannot hit the next user of a record.
 */
#ifndef CRING_COMPAT_LIBAIO_OP_H
#define CRING_COMPAT_LIBAIO_OP_H

/* ---------------------------------------------------------------------------
 * Records
 */

static inline uint32_t *cring_aio_head(struct cring_aio *ctx,
				       const struct iocb *iocb)
{
	uint64_t hash = (uint64_t)(uintptr_t)iocb * 0x9e3779b97f4a7c15ULL;

	return &ctx->heads[(hash >> 32) & (ctx->ring.cq_entries - 1)];
}

/* The record's number; CRING_AIO_NONE when all are in use. */
static inline uint32_t cring_aio_get(struct cring_aio *ctx, struct iocb *iocb)
{
	struct cring_aio_op *op;
	uint32_t nr, *head;

	pthread_mutex_lock(&ctx->lock);
	nr = ctx->free;
	if (nr != CRING_AIO_NONE) {
		op = &ctx->ops[nr];
		head = cring_aio_head(ctx, iocb);
		ctx->free = op->next;
		op->iocb = iocb;
		op->data = iocb->data;
		op->serial++;
		op->next = *head;
		*head = nr;
	}
	pthread_mutex_unlock(&ctx->lock);
	return nr;
}

/* With ctx->lock held. */
static inline void cring_aio_put(struct cring_aio *ctx, uint32_t nr)
{
	struct cring_aio_op *op = &ctx->ops[nr];
	uint32_t *at = cring_aio_head(ctx, op->iocb);

	while (*at != nr)
		at = &ctx->ops[*at].next;
	*at = op->next;
	op->next = ctx->free;
	ctx->free = nr;
}

/* The key of the operation of an iocb; 0 when there is none. */
static inline int cring_aio_key(struct cring_aio *ctx, const struct iocb *iocb,
				struct cring_cancel_key *key)
{
	uint32_t nr;

	pthread_mutex_lock(&ctx->lock);
	nr = *cring_aio_head(ctx, iocb);
	while (nr != CRING_AIO_NONE && ctx->ops[nr].iocb != iocb)
		nr = ctx->ops[nr].next;
	if (nr != CRING_AIO_NONE)
		*key = cring_key64((uint64_t)ctx->ops[nr].serial << 32 | nr, 0);
	pthread_mutex_unlock(&ctx->lock);
	return nr != CRING_AIO_NONE;
}

/* ---------------------------------------------------------------------------
 * Submitting, with submit_lock held
 */

/* The eventfd of a context is the first that an iocb names. */
static inline int cring_aio_eventfd(struct cring_aio *ctx, int fd)
{
	int ret;

	if (fd == ctx->resfd)
		return 0;
	if (ctx->resfd >= 0)
		return -EINVAL;
	ret = cring_register_eventfd(&ctx->ring, fd);
	if (!ret)
		ctx->resfd = fd;
	return ret;
}

/* What the iocb says, as an SQE; all but its user_data. */
static inline int cring_aio_translate(const struct iocb *iocb,
				      struct cring_sqe *sqe)
{
	const struct io_iocb_common *c = &iocb->u.c;
	unsigned int len = c->nbytes > INT_MAX ? INT_MAX :
						 (unsigned int)c->nbytes;
	unsigned int op;

	switch (iocb->aio_lio_opcode) {
	case IO_CMD_PREAD:
		op = CRING_OP_READ;
		break;
	case IO_CMD_PWRITE:
		op = CRING_OP_WRITE;
		break;
	case IO_CMD_PREADV:
		op = CRING_OP_READV;
		break;
	case IO_CMD_PWRITEV:
		op = CRING_OP_WRITEV;
		break;
	case IO_CMD_FSYNC:
	case IO_CMD_FDSYNC:
		if (iocb->aio_rw_flags)
			return -EINVAL;
		cring_prep_fsync(sqe, iocb->aio_fildes,
				 iocb->aio_lio_opcode == IO_CMD_FDSYNC ?
				 CRING_FSYNC_DATASYNC : 0);
		return 0;
	case IO_CMD_POLL:
		if (iocb->aio_rw_flags)
			return -EINVAL;
		cring_prep_poll_add(sqe, iocb->aio_fildes,
				    (unsigned int)iocb->u.poll.events & 0xffff);
		return 0;
	default:
		return -EINVAL;
	}
	/* To the kernel's AIO -1 is no place, to cring it is the file's own. */
	if (c->offset < 0 || (long)c->nbytes < 0)
		return -EINVAL;
	cring_prep_rw(op, sqe, iocb->aio_fildes, c->buf, len,
		      (__u64)c->offset);
	sqe->rw_flags = iocb->aio_rw_flags;
	if (c->flags & CRING_AIO_FLAG_IOPRIO)
		sqe->ioprio = (__u16)iocb->aio_reqprio;
	return 0;
}

/* Queues an iocb; there is room in the SQ. */
static inline int cring_aio_queue(struct cring_aio *ctx, struct iocb *iocb)
{
	struct cring_sqe sqe, *slot;
	unsigned int flags;
	uint32_t nr;
	int ret;

	if (cring_aio_nowhere(iocb))
		return -EFAULT;
	memset(&sqe, 0, sizeof(sqe));
	ret = cring_aio_translate(iocb, &sqe);
	flags = iocb->aio_lio_opcode == IO_CMD_POLL ? 0 : iocb->u.c.flags;
	if (!ret && flags & ~(CRING_AIO_FLAG_RESFD | CRING_AIO_FLAG_IOPRIO))
		ret = -EINVAL;
	if (!ret && flags & CRING_AIO_FLAG_RESFD)
		ret = cring_aio_eventfd(ctx, (int)iocb->u.c.resfd);
	if (ret)
		return ret;
	nr = cring_aio_get(ctx, iocb);
	if (nr == CRING_AIO_NONE)
		return -EAGAIN;
	sqe.user_data = (uint64_t)ctx->ops[nr].serial << 32 | nr;
	slot = cring_get_sqe(&ctx->ring);
	*slot = sqe;
	return 0;
}

/*
 * Each record has its entry in the CQ, so it is all or an error; after one, what
 * was prepared is as if it never had been.
 */
static inline int cring_aio_submit(struct cring_aio *ctx)
{
	struct cring *ring = &ctx->ring;
	unsigned int nr = cring_sq_ready(ring);
	__u64 mark = ring->sqe_tail - nr, at;
	int ret = cring_submit(ring);

	if (ret >= 0)
		return ret;
	pthread_mutex_lock(&ctx->lock);
	for (at = mark; at != mark + nr; at++)
		cring_aio_put(ctx, (uint32_t)ring->sqes[at &
			      ring->sq_mask].user_data);
	pthread_mutex_unlock(&ctx->lock);
	cring_sq_rollback(ring, mark);
	return ret;
}

/* ---------------------------------------------------------------------------
 * Events
 */

static inline __s64 cring_aio_ns(const struct timespec *ts)
{
	if (ts->tv_sec >= INT64_MAX / 2000000000)
		return INT64_MAX / 2;
	return (__s64)ts->tv_sec * 1000000000 + ts->tv_nsec;
}

static inline __s64 cring_aio_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return cring_aio_ns(&ts);
}

static inline unsigned int cring_aio_want(const struct cring_aio *ctx, long nr)
{
	return nr > (long)ctx->ring.cq_entries ? ctx->ring.cq_entries :
						 (unsigned int)nr;
}

/* With ctx->lock held. */
static inline void cring_aio_fill(struct cring_aio *ctx,
				  const struct cring_cqe *cqe,
				  struct io_event *event)
{
	uint32_t nr = (uint32_t)cqe->user_data;

	event->data = ctx->ops[nr].data;
	event->obj = ctx->ops[nr].iocb;
	event->res = (unsigned long)(long)cqe->res;
	event->res2 = 0;
	cring_aio_put(ctx, nr);
}

/* One that did not come through the queue. */
static inline void cring_aio_event(struct cring_aio *ctx,
				   const struct cring_cqe *cqe,
				   struct io_event *event)
{
	pthread_mutex_lock(&ctx->lock);
	cring_aio_fill(ctx, cqe, event);
	pthread_mutex_unlock(&ctx->lock);
}

/* Takes what is there, at most @nr; how many that were. */
static inline long cring_aio_take(struct cring_aio *ctx,
				  struct io_event *events, long nr)
{
	struct cring_cqe *cqe;
	unsigned int head;
	long got = 0;

	if (!cring_cq_ready(&ctx->ring) && cring_needs_enter(&ctx->ring))
		cring_enter(&ctx->ring, 0, 0);
	pthread_mutex_lock(&ctx->lock);
	cring_for_each_cqe(&ctx->ring, head, cqe) {
		if (got == nr)
			break;
		cring_aio_fill(ctx, cqe, &events[got++]);
	}
	cring_cq_advance(&ctx->ring, (unsigned int)got);
	pthread_mutex_unlock(&ctx->lock);
	return got;
}

#endif /* CRING_COMPAT_LIBAIO_OP_H */
