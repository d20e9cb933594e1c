#!/usr/bin/env python3
"""asker.py PORT: a stranger that asks an election port of loopback without end, some 2,000 times a
second, for as long as it is answered."""
import socket
import struct
import sys
import time


def main():
    question = struct.pack(">i i q q q", 28, 0, 0, 0, 0)
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as s:
        s.settimeout(0.0005)
        s.sendall(struct.pack(">q", (1 << 60) + 7))
        while True:
            s.sendall(question)
            try:
                if not s.recv(65536):
                    return
            except TimeoutError:
                time.sleep(0)


main()
