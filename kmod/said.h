/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an SQE says, for what is over when it is accepted, and asks that it says no
 * more than it knows.  User space may change it at any time: a value that is used is
 * read once.
 */
#ifndef _CRING_SAID_H
#define _CRING_SAID_H

#include "cring.h"

/* does it say nothing but that it is a NOP, and its user_data? */
static __always_inline bool cring_nop_is_bare(const struct cring_sqe *sqe)
{
	const u64 *word = (const u64 *)sqe;

	BUILD_BUG_ON(offsetof(struct cring_sqe, fd) != 4);
	BUILD_BUG_ON(offsetof(struct cring_sqe, user_data) != 4 * sizeof(u64));
	/*
	 * Of the first word all but the descriptor, which a NOP does not look at.
	 * User space may write to them at any time: none of their values is used,
	 * and each was 0 whenever it was read, be it twice.
	 */
	return !data_race(*(const u32 *)sqe | word[1] | word[2] | word[3] |
			  word[5] | word[6] | word[7]);
}

/*
 * May SQEs be accepted, and be over, now?  Else something may hold them back, or end
 * them, or does not admit them, or there are no slots.
 */
static __always_inline bool cring_may_be_over(struct cring_ring *ring, u32 nr)
{
	return !READ_ONCE(ring->unusual) && !ring->seals &&
	       cring_free_slots(ring) >= nr;
}

/* under cring_ring.lock: accept so many; their CQEs come next, and cring_over_end() */
static __always_inline void cring_over_begin(struct cring_ring *ring, u32 nr)
{
	ring->sq_head += nr;
	/* first: never are more finished than that */
	smp_store_release(&ring->accepted, ring->accepted + nr);
}

static __always_inline void cring_over_end(struct cring_ring *ring)
{
	WRITE_ONCE(ring->shared->accepted, ring->accepted);
	/* user space may fill the slots from here on */
	smp_store_release(&ring->shared->sq_head, ring->sq_head);
}

/*
 * Does an SQE say more than an opcode, a descriptor, a user_data, its @addr and its
 * op_flags?
 */
static __always_inline bool cring_sqe_says_more(const struct cring_sqe *sqe,
						u8 opcode)
{
	const union {
		struct {
			u8 opcode;
			u8 flags;
			u16 ioprio;
		};
		u32 word;
	} head = { .opcode = opcode };
	const u64 *word = (const u64 *)sqe;

	BUILD_BUG_ON(offsetof(struct cring_sqe, fd) != sizeof(head));
	BUILD_BUG_ON(offsetof(struct cring_sqe, off) != sizeof(u64));
	BUILD_BUG_ON(offsetof(struct cring_sqe, buf_index) != 5 * sizeof(u64));
	return (READ_ONCE(*(const u32 *)sqe) ^ head.word) | READ_ONCE(word[1]) |
	       READ_ONCE(sqe->len) | READ_ONCE(word[5]) | READ_ONCE(word[6]) |
	       READ_ONCE(word[7]);
}

/* what a cancel says: user space may change it, each of its fields is read once */
struct cring_cancel_said {
	u64 user_data;	/* its own */
	u64 whom;	/* whose, when it names no file */
	u32 flags;
	s32 fd;
};

/* false when it says more than a user_data or a descriptor */
static __always_inline bool cring_cancel_says(struct cring_cancel_said *said,
					      const struct cring_sqe *sqe)
{
	*said = (struct cring_cancel_said) {
		.user_data = READ_ONCE(sqe->user_data),
		.whom = READ_ONCE(sqe->addr),
		.flags = READ_ONCE(sqe->cancel_flags),
		.fd = READ_ONCE(sqe->fd),
	};
	if (cring_sqe_says_more(sqe, CRING_OP_ASYNC_CANCEL))
		return false;
	return !said->flags ||
	       (said->flags == CRING_ASYNC_CANCEL_FD && !said->whom);
}

/* what a poll says: user space may change it, each of its fields is read once */
struct cring_poll_said {
	u64 user_data;
	u32 events;
	s32 fd;
};

/* false when it says more than that */
static __always_inline bool cring_poll_says(struct cring_poll_said *said,
					    const struct cring_sqe *sqe)
{
	*said = (struct cring_poll_said) {
		.user_data = READ_ONCE(sqe->user_data),
		.events = READ_ONCE(sqe->poll32_events),
		.fd = READ_ONCE(sqe->fd),
	};
	return !(READ_ONCE(sqe->addr) |
		 cring_sqe_says_more(sqe, CRING_OP_POLL_ADD)) &&
	       said->events <= U16_MAX;
}

#endif /* _CRING_SAID_H */
