// SPDX-License-Identifier: GPL-2.0-only
/* vcpu_name.c - what a vCPU is called. */
#include <inttypes.h>
#include <stdio.h>

#include "user/model/run.h"
#include "user/model/vm.h"

bool vm_several(const struct run *r)
{
	size_t i;

	for (i = 1; i < r->vm.n_vcpus; i++)
		if (r->vm.vcpus[i].pid != r->vm.vcpus[0].pid)
			return true;
	return false;
}

const char *vcpu_name(char buf[VM_NAME_MAX], const struct run *r, size_t index)
{
	if (vm_several(r))
		snprintf(buf, VM_NAME_MAX, "vCPU %zu of %" PRIu32, index, r->vm.vcpus[index].pid);
	else
		snprintf(buf, VM_NAME_MAX, "vCPU %zu", index);
	return buf;
}
