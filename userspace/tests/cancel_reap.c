// SPDX-License-Identifier: MIT
/*
 * C12: the completions of what a cancel names go to the caller's memory, and no
 * other does.  What cannot go there goes to the queue; nothing is lost.
 */
#include "util.h"
#include "cancel_reap.h"

#include <sys/time.h>

TEST_F(reap, c12_what_is_stopped_goes_to_the_caller_and_not_to_the_queue)
{
	struct cring_cancel_key keys[] = {
		{ .user_data = 1 }, { .user_data = 9 },
		{ .flags = C_OP | C_ALL, .opcode = CRING_OP_TIMEOUT },
	};

	arm_read(RING, 1, self->p[0]);
	arm_timer(RING, 2);
	arm_timer(RING, 3);
	arm_read(RING, 4, self->p[0]);
	EXPECT_EQ(0, reap_keys(keys, 3, 0, 0));
	EXPECT_EQ(0, keys[0].res);
	EXPECT_EQ(-ENOENT, keys[1].res);
	EXPECT_EQ(2, keys[2].res);
	EXPECT_EQ(3, self->reaped);
	EXPECT_EQ(0, cq_count(RING));
	EXPECT_EQ(1, shared_of(RING)->in_flight);
	expect_reaped(1, -ECANCELED);
	expect_reaped(2, -ECANCELED);
	expect_reaped(3, -ECANCELED);
	EXPECT_EQ(CRING_CQE_F_NOT_STARTED, self->to[0].flags);
	/* no byte beyond them was written */
	EXPECT_TRUE(is_byte(self->to + 3, TO_LEN - 3 * sizeof(*self->to), 0xaa));
	expect_pending(RING, 4);
}

/* ---- what was -EALREADY --------------------------------------------------- */

TEST_F(reap, c12_with_wait_however_each_one_ended)
{
	struct cring_cancel_key keys[] = {
		{ .user_data = 0 }, { .user_data = 20 }, { .user_data = 21 },
		{ .user_data = 99 },
	};
	static const int want[] = { -EALREADY, 0, -EALREADY, -ENOENT };
	unsigned int i;

	start_slow_reads(RING, 2, 700);
	arm_read(RING, 20, self->p[0]);
	put_async_read(_metadata, RING, 21, self->p[0]);
	submit_all(RING, 1);
	msleep(200);
	EXPECT_EQ(0, reap_keys(keys, 4, WAIT, A_WHILE));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(want[i], keys[i].res);
	EXPECT_EQ(3, self->reaped);
	expect_reaped(0, 4096);
	expect_reaped(20, -ECANCELED);
	expect_reaped(21, -ECANCELED);
	await(RING, 1);
	expect_res(RING, 1, 4096);
	EXPECT_EQ(1, cq_count(RING));
}

TEST_F(reap, c12_without_wait_what_was_already_running_goes_to_the_queue)
{
	struct cring_cancel_key key = { .flags = C_ANY | C_ALL };

	start_slow_reads(RING, 1, 500);
	arm_read(RING, 20, self->p[0]);
	EXPECT_EQ(0, reap_keys(&key, 1, 0, 0));
	EXPECT_EQ(2, key.res);
	EXPECT_EQ(1, key.already);
	EXPECT_EQ(1, self->reaped);
	expect_reaped(20, -ECANCELED);
	await(RING, 0);
	expect_res(RING, 0, 4096);
}

TEST_F(reap, c12_what_has_not_finished_in_time_goes_to_the_queue)
{
	struct cring_cancel_key key = { .flags = C_ANY | C_ALL };
	int i;

	start_slow_reads(RING, 4, 700);
	arm_read(RING, 20, self->p[0]);
	EXPECT_EQ(-ETIME, reap_keys(&key, 1, WAIT, 50 * NSEC_PER_MSEC));
	EXPECT_EQ(5, key.res);
	EXPECT_EQ(4, key.already);
	EXPECT_EQ(1, self->reaped);
	expect_reaped(20, -ECANCELED);
	EXPECT_EQ(0, cq_count(RING));
	expect_one_each(RING, 0, 4);
	for (i = 0; i < 4; i++)
		expect_res(RING, i, 4096);
	EXPECT_TRUE(is_byte(self->to + 1, TO_LEN - sizeof(*self->to), 0xaa));
}

