/* SPDX-License-Identifier: MIT */
/*
 * liburing/prep_net.h: the network, other rings, processes, and commands of
 * devices, which cring does not have: as liburing/prep_fs.h.  Part of liburing.h.
 */
#ifndef CRING_COMPAT_LIBURING_PREP_NET_H
#define CRING_COMPAT_LIBURING_PREP_NET_H

/* ---------------------------------------------------------------------------
 * Sockets
 */

static inline void io_uring_prep_socket(struct io_uring_sqe *sqe, int domain,
					int type, int protocol,
					unsigned int flags)
{
	io_uring_prep_flags(IORING_OP_SOCKET, sqe, domain, NULL,
			    (unsigned int)protocol, (__u64)type, flags);
}

static inline void io_uring_prep_socket_direct(struct io_uring_sqe *sqe,
					       int domain, int type,
					       int protocol,
					       unsigned int file_index,
					       unsigned int flags)
{
	io_uring_prep_socket(sqe, domain, type, protocol, flags);
	__io_uring_set_target_fixed_file(sqe, file_index);
}

static inline void io_uring_prep_socket_direct_alloc(struct io_uring_sqe *sqe,
						     int domain, int type,
						     int protocol,
						     unsigned int flags)
{
	io_uring_prep_socket_direct(sqe, domain, type, protocol,
				    IORING_FILE_INDEX_ALLOC, flags);
}

static inline void io_uring_prep_accept(struct io_uring_sqe *sqe, int fd,
					struct sockaddr *addr,
					socklen_t *addrlen, int flags)
{
	io_uring_prep_flags(IORING_OP_ACCEPT, sqe, fd, addr, 0,
			    uring_ptr_to_u64(addrlen), (unsigned int)flags);
}

static inline void io_uring_prep_accept_direct(struct io_uring_sqe *sqe, int fd,
					       struct sockaddr *addr,
					       socklen_t *addrlen, int flags,
					       unsigned int file_index)
{
	io_uring_prep_accept(sqe, fd, addr, addrlen, flags);
	__io_uring_set_target_fixed_file(sqe, file_index);
}

static inline void io_uring_prep_multishot_accept(struct io_uring_sqe *sqe,
						  int fd, struct sockaddr *addr,
						  socklen_t *addrlen, int flags)
{
	io_uring_prep_accept(sqe, fd, addr, addrlen, flags);
	sqe->ioprio |= IORING_ACCEPT_MULTISHOT;
}

static inline void
io_uring_prep_multishot_accept_direct(struct io_uring_sqe *sqe, int fd,
				      struct sockaddr *addr,
				      socklen_t *addrlen, int flags)
{
	io_uring_prep_multishot_accept(sqe, fd, addr, addrlen, flags);
	__io_uring_set_target_fixed_file(sqe, IORING_FILE_INDEX_ALLOC);
}

static inline void io_uring_prep_connect(struct io_uring_sqe *sqe, int fd,
					 const struct sockaddr *addr,
					 socklen_t addrlen)
{
	io_uring_prep_rw(IORING_OP_CONNECT, sqe, fd, addr, 0, addrlen);
}

static inline void io_uring_prep_bind(struct io_uring_sqe *sqe, int fd,
				      const struct sockaddr *addr,
				      socklen_t addrlen)
{
	io_uring_prep_rw(IORING_OP_BIND, sqe, fd, addr, 0, addrlen);
}

static inline void io_uring_prep_listen(struct io_uring_sqe *sqe, int fd,
					int backlog)
{
	io_uring_prep_rw(IORING_OP_LISTEN, sqe, fd, NULL,
			 (unsigned int)backlog, 0);
}

static inline void io_uring_prep_shutdown(struct io_uring_sqe *sqe, int fd,
					  int how)
{
	io_uring_prep_rw(IORING_OP_SHUTDOWN, sqe, fd, NULL, (unsigned int)how,
			 0);
}

static inline void io_uring_prep_send(struct io_uring_sqe *sqe, int sockfd,
				      const void *buf, size_t len, int flags)
{
	io_uring_prep_flags(IORING_OP_SEND, sqe, sockfd, buf,
			    (unsigned int)len, 0, (unsigned int)flags);
}

static inline void io_uring_prep_send_bundle(struct io_uring_sqe *sqe,
					     int sockfd, size_t len, int flags)
{
	io_uring_prep_send(sqe, sockfd, NULL, len, flags);
	sqe->ioprio |= IORING_RECVSEND_BUNDLE;
}

static inline void
io_uring_prep_send_set_addr(struct io_uring_sqe *sqe,
			    const struct sockaddr *dest_addr, __u16 addr_len)
{
	sqe->addr2 = uring_ptr_to_u64(dest_addr);
	sqe->addr_len = addr_len;
}

