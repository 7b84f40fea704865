// SPDX-License-Identifier: GPL-2.0
/*
 * Registered resources: fixed files, the eventfd, and the table of them all.
 *
 * Registering is serialised by cring_ring.submit_mutex.  An operation takes
 * its own reference to a file or buffer when it is accepted, so unregistering
 * never waits for operations and never pulls anything from under them.
 *
 * The table of files also changes under cring_ring.lock, because a cancel looks
 * into it while somebody sleeps with the mutex, and because a ring that is
 * closed lets go of its files without waiting for the mutex.
 */
#include <linux/bits.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "cring.h"

/* ---------------------------------------------------------------------------
 * Fixed files
 */

/* the file for a slot; NULL for -1 */
static struct file *cring_slot_file(s32 fd)
{
	struct file *file;

	if (fd == -1)
		return NULL;
	file = fget(fd);
	if (file && cring_file_is_ring(file)) {
		fput(file);
		file = NULL;
	}
	return file ?: ERR_PTR(-EBADF);
}

static void cring_files_free(struct file **files, u32 nr)
{
	while (nr)
		if (files[--nr])
			fput(files[nr]);
	kvfree(files);
}

static int cring_register_files(struct cring_ring *ring,
				const struct cring_register *reg)
{
	s32 __user *fds = u64_to_user_ptr(reg->addr);
	struct file **files;
	int ret = 0;
	s32 fd;
	u32 i;

	/* who closes the ring may take it away now, but gives us none */
	if (READ_ONCE(ring->files))
		return -EBUSY;
	if (!reg->nr || reg->nr > CRING_MAX_FIXED_FILES)
		return -EINVAL;

	files = kvcalloc(reg->nr, sizeof(*files), GFP_KERNEL_ACCOUNT);
	if (!files)
		return -ENOMEM;
	for (i = 0; i < reg->nr; i++) {
		struct file *file;

		ret = get_user(fd, fds + i);
		if (ret)
			goto err;
		file = cring_slot_file(fd);
		if (IS_ERR(file)) {
			ret = PTR_ERR(file);
			goto err;
		}
		files[i] = file;
	}

	spin_lock_irq(&ring->lock);
	if (ring->shut) {
		ret = -EBADFD;
	} else {
		ring->files = files;
		ring->nr_files = reg->nr;
	}
	spin_unlock_irq(&ring->lock);
	if (!ret)
		return 0;
err:
	cring_files_free(files, i);
	return ret;
}

/**
 * cring_rsrc_put_files - let go of the fixed files
 * @ring: whose; from now on it has none
 *
 * Also for a ring that still exists: a file may hold what keeps the ring, as a
 * socket does in which the ring's own descriptor is under way.
 *
 * Context: may sleep; takes no mutex.
 * Return: whether there were any.
 */
bool cring_rsrc_put_files(struct cring_ring *ring)
{
	struct file **files;
	u32 nr;

	spin_lock_irq(&ring->lock);
	files = ring->files;
	nr = ring->nr_files;
	ring->files = NULL;
	ring->nr_files = 0;
	spin_unlock_irq(&ring->lock);

	if (!files)
		return false;
	cring_files_free(files, nr);
	return true;
}

static int cring_unregister_files(struct cring_ring *ring,
				  const struct cring_register *reg)
{
	return cring_rsrc_put_files(ring) ? 0 : -ENXIO;
}

/* is there a table, with these slots? */
static int cring_files_check(struct cring_ring *ring, u32 offset, u32 nr)
{
	int ret = 0;

	spin_lock_irq(&ring->lock);
	if (!ring->files)
		ret = -ENXIO;
	else if (offset > ring->nr_files || nr > ring->nr_files - offset)
		ret = -EINVAL;
	spin_unlock_irq(&ring->lock);
	return ret;
}

static int cring_update_slot(struct cring_ring *ring, u32 slot, s32 fd)
{
	struct file *file = cring_slot_file(fd);
	int ret = 0;

	if (IS_ERR(file))
		return PTR_ERR(file);

	/* the table may have gone, but cannot have become another one */
	spin_lock_irq(&ring->lock);
	if (ring->files)
		swap(ring->files[array_index_nospec(slot, ring->nr_files)],
		     file);
	else
		ret = -ENXIO;
	spin_unlock_irq(&ring->lock);

	if (file)
		fput(file);
	return ret;
}

static int cring_update_files(struct cring_ring *ring,
			      const struct cring_register *reg)
{
	s32 __user *fds = u64_to_user_ptr(reg->addr);
	int ret;
	s32 fd;
	u32 i;

	ret = cring_files_check(ring, reg->offset, reg->nr);
	if (ret)
		return ret;
	if (!reg->nr)
		return -EINVAL;

	for (i = 0; i < reg->nr; i++) {
		ret = get_user(fd, fds + i);
		if (!ret)
			ret = cring_update_slot(ring, reg->offset + i, fd);
		if (ret)
			break;
	}
	return i ? (int)i : ret;
}

/* ---------------------------------------------------------------------------
 * The eventfd
 */

