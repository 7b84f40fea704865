// SPDX-License-Identifier: MIT
/*
 * What an input does: the calls.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "world.h"

#define MAX_KEYS	6
#define MAX_SLOTS	8

static void set_up(struct ring *r, struct input *in)
{
	struct cring_params p = { .sq_entries = 1 << pick(in, 6) };
	unsigned int what = take(in, 1);

	if (what & 1) {
		p.flags = CRING_SETUP_CQSIZE;
		p.cq_entries = p.sq_entries << pick(in, 3);
	}
	if (what & 2)
		p.window = pick(in, 4);
	if (what & 4)
		p.detached = pick(in, 16);
	if ((what & 0xc0) == 0x40) {
		p.flags |= CRING_SETUP_SQPOLL;
		p.sq_thread_idle = 1 + pick(in, 4);
	}
	if ((what & 0x38) == 0x38)
		p.flags ^= take(in, 4);
	if ((what & 0xc0) == 0xc0)
		((uint8_t *)&p)[take(in, 1) % sizeof(p)] ^= take(in, 1);
	/* large ones take their time, and are as small ones */
	if (p.sq_entries > 0x1000 && p.sq_entries <= CRING_MAX_SQ_ENTRIES)
		p.sq_entries &= 0xfff;
	if (p.cq_entries > 0x1000 && p.cq_entries <= CRING_MAX_CQ_ENTRIES)
		p.cq_entries &= 0xfff;
	if (r->fd < 0)
		r->fd = open(CRING_DEVICE, O_RDWR | O_CLOEXEC);
	if (!ioctl(r->fd, CRING_IOC_SETUP, &p))
		r->params = p;
	/* nobody is told when its thread has taken what is submitted */
	if (r->params.flags & CRING_SETUP_SQPOLL)
		r->tame = false;
}

static void push(struct ring *r, struct input *in)
{
	struct cring_sqe sqe;
	unsigned int n = any_sqe(in, &sqe);
	uint32_t tail;

	if (!r->shared)
		return;
	tail = r->shared->sq_tail;
	while (n--)
		memcpy((char *)r->map + r->params.sqes_off +
		       (tail++ & (r->params.sq_entries - 1)) * sizeof(sqe), &sqe, sizeof(sqe));
	__atomic_store_n(&r->shared->sq_tail, tail, __ATOMIC_RELEASE);
}

static void count(struct ring *r, int ret)
{
	if (ret > 0)
		r->taken += ret;
}

static void submit(struct ring *r, struct input *in)
{
	unsigned int n = pick(in, 16), least = pick(in, 4) == 3;

	count(r, ioctl(r->fd, CRING_IOC_SUBMIT,
		       pick(in, 32) == 31 ? take(in, 4) : CRING_SUBMIT_ARG(n ? n : 32, least)));
}

static int64_t any_timeout(struct input *in)
{
	uint64_t ns = pick(in, 4) ? take(in, 2) << 4 : take(in, 8);

	return ns;
}

static void await(struct ring *r, struct input *in)
{
	static const uint64_t none;
	struct cring_wait w = { .to_submit = pick(in, 8), .min_complete = pick(in, 3) };
	unsigned int what = take(in, 1);

	if (what & 1) {
		w.flags = CRING_WAIT_TIMEOUT;
		w.timeout = any_timeout(in);
	}
	if (what & 2) {
		w.sigmask = address_of(in, &none, 8);
		w.sigmask_size = 8;
	}
	if (what & 4)
		w.flags ^= pick(in, 8);
	if ((what & 0x70) == 0x70)
		((uint8_t *)&w)[take(in, 1) % sizeof(w)] ^= take(in, 1);
	count(r, ioctl(r->fd, CRING_IOC_WAIT, address_of(in, &w, sizeof(w))));
}

