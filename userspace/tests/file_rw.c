// SPDX-License-Identifier: MIT
/* Reads and writes of files and block devices, each with its data checked. */
#include "file_target.h"

TEST_F(file, op_read_gives_the_data)
{
	struct cring_sqe *sqe = new_sqe(&self->ring, 0);

	cring_prep_read(sqe, self->fd, self->buf, 8 * BLK, 3 * BLK);
	EXPECT_EQ(8 * BLK, run_sqe(&self->ring, sqe));
	EXPECT_TRUE(is_filled_at(self->buf, 8 * BLK, 1, 3 * BLK));
	EXPECT_TRUE(is_byte(self->buf + 8 * BLK, BLK, 0));
	expect_quiet(&self->ring);
}

TEST_F(file, op_write_changes_just_its_range)
{
	struct cring_sqe *sqe = new_sqe(&self->ring, 0);

	fill(self->buf, 4 * BLK, 2);
	cring_prep_write(sqe, self->fd, self->buf, 4 * BLK, 5 * BLK);
	EXPECT_EQ(4 * BLK, run_sqe(&self->ring, sqe));
	EXPECT_TRUE(target_is(self->fd, 5 * BLK, 4 * BLK, 2, 0));
	EXPECT_TRUE(target_is(self->fd, 0, 5 * BLK, 1, 0));
	EXPECT_TRUE(target_is(self->fd, 9 * BLK, 4 * BLK, 1, 9 * BLK));
	expect_quiet(&self->ring);
}

TEST_F(file, op_readv_scatters)
{
	struct iovec iov[] = { { self->buf, BLK }, { self->buf + 8 * BLK, BLK },
			       { self->buf + 2 * BLK, 3 * BLK } };
	struct cring_sqe *sqe = new_sqe(&self->ring, 0);

	cring_prep_readv(sqe, self->fd, iov, 3, BLK);
	EXPECT_EQ(5 * BLK, run_sqe(&self->ring, sqe));
	EXPECT_TRUE(is_filled_at(self->buf, BLK, 1, BLK));
	EXPECT_TRUE(is_filled_at(self->buf + 8 * BLK, BLK, 1, 2 * BLK));
	EXPECT_TRUE(is_filled_at(self->buf + 2 * BLK, 3 * BLK, 1, 3 * BLK));
	EXPECT_TRUE(is_byte(self->buf + BLK, BLK, 0));
}

TEST_F(file, op_writev_gathers)
{
	struct iovec iov[] = { { self->buf + 4 * BLK, 2 * BLK },
			       { self->buf, BLK } };
	struct cring_sqe *sqe = new_sqe(&self->ring, 0);

	fill(self->buf, BLK, 5);
	fill(self->buf + 4 * BLK, 2 * BLK, 6);
	cring_prep_writev(sqe, self->fd, iov, 2, 7 * BLK);
	EXPECT_EQ(3 * BLK, run_sqe(&self->ring, sqe));
	EXPECT_TRUE(target_is(self->fd, 7 * BLK, 2 * BLK, 6, 0));
	EXPECT_TRUE(target_is(self->fd, 9 * BLK, BLK, 5, 0));
}

/* More vectors than any inline array holds; they may change after submit. */
TEST_F(file, op_readv_takes_200_vectors_and_reads_them_once)
{
	struct cring_sqe *sqe = new_sqe(&self->ring, 9);
	struct iovec iov[200];
	unsigned int i;

	for (i = 0; i < 200; i++)
		iov[i] = (struct iovec){ self->buf + i * 1024, 1024 };
	cring_prep_readv(sqe, self->fd, iov, 200, 2 * BLK);
	submit_all(&self->ring, 1);
	memset(iov, 0xff, sizeof(iov));
	EXPECT_EQ(200 * 1024, reap_res(&self->ring, 9));
	EXPECT_TRUE(is_filled_at(self->buf, 200 * 1024, 1, 2 * BLK));
}

