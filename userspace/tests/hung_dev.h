/* SPDX-License-Identifier: MIT */
/*
 * Files on storage that can be hung and let go on: a device-mapper device that
 * is suspended, raw and under ext4, or whose disk takes 30 seconds; a network
 * block device whose server, nbdkit, is stopped; a FUSE server that takes requests
 * and does not answer (and is shot to go on); an NFS server that is cut off.
 */
#ifndef CRING_TESTS_HUNG_DEV_H
#define CRING_TESTS_HUNG_DEV_H

#include "cancel_dev.h"
#include "hung_nfs.h"
#include "nbdkit.h"

enum hung_kind { HUNG_RAW, HUNG_EXT4, HUNG_NULLB, HUNG_NBDKIT, HUNG_FUSE,
		 HUNG_FUSE_CACHED, HUNG_NFS };

/* each file's first bytes are fill()ed with this seed, and in no cache */
#define HUNG_BYTES	(256 * 4096)
#define HUNG_SEED	5

/* an empty ext4 that scripts/check-vm puts there, and what it fits on */
#define HUNG_IMAGE	"/cring/ext4.img"
#define HUNG_MB		16

/* how long HUNG_NULLB takes for what it is given; and when it would give up */
#define HUNG_DELAY_NS	(30 * NSEC_PER_SEC)
#define HUNG_GIVES_UP_MS	300000

struct hung {
	enum hung_kind kind;
	struct nullb nb;	/* below dm */
	struct nullb slow;	/* ... while it hangs */
	struct dmdev dm;
	struct fusefs fuse;
	struct nbdkit nbdkit;
	struct nfs nfs;
	bool fuse_up;
	uint64_t since;		/* when it was stopped */
	char dir[32];		/* where the ext4 is mounted */
	char path[64];		/* what to open */
	unsigned int files;	/* so many, or one device */
};

/* The name of one of its files; a device has one only. */
static inline void hung_name(const struct hung *h, unsigned int i, char *name,
			     size_t len)
{
	if (i && h->files)
		snprintf(name, len, "%s%u", h->path, i);
	else
		snprintf(name, len, "%s", h->path);
}

/*
 * Is none of the file's pages in the cache?  One that something looks at just now
 * stays there, so this is to be asked until it is so.
 */
