// SPDX-License-Identifier: GPL-2.0
/*
 * Are the flags of a VMA changed through vm_flags_mod()?  Since 6.3 they are, and
 * vma->vm_flags cannot be assigned to.
 */
#include <linux/mm.h>

void probe(struct vm_area_struct *vma);
void probe(struct vm_area_struct *vma)
{
	vm_flags_mod(vma, VM_DONTCOPY, VM_MAYEXEC);
}
