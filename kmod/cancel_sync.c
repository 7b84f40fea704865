// SPDX-License-Identifier: GPL-2.0
/*
 * CRING_IOC_CANCEL: the synchronous cancel, of one key or many, and the wait
 * until what was told to stop has finished.
 *
 * It needs no ring space, and takes no lock that a submitter holds.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "armed.h"

/* what the synchronous call remembers of a key, to wait for it */
struct cring_cancel_wait {
	struct cring_filter filter;
	struct cring_ring *ring;	/* without ALL: where it was found */
	struct cring_req *req;		/* and was -EALREADY */
	u64 word;
};

/* one call */
struct cring_cancel_call {
	struct cring_cancel c;
	struct cring_cancel_key *keys;
	struct cring_cancel_wait *waits;
	struct cring_scope scope;
	struct cring_reap reap;
	ktime_t expires;
	struct cring_cancel_key one_key;
	struct cring_cancel_wait one_wait;
};

/* where a call reaps in one ring, or NULL */
static struct cring_reap_place *cring_reach_place(struct cring_reach *reach)
{
	return reach->place.reap ? &reach->place : NULL;
}

/* --- the wait --- */

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

static int cring_wait_posted(struct cring_cancel_call *call,
			     struct cring_ring *ring, struct cring_req *req,
			     u64 word)
{
	int ret;

	do {
		ret = cring_wait_for(ring, cring_req_posted, req, word,
				     call->c.timeout < 0 ? NULL :
							   &call->expires);
		/* nor must what became ready in others of the scope end it */
	} while (ret == -EINTR && call->scope.nr > 1 &&
		 cring_kick_absorb(call->scope.reach, call->scope.nr));
	return ret;
}

/* wait until every match of one key has finished */
static int cring_wait_key(struct cring_cancel_call *call,
			  struct cring_cancel_wait *w)
{
	struct cring_reach *reach = call->scope.reach;
	struct cring_reach *end = reach + call->scope.nr;
	struct cring_req *req;
	int ret = 0;
	u64 word;

	if (!(w->filter.flags & CRING_ASYNC_CANCEL_ALL))
		return w->req ? cring_wait_posted(call, w->ring, w->req,
						  w->word) : 0;
	for (; !ret && reach < end; reach++) {
		w->filter.before = reach->before;
		while (!ret &&
		       (req = cring_pass_next(reach->ring, &w->filter,
					      cring_reach_place(reach), &word)))
			ret = cring_wait_posted(call, reach->ring, req, word);
	}
	return ret;
}

/* --- the cancels --- */

/* one key in one ring; true when that was all */
static bool cring_cancel_reach(struct cring_cancel_call *call,
			       struct cring_reach *reach,
			       struct cring_cancel_key *key,
			       struct cring_cancel_wait *w)
{
	struct cring_pass pass;

	w->filter.before = reach->before;
	cring_pass_run(&pass, reach->ring, &w->filter, cring_reach_place(reach),
		       call->c.flags & CRING_CANCEL_WAIT);
	key->already += pass.already;
	if (key->flags & CRING_ASYNC_CANCEL_ALL) {
		key->res += pass.matched;
		return false;
	}
	key->res = cring_pass_answer(&pass);
	if (pass.already) {
		w->ring = reach->ring;
		w->req = pass.req;
		w->word = pass.word;
	}
	return pass.matched;
}

/* 0 or a key's answer */
static s32 cring_call_seal(struct cring_cancel_call *call,
			   const struct cring_cancel_key *key)
{
	struct cring_reach *own = &call->scope.own;
	s32 ret;

	ret = cring_seal(own->ring, key, call->c.flags & CRING_CANCEL_SEAL);
	/* accepted before it was sealed: its batch is visible then */
	own->before = smp_load_acquire(&own->ring->accepted);
	return ret;
}

/* what a key means; its answer if it has one */
static void cring_key_begin(struct cring_cancel_call *call, u32 i)
{
	struct cring_cancel_key *key = &call->keys[i];
	struct cring_cancel_wait *w = &call->waits[i];

	w->req = NULL;
	key->already = 0;
	key->res = cring_filter_init(&call->scope, key, &w->filter);
	if (!key->res && call->c.flags & CRING_CANCEL_SEALS)
		key->res = cring_call_seal(call, key);
	if (key->res || call->c.flags & CRING_CANCEL_REOPEN)
		w->filter.flags = 0;
}

static void cring_cancel_key(struct cring_cancel_call *call, u32 nr)
{
	struct cring_cancel_key *key = &call->keys[nr];
	struct cring_cancel_wait *w = &call->waits[nr];
	u32 i;

	if (key->res || call->c.flags & CRING_CANCEL_REOPEN)
		return;
	/* when there is no ring at all */
	if (!(key->flags & CRING_ASYNC_CANCEL_ALL))
		key->res = -ENOENT;
	for (i = 0; i < call->scope.nr; i++) {
		if (cring_cancel_reach(call, &call->scope.reach[i], key, w))
			break;
		cond_resched();
	}
	/* nothing to wait for, also with ALL */
	if (!key->already)
		w->filter.flags &= ~CRING_ASYNC_CANCEL_ALL;
}

