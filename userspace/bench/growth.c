// SPDX-License-Identifier: MIT
/*
 * What else is in flight shall cost nothing: submitting, completing, and
 * cancelling by each key, beside 16 to 65,536 polls; and by how many files they
 * are spread over.
 */
#include <poll.h>

#include "batch.h"

#define GROUP		1000
#define TARGET		1000000
#define MOST_FILES	4096
#define TURNS		64	/* see poll.c */

static void poll_add(struct bench_ring *r, int fd, __u64 data, __u32 group,
		     unsigned int flags)
{
	if (r->side == BENCH_CRING) {
		struct cring_sqe *sqe = cring_sqe(r);

		cring_prep_poll_add(sqe, fd, POLLIN);
		cring_sqe_set_data64(sqe, data);
		cring_sqe_set_group(sqe, group);
		cring_sqe_set_flags(sqe, flags);
	} else {
		struct io_uring_sqe *sqe = uring_sqe(r);

		io_uring_prep_poll_add(sqe, fd, POLLIN);
		io_uring_sqe_set_data64(sqe, data);
	}
}

static void submit(struct bench_ring *r, unsigned int nr)
{
	int ret = r->side == BENCH_CRING ? cring_submit(&r->cring) :
					   io_uring_submit(&r->uring);

	bench_check(ret == (int)nr);
}

/* All but the one that is measured. */
static void fill(struct bench_ring *r, const struct bench_case *c)
{
	unsigned int files = c->files ?: MOST_FILES, i, n = 0;

	if (files > c->in_flight)
		files = c->in_flight;
	bench_event_files(r, files + 1);
	r->fd = r->fds[files];
	if (r->side == BENCH_CRING)
		bench_check(cring_register_files(&r->cring, &r->fd, 1) == 0);
	for (i = 1; i < c->in_flight; i++) {
		poll_add(r, r->fds[i % files], i, 1 + i % 64, 0);
		if (++n < 128 && i + 1 < c->in_flight)
			continue;
		submit(r, n);
		n = 0;
	}
}

static void cleanup(struct bench_ring *r, const struct bench_case *c)
{
	(void)c;
	bench_close_files(r);
}

static void cancel(struct bench_ring *r, unsigned int passes, int fd,
		   unsigned int flags, struct cring_cancel_key key)
{
	while (passes--) {
		bench_pause();
		if (key.flags & CRING_ASYNC_CANCEL_TICKET)
			key.ticket = r->cring.sqe_tail;
		poll_add(r, fd, TARGET, GROUP, flags);
		submit(r, 1);
		bench_resume();
		bench_check(cring_cancel_sync(&r->cring, &key, 0, 0) == 0);
		bench_pause();
		cring_reap(&r->cring, 1);
		bench_resume();
	}
}

static void by_user_data(struct bench_ring *r, const struct bench_case *c,
			 unsigned int passes)
{
	(void)c;
	cancel(r, passes, r->fd, 0, cring_key64(TARGET, 0));
}

static void by_fd(struct bench_ring *r, const struct bench_case *c,
		  unsigned int passes)
{
	(void)c;
	cancel(r, passes, r->fd, 0, cring_key_fd(r->fd, 0));
}

static void by_slot(struct bench_ring *r, const struct bench_case *c,
		    unsigned int passes)
{
	(void)c;
	cancel(r, passes, 0, CRING_SQE_FIXED_FILE,
	       cring_key_fd(0, CRING_ASYNC_CANCEL_FD_FIXED));
}

static void by_group(struct bench_ring *r, const struct bench_case *c,
		     unsigned int passes)
{
	(void)c;
	cancel(r, passes, r->fd, 0, cring_key_group(GROUP, 0));
}

static void by_ticket(struct bench_ring *r, const struct bench_case *c,
		      unsigned int passes)
{
	(void)c;
	cancel(r, passes, r->fd, 0, cring_key_ticket(0, 0));
}

static void uring_cancel(struct bench_ring *r, unsigned int passes, int fd,
			 unsigned int flags)
{
	struct io_uring_sync_cancel_reg reg = {
		.fd = fd, .flags = flags, .timeout = { -1, -1 }
	};

	while (passes--) {
		bench_pause();
		reg.addr = TARGET + passes % TURNS;
		poll_add(r, r->fd, reg.addr, 0, 0);
		submit(r, 1);
		bench_resume();
		bench_check(io_uring_register_sync_cancel(&r->uring, &reg) == 0);
		bench_pause();
		uring_reap(&r->uring, 1);
		bench_resume();
	}
}

