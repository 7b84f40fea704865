// SPDX-License-Identifier: MIT
/*
 * Cancelling, in every way.
 */
#include "stress.h"

#define MAX_KEYS	8
#define MAX_AGAIN	100

static void note(const struct box *b, struct look *look, struct op *op, bool reaping)
{
	*look = (struct look) { op, op->id, op->phase };
	if (op->phase == QUEUED && was_taken(b, op))
		look->phase = TAKEN;
	op->pins++;
	if (op->phase == ENDED)
		return;
	op->names++;
	op->reapers += reaping;
}

/* --- by user_data, or what else there is that names one --- */

/* how a key names an operation; @miss: what it names cannot be */
static struct cring_cancel_key key_of(const struct op *op, uint64_t *rng, bool *miss)
{
	struct cring_cancel_key key = cring_key64(op->id, 0);

	*miss = false;
	switch (pick(rng, 8)) {
	case 0:
		key.flags = CRING_ASYNC_CANCEL_TICKET | CRING_ASYNC_CANCEL_USERDATA;
		key.ticket = op->ticket;
		break;
	case 1:
		key = cring_key_ticket(op->ticket, 0);
		break;
	case 2:
		if (op->fd < 0)
			break;
		key.flags = CRING_ASYNC_CANCEL_FD | CRING_ASYNC_CANCEL_USERDATA;
		key.fd = op->fd;
		break;
	case 3:
		key.flags = CRING_ASYNC_CANCEL_OP | CRING_ASYNC_CANCEL_USERDATA;
		key.opcode = op->opcode;
		break;
	case 4:
		if (!op->group)
			break;
		key.flags = CRING_ASYNC_CANCEL_GROUP | CRING_ASYNC_CANCEL_USERDATA;
		key.group = op->group;
		break;
	case 5:
		if (pick(rng, 4))
			break;
		key.flags = CRING_ASYNC_CANCEL_TICKET | CRING_ASYNC_CANCEL_USERDATA;
		key.ticket = op->ticket + 1;
		*miss = true;
	}
	return key;
}

static struct op *pick_target(struct box *b, uint64_t *rng)
{
	unsigned int i = 0;
	struct op *op;

	do
		op = &b->ops[pick(rng, SLOTS)];
	while (++i < 4 && op->phase != QUEUED && op->phase != IN_FLIGHT);
	/* a cancel is never meant */
	return op->phase == IDLE || op->kind == CANCEL ? NULL : op;
}

/* whose of these is it? */
static unsigned int whose(struct box *b, const struct look *looks, unsigned int n,
			  const struct cring_cqe *cqe)
{
	unsigned int i;

	for (i = 0; i < n && looks[i].id != cqe->user_data; i++)
		;
	if (i == n)
		wrong(b, NULL, "reaped what was not named");
	return i;
}

/*
 * The same one again and again until it is gone, so that one of the calls meets its
 * end.
 */
void cancel_until_gone(struct box *b, struct actor *a)
{
	struct answer answer = {};
	struct cring_cancel_key key;
	unsigned int i = MAX_AGAIN;
	struct look look;
	struct op *op;
	bool miss;

	pthread_mutex_lock(&b->lock);
	op = pick_target(b, &a->rng);
	if (op) {
		key = key_of(op, &a->rng, &miss);
		note(b, &look, op, false);
	}
	while (op && !miss && i--) {
		answer.before = cq_tail(b);
		pthread_mutex_unlock(&b->lock);
		if (cring_cancel_sync_many(&b->ring, &key, 1, 0, 0))
			wrong(b, op, "a cancel failed");
		answer.after = cq_tail(b);
		answer.res = key.res;
		count(&tally->cancels, 1);
		pthread_mutex_lock(&b->lock);
		oracle_answer(b, &look, &answer);
		if (key.res == -ENOENT)
			break;
		look.phase = op->phase;
	}
	if (op)
		op->pins--;
	pthread_mutex_unlock(&b->lock);
}

