// SPDX-License-Identifier: MIT
/*
 * The promises 3 to 7 of beyond.c: cancels that stay in force, groups that are
 * aborted at once, deadlines, and devices that hang.
 */
#include "../uring.h"
#include "cancel_dev.h"

#define GROUP	7

FIXTURE(beyond) {
	struct cring ring;
	struct io_uring uring;
	bool have;
	struct nullb nb;
	struct dmdev dm;
	int p[2];
};

#define NO_SEALS "this module has no seals"
#define RING	(&self->ring)
#define URING	(&self->uring)

FIXTURE_SETUP(beyond)
{
	ring_init(RING, 512);
	self->have = !io_uring_queue_init(512, URING, 0);
	new_pipe(self->p, 0);
}

FIXTURE_TEARDOWN(beyond)
{
	dm_destroy(&self->dm);
	cring_queue_exit(RING);
	if (self->have)
		io_uring_queue_exit(URING);
	nullb_del(&self->nb);
}

static void t_group_read(struct __test_metadata *_metadata, struct cring *ring,
			 uint64_t user_data, int fd, uint32_t group)
{
	struct cring_sqe *sqe = new_sqe(ring, user_data);

	cring_prep_read(sqe, fd, sink, 1, 0);
	cring_sqe_set_group(sqe, group);
}
#define group_read(ud, fd, group)	t_group_read(_metadata, RING, ud, fd, group)

/*
 * A thread that reads and reads, until a read of its is stopped; and another one
 * that sees to it that there is something to read.
 */
struct rearm {
	struct cring *ring;
	struct io_uring *uring;
	int p[2];
	atomic_bool over;
	atomic_ullong rounds;
	atomic_int last;
};

static int rearm_once(struct rearm *r)
{
	struct io_uring_cqe *u;
	struct cring_sqe *sqe;
	struct cring_cqe *c;
	int res;

	if (r->uring) {
		struct io_uring_sqe *s = io_uring_get_sqe(r->uring);

		io_uring_prep_read(s, r->p[0], sink, 1, 0);
		s->user_data = 1;
		if (io_uring_submit(r->uring) != 1 ||
		    io_uring_wait_cqe(r->uring, &u))
			return -EIO;
		res = u->res;
		io_uring_cqe_seen(r->uring, u);
		return res;
	}
	sqe = cring_get_sqe(r->ring);
	cring_prep_read(sqe, r->p[0], sink, 1, 0);
	cring_sqe_set_data64(sqe, 1);
	cring_sqe_set_group(sqe, GROUP);
	if (cring_submit(r->ring) != 1 || cring_wait_cqe(r->ring, &c))
		return -EIO;
	res = c->res;
	cring_cqe_seen(r->ring, c);
	return res;
}

static void *rearm(void *arg)
{
	struct rearm *r = arg;

	do {
		r->last = rearm_once(r);
		r->rounds++;
	} while (r->last == 1 && !atomic_load(&r->over));
	return NULL;
}

static void *feed(void *arg)
{
	struct rearm *r = arg;

	while (!atomic_load(&r->over))
		if (write(r->p[1], "x", 1) != 1)
			sched_yield();
	return NULL;
}

static void t_start_rearm(struct __test_metadata *_metadata, struct rearm *r,
			  pthread_t t[2])
{
	new_pipe(r->p, 0);
	ASSERT_EQ(0, fcntl(r->p[1], F_SETFL, O_NONBLOCK));
	t[0] = new_thread(rearm, r);
	t[1] = new_thread(feed, r);
	ASSERT_TRUE(wait_until(r->rounds > 200));
}

TEST_F(beyond, p03_one_seal_stops_it)
{
	struct rearm mine = { .ring = RING }, theirs = { .uring = URING };
	struct io_uring_sync_cancel_reg reg = {
		.addr = 1, .timeout = { -1, -1 },
	};
	unsigned int calls = 0;
	pthread_t t[2];
	uint64_t end;
	int ret;

	if (!(RING->features & CRING_FEAT_SEALS))
		SKIP(return, NO_SEALS);
	t_start_rearm(_metadata, &mine, t);
	ret = cring_group_seal(RING, GROUP, CRING_CANCEL_WAIT, -1);
	EXPECT_GE(ret, 0);
	EXPECT_LE(ret, 1);
	if (ret < 0)
		mine.over = true;
	join(t[0]);
	mine.over = true;
	join(t[1]);
	EXPECT_EQ(-ECANCELED, atomic_load(&mine.last));
	contract_note(3, "1 seal, after %llu reads",
		      (unsigned long long)mine.rounds);
	if (!self->have)
		return;

	/* One cancel after the other, until the thread has seen one. */
	t_start_rearm(_metadata, &theirs, t);
	end = now_ns() + 10 * NSEC_PER_SEC;
	while (theirs.last != -ECANCELED && now_ns() < end) {
		calls++;
		if (!io_uring_register_sync_cancel(URING, &reg))
			msleep(10);
	}
	theirs.over = true;
	join(t[0]);
	join(t[1]);
	if (theirs.last == -ECANCELED)
		contract_note(3, "io_uring: %u cancels", calls);
	else
		contract_note(3, "io_uring: not in 10 s, and %u cancels", calls);
}

