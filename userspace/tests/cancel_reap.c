// SPDX-License-Identifier: MIT
/*
 * C12: the completions of what a cancel names go to the caller's memory, and no
 * other does.  What cannot go there goes to the queue; nothing is lost.
 */
#include "util.h"
#include "cancel_util.h"
#include "cancel_dev.h"

#include <sys/time.h>

#define ROOM	600
#define WAIT	CRING_CANCEL_WAIT
#define GROUP	CRING_ASYNC_CANCEL_GROUP
#define A_WHILE	(LIMIT_MS * (int64_t)NSEC_PER_MSEC)

FIXTURE(reap) {
	struct cring ring;
	struct nullb nb;
	struct cring_cqe *to;	/* a page follows that cannot be touched */
	unsigned int reaped;
	char *buf;
	int p[2];
};

#define RING	(&self->ring)
#define FD	RING->ring_fd
#define TO_LEN	((ROOM * sizeof(struct cring_cqe) + 4095) & ~4095UL)

FIXTURE_SETUP(reap)
{
	ring_init_cq(RING, 512, 1024);
	self->to = new_pages(TO_LEN + 4096);
	ASSERT_EQ(0, mprotect((char *)self->to + TO_LEN, 4096, PROT_NONE));
	memset(self->to, 0xaa, TO_LEN);
	self->buf = new_pages(500 * 4096);
	new_pipe(self->p, 0);
	self->reaped = 12345;
}

FIXTURE_TEARDOWN(reap)
{
	cring_queue_exit(RING);
	nullb_del(&self->nb);
}

/* Cancels, and reaps what fits into self->to. */
#define reap_keys(keys, nr, flags, timeout) \
	reap_call(FD, keys, nr, flags, timeout, self->to, ROOM, &self->reaped)

/* The one reaped CQE of that user_data, or NULL. */
static struct cring_cqe *reaped_of(struct cring_cqe *to, unsigned int nr,
				   uint64_t user_data)
{
	struct cring_cqe *found = NULL;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (to[i].user_data != user_data)
			continue;
		if (found)
			return NULL;
		found = &to[i];
	}
	return found;
}

static void t_reaped(struct __test_metadata *_metadata,
		     FIXTURE_DATA(reap) *self, uint64_t user_data, int res)
{
	struct cring_cqe *cqe = reaped_of(self->to, self->reaped, user_data);

	ASSERT_NE(NULL, cqe)
		TH_LOG("user_data %llu was not reaped once",
		       (unsigned long long)user_data);
	EXPECT_EQ(res, cqe->res);
	EXPECT_EQ(-1, cqe_at(RING, user_data));
}
#define expect_reaped(user_data, res) \
	t_reaped(_metadata, self, user_data, res)

#define start_slow_reads(nr, ms, ...) do {				\
	int __fd, __i;							\
	if (!have_nullb())						\
		SKIP(return, NULLB_SKIP);				\
	new_nullb(&self->nb, .no_memory = true,				\
		  .delay_ns = (ms) * NSEC_PER_MSEC);			\
	__fd = nullb_open(&self->nb, O_RDONLY | O_DIRECT);		\
	for (__i = 0; __i < (nr); __i++)				\
		put(RING, .opcode = CRING_OP_READ, .fd = __fd,		\
		    .addr = PTR64(self->buf + __i * 4096), .len = 4096,	\
		    .off = __i * 4096, .user_data = __i, __VA_ARGS__);	\
	submit_all(RING, nr);						\
} while (0)

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

/* ---- the abort of a batch ------------------------------------------------ */

#define BATCH	500
#define GROUPS	5

/* Each exactly one completion, those of @group reaped, the others in the CQ. */
static void t_aborted(struct __test_metadata *_metadata,
		      FIXTURE_DATA(reap) *self, unsigned int group, int res)
{
	unsigned int i, wrong = 0;

	EXPECT_EQ(BATCH / GROUPS, self->reaped);
	for (i = 0; i < BATCH; i++) {
		struct cring_cqe *cqe = reaped_of(self->to, self->reaped, i);

		if (i % GROUPS + 1 == group)
			wrong += !cqe || cqe_at(RING, i) >= 0;
		else
			wrong += cqe || cqes_with(RING, i) != 1 ||
				 res_of(RING, i) != res;
	}
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(BATCH - BATCH / GROUPS, cq_count(RING));
}

