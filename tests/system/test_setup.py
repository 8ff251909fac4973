"""setup: each kind of machine in a network of its own, with and without a terminal, once and again."""
import contextlib
import itertools
import json
import os
import pty
import select
import shutil
import subprocess
import time

import pytest

from conftest import BIN, DEADLINE, ROOT, Service
from customers import PATH

V4, V6, ROOT_SERVER = "45.90.1.1", "2a0e:b107::1", "2001:503:ba3e::2:30"
COUNT = itertools.count()
HOLD = """
import socket, sys
kind, family, address, port = sys.argv[1:]
s = socket.socket(getattr(socket, family), getattr(socket, kind))
s.bind((address, int(port)))
if kind == "SOCK_STREAM":
    s.listen()
print("ready", flush=True)
sys.stdin.read()
"""


def ip(*words):
    return subprocess.run(["ip", *words], capture_output=True, text=True)


class Machine:
    """A network of its own: a machine with public addresses, and beside it a root name server."""

    def __init__(self, folder):
        self.folder, self.held = folder, []
        stem = f"mxseal{os.getpid()}-{next(COUNT)}"
        self.space, self.outside = stem, stem + "-o"
        for name in (self.space, self.outside):
            assert ip("netns", "add", name).returncode == 0
        ip("-n", self.space, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", self.outside)
        for space, addresses in ((self.space, (V4 + "/24", V6 + "/64")),
                                 (self.outside, ("45.90.1.2/24", "2a0e:b107::2/64", ROOT_SERVER + "/128"))):
            ip("-n", space, "link", "set", "lo", "up")
            for a in addresses:
                ip("-n", space, "addr", "add", a, "dev", "eth0", *(["nodad"] if ":" in a else []))
            ip("-n", space, "link", "set", "eth0", "up")
        ip("-n", self.space, "route", "add", "default", "via", "2a0e:b107::2")
        self.conf = folder / "mxseal.conf"

    def hold(self, kind, address, port, outside=False):
        family = "AF_INET6" if ":" in address else "AF_INET"
        p = subprocess.Popen(["ip", "netns", "exec", self.outside if outside else self.space, "/usr/bin/python3", "-c",
                              HOLD, kind, family, address, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.held.append(p)
        assert p.stdout.readline() == b"ready\n"
        return p

    def command(self, *args):
        return ["ip", "netns", "exec", self.space, str(BIN), "setup", "--config", str(self.conf), *args]

    def setup(self, *args, check=0):
        """Without a terminal."""
        done = subprocess.run(self.command(*args), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              cwd=self.folder, timeout=DEADLINE)
        assert done.returncode == check, (args, done)
        return done

    def json(self, *args, check=0):
        return json.loads(self.setup(*args, "--json", check=check).stdout)

    def at_terminal(self, *args, answers):
        """(exit status, everything shown) at a terminal, each answer given when a question stands there."""
        ours, theirs = pty.openpty()
        p = subprocess.Popen(self.command(*args), stdin=theirs, stdout=theirs, stderr=theirs, cwd=self.folder,
                             env=dict(os.environ, NO_COLOR="1"))
        os.close(theirs)
        shown, asked, left = "", 0, list(answers)
        end = time.monotonic() + DEADLINE
        with contextlib.suppress(OSError):
            while time.monotonic() < end:
                if not select.select([ours], [], [], 0.2)[0]:
                    continue
                data = os.read(ours, 65536)
                if not data:
                    break
                shown += data.decode()
                if left and shown[asked:].rstrip(" ").endswith("]") and shown.endswith("] "):
                    asked = len(shown)
                    os.write(ours, (left.pop(0) + "\n").encode())
        os.close(ours)
        assert not left, shown
        return p.wait(DEADLINE), shown

    def close(self):
        for p in self.held:
            p.stdin.close()
            p.wait(DEADLINE)
        for name in (self.space, self.outside):
            ip("netns", "del", name)


@pytest.fixture
def machine(tmp_path):
    if os.geteuid() != 0 or not shutil.which("ip", path=PATH):
        pytest.skip("needs root and ip")
    m = Machine(tmp_path)
    yield m
    m.close()


def accepted(machine):
    done = subprocess.run([BIN, "serve", "--check-config", "--config", machine.conf], capture_output=True, text=True)
    assert done.returncode == 0, done


def by_check(answer, check):
    return [(c["severity"], c["detail"]) for c in answer["checks"] if c["check"] == check]


def test_own_domains(machine):
    """Everything is free: written, accepted, and AAAA only for the address that was answered."""
    machine.hold("SOCK_STREAM", ROOT_SERVER, 53, outside=True)
    answer = machine.json("--host", "mx.corp.example", "--accept-terms", "yes", "--email", "root@corp.example")
    assert answer["schema"] == "mxseal.setup/1" and answer["state"] == "written"
    assert answer["settings"] == {
        "listen.tls": "*:443", "listen.http": "*:80", "listen.smtp": "*:25", "service.host": "mx.corp.example",
        "service.addresses": f"{V4} {V6}", "report.host": "reports.corp.example", "alert.to": "root@corp.example",
        "acme.accept_terms": "yes", "acme.email": "root@corp.example"}
    assert {(r["name"], r["type"], r["value"]) for r in answer["records"]} == {
        (name, kind, value) for name in ("mx.corp.example", "reports.corp.example")
        for kind, value in (("A", V4), ("AAAA", V6))}
    for c in answer["checks"]:
        assert "from outside is not tested" not in c["detail"] or c["severity"] == "skip"
    assert ("pass", "port 443 is free") in by_check(answer, "https")
    accepted(machine)
    assert machine.conf.stat().st_mode & 0o777 == 0o644


def test_silent_ipv6(machine):
    """Nobody answered: no record names the address, and no listener needs it."""
    answer = machine.json("--host", "mx.corp.example", "--for", "others")
    assert answer["settings"]["service.addresses"] == V4
    assert answer["settings"]["listen.dns"] == f"{V4}:53", "a single address, never the wildcard"
    assert not [r for r in answer["records"] if r["type"] == "AAAA"]
    assert any(f"{V6} was not answered" in detail for _, detail in by_check(answer, "addresses"))
    assert {"name": "sts.corp.example", "type": "NS", "value": "ns1.sts.corp.example."} in answer["records"]
    accepted(machine)


def test_taken_ports(machine):
    """Who holds a port is named; a web server stays in front; mail servers and resolvers keep theirs."""
    web = [machine.hold("SOCK_STREAM", "0.0.0.0", port) for port in (443, 80)]
    mail = machine.hold("SOCK_STREAM", "0.0.0.0", 25)
    machine.hold("SOCK_STREAM", "127.0.0.53", 53)
    machine.hold("SOCK_DGRAM", "127.0.0.53", 53)
    answer = machine.json("--host", "mx.corp.example", "--for", "others")
    taken = f"port 443 is taken by python3 (process {web[0].pid})"
    assert any(taken in detail for _, detail in by_check(answer, "https")), answer["checks"]
    assert any(f"(process {mail.pid})" in detail for _, detail in by_check(answer, "reports"))
    assert answer["settings"]["listen.tls"] == "off" and answer["settings"]["listen.http"] == "off"
    assert answer["settings"]["listen.behind"] == "unix:/run/mxseal/behind.sock"
    assert answer["settings"]["listen.dns"] == f"{V4}:53", "a resolver on loopback is in nobody's way"
    accepted(machine)


@pytest.mark.parametrize("kind", ["SOCK_STREAM", "SOCK_DGRAM"])
def test_dns_is_taken(machine, kind):
    """Without an address for the zone nothing is written, and who holds it is named."""
    machine.hold(kind, "127.0.0.53", 53)
    named = machine.hold(kind, V4, 53)
    done = machine.setup("--host", "mx.corp.example", "--for", "others", check=1)
    assert f"port 53 of {V4} is taken by python3 (process {named.pid})" in done.stdout
    assert "[FAIL] dns" in done.stdout and "fix:" in done.stderr and not machine.conf.exists()


def test_again(machine):
    """A second run shows what is and changes nothing; other answers are a conflict; nothing gets lost."""
    packaged = (ROOT / "packaging/mxseal.conf").read_bytes()
    machine.conf.write_bytes(packaged)
    machine.setup("--host", "mx.corp.example", "--dry-run")
    assert machine.conf.read_bytes() == packaged
    machine.setup("--host", "mx.corp.example")
    kept = machine.folder / "mxseal.conf.before"
    assert kept.read_bytes() == packaged
    text = machine.conf.read_bytes()
    for more in ((), ("--host", "mx.corp.example", "--yes"), ("--for", "own", "--reports", "yes"),
                 ("--address", V4)):
        again = machine.json(*more)
        assert again["state"] == "unchanged" and again["settings"]["service.host"] == "mx.corp.example"
        assert {"name": "mx.corp.example", "type": "A", "value": V4} in again["records"]
    for other in (("--host", "other.example"), ("--for", "others"), ("--accept-terms", "yes"),
                  ("--address", "203.0.113.1"), ("--address", V4, "--address", V6)):
        done = machine.setup(*other, "--yes", check=5)
        assert "is not changed" in done.stderr and "--replace" in done.stderr
    assert machine.conf.read_bytes() == text
    machine.setup("--replace", "--host", "other.example")
    assert b"other.example" in machine.conf.read_bytes()
    assert (machine.folder / "mxseal.conf.before.1").read_bytes() == text
    machine.conf.write_bytes(b"[listen]\ntsl = *:443\n")
    done = machine.setup("--host", "mx.corp.example", check=1)
    assert "did you mean" in done.stderr and machine.conf.read_bytes() == b"[listen]\ntsl = *:443\n"


def test_service_runs(machine):
    """The file that was written serves; then a second run tells listening apart from being reached."""
    machine.setup("--host", "mx.corp.example")
    machine.conf.write_text(machine.conf.read_text() + f"[server]\nstate = {machine.folder}/state\n")
    service = Service(machine.folder, ["--config", machine.conf], {},
                      prefix=["ip", "netns", "exec", machine.space]).start()
    try:
        ports = by_check(machine.json(), "ports")
        assert sum("listens; whether it is reached from outside is not tested" in d for _, d in ports) == 4, ports
        # Set up anew beside the service that runs: its ports are its own, and it must hear of the new file.
        text = machine.conf.read_text()
        anew = machine.json("--replace", "--host", "mx.corp.example", "--for", "others", "--yes")
        assert ("pass", "port 443 is held by the mxseal that runs") in by_check(anew, "https")
        assert anew["settings"]["listen.tls"] == "*:443" and anew["settings"]["listen.smtp"] == "*:25"
        assert anew["settings"]["listen.dns"].startswith(V4), "free, since there was no zone before"
        assert "sudo systemctl restart mxseal" in anew["next"]
        machine.conf.write_text(text)
    finally:
        service.stop()


def test_at_a_terminal(machine):
    """Four questions and one yes; the guesses stand beside them."""
    code, shown = machine.at_terminal(answers=["others", "mx.corp.example", "", "yes", "yes"])
    assert code == 0 and shown.count("?") == 5, shown
    for words in ("1. Only your own domains", "2. What is the public name", "[sts.corp.example]", "4. Shall certificates",
                  "letsencrypt.org", f"Write this to {machine.conf}?", "is written"):
        assert words in shown
    text = machine.conf.read_text()
    assert "zone = sts.corp.example\n" in text and "accept_terms = yes\n" in text
    accepted(machine)


def test_who_is_told(machine):
    """One address for the authority and for alerts, another one for alerts, none: the last is said."""
    told = lambda *args: (a := machine.json("--host", "mx.corp.example", "--dry-run", *args)) and (
        a["settings"].get("alert.to"), a["settings"].get("acme.email"), by_check(a, "alerts"))
    root, boss = "root@corp.example", "boss@else.example"
    own = [("warn", "port 25 of this machine takes reports only, and no mail for others")]
    assert told("--email", root) == (root, None, own), "also when nothing is ordered"
    assert told("--email", root, "--accept-terms", "yes") == (root, root, own)
    assert told("--email", root, "--accept-terms", "yes", "--alert-to", boss) == (boss, root, own)
    assert told("--alert-to", boss, "--reports", "no") == (boss, None, []), "a mail server may be there"
    assert told() == (None, None, [("warn", "nobody is told of what needs a person")])
    # By an answer to the fourth question, which is a yes; the same again is no conflict.
    code, shown = machine.at_terminal(answers=["", "mx.corp.example", "", root, "yes"])
    assert code == 0 and shown.count("?") == 5, shown
    text = machine.conf.read_text()
    assert f"[alert]\nto = {root}\n" in text and f"accept_terms = yes\nemail = {root}\n" in text
    accepted(machine)
    assert machine.json("--email", root, "--alert-to", root)["state"] == "unchanged"
    assert "is not changed" in machine.setup("--alert-to", boss, check=5).stderr


def test_no_at_a_terminal(machine):
    code, shown = machine.at_terminal("--for", "own", "--host", "mx.corp.example", answers=["no", "", "no"])
    assert code == 1 and "not written" in shown and "report.host" not in shown and not machine.conf.exists()
    assert "accept_terms" not in shown, "no is what an empty line says to terms"


@pytest.mark.parametrize("args, words", [
    (("--host", "localhost"), "no full name"),
    (("--host", "a b.example"), "no full name"),
    (("--host", "mx.a.example", "--zone", "-.example", "--for", "others"), "no full name"),
    (("--host", "mx.a.example", "--for", "everybody"), "--for"),
    (("--host", "mx.a.example", "--report-host", "x"), "no full name"),
])
def test_usage(machine, args, words):
    done = machine.setup(*args, check=2)
    assert words in done.stderr and not machine.conf.exists()


def test_wrong_values(machine):
    """What only the configuration's own reader knows: refused before anything is written."""
    for more in (("--email", "nobody", "--accept-terms", "yes"), ("--report-host", "mx.corp.example"),
                 ("--address", "1.2.3")):
        done = machine.setup("--host", "mx.corp.example", *more, check=1)
        assert "fix:" in done.stderr and not machine.conf.exists()
