#!/usr/bin/env python3
"""A false election port, for the tests of `conclave probe`. Loopback only; says `port N`, then serves.

banner               sends an HTTP answer at once
silent               reads, and never says a word
hangup               closes after the first bytes
say STATE LEADER ROUND CONFIG [COUNT]   answers each question, with COUNT frames (1)
                     in CONFIG @ stands for the port, \\n for a new line
-6 before the mode: on [::1]. For each connection it prints `greeted SID BYTES`: the first segment.
"""
import socket
import struct
import sys
import threading


def read_exact(c, n):
    data = b""
    while len(data) < n:
        part = c.recv(n - len(data))
        if not part:
            raise OSError("closed")
        data += part
    return data


def say(c, state, leader, round_, config, count="1"):
    first = c.recv(65536)
    print("greeted", struct.unpack(">q", first[:8])[0], len(first), flush=True)
    question = first[8:]
    port = str(c.getsockname()[1])
    text = config.replace("@", port).replace("\\n", "\n").encode()
    payload = struct.pack(">iqqqqii", int(state), int(leader), -2, int(round_), 7, 2, len(text)) + text
    while True:
        assert question[:8] == struct.pack(">ii", 28, 0) and len(question) == 32, question
        c.sendall((struct.pack(">i", len(payload)) + payload) * int(count))
        question = read_exact(c, 32)


def serve(c, mode, args):
    with c:
        try:
            if mode == "banner":
                c.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                c.recv(1)
            elif mode == "silent":
                while c.recv(65536):
                    pass
            elif mode == "hangup":
                c.recv(65536)
            elif mode == "say":
                say(c, *args)
        except OSError:
            pass


def main():
    words = sys.argv[1:]
    v6 = words[0] == "-6"
    mode, args = words[v6], words[v6 + 1:]
    with socket.socket(socket.AF_INET6 if v6 else socket.AF_INET) as s:
        s.bind(("::1" if v6 else "127.0.0.1", 0))
        s.listen(16)
        print("port", s.getsockname()[1], flush=True)
        while True:
            c, _ = s.accept()
            threading.Thread(target=serve, args=(c, mode, args), daemon=True).start()


main()