TEST_F(reap, c12_of_500_armed_reads_one_group_is_aborted)
{
	struct cring_cancel_key key = { .flags = GROUP | C_ALL, .group = 3 };
	unsigned int i, wrong = 0;
	char bytes[BATCH];

	for (i = 0; i < BATCH; i++)
		put(RING, .opcode = CRING_OP_READ, .fd = self->p[0],
		    .addr = PTR64(self->buf + i), .len = 1, .user_data = i,
		    .group = i % GROUPS + 1);
	submit_all(RING, BATCH);
	EXPECT_EQ(0, reap_keys(&key, 1, WAIT, A_WHILE));
	EXPECT_EQ(100, key.res);
	EXPECT_EQ(0, key.already);
	EXPECT_EQ(0, cq_count(RING));
	EXPECT_EQ(400, shared_of(RING)->in_flight);
	for (i = 0; i < 100; i++)
		wrong += self->to[i].res != -ECANCELED ||
			 !(self->to[i].flags & CRING_CQE_F_NOT_STARTED);
	EXPECT_EQ(0, wrong);
	/* the others go on as if nothing had been */
	memset(bytes, 1, sizeof(bytes));
	ASSERT_EQ(400, write(self->p[1], bytes, 400));
	settle(RING);
	t_aborted(_metadata, self, 3, 1);
}

TEST_F(reap, c12_of_500_reads_in_workers_one_group_is_aborted)
{
	struct cring_cancel_key key = { .flags = GROUP | C_ALL, .group = 2 };
	unsigned int i, wrong = 0;
	char bytes[BATCH];

	for (i = 0; i < BATCH; i++)
		put(RING, .opcode = CRING_OP_READ, .flags = CRING_SQE_ASYNC,
		    .fd = self->p[0], .addr = PTR64(self->buf + i), .len = 1,
		    .user_data = i, .group = i % GROUPS + 1);
	submit_all(RING, BATCH);
	msleep(500);
	EXPECT_EQ(0, reap_keys(&key, 1, WAIT, A_WHILE));
	EXPECT_EQ(100, key.res);
	/* some were running, some waited for a worker */
	EXPECT_GT(key.already, 0);
	EXPECT_LT(key.already, 100);
	EXPECT_EQ(0, cq_count(RING));
	EXPECT_EQ(400, shared_of(RING)->in_flight);
	for (i = 0; i < 100; i++)
		wrong += self->to[i].res != -ECANCELED;
	EXPECT_EQ(0, wrong);
	memset(bytes, 1, sizeof(bytes));
	ASSERT_EQ(400, write(self->p[1], bytes, 400));
	settle(RING);
	t_aborted(_metadata, self, 2, 1);
}

TEST_F(reap, c12_of_500_reads_in_a_device_one_group_is_aborted)
{
	struct cring_cancel_key key = { .flags = GROUP | C_ALL, .group = 5 };
	unsigned int i, wrong = 0, stopped = 0;

	/* More than the device takes at once: the rest waits for workers. */
	start_slow_reads(BATCH, 300, .group = __i % GROUPS + 1);
	EXPECT_EQ(0, reap_keys(&key, 1, WAIT, A_WHILE));
	EXPECT_EQ(100, key.res);
	EXPECT_GT(key.already, 0);
	EXPECT_EQ(100, self->reaped);
	for (i = 0; i < 100; i++) {
		wrong += self->to[i].user_data % GROUPS + 1 != 5;
		wrong += self->to[i].res != 4096 &&
			 self->to[i].res != -ECANCELED;
		stopped += self->to[i].res == -ECANCELED;
	}
	EXPECT_EQ(0, wrong);
	TH_LOG("%u stopped, %u finished by the device", stopped, 100 - stopped);
	settle(RING);
	t_aborted(_metadata, self, 5, 4096);
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

	start_slow_reads(2, 700);
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

	start_slow_reads(1, 500);
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

	start_slow_reads(4, 700);
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

	start_slow_reads(1, 500);
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
	start_slow_reads(1, 1000);
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &it, NULL));
	EXPECT_EQ(-EINTR, reap_keys(&key, 1, WAIT, -1));
	EXPECT_EQ(0, self->reaped);
	await(RING, 0);
	expect_res(RING, 0, 4096);
}

