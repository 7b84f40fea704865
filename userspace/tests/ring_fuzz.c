// SPDX-License-Identifier: MIT
/*
 * Random SQEs, with a seed that is printed and can be given: RING_FUZZ_SEED.
 * Whatever an SQE asks for, it completes once, or can be cancelled and then
 * completes once; and a ring of somebody else never notices.
 * check: timeout=300
 */
#include "util_sys.h"

#define BATCH	32
#define ROUNDS	1500
#define LEAST_ROUNDS	300
#define BUF_LEN	65536

FIXTURE(fuzz) {
	struct cring ring, other;
	int fds[10], nr_fds;
	char *buf;
	struct cring_timespec ts;
	struct iovec iov[4];
	unsigned int seed;
	atomic_bool stop;	/* the meddler */
};
FIXTURE_VARIANT(fuzz) { bool wild, meddle; uint8_t flags; };
/* Fields that fit the operation most of the time, to get far ... */
FIXTURE_VARIANT_ADD(fuzz, likely)
	{ .flags = CRING_SQE_ASYNC | CRING_SQE_FIXED_FILE };
FIXTURE_VARIANT_ADD(fuzz, chains)
	{ .flags = CRING_SQE_ASYNC | CRING_SQE_IO_LINK | CRING_SQE_IO_HARDLINK };
FIXTURE_VARIANT_ADD(fuzz, drains)
	{ .flags = CRING_SQE_ASYNC | CRING_SQE_IO_LINK | CRING_SQE_IO_DRAIN };
/* ... and fields that hardly ever do. */
FIXTURE_VARIANT_ADD(fuzz, wild)
	{ .wild = true, .flags = 0xff & ~CRING_SQE_CQE_SKIP_SUCCESS };

/* Somebody who wakes and cancels at the same time. */
FIXTURE_VARIANT_ADD(fuzz, meddled)
	{ .meddle = true, .flags = CRING_SQE_ASYNC | CRING_SQE_IO_LINK };
FIXTURE_VARIANT_ADD(fuzz, meddled_drains)
	{ .meddle = true, .flags = CRING_SQE_IO_HARDLINK | CRING_SQE_IO_LINK |
				   CRING_SQE_IO_DRAIN };

FIXTURE_SETUP(fuzz)
{
	struct rlimit lim = { 1 << 20, 1 << 20 };
	const char *seed = getenv("RING_FUZZ_SEED");
	struct iovec reg;
	int p[2], n = 0, i;

	self->seed = seed ? (unsigned int)strtoul(seed, NULL, 0) :
			    (unsigned int)now_ns();
	TH_LOG("seed %u", self->seed);
	/* A random FALLOCATE must not eat the machine. */
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &lim));
	self->fds[n++] = new_filled("/tmp", O_RDWR, BUF_LEN, 1);
	self->fds[n++] = new_filled("/tmp", O_RDWR | O_APPEND, 100, 1);
	for (i = 0; i < 2; i++) {
		new_pipe(p, i ? O_NONBLOCK : 0);
		self->fds[n++] = p[0];
		self->fds[n++] = p[1];
	}
	new_socketpair(p, SOCK_STREAM);
	self->fds[n++] = p[0];
	self->fds[n++] = p[1];
	self->fds[n++] = eventfd(0, 0);
	ring_init(&self->ring, BATCH);
	ring_init(&self->other, 4);
	self->fds[n++] = self->ring.ring_fd;
	self->nr_fds = n;
	/* What is too long ends in a hole, and not in the ring. */
	self->buf = new_pages(3 * BUF_LEN);
	ASSERT_EQ(0, mprotect(self->buf + 2 * BUF_LEN, BUF_LEN, PROT_NONE));
	self->ts = ms_ts(2);
	for (i = 0; i < 4; i++)
		self->iov[i] = (struct iovec){ self->buf + i * 1000, i * 700 };
	reg = (struct iovec){ self->buf, BUF_LEN };
	ASSERT_EQ(0, cring_register_buffers(&self->ring, &reg, 1));
	ASSERT_EQ(0, cring_register_files(&self->ring, self->fds, n - 1));
}
FIXTURE_TEARDOWN(fuzz)
{
	cring_queue_exit(&self->ring);
	cring_queue_exit(&self->other);
}

#define PICK(seed, ...) __extension__ ({				\
	const uint64_t __v[] = { __VA_ARGS__ };				\
	__v[rand_r(seed) % ARRAY_LEN(__v)]; })

