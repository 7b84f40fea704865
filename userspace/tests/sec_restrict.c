// SPDX-License-Identifier: MIT
/*
 * S6: a ring can be limited to what is named, for good; and the administrator
 * can do so for the operations of all rings.
 */
#include "util.h"
#include "cancel_util.h"
#include "life_util.h"
#include "module_util.h"

FIXTURE(restrict_to) {
	struct cring ring;
	struct cring_restrict r;
	int p[2];
};

#define RING	(&self->ring)
#define FD	RING->ring_fd

FIXTURE_SETUP(restrict_to)
{
	ring_init(RING, 16);
	new_pipe(self->p, O_NONBLOCK);
	self->r = (struct cring_restrict){
		.sqe_flags = CRING_SQE_ASYNC,
		.cancel_flags = C_ALL | C_FD,
	};
	cring_restrict_op(&self->r, CRING_OP_READ);
	cring_restrict_op(&self->r, CRING_OP_ASYNC_CANCEL);
	cring_restrict_register(&self->r, CRING_REGISTER_FILES);
	cring_restrict_register(&self->r, CRING_REGISTER_RESTRICT);
}

FIXTURE_TEARDOWN(restrict_to)
{
	cring_queue_exit(RING);
}

static int t_answer(struct __test_metadata *_metadata, struct cring *ring,
		    struct cring_sqe sqe)
{
	struct cring_sqe *p = new_sqe(ring, 0);

	*p = sqe;
	return t_run(_metadata, ring, p);
}
#define ANSWER(...) \
	t_answer(_metadata, RING, (struct cring_sqe){ __VA_ARGS__ })

TEST_F(restrict_to, s6_what_is_not_named_is_refused)
{
	int fd = self->p[0];

	arm_read(RING, 1, fd);
	ASSERT_EQ(0, cring_register_restrict(RING, &self->r));

	ASSERT_EQ(1, write(self->p[1], "x", 1));
	await(RING, 1);
	expect_res(RING, 1, 1);
	reap_all(RING);
	ASSERT_EQ(1, write(self->p[1], "x", 1));
	EXPECT_EQ(1, ANSWER(.opcode = CRING_OP_READ, .fd = fd, .len = 1,
			    .addr = PTR64(sink), .flags = CRING_SQE_ASYNC));
	EXPECT_EQ(-EACCES, ANSWER(.opcode = CRING_OP_WRITE, .fd = self->p[1],
				  .addr = PTR64(sink), .len = 1));
	EXPECT_EQ(-EACCES, ANSWER(.opcode = CRING_OP_NOP));
	EXPECT_EQ(-EACCES, ANSWER(.opcode = CRING_OP_READ, .fd = 0,
				  .flags = CRING_SQE_FIXED_FILE));
	EXPECT_EQ(-EACCES, ANSWER(.opcode = CRING_OP_READ, .fd = fd,
				  .xflags = CRING_SQE_X_DEADLINE,
				  .deadline = 1000));
	EXPECT_EQ(0, ANSWER(.opcode = CRING_OP_ASYNC_CANCEL,
			    .cancel_flags = C_ALL, .addr = 1));
	EXPECT_EQ(-EACCES, ANSWER(.opcode = CRING_OP_ASYNC_CANCEL,
				  .cancel_flags = C_ALL | C_ANY));
	EXPECT_EQ(-EACCES, cancel_key(FD, .flags = C_ALL | C_ANY));
	EXPECT_EQ(-ENOENT, cancel_key(FD, .flags = C_FD, .fd = fd));
	EXPECT_EQ(-EACCES, cring_unregister_files(RING));
	EXPECT_EQ(0, cring_register_files(RING, &fd, 1));
}