/* ---- memory ---------------------------------------------------------------- */

TEST_F(reap, c12_what_does_not_fit_goes_to_the_queue)
{
	struct cring_cancel_key key = { .flags = C_ANY | C_ALL };
	unsigned int i, reaped;

	for (i = 0; i < 10; i++)
		arm_read(RING, i, self->p[0]);
	EXPECT_EQ(0, reap_call(FD, &key, 1, 0, 0, self->to, 4, &reaped));
	EXPECT_EQ(10, key.res);
	EXPECT_EQ(4, reaped);
	EXPECT_EQ(6, cq_count(RING));
	for (i = 0; i < 10; i++)
		EXPECT_EQ(1, !!reaped_of(self->to, 4, i) + cqes_with(RING, i));
	EXPECT_TRUE(is_byte(self->to + 4, 4096, 0xaa));
}

/* Cancels @nr armed reads into memory at @at: -EFAULT, and all is in the CQ. */
static void t_efault(struct __test_metadata *_metadata,
		     FIXTURE_DATA(reap) *self, void *at, unsigned int room)
{
	struct cring_cancel_key keys[] = { { .user_data = 0 },
					   { .user_data = 7 },
					   { .flags = C_ANY | C_ALL } };
	unsigned int i, reaped = 1;

	for (i = 0; i < 4; i++)
		arm_read(RING, i, self->p[0]);
	EXPECT_EQ(-EFAULT, reap_call(FD, keys, 3, 0, 0, at, room, &reaped));
	EXPECT_EQ(0, keys[0].res);
	EXPECT_EQ(-ENOENT, keys[1].res);
	EXPECT_EQ(3, keys[2].res);
	EXPECT_EQ(0, reaped);
	EXPECT_EQ(4, cq_count(RING));
	for (i = 0; i < 4; i++)
		expect_res(RING, i, -ECANCELED);
	reap_all(RING);
}

TEST_F(reap, c12_memory_that_cannot_be_written_to_is_efault_and_loses_nothing)
{
	char *end = (char *)self->to + TO_LEN;
	char *ro = new_pages(4096);

	t_efault(_metadata, self, NULL, 4);
	t_efault(_metadata, self, end, 4);
	/* most of it, but not all */
	t_efault(_metadata, self, end - 3 * sizeof(*self->to), 4);
	t_efault(_metadata, self, self->to, CRING_MAX_CQ_ENTRIES);
	ASSERT_EQ(0, mprotect(ro, 4096, PROT_READ));
	t_efault(_metadata, self, ro, 4);
	t_efault(_metadata, self, (void *)~15UL, 4);
	t_efault(_metadata, self, (void *)(1UL << 63), 4);
	EXPECT_TRUE(is_byte(self->to, TO_LEN, 0xaa));
}

TEST_F(reap, c12_efault_waits_all_the_same)
{
	struct cring_cancel_key key = { .user_data = 0 };
	unsigned int reaped;

	start_slow_reads(1, 400);
	EXPECT_EQ(-EFAULT, reap_call(FD, &key, 1, WAIT, A_WHILE, NULL, 4,
				     &reaped));
	EXPECT_EQ(-EALREADY, key.res);
	expect_res(RING, 0, 4096);
}

