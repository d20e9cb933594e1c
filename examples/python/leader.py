#!/usr/bin/env python3
"""Does one step of some work again and again, on the leader only, through libconclave
(conclave(3)). Usage: leader.py [RUN_DIR]. Prints `lead EPOCH` and `lost`; ends at SIGTERM."""
import ctypes
import signal
import sys
import time

LEADING, LOST, STOP = 1, 2, 4
lib = ctypes.CDLL("libconclave.so.0")
handle = ctypes.c_void_p
lib.conclave_open.argtypes = [ctypes.POINTER(handle), ctypes.c_char_p]
lib.conclave_hold.argtypes = [handle, ctypes.c_char_p, ctypes.c_int]
lib.conclave_wait.argtypes = [handle, ctypes.c_uint, ctypes.c_int]
lib.conclave_lease.argtypes = [handle, ctypes.POINTER(ctypes.c_int64), ctypes.POINTER(ctypes.c_uint64)]
lib.conclave_lease.restype = ctypes.c_bool
lib.conclave_stop_wanted.argtypes = [handle, ctypes.POINTER(ctypes.c_bool)]
lib.conclave_stop_wanted.restype = ctypes.c_char_p
for name in ("conclave_process", "conclave_let_go", "conclave_close"):
    getattr(lib, name).argtypes = [handle]

stopped = False


def stop(*_):
    global stopped
    stopped = True


def step(epoch):
    """The work: short, or able to stop. `epoch` goes to whatever can refuse smaller ones."""
    time.sleep(0.005)


def lead(c):
    """One term: until the lease is over, or we are to stop."""
    epoch = ctypes.c_int64()
    said = None
    while not stopped and not lib.conclave_stop_wanted(c, None):
        if not lib.conclave_lease(c, ctypes.byref(epoch), None):
            break
        if said != epoch.value:
            said = epoch.value
            print("lead", said, flush=True)
        step(epoch.value)
        lib.conclave_process(c)
    if said is not None:
        print("lost", flush=True)


def main():
    signal.signal(signal.SIGTERM, stop)
    run_dir = sys.argv[1].encode() if len(sys.argv) > 1 else None
    c = handle()
    if lib.conclave_open(ctypes.byref(c), run_dir) < 0:
        sys.exit("cannot open the library for this folder")
    while not stopped:
        # refused while leadership is handed over, or while no daemon runs
        if lib.conclave_hold(c, b"leader.py", -1) < 0:
            time.sleep(0.1)
            continue
        while not stopped and not lib.conclave_stop_wanted(c, None):
            # a signal to Python is seen between two calls only
            if lib.conclave_wait(c, LEADING | STOP, 200) == LEADING:
                lead(c)
        lib.conclave_let_go(c)
    lib.conclave_close(c)


main()