static inline bool uncached(int fd)
{
	static unsigned char in_core[HUNG_BYTES / 4096];
	bool ok = !posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	void *p = mmap(NULL, HUNG_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	unsigned int i;

	if (p == MAP_FAILED || mincore(p, HUNG_BYTES, in_core))
		return false;
	for (i = 0; i < HUNG_BYTES / 4096; i++)
		ok = ok && !(in_core[i] & 1);
	munmap(p, HUNG_BYTES);
	return ok;
}

static inline const char *hung_fill(struct hung *h)
{
	static char data[HUNG_BYTES];
	unsigned int i = 0;
	bool ok = true;

	fill(data, sizeof(data), HUNG_SEED);
	do {
		char name[80];
		int fd;

		hung_name(h, i, name, sizeof(name));
		fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		ok = ok && fd >= 0 &&
		     pwrite(fd, data, sizeof(data), 0) == sizeof(data) &&
		     !fsync(fd) && wait_until(uncached(fd));
		close(fd);
	} while (++i < h->files);
	return ok ? NULL : "cannot fill the file";
}

/* --- ext4 on a device of its own ---------------------------------------- */

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

static inline const char *hung_ext4(struct hung *h)
{
	if (copy_disk(HUNG_IMAGE, h->nb.dev))
		return "cannot copy " HUNG_IMAGE;
	strcpy(h->dir, "/tmp/cringhungXXXXXX");
	if (!mkdtemp(h->dir))
		return "mkdtemp";
	/*
	 * A time of access is noted by who submits a read, also by one that
	 * shall not block, and waits for a commit of the journal that hangs.
	 */
	if (mount(h->dm.path, h->dir, "ext4", MS_NOATIME, "commit=300")) {
		rmdir(h->dir);
		h->dir[0] = 0;
		return HUNG_IMAGE " does not mount";
	}
	snprintf(h->path, sizeof(h->path), "%s/f", h->dir);
	return NULL;
}

/* --- all of them -------------------------------------------------------- */

static inline const char *hung_fuse(struct hung *h)
{
	if (fuse_start(&h->fuse, 1))
		return "no FUSE in this kernel";
	h->fuse.cached = h->kind == HUNG_FUSE_CACHED;
	h->fuse_up = true;
	snprintf(h->path, sizeof(h->path), "%s/f", h->fuse.dir);
	return NULL;
}

static inline const char *t_hung_nbdkit(struct __test_metadata *_metadata,
					struct hung *h)
{
	int ret = nbdkit_start(&h->nbdkit);

	if (ret == -ENODEV)
		return "no " NBDKIT ", or no " NBDKIT_NODE;
	ASSERT_EQ(0, ret)
		TH_LOG("nbdkit: %s", strerror(-ret));
	snprintf(h->path, sizeof(h->path), "%s", NBDKIT_NODE);
	h->files = 0;
	return NULL;
}

static inline const char *t_hung_nfs(struct __test_metadata *_metadata,
				     struct hung *h)
{
	bool skip;
	const char *why = nfs_start(&h->nfs, &skip);

	if (why && skip)
		return why;
	ASSERT_EQ(NULL, why)
		TH_LOG("%s: %s", why, strerror(errno));
	snprintf(h->path, sizeof(h->path), NFS_MOUNT "/f");
	return NULL;
}

/* A device-mapper device on a disk that answers; and one that does not. */
static inline const char *t_hung_dm(struct __test_metadata *_metadata,
				    struct hung *h)
{
	int ret;

	if (!have_nullb())
		return NULLB_SKIP;
	if (access("/dev/mapper/control", F_OK))
		return "no device mapper in this kernel";
	new_nullb(&h->nb, .size_mb = HUNG_MB);
	ret = dm_create(&h->dm, "cring_hung", h->nb.dev, HUNG_MB);
	if (ret)
		return strerror(-ret);
	if (h->kind == HUNG_NULLB) {
		new_nullb(&h->slow, .size_mb = HUNG_MB, .no_memory = true,
			  .delay_ns = HUNG_DELAY_NS, .hw_queue_depth = 1024);
		ASSERT_EQ(0, nullb_set_io_timeout(&h->slow, HUNG_GIVES_UP_MS));
	}
	snprintf(h->path, sizeof(h->path), "%s", h->dm.path);
	return NULL;
}

/* Makes it, with that many files, not hung yet; NULL, or why not. */
static inline const char *t_hung(struct __test_metadata *_metadata,
				 struct hung *h, enum hung_kind kind,
				 unsigned int files)
{
	const char *why;

	h->kind = kind;
	if (kind == HUNG_FUSE || kind == HUNG_FUSE_CACHED) {
		h->files = files;
		return hung_fuse(h);
	}
	if (kind == HUNG_EXT4 && access(HUNG_IMAGE, R_OK))
		return "no " HUNG_IMAGE;
	if (kind == HUNG_NFS)
		why = t_hung_nfs(_metadata, h);
	else if (kind == HUNG_NBDKIT)
		why = t_hung_nbdkit(_metadata, h);
	else
		why = t_hung_dm(_metadata, h);
	if (why)
		return why;
	if (kind == HUNG_EXT4 || kind == HUNG_NFS)
		h->files = files;
	if (kind == HUNG_EXT4)
		why = hung_ext4(h);
	if (!why)
		why = hung_fill(h);
	ASSERT_EQ(NULL, why)
		TH_LOG("%s", why);
	return NULL;
}

/* From here on nothing is answered. */
static inline int hung_stop(struct hung *h)
{
	h->since = now_ns();
	switch (h->kind) {
	case HUNG_NULLB:
		return dm_load(&h->dm, h->slow.dev, HUNG_MB);
	case HUNG_NBDKIT:
		return nbdkit_stop(&h->nbdkit);
	case HUNG_NFS:
		return nfs_loopback(false);
	case HUNG_RAW:
	case HUNG_EXT4:
		return dm_suspend(&h->dm);
	default:
		return 0;
	}
}

/* How long it hangs still, if nobody lets it go on. */
static inline uint64_t hung_left(const struct hung *h)
{
	uint64_t gone = now_ns() - h->since;

	if (h->kind != HUNG_NULLB)
		return UINT64_MAX;
	return gone < HUNG_DELAY_NS ? HUNG_DELAY_NS - gone : 0;
}

/* What hangs goes on; with FUSE it fails. */
static inline void hung_go(struct hung *h)
{
	if (h->fuse_up)
		fuse_stop(&h->fuse);
	h->fuse_up = false;
	nbdkit_go(&h->nbdkit);
	if (h->kind == HUNG_NFS)
		nfs_loopback(true);
	if (!h->dm.name[0])
		return;
	/* what the slow disk has is waited for */
	if (h->kind == HUNG_NULLB)
		dm_load(&h->dm, h->nb.dev, HUNG_MB);
	else
		dm_resume(&h->dm);
}

/* Every descriptor of it is closed. */
static inline void hung_exit(struct hung *h)
{
	hung_go(h);
	nbdkit_exit(&h->nbdkit);
	nfs_exit(&h->nfs);
	if (h->dir[0]) {
		wait_until(!umount(h->dir) || errno != EBUSY);
		rmdir(h->dir);
	}
	dm_destroy(&h->dm);
	nullb_del(&h->slow);
	nullb_del(&h->nb);
}

#endif /* CRING_TESTS_HUNG_DEV_H */
