// SPDX-License-Identifier: MIT
/*
 * Attacks with addresses and numbers: kernel addresses wherever an address is
 * taken, and the edges of every word of every structure.
 * check: timeout=300
 */
#include "util_sys.h"
#include "cancel_util.h"

static const uint64_t kernel[] = {
	0xffff888000000000ULL,	/* the direct map */
	0xffffffff81000000ULL,	/* text */
	0xffffc90000000000ULL,	/* vmalloc */
	0x0000800000000000ULL,	/* the first one that is none */
	0x00007ffffffff000ULL,	/* the last one that is the program's, and on */
	~0ULL - 4095, ~0ULL - 7,
};

FIXTURE(addr) { struct cring ring; int fd; char *buf; };
FIXTURE_SETUP(addr)
{
	ring_init(&self->ring, 8);
	self->fd = new_filled("/tmp", O_RDWR, 65536, 1);
	self->buf = new_pages(4096);
}
FIXTURE_TEARDOWN(addr)
{
	char *back = malloc(65536);

	/* Nothing of the kernel's was written to the file. */
	ASSERT_EQ(65536, pread(self->fd, back, 65536, 0));
	EXPECT_TRUE(is_filled(back, 65536, 1));
	free(back);
	cring_queue_exit(&self->ring);
}

#define RUN(want, ...) do {						\
	struct cring_sqe *__s = new_sqe(&self->ring, 0);		\
	*__s = (struct cring_sqe){ __VA_ARGS__ };			\
	EXPECT_EQ(want, run_sqe(&self->ring, __s))			\
		TH_LOG("address %zu", i);				\
} while (0)

FIXTURE_VARIANT(addr) { unsigned char op, flags, xflags; };
FIXTURE_VARIANT_ADD(addr, read) { CRING_OP_READ, 0, 0 };
FIXTURE_VARIANT_ADD(addr, read_in_a_worker)
	{ CRING_OP_READ, CRING_SQE_ASYNC, 0 };
FIXTURE_VARIANT_ADD(addr, read_staged)
	{ CRING_OP_READ, CRING_SQE_ASYNC, CRING_SQE_X_DETACH };
FIXTURE_VARIANT_ADD(addr, write) { CRING_OP_WRITE, 0, 0 };
FIXTURE_VARIANT_ADD(addr, write_in_a_worker)
	{ CRING_OP_WRITE, CRING_SQE_ASYNC, 0 };
FIXTURE_VARIANT_ADD(addr, write_staged)
	{ CRING_OP_WRITE, CRING_SQE_ASYNC, CRING_SQE_X_DETACH };

TEST_F(addr, s9_buffer_and_vector_in_the_kernel)
{
	struct cring_params p = { .sq_entries = 4, .detached = 4 };
	bool vectors = !variant->xflags;
	size_t i;

	cring_queue_exit(&self->ring);
	ASSERT_EQ(0, cring_queue_init_params(4, &self->ring, &p));
	for (i = 0; i < ARRAY_LEN(kernel); i++) {
		struct iovec iov[2] = {
			{ (void *)(uintptr_t)kernel[i], 8192 },
			{ (void *)(uintptr_t)kernel[i], 8192 },
		};

		RUN(-EFAULT, .opcode = variant->op, .fd = self->fd,
		    .addr = kernel[i], .len = 8192, .flags = variant->flags,
		    .xflags = variant->xflags);
		if (!vectors)
			continue;
		RUN(-EFAULT, .opcode = (unsigned char)(variant->op ==
			CRING_OP_READ ? CRING_OP_READV : CRING_OP_WRITEV),
		    .fd = self->fd, .addr = PTR64(iov), .len = 2,
		    .flags = variant->flags);
		RUN(-EFAULT, .opcode = CRING_OP_READV, .fd = self->fd,
		    .addr = kernel[i], .len = 512, .flags = variant->flags);
	}
}

FIXTURE(calls) { struct cring ring; };
FIXTURE_SETUP(calls) { ring_init(&self->ring, 8); }
FIXTURE_TEARDOWN(calls)
{
	EXPECT_EQ(0, run_sqe(&self->ring, new_sqe(&self->ring, 1)));
	cring_queue_exit(&self->ring);
}

TEST_F(calls, s9_times_in_the_kernel)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(kernel); i++) {
		uint64_t at = kernel[i] == 0x00007ffffffff000ULL ?
			      kernel[i] + 4088 : kernel[i];

		RUN(-EFAULT, .opcode = CRING_OP_TIMEOUT, .fd = -1, .addr = at,
		    .len = 1);
		RUN(-EFAULT, .opcode = CRING_OP_TIMEOUT_REMOVE, .fd = -1,
		    .addr2 = at, .timeout_flags = CRING_TIMEOUT_UPDATE);
	}
}