/* a user_data alone, as most are, that is first found to be a poll: it is over then */
static bool cring_cancel_key_armed(struct cring_comp *comp,
				   const struct cring_filter *filter)
{
	struct cring_req *req;

	if (filter->flags || filter->thread)
		return false;
	req = cring_find_first(comp->ring, CRING_BY_USER_DATA,
			       filter->user_data, filter->before);
	return req && cring_armed_stop(comp, req);
}

/* one key in a session; false when it is to go the long way */
static bool cring_cancel_key_in(struct cring_cancel_call *call,
				struct cring_comp *comp, u32 nr)
{
	struct cring_cancel_key *key = &call->keys[nr];
	struct cring_cancel_wait *w = &call->waits[nr];
	struct cring_reach *own = &call->scope.own;
	struct cring_reap_place *place = cring_reach_place(own);
	s32 ret;

	if (key->res)
		return true;
	if (key->flags & CRING_ASYNC_CANCEL_ALL)
		return false;
	w->filter.before = own->before;
	if (!place && cring_cancel_key_armed(comp, &w->filter))
		return true;
	ret = cring_cancel_in(comp, &w->filter, place,
			      call->c.flags & CRING_CANCEL_WAIT, &w->req);
	if (ret == -EAGAIN ||
	    (ret == -ENOENT && cring_batch_is_on(own->ring)))
		return false;
	key->res = ret;
	if (ret == -EALREADY) {
		key->already = 1;
		w->ring = own->ring;
		w->word = atomic64_read(&w->req->word);
	}
	return true;
}

/* keys in a session, from @nr on; how many are through then; does the next take longer? */
static u32 cring_cancel_keys_in(struct cring_cancel_call *call, u32 nr, u32 end,
				bool *longer)
{
	struct cring_ring *ring = call->scope.own.ring;
	struct cring_comp comp = CRING_COMP_OWN(ring);

	/* as in cring_pass_run() */
	atomic_inc(&ring->cancels);
	cring_comp_begin_own(&comp);
	do {
		*longer = !cring_cancel_key_in(call, &comp, nr);
		/* who found nothing may have looked at many: no more under this lock */
	} while (!*longer && call->keys[nr++].res != -ENOENT && nr < end);
	cring_comp_end(&comp);
	return nr;
}

/*
 * Some keys of one ring, in one session: what they stop is posted together.  One
 * that takes longer, or whose match may be in the batch of another thread, goes the
 * long way in its turn.
 */
static u32 cring_cancel_some(struct cring_cancel_call *call, u32 nr)
{
	u32 end = min_t(u32, call->c.nr, nr + CRING_BREAK), i;
	bool longer;

	/* looks up files, which takes the ring's lock */
	for (i = nr; i < end; i++)
		cring_key_begin(call, i);
	while (nr < end) {
		nr = cring_cancel_keys_in(call, nr, end, &longer);
		if (longer)
			cring_cancel_key(call, nr++);
	}
	return nr;
}

/* one key, or some; how many keys are through then */
static u32 cring_cancel_next(struct cring_cancel_call *call, u32 nr)
{
	if (call->scope.reach == &call->scope.own &&
	    !(call->c.flags & CRING_CANCEL_SEALS))
		return cring_cancel_some(call, nr);
	cring_key_begin(call, nr);
	cring_cancel_key(call, nr);
	return nr + 1;
}

static int cring_cancel_keys(struct cring_cancel_call *call)
{
	struct cring_scope *scope = &call->scope;
	bool wide = scope->reach != &scope->own;
	int ret = 0;
	u32 i, nr = 0;

	if (call->c.flags & CRING_CANCEL_ABS)
		call->expires = cring_clock_host(scope->caller,
						 CRING_CLOCK_MONOTONIC,
						 call->c.timeout);
	else
		call->expires = ktime_add_safe(ktime_get(), call->c.timeout);
	/* what this makes ready is run below: it must not interrupt the wait */
	for (i = 0; i < scope->nr; i++)
		atomic_inc(&scope->reach[i].ring->nr_waiting);
	while (nr < call->c.nr && !ret) {
		nr = cring_cancel_next(call, nr);
		cond_resched();
		/* many keys in many rings take a while */
		if (fatal_signal_pending(current))
			ret = -EINTR;
	}
	/* who runs or waits in one ring may be long in coming to the others */
	for (i = 0; wide && i < scope->nr; i++)
		atomic_inc(&scope->reach[i].ring->nr_trying);
	for (i = 0; i < scope->nr; i++)
		atomic_dec(&scope->reach[i].ring->nr_waiting);
	/* the counts before the lists: cring_kick() does the reverse */
	smp_mb__after_atomic();
	for (i = 0; i < scope->nr; i++)
		cring_run_ready(scope->reach[i].ring);
	if (call->c.flags & CRING_CANCEL_WAIT)
		for (i = 0; i < nr && !ret; i++)
			ret = cring_wait_key(call, &call->waits[i]);
	for (i = 0; wide && i < scope->nr; i++)
		atomic_dec(&scope->reach[i].ring->nr_trying);
	for (i = 0; i < nr; i++)
		if (call->waits[i].filter.file)
			fput(call->waits[i].filter.file);
	return ret;
}

