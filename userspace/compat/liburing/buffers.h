/* SPDX-License-Identifier: MIT */
/*
 * liburing/buffers.h: buffers that the kernel picks from, and the registrations
 * that cring does not have.  They are there to compile; the kernel's answer is
 * -EINVAL.  Part of liburing.h.
 */
#ifndef CRING_COMPAT_LIBURING_BUFFERS_H
#define CRING_COMPAT_LIBURING_BUFFERS_H

/* ---------------------------------------------------------------------------
 * Provided buffers
 */

static inline void io_uring_prep_provide_buffers(struct io_uring_sqe *sqe,
						 void *addr, int len, int nr,
						 int bgid, int bid)
{
	io_uring_prep_rw(IORING_OP_PROVIDE_BUFFERS, sqe, nr, addr,
			 (unsigned int)len, (__u64)bid);
	sqe->buf_group = (__u16)bgid;
}

static inline void io_uring_prep_remove_buffers(struct io_uring_sqe *sqe,
						int nr, int bgid)
{
	io_uring_prep_rw(IORING_OP_REMOVE_BUFFERS, sqe, nr, NULL, 0, 0);
	sqe->buf_group = (__u16)bgid;
}

static inline int io_uring_register_buf_ring(struct io_uring *ring,
					     struct io_uring_buf_reg *reg,
					     unsigned int flags)
{
	(void)flags;
	return cring_uring_do(ring, IORING_REGISTER_PBUF_RING, reg, 1);
}

static inline int io_uring_unregister_buf_ring(struct io_uring *ring, int bgid)
{
	struct io_uring_buf_reg reg;

	memset(&reg, 0, sizeof(reg));
	reg.bgid = (__u16)bgid;
	return cring_uring_do(ring, IORING_UNREGISTER_PBUF_RING, &reg, 1);
}

static inline struct io_uring_buf_ring *
io_uring_setup_buf_ring(struct io_uring *ring, unsigned int nentries, int bgid,
			unsigned int flags, int *err)
{
	struct io_uring_buf_reg reg;

	memset(&reg, 0, sizeof(reg));
	reg.ring_entries = nentries;
	reg.bgid = (__u16)bgid;
	*err = io_uring_register_buf_ring(ring, &reg, flags);
	return NULL;
}

static inline int io_uring_free_buf_ring(struct io_uring *ring,
					 struct io_uring_buf_ring *br,
					 unsigned int nentries, int bgid)
{
	(void)br;
	(void)nentries;
	return io_uring_unregister_buf_ring(ring, bgid);
}

static inline int io_uring_buf_ring_head(struct io_uring *ring, int buf_group,
					 uint16_t *head)
{
	(void)buf_group;
	(void)head;
	return cring_uring_do(ring, IORING_REGISTER_PBUF_STATUS, NULL, 1);
}

static inline int io_uring_buf_ring_mask(__u32 ring_entries)
{
	return (int)ring_entries - 1;
}

static inline void io_uring_buf_ring_init(struct io_uring_buf_ring *br)
{
	br->tail = 0;
}

static inline void io_uring_buf_ring_add(struct io_uring_buf_ring *br,
					 void *addr, unsigned int len,
					 unsigned short bid, int mask,
					 int buf_offset)
{
	struct io_uring_buf *buf = &br->bufs[(br->tail + buf_offset) & mask];

	buf->addr = uring_ptr_to_u64(addr);
	buf->len = len;
	buf->bid = bid;
}

static inline void io_uring_buf_ring_advance(struct io_uring_buf_ring *br,
					     int count)
{
	CRING_STORE_RELEASE(&br->tail, (__u16)(br->tail + count));
}

static inline void
__io_uring_buf_ring_cq_advance(struct io_uring *ring,
			       struct io_uring_buf_ring *br, int cq_count,
			       int buf_count)
{
	io_uring_buf_ring_advance(br, buf_count);
	io_uring_cq_advance(ring, (unsigned int)cq_count);
}

static inline void io_uring_buf_ring_cq_advance(struct io_uring *ring,
						struct io_uring_buf_ring *br,
						int count)
{
	__io_uring_buf_ring_cq_advance(ring, br, count, count);
}

static inline int io_uring_buf_ring_available(struct io_uring *ring,
					      struct io_uring_buf_ring *br,
					      unsigned short bgid)
{
	uint16_t head = 0;
	int ret = io_uring_buf_ring_head(ring, bgid, &head);

	return ret ? ret : (uint16_t)(br->tail - head);
}

/* ---------------------------------------------------------------------------
 * What a multishot recvmsg leaves in a buffer
 */

static inline struct io_uring_recvmsg_out *
io_uring_recvmsg_validate(void *buf, int buf_len, struct msghdr *msgh)
{
	__u64 need = (__u64)msgh->msg_namelen + msgh->msg_controllen +
		     sizeof(struct io_uring_recvmsg_out);

	if (buf_len < 0 || (__u64)buf_len < need)
		return NULL;
	return (struct io_uring_recvmsg_out *)buf;
}

static inline void *io_uring_recvmsg_name(struct io_uring_recvmsg_out *o)
{
	return o + 1;
}

static inline struct cmsghdr *
io_uring_recvmsg_cmsg_firsthdr(struct io_uring_recvmsg_out *o,
			       struct msghdr *msgh)
{
	if (o->controllen < sizeof(struct cmsghdr))
		return NULL;
	return (struct cmsghdr *)((char *)io_uring_recvmsg_name(o) +
				  msgh->msg_namelen);
}

