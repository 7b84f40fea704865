// SPDX-License-Identifier: GPL-2.0
/*
 * The operations in one table; see validate.h.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>

#include "validate.h"

const struct row sqe_rows[NR_ROWS] = {
	{ "NOP", CRING_OP_NOP },
	{ "READV", CRING_OP_READV,
	  IOPRIO | FD | OFF | ADDR | LEN | OP_FLAGS,
	  FILE | IOV, 1, 0, 8 },
	{ "WRITEV", CRING_OP_WRITEV,
	  IOPRIO | FD | OFF | ADDR | LEN | OP_FLAGS,
	  FILE | IOV, 1, 0, 8 },
	{ "FSYNC", CRING_OP_FSYNC, FD | OFF | LEN | OP_FLAGS,
	  FILE },
	{ "READ_FIXED", CRING_OP_READ_FIXED,
	  IOPRIO | FD | OFF | ADDR | LEN | OP_FLAGS | BUF_INDEX,
	  FILE | MEM, 8, 0, 8 },
	{ "WRITE_FIXED", CRING_OP_WRITE_FIXED,
	  IOPRIO | FD | OFF | ADDR | LEN | OP_FLAGS | BUF_INDEX,
	  FILE | MEM, 8, 0, 8 },
	{ "POLL_ADD", CRING_OP_POLL_ADD, FD | OP_FLAGS, FILE,
	  0, 0, (__force s32)EPOLLIN, (__force u32)EPOLLIN },
	{ "POLL_REMOVE", CRING_OP_POLL_REMOVE, ADDR, 0, 0, 99, -ENOENT },
	{ "SYNC_FILE_RANGE", CRING_OP_SYNC_FILE_RANGE,
	  FD | OFF | LEN | OP_FLAGS, FILE },
	{ "TIMEOUT", CRING_OP_TIMEOUT, OFF | ADDR | LEN | OP_FLAGS,
	  TIME, 1, 0, -ETIME },
	{ "TIMEOUT_REMOVE", CRING_OP_TIMEOUT_REMOVE, OFF | ADDR | OP_FLAGS, 0,
	  0, 99, -ENOENT },
	{ "ASYNC_CANCEL", CRING_OP_ASYNC_CANCEL,
	  FD | ADDR | LEN | OP_FLAGS, 0, 0, 99, -ENOENT },
	{ "LINK_TIMEOUT", CRING_OP_LINK_TIMEOUT, ADDR | LEN | OP_FLAGS,
	  TIME | LINKED, 1, 0, -ECANCELED },
	{ "FALLOCATE", CRING_OP_FALLOCATE, FD | OFF | ADDR | LEN,
	  FILE, 0, 8, 0 },
	{ "READ", CRING_OP_READ, IOPRIO | FD | OFF | ADDR | LEN | OP_FLAGS,
	  FILE | MEM, 8, 0, 8 },
	{ "WRITE", CRING_OP_WRITE, IOPRIO | FD | OFF | ADDR | LEN | OP_FLAGS,
	  FILE | MEM, 8, 0, 8 },
	/* ADDR is the offset in the source */
	{ "COPY_FILE_RANGE", CRING_OP_COPY_FILE_RANGE,
	  FD | OFF | ADDR | LEN | FD_IN, FILE | SOURCE, 0, 0, 0 },
};

const struct row *sqe_row_of(unsigned int opcode)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sqe_rows); i++)
		if (sqe_rows[i].opcode == opcode)
			return &sqe_rows[i];
	return NULL;
}

/* --- a ring, and files --- */

static void close_it(void *fd)
{
	struct file *file = fget((long)fd);

	/* as it was made */
	file->f_mode |= FMODE_READ | FMODE_WRITE;
	fput(file);
	close_fd((long)fd);
	flush_delayed_fput();
}

static s32 install(struct kunit *test, struct file *file)
{
	s32 fd;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	fd = get_unused_fd_flags(O_CLOEXEC);
	KUNIT_ASSERT_GE(test, fd, 0);
	fd_install(fd, file);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, close_it,
							(void *)(long)fd), 0);
	return fd;
}

static struct file *new_file(struct kunit *test, fmode_t without)
{
	struct file *file = cring_shmem_file("validate", 64);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	file->f_mode |= FMODE_PREAD | FMODE_PWRITE | FMODE_LSEEK;
	file->f_mode &= ~without;
	return file;
}

int validate_test_init(struct kunit *test)
{
	struct validate_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct iovec iov;

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->live = live_open(test, 8, 64);
	t->mem = live_pages(t->live, 2, PROT_READ | PROT_WRITE);
	t->fd = install(test, new_file(test, 0));
	t->read_fd = install(test, new_file(test, FMODE_WRITE));
	t->write_fd = install(test, new_file(test, FMODE_READ));
	/* slot 0 of each table is the same file, and the same memory */
	iov = (struct iovec) { (void __user *)t->mem, PAGE_SIZE };
	KUNIT_ASSERT_EQ(test, live_register(t->live, CRING_REGISTER_BUFFERS, 0,
					    &iov, 1, sizeof(iov)), 0);
	KUNIT_ASSERT_EQ(test, live_register(t->live, CRING_REGISTER_FILES, 0,
					    (s32 []) { t->fd, -1 }, 2,
					    sizeof(s32)), 0);
	return 0;
}

/* --- one SQE, with what has to be around it --- */

struct cring_sqe fine_sqe(struct validate_test *t, const struct row *row)
{
	struct cring_sqe sqe = {
		.opcode = row->opcode, .len = row->len, .addr = row->addr,
		.op_flags = row->op_flags, .user_data = 1,
	};

	if (row->needs & FILE)
		sqe.fd = t->fd;
	if (row->needs & MEM)
		sqe.addr = t->mem;
	if (row->needs & SOURCE)
		sqe.fd_in = t->fd;
	if (row->needs & TIME)
		sqe.addr = user_time(t->live, 0, 1);
	if (row->needs & IOV) {
		const struct iovec iov = { (void __user *)t->mem, 8 };

		sqe.addr = t->mem + PAGE_SIZE;
		KUNIT_EXPECT_EQ(t->live->test,
				copy_to_user((void __user *)sqe.addr, &iov,
					     sizeof(iov)), 0);
	}
	return sqe;
}

s32 sqe_answer(struct validate_test *t, const struct cring_sqe *sqe)
{
	const struct row *row = sqe_row_of(sqe->opcode);
	bool linked = row && row->needs & LINKED;
	struct live *live = t->live;
	struct kunit *test = live->test;
	unsigned int nr = linked ? 3 : 2;
	s32 res = 1234, around = 0;
	struct cring_cqe cqe;

	if (linked)
		live_sqe(live, CRING_OP_NOP, 0)->flags = CRING_SQE_IO_LINK;
	*live_sqe(live, 0, 0) = *sqe;
	live_sqe(live, CRING_OP_NOP, 2);
	KUNIT_EXPECT_EQ(test, live_submit(live), nr);
	while (nr--) {
		KUNIT_EXPECT_TRUE(test, live_wait(live, &cqe));
		if (cqe.user_data == 1)
			res = cqe.res;
		else if (cqe.user_data == 2)
			KUNIT_EXPECT_EQ(test, cqe.res, 0);
		else
			around = cqe.res;
	}
	/* what comes before it in a chain is not started if it is refused */
	if (linked)
		KUNIT_EXPECT_EQ(test, around, res == -EINVAL || res == -EFAULT ?
				-ECANCELED : 0);
	LIVE_EXPECT_NO_CQE(live);
	return res;
}