TEST_F(restrict_to, s6_nothing_gives_it_back)
{
	struct cring_restrict more = self->r;

	ASSERT_EQ(0, cring_register_restrict(RING, &self->r));
	cring_restrict_op(&more, CRING_OP_NOP);
	cring_restrict_register(&more, CRING_UNREGISTER_FILES);
	more.sqe_flags |= CRING_SQE_IO_DRAIN;
	ASSERT_EQ(0, cring_register_restrict(RING, &more));
	EXPECT_EQ(-EACCES, ANSWER(.opcode = CRING_OP_NOP));
	EXPECT_EQ(-EACCES, ANSWER(.opcode = CRING_OP_READ, .fd = self->p[0],
				  .flags = CRING_SQE_IO_DRAIN));
	EXPECT_EQ(-EACCES, cring_unregister_files(RING));

	memset(&more, 0, sizeof(more));
	ASSERT_EQ(0, cring_register_restrict(RING, &more));
	EXPECT_EQ(-EACCES, cring_register_restrict(RING, &more));
	EXPECT_EQ(-EACCES, ANSWER(.opcode = CRING_OP_READ, .fd = self->p[0]));
}

TEST_F(restrict_to, s6_what_there_is_not_cannot_be_named)
{
	struct cring_restrict all;

	memset(&all, 0xff, sizeof(all));
	all.resv0 = 0;
	memset(all.resv, 0, sizeof(all.resv));
	EXPECT_EQ(-EINVAL, cring_register_restrict(RING, &all));
	self->r.resv[1] = 1;
	EXPECT_EQ(-EINVAL, cring_register_restrict(RING, &self->r));
	EXPECT_EQ(-EFAULT, cring_register_restrict(RING, NULL));
	/* and nothing has come of it */
	EXPECT_EQ(0, ANSWER(.opcode = CRING_OP_NOP));
}

/* ---- all rings ----------------------------------------------------------------- */

FIXTURE(all_rings) { int unused; };

FIXTURE_SETUP(all_rings)
{
	self->unused = 0;
	if (!module_file())
		SKIP(return, NO_FILE);
	expect_refs(0);
	ASSERT_EQ(0, unload());
}

/* Whatever happened, the next test finds it as it was. */
FIXTURE_TEARDOWN(all_rings)
{
	/* there are none, too, when it is not loaded */
	EXPECT_TRUE(wait_until(module_refs() <= 0));
	unload();
	EXPECT_EQ(0, load());
	EXPECT_TRUE(wait_until(!access(CRING_DEVICE, F_OK)));
}

TEST_F(all_rings, s6_the_administrator_names_the_operations)
{
	struct cring_query q = { 0 };
	struct cring one, *ring = &one;
	char buf[64];

	ASSERT_EQ(0, load_with("allow_ops=READ,NOP"));
	ASSERT_TRUE(wait_until(!access(CRING_DEVICE, F_OK)));
	read_str(PARAMETERS "allow_ops", buf, sizeof(buf));
	EXPECT_STREQ("NOP,READ", buf);
	ASSERT_EQ(0, cring_query(&q));
	EXPECT_EQ(1ULL << CRING_OP_NOP | 1ULL << CRING_OP_READ, q.ops[0]);
	EXPECT_EQ(0, q.ops[1] | q.ops[2] | q.ops[3]);
	/* nobody changes that while it is loaded */
	EXPECT_NE(0, write_str(PARAMETERS "allow_ops", "WRITE"));

	ring_init(ring, 8);
	EXPECT_EQ(0, t_answer(_metadata, ring, (struct cring_sqe){ 0 }));
	EXPECT_EQ(-EBADF, t_answer(_metadata, ring, (struct cring_sqe){
			.opcode = CRING_OP_READ, .fd = -1 }));
	EXPECT_EQ(-EACCES, t_answer(_metadata, ring, (struct cring_sqe){
			.opcode = CRING_OP_WRITE, .fd = -1 }));
	EXPECT_EQ(-EACCES, t_answer(_metadata, ring, (struct cring_sqe){
			.opcode = CRING_OP_ASYNC_CANCEL }));
	cring_queue_exit(ring);
}

TEST_F(all_rings, s6_a_name_that_is_none_is_refused)
{
	EXPECT_EQ(-EINVAL, load_with("allow_ops=READ,OPENAT"));
	EXPECT_EQ(-EINVAL, load_with("allow_ops="));
	EXPECT_EQ(-EINVAL, load_with("allow_ops=all"));
}

TEST_HARNESS_MAIN
