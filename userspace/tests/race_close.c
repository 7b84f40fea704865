// SPDX-License-Identifier: MIT
/*
 * C1, C16: close of the ring against cancel, wake-up, expiry and submission.
 * A ring a batch: after the close its mapping is still there to be looked at.
 *
 * check: timeout=300
 */
#include "util.h"
#include "race_util.h"
#include "life_util.h"

FIXTURE(race) {
	struct meeting meeting;
	pthread_t other;
	struct cring ring;
	int p[2], file, refs;
	unsigned int batch, batches;
	int answer[BATCH];
	uint64_t delay[2], span, submit_span;
	unsigned long stopped, closed, missed, ended, wrong;
};
FIXTURE_VARIANT(race) { enum { CANCEL, WAKE, SUBMIT, WAIT } against; };
FIXTURE_VARIANT_ADD(race, cancel) { .against = CANCEL };
FIXTURE_VARIANT_ADD(race, wake_up) { .against = WAKE };
FIXTURE_VARIANT_ADD(race, submit) { .against = SUBMIT };
FIXTURE_VARIANT_ADD(race, wait) { .against = WAIT };

FIXTURE_SETUP(race)
{
	if (nr_cpus() < 2)
		SKIP(return, "races need two CPUs");
	self->refs = refs_before();
	new_pipe(self->p, O_NONBLOCK);
	self->file = new_filled(TMPFS_DIR, O_RDWR, 4096, 1);
}

FIXTURE_TEARDOWN(race)
{
	meeting_end(&self->meeting);
	if (self->other)
		join(self->other);
	/* No operation was lost, or its ring would still be there. */
	expect_refs(self->refs);
}

/* One of each kind: armed, timers about to expire, on a worker, polls. */
static void arm(struct __test_metadata *_metadata, struct cring *ring,
		int fd, int file, unsigned int from, unsigned int to)
{
	static struct cring_timespec soon = { .tv_nsec = 30000 };
	unsigned int i;

	for (i = from; i < to; i++) {
		switch (i % 4) {
		case 0:
			put(ring, .opcode = CRING_OP_READ, .fd = fd,
			    .addr = PTR64(sink), .len = 1, .user_data = i);
			break;
		case 1:
			put(ring, .opcode = CRING_OP_TIMEOUT, .fd = -1,
			    .addr = PTR64(&soon), .len = 1, .user_data = i);
			break;
		case 2:
			put(ring, .opcode = CRING_OP_READ, .fd = file,
			    .flags = CRING_SQE_ASYNC, .addr = PTR64(sink),
			    .len = 1, .user_data = i);
			break;
		case 3:
			put(ring, .opcode = CRING_OP_POLL_ADD, .fd = fd,
			    .poll32_events = POLLIN, .user_data = i);
		}
	}
}

/* One at a time, and the kernel may stop anywhere. */
static void submit_singly(int fd)
{
	unsigned int i;

	for (i = 0; i < BATCH; i++)
		if (submit_raw(fd, 1, 0) < 0)
			break;
}

/* How long that takes when nobody closes the ring. */
static uint64_t time_to_submit(struct __test_metadata *_metadata, int fd,
			       int file)
{
	uint64_t t, best = UINT64_MAX;
	struct cring ring;
	int i;

	for (i = 0; i < 20; i++) {
		ring_init(&ring, BATCH);
		arm(_metadata, &ring, fd, file, 0, BATCH);
		cring_flush_sq(&ring);
		t = now_ns();
		submit_singly(ring.ring_fd);
		t = now_ns() - t;
		best = t < best ? t : best;
		cring_queue_exit(&ring);
	}
	return best;
}

struct other {
	FIXTURE_DATA(race) *self;
	const FIXTURE_VARIANT(race) *variant;
};

