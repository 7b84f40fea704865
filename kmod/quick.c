// SPDX-License-Identifier: GPL-2.0
/*
 * The short way: reads of what is in the page cache, or is at hand in a device.
 *
 * A read of a regular file or block device that says nothing but where from,
 * where to and how much, and perhaps until when, is nearly always over where it is
 * tried.  It is
 * accepted, announced, claimed and finished like any other operation, so a
 * cancel meets it in the same states and gets the same answers; but each of
 * those steps is written out here for what it is, and what holds for all such
 * reads of one file is looked at once for as many of them as follow each other.
 *
 * What turns out to be more than that leaves the short way: it goes on as what
 * accept.c and rw_try.c would have made of it, and @quick is taken off.  What has
 * to wait for a device does so in direct.c.  So
 * while @quick is set the record has a file, perhaps a fixed buffer, and nothing
 * else that would have to be given back; it has no chain and no identity, is not
 * among the deadlines (deadline.c), and nobody drains for it or behind it.
 */
#include "quick.h"

/* --- acceptance --- */

/**
 * struct cring_quick_run - SQEs that follow each other, of one file
 * @head: the first word of each
 * @more: the sixth word of the last one
 * @buf: the fixed buffer that this names, or NULL
 * @first: the ticket of the first one
 * @from: of the first one that needs @buf
 */
struct cring_quick_run {
	union cring_quick_head head;
	union cring_quick_buf more;
	struct cring_buf *buf;
	u64 first;
	u64 from;
};

/* each of those records, up to @ticket, holds the buffer */
static void cring_quick_buf_end(struct cring_quick_run *run, u64 ticket)
{
	if (run->buf && ticket != run->from)
		cring_buf_get_many(run->buf, ticket - run->from);
	run->buf = NULL;
}

/* another buffer */
static noinline bool cring_quick_buf_begin(const struct cring_ring *ring,
					   struct cring_quick_run *run,
					   u64 word, u64 ticket)
{
	const union cring_quick_buf more = { .word = word };

	cring_quick_buf_end(run, ticket);
	if (run->head.opcode != CRING_OP_READ_FIXED || more.resv || more.fd_in)
		return false;
	run->buf = cring_buf_find(ring, more.index);
	run->from = ticket;
	run->more = more;
	return run->buf;
}

/* each of the run's records, up to @ticket, holds the file */
static void cring_quick_run_end(struct cring_accept *a,
				struct cring_quick_run *run, u64 ticket)
{
	unsigned int nr = ticket - run->first, more = nr - a->held;

	cring_quick_buf_end(run, ticket);
	if (!nr)
		return;
	if (more)
		cring_file_get_many(a->file, more);
	a->held = false;
}

/* another file, or another operation: may it take the short way? */
static noinline bool cring_quick_run_begin(struct cring_accept *a,
					   struct cring_quick_run *run,
					   u64 word, u64 more, u64 ticket)
{
	const union cring_quick_head head = { .word = word };

	cring_quick_run_end(a, run, ticket);
	*run = (struct cring_quick_run) { .first = ticket };
	if (!cring_quick_head(head))
		return false;
	if (!cring_accept_file(a, head.fd, head.flags & CRING_SQE_FIXED_FILE))
		return false;
	if (!cring_quick_file(a->file) || !cring_rw_allowed(a->ring, a->file)) {
		a->slow = true;
		return false;
	}
	run->head = head;
	return head.opcode != CRING_OP_READ_FIXED ||
	       cring_quick_buf_begin(a->ring, run, more, ticket);
}

/* it says more: no more than a deadline? */
static noinline bool cring_quick_accept_deadline(struct cring_accept *a,
						 struct cring_req *req,
						 const struct cring_sqe *from)
{
	struct cring_quick_time time;

	if (!cring_quick_time(&time, from))
		return false;
	cring_accept_deadline(a, req, time.ns, time.absolute);
	return true;
}

