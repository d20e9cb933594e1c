#!/usr/bin/env python3
"""holder.py DOOR NAME [CGROUP.KILL]: holds at a peer's door, with an open descriptor of that file.

It prints what the door says, one line each, the answer first. It obeys lines of its standard
input: `page` prints {"page":{"incarnation":…,"sid":…,"epoch":…,"end_ns":…,"left_ms":…,"leading":…}}, or
{"page":null} where none can be read; after `deaf` it reads nothing that the door says, until `hear`; any other
line goes to the door as it is. It ends, without a word, when its standard input does, and prints
{"closed":true} when the door has closed."""
import array
import json
import mmap
import os
import select
import socket
import struct
import sys
import time

FIELDS = struct.Struct("=QII16sQQQqqQ")  # struct page of base/page.c


def say(text):
    print(text, flush=True)


def read(page):
    """What base/page.c's page_read reads; Python's copy is not atomic, so the mark is read around it."""
    for _ in range(1000):
        before = struct.unpack_from("=I", page, 8)[0]
        fields = FIELDS.unpack_from(page, 0)
        after = struct.unpack_from("=I", page, 8)[0]
        if before == after and before % 2 == 0 and before > 0:
            return dict(zip(("incarnation", "sid", "epoch", "end_ns"), fields[6:]))
    return None


def show(page, incarnation):
    found = page and read(page)
    if found:
        left_ns = found["end_ns"] - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        found["incarnation"] = f"{found['incarnation']:016x}"
        found["left_ms"] = left_ns // 1000000
        found["leading"] = left_ns > 0 and found["incarnation"] == incarnation
    say(json.dumps({"page": found or None}, separators=(",", ":")))


def hold(door, name, kill):
    fds = [os.open(kill, os.O_WRONLY)] if kill else []
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    door.sendmsg([f"hold {name}".encode()], rights)
    text, ancillary, _, _ = door.recvmsg(65536, 1024)
    say(text.decode())
    got = array.array("i")
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            got.frombytes(data)
    answer = json.loads(text)
    if not got:
        return None, None
    try:
        mmap.mmap(got[0], 4096, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
        say('{"page_can_be_written":true}')
    except OSError:
        pass
    return mmap.mmap(got[0], answer["page_len"], mmap.MAP_SHARED, mmap.PROT_READ), answer["incarnation"]


def main():
    door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    door.connect(sys.argv[1])
    page, incarnation = hold(door, sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)
    closed = deaf = False
    while True:
        ready, _, _ = select.select([0] if closed or deaf else [0, door], [], [])
        if door in ready:
            try:
                text = door.recv(65536)
            except ConnectionError:
                text = b""
            closed = not text
            say(text.decode() if text else '{"closed":true}')
        if 0 in ready:
            lines = os.read(0, 4096).decode().splitlines()
            if not lines:
                return
            for line in lines:
                if line == "page":
                    show(page, incarnation)
                elif line in ("deaf", "hear"):
                    deaf = line == "deaf"
                else:
                    door.send(line.encode())


main()
