/* SPDX-License-Identifier: MIT */
/*
 * As much of the kernel as the module's files need that check and match, when they
 * are compiled for a program of one thread.  It is included before each of them; the
 * kernel's own headers are empty, but for those that are also user space's.
 *
 * What those files call and never reach here has neither a declaration nor a body: a
 * call of it is a crash.  A lock knows whether it is held, and a file how often.
 */
#ifndef CRING_FUZZ_SHIM_H
#define CRING_FUZZ_SHIM_H

#include <assert.h>
#include <errno.h>
#include <linux/eventpoll.h>
#include <linux/fs.h>
#include <linux/ioprio.h>
#include <linux/magic.h>
#include <linux/types.h>
#include <linux/uio.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* --- the compiler --- */

#define __user
#define __force
#define __rcu
#define __uninitialized
#define __must_hold(lock)
#define __acquires(lock)
#define __releases(lock)
#define ____cacheline_aligned_in_smp
#define fallthrough		__attribute__((fallthrough))
#define likely(x)		(x)
#define unlikely(x)		(x)
#define noinline		__attribute__((noinline))
#define noinline_for_stack	noinline
#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value)	(*(volatile __typeof__(x) *)&(x) = (value))
#define smp_load_acquire(p)	READ_ONCE(*(p))
#define smp_store_release(p, value) WRITE_ONCE(*(p), value)
/* data_race: there is one thread */
#define data_race(what)	(what)
#define smp_mb()		do { } while (0)
#define barrier()		__asm__ volatile("" ::: "memory")
#define BUILD_BUG_ON(wrong)	_Static_assert(!(wrong), #wrong)
#define WARN_ON_ONCE(wrong)	({ assert(!(wrong)); false; })
/* tests of the module's own, proofs of locking, time namespaces: none */
#define IS_ENABLED(option)	0
#define offsetofend(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))
#define container_of(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))

/* --- numbers --- */

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s32 s32;
typedef __s64 s64;
typedef s64 ktime_t;
typedef unsigned short umode_t;
typedef unsigned int fmode_t;
typedef int rwf_t;

#define U8_MAX			0xffU
#define U16_MAX			0xffffU
#define U32_MAX			0xffffffffU
#define U64_MAX			(~0ULL)
#define S32_MAX			0x7fffffff
#define BIT(n)			(1UL << (n))
#define BIT_ULL(n)		(1ULL << (n))
#define SZ_1G			0x40000000
#define SZ_16M			0x1000000
#define PAGE_SHIFT		12
#define PAGE_SIZE		4096UL
#define PAGE_MASK		(~(PAGE_SIZE - 1))
#define MAX_RW_COUNT		(INT_MAX & PAGE_MASK)
#define NSEC_PER_SEC		1000000000L
#define KTIME_MAX		LLONG_MAX
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define DIV_ROUND_UP(a, b)	(((a) + (b) - 1) / (b))
#define offset_in_page(p)	((unsigned long)(p) & ~PAGE_MASK)
#define min(a, b)		({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); \
				   a_ < b_ ? a_ : b_; })
#define min_t(type, a, b)	min((type)(a), (type)(b))
#define SINGLE_DEPTH_NESTING	1
#define swap(a, b)		do { __typeof__(a) a_ = (a); (a) = (b); (b) = a_; } while (0)
#define check_add_overflow(a, b, sum) __builtin_add_overflow(a, b, sum)
#define array_size(n, size)	((size_t)(n) * (size))
#define struct_size(p, array, n) (sizeof(*(p)) + (n) * sizeof((p)->array[0]))
#define array_index_nospec(i, n) (assert((i) < (n)), (i))

static inline u64 mul_u64_u64_shr(u64 a, u64 b, unsigned int shift)
{
	return (unsigned __int128)a * b >> shift;
}

static inline unsigned long roundup_pow_of_two(unsigned long n)
{
	unsigned long power = 1;

	while (power < n)
		power *= 2;
	return power;
}

/* as far as it goes */
static inline ktime_t ktime_set(s64 sec, unsigned long nsec)
{
	return sec >= KTIME_MAX / NSEC_PER_SEC ? KTIME_MAX : sec * NSEC_PER_SEC + (s64)nsec;
}

/* --- one thread: atomic is what it does, and a lock is held or not --- */

typedef struct { int n; } atomic_t, refcount_t;
typedef struct { s64 n; } atomic64_t;

#define atomic_set(a, value)	((a)->n = (value))
#define atomic_read(a)		((a)->n)
#define atomic_read_acquire(a)	((a)->n)
#define atomic_inc(a)		((void)(a)->n++)
#define atomic_dec(a)		((void)(a)->n--)
#define atomic_dec_and_test(a)	(!--(a)->n)
#define refcount_set(a, value)	((a)->n = (value))
#define refcount_inc(a)		((void)(a)->n++)
#define refcount_add(nr, a)	((void)((a)->n += (nr)))
#define refcount_dec_and_test(a) refcount_sub_and_test(1, a)
#define refcount_sub_and_test(nr, a) \
	(assert((a)->n >= (int)(nr)), !((a)->n -= (nr)))
