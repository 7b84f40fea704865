// SPDX-License-Identifier: MIT
/*
 * Files, memory, and what else the module's files call and reach.
 */
#include <stdio.h>

#include "world.h"

struct world world;
u8 user_memory[4096] __attribute__((aligned(16)));
bool shim_capable;
void (*shim_others)(void);

static struct task_struct owner;
struct task_struct *current = &owner;

/* --- files --- */

static struct file_system_type on_disk = { FS_REQUIRES_DEV }, elsewhere;
static struct super_block disk = { 0xef53, &on_disk }, tmp = { TMPFS_MAGIC, &elsewhere },
			  proc = { PROC_SUPER_MAGIC, &elsewhere };

/* the same twice: as the kernel has it, and as a person would say it */
static const struct kind {
	fmode_t mode;
	umode_t type;
	struct super_block *sb;
	const struct file_operations ops;
	struct abi_file abi;
} kinds[FILES] = {
	/* a file */
	{ FMODE_READ | FMODE_WRITE | FMODE_PREAD | FMODE_PWRITE | FMODE_NOWAIT, S_IFREG, &disk,
	  { .read_iter = true, .write_iter = true, .fsync = true },
	  { .readable = true, .writable = true, .reads = true, .writes = true,
	    .position = true, .worker = true } },
	/* one that is only read */
	{ FMODE_READ | FMODE_PREAD | FMODE_PWRITE, S_IFREG, &tmp,
	  { .read_iter = true, .write_iter = true },
	  { .readable = true, .reads = true, .writes = true, .position = true,
	    .worker = true } },
	/* one that is only written */
	{ FMODE_WRITE | FMODE_PREAD | FMODE_PWRITE | FMODE_NOWAIT, S_IFREG, &disk,
	  { .read_iter = true, .write_iter = true },
	  { .writable = true, .reads = true, .writes = true, .position = true,
	    .worker = true } },
	/* a directory */
	{ FMODE_READ | FMODE_PREAD, S_IFDIR, &disk, { .read = true, .fsync = true },
	  { .readable = true, .reads = true, .position = true, .worker = true } },
	/* a pipe, both ends */
	{ FMODE_READ | FMODE_STREAM, S_IFIFO, &proc,
	  { .read_iter = true, .write_iter = true, .poll = true },
	  { .readable = true, .reads = true, .writes = true, .worker = true } },
	{ FMODE_WRITE | FMODE_STREAM, S_IFIFO, &proc,
	  { .read_iter = true, .write_iter = true, .poll = true },
	  { .writable = true, .reads = true, .writes = true, .worker = true } },
	/* a socket */
	{ FMODE_READ | FMODE_WRITE | FMODE_STREAM | FMODE_NOWAIT, S_IFSOCK, &proc,
	  { .read_iter = true, .write_iter = true, .poll = true },
	  { .readable = true, .writable = true, .reads = true, .writes = true } },
	/* a device with old methods */
	{ FMODE_READ | FMODE_WRITE | FMODE_PREAD | FMODE_PWRITE, S_IFCHR, &tmp,
	  { .read = true, .write = true },
	  { .readable = true, .writable = true, .reads = true, .writes = true,
	    .position = true } },
	/* what can be neither read nor written, as an epoll */
	{ FMODE_READ | FMODE_WRITE | FMODE_PREAD | FMODE_PWRITE, 0, &proc, { .poll = true },
	  { .readable = true, .writable = true, .position = true } },
	/* a block device */
	{ FMODE_READ | FMODE_WRITE | FMODE_PREAD | FMODE_PWRITE | FMODE_NOWAIT, S_IFBLK, &tmp,
	  { .read_iter = true, .write_iter = true },
	  { .readable = true, .writable = true, .reads = true, .writes = true,
	    .position = true, .worker = true } },
	/* a ring */
	{ FMODE_READ | FMODE_WRITE, 0, &proc, { .poll = true }, { .ring = true } },
	/* O_PATH: the kernel does not even find it */
	{ 0, S_IFREG, &disk, {}, { .path = true } },
};

#define RING_FD		10

const struct file_operations cring_fops = { .poll = true };
static struct inode inodes[FILES];
/* which file is in each fixed slot */
static const s8 slots[SLOTS] = { 0, -1, 6, 2, 9, -1, 1, 4 };
static struct file *table[SLOTS];

struct file *fget(unsigned int fd)
{
	return fd < FILES && !kinds[fd].abi.path ? get_file(&world.files[fd]) : NULL;
}

void fput(struct file *file)
{
	file->refs--;
}

static const struct abi_file *abi_file(s32 fd, bool slot)
{
	if (fd < 0 || fd >= (slot ? SLOTS : FILES))
		return NULL;
	if (slot)
		return slots[fd] < 0 ? NULL : &kinds[slots[fd]].abi;
	return &kinds[fd].abi;
}

