// SPDX-License-Identifier: GPL-2.0
/*
 * Acceptance: copy and check each SQE of a batch, take a request and reserve a
 * CQ slot for it.  Nobody else finds any of it before it is announced.
 */
#include <linux/file.h>

#include "point.h"
#include "said.h"

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
	if (unlikely(!op))
		return -EINVAL;
	/* most say nothing of all this */
	if (likely(!(sqe->flags | sqe->xflags | sqe->__resv | sqe->deadline |
		     ring->restricted)))
		return 0;
	if (unlikely(sqe->flags & ~CRING_SQE_KNOWN))
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

/**
 * cring_accept_find - look up the file that an SQE names
 * @a: the batch, whose @file is another one
 * @fd: what the SQE says
 * @fixed: is that a slot?
 *
 * Context: the submitter, under submit_mutex.
 * Return: the file, now @a's; or NULL when nothing is there.
 */
struct file *cring_accept_find(struct cring_accept *a, s32 fd, bool fixed)
{
	if (a->held)
		fput(a->file);
	a->fd = fd;
	a->fixed = fixed;
	a->file = cring_file_get(a->ring, fd, fixed);
	a->held = a->file;
	a->slow = false;
	return a->file;
}

/* the first one's has been, see quick_one.c */
static void cring_accept_look(struct cring_accept *a)
{
	struct cring_look *look = &a->ring->look;

	if (!look->file)
		return;
	a->file = look->file;
	a->fd = look->fd;
	a->fixed = look->fixed;
	a->held = true;
	a->slow = true;
	look->file = NULL;
}

static struct file *cring_req_file(struct cring_accept *a,
				   struct cring_req *req,
				   const struct cring_sqe *sqe)
{
	if (unlikely(req->ring->in_kernel))
		return cring_client_file(req);
	if (!cring_accept_file(a, sqe->fd, sqe->flags & CRING_SQE_FIXED_FILE))
		return NULL;
	return cring_accept_hold(a);
}

