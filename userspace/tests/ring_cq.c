// SPDX-License-Identifier: MIT
/* C1, C2: one completion each, nothing overflows, hostile heads and tails. */
#include "util.h"

static void put_nops(struct __test_metadata *_metadata, struct cring *ring,
		     uint64_t first, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		new_sqe(ring, first + i);
}

static struct cring_shared *shared_of(struct __test_metadata *_metadata,
				      int fd, struct cring_params *p)
{
	void *m;

	ASSERT_EQ(0, ioc_ptr(fd, CRING_IOC_SETUP, p));
	m = mmap(NULL, p->mmap_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, m);
	return m;
}

/* A ring without the library, whose heads and tails a test may ruin. */
FIXTURE(raw) { int fd; struct cring_params p; struct cring_shared *sh; };
FIXTURE_SETUP(raw)
{
	self->fd = open(CRING_DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	self->p = (struct cring_params){ .sq_entries = 8 };
	self->sh = shared_of(_metadata, self->fd, &self->p);
}
FIXTURE_TEARDOWN(raw)
{
	munmap(self->sh, self->p.mmap_size);
	close(self->fd);
}

TEST(c1_every_nop_of_a_batch_completes_once)
{
	unsigned char seen[64] = { 0 };
	struct cring ring;
	int i;

	ring_init(&ring, 64);
	put_nops(_metadata, &ring, 0, 64);
	submit_all(&ring, 64);
	for (i = 0; i < 64; i++) {
		struct cring_cqe c = reap(&ring);

		ASSERT_LT(c.user_data, 64);
		EXPECT_EQ(0, c.res);
		EXPECT_EQ(0, c.flags);
		seen[c.user_data]++;
	}
	EXPECT_TRUE(is_byte(seen, 64, 1));
	expect_quiet(&ring);
	cring_queue_exit(&ring);
}

TEST(c2_full_cq_stops_submission_and_loses_nothing)
{
	struct cring ring;
	uint64_t i;

	ring_init_cq(&ring, 8, 16);
	for (i = 0; i < 16; i += 8) {
		put_nops(_metadata, &ring, i, 8);
		submit_all(&ring, 8);
	}
	put_nops(_metadata, &ring, 16, 8);
	EXPECT_EQ(-EBUSY, cring_submit(&ring));
	EXPECT_EQ(-EBUSY, cring_submit(&ring));
	EXPECT_EQ(16, cring_cq_ready(&ring));

	/* Room for three: three are taken, in order, then no more. */
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, reap_res(&ring, i));
	EXPECT_EQ(3, cring_submit(&ring));
	EXPECT_EQ(-EBUSY, cring_submit(&ring));
	for (i = 3; i < 19; i++)
		EXPECT_EQ(0, reap_res(&ring, i));
	EXPECT_EQ(5, cring_submit(&ring));
	for (i = 19; i < 24; i++)
		EXPECT_EQ(0, reap_res(&ring, i));
	expect_quiet(&ring);
	cring_queue_exit(&ring);
}

TEST(c2_operations_in_flight_hold_their_cq_slots)
{
	struct cring ring;
	int p[2], i;

	new_pipe(p, O_NONBLOCK);
	ring_init_cq(&ring, 4, 8);
	for (i = 0; i < 8; i++) {
		struct cring_sqe *sqe = new_sqe(&ring, 0);

		cring_prep_poll_add(sqe, p[0], POLLIN);
		sqe->user_data = 100 + i;
		submit_all(&ring, 1);
	}
	EXPECT_EQ(8, cring_in_flight(&ring));
	put_nops(_metadata, &ring, 1, 1);
	EXPECT_EQ(-EBUSY, cring_submit(&ring));
	ASSERT_EQ(1, write(p[1], "x", 1));
	for (i = 0; i < 8; i++)
		EXPECT_EQ(POLLIN, reap(&ring).res & POLLIN);
	EXPECT_EQ(0, cring_in_flight(&ring));
	submit_all(&ring, 1);
	EXPECT_EQ(0, reap_res(&ring, 1));
	cring_queue_exit(&ring);
}

