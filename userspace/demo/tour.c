// SPDX-License-Identifier: MIT
/*
 * The cancel tour: operations in every place that they can be in, cancelled in
 * every way there is, and each answer and completion held against the contract
 * (Documentation/contract.rst).  Prints a table; a surprise makes it exit 1.
 *
 * Wants to be root in a machine of its own, with null_blk (nr_devices=0),
 * dm_mod, fuse and cring loaded: see scripts/demo.
 */
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>

#include <cring.h>

#include "stage.h"

#define BLOCK		4096
#define SETTLE_MS	100	/* an operation gets to its place */
#define PATIENCE_MS	8000	/* a CQE that shall come, comes */
#define SLOW_NS		"1000000000"
#define SECTORS		(64 * 2048ULL)

/* user_data */
enum {
	TARGET = 1,		/* shall be cancelled */
	OTHER,			/* what else belongs to the scene */
	FILLER,			/* keeps the workers busy */
	CANCEL,			/* the cancel, when it is an SQE */
};

static struct cring ring;
static unsigned char *block;	/* aligned for direct I/O */
static int pipe_fds[2], fifo_fd, silent_fd, slow_fd, hung_fd, hung_cached_fd;
static int socket_fds[2], event_fd, full_fds[2];
static pid_t fuse_server;
static unsigned int fillers;	/* in flight, and none of the scene's business */
static unsigned int rows, surprises;

static void sleep_ms(unsigned int ms)
{
	usleep(ms * 1000);
}

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* ---------------------------------------------------------------------------
 * A scene, and its row
 */

struct scene {
	const char *op, *where;		/* the first two columns */
	struct cring_cancel_key key;	/* the cancel */
	bool call;			/* the synchronous call, not an SQE */
	bool wait;			/* ... that waits for the end */
	int answer;			/* what it must answer */
	unsigned int already;		/* ... and how many were -EALREADY */
	unsigned int nr;		/* TARGETs in flight; 0 means 1 */
	int res;			/* what the CQE of each must say */
	void (*release)(void);		/* before this they do not end */
	unsigned int nr_other;		/* OTHERs in flight */
	int other_res;
};

/* What came of it. */
struct outcome {
	unsigned int nr, nr_other;	/* CQEs */
	int res, other_res;		/* of the last */
	unsigned int flags;
	bool answered;			/* the cancel's own CQE */
	bool after_answer;		/* a TARGET's CQE came after that */
	int answer;
	char wrong[80];			/* the first surprise */
};

static const char *number(int res)
{
	static char text[4][32];
	static unsigned int next;
	char *s = text[next++ % 4];

	if (res < 0 && strerrorname_np(-res))
		snprintf(s, sizeof(text[0]), "-%s", strerrorname_np(-res));
	else
		snprintf(s, sizeof(text[0]), "%d", res);
	return s;
}

__attribute__((format(printf, 2, 3)))
static void wrong(struct outcome *o, const char *fmt, ...)
{
	va_list ap;

	if (o->wrong[0])
		return;
	va_start(ap, fmt);
	vsnprintf(o->wrong, sizeof(o->wrong), fmt, ap);
	va_end(ap);
}

static void reap(const struct scene *s, struct outcome *o)
{
	struct cring_cqe *cqe;
	unsigned int head, nr = 0;

	cring_for_each_cqe(&ring, head, cqe) {
		nr++;
		switch (cring_cqe_get_data64(cqe)) {
		case TARGET:
			o->nr++;
			o->res = cqe->res;
			o->flags = cqe->flags;
			if (o->answered)
				o->after_answer = true;
			if (cqe->res != s->res)
				wrong(o, "CQE %s, not %s", number(cqe->res),
				      number(s->res));
			break;
		case OTHER:
			o->nr_other++;
			o->other_res = cqe->res;
			if (cqe->res != s->other_res)
				wrong(o, "the other's CQE %s, not %s",
				      number(cqe->res), number(s->other_res));
			break;
		case CANCEL:
			if (o->answered)
				wrong(o, "two answers");
			o->answered = true;
			o->answer = cqe->res;
			break;
		default:
			wrong(o, "a CQE that nobody knows");
		}
	}
	cring_cq_advance(&ring, nr);
}

static void submit(void)
{
	unsigned int nr = cring_sq_ready(&ring);
	int ret = cring_submit(&ring);

	if (ret != (int)nr)
		errx(1, "submitting %u: %s", nr, number(ret));
}

