// SPDX-License-Identifier: MIT
/*
 * contain SECONDS PROGRAM [ARGUMENT...]: runs a test of somebody else's.
 *
 * What it starts and leaves behind ends with it: it has processes of its own.
 * io_uring's system calls are ENOSYS in it, so that no test passes because the
 * kernel has io_uring, too.  Exit status: the test's, 128 and its signal, or 124
 * when the time is over.  Some run until they are interrupted, and exit with 0
 * then.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static void die(const char *what)
{
	perror(what);
	_exit(126);
}

/* io_uring_setup, io_uring_enter and io_uring_register: 425 to 427 */
static void without_io_uring(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 425, 0, 2),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 427, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {
		.len = ARRAY_SIZE(code),
		.filter = code,
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog))
		die("seccomp");
}

static void run(char **argv)
{
	struct rlimit files = { .rlim_cur = 1024, .rlim_max = 4096 };

	/* as a login has it: some tests open files until there are no more */
	setrlimit(RLIMIT_NOFILE, &files);
	without_io_uring();
	execv(argv[0], argv);
	die(argv[0]);
}

/* The first process of its own: reaps what the test leaves to it. */
static int first(char **argv, int limit)
{
	struct timespec over = { .tv_sec = limit };
	int status, sig = 0;
	pid_t pid, ended;
	sigset_t set;

	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("proc", "/proc", "proc", 0, NULL))
		die("mount");
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		run(argv);
	}
	for (;;) {
		ended = waitpid(-1, &status, WNOHANG);
		if (ended == pid)
			break;
		if (ended > 0 || sigtimedwait(&set, NULL, &over) > 0)
			continue;
		if (sig == SIGKILL)
			return 124;
		/* at the end of its time, and 5 s later */
		sig = sig ? SIGKILL : SIGINT;
		kill(pid, sig);
		over.tv_sec = 5;
	}
	if (WIFSIGNALED(status) && sig)
		return 124;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	int status;
	pid_t pid;

	if (argc < 3)
		return 126;
	if (unshare(CLONE_NEWPID | CLONE_NEWNS))
		die("unshare");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid)
		_exit(first(argv + 2, atoi(argv[1])));
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}