static void random_sqe(struct cring_sqe *sqe, FIXTURE_DATA(fuzz) *self,
		       const FIXTURE_VARIANT(fuzz) *v)
{
	static const unsigned char ops[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 12,
					     14, 15, 17, 22, 23, 128 };
	unsigned int *s = &self->seed, dice = rand_r(s) % 16;
	uint8_t op = ops[rand_r(s) % sizeof(ops)];

	sqe->opcode = op;
	sqe->fd = self->fds[rand_r(s) % self->nr_fds];
	if (rand_r(s) % 3 == 0)
		sqe->flags = (uint8_t)rand_r(s) & v->flags;
	if (sqe->flags & CRING_SQE_FIXED_FILE)
		sqe->fd = rand_r(s) % 12;
	sqe->off = PICK(s, 0, 0, 0, 1, 4096, -1ULL, 1 << 19);
	sqe->len = (uint32_t)PICK(s, 1, 8, 100, 4096, BUF_LEN);
	sqe->addr = PTR64(self->buf) + rand_r(s) % 4096;
	switch (op) {
	case CRING_OP_READV:
	case CRING_OP_WRITEV:
		sqe->addr = PTR64(self->iov);
		sqe->len = rand_r(s) % 5;
		break;
	case CRING_OP_TIMEOUT:
	case CRING_OP_LINK_TIMEOUT:
		sqe->addr = PTR64(&self->ts);
		sqe->len = 1;
		sqe->off = op == CRING_OP_TIMEOUT ? rand_r(s) % 4 : 0;
		break;
	case CRING_OP_ASYNC_CANCEL:
	case CRING_OP_TIMEOUT_REMOVE:
	case CRING_OP_POLL_REMOVE:
		sqe->addr = rand_r(s) % BATCH;
		sqe->len = 0;
		sqe->off = 0;
		if (op == CRING_OP_ASYNC_CANCEL)
			sqe->cancel_flags = rand_r(s) % 4;
		break;
	case CRING_OP_POLL_ADD:
		sqe->addr = 0;
		sqe->off = 0;
		sqe->len = 0;
		sqe->poll32_events = rand_r(s) % 32;
		break;
	case CRING_OP_FSYNC:
	case CRING_OP_SYNC_FILE_RANGE:
		sqe->addr = 0;
		sqe->op_flags = rand_r(s) % 2;
		break;
	case CRING_OP_FALLOCATE:
		sqe->addr = PICK(s, 1, 4096, 1 << 19, 1ULL << 40);
		sqe->len = rand_r(s) % 4;
		break;
	case CRING_OP_COPY_FILE_RANGE:
		sqe->off_in = PICK(s, 0, 10, -1ULL);
		sqe->fd_in = self->fds[rand_r(s) % self->nr_fds];
		break;
	case CRING_OP_NOP:
		sqe->addr = 0;
		sqe->off = 0;
		sqe->len = 0;
		break;
	default:
		if (rand_r(s) % 8 == 0)
			sqe->rw_flags = (uint32_t)PICK(s, RWF_NOWAIT, RWF_DSYNC,
						       RWF_APPEND, 1 << 30);
	}
	if (v->wild || dice == 0)
		switch (rand_r(s) % 10) {
		case 0: sqe->opcode = (uint8_t)rand_r(s); break;
		case 1: sqe->flags |= (uint8_t)rand_r(s) & v->flags &
				      ~CRING_SQE_FIXED_FILE; break;
		case 2: sqe->fd = (int)rand_r(s) | 1 << 20; break;
		case 3: sqe->off = PICK(s, -2ULL, 1ULL << 62, ~0ULL >> 1); break;
		case 4: sqe->addr = PICK(s, 0, 8, 1ULL << 63, -4096ULL); break;
		case 5: sqe->len = (uint32_t)PICK(s, 0, 1U << 31, ~0U); break;
		case 6: sqe->op_flags = 1U << rand_r(s) % 32; break;
		case 7: sqe->buf_index = (uint16_t)rand_r(s); break;
		case 8: sqe->ioprio = (uint16_t)rand_r(s); break;
		case 9: sqe->xflags = 1U << rand_r(s) % 32; break;
		}
}

/* What a round did, for whoever has to explain a failure. */
static void dump(struct __test_metadata *_metadata, struct cring *ring,
		 const struct cring_sqe *sqe, const bool *seen, int *res)
{
	struct cring_cancel_key all = cring_key_any(CRING_ASYNC_CANCEL_ALL);
	bool late[BATCH] = { false };
	struct cring_cqe c;
	unsigned int i;

	while (take_cqe(ring, &c, 1000) && c.user_data < BATCH) {
		late[c.user_data] = true;
		res[c.user_data] = c.res;
	}
	TH_LOG("%u in flight; another cancel of all: %d, %u of them already",
	       cring_in_flight(ring), cring_cancel_sync(ring, &all, 0, 0),
	       all.already);

	for (i = 0; i < BATCH; i++, sqe++)
		TH_LOG("%2u: op %u flags %02x fd %d off %llx addr %llx len %x op_flags %x: %s %d",
		       i, sqe->opcode, sqe->flags, sqe->fd,
		       (unsigned long long)sqe->off,
		       (unsigned long long)sqe->addr, sqe->len, sqe->op_flags,
		       seen[i] ? "ended" : late[i] ? "LATE" : "MISSING", res[i]);
}