/* The third column, from the key. */
static const char *cancel_text(const struct scene *s)
{
	static const struct {
		unsigned int flag;
		const char *name;
	} parts[] = {
		{ CRING_ASYNC_CANCEL_FD_FIXED, "fixed" },
		{ CRING_ASYNC_CANCEL_FD, "fd" },
		{ CRING_ASYNC_CANCEL_OP, "opcode" },
		{ CRING_ASYNC_CANCEL_ANY, "ANY" },
		{ CRING_ASYNC_CANCEL_USERDATA, "user_data" },
		{ CRING_ASYNC_CANCEL_ALL, "ALL" },
		{ ~0x3fU, "bad" },
	};
	const unsigned int by_other = CRING_ASYNC_CANCEL_FD |
		CRING_ASYNC_CANCEL_OP | CRING_ASYNC_CANCEL_ANY |
		CRING_ASYNC_CANCEL_USERDATA;
	static char text[64];
	unsigned int i, len, flags = s->key.flags;

	if (!(flags & by_other))
		flags |= CRING_ASYNC_CANCEL_USERDATA;
	len = snprintf(text, sizeof(text), "%s: ", s->call ? "call" : "SQE");
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!(flags & parts[i].flag))
			continue;
		len += snprintf(text + len, sizeof(text) - len, "%s%s",
				text[len - 1] == ' ' ? "" : "+", parts[i].name);
	}
	snprintf(text + len, sizeof(text) - len, "%s", s->wait ? ", wait" : "");
	return text;
}

static void print_row(const char *op, const char *where, const char *cancel,
		      const char *answer, const char *cqe, const char *surprise)
{
	rows++;
	if (surprise[0])
		surprises++;
	printf("%-19s %-31s %-22s %-15s %-17s %s%s\n", op, where, cancel,
	       answer, cqe, surprise[0] ? "NO: " : "yes", surprise);
	fflush(stdout);
}

static void cancel(const struct scene *s, struct outcome *o)
{
	struct cring_cancel_key key = s->key;
	struct cring_sqe *sqe;
	int ret;

	if (s->call) {
		ret = cring_cancel_sync(&ring, &key,
					s->wait ? CRING_CANCEL_WAIT : 0,
					s->wait ? -1 : 0);
		if (ret >= 0 && key.already != s->already)
			wrong(o, "%u of them -EALREADY, not %u", key.already,
			      s->already);
		/* No system call from here to the look into the CQ. */
		reap(s, o);
		o->answered = true;
		o->answer = ret;
		return;
	}
	sqe = cring_get_sqe(&ring);
	cring_prep_cancel64(sqe, key.user_data, (int)key.flags);
	if (key.flags & CRING_ASYNC_CANCEL_FD)
		sqe->fd = key.fd;
	if (key.flags & CRING_ASYNC_CANCEL_OP)
		sqe->len = key.opcode;
	cring_sqe_set_data64(sqe, CANCEL);
	submit();
	reap(s, o);
	if (!o->answered)
		wrong(o, "no answer when submit returned");
}

static void gather(const struct scene *s, struct outcome *o, unsigned int nr)
{
	long long end = now_ms() + PATIENCE_MS;
	struct cring_timespec ts = { 0, 100000000 };
	struct cring_cqe *cqe;

	while ((o->nr < nr || o->nr_other < s->nr_other || !o->answered) &&
	       now_ms() < end) {
		int ret = cring_wait_cqe_timeout(&ring, &cqe, &ts);

		if (ret < 0 && ret != -ETIME && ret != -EINTR)
			errx(1, "waiting: %s", number(ret));
		reap(s, o);
	}
	if (o->nr < nr)
		wrong(o, "%u of %u CQEs came", o->nr, nr);
	else if (o->nr > nr)
		wrong(o, "%u CQEs of %u operations", o->nr, nr);
	else if (o->nr_other != s->nr_other)
		wrong(o, "%u of the others' CQEs, not %u", o->nr_other,
		      s->nr_other);
	else if (cring_in_flight(&ring) != fillers)
		wrong(o, "%u left in flight",
		      cring_in_flight(&ring) - fillers);
}

