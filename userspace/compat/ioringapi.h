/* SPDX-License-Identifier: MIT */
/*
 * ioringapi.h: the calls of Windows' I/O rings, on top of cring.h.
 *
 * For porting: the names, the arguments, the answers.  What differs:
 *
 *  - A HANDLE is made of a descriptor with CringHandle(fd), an event of an
 *    eventfd.  It is the descriptor: closing it is close(2).
 *  - Files and buffers are given as they are (IORING_REF_RAW); registered ones
 *    are refused with E_NOTIMPL.  cring.h registers on CringOfIoRing(ring).
 *  - The event is signalled for each batch of completions, not only for the
 *    first in an empty queue; who pops until S_FALSE sees no difference.
 *  - A read at the end of the file is S_OK with Information 0.
 *  - The CQE of a cancel is S_OK when its target was told to stop, with
 *    Information 0 when it has stopped, its own CQE being ahead, and
 *    CRING_STILL_RUNNING when its CQE is still to come.
 *  - CloseIoRing() stops what can be stopped.  As on Windows it does not wait.
 *
 * CancelIoEx() and CancelIo() are in cancelioex.h.
 */
#ifndef CRING_COMPAT_IORINGAPI_H
#define CRING_COMPAT_IORINGAPI_H

#include <stdbool.h>
#include <stdlib.h>

#include <cring.h>

#include "cancelioex.h"
#include "ioring_types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct CRING_IORING {
	struct cring ring;
	IORING_INFO info;
	bool submitting;
	bool has_event;
} *HIORING;

static inline struct cring *CringOfIoRing(HIORING ioRing)
{
	return &ioRing->ring;
}

/* ---------------------------------------------------------------------------
 * The ring
 */

static inline HRESULT QueryIoRingCapabilities(IORING_CAPABILITIES *caps)
{
	struct cring_query query;
	int ret = cring_query(&query);

	if (ret < 0)
		return CringHresult(-ret);
	caps->MaxVersion = IORING_VERSION_3;
	caps->MaxSubmissionQueueSize = query.max_sq_entries;
	caps->MaxCompletionQueueSize = query.max_cq_entries;
	caps->FeatureFlags = IORING_FEATURE_SET_COMPLETION_EVENT;
	return S_OK;
}

static inline UINT32 CringPowerOfTwo(UINT32 n)
{
	UINT32 p = 1;

	while (p < n)
		p <<= 1;
	return p;
}

static inline HRESULT CreateIoRing(IORING_VERSION ioringVersion,
				   IORING_CREATE_FLAGS flags,
				   UINT32 submissionQueueSize,
				   UINT32 completionQueueSize, HIORING *h)
{
	struct cring_params p;
	HIORING ring;
	int ret;

	*h = NULL;
	if (ioringVersion == IORING_VERSION_INVALID ||
	    ioringVersion > IORING_VERSION_3)
		return IORING_E_VERSION_NOT_SUPPORTED;
	/* None is defined.  Unknown advisory ones are ignored. */
	if (flags.Required)
		return IORING_E_REQUIRED_FLAG_NOT_SUPPORTED;
	if (submissionQueueSize > CRING_MAX_SQ_ENTRIES)
		return IORING_E_SUBMISSION_QUEUE_TOO_BIG;
	if (completionQueueSize > CRING_MAX_CQ_ENTRIES)
		return IORING_E_COMPLETION_QUEUE_TOO_BIG;
	ring = (HIORING)calloc(1, sizeof(*ring));
	if (!ring)
		return E_OUTOFMEMORY;

	memset(&p, 0, sizeof(p));
	p.flags = CRING_SETUP_CQSIZE;
	p.cq_entries = 2 * CringPowerOfTwo(submissionQueueSize);
	if (p.cq_entries < completionQueueSize)
		p.cq_entries = completionQueueSize;
	ret = cring_queue_init_params(CringPowerOfTwo(submissionQueueSize),
				      &ring->ring, &p);
	if (ret < 0) {
		free(ring);
		return CringHresult(-ret);
	}
	ring->info.IoRingVersion = ioringVersion;
	ring->info.Flags = flags;
	ring->info.SubmissionQueueSize = p.sq_entries;
	ring->info.CompletionQueueSize = p.cq_entries;
	*h = ring;
	return S_OK;
}

static inline HRESULT CloseIoRing(HIORING ioRing)
{
	if (!ioRing)
		return E_HANDLE;
	cring_queue_exit(&ioRing->ring);
	free(ioRing);
	return S_OK;
}

static inline HRESULT GetIoRingInfo(HIORING ioRing, IORING_INFO *info)
{
	if (!ioRing)
		return E_HANDLE;
	*info = ioRing->info;
	return S_OK;
}

