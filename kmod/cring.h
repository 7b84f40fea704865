/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the module's files share: each file's API, and in the headers that are
 * included here, from the bottom up, what it is about.
 *
 * Data flows one way: submit -> issue -> complete; cancel comes in through the
 * index and the claim (state.h).
 */
#ifndef _CRING_H
#define _CRING_H

#include <linux/poll.h>
#include <linux/sizes.h>
#include <uapi/linux/eventpoll.h>

#include "req.h"
#include "ring.h"
#include "batch.h"
#include "comp.h"
#include "cancel.h"

struct kernel_param;

/* records that are looked at before a lock is let go of for a moment */
#define CRING_BREAK		64

/* ring.c APIs: set-up, memory, the end */
int cring_ring_setup(struct file *file, struct cring_params *p);
struct cring_ring *cring_ring_new_kernel(u32 entries);
int cring_ring_mmap(struct cring_ring *ring, struct vm_area_struct *vma);
void cring_ring_watch(struct cring_ring *ring);
void cring_ring_shut(struct cring_ring *ring);
void cring_ring_close(struct cring_ring *ring);
void cring_ring_put(struct cring_ring *ring);

/* main.c APIs */
long cring_ioctl_new(struct file *file, unsigned int cmd, void __user *arg);
long cring_ioctl_other(struct cring_ring *ring, unsigned int cmd,
		       void __user *arg);
extern struct workqueue_struct *cring_wq;
extern const struct file_operations cring_fops;
extern unsigned int cring_max_workers;

/* enter.c APIs: the way in, for the most frequent of all calls */
long cring_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/* park.c APIs: make a request visible to cancel and let go of it */
bool cring_park(struct cring_req *req, enum cring_state from,
		enum cring_state to);
void cring_park_index(struct cring_req *req);
void cring_park_lend(struct cring_req *req);
enum cring_verdict cring_park_or_end(struct cring_req *req,
				     enum cring_state from,
				     enum cring_state to);
void cring_reissue(struct cring_req *req);

/* chain.c APIs: links and drain; under .lock unless stated */
void cring_chain_advance(struct cring_comp *comp, struct cring_req *req,
			 bool failed);
void cring_chain_cut(struct cring_req *req, bool waiting,
		     struct list_head *todo);
void cring_drain_mark(struct cring_req **batch, u32 nr);
void cring_drain_begin(struct cring_ring *ring);
bool cring_drain_hold(struct cring_req *req);
bool cring_drain_pump(struct cring_comp *comp);
void cring_drain_end(struct cring_ring *ring);

/* what was never started has been claimed: its CQE ends what it counts for */
static inline void cring_drain_unhold(struct cring_req *req)
{
	if (likely(!(req->lflags & CRING_REQL_HELD)))
		return;
	cring_lflags_clear(req, CRING_REQL_HELD);
	req->ring->active++;
}

/* the next one of the submitter's batch, INLINE, or NULL behind the last */
static inline struct cring_req *cring_batch_next(struct cring_ring *ring,
						 struct cring_batch *batch)
{
	while (batch->next < batch->nr) {
		struct cring_req *req = ring->batch[batch->next++];

		if (unlikely(ring->drain)) {
			if (!cring_drain_hold(req))
				return req;
		} else if (cring_word_move(&req->word, CRING_ACCEPTED,
					   CRING_INLINE)) {
			return req;
		}
		/* waits, for its turn in a chain too, or was cancelled */
	}
	return NULL;
}

/* ready.c APIs: what became ready runs in a thread of the owner */
bool cring_ready_add(struct cring_req *req, enum cring_state from);
bool cring_ready_wake(struct cring_req *req);
void cring_kick(struct cring_ring *ring);
bool cring_kick_absorb(const struct cring_reach *reach, u32 nr);
void cring_run_ready_list(struct cring_ring *ring);
void cring_flag(struct cring_ring *ring, u32 flag, bool on);
void cring_shared_flag(struct cring_ring *ring, u32 flag, bool on);
void cring_ready_init(struct cring_ring *ring);
void cring_ready_exit(void);

