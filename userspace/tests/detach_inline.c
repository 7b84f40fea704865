// SPDX-License-Identifier: MIT
/*
 * C10: what is tried by a thread inside submit may hang there, although it was
 * told not to wait: a file system that reads where a block is.  With DETACH a
 * cancel from another thread, or a deadline, succeeds at once all the same.
 *
 * Where a kernel's file system does not wait the attempt goes to a device or a
 * worker, and the same is expected of it.
 */
#include "util.h"
#include "life_util.h"
#include "hung_dev.h"

#define LEN	4096
/* of a file with a hole behind each block, too many for an inode alone */
#define BLOCKS	32
#define AT	(17 * 2 * LEN)
/* how long it takes until the thread is where it hangs */
#define SINK_IN_MS	300

FIXTURE(inline) {
	struct cring ring;
	struct hung h;
	pthread_t submitter;
	bool submits;
	atomic_int returned;
	int fd, refs;
	char *buf;
};
FIXTURE_VARIANT(inline) { bool write; };

FIXTURE_VARIANT_ADD(inline, read_needs_the_map) { false };
FIXTURE_VARIANT_ADD(inline, write_needs_the_map) { true };

static bool holed_file(const char *path, const char *block)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = fd >= 0;
	unsigned int i;

	for (i = 0; ok && i < BLOCKS; i++)
		ok = pwrite(fd, block, LEN, 2ULL * i * LEN) == LEN;
	ok = ok && !fsync(fd);
	close(fd);
	return ok;
}

FIXTURE_SETUP(inline)
{
	struct cring_params p = { .detached = 1 };
	const char *why;

	self->refs = refs_before();
	self->fd = -1;
	why = t_hung(_metadata, &self->h, HUNG_EXT4, 1);
	if (why)
		SKIP(return, "%s", why);
	self->buf = new_pages(LEN);
	memset(self->buf, 0xee, LEN);
	ASSERT_TRUE(holed_file(self->h.path, self->buf));
	/* so that nothing of it is in any cache */
	ASSERT_EQ(0, umount(self->h.dir));
	ASSERT_EQ(0, mount(self->h.dm.path, self->h.dir, "ext4", 0, ""));
	self->fd = open(self->h.path, O_RDWR | O_CLOEXEC | O_DIRECT);
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, cring_queue_init_params(8, &self->ring, &p));
	ASSERT_EQ(0, hung_stop(&self->h));
	memset(self->buf, 0xdd, LEN);
}

FIXTURE_TEARDOWN(inline)
{
	hung_go(&self->h);
	if (self->submits)
		join(self->submitter);
	if (self->ring.shared)
		cring_queue_exit(&self->ring);
	expect_refs(self->refs);
	if (self->fd >= 0)
		close(self->fd);
	hung_exit(&self->h);
}

static void *submit_it(void *arg)
{
	FIXTURE_DATA(inline) *self = arg;

	cring_submit(&self->ring);
	atomic_store(&self->returned, 1);
	return NULL;
}

static void t_hang(struct __test_metadata *_metadata, FIXTURE_DATA(inline) *self,
		   const FIXTURE_VARIANT(inline) *variant, uint64_t deadline)
{
	struct cring_sqe *sqe = new_sqe(&self->ring, 0);

	if (variant->write)
		cring_prep_write(sqe, self->fd, self->buf, LEN, AT);
	else
		cring_prep_read(sqe, self->fd, self->buf, LEN, AT);
	sqe->user_data = 1;
	cring_sqe_set_detach(sqe);
	if (deadline)
		cring_sqe_set_deadline(sqe, deadline);
	self->submits = !pthread_create(&self->submitter, NULL, submit_it, self);
	ASSERT_TRUE(self->submits);
}
#define hang(deadline)	t_hang(_metadata, self, variant, deadline)

static void t_sink_in(struct __test_metadata *_metadata,
		      FIXTURE_DATA(inline) *self)
{
	while (!CRING_LOAD_ACQUIRE(&self->ring.shared->accepted))
		msleep(1);
	msleep(SINK_IN_MS * hold_factor());
	ASSERT_EQ(-1, cqe_at(&self->ring, 1));
	if (atomic_load(&self->returned))
		TH_LOG("the attempt does not hang in this kernel");
}
#define sink_in()	t_sink_in(_metadata, self)

/* Whatever still comes touches nothing. */
static void t_go(struct __test_metadata *_metadata, FIXTURE_DATA(inline) *self)
{
	hung_go(&self->h);
	join(self->submitter);
	self->submits = false;
	msleep(QUIET_MS);
	EXPECT_TRUE(is_byte(self->buf, LEN, 0xdd));
	EXPECT_EQ(1, cq_count(&self->ring));
}
#define go()	t_go(_metadata, self)

TEST_F(inline, c10_a_cancel_is_0_at_once)
{
	struct cring_cancel_key key = { .user_data = 1 };
	uint64_t start;

	hang(0);
	sink_in();
	start = now_ns();
	EXPECT_EQ(0, cancel_call(self->ring.ring_fd, &key, 1, CRING_CANCEL_WAIT,
				 -1));
	EXPECT_SOON(start, NSEC_PER_SEC);
	EXPECT_EQ(0, key.res);
	expect_res(&self->ring, 1, -ECANCELED);
	/* it was under way */
	EXPECT_EQ(0, cq_peek(&self->ring, cqe_at(&self->ring, 1))->flags);
	go();
}

TEST_F(inline, c13_a_deadline_is_kept)
{
	uint64_t start = now_ns();

	hang(SINK_IN_MS * NSEC_PER_MSEC);
	await(&self->ring, 1);
	expect_res(&self->ring, 1, -ETIME);
	EXPECT_SOON(start, 2 * NSEC_PER_SEC);
	go();
}

TEST_F(inline, c10_what_nobody_cancels_goes_on)
{
	hang(0);
	sink_in();
	/* a write has its bytes only when submit has returned */
	hung_go(&self->h);
	await(&self->ring, 1);
	expect_res(&self->ring, 1, LEN);
	if (!variant->write)
		EXPECT_TRUE(is_byte(self->buf, LEN, 0xee));
}

TEST_HARNESS_MAIN
