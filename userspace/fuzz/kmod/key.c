// SPDX-License-Identifier: MIT
/*
 * A fuzzer, for libFuzzer, of what a key means: the module's own checks, index and
 * search, held against a list of what is in flight, and the ABI's page (abi.c).
 *
 * An input enters operations into the index, takes some out, and asks.  A search that
 * is long lets go of its lock; then the input goes on entering and taking out.
 */
#include <stdio.h>

#include "world.h"

#define RECORDS		256
#define STEPS		64

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/* what is in flight, oldest first */
static struct flight {
	struct cring_req *req;
	struct abi_op op;
	unsigned int thread;
	unsigned int since;	/* which walk: 0 when it was there before all of them */
	unsigned int visits;
} flights[RECORDS];
static unsigned int nr_flights;
static unsigned int nr_walks;	/* of the search that is under way */
static struct input *rest;

static struct cring_req *free_record(void)
{
	unsigned int i;

	for (i = 0; i < RECORDS; i++)
		if (!(world.ring.pool[i].lflags & CRING_REQL_INDEXED))
			return &world.ring.pool[i];
	return NULL;
}

static void enter(const struct abi_op *op, unsigned int thread)
{
	struct cring_req *req = free_record();

	if (!req)
		return;
	req->user_data = op->user_data;
	req->ticket = world.ring.accepted;
	req->group = op->group;
	req->opcode = op->opcode;
	req->file = (struct file *)op->file;
	req->ident = world_ident(thread);
	cring_index_add(req);
	flights[nr_flights] = (struct flight) {
		.req = req, .op = *op, .thread = thread, .since = nr_walks,
	};
	flights[nr_flights++].op.ticket = world.ring.accepted++;
}

static void leave(unsigned int i)
{
	struct cring_req *req = flights[i].req;

	cring_index_del(req);
	nr_flights--;
	memmove(&flights[i], &flights[i + 1], (nr_flights - i) * sizeof(flights[0]));
}

/* a worker lets go of its file before its CQE is posted */
static void lose_file(unsigned int i)
{
	struct cring_req *req = flights[i].req;

	if (!req->file)
		return;
	cring_index_del_file(req);
	req->file = NULL;
	flights[i].op.file = NULL;
}

static struct file *any_file(struct input *in)
{
	unsigned int n = pick(in, 6);

	return n < 5 ? &world.files[n] : NULL;
}

static void change(struct input *in)
{
	unsigned int what = take(in, 1), copies;
	struct abi_op op = {};

	switch (what & 3) {
	case 0:
	case 1:
		op.opcode = any_opcode(in);
		if (what & 4)
			op.user_data = any_number(in) & (what & 8 ? ~0ULL : 3);
		if (what & 16)
			op.group = any_number(in) & (what & 8 ? ~0U : 3);
		op.file = what & 32 ? any_file(in) : NULL;
		/* tickets are of 64 bits */
		if (what & 64)
			world.ring.accepted += (u64)pick(in, 3) << 32;
		copies = (what & 3) == 1 && what & 128 ? take(in, 1) : 1;
		for (; copies; copies--)
			enter(&op, what >> 6 & 1);
		break;
	case 2:
		for (copies = what & 4 ? 1 + take(in, 1) / 4 : 1; nr_flights && copies; copies--)
			leave(what & 8 ? 0 : pick(in, nr_flights));
		break;
	default:
		if (nr_flights)
			lose_file(pick(in, nr_flights));
	}
}

/* meanwhile */
static void others(void)
{
	unsigned int n = pick(rest, 4);

	shim_lock(&world.ring.lock);
	while (n--)
		change(rest);
	shim_unlock(&world.ring.lock);
}

static struct cring_cancel_key any_key(struct input *in)
{
	struct cring_cancel_key key = { .flags = any_cancel_flags(in) };
	unsigned int what = take(in, 1);

