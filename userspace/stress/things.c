// SPDX-License-Identifier: MIT
/*
 * The files and disks that the operations of all rounds work on.
 */
#include <sys/stat.h>

#include "stress.h"

#define NULLB		"/sys/kernel/config/nullb/stress"

struct things things = { -1, -1, -1 };

static bool write_attr(const char *attr, const char *value)
{
	char path[128];
	ssize_t ret;
	int fd;

	snprintf(path, sizeof(path), NULLB "/%s", attr);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return false;
	ret = write(fd, value, strlen(value));
	close(fd);
	return ret > 0;
}

/* newer kernels name it as its folder is named */
static int disk_open(const char *index)
{
	char path[64];
	int i, fd = -1;

	snprintf(path, sizeof(path), "/dev/nullb%.8s", index);
	for (i = 0; fd < 0 && i < 100; i++) {
		fd = open(i % 2 ? "/dev/stress" : path, O_RDONLY | O_DIRECT | O_CLOEXEC);
		if (fd < 0)
			sleep_us(10000);
	}
	return fd;
}

/* a disk that takes its time; -1 where there is no null_blk */
static int slow_disk(void)
{
	char index[16] = "";
	int fd;

	if (mkdir(NULLB, 0755))
		return -1;
	if (!write_attr("size", "16") || !write_attr("irqmode", "2") ||
	    !write_attr("completion_nsec", "300000") || !write_attr("power", "1"))
		return -1;
	fd = open(NULLB "/index", O_RDONLY);
	if (fd < 0 || read(fd, index, sizeof(index) - 1) <= 0)
		return -1;
	close(fd);
	index[strcspn(index, "\n")] = 0;
	return disk_open(index);
}

/**
 * things_open - make them
 *
 * Return: NULL, or what could not be made.
 */
const char *things_open(void)
{
	static unsigned char data[FILE_SIZE];
	const char *path = access("/mnt", W_OK) ? "/tmp/stress" : "/mnt/stress";
	unsigned int i;

	for (i = 0; i < FILE_SIZE; i++)
		data[i] = pattern(i);
	things.file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (things.file < 0 || write(things.file, data, FILE_SIZE) != FILE_SIZE ||
	    fsync(things.file))
		return path;
	/* not everywhere */
	things.direct = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	unlink(path);
	things.disk = slow_disk();
	return NULL;
}

/**
 * things_close - the machine is as it was
 *
 * Every round is over.
 */
void things_close(void)
{
	close(things.file);
	close(things.direct);
	close(things.disk);
	write_attr("power", "0");
	rmdir(NULLB);
}
