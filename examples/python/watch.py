#!/usr/bin/env python3
"""Tells who leads, without the library: each line of `conclave watch --json` is one event.
Usage: watch.py [ARGUMENT OF conclave…]. What is printed was true when it was said; before a
program acts on it, it asks again: conclave(3), `conclave run`, or `conclave leader`."""
import json
import subprocess
import sys

command = ["conclave", *sys.argv[1:], "watch", "--json"]
with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watch:
    before = None
    for line in watch.stdout:
        event = json.loads(line)
        if "leader" not in event:
            continue
        now = (event["leader"], event["epoch"], event["active"])
        if now != before:
            who = "nobody" if now[0] is None else "server %d" % now[0]
            print("%s leads, epoch %s%s" % (who, now[1], ": this one" if now[2] else ""), flush=True)
        before = now
sys.exit(watch.returncode)
