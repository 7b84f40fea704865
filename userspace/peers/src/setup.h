/* SPDX-License-Identifier: MIT */
/*
 * What liburing's tests find as ../src/setup.h.
 */
#ifndef CRING_PEERS_SETUP_H
#define CRING_PEERS_SETUP_H

static inline int __io_uring_queue_init_params(unsigned int entries,
					       struct io_uring *ring,
					       struct io_uring_params *p,
					       void *buf, size_t buf_size)
{
	if (buf)
		return io_uring_queue_init_mem(entries, ring, p, buf, buf_size);
	return io_uring_queue_init_params(entries, ring, p);
}

#endif /* CRING_PEERS_SETUP_H */