TEST(c2_chain_that_does_not_fit_waits_whole)
{
	struct cring ring;
	uint64_t i;

	ring_init_cq(&ring, 8, 8);
	put_nops(_metadata, &ring, 0, 6);
	submit_all(&ring, 6);
	/* Two slots are free: a NOP, then a chain of three for one slot. */
	put_nops(_metadata, &ring, 6, 1);
	new_sqe(&ring, 7)->flags = CRING_SQE_IO_LINK;
	new_sqe(&ring, 8)->flags = CRING_SQE_IO_LINK;
	new_sqe(&ring, 9);
	EXPECT_EQ(1, cring_submit(&ring));
	EXPECT_EQ(-EBUSY, cring_submit(&ring));
	EXPECT_EQ(0, reap_res(&ring, 0));
	EXPECT_EQ(-EBUSY, cring_submit(&ring));
	EXPECT_EQ(0, reap_res(&ring, 1));
	EXPECT_EQ(3, cring_submit(&ring));
	for (i = 2; i < 10; i++)
		EXPECT_EQ(0, reap_res(&ring, i));
	expect_quiet(&ring);
	cring_queue_exit(&ring);
}

TEST(c2_stop_for_want_of_slots_skips_the_wait)
{
	struct cring ring;
	int p[2], i;

	new_pipe(p, 0);
	ring_init_cq(&ring, 4, 4);
	for (i = 0; i < 3; i++) {
		cring_prep_poll_add(new_sqe(&ring, 0), p[0], POLLIN);
		submit_all(&ring, 1);
	}
	put_nops(_metadata, &ring, 1, 2);
	/* Only one fits; waiting for four would never end. */
	EXPECT_EQ(1, cring_submit_and_wait(&ring, 4));
	EXPECT_EQ(0, reap_res(&ring, 1));
	cring_queue_exit(&ring);
}

TEST(c2_batch_of_32768)
{
	const unsigned int n = CRING_MAX_SQ_ENTRIES;
	unsigned char *seen = calloc(1, n);
	struct cring_cqe *cqe;
	struct cring ring;
	unsigned int i, head, round;

	ring_init(&ring, n);
	for (round = 0; round < 3; round++) {
		memset(seen, 0, n);
		put_nops(_metadata, &ring, 0, n);
		EXPECT_EQ(NULL, cring_get_sqe(&ring));
		submit_all(&ring, n);
		ASSERT_EQ(n, cring_cq_ready(&ring));
		i = 0;
		cring_for_each_cqe(&ring, head, cqe) {
			ASSERT_LT(cqe->user_data, n);
			ASSERT_EQ(0, cqe->res);
			seen[cqe->user_data]++;
			i++;
		}
		cring_cq_advance(&ring, i);
		ASSERT_EQ(n, i);
		ASSERT_TRUE(is_byte(seen, n, 1));
	}
	cring_queue_exit(&ring);
}

TEST(c2_indices_wrap_around_over_many_rounds)
{
	uint64_t next = 0, want = 0;
	unsigned int seed = 7, round;
	struct cring ring;

	ring_init_cq(&ring, 8, 16);
	for (round = 0; round < 5000; round++) {
		unsigned int n = rand_r(&seed) % 8 + 1, left;

		put_nops(_metadata, &ring, next, n);
		next += n;
		submit_all(&ring, (int)n);
		/* Leave up to eight unreaped, so that both ends move. */
		left = rand_r(&seed) % 9;
		while (cring_cq_ready(&ring) > left)
			ASSERT_EQ(0, reap_res(&ring, want++));
	}
	while (want < next)
		ASSERT_EQ(0, reap_res(&ring, want++));
	expect_quiet(&ring);
	cring_queue_exit(&ring);
}

TEST(c2_to_submit_is_cut_to_what_is_queued)
{
	struct cring ring;
	uint64_t i;

	ring_init(&ring, 8);
	EXPECT_EQ(0, submit_raw(ring.ring_fd, 5, 0));
	put_nops(_metadata, &ring, 0, 3);
	submit_all(&ring, 3);
	EXPECT_EQ(0, submit_raw(ring.ring_fd, CRING_SUBMIT_MAX, 0));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, reap_res(&ring, i));
	expect_quiet(&ring);
	cring_queue_exit(&ring);
}

