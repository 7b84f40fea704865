/* SPDX-License-Identifier: MIT */
/*
 * The inside of libaio.h: what a context is, and how it is found.
 *
 * Two locks, taken in this order: submit_lock for the submission queue, held
 * over the submit call; lock for the records and the head of the completion
 * queue, held over no system call.
 */
#ifndef CRING_COMPAT_LIBAIO_CONTEXT_H
#define CRING_COMPAT_LIBAIO_CONTEXT_H

#define CRING_AIO_NONE	UINT32_MAX

struct cring_aio_op {
	struct iocb *iocb;
	void *data;
	uint32_t serial;
	uint32_t next;		/* of those with this hash, or of the free ones */
};

struct cring_aio {
	struct cring ring;
	io_context_t id;
	pthread_mutex_t submit_lock;
	pthread_mutex_t lock;
	struct cring_aio_op *ops;	/* as many as the CQ has entries */
	uint32_t *heads;		/* likewise, by hash */
	uint32_t free;
	int resfd;			/* the registered eventfd, or -1 */
};

/* ---------------------------------------------------------------------------
 * The process' contexts.  An id is a place in the table and a serial, so that
 * one of a context that is gone finds nothing; nor does one in a forked child.
 */

#define CRING_AIO_CONTEXTS	1024

struct cring_aio_process {
	struct cring_aio *table[CRING_AIO_CONTEXTS];
	pthread_mutex_t lock;
	uintptr_t serial;
	int forks_seen_to;
};

/*
 * One for all files of a program that include this.  A mutex of zeroes is an
 * unlocked one, in glibc and in musl.
 */
__attribute__((weak)) struct cring_aio_process cring_aio_process;

/* A ring is its maker's.  The child closes its copies of the descriptors. */
static inline void cring_aio_forked(void)
{
	struct cring_aio_process *p = &cring_aio_process;
	unsigned int i;

	pthread_mutex_init(&p->lock, NULL);
	for (i = 0; i < CRING_AIO_CONTEXTS; i++) {
		if (p->table[i])
			close(p->table[i]->ring.ring_fd);
		p->table[i] = NULL;
	}
}

static inline unsigned int cring_aio_place(io_context_t id)
{
	return (unsigned int)((uintptr_t)id % CRING_AIO_CONTEXTS);
}

static inline struct cring_aio *cring_aio_find(io_context_t id)
{
	struct cring_aio *ctx =
		__atomic_load_n(&cring_aio_process.table[cring_aio_place(id)],
				__ATOMIC_ACQUIRE);

	return ctx && ctx->id == id ? ctx : NULL;
}

static inline int cring_aio_publish(struct cring_aio *ctx)
{
	struct cring_aio_process *p = &cring_aio_process;
	unsigned int i;
	int ret = -EAGAIN;

	pthread_mutex_lock(&p->lock);
	if (!p->forks_seen_to)
		p->forks_seen_to = !pthread_atfork(NULL, NULL,
						   cring_aio_forked);
	for (i = 0; i < CRING_AIO_CONTEXTS; i++) {
		if (p->table[i])
			continue;
		ctx->id = (io_context_t)(++p->serial * CRING_AIO_CONTEXTS + i);
		__atomic_store_n(&p->table[i], ctx, __ATOMIC_RELEASE);
		ret = 0;
		break;
	}
	pthread_mutex_unlock(&p->lock);
	return ret;
}

/* Only one caller gets it. */
static inline struct cring_aio *cring_aio_unpublish(io_context_t id)
{
	struct cring_aio_process *p = &cring_aio_process;
	struct cring_aio *ctx;

	pthread_mutex_lock(&p->lock);
	ctx = cring_aio_find(id);
	if (ctx)
		p->table[cring_aio_place(id)] = NULL;
	pthread_mutex_unlock(&p->lock);
	return ctx;
}

static inline void cring_aio_free(struct cring_aio *ctx)
{
	cring_queue_exit(&ctx->ring);
	free(ctx->ops);
	free(ctx->heads);
	free(ctx);
}

static inline int cring_aio_new(unsigned int entries, struct cring_aio **out)
{
	struct cring_params p;
	struct cring_aio *ctx =
		(struct cring_aio *)calloc(1, sizeof(struct cring_aio));
	unsigned int i, nr;
	int ret;

	if (!ctx)
		return -ENOMEM;
	memset(&p, 0, sizeof(p));
	p.flags = CRING_SETUP_CQSIZE | CRING_SETUP_CLAMP;
	p.cq_entries = entries;
	ret = cring_queue_init_params(entries, &ctx->ring, &p);
	if (ret) {
		free(ctx);
		return ret;
	}
	nr = p.cq_entries;
	ctx->resfd = -1;
	pthread_mutex_init(&ctx->submit_lock, NULL);
	pthread_mutex_init(&ctx->lock, NULL);
	ctx->ops = (struct cring_aio_op *)calloc(nr, sizeof(*ctx->ops));
	ctx->heads = (uint32_t *)malloc(nr * sizeof(*ctx->heads));
	if (!ctx->ops || !ctx->heads) {
		cring_aio_free(ctx);
		return -ENOMEM;
	}
	for (i = 0; i < nr; i++) {
		ctx->heads[i] = CRING_AIO_NONE;
		ctx->ops[i].next = i + 1 < nr ? i + 1 : CRING_AIO_NONE;
	}
	*out = ctx;
	return 0;
}

/* ---------------------------------------------------------------------------
 * Pointers
 */

/* NULL, or an address that no program has. */
static inline int cring_aio_nowhere(const void *p)
{
	return !p || (sizeof(p) == 8 && (intptr_t)p < 0);
}

/* Can the kernel read (22) or write (23) it?  Touches nothing. */
static inline int cring_aio_there(const void *p, size_t len, int advice)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t start = (uintptr_t)p & ~(page - 1);

	return !cring_aio_nowhere(p) &&
	       !madvise((void *)start, (uintptr_t)p + len - start, advice);
}

static inline int cring_aio_readable(const void *p, size_t len)
{
	return cring_aio_there(p, len, 22);	/* MADV_POPULATE_READ */
}

static inline int cring_aio_writable(const void *p, size_t len)
{
	return cring_aio_there(p, len, 23);	/* MADV_POPULATE_WRITE */
}

#endif /* CRING_COMPAT_LIBAIO_CONTEXT_H */
