// SPDX-License-Identifier: MIT
/* Files of a FUSE server, which is a thread of the test. */
#include "util_sys.h"

#include <sys/mount.h>
#include <linux/fuse.h>

#define LEN		(64U * 1024)
#define MAX_WRITE	(32U * 1024)

struct server {
	char dir[32];
	int dev;
	uint32_t open_flags;
	pthread_t thread;
	uint64_t size;
	char data[4 * LEN];
	atomic_int syncs;
	atomic_int fail;	/* answer reads and writes with this */
};

static void answer(struct server *s, const struct fuse_in_header *in, int err,
		   const void *body, size_t len)
{
	struct fuse_out_header h = { .unique = in->unique, .error = err,
				     .len = (uint32_t)(sizeof(h) + len) };
	struct iovec iov[] = { { &h, sizeof(h) }, { (void *)body, len } };

	if (writev(s->dev, iov, len ? 2 : 1) < 0)
		return;		/* nobody waits for it any more */
}

static struct fuse_attr attr_of(struct server *s, uint64_t ino)
{
	return (struct fuse_attr){
		.ino = ino, .nlink = 1, .size = ino == 1 ? 0 : s->size,
		.mode = ino == 1 ? S_IFDIR | 0755 : S_IFREG | 0644,
		.blksize = 4096,
	};
}

static void serve_write(struct server *s, struct fuse_in_header *in)
{
	struct fuse_write_in *w = (void *)(in + 1);
	struct fuse_write_out out = { .size = w->size };

	if (w->offset + w->size > sizeof(s->data))
		return answer(s, in, -ENOSPC, NULL, 0);
	memcpy(s->data + w->offset, w + 1, w->size);
	if (w->offset + w->size > s->size)
		s->size = w->offset + w->size;
	answer(s, in, 0, &out, sizeof(out));
}

static void serve_read(struct server *s, struct fuse_in_header *in)
{
	struct fuse_read_in *r = (void *)(in + 1);
	uint64_t n = r->offset < s->size ? s->size - r->offset : 0;

	answer(s, in, 0, s->data + r->offset, n < r->size ? n : r->size);
}

static void serve_one(struct server *s, struct fuse_in_header *in)
{
	struct fuse_init_out init = { .major = 7, .minor = 31,
				      .max_readahead = LEN,
				      .max_write = MAX_WRITE,
				      .flags = FUSE_BIG_WRITES };
	struct fuse_entry_out entry = { .nodeid = 2, .attr = attr_of(s, 2) };
	struct fuse_attr_out attr = { .attr = attr_of(s, in->nodeid) };
	struct fuse_open_out opened = { .open_flags = s->open_flags };
	struct fuse_fallocate_in *fa = (void *)(in + 1);
	struct fuse_setattr_in *sa = (void *)(in + 1);
	int fail = atomic_load(&s->fail);

	switch (in->opcode) {
	case FUSE_INIT:
		return answer(s, in, 0, &init, sizeof(init));
	case FUSE_LOOKUP:
		return answer(s, in, 0, &entry, sizeof(entry));
	case FUSE_SETATTR:
		if (sa->valid & FATTR_SIZE)
			s->size = sa->size;
		attr.attr = attr_of(s, 2);
		fallthrough;
	case FUSE_GETATTR:
		return answer(s, in, 0, &attr, sizeof(attr));
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		return answer(s, in, 0, &opened, sizeof(opened));
	case FUSE_READ:
	case FUSE_WRITE:
		if (fail)
			return answer(s, in, fail, NULL, 0);
		return in->opcode == FUSE_READ ? serve_read(s, in) :
						 serve_write(s, in);
	case FUSE_FALLOCATE:
		if (fa->offset + fa->length > s->size)
			s->size = fa->offset + fa->length;
		return answer(s, in, 0, NULL, 0);
	case FUSE_FSYNC:
		atomic_fetch_add(&s->syncs, 1);
		fallthrough;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
		return answer(s, in, 0, NULL, 0);
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		return;
	default:
		return answer(s, in, -ENOSYS, NULL, 0);
	}
}

static void *serve(void *arg)
{
	static char buf[MAX_WRITE + 8192];
	struct server *s = arg;

	for (;;) {
		ssize_t n = read(s->dev, buf, sizeof(buf));

		if (n >= (ssize_t)sizeof(struct fuse_in_header))
			serve_one(s, (void *)buf);
		else if (n >= 0 || (errno != EINTR && errno != ENOENT))
			return NULL;	/* unmounted */
	}
}

FIXTURE(fuse) { struct cring ring; struct server *s; int fd; char *buf; };
FIXTURE_VARIANT(fuse) { uint32_t open_flags; };
FIXTURE_VARIANT_ADD(fuse, cached) { FOPEN_KEEP_CACHE };
FIXTURE_VARIANT_ADD(fuse, direct) { FOPEN_DIRECT_IO };

FIXTURE_SETUP(fuse)
{
	struct server *s = new_pages(sizeof(*s));
	char opts[96], path[64];

	self->s = s;
	s->open_flags = variant->open_flags;
	s->size = LEN;
	fill(s->data, LEN, 1);
	s->dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (s->dev < 0)
		SKIP(return, "no /dev/fuse (module not loaded?)");
	strcpy(s->dir, "/tmp/cring-fuse-XXXXXX");
	ASSERT_NE(NULL, mkdtemp(s->dir));
	snprintf(opts, sizeof(opts), "fd=%d,rootmode=40000,user_id=0,group_id=0",
		 s->dev);
	ASSERT_EQ(0, mount("cring", s->dir, "fuse", 0, opts));
	s->thread = new_thread(serve, s);
	snprintf(path, sizeof(path), "%s/f", s->dir);
	self->fd = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	self->buf = new_pages(2 * LEN);
	ring_init(&self->ring, 32);
}

