/* SPDX-License-Identifier: MIT */
/*
 * What the tests of rings' lives share: whether a ring is really gone, and a
 * process that dies with an operation in a given state.
 */
#ifndef CRING_TESTS_LIFE_UTIL_H
#define CRING_TESTS_LIFE_UTIL_H

#include "cancel_util.h"
#include "cancel_dev.h"

/* References to the module: one at least for each ring that lives. */
static inline int module_refs(void)
{
	char buf[32];

	read_str("/sys/module/cring/refcnt", buf, sizeof(buf));
	return buf[0] ? atoi(buf) : -1;
}

/*
 * Those that there are before anything is done.  What has ended already lets go of
 * its own a moment later; what others hold is not waited for.
 */
static inline int refs_before(void)
{
	for (int ms = 0; ms < 1000 && module_refs() > 0; ms += 10)
		msleep(10);
	return module_refs();
}

#define expect_refs(nr)							\
	EXPECT_TRUE(wait_until(module_refs() == (nr)))			\
		TH_LOG("the module has %d references, not %d",		\
		       module_refs(), nr)

/*
 * Is there still a reader?  An operation holds its file, so closing one's own
 * end of a pipe shows whether the operation has ended.
 */
static inline bool has_reader(int write_end)
{
	struct pollfd p = { .fd = write_end, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && !(p.revents & POLLERR);
}

#define expect_no_reader(write_end)					\
	EXPECT_TRUE(wait_until(!has_reader(write_end)))			\
		TH_LOG("the operation still holds its file")

/* ---- operations in every state -------------------------------------------- */

enum state {
	ST_IDLE, ST_ARMED_PIPE, ST_ARMED_SOCKET, ST_POLL, ST_TIMER, ST_CHAIN,
	ST_DRAIN, ST_WORKER, ST_QUEUED, ST_FUSE_UNREAD, ST_FUSE_READ,
	ST_DEVICE, ST_HUNG_DIRECT, ST_HUNG_BUFFERED, ST_HUNG_FSYNC,
};

/* The things that a state needs; set up before, and outlive, the process. */
struct stage {
	enum state state;
	int p[2], s[2];
	int disk;		/* open on the slow or hung disk, or -1 */
	char path[64];		/* what to open for it, if anything */
	int open_flags;
	struct nullb nb;
	struct dmdev dm;
	struct fusefs fuse;
	bool fuse_up;
};

#define QUEUED_NR	1024
#define SLOW_DISK_MS	3000

/* 0, or why not. */
static inline const char *t_stage(struct __test_metadata *_metadata,
				  struct stage *st, enum state state)
{
	int ret;

	st->state = state;
	st->disk = -1;
	new_pipe(st->p, 0);
	new_socketpair(st->s, SOCK_STREAM);
	switch (state) {
	case ST_FUSE_UNREAD:
	case ST_FUSE_READ:
		ret = fuse_start(&st->fuse, state == ST_FUSE_READ);
		if (ret == -ENODEV)
			return "no FUSE in this kernel";
		if (ret)
			return strerror(-ret);
		st->fuse_up = true;
		snprintf(st->path, sizeof(st->path), "%s/f", st->fuse.dir);
		st->open_flags = O_RDONLY;
		break;
	case ST_DEVICE:
		if (!have_nullb())
			return NULLB_SKIP;
		new_nullb(&st->nb, .no_memory = true,
			  .delay_ns = SLOW_DISK_MS * NSEC_PER_MSEC);
		snprintf(st->path, sizeof(st->path), "%s", st->nb.dev);
		st->open_flags = O_RDWR | O_DIRECT;
		break;
	case ST_HUNG_DIRECT:
	case ST_HUNG_BUFFERED:
	case ST_HUNG_FSYNC:
		if (!have_nullb())
			return NULLB_SKIP;
		if (access("/dev/mapper/control", F_OK))
			return "no device mapper in this kernel";
		new_nullb(&st->nb, .size_mb = 4);
		ret = dm_create(&st->dm, "cring_life", st->nb.dev, 4);
		if (ret)
			return strerror(-ret);
		snprintf(st->path, sizeof(st->path), "%s", st->dm.path);
		st->open_flags = state == ST_HUNG_DIRECT ? O_RDWR | O_DIRECT :
							   O_RDWR;
		/* Held open, so that nobody else is its last closer. */
		st->disk = open(st->path, O_RDWR | O_CLOEXEC);
		if (state == ST_HUNG_FSYNC &&
		    pwrite(st->disk, sink, 4096, 0) != 4096)
			return "cannot write";
		ret = dm_suspend(&st->dm);
		if (ret)
			return strerror(-ret);
		break;
	default:
		break;
	}
	return NULL;
}

/* Lets what hangs go on. */
static inline void stage_release(struct stage *st)
{
	if (st->fuse_up)
		fuse_stop(&st->fuse);
	st->fuse_up = false;
	if (st->dm.name[0])
		dm_resume(&st->dm);
}

static inline void stage_exit(struct stage *st)
{
	stage_release(st);
	if (st->disk >= 0)
		close(st->disk);
	dm_destroy(&st->dm);
	nullb_del(&st->nb);
}

/*
 * Brings operation 1 (and what belongs to it) into the state; false if it is
 * not there.  For use in a child too: no assertions.
 */
static inline bool enter_state(struct cring *ring, struct stage *st)
{
	static char buf[4096] __attribute__((aligned(4096)));
	struct cring_sqe *sqe;
	unsigned int nr = st->state == ST_QUEUED ? QUEUED_NR : 1, i;
	int fd = st->path[0] ? open(st->path, st->open_flags) : st->p[0];

	if (st->state == ST_IDLE)
		return true;
	if (fd < 0)
		return false;
	for (i = 1; i <= nr; i++) {
		sqe = cring_get_sqe(ring);
		cring_prep_read(sqe, fd, buf, sizeof(buf), 0);
		sqe->user_data = i;
		switch (st->state) {
		case ST_ARMED_SOCKET:
			sqe->fd = st->s[0];
			break;
		case ST_POLL:
			cring_prep_poll_add(sqe, fd, POLLIN);
			sqe->user_data = 1;
			break;
		case ST_TIMER:
			cring_prep_timeout(sqe, &an_hour, 0, 0);
			sqe->user_data = 1;
			break;
		case ST_WORKER:
		case ST_QUEUED:
			sqe->flags = CRING_SQE_ASYNC;
			break;
		case ST_HUNG_FSYNC:
			cring_prep_fsync(sqe, fd, 0);
			sqe->user_data = 1;
			break;
		case ST_CHAIN:
			sqe->flags = CRING_SQE_IO_LINK;
			sqe = cring_get_sqe(ring);
			cring_prep_nop(sqe);
			sqe->user_data = 2;
			break;
		case ST_DRAIN:
			sqe = cring_get_sqe(ring);
			cring_prep_nop(sqe);
			sqe->flags = CRING_SQE_IO_DRAIN;
			sqe->user_data = 2;
			break;
		default:
			break;
		}
	}
	if (st->state == ST_CHAIN || st->state == ST_DRAIN)
		nr++;
	if (cring_submit(ring) != (int)nr)
		return false;
	if (st->state >= ST_WORKER)
		msleep(300);	/* workers start, devices get their requests */
	if (st->state == ST_FUSE_READ && !wait_until(st->fuse.reads))
		return false;
	return cring_in_flight(ring) == nr;
}

/* Each state as a variant of a fixture. */
#define STATE_VARIANT(name, label, st) \
	FIXTURE_VARIANT_ADD(name, label) { .state = st }
#define ALL_STATES(name)						\
	STATE_VARIANT(name, idle, ST_IDLE);				\
	STATE_VARIANT(name, armed_on_a_pipe, ST_ARMED_PIPE);		\
	STATE_VARIANT(name, armed_on_a_socket, ST_ARMED_SOCKET);	\
	STATE_VARIANT(name, polling, ST_POLL);				\
	STATE_VARIANT(name, timer, ST_TIMER);				\
	STATE_VARIANT(name, in_a_chain, ST_CHAIN);			\
	STATE_VARIANT(name, behind_a_drain, ST_DRAIN);			\
	STATE_VARIANT(name, on_a_worker, ST_WORKER);			\
	STATE_VARIANT(name, waiting_for_a_worker, ST_QUEUED);		\
	STATE_VARIANT(name, fuse_not_yet_read, ST_FUSE_UNREAD);		\
	STATE_VARIANT(name, fuse_never_answered, ST_FUSE_READ);		\
	STATE_VARIANT(name, in_a_slow_device, ST_DEVICE);		\
	STATE_VARIANT(name, direct_in_a_hung_device, ST_HUNG_DIRECT);	\
	STATE_VARIANT(name, buffered_in_a_hung_device, ST_HUNG_BUFFERED); \
	STATE_VARIANT(name, fsync_of_a_hung_device, ST_HUNG_FSYNC)

/* Is it only the device or server that can end it? */
static inline bool state_hangs(enum state s)
{
	return s == ST_FUSE_READ || s == ST_DEVICE || s == ST_HUNG_DIRECT ||
	       s == ST_HUNG_FSYNC;
}

#endif /* CRING_TESTS_LIFE_UTIL_H */
