// SPDX-License-Identifier: MIT
/*
 * C10: with DETACH a cancel, a deadline and the end of the process succeed at
 * once, whatever the storage does; and what is written into the caller's memory
 * afterwards is nothing.  The operations that hung_matrix.h does not have.
 */
#include "util.h"
#include "life_util.h"
#include "hung_dev.h"
#include "meminfo.h"

enum op { READV_, WRITEV_, READ_FIXED_, SYNC_RANGE_, FALLOCATE_, COPY_ };

#define LEN	8192
#define OFF	16384
/* how long it takes until an operation is where it hangs */
#define SINK_IN_MS	300

FIXTURE(detach) {
	struct cring ring;
	struct hung h;
	int fd, other, refs;
	char *buf;
	struct iovec iov[2];
};
FIXTURE_VARIANT(detach) { enum hung_kind kind; int flags; enum op op; };

#define HANGS(name, ...) \
	FIXTURE_VARIANT_ADD(detach, name) { __VA_ARGS__ }
HANGS(raw_direct_readv, HUNG_RAW, O_DIRECT, READV_);
HANGS(raw_direct_writev, HUNG_RAW, O_DIRECT, WRITEV_);
HANGS(raw_direct_read_fixed, HUNG_RAW, O_DIRECT, READ_FIXED_);
HANGS(raw_readv, HUNG_RAW, 0, READV_);
HANGS(raw_sync_range, HUNG_RAW, 0, SYNC_RANGE_);
HANGS(raw_fallocate, HUNG_RAW, 0, FALLOCATE_);
HANGS(ext4_copy, HUNG_EXT4, 0, COPY_);

static void t_ring_with_room(struct __test_metadata *_metadata,
			     struct cring *ring, unsigned int room)
{
	struct cring_params p = { .detached = room };

	ASSERT_EQ(0, cring_queue_init_params(1024, ring, &p));
	EXPECT_TRUE(p.features & CRING_FEAT_DETACH);
}
#define ring_with_room(ring, room) t_ring_with_room(_metadata, ring, room)

FIXTURE_SETUP(detach)
{
	const char *why;

	self->refs = refs_before();
	self->fd = -1;
	why = t_hung(_metadata, &self->h, variant->kind, 1);
	if (why)
		SKIP(return, "%s", why);
	self->fd = open(self->h.path, O_RDWR | O_CLOEXEC | variant->flags);
	ASSERT_GE(self->fd, 0);
	self->other = new_file("/tmp", O_RDWR);
	self->buf = new_pages(LEN);
	memset(self->buf, 0xee, LEN);
	self->iov[0] = (struct iovec){ self->buf, LEN / 2 };
	self->iov[1] = (struct iovec){ self->buf + LEN / 2, LEN / 2 };
	/* something for it to do */
	if (variant->op == SYNC_RANGE_)
		ASSERT_EQ(LEN, pwrite(self->fd, self->buf, LEN, 0));
	ASSERT_EQ(0, hung_stop(&self->h));
}

FIXTURE_TEARDOWN(detach)
{
	hung_go(&self->h);
	if (self->ring.shared)
		cring_queue_exit(&self->ring);
	expect_refs(self->refs);
	if (self->fd >= 0)
		close(self->fd);
	hung_exit(&self->h);
}

static bool op_reads(enum op op)
{
	return op == READV_ || op == READ_FIXED_;
}

/*
 * Does only its device end it?  A buffered read sleeps killably, so who has it
 * when it is let go of gives it back at once.
 */
static bool op_lingers(enum op op, int flags)
{
	return flags & O_DIRECT || !(op_reads(op) || op == COPY_);
}

