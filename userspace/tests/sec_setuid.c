// SPDX-License-Identifier: MIT
/*
 * S1, S3, C16: an unprivileged user executes a program of root's that is
 * set-user-ID, while operations of his ring are under way, and hands it the ring.
 * They end, or go on as his: nothing of them is done with root's credentials, or to
 * the memory of the new program.
 */
#include "util.h"
#include "life_util.h"

#include <linux/fs.h>

#define NOBODY	65534
#define MINE	'O'		/* in the old program's memory */
#define THEIRS	'N'		/* at the same place in the new one's */
#define LEN	512
#define WROTE	4		/* bytes of a write */

/* Both are this program, which is linked to a fixed address. */
static char area[8192] __attribute__((aligned(4096)));

FIXTURE(image) {
	struct stage st;
	char path[64];		/* the program, owned by root, mode 4755 */
	int frozen;		/* of a file system that is, set-user-ID */
	int behind;		/* of what waits behind a read, set-user-ID */
	int q[2], dir, refs;
	bool froze;
};

static char new_argv0[] = "set-user-ID";

static int t_suid_file(struct __test_metadata *_metadata, const char *dir)
{
	int fd = new_file(dir, O_RDWR);

	EXPECT_EQ(0, fchmod(fd, 04755));
	return fd;
}

/* A copy of this program that becomes root whoever executes it. */
static bool copy_program(const char *path)
{
	int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int out = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0700);
	static char buf[65536];
	bool ok = in >= 0 && out >= 0;
	ssize_t n;

	while (ok && (n = read(in, buf, sizeof(buf))) > 0)
		ok = write(out, buf, n) == n;
	ok = ok && !fchmod(out, 04755);
	close(in);
	close(out);
	return ok;
}

FIXTURE_SETUP(image)
{
	const char *why;

	if (getuid())
		SKIP(return, "must be root to become another user");
	if (!EXT4_DIR)
		SKIP(return, "no ext4 mounted");
	self->refs = refs_before();
	snprintf(self->path, sizeof(self->path), "/tmp/cring-suid-%d", getpid());
	ASSERT_TRUE(copy_program(self->path));
	self->frozen = t_suid_file(_metadata, EXT4_DIR);
	self->behind = t_suid_file(_metadata, "/tmp");
	self->dir = open(EXT4_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	new_pipe(self->q, O_CLOEXEC);
	/* Whoever may open it: a udev rule does that. */
	ASSERT_EQ(0, chmod(CRING_DEVICE, 0666));
	why = t_stage(_metadata, &self->st, ST_HUNG_DIRECT);
	if (why)
		SKIP(return, "%s", why);
	fcntl(self->st.p[0], F_SETFD, FD_CLOEXEC);
	fcntl(self->st.p[1], F_SETFD, FD_CLOEXEC);
	if (ioctl(self->dir, FIFREEZE, 0))
		SKIP(return, "cannot freeze: %s", strerror(errno));
	self->froze = true;
}

FIXTURE_TEARDOWN(image)
{
	if (self->froze)
		ioctl(self->dir, FITHAW, 0);
	chmod(CRING_DEVICE, 0600);
	unlink(self->path);
	stage_exit(&self->st);
	expect_refs(self->refs);
}

/* --- the new program ------------------------------------------------------- */

/* What of the ring can still be used: 0, or the number of the call. */
static int what_works(int fd)
{
	struct cring_params p = { .sq_entries = 4 };
	struct cring_cancel_key k = { .flags = C_ANY | C_ALL };
	struct cring_cancel c = { .keys = PTR64(&k), .nr = 1 };
	struct cring_deadline d = {
		.keys = PTR64(&k), .nr = 1, .deadline = 1,
	};
	struct cring_register r = { .opcode = CRING_UNREGISTER_FILES };
	struct cring_wait w = { .to_submit = 1 };

	if (ioc_ptr(fd, CRING_IOC_SETUP, &p) != -EPERM)
		return 10;
	if (submit_raw(fd, 1, 0) != -EPERM || submit_raw(fd, 0, 1) != -EPERM)
		return 11;
	if (ioc_ptr(fd, CRING_IOC_WAIT, &w) != -EPERM)
		return 12;
	if (ioc_ptr(fd, CRING_IOC_REGISTER, &r) != -EPERM)
		return 13;
	if (ioc_ptr(fd, CRING_IOC_CANCEL, &c) != -EPERM)
		return 14;
	c.flags = CRING_CANCEL_PROCESS;
	if (ioc_ptr(fd, CRING_IOC_CANCEL, &c) != -EPERM)
		return 15;
	if (ioc_ptr(fd, CRING_IOC_DEADLINE, &d) != -EPERM)
		return 16;
	if (mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED ||
	    errno != EPERM)
		return 17;
	/* Another open file reaches no ring of the program before it. */
	fd = open(CRING_DEVICE, O_RDWR | O_CLOEXEC);
	if (ioc_ptr(fd, CRING_IOC_CANCEL, &c) || k.res)
		return 18;
	return 0;
}

/* Says "y" when it has looked; again when the operations are through. */
static int new_program(int closed, int kept, void *at)
{
	char c;
	int ret;

	alarm(2 * LIMIT_MS / 1000);
	if (geteuid() || getuid() != NOBODY)
		return 2;
	if (at != area)
		return 3;
	if (fcntl(closed, F_GETFD) != -1 || fcntl(kept, F_GETFD) == -1)
		return 4;
	memset(area, THEIRS, sizeof(area));
	ret = what_works(kept);
	if (ret)
		return ret;
	if (write(1, "y", 1) != 1 || read(0, &c, 1) != 1)
		return 5;
	return is_byte(area, sizeof(area), THEIRS) ? 0 : 6;
}

/* --- the old one ----------------------------------------------------------- */

/* Operations that wait in every way that an exec meets; and then that. */
static int old_program(FIXTURE_DATA(image) *self, int in, int out)
{
	struct cring_params p = { .detached = 8 };
	char closed[16], kept[16], at[24];
	char *argv[] = { new_argv0, closed, kept, at, NULL };
	int disk = open(self->st.path, O_RDWR | O_DIRECT | O_CLOEXEC);
	struct cring_sqe *sqe;
	struct cring ring;

	if (disk < 0 || syscall(SYS_setresgid, NOBODY, NOBODY, NOBODY) ||
	    syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY) ||
	    cring_queue_init_params(16, &ring, &p))
		return 20;
	memset(area, MINE, sizeof(area));
	/* armed, with a write behind it */
	sqe = cring_get_sqe(&ring);
	cring_prep_read(sqe, self->st.p[0], area, LEN, 0);
	sqe->flags = CRING_SQE_IO_LINK;
	cring_prep_write(cring_get_sqe(&ring), self->behind, area, WROTE, 0);
	/* in a worker, which sleeps so that it can be told, or not */
	sqe = cring_get_sqe(&ring);
	cring_prep_read(sqe, self->q[0], area + LEN, LEN, 0);
	sqe->flags = CRING_SQE_ASYNC;
	cring_prep_write(cring_get_sqe(&ring), self->frozen, area, WROTE, 0);
	/* there, and in a device, with DETACH */
	sqe = cring_get_sqe(&ring);
	cring_prep_write(sqe, self->frozen, area, WROTE, LEN);
	cring_sqe_set_detach(sqe);
	sqe = cring_get_sqe(&ring);
	cring_prep_read(sqe, disk, area + 4096, 4096, 0);
	cring_sqe_set_detach(sqe);
	if (cring_submit(&ring) != 6)
		return 21;
	msleep(300 * hold_factor());
	if (cring_in_flight(&ring) != 6)
		return 22;
	snprintf(closed, sizeof(closed), "%d", ring.ring_fd);
	snprintf(kept, sizeof(kept), "%d", dup(ring.ring_fd));
	snprintf(at, sizeof(at), "%p", (void *)area);
	dup2(in, 0);
	dup2(out, 1);
	execv(self->path, argv);
	return 23;
}

