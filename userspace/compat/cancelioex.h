/* SPDX-License-Identifier: MIT */
/*
 * Windows' CancelIoEx() and CancelIo(), on top of cring.h.  They need no ring of
 * the caller's: they reach all rings of the process.  What Windows calls the
 * OVERLAPPED of an operation is its user_data here.
 */
#ifndef CRING_COMPAT_CANCELIOEX_H
#define CRING_COMPAT_CANCELIOEX_H

#include <cring.h>

#include "ioring_types.h"

#ifdef __cplusplus
extern "C" {
#endif

static inline BOOL CringCancelFile(struct cring_cancel_key *key,
				   unsigned int scope)
{
	int ret = cring_cancel_scope(NULL, key, scope, 0);

	if (ret < 0)
		SetLastError(CringWin32Error(-ret));
	else if (!ret && scope == CRING_CANCEL_PROCESS)
		SetLastError(ERROR_NOT_FOUND);
	else
		return TRUE;
	return FALSE;
}

/*
 * Every operation of this process on the file, whichever thread or ring started
 * it; or only those whose userData is lpOverlapped.  TRUE when they were told to
 * stop; their completions say how each one ended.
 */
static inline BOOL CancelIoEx(HANDLE hFile, LPOVERLAPPED lpOverlapped)
{
	struct cring_cancel_key key =
		cring_key_fd(CringFd(hFile), CRING_ASYNC_CANCEL_ALL);

	if (lpOverlapped) {
		key.flags |= CRING_ASYNC_CANCEL_USERDATA;
		key.user_data = (UINT_PTR)lpOverlapped;
	}
	return CringCancelFile(&key, CRING_CANCEL_PROCESS);
}

/* Every operation of the calling thread on the file; none is no error. */
static inline BOOL CancelIo(HANDLE hFile)
{
	struct cring_cancel_key key =
		cring_key_fd(CringFd(hFile), CRING_ASYNC_CANCEL_ALL);

	return CringCancelFile(&key, CRING_CANCEL_THREAD);
}

#ifdef __cplusplus
}
#endif

#endif /* CRING_COMPAT_CANCELIOEX_H */