static void prep_op(FIXTURE_DATA(detach) *self, struct cring_sqe *sqe,
		    enum op op)
{
	switch (op) {
	case READV_:
		cring_prep_readv(sqe, self->fd, self->iov, 2, OFF);
		break;
	case WRITEV_:
		cring_prep_writev(sqe, self->fd, self->iov, 2, OFF);
		break;
	case READ_FIXED_:
		cring_prep_read_fixed(sqe, self->fd, self->buf, LEN, OFF, 0);
		break;
	case SYNC_RANGE_:
		*sqe = (struct cring_sqe){
			.opcode = CRING_OP_SYNC_FILE_RANGE, .fd = self->fd,
			.len = LEN, .sync_range_flags = SYNC_FILE_RANGE_WRITE |
			SYNC_FILE_RANGE_WAIT_AFTER,
		};
		break;
	case FALLOCATE_:
		*sqe = (struct cring_sqe){
			.opcode = CRING_OP_FALLOCATE, .fd = self->fd,
			.off = OFF, .addr = LEN,
			.len = FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
		};
		break;
	case COPY_:
		*sqe = (struct cring_sqe){
			.opcode = CRING_OP_COPY_FILE_RANGE, .fd = self->fd,
			.off = 2 * OFF, .fd_in = self->fd, .off_in = OFF,
			.len = LEN,
		};
		break;
	}
}

static struct cring_sqe *t_put_op(struct __test_metadata *_metadata,
				  FIXTURE_DATA(detach) *self, enum op op,
				  uint64_t user_data)
{
	struct cring_sqe *sqe = new_sqe(&self->ring, 0);

	prep_op(self, sqe, op);
	sqe->user_data = user_data;
	cring_sqe_set_detach(sqe);
	return sqe;
}
#define put_op(ud)	t_put_op(_metadata, self, variant->op, ud)

static void t_sink_in(struct __test_metadata *_metadata, struct cring *ring,
		      uint64_t user_data)
{
	msleep(SINK_IN_MS);
	if (cqe_at(ring, user_data) >= 0)
		TH_LOG("it does not hang: %d", res_of(ring, user_data));
	ASSERT_EQ(-1, cqe_at(ring, user_data));
}
#define sink_in(ud)	t_sink_in(_metadata, &self->ring, ud)

/* Is there room for one more? */
static int t_room(struct __test_metadata *_metadata, struct cring *ring, int fd)
{
	struct cring_sqe *sqe = new_sqe(ring, 0);
	int res;

	reap_all(ring);
	cring_prep_fsync(sqe, fd, 0);
	cring_sqe_set_detach(sqe);
	sqe->user_data = 99;
	submit_all(ring, 1);
	await(ring, 99);
	res = res_of(ring, 99);
	reap_all(ring);
	return res;
}
#define room(ring)	t_room(_metadata, ring, self->other)

#define register_buf() do {						\
	struct iovec __iov = { self->buf, LEN };			\
	if (variant->op == READ_FIXED_)					\
		ASSERT_EQ(0, cring_register_buffers(&self->ring, &__iov, 1)); \
} while (0)

TEST_F(detach, c10_a_cancel_is_0_at_once)
{
	uint64_t start, took;

	ring_with_room(&self->ring, 2);
	register_buf();
	put_op(1);
	put_op(2);
	submit_all(&self->ring, 2);
	sink_in(1);
	sink_in(2);
	start = now_ns();
	EXPECT_EQ(0, cancel(&self->ring, BY_CALL, .user_data = 1));
	took = now_ns() - start;
	/* a slow machine's at once; the device never answers */
	EXPECT_LT(took, NSEC_PER_SEC);
	expect_stopped(&self->ring, BY_CALL, 1);
	/* its effect is unknown */
	EXPECT_EQ(0, cq_peek(&self->ring, cqe_at(&self->ring, 1))->flags);
	EXPECT_EQ(-ENOENT, cancel(&self->ring, BY_CALL, .user_data = 1));
	EXPECT_EQ(0, cancel(&self->ring, BY_SQE, .user_data = 2));
	expect_stopped(&self->ring, BY_SQE, 2);
	EXPECT_EQ(0, load_acquire(&shared_of(&self->ring)->in_flight));
	/* both are occupied still */
	if (op_lingers(variant->op, variant->flags))
		EXPECT_EQ(-EAGAIN, room(&self->ring));

	memset(self->buf, 0xdd, LEN);
	hung_go(&self->h);
	EXPECT_TRUE(wait_until(room(&self->ring) == 0));
	msleep(QUIET_MS);
	EXPECT_TRUE(is_byte(self->buf, LEN, 0xdd));
	EXPECT_EQ(0, cq_count(&self->ring));
}