static unsigned int any_keys(struct input *in, struct cring_cancel_key *keys)
{
	unsigned int n = 1 + pick(in, MAX_KEYS), i, what;

	memset(keys, 0, MAX_KEYS * sizeof(*keys));
	for (i = 0; i < n; i++) {
		what = take(in, 1);
		if (what & 1)
			keys[i].user_data = take(in, 1) & 7;
		keys[i].flags = any_cancel_flags(in);
		if (keys[i].flags & CRING_ASYNC_CANCEL_FD)
			keys[i].fd = what & 2 ? (int)pick(in, 4) : any_fd(in);
		if (keys[i].flags & CRING_ASYNC_CANCEL_GROUP)
			keys[i].group = take(in, 1) & 3;
		if (keys[i].flags & CRING_ASYNC_CANCEL_OP)
			keys[i].opcode = take(in, 1);
		if (keys[i].flags & CRING_ASYNC_CANCEL_TICKET)
			keys[i].ticket = take(in, 1);
		if ((what & 0xf0) == 0xf0)
			((uint8_t *)&keys[i])[take(in, 1) % sizeof(*keys)] ^= take(in, 1);
	}
	return n;
}

static void cancel(struct ring *r, struct input *in)
{
	struct cring_cancel_key keys[MAX_KEYS];
	struct cring_cancel c = { .nr = any_keys(in, keys) };
	unsigned int what = take(in, 1);

	c.flags = what & 0x7f;
	if (c.flags & CRING_CANCEL_WAIT)
		c.timeout = any_timeout(in);
	if (c.flags & CRING_CANCEL_REAP) {
		c.reap = any_address(in);
		c.reap_nr = 1 + pick(in, 16);
		r->tame = false;
	}
	c.keys = address_of(in, keys, sizeof(keys));
	if (what & 0x80) {
		((uint8_t *)&c)[take(in, 1) % sizeof(c)] ^= take(in, 1);
		r->tame = false;
	}
	ioctl(r->fd, CRING_IOC_CANCEL, address_of(in, &c, sizeof(c)));
}

static void move_deadline(struct ring *r, struct input *in)
{
	struct cring_cancel_key keys[MAX_KEYS];
	struct cring_deadline d = { .nr = any_keys(in, keys), .flags = pick(in, 5) };

	d.keys = address_of(in, keys, sizeof(keys));
	if (!(d.flags & CRING_DEADLINE_NONE))
		d.deadline = pick(in, 4) ? take(in, 2) << 6 : take(in, 8);
	ioctl(r->fd, CRING_IOC_DEADLINE, address_of(in, &d, sizeof(d)));
}

static void enlist(struct ring *r, struct input *in)
{
	static const uint8_t opcodes[] = { 0, 1, 2, 3, 4, 5, 6, 128, 129 };
	struct cring_register reg = { .opcode = opcodes[pick(in, sizeof(opcodes))] };
	union {
		struct cring_iov iov[MAX_SLOTS];
		int32_t fds[MAX_SLOTS];
		struct cring_restrict restriction;
	} u = {};
	unsigned int i;

	reg.nr = pick(in, MAX_SLOTS + 1);
	switch (reg.opcode) {
	case CRING_REGISTER_BUFFERS:
		for (i = 0; i < reg.nr; i++)
			u.iov[i] = (struct cring_iov) { any_address(in), take(in, 2) };
		break;
	case CRING_REGISTER_FILES_UPDATE:
		reg.offset = pick(in, MAX_SLOTS);
		__attribute__((fallthrough));
	case CRING_REGISTER_FILES:
	case CRING_REGISTER_EVENTFD:
		for (i = 0; i < reg.nr; i++)
			u.fds[i] = any_fd(in);
		break;
	case CRING_REGISTER_RESTRICT:
		memset(&u.restriction, pick(in, 8) ? 0xff : 0, sizeof(u.restriction));
		u.restriction.resv0 = pick(in, 16) == 15;
		memset(u.restriction.resv, 0, sizeof(u.restriction.resv));
		for (i = pick(in, 4); i; i--)
			((uint8_t *)&u)[take(in, 1) % sizeof(u.restriction)] ^= take(in, 1);
	}
	if (reg.opcode != CRING_REGISTER_WINDOW)
		reg.addr = address_of(in, &u, sizeof(u));
	if (reg.opcode & 1 && reg.opcode < 6) {
		reg.addr = 0;
		reg.nr = 0;
	}
	if (pick(in, 16) == 15)
		((uint8_t *)&reg)[take(in, 1) % sizeof(reg)] ^= take(in, 1);
	ioctl(r->fd, CRING_IOC_REGISTER, address_of(in, &reg, sizeof(reg)));
}

