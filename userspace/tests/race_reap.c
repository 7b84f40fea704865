// SPDX-License-Identifier: MIT
/*
 * C1, C12: reaping against completion.  Whichever comes first, each operation
 * has one completion, in the caller's memory or in the queue, and the answer
 * says in which:
 *	0		in memory, -ECANCELED
 *	-ENOENT		in the queue
 *	-EALREADY	in the queue without a wait, in memory after one; after one
 *			that has timed out, in either
 */
#include "util.h"
#include "race_util.h"

FIXTURE(race) {
	struct race r;
	struct nullb nb;
	int fd, ev;
	char *buf;
	/* what the other thread does, and what came of it */
	unsigned int flags;
	int64_t timeout;
	bool by_group;
	int ret;
	struct cring_cancel_key keys[BATCH];
	struct cring_cqe to[BATCH];
	unsigned int reaped;
	/* all batches */
	unsigned long in_memory, in_queue, timed_out;
};

#define SELF(r)	((FIXTURE_DATA(race) *)(r)->test)
#define GROUP	9

/* No wait, one that lasts, one that does not begin, and one that is too short. */
static void reap_batch(struct race *r)
{
	FIXTURE_DATA(race) *self = SELF(r);
	unsigned int i;

	self->flags = r->batch & 3 ? CRING_CANCEL_WAIT : 0;
	self->timeout = (r->batch & 3) == 1 ? LIMIT_MS * (int64_t)NSEC_PER_MSEC :
			(r->batch & 3) == 3 ? (int64_t)r->span / 4 : 0;
	self->by_group = r->batch & 4;
	memset(self->keys, 0, sizeof(self->keys));
	for (i = 0; i < BATCH; i++)
		self->keys[i].user_data = r->batch & 8 ? BATCH - 1 - i : i;
	if (self->by_group)
		self->keys[0] = (struct cring_cancel_key){
			.flags = CRING_ASYNC_CANCEL_GROUP | C_ALL,
			.group = GROUP,
		};
	self->ret = reap_call(r->ring.ring_fd, self->keys,
			      self->by_group ? 1 : BATCH, self->flags,
			      self->timeout, self->to, BATCH, &self->reaped);
}

FIXTURE_SETUP(race)
{
	self->ev = eventfd(0, EFD_NONBLOCK);
	ASSERT_GE(self->ev, 0);
	self->fd = -1;
	self->buf = new_pages(BATCH * 4096);
	race_start(&self->r, self);
	self->r.against = reap_batch;
}

FIXTURE_TEARDOWN(race)
{
	race_stop(&self->r);
	nullb_del(&self->nb);
}

/* May the completion be where it is? */
static bool fits(FIXTURE_DATA(race) *self, const int *answer,
		 const struct cring_cqe *there)
{
	bool waited = self->flags & CRING_CANCEL_WAIT;

	if (!answer)
		return true;
	switch (*answer) {
	case 0:
		return there && there->res == -ECANCELED;
	case -ENOENT:
		return !there;
	case -EALREADY:
		return self->ret || !there == !waited;
	default:
		return false;
	}
}

static void check(struct __test_metadata *_metadata, FIXTURE_DATA(race) *self)
{
	struct cring *ring = &self->r.ring;
	unsigned int i, wrong = 0, nr_in_memory[BATCH] = { 0 };
	const struct cring_cqe *there[BATCH] = { NULL };
	const int *answer[BATCH] = { NULL };

	ASSERT_TRUE(!self->ret || self->ret == -ETIME)
		TH_LOG("the call says %d", self->ret);
	for (i = 0; i < self->reaped; i++) {
		ASSERT_LT(self->to[i].user_data, BATCH);
		nr_in_memory[self->to[i].user_data]++;
		there[self->to[i].user_data] = &self->to[i];
	}
	for (i = 0; i < BATCH && !self->by_group; i++)
		answer[self->keys[i].user_data] = &self->keys[i].res;
	for (i = 0; i < BATCH; i++) {
		unsigned int n = nr_in_memory[i] + cqes_with(ring, i);

		wrong += n != 1 || !fits(self, answer[i], there[i]);
	}
	ASSERT_EQ(0, wrong)
		TH_LOG("batch %u, flags %x, call %d", self->r.batch,
		       self->flags, self->ret);
	/* Of a group: all that matched, or what was stopped; and it has waited. */
	if (self->by_group && !self->ret)
		ASSERT_EQ(self->keys[0].res - (self->flags ? 0 :
					       (int)self->keys[0].already),
			  (int)self->reaped);
	self->in_memory += self->reaped;
	self->in_queue += BATCH - self->reaped;
	self->timed_out += self->ret == -ETIME;
}

