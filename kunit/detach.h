/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Operations that may be let go of, on a ring of their own, and a file in which
 * they hang.
 */
#ifndef _CRING_KUNIT_DETACH_H
#define _CRING_KUNIT_DETACH_H

#include "sqes.h"

enum { DETACH_A = 1, DETACH_B = 2, DETACH_ROOM = 4 };

/* more than a page, and not a whole number of them */
#define DETACH_LEN	(2 * PAGE_SIZE + 100)

/**
 * struct detach - reads and writes of DETACH_LEN bytes that may be let go of
 * @live: a ring with room for DETACH_ROOM of them
 * @script: their file
 * @kind: which
 * @submitter: the thread that hangs in the method, or NULL
 * @user: their memory, DETACH_LEN bytes that are all 0xee
 * @file_data: what a read of the file gives
 * @written: what the last write gave it
 * @iter: what the device was given last
 * @answer: of a cancel in a method or at a point
 * @cancels: how many there were
 */
struct detach {
	struct live *live;
	struct script *script;
	enum script_kind kind;
	struct other *submitter;
	unsigned long user;
	u8 file_data[DETACH_LEN];
	u8 written[DETACH_LEN];
	struct iov_iter iter;
	s32 answer;
	int cancels;
};

/* what the file's methods may do: move the bytes; hang, then do so; queue them */
ssize_t detach_move(struct script *script, struct kiocb *iocb,
		    struct iov_iter *iter);
ssize_t detach_hang(struct script *script, struct kiocb *iocb,
		    struct iov_iter *iter);
ssize_t detach_queue(struct script *script, struct kiocb *iocb,
		     struct iov_iter *iter);

struct detach *detach_open(struct kunit *test, enum script_kind kind);
struct cring_sqe *detach_sqe(struct detach *d, u8 opcode, u64 user_data);
/* submit one; its state afterwards */
enum cring_state detach_start(struct detach *d, u8 opcode, u64 user_data);

/* who has an operation that hangs, and what it is */
struct detach_case {
	const char *name;
	enum script_kind kind;
	u8 opcode;
	u8 sqe_flags;
};

/* submit what is in the SQ, and wait until its first one hangs as it should */
void detach_hang_up(struct detach *d, u64 user_data);
/* the same for one operation */
void detach_start_and_hang(struct detach *d, u8 opcode, u64 user_data);
struct detach *detach_open_and_hang(struct kunit *test,
				    const struct detach_case *what);
/* who has it is through with it */
void detach_answer(struct detach *d);

bool detach_user_is(struct detach *d, const u8 *want);
/* a cancel is 0 at once, it had been started, its record is still occupied */
void detach_expect_let_go(struct detach *d, u64 user_data);
/* the record is free again, and so is the file */
void detach_expect_given_back(struct detach *d);

#define EXPECT_READ(on) do {						\
	struct detach *d_ = (on);					\
	KUNIT_EXPECT_TRUE(d_->live->test,				\
			  detach_user_is(d_, d_->file_data));		\
} while (0)
#define EXPECT_UNREAD(on) do {						\
	struct detach *d_ = (on);					\
	KUNIT_EXPECT_TRUE(d_->live->test,				\
			  detach_user_is(d_, d_->written));		\
} while (0)

/* what was written is what was there when it was submitted */
#define EXPECT_WRITTEN(on) do {						\
	struct detach *d_ = (on);					\
	KUNIT_EXPECT_NULL(d_->live->test,				\
			  memchr_inv(d_->written, 0xee, DETACH_LEN));	\
} while (0)

#endif /* _CRING_KUNIT_DETACH_H */
