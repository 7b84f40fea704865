// SPDX-License-Identifier: GPL-2.0
/*
 * Setting up a ring: sizes, limits, fields that must be zero; and the mapping
 * that comes of it.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/mm.h>

#include "sqes.h"

/* ---------------------------------------------------------------------------
 * What is asked for, and what is given
 */

#define CQSIZE	CRING_SETUP_CQSIZE
#define CLAMP	CRING_SETUP_CLAMP

static const struct size_case {
	const char *name;
	u32 sq, cq, flags;	/* wanted */
	u32 got_sq, got_cq;
} size_cases[] = {
	{ "the smallest", 1, 0, 0, 1, 2 },
	{ "the smallest of both", 1, 1, CQSIZE, 1, 1 },
	{ "a power of two", 64, 0, 0, 64, 128 },
	{ "three", 3, 0, 0, 4, 8 },
	{ "one more than a power of two", 65, 0, 0, 128, 256 },
	{ "one less than a power of two", 127, 0, 0, 128, 256 },
	{ "a CQ that is no power of two", 4, 5, CQSIZE, 4, 8 },
	{ "neither is a power of two", 5, 33, CQSIZE, 8, 64 },
	{ "a CQ that is rounded up to the SQ", 8, 5, CQSIZE, 8, 8 },
	{ "a CQ as large as the SQ", 32, 32, CQSIZE, 32, 32 },
	{ "a CQ a thousand times the SQ", 1, 1024, CQSIZE, 1, 1024 },
	{ "a CQ of a page and one entry", 1, 257, CQSIZE, 1, 512 },
	{ "clamping what fits", 4, 8, CQSIZE | CLAMP, 4, 8 },
	{ "advisory flags that nobody knows", 2, 0, CRING_SETUP_ADVISORY, 2, 4 },
	{ "the largest", CRING_MAX_SQ_ENTRIES, 0, 0,
	  CRING_MAX_SQ_ENTRIES, CRING_MAX_CQ_ENTRIES },
	{ "clamped", U32_MAX, 0, CLAMP,
	  CRING_MAX_SQ_ENTRIES, CRING_MAX_CQ_ENTRIES },
	{ "a clamped CQ", 1, CRING_MAX_CQ_ENTRIES + 1, CQSIZE | CLAMP,
	  1, CRING_MAX_CQ_ENTRIES },
};

KUNIT_ARRAY_PARAM_DESC(size, size_cases, name);

static const struct refuse_case {
	const char *name;
	struct cring_params p;
} refuse_cases[] = {
	{ "no SQ", { 0 } },
	{ "no SQ, clamped", { .flags = CLAMP } },
	{ "an SQ that is too large", { CRING_MAX_SQ_ENTRIES + 1 } },
	{ "an SQ that is far too large", { U32_MAX } },
	{ "an SQ that rounds up to 2^32", { (1U << 31) + 1 } },
	{ "a CQ without the flag", { 1, 2 } },
	{ "the flag without a CQ", { 1, 0, CQSIZE } },
	{ "a CQ that is too large", { 1, CRING_MAX_CQ_ENTRIES + 1, CQSIZE } },
	{ "a CQ that rounds up to 2^32", { 1, (1U << 31) + 1, CQSIZE } },
	{ "a CQ smaller than the SQ", { 8, 4, CQSIZE } },
	{ "a CQ smaller than the SQ is rounded up to", { 9, 8, CQSIZE } },
	{ "a CQ of one for two", { 2, 1, CQSIZE } },
	{ "features", { .sq_entries = 1, .features = 1 } },
	{ "mmap_size", { .sq_entries = 1, .mmap_size = 1 } },
	{ "mmap_size, its high half", { .sq_entries = 1,
					.mmap_size = 1ULL << 32 } },
	{ "sqes_off", { .sq_entries = 1, .sqes_off = 1 } },
	{ "cqes_off", { .sq_entries = 1, .cqes_off = 1 } },
	{ "detached", { .sq_entries = 1, .detached = CRING_MAX_DETACHED + 1 } },
	{ "an idle time without a thread", { .sq_entries = 1,
					     .sq_thread_idle = 1 } },
	{ "resv0", { .sq_entries = 1, .resv0 = 1 } },
	{ "resv[0]", { .sq_entries = 1, .resv = { 1, 0 } } },
	{ "resv[1]", { .sq_entries = 1, .resv = { 0, 1 } } },
	{ "resv[1], its high half", { .sq_entries = 1,
				      .resv = { 0, 1ULL << 63 } } },
};