#define RUN(rounds, prepare, event) do {				\
	struct race *r = &self->r;					\
	unsigned int batches = ((rounds) + BATCH - 1) / BATCH;		\
	uint64_t start = now_ns(), t;					\
									\
	for (r->batch = 0;						\
	     race_goes_on(r->batch, batches,				\
			  self->in_memory && self->in_queue);		\
	     r->batch++) {						\
		prepare(_metadata, self);				\
		race_sweep(r);						\
		meet(&r->meeting, 0);					\
		spin_ns(r->delay[0]);					\
		t = now_ns();						\
		event(self);						\
		r->span = race_span(r->span, now_ns() - t);		\
		meet(&r->meeting, 0);					\
		race_settle(r);						\
		settle(&r->ring);					\
		check(_metadata, self);					\
		reap_all(&r->ring);					\
		if (now_ns() - start > MAX_SECONDS * NSEC_PER_SEC)	\
			break;						\
	}								\
	TH_LOG("%u batches: %lu in memory, %lu in the queue, %lu calls timed out", \
	       r->batch, self->in_memory, self->in_queue, self->timed_out); \
	expect_both(self->in_memory, self->in_queue);			\
} while (0)

static void arm_polls(struct __test_metadata *_metadata,
		      FIXTURE_DATA(race) *self)
{
	uint64_t count;
	unsigned int i;

	/* what the last batch's event has left */
	EXPECT_NE(0, read(self->ev, &count, sizeof(count)));
	for (i = 0; i < BATCH; i++)
		put(&self->r.ring, .opcode = CRING_OP_POLL_ADD, .fd = self->ev,
		    .poll32_events = POLLIN, .user_data = i, .group = GROUP);
	submit_all(&self->r.ring, BATCH);
}

static void make_ready(FIXTURE_DATA(race) *self)
{
	uint64_t one = 1;

	if (write(self->ev, &one, sizeof(one)) == sizeof(one))
		submit_raw(self->r.ring.ring_fd, 0, 0);	/* runs what is ready */
}

TEST_F_TIMEOUT(race, c12_reap_against_what_becomes_ready, 600)
{
	RUN(race_rounds() / 4, arm_polls, make_ready);
}

static void put_reads(struct __test_metadata *_metadata,
		      FIXTURE_DATA(race) *self)
{
	unsigned int i;

	for (i = 0; i < BATCH; i++)
		put(&self->r.ring, .opcode = CRING_OP_READ, .fd = self->fd,
		    .addr = PTR64(self->buf + i * 4096), .len = 4096,
		    .off = i * 4096, .user_data = i, .group = GROUP);
}

static void submit_reads(FIXTURE_DATA(race) *self)
{
	cring_submit(&self->r.ring);
}

/* Their completions come from interrupts, while they are marked and unmarked. */
TEST_F_TIMEOUT(race, c12_reap_against_a_device, 600)
{
	if (!have_nullb())
		SKIP(return, NULLB_SKIP);
	new_nullb(&self->nb, .no_memory = true, .delay_ns = 50000);
	self->fd = nullb_open(&self->nb, O_RDONLY | O_DIRECT);
	/* a wait that is cut short happens or not; cancel_reap makes one */
	RUN(race_rounds() / 4, put_reads, submit_reads);
}

TEST_HARNESS_MAIN