void cancel_keys(struct box *b, struct actor *a)
{
	unsigned int flags = pick(&a->rng, 2) ? CRING_CANCEL_WAIT : 0, reaped = 0, n = 0, i;
	unsigned int want = pick(&a->rng, 4) ? 1 : 1 + pick(&a->rng, MAX_KEYS);
	int64_t timeout = flags ? (int64_t)pick(&a->rng, 2000000) : 0;
	bool reaping = pick(&a->rng, 4) == 0, miss[MAX_KEYS];
	struct cring_cancel_key keys[MAX_KEYS];
	struct cring_cqe cqes[MAX_KEYS];
	struct answer answer = { .waits = flags, .reaping = reaping };
	bool mine[MAX_KEYS] = {};
	struct look looks[MAX_KEYS];
	int ret;

	pthread_mutex_lock(&b->lock);
	while (want--) {
		struct op *op = pick_target(b, &a->rng);

		for (i = 0; op && i < n && looks[i].op != op; i++)
			;
		if (!op || i < n)
			continue;
		keys[n] = key_of(op, &a->rng, &miss[n]);
		note(b, &looks[n++], op, reaping);
	}
	answer.before = cq_tail(b);
	pthread_mutex_unlock(&b->lock);
	if (!n)
		return;
	if (reaping)
		ret = cring_cancel_reap(&b->ring, keys, n, flags, timeout, cqes, n, &reaped);
	else
		ret = cring_cancel_sync_many(&b->ring, keys, n, flags, timeout);
	answer.after = cq_tail(b);
	count(&tally->cancels, 1);
	pthread_mutex_lock(&b->lock);
	if ((ret && ret != -ETIME && ret != -EINTR) || (ret == -ETIME && !flags) || reaped > n)
		wrong(b, looks[0].op, "a cancel failed");
	for (i = 0; i < reaped; i++) {
		mine[whose(b, looks, n, &cqes[i])] = true;
		oracle_cqe(b, &cqes[i], 0, false);
	}
	for (i = 0; i < n; i++) {
		answer.res = keys[i].res;
		answer.waited = flags && !ret;
		answer.reaped = mine[i];
		if (!miss[i])
			oracle_answer(b, &looks[i], &answer);
		else if (answer.res != -ENOENT || mine[i])
			wrong(b, looks[i].op, "a cancel has found what it does not mean");
		looks[i].op->pins--;
	}
	pthread_mutex_unlock(&b->lock);
}

/* --- all that a key means --- */

/* what one thread's cancel of all saw */
struct seen {
	struct look looks[SLOTS];
	unsigned int n, in_flight, lasting;
};

static void all_begin(struct box *b, struct actor *a, const struct meaning *m, struct seen *s)
{
	struct op *op;

	*s = (struct seen) {};
	b->meanings[a->nr] = *m;
	for (op = b->ops; op < b->ops + SLOTS; op++) {
		if ((op->phase != QUEUED && op->phase != IN_FLIGHT) || !means(m, op))
			continue;
		s->in_flight += op->phase == IN_FLIGHT;
		s->lasting += op->phase == IN_FLIGHT && lasts(op) && !op->names;
		note(b, &s->looks[s->n++], op, false);
	}
}

/* @counted: how many it says, or -1 */
static void all_end(struct box *b, struct actor *a, struct seen *s, bool waited, int counted)
{
	unsigned int i;

	b->meanings[a->nr].by = NOTHING;
	if (a->script->threads == 1 && counted >= 0 &&
	    ((unsigned int)counted > s->in_flight || (unsigned int)counted < s->lasting))
		wrong(b, s->n ? s->looks[0].op : NULL, "a cancel of all has counted wrong");
	for (i = 0; i < s->n; i++) {
		if (waited)
			oracle_over(b, &s->looks[i], cq_tail(b));
		s->looks[i].op->pins--;
	}
}

/* without ALL it stops one, whichever */
static void check_first(struct box *b, struct actor *a, const struct cring_cancel_key *key,
			int ret, const struct seen *s)
{
	count(&tally->of_first, 1);
	if ((ret && ret != -ETIME && ret != -EINTR) ||
	    (key->res && key->res != -EALREADY && key->res != -ENOENT))
		wrong(b, NULL, "a cancel of the first failed");
	if (a->script->threads == 1 && (key->res == -ENOENT ? s->lasting : !s->in_flight))
		wrong(b, s->n ? s->looks[0].op : NULL, "a cancel of the first answers wrong");
}

static void check_all(struct box *b, const struct cring_cancel_key *key, int ret)
{
	count(&tally->of_all, 1);
	if ((ret && ret != -ETIME && ret != -EINTR) || key->res < 0 ||
	    key->already > (unsigned int)key->res)
		wrong(b, NULL, "a cancel of all failed");
}

void run_all(struct box *b, struct actor *a, const struct meaning *m,
	     struct cring_cancel_key key, unsigned int flags)
{
	int64_t timeout = 0;
	struct seen seen;
	int ret;

