// Does one step of some work again and again, on the leader only, through libconclave
// (conclave(3)). Usage: leader [RUN_DIR]. Prints `lead EPOCH` and `lost`; ends at SIGTERM.
package main

/*
#cgo pkg-config: conclave
#include <conclave.h>
#include <stdlib.h>
*/
import "C"

import (
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

var stopped atomic.Bool

// The work: short, or able to stop. The epoch goes to whatever can refuse smaller ones.
func step(epoch int64) {
	time.Sleep(5 * time.Millisecond)
}

// One term: until the lease is over, or we are to stop.
func lead(c *C.struct_conclave) {
	var epoch C.int64_t
	said := int64(-1)
	for !stopped.Load() && C.conclave_stop_wanted(c, nil) == nil && bool(C.conclave_lease(c, &epoch, nil)) {
		if said != int64(epoch) {
			said = int64(epoch)
			fmt.Println("lead", said)
		}
		step(said)
		C.conclave_process(c)
	}
	if said >= 0 {
		fmt.Println("lost")
	}
}

func main() {
	var c *C.struct_conclave
	var runDir *C.char
	if len(os.Args) > 1 {
		runDir = C.CString(os.Args[1])
		defer C.free(unsafe.Pointer(runDir))
	}
	if C.conclave_open(&c, runDir) < 0 {
		fmt.Fprintln(os.Stderr, "cannot open the library for this folder")
		os.Exit(1)
	}
	defer C.conclave_close(c)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	go func() { <-signals; stopped.Store(true) }()
	name := C.CString("leader.go")
	defer C.free(unsafe.Pointer(name))
	for !stopped.Load() {
		// refused while leadership is handed over, or while no daemon runs
		if C.conclave_hold(c, name, -1) < 0 {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		for !stopped.Load() && C.conclave_stop_wanted(c, nil) == nil {
			if C.conclave_wait(c, C.CONCLAVE_LEADING|C.CONCLAVE_STOP, 200) == C.CONCLAVE_LEADING {
				lead(c)
			}
		}
		C.conclave_let_go(c)
	}
}
