// SPDX-License-Identifier: MIT
/*
 * cring-cp: copy files through a ring.
 *
 * A file is copied in blocks; each of the --depth slots carries one block from
 * its read to the end of its write, so that reads and writes overlap.  Ctrl-C
 * cancels whatever is in flight in one call.  When that call returns nothing
 * of the ring touches the files any more, and the program can say to the byte
 * what was written.
 */
#define _FILE_OFFSET_BITS 64

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cring.h>

#define EXIT_USAGE	2
#define EXIT_INTR	130
#define DIRECT_ALIGN	4096U
#define BAR_AFTER_NS	300000000LL	/* a short copy shows no bar */
#define BAR_EVERY_NS	100000000LL
#define STOP_NS		30000000000LL	/* patience with a hung device */

enum slot_state { SLOT_FREE, SLOT_READ, SLOT_WRITE };

/* One block on its way: got bytes read and put bytes written, of len. */
struct slot {
	enum slot_state state;
	bool queued;		/* its CQE is still to come */
	unsigned char *buf;
	long long off;
	unsigned int len, got, put;
};

/* A file, and with --direct a second descriptor that bypasses the cache. */
struct file {
	const char *name;
	int fd, direct_fd;
};

struct copy {
	struct file src, dst;
	long long size;		/* bytes to copy */
	long long next;		/* first byte that no slot has taken */
	long long written;
	unsigned int busy;	/* slots not free */
	int err;		/* first failure, an errno */
	const char *err_what, *err_name;
	long long started, drawn;
};

static struct {
	unsigned int depth, block;
	bool direct, recursive, sync, verbose, progress;
} opt = { .depth = 16, .block = 256 * 1024 };

static struct cring ring;
static struct slot *slots;
static sigset_t wait_mask;		/* lets SIGINT and SIGTERM through */
static volatile sig_atomic_t interrupted;
static unsigned long long total_files, total_bytes;

__attribute__((format(printf, 1, 2)))
static void warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("cring-cp: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
}

static long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void on_signal(int sig)
{
	(void)sig;
	interrupted = 1;
}

