// SPDX-License-Identifier: GPL-2.0
/*
 * The short way: reads of what is in the page cache.
 *
 * A read of a regular file or block device that says nothing but where from,
 * where to and how much, is nearly always over where it is tried.  It is
 * accepted, announced, claimed and finished like any other operation, so a
 * cancel meets it in the same states and gets the same answers; but each of
 * those steps is written out here for what it is, and what holds for all such
 * reads of one file is looked at once for as many of them as follow each other.
 *
 * What turns out to be more than that leaves the short way: it goes on as what
 * accept.c and rw_try.c would have made of it, and @quick is taken off.  So
 * while @quick is set the record has a file, perhaps a fixed buffer, and nothing
 * else that would have to be given back; it has no chain, no identity, no
 * deadline from its SQE, and nobody drains for it or behind it.
 */
#include <linux/fs.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "point.h"
#include "rw.h"

/* --- acceptance --- */

/* the first word of an SQE: what, and of which file */
union cring_quick_head {
	u64 word;
	struct {
		u8 opcode;
		u8 flags;
		u16 ioprio;
		s32 fd;
	};
};

/* its sixth: all of it is 0, but that a fixed buffer may be named */
union cring_quick_buf {
	u64 word;
	struct {
		u16 index;
		u16 resv;
		s32 fd_in;
	};
};

/**
 * struct cring_quick_run - SQEs that follow each other, of one file
 * @head: the first word of each
 * @not: bits that are 0 in the word that may name a buffer
 * @held: references to the file that were taken for them
 * @nr: how many have been accepted, and need one
 */
struct cring_quick_run {
	union cring_quick_head head;
	union cring_quick_buf not;
	unsigned int held;
	unsigned int nr;
};

/* Does a read that may not wait do so, and may it say where? */
static bool cring_quick_file(struct file *file)
{
	umode_t mode = file_inode(file)->i_mode;

	return (S_ISREG(mode) || S_ISBLK(mode)) && cring_has_pos(file) &&
	       file->f_mode & FMODE_NOWAIT && file->f_mode & FMODE_READ &&
	       cring_rw_has_iter(file, READ) && !file_can_poll(file) &&
	       !(file->f_flags & O_DIRECT);
}

/* each of the run's records holds the file */
static void cring_quick_run_end(struct cring_accept *a,
				struct cring_quick_run *run)
{
	if (run->nr > run->held) {
		cring_file_get_many(a->file, run->nr - run->held);
	} else if (run->nr < run->held) {
		fput(a->file);
		a->file = NULL;
	}
}

/* another file, or another operation: may it take the short way? */
static bool cring_quick_run_begin(struct cring_accept *a,
				  struct cring_quick_run *run, u64 word)
{
	const union cring_quick_head head = { .word = word };
	bool fixed = head.flags & CRING_SQE_FIXED_FILE;

	cring_quick_run_end(a, run);
	*run = (struct cring_quick_run) {};
	if ((head.opcode != CRING_OP_READ &&
	     head.opcode != CRING_OP_READ_FIXED) ||
	    head.flags & ~CRING_SQE_FIXED_FILE || head.ioprio)
		return false;
	/* that of the last request, which holds it */
	if (!a->file || head.fd != a->fd || fixed != a->fixed) {
		a->fd = head.fd;
		a->fixed = fixed;
		a->file = cring_file_get(a->ring, head.fd, fixed);
		if (!a->file)
			return false;
		run->held = 1;
	}
	if (!cring_quick_file(a->file) || !cring_rw_allowed(a->ring, a->file))
		return false;
	run->not.word = ~0ULL;
	if (head.opcode == CRING_OP_READ_FIXED)
		run->not.index = 0;
	run->head = head;
	return true;
}

/* one SQE, if it says no more than may be said here */
static bool cring_quick_accept_one(struct cring_accept *a,
				   struct cring_quick_run *run,
				   struct cring_req *req,
				   const struct cring_sqe *sqe)
{
	const u64 *word = (const u64 *)sqe;
	union cring_quick_buf more = { .word = READ_ONCE(word[5]) };
	/* user space may change it: each of its fields is read once */
	u64 head = READ_ONCE(word[0]), addr = READ_ONCE(sqe->addr);
	s64 pos = READ_ONCE(sqe->off);
	u32 len = READ_ONCE(sqe->len);
	struct cring_buf *buf = NULL;

	BUILD_BUG_ON(offsetof(struct cring_sqe, off) != sizeof(u64));
	BUILD_BUG_ON(offsetof(struct cring_sqe, buf_index) != 5 * sizeof(u64));
	BUILD_BUG_ON(offsetof(struct cring_sqe, deadline) != 6 * sizeof(u64));
	if (unlikely(head != run->head.word) &&
	    !cring_quick_run_begin(a, run, head))
		return false;
	if (unlikely((more.word & run->not.word) | READ_ONCE(sqe->deadline) |
		     READ_ONCE(sqe->rw_flags) | READ_ONCE(sqe->xflags)))
		return false;
	if (unlikely(pos < 0 || len > MAX_RW_COUNT))
		return false;
	if (run->head.opcode == CRING_OP_READ_FIXED) {
		buf = cring_buf_get(a->ring, more.index, addr, len);
		if (IS_ERR(buf))
			return false;
	} else if (unlikely(!access_ok(u64_to_user_ptr(addr), len))) {
		return false;
	}

	/* what names it in the CQ is used by user space only */
	cring_at(CRING_AT_COPIED, a->ring, req);
	/* all else is as cring_req_blank() has left it */
	req->file = a->file;
	req->user_data = READ_ONCE(sqe->user_data);
	req->ticket = a->ring->accepted + a->nr;
	req->opcode = run->head.opcode;
	req->sqe_flags = run->head.flags;
	req->flags = CRING_REQ_PREPPED;
	req->group = READ_ONCE(sqe->group);
	req->ioprio = 0;
	req->quick = true;
	req->rw = (struct cring_rw) {
		.addr = addr, .mem.buf = buf, .pos = pos, .len = len,
	};
	cring_word_accept(&req->word, CRING_ACCEPTED);
	run->nr++;
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
	const struct cring_sqe *sqe = cring_accept_next(a);
	struct cring_quick_run run = {};
	struct cring_ring *ring = a->ring;
	struct cring_req *req;

	if (!cring_quick_run_begin(a, &run, READ_ONCE(*(const u64 *)sqe)))
		end = 0;
	while (a->nr < end && ring->free) {
		req = llist_entry(ring->free, struct cring_req, free_node);
		if (!cring_quick_accept_one(a, &run, req, sqe))
			break;
		ring->free = req->free_node.next;
		WRITE_ONCE(ring->batch[a->nr], req);
		a->nr++;
		sqe = cring_accept_next(a);
	}
	cring_quick_run_end(a, &run);
}

