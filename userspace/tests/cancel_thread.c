// SPDX-License-Identifier: MIT
/*
 * C3, C5, C7: cancel from another thread while the submitter sleeps inside
 * submit (on a page fault that we answer when we like), or inside wait.  It is
 * answered at once, and what is in flight is never -ENOENT.
 *
 * The batch: 1 a nop; 2 the read or write that faults; 3 a read of a pipe with
 * data in it; 4 a timeout; 5 a nop.  6 is in the queue but not submitted.
 */
#include "util.h"
#include "cancel_util.h"
#include "cancel_dev.h"

FIXTURE(thread) {
	struct cring ring;
	struct slowmem slow;
	int p[2], q[2];
	char buf[8];
	pthread_t submitter;
	atomic_int done;
	bool finished;
	int ret;
};
FIXTURE_VARIANT(thread) { bool socket, write; };
FIXTURE_VARIANT_ADD(thread, pipe_read) { .socket = false, .write = false };
FIXTURE_VARIANT_ADD(thread, pipe_write) { .socket = false, .write = true };
FIXTURE_VARIANT_ADD(thread, socket_read) { .socket = true, .write = false };
FIXTURE_VARIANT_ADD(thread, socket_write) { .socket = true, .write = true };

#define RING	(&self->ring)
#define FD	RING->ring_fd

static void *submit_five(void *arg)
{
	FIXTURE_DATA(thread) *self = arg;

	self->ret = submit_raw(FD, 5, 0);
	self->done = 1;
	return NULL;
}

/* Starts the batch; when this returns its submitter sleeps on operation 2. */
FIXTURE_SETUP(thread)
{
	int ret = slowmem_init(&self->slow, 4096);

	if (ret == -ENODEV)
		SKIP(return, "no userfaultfd in this kernel");
	ASSERT_EQ(0, ret);
	ring_init(RING, 16);
	if (variant->socket) {
		new_socketpair(self->p, SOCK_STREAM);
	} else {
		new_pipe(self->p, 0);
	}
	new_pipe(self->q, 0);
	if (!variant->write)
		ASSERT_EQ(3, write(self->p[1], "abc", 3));
	ASSERT_EQ(3, write(self->q[1], "xyz", 3));

	put(RING, .opcode = CRING_OP_NOP, .user_data = 1);
	put(RING, .opcode = variant->write ? CRING_OP_WRITE : CRING_OP_READ,
	    .fd = self->p[variant->write], .addr = PTR64(self->slow.mem),
	    .len = 3, .user_data = 2);
	put(RING, .opcode = CRING_OP_READ, .fd = self->q[0],
	    .addr = PTR64(self->buf), .len = 3, .user_data = 3);
	put(RING, .opcode = CRING_OP_TIMEOUT, .fd = -1,
	    .addr = PTR64(&an_hour), .len = 1, .user_data = 4);
	put(RING, .opcode = CRING_OP_NOP, .user_data = 5);
	put(RING, .opcode = CRING_OP_NOP, .user_data = 6);
	cring_flush_sq(RING);
	self->submitter = new_thread(submit_five, self);
	ASSERT_EQ(0, slowmem_wait_fault(&self->slow));
	ASSERT_EQ(0, atomic_load(&self->done));
}

/* Answers the fault, so that the submitter goes on to its end. */
static void finish(struct __test_metadata *_metadata,
		   FIXTURE_DATA(thread) *self)
{
	if (self->finished)
		return;
	self->finished = true;
	ASSERT_EQ(0, slowmem_fill(&self->slow, 'w'));
	join(self->submitter);
	EXPECT_EQ(5, self->ret);
}

/* Each of the five must have its one completion. */
FIXTURE_TEARDOWN(thread)
{
	int at;

	finish(_metadata, self);
	cancel_key(FD, .user_data = 4);
	expect_one_each(RING, 1, 5);
	EXPECT_EQ(5, cq_count(RING));
	expect_res(RING, 1, 0);
	at = cqe_at(RING, 2);
	if (at >= 0 && cq_peek(RING, at)->res != -ECANCELED)
		expect_res(RING, 2, 3);
	cring_queue_exit(RING);
	slowmem_exit(&self->slow);
}

