/* SPDX-License-Identifier: MIT */
/*
 * cring/register.h: files, buffers, an eventfd, the dispatch window, and what a
 * ring may do.  Part of cring.h.
 */
#ifndef CRING_REGISTER_H
#define CRING_REGISTER_H

#ifndef CRING_H
#error "include cring.h"
#endif

static inline int cring_do_register(struct cring *ring, unsigned int opcode,
				    const void *addr, unsigned int nr,
				    unsigned int offset)
{
	struct cring_register reg;

	memset(&reg, 0, sizeof(reg));
	reg.opcode = opcode;
	reg.addr = (uintptr_t)addr;
	reg.nr = nr;
	reg.offset = offset;
	return cring_ioctl(ring->ring_fd, CRING_IOC_REGISTER, &reg);
}

/**
 * cring_register_buffers - pin memory for READ_FIXED and WRITE_FIXED
 * @ring: the ring
 * @iovecs: the buffers; slot i is iovecs[i]
 * @nr: how many, at most %CRING_MAX_FIXED_BUFFERS
 *
 * Return: 0; -EBUSY when there are some; -ENOMEM over RLIMIT_MEMLOCK; -EFAULT,
 * -EINVAL.
 */
static inline int cring_register_buffers(struct cring *ring,
					 const struct iovec *iovecs,
					 unsigned int nr)
{
	return cring_do_register(ring, CRING_REGISTER_BUFFERS, iovecs, nr, 0);
}

/**
 * cring_unregister_buffers - unpin them, as soon as nothing uses them
 * @ring: the ring
 *
 * Return: 0; -ENXIO when there are none.
 */
static inline int cring_unregister_buffers(struct cring *ring)
{
	return cring_do_register(ring, CRING_UNREGISTER_BUFFERS, NULL, 0, 0);
}

/**
 * cring_register_files - hold files for %CRING_SQE_FIXED_FILE
 * @ring: the ring
 * @files: descriptors; slot i is files[i], empty when -1
 * @nr: how many, at most %CRING_MAX_FIXED_FILES
 *
 * Return: 0; -EBUSY when there are some; -EBADF for a descriptor that is not
 * open, or is a ring; -ENOMEM, -EFAULT, -EINVAL.
 */
static inline int cring_register_files(struct cring *ring, const int *files,
				       unsigned int nr)
{
	return cring_do_register(ring, CRING_REGISTER_FILES, files, nr, 0);
}

/**
 * cring_register_files_update - change some slots
 * @ring: the ring
 * @off: first slot
 * @files: what to put there; -1 empties a slot
 * @nr: how many
 *
 * Operations in flight keep the file that they started with.
 * Return: slots changed; -errno when that is none.
 */
static inline int cring_register_files_update(struct cring *ring,
					      unsigned int off,
					      const int *files,
					      unsigned int nr)
{
	return cring_do_register(ring, CRING_REGISTER_FILES_UPDATE, files, nr,
				 off);
}

/**
 * cring_unregister_files - let go of them
 * @ring: the ring
 *
 * Return: 0; -ENXIO when there are none.
 */
static inline int cring_unregister_files(struct cring *ring)
{
	return cring_do_register(ring, CRING_UNREGISTER_FILES, NULL, 0, 0);
}

/**
 * cring_register_eventfd - be told of completions through an eventfd
 * @ring: the ring
 * @fd: the eventfd; it is signalled once for each batch of CQEs
 *
 * Return: 0; -EBUSY when there is one; -EBADF, -EINVAL.
 */
static inline int cring_register_eventfd(struct cring *ring, int fd)
{
	return cring_do_register(ring, CRING_REGISTER_EVENTFD, &fd, 1, 0);
}

/**
 * cring_unregister_eventfd - no more of that
 * @ring: the ring
 *
 * Return: 0; -ENXIO when there is none.
 */
static inline int cring_unregister_eventfd(struct cring *ring)
{
	return cring_do_register(ring, CRING_UNREGISTER_EVENTFD, NULL, 0, 0);
}

/**
 * cring_register_window - how many direct reads and writes devices get at once
 * @ring: the ring
 * @nr: how many; 0 for no limit
 *
 * What is beyond it waits in the ring, where a cancel stops it with 0 (C15).
 * Return: 0, or -errno.
 */
static inline int cring_register_window(struct cring *ring, unsigned int nr)
{
	return cring_do_register(ring, CRING_REGISTER_WINDOW, NULL, nr, 0);
}

/**
 * cring_restrict_op - admit an operation in a restriction
 * @restrict_to: all zero, or with what was admitted before
 * @op: CRING_OP_*
 */
static inline void cring_restrict_op(struct cring_restrict *restrict_to,
				     unsigned int op)
{
	restrict_to->ops[op / 64 % 4] |= 1ULL << (op % 64);
}

/**
 * cring_restrict_register - admit a registration in a restriction
 * @restrict_to: all zero, or with what was admitted before
 * @opcode: CRING_REGISTER_*, CRING_UNREGISTER_*
 */
static inline void cring_restrict_register(struct cring_restrict *restrict_to,
					   unsigned int opcode)
{
	restrict_to->registers[opcode / 64 % 4] |= 1ULL << (opcode % 64);
}

/**
 * cring_register_restrict - limit the ring to what is named, for good
 * @ring: the ring
 * @restrict_to: what it may still do; -EACCES for anything else
 *
 * Return: 0, or -errno; -EACCES when an earlier one does not admit this.
 */
static inline int
cring_register_restrict(struct cring *ring,
			const struct cring_restrict *restrict_to)
{
	return cring_do_register(ring, CRING_REGISTER_RESTRICT, restrict_to, 1,
				 0);
}

#endif /* CRING_REGISTER_H */
