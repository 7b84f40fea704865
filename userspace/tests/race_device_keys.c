// SPDX-License-Identifier: MIT
/*
 * C1, C3, C6: two rings keep a device busy, which completes in interrupts of both
 * processors, while a third thread cancels in either ring by every key.
 */
#include "util.h"
#include "race_util.h"

#define SUBMITTERS	2
#define NO_ANSWER	INT32_MAX

/* What a cancel saw and answered: of one operation, or of all. */
struct note {
	int answer;
	uint64_t accepted;	/* before it */
	uint32_t tail;		/* after it */
};

struct side {
	struct cring ring;
	pthread_t thread;
	unsigned int cpu, fd, batches;
	bool met;		/* there was every answer: no more are needed */
	uint64_t until;
	char *buf;
	uint32_t ending, over;	/* its batch; all of them */
	/* under the lock, which each cancel holds, too: those of this batch */
	pthread_mutex_t lock;
	uint64_t base;		/* accepted before it */
	uint32_t head;		/* of the CQ */
	struct note notes[BATCH];
	unsigned int stopped;
	/* of all */
	unsigned long ops, canceled, wrong;
	char what[128];
};

FIXTURE(keys) { struct side side[SUBMITTERS]; struct nullb nb; int fd; };
FIXTURE_VARIANT(keys) { uint64_t delay_ns; bool softirq; unsigned int tags; };
FIXTURE_VARIANT_ADD(keys, by_timer) { 20000, false, 64 };
FIXTURE_VARIANT_ADD(keys, by_softirq) { 0, true, 64 };
FIXTURE_VARIANT_ADD(keys, few_tags) { 20000, false, 4 };

FIXTURE_SETUP(keys)
{
	unsigned int i;

	if (nr_cpus() < 2)
		SKIP(return, "races need two CPUs");
	if (!have_nullb())
		SKIP(return, NULLB_SKIP);
	new_nullb(&self->nb, .no_memory = true, .delay_ns = variant->delay_ns,
		  .softirq = variant->softirq, .hw_queue_depth = variant->tags);
	self->fd = nullb_open(&self->nb, O_RDWR | O_DIRECT);
	for (i = 0; i < SUBMITTERS; i++) {
		struct side *s = &self->side[i];

		ring_init(&s->ring, 2 * BATCH);
		pthread_mutex_init(&s->lock, NULL);
		s->buf = new_pages(BATCH * 512);
		s->cpu = i;
		s->fd = self->fd;
	}
}

FIXTURE_TEARDOWN(keys)
{
	unsigned int i;

	for (i = 0; i < SUBMITTERS; i++)
		cring_queue_exit(&self->side[i].ring);
	close(self->fd);
	nullb_del(&self->nb);
}

static uint64_t accepted_of(struct side *s)
{
	return __atomic_load_n(&shared_of(&s->ring)->accepted, __ATOMIC_ACQUIRE);
}

/* --- who submits ------------------------------------------------------------- */

static void complain(struct side *s, unsigned int i, const char *what, int res)
{
	const struct note *n = &s->notes[i];

	if (!s->wrong++)
		snprintf(s->what, sizeof(s->what),
			 "%s: operation %u of %llu: result %d, answer %d", what,
			 i, (unsigned long long)s->base, res, n->answer);
}

static void check_batch(struct side *s)
{
	int at[BATCH], nr[BATCH] = { 0 };
	unsigned int i, n = cq_count(&s->ring), canceled = 0;

	if (n != BATCH)
		complain(s, 0, "not one completion each", (int)n);
	for (i = 0; i < n; i++) {
		uint64_t ud = cq_peek(&s->ring, i)->user_data;

		if (ud < BATCH && !nr[ud]++)
			at[ud] = i;
	}
	for (i = 0; i < BATCH; i++) {
		const struct note *note = &s->notes[i];
		int res = nr[i] ? cq_peek(&s->ring, at[i])->res : 1;
		bool there = nr[i] &&
			     s->head + at[i] - note->tail > UINT32_MAX / 2;

		canceled += res == -ECANCELED;
		if (nr[i] != 1)
			complain(s, i, "not one completion", nr[i]);
		else if (res != 512 && res != -ECANCELED)
			complain(s, i, "not its result", res);
		else if (!note->answer && (!there || res != -ECANCELED))
			complain(s, i, "it was stopped", res);
		else if (note->answer == -ENOENT && !there &&
			 note->accepted > s->base + i)
			complain(s, i, "it was not found", res);
	}
	if (canceled < s->stopped)
		complain(s, 0, "more was stopped", (int)canceled);
	s->canceled += canceled;
	s->ops += BATCH;
}

static void next_batch(struct side *s)
{
	unsigned int i;

	pthread_mutex_lock(&s->lock);
	s->base = accepted_of(s);
	s->head = shared_of(&s->ring)->cq_head;
	s->stopped = 0;
	for (i = 0; i < BATCH; i++)
		s->notes[i].answer = NO_ANSWER;
	__atomic_store_n(&s->ending, 0, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&s->lock);
	for (i = 0; i < BATCH; i++) {
		struct cring_sqe *sqe = cring_get_sqe(&s->ring);

		if (i & 1)
			cring_prep_write(sqe, s->fd, s->buf + i * 512, 512,
					 i * 512);
		else
			cring_prep_read(sqe, s->fd, s->buf + i * 512, 512,
					i * 512);
		sqe->user_data = i;
	}
}

static bool goes_on(const struct side *s, unsigned int batch)
{
	bool met = __atomic_load_n(&s->met, __ATOMIC_RELAXED);

	return race_goes_on(batch, s->batches, met) && !s->wrong &&
	       now_ns() < s->until;
}

