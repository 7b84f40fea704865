// SPDX-License-Identifier: MIT
/*
 * C16, S1, S8: a ring's descriptor that travels.  Passing it on passes no right
 * to use it, and it keeps no ring alive once the owner is gone; neither does a
 * socket that the ring itself watches.
 */
#include "util.h"
#include "life_util.h"

FIXTURE(pass) {
	int s[2], p[2], refs;
};

FIXTURE_SETUP(pass)
{
	self->refs = refs_before();
	new_socketpair(self->s, SOCK_STREAM);
	new_pipe(self->p, 0);
}

FIXTURE_TEARDOWN(pass)
{
	expect_refs(self->refs);
}

/* An owner that arms a read, sends its ring away, and waits to be told. */
static int send_ring(void *arg)
{
	FIXTURE_DATA(pass) *self = arg;
	struct cring ring;
	struct cring_sqe *sqe;
	char c;

	close(self->s[1]);
	if (cring_queue_init(8, &ring, 0))
		return 1;
	sqe = cring_get_sqe(&ring);
	cring_prep_read(sqe, self->p[0], sink, 1, 0);
	if (cring_submit(&ring) != 1 || send_fd(self->s[0], ring.ring_fd))
		return 2;
	close(self->p[0]);	/* the operation alone holds it now */
	if (read(self->s[0], &c, 1) != 1)
		return 3;
	/* 'c': close it here, and live on until told again */
	if (c == 'c') {
		close(ring.ring_fd);
		if (write(self->s[0], "k", 1) != 1 ||
		    read(self->s[0], &c, 1) != 1)
			return 4;
	}
	return 0;
}

static int t_receive(struct __test_metadata *_metadata,
		     FIXTURE_DATA(pass) *self, pid_t *pid)
{
	int fd;

	*pid = new_child(send_ring, self);
	close(self->s[0]);
	close(self->p[0]);
	fd = recv_fd(self->s[1]);
	ASSERT_GE(fd, 0);
	return fd;
}
#define receive(pid)	t_receive(_metadata, self, pid)

TEST_F(pass, s1_a_passed_descriptor_is_eperm_for_everything)
{
	struct cring_cancel_key key = { .flags = C_ANY | C_ALL };
	struct cring_params p = { .sq_entries = 1 };
	struct cring_wait w = { .flags = CRING_WAIT_TIMEOUT };
	pid_t pid;
	int fd = receive(&pid);

	EXPECT_EQ(-EPERM, submit_raw(fd, 1, 0));
	EXPECT_EQ(-EPERM, ioc_ptr(fd, CRING_IOC_WAIT, &w));
	EXPECT_EQ(-EPERM, cancel_call(fd, &key, 1, 0, 0));
	EXPECT_GT(0, ioc_ptr(fd, CRING_IOC_SETUP, &p));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0));
	EXPECT_EQ(EPERM, errno);
	EXPECT_TRUE(has_reader(self->p[1]));
	close(fd);
	/* And closing it here is nothing to the owner. */
	EXPECT_TRUE(has_reader(self->p[1]));
	ASSERT_EQ(1, write(self->s[1], "x", 1));
	EXPECT_EQ(0, child_status(pid));
	expect_no_reader(self->p[1]);
}

TEST_F(pass, c16_the_owners_exit_ends_a_ring_that_was_passed_on)
{
	pid_t pid;
	int fd = receive(&pid);

	EXPECT_TRUE(has_reader(self->p[1]));
	ASSERT_EQ(1, write(self->s[1], "x", 1));
	EXPECT_EQ(0, child_status(pid));
	expect_no_reader(self->p[1]);	/* although we hold its descriptor */
	EXPECT_EQ(-EPERM, submit_raw(fd, 0, 0));
	close(fd);
}

TEST_F(pass, c16_kill_9_of_the_owner_ends_a_ring_that_was_passed_on)
{
	pid_t pid;
	int fd = receive(&pid);

	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_NE(-1, child_status(pid));
	expect_no_reader(self->p[1]);
	close(fd);
}

TEST_F(pass, c16_the_owners_last_close_cancels_although_another_holds_it)
{
	pid_t pid;
	int fd = receive(&pid);
	char c;

	ASSERT_EQ(1, write(self->s[1], "c", 1));
	ASSERT_EQ(1, read(self->s[1], &c, 1));
	expect_no_reader(self->p[1]);	/* and the owner lives */
	ASSERT_EQ(1, write(self->s[1], "x", 1));
	EXPECT_EQ(0, child_status(pid));
	close(fd);
}

enum watch { BY_POLL, BY_READ, BY_FIXED };

/* A socket that holds the ring, in a ring that watches the socket. */
static int make_cycle(void *arg)
{
	enum watch how = (enum watch)(long)arg;
	struct cring_sqe *sqe;
	struct cring ring;
	int s[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) ||
	    cring_queue_init(8, &ring, 0))
		return 1;
	if (how == BY_FIXED && cring_register_files(&ring, s, 2))
		return 2;
	sqe = cring_get_sqe(&ring);
	if (how == BY_READ)
		cring_prep_read(sqe, s[1], sink, 1, 0);
	else
		/* never comes: the other end stays open */
		cring_prep_poll_add(sqe, s[1], POLLRDHUP);
	if (cring_submit(&ring) != 1 || send_fd(s[1], ring.ring_fd) ||
	    send_fd(s[0], ring.ring_fd))
		return 3;
	return cring_in_flight(&ring) <= 1 ? 0 : 4;
}

TEST_F(pass, s8_a_polled_socket_that_holds_the_ring_is_freed_at_exit)
{
	EXPECT_EQ(0, run_child(make_cycle, (void *)BY_POLL));
	expect_refs(self->refs);
}

TEST_F(pass, s8_a_read_socket_that_holds_the_ring_is_freed_at_exit)
{
	EXPECT_EQ(0, run_child(make_cycle, (void *)BY_READ));
	expect_refs(self->refs);
}

TEST_F(pass, s8_a_fixed_socket_that_holds_the_ring_is_freed_at_exit)
{
	EXPECT_EQ(0, run_child(make_cycle, (void *)BY_FIXED));
	expect_refs(self->refs);
}

TEST_F(pass, s8_a_ring_is_no_target_of_a_ring)
{
	struct cring a, b;
	int fd;

	ring_init(&a, 4);
	ring_init(&b, 4);
	put(&a, .opcode = CRING_OP_POLL_ADD, .fd = b.ring_fd,
	    .poll32_events = POLLIN, .user_data = 1);
	put(&a, .opcode = CRING_OP_POLL_ADD, .fd = a.ring_fd,
	    .poll32_events = POLLIN, .user_data = 2);
	put(&a, .opcode = CRING_OP_READ, .fd = b.ring_fd, .addr = PTR64(sink),
	    .len = 1, .user_data = 3);
	submit_all(&a, 3);
	settle(&a);
	expect_res(&a, 1, -EOPNOTSUPP);
	expect_res(&a, 2, -EOPNOTSUPP);
	expect_res(&a, 3, -EOPNOTSUPP);
	fd = b.ring_fd;
	EXPECT_EQ(-EBADF, cring_register_files(&a, &fd, 1));
	fd = a.ring_fd;
	EXPECT_EQ(-EBADF, cring_register_files(&a, &fd, 1));
	cring_queue_exit(&a);
	cring_queue_exit(&b);
}

TEST_HARNESS_MAIN
