// SPDX-License-Identifier: GPL-2.0
/*
 * A kernel caller: /dev/cring_caller starts, cancels and waits for operations as
 * a module would, for whoever opens it.  See cring_caller.h.
 */
#include <linux/bvec.h>
#include <linux/cring.h>
#include <linux/cring_kernel.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "cring_caller/cring_caller.h"

/**
 * struct caller - one open file
 * @client: starts its operation
 * @io: the operation
 * @dones: how often it was called back
 * @buf: what it reads to or writes from, a page
 */
struct caller {
	struct cring_client *client;
	struct cring_io *io;
	atomic_t dones;
	char *buf;
};

/* any context */
static void caller_done(struct cring_io *io, void *data)
{
	struct caller *caller = data;

	atomic_inc(&caller->dones);
}

static long caller_rw(struct caller *caller, const struct cring_caller_start *s)
{
	bool write = s->opcode == CRING_OP_WRITE;
	/* pages, not an address: a device may be told to use them */
	struct bio_vec vec = {
		.bv_page = virt_to_page(caller->buf), .bv_len = s->len,
	};
	struct iov_iter iter;
	struct file *file;
	long ret;

	if (s->len > PAGE_SIZE)
		return -EINVAL;
	file = fget(s->fd);
	if (!file)
		return -EBADF;
	iov_iter_bvec(&iter, write ? WRITE : READ, &vec, 1, s->len);
	ret = write ? cring_io_write(caller->io, file, &iter, s->off) :
		      cring_io_read(caller->io, file, &iter, s->off);
	/* it has taken its own reference */
	fput(file);
	return ret;
}

static long caller_start(struct caller *caller, const void __user *arg)
{
	struct cring_caller_start s;
	struct cring_io_args args;

	if (copy_from_user(&s, arg, sizeof(s)))
		return -EFAULT;
	if (s.resv || s.opcode > U8_MAX)
		return -EINVAL;
	if (s.opcode == CRING_OP_READ || s.opcode == CRING_OP_WRITE)
		return caller_rw(caller, &s);
	args = (struct cring_io_args) {
		.opcode = s.opcode,
		.off = s.off,
		.addr = s.addr,
		.len = s.len,
		.flags = s.flags,
	};
	return cring_io_call(caller->io, &args);
}

static long caller_cancel(struct caller *caller, bool atomic)
{
	unsigned long flags;
	bool ours;

	if (!atomic)
		return cring_io_cancelled(caller->io);
	local_irq_save(flags);
	ours = cring_io_cancelled(caller->io);
	local_irq_restore(flags);
	return ours;
}

static long caller_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct caller *caller = file->private_data;

	switch (cmd) {
	case CRING_CALLER_START:
		return caller_start(caller, (void __user *)arg);
	case CRING_CALLER_CANCEL:
		return caller_cancel(caller, arg);
	case CRING_CALLER_WAIT:
		return cring_io_wait(caller->io, msecs_to_jiffies(arg));
	case CRING_CALLER_RESULT:
		return put_user(cring_io_result(caller->io), (s32 __user *)arg);
	case CRING_CALLER_DONES:
		return atomic_read(&caller->dones);
	default:
		return -ENOTTY;
	}
}

static ssize_t caller_read(struct file *file, char __user *to, size_t len,
			   loff_t *pos)
{
	struct caller *caller = file->private_data;

	return simple_read_from_buffer(to, len, pos, caller->buf, PAGE_SIZE);
}

static void caller_free(struct caller *caller)
{
	/* cancels it, and waits: it may be using the page */
	if (caller->client)
		cring_client_destroy(caller->client);
	cring_io_put(caller->io);
	free_page((unsigned long)caller->buf);
	kfree(caller);
}

static int caller_open(struct inode *inode, struct file *file)
{
	struct caller *caller = kzalloc(sizeof(*caller), GFP_KERNEL);
	int ret = -ENOMEM;

	if (!caller)
		return -ENOMEM;
	caller->buf = (char *)get_zeroed_page(GFP_KERNEL);
	if (!caller->buf)
		goto err;
	caller->client = cring_client_create(1);
	if (IS_ERR(caller->client)) {
		ret = PTR_ERR(caller->client);
		caller->client = NULL;
		goto err;
	}
	caller->io = cring_io_alloc(caller->client, caller_done, caller);
	if (!caller->io)
		goto err;
	file->private_data = caller;
	return 0;
err:
	caller_free(caller);
	return ret;
}

static int caller_release(struct inode *inode, struct file *file)
{
	caller_free(file->private_data);
	return 0;
}

static const struct file_operations caller_fops = {
	.owner = THIS_MODULE,
	.open = caller_open,
	.release = caller_release,
	.read = caller_read,
	.unlocked_ioctl = caller_ioctl,
};

static struct miscdevice caller_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "cring_caller",
	.fops = &caller_fops,
	.mode = 0600,
};

module_misc_device(caller_misc);

MODULE_AUTHOR("The cring authors");
MODULE_DESCRIPTION("Sample kernel caller for cring: one operation an open file");
MODULE_LICENSE("GPL");
