/* SPDX-License-Identifier: MIT */
/*
 * liburing/register.h: io_uring_register(), call by call.  Part of liburing.h.
 */
#ifndef CRING_COMPAT_LIBURING_REGISTER_H
#define CRING_COMPAT_LIBURING_REGISTER_H

static inline int cring_uring_register(int fd, unsigned int opcode,
				       const void *addr, unsigned int nr,
				       unsigned int offset)
{
	struct cring c;

	memset(&c, 0, sizeof(c));
	c.ring_fd = fd;
	return cring_do_register(&c, opcode, addr, nr, offset);
}

/* As many empty slots. */
static inline int cring_uring_files_sparse(int fd, unsigned int nr)
{
	int *files;
	int ret;

	if (!nr || nr > CRING_MAX_FIXED_FILES)
		return nr ? -EMFILE : -EINVAL;
	files = (int *)malloc(nr * sizeof(*files));
	if (!files)
		return -ENOMEM;
	memset(files, 0xff, nr * sizeof(*files));
	ret = cring_uring_register(fd, CRING_REGISTER_FILES, files, nr, 0);
	free(files);
	return ret;
}

/* Tags are not known: IORING_FEAT_RSRC_TAGS is not there. */
static inline int cring_uring_rsrc(int fd, unsigned int opcode,
				   const struct io_uring_rsrc_register *reg,
				   unsigned int size)
{
	if (size != sizeof(*reg) || reg->tags || reg->resv2)
		return -EINVAL;
	if (reg->flags == IORING_RSRC_REGISTER_SPARSE && !reg->data &&
	    opcode == CRING_REGISTER_FILES)
		return cring_uring_files_sparse(fd, reg->nr);
	if (reg->flags)
		return -EINVAL;
	return cring_uring_register(fd, opcode,
				    (const void *)(uintptr_t)reg->data,
				    reg->nr, 0);
}

/* What cring can do, in the words of io_uring's probe. */
static inline int cring_uring_probe(int fd, struct io_uring_probe *probe,
				    unsigned int nr)
{
	const size_t size = nr * sizeof(probe->ops[0]) + sizeof(*probe);
	struct cring_query query;
	unsigned int i;
	int ret;

	memset(&query, 0, sizeof(query));
	ret = cring_ioctl(fd, CRING_IOC_QUERY, &query);
	if (ret < 0)
		return ret;
	for (i = 0; i < size; i++)
		if (((const char *)probe)[i])
			return -EINVAL;
	if (nr > IORING_OP_LAST)
		nr = IORING_OP_LAST;
	probe->last_op = IORING_OP_LAST - 1;
	probe->ops_len = (__u8)nr;
	for (i = 0; i < nr; i++) {
		probe->ops[i].op = (__u8)i;
		if (cring_opcode_supported(&query, i))
			probe->ops[i].flags = IO_URING_OP_SUPPORTED;
	}
	return 0;
}

/* Stops it, or waits until it has ended: then 0, too. */
static inline int cring_uring_cancel(int fd,
				     const struct io_uring_sync_cancel_reg *reg)
{
	struct cring_cancel_key key =
		cring_key64(reg->addr, reg->flags);
	struct cring c;
	__s64 timeout;
	unsigned int i;
	int ret;

	for (i = 0; i < sizeof(reg->pad); i++)
		if (reg->pad[i])
			return -EINVAL;
	if (reg->pad2[0] | reg->pad2[1] | reg->pad2[2] |
	    (reg->flags & ~(IORING_ASYNC_CANCEL_OP * 2 - 1)))
		return -EINVAL;
	if (reg->flags & IORING_ASYNC_CANCEL_FD)
		key.fd = reg->fd;
	if (reg->flags & IORING_ASYNC_CANCEL_OP)
		key.opcode = reg->opcode;
	if ((reg->flags & (IORING_ASYNC_CANCEL_FD | IORING_ASYNC_CANCEL_OP |
			   IORING_ASYNC_CANCEL_ANY)) &&
	    !(reg->flags & IORING_ASYNC_CANCEL_USERDATA))
		key.user_data = 0;
	timeout = -1;
	if (reg->timeout.tv_sec != -1 || reg->timeout.tv_nsec != -1)
		timeout = reg->timeout.tv_sec * 1000000000LL +
			  reg->timeout.tv_nsec;
	memset(&c, 0, sizeof(c));
	c.ring_fd = fd;
	ret = cring_cancel_sync(&c, &key, CRING_CANCEL_WAIT, timeout);
	return ret == -EALREADY ? 0 : ret;
}