static inline struct cmsghdr *
io_uring_recvmsg_cmsg_nexthdr(struct io_uring_recvmsg_out *o,
			      struct msghdr *msgh, struct cmsghdr *cmsg)
{
	char *first = (char *)io_uring_recvmsg_cmsg_firsthdr(o, msgh);
	size_t left = o->controllen - (size_t)((char *)cmsg - first);
	size_t len = CMSG_ALIGN(cmsg->cmsg_len);

	if (cmsg->cmsg_len < sizeof(struct cmsghdr) || len > left ||
	    left - len < sizeof(struct cmsghdr))
		return NULL;
	return (struct cmsghdr *)((char *)cmsg + len);
}

static inline void *io_uring_recvmsg_payload(struct io_uring_recvmsg_out *o,
					     struct msghdr *msgh)
{
	return (char *)io_uring_recvmsg_name(o) + msgh->msg_namelen +
	       msgh->msg_controllen;
}

static inline unsigned int
io_uring_recvmsg_payload_length(struct io_uring_recvmsg_out *o, int buf_len,
				struct msghdr *msgh)
{
	char *start = (char *)io_uring_recvmsg_payload(o, msgh);
	char *end = (char *)o + buf_len;

	return buf_len > 0 && end > start ? (unsigned int)(end - start) : 0;
}

/* ---------------------------------------------------------------------------
 * Registrations that cring does not have
 */

static inline int io_uring_clone_buffers(struct io_uring *dst,
					 struct io_uring *src)
{
	(void)src;
	return cring_uring_do(dst, IORING_REGISTER_CLONE_BUFFERS, NULL, 1);
}

static inline int __io_uring_clone_buffers(struct io_uring *dst,
					   struct io_uring *src,
					   unsigned int flags)
{
	(void)flags;
	return io_uring_clone_buffers(dst, src);
}

static inline int __io_uring_clone_buffers_offset(struct io_uring *dst,
						  struct io_uring *src,
						  unsigned int dst_off,
						  unsigned int src_off,
						  unsigned int nr,
						  unsigned int flags)
{
	(void)dst_off;
	(void)src_off;
	(void)nr;
	(void)flags;
	return io_uring_clone_buffers(dst, src);
}

static inline int io_uring_clone_buffers_offset(struct io_uring *dst,
						struct io_uring *src,
						unsigned int dst_off,
						unsigned int src_off,
						unsigned int nr,
						unsigned int flags)
{
	return __io_uring_clone_buffers_offset(dst, src, dst_off, src_off, nr,
					       flags);
}

static inline int io_uring_register_wait_reg(struct io_uring *ring,
					     struct io_uring_reg_wait *reg,
					     int nr)
{
	(void)ring;
	(void)reg;
	(void)nr;
	return -EINVAL;
}

static inline int io_uring_resize_rings(struct io_uring *ring,
					struct io_uring_params *p)
{
	return cring_uring_do(ring, IORING_REGISTER_RESIZE_RINGS, p, 1);
}

static inline int io_uring_register_region(struct io_uring *ring,
					   struct io_uring_mem_region_reg *reg)
{
	return cring_uring_do(ring, IORING_REGISTER_MEM_REGION, reg, 1);
}

static inline int io_uring_register_sync_msg(struct io_uring_sqe *sqe)
{
	(void)sqe;
	return -EINVAL;
}

static inline int io_uring_register_napi(struct io_uring *ring,
					 struct io_uring_napi *napi)
{
	return cring_uring_do(ring, IORING_REGISTER_NAPI, napi, 1);
}

static inline int io_uring_unregister_napi(struct io_uring *ring,
					   struct io_uring_napi *napi)
{
	return cring_uring_do(ring, IORING_UNREGISTER_NAPI, napi, 1);
}

static inline int io_uring_register_ifq(struct io_uring *ring,
					struct io_uring_zcrx_ifq_reg *reg)
{
	return cring_uring_do(ring, IORING_REGISTER_ZCRX_IFQ, reg, 1);
}

static inline int io_uring_register_zcrx_ctrl(struct io_uring *ring,
					      struct zcrx_ctrl *ctrl)
{
	return cring_uring_do(ring, IORING_REGISTER_ZCRX_CTRL, ctrl, 0);
}

static inline int io_uring_register_clock(struct io_uring *ring,
					  struct io_uring_clock_register *arg)
{
	return cring_uring_do(ring, IORING_REGISTER_CLOCK, arg, 0);
}

static inline int io_uring_register_bpf_filter(struct io_uring *ring,
					       struct io_uring_bpf *bpf)
{
	return cring_uring_do(ring, IORING_REGISTER_BPF_FILTER, bpf, 1);
}

static inline int io_uring_register_bpf_filter_task(struct io_uring_bpf *bpf)
{
	(void)bpf;
	return -EINVAL;
}

static inline int io_uring_register_query(struct io_uring_query_hdr *query)
{
	(void)query;
	return -EINVAL;
}

static inline int io_uring_set_iowait(struct io_uring *ring, bool enable_iowait)
{
	(void)ring;
	(void)enable_iowait;
	return -EOPNOTSUPP;
}

#endif /* CRING_COMPAT_LIBURING_BUFFERS_H */
