/* SPDX-License-Identifier: MIT */
/*
 * liburing/queue.h: the two queues, as they are now.  Part of liburing.h.
 */
#ifndef CRING_COMPAT_LIBURING_QUEUE_H
#define CRING_COMPAT_LIBURING_QUEUE_H

/* ---------------------------------------------------------------------------
 * The submission queue
 */

static inline unsigned int io_uring_load_sq_head(const struct io_uring *ring)
{
	return CRING_LOAD_ACQUIRE(ring->sq.khead);
}

static inline unsigned int io_uring_sq_ready(const struct io_uring *ring)
{
	return ring->sq.sqe_tail - io_uring_load_sq_head(ring);
}

static inline unsigned int io_uring_sq_space_left(const struct io_uring *ring)
{
	return ring->sq.ring_entries - io_uring_sq_ready(ring);
}

static inline struct io_uring_sqe *io_uring_get_sqe(struct io_uring *ring)
{
	struct io_uring_sqe *sqe;

	if (io_uring_sq_ready(ring) >= ring->sq.ring_entries)
		return NULL;
	sqe = &ring->sq.sqes[ring->sq.sqe_tail++ & ring->sq.ring_mask];
	io_uring_initialize_sqe(sqe);
	return sqe;
}

static inline struct io_uring_sqe *_io_uring_get_sqe(struct io_uring *ring)
{
	return io_uring_get_sqe(ring);
}

/* No ring has SQEs of that size. */
static inline struct io_uring_sqe *io_uring_get_sqe128(struct io_uring *ring)
{
	(void)ring;
	return NULL;
}

/* Publishes what was prepared; how much there is for the kernel to take. */
static inline unsigned int cring_uring_flush(struct io_uring *ring)
{
	ring->sq.sqe_head = ring->sq.sqe_tail;
	CRING_STORE_RELEASE(ring->sq.ktail, ring->sq.sqe_tail);
	return io_uring_sq_ready(ring);
}

static inline unsigned int io_uring_sqe_shift_from_flags(unsigned int flags)
{
	return !!(flags & IORING_SETUP_SQE128);
}

static inline unsigned int io_uring_sqe_shift(const struct io_uring *ring)
{
	return io_uring_sqe_shift_from_flags(ring->flags);
}

/* There is no thread to wait for: what a submit call takes, it takes at once. */
static inline int __io_uring_sqring_wait(struct io_uring *ring)
{
	(void)ring;
	return -EINVAL;
}

static inline int io_uring_sqring_wait(struct io_uring *ring)
{
	(void)ring;
	return 0;
}

/* ---------------------------------------------------------------------------
 * The completion queue
 */

static inline unsigned int io_uring_cqe_shift_from_flags(unsigned int flags)
{
	return !!(flags & IORING_SETUP_CQE32);
}

static inline unsigned int io_uring_cqe_shift(const struct io_uring *ring)
{
	return io_uring_cqe_shift_from_flags(ring->flags);
}

/* IORING_CQE_F_32 never is: it is CRING_CQE_F_NOT_STARTED here. */
static inline unsigned int io_uring_cqe_nr(const struct io_uring_cqe *cqe)
{
	(void)cqe;
	return 1;
}

static inline unsigned int io_uring_cq_ready(const struct io_uring *ring)
{
	return CRING_LOAD_ACQUIRE(ring->cq.ktail) -
	       CRING_LOAD_RELAXED(ring->cq.khead);
}

static inline bool io_uring_cq_has_overflow(const struct io_uring *ring)
{
	(void)ring;
	return false;
}

static inline struct io_uring_cqe *
cring_uring_cqe_at(const struct io_uring *ring, unsigned int head)
{
	return &ring->cq.cqes[head & ring->cq.ring_mask];
}

/* The oldest CQE, or NULL. */
static inline struct io_uring_cqe *
cring_uring_first(const struct io_uring *ring)
{
	if (!io_uring_cq_ready(ring))
		return NULL;
	return cring_uring_cqe_at(ring, CRING_LOAD_RELAXED(ring->cq.khead));
}

struct io_uring_cqe_iter {
	struct io_uring_cqe *cqes;
	unsigned int mask;
	unsigned int shift;
	unsigned int head;
	unsigned int tail;
};

static inline struct io_uring_cqe_iter
io_uring_cqe_iter_init(const struct io_uring *ring)
{
	struct io_uring_cqe_iter iter;

	iter.cqes = ring->cq.cqes;
	iter.mask = ring->cq.ring_mask;
	iter.shift = 0;
	iter.head = CRING_LOAD_RELAXED(ring->cq.khead);
	iter.tail = CRING_LOAD_ACQUIRE(ring->cq.ktail);
	return iter;
}

static inline bool io_uring_cqe_iter_next(struct io_uring_cqe_iter *iter,
					  struct io_uring_cqe **cqe)
{
	if (iter->head == iter->tail)
		return false;
	*cqe = &iter->cqes[iter->head++ & iter->mask];
	return true;
}

#define io_uring_for_each_cqe(ring, head, cqe)				\
	for ((head) = CRING_LOAD_RELAXED((ring)->cq.khead);		\
	     (head) != CRING_LOAD_ACQUIRE((ring)->cq.ktail) &&		\
	     ((cqe) = cring_uring_cqe_at(ring, head)) != NULL;		\
	     (head)++)

static inline void io_uring_cq_advance(struct io_uring *ring, unsigned int nr)
{
	if (nr)
		CRING_STORE_RELEASE(ring->cq.khead,
				    CRING_LOAD_RELAXED(ring->cq.khead) + nr);
}

static inline void io_uring_cqe_seen(struct io_uring *ring,
				     struct io_uring_cqe *cqe)
{
	if (cqe)
		io_uring_cq_advance(ring, 1);
}

#endif /* CRING_COMPAT_LIBURING_QUEUE_H */
