// SPDX-License-Identifier: MIT
/*
 * Submitting and reaping: each box has one thread that does.
 */
#include "stress.h"

/* slots that may be lost to operations that have no CQE */
#define MAX_SKIPPING	16
/* and to writes that were let go of; more may be under way than that */
#define MAX_UNKNOWN	16

/* the one that was used longest ago, so that what comes late is noticed */
static struct op *free_slot(struct box *b)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		struct op *op = &b->ops[b->next_slot++ % SLOTS];

		if (!op->pins && (op->phase == IDLE || op->phase == ENDED))
			return op;
	}
	return NULL;
}

/* one that means all of a group; one at a time */
static void prepare_cancel_of_all(struct box *b, struct cring_sqe *sqe, uint64_t *rng)
{
	struct meaning m = { BY_GROUP, 1 + pick(rng, GROUPS), false };
	struct op *op;

	cring_prep_cancel_group(sqe, m.value, CRING_ASYNC_CANCEL_ALL);
	b->meanings[ACTORS] = m;
	for (op = b->ops; op < b->ops + SLOTS; op++)
		op->names += op->phase != ENDED && means(&m, op);
}

/* a cancel names something that was queued before it, or is over */
static void prepare_cancel(struct box *b, struct op *op, struct cring_sqe *sqe, uint64_t *rng)
{
	struct op *target;
	unsigned int i = 0;

	if (b->meanings[ACTORS].by == NOTHING && pick(rng, 8) == 0) {
		prepare_cancel_of_all(b, sqe, rng);
		return;
	}
	do
		target = &b->ops[pick(rng, SLOTS)];
	while (++i < 8 && target->phase != QUEUED && target->phase != IN_FLIGHT);
	if (target == op || target->phase == IDLE || target->kind == CANCEL) {
		op->kind = NOP;
		cring_prep_nop(sqe);
		return;
	}
	op->target = target;
	op->late = target->phase == ENDED;
	target->pins++;
	target->names++;
	cring_prep_cancel64(sqe, target->id, 0);
	if (pick(rng, 2)) {
		sqe->cancel_flags |= CRING_ASYNC_CANCEL_TICKET | CRING_ASYNC_CANCEL_USERDATA;
		sqe->off = target->ticket;
	}
}

static void prepare_read(struct op *op, struct cring_sqe *sqe, uint64_t *rng)
{
	bool slot = pick(rng, 4) == 0;

	op->fd = things.file;
	op->len = 1 + pick(rng, ROOM);
	op->off = pick(rng, FILE_SIZE - ROOM);
	if (op->kind == FIXED_READ)
		cring_prep_read_fixed(sqe, slot ? 0 : op->fd, op->buf, op->len, op->off, 0);
	else
		cring_prep_read(sqe, slot ? 0 : op->fd, op->buf, op->len, op->off);
	if (slot)
		sqe->flags |= CRING_SQE_FIXED_FILE;
}

static void prepare(struct box *b, struct op *op, struct cring_sqe *sqe, uint64_t *rng)
{
	static const struct cring_timespec soon = { .tv_nsec = 500000 };
	static const struct cring_timespec never = { .tv_sec = 100000 };

	switch (op->kind) {
	case NOP:
		cring_prep_nop(sqe);
		break;
	case PIPE_READ:
	case SILENT_READ:
		op->len = 1 + pick(rng, 64);
		op->fd = op->kind == PIPE_READ ? b->pipe[0] : b->silent[0];
		cring_prep_read(sqe, op->fd, op->buf, op->len, 0);
		break;
	case FILE_READ:
	case FIXED_READ:
		prepare_read(op, sqe, rng);
		break;
	case FILE_WRITE:
		op->len = ROOM;
		op->off = (op - b->ops) * ROOM;
		op->fd = b->out;
		op->fill = 1 + op->id / 256 % 0x4f;
		memset(op->buf, op->fill, ROOM);
		cring_prep_write(sqe, op->fd, op->buf, op->len, op->off);
		break;
	case DIRECT_READ:
	case DISK_READ:
		op->len = ROOM;
		op->off = (uint64_t)pick(rng, FILE_SIZE / ROOM) * ROOM;
		op->fd = op->kind == DISK_READ ? things.disk : things.direct;
		cring_prep_read(sqe, op->fd, op->buf, op->len, op->off);
		break;
	case FSYNC:
		op->fd = b->out;
		cring_prep_fsync(sqe, op->fd, CRING_FSYNC_DATASYNC);
		break;
	case TIMER:
	case LONG_TIMER:
		cring_prep_timeout(sqe, op->kind == TIMER ? &soon : &never, 0, 0);
		break;
	case POLL:
	case SILENT_POLL:
		op->fd = op->kind == POLL ? b->pipe[0] : b->silent[0];
		cring_prep_poll_add(sqe, op->fd, POLLIN);
		break;
	default:
		prepare_cancel(b, op, sqe, rng);
	}
	op->opcode = sqe->opcode;
}

