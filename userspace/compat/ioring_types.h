/* SPDX-License-Identifier: MIT */
/*
 * Windows' types, constants and errors, as far as ioringapi.h needs them.  The
 * values are Windows', but for IORING_E_WAIT_TIMEOUT, which has none in public.
 */
#ifndef CRING_COMPAT_IORING_TYPES_H
#define CRING_COMPAT_IORING_TYPES_H

#include <errno.h>
#include <limits.h>
#include <stdint.h>

typedef int BOOL;
typedef void *HANDLE;
typedef int32_t HRESULT;
typedef uint32_t DWORD;
typedef uint32_t UINT32;
typedef uint64_t UINT64;
typedef uintptr_t UINT_PTR;
typedef uintptr_t ULONG_PTR;
typedef struct _OVERLAPPED *LPOVERLAPPED;

#ifndef TRUE
#define TRUE	1
#define FALSE	0
#endif
#define INFINITE		0xffffffffU
#define INVALID_HANDLE_VALUE	((HANDLE)(intptr_t)-1)

/* NULL is no descriptor, 0 is one. */
static inline HANDLE CringHandle(int fd)
{
	return fd < 0 ? INVALID_HANDLE_VALUE : (HANDLE)((intptr_t)fd + 1);
}

static inline int CringFd(HANDLE handle)
{
	intptr_t fd = (intptr_t)handle - 1;

	return fd < 0 || fd > INT_MAX ? -1 : (int)fd;
}

#define SUCCEEDED(hr)		((HRESULT)(hr) >= 0)
#define FAILED(hr)		((HRESULT)(hr) < 0)
#define CRING_HRESULT(v)	((HRESULT)(v))
#define HRESULT_FROM_WIN32(e)	CRING_HRESULT(0x80070000U | (e))

#define ERROR_SUCCESS			0
#define ERROR_INVALID_HANDLE		6
#define ERROR_NOT_ENOUGH_MEMORY		8
#define ERROR_NOT_SUPPORTED		50
#define ERROR_INVALID_PARAMETER		87
#define ERROR_DISK_FULL			112
#define ERROR_OPERATION_ABORTED		995
#define ERROR_NOACCESS			998
#define ERROR_IO_DEVICE			1117
#define ERROR_NOT_FOUND			1168
#define ERROR_TIMEOUT			1460

#define S_OK		CRING_HRESULT(0)
#define S_FALSE		CRING_HRESULT(1)
#define E_NOTIMPL	CRING_HRESULT(0x80004001U)
#define E_HANDLE	HRESULT_FROM_WIN32(ERROR_INVALID_HANDLE)
#define E_INVALID_HANDLE E_HANDLE
#define E_ACCESSDENIED	HRESULT_FROM_WIN32(5)
#define E_OUTOFMEMORY	HRESULT_FROM_WIN32(14)
#define E_INVALIDARG	HRESULT_FROM_WIN32(ERROR_INVALID_PARAMETER)

#define IORING_E_REQUIRED_FLAG_NOT_SUPPORTED	CRING_HRESULT(0x80460001U)
#define IORING_E_UNKNOWN_REQUIRED_FLAG	IORING_E_REQUIRED_FLAG_NOT_SUPPORTED
#define IORING_E_SUBMISSION_QUEUE_FULL		CRING_HRESULT(0x80460002U)
#define IORING_E_VERSION_NOT_SUPPORTED		CRING_HRESULT(0x80460003U)
#define IORING_E_UNKNOWN_VERSION		IORING_E_VERSION_NOT_SUPPORTED
#define IORING_E_SUBMISSION_QUEUE_TOO_BIG	CRING_HRESULT(0x80460004U)
#define IORING_E_COMPLETION_QUEUE_TOO_BIG	CRING_HRESULT(0x80460005U)
#define IORING_E_SUBMIT_IN_PROGRESS		CRING_HRESULT(0x80460006U)
#define IORING_E_CORRUPT			CRING_HRESULT(0x80460007U)
#define IORING_E_COMPLETION_QUEUE_TOO_FULL	CRING_HRESULT(0x80460008U)
#define IORING_E_WAIT_TIMEOUT			HRESULT_FROM_WIN32(258)

typedef enum IORING_VERSION {
	IORING_VERSION_INVALID = 0,
	IORING_VERSION_1 = 1,
	IORING_VERSION_2 = 2,
	IORING_VERSION_3 = 300
} IORING_VERSION;

typedef enum IORING_FEATURE_FLAGS {
	IORING_FEATURE_FLAGS_NONE = 0,
	IORING_FEATURE_UM_EMULATION = 1,
	IORING_FEATURE_SET_COMPLETION_EVENT = 2
} IORING_FEATURE_FLAGS;

typedef enum IORING_OP_CODE {
	IORING_OP_NOP,
	IORING_OP_READ,
	IORING_OP_REGISTER_FILES,
	IORING_OP_REGISTER_BUFFERS,
	IORING_OP_CANCEL,
	IORING_OP_WRITE,
	IORING_OP_FLUSH
} IORING_OP_CODE;

