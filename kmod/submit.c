// SPDX-License-Identifier: GPL-2.0
/*
 * Submission: accept a batch of SQEs, then try each operation.
 *
 * Accepting copies and checks each SQE, takes a request and reserves a CQ slot
 * for it, for the whole batch; only then is the batch published and its first
 * operation tried.  So a chain is taken whole or not at all, and a cancel from
 * another thread finds what has not been tried yet and stops it.
 */
#include <linux/nospec.h>
#include <linux/sched/signal.h>

#include "cring.h"
#include "point.h"

/* a batch while it is being accepted */
struct cring_accept {
	struct cring_ring *ring;
	u32 nr;			/* accepted so far */
	u32 chain_start;	/* of the chain that is open */
	struct cring_req *head;	/* of the chain that is open, or NULL */
	bool broken;		/* a member of that chain was refused */
	bool drain;
	bool deadlines;		/* there are any ... */
	bool past;		/* ... and one that is over already */
	ktime_t now;		/* when it was accepted, if there are */
};

/*
 * CQ slots that neither a CQE nor an operation in flight occupies.  What has
 * finished is read before the tail it may have moved, so that the difference
 * errs to the safe side; a head that user space made up counts as none free.
 */
static u32 cring_free_slots(struct cring_ring *ring)
{
	u32 entries = ring->cq_mask + 1;
	/* before the tail */
	u64 in_flight = ring->accepted - smp_load_acquire(&ring->finished);
	u32 ready = READ_ONCE(ring->cq_tail) - READ_ONCE(ring->shared->cq_head);

	if (ready > entries || in_flight + ready >= entries)
		return 0;
	return entries - ready - in_flight;
}

static struct cring_req *cring_req_alloc(struct cring_ring *ring)
{
	struct llist_node *node = ring->free;

	if (unlikely(!node))
		node = llist_del_all(&ring->freed);
	if (unlikely(!node)) {
		/* some may be waiting there */
		flush_work(&ring->notify_work);
		node = llist_del_all(&ring->freed);
		if (!node)
			return NULL;
	}
	ring->free = node->next;
	return llist_entry(node, struct cring_req, free_node);
}

static int cring_sqe_check(struct cring_ring *ring, const struct cring_op *op,
			   const struct cring_sqe *sqe)
{
	if (unlikely(!op || sqe->flags & ~CRING_SQE_KNOWN))
		return -EINVAL;
	if (unlikely(sqe->__resv |
		     (sqe->xflags & CRING_SQE_X_REQUIRED & ~CRING_SQE_X_KNOWN)))
		return -EINVAL;
	if (unlikely(!(sqe->xflags & CRING_SQE_X_DEADLINE) &&
		     (sqe->deadline || sqe->xflags & CRING_SQE_X_DEADLINE_ABS)))
		return -EINVAL;
	if (unlikely(sqe->xflags & CRING_SQE_X_DETACH &&
		     !(op->flags & CRING_OPF_DETACH)))
		return -EINVAL;
	if (unlikely(sqe->flags & CRING_SQE_FIXED_FILE &&
		     !(op->flags & CRING_OPF_FILE)))
		return -EINVAL;
	if (unlikely(ring->restricted))
		return cring_restrict_sqe(ring, sqe);
	return 0;
}

static struct file *cring_req_file(struct cring_req *req,
				   const struct cring_sqe *sqe)
{
	if (unlikely(req->ring->in_kernel))
		return cring_client_file(req);
	return cring_file_get(req->ring, sqe->fd,
			      sqe->flags & CRING_SQE_FIXED_FILE);
}

/* copy what the SQE says; what fails here ends the operation when it is tried */
static int cring_req_prep(struct cring_req *req, const struct cring_sqe *sqe)
{
	const struct cring_op *op = cring_op_get(req->opcode);
	int ret;

	ret = cring_sqe_check(req->ring, op, sqe);
	if (ret)
		return ret;
	if (unlikely(req->ring->in_kernel))
		cring_client_accept(req);
	if (op->flags & CRING_OPF_FILE) {
		req->file = cring_req_file(req, sqe);
		if (!req->file)
			return -EBADF;
		if (unlikely(cring_file_is_ring(req->file)))
			return -EOPNOTSUPP;
	}
	if (unlikely(sqe->xflags & CRING_SQE_X_DETACH)) {
		ret = cring_detach_get(req);
		if (ret)
			return ret;
	}
	ret = op->prep(req, sqe);
	if (!ret && (op->cleanup || op->flags & CRING_OPF_RW))
		req->flags |= CRING_REQ_PREPPED;
	return ret;
}

