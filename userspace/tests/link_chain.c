// SPDX-License-Identifier: MIT
/* Chains: soft and hard links, what breaks them, and what is not started. */
#include "util_sys.h"

FIXTURE(chain) { struct cring ring; int fd, p[2]; char *buf; };
FIXTURE_SETUP(chain)
{
	ring_init(&self->ring, 32);
	new_pipe(self->p, 0);
	self->fd = new_filled("/tmp", O_RDWR, 8192, 1);
	self->buf = new_pages(65536);
}
FIXTURE_TEARDOWN(chain) { cring_queue_exit(&self->ring); }

#define SOFT	CRING_SQE_IO_LINK
#define HARD	CRING_SQE_IO_HARDLINK

static struct cring_sqe *nop(struct __test_metadata *_metadata,
			     struct cring *ring, uint64_t user_data,
			     unsigned int flags)
{
	struct cring_sqe *sqe = new_sqe(ring, user_data);

	sqe->flags = (uint8_t)flags;
	return sqe;
}
#define NOP(user_data, flags) nop(_metadata, &self->ring, user_data, flags)

static void prep_read(struct cring_sqe *sqe, int fd, void *buf, unsigned int len,
		      unsigned int flags)
{
	cring_prep_read(sqe, fd, buf, len, 0);
	sqe->flags = (uint8_t)flags;
}

TEST_F(chain, link_members_run_in_order)
{
	struct cring_sqe *sqe = new_sqe(&self->ring, 1);
	struct cring_cqe c;

	/* Each needs what the one before it did. */
	memcpy(self->buf, "one", 3);
	cring_prep_write(sqe, self->p[1], self->buf, 3, 0);
	sqe->flags = SOFT;
	prep_read(new_sqe(&self->ring, 2), self->p[0], self->buf + 100, 3, SOFT);
	sqe = new_sqe(&self->ring, 3);
	cring_prep_write(sqe, self->fd, self->buf + 100, 3, 0);
	sqe->flags = SOFT | CRING_SQE_ASYNC;
	prep_read(new_sqe(&self->ring, 4), self->fd, self->buf + 200, 3, 0);
	submit_all(&self->ring, 4);
	EXPECT_EQ(3, reap_res(&self->ring, 1));
	EXPECT_EQ(3, reap_res(&self->ring, 2));
	EXPECT_EQ(3, reap_res(&self->ring, 3));
	c = reap(&self->ring);
	EXPECT_EQ(4, c.user_data);
	EXPECT_EQ(3, c.res);
	EXPECT_EQ(0, memcmp(self->buf + 200, "one", 3));
}

TEST_F(chain, link_member_waits_for_an_armed_one)
{
	prep_read(new_sqe(&self->ring, 1), self->p[0], self->buf, 1, SOFT);
	NOP(2, 0);
	NOP(3, 0);	/* not of the chain */
	submit_all(&self->ring, 3);
	EXPECT_EQ(0, reap_res(&self->ring, 3));
	expect_quiet(&self->ring);
	EXPECT_EQ(2, cring_in_flight(&self->ring));
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	EXPECT_EQ(1, reap_res(&self->ring, 1));
	EXPECT_EQ(0, reap_res(&self->ring, 2));
}

TEST_F(chain, link_failure_breaks_a_soft_chain)
{
	struct cring_cqe c;
	int i;

	NOP(1, SOFT);
	prep_read(new_sqe(&self->ring, 2), self->fd, (void *)8UL, 100, SOFT);
	NOP(3, SOFT);
	NOP(4, 0);
	NOP(5, 0);
	submit_all(&self->ring, 5);
	for (i = 0; i < 5; i++) {
		static const int want[] = { 0, 0, -EFAULT, -ECANCELED,
					    -ECANCELED, 0 };

		c = reap(&self->ring);
		ASSERT_LE(c.user_data, 5);
		EXPECT_EQ(want[c.user_data], c.res);
		if (c.res == -ECANCELED)
			EXPECT_EQ(CRING_CQE_F_NOT_STARTED, c.flags);
	}
	expect_quiet(&self->ring);
}

TEST_F(chain, link_short_read_breaks_a_soft_chain)
{
	prep_read(new_sqe(&self->ring, 1), self->fd, self->buf, 10000, SOFT);
	NOP(2, 0);
	submit_all(&self->ring, 2);
	EXPECT_EQ(8192, reap_res(&self->ring, 1));
	EXPECT_EQ(-ECANCELED, reap_res(&self->ring, 2));
	/* A pipe gives what it has: short as well. */
	ASSERT_EQ(2, write(self->p[1], "ab", 2));
	prep_read(new_sqe(&self->ring, 1), self->p[0], self->buf, 3, SOFT);
	NOP(2, 0);
	submit_all(&self->ring, 2);
	EXPECT_EQ(2, reap_res(&self->ring, 1));
	EXPECT_EQ(-ECANCELED, reap_res(&self->ring, 2));
}

TEST_F(chain, link_hard_chain_goes_on_after_failure)
{
	prep_read(new_sqe(&self->ring, 1), self->fd, (void *)8UL, 100, HARD);
	prep_read(new_sqe(&self->ring, 2), self->fd, self->buf, 10000, HARD);
	NOP(3, SOFT);
	NOP(4, 0);
	submit_all(&self->ring, 4);
	EXPECT_EQ(-EFAULT, reap_res(&self->ring, 1));
	EXPECT_EQ(8192, reap_res(&self->ring, 2));
	EXPECT_EQ(0, reap_res(&self->ring, 3));
	EXPECT_EQ(0, reap_res(&self->ring, 4));
}