KUNIT_ARRAY_PARAM_DESC(refuse, refuse_cases, name);

/* another open file of the device, for the owner of @live */
static struct file *new_file(struct kunit *test)
{
	struct file *file = anon_inode_getfile("[cring]", &cring_fops, NULL,
					       O_RDWR);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	return file;
}

static void done_with(struct file *file)
{
	fput(file);
	flush_delayed_fput();
	flush_workqueue(cring_wq);
}

/* each part where it was said to be, none over another, and no page too many */
static void expect_layout(struct kunit *test, struct cring_ring *ring,
			  const struct cring_params *p)
{
	const struct cring_shared *shared = ring->shared;
	u64 cq_end = p->cqes_off + (u64)p->cq_entries * 16;
	u64 sq_end = p->sqes_off + (u64)p->sq_entries * 64;

	KUNIT_EXPECT_GE(test, p->cqes_off, sizeof(*shared));
	KUNIT_EXPECT_GE(test, p->sqes_off, cq_end);
	KUNIT_EXPECT_GE(test, p->mmap_size, sq_end);
	KUNIT_EXPECT_EQ(test, p->cqes_off % 64, 0);
	KUNIT_EXPECT_EQ(test, p->sqes_off % 64, 0);
	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(p->mmap_size));
	KUNIT_EXPECT_LT(test, p->mmap_size - sq_end, PAGE_SIZE);
	KUNIT_EXPECT_LT(test, p->sqes_off - cq_end, PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, (u64)ring->nr_pages << PAGE_SHIFT, p->mmap_size);
	KUNIT_EXPECT_PTR_EQ(test, (void *)ring->cqes,
			    (void *)shared + p->cqes_off);
	KUNIT_EXPECT_PTR_EQ(test, (void *)ring->sqes,
			    (void *)shared + p->sqes_off);
	KUNIT_EXPECT_EQ(test, ring->sq_mask, p->sq_entries - 1);
	KUNIT_EXPECT_EQ(test, ring->cq_mask, p->cq_entries - 1);
	KUNIT_EXPECT_EQ(test, shared->sq_entries, p->sq_entries);
	KUNIT_EXPECT_EQ(test, shared->cq_entries, p->cq_entries);
	KUNIT_EXPECT_EQ(test, shared->sqes_off, p->sqes_off);
	KUNIT_EXPECT_EQ(test, shared->cqes_off, p->cqes_off);
}

static void a_ring_has_the_sizes_that_were_asked_for_rounded_up(struct kunit *test)
{
	const struct size_case *what = test->param_value;
	struct cring_params p = {
		.sq_entries = what->sq, .cq_entries = what->cq,
		.flags = what->flags,
	};
	struct cring_ring *ring;
	struct file *file;
	int ret;

	/* this thread has to be an owner */
	live_open(test, 1, 0);
	file = new_file(test);
	ret = cring_ring_setup(file, &p);
	KUNIT_EXPECT_EQ(test, ret, 0);
	ring = cring_file_ring(file);
	if (!ret && ring) {
		KUNIT_EXPECT_EQ(test, p.sq_entries, what->got_sq);
		KUNIT_EXPECT_EQ(test, p.cq_entries, what->got_cq);
		KUNIT_EXPECT_EQ(test, p.flags, what->flags);
		KUNIT_EXPECT_EQ(test, p.features, CRING_FEATURES);
		KUNIT_EXPECT_EQ(test, p.window, 0);
		KUNIT_EXPECT_EQ(test, p.detached, 0);
		expect_layout(test, ring, &p);
		/* nothing that some other program has left there */
		KUNIT_EXPECT_NULL(test, memchr_inv(ring->cqes, 0,
						   p.mmap_size - p.cqes_off));
	}
	done_with(file);
}

static void what_no_ring_can_be_is_refused(struct kunit *test)
{
	const struct refuse_case *what = test->param_value;
	struct cring_params p = what->p;
	struct file *file;

	/* this thread could be an owner */
	live_open(test, 1, 0);
	file = new_file(test);
	KUNIT_EXPECT_EQ(test, cring_ring_setup(file, &p), -EINVAL);
	KUNIT_EXPECT_NULL(test, cring_file_ring(file));
	done_with(file);
}

