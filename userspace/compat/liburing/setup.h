/* SPDX-License-Identifier: MIT */
/*
 * liburing/setup.h: making a ring, mapping it, giving it back.  Part of
 * liburing.h.
 */
#ifndef CRING_COMPAT_LIBURING_SETUP_H
#define CRING_COMPAT_LIBURING_SETUP_H

/*
 * What is asked of cring; what only tunes; and what is done here: until
 * io_uring_enable_rings() nothing is submitted.
 */
#define CRING_URING_SETUP	(IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP)
#define CRING_URING_TUNES	(IORING_SETUP_IOPOLL |		\
				 IORING_SETUP_SQPOLL |		\
				 IORING_SETUP_SQ_AFF |		\
				 IORING_SETUP_ATTACH_WQ |	\
				 IORING_SETUP_HYBRID_IOPOLL |	\
				 IORING_SETUP_SUBMIT_ALL |	\
				 IORING_SETUP_COOP_TASKRUN |	\
				 IORING_SETUP_TASKRUN_FLAG |	\
				 IORING_SETUP_SINGLE_ISSUER |	\
				 IORING_SETUP_DEFER_TASKRUN |	\
				 IORING_SETUP_NO_SQARRAY)

#define CRING_URING_OWN		IORING_SETUP_R_DISABLED

#define CRING_URING_FEATURES	(IORING_FEAT_SINGLE_MMAP |	\
				 IORING_FEAT_NODROP |		\
				 IORING_FEAT_SUBMIT_STABLE |	\
				 IORING_FEAT_RW_CUR_POS |	\
				 IORING_FEAT_CUR_PERSONALITY |	\
				 IORING_FEAT_FAST_POLL |	\
				 IORING_FEAT_POLL_32BITS |	\
				 IORING_FEAT_SQPOLL_NONFIXED |	\
				 IORING_FEAT_EXT_ARG |		\
				 IORING_FEAT_NATIVE_WORKERS |	\
				 IORING_FEAT_CQE_SKIP)

/* struct io_uring.int_flags: io_uring_register_ring_fd() was called */
#define CRING_URING_REGISTERED	1

/* What the calls of cring.h need of a ring that does not queue. */
static inline struct cring cring_of_uring(const struct io_uring *ring)
{
	struct cring c;

	memset(&c, 0, sizeof(c));
	c.ring_fd = ring->ring_fd;
	c.cq_entries = ring->cq.ring_entries;
	c.shared = (struct cring_shared *)ring->cq.ring_ptr;
	c.cqes = (struct cring_cqe *)ring->cq.cqes;
	return c;
}

/* A ring whose workers are to be shared: cring's are, as far as they need be. */
static inline int cring_uring_check_wq(int fd)
{
	struct cring_query query;
	int ret;

	memset(&query, 0, sizeof(query));
	ret = cring_ioctl(fd, CRING_IOC_QUERY, &query);
	return ret == -EBADF || !ret ? ret : -EINVAL;
}

/* 0, or what io_uring would say of the flags. */
static inline int cring_uring_check(const struct io_uring_params *p)
{
	const unsigned int sq = IORING_SETUP_SQPOLL;
	const unsigned int affine = IORING_SETUP_SQ_AFF;
	const unsigned int single = IORING_SETUP_SINGLE_ISSUER;
	const unsigned int deferred = IORING_SETUP_DEFER_TASKRUN;
	const unsigned int coop = IORING_SETUP_COOP_TASKRUN;
	const unsigned int flag = IORING_SETUP_TASKRUN_FLAG;
	const unsigned int flags = p->flags;

	if (flags & ~(CRING_URING_SETUP | CRING_URING_TUNES | CRING_URING_OWN))
		return -EINVAL;
	if ((flags & IORING_SETUP_HYBRID_IOPOLL) &&
	    !(flags & IORING_SETUP_IOPOLL))
		return -EINVAL;
	if ((flags & sq) && (flags & (coop | flag | deferred)))
		return -EINVAL;
	if ((flags & affine) &&
	    (!(flags & sq) ||
	     (long)p->sq_thread_cpu >= sysconf(_SC_NPROCESSORS_CONF)))
		return -EINVAL;
	if ((flags & flag) && !(flags & (coop | deferred)))
		return -EINVAL;
	if ((flags & deferred) && !(flags & single))
		return -EINVAL;
	if (p->resv[0] || p->resv[1] || p->resv[2])
		return -EINVAL;
	if (flags & IORING_SETUP_ATTACH_WQ)
		return cring_uring_check_wq((int)p->wq_fd);
	return 0;
}

