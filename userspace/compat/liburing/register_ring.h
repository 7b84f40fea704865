/* SPDX-License-Identifier: MIT */
/*
 * liburing/register_ring.h: io_uring_register() under the names that a ring's
 * owner uses.  Part of liburing.h.
 */
#ifndef CRING_COMPAT_LIBURING_REGISTER_RING_H
#define CRING_COMPAT_LIBURING_REGISTER_RING_H

static inline int cring_uring_do(struct io_uring *ring, unsigned int opcode,
				 const void *arg, unsigned int nr)
{
	return io_uring_register((unsigned int)ring->ring_fd, opcode, arg, nr);
}

/* ---------------------------------------------------------------------------
 * Buffers and files
 */

static inline int io_uring_register_buffers(struct io_uring *ring,
					    const struct iovec *iovecs,
					    unsigned int nr_iovecs)
{
	return cring_uring_do(ring, IORING_REGISTER_BUFFERS, iovecs, nr_iovecs);
}

static inline int cring_uring_register2(struct io_uring *ring,
					unsigned int opcode, const void *data,
					const __u64 *tags, unsigned int nr,
					unsigned int flags)
{
	struct io_uring_rsrc_register reg;

	memset(&reg, 0, sizeof(reg));
	reg.nr = nr;
	reg.flags = flags;
	reg.data = uring_ptr_to_u64(data);
	reg.tags = uring_ptr_to_u64(tags);
	return cring_uring_do(ring, opcode, &reg, sizeof(reg));
}

static inline int cring_uring_update2(struct io_uring *ring,
				      unsigned int opcode, unsigned int off,
				      const void *data, const __u64 *tags,
				      unsigned int nr)
{
	struct io_uring_rsrc_update2 up;

	memset(&up, 0, sizeof(up));
	up.offset = off;
	up.data = uring_ptr_to_u64(data);
	up.tags = uring_ptr_to_u64(tags);
	up.nr = nr;
	return cring_uring_do(ring, opcode, &up, sizeof(up));
}

static inline int io_uring_register_buffers_tags(struct io_uring *ring,
						 const struct iovec *iovecs,
						 const __u64 *tags,
						 unsigned int nr)
{
	return cring_uring_register2(ring, IORING_REGISTER_BUFFERS2, iovecs,
				     tags, nr, 0);
}

static inline int io_uring_register_buffers_sparse(struct io_uring *ring,
						   unsigned int nr)
{
	return cring_uring_register2(ring, IORING_REGISTER_BUFFERS2, NULL, NULL,
				     nr, IORING_RSRC_REGISTER_SPARSE);
}

static inline int
io_uring_register_buffers_update_tag(struct io_uring *ring, unsigned int off,
				     const struct iovec *iovecs,
				     const __u64 *tags, unsigned int nr)
{
	return cring_uring_update2(ring, IORING_REGISTER_BUFFERS_UPDATE, off,
				   iovecs, tags, nr);
}

static inline int io_uring_unregister_buffers(struct io_uring *ring)
{
	return cring_uring_do(ring, IORING_UNREGISTER_BUFFERS, NULL, 0);
}

static inline int io_uring_register_files(struct io_uring *ring,
					  const int *files,
					  unsigned int nr_files)
{
	return cring_uring_do(ring, IORING_REGISTER_FILES, files, nr_files);
}

static inline int io_uring_register_files_tags(struct io_uring *ring,
					       const int *files,
					       const __u64 *tags,
					       unsigned int nr)
{
	return cring_uring_register2(ring, IORING_REGISTER_FILES2, files, tags,
				     nr, 0);
}

static inline int io_uring_register_files_sparse(struct io_uring *ring,
						 unsigned int nr)
{
	return cring_uring_register2(ring, IORING_REGISTER_FILES2, NULL, NULL,
				     nr, IORING_RSRC_REGISTER_SPARSE);
}

static inline int io_uring_register_files_update_tag(struct io_uring *ring,
						     unsigned int off,
						     const int *files,
						     const __u64 *tags,
						     unsigned int nr_files)
{
	return cring_uring_update2(ring, IORING_REGISTER_FILES_UPDATE2, off,
				   files, tags, nr_files);
}

static inline int io_uring_register_files_update(struct io_uring *ring,
						 unsigned int off,
						 const int *files,
						 unsigned int nr_files)
{
	struct io_uring_files_update up;

	memset(&up, 0, sizeof(up));
	up.offset = off;
	up.fds = uring_ptr_to_u64(files);
	return cring_uring_do(ring, IORING_REGISTER_FILES_UPDATE, &up,
			      nr_files);
}

static inline int io_uring_unregister_files(struct io_uring *ring)
{
	return cring_uring_do(ring, IORING_UNREGISTER_FILES, NULL, 0);
}

static inline int io_uring_register_file_alloc_range(struct io_uring *ring,
						     unsigned int off,
						     unsigned int len)
{
	struct io_uring_file_index_range range;

	memset(&range, 0, sizeof(range));
	range.off = off;
	range.len = len;
	return cring_uring_do(ring, IORING_REGISTER_FILE_ALLOC_RANGE, &range,
			      0);
}

/* ---------------------------------------------------------------------------
 * Being told, cancelling, asking
 */

static inline int io_uring_register_eventfd(struct io_uring *ring, int fd)
{
	return cring_uring_do(ring, IORING_REGISTER_EVENTFD, &fd, 1);
}

