// SPDX-License-Identifier: MIT
/*
 * The oracle's first half: is what came of an operation one of the things that may
 * come of it?
 */
#include <poll.h>

#include "oracle.h"

const char *const kind_names[KINDS] = {
	"NOP", "read of a pipe", "read of a silent pipe", "read", "fixed read", "write",
	"direct read", "read of a disk", "fsync", "timer", "long timer", "poll",
	"silent poll", "cancel"
};

struct tally *tally;
char *told;
unsigned long *progress;
bool dying;

void wrong(struct box *b, struct op *op, const char *what)
{
	/* one at a time: the others' complaints are often its echo */
	static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
	int n;

	while (__atomic_load_n(&dying, __ATOMIC_RELAXED))
		sleep(1);
	pthread_mutex_lock(&once);
	n = snprintf(told, TOLD, "%s\n", what);
	if (b)
		n += snprintf(told + n, TOLD - n,
			      "  %lu accepted, %lu ended, tail %u, %lu drains\n",
			      b->accepted, b->ended, cq_tail(b), b->drains);
	if (op)
		snprintf(told + n, TOLD - n,
			 "  %s, id %llx, ticket %llu, phase %d, group %u, len %u\n"
			 "  names %d, reapers %d, timed %d, sealed %d, async %d, detach %d, skip %d,\n"
			 "  drain %d, linked %d, given %d, stopped %d, bound %d %u, floor %d %u\n"
			 "  its CQE: res %d, flags %x, at %u%s\n",
			 kind_names[op->kind], (unsigned long long)op->id,
			 (unsigned long long)op->ticket, op->phase, op->group, op->len, op->names,
			 op->reapers, op->timed, op->sealed, op->async, op->detach, op->skip,
			 op->drain, op->linked, op->given, op->stopped, op->bounded, op->bound,
			 op->floored, op->floor, op->cqe.res, op->cqe.flags, op->pos,
			 op->in_cq ? "" : " (not in the CQ)");
	_exit(1);
}

bool means(const struct meaning *m, const struct op *op)
{
	if (op->kind == CANCEL)
		return false;
	switch (m->by) {
	case ANYTHING:
		return true;
	case BY_GROUP:
		return op->group == (uint32_t)m->value;
	case BY_FD:
		return op->fd == m->value;
	case BY_OP:
		return op->opcode == m->value;
	default:
		return false;
	}
}

bool lasts(const struct op *op)
{
	return (op->kind == SILENT_READ || op->kind == SILENT_POLL || op->kind == LONG_TIMER) &&
	       !op->timed && !op->linked;
}

static bool reads(const struct op *op)
{
	return op->kind == PIPE_READ || op->kind == SILENT_READ || op->kind == FILE_READ ||
	       op->kind == FIXED_READ || op->kind == DIRECT_READ || op->kind == DISK_READ;
}

bool given_up(const struct op *op)
{
	return op->cqe.res == -ECANCELED || (op->cqe.res == -ETIME && op->kind != TIMER);
}

/* for certain: a timer's -ETIME may be that of its deadline */
static bool started(const struct op *op)
{
	return !given_up(op) && !(op->cqe.res == -ETIME && op->timed);
}

/* its CQE may be in another caller's memory already, which has not told us */
static bool seen(const struct op *op)
{
	return op->phase == ENDED || op->reapers;
}

/* --- buffers and files --- */

/* from here on it is the caller's again */
void give_back(struct op *op)
{
	if (op->given)
		return;
	op->given = true;
	memset(op->buf, OVER, ROOM);
}

static void look_at_file(struct box *b, struct op *op, unsigned char *now)
{
	if (pread(b->out, now, op->len, op->off) != (ssize_t)op->len)
		wrong(b, op, "the file cannot be read");
}

void oracle_look_back(struct box *b, struct op *op)
{
	unsigned char now[ROOM];

	if (op->given && !all_of(op->buf, ROOM, OVER))
		wrong(b, op, "a buffer was written to after it had been given back");
	if (op->phase != ENDED || op->kind != FILE_WRITE || op->unknown)
		return;
	look_at_file(b, op, now);
	if (memcmp(now, b->before[op - b->ops], op->len) != 0)
		wrong(b, op, "a file was written to after its write had ended");
}