/*
 * A descriptor, or -errno.  The offsets are of one mapping, that at
 * IORING_OFF_SQ_RING.
 */
static inline int io_uring_setup(unsigned int entries,
				 struct io_uring_params *p)
{
	struct cring_params cp;
	int fd, ret;

	if (!p)
		return -EFAULT;
	ret = cring_uring_check(p);
	if (ret)
		return ret;
	memset(&cp, 0, sizeof(cp));
	cp.sq_entries = entries;
	cp.flags = p->flags & CRING_URING_SETUP;
	if (p->flags & IORING_SETUP_CQSIZE)
		cp.cq_entries = p->cq_entries;
	fd = open(CRING_DEVICE, O_RDWR | CRING_O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = cring_ioctl(fd, CRING_IOC_SETUP, &cp);
	if (ret < 0) {
		close(fd);
		return ret;
	}
	p->sq_entries = cp.sq_entries;
	p->cq_entries = cp.cq_entries;
	p->features = CRING_URING_FEATURES;
	memset(&p->sq_off, 0, sizeof(p->sq_off));
	memset(&p->cq_off, 0, sizeof(p->cq_off));
	p->sq_off.head = offsetof(struct cring_shared, sq_head);
	p->sq_off.tail = offsetof(struct cring_shared, sq_tail);
	p->sq_off.ring_entries = offsetof(struct cring_shared, sq_entries);
	p->sq_off.flags = offsetof(struct cring_shared, flags);
	/* nothing is ever dropped: a word that stays zero */
	p->sq_off.dropped = offsetof(struct cring_shared, __pad3);
	p->sq_off.array = cp.sqes_off;
	p->cq_off.head = offsetof(struct cring_shared, cq_head);
	p->cq_off.tail = offsetof(struct cring_shared, cq_tail);
	p->cq_off.ring_entries = offsetof(struct cring_shared, cq_entries);
	p->cq_off.overflow = offsetof(struct cring_shared, __pad3);
	p->cq_off.cqes = cp.cqes_off;
	return fd;
}

static inline size_t cring_uring_size(const struct io_uring_params *p)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t sqes = p->sq_entries * sizeof(struct io_uring_sqe);
	size_t cqes = p->cq_entries * sizeof(struct io_uring_cqe);

	sqes += p->sq_off.array;
	cqes += p->cq_off.cqes;
	return ((sqes > cqes ? sqes : cqes) + page - 1) & ~(page - 1);
}

