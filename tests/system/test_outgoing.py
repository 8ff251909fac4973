"""Where connections to the outside may go: names of strangers lead to addresses that are refused.

In a network namespace with an Internet of its own (addresses that the rules take for global ones)
knot answers as the root and for strangers' zones.  Every packet is watched on the wire: to a
private, mapped, NAT64, 6to4 or own address none may be sent, whoever names it.
"""
import os
import shutil
import subprocess

import pytest

from conftest import Service, eventually
from namespace import Namespace

NEEDED = ("ip", "knotd", "knotc", "kdig")
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not all(shutil.which(tool, path="/usr/sbin:/usr/bin") for tool in NEEDED),
    reason="needs root and " + ", ".join(NEEDED))

ROOT, GLOBAL, SECOND, WEB = "9.9.9.9", "45.0.0.53", "2a00:45::53", "45.0.0.80"
# Each stands for a network that nobody may be sent to.
FORBIDDEN = {
    "private": "10.0.0.53", "carrier": "100.64.0.53", "link": "169.254.0.53", "private2": "172.16.0.53",
    "private3": "192.168.0.53", "bench": "198.18.0.53", "loop": "127.0.0.53", "multicast": "224.0.0.53",
    "loop6": "::1", "ula": "fd00::53", "mapped": "::ffff:10.0.0.53", "nat64": "64:ff9b::a00:35",
    "nat64loop": "64:ff9b::7f00:1", "sixtofour": "2002:a00:35::1", "doc6": "2001:db8::53",
}

KNOT = """
server:
    rundir: {dir}
    listen: [ 9.9.9.9@53, 45.0.0.53@53, 2a00:45::53@53 ]
database:
    storage: {dir}
zone:
  - domain: .
    file: {dir}/root.zone
  - domain: good.example
    file: {dir}/good.zone
  - domain: stranger.example
    file: {dir}/stranger.zone
"""

MXSEAL = """
[server]
state = {dir}/state
[listen]
tls = 45.0.0.10:443
http = 45.0.0.10:80
admin = 127.0.0.1:8000
[service]
host = mx.service.example
addresses = 45.0.0.10
[resolver]
stub = .=9.9.9.9
trust_anchor = off
"""


def kind(address):
    return "AAAA" if ":" in address else "A"


WATCH = """
import socket, struct, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
s.bind(("lo", 0))
print("ready", 0, flush=True)
while True:
    packet, where = s.recvfrom(65536)
    if where[1] == 0x0800:
        at = (packet[0] & 15) * 4
        print(socket.inet_ntop(socket.AF_INET, packet[16:20]), struct.unpack("!H", packet[at + 2:at + 4])[0], flush=True)
    elif where[1] == 0x86dd:
        print(socket.inet_ntop(socket.AF_INET6, packet[24:40]), struct.unpack("!H", packet[42:44])[0], flush=True)
"""


