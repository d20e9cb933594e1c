#!/usr/bin/env python3
"""Odd connections to an election port, each as docs/PROTOCOL.md's table of them says. Loopback only.

odd.py looking CONF         servers 1 … 5 vote, 6 observes; only server 2 (CONF) runs, so it looks
odd.py serving CONF SID     servers 1, 2 and 3 run; CONF is server SID's, a follower or the leader
odd.py ids FILE             prints which ids of the table in FILE are played nowhere, or the other way round

In each row, while its connections are open, somebody well-behaved asks and is answered.
"""
import json
import os
import random
import re
import select
import socket
import struct
import subprocess
import sys
import time

V1, V2 = -65536, -65535
LOOKING, FOLLOWING, LEADING, OBSERVING = range(4)
PATIENCE = 8  # s: of a socket; nothing waits so long unless it is broken
SILENCE = 0.03  # s: an answer to what is ignored would have come by then
LAST_ROUND = 2**63 - 1
ROWS = []


def row(ids, *phases):
    def add(function):
        ROWS.append((ids.split(), phases, function))
        return function
    return add


def hello(sid, text=b"127.0.0.1:1", version=V1, length=None):
    return struct.pack(">qqi", version, sid, len(text) if length is None else length) + text


def frame(payload, length=None):
    return struct.pack(">i", len(payload) if length is None else length) + payload


def notif(state=LOOKING, leader=2, zxid=0, round_=0, epoch=0, version=2, config=b"version=0", length=None):
    return struct.pack(">iqqqqii", state, leader, zxid, round_, epoch, version,
                       len(config) if length is None else length) + config


def until(what, true):
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.01)


class Connection:
    def __init__(self, sock):
        self.sock = sock
        sock.settimeout(PATIENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data):
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # closed on us: what comes is seen by who reads
        return self

    def read(self, n):
        data = b""
        while len(data) < n:
            part = self.sock.recv(n - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def answer(self):
        """The next notification: state, leader, zxid, round, epoch."""
        payload = self.read(*struct.unpack(">i", self.read(4)))
        fields = struct.unpack(">iqqqqii", payload[:44])
        assert fields[5] == 2 and fields[6] == len(payload) - 44 > 0
        return fields[:5]

    def ask(self, payload=None):
        return self.send(frame(payload or notif()[:28])).answer()

    def drain(self, place):
        """Past what is said unasked: the last that was said to this sid, our vote; returns the newest.
        When somebody else has been answered the elector has said all that this link made it say."""
        said = self.answer()
        place.good()
        while self.speaks():
            said = self.answer()
        return said

    def closed(self):
        """It is closed, and nothing was said."""
        try:
            data = self.sock.recv(1)
        except ConnectionResetError:
            data = b""
        assert data == b"", "said something"

    def gone(self):
        try:
            while self.sock.recv(65536):
                pass
        except ConnectionResetError:
            pass

    def speaks(self, seconds=SILENCE):
        """Is something said within this time?"""
        if not select.select([self.sock], [], [], seconds)[0]:
            return False
        assert self.sock.recv(1, socket.MSG_PEEK) != b"", "closed"
        return True

    def silent(self, seconds=SILENCE):
        assert not self.speaks(seconds), "said something"


class Place:
    """The server that is tested, and the ports of the others."""

    def __init__(self, phase, conf, sid):
        text = open(conf).read()
        self.phase, self.conf, self.sid = phase, conf, sid
        self.ports = {int(i): int(p) for i, p in re.findall(r"\{ id = (\d+);.*election_port = (\d+);", text)}
        self.open = []
        self.traps = self.listen(0)
        self.next = 2**61 + random.getrandbits(40)

    def listen(self, port):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", port))
        s.listen(64)
        s.settimeout(PATIENCE)
        return s

    def trap(self):
        """An address that nobody configured: whoever connects there was told to by a stranger."""
        return b"127.0.0.1:%d" % self.traps.getsockname()[1]

    def connect(self, data=b""):
        c = Connection(socket.create_connection(("127.0.0.1", self.ports[self.sid]), PATIENCE))
        self.open.append(c)
        return c.send(data)

    def stranger(self):
        self.next += 1
        return self.next

    def good(self):
        c = self.connect(struct.pack(">q", self.stranger()))
        state, *_ = c.ask()
        assert (state == LOOKING) == (self.phase == "looking"), f"answers in state {state}"
        c.sock.close()

    def called_back(self, data, sid=1):
        """Closed, and called at the configured address of that sid."""
        with self.listen(self.ports[sid]) as s:
            self.connect(data).closed()
            c = Connection(s.accept()[0])
            version, own, length = struct.unpack(">qqi", c.read(20))
            assert (version, own) == (V1, self.sid)
            assert c.read(length) == b"127.0.0.1:%d" % self.ports[self.sid]
            return c

    def status(self):
        command = [os.environ["LAB_ASK"] + "/conclave", "-c", self.conf, "status", "--json"]
        return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)

    def descriptors(self):
        pid = next(p["pid"] for p in self.status()["processes"] if p["name"] == "connmgr")
        return len(os.listdir(f"/proc/{pid}/fd"))

    def trapped(self):
        self.traps.settimeout(0)
        try:
            self.traps.accept()
            raise AssertionError("a stranger's address was called")
        except BlockingIOError:
            pass

    def close(self):
        for c in self.open:
            c.sock.close()
        self.open = []


