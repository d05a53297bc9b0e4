/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel whose types these are: see ../README.md. Written by gen.sh. */
#include "vmlinux_6.18.h"