/* The targets are submitted; cancel them, see what happens, print the row. */
static void play(struct scene s)
{
	unsigned int nr = s.nr ? s.nr : 1;
	bool all = s.key.flags & CRING_ASYNC_CANCEL_ALL;
	struct outcome o = { 0 };
	char answer[32], cqe[48];

	sleep_ms(SETTLE_MS);
	cancel(&s, &o);
	if (o.answered && o.answer != s.answer)
		wrong(&o, "answer %s, not %s", number(o.answer),
		      number(s.answer));

	/* Stopped means: the CQE is there, and ahead of the cancel's. */
	if ((s.answer == 0 && !all) || s.wait || (all && !s.already)) {
		if (o.nr != nr && !o.wrong[0])
			wrong(&o, "%u of %u CQEs were there with the answer",
			      o.nr, nr);
		if (o.after_answer)
			wrong(&o, "its CQE came after the cancel's");
	}
	if (s.release) {
		if (s.answer == -EALREADY) {
			sleep_ms(SETTLE_MS);
			reap(&s, &o);
			if (o.nr)
				wrong(&o, "it ended in a hung place");
		}
		s.release();
	}
	gather(&s, &o, nr);

	if (all && s.already)
		snprintf(answer, sizeof(answer), "%s (%u already)",
			 number(o.answer), s.already);
	else
		snprintf(answer, sizeof(answer), "%s", number(o.answer));
	snprintf(cqe, sizeof(cqe), "%s%s", o.nr ? number(o.res) : "none",
		 o.flags & CRING_CQE_F_NOT_STARTED ? " *" : "");
	if (nr > 1)
		snprintf(cqe + strlen(cqe), sizeof(cqe) - strlen(cqe),
			 " (%u)", o.nr);
	print_row(s.op, s.where, cancel_text(&s), answer, cqe, o.wrong);
}

/* ---------------------------------------------------------------------------
 * The targets
 */

static struct cring_sqe *target_sqe(void)
{
	struct cring_sqe *sqe = cring_get_sqe(&ring);

	if (!sqe)
		errx(1, "the SQ is full");
	cring_sqe_set_data64(sqe, TARGET);
	return sqe;
}

static struct cring_sqe *prep_target_read(int fd)
{
	struct cring_sqe *sqe = target_sqe();

	cring_prep_read(sqe, fd, block, BLOCK, 0);
	return sqe;
}

static struct cring_sqe *prep_other_read(int fd)
{
	struct cring_sqe *sqe = prep_target_read(fd);

	cring_sqe_set_data64(sqe, OTHER);
	return sqe;
}

static void target_read(int fd)
{
	prep_target_read(fd);
	submit();
}

static void write_pipe(void)
{
	if (write(pipe_fds[1], "x", 1) != 1)
		err(STAGE_FAILED, "writing to a pipe");
}

static void resume(void)
{
	dm_resume("hung");
}

static void kill_fuse(void)
{
	fuse_stop("/tmp/silent", fuse_server);
}

/* ---------------------------------------------------------------------------
 * Armed: on a wait queue or a timer
 */

