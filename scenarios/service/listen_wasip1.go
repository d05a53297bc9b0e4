// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"net"
	"os"
	"syscall"
)

// preopened is where WASI runtimes put the socket that they listen on, when no directory comes before it.
const preopened = 3

func listen(string) (net.Listener, error) {
	// Blocking, the second sock_accept would stop the module's only thread, and with it every answer.
	if err := syscall.SetNonblock(preopened, true); err != nil {
		return nil, fmt.Errorf("descriptor %d is no listening socket (wazero run -listen=…, wasmtime -S tcplisten=…): %w", preopened, err)
	}
	f := os.NewFile(preopened, "listener")
	defer f.Close()
	return net.FileListener(f)
}