/* what is over when the call returns, if nothing of it is held back */
static const unsigned char quick[KINDS] = {
	[NOP] = 10, [PIPE_READ] = 1, [FILE_READ] = 3, [FIXED_READ] = 1, [CANCEL] = 1,
};

static const unsigned char every[KINDS] = {
	[NOP] = 14, [PIPE_READ] = 6, [SILENT_READ] = 4, [FILE_READ] = 10, [FIXED_READ] = 4,
	[FILE_WRITE] = 4, [DIRECT_READ] = 3, [DISK_READ] = 5, [FSYNC] = 1, [TIMER] = 3,
	[LONG_TIMER] = 2, [POLL] = 2, [SILENT_POLL] = 2, [CANCEL] = 5,
};

static enum kind pick_kind(uint64_t *rng, const unsigned char *often)
{
	unsigned int n = 0, kind;

	for (kind = 0; kind < KINDS; kind++)
		n += often[kind];
	n = pick(rng, n);
	for (kind = 0; n >= often[kind]; kind++)
		n -= often[kind];
	if ((kind == DISK_READ && things.disk < 0) || (kind == DIRECT_READ && things.direct < 0))
		return FILE_READ;
	return kind;
}

static void decorate(struct box *b, struct op *op, struct cring_sqe *sqe, uint64_t *rng,
		     bool link)
{
	if (op->kind == CANCEL)
		return;
	op->group = pick(rng, GROUPS + 1);
	sqe->group = op->group;
	if (pick(rng, 8) == 0) {
		sqe->flags |= CRING_SQE_ASYNC;
		op->async = true;
	}
	if (pick(rng, 6) == 0) {
		cring_sqe_set_deadline(sqe, pick(rng, 2000000));
		op->timed = true;
	}
	/*
	 * Not behind another in a chain: all of that is refused when it cannot be let
	 * go of.  Few writes, each of which may cost a slot.
	 */
	if (!op->prev && pick(rng, 4) == 0 &&
	    (op->kind == FILE_READ || op->kind == DISK_READ || op->kind == DIRECT_READ ||
	     (op->kind == FILE_WRITE && b->unknown < MAX_UNKNOWN))) {
		cring_sqe_set_detach(sqe);
		op->detach = true;
	}
	if ((op->kind == NOP || op->kind == FILE_READ) && !link && !op->prev &&
	    b->skipping < MAX_SKIPPING && pick(rng, 64) == 0) {
		sqe->flags |= CRING_SQE_CQE_SKIP_SUCCESS;
		op->skip = true;
		b->skipping++;
	}
	if (b->may_drain && !link && !op->prev && !op->skip && !b->draining && pick(rng, 32) == 0) {
		sqe->flags |= CRING_SQE_IO_DRAIN;
		op->drain = true;
		b->draining = op;
		b->drains++;
	}
}

static struct op *queue(struct box *b, uint64_t *rng, const unsigned char *often,
			struct op *prev, bool link, bool hard)
{
	unsigned char *buf;
	struct cring_sqe *sqe;
	struct op *op = free_slot(b);
	unsigned int i;

	sqe = op ? cring_get_sqe(&b->ring) : NULL;
	if (!sqe)
		return NULL;
	oracle_look_back(b, op);
	buf = op->buf;
	*op = (struct op) {
		.id = ++b->next_id << 8 | (op - b->ops), .buf = buf, .fd = -1,
		.ticket = cring_sqe_ticket(&b->ring, sqe),
		.kind = pick_kind(rng, often), .phase = QUEUED, .prev = prev, .linked = prev,
		.hard = prev && hard,
	};
	memset(op->buf, FRESH, ROOM);
	prepare(b, op, sqe, rng);
	decorate(b, op, sqe, rng, link);
	sqe->user_data = op->id;
	if (prev)
		prev->pins++;
	if (link)
		sqe->flags |= hard ? CRING_SQE_IO_HARDLINK : CRING_SQE_IO_LINK;
	/* cancels of all that are under way may mean it */
	for (i = 0; i <= ACTORS; i++) {
		if (!means(&b->meanings[i], op))
			continue;
		op->names += !b->meanings[i].deadline;
		op->timed |= b->meanings[i].deadline;
	}
	if (b->sealed[0] || (op->group && b->sealed[op->group]))
		op->names++;
	return op;
}

