// SPDX-License-Identifier: MIT
/*
 * What a cancel costs, from call to return, while the direct read that it names
 * is stuck in a network block device whose server (nbdkit) has been stopped; and
 * when the read's completion comes.  Beside io_uring, on the same device.
 *
 * The argument says what the machine's clock counts: "instructions" (see
 * scripts/bench-detach), or "nanoseconds".  The status is 1 when a cancel with
 * DETACH takes more instructions than it may.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include <liburing.h>

#include <cring.h>

#include "../../tests/nbdkit.h"

#define READS		16	/* of each kind, all in the device at once */
#define MEDIAN		(READS / 2)
#define LEN		4096UL
#define AT_MOST		4000	/* instructions */
#define SINK_IN_MS	1000
#define STANDS_MS	2000	/* for so long after the last cancel */

struct kind {
	const char *name;
	long (*cancel)(unsigned int i);
	bool detach, uring;
	/* what was found */
	int answer;
	unsigned long took[READS], start[READS], cqe_ms[READS];
	bool at_return;
};

static struct cring cring;
static struct io_uring uring;

#define check(cond) \
	do { if (!(cond)) fail(#cond, __LINE__); } while (0)

static __attribute__((noreturn)) void fail(const char *what, int line)
{
	fprintf(stderr, "detach: not so in line %d: %s\n", line, what);
	exit(2);
}

static unsigned long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000UL + ts.tv_nsec;
}

/* --- five ways to cancel; each gives the answer ------------------------------ */

static long by_call(unsigned int ud)
{
	struct cring_cancel_key key = cring_key64(ud, 0);

	return cring_cancel_sync(&cring, &key, 0, 0);
}

static long by_sqe(unsigned int ud)
{
	struct cring_sqe *sqe = cring_get_sqe(&cring);

	cring_prep_cancel64(sqe, ud, 0);
	cring_sqe_set_data64(sqe, ~0UL);
	check(cring_submit(&cring) == 1);
	/* its CQE is the last one */
	return cring_cqe_at(&cring, cring_cq_ready(&cring) - 1)->res;
}

static long uring_by_sqe(unsigned int ud)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&uring);
	struct io_uring_cqe *cqe;
	long res;

	io_uring_prep_cancel64(sqe, ud, 0);
	io_uring_sqe_set_data64(sqe, ~0UL);
	check(io_uring_submit_and_wait(&uring, 1) == 1);
	check(!io_uring_peek_cqe(&uring, &cqe) && cqe->user_data == ~0UL);
	res = cqe->res;
	io_uring_cqe_seen(&uring, cqe);
	return res;
}

static long uring_by_call(unsigned int ud)
{
	struct io_uring_sync_cancel_reg reg = {
		.addr = ud, .fd = -1, .timeout = { 0, 1000000 },
	};

	return io_uring_register_sync_cancel(&uring, &reg);
}

static struct kind kinds[] = {
	{ "cring, call, DETACH", by_call, .detach = true },
	{ "cring, SQE, DETACH", by_sqe, .detach = true },
	{ "cring, call", by_call, .detach = false },
	{ "io_uring, SQE", uring_by_sqe, .uring = true },
	{ "io_uring, sync call", uring_by_call, .uring = true },
};

#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

/* --- the reads ------------------------------------------------------------------ */

static void put_reads(struct kind *k, unsigned int ud, int fd, char *buf)
{
	unsigned int i;

	for (i = 0; i < READS; i++, ud++, buf += LEN) {
		if (k->uring) {
			struct io_uring_sqe *sqe = io_uring_get_sqe(&uring);

			io_uring_prep_read(sqe, fd, buf, LEN, ud * LEN);
			io_uring_sqe_set_data64(sqe, ud);
		} else {
			struct cring_sqe *sqe = cring_get_sqe(&cring);

			cring_prep_read(sqe, fd, buf, LEN, ud * LEN);
			cring_sqe_set_data64(sqe, ud);
			if (k->detach)
				cring_sqe_set_detach(sqe);
		}
	}
	check((k->uring ? io_uring_submit(&uring) : cring_submit(&cring)) ==
	      READS);
}