static int cring_register_eventfd(struct cring_ring *ring,
				  const struct cring_register *reg)
{
	s32 __user *fdp = u64_to_user_ptr(reg->addr);
	struct eventfd_ctx *ctx;
	s32 fd;

	if (rcu_access_pointer(ring->eventfd))
		return -EBUSY;
	if (reg->nr != 1)
		return -EINVAL;
	if (get_user(fd, fdp))
		return -EFAULT;
	ctx = eventfd_ctx_fdget(fd);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	rcu_assign_pointer(ring->eventfd, ctx);
	return 0;
}

static int cring_unregister_eventfd(struct cring_ring *ring,
				    const struct cring_register *reg)
{
	struct eventfd_ctx *ctx;

	ctx = rcu_replace_pointer(ring->eventfd, NULL,
				  lockdep_is_held(&ring->submit_mutex));
	if (!ctx)
		return -ENXIO;
	/* completions signal it under RCU alone */
	synchronize_rcu();
	eventfd_ctx_put(ctx);
	return 0;
}

/* ---------------------------------------------------------------------------
 * CRING_IOC_REGISTER
 */

static int cring_unregister_buffers(struct cring_ring *ring,
				    const struct cring_register *reg)
{
	return cring_bufs_put(ring) ? 0 : -ENXIO;
}

#define CRING_REGF_ARRAY	BIT(0)	/* takes @nr and @addr */
#define CRING_REGF_OFFSET	BIT(1)	/* takes @offset */
#define CRING_REGF_NR		BIT(2)	/* takes @nr */

static const struct {
	int (*run)(struct cring_ring *ring, const struct cring_register *reg);
	unsigned int flags;
} cring_registers[] = {
	[CRING_REGISTER_BUFFERS] = {
		cring_register_buffers, CRING_REGF_ARRAY
	},
	[CRING_UNREGISTER_BUFFERS] = {
		cring_unregister_buffers
	},
	[CRING_REGISTER_FILES] = {
		cring_register_files, CRING_REGF_ARRAY
	},
	[CRING_UNREGISTER_FILES] = {
		cring_unregister_files
	},
	[CRING_REGISTER_EVENTFD] = {
		cring_register_eventfd, CRING_REGF_ARRAY
	},
	[CRING_UNREGISTER_EVENTFD] = {
		cring_unregister_eventfd
	},
	[CRING_REGISTER_FILES_UPDATE] = {
		cring_update_files, CRING_REGF_ARRAY | CRING_REGF_OFFSET
	},
	[CRING_REGISTER_WINDOW] = {
		cring_register_window, CRING_REGF_NR
	},
	[CRING_REGISTER_RESTRICT] = {
		cring_restrict_add, CRING_REGF_ARRAY
	},
};

/**
 * cring_register_known - is there such a thing to register?
 * @opcode: any
 *
 * Context: any.
 * Return: true when there is.
 */
bool cring_register_known(u32 opcode)
{
	if (opcode >= ARRAY_SIZE(cring_registers))
		return false;
	opcode = array_index_nospec(opcode, ARRAY_SIZE(cring_registers));
	return cring_registers[opcode].run;
}

/**
 * cring_register_ioctl - CRING_IOC_REGISTER
 * @ring: whose resources
 * @arg: struct cring_register in user space
 *
 * Context: a thread of the owner, without locks.
 * Return: 0 or, for FILES_UPDATE, how many slots were updated; else -EFAULT
 *	(bad memory), -EINVAL (bad argument), -EBUSY (there already), -ENXIO
 *	(not there), -EBADF (bad descriptor, or a ring's), -ENOMEM (also: too
 *	much locked memory), -EINTR (a signal), -EBADFD (the ring is closed),
 *	-EACCES (restricted).
 */
int cring_register_ioctl(struct cring_ring *ring, void __user *arg)
{
	struct cring_register reg;
	unsigned int flags;
	u32 op;
	int ret;

	if (copy_from_user(&reg, arg, sizeof(reg)))
		return -EFAULT;
	if (!cring_register_known(reg.opcode) || reg.flags || reg.resv)
		return -EINVAL;
	op = array_index_nospec(reg.opcode, ARRAY_SIZE(cring_registers));
	flags = cring_registers[op].flags;
	if (!(flags & CRING_REGF_ARRAY) && reg.addr)
		return -EINVAL;
	if (!(flags & (CRING_REGF_ARRAY | CRING_REGF_NR)) && reg.nr)
		return -EINVAL;
	if (!(flags & CRING_REGF_OFFSET) && reg.offset)
		return -EINVAL;

	if (mutex_lock_interruptible(&ring->submit_mutex))
		return -EINTR;
	ret = cring_restrict_register(ring, op);
	if (!ret)
		ret = cring_registers[op].run(ring, &reg);
	mutex_unlock(&ring->submit_mutex);
	return ret;
}

/**
 * cring_rsrc_destroy - let go of everything that was registered
 * @ring: nobody registers, submits or completes any more
 *
 * Context: may sleep; also on cring_wq.
 */
void cring_rsrc_destroy(struct cring_ring *ring)
{
	struct eventfd_ctx *ctx = rcu_dereference_protected(ring->eventfd, 1);

	cring_rsrc_put_files(ring);
	cring_bufs_put(ring);
	if (ctx)
		eventfd_ctx_put(ctx);
	RCU_INIT_POINTER(ring->eventfd, NULL);
}
