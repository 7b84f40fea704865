// SPDX-License-Identifier: MIT
/*
 * S3: seccomp sees the number of a call, the lower half of ioctl()'s second
 * argument.  That is enough to tell the calls apart, and nothing else of a submit
 * that is let through means another one.
 */
#include "util.h"
#include "cancel_util.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

/* what no call answers by itself */
#define DENIED		ENOTUNIQ
#define NO_SECCOMP	50

static const uint32_t numbers[] = {
	CRING_IOC_SETUP, CRING_IOC_SUBMIT, CRING_IOC_WAIT, CRING_IOC_REGISTER,
	CRING_IOC_CANCEL, CRING_IOC_QUERY, CRING_IOC_DEADLINE,
};
#define CALLS	ARRAY_LEN(numbers)
static const uint32_t submit_number[] = { CRING_IOC_SUBMIT };

/*
 * From now on of cring's calls only these; false if there is no seccomp.  The
 * second argument is looked at as the kernel does: the lower half of it.
 */
static bool let_only(const uint32_t *let, unsigned int nr)
{
	struct sock_filter code[5 + 2 * CALLS + 3], *c = code;
	struct sock_fprog prog = { .filter = code };
	unsigned int i;

	*c++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			offsetof(struct seccomp_data, nr));
	*c++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl,
			1, 0);
	*c++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	*c++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			offsetof(struct seccomp_data, args[1]));
	for (i = 0; i < nr; i++) {
		*c++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
				let[i], 0, 1);
		*c++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
				SECCOMP_RET_ALLOW);
	}
	*c++ = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xff00);
	*c++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
			CRING_IOC_MAGIC << 8, 1, 0);
	*c++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	*c++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
			SECCOMP_RET_ERRNO | DENIED);
	prog.len = (unsigned short)(c - code);
	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

/* --- one number, one call ---------------------------------------------------- */

static int raw_call(int fd, uint64_t number, uint64_t arg)
{
	long ret = syscall(SYS_ioctl, fd, number, arg);

	return ret < 0 ? -errno : (int)ret;
}

/* Call @i with an argument that it likes; @high: of what the number is in. */
static int call(int fd, unsigned int i, uint64_t high)
{
	struct cring_cancel_key k = { .user_data = 99 };
	union {
		struct cring_params setup;
		struct cring_wait wait;
		struct cring_register reg;
		struct cring_cancel cancel;
		struct cring_query query;
		struct cring_deadline deadline;
	} arg;

	memset(&arg, 0, sizeof(arg));
	switch (numbers[i]) {
	case CRING_IOC_SUBMIT:
		return raw_call(fd, high | numbers[i], 0);
	case CRING_IOC_REGISTER:
		arg.reg.opcode = CRING_UNREGISTER_FILES;
		break;
	case CRING_IOC_CANCEL:
		arg.cancel = (struct cring_cancel){ .keys = PTR64(&k), .nr = 1 };
		break;
	case CRING_IOC_DEADLINE:
		arg.deadline = (struct cring_deadline){
			.keys = PTR64(&k), .nr = 1, .deadline = NSEC_PER_SEC,
		};
		break;
	default:
		break;
	}
	return raw_call(fd, high | numbers[i], PTR64(&arg));
}

/* All calls but one are let through, and answer as before. */
static int all_but(void *arg)
{
	unsigned int without = *(unsigned int *)arg, i, n = 0;
	uint32_t let[CALLS];
	int before[CALLS];
	struct cring ring;

	if (cring_queue_init(8, &ring, 0))
		return 1;
	for (i = 0; i < CALLS; i++) {
		before[i] = call(ring.ring_fd, i, 0);
		if (before[i] == -DENIED || before[i] == -ENOTTY)
			return 2;
		if (i != without)
			let[n++] = numbers[i];
	}
	if (!let_only(let, n))
		return NO_SECCOMP;
	for (i = 0; i < CALLS; i++) {
		int want = i == without ? -DENIED : before[i];

		if (call(ring.ring_fd, i, 0) != want)
			return 10 + (int)i;
		/* What the kernel does not look at is no way around it. */
		if (call(ring.ring_fd, i, 0xdeadULL << 32) != want)
			return 20 + (int)i;
	}
	return 0;
}

