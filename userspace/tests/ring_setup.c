// SPDX-License-Identifier: MIT
/* Set-up of a ring: what is refused, what is rounded, what is answered. */
#include "util.h"

#include <signal.h>
#include <sys/time.h>

static int open_dev(struct __test_metadata *_metadata)
{
	int fd = open(CRING_DEVICE, O_RDWR | O_CLOEXEC);

	ASSERT_GE(fd, 0)
		TH_LOG("open %s: %s", CRING_DEVICE, strerror(errno));
	return fd;
}

FIXTURE(setup) { int fd; };
FIXTURE_VARIANT(setup) {
	struct cring_params p;
	int ret;
	unsigned int sq, cq;	/* expected, when ret is 0 */
};
FIXTURE_SETUP(setup) { self->fd = open_dev(_metadata); }
FIXTURE_TEARDOWN(setup) { close(self->fd); }

#define GOOD(name, want_sq, want_cq, ...) \
	FIXTURE_VARIANT_ADD(setup, name) \
	{ .p = { __VA_ARGS__ }, .sq = want_sq, .cq = want_cq }
#define BAD(name, ...) \
	FIXTURE_VARIANT_ADD(setup, name) \
	{ .p = { __VA_ARGS__ }, .ret = -EINVAL }

GOOD(one, 1, 2, .sq_entries = 1);
GOOD(rounds_sq_up, 8, 16, .sq_entries = 5);
GOOD(takes_cq_size, 8, 64, .sq_entries = 8, .cq_entries = 64,
     .flags = CRING_SETUP_CQSIZE);
GOOD(rounds_cq_up, 8, 128, .sq_entries = 8, .cq_entries = 65,
     .flags = CRING_SETUP_CQSIZE);
GOOD(cq_as_small_as_sq, 16, 16, .sq_entries = 16, .cq_entries = 16,
     .flags = CRING_SETUP_CQSIZE);
GOOD(largest, CRING_MAX_SQ_ENTRIES, CRING_MAX_CQ_ENTRIES,
     .sq_entries = CRING_MAX_SQ_ENTRIES);
GOOD(clamps_sq, CRING_MAX_SQ_ENTRIES, CRING_MAX_CQ_ENTRIES,
     .sq_entries = ~0U, .flags = CRING_SETUP_CLAMP);
GOOD(clamps_cq, 8, CRING_MAX_CQ_ENTRIES, .sq_entries = 8,
     .cq_entries = CRING_MAX_CQ_ENTRIES + 1,
     .flags = CRING_SETUP_CLAMP | CRING_SETUP_CQSIZE);
GOOD(ignores_advisory_flags, 4, 8, .sq_entries = 4,
     .flags = CRING_SETUP_ADVISORY);
BAD(no_sq, .sq_entries = 0);
BAD(no_sq_clamped, .sq_entries = 0, .flags = CRING_SETUP_CLAMP);
BAD(sq_too_large, .sq_entries = CRING_MAX_SQ_ENTRIES + 1);
BAD(sq_huge, .sq_entries = ~0U);
BAD(cq_smaller_than_sq, .sq_entries = 8, .cq_entries = 4,
    .flags = CRING_SETUP_CQSIZE);
BAD(cq_zero, .sq_entries = 8, .flags = CRING_SETUP_CQSIZE);
BAD(cq_too_large, .sq_entries = 8, .cq_entries = CRING_MAX_CQ_ENTRIES + 1,
    .flags = CRING_SETUP_CQSIZE);
BAD(cq_size_without_flag, .sq_entries = 8, .cq_entries = 32);
BAD(unknown_flag_low, .sq_entries = 8, .flags = 1U << 0);
BAD(unknown_flag_high, .sq_entries = 8, .flags = 1U << 15);
BAD(detached_too_many, .sq_entries = 8, .detached = CRING_MAX_DETACHED + 1);
GOOD(takes_detached, 8, 16, .sq_entries = 8, .detached = CRING_MAX_DETACHED);
GOOD(clamps_detached, 8, 16, .sq_entries = 8, .detached = ~0U,
     .flags = CRING_SETUP_CLAMP);
GOOD(takes_window, 8, 16, .sq_entries = 8, .window = 1);
BAD(idle_without_thread, .sq_entries = 8, .sq_thread_idle = 1);
BAD(resv0, .sq_entries = 8, .resv0 = 1);
BAD(resv_first, .sq_entries = 8, .resv = { 1, 0 });
BAD(resv_last, .sq_entries = 8, .resv = { 0, 1ULL << 63 });