/* Takes what is there; each user_data of this round once. */
static unsigned int reap_some(struct __test_metadata *_metadata,
			      struct cring *ring, bool *seen, int *res)
{
	struct cring_cqe *cqe;
	unsigned int n = 0;

	while (!cring_peek_cqe(ring, &cqe)) {
		ASSERT_LT(cqe->user_data, BATCH);
		ASSERT_FALSE(seen[cqe->user_data]);
		seen[cqe->user_data] = true;
		res[cqe->user_data] = cqe->res;
		cring_cqe_seen(ring, cqe);
		n++;
	}
	return n;
}

/* Writes where there is room, and cancels by all kinds of keys. */
static void *meddler(void *arg)
{
	FIXTURE_DATA(fuzz) *self = arg;
	unsigned int seed = self->seed + 1;

	while (!atomic_load(&self->stop)) {
		struct cring_cancel_key k = cring_key64(rand_r(&seed) % BATCH,
							rand_r(&seed) % 2);
		int fd = self->fds[2 + rand_r(&seed) % (self->nr_fds - 3)];
		struct iovec iov = { (char []){ "meddle" }, 6 };

		if (pwritev2(fd, &iov, 1, -1, RWF_NOWAIT) < 0 &&
		    rand_r(&seed) % 2)
			k = cring_key_fd(fd, rand_r(&seed) % 2);
		cring_cancel_sync(&self->ring, &k, 0, 0);
	}
	return NULL;
}

TEST_F_TIMEOUT(fuzz, c1_random_sqes_complete_once, 600)
{
	unsigned int round, rounds = ROUNDS * test_scale() / 100;
	uint64_t end = now_ns() + 15 * NSEC_PER_SEC;
	pthread_t t = 0;

	if (variant->meddle)
		t = new_thread(meddler, self);
	rounds = rounds < LEAST_ROUNDS ? LEAST_ROUNDS : rounds;
	for (round = 0; round < rounds && now_ns() < end; round++) {
		struct cring_cancel_key all =
			cring_key_any(CRING_ASYNC_CANCEL_ALL);
		bool seen[BATCH] = { false };
		unsigned int done = 0, i;
		struct cring_sqe sqes[BATCH];
		int res[BATCH] = { 0 };
		struct cring_cqe c;
		bool late;

		for (i = 0; i < BATCH; i++) {
			struct cring_sqe *sqe = new_sqe(&self->ring, i);

			random_sqe(sqe, self, variant);
			sqes[i] = *sqe;
		}
		submit_all(&self->ring, BATCH);
		if (round % 2)
			done += reap_some(_metadata, &self->ring, seen, res);
		if (round % 16 == 0)
			msleep(3);
		ASSERT_GE(cring_cancel_sync(&self->ring, &all, CRING_CANCEL_WAIT,
					    LIMIT_MS * (int64_t)NSEC_PER_MSEC),
			  0)
			TH_LOG("round %u: %u in flight", round,
			       cring_in_flight(&self->ring));
		done += reap_some(_metadata, &self->ring, seen, res);
		/*
		 * ANY has stopped everything but cancels, which no cancel
		 * matches: one that a link or drain held back runs now.
		 */
		late = false;
		for (i = 0; i < BATCH; i++)
			late |= !seen[i] &&
				sqes[i].opcode != CRING_OP_ASYNC_CANCEL;
		ASSERT_FALSE(late)
			dump(_metadata, &self->ring, sqes, seen, res);
		while (done < BATCH && take_cqe(&self->ring, &c, LIMIT_MS)) {
			ASSERT_LT(c.user_data, BATCH);
			ASSERT_FALSE(seen[c.user_data]);
			seen[c.user_data] = true;
			done++;
		}
		ASSERT_EQ(BATCH, done)
			dump(_metadata, &self->ring, sqes, seen, res);
		ASSERT_EQ(0, cring_in_flight(&self->ring));
		if (round % 64 == 0)
			ASSERT_EQ(0, run_sqe(&self->other,
					     new_sqe(&self->other, 1)));
	}
	TH_LOG("%u rounds of %u", round, BATCH);
	atomic_store(&self->stop, true);
	if (variant->meddle)
		join(t);
	EXPECT_EQ(0, run_sqe(&self->ring, new_sqe(&self->ring, 1)));
}

TEST_HARNESS_MAIN