/* copy what the SQE says; what fails here ends the operation when it is tried */
static int cring_req_prep(struct cring_accept *a, struct cring_req *req,
			  const struct cring_sqe *sqe)
{
	const struct cring_op *op = cring_op_get(req->opcode);
	int ret;

	ret = cring_sqe_check(req->ring, op, sqe);
	if (ret)
		return ret;
	if (unlikely(req->ring->in_kernel))
		cring_client_accept(req);
	if (op->flags & CRING_OPF_FILE) {
		req->file = cring_req_file(a, req, sqe);
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
	const struct cring_op *op = cring_op_get(req->opcode);
	struct cring_ident *ident = req->ident;

	if (!ident) {
		ident = cring_ident_get(req->ring, op && op->flags &
						   CRING_OPF_WAITS);
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

/**
 * cring_accept_deadline - give a request the deadline of its SQE
 * @a: the batch; all of it is accepted at one time
 * @req: being accepted
 * @ns: how long, or when
 * @absolute: when
 *
 * Context: the submitter.
 */
void cring_accept_deadline(struct cring_accept *a, struct cring_req *req,
			   u64 ns, bool absolute)
{
	ktime_t expires;

	if (!a->deadlines) {
		a->deadlines = true;
		a->first = KTIME_MAX;
		a->now = ktime_get();
	}
	expires = cring_deadline_of(a->ring, ns, absolute, a->now);
	req->dnode.expires = expires;
	if (expires < a->first)
		a->first = expires;
}

static void cring_accept_one(struct cring_accept *a, struct cring_req *req,
			     const struct cring_sqe *sqe)
{
	struct cring_ring *ring = a->ring;
	bool member = a->head;
	int ret;

	/* all else is as cring_req_blank() has left it */
	req->user_data = sqe->user_data;
	req->group = sqe->group;
	req->ticket = ring->accepted + a->nr;
	req->opcode = sqe->opcode;
	req->sqe_flags = sqe->flags;

	ret = cring_req_prep(a, req, sqe);
	if (unlikely(ret)) {
		cring_req_fail(req, ret);
		a->broken |= member;
	} else if (unlikely(sqe->xflags & CRING_SQE_X_DEADLINE)) {
		cring_accept_deadline(a, req, sqe->deadline, sqe->xflags &
				      CRING_SQE_X_DEADLINE_ABS);
	}
	ret = cring_chain_link(a, req);
	if (unlikely(ret)) {
		cring_req_fail(req, ret);
		a->broken |= member;
	}

	cring_word_accept(&req->word, member ? CRING_LINKED : CRING_ACCEPTED);
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
	cring_batch_put(&ring->batch[a->nr], &ring->batch_data[a->nr], req);
	a->nr++;
	if (member && !(sqe->flags & CRING_LINKS))
		cring_chain_close(a);
}

static __always_inline void
cring_poll_fill(struct cring_req *req, const struct cring_poll_said *said,
		struct file *file, u64 ticket)
{
	cring_at(CRING_AT_COPIED, req->ring, req);
	/* all else is as cring_req_blank() has left it, or cring_quick_blank() */
	req->file = file;
	req->user_data = said->user_data;
	req->sqe_flags = 0;
	req->group = 0;
	req->ticket = ticket;
	req->opcode = CRING_OP_POLL_ADD;
	req->events = demangle_poll(said->events) | EPOLLERR | EPOLLHUP;
	cring_word_accept(&req->word, CRING_ACCEPTED);
}

/* each of the last @nr that were accepted holds the file */
static void cring_polls_hold(struct cring_accept *a, u32 nr)
{
	u32 more = nr - a->held;

	if (!nr)
		return;
	if (more)
		cring_file_get_many(a->file, more);
	a->held = false;
}

/*
 * Polls, as long as they follow each other; until there are @end SQEs in the batch.  No
 * chain is open, and nothing restricts them.  What this leaves is for the long way,
 * which says what is wrong with it if anything is.  False when that is the first.
 */
static bool cring_accept_polls(struct cring_accept *a, u32 end)
{
	struct cring_ring *ring = a->ring;
	struct cring_poll_said said;
	struct llist_node *free;
	u32 from = a->nr, run = from;

	while (a->nr < end && (free = ring->free)) {
		struct cring_req *req = llist_entry(free, struct cring_req,
						    free_node);

		if (!cring_poll_says(&said, cring_accept_next(a)))
			break;
		if (a->nr == run || said.fd != a->fd) {
			cring_polls_hold(a, a->nr - run);
			run = a->nr;
			if (!cring_accept_file(a, said.fd, false) ||
			    cring_file_is_ring(a->file))
				break;
		}
		ring->free = free->next;
		cring_poll_fill(req, &said, a->file, ring->accepted + a->nr);
		cring_batch_put(&ring->batch[a->nr], &ring->batch_data[a->nr], req);
		a->nr++;
	}
	cring_polls_hold(a, a->nr - run);
	return a->nr != from;
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

/**
 * cring_accept - accept SQEs
 * @a: the batch; its @ring is set, all else is 0
 * @want: how many at most; user space has filled so many
 *
 * Context: the submitter, under submit_mutex; may sleep.
 * Return: true when CQ slots were too few for all of them.
 */
bool cring_accept(struct cring_accept *a, u32 want)
{
	struct cring_ring *ring = a->ring;
	u32 slots = cring_free_slots(ring);
	const struct cring_sqe *from;
	bool short_of_slots = false;
	struct cring_sqe sqe;
	struct cring_req *req;

	cring_accept_look(a);
	a->quick = !ring->restricted && !ring->in_kernel;
	while (a->nr < want) {
		from = cring_accept_next(a);
		if (a->quick && !a->head && cring_quick_op(from) &&
		    !(a->slow && READ_ONCE(from->fd) == a->fd)) {
			cring_quick_accept(a, min(want, slots));
			if (a->nr == want)
				break;
			from = cring_accept_next(a);
		}
		if (READ_ONCE(from->opcode) == CRING_OP_POLL_ADD && a->quick &&
		    !a->head && cring_accept_polls(a, min(want, slots)))
			continue;
		req = a->nr < slots ? cring_req_alloc(ring) : NULL;
		if (unlikely(!req)) {
			if (a->head)
				cring_unaccept(a, a->chain_start);
			short_of_slots = true;
			break;
		}
		/* user space may change it: one read, then only the copy */
		memcpy(&sqe, from, sizeof(sqe));
		barrier();
		cring_at(CRING_AT_COPIED, ring, req);
		cring_accept_one(a, req, &sqe);
	}
	cring_chain_close(a);
	if (unlikely(a->held))
		fput(a->file);
	return short_of_slots;
}

/**
 * cring_accept_idents - behind a drain, any may be started from any context
 * @a: the batch, accepted
 *
 * Context: the submitter, under submit_mutex; may sleep.
 */
void cring_accept_idents(struct cring_accept *a)
{
	u32 i;

	for (i = 0; i < a->nr; i++) {
		struct cring_req *req = a->ring->batch[i];

		req->quick = false;
		if (!cring_req_ident(req))
			cring_req_fail(req, -ENOMEM);
	}
}
