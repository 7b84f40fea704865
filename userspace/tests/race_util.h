/* SPDX-License-Identifier: MIT */
/*
 * Races, made to happen.  Two threads on two CPUs leave a spinning barrier
 * together: one does what completes a batch of operations, the other cancels
 * them, each after a delay that is swept from batch to batch over the time
 * that the batch takes.  A round is one operation and its cancel.
 *
 * Afterwards each operation must have exactly one completion, and the answer
 * must fit it (C3):
 *	0		-ECANCELED, in the queue before the call returned
 *	-ENOENT		in the queue before the call returned, and not -ECANCELED;
 *			or accepted only after the call began
 *	-EALREADY	whatever it is, it comes
 *
 * CRING_TEST_SCALE is how many percent of 100,000 rounds to run; without it
 * the speed of the kernel at hand decides.
 */
#ifndef CRING_TESTS_RACE_UTIL_H
#define CRING_TESTS_RACE_UTIL_H

#include "cancel_util.h"

#define ROUNDS		100000
#define BATCH		32
/* However slow the machine, a race ends after this. */
#define MAX_SECONDS	50

/*
 * A barrier for two that gives up once the race is called off.  Who comes first
 * sleeps until the other is there: a processor that spins is taken from the
 * machine's other one when the host has too few.  Then both spin, and leave
 * within a few cycles.
 */
struct meeting {
	uint32_t arrived, ready, over;
	uint32_t nr[2];			/* how often either has come */
};

static inline bool meet(struct meeting *m, int who)
{
	uint32_t both = 2 * ++m->nr[who], spins = 0, seen;

	if (__atomic_add_fetch(&m->arrived, 1, __ATOMIC_SEQ_CST) == both)
		futex(&m->arrived, FUTEX_WAKE, 1);
	while ((seen = load_acquire(&m->arrived)) < both) {
		if (load_acquire(&m->over))
			return false;
		if (++spins > 2000)
			futex(&m->arrived, FUTEX_WAIT, seen);
	}
	__atomic_add_fetch(&m->ready, 1, __ATOMIC_SEQ_CST);
	while (load_acquire(&m->ready) < both && !load_acquire(&m->over))
		;
	return !load_acquire(&m->over);
}

/* The other one leaves, too. */
static inline void meeting_end(struct meeting *m)
{
	__atomic_store_n(&m->over, 1, __ATOMIC_RELEASE);
	__atomic_add_fetch(&m->arrived, 1, __ATOMIC_SEQ_CST);
	futex(&m->arrived, FUTEX_WAKE, 1);
}

struct race {
	struct cring ring;
	struct meeting meeting;
	pthread_t other;
	/* the batch */
	unsigned int batch;
	uint64_t base;			/* accepted before it */
	uint64_t delay[2];		/* ns, of either thread */
	uint64_t span;			/* ns that the event took lately */
	void (*against)(struct race *r);	/* what the other thread does */
	void (*event)(struct race *r);		/* what the main thread does */
	void *test;			/* the test's own */
	bool others;			/* more than these cancels may cancel */
	/* the answers, and what was in the queue when each was given */
	int answer[BATCH];
	uint64_t accepted[BATCH];
	uint32_t tail[BATCH];
	/* all batches */
	unsigned long stopped, already, late, early, canceled, wrong;
};

static inline void spin_ns(uint64_t ns)
{
	uint64_t end = now_ns() + ns;

	while (ns && now_ns() < end)
		;
}

static inline unsigned int t_rounds(struct __test_metadata *_metadata)
{
	unsigned int scale = test_scale();

	TH_LOG("%u rounds (%u %%)", ROUNDS / 100 * scale, scale);
	return ROUNDS / 100 * scale;
}
#define race_rounds()	t_rounds(_metadata)

/* ---- what the other thread may do --------------------------------------- */

static inline void race_note(struct race *r, unsigned int i, int answer)
{
	r->answer[i] = answer;
	r->tail[i] = load_acquire(&shared_of(&r->ring)->cq_tail);
}

