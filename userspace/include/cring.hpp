/* SPDX-License-Identifier: MIT */
/*
 * cring.hpp: cring.h for C++17.  A ring and a scope, which end what they began.
 *
 *	cring::ring ring(64);
 *	{
 *		char buf[4096];
 *		cring::scope scope(ring);
 *
 *		cring_prep_read(scope.sqe(), fd, buf, sizeof(buf), 0);
 *		ring.submit();
 *		...			return, throw, whatever
 *	}				the kernel knows nothing of buf any more
 *
 * Everything else is cring.h's: ring.get() is what its functions take.  What
 * fails throws std::system_error, but for what is expected to: see each.
 */
#ifndef CRING_HPP
#define CRING_HPP

#include <atomic>
#include <exception>
#include <system_error>
#include <vector>

#include "cring.h"

/**
 * class cring::ring - a ring that is given back when it goes out of scope
 *
 * Its address is its own: it is neither copied nor moved; let a std::unique_ptr
 * hold one that has to change hands.
 */
class cring::ring {
public:
	/* CRING_SETUP_* in @flags; the CQ is twice as large */
	explicit ring(unsigned int entries, unsigned int flags = 0)
	{
		cring_params p = {};

		p.flags = flags;
		init(entries, p);
	}

	/* as cring_queue_init_params(): @p says what is wanted, and was given */
	ring(unsigned int entries, cring_params &p)
	{
		init(entries, p);
	}

	/*
	 * All that can be cancelled is; what cannot is not waited for.  Whose
	 * buffers have to be safe has a scope around them, which ends before.
	 */
	~ring()
	{
		cring_queue_exit(&c);
	}

	ring(const ring &) = delete;
	ring &operator=(const ring &) = delete;

	/* what the functions of cring.h take */
	::cring *get() noexcept
	{
		return &c;
	}

	/* The next free SQE.  When there is none what is prepared is submitted. */
	cring_sqe *sqe()
	{
		cring_sqe *s = cring_get_sqe(&c);

		if (!s) {
			submit();
			s = cring_get_sqe(&c);
		}
		if (!s)
			check(-EBUSY, "cring: no room for another operation");
		return s;
	}

	/* As cring_submit(); -EBUSY, the CQ has no room, is an answer of 0. */
	int submit()
	{
		return submit_and_wait(0);
	}

	/* As cring_submit_and_wait(); so is -EINTR, with nothing to submit. */
	int submit_and_wait(unsigned int wait_nr)
	{
		int ret = cring_submit_and_wait(&c, wait_nr);

		return ret == -EBUSY || ret == -EINTR ? 0 :
		       check(ret, "cring: submit");
	}

	/* Takes the oldest CQE off the queue; false when there is none. */
	bool next(cring_cqe &out)
	{
		cring_cqe *cqe;

		if (cring_peek_cqe(&c, &cqe) < 0)
			return false;
		out = *cqe;
		cring_cqe_seen(&c, cqe);
		return true;
	}

	/* The same, when one has come. */
	cring_cqe wait()
	{
		cring_cqe cqe;

		while (!next(cqe)) {
			int ret = cring_submit_and_wait(&c, 1);

			if (ret != -EINTR)
				check(ret, "cring: wait");
		}
		return cqe;
	}

	/* A group that no other scope of this ring has. */
	__u32 new_group() noexcept
	{
		return 0x80000000U | groups.fetch_add(1);
	}

	/* @ret, unless it is an error: that is thrown */
	static int check(int ret, const char *what)
	{
		if (ret < 0)
			throw std::system_error(-ret, std::generic_category(),
						what);
		return ret;
	}

private:
	void init(unsigned int entries, cring_params &p)
	{
		check(cring_queue_init_params(entries, &c, &p), CRING_DEVICE);
	}

	::cring c;
	std::atomic<__u32> groups{0};
};