static void a_required_flag_that_is_not_known_is_refused(struct kunit *test)
{
	struct file *file;
	unsigned int bit;

	live_open(test, 1, 0);
	file = new_file(test);
	for (bit = 0; bit < 16; bit++) {
		struct cring_params p = { .sq_entries = 1, .cq_entries = 2 };

		if (BIT(bit) & (CRING_SETUP_SQPOLL | CQSIZE | CLAMP))
			continue;
		p.flags = CQSIZE | BIT(bit);
		KUNIT_EXPECT_EQ_MSG(test, cring_ring_setup(file, &p), -EINVAL,
				    "bit %u", bit);
	}
	done_with(file);
}

static void a_signal_meanwhile_starts_it_over(struct kunit *test)
{
	struct cring_params first = { .sq_entries = 4 }, again = first;
	struct file *file;
	int ret;

	live_open(test, 1, 0);
	file = new_file(test);
	set_thread_flag(TIF_SIGPENDING);
	ret = cring_ring_setup(file, &first);
	clear_thread_flag(TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, ret, -ERESTARTNOINTR);
	KUNIT_EXPECT_NULL(test, cring_file_ring(file));
	KUNIT_EXPECT_EQ(test, cring_ring_setup(file, &again), 0);
	done_with(file);
}

static void a_file_has_one_ring(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct cring_params p = { .sq_entries = 8 };

	KUNIT_EXPECT_EQ(test, cring_ring_setup(live->file, &p), -EBUSY);
	KUNIT_EXPECT_PTR_EQ(test, cring_file_ring(live->file), live->ring);
	KUNIT_EXPECT_EQ(test, live_ioctl(live, CRING_IOC_SETUP, &p, sizeof(p)),
			-EBUSY);
	live_sqe(live, CRING_OP_NOP, 1);
	KUNIT_EXPECT_EQ(test, live_submit(live), 1);
}

/* ---------------------------------------------------------------------------
 * The mapping
 */

static void the_mapping_is_the_memory_that_the_kernel_uses(struct kunit *test)
{
	struct live *live = live_open(test, 64, 512);
	struct cring_ring *ring = live->ring;
	u8 __user *user = (u8 __user *)live->user;
	u32 page;

	for (page = 0; page < ring->nr_pages; page++) {
		size_t at = page * PAGE_SIZE + PAGE_SIZE - 1;
		u8 *kernel = (u8 *)ring->shared + at, seen;

		KUNIT_EXPECT_EQ(test, put_user((u8)(page + 1), user + at), 0);
		KUNIT_EXPECT_EQ(test, *kernel, page + 1);
		*kernel = ~page;
		KUNIT_EXPECT_EQ(test, get_user(seen, user + at), 0);
		KUNIT_EXPECT_EQ(test, seen, (u8)~page);
		*kernel = 0;
	}
}

static const struct map_case {
	const char *name;
	long pages;		/* more than there are */
	unsigned long pgoff;
	unsigned long prot, flags;
} map_cases[] = {
	{ "a page less", -1, 0, PROT_READ, MAP_SHARED },
	{ "a page more", 1, 0, PROT_READ, MAP_SHARED },
	{ "not from the beginning", 0, 1, PROT_READ, MAP_SHARED },
	{ "the second page and what follows", -1, 1, PROT_READ, MAP_SHARED },
	{ "private", 0, 0, PROT_READ | PROT_WRITE, MAP_PRIVATE },
	{ "executable", 0, 0, PROT_READ | PROT_EXEC, MAP_SHARED },
};

KUNIT_ARRAY_PARAM_DESC(map, map_cases, name);

static void all_of_the_ring_is_mapped_as_it_is_or_nothing(struct kunit *test)
{
	const struct map_case *what = test->param_value;
	struct live *live = live_open(test, 64, 512);
	unsigned long size = live->params.mmap_size + what->pages * PAGE_SIZE;
	unsigned long at;

	at = vm_mmap(live->file, 0, size, what->prot, what->flags,
		     what->pgoff << PAGE_SHIFT);
	/* newer kernels execute nothing of an anonymous inode, and say so first */
	if ((long)at != -EPERM || !(what->prot & PROT_EXEC))
		KUNIT_EXPECT_EQ(test, (long)at, -EINVAL);
	if (!IS_ERR_VALUE(at))
		vm_munmap(at, size);
	/* as it is, as often as anybody likes */
	size = live->params.mmap_size;
	at = vm_mmap(live->file, 0, size, PROT_READ, MAP_SHARED, 0);
	KUNIT_EXPECT_FALSE(test, IS_ERR_VALUE(at));
	if (!IS_ERR_VALUE(at))
		vm_munmap(at, size);
}

