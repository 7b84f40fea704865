/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a cancel looks for, and what becomes of what it finds.
 */
#ifndef _CRING_CANCEL_H
#define _CRING_CANCEL_H

#include "ring.h"

struct cring_comp;
struct cring_reap_place;
struct cring_scope;

/* index.c APIs: find requests by any key; under .lock */
/* the record that a link of the index leads to */
static inline struct cring_req *cring_linked(const struct cring_ring *ring,
					     u32 link)
{
	return (void *)ring->pool + link;
}

int cring_index_init(struct cring_ring *ring, u32 entries);
void cring_index_destroy(struct cring_ring *ring);
void cring_index_del_file(struct cring_req *req);
struct cring_req *cring_index_first(struct cring_ring *ring, enum cring_by by,
				    u64 value);
struct cring_req *cring_index_settled(struct cring_ring *ring, enum cring_by by,
				      u64 value);
struct cring_req *cring_index_next(struct cring_req *req, enum cring_by by,
				   const struct cring_req *first);
struct cring_req *cring_index_ticket(struct cring_ring *ring, u64 ticket);
bool cring_index_has_op(struct cring_ring *ring, u8 opcode);

/* young.c APIs: what is in none of its tables yet; under .lock */
void cring_index_add(struct cring_req *req);
void cring_index_del(struct cring_req *req);
void cring_index_settle(struct cring_ring *ring);
void cring_young_settle(struct cring_req *req);

/* match.c APIs: what a cancel means */
struct cring_filter {
	struct file *file;	/* referenced while in use, or NULL */
	u64 user_data;
	u64 ticket;
	u64 before;		/* tickets below this one */
	const struct pid *thread; /* what it has submitted, or NULL: any */
	u32 flags;		/* CRING_ASYNC_CANCEL_* */
	u32 group;
	u8 opcode;
	bool cancels;		/* cancels are meant, too */
};

int cring_cancel_check(const struct cring_match *match);
int cring_cancel_call_check(const struct cring_cancel *c);
bool cring_filter_matches(const struct cring_filter *filter,
			  const struct cring_req *req);
u64 cring_filter_value(const struct cring_filter *filter, enum cring_by by,
		       u8 opcode);
bool cring_by_user_data(u32 flags);
int cring_filter_init(const struct cring_scope *scope,
		      const struct cring_cancel_key *key,
		      struct cring_filter *filter);

/* find.c APIs: look for it in the index */
/**
 * struct cring_walk - a walk through some circles of the index, side by side
 * @ring: where
 * @filter: what is looked for
 * @opcode: of which a circle is being walked, if one of an opcode is
 * @nr: how many circles
 * @over: which of them was through first
 * @by: their keys
 * @at: what is to be looked at next in each, NULL when it is through
 * @last: and at last
 */
struct cring_walk {
	struct cring_ring *ring;
	const struct cring_filter *filter;
	unsigned int opcode;
	unsigned int nr;
	unsigned int over;
	enum cring_by by[CRING_NR_BY];
	struct cring_req *at[CRING_NR_BY];
	struct cring_req *last[CRING_NR_BY];
};

struct cring_req *cring_find_few(struct cring_ring *ring,
				 const struct cring_filter *filter, bool *over);
struct cring_req *cring_find(struct cring_ring *ring,
			     const struct cring_filter *filter);
enum cring_by cring_find_by(struct cring_ring *ring,
			    const struct cring_filter *filter);
void cring_walk_circle(struct cring_walk *walk, struct cring_ring *ring,
		       enum cring_by by, u64 value);
struct cring_req *cring_walk_next(struct cring_walk *walk);
void cring_walk_leave(struct cring_walk *walk, const struct cring_req *req,
		      enum cring_by by);

/* cancel.c APIs: claim, or tell to stop */
s32 cring_cancel(struct cring_ring *ring, const struct cring_filter *filter);
s32 cring_cancel_found(struct cring_comp *comp, struct cring_req *req,
		       struct cring_reap_place *reap, bool wait,
		       struct cring_req **told);
s32 cring_cancel_in(struct cring_comp *comp, const struct cring_filter *filter,
		    struct cring_reap_place *reap, bool wait,
		    struct cring_req **told);
enum cring_verdict cring_cancel_sqe(struct cring_req *cancel,
				    const struct cring_filter *filter);
int cring_cancel_claim(struct cring_req *req, bool tell,
		       struct list_head *rest);
int cring_cancel_one(struct cring_req *req, struct list_head *todo);
void cring_cancel_everything(struct cring_ring *ring);
void cring_cq_settle(struct cring_ring *ring);

