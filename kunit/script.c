// SPDX-License-Identifier: GPL-2.0
/*
 * Files that do as they are told; see fixture.h.
 */
#include <linux/anon_inodes.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "fixture.h"

/* --- what methods do --- */

ssize_t script_transfer(struct script *script, struct kiocb *iocb,
			struct iov_iter *iter)
{
	size_t len = iter ? iov_iter_count(iter) : 0, done = 0;
	char byte = 0;

	if (!iter)
		return 0;
	if (iov_iter_rw(iter) == READ)
		done = iov_iter_zero(len, iter);
	else
		while (done < len && copy_from_iter(&byte, 1, iter))
			done++;
	return len && !done ? -EFAULT : done;
}

ssize_t script_try(struct script *script, struct kiocb *iocb,
		   struct iov_iter *iter)
{
	if (!READ_ONCE(script->events))
		return -EAGAIN;
	return script_transfer(script, iocb, iter);
}

ssize_t script_sleep(struct script *script, struct kiocb *iocb,
		     struct iov_iter *iter)
{
	int ret = wait_event_interruptible(script->wq,
					   READ_ONCE(script->let_go));

	return ret ?: script_transfer(script, iocb, iter);
}

ssize_t script_stick(struct script *script, struct kiocb *iocb,
		     struct iov_iter *iter)
{
	wait_event(script->wq, READ_ONCE(script->let_go));
	return script_transfer(script, iocb, iter);
}

ssize_t script_queue(struct script *script, struct kiocb *iocb,
		     struct iov_iter *iter)
{
	unsigned long irqflags;
	ssize_t ret = -EBUSY;

	if (!iocb || is_sync_kiocb(iocb))
		return -EINVAL;
	spin_lock_irqsave(&script->lock, irqflags);
	if (script->nr_queued < SCRIPT_MAX_QUEUED) {
		script->queued[script->nr_queued++] = iocb;
		ret = -EIOCBQUEUED;
	}
	spin_unlock_irqrestore(&script->lock, irqflags);
	return ret;
}

/* --- life --- */

static void script_free(struct kref *kref)
{
	kfree(container_of(kref, struct script, kref));
}

static void script_put(struct script *script)
{
	kref_put(&script->kref, script_free);
}

/* --- the methods --- */

static ssize_t script_enter(struct file *file, struct kiocb *iocb,
			    struct iov_iter *iter)
{
	struct script *script = file->private_data;
	script_fn *run = READ_ONCE(script->run);
	ssize_t ret;

	atomic_inc(&script->calls);
	atomic_inc(&script->inside);
	ret = run(script, iocb, iter);
	atomic_dec(&script->inside);
	return ret;
}

static ssize_t script_iter(struct kiocb *iocb, struct iov_iter *iter)
{
	return script_enter(iocb->ki_filp, iocb, iter);
}

static int script_fsync(struct file *file, loff_t start, loff_t end,
			int datasync)
{
	return script_enter(file, NULL, NULL);
}

static __poll_t script_poll(struct file *file, struct poll_table_struct *pt)
{
	struct script *script = file->private_data;

	poll_wait(file, &script->wq, pt);
	return READ_ONCE(script->events);
}

static int script_release(struct inode *inode, struct file *file)
{
	struct script *script = file->private_data;

	complete_all(&script->released);
	script_put(script);
	return 0;
}

static const struct file_operations script_fops = {
	.owner = THIS_MODULE,
	.read_iter = script_iter,
	.write_iter = script_iter,
	.fsync = script_fsync,
	.release = script_release,
};

static const struct file_operations script_poll_fops = {
	.owner = THIS_MODULE,
	.read_iter = script_iter,
	.write_iter = script_iter,
	.fsync = script_fsync,
	.poll = script_poll,
	.release = script_release,
};

static const struct file_operations script_bare_fops = {
	.owner = THIS_MODULE,
	.release = script_release,
};

/* --- for tests --- */