struct file *world_file(s32 fd, bool slot)
{
	return &world.files[slot ? slots[fd] : fd];
}

static void files_begin(void)
{
	unsigned int i;

	for (i = 0; i < FILES; i++) {
		inodes[i] = (struct inode) { kinds[i].type, kinds[i].sb };
		world.files[i] = (struct file) {
			.f_mode = kinds[i].mode, .f_inode = &inodes[i], .refs = 1,
			.f_op = i == RING_FD ? &cring_fops : &kinds[i].ops,
		};
	}
	for (i = 0; i < SLOTS; i++)
		table[i] = slots[i] < 0 ? NULL : &world.files[slots[i]];
}

/* --- memory --- */

static bool in_memory(u64 addr, u64 size)
{
	u64 begin = (uintptr_t)user_memory;

	return addr >= begin && addr - begin <= sizeof(user_memory) &&
	       size <= sizeof(user_memory) - (addr - begin);
}

unsigned long copy_from_user(void *to, const void *from, unsigned long size)
{
	if (!in_memory((uintptr_t)from, size))
		return size;
	memcpy(to, from, size);
	return 0;
}

/* as the kernel does it: one vector needs no memory */
ssize_t import_iovec(int type, const struct iovec *from, unsigned int nr, unsigned int fast,
		     struct iovec **iov, struct iov_iter *iter)
{
	struct iovec *to = *iov;
	ssize_t total = 0;
	unsigned int i;

	if (nr > 1024)
		return -EINVAL;
	if (nr > fast)
		to = malloc(nr * sizeof(*to));
	*iov = NULL;
	if (nr && copy_from_user(to, from, nr * sizeof(*to)))
		total = -EFAULT;
	for (i = 0; i < nr && total >= 0; i++) {
		if ((ssize_t)to[i].iov_len < 0)
			total = -EINVAL;
		else if (!access_ok(to[i].iov_base, to[i].iov_len))
			total = -EFAULT;
		else
			total += min((s64)to[i].iov_len, (s64)(MAX_RW_COUNT - total));
	}
	if (nr <= fast)
		return total;
	if (total < 0)
		free(to);
	else
		*iov = to;
	return total;
}

static enum abi_memory memory(u64 addr, u64 size)
{
	if (in_memory(addr, size))
		return ABI_READABLE;
	return addr > USER_END || size > USER_END - addr ? ABI_NO_ADDRESS : ABI_UNREADABLE;
}

/* fixed buffers: only where they are matters */
static const struct iovec buffers[] = {
	{ (void *)0x10000, 8192 + 100 }, { (void *)(USER_END - 0x1800), 0x1800 },
	{ (void *)BIG_BUFFER, SZ_16M + 100 },
};

struct page *shim_pages(unsigned long addr, int n, struct page **pages)
{
	memset(pages, 0, n * sizeof(*pages));
	return NULL;
}

static bool buffer(unsigned int slot, u64 addr, u64 size)
{
	u64 begin;

	if (slot >= world.ring.nr_bufs)
		return false;
	begin = (uintptr_t)buffers[slot].iov_base;
	return addr >= begin && addr - begin <= buffers[slot].iov_len &&
	       size <= buffers[slot].iov_len - (addr - begin);
}

/* the last one takes its time */
static void buffers_begin(bool big)
{
	struct cring_register reg = {
		.nr = ARRAY_SIZE(buffers) - !big, .addr = (uintptr_t)user_memory,
	};

	memcpy(user_memory, buffers, sizeof(buffers));
	expect(!cring_register_buffers(&world.ring, &reg), "the buffers are not taken");
}

/* --- the rest of the kernel --- */

/* nobody waits anywhere */
void flush_work(struct work_struct *work)
{
}

ktime_t ktime_get(void)
{
	return 1000000000;
}

ktime_t cring_deadline_of(const struct cring_ring *ring, u64 ns, bool absolute, ktime_t now)
{
	return absolute ? (ktime_t)min_t(u64, ns, KTIME_MAX) : now;
}

void get_random_bytes(void *to, unsigned long size)
{
	memset(to, 0x5d, size);
}

bool cring_register_known(u32 opcode)
{
	return opcode < 7 || opcode == 128 || opcode == 129;
}

int cring_user_detach_get(struct cring_user *user)
{
	if (!world.user_detached)
		return -EAGAIN;
	world.user_detached--;
	return 0;
}

void cring_user_detach_put(struct cring_user *user)
{
	world.user_detached++;
}

void cring_window_return(struct cring_req *req)
{
}

struct cring_ident {
	char thread;
	int refs;
};

static struct cring_ident idents[3];

const struct pid *cring_ident_thread(const struct cring_ident *ident)
{
	return (const struct pid *)&ident->thread;
}

