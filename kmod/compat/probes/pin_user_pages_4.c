// SPDX-License-Identifier: GPL-2.0
/*
 * Does pin_user_pages() take four arguments?  Since 6.5 it reports no VMAs.
 */
#include <linux/mm.h>

long probe(unsigned long start, struct page **pages);
long probe(unsigned long start, struct page **pages)
{
	return pin_user_pages(start, 1, FOLL_WRITE, pages);
}
