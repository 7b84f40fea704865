// SPDX-License-Identifier: MIT
/*
 * first-of: prints the line, or the block, that comes first from several files.
 *
 *	first-of SECONDS FILE...
 *
 * Each FILE, a FIFO or a terminal or whatever, has a read of its own in flight,
 * into a buffer on the stack.  When one of them has something the scope ends,
 * and with it the reads of all the others: nobody has to know what is still
 * under way, and nothing that they would have read is lost.
 */
#include <cring.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>

static constexpr unsigned int most = 32;

/* The answer is the FILE that was first, or -1. */
static int first_of(cring::ring &ring, const int *fds, unsigned int nr,
		    double seconds)
{
	char buffers[most][4096];
	cring::scope scope(ring);

	for (unsigned int i = 0; i < nr; i++) {
		cring_sqe *sqe = scope.sqe();

		cring_prep_read(sqe, fds[i], buffers[i], sizeof(buffers[i]),
				static_cast<__u64>(-1));
		cring_sqe_set_data64(sqe, i);
		cring_sqe_set_deadline(sqe, static_cast<__u64>(seconds * 1e9));
	}
	for (unsigned int left = nr; left; left--) {
		cring_cqe cqe = ring.wait();

		if (cqe.res > 0) {
			fwrite(buffers[cqe.user_data], 1,
			       static_cast<size_t>(cqe.res), stdout);
			return static_cast<int>(cqe.user_data);
		}
		if (cqe.res < 0 && cqe.res != -ETIME)
			fprintf(stderr, "first-of: %s\n", strerror(-cqe.res));
	}
	return -1;
}

int main(int argc, char **argv)
{
	unsigned int nr = argc > 2 ? static_cast<unsigned int>(argc) - 2 : 0;
	int fds[most];

	if (!nr || nr > most) {
		fprintf(stderr, "usage: first-of SECONDS FILE... (at most %u)\n",
			most);
		return 2;
	}
	for (unsigned int i = 0; i < nr; i++) {
		/* A FIFO that nobody writes to yet is opened, too. */
		fds[i] = open(argv[i + 2], O_RDWR | O_CLOEXEC);
		if (fds[i] < 0)
			fds[i] = open(argv[i + 2], O_RDONLY | O_CLOEXEC);
		if (fds[i] < 0) {
			perror(argv[i + 2]);
			return 1;
		}
	}
	try {
		cring::ring ring(most);
		int first = first_of(ring, fds, nr, atof(argv[1]));

		if (first < 0)
			return 1;
		fprintf(stderr, "first-of: %s\n", argv[first + 2]);
	} catch (const std::exception &e) {
		fprintf(stderr, "first-of: %s\n", e.what());
		return 1;
	}
	return 0;
}