/* features of its own */
#define IO_URING_LACKS	(CRING_FEAT_TICKETS | CRING_FEAT_GROUPS | \
			 CRING_FEAT_SCOPES | CRING_FEAT_REAP | \
			 CRING_FEAT_DEADLINES | CRING_FEAT_DETACH | \
			 CRING_FEAT_WINDOW | CRING_FEAT_SEALS | \
			 CRING_FEAT_RESTRICT)
/* and those that it has, too, with other numbers */
#define NUMBERED_OTHERWISE	CRING_FEAT_SQPOLL

TEST_F(setup, abi_setup_checks_and_rounds)
{
	struct cring_params p = variant->p;
	struct cring_shared *sh;

	ASSERT_EQ(variant->ret, ioc_ptr(self->fd, CRING_IOC_SETUP, &p));
	if (variant->ret) {
		/* A refused set-up leaves the file as it was. */
		struct cring_params again = { .sq_entries = 4 };

		EXPECT_EQ(-EBADFD, submit_raw(self->fd, 0, 0));
		EXPECT_EQ(0, ioc_ptr(self->fd, CRING_IOC_SETUP, &again));
		return;
	}
	EXPECT_EQ(variant->sq, p.sq_entries);
	EXPECT_EQ(variant->cq, p.cq_entries);
	EXPECT_EQ(CRING_FEAT_CANCEL_SYNC | CRING_FEAT_NODROP |
		  CRING_FEAT_RW_CUR_POS | CRING_FEAT_CQE_SKIP | IO_URING_LACKS |
		  NUMBERED_OTHERWISE,
		  p.features);
	EXPECT_GE(p.sqes_off, sizeof(struct cring_shared));
	EXPECT_EQ(0, p.sqes_off % 64);
	EXPECT_EQ(0, p.cqes_off % 16);
	EXPECT_EQ(0, p.mmap_size % 4096);
	EXPECT_GE(p.mmap_size, p.sqes_off + 64ULL * p.sq_entries);
	EXPECT_GE(p.mmap_size, p.cqes_off + 16ULL * p.cq_entries);

	sh = mmap(NULL, p.mmap_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		  self->fd, 0);
	ASSERT_NE(MAP_FAILED, sh);
	EXPECT_EQ(p.sq_entries, sh->sq_entries);
	EXPECT_EQ(p.cq_entries, sh->cq_entries);
	EXPECT_EQ(p.sqes_off, sh->sqes_off);
	EXPECT_EQ(p.cqes_off, sh->cqes_off);
}

/* S9: nothing but the four sizes is in the mapping of a fresh ring. */
TEST(s9_mapping_is_zero_after_set_up)
{
	struct cring_params p = { .sq_entries = 256 };
	struct cring_shared *sh;
	int fd = open_dev(_metadata);

	ASSERT_EQ(0, ioc_ptr(fd, CRING_IOC_SETUP, &p));
	sh = mmap(NULL, p.mmap_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, sh);
	EXPECT_EQ(256, sh->sq_entries);
	sh->sq_entries = 0;
	sh->cq_entries = 0;
	sh->sqes_off = 0;
	sh->cqes_off = 0;
	EXPECT_TRUE(is_byte(sh, p.mmap_size, 0));
}

TEST(abi_setup_twice_is_ebusy_and_changes_nothing)
{
	struct cring_params p = { .sq_entries = 64 };
	struct cring ring;

	ring_init(&ring, 8);
	EXPECT_EQ(-EBUSY, ioc_ptr(ring.ring_fd, CRING_IOC_SETUP, &p));
	EXPECT_EQ(0, run_sqe(&ring, new_sqe(&ring, 1)));
	cring_queue_exit(&ring);
}

TEST(abi_setup_bad_pointer_is_efault)
{
	char *ro = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);
	int fd = open_dev(_metadata);

	EXPECT_EQ(-EFAULT, ioc_ptr(fd, CRING_IOC_SETUP, 0));
	EXPECT_EQ(-EFAULT, ioc_ptr(fd, CRING_IOC_SETUP, 8));
	EXPECT_EQ(-EFAULT, ioc_ptr(fd, CRING_IOC_QUERY, ro));
	EXPECT_EQ(-EFAULT, ioc_ptr(fd, CRING_IOC_QUERY, 8));
}

