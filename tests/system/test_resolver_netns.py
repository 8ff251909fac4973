"""A real MTA-STS client in a network namespace reads the hosted policy on port 443.

Inside: mxseal as the product on 192.0.2.10, knot for the customer's zone on 192.0.2.53, a local
unbound, and Debian's postfix-mta-sts-resolver, asked over its socketmap.
"""
import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import uuid

import pytest

from conftest import Authority, Service, eventually

NEEDED = ("ip", "knotd", "unbound", "mta-sts-daemon", "kdig")
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not all(shutil.which(tool, path="/usr/sbin:/usr/bin") for tool in NEEDED),
    reason="needs root and " + ", ".join(NEEDED))

ZONE = """$ORIGIN customer.example.
$TTL 60
@ SOA ns.customer.example. hostmaster.customer.example. {serial} 3600 600 86400 60
@ NS ns
ns A 192.0.2.53
@ MX 10 mx1
@ MX 20 backup.filter.example.
mx1 A 192.0.2.25
_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@customer.example"
{records}
"""

KNOT = """
server:
    rundir: {dir}
    listen: 192.0.2.53@53
database:
    storage: {dir}
zone:
  - domain: customer.example
    file: {dir}/customer.zone
    journal-content: none
"""

UNBOUND = """
server:
    directory: "{dir}"
    chroot: ""
    username: ""
    pidfile: "{dir}/unbound.pid"
    interface: 127.0.0.1
    port: 53
    use-syslog: no
    do-not-query-localhost: no
    module-config: "iterator"
    local-zone: "example." nodefault
    cache-max-negative-ttl: 1
stub-zone:
    name: "customer.example"
    stub-addr: 192.0.2.53
remote-control:
    control-enable: no
"""

DAEMON = """
host: 127.0.0.1
port: 8461
shutdown_timeout: 1
cache:
  type: internal
  options:
    cache_size: 100
proactive_policy_fetching:
  enabled: false
default_zone:
  strict_testing: false
  timeout: 10
"""

MXSEAL = """
[server]
state = {dir}/state
[listen]
tls = 192.0.2.10:443
http = 192.0.2.10:80
admin = 127.0.0.1:8000
[service]
host = mx.service.example
addresses = 192.0.2.10
[report]
host = reports.service.example
[resolver]
forward = 127.0.0.1
trust_anchor = off
[outgoing]
allow = 127.0.0.0/8 192.0.2.0/24
"""


class Namespace:
    """A network namespace with two addresses, its own resolv.conf, and programs in it."""

    def __init__(self, folder):
        self.name = "mxseal-" + uuid.uuid4().hex[:8]
        self.folder = folder
        self.etc = pathlib.Path("/etc/netns") / self.name
        self.programs = []

    def __enter__(self):
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        self.etc.mkdir(parents=True)
        (self.etc / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:2\n")
        try:
            for words in ("link set lo up", "addr add 192.0.2.10/32 dev lo", "addr add 192.0.2.53/32 dev lo"):
                subprocess.run(["ip", "-n", self.name, *words.split()], check=True)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc):
        for program in reversed(self.programs):
            program.terminate()
        for program in self.programs:
            program.wait(20)
        subprocess.run(["ip", "netns", "del", self.name], check=True)
        shutil.rmtree(self.etc)

    def command(self, *words):
        return ["ip", "netns", "exec", self.name, *map(str, words)]

    def start(self, *words, env=None):
        log = open(self.folder / (pathlib.Path(str(words[0])).name + ".log"), "ab")
        self.programs.append(subprocess.Popen(self.command(*words), stdout=log, stderr=log,
                                              env=dict(os.environ, **(env or {}))))

    def ask(self, name, kind, server="127.0.0.1"):
        done = subprocess.run(self.command("kdig", "+short", "+timeout=1", "+retry=0", "@" + server, name,
                                           kind), capture_output=True, text=True)
        return done.stdout.split("\n")[0] if done.returncode == 0 else ""


class Inside(Service):
    """The service and its command line, run in the namespace."""

    def __init__(self, space, folder):
        super().__init__(folder, ["--config", folder / "mxseal.conf"], {}, prefix=space.command())
        (folder / "mxseal.conf").write_text(MXSEAL.format(dir=folder))


