/* SPDX-License-Identifier: MIT */
/*
 * What the tests of cancel share: one way to write a key, two ways to send it,
 * and a view of the completion queue that consumes nothing, so that a test can
 * say what was there at the moment a call returned.
 */
#ifndef CRING_TESTS_CANCEL_UTIL_H
#define CRING_TESTS_CANCEL_UTIL_H

#include "util_sys.h"

/* Submits nothing yet: put(&ring, .opcode = CRING_OP_NOP, .user_data = 1). */
#define put(ring, ...) do {						\
	struct cring_sqe *__sqe = new_sqe(ring, 0);			\
	*__sqe = (struct cring_sqe){ __VA_ARGS__ };			\
} while (0)

/* ---- what is in the CQ, unreaped ---------------------------------------- */

static inline struct cring_shared *shared_of(struct cring *ring)
{
	return ring->shared;
}

static inline uint32_t load_acquire(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static inline unsigned int cq_count(struct cring *ring)
{
	struct cring_shared *s = shared_of(ring);

	return load_acquire(&s->cq_tail) - s->cq_head;
}

/* The @i'th unreaped CQE. */
static inline struct cring_cqe *cq_peek(struct cring *ring, unsigned int i)
{
	struct cring_shared *s = shared_of(ring);
	struct cring_cqe *cqes = (void *)((char *)s + s->cqes_off);

	return &cqes[(s->cq_head + i) & (s->cq_entries - 1)];
}

/* Where the first CQE with that user_data is; -1 when there is none. */
static inline int cqe_at(struct cring *ring, uint64_t user_data)
{
	unsigned int i, n = cq_count(ring);

	for (i = 0; i < n; i++)
		if (cq_peek(ring, i)->user_data == user_data)
			return (int)i;
	return -1;
}

static inline unsigned int cqes_with(struct cring *ring, uint64_t user_data)
{
	unsigned int i, nr = 0, n = cq_count(ring);

	for (i = 0; i < n; i++)
		nr += cq_peek(ring, i)->user_data == user_data;
	return nr;
}

/* The result of the one CQE with that user_data, which must be there. */
static inline int t_res_of(struct __test_metadata *_metadata,
			   struct cring *ring, uint64_t user_data)
{
	int at = cqe_at(ring, user_data);

	EXPECT_EQ(1, cqes_with(ring, user_data))
		TH_LOG("completions of user_data %llu",
		       (unsigned long long)user_data);
	return at < 0 ? INT32_MIN : cq_peek(ring, at)->res;
}
#define res_of(ring, user_data)	t_res_of(_metadata, ring, user_data)
#define expect_res(ring, user_data, want) \
	EXPECT_EQ(want, res_of(ring, user_data))
#define expect_pending(ring, user_data) \
	EXPECT_EQ(-1, cqe_at(ring, user_data))

/* Waits a little until there are more than @n. */
static inline int wait_for_more(struct cring *ring, unsigned int n)
{
	struct cring_wait w = {
		.min_complete = n + 1, .flags = CRING_WAIT_TIMEOUT,
		.timeout = 100 * NSEC_PER_MSEC,
	};

	return ioc_ptr(ring->ring_fd, CRING_IOC_WAIT, &w);
}

/* Waits until the CQE of @user_data is there; consumes nothing. */
static inline bool wait_for(struct cring *ring, uint64_t user_data)
{
	uint64_t end = now_ns() + LIMIT_MS * NSEC_PER_MSEC;
	unsigned int n;

	while (n = cq_count(ring), cqe_at(ring, user_data) < 0) {
		if (now_ns() > end)
			return false;
		wait_for_more(ring, n);
	}
	return true;
}
#define await(ring, user_data) \
	ASSERT_TRUE(wait_for(ring, user_data)) \
		TH_LOG("no completion of user_data %llu", \
		       (unsigned long long)(user_data))

/* Waits until nothing is in flight. */
static inline bool wait_idle(struct cring *ring)
{
	uint64_t end = now_ns() + LIMIT_MS * NSEC_PER_MSEC;
	unsigned int n;

	while (n = cq_count(ring), load_acquire(&shared_of(ring)->in_flight)) {
		if (now_ns() > end)
			return false;
		wait_for_more(ring, n);
	}
	return true;
}
#define settle(ring)	ASSERT_TRUE(wait_idle(ring)) \
	TH_LOG("%u still in flight", shared_of(ring)->in_flight)

static inline void reap_all(struct cring *ring)
{
	struct cring_shared *s = shared_of(ring);

	__atomic_store_n(&s->cq_head, load_acquire(&s->cq_tail),
			 __ATOMIC_RELEASE);
}

/* C1: settled, and each of user_data first..first+nr-1 has its one CQE. */
static inline void t_one_each(struct __test_metadata *_metadata,
			      struct cring *ring, uint64_t first,
			      unsigned int nr)
{
	unsigned char *seen = calloc(nr, 1);
	unsigned int i, n, wrong = 0;

	ASSERT_NE(NULL, seen);
	settle(ring);
	n = cq_count(ring);
	for (i = 0; i < n; i++) {
		uint64_t ud = cq_peek(ring, i)->user_data - first;

		if (ud < nr && seen[ud] < 255)
			seen[ud]++;
	}
	for (i = 0; i < nr; i++)
		wrong += seen[i] != 1;
	free(seen);
	EXPECT_EQ(0, wrong)
		TH_LOG("operations without exactly one completion");
}
#define expect_one_each(ring, first, nr) \
	t_one_each(_metadata, ring, first, nr)

/* ---- cancel ------------------------------------------------------------- */

#define C_ALL	CRING_ASYNC_CANCEL_ALL
#define C_FD	CRING_ASYNC_CANCEL_FD
#define C_ANY	CRING_ASYNC_CANCEL_ANY
#define C_FIXED	(CRING_ASYNC_CANCEL_FD | CRING_ASYNC_CANCEL_FD_FIXED)
#define C_UD	CRING_ASYNC_CANCEL_USERDATA
#define C_OP	CRING_ASYNC_CANCEL_OP
#define C_GROUP	CRING_ASYNC_CANCEL_GROUP
#define C_TICKET	CRING_ASYNC_CANCEL_TICKET

/* The synchronous call as it is: 0 or -errno, answers in @keys. */
static inline int cancel_call(int fd, struct cring_cancel_key *keys,
			      unsigned int nr, unsigned int flags,
			      int64_t timeout)
{
	struct cring_cancel c = {
		.keys = PTR64(keys), .nr = nr, .flags = flags,
		.timeout = timeout,
	};

	return ioc_ptr(fd, CRING_IOC_CANCEL, &c);
}

/* The same with CRING_CANCEL_REAP; how many were reaped in @reaped. */
static inline int reap_call(int fd, struct cring_cancel_key *keys,
			    unsigned int nr, unsigned int flags,
			    int64_t timeout, struct cring_cqe *to,
			    unsigned int room, unsigned int *reaped)
{
	struct cring_cancel c = {
		.keys = PTR64(keys), .nr = nr,
		.flags = flags | CRING_CANCEL_REAP, .timeout = timeout,
		.reap = PTR64(to), .reap_nr = room,
	};
	int ret = ioc_ptr(fd, CRING_IOC_CANCEL, &c);

	*reaped = c.reaped;
	return ret;
}

/* One key, from any thread: its answer, or the call's error. */
static inline int cancel_one(int fd, struct cring_cancel_key key)
{
	int ret = cancel_call(fd, &key, 1, 0, 0);

	return ret ? ret : key.res;
}
#define cancel_key(fd, ...) \
	cancel_one(fd, (struct cring_cancel_key){ __VA_ARGS__ })

enum way { BY_SQE, BY_CALL };

/* user_data of cancel SQEs: from here on upwards, one after the other. */
#define CANCEL_UD	0xcafe000000000000ULL
static uint64_t cancel_serial __attribute__((unused)) = CANCEL_UD;

/*
 * Cancels either way and gives the answer.  C7: as an SQE its CQE must be
 * there when submit returns, without a wait.
 */
static inline int t_cancel(struct __test_metadata *_metadata,
			   struct cring *ring, enum way way,
			   struct cring_cancel_key key)
{
	if (way == BY_CALL)
		return cancel_one(ring->ring_fd, key);
	put(ring, .opcode = CRING_OP_ASYNC_CANCEL, .fd = key.fd,
	    .addr = key.user_data, .off = key.ticket, .len = key.opcode,
	    .group = key.group,
	    .cancel_flags = key.flags, .user_data = ++cancel_serial);
	submit_all(ring, 1);
	return t_res_of(_metadata, ring, cancel_serial);
}
/* cancel(&ring, way, .user_data = 1, .flags = C_ALL) */
#define cancel(ring, way, ...) \
	t_cancel(_metadata, ring, way, (struct cring_cancel_key){ __VA_ARGS__ })

/* C3: `0` means that its one CQE is there, ahead of the cancel's own. */
static inline void t_stopped(struct __test_metadata *_metadata,
			     struct cring *ring, enum way way,
			     uint64_t user_data)
{
	int at = cqe_at(ring, user_data);

	EXPECT_EQ(-ECANCELED, t_res_of(_metadata, ring, user_data));
	if (way == BY_SQE)
		EXPECT_LT(at, cqe_at(ring, cancel_serial));
}
#define expect_stopped(ring, way, user_data) \
	t_stopped(_metadata, ring, way, user_data)

/* ---- operations that stay ------------------------------------------------ */

/* Where reads go that should never get anything. */
static char sink[4096] __attribute__((unused, aligned(4096)));

static inline void t_arm_read(struct __test_metadata *_metadata,
			      struct cring *ring, uint64_t user_data, int fd)
{
	put(ring, .opcode = CRING_OP_READ, .fd = fd, .addr = PTR64(sink),
	    .len = 1, .user_data = user_data);
	submit_all(ring, 1);
	expect_pending(ring, user_data);
}
/* A read of an empty pipe or the like: armed when this returns. */
#define arm_read(ring, user_data, fd)	t_arm_read(_metadata, ring, user_data, fd)

static inline void t_arm_poll(struct __test_metadata *_metadata,
			      struct cring *ring, uint64_t user_data, int fd)
{
	put(ring, .opcode = CRING_OP_POLL_ADD, .fd = fd,
	    .poll32_events = POLLIN, .user_data = user_data);
	submit_all(ring, 1);
	expect_pending(ring, user_data);
}
#define arm_poll(ring, user_data, fd)	t_arm_poll(_metadata, ring, user_data, fd)

static struct cring_timespec an_hour __attribute__((unused)) = {
	.tv_sec = 3600,
};

static inline void t_arm_timer(struct __test_metadata *_metadata,
			       struct cring *ring, uint64_t user_data)
{
	put(ring, .opcode = CRING_OP_TIMEOUT, .fd = -1,
	    .addr = PTR64(&an_hour), .len = 1, .user_data = user_data);
	submit_all(ring, 1);
	expect_pending(ring, user_data);
}
#define arm_timer(ring, user_data)	t_arm_timer(_metadata, ring, user_data)

/* A blocking read of @fd that goes to a worker. */
static inline void put_async_read(struct __test_metadata *_metadata,
				  struct cring *ring, uint64_t user_data, int fd)
{
	put(ring, .opcode = CRING_OP_READ, .flags = CRING_SQE_ASYNC, .fd = fd,
	    .addr = PTR64(sink), .len = 1, .user_data = user_data);
}

/*
 * A fixture whose tests run twice: the cancel as an SQE, and as the call.
 * self->ring has 64 SQEs and 128 CQEs.
 */
#define TWO_WAYS(name)							\
FIXTURE(name) { struct cring ring; };					\
FIXTURE_VARIANT(name) { enum way way; };				\
FIXTURE_VARIANT_ADD(name, by_sqe) { .way = BY_SQE };			\
FIXTURE_VARIANT_ADD(name, by_call) { .way = BY_CALL };			\
FIXTURE_SETUP(name) { ring_init(&self->ring, 64); }			\
FIXTURE_TEARDOWN(name) { cring_queue_exit(&self->ring); }

#endif /* CRING_TESTS_CANCEL_UTIL_H */
