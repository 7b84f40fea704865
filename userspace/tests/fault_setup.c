// SPDX-License-Identifier: MIT
/*
 * Faults in the making and the end of a ring: each is the right error, leaves
 * nothing behind, and the same call without it succeeds afterwards.
 * check: timeout=300
 */
#include "fault_util.h"
#include "meminfo.h"
#include "module_util.h"

FIXTURE(fault) {
	struct faults f;
	int pipe[2];
};

FIXTURE_SETUP(fault)
{
	if (!fault_kernel())
		SKIP(return, NO_FAULTS);
	expect_refs(0);
	new_pipe(self->pipe, 0);
	ASSERT_EQ(0, mlockall(MCL_CURRENT | MCL_FUTURE));
	t_faults_init(_metadata, &self->f);
}

FIXTURE_TEARDOWN(fault)
{
	faults_exit(&self->f);
	expect_refs(0);
}

static int map_ring(int fd, size_t len)
{
	void *m = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (m == MAP_FAILED)
		return -errno;
	return munmap(m, len) ? -errno : 0;
}

static int open_device(void)
{
	int fd = open(CRING_DEVICE, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

enum step { OPEN, SET_UP, MAP, QUERY, STEPS };

static int do_step(enum step step, int *fd, struct cring_params *p)
{
	struct cring_query q;

	switch (step) {
	case OPEN:
		*fd = open_device();
		return *fd < 0 ? *fd : 0;
	case SET_UP:
		return ioc_ptr(*fd, CRING_IOC_SETUP, p);
	case MAP:
		return map_ring(*fd, p->mmap_size);
	default:
		return ioc_ptr(*fd, CRING_IOC_QUERY, &q);
	}
}

TEST_F_TIMEOUT(fault, open_set_up_map_and_query, 900)
{
	const struct cring_params asked = { .sq_entries = 32, .detached = 8 };
	struct faults *f = &self->f;
	enum step step;

	for (step = OPEN; step < STEPS; step++) {
		struct fault_walk w = { 0 };
		bool hit = false;

		while (fault_next(&w, hit)) {
			struct cring_params p = asked, q = asked;
			int fd = step == OPEN ? -1 : open_device(), ret, again;

			if (step == MAP)
				ASSERT_EQ(0, ioc_ptr(fd, CRING_IOC_SETUP, &p));
			fault_arm(f, w.nth);
			ret = do_step(step, &fd, &p);
			hit = fault_disarm(f);
			ASSERT_TRUE(fault_fits(f, ret) && (hit || !ret))
				TH_LOG("step %u, fault %u: %d", step, w.nth, ret);
			/* Not set up, unless only the answer did not arrive. */
			again = step == OPEN && !ret ? 0 :
				do_step(step, &fd, step == MAP ? &p : &q);
			ASSERT_TRUE(!again || (step == SET_UP && again == -EBUSY &&
					       (!ret || ret == -EFAULT)));
			ASSERT_EQ(0, close(fd));
		}
		TH_LOG("step %u: %u faults", step, w.hits);
	}
	expect_sites(f, 8);
}

/* Pages are not what a search for lost objects finds. */
#define LOST_RINGS	24

/*
 * Returns how many bytes fewer are free, after so many rings that failed; each
 * @turn they fail elsewhere.
 */
static long t_lost(struct __test_metadata *_metadata, struct faults *f,
		   unsigned int all, unsigned int turn)
{
	unsigned int i = turn * LOST_RINGS, end = i + LOST_RINGS, hits = 0;
	long before = mem_free();

	/* In the second half of it all there are pages to give back. */
	for (; i < end; i++) {
		struct cring_params p = { .sq_entries = 8192 };
		int fd = open_device(), ret;

		ASSERT_GE(fd, 0);
		fault_arm(f, all - i * 5 % (all / 2));
		ret = ioc_ptr(fd, CRING_IOC_SETUP, &p);
		hits += fault_disarm(f);
		ASSERT_TRUE(fault_fits(f, ret));
		ASSERT_EQ(0, close(fd));
		expect_refs(0);
	}
	EXPECT_GE(hits, LOST_RINGS / 2);
	return before - mem_free();
}

TEST_F_TIMEOUT(fault, pages_of_a_ring_that_is_not_made_come_back, 900)
{
	struct cring_params p = { .sq_entries = 8192 };
	struct faults *f = &self->f;
	unsigned int all, turn;
	int fd = open_device();
	long most, lost = 0;

	fault_arm(f, 1000000);
	ASSERT_EQ(0, ioc_ptr(fd, CRING_IOC_SETUP, &p));
	all = 1000000 - fault_left(f);
	ASSERT_EQ(0, close(fd));
	expect_refs(0);
	TH_LOG("%u things can fail, %llu bytes mapped", all,
	       (unsigned long long)p.mmap_size);
	/* A third of what they would be if none came back. */
	most = LOST_RINGS * p.mmap_size / 3;
	t_lost(_metadata, f, all, 0);
	/* What is lost is lost each time; what others take meanwhile is not. */
	for (turn = 1; turn <= 3; turn++) {
		lost = t_lost(_metadata, f, all, turn);
		TH_LOG("%ld bytes fewer", lost);
		if (lost < most)
			break;
	}
	EXPECT_LT(lost, most);
}

/* What is in flight when the ring ends. */
static bool keep_busy(struct cring *ring, int pipe)
{
	struct cring_sqe *sqe;

	sqe = cring_get_sqe(ring);
	cring_prep_read(sqe, pipe, sink, 1, 0);
	sqe = cring_get_sqe(ring);
	cring_prep_poll_add(sqe, pipe, POLLIN);
	sqe = cring_get_sqe(ring);
	cring_prep_timeout(sqe, &an_hour, 0, 0);
	sqe = cring_get_sqe(ring);
	cring_prep_read(sqe, pipe, sink, 1, 0);
	sqe->flags = CRING_SQE_ASYNC;
	sqe = cring_get_sqe(ring);
	cring_prep_nop(sqe);
	sqe->flags = CRING_SQE_IO_DRAIN;
	return cring_submit(ring) == 5 &&
	       !cring_register_files(ring, &pipe, 1);
}

TEST_F_TIMEOUT(fault, close, 900)
{
	struct fault_walk w = { 0 };
	struct faults *f = &self->f;
	bool hit = false;

	while (fault_next(&w, hit)) {
		struct cring ring;
		int ret;

		ring_init(&ring, 8);
		ASSERT_TRUE(keep_busy(&ring, self->pipe[0]));
		fault_arm(f, w.nth);
		ret = close(ring.ring_fd);
		hit = fault_disarm(f);
		ASSERT_EQ(0, ret);
		ASSERT_EQ(0, munmap(ring.shared, ring.mmap_size));
		expect_refs(0);
	}
	/* The module asks for nothing that it could be refused. */
	EXPECT_EQ(0, f->nr_sites);
	TH_LOG("%u faults", w.hits);
}

/* Nobody can ask afterwards how many there were. */
#define EXIT_NTH	4

static int exit_with_fault(int pipe, unsigned int nth)
{
	struct cring ring;
	char s[16];
	int fd, len = snprintf(s, sizeof(s), "%u", nth);

	if (cring_queue_init(8, &ring, 0) || !keep_busy(&ring, pipe))
		return 1;
	fd = open(FAIL_NTH, O_RDWR);
	return fd < 0 || write(fd, s, len) != len;
}

TEST_F_TIMEOUT(fault, exit, 900)
{
	unsigned int n;

	for (n = 1; n <= EXIT_NTH; n++) {
		pid_t pid = fork();
		int status;

		if (!pid)
			_exit(exit_with_fault(self->pipe[0], n));
		ASSERT_GT(pid, 0);
		status = child_status(pid);
		ASSERT_TRUE(WIFEXITED(status) && !WEXITSTATUS(status))
			TH_LOG("fault %u: status %x", n, status);
		expect_refs(0);
	}
}

static int load_file(int fd)
{
	return syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
}

/* The module's own part comes last; before it, every so often. */
#define LOAD_STRIDE	41
#define LOAD_LAST	60

TEST_F_TIMEOUT(fault, load, 900)
{
	struct faults *f = &self->f;
	unsigned int all = 1000000, left, n, hits = 0;
	int fd, ret;

	if (!module_file())
		SKIP(return, NO_FILE);
	fd = open(module_file(), O_RDONLY | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	expect_refs(0);
	ASSERT_EQ(0, unload());
	/* the first one or the other needs what is there afterwards */
	for (n = 0; n < 3; n++) {
		fault_arm(f, 1000000);
		ASSERT_EQ(0, load_file(fd));
		left = fault_left(f);
		ASSERT_EQ(0, unload());
		if (all > 1000000 - left)
			all = 1000000 - left;
	}
	for (n = 1; n <= all; n += n + LOAD_LAST < all ? LOAD_STRIDE : 1) {
		fault_arm(f, n);
		ret = load_file(fd);
		hits += fault_disarm(f);
		EXPECT_TRUE(ret <= 0 && ret != -EEXIST);
		if (!ret)
			ASSERT_EQ(0, unload());
	}
	EXPECT_EQ(0, load_file(fd));
	EXPECT_TRUE(wait_until(!access(CRING_DEVICE, F_OK)));
	close(fd);
	TH_LOG("%u things can fail, %u did", all, hits);
	expect_sites(f, 1);
}

TEST_HARNESS_MAIN
