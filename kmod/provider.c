// SPDX-License-Identifier: GPL-2.0
/*
 * Providers: operations of other modules.
 *
 * A call is DISPATCHED while its provider has it, and ARMED while, besides, it
 * has set a cancel routine: those two are told apart by a cancel as everything
 * else is.  Whoever moves the word out of them to CLAIMED, the provider that
 * completes or the cancel, ends the operation; setting and clearing a routine
 * are moves of the same word.  There is nothing else to agree on.
 *
 * The loser may come late: a provider's timer may fire while a cancel takes the
 * call.  So the provider has a hold of its own on the record, and on the ring,
 * which it drops when it will not touch the call again.
 *
 * A provider's entry has one reference while it is registered, and one for each
 * call from the acceptance of its SQE to the release of its record.
 */
#include <linux/completion.h>
#include <linux/cring_kernel.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "cring.h"

#define CRING_NR_PROVIDERS \
	(CRING_OP_PROVIDER_LAST - CRING_OP_PROVIDER_FIRST + 1)

/**
 * struct cring_provided - the core's side of a provider
 * @refs: registered; each call
 * @idle: the last reference is gone
 * @owner: the provider's module
 * @file: its calls have a file
 * @issue: the provider's
 * @release: the provider's, or NULL
 */
struct cring_provided {
	refcount_t refs;
	struct completion idle;
	struct module *owner;
	bool file;
	void (*issue)(struct cring_call *call);
	void (*release)(struct cring_call *call);
};

/* registering and unregistering; never held while calls are waited for */
static DEFINE_MUTEX(cring_provider_mutex);
/* those that take new calls; written under the mutex */
static struct cring_provided __rcu *cring_providers[CRING_NR_PROVIDERS];

static struct cring_req *cring_call_req(const struct cring_call *call)
{
	return container_of((struct cring_call *)call, struct cring_req, call);
}

/* --- the operation --- */

static void cring_provided_put(struct cring_provided *by)
{
	if (refcount_dec_and_test(&by->refs))
		complete(&by->idle);
}

static struct cring_provided *cring_provided_get(u8 opcode)
{
	unsigned int slot = array_index_nospec(opcode - CRING_OP_PROVIDER_FIRST,
					       CRING_NR_PROVIDERS);
	struct cring_provided *by;

	rcu_read_lock();
	by = rcu_dereference(cring_providers[slot]);
	if (by && !try_module_get(by->owner))
		by = NULL;
	/* it is registered still, which is a reference */
	if (by)
		refcount_inc(&by->refs);
	rcu_read_unlock();
	return by;
}

static int cring_provider_prep(struct cring_req *req,
			       const struct cring_sqe *sqe)
{
	struct cring_provided *by = cring_provided_get(req->opcode);

	/* unregistered just now: no such operation */
	if (!by)
		return -EINVAL;
	/* and another registered in its place, of the other kind */
	if (by->file != !!req->file) {
		struct module *owner = by->owner;

		cring_provided_put(by);
		module_put(owner);
		return -EINVAL;
	}
	req->call = (struct cring_call) {
		.off = sqe->off,
		.addr = sqe->addr,
		.len = sqe->len,
		.flags = sqe->op_flags,
		.fd_in = sqe->fd_in,
		.buf_index = sqe->buf_index,
		.ioprio = sqe->ioprio,
		.kernel = req->ring->in_kernel,
		.file = req->file,
		.by = by,
	};
	return 0;
}

static enum cring_verdict cring_provider_issue(struct cring_req *req,
					       enum cring_how how)
{
	if (!cring_req_ident(req)) {
		req->res = -ENOMEM;
		return CRING_V_DONE;
	}
	/* a cancel may be looking whether it is to be told of it */
	cring_req_note(req, CRING_REQ_STARTED);
	/* the completion's, the provider's, and until its method has returned */
	atomic_set(&req->refs, 3);
	/* the provider may come back when all CQEs are posted */
	refcount_inc(&req->ring->refs);
	cring_park(req, how == CRING_HOW_WORKER ? CRING_RUNNING : CRING_INLINE,
		   CRING_DISPATCHED);
	req->call.by->issue(&req->call);
	cring_req_put(req, how == CRING_HOW_WORKER);
	return CRING_V_PENDING;
}

