// SPDX-License-Identifier: MIT
/* A read that nothing will ever answer, and how to be rid of it. */
#include <stdio.h>
#include <cring.h>

int main(void)
{
	struct cring_cancel_key key = cring_key64(42, 0);
	struct cring_cqe *cqe;
	struct cring_sqe *sqe;
	struct cring ring;
	char buf[64];
	int fds[2];

	if (pipe(fds) || cring_queue_init(8, &ring, 0) < 0)
		return 1;
	sqe = cring_get_sqe(&ring);
	cring_prep_read(sqe, fds[0], buf, sizeof(buf), 0);
	cring_sqe_set_data64(sqe, 42);
	cring_submit(&ring);

	printf("cancel: %d\n", cring_cancel_sync(&ring, &key, 0, 0));
	if (!cring_peek_cqe(&ring, &cqe))	/* 0: so its CQE is there */
		printf("read: %d\n", cqe->res);
	cring_queue_exit(&ring);
	return 0;
}
