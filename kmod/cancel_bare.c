// SPDX-License-Identifier: GPL-2.0
/*
 * The synchronous cancel, as it mostly is: each key is a user_data and no more, and
 * nothing is waited for.
 *
 * Of such a key one word is read and one is written, so no more than these is kept,
 * and a usual number of them takes no memory.  What a key says is read once.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "armed.h"

/* what a key names, and then its answer */
union cring_bare {
	u64 user_data;
	u64 answer;
	struct {
		s32 res;
		u32 already;
	};
};

/* that many are kept on the stack */
#define CRING_FEW_KEYS		CRING_BREAK

/* 0, or -EFAULT; -EAGAIN when one of them says more */
static int cring_bare_read(union cring_bare *key,
			   const struct cring_cancel_key __user *from, u32 nr)
{
	const u64 __user *word = (const u64 __user *)from;
	u64 more, sum = 0;

	BUILD_BUG_ON(sizeof(*from) != 8 * sizeof(u64));
	BUILD_BUG_ON(offsetof(struct cring_cancel_key, user_data));
	BUILD_BUG_ON(offsetof(struct cring_cancel_key, res) != 4 * sizeof(u64));
	BUILD_BUG_ON(offsetof(struct cring_cancel_key, resv) != 5 * sizeof(u64));
	if (!user_read_access_begin(from, nr * sizeof(*from)))
		return -EFAULT;
	for (; nr && !sum; nr--, key++, word += 8) {
		unsafe_get_user(key->user_data, &word[0], fault);
		unsafe_get_user(more, &word[1], fault);
		sum |= more;
		unsafe_get_user(more, &word[2], fault);
		sum |= more;
		unsafe_get_user(more, &word[3], fault);
		sum |= more;
		unsafe_get_user(more, &word[5], fault);
		sum |= more;
		unsafe_get_user(more, &word[6], fault);
		sum |= more;
		unsafe_get_user(more, &word[7], fault);
		sum |= more;
	}
	user_read_access_end();
	return sum ? -EAGAIN : 0;
fault:
	user_read_access_end();
	return -EFAULT;
}

static int cring_bare_write(struct cring_cancel_key __user *to,
			    const union cring_bare *key, u32 nr)
{
	BUILD_BUG_ON(offsetof(struct cring_cancel_key, already) !=
		     offsetof(struct cring_cancel_key, res) + sizeof(s32));
	if (!user_write_access_begin(to, nr * sizeof(*to)))
		return -EFAULT;
	for (; nr; nr--, key++, to++)
		unsafe_put_user(key->answer, (u64 __user *)&to->res, fault);
	user_write_access_end();
	return 0;
fault:
	user_write_access_end();
	return -EFAULT;
}

static __always_inline void cring_bare_answer(union cring_bare *key, s32 res)
{
	key->res = res;
	key->already = res == -EALREADY;
}

/* it is not the first that is looked at */
static noinline s32 cring_bare_find(struct cring_comp *comp, u64 user_data,
				    u64 before, struct cring_req **told)
{
	struct cring_filter filter = { .user_data = user_data, .before = before };

	return cring_cancel_in(comp, &filter, NULL, false, told);
}

/*
 * Keys in a session, from @nr on; how many are through then.  @why: the next one takes
 * longer, -EAGAIN, or is to be looked for in the batch of another thread, -ENOENT; else 0.
 */
static u32 cring_bare_in(struct cring_ring *ring, union cring_bare *key,
			 u32 nr, u32 end, u64 before, s32 *why)
{
	struct cring_comp comp = CRING_COMP_OWN(ring);
	struct cring_req *told;
	s32 ret;

	*why = 0;
	/* as in cring_pass_run() */
	atomic_inc(&ring->cancels);
	cring_comp_begin_own(&comp);
	for (; nr < end; nr++) {
		u64 user_data = key[nr].user_data;

		ret = cring_cancel_first(&comp, CRING_BY_USER_DATA, user_data,
					 before, &told);
		if (unlikely(ret == -EAGAIN))
			break;
		cring_bare_answer(&key[nr], ret);
	}
	/* that may look at many: the last one under this lock */
	if (unlikely(nr < end)) {
		ret = cring_bare_find(&comp, key[nr].user_data, before, &told);
		if (ret == -EAGAIN || (ret == -ENOENT && cring_batch_is_on(ring)))
			*why = ret;
		else
			cring_bare_answer(&key[nr++], ret);
	}
	cring_comp_end_own(&comp);
	return nr;
}

/* some keys, from @nr on; how many are through then */
static u32 cring_bare_some(struct cring_ring *ring, union cring_bare *key,
			   u32 nr, u32 all, u64 before)
{
	struct cring_filter filter = { .before = before };
	u32 end = min_t(u32, all, nr + CRING_BREAK);
	/* before the index is looked at */
	u32 seq = smp_load_acquire(&ring->batch_seq);
	struct cring_pass pass;
	s32 why;

	nr = cring_bare_in(ring, key, nr, end, before, &why);
	if (!why)
		return nr;
	filter.user_data = key[nr].user_data;
	if (why == -ENOENT)
		cring_pass_rest(&pass, ring, &filter, seq);
	else
		cring_pass_run(&pass, ring, &filter, NULL, false);
	cring_bare_answer(&key[nr], cring_pass_answer(&pass));
	return nr + 1;
}

static int cring_bare_run(struct cring_ring *ring, union cring_bare *key,
			  struct cring_cancel_key __user *to, u32 nr)
{
	/* what was accepted before the call; its batch is visible then */
	u64 before = smp_load_acquire(&ring->accepted);
	u32 through = 0;
	int ret = 0;

	/* as in cring_cancel_keys() */
	atomic_inc(&ring->nr_waiting);
	while (through < nr && !ret) {
		through = cring_bare_some(ring, key, through, nr, before);
		cond_resched();
		if (fatal_signal_pending(current))
			ret = -EINTR;
	}
	atomic_dec(&ring->nr_waiting);
	/* as there */
	smp_mb__after_atomic();
	cring_run_ready(ring);
	return cring_bare_write(to, key, through) ?: ret;
}

/**
 * cring_cancel_bare - the synchronous call, if each of its keys is a user_data
 * @ring: of the caller's file
 * @c: what the call says: how many keys, and no flags
 *
 * Context: a thread of the owner, may sleep; takes no lock that a submitter
 * holds.
 * Return: 0, -EFAULT, -ENOMEM or -EINTR; -EAGAIN when nothing was done, and a key
 * says more.
 */
int cring_cancel_bare(struct cring_ring *ring, const struct cring_cancel *c)
{
	struct cring_cancel_key __user *keys = u64_to_user_ptr(c->keys);
	union cring_bare few[CRING_FEW_KEYS] __uninitialized, *key = few;
	int ret;

	if (c->nr > ARRAY_SIZE(few)) {
		key = kvmalloc_array(c->nr, sizeof(*key), GFP_KERNEL_ACCOUNT);
		if (!key)
			return -ENOMEM;
	}
	ret = cring_bare_read(key, keys, c->nr);
	if (!ret)
		ret = cring_bare_run(ring, key, keys, c->nr);
	if (key != few)
		kvfree(key);
	return ret;
}
