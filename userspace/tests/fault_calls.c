// SPDX-License-Identifier: MIT
/*
 * Faults in registering, cancelling, moving deadlines and waiting: the right
 * error, nothing kept and nothing lost, and the same call works afterwards.
 * check: timeout=300
 */
#include "fault_util.h"

#define NR_KEYS		40
#define BUF_LEN		(10 * 4096UL)

FIXTURE(fault) {
	struct faults f;
	struct cring ring;
	int p[2], ev;
	char *buf;
	unsigned long locked;
};

static unsigned long locked_kb(void)
{
	char buf[4096], *p;

	read_str("/proc/self/status", buf, sizeof(buf));
	p = strstr(buf, "VmLck:");
	return p ? strtoul(p + 6, NULL, 10) : 0;
}

FIXTURE_SETUP(fault)
{
	if (!fault_kernel())
		SKIP(return, NO_FAULTS);
	expect_refs(0);
	ring_init(&self->ring, 64);
	new_pipe(self->p, 0);
	self->ev = eventfd(0, 0);
	self->buf = new_pages(BUF_LEN);
	ASSERT_EQ(0, mlockall(MCL_CURRENT | MCL_FUTURE));
	/* But for this: pinning it asks for its pages. */
	ASSERT_EQ(0, munlock(self->buf, BUF_LEN));
	self->locked = locked_kb();
	t_faults_init(_metadata, &self->f);
}

FIXTURE_TEARDOWN(fault)
{
	faults_exit(&self->f);
	EXPECT_EQ(self->locked, locked_kb());
	cring_queue_exit(&self->ring);
	expect_refs(0);
}

/* ---- registering --------------------------------------------------------- */

static int reg(FIXTURE_DATA(fault) *self, unsigned int what)
{
	struct iovec iov[2] = { { self->buf, 3 * 4096 }, { self->buf, BUF_LEN } };
	int files[4] = { self->p[0], -1, self->p[1], self->ev };
	struct cring_restrict all = { .cancel_flags = C_ALL };
	unsigned int i;

	switch (what) {
	case CRING_REGISTER_BUFFERS:
		return cring_register_buffers(&self->ring, iov, 2);
	case CRING_UNREGISTER_BUFFERS:
		return cring_unregister_buffers(&self->ring);
	case CRING_REGISTER_FILES:
		return cring_register_files(&self->ring, files, 4);
	case CRING_UNREGISTER_FILES:
		return cring_unregister_files(&self->ring);
	case CRING_REGISTER_FILES_UPDATE:
		i = cring_register_files_update(&self->ring, 1, files, 3);
		return (int)i > 0 ? 0 : (int)i;
	case CRING_REGISTER_EVENTFD:
		return cring_register_eventfd(&self->ring, self->ev);
	case CRING_UNREGISTER_EVENTFD:
		return cring_unregister_eventfd(&self->ring);
	default:
		cring_restrict_op(&all, CRING_OP_NOP);
		cring_restrict_register(&all, CRING_REGISTER_RESTRICT);
		return cring_register_restrict(&self->ring, &all);
	}
}

/* Each with what must be there before it, and what undoes it. */
static const struct {
	unsigned int what;
	int before, undo;
} regs[] = {
	{ CRING_REGISTER_BUFFERS, -1, CRING_UNREGISTER_BUFFERS },
	{ CRING_UNREGISTER_BUFFERS, CRING_REGISTER_BUFFERS, -1 },
	{ CRING_REGISTER_FILES, -1, CRING_UNREGISTER_FILES },
	{ CRING_REGISTER_FILES_UPDATE, CRING_REGISTER_FILES,
	  CRING_UNREGISTER_FILES },
	{ CRING_UNREGISTER_FILES, CRING_REGISTER_FILES, -1 },
	{ CRING_REGISTER_EVENTFD, -1, CRING_UNREGISTER_EVENTFD },
	{ CRING_UNREGISTER_EVENTFD, CRING_REGISTER_EVENTFD, -1 },
	{ CRING_REGISTER_RESTRICT, -1, -1 },
};

TEST_F_TIMEOUT(fault, registering, 900)
{
	struct faults *f = &self->f;
	size_t i;

	for (i = 0; i < ARRAY_LEN(regs); i++) {
		struct fault_walk w = { 0 };
		bool hit = false;

		while (fault_next(&w, hit)) {
			int ret;

			if (regs[i].before >= 0)
				ASSERT_EQ(0, reg(self, regs[i].before));
			ASSERT_EQ(0, madvise(self->buf, BUF_LEN, MADV_DONTNEED));
			fault_arm(f, w.nth);
			ret = reg(self, regs[i].what);
			hit = fault_disarm(f);
			ASSERT_TRUE(fault_fits(f, ret) && (hit || !ret))
				TH_LOG("%u, fault %u: %d", regs[i].what, w.nth,
				       ret);
			/* Nothing is left of one that failed. */
			if (ret)
				ASSERT_EQ(0, reg(self, regs[i].what));
			if (regs[i].undo >= 0)
				ASSERT_EQ(0, reg(self, regs[i].undo));
			ASSERT_EQ(self->locked, locked_kb());
		}
		TH_LOG("%u: %u faults", regs[i].what, w.hits);
		EXPECT_GE(w.hits, 1);
	}
	expect_sites(f, 5);
}

