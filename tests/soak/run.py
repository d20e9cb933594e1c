#!/usr/bin/env python3
"""`conclave run --again` on three hosts, which are network namespaces, under random faults, and a witness.

usage: run.py BUILD FAULTS SEED

The command is tests/stamps. What it wrote is looked at from outside: two of them on different hosts must
never have acted at one time, and the epochs must be in the order of the times. The faults are kill -9 and
SIGSTOP of any of the processes of a host, conclaved, its workers, runner, guard and command among them;
cuts in one direction or both; the reboot of a host, whose run_dir is lost; a full disk; step-down; SIGTERM.
A fault waits, mostly, until a command acts, so that it hits one. Never stopped at one time are the runner,
the guard and the peer of a command in a cgroup: its child would have nobody who kills it then, as
conclave(1) says. So one of the hosts keeps its command in a pid namespace, and there they are.

Prints a line for each fault, and at the end how many terms there were. Exit status 1: what broke."""
import glob
import os
import random
import signal
import struct
import sys
import time

from hosts import Lab, send, sh

HOSTS = (1, 2, 3)
DEADLINE_S = 60  # the machine may be busy
faults, seed = int(sys.argv[2]), int(sys.argv[3])
draw = random.Random(seed)


def start(h):
    """What does not run is started."""
    h.keep("conclaved", lab.build + "/bin/conclaved", "-c", h.conf)
    h.keep("run", lab.build + "/bin/conclave", "-c", h.conf, "run", "--again", "--grace", "300ms", "--within",
           "pids" if h.i == 3 else "cgroup", "--", lab.build + "/tests/stamps", lab.dir + "/stamps")


def stamps():
    """[(first, last, host, epoch)] of all that acted."""
    found = []
    for path in glob.glob(lab.dir + "/stamps/*"):
        data = open(path, "rb").read()
        if len(data) == 16:
            first, last = struct.unpack("=QQ", data)
            host, epoch = os.path.basename(path).split(".")[:2]
            found.append((first, last, int(host), int(epoch)))
    return sorted(found)


def look():
    """What is wrong with what was seen, or None."""
    latest = None
    for s in stamps():
        if latest and s[2] != latest[2] and s[0] <= latest[1]:
            return "host %d acts in epoch %d from %d, host %d in epoch %d until %d: %.1f ms together" % (
                s[2], s[3], s[0], latest[2], latest[3], latest[1], (min(latest[1], s[1]) - s[0]) / 1e6)
        if latest and s[3] < latest[3]:
            return "epoch %d acts after epoch %d" % (s[3], latest[3])
        if not latest or s[1] >= latest[1]:
            latest = s
    return None


def acting():
    """The host that acts, or None."""
    now = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    for first, last, host, _ in reversed(stamps()):
        if now - last < 100e6:
            return host
    return None


def wait_acting():
    until = time.monotonic() + DEADLINE_S
    while time.monotonic() < until:
        for h in hosts:
            start(h)
        at = acting()
        if at:
            return at
        time.sleep(0.01)
    sys.exit("run.py: no command has acted for %d s" % DEADLINE_S)


def some(of):
    of = sorted(of)
    return draw.sample(of, draw.randint(1, len(of))) if draw.random() < 0.7 else [draw.choice(of)]


def chosen(at):
    """A host, mostly the one that acts."""
    return hosts[(at if draw.random() < 0.7 else draw.choice(HOSTS)) - 1]


def kill(at):
    h = chosen(at)
    pids = h.processes()
    if pids:
        hit = some(pids)
        for pid in hit:
            send(pid, signal.SIGKILL)
        return "kill of %s on %d" % (" ".join(pids[p] for p in hit), h.i)


def stop(at):
    h = chosen(at)
    pids = h.processes()
    if not pids:
        return None
    hit = some(pids)
    guards = ["runner", "guard", "conclave-peer"]
    if h.i != 3 and all(any(pids[p] == g for p in hit) for g in guards):
        spared = draw.choice(guards)
        hit = [p for p in hit if pids[p] != spared]
    for pid in hit:
        send(pid, signal.SIGSTOP)
    pause = draw.choice((0.05, 0.3, 0.6, 1.5))
    time.sleep(pause)
    for pid in draw.sample(hit, len(hit)):
        send(pid, signal.SIGCONT)
    return "%.0f ms of stop of %s on %d" % (pause * 1000, " ".join(pids[p] for p in hit), h.i)


def cut(at):
    h = chosen(at)
    others = draw.sample([j for j in HOSTS if j != h.i], draw.randint(1, 2))
    ways = draw.choice(("from", "to", "both"))
    pause = draw.choice((0.1, 0.4, 0.8, 2))
    for well in (False, True):
        for j in others:
            if ways != "to":
                h.reach(j, well)
            if ways != "from":
                hosts[j - 1].reach(h.i, well)
        if not well:
            time.sleep(pause)
    return "%.0f ms of cut %s %d, of %s" % (pause * 1000, ways, h.i, others)


def reboot(at):
    h = chosen(at)
    h.reboot()
    time.sleep(draw.choice((0, 0.2, 1)))
    return "reboot of %d" % h.i


def fill(at):
    h = chosen(at)
    path = h.dir + "/data/filler"
    try:
        with open(path, "wb") as f:
            while True:
                f.write(b"x" * 4096)
                f.flush()
    except OSError:
        pass
    hit = kill(at) if draw.random() < 0.5 else None
    for other in hosts:
        start(other)
    time.sleep(draw.choice((0.3, 1)))
    os.unlink(path)
    return "full disk of %d%s" % (h.i, ", " + hit if hit else "")


def step_down(at):
    h = chosen(at)
    said = sh(lab.build + "/tests/fakeworker", "ask", h.dir + "/run/peer/door", "step-down", check=False)
    return "step-down of %d: %s" % (h.i, said.strip()[:60])


def term(at):
    h = chosen(at)
    name = draw.choice(("conclaved", "run"))
    if name in h.running:
        h.running[name].terminate()
    return "SIGTERM to %s of %d" % (name, h.i)


lab = Lab(sys.argv[1], len(HOSTS), "timing = { tick_ms = 100; init_limit = 20; sync_limit = 5; };")
hosts = lab.hosts
os.makedirs(lab.dir + "/stamps")
broken = "it was interrupted"
try:
    for n in range(faults):
        at = wait_acting() if n == 0 or draw.random() < 0.8 else draw.choice(HOSTS)
        for h in hosts:
            start(h)
        what = draw.choice((kill, kill, stop, stop, cut, cut, reboot, fill, step_down, term))(at)
        print("%d: %s" % (n + 1, what), flush=True)
        broken = look()
        if broken:
            break
    else:
        wait_acting()
        broken = look()
finally:
    lab.down()
terms = sorted({(s[3], s[2]) for s in stamps()})
print("seed %d: %d faults, %d terms of %s hosts" % (seed, n + 1, len(terms), len({t[1] for t in terms})))
if broken or faults >= 10 and len(terms) < faults // 10:
    sys.exit("run.py: seed %d: %s; see %s" % (seed, broken or "too few terms", lab.dir))
sh("rm", "-rf", lab.dir)
