/* SPDX-License-Identifier: MIT */
/*
 * The stage for the tour: devices and files that are slow or silent at will.
 * Whatever cannot be set up ends the program, with the reason.
 */
#ifndef STAGE_H
#define STAGE_H

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/dm-ioctl.h>
#include <linux/fuse.h>

#define STAGE_FAILED 2		/* exit status: no tour, not a wrong answer */

/* ---------------------------------------------------------------------------
 * null_blk: a disk that answers when it is told to
 */

#define NULLB_DIR "/sys/kernel/config/nullb"

static inline void stage_write(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		err(STAGE_FAILED, "writing %s to %s", value, path);
	close(fd);
}

/* Makes the disk /dev/<name>, each request of which takes so many ns. */
static inline void nullb_create(const char *name, const char *completion_ns)
{
	/* irqmode 2: a timer completes the request */
	const char *const attrs[][2] = {
		{ "memory_backed", "0" }, { "size", "64" }, { "irqmode", "2" },
		{ "completion_nsec", completion_ns }, { "power", "1" },
	};
	char path[128];
	unsigned int i;

	if (mount("configfs", "/sys/kernel/config", "configfs", 0, NULL) &&
	    errno != EBUSY)
		err(STAGE_FAILED, "mounting configfs");
	snprintf(path, sizeof(path), NULLB_DIR "/%s", name);
	if (mkdir(path, 0755))
		err(STAGE_FAILED, "%s (is null_blk loaded?)", path);
	for (i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++) {
		snprintf(path, sizeof(path), NULLB_DIR "/%s/%s", name,
			 attrs[i][0]);
		stage_write(path, attrs[i][1]);
	}
}

static inline void nullb_remove(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), NULLB_DIR "/%s/power", name);
	stage_write(path, "0");
	snprintf(path, sizeof(path), NULLB_DIR "/%s", name);
	rmdir(path);
}

/* ---------------------------------------------------------------------------
 * Device mapper: a disk that hangs while it is suspended
 */

static inline void dm_command(unsigned long request, const char *name,
			      unsigned int flags, const char *target,
			      unsigned long long sectors, const char *params)
{
	static int control = -1;
	struct {
		struct dm_ioctl head;
		struct dm_target_spec spec;
		char params[128];
	} cmd;

	if (control < 0)
		control = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
	if (control < 0)
		err(STAGE_FAILED, "/dev/mapper/control (is dm_mod loaded?)");
	memset(&cmd, 0, sizeof(cmd));
	cmd.head.version[0] = DM_VERSION_MAJOR;
	cmd.head.data_size = sizeof(cmd);
	cmd.head.data_start = offsetof(__typeof__(cmd), spec);
	cmd.head.flags = flags;
	snprintf(cmd.head.name, sizeof(cmd.head.name), "%s", name);
	if (target) {
		cmd.head.target_count = 1;
		cmd.spec.length = sectors;
		snprintf(cmd.spec.target_type, sizeof(cmd.spec.target_type),
			 "%s", target);
		snprintf(cmd.params, sizeof(cmd.params), "%s", params);
	}
	if (ioctl(control, request, &cmd))
		err(STAGE_FAILED, "device mapper: command %lu on %s",
		    request & 0xff, name);
}

/* As dmsetup suspend --noflush --nolockfs: later requests wait for ever. */
static inline void dm_suspend(const char *name)
{
	dm_command(DM_DEV_SUSPEND, name, DM_SUSPEND_FLAG | DM_SKIP_LOCKFS_FLAG |
		   DM_NOFLUSH_FLAG, NULL, 0, NULL);
}

static inline void dm_resume(const char *name)
{
	dm_command(DM_DEV_SUSPEND, name, 0, NULL, 0, NULL);
}

/* Makes the disk /dev/dm-0, which passes all on to another disk. */
static inline void dm_create(const char *name, const char *disk,
			     unsigned long long sectors)
{
	char params[64];

	snprintf(params, sizeof(params), "%s 0", disk);
	dm_command(DM_DEV_CREATE, name, 0, NULL, 0, NULL);
	dm_command(DM_TABLE_LOAD, name, 0, "linear", sectors, params);
	dm_resume(name);
}

static inline void dm_remove(const char *name)
{
	dm_command(DM_DEV_REMOVE, name, 0, NULL, 0, NULL);
}

