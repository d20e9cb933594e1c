#!/usr/bin/env python3
"""knock.py COUNT HOST PORT: COUNT connections, one after the other, each with an initial message that is none, so
that whoever accepts it closes it. Says `COUNT: N refused, N silent`: nobody listens; nobody has closed it in 10 s."""
import socket
import sys

count, host, port = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
refused = silent = 0
for _ in range(count):
    try:
        c = socket.create_connection((host, port), timeout=10)
    except ConnectionRefusedError:
        refused += 1
        continue
    with c:
        try:
            c.sendall(b"\xff" * 64)
            while c.recv(4096):
                pass
        except TimeoutError:
            silent += 1
        except OSError:  # reset by the one that was killed, or that closed with bytes unread
            pass
print(f"{count}: {refused} refused, {silent} silent")
