// SPDX-License-Identifier: MIT
/*
 * C1, C3, C6: polls that are armed are stopped many at a time: of one file or of
 * several, each leaves its file's wait queues, and gives the file back, once.
 */
#include <signal.h>

#include "cancel_util.h"

#define FILES	3
#define POLLS	64
#define KEYS	(POLLS + 8)
#define MANY	(POLLS + POLLS / 2)

FIXTURE(armed) {
	struct cring ring;
	int p[FILES][2];
	struct cring_cancel_key keys[KEYS];
};

#define RING	(&self->ring)

FIXTURE_SETUP(armed)
{
	unsigned int i;

	ring_init(RING, POLLS);
	for (i = 0; i < FILES; i++)
		new_pipe(self->p[i], 0);
	memset(self->keys, 0, sizeof(self->keys));
}

FIXTURE_TEARDOWN(armed)
{
	cring_queue_exit(RING);
}

/* what was stopped: each has its one CQE, in the order of the keys */
static void expect_all_stopped(struct __test_metadata *_metadata,
			       struct cring *ring, unsigned int nr)
{
	unsigned int i;

	ASSERT_EQ(nr, cq_count(ring));
	for (i = 0; i < nr; i++) {
		EXPECT_EQ(i, cq_peek(ring, i)->user_data);
		EXPECT_EQ(-ECANCELED, cq_peek(ring, i)->res);
		EXPECT_EQ(CRING_CQE_F_NOT_STARTED, cq_peek(ring, i)->flags);
	}
	EXPECT_EQ(0, cring_in_flight(ring));
	reap_all(ring);
}

/* runs of one file, of 1, 2, 3 and so on */
static unsigned int file_of(unsigned int i)
{
	unsigned int run = 1, nr = 0;

	while (i >= run) {
		i -= run++;
		nr++;
	}
	return nr % FILES;
}

TEST_F(armed, c3_polls_of_several_files_are_stopped_by_one_call)
{
	unsigned int i, round;

	signal(SIGPIPE, SIG_IGN);
	/* records are used anew, and must be blank */
	for (round = 0; round < 4; round++) {
		for (i = 0; i < POLLS; i++) {
			put(RING, .opcode = CRING_OP_POLL_ADD,
			    .fd = self->p[file_of(i)][0],
			    .poll32_events = POLLIN, .user_data = i);
			self->keys[i] = (struct cring_cancel_key){ .user_data = i };
		}
		submit_all(RING, POLLS);
		EXPECT_EQ(0, cancel_call(RING->ring_fd, self->keys, POLLS,
					 round & 1 ? CRING_CANCEL_WAIT : 0, 0));
		for (i = 0; i < POLLS; i++) {
			EXPECT_EQ(0, self->keys[i].res);
			EXPECT_EQ(0, self->keys[i].already);
		}
		expect_all_stopped(_metadata, RING, POLLS);
	}
	/* none is on a wait queue any more */
	for (i = 0; i < FILES; i++)
		ASSERT_EQ(1, write(self->p[i][1], "x", 1));
	expect_quiet(RING);
	/* and none holds its file: the last reader is gone */
	for (i = 0; i < FILES; i++) {
		close(self->p[i][0]);
		EXPECT_EQ(-1, write(self->p[i][1], "x", 1));
		EXPECT_EQ(EPIPE, errno);
	}
}

struct thread_arg {
	struct __test_metadata *_metadata;
	struct cring *ring;
	int fd;
	uint64_t from;
};

static void *arm_some(void *arg)
{
	struct thread_arg *a = arg;
	struct __test_metadata *_metadata = a->_metadata;
	uint64_t ud;

	for (ud = a->from; ud < a->from + POLLS / 4; ud++)
		put(a->ring, .opcode = CRING_OP_POLL_ADD, .fd = a->fd,
		    .poll32_events = POLLIN, .user_data = ud);
	cring_submit(a->ring);
	return NULL;
}