typedef enum IORING_SQE_FLAGS {
	IOSQE_FLAGS_NONE = 0,
	IOSQE_FLAGS_DRAIN_PRECEDING_OPS = 1
} IORING_SQE_FLAGS;

typedef enum FILE_WRITE_FLAGS {
	FILE_WRITE_FLAGS_NONE = 0,
	FILE_WRITE_FLAGS_WRITE_THROUGH = 1
} FILE_WRITE_FLAGS;

typedef enum FILE_FLUSH_MODE {
	FILE_FLUSH_DEFAULT,
	FILE_FLUSH_DATA,
	FILE_FLUSH_MIN_METADATA,
	FILE_FLUSH_NO_SYNC
} FILE_FLUSH_MODE;

typedef enum IORING_CREATE_REQUIRED_FLAGS {
	IORING_CREATE_REQUIRED_FLAGS_NONE = 0
} IORING_CREATE_REQUIRED_FLAGS;

typedef enum IORING_CREATE_ADVISORY_FLAGS {
	IORING_CREATE_ADVISORY_FLAGS_NONE = 0,
	IORING_CREATE_SKIP_BUILDER_PARAM_CHECKS = 1
} IORING_CREATE_ADVISORY_FLAGS;

typedef struct IORING_CREATE_FLAGS {
	IORING_CREATE_REQUIRED_FLAGS Required;
	IORING_CREATE_ADVISORY_FLAGS Advisory;
} IORING_CREATE_FLAGS;

typedef struct IORING_CAPABILITIES {
	IORING_VERSION MaxVersion;
	UINT32 MaxSubmissionQueueSize;
	UINT32 MaxCompletionQueueSize;
	IORING_FEATURE_FLAGS FeatureFlags;
} IORING_CAPABILITIES;

typedef struct IORING_INFO {
	IORING_VERSION IoRingVersion;
	IORING_CREATE_FLAGS Flags;
	UINT32 SubmissionQueueSize;
	UINT32 CompletionQueueSize;
} IORING_INFO;

typedef struct IORING_CQE {
	UINT_PTR UserData;
	HRESULT ResultCode;
	ULONG_PTR Information;
} IORING_CQE;

/* IORING_CQE.Information of a cancel whose target goes on for a while */
#define CRING_STILL_RUNNING	((ULONG_PTR)1)

typedef enum IORING_REF_KIND {
	IORING_REF_RAW,
	IORING_REF_REGISTERED
} IORING_REF_KIND;

typedef struct IORING_HANDLE_REF {
	IORING_REF_KIND Kind;
	union {
		HANDLE Handle;
		UINT32 Index;
	} Handle;
} IORING_HANDLE_REF;

typedef struct IORING_BUFFER_REF {
	IORING_REF_KIND Kind;
	union {
		void *Address;
	} Buffer;
} IORING_BUFFER_REF;

static inline IORING_HANDLE_REF IoRingHandleRefFromHandle(HANDLE h)
{
	IORING_HANDLE_REF ref;

	ref.Kind = IORING_REF_RAW;
	ref.Handle.Handle = h;
	return ref;
}

static inline IORING_BUFFER_REF IoRingBufferRefFromPointer(void *p)
{
	IORING_BUFFER_REF ref;

	ref.Kind = IORING_REF_RAW;
	ref.Buffer.Address = p;
	return ref;
}

/* ---------------------------------------------------------------------------
 * Errors
 */

/* What Windows calls an errno; 0 when it has no name for it. */
static inline DWORD CringWin32Error(int err)
{
	switch (err) {
	case ECANCELED:	return ERROR_OPERATION_ABORTED;
	case ENOENT:	return ERROR_NOT_FOUND;
	case EBADF:	return ERROR_INVALID_HANDLE;
	case EINVAL:	return ERROR_INVALID_PARAMETER;
	case EACCES:
	case EPERM:	return 5;
	case ENOMEM:	return ERROR_NOT_ENOUGH_MEMORY;
	case EOPNOTSUPP: return ERROR_NOT_SUPPORTED;
	case ENOSPC:	return ERROR_DISK_FULL;
	case EFAULT:	return ERROR_NOACCESS;
	case EIO:	return ERROR_IO_DEVICE;
	case ETIME:	return ERROR_TIMEOUT;
	}
	return 0;
}

static inline HRESULT CringHresult(int err)
{
	DWORD win32 = CringWin32Error(err);

	return win32 ? HRESULT_FROM_WIN32(win32) :
		       CRING_HRESULT(0x80cb0000U | (unsigned int)err);
}

/* One for all files of a program that include this. */
__attribute__((weak)) __thread DWORD cring_last_error;

static inline DWORD GetLastError(void)
{
	return cring_last_error;
}

static inline void SetLastError(DWORD error)
{
	cring_last_error = error;
}

#endif /* CRING_COMPAT_IORING_TYPES_H */
