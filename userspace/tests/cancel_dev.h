/* SPDX-License-Identifier: MIT */
/*
 * Things that are slow, or hang, on purpose: a null_blk device, a device-mapper
 * device that is suspended, a FUSE file whose reads nobody answers, memory whose
 * page faults wait for us (userfaultfd).
 *
 * Everything returns 0 or a descriptor, or -errno.  -ENODEV means that the
 * kernel at hand lacks the driver: skip, with that as the reason.
 */
#ifndef CRING_TESTS_CANCEL_DEV_H
#define CRING_TESTS_CANCEL_DEV_H

#include "util_sys.h"

#include <sys/mount.h>
#include <linux/dm-ioctl.h>
#include <linux/fuse.h>
#include <linux/userfaultfd.h>

/* --- null_blk ----------------------------------------------------------- */

/*
 * @nr direct reads into the fixture's @buf that its @nb finishes @ms from now,
 * with more fields of their SQEs; or the test skips.  Their user_data is 0, 1, ...
 */
#define start_slow_reads(ring, nr, ms, ...) do {			\
	int __fd, __i;							\
	if (!have_nullb())						\
		SKIP(return, NULLB_SKIP);				\
	new_nullb(&self->nb, .no_memory = true,				\
		  .delay_ns = (ms) * NSEC_PER_MSEC);			\
	__fd = nullb_open(&self->nb, O_RDONLY | O_DIRECT);		\
	for (__i = 0; __i < (nr); __i++)				\
		put(ring, .opcode = CRING_OP_READ, .fd = __fd,		\
		    .addr = PTR64(self->buf + __i * 4096), .len = 4096,	\
		    .off = __i * 4096, .user_data = __i, __VA_ARGS__);	\
	submit_all(ring, nr);						\
} while (0)

/* --- device mapper ------------------------------------------------------ */

struct dmdev {
	char name[32];
	char path[64];
};

static inline int dm_call(struct dmdev *d, unsigned long cmd, uint32_t flags,
			  const char *target, uint64_t sectors,
			  const char *params, struct dm_ioctl *out)
{
	struct {
		struct dm_ioctl io;
		struct dm_target_spec spec;
		char params[128];
	} m;
	int fd, ret = 0;

	memset(&m, 0, sizeof(m));
	m.io.version[0] = DM_VERSION_MAJOR;
	m.io.data_size = sizeof(m);
	m.io.data_start = offsetof(__typeof__(m), spec);
	m.io.flags = flags;
	snprintf(m.io.name, sizeof(m.io.name), "%s", d->name);
	if (target) {
		m.io.target_count = 1;
		m.spec.length = sectors;
		m.spec.next = sizeof(m.spec) + sizeof(m.params);
		snprintf(m.spec.target_type, sizeof(m.spec.target_type), "%s",
			 target);
		snprintf(m.params, sizeof(m.params), "%s", params);
	}
	fd = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -ENODEV;
	if (ioctl(fd, cmd, &m) < 0)
		ret = -errno;
	close(fd);
	if (out)
		*out = m.io;
	return ret;
}

/* Hang it: what arrives waits, and what is in flight is not flushed. */
static inline int dm_suspend(struct dmdev *d)
{
	return dm_call(d, DM_DEV_SUSPEND,
		       DM_SUSPEND_FLAG | DM_NOFLUSH_FLAG | DM_SKIP_LOCKFS_FLAG,
		       NULL, 0, NULL, NULL);
}

static inline int dm_resume(struct dmdev *d)
{
	return dm_call(d, DM_DEV_SUSPEND, 0, NULL, 0, NULL, NULL);
}

/* From here on the first @mb MiB of @below are its blocks. */
static inline int dm_load(struct dmdev *d, const char *below, unsigned int mb)
{
	char params[96];
	int ret;

	snprintf(params, sizeof(params), "%s 0", below);
	ret = dm_call(d, DM_TABLE_LOAD, 0, "linear", mb * 2048ULL, params,
		      NULL);
	if (ret)
		return ret;
	/* waits for what is in flight, not for what is dirty */
	return dm_call(d, DM_DEV_SUSPEND, DM_SKIP_LOCKFS_FLAG, NULL, 0, NULL,
		       NULL);
}

