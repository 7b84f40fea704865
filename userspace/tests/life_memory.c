// SPDX-License-Identifier: MIT
/*
 * C16: all memory comes back.  After many more rings the machine must have about
 * as much free as after the first 20.  "About", because the rest of the machine
 * lives too: a leak is seen of a page a ring with small rings, of 80 KiB or a few
 * small objects with big ones.  (A debug kernel holds freed memory back to catch
 * late uses, and looks for leaks itself.)
 */
#include "util.h"
#include "life_util.h"
#include "meminfo.h"

#define WARM_UP		20
#define TIMES		200
#define PAGES_KB	16384
#define SMALL_TIMES	3000		/* after half as many: kernel workers come */
#define SMALL_PAGES_KB	8192

static bool is_debug(void)
{
	return !access("/sys/kernel/debug/kmemleak", F_OK);
}

/* What is used: not the page cache, and not what others cache. */
struct usage {
	long available, slab, vmalloc, percpu;
};

static struct usage usage_now(void)
{
	return (struct usage){
		.available = meminfo("MemAvailable") + pcp_kb(),
		.slab = meminfo("SUnreclaim"),
		.vmalloc = meminfo("VmallocUsed"),
		.percpu = meminfo("Percpu"),
	};
}

static bool is_back(struct usage was, long pages_kb)
{
	bool debug = is_debug();
	long tolerance = debug ? 65536 : 2048;
	struct usage is = usage_now();

	return is.available >= was.available - pages_kb - (debug ? tolerance : 0) &&
	       is.slab <= was.slab + tolerance &&
	       is.vmalloc <= was.vmalloc + tolerance &&
	       is.percpu <= was.percpu + tolerance;
}

FIXTURE(memory) {
	int p[2], refs;
	struct iovec buffer;
};

FIXTURE_SETUP(memory)
{
	self->refs = refs_before();
	new_pipe(self->p, 0);
	self->buffer.iov_len = 64 * 4096;
	self->buffer.iov_base = new_pages(self->buffer.iov_len);
	memset(self->buffer.iov_base, 1, self->buffer.iov_len);
}

FIXTURE_TEARDOWN(memory) { }

enum use { NOT_AT_ALL, IN_FLIGHT, REGISTERED };

static void use(struct __test_metadata *_metadata, FIXTURE_DATA(memory) *self,
		enum use how)
{
	struct cring ring;
	unsigned int i;

	ring_init_cq(&ring, 2048, 16384);
	if (how == IN_FLIGHT) {
		for (i = 0; i < 1000; i++)
			put(&ring, .opcode = CRING_OP_POLL_ADD,
			    .fd = self->p[0], .poll32_events = POLLIN,
			    .user_data = i);
		for (i = 0; i < 4; i++)
			put_async_read(_metadata, &ring, i, self->p[0]);
		submit_all(&ring, 1004);
	} else if (how == REGISTERED) {
		int fds[256];

		for (i = 0; i < 256; i++)
			fds[i] = self->p[i & 1];
		ASSERT_EQ(0, cring_register_files(&ring, fds, 256));
		ASSERT_EQ(0, cring_register_buffers(&ring, &self->buffer, 1));
	}
	cring_queue_exit(&ring);
}

/*
 * All of @times where the kernel is fast enough, but enough to see anything; where
 * kmemleak does, enough for that.
 */
static unsigned int t_times(struct __test_metadata *_metadata, unsigned int times)
{
	unsigned int scale = test_scale(), least = is_debug() ? 5 : 20;

	scale = scale < least ? least : scale;
	TH_LOG("%u rounds (%u %%)", times * scale / 100, scale);
	return times * scale / 100;
}
#define scaled(times)		t_times(_metadata, times)

static void t_cycles(struct __test_metadata *_metadata,
		     FIXTURE_DATA(memory) *self, enum use how)
{
	unsigned int i, times = scaled(TIMES);
	struct usage was, is;

	for (i = 0; i < WARM_UP; i++)
		use(_metadata, self, how);
	expect_refs(self->refs);
	msleep(500);
	was = usage_now();
	for (i = 0; i < times; i++)
		use(_metadata, self, how);
	expect_refs(self->refs);
	EXPECT_TRUE(wait_until(is_back(was, PAGES_KB)));
	is = usage_now();
	TH_LOG("kB then, now: available %ld %ld, slab %ld %ld, vmalloc %ld %ld, per CPU %ld %ld",
	       was.available, is.available,
	       was.slab, is.slab, was.vmalloc, is.vmalloc, was.percpu,
	       is.percpu);
}

TEST_F_TIMEOUT(memory, c16_200_rings_give_their_memory_back, 600)
{
	t_cycles(_metadata, self, NOT_AT_ALL);
}

TEST_F_TIMEOUT(memory, c16_200_rings_closed_with_operations_in_flight, 600)
{
	t_cycles(_metadata, self, IN_FLIGHT);
}

TEST_F_TIMEOUT(memory, c16_200_rings_closed_with_things_registered, 600)
{
	t_cycles(_metadata, self, REGISTERED);
}

TEST_F_TIMEOUT(memory, c16_3000_small_rings_give_their_memory_back, 600)
{
	unsigned int i, times = scaled(SMALL_TIMES), warm_up = times / 2;
	struct usage was = { 0 };

	for (i = 0; i < warm_up + times; i++) {
		struct cring ring;

		if (i == warm_up) {
			expect_refs(self->refs);
			msleep(500);
			was = usage_now();
		}
		ring_init(&ring, 1);
		arm_poll(&ring, 1, self->p[0]);
		cring_queue_exit(&ring);
	}
	expect_refs(self->refs);
	EXPECT_TRUE(wait_until(is_back(was, SMALL_PAGES_KB)));
	TH_LOG("kB available before and after: %ld %ld", was.available,
	       usage_now().available);
}

static int die_with_ring(void *arg)
{
	struct cring ring;
	struct cring_sqe *sqe;
	unsigned int i;

	if (cring_queue_init(1024, &ring, 0))
		return 1;
	for (i = 0; i < 500; i++) {
		sqe = cring_get_sqe(&ring);
		cring_prep_read(sqe, *(int *)arg, sink, 1, 0);
		sqe->user_data = i;
	}
	if (cring_submit(&ring) != 500)
		return 2;
	kill(getpid(), SIGKILL);
	return 3;
}

/* Not every ring is closed: most owners just die. */
TEST_F_TIMEOUT(memory, c16_200_dead_owners_leave_nothing_behind, 600)
{
	unsigned int i, times = scaled(TIMES);
	struct usage was = { 0 };

	for (i = 0; i < WARM_UP + times; i++) {
		if (i == WARM_UP) {
			expect_refs(self->refs);
			msleep(500);
			was = usage_now();
		}
		/* -1: it did not return, as it should not */
		ASSERT_EQ(-1, run_child(die_with_ring, &self->p[0]));
	}
	expect_refs(self->refs);
	EXPECT_TRUE(wait_until(is_back(was, PAGES_KB)));
}

TEST_HARNESS_MAIN