/**
 * cring_req_ident - make sure that a request has its submitter's identity
 * @req: the caller's
 *
 * Whatever may go on in another context needs it, and whatever waits for
 * anything has it, so that a cancel knows whose it is.  Only what was just
 * accepted has none yet.
 *
 * Context: the submitter, under submit_mutex, unless the request has one.
 * Return: false when there is no memory for it.
 */
bool cring_req_ident(struct cring_req *req)
{
	struct cring_ident *ident = req->ident;

	if (!ident) {
		ident = cring_ident_get(req->ring);
		/* filled in before a cancel that finds the request can look */
		smp_store_release(&req->ident, ident);
	}
	return ident;
}

static void cring_req_fail(struct cring_req *req, int res)
{
	if (req->flags & CRING_REQ_FAILED)
		return;
	req->flags |= CRING_REQ_FAILED;
	req->res = res;
}

/* the chain that is open ends with the last request accepted */
static void cring_chain_close(struct cring_accept *a)
{
	struct cring_req *member = a->head;

	if (!member)
		return;
	list_last_entry(&a->head->chain, struct cring_req, chain)->sqe_flags &=
		~CRING_LINKS;
	do {
		/* it may be started from any context */
		if (!cring_req_ident(member)) {
			cring_req_fail(member, -ENOMEM);
			a->broken = true;
		}
		member = list_next_entry(member, chain);
	} while (member != a->head);
	if (a->broken) {
		do {
			cring_req_fail(member, -ECANCELED);
			member = list_next_entry(member, chain);
		} while (member != a->head);
	}
	a->head = NULL;
	a->broken = false;
}

/* a request's place in the chain that is open, if one is */
static int cring_chain_link(struct cring_accept *a, struct cring_req *req)
{
	struct cring_req *prev;

	INIT_LIST_HEAD(&req->chain);
	if (req->opcode == CRING_OP_LINK_TIMEOUT && !a->head)
		return -EINVAL;
	if (a->head) {
		prev = list_last_entry(&a->head->chain, struct cring_req,
				       chain);
		list_add_tail(&req->chain, &a->head->chain);
		if (req->opcode == CRING_OP_LINK_TIMEOUT &&
		    prev->opcode == CRING_OP_LINK_TIMEOUT)
			return -EINVAL;
	}
	return 0;
}

/* one batch is accepted at one time */
static void cring_accept_deadline(struct cring_accept *a, struct cring_req *req,
				  const struct cring_sqe *sqe)
{
	if (!a->deadlines)
		a->now = ktime_get();
	a->deadlines = true;
	req->dnode.expires =
		cring_deadline_of(sqe->deadline,
				  sqe->xflags & CRING_SQE_X_DEADLINE_ABS,
				  a->now);
	if (req->dnode.expires <= a->now)
		a->past = true;
}

