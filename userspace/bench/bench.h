/* SPDX-License-Identifier: MIT */
/*
 * What the files of this program share: the same work through cring, io_uring,
 * libaio, POSIX AIO and plain system calls, in one process, taking turns.
 *
 * A file is one concern: a table of cases with a body for each side, and a
 * function that measures them.  A body does its operations the way a program
 * would.  measure.c makes the rings, measures, and prints.
 *
 * What is measured is the guest's clock.  scripts/bench runs this program on a
 * machine whose clock advances by one nanosecond an instruction, so that
 * nanoseconds are instructions, user space's and the kernel's together.  They
 * are not time: a cache miss and a register move count the same.
 */
#ifndef BENCH_H
#define BENCH_H

#include <libaio.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <liburing.h>

#include <cring.h>

#define BENCH_BATCH	128		/* the largest */
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* io_uring's two set-ups count as one peer: the better of them */
enum bench_side {
	BENCH_CRING,
	BENCH_URING,
	BENCH_URING_DEFER,
	BENCH_LIBAIO,
	BENCH_POSIX,
	BENCH_PLAIN,
	BENCH_SIDES
};

struct bench_case;

/**
 * struct bench_ring - one ring, or what stands for it on the other sides
 * @side: whose it is
 * @cring: with BENCH_CRING
 * @uring: with BENCH_URING, BENCH_URING_DEFER
 * @aio: with BENCH_LIBAIO
 * @fd: for the case's own use
 * @fds: for the case's own use
 * @nr_fds: how many are in @fds
 * @next: for the case's own use
 */
struct bench_ring {
	enum bench_side side;
	union {
		struct cring cring;
		struct io_uring uring;
		io_context_t aio;
	};
	int fd;
	int *fds;
	unsigned int nr_fds;
	__u64 next;
};

typedef void (*bench_body)(struct bench_ring *r, const struct bench_case *c,
			   unsigned int passes);

/**
 * struct bench_case - a row of the table
 * @name: what is measured
 * @batch: operations that one pass does
 * @wait: completions that it waits for
 * @bytes: of a read
 * @res: what each operation answers
 * @in_flight: operations that are in flight all the while
 * @files: over how many files they are spread
 * @entries: of the SQ; 0 for enough
 * @cq_entries: of the CQ; 0 for enough
 * @rings: on each side; 0 for what is usual
 * @passes: of a segment; 0 for as many as fit
 * @setup: makes a ring ready for @body, outside of what is measured
 * @cleanup: undoes that
 * @body: by side: @batch operations, so many passes; NULL: has none
 * @target: by side: the ratio of cring to it that is wanted at most, 0 for none
 * @limit: instructions that cring may take at most, 0 for no limit
 * @picture: of which it is a point, or NULL
 * @series: line of that picture
 * @x: where on that line
 * @point_only: a point of the picture, no row of the table
 */
struct bench_case {
	const char *name;
	unsigned int batch;
	unsigned int wait;
	unsigned int bytes;
	int res;
	unsigned int in_flight;
	unsigned int files;
	unsigned int entries;
	unsigned int cq_entries;
	unsigned int rings;
	unsigned int passes;
	void (*setup)(struct bench_ring *r, const struct bench_case *c);
	void (*cleanup)(struct bench_ring *r, const struct bench_case *c);
	bench_body body[BENCH_SIDES];
	double target[BENCH_SIDES];
	double limit;
	const char *picture;
	const char *series;
	unsigned int x;
	bool point_only;
};

/* The same body for both of io_uring's set-ups, and one target. */
#define BENCH_URINGS(b) [BENCH_URING] = (b), [BENCH_URING_DEFER] = (b)

#define bench_check(cond) \
	do { if (__builtin_expect(!(cond), 0)) bench_fail(#cond, __FILE__, __LINE__); } while (0)

static inline __attribute__((noreturn, cold))
void bench_fail(const char *what, const char *file, int line)
{
	fprintf(stderr, "bench: not so in %s, line %d: %s (errno %d)\n", file,
		line, what, errno);
	exit(2);
}

/* measure.c */
extern unsigned long bench_total, bench_started, bench_clock;
extern bool bench_quick;
extern const char *bench_part;
extern int bench_profile;

bool bench_wanted(const char *name);
double bench_measure(const struct bench_case *c);
void bench_cases(const struct bench_case *cases, unsigned int nr);
void bench_result(const char *name, const char *peer, double cring,
		  double peer_cost, double target, double spread,
		  double peer_spread);
void bench_ring_open(struct bench_ring *r, enum bench_side side,
		     const struct bench_case *c);
void bench_ring_close(struct bench_ring *r);

/* growth.c */
void bench_grow(const struct bench_case *c, unsigned int from, unsigned int to);

/* files.c */
void bench_more_files(void);
int bench_cached_file(void);
int bench_device(const char *which, int flags);
void bench_event_files(struct bench_ring *r, unsigned int nr);
void bench_close_files(struct bench_ring *r);
extern char bench_buffer[] __attribute__((aligned(4096)));
#define BENCH_BUFFER	0x100000
#define BENCH_FILE	0x40000

/* one a file: measures what the file is about */
void bench_nop(void);
void bench_read(void);
void bench_posix(void);
void bench_direct(void);
void bench_pipe(void);
void bench_worker(void);
void bench_poll(void);
void bench_queued(void);
void bench_timer(void);
void bench_detach(void);
void bench_growth(void);
void bench_many(void);
void bench_floor(void);
void bench_memory(void);
void bench_scale(void);
void bench_sqpoll(void);

/*
 * The profiler counts what lies between the first two: instructions that do
 * nothing, with a number in them that no compiler would use.
 */
static inline void bench_mark_start(void)
{
	asm volatile(".byte 0x0f, 0x1f, 0x80, 0x63, 0x72, 0x6e, 0x67" ::: "memory");
}

static inline void bench_mark_stop(void)
{
	asm volatile(".byte 0x0f, 0x1f, 0x80, 0x63, 0x72, 0x6e, 0x68" ::: "memory");
}

/* What was counted so far does not count. */
static inline void bench_mark_reset(void)
{
	asm volatile(".byte 0x0f, 0x1f, 0x80, 0x63, 0x72, 0x6e, 0x69" ::: "memory");
}

static inline unsigned long bench_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000UL + ts.tv_nsec;
}

/* What lies between a resume and a pause is measured; a body may do both. */
static inline void bench_resume(void)
{
	bench_started = bench_now();
	bench_mark_start();
}

static inline void bench_pause(void)
{
	bench_mark_stop();
	bench_total += bench_now() - bench_started - bench_clock;
}

static inline void bench_min(unsigned long *least, unsigned long value)
{
	if (value < *least)
		*least = value;
}

#endif /* BENCH_H */
