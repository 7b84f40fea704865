// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/cring: the device node, its file operations, the module.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "cring.h"

unsigned int cring_max_workers = 128;
module_param_named(max_workers, cring_max_workers, uint, 0644);
MODULE_PARM_DESC(max_workers,
		 "operations that a ring runs in workers at once, 1 to 512, for rings that start their workers from now on (default 128)");

struct workqueue_struct *cring_wq;

/* not in the frame of every ioctl: it is large */
static noinline_for_stack long cring_ioctl_setup(struct file *file, void __user *arg)
{
	struct cring_params p;
	int ret;

	if (copy_from_user(&p, arg, sizeof(p)))
		return -EFAULT;
	ret = cring_ring_setup(file, &p);
	if (ret)
		return ret;
	return copy_to_user(arg, &p, sizeof(p)) ? -EFAULT : 0;
}

/**
 * cring_ioctl_new - what may be asked for before there is a ring
 * @file: of /dev/cring
 * @cmd: CRING_IOC_*
 * @arg: a user pointer
 *
 * Context: process; may sleep.
 * Return: as cring_ioctl().
 */
long cring_ioctl_new(struct file *file, unsigned int cmd, void __user *arg)
{
	switch (cmd) {
	case CRING_IOC_SETUP:
		return cring_ioctl_setup(file, arg);
	case CRING_IOC_QUERY:
		return cring_query_ioctl(arg);
	case CRING_IOC_CANCEL:
		return cring_cancel_ioctl(NULL, arg);
	case CRING_IOC_SUBMIT:
	case CRING_IOC_WAIT:
	case CRING_IOC_REGISTER:
	case CRING_IOC_DEADLINE:
		return -EBADFD;
	default:
		return -ENOTTY;
	}
}

/**
 * cring_ioctl_other - what may be asked of a ring, but for a submission
 * @ring: the caller's, or anybody's for %CRING_IOC_QUERY
 * @cmd: CRING_IOC_*
 * @arg: a user pointer
 *
 * Context: process; may sleep.
 * Return: as cring_ioctl().
 */
long cring_ioctl_other(struct cring_ring *ring, unsigned int cmd,
		       void __user *arg)
{
	switch (cmd) {
	case CRING_IOC_WAIT:
		return cring_wait_ioctl(ring, arg);
	case CRING_IOC_CANCEL:
		return cring_cancel_ioctl(ring, arg);
	case CRING_IOC_REGISTER:
		return cring_register_ioctl(ring, arg);
	case CRING_IOC_DEADLINE:
		return cring_deadline_ioctl(ring, arg);
	case CRING_IOC_QUERY:
		return cring_query_ioctl(arg);
	case CRING_IOC_SETUP:
		return -EBUSY;
	default:
		return -ENOTTY;
	}
}

static int cring_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct cring_ring *ring = cring_file_ring(file);

	if (!ring)
		return -EBADFD;
	if (current->mm != ring->mm)
		return -EPERM;
	return cring_ring_mmap(ring, vma);
}

static int cring_same_file(const void *data, struct file *file, unsigned int fd)
{
	return file == data;
}

/* Do all of the process's threads share one table of descriptors? */
static bool cring_one_table(void)
{
	struct task_struct *task;
	bool one = true;

	rcu_read_lock();
	for_each_thread(current, task) {
		struct files_struct *files = READ_ONCE(task->files);

		if (files && files != current->files)
			one = false;
	}
	rcu_read_unlock();
	return one;
}

/* Has the owner's process closed its last descriptor of the ring? */
static bool cring_last_close(struct file *file)
{
	if (current->flags & PF_EXITING)
		return !atomic_read(&current->signal->live) ||
		       file_count(file) == 1;
	if (iterate_fd(current->files, 0, cring_same_file, file))
		return false;
	return cring_one_table() || file_count(file) == 1;
}

/*
 * A descriptor was closed.  The ring ends when the owner exits, or closes its
 * last one; the copy of a forked child, or of a vfork()ed one that has the
 * owner's address space still, is none of that.
 */
static int cring_flush(struct file *file, fl_owner_t id)
{
	struct cring_ring *ring = cring_file_ring(file);

	if (ring && task_tgid(current) == ring->tgid && cring_last_close(file))
		cring_ring_shut(ring);
	return 0;
}

static int cring_release(struct inode *inode, struct file *file)
{
	struct cring_ring *ring = file->private_data;

	if (ring)
		cring_ring_close(ring);
	return 0;
}

static int cring_open(struct inode *inode, struct file *file)
{
	/* the misc device has left itself there */
	file->private_data = NULL;
	return stream_open(inode, file);
}

const struct file_operations cring_fops = {
	.owner = THIS_MODULE,
	.open = cring_open,
	.unlocked_ioctl = cring_ioctl,
	.compat_ioctl = cring_ioctl,
	.mmap = cring_mmap,
	.poll = cring_poll,
	.flush = cring_flush,
	.release = cring_release,
};

static struct miscdevice cring_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "cring",
	.fops = &cring_fops,
	.mode = 0600,
};

static int __init cring_init(void)
{
	int ret;

	BUILD_BUG_ON(sizeof(struct cring_sqe) != 64);
	BUILD_BUG_ON(sizeof(struct cring_cqe) != 16);
	BUILD_BUG_ON(sizeof(struct cring_shared) > PAGE_SIZE);

	cring_wq = alloc_workqueue("cring_life", WQ_UNBOUND, 0);
	if (!cring_wq)
		return -ENOMEM;
	ret = misc_register(&cring_misc);
	if (ret) {
		destroy_workqueue(cring_wq);
		return ret;
	}
	pr_info("cring: ABI version %d, /dev/cring is misc %d\n",
		CRING_ABI_VERSION, cring_misc.minor);
	return 0;
}

static void __exit cring_exit(void)
{
	misc_deregister(&cring_misc);
	/* rings on their way out: the last reference to the module is theirs */
	destroy_workqueue(cring_wq);
	cring_ready_exit();
}

module_init(cring_init);
module_exit(cring_exit);

MODULE_AUTHOR("The cring authors");
MODULE_DESCRIPTION("Rings for block and file I/O whose operations can be cancelled");
MODULE_LICENSE("GPL");
MODULE_ALIAS("devname:cring");