# ---- the initial message

@row("I01 I01b", "looking")
def voter_larger(p):
    state, leader, *_ = p.connect(hello(3)).answer()  # our vote, unasked
    assert (state, leader) == (LOOKING, 2)


@row("I03 I03b", "looking", "serving")
def unconfigured_larger(p):
    sid = p.stranger()
    for _ in range(2):
        c = p.connect(hello(sid, p.trap()))
        c.ask()
        c.silent()


@row("E02", "looking", "serving")
def observer_larger(p):
    p.connect(hello(6)).ask()


@row("I02 I05 I10 I18", "looking")
def voter_smaller(p):
    for data in (hello(1, p.trap()), hello(1, p.trap() + b"|127.0.0.1:2", V2), struct.pack(">q", 1),
                 hello(1, b"0.0.0.0:3888")):
        p.called_back(data).sock.close()


@row("I04 I06 I11 E01 E08", "looking", "serving")
def unconfigured_smaller(p):
    for sid in (0, -1, -5, -2**63):
        p.connect(hello(sid, p.trap()) + frame(notif())).closed()
    p.connect(struct.pack(">q", 0)).closed()


@row("I07 I07b", "looking", "serving")
def observer_id(p):
    p.connect(hello(2**63 - 1, p.trap())).ask()
    p.connect(struct.pack(">q", 2**63 - 1)).ask()


@row("I08 L03", "looking", "serving")
def own_sid(p):
    before = p.descriptors()
    for _ in range(50):
        p.connect(hello(p.sid, p.trap())).closed()
    p.connect(struct.pack(">q", p.sid)).closed()
    until("all descriptors are back", lambda: p.descriptors() <= before)


@row("I09", "looking", "serving")
def bare_larger(p):
    p.connect(struct.pack(">q", p.stranger())).ask()


@row("I12", "looking", "serving")
def versions(p):
    for version in (-1, -65534, -65537, -2**63):
        p.connect(hello(p.stranger(), version=version)).closed()


@row("I13", "looking", "serving")
def lengths(p):
    for length in (0, -1, 2049, 2**30):
        p.connect(hello(p.stranger(), length=length)).closed()
    text = b"127.0.0.1:1|" * 171
    p.connect(hello(p.stranger(), text[:2048 - 11] + b"127.0.0.1:1", V2)).ask()


@row("I14", "looking", "serving")
def addresses(p):
    for text in (b"garbage", b":", b"127.0.0.1:", b"a:1:2", b"[::1", b"[::1]", b"[::1]:", b"|127.0.0.1:1",
                 b"\xff" * 16, b"a:b", b"a:65536"):
        p.connect(hello(p.stranger(), text)).closed()
    for text in (b":1", b"[::1]:1", b"|", b"nosuch.invalid:1", b"127.0.0.1:0", b"0.0.0.0:1"):
        p.connect(hello(p.stranger(), text)).ask()


@row("I17", "looking", "serving")
def two_addresses(p):
    for version in (V1, V2):
        p.connect(hello(p.stranger(), p.trap() + b"|127.0.0.1:1", version)).ask()


@row("I15", "looking", "serving")
def segments(p):
    for at in (8, 20, 25):  # the last is in the address
        data = hello(p.stranger())
        c = p.connect(data[:at])
        c.silent(0.01)
        c.send(data[at:]).ask()
    c = p.connect()
    for byte in hello(p.stranger()):
        c.send(bytes([byte]))
    c.ask()


@row("I20", "looking", "serving")
def in_one(p):
    p.connect(hello(p.stranger()) + frame(notif())).answer()


@row("S01", "looking", "serving")
def says_nothing(p):
    silent = [p.connect(), p.connect(hello(p.stranger())[:-1])]
    p.good()
    for c in silent:
        c.closed()


