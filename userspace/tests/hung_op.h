/* SPDX-License-Identifier: MIT */
/*
 * Operations on storage that hangs: reads and writes, buffered and direct, and
 * fsync.  A program says which storage, STORAGE, and has the tests of
 * hung_matrix.h and hung_crowd.h on it.
 */
#ifndef CRING_TESTS_HUNG_OP_H
#define CRING_TESTS_HUNG_OP_H

#include "life_util.h"
#include "hung_dev.h"
#include "meminfo.h"

enum hung_op {
	DIRECT_READ, DIRECT_WRITE, READ_, WRITE_, FSYNC_, HUNG_OPS,
};

/* What is done to them; each operation has a ring of its own for each. */
enum hung_way { PLAIN, DETACHED, DEADLINES, SEALED, NR_WAYS, OWNERS = NR_WAYS };

#define for_each_op(op)	for (enum hung_op op = 0; op < HUNG_OPS; op++)

static const char *const op_names[] = {
	"direct read", "direct write", "read", "write", "fsync",
};
/* Which one it was, when something is not as it should be. */
#define OP_LOG(op)	TH_LOG("%s", op_names[op])

#define NR		9	/* of an operation, at once */
#define PAGE		4096U
/* until who has taken an operation is where it hangs */
#define SINK_IN_MS	(700 * hold_factor())
/* a very slow machine's at once; the storage does not answer */
#define AT_ONCE_NS	(5 * NSEC_PER_SEC)
/* of what is waited for before anything is looked at */
#define SENTINEL	1000

_Static_assert((1 + (OWNERS + 1) * HUNG_OPS * NR) * PAGE <= HUNG_BYTES,
	       "no room for a page of its own for each");

FIXTURE(hung) {
	struct cring ring[NR_WAYS][HUNG_OPS];
	struct hung h;
	int fd[HUNG_OPS];
	int other, refs;
	char *buf;		/* a page for each */
};

static inline void t_ring_with_room(struct __test_metadata *_metadata,
				    struct cring *ring, unsigned int entries,
				    unsigned int room)
{
	struct cring_params p = { .detached = room };

	ASSERT_EQ(0, cring_queue_init_params(entries, ring, &p));
	EXPECT_TRUE(p.features & CRING_FEAT_DETACH);
}
#define ring_with_room(ring, entries, room) \
	t_ring_with_room(_metadata, ring, entries, room)

static inline bool op_direct(enum hung_op op)
{
	return op == DIRECT_READ || op == DIRECT_WRITE;
}

static inline bool op_reads(enum hung_op op)
{
	return op == READ_ || op == DIRECT_READ;
}

#define FUSE_STORAGE	(STORAGE == HUNG_FUSE || STORAGE == HUNG_FUSE_CACHED)
/* Does it give back what was filled in, when it goes on? */
#define HAS_DATA	(!FUSE_STORAGE && STORAGE != HUNG_NULLB)

FIXTURE_SETUP(hung)
{
	char name[80];
	const char *why;

	self->refs = refs_before();
	for_each_op(op)
		self->fd[op] = -1;
	why = t_hung(_metadata, &self->h, STORAGE, HUNG_OPS);
	if (why)
		SKIP(return, "%s", why);
	for_each_op(op) {
		hung_name(&self->h, op, name, sizeof(name));
		self->fd[op] = open(name, O_RDWR | O_CLOEXEC |
				    (op_direct(op) ? O_DIRECT : 0));
		ASSERT_GE(self->fd[op], 0)
			OP_LOG(op);
		/* each read hangs by itself, not on another's readahead */
		ASSERT_EQ(0, posix_fadvise(self->fd[op], 0, 0,
					   POSIX_FADV_RANDOM));
	}
	self->other = new_file("/tmp", O_RDWR);
	self->buf = new_pages(HUNG_BYTES);
	memset(self->buf, 0xee, HUNG_BYTES);
}

static inline void exit_rings(FIXTURE_DATA(hung) *self)
{
	for (enum hung_way way = 0; way < NR_WAYS; way++)
		for_each_op(op)
			if (self->ring[way][op].shared)
				cring_queue_exit(&self->ring[way][op]);
}

FIXTURE_TEARDOWN(hung)
{
	hung_go(&self->h);
	exit_rings(self);
	expect_refs(self->refs);
	for_each_op(op)
		if (self->fd[op] >= 0)
			close(self->fd[op]);
	hung_exit(&self->h);
}

/* --- what there is to do ------------------------------------------------ */