/* pass.c APIs: one pass of one cancel */
/**
 * struct cring_pass - one pass of one cancel over what it matches
 * @ring: where
 * @filter: what
 * @todo: claimed, to be completed
 * @mark: ALL: its own mark, else 0
 * @by: ALL: the circles that it walks
 * @matched: how many
 * @already: how many of them were -EALREADY
 * @req: the last one of those ...
 * @word: ... and its word then
 * @reap: where the CQEs of what it names go, or NULL: to the CQ
 * @wait: mark what is -EALREADY as waited for
 * @waiting: look only at what waits, not at what is being executed
 * @expires: move the deadlines of what it matches there instead, or NULL
 */
struct cring_pass {
	struct cring_ring *ring;
	const struct cring_filter *filter;
	struct list_head todo;
	u32 mark;
	enum cring_by by;
	u32 matched;
	u32 already;
	struct cring_req *req;
	u64 word;
	struct cring_reap_place *reap;
	bool wait;
	bool waiting;
	const ktime_t *expires;
};

void cring_pass_run(struct cring_pass *pass, struct cring_ring *ring,
		    const struct cring_filter *filter,
		    struct cring_reap_place *reap, bool wait);
void cring_pass_rest(struct cring_pass *pass, struct cring_ring *ring,
		     const struct cring_filter *filter, u32 seq);
void cring_pass_move(struct cring_pass *pass, struct cring_ring *ring,
		     const struct cring_filter *filter,
		     const ktime_t *expires);
s32 cring_pass_answer(const struct cring_pass *pass);
struct cring_req *cring_pass_next(struct cring_ring *ring,
				  const struct cring_filter *filter,
				  struct cring_reap_place *reap, u64 *word);

/* reap.c APIs: CQEs that go to a canceller's memory */
/**
 * struct cring_reap - that memory
 * @nr: CQEs that it has room for
 * @used: CQEs written; by any ring, under its lock
 * @pages: pinned
 * @nr_pages: how many
 * @locked: how many of them count as the caller's locked memory
 * @offset: of the first CQE in the first of them
 * @few: @pages, if they are few
 */
struct cring_reap {
	u32 nr;
	atomic_t used;
	struct page **pages;
	u32 nr_pages;
	u32 locked;
	u32 offset;
	struct page *few[2];
};

/**
 * struct cring_reap_place - a reap in one ring
 * @reap: the reap, or NULL for none
 * @id: its number there
 * @marked: requests in flight that bear that number; under cring_ring.lock
 */
struct cring_reap_place {
	struct cring_reap *reap;
	u32 id;
	u32 marked;
};

int cring_reap_init(struct cring_reap *reap, u64 addr, u32 nr, bool wait);
u32 cring_reap_exit(struct cring_reap *reap);
int cring_reap_enter(struct cring_reap_place *place, struct cring_reap *reap,
		     struct cring_ring *ring);
void cring_reap_leave(struct cring_reap_place *place, struct cring_ring *ring);
void cring_reap_mark(struct cring_reap_place *place, struct cring_req *req);
bool cring_reap_post(struct cring_req *req, const struct cring_cqe *cqe);

/* owner.c APIs: the rings of one address space */
/**
 * struct cring_reach - one ring that a synchronous cancel reaches
 * @ring: which
 * @before: SQEs that it had accepted before the call
 * @place: where the call reaps there
 */
struct cring_reach {
	struct cring_ring *ring;
	u64 before;
	struct cring_reap_place place;
};

/**
 * struct cring_scope - what a synchronous cancel reaches
 * @reach: rings, referenced
 * @nr: how many
 * @thread: only what this one has submitted, or NULL
 * @caller: the ring of the caller's file, or NULL
 * @own: @reach, if that is that ring alone
 */
struct cring_scope {
	struct cring_reach *reach;
	u32 nr;
	const struct pid *thread;
	struct cring_ring *caller;
	struct cring_reach own;
};

int cring_owner_join(struct cring_ring *ring);
void cring_owner_leave(struct cring_ring *ring);
int cring_scope_init(struct cring_scope *scope, struct cring_ring *ring,
		     u32 flags);
void cring_scope_exit(struct cring_scope *scope);

/* cancel_sync.c APIs */
int cring_cancel_ioctl(struct cring_ring *ring, void __user *arg);

/* cancel_bare.c APIs: the same of keys that are a user_data */
int cring_cancel_bare(struct cring_ring *ring, const struct cring_cancel *c);

/* seal.c APIs: a cancel that stays in force */
int cring_seal(struct cring_ring *ring, const struct cring_cancel_key *key,
	       bool seal);
void cring_seal_batch(struct cring_ring *ring, u32 nr);
void cring_seal_exit(struct cring_ring *ring);

/* are there seals, now that the submitter's batch is announced? */
static inline bool cring_seal_seen(const struct cring_ring *ring)
{
	/* the batch before the look: pairs with cring_seal() */
	smp_mb();
	return READ_ONCE(ring->seals);
}

#endif /* _CRING_CANCEL_H */