TEST_F(beyond, p04_under_a_seal)
{
	int i;

	if (!(RING->features & CRING_FEAT_SEALS))
		SKIP(return, NO_SEALS);
	group_read(1, self->p[0], GROUP);
	group_read(2, self->p[0], GROUP + 1);
	submit_all(RING, 2);
	EXPECT_EQ(1, cring_group_seal(RING, GROUP, 0, 0));
	expect_res(RING, 1, -ECANCELED);
	for (i = 0; i < 3; i++) {
		group_read(10 + i, self->p[0], GROUP);
		submit_all(RING, 1);
		expect_res(RING, 10 + i, -ECANCELED);
		EXPECT_EQ(1, cring_cqe_not_started(cq_peek(RING,
							   cqe_at(RING, 10 + i))));
	}
	expect_pending(RING, 2);
	group_read(3, self->p[0], GROUP + 1);
	submit_all(RING, 1);
	expect_pending(RING, 3);
	EXPECT_EQ(0, cring_group_reopen(RING, GROUP));
	group_read(20, self->p[0], GROUP);
	submit_all(RING, 1);
	expect_pending(RING, 20);

	EXPECT_EQ(3, cring_ring_seal(RING, 0, 0));
	group_read(21, self->p[0], 0);
	submit_all(RING, 1);
	expect_res(RING, 21, -ECANCELED);
	EXPECT_EQ(0, cring_ring_reopen(RING));
	group_read(22, self->p[0], 0);
	submit_all(RING, 1);
	expect_pending(RING, 22);
}

#define GROUPS	5U
#define EACH	100U	/* one half armed, one half in a device */
#define SLOW_MS	1500

TEST_F(beyond, p05_exactly_its_completions)
{
	struct cring_cancel_key key = cring_key_group(3, CRING_ASYNC_CANCEL_ALL);
	static struct cring_cqe got[GROUPS * EACH];
	unsigned int i, nr = 0, stopped = 0, whole = 0, answered = 0;
	char *buf = new_pages(EACH / 2 * 4096);
	unsigned char seen[EACH] = { 0 };
	int fd;

	if (!have_nullb())
		SKIP(return, NULLB_SKIP);
	new_nullb(&self->nb, .no_memory = true,
		  .delay_ns = SLOW_MS * NSEC_PER_MSEC, .hw_queue_depth = 1023);
	fd = nullb_open(&self->nb, O_RDONLY | O_DIRECT);

	/* user_data: the group, and which of it. */
	for (i = 0; i < GROUPS * EACH; i++) {
		unsigned int group = 1 + i % GROUPS, which = i / GROUPS;

		if (which % 2) {
			struct cring_sqe *sqe = new_sqe(RING, 0);

			cring_prep_read(sqe, fd, buf + which / 2 * 4096, 4096,
					which * 4096);
			cring_sqe_set_group(sqe, group);
			cring_sqe_set_data64(sqe, group * EACH + which);
		} else {
			group_read(group * EACH + which, self->p[0], group);
		}
	}
	submit_all(RING, GROUPS * EACH);
	EXPECT_EQ(0, cring_cancel_reap(RING, &key, 1, CRING_CANCEL_WAIT, -1,
				       got, ARRAY_LEN(got), &nr));
	EXPECT_EQ(EACH, nr);
	EXPECT_EQ((int)EACH, key.res);
	for (i = 0; i < nr; i++) {
		ASSERT_EQ(3, got[i].user_data / EACH);
		seen[got[i].user_data % EACH]++;
		stopped += got[i].res == -ECANCELED;
		whole += got[i].res == 4096;
	}
	for (i = 0; i < EACH; i++)
		EXPECT_EQ(1, seen[i]);
	EXPECT_EQ(EACH / 2, stopped);
	EXPECT_EQ(EACH / 2, whole);

	/* The 400 others: the device's end whole, the armed ones get their byte. */
	for (i = 0; i < (GROUPS - 1) * EACH / 2; i++)
		ASSERT_EQ(1, write(self->p[1], "x", 1));
	settle(RING);
	EXPECT_EQ((GROUPS - 1) * EACH, cq_count(RING));
	for (i = 0; i < cq_count(RING); i++) {
		EXPECT_NE(3, cq_peek(RING, i)->user_data / EACH);
		answered += cq_peek(RING, i)->res == 4096 ||
			    cq_peek(RING, i)->res == 1;
	}
	EXPECT_EQ((GROUPS - 1) * EACH, answered);
	contract_note(5, "%u completions: %u stopped, %u whole; the other %u: %u whole",
		      nr, stopped, whole, (GROUPS - 1) * EACH, answered);
	if (!self->have)
		return;

	for (i = 0; i < EACH; i++) {
		struct io_uring_sqe *sqe = uring_sqe(URING, 0);

		if (i % 2)
			io_uring_prep_read(sqe, fd, buf + i / 2 * 4096, 4096,
					   i * 4096);
		else
			io_uring_prep_read(sqe, self->p[0], sink, 1, 0);
		sqe->user_data = i;
	}
	ASSERT_EQ((int)EACH, io_uring_submit(URING));
	stopped = 0;
	whole = 0;
	for (i = 0; i < EACH; i++) {
		int ret = uring_cancel(URING, BY_SQE, .user_data = i);

		stopped += ret == 0;
		whole += ret == -ENOENT;
	}
	contract_note(5, "io_uring: %u cancels for one of the groups; %u stopped, %u are ENOENT",
		      EACH, stopped, whole);
}

