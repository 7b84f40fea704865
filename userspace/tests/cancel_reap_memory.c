// SPDX-License-Identifier: MIT
/*
 * C12: the memory that is reaped into.  When it cannot be written to, the
 * operations are cancelled all the same, and their completions are in the queue.
 */
#include "util.h"
#include "cancel_reap.h"

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

	start_slow_reads(RING, 1, 400);
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

	start_slow_reads(RING, 1, 400);
	t = new_thread(unmap_later, page);
	EXPECT_EQ(0, reap_call(FD, &key, 1, WAIT, A_WHILE, page, 4, &reaped));
	EXPECT_EQ(1, reaped);
	join(t);
	EXPECT_EQ(0, cq_count(RING));
	EXPECT_EQ(0, shared_of(RING)->in_flight);
}

/* KiB of ours that count as locked */
static long locked_kb(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[128];
	long kb = -1;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmLck: %ld", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb;
}

struct waiter {
	int fd;
	struct cring_cqe *to;
	struct cring_cancel_key key;
	unsigned int reaped;
	int ret;
};

static void *wait_and_reap(void *arg)
{
	struct waiter *w = arg;

	w->ret = reap_call(w->fd, &w->key, 1, WAIT, A_WHILE, w->to, 512,
			   &w->reaped);
	return NULL;
}

TEST_F(reap, c12_memory_counts_as_locked_while_a_call_waits)
{
	struct waiter w = { .fd = FD, .to = self->to };
	long before = locked_kb();
	pthread_t t;

	ASSERT_LE(0, before);
	start_slow_reads(RING, 1, 1000);
	t = new_thread(wait_and_reap, &w);
	/* two pages */
	for (int i = 0; i < 50 && locked_kb() != before + 8; i++)
		msleep(10);
	EXPECT_EQ(before + 8, locked_kb());
	join(t);
	EXPECT_EQ(0, w.ret);
	EXPECT_EQ(1, w.reaped);
	EXPECT_EQ(before, locked_kb());
}

/* 0, or which step went wrong */
static int limited_user(void *arg)
{
	struct rlimit lim = { 4096, 4096 };
	struct cring_params p = { .sq_entries = 4 };
	struct cring_cancel_key key = { .flags = C_ANY | C_ALL };
	struct cring_cqe *to = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = *(int *)arg;
	unsigned int reaped = 7;

	if (setrlimit(RLIMIT_MEMLOCK, &lim) || setresgid(65534, 65534, 65534) ||
	    setresuid(65534, 65534, 65534))
		return 10;
	if (ioc_ptr(fd, CRING_IOC_SETUP, &p))
		return 11;
	if (reap_call(fd, &key, 1, WAIT, A_WHILE, to, 512, &reaped) != -ENOMEM ||
	    reaped)
		return 12;
	if (reap_call(fd, &key, 1, WAIT, A_WHILE, to, 256, &reaped))
		return 13;
	/* and again: what was given back counts no more */
	if (reap_call(fd, &key, 1, WAIT, A_WHILE, to, 256, &reaped))
		return 14;
	if (reap_call(fd, &key, 1, 0, 0, to, 512, &reaped))
		return 15;
	return 0;
}

TEST_F(reap, c12_more_than_may_be_locked_is_enomem)
{
	int fd = open(CRING_DEVICE, O_RDWR);

	if (getuid())
		SKIP(return, "must be root to become another user");
	ASSERT_GE(fd, 0);
	EXPECT_EQ(0, run_child(limited_user, &fd));
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

TEST_HARNESS_MAIN
