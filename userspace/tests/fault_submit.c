// SPDX-License-Identifier: MIT
/*
 * Faults in submitting: each operation ends once, with its result or with the
 * error of the fault, and the ring goes on.  What runs in workers fails at random.
 * check: timeout=300
 */
#include "fault_util.h"

#define LEN		8192
#define VECS		20

FIXTURE(fault) {
	struct faults f;
	struct cring ring;
	int p[2], file, other, disk;
	char *buf;
	struct iovec iov[VECS];
	struct cring_timespec ts;
};

FIXTURE_SETUP(fault)
{
	struct cring_params p = { .sq_entries = 32, .detached = 32 };
	unsigned int i;

	if (!fault_kernel())
		SKIP(return, NO_FAULTS);
	expect_refs(0);
	ASSERT_EQ(0, cring_queue_init_params(32, &self->ring, &p));
	new_pipe(self->p, O_NONBLOCK);
	self->file = new_filled(TMPFS_DIR, O_RDWR, LEN, 1);
	self->other = new_filled(TMPFS_DIR, O_RDWR, LEN, 2);
	self->disk = EXT4_DIR ? new_filled(EXT4_DIR, O_RDWR | O_DIRECT, LEN, 3) :
				-1;
	self->buf = new_pages(LEN);
	self->ts = ms_ts(3600000);
	for (i = 0; i < VECS; i++)
		self->iov[i] = (struct iovec){ self->buf + i * 100, 100 };
	ASSERT_EQ(0, mlockall(MCL_CURRENT | MCL_FUTURE));
	t_faults_init(_metadata, &self->f);
}

FIXTURE_TEARDOWN(fault)
{
	faults_exit(&self->f);
	cring_queue_exit(&self->ring);
	expect_refs(0);
}

enum op {
	NOP, READ, READ_VECTORS, WRITE_VECTORS, WRITE_NEW, READ_WORKER, FSYNC_WORKER,
	ALLOCATE, COPY, SYNC, DETACHED, DETACHED_WRITE, DIRECT, PIPE_WRITE, PIPE_READ,
	POLL, TIMER, TIMER_REMOVE, CANCEL, CHAIN, DRAINED, OPS
};

/* Puts one operation, or two; how many. */
static unsigned int put_op(struct __test_metadata *_metadata,
			   FIXTURE_DATA(fault) *self, enum op op, unsigned int ud)
{
	struct cring_sqe *sqe = new_sqe(&self->ring, ud);

	if (op == READ || op == READ_WORKER || op == DETACHED || op == CHAIN ||
	    (op == DIRECT && self->disk < 0))
		cring_prep_read(sqe, self->file, self->buf, LEN, 0);
	switch (op) {
	case NOP:
		cring_prep_nop(sqe);
		break;
	case READ_VECTORS:
		cring_prep_readv(sqe, self->file, self->iov, VECS, 0);
		break;
	case WRITE_VECTORS:
		cring_prep_writev(sqe, self->file, self->iov, VECS, 0);
		break;
	case WRITE_NEW:
		if (ftruncate(self->other, 0))
			break;
		cring_prep_write(sqe, self->other, self->buf, LEN, 0);
		break;
	case READ_WORKER:
		sqe->flags = CRING_SQE_ASYNC;
		break;
	case FSYNC_WORKER:
		cring_prep_fsync(sqe, self->file, 0);
		break;
	case ALLOCATE:
		cring_prep_fallocate(sqe, self->file, 0, 0, 4 * LEN);
		break;
	case COPY:
		cring_prep_copy_file_range(sqe, self->file, 0, self->other, 0,
					   100, 0);
		break;
	case SYNC:
		cring_prep_sync_file_range(sqe, self->file, LEN, 0, 0);
		break;
	case DETACHED:
		cring_sqe_set_detach(sqe);
		break;
	case DETACHED_WRITE:
		cring_prep_write(sqe, self->file, self->buf, LEN, 0);
		sqe->flags = CRING_SQE_ASYNC;
		cring_sqe_set_detach(sqe);
		break;
	case DIRECT:
		if (self->disk >= 0)
			cring_prep_read(sqe, self->disk, self->buf, 4096, 0);
		break;
	case PIPE_WRITE:
		cring_prep_write(sqe, self->p[1], self->buf, 5000, 0);
		break;
	case PIPE_READ:
		cring_prep_read(sqe, self->p[0], self->buf, 5000, 0);
		break;
	case POLL:
		cring_prep_poll_add(sqe, self->p[0], POLLIN);
		break;
	case TIMER:
		cring_prep_timeout(sqe, &self->ts, 0, 0);
		break;
	case TIMER_REMOVE:
		cring_prep_timeout_update(sqe, &self->ts, 12345, 0);
		break;
	case CANCEL:
		cring_prep_cancel64(sqe, 12345, 0);
		break;
	case CHAIN:
		sqe->flags = CRING_SQE_IO_LINK;
		sqe = new_sqe(&self->ring, ud + 1);
		cring_prep_poll_add(sqe, self->p[0], POLLIN);
		return 2;
	case DRAINED:
		cring_prep_poll_add(sqe, self->p[0], POLLIN);
		sqe = new_sqe(&self->ring, ud + 1);
		cring_prep_fsync(sqe, self->file, 0);
		sqe->flags = CRING_SQE_IO_DRAIN;
		return 2;
	default:
		break;
	}
	return 1;
}

/* What the operations answer without a fault, but for those that wait. */
static bool answers(enum op op, int res)
{
	if (op == TIMER_REMOVE || op == CANCEL)
		return res == -ENOENT;
	if (op == PIPE_READ && res == -EAGAIN)
		return true;
	return res >= 0 || res == -ECANCELED;
}

