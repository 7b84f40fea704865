// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel callers: operations that other modules start, on kernel memory.
 *
 * A client is a ring that no program has: it is mapped nowhere and owned by no
 * address space, and what a program gets as a CQE goes to a struct cring_io, the
 * user_data of its SQE.  All else, and what a cancel means above all, is as for
 * any ring.
 *
 * An io has one reference of its caller's and, from start to the release of the
 * request's record, one of the operation's.  It holds the ring; a client only
 * waits for its operations to finish.
 */
#include <linux/completion.h>
#include <linux/cring_kernel.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "cring.h"

/**
 * struct cring_client - a kernel caller
 * @ring: its ring
 * @mutex: one operation is started at a time; outside of the ring's locks
 * @refs: its creator's; operations that have not finished
 * @idle: the last of those is gone
 */
struct cring_client {
	struct cring_ring *ring;
	struct mutex mutex;	/* see above */
	refcount_t refs;
	struct completion idle;
};

/**
 * struct cring_io - one operation of a kernel caller
 * @refs: see the top of this file
 * @client: whose it is; may be gone when the operation has finished
 * @ring: its ring; referenced
 * @req: its request while that is in flight; cleared under cring_ring.lock
 * @fn: the caller's
 * @data: the caller's
 * @file: what it is started on; the caller's reference
 * @iter: the memory to read to or to write from
 * @vecs: its vectors, a copy
 * @done: it has finished, and @fn has returned
 * @started: once only
 * @over: @res has the result
 * @res: the result
 */
struct cring_io {
	refcount_t refs;
	struct cring_client *client;
	struct cring_ring *ring;
	struct cring_req *req;
	cring_done_fn *fn;
	void *data;
	struct file *file;
	struct iov_iter iter;
	const void *vecs;
	struct completion done;
	atomic_t started;
	bool over;
	s32 res;
};

/* --- from submission and completion; all of a client's ring --- */

static struct cring_io *cring_req_io(const struct cring_req *req)
{
	return (struct cring_io *)(uintptr_t)req->user_data;
}

static void cring_client_put(struct cring_client *client)
{
	if (refcount_dec_and_test(&client->refs))
		complete(&client->idle);
}

/**
 * cring_client_accept - a request is being made of a client's SQE
 * @req: not yet published
 *
 * Context: the submitter.
 */
void cring_client_accept(struct cring_req *req)
{
	WRITE_ONCE(cring_req_io(req)->req, req);
}

/**
 * cring_client_file - the file that a client's operation works on
 * @req: being prepared
 *
 * Return: referenced, or NULL when none was given.
 */
struct file *cring_client_file(const struct cring_req *req)
{
	struct file *file = cring_req_io(req)->file;

	return file ? get_file(file) : NULL;
}

/**
 * cring_client_iter - the memory of a client's read or write
 * @req: being prepared
 *
 * Return: valid as long as the request's record.
 */
const struct iov_iter *cring_client_iter(const struct cring_req *req)
{
	return &cring_req_io(req)->iter;
}

/**
 * cring_client_post - what for other rings is the CQE
 * @req: about to be DONE
 *
 * From here on a cancel does not find it.
 *
 * Context: cring_ring.lock.
 */
void cring_client_post(struct cring_req *req)
{
	struct cring_io *io = cring_req_io(req);

	io->res = req->res;
	/* the result first */
	smp_store_release(&io->over, true);
	WRITE_ONCE(io->req, NULL);
}

/**
 * cring_client_done - tell a client that its operation has finished
 * @req: posted; still holds its io
 *
 * Context: any, no cring lock held.
 */
void cring_client_done(struct cring_req *req)
{
	struct cring_io *io = cring_req_io(req);
	struct cring_client *client = io->client;

	if (io->fn)
		io->fn(io, io->data);
	complete_all(&io->done);
	cring_client_put(client);
}

/**
 * cring_client_release - a client's record goes back to the pool
 * @req: the record
 *
 * Context: any.
 */
void cring_client_release(struct cring_req *req)
{
	cring_io_put(cring_req_io(req));
}

/* --- clients --- */

/**
 * cring_client_create - become a kernel caller
 * @entries: operations that can be in flight at once, rounded up to a power of
 *	two; 1 to CRING_MAX_SQ_ENTRIES
 *
 * Context: process, may sleep.
 * Return: the client, or -EINVAL, -ENOMEM or -EDQUOT as an ERR_PTR().
 */
struct cring_client *cring_client_create(unsigned int entries)
{
	struct cring_client *client;
	struct cring_ring *ring;

