#!/usr/bin/env python3
"""Small wrong changes to the tree, each of which the quick tests must notice.

The lists are tests/mutants/*.list. An entry is a few lines, and ends with an empty one:

    peer/role_lead.c: a refused promise counts as one
    by: test_role_lead
    -	if (epoch >= 0) {
    +	if (epoch >= -1) {

The lines with "-" (and those with " ", which stay) stand in the file exactly once; an
entry whose lines do not is an error, since it must follow the code. "by:" is the test
that is tried first: a unit test, a fuzzer, `vectors`, `sim`, `sim FROM:TO`, or
`bats FILE NAME…` (a system test, with the programs as they then are; never tried unless
it is named). All other quick tests follow, until one fails. An entry with "equivalent:
why" in the place of "by:" is not run.

usage: tests/mutants.py BUILD [FILE or word of an entry…]; BUILD is built by `make mutants`.
CC, CFLAGS, LDFLAGS, LIBS and SIM_WRAPS come from the Makefile, JOBS is how many at a time.
Prints a line for each, and `N passed, M failed` at the end."""
import concurrent.futures
import glob
import os
import queue
import re
import shutil
import subprocess
import sys
import time

ENV = os.environ
TIMEOUT = 90
FUZZ_RUNS = 3000
SIM_SEEDS = "1:150"
SLOW = ("test_connmgr_swap", "test_uplink", "test_chan_close")  # these last


class Mutant:
    def __init__(self, where, path, why):
        self.where, self.path, self.why = where, path, why
        self.by, self.equivalent, self.old, self.new = None, None, [], []

    def apply(self):
        """The text of the file with the change."""
        text = open(self.path).read()
        old, new = "".join(self.old), "".join(self.new)
        if not old or old == new:
            raise ValueError("the entry changes nothing")
        if text.count("\n" + old) != 1:
            raise ValueError("its lines stand %d times in %s" % (text.count("\n" + old), self.path))
        return text.replace("\n" + old, "\n" + new)


def read_list(path):
    mutant, mutants = None, []
    for number, line in enumerate(open(path), 1):
        if not line.strip():
            mutant = None
        elif mutant is None:
            if line.startswith("#"):
                continue
            match = re.match(r"([\w/.]+): (.+)", line)
            if not match:
                raise SystemExit("%s:%d: no entry begins like this" % (path, number))
            mutant = Mutant("%s:%d" % (path, number), match[1], match[2])
            mutants.append(mutant)
        elif line.startswith("by: "):
            mutant.by = line[4:].strip()
        elif line.startswith("equivalent: "):
            mutant.equivalent = line[12:].strip()
        elif line[0] in "- +":
            if line[0] != "+":
                mutant.old.append(line[1:])
            if line[0] != "-":
                mutant.new.append(line[1:])
        else:
            raise SystemExit("%s:%d: what is this line?" % (path, number))
    return mutants


class Build:
    """What is built already, and how to build a mutant of it."""

    def __init__(self, folder):
        self.folder = folder
        self.units = sorted(os.path.basename(f)[:-2] for f in glob.glob("tests/unit/test_*.c"))
        self.fuzzers = sorted(os.path.basename(f)[:-2] for f in glob.glob("tests/fuzz/fuzz_*.c"))
        self.cores = set(subprocess.check_output(["tests/cores.sh"], text=True).split())
        self.rooms = {}  # of a fuzzer: what it includes
        for name in self.fuzzers:
            self.rooms[name] = set(re.findall(r'#include "(\w+)/', open("tests/fuzz/%s.c" % name).read()))
        self.vectors = []
        os.makedirs(folder + "/vectors", exist_ok=True)
        for packed in sorted(glob.glob("tests/vectors/data/*.jsonl.xz")):
            self.vectors.append("%s/vectors/%s" % (folder, os.path.basename(packed)[:-3]))
            with open(self.vectors[-1], "w") as out:
                subprocess.check_call(["xz", "-dc", packed], stdout=out)
        self.users = {}  # of a header: the sources that include it
        for dep in glob.glob(folder + "/obj/**/*.d", recursive=True):
            first = open(dep).read().replace("\\\n", " ").split("\n")[0].split(": ")[1].split()
            for header in first[1:]:
                self.users.setdefault(header, set()).add(first[0])

    def objects(self, pattern):
        return sorted(self.folder + "/obj/" + f[:-2] + ".o" for f in glob.glob(pattern))


    def members(self, archive):
        """The objects of a thin archive, from the top."""
        names = subprocess.check_output(["ar", "t", self.folder + "/" + archive], text=True).split()
        return [os.path.relpath(n) if n.startswith("/") else n for n in names]