/* They are blocked but for the waits, which an empty file has none of. */
static void look_for_signals(void)
{
	sigset_t old;

	sigprocmask(SIG_SETMASK, &wait_mask, &old);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

/* ---------------------------------------------------------------------------
 * The progress bar
 */

static void draw_bar(struct copy *c, bool last)
{
	long long now = now_ns();
	double seconds = (double)(now - c->started) / 1e9;
	double part = c->size ? (double)c->written / (double)c->size : 1;
	char bar[33];
	int full;

	if (!opt.progress || (last && !c->drawn))
		return;
	if (!last && (now - c->started < BAR_AFTER_NS ||
		      now - c->drawn < BAR_EVERY_NS))
		return;
	c->drawn = now;
	full = (int)(part * (double)(sizeof(bar) - 1));
	memset(bar, ' ', sizeof(bar) - 1);
	memset(bar, '#', (size_t)full);
	bar[sizeof(bar) - 1] = '\0';
	fprintf(stderr, "\r\033[K%3d%% [%s] %.1f of %.1f MiB, %.1f MiB/s%s",
		(int)(part * 100), bar, (double)c->written / 1048576,
		(double)c->size / 1048576,
		(double)c->written / 1048576 / seconds, last ? "\n" : "");
}

/* ---------------------------------------------------------------------------
 * One file
 */

static void fail(struct copy *c, int err, const char *what, const char *name)
{
	if (c->err)
		return;
	c->err = err;
	c->err_what = what;
	c->err_name = name;
}

/* The direct descriptor takes whole sectors; the tail goes by the other. */
static int file_fd(const struct file *f, long long off, unsigned int len)
{
	if (f->direct_fd < 0 || off % DIRECT_ALIGN || len % DIRECT_ALIGN)
		return f->fd;
	return f->direct_fd;
}

/* Queue what is left of the slot's read or write. */
static void slot_queue(struct copy *c, struct slot *s)
{
	struct cring_sqe *sqe = cring_get_sqe(&ring); /* one SQE for each slot */
	unsigned int done = s->state == SLOT_READ ? s->got : s->put;
	unsigned int left = s->len - done;
	long long off = s->off + done;

	if (s->state == SLOT_READ)
		cring_prep_read(sqe, file_fd(&c->src, off, left), s->buf + done,
				left, (__u64)off);
	else
		cring_prep_write(sqe, file_fd(&c->dst, off, left),
				 s->buf + done, left, (__u64)off);
	cring_sqe_set_data(sqe, s);
	s->queued = true;
}

static void slot_free(struct copy *c, struct slot *s)
{
	s->state = SLOT_FREE;
	c->busy--;
}

/* A read or write of the slot ended: go on, unless it is time to stop. */
static void slot_done(struct copy *c, struct slot *s, int res, bool stopping)
{
	s->queued = false;
	if (s->state == SLOT_READ) {
		if (res > 0)
			s->got += (unsigned int)res;
		else if (res == 0)
			fail(c, EIO, "it became shorter", c->src.name);
		else if (res != -EINTR && res != -EAGAIN && !stopping)
			fail(c, -res, "reading", c->src.name);
		if (s->got == s->len)
			s->state = SLOT_WRITE;
	} else {
		if (res > 0) {
			s->put += (unsigned int)res;
			c->written += res;
		} else if (res == 0) {
			fail(c, ENOSPC, "writing", c->dst.name);
		} else if (res != -EINTR && res != -EAGAIN && !stopping) {
			fail(c, -res, "writing", c->dst.name);
		}
		if (s->put == s->len) {
			slot_free(c, s);
			return;
		}
	}
	if (!stopping && !c->err)
		slot_queue(c, s);
}

static void reap(struct copy *c, bool stopping)
{
	struct cring_cqe *cqe;
	unsigned int head, nr = 0;

	cring_for_each_cqe(&ring, head, cqe) {
		struct slot *s = cring_cqe_get_data(cqe);

		if (s)			/* none: an fsync that was stopped */
			slot_done(c, s, cqe->res, stopping);
		nr++;
	}
	cring_cq_advance(&ring, nr);
}

/* Give the free slots the next blocks. */
static void fill(struct copy *c)
{
	unsigned int i;

	for (i = 0; i < opt.depth && c->next < c->size; i++) {
		struct slot *s = &slots[i];
		long long left = c->size - c->next;

		if (s->state != SLOT_FREE)
			continue;
		s->state = SLOT_READ;
		s->off = c->next;
		s->len = left < opt.block ? (unsigned int)left : opt.block;
		s->got = 0;
		s->put = 0;
		c->next += s->len;
		c->busy++;
		slot_queue(c, s);
	}
}

/*
 * Cancel what is in flight and wait until it has ended, so that buffers and
 * files are ours.  A second Ctrl-C, or a device that hangs, ends the wait.
 */
static void stop(struct copy *c)
{
	struct cring_cancel_key key = cring_key_any(CRING_ASYNC_CANCEL_ALL);
	sigset_t old;
	int ret;

	/* Prepared and not submitted: never happened. */
	cring_sq_rollback(&ring, cring_sq_mark(&ring) - cring_sq_ready(&ring));

	sigprocmask(SIG_SETMASK, &wait_mask, &old);
	ret = cring_cancel_sync(&ring, &key, CRING_CANCEL_WAIT, STOP_NS);
	sigprocmask(SIG_SETMASK, &old, NULL);
	reap(c, true);
	if (ret < 0)
		warn("%u operations have not ended: %s",
		     cring_in_flight(&ring), strerror(-ret));
}

static int by_offset(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	return (x->off > y->off) - (x->off < y->off);
}

/* Ranges come in order; those of one kind that touch are printed as one. */
struct range {
	const char *what;
	long long from, to;
};

static void add_range(struct range *r, const char *what, long long from,
		      long long to)
{
	if (from == to && what)
		return;
	if (r->what && (!what || strcmp(r->what, what) != 0)) {
		fprintf(stderr, "  %-12s %lld-%lld (%lld bytes)\n", r->what,
			r->from, r->to - 1, r->to - r->from);
		r->what = NULL;
	}
	if (!r->what) {
		r->what = what;
		r->from = from;
	}
	r->to = to;
}

/*
 * Everything below next was taken by a slot.  A slot that is free has written
 * its block; the others know how far they came.
 */
static void report(const struct copy *c)
{
	bool hung = cring_in_flight(&ring) != 0;
	struct range r = { 0 };
	long long pos = 0;
	unsigned int i;

	fprintf(stderr, "  '%s': %lld of %lld bytes written\n", c->dst.name,
		c->written, c->size);
	qsort(slots, opt.depth, sizeof(*slots), by_offset);
	for (i = 0; i < opt.depth; i++) {
		const struct slot *s = &slots[i];
		bool unknown = hung && s->queued && s->state == SLOT_WRITE;

		if (s->state == SLOT_FREE)
			continue;
		add_range(&r, "written", pos, s->off + s->put);
		pos = s->off + s->len;
		add_range(&r, unknown ? "unknown" : "not written",
			  s->off + s->put, pos);
	}
	add_range(&r, "written", pos, c->next);
	add_range(&r, "not written", c->next, c->size);
	add_range(&r, NULL, 0, 0);
}

static int sync_file(struct copy *c)
{
	struct cring_cqe *cqe;
	int ret;

	do {
		cring_prep_fsync(cring_get_sqe(&ring), c->dst.fd, 0);
		ret = cring_submit_and_wait_timeout(&ring, &cqe, 1, NULL,
						    &wait_mask);
		if (ret < 0)
			return ret;
		if (!cqe) {
			stop(c);
			return -EINTR;
		}
		ret = cqe->res;
		cring_cqe_seen(&ring, cqe);
	} while (ret == -EINTR || ret == -EAGAIN);
	return ret;
}

/* Copy size bytes of an open file to another.  Return: an exit status. */
static int copy_data(struct copy *c)
{
	c->started = now_ns();
	while (!c->err && !interrupted && c->written < c->size) {
		struct cring_cqe *cqe;
		int ret;

		fill(c);
		ret = cring_submit_and_wait_timeout(&ring, &cqe, 1, NULL,
						    &wait_mask);
		if (ret < 0 && ret != -EINTR && ret != -EBUSY)
			fail(c, -ret, "submitting to", CRING_DEVICE);
		reap(c, false);
		draw_bar(c, false);
	}
	if (c->busy)
		stop(c);
	draw_bar(c, true);

	if (!c->err && c->written == c->size && opt.sync) {
		int ret = sync_file(c);

		if (ret < 0)
			fail(c, -ret, "syncing", c->dst.name);
	}
	total_bytes += (unsigned long long)c->written;
	if (c->err) {
		warn("'%s': %s: %s", c->err_name, c->err_what,
		     strerror(c->err));
		report(c);
		return EXIT_FAILURE;
	}
	if (c->written < c->size) {
		warn("interrupted");
		report(c);
		return EXIT_INTR;
	}
	total_files++;
	return EXIT_SUCCESS;
}

/* ---------------------------------------------------------------------------
 * Opening
 */

static int file_open(struct file *f, const char *name, int flags, mode_t mode)
{
	f->name = name;
	f->direct_fd = -1;
	f->fd = open(name, flags | O_CLOEXEC, mode);
	if (f->fd < 0) {
		warn("'%s': %s", name, strerror(errno));
		return -1;
	}
	if (!opt.direct)
		return 0;
	flags &= ~(O_CREAT | O_TRUNC);
	f->direct_fd = open(name, flags | O_CLOEXEC | O_DIRECT);
	if (f->direct_fd < 0) {
		warn("'%s': cannot be opened for direct I/O: %s", name,
		     strerror(errno));
		close(f->fd);
		return -1;
	}
	return 0;
}

/* A delayed write error shows up at the latest here. */
static int file_close(struct file *f)
{
	int ret = close(f->fd);

	if (f->direct_fd >= 0 && close(f->direct_fd))
		ret = -1;
	return ret;
}

/* Asked before opening, which would wait for ever on a FIFO. */
static bool file_ok(const char *name, const struct stat *st)
{
	if (S_ISREG(st->st_mode) || S_ISBLK(st->st_mode))
		return true;
	warn(S_ISDIR(st->st_mode) ? "'%s': a directory (copied with -r)" :
	     "'%s': neither a regular file nor a block device", name);
	return false;
}

static int copy_file(const char *from, const char *to)
{
	struct stat src_st, dst_st;
	struct copy c = { 0 };
	int status = EXIT_FAILURE;
	unsigned int i;

	look_for_signals();
	if (stat(from, &src_st)) {
		warn("'%s': %s", from, strerror(errno));
		return EXIT_FAILURE;
	}
	if (!file_ok(from, &src_st) || file_open(&c.src, from, O_RDONLY, 0))
		return EXIT_FAILURE;
	c.size = lseek(c.src.fd, 0, SEEK_END);	/* block devices too */
	if (c.size < 0) {
		warn("'%s': %s", from, strerror(errno));
		goto out;
	}
	if (!stat(to, &dst_st)) {
		if (dst_st.st_dev == src_st.st_dev &&
		    dst_st.st_ino == src_st.st_ino) {
			warn("'%s' and '%s' are the same file", from, to);
			goto out;
		}
		if (!file_ok(to, &dst_st))
			goto out;
	}
	if (file_open(&c.dst, to, O_WRONLY | O_CREAT | O_TRUNC,
		      src_st.st_mode & 0777))
		goto out;

	for (i = 0; i < opt.depth; i++)
		slots[i].state = SLOT_FREE;
	status = copy_data(&c);

	if (file_close(&c.dst) && !status) {
		warn("'%s': closing: %s", to, strerror(errno));
		status = EXIT_FAILURE;
	}
out:
	file_close(&c.src);
	return status;
}

/* ---------------------------------------------------------------------------
 * Trees
 */

static int copy_any(const char *from, const char *to);

static int copy_dir(const char *from, const char *to, mode_t mode)
{
	char src[PATH_MAX], dst[PATH_MAX];
	int status = EXIT_SUCCESS;
	struct dirent *entry;
	DIR *dir = opendir(from);

	if (!dir || (mkdir(to, 0700) && errno != EEXIST)) {
		warn("'%s': %s", dir ? to : from, strerror(errno));
		if (dir)
			closedir(dir);
		return EXIT_FAILURE;
	}
	while (!interrupted && (errno = 0, entry = readdir(dir))) {
		int ret;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (snprintf(src, sizeof(src), "%s/%s", from, entry->d_name) >=
			    (int)sizeof(src) ||
		    snprintf(dst, sizeof(dst), "%s/%s", to, entry->d_name) >=
			    (int)sizeof(dst)) {
			warn("'%s/%s': %s", from, entry->d_name,
			     strerror(ENAMETOOLONG));
			ret = EXIT_FAILURE;
		} else {
			ret = copy_any(src, dst);
		}
		if (ret)
			status = ret;
		if (cring_in_flight(&ring))	/* hung: no slot to go on with */
			break;
	}
	if (errno && !interrupted && !status) {
		warn("'%s': %s", from, strerror(errno));
		status = EXIT_FAILURE;
	}
	closedir(dir);
	if (chmod(to, mode & 07777) && !status) {
		warn("'%s': %s", to, strerror(errno));
		status = EXIT_FAILURE;
	}
	return status;
}

static int copy_link(const char *from, const char *to)
{
	char target[PATH_MAX];
	ssize_t len = readlink(from, target, sizeof(target) - 1);

	if (len < 0) {
		warn("'%s': %s", from, strerror(errno));
		return EXIT_FAILURE;
	}
	target[len] = '\0';
	if (symlink(target, to)) {
		warn("'%s': %s", to, strerror(errno));
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

static int copy_any(const char *from, const char *to)
{
	struct stat st;

	if (!opt.recursive)
		return copy_file(from, to);
	if (lstat(from, &st)) {
		warn("'%s': %s", from, strerror(errno));
		return EXIT_FAILURE;
	}
	if (S_ISDIR(st.st_mode))
		return copy_dir(from, to, st.st_mode);
	if (S_ISLNK(st.st_mode))
		return copy_link(from, to);
	return copy_file(from, to);
}

/* cp's rule: into a directory, under the last part of the source's name. */
static int copy_arg(const char *from, const char *to)
{
	size_t len = strlen(from);
	char path[PATH_MAX];
	struct stat st;
	size_t base;

	if (stat(to, &st) || !S_ISDIR(st.st_mode))
		return copy_any(from, to);
	while (len > 1 && from[len - 1] == '/')
		len--;
	for (base = len; base && from[base - 1] != '/'; base--)
		;
	if (snprintf(path, sizeof(path), "%s/%.*s", to, (int)(len - base),
		     from + base) >= (int)sizeof(path)) {
		warn("'%s': %s", to, strerror(ENAMETOOLONG));
		return EXIT_FAILURE;
	}
	return copy_any(from, path);
}

/* ---------------------------------------------------------------------------
 * The command
 */

static const char usage[] =
"Usage: cring-cp [options] SOURCE DEST\n"
"       cring-cp [options] SOURCE... DIRECTORY\n"
"Copy regular files and block devices through /dev/cring.\n"
"\n"
"  -b, --block=BYTES   bytes a read or write; K and M are understood (256K)\n"
"  -d, --direct        bypass the page cache on both sides\n"
"  -n, --no-progress   no progress bar, also on a terminal\n"
"  -q, --depth=N       blocks in flight, 1 to 1024 (16)\n"
"  -r, --recursive     copy directories, and symbolic links as such\n"
"  -s, --sync          have each file on its device before going on\n"
"  -v, --verbose       say at the end how much was copied, and how fast\n"
"  -h, --help          this text\n"
"\n"
"Ctrl-C cancels what is in flight, says which bytes were written and which\n"
"were not, and leaves the file as it is.\n"
"Exit status: 0 all copied; 1 an error; 2 wrong usage; 130 interrupted.\n";

static unsigned int number(const char *arg, const char *what, unsigned int min,
			   unsigned int max)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(arg, &end, 10);
	if (end != arg && (*end == 'k' || *end == 'K'))
		n *= 1024, end++;
	else if (end != arg && (*end == 'm' || *end == 'M'))
		n *= 1024ULL * 1024, end++;
	if (end == arg || *end || errno || *arg == '-' || n < min || n > max) {
		warn("%s must be a number from %u to %u, not '%s'", what, min,
		     max, arg);
		exit(EXIT_USAGE);
	}
	return (unsigned int)n;
}

static void options(int argc, char **argv)
{
	static const struct option longopts[] = {
		{ "block",	 required_argument, NULL, 'b' },
		{ "depth",	 required_argument, NULL, 'q' },
		{ "direct",	 no_argument,	    NULL, 'd' },
		{ "help",	 no_argument,	    NULL, 'h' },
		{ "no-progress", no_argument,	    NULL, 'n' },
		{ "recursive",	 no_argument,	    NULL, 'r' },
		{ "sync",	 no_argument,	    NULL, 's' },
		{ "verbose",	 no_argument,	    NULL, 'v' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	opt.progress = isatty(STDERR_FILENO);
	while ((c = getopt_long(argc, argv, "b:dhnq:rsv", longopts,
				NULL)) >= 0) {
		switch (c) {
		case 'b':
			opt.block = number(optarg, "--block", 1, 1U << 30);
			break;
		case 'd':
			opt.direct = true;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		case 'n':
			opt.progress = false;
			break;
		case 'q':
			opt.depth = number(optarg, "--depth", 1, 1024);
			break;
		case 'r':
			opt.recursive = true;
			break;
		case 's':
			opt.sync = true;
			break;
		case 'v':
			opt.verbose = true;
			break;
		default:
			fputs("Try 'cring-cp --help'.\n", stderr);
			exit(EXIT_USAGE);
		}
	}
	if (argc - optind < 2) {
		warn(argc == optind ? "no files named" : "no destination named");
		fputs("Try 'cring-cp --help'.\n", stderr);
		exit(EXIT_USAGE);
	}
	if (opt.direct && opt.block % DIRECT_ALIGN) {
		warn("with --direct the block must be a multiple of %u bytes",
		     DIRECT_ALIGN);
		exit(EXIT_USAGE);
	}
}

/*
 * The two signals are blocked except while waiting, so that none can slip in
 * between the look at the flag and the wait.
 */
static void catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t both;

	sigemptyset(&sa.sa_mask);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigemptyset(&both);
	sigaddset(&both, SIGINT);
	sigaddset(&both, SIGTERM);
	sigprocmask(SIG_BLOCK, &both, &wait_mask);
	sigdelset(&wait_mask, SIGINT);
	sigdelset(&wait_mask, SIGTERM);
}

static void set_up(void)
{
	unsigned char *memory;
	size_t stride = ((size_t)opt.block + DIRECT_ALIGN - 1) &
			~(size_t)(DIRECT_ALIGN - 1);
	unsigned int i;
	int ret;

	ret = cring_queue_init(opt.depth, &ring, 0);
	if (ret < 0) {
		warn("%s: %s%s", CRING_DEVICE, strerror(-ret),
		     ret == -ENOENT ? " (is the module loaded?)" : "");
		exit(EXIT_FAILURE);
	}
	slots = calloc(opt.depth, sizeof(*slots));
	if (!slots || posix_memalign((void **)&memory, DIRECT_ALIGN,
				     stride * opt.depth)) {
		warn("no memory for %u blocks of %u bytes", opt.depth,
		     opt.block);
		exit(EXIT_FAILURE);
	}
	for (i = 0; i < opt.depth; i++)
		slots[i].buf = memory + i * stride;
}

int main(int argc, char **argv)
{
	int status = EXIT_SUCCESS;
	struct stat st;
	const char *to;
	double seconds;
	long long start;
	int i;

	options(argc, argv);
	to = argv[argc - 1];
	if (argc - optind > 2 && (stat(to, &st) || !S_ISDIR(st.st_mode))) {
		warn("'%s' is not a directory", to);
		return EXIT_USAGE;
	}
	set_up();
	catch_signals();

	start = now_ns();
	for (i = optind; i < argc - 1 && !interrupted; i++) {
		int ret = copy_arg(argv[i], to);

		if (ret)
			status = ret;
		if (cring_in_flight(&ring))
			break;
	}
	seconds = (double)(now_ns() - start) / 1e9;
	if (opt.verbose)
		fprintf(stderr,
			"%llu files, %.1f MiB in %.1f s, %.1f MiB/s\n",
			total_files, (double)total_bytes / 1048576, seconds,
			(double)total_bytes / 1048576 / seconds);
	cring_queue_exit(&ring);
	return interrupted ? EXIT_INTR : status;
}
