/* SPDX-License-Identifier: MIT */
/*
 * What the fault injection tests share.  A fault is put into the Nth place where
 * the kernel asks for one on behalf of the calling thread (/proc/self/fail-nth):
 * an allocation from a slab or of pages, or a copy from or to user space.  A walk
 * takes N from 1 on until nothing is left to fail.  For every fault the kernel
 * logs who called; the innermost function of the module there is the site.
 *
 * Needs the whole kernel log of a fault, so it is the only thing that reads it.
 */
#ifndef CRING_TESTS_FAULT_UTIL_H
#define CRING_TESTS_FAULT_UTIL_H

#include "util.h"
#include "cancel_util.h"
#include "life_util.h"

#define DEBUGFS		"/sys/kernel/debug/"
#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define NO_FAULTS	"no fault injection in this kernel"
#define PRINTK		"/proc/sys/kernel/printk"

#define MAX_SITES	256
/* A walk that is longer does not get on. */
#define MAX_NTH		5000

enum { FAULT_SLAB, FAULT_PAGE, FAULT_COPY, FAULT_KINDS };

static const char *const fault_dirs[FAULT_KINDS] = {
	"failslab", "fail_page_alloc", "fail_usercopy",
};

struct fault_site {
	char where[80];		/* function+offset, in the module */
	unsigned char kind;
	unsigned int times;
};

struct faults {
	int nth, log;		/* fail-nth of this thread, /dev/kmsg */
	char printk[64];	/* as it was */
	struct fault_site site[MAX_SITES];
	unsigned int nr_sites;
	unsigned int injected, unseen;	/* faults; those that were not logged */
	int kind;		/* of the last one; -1: not logged, FAULT_KINDS: none */
};

static inline int fault_attr(int kind, const char *name, const char *val)
{
	char path[128];

	snprintf(path, sizeof(path), DEBUGFS "%s/%s", fault_dirs[kind], name);
	return write_str(path, val);
}

static inline bool fault_kernel(void)
{
	int i;

	for (i = 0; i < FAULT_KINDS; i++)
		if (fault_attr(i, "probability", "0"))
			return false;
	return !access(FAIL_NTH, W_OK);
}

/* Only copies can fail; or everything. */
static inline void fault_only_copies(bool only)
{
	fault_attr(FAULT_SLAB, "ignore-gfp-wait", only ? "Y" : "N");
	fault_attr(FAULT_PAGE, "ignore-gfp-wait", only ? "Y" : "N");
}

/* Everything can fail from here on, once it is asked to. */
static inline void t_faults_init(struct __test_metadata *_metadata,
				 struct faults *f)
{
	static const char *const fail[][2] = {
		{ "verbose", "2" }, { "verbose_ratelimit_interval_ms", "0" },
		{ "times", "-1" }, { "space", "0" }, { "interval", "1" },
		{ "task-filter", "1" },
	};
	size_t i, k;

	memset(f, 0, sizeof(*f));
	for (k = 0; k < FAULT_KINDS; k++)
		for (i = 0; i < ARRAY_LEN(fail); i++)
			ASSERT_EQ(0, fault_attr(k, fail[i][0], fail[i][1]));
	fault_only_copies(false);
	ASSERT_EQ(0, fault_attr(FAULT_PAGE, "ignore-gfp-highmem", "N"));
	ASSERT_EQ(0, fault_attr(FAULT_PAGE, "min-order", "0"));
	f->nth = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	f->log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ASSERT_GE(f->nth, 0);
	ASSERT_GE(f->log, 0);
	ASSERT_GE(lseek(f->log, 0, SEEK_END), 0);
	/* Who called is for us, and not for a slow console. */
	read_str(PRINTK, f->printk, sizeof(f->printk));
	ASSERT_EQ(0, write_str(PRINTK, "5 7 1 7"));
}

static inline void faults_exit(struct faults *f)
{
	int i;

	for (i = 0; i < FAULT_KINDS; i++) {
		fault_attr(i, "probability", "0");
		fault_attr(i, "verbose", "0");
	}
	if (f->printk[0])
		write_str(PRINTK, f->printk);
	close(f->nth);
	close(f->log);
}