/* --- the attempt --- */

/* true when it was tried, with @ret the outcome */
static bool cring_quick_read(struct cring_req *req, struct kiocb *iocb,
			     ssize_t *ret)
{
	struct file *file = req->file;
	int flags = READ_ONCE(file->f_iocb_flags);
	struct iov_iter iter;

	/*
	 * fcntl(2) may have made its reads direct, which goes to a device; or
	 * it was given a deadline, or is waited for.
	 */
	if (unlikely(flags & IOCB_DIRECT || READ_ONCE(req->lflags)))
		return false;
	iocb->ki_filp = file;
	iocb->ki_flags = flags | IOCB_NOWAIT;
	iocb->ki_pos = req->rw.pos;
	if (req->opcode == CRING_OP_READ_FIXED)
		cring_buf_iter(req->rw.mem.buf, ITER_DEST, req->rw.addr,
			       req->rw.len, &iter);
	else
		iov_iter_ubuf(&iter, ITER_DEST, u64_to_user_ptr(req->rw.addr),
			      req->rw.len);
	*ret = vfs_iocb_iter_read(file, iocb, &iter);
	return true;
}

/**
 * cring_quick_issue - try an operation that is on the short way
 * @req: INLINE, the caller's; not to be touched afterwards
 * @iocb: all 0 but for what this function has left in it for the one before
 * @batch: gets it when it is over; else it has left the short way
 *
 * Context: the submitter, under submit_mutex; may sleep.
 */
void cring_quick_issue(struct cring_req *req, struct kiocb *iocb,
		       struct cring_batch *batch)
{
	ssize_t ret;

	if (unlikely(batch->flush))
		cring_batch_flush(req->ring, batch);
	if (unlikely(!cring_quick_read(req, iocb, &ret))) {
		req->quick = false;
		cring_issue(req, CRING_HOW_INLINE, batch);
		return;
	}
	if (likely(ret == req->rw.len)) {
		req->res = ret;
		cring_batch_add(batch, req);
		return;
	}
	/* the end of the file, or not in the page cache, or an error */
	req->quick = false;
	req->iocb = *iocb;
	cring_issue_tried(req, cring_rw_tried(req, ret), batch);
}

/* --- the end --- */

/**
 * cring_quick_finish - post the CQE of what has stayed on the short way
 * @comp: the submitter's session
 * @req: its own, INLINE, all its bytes moved; not to be touched afterwards
 *
 * Context: in a session.
 */
void cring_quick_finish(struct cring_comp *comp, struct cring_req *req)
{
	lockdep_assert_held(&comp->ring->lock);
	/* somebody waits for it, or it was given a deadline */
	if (unlikely(req->lflags)) {
		req->quick = false;
		cring_finish(comp, req);
		return;
	}
	cring_post_plain(comp, req);
	req->free_node.next = comp->quick;
	comp->quick = &req->free_node;
}

/**
 * cring_quick_release - give back what such requests held, and their records
 * @ring: the submitter's
 * @list: what cring_quick_finish() has put there, one at least
 *
 * The references of those that follow each other, of one file, are dropped at
 * once: the submitter's task work sees to the file if they were the last.
 *
 * Context: the submitter, under submit_mutex, no cring lock held.
 */
void cring_quick_release(struct cring_ring *ring, struct llist_node *list)
{
	struct llist_node *node = list, *end;
	struct file *file = NULL;
	unsigned int nr = 0;

	do {
		struct cring_req *req = llist_entry(node, struct cring_req,
						    free_node);

		if (req->file != file) {
			if (file)
				cring_file_put_many(file, nr);
			file = req->file;
			nr = 0;
		}
		nr++;
		if (req->opcode == CRING_OP_READ_FIXED)
			cring_buf_put(req->rw.mem.buf);
		/* blank again: nothing else was ever written to */
		req->file = NULL;
		req->flags = 0;
		req->res = 0;
		req->mark = 0;
		req->quick = false;
		cring_word_free(&req->word);
		end = node;
		node = node->next;
	} while (node);
	cring_file_put_many(file, nr);
	end->next = ring->free;
	ring->free = list;
}