static void uring_by_user_data(struct bench_ring *r, const struct bench_case *c,
			       unsigned int passes)
{
	(void)c;
	uring_cancel(r, passes, -1, 0);
}

static void uring_by_fd(struct bench_ring *r, const struct bench_case *c,
			unsigned int passes)
{
	(void)c;
	uring_cancel(r, passes, r->fd, IORING_ASYNC_CANCEL_FD);
}

static void cancelled(struct bench_ring *r)
{
	struct cring_cancel_key key = cring_key64(TARGET, 0);

	bench_check(cring_cancel_sync(&r->cring, &key, 0, 0) == 0);
	cring_reap(&r->cring, 1);
}

static void adding(struct bench_ring *r, const struct bench_case *c,
		   unsigned int passes)
{
	(void)c;
	while (passes--) {
		poll_add(r, r->fd, TARGET, GROUP, 0);
		submit(r, 1);
		bench_pause();
		cancelled(r);
		bench_resume();
	}
}

static void completing(struct bench_ring *r, const struct bench_case *c,
		       unsigned int passes)
{
	__u64 one = 1;

	(void)c;
	while (passes--) {
		bench_pause();
		poll_add(r, r->fd, TARGET, GROUP, 0);
		submit(r, 1);
		bench_resume();
		bench_check(write(r->fd, &one, sizeof(one)) == sizeof(one));
		cring_reap(&r->cring, 1);
		bench_pause();
		bench_check(read(r->fd, &one, sizeof(one)) == sizeof(one));
		bench_resume();
	}
}

/**
 * bench_grow - a case with more and more in flight
 * @c: the case; how many are in flight, and the size of the CQ, are set here
 * @from: so many at first
 * @to: so many at last
 *
 * What it costs at last may be 1.1 times what it cost at first.
 */
void bench_grow(const struct bench_case *c, unsigned int from, unsigned int to)
{
	static const unsigned int sizes[] = { 16, 256, 4096, 16384, 65536 };
	struct bench_case at = *c;
	double first = 0, last = 0, cost;
	char name[100];

	if (!bench_wanted(c->name))
		return;
	at.picture = "cancel";
	at.series = c->name;
	at.point_only = true;
	at.entries = 256;
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (sizes[i] < from || (bench_quick && sizes[i] > 4096))
			continue;
		at.in_flight = sizes[i] < to ? sizes[i] : to;
		at.x = at.in_flight;
		at.cq_entries = sizes[i] < 512 ? 1024 : 2 * sizes[i];
		if (at.cq_entries > CRING_MAX_CQ_ENTRIES)
			at.cq_entries = CRING_MAX_CQ_ENTRIES;
		cost = bench_measure(&at);
		if (first == 0)
			first = cost;
		last = cost;
	}
	if (bench_profile >= 0)
		return;
	snprintf(name, sizeof(name), "%s, %u in flight", c->name, at.in_flight);
	snprintf(name + 50, 50, "itself beside %u", from);
	bench_result(name, name + 50, last, first, 1.1, 0, 0);
}

#define POLLS	.batch = 1, .rings = 2, .passes = TURNS, .setup = fill, .cleanup = cleanup

static const struct bench_case cases[] = {
	{ "cancel by user_data", POLLS, .body = { by_user_data, uring_by_user_data } },
	{ "cancel by fd", POLLS, .body = { by_fd, uring_by_fd } },
	{ "cancel by slot", POLLS, .body = { by_slot } },
	{ "cancel by group", POLLS, .body = { by_group } },
	{ "cancel by ticket", POLLS, .body = { by_ticket } },
	{ "submit of a poll", POLLS, .body = { adding } },
	{ "completion of a poll", POLLS, .body = { completing } },
};

static const struct bench_case one_file = {
	"cancel by fd, 4096 in flight on 1 file", POLLS, .in_flight = 4096,
	.cq_entries = 8192, .files = 1, .point_only = true, .body = { by_fd }
};

static const struct bench_case many_files = {
	"cancel by fd, 4096 in flight on 4096 files", POLLS, .in_flight = 4096,
	.cq_entries = 8192, .files = 4096, .point_only = true, .body = { by_fd }
};

void bench_growth(void)
{
	double one, many;

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++)
		bench_grow(&cases[i], 16, 65536);
	one = bench_measure(&one_file);
	many = bench_measure(&many_files);
	if (one > 0 && many > 0)
		bench_result(many_files.name, "itself on one file", many, one,
			     1.1, 0, 0);
}
