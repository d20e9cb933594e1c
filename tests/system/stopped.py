#!/usr/bin/env python3
"""Stops all daemons of the leader again and again for longer than its lease, and asks everything
that can be asked while and after they go on: nothing may say that it leads in its old epoch.
Usage: stopped.py LAB COUNT TIMES: servers 1 … COUNT are in LAB/ID. Prints `TIMES stops`."""
import ctypes
import json
import os
import signal
import socket
import sys
import time

lab, count, times = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
servers = range(1, count + 1)
DEADLINE_S = 60
AFTER_S = 0.03
LEADING = 1

lib = ctypes.CDLL("libconclave.so.0")
handle = ctypes.c_void_p
lib.conclave_open.argtypes = [ctypes.POINTER(handle), ctypes.c_char_p]
lib.conclave_hold.argtypes = [handle, ctypes.c_char_p, ctypes.c_int]
lib.conclave_wait.argtypes = [handle, ctypes.c_uint, ctypes.c_int]
lib.conclave_lease.argtypes = [handle, ctypes.POINTER(ctypes.c_int64), ctypes.POINTER(ctypes.c_uint64)]
lib.conclave_lease.restype = ctypes.c_bool
lib.conclave_confirm.argtypes = [handle, ctypes.c_int]
for name in ("conclave_process", "conclave_let_go", "conclave_close"):
    getattr(lib, name).argtypes = [handle]


def ask(server, folder, what="status"):
    """The answer of a door; None: there is none in time."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        s.settimeout(1)
        try:
            s.connect("%s/%d/run/%s/door" % (lab, server, folder))
            s.send(what.encode())
            return json.loads(s.recv(1 << 17))
        except (OSError, ValueError):
            return None


def until(what, test):
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        found = test()
        if found:
            return found
        time.sleep(0.01)
    sys.exit("not in time: " + what)


def leader(among):
    """(server, epoch) where a quorum names it, else None."""
    said = [a for a in (ask(s, "peer") for s in among) if a and a["leader"] is not None]
    for a in said:
        if a["active"] and sum(b["leader"] == a["id"] for b in said) * 2 > count:
            return a["id"], a["epoch"]
    return None


def pids(server):
    found = ask(server, "conclaved")
    return [p["pid"] for p in found["processes"] if p["pid"]] if found else []


def lease(c):
    epoch = ctypes.c_int64()
    return epoch.value if lib.conclave_lease(c, ctypes.byref(epoch), None) else None


def send(signal_number, to):
    for pid in to:
        os.kill(pid, signal_number)


def check(server, c, epoch):
    """For a while after the daemons go on: who says that it leads in `epoch`, or before?"""
    end = time.monotonic() + AFTER_S
    while time.monotonic() < end:
        had = lease(c)
        if had is not None and had <= epoch:
            sys.exit("the library says that server %d leads, epoch %d" % (server, had))
        for what in ("status", "watch", "confirm"):
            a = ask(server, "peer", what)
            if a and a.get("epoch", epoch) <= epoch and (a.get("leads") or a.get("active")):
                sys.exit("the answer to %s says that server %d leads: %s" % (what, server, a))
        lib.conclave_process(c)


handles = {}
for s in servers:
    handles[s] = handle()
    if lib.conclave_open(ctypes.byref(handles[s]), ("%s/%d/run" % (lab, s)).encode()) < 0:
        sys.exit("cannot open the library")
    until("a hold at server %d" % s, lambda: lib.conclave_hold(handles[s], b"stopped.py", -1) == 0)
for i in range(times):
    old, epoch = until("a leader", lambda: leader(servers))
    c = handles[old]
    until("a lease of server %d" % old, lambda: lib.conclave_wait(c, LEADING, 100) == LEADING)
    epoch = lease(c) or epoch
    stopped = pids(old)
    send(signal.SIGSTOP, stopped)
    try:
        until("the end of the lease", lambda: lease(c) is None)
        until("another leader", lambda: leader([s for s in servers if s != old]))
    finally:
        send(signal.SIGCONT, stopped)
    check(old, c, epoch)
    # what was said meanwhile is heard; a hold that was asked to let go is taken anew
    for s in servers:
        lib.conclave_process(handles[s])
        lib.conclave_let_go(handles[s])
        until("a hold at server %d" % s, lambda: lib.conclave_hold(handles[s], b"stopped.py", -1) == 0)
for c in handles.values():
    lib.conclave_let_go(c)
    lib.conclave_close(c)
print(times, "stops")