static inline void io_uring_prep_sendto(struct io_uring_sqe *sqe, int sockfd,
					const void *buf, size_t len, int flags,
					const struct sockaddr *addr,
					socklen_t addrlen)
{
	io_uring_prep_send(sqe, sockfd, buf, len, flags);
	io_uring_prep_send_set_addr(sqe, addr, (__u16)addrlen);
}

static inline void io_uring_prep_send_zc(struct io_uring_sqe *sqe, int sockfd,
					 const void *buf, size_t len, int flags,
					 unsigned int zc_flags)
{
	io_uring_prep_flags(IORING_OP_SEND_ZC, sqe, sockfd, buf,
			    (unsigned int)len, 0, (unsigned int)flags);
	sqe->ioprio = (__u16)zc_flags;
}

static inline void io_uring_prep_send_zc_fixed(struct io_uring_sqe *sqe,
					       int sockfd, const void *buf,
					       size_t len, int flags,
					       unsigned int zc_flags,
					       unsigned int buf_index)
{
	io_uring_prep_send_zc(sqe, sockfd, buf, len, flags, zc_flags);
	sqe->ioprio |= IORING_RECVSEND_FIXED_BUF;
	sqe->buf_index = (__u16)buf_index;
}

static inline void io_uring_prep_sendmsg(struct io_uring_sqe *sqe, int fd,
					 const struct msghdr *msg,
					 unsigned int flags)
{
	io_uring_prep_flags(IORING_OP_SENDMSG, sqe, fd, msg, 1, 0, flags);
}

static inline void io_uring_prep_sendmsg_zc(struct io_uring_sqe *sqe, int fd,
					    const struct msghdr *msg,
					    unsigned int flags)
{
	io_uring_prep_flags(IORING_OP_SENDMSG_ZC, sqe, fd, msg, 1, 0, flags);
}

static inline void io_uring_prep_sendmsg_zc_fixed(struct io_uring_sqe *sqe,
						  int fd,
						  const struct msghdr *msg,
						  unsigned int flags,
						  unsigned int buf_index)
{
	io_uring_prep_sendmsg_zc(sqe, fd, msg, flags);
	sqe->ioprio |= IORING_RECVSEND_FIXED_BUF;
	sqe->buf_index = (__u16)buf_index;
}

static inline void io_uring_prep_recv(struct io_uring_sqe *sqe, int sockfd,
				      void *buf, size_t len, int flags)
{
	io_uring_prep_flags(IORING_OP_RECV, sqe, sockfd, buf,
			    (unsigned int)len, 0, (unsigned int)flags);
}

static inline void io_uring_prep_recv_multishot(struct io_uring_sqe *sqe,
						int sockfd, void *buf,
						size_t len, int flags)
{
	io_uring_prep_recv(sqe, sockfd, buf, len, flags);
	sqe->ioprio |= IORING_RECV_MULTISHOT;
}

static inline void io_uring_prep_recvmsg(struct io_uring_sqe *sqe, int fd,
					 struct msghdr *msg,
					 unsigned int flags)
{
	io_uring_prep_flags(IORING_OP_RECVMSG, sqe, fd, msg, 1, 0, flags);
}

static inline void io_uring_prep_recvmsg_multishot(struct io_uring_sqe *sqe,
						   int fd, struct msghdr *msg,
						   unsigned int flags)
{
	io_uring_prep_recvmsg(sqe, fd, msg, flags);
	sqe->ioprio |= IORING_RECV_MULTISHOT;
}

static inline void io_uring_prep_epoll_ctl(struct io_uring_sqe *sqe, int epfd,
					   int fd, int op,
					   const struct epoll_event *ev)
{
	io_uring_prep_rw(IORING_OP_EPOLL_CTL, sqe, epfd, ev, (unsigned int)op,
			 (__u32)fd);
}

static inline void io_uring_prep_epoll_wait(struct io_uring_sqe *sqe, int fd,
					    struct epoll_event *events,
					    int maxevents, unsigned int flags)
{
	io_uring_prep_flags(IORING_OP_EPOLL_WAIT, sqe, fd, events,
			    (unsigned int)maxevents, 0, flags);
}

/* ---------------------------------------------------------------------------
 * Messages to rings, commands to devices
 */

static inline void io_uring_prep_msg_ring(struct io_uring_sqe *sqe, int fd,
					  unsigned int len, __u64 data,
					  unsigned int flags)
{
	io_uring_prep_flags(IORING_OP_MSG_RING, sqe, fd, NULL, len, data,
			    flags);
}

static inline void io_uring_prep_msg_ring_cqe_flags(struct io_uring_sqe *sqe,
						    int fd, unsigned int len,
						    __u64 data,
						    unsigned int flags,
						    unsigned int cqe_flags)
{
	io_uring_prep_msg_ring(sqe, fd, len, data,
			       flags | IORING_MSG_RING_FLAGS_PASS);
	sqe->file_index = cqe_flags;
}

