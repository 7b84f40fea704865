// SPDX-License-Identifier: GPL-2.0
/*
 * Arming: wait on a file's wait queues until it may be tried again.
 *
 * The wake-up callback runs under the wait queue's lock, in any context.  It
 * makes the request READY, takes its own entry off, and kicks the ring; it
 * takes no ring lock.  Whoever then takes the request, to run or to cancel it,
 * takes the remaining entries off; the wait queue's lock makes sure that no
 * callback is still running when that is done.
 *
 * A wait queue may be freed before its file (signalfd, for one): its owner
 * then wakes with POLLFREE and frees it after a grace period.  So the pointer
 * to the queue's head is read under RCU, and cleared by the wake-up that takes
 * the entry off.
 */
#include "circle.h"
#include "point.h"

/* the head is kept in the entry's otherwise unused private pointer */
static struct wait_queue_head *
cring_entry_head(const struct wait_queue_entry *entry)
{
	/* NULL once a wake-up has done with the entry */
	return smp_load_acquire(&entry->private);
}

static int cring_wake(struct cring_req *req, struct wait_queue_entry *entry,
		      void *key)
{
	__poll_t mask = key_to_poll(key);

	if (mask && !(mask & (req->events | POLLFREE)))
		return 0;

	for (;;) {
		u64 word = atomic64_read(&req->word);

		cring_at(CRING_AT_WAKE, req->ring, req);
		if (cring_word_state(word) == CRING_ARMED) {
			if (cring_ready_wake(req))
				break;
		} else if (cring_word_state(word) == CRING_INLINE ||
			   cring_word_state(word) == CRING_RUNNING) {
			/* still being armed: tell who does it */
			if (word & CRING_WORD_WOKEN ||
			    cring_word_set(&req->word, word, CRING_WORD_WOKEN))
				break;
		} else {
			break;	/* taken */
		}
	}

	list_del_init(&entry->entry);
	/* off the queue, POLLFREE cannot reach us any more: the last access */
	smp_store_release(&entry->private, NULL);
	return 1;
}

static int cring_wake_first(struct wait_queue_entry *entry, unsigned int mode,
			    int sync, void *key)
{
	return cring_wake(container_of(entry, struct cring_req, wait[0]),
			  entry, key);
}

static int cring_wake_second(struct wait_queue_entry *entry, unsigned int mode,
			     int sync, void *key)
{
	return cring_wake(container_of(entry, struct cring_req, wait[1]),
			  entry, key);
}

struct cring_poll_table {
	struct poll_table_struct pt;
	struct cring_req *req;
	int error;
};

static void cring_queue_proc(struct file *file, struct wait_queue_head *head,
			     struct poll_table_struct *pt)
{
	struct cring_poll_table *cpt = container_of(pt, struct cring_poll_table,
						    pt);
	struct cring_req *req = cpt->req;
	struct wait_queue_entry *entry = req->wait;
	wait_queue_func_t wake = cring_wake_first;

	/* mostly there is one */
	if (unlikely(req->nr_wait)) {
		if (req->nr_wait == ARRAY_SIZE(req->wait)) {
			cpt->error = -EOPNOTSUPP;
			return;
		}
		entry++;
		wake = cring_wake_second;
	}
	req->nr_wait++;
	init_waitqueue_func_entry(entry, wake);
	entry->private = head;
	/* who polls a file may sleep, so interrupts are on */
	spin_lock_irq(&head->lock);
	__add_wait_queue(head, entry);
	spin_unlock_irq(&head->lock);
}

static void cring_poll_table_init(struct cring_poll_table *cpt)
{
	init_poll_funcptr(&cpt->pt, cring_queue_proc);
	cpt->error = 0;
}

/* on the file's wait queues from here on: what is it ready for? */
static __always_inline __poll_t cring_ask(struct cring_poll_table *cpt,
					  struct cring_req *req)
{
	cpt->req = req;
	req->events |= EPOLLERR | EPOLLHUP;
	req->nr_wait = 0;
	cpt->pt._key = req->events;
	return vfs_poll(req->file, &cpt->pt) & req->events;
}