class Failed(Exception):
    pass


def run(command, what, **more):
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=TIMEOUT * 4, errors="replace", **more)
    except subprocess.TimeoutExpired:
        raise Failed(what)
    if done.returncode != 0:
        raise Failed(what if not ENV.get("SHOW") else what + "\n" + done.stdout[-2000:])


class Worker:
    """A folder in which one mutant at a time is built and run."""

    def __init__(self, build, number):
        self.build, self.root = build, "%s/worker%d" % (build.folder, number)

    def compile(self, path, text):
        shutil.rmtree(self.root, ignore_errors=True)
        os.makedirs(self.root + "/tmp")
        changed = "%s/src/%s" % (self.root, path)
        os.makedirs(os.path.dirname(changed))
        with open(changed, "w") as out:
            out.write(text)
        self.own = {}  # by source: the object that takes the place of the one that is built
        sources = [path] if path.endswith(".c") else sorted(self.build.users.get(path, ()))
        for source in sources:
            self.own[source] = "%s/obj/%s.o" % (self.root, source[:-2])
            os.makedirs(os.path.dirname(self.own[source]), exist_ok=True)
            done = subprocess.run(
                [*ENV["CC"].split(), "-I" + self.root + "/src", "-I.", *ENV["CFLAGS"].split(), "-w", "-c", "-o",
                 self.own[source], changed if source == path else source],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if done.returncode != 0:
                raise ValueError("it does not compile:\n" + done.stdout[:2000])

    def archive(self, path):
        """The archive with what is compiled anew in it."""
        if not self.own:
            return self.build.folder + "/" + path
        out = "%s/%s" % (self.root, os.path.basename(path))
        if not os.path.exists(out):
            subprocess.check_call(["ar", "qcsT", out, *self.swap(self.build.members(path))])
        return out

    def swap(self, objects):
        """Those that are compiled anew, in the place of what is built."""
        prefix = re.compile(re.escape(self.build.folder) + "/(obj|fuzz)/")
        return [self.own.get(prefix.sub("", o)[:-2] + ".c", o) for o in objects]

    def link(self, out, objects, archives, more=()):
        os.makedirs(os.path.dirname(out), exist_ok=True)
        done = subprocess.run([*ENV["CC"].split(), *ENV["LDFLAGS"].split(), "-o", out, *self.swap(objects),
                               "-Wl,--start-group", *archives, "-Wl,--end-group", *more],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise ValueError("it does not link:\n" + done.stdout[-2000:])
        return out

    def libs(self):
        return [self.archive("lib.a"), self.archive("links.a")]

    def tool(self, name, more=()):
        objects = self.build.objects("tests/%s/*.c" % name) + self.build.objects("tests/lab/*.c")
        return self.link(self.root + "/" + name, objects, self.libs(), [*more, *ENV["LIBS"].split()])

    def unit(self, name):
        program = self.link("%s/%s" % (self.root, name), self.build.objects("tests/unit/%s.c" % name), self.libs(),
                            [*ENV["LIBS"].split(), "-lcmocka"])
        run(["timeout", str(TIMEOUT), program], name, env={**ENV, "TMPDIR": os.path.abspath(self.root + "/tmp")})
        os.unlink(program)

    def fuzz(self, name):
        fuzz = self.build.folder + "/fuzz"
        more = ["-Wl,--wrap=calloc,--wrap=free"] if name == "fuzz_elect" else []
        objects = ["%s/tests/fuzz/%s.o" % (fuzz, name), fuzz + "/tests/fuzz/driver.o"]
        if name == "fuzz_tls":  # what it tries is no core
            objects += [*sorted(glob.glob(fuzz + "/tls/*.o")), fuzz + "/base/file.o"]
            more = ["-lssl", "-lcrypto"]
        program = self.link("%s/%s" % (self.root, name), objects, [self.archive("fuzz/cores.a")], more)
        run(["timeout", str(TIMEOUT), program, "-runs=%d" % FUZZ_RUNS, "-max_total_time=10",
             "-artifact_prefix=%s/%s-" % (self.root, name), "tests/fuzz/corpus/" + name[5:]], name)
        os.unlink(program)

    def vectors(self):
        program = self.tool("vectors")
        for file in self.build.vectors:
            run(["timeout", str(TIMEOUT), program, file], "vectors " + os.path.basename(file))

    def sim(self, seeds):
        program = self.tool("sim", ["-Wl,--wrap=" + f for f in ENV["SIM_WRAPS"].split()])
        run(["timeout", str(TIMEOUT * 2), program, "--seeds", seeds], "sim " + seeds)

    def bats(self, file, name):
        """The programs with the mutant, beside those without."""
        folder = self.root + "/bin"
        shutil.copytree(self.build.folder + "/bin", folder, dirs_exist_ok=True)
        for program, room in (p.split("=") for p in ENV["PROGRAMS"].split()):
            archives = self.libs() if room in ("connmgr", "elector", "peer") else self.libs()[:1]
            self.link("%s/%s" % (folder, program), self.build.objects(room + "/main.c"), archives, ENV["LIBS"].split())
        more = ["--filter", name] if name else []
        run(["bats", *more, "tests/system/%s.bats" % file], "bats " + file,
            env={**ENV, "CONCLAVE_BIN": os.path.abspath(folder)})

    def one(self, test):
        if test.startswith("bats "):
            file, _, name = test[5:].partition(" ")
            self.bats(file, name)
        elif test.startswith("sim"):
            self.sim(test[4:] or SIM_SEEDS)
        elif test == "vectors":
            self.vectors()
        elif test.startswith("fuzz_"):
            self.fuzz(test)
        else:
            self.unit(test)

    def tests(self, path, by):
        """In the order in which they are tried."""
        room, name = os.path.dirname(path), os.path.splitext(os.path.basename(path))[0]
        near = [t for t in self.build.units if path and (name in t or t[5:] in name)]
        near += [t for t in self.build.units if path and t.startswith("test_" + room) and t not in SLOW]
        order = ([by] if by else []) + near
        order += [t for t in self.build.units if t not in SLOW]
        if not path or path in self.build.cores or not path.endswith(".c"):
            order += [t for t in self.build.fuzzers if room in ("", "base") or room in self.build.rooms[t]]
        if not path or room in ("base", "wire", "elector"):
            order += ["vectors"]
        if not path or room in ("base", "wire", "ipc", "elector", "peer", "connmgr", "proc"):
            order += ["sim"]
        if not path or room in ("base", "wire", "ipc", "connmgr", "proc", "config"):
            order += SLOW
        return list(dict.fromkeys(order))

    def try_one(self, path, text, by=None):
        """Returns the test that failed; None: none did."""
        if path:
            self.compile(path, text)
        else:
            shutil.rmtree(self.root, ignore_errors=True)
            os.makedirs(self.root + "/tmp")
            self.own = {}
        try:
            for test in self.tests(path, by):
                self.one(test)
        except Failed as failed:
            return str(failed)
        return None


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    build = Build(sys.argv[1])
    words = sys.argv[2:]
    mutants = [m for f in sorted(glob.glob("tests/mutants/*.list")) for m in read_list(f)]
    mutants = [m for m in mutants if not words or any(w in m.path or w in m.why for w in words)]
    counts = {"noticed": 0, "equivalent": 0, "SURVIVED": 0, "ERROR": 0}
    workers = queue.Queue()
    for number in range(int(ENV.get("JOBS", 2))):
        workers.put(Worker(build, number))

    def attempt(mutant):
        began, worker = time.monotonic(), workers.get()
        try:
            text = mutant.apply() if mutant else None
            if mutant and mutant.equivalent:
                return "equivalent", mutant.equivalent, 0
            if mutant and not mutant.by:
                raise ValueError('it has neither "by:" nor "equivalent:"')
            noticed = worker.try_one(mutant.path, text, mutant.by) if mutant else worker.try_one("", "")
            return "noticed" if noticed else "SURVIVED", noticed or "", time.monotonic() - began
        except ValueError as error:
            return "ERROR", str(error), 0
        finally:
            workers.put(worker)

    # the tree as it is must survive, or the rest says nothing
    result, by, took = attempt(None)
    if result != "SURVIVED":
        print("the tree without a mutant fails: %s\n0 passed, 1 failed" % by)
        return 1
    print("the tree as it is passes all, in %.0f s" % took, flush=True)
    with concurrent.futures.ThreadPoolExecutor(workers.qsize()) as pool:
        for mutant, (result, by, took) in zip(mutants, pool.map(attempt, mutants)):
            counts[result] += 1
            told = " (not by %s)" % mutant.by if result == "noticed" and by.split()[0] != mutant.by.split()[0] else ""
            print("%-10s %4.1f s  %s: %s: %s%s%s" % (
                result, took, mutant.where, mutant.path, mutant.why, ": " + by if by else "", told), flush=True)
    print(", ".join("%d %s" % (n, w) for w, n in counts.items()))
    failed = counts["SURVIVED"] + counts["ERROR"]
    print("%d passed, %d failed" % (len(mutants) - failed, failed))
    return 1 if failed or not mutants else 0


if __name__ == "__main__":
    sys.exit(main())
