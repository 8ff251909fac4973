"""What a publication needs around it: a zone of customers on knot, and port 443 for policies."""
import contextlib
import os
import shutil
import socket
import subprocess

import pytest

from conftest import DEADLINE, eventually

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
NEEDED = ("knotd", "knotc", "kdig", "knsupdate")


def loopback(*ports):
    """An address of loopback whose ports are ours, as others need them; None: they may not be bound."""
    pid = os.getpid()
    for last in range(1, 250):
        address = f"127.{pid >> 8 & 127 | 128}.{pid & 255}.{last}"
        with contextlib.suppress(OSError), contextlib.ExitStack() as held:
            for port in ports:
                held.enter_context(socket.socket()).bind((address, port))
            return address
    return None


CONFIG = """
[server]
state = {state}
[listen]
tls = %(address)s:443
http = off
dns = 127.0.0.1:{dns} %(address)s:53
admin = 127.0.0.1:{admin}
[service]
host = mx.service.example
zone = sts.service.example
addresses = %(address)s
[outgoing]
allow = 127.0.0.0/8
ca_file = %(roots)s
[resolver]
stub = example=%(zone)s sts.service.example=127.0.0.1:{dns}
trust_anchor = off
"""

KNOT = """
server:
    rundir: {dir}
    listen: {address}@53
database:
    storage: {dir}
log:
  - target: {dir}/knot.log
    any: info
{key}
acl:
  - id: update
    address: 127.0.0.1
    action: [update, query]
    {with_key}
zone:
  - domain: example
    storage: {dir}
    file: example.zone
    zonefile-sync: -1
    journal-content: changes
    acl: update
"""
ZONE = """
example. 1 SOA ns.example. hostmaster.example. 1 60 60 3600 1
example. 60 NS ns.example.
ns.example. 60 A {address}
"""


class Knot:
    """knotd with the zone of all customers, `example`, whose records tests change by update."""

    def __init__(self, folder, key=None):
        self.folder, self.address, self.key = folder, loopback(53), key
        folder.mkdir()
        text = f"key:\n  - id: {key[0]}\n    algorithm: hmac-sha256\n    secret: {key[1]}\n" if key else ""
        (folder / "knot.conf").write_text(KNOT.format(
            dir=folder, address=self.address, key=text, with_key=f"key: {key[0]}" if key else ""))
        (folder / "example.zone").write_text(ZONE.format(address=self.address))
        self.process = subprocess.Popen(
            [shutil.which("knotd", path=PATH), "-c", str(folder / "knot.conf")],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(lambda: self.ask("example", "SOA"))

    def stop(self):
        self.process.terminate()
        self.process.wait(DEADLINE)

    def ask(self, name, kind):
        done = subprocess.run(["kdig", "+short", "+timeout=1", "+retry=0", "@" + self.address,
                               name, kind], capture_output=True, text=True)
        return done.stdout.splitlines() if done.returncode == 0 else []

    def update(self, *lines):
        key = [f"key hmac-sha256:{self.key[0]} {self.key[1]}"] if self.key else []
        text = "\n".join([f"server {self.address} 53", "zone example", *key, *lines, "send", ""])
        done = subprocess.run(["knsupdate"], input=text, capture_output=True, text=True)
        assert done.returncode == 0 and "rror" not in done.stdout + done.stderr, (text, done)


def unread(address, port):
    """Bytes that lie unread at a UDP port of an address."""
    want = "".join(f"{int(part):02X}" for part in reversed(address.split("."))) + f":{port:04X}"
    with open("/proc/net/udp") as table:
        return sum(int(line.split()[4].split(":")[1], 16) for line in table if line.split()[1] == want)


needs_internet = pytest.mark.skipif(
    not all(shutil.which(tool, path=PATH) for tool in NEEDED) or loopback(53, 443) is None,
    reason="needs ports 53 and 443 of a loopback address and " + ", ".join(NEEDED))


def product(make_product, zone, roots, extra="", text=CONFIG):
    """The product on port 443 of an address of loopback, which finds the customers' zone."""
    address = loopback(53, 443)
    service = make_product(extra, text=text % {"address": address, "zone": zone.address, "roots": roots})
    service.address = address
    return service


def steps(service, domain):
    return {s["step"]: s for s in service.json("policy", "show", domain)["steps"]}


def wait_announced(service, domain):
    eventually(lambda: service.json("policy", "show", domain)["state"] == "announced")


def delegate(zone, service, domain):
    """What a customer does with what `records` prints."""
    for r in service.json("records", domain)["records"]:
        zone.update(f"add {r['name']}. 60 CNAME {r['value'].rstrip('.')}.")


class Bind(Knot):
    """named with the zone of all customers, `example`, and its dynamic updates."""
    CONFIG = """
options {{ directory "{dir}"; pid-file none; recursion no; dnssec-validation no;
 listen-on port 53 {{ {address}; }}; listen-on-v6 {{ none; }}; session-keyfile none; }};
controls {{ }};
{key}
zone "example" {{ type primary; file "{dir}/example.zone"; allow-update {{ {who}; }}; }};
"""

    def __init__(self, folder, key=None):
        self.folder, self.address, self.key = folder, loopback(53), key
        folder.mkdir()
        # It listens on addresses that an interface has.
        subprocess.run(["ip", "addr", "add", self.address + "/32", "dev", "lo"], check=True)
        text = f'key "{key[0]}" {{ algorithm hmac-sha256; secret "{key[1]}"; }};' if key else ""
        (folder / "named.conf").write_text(self.CONFIG.format(
            dir=folder, address=self.address, key=text, who=f'key "{key[0]}"' if key else "127.0.0.1"))
        (folder / "example.zone").write_text(ZONE.format(address=self.address))
        self.process = subprocess.Popen(
            [shutil.which("named", path=PATH), "-f", "-c", str(folder / "named.conf")],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(lambda: self.ask("example", "SOA"))

    def stop(self):
        super().stop()
        subprocess.run(["ip", "addr", "del", self.address + "/32", "dev", "lo"], check=True)
