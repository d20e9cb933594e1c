#!/usr/bin/env python3
"""The example postgresql on two hosts; a third only votes. usage: postgresql.py BUILD

What the primary wrote is there after a hand-over and after the loss of its host, which comes back as a standby. Exit
status 77: PostgreSQL is missing."""
import glob
import json
import os
import shutil
import subprocess
import sys
import time

from hosts import Lab, sh

DEADLINE_S = 120
programs = (sorted(glob.glob("/usr/lib/postgresql/*/bin")) or [""])[-1]
if not programs or not shutil.which("setpriv"):
    print("PostgreSQL is missing (Debian's package postgresql)")
    sys.exit(77)
node = os.path.realpath(os.path.dirname(__file__) + "/../../examples/postgresql/pg-node")


def settings(h):
    return h.dir + "/pg.json"


def keep(hosts):
    for h in hosts:
        h.keep("conclaved", lab.build + "/bin/conclaved", "-c", h.conf)
        if h.i < 3:
            h.keep("standby", node, "standby", settings(h))
            h.keep("run", lab.build + "/bin/conclave", "-c", h.conf, "run", "--again", "--grace", "30s", "--", node,
                   "primary", settings(h))
    if lab.hosts[2].conclave("leader", check=False).strip() == "3":
        lab.hosts[2].conclave("step-down", check=False)


def until(what, test, hosts=None):
    """All of `hosts` are kept running meanwhile; None: of all."""
    end = time.monotonic() + DEADLINE_S
    while not test():
        if time.monotonic() > end:
            sys.exit("postgresql.py: not in %d s: %s; see %s" % (DEADLINE_S, what, lab.dir))
        keep(hosts or lab.hosts)
        time.sleep(0.1)


def sql(i, text):
    """The answer of PostgreSQL at host i, or None."""
    done = subprocess.run(["ip", "netns", "exec", lab.hosts[i - 1].ns, programs + "/psql", "-XAtq", "-h", "127.0.0.1",
                           "-U", "postgres", "-d", "postgres", "-c", text], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def writes(i, text):
    return lambda: sql(i, "select pg_is_in_recovery()") == "f" and sql(i, text) is not None


def has(i, words):
    return lambda: sql(i, "select string_agg(word, ' ' order by word) from words") == words


def claim_timeline(i):
    """The timeline of host i's claim. It is 0 until a standby has seen that it receives what the primary writes."""
    said = lab.hosts[i - 1].conclave("claim", check=False).strip()
    return int(said, 0) >> 48 if said else None


lab = Lab(sys.argv[1], 3, "timing = { tick_ms = 200; init_limit = 20; sync_limit = 5; };")
try:
    os.chmod(lab.dir, 0o711)
    for h in lab.hosts[:2]:
        os.mkdir(h.dir + "/pg")
        shutil.chown(h.dir + "/pg", "postgres", "postgres")
        json.dump({"id": h.i, "data": h.dir + "/pg/data", "port": 5432, "programs": programs,
                   "hosts": {"1": "10.77.0.1", "2": "10.77.0.2"},
                   "conclave": [lab.build + "/bin/conclave", "-c", h.conf]}, open(settings(h), "w"))
    for h in lab.hosts:
        h.keep("conclaved", lab.build + "/bin/conclaved", "-c", h.conf)
    for h in lab.hosts:
        h.conclave("wait", "--leader", "--timeout", "60")
    lab.hosts[0].spawn(node, "init", settings(lab.hosts[0])).wait()
    # who has no data leads no database: the first server has to lead
    until("server 1 leads", lambda: lab.hosts[0].conclave("leader", check=False).strip() == "1" or
          [h.conclave("step-down", check=False) for h in lab.hosts[1:]] is None)
    until("server 1 writes", writes(1, "create table if not exists words (word text)"))
    until("server 1 writes a", writes(1, "insert into words values ('a')"))
    until("server 2 has a", has(2, "a"))
    lab.hosts[0].conclave("transfer", "2")
    until("server 2 writes b", writes(2, "insert into words values ('b')"))
    until("server 1 is a standby", has(1, "a b"))
    until("server 1 claims what it has", lambda: claim_timeline(1) == 2)
    lab.hosts[1].reboot()
    until("server 1 writes c", writes(1, "insert into words values ('c')"), [lab.hosts[0], lab.hosts[2]])
    until("server 2 is a standby again", has(2, "a b c"))
finally:
    lab.down()
sh("rm", "-rf", lab.dir)
print("postgresql.py: the primary moved from 1 to 2 and back")