static void cring_accept_one(struct cring_accept *a, struct cring_req *req,
			     const struct cring_sqe *sqe)
{
	struct cring_ring *ring = a->ring;
	u64 gen = atomic64_read(&req->word) & CRING_WORD_GEN_MASK;
	bool member = a->head;
	int ret;

	req->file = NULL;
	req->user_data = sqe->user_data;
	req->group = sqe->group;
	req->ticket = ring->accepted + a->nr;
	req->opcode = sqe->opcode;
	req->sqe_flags = sqe->flags;
	req->flags = 0;
	/* a reap that ends looks at all records */
	WRITE_ONCE(req->lflags, 0);
	req->res = 0;
	req->mark = 0;
	req->retries = 0;
	req->nr_wait = 0;
	req->ident = NULL;
	req->dnode.expires = KTIME_MAX;
	atomic_set(&req->refs, 1);

	ret = cring_req_prep(req, sqe);
	if (unlikely(ret)) {
		cring_req_fail(req, ret);
		a->broken |= member;
	} else if (unlikely(sqe->xflags & CRING_SQE_X_DEADLINE)) {
		cring_accept_deadline(a, req, sqe);
	}
	ret = cring_chain_link(a, req);
	if (unlikely(ret)) {
		cring_req_fail(req, ret);
		a->broken |= member;
	}

	/* a canceller may still look at this record for an older batch */
	atomic64_set_release(&req->word, gen | (member ? CRING_LINKED : CRING_ACCEPTED));
	if (sqe->flags & CRING_SQE_IO_DRAIN) {
		a->drain = true;
		/* a chain is drained for as one */
		if (member)
			a->head->sqe_flags |= CRING_SQE_IO_DRAIN;
	}
	if (sqe->flags & CRING_LINKS && !member) {
		a->head = req;
		a->chain_start = a->nr;
		a->broken = req->flags & CRING_REQ_FAILED;
	}
	WRITE_ONCE(ring->batch[a->nr], req);
	a->nr++;
	if (member && !(sqe->flags & CRING_LINKS))
		cring_chain_close(a);
}

/* take back what was accepted from @from on: it was never published */
static void cring_unaccept(struct cring_accept *a, u32 from)
{
	while (a->nr > from) {
		struct cring_req *req = a->ring->batch[--a->nr];

		list_del_init(&req->chain);
		cring_req_release(req, false);
	}
	a->head = NULL;
}

/* accept up to @want SQEs; true when CQ slots were too few for all of them */
static bool cring_accept(struct cring_accept *a, u32 want)
{
	struct cring_ring *ring = a->ring;
	u32 slots = cring_free_slots(ring);
	struct cring_sqe sqe;
	struct cring_req *req;

	while (a->nr < want) {
		req = a->nr < slots ? cring_req_alloc(ring) : NULL;
		if (unlikely(!req)) {
			if (a->head)
				cring_unaccept(a, a->chain_start);
			return true;
		}
		/* user space may change it: one read, then only the copy */
		memcpy(&sqe, &ring->sqes[(ring->sq_head + a->nr) &
					 ring->sq_mask], sizeof(sqe));
		barrier();
		cring_accept_one(a, req, &sqe);
	}
	cring_chain_close(a);
	return false;
}

/* behind a drain, a request may be started from any context */
static void cring_accept_idents(struct cring_accept *a)
{
	u32 i;

	for (i = 0; i < a->nr; i++)
		if (!cring_req_ident(a->ring->batch[i]))
			cring_req_fail(a->ring->batch[i], -ENOMEM);
}

/* from here on a cancel finds the batch, and what is in it is in flight */
static void cring_announce(struct cring_ring *ring, u32 nr)
{
	ring->sq_head += nr;
	/* the records before their number */
	smp_store_release(&ring->batch_nr, nr);
	/* both before the sequence number */
	smp_store_release(&ring->batch_seq, ring->batch_seq + 1);
	cring_at(CRING_AT_BATCH, ring, NULL);
	/* who takes these for accepted finds them in the batch */
	smp_store_release(&ring->accepted, ring->accepted + nr);
}

static void cring_publish(struct cring_accept *a)
{
	struct cring_ring *ring = a->ring;
	bool drain = a->drain || ring->drain;
	/* what waits for others of its batch to be tried; one alone does not */
	bool deadlines = a->deadlines && (a->nr > 1 || a->past);

	if (unlikely(drain)) {
		cring_accept_idents(a);
		cring_drain_mark(ring->batch, a->nr);
		spin_lock_irq(&ring->lock);
		cring_drain_begin(ring);
		cring_announce(ring, a->nr);
		spin_unlock_irq(&ring->lock);
	} else {
		cring_announce(ring, a->nr);
	}
	if (unlikely(deadlines))
		cring_deadline_batch(ring, a->nr);
	if (unlikely(a->past))
		cring_deadline_expire(ring, a->now);
	WRITE_ONCE(ring->shared->accepted, ring->accepted);
	/* user space may fill the slots from here on */
	smp_store_release(&ring->shared->sq_head, ring->sq_head);
	cring_at(CRING_AT_ANNOUNCE, ring, NULL);
	if (unlikely(cring_seal_seen(ring)))
		cring_seal_batch(ring, a->nr);
}