	client = kzalloc(sizeof(*client), GFP_KERNEL);
	if (!client)
		return ERR_PTR(-ENOMEM);
	mutex_init(&client->mutex);
	refcount_set(&client->refs, 1);
	init_completion(&client->idle);
	ring = cring_ring_new_kernel(entries);
	if (IS_ERR(ring)) {
		kfree(client);
		return ERR_CAST(ring);
	}
	client->ring = ring;
	return client;
}
EXPORT_SYMBOL_GPL(cring_client_create);

/**
 * cring_client_destroy - cancel all of a client's operations and wait for them
 * @client: nobody starts an operation any more
 *
 * When this returns none of them touches the caller's memory, and no function of
 * the caller's is being called.  What sleeps uninterruptibly, in a device, is
 * waited for.  References to its operations may be given back later.
 *
 * Context: process, may sleep.
 */
void cring_client_destroy(struct cring_client *client)
{
	cring_ring_close(client->ring);
	cring_client_put(client);
	wait_for_completion(&client->idle);
	mutex_destroy(&client->mutex);
	kfree(client);
}
EXPORT_SYMBOL_GPL(cring_client_destroy);

/* --- operations --- */

/**
 * cring_io_alloc - what one operation needs
 * @client: whose it is
 * @done: called when it has finished, or NULL
 * @data: for @done
 *
 * Context: process, may sleep.
 * Return: an operation that can be started once, or NULL.
 */
struct cring_io *cring_io_alloc(struct cring_client *client,
				cring_done_fn *done, void *data)
{
	struct cring_io *io = kzalloc(sizeof(*io), GFP_KERNEL);

	if (!io)
		return NULL;
	refcount_set(&io->refs, 1);
	refcount_inc(&client->ring->refs);
	io->client = client;
	io->ring = client->ring;
	io->fn = done;
	io->data = data;
	init_completion(&io->done);
	return io;
}
EXPORT_SYMBOL_GPL(cring_io_alloc);

/**
 * cring_io_put - give the caller's reference back
 * @io: an operation, in flight or not; or NULL
 *
 * It goes on when it has not finished.
 *
 * Context: any.
 */
void cring_io_put(struct cring_io *io)
{
	if (!io || !refcount_dec_and_test(&io->refs))
		return;
	kfree(io->vecs);
	cring_ring_put(io->ring);
	kfree(io);
}
EXPORT_SYMBOL_GPL(cring_io_put);

static int cring_io_submit(struct cring_io *io, const struct cring_sqe *sqe)
{
	struct cring_ring *ring = io->ring;
	u32 tail;
	int ret;

	if (mutex_lock_killable(&io->client->mutex))
		return -EINTR;
	tail = ring->shared->sq_tail;
	ring->sqes[tail & ring->sq_mask] = *sqe;
	/* the SQE before its number */
	smp_store_release(&ring->shared->sq_tail, tail + 1);
	ret = cring_submit(ring, 1).nr;
	if (ret != 1)
		ring->shared->sq_tail = tail;
	mutex_unlock(&io->client->mutex);
	return ret < 0 ? ret : 0;
}

static int cring_io_start(struct cring_io *io, struct file *file,
			  struct cring_sqe *sqe)
{
	int ret;

	io->file = file;
	sqe->user_data = (uintptr_t)io;
	refcount_inc(&io->refs);
	refcount_inc(&io->client->refs);
	ret = cring_io_submit(io, sqe);
	if (ret) {
		cring_client_put(io->client);
		cring_io_put(io);
	}
	return ret;
}

static int cring_io_start_rw(struct cring_io *io, struct file *file, u8 opcode,
			     struct iov_iter *iter, loff_t pos)
{
	struct cring_sqe sqe = {
		.opcode = opcode,
		.off = pos,
		.len = min_t(size_t, iov_iter_count(iter), MAX_RW_COUNT),
	};
	int ret;

	if (!iov_iter_is_kvec(iter) && !iov_iter_is_bvec(iter))
		return -EINVAL;
	if (iov_iter_rw(iter) != (opcode == CRING_OP_WRITE ? WRITE : READ))
		return -EINVAL;
	/* first: what an operation uses must not change under it */
	if (atomic_xchg(&io->started, 1))
		return -EBUSY;
	io->vecs = dup_iter(&io->iter, iter, GFP_KERNEL);
	ret = io->vecs ? cring_io_start(io, file, &sqe) : -ENOMEM;
	if (ret) {
		kfree(io->vecs);
		io->vecs = NULL;
		atomic_set(&io->started, 0);
	}
	return ret;
}