/* claimed by a cancel: the routine, if it had been armed with one */
static void cring_provider_cancel(struct cring_req *req)
{
	if (!req->call.cancel)
		return;
	/* may be atomic context, so it must be fit for it whenever it is not */
	non_block_start();
	req->call.cancel(&req->call);
	non_block_end();
}

static void cring_provider_cleanup(struct cring_req *req)
{
	struct cring_provided *by = req->call.by;
	struct module *owner = by->owner;

	/* a worker may have given it back before the CQE */
	req->call.file = req->file;
	if (by->release)
		by->release(&req->call);
	cring_provided_put(by);
	module_put(owner);
}

static const struct cring_op cring_op_provider = {
	.name = "PROVIDER",
	.flags = CRING_OPF_MEM,
	.prep = cring_provider_prep,
	.issue = cring_provider_issue,
	.cancel = cring_provider_cancel,
	.cleanup = cring_provider_cleanup,
};

static const struct cring_op cring_op_provider_file = {
	.name = "PROVIDER",
	.flags = CRING_OPF_MEM | CRING_OPF_FILE,
	.prep = cring_provider_prep,
	.issue = cring_provider_issue,
	.cancel = cring_provider_cancel,
	.cleanup = cring_provider_cleanup,
};

/* --- a provider's life --- */

/* 0 when all are taken */
static u8 cring_provider_free_opcode(void)
{
	unsigned int opcode;

	for (opcode = CRING_OP_PROVIDER_FIRST; opcode <= CRING_OP_PROVIDER_LAST;
	     opcode++)
		if (!cring_op_get(opcode))
			return opcode;
	return 0;
}

static int cring_provider_add(struct cring_provider *provider,
			      struct cring_provided *by)
{
	u8 opcode = provider->opcode ?: cring_provider_free_opcode();

	lockdep_assert_held(&cring_provider_mutex);
	if (!opcode)
		return -ENOSPC;
	if (cring_op_get(opcode))
		return -EBUSY;
	provider->opcode = opcode;
	provider->provided = by;
	rcu_assign_pointer(cring_providers[opcode - CRING_OP_PROVIDER_FIRST],
			   by);
	cring_op_set(opcode, provider->flags & CRING_PROVIDER_FILE ?
			     &cring_op_provider_file : &cring_op_provider);
	return 0;
}

/**
 * cring_provider_register - offer an operation to programs and kernel callers
 * @provider: what it is; @opcode is filled in
 *
 * Its issue method may be called before this returns.
 *
 * Context: process, may sleep.
 * Return: 0; -EINVAL when something is wrong or missing; -EBUSY when the opcode
 * is taken; -ENOSPC when all are; -ENOMEM.
 */
int cring_provider_register(struct cring_provider *provider)
{
	struct cring_provided *by;
	int ret;

	if (!provider->issue || provider->flags & ~CRING_PROVIDER_FILE ||
	    (provider->opcode && provider->opcode < CRING_OP_PROVIDER_FIRST))
		return -EINVAL;
	by = kzalloc(sizeof(*by), GFP_KERNEL);
	if (!by)
		return -ENOMEM;
	refcount_set(&by->refs, 1);
	init_completion(&by->idle);
	by->owner = provider->owner;
	by->file = provider->flags & CRING_PROVIDER_FILE;
	by->issue = provider->issue;
	by->release = provider->release;

	mutex_lock(&cring_provider_mutex);
	ret = cring_provider_add(provider, by);
	mutex_unlock(&cring_provider_mutex);
	if (ret)
		kfree(by);
	return ret;
}
EXPORT_SYMBOL_GPL(cring_provider_register);

/**
 * cring_provider_unregister - no more calls, and wait until all are over
 * @provider: registered
 *
 * An SQE with its opcode is refused with -EINVAL from here on.  When this
 * returns the provider has ended its part of every call, and no method of it
 * runs.  What is left of its own code, behind its last cring_call_complete() or
 * cring_call_put(), is its own to wait for (synchronize_rcu() is enough for
 * interrupts).
 *
 * Context: process, may sleep, as long as its calls last.
 */