/* The call must not have waited for the submitter, who is still asleep. */
#define at_once(expr) __extension__ ({					\
	uint64_t __t = now_ns();					\
	int __ret = (expr);						\
	EXPECT_SOON(__t, NSEC_PER_SEC);					\
	EXPECT_EQ(0, atomic_load(&self->done));				\
	__ret; })

TEST_F(thread, c3_a_later_one_of_the_batch_is_stopped_and_touches_nothing)
{
	EXPECT_EQ(0, at_once(cancel_key(FD, .user_data = 3)));
	expect_res(RING, 3, -ECANCELED);
	EXPECT_EQ(0, at_once(cancel_key(FD, .user_data = 5)));
	expect_res(RING, 5, -ECANCELED);
	EXPECT_EQ(-ENOENT, at_once(cancel_key(FD, .user_data = 3)));
	finish(_metadata, self);
	EXPECT_TRUE(is_byte(self->buf, 3, 0));
	EXPECT_EQ(3, read(self->q[0], self->buf, 3));	/* nobody took it */
}

TEST_F(thread, c3_the_one_being_tried_is_ealready)
{
	EXPECT_EQ(-EALREADY, at_once(cancel_key(FD, .user_data = 2)));
	EXPECT_EQ(-EALREADY, at_once(cancel_key(FD, .user_data = 2)));
	expect_pending(RING, 2);
}

TEST_F(thread, c3_the_one_before_it_is_ealready_until_its_completion_shows)
{
	int ret = at_once(cancel_key(FD, .user_data = 1));

	if (ret == -ENOENT) {
		expect_res(RING, 1, 0);
	} else {
		EXPECT_EQ(-EALREADY, ret);
	}
}

TEST_F(thread, c3_what_is_queued_and_not_submitted_is_enoent)
{
	EXPECT_EQ(-ENOENT, at_once(cancel_key(FD, .user_data = 6)));
	EXPECT_EQ(-ENOENT, at_once(cancel_key(FD, .user_data = 7)));
}

TEST_F(thread, c6_every_key_kind_reaches_into_the_batch)
{
	EXPECT_EQ(-EALREADY, at_once(cancel_key(FD,
			.fd = self->p[variant->write], .flags = C_FD)));
	EXPECT_EQ(-EALREADY, at_once(cancel_key(FD, .user_data = 2,
			.fd = self->p[variant->write],
			.flags = C_FD | C_UD)));
	EXPECT_EQ(1, at_once(cancel_key(FD, .fd = self->q[0],
					.flags = C_FD | C_ALL)));
	expect_res(RING, 3, -ECANCELED);
	EXPECT_EQ(0, at_once(cancel_key(FD, .flags = C_OP,
					.opcode = CRING_OP_TIMEOUT)));
	expect_res(RING, 4, -ECANCELED);
}

TEST_F(thread, c6_any_all_takes_the_whole_batch)
{
	struct cring_cancel_key key = { .flags = C_ANY | C_ALL };
	int posted = (int)cq_count(RING);	/* the first nop, perhaps */

	EXPECT_EQ(0, at_once(cancel_call(FD, &key, 1, 0, 0)));
	EXPECT_EQ(5 - posted, key.res);
	EXPECT_EQ(2U - posted, key.already);
	expect_res(RING, 3, -ECANCELED);
	expect_res(RING, 4, -ECANCELED);
	expect_res(RING, 5, -ECANCELED);
}

TEST_F(thread, c7_a_wait_for_it_times_out_while_the_submitter_sleeps)
{
	struct cring_cancel_key key = { .user_data = 2 };

	EXPECT_EQ(-ETIME, at_once(cancel_call(FD, &key, 1, CRING_CANCEL_WAIT,
					      20 * NSEC_PER_MSEC)));
	EXPECT_EQ(-EALREADY, key.res);
}

/* What the tests above rely on: it sleeps, and leaves its CPU to others. */
TEST_F(thread, c5_the_submitter_sleeps_and_does_not_spin)
{
	clockid_t cpu;
	uint64_t used;

	ASSERT_EQ(0, pthread_getcpuclockid(self->submitter, &cpu));
	used = now_ns_on(cpu);
	msleep(500);
	used = now_ns_on(cpu) - used;
	EXPECT_LT(used, 100 * NSEC_PER_MSEC)
		TH_LOG("%llu ms of CPU time in 500 ms",
		       (unsigned long long)(used / NSEC_PER_MSEC));
}

TEST_HARNESS_MAIN
