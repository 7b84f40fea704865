// SPDX-License-Identifier: MIT
/*
 * cring.hpp: what a scope began has ended when the scope has, however it is left;
 * then nobody writes to what was on the stack.
 *
 * The harness of the other tests is C.  This prints what that prints.
 */
#include <cring.hpp>

#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

struct failed : std::runtime_error {
	using std::runtime_error::runtime_error;
};

#define REQUIRE(cond) do {						\
	if (!(cond))							\
		throw failed(std::string("line ") +			\
			     std::to_string(__LINE__) + ": " #cond);	\
} while (0)

struct fifo {
	int fd[2];

	fifo()
	{
		REQUIRE(!pipe2(fd, O_CLOEXEC));
	}

	~fifo()
	{
		close(fd[0]);
		close(fd[1]);
	}

	/* Nobody took what is written: it is there to be read. */
	bool keeps(char c)
	{
		char back = 0;

		return write(fd[1], &c, 1) == 1 && read(fd[0], &back, 1) == 1 &&
		       back == c;
	}
};

cring_sqe *put_read(cring_sqe *sqe, int fd, void *to, __u64 user_data)
{
	cring_prep_read(sqe, fd, to, 1, 0);
	cring_sqe_set_data64(sqe, user_data);
	return sqe;
}

/* How many of the CQEs that are there are @res; all of them are taken. */
unsigned int taken(cring::ring &ring, int res)
{
	unsigned int nr = 0;
	cring_cqe cqe;

	while (ring.next(cqe))
		nr += cqe.res == res;
	return nr;
}

void a_ring_says_why_it_cannot_be()
{
	int code = 0;

	try {
		cring::ring ring(CRING_MAX_SQ_ENTRIES + 1);
	} catch (const std::system_error &e) {
		code = e.code().value();
	}
	REQUIRE(code == EINVAL);
}

void an_sqe_is_there_though_the_queue_was_full()
{
	cring::ring ring(4);

	for (unsigned int i = 0; i < 7; i++)
		cring_prep_nop(ring.sqe());
	ring.submit();
	REQUIRE(taken(ring, 0) == 7);
}

void armed_reads_end_with_the_scope()
{
	cring::ring ring(16);
	fifo f;
	{
		char buf[8] = {};
		cring::scope scope(ring);

		for (char &to : buf)
			put_read(scope.sqe(), f.fd[0], &to, 1);
		ring.submit();
		REQUIRE(cring_in_flight(ring.get()) == 8);
	}
	REQUIRE(!cring_in_flight(ring.get()));
	REQUIRE(f.keeps('x'));
	REQUIRE(taken(ring, -ECANCELED) == 8);
}

void what_runs_in_a_worker_is_waited_for()
{
	cring::ring ring(16);
	fifo f;
	{
		char buf = 0;
		cring::scope scope(ring);

		put_read(scope.sqe(), f.fd[0], &buf, 1)->flags = CRING_SQE_ASYNC;
		ring.submit();
		std::this_thread::sleep_for(std::chrono::milliseconds(500));
	}
	REQUIRE(!cring_in_flight(ring.get()));
	REQUIRE(f.keeps('x'));
	REQUIRE(taken(ring, -ECANCELED) == 1);
}

void an_exception_leaves_nothing_behind()
{
	cring::ring ring(16);
	bool thrown = false;
	fifo f;

	try {
		char buf = 0;
		cring::scope scope(ring);

		put_read(scope.sqe(), f.fd[0], &buf, 1);
		ring.submit();
		throw std::logic_error("on purpose");
	} catch (const std::logic_error &) {
		thrown = true;
	}
	REQUIRE(thrown);
	REQUIRE(!cring_in_flight(ring.get()));
	REQUIRE(f.keeps('x'));
}

void what_was_prepared_only_is_never_started()
{
	cring::ring ring(16);
	cring_cqe cqe;
	fifo f;
	{
		char buf = 0;
		cring::scope scope(ring);

		put_read(scope.sqe(), f.fd[0], &buf, 1);
	}
	REQUIRE(write(f.fd[1], "x", 1) == 1);
	REQUIRE(ring.submit() == 1);
	REQUIRE(ring.next(cqe));
	REQUIRE(cqe.res < 0);
	REQUIRE(cqe.res == -EINVAL || cring_cqe_not_started(&cqe));
	char c = 0;

	REQUIRE(read(f.fd[0], &c, 1) == 1 && c == 'x');
}

