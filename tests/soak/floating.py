#!/usr/bin/env python3
"""The example floating-address on two hosts, and a client on a third that pings both addresses. usage: floating.py BUILD

The addresses must never be at two hosts at one time, and the client must reach them again after a hand-over, and
after the host that has them was cut off."""
import os
import select
import socket
import struct
import subprocess
import sys
import time

from hosts import Lab, sh

FLOATS = ("10.77.0.100", "fd77::100")
DEADLINE_S = 60


def pinger():
    """In the client's namespace: a line for each address that answers, every 50 ms."""
    socks = [(socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP), 8, 0, FLOATS[0]),
             (socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6), 128, 129, FLOATS[1])]
    n = 0
    while True:
        n += 1
        for s, request, _, to in socks:
            body = struct.pack("!HH", os.getpid() & 0xffff, n & 0xffff)
            total = (request << 8) + sum(struct.unpack("!HH", body))
            total = (total & 0xffff) + (total >> 16)
            try:
                s.sendto(struct.pack("!BBH", request, 0, ~total & 0xffff) + body, (to, 0))
            except OSError:
                pass  # no neighbour answers
        for s in select.select([s for s, *_ in socks], [], [], 0.05)[0]:
            for sock, _, reply, to in socks:
                if s is sock:
                    data, who = s.recvfrom(2048)
                    if data[20 if to == FLOATS[0] else 0] == reply and who[0] == to:
                        print(to, flush=True)
        time.sleep(0.05)


def owners():
    """{address: [the hosts that have it]}, each asked twice, so that a move in between is none of two."""
    found = {a: [] for a in FLOATS}
    for h in lab.hosts[:2]:
        text = sh("ip", "-n", h.ns, "-br", "address", "show", "dev", "eth0")
        for a in FLOATS:
            if a + "/" in text:
                found[a].append(h.i)
    return found


def until(what, test):
    end = time.monotonic() + DEADLINE_S
    while not test():
        if time.monotonic() > end:
            sys.exit("floating.py: not in %d s: %s; see %s" % (DEADLINE_S, what, lab.dir))
        for h in lab.hosts:
            h.keep("conclaved", lab.build + "/bin/conclaved", "-c", h.conf)
            if h.i < 3:
                h.keep("run", lab.build + "/bin/conclave", "-c", h.conf, "run", "--again", "--margin", "2s", "--",
                       example, "eth0", FLOATS[0] + "/24", FLOATS[1] + "/64")
        if lab.hosts[2].conclave("leader", check=False).strip() == "3":
            lab.hosts[2].conclave("step-down", check=False)
        both = owners()
        if any(len(o) > 1 for o in both.values()):
            again = owners()
            if any(sorted(both[a]) == sorted(again[a]) == [1, 2] for a in FLOATS):
                sys.exit("floating.py: at two hosts: %s" % both)
        time.sleep(0.02)


def reached():
    """Both have answered from now on."""
    size = os.path.getsize(lab.dir + "/pings")
    until("the client reaches both", lambda: set(FLOATS) <= set(open(lab.dir + "/pings").read()[size:].split()))


def all_at(i):
    return lambda: owners() == {a: [i] for a in FLOATS}


if sys.argv[1:] == ["--ping"]:
    pinger()
example = os.path.realpath(os.path.dirname(__file__) + "/../../examples/floating-address/floating-address")
lab = Lab(sys.argv[1], 3, "timing = { tick_ms = 100; init_limit = 20; sync_limit = 5; }; lease_ms = 6000;",
          {1: "priority = 1;", 2: "priority = 1;"}, fixed=False)
try:
    pings = lab.hosts[2].spawn(sys.executable, os.path.realpath(__file__), "--ping", stdout=open(lab.dir + "/pings", "w"))
    until("somebody has them", lambda: all_at(1)() or all_at(2)())
    reached()
    old = owners()[FLOATS[0]][0]
    new = 3 - old
    lab.hosts[old - 1].conclave("transfer", str(new))
    until("the other has them", all_at(new))
    reached()
    # host `new` is cut off
    sh("ip", "-n", lab.switch, "link", "set", "v%d" % new, "down")
    until("they are back at the first", all_at(old))
    reached()
    sh("ip", "-n", lab.switch, "link", "set", "v%d" % new, "up")
    reached()
finally:
    lab.down()
sh("rm", "-rf", lab.dir)
print("floating.py: both addresses moved from %d to %d and back" % (old, new))