/**
 * cring_hook - put a request on the one wait queue of its file
 * @req: INLINE, the caller's, on a file that can be polled
 *
 * Context: process.
 * Return: false when it is ready now, or that is not one queue: then the caller takes
 * it off.
 */
bool cring_hook(struct cring_req *req)
{
	struct cring_poll_table cpt;

	cring_poll_table_init(&cpt);
	return !cring_ask(&cpt, req) && req->nr_wait == 1;
}

/**
 * cring_hooked - may a wake-up still look at what cring_hook() has put there?
 * @req: woken since, and the caller's
 *
 * Context: any.
 * Return: false when it is off the queue, and nobody does.
 */
bool cring_hooked(const struct cring_req *req)
{
	return cring_entry_head(&req->wait[0]);
}

/**
 * cring_unhook - take a request off the wait queues it is on
 * @req: the caller's: not ARMED, and never to wait for anything again
 *
 * Whatever else is done with the request comes after this.
 *
 * Context: any; takes wait queues' locks.
 */
void cring_unhook(struct cring_req *req)
{
	struct wait_queue_entry *entry = req->wait, *end = entry + req->nr_wait;
	struct wait_queue_head *head;
	unsigned long irqflags;

	for (; entry < end; entry++) {
		rcu_read_lock();
		head = cring_entry_head(entry);
		if (head) {
			spin_lock_irqsave(&head->lock, irqflags);
			list_del_init(&entry->entry);
			spin_unlock_irqrestore(&head->lock, irqflags);
		}
		rcu_read_unlock();
	}
	req->nr_wait = 0;
}

/* the only queue that a record in such a list is on, or NULL */
static struct wait_queue_head *cring_hook_of(struct llist_node *node)
{
	struct cring_req *req = llist_entry(node, struct cring_req, free_node);

	return req->nr_wait == 1 ? cring_entry_head(req->wait) : NULL;
}

/**
 * cring_unhook_many - the same of many, which are mostly on one queue each
 * @node: such requests, by @free_node, one at least
 *
 * Those that follow each other on one queue leave it together.  There are so many at
 * most that interrupts are off for a short time.
 *
 * Context: process; takes wait queues' locks.
 */
void cring_unhook_many(struct llist_node *node)
{
	struct wait_queue_head *head;
	struct cring_req *req;

	rcu_read_lock();
	do {
		req = llist_entry(node, struct cring_req, free_node);
		head = cring_hook_of(node);
		if (!head) {
			cring_unhook(req);
			node = node->next;
			continue;
		}
		spin_lock_irq(&head->lock);
		do {
			req = llist_entry(node, struct cring_req, free_node);
			list_del_init(&req->wait->entry);
			node = node->next;
		} while (node && cring_hook_of(node) == head);
		spin_unlock_irq(&head->lock);
	} while (node);
	rcu_read_unlock();
}

/**
 * cring_disarm - the same for one that may be armed again
 * @req: the caller's: not ARMED, and no longer to be woken
 *
 * Context: any; takes wait queues' locks.
 */
void cring_disarm(struct cring_req *req)
{
	if (!req->nr_wait)
		return;
	cring_unhook(req);
	cring_word_unwake(&req->word);
}

/* not armed after all: why? */
static enum cring_verdict cring_arm_undo(struct cring_req *req, int res)
{
	cring_disarm(req);
	if (atomic64_read(&req->word) & CRING_WORD_CANCEL)
		res = -ECANCELED;
	req->res = res;
	return res ? CRING_V_DONE : CRING_V_ARM;
}

/*
 * As cring_park() does; one alone has nothing else to be parked.  @plain: it is one of
 * cring_poll_is_plain(), which nobody else has had: its state is @from, and a deadline
 * that it was given since stands in @lflags.
 */
static __always_inline bool cring_arm_park(struct cring_req *req,
					   enum cring_state from, bool plain)
{
	struct cring_ring *ring = req->ring;
	bool alone, parked;

	spin_lock_irq(&ring->lock);
	alone = !req->lflags && list_empty(&req->chain) &&
		(plain || (cring_word_state(atomic64_read(&req->word)) == from &&
			   !cring_deadline_given(req)));
	if (likely(alone)) {
		cring_young_add(req);
		parked = cring_word_move(&req->word, from, CRING_ARMED);
	}
	spin_unlock_irq(&ring->lock);
	return likely(alone) ? parked : cring_park(req, from, CRING_ARMED);
}

