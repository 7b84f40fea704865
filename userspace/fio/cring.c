// SPDX-License-Identifier: MIT
/*
 * An ioengine for fio: ioengine=external:cring.so.  Built by scripts/fio, with
 * fio's own headers: those are GPL-2.0, and so is what comes of the two.
 *
 *	fixed_files=1		files are registered
 *	fixed_buffers=1		buffers are registered
 *	detach=1		what is in a device can be let go of: a job whose
 *				time is over ends, whatever the device does
 *
 * A job with a time limit never waits longer than that for an operation, and one
 * that failed not at all: what is in flight then is cancelled, and counts as
 * having moved nothing.
 */
#include <errno.h>
#include <stdlib.h>

#include "fio.h"
#include "optgroup.h"

#include <cring.h>

/* what a job may take longer than its time, microseconds */
#define GRACE_US	100000

struct cring_options {
	void *pad;		/* fio wants its first member for itself */
	unsigned int fixed_files;
	unsigned int fixed_buffers;
	unsigned int detach;
};

struct cring_engine {
	struct cring ring;
	struct io_u **done;	/* what getevents() has found */
	unsigned int queued;
	struct io_u **pending;	/* queued, and not submitted */
	bool over;		/* all was cancelled, at the job's end */
};

static struct fio_option options[] = {
	{
		.name = "fixed_files",
		.lname = "Fixed files",
		.type = FIO_OPT_BOOL,
		.off1 = offsetof(struct cring_options, fixed_files),
		.help = "Register the files of the job",
		.def = "0",
		.category = FIO_OPT_C_ENGINE,
		.group = FIO_OPT_G_INVALID,
	},
	{
		.name = "fixed_buffers",
		.lname = "Fixed buffers",
		.type = FIO_OPT_BOOL,
		.off1 = offsetof(struct cring_options, fixed_buffers),
		.help = "Register the buffers of the job",
		.def = "0",
		.category = FIO_OPT_C_ENGINE,
		.group = FIO_OPT_G_INVALID,
	},
	{
		.name = "detach",
		.lname = "Detach",
		.type = FIO_OPT_BOOL,
		.off1 = offsetof(struct cring_options, detach),
		.help = "Let go of what hangs in a device when the job is over",
		.def = "0",
		.category = FIO_OPT_C_ENGINE,
		.group = FIO_OPT_G_INVALID,
	},
	{
		.name = NULL,
	},
};

static int cring_engine_init(struct thread_data *td)
{
	const struct cring_options *o = td->eo;
	struct cring_params p = { .flags = CRING_SETUP_CLAMP };
	struct cring_engine *e = calloc(1, sizeof(*e));
	int ret;

	if (!e)
		return 1;
	if (o->detach)
		p.detached = td->o.iodepth;
	e->done = calloc(td->o.iodepth, sizeof(*e->done));
	e->pending = calloc(td->o.iodepth, sizeof(*e->pending));
	ret = e->done && e->pending ?
	      cring_queue_init_params(td->o.iodepth, &e->ring, &p) : -ENOMEM;
	if (ret) {
		td_verror(td, -ret, "cring_queue_init");
		free(e->done);
		free(e->pending);
		free(e);
		return 1;
	}
	td->io_ops_data = e;
	return 0;
}

static void cring_engine_cleanup(struct thread_data *td)
{
	struct cring_engine *e = td->io_ops_data;

	if (!e)
		return;
	cring_queue_exit(&e->ring);
	free(e->done);
	free(e->pending);
	free(e);
}

/* the buffers are there: one fixed buffer for each unit of I/O */
static int cring_register_units(struct thread_data *td)
{
	const struct cring_options *o = td->eo;
	struct cring_engine *e = td->io_ops_data;
	struct iovec *iov;
	unsigned int i;
	int ret;

	if (!o->fixed_buffers)
		return 0;
	iov = calloc(td->o.iodepth, sizeof(*iov));
	if (!iov)
		return -ENOMEM;
	for (i = 0; i < td->o.iodepth; i++) {
		iov[i].iov_base = td->io_u_all.io_us[i]->buf;
		iov[i].iov_len = td_max_bs(td);
	}
	ret = cring_register_buffers(&e->ring, iov, td->o.iodepth);
	free(iov);
	return ret;
}

