// SPDX-License-Identifier: MIT
/*
 * cring-cat: files, pipes and terminals to standard output, through a ring.
 *
 * The whole of an event loop in small: while one buffer is being written, the
 * next is being read.  At most one read and one write are in flight, so that
 * the file positions (offset -1) keep everything in order.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cring.h>

#define CUR_POS ((__u64)-1)

struct buffer {
	char data[64 * 1024];
	unsigned int len;	/* bytes read */
	unsigned int put;	/* of them, written */
};

static struct cring ring;
static struct buffer buffers[2];
static int in_fd, out_fd = STDOUT_FILENO;

static void queue_read(struct buffer *b)
{
	struct cring_sqe *sqe = cring_get_sqe(&ring);

	b->len = 0;
	b->put = 0;
	cring_prep_read(sqe, in_fd, b->data, sizeof(b->data), CUR_POS);
	cring_sqe_set_data64(sqe, CRING_OP_READ);
}

static void queue_write(struct buffer *b)
{
	struct cring_sqe *sqe = cring_get_sqe(&ring);

	cring_prep_write(sqe, out_fd, b->data + b->put, b->len - b->put,
			 CUR_POS);
	cring_sqe_set_data64(sqe, CRING_OP_WRITE);
}

/* The read ahead is of no use any more. */
static void drop_read(void)
{
	struct cring_cancel_key key = cring_key_any(CRING_ASYNC_CANCEL_ALL);

	cring_cancel_sync(&ring, &key, CRING_CANCEL_WAIT, -1);
	cring_cq_advance(&ring, cring_cq_ready(&ring));
}

static bool again(int res)
{
	return res == -EINTR || res == -EAGAIN;
}

/* Return: 0 or the read's error; a write's error is put in *out. */
static int cat(int fd, int *out)
{
	struct buffer *rd = &buffers[0], *wr = &buffers[1];
	bool reading = true, writing = false, end = false;
	int err = 0;

	in_fd = fd;
	queue_read(rd);
	while (reading || writing) {
		struct cring_cqe *cqe;
		int res, ret;
		__u64 op;

		ret = cring_submit(&ring);
		if (ret >= 0)
			ret = cring_wait_cqe(&ring, &cqe);
		if (ret == -EINTR)
			continue;
		if (ret < 0)
			return ret;
		op = cring_cqe_get_data64(cqe);
		res = cqe->res;
		cring_cqe_seen(&ring, cqe);

		if (op == CRING_OP_READ) {
			if (again(res)) {
				queue_read(rd);
				continue;
			}
			reading = false;
			if (res > 0)
				rd->len = (unsigned int)res;
			else
				end = true;
			if (res < 0)
				err = res;
		} else {
			if (res < 0 && !again(res)) {
				if (reading)
					drop_read();
				*out = res;
				return 0;
			}
			if (res > 0)
				wr->put += (unsigned int)res;
			writing = wr->put < wr->len;
			if (writing)
				queue_write(wr);
		}

		/* A full buffer and an empty one: they change places. */
		if (!reading && !writing && !end) {
			struct buffer *full = rd;

			rd = wr;
			wr = full;
			queue_write(wr);
			queue_read(rd);
			reading = true;
			writing = true;
		}
	}
	return err;
}

/*
 * A terminal is written through a ring only without blocking.  That is a flag
 * of the open file, which others share: so it gets an open file of our own.
 */
static void open_terminal(void)
{
	int fd;

	if (!isatty(STDOUT_FILENO))
		return;
	fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY |
		  O_CLOEXEC);
	if (fd >= 0)
		out_fd = fd;
}

static const char usage[] =
"Usage: cring-cat [FILE]...\n"
"Copy files to standard output through /dev/cring.  Without a file, or for -,\n"
"standard input is copied.\n"
"\n"
"  -h, --help   this text\n"
"\n"
"Exit status: 0 all copied; 1 an error; 2 wrong usage.\n";

int main(int argc, char **argv)
{
	static char dash[] = "-";
	static char *stdin_only[] = { dash };
	int status = EXIT_SUCCESS, out = 0, ret;
	char **name = argv + 1;
	int nr = argc - 1;

	if (nr && (!strcmp(*name, "-h") || !strcmp(*name, "--help"))) {
		fputs(usage, stdout);
		return EXIT_SUCCESS;
	}
	if (nr && !strcmp(*name, "--")) {
		name++;
		nr--;
	} else if (nr && **name == '-' && (*name)[1]) {
		fprintf(stderr, "cring-cat: no option '%s'\n%s", *name,
			"Try 'cring-cat --help'.\n");
		return 2;
	}
	if (!nr) {
		name = stdin_only;
		nr = 1;
	}

	ret = cring_queue_init(2, &ring, 0);
	if (ret < 0) {
		fprintf(stderr, "cring-cat: %s: %s%s\n", CRING_DEVICE,
			strerror(-ret),
			ret == -ENOENT ? " (is the module loaded?)" : "");
		return EXIT_FAILURE;
	}
	open_terminal();
	for (; nr-- && !out; name++) {
		bool is_stdin = !strcmp(*name, "-");
		int fd = is_stdin ? STDIN_FILENO :
				    open(*name, O_RDONLY | O_CLOEXEC);

		ret = fd < 0 ? -errno : cat(fd, &out);
		if (ret < 0) {
			fprintf(stderr, "cring-cat: '%s': %s\n", *name,
				strerror(-ret));
			status = EXIT_FAILURE;
		}
		if (fd >= 0 && !is_stdin)
			close(fd);
	}
	if (out < 0) {
		fprintf(stderr, "cring-cat: writing: %s\n", strerror(-out));
		status = EXIT_FAILURE;
	}
	cring_queue_exit(&ring);
	return status;
}