static inline uint64_t race_accepted(struct race *r)
{
	return __atomic_load_n(&shared_of(&r->ring)->accepted,
			       __ATOMIC_ACQUIRE);
}

/* One call for each, in turn upwards, downwards, and from the middle. */
static inline void cancel_singly(struct race *r)
{
	unsigned int n, i;

	for (n = 0; n < BATCH; n++) {
		i = r->batch & 2 ? BATCH - 1 - n : n;
		if (r->batch & 4)
			i ^= BATCH / 2;
		r->accepted[i] = race_accepted(r);
		race_note(r, i, cancel_key(r->ring.ring_fd, .user_data = i));
	}
}

static inline void cancel_in_one_call(struct race *r)
{
	struct cring_cancel_key keys[BATCH] = { 0 };
	uint64_t accepted;
	unsigned int i;
	int ret;

	for (i = 0; i < BATCH; i++)
		keys[i].user_data = r->batch & 2 ? BATCH - 1 - i : i;
	accepted = race_accepted(r);
	ret = cancel_call(r->ring.ring_fd, keys, BATCH, 0, 0);
	for (i = 0; i < BATCH; i++) {
		r->accepted[keys[i].user_data] = accepted;
		race_note(r, keys[i].user_data, ret ? ret : keys[i].res);
	}
}

static inline void cancel_batch(struct race *r)
{
	if (r->batch & 1)
		cancel_singly(r);
	else
		cancel_in_one_call(r);
}

/* ---- the two threads ------------------------------------------------------ */

static inline void *race_other(void *arg)
{
	struct race *r = arg;

	pin_cpu(nr_cpus() - 1);
	while (meet(&r->meeting, 1)) {
		spin_ns(r->delay[1]);
		r->against(r);
		if (!meet(&r->meeting, 1))
			break;
	}
	return NULL;
}

/* Follows the median: a machine that stumbles now and then does not show. */
static inline uint64_t race_span(uint64_t span, uint64_t t)
{
	return !span ? t : t > span ? span + span / 16 + 1 : span - span / 16;
}

/* Sweeps from "the cancel long before" to "the cancel long after". */
static inline void race_sweep(struct race *r)
{
	unsigned int step = r->batch * 7 % 64;

	r->delay[0] = step < 16 ? r->span * (16 - step) / 16 : 0;
	r->delay[1] = step > 16 ? r->span * (step - 16) / 32 : 0;
}

static inline void t_race_start(struct __test_metadata *_metadata,
				struct race *r, void *test)
{
	memset(r, 0, sizeof(*r));
	r->test = test;
	r->against = cancel_batch;
	ring_init(&r->ring, 4 * BATCH);
	pin_cpu(0);
	r->other = new_thread(race_other, r);
}
#define race_start(r, test) do {					\
	if (nr_cpus() < 2)						\
		SKIP(return, "races need two CPUs");			\
	t_race_start(_metadata, r, test);				\
} while (0)

static inline void t_race_stop(struct __test_metadata *_metadata,
			       struct race *r)
{
	if (!r->other)
		return;
	meeting_end(&r->meeting);
	join(r->other);
	cring_queue_exit(&r->ring);
}
#define race_stop(r)	t_race_stop(_metadata, r)

/* Mostly it takes no sleep, which costs an emulated machine most. */
static inline void race_settle(struct race *r)
{
	uint64_t end = now_ns() + NSEC_PER_MSEC;

	while (load_acquire(&shared_of(&r->ring)->in_flight) && now_ns() < end)
		submit_raw(r->ring.ring_fd, 0, 0);	/* runs what is ready */
}

/* Everything has completed: does each answer fit? */
static inline void t_race_check(struct __test_metadata *_metadata,
				struct race *r)
{
	uint32_t head = shared_of(&r->ring)->cq_head;
	unsigned int i, n = cq_count(&r->ring);
	int at[BATCH], nr[BATCH] = { 0 };