TEST_F(raw, c2_submits_only_as_many_as_asked)
{
	self->sh->sq_tail = 5;
	EXPECT_EQ(2, submit_raw(self->fd, 2, 0));
	EXPECT_EQ(2, self->sh->sq_head);
	EXPECT_EQ(2, self->sh->cq_tail);
	EXPECT_EQ(2, self->sh->accepted);
	EXPECT_EQ(3, submit_raw(self->fd, 9, 0));
	EXPECT_EQ(5, self->sh->sq_head);
	EXPECT_EQ(5, self->sh->accepted);
	EXPECT_EQ(0, self->sh->in_flight);
}

TEST_F(raw, c2_garbage_sq_tail_is_einval)
{
	static const unsigned int tails[] = { 9, 100, 0x7fffffff, 0x80000000,
					      0xfffffffe, 0xffffffff };
	size_t i;

	for (i = 0; i < ARRAY_LEN(tails); i++) {
		self->sh->sq_tail = tails[i];
		EXPECT_EQ(-EINVAL, submit_raw(self->fd, 1, 0))
			TH_LOG("sq_tail %x", tails[i]);
		EXPECT_EQ(0, self->sh->cq_tail);
	}
	self->sh->sq_tail = 8;
	EXPECT_EQ(8, submit_raw(self->fd, 8, 0));
	EXPECT_EQ(8, self->sh->cq_tail);
}

TEST_F(raw, c2_kernels_own_counters_are_not_read_back)
{
	unsigned int round;

	/* The kernel's sq_head, cq_tail and sizes are its own copies. */
	for (round = 1; round <= 4; round++) {
		self->sh->sq_head = 0xdeadbeef * round;
		self->sh->cq_tail = 0xdeadbeef * round;
		self->sh->accepted = ~0ULL / round;
		self->sh->in_flight = 0xffffffff;
		self->sh->sq_entries = 1U << 31;
		self->sh->cq_entries = 1U << 31;
		self->sh->sqes_off = 0xfffff000;
		self->sh->cqes_off = 0xfffff000;
		self->sh->sq_tail = round * 2;
		self->sh->cq_head = round * 2 - 2;
		ASSERT_EQ(2, submit_raw(self->fd, 2, 2));
		EXPECT_EQ(round * 2, self->sh->sq_head);
		EXPECT_EQ(round * 2, self->sh->cq_tail);
		EXPECT_EQ(round * 2, self->sh->accepted);
	}
}

/* A wrong cq_head may starve or drop the owner's own CQEs, and that is all. */
TEST_F(raw, c2_garbage_cq_head_hurts_only_its_owner)
{
	struct cring other;
	unsigned int seed = 1, i;

	ring_init(&other, 8);
	for (i = 0; i < 2000; i++) {
		int ret;

		self->sh->cq_head = rand_r(&seed) * 3u;
		self->sh->sq_tail = self->sh->sq_head + i % 9;
		ret = submit_raw(self->fd, 8, 0);
		ASSERT_TRUE(ret == -EBUSY || (ret >= 0 && ret <= 8))
			TH_LOG("round %u: %d", i, ret);
		if (i % 64 == 0)
			ASSERT_EQ(0, run_sqe(&other, new_sqe(&other, 1)));
	}
	/* With a sane head again the ring goes on. */
	self->sh->cq_head = self->sh->cq_tail;
	self->sh->sq_tail = self->sh->sq_head + 8;
	EXPECT_EQ(8, submit_raw(self->fd, 8, 8));
	cring_queue_exit(&other);
}

/* An SQE that changes while it is read is one or the other, never a mix. */
static void *flip(void *arg)
{
	volatile uint32_t *word = arg;

	while (word[1] != 1)
		word[0] ^= 0xff;
	return NULL;
}

TEST_F(raw, c1_sqes_rewritten_during_submit_still_complete_once)
{
	struct cring_sqe *sqe = (void *)((char *)self->sh + self->p.sqes_off);
	unsigned int i;
	pthread_t t;

	/* opcode flips between NOP and an unknown one; user_data ends it. */
	ASSERT_EQ(0, pthread_create(&t, NULL, flip, sqe));
	for (i = 0; i < 20000; i++) {
		self->sh->cq_head = i * 8;
		self->sh->sq_tail = i * 8 + 8;
		ASSERT_EQ(8, submit_raw(self->fd, 8, 0));
		ASSERT_EQ(i * 8 + 8, self->sh->cq_tail);
	}
	*((volatile uint32_t *)sqe + 1) = 1;
	ASSERT_EQ(0, pthread_join(t, NULL));
}

TEST_HARNESS_MAIN