class Wire:
    """Every packet on the loopback interface of the namespace, as (destination, port)."""

    def __init__(self, space, folder):
        self.path = folder / "wire"
        with open(self.path, "w") as out:
            self.process = subprocess.Popen(space.command("/usr/bin/python3", "-c", WATCH), stdout=out)
        eventually(lambda: self.seen)

    @property
    def seen(self):
        lines = (line.split() for line in self.path.read_text().splitlines())
        return {(words[0], int(words[1])) for words in lines if len(words) == 2}

    def end(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("outgoing")
    soa = "@ 60 SOA ns.good.example. h.good.example. 1 3600 600 86400 30\n"
    root = "$ORIGIN .\n" + soa + f"@ 60 NS a.root.\na.root. 60 A {ROOT}\n" \
           f"good.example. 60 NS ns.good.example.\nns.good.example. 60 A {GLOBAL}\nns.good.example. 60 AAAA {SECOND}\n" \
           f"stranger.example. 60 NS ns.good.example.\n"
    for name, address in FORBIDDEN.items():
        root += f"{name}.example. 60 NS ns.{name}.example.\nns.{name}.example. 60 {kind(address)} {address}\n"
    (folder / "root.zone").write_text(root)
    (folder / "good.zone").write_text(
        "$ORIGIN good.example.\n" + soa + f"@ 60 NS ns\nns 60 A {GLOBAL}\nns 60 AAAA {SECOND}\n@ 60 MX 10 mx\n"
        "mx 60 A 45.0.0.25\n")
    stranger = "$ORIGIN stranger.example.\n" + soa + "@ 60 NS ns.good.example.\n@ 60 MX 10 mx.good.example.\n"
    for name, address in FORBIDDEN.items():
        stranger += f"mta-sts.{name} 60 {kind(address)} {address}\n{name} 60 MX 10 mx.good.example.\n" \
                    f'_mta-sts.{name} 60 TXT "v=STSv1; id=1;"\n'
    stranger += 'mta-sts.own 60 A 45.0.0.10\nown 60 MX 10 mx.good.example.\n_mta-sts.own 60 TXT "v=STSv1; id=1;"\n'
    for name, addresses in (("rebind", [WEB]), ("mixed", ["10.0.0.53", WEB, "127.0.0.53"])):
        stranger += f'{name} 60 MX 10 mx.good.example.\n_mta-sts.{name} 60 TXT "v=STSv1; id=1;"\n'
        stranger += "".join(f"mta-sts.{name} 0 A {address}\n" for address in addresses)
    (folder / "stranger.zone").write_text(stranger)
    (folder / "knot.conf").write_text(KNOT.format(dir=folder))
    (folder / "mxseal.conf").write_text(MXSEAL.format(dir=folder))
    with Namespace(folder) as space:
        ours = [ROOT, GLOBAL, SECOND, WEB, "45.0.0.10", *FORBIDDEN.values()]
        for address in ours:
            if address not in ("::1", "127.0.0.53", "224.0.0.53") and not address.startswith("::ffff:"):
                length = 128 if ":" in address else 32
                subprocess.run(["ip", "-n", space.name, "addr", "add", f"{address}/{length}", "dev", "lo",
                                *(["nodad"] if length == 128 else [])], check=True)
        subprocess.run(["ip", "-n", space.name, "route", "add", "default", "dev", "lo"], check=True)
        subprocess.run(["ip", "-n", space.name, "-6", "route", "add", "default", "dev", "lo"], check=True)
        space.start("knotd", "-c", folder / "knot.conf")
        eventually(lambda: space.ask("good.example", "SOA", GLOBAL))
        service = Service(folder, ["--config", folder / "mxseal.conf"], {}, prefix=space.command())
        service.start()
        wire = Wire(space, folder)
        try:
            yield service, wire, space
        finally:
            wire.end()
            service.stop()


def packets_to(wire, address):
    """DNS questions and HTTPS connections that went there."""
    plain = address.removeprefix("::ffff:")
    return {(to, port) for to, port in wire.seen if to == plain and port in (53, 443)}


def test_the_resolver_asks_no_server_that_is_not_global(world):
    """Delegations of strangers that lead to private or wrapped addresses are not followed."""
    service, wire, _ = world
    added = service.json("domain", "add", "good.example", "--way", "txt")
    assert added["mx_checked"] is True
    assert (ROOT, 53) in wire.seen
    for name, address in FORBIDDEN.items():
        done = service.run("domain", "add", f"{name}.example", "--way", "txt")
        assert done.returncode == 3 and "\nfix: " in done.stderr, (name, done.stderr)
        assert not packets_to(wire, address), (name, wire.seen)


def test_name_servers_that_are_not_global_are_not_asked_directly(world):
    """The same for the questions that are put to authoritative servers themselves."""
    service, wire, _ = world
    assert service.json("records", "good.example")["zone"] == "good.example"
    assert {(GLOBAL, 53), (SECOND, 53)} <= wire.seen
    for name, address in FORBIDDEN.items():
        service.run("domain", "add", f"{name}.example", "--way", "txt", "--mx", "mx.good.example", check=0)
        answer = service.json("records", f"{name}.example")
        assert all(r["state"] in ("not-checked", "pending") for r in answer["records"]), answer
        assert not packets_to(wire, address), (name, wire.seen)


def test_a_policy_host_that_is_not_global_is_not_fetched(world):
    """A policy that is to be taken over is fetched from where a sender would, and nowhere inside."""
    service, wire, _ = world
    for name, address in (*FORBIDDEN.items(), ("own", "45.0.0.10")):
        service.run("domain", "add", f"{name}.stranger.example", "--way", "txt", check=0)
        assert not packets_to(wire, address), (name, wire.seen)


def test_a_name_that_changes_its_mind_gains_nothing(world):
    """Rebinding: what is dialled is the address that was looked at, each time anew."""
    service, wire, space = world
    add = lambda: service.run("domain", "add", "rebind.stranger.example", "--way", "txt", "--dry-run", check=0)
    add()
    assert (WEB, 443) in wire.seen
    zone = service.folder / "stranger.zone"
    text = zone.read_text().replace(f"mta-sts.rebind 0 A {WEB}", "mta-sts.rebind 0 A 10.0.0.53")
    zone.write_text(text.replace("h.good.example. 1 3600", "h.good.example. 2 3600"))
    subprocess.run(space.command("knotc", "-c", service.folder / "knot.conf", "zone-reload", "stranger.example"),
                   check=True, capture_output=True)
    eventually(lambda: space.ask("mta-sts.rebind.stranger.example", "A", GLOBAL) == "10.0.0.53")
    add()
    assert not packets_to(wire, "10.0.0.53"), wire.seen


def test_only_the_global_addresses_of_a_name_are_dialled(world):
    """A name with addresses of both kinds is reached at those that may be dialled."""
    service, wire, _ = world
    service.run("domain", "add", "mixed.stranger.example", "--way", "txt", "--dry-run", check=0)
    assert (WEB, 443) in wire.seen
    assert not packets_to(wire, "10.0.0.53") and not packets_to(wire, "127.0.0.53"), wire.seen