static void *submit_batches(void *arg)
{
	struct side *s = arg;

	pin_cpu(s->cpu);
	for (unsigned int batch = 0; goes_on(s, batch); batch++) {
		bool idle;

		next_batch(s);
		cring_submit_and_wait(&s->ring, BATCH);
		idle = wait_idle(&s->ring);
		/* no cancel begins any more, and the last one has its answer */
		__atomic_store_n(&s->ending, 1, __ATOMIC_RELEASE);
		pthread_mutex_lock(&s->lock);
		if (!idle)
			complain(s, 0, "it does not end", 0);
		check_batch(s);
		reap_all(&s->ring);
		pthread_mutex_unlock(&s->lock);
	}
	__atomic_store_n(&s->over, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* --- who cancels ------------------------------------------------------------- */

struct answers { unsigned long stopped, already, missed; };

static void cancel_by_user_data(struct side *s, unsigned int i,
				struct answers *sum)
{
	struct note n = { .accepted = accepted_of(s) };

	n.answer = cancel_key(s->ring.ring_fd, .user_data = i);
	n.tail = load_acquire(&shared_of(&s->ring)->cq_tail);
	sum->stopped += !n.answer;
	sum->already += n.answer == -EALREADY;
	sum->missed += n.answer == -ENOENT;
	/* the last answer, but what was stopped stays so */
	if (s->notes[i].answer)
		s->notes[i] = n;
	else if (n.answer != -ENOENT)
		complain(s, i, "it was stopped twice", n.answer);
}

/* @flags: one by its file, or all by that or any */
static void cancel_some(struct side *s, unsigned int flags,
			unsigned int scope, struct answers *sum)
{
	struct cring_cancel_key key = {
		.flags = flags, .fd = flags & C_FD ? (int)s->fd : 0,
	};
	uint64_t accepted = accepted_of(s);
	uint32_t there;
	int ret, in_flight, found;

	ret = cancel_call(s->ring.ring_fd, &key, 1, scope, 0);
	there = load_acquire(&shared_of(&s->ring)->cq_tail) - s->head;
	/* at least so many of those before it had not completed after it */
	in_flight = (int)(accepted - s->base) - (int)there;
	if (flags & C_ALL) {
		found = key.res;
		sum->already += key.already;
		sum->stopped += key.res - (int)key.already;
	} else {
		found = key.res == -ENOENT ? 0 : BATCH;
		sum->already += key.res == -EALREADY;
		sum->stopped += !key.res;
	}
	if (ret || (key.res < 0 && found == key.res))
		complain(s, 0, "a cancel failed", ret ? ret : key.res);
	if (found < in_flight)
		complain(s, 0, "what is in flight was not found", in_flight);
	if (!scope)
		s->stopped += flags & C_ALL ? key.res - (int)key.already :
					      !key.res;
}

static void cancel_once(struct side *s, uint32_t what, struct answers *sum)
{
	unsigned int i;

	switch (what % 8) {
	case 0:
		cancel_some(s, C_FD, 0, sum);
		break;
	case 1:
		cancel_some(s, C_FD | C_ALL, 0, sum);
		break;
	case 2:
		cancel_some(s, C_ANY | C_ALL, 0, sum);
		break;
	case 3:
		cancel_some(s, C_FD | C_ALL, CRING_CANCEL_PROCESS, sum);
		break;
	default:
		for (i = 0; i < 4; i++)
			cancel_by_user_data(s, (what / 8 + i) % BATCH, sum);
	}
}

static bool all_over(FIXTURE_DATA(keys) *self)
{
	bool over = true;
	unsigned int i;

	for (i = 0; i < SUBMITTERS; i++)
		over &= load_acquire(&self->side[i].over);
	return over;
}

TEST_F_TIMEOUT(keys, c3_every_key_against_interrupts_of_both_processors, 600)
{
	struct answers sum = { 0 };
	unsigned long canceled = 0;
	uint32_t seed = 1;
	unsigned int i;

	for (i = 0; i < SUBMITTERS; i++) {
		struct side *s = &self->side[i];

		s->batches = race_rounds() / BATCH;
		s->until = now_ns() + MAX_SECONDS / 2 * NSEC_PER_SEC;
		s->thread = new_thread(submit_batches, s);
	}
	while (!all_over(self)) {
		struct side *s;

		seed ^= seed << 13;
		seed ^= seed >> 17;
		seed ^= seed << 5;
		s = &self->side[seed % SUBMITTERS];
		spin_ns(seed / 8 % 20000);
		/* its own thread is to have the lock */
		if (load_acquire(&s->ending))
			continue;
		pthread_mutex_lock(&s->lock);
		if (!load_acquire(&s->ending))
			cancel_once(s, seed / 4, &sum);
		pthread_mutex_unlock(&s->lock);
		if (sum.already && sum.missed)
			__atomic_store_n(&s->met, true, __ATOMIC_RELAXED);
	}
	for (i = 0; i < SUBMITTERS; i++) {
		struct side *s = &self->side[i];

		join(s->thread);
		EXPECT_EQ(0, s->wrong)
			TH_LOG("%s", s->what);
		canceled += s->canceled;
		TH_LOG("ring %u: %lu operations", i, s->ops);
	}
	TH_LOG("stopped %lu, already %lu, missed %lu; canceled %lu", sum.stopped,
	       sum.already, sum.missed, canceled);
	EXPECT_GE(canceled, sum.stopped);
	EXPECT_GT(sum.already, 0);
	EXPECT_GT(sum.missed, 0);
}

TEST_HARNESS_MAIN
