// SPDX-License-Identifier: GPL-2.0
/*
 * A live ring, owned by a test; see fixture.h.
 */
#include <linux/anon_inodes.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/task_work.h>
#include <linux/uaccess.h>

#include "fixture.h"

/* --- the ring --- */

/**
 * live_return - run the task work that waits, as on the way to user space
 */
void live_return(void)
{
	struct callback_head *work = xchg(&current->task_works, NULL);

	clear_notify_signal();
	while (work) {
		struct callback_head *next = work->next;

		work->func(work);
		work = next;
	}
}

/**
 * live_gone - is the ring gone, and all its memory?
 * @live: whose file was closed
 *
 * Waits for it, but not for ever.
 *
 * Return: true when it is.
 */
bool live_gone(struct live *live)
{
	bool gone;

	/* the ring drops its reference when it is freed, the mapping its own */
	gone = live_until(({
		/* task work holds the ring; who has ended has run it */
		if (current->mm == live->mm)
			live_return();
		flush_workqueue(cring_wq);
		file_count(live->mapping) == 1;
	}));

	/* what comes after that in the same work item */
	flush_workqueue(cring_wq);
	return gone;
}

/**
 * live_close - close the ring's descriptor as close(2) does
 * @live: whose
 */
void live_close(struct live *live)
{
	if (current->mm == live->mm)
		vm_munmap(live->user, live->params.mmap_size);
	live->file = NULL;
	close_fd(live->fd);
	/* a kernel thread's last fput() is somebody else's work */
	flush_delayed_fput();
}

static void live_scripts_end(struct live *live)
{
	struct script *script, *next;

	list_for_each_entry_safe(script, next, &live->scripts, node)
		script_end(script);
}

/* after the test's thread has ended, and with it its address space */
static void live_end(void *data)
{
	struct live *live = data;

	live_scripts_end(live);
	others_end(live);
	if (live->ring) {
		if (live->file)
			live_close(live);
		KUNIT_EXPECT_TRUE_MSG(live->test, live_gone(live),
				      "the ring is still there");
		fput(live->mapping);
	} else if (live->file) {
		close_fd(live->fd);
	}
	flush_delayed_fput();
	live_points_end(live);
	if (live->mm)
		mmdrop(live->mm);
	kfree(live);
}

static void live_open_file(struct live *live)
{
	struct kunit *test = live->test;
	struct file *file;
	int fd;

	file = anon_inode_getfile("[cring]", &cring_fops, NULL, O_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		fput(file);
	KUNIT_ASSERT_GE(test, fd, 0);
	fd_install(fd, file);
	live->fd = fd;
	live->file = file;
}

/**
 * live_open_with - make the test the owner of a ring
 * @test: the test
 * @want: what it asks for
 *
 * Return: the ring, which goes with the test.
 */
struct live *live_open_with(struct kunit *test, struct cring_params want)
{
	struct live *live = kzalloc(sizeof(*live), GFP_KERNEL);
	struct cring_params *p;

	KUNIT_ASSERT_NOT_NULL(test, live);
	live->test = test;
	INIT_LIST_HEAD(&live->scripts);
	INIT_LIST_HEAD(&live->others);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, live_end, live),
			0);

	/* the first mapping brings the address space along */
	live->args = live_pages(live, 1, PROT_READ | PROT_WRITE);
	live->mm = current->mm;
	mmgrab(live->mm);

	live_open_file(live);
	p = &live->params;
	*p = want;
	KUNIT_ASSERT_EQ(test, live_ioctl(live, CRING_IOC_SETUP, p, sizeof(*p)),
			0);
	KUNIT_ASSERT_EQ(test, copy_from_user(p, (void __user *)live->args,
					     sizeof(*p)), 0);
	live->ring = cring_file_ring(live->file);
	live->mapping = get_file(live->ring->mapping_file);
	live->user = kunit_vm_mmap(test, live->file, 0, p->mmap_size,
				   PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	KUNIT_ASSERT_TRUE(test, live->user && !IS_ERR_VALUE(live->user));
	return live;
}

/**
 * live_open - make the test the owner of an ordinary ring
 * @test: the test
 * @sq: SQ entries
 * @cq: CQ entries, or 0
 *
 * Return: the ring, which goes with the test.
 */
struct live *live_open(struct kunit *test, u32 sq, u32 cq)
{
	return live_open_with(test, (struct cring_params) {
		.sq_entries = sq, .cq_entries = cq,
		.flags = cq ? CRING_SETUP_CQSIZE : 0,
	});
}

/**
 * live_pages - user memory of the test
 * @live: whose
 * @nr: pages
 * @prot: PROT_*
 *
 * Return: its address.
 */
unsigned long live_pages(struct live *live, unsigned int nr, int prot)
{
	unsigned long addr;

	addr = kunit_vm_mmap(live->test, NULL, 0, nr * PAGE_SIZE, prot,
			     MAP_PRIVATE | MAP_ANONYMOUS, 0);
	KUNIT_ASSERT_TRUE(live->test, addr && !IS_ERR_VALUE(addr));
	return addr;
}

/**
 * live_ioctl - an ioctl of the ring's file, its argument in user memory
 * @live: whose
 * @cmd: CRING_IOC_*
 * @arg: copied to user memory, at @live->args
 * @size: of @arg, or 0 when @arg is the argument itself
 *
 * Return: the ioctl's.
 */
