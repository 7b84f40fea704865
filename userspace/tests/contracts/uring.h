/* SPDX-License-Identifier: MIT */
/*
 * io_uring itself, through liburing, beside cring: the same keys (the flags have
 * the same values), either way, and what it answers.
 */
#ifndef CRING_TESTS_URING_H
#define CRING_TESTS_URING_H

#include "contract.h"

#include <liburing.h>

#define NO_ANSWER	INT32_MIN

/* user_data of its cancels */
#define URING_CANCEL_UD	0xbeef000000000000ULL
static uint64_t uring_serial __attribute__((unused)) = URING_CANCEL_UD;

/* false when this kernel has none, or does not let us. */
static inline bool uring_init(struct io_uring *u)
{
	return !io_uring_queue_init(64, u, 0);
}

static inline struct io_uring_sqe *t_uring_sqe(struct __test_metadata *_metadata,
					       struct io_uring *u,
					       uint64_t user_data)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(u);

	ASSERT_NE(NULL, sqe);
	io_uring_prep_nop(sqe);
	sqe->user_data = user_data;
	return sqe;
}
#define uring_sqe(u, user_data)	t_uring_sqe(_metadata, u, user_data)

/* A read of an empty pipe; @flags are those of the SQE. */
static inline void t_uring_read(struct __test_metadata *_metadata,
				struct io_uring *u, uint64_t user_data, int fd,
				unsigned int flags)
{
	struct io_uring_sqe *sqe = uring_sqe(u, user_data);

	io_uring_prep_read(sqe, fd, sink, 1, 0);
	sqe->user_data = user_data;
	sqe->flags = (uint8_t)flags;
	ASSERT_EQ(1, io_uring_submit(u));
}
#define uring_read(u, ud, fd)	     t_uring_read(_metadata, u, ud, fd, 0)
#define uring_async_read(u, ud, fd) \
	t_uring_read(_metadata, u, ud, fd, IOSQE_ASYNC)

/* Where that CQE is among those that are there, -1 when it is not. */
static inline int uring_at(struct io_uring *u, uint64_t user_data)
{
	struct io_uring_cqe *cqe;
	unsigned int head;
	int i = 0;

	io_uring_for_each_cqe(u, head, cqe) {
		if (cqe->user_data == user_data)
			return i;
		i++;
	}
	return -1;
}

static inline int uring_res(struct io_uring *u, uint64_t user_data)
{
	struct io_uring_cqe *cqe;
	unsigned int head;

	io_uring_for_each_cqe(u, head, cqe)
		if (cqe->user_data == user_data)
			return cqe->res;
	return NO_ANSWER;
}

/* The same, once it is there. */
static inline int uring_wait_res(struct io_uring *u, uint64_t user_data)
{
	uint64_t end = now_ns() + LIMIT_MS * NSEC_PER_MSEC;

	while (uring_at(u, user_data) < 0 && now_ns() < end) {
		io_uring_submit_and_wait(u, 0);
		io_uring_get_events(u);
		msleep(1);
	}
	return uring_res(u, user_data);
}

/* Cancels either way; only the fields that both have are looked at. */
static inline int t_uring_cancel(struct __test_metadata *_metadata,
				 struct io_uring *u, enum way way,
				 struct cring_cancel_key key)
{
	struct io_uring_sqe *sqe;

	if (way == BY_CALL) {
		struct io_uring_sync_cancel_reg reg = {
			.addr = key.user_data, .fd = key.fd,
			.flags = key.flags,
			.timeout = { .tv_sec = -1, .tv_nsec = -1 },
		};

		return io_uring_register_sync_cancel(u, &reg);
	}
	sqe = uring_sqe(u, 0);
	io_uring_prep_cancel64(sqe, key.user_data, 0);
	sqe->user_data = ++uring_serial;
	sqe->fd = key.fd;
	sqe->len = key.opcode;
	sqe->cancel_flags = key.flags;
	ASSERT_EQ(1, io_uring_submit(u));
	return uring_res(u, uring_serial);
}
#define uring_cancel(u, way, ...) \
	t_uring_cancel(_metadata, u, way, (struct cring_cancel_key){ __VA_ARGS__ })

#endif /* CRING_TESTS_URING_H */