static mode_t mode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_mode & 07777;
}

TEST_F(image, s3_a_set_user_id_program_gets_nothing_of_the_ring_before_it)
{
	int in[2], out[2], status;
	char said = 0, got[LEN] = "";
	pid_t pid;

	signal(SIGPIPE, SIG_IGN);
	new_pipe(in, O_CLOEXEC);
	new_pipe(out, O_CLOEXEC);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid)
		_exit(old_program(self, in[0], out[1]));
	close(out[1]);
	close(self->st.p[0]);
	close(self->q[0]);
	EXPECT_EQ(1, read(out[0], &said, 1));
	/* The new program lives, so nothing here is the work of an exit. */
	expect_no_reader(self->st.p[1]);
	expect_no_reader(self->q[1]);
	EXPECT_EQ(-1, write(self->st.p[1], area, LEN));
	EXPECT_EQ(04755, mode_of(self->frozen));
	/* What could not be stopped goes on, and clears it: it is not root. */
	ASSERT_EQ(0, ioctl(self->dir, FITHAW, 0));
	self->froze = false;
	EXPECT_TRUE(wait_until(mode_of(self->frozen) == 0755));
	stage_release(&self->st);
	/* The file that it was handed, and its ring; then nothing. */
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	msleep(300 * hold_factor());
	EXPECT_EQ(1, write(in[1], "g", 1));
	status = child_status(pid);
	EXPECT_TRUE(status != -1 && WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
	expect_refs(self->refs);

	EXPECT_EQ(04755, mode_of(self->behind));
	EXPECT_EQ(0, pread(self->behind, got, WROTE, 0));
	EXPECT_GE(pread(self->frozen, got, WROTE, 0), 0);
	EXPECT_TRUE(is_byte(got, WROTE, MINE) || is_byte(got, WROTE, 0));
	EXPECT_GE(pread(self->frozen, got, WROTE, LEN), 0);
	EXPECT_TRUE(is_byte(got, WROTE, MINE) || is_byte(got, WROTE, 0));
}

int main(int argc, char **argv)
{
	void *at;

	if (!strcmp(argv[0], new_argv0)) {
		if (argc != 4 || sscanf(argv[3], "%p", &at) != 1)
			return 1;
		return new_program(atoi(argv[1]), atoi(argv[2]), at);
	}
	return test_harness_run(argc, argv);
}
