/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The short way's steps, for one read: inlined into the loops of quick.c, and
 * into what quick_one.c does with one alone.
 */
#ifndef _CRING_QUICK_H
#define _CRING_QUICK_H

#include <linux/fs.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "buf.h"
#include "point.h"
#include "rw.h"

/* --- what an SQE says --- */

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

/* may it be that of a read on the short way? */
static __always_inline bool
cring_quick_head(union cring_quick_head head)
{
	const union cring_quick_head none = {
		.flags = (u8)~CRING_SQE_FIXED_FILE, .ioprio = (u16)~0,
	};

	return !(head.word & none.word) && cring_quick_opcode(head.opcode);
}

/* what else an SQE says: user space may change it, each of its fields is read once */
struct cring_quick_sqe {
	u64 more;
	u64 addr;
	s64 pos;
	u32 len;
};

/* its first word, for a union cring_quick_head */
static __always_inline u64 cring_quick_word(const struct cring_sqe *sqe)
{
	return READ_ONCE(*(const u64 *)sqe);
}

/* the rest of it */
static __always_inline struct cring_quick_sqe
cring_quick_copy(const struct cring_sqe *sqe)
{
	const u64 *word = (const u64 *)sqe;

	BUILD_BUG_ON(offsetof(struct cring_sqe, off) != sizeof(u64));
	BUILD_BUG_ON(offsetof(struct cring_sqe, buf_index) != 5 * sizeof(u64));
	BUILD_BUG_ON(offsetof(struct cring_sqe, deadline) != 6 * sizeof(u64));
	return (struct cring_quick_sqe) {
		.more = READ_ONCE(word[5]),
		.addr = READ_ONCE(sqe->addr),
		.pos = READ_ONCE(sqe->off),
		.len = READ_ONCE(sqe->len),
	};
}

/* does it say more than that? */
static __always_inline bool cring_quick_says_more(const struct cring_sqe *sqe)
{
	return READ_ONCE(sqe->deadline) | READ_ONCE(sqe->rw_flags) |
	       READ_ONCE(sqe->xflags);
}

/* what more it may say: until when */
struct cring_quick_time {
	u64 ns;
	bool absolute;
};

/* false when it says something else; what says_more() saw does not count */
static __always_inline bool cring_quick_time(struct cring_quick_time *to,
					     const struct cring_sqe *sqe)
{
	u32 xflags = READ_ONCE(sqe->xflags);

	to->ns = READ_ONCE(sqe->deadline);
	to->absolute = xflags & CRING_SQE_X_DEADLINE_ABS;
	return (xflags & ~CRING_SQE_X_DEADLINE_ABS) == CRING_SQE_X_DEADLINE &&
	       !READ_ONCE(sqe->rw_flags);
}

/* is there such a place in a file, and the memory that it names? */
static __always_inline bool cring_quick_place(const struct cring_quick_sqe *sqe,
					      const struct cring_buf *buf)
{
	if (unlikely(sqe->pos < 0 || sqe->len > MAX_RW_COUNT))
		return false;
	return buf ? cring_buf_has(buf, sqe->addr, sqe->len) :
		     access_ok(u64_to_user_ptr(sqe->addr), sqe->len);
}

/* what names it in the CQ, and its group, are read here */
static __always_inline void
cring_quick_fill(struct cring_req *req, const struct cring_quick_sqe *sqe,
		 const struct cring_sqe *from,
		 const union cring_quick_head *head, struct file *file,
		 struct cring_buf *buf, u64 ticket)
{
	cring_at(CRING_AT_COPIED, req->ring, req);
	/* all else is as cring_req_blank() has left it */
	req->file = file;
	req->user_data = READ_ONCE(from->user_data);
	req->ticket = ticket;
	req->opcode = head->opcode;
	req->sqe_flags = head->flags;
	req->flags = CRING_REQ_PREPPED;
	req->group = READ_ONCE(from->group);
	req->ioprio = 0;
	req->quick = true;
	req->rw = (struct cring_rw) {
		.addr = sqe->addr, .mem.buf = buf, .pos = sqe->pos,
		.len = sqe->len,
	};
	cring_word_accept(&req->word, CRING_ACCEPTED);
}

