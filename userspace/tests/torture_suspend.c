// SPDX-License-Identifier: MIT
/*
 * A machine that is suspended: all of user space is frozen, and the processors and
 * devices are stopped and started, with operations in every state.  Each of them
 * then is where it was, or has ended as it would have.
 *
 * Once it sleeps, and its clock wakes it.  And once it is hibernation without its
 * end: the image of memory is made, which takes all that is done to tasks and devices
 * before a sleep, and is thrown away.  There a test can look while all is frozen.
 */
#include "util.h"
#include "frozen_owner.h"
#include "life_util.h"

#include <linux/suspend_ioctls.h>
#include <sys/ioctl.h>

/* One disk is enough that hangs; and the kernel itself waits for what is dirty. */
static const enum state states[] = {
	ST_ARMED_PIPE, ST_ARMED_SOCKET, ST_POLL, ST_TIMER, ST_CHAIN, ST_DRAIN, ST_WORKER,
	ST_QUEUED, ST_FUSE_UNREAD, ST_FUSE_READ, ST_HUNG_DIRECT,
};
#define NR_STATES	ARRAY_LEN(states)

struct sleeper {
	struct stage stage;
	const char *missing;
	int up[2], go[2];
	pid_t pid;
};

FIXTURE(machine) { struct sleeper *sleepers; struct nullb nb; int fd; };
FIXTURE_VARIANT(machine) { bool sleeps; };
FIXTURE_VARIANT_ADD(machine, whose_memory_is_copied) { .sleeps = false };
FIXTURE_VARIANT_ADD(machine, that_sleeps) { .sleeps = true };

#define POWER	"/sys/power/"
#define ALARM	"/sys/class/rtc/rtc0/wakealarm"

static bool can_sleep(void)
{
	char how[64];

	read_str(POWER "mem_sleep", how, sizeof(how));
	return strstr(how, "deep") && !access(ALARM, W_OK);
}

FIXTURE_SETUP(machine)
{
	struct sleeper *s;
	unsigned int i;

	/* the server of a file system tells them that it was asked */
	self->sleepers = mmap(NULL, NR_STATES * sizeof(*s), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->sleepers);
	self->fd = variant->sleeps ? -1 : open("/dev/snapshot", O_RDONLY | O_CLOEXEC);
	if (variant->sleeps && !can_sleep())
		SKIP(return, "this machine does not sleep, or has no clock to wake it");
	if (!variant->sleeps && self->fd < 0)
		SKIP(return, "no hibernation in this kernel");
	if (!have_nullb())
		SKIP(return, NULLB_SKIP);
	for (i = 0; i < NR_STATES; i++) {
		s = &self->sleepers[i];
		s->missing = t_stage(_metadata, &s->stage, states[i]);
		new_pipe(s->up, 0);
		new_pipe(s->go, 0);
	}
}

FIXTURE_TEARDOWN(machine)
{
	unsigned int i;

	for (i = 0; i < NR_STATES; i++)
		stage_exit(&self->sleepers[i].stage);
	nullb_del(&self->nb);
	if (self->fd >= 0)
		close(self->fd);
	expect_refs(0);
}

/* What was in its state before is so afterwards, and a cancel finds it there. */
static int owner_of_one(void *arg)
{
	struct cring_cancel_key key = cring_key_any(CRING_ASYNC_CANCEL_ALL);
	struct sleeper *s = arg;
	struct cring_cqe cqe;
	struct cring ring;
	uint32_t nr, i;
	char c;

	if (cring_queue_init(2 * QUEUED_NR, &ring, 0) || !enter_state(&ring, &s->stage))
		return 1;
	nr = cring_in_flight(&ring);
	if (write(s->up[1], "u", 1) != 1 || read(s->go[0], &c, 1) != 1)
		return 2;
	if (cring_in_flight(&ring) != nr || cring_cq_ready(&ring))
		return 3;
	if (cring_cancel_sync(&ring, &key, 0, 0) != (int)nr)
		return 4;
	/* who could end it may not */
	if (state_hangs(s->stage.state))
		return key.already == nr && !cring_cq_ready(&ring) ? 0 : 5;
	for (i = 0; i < nr; i++)
		if (!take_cqe(&ring, &cqe, LIMIT_MS) || cqe.res != -ECANCELED)
			return 6;
	return cring_in_flight(&ring) ? 7 : 0;
}

/* The clock may wake it before it sleeps, where it is slow: it then says so. */
static int sleep_a_while(void)
{
	static const char *const alarms[] = { "+5", "+10", "+20" };
	char count[32];
	unsigned int i;
	int ret = -EBUSY;

	for (i = 0; i < ARRAY_LEN(alarms) && ret == -EBUSY; i++) {
		read_str(POWER "wakeup_count", count, sizeof(count));
		write_str(ALARM, "0");
		if (write_str(ALARM, alarms[i]) ||
		    write_str(POWER "mem_sleep", "deep"))
			return -EIO;
		ret = -EBUSY;
		if (!write_str(POWER "wakeup_count", count))
			ret = write_str(POWER "state", "mem");
	}
	return ret;
}

/* @fed is written to when only kernel threads are left */
static void make_image(struct __test_metadata *_metadata, int fd, int fed)
{
	int in_suspend = 0;

	ASSERT_EQ(0, ioctl(fd, SNAPSHOT_FREEZE))
		TH_LOG("not frozen: %m");
	EXPECT_EQ(1, write(fed, "x", 1));
	EXPECT_EQ(0, ioctl(fd, SNAPSHOT_CREATE_IMAGE, &in_suspend))
		TH_LOG("no image: %m");
	EXPECT_EQ(1, in_suspend);
}

static void throw_away(struct __test_metadata *_metadata, int fd)
{
	EXPECT_EQ(0, ioctl(fd, SNAPSHOT_FREE));
	EXPECT_EQ(0, ioctl(fd, SNAPSHOT_UNFREEZE));
}

static void expect_well(struct __test_metadata *_metadata, pid_t pid)
{
	int status = child_status(pid);

	EXPECT_TRUE(status != -1 && WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
}

/* all that a child does first is under way */
static void t_expect_up(struct __test_metadata *_metadata, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	ASSERT_EQ(1, poll(&p, 1, LIMIT_MS));
}
#define expect_up(fd)	t_expect_up(_metadata, fd)

TEST_F(machine, c16_none_is_lost_in_any_state)
{
	struct frozen *f = new_frozen(&self->nb);
	struct sleeper *s;
	pid_t all;

	for (s = self->sleepers; s < self->sleepers + NR_STATES; s++) {
		if (s->missing)
			continue;
		s->pid = new_child(owner_of_one, s);
		expect_up(s->up[0]);
	}
	all = fork();
	if (!all)
		_exit(owner_of_all(f));
	expect_up(f->up[0]);

	if (variant->sleeps) {
		EXPECT_EQ(1, write(f->fed[1], "x", 1));
		EXPECT_EQ(0, sleep_a_while());
	} else {
		make_image(_metadata, self->fd, f->fed[1]);
		/*
		 * Workers, timers and devices need nobody.  What was lent may have
		 * to be copied by its owner, and two stay.
		 */
		EXPECT_TRUE(wait_until(in_flight_of(all, &f->ring) <= 3));
		throw_away(_metadata, self->fd);
	}

	expect_well(_metadata, all);
	for (s = self->sleepers; s < self->sleepers + NR_STATES; s++) {
		if (s->missing)
			continue;
		EXPECT_EQ(1, write(s->go[1], "g", 1));
		expect_well(_metadata, s->pid);
	}
}

TEST_HARNESS_MAIN