/* descriptors that are open from now on; fio opens them for each job again */
static int cring_register_paths(struct thread_data *td)
{
	const struct cring_options *o = td->eo;
	struct cring_engine *e = td->io_ops_data;
	struct fio_file *f;
	unsigned int i;
	int *fds, ret;

	if (!o->fixed_files)
		return 0;
	fds = calloc(td->o.nr_files, sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	for (i = 0; i < td->o.nr_files; i++)
		fds[i] = -1;
	ret = cring_register_files(&e->ring, fds, td->o.nr_files);
	free(fds);
	for_each_file(td, f, i)
		f->engine_pos = i;
	return ret;
}

static int cring_engine_post_init(struct thread_data *td)
{
	int ret = cring_register_units(td);

	if (!ret)
		ret = cring_register_paths(td);
	if (ret) {
		td_verror(td, -ret, "cring_register");
		return 1;
	}
	return 0;
}

static int cring_engine_open(struct thread_data *td, struct fio_file *f)
{
	const struct cring_options *o = td->eo;
	struct cring_engine *e = td->io_ops_data;
	int ret = generic_open_file(td, f);

	/* fio opens some before the job has begun, to see how long they are */
	if (ret || !o->fixed_files || !e)
		return ret;
	ret = cring_register_files_update(&e->ring, (unsigned int)f->engine_pos,
					  &f->fd, 1);
	return ret == 1 ? 0 : 1;
}

static int cring_engine_close(struct thread_data *td, struct fio_file *f)
{
	const struct cring_options *o = td->eo;
	struct cring_engine *e = td->io_ops_data;
	int none = -1;

	if (o->fixed_files && e)
		cring_register_files_update(&e->ring,
					    (unsigned int)f->engine_pos,
					    &none, 1);
	return generic_close_file(td, f);
}

static void cring_prep_unit(struct thread_data *td, struct io_u *io_u,
			    struct cring_sqe *sqe)
{
	const struct cring_options *o = td->eo;
	struct fio_file *f = io_u->file;
	int fd = o->fixed_files ? (int)f->engine_pos : f->fd;
	bool write = io_u->ddir == DDIR_WRITE;

	if (ddir_sync(io_u->ddir)) {
		cring_prep_fsync(sqe, fd, io_u->ddir == DDIR_DATASYNC ?
				 CRING_FSYNC_DATASYNC : 0);
	} else {
		if (write)
			cring_prep_write(sqe, fd, io_u->xfer_buf,
					 (unsigned int)io_u->xfer_buflen,
					 io_u->offset);
		else
			cring_prep_read(sqe, fd, io_u->xfer_buf,
					(unsigned int)io_u->xfer_buflen,
					io_u->offset);
		if (o->fixed_buffers) {
			sqe->opcode = write ? CRING_OP_WRITE_FIXED :
					      CRING_OP_READ_FIXED;
			sqe->buf_index = (uint16_t)io_u->index;
		}
	}
	if (o->fixed_files)
		cring_sqe_set_flags(sqe, CRING_SQE_FIXED_FILE);
	if (o->detach)
		cring_sqe_set_detach(sqe);
	cring_sqe_set_data(sqe, io_u);
}

static enum fio_q_status cring_engine_queue(struct thread_data *td,
					    struct io_u *io_u)
{
	struct cring_engine *e = td->io_ops_data;
	struct cring_sqe *sqe;

	fio_ro_check(td, io_u);
	if (e->queued == td->o.iodepth)
		return FIO_Q_BUSY;
	/* what no operation is for, is done at once, alone */
	if (io_u->ddir == DDIR_TRIM || io_u->ddir == DDIR_SYNC_FILE_RANGE) {
		if (e->queued)
			return FIO_Q_BUSY;
		if (io_u->ddir == DDIR_TRIM)
			do_io_u_trim(td, io_u);
		else
			do_io_u_sync(td, io_u);
		io_u_mark_submit(td, 1);
		io_u_mark_complete(td, 1);
		return FIO_Q_COMPLETED;
	}
	sqe = cring_get_sqe(&e->ring);
	if (!sqe)
		return FIO_Q_BUSY;
	cring_prep_unit(td, io_u, sqe);
	e->pending[e->queued++] = io_u;
	return FIO_Q_QUEUED;
}

static void cring_issued(struct thread_data *td, struct cring_engine *e,
			 unsigned int nr)
{
	struct timespec now;
	unsigned int i;

	if (fio_fill_issue_time(td)) {
		fio_gettime(&now, NULL);
		for (i = 0; i < nr; i++) {
			e->pending[i]->issue_time = now;
			io_u_queued(td, e->pending[i]);
		}
	}
	io_u_mark_submit(td, nr);
	e->queued -= nr;
	memmove(e->pending, e->pending + nr, e->queued * sizeof(*e->pending));
}

static int cring_engine_commit(struct thread_data *td)
{
	struct cring_engine *e = td->io_ops_data;

	while (e->queued) {
		int ret = cring_submit(&e->ring);

		if (ret > 0)
			cring_issued(td, e, (unsigned int)ret);
		else if (ret == -EBUSY)
			return 0;
		else if (ret < 0 && ret != -EINTR)
			return ret;
	}
	return 0;
}

/* how long it may wait, in us; -1 for ever.  A job that failed is over. */
static int64_t cring_time_left(const struct thread_data *td)
{
	uint64_t used;

	if (td->error)
		return 0;
	if (!td->o.timeout)
		return -1;
	used = utime_since_now(&td->epoch);
	return used < td->o.timeout + GRACE_US ?
	       (int64_t)(td->o.timeout + GRACE_US - used) : 0;
}

static unsigned int cring_reap(struct cring_engine *e, unsigned int nr,
			       unsigned int max)
{
	struct cring_cqe *cqe;

	while (nr < max && !cring_peek_cqe(&e->ring, &cqe)) {
		struct io_u *io_u = cring_cqe_get_data(cqe);

		io_u->error = 0;
		if (cqe->res == -ECANCELED && e->over)
			io_u->resid = io_u->xfer_buflen;
		else if (cqe->res < 0)
			io_u->error = -cqe->res;
		else if (ddir_rw(io_u->ddir))
			io_u->resid = io_u->xfer_buflen -
				      (unsigned int)cqe->res;
		e->done[nr++] = io_u;
		cring_cqe_seen(&e->ring, cqe);
	}
	return nr;
}

static int cring_engine_getevents(struct thread_data *td, unsigned int min,
				  unsigned int max, const struct timespec *t)
{
	struct cring_engine *e = td->io_ops_data;
	struct cring_cancel_key all = cring_key_any(CRING_ASYNC_CANCEL_ALL);
	unsigned int nr = 0;

	for (;;) {
		struct cring_timespec ts;
		struct cring_cqe *cqe;
		int64_t left;
		int ret;

		nr = cring_reap(e, nr, max);
		if (nr >= min)
			return (int)nr;
		left = cring_time_left(td);
		if (t && (left < 0 || left > t->tv_sec * 1000000LL))
			left = t->tv_sec * 1000000LL + t->tv_nsec / 1000;
		if (!left && e->over && !t)
			left = -1;
		ts.tv_sec = left / 1000000;
		ts.tv_nsec = left % 1000000 * 1000;
		ret = cring_wait_cqe_timeout(&e->ring, &cqe,
					     left < 0 ? NULL : &ts);
		if (ret == -ETIME && t)
			return (int)nr;
		if (ret == -ETIME) {
			/* the job is over: nothing shall keep it */
			e->over = true;
			cring_cancel_sync(&e->ring, &all, 0, 0);
		} else if (ret && ret != -EINTR) {
			return ret;
		}
	}
}

static struct io_u *cring_engine_event(struct thread_data *td, int event)
{
	struct cring_engine *e = td->io_ops_data;

	return e->done[event];
}

#ifdef FIO_HAS_CANCEL
/* 0: it has ended; its CQE says so, and fio does not want it */
static int cring_engine_cancel(struct thread_data *td, struct io_u *io_u)
{
	struct cring_engine *e = td->io_ops_data;
	struct cring_cancel_key key = cring_key(io_u, 0);
	struct cring_cqe cqe;
	unsigned int reaped;

	if (cring_cancel_reap(&e->ring, &key, 1, 0, 0, &cqe, 1, &reaped))
		return 1;
	return key.res;
}
#endif

struct ioengine_ops ioengine = {
	.name = "cring",
	.version = FIO_IOOPS_VERSION,
	.flags = FIO_ASYNCIO_SETS_ISSUE_TIME,
	.init = cring_engine_init,
	.post_init = cring_engine_post_init,
	.cleanup = cring_engine_cleanup,
	.queue = cring_engine_queue,
	.commit = cring_engine_commit,
	.getevents = cring_engine_getevents,
	.event = cring_engine_event,
#ifdef FIO_HAS_CANCEL
	.cancel = cring_engine_cancel,
#endif
	.open_file = cring_engine_open,
	.close_file = cring_engine_close,
	.get_file_size = generic_get_file_size,
	.options = options,
	.option_struct_size = sizeof(struct cring_options),
};
