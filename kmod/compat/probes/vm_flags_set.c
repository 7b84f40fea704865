// SPDX-License-Identifier: GPL-2.0
/*
 * Are the flags of a VMA set through vm_flags_set()?  Since 6.3 they are, and
 * vma->vm_flags cannot be assigned to.
 */
#include <linux/mm.h>

void probe(struct vm_area_struct *vma);
void probe(struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_DONTCOPY);
}