#define atomic64_read(a)	((a)->n)
#define atomic64_set_release(a, value) ((a)->n = (value))
#define atomic64_andnot(bits, a) ((void)((a)->n &= ~(bits)))

static inline s64 atomic64_fetch_andnot(s64 bits, atomic64_t *a)
{
	s64 old = a->n;

	a->n &= ~bits;
	return old;
}

static inline bool atomic64_try_cmpxchg(atomic64_t *a, s64 *old, s64 new)
{
	bool same = a->n == *old;

	if (same)
		a->n = new;
	*old = same ? *old : a->n;
	return same;
}

struct mutex { bool held; };
typedef struct mutex spinlock_t;

static inline void shim_lock(struct mutex *lock)
{
	assert(!lock->held);
	lock->held = true;
}

static inline void shim_unlock(struct mutex *lock)
{
	assert(lock->held);
	lock->held = false;
}

#define spin_lock_irq(lock)	shim_lock(lock)
#define spin_unlock_irq(lock)	shim_unlock(lock)
#define spin_lock_irqsave(lock, flags) ((flags) = 0, shim_lock(lock))
#define spin_unlock_irqrestore(lock, flags) ((void)(flags), shim_unlock(lock))
#define lockdep_assert_held(lock) assert((lock)->held)

/* where a thread lets go of the processor: the fuzzer may do something */
extern void (*shim_others)(void);
#define cond_resched()		do { if (shim_others) shim_others(); } while (0)

/* --- lists --- */

struct list_head { struct list_head *next, *prev; };
struct llist_node { struct llist_node *next; };
struct llist_head { struct llist_node *first; };

#define LIST_HEAD(name)		struct list_head name = { &(name), &(name) }
#define list_empty(head)	((head)->next == (head))
#define list_add(new, head)	shim_link(new, head, (head)->next)
#define list_add_tail(new, head) shim_link(new, (head)->prev, head)
#define list_last_entry(head, type, member) container_of((head)->prev, type, member)
#define list_first_entry(head, type, member) container_of((head)->next, type, member)
#define list_next_entry(p, member) container_of((p)->member.next, __typeof__(*(p)), member)
#define list_for_each_entry_reverse(p, head, member) \
	for (p = list_last_entry(head, __typeof__(*(p)), member); &(p)->member != (head); \
	     p = list_last_entry(&(p)->member, __typeof__(*(p)), member))
#define llist_entry		container_of
#define llist_for_each_entry_safe(p, next_p, node, member) \
	for (p = container_of(node, __typeof__(*(p)), member), next_p = p; p; p = next_p)

static inline void INIT_LIST_HEAD(struct list_head *head)
{
	head->next = head;
	head->prev = head;
}

static inline void shim_link(struct list_head *new, struct list_head *prev,
			     struct list_head *next)
{
	new->prev = prev;
	new->next = next;
	prev->next = new;
	next->prev = new;
}

static inline void list_del_init(struct list_head *entry)
{
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
	INIT_LIST_HEAD(entry);
}

static inline bool llist_add(struct llist_node *new, struct llist_head *head)
{
	new->next = head->first;
	head->first = new;
	return !new->next;
}

static inline struct llist_node *llist_del_all(struct llist_head *head)
{
	struct llist_node *first = head->first;

	head->first = NULL;
	return first;
}

/* --- memory, and what user space has of it --- */

#define GFP_KERNEL		0
#define GFP_KERNEL_ACCOUNT	0
#define kvmalloc(size, gfp)	malloc(size)
#define kvcalloc(n, size, gfp)	calloc(n, size)
#define kmalloc_array(n, size, gfp) calloc(n, size)
#define kvfree(p)		free(p)
#define kfree(p)		free(p)
#define kstrdup(s, gfp)		strdup(s)
#define ERR_PTR(error)		((void *)(long)(error))
#define PTR_ERR(p)		((long)(p))
#define IS_ERR(p)		((unsigned long)(p) >= -4095UL)
#define u64_to_user_ptr(addr)	((void *)(unsigned long)(addr))
#define access_ok(addr, size)	shim_access_ok((u64)(unsigned long)(addr), size)

/* an address that user space could have */
#define USER_END		(1ULL << 47)

static inline bool shim_access_ok(u64 addr, u64 size)
{
	return size <= USER_END && addr <= USER_END - size;
}

/* nothing else of user space is there */
extern u8 user_memory[4096];

unsigned long copy_from_user(void *to, const void *from, unsigned long size);
unsigned long copy_to_user(void *to, const void *from, unsigned long size);

/* --- what there are only pointers to, or what is only there --- */

struct page;
struct page *shim_pages(unsigned long addr, int n, struct page **pages);