TEST(abi_mmap_takes_only_the_whole_ring_shared_at_0)
{
	struct cring_params p = { .sq_entries = 64 };
	int fd = open_dev(_metadata), rw = PROT_READ | PROT_WRITE;
	void *map;

	/* Nothing to map before set-up. */
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, rw, MAP_SHARED, fd, 0));
	ASSERT_EQ(0, ioc_ptr(fd, CRING_IOC_SETUP, &p));
	ASSERT_GT(p.mmap_size, 4096);

	errno = 0;
	EXPECT_EQ(MAP_FAILED, mmap(NULL, p.mmap_size, rw, MAP_PRIVATE, fd, 0));
	EXPECT_EQ(EINVAL, errno);
	errno = 0;
	EXPECT_EQ(MAP_FAILED, mmap(NULL, p.mmap_size, rw, MAP_SHARED, fd, 4096));
	EXPECT_EQ(EINVAL, errno);
	errno = 0;
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, rw, MAP_SHARED, fd, 0));
	EXPECT_EQ(EINVAL, errno);
	errno = 0;
	EXPECT_EQ(MAP_FAILED,
		  mmap(NULL, p.mmap_size + 4096, rw, MAP_SHARED, fd, 0));
	EXPECT_EQ(EINVAL, errno);
	errno = 0;
	EXPECT_EQ(MAP_FAILED, mmap(NULL, p.mmap_size, rw, MAP_SHARED, fd,
				   1ULL << 52));
	EXPECT_EQ(EINVAL, errno);

	map = mmap(NULL, p.mmap_size, rw, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	/* It can neither grow into what follows nor become executable. */
	EXPECT_EQ(MAP_FAILED, mremap(map, p.mmap_size, p.mmap_size * 2,
				     MREMAP_MAYMOVE));
	EXPECT_EQ(0, munmap(map, p.mmap_size));
}

TEST(abi_ring_ioctls_before_set_up_are_ebadfd)
{
	struct cring_wait w = { 0 };
	struct cring_register r = { .opcode = CRING_UNREGISTER_FILES };
	struct cring_cancel_key k = { .user_data = 1 };
	struct cring_cancel c = { .keys = PTR64(&k), .nr = 1 };
	int fd = open_dev(_metadata);

	EXPECT_EQ(-EBADFD, submit_raw(fd, 1, 0));
	EXPECT_EQ(-EBADFD, submit_raw(fd, 0, 1));
	EXPECT_EQ(-EBADFD, ioc_ptr(fd, CRING_IOC_WAIT, &w));
	EXPECT_EQ(-EBADFD, ioc_ptr(fd, CRING_IOC_REGISTER, &r));
	EXPECT_EQ(-EBADFD, ioc_ptr(fd, CRING_IOC_CANCEL, &c));
}

TEST(abi_unknown_ioctl_is_enotty)
{
	struct cring_params p = { .sq_entries = 4 };
	int fd = open_dev(_metadata);
	int round;

	for (round = 0; round < 2; round++) {
		EXPECT_EQ(-ENOTTY, ioc(fd, _IO(CRING_IOC_MAGIC, 99), 0));
		EXPECT_EQ(-ENOTTY, ioc(fd, _IO(0xcc, 1), 0));
		EXPECT_EQ(-ENOTTY, ioc(fd, TCGETS, 0));
		/* The same number with another size is another ioctl. */
		EXPECT_EQ(-ENOTTY, ioc_ptr(fd, _IOWR(CRING_IOC_MAGIC, 0, char),
					   &p));
		if (!round)
			ASSERT_EQ(0, ioc_ptr(fd, CRING_IOC_SETUP, &p));
	}
}

TEST(abi_query_answers_before_and_after_set_up)
{
	static const unsigned char ops[] = {
		CRING_OP_NOP, CRING_OP_READV, CRING_OP_WRITEV, CRING_OP_FSYNC,
		CRING_OP_READ_FIXED, CRING_OP_WRITE_FIXED, CRING_OP_POLL_ADD,
		CRING_OP_POLL_REMOVE, CRING_OP_SYNC_FILE_RANGE,
		CRING_OP_TIMEOUT, CRING_OP_TIMEOUT_REMOVE,
		CRING_OP_ASYNC_CANCEL, CRING_OP_LINK_TIMEOUT,
		CRING_OP_FALLOCATE, CRING_OP_READ, CRING_OP_WRITE,
		CRING_OP_COPY_FILE_RANGE,
	};
	struct cring_params p = { .sq_entries = 4 };
	struct cring_query q = { 0 };
	uint64_t want[4] = { 0 };
	int fd = open_dev(_metadata);
	size_t i;

	for (i = 0; i < ARRAY_LEN(ops); i++)
		want[ops[i] / 64] |= 1ULL << (ops[i] % 64);
	ASSERT_EQ(0, ioc_ptr(fd, CRING_IOC_QUERY, &q));
	EXPECT_EQ(CRING_ABI_VERSION, q.version);
	EXPECT_EQ(CRING_MAX_SQ_ENTRIES, q.max_sq_entries);
	EXPECT_EQ(CRING_MAX_CQ_ENTRIES, q.max_cq_entries);
	EXPECT_EQ(0x5f, q.sqe_flags);
	EXPECT_EQ(CRING_SQE_X_DEADLINE | CRING_SQE_X_DEADLINE_ABS |
		  CRING_SQE_X_DETACH, q.sqe_xflags);
	EXPECT_EQ(16 << 20, q.max_detach_bytes);
	EXPECT_EQ(CRING_SETUP_SQPOLL | CRING_SETUP_CQSIZE | CRING_SETUP_CLAMP,
		  q.setup_flags);
	EXPECT_EQ(0x3003f, q.cancel_flags);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(want[i], q.ops[i]);
	EXPECT_TRUE(is_byte(q.resv, sizeof(q.resv), 0));

	ASSERT_EQ(0, ioc_ptr(fd, CRING_IOC_SETUP, &p));
	EXPECT_EQ(q.features, p.features);
	ASSERT_EQ(0, ioc_ptr(fd, CRING_IOC_QUERY, &q));
	EXPECT_EQ(CRING_ABI_VERSION, q.version);
}