void others_go_on()
{
	cring::ring ring(16);
	fifo f;
	char mine = 0;

	put_read(ring.sqe(), f.fd[0], &mine, 7);
	ring.submit();
	{
		char buf = 0;
		cring::scope outer(ring);

		put_read(outer.sqe(), f.fd[0], &buf, 1);
		{
			cring::scope inner(ring);

			put_read(inner.sqe(), f.fd[0], &buf, 2);
			ring.submit();
		}
		REQUIRE(cring_in_flight(ring.get()) == 2);
		REQUIRE(taken(ring, -ECANCELED) == 1);
	}
	REQUIRE(cring_in_flight(ring.get()) == 1);
	REQUIRE(taken(ring, -ECANCELED) == 1);
	REQUIRE(write(f.fd[1], "x", 1) == 1);
	REQUIRE(ring.wait().user_data == 7);
	REQUIRE(mine == 'x');
}

void a_thread_that_arms_for_ever_is_stopped_by_one_seal()
{
	cring::ring ring(16);
	std::atomic<unsigned int> rounds{0};
	int last = 0;
	fifo f;

	cring::scope scope(ring);
	std::thread loop([&] {
		char buf;

		do {
			put_read(scope.sqe(), f.fd[0], &buf, 1);
			ring.submit();
			rounds++;
			last = ring.wait().res;
		} while (last == 1);
	});
	while (rounds < 1000)
		REQUIRE(write(f.fd[1], "x", 1) == 1);
	int ret = scope.seal(-1);

	loop.join();
	REQUIRE(!ret);
	REQUIRE(last == -ECANCELED);
	REQUIRE(!cring_in_flight(ring.get()));
}

void reap_gives_its_own_completions_and_no_other()
{
	cring::ring ring(64);
	char mine[20], theirs[20];
	fifo f;
	cring::scope a(ring), b(ring);

	for (unsigned int i = 0; i < 20; i++) {
		put_read(a.sqe(), f.fd[0], &mine[i], i);
		put_read(b.sqe(), f.fd[0], &theirs[i], 100 + i);
	}
	ring.submit();
	std::vector<cring_cqe> got = a.reap();
	unsigned int seen = 0;

	REQUIRE(got.size() == 20);
	for (const cring_cqe &cqe : got) {
		REQUIRE(cqe.res == -ECANCELED && cqe.user_data < 20);
		seen |= 1U << cqe.user_data;
	}
	REQUIRE(seen == 0xfffffU);
	REQUIRE(!cring_cq_ready(ring.get()));
	REQUIRE(cring_in_flight(ring.get()) == 20);
}

void many_scopes_leave_no_seals()
{
	cring::ring ring(16);
	fifo f;

	for (unsigned int i = 0; i < 3000; i++) {
		char buf = 0;
		cring::scope scope(ring);

		put_read(scope.sqe(), f.fd[0], &buf, 1);
		ring.submit();
		REQUIRE(scope.cancel() == 1);
		REQUIRE(taken(ring, -ECANCELED) == 1);
		/* Not out of seals, which seal() would say. */
		REQUIRE(!scope.seal(0));
	}
}

struct test {
	const char *name;
	void (*run)();
	__u32 needs;	/* CRING_FEAT_* */
};

#define TEST(name)	{ #name, name, 0 }
#define SEALS(name)	{ #name, name, CRING_FEAT_SEALS }

const test tests[] = {
	TEST(a_ring_says_why_it_cannot_be),
	TEST(an_sqe_is_there_though_the_queue_was_full),
	TEST(armed_reads_end_with_the_scope),
	TEST(what_runs_in_a_worker_is_waited_for),
	TEST(an_exception_leaves_nothing_behind),
	TEST(what_was_prepared_only_is_never_started),
	TEST(others_go_on),
	SEALS(a_thread_that_arms_for_ever_is_stopped_by_one_seal),
	TEST(reap_gives_its_own_completions_and_no_other),
	SEALS(many_scopes_leave_no_seals),
};

} /* namespace */

int main()
{
	unsigned int nr = 0, bad = 0;

	struct cring_query q = {};

	alarm(200);
	cring_query(&q);
	printf("TAP version 13\n1..%zu\n", sizeof(tests) / sizeof(tests[0]));
	for (const test &t : tests) {
		const char *not_ok = "";

		if (t.needs & ~q.features) {
			printf("ok %u %s # SKIP this module cannot\n", ++nr,
			       t.name);
			continue;
		}
		try {
			t.run();
		} catch (const std::exception &e) {
			printf("# %s: %s\n", t.name, e.what());
			not_ok = "not ";
			bad++;
		}
		printf("%sok %u %s\n", not_ok, ++nr, t.name);
		fflush(stdout);
	}
	return bad ? 1 : 0;
}
