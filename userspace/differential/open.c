// SPDX-License-Identifier: MIT
/*
 * Opens the two sides, and finds out what this kernel's io_uring does.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>

#include "play.h"

/* does this wait on io_uring? */
static bool waits(const struct side *s, const struct op *op)
{
	static const struct op cancel = { .code = C_SYNC_CANCEL, .target = 1 };
	struct answer a;

	s->ops->queue(op, &s->world, 1, s->arena);
	s->ops->submit();
	s->ops->flush();
	if (s->ops->next(&a))
		return false;
	s->ops->sync_cancel(&cancel, &s->world);
	if (!s->ops->wait(lost_ms) || !s->ops->next(&a))
		errx(2, "%s: no answer", s->ops->name);
	return true;
}

/* whether io_uring waits for an O_NONBLOCK file depends on the kernel */
static void probe(const struct side *s)
{
	static const struct op readv = { .code = C_READV, .res = R_NDRY,
					 .len = 8 };
	static const struct op write = { .code = C_WRITE, .res = R_NFULL,
					 .len = 8 };
	unsigned int major, minor;
	struct utsname u;

	totals->readv_arms = waits(s, &readv);
	totals->write_arms = waits(s, &write);
	totals->forgets = !uname(&u) &&
		sscanf(u.release, "%u.%u", &major, &minor) == 2 &&
		(major < 6 || (major == 6 && minor < 9));
}

/**
 * open_sides - open the files and the rings
 * @p: the play
 * @s: the first script that they are for
 */
void open_sides(struct play *p, const struct script *s)
{
	static const struct ring_ops *const ops[] = { &uring_ops, &cring_ops };
	size_t size = (size_t)MAX_FLIGHTS * SLOT_SIZE;
	int side, ret;

	for (side = URING; side <= CRING; side++) {
		struct side *sd = &p->sides[side];

		sd->ops = ops[side];
		if (!sd->arena) {
			sd->arena = mmap(NULL, size, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			if (sd->arena == MAP_FAILED)
				err(2, "mmap");
		}
		world_open(&sd->world);
		ret = sd->ops->open(s->defer, &sd->world, sd->arena, size);
		if (ret)
			errx(2, "%s: %s", sd->ops->name, strerror(-ret));
	}
	probe(&p->sides[URING]);
}