	if (what & 1)
		key.user_data = any_number(in) & (what & 2 ? ~0ULL : 3);
	if (key.flags & CRING_ASYNC_CANCEL_TICKET)
		key.ticket = what & 2 || !nr_flights ? any_number(in) :
			     flights[pick(in, nr_flights)].op.ticket;
	if (key.flags & CRING_ASYNC_CANCEL_FD)
		key.fd = what & 4 ? any_fd(in) : (s32)pick(in, 5);
	if (key.flags & CRING_ASYNC_CANCEL_OP)
		key.opcode = any_opcode(in);
	if (key.flags & CRING_ASYNC_CANCEL_GROUP)
		key.group = any_number(in) & (what & 2 ? ~0U : 3);
	if ((what & 0xe0) == 0xe0)
		((u8 *)&key)[pick(in, sizeof(key))] ^= 1 << pick(in, 8);
	/* answers: whatever is there is ignored */
	key.res = what;
	key.already = what;
	return key;
}

/* --- the answer --- */

struct question {
	struct cring_cancel_key key;
	struct cring_filter filter;
	u64 before;
	unsigned int thread;
};

static bool meant(const struct question *q, const struct flight *f)
{
	return f->op.ticket < q->before && (!q->thread || f->thread == q->thread) &&
	       abi_meant(&q->key, q->filter.file, &f->op);
}

/* the oldest one that is meant, of those that were there all the time */
static struct flight *oldest(const struct question *q, bool stayed)
{
	unsigned int i;

	for (i = 0; i < nr_flights; i++)
		if (meant(q, &flights[i]) && (!stayed || !flights[i].since))
			return &flights[i];
	return NULL;
}

static struct flight *flight_of(const struct cring_req *req)
{
	unsigned int i;

	for (i = 0; i < nr_flights; i++)
		if (flights[i].req == req)
			return &flights[i];
	return NULL;
}

static void search_begin(void)
{
	unsigned int i;

	nr_walks = 0;
	for (i = 0; i < nr_flights; i++) {
		flights[i].since = 0;
		flights[i].visits = 0;
	}
}

static void check_first(const struct question *q, const struct cring_req *req, bool stayed)
{
	bool any_order = q->key.flags & (CRING_ASYNC_CANCEL_ANY | CRING_ASYNC_CANCEL_OP);
	const struct flight *first = oldest(q, stayed), *found = flight_of(req);

	expect(!req || (found && meant(q, found)), "found is what is not meant");
	expect(req || !first, "not found, and it is there");
	/* nor does it matter what came meanwhile: it is younger */
	expect(!req || any_order || !first || found <= first, "found is not the oldest");
}

static void find(const struct question *q)
{
	struct cring_ring *ring = &world.ring;
	struct cring_req *req;
	bool over;

	shim_lock(&ring->lock);
	req = cring_find_few(ring, &q->filter, &over);
	if (over)
		check_first(q, req, false);
	else
		expect(!req, "found, and not over");
	shim_unlock(&ring->lock);
	if (q->key.flags & CRING_ASYNC_CANCEL_TICKET)
		return;
	search_begin();
	nr_walks = 1;
	shim_lock(&ring->cancel_mutex);
	shim_lock(&ring->lock);
	req = cring_find(ring, &q->filter);
	check_first(q, req, true);
	shim_unlock(&ring->lock);
	shim_unlock(&ring->cancel_mutex);
}

/* as cring_pass_run() goes through a circle, but with more breaks */
static void walk_circle(const struct question *q, enum cring_by by, u8 opcode)
{
	u64 value = cring_filter_value(&q->filter, by, opcode);
	struct cring_ring *ring = &world.ring;
	struct cring_walk walk;
	struct cring_req *req;
	unsigned int n = 0;
	struct flight *f;

	nr_walks++;
	shim_lock(&ring->lock);
	cring_walk_circle(&walk, ring, by, value);
	while ((req = cring_walk_next(&walk))) {
		f = flight_of(req);
		expect(f, "the walk comes to what is not there");
		expect(f->since < nr_walks, "the walk comes to what came after it began");
		f->visits += cring_filter_matches(&q->filter, req);
		if (++n % 8)
			continue;
		ring->walk = &walk;
		shim_unlock(&ring->lock);
		others();
		shim_lock(&ring->lock);
		ring->walk = NULL;
	}
	shim_unlock(&ring->lock);
}