static void armed(void)
{
	static const struct cring_timespec hour = { 3600, 0 };
	struct cring_cancel_key key;
	struct cring_sqe *sqe;
	unsigned int i;
	int dup_fd;

	target_read(pipe_fds[0]);
	play((struct scene){ "read, pipe", "armed", cring_key64(TARGET, 0),
			     .res = -ECANCELED });

	target_read(pipe_fds[0]);
	play((struct scene){ "read, pipe", "armed", cring_key64(TARGET, 0),
			     .call = true, .res = -ECANCELED });

	for (i = 0; i < 8; i++)
		prep_target_read(fifo_fd);
	submit();
	play((struct scene){ "8 reads, FIFO", "armed",
			     cring_key_fd(fifo_fd, CRING_ASYNC_CANCEL_ALL),
			     .call = true, .answer = 8, .nr = 8,
			     .res = -ECANCELED });

	target_read(socket_fds[0]);
	dup_fd = dup(socket_fds[0]);
	play((struct scene){ "read, socket", "armed; the fd is a dup()",
			     cring_key_fd(dup_fd, 0), .res = -ECANCELED });
	close(dup_fd);

	if (cring_register_files(&ring, pipe_fds, 1) < 0)
		errx(1, "registering a file");
	sqe = prep_target_read(0);
	cring_sqe_set_flags(sqe, CRING_SQE_FIXED_FILE);
	submit();
	play((struct scene){ "read, fixed file", "armed",
			     cring_key_fd(0, CRING_ASYNC_CANCEL_FD_FIXED),
			     .call = true, .res = -ECANCELED });
	cring_unregister_files(&ring);

	sqe = target_sqe();
	cring_prep_write(sqe, full_fds[1], block, BLOCK, 0);
	submit();
	key = cring_key_fd(full_fds[1], CRING_ASYNC_CANCEL_USERDATA);
	key.user_data = TARGET;
	play((struct scene){ "write, full pipe", "armed", key, .call = true,
			     .res = -ECANCELED });

	cring_prep_poll_add(target_sqe(), event_fd, EPOLLIN);
	submit();
	play((struct scene){ "poll, eventfd", "armed",
			     cring_key_op(CRING_OP_POLL_ADD, 0),
			     .res = -ECANCELED });

	cring_prep_timeout(target_sqe(), &hour, 0, 0);
	submit();
	play((struct scene){ "timeout, an hour", "armed on a timer",
			     cring_key64(TARGET, 0), .call = true,
			     .res = -ECANCELED });

	cring_sqe_set_flags(prep_target_read(pipe_fds[0]), CRING_SQE_IO_LINK);
	sqe = target_sqe();
	cring_prep_link_timeout(sqe, &hour, 0);
	cring_sqe_set_data64(sqe, OTHER);
	submit();
	play((struct scene){ "read, with timeout", "armed; its timeout ends too",
			     cring_key64(TARGET, 0), .res = -ECANCELED,
			     .nr_other = 1, .other_res = -ECANCELED });
}

/* ---------------------------------------------------------------------------
 * Queued: behind others of the ring
 */

static void queued(void)
{
	const unsigned int busy = 600;	/* more than a ring may have */
	struct cring_cancel_key fill =
		cring_key64(FILLER, CRING_ASYNC_CANCEL_ALL);
	struct cring_sqe *sqe;
	unsigned int i, head;
	struct cring_cqe *cqe;

	cring_sqe_set_flags(prep_other_read(pipe_fds[0]), CRING_SQE_IO_LINK);
	cring_prep_nop(target_sqe());
	submit();
	play((struct scene){ "nop", "linked behind a read",
			     cring_key64(TARGET, 0), .res = -ECANCELED,
			     .release = write_pipe,
			     .nr_other = 1, .other_res = 1 });

	cring_sqe_set_flags(prep_target_read(pipe_fds[0]), CRING_SQE_IO_LINK);
	sqe = target_sqe();
	cring_prep_nop(sqe);
	cring_sqe_set_data64(sqe, OTHER);
	submit();
	play((struct scene){ "read, pipe", "armed; a nop linked behind it",
			     cring_key64(TARGET, 0), .call = true,
			     .res = -ECANCELED,
			     .nr_other = 1, .other_res = -ECANCELED });

	prep_other_read(pipe_fds[0]);
	sqe = target_sqe();
	cring_prep_nop(sqe);
	cring_sqe_set_flags(sqe, CRING_SQE_IO_DRAIN);
	submit();
	play((struct scene){ "nop", "held back by a drain",
			     cring_key64(TARGET, 0), .call = true,
			     .res = -ECANCELED, .release = write_pipe,
			     .nr_other = 1, .other_res = 1 });

	for (i = 0; i < busy; i++) {
		sqe = prep_target_read(fifo_fd);
		cring_sqe_set_data64(sqe, FILLER);
		cring_sqe_set_flags(sqe, CRING_SQE_ASYNC);
	}
	cring_prep_fsync(target_sqe(), slow_fd, 0);
	submit();
	fillers = busy;
	sleep_ms(SETTLE_MS);
	play((struct scene){ "fsync, disk", "queued, all workers are busy",
			     cring_key64(TARGET, 0), .res = -ECANCELED });
	if (cring_cancel_sync(&ring, &fill, CRING_CANCEL_WAIT, -1) !=
	    (int)busy)
		errx(1, "the busy workers cannot be cancelled: %d", fill.res);
	cring_for_each_cqe(&ring, head, cqe)
		if (cqe->user_data != FILLER || cqe->res != -ECANCELED)
			errx(1, "a busy worker ended with %s",
			     number(cqe->res));
	cring_cq_advance(&ring, busy);
	fillers = 0;
}

/* ---------------------------------------------------------------------------
 * Running: in a worker
 */

