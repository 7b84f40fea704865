/* SPDX-License-Identifier: MIT */
/*
 * Files on storage that can be hung and let go on: a device-mapper device that
 * is suspended, raw and under ext4; a network block device whose server does
 * not answer; a FUSE server that does not (and is shot to go on).
 */
#ifndef CRING_TESTS_HUNG_DEV_H
#define CRING_TESTS_HUNG_DEV_H

#include "cancel_dev.h"

#include <linux/falloc.h>
#include <linux/nbd.h>

enum hung_kind { HUNG_RAW, HUNG_EXT4, HUNG_FUSE, HUNG_NBD };

/* Its first bytes are fill()ed with this seed, and in no cache. */
#define HUNG_BYTES	(64 * 4096)
#define HUNG_SEED	5

/* an empty ext4 that scripts/check-vm puts there, and what it fits on */
#define HUNG_IMAGE	"/cring/ext4.img"
#define HUNG_MB		16

/* --- a network block device, its client the kernel's, its server a thread -- */

struct nbd {
	int dev, sock[2];
	pthread_t client, server;
	atomic_int stopped;
	char *data;
};
#define NBD_BYTES	(1 << 20)
#define NBD_NODE	"/dev/nbd0"

static inline bool nbd_transfer(int fd, void *buf, size_t len, bool out)
{
	for (char *p = buf; len; ) {
		ssize_t n = out ? send(fd, p, len, MSG_NOSIGNAL) :
				  read(fd, p, len);

		if (n <= 0)
			return false;
		p += n;
		len -= n;
	}
	return true;
}

static inline void *nbd_server(void *arg)
{
	struct nbd *n = arg;
	struct nbd_request q;

	while (nbd_transfer(n->sock[1], &q, sizeof(q), false)) {
		struct nbd_reply r = { .magic = htonl(NBD_REPLY_MAGIC) };
		char *data = n->data + be64toh(q.from);
		uint32_t len = ntohl(q.len), cmd = ntohl(q.type) & 0xffff;

		memcpy(&r.handle, &q.handle, sizeof(r.handle));
		if (cmd == NBD_CMD_WRITE &&
		    !nbd_transfer(n->sock[1], data, len, false))
			break;
		while (atomic_load(&n->stopped))
			msleep(1);
		if (cmd == NBD_CMD_DISC ||
		    !nbd_transfer(n->sock[1], &r, sizeof(r), true))
			break;
		if (cmd == NBD_CMD_READ &&
		    !nbd_transfer(n->sock[1], data, len, true))
			break;
	}
	return NULL;
}

static inline void *nbd_client(void *arg)
{
	struct nbd *n = arg;

	ioctl(n->dev, NBD_DO_IT);
	ioctl(n->dev, NBD_CLEAR_SOCK);
	return NULL;
}

static inline int nbd_start(struct nbd *n)
{
	n->dev = open(NBD_NODE, O_RDWR | O_CLOEXEC);
	if (n->dev < 0)
		return -ENODEV;
	n->data = calloc(1, NBD_BYTES);
	if (!n->data || socketpair(AF_UNIX, SOCK_STREAM, 0, n->sock))
		return -ENOMEM;
	if (ioctl(n->dev, NBD_SET_BLKSIZE, 4096UL) ||
	    ioctl(n->dev, NBD_SET_SIZE_BLOCKS, NBD_BYTES / 4096UL) ||
	    ioctl(n->dev, NBD_SET_FLAGS, NBD_FLAG_HAS_FLAGS | NBD_FLAG_SEND_FLUSH) ||
	    ioctl(n->dev, NBD_SET_SOCK, n->sock[0]))
		return -errno;
	if (pthread_create(&n->server, NULL, nbd_server, n) ||
	    pthread_create(&n->client, NULL, nbd_client, n))
		return -EAGAIN;
	/* NBD_DO_IT has to have begun. */
	msleep(100);
	return 0;
}

static inline void nbd_stop(struct nbd *n)
{
	atomic_store(&n->stopped, 0);
	ioctl(n->dev, NBD_DISCONNECT);
	shutdown(n->sock[1], SHUT_RDWR);
	join_in_time(n->client, NULL);
	join_in_time(n->server, NULL);
	close(n->sock[0]);
	close(n->sock[1]);
	close(n->dev);
	free(n->data);
}

/* --- ext4 on a device of its own ------------------------------------------ */

