// SPDX-License-Identifier: MIT
/*
 * Running rounds, some at a time, each a process of its own with a script made
 * from a seed, and what is done about one that fails.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "run.h"
#include "stress.h"

#define LANES		4		/* rounds at a time: a good part of them sleeps */
#define SHRINK_NS	120000000000ULL
#define TELL_NS		60000000000ULL
#define DIES_S		60		/* when it is killed */
#define LOOK_NS		20000000L	/* at a round that has not ended */
#define STILL		15000		/* looks at one that does nothing: it hangs */
#define RESTS		3		/* times as long as it worked, where it is light */

/*
 * Does a round hang?  That is counted in looks and not in time: on a host that is
 * busy this machine may stand still for long, but then nobody looks, either; and
 * when somebody does, others get the processor as well.
 */
struct watch {
	unsigned long *progress;	/* its own: see oracle.h */
	unsigned long seen;		/* when it was last looked at */
	unsigned int still;		/* looks since then */
};

static struct lane {
	pid_t pid;
	uint64_t since;
	struct script script;
	struct watch watch;
	char *told;
} lanes[LANES];

/* what all processes share */
struct shared {
	struct tally tally;
	unsigned long progress[LANES];
	char told[LANES][TOLD];
};

/**
 * stress_begin - before anything else here
 *
 * Return: NULL, or what could not be made.
 */
const char *stress_begin(void)
{
	struct shared *shared;
	const char *missing;
	sigset_t set;
	int i;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED)
		return "memory that processes share";
	tally = &shared->tally;
	for (i = 0; i < LANES; i++) {
		lanes[i].told = shared->told[i];
		lanes[i].watch.progress = &shared->progress[i];
	}
	missing = things_open();
	if (!missing && things.disk < 0)
		printf("no null_blk\n");
	return missing;
}

/**
 * stress_end - the machine is as it was before stress_begin()
 */
void stress_end(void)
{
	things_close();
}

/**
 * stress_tell - print what was counted
 * @ns: in what time
 */
void stress_tell(uint64_t ns)
{
	unsigned int i;

	printf("%lu operations, %lu a second; %lu rounds, %lu of them died\n", tally->ops,
	       tally->ops * 1000 / (ns / 1000000 + 1), tally->rounds, tally->dead);
	for (i = 0; i < KINDS; i++)
		printf("%s%s %lu", i ? ", " : "  ", kind_names[i], tally->kinds[i]);
	printf("\n  ended: %lu -ECANCELED, %lu -ETIME, %lu NOT_STARTED\n", tally->canceled,
	       tally->timed_out, tally->not_started);
	printf("  %lu reaped, %lu without CQE, %lu times full, %lu bytes piped\n", tally->reaped,
	       tally->skipped, tally->full, tally->piped);
	printf("%lu cancels by keys: %lu stopped, %lu -EALREADY, %lu -ENOENT\n", tally->cancels,
	       tally->answers[0], tally->answers[1], tally->answers[2]);
	printf("%lu cancels of all, %lu of the first\n", tally->of_all, tally->of_first);
}

static pid_t round_start(const struct script *s, struct watch *w, char *tell)
{
	pid_t pid;

	tell[0] = 0;
	*w->progress = 0;
	w->seen = 0;
	w->still = 0;
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		snprintf(tell, TOLD, "no process\n");
	if (pid)
		return pid;
	told = tell;
	progress = w->progress;
	round_run(s);
	_exit(0);
}

/* did it go well? @tell says why not */
static bool round_well(const struct script *s, int status, char *tell)
{
	if (tell[0])
		return false;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return true;
	if (script_is_mortal(s) && WIFSIGNALED(status) &&
	    (WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGTERM))
		return true;
	snprintf(tell, TOLD, "it ended with status %x\n", status);
	return false;
}

/* until a child has ended, or it is time to look at what has not */
static void sleep_until_child(void)
{
	const struct timespec ts = { .tv_nsec = LOOK_NS };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigtimedwait(&set, NULL, &ts);
}

/* where each thread of a process is in the kernel */
static void tell_stacks(pid_t pid)
{
	char path[64], buf[4096];
	DIR *dir;
	struct dirent *d;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%d/task/%.16s/stack", pid, d->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? 0 : read(fd, buf, sizeof(buf));
		if (n > 0)
			printf("thread %s:\n%.*s", d->d_name, (int)n, buf);
		if (fd >= 0)
			close(fd);
	}
	if (dir)
		closedir(dir);
}

/* it was killed: it ends soon, though the machine may be busy */
static bool dies(pid_t pid, int *status)
{
	int i;

	for (i = 0; i < DIES_S; i++) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		sleep(1);
	}
	tell_stacks(pid);
	return false;
}

