// SPDX-License-Identifier: GPL-2.0
/*
 * Users: what one may have at once, over all rings.
 *
 * A user is whose real user ID the process had that set up a ring, whatever it
 * does later, and whatever capabilities it has: what is bounded here (kernel
 * threads, memory that a hung device keeps) hurts all alike when root's program
 * runs away.  An administrator raises the limits.
 *
 * A ring counts from its set-up until its last reference is gone, so that
 * closing one whose operations hang makes no room for another.
 *
 * Workers: each ring may run one, always, so that rings whose operations block
 * for ever never keep another from going on.  What a ring runs beyond its first
 * counts against its user's limit too, and when that is reached the ring is put
 * on the user's list of starved rings.  A worker that ends, or a limit that is
 * raised, starts one for the first of them.
 */
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uidgid.h>

#include "cring.h"
#include "point.h"

unsigned int cring_max_user_rings = 1024;
module_param_named(max_user_rings, cring_max_user_rings, uint, 0644);
MODULE_PARM_DESC(max_user_rings, "rings that a user may have (default 1024)");

static const struct kernel_param_ops cring_user_workers_ops = {
	.set = cring_user_workers_set,
	.get = param_get_uint,
};

unsigned int cring_max_user_workers = 512;
module_param_cb(max_user_workers, &cring_user_workers_ops,
		&cring_max_user_workers, 0644);
__MODULE_PARM_TYPE(max_user_workers, "uint");
MODULE_PARM_DESC(max_user_workers,
		 "operations that all rings of a user run in workers at once; each ring may always run one (default 512)");

unsigned int cring_max_user_detached = 4096;
module_param_named(max_user_detached, cring_max_user_detached, uint, 0644);
MODULE_PARM_DESC(max_user_detached,
		 "operations that can be let go of which a user may have in flight, or let go of, at once (default 4096)");

/**
 * struct cring_user - what all rings of one user share
 * @node: in cring_users
 * @uid: who
 * @refs: rings that point here, and who looks at it; under cring_users_lock
 * @rings: rings that count
 * @detached: operations that count
 * @lock: of what follows, and of the same in each ring; a leaf, nests in
 *	cring_ring.queue_lock; any context
 * @workers: that are at work, of all rings
 * @starved: rings that would start one more
 */
struct cring_user {
	struct hlist_node node;
	kuid_t uid;
	u32 refs;
	atomic_t rings;
	atomic_t detached;
	spinlock_t lock;	/* see above */
	u32 workers;
	struct list_head starved;
};

static DEFINE_HASHTABLE(cring_users, 6);
static DEFINE_SPINLOCK(cring_users_lock);

static struct cring_user *cring_user_find(kuid_t uid)
{
	struct cring_user *user;

	hash_for_each_possible(cring_users, user, node, __kuid_val(uid))
		if (uid_eq(user->uid, uid))
			return user;
	return NULL;
}

static struct cring_user *cring_user_new(kuid_t uid)
{
	struct cring_user *user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);

	if (!user)
		return NULL;
	user->uid = uid;
	spin_lock_init(&user->lock);
	INIT_LIST_HEAD(&user->starved);
	return user;
}

/**
 * cring_user_join - the ring counts as the calling user's from here on
 * @ring: being set up
 *
 * Context: process, may sleep.
 * Return: 0, -ENOMEM, or -EDQUOT when the user has as many as he may have.
 */
int cring_user_join(struct cring_ring *ring)
{
	struct cring_user *new = cring_user_new(current_uid()), *user;
	int ret = 0;

	INIT_LIST_HEAD(&ring->starved);
	if (!new)
		return -ENOMEM;
	spin_lock(&cring_users_lock);
	user = cring_user_find(new->uid);
	if ((user ? atomic_read(&user->rings) : 0) >=
	    READ_ONCE(cring_max_user_rings))
		ret = -EDQUOT;
	if (!ret && !user) {
		user = new;
		new = NULL;
		hash_add(cring_users, &user->node, __kuid_val(user->uid));
	}
	if (!ret) {
		user->refs++;
		atomic_inc(&user->rings);
		ring->user = user;
	}
	spin_unlock(&cring_users_lock);
	kfree(new);
	return ret;
}

/**
 * cring_user_leave - the ring no longer counts
 * @ring: about to be freed
 *
 * Context: any.
 */
void cring_user_leave(struct cring_ring *ring)
{
	atomic_dec(&ring->user->rings);
}

/* drop a reference; under cring_users_lock; true when the caller frees it */
static bool cring_user_unref(struct cring_user *user)
{
	if (--user->refs)
		return false;
	hash_del(&user->node);
	return true;
}

/**
 * cring_user_put - nothing of the ring refers to its user any more
 * @ring: has left, its workers have ended; or never joined
 *
 * Context: process.
 */
void cring_user_put(struct cring_ring *ring)
{
	struct cring_user *user = ring->user;
	bool last;

	if (!user)
		return;
	spin_lock_irq(&user->lock);
	list_del_init(&ring->starved);
	spin_unlock_irq(&user->lock);

	spin_lock(&cring_users_lock);
	last = cring_user_unref(user);
	spin_unlock(&cring_users_lock);
	if (last)
		kfree(user);
}

