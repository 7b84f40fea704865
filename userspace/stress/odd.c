// SPDX-License-Identifier: MIT
/*
 * What else a program may do to its rings while they are at work.
 */
#include <signal.h>
#include <sys/wait.h>

#include "stress.h"

void register_window(struct box *b, uint64_t *rng)
{
	int ret = cring_register_window(&b->ring, pick(rng, 6));

	if (ret && ret != -EINTR)
		wrong(b, NULL, "the window could not be changed");
}

static int refused(struct box *b)
{
	struct cring_cancel_key key = cring_key_any(CRING_ASYNC_CANCEL_ALL);
	void *map;

	if (cring_enter(&b->ring, 1, 0) != -EPERM)
		return 1;
	if (cring_cancel_sync_many(&b->ring, &key, 1, 0, 0) != -EPERM)
		return 2;
	if (cring_register_window(&b->ring, 1) != -EPERM)
		return 3;
	map = mmap(NULL, b->ring.mmap_size, PROT_READ, MAP_SHARED, b->ring.ring_fd, 0);
	if (map != MAP_FAILED || errno != EPERM)
		return 4;
	return 0;
}

/* a child has the descriptor, and may do nothing with it (S1) */
void be_a_stranger(struct box *b)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(refused(b));
	if (pid < 0)
		return;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			wrong(b, NULL, "a child is lost");
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		wrong(b, NULL, "a child was not refused");
}

void map_again(struct box *b)
{
	struct cring_shared *shared = mmap(NULL, b->ring.mmap_size, PROT_READ, MAP_SHARED,
					   b->ring.ring_fd, 0);

	if (shared == MAP_FAILED || shared->cq_entries != CQ_ENTRIES)
		wrong(b, NULL, "it cannot be mapped twice");
	munmap(shared, b->ring.mmap_size);
}

void die_somehow(uint64_t *rng)
{
	__atomic_store_n(&dying, true, __ATOMIC_RELAXED);
	switch (pick(rng, 5)) {
	case 0:
		close(boxes[0].ring.ring_fd);
		sleep_us(pick(rng, 2000));
		_exit(0);
	case 1:
		/* one that is on its way must not end the other program */
		signal(SIGUSR1, SIG_IGN);
		execl("/bin/true", "true", NULL);
		_exit(0);
	case 2:
		_exit(0);
	case 3:
		kill(getpid(), SIGTERM);
		_exit(0);
	default:
		kill(getpid(), SIGKILL);
	}
}
