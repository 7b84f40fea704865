/* SPDX-License-Identifier: MIT */
/*
 * An NFS mount over loopback: the kernel's own server, which exports a tmpfs, and
 * the kernel's client.  The server is threads of the kernel, which nobody can
 * stop; it is cut off instead, by taking the loopback interface down.
 *
 * What rpc.mountd and exportfs do is four lines: who 127.0.0.1 is, what root file
 * handles begin with, and what is exported.
 */
#ifndef CRING_TESTS_HUNG_NFS_H
#define CRING_TESTS_HUNG_NFS_H

#include "util_sys.h"

#include <net/if.h>
#include <sys/mount.h>

#define NFSD		"/proc/fs/nfsd/"
#define NFS_EXPORT	"/tmp/cringnfsd"
#define NFS_MOUNT	"/tmp/cringnfs"
#define NFS_CACHES	"/proc/net/rpc/"
/* where nfsd remembers its clients when no daemon does; else it lets none in */
#define NFS_RECOVERY	"/var/lib/nfs/v4recovery"
/* for ports above 1023, no_subtree_check, fsid= */
#define NFS_FLAGS	"9218"

struct nfs {
	bool up, serves, mounted;
};

static inline int nfs_loopback(bool up)
{
	struct ifreq req = { .ifr_name = "lo" };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret = 0;

	if (ioctl(s, SIOCGIFFLAGS, &req))
		ret = -errno;
	req.ifr_flags = up ? req.ifr_flags | IFF_UP : req.ifr_flags & ~IFF_UP;
	if (!ret && ioctl(s, SIOCSIFFLAGS, &req))
		ret = -errno;
	close(s);
	return ret;
}

/* NULL, or what cannot be written. */
static inline const char *nfs_serve(struct nfs *n)
{
	static const char *const said[][2] = {
		{ NFS_CACHES "auth.unix.ip/channel",
		  "nfsd 127.0.0.1 2147483647 cring\n" },
		{ NFS_CACHES "nfsd.export/channel",
		  "cring " NFS_EXPORT " 2147483647 " NFS_FLAGS " 65534 65534 0\n" },
		{ NFS_CACHES "nfsd.fh/channel",
		  "cring 1 \\x00000000 2147483647 " NFS_EXPORT "\n" },
		/* the others would want rpcbind */
		{ NFSD "versions", "-2 -3 +4\n" },
		{ NFSD "portlist", "tcp 2049\n" },
		{ NFSD "threads", "4\n" },
		/* nobody has a state to reclaim */
		{ NFSD "v4_end_grace", "Y\n" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(said); i++)
		if (write_str(said[i][0], said[i][1]))
			return said[i][0];
	n->serves = true;
	return NULL;
}

/* NULL, or why not; @skip says whether that is the kernel's doing. */
static inline const char *nfs_start(struct nfs *n, bool *skip)
{
	const char *why;

	*skip = true;
	mkdir("/var", 0755);
	mkdir("/var/lib", 0755);
	mkdir("/var/lib/nfs", 0755);
	mkdir(NFS_RECOVERY, 0700);
	mkdir(NFS_EXPORT, 0755);
	mkdir(NFS_MOUNT, 0755);
	if (access(NFSD "threads", F_OK) &&
	    mount("nfsd", NFSD, "nfsd", 0, NULL))
		return "no NFS server in this kernel";
	*skip = false;
	if (mount("cring", NFS_EXPORT, "tmpfs", 0, NULL))
		return "no tmpfs";
	n->up = true;
	why = nfs_serve(n);
	if (why)
		return why;
	if (mount("127.0.0.1:/", NFS_MOUNT, "nfs4", 0,
		  "vers=4.2,addr=127.0.0.1,clientaddr=127.0.0.1,hard,proto=tcp")) {
		*skip = errno == ENODEV;
		return "no NFS client in this kernel, or it cannot mount";
	}
	n->mounted = true;
	return NULL;
}

static inline void nfs_flush(const char *cache)
{
	char path[96];

	snprintf(path, sizeof(path), NFS_CACHES "%s/flush", cache);
	write_str(path, "2147483647\n");
}

/* Nothing is open on it. */
static inline void nfs_exit(struct nfs *n)
{
	if (n->mounted) {
		wait_until(!umount(NFS_MOUNT) || errno != EBUSY);
		n->mounted = false;
	}
	if (n->serves) {
		write_str(NFSD "threads", "0\n");
		nfs_flush("nfsd.fh");
		nfs_flush("nfsd.export");
		nfs_flush("auth.unix.ip");
		n->serves = false;
	}
	if (n->up)
		umount2(NFS_EXPORT, MNT_DETACH);
	n->up = false;
}

#endif /* CRING_TESTS_HUNG_NFS_H */
