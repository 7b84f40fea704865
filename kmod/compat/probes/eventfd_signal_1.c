// SPDX-License-Identifier: GPL-2.0
/*
 * Does eventfd_signal() take the context only?  Since 6.8 it always adds one.
 */
#include <linux/eventfd.h>

void probe(struct eventfd_ctx *ctx);
void probe(struct eventfd_ctx *ctx)
{
	eventfd_signal(ctx);
}
