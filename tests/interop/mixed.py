#!/usr/bin/env python3
"""Mixed elections: servers of ours (zab = false) and Java FastLeaderElection voters in one
ensemble on loopback. Each election is a schedule made from one seed: who is whose, what each
claims, in which order and how quickly they start, who is stopped (a leader or another, in
order or with kill -9) and started again. After each step all that run must name one leader.

  right   the best vote leads where its server was looking before the others were started; of
          three servers one of which is stopped the better of the other two leads; a server
          that is started again follows the leader that it finds
  apart   they do not agree, without Zab behind them to part those who decided too early
  wrong   they agree on another, or something does not come

One that is not right is run twice more, and fails if it is not right again; where it only
stays apart, if it does so more often than Java voters alone on the same schedule. Prints a
line for each, with the seed, and last `N passed, M failed`."""
import argparse
import collections
import fcntl
import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

DEADLINE_S = 20
PORTS = '/tmp/conclave-ports-%d' % os.getuid()  # as tests/system/lab.bash
PORTS_FIRST, PORTS_BLOCK, PORTS_BLOCKS = 10000, 64, 340
JAR = '/usr/share/java/zookeeper.jar'
VOTER = 'org.apache.zookeeper.server.quorum.JavaVoter'
LOOKING = ('looking', None)

Claim = collections.namedtuple('Claim', 'epoch zxid sid')  # the larger wins
Start = collections.namedtuple('Start', 'sid gap_s')
Stop = collections.namedtuple('Stop', 'leader pick hard')


class Apart(Exception):
    """no agreement in time"""


class Wrong(Exception):
    """agreement on another than the right one, or a server that fails"""


class Late(Wrong):
    """something else that does not come"""


class Schedule:
    """All that is random, from one seed. `alone`: the same with Java voters only."""

    def __init__(self, seed, alone):
        r = random.Random(seed)
        ours, theirs = r.choice([(2, 1), (1, 2), (3, 2)])
        self.sids = r.sample(range(1, 100), ours + theirs)
        self.ours = [] if alone else self.sids[:ours]
        self.claims = {}
        for i, sid in enumerate(self.sids):
            zxid = r.choice([0, 0, 1, 7, 1 << 33])
            epoch = r.choice([0, 0, 0, 1])
            if i < ours:
                epoch = 0  # without Zab ours stays there
            self.claims[sid] = Claim(epoch, zxid, sid)
        order = r.sample(self.sids, len(self.sids))
        best = self.best(order)
        self.best_first = r.random() < 0.5
        if self.best_first:
            order.remove(best)
            order.insert(0, best)
        self.starts = [Start(sid, r.choice([0, 0, 0.05, 0.2, 0.5])) for sid in order]
        self.stops = [Stop(r.random() < 0.6, r.random(), r.random() < 0.5)
                      for _ in range(r.choice([1, 2]))]

    def best(self, sids):
        return max(sids, key=lambda sid: self.claims[sid])


def take_ports():
    """(first port of a block that nobody else has, the file that holds it)"""
    os.makedirs(PORTS, mode=0o700, exist_ok=True)
    for i in range(PORTS_BLOCKS):
        block = (os.getpid() + i) % PORTS_BLOCKS
        lock = open(os.path.join(PORTS, str(block)), 'w')
        first = PORTS_FIRST + block * PORTS_BLOCK
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for port in range(first, first + PORTS_BLOCK):
                with socket.socket() as s:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind(('127.0.0.1', port))
            return first, lock
        except OSError:
            lock.close()
    raise RuntimeError('no free ports')


def until(what, check):
    end = time.monotonic() + DEADLINE_S
    while not check():
        if time.monotonic() > end:
            raise Late('not in %d s: %s' % (DEADLINE_S, what))
        time.sleep(0.02)


