// SPDX-License-Identifier: GPL-2.0
/*
 * CRING_IOC_CANCEL: the synchronous cancel, of one key or many, and the wait
 * until what was told to stop has finished.
 *
 * It needs no ring space, and takes no lock that a submitter holds.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "cring.h"

/* what the synchronous call remembers of a key, to wait for it */
struct cring_cancel_wait {
	struct cring_filter filter;
	struct cring_req *req;	/* without ALL: the one that was -EALREADY */
	u64 word;
};

/* Is the CQE of that use of the record in the CQ? */
static bool cring_req_posted(struct cring_ring *ring, void *data, u64 word)
{
	struct cring_req *req = data;
	u64 now = atomic64_read(&req->word);

	if (cring_word_same(now, word) &&
	    cring_state_in_flight(cring_word_state(now)))
		return false;
	cring_cq_settle(ring);
	return true;
}

static int cring_wait_posted(struct cring_ring *ring, struct cring_req *req,
			     u64 word, const ktime_t *expires)
{
	return cring_wait_for(ring, cring_req_posted, req, word, expires);
}

/* wait until every match of one key has finished */
static int cring_wait_key(struct cring_ring *ring,
			  const struct cring_cancel_wait *w,
			  const ktime_t *expires)
{
	struct cring_req *req = w->req;
	u64 word = w->word;
	int ret = 0;

	if (!(w->filter.flags & CRING_ASYNC_CANCEL_ALL))
		return req ? cring_wait_posted(ring, req, word, expires) : 0;
	while (!ret && (req = cring_pass_next(ring, &w->filter, &word)))
		ret = cring_wait_posted(ring, req, word, expires);
	return ret;
}

static int cring_filter_init(struct cring_ring *ring,
			     const struct cring_cancel_key *key, u64 before,
			     struct cring_filter *filter)
{
	struct cring_match match = {
		.user_data = key->user_data,
		.ticket = key->ticket,
		.flags = key->flags,
		.group = key->group,
		.opcode = key->opcode,
	};

	*filter = (struct cring_filter) {
		.user_data = key->user_data,
		.ticket = key->ticket,
		.before = before,
		.flags = key->flags,
		.group = key->group,
		.opcode = key->opcode,
	};
	if (key->resv0[0] || key->resv0[1] || key->resv0[2] ||
	    key->resv[0] || key->resv[1] || key->resv[2] ||
	    (key->fd && !(key->flags & CRING_ASYNC_CANCEL_FD)))
		return -EINVAL;
	if (cring_cancel_check(&match))
		return -EINVAL;
	if (!(key->flags & CRING_ASYNC_CANCEL_FD))
		return 0;
	filter->file = cring_file_get(ring, key->fd,
				      key->flags & CRING_ASYNC_CANCEL_FD_FIXED);
	return filter->file ? 0 : -EBADF;
}

static void cring_cancel_key(struct cring_ring *ring,
			     struct cring_cancel_key *key,
			     struct cring_cancel_wait *w, bool wait)
{
	struct cring_pass pass;
	u64 before;

	w->req = NULL;
	key->already = 0;
	/* what was accepted before the call; its batch is visible then */
	before = smp_load_acquire(&ring->accepted);
	key->res = cring_filter_init(ring, key, before, &w->filter);
	if (key->res) {
		w->filter.flags = 0;
		return;
	}
	cring_pass_run(&pass, ring, &w->filter, wait);
	key->res = cring_pass_answer(&pass);
	key->already = pass.already;
	if (pass.already) {
		w->req = pass.req;
		w->word = pass.word;
	} else {
		/* nothing to wait for, also with ALL */
		w->filter.flags &= ~CRING_ASYNC_CANCEL_ALL;
	}
}

static int cring_cancel_keys(struct cring_ring *ring,
			     const struct cring_cancel *c,
			     struct cring_cancel_key *keys,
			     struct cring_cancel_wait *waits)
{
	bool wait = c->flags & CRING_CANCEL_WAIT;
	ktime_t expires = c->timeout;
	u32 i;
	int ret = 0;

	if (!(c->flags & CRING_CANCEL_ABS))
		expires = ktime_add_safe(ktime_get(), c->timeout);
	/* what this makes ready is run below: it must not interrupt the wait */
	atomic_inc(&ring->nr_waiting);
	for (i = 0; i < c->nr; i++) {
		cring_cancel_key(ring, &keys[i], &waits[i], wait);
		cond_resched();
	}
	atomic_dec(&ring->nr_waiting);
	/* the count before the list: cring_kick() does the reverse */
	smp_mb__after_atomic();
	cring_run_ready(ring);
	for (i = 0; wait && !ret && i < c->nr; i++)
		ret = cring_wait_key(ring, &waits[i],
				     c->timeout < 0 ? NULL : &expires);
	for (i = 0; i < c->nr; i++)
		if (waits[i].filter.file)
			fput(waits[i].filter.file);
	return ret;
}

/**
 * cring_cancel_ioctl - CRING_IOC_CANCEL
 * @ring: where
 * @arg: user pointer to a struct cring_cancel
 *
 * Context: process, may sleep; takes no lock that a submitter holds.
 * Return: 0, -EINVAL, -EFAULT, -ENOMEM, -ETIME or -EINTR.
 */
int cring_cancel_ioctl(struct cring_ring *ring, void __user *arg)
{
	struct cring_cancel_key one_key, *keys = &one_key;
	struct cring_cancel_wait one_wait, *waits = &one_wait;
	struct cring_cancel c;
	size_t size;
	int ret;

	if (copy_from_user(&c, arg, sizeof(c)))
		return -EFAULT;
	if (!c.nr || c.nr > CRING_CANCEL_MAX_KEYS ||
	    c.flags & ~(CRING_CANCEL_WAIT | CRING_CANCEL_ABS) ||
	    c.reap || c.reap_nr || c.reaped || c.resv)
		return -EINVAL;
	if (!(c.flags & CRING_CANCEL_WAIT) &&
	    (c.timeout || c.flags & CRING_CANCEL_ABS))
		return -EINVAL;
	if (c.timeout < -1 || (c.timeout < 0 && c.flags & CRING_CANCEL_ABS))
		return -EINVAL;

	size = c.nr * sizeof(*keys);
	if (c.nr > 1) {
		keys = kvmalloc(size, GFP_KERNEL_ACCOUNT);
		waits = kvmalloc_array(c.nr, sizeof(*waits),
				       GFP_KERNEL_ACCOUNT);
	}
	ret = -ENOMEM;
	if (!keys || !waits)
		goto out;
	ret = -EFAULT;
	if (copy_from_user(keys, u64_to_user_ptr(c.keys), size))
		goto out;
	ret = cring_cancel_keys(ring, &c, keys, waits);
	if (copy_to_user(u64_to_user_ptr(c.keys), keys, size))
		ret = -EFAULT;
out:
	if (keys != &one_key)
		kvfree(keys);
	if (waits != &one_wait)
		kvfree(waits);
	return ret;
}
