// SPDX-License-Identifier: GPL-2.0-only

package main

import "net"

func listen(addr string) (net.Listener, error) {
	return net.Listen("tcp", addr)
}
