/* SPDX-License-Identifier: MIT */
/* What the tests share that take the module out and in again. */
#ifndef CRING_TESTS_MODULE_UTIL_H
#define CRING_TESTS_MODULE_UTIL_H

#include "util_sys.h"

static inline const char *module_file(void)
{
	static const char *const paths[] = {
		"/lib/modules/cring.ko", "/cring.ko", "/cring/cring.ko",
	};
	const char *env = getenv("CRING_KO");
	size_t i;

	if (env)
		return env;
	for (i = 0; i < ARRAY_LEN(paths); i++)
		if (!access(paths[i], R_OK))
			return paths[i];
	return NULL;
}
#define NO_FILE	"no cring.ko here (CRING_KO names it)"

static inline int load_with(const char *params)
{
	int fd = open(module_file(), O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, params, 0) ? -errno : 0;
	close(fd);
	return ret;
}

static inline int load(void)
{
	return load_with("");
}

static inline int unload(void)
{
	return syscall(SYS_delete_module, "cring", O_NONBLOCK) ? -errno : 0;
}

/* ---- parameters that change while it is loaded ---------------------------- */

#define PARAMETERS	"/sys/module/cring/parameters/"

static inline unsigned int parameter(const char *name)
{
	char path[96], buf[32];

	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	read_str(path, buf, sizeof(buf));
	return (unsigned int)strtoul(buf, NULL, 10);
}

static inline int set_parameter(const char *name, unsigned int value)
{
	char path[96], buf[32];

	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	snprintf(buf, sizeof(buf), "%u", value);
	return write_str(path, buf);
}

#endif /* CRING_TESTS_MODULE_UTIL_H */
