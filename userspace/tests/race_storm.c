// SPDX-License-Identifier: MIT
/*
 * C1: everything at once.  One thread submits random operations of every kind
 * and reaps them, another cancels at random, by every key.  Requests are reused
 * all the time; each operation must have exactly one completion all the same.
 */
#include "util.h"
#include "race_util.h"

FIXTURE(race) {
	struct race r;
	int p[2], s[2], ev, file;
	struct cring_timespec ts[8];
	uint32_t seed[2];
};

#define SELF(r)	((FIXTURE_DATA(race) *)(r)->test)

FIXTURE_SETUP(race)
{
	unsigned int i;

	new_pipe(self->p, 0);
	new_socketpair(self->s, SOCK_STREAM);
	self->ev = eventfd(0, EFD_NONBLOCK);
	ASSERT_GE(self->ev, 0);
	self->file = new_filled(TMPFS_DIR, O_RDWR, 4096, 1);
	for (i = 0; i < 8; i++)
		self->ts[i].tv_nsec = 1000 << i;
	self->seed[0] = 1;
	self->seed[1] = 2;
	race_start(&self->r, self);
}

FIXTURE_TEARDOWN(race)
{
	race_stop(&self->r);
}

static uint32_t rnd(uint32_t *seed, uint32_t n)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed % n;
}

static void put_random(struct __test_metadata *_metadata, struct race *r)
{
	FIXTURE_DATA(race) *self = SELF(r);
	unsigned int i, flags;
	uint32_t *seed = &self->seed[0];

	for (i = 0; i < BATCH; i++) {
		struct cring_sqe sqe = {
			.addr = PTR64(sink), .len = 1, .user_data = i,
		};

		flags = rnd(seed, 4) ? 0 : CRING_SQE_ASYNC;
		if (!rnd(seed, 6))
			flags |= CRING_SQE_IO_LINK;
		else if (!rnd(seed, 20))
			flags |= CRING_SQE_IO_DRAIN;
		sqe.flags = flags;
		switch (rnd(seed, 8)) {
		case 0:
			sqe.opcode = CRING_OP_NOP;
			sqe.addr = 0;
			sqe.len = 0;
			break;
		case 1:
			sqe.opcode = CRING_OP_READ;
			sqe.fd = self->p[0];
			break;
		case 2:
			sqe.opcode = CRING_OP_READ;
			sqe.fd = self->s[0];
			break;
		case 3:
			sqe.opcode = CRING_OP_WRITE;
			sqe.fd = self->p[1];
			break;
		case 4:
			sqe.opcode = CRING_OP_WRITE;
			sqe.fd = self->s[1];
			break;
		case 5:
			sqe.opcode = CRING_OP_READ;
			sqe.fd = self->file;
			break;
		case 6:
			sqe.opcode = CRING_OP_TIMEOUT;
			sqe.fd = -1;
			sqe.addr = PTR64(&self->ts[rnd(seed, 8)]);
			sqe.len = 1;
			break;
		default:
			sqe.opcode = CRING_OP_POLL_ADD;
			sqe.fd = rnd(seed, 2) ? self->s[0] : self->ev;
			sqe.addr = 0;
			sqe.len = 0;
			sqe.poll32_events = POLLIN;
		}
		*new_sqe(&r->ring, 0) = sqe;
	}
}

static void cancel_at_random(struct race *r)
{
	FIXTURE_DATA(race) *self = SELF(r);
	uint32_t *seed = &self->seed[1];
	int fd = r->ring.ring_fd;
	unsigned int i;

	for (i = 0; i < BATCH; i++)
		race_note(r, i, -EALREADY);
	for (i = rnd(seed, 2 * BATCH); i; i--) {
		switch (rnd(seed, 8)) {
		case 0:
			cancel_key(fd, .fd = self->p[rnd(seed, 2)],
				   .flags = C_FD);
			break;
		case 1:
			cancel_key(fd, .fd = self->s[rnd(seed, 2)],
				   .flags = C_FD | C_ALL);
			break;
		case 2:
			cancel_key(fd, .flags = C_OP,
				   .opcode = CRING_OP_TIMEOUT);
			break;
		case 3:
			cancel_key(fd, .flags = C_ANY);
			break;
		case 4:
			if (!rnd(seed, 16))
				cancel_key(fd, .flags = C_ANY | C_ALL);
			break;
		default:
			cancel_key(fd, .user_data = rnd(seed, BATCH));
		}
	}
}

/* Submits in pieces, and then ends what nobody else would. */
static void submit_in_pieces(struct race *r)
{
	uint64_t end = now_ns() + LIMIT_MS * NSEC_PER_MSEC;

	cring_flush_sq(&r->ring);
	while (cring_sq_ready(&r->ring))
		if (submit_raw(r->ring.ring_fd,
			       1 + rnd(&SELF(r)->seed[0], 8), 0) < 0)
			abort();
	spin_ns(rnd(&SELF(r)->seed[0], 20000));
	cancel_key(r->ring.ring_fd, .flags = C_ANY | C_ALL);
	/* A chain's or drain's next member may have started meanwhile. */
	while (load_acquire(&shared_of(&r->ring)->in_flight) &&
	       now_ns() < end) {
		submit_raw(r->ring.ring_fd, 0, 0);	/* runs what is ready */
		cancel_key(r->ring.ring_fd, .flags = C_ANY | C_ALL);
	}
}

static void empty_files(struct __test_metadata *_metadata, struct race *r)
{
	FIXTURE_DATA(race) *self = SELF(r);
	int left = 0;

	ioctl(self->p[0], FIONREAD, &left);
	ASSERT_LE(left, (int)sizeof(sink));
	if (left)
		ASSERT_EQ(left, read(self->p[0], sink, left));
	left = recv(self->s[0], sink, sizeof(sink), MSG_DONTWAIT);
	ASSERT_TRUE(left >= 0 || errno == EAGAIN);
	ASSERT_EQ(BATCH, cq_count(&r->ring));
}

TEST_F_TIMEOUT(race, c1_everything_at_once, 600)
{
	self->r.against = cancel_at_random;
	race_run_until(self->r.canceled, &self->r, race_rounds(), put_random,
		       submit_in_pieces, empty_files);
	EXPECT_LT(self->r.canceled, self->r.already);
}

TEST_HARNESS_MAIN