@row("D01", "looking", "serving")
def twice(p):
    for sid in (6, p.stranger()):
        old = p.connect(hello(sid))
        old.ask()
        new = p.connect(hello(sid))
        new.ask()
        old.gone()
        new.ask()


@row("E06", "looking")
def dials_again(p):
    """The link that works stays, or (a second later, on a busy machine) another is there first."""
    with p.listen(p.ports[1]) as s:
        for _ in range(3):
            p.connect(hello(1, p.trap())).closed()
        link = Connection(s.accept()[0])
        p.connect(hello(1, p.trap())).closed()
        while True:
            try:
                link.read(struct.unpack(">qqi", link.read(20))[2])
                link.answer()
                link.ask()
                break
            except EOFError:
                link = Connection(s.accept()[0])
        link.sock.close()


@row("E09", "serving")
def impostor(p):
    """A claims to be B, linked with us and larger."""
    leader, epoch = p.status()["leader"], p.status()["epoch"]
    if p.sid == leader:
        return
    p.connect(hello(leader, p.trap())).sock.close()
    until("the true one is linked again", lambda: next(
        r["link"] for r in p.status()["remotes"] if r["id"] == leader) == "up")
    now = p.status()
    assert (now["leader"], now["epoch"]) == (leader, epoch)


@row("L02", "looking", "serving")
def crowd(p):
    before = p.descriptors()
    for _ in range(200):
        p.connect(hello(p.stranger(), p.trap()))
    p.open[-1].ask()
    p.good()
    assert p.descriptors() <= before + 64
    p.close()
    until("all descriptors are back", lambda: p.descriptors() <= before)


# ---- frames

@row("F01", "looking", "serving")
def frame_lengths(p):
    for length in (0, -1, -2**31, 524289, 2**31 - 1):
        p.connect(hello(p.stranger()) + frame(b"x", length)).closed()


@row("F04", "looking", "serving")
def large(p):
    c = p.connect(hello(p.stranger()) + frame(notif()[:40] + b"\0" * (524288 - 40)))
    c.silent()
    c.ask()


@row("F05", "looking", "serving")
def never_whole(p):
    c = p.connect(hello(p.stranger()) + frame(notif()[:10], 28))
    c.silent()
    p.good()
    c.send(notif()[10:28]).answer()


@row("F06", "looking", "serving")
def byte_by_byte(p):
    c = p.connect(hello(p.stranger()))
    for byte in frame(notif()):
        c.send(bytes([byte]))
    c.answer()


@row("F07", "looking", "serving")
def two_in_one(p):
    p.connect(hello(p.stranger())).send(2 * frame(notif())).answer()


@row("L01", "looking", "serving")
def flood(p):
    c = p.connect(hello(p.stranger()) + 20000 * frame(notif()[:28]))
    c.answer()
    p.good()


@row("E03", "looking", "serving")
def half_close(p):
    c = p.connect(hello(p.stranger()) + frame(notif()))
    c.sock.shutdown(socket.SHUT_WR)
    c.gone()


@row("E04", "looking", "serving")
def many_asks(p):
    c = p.connect(hello(p.stranger()))
    for _ in range(300):
        c.ask()


# ---- notifications: (ids, payloads, is a non-voter answered, is a voter's LOOKING of a lower round)

NEWER = b"".join(b"server.%d=127.0.0.1:%d:%d\n" % (i, 2 * i, 2 * i + 1) for i in (1, 2, 7)) + b"version=500000000"
N = (
    ("N01", [notif()[:n] for n in (1, 8, 27)], False, False),
    ("N02", [notif()[:28]], True, True),
    ("N03", [notif()[:n] for n in (29, 30, 35, 36, 39)], False, False),
    ("N05", [notif(version=v)[:40] for v in (1, 2)], True, True),
    ("N06", [notif(version=v)[:n] for v, n in ((1, 41), (0, 43), (1, 44), (0, 44), (-1, 44))], True, True),
    ("N06", [notif()[:43]], False, False),
    ("N07", [notif(version=v, config=b"") for v in (2, 3)], True, True),
    ("N08", [notif(length=n) for n in (-1, 54, 2**31 - 1, 10)], False, False),
    ("N08", [notif(length=9) + b"more"], True, True),
    ("N09", [notif(config=c) for c in (b"garbage", b"foo=bar", b"server.1=x", b"\xff\xfe\xfd", b"version=zz")],
     True, True),
    ("V00 V01 V10 V11", [notif(config=NEWER)], True, True),
    ("N10", [notif(state=s) for s in (FOLLOWING, LEADING, OBSERVING)], True, False),
    ("N11", [notif(state=s) for s in (4, 7, -1)], True, False),
    ("N12", [notif(leader=77)], True, True),
    ("N13", [notif(zxid=-1)], True, True),
)