static void check_data(struct box *b, struct op *op, unsigned int moved)
{
	unsigned int i;

	/* by a cancel: it may not have moved a thing; oracle_look_back() looks */
	if (op->given)
		return;
	for (i = 0; i < moved && reads(op) && op->kind != DISK_READ; i++)
		if (op->kind == PIPE_READ ? !op->buf[i] || op->buf[i] > 0x4f :
					    op->buf[i] != pattern(op->off + i))
			wrong(b, op, "what was read is not what was there");
	/* a device may have begun to */
	if (op->kind != DISK_READ && op->kind != DIRECT_READ && op->kind != FILE_WRITE &&
	    !all_of(op->buf + moved, ROOM - moved, FRESH))
		wrong(b, op, "more was written to its buffer than it says");
	if (op->cqe.flags & CRING_CQE_F_NOT_STARTED && reads(op) &&
	    !all_of(op->buf, ROOM, FRESH))
		wrong(b, op, "NOT_STARTED, and its buffer has changed");
}

static void check_written(struct box *b, struct op *op, unsigned int moved)
{
	unsigned char *old = b->before[op - b->ops], now[ROOM];

	if (op->detach && given_up(op) && !(op->cqe.flags & CRING_CQE_F_NOT_STARTED)) {
		op->unknown = true;
		op->pins++;
		b->unknown++;
		return;
	}
	look_at_file(b, op, now);
	if (!all_of(now, moved, op->fill))
		wrong(b, op, "what was written is not there");
	if (memcmp(now + moved, old + moved, op->len - moved) != 0)
		wrong(b, op, op->cqe.flags & CRING_CQE_F_NOT_STARTED ?
			     "NOT_STARTED, and the file has changed" :
			     "more was written to the file than it says");
	memcpy(old, now, op->len);
}

/* --- results --- */

/* a soft link behind it breaks: a timer that has expired has failed, too */
static bool failed(const struct op *op)
{
	return op->cqe.res < 0 ||
	       ((reads(op) || op->kind == FILE_WRITE) && op->cqe.res != (int)op->len);
}

static void check_chain(struct box *b, struct op *op)
{
	struct op *prev = op->prev;

	if (!prev || !started(op))
		return;
	/* what is reaped comes to us before what is in the CQ */
	if (!seen(prev) && op->in_cq)
		wrong(b, op, "it was started before the one that it is linked to had ended");
	if (prev->phase == ENDED && failed(prev) && !op->hard)
		wrong(b, op, "it was started though the one that it is linked to had failed");
}

/* one that was cancelled holds nothing back, and its CQE may come a little later */
static bool holds_back(const struct op *drain, const struct op *op)
{
	return drain && drain->ticket < op->ticket && !seen(drain) && !drain->names &&
	       !drain->timed && !drain->sealed;
}

static void check_drain(struct box *b, struct op *op)
{
	struct op *other;

	if (b->draining == op)
		b->draining = NULL;
	if (!started(op) || !op->in_cq)
		return;
	if (holds_back(b->draining, op))
		wrong(b, op, "it has overtaken a drain");
	if (!op->drain)
		return;
	for (other = b->ops; other < b->ops + SLOTS; other++)
		if ((other->phase == QUEUED || other->phase == IN_FLIGHT) && !other->skip &&
		    other->ticket < op->ticket && !other->reapers)
			wrong(b, op, "a drain has overtaken what was before it");
}

static bool link_was_cut(const struct op *op)
{
	const struct op *prev = op->prev;

	if (!prev || !(op->cqe.flags & CRING_CQE_F_NOT_STARTED))
		return false;
	return prev->phase != ENDED ? prev->reapers : prev->cqe.res < (int)prev->len;
}

static void check_given_up(struct box *b, struct op *op)
{
	if (op->cqe.res == -ECANCELED) {
		if (!op->names && !op->sealed && !link_was_cut(op))
			wrong(b, op, "cancelled by nobody");
	} else if (!op->timed) {
		wrong(b, op, "-ETIME without a deadline");
	}
}

/* of a group: how many there were is only known to be no more than fit */
static void check_cancel_of_all(struct box *b, struct op *op)
{
	if (op->cqe.res < 0 || op->cqe.res > SLOTS)
		wrong(b, op, "not a count");
}

static void check_cancel(struct box *b, struct op *op)
{
	struct op *target = op->target;

	if (!target) {
		check_cancel_of_all(b, op);
		return;
	}
	switch (op->cqe.res) {
	case 0:
		if (op->late)
			wrong(b, op, "what was over has been cancelled");
		if (!seen(target))
			wrong(b, op, "its target's CQE is not ahead of its own");
		if (target->phase == ENDED && !given_up(target))
			wrong(b, target, "a cancel answered 0, and it was not cancelled");
		target->stopped = true;
		break;
	case -EALREADY:
		if (op->late)
			wrong(b, op, "what was over is being executed");
		break;
	case -ENOENT:
		if (!seen(target) && !target->skip)
			wrong(b, target, "a cancel did not find what is in flight");
		break;
	default:
		wrong(b, op, "not a cancel's result");
	}
}

