#!/usr/bin/env python3
"""fakepeer.py RUN_DIR SAID: in the place of conclave-peer, answers at its control socket what
the file SAID says, which is the JSON of `members`; to who watches, again whenever that file
is another (it is replaced by mv). `refound` is answered with what SAID.refound holds, and
leaves the file SAID.asked. Ends when its standard input does."""
import json
import os
import select
import socket
import sys

STATE = {"who": "peer", "name": "main", "pid": os.getpid(), "version": "0.1.0", "generation": 1,
         "id": 1, "state": "following", "phase": "broadcast", "leader": 2, "epoch": 7, "round": 5,
         "active": False, "reason": "", "obstacle": "", "warning": "", "looking": None,
         "accepted_epoch": 9, "claim": "0x0", "learners": [], "queues": [], "counters": {}}


def read(path):
    with open(path) as f:
        return json.load(f)


def status(said):
    answer = dict(STATE, members=said)
    if said and said.get("alone"):
        answer.update(state="looking", phase="election", leader=None,
                      looking={"since_ms": 5000, "last": "start", "tried": None, "text": "none"})
    return answer


def event(said):
    out = {key: status(said)[key] for key in
           ("id", "state", "phase", "leader", "epoch", "round", "active", "reason", "members")}
    return dict({"event": "state", "at_us": 1}, **out)


def answer(words, path):
    if words == "status":
        return status(read(path))
    if words == "watch":
        return event(read(path))
    if words == "refound":
        open(path + ".asked", "w").close()
        return read(path + ".refound")
    return {"error": "what is `%s`?" % words}


def main():
    run_dir, path = sys.argv[1:]
    os.makedirs(run_dir + "/peer", exist_ok=True)
    door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    door.bind(run_dir + "/peer/door")
    door.listen(16)
    conns, watchers, seen = [], [], os.stat(path).st_ino
    while True:
        ready, _, _ = select.select([0, door] + conns, [], [], 0.02)
        if 0 in ready and not os.read(0, 1):
            return
        if door in ready:
            conns.append(door.accept()[0])
        for conn in [c for c in ready if c in conns]:
            words = conn.recv(4096).decode().rstrip("\n")
            if words:
                conn.send(json.dumps(answer(words, path)).encode())
            else:
                conns.remove(conn)
            if words == "watch":
                watchers.append(conn)
        if os.stat(path).st_ino != seen:
            seen = os.stat(path).st_ino
            for conn in [c for c in watchers if c in conns]:
                conn.send(json.dumps(event(read(path))).encode())


main()
