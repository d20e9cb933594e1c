#!/usr/bin/env python3
"""The peer's door as `conclave run` sees it, with leases that the test decides on.

usage: leasedoor.py RUN_DIR MS; in RUN_DIR/peer are then
  door   answers `hold`, `let go` and `watch`
  page   says that we lead, for MS ms from each renewal, every 20 ms, while the file `lead`
         is there, in the epoch that it contains; `free`: at once no lease
  stop   its content is said once to who holds, as the reason to let go
  refuse its content is the answer to `hold`
  said   a line for each: `hold NAME CGROUP.KILL?`, `let go`, `gone`, each with CLOCK_BOOTTIME"""
import mmap
import os
import selectors
import socket
import struct
import sys
import time

MAGIC = 0x3130656761704343
folder, lease_ns = os.path.join(sys.argv[1], "peer"), int(sys.argv[2]) * 1000000
os.makedirs(folder, exist_ok=True)
os.chdir(folder)


def now():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


said = open("said", "a", buffering=1)
page_fd = os.open("page", os.O_RDWR | os.O_CREAT, 0o600)
os.ftruncate(page_fd, 4096)
page = mmap.mmap(page_fd, 4096)
boot = bytes.fromhex(open("/proc/sys/kernel/random/boot_id").read().strip().replace("-", ""))
ns = os.stat("/proc/self/ns/time")
incarnation = int.from_bytes(os.urandom(8), "little") | 1
mark = 0


def store(epoch, end):
    global mark
    struct.pack_into("<I", page, 8, mark + 1)
    struct.pack_into("<Q", page, 0, MAGIC)
    struct.pack_into("<16sQQQqqQ", page, 16, boot, ns.st_dev, ns.st_ino, incarnation, 1, epoch, end)
    mark += 2
    struct.pack_into("<I", page, 8, mark)


def content(name):
    try:
        with open(name) as f:
            return f.read().strip()
    except FileNotFoundError:
        return None


def state(epoch):
    return b'{"event":"leader","id":1,"state":"LEADING","leader":1,"epoch":%d}' % epoch


def take(conn):
    try:
        data, fds, _, _ = socket.recv_fds(conn, 1024, 1)
    except OSError:
        data, fds = b"", []
    word = data.decode()
    if not data:
        if conn in holders:
            print("gone", now(), file=said)
        holders.discard(conn)
        watchers.discard(conn)
        selector.unregister(conn)
        conn.close()
    elif word.startswith("hold"):
        refuse = content("refuse")
        if refuse:
            conn.send(refuse.encode())
        else:
            print(word, len(fds), now(), file=said)
            holders.add(conn)
            answer = b'{"ok":true,"id":1,"incarnation":"%016x","page_len":4096}' % incarnation
            socket.send_fds(conn, [answer], [os.open("page", os.O_RDONLY)])
    elif word == "let go":
        print("let go", now(), file=said)
        holders.discard(conn)
        conn.send(b'{"ok":true}')
    elif word == "watch":
        watchers.add(conn)
        conn.send(state(int(content("lead") or 0)))
    for fd in fds:
        os.close(fd)


holders, watchers = set(), set()
selector = selectors.DefaultSelector()
listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
if os.path.exists("door"):
    os.unlink("door")
listener.bind("door")
listener.listen()
selector.register(listener, selectors.EVENT_READ)
store(0, 0)
epoch = end = 0
while True:
    for key, _ in selector.select(0.02):
        if key.fileobj is listener:
            conn, _ = listener.accept()
            selector.register(conn, selectors.EVENT_READ)
        else:
            take(key.fileobj)
    lead = content("lead")
    if os.path.exists("free"):
        os.unlink("free")
        store(epoch, 0)
    if lead and holders:
        epoch, end = int(lead), now() + lease_ns
        store(epoch, end)
    if os.path.exists("stop"):
        for conn in holders:
            conn.send(b'{"stop":"%s","grace":true}' % content("stop").encode())
        os.unlink("stop")
