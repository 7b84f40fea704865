/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every difference between the kernels that cring supports, in one place.
 * The CRING_HAVE_* answers come from the compile tests in compat/probes/.
 */
#ifndef _CRING_COMPAT_H
#define _CRING_COMPAT_H

#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fsnotify.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/task_work.h>
#include <linux/uio.h>
#include <linux/writeback.h>

#include "cring_probes.h"

/* all of it is set: a kernel that clears what is on the stack need not */
#ifndef __uninitialized
#if __has_attribute(__uninitialized__)
#define __uninitialized		__attribute__((__uninitialized__))
#else
#define __uninitialized
#endif
#endif

static inline int cring_kiocb_set_rw_flags(struct kiocb *iocb, rwf_t flags,
					   int rw)
{
#ifdef CRING_HAVE_KIOCB_RW_TYPE
	return kiocb_set_rw_flags(iocb, flags, rw);
#else
	return kiocb_set_rw_flags(iocb, flags);
#endif
}

/* what the block layer keeps for the next such operation; see the probe */
#ifdef CRING_HAVE_MEMPOOL_IS_SATURATED
#define CRING_IOCB_CACHE	IOCB_ALLOC_CACHE
#else
#define CRING_IOCB_CACHE	0
#endif

/*
 * The freeze protection of an asynchronous write is taken by whoever calls
 * ->write_iter and given back by the completion.  Newer kernels take it (and
 * give it back when nothing was queued) in vfs_iocb_iter_write().  A frozen
 * file system would block even a write that must not wait.
 */
#ifdef CRING_HAVE_KIOCB_START_WRITE
static inline bool cring_start_write(struct kiocb *iocb, bool nowait)
{
	struct super_block *sb = file_inode(iocb->ki_filp)->i_sb;

	/* asked for, not held: a freeze in between makes the write wait */
	if (nowait) {
		if (!sb_start_write_trylock(sb))
			return false;
		sb_end_write(sb);
	}
	return true;
}

static inline void cring_unstart_write(struct kiocb *iocb)
{
}

static inline void cring_end_write(struct kiocb *iocb)
{
	kiocb_end_write(iocb);
}
#else
static inline bool cring_start_write(struct kiocb *iocb, bool nowait)
{
	struct super_block *sb = file_inode(iocb->ki_filp)->i_sb;

	if (!nowait)
		sb_start_write(sb);
	else if (!sb_start_write_trylock(sb))
		return false;
	/* lockdep: the completion gives it back, from wherever it runs */
	__sb_writers_release(sb, SB_FREEZE_WRITE);
	return true;
}

static inline void cring_end_write(struct kiocb *iocb)
{
	struct super_block *sb = file_inode(iocb->ki_filp)->i_sb;

	__sb_writers_acquired(sb, SB_FREEZE_WRITE);
	sb_end_write(sb);
}

static inline void cring_unstart_write(struct kiocb *iocb)
{
	cring_end_write(iocb);
}
#endif

static inline void cring_eventfd_signal(struct eventfd_ctx *ctx)
{
#ifdef CRING_HAVE_EVENTFD_SIGNAL_1
	eventfd_signal(ctx);
#else
	eventfd_signal(ctx, 1);
#endif
}

static inline void cring_hrtimer_init(struct hrtimer *timer, clockid_t clock,
				      enum hrtimer_restart (*fn)(struct hrtimer *))
{
#ifdef CRING_HAVE_HRTIMER_SETUP
	hrtimer_setup(timer, fn, clock, HRTIMER_MODE_ABS_SOFT);
#else
	hrtimer_init(timer, clock, HRTIMER_MODE_ABS_SOFT);
	timer->function = fn;
#endif
}

/* does anybody watch anything in the file's file system? */
static inline bool cring_file_watched(const struct file *file)
{
	struct super_block *sb = file_inode(file)->i_sb;

#ifdef CRING_HAVE_FSNOTIFY_SB_WATCHERS
	return fsnotify_sb_has_watchers(sb);
#else
	return atomic_long_read(&sb->s_fsnotify_connectors);
#endif
}

static inline void cring_vm_flags_mod(struct vm_area_struct *vma,
				      vm_flags_t set, vm_flags_t clear)
{
#ifdef CRING_HAVE_VM_FLAGS_MOD
	vm_flags_mod(vma, set, clear);
#else
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
#endif
}

/* put a reference to a file unless it is the last; true when it was put */
static inline bool cring_file_put_not_last(struct file *file)
{
#ifdef CRING_HAVE_FILE_REF
	return atomic_long_add_unless(&file->f_ref.refcnt, -1, FILE_REF_ONEREF);
#else
	return atomic_long_add_unless(&file->f_count, -1, 1);
#endif
}

/* take, or put, several references to a file of which there is one */
static inline void cring_file_get_many(struct file *file, unsigned int nr)
{
#ifdef CRING_HAVE_FILE_REF
	atomic_long_add(nr, &file->f_ref.refcnt);
#else
	atomic_long_add(nr, &file->f_count);
#endif
}

static inline void cring_file_put_many(struct file *file, unsigned int nr)
{
	/* the last of them is put as any: it may be the file's last */
#ifdef CRING_HAVE_FILE_REF
	atomic_long_sub(nr - 1, &file->f_ref.refcnt);
#else
	atomic_long_sub(nr - 1, &file->f_count);
#endif
	fput(file);
}

/* an empty file that is nowhere but in memory */
static inline struct file *cring_shmem_file(const char *name, loff_t size)
{
#ifdef CRING_HAVE_SHMEM_VMA_FLAGS
	return shmem_file_setup(name, size, mk_vma_flags(VMA_NORESERVE_BIT));
#else
	return shmem_file_setup(name, size, VM_NORESERVE);
#endif
}

/*
 * Debian exports task_work_add(); where it is missing, what becomes ready
 * while nobody waits goes to the workqueue or makes the ring fd readable.
 */
static inline int cring_task_work_add(struct task_struct *task,
				      struct callback_head *work)
{
#ifdef CRING_HAVE_TASK_WORK
	/* who is told so is on this processor: there is none to be interrupted */
	return task_work_add(task, work, task == current ? TWA_SIGNAL_NO_IPI :
							   TWA_SIGNAL);
#else
	return -ESRCH;
#endif
}

/*
 * Work that the scheduler has for the running task now and then, and that
 * interrupts nobody: it is done on the way to user space, whenever that is.
 */
static inline bool cring_task_work_can_wait(const struct callback_head *work)
{
#ifdef CRING_HAVE_CID_WORK
	if (work == &current->cid_work)
		return true;
#endif
#ifdef CONFIG_NUMA_BALANCING
	if (work == &current->numa_work)
		return true;
#endif
	return false;
}

/* write out what is dirty and not being written; range ends are inclusive */
static inline int cring_start_writeback(struct address_space *mapping,
					loff_t first, loff_t last)
{
#ifdef CRING_HAVE_FILEMAP_FLUSH_RANGE
	return filemap_flush_range(mapping, first, last);
#else
	struct writeback_control wbc = {
		.sync_mode = WB_SYNC_NONE,
		.nr_to_write = LONG_MAX,
		.range_start = first,
		.range_end = last,
	};

	return filemap_fdatawrite_wbc(mapping, &wbc);
#endif
}

#endif /* _CRING_COMPAT_H */