long live_ioctl(struct live *live, unsigned int cmd, const void *arg,
		size_t size)
{
	unsigned long uarg = (unsigned long)arg;

	if (size) {
		uarg = live->args;
		if (copy_to_user((void __user *)uarg, arg, size))
			return -EFAULT;
	}
	return cring_fops.unlocked_ioctl(live->file, cmd, uarg);
}

u64 live_timespec(struct live *live, unsigned int slot, s64 ns)
{
	const struct cring_timespec ts = {
		.tv_sec = ns / NSEC_PER_SEC, .tv_nsec = ns % NSEC_PER_SEC,
	};
	u64 addr = live->args + 512 + slot % 64 * sizeof(ts);

	KUNIT_EXPECT_EQ(live->test, copy_to_user((void __user *)addr, &ts,
						 sizeof(ts)), 0);
	return addr;
}

struct cring_sqe *live_sqe(struct live *live, u8 opcode, u64 user_data)
{
	struct cring_ring *ring = live->ring;
	struct cring_sqe *sqe = &ring->sqes[live->sq_tail++ & ring->sq_mask];

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = opcode;
	sqe->user_data = user_data;
	return sqe;
}

int live_submit(struct live *live)
{
	u32 nr = live->sq_tail - READ_ONCE(live->ring->shared->sq_head);

	/* the SQEs before their number */
	smp_store_release(&live->ring->shared->sq_tail, live->sq_tail);
	return live_ioctl(live, CRING_IOC_SUBMIT,
			  (void *)(unsigned long)CRING_SUBMIT_ARG(nr, 0), 0);
}

void live_prep_read(struct cring_sqe *sqe, struct script *script,
		    unsigned long addr, u32 len)
{
	sqe->opcode = CRING_OP_READ;
	sqe->fd = script->fd;
	sqe->addr = addr;
	sqe->len = len;
}

enum cring_state live_read(struct live *live, struct script *script,
			   u64 user_data)
{
	live_prep_read(live_sqe(live, CRING_OP_READ, user_data), script,
		       live->args, 1);
	KUNIT_EXPECT_EQ(live->test, live_submit(live), 1);
	return live_state(live, user_data);
}

u32 live_nr_cqes(struct live *live)
{
	/* before the CQEs are looked at */
	return smp_load_acquire(&live->ring->shared->cq_tail) -
	       live->ring->shared->cq_head;
}

bool live_reap(struct live *live, struct cring_cqe *cqe)
{
	struct cring_ring *ring = live->ring;
	u32 head = ring->shared->cq_head;

	if (!live_nr_cqes(live))
		return false;
	*cqe = ring->cqes[head & ring->cq_mask];
	/* the slot is given back when it was read */
	smp_store_release(&ring->shared->cq_head, head + 1);
	return true;
}

bool live_wait(struct live *live, struct cring_cqe *cqe)
{
	ktime_t expires = ktime_add_ns(ktime_get(),
				       jiffies_to_nsecs(LIVE_PATIENCE));

	cring_wait(live->ring, 1, live->ring->timeouts_rung, &expires);
	return live_reap(live, cqe);
}

struct cring_req *live_req(struct live *live, u64 user_data)
{
	struct cring_ring *ring = live->ring;
	u32 i;

	for (i = 0; i < ring->nr_reqs; i++) {
		struct cring_req *req = &ring->pool[i];
		u64 word = atomic64_read_acquire(&req->word);

		if (cring_state_in_flight(cring_word_state(word)) &&
		    req->user_data == user_data)
			return req;
	}
	return NULL;
}

enum cring_state live_state(struct live *live, u64 user_data)
{
	struct cring_req *req = live_req(live, user_data);

	return req ? cring_word_state(atomic64_read(&req->word)) : CRING_FREE;
}

bool live_await(struct live *live, u64 user_data, enum cring_state state)
{
	return live_until(live_state(live, user_data) == state);
}

u64 live_in_flight(struct live *live)
{
	return READ_ONCE(live->ring->accepted) -
	       READ_ONCE(live->ring->finished);
}

s32 live_cancel(struct live *live, u32 flags, u64 user_data)
{
	const struct cring_filter filter = {
		.user_data = user_data,
		/* their batch is visible then */
		.before = smp_load_acquire(&live->ring->accepted),
		.flags = flags,
	};

	return cring_cancel(live->ring, &filter);
}

long live_cancel_sync(struct live *live, struct cring_cancel_key *key,
		      u32 flags, s64 timeout)
{
	unsigned long at = live->args + PAGE_SIZE / 2;
	const struct cring_cancel c = {
		.keys = at, .nr = 1, .flags = flags, .timeout = timeout,
	};
	long ret;

	if (copy_to_user((void __user *)at, key, sizeof(*key)))
		return -EFAULT;
	ret = live_ioctl(live, CRING_IOC_CANCEL, &c, sizeof(c));
	if (copy_from_user(key, (void __user *)at, sizeof(*key)))
		return -EFAULT;
	return ret;
}

long live_register(struct live *live, u32 opcode, u32 offset,
		   const void *array, u32 nr, size_t size)
{
	unsigned long at = live->args + PAGE_SIZE / 2;
	const struct cring_register reg = {
		.opcode = opcode, .nr = nr, .offset = offset,
		.addr = nr ? at : 0,
	};

	if (nr * size > PAGE_SIZE / 2 ||
	    copy_to_user((void __user *)at, array, nr * size))
		return -EFAULT;
	return live_ioctl(live, CRING_IOC_REGISTER, &reg, sizeof(reg));
}
