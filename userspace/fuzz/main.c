// SPDX-License-Identifier: MIT
/*
 * A fuzzer of the module's whole surface, for libFuzzer: an input is a list of calls,
 * what of the module they execute is told by KCOV, and an input that the kernel
 * complains of is a crash, as is one after which the ring's counts are wrong.
 *
 * The input that is run is also in /run/input, for the case that the kernel ends the
 * process.
 */
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "kcov.h"
#include "world.h"

#define MAX_CALLS	48
#define MAX_INPUT	4096
#define INPUT		"/run/input"
#define TICK_NS		10000000	/* what sleeps for longer is interrupted */

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static sem_t begin, ended;
static struct input input;
static int tainted = -1;
static unsigned char *copy;	/* of the input: its size, then it */

static void on_tick(int nr)
{
	(void)nr;
}

static timer_t ticks(void)
{
	struct sigevent ev = {
		.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN,
	};
	struct sigaction sa = { .sa_handler = on_tick };
	timer_t timer;

	ev._sigev_un._tid = syscall(SYS_gettid);
	sigaction(SIGRTMIN, &sa, NULL);
	if (timer_create(CLOCK_MONOTONIC, &ev, &timer))
		abort();
	return timer;
}

static bool kernel_complains(void)
{
	static char first[16];
	char now[16] = "";

	if (pread(tainted, now, sizeof(now) - 1, 0) <= 0)
		return false;
	if (!first[0])
		memcpy(first, now, sizeof(first));
	return strcmp(first, now) != 0;
}

static void run(timer_t timer)
{
	static const struct itimerspec on = { { 0, TICK_NS }, { 0, TICK_NS } }, off;
	const char *wrong;
	int i;

	world_open();
	timer_settime(timer, 0, &on, NULL);
	kcov_clear();
	for (i = 0; i < MAX_CALLS && input.at < input.end; i++)
		call(&input);
	timer_settime(timer, 0, &off, NULL);
	wrong = settle();
	world_close();
	kcov_collect();
	if (!wrong && kernel_complains())
		wrong = "the kernel complains";
	if (wrong) {
		fprintf(stderr, "wrong: %s\n", wrong);
		abort();
	}
}

static void *worker(void *arg)
{
	timer_t timer = ticks();

	(void)arg;
	if (!kcov_begin_thread())
		abort();
	for (;;) {
		while (sem_wait(&begin))
			;
		run(timer);
		sem_post(&ended);
	}
}

static void say_how_much(void)
{
	printf("%u places of the module were executed\n", kcov_print("/run/places"));
	fflush(stdout);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *missing;
	pthread_t thread;
	int fd;

	(void)argc;
	(void)argv;
	missing = world_begin();
	if (!missing && !kcov_begin())
		missing = "KCOV";
	if (missing) {
		fprintf(stderr, "fuzz: %s: %m\n", missing);
		exit(2);
	}
	tainted = open("/proc/sys/kernel/tainted", O_RDONLY | O_CLOEXEC);
	fd = open(INPUT, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (kernel_complains() || ftruncate(fd, MAX_INPUT + 4))
		exit(2);
	copy = mmap(NULL, MAX_INPUT + 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	sem_init(&begin, 0, 0);
	sem_init(&ended, 0, 0);
	if (copy == MAP_FAILED || pthread_create(&thread, NULL, worker, NULL))
		exit(2);
	atexit(say_how_much);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t n = size;

	if (size > MAX_INPUT)
		return -1;
	memcpy(copy + 4, data, size);
	memcpy(copy, &n, 4);
	input = (struct input) { data, data + size };
	sem_post(&begin);
	while (sem_wait(&ended))
		;
	return 0;
}