static inline BOOL IsIoRingOpSupported(HIORING ioRing, IORING_OP_CODE op)
{
	if (!ioRing)
		return FALSE;
	switch (op) {
	case IORING_OP_NOP:
	case IORING_OP_READ:
	case IORING_OP_CANCEL:
		return TRUE;
	case IORING_OP_WRITE:
	case IORING_OP_FLUSH:
		return ioRing->info.IoRingVersion >= IORING_VERSION_3;
	default:
		return FALSE;
	}
}

/* hEvent: CringHandle() of an eventfd; NULL: none any more. */
static inline HRESULT SetIoRingCompletionEvent(HIORING ioRing, HANDLE hEvent)
{
	int ret;

	if (!ioRing)
		return E_INVALID_HANDLE;
	if (hEvent && (CringFd(hEvent) < 0 ||
		       fcntl(CringFd(hEvent), F_GETFD) < 0))
		return E_INVALIDARG;
	if (ioRing->has_event)
		cring_unregister_eventfd(&ioRing->ring);
	ioRing->has_event = false;
	if (!hEvent)
		return S_OK;
	ret = cring_register_eventfd(&ioRing->ring, CringFd(hEvent));
	if (ret < 0)
		return E_INVALIDARG;
	ioRing->has_event = true;
	return S_OK;
}

/* ---------------------------------------------------------------------------
 * Building: an entry in the submission queue, or an error and no change
 */

/* @needs: the operation that the ring's version must have. */
static inline HRESULT CringBuild(HIORING ioRing, IORING_OP_CODE needs,
				 IORING_HANDLE_REF file, int sqeFlags,
				 UINT_PTR userData, struct cring_sqe **sqe)
{
	if (!ioRing)
		return E_HANDLE;
	if (!IsIoRingOpSupported(ioRing, needs))
		return IORING_E_VERSION_NOT_SUPPORTED;
	if (sqeFlags & ~IOSQE_FLAGS_DRAIN_PRECEDING_OPS)
		return IORING_E_REQUIRED_FLAG_NOT_SUPPORTED;
	if (file.Kind != IORING_REF_RAW)
		return E_NOTIMPL;
	if (CringFd(file.Handle.Handle) < 0)
		return E_INVALIDARG;
	*sqe = cring_get_sqe(&ioRing->ring);
	if (!*sqe)
		return IORING_E_SUBMISSION_QUEUE_FULL;
	(*sqe)->user_data = userData;
	if (sqeFlags)
		(*sqe)->flags = CRING_SQE_IO_DRAIN;
	return S_OK;
}

static inline HRESULT BuildIoRingReadFile(HIORING ioRing,
					  IORING_HANDLE_REF fileRef,
					  IORING_BUFFER_REF dataRef,
					  UINT32 numberOfBytesToRead,
					  UINT64 fileOffset, UINT_PTR userData,
					  IORING_SQE_FLAGS sqeFlags)
{
	struct cring_sqe *sqe;
	HRESULT hr;

	if (dataRef.Kind != IORING_REF_RAW)
		return E_NOTIMPL;
	hr = CringBuild(ioRing, IORING_OP_READ, fileRef, (int)sqeFlags,
			userData, &sqe);
	if (hr == S_OK)
		cring_prep_read(sqe, CringFd(fileRef.Handle.Handle),
				dataRef.Buffer.Address, numberOfBytesToRead,
				fileOffset);
	return hr;
}

static inline HRESULT BuildIoRingWriteFile(HIORING ioRing,
					   IORING_HANDLE_REF fileRef,
					   IORING_BUFFER_REF bufferRef,
					   UINT32 numberOfBytesToWrite,
					   UINT64 fileOffset,
					   FILE_WRITE_FLAGS writeFlags,
					   UINT_PTR userData,
					   IORING_SQE_FLAGS sqeFlags)
{
	struct cring_sqe *sqe;
	HRESULT hr;

	if (bufferRef.Kind != IORING_REF_RAW)
		return E_NOTIMPL;
	if (writeFlags & ~FILE_WRITE_FLAGS_WRITE_THROUGH)
		return IORING_E_REQUIRED_FLAG_NOT_SUPPORTED;
	hr = CringBuild(ioRing, IORING_OP_WRITE, fileRef, (int)sqeFlags,
			userData, &sqe);
	if (hr != S_OK)
		return hr;
	cring_prep_write(sqe, CringFd(fileRef.Handle.Handle),
			 bufferRef.Buffer.Address, numberOfBytesToWrite,
			 fileOffset);
	if (writeFlags)
		sqe->rw_flags = 0x00000002;	/* RWF_DSYNC */
	return S_OK;
}

