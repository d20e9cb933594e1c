"""Hosts for tests: network namespaces on one Ethernet, each with a server of one group. Root only."""
import os
import signal
import subprocess
import tempfile
import time


def sh(*words, check=True):
    done = subprocess.run(words, check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if check and done.returncode:
        raise SystemExit("%s: %s" % (" ".join(words), done.stderr.strip()))
    return done.stdout


def send(pid, signo):
    try:
        os.kill(pid, signo)
    except ProcessLookupError:
        pass


def mac(i):
    return "02:00:00:00:00:%02x" % i


class Lab:
    """`count` hosts, 10.77.0.1 and fd77::1 on; `text` goes into every configuration; keys: {i: text} into the entry
    of server i. What one host knows of the way to another is fixed if `fixed`, so that a cut is a cut."""

    def __init__(self, build, count, text, keys=None, fixed=True):
        self.build, self.dir, self.fixed = os.path.abspath(build), tempfile.mkdtemp(prefix="conclave-soak-"), fixed
        self.prefix = "cs%d-" % (os.getpid() % 100000)
        self.switch = self.prefix + "sw"
        self.hosts = []
        servers = ", ".join('{ id = %d; host = "10.77.0.%d"; quorum_port = 2888; election_port = 3888; %s }'
                            % (i, i, (keys or {}).get(i, "")) for i in range(1, count + 1))
        try:
            sh("ip", "netns", "add", self.switch)
            sh("ip", "-n", self.switch, "link", "add", "br0", "type", "bridge", "forward_delay", "0")
            sh("ip", "-n", self.switch, "link", "set", "br0", "up")
            for i in range(1, count + 1):
                self.hosts.append(Host(self, i, count, "servers = ( %s );\n%s\n" % (servers, text)))
        except BaseException:
            self.down()
            raise

    def down(self):
        for h in self.hosts:
            h.reboot()
            sh("ip", "netns", "del", h.ns, check=False)
            sh("umount", h.dir + "/data", check=False)
        sh("ip", "netns", "del", self.switch, check=False)


class Host:
    def __init__(self, lab, i, count, text):
        self.lab, self.i, self.ns, self.dir = lab, i, lab.prefix + str(i), "%s/%d" % (lab.dir, i)
        self.conf = self.dir + "/conclave.conf"
        self.running = {}  # name: process, see keep
        os.makedirs(self.dir + "/data")
        sh("mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "data", self.dir + "/data")
        with open(self.conf, "w") as f:
            f.write('id = %d; run_dir = "%s/run"; data_dir = "%s/data"; rights = "off";\n%s'
                    % (i, self.dir, self.dir, text))
        sh("ip", "netns", "add", self.ns)
        sh("ip", "-n", self.ns, "link", "set", "lo", "up")
        sh("ip", "link", "add", "eth0", "netns", self.ns, "address", mac(i), "type", "veth", "peer", "name",
           "v%d" % i, "netns", lab.switch)
        sh("ip", "-n", lab.switch, "link", "set", "v%d" % i, "master", "br0", "up")
        sh("ip", "-n", self.ns, "addr", "add", "10.77.0.%d/24" % i, "dev", "eth0")
        sh("ip", "-n", self.ns, "addr", "add", "fd77::%d/64" % i, "dev", "eth0", "nodad")
        sh("ip", "-n", self.ns, "link", "set", "eth0", "up")
        for j in range(1, count + 1):
            if j != i and lab.fixed:
                self.reach(j, True)

    def reach(self, j, well):
        """What goes to host j gets there, or to nobody."""
        sh("ip", "-n", self.ns, "neigh", "replace", "10.77.0.%d" % j, "lladdr", mac(j if well else 99), "dev",
           "eth0", "nud", "permanent")

    def spawn(self, *words, **more):
        with open(self.dir + "/log", "a") as log:
            return subprocess.Popen(("ip", "netns", "exec", self.ns) + words, stdin=subprocess.DEVNULL,
                                    stdout=more.get("stdout", log), stderr=log)

    def keep(self, name, *words):
        """The process of that name, which is started if it does not run."""
        if name not in self.running or self.running[name].poll() is not None:
            self.running[name] = self.spawn(*words)
        return self.running[name]

    def conclave(self, *words, check=True):
        return sh("ip", "netns", "exec", self.ns, self.lab.build + "/bin/conclave", "-c", self.conf, *words, check=check)

    def processes(self):
        """{pid: what it is}"""
        found = {}
        for pid in sh("ip", "netns", "pids", self.ns, check=False).split():
            try:
                words = open("/proc/%s/cmdline" % pid).read().split("\0")
                name = open("/proc/%s/comm" % pid).read().strip()
            except OSError:
                continue
            program = os.path.basename(words[0])
            if name.startswith("conclave-guard"):
                program = "guard"
            elif name.startswith("conclave-first"):
                program = "first"
            elif program == "conclave":
                program = "runner"
            found[int(pid)] = program
        return found

    def reboot(self):
        """All processes end at one time, and what is in memory is lost."""
        while True:
            pids = self.processes()
            if not pids:
                break
            for pid in pids:
                send(pid, signal.SIGKILL)
            time.sleep(0.005)
        for p in self.running.values():
            p.wait()
        sh("rm", "-rf", self.dir + "/run")