/* a look: has it ended? one that hangs is killed, and must end then */
static bool round_ended(pid_t pid, struct watch *w, int *status, char *tell)
{
	unsigned long seen = __atomic_load_n(w->progress, __ATOMIC_RELAXED);

	if (pid < 0 || waitpid(pid, status, WNOHANG) == pid)
		return true;
	if (seen != w->seen)
		w->still = 0;
	w->seen = seen;
	if (++w->still < STILL)
		return false;
	tell_stacks(pid);
	kill(pid, SIGKILL);
	snprintf(tell, TOLD, "it hangs%s, after %lu steps and CQEs\n",
		 dies(pid, status) ? "" : ", also when it is killed", seen);
	return true;
}

/* so often is a script run to see whether it fails, and what has it said? */
static int tries;
static char *said;
static char first_how[64];

static bool fails(const struct script *s)
{
	int i, status = 0;

	for (i = 0; i < tries; i++) {
		struct watch *w = &lanes[0].watch;
		pid_t pid = round_start(s, w, said);

		while (!round_ended(pid, w, &status, said))
			sleep_until_child();
		if (!round_well(s, status, said) &&
		    (!first_how[0] || !strncmp(said, first_how, strcspn(first_how, "\n"))))
			return true;
	}
	return false;
}

static void failed(struct script *s, char *tell)
{
	static char last[TOLD];
	unsigned int before = s->nr;

	printf("making it shorter ...\n");
	snprintf(first_how, sizeof(first_how), "%s", tell);
	snprintf(last, sizeof(last), "%s", tell);
	said = tell;
	tries = 20;
	if (strncmp(tell, "it hangs", 8) != 0 && fails(s)) {
		shrink(s, fails, now_ns() + SHRINK_NS);
		printf("%u of %u steps are enough:\n", s->nr, before);
	} else {
		printf("It does not fail again so soon; all of it:\n");
	}
	printf("--- script\n");
	script_print(stdout, s);
	printf("--- end\nwrong: %s", last);
}

/**
 * stress_replay - run one script again and again
 * @path: where it is
 * @times: how often
 *
 * Return: true when it never failed.
 */
bool stress_replay(const char *path, int times)
{
	FILE *from = fopen(path, "r");
	static struct script s;
	bool well;

	well = from && script_read(from, &s);
	if (from)
		fclose(from);
	if (!well) {
		printf("no script: %s\n", path);
		return false;
	}
	tries = times;
	said = lanes[0].told;
	well = !fails(&s);
	if (well)
		printf("ok: %d times\n", times);
	else
		printf("wrong: %s", said);
	return well;
}

static void lanes_kill(void)
{
	struct lane *l;

	for (l = lanes; l < lanes + LANES; l++)
		if (l->pid > 0) {
			kill(l->pid, SIGKILL);
			waitpid(l->pid, NULL, 0);
		}
}

/* is the round in this lane over, and was it wrong? */
static bool lane_failed(struct lane *l)
{
	int status = 0;

	if (!l->pid || !round_ended(l->pid, &l->watch, &status, l->told))
		return false;
	l->pid = 0;
	count(&tally->rounds, 1);
	count(&tally->dead, script_is_mortal(&l->script));
	if (round_well(&l->script, status, l->told))
		return false;
	printf("wrong: %sThe script's seed is %llu\n", l->told,
	       (unsigned long long)l->script.seed);
	return true;
}

/* leave the processors to others for a while, after a round that began then */
static void rest(uint64_t since, uint64_t end)
{
	uint64_t now = now_ns(), until = now + RESTS * (now - since);

	while (now < until && now < end) {
		sleep_us(100000);
		now = now_ns();
	}
}

/**
 * stress_run - run rounds until the time is over
 * @seed: of the first one; the next has the next
 * @ns: how long
 * @how: STRESS_GO_ON, STRESS_LIGHT
 *
 * Return: true when all was right.
 */
bool stress_run(uint64_t seed, uint64_t ns, unsigned int how)
{
	uint64_t end = now_ns() + ns, told_at = now_ns();
	unsigned int busy, nr = how & STRESS_LIGHT ? 1 : LANES;
	bool well = true;
	struct lane *l;

	do {
		busy = 0;
		for (l = lanes; l < lanes + nr; l++) {
			if (how & STRESS_LIGHT && l->since && !l->pid)
				rest(l->since, end);
			if (lane_failed(l)) {
				well = false;
				if (!(how & STRESS_GO_ON)) {
					lanes_kill();
					failed(&l->script, l->told);
					return false;
				}
			}
			if (!l->pid && now_ns() < end) {
				script_make(&l->script, seed++);
				l->since = now_ns();
				l->pid = round_start(&l->script, &l->watch, l->told);
			}
			busy += !!l->pid;
		}
		/* a machine that is stopped has told how far it had come */
		if (now_ns() - told_at > TELL_NS) {
			told_at = now_ns();
			printf("%lu operations, up to seed %llu\n", tally->ops,
			       (unsigned long long)seed);
		}
		if (busy)
			sleep_until_child();
	} while (busy);
	return well;
}
