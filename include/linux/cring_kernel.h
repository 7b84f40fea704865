/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What cring offers to other modules: to be the provider of an operation that
 * programs start with an SQE, and to start, cancel and wait for operations from
 * inside the kernel.  Documentation/kernel-api.rst is the guide to it.
 */
#ifndef _LINUX_CRING_KERNEL_H
#define _LINUX_CRING_KERNEL_H

#include <linux/bits.h>
#include <linux/types.h>

struct cring_call;
struct cring_client;
struct cring_io;
struct cring_provided;
struct file;
struct iov_iter;
struct module;

/* ---------------------------------------------------------------------------
 * Providers
 */

/**
 * typedef cring_cancel_fn - a provider's cancel routine
 * @call: a call whose routine was set; the core has taken its completion
 *
 * Takes back what the provider has under way for the call, or sees to it that
 * it ends soon.  When the provider will not touch the call again it says so
 * with cring_call_put(), here or later; otherwise cring_call_complete() will,
 * and returns false.  When this returns, -ECANCELED is posted.
 *
 * Context: any, also a hard interrupt: may not sleep.  No lock of cring's is
 * held.  May be called by cring_call_set_cancel() itself.
 */
typedef void cring_cancel_fn(struct cring_call *call);

/**
 * struct cring_call - one operation, as its provider sees it
 * @off: from the SQE
 * @addr: from the SQE; of user memory, unless @kernel
 * @len: from the SQE
 * @flags: from the SQE, its op_flags
 * @fd_in: from the SQE
 * @buf_index: from the SQE
 * @ioprio: from the SQE
 * @kernel: it was started by a kernel caller: @addr is what they agreed on
 * @file: with %CRING_PROVIDER_FILE, the file that the SQE's fd names; valid as
 *	long as the call
 * @private: the provider's own, at first NULL
 *
 * The provider ends its part with cring_call_complete() or cring_call_put(), one
 * of them once, and touches the call no more but in its release method.  Its
 * cancel routine may still be running then, for a cancel that was first.
 */
struct cring_call {
	u64 off;
	u64 addr;
	u32 len;
	u32 flags;
	s32 fd_in;
	u16 buf_index;
	u16 ioprio : 15;
	u16 kernel : 1;
	struct file *file;
	void *private;
	/* private: the core's */
	cring_cancel_fn *cancel;
	struct cring_provided *by;
};

/**
 * struct cring_provider - an operation that another module provides
 * @name: for people
 * @owner: the module whose code @issue is; not unloaded while there are calls
 * @opcode: CRING_OP_PROVIDER_FIRST to CRING_OP_PROVIDER_LAST, or 0 for any that
 *	is free; filled in
 * @flags: CRING_PROVIDER_*
 * @issue: start a call.  In the thread that submitted the SQE, or, when it
 *	waited behind another, in one that has its credentials and address space:
 *	may look at user memory, may not wait for anything.  The call may end
 *	before this returns.
 * @release: nobody looks at the call any more, its provider has ended its part
 *	and no cancel routine is running: the place to free @private.  Any
 *	context.  Also of a call that was never issued.  May be NULL.
 */
struct cring_provider {
	const char *name;
	struct module *owner;
	u8 opcode;
	unsigned int flags;
	void (*issue)(struct cring_call *call);
	void (*release)(struct cring_call *call);
	/* private: the core's */
	struct cring_provided *provided;
};

#define CRING_PROVIDER_FILE	BIT(0)	/* sqe->fd names a file */

int cring_provider_register(struct cring_provider *provider);
void cring_provider_unregister(struct cring_provider *provider);

bool cring_call_set_cancel(struct cring_call *call, cring_cancel_fn *fn);
bool cring_call_clear_cancel(struct cring_call *call);
bool cring_call_is_cancelled(const struct cring_call *call);
bool cring_call_complete(struct cring_call *call, s32 res);
void cring_call_put(struct cring_call *call);

/* ---------------------------------------------------------------------------
 * Kernel callers
 */

/**
 * typedef cring_done_fn - an operation has finished
 * @io: the operation; cring_io_result() tells how it ended
 * @data: as given to cring_io_alloc()
 *
 * Context: any, also a hard interrupt: may not sleep.
 */
typedef void cring_done_fn(struct cring_io *io, void *data);

/**
 * struct cring_io_args - what a provider's operation is started with
 * @opcode: the provider's
 * @file: with %CRING_PROVIDER_FILE, the file; else NULL
 * @off: as in struct cring_call, and so are the others
 * @addr: agreed on with the provider, who sees that it is no user's
 * @len: ...
 * @flags: ...
 */
struct cring_io_args {
	u8 opcode;
	struct file *file;
	u64 off;
	u64 addr;
	u32 len;
	u32 flags;
};

struct cring_client *cring_client_create(unsigned int entries);
void cring_client_destroy(struct cring_client *client);

struct cring_io *cring_io_alloc(struct cring_client *client,
				cring_done_fn *done, void *data);
void cring_io_put(struct cring_io *io);
int cring_io_read(struct cring_io *io, struct file *file,
		  struct iov_iter *to, loff_t pos);
int cring_io_write(struct cring_io *io, struct file *file,
		   struct iov_iter *from, loff_t pos);
int cring_io_call(struct cring_io *io, const struct cring_io_args *args);
int cring_io_cancel(struct cring_io *io);
int cring_io_wait(struct cring_io *io, long timeout);
s32 cring_io_result(const struct cring_io *io);

/**
 * cring_io_cancelled - cancel an operation; was it this cancel that ended it?
 * @io: as for cring_io_cancel()
 *
 * Context: any.
 * Return: true when this cancel has stopped it: its cancel routine was called,
 * or it was waiting, and it has finished with -ECANCELED.  False when it was
 * told to stop and will end by itself, has ended, or is another cancel's.
 */
static inline bool cring_io_cancelled(struct cring_io *io)
{
	return !cring_io_cancel(io);
}

#endif /* _LINUX_CRING_KERNEL_H */
