// SPDX-License-Identifier: MIT
/*
 * Sealing, and moving deadlines.
 */
#include "stress.h"

void seal(struct box *b, struct actor *a)
{
	unsigned int g = pick(&a->rng, 8) ? 1 + pick(&a->rng, GROUPS) : 0;
	struct meaning m = { g ? BY_GROUP : ANYTHING, g, false };

	pthread_mutex_lock(&b->lock);
	if (b->sealed[g]) {
		pthread_mutex_unlock(&b->lock);
		return;
	}
	b->sealed[g] = 1;
	b->seals[g]++;
	pthread_mutex_unlock(&b->lock);
	run_all(b, a, &m, g ? cring_key_group(g, CRING_ASYNC_CANCEL_ALL) :
			      cring_key_any(CRING_ASYNC_CANCEL_ALL), CRING_CANCEL_SEAL);
	pthread_mutex_lock(&b->lock);
	b->sealed[g] = 2;
	b->seals[g]++;
	pthread_mutex_unlock(&b->lock);
}

void reopen(struct box *b, struct actor *a)
{
	unsigned int g = pick(&a->rng, GROUPS + 1), i;
	struct cring_cancel_key key;

	pthread_mutex_lock(&b->lock);
	for (i = 0; i <= GROUPS && b->sealed[g] != 2; i++)
		g = (g + 1) % (GROUPS + 1);
	if (b->sealed[g] != 2) {
		pthread_mutex_unlock(&b->lock);
		return;
	}
	b->sealed[g] = 1;
	b->seals[g]++;
	pthread_mutex_unlock(&b->lock);
	key = g ? cring_key_group(g, CRING_ASYNC_CANCEL_ALL) :
		  cring_key_any(CRING_ASYNC_CANCEL_ALL);
	if (cring_cancel_sync_many(&b->ring, &key, 1, CRING_CANCEL_REOPEN, 0) || key.res)
		wrong(b, NULL, "it was not reopened");
	pthread_mutex_lock(&b->lock);
	b->sealed[g] = 0;
	b->seals[g]++;
	pthread_mutex_unlock(&b->lock);
}

static void move_one(struct box *b, struct actor *a, uint64_t ns)
{
	struct op *op = &b->ops[pick(&a->rng, SLOTS)];
	struct cring_cancel_key key;
	enum phase phase;
	int ret;

	pthread_mutex_lock(&b->lock);
	if (op->phase == IDLE || op->kind == CANCEL) {
		pthread_mutex_unlock(&b->lock);
		return;
	}
	phase = op->phase;
	op->timed = true;
	op->pins++;
	key = cring_key64(op->id, 0);
	pthread_mutex_unlock(&b->lock);
	ret = cring_deadline_move(&b->ring, &key, ns, 0);
	pthread_mutex_lock(&b->lock);
	if (ret && ret != -ENOENT && ret != -EALREADY)
		wrong(b, op, "its deadline could not be moved");
	if (phase == ENDED && ret != -ENOENT)
		wrong(b, op, "its deadline was moved, and it is over");
	op->pins--;
	pthread_mutex_unlock(&b->lock);
}

void move_deadline(struct box *b, struct actor *a)
{
	struct meaning m = { BY_GROUP, 1 + pick(&a->rng, GROUPS), true };
	struct cring_cancel_key key = cring_key_group(m.value, CRING_ASYNC_CANCEL_ALL);
	uint64_t ns = pick(&a->rng, 1000000);
	struct op *op;

	if (pick(&a->rng, 4)) {
		move_one(b, a, ns);
		return;
	}
	pthread_mutex_lock(&b->lock);
	b->meanings[a->nr] = m;
	for (op = b->ops; op < b->ops + SLOTS; op++)
		op->timed |= op->phase != ENDED && means(&m, op);
	pthread_mutex_unlock(&b->lock);
	if (cring_deadline_move(&b->ring, &key, ns, 0) < 0)
		wrong(b, NULL, "the deadlines of a group could not be moved");
	pthread_mutex_lock(&b->lock);
	b->meanings[a->nr].by = NOTHING;
	pthread_mutex_unlock(&b->lock);
}