/* Where Windows has four strengths, there are two here; the stronger is taken. */
static inline HRESULT BuildIoRingFlushFile(HIORING ioRing,
					   IORING_HANDLE_REF fileRef,
					   FILE_FLUSH_MODE flushMode,
					   UINT_PTR userData,
					   IORING_SQE_FLAGS sqeFlags)
{
	struct cring_sqe *sqe;
	HRESULT hr;

	if ((unsigned int)flushMode > FILE_FLUSH_NO_SYNC)
		return E_INVALIDARG;
	hr = CringBuild(ioRing, IORING_OP_FLUSH, fileRef, (int)sqeFlags,
			userData, &sqe);
	if (hr == S_OK)
		cring_prep_fsync(sqe, CringFd(fileRef.Handle.Handle),
				 flushMode == FILE_FLUSH_DATA ||
				 flushMode == FILE_FLUSH_MIN_METADATA ?
				 CRING_FSYNC_DATASYNC : 0);
	return hr;
}

/* The operation must be on this file and have this userData, both. */
static inline HRESULT BuildIoRingCancelRequest(HIORING ioRing,
					       IORING_HANDLE_REF file,
					       UINT_PTR opToCancel,
					       UINT_PTR userData)
{
	struct cring_sqe *sqe;
	HRESULT hr = CringBuild(ioRing, IORING_OP_CANCEL, file, 0, userData,
				&sqe);

	if (hr != S_OK)
		return hr;
	cring_prep_cancel64(sqe, opToCancel, CRING_ASYNC_CANCEL_FD |
			    CRING_ASYNC_CANCEL_USERDATA);
	sqe->fd = CringFd(file.Handle.Handle);
	return S_OK;
}

/* ---------------------------------------------------------------------------
 * Submitting and popping
 */

/* All entries, or none of them and an error. */
static inline HRESULT CringSubmitAll(HIORING ioRing, UINT32 *submitted)
{
	struct cring *ring = &ioRing->ring;
	unsigned int nr = cring_sq_ready(ring), used;
	int ret;

	/* in this order what ends in between counts once at most */
	used = cring_cq_ready(ring);
	used += cring_in_flight(ring);
	if (nr > ring->cq_entries - used)
		return IORING_E_COMPLETION_QUEUE_TOO_FULL;
	ret = cring_submit(ring);
	if (ret < 0)
		return ret == -EBUSY ? IORING_E_COMPLETION_QUEUE_TOO_FULL :
				       CringHresult(-ret);
	*submitted = (UINT32)ret;
	return S_OK;
}

static inline HRESULT SubmitIoRing(HIORING ioRing, UINT32 waitOperations,
				   UINT32 milliseconds,
				   UINT32 *submittedEntries)
{
	struct cring_timespec ts;
	struct cring_cqe *cqe;
	UINT32 submitted = 0, known;
	HRESULT hr;
	int ret;

	if (!ioRing)
		return E_HANDLE;
	if (submittedEntries)
		*submittedEntries = 0;
	/* in this order what ends in between counts once at least */
	known = cring_in_flight(&ioRing->ring);
	known += cring_cq_ready(&ioRing->ring) + cring_sq_ready(&ioRing->ring);
	if (waitOperations > known)
		return E_INVALIDARG;
	if (__atomic_exchange_n(&ioRing->submitting, true, __ATOMIC_ACQUIRE))
		return IORING_E_SUBMIT_IN_PROGRESS;
	hr = CringSubmitAll(ioRing, &submitted);
	__atomic_store_n(&ioRing->submitting, false, __ATOMIC_RELEASE);
	if (hr != S_OK)
		return hr;
	if (submittedEntries)
		*submittedEntries = submitted;
	if (!waitOperations)
		return S_OK;

	ts.tv_sec = milliseconds / 1000;
	ts.tv_nsec = milliseconds % 1000 * 1000000;
	do {
		ret = cring_wait_cqes(&ioRing->ring, &cqe, waitOperations,
				      milliseconds == INFINITE ? NULL : &ts,
				      NULL);
	} while (ret == -EINTR);
	if (ret < 0)
		return ret == -ETIME ? IORING_E_WAIT_TIMEOUT :
				       CringHresult(-ret);
	return S_OK;
}

static inline HRESULT PopIoRingCompletion(HIORING ioRing, IORING_CQE *cqe)
{
	struct cring_cqe *c;

	if (!ioRing)
		return E_HANDLE;
	if (cring_peek_cqe(&ioRing->ring, &c) < 0)
		return S_FALSE;
	cqe->UserData = (UINT_PTR)c->user_data;
	cqe->ResultCode = S_OK;
	cqe->Information = 0;
	if (c->res == -EALREADY)	/* nothing but a cancel ends in this */
		cqe->Information = CRING_STILL_RUNNING;
	else if (c->res < 0)
		cqe->ResultCode = CringHresult(-c->res);
	else
		cqe->Information = (ULONG_PTR)c->res;
	cring_cqe_seen(&ioRing->ring, c);
	return S_OK;
}

#ifdef __cplusplus
}
#endif

#endif /* CRING_COMPAT_IORINGAPI_H */
