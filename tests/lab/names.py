"""Name servers and resolvers of the lab: knot, nsd, unbound, and one that flattens CNAMEs."""
import pathlib
import shutil
import signal
import sys

from program import eventually
from spaces import Software

PROGRAMS = pathlib.Path(__file__).resolve().parent / "programs"

ZONE = """$ORIGIN {origin}
$TTL 30
@ SOA {ns} hostmaster {serial} 3600 600 86400 1
@ NS {ns}
"""

KNOT = """
server:
    rundir: {dir}
    listen: {address}@53
database:
    storage: {dir}
log:
  - target: stdout
    any: info
policy:
  - id: sign
    single-type-signing: on
    manual: on
zone:
"""
KNOT_ZONE = """
  - domain: {zone}
    file: {dir}/zones/{zone}.zone
    zonefile-load: difference-no-serial
    zonefile-sync: -1
    journal-content: all
"""
KNOT_SIGNED = "    dnssec-signing: on\n    dnssec-policy: sign\n"

NSD = """
server:
    ip-address: {address}
    username: ""
    chroot: ""
    database: ""
    pidfile: {dir}/nsd.pid
    zonesdir: {dir}/zones
    xfrdfile: {dir}/xfrd.state
    zonelistfile: {dir}/zone.list
    xfrdir: {dir}
    server-count: 1
    rrl-ratelimit: 0
remote-control:
    control-enable: no
"""

UNBOUND = """
server:
    directory: "{dir}"
    chroot: ""
    username: ""
    pidfile: "{dir}/unbound.pid"
    interface: {address}
    interface: 127.0.0.1
    access-control: 0.0.0.0/0 allow
    do-not-query-localhost: no
    do-ip6: no
    use-syslog: no
    root-hints: "{dir}/root.hints"
    trust-anchor-file: "{anchor}"
    module-config: "validator iterator"
    val-log-level: 2
    log-servfail: yes
{more}
remote-control:
    control-enable: yes
    control-interface: {dir}/control.sock
    control-use-cert: no
"""

SECOND = """
server:
    rundir: {dir}
    listen: {address}@53
database:
    storage: {dir}
log:
  - target: stdout
    any: info
key:
  - id: transfer.provider.example
    algorithm: hmac-sha256
    secret: {secret}
remote:
  - id: primary
    address: {primary}@53
    key: transfer.provider.example
acl:
  - id: notify
    address: {primary}
    key: transfer.provider.example
    action: notify
zone:
  - domain: {zone}
    storage: {dir}
    zonefile-sync: -1
    zonefile-load: none
    journal-content: all
    master: primary
    acl: notify
"""

# How the server of a place is called in NS records.
SERVER_NAMES = {"root": "root-server.", "tld": "ns.nic.example.", "knot": "knot.hosting.example.",
                "nsd": "nsd.hosting.example."}


class Zone:
    """One zone: what it began with, what was pasted since, and how its server hears of it."""

    def __init__(self, server, host, name):
        self.server, self.host, self.name = server, host, name
        self.records, self.pasted, self.serial = "", "", 1
        self.file = host.folder / "zones" / f"{name}.zone"

    def text(self):
        origin = self.name if self.name == "." else self.name + "."
        head = ZONE.format(origin=origin, ns=SERVER_NAMES[self.host.name], serial=self.serial)
        lines = [line.strip() for line in (self.records + "\n" + self.pasted).splitlines()]
        return head + "\n".join(line for line in lines if line) + "\n"

    def write(self):
        self.serial += 1
        self.host.file(self.file, self.text())

    def paste(self, text):
        """Replaces what was pasted before; the server answers it when this returns."""
        self.pasted = text
        self.write()
        self.server.reload(self)