static inline void io_uring_prep_msg_ring_fd(struct io_uring_sqe *sqe, int fd,
					     int source_fd, int target_fd,
					     __u64 data, unsigned int flags)
{
	io_uring_prep_msg_ring(sqe, fd, 0, data, flags);
	sqe->addr = IORING_MSG_SEND_FD;
	sqe->addr3 = (__u64)source_fd;
	__io_uring_set_target_fixed_file(sqe, (unsigned int)target_fd);
}

static inline void io_uring_prep_msg_ring_fd_alloc(struct io_uring_sqe *sqe,
						   int fd, int source_fd,
						   __u64 data,
						   unsigned int flags)
{
	io_uring_prep_msg_ring_fd(sqe, fd, source_fd,
				  (int)IORING_FILE_INDEX_ALLOC, data, flags);
}

static inline void __io_uring_prep_uring_cmd(struct io_uring_sqe *sqe, int op,
					     __u32 cmd_op, int fd)
{
	io_uring_prep_rw(op, sqe, fd, NULL, 0, 0);
	sqe->cmd_op = cmd_op;
}

static inline void io_uring_prep_uring_cmd(struct io_uring_sqe *sqe, int cmd_op,
					   int fd)
{
	__io_uring_prep_uring_cmd(sqe, IORING_OP_URING_CMD, (__u32)cmd_op, fd);
}

static inline void io_uring_prep_uring_cmd128(struct io_uring_sqe *sqe,
					      int cmd_op, int fd)
{
	__io_uring_prep_uring_cmd(sqe, IORING_OP_URING_CMD128, (__u32)cmd_op,
				  fd);
}

static inline void io_uring_prep_cmd_sock(struct io_uring_sqe *sqe, int cmd_op,
					  int fd, int level, int optname,
					  void *optval, int optlen)
{
	io_uring_prep_uring_cmd(sqe, cmd_op, fd);
	sqe->level = (__u32)level;
	sqe->optname = (__u32)optname;
	sqe->optval = uring_ptr_to_u64(optval);
	sqe->optlen = (__u32)optlen;
}

static inline void io_uring_prep_cmd_getsockname(struct io_uring_sqe *sqe,
						 int fd, struct sockaddr *name,
						 socklen_t *len, int peer)
{
	io_uring_prep_uring_cmd(sqe, SOCKET_URING_OP_GETSOCKNAME, fd);
	sqe->addr = uring_ptr_to_u64(name);
	sqe->addr3 = uring_ptr_to_u64(len);
	sqe->optlen = (__u32)peer;
}

static inline void io_uring_prep_cmd_discard(struct io_uring_sqe *sqe, int fd,
					     uint64_t offset, uint64_t nbytes)
{
	io_uring_prep_uring_cmd(sqe, BLOCK_URING_CMD_DISCARD, fd);
	sqe->addr = offset;
	sqe->addr3 = nbytes;
}

/* ---------------------------------------------------------------------------
 * Processes and futexes
 */

static inline void io_uring_prep_waitid(struct io_uring_sqe *sqe,
					idtype_t idtype, id_t id,
					siginfo_t *infop, int options,
					unsigned int flags)
{
	io_uring_prep_flags(IORING_OP_WAITID, sqe, (int)id, NULL,
			    (unsigned int)idtype, uring_ptr_to_u64(infop),
			    flags);
	sqe->file_index = (__u32)options;
}

static inline void io_uring_prep_futex_wake(struct io_uring_sqe *sqe,
					    const uint32_t *futex, uint64_t val,
					    uint64_t mask, uint32_t futex_flags,
					    unsigned int flags)
{
	io_uring_prep_flags(IORING_OP_FUTEX_WAKE, sqe, (int)futex_flags, futex,
			    0, val, flags);
	sqe->addr3 = mask;
}

static inline void io_uring_prep_futex_wait(struct io_uring_sqe *sqe,
					    const uint32_t *futex, uint64_t val,
					    uint64_t mask, uint32_t futex_flags,
					    unsigned int flags)
{
	io_uring_prep_flags(IORING_OP_FUTEX_WAIT, sqe, (int)futex_flags, futex,
			    0, val, flags);
	sqe->addr3 = mask;
}

static inline void io_uring_prep_futex_waitv(struct io_uring_sqe *sqe,
					     const struct futex_waitv *futex,
					     uint32_t nr_futex,
					     unsigned int flags)
{
	io_uring_prep_flags(IORING_OP_FUTEX_WAITV, sqe, 0, futex, nr_futex, 0,
			    flags);
}

#endif /* CRING_COMPAT_LIBURING_PREP_NET_H */