TEST_F(file, op_fixed_buffer_round_trip)
{
	struct iovec iov[] = { { self->buf, 16 * BLK },
			       { self->buf + 32 * BLK, 16 * BLK } };
	struct cring_sqe *sqe;

	ASSERT_EQ(0, cring_register_buffers(&self->ring, iov, 2));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_read_fixed(sqe, self->fd, self->buf + 33 * BLK, 4 * BLK,
			      6 * BLK, 1);
	EXPECT_EQ(4 * BLK, run_sqe(&self->ring, sqe));
	EXPECT_TRUE(is_byte(self->buf + 32 * BLK, BLK, 0));
	EXPECT_TRUE(is_filled_at(self->buf + 33 * BLK, 4 * BLK, 1, 6 * BLK));
	EXPECT_TRUE(is_byte(self->buf + 37 * BLK, BLK, 0));

	fill(self->buf + 2 * BLK, 3 * BLK, 8);
	sqe = new_sqe(&self->ring, 0);
	cring_prep_write_fixed(sqe, self->fd, self->buf + 2 * BLK, 3 * BLK, 0, 0);
	EXPECT_EQ(3 * BLK, run_sqe(&self->ring, sqe));
	EXPECT_TRUE(target_is(self->fd, 0, 3 * BLK, 8, 0));
	EXPECT_EQ(0, cring_unregister_buffers(&self->ring));
}

TEST_F(file, op_async_read_and_write_go_through_a_worker)
{
	struct cring_sqe *sqe = new_sqe(&self->ring, 0);

	fill(self->buf, 2 * BLK, 3);
	cring_prep_write(sqe, self->fd, self->buf, 2 * BLK, 10 * BLK);
	sqe->flags = CRING_SQE_ASYNC;
	EXPECT_EQ(2 * BLK, run_sqe(&self->ring, sqe));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_read(sqe, self->fd, self->buf + 4 * BLK, 2 * BLK, 10 * BLK);
	sqe->flags = CRING_SQE_ASYNC;
	EXPECT_EQ(2 * BLK, run_sqe(&self->ring, sqe));
	EXPECT_TRUE(is_filled(self->buf + 4 * BLK, 2 * BLK, 3));
}

/* Vectors are read at submission also when a worker uses them. */
TEST_F(file, op_async_readv_does_not_look_at_the_vector_again)
{
	struct iovec iov[40];
	struct cring_sqe *sqe = new_sqe(&self->ring, 4);
	int i;

	for (i = 0; i < 40; i++)
		iov[i] = (struct iovec){ self->buf + i * 512, 512 };
	cring_prep_readv(sqe, self->fd, iov, 40, 0);
	sqe->flags = CRING_SQE_ASYNC;
	submit_all(&self->ring, 1);
	memset(iov, 0, sizeof(iov));
	EXPECT_EQ(40 * 512, reap_res(&self->ring, 4));
	EXPECT_TRUE(is_filled(self->buf, 40 * 512, 1));
}

TEST_F(file, op_read_stops_at_the_end)
{
	struct cring_sqe *sqe = new_sqe(&self->ring, 0);

	memset(self->buf, 0xaa, 64 * BLK);
	cring_prep_read(sqe, self->fd, self->buf, 64 * BLK, FILE_SIZE - 2 * BLK);
	EXPECT_EQ(2 * BLK, run_sqe(&self->ring, sqe));
	EXPECT_TRUE(is_filled_at(self->buf, 2 * BLK, 1, FILE_SIZE - 2 * BLK));
	/* Direct reads of a file may zero what lies behind its end. */
	if (!(variant->flags & O_DIRECT))
		EXPECT_TRUE(is_byte(self->buf + 2 * BLK, 62 * BLK, 0xaa));

	sqe = new_sqe(&self->ring, 0);
	cring_prep_read(sqe, self->fd, self->buf, BLK, FILE_SIZE);
	EXPECT_EQ(0, run_sqe(&self->ring, sqe));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_read(sqe, self->fd, self->buf, BLK, FILE_SIZE * 4ULL);
	EXPECT_EQ(0, run_sqe(&self->ring, sqe));
}

TEST_F(file, op_zero_length_is_zero)
{
	struct cring_sqe *sqe = new_sqe(&self->ring, 0);

	cring_prep_read(sqe, self->fd, self->buf, 0, 0);
	EXPECT_EQ(0, run_sqe(&self->ring, sqe));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_write(sqe, self->fd, self->buf, 0, 0);
	EXPECT_EQ(0, run_sqe(&self->ring, sqe));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_readv(sqe, self->fd, NULL, 0, 0);
	EXPECT_EQ(0, run_sqe(&self->ring, sqe));
	EXPECT_TRUE(target_is(self->fd, 0, 4 * BLK, 1, 0));
}