TEST_F(calls, s9_arguments_of_calls_in_the_kernel)
{
	struct cring_cqe cqe;
	size_t i;

	for (i = 0; i < ARRAY_LEN(kernel); i++) {
		uint64_t at = kernel[i] == 0x00007ffffffff000ULL ?
			      kernel[i] + 4094 : kernel[i];
		struct cring_cancel_key key = { .user_data = 1 };
		struct cring_cancel c = { .keys = at, .nr = 3 };
		struct cring_deadline d = { .keys = at, .nr = 3 };
		struct cring_wait w = { .sigmask = at, .sigmask_size = 8 };
		struct cring_register r = { .nr = 1, .addr = at };
		static const unsigned int regs[] = {
			CRING_REGISTER_BUFFERS, CRING_REGISTER_FILES,
			CRING_REGISTER_EVENTFD, CRING_REGISTER_RESTRICT,
		};
		static const unsigned long calls[] = {
			CRING_IOC_SETUP, CRING_IOC_WAIT, CRING_IOC_REGISTER,
			CRING_IOC_CANCEL, CRING_IOC_QUERY, CRING_IOC_DEADLINE,
		};
		struct iovec iov = { (void *)(uintptr_t)at, 8192 };
		int fd = self->ring.ring_fd;
		size_t k;

		for (k = 0; k < ARRAY_LEN(calls); k++)
			EXPECT_EQ(calls[k] == CRING_IOC_SETUP ? -EBUSY : -EFAULT,
				  ioc(fd, calls[k], at))
				TH_LOG("call %zu, address %zu", k, i);
		EXPECT_EQ(-EFAULT, ioc_ptr(fd, CRING_IOC_CANCEL, &c));
		EXPECT_EQ(-EFAULT, ioc_ptr(fd, CRING_IOC_DEADLINE, &d));
		EXPECT_EQ(-EFAULT, ioc_ptr(fd, CRING_IOC_WAIT, &w));
		for (k = 0; k < ARRAY_LEN(regs); k++) {
			r.opcode = regs[k];
			EXPECT_EQ(-EFAULT, ioc_ptr(fd, CRING_IOC_REGISTER, &r));
		}
		EXPECT_EQ(-EFAULT, cring_register_buffers(&self->ring, &iov, 1));
		c = (struct cring_cancel){
			.keys = PTR64(&key), .nr = 1, .flags = CRING_CANCEL_REAP,
			.reap = at, .reap_nr = 512,
		};
		EXPECT_EQ(-EFAULT, ioc_ptr(fd, CRING_IOC_CANCEL, &c));
	}
	EXPECT_FALSE(take_cqe(&self->ring, &cqe, 0));
	EXPECT_EQ(-EFAULT, cring_register_buffers(&self->ring, NULL, 1));
}

/* ---- edges ------------------------------------------------------------------- */

static const uint32_t edges[] = {
	0, 1, 2, 7, 8, 255, 256, 4095, 4096, 4097, 0x7fff, 0x8000, 0xffff, 0x10000,
	0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff,
};

static void on_alarm(int sig)
{
	(void)sig;
}

/* Nothing that is asked for here may keep us. */
static void t_alarms(struct __test_metadata *_metadata)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	struct itimerval t = { { 0, 20000 }, { 0, 20000 } };

	ASSERT_EQ(0, sigaction(SIGALRM, &sa, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &t, NULL));
}

/* Each word, and each two that follow each other, as a number of 64 bits. */
static void t_edges(struct __test_metadata *_metadata, int fd, unsigned long cmd,
		    const void *good, size_t size)
{
	unsigned int w, n = (unsigned int)size / 4, accepted = 0;
	size_t i, k;

	t_alarms(_metadata);
	for (w = 0; w < n; w++)
		for (i = 0; i < ARRAY_LEN(edges); i++)
			for (k = 0; k < 3; k++) {
				uint32_t arg[32];

				memcpy(arg, good, size);
				arg[w] = edges[i];
				if (k && w + 1 == n)
					continue;
				if (k)
					arg[w + 1] = k == 1 ? 0x80000000 : ~0U;
				accepted += !ioc_ptr(fd, cmd, arg);
			}
	TH_LOG("%u of %zu were accepted", accepted, n * ARRAY_LEN(edges) * 3);
	setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
}
#define try_edges(fd, cmd, good) \
	t_edges(_metadata, fd, cmd, &(good), sizeof(good))

/* So many keys, and CQEs, may be written that nothing else is to be behind them. */
#define EDGE_ROOM	8192

static void *t_edge_room(struct __test_metadata *_metadata)
{
	char *room = new_pages(EDGE_ROOM + 4096);

	ASSERT_EQ(0, mprotect(room + EDGE_ROOM, 4096, PROT_NONE));
	return room;
}
#define edge_room()		t_edge_room(_metadata)

