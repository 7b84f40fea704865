// SPDX-License-Identifier: MIT
/*
 * Attacks on terminals: a background process may not take by a ring what is typed
 * for the one in the foreground, nor write where it may not.
 */
#include "util_sys.h"
#include "cancel_util.h"

enum how { STOPS, IGNORES, BLOCKS };

/* What the background process is told, and what it tells. */
struct back {
	int slave, ready[2], res, polled;
	unsigned int sqe_flags;
	enum how how;
	bool write;
};

FIXTURE(tty) { int fds[2]; };
FIXTURE_VARIANT(tty) { unsigned int open_flags, sqe_flags; };
FIXTURE_VARIANT_ADD(tty, blocking) { 0, 0 };
FIXTURE_VARIANT_ADD(tty, nonblock) { O_NONBLOCK, 0 };
FIXTURE_VARIANT_ADD(tty, blocking_async) { 0, CRING_SQE_ASYNC };

FIXTURE_SETUP(tty)
{
	if (!pty_pair(self->fds))
		SKIP(return, "no pseudo terminals (devpts)");
}
FIXTURE_TEARDOWN(tty)
{
	close(self->fds[0]);
	close(self->fds[1]);
}

#define TYPED	"secret\n"

/* In the background of the terminal: one operation, and what came of it. */
static int background(struct back *b)
{
	static char buf[64];
	struct cring_sqe *sqe;
	struct cring_cqe cqe = { .res = 1 };
	sigset_t set;
	struct cring ring;

	setpgid(0, 0);
	signal(SIGTTOU, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGTTIN);
	sigaddset(&set, SIGTTOU);
	if (b->how == IGNORES) {
		signal(SIGTTIN, SIG_IGN);
		signal(SIGTTOU, SIG_IGN);
	} else if (b->how == BLOCKS) {
		sigprocmask(SIG_BLOCK, &set, NULL);
	}
	if (cring_queue_init(4, &ring, 0))
		return 10;
	sqe = cring_get_sqe(&ring);
	if (b->write)
		cring_prep_write(sqe, b->slave, "x", 1, -1);
	else
		cring_prep_read(sqe, b->slave, buf, sizeof(buf), -1);
	sqe->flags = (uint8_t)b->sqe_flags;
	if (write(b->ready[1], "r", 1) != 1 || cring_submit(&ring) != 1)
		return 11;
	if (!take_cqe(&ring, &cqe, LIMIT_MS / 2))
		return 12;
	if (cqe.res == (int)sizeof(TYPED) - 1 && !memcmp(buf, TYPED, cqe.res))
		return 20;
	return cqe.res == -EIO ? 30 : cqe.res == -EINTR ? 31 :
	       cqe.res == -EOPNOTSUPP ? 32 : cqe.res == 1 ? 33 : 40;
}

/* The exit status of the background process; 100 when it was stopped. */
static int leader(int master, unsigned int flags, struct back *b, bool forward)
{
	char c;
	pid_t pid;
	int status;

	setsid();
	b->slave = open(ptsname(master), O_RDWR | (int)flags);
	if (b->slave < 0 || ioctl(b->slave, TIOCSCTTY, 0) < 0)
		return 1;
	signal(SIGTTOU, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (tcsetpgrp(b->slave, getpgrp()) || pipe(b->ready))
		return 2;
	if (!b->write && write(master, TYPED, sizeof(TYPED) - 1) < 0)
		return 3;
	pid = fork();
	if (!pid)
		_exit(background(b));
	if (read(b->ready[0], &c, 1) != 1)
		return 4;
	if (!wait_until(waitpid(pid, &status, WNOHANG | WUNTRACED) == pid)) {
		kill(pid, SIGKILL);
		return 5;
	}
	if (WIFSTOPPED(status) && forward) {
		/* What it waits for is its own from now on. */
		tcsetpgrp(b->slave, pid);
		kill(pid, SIGCONT);
		if (!wait_until(waitpid(pid, &status, WNOHANG) == pid))
			status = -1;
	}
	if (status != -1 && WIFEXITED(status))
		return WEXITSTATUS(status);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return status != -1 && WIFSTOPPED(status) ? 100 : 6;
}

static int t_lead(struct __test_metadata *_metadata, FIXTURE_DATA(tty) *self,
		  const FIXTURE_VARIANT(tty) *variant, enum how how, bool write,
		  bool forward)
{
	struct back b = { .how = how, .write = write,
			  .sqe_flags = variant->sqe_flags };
	pid_t pid = fork();
	int status;

	ASSERT_GE(pid, 0);
	if (!pid) {
		alarm(2 * LIMIT_MS / 1000);
		_exit(leader(self->fds[0], variant->open_flags, &b, forward));
	}
	status = child_status(pid);
	if (status == -1)
		kill(pid, SIGKILL);
	return status != -1 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
#define lead(how, write, forward) \
	t_lead(_metadata, self, variant, how, write, forward)

/* Nobody has taken it. */
static void t_untouched(struct __test_metadata *_metadata, int slave)
{
	char buf[32] = "";

	ASSERT_EQ(0, fcntl(slave, F_SETFL, O_NONBLOCK));
	EXPECT_EQ((ssize_t)sizeof(TYPED) - 1, read(slave, buf, sizeof(buf)));
	EXPECT_STREQ(TYPED, buf);
}

TEST_F(tty, s5_a_background_read_stops_the_reader)
{
	int ret = lead(STOPS, false, false);

	EXPECT_EQ(100, ret);
	t_untouched(_metadata, self->fds[1]);
}

TEST_F(tty, s5_a_background_read_is_eintr_in_the_foreground)
{
	int ret = lead(STOPS, false, true);

	/* As a read(2) that is not restarted. */
	EXPECT_EQ(31, ret);
}

TEST_F(tty, s5_a_background_read_that_ignores_the_signal_is_eio)
{
	EXPECT_EQ(30, lead(IGNORES, false, false));
	t_untouched(_metadata, self->fds[1]);
}

TEST_F(tty, s5_a_background_read_that_blocks_the_signal_is_eio)
{
	EXPECT_EQ(30, lead(BLOCKS, false, false));
	t_untouched(_metadata, self->fds[1]);
}

/* With stty tostop. */
TEST_F(tty, s5_a_background_write_is_not_written)
{
	struct termios t;
	char buf[8];
	int fd = self->fds[1], ret;

	ASSERT_EQ(0, tcgetattr(fd, &t));
	t.c_lflag |= TOSTOP;
	ASSERT_EQ(0, tcsetattr(fd, TCSANOW, &t));
	ret = lead(STOPS, true, false);
	EXPECT_TRUE(ret == 100 || ret == 31 || ret == 32)
		TH_LOG("%d", ret);
	ASSERT_EQ(0, fcntl(self->fds[0], F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-1, read(self->fds[0], buf, sizeof(buf)));
}

TEST_HARNESS_MAIN