class Ours:
    """A server of ours: conclaved and its workers."""

    def __init__(self, bin_dir, base, sid, servers):
        self.bin, self.dir, self.sid = bin_dir, os.path.join(base, str(sid)), sid
        self.process = None
        self.address = next(('127.0.0.1', s[2]) for s in servers if s[0] == sid)
        os.mkdir(self.dir)
        self.conf = os.path.join(self.dir, 'conclave.conf')
        with open(self.conf, 'w') as f:
            f.write('id = %d;\nrun_dir = "%s/run";\ndata_dir = "%s/data";\nzab = false;\n'
                    'servers = (\n%s\n);\n' % (sid, self.dir, self.dir, ',\n'.join(
                        '\t{ id = %d; host = "127.0.0.1"; quorum_port = %d; '
                        'election_port = %d; }' % s for s in servers)))

    def start(self):
        with open(os.path.join(self.dir, 'log'), 'ab') as log:
            self.process = subprocess.Popen([self.bin + '/conclaved', '-c', self.conf],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def stop(self, hard):
        self.process.send_signal(signal.SIGKILL if hard else signal.SIGTERM)
        self.process.wait(DEADLINE_S)
        self.process = None

    def ask(self, *what):
        return subprocess.run([self.bin + '/conclave', '-c', self.conf, *what],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def view(self):
        """(state, leader or None)"""
        if self.process.poll() is not None:
            raise Wrong('server %d has ended with %d' % (self.sid, self.process.returncode))
        try:
            status = json.loads(self.ask('status', '--json').stdout)
        except ValueError:
            return 'down', None
        return status['state'], status['leader']

    def is_looking(self):
        """asked as a stranger, its elector answers from its first look on"""
        asker = struct.pack('>q', random.randrange(1 << 61, 1 << 62))
        question = struct.pack('>iiqqq', 28, 0, 0, 0, 0)
        try:
            with socket.create_connection(self.address, 1) as s:
                s.sendall(asker + question)
                return len(s.recv(4)) == 4
        except OSError:
            return False

    def look(self):
        """it sees by itself that its leader is gone"""


class Voters:
    """The Java voters of one ensemble, in one process."""

    def __init__(self, classes, base, servers):
        config = os.path.join(base, 'java.cfg')
        with open(config, 'w') as f:
            f.write(''.join('server.%d=127.0.0.1:%d:%d\n' % s for s in servers))
        self.views, self.stopped = {}, set()  # a sid has a view from its look on
        self.log = open(os.path.join(base, 'java.log'), 'wb')
        self.process = subprocess.Popen(
            ['java', '-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto',
             '-cp', JAR + ':' + classes, VOTER, config],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True)
        if self.process.stdout.readline() != 'ready\n':
            raise RuntimeError('the Java voters do not start')
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.process.stdout:
            self.log.write(line.encode())
            word = line.split()
            if word[0] == 'decided':
                self.views[int(word[1])] = (word[2].lower(), int(word[3]))
            elif word[0] == 'looking':
                self.views.setdefault(int(word[1]), LOOKING)
            elif word[0] == 'stopped':
                self.stopped.add(int(word[1]))

    def say(self, text):
        self.process.stdin.write(text + '\n')
        self.process.stdin.flush()

    def end(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


class Theirs:
    """One of them."""

    def __init__(self, voters, claim):
        self.voters, self.claim, self.sid = voters, claim, claim.sid

    def start(self):
        self.voters.views.pop(self.sid, None)
        self.voters.say('start %d %d %d' % (self.sid, self.claim.zxid, self.claim.epoch))

    def stop(self, hard):
        del hard  # it has no other way
        self.voters.stopped.discard(self.sid)
        self.voters.say('stop %d' % self.sid)
        until('voter %d stops' % self.sid, lambda: self.sid in self.voters.stopped)

    def view(self):
        return self.voters.views.get(self.sid, ('down', None))

    def is_looking(self):
        return self.view()[0] == 'looking'

    def look(self):
        self.voters.views.pop(self.sid, None)
        self.voters.say('look %d' % self.sid)


class Election:
    def __init__(self, args, schedule, base, first_port):
        self.schedule = schedule
        servers = [(sid, first_port + 2 * i, first_port + 2 * i + 1)
                   for i, sid in enumerate(schedule.sids)]
        self.voters = Voters(args.classes, base, servers)
        self.servers = {}
        for sid in schedule.sids:
            self.servers[sid] = (Ours(args.bin, base, sid, servers) if sid in schedule.ours
                                 else Theirs(self.voters, schedule.claims[sid]))
        self.running = []
        self.settled_s = []

    def agree(self):
        """waits until all that run name one of them, which leads; returns it"""
        seen = {}

        def agreed():
            seen.update((sid, self.servers[sid].view()) for sid in self.running)
            leaders = {seen[sid][1] for sid in self.running}
            if len(leaders) != 1 or None in leaders:
                return False
            leader = leaders.pop()
            return leader in self.running and all(
                seen[sid][0] == ('leading' if sid == leader else 'following')
                for sid in self.running)

        began = time.monotonic()
        try:
            until('agreement', agreed)
        except Late:
            raise Apart(', '.join('%d %s of %s' % (sid, *seen[sid]) for sid in self.running))
        self.settled_s.append(time.monotonic() - began)
        return seen[self.running[0]][1]

    def claim(self):
        """a claim counts from the next election on: each of ours is told it by itself"""
        for sid in self.schedule.ours:
            server, zxid = self.servers[sid], self.schedule.claims[sid].zxid
            if zxid == 0:
                continue
            server.start()
            until('server %d takes its claim' % sid,
                  lambda: server.ask('claim', str(zxid)).returncode == 0)
            server.stop(False)

    def start_all(self):
        for i, (sid, gap_s) in enumerate(self.schedule.starts):
            self.servers[sid].start()
            self.running.append(sid)
            if i == 0 and self.schedule.best_first:
                until('server %d looks' % sid, self.servers[sid].is_looking)
            time.sleep(gap_s)
        leader = self.agree()
        best = self.schedule.best(self.running)
        if self.schedule.best_first and leader != best:
            raise Wrong('%d leads, not %d, which was there first' % (leader, best))
        return leader

    def stop_one(self, stop, leader):
        """stops the leader or another; returns (who was stopped, who leads then)"""
        others = [sid for sid in self.running if sid != leader]
        sid = leader if stop.leader else others[int(stop.pick * len(others))]
        self.running.remove(sid)
        self.servers[sid].stop(stop.hard)
        if sid == leader:
            for other in self.running:
                self.servers[other].look()
        now = self.agree()
        best = self.schedule.best(self.running)
        if sid != leader and now != leader:
            raise Wrong('%d leads, and %d led and was not stopped' % (now, leader))
        if sid == leader and len(self.schedule.sids) == 3 and now != best:
            raise Wrong('%d leads, not %d' % (now, best))
        return sid, now

    def run(self):
        if any(self.schedule.claims[sid].zxid for sid in self.schedule.ours):
            self.claim()
        leader = self.start_all()
        for stop in self.schedule.stops:
            sid, leader = self.stop_one(stop, leader)
            self.servers[sid].start()
            self.running.append(sid)
            now = self.agree()
            if now != leader:
                raise Wrong('%d came back, and %d leads, not %d' % (sid, now, leader))

    def end(self):
        self.voters.end()
        for server in self.servers.values():
            if isinstance(server, Ours) and server.process:
                server.stop(False)


def leftovers(base):
    """processes with a file under `base` in their arguments"""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open('/proc/%s/cmdline' % pid) as f:
                command = f.read()
        except OSError:
            continue
        if base + '/' in command:
            found.append(command.replace('\0', ' '))
    return found


def run_one(args, seed, alone):
    """(verdict, why, seconds of each agreement): verdict is 'right', 'apart' or 'wrong'"""
    schedule = Schedule(seed, alone)
    base = tempfile.mkdtemp(prefix='conclave-mixed-')
    port, lock = take_ports()
    election, verdict, why = None, 'right', ''
    try:
        election = Election(args, schedule, base, port)
        election.run()
    except Apart as e:
        verdict, why = 'apart', str(e)
    except Wrong as e:
        verdict, why = 'wrong', str(e)
    finally:
        if election:
            election.end()
        lock.close()
    left = leftovers(base)
    if left:
        verdict, why = 'wrong', 'left over: ' + '; '.join(left)
    if verdict == 'right' or not args.keep:
        shutil.rmtree(base)
    else:
        why += ' (kept: %s)' % base
    return verdict, why, election.settled_s


def run_all(args, seeds, alone):
    """[(seed, verdict)…] of those that are not right, which it says"""
    verdicts, settled_s, bad = collections.Counter(), [], []
    for seed in seeds:
        verdict, why, times = run_one(args, seed, alone)
        verdicts[verdict] += 1
        settled_s += times
        if verdict != 'right':
            bad.append((seed, verdict))
            print('seed %d%s: %s: %s' % (seed, ' (Java alone)' if alone else '', verdict, why),
                  flush=True)
    settled_s.sort()
    if settled_s:
        print('%s: %d elections, %d agreements (%.2f s median, %.2f s at most), %d right, '
              '%d apart, %d wrong' %
              ('Java alone' if alone else 'mixed', len(seeds), len(settled_s),
               settled_s[len(settled_s) // 2], settled_s[-1], verdicts['right'],
               verdicts['apart'], verdicts['wrong']), flush=True)
    return bad


def is_failure(args, seed, verdict):
    """one run is no proof: a voter that is starved for more than the 200 ms for which an
    election waits misses it, of whatever make it is"""
    verdicts = [verdict] + [v for _, v in run_all(args, [seed] * 2, False)]
    if len(verdicts) == 1:
        return False
    if 'wrong' in verdicts:
        return True
    return len(run_all(args, [seed] * 3, True)) < len(verdicts)


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--bin', default='build/bin', help='our programs')
    p.add_argument('--classes', default='build/interop', help='JavaVoter.class is below it')
    p.add_argument('--elections', type=int, default=20)
    p.add_argument('--seed', type=int, default=1, help='of the first election')
    p.add_argument('--alone', action='store_true', help='Java voters alone, to compare')
    p.add_argument('--keep', action='store_true', help='the folder of one that goes wrong stays')
    args = p.parse_args()
    args.bin, args.classes = os.path.abspath(args.bin), os.path.abspath(args.classes)
    seeds = range(args.seed, args.seed + args.elections)
    print('seeds %d to %d (again: --seed N --elections 1)' % (seeds[0], seeds[-1]), flush=True)
    bad = run_all(args, seeds, args.alone)
    if not args.alone:
        bad = [seed for seed, verdict in bad if is_failure(args, seed, verdict)]
    print('%d passed, %d failed' % (len(seeds) - len(bad), len(bad)))
    sys.exit(len(bad) > 0)


if __name__ == '__main__':
    main()