/* an inode of its own, so that it may be of any type */
static struct file *script_file(struct script *script, umode_t type,
				const struct file_operations *fops)
{
	struct file *file = cring_shmem_file("script", 0);

	if (IS_ERR(file))
		return file;
	file_inode(file)->i_mode = type | 0600;
	file->f_op = fops_get(fops);
	file->private_data = script;
	file->f_mode |= FMODE_PREAD | FMODE_PWRITE;
	file->f_mode &= ~FMODE_NOWAIT;
	return file;
}

static struct file *script_file_of(struct script *script, enum script_kind kind)
{
	struct file *file;

	switch (kind) {
	case SCRIPT_POLL:
		script->run = script_try;
		file = anon_inode_getfile("[script]", &script_poll_fops, script,
					  O_RDWR);
		break;
	case SCRIPT_FIFO:
		script->run = script_try;
		file = script_file(script, S_IFIFO, &script_poll_fops);
		break;
	case SCRIPT_BARE:
		script->run = script_transfer;
		return script_file(script, S_IFCHR, &script_bare_fops);
	case SCRIPT_WORKER:
		script->run = script_sleep;
		return script_file(script, S_IFREG, &script_fops);
	case SCRIPT_FILE:
		script->run = script_transfer;
		file = script_file(script, S_IFREG, &script_fops);
		break;
	default:
		script->run = script_queue;
		file = script_file(script, S_IFREG, &script_fops);
		if (!IS_ERR(file))
			file->f_flags |= O_DIRECT;
		if (!IS_ERR(file))
			file->f_iocb_flags |= IOCB_DIRECT;
		break;
	}
	if (!IS_ERR(file))
		file->f_mode |= FMODE_NOWAIT;
	return file;
}

struct script *script_open(struct live *live, enum script_kind kind)
{
	struct script *script = kzalloc(sizeof(*script), GFP_KERNEL);
	struct file *file;

	KUNIT_ASSERT_NOT_NULL(live->test, script);
	kref_init(&script->kref);
	init_waitqueue_head(&script->wq);
	spin_lock_init(&script->lock);
	init_completion(&script->released);
	script->fd = -1;
	list_add_tail(&script->node, &live->scripts);

	file = script_file_of(script, kind);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(live->test, file);
	/* the file's own */
	kref_get(&script->kref);
	script->file = file;
	script->fd = get_unused_fd_flags(O_CLOEXEC);
	KUNIT_ASSERT_GE(live->test, script->fd, 0);
	fd_install(script->fd, get_file(file));
	return script;
}

void script_close(struct script *script)
{
	if (script->fd >= 0)
		close_fd(script->fd);
	script->fd = -1;
	if (script->file)
		fput(script->file);
	script->file = NULL;
	flush_delayed_fput();
}

bool script_is_released(struct script *script)
{
	return live_until(({
		flush_delayed_fput();
		completion_done(&script->released);
	}));
}

void script_ready(struct script *script, __poll_t events)
{
	WRITE_ONCE(script->events, events);
	wake_up_poll(&script->wq, events);
}

void script_let_go(struct script *script)
{
	WRITE_ONCE(script->let_go, true);
	wake_up_poll(&script->wq, EPOLLHUP);
}

bool script_await(struct script *script, int inside)
{
	return live_until(atomic_read(&script->inside) == inside);
}

bool script_complete(struct script *script, unsigned int nr, long res)
{
	struct kiocb *iocb = NULL;
	unsigned long irqflags;

	spin_lock_irqsave(&script->lock, irqflags);
	if (nr < script->nr_queued)
		swap(iocb, script->queued[nr]);
	spin_unlock_irqrestore(&script->lock, irqflags);
	if (iocb)
		iocb->ki_complete(iocb, res);
	return iocb;
}

/**
 * script_end - the test is over: end what is in its methods and its device
 * @script: not to be used afterwards
 */
void script_end(struct script *script)
{
	unsigned int i;

	/* what a method does from now on ends by itself */
	WRITE_ONCE(script->run, script_transfer);
	script_let_go(script);
	for (i = 0; i < SCRIPT_MAX_QUEUED; i++)
		script_complete(script, i, -EIO);
	script_close(script);
	list_del(&script->node);
	script_put(script);
}