TEST_F(reap, c12_a_second_try_reaps_what_the_first_did_not_wait_for)
{
	struct cring_cancel_key key = { .user_data = 0 };

	start_slow_reads(RING, 1, 500);
	EXPECT_EQ(-ETIME, reap_keys(&key, 1, WAIT, 0));
	EXPECT_EQ(0, self->reaped);
	EXPECT_EQ(0, reap_keys(&key, 1, WAIT, A_WHILE));
	EXPECT_EQ(-EALREADY, key.res);
	EXPECT_EQ(1, self->reaped);
	expect_reaped(0, 4096);
	EXPECT_EQ(0, cq_count(RING));
}

static void on_alarm(int sig)
{
	(void)sig;
}

TEST_F(reap, c12_a_signal_ends_the_wait_and_nothing_is_lost)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	struct itimerval it = { .it_value.tv_usec = 100000 };
	struct cring_cancel_key key = { .user_data = 0 };

	ASSERT_EQ(0, sigaction(SIGALRM, &sa, NULL));
	start_slow_reads(RING, 1, 1000);
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &it, NULL));
	EXPECT_EQ(-EINTR, reap_keys(&key, 1, WAIT, -1));
	EXPECT_EQ(0, self->reaped);
	await(RING, 0);
	expect_res(RING, 0, 4096);
}

/* ---- what else a completion does ------------------------------------------- */

TEST_F(reap, c12_a_slot_is_free_again)
{
	struct cring_cancel_key key = { .flags = C_ANY | C_ALL };
	struct cring small;
	unsigned int i, round;

	ring_init_cq(&small, 4, 4);
	for (round = 0; round < 5; round++) {
		for (i = 0; i < 4; i++)
			put(&small, .opcode = CRING_OP_READ, .fd = self->p[0],
			    .addr = PTR64(sink), .len = 1, .user_data = i);
		submit_all(&small, 4);
		EXPECT_EQ(0, reap_call(small.ring_fd, &key, 1, 0, 0, self->to,
				       ROOM, &self->reaped));
		EXPECT_EQ(4, self->reaped);
	}
	EXPECT_EQ(0, cq_count(&small));
	cring_queue_exit(&small);
}

TEST_F(reap, c12_nobody_is_told_of_what_is_reaped)
{
	struct cring_cancel_key key = { .user_data = 1 };
	struct pollfd pfd = { .fd = FD, .events = POLLIN };
	int ev = eventfd(0, EFD_NONBLOCK);
	uint64_t count;

	ASSERT_GE(ev, 0);
	ASSERT_EQ(0, cring_register_eventfd(RING, ev));
	arm_read(RING, 1, self->p[0]);
	EXPECT_EQ(0, reap_keys(&key, 1, 0, 0));
	EXPECT_EQ(1, self->reaped);
	EXPECT_EQ(-1, read(ev, &count, sizeof(count)));
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	/* of what is not, everybody */
	arm_read(RING, 1, self->p[0]);
	EXPECT_EQ(0, cancel_key(FD, .user_data = 1));
	EXPECT_EQ(8, read(ev, &count, sizeof(count)));
	EXPECT_EQ(1, poll(&pfd, 1, 0));
	close(ev);
}

TEST_F(reap, c12_no_completion_on_success_means_none_here_either)
{
	struct cring_cancel_key key = { .flags = C_ANY | C_ALL };

	start_slow_reads(RING, 2, 400, .flags = CRING_SQE_CQE_SKIP_SUCCESS);
	/* that one fails: it has its completion */
	put(RING, .opcode = CRING_OP_READ, .flags = CRING_SQE_CQE_SKIP_SUCCESS,
	    .fd = self->p[0], .addr = PTR64(sink), .len = 1, .user_data = 9);
	submit_all(RING, 1);
	EXPECT_EQ(0, reap_keys(&key, 1, WAIT, A_WHILE));
	EXPECT_EQ(3, key.res);
	EXPECT_EQ(1, self->reaped);
	expect_reaped(9, -ECANCELED);
	EXPECT_EQ(0, cq_count(RING));
	EXPECT_EQ(0, shared_of(RING)->in_flight);
}

TEST_F(reap, c12_what_ends_along_and_is_not_named_goes_to_the_queue)
{
	struct cring_cancel_key key = { .flags = C_FD | C_ALL,
					.fd = self->p[0] };

	/* read (named), timeout (not), read (named): one chain */
	put(RING, .opcode = CRING_OP_READ, .flags = CRING_SQE_IO_LINK,
	    .fd = self->p[0], .addr = PTR64(sink), .len = 1, .user_data = 1);
	put(RING, .opcode = CRING_OP_TIMEOUT, .flags = CRING_SQE_IO_LINK,
	    .fd = -1, .addr = PTR64(&an_hour), .len = 1, .user_data = 2);
	put(RING, .opcode = CRING_OP_READ, .fd = self->p[0],
	    .addr = PTR64(sink), .len = 1, .user_data = 3);
	submit_all(RING, 3);
	EXPECT_EQ(0, reap_keys(&key, 1, 0, 0));
	EXPECT_EQ(2, key.res);
	EXPECT_EQ(2, self->reaped);
	expect_reaped(1, -ECANCELED);
	expect_reaped(3, -ECANCELED);
	EXPECT_EQ(1, cq_count(RING));
	expect_res(RING, 2, -ECANCELED);
}