/* Copies what is not zero, so that the copy takes little memory. */
static inline int copy_disk(const char *from, const char *to)
{
	static char buf[65536], zero[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CLOEXEC), ret = 0;
	off_t off = 0;
	ssize_t n;

	if (in < 0 || out < 0)
		return -errno;
	while (!ret && (n = pread(in, buf, sizeof(buf), off)) > 0) {
		if (memcmp(buf, zero, n) && pwrite(out, buf, n, off) != n)
			ret = -errno;
		off += n;
	}
	if (fsync(out))
		ret = -errno;
	close(in);
	close(out);
	return ret;
}

/* --- all of them -------------------------------------------------------- */

struct hung {
	enum hung_kind kind;
	struct nullb nb;
	struct dmdev dm;
	struct fusefs fuse;
	struct nbd nbd;
	bool fuse_up, nbd_up;
	char dir[32];		/* where the ext4 is mounted */
	char path[64];		/* what to open */
};

static inline const char *hung_ext4(struct hung *h)
{
	strcpy(h->dir, "/tmp/cringhungXXXXXX");
	if (!mkdtemp(h->dir))
		return "mkdtemp";
	if (mount(h->dm.path, h->dir, "ext4", 0, "")) {
		rmdir(h->dir);
		h->dir[0] = 0;
		return HUNG_IMAGE " does not mount";
	}
	snprintf(h->path, sizeof(h->path), "%s/f", h->dir);
	return NULL;
}

static inline const char *hung_fill(struct hung *h)
{
	static char data[HUNG_BYTES];
	int fd = open(h->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	bool ok;

	fill(data, sizeof(data), HUNG_SEED);
	ok = fd >= 0 && pwrite(fd, data, sizeof(data), 0) == sizeof(data) &&
	     !fsync(fd) && !posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
	return ok ? NULL : "cannot fill the file";
}

/* Makes it, not hung yet; NULL, or why not. */
static inline const char *t_hung(struct __test_metadata *_metadata,
				 struct hung *h, enum hung_kind kind)
{
	int ret;

	h->kind = kind;
	if (kind == HUNG_FUSE) {
		if (fuse_start(&h->fuse, 1))
			return "no FUSE in this kernel";
		h->fuse_up = true;
		snprintf(h->path, sizeof(h->path), "%s/f", h->fuse.dir);
		return NULL;
	}
	if (kind == HUNG_NBD) {
		ret = nbd_start(&h->nbd);
		if (ret)
			return ret == -ENODEV ? "no " NBD_NODE : strerror(-ret);
		h->nbd_up = true;
		snprintf(h->path, sizeof(h->path), "%s", NBD_NODE);
		return hung_fill(h);
	}
	if (!have_nullb())
		return NULLB_SKIP;
	if (access("/dev/mapper/control", F_OK))
		return "no device mapper in this kernel";
	if (kind == HUNG_EXT4 && access(HUNG_IMAGE, R_OK))
		return "no " HUNG_IMAGE;
	new_nullb(&h->nb, .size_mb = HUNG_MB);
	ret = kind == HUNG_EXT4 ? copy_disk(HUNG_IMAGE, h->nb.dev) : 0;
	if (!ret)
		ret = dm_create(&h->dm, "cring_hung", h->nb.dev, HUNG_MB);
	if (ret)
		return strerror(-ret);
	snprintf(h->path, sizeof(h->path), "%s", h->dm.path);
	if (kind == HUNG_EXT4) {
		const char *why = hung_ext4(h);

		if (why)
			return why;
	}
	return hung_fill(h);
}

/* From here on nothing is answered. */
static inline int hung_stop(struct hung *h)
{
	if (h->kind == HUNG_NBD)
		atomic_store(&h->nbd.stopped, 1);
	return h->dm.name[0] ? dm_suspend(&h->dm) : 0;
}

/* What hangs goes on; with FUSE it fails. */
static inline void hung_go(struct hung *h)
{
	if (h->fuse_up)
		fuse_stop(&h->fuse);
	h->fuse_up = false;
	atomic_store(&h->nbd.stopped, 0);
	if (h->dm.name[0])
		dm_resume(&h->dm);
}

/* Every descriptor of it is closed. */
static inline void hung_exit(struct hung *h)
{
	hung_go(h);
	if (h->nbd_up)
		nbd_stop(&h->nbd);
	if (h->dir[0]) {
		wait_until(!umount(h->dir) || errno != EBUSY);
		rmdir(h->dir);
	}
	dm_destroy(&h->dm);
	nullb_del(&h->nb);
}

#endif /* CRING_TESTS_HUNG_DEV_H */