/* each record has its own thread's identity, to be given back as often */
TEST_F(armed, c3_polls_of_several_threads_are_stopped_by_one_call)
{
	struct thread_arg a = {
		._metadata = _metadata, .ring = RING, .fd = self->p[0][0],
	};
	unsigned int i;

	for (; a.from < POLLS; a.from += POLLS / 4)
		join(new_thread(arm_some, &a));
	ASSERT_EQ(POLLS, cring_in_flight(RING));
	for (i = 0; i < POLLS; i++)
		self->keys[i] = (struct cring_cancel_key){ .user_data = i };
	EXPECT_EQ(0, cancel_call(RING->ring_fd, self->keys, POLLS, 0, 0));
	for (i = 0; i < POLLS; i++)
		EXPECT_EQ(0, self->keys[i].res);
	expect_all_stopped(_metadata, RING, POLLS);
}

TEST_F(armed, c3_a_timeout_counts_what_one_call_stops)
{
	unsigned int i;

	put(RING, .opcode = CRING_OP_TIMEOUT, .fd = -1, .addr = PTR64(&an_hour),
	    .len = 1, .off = FILES, .user_data = FILES);
	for (i = 0; i < FILES; i++) {
		put(RING, .opcode = CRING_OP_POLL_ADD, .fd = self->p[i][0],
		    .poll32_events = POLLIN, .user_data = i);
		self->keys[i] = (struct cring_cancel_key){ .user_data = i };
	}
	submit_all(RING, FILES + 1);
	EXPECT_EQ(0, cancel_call(RING->ring_fd, self->keys, FILES, 0, 0));
	ASSERT_EQ(FILES + 1, cq_count(RING));
	for (i = 0; i <= FILES; i++) {
		EXPECT_EQ(i, cq_peek(RING, i)->user_data);
		EXPECT_EQ(i < FILES ? -ECANCELED : 0, cq_peek(RING, i)->res);
	}
	EXPECT_EQ(0, cring_in_flight(RING));
	reap_all(RING);
}

TEST_F(armed, c3_a_cancel_last_stops_the_oldest_of_its_file)
{
	unsigned int i;

	signal(SIGPIPE, SIG_IGN);
	/* more than are young: the first ones are in the tables */
	for (i = 0; i < MANY; i++) {
		put(RING, .opcode = CRING_OP_POLL_ADD, .fd = self->p[i % 2][0],
		    .poll32_events = POLLIN, .user_data = i);
		submit_all(RING, 1);
	}
	for (i = 0; i < MANY; i++) {
		put(RING, .opcode = CRING_OP_ASYNC_CANCEL, .cancel_flags = C_FD,
		    .fd = self->p[i % 2][0], .user_data = 1000 + i);
		submit_all(RING, 1);
		ASSERT_EQ(2, cq_count(RING));
		EXPECT_EQ(i, cq_peek(RING, 0)->user_data);
		EXPECT_EQ(-ECANCELED, cq_peek(RING, 0)->res);
		EXPECT_EQ(1000 + i, cq_peek(RING, 1)->user_data);
		EXPECT_EQ(0, cq_peek(RING, 1)->res);
		reap_all(RING);
	}
	for (i = 0; i < 2; i++) {
		close(self->p[i][0]);
		EXPECT_EQ(-1, write(self->p[i][1], "x", 1));
		EXPECT_EQ(EPIPE, errno);
	}
}

/* a read, one that has a chain, one that is not there, one that is named twice */
TEST_F(armed, c6_keys_between_them_that_are_something_else)
{
	static const int want[] = { 0, -ENOENT, 0, 0, -ENOENT, 0, 0 };
	static const uint64_t whom[] = { 1, 99, 2, 3, 1, 5, 4 };
	unsigned int i, nr = ARRAY_SIZE(whom);

	arm_poll(RING, 1, self->p[0][0]);
	arm_read(RING, 2, self->p[0][0]);
	put(RING, .opcode = CRING_OP_POLL_ADD, .fd = self->p[1][0],
	    .poll32_events = POLLIN, .user_data = 3,
	    .flags = CRING_SQE_IO_LINK);
	put(RING, .opcode = CRING_OP_NOP, .user_data = 30);
	submit_all(RING, 2);
	arm_poll(RING, 4, self->p[2][0]);
	arm_poll(RING, 5, self->p[1][0]);
	for (i = 0; i < nr; i++)
		self->keys[i].user_data = whom[i];
	EXPECT_EQ(0, cancel_call(RING->ring_fd, self->keys, nr, 0, 0));
	for (i = 0; i < nr; i++)
		EXPECT_EQ(want[i], self->keys[i].res) TH_LOG("key %u", i);
	ASSERT_EQ(6, cq_count(RING));
	for (i = 1; i <= 5; i++)
		expect_res(RING, i, -ECANCELED);
	expect_res(RING, 30, -ECANCELED);
	EXPECT_EQ(0, cring_in_flight(RING));
}

