// SPDX-License-Identifier: MIT
/*
 * The files, the memory and the rings that an input works on.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "world.h"

#define PAGE	4096
#define DISK	"/dev/nullb0"

struct ring rings[RINGS];
uint8_t *places;
uint8_t *buffer;		/* then a page that cannot be written to, and nothing */
static uint8_t *end;		/* of what can be read */
static size_t used;		/* of the buffer, by copies */

enum { PIPE, PIPE_END, SILENT, SILENT_END, SOCKET, SOCKET_END, FRESH };
static int fresh[FRESH];	/* made for each input */

enum { FILE_RW, FILE_DIRECT, FILE_RO, DIRECTORY, NULL_FD, ZERO, EVENT, TIMER, EPOLL, LASTING };
static int lasting[LASTING];

enum { SLOW, SLOW_DIRECT, DEVICE };
static int device[DEVICE];	/* a disk that takes milliseconds */

const char *world_begin(void)
{
	static const uint8_t page[PAGE] = { 1, 2, 3 };
	int i;

	places = mmap(NULL, (RINGS + 2) * PLACE, PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (places == MAP_FAILED)
		return "memory";
	buffer = places + RINGS * PLACE;
	end = buffer + BUFFER + PAGE;
	mprotect(buffer, BUFFER, PROT_READ | PROT_WRITE);
	mprotect(buffer + BUFFER, PAGE, PROT_READ);
	lasting[FILE_RW] = open("/mnt/fuzz", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	for (i = 0; i < 16; i++)
		if (write(lasting[FILE_RW], page, PAGE) != PAGE)
			return "a file";
	lasting[FILE_DIRECT] = open("/mnt/fuzz", O_RDWR | O_DIRECT | O_CLOEXEC);
	lasting[FILE_RO] = open("/mnt/fuzz", O_RDONLY | O_CLOEXEC);
	lasting[DIRECTORY] = open("/mnt", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	lasting[NULL_FD] = open("/dev/null", O_RDWR | O_CLOEXEC);
	lasting[ZERO] = open("/dev/zero", O_RDWR | O_CLOEXEC);
	lasting[EVENT] = eventfd(0, EFD_CLOEXEC);
	lasting[TIMER] = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	lasting[EPOLL] = epoll_create1(EPOLL_CLOEXEC);
	for (i = 0; i < LASTING; i++)
		if (lasting[i] < 0)
			return "a file";
	device[SLOW] = open(DISK, O_RDWR | O_CLOEXEC);
	device[SLOW_DIRECT] = open(DISK, O_RDWR | O_DIRECT | O_CLOEXEC);
	return device[SLOW] < 0 || device[SLOW_DIRECT] < 0 ? "a slow disk" : NULL;
}

void world_open(void)
{
	struct ring *r;

	for (r = rings; r < rings + RINGS; r++)
		*r = (struct ring) { .fd = -1, .tame = true };
	rings[0].fd = open(CRING_DEVICE, O_RDWR | O_CLOEXEC);
	if (pipe2(fresh + PIPE, O_CLOEXEC) || pipe2(fresh + SILENT, O_CLOEXEC) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fresh + SOCKET))
		_exit(9);
	fcntl(fresh[PIPE_END], F_SETFL, O_NONBLOCK);
	fcntl(fresh[SOCKET_END], F_SETFL, O_NONBLOCK);
	/* what an input reads there waits for the disk */
	posix_fadvise(device[SLOW], 0, 0, POSIX_FADV_DONTNEED);
	used = 0;
	memset(buffer, 0, 512);
}

void world_close(void)
{
	static const struct timespec soon = { .tv_nsec = 3000000 };
	bool thread = false;
	struct ring *r;
	int i;

	for (r = rings; r < rings + RINGS; r++) {
		thread |= r->params.flags & CRING_SETUP_SQPOLL;
		if (r->fd >= 0)
			close(r->fd);
	}
	/* what a ring's thread has executed is told when it ends */
	if (thread)
		nanosleep(&soon, NULL);
	blank(places, RINGS * PLACE);
	for (i = 0; i < FRESH; i++)
		close(fresh[i]);
}

int any_fd(struct input *in)
{
	unsigned int n = pick(in, FRESH + LASTING + RINGS + 3 + DEVICE);

	if (n < FRESH)
		return fresh[n];
	n -= FRESH;
	if (n < LASTING)
		return lasting[n];
	n -= LASTING;
	if (n < RINGS)
		return rings[n].fd;
	n -= RINGS;
	if (n >= 3)
		return device[n - 3];
	return n == 0 ? -1 : n == 1 ? 12345 : (int)take(in, 1);
}

uint64_t any_address(struct input *in)
{
	unsigned int n = pick(in, 12);

	switch (n) {
	case 0:
		return 0;
	case 1:
		return (uintptr_t)end;
	case 2:
		return (uintptr_t)end - take(in, 1);
	case 3:
		return (uintptr_t)buffer + BUFFER - take(in, 1);
	case 4:
		return 0xffff888000000000 + take(in, 2);
	case 5:
		return take(in, 8);
	case 6:
		/* what is read to there may be written over what it says */
		rings[0].tame = false;
		return (uintptr_t)rings[0].map + take(in, 2);
	default:
		return (uintptr_t)buffer + BUFFER / 2 + take(in, 1) * (n & 1 ? 512 : 1);
	}
}

uint64_t address_of(struct input *in, const void *from, size_t size)
{
	uint64_t at;

	if (pick(in, 32) == 31)
		return any_address(in);
	if (used + size > BUFFER / 2)
		used = 0;
	at = (uintptr_t)buffer + used;
	memcpy(buffer + used, from, size);
	used += (size + 7) & ~7UL;
	return at;
}

void feed(struct ring *r, struct input *in)
{
	ssize_t ret;

	(void)r;
	ret = write(fresh[pick(in, 2) ? PIPE_END : SOCKET_END], buffer, 1 + pick(in, 64));
	(void)ret;
}