static void cancel_reads(struct kind *k, unsigned int ud, unsigned long clock)
{
	unsigned int i;

	for (i = 0; i < READS; i++) {
		unsigned int ready = cring_cq_ready(&cring);

		k->start[i] = now();
		k->answer = (int)k->cancel(ud + i);
		k->took[i] = now() - k->start[i] - clock;
		/* the cancel's own, and the read's before it */
		if (!k->uring && !k->answer)
			k->at_return = cring_cq_ready(&cring) > ready;
	}
}

/* A completion has come: of which kind's read is it, and how late? */
static void note(unsigned long ud, int res)
{
	struct kind *k = &kinds[ud / READS];
	unsigned int i = ud % READS;

	if (ud >= KINDS * READS)
		return;
	check(res == (int)LEN || res == -ECANCELED);
	k->cqe_ms[i] = (now() - k->start[i]) / 1000000;
}

static void reap_all(void)
{
	unsigned int left;

	for (left = 2 * READS; left; left--) {
		struct io_uring_cqe *cqe;

		check(!io_uring_wait_cqe(&uring, &cqe));
		note(cqe->user_data, cqe->res);
		io_uring_cqe_seen(&uring, cqe);
	}
	while (cring_in_flight(&cring) || cring_cq_ready(&cring)) {
		struct cring_cqe *cqe;

		check(!cring_wait_cqe(&cring, &cqe));
		note(cqe->user_data, cqe->res);
		cring_cqe_seen(&cring, cqe);
	}
}

/* --- the table -------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const unsigned long *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void row(struct kind *k, bool instructions)
{
	const char *name = k->answer ? strerrorname_np(-k->answer) : "0";
	double unit = instructions ? 1 : 1000;
	unsigned long middle;
	char cqe[48];

	qsort(k->took, READS, sizeof(k->took[0]), compare);
	middle = k->took[MEDIAN];
	if (k->at_return)
		snprintf(cqe, sizeof(cqe), "at return");
	else
		snprintf(cqe, sizeof(cqe), "after %lu ms", k->cqe_ms[0]);
	printf("%-22s %s%-9s %8.*f %8.*f %8.*f   %s\n", k->name,
	       k->answer ? "-" : "", name, instructions ? 0 : 1,
	       k->took[0] / unit, instructions ? 0 : 1,
	       middle / unit, instructions ? 0 : 1,
	       k->took[READS - 1] / unit, cqe);
}

int main(int argc, char **argv)
{
	bool instructions = argc > 1 && !strcmp(argv[1], "instructions");
	struct cring_params p = { .detached = 2 * READS };
	unsigned long clock = -1UL;
	struct nbdkit server;
	unsigned int i;
	char *buf;
	int fd;

	check(!nbdkit_start(&server));
	fd = open(NBDKIT_NODE, O_RDWR | O_DIRECT);
	check(fd >= 0);
	buf = aligned_alloc(LEN, KINDS * READS * LEN);
	check(buf);
	check(!cring_queue_init_params(256, &cring, &p));
	check(!io_uring_queue_init(256, &uring, 0));
	check(io_uring_register_ring_fd(&uring) == 1);
	for (i = 0; i < 100; i++) {
		unsigned long start = now(), end = now();

		if (end - start < clock)
			clock = end - start;
	}

	check(!nbdkit_stop(&server));
	for (i = 0; i < KINDS; i++)
		put_reads(&kinds[i], i * READS, fd,
			  buf + (size_t)i * READS * LEN);
	poll(NULL, 0, SINK_IN_MS);
	for (i = 0; i < KINDS; i++)
		cancel_reads(&kinds[i], i * READS, clock);
	poll(NULL, 0, STANDS_MS);
	nbdkit_go(&server);
	reap_all();

	printf("%-22s %-10s %8s %8s %8s   %s\n",
	       instructions ? "instructions" : "microseconds", "answer",
	       "least", "median", "most", "the read's CQE");
	for (i = 0; i < KINDS; i++)
		row(&kinds[i], instructions);
	printf("(the server went on %d ms after the last cancel)\n", STANDS_MS);

	cring_queue_exit(&cring);
	io_uring_queue_exit(&uring);
	close(fd);
	nbdkit_exit(&server);
	for (i = 0; i < KINDS && instructions; i++)
		if (kinds[i].detach &&
		    (kinds[i].answer || kinds[i].took[MEDIAN] > AT_MOST))
			return 1;
	return 0;
}