/* one SQE, if it says no more than may be said here */
static __always_inline bool
cring_quick_accept_one(struct cring_accept *a, struct cring_quick_run *run,
		       struct cring_req *req, const struct cring_sqe *from,
		       u64 ticket)
{
	const struct cring_quick_sqe sqe = cring_quick_copy(from);
	u64 head = cring_quick_word(from);

	if (unlikely(head != run->head.word) &&
	    !cring_quick_run_begin(a, run, head, sqe.more, ticket))
		return false;
	if (unlikely(sqe.more != run->more.word) &&
	    !cring_quick_buf_begin(a->ring, run, sqe.more, ticket))
		return false;
	if (unlikely(!cring_quick_place(&sqe, run->buf)))
		return false;
	if (unlikely(cring_quick_says_more(from)) &&
	    !cring_quick_accept_deadline(a, req, from))
		return false;
	cring_quick_fill(req, &sqe, from, &run->head, a->file, run->buf, ticket);
	return true;
}

/**
 * cring_quick_accept - accept SQEs as long as they may take the short way
 * @a: the batch; no chain is open
 * @end: accept until there are so many in it; there are CQ slots for them
 *
 * Whatever this leaves, for whatever reason, is for cring_accept(), which says
 * what is wrong with it if anything is.
 *
 * Context: the submitter, under submit_mutex; may sleep.
 */
void cring_quick_accept(struct cring_accept *a, u32 end)
{
	struct cring_ring *ring = a->ring;
	struct llist_node *free = ring->free;
	u64 first = ring->accepted, ticket = first + a->nr;
	struct cring_quick_run run = { .first = ticket };
	const struct cring_sqe *from = cring_accept_next(a);
	const struct cring_sqe *last = &ring->sqes[ring->sq_mask];
	struct cring_req **to = &ring->batch[a->nr];
	u64 *data = &ring->batch_data[a->nr];

	/* what the first says may have changed since it was looked at, to 0, too */
	if (!cring_quick_run_begin(a, &run, cring_quick_word(from),
				   cring_quick_copy(from).more, ticket))
		end = 0;
	for (; ticket < first + end && free; ticket++) {
		struct cring_req *req = llist_entry(free, struct cring_req,
						    free_node);

		if (!cring_quick_accept_one(a, &run, req, from, ticket))
			break;
		free = free->next;
		cring_batch_put(to++, data++, req);
		from = from == last ? ring->sqes : from + 1;
	}
	ring->free = free;
	a->nr = ticket - first;
	cring_quick_run_end(a, &run, ticket);
}

/* --- the attempt --- */

/**
 * cring_quick_leave - go on with what is not over
 * @req: INLINE, the caller's; not to be touched afterwards
 * @ret: what cring_quick_read() returned: the end of the file, or it is not in
 *	the page cache, or a device has it, or an error; or it was not tried
 * @batch: gets it when it is over
 *
 * Context: the submitter, under submit_mutex; may sleep.
 */
void cring_quick_leave(struct cring_req *req, ssize_t ret,
		       struct cring_batch *batch)
{
	req->quick = false;
	if (ret == CRING_QUICK_UNTRIED) {
		cring_issue(req, CRING_HOW_INLINE, batch);
		return;
	}
	if (ret == -EIOCBQUEUED) {
		cring_direct_wait(req);
		return;
	}
	/* a direct one has its own */
	if (!(req->flags & CRING_REQ_STARTED))
		req->iocb = req->ring->iocb;
	cring_issue_tried(req, cring_rw_tried(req, ret), batch);
}

/*
 * A direct read is held.  Another one may follow it into the plug; anything else may
 * sleep for ever for something that has nothing to do with it, while its device has
 * answered, so that it must not need this thread any more.
 */
static struct cring_req *cring_quick_held(struct cring_ring *ring,
					  struct cring_batch *batch)
{
	struct cring_req *req;

	if (unlikely(!list_empty(&ring->ready))) {
		cring_direct_settle(ring);
		return NULL;
	}
	req = cring_batch_next(ring, batch);
	if (req && !(req->quick &&
		     READ_ONCE(req->file->f_iocb_flags) & IOCB_DIRECT))
		cring_direct_settle(ring);
	return req;
}

/**
 * cring_quick_issue - try operations as long as they are on the short way
 * @ring: the submitter's
 * @req: the first one, INLINE, the caller's; not to be touched afterwards
 * @batch: where it is from; gets what is over; else it has left the short way
 *
 * Context: the submitter, under submit_mutex; may sleep.
 * Return: the next one, INLINE, which is on another way; or NULL when there is
 * something to be done before that is looked for, or none.
 */
