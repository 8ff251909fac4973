"""Hosts: each one a network namespace with a view of the file system of its own.

A host lives as long as the process that holds its namespaces; `tests/lab/run` gives the whole
lab a process namespace, so that nothing outlives a run, however it ends.
"""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess

from program import eventually

ENV = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8",
       **{k: v for k, v in os.environ.items() if k in ("UBSAN_OPTIONS", "MXSEAL_BIN")},
       # libfaketime may stand before the sanitizer.
       "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}

# Makes one host; then it waits for its end.
HOLDER = """
set -e
hostname "$1"
mount -t tmpfs run /run
ip link set lo up
shift
while [ $# -gt 0 ]; do mount --bind "$1" "$2"; shift 2; done
echo ready
exec sleep infinity
"""


def group_ended(leader):
    """True when nothing is left of a program's processes; orphans come to this one, the first of its space."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-leader, os.WNOHANG)[0]:
            pass
        return False
    return True


def end_group(leader, sig):
    """Ends a program and what it started."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(leader, sig)
    eventually(lambda: group_ended(leader))


class Software:
    """What runs on a host.  Written in four steps, of which the map's order says nothing."""

    def prepare(self, lab, host):
        """Before the hosts are made: writes files, and says what of the host is mounted over."""

    def start(self, lab, host):
        """Starts programs."""

    def ready(self, lab, host):
        """Returns when they can be asked."""

    def halt(self, host):
        """Stops what is no program of the host's own."""


class Host:
    """One host: programs are started in it and asked from it."""

    def __init__(self, lab, name, address):
        self.lab, self.name, self.address = lab, name, address
        self.folder = lab.folder / name
        self.folder.mkdir()
        self.binds, self.programs, self.since, self.holder = [], {}, {}, None

    def file(self, name, text, mode=0o644):
        """A file of this host; its path is the same everywhere in the lab."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def mount(self, source, target):
        """source is seen at target in this host; before it is made."""
        self.binds.append((source, target))

    def clock(self, days):
        """The clock of programs started from now on: so many days ahead."""
        library = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
        self.file("faketimerc", f"+{days}d\n" if days else "")
        self.file("ld.so.preload", f"{library}\n" if days else "")

    def make(self):
        for name in ("faketimerc", "ld.so.preload"):
            self.mount(self.file(name, ""), f"/etc/{name}")
        words = [str(word) for pair in self.binds for word in pair]
        self.holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "--uts", "--propagation", "private", "sh", "-c", HOLDER, "sh",
             self.name, *words], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, env=ENV)

    def made(self):
        assert self.holder.stdout.readline() == b"ready\n", f"host {self.name} was not made"

    def enter(self, *words):
        """The command that becomes words in this host."""
        return ["nsenter", "-t", str(self.holder.pid), "-n", "-m", "-u", "-r", "--", *map(str, words)]

    def ip(self, lines, force=False):
        subprocess.run(self.enter("ip", *(["-force"] if force else []), "-batch", "-"), input=lines,
                       text=True, check=not force, env=ENV, capture_output=True)

    def run(self, *words, check=True, stdin=None, timeout=120):
        """The finished command; its output is text with the line ends that it had."""
        text = not isinstance(stdin, bytes)
        done = subprocess.run(self.enter(*words), input=stdin.encode() if text and stdin else stdin,
                              capture_output=True, env=ENV, timeout=timeout, cwd=self.folder)
        if text:
            done.stdout, done.stderr = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        assert not check or done.returncode == 0, (self.name, words, done.stdout, done.stderr)
        return done

    def start(self, name, *words, env=None):
        """Starts a program that stays; its output goes to NAME.log."""
        self.since[name] = len(self.text(name))
        with open(self.log(name), "ab") as log:
            self.programs[name] = subprocess.Popen(self.enter(*words), stdout=log, stderr=log, cwd=self.folder,
                                                   stdin=subprocess.DEVNULL, start_new_session=True,
                                                   env={**ENV, **(env or {})})
        return self.programs[name]

    def alive(self, name):
        assert self.programs[name].poll() is None, f"{name} on {self.name} ended:\n{self.text(name)[-3000:]}"

    def stop(self, name, kill=False):
        program = self.programs.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL if kill else signal.SIGTERM)
        program.wait(30)
        end_group(program.pid, 0)

    def end(self):
        for name in list(self.programs):
            self.stop(name, kill=True)
        if self.holder:
            self.holder.kill()
            self.holder.wait()

    def log(self, name):
        return self.folder / f"{name}.log"

    def text(self, name):
        return self.log(name).read_text(errors="replace") if self.log(name).exists() else ""

    def says(self, name, word):
        """Waits until a program has written a word since it was started."""
        def said():
            self.alive(name)
            return word in self.text(name)[self.since[name]:]

        eventually(said)

    def ask(self, name, kind, server=None, *options):
        """Lines of `kdig +short` from here."""
        done = self.run("kdig", "+short", "+timeout=2", "+retry=0", *(["@" + server] if server else []), name,
                        kind, *options, check=False)
        return [line for line in done.stdout.splitlines() if not line.startswith(";")] if not done.returncode else []


class Network:
    """Cables between hosts: one bridge for all, or a cable between two.  The tests have an address too."""

    def __init__(self, address):
        subprocess.run(["ip", "-batch", "-"], text=True, check=True,
                       input=f"link set lo up\nlink add net type bridge\nlink set net up\n"
                       f"addr add {address}/32 dev net\nroute add default dev net\n")

    def join(self, *hosts):
        """Each host gets eth0 with its address, and everybody else is a neighbour."""
        lines = "".join(f"link add name at-{h.name} type veth peer name eth0 netns {h.holder.pid}\n"
                        f"link set at-{h.name} master net up\n" for h in hosts)
        subprocess.run(["ip", "-batch", "-"], input=lines, text=True, check=True)
        for h in hosts:
            h.ip(f"addr add {h.address}/32 dev eth0\nlink set eth0 up\nroute add default dev eth0\n")

    def hide(self, host, way):
        """host is reached through way only."""
        subprocess.run(["ip", "link", "add", "name", "eth1", "netns", str(way.holder.pid), "type", "veth", "peer",
                        "name", "eth0", "netns", str(host.holder.pid)], check=True)
        way.ip(f"link set eth1 up\nroute add {host.address}/32 dev eth1\n")
        host.ip(f"addr add {host.address}/32 dev eth0\nlink set eth0 up\n"
                f"route add {way.address}/32 dev eth0\nroute add default via {way.address}\n")
        way.run("sh", "-c", "cd /proc/sys/net/ipv4; echo 1 >ip_forward; for i in all eth0 eth1; do "
                "echo 1 >conf/$i/proxy_arp; echo 0 >conf/$i/rp_filter; done")


@contextlib.contextmanager
def own_etc(folder):
    """The lab's /etc: a copy, so that what is written there stays in the lab."""
    etc = pathlib.Path(folder / "etc")
    subprocess.run(["cp", "-a", "/etc", etc], check=True)
    for name in ("resolv.conf", "hosts", "ld.so.preload", "faketimerc"):
        (etc / name).unlink(missing_ok=True)
        (etc / name).write_text("127.0.0.1 localhost\n" if name == "hosts" else "")
    shutil.rmtree(etc / "ssl/certs")
    (etc / "ssl/certs").mkdir()
    subprocess.run(["mount", "--bind", etc, "/etc"], check=True)
    yield pathlib.Path("/etc")
    subprocess.run(["umount", "-l", "/etc"], check=True)