	if (pick(&a->rng, 4)) {
		flags |= CRING_CANCEL_WAIT;
		timeout = 1000LL * pick(&a->rng, 20000);
	}
	pthread_mutex_lock(&b->lock);
	all_begin(b, a, m, &seen);
	pthread_mutex_unlock(&b->lock);
	ret = cring_cancel_sync_many(&b->ring, &key, 1, flags, timeout);
	pthread_mutex_lock(&b->lock);
	if (key.flags & CRING_ASYNC_CANCEL_ALL) {
		check_all(b, &key, ret);
		all_end(b, a, &seen, !ret && timeout, key.res);
	} else {
		check_first(b, a, &key, ret, &seen);
		all_end(b, a, &seen, false, -1);
	}
	pthread_mutex_unlock(&b->lock);
}

void cancel_all(struct box *b, struct actor *a)
{
	struct meaning m = { BY_GROUP, 1 + pick(&a->rng, GROUPS), false };
	struct cring_cancel_key key = cring_key_group(m.value, CRING_ASYNC_CANCEL_ALL);
	static const int ops[] = { CRING_OP_READ, CRING_OP_POLL_ADD, CRING_OP_TIMEOUT };

	switch (pick(&a->rng, 8)) {
	case 0:
		m = (struct meaning) { ANYTHING, 0, false };
		key = cring_key_any(CRING_ASYNC_CANCEL_ALL);
		break;
	case 1:
		m = (struct meaning) { BY_OP, ops[pick(&a->rng, 3)], false };
		key = cring_key_op(m.value, CRING_ASYNC_CANCEL_ALL);
		break;
	case 2:
		m = (struct meaning) { BY_FD, pick(&a->rng, 2) ? b->pipe[0] : b->silent[0], false };
		key = cring_key_fd(m.value, CRING_ASYNC_CANCEL_ALL);
		break;
	case 3:
		m = (struct meaning) { BY_FD, things.file, false };
		key = cring_key_fd(0, CRING_ASYNC_CANCEL_ALL | CRING_ASYNC_CANCEL_FD_FIXED);
	}
	if (pick(&a->rng, 4) == 0)
		key.flags &= ~CRING_ASYNC_CANCEL_ALL;
	run_all(b, a, &m, key, 0);
}

/* what would never end otherwise, so that there is room */
void cancel_silent(struct box *b, struct actor *a)
{
	struct meaning m = { BY_FD, b->silent[0], false };

	run_all(b, a, &m, cring_key_fd(m.value, CRING_ASYNC_CANCEL_ALL), 0);
	m = (struct meaning) { BY_OP, CRING_OP_TIMEOUT, false };
	run_all(b, a, &m, cring_key_op(m.value, CRING_ASYNC_CANCEL_ALL), 0);
}

/* a group in all rings, or what this thread has submitted */
void cancel_scope(struct actor *a)
{
	struct meaning m = { BY_GROUP, 1 + pick(&a->rng, GROUPS), false };
	struct cring_cancel_key key = cring_key_group(m.value, CRING_ASYNC_CANCEL_ALL);
	bool thread = pick(&a->rng, 2), wait = pick(&a->rng, 2);
	struct box *own = a->nr < a->script->boxes ? &boxes[a->nr] : NULL, *b;
	struct seen seen[BOXES];
	int ret;

	for (b = boxes; b < boxes + a->script->boxes; b++) {
		if (thread && b != own)
			continue;
		pthread_mutex_lock(&b->lock);
		all_begin(b, a, &m, &seen[b - boxes]);
		pthread_mutex_unlock(&b->lock);
	}
	ret = cring_cancel_sync_many(&boxes[0].ring, &key, 1,
				     (thread ? CRING_CANCEL_THREAD : CRING_CANCEL_PROCESS) |
				     (wait ? CRING_CANCEL_WAIT : 0), wait ? 5000000 : 0);
	check_all(&boxes[0], &key, ret);
	if (thread && !own && key.res)
		wrong(&boxes[0], NULL, "this thread has submitted nothing");
	for (b = boxes; b < boxes + a->script->boxes; b++) {
		if (thread && b != own)
			continue;
		pthread_mutex_lock(&b->lock);
		all_end(b, a, &seen[b - boxes], !ret && wait, -1);
		pthread_mutex_unlock(&b->lock);
	}
}