struct cring_req *cring_quick_issue(struct cring_ring *ring,
				    struct cring_req *req,
				    struct cring_batch *batch)
{
	struct llist_node **end;
	ssize_t ret;

	if (unlikely(batch->flush))
		cring_batch_flush(ring, batch);
	end = batch->end;
	do {
		ret = CRING_QUICK_UNTRIED;
		/* else cring_issue() ends it */
		if (likely(!batch->deadlines || !cring_deadline_given(req) ||
			   !cring_deadline_past(req)))
			ret = cring_quick_read(ring, req);
		if (unlikely(ret != req->rw.len)) {
			if (ret == -EIOCBQUEUED &&
			    cring_direct_hold(ring, req)) {
				req = cring_quick_held(ring, batch);
				continue;
			}
			batch->end = end;
			cring_direct_settle(ring);
			cring_quick_leave(req, ret, batch);
			return NULL;
		}
		/* as cring_batch_add() */
		*end = &req->free_node;
		end = &req->free_node.next;
		req = NULL;
		if (unlikely(!list_empty(&ring->ready)))
			break;
		req = cring_batch_next(ring, batch);
	} while (req && req->quick);
	batch->end = end;
	return req;
}

/* --- the end --- */

/**
 * cring_quick_finish - post the CQEs of what has stayed on the short way
 * @comp: the submitter's session
 * @node: of its own requests, INLINE, all their bytes moved, in a list that may
 *	go on with others; not to be touched afterwards
 *
 * Context: in a session.
 * Return: how the list goes on: with what is not, or no longer, on that way.
 */
struct llist_node *cring_quick_finish(struct cring_comp *comp,
				      struct llist_node *node)
{
	struct cring_ring *ring = comp->ring;
	u32 nr, tail = ring->cq_tail, mask = ring->cq_mask;
	struct llist_node *first = node, *last = NULL;
	struct cring_cqe *cqes = ring->cqes;
	struct cring_req *req;

	lockdep_assert_held(&ring->lock);
	for (; node; node = node->next) {
		struct cring_cqe *to = &cqes[tail & mask];

		req = llist_entry(node, struct cring_req, free_node);
		if (!req->quick)
			break;
		/* somebody waits for it, or it was given a deadline */
		if (unlikely(req->lflags)) {
			req->res = req->rw.len;
			req->quick = false;
			break;
		}
		cring_quick_cqe(to, req);
		tail++;
		cring_word_done(&req->word);
		last = node;
	}
	if (!last)
		return node;
	nr = tail - ring->cq_tail;
	comp->posted += nr;
	WRITE_ONCE(ring->cq_tail, tail);
	/* the slots are taken first: cring_free_slots() reads the other way */
	smp_store_release(&ring->finished, ring->finished + nr);
	last->next = comp->quick;
	comp->quick = first;
	return node;
}

/**
 * cring_quick_release - give back what such requests held, and their records
 * @ring: the submitter's
 * @list: what cring_quick_finish() has put there, one at least
 *
 * The references of those that follow each other, of one file or buffer, are
 * dropped at once: the submitter's task work sees to the file if they were the
 * last.
 *
 * Context: the submitter, under submit_mutex, no cring lock held.
 */
void cring_quick_release(struct cring_ring *ring, struct llist_node *list)
{
	struct cring_req *req = llist_entry(list, struct cring_req, free_node);
	unsigned int nr = 0, file_from = 0, buf_from = 0;
	struct cring_buf *buf = req->rw.mem.buf;
	struct llist_node *node = list, *end;
	struct file *file = req->file;

	do {
		req = llist_entry(node, struct cring_req, free_node);
		if (unlikely(req->file != file)) {
			cring_file_put_many(file, nr - file_from);
			file = req->file;
			file_from = nr;
		}
		if (unlikely(req->rw.mem.buf != buf)) {
			if (buf)
				cring_buf_put_many(buf, nr - buf_from);
			buf = req->rw.mem.buf;
			buf_from = nr;
		}
		nr++;
		cring_quick_blank(req);
		end = node;
		node = node->next;
	} while (node);
	cring_file_put_many(file, nr - file_from);
	if (buf)
		cring_buf_put_many(buf, nr - buf_from);
	end->next = ring->free;
	ring->free = list;
}