static void query(struct ring *r, struct input *in)
{
	struct cring_query q = {};

	if (pick(in, 4) == 3)
		((uint8_t *)&q)[take(in, 1) % sizeof(q)] = 1;
	ioctl(r->fd, CRING_IOC_QUERY, address_of(in, &q, sizeof(q)));
}

/* any number, of any size and direction; what it would set up or submit is not known */
static void any_ioctl(struct ring *r, struct input *in)
{
	uint32_t cmd = take(in, 4);

	if (pick(in, 4))
		cmd = (cmd & ~0xff00U) | CRING_IOC_MAGIC << 8;
	r->tame = false;
	ioctl(r->fd, cmd, pick(in, 2) ? any_address(in) : take(in, 4));
}

static void plain_file(struct ring *r, struct input *in)
{
	struct pollfd pfd = { .fd = r->fd, .events = POLLIN | POLLOUT };
	ssize_t ret = 0;

	switch (pick(in, 6)) {
	case 0:
		ret = read(r->fd, buffer + BUFFER / 2, pick(in, 64));
		break;
	case 1:
		ret = write(r->fd, buffer, pick(in, 64));
		break;
	case 2:
		lseek(r->fd, take(in, 1), pick(in, 5));
		break;
	case 3:
		fcntl(r->fd, F_SETFL, take(in, 2));
		break;
	case 4:
		ret = ftruncate(r->fd, 0);
		break;
	default:
		poll(&pfd, 1, 0);
	}
	(void)ret;
}

/* who has the descriptor, and is not the owner */
static void stranger(struct ring *r, struct input *in)
{
	pid_t pid = pick(in, 8) == 7 ? fork() : -1;

	if (!pid) {
		submit(r, in);
		cancel(r, in);
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static void nap(struct ring *r, struct input *in)
{
	struct timespec ts = { .tv_nsec = 1000L * take(in, 1) };

	(void)r;
	nanosleep(&ts, NULL);
}

static void finish(struct ring *r, struct input *in)
{
	(void)in;
	if (r->fd >= 0)
		close(r->fd);
	unmap(r);
	*r = (struct ring) { .fd = -1, .tame = true };
}

/* how often, of 32 */
static const struct {
	void (*call)(struct ring *r, struct input *in);
	unsigned int often;
} calls[] = {
	{ set_up, 1 }, { map, 1 }, { push, 7 }, { submit, 2 }, { await, 1 }, { cancel, 2 },
	{ move_deadline, 1 }, { enlist, 2 }, { query, 1 }, { any_ioctl, 1 }, { poke, 2 },
	{ feed, 2 }, { change_mapping, 1 }, { plain_file, 1 }, { stranger, 1 }, { finish, 1 },
	{ nap, 5 },
};

void call(struct input *in)
{
	unsigned int what = take(in, 1), n = what & 31, i;

	for (i = 0; n >= calls[i].often; i++)
		n -= calls[i].often;
	calls[i].call(&rings[what >> 7], in);
}

/* C1: each that was accepted is in flight, or has its CQE, or has asked for none */
static const char *adds_up(const struct ring *r)
{
	/* together, as one word */
	uint64_t word = __atomic_load_n((const uint64_t *)&r->shared->cq_tail, __ATOMIC_ACQUIRE);
	uint32_t tail = word, in_flight = word >> 32;

	if (r->shared->accepted != r->taken)
		return "the call and the shared page do not agree on what was accepted";
	if (in_flight > r->params.cq_entries)
		return "more are in flight than there are slots";
	if (tail > r->taken - in_flight)
		return "more CQEs than operations that have ended";
	return NULL;
}

const char *settle(void)
{
	struct cring_cancel_key key = {
		.flags = CRING_ASYNC_CANCEL_ANY | CRING_ASYNC_CANCEL_ALL,
	};
	struct cring_cancel c = {
		.keys = (uintptr_t)&key, .nr = 1, .flags = CRING_CANCEL_WAIT, .timeout = 1000000000,
	};
	const char *wrong = NULL;
	struct ring *r;

	for (r = rings; r < rings + RINGS && !wrong; r++) {
		if (r->fd < 0 || ioctl(r->fd, CRING_IOC_CANCEL, &c) || !r->tame || !r->shared)
			continue;
		wrong = adds_up(r);
	}
	return wrong;
}
