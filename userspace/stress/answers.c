// SPDX-License-Identifier: MIT
/*
 * The oracle's other half: is what a call has answered true?
 */
#include "oracle.h"

/* it is over, and all that there is to know of it is in the CQ, or reaped */
static void bound(struct box *b, struct op *op, uint32_t tail)
{
	if (!op->bounded || (int32_t)(tail - op->bound) < 0)
		op->bound = tail;
	op->bounded = true;
	check_place(b, op);
}

void oracle_taken(struct box *b, int nr, const unsigned long *seals, const int *sealed,
		  uint32_t tail)
{
	struct op *op;

	b->accepted += nr;
	b->first_ticket += nr;
	for (op = b->ops; op < b->ops + SLOTS; op++) {
		if (op->phase == IDLE || op->ticket + nr < b->first_ticket ||
		    op->ticket >= b->first_ticket)
			continue;
		if (op->phase == QUEUED)
			op->phase = IN_FLIGHT;
		/* C7: unless a link or a drain holds it */
		if (op->kind == CANCEL && !op->linked && !b->drains)
			bound(b, op, tail);
		else if (op->kind != CANCEL &&
			 ((sealed[0] == 2 && seals[0] == b->seals[0]) ||
			  (op->group && sealed[op->group] == 2 &&
			   seals[op->group] == b->seals[op->group])))
			op->sealed = true;
		check_seal(b, op);
	}
}

static void check_reaped(struct box *b, struct op *op, const struct answer *a)
{
	bool over = !a->res || (a->res == -EALREADY && a->waited);

	if (a->reaped && (a->res == -ENOENT || (a->res == -EALREADY && !a->waits)))
		wrong(b, op, "reaped, and not what the answer says");
	/* who named it first has it */
	if (!a->reaped && over && op->reapers == 1 && !op->skip)
		wrong(b, op, "it was not reaped");
}

void oracle_answer(struct box *b, const struct look *look, const struct answer *a)
{
	struct op *op = look->op;
	bool over = !a->res || a->res == -ENOENT || a->waited;

	count(&tally->answers[a->res == 0 ? 0 : a->res == -EALREADY ? 1 : 2], 1);
	if (a->res && a->res != -EALREADY && a->res != -ENOENT)
		wrong(b, op, "not a cancel's answer");
	if (look->phase == ENDED && a->res != -ENOENT)
		wrong(b, op, "cancelled after its CQE had been reaped");
	/*
	 * C4: nobody else has told it, so that it cannot be on its way.  What a drain
	 * has held back may only now be tried.
	 */
	if (a->res == -EALREADY && look->phase == IN_FLIGHT && lasts(op) && !op->async &&
	    op->names == 1 && !b->drains)
		wrong(b, op, "it waits, and was not stopped");
	if (a->reaping)
		check_reaped(b, op, a);
	if (a->res != -ENOENT) {
		if (!op->floored || (int32_t)(a->before - op->floor) > 0)
			op->floor = a->before;
		op->floored = true;
		check_place(b, op);
	}
	/* perhaps it had not been taken; or its CQE is another caller's */
	if (!over || (a->res == -ENOENT && look->phase < TAKEN))
		return;
	if (!a->res)
		op->stopped = true;
	if (op->reapers == a->reaping && !op->skip)
		bound(b, op, a->after);
	/* the buffer is ours, whether we have seen its CQE or not */
	if (!a->res && op->phase != ENDED)
		give_back(op);
}

void oracle_over(struct box *b, const struct look *look, uint32_t tail)
{
	struct op *op = look->op;

	/* what was taken before it, and has its CQE where we look for it */
	if (look->phase >= TAKEN && look->phase != ENDED && !op->reapers && !op->skip)
		bound(b, op, tail);
}