/**
 * class cring::scope - operations that end with a block
 *
 * A group of its own.  When the scope ends the group is sealed and cancelled in
 * one call, so that no thread can add to it, and waited for: what its operations
 * read from or wrote to is the caller's, on the stack or wherever.  Their CQEs
 * come as always; what they point to should outlive the scope, or be told from
 * others by a number.
 *
 * To wait for an operation that is stuck in a device can take as long as the
 * device: give such an SQE cring_sqe_set_detach(), or a deadline with it.
 *
 * It ends before its ring does, in a thread that may prepare SQEs.
 */
class cring::scope {
public:
	explicit scope(ring &of) noexcept : scope(of, of.new_group())
	{
	}

	/* a group that somebody else has to know; not 0 */
	scope(ring &of, __u32 group) noexcept : r(of), g(group)
	{
	}

	/*
	 * Ends the program rather than let the kernel write to what is gone,
	 * should the cancel be refused, for example by a restriction.
	 */
	~scope()
	{
		disarm();
		if (!seal(-1)) {
			cring_group_reopen(r.get(), g);
			return;
		}
		/* Too many seals: it has its SQEs disarmed, and is cancelled. */
		if (!quietly(&cring_group_cancel, CRING_CANCEL_WAIT, -1))
			return;
		std::terminate();
	}

	scope(const scope &) = delete;
	scope &operator=(const scope &) = delete;

	__u32 group() const noexcept
	{
		return g;
	}

	/* The next free SQE, as ring::sqe(), in the scope's group. */
	cring_sqe *sqe()
	{
		cring_sqe *s = r.sqe();

		cring_sqe_set_group(s, g);
		return s;
	}

	/* Cancels what is in flight, and waits for nothing; how many there were. */
	int cancel()
	{
		return ring::check(cring_group_cancel(r.get(), g, 0, 0),
				   "cring: cancel");
	}

	/*
	 * The same, and for good: whoever submits in this group from now on gets
	 * -ECANCELED, not started.  Waits up to @timeout ns, -1 for ever, 0 not
	 * at all.  Return: 0, all has ended; -ETIME, not yet; another -errno.
	 */
	int seal(__s64 timeout) noexcept
	{
		return quietly(&cring_group_seal,
			       timeout ? CRING_CANCEL_WAIT : 0U, timeout);
	}

	/*
	 * Cancels, waits for the end of all, and gives their completions, which
	 * are not in the CQ then: theirs and no other.  At most @most of them,
	 * the others go to the CQ.
	 */
	std::vector<cring_cqe> reap(unsigned int most = 256)
	{
		std::vector<cring_cqe> got(most);
		unsigned int total = 0, nr;
		int ret;

		do {
			cring_cancel_key key =
				cring_key_group(g, CRING_ASYNC_CANCEL_ALL);

			nr = 0;
			ret = total == most ?
			      cring_group_cancel(r.get(), g, CRING_CANCEL_WAIT,
						 -1) :
			      cring_cancel_reap(r.get(), &key, 1,
						CRING_CANCEL_WAIT, -1,
						got.data() + total,
						most - total, &nr);
			total += nr;
		} while (ret == -EINTR);
		ring::check(ret, "cring: reap");
		got.resize(total);
		return got;
	}

private:
	using call = int (*)(::cring *, __u32, unsigned int, __s64);

	/* 0 however many there were.  In a child after fork() none is its own. */
	int quietly(call fn, unsigned int flags, __s64 timeout) noexcept
	{
		int ret;

		do {
			ret = fn(r.get(), g, flags, timeout);
		} while (ret == -EINTR);
		return ret >= 0 || ret == -EPERM ? 0 : ret;
	}

	/*
	 * What was prepared and not submitted is not started, whoever submits it:
	 * its deadline was long ago.
	 */
	void disarm() noexcept
	{
		::cring *c = r.get();
		unsigned int i, nr = cring_sq_ready(c);

		for (i = 1; i <= nr; i++) {
			cring_sqe *s = &c->sqes[(c->sqe_tail - i) &
						c->sq_mask];

			if (s->group == g && s->opcode != CRING_OP_ASYNC_CANCEL)
				cring_sqe_set_deadline_abs(s, 1);
		}
	}

	ring &r;
	__u32 g;
};

#endif /* CRING_HPP */
