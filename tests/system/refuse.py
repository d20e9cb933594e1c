"""refuse.py ERROR PROGRAM ARG...: PROGRAM where Landlock fails: with EPERM as in the sandboxes of older
container engines and of systemd 252, with ENOSYS as on a kernel that does not have it."""

import ctypes
import errno
import os
import struct
import sys

LANDLOCK_CREATE_RULESET = 444  # on every architecture
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
BPF_LOAD_WORD, BPF_JUMP_EQUAL, BPF_RETURN = 0x20, 0x15, 0x06
ALLOW, FAIL = 0x7FFF0000, 0x00050000

program = b"".join(
    struct.pack("HBBI", *line)
    for line in [
        (BPF_LOAD_WORD, 0, 0, 0),  # the number of the call
        (BPF_JUMP_EQUAL, 0, 1, LANDLOCK_CREATE_RULESET),
        (BPF_RETURN, 0, 0, FAIL | getattr(errno, sys.argv[1])),
        (BPF_RETURN, 0, 0, ALLOW),
    ]
)
room = ctypes.create_string_buffer(program)
header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(room))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header):
    sys.exit(os.strerror(ctypes.get_errno()))
os.execv(sys.argv[2], sys.argv[2:])
