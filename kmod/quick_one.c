// SPDX-License-Identifier: GPL-2.0
/*
 * The short way for one read that is submitted alone.
 *
 * It goes through the same steps as a batch of several (quick.c), and to a cancel
 * it is one.  What is left out is what is there for several: a list of what is
 * over, and a session of completions.
 */
#include <linux/file.h>

#include "pipe.h"
#include "quick.h"
#include "submit.h"

/*
 * Its deadline, which is not armed before it is tried; KTIME_MAX when it has none,
 * KTIME_MIN when it is over, or more is said than that.
 */
static __always_inline ktime_t
cring_quick_expires(const struct cring_ring *ring, const struct cring_sqe *from)
{
	/* user space may change it: each field is read once */
	u64 ns = READ_ONCE(from->deadline);
	u32 xflags = READ_ONCE(from->xflags);
	u32 rw_flags = READ_ONCE(from->rw_flags);
	ktime_t now, expires;

	if (likely(!(ns | xflags | rw_flags)))
		return KTIME_MAX;
	if (xflags == CRING_SQE_X_DEADLINE && !rw_flags && (s64)ns > 0) {
		expires = ktime_get() + ns;
		/* too far away to come */
		return expires < 0 ? KTIME_MAX : expires;
	}
	if (xflags != CRING_SQE_X_DEADLINES || rw_flags)
		return KTIME_MIN;
	now = ktime_get();
	expires = cring_deadline_of(ring, ns, true, now);
	return expires > now ? expires : KTIME_MIN;
}

/* the fixed buffer that it names, which is looked up; false when it says more */
static __always_inline bool cring_quick_buf(const struct cring_ring *ring,
					    union cring_quick_head head,
					    u64 word, struct cring_buf **buf)
{
	const union cring_quick_buf more = { .word = word };

	*buf = NULL;
	if (likely(head.opcode == CRING_OP_READ))
		return !word;
	if (more.resv || more.fd_in)
		return false;
	*buf = cring_buf_find(ring, more.index);
	return *buf;
}

/* what it says more is read when its file has been looked up, which is a call */
static __always_inline struct cring_req *
cring_quick_accept_file(struct cring_ring *ring, union cring_quick_head head,
			const struct cring_sqe *from, struct file *file,
			ktime_t expires)
{
	const struct cring_quick_sqe sqe = cring_quick_copy(from);
	struct cring_buf *buf;
	struct cring_req *req;

	if (unlikely(expires == KTIME_MIN ||
		     !cring_quick_buf(ring, head, sqe.more, &buf) ||
		     !cring_quick_place(&sqe, buf)))
		return NULL;
	if (buf)
		cring_buf_get_many(buf, 1);
	req = llist_entry(ring->free, struct cring_req, free_node);
	ring->free = ring->free->next;
	req->dnode.expires = expires;
	req->events = EPOLLIN | EPOLLRDNORM;
	cring_quick_fill(req, &sqe, from, &head, file, buf, ring->accepted);
	cring_batch_put(ring->batch, ring->batch_data, req);
	return req;
}

/*
 * Any other that is read as this one is, but may have to wait for its file: it is
 * accepted here, and tried as all others are.
 */
static __always_inline bool cring_quick_other(const struct file *file)
{
	return file->f_mode & FMODE_READ && file->f_op->read_iter;
}

/* it may not take the short way: accept.c begins with that file */
static noinline void cring_quick_look(struct cring_ring *ring,
				      union cring_quick_head head,
				      struct file *file)
{
	ring->look = (struct cring_look) {
		file, head.fd, head.flags & CRING_SQE_FIXED_FILE,
	};
}

/*
 * Accept what is next in the SQ, alone; NULL when it may not take the short way.
 * @other: it was accepted, and takes it no further
 */
static __always_inline struct cring_req *
cring_quick_accept_alone(struct cring_ring *ring, const struct cring_sqe *from,
			 union cring_quick_head head, bool *other)
{
	struct cring_req *req = NULL;
	struct file *file;
	ktime_t expires;

	if (READ_ONCE(ring->unusual) || !ring->free ||
	    cring_taken_slots(ring) > ring->cq_mask)
		return NULL;
	file = unlikely(head.flags & CRING_SQE_FIXED_FILE) ?
	       cring_file_get(ring, head.fd, true) : fget(head.fd);
	if (!file)
		return NULL;
	/* while there is little else to be kept */
	expires = cring_quick_expires(ring, from);
	*other = !cring_quick_file(file);
	if (likely(!*other || cring_quick_other(file)))
		req = cring_quick_accept_file(ring, head, from, file, expires);
	if (unlikely(!req))
		cring_quick_look(ring, head, file);
	return req;
}