FIXTURE_TEARDOWN(fuse)
{
	cring_queue_exit(&self->ring);
	close(self->fd);
	umount2(self->s->dir, MNT_FORCE);
	umount2(self->s->dir, MNT_DETACH);
	join_in_time(self->s->thread, NULL);
	rmdir(self->s->dir);
}

#define RUN_RW(op, p, n, off) __extension__ ({				\
	struct cring_sqe *__s = new_sqe(&self->ring, 0);		\
	cring_prep_rw(op, __s, self->fd, p, n, off);			\
	run_sqe(&self->ring, __s); })

TEST_F(fuse, op_fuse_read_and_write)
{
	EXPECT_EQ((int)LEN, RUN_RW(CRING_OP_READ, self->buf, LEN, 0));
	EXPECT_TRUE(is_filled(self->buf, LEN, 1));
	fill(self->buf, 5000, 2);
	EXPECT_EQ(5000, RUN_RW(CRING_OP_WRITE, self->buf, 5000, 700));
	memset(self->buf, 0, LEN);
	EXPECT_EQ(5000, RUN_RW(CRING_OP_READ, self->buf, 5000, 700));
	EXPECT_TRUE(is_filled(self->buf, 5000, 2));
	EXPECT_EQ(700, RUN_RW(CRING_OP_READ, self->buf, 700, 0));
	EXPECT_TRUE(is_filled(self->buf, 700, 1));
}

TEST_F(fuse, op_fuse_vectors_and_end_of_file)
{
	struct iovec iov[] = { { self->buf + 100, 300 }, { self->buf, 100 } };

	EXPECT_EQ(400, RUN_RW(CRING_OP_READV, iov, 2, 50));
	EXPECT_TRUE(is_filled_at(self->buf + 100, 300, 1, 50));
	EXPECT_TRUE(is_filled_at(self->buf, 100, 1, 350));
	EXPECT_EQ(200, RUN_RW(CRING_OP_READ, self->buf, LEN, LEN - 200));
	EXPECT_TRUE(is_filled_at(self->buf, 200, 1, LEN - 200));
	EXPECT_EQ(0, RUN_RW(CRING_OP_READ, self->buf, LEN, LEN));
}

TEST_F(fuse, op_fuse_extends_syncs_and_allocates)
{
	struct cring_sqe *sqe;
	struct stat st;

	fill(self->buf, 1000, 3);
	EXPECT_EQ(1000, RUN_RW(CRING_OP_WRITE, self->buf, 1000, LEN));
	ASSERT_EQ(0, fstat(self->fd, &st));
	EXPECT_EQ((off_t)LEN + 1000, st.st_size);
	sqe = new_sqe(&self->ring, 0);
	cring_prep_fsync(sqe, self->fd, 0);
	EXPECT_EQ(0, run_sqe(&self->ring, sqe));
	EXPECT_EQ(1, atomic_load(&self->s->syncs));
	sqe = new_sqe(&self->ring, 0);
	cring_prep_fallocate(sqe, self->fd, 0, 0, 2 * LEN);
	EXPECT_EQ(0, run_sqe(&self->ring, sqe));
	ASSERT_EQ(0, fstat(self->fd, &st));
	EXPECT_EQ((off_t)2 * LEN, st.st_size);
}

TEST_F(fuse, op_fuse_servers_error_comes_through)
{
	atomic_store(&self->s->fail, -EDQUOT);
	EXPECT_EQ(-EDQUOT, RUN_RW(CRING_OP_WRITE, self->buf, 100, 0));
	/* Cached reads report any failure to fill the page as they like. */
	EXPECT_LT(RUN_RW(CRING_OP_READ, self->buf, 100, 0), 0);
	atomic_store(&self->s->fail, 0);
	EXPECT_EQ(100, RUN_RW(CRING_OP_READ, self->buf, 100, 0));
	EXPECT_TRUE(is_filled(self->buf, 100, 1));
}

TEST_F(fuse, c1_fuse_many_at_once)
{
	bool seen[32] = { false };
	uint64_t i;

	for (i = 0; i < 32; i++)
		cring_prep_read(new_sqe(&self->ring, i), self->fd,
				self->buf + i * 2048, 2048, i * 2048);
	submit_all(&self->ring, 32);
	for (i = 0; i < 32; i++) {
		struct cring_cqe c = reap(&self->ring);

		ASSERT_LT(c.user_data, 32);
		ASSERT_FALSE(seen[c.user_data]);
		seen[c.user_data] = true;
		EXPECT_EQ(2048, c.res);
	}
	EXPECT_TRUE(is_filled(self->buf, LEN, 1));
	expect_quiet(&self->ring);
}

TEST_F(fuse, link_fuse_write_then_read)
{
	struct cring_sqe *sqe = new_sqe(&self->ring, 1);

	fill(self->buf, 3000, 9);
	cring_prep_write(sqe, self->fd, self->buf, 3000, 10000);
	sqe->flags = CRING_SQE_IO_LINK;
	cring_prep_read(new_sqe(&self->ring, 2), self->fd, self->buf + LEN,
			3000, 10000);
	submit_all(&self->ring, 2);
	EXPECT_EQ(3000, reap_res(&self->ring, 1));
	EXPECT_EQ(3000, reap_res(&self->ring, 2));
	EXPECT_TRUE(is_filled(self->buf + LEN, 3000, 9));
}

TEST_HARNESS_MAIN