void cring_provider_unregister(struct cring_provider *provider)
{
	unsigned int slot = provider->opcode - CRING_OP_PROVIDER_FIRST;
	struct cring_provided *by = provider->provided;

	mutex_lock(&cring_provider_mutex);
	rcu_assign_pointer(cring_providers[slot], NULL);
	mutex_unlock(&cring_provider_mutex);
	/* who has seen it registered has taken a reference by then */
	synchronize_rcu();
	cring_provided_put(by);
	wait_for_completion(&by->idle);

	mutex_lock(&cring_provider_mutex);
	cring_op_set(provider->opcode, NULL);
	mutex_unlock(&cring_provider_mutex);
	provider->provided = NULL;
	kfree(by);
}
EXPORT_SYMBOL_GPL(cring_provider_unregister);

/* --- what a provider does with a call --- */

/**
 * cring_call_set_cancel - make a call cancellable
 * @call: the provider's, without a routine
 * @fn: what a cancel calls that takes the call from now on
 *
 * When the call has been told to stop before, @fn is called at once, by this
 * function, and the call ends in -ECANCELED.
 *
 * Context: any that @fn fits.
 * Return: true when the routine is set; false when it was called, or when the
 * provider has completed the call meanwhile: who does both at once knows by the
 * answer of its cring_call_complete() which hold is left to drop.
 */
bool cring_call_set_cancel(struct cring_call *call, cring_cancel_fn *fn)
{
	struct cring_req *req = cring_call_req(call);

	if (WARN_ON_ONCE(cring_word_state(atomic64_read(&req->word)) !=
			 CRING_DISPATCHED))
		return false;
	/* before the move, which is a full barrier, lets a cancel see it */
	call->cancel = fn;
	while (!cring_word_move(&req->word, CRING_DISPATCHED, CRING_ARMED)) {
		u64 word = atomic64_read(&req->word);

		/* completed at the same time: the provider's own doing */
		if (cring_word_state(word) != CRING_DISPATCHED)
			return false;
		if (!(word & CRING_WORD_CANCEL) ||
		    !cring_word_claim(&req->word, word))
			continue;
		cring_provider_cancel(req);
		cring_complete(req, -ECANCELED);
		return false;
	}
	return true;
}
EXPORT_SYMBOL_GPL(cring_call_set_cancel);

/**
 * cring_call_clear_cancel - make a call not cancellable again
 * @call: the provider's, with a routine
 *
 * Context: any.
 * Return: true when the routine was cleared and will not be called; false when
 * a cancel has taken the call: its routine was called, is running, or is about
 * to be.
 */
bool cring_call_clear_cancel(struct cring_call *call)
{
	return cring_word_dispatch(&cring_call_req(call)->word, CRING_ARMED);
}
EXPORT_SYMBOL_GPL(cring_call_clear_cancel);

/**
 * cring_call_is_cancelled - was a call told to stop?
 * @call: the provider's
 *
 * Context: any.
 * Return: true when a cancel has taken it, or has found it without a routine.
 */
bool cring_call_is_cancelled(const struct cring_call *call)
{
	u64 word = atomic64_read(&cring_call_req(call)->word);

	/* claimed, or posted even, and not by its provider */
	return word & CRING_WORD_CANCEL ||
	       (cring_word_state(word) != CRING_DISPATCHED &&
		cring_word_state(word) != CRING_ARMED);
}
EXPORT_SYMBOL_GPL(cring_call_is_cancelled);

/**
 * cring_call_put - a provider will not touch a call again
 * @call: the provider's; one that a cancel has taken
 *
 * Context: any, also a cancel routine.
 */
void cring_call_put(struct cring_call *call)
{
	struct cring_req *req = cring_call_req(call);
	struct cring_ring *ring = req->ring;

	cring_req_put(req, false);
	cring_ring_put(ring);
}
EXPORT_SYMBOL_GPL(cring_call_put);

/**
 * cring_call_complete - end a call
 * @call: the provider's; not to be touched afterwards, whatever this returns
 * @res: its result
 *
 * Context: any.
 * Return: true when the call ended with @res; false when a cancel had taken it,
 * and it ends, or has ended, in -ECANCELED.
 */
bool cring_call_complete(struct cring_call *call, s32 res)
{
	struct cring_req *req = cring_call_req(call);
	bool ours = false;

	while (!ours) {
		u64 word = atomic64_read(&req->word);
		enum cring_state state = cring_word_state(word);

		if (state != CRING_DISPATCHED && state != CRING_ARMED)
			break;
		ours = cring_word_claim(&req->word, word);
	}
	if (ours)
		cring_complete(req, res);
	cring_call_put(call);
	return ours;
}
EXPORT_SYMBOL_GPL(cring_call_complete);