TEST(s1_ring_fd_is_close_on_exec)
{
	struct cring ring;

	ring_init(&ring, 4);
	EXPECT_EQ(FD_CLOEXEC, fcntl(ring.ring_fd, F_GETFD) & FD_CLOEXEC);
	cring_queue_exit(&ring);
}

/* R9: the mapping does not keep the ring, and stays readable without it. */
TEST(r9_mapping_outlives_the_descriptor)
{
	struct cring_params p = { .sq_entries = 8 };
	struct cring_shared *sh;
	int fd = open_dev(_metadata);

	ASSERT_EQ(0, ioc_ptr(fd, CRING_IOC_SETUP, &p));
	sh = mmap(NULL, p.mmap_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, sh);
	close(fd);
	EXPECT_EQ(8, sh->sq_entries);
	memset((char *)sh + p.sqes_off, 0xff, 8 * sizeof(struct cring_sqe));
	EXPECT_EQ(0, munmap(sh, p.mmap_size));
}

static volatile sig_atomic_t alarms;

static void on_alarm(int sig)
{
	(void)sig;
	alarms++;
}

/* It needs locks of each mapping, and starts over when a signal comes. */
TEST(setup_is_not_ended_by_a_signal)
{
	const struct sigaction act = { .sa_handler = on_alarm };
	struct itimerval timer = { 0 };
	struct cring ring;
	int i;

	/* make it take long: many mappings, which cannot be merged */
	for (i = 0; i < 2000; i++)
		ASSERT_NE(MAP_FAILED, mmap(NULL, 4096, i % 2 ? PROT_READ :
					   PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	ASSERT_EQ(0, sigaction(SIGALRM, &act, NULL));
	for (i = 0; i < 100; i++) {
		timer.it_value.tv_usec = 1 + i * 20;
		ASSERT_EQ(0, setitimer(ITIMER_REAL, &timer, NULL));
		EXPECT_EQ(0, cring_queue_init(8, &ring, 0))
			TH_LOG("%d", i);
		cring_queue_exit(&ring);
	}
	EXPECT_GT(alarms, 0);
}

#define MANY_ALARMS	200

static void on_each_alarm(int sig)
{
	static const struct itimerval none;

	on_alarm(sig);
	if (alarms == MANY_ALARMS)
		setitimer(ITIMER_REAL, &none, NULL);
}

/* ... and not again and again, when they come faster than a large one is made. */
TEST(setup_ends_while_signals_come)
{
	const struct sigaction act = { .sa_handler = on_each_alarm };
	static const struct itimerval none;
	struct itimerval timer = { 0 };
	uint64_t start = now_ns(), us;
	struct cring ring;

	ASSERT_EQ(0, cring_queue_init(CRING_MAX_SQ_ENTRIES, &ring, 0));
	us = 1 + (now_ns() - start) / 4000;
	cring_queue_exit(&ring);
	timer.it_value.tv_sec = us / 1000000;
	timer.it_value.tv_usec = us % 1000000;
	timer.it_interval = timer.it_value;
	alarms = 0;
	ASSERT_EQ(0, sigaction(SIGALRM, &act, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &timer, NULL));
	EXPECT_EQ(0, cring_queue_init(CRING_MAX_SQ_ENTRIES, &ring, 0));
	setitimer(ITIMER_REAL, &none, NULL);
	EXPECT_LT(alarms, MANY_ALARMS)
		TH_LOG("%llu us between two", (unsigned long long)us);
	cring_queue_exit(&ring);
}

TEST_HARNESS_MAIN