/* ---- cancelling, and what else takes keys ---------------------------------- */

enum call {
	ONE, MANY, REAP, REAP_MANY, PROCESS, SEAL, DEADLINE, DEADLINES, WAIT, CALLS
};

static int do_call(FIXTURE_DATA(fault) *self, enum call call,
		   struct cring_cancel_key *keys)
{
	struct cring_cancel c = { .keys = PTR64(keys), .nr = 1 };
	struct cring_deadline d = {
		.keys = PTR64(keys), .nr = 1, .deadline = NSEC_PER_SEC,
	};
	uint64_t mask = 0;
	struct cring_wait w = {
		.flags = CRING_WAIT_TIMEOUT, .sigmask = PTR64(&mask),
		.sigmask_size = 8,
	};
	int fd = self->ring.ring_fd;

	switch (call) {
	case MANY:
		c.nr = NR_KEYS;
		break;
	case REAP_MANY:
		c.nr = NR_KEYS;
		fallthrough;
	case REAP:
		c.flags = CRING_CANCEL_REAP | CRING_CANCEL_WAIT;
		c.timeout = -1;
		c.reap = PTR64(self->buf);
		c.reap_nr = 1024;
		break;
	case PROCESS:
		c.flags = CRING_CANCEL_PROCESS;
		break;
	case SEAL:
		c.flags = CRING_CANCEL_SEAL;
		keys->flags = C_GROUP | C_ALL;
		keys->user_data = 0;
		keys->group = 7;
		break;
	case DEADLINES:
		d.nr = NR_KEYS;
		fallthrough;
	case DEADLINE:
		return ioc_ptr(fd, CRING_IOC_DEADLINE, &d);
	case WAIT:
		return ioc_ptr(fd, CRING_IOC_WAIT, &w);
	default:
		break;
	}
	return ioc_ptr(fd, CRING_IOC_CANCEL, &c);
}

/* Operations that are cancelled one way or another, each with one CQE. */
static unsigned int ended(FIXTURE_DATA(fault) *self)
{
	struct cring_cqe *reaped = (void *)self->buf;
	unsigned int n = cq_count(&self->ring);

	while (reaped->user_data) {
		reaped->user_data = 0;
		reaped++;
		n++;
	}
	reap_all(&self->ring);
	return n;
}

TEST_F_TIMEOUT(fault, cancelling, 900)
{
	struct faults *f = &self->f;
	enum call call;

	for (call = ONE; call < CALLS; call++) {
		struct fault_walk w = { 0 };
		bool hit = false;

		while (fault_next(&w, hit)) {
			struct cring_cancel_key keys[NR_KEYS] = { 0 };
			struct cring_cancel_key open = {
				.flags = C_GROUP | C_ALL, .group = 7,
			};
			unsigned int i;
			int ret;

			for (i = 0; i < NR_KEYS; i++) {
				keys[i].user_data = i + 1;
				put(&self->ring, .opcode = CRING_OP_POLL_ADD,
				    .fd = self->p[0], .poll32_events = POLLIN,
				    .user_data = i + 1, .group = 7);
			}
			submit_all(&self->ring, NR_KEYS);
			ASSERT_EQ(0, madvise(self->buf, BUF_LEN, MADV_DONTNEED));
			fault_arm(f, w.nth);
			ret = do_call(self, call, keys);
			hit = fault_disarm(f);
			if (call == WAIT && ret == -ETIME)
				ret = 0;
			ASSERT_TRUE(fault_fits(f, ret) && (hit || !ret))
				TH_LOG("%u, fault %u: %d", call, w.nth, ret);
			/* What was not cancelled can be. */
			ASSERT_GE(cancel_key(self->ring.ring_fd,
					     .flags = C_ANY | C_ALL), 0);
			ASSERT_EQ(0, cring_in_flight(&self->ring));
			ASSERT_EQ(NR_KEYS, ended(self));
			if (call == SEAL)
				ASSERT_EQ(0, cancel_call(self->ring.ring_fd, &open,
							 1, CRING_CANCEL_REOPEN,
							 0));
		}
		TH_LOG("%u: %u faults", call, w.hits);
		EXPECT_GE(w.hits, 1);
	}
	expect_sites(f, 9);
}

TEST_HARNESS_MAIN