/* is it a read of a pipe that would be tried in vain, with nothing in its way? */
static __always_inline bool cring_quick_waits(const struct cring_ring *ring,
					      const struct cring_req *req)
{
	return req->opcode == CRING_OP_READ && req->rw.len &&
	       !READ_ONCE(ring->unusual_all) && cring_pipe_is_empty(req->file);
}

/* give back what it held, and its record */
static __always_inline void cring_quick_free(struct cring_ring *ring,
					     struct cring_req *req)
{
	struct cring_buf *buf = req->rw.mem.buf;

	fput(req->file);
	if (buf)
		cring_buf_put_many(buf, 1);
	cring_quick_blank(req);
	req->free_node.next = ring->free;
	ring->free = &req->free_node;
}

/* post its CQE in a session of its own, if nothing follows from that */
static __always_inline bool cring_quick_post(struct cring_ring *ring,
					     struct cring_req *req)
{
	u32 tail;

	spin_lock_irq(&ring->lock);
	if (unlikely(req->lflags || ring->counting ||
		     !list_empty(&ring->windowed))) {
		spin_unlock_irq(&ring->lock);
		return false;
	}
	tail = ring->cq_tail;
	cring_quick_cqe(&ring->cqes[tail & ring->cq_mask], req);
	WRITE_ONCE(ring->cq_tail, tail + 1);
	/* as in cring_post_alone() */
	smp_store_release(&ring->finished, ring->finished + 1);
	cring_word_done(&req->word);
	cring_at(CRING_AT_PUBLISH, ring, NULL);
	cring_cq_publish(ring, ring->accepted - ring->finished);
	spin_unlock_irq(&ring->lock);
	cring_cq_wake(ring, true);
	return true;
}

/* what a batch of one has come to that is more than a read of what is there */
static noinline void cring_quick_more(struct cring_ring *ring,
				      struct cring_req *req, ssize_t ret)
{
	struct cring_batch batch;

	cring_batch_init(&batch, true);
	/* else a cancel has claimed it */
	if (req && ret == req->rw.len) {
		cring_batch_add(&batch, req);
	} else if (req) {
		cring_quick_leave(req, ret, &batch);
		cring_batch_ran(ring, &batch);
	}
	cring_batch_post(ring, &batch);
}

/**
 * cring_quick_one - submit one SQE that may take the short way
 * @ring: the submitter's, with no thread of its own
 * @from: what is next in its SQ
 * @head: its first word, as it was read: that of a read that may take it
 *
 * A batch of its own, to everybody: what is left out is only what concerns
 * others that are not there.
 *
 * Context: the submitter, under submit_mutex; may sleep.
 * Return: %CRING_ONE_LOOKED when it was only looked at: it is for cring_accept().
 * Else it was accepted, and may be over.
 */
enum cring_one cring_quick_one(struct cring_ring *ring,
			       const struct cring_sqe *from,
			       union cring_quick_head head)
{
	bool other = false;
	struct cring_req *req = cring_quick_accept_alone(ring, from, head,
							 &other);
	enum cring_one one = CRING_ONE_TAKEN;
	ssize_t ret = 0;

	if (!req)
		return CRING_ONE_LOOKED;
	if (unlikely(other) && cring_quick_waits(ring, req))
		return cring_pipe_wait(ring, req) ? CRING_ONE_TAKEN :
						    CRING_ONE_LOOKED;
	atomic_inc(&ring->nr_trying);
	cring_announce(ring, 1);
	cring_announced(ring, 1);
	if (unlikely(!cring_word_move(&req->word, CRING_ACCEPTED, CRING_INLINE)))
		req = NULL;
	else if (likely(!other))
		ret = cring_quick_read(ring, req);
	else
		ret = CRING_QUICK_UNTRIED;
	if (likely(req && ret == req->rw.len && cring_quick_post(ring, req))) {
		cring_quick_free(ring, req);
		one = CRING_ONE_OVER;
	} else {
		cring_quick_more(ring, req, ret);
	}
	cring_batch_over(ring);
	atomic_dec(&ring->nr_trying);
	return one;
}