TEST_F(detach, c10_what_nobody_cancels_goes_on)
{
	bool moves = op_reads(variant->op) || variant->op == WRITEV_ ||
		     variant->op == COPY_;
	char *got = new_pages(HUNG_BYTES);

	ring_with_room(&self->ring, 1);
	register_buf();
	put_op(1);
	submit_all(&self->ring, 1);
	sink_in(1);
	/* a write has its bytes */
	if (!op_reads(variant->op))
		memset(self->buf, 0xdd, LEN);
	hung_go(&self->h);
	await(&self->ring, 1);
	expect_res(&self->ring, 1, moves ? LEN : 0);
	if (op_reads(variant->op))
		EXPECT_TRUE(is_filled_at(self->buf, LEN, HUNG_SEED, OFF));
	if (variant->op != WRITEV_)
		return;
	ASSERT_EQ(HUNG_BYTES, pread(self->fd, got, HUNG_BYTES, 0));
	EXPECT_TRUE(is_byte(got + OFF, LEN, 0xee));
	EXPECT_TRUE(is_filled_at(got, OFF, HUNG_SEED, 0));
	EXPECT_TRUE(is_filled_at(got + OFF + LEN, 4096, HUNG_SEED, OFF + LEN));
}

TEST_F(detach, c13_a_deadline_is_kept)
{
	uint64_t start = now_ns();

	ring_with_room(&self->ring, 1);
	register_buf();
	cring_sqe_set_deadline(put_op(1), SINK_IN_MS * NSEC_PER_MSEC);
	submit_all(&self->ring, 1);
	await(&self->ring, 1);
	expect_res(&self->ring, 1, -ETIME);
	EXPECT_EQ(0, cq_peek(&self->ring, cqe_at(&self->ring, 1))->flags);
	EXPECT_SOON(start, 2 * NSEC_PER_SEC);
	if (op_lingers(variant->op, variant->flags))
		EXPECT_EQ(-EAGAIN, room(&self->ring));
}

/* --- the process ends ----------------------------------------------------- */

#define BALLAST	(48 << 20)

struct dying {
	FIXTURE_DATA(detach) *self;
	enum op op;
	int ready;
};

/* Much memory, and an operation that hangs. */
static int be_killed(void *arg)
{
	struct dying *d = arg;
	struct cring_params p = { .detached = 1 };
	struct cring own, *ring = &own;
	char *ballast = malloc(BALLAST);
	struct cring_sqe *sqe;

	if (!ballast || cring_queue_init_params(8, ring, &p))
		return 1;
	if (d->op == READ_FIXED_) {
		struct iovec iov = { d->self->buf, LEN };

		if (cring_register_buffers(ring, &iov, 1))
			return 1;
	}
	memset(ballast, 1, BALLAST);
	sqe = cring_get_sqe(ring);
	prep_op(d->self, sqe, d->op);
	cring_sqe_set_detach(sqe);
	if (cring_submit(ring) != 1)
		return 1;
	msleep(SINK_IN_MS);
	if (cring_in_flight(ring) != 1 || write(d->ready, "y", 1) != 1)
		return 1;
	for (;;)
		pause();
}

TEST_F(detach, c16_a_killed_owner_is_reaped_and_its_memory_comes_back)
{
	struct dying d = { self, variant->op, -1 };
	uint64_t start;
	int p[2];
	pid_t pid;
	long used;
	char c;

	new_pipe(p, 0);
	d.ready = p[1];
	pid = new_child(be_killed, &d);
	close(p[1]);
	ASSERT_EQ(1, read(p[0], &c, 1))
		TH_LOG("it does not hang");
	used = mem_free();
	start = now_ns();
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_NE(-1, child_status(pid));
	EXPECT_SOON(start, 2 * NSEC_PER_SEC);
	/* while its storage hangs */
	EXPECT_TRUE(wait_until(mem_free() - used > BALLAST / 2))
		TH_LOG("%ld of %d bytes came back", mem_free() - used, BALLAST);
	if (op_lingers(variant->op, variant->flags))
		EXPECT_GT(module_refs(), self->refs);
	hung_go(&self->h);
	expect_refs(self->refs);
}