def socketmap(space, domain):
    """One look-up as Postfix makes it; runs inside by a small client."""
    client = ("import socket,sys\n"
              "s=socket.create_connection(('127.0.0.1',8461),5)\n"
              f"q=b'postfix {domain}'\n"
              "s.sendall(b'%d:%s,'%(len(q),q))\n"
              "print(s.recv(4096).decode())\n")
    done = subprocess.run(space.command("/usr/bin/python3", "-c", client), capture_output=True, text=True)
    return done.stdout.strip().partition(":")[2].rstrip(",")


@pytest.fixture
def world(tmp_path):
    authority = Authority(tmp_path)
    with Namespace(tmp_path) as space:
        service = Inside(space, tmp_path)
        (tmp_path / "unbound.conf").write_text(UNBOUND.format(dir=tmp_path))
        (tmp_path / "knot.conf").write_text(KNOT.format(dir=tmp_path))
        (tmp_path / "customer.zone").write_text(ZONE.format(serial=1, records=""))
        (tmp_path / "daemon.yml").write_text(DAEMON)
        space.start("knotd", "-c", tmp_path / "knot.conf")
        space.start("unbound", "-d", "-c", tmp_path / "unbound.conf")
        eventually(lambda: space.ask("customer.example", "MX"))
        service.start()
        try:
            yield space, service, authority, tmp_path
        finally:
            service.stop()


def publish(space, service, folder, serial):
    """Types what `mxseal records` prints into the customer's zone, as its admin would."""
    zone = service.run("records", "customer.example", "--format", "zone", check=0).stdout
    lines = [line for line in zone.splitlines() if "_smtp._tls" not in line]
    (folder / "customer.zone").write_text(ZONE.format(serial=serial, records="\n".join(lines)))
    subprocess.run(space.command("knotc", "-c", folder / "knot.conf", "zone-reload", "customer.example"),
                   check=True, capture_output=True)
    policy_id = service.json("policy", "show", "customer.example")["id"]
    eventually(lambda: policy_id in space.ask("_mta-sts.customer.example", "TXT", "192.0.2.53"))


def test_postfix_mta_sts_resolver_gets_secure(world):
    """STS-01 STS-20 STS-40 STS-44: the client of Debian's Postfix users takes the policy as it is."""
    space, service, authority, folder = world
    added = service.json("domain", "add", "customer.example", "--way", "txt")
    assert added["mx_checked"] is True
    assert set(added["policy"]["mx"]) == {"mx1.customer.example", "backup.filter.example"}
    refused = service.run("policy", "set", "customer.example", "--mode", "enforce", check=6)
    assert "\nfix: " in refused.stderr
    service.run("cert", "import", authority.issue("mta-sts.customer.example"), check=0)
    changed = service.json("policy", "set", "customer.example", "--mode", "enforce", "--anyway", "a test",
                           "--mx", "mx1.customer.example", "--mx", "*.filter.example")
    assert changed["unmatched_mx"] == []
    publish(space, service, folder, 2)
    space.start("mta-sts-daemon", "-c", folder / "daemon.yml", env={"SSL_CERT_FILE": str(authority.cert)})
    eventually(lambda: socketmap(space, "nothing.customer.example"))
    answer = eventually(lambda: socketmap(space, "customer.example"))
    words = answer.split()
    assert words[:2] == ["OK", "secure"], answer
    match = next(word for word in words if word.startswith("match="))
    assert set(match[6:].split(":")) == {"mx1.customer.example", ".filter.example"}


def test_live_mx_against_the_policy(world):
    """STS-97: a live MX host that no pattern matches and a pattern that matches none are named."""
    _, service, _, _ = world
    service.run("domain", "add", "customer.example", "--way", "txt", check=0)
    changed = service.json("policy", "set", "customer.example", "--mx", "*.customer.example",
                           "--mx", "old.example")
    assert "backup.filter.example" in str(changed["unmatched_mx"])
    assert "old.example" in str(changed["unused_patterns"])
    with contextlib.suppress(OSError):
        socket.create_connection(("192.0.2.10", 443), timeout=0.2).close()
        raise AssertionError("the namespace leaks")
