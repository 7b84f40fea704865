// SPDX-License-Identifier: GPL-2.0
/*
 * A poll, and behind it the cancel that names it: accepted, and over, in one step.
 *
 * A poll that has not had its turn when its owner changes his mind is submitted with
 * its cancel.  When it is ready the poll tells so, and the cancel finds nothing.  Else
 * it is armed, and then stopped, and nobody can tell whether it ever was on a wait
 * queue: a wake-up between the two would only have made it ready, and a cancel stops
 * what is (C4).  So the file is only asked.
 *
 * The step is made under cring_ring.lock, as for the NOPs of nop.c: nobody ever sees
 * one of the two in flight.  What is said more, is ready, or cannot be armed, and a
 * user_data that something older has, too, which the cancel would mean, go the long
 * way through accept.c.
 */
#include <linux/eventfd.h>
#include <linux/file.h>

#include "armed.h"
#include "said.h"

/* a file that is asked what it waits for */
struct cring_asked {
	struct poll_table_struct pt;
	unsigned int queues;
};

static void cring_asked_proc(struct file *file, struct wait_queue_head *head,
			     struct poll_table_struct *pt)
{
	container_of(pt, struct cring_asked, pt)->queues++;
}

/*
 * Does its poll method take no lock that may be held for long?  The SQEs are not
 * accepted while it is asked, so nobody could cancel them, nor those behind them.
 * An epoll file asks others, and sockets of some families wait for who receives.
 */
static bool cring_file_is_prompt(struct file *file)
{
	struct eventfd_ctx *ctx;

	if (S_ISFIFO(file_inode(file)->i_mode))
		return true;
	ctx = eventfd_ctx_fileget(file);
	if (IS_ERR(ctx))
		return false;
	eventfd_ctx_put(ctx);
	return true;
}

/* is it not ready, and could it be waited for? */
static bool cring_file_waits(struct file *file, u32 events)
{
	__poll_t key = demangle_poll(events) | EPOLLERR | EPOLLHUP;
	struct cring_asked asked = { .queues = 0 };

	if (cring_file_is_ring(file) || !cring_file_is_prompt(file))
		return false;
	init_poll_funcptr(&asked.pt, cring_asked_proc);
	asked.pt._key = key;
	return !(vfs_poll(file, &asked.pt) & key) &&
	       asked.queues - 1 < ARRAY_SIZE(((struct cring_req *)NULL)->wait);
}

/* does anything in flight have that user_data? */
static bool cring_pair_is_first(struct cring_ring *ring, u64 user_data)
{
	cring_index_settle(ring);
	return !ring->nr_settled ||
	       !cring_lookup(ring, CRING_BY_USER_DATA, user_data);
}

/* the step; false when nothing was done */
static bool cring_pair_end(struct cring_ring *ring, u64 poll, u64 cancel)
{
	struct cring_comp comp = CRING_COMP_OWN(ring);
	bool over;

	cring_at(CRING_AT_PAIR, ring, NULL);
	cring_comp_begin_own(&comp);
	over = cring_may_be_over(ring, 2) && cring_pair_is_first(ring, poll);
	if (likely(over)) {
		cring_over_begin(ring, 2);
		cring_post_alone(&comp, poll, -ECANCELED,
				 CRING_CQE_F_NOT_STARTED);
		cring_post_alone(&comp, cancel, 0, 0);
		cring_over_end(ring);
	}
	cring_comp_end_own(&comp);
	return over;
}

static bool cring_pair_now(struct cring_ring *ring)
{
	struct cring_cancel_said cancel;
	struct cring_poll_said poll;
	struct file *file;
	bool over = false;

	if (!cring_poll_says(&poll, cring_sq_first(ring)) ||
	    !cring_cancel_says(&cancel, cring_sq_second(ring)))
		return false;
	if (cancel.flags || cancel.whom != poll.user_data)
		return false;
	file = cring_file_get(ring, poll.fd, false);
	if (!file)
		return false;
	if (cring_file_waits(file, poll.events))
		over = cring_pair_end(ring, poll.user_data, cancel.user_data);
	fput(file);
	return over;
}

/**
 * cring_pairs_now - accept polls that come with their cancels, and end both
 * @ring: the submitter's
 * @nr: SQEs; user space has filled so many
 *
 * Context: the submitter, under submit_mutex; may sleep.
 * Return: how many SQEs at the head of the SQ are over.
 */
u32 cring_pairs_now(struct cring_ring *ring, u32 nr)
{
	u32 done = 0;

	while (nr - done >= 2 && cring_pair_now(ring)) {
		done += 2;
		if (!(done % CRING_BREAK))
			cond_resched();
	}
	return done;
}