/* A failure behind a hard link goes on; behind the soft one it stops. */
TEST_F(chain, link_mixed_chain_breaks_at_its_soft_link)
{
	prep_read(new_sqe(&self->ring, 1), self->fd, (void *)8UL, 100, HARD);
	prep_read(new_sqe(&self->ring, 2), self->fd, (void *)8UL, 100, SOFT);
	NOP(3, HARD);
	NOP(4, 0);
	submit_all(&self->ring, 4);
	EXPECT_EQ(-EFAULT, reap_res(&self->ring, 1));
	EXPECT_EQ(-EFAULT, reap_res(&self->ring, 2));
	EXPECT_EQ(-ECANCELED, reap_res(&self->ring, 3));
	EXPECT_EQ(-ECANCELED, reap_res(&self->ring, 4));
}

TEST_F(chain, link_invalid_member_stops_the_whole_chain)
{
	int pos, i;

	for (pos = 1; pos <= 3; pos++) {
		for (i = 1; i <= 3; i++) {
			struct cring_sqe *sqe = new_sqe(&self->ring, i);

			/* Writes, which would show in the file. */
			cring_prep_write(sqe, self->fd, "BAD", 3, 0);
			if (i < 3)
				sqe->flags = SOFT;
			if (i == pos)
				sqe->__resv = 1;
		}
		NOP(9, 0);
		submit_all(&self->ring, 4);
		for (i = 0; i < 4; i++) {
			struct cring_cqe c = reap(&self->ring);
			int want = c.user_data == 9 ? 0 : -ECANCELED;

			if (c.user_data == (uint64_t)pos)
				want = -EINVAL;
			EXPECT_EQ(want, c.res);
		}
	}
	ASSERT_EQ(3, pread(self->fd, self->buf, 3, 0));
	EXPECT_TRUE(is_filled(self->buf, 3, 1));
	expect_quiet(&self->ring);
}

TEST_F(chain, link_invalid_member_stops_a_hard_chain_too)
{
	NOP(1, HARD);
	NOP(2, HARD)->opcode = 200;
	NOP(3, 0);
	submit_all(&self->ring, 3);
	EXPECT_EQ(-ECANCELED, reap_res(&self->ring, 1));
	EXPECT_EQ(-EINVAL, reap_res(&self->ring, 2));
	EXPECT_EQ(-ECANCELED, reap_res(&self->ring, 3));
}

TEST_F(chain, link_chain_ends_with_the_submit_call)
{
	/* The open link of the first call has no effect on the second. */
	prep_read(new_sqe(&self->ring, 1), self->p[0], self->buf, 1, SOFT);
	submit_all(&self->ring, 1);
	NOP(2, 0);
	submit_all(&self->ring, 1);
	EXPECT_EQ(0, reap_res(&self->ring, 2));
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	EXPECT_EQ(1, reap_res(&self->ring, 1));
	expect_quiet(&self->ring);
}

TEST_F(chain, link_chain_as_long_as_the_queue)
{
	uint64_t i;

	for (i = 0; i < 31; i++)
		NOP(i, i % 2 ? SOFT : HARD);
	NOP(31, 0);
	submit_all(&self->ring, 32);
	for (i = 0; i < 32; i++)
		EXPECT_EQ(0, reap_res(&self->ring, i));
	expect_quiet(&self->ring);
}

TEST_F(chain, link_cancelled_head_breaks_the_chain)
{
	struct cring_cancel_key k = cring_key64(1, 0);

	prep_read(new_sqe(&self->ring, 1), self->p[0], self->buf, 1, SOFT);
	NOP(2, SOFT);
	NOP(3, 0);
	submit_all(&self->ring, 3);
	EXPECT_EQ(0, cring_cancel_sync(&self->ring, &k, 0, 0));
	EXPECT_EQ(-ECANCELED, reap_res(&self->ring, 1));
	EXPECT_EQ(-ECANCELED, reap_res(&self->ring, 2));
	EXPECT_EQ(-ECANCELED, reap_res(&self->ring, 3));
	EXPECT_EQ(0, cring_in_flight(&self->ring));
}

/* R12: earlier members are unaffected, later ones go with it. */
TEST_F(chain, r12_cancelled_member_takes_those_behind_it)
{
	struct cring_cancel_key k = cring_key64(3, 0);
	int i;

	prep_read(new_sqe(&self->ring, 1), self->p[0], self->buf, 1, SOFT);
	NOP(2, SOFT);
	NOP(3, SOFT);
	NOP(4, 0);
	submit_all(&self->ring, 4);
	EXPECT_EQ(0, cring_cancel_sync(&self->ring, &k, 0, 0));
	for (i = 0; i < 2; i++) {
		struct cring_cqe c = reap(&self->ring);

		EXPECT_TRUE(c.user_data == 3 || c.user_data == 4);
		EXPECT_EQ(-ECANCELED, c.res);
		EXPECT_EQ(CRING_CQE_F_NOT_STARTED, c.flags);
	}
	expect_quiet(&self->ring);
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	EXPECT_EQ(1, reap_res(&self->ring, 1));
	EXPECT_EQ(0, reap_res(&self->ring, 2));
	expect_quiet(&self->ring);
}

TEST_HARNESS_MAIN