/**
 * cring_user_worker_get - may the ring start one more worker?
 * @ring: has something to run; if it may not, it is starved from here on
 *
 * Context: cring_ring.queue_lock.
 * Return: true when it may, and the worker counts.
 */
bool cring_user_worker_get(struct cring_ring *ring)
{
	struct cring_user *user = ring->user;
	bool may;

	lockdep_assert_held(&ring->queue_lock);
	spin_lock(&user->lock);
	may = !ring->busy_workers ||
	      user->workers < READ_ONCE(cring_max_user_workers);
	if (may) {
		ring->busy_workers++;
		user->workers++;
	} else if (list_empty(&ring->starved)) {
		list_add_tail(&ring->starved, &user->starved);
	}
	spin_unlock(&user->lock);
	return may;
}

/**
 * cring_user_worker_put - a worker has nothing to run any more
 * @ring: whose; cring_user_feed() comes afterwards
 *
 * Context: cring_ring.queue_lock.
 */
void cring_user_worker_put(struct cring_ring *ring)
{
	struct cring_user *user = ring->user;

	lockdep_assert_held(&ring->queue_lock);
	spin_lock(&user->lock);
	ring->busy_workers--;
	user->workers--;
	spin_unlock(&user->lock);
}

/*
 * The first starved ring, if a worker may be started: referenced, off the list.
 * The worker counts from here on, or another feeder would give its place to the
 * next ring.
 */
static struct cring_ring *cring_user_starved(struct cring_user *user)
{
	struct cring_ring *ring = NULL;

	spin_lock_irq(&user->lock);
	while (!ring && !list_empty(&user->starved) &&
	       user->workers < READ_ONCE(cring_max_user_workers)) {
		ring = list_first_entry(&user->starved, struct cring_ring,
					starved);
		list_del_init(&ring->starved);
		/* it may be on its way out, but not out while it was listed */
		if (!refcount_inc_not_zero(&ring->refs)) {
			ring = NULL;
			continue;
		}
		ring->busy_workers++;
		user->workers++;
	}
	spin_unlock_irq(&user->lock);
	return ring;
}

/* it may have more to run; if not, that is seen when its turn comes */
static void cring_user_starve(struct cring_ring *ring)
{
	struct cring_user *user = ring->user;

	spin_lock_irq(&user->lock);
	if (list_empty(&ring->starved))
		list_add_tail(&ring->starved, &user->starved);
	spin_unlock_irq(&user->lock);
}

/**
 * cring_user_feed - a worker has ended, or the limit was raised: others may start
 * @user: whose
 *
 * Each starved ring gets one worker in its turn, and no more than it has work.
 *
 * Context: process, no cring lock held; @user stays.
 */
void cring_user_feed(struct cring_user *user)
{
	struct cring_ring *ring;

	while ((ring = cring_user_starved(user))) {
		cring_at(CRING_AT_FEED, ring, NULL);
		if (cring_work_start_counted(ring))
			cring_user_starve(ring);
		cring_ring_put(ring);
	}
}

/* each user in turn; one that is looked at stays, and with it its place */
static void cring_user_feed_all(void)
{
	struct cring_user *user, *before = NULL;
	unsigned int bucket;
	bool last = false;

	spin_lock(&cring_users_lock);
	hash_for_each(cring_users, bucket, user, node) {
		user->refs++;
		last = before && cring_user_unref(before);
		spin_unlock(&cring_users_lock);
		if (last)
			kfree(before);
		cring_user_feed(user);
		before = user;
		spin_lock(&cring_users_lock);
	}
	last = before && cring_user_unref(before);
	spin_unlock(&cring_users_lock);
	if (last)
		kfree(before);
}

/**
 * cring_user_workers_set - set max_user_workers
 * @val: the number
 * @kp: the parameter
 *
 * Rings that starve get what a larger one allows at once.
 *
 * Context: process, may sleep.
 * Return: 0, or why @val is none.
 */
int cring_user_workers_set(const char *val, const struct kernel_param *kp)
{
	int ret = param_set_uint(val, kp);

	if (!ret)
		cring_user_feed_all();
	return ret;
}

/**
 * cring_user_detach_get - count an operation that can be let go of
 * @user: whose ring it is in
 *
 * Context: any.
 * Return: 0, or -EAGAIN when the user has as many as he may have.
 */
int cring_user_detach_get(struct cring_user *user)
{
	if (atomic_inc_return(&user->detached) <=
	    READ_ONCE(cring_max_user_detached))
		return 0;
	atomic_dec(&user->detached);
	return -EAGAIN;
}

/**
 * cring_user_detach_put - it is over: its device has answered, too
 * @user: that was given to cring_user_detach_get(); has a ring still
 *
 * Context: any.
 */
void cring_user_detach_put(struct cring_user *user)
{
	atomic_dec(&user->detached);
}

/**
 * cring_user_query - what a user may have
 * @query: its limits of users are filled
 */
void cring_user_query(struct cring_query *query)
{
	query->max_rings = READ_ONCE(cring_max_user_rings);
	query->max_workers = READ_ONCE(cring_max_user_workers);
	query->max_detached = READ_ONCE(cring_max_user_detached);
}