TEST(s3_each_call_is_told_by_its_number)
{
	unsigned int i;
	int ret;

	for (i = 0; i < CALLS; i++) {
		ret = run_child(all_but, &i);
		if (ret == NO_SECCOMP)
			SKIP(return, "no seccomp in this kernel");
		EXPECT_EQ(0, ret)
			TH_LOG("without call %u", i);
	}
}

/* The size and the direction count, too: who denies a number has denied the call. */
TEST(s3_no_other_number_is_a_call)
{
	struct cring ring;
	unsigned int i, bit;

	ring_init(&ring, 8);
	for (i = 0; i < CALLS; i++)
		for (bit = 8; bit < 32; bit++) {
			uint32_t other = numbers[i] ^ 1U << bit;

			EXPECT_EQ(-ENOTTY, raw_call(ring.ring_fd, other, 0))
				TH_LOG("%x", other);
		}
	cring_queue_exit(&ring);
}

/* --- nothing but submit -------------------------------------------------------- */

/* A read that stays, and from here on only submits. */
static int only_submits(struct cring *ring, const struct cring_restrict *r)
{
	struct cring_sqe *sqe;
	int p[2];

	if (pipe(p) || cring_queue_init(8, ring, 0))
		return 1;
	sqe = cring_get_sqe(ring);
	cring_prep_read(sqe, p[0], sink, 1, 0);
	sqe->user_data = 1;
	if (cring_submit(ring) != 1)
		return 2;
	if (r && cring_register_restrict(ring, r))
		return 3;
	return let_only(submit_number, 1) ? 0 : NO_SECCOMP;
}

/* It is still there, and alone. */
static bool is_armed(struct cring *ring)
{
	return cring_in_flight(ring) == 1 && !cring_cq_ready(ring);
}

/* The result of one operation, with nothing but one submit call, which waits. */
static int run_one(struct cring *ring, const struct cring_sqe *sqe)
{
	struct cring_sqe *to = cring_get_sqe(ring);
	struct cring_cqe *cqe;
	int res;

	*to = *sqe;
	to->user_data = 2;
	cring_flush_sq(ring);
	if (raw_call(ring->ring_fd, CRING_IOC_SUBMIT, CRING_SUBMIT_ARG(1, 1)) != 1 ||
	    cring_peek_cqe(ring, &cqe))
		return INT32_MIN;
	res = cqe->user_data == 2 ? cqe->res : INT32_MIN;
	cring_cqe_seen(ring, cqe);
	return res;
}

static int submit_and_nothing_else(void *arg)
{
	char buf[4] = "";
	int fd = *(int *)arg, ret;
	struct cring_sqe sqe = {
		.opcode = CRING_OP_READ, .fd = fd, .addr = PTR64(buf), .len = 4,
	};
	struct cring_timespec soon = ms_ts(20);
	unsigned int i;
	struct cring ring;

	ret = only_submits(&ring, NULL);
	if (ret)
		return ret;
	if (run_one(&ring, &sqe) != 4)
		return 4;
	sqe.flags = CRING_SQE_ASYNC;
	if (run_one(&ring, &sqe) != 4)
		return 5;
	/* what takes its time is waited for */
	cring_prep_timeout(&sqe, &soon, 0, 0);
	if (run_one(&ring, &sqe) != -ETIME)
		return 8;
	for (i = 0; i < CALLS; i++)
		if (numbers[i] != CRING_IOC_SUBMIT &&
		    call(ring.ring_fd, i, 0) != -DENIED)
			return 10 + (int)i;
	/* nor is there another ring to be had */
	fd = open(CRING_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0 || call(fd, 0, 0) != -DENIED)
		return 6;
	return is_armed(&ring) ? 0 : 7;
}

TEST(s3_submit_alone_submits_and_waits)
{
	int fd = new_filled("/tmp", O_RDWR, 100, 1);
	int ret = run_child(submit_and_nothing_else, &fd);

	if (ret == NO_SECCOMP)
		SKIP(return, "no seccomp in this kernel");
	EXPECT_EQ(0, ret);
}