TEST_F_TIMEOUT(calls, s9_edges_of_a_cancel, 120)
{
	struct cring_cancel_key *key = edge_room();
	struct cring_cqe *room = edge_room();
	struct cring_cancel c = {
		.keys = PTR64(key), .nr = 1, .timeout = 1000,
		.flags = CRING_CANCEL_REAP | CRING_CANCEL_WAIT,
		.reap = PTR64(room), .reap_nr = 4,
	};

	key->user_data = 1;
	try_edges(self->ring.ring_fd, CRING_IOC_CANCEL, c);
}

TEST_F_TIMEOUT(calls, s9_edges_of_a_deadline, 120)
{
	struct cring_cancel_key *key = edge_room();
	struct cring_deadline d = {
		.keys = PTR64(key), .nr = 1, .deadline = 1000,
	};

	key->user_data = 1;
	try_edges(self->ring.ring_fd, CRING_IOC_DEADLINE, d);
}

TEST_F_TIMEOUT(calls, s9_edges_of_a_wait, 120)
{
	struct cring_wait w = { .flags = CRING_WAIT_TIMEOUT, .timeout = 1000 };

	try_edges(self->ring.ring_fd, CRING_IOC_WAIT, w);
}

TEST_F_TIMEOUT(calls, s9_edges_of_registering, 120)
{
	static const unsigned int ops[] = {
		CRING_REGISTER_BUFFERS, CRING_REGISTER_FILES,
		CRING_REGISTER_EVENTFD, CRING_REGISTER_FILES_UPDATE,
		CRING_REGISTER_WINDOW,
	};
	struct iovec iov = { new_pages(4096), 4096 };
	size_t i;

	for (i = 0; i < ARRAY_LEN(ops); i++) {
		struct cring_register r = {
			.opcode = ops[i], .nr = 1, .addr = PTR64(&iov),
		};

		try_edges(self->ring.ring_fd, CRING_IOC_REGISTER, r);
		cring_unregister_buffers(&self->ring);
		cring_unregister_files(&self->ring);
		cring_unregister_eventfd(&self->ring);
	}
}

/* A ring a word: only those that are refused, and small ones. */
TEST_F_TIMEOUT(calls, s9_edges_of_set_up, 120)
{
	const struct cring_params good = { .sq_entries = 4, .detached = 1 };
	unsigned int w, made = 0;
	size_t i;

	for (w = 0; w < sizeof(good) / 4; w++)
		for (i = 0; i < ARRAY_LEN(edges); i++) {
			uint32_t arg[sizeof(good) / 4];
			int fd = open(CRING_DEVICE, O_RDWR | O_CLOEXEC);

			memcpy(arg, &good, sizeof(good));
			arg[w] = edges[i];
			if (w || edges[i] < 256 || edges[i] > 0xffff)
				made += !ioc_ptr(fd, CRING_IOC_SETUP, arg);
			close(fd);
		}
	TH_LOG("%u rings", made);
	EXPECT_GT(made, 0);
}

/* Every word of an SQE, for every operation: one CQE each, in the end. */
TEST_F_TIMEOUT(calls, s9_edges_of_operations, 120)
{
	/* All that there are, and some that are none. */
	static const unsigned char beyond[] = { 127, 128, 129, 191, 192, 255 };
	int p[2], k;

	new_pipe(p, O_NONBLOCK);
	for (k = 0; k < 32 + (int)sizeof(beyond); k++) {
		int op = k < 32 ? k : beyond[k - 32];
		unsigned int w, nr = 0;
		size_t i;

		for (w = 1; w < 16; w++)
			for (i = 0; i < ARRAY_LEN(edges); i++) {
				struct cring_sqe *sqe = new_sqe(&self->ring, 0);
				uint32_t words[16] = { 0 };

				words[1] = (uint32_t)p[0];
				words[w] = edges[i];
				/* Memory that is not there. */
				if (w != 4 && w != 5)
					words[4] = 4096;
				memcpy(sqe, words, sizeof(*sqe));
				sqe->opcode = (unsigned char)op;
				nr++;
				if (nr % 8)
					continue;
				ASSERT_EQ(8, cring_submit(&self->ring));
				cancel_key(self->ring.ring_fd,
					   .flags = C_ANY | C_ALL);
				settle(&self->ring);
				ASSERT_EQ(8, cq_count(&self->ring));
				reap_all(&self->ring);
			}
		if (nr % 8)
			ASSERT_EQ((int)(nr % 8), cring_submit(&self->ring));
		cancel_key(self->ring.ring_fd, .flags = C_ANY | C_ALL);
		settle(&self->ring);
		reap_all(&self->ring);
	}
}

TEST_HARNESS_MAIN
