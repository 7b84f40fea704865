/* SPDX-License-Identifier: MIT */
/*
 * C16: processes that end, one killed and one by itself, while all that they have
 * submitted hangs.
 */
#ifndef CRING_TESTS_HUNG_OWNER_H
#define CRING_TESTS_HUNG_OWNER_H

#include "hung_op.h"

/* NFS's own flush() waits for its server when who has written closes a file */
#define ENDS_AT_ONCE	(STORAGE != HUNG_NFS)
#define BALLAST	(48 << 20)
/* two are killed, the last one exits; the first one has no DETACH */
#define OWNERS_NR	3

struct owner {
	FIXTURE_DATA(hung) *self;
	unsigned int nr;
	pid_t pid;
	int ready[2], go[2];
};

/* Much memory, and each operation once. */
static inline int own_and_wait(void *arg)
{
	struct owner *o = arg;
	struct cring_params p = { .detached = HUNG_OPS };
	char *ballast = malloc(BALLAST), c;
	struct cring ring;

	if (!ballast || cring_queue_init_params(16, &ring, &p))
		return 1;
	memset(ballast, 1, BALLAST);
	for_each_op(op)
		prep_op(o->self, cring_get_sqe(&ring), OWNERS, op, o->nr,
			o->nr > 0);
	if (cring_submit(&ring) != HUNG_OPS)
		return 2;
	msleep(2 * SINK_IN_MS);
	if (cring_in_flight(&ring) != HUNG_OPS ||
	    write(o->ready[1], "y", 1) != 1)
		return 3;
	return read(o->go[0], &c, 1) == 1 ? 0 : 4;
}

static inline void t_owners_start(struct __test_metadata *_metadata,
				  FIXTURE_DATA(hung) *self,
				  struct owner *owners)
{
	for (unsigned int i = 0; i < OWNERS_NR; i++) {
		owners[i] = (struct owner){ .self = self, .nr = i };
		new_pipe(owners[i].ready, O_CLOEXEC);
		new_pipe(owners[i].go, O_CLOEXEC);
		owners[i].pid = new_child(own_and_wait, &owners[i]);
		close(owners[i].ready[1]);
	}
}
#define owners_start(owners)	t_owners_start(_metadata, self, owners)

static inline void t_owners_end(struct __test_metadata *_metadata,
				struct owner *owners)
{
	for (unsigned int i = 0; i < OWNERS_NR; i++) {
		long used;
		uint64_t start;
		int status;
		char c;

		ASSERT_EQ(1, read(owners[i].ready[0], &c, 1))
			TH_LOG("it does not hang");
		used = mem_free();
		start = now_ns();
		if (i == OWNERS_NR - 1) {
			ASSERT_EQ(1, write(owners[i].go[1], "x", 1));
		} else {
			ASSERT_EQ(0, kill(owners[i].pid, SIGKILL));
		}
		status = child_status(owners[i].pid);
		EXPECT_EQ(i == OWNERS_NR - 1 ? 0 : SIGKILL, status);
		EXPECT_SOON(start, AT_ONCE_NS);
		/*
		 * While its storage hangs; a worker that is stuck without DETACH
		 * has its address space.
		 */
		if (!i)
			continue;
		EXPECT_TRUE(wait_until(mem_free() - used > BALLAST / 2))
			TH_LOG("%ld of %d bytes came back", mem_free() - used,
			       BALLAST);
	}
}
#define owners_end(owners)	t_owners_end(_metadata, owners)

#endif /* CRING_TESTS_HUNG_OWNER_H */