static inline int io_uring_queue_mmap(int fd, struct io_uring_params *p,
				      struct io_uring *ring)
{
	struct io_uring_sq *sq = &ring->sq;
	struct io_uring_cq *cq = &ring->cq;
	size_t size = cring_uring_size(p);
	char *map = (char *)mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
				 fd, 0);

	if (map == MAP_FAILED)
		return -errno;
	memset(ring, 0, sizeof(*ring));
	sq->khead = (unsigned int *)(map + p->sq_off.head);
	sq->ktail = (unsigned int *)(map + p->sq_off.tail);
	sq->kring_entries = (unsigned int *)(map + p->sq_off.ring_entries);
	sq->kring_mask = &sq->ring_mask;
	sq->kflags = (unsigned int *)(map + p->sq_off.flags);
	sq->kdropped = (unsigned int *)(map + p->sq_off.dropped);
	sq->sqes = (struct io_uring_sqe *)(map + p->sq_off.array);
	sq->ring_entries = p->sq_entries;
	sq->ring_mask = p->sq_entries - 1;
	sq->sqes_sz = p->sq_entries * sizeof(struct io_uring_sqe);
	sq->ring_sz = size;
	sq->ring_ptr = map;
	cq->khead = (unsigned int *)(map + p->cq_off.head);
	cq->ktail = (unsigned int *)(map + p->cq_off.tail);
	cq->kring_entries = (unsigned int *)(map + p->cq_off.ring_entries);
	cq->kring_mask = &cq->ring_mask;
	cq->koverflow = (unsigned int *)(map + p->cq_off.overflow);
	cq->cqes = (struct io_uring_cqe *)(map + p->cq_off.cqes);
	cq->ring_entries = p->cq_entries;
	cq->ring_mask = p->cq_entries - 1;
	cq->ring_sz = size;
	cq->ring_ptr = map;
	ring->flags = p->flags;
	ring->features = p->features;
	ring->ring_fd = fd;
	ring->enter_ring_fd = fd;
	return 0;
}

static inline int io_uring_queue_init_params(unsigned int entries,
					     struct io_uring *ring,
					     struct io_uring_params *p)
{
	int fd = io_uring_setup(entries, p);
	int ret;

	if (fd < 0)
		return fd;
	ret = io_uring_queue_mmap(fd, p, ring);
	if (ret)
		close(fd);
	return ret;
}

static inline int io_uring_queue_init(unsigned int entries,
				      struct io_uring *ring, unsigned int flags)
{
	struct io_uring_params p;

	memset(&p, 0, sizeof(p));
	p.flags = flags;
	return io_uring_queue_init_params(entries, ring, &p);
}

static inline int io_uring_queue_init_mem(unsigned int entries,
					  struct io_uring *ring,
					  struct io_uring_params *p, void *buf,
					  size_t buf_size)
{
	(void)entries;
	(void)ring;
	(void)p;
	(void)buf;
	(void)buf_size;
	return -EINVAL;
}

static inline void io_uring_queue_exit(struct io_uring *ring)
{
	munmap(ring->sq.ring_ptr, ring->sq.ring_sz);
	close(ring->ring_fd);
}

/* The mapping is never a child's. */
static inline int io_uring_ring_dontfork(struct io_uring *ring)
{
	return ring->sq.ring_ptr ? 0 : -EINVAL;
}

/* cring charges the memory of a ring to its owner, not to RLIMIT_MEMLOCK. */
static inline ssize_t io_uring_mlock_size_params(unsigned int entries,
						 struct io_uring_params *p)
{
	int ret = cring_uring_check(p);

	return !ret && entries ? 0 : -EINVAL;
}

static inline ssize_t io_uring_mlock_size(unsigned int entries,
					  unsigned int flags)
{
	struct io_uring_params p;

	memset(&p, 0, sizeof(p));
	p.flags = flags;
	return io_uring_mlock_size_params(entries, &p);
}

/* Nobody but the kernel can give the memory of a ring. */
static inline ssize_t io_uring_memory_size_params(unsigned int entries,
						  struct io_uring_params *p)
{
	(void)entries;
	(void)p;
	return -EINVAL;
}

static inline ssize_t io_uring_memory_size(unsigned int entries,
					   unsigned int flags)
{
	(void)entries;
	(void)flags;
	return -EINVAL;
}

static inline int io_uring_major_version(void)
{
	return IO_URING_VERSION_MAJOR;
}

static inline int io_uring_minor_version(void)
{
	return IO_URING_VERSION_MINOR;
}

#define IO_URING_CHECK_VERSION(major, minor)		\
	((major) > IO_URING_VERSION_MAJOR ||		\
	 ((major) == IO_URING_VERSION_MAJOR &&		\
	  (minor) > IO_URING_VERSION_MINOR))

static inline bool io_uring_check_version(int major, int minor)
{
	return IO_URING_CHECK_VERSION(major, minor);
}

#endif /* CRING_COMPAT_LIBURING_SETUP_H */