TEST_F(reap, c12_entries_may_straddle_pages)
{
	struct cring_cancel_key key = { .flags = C_ANY | C_ALL };
	struct cring_cqe copy[512], *at;
	unsigned int i, reaped, wrong = 0;

	for (i = 0; i < 512; i++)
		put(RING, .opcode = CRING_OP_READ, .fd = self->p[0],
		    .addr = PTR64(sink), .len = 1,
		    .user_data = 0x0102030405060708ULL + i);
	submit_all(RING, 512);
	/* three pages, and an entry on both sides of either border */
	at = (void *)((char *)self->to + 5);
	EXPECT_EQ(0, reap_call(FD, &key, 1, 0, 0, at, 512, &reaped));
	ASSERT_EQ(512, reaped);
	memcpy(copy, at, sizeof(copy));
	for (i = 0; i < 512; i++)
		wrong += copy[i].user_data != 0x0102030405060708ULL + i ||
			 copy[i].res != -ECANCELED ||
			 copy[i].flags != CRING_CQE_F_NOT_STARTED;
	EXPECT_EQ(0, wrong);
	EXPECT_TRUE(is_byte(self->to, 5, 0xaa));
	EXPECT_TRUE(is_byte((char *)at + sizeof(copy), 400, 0xaa));
	EXPECT_EQ(0, cq_count(RING));
}

static void *unmap_later(void *arg)
{
	msleep(100);
	munmap(arg, 4096);
	return NULL;
}

TEST_F(reap, c12_memory_that_is_unmapped_meanwhile_harms_nobody)
{
	struct cring_cancel_key key = { .user_data = 0 };
	void *page = new_pages(4096);
	unsigned int reaped;
	pthread_t t;

	start_slow_reads(1, 400);
	t = new_thread(unmap_later, page);
	EXPECT_EQ(0, reap_call(FD, &key, 1, WAIT, A_WHILE, page, 4, &reaped));
	EXPECT_EQ(1, reaped);
	join(t);
	EXPECT_EQ(0, cq_count(RING));
	EXPECT_EQ(0, shared_of(RING)->in_flight);
}

TEST_F(reap, c12_fields_that_do_not_fit_are_einval)
{
	struct cring_cancel_key key = { .user_data = 0 };
	struct cring_cancel c;
	unsigned int reaped;

	arm_read(RING, 0, self->p[0]);
	EXPECT_EQ(-EINVAL, reap_call(FD, &key, 1, 0, 0, self->to, 0, &reaped));
	EXPECT_EQ(-EINVAL, reap_call(FD, &key, 1, 0, 0, self->to,
				     CRING_MAX_CQ_ENTRIES + 1, &reaped));
#define EINVAL_WITHOUT_REAP(field) do {					\
	c = (struct cring_cancel){ .keys = PTR64(&key), .nr = 1 };	\
	c.field = 1;							\
	EXPECT_EQ(-EINVAL, ioc_ptr(FD, CRING_IOC_CANCEL, &c));		\
} while (0)
	EINVAL_WITHOUT_REAP(reap);
	EINVAL_WITHOUT_REAP(reap_nr);
	EINVAL_WITHOUT_REAP(reaped);
	EINVAL_WITHOUT_REAP(resv);
	expect_pending(RING, 0);
	/* what the last call has left in an output field is no matter */
	c = (struct cring_cancel){
		.keys = PTR64(&key), .nr = 1, .flags = CRING_CANCEL_REAP,
		.reap = PTR64(self->to), .reap_nr = 1, .reaped = 77,
	};
	EXPECT_EQ(0, ioc_ptr(FD, CRING_IOC_CANCEL, &c));
	EXPECT_EQ(0, key.res);
	EXPECT_EQ(1, c.reaped);
}

TEST_F(reap, c12_a_count_that_cannot_be_written_reaps_nothing)
{
	struct cring_cancel *c = new_pages(4096);
	struct cring_cancel_key key = { .user_data = 0 };

	arm_read(RING, 0, self->p[0]);
	*c = (struct cring_cancel){
		.keys = PTR64(&key), .nr = 1, .flags = CRING_CANCEL_REAP,
		.reap = PTR64(self->to), .reap_nr = 1,
	};
	ASSERT_EQ(0, mprotect(c, 4096, PROT_READ));
	EXPECT_EQ(-EFAULT, ioc_ptr(FD, CRING_IOC_CANCEL, c));
	EXPECT_EQ(0, key.res);
	expect_res(RING, 0, -ECANCELED);
	EXPECT_TRUE(is_byte(self->to, TO_LEN, 0xaa));
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

	start_slow_reads(2, 400, .flags = CRING_SQE_CQE_SKIP_SUCCESS);
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

	start_slow_reads(1, 500);
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

	start_slow_reads(1, 400);
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
	start_slow_reads(3, 400);
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