def heard(c, payloads, answered):
    """One answer to each, or none at all; then the connection goes on."""
    for payload in payloads:
        c.send(frame(payload))
        if answered:
            c.answer()
    c.silent()
    c.ask()


def notifications(payloads, other, voter):
    def play(p):
        before = p.status()
        c = p.connect(hello(p.stranger()))
        heard(c, payloads, other)
        c = p.connect(hello(4))
        c.drain(p)
        heard(c, payloads, voter)
        after = p.status()
        for key in ("voters", "leader", "epoch", "round", "state"):
            assert before[key] == after[key], f"{key} has changed"
    return play


for names, *rest in N:
    row(names, "looking", "serving")(notifications(*rest))


# ---- who is answered

@row("W01", "looking")
def looking_and_voters(p):
    c = p.connect(hello(3))
    state, leader, zxid, clock, epoch = c.drain(p)
    assert (state, leader) == (LOOKING, 2)
    assert c.ask(notif(leader=3, round_=clock - 1)) == (LOOKING, 2, zxid, clock, epoch)  # a lower round
    assert c.ask(notif(leader=1, round_=clock)) == (LOOKING, 2, zxid, clock, epoch)  # a worse vote
    for useless in (notif(leader=77, zxid=9, round_=clock), notif(leader=3, zxid=-1, epoch=9, round_=clock),
                    notif(state=FOLLOWING, leader=3, round_=clock), notif(state=OBSERVING, leader=3, round_=clock)):
        c.send(frame(useless))
        c.silent()
        assert c.ask(notif(round_=clock - 1)) == (LOOKING, 2, zxid, clock, epoch)
    assert c.ask(notif(leader=3, zxid=1, round_=clock)) == (LOOKING, 3, 1, clock, epoch)  # better: told to all
    # a higher round: ours is the better of our own vote and the one received
    assert c.ask(notif(leader=1, zxid=0, round_=clock + 3)) == (LOOKING, 2, zxid, clock + 3, epoch)


@row("W02", "looking", "serving")
def non_voters(p):
    for sid in (6, p.stranger()):
        c = p.connect(hello(sid))
        for state in range(4):
            said, leader, *_ = c.ask(notif(state=state, leader=5, zxid=9, round_=99))
            assert (said == LOOKING) == (p.phase == "looking") and leader in (1, 2, 3)


@row("W03", "serving")
def serving_and_voters(p):
    leader = p.status()["leader"]
    c = p.connect(hello(5))
    c.drain(p)  # it may be long out of date
    for vote in (notif(leader=5, zxid=2**40, round_=99), notif(leader=5, round_=-7)):
        state, said, *_ = c.ask(vote)
        assert (state, said) == (LEADING if p.sid == leader else FOLLOWING, leader)
    for state in (FOLLOWING, LEADING, OBSERVING):
        c.send(frame(notif(state=state, leader=5, round_=99)))
        c.silent()


@row("R01", "looking")
def the_last_round(p):
    c = p.connect(hello(3))
    c.drain(p)
    assert c.ask(notif(leader=1, round_=LAST_ROUND))[3] == LAST_ROUND


def play(phase, conf, sid):
    p = Place(phase, conf, sid)
    idle = Connection(socket.create_connection(("127.0.0.1", p.ports[sid])))  # E05
    idle.send(hello(5)).drain(p)
    for ids, phases, function in ROWS:
        if phase not in phases:
            continue
        try:
            if ids == ["W03"] or ids == ["R01"]:
                idle.ask()  # E05: it was silent all the while
            function(p)
            p.good()
            p.trapped()
        except (AssertionError, EOFError, OSError) as e:
            print(f"{' '.join(ids)} ({function.__name__}), {phase}, server {sid}: {e!r}")
            raise
        p.close()


def check_ids(path):
    text = open(path).read().split("## Odd connections")[1].split("\n## ")[0]
    told = set(" ".join(re.findall(r"^\| ((?:[A-Z]\d\d[a-z]? ?)+)\|", text, re.M)).split())
    played = {i for ids, _, _ in ROWS for i in ids} | {"E05"}
    assert len(told) > 40, "no table"
    print(*sorted(told ^ played))


def main():
    if sys.argv[1] == "ids":
        check_ids(sys.argv[2])
    elif sys.argv[1] == "looking":
        play("looking", sys.argv[2], 2)
    else:
        play("serving", sys.argv[2], int(sys.argv[3]))


main()
