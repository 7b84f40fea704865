/* SPDX-License-Identifier: MIT */
/*
 * A network block device as they come: nbdkit serves it over TCP on loopback, the
 * kernel is its client, and a stopped nbdkit is storage that does not answer.
 * The program and its plugin are put into the machine by whoever boots it.
 *
 * Everything returns 0, or -errno; -ENODEV means that there is no nbdkit, or no
 * network block device in this kernel.
 */
#ifndef CRING_TESTS_NBDKIT_H
#define CRING_TESTS_NBDKIT_H

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/fs.h>
#include <linux/nbd.h>

#define NBDKIT		"/cring/nbdkit"
#define NBDKIT_PLUGIN	"/cring/nbdkit-memory-plugin.so"
#define NBDKIT_NODE	"/dev/nbd1"
#define NBDKIT_MB	16

struct nbdkit {
	int dev;
	int sock;
	pid_t pid;		/* 0 when there is none */
	int port;
	pthread_t client;
};

static inline pid_t nbdkit_spawn(int to_port)
{
	char port[16], size[16];
	pid_t pid;

	snprintf(port, sizeof(port), "%d", to_port);
	snprintf(size, sizeof(size), "size=%dM", NBDKIT_MB);
	pid = fork();
	if (!pid) {
		/* not --exit-with-parent: a stopped one would not hear it */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(NBDKIT, "nbdkit", "--foreground",
		      "--ipaddr", "127.0.0.1", "--port", port,
		      NBDKIT_PLUGIN, size, (char *)NULL);
		_exit(127);
	}
	return pid;
}

/* It listens some time after it was started. */
static inline int nbdkit_connect(pid_t pid, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int i, on = 1;

	for (i = 0; i < 3000; i++) {
		int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (sock < 0)
			return -errno;
		setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		if (!connect(sock, (struct sockaddr *)&to, sizeof(to)))
			return sock;
		close(sock);
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return -ECHILD;
		poll(NULL, 0, 10);
	}
	return -ETIMEDOUT;
}

#define NBDKIT_IHAVEOPT	0x49484156454f5054ULL
#define NBDKIT_GREETING	0x4e42444d41474943ULL
#define NBDKIT_NEWSTYLE	3	/* fixed newstyle, no zeroes behind the flags */

/* The handshake, as far as the default export needs it. */
static inline int nbdkit_negotiate(int sock, uint64_t *bytes, uint16_t *flags)
{
	struct { uint64_t greeting, opt; uint16_t flags; }
		__attribute__((packed)) hello;
	struct { uint32_t flags; uint64_t opt; uint32_t export_name, len; }
		__attribute__((packed)) choice = {
		htonl(NBDKIT_NEWSTYLE), htobe64(NBDKIT_IHAVEOPT), htonl(1), 0,
	};
	struct { uint64_t bytes; uint16_t flags; }
		__attribute__((packed)) export;

	if (recv(sock, &hello, sizeof(hello), MSG_WAITALL) != sizeof(hello) ||
	    be64toh(hello.greeting) != NBDKIT_GREETING ||
	    be64toh(hello.opt) != NBDKIT_IHAVEOPT ||
	    (ntohs(hello.flags) & NBDKIT_NEWSTYLE) != NBDKIT_NEWSTYLE)
		return -EPROTO;
	if (send(sock, &choice, sizeof(choice), 0) != sizeof(choice) ||
	    recv(sock, &export, sizeof(export), MSG_WAITALL) != sizeof(export))
		return -EPROTO;
	*bytes = be64toh(export.bytes);
	*flags = ntohs(export.flags);
	return 0;
}

/* Lives as long as the connection does. */
static inline void *nbdkit_client(void *arg)
{
	struct nbdkit *n = arg;

	ioctl(n->dev, NBD_DO_IT);
	ioctl(n->dev, NBD_CLEAR_SOCK);
	return NULL;
}

static inline int nbdkit_attach(struct nbdkit *n)
{
	uint64_t bytes;
	uint16_t flags;
	int ret;

	ret = nbdkit_negotiate(n->sock, &bytes, &flags);
	if (ret)
		return ret;
	if (ioctl(n->dev, NBD_SET_BLKSIZE, 4096UL) ||
	    ioctl(n->dev, NBD_SET_SIZE_BLOCKS, (unsigned long)bytes / 4096) ||
	    ioctl(n->dev, NBD_SET_FLAGS, (unsigned long)flags) ||
	    ioctl(n->dev, NBD_SET_SOCK, n->sock))
		return -errno;
	return -pthread_create(&n->client, NULL, nbdkit_client, n);
}

/* It has its size once NBD_DO_IT has begun. */
static inline int nbdkit_wait_up(struct nbdkit *n)
{
	uint64_t bytes = 0;
	int i;

	for (i = 0; i < 3000; i++) {
		if (!ioctl(n->dev, BLKGETSIZE64, &bytes) && bytes)
			return 0;
		poll(NULL, 0, 10);
	}
	return -ETIMEDOUT;
}

static inline void nbdkit_kill(struct nbdkit *n)
{
	kill(n->pid, SIGKILL);
	waitpid(n->pid, NULL, 0);
	n->pid = 0;
}

/* NBDKIT_NODE is there then, NBDKIT_MB of zeroes. */
static inline int nbdkit_start(struct nbdkit *n)
{
	int ret;

	n->pid = 0;
	if (access(NBDKIT, X_OK))
		return -ENODEV;
	n->dev = open(NBDKIT_NODE, O_RDWR | O_CLOEXEC);
	if (n->dev < 0)
		return -ENODEV;
	/* what a killed test has left behind may listen still */
	n->port = 20000 + getpid() % 10000;
	n->pid = nbdkit_spawn(n->port);
	if (n->pid < 0)
		return -errno;
	n->sock = nbdkit_connect(n->pid, n->port);
	ret = n->sock < 0 ? n->sock : nbdkit_attach(n);
	if (ret) {
		nbdkit_kill(n);
		close(n->dev);
		return ret;
	}
	return nbdkit_wait_up(n);
}

/* From here on it answers nothing, and when this returns all of it stands. */
static inline int nbdkit_stop(struct nbdkit *n)
{
	int status = 0;

	if (kill(n->pid, SIGSTOP) ||
	    waitpid(n->pid, &status, WUNTRACED) != n->pid)
		return -errno;
	return WIFSTOPPED(status) ? 0 : -ECHILD;
}

static inline void nbdkit_go(struct nbdkit *n)
{
	if (n->pid)
		kill(n->pid, SIGCONT);
}

/* What is in flight must have been answered, and descriptors be closed. */
static inline void nbdkit_exit(struct nbdkit *n)
{
	if (!n->pid)
		return;
	nbdkit_go(n);
	ioctl(n->dev, NBD_DISCONNECT);
	pthread_join(n->client, NULL);
	close(n->sock);
	nbdkit_kill(n);
	close(n->dev);
}

#endif /* CRING_TESTS_NBDKIT_H */