/* ALL: what is meant, and stays, is visited once */
static void find_all(const struct question *q)
{
	struct cring_ring *ring = &world.ring;
	unsigned int opcode, i;
	enum cring_by by;

	if (q->key.flags & CRING_ASYNC_CANCEL_TICKET)
		return;
	shim_lock(&ring->cancel_mutex);
	by = cring_find_by(ring, &q->filter);
	search_begin();
	if (!(q->key.flags & CRING_ASYNC_CANCEL_ANY))
		walk_circle(q, by, q->key.opcode);
	else
		for (opcode = 0; opcode < CRING_NR_OPS; opcode++)
			if (cring_index_has_op(ring, opcode))
				walk_circle(q, by, opcode);
	shim_unlock(&ring->cancel_mutex);
	for (i = 0; i < nr_flights; i++) {
		const struct flight *f = &flights[i];

		/* one that lost its file meanwhile may have been passed before that */
		if (q->key.flags & CRING_ASYNC_CANCEL_FD && !f->op.file)
			continue;
		expect(f->visits == meant(q, f) || (f->since && !f->visits),
		       "what is%s meant is visited %u times", meant(q, f) ? "" : " not", f->visits);
	}
}

static void ask(struct input *in)
{
	struct cring_ring *ring = &world.ring;
	struct question q = { .key = any_key(in), .before = ring->accepted };
	unsigned int how = take(in, 1), i;
	struct cring_scope scope = { .own.ring = ring, .nr = 1, .caller = ring };
	struct cring_reach reach = { .ring = ring };
	answers right;
	int ret;

	/* PROCESS or THREAD: other rings, or this one by another way */
	scope.reach = how & 1 ? &reach : &scope.own;
	if (how & 1 && how & 2)
		q.thread = 1;
	scope.thread = world_thread(q.thread);
	right = abi_key(&world.abi, &q.key, how & 1);
	ret = cring_filter_init(&scope, &q.key, &q.filter);
	expect(ret <= 0 && ret > -128 && right & ANSWER(ret),
	       "key %#x: the answer is %d, and not in %#llx", q.key.flags, ret, (u64)right);
	if (ret)
		return;
	/* an SQE that cancels means what was before it */
	if (how & 4)
		q.before -= min(q.before, (u64)pick(in, 64));
	q.filter.before = q.before;
	for (i = 0; i < nr_flights; i++)
		expect(cring_filter_matches(&q.filter, flights[i].req) == meant(&q, &flights[i]),
		       "key %#x, opcode %u: who is meant", q.key.flags, flights[i].op.opcode);
	find(&q);
	if (how & 8)
		find_all(&q);
	if (q.filter.file)
		fput(q.filter.file);
}

static void check_call(struct input *in)
{
	struct cring_cancel c = { .nr = 1, .flags = take(in, 1) };
	unsigned int what = take(in, 1);

	if (what & 1)
		c.nr = any_number(in);
	if (what & 2)
		c.timeout = any_number(in);
	if (what & 4)
		c.reap_nr = any_number(in);
	if ((what & 0xf0) == 0xf0)
		((u8 *)&c)[pick(in, sizeof(c))] ^= 1 << pick(in, 8);
	expect(cring_cancel_call_check(&c) == abi_call(&c), "flags %#x, %u keys", c.flags, c.nr);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, data + size };
	struct cring_ring *ring = &world.ring;
	unsigned int i, what;

	world_begin(&in, RECORDS);
	rest = &in;
	nr_flights = 0;
	/* few buckets: circles share them */
	expect(!cring_index_init(ring, 1 + pick(&in, 64)), "memory");
	shim_others = others;
	for (i = 0; i < STEPS && in.at < in.end; i++) {
		what = take(&in, 1);
		if (what & 1) {
			ask(&in);
		} else if ((what & 0x70) == 0x70) {
			check_call(&in);
		} else {
			shim_lock(&ring->lock);
			change(&in);
			shim_unlock(&ring->lock);
		}
	}
	shim_others = NULL;
	shim_lock(&ring->lock);
	while (nr_flights)
		leave(0);
	/* empty is empty */
	for (i = 0; i < CRING_NR_OPS; i++)
		expect(!cring_index_has_op(ring, i), "opcode %u is left", i);
	shim_unlock(&ring->lock);
	cring_index_destroy(ring);
	world_end();
	return 0;
}