void queue_some(struct box *b, uint64_t *rng)
{
	unsigned int n = pick(rng, 2) ? 1 : 1 + pick(rng, 8);

	pthread_mutex_lock(&b->lock);
	while (n-- && queue(b, rng, every, NULL, false, false))
		;
	pthread_mutex_unlock(&b->lock);
}

void queue_chain(struct box *b, uint64_t *rng)
{
	unsigned int n = 2 + pick(rng, 3);
	bool hard = pick(rng, 3) == 0;
	struct op *op = NULL;

	pthread_mutex_lock(&b->lock);
	if (cring_sq_space_left(&b->ring) >= n)
		while (n--) {
			op = queue(b, rng, every, op, n, hard);
			if (op)
				continue;
			/* the last one links to nothing */
			b->ring.sqes[(b->ring.sqe_tail - 1) & b->ring.sq_mask].flags &=
				~(CRING_SQE_IO_LINK | CRING_SQE_IO_HARDLINK);
			break;
		}
	pthread_mutex_unlock(&b->lock);
}

/* @timeout: for one completion; NULL: the call that does not wait */
static void submit_for(struct box *b, const struct cring_timespec *timeout)
{
	unsigned long seals[GROUPS + 1];
	int sealed[GROUPS + 1], ret;
	unsigned int ready;

	pthread_mutex_lock(&b->lock);
	memcpy(seals, b->seals, sizeof(seals));
	memcpy(sealed, b->sealed, sizeof(sealed));
	pthread_mutex_unlock(&b->lock);
	if (timeout)
		ret = cring_enter_timeout(&b->ring, cring_flush_sq(&b->ring), 1, timeout, NULL);
	else
		ret = cring_enter(&b->ring, cring_flush_sq(&b->ring), 0);
	ready = cring_cq_ready(&b->ring);
	pthread_mutex_lock(&b->lock);
	if (ready > CQ_ENTRIES)
		wrong(b, NULL, "more CQEs than the CQ has entries");
	if (ret > 0)
		oracle_taken(b, ret, seals, sealed, cq_tail(b));
	else if (ret == -EBUSY)
		count(&tally->full, 1);
	else if (ret && ret != -ETIME && ret != -EINTR)
		wrong(b, NULL, "submitting failed");
	if (b->ring.shared->sq_head != (uint32_t)b->first_ticket)
		wrong(b, NULL, "the call says that another number was taken");
	pthread_mutex_unlock(&b->lock);
}

void submit(struct box *b, uint64_t *rng)
{
	struct cring_timespec ts = { .tv_nsec = 1000LL * pick(rng, 3000) };

	submit_for(b, pick(rng, 4) ? NULL : &ts);
}

/* many at once, which the submitter itself finishes while others cancel */
void burst(struct box *b, uint64_t *rng)
{
	unsigned int n = 1 + pick(rng, ENTRIES);

	pthread_mutex_lock(&b->lock);
	while (n-- && queue(b, rng, quick, NULL, false, false))
		;
	pthread_mutex_unlock(&b->lock);
	submit_for(b, NULL);
	reap(b, CQ_ENTRIES);
}

void reap(struct box *b, unsigned int max)
{
	struct cring_cqe *cqe, copy;
	uint32_t pos;

	while (max-- && !cring_peek_cqe(&b->ring, &cqe)) {
		copy = *cqe;
		pos = b->ring.shared->cq_head;
		pthread_mutex_lock(&b->lock);
		oracle_cqe(b, &copy, pos, true);
		pthread_mutex_unlock(&b->lock);
		cring_cqe_seen(&b->ring, cqe);
		count(progress, 1);
	}
}

void feed(struct box *b, uint64_t *rng)
{
	unsigned char data[256];
	int ret, i, n = 1 + pick(rng, sizeof(data));

	for (i = 0; i < n; i++)
		data[i] = 1 + pick(rng, 0x4f);
	ret = write(b->pipe[1], data, n);
	if (ret > 0) {
		b->pipe_in += ret;
		count(&tally->piped, ret);
	}
}