/* more keys than a session has, and what is not found between them */
TEST_F(armed, c6_many_keys)
{
	unsigned int i;

	for (i = 0; i < POLLS; i++)
		put(RING, .opcode = CRING_OP_POLL_ADD, .fd = self->p[0][0],
		    .poll32_events = POLLIN, .user_data = i);
	submit_all(RING, POLLS);
	for (i = 0; i < KEYS; i++)
		self->keys[i].user_data = i < 8 ? 5000 + i : i - 8;
	EXPECT_EQ(0, cancel_call(RING->ring_fd, self->keys, KEYS, 0, 0));
	for (i = 0; i < KEYS; i++)
		EXPECT_EQ(i < 8 ? -ENOENT : 0, self->keys[i].res);
	expect_all_stopped(_metadata, RING, POLLS);
}

/* a tty has two of them, on which it leaves the others of its run alone */
TEST_F(armed, c3_some_are_on_two_queues)
{
	unsigned int i, nr = 12;
	int tty[2];

	if (!pty_pair(tty))
		SKIP(return, "no pty");
	for (i = 0; i < nr; i++) {
		put(RING, .opcode = CRING_OP_POLL_ADD,
		    .fd = file_of(i) ? self->p[0][0] : tty[1],
		    .poll32_events = POLLIN, .user_data = i);
		self->keys[i].user_data = i;
	}
	submit_all(RING, nr);
	EXPECT_EQ(0, cancel_call(RING->ring_fd, self->keys, nr, 0, 0));
	expect_all_stopped(_metadata, RING, nr);
	ASSERT_EQ(2, write(tty[0], "x\n", 2));
	ASSERT_EQ(1, write(self->p[0][1], "x", 1));
	expect_quiet(RING);
}

/* what else it says is wrong, and not overlooked because its match is there */
TEST_F(armed, c3_what_is_wrong_stops_nothing)
{
	struct cring_cancel_key key;
	struct cring_sqe *sqe;
	unsigned int i;

	arm_poll(RING, 1, self->p[0][0]);
	for (i = sizeof(key.user_data); i < sizeof(key); i++) {
		if (i == offsetof(struct cring_cancel_key, flags))
			i += sizeof(key.flags);
		if (i == offsetof(struct cring_cancel_key, res))
			i += sizeof(key.res) + sizeof(key.already);
		key = (struct cring_cancel_key){ .user_data = 1 };
		((uint8_t *)&key)[i] = 0x40;
		EXPECT_EQ(-EINVAL, cancel_one(RING->ring_fd, key))
			TH_LOG("byte %u of a key", i);
	}
	for (i = offsetof(struct cring_sqe, ioprio); i < sizeof(*sqe); i++) {
		if (i == offsetof(struct cring_sqe, fd))
			i += sizeof(sqe->fd);
		if (i == offsetof(struct cring_sqe, addr))
			i += sizeof(sqe->addr);
		if (i == offsetof(struct cring_sqe, op_flags))
			i += sizeof(sqe->op_flags) + sizeof(sqe->user_data);
		if (i == offsetof(struct cring_sqe, xflags))
			break;
		sqe = new_sqe(RING, 0);
		*sqe = (struct cring_sqe){
			.opcode = CRING_OP_ASYNC_CANCEL, .addr = 1,
			.user_data = 2,
		};
		((uint8_t *)sqe)[i] = 0x40;
		submit_all(RING, 1);
		EXPECT_EQ(-EINVAL, res_of(RING, 2)) TH_LOG("byte %u", i);
		reap_all(RING);
	}
	EXPECT_EQ(1, cring_in_flight(RING));
	EXPECT_EQ(0, cancel_key(RING->ring_fd, .user_data = 1));
}

TEST_HARNESS_MAIN