/* Restrictions are cring's, if all that they name is something it has. */
static inline int cring_uring_restrict(int fd,
				       const struct io_uring_restriction *res,
				       unsigned int nr)
{
	struct cring_restrict to;
	unsigned int i;

	memset(&to, 0, sizeof(to));
	to.cancel_flags = IORING_ASYNC_CANCEL_OP * 2 - 1;
	for (i = 0; i < nr; i++) {
		switch (res[i].opcode) {
		case IORING_RESTRICTION_REGISTER_OP:
			cring_restrict_register(&to, res[i].register_op);
			break;
		case IORING_RESTRICTION_SQE_OP:
			cring_restrict_op(&to, res[i].sqe_op);
			break;
		case IORING_RESTRICTION_SQE_FLAGS_ALLOWED:
			to.sqe_flags |= res[i].sqe_flags;
			break;
		default:
			return -EINVAL;
		}
	}
	return cring_uring_register(fd, CRING_REGISTER_RESTRICT, &to, 1, 0);
}

static inline int cring_uring_register_op(int fd, unsigned int opcode,
					  const void *arg, unsigned int nr)
{
	const struct io_uring_rsrc_update2 *up2 =
		(const struct io_uring_rsrc_update2 *)arg;
	const struct io_uring_files_update *up =
		(const struct io_uring_files_update *)arg;

	switch (opcode) {
	case IORING_REGISTER_BUFFERS:
	case IORING_UNREGISTER_BUFFERS:
	case IORING_REGISTER_FILES:
	case IORING_UNREGISTER_FILES:
	case IORING_REGISTER_EVENTFD:
	case IORING_UNREGISTER_EVENTFD:
		return cring_uring_register(fd, opcode, arg, nr, 0);
	case IORING_REGISTER_FILES_UPDATE:
		if (up->resv)
			return -EINVAL;
		return cring_uring_register(fd, CRING_REGISTER_FILES_UPDATE,
					    (const void *)(uintptr_t)up->fds,
					    nr, up->offset);
	case IORING_REGISTER_FILES_UPDATE2:
		if (nr != sizeof(*up2) || up2->resv || up2->resv2 || up2->tags)
			return -EINVAL;
		return cring_uring_register(fd, CRING_REGISTER_FILES_UPDATE,
					    (const void *)(uintptr_t)up2->data,
					    up2->nr, up2->offset);
	case IORING_REGISTER_FILES2:
		return cring_uring_rsrc(fd, CRING_REGISTER_FILES,
			(const struct io_uring_rsrc_register *)arg, nr);
	case IORING_REGISTER_BUFFERS2:
		return cring_uring_rsrc(fd, CRING_REGISTER_BUFFERS,
			(const struct io_uring_rsrc_register *)arg, nr);
	case IORING_REGISTER_PROBE:
		return cring_uring_probe(fd, (struct io_uring_probe *)arg, nr);
	case IORING_REGISTER_RESTRICTIONS:
		return cring_uring_restrict(fd,
			(const struct io_uring_restriction *)arg, nr);
	case IORING_REGISTER_SYNC_CANCEL:
		if (nr != 1)
			return -EINVAL;
		return cring_uring_cancel(fd,
			(const struct io_uring_sync_cancel_reg *)arg);
	default:
		return -EINVAL;
	}
}

static inline int io_uring_register(unsigned int fd, unsigned int opcode,
				    const void *arg, unsigned int nr_args)
{
	int ret = cring_uring_register_op((int)fd, opcode, arg, nr_args);

	return ret == -ENOTTY ? -EOPNOTSUPP : ret;
}

#endif /* CRING_COMPAT_LIBURING_REGISTER_H */