static void check_success(struct box *b, struct op *op)
{
	int res = op->cqe.res;

	switch (op->kind) {
	case NOP:
	case FSYNC:
		if (res)
			wrong(b, op, "not 0");
		break;
	case POLL:
		if (!(res > 0 && res & POLLIN))
			wrong(b, op, "not a poll's result");
		break;
	case TIMER:
		if (res != -ETIME)
			wrong(b, op, "not a timer's result");
		break;
	case CANCEL:
		check_cancel(b, op);
		break;
	case SILENT_READ:
	case SILENT_POLL:
	case LONG_TIMER:
		wrong(b, op, "it ended, and nothing has happened");
	default:
		/* no more can be let go of at this time */
		if (res == -EAGAIN && op->detach)
			break;
		if (res <= 0 || res > (int)op->len ||
		    (op->kind != PIPE_READ && res != (int)op->len && !op->names && !op->timed))
			wrong(b, op, "not the result of a read or write");
	}
}

void check_seal(struct box *b, struct op *op)
{
	if (!op->sealed || op->phase != ENDED || (op->cqe.res == -EAGAIN && op->detach))
		return;
	/* of a timer's own time nothing is said */
	if (op->cqe.res == -ETIME && op->timed && op->opcode == CRING_OP_TIMEOUT)
		return;
	if (!(op->cqe.flags & CRING_CQE_F_NOT_STARTED) || !given_up(op))
		wrong(b, op, "it was sealed, and started");
}

/* C3: where the CQE must have been when an answer was given */
void check_place(struct box *b, struct op *op)
{
	if (op->phase != ENDED)
		return;
	if (op->bounded && op->in_cq && (int32_t)(op->pos - op->bound) >= 0)
		wrong(b, op, "its CQE was not there when a cancel had said so");
	if (op->floored && op->in_cq && (int32_t)(op->pos - op->floor) < 0)
		wrong(b, op, "a cancel found it when its CQE had been there");
	if (op->stopped && !given_up(op))
		wrong(b, op, "a cancel answered 0, and it was not cancelled");
}

static void unpin(struct op *op)
{
	if (op)
		op->pins--;
}

void oracle_cqe(struct box *b, const struct cring_cqe *cqe, uint32_t pos, bool in_cq)
{
	struct op *op = &b->ops[cqe->user_data % 256 < SLOTS ? cqe->user_data % 256 : 0];
	unsigned int moved;

	if (op->id != cqe->user_data || op->phase == IDLE)
		wrong(b, op, "a CQE of nothing");
	if (op->phase == ENDED)
		wrong(b, op, "a second CQE");
	op->cqe = *cqe;
	op->pos = pos;
	op->in_cq = in_cq;
	if (cqe->flags & ~CRING_CQE_F_NOT_STARTED)
		wrong(b, op, "unknown flags");
	if (cqe->flags && !given_up(op))
		wrong(b, op, "NOT_STARTED with another result");
	if (given_up(op))
		check_given_up(b, op);
	else if (op->skip && cqe->res >= 0)
		wrong(b, op, "it has a CQE though it has succeeded");
	else
		check_success(b, op);
	moved = cqe->res > 0 && (reads(op) || op->kind == FILE_WRITE) ? cqe->res : 0;
	check_data(b, op, moved);
	if (op->kind == FILE_WRITE)
		check_written(b, op, moved);
	if (op->kind == PIPE_READ)
		b->pipe_out += moved;
	check_chain(b, op);
	check_drain(b, op);
	if (op->kind == CANCEL && !op->target)
		b->meanings[ACTORS].by = NOTHING;
	op->phase = ENDED;
	check_place(b, op);
	check_seal(b, op);
	give_back(op);
	unpin(op->prev);
	unpin(op->target);
	op->prev = NULL;
	op->target = NULL;
	b->ended++;
	count(&tally->ops, 1);
	count(&tally->kinds[op->kind], 1);
	count(&tally->reaped, !in_cq);
	count(&tally->canceled, cqe->res == -ECANCELED);
	count(&tally->timed_out, cqe->res == -ETIME && op->kind != TIMER);
	count(&tally->not_started, !!(cqe->flags & CRING_CQE_F_NOT_STARTED));
}