static inline int io_uring_register_eventfd_async(struct io_uring *ring, int fd)
{
	return cring_uring_do(ring, IORING_REGISTER_EVENTFD_ASYNC, &fd, 1);
}

static inline int io_uring_unregister_eventfd(struct io_uring *ring)
{
	return cring_uring_do(ring, IORING_UNREGISTER_EVENTFD, NULL, 0);
}

static inline bool io_uring_cq_eventfd_enabled(const struct io_uring *ring)
{
	return !ring->cq.kflags ||
	       !(CRING_LOAD_RELAXED(ring->cq.kflags) &
		 IORING_CQ_EVENTFD_DISABLED);
}

static inline int io_uring_cq_eventfd_toggle(struct io_uring *ring,
					     bool enabled)
{
	if (enabled == io_uring_cq_eventfd_enabled(ring))
		return 0;
	if (!ring->cq.kflags)
		return -EOPNOTSUPP;
	*ring->cq.kflags ^= IORING_CQ_EVENTFD_DISABLED;
	return 0;
}

static inline int
io_uring_register_sync_cancel(struct io_uring *ring,
			      struct io_uring_sync_cancel_reg *reg)
{
	return cring_uring_do(ring, IORING_REGISTER_SYNC_CANCEL, reg, 1);
}

static inline int io_uring_register_probe(struct io_uring *ring,
					  struct io_uring_probe *p,
					  unsigned int nr)
{
	return cring_uring_do(ring, IORING_REGISTER_PROBE, p, nr);
}

static inline struct io_uring_probe *cring_uring_get_probe(int fd)
{
	const size_t size = sizeof(struct io_uring_probe) +
			    256 * sizeof(struct io_uring_probe_op);
	struct io_uring_probe *probe = (struct io_uring_probe *)calloc(1, size);

	if (probe && cring_uring_probe(fd, probe, 256)) {
		free(probe);
		return NULL;
	}
	return probe;
}

static inline struct io_uring_probe *
io_uring_get_probe_ring(struct io_uring *ring)
{
	return cring_uring_get_probe(ring->ring_fd);
}

static inline struct io_uring_probe *io_uring_get_probe(void)
{
	int fd = open(CRING_DEVICE, O_RDWR | CRING_O_CLOEXEC);
	struct io_uring_probe *probe;

	if (fd < 0)
		return NULL;
	probe = cring_uring_get_probe(fd);
	close(fd);
	return probe;
}

static inline void io_uring_free_probe(struct io_uring_probe *probe)
{
	free(probe);
}

static inline int io_uring_opcode_supported(const struct io_uring_probe *p,
					    int op)
{
	return op >= 0 && op <= p->last_op &&
	       (p->ops[op].flags & IO_URING_OP_SUPPORTED);
}

/* ---------------------------------------------------------------------------
 * The ring itself
 */

/* It makes io_uring's calls cheaper; here there is nothing to gain. */
static inline int io_uring_register_ring_fd(struct io_uring *ring)
{
	if (ring->int_flags & CRING_URING_REGISTERED)
		return -EEXIST;
	ring->int_flags |= CRING_URING_REGISTERED;
	return 1;
}

static inline int io_uring_unregister_ring_fd(struct io_uring *ring)
{
	if (!(ring->int_flags & CRING_URING_REGISTERED))
		return -EINVAL;
	ring->int_flags &= (__u8)~CRING_URING_REGISTERED;
	return 1;
}

/* The descriptor is the ring. */
static inline int io_uring_close_ring_fd(struct io_uring *ring)
{
	(void)ring;
	return -EOPNOTSUPP;
}

static inline int
io_uring_register_restrictions(struct io_uring *ring,
			       struct io_uring_restriction *res,
			       unsigned int nr_res)
{
	if (!(ring->flags & IORING_SETUP_R_DISABLED))
		return -EBADFD;
	return cring_uring_do(ring, IORING_REGISTER_RESTRICTIONS, res, nr_res);
}

static inline int io_uring_enable_rings(struct io_uring *ring)
{
	if (!(ring->flags & IORING_SETUP_R_DISABLED))
		return -EBADFD;
	ring->flags &= ~IORING_SETUP_R_DISABLED;
	return 0;
}

static inline int io_uring_register_personality(struct io_uring *ring)
{
	return cring_uring_do(ring, IORING_REGISTER_PERSONALITY, NULL, 0);
}

static inline int io_uring_unregister_personality(struct io_uring *ring, int id)
{
	return cring_uring_do(ring, IORING_UNREGISTER_PERSONALITY, NULL,
			      (unsigned int)id);
}

static inline int io_uring_register_iowq_max_workers(struct io_uring *ring,
						     unsigned int *values)
{
	return cring_uring_do(ring, IORING_REGISTER_IOWQ_MAX_WORKERS, values,
			      2);
}

#ifdef _GNU_SOURCE
static inline int io_uring_register_iowq_aff(struct io_uring *ring,
					     size_t cpusz,
					     const cpu_set_t *mask)
{
	return cring_uring_do(ring, IORING_REGISTER_IOWQ_AFF, mask,
			      (unsigned int)cpusz);
}
#endif

static inline int io_uring_unregister_iowq_aff(struct io_uring *ring)
{
	return cring_uring_do(ring, IORING_UNREGISTER_IOWQ_AFF, NULL, 0);
}

#endif /* CRING_COMPAT_LIBURING_REGISTER_RING_H */
