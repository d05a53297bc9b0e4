// SPDX-License-Identifier: GPL-2.0-only

// Service is the HTTP server that every scenario starts: the same source native, in a container, in a
// VM and as a WASI module. It answers every request with a short text. Its other flags make it
// misbehave in ways that tests want to see diagnosed.
package main

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

const body = "coldprof service\n"

type options struct {
	addr        string
	status      int
	sleep       time.Duration
	answerAfter time.Duration
	exit        int
	neverListen bool
	touch       int
}

func parse() options {
	var o options
	flag.StringVar(&o.addr, "addr", ":8080", "address to listen on (a WASI module listens where its runtime does)")
	flag.IntVar(&o.status, "status", http.StatusOK, "status of every answer")
	flag.DurationVar(&o.sleep, "sleep", 0, "wait this long before listening")
	flag.DurationVar(&o.answerAfter, "answer-after", 0, "wait this long before each answer")
	flag.IntVar(&o.exit, "exit", -1, "exit with this status at once")
	flag.BoolVar(&o.neverListen, "never-listen", false, "stay alive and never listen")
	flag.IntVar(&o.touch, "touch", 0, "touch this many MiB of memory before listening")
	flag.Parse()
	return o
}

func main() {
	o := parse()
	if o.exit >= 0 {
		fmt.Fprintf(os.Stderr, "service: told to exit with status %d\n", o.exit)
		os.Exit(o.exit)
	}
	held := touch(o.touch)
	time.Sleep(o.sleep)
	if o.neverListen {
		for {
			time.Sleep(time.Hour)
		}
	}
	l, err := listen(o.addr)
	if err != nil {
		fmt.Fprintf(os.Stderr, "service: %v\n", err)
		os.Exit(1)
	}
	err = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(o.answerAfter)
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(o.status)
		io.WriteString(w, body)
	}))
	fmt.Fprintf(os.Stderr, "service: %v (%d MiB held)\n", err, len(held)>>20)
	os.Exit(1)
}

// touch returns mib MiB of which every page has been written.
func touch(mib int) []byte {
	b := make([]byte, mib<<20)
	for i := 0; i < len(b); i += 4096 {
		b[i] = 1
	}
	return b
}