static void empty_pipe(FIXTURE_DATA(fault) *self)
{
	while (read(self->p[0], self->buf, LEN) > 0)
		;
}

/* Ends all, and looks at each completion: whether all were as without a fault. */
static bool t_end(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *self,
		  enum op op, unsigned int nr, const char *why)
{
	bool good = true;
	unsigned int i;

	/* What can end by itself does. */
	if (op != TIMER && op != POLL && op != CHAIN && op != DRAINED &&
	    op != PIPE_READ)
		wait_idle(&self->ring);
	cancel_key(self->ring.ring_fd, .flags = C_ANY | C_ALL);
	settle(&self->ring);
	ASSERT_EQ(nr, cq_count(&self->ring))
		TH_LOG("%s: operation %u", why, op);
	for (i = 0; i < nr; i++) {
		int res = cq_peek(&self->ring, i)->res;

		if (answers(op, res))
			continue;
		good = false;
		ASSERT_TRUE(fault_fits(&self->f, res))
			TH_LOG("%s: operation %u ends with %d", why, op, res);
	}
	reap_all(&self->ring);
	return good;
}
#define end(op, nr, why)	t_end(_metadata, self, op, nr, why)

/* A ring that has not yet asked for anything that a ring asks for once. */
static void t_new_ring(struct __test_metadata *_metadata,
		       FIXTURE_DATA(fault) *self)
{
	struct cring_params p = { .sq_entries = 32, .detached = 32 };

	cring_queue_exit(&self->ring);
	ASSERT_EQ(0, cring_queue_init_params(32, &self->ring, &p));
}

TEST_F_TIMEOUT(fault, submitting, 900)
{
	struct faults *f = &self->f;
	enum op op;

	for (op = NOP; op < OPS; op++) {
		struct fault_walk w = { 0 };
		bool hit = false;

		while (fault_next(&w, hit)) {
			unsigned int nr;
			int ret;

			if (w.pass)
				t_new_ring(_metadata, self);
			nr = put_op(_metadata, self, op, 1);
			cring_flush_sq(&self->ring);
			fault_arm(f, w.nth);
			ret = submit_raw(self->ring.ring_fd, nr, 0);
			hit = fault_disarm(f);
			ASSERT_EQ((int)nr, ret);
			EXPECT_TRUE(end(op, nr, "with a fault") || hit);
			if (op == PIPE_WRITE)
				empty_pipe(self);
			/* And once more, without. */
			nr = put_op(_metadata, self, op, 1);
			submit_all(&self->ring, (int)nr);
			f->kind = FAULT_KINDS;
			EXPECT_TRUE(end(op, nr, "without one"));
			if (op == PIPE_WRITE)
				empty_pipe(self);
		}
		TH_LOG("operation %u: %u faults", op, w.hits);
	}
	expect_sites(f, 6);
}

/* ---- workers --------------------------------------------------------------- */

/* What runs in workers, and what starts them, fails from time to time. */
static unsigned int make_workers_fail(const char *what)
{
	DIR *d = opendir("/proc");
	unsigned int n = 0;
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char path[300], comm[32];

		snprintf(path, sizeof(path), "/proc/%s/comm", e->d_name);
		if (!atoi(e->d_name))
			continue;
		read_str(path, comm, sizeof(comm));
		if (strncmp(comm, "kworker/u", 9))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/make-it-fail", e->d_name);
		n += !write_str(path, what);
	}
	if (d)
		closedir(d);
	return n;
}

static void probability(const char *percent)
{
	int i;

	for (i = 0; i < FAULT_KINDS; i++)
		fault_attr(i, "probability", percent);
}

/* Until enough has failed; that many at most. */
#define ROUNDS		60
#define LEAST_ROUNDS	6

TEST_F_TIMEOUT(fault, workers, 900)
{
	static const enum op ops[] = {
		READ_WORKER, FSYNC_WORKER, ALLOCATE, COPY, SYNC, DETACHED_WRITE,
	};
	struct faults *f = &self->f;
	unsigned int round, failed = 0, i;

	for (round = 0; round < ROUNDS; round++) {
		if (round >= LEAST_ROUNDS && failed > 2 && f->nr_sites > 1)
			break;
		/* Every other time there is a worker already. */
		if (round % 2) {
			i = put_op(_metadata, self, READ_WORKER, 1);
			submit_all(&self->ring, (int)i);
			f->kind = FAULT_KINDS;
			ASSERT_TRUE(end(READ_WORKER, i, "before"));
		}
		make_workers_fail("1");
		probability("7");
		for (i = 0; i < ARRAY_LEN(ops); i++) {
			unsigned int nr = put_op(_metadata, self, ops[i], 1);

			submit_all(&self->ring, (int)nr);
			wait_idle(&self->ring);
			faults_read(f);
			/* Several may have been put in: any will do. */
			f->kind = -1;
			failed += !end(ops[i], nr, "in a worker");
		}
		probability("0");
		faults_read(f);
		/* A new one starts workers of its own. */
		t_new_ring(_metadata, self);
	}
	make_workers_fail("0");
	f->kind = FAULT_KINDS;
	for (i = 0; i < ARRAY_LEN(ops); i++) {
		unsigned int nr = put_op(_metadata, self, ops[i], 1);

		submit_all(&self->ring, (int)nr);
		EXPECT_TRUE(end(ops[i], nr, "afterwards"));
	}
	TH_LOG("%u of %zu operations failed", failed, round * ARRAY_LEN(ops));
	EXPECT_GE(failed, 1);
	expect_sites(f, 2);
}

TEST_HARNESS_MAIN
