// SPDX-License-Identifier: MIT
/*
 * S5: attacks through files that ask who called them: a kernel thread that read or
 * wrote one of these for a program would be taken for somebody it is not.
 */
#include "util_sys.h"

FIXTURE(ask) { struct cring ring; int fd; char *buf; };
FIXTURE_VARIANT(ask) { const char *path; int flags; const char *text; };
#define FILE_OF(name, path, flags, text) \
	FIXTURE_VARIANT_ADD(ask, name) { path, flags, text }

/* Memory and state of the caller. */
FILE_OF(own_memory, "/proc/self/mem", O_RDWR, "x");
FILE_OF(own_environment, "/proc/self/environ", O_RDONLY, NULL);
FILE_OF(own_system_call, "/proc/self/syscall", O_RDONLY, NULL);
FILE_OF(own_maps, "/proc/self/maps", O_RDONLY, NULL);
FILE_OF(memory_of_the_first_process, "/proc/1/mem", O_RDONLY, NULL);
/* What checks the writer, not who opened it. */
FILE_OF(oom_score, "/proc/self/oom_score_adj", O_RDWR, "-1000");
FILE_OF(login_id, "/proc/self/loginuid", O_RDWR, "0");
FILE_OF(user_map, "/proc/self/uid_map", O_RDWR, "0 0 1");
FILE_OF(core_filter, "/proc/self/coredump_filter", O_RDWR, "0");
FILE_OF(name, "/proc/self/comm", O_RDWR, "evil");
FILE_OF(security_context, "/proc/self/attr/current", O_RDWR, "x");
FILE_OF(core_pattern, "/proc/sys/kernel/core_pattern", O_RDWR, "|/evil");
FILE_OF(modprobe_path, "/proc/sys/kernel/modprobe", O_RDWR, "/evil");
FILE_OF(host_name, "/proc/sys/kernel/hostname", O_RDWR, "evil");
FILE_OF(cgroup, "/sys/fs/cgroup/cgroup.procs", O_RDWR, "0");
FILE_OF(sysrq, "/proc/sysrq-trigger", O_WRONLY, "?");
FILE_OF(parameter, "/sys/module/cring/parameters/max_workers", O_RDWR, "1");
FILE_OF(kernel_log, "/proc/kmsg", O_RDONLY | O_NONBLOCK, NULL);
FILE_OF(kernel_memory, "/proc/kcore", O_RDONLY, NULL);
FILE_OF(symbols, "/proc/kallsyms", O_RDONLY, NULL);
FILE_OF(debugfs, "/sys/kernel/debug/sleep_time", O_RDONLY, NULL);
FILE_OF(configfs, "/sys/kernel/config/nullb/features", O_RDONLY, NULL);

FIXTURE_SETUP(ask)
{
	self->fd = open(variant->path, variant->flags | O_CLOEXEC);
	if (self->fd < 0)
		SKIP(return, "the kernels differ in their files of /proc and /sys");
	self->buf = new_pages(4096);
	ring_init(&self->ring, 8);
}
FIXTURE_TEARDOWN(ask)
{
	if (self->fd < 0)
		return;
	close(self->fd);
	cring_queue_exit(&self->ring);
}

static void contents(const char *path, char *buf, size_t len)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, buf, len - 1);

	buf[n > 0 ? n : 0] = 0;
	if (fd >= 0)
		close(fd);
}

/*
 * Not in a worker in any case, whatever the SQE says; what is refused leaves both
 * sides as they were.
 */
TEST_F(ask, s5_is_not_read_or_written_in_a_worker)
{
	static const unsigned char flags[] = {
		0, CRING_SQE_ASYNC, CRING_SQE_ASYNC | CRING_SQE_FIXED_FILE,
	};
	char before[256] = "", after[256] = "";
	bool log = strstr(variant->path, "kmsg");
	struct cring_sqe *sqe;
	size_t i;
	int res;

	if (variant->text && !strstr(variant->path, "trigger"))
		contents(variant->path, before, sizeof(before));
	ASSERT_EQ(0, cring_register_files(&self->ring, &self->fd, 1));
	for (i = 0; i < ARRAY_LEN(flags); i++) {
		int fd = flags[i] & CRING_SQE_FIXED_FILE ? 0 : self->fd;

		if ((variant->flags & O_ACCMODE) != O_WRONLY) {
			sqe = new_sqe(&self->ring, 0);
			cring_prep_read(sqe, fd, self->buf, 64, 0);
			sqe->flags = flags[i];
			res = run_sqe(&self->ring, sqe);
			/* What can be polled is read by the caller itself. */
			EXPECT_TRUE(res == -EOPNOTSUPP || (log && res >= 0))
				TH_LOG("read: %d", res);
			EXPECT_TRUE(log || is_byte(self->buf, 64, 0));
		}
		if (!variant->text)
			continue;
		sqe = new_sqe(&self->ring, 0);
		cring_prep_write(sqe, fd, variant->text,
				 (unsigned int)strlen(variant->text), 0);
		sqe->flags = flags[i];
		EXPECT_EQ(-EOPNOTSUPP, run_sqe(&self->ring, sqe));
	}
	if (variant->text && !strstr(variant->path, "trigger"))
		contents(variant->path, after, sizeof(after));
	EXPECT_STREQ(before, after);
}

TEST_HARNESS_MAIN