class Knot(Software):
    """knotd with some zones; it signs those that the map says."""

    def __init__(self, *zones):
        self.names = zones

    def prepare(self, lab, host):
        self.host = host
        config = KNOT.format(dir=host.folder, address=host.address)
        for name in self.names:
            lab.zones[name] = Zone(self, host, name)
            config += KNOT_ZONE.format(zone=name, dir=host.folder)
            config += KNOT_SIGNED if name in lab.map.SIGNED else ""
        self.config = host.file("knot.conf", config)
        for name in set(self.names) & set(lab.map.SIGNED):
            lab.here("keymgr", "-c", self.config, name, "generate", "algorithm=13", "ksk=yes", "zsk=yes")
            lab.ds[name] = [line for line in lab.here("keymgr", "-c", self.config, name, "ds").splitlines()
                            if " 13 2 " in line]

    def start(self, lab, host):
        for name in self.names:
            lab.zones[name].write()
        host.start("knotd", "knotd", "-c", self.config)

    def ready(self, lab, host):
        lab.until(lambda: all(host.ask(name, "SOA", host.address) for name in self.names))

    def reload(self, zone):
        self.host.run("knotc", "-c", self.config, "-b", "zone-reload", zone.name)


class Nsd(Software):
    """nsd with some zones.  Those that are flattened come from another program."""

    def __init__(self, *zones, flattened=()):
        self.names, self.flattened = zones, flattened

    def prepare(self, lab, host):
        self.host = host
        config = NSD.format(dir=host.folder, address=host.address)
        for name in (*self.names, *self.flattened):
            lab.zones[name] = Zone(self, host, name)
            config += f"zone:\n    name: {name}\n    zonefile: {name}.zone\n"
        for name in self.flattened:
            lab.zones[name].file = host.folder / f"{name}.source"
        self.config = host.file("nsd.conf", config)

    def start(self, lab, host):
        for name in (*self.names, *self.flattened):
            lab.zones[name].write()
        for name in self.flattened:
            shutil.copy(lab.zones[name].file, host.folder / f"zones/{name}.zone")
        self.program = host.start("nsd", "nsd", "-d", "-c", self.config)
        for name in self.flattened:
            host.start("flatten", sys.executable, PROGRAMS / "flatten.py", lab.zones[name].file,
                       host.folder / f"zones/{name}.zone", host.folder / "nsd.pid",
                       lab.map.PLACES["mxseal"][0])

    def ready(self, lab, host):
        lab.until(lambda: all(host.ask(name, "SOA", host.address) for name in self.names))

    def reload(self, zone):
        """Told again until it answers the zone: nsd overhears a signal while it reloads.  What is flattened
        comes later, by the other program."""
        def answers():
            if zone.name in self.flattened:
                return True
            self.program.send_signal(signal.SIGHUP)
            soa = self.host.ask(zone.name, "SOA", self.host.address)
            return soa and soa[0].split()[2] == str(zone.serial)

        eventually(answers, pause=0.3)


class Resolver(Software):
    """unbound, validating from the lab's root.  keeps: the seconds it keeps an answer at most."""

    def __init__(self, keeps=None):
        self.keeps = keeps

    def prepare(self, lab, host):
        more = "" if self.keeps is None else (f"    cache-max-ttl: {self.keeps}\n"
                                              f"    cache-max-negative-ttl: {self.keeps}\n")
        host.file("root.hints", f". 3600000 NS root-server.\nroot-server. 3600000 A {lab.map.PLACES['root'][0]}\n")
        self.config = host.file("unbound.conf", UNBOUND.format(dir=host.folder, address=host.address,
                                                               anchor=lab.anchor, more=more))

    def start(self, lab, host):
        host.start("unbound", "unbound", "-d", "-c", self.config)

    def ready(self, lab, host):
        lab.until(lambda: host.ask("good.mail.example", "A", host.address))

    def forget(self, host, name):
        """Forgets everything below a name."""
        host.run("unbound-control", "-c", self.config, "flush_zone", name)


class Second(Software):
    """knotd as a secondary of the service zone."""

    def __init__(self, zone, primary):
        self.zone, self.primary = zone, primary

    def prepare(self, lab, host):
        self.config = host.file("knot.conf", SECOND.format(dir=host.folder, address=host.address, zone=self.zone,
                                                           primary=self.primary, secret=lab.transfer_secret))

    def start(self, lab, host):
        host.start("knotd", "knotd", "-c", self.config)

    def ready(self, lab, host):
        lab.until(lambda: host.ask(self.zone, "SOA", host.address))
