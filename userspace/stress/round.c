// SPDX-License-Identifier: MIT
/*
 * One round: the rings and threads of a script, and what must be true when all
 * of them are through.
 */
#include <signal.h>
#include <sys/prctl.h>

#include "stress.h"

/* for what is in flight to end; in tries, of which a machine that is stopped makes none */
#define TRY_NS		100000000LL
#define TRIES		1200

struct box boxes[BOXES];
static pthread_t threads[THREADS];
static pthread_barrier_t through;

static void box_open(struct box *b, const struct script *s)
{
	struct cring_params p = { .flags = CRING_SETUP_CQSIZE, .cq_entries = CQ_ENTRIES,
				  .detached = 8 };
	struct iovec iov = { .iov_len = (size_t)SLOTS * ROOM };
	int nr = b - boxes, i, ret;
	uint64_t rng = s->seed + nr;

	memset(b, 0, sizeof(*b));
	pthread_mutex_init(&b->lock, NULL);
	if (pick(&rng, 2))
		p.window = 4;
	b->may_drain = pick(&rng, 4) == 0;
	ret = cring_queue_init_params(ENTRIES, &b->ring, &p);
	if (ret)
		wrong(NULL, NULL, "no ring");
	b->bufs = aligned_alloc(4096, iov.iov_len);
	iov.iov_base = b->bufs;
	/* one that may sleep, if there is one */
	b->out = nr ? -1 : open("/mnt", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (b->out < 0)
		b->out = memfd_create("stress", MFD_CLOEXEC);
	if (!b->bufs || cring_register_buffers(&b->ring, &iov, 1) ||
	    cring_register_files(&b->ring, &things.file, 1) || b->out < 0 ||
	    ftruncate(b->out, (off_t)SLOTS * ROOM) || pipe(b->pipe) || pipe(b->silent) ||
	    fcntl(b->pipe[1], F_SETFL, O_NONBLOCK))
		wrong(NULL, NULL, "no buffers, or no files");
	for (i = 0; i < SLOTS; i++)
		b->ops[i].buf = b->bufs + (size_t)i * ROOM;
}

/* what would last must not fill all of it for ever */
static void make_room(struct box *b, struct actor *a)
{
	if (cring_in_flight(&b->ring) < CQ_ENTRIES - 8)
		return;
	feed(b, &a->rng);
	cancel_silent(b, a);
}

static void act(struct actor *a, const struct step *step)
{
	struct box *b;

	/* what it does must not depend on what was done before it */
	a->rng = step->arg;
	b = &boxes[a->nr < a->script->boxes ? a->nr : pick(&a->rng, a->script->boxes)];
	switch (step->verb) {
	case QUEUE:
		queue_some(b, &a->rng);
		break;
	case CHAIN:
		queue_chain(b, &a->rng);
		break;
	case BURST:
		burst(b, &a->rng);
		make_room(b, a);
		break;
	case SUBMIT:
		submit(b, &a->rng);
		make_room(b, a);
		break;
	case REAP:
		reap(b, 1 + pick(&a->rng, CQ_ENTRIES));
		break;
	case FEED:
		feed(b, &a->rng);
		break;
	case CANCEL_KEYS:
		cancel_keys(b, a);
		break;
	case UNTIL_GONE:
		cancel_until_gone(b, a);
		break;
	case CANCEL_ALL:
		cancel_all(b, a);
		break;
	case SCOPE:
		cancel_scope(a);
		break;
	case SEAL:
		seal(b, a);
		break;
	case REOPEN:
		reopen(b, a);
		break;
	case MOVE:
		move_deadline(b, a);
		break;
	case WINDOW:
		register_window(b, &a->rng);
		break;
	case SIGNAL:
		pthread_kill(threads[pick(&a->rng, a->script->threads)], SIGUSR1);
		break;
	case STRANGER:
		be_a_stranger(b);
		break;
	case REMAP:
		map_again(b);
		break;
	case NAP:
		sleep_us(pick(&a->rng, 300));
		break;
	case DIE:
		die_somehow(&a->rng);
	}
}

static void *actor(void *arg)
{
	struct actor *a = arg;
	unsigned int i;

	for (i = 0; i < a->script->nr; i++)
		if (a->script->steps[i].thread == a->nr) {
			act(a, &a->script->steps[i]);
			count(progress, 1);
		}
	/* who is joined cannot be sent a signal */
	pthread_barrier_wait(&through);
	return NULL;
}

/* those that succeeded without a CQE */
static unsigned int skipped(const struct box *b)
{
	const struct op *op;
	unsigned int n = 0;

	for (op = b->ops; op < b->ops + SLOTS; op++)
		n += op->phase == IN_FLIGHT && op->skip;
	return n;
}

static void end_what_is_in_flight(struct box *b)
{
	struct cring_cancel_key key;
	int ret = -ETIME, i;

	for (i = 0; i < TRIES && ret == -ETIME; i++) {
		key = cring_key_any(CRING_ASYNC_CANCEL_ALL);
		ret = cring_cancel_sync_many(&b->ring, &key, 1, CRING_CANCEL_WAIT, TRY_NS);
	}
	if (ret)
		wrong(b, NULL, "what is in flight does not end");
}

/* what is in flight ends, and then all adds up */
static void box_end(struct box *b)
{
	unsigned char left[4096];
	struct op *op;
	int ret;

	for (op = b->ops; op < b->ops + SLOTS; op++)
		op->names++;
	end_what_is_in_flight(b);
	/* cancels behind a drain are not meant by it */
	while (cring_in_flight(&b->ring)) {
		reap(b, CQ_ENTRIES);
		cring_enter(&b->ring, 0, cring_in_flight(&b->ring) ? 1 : 0);
	}
	reap(b, CQ_ENTRIES);
	if (b->ended + skipped(b) != b->accepted)
		wrong(b, NULL, "CQEs are missing");
	if (b->ring.shared->accepted != b->accepted)
		wrong(b, NULL, "the counts do not agree");
	count(&tally->skipped, skipped(b));
	for (op = b->ops; op < b->ops + SLOTS; op++)
		oracle_look_back(b, op);
	fcntl(b->pipe[0], F_SETFL, O_NONBLOCK);
	while ((ret = read(b->pipe[0], left, sizeof(left))) > 0)
		b->pipe_out += ret;
	if (b->pipe_in != b->pipe_out)
		wrong(b, NULL, "bytes of the pipe were lost, or made up");
	cring_queue_exit(&b->ring);
	for (op = b->ops; op < b->ops + SLOTS; op++)
		oracle_look_back(b, op);
}

static void on_signal(int nr)
{
	(void)nr;
}

/**
 * round_run - run a script
 * @s: the script
 *
 * Returns when all was right; else the process ends, and has told why.
 */
void round_run(const struct script *s)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct actor actors[THREADS];
	unsigned int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigaction(SIGUSR1, &sa, NULL);
	for (i = 0; i < s->boxes; i++)
		box_open(&boxes[i], s);
	pthread_barrier_init(&through, NULL, s->threads);
	for (i = 0; i < s->threads; i++) {
		actors[i] = (struct actor) { .script = s, .nr = i };
		threads[i] = pthread_self();
	}
	for (i = 0; i < s->threads; i++)
		if (pthread_create(&threads[i], NULL, actor, &actors[i]))
			wrong(NULL, NULL, "no thread");
	for (i = 0; i < s->threads; i++)
		pthread_join(threads[i], NULL);
	for (i = 0; i < s->boxes; i++)
		box_end(&boxes[i]);
}