/**
 * cring_io_read - start a read
 * @io: not started yet
 * @file: a regular file, block device, pipe or FIFO, open for reading
 * @to: kernel memory, kvec or bvec (bvec for O_DIRECT): the memory, but not the
 *	vectors, stays the operation's until it has finished
 * @pos: file offset, or -1 for the file's own position
 *
 * Tries it without blocking first, in the calling thread; what would block goes
 * on in a worker or a device, with the caller's credentials.  What is wrong with
 * the file or the offset is the operation's result.
 *
 * Context: process, may sleep in the file's method, though not for I/O.
 * Return: 0 when it was started, and may have finished.  -EBUSY when it had been
 * started before, or the client has as many operations as it can; -EINVAL when
 * @to is no kernel memory, or of the other direction; -ENOMEM; -EINTR when
 * killed; -EBADFD when the client is being destroyed.  In all of these it was
 * not started now.
 */
int cring_io_read(struct cring_io *io, struct file *file, struct iov_iter *to,
		  loff_t pos)
{
	return cring_io_start_rw(io, file, CRING_OP_READ, to, pos);
}
EXPORT_SYMBOL_GPL(cring_io_read);

/**
 * cring_io_write - start a write
 * @io: not started yet
 * @file: as for cring_io_read(), open for writing
 * @from: as for cring_io_read()
 * @pos: as for cring_io_read()
 *
 * Context: as for cring_io_read().
 * Return: as for cring_io_read().
 */
int cring_io_write(struct cring_io *io, struct file *file,
		   struct iov_iter *from, loff_t pos)
{
	return cring_io_start_rw(io, file, CRING_OP_WRITE, from, pos);
}
EXPORT_SYMBOL_GPL(cring_io_write);

/**
 * cring_io_call - start an operation of a provider
 * @io: not started yet
 * @args: which, and with what
 *
 * Context: as for cring_io_read().
 * Return: as for cring_io_read(); that there is no such provider is the
 * operation's result, -EINVAL.
 */
int cring_io_call(struct cring_io *io, const struct cring_io_args *args)
{
	struct cring_sqe sqe = {
		.opcode = args->opcode,
		.off = args->off,
		.addr = args->addr,
		.len = args->len,
		.op_flags = args->flags,
	};
	int ret;

	if (args->opcode < CRING_OP_PROVIDER_FIRST)
		return -EINVAL;
	if (atomic_xchg(&io->started, 1))
		return -EBUSY;
	ret = cring_io_start(io, args->file, &sqe);
	if (ret)
		atomic_set(&io->started, 0);
	return ret;
}
EXPORT_SYMBOL_GPL(cring_io_call);

/**
 * cring_io_cancel - cancel an operation
 * @io: one that the caller has a reference to
 *
 * Context: any, also a hard interrupt.  Never waits.
 * Return: 0 when it was stopped, and has finished with -ECANCELED; -EALREADY
 * when it is being executed, and was told to stop; -ENOENT when it is not in
 * flight.
 */
int cring_io_cancel(struct cring_io *io)
{
	struct cring_ring *ring = io->ring;
	unsigned long irqflags;
	struct cring_req *req;
	int ret = -ENOENT;
	LIST_HEAD(todo);

	spin_lock_irqsave(&ring->lock, irqflags);
	req = READ_ONCE(io->req);
	if (req)
		ret = cring_cancel_one(req, &todo);
	spin_unlock_irqrestore(&ring->lock, irqflags);
	cring_complete_todo(ring, &todo);
	return ret;
}
EXPORT_SYMBOL_GPL(cring_io_cancel);

/**
 * cring_io_wait - wait until an operation has finished
 * @io: started
 * @timeout: jiffies, or MAX_SCHEDULE_TIMEOUT
 *
 * Context: process, may sleep.
 * Return: 0 when it has: its memory is the caller's.  -ETIME when it has not,
 * -EINTR when killed, -EINVAL when it was not started.
 */
int cring_io_wait(struct cring_io *io, long timeout)
{
	long left;

	if (!atomic_read(&io->started))
		return -EINVAL;
	left = wait_for_completion_killable_timeout(&io->done, timeout);
	if (left < 0)
		return -EINTR;
	return left ? 0 : -ETIME;
}
EXPORT_SYMBOL_GPL(cring_io_wait);

/**
 * cring_io_result - how an operation ended
 * @io: an operation
 *
 * Context: any.
 * Return: bytes, what a provider says, or an error; -EINPROGRESS when it has not
 * finished, or was not started.
 */
s32 cring_io_result(const struct cring_io *io)
{
	/* pairs with its post */
	return smp_load_acquire(&io->over) ? io->res : -EINPROGRESS;
}
EXPORT_SYMBOL_GPL(cring_io_result);