static void running(void)
{
	cring_sqe_set_flags(prep_target_read(pipe_fds[0]), CRING_SQE_ASYNC);
	submit();
	play((struct scene){ "read, pipe, ASYNC", "running; sleeps interruptibly",
			     cring_key64(TARGET, 0), .answer = -EALREADY,
			     .res = -ECANCELED });

	cring_sqe_set_flags(prep_target_read(fifo_fd), CRING_SQE_ASYNC);
	submit();
	play((struct scene){ "read, FIFO, ASYNC", "running; sleeps interruptibly",
			     cring_key64(TARGET, 0), .call = true, .wait = true,
			     .answer = -EALREADY, .already = 1,
			     .res = -ECANCELED });

	/* A server that is stopped has not read the request. */
	fuse_freeze(fuse_server);
	target_read(silent_fd);
	play((struct scene){ "read, FUSE", "running; server has not seen it",
			     cring_key64(TARGET, 0), .call = true,
			     .answer = -EALREADY, .already = 1,
			     .res = -ECANCELED });
	kill(fuse_server, SIGCONT);

	/* One that has read it keeps the worker until it is gone. */
	target_read(silent_fd);
	play((struct scene){ "read, FUSE", "running; its server dies",
			     cring_key64(TARGET, 0), .answer = -EALREADY,
			     .res = -ECONNABORTED, .release = kill_fuse });

	dm_suspend("hung");
	target_read(hung_cached_fd);
	play((struct scene){ "read, hung disk", "running; sleeps killably",
			     cring_key_fd(hung_cached_fd, 0), .call = true,
			     .answer = -EALREADY, .already = 1,
			     .res = -ECANCELED });
	resume();

	if (pwrite(hung_cached_fd, block, BLOCK, 1 << 20) != BLOCK)
		err(STAGE_FAILED, "writing to the hung disk");
	dm_suspend("hung");
	cring_prep_fsync(target_sqe(), hung_cached_fd, 0);
	submit();
	play((struct scene){ "fsync, hung disk", "running; cannot be woken",
			     cring_key64(TARGET, 0), .answer = -EALREADY,
			     .res = 0, .release = resume });
}

/* ---------------------------------------------------------------------------
 * Dispatched: in the device
 */

static void dispatched(void)
{
	struct cring_sqe *sqe;
	unsigned int i;

	target_read(slow_fd);
	play((struct scene){ "read, slow disk", "in the device, direct",
			     cring_key64(TARGET, 0), .answer = -EALREADY,
			     .res = BLOCK });

	for (i = 0; i < 8; i++) {
		sqe = target_sqe();
		cring_prep_write(sqe, slow_fd, block, BLOCK,
				 (uint64_t)i * BLOCK);
	}
	submit();
	play((struct scene){ "8 writes, slow disk", "in the device, direct",
			     cring_key_fd(slow_fd, CRING_ASYNC_CANCEL_ALL),
			     .call = true, .wait = true, .answer = 8,
			     .already = 8, .nr = 8, .res = BLOCK });

	dm_suspend("hung");
	target_read(hung_fd);
	play((struct scene){ "read, hung disk", "in the device, direct",
			     cring_key64(TARGET, 0), .call = true,
			     .answer = -EALREADY, .already = 1, .res = BLOCK,
			     .release = resume });
}

/* ---------------------------------------------------------------------------
 * Not there, and not understood: nothing is cancelled
 */

static void refused(void)
{
	cring_prep_nop(target_sqe());
	submit();
	play((struct scene){ "nop", "done; its CQE is in the CQ",
			     cring_key64(TARGET, 0), .call = true,
			     .answer = -ENOENT });

	target_read(pipe_fds[0]);
	play((struct scene){ "read, pipe", "armed; another user_data",
			     cring_key64(OTHER, 0), .answer = -ENOENT,
			     .res = 1, .release = write_pipe });

	target_read(pipe_fds[0]);
	play((struct scene){ "read, pipe", "armed; the key's fd is closed",
			     cring_key_fd(1000, 0), .call = true,
			     .answer = -EBADF, .res = 1,
			     .release = write_pipe });

	target_read(pipe_fds[0]);
	play((struct scene){ "read, pipe", "armed",
			     cring_key64(TARGET, 1U << 20), .answer = -EINVAL,
			     .res = 1, .release = write_pipe });
}

/* ---------------------------------------------------------------------------
 * Everything at once
 */

