#!/usr/bin/env python3
"""killer.py COUNT CONFIG PROGRAM: starts COUNT electors by hand, each under a name of its own, and kills each
with -9 within a few milliseconds of its start. connmgr's links must survive it."""
import random
import subprocess
import sys
import time

count, config, program = int(sys.argv[1]), sys.argv[2], sys.argv[3]
rng = random.Random(1)
for i in range(count):
    p = subprocess.Popen([program, "-c", config, "--name", f"k{i % 8}"],
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(rng.uniform(0.0, 0.012))
    p.kill()
    p.wait()
print(f"{count} killed")