/* What the other calls take, at addresses whose lower half submits nothing. */
struct others {
	struct cring_cancel cancel;
	struct cring_register reg;
	struct cring_deadline deadline;
	struct cring_wait wait;
	struct cring_cancel_key key;
	int fd;
};
#define OTHERS_AT	((void *)0x500000000000UL)

static int other_meanings(void *arg)
{
	struct others *o = mmap(OTHERS_AT, 4096, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
				-1, 0);
	const struct cring_sqe fixed = {
		.opcode = CRING_OP_READ, .flags = CRING_SQE_FIXED_FILE,
		.addr = PTR64(sink), .len = 1,
	};
	struct others was;
	struct cring ring;
	unsigned int i;
	int ret;

	(void)arg;
	if (o != OTHERS_AT)
		return 3;
	*o = (struct others){
		.cancel = { .keys = PTR64(&o->key), .nr = 1 },
		.reg = { .opcode = CRING_REGISTER_FILES, .nr = 1,
			 .addr = PTR64(&o->fd) },
		.deadline = { .keys = PTR64(&o->key), .nr = 1, .deadline = 1 },
		.wait = { .min_complete = 1, .flags = CRING_WAIT_TIMEOUT,
			  .timeout = 1 },
		.key = { .flags = C_ANY | C_ALL, .res = 77, .already = 77 },
	};
	was = *o;
	ret = only_submits(&ring, NULL);
	if (ret)
		return ret;
	/* each of them, by its address, and what is within it */
	for (i = 0; i < sizeof(*o); i += 8)
		if (raw_call(ring.ring_fd, CRING_IOC_SUBMIT, PTR64(o) + i))
			return 4;
	/* each bit above what says how many */
	for (i = 32; i < 64; i++) {
		struct cring_cqe *cqe;

		cring_prep_nop(cring_get_sqe(&ring));
		cring_flush_sq(&ring);
		if (raw_call(ring.ring_fd, CRING_IOC_SUBMIT, 1ULL << i |
			     CRING_SUBMIT_ARG(1, 1)) != 1 ||
		    cring_peek_cqe(&ring, &cqe) || cqe->res)
			return 5;
		cring_cqe_seen(&ring, cqe);
	}
	if (memcmp(&was, o, sizeof(was)) != 0)
		return 6;
	if (run_one(&ring, &fixed) != -EBADF)
		return 7;
	return is_armed(&ring) ? 0 : 8;
}

TEST(s3_a_submit_has_no_second_meaning)
{
	int ret = run_child(other_meanings, NULL);

	if (ret == NO_SECCOMP)
		SKIP(return, "no seccomp in this kernel");
	EXPECT_EQ(0, ret);
}

/* What is in the SQ seccomp does not see: a restriction does. */
static int cancels_by_sqe(void *arg)
{
	struct cring_restrict r = { 0 };
	bool restricted = *(bool *)arg;
	struct cring ring;
	int ret;

	cring_restrict_op(&r, CRING_OP_READ);
	ret = only_submits(&ring, restricted ? &r : NULL);
	if (ret)
		return ret;
	cring_prep_cancel64(cring_get_sqe(&ring), 1, 0);
	if (cring_submit(&ring) != 1)
		return 4;
	if (!restricted)
		return cring_cq_ready(&ring) == 2 &&
		       cq_peek(&ring, 0)->res == -ECANCELED &&
		       !cq_peek(&ring, 1)->res ? 0 : 5;
	if (cring_cq_ready(&ring) != 1 || cq_peek(&ring, 0)->res != -EACCES)
		return 6;
	return cring_in_flight(&ring) == 1 ? 0 : 7;
}

TEST(s6_a_restriction_refuses_what_a_filter_does_not_see)
{
	bool restricted;
	int i, ret;

	for (i = 0; i < 2; i++) {
		restricted = i;
		ret = run_child(cancels_by_sqe, &restricted);
		if (ret == NO_SECCOMP)
			SKIP(return, "no seccomp in this kernel");
		EXPECT_EQ(0, ret);
	}
}

TEST_HARNESS_MAIN