static void cring_issue_batch(struct cring_ring *ring, u32 nr)
{
	struct cring_batch batch = { LIST_HEAD_INIT(batch.done) };
	struct cring_comp comp;
	u32 i;

	for (i = 0; i < nr; i++) {
		struct cring_req *req = ring->batch[i];

		if (unlikely(ring->drain)) {
			if (cring_drain_hold(req))
				continue;
		} else if (!cring_word_move(&req->word, CRING_ACCEPTED,
					    CRING_INLINE)) {
			/* waits in a chain, or was cancelled */
			continue;
		}
		cring_issue(req, CRING_HOW_INLINE, &batch);
		/* what it has made ready goes first: the next one may sleep */
		cring_run_ready(ring);
	}

	/* also when nothing finished: it publishes how many are in flight */
	cring_comp_begin_own(&comp, ring);
	cring_batch_finish(&comp, &batch);
	if (unlikely(ring->drain))
		cring_drain_end(ring);
	cring_comp_end(&comp);
	/*
	 * What the batch left in the index is there before it ends; and who
	 * finds the batch empty sees that it has ended.
	 */
	smp_store_release(&ring->batch_seq, ring->batch_seq + 1);
	cring_at(CRING_AT_BATCH_OVER, ring, NULL);
	/* in this order */
	smp_store_release(&ring->batch_nr, 0);
	/* the owner closed the ring meanwhile, and did not see all of this */
	if (unlikely(READ_ONCE(ring->shut)))
		cring_cancel_everything(ring);
}

static void cring_note_submitter(struct cring_ring *ring)
{
	struct task_struct *old = ring->task;

	/* a kernel caller's threads run no task work of ours */
	if (likely(old == current) || ring->in_kernel)
		return;
	spin_lock_irq(&ring->queue_lock);
	ring->task = get_task_struct(current);
	spin_unlock_irq(&ring->queue_lock);
	if (old)
		put_task_struct(old);
}

/**
 * cring_submit - accept SQEs and try them
 * @ring: the caller's
 * @to_submit: how many at most
 * @short_of_slots: set when free CQ slots were too few for all of them
 *
 * Context: a thread of the owner; may sleep in a file's method.
 * Return: how many were accepted; -EBUSY when slots were too few for the first
 * one or its chain, -EINVAL when user space's tail is not within the queue,
 * -EBADFD when the owner has closed the ring, -EINTR when killed.
 */
int cring_submit(struct cring_ring *ring, u32 to_submit, bool *short_of_slots)
{
	struct cring_accept a = { .ring = ring };
	u32 avail;

	*short_of_slots = false;
	/* nothing to wait for behind another thread that submits */
	if (!to_submit) {
		cring_run_ready(ring);
		return 0;
	}
	if (mutex_lock_killable(&ring->submit_mutex))
		return -EINTR;
	/* before the SQEs it announces are read */
	avail = smp_load_acquire(&ring->shared->sq_tail) - ring->sq_head;
	if (unlikely(avail > ring->sq_mask + 1)) {
		mutex_unlock(&ring->submit_mutex);
		return -EINVAL;
	}
	if (unlikely(READ_ONCE(ring->shut))) {
		mutex_unlock(&ring->submit_mutex);
		return -EBADFD;
	}
	cring_at(CRING_AT_ACCEPT, ring, NULL);
	cring_note_submitter(ring);
	atomic_inc(&ring->nr_trying);
	*short_of_slots = cring_accept(&a, min(to_submit, avail));
	if (a.nr) {
		cring_publish(&a);
		cring_issue_batch(ring, a.nr);
	}
	atomic_dec(&ring->nr_trying);
	mutex_unlock(&ring->submit_mutex);
	cring_run_ready(ring);
	return a.nr || !*short_of_slots ? a.nr : -EBUSY;
}