TEST_F(beyond, p06_a_deadline)
{
	struct cring_cancel_key key = cring_key64(2, 0);
	uint64_t start = now_ns(), took;
	struct cring_sqe *sqe;

	sqe = new_sqe(RING, 1);
	cring_prep_read(sqe, self->p[0], sink, 1, 0);
	cring_sqe_set_deadline(sqe, 100 * NSEC_PER_MSEC);
	sqe = new_sqe(RING, 2);
	cring_prep_read(sqe, self->p[0], sink, 1, 0);
	cring_sqe_set_deadline(sqe, 200 * NSEC_PER_MSEC);
	submit_all(RING, 2);
	EXPECT_EQ(2, cring_in_flight(RING));
	EXPECT_EQ(0, cring_deadline_move(RING, &key, 700 * NSEC_PER_MSEC, 0));
	await(RING, 1);
	took = now_ns() - start;
	expect_res(RING, 1, -ETIME);
	EXPECT_GE(took, 100 * NSEC_PER_MSEC);
	await(RING, 2);
	EXPECT_GE(now_ns() - start, 700 * NSEC_PER_MSEC);
	expect_res(RING, 2, -ETIME);
	EXPECT_EQ(2, cq_count(RING));
	contract_note(6, "100 ms: -ETIME after %u.%u ms, and one completion",
		      (unsigned int)(took / 1000000),
		      (unsigned int)(took / 100000 % 10));
	EXPECT_EQ(-ENOENT, cring_deadline_move(RING, &key, 1, 0));
}

/* us from the call of @fn to its return */
#define us_of(fn) __extension__ ({					\
	uint64_t __start = now_ns();					\
									\
	(fn);								\
	(unsigned int)((now_ns() - __start) / 1000); })

TEST_F(beyond, p07_a_device_that_hangs)
{
	struct cring_cancel_key key = cring_key64(1, 0);
	struct cring_params p = { .detached = 4 };
	char *buf = new_pages(2 * 4096);
	struct cring_sqe *sqe;
	struct cring ring;
	unsigned int us;
	int fd, ret;

	if (!(RING->features & CRING_FEAT_DETACH))
		SKIP(return, "this module has no DETACH");
	if (!have_nullb())
		SKIP(return, NULLB_SKIP);
	new_nullb(&self->nb, .size_mb = 4);
	ret = dm_create(&self->dm, "cring_beyond", self->nb.dev, 4);
	if (ret == -ENODEV)
		SKIP(return, "no device mapper in this kernel");
	ASSERT_EQ(0, ret);
	fd = open(self->dm.path, O_RDONLY | O_DIRECT);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, dm_suspend(&self->dm));
	ASSERT_EQ(0, cring_queue_init_params(8, &ring, &p));

	memset(buf, 'a', 2 * 4096);
	sqe = new_sqe(&ring, 1);
	cring_prep_read(sqe, fd, buf, 4096, 0);
	cring_sqe_set_detach(sqe);
	submit_all(&ring, 1);
	if (self->have) {
		io_uring_prep_read(uring_sqe(URING, 0), fd, buf + 4096, 4096,
				   0);
		ASSERT_EQ(1, io_uring_submit(URING));
	}
	msleep(200);
	us = us_of(ret = cring_cancel_sync(&ring, &key, 0, 0));
	EXPECT_EQ(0, ret);
	expect_res(&ring, 1, -ECANCELED);
	EXPECT_EQ(0, cring_cqe_not_started(cq_peek(&ring, 0)));
	contract_note(7, "0, after %u us", us);
	if (self->have) {
		us = us_of(ret = uring_cancel(URING, BY_SQE, .user_data = 0));
		contract_note(7, "io_uring: %d, after %u us; the read's completion is %s",
			      ret, us,
			      uring_at(URING, 0) < 0 ? "still to come" : "there");
	}
	/* What it reads when it goes on again is nobody's. */
	ASSERT_EQ(0, dm_resume(&self->dm));
	if (self->have)
		EXPECT_EQ(4096, uring_wait_res(URING, 0));
	msleep(200);
	EXPECT_TRUE(is_byte(buf, 4096, 'a'));
	EXPECT_EQ(1, cq_count(&ring));
	cring_queue_exit(&ring);
	close(fd);
}

TEST_HARNESS_MAIN