/* What it moves: less than a page has to be read before it can be written. */
static inline int op_len(enum hung_op op)
{
	return op == FSYNC_ ? 0 : op == WRITE_ ? 100 : (int)PAGE;
}

/* A page of its own for each, behind the one that fsync has to write. */
static inline uint64_t page_of(enum hung_way way, enum hung_op op,
			       unsigned int i)
{
	return (1 + (way * HUNG_OPS + op) * NR + i) * PAGE;
}

static inline uint64_t op_off(enum hung_way way, enum hung_op op,
			      unsigned int i)
{
	return page_of(way, op, i) + (op == WRITE_ ? 50 : 0);
}

static inline void prep_op(FIXTURE_DATA(hung) *self, struct cring_sqe *sqe,
			   enum hung_way way, enum hung_op op, unsigned int i,
			   bool detach)
{
	char *buf = self->buf + page_of(way, op, i);

	if (op == FSYNC_)
		cring_prep_fsync(sqe, self->fd[op], 0);
	else if (op_reads(op))
		cring_prep_read(sqe, self->fd[op], buf, op_len(op),
				op_off(way, op, i));
	else
		cring_prep_write(sqe, self->fd[op], buf, op_len(op),
				 op_off(way, op, i));
	sqe->user_data = i;
	if (detach)
		cring_sqe_set_detach(sqe);
}

static inline struct cring_sqe *t_put_op(struct __test_metadata *_metadata,
					 FIXTURE_DATA(hung) *self,
					 enum hung_way way, enum hung_op op,
					 unsigned int i, bool detach)
{
	struct cring_sqe *sqe = new_sqe(&self->ring[way][op], 0);

	prep_op(self, sqe, way, op, i, detach);
	return sqe;
}
#define put_op(way, op, i, detach) \
	t_put_op(_metadata, self, way, op, i, detach)

/* Told to stop it ends at once: it sleeps killably for a page. */
static inline bool op_yields(enum hung_op op)
{
	return op == READ_ && !FUSE_STORAGE && STORAGE != HUNG_NFS;
}

/* Only its storage ends it. */
static inline bool op_stays(enum hung_op op)
{
	return op_direct(op) || (op != READ_ && STORAGE != HUNG_FUSE_CACHED &&
				 STORAGE != HUNG_NFS);
}

/* --- hanging ------------------------------------------------------------ */

/* From here on the storage hangs, and there is something to do for each. */
static inline void t_begin(struct __test_metadata *_metadata,
			   FIXTURE_DATA(hung) *self)
{
	if (!FUSE_STORAGE) {
		for_each_op(op) {
			ASSERT_TRUE(wait_until(uncached(self->fd[op])))
				OP_LOG(op);
		}
		ASSERT_EQ(PAGE, pwrite(self->fd[FSYNC_], self->buf, PAGE, 0));
	}
	ASSERT_EQ(0, hung_stop(&self->h));
}
#define begin()		t_begin(_metadata, self)

/*
 * Submits what is prepared, and another one that does not hang.  Workers take
 * what there is in order, so all have been taken when that one has ended.
 */
static inline void t_submit_and_sentinel(struct __test_metadata *_metadata,
					 FIXTURE_DATA(hung) *self,
					 struct cring *ring, unsigned int nr)
{
	struct cring_sqe *sqe = new_sqe(ring, 0);

	cring_prep_fsync(sqe, self->other, 0);
	sqe->flags = CRING_SQE_ASYNC;
	sqe->user_data = SENTINEL;
	submit_all(ring, nr + 1);
}
#define submit_and_sentinel(ring, nr) \
	t_submit_and_sentinel(_metadata, self, ring, nr)

/* Is there room for @nr more with DETACH? */
static inline int t_room(struct __test_metadata *_metadata,
			 FIXTURE_DATA(hung) *self, struct cring *ring,
			 unsigned int nr)
{
	int res = 0;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		struct cring_sqe *sqe = new_sqe(ring, 0);

		cring_prep_fsync(sqe, self->other, 0);
		cring_sqe_set_detach(sqe);
	}
	submit_all(ring, nr);
	settle(ring);
	for (i = 0; i < cq_count(ring); i++)
		if (cq_peek(ring, i)->res)
			res = cq_peek(ring, i)->res;
	reap_all(ring);
	return res;
}
#define room(ring, nr)	t_room(_metadata, self, ring, nr)

#endif /* CRING_TESTS_HUNG_OP_H */