/* try what has become ready; a thread of the owner, no cring lock held */
static inline void cring_run_ready(struct cring_ring *ring)
{
	/* a look: what comes after it is kicked for */
	if (!list_empty(&ring->ready))
		cring_run_ready_list(ring);
}

/* pipe.c APIs: a read of an empty pipe, alone */
bool cring_pipe_wait(struct cring_ring *ring, struct cring_req *req);
bool cring_pipe_run(struct cring_req *req, struct cring_batch *batch);

/* arm.c APIs: wait on a file's wait queues */
enum cring_verdict cring_arm(struct cring_req *req, enum cring_state from);
enum cring_verdict cring_arm_polls(struct cring_req **at,
				   struct cring_batch *batch);
bool cring_hook(struct cring_req *req);
bool cring_hooked(const struct cring_req *req);
void cring_unhook(struct cring_req *req);
void cring_unhook_many(struct llist_node *node);
void cring_disarm(struct cring_req *req);

/* worker.c APIs */
void cring_worker_init(struct cring_ring *ring);
void cring_worker_exit(struct cring_ring *ring);
bool cring_work_add(struct cring_req *req, enum cring_state from);
void cring_work_start(struct cring_ring *ring);
bool cring_work_start_counted(struct cring_ring *ring);
unsigned int cring_ring_workers(void);
void cring_worker_interrupt(struct cring_req *req);
bool cring_worker_enter(struct cring_worker *worker, struct cring_req *req);
void cring_worker_leave(struct cring_worker *worker);
bool cring_worker_use_mm(struct cring_ring *ring);
void cring_worker_unuse_mm(struct cring_ring *ring);

/* user.c APIs: what one user may have at once, over all rings */
extern unsigned int cring_max_user_rings, cring_max_user_workers,
		    cring_max_user_detached;
int cring_user_join(struct cring_ring *ring);
void cring_user_leave(struct cring_ring *ring);
void cring_user_put(struct cring_ring *ring);
bool cring_user_worker_get(struct cring_ring *ring);
void cring_user_worker_put(struct cring_ring *ring);
void cring_user_feed(struct cring_user *user);
int cring_user_workers_set(const char *val, const struct kernel_param *kp);
int cring_user_detach_get(struct cring_user *user);
void cring_user_detach_put(struct cring_user *user);
void cring_user_query(struct cring_query *query);

/* detach.c APIs: let go of what is being executed */
int cring_detach_get(struct cring_req *req);
void cring_detach_put(struct cring_req *req);
bool cring_detach_post(struct cring_req *req);
bool cring_detach_lend(struct cring_req *req);
bool cring_detach_return(struct cring_req *req);
void cring_detach_drop(struct cring_req *req, bool sync);
bool cring_detach(struct cring_req *req, u64 word);

/* stage.c APIs: move bytes through pages of ours */
#define CRING_MAX_STAGE		SZ_16M
int cring_stage(struct cring_req *req, enum cring_how how);
union cring_rw_mem *cring_stage_mem(struct cring_req *req);
void cring_stage_iter(struct cring_req *req, int rw, struct iov_iter *iter);
ssize_t cring_stage_out(struct cring_req *req, enum cring_how how, size_t len);
void cring_stage_fill(struct cring_req *req, s32 res);
bool cring_stage_is_full(const struct cring_req *req);
s32 cring_stage_filled(const struct cring_req *req);
void cring_stage_forget(struct cring_req *req);
void cring_stage_free(struct cring_req *req);

/* restrict.c APIs: what a ring may do */
struct cring_allow {
	bool given;
	u64 ops[4];
};

/* what the administrator admits to all rings; fixed once the module is loaded */
extern struct cring_allow cring_allow;
int cring_allow_parse(const char *val, struct cring_allow *allow);
void cring_restrict_init(struct cring_ring *ring);
int cring_restrict_sqe(const struct cring_ring *ring,
		       const struct cring_sqe *sqe);
int cring_restrict_cancel(const struct cring_ring *ring, u32 flags);
int cring_restrict_register(const struct cring_ring *ring, u32 opcode);
int cring_restrict_add(struct cring_ring *ring,
		       const struct cring_register *reg);