/* a counter that one side writes shares no cache line with the other's */
static void the_counters_are_apart(struct kunit *test)
{
	static const size_t at[] = {
		offsetof(struct cring_shared, sq_head),
		offsetof(struct cring_shared, sq_tail),
		offsetof(struct cring_shared, cq_head),
		offsetof(struct cring_shared, cq_tail),
		offsetof(struct cring_shared, sq_entries),
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(at); i++)
		KUNIT_EXPECT_EQ(test, at[i], 64 * i);
	KUNIT_EXPECT_EQ(test, offsetof(struct cring_shared, accepted) % 8, 0);
}

/* what programs were built with: no field may ever move */
static void the_abi_is_where_it_was(struct kunit *test)
{
#define EXPECT_AT(type, field, off)					\
	KUNIT_EXPECT_EQ(test, offsetof(struct type, field), off)
	KUNIT_EXPECT_EQ(test, sizeof(struct cring_sqe), 64);
	EXPECT_AT(cring_sqe, opcode, 0);
	EXPECT_AT(cring_sqe, flags, 1);
	EXPECT_AT(cring_sqe, ioprio, 2);
	EXPECT_AT(cring_sqe, fd, 4);
	EXPECT_AT(cring_sqe, off, 8);
	EXPECT_AT(cring_sqe, addr2, 8);
	EXPECT_AT(cring_sqe, addr, 16);
	EXPECT_AT(cring_sqe, off_in, 16);
	EXPECT_AT(cring_sqe, len, 24);
	EXPECT_AT(cring_sqe, op_flags, 28);
	EXPECT_AT(cring_sqe, user_data, 32);
	EXPECT_AT(cring_sqe, buf_index, 40);
	EXPECT_AT(cring_sqe, __resv, 42);
	EXPECT_AT(cring_sqe, fd_in, 44);
	EXPECT_AT(cring_sqe, deadline, 48);
	EXPECT_AT(cring_sqe, group, 56);
	EXPECT_AT(cring_sqe, xflags, 60);

	KUNIT_EXPECT_EQ(test, sizeof(struct cring_cqe), 16);
	EXPECT_AT(cring_cqe, user_data, 0);
	EXPECT_AT(cring_cqe, res, 8);
	EXPECT_AT(cring_cqe, flags, 12);

	EXPECT_AT(cring_shared, in_flight, 196);
	EXPECT_AT(cring_shared, flags, 200);
	EXPECT_AT(cring_shared, accepted, 208);
	EXPECT_AT(cring_shared, sqes_off, 264);
	EXPECT_AT(cring_shared, cqes_off, 268);

	KUNIT_EXPECT_EQ(test, sizeof(struct cring_params), 64);
	KUNIT_EXPECT_EQ(test, sizeof(struct cring_wait), 48);
	KUNIT_EXPECT_EQ(test, sizeof(struct cring_register), 32);
	KUNIT_EXPECT_EQ(test, sizeof(struct cring_cancel), 48);
	KUNIT_EXPECT_EQ(test, sizeof(struct cring_cancel_key), 64);
	KUNIT_EXPECT_EQ(test, sizeof(struct cring_query), 128);
#undef EXPECT_AT
}

static struct kunit_case cring_setup_cases[] = {
	KUNIT_CASE_PARAM(a_ring_has_the_sizes_that_were_asked_for_rounded_up,
			 size_gen_params),
	KUNIT_CASE_PARAM(what_no_ring_can_be_is_refused, refuse_gen_params),
	KUNIT_CASE(a_required_flag_that_is_not_known_is_refused),
	KUNIT_CASE(a_signal_meanwhile_starts_it_over),
	KUNIT_CASE(a_file_has_one_ring),
	KUNIT_CASE(the_mapping_is_the_memory_that_the_kernel_uses),
	KUNIT_CASE_PARAM(all_of_the_ring_is_mapped_as_it_is_or_nothing,
			 map_gen_params),
	KUNIT_CASE(the_counters_are_apart),
	KUNIT_CASE(the_abi_is_where_it_was),
	{}
};

static struct kunit_suite cring_setup_suite = {
	.name = "cring_setup",
	.test_cases = cring_setup_cases,
};

kunit_test_suite(cring_setup_suite);