TEST_F(file, op_offset_minus_1_uses_and_moves_the_position)
{
	struct cring_sqe *sqe = new_sqe(&self->ring, 0);

	ASSERT_EQ(BLK, lseek(self->fd, BLK, SEEK_SET));
	cring_prep_read(sqe, self->fd, self->buf, 2 * BLK, -1);
	EXPECT_EQ(2 * BLK, run_sqe(&self->ring, sqe));
	EXPECT_TRUE(is_filled_at(self->buf, 2 * BLK, 1, BLK));
	EXPECT_EQ(3 * BLK, lseek(self->fd, 0, SEEK_CUR));

	fill(self->buf, BLK, 4);
	sqe = new_sqe(&self->ring, 0);
	cring_prep_write(sqe, self->fd, self->buf, BLK, -1);
	EXPECT_EQ(BLK, run_sqe(&self->ring, sqe));
	EXPECT_EQ(4 * BLK, lseek(self->fd, 0, SEEK_CUR));
	EXPECT_TRUE(target_is(self->fd, 3 * BLK, BLK, 4, 0));

	/* The same through a worker; a given offset moves nothing. */
	sqe = new_sqe(&self->ring, 0);
	cring_prep_read(sqe, self->fd, self->buf, BLK, -1);
	sqe->flags = CRING_SQE_ASYNC;
	EXPECT_EQ(BLK, run_sqe(&self->ring, sqe));
	EXPECT_TRUE(is_filled_at(self->buf, BLK, 1, 4 * BLK));
	EXPECT_EQ(5 * BLK, lseek(self->fd, 0, SEEK_CUR));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_read(sqe, self->fd, self->buf, BLK, 0);
	EXPECT_EQ(BLK, run_sqe(&self->ring, sqe));
	EXPECT_EQ(5 * BLK, lseek(self->fd, 0, SEEK_CUR));
}

TEST_F(file, op_bad_memory_is_efault)
{
	struct cring_sqe *sqe = new_sqe(&self->ring, 0);
	struct iovec iov = { (void *)8UL, BLK };

	cring_prep_read(sqe, self->fd, (void *)4096UL, BLK, 0);
	EXPECT_EQ(-EFAULT, run_sqe(&self->ring, sqe));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_write(sqe, self->fd, (void *)(1UL << 63), BLK, 0);
	EXPECT_EQ(-EFAULT, run_sqe(&self->ring, sqe));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_readv(sqe, self->fd, (void *)8UL, 1, 0);
	EXPECT_EQ(-EFAULT, run_sqe(&self->ring, sqe));
	sqe = new_sqe(&self->ring, 0);
	iov.iov_base = (void *)4096UL;
	cring_prep_writev(sqe, self->fd, &iov, 1, 0);
	sqe->flags = CRING_SQE_ASYNC;
	EXPECT_EQ(-EFAULT, run_sqe(&self->ring, sqe));
	EXPECT_TRUE(target_is(self->fd, 0, 2 * BLK, 1, 0));
}

/* C1 under load: 64 deep, random places, every third through a worker. */
TEST_F(file, c1_many_reads_at_once_complete_once_each)
{
	unsigned int seed = 3, round, i, done;
	unsigned int pos[64];

	for (round = 0; round < 10; round++) {
		bool seen[64] = { false };

		for (i = 0; i < 64; i++) {
			struct cring_sqe *sqe = new_sqe(&self->ring, i);

			pos[i] = rand_r(&seed) % (FILE_SIZE / BLK) * BLK;
			cring_prep_read(sqe, self->fd, self->buf + i * BLK, BLK,
					pos[i]);
			if (i % 3 == 0)
				sqe->flags = CRING_SQE_ASYNC;
		}
		submit_all(&self->ring, 64);
		for (done = 0; done < 64; done++) {
			struct cring_cqe c = reap(&self->ring);

			ASSERT_LT(c.user_data, 64);
			ASSERT_FALSE(seen[c.user_data]);
			seen[c.user_data] = true;
			ASSERT_EQ((int)BLK, c.res);
			ASSERT_TRUE(is_filled_at(self->buf + c.user_data * BLK,
						 BLK, 1, pos[c.user_data]));
		}
	}
	expect_quiet(&self->ring);
	EXPECT_EQ(0, cring_in_flight(&self->ring));
}

TEST_HARNESS_MAIN