/* query.c APIs */
extern unsigned int cring_max_entries;
u32 cring_max_cq_entries(void);
int cring_query_ioctl(void __user *arg);

/* ident.c APIs: what a worker takes on */
struct cring_ident *cring_ident_get(struct cring_ring *ring, bool waits);
struct cring_ident *cring_ident_keep(struct cring_ring *ring);
struct cring_ident *cring_ident_get_many(struct cring_ring *ring,
					 unsigned int nr);
int cring_ident_fix(struct cring_ring *ring);
void cring_ident_put(struct cring_ident *ident);
void cring_ident_put_many(struct cring_ident *ident, unsigned int nr);
struct cring_ident_saved {
	const struct cred *cred;
	struct mem_cgroup *memcg;
	unsigned long fsize;
	int ioprio;
};

void cring_ident_assume(const struct cring_ident *ident,
			struct cring_ident_saved *saved);
void cring_ident_drop(const struct cring_ident *ident,
		      struct cring_ident_saved *saved);
const struct cred *cring_ident_cred(const struct cring_ident *ident);
const struct pid *cring_ident_thread(const struct cring_ident *ident);
void cring_ident_hold(struct cring_ident *ident);

/* wait.c APIs */
int cring_wait_cqes(struct cring_ring *ring, u32 min, u64 rung,
		    const ktime_t *expires);
typedef bool cring_over_fn(struct cring_ring *ring, void *data, u64 arg);
int cring_wait_for(struct cring_ring *ring, cring_over_fn *over, void *data,
		   u64 arg, const ktime_t *expires);
int cring_wait_ioctl(struct cring_ring *ring, void __user *arg);
__poll_t cring_poll(struct file *file, struct poll_table_struct *pt);

/* wait until enough CQEs are in the CQ, see cring_wait_cqes() */
static inline int cring_wait(struct cring_ring *ring, u32 min, u64 rung,
			     const ktime_t *expires)
{
	if (cring_cq_has(ring, min) && list_empty(&ring->ready))
		return 0;
	return cring_wait_cqes(ring, min, rung, expires);
}

/* clock.c APIs: times, as user space gives them */
int cring_clock_of(u32 flags, u32 *clock);
int cring_timespec_get(u64 addr, ktime_t *time);
void cring_clock_fix(struct cring_ring *ring);
ktime_t cring_clock_host(const struct cring_ring *ring, u32 clock, ktime_t time);

/* timer.c APIs */
void cring_timer_init(struct cring_ring *ring);
void cring_timer_exit(struct cring_ring *ring);
void cring_timer_add(struct cring_req *req);
void cring_timer_del(struct cring_req *req);
void cring_timer_counted(struct cring_comp *comp);
void cring_timer_expire(struct cring_clock *clock, ktime_t now);
extern const struct cring_op cring_op_timeout, cring_op_timeout_remove,
			     cring_op_link_timeout;

/* deadline.c APIs: operations that end in -ETIME; under .lock unless stated */
void cring_deadline_init(struct cring_ring *ring);
void cring_deadline_exit(struct cring_ring *ring);
ktime_t cring_deadline_of(const struct cring_ring *ring, u64 ns, bool absolute,
			  ktime_t now);
bool cring_deadline_past(const struct cring_req *req);
void cring_deadline_batch(struct cring_ring *ring, ktime_t first);
void cring_deadline_arm(struct cring_req *req);
void cring_deadline_del(struct cring_req *req);
void cring_deadline_expire(struct cring_ring *ring, ktime_t now);
int cring_deadline_move(struct cring_req *req, ktime_t expires);
int cring_deadline_ioctl(struct cring_ring *ring, void __user *arg);

/* it can change in the hands of who runs the request */
static inline bool cring_deadline_given(const struct cring_req *req)
{
	return unlikely(READ_ONCE(req->dnode.expires) != KTIME_MAX);
}

/* a poll that nothing has to be looked at for before it is tried */
static inline bool cring_poll_is_plain(const struct cring_req *req)
{
	/* read by itself: its neighbours are others' to write */
	return req->opcode == CRING_OP_POLL_ADD && !READ_ONCE(req->flags) &&
	       !cring_deadline_given(req);
}

