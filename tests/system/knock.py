#!/usr/bin/env python3
"""knock.py COUNT HOST PORT: asks COUNT times, one after the other, who leads, each time over a connection of its own.
Says `COUNT: N refused, N silent, N closed, N answered`: nobody listens; no word in 10 s; accepted by one that died, or
that did not like us, before it answered."""
import socket
import struct
import sys

QUESTION = struct.pack(">q", (1 << 60) + 7) + struct.pack(">iiqqq", 28, 0, 0, 0, 0)


def knock(where):
    try:
        with socket.create_connection(where, timeout=10) as c:
            c.sendall(QUESTION)
            return "answered" if c.recv(4096) else "closed"
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "silent"
    except OSError:  # reset
        return "closed"


count, where = int(sys.argv[1]), (sys.argv[2], int(sys.argv[3]))
ends = [knock(where) for _ in range(count)]
print(f"{count}:", ", ".join(f"{ends.count(e)} {e}" for e in ("refused", "silent", "closed", "answered")))