const struct pid *world_thread(unsigned int n)
{
	return n ? cring_ident_thread(&idents[n]) : NULL;
}

struct cring_ident *world_ident(unsigned int n)
{
	return n ? &idents[n] : NULL;
}

struct cring_ident *cring_ident_get(struct cring_ring *ring, bool waits)
{
	idents[0].refs++;
	return &idents[0];
}

void cring_ident_put(struct cring_ident *ident)
{
	ident->refs--;
}

/* --- a ring --- */

/* what a second ioctl may have named: everything but a few */
static void restrict_begin(struct input *in)
{
	struct cring_restrict *may = &world.ring.may;
	unsigned int n;

	for (n = pick(in, 4); n; n--)
		((u8 *)may)[take(in, 1) % offsetof(struct cring_restrict, resv0)] &= take(in, 1);
	world.ring.restricted = true;
	world.abi.may = may;
}

void world_begin(struct input *in, u32 entries)
{
	struct cring_ring *ring = &world.ring;
	unsigned int how = take(in, 1), more = take(in, 1);
	u32 i;

	world = (struct world) {
		.user_detached = (how & 4) ? 3 : 100,
		.abi = { .file = abi_file, .memory = memory, .buffer = buffer,
			 .thread = (how & 3) == 3, .privileged = how & 8,
			 .detached = how >> 4 },
	};
	world.abi.user_detached = world.user_detached;
	files_begin();
	shim_capable = world.abi.privileged;
	ring->sq_thread = world.abi.thread ? current : NULL;
	ring->max_detached = world.abi.detached;
	ring->files = table;
	ring->nr_files = SLOTS;
	ring->cq_mask = entries - 1;
	ring->nr_reqs = entries;
	ring->pool = calloc(entries, sizeof(*ring->pool));
	ring->shared = calloc(1, sizeof(*ring->shared));
	ring->cqes = calloc(entries, sizeof(*ring->cqes));
	INIT_LIST_HEAD(&ring->counted);
	for (i = 0; i < entries; i++) {
		ring->pool[i].ring = ring;
		INIT_LIST_HEAD(&ring->pool[i].chain);
		cring_req_blank(&ring->pool[i]);
	}
	shim_lock(&ring->submit_mutex);
	buffers_begin(more & 2);
	cring_restrict_init(ring);
	if (more & 1)
		restrict_begin(in);
}

void world_end(void)
{
	struct cring_ring *ring = &world.ring;
	unsigned int i;

	for (i = 0; i < FILES; i++)
		expect(world.files[i].refs == 1, "%d references to file %u",
		       world.files[i].refs, i);
	expect(!idents[0].refs, "%d references to the identity", idents[0].refs);
	expect(!ring->nr_detached.n, "%d count as detached", ring->nr_detached.n);
	expect(!ring->lock.held, "the ring is locked");
	/* what an operation holds of a buffer is not freed, and the sanitizer says so */
	cring_bufs_put(ring);
	free(ring->pool);
	free(ring->shared);
	free(ring->cqes);
}

/* --- numbers --- */

u64 any_number(struct input *in)
{
	unsigned int n = pick(in, 8);

	switch (n) {
	case 7:
		return take(in, 8);
	case 6:
		return -take(in, 1);
	case 5:
		return take(in, 4);
	case 4:
		/* next to a power of two */
		return (1ULL << pick(in, 64)) + (s64)(s8)take(in, 1);
	default:
		return take(in, 1);
	}
}

s32 any_fd(struct input *in)
{
	unsigned int n = pick(in, 32);

	return n < FILES ? (s32)n : n < 30 ? (s32)(n - FILES) : (s32)any_number(in);
}

u32 any_cancel_flags(struct input *in)
{
	u32 flags = take(in, 1);

	return (flags & 0x3f) | (flags >> 6) << 16 | (pick(in, 32) == 31 ? take(in, 4) : 0);
}

u8 any_opcode(struct input *in)
{
	static const u8 opcodes[] = {
		CRING_OP_NOP, CRING_OP_READ, CRING_OP_WRITE, CRING_OP_READV, CRING_OP_WRITEV,
		CRING_OP_READ_FIXED, CRING_OP_WRITE_FIXED, CRING_OP_FSYNC, CRING_OP_FALLOCATE,
		CRING_OP_SYNC_FILE_RANGE, CRING_OP_COPY_FILE_RANGE, CRING_OP_POLL_ADD,
		CRING_OP_POLL_REMOVE, CRING_OP_TIMEOUT, CRING_OP_TIMEOUT_REMOVE,
		CRING_OP_LINK_TIMEOUT, CRING_OP_ASYNC_CANCEL,
	};
	unsigned int n = pick(in, ARRAY_SIZE(opcodes) + 1);

	return n < ARRAY_SIZE(opcodes) ? opcodes[n] : take(in, 1);
}