/* a request that others find must be found by its deadline, too */
static inline void cring_deadline_park(struct cring_req *req)
{
	if (cring_deadline_given(req))
		cring_deadline_arm(req);
}

/* whose end is settled has none any more */
static inline void cring_deadline_drop(struct cring_req *req)
{
	if (unlikely(req->lflags & CRING_REQL_DEADLINE))
		cring_deadline_del(req);
}

/* window.c APIs: how much is in devices; under .lock unless stated */
bool cring_window_enter(struct cring_req *req, bool async);
void cring_window_dispatched(struct cring_req *req);
bool cring_window_hold(struct cring_req *req, enum cring_state from);
void cring_window_leave(struct cring_req *req);
void cring_window_return(struct cring_req *req);
bool cring_window_pump(struct cring_comp *comp);
int cring_register_window(struct cring_ring *ring,
			  const struct cring_register *reg);

/* file.c APIs: what may be done with a file, and how */
bool cring_file_is_ring(const struct file *file);
bool cring_file_worker_allowed(struct file *file);
bool cring_file_can_arm(struct file *file);
struct file *cring_file_get(struct cring_ring *ring, s32 fd, bool fixed);

/* rsrc.c APIs: fixed files, eventfd */
int cring_register_ioctl(struct cring_ring *ring, void __user *arg);
bool cring_register_known(u32 opcode);
void cring_rsrc_destroy(struct cring_ring *ring);
bool cring_rsrc_put_files(struct cring_ring *ring);

/* buf.c APIs: fixed buffers; see buf.h, too */
struct cring_buf;
int cring_register_buffers(struct cring_ring *ring,
			   const struct cring_register *reg);
bool cring_bufs_put(struct cring_ring *ring);
struct cring_buf *cring_buf_get(struct cring_ring *ring, u32 index, u64 addr,
				u32 len);
void cring_buf_put(struct cring_buf *buf);

/* client.c APIs: what became of a kernel caller's operations */
void cring_client_accept(struct cring_req *req);
struct file *cring_client_file(const struct cring_req *req);
const struct iov_iter *cring_client_iter(const struct cring_req *req);
void cring_client_post(struct cring_req *req);
void cring_client_done(struct cring_req *req);
void cring_client_release(struct cring_req *req);

/* op_*.c APIs */
int cring_cancel_read(struct cring_ring *ring, const struct cring_sqe *sqe,
		      struct cring_match *match, struct file **file);

/* what it means, of the SQE with that ticket */
static inline struct cring_filter
cring_cancel_filter(const struct cring_match *match, struct file *file, u64 ticket)
{
	return (struct cring_filter) {
		.file = file,
		.user_data = match->user_data,
		.ticket = match->ticket,
		.before = match->nothing ? 0 : ticket,
		.flags = match->flags,
		.group = match->group,
		.opcode = match->opcode,
	};
}

/* a read or write: does it go to the file? */
static inline bool cring_rw_is_write(const struct cring_req *req)
{
	return req->opcode == CRING_OP_WRITE ||
	       req->opcode == CRING_OP_WRITEV ||
	       req->opcode == CRING_OP_WRITE_FIXED;
}

/* is its memory a fixed buffer? */
static inline bool cring_rw_is_fixed(const struct cring_req *req)
{
	return req->opcode == CRING_OP_READ_FIXED ||
	       req->opcode == CRING_OP_WRITE_FIXED;
}

bool cring_rw_worker(struct cring_req *req);
bool cring_rw_has_iter(const struct file *file, int rw);
void cring_rw_user_iter(struct cring_req *req, int rw, struct iov_iter *iter);
extern const struct cring_op cring_op_nop, cring_op_read, cring_op_write,
			     cring_op_readv, cring_op_writev,
			     cring_op_read_fixed, cring_op_write_fixed,
			     cring_op_fsync, cring_op_fallocate,
			     cring_op_sync_file_range,
			     cring_op_copy_file_range, cring_op_poll_add,
			     cring_op_poll_remove, cring_op_cancel;

#endif /* _CRING_H */