static void everything(void)
{
	static const struct cring_timespec hour = { 3600, 0 };
	struct cring_sqe *sqe;
	unsigned int i;

	for (i = 0; i < 4; i++)
		prep_target_read(fifo_fd);
	prep_target_read(socket_fds[0]);
	cring_prep_poll_add(target_sqe(), event_fd, EPOLLIN);
	cring_prep_timeout(target_sqe(), &hour, 0, 0);
	cring_sqe_set_flags(prep_target_read(pipe_fds[0]), CRING_SQE_IO_LINK);
	cring_prep_nop(target_sqe());
	cring_sqe_set_flags(prep_target_read(pipe_fds[0]), CRING_SQE_ASYNC);
	prep_other_read(slow_fd);
	sqe = target_sqe();
	cring_prep_nop(sqe);
	cring_sqe_set_flags(sqe, CRING_SQE_IO_DRAIN);
	submit();
	play((struct scene){ "12 of all kinds", "everywhere",
			     cring_key_any(CRING_ASYNC_CANCEL_ALL),
			     .call = true, .wait = true, .answer = 12,
			     .already = 2, .nr = 11, .res = -ECANCELED,
			     .nr_other = 1, .other_res = BLOCK });
}

/* ---------------------------------------------------------------------------
 * One call, many keys
 */

static void many_keys(void)
{
	enum { NR = 64 };
	struct cring_cancel_key keys[NR + 1];
	struct outcome o = { 0 };
	const struct scene s = { .res = -ECANCELED };
	char answer[32];
	int i, ret;

	for (i = 0; i < NR; i++) {
		prep_target_read(i % 2 ? fifo_fd : socket_fds[0]);
		keys[i] = cring_key64(TARGET, 0);
	}
	keys[NR] = keys[0];		/* one more than there are */
	submit();
	sleep_ms(SETTLE_MS);
	ret = cring_cancel_sync_many(&ring, keys, NR + 1, 0, 0);
	reap(&s, &o);
	if (ret)
		wrong(&o, "the call returned %s", number(ret));
	for (i = 0; i < NR; i++)
		if (keys[i].res)
			wrong(&o, "key %d: %s, not 0", i, number(keys[i].res));
	if (keys[NR].res != -ENOENT)
		wrong(&o, "the last key: %s, not -ENOENT",
		      number(keys[NR].res));
	if (o.nr != NR)
		wrong(&o, "%u of %d CQEs were there with the answer", o.nr, NR);
	snprintf(answer, sizeof(answer), "0, and %s", number(keys[NR].res));
	print_row("64 reads", "armed", "call: 65 keys", answer,
		  "-ECANCELED (64)", o.wrong);
}

/* ---------------------------------------------------------------------------
 * Another thread, while the owner sleeps inside the wait call
 */

static void *other_thread(void *arg)
{
	struct cring_cancel_key *key = arg;

	sleep_ms(2 * SETTLE_MS);
	key->res = cring_cancel_sync(&ring, key, 0, 0);
	return NULL;
}

static void from_other_thread(void)
{
	struct cring_cancel_key key = cring_key64(TARGET, 0);
	struct cring_timespec ts = { PATIENCE_MS / 1000, 0 };
	struct outcome o = { 0 };
	struct cring_cqe *cqe;
	pthread_t thread;
	int ret;

	prep_target_read(pipe_fds[0]);
	pthread_create(&thread, NULL, other_thread, &key);
	ret = cring_submit_and_wait_timeout(&ring, &cqe, 1, &ts, NULL);
	pthread_join(thread, NULL);
	if (ret != 1)
		wrong(&o, "the wait returned %s", number(ret));
	if (key.res)
		wrong(&o, "answer %s, not 0", number(key.res));
	if (!cqe || cqe->user_data != TARGET || cqe->res != -ECANCELED)
		wrong(&o, "CQE %s, not -ECANCELED",
		      cqe ? number(cqe->res) : "none");
	print_row("read, pipe", "armed; its owner is in wait",
		  "call by a thread", number(key.res),
		  cqe ? number(cqe->res) : "none", o.wrong);
	cring_cq_advance(&ring, cring_cq_ready(&ring));
}

/* ---------------------------------------------------------------------------
 * The owner goes away, while the disk hangs
 */