#define FOLL_WRITE		0
#define FOLL_LONGTERM		0
#define pin_user_pages_fast(addr, n, flags, pages) \
	((void)(flags), shim_pages(addr, n, pages), n)
#define unpin_user_page_range_dirty_lock(page, n, dirty) do { } while (0)
#define account_locked_vm(mm, n, more) ((void)(mm), (void)(n), (void)(more), 0)
#define mmgrab(mm)		do { } while (0)
#define mmdrop(mm)		do { } while (0)
#define folio_test_anon(folio)	((void)(folio), true)
#define page_folio(page)	((struct folio *)(page))
#define fatal_signal_pending(task) false
#define INIT_WORK(work, fn)	((work)->func = (fn))
#define queue_work(wq, work)	((work)->func(work), true)

struct bio_vec {
	struct page *bv_page;
	unsigned int bv_len, bv_offset;
};

struct iov_iter {
	size_t iov_offset;
};

enum { ITER_SOURCE, ITER_DEST };
enum { READ, WRITE };

struct work_struct {
	void (*func)(struct work_struct *work);
};

struct delayed_work {
	struct work_struct work;
};

struct timerqueue_node {
	ktime_t expires;
};

struct timespec64;
struct timerqueue_head { int none; };
struct hrtimer { int none; };
struct callback_head { int none; };
struct wait_queue_entry { int none; };
struct xarray { int none; };
struct mmu_notifier { int none; };
typedef struct { int none; } wait_queue_head_t;
typedef struct { u64 key[2]; } siphash_key_t;

enum hrtimer_restart { HRTIMER_NORESTART };
enum { HRTIMER_MODE_ABS_SOFT };

#define hrtimer_start(timer, expires, mode) ((void)(expires))
#define waitqueue_active(queue)	((void)(queue), false)
#define rcu_access_pointer(p)	(p)
#define timerqueue_getnext(queue) ((struct timerqueue_node *)NULL)
#define cring_hrtimer_init(timer, id, fn) ((void)(id), (void)(fn))

struct timens_offsets { struct timespec64 *monotonic, *boottime; };
struct time_namespace { struct timens_offsets offsets; };
struct nsproxy { struct time_namespace *time_ns; };
struct task_struct { struct nsproxy *nsproxy; };

extern struct task_struct *current;

struct kernel_param { void *arg; };
struct kernel_param_ops {
	int (*set)(const char *value, const struct kernel_param *param);
	int (*get)(char *buf, const struct kernel_param *param);
};

#define module_param_cb(name, ops, arg, mode) extern void *shim_##name
#define MODULE_PARM_DESC(name, text) extern void *shim_##name
#define pr_err(...)		do { } while (0)

/* who may ask for a real-time I/O priority */
#define CAP_SYS_ADMIN		21
#define CAP_SYS_NICE		23
extern bool shim_capable;
#define capable(cap)		((void)(cap), shim_capable)

/* --- files --- */

#define FMODE_READ		0x1
#define FMODE_WRITE		0x2
#define FMODE_PREAD		0x8
#define FMODE_PWRITE		0x10
#define FMODE_ATOMIC_POS	0x8000
#define FMODE_STREAM		0x200000
#define FMODE_NOWAIT		0x8000000
#define FS_REQUIRES_DEV		1
#define EIOCBQUEUED		529
#define IOCB_NOWAIT		1
#define IOCB_DIRECT		2

struct file_system_type { int fs_flags; };
struct super_block {
	unsigned long s_magic;
	struct file_system_type *s_type;
};

struct inode {
	umode_t i_mode;
	struct super_block *i_sb;
};

/* whether it has them: nobody calls them */
struct file_operations {
	bool read, write, read_iter, write_iter, poll, fsync, fallocate;
};

struct file {
	fmode_t f_mode;
	const struct file_operations *f_op;
	unsigned int f_flags;
	int f_iocb_flags;
	loff_t f_pos;
	struct mutex f_pos_lock;
	struct inode *f_inode;
	struct address_space *f_mapping;
	void *private_data;
	int refs;
};

struct kiocb {
	struct file *ki_filp;
	loff_t ki_pos;
	int ki_flags;
};

#define file_inode(file)	((file)->f_inode)
#define file_can_poll(file)	((file)->f_op->poll)
#define file_count(file)	((file)->refs)
#define get_file(file)		((file)->refs++, (file))
#define cring_file_get_many(file, nr) ((file)->refs += (nr))
#define cring_file_put_many(file, nr) ((file)->refs -= (nr))
#define cring_file_put_not_last(file) (cring_file_put_many(file, 1), true)
#define demangle_poll(events)	((__poll_t)(events))
#define mangle_poll(events)	((u32)(events))

struct file *fget(unsigned int fd);
void fput(struct file *file);

/* each difference between kernels is in functions that are not reached */
#define _CRING_COMPAT_H

#endif /* CRING_FUZZ_SHIM_H */