	for (i = 0; i < n; i++) {
		uint64_t ud = cq_peek(&r->ring, i)->user_data;

		if (ud < BATCH && !nr[ud]++)
			at[ud] = i;
	}
	for (i = 0; i < BATCH; i++) {
		int res = nr[i] ? cq_peek(&r->ring, at[i])->res : 1;
		bool shown = nr[i] && head + at[i] - r->tail[i] > UINT32_MAX / 2;
		bool later = r->accepted[i] <= r->base + i;
		bool ok = nr[i] == 1;

		switch (r->answer[i]) {
		case 0:
			ok &= shown && res == -ECANCELED;
			r->stopped++;
			break;
		case -ENOENT:
			ok &= (shown || later) &&
			      (r->others || res != -ECANCELED);
			r->late += shown;
			r->early += !shown;
			break;
		case -EALREADY:
			r->already++;
			break;
		default:
			ok = false;
		}
		r->canceled += res == -ECANCELED;
		if (!ok && r->wrong++ < 5)
			TH_LOG("batch %u, %u: answer %d, %d completions, first %d, %s, accepted %s",
			       r->batch, i, r->answer[i], nr[i], res,
			       shown ? "there" : "not yet there",
			       later ? "later" : "before");
	}
	ASSERT_LT(r->wrong, 100);
}

/*
 * The race: @prepare makes the batch ready in the main thread, @event lets it
 * complete, while the other thread does r->against.
 */
static inline void t_race_run(struct __test_metadata *_metadata,
			      struct race *r, unsigned int rounds,
			      void (*prepare)(struct __test_metadata *,
					      struct race *),
			      void (*event)(struct race *),
			      void (*after)(struct __test_metadata *,
					    struct race *))
{
	unsigned int batches = (rounds + BATCH - 1) / BATCH;
	uint64_t start = now_ns(), t;

	for (r->batch = 0; r->batch < batches; r->batch++) {
		r->base = race_accepted(r);
		prepare(_metadata, r);
		race_sweep(r);
		meet(&r->meeting, 0);
		spin_ns(r->delay[0]);
		t = now_ns();
		event(r);
		t = now_ns() - t;
		meet(&r->meeting, 0);
		r->span = race_span(r->span, t);
		race_settle(r);
		settle(&r->ring);
		t_race_check(_metadata, r);
		if (after)
			after(_metadata, r);
		reap_all(&r->ring);
		if (now_ns() - start > MAX_SECONDS * NSEC_PER_SEC) {
			TH_LOG("enough after %u rounds", r->batch * BATCH);
			break;
		}
	}
	TH_LOG("stopped %lu, already %lu, late %lu, early %lu; canceled %lu; "
	       "%llu ms", r->stopped, r->already, r->late, r->early,
	       r->canceled,
	       (unsigned long long)((now_ns() - start) / NSEC_PER_MSEC));
	EXPECT_EQ(0, r->wrong);
}
#define race_run(r, rounds, prepare, event, after)			\
	t_race_run(_metadata, r, rounds, prepare, event, after)

/*
 * The same until @met: two CPUs that the host never runs at the same time do not
 * meet, however many rounds there are; a little later they may.
 */
#define race_run_until(met, r, ...) do {				\
	unsigned int __i;						\
									\
	for (__i = 0; __i < 4 && !(met); __i++)				\
		race_run(r, __VA_ARGS__);				\
	EXPECT_TRUE(met);						\
} while (0)

/* For a loop of its own: up to four times as many batches, until the two have met. */
static inline bool race_goes_on(unsigned int batch, unsigned int batches,
				bool met)
{
	return batch < batches || (batch < 4 * batches && !met);
}

/* A race that always ends the same way was none. */
#define expect_both(a, b) do {						\
	EXPECT_GT(a, 0);						\
	EXPECT_GT(b, 0);						\
} while (0)

/* For most: the main thread submits what was prepared. */
static inline void submit_batch(struct race *r)
{
	cring_submit(&r->ring);
}

#endif /* CRING_TESTS_RACE_UTIL_H */