static void one_read_in_hung_disk(void)
{
	struct cring_sqe *sqe;

	if (cring_queue_init(4, &ring, 0) < 0)
		errx(1, "a second ring");
	sqe = cring_get_sqe(&ring);
	cring_prep_read(sqe, hung_fd, block, BLOCK, 0);
	submit();
	sleep_ms(SETTLE_MS);
}

static void print_gone(const char *how, long long took_ms)
{
	struct outcome o = { 0 };
	char answer[32];

	if (took_ms >= PATIENCE_MS)
		wrong(&o, "it took %lld ms", took_ms);
	snprintf(answer, sizeof(answer), "gone in %lld ms", took_ms);
	print_row("read, hung disk", "in the device, direct", how, answer, "-",
		  o.wrong);
}

static void owner_gone(void)
{
	struct cring first = ring;
	long long start;
	pid_t pid;
	int status;

	dm_suspend("hung");
	one_read_in_hung_disk();
	start = now_ms();
	cring_queue_exit(&ring);
	print_gone("close the ring", now_ms() - start);
	ring = first;

	pid = fork();
	if (pid < 0)
		err(STAGE_FAILED, "fork");
	if (!pid) {
		one_read_in_hung_disk();
		pause();
		_exit(0);
	}
	sleep_ms(5 * SETTLE_MS);
	start = now_ms();
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, WNOHANG) == 0 &&
	       now_ms() - start < PATIENCE_MS)
		sleep_ms(1);
	print_gone("kill -9 the owner", now_ms() - start);
	resume();
	waitpid(pid, &status, 0);
}

/* ---------------------------------------------------------------------------
 * The stage
 */

static int open_file(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		err(STAGE_FAILED, "%s", path);
	return fd;
}

static void set_stage(void)
{
	if (posix_memalign((void **)&block, BLOCK, BLOCK))
		err(STAGE_FAILED, "memory");
	memset(block, 0, BLOCK);

	if (pipe2(pipe_fds, O_CLOEXEC) || pipe2(full_fds, O_CLOEXEC) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socket_fds))
		err(STAGE_FAILED, "pipes and sockets");
	event_fd = eventfd(0, EFD_CLOEXEC);
	if (event_fd < 0)
		err(STAGE_FAILED, "eventfd");
	fcntl(full_fds[1], F_SETFL, O_NONBLOCK);
	while (write(full_fds[1], block, BLOCK) > 0)
		;
	fcntl(full_fds[1], F_SETFL, 0);
	unlink("/tmp/fifo");
	if (mkfifo("/tmp/fifo", 0600))
		err(STAGE_FAILED, "mkfifo");
	fifo_fd = open_file("/tmp/fifo", O_RDWR);

	nullb_create("slow", SLOW_NS);
	nullb_create("quick", "10000");
	slow_fd = open_file("/dev/slow", O_RDWR | O_DIRECT);
	dm_create("hung", "/dev/quick", SECTORS);
	hung_fd = open_file("/dev/dm-0", O_RDWR | O_DIRECT);
	hung_cached_fd = open_file("/dev/dm-0", O_RDWR);

	fuse_server = fuse_start("/tmp/silent");
	close(open_file("/tmp/silent/" FUSE_FILE, O_RDONLY)); /* no more flush */
	silent_fd = open_file("/tmp/silent/" FUSE_FILE, O_RDONLY);
}

static void clear_stage(void)
{
	close(silent_fd);
	close(hung_fd);
	close(hung_cached_fd);
	close(slow_fd);
	dm_remove("hung");
	nullb_remove("slow");
	nullb_remove("quick");
}

int main(void)
{
	int ret;

	set_stage();
	ret = cring_queue_init(1024, &ring, 0);
	if (ret < 0)
		errx(STAGE_FAILED, "%s: %s", CRING_DEVICE, strerror(-ret));

	printf("%-19s %-31s %-22s %-15s %-17s %s\n", "operation",
	       "where it was", "cancelled by", "answer", "its CQE", "as promised?");
	armed();
	queued();
	running();
	dispatched();
	refused();
	everything();
	many_keys();
	from_other_thread();
	owner_gone();
	printf("* it says that it was never started: safe to submit again\n"
	       "With answer 0 the CQE was in the CQ before the answer was.\n\n");
	if (surprises)
		printf("%u cancels, %u SURPRISES\n", rows, surprises);
	else
		printf("%u cancels, each as the contract says\n", rows);

	cring_queue_exit(&ring);
	clear_stage();
	return surprises != 0;
}
