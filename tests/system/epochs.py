#!/usr/bin/env python3
"""The file `epochs` of a peer, on stdout: epochs.py ACCEPTED CURRENT [CLAIM [MEMBERSHIP]]. MEMBERSHIP is the number of
the file `membership` that it goes with; without one it is the file of a release that had no memberships."""
import sys

BLOCK = 4096


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


accepted, current = sys.argv[1:3]
claim = int(sys.argv[3], 0) if len(sys.argv) > 3 else 0
text = f"accepted {accepted}\ncurrent {current}\nclaim {claim:#x}\n"
if len(sys.argv) > 4:
    text = f"count 1\nconclave epochs 2\n{text}membership {sys.argv[4]}\n"
else:
    text = f"count 1\nconclave epochs 1\n{text}"
rest = text.encode().ljust(BLOCK - len("crc32c 01234567\n") - 1) + b"\n"
slot = b"crc32c %08x\n" % crc32c(rest) + rest
sys.stdout.buffer.write(slot * 2)
