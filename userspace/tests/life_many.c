// SPDX-License-Identifier: MIT
/*
 * C16: the end of a ring with all the 65,536 operations that it can have.
 */
#include "util.h"
#include "life_util.h"

#define MANY	CRING_MAX_CQ_ENTRIES

FIXTURE(many) {
	struct cring ring;
	int p[2], refs;
};

#define RING	(&self->ring)

FIXTURE_SETUP(many)
{
	self->refs = refs_before();
	new_pipe(self->p, 0);
}

FIXTURE_TEARDOWN(many)
{
	expect_refs(self->refs);
}

/* A full ring: polls, armed reads and timers; 0 when it is full. */
static int fill_ring(struct cring *ring, int fd)
{
	struct cring_params p = {
		.flags = CRING_SETUP_CQSIZE, .cq_entries = MANY,
	};
	unsigned int i, n = 0;

	if (cring_queue_init_params(CRING_MAX_SQ_ENTRIES, ring, &p))
		return 1;
	while (n < MANY) {
		for (i = 0; i < CRING_MAX_SQ_ENTRIES; i++, n++) {
			struct cring_sqe *sqe = cring_get_sqe(ring);

			if (n % 3 == 0)
				cring_prep_poll_add(sqe, fd, POLLIN);
			else if (n % 3 == 1)
				cring_prep_timeout(sqe, &an_hour, 0, 0);
			else
				cring_prep_read(sqe, fd, sink, 1, 0);
			sqe->user_data = n;
		}
		if (cring_submit(ring) != CRING_MAX_SQ_ENTRIES)
			return 2;
	}
	return cring_in_flight(ring) == MANY ? 0 : 3;
}

TEST_F(many, c16_close_with_65536_in_flight)
{
	unsigned char *seen = calloc(MANY, 1);
	unsigned int i, wrong = 0;
	uint64_t start;

	ASSERT_EQ(0, fill_ring(RING, self->p[0]));
	start = now_ns();
	ASSERT_EQ(0, close(RING->ring_fd));
	TH_LOG("%llu ms", (unsigned long long)
	       ((now_ns() - start) / NSEC_PER_MSEC));
	expect_refs(self->refs);
	/* Each ended, and says so in the mapping. */
	EXPECT_EQ(MANY, cq_count(RING));
	for (i = 0; i < cq_count(RING); i++) {
		struct cring_cqe *cqe = cq_peek(RING, i);

		wrong += cqe->res != -ECANCELED || cqe->user_data >= MANY ||
			 seen[cqe->user_data]++;
	}
	EXPECT_EQ(0, wrong);
	munmap(RING->shared, RING->mmap_size);
}

static int fill_and_die(void *arg)
{
	struct cring ring;
	int ret = fill_ring(&ring, *(int *)arg);

	if (!ret)
		kill(getpid(), SIGKILL);
	return ret;
}

TEST_F(many, c16_kill_9_with_65536_in_flight)
{
	pid_t pid = new_child(fill_and_die, &self->p[0]);
	int status;

	close(self->p[0]);
	status = child_status(pid);
	ASSERT_NE(-1, status);
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	expect_no_reader(self->p[1]);
}

TEST_HARNESS_MAIN