static void *race_side(void *arg)
{
	FIXTURE_DATA(race) *self = ((struct other *)arg)->self;
	unsigned int i;

	pin_cpu(nr_cpus() - 1);
	while (meet(&self->meeting, 1)) {
		int fd = self->ring.ring_fd;

		spin_ns(self->delay[1]);
		switch (((struct other *)arg)->variant->against) {
		case CANCEL:
			for (i = 0; i < BATCH; i++)
				self->answer[i] = cancel_key(fd,
							     .user_data = i);
			break;
		case WAKE:
			if (write(self->p[1], "x", 1) != 1)
				abort();
			break;
		case SUBMIT:
			submit_singly(fd);
			break;
		case WAIT: {
			struct cring_wait w = {
				.min_complete = BATCH,
				.flags = CRING_WAIT_TIMEOUT,
				.timeout = NSEC_PER_MSEC,
			};

			ioc_ptr(fd, CRING_IOC_WAIT, &w);
			}
		}
		if (!meet(&self->meeting, 1))
			break;
	}
	return NULL;
}

/* The ring is closed; what its queue says must still make sense. */
static void check(struct __test_metadata *_metadata,
		  FIXTURE_DATA(race) *self,
		  const FIXTURE_VARIANT(race) *variant)
{
	unsigned int i;
	int nr[BATCH] = { 0 }, res[BATCH];

	for (i = 0; i < cq_count(&self->ring); i++) {
		struct cring_cqe *cqe = cq_peek(&self->ring, i);

		if (cqe->user_data < BATCH) {
			nr[cqe->user_data]++;
			res[cqe->user_data] = cqe->res;
		}
	}
	for (i = 0; i < BATCH; i++) {
		bool ok = nr[i] <= 1;

		self->ended += nr[i];
		if (variant->against == CANCEL) {
			switch (self->answer[i]) {
			case 0:
				ok &= nr[i] == 1 && res[i] == -ECANCELED;
				self->stopped++;
				break;
			case -EBADF:
				self->closed++;
				break;
			case -ENOENT:
				self->missed++;
				break;
			case -EALREADY:
				break;
			default:
				ok = false;
			}
		}
		if (!ok && self->wrong++ < 5)
			TH_LOG("batch %u, %u: answer %d, %d completions",
			       self->batch, i, self->answer[i], nr[i]);
	}
	ASSERT_LT(self->wrong, 100);
}

/* Has it been closed before, and after, what the other one does? */
static bool met(FIXTURE_DATA(race) *self, const FIXTURE_VARIANT(race) *variant)
{
	switch (variant->against) {
	case CANCEL:
		return self->stopped && self->closed;
	case SUBMIT:
		return self->ended && self->ended < BATCH * self->batch;
	default:
		return true;
	}
}

TEST_F_TIMEOUT(race, c16_close_of_the_ring, 600)
{
	struct other o = { self, variant };
	uint64_t start, t;
	char c;

	self->batches = race_rounds() / BATCH;
	start = now_ns();
	pin_cpu(0);
	self->submit_span = time_to_submit(_metadata, self->p[0], self->file);
	self->other = new_thread(race_side, &o);
	for (self->batch = 0;
	     race_goes_on(self->batch, self->batches, met(self, variant));
	     self->batch++) {
		unsigned int step = self->batch * 7 % 64;

		ring_init(&self->ring, BATCH);
		arm(_metadata, &self->ring, self->p[0], self->file, 0, BATCH);
		if (variant->against == SUBMIT)
			cring_flush_sq(&self->ring);
		else
			submit_all(&self->ring, BATCH);
		self->delay[0] = step < 32 ? self->span * (32 - step) / 16 : 0;
		if (variant->against == SUBMIT)
			self->delay[0] = self->submit_span * step / 32;
		self->delay[1] = step > 32 ? self->span * (step - 32) / 32 : 0;
		meet(&self->meeting, 0);
		spin_ns(self->delay[0]);
		t = now_ns();
		ASSERT_EQ(0, close(self->ring.ring_fd));
		t = now_ns() - t;
		meet(&self->meeting, 0);
		self->span = race_span(self->span, t);
		check(_metadata, self, variant);
		munmap(self->ring.shared, self->ring.mmap_size);
		while (read(self->p[0], &c, 1) == 1)
			;
		if (now_ns() - start > MAX_SECONDS * NSEC_PER_SEC)
			break;
	}
	meeting_end(&self->meeting);
	join(self->other);
	self->other = 0;
	TH_LOG("stopped %lu, closed %lu, missed %lu; completions %lu",
	       self->stopped, self->closed, self->missed, self->ended);
	EXPECT_EQ(0, self->wrong);
	EXPECT_TRUE(met(self, variant));
}

TEST_HARNESS_MAIN