/* what its file says: PENDING when it is to wait there */
static __always_inline enum cring_verdict
cring_arm_look(struct cring_poll_table *cpt, struct cring_req *req)
{
	__poll_t mask = cring_ask(cpt, req);

	/* a poll wants to know no more than that */
	if (mask && req->opcode == CRING_OP_POLL_ADD)
		return cring_arm_undo(req, mangle_poll(mask));
	if (unlikely(cpt->error))
		return cring_arm_undo(req, cpt->error);
	if (mask)
		return cring_arm_undo(req, 0);
	if (unlikely(!req->nr_wait))
		return cring_arm_undo(req, -EOPNOTSUPP);
	return CRING_V_PENDING;
}

/**
 * cring_arm - wait until a file is ready for @req->events
 * @req: INLINE or RUNNING, the caller's, on a file that can be polled
 * @from: which of the two
 *
 * Context: process.
 * Return: CRING_V_PENDING when it is armed; CRING_V_ARM when it is ready now
 * and should be tried again; CRING_V_DONE when it was told to stop, or cannot
 * be armed, or is a poll and ready.
 */
enum cring_verdict cring_arm(struct cring_req *req, enum cring_state from)
{
	struct cring_poll_table cpt;
	enum cring_verdict verdict;

	cring_poll_table_init(&cpt);
	verdict = cring_arm_look(&cpt, req);
	if (verdict != CRING_V_PENDING)
		return verdict;
	if (!cring_req_ident(req))
		return cring_arm_undo(req, -ENOMEM);
	if (likely(cring_arm_park(req, from, false)))
		return CRING_V_PENDING;
	return cring_arm_undo(req, 0);
}

/* the next of a batch if it is such a poll, and nothing comes before it */
static __always_inline struct cring_req *
cring_arm_next(struct cring_ring *ring, struct cring_batch *batch)
{
	struct cring_req *req;

	if (batch->next == batch->nr || !list_empty(&ring->ready) ||
	    ring->drain)
		return NULL;
	/* else it is for cring_batch_next() */
	req = ring->batch[batch->next];
	/* data_race: if it was stopped it is not there to be moved */
	if (!data_race(cring_poll_is_plain(req)) ||
	    !cring_word_move(&req->word, CRING_ACCEPTED, CRING_INLINE))
		return NULL;
	batch->next++;
	return req;
}

/**
 * cring_arm_polls - arm the polls of a batch as long as they follow each other
 * @at: the first, INLINE, the caller's, of which cring_poll_is_plain(); set to the
 *	last one that was looked at
 * @batch: the submitter's
 *
 * The first look at each is the one that arms it, see op_poll.c.
 *
 * Context: the submitter, under submit_mutex; may sleep.
 * Return: as cring_arm(), of the last one; those before it are armed.
 */
enum cring_verdict cring_arm_polls(struct cring_req **at,
				   struct cring_batch *batch)
{
	struct cring_req *req = *at;
	struct cring_ring *ring = req->ring;
	struct cring_ident *ident = NULL;
	struct cring_poll_table cpt;
	enum cring_verdict verdict;
	unsigned int spare = 0;

	cring_poll_table_init(&cpt);
	do {
		*at = req;
		verdict = cring_arm_look(&cpt, req);
		if (unlikely(verdict != CRING_V_PENDING))
			break;
		if (likely(!req->ident)) {
			/* for all that may follow */
			if (!spare) {
				spare = batch->nr - batch->next + 1;
				ident = cring_ident_get_many(ring, spare);
			}
			if (unlikely(!ident)) {
				spare = 0;
				verdict = cring_arm_undo(req, -ENOMEM);
				break;
			}
			/* as cring_req_ident() */
			smp_store_release(&req->ident, ident);
			spare--;
		}
		if (unlikely(!cring_arm_park(req, CRING_INLINE, true))) {
			verdict = cring_arm_undo(req, 0);
			break;
		}
		req = cring_arm_next(ring, batch);
	} while (req);
	if (spare)
		cring_ident_put_many(ident, spare);
	return verdict;
}
