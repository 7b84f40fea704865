// SPDX-License-Identifier: GPL-2.0
/*
 * A provider: an operation that completes after a while, and can be cancelled
 * between two moments only.
 *
 *   off       ms until it completes
 *   addr      ms until it can be cancelled
 *   len       ms for which it can be cancelled; 0: until it completes
 *   op_flags  its result
 *
 * Its opcode is in /sys/module/cring_delay/parameters/opcode.
 *
 * One work item takes a call from step to step.  A cancel takes that item off
 * its queue, and the call is over; when it cannot, the step is running, or about
 * to be queued by one, and finds out by itself that it has come too late.  The
 * memory goes with the call, when neither looks at it any more.
 */
#include <linux/cring_kernel.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

enum delay_step {
	DELAY_SET,
	DELAY_CLEAR,
	DELAY_COMPLETE,
};

/**
 * struct delay - one call
 * @work: takes the next step
 * @call: the call
 * @next: the next step
 * @at: when each step is due, in jiffies
 */
struct delay {
	struct delayed_work work;
	struct cring_call *call;
	enum delay_step next;
	unsigned long at[DELAY_COMPLETE + 1];
};

static struct workqueue_struct *delay_wq;

/* any context */
static void delay_cancel(struct cring_call *call)
{
	struct delay *delay = call->private;

	/* else its step does */
	if (cancel_delayed_work(&delay->work))
		cring_call_put(call);
}

/* any context */
static void delay_release(struct cring_call *call)
{
	kfree(call->private);
}

/* nothing of @delay is touched after this: a cancel may have ended the call */
static void delay_queue(struct delay *delay)
{
	unsigned long at = delay->at[delay->next];
	struct cring_call *call = delay->call;
	unsigned long now = jiffies;

	/*
	 * Nobody else queues the item: it is marked as queued by a cancel that
	 * looks for it right now, does not find it, and leaves the call to us.
	 */
	if (!queue_delayed_work(delay_wq, &delay->work,
				time_after(at, now) ? at - now : 0))
		cring_call_put(call);
}

static void delay_step(struct delay *delay)
{
	struct cring_call *call = delay->call;

	switch (delay->next) {
	case DELAY_SET:
		/* before a cancel may look */
		delay->next = delay->at[DELAY_CLEAR] == delay->at[DELAY_COMPLETE] ?
			      DELAY_COMPLETE : DELAY_CLEAR;
		if (!cring_call_set_cancel(call, delay_cancel)) {
			cring_call_put(call);
			return;
		}
		break;
	case DELAY_CLEAR:
		if (!cring_call_clear_cancel(call)) {
			cring_call_put(call);
			return;
		}
		delay->next = DELAY_COMPLETE;
		break;
	case DELAY_COMPLETE:
		/* also when a cancel was first */
		cring_call_complete(call, call->flags);
		return;
	}
	delay_queue(delay);
}

static void delay_work(struct work_struct *work)
{
	delay_step(container_of(to_delayed_work(work), struct delay, work));
}

/* in the submitter's thread: may not wait */
static void delay_issue(struct cring_call *call)
{
	unsigned long now = jiffies;
	struct delay *delay;

	if (call->fd_in || call->buf_index || call->ioprio ||
	    call->off > INT_MAX || call->addr > INT_MAX || call->len > INT_MAX) {
		cring_call_complete(call, -EINVAL);
		return;
	}
	delay = kzalloc(sizeof(*delay), GFP_NOWAIT);
	if (!delay) {
		cring_call_complete(call, -ENOMEM);
		return;
	}
	INIT_DELAYED_WORK(&delay->work, delay_work);
	delay->call = call;
	call->private = delay;
	delay->at[DELAY_COMPLETE] = now + msecs_to_jiffies(call->off);
	delay->at[DELAY_SET] = now + msecs_to_jiffies(call->addr);
	delay->at[DELAY_CLEAR] = delay->at[DELAY_COMPLETE];
	if (call->len && call->addr + call->len < call->off)
		delay->at[DELAY_CLEAR] = now + msecs_to_jiffies(call->addr +
								call->len);
	if (call->addr >= call->off)
		delay->next = DELAY_COMPLETE;
	if (!call->addr || !call->off)
		delay_step(delay);
	else
		delay_queue(delay);
}

static struct cring_provider delay_provider = {
	.name = "delay",
	.owner = THIS_MODULE,
	.issue = delay_issue,
	.release = delay_release,
};

static int delay_opcode;
module_param_named(opcode, delay_opcode, int, 0444);
MODULE_PARM_DESC(opcode, "its opcode, 192 to 255 (default: the first that is free)");

static int __init delay_init(void)
{
	int ret;

	if (delay_opcode < 0 || delay_opcode > U8_MAX)
		return -EINVAL;
	delay_wq = alloc_workqueue("cring_delay", WQ_UNBOUND, 0);
	if (!delay_wq)
		return -ENOMEM;
	delay_provider.opcode = delay_opcode;
	ret = cring_provider_register(&delay_provider);
	if (ret) {
		destroy_workqueue(delay_wq);
		return ret;
	}
	delay_opcode = delay_provider.opcode;
	return 0;
}

static void __exit delay_exit(void)
{
	cring_provider_unregister(&delay_provider);
	/* steps that have ended their call, and not yet returned */
	destroy_workqueue(delay_wq);
}

module_init(delay_init);
module_exit(delay_exit);

MODULE_AUTHOR("The cring authors");
MODULE_DESCRIPTION("Sample provider for cring: completes after a while");
MODULE_LICENSE("GPL");
