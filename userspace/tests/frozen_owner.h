/* SPDX-License-Identifier: MIT */
/*
 * An owner with an operation of each kind under way, and a cancel that waits, who is
 * frozen in the middle of it by whatever means, and then finds all as it must be.
 */
#ifndef CRING_TESTS_FROZEN_OWNER_H
#define CRING_TESTS_FROZEN_OWNER_H

#include "cancel_util.h"

enum { STAYS = 1, EXPIRES, FED, WORKS, TOLD, LENT, RINGS, NR_OPS = RINGS };
/* the device's, and longer than it takes to freeze */
#define DEVICE_MS	500

/* in memory that the owner and his test share */
struct frozen {
	char dev[64];
	/* @up: he writes to it when all of them are under way */
	int stays[2], fed[2], works[2], up[2];
	/* the owner's */
	struct cring ring;
	int ret;
	struct cring_cancel_key key;
};

/* is under way in a synchronous cancel when it is frozen */
static inline void *wait_for_device(void *arg)
{
	struct frozen *f = arg;

	f->key = cring_key64(TOLD, 0);
	f->ret = cancel_call(f->ring.ring_fd, &f->key, 1, CRING_CANCEL_WAIT, -1);
	return NULL;
}

static inline void put_one_of_each(struct frozen *f)
{
	static char buf[3 * 4096] __attribute__((aligned(4096)));
	static struct cring_timespec soon = { .tv_nsec = 20 * NSEC_PER_MSEC };
	int disk = open(f->dev, O_RDONLY | O_DIRECT | O_CLOEXEC);
	struct cring_sqe *sqe[NR_OPS + 1];
	unsigned int i;

	for (i = 1; i <= NR_OPS; i++) {
		sqe[i] = cring_get_sqe(&f->ring);
		cring_prep_read(sqe[i], f->stays[0], buf, 1, 0);
		sqe[i]->user_data = i;
	}
	cring_sqe_set_deadline(sqe[EXPIRES], DEVICE_MS / 2 * NSEC_PER_MSEC);
	sqe[FED]->fd = f->fed[0];
	sqe[FED]->flags = CRING_SQE_ASYNC;
	sqe[WORKS]->fd = f->works[0];
	sqe[WORKS]->flags = CRING_SQE_ASYNC;
	cring_prep_read(sqe[TOLD], disk, buf + 4096, 4096, 0);
	sqe[TOLD]->user_data = TOLD;
	cring_prep_read(sqe[LENT], disk, buf + 8192, 4096, 4096);
	sqe[LENT]->user_data = LENT;
	cring_sqe_set_detach(sqe[LENT]);
	cring_prep_timeout(sqe[RINGS], &soon, 0, 0);
	sqe[RINGS]->user_data = RINGS;
}

/* Reaps @nr, each of which must be the first of its kind. */
static inline bool take_some(struct frozen *f, unsigned int nr,
			     const int *want, bool *seen)
{
	struct cring_cqe cqe;

	while (nr--) {
		if (!take_cqe(&f->ring, &cqe, LIMIT_MS) || !cqe.user_data ||
		    cqe.user_data > NR_OPS || seen[cqe.user_data] ||
		    cqe.res != want[cqe.user_data])
			return false;
		seen[cqe.user_data] = true;
	}
	return true;
}

static inline int owner_of_all(struct frozen *f)
{
	static const int want[NR_OPS + 1] = {
		[STAYS] = -ECANCELED, [EXPIRES] = -ETIME, [FED] = 1,
		[WORKS] = -ECANCELED, [TOLD] = 4096, [LENT] = 4096,
		[RINGS] = -ETIME,
	};
	struct cring_cancel_key keys[] = {
		cring_key64(STAYS, 0), cring_key64(WORKS, 0),
		cring_key64(FED, 0),
	};
	struct cring_params p = { .detached = 4 };
	bool seen[NR_OPS + 1] = { false };
	pthread_t t;

	if (cring_queue_init_params(8, &f->ring, &p))
		return 1;
	put_one_of_each(f);
	if (cring_submit(&f->ring) != NR_OPS ||
	    pthread_create(&t, NULL, wait_for_device, f))
		return 2;
	msleep(DEVICE_MS / 10);
	if (write(f->up[1], "u", 1) != 1)
		return 3;
	/* one of them ends only when this is frozen */
	if (!take_some(f, NR_OPS - 2, want, seen))
		return 4;
	if (!join_in_time(t, NULL) || (f->ret && f->ret != -EINTR) ||
	    f->key.res != -EALREADY)
		return 5;
	if (cring_in_flight(&f->ring) != 2 || seen[STAYS] || seen[WORKS])
		return 6;
	if (cancel_call(f->ring.ring_fd, keys, 3, CRING_CANCEL_WAIT, -1))
		return 7;
	if (keys[0].res || keys[1].res != -EALREADY || keys[2].res != -ENOENT)
		return 8;
	return take_some(f, 2, want, seen) && !cring_in_flight(&f->ring) ? 0 : 9;
}

/* How many its shared page says are in flight. */
static inline uint32_t in_flight_of(pid_t pid, const struct cring *ring)
{
	uint32_t nr = UINT32_MAX;
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (pread(fd, &nr, sizeof(nr),
		  (off_t)(uintptr_t)&ring->shared->in_flight) != sizeof(nr))
		nr = UINT32_MAX;
	close(fd);
	return nr;
}

static inline struct frozen *t_frozen(struct __test_metadata *_metadata,
				      struct nullb *nb)
{
	struct frozen *f = mmap(NULL, sizeof(*f), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, f);
	new_nullb(nb, .no_memory = true, .delay_ns = DEVICE_MS * NSEC_PER_MSEC);
	snprintf(f->dev, sizeof(f->dev), "%s", nb->dev);
	new_pipe(f->stays, 0);
	new_pipe(f->fed, 0);
	new_pipe(f->works, 0);
	new_pipe(f->up, 0);
	return f;
}
/* What such an owner works on: a pipe that is fed, and a disk. */
#define new_frozen(nb)	t_frozen(_metadata, nb)

#endif /* CRING_TESTS_FROZEN_OWNER_H */