/* --- the call --- */

static int cring_call_keys(struct cring_cancel_call *call)
{
	size_t size = call->c.nr * sizeof(*call->keys);

	call->keys = &call->one_key;
	call->waits = &call->one_wait;
	if (call->c.nr > 1) {
		call->keys = kvmalloc(size, GFP_KERNEL_ACCOUNT);
		call->waits = kvmalloc_array(call->c.nr, sizeof(*call->waits),
					     GFP_KERNEL_ACCOUNT);
	}
	if (!call->keys || !call->waits)
		return -ENOMEM;
	return copy_from_user(call->keys, u64_to_user_ptr(call->c.keys),
			      size) ? -EFAULT : 0;
}

static void cring_call_free(struct cring_cancel_call *call)
{
	if (call->keys != &call->one_key)
		kvfree(call->keys);
	if (call->waits != &call->one_wait)
		kvfree(call->waits);
}

/* -EFAULT: the cancels are to happen all the same, and nothing to be reaped */
static int cring_call_reap(struct cring_cancel_call *call, void __user *arg)
{
	struct cring_cancel __user *uc = arg;
	struct cring_scope *scope = &call->scope;
	int ret;
	u32 i;

	call->reap.nr = 0;
	if (put_user(0, &uc->reaped))
		return -EFAULT;
	ret = cring_reap_init(&call->reap, call->c.reap, call->c.reap_nr,
			      call->c.flags & CRING_CANCEL_WAIT);
	for (i = 0; i < scope->nr && !ret; i++)
		ret = cring_reap_enter(&scope->reach[i].place, &call->reap,
				       scope->reach[i].ring);
	return ret;
}

static int cring_call_reaped(struct cring_cancel_call *call, void __user *arg)
{
	struct cring_cancel __user *uc = arg;
	struct cring_scope *scope = &call->scope;
	u32 i;

	for (i = 0; i < scope->nr; i++)
		cring_reap_leave(&scope->reach[i].place, scope->reach[i].ring);
	return put_user(cring_reap_exit(&call->reap), &uc->reaped);
}

static int cring_call_run(struct cring_cancel_call *call, void __user *arg)
{
	size_t size = call->c.nr * sizeof(*call->keys);
	int ret, fault = 0;

	if (call->c.flags & CRING_CANCEL_REAP)
		fault = cring_call_reap(call, arg);
	ret = fault;
	if (!fault || fault == -EFAULT)
		ret = cring_cancel_keys(call);
	if (call->c.flags & CRING_CANCEL_REAP && cring_call_reaped(call, arg))
		fault = -EFAULT;
	if (copy_to_user(u64_to_user_ptr(call->c.keys), call->keys, size))
		fault = -EFAULT;
	return fault ?: ret;
}

/* its frame is large */
static noinline_for_stack int cring_cancel_call(struct cring_ring *ring,
						const struct cring_cancel *c,
						void __user *arg)
{
	struct cring_cancel_call call;
	int ret;

	call.c = *c;
	ret = cring_call_keys(&call);
	if (!ret)
		ret = cring_scope_init(&call.scope, ring, call.c.flags);
	if (!ret) {
		ret = cring_call_run(&call, arg);
		cring_scope_exit(&call.scope);
	}
	cring_call_free(&call);
	return ret;
}

/**
 * cring_cancel_ioctl - CRING_IOC_CANCEL
 * @ring: of the caller's file, or NULL when it has none
 * @arg: user pointer to a struct cring_cancel
 *
 * Context: a thread of the owner, may sleep; takes no lock that a submitter
 * holds.
 * Return: 0, -EINVAL, -EBADFD, -EFAULT, -ENOMEM, -EBUSY, -ETIME or -EINTR.
 */
int cring_cancel_ioctl(struct cring_ring *ring, void __user *arg)
{
	struct cring_cancel c;
	int ret;

	if (copy_from_user(&c, arg, sizeof(c)))
		return ring ? -EFAULT : -EBADFD;
	if (!ring && !(c.flags & CRING_CANCEL_SCOPES))
		return -EBADFD;
	ret = cring_cancel_call_check(&c);
	if (ret)
		return ret;
	/* no wider scope: there is a ring */
	if (!c.flags) {
		ret = cring_cancel_bare(ring, &c);
		if (ret != -EAGAIN)
			return ret;
	}
	return cring_cancel_call(ring, &c, arg);
}
