/* SPDX-License-Identifier: MIT */
/*
 * libaio's types, and what fills in an iocb.
 */
#ifndef CRING_COMPAT_LIBAIO_IOCB_H
#define CRING_COMPAT_LIBAIO_IOCB_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>

typedef struct io_context *io_context_t;

typedef enum io_iocb_cmd {
	IO_CMD_PREAD = 0,
	IO_CMD_PWRITE = 1,
	IO_CMD_FSYNC = 2,
	IO_CMD_FDSYNC = 3,
	IO_CMD_POLL = 5,
	IO_CMD_NOOP = 6,
	IO_CMD_PREADV = 7,
	IO_CMD_PWRITEV = 8
} io_iocb_cmd_t;

#define CRING_AIO_FLAG_RESFD	(1U << 0)	/* c.resfd is given */
#define CRING_AIO_FLAG_IOPRIO	(1U << 1)	/* aio_reqprio is given */

struct io_iocb_common {
	void *buf;
	unsigned long nbytes;
	long long offset;
	unsigned int flags;
	unsigned int resfd;
};

struct io_iocb_vector {
	const struct iovec *vec;
	unsigned long nr;
	long long offset;
	unsigned int flags;
	unsigned int resfd;
};

struct io_iocb_poll {
	int events;
};

struct iocb {
	void *data;
	unsigned int key;
	unsigned int aio_rw_flags;
	short aio_lio_opcode;
	short aio_reqprio;
	int aio_fildes;
	union {
		struct io_iocb_common c;
		struct io_iocb_vector v;
		struct io_iocb_poll poll;
	} u;
};

struct io_event {
	void *data;
	struct iocb *obj;
	unsigned long res;
	unsigned long res2;
};

typedef void (*io_callback_t)(io_context_t ctx, struct iocb *iocb, long res,
			      long res2);

/* ---------------------------------------------------------------------------
 * Preparing
 */

static inline void cring_aio_prep(struct iocb *iocb, io_iocb_cmd_t cmd, int fd,
				  void *buf, size_t nbytes, long long offset,
				  int rw_flags)
{
	memset(iocb, 0, sizeof(*iocb));
	iocb->aio_fildes = fd;
	iocb->aio_lio_opcode = (short)cmd;
	iocb->aio_rw_flags = (unsigned int)rw_flags;
	iocb->u.c.buf = buf;
	iocb->u.c.nbytes = nbytes;
	iocb->u.c.offset = offset;
}

static inline void io_prep_pread(struct iocb *iocb, int fd, void *buf,
				 size_t count, long long offset)
{
	cring_aio_prep(iocb, IO_CMD_PREAD, fd, buf, count, offset, 0);
}

static inline void io_prep_pwrite(struct iocb *iocb, int fd, void *buf,
				  size_t count, long long offset)
{
	cring_aio_prep(iocb, IO_CMD_PWRITE, fd, buf, count, offset, 0);
}

static inline void io_prep_preadv2(struct iocb *iocb, int fd,
				   const struct iovec *iov, int iovcnt,
				   long long offset, int flags)
{
	cring_aio_prep(iocb, IO_CMD_PREADV, fd, (void *)(uintptr_t)iov,
		       (size_t)iovcnt, offset, flags);
}

static inline void io_prep_pwritev2(struct iocb *iocb, int fd,
				    const struct iovec *iov, int iovcnt,
				    long long offset, int flags)
{
	cring_aio_prep(iocb, IO_CMD_PWRITEV, fd, (void *)(uintptr_t)iov,
		       (size_t)iovcnt, offset, flags);
}

static inline void io_prep_preadv(struct iocb *iocb, int fd,
				  const struct iovec *iov, int iovcnt,
				  long long offset)
{
	io_prep_preadv2(iocb, fd, iov, iovcnt, offset, 0);
}

static inline void io_prep_pwritev(struct iocb *iocb, int fd,
				   const struct iovec *iov, int iovcnt,
				   long long offset)
{
	io_prep_pwritev2(iocb, fd, iov, iovcnt, offset, 0);
}

static inline void io_prep_poll(struct iocb *iocb, int fd, int events)
{
	cring_aio_prep(iocb, IO_CMD_POLL, fd, NULL, 0, 0, 0);
	iocb->u.poll.events = events;
}

static inline void io_prep_fsync(struct iocb *iocb, int fd)
{
	cring_aio_prep(iocb, IO_CMD_FSYNC, fd, NULL, 0, 0, 0);
}

static inline void io_prep_fdsync(struct iocb *iocb, int fd)
{
	cring_aio_prep(iocb, IO_CMD_FDSYNC, fd, NULL, 0, 0, 0);
}

static inline void io_set_callback(struct iocb *iocb, io_callback_t cb)
{
	iocb->data = (void *)(uintptr_t)cb;
}

static inline void io_set_eventfd(struct iocb *iocb, int eventfd)
{
	iocb->u.c.flags |= CRING_AIO_FLAG_RESFD;
	iocb->u.c.resfd = (unsigned int)eventfd;
}

#endif /* CRING_COMPAT_LIBAIO_IOCB_H */