static inline void dm_destroy(struct dmdev *d)
{
	int i;

	if (!d->name[0])
		return;
	dm_resume(d);
	/* Its last closer's fput may still be on its way. */
	for (i = 0; i < 200 && dm_call(d, DM_DEV_REMOVE, 0, NULL, 0, NULL,
				       NULL) == -EBUSY; i++)
		usleep(10000);
	unlink(d->path);
	d->name[0] = 0;
}

/* A linear map of the first @mb MiB of the block device @below. */
static inline int dm_create(struct dmdev *d, const char *name,
			    const char *below, unsigned int mb)
{
	struct dm_ioctl io;
	int ret;

	snprintf(d->name, sizeof(d->name), "%s", name);
	snprintf(d->path, sizeof(d->path), "/tmp/%s", name);
	ret = dm_call(d, DM_DEV_CREATE, 0, NULL, 0, NULL, &io);
	if (ret == -EBUSY) {	/* one that a killed test left behind */
		dm_destroy(d);
		snprintf(d->name, sizeof(d->name), "%s", name);
		ret = dm_call(d, DM_DEV_CREATE, 0, NULL, 0, NULL, &io);
	}
	if (ret) {
		d->name[0] = 0;
		return ret;
	}
	ret = dm_load(d, below, mb);
	unlink(d->path);
	if (!ret && mknod(d->path, S_IFBLK | 0600, io.dev))
		ret = -errno;
	if (ret)
		dm_destroy(d);
	return ret;
}

/* --- FUSE: files "f", "f1", ... that open, and whose I/O is never answered -- */

struct fusefs {
	char dir[32];
	int dev;
	int read_requests;	/* 1: take I/O off the queue, and sit on it */
	volatile int cached;	/* 1: through the page cache; before an open() */
	volatile int reads;	/* requests for I/O taken */
	pthread_t thread;
};

static inline void fuse_answer(int dev, uint64_t unique, int error,
			       const void *arg, size_t len)
{
	char msg[sizeof(struct fuse_out_header) + 256];
	struct fuse_out_header h = {
		.len = sizeof(h) + len, .error = error, .unique = unique,
	};

	memcpy(msg, &h, sizeof(h));
	if (len)
		memcpy(msg + sizeof(h), arg, len);
	if (write(dev, msg, h.len) < 0)
		return;	/* the request was interrupted: nobody listens */
}

static inline struct fuse_attr fuse_attr_of(uint64_t ino)
{
	struct fuse_attr a;

	memset(&a, 0, sizeof(a));
	a.ino = ino;
	a.size = 1 << 20;
	a.mode = ino == 1 ? S_IFDIR | 0755 : S_IFREG | 0644;
	a.nlink = 1;
	return a;
}

static inline void *fuse_server(void *arg)
{
	struct fusefs *fs = arg;
	char buf[FUSE_MIN_READ_BUFFER * 2];

	for (;;) {
		ssize_t n = read(fs->dev, buf, sizeof(buf));
		struct fuse_in_header *in = (struct fuse_in_header *)buf;
		struct fuse_init_out init = {
			.major = 7, .minor = 35, .max_readahead = 4096,
			.max_write = 4096, .max_background = 512,
			.congestion_threshold = 512,
		};
		struct fuse_entry_out entry = { .nodeid = 0 };
		struct fuse_attr_out attr = { .attr_valid = 3600 };
		struct fuse_open_out opened = {
			.open_flags = FOPEN_NOFLUSH |
				(fs->cached ? 0 : FOPEN_DIRECT_IO),
		};

		if (n < (ssize_t)sizeof(*in)) {
			if (n < 0 && (errno == EINTR || errno == EAGAIN ||
				      errno == ENOENT))
				continue;
			return NULL;	/* unmounted or aborted */
		}
		if (in->opcode == FUSE_LOOKUP)
			entry.nodeid = 2 + atoi((char *)(in + 1) + 1);
		entry.attr = fuse_attr_of(entry.nodeid);
		attr.attr = fuse_attr_of(in->nodeid);
		switch (in->opcode) {
		case FUSE_INIT:
			fuse_answer(fs->dev, in->unique, 0, &init,
				    sizeof(init));
			break;
		case FUSE_LOOKUP:
			fuse_answer(fs->dev, in->unique, 0, &entry,
				    sizeof(entry));
			break;
		case FUSE_GETATTR:
			fuse_answer(fs->dev, in->unique, 0, &attr,
				    sizeof(attr));
			break;
		case FUSE_OPEN:
		case FUSE_OPENDIR:
			fuse_answer(fs->dev, in->unique, 0, &opened,
				    sizeof(opened));
			/* From here on READs stay unread in the queue. */
			if (in->opcode == FUSE_OPEN && !fs->read_requests)
				return NULL;
			break;
		case FUSE_READ:
		case FUSE_WRITE:
		case FUSE_FSYNC:
			fs->reads++;
			break;
		case FUSE_FORGET:
		case FUSE_BATCH_FORGET:
		case FUSE_INTERRUPT:
			break;
		case FUSE_RELEASE:
		case FUSE_RELEASEDIR:
		case FUSE_DESTROY:
			fuse_answer(fs->dev, in->unique, 0, NULL, 0);
			break;
		default:
			fuse_answer(fs->dev, in->unique, -ENOSYS, NULL, 0);
		}
	}
}