TEST_F(reap, c12_what_a_hard_link_leads_to_goes_on)
{
	struct cring_cancel_key key = { .user_data = 1 };

	put(RING, .opcode = CRING_OP_READ, .flags = CRING_SQE_IO_HARDLINK,
	    .fd = self->p[0], .addr = PTR64(sink), .len = 1, .user_data = 1);
	put(RING, .opcode = CRING_OP_NOP, .user_data = 2);
	submit_all(RING, 2);
	EXPECT_EQ(0, reap_keys(&key, 1, WAIT, A_WHILE));
	expect_reaped(1, -ECANCELED);
	await(RING, 2);
	expect_res(RING, 2, 0);
	EXPECT_EQ(1, cq_count(RING));
}

/* ---- several ---------------------------------------------------------------- */

struct reaper {
	int fd, ret;
	struct cring_cancel_key key;
	struct cring_cqe to[4];
	unsigned int reaped;
};

static void *reap_zero(void *arg)
{
	struct reaper *r = arg;

	r->ret = reap_call(r->fd, &r->key, 1, WAIT, A_WHILE, r->to, 4,
			   &r->reaped);
	return NULL;
}

TEST_F(reap, c12_of_two_that_name_it_one_gets_it)
{
	struct reaper r[2] = { { .fd = FD, .ret = 1 }, { .fd = FD, .ret = 1 } };
	pthread_t t[2];
	int i;

	start_slow_reads(RING, 1, 500);
	for (i = 0; i < 2; i++)
		t[i] = new_thread(reap_zero, &r[i]);
	for (i = 0; i < 2; i++) {
		join(t[i]);
		EXPECT_EQ(0, r[i].ret);
		EXPECT_EQ(-EALREADY, r[i].key.res);
	}
	EXPECT_EQ(1, r[0].reaped + r[1].reaped);
	EXPECT_EQ(4096, r[0].reaped ? r[0].to[0].res : r[1].to[0].res);
	EXPECT_EQ(0, cq_count(RING));
}

TEST_F(reap, c12_keys_that_name_it_twice_get_it_once)
{
	struct cring_cancel_key keys[] = {
		{ .user_data = 0 }, { .user_data = 0 }, { .flags = C_ANY },
		{ .flags = C_ANY | C_ALL },
	};
	int i;

	start_slow_reads(RING, 1, 400);
	EXPECT_EQ(0, reap_keys(keys, 4, WAIT, A_WHILE));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(-EALREADY, keys[i].res);
	EXPECT_EQ(1, keys[3].already);
	EXPECT_EQ(1, self->reaped);
	expect_reaped(0, 4096);
}

TEST_F(reap, c11_c12_one_array_for_all_rings_of_the_process)
{
	struct cring_cancel_key key = { .flags = C_ANY | C_ALL };
	struct cring second;
	int dev = open(CRING_DEVICE, O_RDWR | O_CLOEXEC);

	ASSERT_GE(dev, 0);
	ring_init(&second, 8);
	start_slow_reads(RING, 3, 400);
	arm_read(&second, 10, self->p[0]);
	put_async_read(_metadata, &second, 11, self->p[0]);
	submit_all(&second, 1);
	arm_timer(RING, 12);
	msleep(200);
	EXPECT_EQ(0, reap_call(dev, &key, 1, WAIT | CRING_CANCEL_PROCESS,
			       A_WHILE, self->to, ROOM, &self->reaped));
	EXPECT_EQ(6, key.res);
	EXPECT_EQ(6, self->reaped);
	expect_reaped(0, 4096);
	expect_reaped(1, 4096);
	expect_reaped(2, 4096);
	expect_reaped(10, -ECANCELED);
	expect_reaped(11, -ECANCELED);
	expect_reaped(12, -ECANCELED);
	EXPECT_EQ(0, cq_count(&second));
	cring_queue_exit(&second);
	close(dev);
}

TEST_HARNESS_MAIN
