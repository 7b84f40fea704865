/* SPDX-License-Identifier: MIT */
/*
 * What much that hangs does to memory.  Not where a server in this machine has to
 * move it when it goes on: that takes long, and it keeps buffers for it.
 */
#ifndef CRING_TESTS_HUNG_MEMORY_H
#define CRING_TESTS_HUNG_MEMORY_H

#include "hung_crowd.h"

#define BIG_NR		8
#define BIG		(8U << 20)
#define STAGED		((long)BIG_NR * BIG)

/* Reads that hang, are let go of, and whose ring is closed. */
TEST_F(hung, c16_memory_is_back_when_the_storage_answers)
{
	char *buf = new_pages(BIG);
	long before, during, after = 0;
	struct cring ring;

	memset(buf, 0xdd, BIG);
	begin();
	before = mem_free();
	ring_with_room(&ring, 16, BIG_NR);
	for (unsigned int i = 0; i < BIG_NR; i++) {
		struct cring_sqe *sqe = new_sqe(&ring, 0);

		cring_prep_read(sqe, self->fd[DIRECT_READ], buf, BIG, 0);
		cring_sqe_set_detach(sqe);
		sqe->user_data = i;
	}
	submit_and_sentinel(&ring, BIG_NR);
	await(&ring, SENTINEL);
	reap_all(&ring);
	/* workers get the pages for them, which may take a while */
	wait_until(before - mem_free() > STAGED / 8 * 7);
	msleep(SINK_IN_MS);
	let_go(&ring, BIG_NR);
	cring_queue_exit(&ring);
	during = mem_free();
	EXPECT_GT(before - during, STAGED / 2);
	EXPECT_GT(module_refs(), self->refs);

	hung_go(&self->h);
	/* the ring is gone, too */
	expect_refs(self->refs);
	EXPECT_TRUE(wait_until(before - (after = mem_free()) < STAGED / 2))
		TH_LOG("MiB free before, while it hung, and after: %ld %ld %ld",
		       before >> 20, during >> 20, after >> 20);
	EXPECT_TRUE(is_byte(buf, BIG, 0xdd));
}

#endif /* CRING_TESTS_HUNG_MEMORY_H */
