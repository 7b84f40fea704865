/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The operations in one table, an SQE for each that is fine, and what becomes of
 * one that is not.
 */
#ifndef _CRING_KUNIT_VALIDATE_H
#define _CRING_KUNIT_VALIDATE_H

#include "sqes.h"

/* fields that an operation may use */
enum {
	IOPRIO	  = BIT(0),
	FD	  = BIT(1),	/* without FILE: only if its flags say so */
	OFF	  = BIT(2),
	ADDR	  = BIT(3),
	LEN	  = BIT(4),
	OP_FLAGS  = BIT(5),
	BUF_INDEX = BIT(6),
	FD_IN	  = BIT(7),
};

/* what the fields of an SQE that is fine point to */
enum {
	FILE	= BIT(0),	/* fd */
	MEM	= BIT(1),	/* addr */
	IOV	= BIT(2),	/* addr, a vector of it */
	TIME	= BIT(3),	/* addr, a time */
	SOURCE	= BIT(4),	/* fd_in */
	LINKED	= BIT(5),	/* behind a NOP */
};

/**
 * struct row - one operation
 * @name: its name
 * @opcode: which
 * @uses: the fields that may be anything but zero; all others must be zero
 * @needs: what it needs to be fine
 * @len: then
 * @addr: then, unless @needs says
 * @res: what it answers then
 * @op_flags: then
 */
struct row {
	const char *name;
	u8 opcode;
	u32 uses;
	u32 needs;
	u32 len;
	u64 addr;
	s32 res;
	u32 op_flags;
};

#define NR_ROWS	17
extern const struct row sqe_rows[NR_ROWS];

/* NULL when there is none */
const struct row *sqe_row_of(unsigned int opcode);

/**
 * struct validate_test - what SQEs are about
 * @live: the ring; slot 0 of the fixed files is @fd, slot 1 is empty; slot 0 of
 *	the fixed buffers is the first page of @mem
 * @fd: a regular file, of memory
 * @read_fd: one that is open for reading only
 * @write_fd: one that is open for writing only
 * @mem: two pages of user memory
 */
struct validate_test {
	struct live *live;
	s32 fd;
	s32 read_fd;
	s32 write_fd;
	unsigned long mem;
};

/* for a suite: makes test->priv one */
int validate_test_init(struct kunit *test);

/* an SQE of that operation with which nothing is wrong */
struct cring_sqe fine_sqe(struct validate_test *t, const struct row *row);

/* the answer of an SQE; whatever that is, an SQE behind it goes on */
s32 sqe_answer(struct validate_test *t, const struct cring_sqe *sqe);

#define EXPECT_ANSWER(on, sqe, want, fmt, ...) do {			\
	struct validate_test *t_ = (on);				\
	KUNIT_EXPECT_EQ_MSG(t_->live->test, sqe_answer(t_, sqe), want,	\
			    fmt, ##__VA_ARGS__);			\
} while (0)

#endif /* _CRING_KUNIT_VALIDATE_H */