/* ---------------------------------------------------------------------------
 * FUSE: a file system with one file, reads of which are never answered
 */

#define FUSE_FILE	"silent"
#define FUSE_FILE_ID	2

static inline void fuse_answer(int dev, const struct fuse_in_header *in,
			       int error, const void *data, size_t len)
{
	struct fuse_out_header out = {
		.len = (uint32_t)(sizeof(out) + len),
		.error = error,
		.unique = in->unique,
	};
	struct iovec iov[2] = {
		{ &out, sizeof(out) }, { (void *)data, len }
	};

	if (writev(dev, iov, 2) < 0 && errno != ENOENT)
		err(STAGE_FAILED, "the FUSE server answers");
}

static inline struct fuse_attr fuse_attr_of(uint64_t id)
{
	struct fuse_attr attr = {
		.ino = id,
		.size = id == FUSE_FILE_ID ? 1 << 20 : 0,
		.mode = id == FUSE_FILE_ID ? S_IFREG | 0444 : S_IFDIR | 0555,
		.nlink = 1,
	};

	return attr;
}

static inline void fuse_request(int dev, const struct fuse_in_header *in,
				const void *arg)
{
	struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_write = 4096,
		.max_background = 1024,
	};
	struct fuse_entry_out entry = { .nodeid = FUSE_FILE_ID };
	struct fuse_attr_out attr = { .attr_valid = 0 };
	struct fuse_open_out opened = { .open_flags = FOPEN_DIRECT_IO };

	switch (in->opcode) {
	case FUSE_INIT:
		fuse_answer(dev, in, 0, &init, sizeof(init));
		break;
	case FUSE_LOOKUP:
		entry.attr = fuse_attr_of(FUSE_FILE_ID);
		if (strcmp(arg, FUSE_FILE) != 0)
			fuse_answer(dev, in, -ENOENT, NULL, 0);
		else
			fuse_answer(dev, in, 0, &entry, sizeof(entry));
		break;
	case FUSE_GETATTR:
		attr.attr = fuse_attr_of(in->nodeid);
		fuse_answer(dev, in, 0, &attr, sizeof(attr));
		break;
	case FUSE_OPEN:
		fuse_answer(dev, in, 0, &opened, sizeof(opened));
		break;
	case FUSE_RELEASE:
		fuse_answer(dev, in, 0, NULL, 0);
		break;
	case FUSE_READ:		/* here it is silent */
	case FUSE_INTERRUPT:
	case FUSE_FORGET:	/* these have no answer */
	case FUSE_BATCH_FORGET:
		break;
	default:		/* FUSE_FLUSH too: the kernel asks only once */
		fuse_answer(dev, in, -ENOSYS, NULL, 0);
	}
}

/* Mounts it and returns its server, a child process. */
static inline pid_t fuse_start(const char *dir)
{
	int dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char options[128];
	pid_t pid;
	union {
		struct fuse_in_header in;
		char bytes[FUSE_MIN_READ_BUFFER + 4096];
	} request;

	if (dev < 0)
		err(STAGE_FAILED, "/dev/fuse (is fuse loaded?)");
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0", dev);
	if ((mkdir(dir, 0755) && errno != EEXIST) ||
	    mount("silent", dir, "fuse.silent", 0, options))
		err(STAGE_FAILED, "mounting FUSE on %s", dir);
	pid = fork();
	if (pid < 0)
		err(STAGE_FAILED, "fork");
	if (pid) {
		close(dev);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		ssize_t len = read(dev, &request, sizeof(request));

		if (len >= (ssize_t)sizeof(request.in))
			fuse_request(dev, &request.in, &request.in + 1);
		else if (len < 0 && errno != EINTR && errno != ENOENT)
			_exit(errno != ENODEV);	/* ENODEV: unmounted */
	}
}

/* From here on it reads no request, until SIGCONT. */
static inline void fuse_freeze(pid_t pid)
{
	int status;

	kill(pid, SIGSTOP);
	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
		errx(STAGE_FAILED, "the FUSE server does not stop");
}

/* The connection ends, and with it every request. */
static inline void fuse_stop(const char *dir, pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	umount2(dir, MNT_DETACH);
}

#endif /* STAGE_H */