/* Mounts it and starts its server; open "<dir>/f" then. */
static inline int fuse_start(struct fusefs *fs, int read_requests)
{
	char opts[96];

	memset(fs, 0, sizeof(*fs));
	fs->read_requests = read_requests;
	fs->dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fs->dev < 0)
		return -ENODEV;
	strcpy(fs->dir, "/tmp/cringfuseXXXXXX");
	if (!mkdtemp(fs->dir))
		return -errno;
	snprintf(opts, sizeof(opts),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0", fs->dev);
	if (mount("cring", fs->dir, "fuse", 0, opts)) {
		int err = errno;

		close(fs->dev);
		rmdir(fs->dir);
		return err == ENODEV ? -ENODEV : -err;
	}
	return -pthread_create(&fs->thread, NULL, fuse_server, fs);
}

/* Aborts whatever waits for an answer, and takes it down. */
static inline void fuse_stop(struct fusefs *fs)
{
	umount2(fs->dir, MNT_FORCE);
	umount2(fs->dir, MNT_DETACH);
	pthread_join(fs->thread, NULL);
	close(fs->dev);
	rmdir(fs->dir);
}

/* --- userfaultfd -------------------------------------------------------- */

struct slowmem {
	char *mem;		/* touching it sleeps until slowmem_fill() */
	size_t len;
	int fd;
};

static inline int slowmem_init(struct slowmem *m, size_t len)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg;

	m->len = len;
	m->fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (m->fd < 0)
		return errno == ENOSYS || errno == EPERM ? -ENODEV : -errno;
	if (ioctl(m->fd, UFFDIO_API, &api))
		return -errno;
	m->mem = mmap(NULL, len, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m->mem == MAP_FAILED)
		return -errno;
	memset(&reg, 0, sizeof(reg));
	reg.range.start = (uintptr_t)m->mem;
	reg.range.len = len;
	reg.mode = UFFDIO_REGISTER_MODE_MISSING;
	return ioctl(m->fd, UFFDIO_REGISTER, &reg) ? -errno : 0;
}

/* Waits until somebody has faulted on it. */
static inline int slowmem_wait_fault(struct slowmem *m)
{
	struct pollfd p = { .fd = m->fd, .events = POLLIN };
	struct uffd_msg msg;

	if (poll(&p, 1, LIMIT_MS) != 1)
		return -ETIMEDOUT;
	return read(m->fd, &msg, sizeof(msg)) == sizeof(msg) ? 0 : -EIO;
}

/* Lets whoever sleeps go on: every page now reads as @byte. */
static inline int slowmem_fill(struct slowmem *m, char byte)
{
	char *page = malloc(m->len);
	struct uffdio_copy c = {
		.dst = (uintptr_t)m->mem, .src = (uintptr_t)page, .len = m->len,
	};
	int ret;

	if (!page)
		return -ENOMEM;
	memset(page, byte, m->len);
	ret = ioctl(m->fd, UFFDIO_COPY, &c) ? -errno : 0;
	free(page);
	return ret;
}

static inline void slowmem_exit(struct slowmem *m)
{
	close(m->fd);
	munmap(m->mem, m->len);
}

#endif /* CRING_TESTS_CANCEL_DEV_H */