static inline void fault_met(struct faults *f, int kind, const char *where)
{
	struct fault_site *s = f->site;
	unsigned int i;

	for (i = 0; i < f->nr_sites; i++)
		if (s[i].kind == kind && !strcmp(s[i].where, where))
			break;
	if (i == MAX_SITES)
		return;
	if (i == f->nr_sites) {
		snprintf(s[i].where, sizeof(s[i].where), "%s", where);
		s[i].kind = (unsigned char)kind;
		f->nr_sites++;
	}
	s[i].times++;
}

/* Reads what was logged: how many faults there were. */
static inline unsigned int faults_read(struct faults *f)
{
	unsigned int nr = 0;
	char rec[2048];
	int kind = -1;
	bool found = true;
	ssize_t n;

	f->kind = -1;
	while ((n = read(f->log, rec, sizeof(rec) - 1)) > 0 || errno == EPIPE) {
		char *text, *p;

		if (n <= 0)
			continue;
		rec[n] = 0;
		text = strchr(rec, ';');
		p = strstr(rec, "forcing a failure");
		if (p) {
			for (kind = 0; kind < FAULT_KINDS - 1; kind++) {
				char name[32];

				snprintf(name, sizeof(name), "name %s,",
					 fault_dirs[kind]);
				if (strstr(p, name))
					break;
			}
			f->kind = kind;
			found = false;
			nr++;
			continue;
		}
		p = text ? strstr(text, " [cring]") : NULL;
		if (found || !p || text[1] != ' ' || text[2] == '?')
			continue;
		*p = 0;
		fault_met(f, kind, text + 2);
		found = true;
	}
	return nr;
}

/* The next @nth'th thing to fail that this thread asks for. */
static inline void fault_arm(struct faults *f, unsigned int nth)
{
	char s[16];
	int len = snprintf(s, sizeof(s), "%u", nth);

	if (pwrite(f->nth, s, len, 0) != len)
		abort();
}

/* How many more would have been asked for; 0 when the fault has happened. */
static inline unsigned int fault_left(struct faults *f)
{
	char s[16] = "";
	/* Reading copies, too: that may be the place. */
	unsigned int left = pread(f->nth, s, sizeof(s) - 1, 0) > 0 ?
			    (unsigned int)strtoul(s, NULL, 10) : 1;

	while (pwrite(f->nth, "0", 1, 0) != 1)
		;
	return left;
}

/* Whether the fault has happened; there is none ahead after this. */
static inline bool fault_disarm(struct faults *f)
{
	if (fault_left(f)) {
		faults_read(f);
		return false;
	}
	f->injected++;
	if (!faults_read(f))
		f->unseen++;
	return true;
}

static inline void t_faults_told(struct __test_metadata *_metadata,
				 struct faults *f, unsigned int least)
{
	unsigned int i;

	for (i = 0; i < f->nr_sites; i++)
		TH_LOG("%s: %s, %u times", fault_dirs[f->site[i].kind],
		       f->site[i].where, f->site[i].times);
	TH_LOG("%u faults at %u sites of the module, %u not logged",
	       f->injected, f->nr_sites, f->unseen);
	EXPECT_GE(f->nr_sites, least);
}
/* Says where faults were met; at least @least places in the module. */
#define expect_sites(f, least)	t_faults_told(_metadata, f, least)

/*
 * Another @nth to try?  How often the kernel asks for memory depends on what it has
 * at hand, so that one miss is not the end, the copies, which could be stepped over
 * for it, come first and by themselves, and then there are two walks.
 */
struct fault_walk {
	unsigned int nth, hits, misses, pass;
};

static inline bool fault_next(struct fault_walk *w, bool hit)
{
	if (!w->nth)
		fault_only_copies(true);
	w->hits += hit;
	w->misses = hit || !w->nth ? 0 : w->misses + 1;
	w->nth++;
	if (w->misses < 3 && w->nth < MAX_NTH)
		return true;
	fault_only_copies(false);
	w->nth = 1;
	w->misses = 0;
	return ++w->pass < 3;
}

/* Does an answer fit the fault that was put in?  Success always does. */
static inline bool fault_fits(const struct faults *f, int ret)
{
	if (ret >= 0)
		return true;
	switch (f->kind) {
	case FAULT_SLAB:
	case FAULT_PAGE:
		return ret == -ENOMEM;
	case FAULT_COPY:
		return ret == -EFAULT;
	case FAULT_KINDS:
		return false;
	default:
		return ret == -ENOMEM || ret == -EFAULT;
	}
}

#endif /* CRING_TESTS_FAULT_UTIL_H */
