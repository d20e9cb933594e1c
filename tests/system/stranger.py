#!/usr/bin/env python3
"""A stranger at a server's ports, for the system tests. Loopback only.

silent HOST:PORT COUNT      opens COUNT connections, says `open`, holds them until it is killed
throw HOST:PORT [SID…]      sends everything malformed that there is, each on a connection of its own
ask HOST:PORT [SID]         asks as ZooKeeper's probe does; prints the answer's state and leader
hold HOST:PORT              takes the port, says `held`, keeps it until it is killed
greet HOST:PORT SID COUNT   greets as SID on COUNT connections, one after the other, half of them with a frame that
                            is no packet; says `greeted` when the last one was, closes them when it is killed
learn HOST:PORT SID COUNT   joins as the learner SID and sends COUNT pings as fast as it can, joining again whenever it
                            is cut off; says `joined` first, `sent` at the end
flood HOST:PORT COUNT       COUNT strangers that ask without end and never read; says `flooding`
rubbish HOST:PORT COUNT     sends a greeting that is none, on COUNT connections, one after the other
deaf HOST:PORT              listens with a full backlog and never accepts; says `deaf`
"""
import random
import selectors
import signal
import socket
import struct
import sys

V1, V2 = -65536, -65535


def address(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


def hello(sid, text=b"127.0.0.1:3888", version=V1, length=None):
    return struct.pack(">qqi", version, sid, len(text) if length is None else length) + text


def frame(payload, length=None):
    return struct.pack(">i", len(payload) if length is None else length) + payload


def notification(state=0, leader=1, zxid=0, round_=1, epoch=0, version=2, config=b"version=0",
                 length=None):
    return struct.pack(">iqqqqii", state, leader, zxid, round_, epoch, version,
                       len(config) if length is None else length) + config


def malformed(members):
    """(name, bytes): each is sent on a connection of its own."""
    sid = 2**61
    for n in (1, 7, 8, 15, 19, 64, 4096):
        yield f"{n} random bytes", random.Random(n).randbytes(n)
    yield "http", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    for version in (-1, -2**63, -65534, -65537):
        yield f"version {version}", hello(sid, version=version)
    for length in (0, -1, -2**31, 2049, 2**30, 2**31 - 1):
        yield f"address length {length}", hello(sid, length=length)
    for text in (b"garbage", b":", b"127.0.0.1:", b"a:b", b"[::1", b"127.0.0.1:0", b"127.0.0.1:65536",
                 b"127.0.0.1:-1", b"127.0.0.1:99999999999", b"\xff" * 16, b"|", b"||||", b"\0" * 9):
        yield f"address {text!r}", hello(sid, text)
    for length in (0, -1, -2**31, 524289, 2**31 - 1):
        yield f"frame length {length}", hello(sid) + frame(b"x", length)
        yield f"frame length {length}, old hello", struct.pack(">q", sid) + frame(b"x", length)
    yield "frame of 524288", hello(sid) + frame(b"\0" * 524288)
    yield "frame of 60001", hello(sid) + frame(b"\0" * 60001)
    for n in list(range(1, 45)):
        yield f"notification of {n} bytes", hello(sid) + frame(notification()[:n])
    for length in (-1, -2**31, 10, 2**31 - 1):
        yield f"config length {length}", hello(sid) + frame(notification(length=length))
    for config in (b"", b"garbage", b"server.1=x", b"server.1=a:70000:3:participant", b"version=zz",
                   b"server.x=a:1:2", b"\\u12", b"server.1=a:1:2\nserver.2=a:1:2:observer\nversion=1",
                   b"\xff\xfe\xfd", b"group.1=1:2:3", b"version=7fffffffffffffff",
                   b"".join(b"server.%d=h:1:2\n" % i for i in range(500))):
        yield f"config {config[:20]!r}", hello(sid) + frame(notification(config=config))
    for state in (-1, 4, 2**31 - 1):
        yield f"state {state}", hello(sid) + frame(notification(state=state))
    for own in (*members, 0, -1, -2**63, 2**63 - 1):
        yield f"sid {own}", hello(own) + frame(notification(leader=own, round_=2**63 - 1))
        yield f"sid {own}, cut", hello(own)[:-3]


def throw(target, members):
    count = 0
    for name, data in malformed(members):
        with socket.create_connection(target, timeout=10) as s:
            try:
                s.sendall(data)
                s.settimeout(0.02)
                s.recv(65536)
            except OSError:
                pass  # closed on us, or no answer: both are fine
        count += 1
    print(f"{count} thrown")


def read_exact(s, n):
    data = b""
    while len(data) < n:
        part = s.recv(n - len(data))
        if not part:
            raise SystemExit("closed")
        data += part
    return data


def ask(target, sid):
    with socket.create_connection(target, timeout=10) as s:
        s.sendall(struct.pack(">q", sid) + frame(struct.pack(">iqqq", 0, 0, 0, 0)))
        (length,) = struct.unpack(">i", read_exact(s, 4))
        payload = read_exact(s, length)
    state, leader, zxid, round_, epoch, version, config_len = struct.unpack(">iqqqqii", payload[:44])
    assert version == 2 and config_len == len(payload) - 44 and config_len > 0
    print(("LOOKING", "FOLLOWING", "LEADING", "OBSERVING")[state], leader, round_, epoch)


def silent(target, count):
    held = [socket.create_connection(target, timeout=10) for _ in range(count)]
    print("open", flush=True)
    signal.pause()
    return held


def flood(target, count):
    asks = frame(struct.pack(">iqqq", 0, 0, 0, 0)) * 512
    senders = selectors.DefaultSelector()
    for _ in range(count):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(target)
        s.sendall(struct.pack(">q", random.getrandbits(60) | 1 << 60))
        s.setblocking(False)
        senders.register(s, selectors.EVENT_WRITE, asks)
    print("flooding", flush=True)
    while senders.get_map():
        for key, _ in senders.select():
            try:
                rest = key.data[key.fileobj.send(key.data):]
            except OSError:
                senders.unregister(key.fileobj)  # that server has ended
                continue
            senders.modify(key.fileobj, selectors.EVENT_WRITE, rest or asks)


def rubbish(target, count):
    for _ in range(count):
        with socket.create_connection(target, timeout=10) as s:
            s.sendall(hello(2**61, version=-1))
            try:
                s.recv(1)  # it is closed
            except ConnectionResetError:
                pass


def greet(target, sid, count):
    held = []
    for i in range(count):
        s = socket.create_connection(target, timeout=10)
        s.sendall(hello(sid) + (frame(b"no packet") if i % 2 else b""))
        held.append(s)
        del held[:-8]  # the server closes most of them anyway
    print("greeted", flush=True)
    signal.pause()


def packet(kind, data=None):
    return frame(struct.pack(">iqi", kind, 0, -1 if data is None else len(data)) + (data or b"") +
                 struct.pack(">i", -1))


def learn(target, sid, count):
    join = hello(sid) + packet(11, struct.pack(">qiq", sid, 0x10001, 0))  # FOLLOWERINFO
    pings = packet(5) * 1000
    said = False
    while count > 0:
        try:
            with socket.create_connection(target, timeout=10) as s:
                s.sendall(join)
                while count > 0:
                    s.sendall(pings)
                    count -= 1000
                    if not said:
                        print("joined", flush=True)
                        said = True
                    s.setblocking(False)
                    try:
                        if s.recv(65536) == b"":
                            break
                    except BlockingIOError:
                        pass
                    s.settimeout(10)
        except OSError:
            pass  # cut off
    print("sent", flush=True)
    signal.pause()


def hold(target, deaf=False):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(target)
        s.listen(0 if deaf else 8)
        fill = []
        for _ in range(4 if deaf else 0):
            c = socket.socket()
            c.setblocking(False)
            c.connect_ex(target)
            fill.append(c)
        print("deaf" if deaf else "held", flush=True)
        signal.pause()


def main():
    verb, target = sys.argv[1], address(sys.argv[2])
    assert target[0].startswith("127."), "loopback only"
    if verb == "silent":
        silent(target, int(sys.argv[3]))
    elif verb == "throw":
        throw(target, [int(sid) for sid in sys.argv[3:]])
    elif verb == "ask":
        ask(target, int(sys.argv[3]) if len(sys.argv) > 3 else random.getrandbits(60) | 1 << 60)
    elif verb == "flood":
        flood(target, int(sys.argv[3]))
    elif verb == "rubbish":
        rubbish(target, int(sys.argv[3]))
    elif verb == "greet":
        greet(target, int(sys.argv[3]), int(sys.argv[4]))
    elif verb == "learn":
        learn(target, int(sys.argv[3]), int(sys.argv[4]))
    elif verb == "hold":
        hold(target)
    elif verb == "deaf":
        hold(target, deaf=True)
    else:
        raise SystemExit(__doc__)


main()