/* --- limits ----------------------------------------------------------------- */

FIXTURE(limits) {
	struct cring ring;
	struct hung h;
	int fd, other;
	char *buf;
};

FIXTURE_SETUP(limits)
{
	const char *why;

	self->fd = -1;
	why = t_hung(_metadata, &self->h, HUNG_RAW, 1);
	if (why)
		SKIP(return, "%s", why);
	self->fd = open(self->h.path, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	self->other = new_file("/tmp", O_RDWR);
	self->buf = new_pages(LEN);
	ring_with_room(&self->ring, 2);
}

FIXTURE_TEARDOWN(limits)
{
	hung_go(&self->h);
	if (self->ring.shared)
		cring_queue_exit(&self->ring);
	if (self->fd >= 0)
		close(self->fd);
	hung_exit(&self->h);
}

TEST_F(limits, c10_needs_room_a_length_and_an_offset)
{
	struct cring plain;
	struct cring_sqe *sqe;

	ring_init(&plain, 8);
	sqe = new_sqe(&plain, 0);
	cring_prep_fsync(sqe, self->other, 0);
	cring_sqe_set_detach(sqe);
	EXPECT_EQ(-EINVAL, run_sqe(&plain, sqe));
	cring_queue_exit(&plain);

	sqe = new_sqe(&self->ring, 0);
	cring_prep_read(sqe, self->other, self->buf, LEN, -1);
	cring_sqe_set_detach(sqe);
	EXPECT_EQ(-EINVAL, run_sqe(&self->ring, sqe));

	sqe = new_sqe(&self->ring, 0);
	cring_prep_read(sqe, self->other, self->buf, (16 << 20) + 1, 0);
	cring_sqe_set_detach(sqe);
	EXPECT_EQ(-EINVAL, run_sqe(&self->ring, sqe));

	sqe = new_sqe(&self->ring, 0);
	cring_prep_nop(sqe);
	cring_sqe_set_detach(sqe);
	EXPECT_EQ(-EINVAL, run_sqe(&self->ring, sqe));
}

/* What cannot be staged would keep the caller's buffer while it waits. */
TEST_F(limits, c10_a_write_that_takes_user_memory_only_is_refused)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct cring_sqe *sqe = new_sqe(&self->ring, 0);
	uint64_t one = 1, got = 0;

	ASSERT_GE(fd, 0);
	cring_prep_write(sqe, fd, &one, sizeof(one), 0);
	cring_sqe_set_detach(sqe);
	EXPECT_EQ(-EOPNOTSUPP, run_sqe(&self->ring, sqe));
	EXPECT_EQ(-1, read(fd, &got, sizeof(got)));
	/* its read takes any */
	ASSERT_EQ(sizeof(one), write(fd, &one, sizeof(one)));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_read(sqe, fd, &got, sizeof(got), 0);
	cring_sqe_set_detach(sqe);
	EXPECT_EQ(sizeof(got), run_sqe(&self->ring, sqe));
	EXPECT_EQ(1, got);
	close(fd);
}

/* In the page cache: it ends in the submit call, whosever memory it passes. */
TEST_F(limits, c10_what_is_cached_ends_inline)
{
	struct cring_sqe *sqe = new_sqe(&self->ring, 1);

	ASSERT_EQ(LEN, pwrite(self->fd, self->buf, LEN, 0));
	ASSERT_EQ(0, hung_stop(&self->h));
	cring_prep_read(sqe, self->fd, self->buf, 4096, 0);
	sqe->user_data = 1;
	cring_sqe_set_detach(sqe);
	submit_all(&self->ring, 1);
	expect_res(&self->ring, 1, 4096);
}

TEST_HARNESS_MAIN