/* --- the attempt, and the end --- */

/* Does a read that may not wait do so, and may it say where? */
static __always_inline bool cring_quick_file(struct file *file)
{
	const fmode_t must = FMODE_NOWAIT | FMODE_READ | FMODE_PREAD;
	umode_t mode = file_inode(file)->i_mode;

	return (S_ISREG(mode) || S_ISBLK(mode)) &&
	       (file->f_mode & (must | FMODE_STREAM)) == must &&
	       file->f_op->read_iter && !file_can_poll(file);
}

/* no number of bytes, and no error */
#define CRING_QUICK_UNTRIED	LONG_MIN

/* direct.c: the same, of what goes to a device */
ssize_t cring_direct_read(struct cring_req *req, struct iov_iter *iter, int flags);
bool cring_direct_hold_first(struct cring_ring *ring, const struct cring_req *req);
void cring_direct_wait(struct cring_req *req);

/* so many at most can be found in the batch alone */
#define CRING_MAX_HELD		CRING_BREAK

/*
 * It was handed to a device, -EIOCBQUEUED: it is held if the device gets it only when
 * the submitter pulls the plug, and not to be touched until cring_direct_settle().
 */
static __always_inline bool cring_direct_hold(struct cring_ring *ring,
					      struct cring_req *req)
{
	if (unlikely(!ring->nr_held) && !cring_direct_hold_first(ring, req))
		return false;
	req->held = true;
	if (unlikely(++ring->nr_held == CRING_MAX_HELD))
		cring_direct_settle_held(ring);
	return true;
}

/* what is left in the ring's iocb and iterator is of another one */
static __always_inline ssize_t cring_quick_read(struct cring_ring *ring,
						struct cring_req *req)
{
	struct iov_iter *iter = &ring->iter;
	struct kiocb *iocb = &ring->iocb;
	struct file *file = req->file;
	int flags = READ_ONCE(file->f_iocb_flags);
	struct cring_buf *buf = req->rw.mem.buf;

	/* it was given a deadline, or is waited for */
	if (unlikely(READ_ONCE(req->lflags)))
		return CRING_QUICK_UNTRIED;
	if (buf)
		cring_buf_iter(buf, ITER_DEST, req->rw.addr, req->rw.len, iter);
	else
		iov_iter_ubuf(iter, ITER_DEST, u64_to_user_ptr(req->rw.addr),
			      req->rw.len);
	if (flags & IOCB_DIRECT)
		return cring_direct_read(req, iter, flags);
	iocb->ki_filp = file;
	iocb->ki_flags = flags | IOCB_NOWAIT;
	iocb->ki_pos = req->rw.pos;
	return vfs_iocb_iter_read(file, iocb, iter);
}

static __always_inline void cring_quick_cqe(struct cring_cqe *to,
					    const struct cring_req *req)
{
	WRITE_ONCE(to->user_data, req->user_data);
	WRITE_ONCE(to->res, req->rw.len);
	WRITE_ONCE(to->flags, 0);
}

/*
 * Its record is blank again: nothing else was ever written to but what each
 * acceptance writes, its opcode, flags and group.
 */
static __always_inline void cring_quick_blank(struct cring_req *req)
{
	req->file = NULL;
	req->flags = 0;
	req->mark = 0;
	req->quick = false;
	req->dnode.expires = KTIME_MAX;
	cring_word_free(&req->word);
}

/* what became of an SQE */
enum cring_one {
	CRING_ONE_LOOKED,	/* it was looked at; the file may be in @look */
	CRING_ONE_TAKEN,	/* it was accepted */
	CRING_ONE_OVER,		/* and its CQE is in the CQ */
};

/* quick_one.c: one alone */
enum cring_one cring_quick_one(struct cring_ring *ring,
			       const struct cring_sqe *from,
			       union cring_quick_head head);

/* quick.c: what is more than a read of what is there */
void cring_quick_leave(struct cring_req *req, ssize_t ret,
		       struct cring_batch *batch);

#endif /* _CRING_QUICK_H */
